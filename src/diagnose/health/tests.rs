use proptest::prelude::*;

use super::*;
use crate::diagnose::fixtures::{
    GROUP, NO_MEMORY as FULL, ServiceFixture, UNHEALTHY, any_service, at, container, deployment, running_task, service,
    stopped_task, target,
};
use crate::model::call::{CallError, ErrorKind, Operation};
use crate::model::load_balancing::{HealthCheckSettings, TargetState};
use crate::model::service::{DeploymentStatus, DeploymentStrategy};

/// Second at which everything here is looked at: ten hours after the service was deployed.
const NOW: i64 = 36_000;

const MISMATCH: &str = "Target.ResponseCodeMismatch";
const CODES: &str = "Health checks failed with these codes: [302]";

/// Facts that own what they speak of.
#[derive(Debug, Default)]
struct World {
    targets: Option<Known<Vec<Target>>>,
    settings: Option<TargetGroup>,
    tasks: Option<Vec<Task>>,
}

fn look(service: &Service, world: &World) -> (Health, String) {
    let group = TargetGroupArn::from(GROUP);
    let targets = world.targets.iter().map(|targets| {
        let targets = match targets {
            Known::Known(targets) => Known::Known(targets.as_slice()),
            Known::Denied(error) => Known::Denied(error.clone()),
            Known::Failed(error) => Known::Failed(error.clone()),
            Known::NotAsked => Known::NotAsked,
        };
        (&group, targets)
    });
    let facts = Facts {
        targets: targets.collect(),
        target_groups: world.settings.iter().collect(),
        tasks: world.tasks.as_deref(),
        ..Facts::new(service, at(NOW))
    };
    let Assessment { health, headline } = assess(&facts);
    let headline = headline.unwrap_or_default();
    assert!(headline.chars().count() <= HEADLINE_LIMIT + 1, "{headline}");
    (health, headline)
}

fn alone(service: &Service) -> (Health, String) {
    look(service, &World::default())
}

fn with_targets(service: &Service, targets: Vec<Target>) -> (Health, String) {
    look(service, &World { targets: Some(Known::Known(targets)), ..World::default() })
}

fn with_tasks(service: &Service, tasks: Vec<Task>) -> (Health, String) {
    look(service, &World { tasks: Some(tasks), ..World::default() })
}

fn is(found: &(Health, String), health: Health, headline: &str) {
    assert_eq!((found.0, found.1.as_str()), (health, headline));
}

fn healthy(address: &str) -> Target {
    target(address, TargetState::Healthy, "", "")
}

fn mismatch(address: &str) -> Target {
    target(address, TargetState::Unhealthy, MISMATCH, CODES)
}

fn timeout(address: &str) -> Target {
    target(address, TargetState::Unhealthy, "Target.Timeout", "Request timed out")
}

fn draining(address: &str) -> Target {
    target(address, TargetState::Draining, "Target.DeregistrationInProgress", "Target deregistration is in progress")
}

fn settings(matcher: &str) -> TargetGroup {
    TargetGroup {
        arn: TargetGroupArn::from(GROUP),
        name: "web-tg".to_owned(),
        target_type: Some("ip".to_owned()),
        protocol: Some("HTTP".to_owned()),
        protocol_version: None,
        port: Some(80),
        vpc: None,
        health_check: HealthCheckSettings { matcher: Some(matcher.to_owned()), ..HealthCheckSettings::default() },
        load_balancers: Vec::new(),
        address_type: None,
    }
}

fn denied() -> CallError {
    CallError {
        kind: ErrorKind::Denied,
        operation: Operation::new("elasticloadbalancing", "DescribeTargetHealth"),
        message: "not authorized".to_owned(),
        request_id: None,
        hint: None,
    }
}

/// A task of `ecs-svc/…` that died some seconds ago.
fn died(deployment: &str, ago: i64, code: &str, reason: &str, exit: Option<i32>) -> Task {
    let end = NOW - ago;
    Task {
        started_by: Some(deployment.to_owned()),
        created_at: Some(at(end - 20)),
        started_at: exit.map(|_| at(end - 5)),
        stopping_at: Some(at(end)),
        execution_stopped_at: Some(at(end)),
        stopped_at: Some(at(end)),
        ..stopped_task(code, reason, vec![container("web", exit, None)])
    }
}

