//! The history of a service's deployments, as ListServiceDeployments and DescribeServiceDeployments tell it (90 days,
//! deployments created on or after 2024-10-25).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::arn::ServiceDeploymentArn;

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
    /// Why it was rolled back, if it was.
    pub rollback_reason: Option<String>,
}
