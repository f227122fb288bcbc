//! The health checks of one target group, seen from one service: which targets are its own, which of them fail, what the
//! load balancer says about them, and which tasks it has had killed. The rules of this family look at this.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::logs::{self, Journal};
use crate::diagnose::deployment::in_progress;
use crate::diagnose::matcher::failing_codes;
use crate::diagnose::parse::events::{Event, group_name};
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::scene::{Dead, Group, Heard, Place, Scene};
use crate::diagnose::target_health::Standing;
use crate::model::load_balancing::{HealthCheckSettings, LoadBalancer, LoadBalancerKind, TargetGroup};
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;

/// What happened within this time belongs to the present.
const RECENT: SignedDuration = SignedDuration::from_mins(15);

/// How a failed check failed, in the words of the load balancer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    /// An answer came, with these codes.
    Codes(Vec<u16>),
    /// No answer came in time.
    Silence,
    /// The connection was refused, reset or garbled. A network load balancer says so of silence, too.
    Refusal,
    /// An error inside the load balancer.
    Internal,
    /// The target stands in a zone the load balancer is not enabled for.
    Zone,
    /// It does not say.
    Untold,
}

impl Said {
    /// Reads reason and description of a target.
    pub(super) fn of(place: &Place<'_>) -> Self {
        let description = place.target.description.as_deref().unwrap_or_default();
        match place.target.reason.as_deref() {
            Some("Target.ResponseCodeMismatch") => match failing_codes(description) {
                codes if codes.is_empty() => Self::Untold,
                codes => Self::Codes(codes),
            },
            Some("Target.Timeout") => Self::Silence,
            Some("Elb.InternalError") => Self::Internal,
            // Newer network load balancers give the general reason with the particular description.
            Some("Target.FailedHealthChecks") => match Self::read(description) {
                Self::Untold => Self::Refusal,
                said => said,
            },
            _ => Self::read(description),
        }
    }

    /// Reads the description alone, which is what events quote.
    pub(super) fn read(description: &str) -> Self {
        let codes = failing_codes(description);
        if !codes.is_empty() {
            Self::Codes(codes)
        } else if description.contains("timed out") {
            Self::Silence
        } else if description.contains("internal error") {
            Self::Internal
        } else if description.contains("Availability Zone that is not enabled") {
            Self::Zone
        } else if description.trim().trim_end_matches('.') == "Health checks failed" {
            Self::Refusal
        } else {
            Self::Untold
        }
    }

    /// Whether waiting longer could mend it.
    pub(super) fn may_heal(&self) -> bool {
        match self {
            Self::Codes(codes) => codes.iter().all(|code| (500..600).contains(code)),
            Self::Silence | Self::Refusal => true,
            Self::Internal | Self::Zone | Self::Untold => false,
        }
    }
}

/// What kind of load balancer checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Balancer {
    Application,
    Network,
}

/// The health checks of a target group.
pub(super) struct Checks<'s, 'a> {
    pub(super) scene: &'s Scene<'a>,
    pub(super) group: &'s Group<'a>,
    /// Targets of this service's tasks that are not on their way out.
    pub(super) own: Vec<&'s Place<'a>>,
    /// Targets no task of this service answers at, where that can be told.
    pub(super) strangers: Vec<&'s Place<'a>>,
    /// Tasks of the primary deployment the load balancer has had killed, newest first.
    pub(super) kills: Vec<&'s Dead<'a>>,
    /// What events of the present say, newest first: evidence where the targets are gone already.
    pub(super) heard: Vec<(&'s Heard<'a>, Said)>,
    /// Logs of its tasks, as far as they were read.
    pub(super) journals: Vec<Journal<'a>>,
}

impl<'s, 'a> Checks<'s, 'a> {
    pub(super) fn new(scene: &'s Scene<'a>, group: &'s Group<'a>) -> Self {
        let (own, strangers) = split(scene, group);
        let kills = kills(scene, group);
        let heard = heard(scene, group);
        let mut checks = Self { scene, group, own, strangers, kills, heard, journals: Vec::new() };
        if checks.is_troubled() {
            checks.journals = logs::journals(scene, group);
        }
        checks
    }