fn crashed(deployment: &str, ago: i64) -> Task {
    died(deployment, ago, "EssentialContainerExited", "Essential container in task exited", Some(1))
}

fn unpullable(deployment: &str, ago: i64) -> Task {
    let reason = "CannotPullContainerError: failed to resolve ref docker.io/library/web:nope: not found";
    died(deployment, ago, "TaskFailedToStart", reason, None)
}

#[test]
fn the_order_is_worst_first() {
    use Health::{Degraded, Deploying, Failing, Healthy, Inactive, Unknown};
    let mut all = [Inactive, Healthy, Deploying, Unknown, Degraded, Failing];
    all.sort_unstable();
    assert_eq!(all, [Failing, Degraded, Unknown, Deploying, Healthy, Inactive]);
    for health in all {
        assert_eq!(serde_json::to_string(&health).unwrap(), format!("\"{}\"", health.as_str()));
    }
}

#[test]
fn nothing_wanted_or_nothing_left_is_inactive() {
    is(&alone(&service("web", 0)), Health::Inactive, "desired 0");
    is(&alone(&Service { status: ServiceStatus::Draining, ..service("web", 2) }), Health::Inactive, "being deleted");
    is(&alone(&Service { status: ServiceStatus::Inactive, ..service("web", 0) }), Health::Inactive, "deleted");
    let daemon = Service { scheduling: SchedulingStrategy::Daemon, ..service("web", 0) };
    is(&alone(&daemon), Health::Inactive, "no container instance to run on");
    is(&alone(&service("web", 0).counts(2, 0)), Health::Healthy, "scaling in to 0");
}

#[test]
fn a_steady_service_is_healthy_whatever_happened_before() {
    let steady = service("web", 4);
    is(&alone(&steady), Health::Healthy, "");
    let eventful = steady.clone().events(&[
        (30_000, "has reached a steady state."),
        (29_000, UNHEALTHY),
        (28_000, FULL),
        (27_000, "is unable to consistently start tasks successfully."),
    ]);
    is(&alone(&eventful), Health::Healthy, "");
    // Even when they are the last word: an event can be hours old, the state is the present.
    is(&alone(&steady.clone().events(&[(29_000, UNHEALTHY), (28_000, FULL)])), Health::Healthy, "");
    let four = (1..=4).map(|last| healthy(&format!("10.0.0.{last}"))).collect();
    is(&with_targets(&eventful, four), Health::Healthy, "");
    // One task that died is an accident; so are benign ends, however many.
    is(&with_tasks(&steady, vec![crashed("ecs-svc/1", 60)]), Health::Healthy, "");
    let scaled = |ago| {
        died(
            "ecs-svc/1",
            ago,
            "ServiceSchedulerInitiated",
            "Scaling activity initiated by (deployment ecs-svc/1)",
            Some(137),
        )
    };
    is(&with_tasks(&steady, vec![scaled(60), scaled(70), scaled(80)]), Health::Healthy, "");
    is(&with_tasks(&steady, vec![crashed("ecs-svc/1", 3_600), crashed("ecs-svc/1", 7_200)]), Health::Healthy, "");
    // Twice in a quarter of an hour is not.
    let twice = vec![crashed("ecs-svc/1", 400), crashed("ecs-svc/1", 60)];
    is(&with_tasks(&steady, twice), Health::Degraded, "exits with code 1 soon after start");
}

