//! The reads of Application Auto Scaling.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};

use super::scaling;
use crate::aws::budget::Priority;
use crate::aws::gather::Gather;
use crate::aws::operations::{DESCRIBE_SCALABLE_TARGETS, DESCRIBE_SCALING_ACTIVITIES};
use crate::aws::read_only::ReadsOnly;
use crate::aws::shared::Shared;
use crate::model::arn::{ClusterName, ServiceArn};
use crate::model::call::CallError;
use crate::model::scaling::{ScalableTarget, Scaling, ScalingActivity};

/// Resources in one DescribeScalableTargets call, which answers with at most as many (API reference, MaxResults).
const RESOURCES: usize = 50;
/// The newest activities are enough, and AWS keeps six weeks of them.
const ACTIVITIES: i32 = 50;

pub(in crate::aws) struct Reader {
    client: aws_sdk_applicationautoscaling::Client,
    shared: Arc<Shared>,
    targets: Gather<String, ScalableTarget>,
}

impl Reader {
    pub(in crate::aws) fn new(config: &SdkConfig, shared: Arc<Shared>) -> Self {
        let config = aws_sdk_applicationautoscaling::config::Builder::from(config).interceptor(ReadsOnly).build();
        let client = aws_sdk_applicationautoscaling::Client::from_conf(config);
        Self { client, shared, targets: Gather::new(RESOURCES) }
    }

    /// Bounds and decisions are two calls, each of which may be denied. Where nobody scales there are no decisions to read,
    /// and most services are not scaled.
    pub(in crate::aws) async fn scaling(
        &self,
        cluster: &ClusterName,
        service: &ServiceArn,
        priority: Priority,
    ) -> Scaling {
        let resource = format!("service/{}/{}", cluster.as_str(), service.name());
        let target = self.target(&resource, priority).await;
        let activities =
            if matches!(target, Ok(None)) { Ok(Vec::new()) } else { self.activities(&resource, priority).await };
        Scaling { target: target.into(), activities: activities.into() }
    }

    async fn target(&self, resource: &str, priority: Priority) -> Result<Option<ScalableTarget>, CallError> {
        let fetch = |resources: Vec<String>| async move {
            let answer = self
                .shared
                .call(DESCRIBE_SCALABLE_TARGETS, priority, |wire| {
                    let request = self.client.describe_scalable_targets().service_namespace(ServiceNamespace::Ecs);
                    let request = request.scalable_dimension(ScalableDimension::EcsServiceDesiredCount);
                    request.set_resource_ids(Some(resources.clone())).customize().interceptor(wire).send()
                })
                .await?;
            let targets = answer.scalable_targets.unwrap_or_default().into_iter();
            Ok(targets.map(|target| (target.resource_id.clone(), scaling::target(target))).collect())
        };
        self.targets.read(&resource.to_owned(), fetch).await
    }

    async fn activities(&self, resource: &str, priority: Priority) -> Result<Vec<ScalingActivity>, CallError> {
        let answer = self
            .shared
            .call(DESCRIBE_SCALING_ACTIVITIES, priority, |wire| {
                let request = self.client.describe_scaling_activities().service_namespace(ServiceNamespace::Ecs);
                let request = request.scalable_dimension(ScalableDimension::EcsServiceDesiredCount);
                let request = request.resource_id(resource).include_not_scaled_activities(true);
                request.max_results(ACTIVITIES).customize().interceptor(wire).send()
            })
            .await?;
        let activities = answer.scaling_activities.unwrap_or_default().into_iter();
        let mut activities: Vec<ScalingActivity> = activities.map(scaling::activity).collect();
        activities.sort_by_key(|activity| std::cmp::Reverse(activity.started_at));
        Ok(activities)
    }
}
