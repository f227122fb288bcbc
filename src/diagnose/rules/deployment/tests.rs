use super::*;
use crate::diagnose::catalogue::{Bearing, Effect};
use crate::diagnose::finding::Confidence;
use crate::diagnose::fixtures::{
    Case, GROUP, NO_MEMORY, ServiceFixture, at, container, definition, deployment, running_task, service, stopped_task,
    target, target_group,
};
use crate::model::arn::{ServiceDeploymentArn, TargetGroupArn};
use crate::model::load_balancing::{TargetGroup, TargetState};
use crate::model::observation::Alarm;
use crate::model::query::{Answer, Query};
use crate::model::service::{
    DeploymentController, DeploymentStatus, DeploymentStrategy, RolloutState, SchedulingStrategy, Service,
    ServiceRevisionCount, ServiceStatus, TaskSet,
};
use crate::model::service_deployment::{CircuitBreakerProgress, LifecycleHook, RevisionImage, ServiceRevision};
use crate::model::task::Task;

/// Second at which everything here is looked at.
const NOW: i64 = 36_000;

fn case(service: Service) -> Case {
    Case::new(service).at(NOW)
}

fn ids(case: &Case) -> Vec<&'static str> {
    case.ids(&FAMILY)
}

fn only(case: &Case, id: &str) -> Finding {
    let found = case.find(&FAMILY);
    let all: Vec<_> = found.iter().map(Finding::id).collect();
    found.into_iter().find(|finding| finding.id() == id).unwrap_or_else(|| panic!("{id} is not among {all:?}"))
}

fn rolling(count: u32, running: u32, pending: u32, ago: i64) -> Service {
    service("web", count).rolling(running, pending, at(NOW - ago))
}

fn service_deployment(status: &str) -> ServiceDeployment {
    ServiceDeployment {
        arn: ServiceDeploymentArn::from("arn:aws:ecs:eu-west-1:1:service-deployment/shop/web/sd-2"),
        status: status.to_owned(),
        status_reason: None,
        lifecycle_stage: None,
        created_at: Some(at(NOW - 600)),
        started_at: Some(at(NOW - 600)),
        finished_at: None,
        circuit_breaker: None,
        triggered_alarms: Vec::new(),
        alarms_status: None,
        rollback_reason: None,
        rollback_to: None,
        source_revisions: vec![ServiceRevisionArn::from("arn:aws:ecs:eu-west-1:1:service-revision/shop/web/1")],
        target_revision: Some(ServiceRevisionArn::from("arn:aws:ecs:eu-west-1:1:service-revision/shop/web/2")),
        hooks: Vec::new(),
    }
}

fn revision(number: u32, digest: &str, groups: &[&str]) -> ServiceRevision {
    ServiceRevision {
        arn: ServiceRevisionArn::new(format!("arn:aws:ecs:eu-west-1:1:service-revision/shop/web/{number}")),
        service: None,
        task_definition: Some(TaskDefinitionArn::new(format!(
            "arn:aws:ecs:eu-west-1:1:task-definition/web:{}",
            29 + number
        ))),
        images: vec![RevisionImage {
            container: "web".to_owned(),
            image: Some("web:latest".to_owned()),
            digest: Some(digest.to_owned()),
        }],
        target_groups: groups.iter().map(|group| TargetGroupArn::from(*group)).collect(),
        network: None,
        created_at: None,
    }
}

fn with_revisions(case: Case, revisions: Vec<ServiceRevision>) -> Case {
    let wanted = case.facts().wanted_revisions();
    case.with(Query::ServiceRevisions { revisions: wanted }, Answer::ServiceRevisions(revisions))
}

/// A task of a deployment that crashed some seconds ago.
fn crashed(id: &str, ago: i64, number: usize) -> Task {
    let mut task = stopped_task(
        "EssentialContainerExited",
        "Essential container in task exited",
        vec![container("web", Some(1), None)],
    );
    task.arn = TaskArn::new(format!("arn:aws:ecs:eu-west-1:1:task/shop/{number:016x}"));
    task.started_by = Some(id.to_owned());
    (task.created_at, task.started_at) = (Some(at(NOW - ago - 30)), Some(at(NOW - ago - 10)));
    (task.stopping_at, task.execution_stopped_at) = (Some(at(NOW - ago)), Some(at(NOW - ago)));
    task.stopped_at = Some(at(NOW - ago));
    task
}

