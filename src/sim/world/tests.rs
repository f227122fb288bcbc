use super::*;
use crate::sim::world::health_check::TargetState;
use crate::sim::world::rollout::{Rollout, ServiceDeploymentStatus};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn world_with(blueprint: &Blueprint) -> World {
    let mut world = World::empty(7);
    world.add_cluster("test");
    world.add_service("test", blueprint);
    world
}

fn service(world: &World) -> &Service {
    world.clusters[0].services.last().unwrap()
}

fn messages(world: &World) -> Vec<&str> {
    service(world).events.iter().map(|event| event.message.as_str()).collect()
}

fn states(world: &World) -> Vec<TargetState> {
    let group = &service(world).bindings[0].target_group;
    world.load_balancing.target_groups[group].targets.values().map(|target| target.state).collect()
}

/// Advances second by second until `done`, at most ten minutes.
fn until(world: &mut World, done: impl Fn(&World) -> bool) {
    for _ in 0..600 {
        if done(world) {
            return;
        }
        world.advance(seconds(1));
    }
    panic!("did not happen within ten minutes: {:#?}", messages(world));
}

#[test]
fn a_settled_service_stays_settled() {
    let mut world = world_with(&Blueprint::web("shop").tasks(3));
    assert_eq!(states(&world), [TargetState::Healthy; 3]);
    let before = service(&world).tasks.iter().map(|task| task.id.clone()).collect::<Vec<_>>();
    world.advance(seconds(3600));
    assert_eq!(states(&world), [TargetState::Healthy; 3]);
    assert_eq!(service(&world).tasks.iter().map(|task| task.id.clone()).collect::<Vec<_>>(), before);
}

#[test]
fn a_new_service_comes_up_through_all_states() {
    let mut world = world_with(&Blueprint::web("shop").tasks(1).unsettled());
    let mut seen = Vec::new();
    let mut seen_states = Vec::new();
    for _ in 0..60 {
        world.advance(seconds(1));
        let status = service(&world).tasks.first().map(|task| task.status.name());
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        for state in states(&world) {
            if seen_states.last() != Some(&state) {
                seen_states.push(state);
            }
        }
    }
    assert_eq!(seen, [Some("PROVISIONING"), Some("PENDING"), Some("ACTIVATING"), Some("RUNNING")]);
    assert_eq!(seen_states, [TargetState::Registering, TargetState::Checking, TargetState::Healthy]);
    assert_eq!(messages(&world)[0], "(service shop) has reached a steady state.");
    assert!(messages(&world)[1].ends_with("deployment completed."), "{:?}", messages(&world));
}

#[test]
fn a_healthy_deployment_rolls_within_its_bounds() {
    let mut world = world_with(&Blueprint::web("shop").tasks(4));
    assert!(world.deploy("test", "shop", &Application::web(8080)));
    let done = |world: &World| {
        let service = service(world);
        let running = service.tasks.iter().filter(|task| task.is_wanted()).count();
        assert!((4..=8).contains(&running), "{running} tasks");
        service.deployments.len() == 1 && service.primary().unwrap().rollout == Rollout::Completed
    };
    until(&mut world, done);
    assert!(service(&world).tasks.iter().filter(|task| task.is_wanted()).all(|task| task.definition.revision == 6));
    assert_eq!(service(&world).history[0].status, ServiceDeploymentStatus::Successful);
    let stopped = service(&world).all_tasks().find(|task| !task.is_wanted()).unwrap();
    let (code, reason) = stopped.stop.clone().unwrap();
    assert_eq!(code.name(), "ServiceSchedulerInitiated");
    assert!(reason.starts_with("Scaling activity initiated by (deployment ecs-svc/"), "{reason}");
}

