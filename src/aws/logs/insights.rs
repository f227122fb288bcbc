//! Queries of Logs Insights: started once and never again by themselves, read while they run, stopped when nobody wants
//! them any more.

use std::sync::{Mutex, PoisonError};

use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;
use aws_sdk_cloudwatchlogs::error::SdkError;
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::operation::start_query::StartQueryError;
use aws_sdk_cloudwatchlogs::types::{self, ResultField};

use super::reader::Reader;
use crate::aws::budget::Priority;
use crate::aws::error::Failure;
use crate::aws::operations::{GET_QUERY_RESULTS, START_QUERY, STOP_QUERY};
use crate::model::call::{CallError, ErrorKind};
use crate::model::insights::{InsightsQuery, InsightsResults, Malformed, QueryState, QueryStatistics, Row, Started};

/// What a refusal of StartQuery says that the error's code and message do not.
enum Refused {
    Malformed(Malformed),
    TooMany,
}

impl Reader {
    /// Starts a query: one request, whatever becomes of it. A text that AWS does not understand is an answer.
    pub(in crate::aws) async fn start_query(
        &self,
        query: &InsightsQuery,
        priority: Priority,
    ) -> Result<Started, CallError> {
        let refused = Mutex::new(None);
        let answer = self
            .shared
            .call(START_QUERY, priority, |wire| {
                let request = self.client.start_query().set_log_group_names(Some(query.groups.clone()));
                let request = request.query_string(&query.text);
                let request = request.start_time(query.from.as_second()).end_time(query.until.as_second());
                // One that may have arrived is not sent again: each query costs.
                let once = aws_sdk_cloudwatchlogs::config::Config::builder().retry_config(RetryConfig::disabled());
                let sent = request.customize().config_override(once).interceptor(wire).send();
                let refused = &refused;
                async move {
                    let answer = sent.await;
                    *refused.lock().unwrap_or_else(PoisonError::into_inner) =
                        answer.as_ref().err().and_then(SdkError::as_service_error).and_then(refusal);
                    answer
                }
            })
            .await;
        let refused = refused.into_inner().unwrap_or_else(PoisonError::into_inner);
        match (answer, refused) {
            (Ok(answer), _) => match answer.query_id.filter(|id| !id.is_empty()) {
                Some(id) => Ok(Started::Running(id)),
                None => Err(Failure::new(ErrorKind::Other, "AWS started it and did not say its id").of(&START_QUERY)),
            },
            (Err(error), Some(Refused::Malformed(malformed))) => {
                Ok(Started::Malformed(Malformed { message: error.message, ..malformed }))
            }
            (Err(error), Some(Refused::TooMany)) => Err(CallError { hint: Some(TOO_MANY.to_owned()), ..error }),
            (Err(error), None) => Err(with_hint(error)),
        }
    }

    /// What a query has found so far: the first ten thousand rows, which is more than anybody reads.
    pub(in crate::aws) async fn query_results(
        &self,
        id: &str,
        priority: Priority,
    ) -> Result<InsightsResults, CallError> {
        let answer = self
            .shared
            .call(GET_QUERY_RESULTS, priority, |wire| {
                self.client.get_query_results().query_id(id).customize().interceptor(wire).send()
            })
            .await?;
        Ok(results(answer))
    }

    /// Stops a query.
    pub(in crate::aws) async fn stop_query(&self, id: &str, priority: Priority) -> Result<(), CallError> {
        let stopped = self.shared.call(STOP_QUERY, priority, |wire| {
            self.client.stop_query().query_id(id).customize().interceptor(wire).send()
        });
        stopped.await.map(|_| ())
    }
}

/// CloudWatch Logs quotas, "StartQuery concurrency": 30 for each account and region, dashboards included.
const TOO_MANY: &str = "an account may run 30 queries of Logs Insights at once in a region, those of others and of dashboards \
                        included: wait until one ends, or stop one";

/// What to do about a query that was refused, where AWS's sentence leaves it open.
fn with_hint(error: CallError) -> CallError {
    let hint = match error.kind {
        ErrorKind::NotFound => "all log groups of a query have to exist: one is made with the first line written to it",
        // API reference, StartQuery, and the user guide, "Log classes".
        ErrorKind::Invalid if error.message.contains("class") => {
            "Logs Insights reads log groups of the classes Standard and, with fewer commands, Infrequent Access"
        }
        _ => return error,
    };
    CallError { hint: Some(hint.to_owned()), ..error }
}

fn refusal(error: &StartQueryError) -> Option<Refused> {
    match error {
        StartQueryError::MalformedQueryException(error) => {
            let location = error.query_compile_error().and_then(types::QueryCompileError::location);
            let offset = |offset: Option<i32>| offset.and_then(|offset| usize::try_from(offset).ok());
            let place = location.and_then(|location| {
                let start = offset(location.start_char_offset())?;
                Some((start, offset(location.end_char_offset()).unwrap_or(start).max(start)))
            });
            Some(Refused::Malformed(Malformed { message: String::new(), place }))
        }
        StartQueryError::LimitExceededException(_) => Some(Refused::TooMany),
        _ => None,
    }
}

fn results(answer: GetQueryResultsOutput) -> InsightsResults {
    let statistics = answer.statistics.as_ref();
    let statistics = statistics.map_or_else(QueryStatistics::default, |statistics| QueryStatistics {
        matched: statistics.records_matched(),
        scanned: statistics.records_scanned(),
        bytes: statistics.bytes_scanned(),
    });
    InsightsResults {
        state: answer.status.map_or_else(|| QueryState::Other("nothing".to_owned()), state),
        rows: answer.results.unwrap_or_default().into_iter().map(row).collect(),
        more: answer.next_token.is_some_and(|token| !token.is_empty()),
        statistics,
    }
}

fn state(status: types::QueryStatus) -> QueryState {
    match status {
        types::QueryStatus::Scheduled => QueryState::Scheduled,
        types::QueryStatus::Running => QueryState::Running,
        types::QueryStatus::Complete => QueryState::Complete,
        types::QueryStatus::Failed => QueryState::Failed,
        types::QueryStatus::Cancelled => QueryState::Cancelled,
        types::QueryStatus::Timeout => QueryState::TimedOut,
        other => QueryState::Other(other.as_str().to_owned()),
    }
}

/// A field without a name is none.
fn row(fields: Vec<ResultField>) -> Row {
    let named = |field: ResultField| Some((field.field?, field.value.unwrap_or_default()));
    fields.into_iter().filter_map(named).collect()
}
