//! What AWS has told us, each piece with its age and its failures. Answers enter here and nowhere else; everything on the
//! screen is derived from it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::judgement::Judgement;
use super::kept::{answers, as_pairs, deployments_of, tasks_of};
use super::remote::{Remote, Slot};
use crate::diagnose::diagnosis::{Examination, examine, paths};
use crate::diagnose::facts::Facts;
use crate::diagnose::network::Path;
use crate::model::arn::{ServiceArn, TargetGroupArn};
use crate::model::call::CallError;
use crate::model::cluster::{CallerIdentity, Cluster};
use crate::model::known::Known;
use crate::model::load_balancing::{Target, TargetState};
use crate::model::query::{Answer, Query};
use crate::model::service::{Service, ServiceStatus};

/// What nobody asks for any more is forgotten when it is older than this. Longer than anything wanted from time to time is
/// allowed to get.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// While nothing but time has changed, a judgement holds for so long: how long something has lasted is part of it.
const SAME_JUDGEMENT: SignedDuration = SignedDuration::from_secs(15);

/// A service of the cluster on the screen.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServiceEntry {
    /// Its state; not there yet while only its name is known.
    pub remote: Remote<Service>,
    /// How it does and why, judged anew whenever one of the facts behind it changes. Kept because judging thousands of
    /// services for every frame would cost more than the frame.
    pub judgement: Option<Judgement>,
    /// When it was judged, by AWS's clock.
    pub judged_at: Option<Timestamp>,
    /// What a diagnosis asks for, as far as could be told when it was judged, in the order in which it is worth asking. An
    /// answer to one of these has it judged anew.
    pub needs: Vec<Query>,
}

/// One moment by two clocks: ages of data are measured by ours, durations in AWS's answers by AWS's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the local clock.
    pub here: Timestamp,
    /// By AWS's clock.
    pub aws: Timestamp,
}

/// Targets of a service over all its target groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetCount {
    /// Passing their checks.
    pub healthy: usize,
    /// All but those on their way out.
    pub total: usize,
}

/// What AWS has told us.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Store {
    /// Who we are.
    pub identity: Remote<CallerIdentity>,
    /// The clusters of the account and region.
    pub clusters: Remote<Vec<Cluster>>,
    /// Which services the cluster has.
    pub service_arns: Remote<Vec<ServiceArn>>,
    /// Their states.
    pub services: BTreeMap<ServiceArn, ServiceEntry>,
    /// Answers to all other questions.
    #[serde(serialize_with = "as_pairs")]
    pub answers: BTreeMap<Query, Remote<Answer>>,
    /// Services that are or were registered in a target group. Kept because looking for them among thousands with every
    /// answer would be slow; whoever asks checks that they still are.
    users: BTreeMap<TargetGroupArn, BTreeSet<ServiceArn>>,
}

impl Store {
    /// Forgets everything that belongs to a cluster, before another one is shown.
    pub fn leave_cluster(&mut self) {
        let identity = std::mem::take(&mut self.identity);
        let clusters = std::mem::take(&mut self.clusters);
        let mut answers = std::mem::take(&mut self.answers);
        answers.retain(|query, _| matches!(query, Query::TaskDefinition { .. }));
        *self = Self { identity, clusters, answers, ..Self::default() };
    }

    /// The state of a service, if it has been described.
    pub fn service(&self, arn: &ServiceArn) -> Option<&Service> {
        self.services.get(arn).and_then(|entry| entry.remote.value())
    }

    /// How a service does and why, once it has been described.
    pub fn judgement(&self, arn: &ServiceArn) -> Option<&Judgement> {
        self.services.get(arn).and_then(|entry| entry.judgement.as_ref())
    }

    /// Where the answer to a query will be kept: one place, or one a service for a batch of services.
    pub fn slots(&mut self, query: &Query) -> Vec<&mut dyn Slot> {
        match query {
            Query::Identity => vec![&mut self.identity],
            Query::Clusters => vec![&mut self.clusters],
            Query::ServiceArns { .. } => vec![&mut self.service_arns],
            Query::Services { services, .. } => {
                let asked: BTreeSet<&ServiceArn> = services.iter().collect();
                let entries = self.services.iter_mut().filter(|(arn, _)| asked.contains(arn));
                entries.map(|(_, entry)| &mut entry.remote as &mut dyn Slot).collect()
            }
            other => vec![self.answers.entry(other.clone()).or_default()],
        }
    }

