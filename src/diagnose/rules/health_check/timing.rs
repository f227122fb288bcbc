//! Time: tasks that are still starting, tasks ECS kills before they have started, thresholds that leave no time (catalogue
//! 3.11, 19 to 21, 35 and 36).

use jiff::SignedDuration;

use super::connection::expected_ports;
use super::failing::{Balancer, Checks, Said, runs};
use super::logs::{Journal, Ready};
use super::pages::timing::{AGGRESSIVE, GRACE, INITIAL_TOO_LONG, SLOW_START, STILL_STARTING};
use super::report::{ATTRIBUTES, LOGS, Lot, SERVICES, TASKS, label, update};
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope};
use crate::diagnose::network::Verdict;
use crate::diagnose::parse::events::Event;
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::scene::{Dead, Place};
use crate::diagnose::target_health::Standing;
use crate::model::load_balancing::TargetState;
use crate::model::service::RolloutState;
use crate::model::task::Task;

/// Between the verdict of the load balancer and the end of a task ECS may take this long.
const SLACK: i64 = 60;

/// From this grace period on, nothing but a start time seen in a log proves that it is too short.
const SHORT_GRACE: i64 = 60;

/// A target may take this long to be registered.
const REGISTRATION: i64 = 300;

const fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// Whether a target is within the time ECS gives its task, and nothing happened to its siblings.
pub(super) fn is_young(checks: &Checks<'_, '_>, place: &Place<'_>) -> bool {
    let age = checks.scene.since(place.task.and_then(|task| task.started_at));
    checks.kills.is_empty()
        && age.is_some_and(|age| age < seconds(checks.grace()))
        && place.task.is_some_and(|task| runs(task, checks.container()))
}

/// Tells of targets within their grace period: those that fail and are excused, and those that wait.
pub(super) fn still_starting(checks: &Checks<'_, '_>, excused: Vec<Lot<'_, '_>>, findings: &mut Vec<Finding>) {
    let mut lot = Lot::of(excused.into_iter().flat_map(|lot| lot.places).collect());
    let waits = |place: &&Place<'_>| place.target.state == TargetState::Initial && is_young(checks, place);
    lot.places.extend(checks.own.iter().copied().filter(waits));
    let Some(task) = lot.task() else { return };
    let grace = checks.grace();
    let limit = grace.max(checks.verdict_seconds().unwrap_or(0));
    let age = checks.scene.since(task.started_at).map_or(0, |age| age.as_secs());
    let left = limit.saturating_sub(age).max(0);
    let mut finding = checks
        .finding(&STILL_STARTING, Confidence::High, &lot, format!("{} still within the grace period", count(&lot)))
        .short("tasks are still starting")
        .explain(format!(
            "ECS does not act on the health of a task for {grace} s after its start. The newest task has run for {age} s; if it \
             is unhealthy in {left} s, ECS replaces it."
        ));
    finding = with_grace(checks, finding);
    findings.push(finding.evidence(
        TASKS,
        format!("task {}", task.arn.short_id()),
        "derived: now - startedAt",
        format!("{age} s"),
    ));
}

fn count(lot: &Lot<'_, '_>) -> String {
    match lot.places.len() {
        1 => "1 target is".to_owned(),
        many => format!("{many} targets are"),
    }
}

fn with_grace(checks: &Checks<'_, '_>, finding: Finding) -> Finding {
    let service = checks.scene.service;
    let value =
        service.health_check_grace_period_seconds.map_or_else(|| "absent".to_owned(), |grace| grace.to_string());
    finding.evidence(SERVICES, format!("service {}", service.name), "healthCheckGracePeriodSeconds", value)
}

/// Proof that ECS kills tasks before they have started.
pub(super) struct TooShort<'k, 's, 'a> {
    kills: Vec<&'s Dead<'a>>,
    /// What a log says, or nothing: then no task ever was healthy.
    told: Option<(&'k Journal<'a>, Ready<'a>)>,
    /// Unhealthy threshold × interval, in seconds.
    verdict: i64,
}

impl TooShort<'_, '_, '_> {
    /// Whether a log proves it.
    pub(super) const fn is_told(&self) -> bool {
        self.told.is_some()
    }
}

