//! Following logs: every event once and in order, whatever happens in between.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ecsight::model::call::ErrorKind;
use ecsight::model::log::{Followed, Following, LogEvent, LogSource, TailState};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::client::Client;
use crate::scripted::{Asked, Reply, Scripted};

/// The server's clock, in milliseconds.
const NOW: i64 = 1_795_230_245_000;

fn source(container: &str) -> LogSource {
    LogSource {
        container: container.to_owned(),
        group: "/ecs/web".to_owned(),
        prefix: format!("app/{container}/"),
        region: None,
    }
}

fn event(seconds: i64, task: &str, message: &str) -> Value {
    let at = NOW + seconds * 1_000;
    json!({ "timestamp": at, "ingestionTime": at + 5, "logStreamName": format!("app/web/{task}"), "message": message })
}

fn page(events: &[Value], token: Option<&str>) -> Reply {
    Reply::Json(json!({ "events": events, "nextToken": token }))
}

/// What comes of following until `done`.
async fn follow(
    reply: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static,
    sources: Vec<LogSource>,
    done: impl Fn(&[LogEvent], &[TailState]) -> bool,
) -> (Vec<LogEvent>, Vec<TailState>, Vec<Asked>) {
    let calls = AtomicUsize::new(0);
    let server = Scripted::start(move |asked| reply(calls.fetch_add(1, Ordering::SeqCst), asked)).await;
    let client = Client::with(&server.endpoint(), |settings| {
        settings.log_polls = Duration::from_millis(1);
        settings.live_tail = false;
    })
    .await;
    let (out, mut followed) = mpsc::channel(4);
    let since = jiff::Timestamp::from_millisecond(NOW - 600_000).unwrap();
    let following =
        tokio::spawn(async move { client.aws.follow(Following { sources, since, recent: None }, out).await });
    let (mut events, mut states) = (Vec::new(), Vec::new());
    while !done(&events, &states) {
        match followed.recv().await.expect("following never ends by itself") {
            Followed::Events(more) => events.extend(more),
            Followed::Begins { .. } => panic!("all was asked for"),
            Followed::State(state) => states.push(state),
        }
    }
    drop(followed);
    following.await.expect("it ends when nobody listens");
    (events, states, server.asked())
}

fn messages(events: &[LogEvent]) -> Vec<&str> {
    events.iter().map(|event| event.message.as_str()).collect()
}

#[tokio::test]
async fn overlaps_pages_and_late_events_tell_each_event_once() {
    let replies = |call: usize, _: &Asked| match call {
        0 => page(&[event(-50, "0a", "one"), event(-25, "0a", "two"), event(-25, "0a", "two")], Some("more")),
        1 => page(&[event(-10, "0b", "three")], None),
        // The window is read again: what is known, what came late, and a third line equal to two others.
        2 => page(
            &[event(-25, "0a", "two"), event(-20, "0a", "late"), event(-25, "0a", "two"), event(-25, "0a", "two")],
            None,
        ),
        3 => page(&[event(-20, "0a", "late"), event(-10, "0b", "three"), event(-5, "0c", "four")], None),
        _ => page(&[event(-5, "0c", "four"), event(0, "0c", "five")], None),
    };
    let (events, _, asked) = follow(replies, vec![source("web")], |events, _| events.len() >= 8).await;
    assert_eq!(messages(&events), ["one", "two", "two", "three", "two", "late", "four", "five"]);
    assert_eq!((events[0].task.as_str(), events[0].source), ("0a", 0));
    let first = asked[0].json();
    assert_eq!(
        (first["logGroupName"].as_str(), first["logStreamNamePrefix"].as_str()),
        (Some("/ecs/web"), Some("app/web/"))
    );
    assert_eq!(asked[1].json()["nextToken"], "more");
    // The second round begins a little before the first one did.
    let start = |asked: &Asked| asked.json()["startTime"].as_i64().unwrap();
    assert_eq!(start(&asked[0]), NOW - 600_000);
    assert!((NOW - 31_000..=NOW - 29_000).contains(&start(&asked[2])), "{}", start(&asked[2]) - NOW);
}

