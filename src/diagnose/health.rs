//! The health of a service in one word and a headline of a few more.
//!
//! ```text
//!  state (counts, rollout, targets) ── says how bad it is ──┐
//!                                                          ├─▶ Assessment
//!  evidence (events, dead tasks, reasons) ── says why ──────┘
//! ```
//!
//! Evidence alone never makes a service sick, unless the same happens again and again right now: a service that is steady
//! is healthy whatever its events say. It works
//! on what DescribeServices tells, which is all a list of thousands of services has, and better with more.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::deployment::{Bounds, in_progress, is_rolling, patience, stuck};
use super::evidence::{self, Deaths, Tally};
use super::stopped::spell;
use crate::model::arn::TargetGroupArn;
use crate::model::known::Known;
use crate::model::load_balancing::{Target, TargetGroup};
use crate::model::service::{Deployment, RolloutState, SchedulingStrategy, Service, ServiceStatus};
use crate::model::task::Task;
use crate::model::text::visible_short;

mod explain;
mod judge;
mod words;

pub(super) use judge::judge;

use words::{after_colon, deadlock_words, failing, not_in_use, waiting};

/// Longest headline, in characters: what a table cell can show of it.
pub const HEADLINE_LIMIT: usize = 60;

/// Failures in a row, or deaths in a quarter of an hour, from which on it is no accident.
const REPEATED: u32 = 3;

/// The health of a service. The order is that of urgency, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It does not work, or will not get where it should.
    Failing,
    /// It works in part.
    Degraded,
    /// What would tell was denied or failed. Unknown is not fine, so it comes before everything that is.
    Unknown,
    /// A deployment in normal progress.
    Deploying,
    /// Nothing is wrong.
    Healthy,
    /// Deleted, or nothing is wanted and nothing runs.
    Inactive,
}

impl Health {
    /// The word for it, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Deploying => "deploying",
            Self::Healthy => "healthy",
            Self::Inactive => "inactive",
        }
    }
}

/// What is known about a service. Only the first and the last are needed.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The service.
    pub service: &'a Service,
    /// Health of the targets of its groups, as far as it was asked for.
    pub targets: Vec<(&'a TargetGroupArn, Known<&'a [Target]>)>,
    /// Settings of its target groups, as far as they are at hand.
    pub target_groups: Vec<&'a TargetGroup>,
    /// Its running and lately stopped tasks, if they were asked for.
    pub tasks: Option<&'a [Task]>,
    /// The present, by AWS's clock.
    pub now: Timestamp,
}

impl<'a> Facts<'a> {
    /// What DescribeServices alone tells.
    pub const fn new(service: &'a Service, now: Timestamp) -> Self {
        Self { service, targets: Vec::new(), target_groups: Vec::new(), tasks: None, now }
    }
}

/// The health of a service and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The health.
    pub health: Health,
    /// A few words why, safe to show, at most [`HEADLINE_LIMIT`] characters and an ellipsis; nothing when all is well.
    pub headline: Option<String>,
}

impl Assessment {
    fn new(health: Health, headline: Option<String>) -> Self {
        Self { health, headline: headline.map(|words| visible_short(&words, HEADLINE_LIMIT)) }
    }
}

/// How close to the root a cause is (catalogue section 0, causal ranking), the closest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Configuration,
    AwsSaysWhy,
    HealthCheck,
    HealthCheckOutcome,
    Application,
    Symptom,
}

struct Finding {
    health: Health,
    rank: Rank,
    words: String,
}

/// Tells how a service is.
pub fn assess(facts: &Facts<'_>) -> Assessment {
    if let Some(words) = inactive(facts.service) {
        return Assessment::new(Health::Inactive, Some(words));
    }
    let state = State::new(facts);
    let findings = state.findings();
    let Some(health) = findings.iter().map(|finding| finding.health).min() else { return state.without_findings() };
    // The cause leads even when a symptom is what makes it as bad as it is.
    Assessment::new(health, leading(findings).map(|finding| finding.words))
}