#[test]
fn every_entry_has_a_complete_page() {
    let mut seen = std::collections::BTreeSet::new();
    for entry in FAMILY.entries {
        assert!(seen.insert(entry.id), "{}", entry.id);
        for (what, text) in
            [("title", entry.title), ("meaning", entry.meaning), ("decided", entry.decided), ("fix", entry.fix)]
        {
            assert!(!text.is_empty(), "{} of {}", what, entry.id);
        }
        assert!(!entry.title.ends_with('.') && !entry.sources.is_empty(), "{}", entry.id);
        assert!(entry.number >= 176 && entry.number <= 206 || entry.number == 236, "{}", entry.id);
    }
}

#[test]
fn a_service_that_is_off_is_only_off() {
    let mut off = service("web", 0);
    off.deployments[0].rollout_state = Some(RolloutState::Failed);
    assert_eq!(ids(&case(off).deployments(vec![service_deployment("ROLLBACK_SUCCESSFUL")])), ["desired-zero"]);
    let daemon = Service { scheduling: SchedulingStrategy::Daemon, ..service("web", 0) };
    assert!(ids(&case(daemon)).is_empty());
    for (status, short) in [(ServiceStatus::Draining, "being deleted"), (ServiceStatus::Inactive, "deleted")] {
        let deleted = case(Service { status, ..service("web", 0) });
        assert_eq!(ids(&deleted), ["service-draining-or-inactive"]);
        assert_eq!(only(&deleted, "service-draining-or-inactive").short.as_deref(), Some(short));
    }
    assert!(ids(&case(service("web", 2))).is_empty(), "a steady service has nothing to tell");
}

#[test]
fn normal_progress_is_told_with_what_it_waits_for() {
    let young = case(rolling(4, 2, 2, 120));
    let normal = only(&young, "deployment-in-progress-normal");
    assert_eq!(normal.short.as_deref(), Some("2 of 4 new tasks running"));
    assert_eq!(normal.explanation, "What is awaited: 2 more of 4 new tasks, 4 old tasks to stop. It began 2 min ago.");
    assert_eq!(ids(&young), ["deployment-in-progress-normal", "running-above-desired"]);
    // Example 11: old targets drain, new ones are healthy.
    let tasks = vec![
        running_task("ecs-svc/2", "10.0.0.1", at(NOW - 100)),
        running_task("ecs-svc/2", "10.0.0.2", at(NOW - 100)),
    ];
    let draining = |address| target(address, TargetState::Draining, "Target.DeregistrationInProgress", "");
    let targets = vec![
        target("10.0.0.1", TargetState::Healthy, "", ""),
        target("10.0.0.2", TargetState::Healthy, "", ""),
        draining("10.0.0.3"),
        draining("10.0.0.4"),
    ];
    let mut service = rolling(2, 2, 0, 300);
    service.deployments[1].running = 0;
    service.running = 2;
    let example = case(service).tasks(tasks).group(target_group(), targets);
    assert_eq!(ids(&example), ["deployment-in-progress-normal"]);
    assert_eq!(only(&example, "deployment-in-progress-normal").short.as_deref(), Some("new tasks run, old ones leave"));
}

#[test]
fn stuck_says_what_was_excluded() {
    let late = case(rolling(4, 0, 4, 31 * 60));
    assert_eq!(ids(&late), ["deployment-stuck"]);
    let stuck = only(&late.clone().tasks(Vec::new()), "deployment-stuck");
    assert_eq!(stuck.short.as_deref(), Some("stuck for 31 min: 0 of 4 new tasks healthy"));
    assert!(stuck.explanation.contains("none of its tasks died; no event speaks of tasks that cannot be placed"));
    assert_eq!(stuck.effect(), Some(Effect::StuckDeployment));
    let mut counted = service_deployment("IN_PROGRESS");
    counted.circuit_breaker =
        Some(CircuitBreakerProgress { status: Some("MONITORING".to_owned()), failures: 2, threshold: 3 });
    let counted = only(&late.deployments(vec![counted]), "deployment-stuck");
    assert!(counted.explanation.ends_with("The circuit breaker has counted 2 of 3 failures."));
    // The grace period is part of what a deployment may take.
    let mut patient = rolling(4, 0, 4, 31 * 60);
    patient.health_check_grace_period_seconds = Some(1_200);
    assert_eq!(ids(&case(patient)), ["deployment-in-progress-normal"]);
}

