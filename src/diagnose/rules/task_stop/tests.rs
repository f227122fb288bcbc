use jiff::SignedDuration;

use super::*;
use crate::diagnose::finding::Confidence;
use crate::diagnose::fixtures::{
    Case, GROUP, ServiceFixture, at, container, definition, running_task, service, stopped_task,
};
use crate::model::arn::{ContainerInstanceArn, TaskArn, TaskDefinitionArn};
use crate::model::capacity::{ContainerInstance, Resources};
use crate::model::observation::{LogExcerpt, LogLine, Sample, Utilization};
use crate::model::query::{Answer, Query};
use crate::model::service::Service;
use crate::model::task::{Container, ContainerHealth, Task};
use crate::model::task_definition::{ContainerHealthCheck, EnvironmentSource, EnvironmentVariable, TaskDefinition};

const EXITED: &str = "EssentialContainerExited";
const ESSENTIAL: &str = "Essential container in task exited";
const SCHEDULER: &str = "ServiceSchedulerInitiated";

/// Task `number` of `ecs-svc/1`, which ran from 800 s + its number for 100 s.
fn dead(number: i64, code: &str, reason: &str, containers: Vec<Container>) -> Task {
    let mut task = stopped_task(code, reason, containers);
    task.arn = TaskArn::new(format!("arn:aws:ecs:eu-west-1:1:task/shop/{number:032x}"));
    task.task_definition = TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:1:task-definition/web:30");
    (task.created_at, task.started_at) = (Some(at(780 + number)), Some(at(800 + number)));
    (task.stopping_at, task.execution_stopped_at) = (Some(at(900 + number)), Some(at(905 + number)));
    task.stopped_at = Some(at(910 + number));
    task
}

fn exited(number: i64, code: i32) -> Task {
    dead(number, EXITED, ESSENTIAL, vec![container("web", Some(code), None)])
}

fn case(service: Service, tasks: Vec<Task>) -> Case {
    Case::new(service).definition(definition(30)).tasks(tasks)
}

fn short() -> Service {
    service("web", 2).counts(1, 0)
}

fn ids(tasks: Vec<Task>) -> Vec<&'static str> {
    case(short(), tasks).ids(&FAMILY)
}

#[test]
fn ends_become_findings() {
    let oom = "OutOfMemoryError: Container killed due to memory usage";
    let killed = format!("Task failed ELB health checks in (target-group {GROUP})");
    let unknown = "container-health-unknown-is-normal";
    for (task, expected) in [
        (exited(1, 1), vec!["app-crash-exit-nonzero"]),
        (exited(1, 3), vec!["app-crash-exit-nonzero"]),
        (exited(1, -1_073_741_819), vec!["app-crash-exit-nonzero"]),
        (exited(1, 0), vec!["container-exited-zero"]),
        (exited(1, 126), vec!["command-not-found"]),
        (exited(1, 127), vec!["command-not-found"]),
        (exited(1, 132), vec!["illegal-instruction"]),
        (exited(1, 134), vec!["aborted"]),
        (exited(1, 139), vec!["segfault"]),
        (exited(1, 137), vec!["killed-without-reason"]),
        (dead(1, EXITED, ESSENTIAL, vec![container("web", Some(137), Some(oom))]), vec!["oom-killed"]),
        (dead(1, SCHEDULER, &killed, vec![container("web", Some(137), None)]), vec!["task-killed-elb-health"]),
        (dead(1, SCHEDULER, &killed, vec![container("web", Some(143), None)]), vec!["task-killed-elb-health"]),
        (
            dead(1, SCHEDULER, "Task failed container health checks", vec![container("web", Some(137), None)]),
            vec!["container-healthcheck-failing"],
        ),
        (
            dead(1, EXITED, ESSENTIAL, vec![container("web", Some(1), None), container("proxy", Some(143), None)]),
            vec!["app-crash-exit-nonzero", "sibling-collateral-exit"],
        ),
    ] {
        let mut found = ids(vec![task.clone()]);
        found.retain(|id| *id != unknown);
        assert_eq!(found, expected, "{:?} {:?}", task.stop_code, task.containers);
    }
}

