//! From everything all rules found to the list that is shown: one finding a fact, the root causes first, what follows from
//! them folded under them (catalogue section 0, causal ranking).
//!
//! ```text
//!  findings ─▶ merge ─▶ most specific only ─▶ fold under causes ─▶ severity upwards ─▶ order
//! ```
//!
//! The result does not depend on the order in which rules found things.

use std::cmp::Ordering;

use super::catalogue::{Bearing, Effect, Rank};
use super::finding::{Evidence, Finding, Scope, Severity};

/// Most targets, tasks, zones or subnets a finding lists.
const LISTED: usize = 20;

/// Most pieces of evidence of one finding.
const EVIDENCE: usize = 16;

/// Stands first while nothing is wrong at present: everything is green, and yet the last change does not run.
const ROLLED_BACK: &str = "deployment-rolled-back";

/// Says more than that a deployment was given up, and stands above it.
const ROLLBACK_FAILED: &str = "deployment-rollback-failed";

/// Is always a consequence: without a cause it says nothing anybody could act on.
const FAIL_OPEN: &str = "lb-fail-open";

/// Is only true while nothing is in the way of the deployment, which no single rule can know.
const NORMAL: &str = "deployment-in-progress-normal";

/// Ranks what the rules found.
pub fn rank(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(order);
    let findings = most_specific(merge(findings));
    let mut findings = fold(findings);
    findings.retain(|finding| finding.id() != FAIL_OPEN);
    let trouble = findings.iter().flat_map(Finding::all).any(disturbs_deployment);
    findings.retain(|finding| finding.id() != NORMAL || !trouble);
    for finding in &mut findings {
        raise(finding);
    }
    sort(&mut findings);
    findings
}

/// The order of the list; total, so that it does not depend on who found what first.
fn order(one: &Finding, other: &Finding) -> Ordering {
    let key = |finding: &Finding| {
        (finding.severity, finding.bearing, finding.rank(), finding.confidence, finding.entry.number, finding.id())
    };
    key(one)
        .cmp(&key(other))
        .then_with(|| one.scope.cmp(&other.scope))
        .then_with(|| one.title.cmp(&other.title))
        .then_with(|| one.explanation.cmp(&other.explanation))
        .then_with(|| one.evidence.cmp(&other.evidence))
        .then_with(|| one.fix.cmp(&other.fix))
        .then_with(|| one.short.cmp(&other.short))
}

fn sort(findings: &mut [Finding]) {
    let fault = |finding: &Finding| finding.bearing == Bearing::Present && finding.severity <= Severity::Error;
    let fault = findings.iter().any(fault);
    let pinned = |finding: &Finding| !fault && finding.id() == ROLLED_BACK;
    findings.sort_by(|one, other| pinned(other).cmp(&pinned(one)).then_with(|| order(one, other)));
    for finding in findings {
        finding.consequences.sort_by(order);
    }
}

/// Findings with the same id about the same thing are one finding. The words are those of the worst of them.
fn merge(findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        let same = |one: &&mut Finding| {
            let (one, other) = (&one.scope, &finding.scope);
            one.target_group == other.target_group
                && one.deployment == other.deployment
                && one.task_definition == other.task_definition
                && one.containers == other.containers
        };
        match merged.iter_mut().filter(|one| one.entry == finding.entry).find(same) {
            Some(one) => unite(one, finding),
            None => merged.push(finding),
        }
    }
    merged
}

fn unite(one: &mut Finding, other: Finding) {
    one.severity = one.severity.min(other.severity);
    one.confidence = one.confidence.min(other.confidence);
    one.bearing = one.bearing.min(other.bearing);
    extend(&mut one.scope.targets, other.scope.targets, LISTED);
    extend(&mut one.scope.tasks, other.scope.tasks, LISTED);
    // No zone or subnet means all of them.
    narrowed(&mut one.scope.availability_zones, other.scope.availability_zones);
    narrowed(&mut one.scope.subnets, other.scope.subnets);
    extend::<Evidence>(&mut one.evidence, other.evidence, EVIDENCE);
    one.fix = one.fix.take().or(other.fix);
    one.short = one.short.take().or(other.short);
    one.consequences.extend(other.consequences);
}

fn extend<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>, limit: usize) {
    for item in more {
        if all.len() < limit && !all.contains(&item) {
            all.push(item);
        }
    }
}

fn narrowed(all: &mut Vec<String>, more: Vec<String>) {
    if more.is_empty() {
        all.clear();
    } else if !all.is_empty() {
        extend(all, more, LISTED);
    }
}

/// Drops the general form of what a more specific finding says. What is over does not replace what is so now.
fn most_specific(findings: Vec<Finding>) -> Vec<Finding> {
    let general = |finding: &Finding| {
        findings.iter().any(|specific| {
            specific.entry.instead_of.contains(&finding.id())
                && specific.bearing <= finding.bearing
                && !contradict(&specific.scope, &finding.scope)
        })
    };
    let general: Vec<bool> = findings.iter().map(general).collect();
    findings.into_iter().zip(general).filter(|(_, general)| !general).map(|(finding, _)| finding).collect()
}

