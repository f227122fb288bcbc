//! What is asked of AWS, when, and how often.

use jiff::{SignedDuration, Timestamp};

use super::world::{START, World, balanced, dead_service, options, service};
use crate::app::Options;
use crate::app::message::{Effect, Msg};
use crate::app::schedule::BATCH;
use crate::model::arn::{ClusterName, ServiceArn};
use crate::model::call::ErrorKind;
use crate::model::query::{Answer, Query};
use crate::model::service::{Service, ServiceEvent};

fn many(count: usize) -> Vec<Service> {
    (0..count).map(|index| service(&format!("service-{index:04}"))).collect()
}

fn batches(world: &World) -> Vec<&Vec<ServiceArn>> {
    let mut batches = Vec::new();
    for (_, query) in &world.asked {
        if let Query::Services { services, .. } = query {
            batches.push(services);
        }
    }
    batches
}

#[test]
fn with_a_cluster_named_nothing_is_asked_but_who_we_are_and_its_services() {
    let mut world = World::new(options(), many(3));
    world.send(Msg::Tick);
    let mut asked: Vec<&Query> = world.asked.iter().map(|(_, query)| query).collect();
    asked.sort();
    assert!(matches!(asked.as_slice(), [Query::Identity, Query::ServiceArns { .. }]), "{asked:?}");
}

#[test]
fn a_hundred_services_open_with_one_list_and_ten_describes() {
    let mut world = World::new(options(), many(100));
    world.send(Msg::Tick);
    world.answer_all();
    let lists = world.asked.iter().filter(|(_, query)| matches!(query, Query::ServiceArns { .. })).count();
    assert_eq!(lists, 1);
    let batches = batches(&world);
    assert_eq!(batches.iter().map(|batch| batch.len()).collect::<Vec<_>>(), [BATCH; 10]);
}

/// The figures of the design: 100 services of which 3 are hot, at most 25 ECS calls a minute, hot state at most 5 s old,
/// cold state at most 60 s.
#[test]
fn the_budget_of_calls_and_ages_holds_over_minutes() {
    let mut services = many(97);
    services.extend(["a-dead", "b-dead", "c-dead"].map(dead_service));
    let mut world = World::settled(options(), services);
    world.pass(120);
    let before = world.at;
    for second in 0..300 {
        // The dead ones churn all the time.
        for service in world.services.iter_mut().rev().take(3) {
            service.pending = second % 2;
        }
        world.pass(1);
        for (arn, entry) in &world.app.store().services {
            let age = world.at.duration_since(entry.remote.fetched().unwrap().at);
            let allowed = if arn.name().ends_with("dead") { 5 } else { 60 };
            assert!(age <= SignedDuration::from_secs(allowed), "{} is {age} old", arn.name());
        }
    }
    let a_minute = world.ecs_calls_since(before) / 5;
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for (_, query) in world.asked.iter().filter(|(at, _)| *at > before) {
        *kinds.entry(query.operation().name).or_default() += 1;
    }
    assert!(a_minute <= 25, "{a_minute} calls a minute, in five minutes: {kinds:?}");
}

/// Queries of the services that are not the selected one, which only a diagnosis asks.
fn deployments_asked(world: &World) -> Vec<String> {
    let of = |query: &Query| match query {
        Query::ServiceDeployments { service, .. } => Some(service.name().to_owned()),
        _ => None,
    };
    world.asked.iter().filter_map(|(_, query)| of(query)).collect()
}

#[test]
fn what_a_diagnosis_needs_is_asked_for_the_service_under_the_cursor_and_for_a_few_that_fail() {
    let mut services = many(20);
    services.extend((0..8).map(|index| dead_service(&format!("dead-{index}"))));
    let mut world = World::settled(options(), services);
    assert_eq!(world.app.selected_arn().unwrap().name(), "dead-0");
    let asked = deployments_asked(&world);
    assert_eq!(asked.first().map(String::as_str), Some("dead-0"));
    assert!(asked.len() <= 4, "at most three beside the one looked at: {asked:?}");
    world.pass(20);
    let mut asked = deployments_asked(&world);
    asked.sort();
    assert_eq!(asked.len(), 8, "the others in turn: {asked:?}");
    world.asked.clear();
    world.pass(11 * 60);
    let again = deployments_asked(&world).iter().filter(|name| *name != "dead-0").count();
    assert_eq!(again, 0, "with seven to examine, each has its turn every seven hundred seconds");
    world.pass(60);
    let again = deployments_asked(&world).iter().filter(|name| *name != "dead-0").count();
    assert_eq!(again, 7);
}

#[test]
fn services_nobody_looks_at_and_that_do_well_are_not_examined() {
    let mut world = World::settled(options(), many(5));
    world.pass(60);
    let mut asked = deployments_asked(&world);
    asked.dedup();
    assert_eq!(asked, [world.app.selected_arn().unwrap().name()]);
}

