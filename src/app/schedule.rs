//! Turns wants into requests: asks what is due, cancels what nobody wants any more, bounds what is under way. States of
//! services go in batches of ten, the most DescribeServices takes; a batch that is not full is filled with the services
//! whose state is oldest, since they cost nothing there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::App;
use super::message::{Effect, Urgency};
use super::remote::{Due, Remote, RequestId, Slot};
use super::wants::{self, Want};
use crate::model::arn::ServiceArn;
use crate::model::query::Query;

/// Services DescribeServices takes in one call (API reference, DescribeServices).
pub const BATCH: usize = 10;
/// With so many requests under way nothing is added that is only kept up in the background.
const MOST_UNDER_WAY: usize = 16;
/// At most so many failing services are examined at once.
const MOST_EXAMINED_AT_ONCE: usize = 3;
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

    /// Whether one is under way that starts a query of logs.
    pub fn start_insights(&self) -> bool {
        self.open.values().any(|open| matches!(open.query, Query::StartInsights { .. }))
    }

    /// How many are under way.
    fn under_way(&self) -> usize {
        self.open.len()
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

    /// Sends a query now whose answer is kept nowhere: whoever asked takes it.
    pub(super) fn ask_aside(&mut self, query: Query) -> (RequestId, Effect) {
        let (request, urgency) = (self.requests.name(), Urgency::Interactive);
        self.requests.open.insert(request, Open { query: query.clone(), urgency });
        (request, Effect::Ask { request, query, urgency })
    }

    /// Asks what is due and cancels what nobody wants any more.
    pub(super) fn schedule(&mut self) -> Vec<Effect> {
        let wanted = wants::wants(self);
        let mut effects = self.cancel_unwanted(&wanted);
        for want in wanted {
            effects.extend(self.ask_if_due(want));
        }
        for services in self.due_batches() {
            if let Some(cluster) = self.cluster.clone() {
                effects.push(self.ask(Query::Services { cluster, services }, Urgency::Background).1);
            }
        }
        effects
    }

    /// Asks what is due of that which is only kept up in the background, a little at a time.
    pub(super) fn schedule_in_turn(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for want in wants::in_turn(self) {
            if self.requests.under_way() >= MOST_UNDER_WAY {
                break;
            }
            effects.extend(self.ask_if_due(want));
        }
        effects.extend(self.examine());
        effects
    }

    /// Asks what it takes to tell why services fail, of a few services at a time.
    fn examine(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut under_examination = 0;
        for wants in wants::examinations(self) {
            if under_examination == MOST_EXAMINED_AT_ONCE {
                break;
            }
            let mut is_under_way = false;
            for want in wants {
                let kept = self.store.remote(&want.query);
                is_under_way |= kept.is_some_and(Remote::is_under_way);
                // What is denied is not asked for every service every minute, as it is for the one that is looked at.
                let refused = kept.and_then(Remote::failure).is_some_and(|failure| {
                    let every = want.every.unwrap_or(wants::EXAMINED);
                    self.now.duration_since(failure.at) < self.slowed(every)
                });
                if refused || self.requests.under_way() >= MOST_UNDER_WAY {
                    continue;
                }
                let asked = self.ask_if_due(want);
                is_under_way |= asked.is_some();
                effects.extend(asked);
            }
            under_examination += usize::from(is_under_way);
        }
        effects
    }

    /// Drops old answers nobody wants any more.
    pub(super) fn forget(&mut self) {
        let wanted = wants::wants(self).into_iter().chain(wants::in_turn(self));
        let wanted = wanted.chain(wants::examinations(self).into_iter().flatten());
        let wanted: BTreeSet<Query> = wanted.map(|want| want.query).collect();
        self.store.forget(self.now, &wanted);
    }

    /// While AWS throttles us, everything is asked less often.
    fn slowed(&self, every: SignedDuration) -> SignedDuration {
        if self.activity.throttled(self.now) > 0 { every * THROTTLED_SLOWDOWN } else { every }
    }

    fn ask_if_due(&mut self, want: Want) -> Option<Effect> {
        let every = want.every.map(|every| self.slowed(every));
        let now = self.now;
        let due = self.store.slots(&want.query).into_iter().find_map(|slot| slot.due(every))?;
        due.is_due(now).then(|| self.ask(want.query, want.urgency).1)
    }

    /// How long until the state of a service that matters has to be read again.
    pub(super) fn until_hot_is_due(&self) -> Option<SignedDuration> {
        let every = Some(self.slowed(self.options.refresh));
        let due = |arn: ServiceArn| self.store.services.get(&arn)?.remote.due(every);
        let until = |due: Due| match due {
            Due::Now => SignedDuration::ZERO,
            Due::At(at) => at.duration_since(self.now),
        };
        wants::hot_services(self).into_iter().filter_map(due).map(until).min()
    }

    fn cancel_unwanted(&mut self, wanted: &[Want]) -> Vec<Effect> {
        let wanted: BTreeSet<&Query> = wanted.iter().map(|want| &want.query).collect();
        let awaited = self.awaited_request();
        let unwanted: Vec<RequestId> = self
            .requests
            .open
            .iter()
            // What is kept up in the background is wanted until the cluster is left, which cancels everything.
            .filter(|(_, open)| open.urgency == Urgency::Interactive && !open.query.is_of_insights())
            .filter(|(request, open)| Some(**request) != awaited && !wanted.contains(&open.query))
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

    /// Batches of services to describe now: what is due, filled up with what is oldest.
    fn due_batches(&self) -> Vec<Vec<ServiceArn>> {
        let hot: BTreeSet<ServiceArn> = wants::hot_services(self).into_iter().collect();
        let (hot_every, cold_every) = (self.slowed(self.options.refresh), self.slowed(wants::COLD));
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
        // What was started at AWS has to be stopped there.
        let (kept, open) =
            std::mem::take(&mut self.requests.open).into_iter().partition(|(_, open)| open.query.is_of_insights());
        self.requests.open = kept;
        let open: BTreeMap<RequestId, Open> = open;
        for Open { query, .. } in open.values() {
            for slot in self.store.slots(query) {
                slot.forget_request();
            }
        }
        open.into_keys().map(|request| Effect::Cancel { request }).collect()
    }
}
