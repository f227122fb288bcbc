use proptest::prelude::*;

use super::*;
use crate::diagnose::fixtures::{
    Case, ServiceFixture, UNHEALTHY, any_service, at, container, definition, deployment, running_task, service,
    stopped_task, target, target_group,
};
use crate::diagnose::needs::needs;
use crate::model::arn::TargetGroupArn;
use crate::model::call::{CallError, ErrorKind, Operation};
use crate::model::known::Known;
use crate::model::load_balancing::{Target, TargetGroup, TargetState};
use crate::model::query::Query;
use crate::model::secret::{MASK, Secret};
use crate::model::service::{
    DeploymentStatus, DeploymentStrategy, LoadBalancerBinding, RolloutState, SchedulingStrategy, Service, ServiceStatus,
};
use crate::model::service_deployment::ServiceDeployment;
use crate::model::task::Task;
use crate::model::task_definition::{EnvironmentSource, EnvironmentVariable};

/// Second at which everything here is looked at: ten hours after the service was deployed.
const NOW: i64 = 36_000;

fn case(service: Service) -> Case {
    Case::new(service).at(NOW)
}

fn is(case: &Case, health: Health, headline: &str) {
    let assessment = assess(case.facts());
    let found = (assessment.health, assessment.headline.unwrap_or_default());
    assert_eq!((found.0, found.1.as_str()), (health, headline));
    assert_eq!(diagnose(case.facts()).health, health, "both ways of asking agree");
}

fn healthy(address: &str) -> Target {
    target(address, TargetState::Healthy, "", "")
}

fn draining(address: &str) -> Target {
    target(address, TargetState::Draining, "Target.DeregistrationInProgress", "Target deregistration is in progress")
}

fn error(kind: ErrorKind, service: &str, operation: &str) -> CallError {
    CallError {
        kind,
        operation: Operation::new(service, operation),
        message: "not authorized".to_owned(),
        request_id: None,
        hint: None,
    }
}

fn health_of_targets(case: &Case) -> Query {
    Query::TargetHealth { target_group: case.service.target_groups()[0].clone() }
}

#[test]
fn nothing_wanted_or_nothing_left_is_inactive() {
    is(&case(service("web", 0)), Health::Inactive, "desired 0");
    is(&case(Service { status: ServiceStatus::Draining, ..service("web", 2) }), Health::Inactive, "being deleted");
    is(&case(Service { status: ServiceStatus::Inactive, ..service("web", 0) }), Health::Inactive, "deleted");
    let daemon = Service { scheduling: SchedulingStrategy::Daemon, ..service("web", 0) };
    is(&case(daemon), Health::Inactive, "no container instance to run on");
    is(&case(service("web", 0).counts(2, 0)), Health::Healthy, "scaling in to 0");
}

#[test]
fn missing_tasks_count_unless_a_deployment_explains_them() {
    let short = |running, pending| case(service("web", 4).counts(running, pending));
    is(&short(4, 0), Health::Healthy, "");
    is(&short(3, 1), Health::Degraded, "3 of 4 tasks running, 1 starting");
    is(&short(3, 0), Health::Degraded, "3 of 4 tasks running");
    is(&short(0, 0), Health::Failing, "0 of 4 tasks running");
    let rolling = |running, pending| case(service("web", 4).rolling(running, pending, at(NOW - 120)));
    is(&rolling(0, 4), Health::Deploying, "0 of 4 new tasks running");
    is(&rolling(2, 2), Health::Deploying, "2 of 4 new tasks running");
    is(&rolling(4, 0), Health::Deploying, "new tasks run, old ones leave");
    let created = service("web", 2).counts(0, 2).primary(|primary| {
        primary.rollout_state = Some(RolloutState::InProgress);
        primary.created_at = Some(at(NOW - 30));
    });
    is(&case(created), Health::Deploying, "0 of 2 new tasks running");
    // A long rollout may stay below the desired count as far as its minimum allows.
    let long = |minimum| {
        let mut long = service("web", 10).with_percents(minimum, 100).rolling(3, 2, at(NOW - 900));
        long.running = 7;
        case(long)
    };
    is(&long(50), Health::Deploying, "3 of 10 new tasks running");
    is(&long(80), Health::Degraded, "7 of 10 tasks running, 2 starting");
}