/// Whether two scopes cannot be about the same thing.
fn contradict(one: &Scope, other: &Scope) -> bool {
    let differ = |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
    differ(&one.target_group, &other.target_group)
        || differ(&one.deployment, &other.deployment)
        || differ(&one.task_definition, &other.task_definition)
        || disjoint(&one.targets, &other.targets)
}

fn disjoint(one: &[String], other: &[String]) -> bool {
    // A list that was cut off proves nothing about what is not in it.
    let complete = one.len() < LISTED && other.len() < LISTED;
    complete && !one.is_empty() && !other.is_empty() && !one.iter().any(|item| other.contains(item))
}

/// Puts every finding that is an effect under the best cause of it.
fn fold(findings: Vec<Finding>) -> Vec<Finding> {
    let causes: Vec<Option<usize>> = findings
        .iter()
        .enumerate()
        .map(|(index, finding)| {
            let candidates = findings.iter().enumerate().filter(|(candidate, cause)| {
                *candidate != index && causes(cause, finding) && closer((*candidate, cause), (index, finding))
            });
            candidates.min_by(|one, other| closeness(*one).cmp(&closeness(*other))).map(|(cause, _)| cause)
        })
        .collect();
    let mut slots: Vec<Option<Finding>> = findings.into_iter().map(Some).collect();
    let roots = causes.iter().enumerate().filter(|(_, cause)| cause.is_none());
    roots.filter_map(|(root, _)| assemble(root, &causes, &mut slots)).collect()
}

/// Takes a finding out with everything that was put under it. Causes are strictly closer to the root, so this ends.
fn assemble(index: usize, causes: &[Option<usize>], slots: &mut [Option<Finding>]) -> Option<Finding> {
    let mut finding = slots.get_mut(index)?.take()?;
    for (child, cause) in causes.iter().enumerate() {
        if *cause == Some(index) {
            finding.consequences.extend(assemble(child, causes, slots));
        }
    }
    Some(finding)
}

/// Which of several causes is preferred, and what keeps symptoms from explaining each other in circles.
fn closeness(
    (index, finding): (usize, &Finding),
) -> (Rank, bool, Severity, super::finding::Confidence, bool, u16, usize) {
    // What clients notice comes last of all.
    let noticed = finding.effect() == Some(Effect::Clients);
    let below = finding.id() != ROLLBACK_FAILED;
    (finding.rank(), noticed, finding.severity, finding.confidence, below, finding.entry.number, index)
}

fn closer(cause: (usize, &Finding), effect: (usize, &Finding)) -> bool {
    // A deployment that was rolled back stands above the ways it failed.
    cause.1.id() == ROLLED_BACK
        || cause.1.rank() < effect.1.rank()
        || (effect.1.rank() == Rank::Symptom && closeness(cause) < closeness(effect))
}

/// Whether one finding brings the other about.
fn causes(cause: &Finding, effect: &Finding) -> bool {
    let Some(kind) = effect.effect() else { return false };
    cause.severity != Severity::Info
        && cause.entry.explains.contains(&kind)
        && (cause.bearing == effect.bearing || cause.bearing == Bearing::Present)
        && !apart(&cause.scope, &effect.scope, kind)
}

/// Whether the scopes of cause and effect cannot belong together. Tasks that are killed are other tasks than those whose
/// targets fail now, and they are no longer targets: lists are compared only where both speak of the same moment.
fn apart(cause: &Scope, effect: &Scope, kind: Effect) -> bool {
    let differ = |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
    let lists = match kind {
        Effect::UnhealthyTargets => disjoint(&cause.targets, &effect.targets),
        Effect::Deaths | Effect::StartFailures => disjoint(&cause.tasks, &effect.tasks),
        _ => false,
    };
    lists
        || differ(&cause.target_group, &effect.target_group)
        || differ(&cause.deployment, &effect.deployment)
        || differ(&cause.task_definition, &effect.task_definition)
}

/// Whether a deployment does not progress normally beside this.
fn disturbs_deployment(finding: &Finding) -> bool {
    const HOLDS_UP: [Effect; 2] = [Effect::StuckDeployment, Effect::FailedDeployment];
    let holds_up =
        HOLDS_UP.iter().any(|effect| finding.effect() == Some(*effect) || finding.entry.explains.contains(effect));
    finding.bearing == Bearing::Present
        && (finding.severity <= Severity::Error || finding.severity == Severity::Warning && holds_up)
}

/// A cause is as bad as the worst of what follows from it, so that the top level alone decides.
fn raise(finding: &mut Finding) {
    for consequence in &mut finding.consequences {
        raise(consequence);
    }
    let bearing = finding.bearing;
    let counts = |consequence: &&Finding| consequence.bearing == Bearing::Present || consequence.bearing == bearing;
    let worst = finding.consequences.iter().filter(counts).map(|consequence| consequence.severity).min();
    if finding.severity != Severity::Info {
        finding.severity = worst.map_or(finding.severity, |worst| worst.min(finding.severity));
    }
    finding.consequences.sort_by(order);
}

#[cfg(test)]
mod tests;