/// The cause of what is wrong, if more than symptoms can be seen. Safe to show.
pub fn cause(facts: &Facts<'_>) -> Option<String> {
    let lead = leading(State::new(facts).findings()).filter(|finding| finding.rank < Rank::Symptom)?;
    Some(visible_short(&lead.words, HEADLINE_LIMIT))
}

fn leading(findings: Vec<Finding>) -> Option<Finding> {
    findings.into_iter().min_by_key(|finding| (finding.rank, finding.health))
}

/// Whether the service runs what a failed deployment was rolled back to, complete or on its way.
pub fn rolled_back(service: &Service) -> bool {
    service.primary_deployment().is_some_and(|primary| evidence::rollback(service, primary).is_some())
}

fn inactive(service: &Service) -> Option<String> {
    match service.status {
        ServiceStatus::Draining => Some("being deleted".to_owned()),
        ServiceStatus::Inactive => Some("deleted".to_owned()),
        ServiceStatus::Active | ServiceStatus::Other(_) => {
            let idle = service.desired == 0 && service.running == 0 && service.pending == 0;
            idle.then(|| match service.scheduling {
                SchedulingStrategy::Replica => "desired 0".to_owned(),
                SchedulingStrategy::Daemon => "no container instance to run on".to_owned(),
            })
        }
    }
}

/// The present, derived once from the facts.
struct State<'a> {
    service: &'a Service,
    primary: Option<&'a Deployment>,
    tallies: Vec<Tally<'a>>,
    /// Why the health of targets is not known, if asking for it failed.
    unread: Option<&'a Known<&'a [Target]>>,
    deaths: Option<Deaths>,
    tasks: Option<&'a [Task]>,
    in_progress: bool,
    age: Option<SignedDuration>,
    patience: SignedDuration,
    now: Timestamp,
}