#[test]
fn normal_operation_is_a_note_whatever_the_exit_code() {
    for (code, reason, id) in [
        (SCHEDULER, "Scaling activity initiated by (deployment ecs-svc/1)", "scaling-activity-stop"),
        (
            SCHEDULER,
            "Service web: ECS is performing maintenance on the underlying infrastructure hosting the task",
            "fargate-task-retirement",
        ),
        (
            SCHEDULER,
            "Service web: Task cannot be placed; container instance is in DRAINING state",
            "instance-drain-stop",
        ),
        ("UserInitiated", "OutOfMemoryError: just kidding", "user-stopped"),
        ("SpotInterruption", "Your Spot Task was interrupted.", "spot-interrupted"),
        ("TerminationNotice", "Host EC2 (instance i-0123456789abcdef0) terminated.", "host-terminated"),
        ("InfrastructureHealth", "", "infrastructure-health-stop"),
    ] {
        for exit in [0, 137, 143] {
            let task = dead(1, code, reason, vec![container("web", Some(exit), None)]);
            let findings = case(service("web", 2), vec![task]).find(&FAMILY);
            assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), [id], "{exit}");
            assert!(findings[0].severity >= Severity::Warning && findings[0].bearing == Bearing::Past, "{id}");
        }
    }
}

#[test]
fn a_signal_nobody_sent_is_only_a_warning() {
    let findings = case(service("web", 2), vec![exited(1, 143)]).find(&FAMILY);
    let found = (findings[0].id(), findings[0].severity, findings[0].confidence);
    assert_eq!(found, ("app-crash-exit-nonzero", Severity::Warning, Confidence::Low));
}

#[test]
fn spot_is_a_warning_while_tasks_are_missing_for_it() {
    let task =
        || dead(1, "SpotInterruption", "Your Spot Task was interrupted.", vec![container("web", Some(137), None)]);
    let found = |service: Service, now: i64| {
        let findings = case(service, vec![task()]).at(now).find(&FAMILY);
        findings
            .iter()
            .find(|finding| finding.id() == "spot-interrupted")
            .map(|finding| (finding.severity, finding.bearing))
    };
    assert_eq!(found(service("web", 2), 1_000), Some((Severity::Info, Bearing::Past)));
    assert_eq!(found(short(), 1_000), Some((Severity::Warning, Bearing::Present)));
    assert_eq!(found(short(), 3_000), Some((Severity::Info, Bearing::Past)));
    assert_eq!(found(short(), 9_000), None);
}

#[test]
fn a_slow_stop_is_a_note_of_its_own() {
    let stopped = |seconds: i64| {
        let reason = "Scaling activity initiated by (deployment ecs-svc/1)";
        let mut task = dead(1, SCHEDULER, reason, vec![container("web", Some(137), None)]);
        task.execution_stopped_at = task.stopping_at.map(|at| at + SignedDuration::from_secs(seconds));
        case(service("web", 2), vec![task])
    };
    assert_eq!(stopped(30).ids(&FAMILY), ["scaling-activity-stop", "sigterm-ignored"]);
    assert_eq!(stopped(3).ids(&FAMILY), ["scaling-activity-stop"]);
    assert!(stopped(30).find(&FAMILY).iter().all(|finding| finding.severity == Severity::Info));
}

