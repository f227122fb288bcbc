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
fn every_code_has_its_finding() {
    for (said, matcher, expected) in [
        ("302", "200", "tg-code-mismatch-redirect"),
        ("301", "200-299", "tg-code-mismatch-redirect"),
        ("404", "200", "tg-code-mismatch-404"),
        ("405", "200", "tg-code-mismatch-404"),
        ("401", "200", "tg-code-mismatch-auth"),
        ("403", "200", "tg-code-mismatch-auth"),
        ("400", "200", "tg-code-mismatch-400-host-or-tls"),
        ("421", "200", "tg-code-mismatch-400-host-or-tls"),
        ("502", "200", "tg-code-mismatch-5xx-proxy"),
        ("503", "200", "tg-code-mismatch-5xx-proxy"),
        ("502, 504", "200", "tg-code-mismatch-5xx-proxy"),
        ("500", "200", "tg-code-mismatch-500"),
        ("500, 503", "200", "tg-code-mismatch-500"),
        ("520", "200", "tg-code-mismatch-500"),
        ("429", "200", "tg-code-mismatch-429"),
        ("204", "200", "tg-code-mismatch-2xx"),
        ("200", "204", "tg-code-mismatch-2xx"),
        ("418", "200", "tg-code-mismatch-other"),
        ("302, 404", "200", "tg-code-mismatch-other"),
        ("200, 503", "200", "tg-code-mismatch-5xx-proxy"),
        ("302", "200-399", "tg-matcher-recently-fixed"),
        ("302, 204", "200-399", "tg-matcher-recently-fixed"),
    ] {
        let mut case = failing(MISMATCH, &codes(said));
        let group = with_check(|group| group.health_check.matcher = Some(matcher.to_owned()));
        case = case.with(Query::TargetGroup { target_group: group.arn.clone() }, Answer::TargetGroup(Box::new(group)));
        assert_eq!(ids(&case, Verdict::Unknown), [expected], "[{said}] with {matcher}");
    }
}

#[test]
fn a_redirect_is_told_with_its_evidence() {
    let findings = failing(MISMATCH, &codes("302")).find(&FAMILY);
    let redirect = &findings[0];
    assert_eq!(redirect.title, "Health check expects 200, the app answers 302");
    assert_eq!(redirect.short.as_deref(), Some("health check wants 200, app says 302"));
    assert_eq!((redirect.severity, redirect.confidence), (Severity::Error, Confidence::Certain));
    assert_eq!(redirect.scope.targets, ["10.0.0.1:8080", "10.0.0.2:8080"]);
    assert_eq!(redirect.scope.deployment, None);
    let has = |field: &str, value: &str| redirect.evidence.iter().any(|one| one.field == field && one.value == value);
    assert!(has("TargetHealth.Description", &codes("302")) && has("TargetHealth.Reason", MISMATCH));
    assert!(has("HealthCheckPath", "/") && has("Matcher.HttpCode", "200"));
    assert!(redirect.evidence.iter().any(|one| one.value == "2 of 2 targets"));
    let fix = redirect.fix.as_ref().unwrap();
    assert_eq!(
        fix.commands,
        [format!("aws elbv2 modify-target-group --target-group-arn {GROUP} --health-check-path /healthz")]
    );
    assert_eq!(fix.terraform.as_deref(), Some("aws_lb_target_group.web_tg → health_check { path = \"/healthz\" }"));
    assert_eq!(fix.eta_seconds, Some(150));
    assert!(findings.iter().any(|finding| finding.id() == "lb-fail-open"));
}

#[test]
fn the_path_a_container_asks_itself_is_offered() {
    let mut own = definition(30);
    own.containers[0].health_check = Some(ContainerHealthCheck {
        command: vec!["CMD-SHELL".to_owned(), "curl -f http://localhost:8080/up".to_owned()],
        interval_seconds: 30,
        timeout_seconds: 5,
        retries: 3,
        start_period_seconds: None,
    });
    let findings = failing(MISMATCH, &codes("404")).definition(own).find(&FAMILY);
    assert!(findings[0].fix.as_ref().unwrap().commands[0].ends_with("--health-check-path /up"));
}

