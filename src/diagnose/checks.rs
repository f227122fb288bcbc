//! What was checked and how it ended: one line for every kind of check, whatever was found. A check whose reads were denied
//! or failed never says that all is well.
//!
//! Which reads a check needs follows from what a diagnosis asks for; which findings make it fail, from their numbers in
//! the catalogue.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::catalogue::Bearing;
use super::diagnosis::{Check, CheckName, CheckVerdict};
use super::finding::{Confidence, Finding, Severity};
use super::network;
use super::progress::Progress;
use super::rules::deployment::coverage::INSUFFICIENT_PERMISSIONS;
use super::rules::deployment::wanted_protection;
use super::scene::Scene;
use super::target_health::Standing;
use crate::model::call::{CallError, ErrorKind, Operation};
use crate::model::known::Known;
use crate::model::query::{Answer, Query};

/// All checks, in the order they are listed.
pub const ALL: [CheckName; 13] = [
    CheckName::TargetHealth,
    CheckName::HealthCheckSettings,
    CheckName::SecurityGroups,
    CheckName::NetworkAcls,
    CheckName::Routes,
    CheckName::ListenerRules,
    CheckName::TaskEgress,
    CheckName::StoppedTasks,
    CheckName::Deployments,
    CheckName::Placement,
    CheckName::Autoscaling,
    CheckName::Metrics,
    CheckName::Logs,
];

/// Which check a finding belongs to, by its number.
const NUMBERS: &[(RangeInclusive<u16>, CheckName)] = &[
    (1..=8, CheckName::HealthCheckSettings),
    (9..=14, CheckName::TargetHealth),
    (15..=16, CheckName::HealthCheckSettings),
    (17..=19, CheckName::TargetHealth),
    (20..=21, CheckName::HealthCheckSettings),
    (22..=23, CheckName::TargetHealth),
    (24..=24, CheckName::ListenerRules),
    (25..=41, CheckName::TargetHealth),
    (42..=43, CheckName::HealthCheckSettings),
    (44..=44, CheckName::TargetHealth),
    (45..=45, CheckName::HealthCheckSettings),
    (46..=46, CheckName::ListenerRules),
    (47..=49, CheckName::TargetHealth),
    (68..=69, CheckName::ListenerRules),
    (72..=73, CheckName::HealthCheckSettings),
    (89..=98, CheckName::StoppedTasks),
    (99..=100, CheckName::Logs),
    (101..=105, CheckName::StoppedTasks),
    (106..=106, CheckName::Placement),
    (107..=112, CheckName::StoppedTasks),
    (113..=113, CheckName::Logs),
    (120..=148, CheckName::StoppedTasks),
    (150..=175, CheckName::Placement),
    (176..=206, CheckName::Deployments),
    (210..=217, CheckName::Autoscaling),
    (228..=228, CheckName::Logs),
    (233..=233, CheckName::Metrics),
];

/// Which checks a denied operation leaves without an answer.
const OPERATIONS: &[(&str, &[CheckName])] = {
    use CheckName::{
        Autoscaling, Deployments, HealthCheckSettings, ListenerRules, Logs, Metrics, NetworkAcls, Placement, Routes,
        SecurityGroups, StoppedTasks, TargetHealth, TaskEgress,
    };
    &[
        ("ListTasks", &[StoppedTasks]),
        ("DescribeTasks", &[StoppedTasks]),
        ("DescribeTaskDefinition", &[StoppedTasks, TaskEgress]),
        ("ListServiceDeployments", &[Deployments]),
        ("DescribeServiceDeployments", &[Deployments]),
        ("DescribeServiceRevisions", &[Deployments]),
        ("ListTaskDefinitions", &[Deployments]),
        ("GetTaskProtection", &[Deployments]),
        ("DescribeAlarms", &[Deployments]),
        ("ListContainerInstances", &[Placement]),
        ("DescribeContainerInstances", &[Placement]),
        ("DescribeCapacityProviders", &[Placement]),
        ("DescribeTargetHealth", &[TargetHealth]),
        ("DescribeTargetGroups", &[HealthCheckSettings]),
        ("DescribeTargetGroupAttributes", &[HealthCheckSettings]),
        ("DescribeLoadBalancers", &[ListenerRules, SecurityGroups]),
        ("DescribeListeners", &[ListenerRules]),
        ("DescribeRules", &[ListenerRules]),
        ("DescribeSecurityGroups", &[SecurityGroups, TaskEgress]),
        ("DescribeNetworkAcls", &[NetworkAcls, TaskEgress]),
        ("DescribeRouteTables", &[Routes, TaskEgress]),
        ("DescribeSubnets", &[NetworkAcls, Routes, TaskEgress]),
        ("DescribeVpcEndpoints", &[TaskEgress]),
        ("DescribeVpcAttribute", &[TaskEgress]),
        ("DescribeVpcBlockPublicAccessOptions", &[TaskEgress]),
        ("DescribeVpcBlockPublicAccessExclusions", &[TaskEgress]),
        ("DescribeNetworkInterfaces", &[SecurityGroups, NetworkAcls, Routes]),
        ("DescribeInstances", &[SecurityGroups]),
        ("GetManagedPrefixListEntries", &[SecurityGroups]),
        ("DescribeScalableTargets", &[Autoscaling]),
        ("DescribeScalingActivities", &[Autoscaling]),
        ("GetMetricData", &[Metrics]),
        ("FilterLogEvents", &[Logs]),
        ("GetLogEvents", &[Logs]),
        ("DescribeLogGroups", &[Logs]),
    ]
};