#[test]
fn the_circuit_breaker_rolls_back() {
    let mut world = world_with(&Blueprint::web("shop").tasks(3));
    world.deploy("test", "shop", &Application::web(8080).answering("/healthz", 302));
    until(&mut world, |world| service(world).history[0].status == ServiceDeploymentStatus::RollbackSuccessful);
    let service = service(&world);
    assert_eq!(service.primary().unwrap().definition.revision, 5);
    assert!(service.history[0].breaker_triggered);
    assert_eq!((service.history[0].failures, service.history[0].threshold), (3, 3));
    let messages = messages(&world);
    for text in [
        "deployment failed: tasks failed to start.",
        "(service shop) rolling back to deployment ecs-svc/",
        "due to (reason Health checks failed with these codes: [302])",
    ] {
        assert!(messages.iter().any(|message| message.contains(text)), "{text} is not in {messages:#?}");
    }
}

#[test]
fn a_failed_deployment_without_predecessor_launches_no_more_tasks() {
    let broken = Application::web(8080).ending(seconds(5), 1);
    let mut world = world_with(&Blueprint::web("shop").tasks(2).running(broken).unsettled());
    until(&mut world, |world| service(world).primary().unwrap().rollout == Rollout::Failed);
    until(&mut world, |world| service(world).running() == 0);
    let tasks = service(&world).all_tasks().count();
    world.advance(seconds(120));
    assert_eq!(service(&world).all_tasks().count(), tasks);
}

#[test]
fn a_grace_period_that_is_too_short_kills_slow_starters() {
    let slow = Application::web(8080).starting_for(seconds(60)).on_sigterm(OnSigterm::Ignore);
    let mut blueprint = Blueprint::web("shop").tasks(1).running(slow).unsettled();
    blueprint.circuit_breaker.enable = false;
    blueprint.grace = seconds(10);
    let mut world = world_with(&blueprint);
    until(&mut world, |world| !service(world).stopped_tasks.is_empty());
    let dead = &service(&world).stopped_tasks[0];
    let group = &service(&world).bindings[0].target_group;
    assert_eq!(dead.stop.as_ref().unwrap().1, format!("Task failed ELB health checks in (target-group {group})"));
    assert_eq!(dead.containers[0].exit_code, Some(137));
    blueprint.grace = seconds(120);
    let mut world = world_with(&blueprint);
    until(&mut world, |world| states(world) == [TargetState::Healthy]);
    assert_eq!(service(&world).tasks.len(), 1);
}

#[test]
fn an_image_that_cannot_be_pulled_leads_to_back_off() {
    let reason = "CannotPullContainerError: no";
    let mut blueprint =
        Blueprint::worker("shop").tasks(1).running(Application::worker().without_image(reason)).unsettled();
    blueprint.circuit_breaker.enable = false;
    let mut world = world_with(&blueprint);
    world.advance(seconds(900));
    let dead = &service(&world).stopped_tasks[0];
    assert_eq!(dead.stop, Some((task::StopCode::TaskFailedToStart, reason.to_owned())));
    assert_eq!((dead.containers[0].exit_code, dead.started_at), (None, None));
    let tasks = service(&world).all_tasks().count();
    assert!((5..15).contains(&tasks), "{tasks} starts in a quarter of an hour");
    assert!(
        messages(&world).iter().any(|message| message.contains("unable to consistently start tasks successfully."))
    );
}

#[test]
fn memory_that_grows_ends_in_an_out_of_memory_kill() {
    let leaking = Application::worker().using_memory(900, 100);
    let mut world = world_with(&Blueprint::worker("shop").tasks(1).running(leaking).unsettled());
    until(&mut world, |world| !service(world).stopped_tasks.is_empty());
    let dead = &service(&world).stopped_tasks[0].containers[0];
    assert_eq!(dead.exit_code, Some(137));
    assert_eq!(dead.reason.as_deref(), Some("OutOfMemoryError: Container killed due to memory usage"));
}

