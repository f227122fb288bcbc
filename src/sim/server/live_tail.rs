//! StartLiveTail of CloudWatch Logs: an answer that does not end. Each second it tells what was taken in for the streams of a
//! group, as messages of AWS's event stream encoding.
//!
//! ```text
//!  initial-response · sessionStart · sessionUpdate · sessionUpdate · … · SessionTimeoutException
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::body::{Body, Bytes};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::connection::ResetSwitch;
use super::fault::FaultKind;
use super::logs::Pattern;
use super::protocol::AwsError;
use crate::sim::world::{ACCOUNT, Moment, World};

/// What faults of a session that has begun are put into: each second it meets those of an operation of this name.
pub(super) const UPDATE: &str = "LiveTailUpdate";
/// Sessions an account may have at once.
const SESSIONS: usize = 15;
/// Events sent in a second, at most.
const EVENTS_A_SECOND: usize = 500;
/// How long a session lasts, in the time of the world.
const LASTS: Duration = Duration::from_hours(3);
/// Between two messages.
const SECOND: Duration = Duration::from_secs(1);

/// How many sessions there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    open: Arc<AtomicUsize>,
}

impl Sessions {
    /// How many are open.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    fn begin(&self) -> Result<Place, AwsError> {
        let place = Place { open: Arc::clone(&self.open) };
        if place.open.fetch_add(1, Ordering::SeqCst) < SESSIONS {
            return Ok(place);
        }
        Err(AwsError::new("LimitExceededException", "Account maximum session limit reached."))
    }
}

/// One of the sessions of the account, until it is dropped.
#[derive(Debug)]
struct Place {
    open: Arc<AtomicUsize>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Deserialize)]
struct Start {
    #[serde(rename = "logGroupIdentifiers")]
    groups: Vec<String>,
    #[serde(rename = "logStreamNames", default)]
    names: Vec<String>,
    #[serde(rename = "logStreamNamePrefixes", default)]
    prefixes: Vec<String>,
    #[serde(rename = "logEventFilterPattern", default)]
    pattern: String,
}

/// A session.
pub(super) struct Session {
    asked: Start,
    groups: Vec<String>,
    pattern: Pattern,
    began: Moment,
    told: Moment,
    number: u32,
    _place: Place,
}

impl Session {
    /// Begins a session, if it may.
    pub(super) fn begin(parameters: &Value, world: &World, sessions: &Sessions) -> Result<Self, AwsError> {
        let asked = Start::deserialize(parameters)
            .map_err(|error| AwsError::new("SerializationException", error.to_string()))?;
        let narrowed = !asked.names.is_empty() || !asked.prefixes.is_empty();
        if narrowed && asked.groups.len() != 1 {
            let message = "Log stream names and prefixes can only be given with a single log group.";
            return Err(AwsError::invalid_parameter(message));
        }
        if !asked.names.is_empty() && !asked.prefixes.is_empty() {
            return Err(AwsError::invalid_parameter("Log stream names and prefixes exclude each other."));
        }
        let groups: Result<Vec<String>, AwsError> = asked.groups.iter().map(|arn| group(arn, world)).collect();
        let pattern = Pattern::read(&asked.pattern);
        let (began, groups) = (world.lived_now(), groups?);
        Ok(Self { asked, groups, pattern, began, told: began, number: 0, _place: sessions.begin()? })
    }

    /// The session as the body of an answer.
    pub(super) fn body(self, shared: Arc<Shared>, reset: ResetSwitch) -> Body {
        let turn = |(session, shared, reset): (Option<Self>, Arc<Shared>, ResetSwitch)| async move {
            let mut session = session?;
            let (bytes, goes_on) = session.turn(&shared, &reset).await;
            Some((Ok::<Bytes, std::io::Error>(Bytes::from(bytes)), (goes_on.then_some(session), shared, reset)))
        };
        Body::from_stream(stream::unfold((Some(self), shared, reset), turn))
    }

