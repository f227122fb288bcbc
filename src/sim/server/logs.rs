//! Amazon CloudWatch Logs (API version 2014-03-28): FilterLogEvents, GetLogEvents, DescribeLogGroups, DescribeLogStreams.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::protocol::{AwsError, BadToken, page};
use crate::sim::world::{ACCOUNT, KEPT, Line, Moment, REGION, World};

type Answered = Result<Value, AwsError>;

/// Bytes of events in one answer, at most.
const BYTES_A_CALL: usize = 1 << 20;
/// Events in one answer, at most and where nothing is said.
const EVENTS_A_CALL: usize = 10_000;
/// Groups or streams in one answer, at most and where nothing is said.
const DESCRIBED_A_CALL: usize = 50;

/// Performs an operation; absent if there is none of this name.
pub(crate) fn perform(operation: &str, parameters: &Value, world: &World) -> Result<Option<Value>, AwsError> {
    Ok(Some(match operation {
        "FilterLogEvents" => filter(&read(parameters)?, world)?,
        "GetLogEvents" => get(&read(parameters)?, world)?,
        "DescribeLogGroups" => groups(&read(parameters)?, world)?,
        "DescribeLogStreams" => streams(&read(parameters)?, world)?,
        _ => return Ok(None),
    }))
}

fn read<T: DeserializeOwned>(parameters: &Value) -> Result<T, AwsError> {
    T::deserialize(parameters).map_err(|error| AwsError::new("SerializationException", error.to_string()))
}

/// The group meant, by name or by ARN.
fn group<'a>(name: Option<&'a str>, identifier: Option<&'a str>, world: &World) -> Result<&'a str, AwsError> {
    let of_arn = |arn: &'a str| arn.rsplit_once(":log-group:").map_or(arn, |(_, name)| name.trim_end_matches(":*"));
    let name = name.or(identifier.map(of_arn)).ok_or_else(|| {
        AwsError::invalid_parameter(
            "Exactly one of [logGroupName, logGroupIdentifier] should be present in the request.",
        )
    })?;
    let exists = world.has_log_group(name);
    exists.then_some(name).ok_or_else(|| not_found("The specified log group does not exist."))
}

fn not_found(message: &str) -> AwsError {
    AwsError::new("ResourceNotFoundException", message)
}

fn size(limit: Option<usize>, most: usize) -> Result<usize, AwsError> {
    let limit = limit.unwrap_or(most);
    let valid = (1..=most).contains(&limit);
    valid.then_some(limit).ok_or_else(|| {
        AwsError::invalid_parameter(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value less \
             than or equal to {most}"
        ))
    })
}

fn paged<T>(items: Vec<T>, token: Option<&str>, size: usize) -> Result<(Vec<T>, Option<String>), AwsError> {
    page(items, token, size).map_err(|BadToken| bad_token())
}

fn bad_token() -> AwsError {
    AwsError::invalid_parameter("The specified nextToken is invalid.")
}

/// An event found: the name of its stream, and the line.
type Found<'a> = (&'a String, Line);

/// Says after which event a page begins, so that what is taken in meanwhile moves nothing from page to page.
#[derive(Clone, Copy, Debug)]
struct EventToken<'a> {
    at: Moment,
    /// How many events of this moment and stream were given.
    given: usize,
    stream: &'a str,
}

impl<'a> EventToken<'a> {
    fn read(text: &'a str) -> Result<Self, AwsError> {
        let read = || {
            let mut parts = text.splitn(3, '/');
            let at = Moment::at_milliseconds(parts.next()?.parse().ok()?);
            Some(Self { at, given: parts.next()?.parse().ok()?, stream: parts.next()? })
        };
        read().ok_or_else(bad_token)
    }

    fn written(self) -> String {
        format!("{}/{}/{}", self.at.epoch_milliseconds(), self.given, self.stream)
    }
}

/// One page of events in their order.
fn page_of_events<'a>(
    events: Vec<Found<'a>>,
    token: Option<&EventToken<'_>>,
    size: usize,
) -> (Vec<Found<'a>>, Option<String>) {
    let place =
        |at: Moment, stream: &str| events.partition_point(|(name, line)| (line.at, name.as_str()) < (at, stream));
    let start = token.map_or(0, |token| place(token.at, token.stream) + token.given);
    let mut bytes = 0;
    let fits = |(_, line): &&Found<'_>| {
        let first = bytes == 0;
        bytes += weight(line);
        first || bytes <= BYTES_A_CALL
    };
    let end = start + events.iter().skip(start).take(size).take_while(fits).count();
    let more = end < events.len();
    let next = end
        .checked_sub(1)
        .and_then(|last| events.get(last))
        .filter(|_| more)
        .map(|(name, line)| EventToken { at: line.at, given: end - place(line.at, name), stream: name }.written());
    (events.into_iter().take(end).skip(start).collect(), next)
}

/// What a line takes of the bytes in an answer; 26 are AWS's own.
fn weight(line: &Line) -> usize {
    line.text.len() + 26
}

