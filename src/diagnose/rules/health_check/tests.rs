use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::*;
use crate::diagnose::catalogue::Bearing;
use crate::diagnose::finding::{Confidence, Severity};
use crate::diagnose::fixtures::{
    BALANCER, Case, GROUP, ServiceFixture, at, container, definition, deployment, running_task, service, stopped_task,
    target, target_group,
};
use crate::diagnose::network::Verdict;
use crate::model::arn::{LoadBalancerArn, TargetGroupArn, TaskArn};
use crate::model::known::Known;
use crate::model::load_balancing::{
    LoadBalancer, LoadBalancerKind, LoadBalancerRouting, Target, TargetGroup, TargetState,
};
use crate::model::network::Subnet;
use crate::model::observation::{LogExcerpt, LogLine, Sample, Utilization};
use crate::model::query::{Answer, LogStream, Query};
use crate::model::service::{DeploymentStatus, DeploymentStrategy, NetworkConfiguration, RolloutState};
use crate::model::task::{ContainerHealth, NetworkBinding, Task};
use crate::model::task_definition::ContainerHealthCheck;

mod answers;
mod connections;
mod target_states;
mod times;
mod wired;

const MISMATCH: &str = "Target.ResponseCodeMismatch";
const TIMEOUT: &str = "Target.Timeout";
const FAILED: &str = "Target.FailedHealthChecks";

fn codes(codes: &str) -> String {
    format!("Health checks failed with these codes: [{codes}]")
}

fn unhealthy(address: &str, reason: &str, description: &str) -> Target {
    target(address, TargetState::Unhealthy, reason, description)
}

fn healthy(address: &str) -> Target {
    target(address, TargetState::Healthy, "", "")
}

/// Tasks of the primary deployment, started at second 100.
fn tasks(count: u8) -> Vec<Task> {
    (1..=count)
        .map(|last| {
            let mut task = running_task("ecs-svc/1", &format!("10.0.0.{last}"), at(100));
            task.task_definition = definition(30).arn;
            task
        })
        .collect()
}

/// A steady service whose targets all fail like this.
fn failing(reason: &str, description: &str) -> Case {
    let targets = vec![unhealthy("10.0.0.1", reason, description), unhealthy("10.0.0.2", reason, description)];
    Case::new(service("web", 2)).definition(definition(30)).tasks(tasks(2)).group(target_group(), targets)
}

/// A deployment in progress whose targets all fail like this.
fn deploying(reason: &str, description: &str) -> Case {
    let mut case = failing(reason, description);
    case.service = case.service.primary(|primary| primary.rollout_state = Some(RolloutState::InProgress));
    case
}

fn balanced(case: Case, kind: LoadBalancerKind, zones: &[&str], state: &str) -> Case {
    let arn = LoadBalancerArn::from(BALANCER);
    let load_balancer = LoadBalancer {
        arn: arn.clone(),
        name: "edge".to_owned(),
        dns_name: Some("edge-1.elb.eu-west-1.amazonaws.com".to_owned()),
        kind,
        scheme: None,
        state: Some(state.to_owned()),
        vpc: None,
        security_groups: Vec::new(),
        zones: zones.iter().map(|zone| ((*zone).to_owned(), Some(format!("subnet-lb-{zone}")))).collect(),
        address_type: None,
    };
    let routing = LoadBalancerRouting { load_balancer, listeners: Known::Known(Vec::new()) };
    case.with(Query::Routing { load_balancer: arn }, Answer::Routing(Box::new(routing)))
}

fn network(case: Case) -> Case {
    balanced(case, LoadBalancerKind::Network, &["a", "b"], "active")
}

fn attributes(case: Case, attributes: &[(&str, &str)]) -> Case {
    let map: BTreeMap<String, String> =
        attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let target_group = TargetGroupArn::from(GROUP);
    case.with(Query::TargetGroupAttributes { target_group }, Answer::TargetGroupAttributes(map))
}