#[test]
fn minimum_and_maximum_that_leave_no_room() {
    // Example 15.
    let told = "was unable to stop or start tasks during a deployment because of the service deployment configuration.";
    let full = service("web", 1).with_percents(100, 100).rolling(0, 0, at(NOW - 120)).events(&[(NOW - 60, told)]);
    let deadlock = only(&case(full.clone()), "deployment-min-max-deadlock");
    assert_eq!(deadlock.short.as_deref(), Some("min 100% max 100% of 1 leave no room to deploy"));
    let values: Vec<_> = deadlock.evidence.iter().map(|evidence| evidence.value.as_str()).collect();
    assert!(values.contains(&"upper=1") && values.contains(&"lower=1"), "{values:?}");
    assert_eq!(
        deadlock.fix.unwrap().commands,
        [
            "aws ecs update-service --cluster shop --service web --deployment-configuration minimumHealthyPercent=100,maximumPercent=200"
        ]
    );
    for (what, service, expected) in [
        ("by figures alone", service("web", 1).with_percents(100, 100).rolling(0, 0, at(NOW - 120)), true),
        ("too young without the event", service("web", 1).with_percents(100, 100).rolling(0, 0, at(NOW - 30)), false),
        ("room below", service("web", 1).with_percents(0, 100).rolling(0, 0, at(NOW - 120)), false),
        ("nothing is rolled out", service("web", 1).with_percents(100, 100), false),
        ("rounding: 3 x 125%", service("web", 3).with_percents(100, 125).rolling(0, 0, at(NOW - 120)), true),
        ("changed since the event", full.clone().with_percents(100, 200), false),
        ("the event is of the deployment before", full.events(&[(NOW - 200, told)]).with_percents(0, 100), false),
    ] {
        assert_eq!(ids(&case(service)).contains(&"deployment-min-max-deadlock"), expected, "{what}");
    }
}

#[test]
fn room_beyond_what_runs() {
    let full = rolling(4, 0, 0, 120).events(&[(NOW - 60, NO_MEMORY)]);
    let found = case(full.clone());
    assert!(ids(&found).contains(&"deployment-needs-extra-capacity"));
    assert!(only(&found, "deployment-needs-extra-capacity").explanation.contains("up to 8 may"));
    let start = "was unable to place a task. Reason: CannotPullContainerError: failed to resolve ref x: not found.";
    for (what, service) in [
        ("a task that cannot start", full.clone().events(&[(NOW - 60, start)])),
        ("an event from before", full.clone().events(&[(NOW - 600, NO_MEMORY)])),
        ("missing tasks of all kinds", Service { running: 2, ..full }),
    ] {
        assert!(!ids(&case(service)).contains(&"deployment-needs-extra-capacity"), "{what}");
    }
    let tight = service("web", 2).with_percents(50, 100);
    let failing = target("10.0.0.1", TargetState::Unhealthy, "Target.Timeout", "Request timed out");
    let with = |service: Service, target| ids(&case(service).group(target_group(), vec![target]));
    assert_eq!(with(tight.clone(), failing.clone()), ["unhealthy-replacement-stops-first"]);
    assert!(with(tight, target("10.0.0.1", TargetState::Healthy, "", "")).is_empty());
    assert!(with(service("web", 2), failing).is_empty());
}

#[test]
fn a_circuit_breaker_that_tripped() {
    let failed = |reason: &str| {
        rolling(4, 0, 0, 900).primary(|primary| {
            primary.rollout_state = Some(RolloutState::Failed);
            primary.rollout_reason = Some(reason.to_owned());
        })
    };
    let tripped = failed("ECS deployment circuit breaker: tasks failed to start.");
    let dead = vec![crashed("ecs-svc/2", 800, 1), crashed("ecs-svc/2", 850, 2), crashed("ecs-svc/1", 10, 3)];
    let mut newest = service_deployment("STOPPED");
    newest.circuit_breaker =
        Some(CircuitBreakerProgress { status: Some("TRIGGERED".to_owned()), failures: 3, threshold: 3 });
    let case_ = case(tripped.clone()).tasks(dead).deployments(vec![newest]);
    let found = only(&case_, "deployment-failed-circuit-breaker");
    assert_eq!(found.title, "The circuit breaker gave the deployment up after 3 failed tasks");
    assert_eq!(found.short.as_deref(), Some("deployment failed: exits with code 1 soon after start"));
    assert_eq!(found.scope.tasks, ["0000000000000001", "0000000000000002"]);
    assert!(found.explanation.contains("tasks did start"), "{}", found.explanation);
    assert_eq!(found.severity, Severity::Critical);
    assert_eq!(ids(&case(tripped)), ["deployment-failed-circuit-breaker"]);
    assert!(ids(&case(failed("ECS deployment failed: alarm detected."))).contains(&"deployment-failed-alarm"));
    // A breaker that tripped in a deployment that is over says nothing about the one that runs.
    let mut old = service_deployment("SUCCESSFUL");
    old.circuit_breaker =
        Some(CircuitBreakerProgress { status: Some("TRIGGERED".to_owned()), failures: 3, threshold: 3 });
    assert!(ids(&case(service("web", 4)).deployments(vec![old])).is_empty());
}

