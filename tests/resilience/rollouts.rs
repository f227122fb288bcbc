//! Changes made by keys and followed to their end in the simulated world, with what the strip says on the way.

use std::time::Duration;

use ecsight::actions::rollout::Verdict;
use ecsight::sim::{Application, Blueprint, CircuitBreaker, FaultKind, World};

use crate::shift::Shift;

fn world(blueprint: &Blueprint) -> World {
    let mut world = World::empty(1);
    world.add_cluster("shop");
    world.add_service("shop", blueprint);
    world.add_service("shop", &Blueprint::worker("worker"));
    world
}

fn verdict(shift: &Shift) -> &Verdict {
    &shift.app.watches()[0].progress.verdict
}

fn is_steady(shift: &Shift) -> bool {
    *verdict(shift) == Verdict::Steady
}

fn is_failing(shift: &Shift) -> bool {
    matches!(verdict(shift), Verdict::Failing { .. })
}

/// The line about the change.
fn strip(shift: &Shift) -> String {
    let screen = shift.screen();
    let is_strip = |line: &&str| [" ↻ ", " ✔ ", " ✖ "].iter().any(|sign| line.starts_with(sign));
    screen.lines().find(is_strip).unwrap_or_else(|| panic!("no strip\n{screen}")).to_owned()
}

#[track_caller]
fn assert_strip(shift: &Shift, texts: &[&str]) {
    let strip = strip(shift);
    for text in texts {
        assert!(strip.contains(text), "\"{text}\" is not in the strip: {strip}");
    }
}

#[tokio::test]
async fn a_redeployment_is_followed_until_it_is_steady() {
    let mut shift = Shift::settled(world(&Blueprint::web("web").tasks(4))).await;
    shift.press("/web<enter>RY").await;
    assert_strip(&shift, &["↻ redeploy web", "new 0/4", "old 4", "healthy 4/4"]);
    let both = |shift: &Shift| strip(shift).contains("new 4/4") && strip(shift).contains("old 4");
    assert!(shift.pass_until(180, both).await, "new ones start beside the old: {}", strip(&shift));
    assert_strip(&shift, &["↻"]);
    assert!(shift.pass_until(600, is_steady).await, "{}", strip(&shift));
    assert_strip(&shift, &["✔ redeploy web", "steady after"]);
    shift.assert_shows(&["✔ web", "4/4"], "and the table says so");
    let said = strip(&shift);
    shift.pass(60).await;
    assert_eq!(strip(&shift), said, "the time it took stays");
    shift.press("x").await;
    assert!(shift.app.watches().is_empty());
}

/// A service whose new tasks end soon after their start, redeployed until that is plain.
async fn redeployed_while_broken(circuit_breaker: CircuitBreaker) -> Shift {
    let mut world = world(&Blueprint { circuit_breaker, ..Blueprint::web("web") });
    world.deploy("shop", "web", &Application::web(8080).ending(Duration::from_secs(5), 1));
    let mut shift = Shift::settled(world).await;
    shift.press("/web<enter>RY").await;
    assert_strip(&shift, &["↻ redeploy web"]);
    assert!(shift.pass_until(1_800, is_failing).await, "{}", strip(&shift));
    shift
}

#[tokio::test]
async fn a_redeployment_of_what_is_broken_is_plainly_failing() {
    let shift = redeployed_while_broken(CircuitBreaker { enable: false, rollback: false }).await;
    assert_strip(&shift, &["✖ redeploy web", "tasks failed", "old 2"]);
    shift.assert_shows(&["✖ web"], "and the table says so");
}

#[tokio::test]
async fn the_circuit_breaker_ends_what_fails_and_the_strip_says_so() {
    let shift = redeployed_while_broken(CircuitBreaker { enable: true, rollback: false }).await;
    assert_strip(&shift, &["✖ redeploy web", "the deployment failed", "circuit breaker"]);
}

#[tokio::test]
async fn scaling_up_and_down_is_followed_until_it_is_done() {
    let mut shift = Shift::settled(world(&Blueprint::web("web"))).await;
    shift.press("/web<enter>S").await;
    for (typed, wanted, arrived) in [("<backspace>5", "5", "5/5"), ("S<backspace>1", "1", "1/1")] {
        shift.keys(typed);
        shift.keys("<enter>");
        shift.assert_shows(&["Scale?", "desired count", &format!("→ {wanted}")], "the plan");
        shift.keys("Y");
        shift.answers().await;
        let scaling = format!("scale to {wanted} web");
        assert_strip(&shift, &["↻", &scaling]);
        assert!(shift.pass_until(600, is_steady).await, "{}", strip(&shift));
        assert_strip(&shift, &["✔", &scaling, "steady after"]);
        shift.assert_shows(&[arrived], "the table says so too");
    }
    assert_eq!(shift.calls_of("UpdateService"), 2);
}

/// The view of a rollout is lost for a while, and comes back.
#[tokio::test]
async fn a_rollout_that_cannot_be_seen_for_a_while_is_not_called_failing() {
    let mut shift = Shift::settled(world(&Blueprint::web("web").tasks(4))).await;
    shift.press("/web<enter>RY").await;
    for operation in ["DescribeServices", "DescribeTargetHealth"] {
        shift.simulator.inject(operation, FaultKind::Reset);
    }
    shift.pass(60).await;
    assert_eq!(*verdict(&shift), Verdict::Rolling, "{}", strip(&shift));
    shift.assert_shows(&["offline"], "but it is plain that nothing new is known");
    shift.simulator.heal_all();
    assert!(shift.pass_until(600, is_steady).await, "{}", strip(&shift));
}
