//! Following what a change started, until it is done or it is plain that it will not be.
//!
//! Each look is judged by itself, from what the change returned and what AWS says now. Reads of ECS are eventually
//! consistent: for a while after a change they may show the world before it, which must not be taken for a failure or,
//! worse, for success. So a forced deployment is followed by its id, and a scaling by the count it asked for.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::diagnose::deployment::{FailureThreshold, is_rolling, patience, stuck};
use crate::diagnose::health::{Facts, Health, assess, cause, rolled_back};
use crate::diagnose::stopped::spell;
use crate::diagnose::target_health::{Standing, meaning};
use crate::model::load_balancing::Target;
use crate::model::query::Mutation;
use crate::model::service::{Deployment, DeploymentStatus, RolloutState, Service, ServiceStatus};
use crate::model::text::{visible, visible_short};

/// How long reads may show the state before a change.
const CONSISTENCY: SignedDuration = SignedDuration::from_mins(1);

/// Longest explanation of a failure, in characters.
const WHY_LIMIT: usize = 200;

/// A change that is being followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// What was changed.
    pub mutation: Mutation,
    /// When AWS accepted it.
    pub started_at: Timestamp,
    /// The deployment that the change started. Unknown if the answer still spoke of the one before.
    deployment: Option<String>,
    deployment_began: Option<Timestamp>,
    /// Deployments that were there before.
    earlier: Vec<String>,
    /// Failures that happened before.
    failed_before: u32,
}

/// Counts of tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Wanted.
    pub desired: u32,
    /// Running.
    pub running: u32,
    /// On their way.
    pub pending: u32,
}

/// Targets that take traffic, of those that are not on their way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetCounts {
    /// Healthy ones.
    pub healthy: u32,
    /// All.
    pub total: u32,
}

/// How far it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Tasks of the deployment followed.
    pub new: Counts,
    /// Tasks of all others.
    pub old: Counts,
    /// Targets of the group that is least far, if target health is known.
    pub targets: Option<TargetCounts>,
    /// Tasks of the deployment followed that failed in a row.
    pub failed_tasks: u32,
    /// Since AWS accepted the change.
    pub elapsed: SignedDuration,
    /// Where that leads.
    pub verdict: Verdict,
    /// What already looks wrong while it is still on its way, safe to show.
    pub trouble: Option<String>,
}

/// Whether it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// On its way.
    Rolling,
    /// Done.
    Steady,
    /// It will not get there.
    Failing {
        /// Why, safe to show.
        why: String,
    },
}

impl Watch {
    /// Follows a change from the service that AWS returned when it accepted it.
    pub fn new(mutation: Mutation, accepted: &Service, now: Timestamp) -> Self {
        let primary = accepted.primary_deployment();
        let began = primary.and_then(|primary| primary.created_at);
        let fresh = primary.filter(|_| began.is_none_or(|began| now.duration_since(began) <= CONSISTENCY));
        let earlier = accepted.deployments.iter().filter(|one| fresh.is_none_or(|fresh| fresh.id != one.id));
        Self {
            started_at: now,
            deployment: fresh.map(|fresh| fresh.id.clone()),
            deployment_began: fresh.and(began),
            earlier: earlier.map(|one| one.id.clone()).collect(),
            failed_before: match &mutation {
                // The answer already speaks of the new deployment, which starts from nothing.
                Mutation::ForceNewDeployment { .. } => 0,
                Mutation::Scale { .. } => primary.map_or(0, |primary| primary.failed),
            },
            mutation,
        }
    }

