//! Target groups and targets of the SDK in our words.

use std::collections::BTreeMap;

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
        address_type: spelled(group.ip_address_type.as_ref()),
    }
}

/// Attributes by key.
pub(super) fn attributes(attributes: Vec<types::TargetGroupAttribute>) -> BTreeMap<String, String> {
    attributes.into_iter().filter_map(|attribute| Some((attribute.key?, attribute.value.unwrap_or_default()))).collect()
}

pub(super) fn target(description: types::TargetHealthDescription) -> Target {
    let target = description.target;
    let health = description.target_health;
    let anomaly = description.anomaly_detection;
    Target {
        id: target.as_ref().and_then(|target| target.id.clone()).unwrap_or_default(),
        port: port(target.as_ref().and_then(|target| target.port)),
        availability_zone: target.and_then(|target| target.availability_zone),
        health_check_port: description.health_check_port,
        state: state(health.as_ref().and_then(|health| health.state.as_ref())),
        reason: health.as_ref().and_then(|health| spelled(health.reason.as_ref())),
        description: health.and_then(|health| health.description),
        anomaly: anomaly.as_ref().and_then(|anomaly| spelled(anomaly.result.as_ref())),
        anomaly_mitigated: anomaly
            .is_some_and(|anomaly| anomaly.mitigation_in_effect == Some(types::MitigationInEffectEnum::Yes)),
        administrative_override: description
            .administrative_override
            .and_then(|administrative| spelled(administrative.state.as_ref())),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_keeps_what_the_load_balancer_makes_of_it() {
        let described = |mitigation: types::MitigationInEffectEnum| {
            target(
                types::TargetHealthDescription::builder()
                    .target(types::TargetDescription::builder().id("10.0.0.9").port(8080).build())
                    .anomaly_detection(
                        types::AnomalyDetection::builder()
                            .result(types::AnomalyResultEnum::Anomalous)
                            .mitigation_in_effect(mitigation)
                            .build(),
                    )
                    .administrative_override(
                        types::AdministrativeOverride::builder()
                            .state(types::TargetAdministrativeOverrideStateEnum::ZonalShiftActive)
                            .build(),
                    )
                    .build(),
            )
        };
        let converted = described(types::MitigationInEffectEnum::Yes);
        assert_eq!((converted.anomaly.as_deref(), converted.anomaly_mitigated), (Some("anomalous"), true));
        assert_eq!(converted.administrative_override.as_deref(), Some("zonal_shift_active"));
        assert!(!described(types::MitigationInEffectEnum::No).anomaly_mitigated);
        assert_eq!(target(types::TargetHealthDescription::builder().build()).anomaly, None);
    }

    #[test]
    fn attributes_are_found_by_key() {
        let attribute = |key: &str, value: &str| types::TargetGroupAttribute::builder().key(key).value(value).build();
        let found =
            attributes(vec![attribute("slow_start.duration_seconds", "30"), attribute("stickiness.enabled", "")]);
        assert_eq!(found.get("slow_start.duration_seconds").map(String::as_str), Some("30"));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_group_tells_its_family_of_addresses() {
        let group = types::TargetGroup::builder().ip_address_type(types::TargetGroupIpAddressTypeEnum::Ipv6).build();
        assert_eq!(target_group(group).address_type.as_deref(), Some("ipv6"));
    }
}
