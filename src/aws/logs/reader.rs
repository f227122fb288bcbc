//! The reads of CloudWatch Logs. A container may log to another region, so there is a client for each region in use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::{Region, SdkConfig};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::types::LogGroup;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::excerpt::{self, Collected, LINES};
use super::readable::Readable;
use crate::aws::budget::Priority;
use crate::aws::error::Failure;
use crate::aws::operations::{DESCRIBE_LOG_GROUPS, FILTER_LOG_EVENTS, GET_LOG_EVENTS, Operation};
use crate::aws::pages;
use crate::aws::read_only::ReadsOnly;
use crate::aws::shared::Shared;
use crate::model::call::{CallError, ErrorKind};
use crate::model::log::{Followed, Following};
use crate::model::observation::{LogExcerpt, LogLine};
use crate::model::query::LogStream;

/// Lines a page, the most AWS gives.
const PAGE: i32 = 10_000;
/// Pages with lines that are read before the rest is left out.
const PAGES: u32 = 3;
/// Pages without lines that are put up with: AWS hands out those while it searches.
const EMPTY_PAGES: u32 = 20;
const LOG_GROUP_PAGE: i32 = 50;

pub(in crate::aws) struct Reader {
    config: SdkConfig,
    pub(super) client: Client,
    others: Mutex<HashMap<String, Client>>,
    pub(super) shared: Arc<Shared>,
}

impl Reader {
    pub(in crate::aws) fn new(config: &SdkConfig, shared: Arc<Shared>) -> Self {
        Self { client: client(config, None), config: config.clone(), others: Mutex::default(), shared }
    }

    /// Follows sources until nobody listens any more.
    pub(in crate::aws) async fn follow(&self, following: Following, out: mpsc::Sender<Followed>) {
        super::follow::follow(self, following, out).await;
    }

    /// What time it is at AWS.
    pub(super) fn now(&self) -> Timestamp {
        self.shared.clock.at(Timestamp::now())
    }