#[test]
fn missing_tasks_are_counted_and_explained() {
    let short = |running, pending| service("web", 4).counts(running, pending);
    is(&alone(&short(3, 1)), Health::Degraded, "3 of 4 tasks running, 1 starting");
    is(&alone(&short(3, 0)), Health::Degraded, "3 of 4 tasks running");
    is(&alone(&short(0, 0)), Health::Failing, "0 of 4 tasks running");
    is(&alone(&short(3, 0).events(&[(35_900, FULL)])), Health::Failing, "no room to place tasks: memory");
    // On their way, so there was room.
    is(&alone(&short(3, 1).events(&[(35_900, FULL)])), Health::Degraded, "3 of 4 tasks running, 1 starting");
    // Over since the last steady state.
    let over = short(3, 0).events(&[(35_950, "has reached a steady state."), (35_900, FULL)]);
    is(&alone(&over), Health::Degraded, "3 of 4 tasks running");
    let again = short(3, 1).primary(|primary| primary.failed = 5);
    is(&alone(&again), Health::Failing, "5 new tasks failed in a row");
    let impaired = "is unable to consistently start tasks successfully.";
    is(&alone(&short(0, 0).events(&[(35_900, impaired)])).clone(), Health::Failing, "0 of 4 tasks running");
    let crashing = vec![crashed("ecs-svc/1", 500), crashed("ecs-svc/1", 300), crashed("ecs-svc/1", 100)];
    is(&with_tasks(&short(3, 1), crashing), Health::Failing, "exits with code 1 soon after start");
    is(
        &with_tasks(&short(3, 1), vec![crashed("ecs-svc/1", 100)]),
        Health::Degraded,
        "exits with code 1 soon after start",
    );
    is(&alone(&short(2, 0).events(&[(35_900, UNHEALTHY)])), Health::Degraded, "health check: app answers 503");
    let mut killed = crashed("ecs-svc/1", 50);
    killed.containers =
        vec![container("web", Some(137), Some("OutOfMemoryError: Container killed due to memory usage"))];
    is(&with_tasks(&short(0, 1), vec![killed]), Health::Failing, "out of memory (exit 137)");
}

#[test]
fn targets_say_how_it_is() {
    let web = service("web", 2);
    is(&with_targets(&web, vec![healthy("10.0.0.1"), healthy("10.0.0.2")]), Health::Healthy, "");
    is(
        &with_targets(&web, vec![timeout("10.0.0.1"), timeout("10.0.0.2")]),
        Health::Failing,
        "request timed out, 0/2 targets healthy",
    );
    is(
        &with_targets(&web, vec![healthy("10.0.0.1"), timeout("10.0.0.2")]),
        Health::Degraded,
        "request timed out, 1/2 targets healthy",
    );
    is(
        &with_targets(&web, vec![mismatch("10.0.0.1"), mismatch("10.0.0.2")]),
        Health::Failing,
        "app answers 302, 0/2 targets healthy",
    );
    is(&with_targets(&web, vec![healthy("10.0.0.1"), healthy("10.0.0.2"), draining("10.0.0.3")]), Health::Healthy, "");
    let initial = target("10.0.0.2", TargetState::Initial, "Elb.InitialHealthChecking", "");
    is(
        &with_targets(&web, vec![healthy("10.0.0.1"), initial]),
        Health::Degraded,
        "1/2 targets healthy, 1 without verdict yet",
    );
    is(&with_targets(&web, vec![]), Health::Degraded, "no targets registered in web-tg");
    let unattached = "Target group is not configured to receive traffic from the load balancer";
    let unused = |description| target("10.0.0.1", TargetState::Unused, "Target.NotInUse", description);
    is(&with_targets(&web, vec![unused(unattached)]), Health::Failing, "no listener forwards to web-tg");
    let mut elsewhere = unused("Target is in an Availability Zone that is not enabled for the load balancer");
    elsewhere.availability_zone = Some("eu-west-1c".to_owned());
    is(
        &with_targets(&web, vec![healthy("10.0.0.2"), elsewhere]),
        Health::Degraded,
        "load balancer not enabled in eu-west-1c",
    );
    // The idle group of a blue/green service is not in use on purpose.
    is(&with_targets(&web.with_strategy(DeploymentStrategy::BlueGreen), vec![unused(unattached)]), Health::Healthy, "");
}