#[test]
fn grpc_has_statuses_of_its_own() {
    let grpc = |matcher: &str, said: &str| {
        let group = with_check(|group| {
            group.protocol_version = Some("GRPC".to_owned());
            group.health_check.path = Some("/AWS.ALB/healthcheck".to_owned());
            group.health_check.matcher = Some(matcher.to_owned());
        });
        let targets = vec![unhealthy("10.0.0.1", MISMATCH, &codes(said)), healthy("10.0.0.2")];
        Case::new(service("web", 2)).definition(definition(30)).tasks(tasks(2)).group(group, targets)
    };
    assert_eq!(ids(&grpc("12", "0"), Verdict::Open), ["tg-code-mismatch-grpc"]);
    assert_eq!(ids(&grpc("0-99", "12"), Verdict::Open), ["tg-matcher-recently-fixed"]);
    let findings = grpc("12", "0").find(&FAMILY);
    assert!(findings[0].fix.as_ref().unwrap().commands[0].contains("GrpcCode=0"));
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

#[test]
fn silence_is_judged_by_what_is_known_of_the_network() {
    let silent = failing(TIMEOUT, "Request timed out");
    for (verdict, expected) in [
        (Verdict::Unknown, vec!["hc-timeout-network-unverified"]),
        (Verdict::Blocked, vec![]),
        (Verdict::Partial, vec![]),
        (Verdict::Open, vec!["hc-timeout-app-not-answering"]),
    ] {
        assert_eq!(ids(&silent, verdict), expected, "{verdict:?}");
    }
    let open = found(&silent, Verdict::Open);
    assert!(open[0].explanation.contains("no problem of network rules"));
    assert_eq!(open[0].fix.as_ref().unwrap().commands.len(), 1);
}

#[test]
fn a_request_in_the_log_proves_the_way_is_open() {
    let silent = failing(TIMEOUT, "Request timed out");
    let young = [(980, "10.0.9.9 \"GET / HTTP/1.1\" ELB-HealthChecker/2.0")];
    let old = [(200, "10.0.9.9 \"GET / HTTP/1.1\" ELB-HealthChecker/2.0")];
    let seen = logged(silent.clone(), &first_task(), &young);
    assert_eq!(ids(&seen, Verdict::Unknown), ["hc-timeout-slow-endpoint"]);
    assert_eq!(ids(&seen, Verdict::Open), ["hc-timeout-slow-endpoint"]);
    assert_eq!(ids(&logged(silent, &first_task(), &old), Verdict::Unknown), ["hc-timeout-network-unverified"]);
}

#[test]
fn a_healthy_peer_proves_the_way_is_open() {
    let mut all = tasks(2);
    for task in &mut all {
        task.interface.as_mut().unwrap().subnet = Some("subnet-1".to_owned());
    }
    let case = |tasks: Vec<Task>| {
        let targets = vec![unhealthy("10.0.0.1", TIMEOUT, "Request timed out"), healthy("10.0.0.2")];
        Case::new(service("web", 2)).definition(definition(30)).tasks(tasks).group(target_group(), targets)
    };
    assert_eq!(ids(&case(all.clone()), Verdict::Unknown), ["hc-timeout-app-not-answering"]);
    all[1].interface.as_mut().unwrap().subnet = Some("subnet-2".to_owned());
    assert_eq!(ids(&case(all), Verdict::Unknown), ["hc-timeout-network-unverified"]);
}

#[test]
fn busy_tasks_are_silent() {
    let busy = |percent: f64| {
        let case = failing(TIMEOUT, "Request timed out");
        let cpu = (0..5).map(|minute| Sample { at: at(600 + 60 * minute), value: percent }).collect();
        let query = Query::Utilization { cluster: case.facts().cluster(), service: case.service.arn.clone() };
        let utilization = Utilization { cpu, ..Utilization::default() };
        case.with(query, Answer::Utilization(Box::new(utilization)))
    };
    assert_eq!(ids(&busy(99.0), Verdict::Open), ["hc-timeout-cpu-starved"]);
    assert_eq!(ids(&busy(60.0), Verdict::Open), ["hc-timeout-app-not-answering"]);
    assert_eq!(ids(&busy(99.0), Verdict::Unknown), ["hc-timeout-network-unverified"]);
}

#[test]
fn a_blocking_log_that_is_empty_may_be_why() {
    let mut blocking = definition(30);
    let options = &mut blocking.containers[0].logs.as_mut().unwrap().options;
    options.push(("mode".to_owned(), "blocking".to_owned()));
    let silent = failing(TIMEOUT, "Request timed out").definition(blocking);
    let all = tasks(2);
    let quiet = logged(logged(silent.clone(), &all[0], &[]), &all[1], &[]);
    assert_eq!(ids(&quiet, Verdict::Open), ["hc-timeout-blocking-logs"]);
    let talking = logged(logged(silent.clone(), &all[0], &[(110, "hello")]), &all[1], &[(110, "hello")]);
    assert_eq!(ids(&talking, Verdict::Open), ["hc-timeout-app-not-answering"]);
    assert_eq!(ids(&silent, Verdict::Open), ["hc-timeout-app-not-answering"]);
}

#[test]
fn a_refusal_is_explained_by_the_log() {
    for (lines, expected) in [
        (vec!["Listening on http://127.0.0.1:8080"], "app-bound-to-loopback"),
        (vec!["Now listening on: http://localhost:8080"], "app-bound-to-loopback"),
        (vec!["  ➜  Local:   http://localhost:8080/", "  ➜  Network: use --host to expose"], "app-bound-to-loopback"),
        (vec!["  ➜  Local:   http://localhost:8080/"], "hc-connection-refused"),
        (vec![" * Running on all addresses (0.0.0.0)", " * Running on http://127.0.0.1:8080"], "hc-connection-refused"),
        (vec!["Listening on http://0.0.0.0:8080", "Listening on http://127.0.0.1:8080"], "hc-connection-refused"),
        (vec!["connected to 127.0.0.1:8080", "redis running on 127.0.0.1:8080"], "hc-connection-refused"),
        (vec!["Example app listening on port 3000!"], "app-listening-on-other-port"),
        (vec!["Tomcat started on port(s): 8081 (http)"], "app-listening-on-other-port"),
        (vec!["Listening on :9999", "Listening on :8080"], "hc-connection-refused"),
        (vec!["Metrics server listening on :9090"], "hc-connection-refused"),
        (vec!["Debugger listening on ws://127.0.0.1:9229/0f2c"], "hc-connection-refused"),
        (
            vec!["http: TLS handshake error from 10.0.1.5:1: tls: first record does not look like a TLS handshake"],
            "hc-protocol-mismatch",
        ),
        (vec![], "hc-connection-refused"),
    ] {
        let mut case = failing(FAILED, "Health checks failed");
        for task in tasks(2) {
            let lines: Vec<_> = lines.iter().map(|line| (105, *line)).collect();
            case = logged(case, &task, &lines);
        }
        assert_eq!(ids(&case, Verdict::Open), [expected], "{lines:?}");
        assert_eq!(ids(&case, Verdict::Unknown), [expected], "{lines:?}");
    }
}

#[test]
fn loopback_never_explains_silence() {
    let silent = failing(TIMEOUT, "Request timed out");
    let case = logged(silent, &first_task(), &[(105, "Listening on http://127.0.0.1:8080")]);
    assert_eq!(ids(&case, Verdict::Open), ["hc-timeout-app-not-answering"]);
}

#[test]
fn a_passing_container_check_makes_loopback_surer() {
    let mut all = tasks(2);
    for task in &mut all {
        task.health = ContainerHealth::Healthy;
    }
    let case = failing(FAILED, "Health checks failed").tasks(all);
    let case = logged(case, &first_task(), &[(105, "Server running at http://localhost:8080")]);
    let finding = &found(&case, Verdict::Open)[0];
    assert_eq!((finding.id(), finding.confidence), ("app-bound-to-loopback", Confidence::High));
    assert!(finding.evidence.iter().any(|one| one.field == "healthStatus" && one.value == "HEALTHY"));
    assert!(finding.evidence.iter().any(|one| one.field == "message"));
}

#[test]
fn the_health_check_port_has_to_be_the_tasks() {
    let fixed = |port: &str, mapping: Option<u16>, reason: &str, description: &str| {
        let mut case = failing(reason, description);
        let group = with_check(|group| group.health_check.port = Some(port.to_owned()));
        let mut targets = vec![unhealthy("10.0.0.1", reason, description), unhealthy("10.0.0.2", reason, description)];
        for target in &mut targets {
            target.health_check_port = Some(port.to_owned());
        }
        let mut definition = definition(30);
        if let Some(mapping) = mapping {
            let mut more = definition.containers[0].ports[0].clone();
            more.container_port = Some(mapping);
            definition.containers[0].ports.push(more);
        }
        case = case.definition(definition);
        case.group(group, targets)
    };
    let failed = "Health checks failed";
    assert_eq!(ids(&fixed("9090", None, FAILED, failed), Verdict::Open), ["hc-wrong-port"]);
    assert_eq!(ids(&fixed("9090", Some(9090), FAILED, failed), Verdict::Open), ["hc-connection-refused"]);
    let silent = fixed("9090", None, TIMEOUT, "Request timed out");
    assert_eq!(ids(&silent, Verdict::Blocked), <[&str; 0]>::default());
    let listens =
        logged(fixed("9090", None, FAILED, failed), &first_task(), &[(105, "probe server listening on :9090")]);
    assert_eq!(ids(&listens, Verdict::Open), ["hc-connection-refused"]);
}

#[test]
fn a_fixed_check_port_and_dynamic_host_ports_never_fit() {
    let mut bridge = definition(30);
    bridge.network_mode = Some("bridge".to_owned());
    bridge.containers[0].ports[0].host_port = Some(0);
    let mut task = first_task();
    task.interface = None;
    task.ec2_instance = Known::Known("i-1".to_owned());
    task.containers[0].bindings = vec![NetworkBinding { container_port: Some(8080), host_port: Some(32_768) }];
    let group = with_check(|group| {
        group.target_type = Some("instance".to_owned());
        group.health_check.port = Some("8080".to_owned());
    });
    let mut failing = unhealthy("i-1", FAILED, "Health checks failed");
    failing.port = Some(32_768);
    let case = Case::new(service("web", 1)).definition(bridge).tasks(vec![task]).group(group, vec![failing]);
    let finding = &found(&case, Verdict::Open)[0];
    assert_eq!((finding.id(), finding.confidence), ("hc-wrong-port", Confidence::Certain));
    assert!(finding.fix.as_ref().unwrap().commands[0].ends_with("--health-check-port traffic-port"));
}

#[test]
fn network_load_balancers_hide_silence() {
    let failed = || network(failing(FAILED, "Health checks failed"));
    assert_eq!(ids(&failed(), Verdict::Blocked), <[&str; 0]>::default());
    assert_eq!(ids(&failed(), Verdict::Unknown), ["hc-timeout-network-unverified"]);
    assert_eq!(ids(&failed(), Verdict::Open), ["hc-connection-refused"]);
    let seen = logged(failed(), &first_task(), &[(990, "GET / ELB-HealthChecker/2.0")]);
    assert_eq!(ids(&seen, Verdict::Open), ["hc-timeout-slow-endpoint"]);
    // An application load balancer tells them apart, so dropped packets are no excuse.
    assert_eq!(ids(&failing(FAILED, "Health checks failed"), Verdict::Unknown), ["hc-connection-refused"]);
}

#[test]
fn network_load_balancers_have_protocols_of_their_own() {
    let udp = |mapped: &str| {
        let mut definition = definition(30);
        definition.containers[0].ports[0].protocol = Some(mapped.to_owned());
        let group = with_check(|group| {
            group.protocol = Some("UDP".to_owned());
            group.health_check.protocol = Some("TCP".to_owned());
        });
        let targets = vec![unhealthy("10.0.0.1", FAILED, "Health checks failed")];
        network(Case::new(service("web", 1)).definition(definition).tasks(tasks(1)).group(group, targets))
    };
    assert_eq!(ids(&udp("udp"), Verdict::Unknown), ["nlb-udp-healthcheck-port"]);
    assert_eq!(ids(&udp("tcp"), Verdict::Open), ["hc-connection-refused"]);
    let https = with_check(|group| group.health_check.protocol = Some("HTTPS".to_owned()));
    let targets = vec![unhealthy("10.0.0.1", FAILED, "Health checks failed")];
    let case = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1)).group(https, targets);
    let lines =
        [(105, "http: TLS handshake error from 10.0.1.5:1: tls: client offered only unsupported versions: [303]")];
    let case = logged(case, &first_task(), &lines);
    assert_eq!(ids(&network(case.clone()), Verdict::Open), ["nlb-tls13-only-healthcheck"]);
    assert_eq!(ids(&case, Verdict::Open), ["hc-connection-refused"]);
}