/// The log of a task, each line with its second.
fn logged(case: Case, task: &Task, lines: &[(i64, &str)]) -> Case {
    let line = |(second, message): &(i64, &str)| LogLine { at: at(*second), message: (*message).to_owned() };
    let (checks, head): (Vec<_>, Vec<_>) = lines.iter().partition(|(_, message)| message.contains("ELB-HealthChecker"));
    let excerpt = LogExcerpt {
        head: head.iter().map(line).collect(),
        tail: Vec::new(),
        health_checks: checks.iter().map(line).collect(),
    };
    let stream =
        LogStream { group: "/ecs/web".to_owned(), stream: format!("ecs/web/{}", task.arn.name()), region: None };
    let since = task.created_at.unwrap();
    case.with(Query::Logs { stream, since }, Answer::Logs(Box::new(excerpt)))
}

fn first_task() -> Task {
    tasks(1).remove(0)
}

fn found(case: &Case, verdict: Verdict) -> Vec<Finding> {
    let mut scene = Scene::new(case.facts());
    for place in scene.groups.iter_mut().flat_map(|group| &mut group.places) {
        (place.check_path, place.traffic_path) = (verdict, verdict);
    }
    let mut findings = Vec::new();
    find(&scene, &mut findings);
    findings
}

fn ids(case: &Case, verdict: Verdict) -> Vec<&'static str> {
    found(case, verdict).iter().flat_map(Finding::all).map(Finding::id).filter(|id| *id != "lb-fail-open").collect()
}

fn with_check(change: impl FnOnce(&mut TargetGroup)) -> TargetGroup {
    let mut group = target_group();
    change(&mut group);
    group
}

#[test]
fn healthy_targets_are_no_finding() {
    let steady = |group: TargetGroup| {
        Case::new(service("web", 2))
            .definition(definition(30))
            .tasks(tasks(2))
            .group(group, vec![healthy("10.0.0.1"), healthy("10.0.0.2")])
    };
    // Catalogue section 9, examples 3 and 8.
    let redirects = with_check(|group| group.health_check.matcher = Some("200,302".to_owned()));
    assert!(steady(redirects).find(&FAMILY).is_empty());
    assert!(steady(with_check(|group| group.port = Some(80))).find(&FAMILY).is_empty());
    // Example 19: trouble of yesterday.
    let mut yesterday = steady(target_group()).at(90_000);
    let unhealthy = "(task 0a) (port 8080) is unhealthy in (target-group web-tg) due to (reason Health checks failed with these codes: [503])";
    yesterday.service =
        yesterday.service.events(&[(9_000, "has reached a steady state."), (8_000, unhealthy), (7_000, unhealthy)]);
    assert!(yesterday.find(&FAMILY).is_empty());
    // What is read by nobody is not judged.
    assert!(Case::new(service("web", 2)).find(&FAMILY).is_empty());
    // Off on purpose.
    let mut off = failing(MISMATCH, &codes("302"));
    off.service.desired = 0;
    off.service.running = 0;
    assert!(off.find(&FAMILY).is_empty());
}

#[test]
fn targets_of_stopping_tasks_and_others_are_not_judged() {
    let mut stopping = tasks(2);
    stopping[0].desired_status = "STOPPED".to_owned();
    let targets = vec![unhealthy("10.0.0.1", MISMATCH, &codes("302")), healthy("10.0.0.2")];
    let case = Case::new(service("web", 1)).definition(definition(30)).tasks(stopping).group(target_group(), targets);
    assert_eq!(ids(&case, Verdict::Open), <[&str; 0]>::default());
    // Another service in the same group.
    let targets = vec![unhealthy("10.0.0.9", MISMATCH, &codes("302")), healthy("10.0.0.1")];
    let mut case =
        Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1)).group(target_group(), targets);
    case.sharing = vec![(TargetGroupArn::from(GROUP), "other".to_owned())];
    assert_eq!(ids(&case, Verdict::Open), ["tg-shared-between-services"]);
    assert_eq!(case.find(&FAMILY)[0].bearing, Bearing::Present);
    // Nobody shares it: an orphan.
    case.sharing.clear();
    assert_eq!(ids(&case, Verdict::Open), ["tg-orphan-targets"]);
    // A task that does not say where it is excludes nothing.
    let mut placeless = tasks(1);
    placeless[0].interface = None;
    let case = case.tasks(placeless);
    assert_eq!(ids(&case, Verdict::Open), ["tg-code-mismatch-redirect"]);
}

