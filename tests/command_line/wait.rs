//! `--wait`: following what came of a change.

use ecsight::sim::{FaultKind, Simulator};

use crate::program::{Program, Ran};
use crate::worlds::{crashing, hurried, shop, still};

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_that_arrives_ends_well() {
    let simulator = hurried(shop()).await;
    let program = Program::on(&simulator);
    for (arguments, result) in [
        ("redeploy storefront --cluster shop --yes --wait --refresh 1", "storefront: new deployment ecs-svc/"),
        ("scale mailer 3 --cluster shop --yes --wait --refresh 1", "mailer: desired count 3\n"),
    ] {
        let ran = program.run(arguments).await;
        assert!(ran.err.contains("tasks running"), "{}", ran.err);
        assert!(ran.done().starts_with(result), "{arguments}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_that_fails_says_why() {
    let simulator = hurried(crashing()).await;
    let ran = Program::on(&simulator).run("redeploy crasher --cluster shop --yes --wait --refresh 1").await;
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.starts_with("crasher: new deployment"), "what AWS accepted is told before: {}", ran.out);
    assert!(ran.err.contains("error: the rollout is failing: "), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_that_takes_too_long_is_left_alone() {
    let simulator = still(shop()).await;
    let ran = Program::on(&simulator).run("redeploy storefront --cluster shop --yes --wait --timeout 1s").await;
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("error: the rollout was not over after 1s\n  it goes on in AWS"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hiccup_of_aws_does_not_end_the_wait_and_a_lasting_no_does() {
    let simulator = still(shop()).await;
    let ran = while_waiting(&simulator, FaultKind::Deny).await;
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(ran.err.contains("error: ecs:DescribeServices failed (denied)"), "{}", ran.err);
    assert!(!ran.err.contains("looking again"), "{}", ran.err);
    simulator.heal_all();
    let ran = while_waiting(&simulator, FaultKind::Status(503)).await;
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert_eq!(ran.err.matches("looking again").count(), 4, "{}", ran.err);
}

/// Redeploys and waits, and puts a fault into DescribeServices once the change was accepted.
async fn while_waiting(simulator: &Simulator, fault: FaultKind) -> Ran {
    simulator.reset_calls();
    let program = Program::on(simulator);
    let faulty = async {
        simulator.called("UpdateService").await;
        simulator.inject("DescribeServices", fault);
    };
    let arguments = "redeploy storefront --cluster shop --yes --wait --refresh 1";
    let (ran, ()) = tokio::join!(program.run(arguments), faulty);
    ran
}