#[test]
fn nothing_to_go_back_to() {
    let mut first = service("web", 2).primary(|primary| {
        primary.rollout_state = Some(RolloutState::Failed);
        primary.rollout_reason = Some("ECS deployment circuit breaker: tasks failed to start.".to_owned());
        primary.created_at = Some(at(NOW - 900));
    });
    first.created_at = Some(at(NOW - 900));
    let failed = service_deployment("STOPPED");
    assert_eq!(
        ids(&case(first.clone()).deployments(vec![failed.clone()])),
        ["deployment-failed-circuit-breaker", "deployment-rollback-failed"]
    );
    let went_well = ServiceDeployment { created_at: Some(at(NOW - 900)), ..service_deployment("SUCCESSFUL") };
    let one = "deployment-failed-circuit-breaker";
    assert_eq!(ids(&case(first.clone()).deployments(vec![failed.clone(), went_well])), [one]);
    assert_eq!(ids(&case(first.clone())), [one], "what was not read may have completed");
    let older = Service { created_at: Some(at(0)), ..first };
    assert_eq!(ids(&case(older.clone()).deployments(vec![failed.clone()])), [one], "the history does not reach back");
    let mut said = failed;
    said.status_reason = Some("Service deployment failed. No rollback candidate was found.".to_owned());
    assert_eq!(ids(&case(older).deployments(vec![said])), [one, "deployment-rollback-failed"], "AWS says so");

    let gone = case(rolling(2, 0, 0, 900)).deployments(vec![service_deployment("ROLLBACK_FAILED")]);
    assert_eq!(only(&gone, "deployment-rollback-failed").bearing, Bearing::Present);
    let over = case(service("web", 2)).deployments(vec![service_deployment("ROLLBACK_FAILED")]);
    assert_eq!(only(&over, "deployment-rollback-failed").bearing, Bearing::Past);
}