#[test]
fn targets_decide_where_nothing_else_does() {
    let with = |targets| case(service("web", 2)).group(target_group(), targets);
    is(&with(vec![healthy("10.0.0.1"), healthy("10.0.0.2")]), Health::Healthy, "");
    is(&with(vec![healthy("10.0.0.1"), healthy("10.0.0.2"), draining("10.0.0.3")]), Health::Healthy, "");
    let initial = target("10.0.0.2", TargetState::Initial, "Elb.InitialHealthChecking", "");
    is(&with(vec![healthy("10.0.0.1"), initial]), Health::Degraded, "1/2 targets healthy, 1 without verdict yet");
    assert_eq!(diagnose(with(vec![]).facts()).health, Health::Degraded);
    // The idle group of blue/green is idle on purpose.
    let green = TargetGroupArn::from("arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-green/fedcba9876543210");
    let mut pair = service("web", 2).with_strategy(DeploymentStrategy::BlueGreen);
    pair.load_balancers
        .push(LoadBalancerBinding { target_group: Some(green.clone()), ..pair.load_balancers[0].clone() });
    let targets = vec![healthy("10.0.0.1"), healthy("10.0.0.2")];
    let pair = case(pair).group(target_group(), targets).group(TargetGroup { arn: green, ..target_group() }, vec![]);
    assert_eq!(diagnose(pair.facts()).health, Health::Healthy);
    let rolling = case(service("web", 4).rolling(2, 2, at(NOW - 120)));
    let targets = vec![healthy("10.0.0.1"), healthy("10.0.0.2"), draining("10.0.0.3"), draining("10.0.0.4")];
    is(&rolling.group(target_group(), targets), Health::Deploying, "2 of 4 new tasks healthy");
}

#[test]
fn old_news_do_not_make_a_service_sick() {
    // Example 19.
    let mut news = vec![(NOW - 3_600, "has reached a steady state.")];
    news.extend((0..5).map(|time| (NOW - 80_000 - time, UNHEALTHY)));
    let targets = vec![healthy("10.0.0.1"), healthy("10.0.0.2")];
    let eventful = case(service("web", 2).events(&news)).group(target_group(), targets);
    is(&eventful, Health::Healthy, "");
    assert!(diagnose(eventful.facts()).findings.iter().all(|finding| finding.severity >= Severity::Warning));
}

#[test]
fn unknown_is_not_healthy() {
    let web = case(service("web", 2));
    let query = health_of_targets(&web);
    let denied = web.clone().denied(query.clone(), "elasticloadbalancing", "DescribeTargetHealth");
    is(&denied, Health::Unknown, "target health: denied");
    let mut late = web.clone();
    let timeout = error(ErrorKind::Timeout, "elasticloadbalancing", "DescribeTargetHealth");
    late.answers.insert(query.clone(), Known::Failed(timeout));
    is(&late, Health::Unknown, "target health: timed out");
    let tasks = Query::Tasks { cluster: web.facts().cluster(), service: web.service.arn.clone() };
    is(&web.clone().denied(tasks, "ecs", "ListTasks"), Health::Unknown, "tasks: denied");
    is(&web, Health::Healthy, "");
    // What is known to be wrong stays wrong, and what is off is off.
    let denied = |service| case(service).denied(query.clone(), "elasticloadbalancing", "DescribeTargetHealth");
    is(&denied(service("web", 2).counts(0, 0)), Health::Failing, "0 of 2 tasks running");
    is(&denied(service("web", 0)), Health::Inactive, "desired 0");
    is(&denied(service("web", 2).rolling(1, 1, at(NOW - 60))), Health::Deploying, "target health: denied");
}