/// A host that could not reach CloudWatch sends what it kept when it can again.
#[tokio::test]
async fn what_is_taken_in_minutes_late_is_told_once() {
    let start = |asked: &Asked| asked.json()["startTime"].as_i64().unwrap();
    let kept = AtomicUsize::new(0);
    let replies = move |call: usize, asked: &Asked| {
        let mut events = vec![event(-5, "0a", "now")];
        if call > 2 && start(asked) <= NOW - 240_000 {
            events.insert(0, event(-240, "0b", "kept"));
            kept.fetch_add(1, Ordering::SeqCst);
        }
        if kept.load(Ordering::SeqCst) > 2 {
            events.push(event(-4, "0a", "last"));
        }
        page(&events, None)
    };
    let (events, _, asked) = follow(replies, vec![source("web")], |events, _| events.len() >= 3).await;
    assert_eq!(messages(&events), ["now", "kept", "last"]);
    // Looking back is no habit: three windows did, each half a minute of usual pauses after the one before.
    let back = asked.iter().skip(1).filter(|asked| start(asked) < NOW - 60_000).count();
    assert_eq!((back, asked.len() > 3 * 30), (3, true));
    assert!(asked.iter().all(|asked| start(asked) >= NOW - 600_000), "nothing before what was asked for");
}

/// The same with CloudWatch's own id.
fn numbered(id: &str, event: Value) -> Value {
    let mut event = event;
    event["eventId"] = json!(id);
    event
}

#[tokio::test]
async fn an_event_that_moves_on_to_the_next_page_is_told_once() {
    let replies = |call: usize, _: &Asked| match call {
        0 => page(&[numbered("1", event(-5, "0a", "one")), numbered("2", event(-4, "0a", "two"))], Some("more")),
        // A late one came before them; the third is equal to the second, and another one.
        1 => page(&[numbered("2", event(-4, "0a", "two")), numbered("3", event(-4, "0a", "two"))], None),
        _ => page(&[numbered("0", event(-6, "0a", "late")), numbered("1", event(-5, "0a", "one"))], None),
    };
    let (events, ..) = follow(replies, vec![source("web")], |events, _| events.len() >= 4).await;
    assert_eq!(messages(&events), ["one", "two", "two", "late"]);
}

