//! What this family can find, and the pages `ecsight explain` shows about it.

pub(super) mod codes;
pub(super) mod connection;
pub(super) mod states;
pub(super) mod timing;
pub(super) mod wiring;

use crate::diagnose::catalogue::{Bearing, CHECKS_FAIL, Entry, Rank};
use crate::diagnose::finding::Severity;

/// Meaning of reasons and states of targets.
const TARGET_HEALTH: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html";
/// Health checks of application load balancers.
const ALB_CHECKS: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html";
/// Troubleshooting application load balancers.
const ALB_TROUBLE: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html";
/// Target group health.
const ALB_GROUP_HEALTH: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health.html";
/// Health checks of network load balancers.
const NLB_CHECKS: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html";
/// Troubleshooting network load balancers.
const NLB_TROUBLE: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-troubleshooting.html";
/// Attributes of target groups.
const GROUP_ATTRIBUTES: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html";
/// Service events.
const ECS_EVENTS: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html";
/// Load balancers of services.
const ECS_BALANCERS: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-service-load-balancers.html";
/// UpdateService.
const UPDATE_SERVICE: &str = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html";
/// RegisterTargets.
const REGISTER_TARGETS: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html";

/// What most findings of this family have in common: the answer to a health check is wrong, and everything follows.
const CHECK: Entry = Entry {
    id: "",
    number: 0,
    severity: Severity::Error,
    rank: Rank::HealthCheck,
    effect: None,
    explains: CHECKS_FAIL,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "",
    meaning: "",
    decided: "",
    fix: "",
    sources: &[ALB_CHECKS],
};

/// A remark that explains what can be seen and that nobody has to act on.
const NOTE: Entry = Entry { severity: Severity::Info, rank: Rank::Symptom, explains: &[], ..CHECK };
