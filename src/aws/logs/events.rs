//! Events of a source: pages of FilterLogEvents, and the newest of an interval.

use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use jiff::{SignedDuration, Timestamp};

use super::reader::Reader;
use crate::aws::budget::Priority;
use crate::aws::operations::FILTER_LOG_EVENTS;
use crate::model::call::{CallError, ErrorKind};
use crate::model::log::{LogEvent, LogSource};
use crate::model::query::LogPage;

/// The first interval that is looked at for the newest events; the next ones are four times as long.
const FIRST: SignedDuration = SignedDuration::from_mins(10);

/// The shortest.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);

/// A page, and where the next begins.
type Page = (Vec<LogEvent>, Option<String>);

impl Reader {
    /// A page of what a source wrote from then on, oldest first as far as CloudWatch sorts.
    pub(super) async fn events(
        &self,
        source: &LogSource,
        from: Timestamp,
        until: Option<Timestamp>,
        token: Option<String>,
        priority: Priority,
    ) -> Result<Page, CallError> {
        self.events_of(source, None, from, until, token, priority).await
    }

    async fn events_of(
        &self,
        source: &LogSource,
        task: Option<&str>,
        from: Timestamp,
        until: Option<Timestamp>,
        token: Option<String>,
        priority: Priority,
    ) -> Result<Page, CallError> {
        let client = self.in_region(source.region.as_deref(), &FILTER_LOG_EVENTS)?;
        let answer = self
            .shared
            .call(FILTER_LOG_EVENTS, priority, |wire| {
                let request = client.filter_log_events().log_group_name(&source.group);
                let request = match task {
                    Some(task) => request.log_stream_names(format!("{}{task}", source.prefix)),
                    None => request.log_stream_name_prefix(&source.prefix),
                };
                let request = request.start_time(from.as_millisecond().max(0));
                // What was written at the end itself is part of it.
                let request = request.set_end_time(until.map(Timestamp::as_millisecond));
                request.set_next_token(token).customize().interceptor(wire).send()
            })
            .await?;
        let events = answer.events.unwrap_or_default().into_iter().filter_map(|event| of_aws(event, source)).collect();
        Ok((events, answer.next_token.filter(|token| !token.is_empty())))
    }

    /// The newest events of an interval, oldest first: intervals that grow are looked at from its end on, until there are
    /// enough. CloudWatch gives the oldest of an interval first; one that turns out to hold many more than are wanted is
    /// cut short. A group that does not exist has none.
    pub(in crate::aws) async fn newest(
        &self,
        source: &LogSource,
        task: Option<&str>,
        (from, until): (Timestamp, Timestamp),
        most: usize,
        priority: Priority,
    ) -> Result<LogPage, CallError> {
        let mut events: Vec<LogEvent> = Vec::new();
        let (mut end, mut length) = (until, FIRST);
        while end >= from && events.len() < most {
            let mut start = end.checked_sub(length).unwrap_or(from).max(from);
            let mut found: Vec<LogEvent> = Vec::new();
            let mut token = None;
            loop {
                let page = self.events_of(source, task, start, Some(end), token, priority).await;
                let (mut page, next) = match page {
                    Err(error) if error.kind == ErrorKind::NotFound => return Ok(LogPage { events, complete: true }),
                    page => page?,
                };
                found.append(&mut page);
                token = next;
                if token.is_none() {
                    break;
                }
                if let Some(shorter) = enough(&found, (start, end), most) {
                    (start, token) = (shorter, None);
                    found.clear();
                }
            }
            length = end.duration_since(start) * 4;
            found.append(&mut events);
            events = found;
            end = start.checked_sub(SignedDuration::from_millis(1)).unwrap_or(start);
        }
        events.sort_by_key(|event| event.at);
        let surplus = events.len().saturating_sub(most);
        events.drain(..surplus);
        Ok(LogPage { complete: surplus == 0 && end < from, events })
    }
}

/// Where an interval had better begin, if what was found from its beginning on shows that it holds far more than is wanted.
fn enough(found: &[LogEvent], (start, end): (Timestamp, Timestamp), most: usize) -> Option<Timestamp> {
    if found.len() <= most {
        return None;
    }
    let covered = found.iter().map(|event| event.at).max()?.duration_since(start).max(SignedDuration::from_millis(1));
    let for_most = covered.as_millis().saturating_mul(i128::try_from(most).ok()?) / i128::try_from(found.len()).ok()?;
    let length = SignedDuration::from_millis(i64::try_from(for_most).ok()?).max(SHORTEST);
    let shorter = end.checked_sub(length).ok()?;
    // Reading on is less than beginning anew.
    (length * 2 < end.duration_since(start) && shorter > start).then_some(shorter)
}

/// An event without a time, or of another stream than was asked for, is none.
fn of_aws(event: FilteredLogEvent, source: &LogSource) -> Option<LogEvent> {
    let time = |milliseconds: i64| Timestamp::from_millisecond(milliseconds).ok();
    Some(LogEvent {
        at: time(event.timestamp?)?,
        ingested: event.ingestion_time.and_then(time),
        source: 0,
        task: source.task(event.log_stream_name.as_deref()?)?.to_owned(),
        message: event.message.unwrap_or_default(),
    })
}