/// How the reads of a check ended.
#[derive(Default)]
struct Reads<'a> {
    /// Reads the check cannot do without, that came.
    came: usize,
    /// Reads the check cannot do without, that were denied or failed.
    missing: Vec<CallError>,
    /// Other reads, or parts of reads, that were denied or failed.
    partly: Vec<CallError>,
    answers: Vec<&'a Answer>,
}

/// A query, with what came of it.
pub type Read<'a> = (Query, Known<&'a Answer>);

/// Everything a diagnosis looks at, given what it asks for.
pub fn reads<'a>(scene: &Scene<'a>, needs: &[Query]) -> Vec<Read<'a>> {
    let mut queries = needs.to_vec();
    let mut add = |query: Query| {
        if !queries.contains(&query) {
            queries.push(query);
        }
    };
    let protection = wanted_protection(&scene.facts);
    if !protection.is_empty() {
        add(Query::TaskProtection { cluster: scene.facts.cluster(), tasks: protection });
    }
    for group in &scene.groups {
        add(Query::TargetGroup { target_group: group.arn.clone() });
        add(Query::TargetHealth { target_group: group.arn.clone() });
    }
    let answers = scene.facts.answers;
    let answered = |query: Query| {
        let answer = answers.answer(&query);
        (query, answer)
    };
    queries.into_iter().map(answered).collect()
}

/// The check a query belongs to, and whether the check cannot do without it. Those about the network are judged where
/// paths are.
const fn purpose(query: &Query) -> Option<(CheckName, bool)> {
    Some(match query {
        Query::TargetHealth { .. } => (CheckName::TargetHealth, true),
        Query::TargetGroup { .. } => (CheckName::HealthCheckSettings, true),
        Query::TargetGroupAttributes { .. } => (CheckName::HealthCheckSettings, false),
        Query::Routing { .. } => (CheckName::ListenerRules, true),
        Query::Tasks { .. } => (CheckName::StoppedTasks, true),
        Query::TaskDefinition { .. } => (CheckName::StoppedTasks, false),
        Query::ServiceDeployments { .. } => (CheckName::Deployments, true),
        Query::ServiceRevisions { .. }
        | Query::LatestRevision { .. }
        | Query::TaskProtection { .. }
        | Query::Alarms { .. } => (CheckName::Deployments, false),
        Query::ContainerInstances { .. } => (CheckName::Placement, true),
        Query::CapacityProviders { .. } => (CheckName::Placement, false),
        Query::Scaling { .. } => (CheckName::Autoscaling, true),
        Query::Utilization { .. } => (CheckName::Metrics, true),
        Query::Traffic { .. } => (CheckName::Metrics, false),
        Query::Logs { .. } => (CheckName::Logs, true),
        Query::LogGroup { .. } => (CheckName::Logs, false),
        Query::Identity
        | Query::Clusters
        | Query::ServiceArns { .. }
        | Query::Services { .. }
        | Query::Subnets { .. }
        | Query::Vpc { .. }
        | Query::NetworkInterfaces { .. }
        | Query::LoadBalancerInterfaces { .. }
        | Query::Instances { .. }
        | Query::PrefixList { .. }
        | Query::LogEvents { .. }
        | Query::StartInsights { .. }
        | Query::InsightsResults { .. }
        | Query::StopInsights { .. }
        | Query::Metrics { .. }
        | Query::Loads { .. }
        | Query::AlarmsAbout { .. } => return None,
    })
}