#[tokio::test]
async fn trouble_is_told_and_following_goes_on() {
    let replies = |call: usize, _: &Asked| match call {
        0 => Reply::json_error(400, "ResourceNotFoundException", "The specified log group does not exist."),
        1 => page(&[event(-3, "0a", "one")], None),
        2 => Reply::json_error(400, "ThrottlingException", "Rate exceeded"),
        3 => Reply::json_error(400, "AccessDeniedException", "User is not authorized to perform: logs:FilterLogEvents"),
        4 => Reply::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{".to_owned()),
        _ => page(&[event(-3, "0a", "one"), event(-2, "0a", "two")], None),
    };
    let (events, states, _) = follow(replies, vec![source("web")], |events, states| {
        events.len() >= 2 && states.last().is_some_and(|state| state.trouble.is_none())
    })
    .await;
    assert_eq!(messages(&events), ["one", "two"]);
    let kinds: Vec<Option<ErrorKind>> =
        states.iter().map(|state| state.trouble.as_ref().map(|error| error.kind)).collect();
    assert_eq!(
        kinds[..3],
        [None, Some(ErrorKind::Throttled), Some(ErrorKind::Denied)],
        "a group that is not there yet is no trouble"
    );
    assert_eq!((kinds.len(), kinds[4]), (5, None));
    let denied = states[2].trouble.as_ref().unwrap();
    assert_eq!(denied.operation.to_string(), "logs:FilterLogEvents");
}

#[tokio::test]
async fn sources_are_followed_beside_each_other() {
    let replies = |_: usize, asked: &Asked| match asked.json()["logStreamNamePrefix"].as_str() {
        Some("app/web/") => page(&[event(-1, "0a", "of web")], None),
        _ => page(
            &[
                json!({ "timestamp": NOW, "logStreamName": "app/proxy/0a", "message": "of proxy" }),
                json!({}),
                event(0, "0a", "foreign"),
            ],
            None,
        ),
    };
    let (events, ..) = follow(replies, vec![source("web"), source("proxy")], |events, _| events.len() >= 2).await;
    let told: BTreeSet<(u16, &str)> = events.iter().map(|event| (event.source, event.message.as_str())).collect();
    assert_eq!(
        told,
        BTreeSet::from([(0, "of web"), (1, "of proxy")]),
        "without time or of another stream they are none"
    );
}

/// What an application writes is bytes. Neither those that are no UTF-8 nor halves of surrogate pairs keep the rest of a
/// page from being read.
#[tokio::test]
async fn lines_that_are_no_text_are_read_with_the_rest_of_their_page() {
    const BYTES: &[u8] = b"\xff|\xe2\x82|\xed\xa0\x80";
    const HALVES: &str = r"\ud83d|\uDE00|\ud83d\ude00|\\ud83d";
    let replies = |call: usize, _: &Asked| {
        let (first, odd, last) = match call {
            0 => (event(-3, "0a", "one"), event(-2, "0a", "bytes: HERE"), event(-1, "0a", "three")),
            _ => (event(-1, "0a", "three"), event(-1, "0a", "halves: HERE"), event(0, "0a", "last")),
        };
        let body = json!({ "events": [first, odd, last] }).to_string();
        let (before, after) = body.split_once("HERE").unwrap();
        let here = if call == 0 { BYTES } else { HALVES.as_bytes() };
        Reply::Octets([before.as_bytes(), here, after.as_bytes()].concat())
    };
    let (events, states, _) = follow(replies, vec![source("web")], |events, _| events.len() >= 5).await;
    let bytes = "bytes: \u{fffd}|\u{fffd}|\u{fffd}\u{fffd}\u{fffd}";
    let halves = "halves: \u{fffd}|\u{fffd}|\u{1f600}|\\ud83d";
    assert_eq!(messages(&events), ["one", bytes, "three", halves, "last"]);
    assert!(states.iter().all(|state| state.trouble.is_none()), "{states:?}");
}

const UNREADABLE: &[u8] = br#"{"events":[{"timestamp":"soon"}]}"#;

#[tokio::test]
async fn what_can_never_be_read_is_left_out_and_told() {
    let start = |asked: &Asked| asked.json()["startTime"].as_i64().unwrap();
    let replies = move |_: usize, asked: &Asked| {
        if start(asked) <= NOW - 100_000 {
            Reply::Octets(UNREADABLE.to_vec())
        } else {
            page(&[event(-60, "0a", "later"), event(-5, "0a", "last")], None)
        }
    };
    let (events, states, _) = follow(replies, vec![source("web")], |events, states| {
        events.len() >= 2 && states.last().is_some_and(|state| state.trouble.is_none())
    })
    .await;
    assert_eq!(messages(&events), ["later", "last"]);
    let told: Vec<&str> = states.iter().filter_map(|state| Some(state.trouble.as_ref()?.message.as_str())).collect();
    let begin = jiff::Timestamp::from_millisecond(NOW - 600_000).unwrap().strftime("%H:%M:%S").to_string();
    assert!(told.last().unwrap().contains(&format!("lines from {begin} to ")), "{told:?}");
    assert!(
        states
            .iter()
            .flat_map(|state| &state.trouble)
            .all(|error| error.operation.to_string() == "logs:FilterLogEvents")
    );
}

#[tokio::test]
async fn where_nothing_can_be_read_for_a_while_nothing_is_left_out() {
    let replies = |call: usize, _: &Asked| match call {
        0..9 => Reply::Octets(UNREADABLE.to_vec()),
        _ => page(&[event(-590, "0a", "early"), event(-5, "0a", "last")], None),
    };
    let (events, states, _) = follow(replies, vec![source("web")], |events, _| events.len() >= 2).await;
    assert_eq!(messages(&events), ["early", "last"]);
    assert!(
        states.iter().flat_map(|state| &state.trouble).all(|error| !error.message.contains("left out")),
        "{states:?}"
    );
}