#[test]
fn settings_make_the_cause_exact() {
    let web = service("web", 2);
    let world = |matcher: &str| World {
        targets: Some(Known::Known(vec![mismatch("10.0.0.1"), mismatch("10.0.0.2")])),
        settings: Some(settings(matcher)),
        ..World::default()
    };
    is(&look(&web, &world("200")), Health::Failing, "app says 302, check wants 200");
    is(&look(&web, &world("200-299")), Health::Failing, "app says 302, check wants 200-299");
    // The matcher was widened after the last check.
    is(&look(&web, &world("200-399")), Health::Degraded, "health check now accepts 302, waiting for it");
    is(&look(&web, &world("nonsense")), Health::Failing, "app says 302, check wants nonsense");
}

#[test]
fn unknown_is_not_healthy() {
    let web = service("web", 2);
    let refused = World { targets: Some(Known::Denied(denied())), ..World::default() };
    is(&look(&web, &refused), Health::Unknown, "target health: denied");
    let error = CallError { kind: ErrorKind::Timeout, ..denied() };
    let failed = World { targets: Some(Known::Failed(error)), ..World::default() };
    is(&look(&web, &failed), Health::Unknown, "target health: timed out");
    let not_asked = World { targets: Some(Known::NotAsked), ..World::default() };
    is(&look(&web, &not_asked), Health::Healthy, "");
    // What is known to be wrong stays wrong.
    is(&look(&web.counts(0, 0), &refused), Health::Failing, "0 of 2 tasks running");
    is(&look(&service("web", 0), &refused), Health::Inactive, "desired 0");
    let rolling = service("web", 2).rolling(1, 1, at(NOW - 60));
    is(&look(&rolling, &refused), Health::Deploying, "target health: denied");
}

#[test]
fn a_deployment_in_normal_progress_is_deploying() {
    let rolling = |running, pending| service("web", 4).rolling(running, pending, at(NOW - 120));
    is(&alone(&rolling(0, 4)), Health::Deploying, "0 of 4 new tasks running");
    is(&alone(&rolling(2, 2)), Health::Deploying, "2 of 4 new tasks running");
    is(&alone(&rolling(4, 0)), Health::Deploying, "new tasks run, old ones leave");
    // Old evidence, however loud, speaks of the revision before.
    let loud = rolling(0, 4).events(&[
        (NOW - 60, "has started 4 tasks: (task 1)."),
        (NOW - 200, FULL),
        (NOW - 300, UNHEALTHY),
    ]);
    is(&alone(&loud), Health::Deploying, "0 of 4 new tasks running");
    is(&with_tasks(&rolling(0, 4), vec![unpullable("ecs-svc/1", 30)]), Health::Deploying, "0 of 4 new tasks running");
    let targets = vec![healthy("10.0.0.1"), healthy("10.0.0.2"), draining("10.0.0.3"), draining("10.0.0.4")];
    is(&with_targets(&rolling(2, 2), targets), Health::Deploying, "2 of 4 new tasks healthy");
    let mut created = service("web", 2).primary(|primary| {
        primary.rollout_state = Some(RolloutState::InProgress);
        primary.created_at = Some(at(NOW - 30));
    });
    created = created.counts(0, 2);
    is(&alone(&created), Health::Deploying, "0 of 2 new tasks running");
    // A long rollout may stay below the desired count as far as its minimum allows.
    let long = |minimum| {
        let mut long = service("web", 10).with_percents(minimum, 100).rolling(3, 2, at(NOW - 3_600));
        long.running = 7;
        long
    };
    is(&alone(&long(50)), Health::Deploying, "3 of 10 new tasks running");
    is(&alone(&long(80)), Health::Degraded, "7 of 10 tasks running, 2 starting");
    let mut other = rolling(2, 2);
    other.deployments[0].rollout_state = None;
    is(&alone(&other), Health::Deploying, "2 of 4 new tasks running");
}

