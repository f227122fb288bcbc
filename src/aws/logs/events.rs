//! Events of a source: pages of FilterLogEvents, and the newest of an interval.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

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

/// The pages of what a source wrote in an interval, oldest first as far as CloudWatch sorts. What is taken in while they are
/// read may move an event on to the next page: it comes once all the same.
pub(super) struct Pages<'a> {
    reader: &'a Reader,
    source: &'a LogSource,
    /// One task alone.
    task: Option<&'a str>,
    from: Timestamp,
    /// What was written then is part of it.
    until: Option<Timestamp>,
    /// Who waits for the next page.
    pub(super) priority: Priority,
    begun: bool,
    token: Option<String>,
    /// Hashes of the events that came, CloudWatch's ids of them included.
    met: HashSet<u64>,
}

impl<'a> Pages<'a> {
    /// All since then.
    pub(super) fn since(reader: &'a Reader, source: &'a LogSource, from: Timestamp, priority: Priority) -> Self {
        let met = HashSet::new();
        Self { reader, source, task: None, from, until: None, priority, begun: false, token: None, met }
    }

    /// Whether there is no further page.
    pub(super) fn is_over(&self) -> bool {
        self.begun && self.token.is_none()
    }

    /// The next page.
    pub(super) async fn next(&mut self) -> Result<Vec<LogEvent>, CallError> {
        let Self { reader, source, .. } = *self;
        let client = reader.in_region(source.region.as_deref(), &FILTER_LOG_EVENTS)?;
        let answer = reader
            .shared
            .call(FILTER_LOG_EVENTS, self.priority, |wire| {
                let request = client.filter_log_events().log_group_name(&source.group);
                let request = match self.task {
                    Some(task) => request.log_stream_names(format!("{}{task}", source.prefix)),
                    None => request.log_stream_name_prefix(&source.prefix),
                };
                let request = request.start_time(self.from.as_millisecond().max(0));
                let request = request.set_end_time(self.until.map(Timestamp::as_millisecond));
                request.set_next_token(self.token.clone()).customize().interceptor(wire).send()
            })
            .await?;
        self.begun = true;
        self.token = answer.next_token.filter(|token| !token.is_empty());
        let events = answer.events.unwrap_or_default().into_iter();
        let first_time = |event: &FilteredLogEvent| match &event.event_id {
            Some(id) => {
                // Emulators give one id to several events.
                let mut hasher = DefaultHasher::new();
                (id, &event.log_stream_name, event.timestamp, &event.message).hash(&mut hasher);
                self.met.insert(hasher.finish())
            }
            None => true,
        };
        Ok(events.filter(first_time).filter_map(|event| of_aws(event, source)).collect())
    }
}

impl Reader {
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
            let of_task = |start| Pages { task, until: Some(end), ..Pages::since(self, source, start, priority) };
            let mut pages = of_task(start);
            let mut found: Vec<LogEvent> = Vec::new();
            while !pages.is_over() {
                match pages.next().await {
                    Err(error) if error.kind == ErrorKind::NotFound => return Ok(LogPage { events, complete: true }),
                    page => found.append(&mut page?),
                }
                if !pages.is_over()
                    && let Some(shorter) = enough(&found, (start, end), most)
                {
                    start = shorter;
                    pages = of_task(start);
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