    /// What is sent next, and whether more follows.
    async fn turn(&mut self, shared: &Shared, reset: &ResetSwitch) -> (Vec<u8>, bool) {
        if self.number == 0 {
            self.number = 1;
            return (self.start(), true);
        }
        tokio::select! {
            () = tokio::time::sleep(SECOND) => {}
            () = shared.advanced.notified() => {}
        }
        let (latency, trouble) = shared.with_faults(|faults| faults.meet(UPDATE));
        tokio::time::sleep(latency).await;
        match trouble {
            None | Some(FaultKind::Latency(_)) => {}
            Some(FaultKind::Hang) => shared.until_healed(UPDATE).await,
            Some(FaultKind::Reset) => reset.pull(),
            Some(FaultKind::Garbage) => return (b"no message of an event stream, but long enough".to_vec(), false),
            Some(FaultKind::ExpiredToken) => return (timeout(), false),
            Some(FaultKind::Throttle | FaultKind::Deny | FaultKind::Status(_)) => {
                let sentence = "An unexpected error occurred in the session.";
                return (exception("SessionStreamingException", sentence), false);
            }
        }
        shared.with_world(|world| self.update(world))
    }

    fn start(&self) -> Vec<u8> {
        let request = format!("{:032x}", self.began.epoch_milliseconds());
        let started = json!({
            "requestId": request,
            "sessionId": request,
            "logGroupIdentifiers": self.asked.groups,
            "logStreamNames": self.asked.names,
            "logStreamNamePrefixes": self.asked.prefixes,
            "logEventFilterPattern": self.asked.pattern,
        });
        [event("initial-response", &json!({})), event("sessionStart", &started)].concat()
    }

    fn update(&mut self, world: &World) -> (Vec<u8>, bool) {
        let now = world.lived_now();
        if now.since(self.began) >= LASTS {
            return (timeout(), false);
        }
        let wanted = |name: &str| {
            let Start { names, prefixes, .. } = &self.asked;
            (names.is_empty() || names.iter().any(|wanted| wanted == name))
                && (prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix.as_str())))
        };
        let mut found = Vec::new();
        for group in &self.groups {
            for (name, task, place) in world.log_streams(group).filter(|(name, _, _)| wanted(name)) {
                let lines = world.taken_in(task, place, self.told, now).into_iter();
                found.extend(
                    lines.filter(|line| self.pattern.matches(&line.text)).map(|line| (group, name.clone(), line)),
                );
            }
        }
        self.told = now;
        found.sort_by_key(|(_, _, line)| line.taken_in);
        let sampled = found.len() > EVENTS_A_SECOND;
        let every = found.len().div_ceil(EVENTS_A_SECOND).max(1);
        let results: Vec<Value> = found
            .into_iter()
            .step_by(every)
            .map(|(group, name, line)| {
                json!({
                    "logGroupIdentifier": format!("{ACCOUNT}:{group}"),
                    "logStreamName": name,
                    "message": line.text,
                    "timestamp": world.told(line.at).epoch_milliseconds(),
                    "ingestionTime": world.told(line.taken_in).epoch_milliseconds(),
                })
            })
            .collect();
        let update = json!({ "sessionMetadata": { "sampled": sampled }, "sessionResults": results });
        (event("sessionUpdate", &update), true)
    }
}

/// The group an ARN means. Live Tail takes nothing but ARNs, without the asterisk that other operations put at their end.
fn group(arn: &str, world: &World) -> Result<String, AwsError> {
    let name = arn.rsplit_once(":log-group:").map(|(_, name)| name).filter(|name| !name.ends_with(":*"));
    let Some(name) = name else {
        return Err(AwsError::invalid_parameter("The log group identifiers must be valid ARNs."));
    };
    let exists = world.has_log_group(name).then(|| name.to_owned());
    exists.ok_or_else(|| AwsError::new("ResourceNotFoundException", "The specified log group does not exist."))
}

fn timeout() -> Vec<u8> {
    exception("SessionTimeoutException", "The session has timed out.")
}

fn exception(name: &str, sentence: &str) -> Vec<u8> {
    message(&[(":message-type", "exception"), (":exception-type", name)], &json!({ "message": sentence }))
}

fn event(name: &str, payload: &Value) -> Vec<u8> {
    message(&[(":message-type", "event"), (":event-type", name)], payload)
}

fn message(headers: &[(&'static str, &str)], payload: &Value) -> Vec<u8> {
    let content_type = [(":content-type", "application/json")];
    let headers = headers.iter().chain(&content_type);
    let headers = headers.map(|(name, value)| Header::new(*name, HeaderValue::String((*value).to_owned().into())));
    let message = Message::new_from_parts(headers.collect(), Bytes::from(payload.to_string()));
    let mut bytes = Vec::new();
    // Fails where headers or payload are too long for their fields of length, and ours are not.
    let _ = write_message_to(&message, &mut bytes);
    bytes
}
