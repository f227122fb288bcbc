//! Watching the wire. One [`Wire`] goes with each call as an interceptor of the SDK and sees every attempt between the
//! last byte prepared and the last byte read: it reports each as a [`CallRecord`], tells the budget of throttling, and
//! keeps the failure for the caller, so that record and error never differ.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, Error, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use jiff::Timestamp;

use super::budget::Budget;
use super::error::{self, ErrorAnswer, Failure};
use super::operations::Operation;
use super::shared::Shared;
use crate::model::call::{CallRecord, ErrorKind};

/// Called with every attempt on the wire.
pub(super) type Observer = Arc<dyn Fn(CallRecord) + Send + Sync>;

/// A call with its attempts. When it is dropped in the middle of one, that attempt was cancelled.
pub(super) struct Call {
    operation: Operation,
    shared: Arc<Shared>,
    attempt: Mutex<Attempt>,
}

#[derive(Default)]
struct Attempt {
    /// How many have begun.
    begun: u32,
    /// The one on the wire.
    under_way: Option<UnderWay>,
    /// How the last one failed.
    failure: Option<Failure>,
}

struct UnderWay {
    at: Timestamp,
    since: Instant,
    endpoint: String,
}

impl Call {
    pub(super) fn new(operation: Operation, shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self { operation, shared, attempt: Mutex::default() })
    }

    /// How the last attempt failed; nothing if none was sent.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.attempt().failure.clone()
    }

    fn budget(&self) -> &Budget {
        self.shared.budgets.of(self.operation.family)
    }

    fn begin(&self, endpoint: String) {
        let mut attempt = self.attempt();
        attempt.begun += 1;
        if attempt.begun > 1 {
            self.budget().spend();
        }
        attempt.under_way = Some(UnderWay { at: Timestamp::now(), since: Instant::now(), endpoint });
        attempt.failure = None;
    }

    /// Ends the attempt on the wire, if there is one: `failed` is given the endpoint.
    fn end(
        &self,
        failed: impl FnOnce(&str) -> Option<Failure>,
        request_id: Option<String>,
        server_time: Option<Timestamp>,
    ) {
        let Some(UnderWay { at, since, endpoint }) = self.attempt().under_way.take() else { return };
        if let Some(server_time) = server_time {
            self.shared.clock.heard(server_time, Timestamp::now());
        }
        let failure = failed(&endpoint)
            .map(|failure| Failure { request_id: request_id.clone().or(failure.request_id), ..failure });
        if failure.as_ref().is_some_and(|failure| failure.kind == ErrorKind::Throttled) {
            self.budget().throttled();
        }
        let record = CallRecord {
            at,
            operation: self.operation.named(),
            duration_ms: u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
            failure: failure.as_ref().map(|failure| (failure.kind, failure.message.clone())),
            request_id: request_id.or_else(|| failure.as_ref()?.request_id.clone()),
            server_time,
            mutating: self.operation.mutating,
        };
        self.attempt().failure = failure;
        (self.shared.observer)(record);
    }

    fn attempt(&self) -> MutexGuard<'_, Attempt> {
        self.attempt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let cancelled = Failure::new(ErrorKind::Cancelled, "nobody waits for the answer any more");
        self.end(|_| Some(cancelled), None, None);
    }
}

/// The eyes of a [`Call`] in the SDK. Generic over the operation's error, which the SDK has erased where we look.
pub(super) struct Wire<E> {
    call: Arc<Call>,
    error: PhantomData<fn() -> E>,
}

impl<E> Wire<E> {
    pub(super) fn new(call: Arc<Call>) -> Self {
        Self { call, error: PhantomData }
    }
}

impl<E> fmt::Debug for Wire<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Wire").field("operation", &self.call.operation).finish_non_exhaustive()
    }
}

impl<E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static> Intercept for Wire<E> {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.call.begin(endpoint(context.request().uri()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let request_id = response.and_then(request_id);
        let server_time = response.and_then(server_time);
        let failed = |endpoint: &str| match context.output_or_error() {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(failure::<E>(error, response, endpoint, &self.call.shared)),
            None => Some(Failure::new(ErrorKind::Other, "the attempt ended without a result")),
        };
        self.call.end(failed, request_id, server_time);
        Ok(())
    }
}

fn failure<E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static>(
    error: &OrchestratorError<Error>,
    response: Option<&HttpResponse>,
    endpoint: &str,
    shared: &Shared,
) -> Failure {
    let connector = error.as_connector_error();
    if error.is_timeout_error() || connector.is_some_and(ConnectorError::is_timeout) {
        return error::timed_out(endpoint, shared.call_timeout);
    }
    if let Some(connector) = connector {
        return error::unanswered(endpoint, connector);
    }
    let Some(response) = response else { return error::unanswered(endpoint, error) };
    // A body that was read whole is in memory; one that broke off is still a stream.
    let Some(body) = response.body().bytes() else { return error::broken_off(endpoint, error) };
    let metadata =
        error.as_operation_error().and_then(|error| error.downcast_ref::<E>()).map(ProvideErrorMetadata::meta);
    let id = request_id(response).or_else(|| metadata.and_then(RequestId::request_id).map(ToOwned::to_owned));
    let answer = ErrorAnswer {
        status: response.status().as_u16(),
        code: metadata.and_then(|metadata| metadata.code()),
        message: metadata.and_then(|metadata| metadata.message()),
        request_id: id.as_deref(),
        body: std::str::from_utf8(body).unwrap_or_default(),
    };
    error::answered(&answer, shared.profile.as_deref())
}

fn request_id(response: &HttpResponse) -> Option<String> {
    response.request_id().map(ToOwned::to_owned)
}

/// The Date of the answer.
fn server_time(response: &HttpResponse) -> Option<Timestamp> {
    let date = response.headers().get("date")?;
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp())
}

/// Scheme and host of an address: what a message may show of it.
fn endpoint(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_scheme_and_host() {
        for (uri, shown) in [
            ("https://ecs.eu-west-1.amazonaws.com/", "https://ecs.eu-west-1.amazonaws.com"),
            ("http://127.0.0.1:5000/?x=y", "http://127.0.0.1:5000"),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("http://user:secret@host/", "http://host"),
            ("odd", "odd"),
        ] {
            assert_eq!(endpoint(uri), shown);
        }
    }
}
