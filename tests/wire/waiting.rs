//! Nothing waits for ever, nothing is asked that nobody waits for, many are asked at once but not too many, and people go
//! before pollers.

use std::sync::Arc;

use ecsight::aws::{Aws, Priority};
use ecsight::model::call::ErrorKind;
use ecsight::model::query::Query;
use serde_json::json;

use crate::client::{Client, cluster, force, queries, service};
use crate::scripted::{Reply, Scripted};

async fn ask(aws: Aws, query: Query, priority: Priority) -> bool {
    aws.answer(&query, priority).await.is_ok()
}

#[tokio::test]
async fn a_dropped_question_hangs_up() {
    for (operation, query) in queries() {
        let server = Scripted::start(|_| Reply::Silence).await;
        let client = Client::on(&server.endpoint()).await;
        let asking = tokio::spawn(ask(client.aws.clone(), query, Priority::Background));
        server.waiting(1).await;
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
        server.abandoned(1).await;
        let record = client.records().into_iter().find(|record| record.operation.to_string() == operation);
        let (kind, _) = record.and_then(|record| record.failure).expect("a cancelled attempt is on record");
        assert_eq!(kind, ErrorKind::Cancelled);
    }
}

#[tokio::test]
async fn what_was_not_sent_yet_is_not_sent_after_a_cancellation() {
    let server = Scripted::start(|_| Reply::Held(json!({ "services": [] }))).await;
    let client = Client::on(&server.endpoint()).await;
    let services: Vec<_> = (0..400).map(|n| service(&n.to_string())).collect();
    let aws = client.aws.clone();
    let asking = tokio::spawn(async move { aws.services(&cluster(), &services, Priority::Background).await });
    server.waiting(10).await;
    asking.abort();
    server.abandoned(10).await;
    assert_eq!(server.asked().len(), 10, "forty calls wanted, ten at once, and then nobody waited any more");
}

#[tokio::test]
async fn pollers_are_bounded_and_people_pass_them() {
    let server = Arc::new(Scripted::start(|_| Reply::Held(json!({ "services": [] }))).await);
    let client = Client::on(&server.endpoint()).await;
    let services: Vec<_> = (0..300).map(|n| service(&n.to_string())).collect();
    let aws = client.aws.clone();
    let polling = tokio::spawn(async move { aws.services(&cluster(), &services, Priority::Background).await });
    server.waiting(10).await;
    let query = Query::Services { cluster: cluster(), services: vec![service("web")] };
    let person = tokio::spawn(ask(client.aws.clone(), query, Priority::Interactive));
    server.waiting(11).await;
    server.release();
    assert!(person.await.unwrap());
    assert!(polling.await.unwrap().is_ok());
    assert_eq!(server.asked().len(), 31);
    assert!(server.peak() <= 11, "{}", server.peak());
}

#[tokio::test]
async fn an_operation_that_hangs_holds_up_its_own_family_only() {
    let server = Scripted::start(|asked| match asked.operation.as_str() {
        "DescribeTargetHealth" => Reply::Silence,
        _ => Reply::Json(json!({ "serviceArns": [] })),
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    let target_group = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/0123".into();
    let health = Query::TargetHealth { target_group };
    let hanging: Vec<_> =
        (0..8).map(|_| tokio::spawn(ask(client.aws.clone(), health.clone(), Priority::Background))).collect();
    server.waiting(4).await;
    assert!(client.aws.service_arns(&cluster(), Priority::Background).await.is_ok());
    assert_eq!(server.count("DescribeTargetHealth"), 4, "and no more of them at once");
    for task in hanging {
        task.abort();
    }
}

#[tokio::test]
async fn one_connection_serves_calls_one_after_the_other() {
    let server = Scripted::start(|asked| match asked.operation.as_str() {
        "UpdateService" => Reply::Json(json!({ "service": {} })),
        _ => Reply::Json(json!({ "serviceArns": [] })),
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    for _ in 0..5 {
        assert!(client.aws.service_arns(&cluster(), Priority::Interactive).await.is_ok());
    }
    assert!(client.aws.change(&force()).await.is_ok());
    assert_eq!(server.connections(), 1, "reads and writes share the pool");
}