#[test]
fn http2_is_suspected_only_when_nothing_is_proven() {
    let group = with_check(|group| group.protocol_version = Some("HTTP2".to_owned()));
    let targets = vec![unhealthy("10.0.0.1", FAILED, "Health checks failed")];
    let case = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1)).group(group, targets);
    assert_eq!(ids(&case, Verdict::Open), ["http2-target-mismatch"]);
    let bound = logged(case, &first_task(), &[(105, "Listening on http://127.0.0.1:8080")]);
    assert_eq!(ids(&bound, Verdict::Open), ["app-bound-to-loopback"]);
}

#[test]
fn a_dead_container_is_its_own_cause() {
    let mut all = tasks(2);
    for task in &mut all {
        task.containers[0].last_status = Some("STOPPED".to_owned());
    }
    let case = failing(FAILED, "Health checks failed").tasks(all);
    assert_eq!(ids(&case, Verdict::Open), <[&str; 0]>::default());
}

#[test]
fn bad_requests_are_told_apart_by_the_log() {
    let case = || failing(MISMATCH, &codes("400"));
    let host = logged(case(), &first_task(), &[(110, "Invalid HTTP_HOST header: '10.0.0.1:8080'.")]);
    let tls = logged(case(), &first_task(), &[(110, "400 The plain HTTP request was sent to HTTPS port")]);
    for (case, confidence, part) in [
        (case(), Confidence::Medium, "Most likely"),
        (host, Confidence::High, "Host header"),
        (tls, Confidence::High, "TLS"),
    ] {
        let finding = &found(&case, Verdict::Open)[0];
        assert_eq!((finding.id(), finding.confidence), ("tg-code-mismatch-400-host-or-tls", confidence));
        assert!(finding.explanation.contains(part), "{}", finding.explanation);
    }
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
fn a_start_longer_than_the_grace_period_is_proven_by_the_log() {
    // Catalogue section 9, example 12.
    let dead = killed(3, 75);
    let case = logged(killing(3, Some(0), refusing()), &dead[0], &[(938, "Started Shop, started in 92 s")]);
    let findings = found(&case, Verdict::Open);
    let finding = findings.iter().find(|finding| finding.id() == "grace-period-too-short").unwrap();
    assert_eq!(finding.confidence, Confidence::High);
    assert!(finding.explanation.contains("92 s") || finding.explanation.contains("93 s"), "{}", finding.explanation);
    assert!(finding.explanation.contains("= 60 s") && finding.explanation.contains("75 s"), "{}", finding.explanation);
    let command = &finding.fix.as_ref().unwrap().commands[0];
    assert!(command.ends_with("--health-check-grace-period-seconds 270"), "{command}");
    assert_eq!(ids(&case, Verdict::Open), ["grace-period-too-short"]);
    assert_eq!(ids(&case, Verdict::Unknown), ["grace-period-too-short"]);
    // Nothing fails at the moment, since the targets are new.
    let waiting = vec![
        target("10.0.0.1", TargetState::Initial, "Elb.InitialHealthChecking", "Initial health checks in progress"),
        target("10.0.0.2", TargetState::Initial, "Elb.InitialHealthChecking", "Initial health checks in progress"),
    ];
    let case = logged(killing(3, None, waiting), &dead[1], &[(838, "started in 92 s")]);
    assert_eq!(ids(&case, Verdict::Open), ["grace-period-too-short"]);
}

#[test]
fn the_grace_period_is_blamed_only_with_proof() {
    let dead = killed(3, 75);
    let early = (870, "Listening on http://0.0.0.0:8080");
    let slow = (938, "started in 92 s");
    let code = |codes: &str| {
        let text = format!("Health checks failed with these codes: [{codes}]");
        vec![unhealthy("10.0.0.1", MISMATCH, &text), unhealthy("10.0.0.2", MISMATCH, &text)]
    };
    let completed = |mut case: Case| {
        case.service = case.service.primary(|primary| primary.rollout_state = Some(RolloutState::Completed));
        case
    };
    let steady_before = |mut case: Case| {
        case.service = case.service.events(&[(500, "has reached a steady state.")]);
        case
    };
    for (what, case, verdict, expected) in [
        (
            "listened early",
            logged(killing(3, None, refusing()), &dead[0], &[early]),
            Verdict::Open,
            "hc-connection-refused",
        ),
        (
            "started early",
            logged(killing(3, None, refusing()), &dead[0], &[(870, "started in 4 s")]),
            Verdict::Open,
            "hc-connection-refused",
        ),
        (
            "redirects do not heal",
            logged(killing(3, None, code("302")), &dead[0], &[slow]),
            Verdict::Open,
            "tg-code-mismatch-redirect",
        ),
        ("answers all the time", killing(3, None, code("503")), Verdict::Open, "tg-code-mismatch-5xx-proxy"),
        ("warms up", logged(killing(3, None, code("503")), &dead[0], &[slow]), Verdict::Open, "grace-period-too-short"),
        ("one death", killing(1, None, refusing()), Verdict::Open, "hc-connection-refused"),
        (
            "the deployment was complete",
            completed(logged(killing(3, None, refusing()), &dead[0], &[slow])),
            Verdict::Open,
            "hc-connection-refused",
        ),
        (
            "the deployment was steady",
            steady_before(logged(killing(3, None, refusing()), &dead[0], &[slow])),
            Verdict::Open,
            "hc-connection-refused",
        ),
        (
            "long enough for the start",
            logged(killing(3, Some(300), refusing()), &killed(1, 375)[0], &[(700, "started in 92 s")]),
            Verdict::Open,
            "hc-connection-refused",
        ),
        (
            "bound to the loopback interface",
            logged(killing(3, None, refusing()), &dead[0], &[(870, "Listening on http://127.0.0.1:8080")]),
            Verdict::Open,
            "app-bound-to-loopback",
        ),
    ] {
        assert_eq!(ids(&case, verdict), [expected], "{what}");
    }
    let silent =
        vec![unhealthy("10.0.0.1", TIMEOUT, "Request timed out"), unhealthy("10.0.0.2", TIMEOUT, "Request timed out")];
    assert_eq!(ids(&killing(3, None, silent.clone()), Verdict::Unknown), ["hc-timeout-network-unverified"]);
    assert_eq!(ids(&killing(3, None, silent), Verdict::Blocked), <[&str; 0]>::default());
}

#[test]
fn a_revision_that_never_was_healthy_is_suspected_with_what_was_seen() {
    let findings = found(&killing(3, None, refusing()), Verdict::Open);
    let grace = findings.iter().find(|finding| finding.id() == "grace-period-too-short").unwrap();
    assert_eq!(grace.confidence, Confidence::Medium);
    assert_eq!(grace.consequences.iter().map(Finding::id).collect::<Vec<_>>(), ["hc-connection-refused"]);
    // A target of it that is healthy disproves that.
    let targets = vec![unhealthy("10.0.0.1", FAILED, "Health checks failed"), healthy("10.0.0.2")];
    assert_eq!(ids(&killing(3, None, targets), Verdict::Open), ["hc-connection-refused"]);
}

#[test]
fn young_tasks_are_left_in_peace() {
    let young = |reason: &str, description: &str, grace: u32| {
        let mut case = deploying(reason, description).at(140);
        case.service.health_check_grace_period_seconds = Some(grace);
        case
    };
    assert_eq!(ids(&young(FAILED, "Health checks failed", 120), Verdict::Open), ["hc-app-still-starting"]);
    assert_eq!(ids(&young(TIMEOUT, "Request timed out", 120), Verdict::Unknown), ["hc-app-still-starting"]);
    assert_eq!(ids(&young(MISMATCH, &codes("503"), 120), Verdict::Open), ["hc-app-still-starting"]);
    // These do not heal with time, or the time is over.
    assert_eq!(ids(&young(MISMATCH, &codes("302"), 120), Verdict::Open), ["tg-code-mismatch-redirect"]);
    assert_eq!(ids(&young(FAILED, "Health checks failed", 30), Verdict::Open), ["hc-connection-refused"]);
    let bound = logged(
        young(FAILED, "Health checks failed", 120),
        &first_task(),
        &[(105, "Listening on http://127.0.0.1:8080")],
    );
    assert_eq!(ids(&bound, Verdict::Open), ["app-bound-to-loopback"]);
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
fn zones_without_load_balancer() {
    let description = "Target is in an Availability Zone that is not enabled for the load balancer";
    let mut all = tasks(2);
    for (task, zone) in all.iter_mut().zip(["us-east-1a", "us-east-1c"]) {
        task.availability_zone = Some(zone.to_owned());
        task.interface.as_mut().unwrap().subnet = Some(format!("subnet-{zone}"));
    }
    let unused = target("10.0.0.2", TargetState::Unused, "Target.NotInUse", description);
    let case = Case::new(service("web", 2))
        .definition(definition(30))
        .tasks(all)
        .group(target_group(), vec![healthy("10.0.0.1"), unused]);
    let case = balanced(case, LoadBalancerKind::Application, &["us-east-1a", "us-east-1b"], "active");
    let findings = found(&case, Verdict::Open);
    assert_eq!(ids(&case, Verdict::Open), ["target-az-not-enabled"]);
    assert_eq!(findings[0].severity, Severity::Critical);
    assert_eq!(findings[0].scope.availability_zones, ["us-east-1c"]);
    assert!(findings[0].fix.as_ref().unwrap().commands[0].contains("set-subnets"));
}

#[test]
fn subnets_outside_the_zones_are_advice() {
    let mut service = service("web", 1);
    let subnets = vec!["subnet-a".to_owned(), "subnet-c".to_owned()];
    service.network = Some(NetworkConfiguration { subnets: subnets.clone(), ..NetworkConfiguration::default() });
    let subnet = |id: &str, zone: &str| Subnet {
        id: id.to_owned(),
        vpc: None,
        availability_zone: Some(zone.to_owned()),
        cidrs: Vec::new(),
        available_addresses: None,
    };
    let case = Case::new(service)
        .definition(definition(30))
        .tasks(tasks(1))
        .group(target_group(), vec![healthy("10.0.0.1")])
        .with(Query::Subnets { subnets }, Answer::Subnets(vec![subnet("subnet-a", "a"), subnet("subnet-c", "c")]));
    let outside = balanced(case.clone(), LoadBalancerKind::Application, &["a", "b"], "active");
    let findings = outside.find(&FAMILY);
    assert_eq!((findings[0].id(), findings[0].bearing), ("service-subnets-outside-lb-azs", Bearing::Hygiene));
    let inside = balanced(case, LoadBalancerKind::Application, &["a", "c"], "active");
    assert!(inside.find(&FAMILY).is_empty());
}

#[test]
fn a_group_nobody_forwards_to() {
    let description = "Target group is not configured to receive traffic from the load balancer";
    let unused = || vec![target("10.0.0.1", TargetState::Unused, "Target.NotInUse", description)];
    let group = with_check(|group| group.load_balancers.clear());
    let case = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1)).group(group.clone(), unused());
    let finding = &found(&case, Verdict::Open)[0];
    assert_eq!((finding.id(), finding.confidence), ("tg-not-attached-to-listener", Confidence::Certain));
    // The idle group of a blue/green pair.
    let other = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-blue/1123456789abcdef";
    let mut blue_green = service("web", 1).with_strategy(DeploymentStrategy::BlueGreen);
    let mut binding = blue_green.load_balancers[0].clone();
    binding.target_group = Some(TargetGroupArn::from(other));
    blue_green.load_balancers.push(binding);
    let blue = with_check(|group| group.arn = TargetGroupArn::from(other));
    let case = Case::new(blue_green)
        .definition(definition(30))
        .tasks(tasks(1))
        .group(group, Vec::new())
        .group(blue, vec![healthy("10.0.0.1")]);
    assert_eq!(ids(&case, Verdict::Open), <[&str; 0]>::default());
}

