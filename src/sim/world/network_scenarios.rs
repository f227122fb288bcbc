//! What load balancers find when the network between them and the tasks is set up this way or that.

use std::time::Duration;

use super::health_check::{Failure, TargetState};
use super::*;

/// A world with one service `api`, its load balancer in `sg-lb` and its tasks, one a zone, in `sg-task`.
fn world_with(blueprint: &Blueprint) -> World {
    let mut world = World::empty(7);
    world.add_cluster("test");
    world.add_service("test", blueprint);
    world
}

fn api() -> Blueprint {
    let front = Front::application("edge", "api.example.com").guarded_by(&["sg-lb"]);
    // Checks that fail have no consequences, so that what the load balancer finds stands still.
    let mut blueprint = Blueprint::web("api").tasks(3).guarded_by(&["sg-task"]).with_front(front);
    blueprint.grace = Duration::from_hours(9);
    blueprint
}

fn behind_a_network_load_balancer(groups: &[&str]) -> Blueprint {
    api().with_front(Front::network("edge").guarded_by(groups))
}

/// The states of its targets by the letter of their zone, after five minutes.
fn found(world: &mut World) -> Vec<(char, TargetState)> {
    world.advance(Duration::from_mins(5));
    let groups = world.load_balancing.target_groups.values();
    let targets = groups.flat_map(|group| group.targets.values());
    let mut states: Vec<_> = targets.map(|target| (target.zone.chars().last().unwrap(), target.state)).collect();
    states.sort_by_key(|(zone, _)| *zone);
    states
}

fn everywhere(state: TargetState) -> Vec<(char, TargetState)> {
    ['a', 'b', 'c'].map(|zone| (zone, state)).to_vec()
}

const TIMEOUT: TargetState = TargetState::Unhealthy(Failure::Timeout);
const FAILED: TargetState = TargetState::Unhealthy(Failure::Refused);

#[test]
fn defaults_let_through_what_is_needed() {
    for blueprint in [
        api(),
        api().checked(HealthCheck::http("/healthz").on_port(9090)).running(Application::web(8080).also_on(9090)),
        behind_a_network_load_balancer(&["sg-lb"]),
        behind_a_network_load_balancer(&[]),
        api().fronted(|front| front.internal = true),
        api().fronted(|front| front.target_group_port = Some(80)),
    ] {
        assert_eq!(found(&mut world_with(&blueprint)), everywhere(TargetState::Healthy), "{blueprint:?}");
    }
}

#[test]
fn dropped_packets_are_timeouts_with_application_load_balancers() {
    let trusting_another = SecurityGroup::new("sg-task").letting_in(8080..=8080, Peer::group("sg-old-lb"));
    let only_https_out = SecurityGroup::new("sg-lb").sealed().letting_out(443..=443, Peer::anywhere());
    for group in [trusting_another, only_https_out] {
        let mut world = world_with(&api());
        world.add_security_group(group.clone());
        assert_eq!(found(&mut world), everywhere(TIMEOUT), "{group:?}");
        let mut world = world_with(&behind_a_network_load_balancer(&["sg-lb"]));
        world.add_security_group(group);
        assert_eq!(found(&mut world), everywhere(FAILED));
    }
    let mut world = world_with(&api());
    assert!(world.regroup_load_balancer("edge", &["sg-new-lb"]));
    assert_eq!(found(&mut world), everywhere(TIMEOUT));
}

#[test]
fn a_health_check_port_that_is_closed_times_out_though_traffic_passes() {
    let application = Application::web(8080).also_on(9090);
    let mut world = world_with(&api().checked(HealthCheck::http("/healthz").on_port(9090)).running(application));
    world.add_security_group(SecurityGroup::new("sg-task").letting_in(8080..=8080, Peer::group("sg-lb")));
    assert_eq!(found(&mut world), everywhere(TIMEOUT));
    let nodes = world.load_balancer_nodes("edge");
    let task = *world.load_balancing.target_groups.values().next().unwrap().targets.keys().next().unwrap();
    assert_eq!(world.connects(nodes[0].1, task.0, 8080), Ok(()));
}