fn sorted<'a>(reads: &[Read<'a>]) -> BTreeMap<CheckName, Reads<'a>> {
    let mut sorted: BTreeMap<CheckName, Reads<'a>> = BTreeMap::new();
    for (query, answer) in reads {
        let Some((check, needed)) = purpose(query) else { continue };
        let of_check = sorted.entry(check).or_default();
        match answer {
            Known::Known(answer) => {
                of_check.came += usize::from(needed);
                of_check.answers.push(answer);
                for error in answer.failures() {
                    // Tasks whose hosts are not known are known all the same.
                    if !matches!(answer, Answer::Tasks(_)) {
                        of_check.partly.push(error.clone());
                    }
                }
            }
            Known::Denied(error) | Known::Failed(error) if needed => of_check.missing.push(error.clone()),
            Known::Denied(error) | Known::Failed(error) => of_check.partly.push(error.clone()),
            Known::NotAsked => {}
        }
    }
    sorted
}

/// All checks in their order, given what was found.
pub fn checks<'a>(scene: &Scene<'a>, reads: &[Read<'a>], findings: &[Finding]) -> Vec<Check> {
    let sorted = sorted(reads);
    let none = Reads::default();
    let network = network::checks(scene);
    let found: Vec<&Finding> = findings.iter().flat_map(Finding::all).collect();
    ALL.iter()
        .map(|name| {
            let own = network.iter().find(|check| check.check == *name);
            own.cloned().unwrap_or_else(|| one(scene, *name, sorted.get(name).unwrap_or(&none), &found))
        })
        .collect()
}

fn one(scene: &Scene<'_>, name: CheckName, reads: &Reads<'_>, found: &[&Finding]) -> Check {
    let errors = || reads.missing.iter().chain(&reads.partly);
    let missing_permission =
        errors().find(|error| error.kind == ErrorKind::Denied).map(|error| error.operation.to_string());
    let (verdict, detail) = if let Some(wrong) = found.iter().find(|finding| breaks(finding, name)) {
        (CheckVerdict::Blocked, wrong.short.as_ref().unwrap_or(&wrong.title).clone())
    } else if let Some(why) = skipped(scene, name, reads) {
        (CheckVerdict::Skipped, why.to_owned())
    } else if let Some(error) = errors().next() {
        let verdict = if is_unknown(name, reads) { CheckVerdict::Unknown } else { CheckVerdict::Partial };
        (verdict, format!("{} {}", error.operation, error.kind.label()))
    } else {
        in_order(scene, name, reads)
    };
    Check { check: name, verdict, detail, missing_permission }
}

/// Whether a finding says that something is wrong with what a check looks at.
fn breaks(finding: &Finding, name: CheckName) -> bool {
    let number = finding.entry.number;
    let now = finding.bearing == Bearing::Present
        // A change that was rolled back is over, and still not what runs.
        || finding.bearing == Bearing::Past && name == CheckName::Deployments;
    now && finding.severity < Severity::Info
        && NUMBERS.iter().any(|(numbers, check)| *check == name && numbers.contains(&number))
}

/// Why there is nothing to check.
fn skipped(scene: &Scene<'_>, name: CheckName, reads: &Reads<'_>) -> Option<&'static str> {
    let behind_balancer = !scene.groups.is_empty();
    let asked = reads.came > 0 || !reads.missing.is_empty() || !reads.partly.is_empty();
    let off = scene.service.desired == 0 && scene.service.running == 0;
    let unscaled = || {
        reads.answers.iter().any(|answer| match answer {
            Answer::Scaling(scaling) => matches!(scaling.target, Known::Known(None)),
            _ => false,
        })
    };
    match name {
        CheckName::TargetHealth | CheckName::HealthCheckSettings | CheckName::ListenerRules if !behind_balancer => {
            Some("no target group")
        }
        CheckName::Placement if off => Some("no tasks are wanted"),
        // Where there are no container instances, events tell.
        CheckName::Placement => None,
        CheckName::Autoscaling if unscaled() => Some("not scaled automatically"),
        CheckName::Deployments if reads.missing.is_empty() && reads.partly.is_empty() => None,
        _ if !asked => Some("not asked"),
        _ => None,
    }
}