impl<'a> State<'a> {
    fn new(facts: &'a Facts<'a>) -> Self {
        let service = facts.service;
        let primary = service.primary_deployment();
        let settings_of = |arn: &TargetGroupArn| facts.target_groups.iter().find(|group| group.arn == *arn).copied();
        let tallies = facts.targets.iter().filter_map(|(group, targets)| {
            let id = primary.map(|primary| primary.id.as_str());
            Some(Tally::new(group, targets.known()?, settings_of(group), facts.tasks, id))
        });
        let checks: Vec<_> = facts.target_groups.iter().map(|group| &group.health_check).collect();
        Self {
            service,
            primary,
            tallies: tallies.collect(),
            unread: facts.targets.iter().map(|(_, targets)| targets).find(|targets| targets.error().is_some()),
            deaths: facts.tasks.map(|tasks| evidence::deaths(tasks, primary, facts.now)),
            tasks: facts.tasks,
            in_progress: in_progress(service),
            age: primary.and_then(|primary| primary.created_at).map(|created| facts.now.duration_since(created)),
            patience: patience(service, &checks, None),
            now: facts.now,
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.judge_targets(&mut findings);
        self.judge_rollout(&mut findings);
        self.judge_counts(&mut findings);
        self.explain_by_events(&mut findings);
        self.explain_by_deaths(&mut findings);
        findings
    }

    fn failed_rollout(&self) -> bool {
        self.primary.is_some_and(|primary| primary.rollout_state == Some(RolloutState::Failed))
    }

    /// Healthy tasks of the primary deployment, as well as the facts allow, with the start of the newest.
    fn healthy_of_primary(&self) -> (u32, Option<Timestamp>) {
        let Some(primary) = self.primary else { return (self.service.running, None) };
        // Every group must find a task healthy, except where all groups but one are idle.
        let idle_groups = !is_rolling(self.service);
        let by_target = self.tallies.iter().filter_map(|tally| tally.primary);
        let by_target = if idle_groups {
            by_target.max_by_key(|tally| tally.healthy)
        } else {
            by_target.min_by_key(|tally| tally.healthy)
        };
        if let Some(tally) = by_target {
            return (tally.healthy, tally.newest_healthy);
        }
        let healthy = self.tallies.iter().map(|tally| tally.healthy);
        let healthy_at_all = if idle_groups { healthy.max() } else { healthy.min() }.unwrap_or(u32::MAX);
        // The counts of DescribeServices and the list of tasks can be seconds apart; only what is unhealthy is taken off.
        let (unhealthy, newest) =
            self.tasks.map(|tasks| evidence::unhealthy_of(tasks, &primary.id)).unwrap_or_default();
        let running = primary.running.saturating_sub(unhealthy);
        (running.min(healthy_at_all), newest)
    }

    /// Whether anything is not as it should be, so that evidence may be looked for.
    fn impaired(&self) -> bool {
        self.service.running < self.service.desired
            || self.failed_rollout()
            || self.in_progress && self.healthy_of_primary().0 < self.service.desired
            || self.tallies.iter().any(|tally| !tally.failing.is_empty())
    }

    /// How bad trouble with tasks is: failing when nothing of the newest deployment works or it is no accident.
    fn gravity(&self, times: u32) -> Health {
        let nothing = self.healthy_of_primary().0 == 0;
        if nothing || self.failed_rollout() || times >= REPEATED { Health::Failing } else { Health::Degraded }
    }

    fn judge_targets(&self, findings: &mut Vec<Finding>) {
        let desired = self.service.desired;
        let of_all_groups: u32 = self.tallies.iter().map(|tally| tally.healthy).sum();
        let rolling = is_rolling(self.service);
        for tally in &self.tallies {
            let serving = if rolling { tally.healthy } else { of_all_groups };
            if rolling && !tally.not_in_use.is_empty() {
                let health = if tally.healthy == 0 { Health::Failing } else { Health::Degraded };
                findings.push(Finding { health, rank: Rank::Configuration, words: not_in_use(tally) });
            }
            if !tally.failing.is_empty() && !self.in_grace(tally) {
                let all_new_fail =
                    tally.primary.is_some_and(|new| self.in_progress && new.failing > 0 && new.failing == new.total);
                let (words, recovering) = failing(tally, self.in_progress);
                let health = match () {
                    () if recovering => Health::Degraded,
                    () if serving.saturating_mul(2) < desired || all_new_fail => Health::Failing,
                    () => Health::Degraded,
                };
                findings.push(Finding { health, rank: Rank::HealthCheck, words });
            } else if rolling && !self.in_progress && tally.failing.is_empty() && self.settled() {
                let missing = tally.healthy < desired.min(self.service.running) && tally.not_in_use.is_empty();
                if missing {
                    findings.push(Finding { health: Health::Degraded, rank: Rank::Symptom, words: waiting(tally) });
                }
            }
        }
    }

    /// Old enough that targets had time to be registered.
    fn settled(&self) -> bool {
        self.age.is_none_or(|age| age > SignedDuration::from_secs(60))
    }

    /// Within the grace period ECS does not act on failed checks, since the application may be starting. A code from below
    /// 500 comes from an application that has started.
    fn in_grace(&self, tally: &Tally<'_>) -> bool {
        let grace = self.service.health_check_grace_period_seconds.unwrap_or(0);
        let young = self.age.is_some_and(|age| age < SignedDuration::from_secs(i64::from(grace)));
        self.in_progress && young && tally.codes().iter().all(|code| *code >= 500)
    }

    fn judge_rollout(&self, findings: &mut Vec<Finding>) {
        let Some(primary) = self.primary else { return };
        if self.failed_rollout() {
            let words = format!("deployment failed{}", after_colon(primary.rollout_reason.as_deref()));
            findings.push(Finding { health: Health::Failing, rank: Rank::Symptom, words });
        }
        let (healthy, newest) = self.healthy_of_primary();
        let again_and_again = self.in_progress && primary.failed >= REPEATED;
        if primary.failed > 0 && (healthy < self.service.desired || again_and_again) {
            let words = match primary.failed {
                1 => "1 new task failed".to_owned(),
                failed => format!("{failed} new tasks failed in a row"),
            };
            findings.push(Finding { health: self.gravity(primary.failed), rank: Rank::Symptom, words });
        }
        if !self.in_progress {
            return;
        }
        if let Some(rollback) = evidence::rollback(self.service, primary) {
            let words = self.rollback_words("rolling back", &rollback);
            findings.push(Finding { health: Health::Failing, rank: Rank::Symptom, words });
        }
        if self.is_deadlocked(primary) {
            findings.push(Finding {
                health: Health::Failing,
                rank: Rank::Configuration,
                words: deadlock_words(self.service),
            });
        }
        if let Some(idle) = stuck(self.service, healthy, newest, self.patience, self.now) {
            let words = format!("stuck for {}: {healthy} of {} new tasks healthy", spell(idle), self.service.desired);
            findings.push(Finding { health: Health::Failing, rank: Rank::Symptom, words });
        }
    }

    /// By arithmetic alone, without the event that says so: old tasks fill the service, and no new one has come for a minute.
    fn is_deadlocked(&self, primary: &Deployment) -> bool {
        let old = self.service.older_deployments().fold(0_u32, |sum, old| sum.saturating_add(old.running));
        Bounds::of(self.service).is_some_and(|bounds| bounds.is_deadlock(self.service.desired))
            && primary.running == 0
            && primary.pending == 0
            && old >= self.service.desired
            && self.settled()
    }

    fn judge_counts(&self, findings: &mut Vec<Finding>) {
        let Service { desired, running, pending, .. } = *self.service;
        let starting = if pending > 0 { format!(", {pending} starting") } else { String::new() };
        // A new service starts below its count, and a deployment may go down to its lower bound while it replaces tasks.
        let young = self.age.is_none_or(|age| age <= self.patience);
        let within_bounds = Bounds::of(self.service).is_some_and(|bounds| running >= bounds.lower.max(1));
        let normal = self.in_progress && (young || within_bounds);
        if running < desired && !normal {
            let health = if running == 0 && pending == 0 { Health::Failing } else { Health::Degraded };
            let words = format!("{running} of {desired} tasks running{starting}");
            findings.push(Finding { health, rank: Rank::Symptom, words });
        }
    }

    fn rollback_words(&self, beginning: &str, rollback: &evidence::Rollback<'_>) -> String {
        let death = rollback
            .failed
            .zip(self.tasks)
            .and_then(|(failed, tasks)| evidence::deaths_of(tasks, failed, self.now).newest.map(|death| death.short));
        match death.as_deref().or(rollback.why) {
            // Who rolls back has killed them.
            Some(why) => format!("{beginning}: {}", why.strip_prefix("killed: ").unwrap_or(why)),
            None => beginning.to_owned(),
        }
    }

    /// What is left when nothing is wrong as far as we can see.
    fn without_findings(&self) -> Assessment {
        if self.service.desired == 0 {
            let health = if self.in_progress { Health::Deploying } else { Health::Healthy };
            return Assessment::new(health, Some("scaling in to 0".to_owned()));
        }
        let unread = self.unread.and_then(Known::error).map(|error| format!("target health: {}", error.kind.label()));
        if self.in_progress {
            return Assessment::new(Health::Deploying, Some(unread.unwrap_or_else(|| self.progress_words())));
        }
        if unread.is_some() {
            return Assessment::new(Health::Unknown, unread);
        }
        let rollback = self.primary.and_then(|primary| evidence::rollback(self.service, primary));
        Assessment::new(Health::Healthy, rollback.map(|rollback| self.rollback_words("rolled back", &rollback)))
    }

    fn progress_words(&self) -> String {
        if self.tallies.iter().any(|tally| !tally.failing.is_empty()) {
            return "health checks fail, grace period is running".to_owned();
        }
        let (healthy, _) = self.healthy_of_primary();
        let desired = self.service.desired;
        if healthy >= desired {
            return "new tasks run, old ones leave".to_owned();
        }
        let counted = if self.tallies.is_empty() { "running" } else { "healthy" };
        format!("{healthy} of {desired} new tasks {counted}")
    }
}

#[cfg(test)]
mod tests;
