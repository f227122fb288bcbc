//! The health of a service from its findings and its state: findings about the present say how bad it is; counts, targets
//! and the rollout decide where there are none; what could not be read is never fine.

use jiff::SignedDuration;

use super::{Assessment, Health, inactive};
use crate::diagnose::catalogue::Bearing;
use crate::diagnose::deployment::is_rolling;
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::progress::Progress;
use crate::diagnose::scene::{Group, Scene};
use crate::diagnose::target_health::Standing;
use crate::model::call::CallError;

/// How long targets may take to be registered.
const REGISTRATION: SignedDuration = SignedDuration::from_secs(60);

/// The health of a service and a headline, from ranked findings.
pub(in crate::diagnose) fn judge(scene: &Scene<'_>, findings: &[Finding]) -> Assessment {
    if let Some(words) = inactive(scene.service) {
        return Assessment::new(Health::Inactive, Some(words));
    }
    let progress = Progress::of(scene);
    let told = findings.iter().find(|finding| finding.bearing != Bearing::Hygiene && finding.severity < Severity::Info);
    let told = told.map(|finding| finding.short.as_ref().unwrap_or(&finding.title).clone());
    let present = findings.iter().flat_map(Finding::all).filter(|finding| finding.bearing == Bearing::Present);
    let shortage = shortage(scene, &progress);
    let of_findings = match present.map(|finding| finding.severity).min() {
        Some(Severity::Critical | Severity::Error) => Some(Health::Failing),
        Some(Severity::Warning) => Some(Health::Degraded),
        Some(Severity::Info) | None => None,
    };
    let of_state = shortage.as_ref().map(|(health, _)| *health);
    if let Some(health) = of_findings.into_iter().chain(of_state).min() {
        let words = if of_findings.is_some() { told } else { None };
        return Assessment::new(health, words.or(shortage.map(|(_, words)| words)));
    }
    if scene.service.desired == 0 {
        let health = if progress.under_way { Health::Deploying } else { Health::Healthy };
        return Assessment::new(health, Some("scaling in to 0".to_owned()));
    }
    let unread = unread(scene);
    if progress.under_way {
        return Assessment::new(Health::Deploying, Some(unread.unwrap_or_else(|| progress.words(scene))));
    }
    match unread {
        Some(words) => Assessment::new(Health::Unknown, Some(words)),
        None => Assessment::new(Health::Healthy, told),
    }
}

/// Fewer healthy tasks than desired, where no deployment in progress explains it.
fn shortage(scene: &Scene<'_>, progress: &Progress<'_>) -> Option<(Health, String)> {
    let service = scene.service;
    let (desired, running, pending) = (service.desired, service.running, service.pending);
    if running < desired && !progress.allows_fewer(scene) {
        let starting = if pending > 0 { format!(", {pending} starting") } else { String::new() };
        let health = if running == 0 && pending == 0 { Health::Failing } else { Health::Degraded };
        return Some((health, format!("{running} of {desired} tasks running{starting}")));
    }
    if progress.under_way || desired == 0 {
        return None;
    }
    let settled = scene.age().is_none_or(|age| age > REGISTRATION);
    if let Some(words) = few_targets(scene, desired.min(running)).filter(|_| settled) {
        return Some((Health::Degraded, words));
    }
    let unhealthy = progress.healthy < desired.min(running) && scene.groups.is_empty();
    let words = || format!("{} of {desired} tasks healthy", progress.healthy);
    (unhealthy && settled && scene.primary.is_some()).then(|| (Health::Degraded, words()))
}

/// Where a group has fewer healthy targets than there are tasks; with strategies that keep a group idle, where all groups
/// together have.
fn few_targets(scene: &Scene<'_>, wanted: u32) -> Option<String> {
    let known = || scene.groups.iter().filter(|group| group.targets.known().is_some());
    let healthy = |group: &Group<'_>| u32::try_from(group.own(Standing::Fine)).unwrap_or(u32::MAX);
    if !is_rolling(scene.service) {
        let all = known().fold(0_u32, |sum, group| sum.saturating_add(healthy(group)));
        let failing = known().any(|group| group.own(Standing::Failing) > 0);
        return (failing && all < wanted).then(|| format!("{all} of {wanted} tasks have a healthy target"));
    }
    let short = known().find(|group| healthy(group) < wanted)?;
    let total = short.own_total();
    if total == 0 {
        return Some(format!("no targets registered in {}", short.name()));
    }
    let waiting = short.own(Standing::Waiting);
    let waiting = if waiting > 0 { format!(", {waiting} without verdict yet") } else { String::new() };
    Some(format!("{}/{total} targets healthy{waiting}", healthy(short)))
}

/// Which read that would tell was denied or failed.
fn unread(scene: &Scene<'_>) -> Option<String> {
    let targets = scene.groups.iter().find_map(|group| group.targets.error()).map(|error| ("target health", error));
    let tasks = || scene.tasks.error().map(|error| ("tasks", error));
    let (what, error): (&str, &CallError) = targets.or_else(tasks)?;
    Some(format!("{what}: {}", error.kind.label()))
}
