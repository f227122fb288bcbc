//! Every way to fail has its kind, for every operation, with the operation, the request id and a message for people; and
//! the record of the observer says the same as the error.

use std::time::Instant;

use ecsight::aws::Priority;
use ecsight::model::call::ErrorKind;

use crate::client::{Client, PATIENCE, SHORT, assert_readable, queries};
use crate::scripted::{Reply, Scripted};

/// A failure in both protocols, the kind it is, and whether AWS answered at all.
struct Case {
    name: &'static str,
    json: Reply,
    xml: Reply,
    kind: ErrorKind,
    answered: bool,
}

fn said(name: &'static str, status: u16, code: &str, message: &str, kind: ErrorKind) -> Case {
    Case {
        name,
        json: Reply::json_error(status, code, message),
        xml: Reply::xml_error(status, code, message),
        kind,
        answered: true,
    }
}

fn both(name: &'static str, reply: Reply, kind: ErrorKind, answered: bool) -> Case {
    Case { name, json: reply.clone(), xml: reply, kind, answered }
}

fn cases() -> Vec<Case> {
    let web_page = "<!doctype html>\n<title>500 Internal Server Error</title>";
    let html = |status: &str| {
        let length = web_page.len();
        Reply::Bytes(format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n{web_page}"
        ))
    };
    vec![
        said("throttle", 400, "ThrottlingException", "Rate exceeded", ErrorKind::Throttled),
        said("too many", 429, "TooManyRequestsException", "Slow down", ErrorKind::Throttled),
        said("deny", 400, "AccessDeniedException", "User is not authorized", ErrorKind::Denied),
        said("forbidden", 403, "AccessDenied", "User is not authorized", ErrorKind::Denied),
        said("expired", 400, "ExpiredTokenException", "The token has expired", ErrorKind::ExpiredCredentials),
        said("unknown key", 400, "UnrecognizedClientException", "The token is invalid", ErrorKind::NoCredentials),
        said("unknown key id", 403, "InvalidClientTokenId", "The token is invalid", ErrorKind::NoCredentials),
        said("missing", 400, "ClusterNotFoundException", "Cluster not found.", ErrorKind::NotFound),
        said("missing group", 400, "TargetGroupNotFound", "One or more not found", ErrorKind::NotFound),
        said("wrong", 400, "InvalidParameterException", "Something is wrong", ErrorKind::Invalid),
        said("unknown operation", 400, "UnknownOperationException", "", ErrorKind::Unavailable),
        said("server", 500, "ServerException", "Service is in trouble", ErrorKind::Server),
        both("bare 503", Reply::Answer(503, "text/plain", String::new()), ErrorKind::Server, true),
        both("bare 403", Reply::Answer(403, "text/plain", String::new()), ErrorKind::Denied, true),
        both("bare 429", Reply::Answer(429, "text/plain", String::new()), ErrorKind::Throttled, true),
        both("emulator's page", html("500 INTERNAL SERVER ERROR"), ErrorKind::Unavailable, false),
        both("not found page", html("404 NOT FOUND"), ErrorKind::Unavailable, false),
        both("gateway's page", html("502 Bad Gateway"), ErrorKind::Server, false),
        both("garbage", Reply::Answer(200, "text/plain", "\u{1b}[2J<&{\u{0}".to_owned()), ErrorKind::Other, true),
        both("no http", Reply::Bytes("nonsense\r\n\r\n".to_owned()), ErrorKind::Network, false),
        both("reset", Reply::Bytes(String::new()), ErrorKind::Network, false),
        both(
            "broken off",
            Reply::Bytes("HTTP/1.1 200 OK\r\nx-amzn-requestid: req-1\r\ncontent-length: 900\r\n\r\n{".to_owned()),
            ErrorKind::Network,
            true,
        ),
        both("hang", Reply::Silence, ErrorKind::Timeout, false),
    ]
}

