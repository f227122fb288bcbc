//! A session of Live Tail: CloudWatch sends what is taken in for some streams of a log group as it comes, each second at most
//! 500 events of it, for at most three hours. Documentation: StartLiveTail in the API reference of CloudWatch Logs.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::start_live_tail::StartLiveTailOutput;
use aws_sdk_cloudwatchlogs::types::error::StartLiveTailResponseStreamError;
use aws_sdk_cloudwatchlogs::types::{LiveTailSessionLogEvent, LiveTailSessionUpdate, StartLiveTailResponseStream};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::endpoint_config::EndpointUrl;
use jiff::Timestamp;
use tokio::time::Instant;

use super::reader::Reader;
use crate::aws::budget::Priority;
use crate::aws::error::Failure;
use crate::aws::operations::START_LIVE_TAIL;
use crate::model::call::{CallError, ErrorKind};
use crate::model::log::{LogEvent, LogSource};

/// Prefixes of streams a session takes, at most.
pub(super) const PREFIXES: usize = 10;

/// A session that has begun.
pub(super) struct Session {
    stream: StartLiveTailOutput,
    /// CloudWatch says something every second, be it that there is nothing new. A connection that is silent for so long is
    /// none any more.
    silence: Duration,
    heard: Instant,
}

/// What a session says.
pub(super) enum Heard {
    /// What came in since the last time.
    Events {
        /// Events with the names of their streams.
        events: Vec<(String, LogEvent)>,
        /// Whether there was more than CloudWatch sends.
        sampled: bool,
    },
    /// It is over.
    Ended {
        /// Why, in a few words.
        because: String,
        /// Whether it lasted as long as sessions do.
        of_age: bool,
    },
}

impl Session {
    /// Opens a session over the streams of one group with the prefixes of these sources, and waits until it has begun.
    pub(super) async fn open(reader: &Reader, sources: &[&LogSource]) -> Result<Self, CallError> {
        let Some(LogSource { group, region, .. }) = sources.first() else {
            return Err(Failure::new(ErrorKind::Invalid, "nothing to follow").of(&START_LIVE_TAIL));
        };
        let client = reader.in_region(region.as_deref(), &START_LIVE_TAIL)?;
        let arn = reader.arn_of(group, region.as_deref()).await?;
        let stream = Box::pin(request(reader, &client, &arn, sources)).await?;
        let silence = reader.shared.live_tail_silence;
        let mut session = Self { stream, silence, heard: Instant::now() };
        match tokio::time::timeout(silence, session.began()).await {
            Ok(Ok(())) => Ok(session),
            Ok(Err(failure)) => Err(failure.of(&START_LIVE_TAIL)),
            Err(_) => Err(Failure::new(ErrorKind::Timeout, "the session does not begin").of(&START_LIVE_TAIL)),
        }
    }

    async fn began(&mut self) -> Result<(), Failure> {
        loop {
            match self.stream.response_stream.recv().await {
                Ok(Some(StartLiveTailResponseStream::SessionStart(_))) => return Ok(()),
                Ok(Some(_)) => {}
                Ok(None) => return Err(Failure::new(ErrorKind::Network, "the session ended before it began")),
                Err(error) => {
                    let message = error.message().map_or_else(|| "the session broke off".to_owned(), ToOwned::to_owned);
                    return Err(Failure::new(ErrorKind::Network, message));
                }
            }
        }
    }

    /// What comes next. Who stops waiting and waits again loses nothing.
    pub(super) async fn next(&mut self) -> Heard {
        let ended = |because: &str, of_age| Heard::Ended { because: because.to_owned(), of_age };
        loop {
            let patience = self.heard + self.silence;
            let Ok(next) = tokio::time::timeout_at(patience, self.stream.response_stream.recv()).await else {
                return ended("Live Tail fell silent", false);
            };
            self.heard = Instant::now();
            match next {
                Ok(Some(StartLiveTailResponseStream::SessionUpdate(update))) => return of_update(update),
                Ok(Some(_)) => {}
                Ok(None) => return ended("Live Tail ended", false),
                Err(error) => {
                    let of_age = error
                        .as_service_error()
                        .is_some_and(StartLiveTailResponseStreamError::is_session_timeout_exception);
                    return ended("Live Tail was cut off", of_age);
                }
            }
        }
    }
}

async fn request(
    reader: &Reader,
    client: &Client,
    arn: &str,
    sources: &[&LogSource],
) -> Result<StartLiveTailOutput, CallError> {
    reader
        .shared
        .call(START_LIVE_TAIL, Priority::Interactive, |wire| {
            let prefixes = sources.iter().map(|source| source.prefix.clone()).collect();
            let request =
                client.start_live_tail().log_group_identifiers(arn).set_log_stream_name_prefixes(Some(prefixes));
            request.customize().interceptor(AddressAsNamed).interceptor(wire).send()
        })
        .await
}

fn of_update(update: LiveTailSessionUpdate) -> Heard {
    let sampled = update.session_metadata.is_some_and(|metadata| metadata.sampled);
    let events = update.session_results.unwrap_or_default().into_iter().filter_map(event).collect();
    Heard::Events { events, sampled }
}

fn event(event: LiveTailSessionLogEvent) -> Option<(String, LogEvent)> {
    let of_milliseconds = |at: i64| Timestamp::from_millisecond(at).ok();
    let at = of_milliseconds(event.timestamp?)?;
    let ingested = event.ingestion_time.and_then(of_milliseconds);
    let message = event.message.unwrap_or_default();
    Some((event.log_stream_name?, LogEvent { at, ingested, source: 0, task: String::new(), message }))
}

/// The SDK puts `stream-` before the host of this one operation. Before AWS's own host that is right; an address somebody
/// named (an emulator, an endpoint of a VPC) is meant as it stands.
#[derive(Debug)]
struct AddressAsNamed;

impl Intercept for AddressAsNamed {
    fn name(&self) -> &'static str {
        "AddressAsNamed"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if config.load::<EndpointUrl>().is_some() {
            config.interceptor_state().unset::<EndpointPrefix>();
        }
        Ok(())
    }
}