    /// Judges what AWS says now. `targets` are those of the service's target groups, as far as they are known.
    pub fn progress(&self, service: &Service, targets: &[&[Target]], now: Timestamp) -> Progress {
        let followed = match &self.mutation {
            Mutation::ForceNewDeployment { .. } => self.own(service, now),
            Mutation::Scale { .. } => service.primary_deployment(),
        };
        let others = service.deployments.iter().filter(|one| followed.is_none_or(|own| own.id != one.id));
        let new = match (followed, &self.mutation) {
            (Some(followed), _) => counts(followed),
            // Controllers without deployments: all tasks are the ones that were scaled.
            (None, Mutation::Scale { .. }) => {
                Counts { desired: service.desired, running: service.running, pending: service.pending }
            }
            (None, Mutation::ForceNewDeployment { .. }) => Counts::default(),
        };
        let old = others.map(counts).fold(Counts::default(), |sum, one| Counts {
            desired: sum.desired.saturating_add(one.desired),
            running: sum.running.saturating_add(one.running),
            pending: sum.pending.saturating_add(one.pending),
        });
        let look = Look {
            service,
            targets: count_targets(service, targets),
            new,
            old,
            failed: followed.map_or(0, |own| own.failed),
            elapsed: now.duration_since(self.started_at).max(SignedDuration::ZERO),
            now,
        };
        let verdict = match (&service.status, &self.mutation) {
            (ServiceStatus::Draining | ServiceStatus::Inactive, _) => failing("the service was deleted"),
            (_, Mutation::ForceNewDeployment { .. }) => match followed {
                Some(own) if own.status == DeploymentStatus::Primary => look.deployment(own),
                own => self.lost(own, &look),
            },
            (_, Mutation::Scale { desired, .. }) => self.scaling(*desired, followed, &look),
        };
        let trouble = (verdict == Verdict::Rolling).then(|| cause(&Facts::new(service, now))).flatten();
        let Look { new, old, targets, failed, elapsed, .. } = look;
        Progress { new, old, targets, failed_tasks: failed, elapsed, verdict, trouble }
    }

    /// The deployment that the change started, if AWS shows it.
    fn own<'a>(&self, service: &'a Service, now: Timestamp) -> Option<&'a Deployment> {
        match &self.deployment {
            Some(id) => service.deployments.iter().find(|one| one.id == *id),
            // Whatever is new must be it; when nothing new appears, this endpoint goes on with the one it has.
            None => service.primary_deployment().filter(|primary| {
                !self.earlier.contains(&primary.id) || now.duration_since(self.started_at) > CONSISTENCY
            }),
        }
    }

    /// A forced deployment that the service is not heading for (any more).
    fn lost(&self, own: Option<&Deployment>, look: &Look<'_>) -> Verdict {
        if own.is_some_and(|own| own.rollout_state == Some(RolloutState::Failed)) {
            let reason = own.and_then(|own| own.rollout_reason.as_deref());
            return failing(&format!("{}; rolled back", look.because("the deployment failed", reason)));
        }
        let Some(primary) = look.service.primary_deployment() else {
            return if look.elapsed <= CONSISTENCY { Verdict::Rolling } else { failing("the deployment is gone") };
        };
        let newer = !self.earlier.contains(&primary.id)
            && primary.created_at.zip(self.deployment_began).is_none_or(|(theirs, ours)| theirs > ours);
        if newer && !rolled_back(look.service) {
            return failing(&format!("another deployment took its place ({})", visible(&primary.id)));
        }
        if own.is_none() && look.elapsed <= CONSISTENCY {
            return Verdict::Rolling;
        }
        failing(&look.because(&format!("rolled back to {}", visible(primary.task_definition.name())), None))
    }

    fn scaling(&self, wanted: u32, primary: Option<&Deployment>, look: &Look<'_>) -> Verdict {
        let service = look.service;
        if service.desired != wanted {
            return if look.elapsed <= CONSISTENCY {
                Verdict::Rolling
            } else {
                failing(&format!(
                    "the desired count is now {}: somebody else or auto scaling changed it",
                    service.desired
                ))
            };
        }
        if service.running == wanted && service.pending == 0 && look.enough_targets(wanted) {
            return Verdict::Steady;
        }
        let missing = service.running < wanted;
        if missing && primary.is_some_and(|primary| primary.rollout_state == Some(RolloutState::Failed)) {
            let reason = primary.and_then(|primary| primary.rollout_reason.as_deref());
            return failing(&look.because("the deployment failed, so ECS starts no tasks", reason));
        }
        let failed = look.failed.saturating_sub(self.failed_before);
        if missing && failed >= FailureThreshold::default().failures(wanted) {
            return failing(&look.because(&format!("{failed} tasks failed"), None));
        }
        if look.elapsed > patience(service, &[], None) {
            let running = service.running;
            return failing(
                &look.because(&format!("after {} {running} of {wanted} tasks run", spell(look.elapsed)), None),
            );
        }
        Verdict::Rolling
    }
}