/// A stretch of time as asked for, both ends included.
fn period(start: Option<i64>, end: Option<i64>, world: &World) -> RangeInclusive<Moment> {
    let lived = |at: i64| world.lived(Moment::at_milliseconds(at));
    start.map_or(world.lived_now() - KEPT, lived)..=end.map_or(world.lived_now(), lived).min(world.lived_now())
}

/// An answer with a token, if there is more.
fn with_token(mut answer: Value, token: Option<String>) -> Value {
    if let (Some(token), Value::Object(fields)) = (token, &mut answer) {
        fields.insert("nextToken".to_owned(), Value::String(token));
    }
    answer
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Search {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    #[serde(default)]
    log_stream_names: Vec<String>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    limit: Option<usize>,
    next_token: Option<String>,
}

fn filter(request: &Search, world: &World) -> Answered {
    let group = group(request.log_group_name.as_deref(), request.log_group_identifier.as_deref(), world)?;
    if request.log_stream_name_prefix.is_some() && !request.log_stream_names.is_empty() {
        let message = "logStreamNames and logStreamNamePrefix cannot be specified together.";
        return Err(AwsError::invalid_parameter(message));
    }
    let pattern = Pattern::read(request.filter_pattern.as_deref().unwrap_or_default());
    let wanted = |name: &str| {
        let names = &request.log_stream_names;
        (names.is_empty() || names.iter().any(|wanted| wanted == name))
            && request.log_stream_name_prefix.as_deref().is_none_or(|prefix| name.starts_with(prefix))
    };
    let found: Vec<_> = world.log_streams(group).filter(|(name, _, _)| wanted(name)).collect();
    if !request.log_stream_names.iter().all(|wanted| found.iter().any(|(name, _, _)| name == wanted)) {
        return Err(not_found("The specified log stream does not exist."));
    }
    let token = request.next_token.as_deref().map(EventToken::read).transpose()?;
    let period = period(request.start_time, request.end_time, world);
    // What is on earlier pages need not be found again.
    let period = token.as_ref().map_or(*period.start(), |token| token.at.max(*period.start()))..=*period.end();
    let mut events = Vec::new();
    for (name, task, place) in &found {
        let lines = world.log_of(task, *place, period.clone()).into_iter();
        events.extend(lines.filter(|line| pattern.matches(&line.text)).map(|line| (name, line)));
    }
    events.sort_by(|(one, first), (other, second)| (first.at, one).cmp(&(second.at, other)));
    let (events, next) = page_of_events(events, token.as_ref(), size(request.limit, EVENTS_A_CALL)?);
    let written = |(name, line): (&String, Line)| {
        let at = world.told(line.at).epoch_milliseconds();
        let mut hasher = DefaultHasher::new();
        (name, &line.text).hash(&mut hasher);
        json!({
            "logStreamName": name,
            "timestamp": at,
            "message": line.text,
            "ingestionTime": world.told(line.taken_in).epoch_milliseconds(),
            // Numbers of 56 digits, as AWS hands them out.
            "eventId": format!("39{:018}{:036}", at, hasher.finish()),
        })
    };
    let events: Vec<Value> = events.into_iter().map(written).collect();
    Ok(with_token(json!({ "events": events, "searchedLogStreams": [] }), next))
}

/// A filter pattern for lines that are not JSON: terms and quoted phrases that have to occur, `?` before those of which
/// one has to, `-` before those that must not.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    pub(super) fn read(text: &str) -> Self {
        let mut pattern = Self::default();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let (list, term) = match first {
                '?' => (&mut pattern.any, rest.get(1..).unwrap_or_default()),
                '-' => (&mut pattern.none, rest.get(1..).unwrap_or_default()),
                _ => (&mut pattern.all, rest),
            };
            let (term, after) = match term.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => term.split_once(char::is_whitespace).unwrap_or((term, "")),
            };
            if !term.is_empty() {
                list.push(term.to_owned());
            }
            rest = after.trim_start();
        }
        pattern
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let occurs = |term: &String| text.contains(term.as_str());
        self.all.iter().all(occurs)
            && (self.any.is_empty() || self.any.iter().any(occurs))
            && !self.none.iter().any(occurs)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Get {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<usize>,
    #[serde(default)]
    start_from_head: bool,
}