#[test]
fn a_group_that_is_gone() {
    let mut case = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1));
    let error = crate::model::call::CallError {
        kind: crate::model::call::ErrorKind::NotFound,
        operation: crate::model::call::Operation::new("elasticloadbalancing", "DescribeTargetGroups"),
        message: "One or more target groups not found".to_owned(),
        request_id: None,
        hint: None,
    };
    case.answers.insert(Query::TargetGroup { target_group: TargetGroupArn::from(GROUP) }, Known::Failed(error));
    assert_eq!(ids(&case, Verdict::Open), ["tg-missing"]);
    let denied = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1)).denied(
        Query::TargetGroup { target_group: TargetGroupArn::from(GROUP) },
        "elasticloadbalancing",
        "DescribeTargetGroups",
    );
    assert_eq!(ids(&denied, Verdict::Open), <[&str; 0]>::default());
}

#[test]
fn a_task_without_target() {
    let case = |targets: Vec<Target>, now: i64| {
        Case::new(service("web", 2)).definition(definition(30)).tasks(tasks(2)).group(target_group(), targets).at(now)
    };
    assert_eq!(ids(&case(vec![healthy("10.0.0.1")], 1_000), Verdict::Open), ["target-not-found-in-tg"]);
    assert_eq!(ids(&case(vec![healthy("10.0.0.1")], 200), Verdict::Open), <[&str; 0]>::default());
    let refused = "failed to register targets in (target-group web-tg) with (error The following targets are not in the target group VPC 'vpc-1': '10.0.0.2')";
    let mut refusing = case(vec![healthy("10.0.0.1")], 1_000);
    refusing.service = refusing.service.events(&[(900, refused)]);
    assert_eq!(ids(&refusing, Verdict::Open), ["target-register-failed"]);
}

