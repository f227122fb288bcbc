//! Evidence about the present, sifted out of what AWS keeps: events and dead tasks that still count, targets tallied.
//!
//! Whatever is older than the primary deployment speaks of the revision before it and whatever came before the last
//! steady state is over; neither may lead (catalogue section 0, freshness rule).

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::parse::events::{Event, event};
use super::stopped::{Death, death};
use super::target_health::{Standing, answered_codes, meaning};
use super::targets::{Joined, join};
use crate::model::arn::TargetGroupArn;
use crate::model::load_balancing::{Target, TargetGroup};
use crate::model::service::{Deployment, Service};
use crate::model::task::{ContainerHealth, Task};

/// What happened within this time belongs together.
pub(super) const CHURN: SignedDuration = SignedDuration::from_mins(15);

/// Events that may describe the present, newest first: those since the primary deployment began and since the service
/// was last steady. Only as many are read as are asked for.
pub(super) fn current_events(service: &Service) -> impl Iterator<Item = (Option<Timestamp>, Event<'_>)> {
    let began = service.primary_deployment().and_then(|primary| primary.created_at);
    service
        .events
        .iter()
        // Without a time nothing proves that it is new.
        .take_while(move |entry| began.is_none() || entry.at >= began)
        .map(|entry| (entry.at, event(&entry.message)))
        .take_while(|(_, event)| *event != Event::SteadyState)
}

/// Why and from which deployment the service was rolled back to the one it runs now.
pub(super) struct Rollback<'a> {
    /// The deployment that failed, if the events still tell.
    pub(super) failed: Option<&'a str>,
    /// AWS's words about why.
    pub(super) why: Option<&'a str>,
}

/// Whether the primary deployment is where a failed one was rolled back to.
pub(super) fn rollback<'a>(service: &'a Service, primary: &'a Deployment) -> Option<Rollback<'a>> {
    // Steady states are most of all events, and this looks at every event of every service.
    let telling = || service.events.iter().filter(|entry| !entry.message.ends_with("steady state."));
    let back = telling().find_map(|entry| match event(&entry.message) {
        Event::RollingBack { deployment } => Some((entry.at, deployment)),
        _ => None,
    });
    let back = back.filter(|(at, deployment)| *deployment == primary.id || *at >= primary.created_at);
    let said = primary.rollout_reason.as_deref().is_some_and(|reason| reason.contains("rolling back to deployment"));
    if back.is_none() && !said {
        return None;
    }
    let failed = telling().find_map(|entry| match event(&entry.message) {
        Event::DeploymentFailed { deployment, why } if deployment != primary.id => Some((deployment, why)),
        _ => None,
    });
    Some(Rollback { failed: failed.map(|(deployment, _)| deployment), why: failed.map(|(_, why)| why) })
}

/// Tasks of a deployment that died otherwise than in normal operation.
pub(super) struct Deaths {
    /// The newest.
    pub(super) newest: Option<Death>,
    /// How many within the last quarter of an hour.
    pub(super) recent: usize,
}

/// The deaths of a deployment. Tasks that do not say who started them count if they are younger than it.
pub(super) fn deaths(tasks: &[Task], deployment: Option<&Deployment>, now: Timestamp) -> Deaths {
    deaths_where(tasks, now, |task| match (deployment, task.started_by.as_deref()) {
        (None, _) => true,
        (Some(deployment), Some(started_by)) if started_by.starts_with("ecs-svc/") => started_by == deployment.id,
        (Some(deployment), _) => task.created_at.is_some() && task.created_at >= deployment.created_at,
    })
}

/// [`deaths`] of a deployment that is no longer in the list.
pub(super) fn deaths_of(tasks: &[Task], deployment: &str, now: Timestamp) -> Deaths {
    deaths_where(tasks, now, |task| task.started_by.as_deref() == Some(deployment))
}

fn deaths_where(tasks: &[Task], now: Timestamp, counts: impl Fn(&Task) -> bool) -> Deaths {
    let ended = |task: &Task| task.stopped_at.or(task.stopping_at);
    let mut dead: Vec<(Option<Timestamp>, Death)> = tasks
        .iter()
        .filter(|task| counts(task))
        .filter_map(|task| death(task, None).map(|death| (ended(task), death)))
        .filter(|(_, death)| !death.benign)
        .collect();
    dead.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let recent = dead.iter().filter(|(at, _)| at.is_some_and(|at| now.duration_since(at) <= CHURN)).count();
    Deaths { newest: dead.into_iter().next().map(|(_, death)| death), recent }
}