#[test]
fn who_answers_wrongly_or_not_at_all_is_not_a_timeout() {
    let slow = Application::web(8080).delayed(Duration::from_secs(9));
    for (application, expected) in [
        (Application::web(8080).on_loopback(), FAILED),
        (Application::web(8081), FAILED),
        (Application::web(8080).speaking(Speech::Https), FAILED),
        (Application::web(8080).speaking(Speech::Other), FAILED),
        (Application::web(8080).answering("/healthz", 302), TargetState::Unhealthy(Failure::Code(302))),
        (slow, TIMEOUT),
    ] {
        let blueprint = api().running(application.clone()).fronted(|front| front.container_port = Some(8080));
        assert_eq!(found(&mut world_with(&blueprint)), everywhere(expected), "{application:?}");
    }
    let over_tls = api()
        .checked(HealthCheck::http("/healthz").over(CheckProtocol::Https))
        .running(Application::web(8080).speaking(Speech::Https));
    assert_eq!(found(&mut world_with(&over_tls)), everywhere(TargetState::Healthy));
}

#[test]
fn an_acl_entry_of_one_subnet_stops_the_targets_there() {
    let mut world = world_with(&api());
    let subnet = world.subnet("c", false).unwrap();
    world.add_acl_entry(&subnet, AclEntry::deny(90, 8080..=8080)).unwrap();
    let healthy = TargetState::Healthy;
    assert_eq!(found(&mut world), [('a', healthy), ('b', healthy), ('c', TIMEOUT)]);
}

#[test]
fn a_node_that_reaches_nobody_fails_all_targets_unless_each_zone_is_for_itself() {
    let entry = AclEntry::deny(90, 8080..=8080).outbound();
    let mut world = world_with(&api());
    let subnet = world.subnet("c", true).unwrap();
    world.add_acl_entry(&subnet, entry.clone()).unwrap();
    assert_eq!(found(&mut world), everywhere(TIMEOUT));
    let mut world = world_with(&behind_a_network_load_balancer(&["sg-lb"]));
    let subnet = world.subnet("c", true).unwrap();
    world.add_acl_entry(&subnet, entry).unwrap();
    let healthy = TargetState::Healthy;
    assert_eq!(found(&mut world), [('a', healthy), ('b', healthy), ('c', FAILED)]);
}

#[test]
fn zones_that_are_not_enabled_are_unused_until_they_are() {
    let blueprint = api().fronted(|front| front.zones = vec!["a".into(), "b".into()]);
    let healthy = TargetState::Healthy;
    let expected = [('a', healthy), ('b', healthy), ('c', TargetState::ZoneNotEnabled)];
    assert_eq!(found(&mut world_with(&blueprint)), expected);
    let mut world = world_with(&api());
    assert!(world.disable_zone("edge", "eu-west-1c"));
    assert_eq!(found(&mut world), expected);
    assert!(world.cut_off("test", "api"));
    assert_eq!(found(&mut world), everywhere(TargetState::NotInUse));
}

#[test]
fn a_matcher_that_was_put_right_takes_a_few_checks_to_show() {
    let settings = HealthCheck::http("/healthz");
    let mut world = world_with(&api().running(Application::web(8080).answering("/healthz", 302)));
    let redirected = everywhere(TargetState::Unhealthy(Failure::Code(302)));
    assert_eq!(found(&mut world), redirected);
    assert!(world.check_differently("test", "api", &settings.accepting("200-399")));
    world.advance(Duration::from_secs(12));
    let groups = world.load_balancing.target_groups.values();
    assert!(groups.flat_map(|group| group.targets.values()).all(|target| target.state == redirected[0].1));
    assert_eq!(found(&mut world), everywhere(TargetState::Healthy));
}

#[test]
fn hosts_in_bridge_mode_need_their_dynamic_ports_open() {
    for (ports, expected) in [(32768..=60999, TargetState::Healthy), (8080..=8080, TIMEOUT)] {
        let mut world = World::empty(7);
        world.add_cluster("test");
        for _ in 0..3 {
            world.add_guarded_container_instance("test", &["sg-host"]);
        }
        world.add_security_group(SecurityGroup::new("sg-host").letting_in(ports, Peer::group("sg-lb")));
        world.add_service("test", &api().launched(Launch::Ec2));
        assert_eq!(found(&mut world), everywhere(expected));
    }
}