    fn is_troubled(&self) -> bool {
        self.failing().next().is_some() || !self.kills.is_empty()
    }

    /// Own targets that fail their checks.
    pub(super) fn failing(&self) -> impl Iterator<Item = &'s Place<'a>> {
        self.own.iter().copied().filter(|place| place.standing == Standing::Failing)
    }

    /// Own targets that pass.
    pub(super) fn healthy(&self) -> impl Iterator<Item = &'s Place<'a>> {
        self.own.iter().copied().filter(|place| place.standing == Standing::Fine)
    }

    pub(super) fn settings(&self) -> Option<&'a TargetGroup> {
        self.group.settings.known().copied()
    }

    pub(super) fn check(&self) -> Option<&'a HealthCheckSettings> {
        self.settings().map(|settings| &settings.health_check)
    }

    /// Seconds between checks.
    pub(super) fn interval(&self) -> Option<i64> {
        self.check()?.interval_seconds.map(i64::from)
    }

    /// Seconds from the first check of a target that never answers to the verdict: unhealthy threshold × interval.
    pub(super) fn verdict_seconds(&self) -> Option<i64> {
        Some(self.interval()? * i64::from(self.check()?.unhealthy_threshold?))
    }

    /// Seconds from the moment a target passes until it counts as healthy again: healthy threshold × interval.
    pub(super) fn recovery_seconds(&self) -> Option<u64> {
        let check = self.check()?;
        Some(u64::from(check.healthy_threshold?) * u64::from(check.interval_seconds?))
    }

    pub(super) fn balancers(&self) -> impl Iterator<Item = &'a LoadBalancer> {
        self.group.routing.iter().filter_map(|(_, routing)| routing.known().map(|routing| &routing.load_balancer))
    }

    /// What checks: by the load balancer itself, by its resource name, or by what only one of them speaks.
    pub(super) fn balancer(&self) -> Balancer {
        if let Some(balancer) = self.balancers().next() {
            return match balancer.kind {
                LoadBalancerKind::Network => Balancer::Network,
                LoadBalancerKind::Application | LoadBalancerKind::Other(_) => Balancer::Application,
            };
        }
        let named = self.group.routing.iter().any(|(arn, _)| arn.as_str().contains("loadbalancer/net/"));
        let protocol = self.settings().and_then(|settings| settings.protocol.as_deref());
        if named || protocol.is_some_and(|protocol| !protocol.starts_with("HTTP")) {
            Balancer::Network
        } else {
            Balancer::Application
        }
    }

    pub(super) fn is_grpc(&self) -> bool {
        self.settings().and_then(|settings| settings.protocol_version.as_deref()) == Some("GRPC")
    }

    /// The port health checks always go to, if it is not that of the traffic.
    pub(super) fn fixed_port(&self) -> Option<u16> {
        self.check()?.port.as_deref()?.parse().ok()
    }

    pub(super) fn grace(&self) -> i64 {
        i64::from(self.scene.service.health_check_grace_period_seconds.unwrap_or(0))
    }

    pub(super) fn definition_of(&self, task: &Task) -> Option<&'a TaskDefinition> {
        self.scene.facts.task_definition(&task.task_definition).known().copied()
    }

    /// The container targets are registered for.
    pub(super) fn container(&self) -> Option<&'a str> {
        self.group.binding.and_then(|binding| binding.container.as_deref())
    }

    /// Journals of tasks of the same revision; where the revision is not known, of all tasks.
    pub(super) fn journals_like(&self, task: Option<&Task>) -> impl Iterator<Item = &Journal<'a>> {
        let revision = task.map(|task| task.task_definition.clone());
        self.journals
            .iter()
            .filter(move |journal| revision.as_ref().is_none_or(|revision| journal.task.task_definition == *revision))
    }

    /// Whether the service lacks something now, so that events and deaths of the last minutes speak of the present.
    pub(super) fn is_short(&self) -> bool {
        let desired = usize::try_from(self.scene.service.desired).unwrap_or(usize::MAX);
        in_progress(self.scene.service)
            || self.scene.service.running < self.scene.service.desired
            || (self.group.targets.known().is_some() && self.healthy().count() < desired)
    }

    /// Events about unhealthy targets, when they have to stand in for the targets: none fails now, but tasks were killed for
    /// it and the service has not recovered.
    pub(super) fn stand_ins(&self) -> &[(&'s Heard<'a>, Said)] {
        let recent = |at: Option<jiff::Timestamp>| self.scene.since(at).is_some_and(|age| age <= RECENT);
        let killed = self.kills.iter().any(|dead| recent(dead.at));
        let repeated =
            in_progress(self.scene.service) && self.heard.iter().filter(|(heard, _)| recent(heard.at)).count() >= 2;
        let counts = self.failing().next().is_none() && self.is_short() && (killed || repeated);
        if counts { &self.heard } else { &[] }
    }
}