#[test]
fn a_rollback_names_what_the_failed_deployment_died_of() {
    let story = &[
        (NOW - 100, "has reached a steady state."),
        (NOW - 200, "rolling back to deployment ecs-svc/1."),
        (NOW - 201, "(deployment ecs-svc/2) deployment failed: tasks failed to start."),
    ];
    let mut newest = service_deployment("ROLLBACK_SUCCESSFUL");
    newest.rollback_reason =
        Some("Service deployment rolled back because the circuit breaker threshold was exceeded.".to_owned());
    newest.circuit_breaker =
        Some(CircuitBreakerProgress { status: Some("TRIGGERED".to_owned()), failures: 3, threshold: 3 });
    let dead = vec![crashed("ecs-svc/2", 300, 1), crashed("ecs-svc/1", 10, 2)];
    let back = case(service("web", 2).events(story)).tasks(dead).deployments(vec![newest.clone()]);
    let back = with_revisions(back, vec![revision(1, "sha256:a", &[]), revision(2, "sha256:b", &[])]);
    assert_eq!(ids(&back), ["deployment-failed-circuit-breaker", "deployment-rolled-back"]);
    let found = only(&back, "deployment-rolled-back");
    assert_eq!(found.title, "web:31 was rolled back, web:30 runs: exits with code 1 soon after start");
    assert_eq!(found.short.as_deref(), Some("rolled back: exits with code 1 soon after start"));
    assert_eq!(
        (found.severity, found.bearing, found.confidence),
        (Severity::Error, Bearing::Past, Confidence::Certain)
    );
    assert_eq!(found.scope.deployment.as_deref(), Some("ecs-svc/2"));
    assert_eq!(found.scope.tasks, ["0000000000000001"]);
    let has = |field: &str, value: &str| {
        found.evidence.iter().any(|evidence| evidence.field == field && evidence.value.contains(value))
    };
    assert!(has("status", "ROLLBACK_SUCCESSFUL") && has("containers.exitCode", "1") && has("taskDefinition", "web:30"));
    let breaker = only(&back, "deployment-failed-circuit-breaker");
    assert_eq!((breaker.severity, breaker.bearing), (Severity::Error, Bearing::Past));

    // Without the failed deployment's id, what its revision's tasks died of tells.
    let silent = case(service("web", 2)).tasks(vec![{
        let mut task = crashed("ecs-svc/2", 300, 1);
        task.task_definition = TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:1:task-definition/web:31");
        task
    }]);
    let silent = silent.deployments(vec![newest.clone()]);
    let silent = with_revisions(silent, vec![revision(2, "sha256:b", &[])]);
    assert!(only(&silent, "deployment-rolled-back").title.ends_with("exits with code 1 soon after start"));

    // An event of an earlier failure does not name the deployment that failed now.
    let earlier = &[(NOW - 9_000, "(deployment ecs-svc/0) deployment failed: tasks failed to start.")];
    let unnamed = case(service("web", 2).events(earlier)).tasks(vec![crashed("ecs-svc/0", 8_900, 1)]);
    let unnamed = only(&unnamed.deployments(vec![newest.clone()]), "deployment-rolled-back");
    assert_eq!((unnamed.scope.deployment, unnamed.scope.tasks.len()), (None, 0));

    // A newer deployment makes it history, whatever events say.
    let newer = ServiceDeployment { created_at: Some(at(NOW - 50)), ..service_deployment("SUCCESSFUL") };
    let after = case(service("web", 2).events(story)).deployments(vec![newer, newest]);
    assert!(ids(&after).is_empty());
    // Without the history the events tell.
    let by_events = only(&case(service("web", 2).events(story)), "deployment-rolled-back");
    assert_eq!(by_events.short.as_deref(), Some("rolled back: tasks failed to start"));
    // On its way it speaks of the present.
    let on_its_way = case(service("web", 2).events(story).primary(|primary| {
        primary.rollout_state = Some(RolloutState::InProgress);
    }));
    let on_its_way = on_its_way.deployments(vec![service_deployment("ROLLBACK_IN_PROGRESS")]);
    assert_eq!(only(&on_its_way, "deployment-rolled-back").bearing, Bearing::Present);
    assert!(!ids(&on_its_way).contains(&"deployment-in-progress-normal"));
}

#[test]
fn alarms_end_deployments_or_are_not_watched() {
    let mut watched = rolling(2, 1, 1, 300);
    watched.deployment_configuration.as_mut().unwrap().alarms = vec!["web-5xx".to_owned()];
    let alarm = |since: i64, state: &str| Alarm {
        name: "web-5xx".to_owned(),
        state: state.to_owned(),
        reason: Some("Threshold Crossed: 12 datapoints".to_owned()),
        since: Some(at(since)),
    };
    let with = |service: Service, alarm: Alarm| {
        case(service).with(Query::Alarms { names: vec!["web-5xx".to_owned()] }, Answer::Alarms(vec![alarm]))
    };
    assert!(ids(&with(watched.clone(), alarm(NOW - 400, "ALARM"))).contains(&"deployment-alarm-ignored"));
    for (what, case) in [
        ("went off later", with(watched.clone(), alarm(NOW - 200, "ALARM"))),
        ("quiet", with(watched.clone(), alarm(NOW - 400, "OK"))),
        (
            "nothing is deployed",
            with(
                Service { deployments: vec![deployment("1", 30, DeploymentStatus::Primary, 2)], ..watched.clone() },
                alarm(NOW - 400, "ALARM"),
            ),
        ),
    ] {
        assert!(!ids(&case).contains(&"deployment-alarm-ignored"), "{what}");
    }
    let mut newest = service_deployment("ROLLBACK_SUCCESSFUL");
    newest.alarms_status = Some("TRIGGERED".to_owned());
    newest.triggered_alarms = vec!["web-5xx".to_owned()];
    let mut steady = service("web", 2);
    steady.deployment_configuration = watched.deployment_configuration;
    let ended = with(steady, alarm(NOW - 200, "ALARM")).deployments(vec![newest]);
    assert_eq!(ids(&ended), ["deployment-failed-alarm", "deployment-rolled-back"]);
    let found = only(&ended, "deployment-failed-alarm");
    assert_eq!(found.title, "The CloudWatch alarm web-5xx ended the deployment");
    assert!(found.evidence.iter().any(|evidence| evidence.value.contains("Threshold Crossed")));
}