#[tokio::test]
async fn every_failure_of_every_operation_has_its_kind() {
    for Case { name, json, xml, kind, answered } in cases() {
        for (operation, query) in queries() {
            let reply = if operation.starts_with("ecs:") { json.clone() } else { xml.clone() };
            let server = Scripted::start(move |_| reply.clone()).await;
            let client = Client::with(&server.endpoint(), |settings| {
                if kind == ErrorKind::Timeout {
                    settings.call_timeout = SHORT;
                }
            })
            .await;
            let start = Instant::now();
            let error = client.aws.answer(&query, Priority::Interactive).await.unwrap_err();
            let what = format!("{name}, {operation}: {error:?}");
            assert_eq!((error.kind, error.operation.to_string().as_str()), (kind, operation), "{what}");
            assert_eq!(error.request_id.as_deref(), answered.then_some("req-1"), "{what}");
            assert!(start.elapsed() < PATIENCE, "{what}");
            assert_readable(&error);
            let record =
                client.records().into_iter().find(|record| record.failure == Some((kind, error.message.clone())));
            let record = record.unwrap_or_else(|| panic!("{what}: {:?}", client.records()));
            assert_eq!((record.operation, record.request_id), (error.operation, error.request_id), "{what}");
        }
    }
}

#[tokio::test]
async fn network_errors_name_the_endpoint() {
    // Nobody listens here: the port was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{free}");
    for (endpoint, kind) in [(endpoint.as_str(), ErrorKind::Network), ("https://name.invalid", ErrorKind::Network)] {
        let client = Client::on(endpoint).await;
        let error = client.aws.identity(Priority::Interactive).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(error.message.contains(endpoint), "{error:?}");
        assert_readable(&error);
        assert_eq!(client.records().len(), 1, "the attempt is on record");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_says_why_and_is_not_on_record() {
    for (region, endpoint, kind, says) in [
        (None, "http://127.0.0.1:9", ErrorKind::NoRegion, "no region"),
        (Some("eu west"), "http://127.0.0.1:9", ErrorKind::Invalid, "region"),
        (Some("eu-west-1"), "127.0.0.1:9", ErrorKind::Invalid, "scheme"),
    ] {
        let client = Client::with(endpoint, |settings| settings.region = region.map(ToOwned::to_owned)).await;
        for (operation, query) in queries() {
            let error = client.aws.answer(&query, Priority::Interactive).await.unwrap_err();
            assert_eq!((error.kind, error.operation.to_string().as_str()), (kind, operation), "{error:?}");
            assert!(error.message.contains(says), "{error:?}");
            assert_readable(&error);
        }
        assert_eq!(client.records(), []);
    }
}

#[tokio::test]
async fn reads_are_tried_as_often_as_told_and_each_attempt_is_on_record() {
    let server = Scripted::start(|_| Reply::json_error(500, "ServerException", "Trouble")).await;
    let client = Client::with(&server.endpoint(), |settings| settings.attempts = 3).await;
    let error = client.aws.clusters(Priority::Background).await.unwrap_err();
    assert_eq!((error.kind, server.count("ListClusters")), (ErrorKind::Server, 3));
    assert_eq!(client.records().len(), 3);
    assert!(client.records().iter().all(|record| record.failure.is_some() && !record.mutating));

    let client = Client::on(&server.endpoint()).await;
    assert!(client.aws.clusters(Priority::Background).await.is_err());
    assert_eq!(server.count("ListClusters"), 4, "once, unless told otherwise");
}

#[tokio::test]
async fn records_carry_the_clock_of_aws() {
    let server = Scripted::start(|_| Reply::Json(serde_json::json!({ "serviceArns": [] }))).await;
    let client = Client::on(&server.endpoint()).await;
    assert_eq!(client.aws.service_arns(&crate::client::cluster(), Priority::Interactive).await, Ok(vec![]));
    let [record] = client.records().try_into().unwrap();
    assert_eq!(record.server_time, Some("2026-11-21T03:04:05Z".parse().unwrap()));
    assert_eq!((record.failure, record.request_id.as_deref()), (None, Some("req-1")));
}
