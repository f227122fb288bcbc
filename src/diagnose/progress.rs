//! How far the newest deployment is: how many of its tasks pass their checks, since when nothing moves, and what it waits
//! for. Rules about deployments and the health of a service both look at this.

use jiff::{SignedDuration, Timestamp};

use super::deployment::{Bounds, in_progress, is_rolling, patience, stuck};
use super::scene::{Group, Place, Scene};
use super::target_health::Standing;
use crate::model::service::RolloutState;
use crate::model::service_deployment::ServiceDeployment;
use crate::model::task::{ContainerHealth, Task};

/// Where the newest deployment stands.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// Whether a deployment is under way.
    pub under_way: bool,
    /// Tasks of the primary deployment that run and pass their checks, as well as the facts allow.
    pub healthy: u32,
    /// The start of the newest of them, if it is known.
    pub newest: Option<Timestamp>,
    /// For how long nothing has moved, once that is longer than it may take (catalogue 3.11).
    pub stuck_for: Option<SignedDuration>,
    /// How long it may take.
    pub patience: SignedDuration,
    /// The newest service deployment, if the history was read.
    pub newest_deployment: Option<&'a ServiceDeployment>,
}

impl<'a> Progress<'a> {
    /// Looks at the primary deployment.
    pub fn of(scene: &Scene<'a>) -> Self {
        let service = scene.service;
        let (healthy, newest) = healthy_of_primary(scene);
        let checks: Vec<_> =
            scene.groups.iter().filter_map(|group| group.settings.known()).map(|group| &group.health_check).collect();
        let patience = patience(service, &checks, slowest_start(scene));
        let deployments = scene.facts.service_deployments();
        let newest_deployment = deployments.known().and_then(|all| all.first());
        // Whoever waits for a hook, for bake time or for cleaning up is not stuck.
        let waits =
            newest_deployment.is_some_and(|newest| is_running(newest) && (is_hooked(newest) || is_late(newest)));
        let early = service.deployment_configuration.as_ref().is_some_and(|configuration| configuration.early_success);
        let waits = waits || early && newest_deployment.is_some_and(|newest| newest.status == "SUCCESSFUL");
        let stuck_for = stuck(service, healthy, newest, patience, scene.now).filter(|_| !waits);
        Self { under_way: in_progress(service), healthy, newest, stuck_for, patience, newest_deployment }
    }

    /// Whether the primary deployment was given up.
    pub fn failed(scene: &Scene<'_>) -> bool {
        scene.primary.is_some_and(|primary| primary.rollout_state == Some(RolloutState::Failed))
    }

    /// Whether fewer tasks than desired are what this moment of a deployment allows: it is young, or it stays within its
    /// lower bound.
    pub fn allows_fewer(&self, scene: &Scene<'_>) -> bool {
        let young = scene.age().is_none_or(|age| age <= self.patience);
        let running = scene.service.running;
        let within_bounds = Bounds::of(scene.service).is_some_and(|bounds| running >= bounds.lower.max(1));
        self.under_way && (young || within_bounds)
    }

    /// How far it is, in a few words.
    pub fn words(&self, scene: &Scene<'_>) -> String {
        let desired = scene.service.desired;
        if let Some(stage) = self.newest_deployment.filter(|newest| is_running(newest)).and_then(stage_words) {
            return stage;
        }
        let failing = scene.groups.iter().any(|group| group.own(Standing::Failing) > 0);
        let grace = SignedDuration::from_secs(i64::from(scene.service.health_check_grace_period_seconds.unwrap_or(0)));
        let excused = scene.age().is_some_and(|age| age < grace);
        if failing && excused && self.healthy < desired {
            return "health checks fail, grace period is running".to_owned();
        }
        if self.healthy >= desired {
            return "new tasks run, old ones leave".to_owned();
        }
        let counted =
            if scene.groups.iter().any(|group| group.targets.known().is_some()) { "healthy" } else { "running" };
        format!("{} of {desired} new tasks {counted}", self.healthy)
    }
}

/// Whether a service deployment has not ended yet.
pub fn is_running(deployment: &ServiceDeployment) -> bool {
    matches!(
        deployment.status.as_str(),
        "PENDING" | "IN_PROGRESS" | "STOP_REQUESTED" | "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS"
    )
}

fn is_hooked(deployment: &ServiceDeployment) -> bool {
    deployment.hooks.iter().any(|hook| matches!(hook.status.as_deref(), Some("AWAITING_ACTION" | "IN_PROGRESS")))
}

fn is_late(deployment: &ServiceDeployment) -> bool {
    matches!(deployment.lifecycle_stage.as_deref(), Some("BAKE_TIME" | "CLEAN_UP"))
}

/// What a stage waits for, in a few words; nothing for those that are told by counts.
fn stage_words(deployment: &ServiceDeployment) -> Option<String> {
    let stage = deployment.lifecycle_stage.as_deref()?;
    match stage {
        "" | "SCALE_UP" | "RECONCILE_SERVICE" => None,
        "BAKE_TIME" => Some("both revisions run, bake time".to_owned()),
        "CLEAN_UP" => Some("traffic has moved, old tasks leave".to_owned()),
        other => Some(format!("stage {}", other.to_lowercase().replace('_', " "))),
    }
}

/// From creation to running, of the slowest task that got there.
fn slowest_start(scene: &Scene<'_>) -> Option<SignedDuration> {
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    tasks.iter().filter_map(|task| Some(task.started_at?.duration_since(task.created_at?))).max()
}

/// Every group must find a task healthy, except where all groups but one are idle on purpose.
fn healthy_of_primary(scene: &Scene<'_>) -> (u32, Option<Timestamp>) {
    let service = scene.service;
    let Some(primary) = scene.primary else { return (service.running, None) };
    let rolling = is_rolling(service);
    let known = || scene.groups.iter().filter(|group| group.targets.known().is_some());
    let by_target = known().filter(|group| group.is_joined()).map(of_primary);
    let by_target = if rolling {
        by_target.min_by_key(|(healthy, _)| *healthy)
    } else {
        by_target.max_by_key(|(healthy, _)| *healthy)
    };
    if let Some(counted) = by_target {
        return counted;
    }
    let at_all = known().map(|group| count(group.healthy()));
    let at_all = if rolling { at_all.min() } else { at_all.max() }.unwrap_or(u32::MAX);
    // The counts of DescribeServices and the list of tasks can be seconds apart; only what is unhealthy is taken off.
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    let own = tasks.iter().filter(|task| task.started_by.as_deref() == Some(&primary.id) && runs(task));
    let (unhealthy, newest) = own.fold((0_u32, None), |(unhealthy, newest), task| match task.health {
        ContainerHealth::Unhealthy => (unhealthy.saturating_add(1), newest),
        ContainerHealth::Healthy | ContainerHealth::Unknown => (unhealthy, newest.max(task.started_at)),
    });
    (primary.running.saturating_sub(unhealthy).min(at_all), newest)
}

fn of_primary(group: &Group<'_>) -> (u32, Option<Timestamp>) {
    let healthy =
        || group.places.iter().filter(|place| place.of_primary && place.standing == Standing::Fine && alive(place));
    let newest = healthy().filter_map(|place| place.task?.started_at).max();
    (count(healthy()), newest)
}

fn alive(place: &Place<'_>) -> bool {
    place.task.is_some_and(|task| !task.is_stopped())
}

fn runs(task: &Task) -> bool {
    !task.is_stopped() && task.last_status == "RUNNING"
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