#[test]
fn nobody_watches_tasks_that_fail() {
    let failing = rolling(2, 0, 2, 300).primary(|primary| primary.failed = 4);
    assert!(ids(&case(failing.clone())).contains(&"deployment-no-failure-detection"));
    let mut guarded = failing.clone();
    guarded.deployment_configuration.as_mut().unwrap().circuit_breaker = true;
    let mut watched = failing.clone();
    watched.deployment_configuration.as_mut().unwrap().alarms = vec!["x".to_owned()];
    for (what, service) in [
        ("circuit breaker", guarded),
        ("alarms", watched),
        ("nothing fails", rolling(2, 0, 2, 300)),
        ("one accident", rolling(2, 1, 1, 300).primary(|primary| primary.failed = 1)),
        ("no deployment", service("web", 2).primary(|primary| primary.failed = 4)),
        ("blue/green", failing.with_strategy(DeploymentStrategy::BlueGreen)),
    ] {
        assert!(!ids(&case(service)).contains(&"deployment-no-failure-detection"), "{what}");
    }
}

#[test]
fn old_tasks_that_stay() {
    let old = running_task("ecs-svc/1", "10.0.0.9", at(0));
    let late = |ago: i64| {
        let mut service = rolling(1, 1, 0, 3_600);
        service.load_balancers.clear();
        let tasks = vec![old.clone(), running_task("ecs-svc/2", "10.0.0.1", at(NOW - ago))];
        case(service).tasks(tasks)
    };
    let stays = late(3_000);
    assert_eq!(wanted_protection(&stays.facts()), std::slice::from_ref(&old.arn));
    let id = "deployment-old-tasks-not-stopping";
    assert_eq!(only(&stays, id).confidence, Confidence::Medium);
    let query = Query::TaskProtection { cluster: stays.facts().cluster(), tasks: vec![old.arn.clone()] };
    let protected = only(&stays.clone().with(query, Answer::TaskProtection(vec![old.arn.clone()])), id);
    assert_eq!(protected.confidence, Confidence::Certain);
    assert_eq!(
        protected.fix.unwrap().commands,
        ["aws ecs update-task-protection --cluster shop --tasks 10.0.0.9 --no-protection-enabled"]
    );
    assert!(!ids(&late(200)).contains(&id), "they may still drain");
    let mut baking = late(3_000);
    baking.service.deployment_configuration.as_mut().unwrap().bake_time_minutes = Some(60);
    assert!(!ids(&baking).contains(&id));
    assert!(wanted_protection(&case(rolling(2, 1, 1, 60)).facts()).is_empty());
}

fn hook(status: &str) -> LifecycleHook {
    LifecycleHook {
        id: Some("h-1".to_owned()),
        target_type: Some("PAUSE".to_owned()),
        target: None,
        status: Some(status.to_owned()),
        stage: Some("POST_SCALE_UP".to_owned()),
        expires_at: Some(at(NOW + 3_600)),
        timeout_action: Some("ROLLBACK".to_owned()),
    }
}

#[test]
fn hooks_hold_deployments() {
    // Example 16: an hour without progress, and yet not stuck.
    let mut newest = service_deployment("IN_PROGRESS");
    newest.hooks = vec![hook("AWAITING_ACTION")];
    let paused = case(rolling(2, 0, 0, 3_600)).deployments(vec![newest.clone()]);
    assert_eq!(ids(&paused), ["deployment-paused-at-hook"]);
    let found = only(&paused, "deployment-paused-at-hook");
    assert_eq!(found.title, "The deployment waits at stage POST_SCALE_UP for somebody to let it go on");
    assert!(
        found.explanation.contains("In 60 min") && found.explanation.contains("rolled back"),
        "{}",
        found.explanation
    );
    assert!(found.fix.unwrap().commands[0].ends_with("--hook-id h-1 --action CONTINUE"));

    newest.hooks = vec![hook("IN_PROGRESS")];
    let running = case(rolling(2, 0, 0, 3_600)).deployments(vec![newest.clone()]);
    assert!(ids(&running).contains(&"deployment-hook-running") && !ids(&running).contains(&"deployment-stuck"));
    newest.status = "SUCCESSFUL".to_owned();
    assert!(!ids(&case(service("web", 2)).deployments(vec![newest])).contains(&"deployment-hook-running"));

    let mut failed = service_deployment("ROLLBACK_SUCCESSFUL");
    failed.status_reason = Some(
        "Service deployment rolled back because lifecycle hook(s) failed: hook returned FAILED status.".to_owned(),
    );
    let over = case(service("web", 2)).deployments(vec![failed.clone()]);
    let found = only(&over, "deployment-hook-failed");
    assert_eq!((found.bearing, found.severity), (Bearing::Past, Severity::Error));
    assert!(found.title.ends_with("its function answered FAILED"), "{}", found.title);
    failed.status_reason = Some("circuit breaker".to_owned());
    assert!(!ids(&case(service("web", 2)).deployments(vec![failed])).contains(&"deployment-hook-failed"));
}