/// Looks for that proof. `proven` says that something else was proven against these targets.
pub(super) fn too_short<'k, 's, 'a>(checks: &'k Checks<'s, 'a>, proven: bool) -> Option<TooShort<'k, 's, 'a>> {
    let primary = checks.scene.primary?;
    let (verdict, interval, grace) = (checks.verdict_seconds()?, checks.interval()?, checks.grace());
    if proven || primary.rollout_state == Some(RolloutState::Completed) || was_steady(checks) {
        return None;
    }
    let lived_at_most = seconds(grace + verdict + interval + SLACK);
    let kills: Vec<&Dead<'_>> = checks
        .kills
        .iter()
        .copied()
        .filter(|dead| dead.death.lived.is_some_and(|lived| lived <= lived_at_most))
        .collect();
    let current = kills.first().and_then(|dead| checks.scene.since(dead.at));
    if kills.len() < 2 || current.is_none_or(|age| age > SignedDuration::from_mins(30)) || !checks.is_short() {
        return None;
    }
    let blocked = |place: &&Place<'_>| matches!(place.check_path, Verdict::Blocked | Verdict::Partial);
    let said: Vec<Said> = checks
        .failing()
        .filter(|place| place.of_primary)
        .map(Said::of)
        .chain(checks.heard.iter().map(|(_, said)| said.clone()))
        .collect();
    if checks.own.iter().copied().any(|place| blocked(&place)) || !said.iter().all(Said::may_heal) {
        return None;
    }
    let allowed = seconds(grace.max(verdict));
    let ports = expected_ports(checks, checks.own.first().copied());
    let journals = || checks.journals.iter().filter(|journal| is_of(journal.task, primary));
    if journals().filter_map(|journal| journal.listened(&ports)).any(|ready| ready.after <= allowed) {
        return None;
    }
    let told = journals()
        .flat_map(|journal| {
            [journal.start_told(), journal.listened(&ports)].into_iter().flatten().map(move |ready| (journal, ready))
        })
        .max_by_key(|(_, ready)| ready.after);
    match told {
        Some((_, ready)) if ready.after <= allowed => None,
        Some(told) => Some(TooShort { kills, told: Some(told), verdict }),
        None => never_healthy(checks, &said).then_some(TooShort { kills, told: None, verdict }),
    }
}

fn is_of(task: &Task, primary: &crate::model::service::Deployment) -> bool {
    match task.started_by.as_deref() {
        Some(by) if by.starts_with("ecs-svc/") => by == primary.id,
        _ => task.task_definition == primary.task_definition,
    }
}

/// Whether the present deployment has been healthy before.
fn was_steady(checks: &Checks<'_, '_>) -> bool {
    let Some(primary) = checks.scene.primary else { return false };
    let of_present = checks
        .scene
        .history
        .iter()
        .take_while(|heard| primary.created_at.is_some_and(|began| heard.at.is_some_and(|at| at >= began)));
    of_present.into_iter().any(|heard| match &heard.event {
        Event::SteadyState => true,
        Event::DeploymentCompleted { deployment } => *deployment == primary.id,
        _ => false,
    })
}

/// Whether no task of the new revision ever was healthy, nothing but the health checks ends its tasks, and what is known of
/// them is that nobody answers although packets get through.
fn never_healthy(checks: &Checks<'_, '_>, said: &[Said]) -> bool {
    let network = checks.balancer() == Balancer::Network;
    let reached = |said: &Said| match said {
        Said::Refusal => !network,
        _ => false,
    };
    let open = !checks.own.is_empty() && checks.own.iter().all(|place| place.check_path == Verdict::Open);
    let silent = said.iter().all(|said| matches!(said, Said::Refusal | Said::Silence));
    let healthy = checks.healthy().any(|place| place.of_primary);
    let otherwise = checks.scene.deaths_of_primary().any(|dead| dead.death.class != StopClass::LoadBalancerHealth);
    let began = checks.scene.primary.and_then(|primary| primary.created_at);
    let first = checks.scene.service.older_deployments().next().is_some()
        || checks.scene.service.created_at.is_some() && began.is_some();
    !said.is_empty()
        && silent
        && (open || said.iter().all(reached))
        && !healthy
        && !otherwise
        && first
        && checks.grace() < SHORT_GRACE
}