#[test]
fn a_container_check_hears_what_the_load_balancer_cannot() {
    let deaf = Application::web(8080).on_loopback();
    let mut blueprint = Blueprint::web("shop").tasks(1).running(deaf).checking_itself("/healthz").unsettled();
    blueprint.circuit_breaker.enable = false;
    let mut world = world_with(&blueprint);
    until(&mut world, |world| states(world).contains(&TargetState::Unhealthy(health_check::Failure::Refused)));
    assert_eq!(world.task_health(&service(&world).tasks[0]), ContainerHealth::Healthy);
}

#[test]
fn a_container_check_that_fails_kills_the_task() {
    let broken = Application::web(8080).answering("/self", 500);
    let mut blueprint = Blueprint::web("shop").tasks(1).running(broken).checking_itself("/self").unsettled();
    blueprint.circuit_breaker.enable = false;
    let mut world = world_with(&blueprint);
    until(&mut world, |world| !service(world).stopped_tasks.is_empty());
    let dead = &service(&world).stopped_tasks[0];
    assert_eq!(dead.stop.as_ref().unwrap().1, "Task failed container health checks");
    assert_eq!(world.task_health(dead), ContainerHealth::Unknown);
}

#[test]
fn stopped_tasks_are_forgotten_after_an_hour() {
    let mut world = world_with(&Blueprint::web("shop").tasks(2));
    assert!(world.scale("test", "shop", 1));
    until(&mut world, |world| !service(world).stopped_tasks.is_empty());
    assert_eq!(states(&world), [TargetState::Healthy]);
    world.advance(seconds(3500));
    assert_eq!(service(&world).stopped_tasks.len(), 1);
    world.advance(seconds(200));
    assert_eq!(service(&world).stopped_tasks.len(), 0);
}

#[test]
fn min_and_max_that_exclude_each_other_deadlock() {
    let mut blueprint = Blueprint::web("shop").tasks(1);
    blueprint.maximum_percent = 100;
    let mut world = world_with(&blueprint);
    world.deploy("test", "shop", &Application::web(8080));
    world.advance(seconds(120));
    assert!(messages(&world)[0].contains("because of the service deployment configuration"), "{:?}", messages(&world));
    assert_eq!(service(&world).tasks.len(), 1);
}

#[test]
fn a_zone_that_is_not_enabled_makes_targets_unused_and_tasks_die() {
    let mut world = world_with(&Blueprint::web("shop").tasks(1));
    assert!(world.disable_zone("shared", "eu-west-1b") && world.disable_zone("shared", "eu-west-1c"));
    world.scale("test", "shop", 3);
    until(&mut world, |world| states(world).contains(&TargetState::ZoneNotEnabled));
    until(&mut world, |world| messages(world).iter().any(|message| message.contains("that is not enabled")));
}

#[test]
fn a_target_group_that_nobody_leads_to_is_not_in_use() {
    let mut world = world_with(&Blueprint::web("shop").tasks(1));
    assert!(world.cut_off("test", "shop"));
    world.deploy("test", "shop", &Application::web(8080));
    until(&mut world, |world| states(world).contains(&TargetState::NotInUse));
}

#[test]
fn a_changed_health_check_heals() {
    let mut world = world_with(&Blueprint::web("shop").tasks(2));
    world.answer_differently("test", "shop", &Application::web(8080).answering("/healthz", 302));
    until(&mut world, |world| {
        states(world).iter().any(|state| matches!(state, TargetState::Unhealthy(_) | TargetState::Draining))
    });
    let group = service(&world).bindings[0].target_group.clone();
    let change = HealthCheckChange { matcher: Some("200,302".into()), ..HealthCheckChange::default() };
    assert!(world.modify_target_group(&group, &change).is_some());
    until(&mut world, |world| states(world) == [TargetState::Healthy; 2]);
}

#[test]
fn the_same_seed_makes_the_same_world() {
    let tell = |world: &World| format!("{:?}", world.clusters);
    let (mut one, mut two) = (World::demo(3), World::demo(3));
    one.advance(seconds(300));
    for _ in 0..300 {
        two.advance(seconds(1));
    }
    assert!(tell(&one) == tell(&two));
    assert!(tell(&one) != tell(&World::demo(4)));
}

