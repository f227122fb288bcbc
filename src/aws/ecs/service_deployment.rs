//! Service deployments and service revisions of the SDK in our words.

use aws_sdk_ecs::types;

use super::service::network;
use crate::aws::scalars::{count, present, spelled, time};
use crate::model::arn::{ServiceArn, ServiceDeploymentArn, ServiceRevisionArn, TargetGroupArn, TaskDefinitionArn};
use crate::model::service_deployment::{
    CircuitBreakerProgress, LifecycleHook, RevisionImage, ServiceDeployment, ServiceRevision,
};

pub(super) fn service_deployment(deployment: types::ServiceDeployment) -> ServiceDeployment {
    let stage = spelled(deployment.lifecycle_stage.as_ref());
    let (rollback_reason, rollback_to) =
        deployment.rollback.map_or((None, None), |rollback| (rollback.reason, present(rollback.service_revision_arn)));
    let (alarms_status, triggered_alarms) = deployment
        .alarms
        .map_or((None, None), |alarms| (spelled(alarms.status.as_ref()), alarms.triggered_alarm_names));
    ServiceDeployment {
        arn: ServiceDeploymentArn::new(deployment.service_deployment_arn.unwrap_or_default()),
        status: spelled(deployment.status.as_ref()).unwrap_or_default(),
        status_reason: deployment.status_reason,
        hooks: deployment
            .lifecycle_hook_details
            .unwrap_or_default()
            .into_iter()
            .map(|detail| hook(detail, stage.as_deref()))
            .collect(),
        lifecycle_stage: stage,
        created_at: time(deployment.created_at.as_ref()),
        started_at: time(deployment.started_at.as_ref()),
        finished_at: time(deployment.finished_at.as_ref()),
        circuit_breaker: deployment.deployment_circuit_breaker.map(|breaker| CircuitBreakerProgress {
            status: spelled(breaker.status.as_ref()),
            failures: count(breaker.failure_count),
            threshold: count(breaker.threshold),
        }),
        triggered_alarms: triggered_alarms.unwrap_or_default(),
        alarms_status,
        rollback_reason,
        rollback_to: rollback_to.map(ServiceRevisionArn::new),
        source_revisions: deployment
            .source_service_revisions
            .unwrap_or_default()
            .into_iter()
            .filter_map(|revision| present(revision.arn))
            .map(ServiceRevisionArn::new)
            .collect(),
        target_revision: deployment
            .target_service_revision
            .and_then(|revision| present(revision.arn))
            .map(ServiceRevisionArn::new),
    }
}

/// AWS does not say to which stage a hook belongs; one that is not over belongs to the stage the deployment is in.
fn hook(detail: types::DeploymentLifecycleHookDetail, stage: Option<&str>) -> LifecycleHook {
    let under_way = matches!(
        detail.status,
        Some(types::DeploymentLifecycleHookStatus::AwaitingAction | types::DeploymentLifecycleHookStatus::InProgress)
    );
    LifecycleHook {
        id: present(detail.hook_id),
        target_type: spelled(detail.target_type.as_ref()),
        target: present(detail.target_arn),
        status: spelled(detail.status.as_ref()),
        stage: stage.filter(|_| under_way).map(ToOwned::to_owned),
        expires_at: time(detail.expires_at.as_ref()),
        timeout_action: spelled(detail.timeout_action.as_ref()),
    }
}

pub(super) fn service_revision(revision: types::ServiceRevision) -> ServiceRevision {
    let configured = revision.load_balancers.unwrap_or_default().into_iter().map(|balancer| balancer.target_group_arn);
    // With blue/green the resolved groups are those of this revision; the configured one may be of the other.
    let resolved = revision.resolved_configuration.and_then(|resolved| resolved.load_balancers).unwrap_or_default();
    let mut groups: Vec<String> =
        resolved.into_iter().filter_map(|balancer| present(balancer.target_group_arn)).collect();
    if groups.is_empty() {
        groups = configured.filter_map(present).collect();
    }
    ServiceRevision {
        arn: ServiceRevisionArn::new(revision.service_revision_arn.unwrap_or_default()),
        service: present(revision.service_arn).map(ServiceArn::new),
        task_definition: present(revision.task_definition).map(TaskDefinitionArn::new),
        images: revision.container_images.unwrap_or_default().into_iter().map(image).collect(),
        target_groups: groups.into_iter().map(TargetGroupArn::new).collect(),
        network: revision.network_configuration.and_then(network),
        created_at: time(revision.created_at.as_ref()),
    }
}

