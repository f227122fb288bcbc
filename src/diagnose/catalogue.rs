//! The kinds of findings: stable ids, how bad they usually are, how close to the root they stand, what they bring about,
//! and the page `ecsight explain` shows. Every family of rules lists its own; here they come together.

use super::finding::Severity;
use super::rules;

/// How close to the root a finding is, the closest first (catalogue section 0, causal ranking).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Configuration that is proven to be in the way.
    Blocker,
    /// AWS says why in its own words.
    AwsText,
    /// What a health check expects and gets.
    HealthCheck,
    /// Thresholds and periods.
    Timing,
    /// What the application does.
    Application,
    /// What can be seen from outside, whatever the cause.
    Symptom,
}

/// What can be seen of a fault. A finding that *is* such an effect is folded under one that *explains* it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Targets fail their health checks or are not used.
    UnhealthyTargets,
    /// Tasks are killed for failed health checks.
    HealthKills,
    /// Tasks never get to run.
    StartFailures,
    /// Tasks run and die.
    Deaths,
    /// Tasks cannot be placed.
    Unplaced,
    /// A deployment makes no progress.
    StuckDeployment,
    /// A deployment was given up.
    FailedDeployment,
    /// Fewer tasks than wanted, or the same death again and again.
    FewTasks,
    /// Clients get errors or no answer.
    Clients,
    /// The load balancer sends traffic to unhealthy targets for want of healthy ones.
    FailOpen,
}

/// What failing health checks bring about.
pub const CHECKS_FAIL: &[Effect] = &[
    Effect::UnhealthyTargets,
    Effect::HealthKills,
    Effect::StuckDeployment,
    Effect::FailedDeployment,
    Effect::FewTasks,
    Effect::Clients,
    Effect::FailOpen,
];

/// What tasks that never start bring about.
pub const STARTS_FAIL: &[Effect] =
    &[Effect::StartFailures, Effect::StuckDeployment, Effect::FailedDeployment, Effect::FewTasks, Effect::Clients];

/// What tasks that die bring about.
pub const TASKS_DIE: &[Effect] = &[
    Effect::Deaths,
    Effect::UnhealthyTargets,
    Effect::HealthKills,
    Effect::StuckDeployment,
    Effect::FailedDeployment,
    Effect::FewTasks,
    Effect::Clients,
    Effect::FailOpen,
];

/// What tasks that cannot be placed bring about.
pub const NOT_PLACED: &[Effect] = &[
    Effect::Unplaced,
    Effect::StartFailures,
    Effect::StuckDeployment,
    Effect::FailedDeployment,
    Effect::FewTasks,
    Effect::Clients,
];

/// What a finding says about the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bearing {
    /// It speaks of what is so now, and counts for the health of the service.
    Present,
    /// It speaks of something that is over; it counts for nothing but itself.
    Past,
    /// Configuration that works today; advice.
    Hygiene,
}

/// A kind of finding. Its texts are the page `ecsight explain` shows; paragraphs are separated by an empty line.
#[derive(Debug)]
pub struct Entry {
    /// Stable, public.
    pub id: &'static str,
    /// Number in the catalogue; sub-rules share the number of their rule.
    pub number: u16,
    /// How bad it usually is.
    pub severity: Severity,
    /// How close to the root.
    pub rank: Rank,
    /// What it is an instance of, if it can follow from something else.
    pub effect: Option<Effect>,
    /// What it brings about.
    pub explains: &'static [Effect],
    /// What it says about the present.
    pub bearing: Bearing,
    /// Ids of more general findings that are not reported beside it about the same thing (one id a fact).
    pub instead_of: &'static [&'static str],
    /// The title of its page.
    pub title: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// How it is decided: which fields, which values.
    pub decided: &'static str,
    /// How to fix it.
    pub fix: &'static str,
    /// Where the rule comes from: AWS documentation pages.
    pub sources: &'static [&'static str],
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Entry {}

/// A finding of the catalogue that is not implemented, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its id.
    pub id: &'static str,
    /// Number in the catalogue.
    pub number: u16,
    /// The reason, as a sentence.
    pub reason: &'static str,
}

/// All kinds of findings, in the order of their numbers.
pub fn entries() -> Vec<&'static Entry> {
    let mut entries: Vec<&'static Entry> =
        rules::FAMILIES.iter().flat_map(|family| family.entries.iter().copied()).collect();
    entries.sort_by_key(|entry| entry.number);
    entries
}

/// All findings of the catalogue that are not implemented, in the order of their numbers.
pub fn missing() -> Vec<Missing> {
    let mut missing: Vec<Missing> = rules::FAMILIES.iter().flat_map(|family| family.missing.iter().copied()).collect();
    missing.sort_by_key(|missing| missing.number);
    missing
}

/// The kind with this id.
pub fn entry(id: &str) -> Option<&'static Entry> {
    entries().into_iter().find(|entry| entry.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn ids_are_unique_and_pages_complete() {
        let mut seen = BTreeSet::new();
        for entry in entries() {
            assert!(seen.insert(entry.id), "{} occurs twice", entry.id);
            assert!(
                entry.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{} is public",
                entry.id
            );
            for text in [entry.title, entry.meaning, entry.decided, entry.fix] {
                assert!(!text.trim().is_empty(), "{} has an incomplete page", entry.id);
            }
            assert!(!entry.title.ends_with('.') && !entry.sources.is_empty(), "{}", entry.id);
            assert_eq!(super::entry(entry.id), Some(entry));
        }
        for missing in missing() {
            assert!(seen.insert(missing.id), "{} is implemented or missing twice", missing.id);
            assert!(!missing.reason.is_empty(), "{}", missing.id);
        }
    }

    #[test]
    fn what_is_more_specific_is_never_also_more_general() {
        let general: BTreeMap<&str, &[&str]> =
            entries().into_iter().map(|entry| (entry.id, entry.instead_of)).collect();
        for entry in entries() {
            let mut seen = BTreeSet::new();
            let mut next: Vec<&str> = entry.instead_of.to_vec();
            while let Some(id) = next.pop() {
                assert_ne!(id, entry.id, "{} replaces itself", entry.id);
                if seen.insert(id) {
                    next.extend(general.get(id).copied().unwrap_or_default());
                }
            }
        }
    }

    #[test]
    fn a_benign_note_brings_nothing_about() {
        for entry in entries().into_iter().filter(|entry| entry.severity == Severity::Info) {
            assert!(entry.explains.is_empty(), "{}", entry.id);
        }
    }
}
