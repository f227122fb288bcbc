use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::*;
use crate::model::arn::{ClusterName, ServiceArn};
use crate::model::call::{ErrorKind, Operation};
use crate::model::log::{LogEvent, LogSource, TailMode, TailState};
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

    /// Three batches at once, a state, and then nothing until it is given up.
    async fn follow(&self, following: Following, out: mpsc::Sender<Followed>) {
        let _noticed = GivesUp(Arc::clone(&self.given_up));
        for (number, source) in (0..3).zip(following.sources.iter().cycle()) {
            let event = LogEvent {
                at: following.since,
                ingested: None,
                source: number,
                task: "0a".to_owned(),
                message: source.container.clone(),
            };
            out.send(Followed::Events(vec![event])).await.unwrap();
        }
        let mode = TailMode::LiveTail;
        let state = TailState { source: 0, mode, behind: None, sampled: false, trouble: None };
        out.send(Followed::State(state)).await.unwrap();
        std::future::pending::<()>().await;
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
    let mut requests = Requests::new(Handle::current(), async move { connection.await.unwrap() }, outbox);
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
    let mut requests = Requests::new(Handle::current(), std::future::ready(aws.clone()), outbox);
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
async fn what_is_followed_gathers_while_nobody_takes_it_and_ends_when_nobody_wants_it() {
    let (outbox, mut inbox) = mpsc::channel(1);
    let aws = Patient::default();
    let mut requests = Requests::new(Handle::current(), std::future::ready(aws.clone()), outbox);
    let source = LogSource {
        container: "web".to_owned(),
        group: "/ecs/web".to_owned(),
        prefix: "app/web/".to_owned(),
        region: None,
    };
    requests.follow(RequestId(5), Following { sources: vec![source], since: Timestamp::UNIX_EPOCH, recent: None });
    let (mut events, mut states) = (Vec::new(), 0);
    while states == 0 {
        match inbox.recv().await.unwrap() {
            Msg::Followed { request: RequestId(5), followed: Followed::Events(more) } => events.extend(more),
            Msg::Followed { followed: Followed::State(_), .. } => states += 1,
            _ => {}
        }
    }
    assert_eq!(
        events.iter().map(|event| event.source).collect::<Vec<_>>(),
        [0, 1, 2],
        "all, in order, before the state"
    );
    requests.cancel(RequestId(5));
    aws.given_up.notified().await;
    assert!(requests.open.is_empty());
}

#[test]
fn lines_are_saved_to_a_new_file_for_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("web.log").display().to_string();
    assert_eq!(save(&name, &["one".to_owned(), "two".to_owned()]), Ok((2, name.clone())));
    assert_eq!(std::fs::read_to_string(&name).unwrap(), "one\ntwo\n");
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&name).unwrap().permissions()) & 0o777,
        0o600
    );
    assert!(save(&name, &[]).unwrap_err().contains("cannot write"), "what is there is never written over");
}

#[tokio::test]
async fn the_end_waits_for_a_query_to_be_stopped_but_not_for_long() {
    let (outbox, mut inbox) = mpsc::channel(8);
    let aws = Patient::default();
    let mut requests = Requests::new(Handle::current(), std::future::ready(aws.clone()), outbox);
    requests.ask(RequestId(3), Query::StopInsights { id: "q-1".to_owned() }, Urgency::Interactive);
    requests.finish_stops(Duration::from_millis(1)).await;
    aws.go.notify_one();
    requests.finish_stops(Duration::from_mins(1)).await;
    let mut heard = std::iter::from_fn(|| inbox.try_recv().ok());
    assert!(heard.any(|msg| matches!(msg, Msg::Answered { request: RequestId(3), .. })));
}

#[tokio::test]
async fn a_change_is_told_once_and_awaited_at_the_end() {
    let (outbox, mut inbox) = mpsc::channel(8);
    let aws = Patient::default();
    let mut requests = Requests::new(Handle::current(), std::future::ready(aws.clone()), outbox);
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
    let mut requests = Requests::new(Handle::current(), std::future::ready(Patient::default()), outbox);
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