#[test]
fn of_services_that_start_tasks_again_and_again_the_dead_ones_are_read() {
    let started = |name: &str, minutes_ago: i64| ServiceEvent {
        id: format!("{name}-{minutes_ago}"),
        at: Timestamp::from_second(START - minutes_ago * 60).ok(),
        message: format!("(service {name}) has started 1 tasks: (task 0a1b2c3d)."),
    };
    let with_starts = |name: &str, minutes: &[i64]| {
        let events = minutes.iter().map(|minutes_ago| started(name, *minutes_ago)).collect();
        Service { events, ..service(name) }
    };
    let services = vec![
        service("a-quiet"),
        with_starts("b-restless", &[1, 5, 9]),
        with_starts("c-grew", &[1, 40, 80]),
        with_starts("d-quiet", &[]),
    ];
    let mut world = World::settled(options(), services);
    world.pass(240);
    let of = |world: &World, name: &str| {
        let asked = world
            .asked
            .iter()
            .filter_map(|(_, query)| if let Query::Tasks { service, .. } = query { Some(service) } else { None });
        asked.filter(|service| service.name() == name).count()
    };
    assert!(of(&world, "a-quiet") > 1, "it is under the cursor");
    assert_eq!((of(&world, "b-restless"), of(&world, "c-grew"), of(&world, "d-quiet")), (1, 0, 0));
    world.pass(120);
    assert_eq!(of(&world, "b-restless"), 2, "every five minutes");
}

#[test]
fn what_a_diagnosis_may_not_read_is_no_error_to_look_at_and_is_asked_rarely() {
    let mut world = World::settled(options(), many(1));
    world.failing.insert("DescribeScalableTargets", ErrorKind::Denied);
    world.asked.clear();
    world.pass(600);
    let asked = world.asked.iter().filter(|(_, query)| matches!(query, Query::Scaling { .. })).count();
    assert!((5..=10).contains(&asked), "{asked} times in ten minutes");
    assert_eq!(world.app.errors().pinned(), None);
    assert!(world.app.errors().notes().iter().any(|note| note.error.kind == ErrorKind::Denied), "it is on the list");
}

#[test]
fn old_answers_nobody_wants_are_forgotten() {
    let mut world = World::settled(options(), many(3));
    let first = world.app.selected_arn().unwrap();
    let tasks = |world: &World, arn: &ServiceArn| {
        world.app.store().tasks(world.app.store().service(arn).unwrap()).value().is_some()
    };
    let definition = |world: &World, arn: &ServiceArn| {
        let service = world.app.store().service(arn).unwrap();
        world.app.store().task_definition(service.task_definition.as_ref().unwrap()).value().is_some()
    };
    assert!(tasks(&world, &first));
    world.keys("j");
    world.pass(9 * 60);
    assert!(tasks(&world, &first), "a service one came from is not read anew at once");
    world.pass(3 * 60);
    assert!(!tasks(&world, &first));
    assert!(definition(&world, &first), "what never changes stays while a service uses it");
    assert!(tasks(&world, &world.app.selected_arn().unwrap()));
    world.services.remove(0);
    world.pass(120);
    let gone = world.app.store().answers.keys().filter(|query| format!("{query:?}").contains("service-0000")).count();
    assert_eq!(gone, 0, "nothing is left of what is gone");
}

#[test]
fn failing_services_are_read_often_and_healthy_ones_fill_their_batch() {
    let mut services = many(30);
    services.push(dead_service("dead"));
    let mut world = World::settled(options(), services);
    world.pass(60);
    world.asked.clear();
    world.pass(10);
    let batches = batches(&world);
    assert_eq!(batches.len(), 2, "one call each five seconds");
    for batch in batches {
        assert!(batch.iter().any(|arn| arn.name() == "dead"));
        assert_eq!(batch.len(), BATCH);
    }
}

#[test]
fn details_are_asked_for_where_the_cursor_rests_and_not_where_it_runs_past() {
    let mut world = World::settled(options(), many(30));
    world.asked.clear();
    for _ in 0..20 {
        world.at += SignedDuration::from_millis(30);
        world.keys("j");
    }
    let tasks = |world: &World| {
        let tasks = |query: &Query| if let Query::Tasks { service, .. } = query { Some(service.clone()) } else { None };
        world.asked.iter().filter_map(|(_, query)| tasks(query)).collect::<Vec<_>>()
    };
    assert_eq!(tasks(&world), []);
    assert!(world.app.next_tick() < SignedDuration::from_secs(1), "it looks again as soon as the cursor may rest");
    world.at += world.app.next_tick();
    world.send(Msg::Tick);
    assert_eq!(tasks(&world), [world.app.selected_arn().unwrap()]);
}

#[test]
fn what_is_no_longer_on_the_screen_is_cancelled_and_its_late_answer_dropped() {
    let mut world = World::settled(options(), many(3));
    world.keys("j");
    world.at += SignedDuration::from_secs(1);
    world.send(Msg::Tick);
    let asked = world.effects.iter().find_map(|effect| match effect {
        Effect::Ask { request, query: query @ Query::Tasks { .. }, .. } => Some((*request, query.clone())),
        _ => None,
    });
    let (request, query) = asked.unwrap();
    world.keys("k");
    assert!(world.effects.contains(&Effect::Cancel { request }));
    let before = world.app.clone();
    let answer = world.answer(&query);
    world.send(Msg::Answered { request, result: Box::new(answer) });
    assert_eq!(world.app.store(), before.store());
}

