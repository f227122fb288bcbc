//! Queries of Logs Insights with the real SDK, against the simulator and against servers that say what a test wants.

use std::collections::BTreeMap;
use std::time::Duration;

use ecsight::app::insights::{EXAMPLES, FIRST};
use ecsight::aws::Priority;
use ecsight::model::call::{CallError, ErrorKind};
use ecsight::model::insights::{InsightsQuery, InsightsResults, Malformed, QueryState, Started};
use ecsight::model::query::{Answer, Query};
use ecsight::sim::{Clock, Fault, FaultKind, Simulator, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::client::{Client, assert_readable};
use crate::scripted::{Reply, Scripted};

const INTERACTIVE: Priority = Priority::Interactive;

async fn simulator() -> Simulator {
    Simulator::start("127.0.0.1:0".parse().unwrap(), World::demo(1), Clock::Manual, Duration::ZERO).await.unwrap()
}

fn query(simulator: &Simulator, text: &str) -> InsightsQuery {
    let until = simulator.with_world(|world| world.now());
    let groups = vec!["/ecs/accounts".to_owned(), "/ecs/messenger-web".to_owned()];
    InsightsQuery { groups, text: text.to_owned(), from: until - SignedDuration::from_hours(1), until }
}

async fn start(client: &Client, query: InsightsQuery) -> Result<Started, CallError> {
    match client.aws.answer(&Query::StartInsights { query }, INTERACTIVE).await? {
        Answer::StartInsights(started) => Ok(started),
        other => panic!("{other:?}"),
    }
}

async fn id_of(client: &Client, query: InsightsQuery) -> String {
    match start(client, query).await.unwrap() {
        Started::Running(id) => id,
        Started::Malformed(malformed) => panic!("{malformed:?}"),
    }
}

async fn results(client: &Client, id: &str) -> Result<InsightsResults, CallError> {
    match client.aws.answer(&Query::InsightsResults { id: id.to_owned() }, INTERACTIVE).await? {
        Answer::InsightsResults(results) => Ok(*results),
        other => panic!("{other:?}"),
    }
}

async fn stop(client: &Client, id: &str) -> Result<Answer, CallError> {
    client.aws.answer(&Query::StopInsights { id: id.to_owned() }, INTERACTIVE).await
}

/// All it finds.
async fn complete(simulator: &Simulator, client: &Client, text: &str) -> InsightsResults {
    let id = id_of(client, query(simulator, text)).await;
    simulator.advance(Duration::from_secs(2));
    results(client, &id).await.unwrap()
}

#[tokio::test]
async fn a_query_is_scheduled_runs_and_completes() {
    let simulator = simulator().await;
    let client = Client::on(&simulator.endpoint()).await;
    let id = id_of(&client, query(&simulator, FIRST)).await;
    let mut counts = Vec::new();
    for (state, milliseconds) in
        [(QueryState::Scheduled, 800), (QueryState::Running, 800), (QueryState::Complete, 60_000)]
    {
        let results = results(&client, &id).await.unwrap();
        assert_eq!(results.state, state);
        counts.push(results.statistics.scanned);
        simulator.advance(Duration::from_millis(milliseconds));
    }
    assert!(counts[0] < 0.5 && counts[0] < counts[1] && counts[1] < counts[2], "{counts:?}");
    let results = results(&client, &id).await.unwrap();
    assert_eq!((results.rows.len(), results.more), (200, false));
    let names: Vec<&str> = results.rows[0].iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["@timestamp", "@message", "@ptr"]);
    let times: Vec<&str> = results.rows.iter().map(|row| row[0].1.as_str()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older));
    let statistics = results.statistics;
    assert!(statistics.bytes > statistics.scanned && statistics.matched >= 200.0, "{statistics:?}");
    assert_eq!(stop(&client, &id).await.unwrap_err().kind, ErrorKind::Invalid, "it has ended");
    let made: BTreeMap<String, usize> = simulator.calls();
    assert_eq!((made["StartQuery"], made["GetQueryResults"], made["StopQuery"]), (1, 4, 1));
}