    /// Takes the answer to a query, or its failure, and judges anew what depends on it. Returns the services that show
    /// that something happened to their tasks since they were last read.
    pub fn settle(&mut self, query: &Query, moment: Moment, result: Result<Answer, CallError>) -> Vec<ServiceArn> {
        let Moment { here: at, aws } = moment;
        match (query, result) {
            (Query::Services { services: asked, .. }, Ok(Answer::Services(services))) => {
                return self.settle_services(asked, moment, services);
            }
            (Query::ServiceArns { .. }, Ok(Answer::ServiceArns(arns))) => {
                let listed: BTreeSet<&ServiceArn> = arns.iter().collect();
                self.services.retain(|arn, _| listed.contains(arn));
                for arn in &arns {
                    self.services.entry(arn.clone()).or_default();
                }
                self.service_arns.settle(at, arns);
            }
            (Query::Identity, Ok(Answer::Identity(identity))) => self.identity.settle(at, identity),
            (Query::Clusters, Ok(Answer::Clusters(clusters))) => {
                let failed = |clusters: &Vec<Cluster>| {
                    clusters.iter().filter_map(|cluster| cluster.details.error()).cloned().collect()
                };
                settle_unless_poorer(&mut self.clusters, at, clusters, failed);
            }
            (query, Ok(answer)) if answers(query, &answer) => {
                let remote = self.answers.entry(query.clone()).or_default();
                let news = remote.value() != Some(&answer) || remote.failure().is_some();
                match query {
                    // The tasks that are there now matter more than the address of a host.
                    Query::Tasks { .. } => remote.settle(at, answer),
                    _ => settle_unless_poorer(remote, at, answer, |answer| {
                        answer.failures().into_iter().cloned().collect()
                    }),
                }
                if news {
                    self.judge_concerned(query, aws);
                }
            }
            (query, Err(error)) => {
                for slot in self.slots(query) {
                    slot.fail(at, error.clone());
                }
                // Without an old answer what was loading is unknown from now on.
                if self.answers.get(query).is_some_and(|remote| remote.value().is_none()) {
                    self.judge_concerned(query, aws);
                }
            }
            (query, Ok(_)) => self.slots(query).into_iter().for_each(Slot::forget_request),
        }
        Vec::new()
    }

    fn settle_services(&mut self, asked: &[ServiceArn], moment: Moment, services: Vec<Service>) -> Vec<ServiceArn> {
        let mut missing: BTreeSet<&ServiceArn> = asked.iter().collect();
        let mut moved = Vec::new();
        for service in services {
            let arn = service.arn.clone();
            missing.remove(&arn);
            let before = self.service(&arn);
            if before.is_some_and(|before| activity(before) != activity(&service)) {
                moved.push(arn);
            }
            self.settle_service(service, moment);
        }
        for arn in missing {
            self.services.remove(arn);
        }
        moved
    }

    pub(super) fn settle_service(&mut self, service: Service, moment: Moment) {
        let arn = service.arn.clone();
        for group in service.target_groups() {
            self.users.entry(group.clone()).or_default().insert(arn.clone());
        }
        let entry = self.services.entry(arn.clone()).or_default();
        let same = entry.remote.value() == Some(&service);
        let lately = entry.judged_at.is_some_and(|at| moment.aws.duration_since(at).abs() < SAME_JUDGEMENT);
        entry.remote.settle(moment.here, service);
        if !(same && lately) {
            self.judge(&arn, moment.aws);
        }
    }

    /// Takes the state AWS returned with an accepted change, and reads everything about the service again soon.
    pub fn accepted(&mut self, service: Service, moment: Moment) {
        let arn = service.arn.clone();
        self.settle_service(service, moment);
        self.outdate_service(&arn);
    }

    /// Reads everything about a service again soon.
    pub fn outdate_service(&mut self, arn: &ServiceArn) {
        if let Some(entry) = self.services.get_mut(arn) {
            entry.remote.outdate();
        }
        self.outdate_details(arn);
    }

