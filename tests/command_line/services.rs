//! `ecsight services`

use std::process::Stdio;

use ecsight::sim::{FaultKind, World};
use serde_json::Value;

use crate::program::Program;
use crate::snapshot::assert_kept;
use crate::worlds::{shop, still};

#[tokio::test(flavor = "multi_thread")]
async fn json_is_what_is_documented() {
    let simulator = still(shop()).await;
    let out = Program::on(&simulator).run("services --cluster shop --output json").await.done();
    assert_kept("services_json", &out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_aligned_and_has_no_colours_in_a_pipe() {
    let simulator = still(shop()).await;
    let out = Program::on(&simulator).run("services --cluster shop").await.done();
    assert_kept("services_table", &out);
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_come_first() {
    let simulator = still(World::demo(1)).await;
    let listed = Program::on(&simulator).run("services --cluster shop-prod --output json").await.json();
    let services = listed.as_array().unwrap();
    assert!(services.len() >= 12, "{}", services.len());
    let order = ["failing", "degraded", "unknown", "deploying", "healthy", "inactive"];
    let ranks: Vec<usize> = services
        .iter()
        .map(|service| order.iter().position(|health| service["health"] == *health).expect("a known health"))
        .collect();
    assert!(ranks.is_sorted(), "{ranks:?}");
    assert_eq!(services[0]["health"], "failing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_read_makes_targets_unknown_and_is_told_once() {
    let simulator = still(shop()).await;
    simulator.inject("DescribeTargetHealth", FaultKind::Deny);
    let ran = Program::on(&simulator).run("services --cluster shop --output json").await;
    let notes: Vec<&str> = ran.err.lines().collect();
    assert_eq!(notes.len(), 1, "{}", ran.err);
    assert!(notes[0].contains("elasticloadbalancing:DescribeTargetHealth"), "{}", ran.err);
    let listed = ran.json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert!(listed.as_array().unwrap().iter().all(|service| service["targets"] == Value::Null), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_service_can_be_asked_for() {
    let simulator = still(shop()).await;
    let listed = Program::on(&simulator).run("--service mailer services --cluster shop --output json").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["service"], "mailer");
    assert_eq!(simulator.calls().get("ListServices"), None, "the name alone is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_cluster_needs_no_name() {
    let mut world = World::empty(1);
    world.add_cluster("lonely");
    let simulator = still(world).await;
    let ran = Program::on(&simulator).run("services --output json").await;
    assert_eq!(ran.err, "using cluster lonely, the only one\n");
    assert_eq!(ran.done(), "[]\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_services_take_one_list_and_ten_descriptions() {
    let simulator = still(World::of_size(1, 100, 1)).await;
    let listed = Program::on(&simulator).run("services --cluster cluster-1 --output json").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 100);
    let calls = simulator.calls();
    assert_eq!((calls["ListServices"], calls["DescribeServices"]), (1, 10));
    assert_eq!(calls.get("ListClusters"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_early_is_no_error() {
    let simulator = still(shop()).await;
    let program = Program::on(&simulator);
    let mut command = program.command("services --cluster shop --output json");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