/// Whether what is left says nothing.
fn is_unknown(name: CheckName, reads: &Reads<'_>) -> bool {
    let half = |answer: &&&Answer| match answer {
        Answer::Routing(routing) => routing.listeners.known().is_none(),
        Answer::Scaling(scaling) => scaling.target.known().is_none(),
        _ => false,
    };
    let empty = reads.answers.iter().filter(half).count();
    let came = reads.came.saturating_sub(empty);
    match name {
        // Nothing was asked but what failed.
        CheckName::Placement => came == 0,
        _ => came == 0 && (empty > 0 || !reads.missing.is_empty()),
    }
}

/// The verdict when everything came and nothing is wrong.
fn in_order(scene: &Scene<'_>, name: CheckName, reads: &Reads<'_>) -> (CheckVerdict, String) {
    let passed = |detail: String| (CheckVerdict::Passed, detail);
    match name {
        CheckName::TargetHealth => {
            let count = |standing| scene.groups.iter().map(|group| group.own(standing)).sum::<usize>();
            let total: usize = scene.groups.iter().map(super::scene::Group::own_total).sum();
            let fine = count(Standing::Fine);
            let detail = format!("{fine} of {total} targets healthy");
            let failing = count(Standing::Failing) > 0 || fine == 0 && scene.service.desired > 0;
            (if failing { CheckVerdict::Partial } else { CheckVerdict::Passed }, detail)
        }
        CheckName::HealthCheckSettings => passed("nothing speaks against them".to_owned()),
        CheckName::ListenerRules => passed("listeners lead to the target groups".to_owned()),
        CheckName::StoppedTasks => passed(match scene.deaths_of_primary().count() {
            0 => "no task of the newest deployment failed".to_owned(),
            1 => "1 task of the newest deployment failed, and no more".to_owned(),
            some => format!("{some} tasks of the newest deployment failed, and nothing of it repeats"),
        }),
        CheckName::Deployments => passed(if Progress::of(scene).under_way {
            "in normal progress".to_owned()
        } else {
            "the newest deployment is complete".to_owned()
        }),
        CheckName::Placement => {
            let service = scene.service;
            if service.running.saturating_add(service.pending) >= service.desired {
                passed("all tasks are placed".to_owned())
            } else {
                (CheckVerdict::Partial, format!("{} of {} tasks placed", service.running, service.desired))
            }
        }
        CheckName::Autoscaling => passed("within its bounds".to_owned()),
        CheckName::Metrics => passed("CPU and memory are not short".to_owned()),
        CheckName::Logs => passed(format!("{} logs read", reads.came)),
        CheckName::SecurityGroups | CheckName::NetworkAcls | CheckName::Routes | CheckName::TaskEgress => {
            (CheckVerdict::Skipped, "not looked at".to_owned())
        }
    }
}

/// The finding that lists which permissions are missing and which checks that leaves open.
pub fn insufficient_permissions(scene: &Scene<'_>, reads: &[Read<'_>]) -> Option<Finding> {
    let mut denied: BTreeMap<Operation, CallError> = BTreeMap::new();
    for (_, answer) in reads {
        let errors: Vec<CallError> = match answer {
            Known::Denied(error) | Known::Failed(error) => vec![error.clone()],
            Known::Known(answer) => answer.failures().into_iter().cloned().collect(),
            Known::NotAsked => Vec::new(),
        };
        for error in errors.into_iter().filter(|error| error.kind == ErrorKind::Denied) {
            denied.entry(error.operation.clone()).or_insert(error);
        }
    }
    if denied.is_empty() {
        return None;
    }
    let actions: Vec<String> = denied.keys().map(ToString::to_string).collect();
    let listed = actions.join(", ");
    let title = match actions.as_slice() {
        [one] => format!("{one} is denied, so what it would tell is unknown"),
        several => format!("{} IAM actions are denied, so what they would tell is unknown", several.len()),
    };
    let mut finding = Finding::new(&INSUFFICIENT_PERMISSIONS, Confidence::Certain, title)
        .short(format!("denied: {listed}"))
        .explain(format!(
            "The credentials in use may not call {listed}. Checks that need it say \"unknown\" instead of \"passed\"; \
             everything else was checked."
        ));
    for (operation, error) in &denied {
        let checks = OPERATIONS.iter().find(|(name, _)| *name == operation.name).map_or(&[][..], |(_, checks)| *checks);
        let words: Vec<&str> = checks.iter().map(|check| check.as_str()).collect();
        let subject = if words.is_empty() { "checks".to_owned() } else { format!("checks {}", words.join(", ")) };
        finding = finding.evidence(operation.to_string(), subject, "error", scene.quote(&error.message));
    }
    Some(finding)
}

#[cfg(test)]
mod tests;
