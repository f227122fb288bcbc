//! Pages about states of targets and of the group as a whole.

use super::{
    ALB_CHECKS, ALB_GROUP_HEALTH, CHECK, GROUP_ATTRIBUTES, NLB_CHECKS, NLB_TROUBLE, NOTE, REGISTER_TARGETS,
    TARGET_HEALTH,
};
use crate::diagnose::catalogue::{Bearing, Effect, Entry, Rank};
use crate::diagnose::finding::Severity;

/// The address belongs to a load balancer.
pub(in super::super) static IP_UNUSABLE: Entry = Entry {
    id: "target-ip-unusable",
    number: 30,
    rank: Rank::AwsText,
    title: "A target has the address of a load balancer",
    meaning: "An address that a load balancer itself uses cannot be a target.",
    decided: "TargetHealth.Reason is Target.IpUnusable.",
    fix: "Deregister the target, and look for somebody who registers addresses by hand.",
    ..CHECK
};

/// The instance is gone.
pub(in super::super) static INSTANCE_STATE: Entry = Entry {
    id: "target-instance-invalid-state",
    number: 31,
    rank: Rank::AwsText,
    effect: Some(Effect::UnhealthyTargets),
    title: "A target's EC2 instance is stopped or terminated",
    meaning: "The host of the task is gone, but its target is still listed.",
    decided: "TargetHealth.Reason is Target.InvalidState.",
    fix: "See what happened to the instance; drain hosts before they are terminated.",
    ..CHECK
};

/// AWS's side.
pub(in super::super) static INTERNAL: Entry = Entry {
    id: "elb-internal-error",
    number: 32,
    rank: Rank::AwsText,
    title: "The load balancer cannot check its targets because of an error on AWS's side",
    meaning: "The health checks themselves fail inside AWS. Nothing in the configuration causes it.",
    decided: "TargetHealth.Reason is Elb.InternalError for tasks that started more than three intervals ago.",
    fix: "See the AWS Health dashboard and ask AWS support; do not change the configuration.",
    sources: &[TARGET_HEALTH],
    ..CHECK
};

/// On their way out.
pub(in super::super) static DRAINING: Entry = Entry {
    id: "target-draining-normal",
    number: 33,
    title: "Targets are being deregistered",
    meaning: "Old targets finish their open connections for as long as the deregistration delay allows. That is part of every deployment and scale-in.",
    decided: "State is draining, and the task was asked to stop no longer ago than deregistration_delay.timeout_seconds + 60 s, as far as that is known.",
    fix: "Nothing has to be done.",
    sources: &[GROUP_ATTRIBUTES],
    ..NOTE
};

/// A long delay.
pub(in super::super) static SLOW_DRAINING: Entry = Entry {
    id: "deregistration-delay-slows-deploy",
    number: 34,
    title: "The deployment only waits for old targets to drain",
    meaning: "All new tasks are there and healthy. Every old task waits for the whole deregistration delay before it stops.",
    decided: "A rolling deployment is in progress, the primary deployment has all its tasks and its targets are healthy, targets are draining, deregistration_delay.timeout_seconds is 300 or more, and there is no stickiness.",
    fix: "aws elbv2 modify-target-group-attributes --target-group-arn ARN --attributes Key=deregistration_delay.timeout_seconds,Value=30",
    sources: &[GROUP_ATTRIBUTES],
    ..NOTE
};

/// Anomalous targets.
pub(in super::super) static ANOMALY: Entry = Entry {
    id: "anomaly-mitigation-active",
    number: 37,
    severity: Severity::Warning,
    explains: &[Effect::Clients],
    title: "A target passes its checks but answers unlike the others",
    meaning: "The load balancer sees far more errors from this target than from the rest. With mitigation in effect it sends it less traffic.",
    decided: "AnomalyDetection.Result of a target is anomalous.",
    fix: "Look at the log of that task; stop it to have it replaced.",
    sources: &[TARGET_HEALTH],
    ..CHECK
};

/// Zonal shift.
pub(in super::super) static ZONAL_SHIFT: Entry = Entry {
    id: "zonal-shift-active",
    number: 38,
    title: "Traffic was moved away from a zone on purpose",
    meaning: "A zonal shift is active: somebody, or Application Recovery Controller, keeps traffic away from the targets of a zone.",
    decided: "AdministrativeOverride.State of a target is zonal_shift_active.",
    fix: "Nothing, or end the shift in Application Recovery Controller.",
    sources: &[TARGET_HEALTH],
    ..NOTE
};