#[test]
fn bake_time_and_early_success_are_no_faults() {
    let mut newest = service_deployment("IN_PROGRESS");
    newest.lifecycle_stage = Some("BAKE_TIME".to_owned());
    let baking = rolling(2, 2, 0, 9_000).with_strategy(DeploymentStrategy::BlueGreen);
    let found = case(baking).deployments(vec![newest]);
    assert!(ids(&found).contains(&"bluegreen-baking") && !ids(&found).contains(&"deployment-stuck"));
    let mut early = service("web", 2);
    early.deployment_configuration.as_mut().unwrap().early_success = true;
    let with = |service: Service| ids(&case(service).deployments(vec![service_deployment("SUCCESSFUL")]));
    assert!(with(early.clone()).is_empty());
    early.deployments.push(deployment("0", 29, DeploymentStatus::Active, 1));
    assert_eq!(with(early), ["deployment-early-success"]);
    let stopped = ServiceDeployment { finished_at: Some(at(NOW - 60)), ..service_deployment("STOPPED") };
    let history = |second: ServiceDeployment| {
        ids(&case(service("web", 2)).deployments(vec![service_deployment("SUCCESSFUL"), second]))
    };
    assert_eq!(history(stopped.clone()), ["deployment-superseded"]);
    assert!(history(ServiceDeployment { finished_at: Some(at(NOW - 9_000)), ..stopped }).is_empty());
}

#[test]
fn blue_green_failures_are_read_from_aws_words() {
    let blue_green = || rolling(2, 2, 0, 300).with_strategy(DeploymentStrategy::BlueGreen);
    let said = |service: Service, status: &str, reason: &str| {
        let newest = ServiceDeployment { status_reason: Some(reason.to_owned()), ..service_deployment(status) };
        ids(&case(service).deployments(vec![newest]))
    };
    let network =
        "Service deployment failed: invalid networking configuration: target group is not associated with either rule.";
    let role = "User: arn:aws:sts::1:assumed-role/infra is not authorized to perform: elasticloadbalancing:ModifyRule";
    assert!(said(blue_green(), "IN_PROGRESS", network).contains(&"bluegreen-listener-misconfigured"));
    assert!(said(blue_green(), "IN_PROGRESS", role).contains(&"bluegreen-role-missing-permission"));
    assert!(!said(rolling(2, 2, 0, 300), "IN_PROGRESS", network).contains(&"bluegreen-listener-misconfigured"));
    assert!(!said(blue_green(), "SUCCESSFUL", network).contains(&"bluegreen-listener-misconfigured"));
}

#[test]
fn green_targets_are_told_from_blue_ones() {
    const GREEN: &str = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-green/fedcba9876543210";
    let mut newest = service_deployment("IN_PROGRESS");
    newest.lifecycle_stage = Some("SCALE_UP".to_owned());
    let case = case(rolling(1, 1, 0, 300).with_strategy(DeploymentStrategy::BlueGreen)).deployments(vec![newest]);
    let case = with_revisions(case, vec![revision(1, "a", &[GROUP]), revision(2, "b", &[GREEN])]);
    let failing = |address| target(address, TargetState::Unhealthy, "Target.Timeout", "Request timed out");
    let healthy = |address| target(address, TargetState::Healthy, "", "");
    let green = TargetGroup { arn: TargetGroupArn::from(GREEN), name: "web-green".to_owned(), ..target_group() };
    let with = |blue, targets| case.clone().group(target_group(), vec![blue]).group(green.clone(), vec![targets]);
    let found = only(&with(healthy("10.0.0.1"), failing("10.0.0.2")), "bluegreen-green-unhealthy");
    assert_eq!(found.scope.target_group.as_deref(), Some(GREEN));
    assert_eq!(found.scope.targets, ["10.0.0.2:8080"]);
    assert!(!ids(&with(failing("10.0.0.1"), healthy("10.0.0.2"))).contains(&"bluegreen-green-unhealthy"));
}