/// Own targets and strangers. Where tasks cannot be told from each other, every target counts as the service's own.
fn split<'s, 'a>(scene: &'s Scene<'a>, group: &'s Group<'a>) -> (Vec<&'s Place<'a>>, Vec<&'s Place<'a>>) {
    let (own, unmatched): (Vec<_>, Vec<_>) = group.present().partition(|place| place.task.is_some());
    let Some(tasks) = scene.tasks.known() else { return (unmatched.into_iter().chain(own).collect(), Vec::new()) };
    let mut running = tasks.iter().filter(|task| !task.is_stopped() && task.last_status == "RUNNING").peekable();
    let by_address = group.settings.known().and_then(|settings| settings.target_type.as_deref()) != Some("instance");
    let shared = scene.facts.sharing.iter().any(|(shared, _)| shared == group.arn);
    let told = running.peek().is_some() && running.all(|task| has_place(task, by_address));
    if told || shared || !own.is_empty() {
        (own, if told { unmatched } else { Vec::new() })
    } else {
        (unmatched, Vec::new())
    }
}

/// Whether the task says where its target is.
pub(super) fn has_place(task: &Task, by_address: bool) -> bool {
    if by_address {
        task.interface.as_ref().is_some_and(|interface| interface.private_ipv4.is_some() || interface.ipv6.is_some())
    } else {
        task.ec2_instance.known().is_some()
            && task.containers.iter().any(|container| container.bindings.iter().any(|bound| bound.host_port.is_some()))
    }
}

fn kills<'s, 'a>(scene: &'s Scene<'a>, group: &Group<'a>) -> Vec<&'s Dead<'a>> {
    let here = |dead: &&Dead<'a>| {
        let reason = dead.task.stopped_reason.as_deref().unwrap_or_default();
        !reason.contains("target-group") || reason.contains(group.arn.as_str()) || reason.contains(group.name())
    };
    scene.deaths_by(StopClass::LoadBalancerHealth).filter(here).collect()
}

fn heard<'s, 'a>(scene: &'s Scene<'a>, group: &Group<'a>) -> Vec<(&'s Heard<'a>, Said)> {
    if !scene.events.iter().any(|heard| matches!(heard.event, Event::Unhealthy { .. })) {
        return Vec::new();
    }
    let older: BTreeSet<&str> = match scene.primary {
        Some(primary) => scene
            .tasks
            .known()
            .into_iter()
            .flat_map(|tasks| tasks.iter())
            .filter(|task| task.started_by.as_deref().is_some_and(|by| by.starts_with("ecs-svc/") && by != primary.id))
            .map(|task| task.arn.name())
            .collect(),
        None => BTreeSet::new(),
    };
    scene
        .events
        .iter()
        .filter_map(|heard| match &heard.event {
            Event::Unhealthy { task, target_group, why, .. }
                if group_name(target_group) == group.name() && !task.is_some_and(|task| older.contains(task)) =>
            {
                Some((heard, Said::read(why)))
            }
            _ => None,
        })
        .take(20)
        .collect()
}

/// Whether a task's containers run, as far as the target group cares.
pub(super) fn runs(task: &Task, container: Option<&str>) -> bool {
    let of_group = |name: &str| container.is_none_or(|wanted| wanted == name);
    task.last_status == "RUNNING"
        && !task
            .containers
            .iter()
            .any(|one| of_group(&one.name) && one.last_status.as_deref().is_some_and(|status| status == "STOPPED"))
}