fn image(image: types::ContainerImage) -> RevisionImage {
    RevisionImage {
        container: image.container_name.unwrap_or_default(),
        image: present(image.image),
        digest: present(image.image_digest),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    fn detail(status: types::DeploymentLifecycleHookStatus) -> types::DeploymentLifecycleHookDetail {
        types::DeploymentLifecycleHookDetail::builder()
            .hook_id("hook-1")
            .target_type(types::DeploymentLifecycleHookTargetType::Pause)
            .status(status)
            .expires_at(DateTime::from_secs(3600))
            .timeout_action(types::DeploymentLifecycleHookAction::Rollback)
            .build()
    }

    #[test]
    fn a_deployment_keeps_revisions_rollback_and_hooks() {
        let revision = |arn: &str| types::ServiceRevisionSummary::builder().arn(arn).build();
        let converted = service_deployment(
            types::ServiceDeployment::builder()
                .service_deployment_arn("d")
                .lifecycle_stage(types::ServiceDeploymentLifecycleStage::PostTestTrafficShift)
                .source_service_revisions(revision("r-1"))
                .target_service_revision(revision("r-2"))
                .rollback(types::Rollback::builder().reason("alarm").service_revision_arn("r-1").build())
                .alarms(
                    types::ServiceDeploymentAlarms::builder()
                        .status(types::ServiceDeploymentRollbackMonitorsStatus::Triggered)
                        .triggered_alarm_names("5xx")
                        .build(),
                )
                .lifecycle_hook_details(detail(types::DeploymentLifecycleHookStatus::AwaitingAction))
                .lifecycle_hook_details(detail(types::DeploymentLifecycleHookStatus::Succeeded))
                .build(),
        );
        assert_eq!(converted.source_revisions, [ServiceRevisionArn::from("r-1")]);
        assert_eq!(converted.target_revision, Some("r-2".into()));
        assert_eq!((converted.rollback_reason.as_deref(), converted.rollback_to), (Some("alarm"), Some("r-1".into())));
        assert_eq!(converted.alarms_status.as_deref(), Some("TRIGGERED"));
        assert_eq!(converted.triggered_alarms, ["5xx"]);
        let [waiting, over] = converted.hooks.as_slice() else { panic!("two hooks: {:?}", converted.hooks) };
        assert_eq!(waiting.target_type.as_deref(), Some("PAUSE"));
        assert_eq!(waiting.status.as_deref(), Some("AWAITING_ACTION"));
        assert_eq!(waiting.stage.as_deref(), Some("POST_TEST_TRAFFIC_SHIFT"));
        assert_eq!(waiting.timeout_action.as_deref(), Some("ROLLBACK"));
        assert!(waiting.expires_at.is_some());
        assert_eq!((over.status.as_deref(), over.stage.as_deref()), (Some("SUCCEEDED"), None));
    }

    #[test]
    fn a_revision_has_the_target_groups_ecs_resolved() {
        let configured = types::LoadBalancer::builder().target_group_arn("blue").build();
        let plain = types::ServiceRevision::builder().service_revision_arn("r-1").load_balancers(configured);
        assert_eq!(service_revision(plain.clone().build()).target_groups, [TargetGroupArn::from("blue")]);
        let resolved = types::ServiceRevisionLoadBalancer::builder().target_group_arn("green").build();
        let resolved = types::ResolvedConfiguration::builder().load_balancers(resolved).build();
        let converted = service_revision(plain.resolved_configuration(resolved).build());
        assert_eq!(converted.target_groups, [TargetGroupArn::from("green")]);
    }
}