/// One look at the service.
struct Look<'a> {
    service: &'a Service,
    targets: Option<TargetCounts>,
    new: Counts,
    old: Counts,
    failed: u32,
    elapsed: SignedDuration,
    now: Timestamp,
}

impl Look<'_> {
    /// The deployment followed, while it is where the service is heading.
    fn deployment(&self, own: &Deployment) -> Verdict {
        match &own.rollout_state {
            Some(RolloutState::Completed) => return Verdict::Steady,
            Some(RolloutState::Failed) => {
                return failing(&self.because("the deployment failed", own.rollout_reason.as_deref()));
            }
            // Without a rollout state the counts must tell.
            None if self.has_arrived() => return Verdict::Steady,
            Some(RolloutState::InProgress | RolloutState::Other(_)) | None => {}
        }
        let healthy = self.healthy_of_new();
        if healthy == 0 && self.failed >= FailureThreshold::default().failures(self.service.desired) {
            return failing(&self.because(&format!("{} tasks failed", self.failed), None));
        }
        let patience = patience(self.service, &[], None);
        if let Some(idle) = stuck(self.service, healthy, None, patience, self.now) {
            return failing(&self.because(&format!("no healthy task for {}", spell(idle)), None));
        }
        // Some tasks arrived, others do not, for reasons that do not pass by waiting.
        if self.elapsed > patience && assess(&Facts::new(self.service, self.now)).health == Health::Failing {
            let desired = self.service.desired;
            return failing(
                &self.because(&format!("{healthy} of {desired} tasks after {}", spell(self.elapsed)), None),
            );
        }
        Verdict::Rolling
    }

    fn has_arrived(&self) -> bool {
        let desired = self.service.desired;
        self.new.running >= desired && self.new.pending == 0 && self.old.running == 0 && self.enough_targets(desired)
    }

    fn enough_targets(&self, wanted: u32) -> bool {
        self.targets.is_none_or(|targets| targets.healthy >= wanted)
    }

    /// Tasks of the new deployment that certainly or possibly take traffic: healthy targets beyond what old tasks account for.
    fn healthy_of_new(&self) -> u32 {
        match self.targets {
            Some(targets) => self.new.running.min(targets.healthy.saturating_sub(self.old.running)),
            None => self.new.running,
        }
    }

    /// What happened with AWS's reason, or else the cause the service's events tell.
    fn because(&self, what: &str, reason: Option<&str>) -> String {
        let reason = reason.map(|reason| reason.trim_end_matches('.').to_owned()).filter(|reason| !reason.is_empty());
        match reason.or_else(|| cause(&Facts::new(self.service, self.now))) {
            Some(why) => format!("{what}: {why}"),
            None => what.to_owned(),
        }
    }
}

fn failing(why: &str) -> Verdict {
    Verdict::Failing { why: visible_short(why, WHY_LIMIT) }
}

fn counts(deployment: &Deployment) -> Counts {
    Counts { desired: deployment.desired, running: deployment.running, pending: deployment.pending }
}

/// The group that is least far decides, since a task serves only when all its groups find it healthy. Where a group may be
/// idle on purpose (blue/green), the one that is furthest does.
fn count_targets(service: &Service, groups: &[&[Target]]) -> Option<TargetCounts> {
    let counted = groups.iter().map(|targets| {
        let mut counts = TargetCounts { healthy: 0, total: 0 };
        for standing in targets.iter().map(|target| meaning(target).standing) {
            counts.healthy += u32::from(standing == Standing::Fine);
            counts.total += u32::from(standing != Standing::Leaving);
        }
        counts
    });
    if is_rolling(service) {
        counted.min_by_key(|group| group.healthy)
    } else {
        counted.max_by_key(|group| group.healthy)
    }
}

#[cfg(test)]
mod tests;
