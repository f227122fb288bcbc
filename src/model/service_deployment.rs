//! The history of a service's deployments, as ListServiceDeployments and DescribeServiceDeployments tell it (90 days,
//! deployments created on or after 2024-10-25).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::arn::{ServiceArn, ServiceDeploymentArn, ServiceRevisionArn, TargetGroupArn, TaskDefinitionArn};
use super::service::NetworkConfiguration;

/// Progress of the circuit breaker in one deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CircuitBreakerProgress {
    /// `TRIGGERED`, `MONITORING`, `MONITORING_COMPLETE`, `DISABLED`, as AWS spells it.
    pub status: Option<String>,
    /// Failures so far.
    pub failures: u32,
    /// Failures that end the deployment.
    pub threshold: u32,
}

/// One deployment of a service, past or present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceDeployment {
    /// Its resource name.
    pub arn: ServiceDeploymentArn,
    /// `IN_PROGRESS`, `SUCCESSFUL`, `ROLLBACK_SUCCESSFUL` …, as AWS spells it.
    pub status: String,
    /// AWS's sentence.
    pub status_reason: Option<String>,
    /// Stage of a blue/green, linear or canary deployment.
    pub lifecycle_stage: Option<String>,
    /// When it was asked for.
    pub created_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Circuit breaker, where there is one.
    pub circuit_breaker: Option<CircuitBreakerProgress>,
    /// Alarms that went off.
    pub triggered_alarms: Vec<String>,
    /// `TRIGGERED`, `MONITORING` … of its alarms.
    pub alarms_status: Option<String>,
    /// Why it was rolled back, if it was.
    pub rollback_reason: Option<String>,
    /// The revision it went back to.
    pub rollback_to: Option<ServiceRevisionArn>,
    /// Revisions it replaces.
    pub source_revisions: Vec<ServiceRevisionArn>,
    /// The revision it brings.
    pub target_revision: Option<ServiceRevisionArn>,
    /// Its lifecycle hooks.
    pub hooks: Vec<LifecycleHook>,
}

/// A lifecycle hook of a deployment: somebody or something that has to agree before it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleHook {
    /// AWS's id of it.
    pub id: Option<String>,
    /// `PAUSE` or `AWS_LAMBDA`.
    pub target_type: Option<String>,
    /// The function.
    pub target: Option<String>,
    /// `AWAITING_ACTION`, `IN_PROGRESS`, `SUCCEEDED`, `FAILED` …
    pub status: Option<String>,
    /// The stage it belongs to.
    pub stage: Option<String>,
    /// When waiting ends.
    pub expires_at: Option<Timestamp>,
    /// What happens then: `ROLLBACK` or `CONTINUE`.
    pub timeout_action: Option<String>,
}

/// A revision of a service: task definition, network and load balancers taken together. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRevision {
    /// Its resource name.
    pub arn: ServiceRevisionArn,
    /// The service.
    pub service: Option<ServiceArn>,
    /// Its task definition.
    pub task_definition: Option<TaskDefinitionArn>,
    /// Its images: container, reference, digest.
    pub images: Vec<RevisionImage>,
    /// Target groups its tasks are registered in, as ECS resolved them for this revision.
    pub target_groups: Vec<TargetGroupArn>,
    /// Subnets and groups.
    pub network: Option<NetworkConfiguration>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
}

/// An image of a service revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionImage {
    /// The container.
    pub container: String,
    /// The reference as written.
    pub image: Option<String>,
    /// What it resolved to.
    pub digest: Option<String>,
}
