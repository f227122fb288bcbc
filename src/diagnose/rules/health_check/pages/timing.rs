//! Pages about time: starts, grace, thresholds.

use super::{ALB_CHECKS, CHECK, ECS_BALANCERS, GROUP_ATTRIBUTES, NLB_CHECKS, NOTE, UPDATE_SERVICE};
use crate::diagnose::catalogue::{Effect, Entry, Rank};
use crate::diagnose::finding::Severity;

/// Within the grace period.
pub(in super::super) static STILL_STARTING: Entry = Entry {
    id: "hc-app-still-starting",
    number: 19,
    title: "New tasks are within their grace period",
    meaning: "The task started a short while ago and ECS does not yet act on its health. That is a normal warm-up.",
    decided: "A target is initial or unhealthy (no answer, connection refused, or 5xx), the task's containers run, its age is below healthCheckGracePeriodSeconds, and no task of the deployment was killed for its health.",
    fix: "Nothing; wait until the grace period is over.",
    sources: &[UPDATE_SERVICE],
    ..NOTE
};

/// Killed before they are up.
pub(in super::super) static GRACE: Entry = Entry {
    id: "grace-period-too-short",
    number: 20,
    rank: Rank::Timing,
    title: "ECS kills tasks before they have started up",
    meaning: "Once the grace period is over, ECS kills a task as soon as the load balancer calls it unhealthy, which it does after unhealthy threshold x interval: 60 s with the defaults. An application that needs longer never gets healthy, and the deployment loops.",
    decided: "At least two tasks of the present deployment were stopped with \"Task failed ELB health checks\" within grace + threshold x interval (and some slack) after their start; nothing but timeouts, refused connections or 5xx is known of their health; the deployment was never healthy; and there is proof of time: a log says that the start took longer than ECS waited, or no task of a new revision ever was healthy and no log line shows it listening earlier.",
    fix: "aws ecs update-service --cluster CLUSTER --service SERVICE --health-check-grace-period-seconds SECONDS\n\nThis starts no new deployment. A target that was called unhealthy needs healthy threshold x interval to recover, which the grace period has to cover as well.",
    sources: &[UPDATE_SERVICE, ECS_BALANCERS],
    ..CHECK
};

/// Brief stalls kill.
pub(in super::super) static AGGRESSIVE: Entry = Entry {
    id: "hc-thresholds-too-aggressive",
    number: 21,
    severity: Severity::Warning,
    rank: Rank::Timing,
    explains: &[Effect::HealthKills, Effect::FewTasks],
    title: "Health checks are so strict that short stalls kill tasks",
    meaning: "The load balancer gives up on a target within seconds, and responses are regularly slow enough for that.",
    decided: "Threshold x interval is below 20 s, or the timeout is not below the interval, or the interval is at most 5 s with threshold 2; at least two tasks were killed for timeouts; and the 99th percentile of the response time is above half the timeout.",
    fix: "aws elbv2 modify-target-group --target-group-arn ARN --health-check-interval-seconds 15 --unhealthy-threshold-count 3",
    sources: &[ECS_BALANCERS],
    ..CHECK
};

/// No first verdict.
pub(in super::super) static INITIAL_TOO_LONG: Entry = Entry {
    id: "target-initial-too-long",
    number: 35,
    severity: Severity::Warning,
    effect: Some(Effect::UnhealthyTargets),
    rank: Rank::Symptom,
    explains: &[Effect::StuckDeployment, Effect::FewTasks],
    title: "Targets wait for their first health check for too long",
    meaning: "A target should leave the state initial after a few checks. Registration hangs, the target group is not in use, or a network load balancer is slow to provision.",
    decided: "State is initial and the task started more than threshold x interval + 300 s ago.",
    fix: "Check that a listener of an active load balancer forwards to the target group; behind network load balancers wait some minutes.",
    sources: &[NLB_CHECKS],
    ..CHECK
};

/// Slow start.
pub(in super::super) static SLOW_START: Entry = Entry {
    id: "slow-start-in-effect",
    number: 36,
    title: "New targets get a growing share of the traffic",
    meaning: "With slow start, a target that has become healthy receives its share of the requests bit by bit. It is not unhealthy.",
    decided: "Attribute slow_start.duration_seconds is above 0 and a healthy target's task started less than that ago.",
    fix: "Nothing has to be done.",
    sources: &[GROUP_ATTRIBUTES, ALB_CHECKS],
    ..NOTE
};
