//! What is said, and with which exit code, when it cannot be done.

use std::net::TcpListener;

use ecsight::sim::FaultKind;

use crate::program::Program;
use crate::worlds::{shop, still};

const SERVICES: &str = "services --cluster shop";

#[tokio::test(flavor = "multi_thread")]
async fn names_that_do_not_exist_come_with_those_that_do() {
    let simulator = still(shop()).await;
    let program = Program::on(&simulator);
    for (arguments, expected) in [
        ("services --cluster shopp", "error: there is no cluster shopp in eu-west-1\n  did you mean shop"),
        ("services --cluster warehouse", "error: there is no cluster warehouse in eu-west-1\n"),
        (
            "tasks --cluster shop-stagin",
            "error: there is no cluster shop-stagin in eu-west-1\n  did you mean shop-staging",
        ),
        (
            "tasks --cluster shop --service storefrnt",
            "error: there is no service storefrnt in cluster shop\n  did you mean storefront?\n",
        ),
        (
            "redeploy maile --cluster shop --yes",
            "error: there is no service maile in cluster shop\n  did you mean mailer?\n",
        ),
        ("scale zzz 3 --cluster shop --yes", "error: there is no service zzz in cluster shop\n"),
        ("scale mailer 3 --cluster shoop --yes", "error: there is no cluster shoop in eu-west-1\n  did you mean shop"),
        (
            "services",
            "error: there are 2 clusters here and none was chosen\n  pass --cluster with one of shop, shop-staging\n",
        ),
    ] {
        let err = program.run(arguments).await.refused(2);
        assert!(err.starts_with(expected), "{arguments}: {err}");
    }
    assert_eq!(simulator.calls().get("UpdateService"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_cluster_is_told_even_when_clusters_may_not_be_listed() {
    let simulator = still(shop()).await;
    simulator.inject("ListClusters", FaultKind::Deny);
    let err = Program::on(&simulator).run("services --cluster shopp").await.refused(2);
    assert_eq!(err, "error: there is no cluster shopp in eu-west-1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_region_nothing_is_asked() {
    let simulator = still(shop()).await;
    let err = Program::on(&simulator)
        .without("AWS_REGION")
        .with("AWS_EC2_METADATA_DISABLED", "true")
        .run(SERVICES)
        .await
        .refused(3);
    assert_eq!(err, "error: no AWS region is configured\n  pass --region or set AWS_REGION\n");
    assert!(simulator.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_nothing_is_asked_and_nothing_hangs() {
    let simulator = still(shop()).await;
    let program = Program::on(&simulator).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    let err = program.run(SERVICES).await.refused(3);
    assert!(err.starts_with("error: no usable AWS credentials"), "{err}");
    assert!(err.contains("AWS_PROFILE"), "{err}");
    assert!(simulator.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_trouble_has_its_sentence() {
    let simulator = still(shop()).await;
    let program = Program::on(&simulator);
    for (fault, sentence, advice) in [
        (FaultKind::ExpiredToken, "the AWS credentials have expired", "aws sso login"),
        (FaultKind::Deny, "ecs:ListServices failed (denied)", "IAM permission ecs:ListServices"),
        (FaultKind::Throttle, "ecs:ListServices failed (throttled)", "less often"),
        (FaultKind::Status(500), "ecs:ListServices failed", "AWS Health"),
        (FaultKind::Reset, "AWS cannot be reached for ecs:ListServices", "network"),
        (FaultKind::Garbage, "ecs:ListServices failed", ""),
    ] {
        simulator.inject("ListServices", fault);
        let err = program.run(SERVICES).await.refused(3);
        simulator.heal_all();
        assert!(err.starts_with(&format!("error: {sentence}")), "{fault:?}: {err}");
        assert!(err.contains(advice), "{fault:?}: {err}");
        assert_eq!(err.lines().count(), 2, "one sentence and what to do: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_by_itself_is_tried_again() {
    let simulator = still(shop()).await;
    simulator.inject("*", ecsight::sim::Fault::from(FaultKind::Throttle).times(1));
    Program::on(&simulator).run(SERVICES).await.done();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_without_anybody_is_told() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program = Program::equipped().with("AWS_ENDPOINT_URL", &format!("http://127.0.0.1:{port}"));
    let err = program.run(SERVICES).await.refused(3);
    assert!(err.starts_with("error: AWS cannot be reached"), "{err}");
    assert!(err.contains("endpoint"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_does_not_answer_is_given_up() {
    let simulator = still(shop()).await;
    simulator.inject("*", FaultKind::Hang);
    let err = Program::on(&simulator).run(SERVICES).await.refused(3);
    assert!(err.starts_with("error: AWS cannot be reached for ecs:ListServices"), "{err}");
}
