//! UpdateService under every fault, by keys: one request on the wire, the truth about what became of it, never another one.

use std::time::Duration;

use ecsight::model::call::ErrorKind;
use ecsight::sim::{Blueprint, FaultKind, World};

use crate::shift::{Beginning, Shift};

/// The faults, the kind each is, and whether the change may have been carried out all the same.
const FAULTS: [(FaultKind, ErrorKind, bool); 8] = [
    (FaultKind::Throttle, ErrorKind::Throttled, false),
    (FaultKind::Deny, ErrorKind::Denied, false),
    (FaultKind::ExpiredToken, ErrorKind::ExpiredCredentials, false),
    (FaultKind::Status(501), ErrorKind::Unavailable, false),
    (FaultKind::Status(500), ErrorKind::Server, true),
    (FaultKind::Reset, ErrorKind::Network, true),
    (FaultKind::Hang, ErrorKind::Timeout, true),
    (FaultKind::Garbage, ErrorKind::Other, true),
];

const OPEN: &str = "may or may not have been carried out";

async fn shop() -> Shift {
    let mut world = World::empty(1);
    world.add_cluster("shop");
    world.add_service("shop", &Blueprint::web("web"));
    world.add_service("shop", &Blueprint::worker("worker"));
    let mut shift = Beginning { call_timeout: Duration::from_millis(1_500), ..Beginning::default() }.shift(world).await;
    shift.pass(2).await;
    shift
}

#[tokio::test]
async fn a_change_is_sent_once_whatever_happens_to_it_and_the_truth_is_told() {
    for (fault, kind, open) in FAULTS {
        let why = format!("UpdateService {fault:?}");
        let mut shift = shop().await;
        shift.simulator.inject("UpdateService", fault);
        shift.keys("G/web<enter>R");
        shift.assert_shows(&["Force a new deployment?", "111122223333", "eu-west-1", "ecs:UpdateService"], &why);
        shift.answers().await;
        assert_eq!(shift.calls_of("UpdateService"), 0, "{why}: nothing is sent before it is confirmed");
        shift.keys("Y");
        shift.assert_shows(&["reading the state again"], &why);
        shift.answers().await;
        assert_eq!(shift.calls_of("UpdateService"), 1, "{why}");
        shift.assert_shows(&[&format!("ecs:UpdateService {}", kind.label())], &why);
        assert_eq!(shift.shows(&[OPEN]), open, "{why}\n{}", shift.screen());
        assert!(shift.app.watches().is_empty(), "{why}: nothing is followed");
        // Neither by itself, nor by keys meant for something else, nor once all is well again.
        shift.keys("YY");
        shift.pass(30).await;
        shift.keys("<esc>");
        shift.simulator.heal_all();
        shift.pass(90).await;
        assert_eq!(shift.calls_of("UpdateService"), 1, "{why}: never sent again");
        shift.assert_shows(&[&format!("{} ecs:UpdateService", kind.label()), "e shows"], &why);
        shift.assert_shows(&["web", "2/2", "live"], &why);
        // Whoever wants it done says so again, and then it is done.
        shift.keys("RY");
        shift.answers().await;
        assert_eq!(shift.calls_of("UpdateService"), 2, "{why}\n{}", shift.screen());
        shift.assert_shows(&["redeploy web", "rolling"], &why);
    }
}

#[tokio::test]
async fn nothing_is_sent_when_the_state_cannot_be_read_again() {
    for (fault, kind, _) in FAULTS {
        let why = format!("DescribeServices {fault:?} before UpdateService");
        let mut shift = shop().await;
        shift.keys("R");
        shift.simulator.inject("DescribeServices", fault);
        shift.keys("Y");
        shift.answers().await;
        shift.assert_shows(&[&format!("ecs:DescribeServices {}", kind.label()), ">[ Close ]<"], &why);
        shift.assert_hides(&[OPEN], &why);
        shift.keys("<esc>");
        shift.simulator.heal_all();
        shift.pass(65).await;
        assert_eq!(shift.calls_of("UpdateService"), 0, "{why}");
        shift.assert_shows(&["live", "2/2"], &why);
    }
}

#[tokio::test]
async fn who_does_not_want_to_wait_for_the_state_cancels() {
    let mut shift = shop().await;
    shift.keys("R");
    shift.simulator.inject("DescribeServices", FaultKind::Hang);
    shift.keys("Y");
    shift.assert_shows(&["reading the state again"], "it hangs");
    shift.keys("<esc>");
    shift.assert_hides(&["Force a new deployment?"], "closed at once");
    shift.simulator.heal_all();
    shift.answers().await;
    shift.pass(10).await;
    assert_eq!(shift.calls_of("UpdateService"), 0);
}

#[tokio::test]
async fn the_plan_is_shown_again_when_somebody_else_was_faster() {
    let mut shift = shop().await;
    shift.keys("R");
    shift.simulator.with_world(|world| world.scale("shop", "web", 3));
    shift.keys("Y");
    shift.answers().await;
    assert_eq!(shift.calls_of("UpdateService"), 0);
    shift.assert_shows(&["The state moved since this was shown: desired count 2 → 3"], "it is asked again");
}
