//! CloudWatch Logs Insights: StartQuery, GetQueryResults, StopQuery and DescribeQueries, over the lines the world's
//! containers write. A query takes 1.6 s of the world: it is Scheduled, Running with what was found so far, Complete.
//!
//! ```text
//!  text ─▶ tokens ─▶ syntax (stages) ─┐
//!  lines ─▶ records ──────────────────┴─▶ evaluate ─▶ rows
//! ```
//!
//! Of the query language this is simulated, and anything else is a MalformedQueryException that says so:
//!
//! | command | as far as |
//! |---|---|
//! | `fields`, `display` | names, with `as` in `fields`; no functions, no arithmetic |
//! | `filter` | `=` `!=` `<` `>` `<=` `>=`, `like` and `not like` with `"text"` or `/regex/`, `=~ /regex/`, `in` and `not in` `[…]`, `ispresent(f)`, `and`, `or`, `not`, parentheses |
//! | `sort` | names, `asc` or `desc` |
//! | `limit` | 1 to 10000 |
//! | `stats` | `count(*)`, `count(f)`, `sum`, `avg`, `min`, `max`, `pct(f, n)`, with `as`; `by` names and `bin(5m)` |
//! | `parse` | `"a glob * with *" as a, b`, or a regular expression with named groups |
//! | `#` | a comment up to the end of the line |
//!
//! Fields are `@timestamp`, `@ingestionTime`, `@message`, `@logStream`, `@log` and `@ptr`, and those of lines of JSON, nested
//! ones with dots.

mod evaluate;
mod records;
mod syntax;
#[cfg(test)]
mod tests;
mod tokens;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::evaluate::Found;
use super::protocol::AwsError;
use crate::sim::world::{ACCOUNT, LogQuery, Stand, World};

type Answered = Result<Value, AwsError>;

/// Queries that may be under way at once.
const MOST_AT_ONCE: usize = 30;
/// Groups of one query.
const MOST_GROUPS: usize = 50;
/// Queries DescribeQueries tells of.
const MOST_DESCRIBED: usize = 1_000;

/// Whether this is one of the operations here.
pub(crate) fn performs(operation: &str) -> bool {
    matches!(operation, "StartQuery" | "GetQueryResults" | "StopQuery" | "DescribeQueries")
}

/// Performs an operation; absent if there is none of this name.
pub(crate) fn perform(operation: &str, parameters: &Value, world: &mut World) -> Result<Option<Value>, AwsError> {
    Ok(Some(match operation {
        "StartQuery" => start(read(parameters)?, world)?,
        "GetQueryResults" => results(&read(parameters)?, world)?,
        "StopQuery" => stop(&read(parameters)?, world)?,
        "DescribeQueries" => describe(&read(parameters)?, world),
        _ => return Ok(None),
    }))
}

