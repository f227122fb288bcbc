//! `ecsight tasks`

use std::time::Duration;

use ecsight::sim::World;

use crate::program::Program;
use crate::snapshot::assert_kept;
use crate::worlds::{shop, still};

#[tokio::test(flavor = "multi_thread")]
async fn json_is_what_is_documented() {
    let simulator = still(shop()).await;
    let out = Program::on(&simulator).run("tasks --cluster shop --service storefront --output json").await.done();
    assert_kept("tasks_json", &out);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_tasks_say_when_and_why() {
    let simulator = still(shop()).await;
    simulator.with_world(|world| world.scale("shop", "storefront", 1));
    simulator.advance(Duration::from_mins(10));
    let program = Program::on(&simulator);
    assert_kept("stopped_json", &program.run("tasks --cluster shop --stopped --output json").await.done());
    assert_kept("stopped_table", &program.run("tasks --cluster shop --stopped").await.done());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_every_task_of_the_cluster_is_there() {
    let simulator = still(shop()).await;
    let program = Program::on(&simulator);
    let listed = program.run("tasks --cluster shop --output json").await.json();
    let services: Vec<&str> = listed.as_array().unwrap().iter().map(|task| task["service"].as_str().unwrap()).collect();
    assert_eq!(services, ["invoices", "mailer", "storefront", "storefront"]);
    assert_kept("tasks_table", &program.run("tasks --cluster shop").await.done());
    assert_eq!(program.run("tasks --cluster shop-staging --output json").await.done(), "[]\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_read() {
    let simulator = still(World::of_size(1, 70, 1)).await;
    let wanted = Program::on(&simulator).run("services --cluster cluster-1 --output json").await.json();
    let running =
        |service: &serde_json::Value| service["running"].as_u64().unwrap() + service["pending"].as_u64().unwrap();
    let expected: u64 = wanted.as_array().unwrap().iter().map(running).sum();
    let listed = Program::on(&simulator).run("tasks --cluster cluster-1 --output json").await.json();
    assert!(expected > 100, "more than a page of ListTasks: {expected}");
    assert_eq!(listed.as_array().unwrap().len() as u64, expected);
}