#[test]
fn sharing_without_trouble_is_advice() {
    let mut case = Case::new(service("web", 1))
        .definition(definition(30))
        .tasks(tasks(1))
        .group(target_group(), vec![healthy("10.0.0.1")]);
    case.sharing = vec![(TargetGroupArn::from(GROUP), "other".to_owned())];
    let findings = case.find(&FAMILY);
    assert_eq!((findings[0].id(), findings[0].bearing), ("tg-shared-between-services", Bearing::Hygiene));
}

#[test]
fn only_the_new_revision_fails() {
    let mut all = tasks(1);
    let mut new = running_task("ecs-svc/2", "10.0.0.2", at(800));
    new.task_definition = definition(31).arn;
    all.push(new);
    let case = Case::new(service("web", 1).rolling(1, 0, at(700)))
        .definition(definition(30))
        .definition(definition(31))
        .tasks(all)
        .group(target_group(), vec![healthy("10.0.0.1"), unhealthy("10.0.0.2", MISMATCH, &codes("404"))]);
    let finding = &found(&case, Verdict::Open)[0];
    assert_eq!(finding.id(), "tg-code-mismatch-404");
    assert_eq!(finding.scope.deployment.as_deref(), Some("ecs-svc/2"));
    assert_eq!(finding.scope.task_definition.as_deref(), Some("web:31"));
    assert!(finding.explanation.contains("Only targets of the new revision web:31 fail"), "{}", finding.explanation);
    assert!(finding.fix.as_ref().unwrap().summary.contains("new revision"));
}

#[test]
fn only_one_zone_fails() {
    let mut all = tasks(3);
    for (task, zone) in all.iter_mut().zip(["a", "b", "b"]) {
        task.availability_zone = Some(zone.to_owned());
    }
    let targets = vec![unhealthy("10.0.0.1", MISMATCH, &codes("500")), healthy("10.0.0.2"), healthy("10.0.0.3")];
    let case = Case::new(service("web", 3)).definition(definition(30)).tasks(all).group(target_group(), targets);
    let finding = &found(&case, Verdict::Open)[0];
    assert_eq!(finding.scope.availability_zones, ["a"]);
    assert!(finding.explanation.contains("Only targets in a fail"));
}

/// Tasks of the primary deployment the load balancer had killed 75 s after their start, the last a minute ago.
fn killed(count: u8, lived: i64) -> Vec<Task> {
    (0..count)
        .map(|index| {
            let reason = format!("Task failed ELB health checks in (target-group {GROUP})");
            let end = 940 - 100 * i64::from(index);
            let mut task = stopped_task("ServiceSchedulerInitiated", &reason, vec![container("web", Some(137), None)]);
            task.arn = TaskArn::new(format!("arn:aws:ecs:eu-west-1:1:task/shop/dead{index}"));
            task.task_definition = definition(30).arn;
            task.started_at = Some(at(end - lived));
            task.created_at = Some(at(end - lived - 20));
            task.stopping_at = Some(at(end));
            task.execution_stopped_at = Some(at(end + 10));
            task.stopped_at = Some(at(end + 20));
            task
        })
        .collect()
}