#[test]
fn the_grace_period_excuses_what_may_be_a_start() {
    let mut web = service("web", 2).rolling(2, 0, at(NOW - 100));
    web.health_check_grace_period_seconds = Some(300);
    let with =
        |new: fn(&str) -> Target| vec![healthy("10.0.0.1"), healthy("10.0.0.2"), new("10.0.1.1"), new("10.0.1.2")];
    let world = |targets: Vec<Target>| World {
        targets: Some(Known::Known(targets)),
        tasks: Some(vec![
            running_task("ecs-svc/1", "10.0.0.1", at(0)),
            running_task("ecs-svc/1", "10.0.0.2", at(0)),
            running_task("ecs-svc/2", "10.0.1.1", at(NOW - 90)),
            running_task("ecs-svc/2", "10.0.1.2", at(NOW - 90)),
        ]),
        ..World::default()
    };
    is(&look(&web, &world(with(timeout))), Health::Deploying, "health checks fail, grace period is running");
    // A redirect is no start.
    is(&look(&web, &world(with(mismatch))), Health::Failing, "app answers 302, 0/2 new targets healthy");
    web.health_check_grace_period_seconds = Some(60);
    is(&look(&web, &world(with(timeout))), Health::Failing, "request timed out, 0/2 new targets healthy");
}

#[test]
fn a_deployment_that_cannot_finish_is_failing() {
    let rolling = |minutes: i64| service("web", 4).rolling(0, 0, at(NOW - minutes * 60));
    is(&alone(&rolling(31)), Health::Failing, "stuck for 31 min: 0 of 4 new tasks healthy");
    is(&alone(&rolling(31).events(&[(NOW - 600, FULL)])), Health::Failing, "no room to place tasks: memory");
    is(&alone(&rolling(3).primary(|primary| primary.failed = 1)), Health::Failing, "1 new task failed");
    let some = service("web", 4).rolling(2, 1, at(NOW - 100)).primary(|primary| primary.failed = 1);
    is(&alone(&some), Health::Degraded, "1 new task failed");
    let many = service("web", 4).rolling(2, 1, at(NOW - 100)).primary(|primary| primary.failed = 3);
    is(&alone(&many), Health::Failing, "3 new tasks failed in a row");
    is(&with_tasks(&rolling(3), vec![unpullable("ecs-svc/2", 30)]), Health::Failing, "image not found: web:nope");
    is(
        &with_tasks(&rolling(31), vec![crashed("ecs-svc/2", 30)]),
        Health::Failing,
        "exits with code 1 soon after start",
    );
    // One that failed and was followed by one that works is an accident; the second is a pattern.
    let coming = service("web", 4).rolling(2, 2, at(NOW - 120));
    is(&with_tasks(&coming, vec![crashed("ecs-svc/2", 60)]), Health::Deploying, "2 of 4 new tasks running");
    let twice = vec![crashed("ecs-svc/2", 60), crashed("ecs-svc/2", 30)];
    is(&with_tasks(&coming, twice), Health::Degraded, "exits with code 1 soon after start");
    let quoted = "was unable to place a task. Reason: CannotPullContainerError: failed to resolve ref docker.io/library/web:nope: not found.";
    is(&alone(&rolling(3).events(&[(NOW - 60, quoted)])), Health::Failing, "image not found: web:nope");
    let failed = rolling(31).primary(|primary| {
        primary.rollout_state = Some(RolloutState::Failed);
        primary.rollout_reason = Some("ECS deployment circuit breaker: tasks failed to start.".to_owned());
    });
    is(&alone(&failed), Health::Failing, "deployment failed: tasks failed to start");
    is(&with_tasks(&failed, vec![unpullable("ecs-svc/2", 900)]), Health::Failing, "image not found: web:nope");
    // Health checks kill tasks; the targets say more about why than the kill.
    let killed = || {
        died(
            "ecs-svc/2",
            30,
            "ServiceSchedulerInitiated",
            "Task failed ELB health checks in (target-group x)",
            Some(137),
        )
    };
    is(&with_tasks(&rolling(3), vec![killed()]), Health::Failing, "killed: failed ELB health checks (x)");
    let world = World {
        targets: Some(Known::Known(vec![healthy("10.0.0.1"), mismatch("10.0.1.1")])),
        settings: Some(settings("200")),
        tasks: Some(vec![
            killed(),
            running_task("ecs-svc/1", "10.0.0.1", at(0)),
            running_task("ecs-svc/2", "10.0.1.1", at(NOW - 50)),
        ]),
    };
    is(&look(&rolling(3), &world), Health::Failing, "app says 302, check wants 200");
}