#[test]
fn types_and_bindings_have_to_fit() {
    let instance = with_check(|group| group.target_type = Some("instance".to_owned()));
    let case = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1)).group(instance, Vec::new());
    assert_eq!(ids(&case, Verdict::Open), ["tg-type-vs-network-mode"]);
    let mut other = service("web", 1);
    other.load_balancers[0].container_port = Some(9090);
    let case = Case::new(other).definition(definition(30));
    assert_eq!(ids(&case, Verdict::Open), ["lb-container-port-not-in-taskdef"]);
    let mut range = definition(30);
    range.containers[0].ports[0].container_port = None;
    assert_eq!(ids(&case.definition(range), Verdict::Open), <[&str; 0]>::default());
}

#[test]
fn load_balancers_have_states() {
    let case = || {
        Case::new(service("web", 1))
            .definition(definition(30))
            .tasks(tasks(1))
            .group(target_group(), vec![healthy("10.0.0.1")])
    };
    let impaired = balanced(case(), LoadBalancerKind::Application, &["a"], "active_impaired");
    assert_eq!(ids(&impaired, Verdict::Open), ["lb-state-not-active"]);
    assert_eq!(
        ids(&balanced(case(), LoadBalancerKind::Application, &["a"], "active"), Verdict::Open),
        <[&str; 0]>::default()
    );
}