#[test]
fn tasks_on_the_screen_are_read_again_as_soon_as_the_service_shows_that_something_happened() {
    for (keys, expected) in [("2", 1), ("1", 0)] {
        let mut world = World::settled(options(), many(1));
        world.keys(keys);
        world.pass(6);
        world.asked.clear();
        world.services[0].running = 1;
        world.pass(6);
        let asked = world.asked.iter().filter(|(_, query)| matches!(query, Query::Tasks { .. })).count();
        assert_eq!(asked, expected, "on tab {keys}");
    }
}

#[test]
fn a_failing_operation_keeps_the_old_state_is_pinned_and_recovers_by_itself() {
    for kind in [ErrorKind::Throttled, ErrorKind::Denied, ErrorKind::Server, ErrorKind::Network, ErrorKind::Timeout] {
        let mut world = World::settled(options(), many(12));
        world.failing.insert("DescribeServices", kind);
        world.pass(90);
        assert_eq!(world.app.store().described(), (12, 12), "{kind:?}: nothing disappears");
        let entry = world.app.store().services.values().next().unwrap();
        assert_eq!(entry.remote.failure().map(|failure| failure.error.kind), Some(kind));
        let pinned = world.app.errors().pinned().unwrap();
        assert_eq!((pinned.error.kind, pinned.error.operation.name.as_str()), (kind, "DescribeServices"));
        world.failing.clear();
        world.pass(61);
        assert!(world.app.store().services.values().all(|entry| entry.remote.failure().is_none()), "{kind:?}");
        assert!(world.app.errors().pinned().is_some(), "stays until somebody looked");
        world.keys("e esc");
        assert_eq!(world.app.errors().pinned(), None);
    }
}

#[test]
fn a_failing_operation_is_not_asked_in_a_loop() {
    let mut world = World::settled(options(), many(12));
    world.failing.insert("DescribeServices", ErrorKind::Server);
    world.pass(60);
    world.asked.clear();
    world.pass(120);
    let asked = batches(&world).len();
    assert!(asked <= 8, "{asked} attempts in two minutes");
}

#[test]
fn refresh_asks_at_once_even_while_failures_wait() {
    let mut world = World::settled(options(), many(12));
    world.failing.insert("ListServices", ErrorKind::Denied);
    world.pass(70);
    world.failing.clear();
    world.asked.clear();
    world.keys("r");
    assert!(world.asked.iter().any(|(_, query)| matches!(query, Query::ServiceArns { .. })));
    assert_eq!(batches(&world).iter().map(|batch| batch.len()).sum::<usize>(), 12);
}

#[test]
fn services_that_come_and_go_appear_and_disappear() {
    let mut world = World::settled(options(), many(3));
    world.services.remove(0);
    world.services.push(service("newcomer"));
    world.pass(60);
    let names: Vec<&str> = world.app.rows().into_iter().map(ServiceArn::name).collect();
    assert_eq!(names, ["newcomer", "service-0001", "service-0002"]);
}

#[test]
fn target_health_of_a_large_cluster_is_asked_for_in_turn() {
    let services = many(300).into_iter().map(balanced).collect();
    let mut world = World::settled(options(), services);
    world.pass(400);
    world.asked.clear();
    world.pass(60);
    let asked = world.asked.iter().filter(|(_, query)| matches!(query, Query::TargetHealth { .. })).count();
    assert!(asked <= 60 + 7, "{asked} calls a minute: one a second, and the selected service every ten");
}

#[test]
fn a_cluster_of_the_account_is_chosen_when_none_was_named() {
    let asking = |clusters: usize| {
        let mut world = World::new(Options { cluster: None, ..options() }, many(2));
        world.send(Msg::Tick);
        let Ok(Answer::Clusters(mut answer)) = world.answer(&Query::Clusters) else { panic!() };
        answer.truncate(clusters);
        for effect in std::mem::take(&mut world.effects) {
            if let Effect::Ask { request, query: Query::Clusters, .. } = effect {
                world.send(Msg::Answered { request, result: Box::new(Ok(Answer::Clusters(answer.clone()))) });
            }
        }
        world
    };
    let mut world = asking(2);
    assert_eq!(world.app.chooser_items(), ["shop", "staging"]);
    world.keys("s t a enter");
    assert_eq!(world.app.cluster().map(ClusterName::as_str), Some("staging"));
    assert_eq!(asking(1).app.cluster().map(ClusterName::as_str), Some("shop"), "the only one needs no question");
}

#[test]
fn leaving_a_cluster_forgets_its_services_and_nothing_stays_loading() {
    let mut world = World::settled(options(), many(12));
    world.send(Msg::Tick);
    world.keys("r c");
    world.answer_all();
    world.keys("s t a enter");
    assert_eq!(world.app.store().described(), (0, 0));
    world.answer_all();
    world.pass(3);
    assert_eq!(world.app.store().described(), (12, 12));
    assert!(world.app.store().identity.value().is_some());
}