    /// Asks again soon for what is likely to have changed together with the service.
    pub fn outdate_details(&mut self, arn: &ServiceArn) {
        let Some(service) = self.service(arn) else { return };
        let groups = service.target_groups().into_iter();
        let mut queries: Vec<Query> = groups.map(|group| Query::TargetHealth { target_group: group.clone() }).collect();
        queries.extend([tasks_of(service), deployments_of(service)]);
        self.outdate(queries.iter());
    }

    /// Asks again soon for everything about the cluster and one service. What never changes only if it is missing.
    pub fn outdate_all(&mut self, selected: Option<&ServiceArn>) {
        self.service_arns.outdate();
        self.clusters.outdate();
        for entry in self.services.values_mut() {
            entry.remote.outdate();
        }
        if self.identity.failure().is_some() {
            self.identity.outdate();
        }
        let failed = self.answers.values_mut().filter(|remote| remote.value().is_none());
        failed.filter(|remote| remote.failure().is_some()).for_each(Slot::outdate);
        let metrics = |query: &Query| match query {
            Query::Loads { .. } => true,
            Query::Metrics { service, .. } | Query::AlarmsAbout { service, .. } => Some(service) == selected,
            _ => false,
        };
        self.answers.iter_mut().filter(|(query, _)| metrics(query)).for_each(|(_, remote)| remote.outdate());
        let Some(arn) = selected else { return };
        let needs = self.services.get(arn).map(|entry| entry.needs.clone()).unwrap_or_default();
        self.outdate(needs.iter().filter(|query| !never_changes(query)));
        self.outdate_details(arn);
    }