#[test]
fn deaths_matter_while_tasks_are_missing_or_lately() {
    let found = |service: Service, now: i64, task: Task| {
        let findings = case(service, vec![task]).at(now).find(&FAMILY);
        findings.iter().find(|one| one.id() == "app-crash-exit-nonzero").map(|one| (one.severity, one.bearing))
    };
    let present = Some((Severity::Error, Bearing::Present));
    let past = Some((Severity::Info, Bearing::Past));
    assert_eq!(found(service("web", 2), 1_000, exited(1, 1)), present, "lately");
    assert_eq!(found(service("web", 2), 2_000, exited(1, 1)), past, "once, long ago");
    assert_eq!(found(short(), 2_000, exited(1, 1)), present, "a task is missing");
    assert_eq!(found(service("web", 2), 9_000, exited(1, 1)), None, "hours ago");
    assert_eq!(found(service("web", 0), 1_000, exited(1, 1)), None, "switched off");
    let old = Task { started_by: Some("ecs-svc/0".to_owned()), ..exited(1, 1) };
    assert_eq!(found(short(), 1_000, old.clone()), None, "of an older deployment");
    let old =
        Task { task_definition: TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:1:task-definition/web:29"), ..old };
    let back = service("web", 2).events(&[(990, "rolling back to deployment ecs-svc/1.")]);
    assert_eq!(found(back, 1_000, old), past, "of the deployment that was rolled back");
}

fn log(case: Case, task: &Task, lines: &[(i64, &str)]) -> Case {
    let stream = case.facts().log_stream(task, "web").unwrap();
    let lines = lines.iter().map(|(second, message)| LogLine { at: at(*second), message: (*message).to_owned() });
    let excerpt = LogExcerpt { head: lines.collect(), ..LogExcerpt::default() };
    case.with(Query::Logs { stream, since: task.created_at.unwrap() }, Answer::Logs(Box::new(excerpt)))
}

#[test]
fn a_crash_shows_what_was_written_last() {
    let mut task = exited(1, 1);
    task.stopping_at = Some(at(804));
    let mut definition = definition(30);
    let secret = crate::model::secret::Secret::new("hunter2hunter2");
    definition.containers[0].environment =
        vec![EnvironmentVariable { name: "PASSWORD".to_owned(), source: EnvironmentSource::Literal(secret) }];
    let case = Case::new(short()).definition(definition).tasks(vec![task.clone()]);
    assert_eq!(wanted_logs(&Scene::new(case.facts())).len(), 1);
    let case =
        log(case, &task, &[(802, "starting"), (803, "Error: connect ECONNREFUSED hunter2hunter2"), (804, "bye")]);
    let finding = case.find(&FAMILY).remove(0);
    assert_eq!(finding.id(), "app-crash-exit-nonzero");
    assert!(finding.title.contains("within 3 s"), "{}", finding.title);
    let messages: Vec<&str> =
        finding.evidence.iter().filter(|one| one.field == "message").map(|one| &*one.value).collect();
    assert_eq!(messages, ["Error: connect ECONNREFUSED ••••••", "starting", "bye"]);
    assert!(finding.explanation.contains("ECONNREFUSED ••••••"));
    assert!(finding.fix.unwrap().commands[0].starts_with("aws logs tail /ecs/web"));
}

#[test]
fn logs_are_wanted_of_the_newest_two_kinds_of_deaths() {
    let scaled = dead(
        9,
        SCHEDULER,
        "Scaling activity initiated by (deployment ecs-svc/1)",
        vec![container("web", Some(143), None)],
    );
    let case = case(short(), vec![exited(1, 1), exited(2, 2), exited(3, 2), exited(4, 139), scaled]);
    let wanted = wanted_logs(&Scene::new(case.facts()));
    let streams: Vec<&str> = wanted.iter().map(|(stream, _)| stream.stream.as_str()).collect();
    assert_eq!(streams, [format!("ecs/web/{:032x}", 4), format!("ecs/web/{:032x}", 3)]);
    assert_eq!(wanted[0].1, at(784));
}

#[test]
fn memory_is_suspected_only_with_figures() {
    let with = |value: f64, second: i64| {
        let query =
            Query::Utilization { cluster: crate::model::arn::ClusterName::new("shop"), service: service("web", 2).arn };
        let utilization =
            Utilization { memory_maximum: vec![Sample { at: at(second), value }], ..Utilization::default() };
        case(service("web", 2), vec![exited(1, 137)])
            .with(query, Answer::Utilization(Box::new(utilization)))
            .find(&FAMILY)
    };
    let suspected = with(97.0, 840);
    assert_eq!(
        (suspected[0].id(), suspected[0].severity, suspected[0].confidence),
        ("oom-suspected", Severity::Warning, Confidence::Medium)
    );
    for (value, second) in [(40.0, 840), (97.0, 100)] {
        let killed = with(value, second);
        assert_eq!(
            (killed[0].id(), killed[0].confidence),
            ("killed-without-reason", Confidence::Low),
            "{value} {second}"
        );
        assert!(killed[0].explanation.contains("Ruled out"));
    }
}

#[test]
fn a_kill_by_health_checks_quotes_what_the_load_balancer_said() {
    let reason = format!("Task failed ELB health checks in (target-group {GROUP})");
    let task = dead(1, SCHEDULER, &reason, vec![container("web", Some(137), None)]);
    let event = format!(
        "(task {:032x}) (port 8080) is unhealthy in (target-group {GROUP}) due to (reason Request timed out)",
        1
    );
    let finding = case(service("web", 2).events(&[(890, &event)]), vec![task]).find(&FAMILY).remove(0);
    assert_eq!((finding.id(), finding.scope.target_group.as_deref()), ("task-killed-elb-health", Some(GROUP)));
    assert!(finding.title.contains("web-tg") && finding.title.contains("100 s"), "{}", finding.title);
    assert!(finding.explanation.contains("Request timed out"), "{}", finding.explanation);
}

fn checked(command: &[&str], change: impl FnOnce(&mut TaskDefinition)) -> TaskDefinition {
    let mut definition = definition(30);
    definition.containers[0].health_check = Some(ContainerHealthCheck {
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        interval_seconds: 30,
        timeout_seconds: 5,
        retries: 3,
        start_period_seconds: None,
    });
    change(&mut definition);
    definition
}

fn unhealthy() -> Task {
    let mut task = running_task("ecs-svc/1", "10.0.0.1", at(500));
    task.task_definition = TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:1:task-definition/web:30");
    task.health = ContainerHealth::Unhealthy;
    task.containers[0].health = ContainerHealth::Unhealthy;
    task
}

#[test]
fn a_failing_container_check_is_narrowed_down() {
    let image =
        |name: &'static str| move |definition: &mut TaskDefinition| definition.containers[0].image = name.to_owned();
    let port = |definition: &mut TaskDefinition| {
        let value = crate::model::secret::Secret::new("9090");
        definition.containers[0].environment =
            vec![EnvironmentVariable { name: "PORT".to_owned(), source: EnvironmentSource::Literal(value) }];
    };
    let same = |_: &mut TaskDefinition| {};
    for (definition, expected) in [
        (checked(&["CMD", "curl -f http://localhost:8080/ || exit 1"], same), "container-hc-cmd-form"),
        (checked(&["CMD", "curl", "-f", "http://localhost:8080/"], same), "container-healthcheck-failing"),
        (checked(&["CMD", "/healthcheck"], same), "container-healthcheck-failing"),
        (checked(&["CMD-SHELL", "curl -f http://localhost:8080/ || exit 1"], same), "container-healthcheck-failing"),
        (checked(&["CMD-SHELL", "curl -f http://localhost:9090/ || exit 1"], same), "container-hc-wrong-port"),
        (checked(&["CMD-SHELL", "curl -f http://localhost:9090/ || exit 1"], port), "container-healthcheck-failing"),
        (checked(&["CMD-SHELL", "exit 0"], image("gcr.io/distroless/java17")), "container-hc-no-shell"),
        (
            checked(&["CMD-SHELL", "curl -f http://localhost:8080/"], image("node:22-alpine")),
            "container-hc-tool-missing",
        ),
        (
            checked(&["CMD-SHELL", "wget -q -O- http://localhost:8080/"], image("node:22-alpine")),
            "container-healthcheck-failing",
        ),
        (
            checked(&["CMD-SHELL", "wget -q -O- http://localhost:8080/"], image("python:3.13-slim")),
            "container-hc-tool-missing",
        ),
    ] {
        let command = definition.containers[0].health_check.clone().unwrap().command;
        let case = Case::new(service("web", 1)).definition(definition).tasks(vec![unhealthy()]);
        assert_eq!(case.ids(&FAMILY), [expected], "{command:?}");
    }
}

#[test]
fn a_healthy_container_is_not_looked_at() {
    let mut task = unhealthy();
    task.health = ContainerHealth::Healthy;
    task.containers[0].health = ContainerHealth::Healthy;
    let case =
        Case::new(service("web", 1)).definition(checked(&["CMD", "curl -f x || exit 1"], |_| {})).tasks(vec![task]);
    assert_eq!(case.ids(&FAMILY), [""; 0]);
}

#[test]
fn a_slow_start_needs_proof() {
    let task = dead(1, SCHEDULER, "Task failed container health checks", vec![container("web", Some(137), None)]);
    let definition = checked(&["CMD-SHELL", "curl -f http://localhost:8080/"], |_| {});
    let case = || Case::new(service("web", 1)).definition(definition.clone()).tasks(vec![task.clone()]);
    assert_eq!(case().ids(&FAMILY), ["container-healthcheck-failing"]);
    assert_eq!(log(case(), &task, &[(895, "Started App in 92.4 seconds")]).ids(&FAMILY), ["container-hc-start-period"]);
    assert_eq!(
        log(case(), &task, &[(804, "Started App in 2.4 seconds")]).ids(&FAMILY),
        ["container-healthcheck-failing"]
    );
    assert_eq!(
        log(case(), &task, &[(804, "Listening on http://0.0.0.0:8080")]).ids(&FAMILY),
        ["container-hc-ipv6-localhost"]
    );
}

#[test]
fn tasks_killed_as_soon_as_the_check_gives_up_may_need_longer_to_start() {
    let killed = |number: i64, lived: i64| {
        let why = "Task failed container health checks";
        let mut task = dead(number, SCHEDULER, why, vec![container("web", Some(137), None)]);
        task.stopping_at = task.started_at.map(|start| start + jiff::SignedDuration::from_secs(lived));
        task.execution_stopped_at = task.stopping_at;
        task
    };
    let check = |period: Option<u32>| {
        checked(&["CMD-SHELL", "/app/check"], move |definition| {
            definition.containers[0].health_check.as_mut().unwrap().start_period_seconds = period;
        })
    };
    for (lived, period, expected) in [
        (&[90, 97][..], None, "container-hc-start-period"),
        (&[90], None, "container-healthcheck-failing"),
        (&[90, 97], Some(60), "container-healthcheck-failing"),
        (&[90, 180], None, "container-healthcheck-failing"),
    ] {
        let tasks = lived.iter().zip(1..).map(|(lived, number)| killed(number, *lived)).collect();
        let case = Case::new(service("web", 1)).definition(check(period)).tasks(tasks);
        assert_eq!(case.ids(&FAMILY), [expected], "{lived:?} {period:?}");
    }
}

#[test]
fn the_same_death_three_times_is_a_pattern() {
    let crashes = |count: i64| case(service("web", 2), (1..=count).map(|number| exited(number, 1)).collect());
    assert_eq!(crashes(3).ids(&FAMILY), ["app-crash-exit-nonzero", "task-flapping"]);
    assert_eq!(crashes(2).ids(&FAMILY), ["app-crash-exit-nonzero"]);
    let crash = crashes(3).find(&FAMILY).remove(0);
    assert_eq!(crash.scope.tasks.len(), 3, "one finding for all of them");
    let scaled = |number| {
        dead(
            number,
            SCHEDULER,
            "Scaling activity initiated by (deployment ecs-svc/1)",
            vec![container("web", Some(143), None)],
        )
    };
    assert_eq!(case(service("web", 2), (1..=5).map(scaled).collect()).ids(&FAMILY), ["scaling-activity-stop"]);
}

#[test]
fn evidence_expires() {
    let with = |events: &[(i64, &str)], failures: u32, tasks: Vec<Task>| {
        let service = service("web", 2).counts(0, 0).primary(|primary| primary.failed = failures).events(events);
        case(service, tasks).ids(&FAMILY)
    };
    let impaired = "is unable to consistently start tasks successfully.";
    assert_eq!(with(&[(900, impaired)], 0, Vec::new()), ["stopped-evidence-expired"]);
    assert_eq!(with(&[], 4, Vec::new()), ["stopped-evidence-expired"]);
    assert_eq!(with(&[], 0, Vec::new()), [""; 0]);
    assert_eq!(with(&[], 4, vec![exited(1, 1)]), ["app-crash-exit-nonzero"]);
    let denied = Case::new(service("web", 2).counts(0, 0).primary(|primary| primary.failed = 4));
    assert_eq!(denied.ids(&FAMILY), [""; 0], "tasks nobody could list have not expired");
}

#[test]
fn a_dead_sidecar_is_missed() {
    let with = |essential: bool, code: i32, waited_for: bool| {
        let mut definition = definition(30);
        let mut sidecar = definition.containers[0].clone();
        (sidecar.name, sidecar.essential) = ("router".to_owned(), essential);
        definition.containers.push(sidecar);
        if waited_for {
            definition.containers[0].depends_on = vec![("router".to_owned(), "COMPLETE".to_owned())];
        }
        let mut task = unhealthy();
        (task.health, task.containers[0].health) = (ContainerHealth::Unknown, ContainerHealth::Unknown);
        task.containers.push(container("router", Some(code), None));
        Case::new(service("web", 1)).definition(definition).tasks(vec![task]).ids(&FAMILY)
    };
    assert_eq!(with(false, 1, false), ["non-essential-sidecar-dead"]);
    assert_eq!(with(false, 0, false), [""; 0]);
    assert_eq!(with(false, 1, true), [""; 0]);
    assert_eq!(with(true, 1, false), [""; 0]);
}

#[test]
fn a_host_that_does_not_talk_makes_health_stale() {
    let arn = ContainerInstanceArn::from("arn:aws:ecs:eu-west-1:1:container-instance/shop/0a");
    let with = |connected: bool| {
        let mut task = unhealthy();
        (task.health, task.container_instance) = (ContainerHealth::Healthy, Some(arn.clone()));
        let instance = ContainerInstance {
            arn: arn.clone(),
            ec2_instance: None,
            status: "ACTIVE".to_owned(),
            status_reason: None,
            agent_connected: connected,
            health: None,
            impairments: Vec::new(),
            registered: Resources::default(),
            remaining: Resources::default(),
            attributes: Vec::new(),
            running: 1,
            pending: 0,
            capacity_provider: None,
        };
        let case = Case::new(service("web", 1)).definition(definition(30)).tasks(vec![task]);
        let query = Query::ContainerInstances { cluster: case.facts().cluster() };
        case.with(query, Answer::ContainerInstances(vec![instance])).ids(&FAMILY)
    };
    assert_eq!(with(false), ["health-stale-agent-disconnected"]);
    assert_eq!(with(true), [""; 0]);
}

#[test]
fn unknown_health_is_explained_only_where_somebody_looks_for_a_fault() {
    let mut task = unhealthy();
    (task.health, task.containers[0].health) = (ContainerHealth::Unknown, ContainerHealth::Unknown);
    let with = |service: Service| case(service, vec![task.clone()]).ids(&FAMILY);
    assert_eq!(with(short()), ["container-health-unknown-is-normal"]);
    assert_eq!(with(service("web", 1)), [""; 0]);
}

#[test]
fn a_container_that_finished_preparing_killed_nobody() {
    let mut definition = definition(30);
    let mut init = definition.containers[0].clone();
    (init.name, init.essential) = ("init".to_owned(), false);
    definition.containers.push(init);
    let task = dead(1, EXITED, ESSENTIAL, vec![container("web", Some(1), None), container("init", Some(0), None)]);
    let findings = Case::new(service("web", 2)).definition(definition).tasks(vec![task]).find(&FAMILY);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["app-crash-exit-nonzero"]);
    assert_eq!(findings[0].scope.containers, ["web"]);
}

#[test]
fn every_kind_has_its_page() {
    for entry in FAMILY.entries {
        let texts = [entry.id, entry.title, entry.meaning, entry.decided, entry.fix];
        assert!(texts.iter().all(|text| !text.is_empty()) && entry.number > 0, "{}", entry.id);
        assert!(!entry.sources.is_empty(), "{}", entry.id);
    }
}
