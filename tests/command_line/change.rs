//! `ecsight redeploy` and `ecsight scale`

use ecsight::sim::{FaultKind, Simulator};

use crate::program::Program;
use crate::snapshot::assert_kept;
use crate::terminal::Terminal;
use crate::worlds::{shop, still};

async fn desired(simulator: &Simulator, service: &str) -> u64 {
    let arguments = format!("services --cluster shop --service {service} --output json");
    Program::on(simulator).run(&arguments).await.json()[0]["desired"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_consent_the_plan_is_shown_and_nothing_is_sent() {
    let simulator = still(shop()).await;
    let program = Program::on(&simulator);
    assert_kept("plan_of_redeploy", &program.run("redeploy storefront --cluster shop").await.refused(2));
    assert_kept("plan_of_scale", &program.run("scale mailer 0 --cluster shop").await.refused(2));
    assert_eq!(simulator.calls().get("UpdateService"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_consent_it_is_sent_once() {
    let simulator = still(shop()).await;
    let program = Program::on(&simulator);
    let ran = program.run("redeploy storefront --cluster shop --yes").await;
    assert!(ran.err.starts_with("plan\n"), "the plan is shown all the same: {}", ran.err);
    assert!(ran.done().starts_with("storefront: new deployment ecs-svc/"));
    assert_eq!(program.run("scale mailer 3 --cluster shop --yes").await.done(), "mailer: desired count 3\n");
    assert_eq!(simulator.calls()["UpdateService"], 2);
    assert_eq!(desired(&simulator, "mailer").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_refuses_whatever_was_agreed_to() {
    let simulator = still(shop()).await;
    for (program, arguments) in [
        (Program::on(&simulator), "--read-only scale mailer 3 --cluster shop --yes"),
        (Program::on(&simulator), "redeploy mailer --cluster shop --read-only"),
        (Program::on(&simulator).with("ECSIGHT_READ_ONLY", "1"), "scale mailer 3 --cluster shop --yes"),
        (Program::on(&simulator).configured("read_only = true"), "redeploy mailer --cluster shop --yes"),
    ] {
        let err = program.run(arguments).await.refused(2);
        let told =
            "error: nothing was changed: --read-only is in force\n  start without --read-only to change things\n";
        assert!(err.ends_with(told), "{arguments}: {err}");
    }
    assert_eq!(simulator.calls().get("UpdateService"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ecs_would_refuse_is_refused_with_the_reason() {
    let simulator = still(shop()).await;
    let err = Program::on(&simulator).run("redeploy invoices --cluster shop --yes").await.refused(2);
    assert!(err.starts_with("error: nothing was changed: "), "{err}");
    assert!(err.contains("CodeDeploy"), "{err}");
    assert_eq!(simulator.calls().get("UpdateService"), None);
    Program::on(&simulator).run("scale invoices 2 --cluster shop --yes").await.done();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_leaves_it_open_and_is_not_sent_again() {
    let simulator = still(shop()).await;
    simulator.inject("UpdateService", FaultKind::Reset);
    let err = Program::on(&simulator).run("scale mailer 3 --cluster shop --yes").await.refused(3);
    assert!(err.contains("may have been accepted all the same"), "{err}");
    assert_eq!(simulator.calls()["UpdateService"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_change_names_the_permission() {
    let simulator = still(shop()).await;
    simulator.inject("UpdateService", FaultKind::Deny);
    let err = Program::on(&simulator).run("scale mailer 3 --cluster shop --yes").await.refused(3);
    assert!(err.contains("ecs:UpdateService"), "{err}");
    assert!(!err.contains("may have been accepted"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_only_a_clear_yes_goes_ahead() {
    for (answer, code, wanted) in [("y\r", 0, 3), ("yes\r", 0, 3), ("n\r", 2, 1), ("\r", 2, 1), ("yep\r", 2, 1)] {
        let simulator = still(shop()).await;
        let mut terminal = Terminal::start(&Program::on(&simulator), "scale mailer 3 --cluster shop");
        terminal.until("go ahead? [y/N] ");
        terminal.write(answer);
        assert_eq!(terminal.end(), code, "{answer:?}: {}", terminal.shown);
        assert_eq!(desired(&simulator, "mailer").await, wanted, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_moves_while_somebody_thinks_is_planned_anew() {
    let simulator = still(shop()).await;
    let mut terminal = Terminal::start(&Program::on(&simulator), "scale mailer 3 --cluster shop");
    terminal.until("go ahead?");
    simulator.with_world(|world| world.scale("shop", "mailer", 2));
    terminal.write("y\r");
    terminal.until("the service moved since the plan was made: desired count 1 → 2");
    terminal.until("go ahead?");
    assert_eq!(simulator.calls().get("UpdateService"), None, "what was agreed to is no longer what would happen");
    terminal.write("y\r");
    assert_eq!(terminal.end(), 0);
    assert_eq!(desired(&simulator, "mailer").await, 3);
}
