//! Changes being followed.

use ecsight::model::service::{DeploymentStatus, RolloutState};
use insta::assert_snapshot;

use crate::fixtures::{now, shop};
use crate::session::Session;

fn redeployed() -> Session {
    let mut session = Session::settled(80, 24, shop());
    session.press("/warehouse<enter>R");
    session.keys("Y");
    session.answer();
    session.accept_change();
    session.answer();
    session
}

#[test]
fn a_redeployment_is_followed_until_it_is_steady() {
    let mut session = redeployed();
    assert_snapshot!("strip_begins_80x24", session.screen());
    {
        let service = session.world.service("warehouse");
        (service.deployments[0].running, service.deployments[1].running) = (3, 4);
        service.running = 7;
    }
    session.run(72);
    assert_snapshot!("strip_rolls_80x24", session.screen());
    {
        let service = session.world.service("warehouse");
        service.deployments.truncate(1);
        service.deployments[0].running = 6;
        service.deployments[0].rollout_state = Some(RolloutState::Completed);
        service.running = 6;
    }
    session.run(30);
    assert_snapshot!("strip_steady_80x24", session.screen());
    session.run(60);
    assert!(session.screen().contains("steady after 1m"), "the time it took stays:\n{}", session.screen());
    session.press("x");
    assert!(!session.screen().contains("steady after"), "x takes the strip away");
}

#[test]
fn a_redeployment_that_fails_says_why() {
    let mut session = redeployed();
    {
        let service = session.world.service("warehouse");
        service.deployments[0].rollout_state = Some(RolloutState::Failed);
        service.deployments[0].rollout_reason =
            Some("ECS deployment circuit breaker: tasks failed to start.".to_owned());
        service.deployments[0].failed = 3;
    }
    session.run(40);
    assert_snapshot!("strip_fails_80x24", session.screen());
}

#[test]
fn several_changes_are_followed_newest_first() {
    let mut session = redeployed();
    session.press("<esc>/accounts<enter>S<backspace>5<enter>");
    session.keys("Y");
    session.answer();
    session.accept_change();
    session.settle();
    assert_eq!(session.world.service("accounts").deployments[0].status, DeploymentStatus::Primary);
    assert!(session.now > now());
    assert_snapshot!("two_strips_80x24", session.screen());
}
