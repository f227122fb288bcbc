//! What changes something is sent once, says nothing but the change, and is not sent at all with `--read-only`.

use ecsight::model::call::ErrorKind;
use ecsight::model::query::Mutation;
use serde_json::json;

use crate::client::{Client, SHORT, cluster, force, service};
use crate::scripted::{Asked, Reply, Scripted};

fn scale(desired: u32) -> Mutation {
    Mutation::Scale { cluster: cluster(), service: service("web"), desired }
}

fn accepted(_: &Asked) -> Reply {
    Reply::Json(json!({ "service": { "serviceArn": service("web").as_str(), "desiredCount": 7 } }))
}

#[tokio::test]
async fn nothing_is_sent_but_the_change() {
    let server = Scripted::start(accepted).await;
    let client = Client::on(&server.endpoint()).await;
    let arn = service("web").as_str().to_owned();
    for (mutation, body) in [
        (force(), json!({ "cluster": "shop", "service": arn, "forceNewDeployment": true })),
        (scale(7), json!({ "cluster": "shop", "service": arn, "desiredCount": 7 })),
        (scale(0), json!({ "cluster": "shop", "service": arn, "desiredCount": 0 })),
    ] {
        let service = client.aws.change(&mutation).await.unwrap();
        assert_eq!((service.name.as_str(), service.desired), ("web", 7));
        let asked = server.asked().pop().unwrap();
        assert_eq!((asked.operation.as_str(), asked.json()), ("UpdateService", body));
    }
    assert!(client.records().iter().all(|record| record.mutating && record.failure.is_none()));
}

#[tokio::test]
async fn a_change_is_sent_once_whatever_becomes_of_it() {
    for (reply, kind) in [
        (Reply::json_error(400, "ThrottlingException", "Rate exceeded"), ErrorKind::Throttled),
        (Reply::json_error(500, "ServerException", "Trouble"), ErrorKind::Server),
        (Reply::Answer(503, "text/plain", String::new()), ErrorKind::Server),
        (Reply::Bytes(String::new()), ErrorKind::Network),
        (Reply::Silence, ErrorKind::Timeout),
        (Reply::Answer(200, "text/plain", "{".to_owned()), ErrorKind::Other),
        (Reply::Json(json!({})), ErrorKind::Other),
    ] {
        let server = Scripted::start(move |_| reply.clone()).await;
        let client = Client::with(&server.endpoint(), |settings| {
            settings.attempts = 3;
            if kind == ErrorKind::Timeout {
                settings.call_timeout = SHORT;
            }
        })
        .await;
        let error = client.aws.change(&force()).await.unwrap_err();
        assert_eq!((error.kind, error.operation.to_string().as_str()), (kind, "ecs:UpdateService"), "{error:?}");
        assert_eq!(server.asked().len(), 1, "{error:?}");
        assert_eq!(client.records().len(), 1, "{error:?}");
    }
}

#[tokio::test]
async fn read_only_sends_nothing() {
    let server = Scripted::start(accepted).await;
    let client = Client::with(&server.endpoint(), |settings| settings.read_only = true).await;
    assert!(client.aws.read_only());
    for mutation in [force(), scale(3)] {
        let error = client.aws.change(&mutation).await.unwrap_err();
        assert_eq!((error.kind, error.operation.to_string().as_str()), (ErrorKind::ReadOnly, "ecs:UpdateService"));
    }
    assert_eq!(server.asked(), []);
    assert_eq!(client.records(), []);
}

#[tokio::test]
async fn a_count_ecs_has_no_number_for_is_not_sent() {
    let server = Scripted::start(accepted).await;
    let client = Client::on(&server.endpoint()).await;
    assert_eq!(client.aws.change(&scale(u32::MAX)).await.unwrap_err().kind, ErrorKind::Invalid);
    assert_eq!(server.asked(), []);
}