#[test]
fn reasons_that_say_it_all() {
    for (state, reason, description, expected) in [
        (
            TargetState::Unused,
            "Target.IpUnusable",
            "The IP address cannot be used as a target, as it is in use by a load balancer",
            "target-ip-unusable",
        ),
        (TargetState::Unused, "Target.InvalidState", "Target is in the stopped state", "target-instance-invalid-state"),
        (
            TargetState::Unhealthy,
            "Elb.InternalError",
            "Health checks failed due to an internal error",
            "elb-internal-error",
        ),
        (
            TargetState::Unavailable,
            "Elb.InternalError",
            "Health checks failed due to an internal error",
            "elb-internal-error",
        ),
    ] {
        let targets = vec![target("10.0.0.1", state, reason, description), healthy("10.0.0.2")];
        let case =
            Case::new(service("web", 2)).definition(definition(30)).tasks(tasks(2)).group(target_group(), targets);
        assert_eq!(ids(&case, Verdict::Open), [expected]);
    }
}

#[test]
fn draining_is_normal() {
    let mut old = tasks(1);
    old[0].desired_status = "STOPPED".to_owned();
    old[0].stopping_at = Some(at(950));
    let mut new = running_task("ecs-svc/2", "10.0.0.2", at(800));
    new.task_definition = definition(31).arn;
    old.push(new);
    let rolling = service("web", 1).rolling(1, 0, at(700));
    let draining = target(
        "10.0.0.1",
        TargetState::Draining,
        "Target.DeregistrationInProgress",
        "Target deregistration is in progress",
    );
    let case = Case::new(rolling)
        .definition(definition(31))
        .tasks(old)
        .group(target_group(), vec![draining, healthy("10.0.0.2")]);
    let findings = found(&case, Verdict::Open);
    assert_eq!(ids(&case, Verdict::Open), ["target-draining-normal"]);
    assert_eq!(findings[0].severity, Severity::Info);
    let slow = attributes(case.clone(), &[("deregistration_delay.timeout_seconds", "300")]);
    assert_eq!(ids(&slow, Verdict::Open), ["deregistration-delay-slows-deploy", "target-draining-normal"]);
    let quick = attributes(case.clone(), &[("deregistration_delay.timeout_seconds", "30")]);
    assert_eq!(ids(&quick, Verdict::Open), ["target-draining-normal"]);
    let sticky = attributes(case, &[("deregistration_delay.timeout_seconds", "300"), ("stickiness.enabled", "true")]);
    assert_eq!(ids(&sticky, Verdict::Open), ["target-draining-normal"]);
}