fn get(request: &Get, world: &World) -> Answered {
    let group = group(request.log_group_name.as_deref(), request.log_group_identifier.as_deref(), world)?;
    let found = world.log_streams(group).find(|(name, _, _)| *name == request.log_stream_name);
    let (_, task, place) = found.ok_or_else(|| not_found("The specified log stream does not exist."))?;
    // Here, unlike with FilterLogEvents, the end is not part of it.
    let lines = world.log_of(task, place, period(request.start_time, request.end_time.map(|end| end - 1), world));
    let size = size(request.limit, EVENTS_A_CALL)?;
    let bad = || AwsError::invalid_parameter("The specified nextToken is invalid.");
    // `f/N`: from line N on; `b/N`: up to line N.
    let (from, to) =
        match request.next_token.as_deref().map(|token| token.split_once('/').ok_or_else(bad)).transpose()? {
            Some((direction, place)) => {
                let place: usize =
                    place.trim_start_matches('0').parse().or(Ok(0)).map_err(|_: std::num::ParseIntError| bad())?;
                match direction {
                    "f" => (place.min(lines.len()), place.saturating_add(size).min(lines.len())),
                    "b" => (place.saturating_sub(size), place.min(lines.len())),
                    _ => return Err(bad()),
                }
            }
            None if request.start_from_head => (0, size.min(lines.len())),
            None => (lines.len().saturating_sub(size), lines.len()),
        };
    let events: Vec<Value> = lines
        .get(from..to)
        .unwrap_or_default()
        .iter()
        .map(|line| {
            let told = |moment| world.told(moment).epoch_milliseconds();
            json!({ "timestamp": told(line.at), "message": line.text, "ingestionTime": told(line.taken_in) })
        })
        .collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": format!("f/{to:056}"),
        "nextBackwardToken": format!("b/{from:056}"),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

fn groups(request: &Groups, world: &World) -> Answered {
    if request.log_group_name_prefix.is_some() && request.log_group_name_pattern.is_some() {
        let message = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
        return Err(AwsError::invalid_parameter(message));
    }
    let wanted = |name: &&str| {
        request.log_group_name_prefix.as_deref().is_none_or(|prefix| name.starts_with(prefix))
            && request.log_group_name_pattern.as_deref().is_none_or(|pattern| name.contains(pattern))
    };
    let names: Vec<&str> = world.log_groups().filter(wanted).collect();
    let (names, next) = paged(names, request.next_token.as_deref(), size(request.limit, DESCRIBED_A_CALL)?)?;
    let written = |name: &str| {
        let arn = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}");
        json!({
            "logGroupName": name,
            "creationTime": world.told(Moment::MONDAY_NIGHT).epoch_milliseconds() - 31_536_000_000,
            "metricFilterCount": 0,
            "arn": format!("{arn}:*"),
            "storedBytes": 0,
            "logGroupClass": "STANDARD",
            "logGroupArn": arn,
        })
    };
    let groups: Vec<Value> = names.into_iter().map(written).collect();
    Ok(with_token(json!({ "logGroups": groups }), next))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Streams {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<usize>,
}

fn streams(request: &Streams, world: &World) -> Answered {
    let group = group(request.log_group_name.as_deref(), request.log_group_identifier.as_deref(), world)?;
    let by_time = request.order_by.as_deref() == Some("LastEventTime");
    if by_time && request.log_stream_name_prefix.is_some() {
        let message = "Cannot order by LastEventTime with a logStreamNamePrefix.";
        return Err(AwsError::invalid_parameter(message));
    }
    let wanted = |name: &str| request.log_stream_name_prefix.as_deref().is_none_or(|prefix| name.starts_with(prefix));
    let mut found: Vec<(String, Option<i64>, Option<i64>)> = world
        .log_streams(group)
        .filter(|(name, _, _)| wanted(name))
        .map(|(name, task, place)| {
            let (first, last) = world.ends_of_log(task, place);
            let told = |at: Moment| world.told(at).epoch_milliseconds();
            (name, first.map(told), last.map(told))
        })
        .collect();
    if by_time {
        found.sort_by_key(|(_, _, last)| *last);
    } else {
        found.sort();
    }
    if request.descending {
        found.reverse();
    }
    let (found, next) = paged(found, request.next_token.as_deref(), size(request.limit, DESCRIBED_A_CALL)?)?;
    let written = |(name, first, last): (String, Option<i64>, Option<i64>)| {
        let mut stream = json!({
            "logStreamName": name,
            "creationTime": first.unwrap_or_default(),
            "arn": format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:{name}"),
            "storedBytes": 0,
        });
        if let (Some(first), Some(last), Value::Object(fields)) = (first, last, &mut stream) {
            fields.insert("firstEventTimestamp".to_owned(), json!(first));
            fields.insert("lastEventTimestamp".to_owned(), json!(last));
            fields.insert("lastIngestionTime".to_owned(), json!(last + 900));
        }
        stream
    };
    let streams: Vec<Value> = found.into_iter().map(written).collect();
    Ok(with_token(json!({ "logStreams": streams }), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let line = "10.0.192.7 \"GET / HTTP/1.1\" 302 \"ELB-HealthChecker/2.0\"";
        for (pattern, expected) in [
            ("", true),
            ("\"ELB-HealthChecker\"", true),
            ("GET 302", true),
            ("GET 200", false),
            ("?200 ?302", true),
            ("GET -302", false),
            ("\"GET / HTTP\"", true),
            ("\"unfinished", false),
        ] {
            assert_eq!(Pattern::read(pattern).matches(line), expected, "{pattern}");
        }
    }
}