#[test]
fn telling_time_by_the_wall_changes_nothing_else() {
    let mut world = World::demo(1);
    world.set_wall_clock("2031-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(world.now().to_string(), "2031-01-01T00:00:00Z");
    world.advance(seconds(90));
    assert_eq!(world.now().to_string(), "2031-01-01T00:01:30Z");
}

#[test]
fn the_demo_begins_with_all_its_troubles() {
    for seed in 1..=4 {
        all_troubles_are_there(&World::demo(seed));
    }
}

fn all_troubles_are_there(world: &World) {
    let production = world.cluster("shop-prod").unwrap();
    let get = |name: &str| production.service(name).unwrap();
    let said = |name: &str, text: &str| {
        let found = get(name).events.iter().any(|event| event.message.contains(text));
        assert!(found, "{name} never said {text}: {:#?}", get(name).events.iter().take(5).collect::<Vec<_>>());
    };
    said("messenger-web", "due to (reason Health checks failed with these codes: [302])");
    said("roles-api", "due to (reason Request timed out)");
    said("recommendations", "due to (reason Health checks failed)");
    said("payments", "unable to consistently start tasks");
    said("search-index", "has insufficient memory available");
    said("accounts", "has reached a steady state");
    said("checkout", "has started 2 tasks");
    let exits = |name: &str| {
        let containers = get(name).all_tasks().flat_map(|task| &task.containers);
        containers.filter_map(|container| container.exit_code).collect::<BTreeSet<_>>()
    };
    assert!(exits("notifications").contains(&1));
    assert!(exits("image-resizer").contains(&137));
    assert!(exits("recommendations").contains(&137));
    assert_eq!(get("search-index").running(), 3);
    for name in ["warehouse", "accounts", "mailer", "mqtt-gateway", "legacy-cms", "invoices", "thumbnails", "catalogue"]
    {
        let service = get(name);
        assert_eq!(service.running(), service.desired, "{name}");
        assert_eq!(service.primary().unwrap().rollout, Rollout::Completed, "{name}");
    }
    for name in ["messenger-web", "roles-api", "payments", "checkout", "promotions"] {
        assert_eq!(get(name).primary().unwrap().rollout, Rollout::InProgress, "{name}");
    }
}

#[test]
fn the_demo_moves_while_somebody_watches() {
    let mut world = World::demo(1);
    world.advance(seconds(240));
    let production = world.cluster("shop-prod").unwrap();
    assert_eq!(production.service("checkout").unwrap().primary().unwrap().rollout, Rollout::Completed);
    let promotions = production.service("promotions").unwrap();
    assert_eq!(promotions.history[0].status, ServiceDeploymentStatus::RollbackSuccessful);
    world.advance(seconds(3 * 3600));
    let messenger = world.cluster("shop-prod").unwrap().service("messenger-web").unwrap();
    assert_eq!(messenger.primary().unwrap().rollout, Rollout::InProgress);
    assert!(messenger.primary().unwrap().failed > 100);
}

#[test]
fn a_world_for_counting() {
    let mut world = World::healthy(1, "test", 100);
    world.advance(seconds(60));
    let services = &world.clusters[0].services;
    assert_eq!(services.len(), 100);
    assert!(services.iter().all(|service| service.running() == 2 && service.deployments.len() == 1));
    assert_eq!(world.load_balancing.load_balancers.len(), 2);
}

#[test]
fn large_worlds_are_large_and_mostly_healthy() {
    let world = World::of_size(1, 1000, 4);
    let services: usize = world.clusters.iter().map(|cluster| cluster.services.len()).sum();
    assert_eq!((world.clusters.len(), services), (4, 1000));
    let steady = world.clusters.iter().flat_map(|cluster| &cluster.services);
    let steady =
        steady.filter(|service| service.running() == service.desired && service.deployments.len() == 1).count();
    assert!((900..1000).contains(&steady), "{steady}");
}
