//! The arithmetic of rolling deployments: how many tasks may run and must stay (catalogue 3.9), how many failures end it
//! (3.10), and when it is fair to call it stuck (3.11).

use jiff::{SignedDuration, Timestamp};

use crate::model::load_balancing::HealthCheckSettings;
use crate::model::service::{
    DeploymentConfiguration, DeploymentController, DeploymentStrategy, RolloutState, SchedulingStrategy, Service,
};

/// A deployment younger than this is never called stuck.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// Whether ECS replaces tasks one by one, so that all target groups belong to the one set of tasks. With every other
/// controller and strategy a group may be idle on purpose.
pub fn is_rolling(service: &Service) -> bool {
    let strategy = service.deployment_configuration.as_ref().map(|configuration| &configuration.strategy);
    service.controller == DeploymentController::Ecs
        && strategy.is_none_or(|strategy| *strategy == DeploymentStrategy::Rolling)
}

/// Whether a deployment is under way: by ECS's word, or, where ECS gives none, by tasks of older deployments or a second
/// task set.
pub fn in_progress(service: &Service) -> bool {
    match service.primary_deployment().and_then(|primary| primary.rollout_state.as_ref()) {
        Some(state) => *state == RolloutState::InProgress,
        None => service.older_deployments().any(|old| old.running > 0) || service.task_sets.len() > 1,
    }
}

/// How many tasks ECS keeps healthy at least and runs at most while it replaces tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// `ceil(desired × minimumHealthyPercent / 100)`
    pub lower: u32,
    /// `floor(desired × maximumPercent / 100)`
    pub upper: u32,
}

impl Bounds {
    /// The bounds for this many desired tasks.
    pub fn new(desired: u32, minimum_healthy_percent: u32, maximum_percent: u32) -> Self {
        let share = |percent: u32| u64::from(desired) * u64::from(percent);
        let count = |tasks: u64| u32::try_from(tasks).unwrap_or(u32::MAX);
        Self { lower: count(share(minimum_healthy_percent).div_ceil(100)), upper: count(share(maximum_percent) / 100) }
    }

    /// The bounds of a service whose tasks ECS replaces by them: a rolling deployment of replicas under ECS's own
    /// controller.
    pub fn of(service: &Service) -> Option<Self> {
        let DeploymentConfiguration { minimum_healthy_percent, maximum_percent, .. } =
            service.deployment_configuration.as_ref()?;
        let bounded = service.scheduling == SchedulingStrategy::Replica && is_rolling(service);
        bounded.then(|| Self::new(service.desired, *minimum_healthy_percent, *maximum_percent))
    }

    /// Whether another task may start while this many run or are on their way, over all deployments.
    pub const fn can_start(self, running_and_pending: u32) -> bool {
        self.upper > running_and_pending
    }

    /// Whether a task of an old revision may stop while this many are healthy.
    pub const fn can_stop(self, healthy: u32) -> bool {
        healthy > self.lower
    }

    /// Whether a full service can neither start nor stop a task, so that no deployment can ever finish.
    pub const fn is_deadlock(self, desired: u32) -> bool {
        desired > 0 && self.upper <= desired && self.lower >= desired
    }
}

/// How many failures in a row end a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureThreshold {
    /// A share of the desired count, but at least 3 and at most 200. ECS's default, with 50 percent.
    BoundedPercent(u32),
    /// A share of the desired count.
    UnboundedPercent(u32),
    /// This many.
    Count(u32),
}

impl Default for FailureThreshold {
    fn default() -> Self {
        Self::BoundedPercent(50)
    }
}

impl FailureThreshold {
    /// The number of failures for this many desired tasks. What DescribeServiceDeployments tells goes before it.
    pub fn failures(self, desired: u32) -> u32 {
        let share = |percent| Bounds::new(desired, percent, 0).lower;
        match self {
            Self::BoundedPercent(percent) => share(percent).clamp(3, 200),
            Self::UnboundedPercent(percent) => share(percent),
            Self::Count(count) => count,
        }
    }
}

/// How long a deployment may go without a new healthy task before it counts as stuck: ten minutes, or twice what grace
/// period, health checks and the start of a task (from creation to running, of earlier tasks, if known) need together.
pub fn patience(service: &Service, checks: &[&HealthCheckSettings], start: Option<SignedDuration>) -> SignedDuration {
    let seconds = |seconds: u32| SignedDuration::from_secs(i64::from(seconds));
    let grace = seconds(service.health_check_grace_period_seconds.unwrap_or(0));
    let slowest = checks
        .iter()
        .filter_map(|settings| settings.interval_seconds.zip(settings.unhealthy_threshold))
        .map(|(interval, threshold)| seconds(interval.saturating_mul(threshold)))
        .max()
        .unwrap_or_default();
    let needed = grace.saturating_add(slowest).saturating_add(start.unwrap_or_default());
    PATIENCE.max(needed.saturating_add(needed))
}