/// Traffic goes to unhealthy targets.
pub(in super::super) static FAIL_OPEN: Entry = Entry {
    id: "lb-fail-open",
    number: 39,
    severity: Severity::Warning,
    rank: Rank::Symptom,
    effect: Some(Effect::FailOpen),
    explains: &[],
    title: "All targets are unhealthy, so the load balancer uses all of them",
    meaning: "With no healthy target left, a load balancer sends requests to all of them. Clients may get answers although every target is unhealthy. It is never a cause, always a consequence.",
    decided: "Every target of the group that is not draining is unhealthy.",
    fix: "Mend what makes the targets unhealthy.",
    sources: &[ALB_CHECKS, NLB_CHECKS],
    ..CHECK
};

/// Fewer healthy targets than asked for.
pub(in super::super) static GROUP_HEALTH: Entry = Entry {
    id: "tg-health-threshold-unmet",
    number: 40,
    severity: Severity::Warning,
    rank: Rank::Timing,
    effect: Some(Effect::FailOpen),
    explains: &[Effect::Clients],
    title: "Fewer targets are healthy than the target group asks for",
    meaning: "Attributes of the target group say how many healthy targets it takes. Below that, the load balancer fails open or takes the zone out of DNS although some targets are healthy.",
    decided: "target_group_health.unhealthy_state_routing.* or target_group_health.dns_failover.* ask for more healthy targets (per zone where cross-zone balancing is off) than there are, and at least one is healthy.",
    fix: "Run more tasks, or lower the threshold.",
    sources: &[ALB_GROUP_HEALTH],
    ..CHECK
};

/// A zone without healthy targets.
pub(in super::super) static EMPTY_ZONE: Entry = Entry {
    id: "nlb-cross-zone-off-empty-az",
    number: 41,
    severity: Severity::Warning,
    rank: Rank::Timing,
    explains: &[Effect::Clients],
    title: "A zone of the network load balancer has no healthy target",
    meaning: "Without cross-zone balancing, the node of a zone only uses targets of its zone. A node without healthy targets leaves DNS, and clients that remember its address time out.",
    decided: "load_balancing.cross_zone.enabled of the target group is false and an enabled zone of its network load balancer has no healthy target while others do.",
    fix: "Enable cross-zone balancing, or spread the tasks over all zones.",
    sources: &[NLB_CHECKS],
    ..CHECK
};

/// A task calls itself through its load balancer.
pub(in super::super) static HAIRPIN: Entry = Entry {
    id: "nlb-hairpin-client-ip",
    number: 44,
    severity: Severity::Warning,
    explains: &[Effect::Clients],
    title: "Tasks call their own network load balancer while client addresses are preserved",
    meaning: "With preserved client addresses a task that calls its own network load balancer and is sent back to itself never gets an answer.",
    decided: "preserve_client_ip.enabled is true and a log line of a task reports a timeout to the DNS name of its load balancer.",
    fix: "aws elbv2 modify-target-group-attributes --target-group-arn ARN --attributes Key=preserve_client_ip.enabled,Value=false",
    sources: &[NLB_TROUBLE],
    ..CHECK
};

/// Targets of nobody.
pub(in super::super) static ORPHANS: Entry = Entry {
    id: "tg-orphan-targets",
    number: 48,
    severity: Severity::Warning,
    rank: Rank::Timing,
    explains: &[Effect::FailOpen],
    title: "The target group lists unhealthy targets that are no task's",
    meaning: "Leftovers or targets registered by hand count in the health of the group and may get traffic.",
    decided: "A target is unhealthy and not draining, its address (or instance and port) belongs to no running task of the service, all running tasks of the service say where they are, and no other service of the cluster uses the group.",
    fix: "aws elbv2 deregister-targets --target-group-arn ARN --targets Id=ADDRESS,Port=PORT",
    sources: &[REGISTER_TARGETS],
    ..CHECK
};

/// Two services, one group.
pub(in super::super) static SHARED: Entry = Entry {
    id: "tg-shared-between-services",
    number: 49,
    severity: Severity::Warning,
    rank: Rank::Symptom,
    bearing: Bearing::Hygiene,
    explains: &[],
    title: "Two services register their tasks in one target group",
    meaning: "Traffic and health of both services mix: a request may go to either, and a fault of one looks like a fault of the other.",
    decided: "The same target group is in loadBalancers of two active services of the cluster.",
    fix: "Give each service a target group and a listener rule of its own.",
    sources: &[REGISTER_TARGETS],
    ..CHECK
};