#[test]
fn minimum_and_maximum_can_leave_no_room() {
    let words = "min 100% max 100% of 1 leave no room to deploy";
    let full = service("web", 1).with_percents(100, 100).rolling(0, 0, at(NOW - 120));
    is(&alone(&full), Health::Failing, words);
    let told = "was unable to stop or start tasks during a deployment because of the service deployment configuration.";
    let young = service("web", 1).with_percents(100, 100).rolling(0, 0, at(NOW - 30)).events(&[(NOW - 10, told)]);
    is(&alone(&young), Health::Failing, words);
    // The same percents hurt nobody while nothing is rolled out.
    is(&alone(&service("web", 1).with_percents(100, 100)), Health::Healthy, "");
    let room = service("web", 1).with_percents(0, 100).rolling(0, 0, at(NOW - 120));
    is(&alone(&room), Health::Deploying, "0 of 1 new tasks running");
}

#[test]
fn a_complete_rollback_is_healthy_and_says_so() {
    let story = &[
        (NOW - 100, "has reached a steady state."),
        (NOW - 200, "rolling back to deployment ecs-svc/1."),
        (NOW - 201, "(deployment ecs-svc/2) deployment failed: tasks failed to start."),
    ];
    let back = service("web", 2).events(story);
    is(&alone(&back), Health::Healthy, "rolled back: tasks failed to start");
    is(
        &with_tasks(&back, vec![unpullable("ecs-svc/2", 300)]),
        Health::Healthy,
        "rolled back: image not found: web:nope",
    );
    let on_its_way = back.clone().primary(|primary| {
        primary.rollout_state = Some(RolloutState::InProgress);
        primary.rollout_reason =
            Some("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.".to_owned());
    });
    is(&alone(&on_its_way), Health::Failing, "rolling back: tasks failed to start");
    // A newer deployment makes it history.
    let mut newer = back.clone();
    newer.deployments = vec![deployment("3", 32, DeploymentStatus::Primary, 2)];
    newer.deployments[0].created_at = Some(at(NOW - 50));
    is(&alone(&newer), Health::Healthy, "");
}

#[test]
fn tasks_that_run_but_do_not_last_are_no_success() {
    let replaced = "has started 1 tasks: (task 0a). Amazon ECS replaced 1 tasks due to an unhealthy status.";
    let killed: Vec<_> =
        (0..6).map(|time| (NOW - 75 * time, if time % 2 == 0 { replaced } else { UNHEALTHY })).collect();
    let mut rolling = service("web", 4).rolling(4, 0, at(NOW - 720)).events(&killed);
    is(&alone(&rolling), Health::Failing, "health check: app answers 503");
    rolling = rolling.events(&[]).primary(|primary| primary.failed = 3);
    is(&alone(&rolling), Health::Failing, "3 new tasks failed in a row");
    let steady = service("web", 4);
    is(&alone(&steady.clone().events(&killed)), Health::Degraded, "health check: app answers 503");
    is(&alone(&steady.clone().events(&killed[..3])), Health::Healthy, "");
    let impaired = "is unable to consistently start tasks successfully.";
    is(&alone(&steady.clone().events(&[(NOW - 60, impaired)])), Health::Degraded, "tasks keep failing to start");
    let mut over = killed.clone();
    over.insert(0, (NOW, "has reached a steady state."));
    is(&alone(&steady.clone().events(&over)), Health::Healthy, "");
    let old: Vec<_> = killed.iter().map(|(second, message)| (second - 1_000, *message)).collect();
    is(&alone(&steady.clone().events(&old)), Health::Healthy, "");
    // The targets are better evidence than what was said about them.
    let four = (1..=4).map(|last| healthy(&format!("10.0.0.{last}"))).collect();
    is(&with_targets(&steady.events(&killed), four), Health::Healthy, "");
}

