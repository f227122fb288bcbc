//! Evidence that explains a state: what events and dead tasks say about the present.

use super::words::wrong_codes;
use super::{Finding, Health, REPEATED, Rank, State};
use crate::diagnose::evidence::{CHURN, Deaths, Tally, current_events};
use crate::diagnose::matcher::failing_codes;
use crate::diagnose::parse::events::Event;
use crate::diagnose::parse::stop_reason::{StopClass, start_failure};

impl State<'_> {
    pub(super) fn explain_by_events(&self, findings: &mut Vec<Finding>) {
        if self.impaired() {
            self.explain_impairment(findings);
        } else {
            self.look_for_churn(findings);
        }
    }

    fn explain_impairment(&self, findings: &mut Vec<Finding>) {
        let unplaced = self.unplaced();
        let mut unhealthy = 0;
        let mut newest_unhealthy = None;
        for (_, event) in current_events(self.service) {
            if let Event::Unhealthy { target_group, why, .. } = event {
                unhealthy += 1;
                newest_unhealthy =
                    newest_unhealthy.or_else(|| self.wrong_answer(target_group, why)).or_else(|| event.trouble());
            } else if let Some((health, rank)) = self.weigh(&event, unplaced) {
                let words = match event {
                    Event::Deadlock => Some(super::deadlock_words(self.service)),
                    _ => event.trouble(),
                };
                findings.extend(words.map(|words| Finding { health, rank, words }));
            }
        }
        // One unhealthy target heals by itself, and the state of the targets is better evidence where it is known. Where
        // every target is killed as soon as it has failed, any single look finds only new ones that wait for a verdict.
        let counts = self.healthy_of_primary().0 == 0 || !self.in_progress || unhealthy >= REPEATED;
        let seen_failing = self.tallies.iter().any(|tally| !tally.failing.is_empty());
        let all_wait = self.tallies.iter().all(|tally| tally.healthy == 0);
        if let Some(words) = newest_unhealthy.filter(|_| counts && !seen_failing && all_wait) {
            let health = if unhealthy == 1 { Health::Degraded } else { self.gravity(unhealthy) };
            findings.push(Finding { health, rank: Rank::HealthCheck, words: health_check(words) });
        }
    }

    /// What the health check wants and the application answers, by an event and the settings of the target group it names.
    fn wrong_answer(&self, target_group: &str, why: &str) -> Option<String> {
        let named =
            |tally: &&Tally<'_>| target_group == tally.group.as_str() || target_group == tally.group.group_name();
        let (words, accepted) = wrong_codes(self.tallies.iter().find(named)?, &failing_codes(why))?;
        (!accepted).then_some(words)
    }

    /// How bad an event is in a state that is not as it should be, and how close to the root. `unplaced` says whether tasks
    /// are missing that are not on their way: without that, an event about placing tasks is over.
    fn weigh(&self, event: &Event<'_>, unplaced: bool) -> Option<(Health, Rank)> {
        match event {
            Event::Deadlock if self.in_progress => Some((Health::Failing, Rank::Configuration)),
            Event::TargetMissing { whole_group: true, .. } => Some((Health::Failing, Rank::Configuration)),
            // A task that could not start is told as one that could not be placed, and keeps being tried.
            Event::NotPlaced { reason } if start_failure(reason).is_some() => Some((self.gravity(0), Rank::AwsSaysWhy)),
            Event::NoInstance { .. }
            | Event::NotPlaced { .. }
            | Event::ProvisioningLimit
            | Event::LaunchError { .. } => unplaced.then_some((Health::Failing, Rank::AwsSaysWhy)),
            Event::TargetGroupError { .. } | Event::IamChanged => Some((Health::Failing, Rank::AwsSaysWhy)),
            Event::NotPlacedInZone { .. } | Event::AgentTimeout | Event::NotSteady { .. } => {
                unplaced.then_some((Health::Degraded, Rank::AwsSaysWhy))
            }
            Event::NotLaunched { .. } => unplaced.then_some((Health::Failing, Rank::Symptom)),
            Event::Impaired => Some((Health::Failing, Rank::Symptom)),
            Event::Throttled { .. } => unplaced.then_some((Health::Degraded, Rank::Symptom)),
            _ => None,
        }
    }

    /// Whether tasks are missing that are not even on their way.
    fn unplaced(&self) -> bool {
        self.service.running.saturating_add(self.service.pending) < self.service.desired
            || self.in_progress
                && self.primary.is_some_and(|primary| primary.running.saturating_add(primary.pending) < primary.desired)
    }

    /// All tasks run, but they do not last: each is killed and replaced, so that any single look finds them running.
    fn look_for_churn(&self, findings: &mut Vec<Finding>) {
        if self.service.desired == 0 || !self.tallies.is_empty() {
            return;
        }
        let (mut unhealthy, mut replaced, mut impaired) = (0_u32, 0_u32, false);
        let mut words = None;
        let recent = |at: Option<jiff::Timestamp>| at.is_some_and(|at| self.now.duration_since(at) <= CHURN);
        for (_, event) in current_events(self.service).take_while(|(at, _)| recent(*at)) {
            match event {
                Event::Unhealthy { .. } => {
                    unhealthy += 1;
                    words = words.or_else(|| event.trouble().map(health_check));
                }
                Event::Started { replaced_unhealthy, .. } => replaced = replaced.saturating_add(replaced_unhealthy),
                Event::Impaired => impaired = true,
                _ => {}
            }
        }
        let times = unhealthy.max(replaced);
        let health = if self.in_progress { Health::Failing } else { Health::Degraded };
        if times >= REPEATED {
            let words = words.unwrap_or_else(|| format!("{replaced} unhealthy tasks replaced"));
            findings.push(Finding { health, rank: Rank::HealthCheck, words });
        } else if impaired {
            let words = "tasks keep failing to start".to_owned();
            findings.push(Finding { health, rank: Rank::Symptom, words });
        }
    }

    pub(super) fn explain_by_deaths(&self, findings: &mut Vec<Finding>) {
        let Some(Deaths { newest: Some(death), recent }) = &self.deaths else { return };
        let recent = u32::try_from(*recent).unwrap_or(u32::MAX);
        let accident = recent < 2 && self.is_progressing();
        let health = if self.impaired() && !accident {
            self.gravity(recent)
        } else if recent >= 2 {
            Health::Degraded
        } else {
            return;
        };
        let rank = match death.class {
            StopClass::LoadBalancerHealth | StopClass::ContainerHealth => Rank::HealthCheckOutcome,
            StopClass::EssentialContainerExited | StopClass::Unknown => Rank::Application,
            _ => Rank::AwsSaysWhy,
        };
        findings.push(Finding { health, rank, words: death.short.clone() });
    }

    /// A deployment whose tasks come up: one that failed was followed by one that did not, and the rest is on its way.
    fn is_progressing(&self) -> bool {
        self.in_progress
            && self.service.running >= self.service.desired
            && self.healthy_of_primary().0 > 0
            && self.primary.is_some_and(|primary| primary.failed == 0)
            && self.tallies.iter().all(|tally| tally.failing.is_empty())
    }
}

/// `app answers 503` alone does not say to whom.
fn health_check(words: String) -> String {
    if words.starts_with("app answers") { format!("health check: {words}") } else { words }
}