#[test]
fn task_sets_of_other_controllers() {
    let set = |id: &str, status: &str, stability: &str, ago: i64| TaskSet {
        id: format!("ecs-svc/{id}"),
        status: status.to_owned(),
        task_definition: TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:1:task-definition/web:31"),
        desired: 2,
        running: 1,
        pending: 0,
        stability: Some(stability.to_owned()),
        stable_since: None,
        created_at: Some(at(NOW - ago)),
        load_balancers: Vec::new(),
    };
    let with = |controller: DeploymentController, sets: Vec<TaskSet>| {
        case(Service { controller, task_sets: sets, deployments: Vec::new(), ..service("web", 2) })
    };
    let codedeploy = |sets| with(DeploymentController::CodeDeploy, sets);
    let primary = || set("1", "PRIMARY", "STEADY_STATE", 9_000);
    assert!(ids(&codedeploy(vec![primary()])).is_empty());
    for (ago, severity) in [(60, Severity::Info), (1_000, Severity::Warning)] {
        let found = codedeploy(vec![primary(), set("2", "ACTIVE", "STABILIZING", ago)]);
        assert_eq!(only(&found, "codedeploy-waiting").severity, severity);
    }
    assert_eq!(ids(&codedeploy(vec![primary(), set("2", "ACTIVE", "STEADY_STATE", 99)])), ["codedeploy-waiting"]);
    assert_eq!(ids(&with(DeploymentController::External, Vec::new())), ["external-controller-no-taskset"]);
    assert!(ids(&with(DeploymentController::External, vec![primary()])).is_empty());
}

#[test]
fn what_could_not_be_launched() {
    let told = |id: &str| format!("could not launch 2 tasks for deployment ecs-svc/{id}.");
    let with = |service: Service, id: &str| ids(&case(service.events(&[(NOW - 10, &told(id))])));
    let one = "deployment-could-not-launch";
    assert!(with(rolling(2, 0, 0, 60), "2").contains(&one));
    assert!(!with(rolling(2, 0, 0, 60), "1").contains(&one));
    assert!(!with(rolling(2, 1, 1, 60), "2").contains(&one));
}

#[test]
fn which_revision_runs() {
    let latest = |number: u32| {
        let arn = TaskDefinitionArn::new(format!("arn:aws:ecs:eu-west-1:1:task-definition/web:{number}"));
        case(service("web", 2))
            .with(Query::LatestRevision { family: "web".to_owned() }, Answer::LatestRevision(Some(arn)))
    };
    assert_eq!(ids(&latest(31)), ["taskdef-not-latest"]);
    assert!(ids(&latest(30)).is_empty());
    let mut gone = definition(30);
    gone.status = Some("INACTIVE".to_owned());
    let inactive = case(service("web", 2)).definition(gone);
    assert_eq!(only(&inactive, "taskdef-inactive").bearing, Bearing::Hygiene);
    assert!(ids(&case(service("web", 2)).definition(definition(30))).is_empty());

    let images = |before, after| {
        let case = case(service("web", 2)).deployments(vec![service_deployment("SUCCESSFUL")]);
        ids(&with_revisions(case, vec![revision(1, before, &[]), revision(2, after, &[])]))
    };
    assert_eq!(images("sha256:a", "sha256:a"), ["deployment-image-unchanged"]);
    assert!(images("sha256:a", "sha256:b").is_empty());

    let count = |number: u32| ServiceRevisionCount {
        arn: ServiceRevisionArn::new(format!("arn:aws:ecs:eu-west-1:1:service-revision/shop/web/{number}")),
        requested: 1,
        running: 1,
        pending: 0,
    };
    let mixed = |status: &str| {
        let service = Service { current_revisions: vec![count(1), count(2)], ..service("web", 2) };
        ids(&case(service).deployments(vec![service_deployment(status)]))
    };
    assert_eq!(mixed("SUCCESSFUL"), ["service-revision-mixed"]);
    assert!(!mixed("IN_PROGRESS").contains(&"service-revision-mixed"));
}