#[test]
fn a_rollback_that_is_complete_is_healthy_and_stands_first() {
    let story = &[
        (NOW - 100, "has reached a steady state."),
        (NOW - 200, "rolling back to deployment ecs-svc/1."),
        (NOW - 201, "(deployment ecs-svc/2) deployment failed: tasks failed to start."),
    ];
    let back = service("web", 2).events(story);
    is(&case(back.clone()), Health::Healthy, "rolled back: tasks failed to start");
    let diagnosis = diagnose(case(back.clone()).facts());
    assert_eq!(diagnosis.findings[0].id(), "deployment-rolled-back");
    assert_eq!(diagnosis.findings[0].consequences[0].id(), "deployment-failed-circuit-breaker");
    assert_eq!(diagnosis.findings[0].severity, Severity::Error);
    let on_its_way = back.clone().primary(|primary| {
        primary.rollout_state = Some(RolloutState::InProgress);
        primary.rollout_reason =
            Some("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.".to_owned());
    });
    is(&case(on_its_way), Health::Failing, "rolling back: tasks failed to start");
    let mut newer = back;
    newer.deployments = vec![deployment("3", 32, DeploymentStatus::Primary, 2)];
    newer.deployments[0].created_at = Some(at(NOW - 50));
    is(&case(newer), Health::Healthy, "");
}

#[test]
fn trouble_is_not_normal_progress() {
    let ids = |case: &Case| diagnose(case.facts()).findings.iter().map(Finding::id).collect::<Vec<_>>();
    let told = "was unable to stop or start tasks during a deployment because of the service deployment configuration.";
    let full = service("web", 1).with_percents(100, 100).rolling(0, 0, at(NOW - 1_200)).events(&[(NOW - 1_100, told)]);
    let full = case(full);
    is(&full, Health::Failing, "min 100% max 100% of 1 leave no room to deploy");
    let found = diagnose(full.facts());
    assert_eq!(found.findings[0].id(), "deployment-min-max-deadlock");
    assert_eq!(found.findings[0].consequences[0].id(), "deployment-stuck");
    assert!(!ids(&full).contains(&"deployment-in-progress-normal"));
    let normal = case(service("web", 2).rolling(1, 1, at(NOW - 60)));
    assert!(ids(&normal).contains(&"deployment-in-progress-normal"));
    assert_eq!(diagnose(case(service("web", 0)).facts()).worst(), Some(Severity::Info));
}