#[test]
fn targets_killed_as_soon_as_they_fail_leave_the_cause_in_the_events() {
    let killed: Vec<_> = (0..4).map(|time| (NOW - 75 * time, UNHEALTHY)).collect();
    let rolling = service("web", 2).rolling(2, 0, at(NOW - 720)).events(&killed).primary(|primary| primary.failed = 9);
    let new = |address: &str| {
        target(address, TargetState::Initial, "Elb.InitialHealthChecking", "Initial health checks in progress")
    };
    let world = |matcher: &str, targets| World {
        targets: Some(Known::Known(targets)),
        settings: Some(settings(matcher)),
        tasks: Some(vec![died(
            "ecs-svc/2",
            30,
            "ServiceSchedulerInitiated",
            "Task failed ELB health checks in (target-group web-tg)",
            Some(143),
        )]),
    };
    let waiting = || vec![new("10.0.0.1"), new("10.0.0.2")];
    is(&look(&rolling, &world("200", waiting())), Health::Failing, "app says 503, check wants 200");
    // The matcher accepts it by now, so the event tells of the past.
    assert_ne!(look(&rolling, &world("200-599", waiting())).1, "app says 503, check wants 200-599");
    // What some pass is not what the health check wants of all.
    let some = vec![healthy("10.0.0.1"), new("10.0.0.2")];
    assert_ne!(look(&rolling, &world("200", some)).1, "app says 503, check wants 200");
}

#[test]
fn a_cause_is_more_than_a_symptom() {
    let short = service("web", 4).counts(3, 0);
    assert_eq!(cause(&Facts::new(&short, at(NOW))), None);
    let full = short.events(&[(35_900, FULL)]);
    assert_eq!(cause(&Facts::new(&full, at(NOW))).as_deref(), Some("no room to place tasks: memory"));
}

#[test]
fn targets_of_other_services_do_not_count() {
    let world = World {
        targets: Some(Known::Known(vec![healthy("10.0.0.1"), timeout("10.9.9.9")])),
        tasks: Some(vec![running_task("ecs-svc/1", "10.0.0.1", at(0))]),
        ..World::default()
    };
    is(&look(&service("web", 1), &world), Health::Healthy, "");
}

#[test]
fn hostile_text_is_cut_and_neutralised() {
    let reason = format!("was unable to place a task. Reason: \u{1b}[2J{}", "x".repeat(10_000));
    let (health, headline) = alone(&service("web", 2).counts(0, 0).events(&[(NOW - 10, &reason)]));
    assert_eq!(health, Health::Failing);
    assert!(headline.starts_with("cannot place tasks: ␛[2Jxxx"), "{headline}");
}

fn any_world() -> impl Strategy<Value = World> {
    let target = prop::sample::select(vec![healthy as fn(&str) -> Target, mismatch, timeout, draining]);
    let targets = prop::collection::vec((target, 0..5), 0..6).prop_map(|targets| {
        targets.into_iter().map(|(make, last)| make(&format!("10.0.0.{last}"))).collect::<Vec<_>>()
    });
    let targets = prop_oneof![
        Just(None),
        Just(Some(Known::Denied(denied()))),
        targets.prop_map(|targets| Some(Known::Known(targets)))
    ];
    let task = prop::sample::select(vec![
        crashed("ecs-svc/1", 60),
        crashed("ecs-svc/2", 60),
        unpullable("ecs-svc/2", 5_000),
        running_task("ecs-svc/1", "10.0.0.1", at(0)),
        running_task("ecs-svc/2", "10.0.0.2", at(NOW - 10)),
    ]);
    (targets, prop::option::of(prop::collection::vec(task, 0..6)), any::<bool>()).prop_map(
        |(targets, tasks, with_settings)| World { targets, tasks, settings: with_settings.then(|| settings("200")) },
    )
}

proptest! {
    #[test]
    fn whatever_the_facts_the_word_keeps_its_meaning(service in any_service(), world in any_world()) {
        let (health, headline) = look(&service, &world);
        let idle = service.desired == 0 && service.running == 0 && service.pending == 0;
        prop_assert_eq!(health == Health::Inactive, idle);
        match health {
            Health::Healthy => {
                prop_assert!(service.running >= service.desired);
                prop_assert!(!in_progress(&service));
                prop_assert!(world.targets.as_ref().is_none_or(|targets| targets.known().is_some()) || service.desired == 0);
            }
            Health::Deploying => prop_assert!(in_progress(&service)),
            _ => prop_assert!(!headline.is_empty()),
        }
    }
}
