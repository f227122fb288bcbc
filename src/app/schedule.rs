//! Turns wants into requests: asks what is due, cancels what nobody wants any more, bounds what is under way. States of
//! services go in batches of ten, the most DescribeServices takes; a batch that is not full is filled with the services
//! whose state is oldest, since they cost nothing there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::App;
use super::message::{Effect, Urgency};
use super::remote::{Due, RequestId, Slot};
use super::wants::{self, Want};
use crate::model::arn::ServiceArn;
use crate::model::query::Query;

/// Services DescribeServices takes in one call (API reference, DescribeServices).
pub const BATCH: usize = 10;
/// At most so many background requests are under way; the AWS layer bounds the calls themselves.
const MOST_IN_BACKGROUND: usize = 32;
/// While AWS throttles us, everything is asked this many times less often.
const THROTTLED_SLOWDOWN: i32 = 3;

/// Requests under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Requests {
    latest: u64,
    open: BTreeMap<RequestId, Open>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Open {
    query: Query,
    urgency: Urgency,
}

impl Requests {
    /// A new name for a request.
    pub const fn name(&mut self) -> RequestId {
        self.latest += 1;
        RequestId(self.latest)
    }

    /// The question a request asked; it is answered now.
    pub fn close(&mut self, request: RequestId) -> Option<Query> {
        self.open.remove(&request).map(|open| open.query)
    }

    /// How many are under way.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

impl App {
    /// Sends a query now.
    pub(super) fn ask(&mut self, query: Query, urgency: Urgency) -> (RequestId, Effect) {
        let request = self.requests.name();
        for slot in self.store.slots(&query) {
            slot.asked(request);
        }
        self.requests.open.insert(request, Open { query: query.clone(), urgency });
        (request, Effect::Ask { request, query, urgency })
    }

    /// Asks what is due and cancels what nobody wants any more.
    pub(super) fn schedule(&mut self) -> Vec<Effect> {
        let wanted = wants::wants(self);
        let mut effects = self.cancel_unwanted(&wanted);
        let slowdown = if self.activity.throttled(self.now) > 0 { THROTTLED_SLOWDOWN } else { 1 };
        let mut room = MOST_IN_BACKGROUND.saturating_sub(self.requests.len());
        // Requests of services come before what is only in the background, and after what somebody waits for.
        let (waited_for, background): (Vec<Want>, Vec<Want>) =
            wanted.into_iter().partition(|want| want.urgency == Urgency::Interactive);
        for want in waited_for {
            effects.extend(self.ask_if_due(want, slowdown));
        }
        for batch in self.due_batches(slowdown) {
            if let Some(cluster) = self.cluster.clone() {
                effects.push(self.ask(Query::Services { cluster, services: batch }, Urgency::Background).1);
            }
        }
        for want in background {
            if room == 0 {
                break;
            }
            let asked = self.ask_if_due(want, slowdown);
            room -= usize::from(asked.is_some());
            effects.extend(asked);
        }
        effects
    }

    fn ask_if_due(&mut self, want: Want, slowdown: i32) -> Option<Effect> {
        let every = want.every.map(|every| every * slowdown);
        let now = self.now;
        let due = self.store.slots(&want.query).into_iter().find_map(|slot| slot.due(every))?;
        due.is_due(now).then(|| self.ask(want.query, want.urgency).1)
    }

    fn cancel_unwanted(&mut self, wanted: &[Want]) -> Vec<Effect> {
        let wanted: BTreeSet<&Query> = wanted.iter().map(|want| &want.query).collect();
        let awaited = self.awaited_request();
        let unwanted: Vec<RequestId> = self
            .requests
            .open
            .iter()
            .filter(|(request, open)| Some(**request) != awaited && !self.is_wanted(&open.query, &wanted))
            .map(|(request, _)| *request)
            .collect();
        unwanted
            .into_iter()
            .map(|request| {
                if let Some(query) = self.requests.close(request) {
                    for slot in self.store.slots(&query) {
                        slot.forget_request();
                    }
                }
                Effect::Cancel { request }
            })
            .collect()
    }

    fn is_wanted(&self, query: &Query, wanted: &BTreeSet<&Query>) -> bool {
        match query {
            Query::Services { cluster, .. } => self.cluster.as_ref() == Some(cluster),
            query => wanted.contains(query),
        }
    }

    /// Batches of services to describe now: what is due, filled up with what is oldest.
    fn due_batches(&self, slowdown: i32) -> Vec<Vec<ServiceArn>> {
        let hot: BTreeSet<ServiceArn> = wants::hot_services(self).into_iter().collect();
        let (hot_every, cold_every) = (self.options.refresh * slowdown, wants::COLD * slowdown);
        let mut due: Vec<ServiceArn> = Vec::new();
        let mut others: Vec<(Timestamp, &ServiceArn)> = Vec::new();
        for (arn, entry) in &self.store.services {
            let every = if hot.contains(arn) { hot_every } else { cold_every };
            match entry.remote.due(Some(every)) {
                Some(when) if when.is_due(self.now) => due.push(arn.clone()),
                Some(Due::At(at)) if entry.remote.failure().is_none() => others.push((at, arn)),
                _ => {}
            }
        }
        if due.is_empty() {
            return Vec::new();
        }
        let missing = due.len().next_multiple_of(BATCH) - due.len();
        others.sort();
        // What was read a moment ago is not worth reading again, even for nothing.
        let soon = self.now + (cold_every - SignedDuration::from_secs(15));
        due.extend(others.into_iter().take(missing).filter(|(at, _)| *at <= soon).map(|(_, arn)| arn.clone()));
        due.chunks(BATCH).map(<[ServiceArn]>::to_vec).collect()
    }

    /// Cancels everything under way, before another cluster is shown.
    pub(super) fn cancel_all(&mut self) -> Vec<Effect> {
        let open = std::mem::take(&mut self.requests.open);
        for Open { query, .. } in open.values() {
            for slot in self.store.slots(query) {
                slot.forget_request();
            }
        }
        open.into_keys().map(|request| Effect::Cancel { request }).collect()
    }
}