#[tokio::test]
async fn figures_are_those_of_the_lines_there_are() {
    let simulator = simulator().await;
    let client = Client::on(&simulator.endpoint()).await;
    let by_status = "parse @message /\" (?<status>\\d{3}) / | filter ispresent(status) | stats count(*) as n by status, \
                     @log | sort n desc";
    let found = complete(&simulator, &client, by_status).await;
    let statuses: Vec<(&str, &str)> = found.rows.iter().map(|row| (row[0].1.as_str(), row[1].1.as_str())).collect();
    // The story of the demo: messenger-web answers its check with 302.
    assert!(statuses.contains(&("302", "111122223333:/ecs/messenger-web")), "{statuses:?}");
    assert!(statuses.contains(&("200", "111122223333:/ecs/accounts")), "{statuses:?}");
    let counted: f64 = found.rows.iter().map(|row| row[2].1.parse::<f64>().unwrap()).sum();
    assert!((counted - found.statistics.matched).abs() < 0.5, "{counted} {:?}", found.statistics);
    for example in EXAMPLES {
        let found = complete(&simulator, &client, example).await;
        assert_eq!(found.state, QueryState::Complete, "{example}");
    }
}

#[tokio::test]
async fn what_is_not_understood_says_where_and_runs_nothing() {
    let simulator = simulator().await;
    let client = Client::on(&simulator.endpoint()).await;
    let started = start(&client, query(&simulator, "fields @message\n| dedup @message")).await.unwrap();
    let Started::Malformed(Malformed { message, place }) = started else { panic!("{started:?}") };
    assert_eq!(place, Some((18, 23)));
    assert!(message.starts_with("unexpected symbol found dedup") && message.contains("line 2"), "{message}");
    // Without a place it is understood all the same.
    let server = Scripted::start(|_| Reply::json_error(400, "MalformedQueryException", "no idea")).await;
    let client = Client::on(&server.endpoint()).await;
    let started = start(&client, query(&simulator, FIRST)).await.unwrap();
    assert_eq!(started, Started::Malformed(Malformed { message: "no idea".to_owned(), place: None }));
}

#[tokio::test]
async fn a_start_is_sent_once_whatever_becomes_of_it() {
    for (fault, kind) in [
        (FaultKind::Throttle, ErrorKind::Throttled),
        (FaultKind::Deny, ErrorKind::Denied),
        (FaultKind::Status(500), ErrorKind::Server),
        (FaultKind::Reset, ErrorKind::Network),
        (FaultKind::Garbage, ErrorKind::Other),
        (FaultKind::Hang, ErrorKind::Timeout),
    ] {
        let simulator = simulator().await;
        let client = Client::with(&simulator.endpoint(), |settings| {
            settings.attempts = 4;
            settings.call_timeout = Duration::from_millis(300);
        })
        .await;
        simulator.inject("StartQuery", fault);
        let error = start(&client, query(&simulator, FIRST)).await.unwrap_err();
        assert_eq!((error.kind, error.operation.to_string().as_str()), (kind, "logs:StartQuery"), "{error:?}");
        assert_readable(&error);
        assert_eq!(simulator.calls()["StartQuery"], 1, "{fault:?}");
    }
}