fn killing(kills: u8, grace: Option<u32>, targets: Vec<Target>) -> Case {
    let mut all = tasks(2);
    for task in &mut all {
        task.started_at = Some(at(925));
        task.created_at = Some(at(905));
    }
    all.extend(killed(kills, 75 + i64::from(grace.unwrap_or(0))));
    let mut case = Case::new(service("web", 2)).definition(definition(30)).tasks(all).group(target_group(), targets);
    case.service = case.service.primary(|primary| primary.rollout_state = Some(RolloutState::InProgress));
    case.service.health_check_grace_period_seconds = grace;
    case
}

fn refusing() -> Vec<Target> {
    vec![unhealthy("10.0.0.1", FAILED, "Health checks failed"), unhealthy("10.0.0.2", FAILED, "Health checks failed")]
}

#[test]
fn events_stand_in_for_targets_that_are_gone() {
    let message = "(port 8080) is unhealthy in (target-group web-tg) due to (reason Health checks failed with these codes: [302])";
    let waiting = vec![target(
        "10.0.0.1",
        TargetState::Initial,
        "Elb.InitialHealthChecking",
        "Initial health checks in progress",
    )];
    let mut case = killing(1, None, waiting);
    case.service = case.service.events(&[(930, message), (830, message)]);
    let findings = found(&case, Verdict::Open);
    assert_eq!((findings[0].id(), findings[0].confidence), ("tg-code-mismatch-redirect", Confidence::High));
    assert_eq!(findings[0].scope.deployment.as_deref(), Some("ecs-svc/1"));
    // Since then the service has recovered.
    let mut recovered = case.clone();
    recovered.service = recovered.service.events(&[(950, "has reached a steady state."), (930, message)]);
    assert_eq!(ids(&recovered, Verdict::Open), <[&str; 0]>::default());
    // Events alone prove nothing.
    let mut alone = Case::new(service("web", 1))
        .definition(definition(30))
        .tasks(tasks(1))
        .group(target_group(), vec![healthy("10.0.0.1")]);
    alone.service = alone.service.events(&[(930, message)]);
    assert_eq!(ids(&alone, Verdict::Open), <[&str; 0]>::default());
}

#[test]
fn logs_of_both_kinds_of_tasks_are_wanted() {
    let case = killing(5, None, refusing());
    let scene = Scene::new(case.facts());
    let wanted = wanted_logs(&scene);
    let streams: Vec<&str> = wanted.iter().map(|(stream, _)| stream.stream.as_str()).collect();
    assert_eq!(streams, ["ecs/web/10.0.0.2", "ecs/web/dead0", "ecs/web/10.0.0.1"]);
    assert_eq!(wanted[0].1, at(905));
    let healthy = Case::new(service("web", 1))
        .definition(definition(30))
        .tasks(tasks(1))
        .group(target_group(), vec![healthy("10.0.0.1")]);
    assert!(wanted_logs(&Scene::new(healthy.facts())).is_empty());
}

#[test]
fn hostile_text_stays_text() {
    let case = failing(MISMATCH, "Health checks failed with these codes: [302] \u{1b}[2J");
    for finding in case.find(&FAMILY) {
        let json = serde_json::to_string(&finding).unwrap();
        assert!(!json.contains('\u{1b}') && !json.contains("\\u001b"), "{json}");
    }
}

#[test]
fn every_finding_has_its_page() {
    let mut ids: Vec<&str> = FAMILY.entries.iter().map(|entry| entry.id).collect();
    let numbers: Vec<u16> = FAMILY.entries.iter().map(|entry| entry.number).collect();
    for number in (1..=49).filter(|number| *number != 47).chain([72, 73, 113]) {
        assert!(numbers.contains(&number), "{number}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), FAMILY.entries.len());
    for entry in FAMILY.entries {
        for text in [entry.title, entry.meaning, entry.decided, entry.fix] {
            assert!(!text.is_empty(), "{}", entry.id);
        }
        assert!(!entry.title.ends_with('.') && !entry.sources.is_empty(), "{}", entry.id);
        assert!(entry.instead_of.iter().all(|id| ids.contains(id)), "{}", entry.id);
    }
}
