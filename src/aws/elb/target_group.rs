//! Target groups and targets of the SDK in our words.

use aws_sdk_elasticloadbalancingv2::types;

use crate::aws::scalars::{count, port, spelled};
use crate::model::arn::{LoadBalancerArn, TargetGroupArn};
use crate::model::load_balancing::{HealthCheckSettings, Target, TargetGroup, TargetState};

pub(super) fn target_group(group: types::TargetGroup) -> TargetGroup {
    let arn = TargetGroupArn::new(group.target_group_arn.unwrap_or_default());
    TargetGroup {
        name: group.target_group_name.unwrap_or_else(|| arn.group_name().to_owned()),
        arn,
        target_type: spelled(group.target_type.as_ref()),
        protocol: spelled(group.protocol.as_ref()),
        protocol_version: group.protocol_version,
        port: port(group.port),
        vpc: group.vpc_id,
        health_check: HealthCheckSettings {
            protocol: spelled(group.health_check_protocol.as_ref()),
            port: group.health_check_port,
            path: group.health_check_path,
            interval_seconds: group.health_check_interval_seconds.map(count),
            timeout_seconds: group.health_check_timeout_seconds.map(count),
            healthy_threshold: group.healthy_threshold_count.map(count),
            unhealthy_threshold: group.unhealthy_threshold_count.map(count),
            matcher: group
                .matcher
                .and_then(|matcher| matcher.http_code.filter(|codes| !codes.is_empty()).or(matcher.grpc_code)),
        },
        load_balancers: group.load_balancer_arns.unwrap_or_default().into_iter().map(LoadBalancerArn::new).collect(),
        address_type: None,
    }
}

pub(super) fn target(description: types::TargetHealthDescription) -> Target {
    let target = description.target;
    let health = description.target_health;
    Target {
        id: target.as_ref().and_then(|target| target.id.clone()).unwrap_or_default(),
        port: port(target.as_ref().and_then(|target| target.port)),
        availability_zone: target.and_then(|target| target.availability_zone),
        health_check_port: description.health_check_port,
        state: state(health.as_ref().and_then(|health| health.state.as_ref())),
        reason: health.as_ref().and_then(|health| spelled(health.reason.as_ref())),
        description: health.and_then(|health| health.description),
        anomaly: None,
        anomaly_mitigated: false,
        administrative_override: None,
    }
}

fn state(state: Option<&types::TargetHealthStateEnum>) -> TargetState {
    match state.map(types::TargetHealthStateEnum::as_str) {
        Some("initial") => TargetState::Initial,
        Some("healthy") => TargetState::Healthy,
        Some("unhealthy") => TargetState::Unhealthy,
        Some("unhealthy.draining") => TargetState::UnhealthyDraining,
        Some("unused") => TargetState::Unused,
        Some("draining") => TargetState::Draining,
        Some("unavailable") => TargetState::Unavailable,
        other => TargetState::Other(other.unwrap_or_default().to_owned()),
    }
}
