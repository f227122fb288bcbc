//! The reads of ELBv2. They are the scarcest: one target group a DescribeTargetHealth, one listener a DescribeRules.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_elasticloadbalancingv2::types::DescribeTargetHealthInputIncludeEnum;
use futures_util::future::{join_all, try_join};

use super::{routing, target_group};
use crate::aws::budget::Priority;
use crate::aws::error::Failure;
use crate::aws::gather::Gather;
use crate::aws::operations::{
    DESCRIBE_LISTENERS, DESCRIBE_LOAD_BALANCERS, DESCRIBE_RULES, DESCRIBE_TARGET_GROUP_ATTRIBUTES,
    DESCRIBE_TARGET_GROUPS, DESCRIBE_TARGET_HEALTH,
};
use crate::aws::pages;
use crate::aws::read_only::ReadsOnly;
use crate::aws::shared::Shared;
use crate::model::arn::{ListenerArn, LoadBalancerArn, TargetGroupArn};
use crate::model::call::{CallError, ErrorKind};
use crate::model::known::Known;
use crate::model::load_balancing::{Listener, ListenerRule, LoadBalancer, LoadBalancerRouting, Target, TargetGroup};

pub(in crate::aws) struct Reader {
    client: aws_sdk_elasticloadbalancingv2::Client,
    shared: Arc<Shared>,
    target_groups: Gather<TargetGroupArn, TargetGroup>,
}

/// Target groups named in one DescribeTargetGroups call, far below what AWS takes.
const TARGET_GROUPS: usize = 20;

impl Reader {
    pub(in crate::aws) fn new(config: &SdkConfig, shared: Arc<Shared>) -> Self {
        let config = aws_sdk_elasticloadbalancingv2::config::Builder::from(config).interceptor(ReadsOnly).build();
        let client = aws_sdk_elasticloadbalancingv2::Client::from_conf(config);
        Self { client, shared, target_groups: Gather::of_existing(TARGET_GROUPS) }
    }

    pub(in crate::aws) async fn target_group(
        &self,
        arn: &TargetGroupArn,
        priority: Priority,
    ) -> Result<TargetGroup, CallError> {
        let fetch = |arns: Vec<TargetGroupArn>| async move {
            let answer = self
                .shared
                .call(DESCRIBE_TARGET_GROUPS, priority, |wire| {
                    let arns = arns.iter().map(|arn| arn.as_str().to_owned()).collect();
                    let request = self.client.describe_target_groups().set_target_group_arns(Some(arns));
                    request.customize().interceptor(wire).send()
                })
                .await?;
            let mut groups = answer.target_groups.unwrap_or_default().into_iter().map(target_group::target_group);
            // Only several have to be told apart by their names.
            if let [arn] = arns.as_slice() {
                return Ok(groups.next().map(|group| (arn.clone(), group)).into_iter().collect());
            }
            Ok(groups.map(|group| (group.arn.clone(), group)).collect())
        };
        self.target_groups.read(arn, fetch).await?.ok_or_else(|| {
            Failure::new(ErrorKind::NotFound, format!("AWS has no target group {}", arn.group_name()))
                .of(&DESCRIBE_TARGET_GROUPS)
        })
    }

    pub(in crate::aws) async fn target_group_attributes(
        &self,
        arn: &TargetGroupArn,
        priority: Priority,
    ) -> Result<BTreeMap<String, String>, CallError> {
        let answer = self
            .shared
            .call(DESCRIBE_TARGET_GROUP_ATTRIBUTES, priority, |wire| {
                let request = self.client.describe_target_group_attributes().target_group_arn(arn.as_str());
                request.customize().interceptor(wire).send()
            })
            .await?;
        Ok(target_group::attributes(answer.attributes.unwrap_or_default()))
    }

    pub(in crate::aws) async fn target_health(
        &self,
        arn: &TargetGroupArn,
        priority: Priority,
    ) -> Result<Vec<Target>, CallError> {
        let answer = self
            .shared
            .call(DESCRIBE_TARGET_HEALTH, priority, |wire| {
                let request = self.client.describe_target_health().target_group_arn(arn.as_str());
                let request = request.include(DescribeTargetHealthInputIncludeEnum::All);
                request.customize().interceptor(wire).send()
            })
            .await?;
        Ok(answer.target_health_descriptions.unwrap_or_default().into_iter().map(target_group::target).collect())
    }

    /// The load balancer has to be known; listeners and rules are read beside it and may be denied each on its own.
    pub(in crate::aws) async fn routing(
        &self,
        arn: &LoadBalancerArn,
        priority: Priority,
    ) -> Result<LoadBalancerRouting, CallError> {
        let listeners = async { Ok(Known::from(self.listeners(arn, priority).await)) };
        let (load_balancer, listeners) = try_join(self.load_balancer(arn, priority), listeners).await?;
        Ok(LoadBalancerRouting { load_balancer, listeners })
    }

    async fn load_balancer(&self, arn: &LoadBalancerArn, priority: Priority) -> Result<LoadBalancer, CallError> {
        let answer = self
            .shared
            .call(DESCRIBE_LOAD_BALANCERS, priority, |wire| {
                let request = self.client.describe_load_balancers().load_balancer_arns(arn.as_str());
                request.customize().interceptor(wire).send()
            })
            .await?;
        answer.load_balancers.unwrap_or_default().into_iter().next().map(routing::load_balancer).ok_or_else(|| {
            Failure::new(ErrorKind::NotFound, format!("AWS has no load balancer {}", arn.balancer_name()))
                .of(&DESCRIBE_LOAD_BALANCERS)
        })
    }

    async fn listeners(&self, arn: &LoadBalancerArn, priority: Priority) -> Result<Vec<Listener>, CallError> {
        let listeners = pages::all(&DESCRIBE_LISTENERS, |token| async move {
            let page = self
                .shared
                .call(DESCRIBE_LISTENERS, priority, |wire| {
                    let request = self.client.describe_listeners().load_balancer_arn(arn.as_str());
                    request.set_marker(token).customize().interceptor(wire).send()
                })
                .await?;
            Ok((page.listeners, page.next_marker))
        })
        .await?;
        let with_rules = listeners.into_iter().map(|listener| async move {
            let arn = ListenerArn::new(listener.listener_arn.clone().unwrap_or_default());
            let rules = Known::from(self.rules(&arn, priority).await);
            routing::listener(listener, arn, rules)
        });
        let mut listeners = join_all(with_rules).await;
        listeners.sort_by(|one, other| (one.port, &one.arn).cmp(&(other.port, &other.arn)));
        Ok(listeners)
    }

    async fn rules(&self, listener: &ListenerArn, priority: Priority) -> Result<Vec<ListenerRule>, CallError> {
        let rules = pages::all(&DESCRIBE_RULES, |token| async move {
            let page = self
                .shared
                .call(DESCRIBE_RULES, priority, |wire| {
                    let request = self.client.describe_rules().listener_arn(listener.as_str());
                    request.set_marker(token).customize().interceptor(wire).send()
                })
                .await?;
            Ok((page.rules, page.next_marker))
        })
        .await?;
        let mut rules: Vec<ListenerRule> = rules.into_iter().map(routing::rule).collect();
        // `default` is no number and comes last, as it is tried last.
        rules.sort_by_key(|rule| rule.priority.parse::<u32>().unwrap_or(u32::MAX));
        Ok(rules)
    }
}