#[test]
fn json_is_the_public_form() {
    let name = "we\u{1b}b";
    let hostile = Service { name: name.to_owned(), ..service("web", 0) };
    let diagnosis = diagnose(case(hostile).facts());
    let report = Report::new("shop", Some("eu-west-1"), None, at(NOW), vec![diagnosis]);
    assert!(!report.exit_is_bad());
    let json: serde_json::Value = serde_json::to_value(&report).unwrap();
    assert_eq!(json["schema"], "ecsight.diagnosis/v1");
    assert_eq!(json["account"], serde_json::Value::Null);
    assert_eq!(json["taken_at"], "1970-01-01T10:00:00Z");
    let service = &json["services"][0];
    assert_eq!((&service["service"], &service["health"]), (&"we␛b".into(), &"inactive".into()));
    let finding = &service["findings"][0];
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let expected = ["confidence", "consequences", "evidence", "explanation", "fix", "id", "scope", "severity", "title"];
    let mut found = keys(finding);
    found.sort();
    assert_eq!(found, expected);
    assert_eq!((&finding["id"], &finding["severity"]), (&"desired-zero".into(), &"info".into()));
    assert_eq!(finding["evidence"][0]["value"], "0");
    let mut fix = keys(&finding["fix"]);
    fix.sort();
    assert_eq!(fix, ["commands", "eta_seconds", "summary", "terraform"]);
    assert!(!json.to_string().contains('\u{1b}'));
    let names: Vec<_> =
        service["checks"].as_array().unwrap().iter().map(|check| check["check"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, super::checks::ALL.map(CheckName::as_str));
    assert!(service["checks"][0].get("missing_permission").is_some(), "present even when it is null");
    let mut seen: Vec<String> = keys(service);
    seen.sort();
    assert_eq!(seen, ["checks", "findings", "health", "service"]);
}

#[test]
fn what_the_environment_hides_is_hidden_everywhere() {
    let mut with_secret = definition(31);
    let variable = |name: &str, value: &str| EnvironmentVariable {
        name: name.to_owned(),
        source: EnvironmentSource::Literal(Secret::new(value)),
    };
    with_secret.containers[0].environment =
        vec![variable("DB_PASSWORD", "hunter2-db"), variable("TOKEN_TTL", "3600"), variable("MODE", "started")];
    let mut task = stopped_task(
        "EssentialContainerExited",
        "Essential container in task exited",
        vec![container("web", Some(1), Some("login failed: hunter2-db"))],
    );
    task.started_by = Some("ecs-svc/2".to_owned());
    task.task_definition = with_secret.arn.clone();
    let failed = service("web", 2).rolling(0, 0, at(10)).primary(|primary| {
        primary.rollout_state = Some(RolloutState::Failed);
        primary.rollout_reason = Some("ECS deployment circuit breaker: tasks failed to start. hunter2-db".to_owned());
    });
    let diagnosis = diagnose(Case::new(failed).definition(with_secret).tasks(vec![task]).facts());
    let json = serde_json::to_string(&diagnosis).unwrap();
    assert!(json.contains(MASK), "{json}");
    assert!(!json.contains("hunter2-db"), "{json}");
}

fn any_case() -> impl Strategy<Value = Case> {
    let target = (prop::sample::select(vec!["healthy", "unhealthy", "initial", "draining", "unused"]), 1..5);
    let targets = prop::collection::vec(target, 0..6).prop_map(|targets| {
        let one = |(state, last): (&str, i32)| {
            let address = format!("10.0.0.{last}");
            match state {
                "healthy" => healthy(&address),
                "draining" => draining(&address),
                "initial" => target_in(&address, TargetState::Initial),
                "unused" => target_in(&address, TargetState::Unused),
                _ => crate::diagnose::fixtures::target(
                    &address,
                    TargetState::Unhealthy,
                    "Target.ResponseCodeMismatch",
                    "Health checks failed with these codes: [302]",
                ),
            }
        };
        targets.into_iter().map(one).collect::<Vec<_>>()
    });
    let task = (0..4_i64, prop::sample::select(vec!["ecs-svc/1", "ecs-svc/2"]), 1..5).prop_map(|(kind, id, last)| {
        let mut task: Task = match kind {
            0 | 1 => running_task(id, &format!("10.0.0.{last}"), at(NOW - 50)),
            2 => stopped_task(
                "EssentialContainerExited",
                "Essential container in task exited",
                vec![container("web", Some(1), None)],
            ),
            _ => stopped_task("TaskFailedToStart", "CannotPullContainerError: web:nope: not found", Vec::new()),
        };
        task.started_by = Some(id.to_owned());
        if kind > 1 {
            task.arn = crate::model::arn::TaskArn::new(format!("arn:aws:ecs:eu-west-1:1:task/shop/dead{last}"));
            (task.created_at, task.stopped_at) = (Some(at(NOW - 90)), Some(at(NOW - 60)));
            (task.started_at, task.stopping_at) = (Some(at(NOW - 80)), Some(at(NOW - 60)));
        }
        task
    });
    let status = prop::sample::select(vec!["IN_PROGRESS", "SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "ROLLBACK_IN_PROGRESS"]);
    let deployment = (status, any::<bool>()).prop_map(|(status, late)| ServiceDeployment {
        arn: crate::model::arn::ServiceDeploymentArn::from("arn:aws:ecs:eu-west-1:1:service-deployment/shop/web/sd"),
        status: status.to_owned(),
        status_reason: None,
        lifecycle_stage: late.then(|| "BAKE_TIME".to_owned()),
        created_at: Some(at(NOW - 100)),
        started_at: None,
        finished_at: None,
        circuit_breaker: None,
        triggered_alarms: Vec::new(),
        alarms_status: None,
        rollback_reason: None,
        rollback_to: None,
        source_revisions: Vec::new(),
        target_revision: None,
        hooks: Vec::new(),
    });
    (
        any_service(),
        prop::option::of(targets),
        prop::option::of(prop::collection::vec(task, 0..6)),
        prop::option::of(prop::collection::vec(deployment, 0..3)),
        any::<bool>(),
    )
        .prop_map(|(service, targets, tasks, deployments, defined)| {
            let mut case = case(service);
            if let Some(targets) = targets {
                case = case.group(target_group(), targets);
            }
            if let Some(tasks) = tasks {
                case = case.tasks(tasks);
            }
            if let Some(mut deployments) = deployments {
                let primary = case.service.primary_deployment();
                let rolls = primary.is_some_and(|one| one.rollout_state == Some(RolloutState::InProgress));
                // What goes back has not arrived, by DescribeServices too.
                for one in deployments.iter_mut().filter(|one| !rolls && one.status == "ROLLBACK_IN_PROGRESS") {
                    one.status = "ROLLBACK_SUCCESSFUL".to_owned();
                }
                case = case.deployments(deployments);
            }
            if defined { case.definition(definition(30)).definition(definition(31)) } else { case }
        })
}

fn target_in(address: &str, state: TargetState) -> Target {
    target(address, state, "", "")
}

/// Which check cannot pass without the answer to a query.
fn needed_by(query: &Query) -> Option<CheckName> {
    match query {
        Query::TargetHealth { .. } => Some(CheckName::TargetHealth),
        Query::TargetGroup { .. } => Some(CheckName::HealthCheckSettings),
        Query::Tasks { .. } | Query::TaskDefinition { .. } => Some(CheckName::StoppedTasks),
        Query::ServiceDeployments { .. } => Some(CheckName::Deployments),
        _ => None,
    }
}

proptest! {
    #[test]
    fn the_same_facts_give_the_same_diagnosis(case in any_case()) {
        let first = diagnose(case.facts());
        prop_assert_eq!(&first, &diagnose(case.facts()));
        prop_assert_eq!(first.health, assess(case.facts()).health);
        let service = &case.service;
        let idle = service.desired == 0 && service.running == 0 && service.pending == 0;
        prop_assert_eq!(first.health == Health::Inactive, idle);
        let present = first.findings.iter().flat_map(Finding::all);
        let bad = present.filter(|one| one.bearing == crate::diagnose::catalogue::Bearing::Present)
            .any(|one| one.severity <= Severity::Error);
        prop_assert!(!bad || idle || first.health == Health::Failing);
        if first.health == Health::Healthy {
            prop_assert!(service.running >= service.desired);
        }
    }

    #[test]
    fn a_denied_read_never_makes_anything_better(case in any_case()) {
        let before = diagnose(case.facts());
        let queries: Vec<Query> = case.answers.keys().cloned().collect();
        for query in queries {
            let Some(check) = needed_by(&query).filter(|_| needs(&case.facts()).contains(&query)) else { continue };
            let operation = query.operation();
            let denied = case.clone().denied(query, &operation.service, &operation.name);
            let after = diagnose(denied.facts());
            prop_assert!(after.health != Health::Healthy || before.health == Health::Healthy, "{operation}: {:?}", before.health);
            let verdict = after.checks.iter().find(|one| one.check == check).unwrap();
            prop_assert!(
                !matches!(verdict.verdict, CheckVerdict::Passed | CheckVerdict::Open),
                "{operation}: {verdict:?}"
            );
            prop_assert!(after.findings.iter().any(|one| one.id() == "insufficient-permissions"));
        }
    }
}
