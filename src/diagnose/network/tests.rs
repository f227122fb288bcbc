use proptest::prelude::*;

use super::world::{World, acl, endpoint, group};
use super::*;
use crate::diagnose::rules::{egress, network_path};
use crate::model::known::Known;
use crate::model::load_balancing::TargetState;

/// Ways to make a world poorer or stranger, each on its own harmless.
const CHANGES: [fn(&mut World); 14] = [
    |world| world.vpc.security_groups = Known::NotAsked,
    |world| world.vpc.network_acls = Known::NotAsked,
    |world| world.vpc.route_tables = Known::NotAsked,
    |world| world.vpc.subnets = Known::NotAsked,
    |world| world.vpc.endpoints = Known::NotAsked,
    |world| world.vpc.route_tables = Known::Known(Vec::new()),
    |world| world.nodes.clear(),
    |world| world.interfaces.clear(),
    |world| world.tasks.clear(),
    |world| world.targets.iter_mut().for_each(|target| target.port = None),
    |world| world.targets.iter_mut().for_each(|target| target.id = "i-1".to_owned()),
    |world| world.service.network = None,
    |world| world.vpc.endpoints = Known::Known(vec![endpoint("ecr.api")]),
    |world| world.network_balancer(&[]),
];

fn poorer(changes: u32) -> World {
    let mut world = World::timing_out();
    for (index, change) in CHANGES.iter().enumerate() {
        if changes & (1 << index) != 0 {
            change(&mut world);
        }
    }
    world
}

proptest! {
    #[test]
    fn whatever_is_missing_nothing_is_made_up(changes in 0_u32..1 << 14) {
        let world = poorer(changes);
        let case = world.case();
        let scene = Scene::new(case.facts());
        let _ = (paths(&scene), checks(&scene));
        // Everything in this world is open, but for the groups of a load balancer that has none.
        let blocked = scene.groups.iter().flat_map(|group| &group.places).any(|place| place.check_path.drops());
        prop_assert!(!blocked || changes & (1 << 13) != 0);
        let found = case.ids(&network_path::FAMILY);
        prop_assert!(changes & (1 << 13) != 0 || found.is_empty(), "{found:?}");
        prop_assert_eq!(case.ids(&egress::FAMILY), [""; 0]);
    }
}

#[test]
fn verdicts_over_several_things() {
    use Verdict::{Blocked, Open, Partial, Unknown};
    for (all, verdict) in [
        (vec![], Open),
        (vec![Open, Unknown], Unknown),
        (vec![Unknown, Partial, Open], Partial),
        (vec![Unknown, Blocked], Blocked),
    ] {
        assert_eq!(Verdict::worst(all.clone()), verdict, "{all:?}");
    }
}

#[test]
fn what_blocks_decides_before_what_is_not_known() {
    let verdict = |world: &World| {
        let case = world.case();
        let scene = Scene::new(case.facts());
        scene.groups[0].places[0].check_path
    };
    let mut world = World::timing_out();
    assert_eq!(verdict(&world), Verdict::Open);
    world.vpc.network_acls = Known::Known(Vec::new());
    assert_eq!(verdict(&world), Verdict::Open, "AWS lists the subnets, and nothing that filters them");
    world.vpc.network_acls = Known::NotAsked;
    assert_eq!(verdict(&world), Verdict::Unknown);
    world.set_group(group("sg-task", &[], &[]));
    assert_eq!(verdict(&world), Verdict::Blocked);
    world.targets[0].state = TargetState::Healthy;
    assert_eq!(verdict(&world), Verdict::Unknown);
    let mut closed = World::timing_out();
    closed.vpc.security_groups = Known::NotAsked;
    closed.set_acl(acl("acl-a", &["subnet-a"], &[]));
    assert_eq!(verdict(&closed), Verdict::Blocked);
}
