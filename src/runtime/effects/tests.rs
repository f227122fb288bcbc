use std::sync::Arc;

use tokio::sync::Notify;

use super::*;
use crate::model::arn::{ClusterName, ServiceArn};
use crate::model::call::{ErrorKind, Operation};
use jiff::Timestamp;

/// An AWS that answers when it is told to, and notices who gives up.
#[derive(Clone, Default)]
struct Patient {
    go: Arc<Notify>,
    given_up: Arc<Notify>,
}

struct GivesUp(Arc<Notify>);

impl Drop for GivesUp {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

fn denied() -> CallError {
    let operation = Operation::new("ecs", "UpdateService");
    CallError { kind: ErrorKind::Denied, operation, message: String::new(), request_id: None, hint: None }
}

impl Answers for Patient {
    async fn answer(&self, _: Query, _: Priority) -> Result<Answer, CallError> {
        let _noticed = GivesUp(Arc::clone(&self.given_up));
        self.go.notified().await;
        Ok(Answer::ServiceArns(Vec::new()))
    }

    async fn change(&self, _: Mutation) -> Result<Service, CallError> {
        self.go.notified().await;
        Err(denied())
    }

    fn connection(&self) -> Connection {
        Connection { region: Some("eu-west-1".to_owned()), profile: None }
    }
}

fn mutation() -> Mutation {
    Mutation::Scale { cluster: ClusterName::new("shop"), service: ServiceArn::from("arn:web"), desired: 3 }
}

#[tokio::test]
async fn requests_wait_for_the_connection_and_are_then_answered() {
    let (outbox, mut inbox) = mpsc::channel(8);
    let (connect, connection) = tokio::sync::oneshot::channel();
    let aws = Patient::default();
    aws.go.notify_one();
    let mut requests = Requests::new(async move { connection.await.unwrap() }, outbox);
    requests.ask(RequestId(1), Query::Identity, Urgency::Background);
    tokio::task::yield_now().await;
    assert!(inbox.try_recv().is_err());
    connect.send(aws).ok();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.push(inbox.recv().await.unwrap());
    }
    assert!(seen.iter().any(|msg| matches!(msg, Msg::Connected(connection) if connection.region.is_some())));
    let answered = seen.iter().find(|msg| matches!(msg, Msg::Answered { request: RequestId(1), .. })).unwrap();
    requests.settled(answered);
    assert!(requests.open.is_empty(), "what is answered is forgotten");
}

#[tokio::test]
async fn a_cancelled_request_drops_its_call_and_says_nothing() {
    let (outbox, mut inbox) = mpsc::channel(8);
    let aws = Patient::default();
    let mut requests = Requests::new(std::future::ready(aws.clone()), outbox);
    assert!(matches!(inbox.recv().await, Some(Msg::Connected(_))));
    requests.ask(RequestId(1), Query::Identity, Urgency::Interactive);
    tokio::task::yield_now().await;
    requests.cancel(RequestId(1));
    requests.cancel(RequestId(99));
    aws.given_up.notified().await;
    assert!(inbox.try_recv().is_err());
    assert!(requests.open.is_empty());
}

#[tokio::test]
async fn a_change_is_told_once_and_awaited_at_the_end() {
    let (outbox, mut inbox) = mpsc::channel(8);
    let aws = Patient::default();
    let mut requests = Requests::new(std::future::ready(aws.clone()), outbox);
    requests.change(RequestId(7), mutation());
    requests.cancel(RequestId(7));
    aws.go.notify_one();
    let outcomes = requests.finish_changes(Duration::from_mins(1)).await;
    assert_eq!(outcomes, [Outcome { mutation: mutation(), result: Err(denied()) }]);
    let mut told = 0;
    while let Ok(msg) = inbox.try_recv() {
        told += usize::from(matches!(msg, Msg::Changed { request: RequestId(7), .. }));
    }
    assert_eq!(told, 1);
}

#[tokio::test]
async fn a_change_that_does_not_end_does_not_keep_the_program() {
    let (outbox, _inbox) = mpsc::channel(8);
    let mut requests = Requests::new(std::future::ready(Patient::default()), outbox);
    requests.change(RequestId(7), mutation());
    assert_eq!(requests.finish_changes(Duration::from_millis(1)).await, []);
}

#[tokio::test]
async fn calls_come_in_batches() {
    let (outbox, mut inbox) = mpsc::channel(8);
    let (calls, gathered) = mpsc::unbounded_channel();
    for _ in 0..=MOST_CALLS {
        let operation = Operation::new("ecs", "ListServices");
        let at = Timestamp::UNIX_EPOCH;
        let (failure, request_id, server_time) = (None, None, None);
        calls
            .send(CallRecord { at, operation, duration_ms: 1, failure, request_id, server_time, mutating: false })
            .unwrap();
    }
    drop(calls);
    tokio::spawn(report_calls(gathered, outbox));
    let mut sizes = Vec::new();
    while let Some(Msg::Calls(batch)) = inbox.recv().await {
        sizes.push(batch.len());
    }
    assert_eq!(sizes, [MOST_CALLS, 1]);
}
