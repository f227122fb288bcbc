//! Service deployments of the SDK in our words.

use aws_sdk_ecs::types;

use crate::aws::scalars::{count, spelled, time};
use crate::model::arn::ServiceDeploymentArn;
use crate::model::service_deployment::{CircuitBreakerProgress, ServiceDeployment};

pub(super) fn service_deployment(deployment: types::ServiceDeployment) -> ServiceDeployment {
    ServiceDeployment {
        arn: ServiceDeploymentArn::new(deployment.service_deployment_arn.unwrap_or_default()),
        status: spelled(deployment.status.as_ref()).unwrap_or_default(),
        status_reason: deployment.status_reason,
        lifecycle_stage: spelled(deployment.lifecycle_stage.as_ref()),
        created_at: time(deployment.created_at.as_ref()),
        started_at: time(deployment.started_at.as_ref()),
        finished_at: time(deployment.finished_at.as_ref()),
        circuit_breaker: deployment.deployment_circuit_breaker.map(|breaker| CircuitBreakerProgress {
            status: spelled(breaker.status.as_ref()),
            failures: count(breaker.failure_count),
            threshold: count(breaker.threshold),
        }),
        triggered_alarms: deployment.alarms.and_then(|alarms| alarms.triggered_alarm_names).unwrap_or_default(),
        rollback_reason: deployment.rollback.and_then(|rollback| rollback.reason),
        alarms_status: None,
        rollback_to: None,
        source_revisions: Vec::new(),
        target_revision: None,
        hooks: Vec::new(),
    }
}
