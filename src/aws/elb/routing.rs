//! Load balancers, listeners and rules of the SDK in our words.

use aws_sdk_elasticloadbalancingv2::types;

use crate::aws::scalars::{count, port, spelled};
use crate::model::arn::{ListenerArn, ListenerRuleArn, LoadBalancerArn, TargetGroupArn};
use crate::model::known::Known;
use crate::model::load_balancing::{Listener, ListenerRule, LoadBalancer, LoadBalancerKind, RuleAction};

pub(super) fn load_balancer(balancer: types::LoadBalancer) -> LoadBalancer {
    let arn = LoadBalancerArn::new(balancer.load_balancer_arn.unwrap_or_default());
    LoadBalancer {
        name: balancer.load_balancer_name.unwrap_or_else(|| arn.balancer_name().to_owned()),
        arn,
        dns_name: balancer.dns_name,
        kind: match balancer.r#type {
            Some(types::LoadBalancerTypeEnum::Application) => LoadBalancerKind::Application,
            Some(types::LoadBalancerTypeEnum::Network) => LoadBalancerKind::Network,
            other => LoadBalancerKind::Other(spelled(other.as_ref()).unwrap_or_default()),
        },
        scheme: spelled(balancer.scheme.as_ref()),
        state: balancer.state.and_then(|state| spelled(state.code.as_ref())),
        vpc: balancer.vpc_id,
        security_groups: balancer.security_groups.unwrap_or_default(),
        zones: balancer
            .availability_zones
            .unwrap_or_default()
            .into_iter()
            .map(|zone| (zone.zone_name.unwrap_or_default(), zone.subnet_id))
            .collect(),
        address_type: spelled(balancer.ip_address_type.as_ref()),
    }
}

pub(super) fn listener(listener: types::Listener, arn: ListenerArn, rules: Known<Vec<ListenerRule>>) -> Listener {
    Listener {
        arn,
        port: port(listener.port),
        protocol: spelled(listener.protocol.as_ref()),
        default_actions: listener.default_actions.unwrap_or_default().into_iter().map(action).collect(),
        rules,
    }
}

pub(super) fn rule(rule: types::Rule) -> ListenerRule {
    ListenerRule {
        arn: ListenerRuleArn::new(rule.rule_arn.unwrap_or_default()),
        priority: rule.priority.unwrap_or_default(),
        conditions: rule.conditions.unwrap_or_default().into_iter().map(condition).collect(),
        actions: rule.actions.unwrap_or_default().into_iter().map(action).collect(),
    }
}

/// A condition on one line: the field and what it may be, any of which holds.
fn condition(condition: types::RuleCondition) -> String {
    let field = condition.field.unwrap_or_default();
    let mut values = condition.values.unwrap_or_default();
    let mut name = None;
    // The old list `Values` and the newer structures say the same for host and path.
    let mut more = |given: Option<Vec<String>>| {
        for value in given.unwrap_or_default() {
            if !values.contains(&value) {
                values.push(value);
            }
        }
    };
    if let Some(host) = condition.host_header_config {
        more(host.values);
        more(host.regex_values);
    }
    if let Some(path) = condition.path_pattern_config {
        more(path.values);
        more(path.regex_values);
    }
    if let Some(header) = condition.http_header_config {
        name = header.http_header_name;
        more(header.values);
        more(header.regex_values);
    }
    if let Some(method) = condition.http_request_method_config {
        more(method.values);
    }
    if let Some(source) = condition.source_ip_config {
        more(source.values);
    }
    if let Some(query) = condition.query_string_config {
        let pairs = query.values.unwrap_or_default().into_iter().map(|pair| match pair.key {
            Some(key) => format!("{key}={}", pair.value.unwrap_or_default()),
            None => pair.value.unwrap_or_default(),
        });
        more(Some(pairs.collect()));
    }
    more(condition.regex_values);
    let values = values.join(" or ");
    match name {
        Some(name) => format!("{field} {name}: {values}"),
        None => format!("{field} {values}"),
    }
}

fn action(action: types::Action) -> RuleAction {
    match action.r#type {
        Some(types::ActionTypeEnum::Forward) => {
            let groups: Vec<_> = action
                .forward_config
                .and_then(|forward| forward.target_groups)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|tuple| Some((TargetGroupArn::new(tuple.target_group_arn?), tuple.weight.map_or(1, count))))
                .collect();
            if groups.is_empty() {
                RuleAction::Forward(
                    action.target_group_arn.into_iter().map(|arn| (TargetGroupArn::new(arn), 1)).collect(),
                )
            } else {
                RuleAction::Forward(groups)
            }
        }
        Some(types::ActionTypeEnum::Redirect) => {
            RuleAction::Redirect(action.redirect_config.map_or_else(String::new, redirect))
        }
        Some(types::ActionTypeEnum::FixedResponse) => {
            let status = action.fixed_response_config.and_then(|response| response.status_code);
            RuleAction::FixedResponse(status.unwrap_or_default())
        }
        other => RuleAction::Other(spelled(other.as_ref()).unwrap_or_default()),
    }
}

/// Where to, with the placeholders AWS uses for what stays as it was.
fn redirect(redirect: types::RedirectActionConfig) -> String {
    let part = |given: Option<String>, same: &str| given.unwrap_or_else(|| same.to_owned());
    let query = match redirect.query.as_deref() {
        None | Some("#{query}" | "") => String::new(),
        Some(query) => format!("?{query}"),
    };
    format!(
        "{}://{}:{}{}{query}",
        part(redirect.protocol, "#{protocol}"),
        part(redirect.host, "#{host}"),
        part(redirect.port, "#{port}"),
        part(redirect.path, "/#{path}"),
    )
}