/// The targets of one group, counted. Targets on their way out are not in it.
pub(super) struct Tally<'a> {
    pub(super) group: &'a TargetGroupArn,
    pub(super) settings: Option<&'a TargetGroup>,
    pub(super) healthy: u32,
    pub(super) waiting: u32,
    pub(super) failing: Vec<&'a Target>,
    pub(super) not_in_use: Vec<&'a Target>,
    pub(super) total: u32,
    /// Healthy, failing and all targets of the primary deployment, when the tasks are known.
    pub(super) primary: Option<PrimaryTally>,
}

/// The part of a tally that belongs to the primary deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PrimaryTally {
    pub(super) healthy: u32,
    pub(super) failing: u32,
    pub(super) total: u32,
    /// When the newest healthy one of them was started.
    pub(super) newest_healthy: Option<Timestamp>,
}

impl<'a> Tally<'a> {
    /// Counts. With the tasks known, only targets of this service's tasks count, since groups can be shared; unless none of
    /// them can be told from the others, as with instances nobody looked up.
    pub(super) fn new(
        group: &'a TargetGroupArn,
        targets: &'a [Target],
        settings: Option<&'a TargetGroup>,
        tasks: Option<&'a [Task]>,
        primary: Option<&str>,
    ) -> Self {
        let target_type = settings.and_then(|settings| settings.target_type.as_deref());
        let joined = join(targets, target_type, tasks.unwrap_or_default());
        let any_pair = joined.iter().any(|joined| matches!(joined, Joined::Pair { .. }));
        let mut tally = Self {
            group,
            settings,
            healthy: 0,
            waiting: 0,
            failing: Vec::new(),
            not_in_use: Vec::new(),
            total: 0,
            primary: any_pair.then(PrimaryTally::default),
        };
        for (target, task) in joined.iter().filter_map(|joined| Some((joined.target()?, joined.task()))) {
            // What belongs to a stopped task is on its way out, even if the load balancer does not know yet.
            if any_pair && task.is_none_or(Task::is_stopped) {
                continue;
            }
            tally.count(target, task.filter(|task| task.started_by.as_deref() == primary));
        }
        tally
    }

    fn count(&mut self, target: &'a Target, of_primary: Option<&Task>) {
        let standing = meaning(target).standing;
        match standing {
            Standing::Leaving => return,
            Standing::Fine => self.healthy += 1,
            Standing::Waiting | Standing::Unknown => self.waiting += 1,
            Standing::Failing => self.failing.push(target),
            Standing::NotInUse => self.not_in_use.push(target),
        }
        self.total += 1;
        if let (Some(primary), Some(task)) = (&mut self.primary, of_primary) {
            primary.total += 1;
            primary.failing += u32::from(standing == Standing::Failing);
            if standing == Standing::Fine {
                primary.healthy += 1;
                primary.newest_healthy = primary.newest_healthy.max(task.started_at);
            }
        }
    }

    /// The codes failing targets answered with, each once, in order.
    pub(super) fn codes(&self) -> Vec<u16> {
        let mut codes: Vec<u16> = self.failing.iter().flat_map(|target| answered_codes(target)).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// The load balancer's commonest words about failing targets.
    pub(super) fn commonest_words(&self) -> Option<&'a str> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for words in self.failing.iter().filter_map(|target| target.description.as_deref()) {
            *counts.entry(words).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(words, count)| (*count, std::cmp::Reverse(*words))).map(|(words, _)| words)
    }
}

/// Running tasks of a deployment that fail their own health check, and the start of the newest that does not.
pub(super) fn unhealthy_of(tasks: &[Task], deployment: &str) -> (u32, Option<Timestamp>) {
    let running = tasks.iter().filter(|task| {
        task.started_by.as_deref() == Some(deployment) && !task.is_stopped() && task.last_status == "RUNNING"
    });
    running.fold((0, None), |(unhealthy, newest), task| match task.health {
        ContainerHealth::Unhealthy => (unhealthy + 1, newest),
        ContainerHealth::Healthy | ContainerHealth::Unknown => (unhealthy, newest.max(task.started_at)),
    })
}