/// Tells that the grace period is too short.
pub(super) fn grace_finding(checks: &Checks<'_, '_>, proof: &TooShort<'_, '_, '_>) -> Finding {
    let (grace, verdict) = (checks.grace(), proof.verdict);
    let allowed = grace.max(verdict);
    let recovery = checks.recovery_seconds().and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0);
    let start = proof.told.as_ref().map(|(_, ready)| ready.after.as_secs().saturating_add(1));
    // Once called unhealthy, a target has to pass several checks before the grace period ends.
    let goal = start.map_or_else(|| (2 * allowed).max(180), |start| start + recovery);
    let goal = goal.max(60).saturating_add(29) / 30 * 30;
    let lived: Vec<String> = proof
        .kills
        .iter()
        .take(3)
        .filter_map(|dead| dead.death.lived)
        .map(|lived| format!("{} s", lived.as_secs()))
        .collect();
    let (sure, title) = match start {
        Some(start) => (
            Confidence::High,
            format!("The app needs {start} s to start, but ECS kills tasks that are unhealthy after {allowed} s"),
        ),
        None => (
            Confidence::Medium,
            format!("ECS kills new tasks that are unhealthy after {allowed} s, and none has got healthy by then"),
        ),
    };
    let seen = match start {
        Some(start) => format!(
            "The log shows that the start takes {start} s. To be safe, the grace period has to cover the start and the checks \
             that call the target healthy again: {start} s + {recovery} s, rounded up to {goal} s."
        ),
        None => "No log line shows a task of this revision listening, and none of its targets has been healthy. An application \
                 that listens on another port looks the same: compare if a longer grace period does not help."
            .to_owned(),
    };
    let explanation = format!(
        "The grace period is {grace} s. The load balancer calls a target unhealthy after threshold x interval = {verdict} s, and \
         ECS kills the task as soon as it is unhealthy and the grace period is over, so a task has {allowed} s. {} tasks of this \
         deployment were killed after {}. {seen}",
        proof.kills.len(),
        lived.join(", ")
    );
    let service = checks.scene.service;
    let cluster = checks.scene.facts.cluster();
    let goal_text = goal.to_string();
    let primary = checks.scene.primary;
    let scope = Scope {
        deployment: primary.map(|primary| primary.id.clone()),
        task_definition: primary.map(|primary| primary.task_definition.name().to_owned()),
        target_group: Some(checks.group.arn.as_str().to_owned()),
        tasks: proof.kills.iter().take(20).map(|dead| dead.task.arn.name().to_owned()).collect(),
        containers: checks.container().map(ToOwned::to_owned).into_iter().collect(),
        ..Scope::default()
    };
    let mut finding = Finding::new(&GRACE, sure, title)
        .scope(scope)
        .short(start.map_or_else(
            || format!("killed after {allowed} s, before it is healthy"),
            |start| format!("start takes {start} s, killed after {allowed} s"),
        ))
        .explain(explanation);
    finding = with_grace(checks, finding);
    finding = checks
        .settings_of(finding, &["UnhealthyThresholdCount", "HealthCheckIntervalSeconds", "HealthyThresholdCount"]);
    for dead in proof.kills.iter().take(2) {
        let subject = format!("task {}", dead.task.arn.short_id());
        let reason = dead.task.stopped_reason.as_deref().unwrap_or("absent");
        finding = finding.evidence(TASKS, &subject, "stoppedReason", checks.scene.quote(reason));
        if let Some(lived) = dead.death.lived {
            finding =
                finding.evidence(TASKS, &subject, "derived: stoppingAt - startedAt", format!("{} s", lived.as_secs()));
        }
    }
    if let Some((journal, ready)) = &proof.told {
        let subject = format!("log stream {} at {}", journal.stream.stream, ready.line.at);
        finding = finding.evidence(LOGS, subject, "message", checks.scene.quote(&ready.line.message));
    }
    let failing: Vec<&Place<'_>> = checks.failing().filter(|place| place.of_primary).take(3).collect();
    let heard =
        if failing.is_empty() { checks.heard.iter().map(|(heard, _)| *heard).take(2).collect() } else { Vec::new() };
    finding = checks.quoting(finding, &Lot { places: failing, heard });
    finding.fix(
        Fix::new(format!("Give tasks {goal} s before their health counts; this starts no new deployment"))
            .aws(update(cluster.as_str(), &service.name, &["--health-check-grace-period-seconds", &goal_text]))
            .terraform(format!("aws_ecs_service.{} → health_check_grace_period_seconds = {goal}", label(&service.name)))
            .eta(u64::try_from(start.unwrap_or(allowed) + recovery).ok()),
    )
}