    /// What the stream has since then: its first lines, its last lines and health checks. Neither a stream nor a group that
    /// does not exist is an error: nothing was written.
    pub(in crate::aws) async fn excerpt(
        &self,
        stream: &LogStream,
        since: Timestamp,
        priority: Priority,
    ) -> Result<LogExcerpt, CallError> {
        match self.collected(stream, since.as_millisecond().max(0), priority).await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(LogExcerpt::default()),
            collected => collected.map(Collected::excerpt),
        }
    }

    async fn collected(&self, stream: &LogStream, since: i64, priority: Priority) -> Result<Collected, CallError> {
        let client = &self.in_region(stream.region.as_deref(), &FILTER_LOG_EVENTS)?;
        let mut collected = Collected::default();
        let (mut pages, mut empty) = (0, 0);
        let mut token = None;
        while pages < PAGES && empty < EMPTY_PAGES {
            let page = self.page(client, stream, since, token, priority).await?;
            let events = page.events.unwrap_or_default();
            *(if events.is_empty() { &mut empty } else { &mut pages }) += 1;
            collected.extend(events.into_iter().filter_map(|event| excerpt::line(event.timestamp, event.message)));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(collected);
            }
        }
        collected.end_with(self.last_lines(client, stream, since, priority).await?);
        Ok(collected)
    }

    async fn page(
        &self,
        client: &Client,
        stream: &LogStream,
        since: i64,
        token: Option<String>,
        priority: Priority,
    ) -> Result<FilterLogEventsOutput, CallError> {
        self.shared
            .call(FILTER_LOG_EVENTS, priority, |wire| {
                let request = client.filter_log_events().log_group_name(&stream.group);
                let request = request.log_stream_names(&stream.stream).start_time(since).limit(PAGE);
                request.set_next_token(token).customize().interceptor(wire).send()
            })
            .await
    }

    async fn last_lines(
        &self,
        client: &Client,
        stream: &LogStream,
        since: i64,
        priority: Priority,
    ) -> Result<Vec<LogLine>, CallError> {
        let most = i32::try_from(LINES).unwrap_or(i32::MAX);
        let answer = self
            .shared
            .call(GET_LOG_EVENTS, priority, |wire| {
                let request = client.get_log_events().log_group_name(&stream.group).log_stream_name(&stream.stream);
                let request = request.start_time(since).start_from_head(false).limit(most);
                request.customize().interceptor(wire).send()
            })
            .await?;
        let events = answer.events.unwrap_or_default().into_iter();
        Ok(events.filter_map(|event| excerpt::line(event.timestamp, event.message)).collect())
    }

    /// Whether there is a group of exactly this name.
    pub(in crate::aws) async fn log_group(
        &self,
        name: &str,
        region: Option<&str>,
        priority: Priority,
    ) -> Result<bool, CallError> {
        self.described(name, region, priority).await.map(|group| group.is_some())
    }

    /// The ARN of a group, as Live Tail wants it.
    pub(super) async fn arn_of(&self, name: &str, region: Option<&str>) -> Result<String, CallError> {
        let group = self.described(name, region, Priority::Interactive).await?;
        let arn = group.and_then(|group| group.log_group_arn.or(group.arn));
        let arn = arn.map(|arn| arn.trim_end_matches(":*").to_owned());
        arn.ok_or_else(|| Failure::new(ErrorKind::NotFound, "there is no such log group").of(&DESCRIBE_LOG_GROUPS))
    }

    async fn described(
        &self,
        name: &str,
        region: Option<&str>,
        priority: Priority,
    ) -> Result<Option<LogGroup>, CallError> {
        let client = &self.in_region(region, &DESCRIBE_LOG_GROUPS)?;
        let groups = pages::all(&DESCRIBE_LOG_GROUPS, |token| async move {
            let page = self
                .shared
                .call(DESCRIBE_LOG_GROUPS, priority, |wire| {
                    let request = client.describe_log_groups().log_group_name_prefix(name).limit(LOG_GROUP_PAGE);
                    request.set_next_token(token).customize().interceptor(wire).send()
                })
                .await?;
            Ok((page.log_groups, page.next_token))
        })
        .await?;
        Ok(groups.into_iter().find(|group| group.log_group_name.as_deref() == Some(name)))
    }

    /// The client of a region. It becomes part of a host name and comes from a task definition, so it has to look like one.
    pub(super) fn in_region(&self, region: Option<&str>, operation: &Operation) -> Result<Client, CallError> {
        let Some(region) = region.filter(|region| Some(*region) != self.shared.region.as_deref()) else {
            return Ok(self.client.clone());
        };
        if !looks_like_region(region) {
            let message = format!("{region} is no region");
            return Err(Failure::new(ErrorKind::Invalid, message).of(operation));
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let made = others.entry(region.to_owned()).or_insert_with(|| client(&self.config, Some(region)));
        Ok(made.clone())
    }
}

fn client(config: &SdkConfig, region: Option<&str>) -> Client {
    let builder = aws_sdk_cloudwatchlogs::config::Builder::from(config).interceptor(ReadsOnly).interceptor(Readable);
    let builder = match region {
        Some(region) => builder.region(Region::new(region.to_owned())),
        None => builder,
    };
    Client::from_conf(builder.build())
}

/// `eu-west-1`, `us-gov-west-1`: at least two hyphens, nothing but lower-case letters and digits besides.
fn looks_like_region(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    let plain = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    region.len() <= 32 && parts.len() >= 3 && parts.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regions_become_part_of_a_host_name() {
        for region in ["eu-west-1", "us-gov-west-1", "ap-southeast-3", "us-iso-east-1"] {
            assert!(looks_like_region(region), "{region}");
        }
        for region in ["", "-", "eu--1", "evil.example/x-y-z", "EU-WEST-1", "eu-west-1 ", "eu-west-1@host-a-b", "a-b"] {
            assert!(!looks_like_region(region), "{region}");
        }
    }
}