#[tokio::test]
async fn results_are_tried_again_like_every_read() {
    let simulator = simulator().await;
    let client = Client::with(&simulator.endpoint(), |settings| settings.attempts = 3).await;
    let id = id_of(&client, query(&simulator, FIRST)).await;
    simulator.advance(Duration::from_secs(2));
    simulator.inject("GetQueryResults", Fault::from(FaultKind::Status(500)).times(1));
    assert_eq!(results(&client, &id).await.unwrap().state, QueryState::Complete);
    simulator.inject("GetQueryResults", FaultKind::Deny);
    let error = results(&client, &id).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.advice().contains("logs:GetQueryResults"));
    simulator.heal_all();
    assert_eq!(results(&client, "none").await.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn thirty_run_at_once_and_stopping_one_makes_room() {
    let simulator = simulator().await;
    let mut ids = Vec::new();
    // Each keeps to half of what AWS allows, so that one would take a while.
    for _ in 0..6 {
        let client = Client::on(&simulator.endpoint()).await;
        for _ in 0..5 {
            ids.push(id_of(&client, query(&simulator, FIRST)).await);
        }
    }
    let client = Client::on(&simulator.endpoint()).await;
    let error = start(&client, query(&simulator, FIRST)).await.unwrap_err();
    assert!(error.message.contains("[30]") && error.advice().contains("30 queries"), "{error:?}");
    assert_eq!(stop(&client, &ids[7]).await, Ok(Answer::StopInsights));
    assert_eq!(results(&client, &ids[7]).await.unwrap().state, QueryState::Cancelled);
    id_of(&client, query(&simulator, FIRST)).await;
}

#[tokio::test]
async fn groups_that_are_not_there_and_queries_that_cannot_be() {
    let simulator = simulator().await;
    let client = Client::with(&simulator.endpoint(), |settings| settings.read_only = true).await;
    let good = query(&simulator, FIRST);
    let missing = InsightsQuery { groups: vec!["/ecs/none".to_owned()], ..good.clone() };
    let error = start(&client, missing).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.message.contains("/ecs/none") && error.advice().contains("have to exist"), "{error:?}");
    let backwards = InsightsQuery { from: good.until, until: good.from, ..good.clone() };
    assert_eq!(start(&client, backwards).await.unwrap_err().kind, ErrorKind::Invalid);
    assert!(matches!(start(&client, good.clone()).await, Ok(Started::Running(_))), "with --read-only, too");
    let message = "Operation is not supported for log group class DELIVERY";
    let server = Scripted::start(move |_| Reply::json_error(400, "InvalidParameterException", message)).await;
    let error = start(&Client::on(&server.endpoint()).await, good).await.unwrap_err();
    assert!(error.message == message && error.advice().contains("Infrequent Access"), "{error:?}");
}

#[tokio::test]
async fn every_end_of_a_query_is_told_and_odd_answers_do_no_harm() {
    let answers = [
        (json!({ "status": "Timeout", "results": [] }), QueryState::TimedOut, 0),
        (json!({ "status": "Failed" }), QueryState::Failed, 0),
        (json!({ "status": "Pondering", "results": [[]] }), QueryState::Other("Pondering".to_owned()), 1),
        (
            json!({ "status": "Complete", "nextToken": "more", "results": [[{ "field": "a", "value": "1" }, { "field": "b" }, {}]] }),
            QueryState::Complete,
            1,
        ),
        (json!({}), QueryState::Other("nothing".to_owned()), 0),
    ];
    for (answer, state, rows) in answers {
        let more = answer.get("nextToken").is_some();
        let server = Scripted::start(move |_| Reply::Json(answer.clone())).await;
        let client = Client::on(&server.endpoint()).await;
        let results = results(&client, "q").await.unwrap();
        assert_eq!((results.state, results.rows.len(), results.more), (state, rows, more));
    }
    let server = Scripted::start(|_| Reply::Json(json!({}))).await;
    let client = Client::on(&server.endpoint()).await;
    let at = Timestamp::UNIX_EPOCH;
    let query = InsightsQuery { groups: vec!["/ecs/web".to_owned()], text: FIRST.to_owned(), from: at, until: at };
    let error = start(&client, query).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Other, "an id is missing");
    let asked = server.asked()[0].json();
    assert_eq!((asked["logGroupNames"][0].as_str(), asked["queryString"].as_str()), (Some("/ecs/web"), Some(FIRST)));
}