/// Settings so strict that short stalls kill, where that is what happens.
pub(super) fn aggressive(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    let Some(check) = checks.check() else { return };
    let (Some(verdict), Some(interval), Some(timeout), Some(threshold)) =
        (checks.verdict_seconds(), check.interval_seconds, check.timeout_seconds, check.unhealthy_threshold)
    else {
        return;
    };
    let strict = verdict < 20 || timeout >= interval || interval <= 5 && threshold == 2;
    let silences = checks.heard.iter().filter(|(_, said)| *said == Said::Silence).count();
    if !strict || checks.kills.len() < 2 || silences < 2 {
        return;
    }
    let slowest = checks.group.routing.iter().filter_map(|(balancer, _)| {
        let traffic = checks.scene.facts.traffic(balancer, checks.group.arn);
        traffic.known()?.response_time_p99.iter().map(|sample| sample.value).reduce(f64::max)
    });
    let Some(slowest) = slowest.reduce(f64::max).filter(|slowest| *slowest > f64::from(timeout) / 2.0) else { return };
    let lot = Lot { places: Vec::new(), heard: checks.heard.iter().map(|(heard, _)| *heard).collect() };
    let finding = checks
        .finding(
            &AGGRESSIVE,
            Confidence::High,
            &lot,
            format!("Health checks give up after {verdict} s, and answers take up to {slowest:.1} s"),
        )
        .short(format!("health checks give up after {verdict} s"))
        .explain(format!(
            "{threshold} checks in a row that take longer than {timeout} s, {interval} s apart, make a target unhealthy. The 99th \
             percentile of the response time was up to {slowest:.1} s in the last quarter of an hour, so short stalls are enough \
             to have tasks killed: {} of this deployment were.",
            checks.kills.len()
        ));
    let finding = checks
        .settings_of(finding, &["HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "UnhealthyThresholdCount"])
        .evidence(
            "cloudwatch:GetMetricData",
            format!("target group {}", checks.group.name()),
            "derived: highest p99 of TargetResponseTime in 15 minutes",
            format!("{slowest:.2} s"),
        );
    findings.push(finding.fix(checks.group_fix(
        "Check less often and give up later",
        &["--health-check-interval-seconds", "15", "--unhealthy-threshold-count", "3"],
        "health_check { interval = 15, unhealthy_threshold = 3 }",
    )));
}

/// Targets that wait for their first verdict for too long.
pub(super) fn waits_too_long(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    let Some(verdict) = checks.verdict_seconds() else { return };
    let limit = seconds(verdict + REGISTRATION);
    let late = |place: &&Place<'_>| {
        place.target.state == TargetState::Initial
            && checks.scene.since(place.task.and_then(|task| task.started_at)).is_some_and(|age| age > limit)
    };
    let lot = Lot::of(checks.own.iter().copied().filter(late).collect());
    if lot.is_empty() {
        return;
    }
    let finding = checks
        .finding(
            &INITIAL_TOO_LONG,
            Confidence::Medium,
            &lot,
            format!("{} waiting for the first health check for more than {} s", count(&lot), limit.as_secs()),
        )
        .short("targets stay in state initial")
        .explain(format!(
            "A target should have a verdict after threshold x interval = {verdict} s, and registration takes at most minutes. These \
             have waited for longer than {} s.",
            limit.as_secs()
        ));
    let finding = checks.settings_of(finding, &["UnhealthyThresholdCount", "HealthCheckIntervalSeconds"]);
    findings.push(finding.fix(Fix::new(
        "Check that a listener of an active load balancer forwards to the target group; network load balancers may take some \
         minutes",
    )));
}

/// Slow start of new targets.
pub(super) fn slow_start(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    let duration = checks.group.attribute("slow_start.duration_seconds").and_then(|value| value.parse::<i64>().ok());
    let Some(duration) = duration.filter(|duration| *duration > 0) else { return };
    let young = |place: &&Place<'_>| {
        place.standing == Standing::Fine
            && checks
                .scene
                .since(place.task.and_then(|task| task.started_at))
                .is_some_and(|age| age < seconds(duration))
    };
    let lot = Lot::of(checks.own.iter().copied().filter(young).collect());
    if lot.is_empty() {
        return;
    }
    let finding = checks
        .finding(&SLOW_START, Confidence::High, &lot, format!("{} given traffic slowly at first", count(&lot)))
        .short("slow start of new targets")
        .explain(format!(
            "The target group has a slow start of {duration} s: a new healthy target receives its share of the requests bit by bit. \
             It is not unhealthy."
        ));
    findings.push(finding.evidence(
        ATTRIBUTES,
        format!("target group {}", checks.group.name()),
        "slow_start.duration_seconds",
        duration,
    ));
}