#[test]
fn attributes_are_explained() {
    let case = |count: u8| {
        let targets = (1..=count).map(|last| healthy(&format!("10.0.0.{last}"))).collect();
        let mut all = tasks(count);
        for task in &mut all {
            task.availability_zone = Some("a".to_owned());
        }
        Case::new(service("web", count.into())).definition(definition(30)).tasks(all).group(target_group(), targets)
    };
    let count = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count";
    for (case, expected) in [
        (attributes(case(1), &[("slow_start.duration_seconds", "900")]).at(500), vec!["slow-start-in-effect"]),
        (attributes(case(1), &[("slow_start.duration_seconds", "30")]), vec![]),
        (attributes(case(2), &[(count, "3")]), vec!["tg-health-threshold-unmet"]),
        (attributes(case(3), &[(count, "3")]), vec![]),
        (attributes(case(1), &[(count, "1")]), vec![]),
        (
            network(attributes(case(1), &[("load_balancing.cross_zone.enabled", "false")])),
            vec!["nlb-cross-zone-off-empty-az"],
        ),
        (network(attributes(case(1), &[("load_balancing.cross_zone.enabled", "true")])), vec![]),
    ] {
        assert_eq!(ids(&case, Verdict::Open), expected);
    }
}

#[test]
fn targets_tell_more_than_their_health() {
    let mut odd = healthy("10.0.0.1");
    odd.anomaly = Some("anomalous".to_owned());
    odd.anomaly_mitigated = true;
    let mut shifted = healthy("10.0.0.2");
    shifted.administrative_override = Some("zonal_shift_active".to_owned());
    let mut late =
        target("10.0.0.3", TargetState::Initial, "Elb.InitialHealthChecking", "Initial health checks in progress");
    late.anomaly = Some("normal".to_owned());
    late.administrative_override = Some("no_override".to_owned());
    let case = Case::new(service("web", 3))
        .definition(definition(30))
        .tasks(tasks(3))
        .group(target_group(), vec![odd, shifted, late]);
    let expected = ["target-initial-too-long", "anomaly-mitigation-active", "zonal-shift-active"];
    assert_eq!(ids(&case, Verdict::Open), expected);
    assert_eq!(ids(&case.at(200), Verdict::Open), ["anomaly-mitigation-active", "zonal-shift-active"]);
}