fn read<T: DeserializeOwned>(parameters: &Value) -> Result<T, AwsError> {
    T::deserialize(parameters).map_err(|error| AwsError::new("SerializationException", error.to_string()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    log_group_name: Option<String>,
    #[serde(default)]
    log_group_names: Vec<String>,
    #[serde(default)]
    log_group_identifiers: Vec<String>,
    #[serde(rename = "startTime")]
    from: i64,
    #[serde(rename = "endTime")]
    until: i64,
    query_string: String,
    query_language: Option<String>,
}

fn start(request: Start, world: &mut World) -> Answered {
    if request.query_language.as_deref().is_some_and(|language| language != "CWLI") {
        return Err(AwsError::invalid_parameter("The simulator knows the query language CWLI only."));
    }
    let of_arn = |arn: String| match arn.rsplit_once(":log-group:") {
        Some((_, name)) => name.trim_end_matches(":*").to_owned(),
        None => arn,
    };
    let lists = [
        Vec::from_iter(request.log_group_name),
        request.log_group_names,
        request.log_group_identifiers.into_iter().map(of_arn).collect(),
    ];
    let mut given = lists.into_iter().filter(|list| !list.is_empty());
    let (Some(groups), None) = (given.next(), given.next()) else {
        let message =
            "Exactly one of [logGroupName, logGroupNames, logGroupIdentifiers] should be present in the request.";
        return Err(AwsError::invalid_parameter(message));
    };
    if groups.len() > MOST_GROUPS {
        let message = format!("1 validation error detected: at most {MOST_GROUPS} log groups can be queried at once.");
        return Err(AwsError::invalid_parameter(message));
    }
    if let Some(missing) = groups.iter().find(|group| !world.has_log_group(group)) {
        let message = format!("Log group '{missing}' does not exist for account ID '{ACCOUNT}'");
        return Err(AwsError::new("ResourceNotFoundException", message));
    }
    if request.from > request.until {
        return Err(AwsError::invalid_parameter("Query's end date and time is before its start date and time."));
    }
    syntax::parse(&request.query_string).map_err(|malformed| malformed.error(&request.query_string))?;
    let active = world.queries.iter().filter(|query| world.stand(query).is_active()).count();
    if active >= MOST_AT_ONCE {
        let message = format!("Account maximum query concurrency limit of [{MOST_AT_ONCE}] reached.");
        return Err(AwsError::new("LimitExceededException", message));
    }
    let milliseconds = |seconds: i64, more: i64| seconds.saturating_mul(1_000).saturating_add(more);
    let span = (milliseconds(request.from, 0), milliseconds(request.until, 999));
    Ok(json!({ "queryId": world.start_query(groups, request.query_string, span) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ById {
    query_id: String,
}

fn no_such_query() -> AwsError {
    AwsError::new("ResourceNotFoundException", "Query does not exist.")
}

fn results(request: &ById, world: &World) -> Answered {
    let query = world.queries.iter().find(|query| query.id == request.query_id).ok_or_else(no_such_query)?;
    let stand = world.stand(query);
    let share = match stand {
        Stand::Scheduled | Stand::Cancelled => 0,
        Stand::Running(thousandths) => thousandths,
        Stand::Complete => 1_000,
    };
    let stages = syntax::parse(&query.text).map_err(|malformed| malformed.error(&query.text))?;
    let mut records = records::records(query, world);
    let count = u64::try_from(records.len()).unwrap_or_default();
    records.truncate(usize::try_from(count * share / 1_000).unwrap_or_default());
    let scanned = records.len();
    let bytes: usize = records.iter().map(records::Record::bytes).sum();
    let Found { rows, matched } = evaluate::evaluate(&stages, records);
    let field = |(name, value): (String, String)| json!({ "field": name, "value": value });
    let rows: Vec<Value> = rows.into_iter().map(|row| row.into_iter().map(field).collect()).collect();
    Ok(json!({
        "queryLanguage": "CWLI",
        "status": word(stand),
        "results": rows,
        "statistics": {
            "recordsMatched": matched,
            "recordsScanned": scanned,
            "bytesScanned": bytes,
            "estimatedRecordsSkipped": 0,
            "estimatedBytesSkipped": 0,
            "logGroupsScanned": query.groups.len(),
        },
    }))
}

fn stop(request: &ById, world: &mut World) -> Answered {
    let query = world.queries.iter().find(|query| query.id == request.query_id).ok_or_else(no_such_query)?;
    if !world.stand(query).is_active() {
        return Err(AwsError::invalid_parameter("Query has already ended; it cannot be stopped."));
    }
    for query in world.queries.iter_mut().filter(|query| query.id == request.query_id) {
        query.stopped = true;
    }
    Ok(json!({ "success": true }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    log_group_name: Option<String>,
    status: Option<String>,
    max_results: Option<usize>,
}

fn describe(request: &Describe, world: &World) -> Value {
    let wanted = |query: &&LogQuery| {
        request.log_group_name.as_ref().is_none_or(|group| query.groups.contains(group))
            && request.status.as_deref().is_none_or(|status| status == word(world.stand(query)))
    };
    let written = |query: &LogQuery| {
        json!({
            "queryId": query.id,
            "queryString": query.text,
            "queryLanguage": "CWLI",
            "status": word(world.stand(query)),
            "createTime": query.started.epoch_milliseconds(),
            "logGroupName": query.groups.first(),
        })
    };
    let most = request.max_results.unwrap_or(MOST_DESCRIBED).min(MOST_DESCRIBED);
    let queries: Vec<Value> = world.queries.iter().rev().filter(wanted).take(most).map(written).collect();
    json!({ "queries": queries })
}

fn word(stand: Stand) -> &'static str {
    match stand {
        Stand::Scheduled => "Scheduled",
        Stand::Running(_) => "Running",
        Stand::Complete => "Complete",
        Stand::Cancelled => "Cancelled",
    }
}