    fn outdate<'q>(&mut self, queries: impl Iterator<Item = &'q Query>) {
        for query in queries {
            if let Some(remote) = self.answers.get_mut(query) {
                remote.outdate();
            }
        }
    }

    /// Drops answers that are old and that nobody wants: those about network interfaces, tasks and log streams that are gone
    /// would pile up. What never changes stays as long as a service of the cluster needs it.
    pub fn forget(&mut self, now: Timestamp, wanted: &BTreeSet<Query>) {
        let services = &self.services;
        let needs = services.values().flat_map(|entry| &entry.needs);
        let lasting: BTreeSet<&Query> = needs.filter(|query| never_changes(query)).collect();
        let needed = |query: &Query| wanted.contains(query) || lasting.contains(query);
        self.answers.retain(|query, remote| {
            remote.is_under_way()
                || remote.touched().is_some_and(|at| now.duration_since(at) <= FORGOTTEN_AFTER)
                || needed(query)
        });
        self.users.retain(|_, users| {
            users.retain(|arn| services.contains_key(arn));
            !users.is_empty()
        });
    }

    /// Health of a target group's targets, including that it could not be read.
    pub fn known_targets(&self, group: &TargetGroupArn) -> Known<&[Target]> {
        self.target_health(group).known()
    }

    /// Targets of a service over all its groups, once all of them are known.
    pub fn target_count(&self, service: &Service) -> Option<TargetCount> {
        let groups = service.target_groups();
        if groups.is_empty() {
            return None;
        }
        let mut count = TargetCount { healthy: 0, total: 0 };
        for group in groups {
            for target in self.target_health(group).value()? {
                match target.state {
                    TargetState::Healthy => {
                        count.healthy += 1;
                        count.total += 1;
                    }
                    TargetState::Draining => {}
                    _ => count.total += 1,
                }
            }
        }
        Some(count)
    }

    /// Services registered in a target group.
    fn users_of(&self, group: &TargetGroupArn) -> Vec<&Service> {
        let users = self.users.get(group).into_iter().flatten();
        users.filter_map(|arn| self.service(arn)).filter(|service| service.target_groups().contains(&group)).collect()
    }

    /// Judges anew the services an answer speaks of: only these, since most answers speak of one.
    fn judge_concerned(&mut self, query: &Query, now: Timestamp) {
        let concerned: Vec<ServiceArn> = match query {
            Query::Tasks { service, .. }
            | Query::ServiceDeployments { service, .. }
            | Query::Scaling { service, .. }
            | Query::Utilization { service, .. } => vec![service.clone()],
            Query::TargetGroup { target_group }
            | Query::TargetGroupAttributes { target_group }
            | Query::TargetHealth { target_group }
            | Query::Traffic { target_group, .. } => {
                self.users_of(target_group).into_iter().map(|service| service.arn.clone()).collect()
            }
            // No finding is made of these.
            Query::Metrics { .. } | Query::Loads { .. } | Query::AlarmsAbout { .. } => Vec::new(),
            other => {
                let needing = self.services.iter().filter(|(_, entry)| entry.needs.contains(other));
                needing.map(|(arn, _)| arn.clone()).collect()
            }
        };
        for arn in concerned {
            self.judge(&arn, now);
        }
    }

    /// How a service does and why, and what it takes to know better: the one place where facts become a judgement.
    fn judge(&mut self, arn: &ServiceArn, now: Timestamp) {
        let judged = self.examined(arn, now, |facts| {
            let Examination { diagnosis, assessment, needs } = examine(facts);
            (Judgement::new(assessment, diagnosis), needs)
        });
        if let Some(entry) = self.services.get_mut(arn) {
            let (judgement, needs) = judged.map(|(judgement, needs)| (Some(judgement), needs)).unwrap_or_default();
            (entry.judgement, entry.needs, entry.judged_at) = (judgement, needs, Some(now));
        }
    }

    /// How packets travel to and from the tasks of a service, as it was known when it was judged.
    pub fn paths(&self, arn: &ServiceArn) -> Vec<Path> {
        let judged_at = self.services.get(arn).and_then(|entry| entry.judged_at);
        judged_at.and_then(|at| self.examined(arn, at, paths)).unwrap_or_default()
    }

    /// What `look` makes of everything known about a service.
    fn examined<T>(&self, arn: &ServiceArn, now: Timestamp, look: impl FnOnce(Facts<'_>) -> T) -> Option<T> {
        let service = self.service(arn)?;
        let sharing = self.sharing(service);
        let region = service.arn.as_str().split(':').nth(3).filter(|region| !region.is_empty());
        Some(look(Facts { service, answers: self, sharing: &sharing, region, now }))
    }

    /// Other active services that use one of its target groups.
    fn sharing(&self, service: &Service) -> Vec<(TargetGroupArn, String)> {
        let others = |group: &&TargetGroupArn| {
            let users = self.users_of(group).into_iter();
            users
                .filter(|other| other.arn != service.arn && other.status == ServiceStatus::Active)
                .map(|other| ((*group).clone(), other.name.clone()))
                .collect::<Vec<_>>()
        };
        service.target_groups().iter().flat_map(others).collect()
    }

    /// Services of the cluster that have been described at least once, and how many there are.
    pub fn described(&self) -> (usize, usize) {
        let described = self.services.values().filter(|entry| entry.remote.value().is_some()).count();
        (described, self.services.len())
    }
}

/// Whether the answer stays the same for ever.
pub(super) const fn never_changes(query: &Query) -> bool {
    matches!(query, Query::Identity | Query::TaskDefinition { .. } | Query::ServiceRevisions { .. })
}

/// Knowing less than before is a failed refresh: what was there stays, with its age and the error.
fn settle_unless_poorer<T: PartialEq>(
    remote: &mut Remote<T>,
    at: Timestamp,
    value: T,
    failures: impl Fn(&T) -> Vec<CallError>,
) {
    let (before, now) = (remote.value().map(|value| failures(value).len()), failures(&value));
    match now.first() {
        Some(error) if before.is_some_and(|before| before < now.len()) => remote.fail(at, error.clone()),
        _ => remote.settle(at, value),
    }
}

/// What moves when tasks come, go or fail: a change here means that tasks and targets are worth reading again.
fn activity(service: &Service) -> impl PartialEq + use<> {
    let deployments: Vec<(String, u32, u32, u32)> = service
        .deployments
        .iter()
        .map(|deployment| (deployment.id.clone(), deployment.running, deployment.pending, deployment.failed))
        .collect();
    let newest_event = service.events.first().map(|event| event.id.clone());
    (service.desired, service.running, service.pending, deployments, newest_event)
}