#[test]
fn tasks_cannot_call_themselves_through_a_network_load_balancer() {
    let case = network(failing(MISMATCH, &codes("503")));
    let lines = [(200, "POST http://edge-1.elb.eu-west-1.amazonaws.com/pay: i/o timeout")];
    let case = logged(attributes(case, &[("preserve_client_ip.enabled", "true")]), &first_task(), &lines);
    assert!(ids(&case, Verdict::Open).contains(&"nlb-hairpin-client-ip"));
    let off = attributes(case, &[("preserve_client_ip.enabled", "false")]);
    assert!(!ids(&off, Verdict::Open).contains(&"nlb-hairpin-client-ip"));
}

#[test]
fn strict_thresholds_need_slow_answers() {
    let silent = "(port 8080) is unhealthy in (target-group web-tg) due to (reason Request timed out)";
    let case = |p99: f64| {
        let mut case = killing(2, None, vec![healthy("10.0.0.1"), healthy("10.0.0.2")]);
        let group = with_check(|group| {
            group.health_check.interval_seconds = Some(5);
            group.health_check.timeout_seconds = Some(4);
        });
        case = case.group(group, vec![healthy("10.0.0.1"), healthy("10.0.0.2")]);
        case.service = case.service.events(&[(930, silent), (830, silent)]);
        let traffic = crate::model::observation::Traffic {
            response_time_p99: vec![Sample { at: at(900), value: p99 }],
            ..crate::model::observation::Traffic::default()
        };
        let query = Query::Traffic {
            load_balancer: LoadBalancerArn::from(BALANCER),
            target_group: TargetGroupArn::from(GROUP),
        };
        case.with(query, Answer::Traffic(Box::new(traffic)))
    };
    assert_eq!(ids(&case(3.0), Verdict::Open), ["hc-thresholds-too-aggressive"]);
    assert_eq!(ids(&case(0.1), Verdict::Open), <[&str; 0]>::default());
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

#[test]
fn nothing_is_found_about_a_deployment_that_ended_long_ago() {
    let mut case = killing(3, None, vec![healthy("10.0.0.1"), healthy("10.0.0.2")]);
    case.service.deployments = vec![deployment("1", 30, DeploymentStatus::Primary, 2)];
    let later = case.now + SignedDuration::from_hours(2);
    case.now = later;
    assert_eq!(ids(&case, Verdict::Open), <[&str; 0]>::default());
}