/// For how long the primary deployment has made no progress, once that is longer than `patience`. `healthy` counts its
/// tasks that run and pass their checks; `last_progress` is when the newest of them came to be, if known.
///
/// Deployments that are not judged: those of other controllers and strategies, whose stages and hooks may wait on
/// purpose; those that have all their tasks and wait for alarms, bake time or old tasks to drain; and those with some
/// healthy tasks of unknown age.
pub fn stuck(
    service: &Service,
    healthy: u32,
    last_progress: Option<Timestamp>,
    patience: SignedDuration,
    now: Timestamp,
) -> Option<SignedDuration> {
    Bounds::of(service)?;
    let primary = service.primary_deployment()?;
    if primary.rollout_state != Some(RolloutState::InProgress) || healthy >= service.desired {
        return None;
    }
    let since = match (healthy, last_progress) {
        (0, _) => primary.created_at?,
        (_, Some(last)) => last,
        (_, None) => return None,
    };
    Some(now.duration_since(since)).filter(|idle| *idle > patience)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{ServiceFixture, service};

    #[test]
    fn bounds_round_as_ecs_does() {
        for (desired, minimum, maximum, lower, upper, deadlock) in [
            (4, 100, 200, 4, 8, false),
            (4, 50, 100, 2, 4, false),
            (1, 100, 100, 1, 1, true),
            (3, 100, 125, 3, 3, true),
            (2, 75, 100, 2, 2, true),
            (2, 75, 150, 2, 3, false),
            (1, 0, 100, 0, 1, false),
            (0, 100, 100, 0, 0, false),
            (4, 100, 125, 4, 5, false),
            (u32::MAX, 100, 200, u32::MAX, u32::MAX, true),
        ] {
            let bounds = Bounds::new(desired, minimum, maximum);
            assert_eq!((bounds.lower, bounds.upper), (lower, upper), "{desired} {minimum} {maximum}");
            assert_eq!(bounds.is_deadlock(desired), deadlock, "{desired} {minimum} {maximum}");
        }
        let bounds = Bounds::new(4, 50, 150);
        assert!(bounds.can_start(5) && !bounds.can_start(6));
        assert!(bounds.can_stop(3) && !bounds.can_stop(2));
    }

    #[test]
    fn only_rolling_replicas_have_bounds() {
        let rolling = service("web", 4);
        assert_eq!(Bounds::of(&rolling), Some(Bounds { lower: 4, upper: 8 }));
        assert_eq!(Bounds::of(&Service { scheduling: SchedulingStrategy::Daemon, ..rolling.clone() }), None);
        assert_eq!(Bounds::of(&Service { controller: DeploymentController::CodeDeploy, ..rolling.clone() }), None);
        assert_eq!(Bounds::of(&rolling.with_strategy(DeploymentStrategy::BlueGreen)), None);
    }

    #[test]
    fn a_deployment_is_in_progress_by_word_or_by_tasks() {
        let steady = service("web", 4);
        let rolling = steady.clone().rolling(1, 1, Timestamp::UNIX_EPOCH);
        assert!(!in_progress(&steady) && in_progress(&rolling));
        let wordless = |service: Service| service.primary(|primary| primary.rollout_state = None);
        assert!(!in_progress(&wordless(steady)) && in_progress(&wordless(rolling)));
    }

    #[test]
    fn circuit_breaker_thresholds_are_clamped() {
        for (threshold, desired, failures) in [
            (FailureThreshold::default(), 1, 3),
            (FailureThreshold::default(), 7, 4),
            (FailureThreshold::default(), 25, 13),
            (FailureThreshold::default(), 1_000, 200),
            (FailureThreshold::UnboundedPercent(50), 1, 1),
            (FailureThreshold::UnboundedPercent(50), 1_000, 500),
            (FailureThreshold::Count(10), 1, 10),
        ] {
            assert_eq!(threshold.failures(desired), failures, "{threshold:?} of {desired}");
        }
    }

    #[test]
    fn patience_grows_with_what_the_service_allows_itself() {
        let slow = HealthCheckSettings {
            interval_seconds: Some(300),
            unhealthy_threshold: Some(10),
            ..HealthCheckSettings::default()
        };
        let mut web = service("web", 4);
        assert_eq!(patience(&web, &[], None), SignedDuration::from_mins(10));
        assert_eq!(patience(&web, &[&slow], None), SignedDuration::from_secs(6_000));
        web.health_check_grace_period_seconds = Some(600);
        assert_eq!(patience(&web, &[], Some(SignedDuration::from_secs(60))), SignedDuration::from_secs(1_320));
    }

    #[test]
    fn stuck_needs_time_without_progress() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let patience = SignedDuration::from_mins(10);
        let rolling = service("web", 4).rolling(0, 0, at(0));
        let minute = |minutes: i64| at(minutes * 60);
        for (what, service, healthy, last, now, expected) in [
            ("young", rolling.clone(), 0, None, minute(10), None),
            ("nothing healthy for long", rolling.clone(), 0, None, minute(11), Some(11)),
            ("some healthy, when is not known", rolling.clone(), 2, None, minute(60), None),
            ("some healthy, recently", rolling.clone(), 2, Some(minute(55)), minute(60), None),
            ("some healthy, long ago", rolling.clone(), 2, Some(minute(40)), minute(60), Some(20)),
            ("all healthy, baking or draining", rolling.clone(), 4, Some(minute(1)), minute(600), None),
            ("complete", service("web", 4), 0, None, minute(600), None),
            ("blue/green", rolling.with_strategy(DeploymentStrategy::BlueGreen), 0, None, minute(600), None),
        ] {
            let idle = stuck(&service, healthy, last, patience, now);
            assert_eq!(idle, expected.map(SignedDuration::from_mins), "{what}");
        }
    }
}
