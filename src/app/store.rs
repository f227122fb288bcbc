//! What AWS has told us, each piece with its age and its failures. Answers enter here and nowhere else; everything on the
//! screen is derived from it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::remote::{Remote, Slot};
use crate::diagnose::health::{self, Assessment, Facts};
use crate::model::arn::{LoadBalancerArn, ServiceArn, TargetGroupArn, TaskDefinitionArn};
use crate::model::call::CallError;
use crate::model::cluster::{CallerIdentity, Cluster};
use crate::model::known::Known;
use crate::model::load_balancing::{LoadBalancerRouting, Target, TargetGroup, TargetState};
use crate::model::query::{Answer, Query};
use crate::model::service::Service;
use crate::model::service_deployment::ServiceDeployment;
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;

/// A service of the cluster on the screen.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServiceEntry {
    /// Its state; not there yet while only its name is known.
    pub remote: Remote<Service>,
    /// How it does, judged anew whenever one of the facts behind it changes. Kept because judging thousands of services
    /// for every frame would cost more than the frame.
    pub assessment: Option<Assessment>,
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
    /// Tasks, running and stopped, of services that were looked at.
    pub tasks: BTreeMap<ServiceArn, Remote<Vec<Task>>>,
    /// Deployment histories of services that were looked at.
    pub service_deployments: BTreeMap<ServiceArn, Remote<Vec<ServiceDeployment>>>,
    /// Revisions, which never change.
    pub task_definitions: BTreeMap<TaskDefinitionArn, Remote<TaskDefinition>>,
    /// Settings of target groups.
    pub target_groups: BTreeMap<TargetGroupArn, Remote<TargetGroup>>,
    /// Health of targets.
    pub target_health: BTreeMap<TargetGroupArn, Remote<Vec<Target>>>,
    /// Load balancers with listeners and rules.
    pub routing: BTreeMap<LoadBalancerArn, Remote<LoadBalancerRouting>>,
    /// Answers to all other queries.
    pub answers: BTreeMap<Query, Remote<Answer>>,
}

impl Store {
    /// Forgets everything that belongs to a cluster, before another one is shown.
    pub fn leave_cluster(&mut self) {
        let identity = std::mem::take(&mut self.identity);
        let clusters = std::mem::take(&mut self.clusters);
        let task_definitions = std::mem::take(&mut self.task_definitions);
        *self = Self { identity, clusters, task_definitions, ..Self::default() };
    }

    /// The state of a service, if it has been described.
    pub fn service(&self, arn: &ServiceArn) -> Option<&Service> {
        self.services.get(arn).and_then(|entry| entry.remote.value())
    }

    /// Where the answer to a query will be kept: one place, or one a service for a batch of services.
    pub fn slots(&mut self, query: &Query) -> Vec<&mut dyn Slot> {
        fn slot<'a, K: Ord + Clone, T>(map: &'a mut BTreeMap<K, Remote<T>>, key: &K) -> Vec<&'a mut dyn Slot> {
            vec![map.entry(key.clone()).or_default()]
        }
        match query {
            Query::Identity => vec![&mut self.identity],
            Query::Clusters => vec![&mut self.clusters],
            Query::ServiceArns { .. } => vec![&mut self.service_arns],
            Query::Services { services, .. } => {
                let asked: BTreeSet<&ServiceArn> = services.iter().collect();
                let entries = self.services.iter_mut().filter(|(arn, _)| asked.contains(arn));
                entries.map(|(_, entry)| &mut entry.remote as &mut dyn Slot).collect()
            }
            Query::Tasks { service, .. } => slot(&mut self.tasks, service),
            Query::ServiceDeployments { service, .. } => slot(&mut self.service_deployments, service),
            Query::TaskDefinition { task_definition } => slot(&mut self.task_definitions, task_definition),
            Query::TargetGroup { target_group } => slot(&mut self.target_groups, target_group),
            Query::TargetHealth { target_group } => slot(&mut self.target_health, target_group),
            Query::Routing { load_balancer } => slot(&mut self.routing, load_balancer),
            other => slot(&mut self.answers, other),
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
                settle_unless_poorer(&mut self.clusters, at, clusters, |clusters| {
                    clusters.iter().filter_map(|cluster| cluster.details.error()).collect()
                });
            }
            (Query::Tasks { service, .. }, Ok(Answer::Tasks(tasks))) => {
                self.tasks.entry(service.clone()).or_default().settle(at, tasks);
                self.assess(service, aws);
            }
            (Query::ServiceDeployments { service, .. }, Ok(Answer::ServiceDeployments(deployments))) => {
                self.service_deployments.entry(service.clone()).or_default().settle(at, deployments);
            }
            (Query::TaskDefinition { task_definition }, Ok(Answer::TaskDefinition(definition))) => {
                self.task_definitions.entry(task_definition.clone()).or_default().settle(at, *definition);
            }
            (Query::TargetGroup { target_group }, Ok(Answer::TargetGroup(group))) => {
                self.target_groups.entry(target_group.clone()).or_default().settle(at, *group);
                self.assess_users_of(target_group, aws);
            }
            (Query::TargetHealth { target_group }, Ok(Answer::TargetHealth(targets))) => {
                self.target_health.entry(target_group.clone()).or_default().settle(at, targets);
                self.assess_users_of(target_group, aws);
            }
            (Query::Routing { load_balancer }, Ok(Answer::Routing(routing))) => {
                let remote = self.routing.entry(load_balancer.clone()).or_default();
                settle_unless_poorer(remote, at, *routing, |routing| routing.failures().collect());
            }
            (query, Err(error)) => {
                for slot in self.slots(query) {
                    slot.fail(at, error.clone());
                }
                if let Query::TargetHealth { target_group } = query {
                    self.assess_users_of(target_group, aws);
                }
            }
            // The AWS layer answers by the name of the question; anything else cannot be used.
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
            let entry = self.services.entry(arn.clone()).or_default();
            if entry.remote.value().is_some_and(|before| activity(before) != activity(&service)) {
                moved.push(arn.clone());
            }
            entry.remote.settle(moment.here, service);
            self.assess(&arn, moment.aws);
        }
        for arn in missing {
            self.services.remove(arn);
        }
        moved
    }

    /// Takes the state AWS returned with an accepted change, and reads everything about the service again soon.
    pub fn accepted(&mut self, service: Service, moment: Moment) {
        let arn = service.arn.clone();
        self.services.entry(arn.clone()).or_default().remote.settle(moment.here, service);
        self.assess(&arn, moment.aws);
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
        if let Some(tasks) = self.tasks.get_mut(arn) {
            tasks.outdate();
        }
        if let Some(deployments) = self.service_deployments.get_mut(arn) {
            deployments.outdate();
        }
        let groups: Vec<TargetGroupArn> = self.service(arn).map(groups_of).unwrap_or_default();
        for group in groups {
            if let Some(health) = self.target_health.get_mut(&group) {
                health.outdate();
            }
        }
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
        for definition in self.task_definitions.values_mut().filter(|definition| definition.failure().is_some()) {
            definition.outdate();
        }
        let Some(arn) = selected else { return };
        self.outdate_details(arn);
        let groups: Vec<TargetGroupArn> = self.service(arn).map(groups_of).unwrap_or_default();
        for group in groups {
            let Some(settings) = self.target_groups.get_mut(&group) else { continue };
            settings.outdate();
            for balancer in settings.value().into_iter().flat_map(|settings| &settings.load_balancers) {
                if let Some(routing) = self.routing.get_mut(balancer) {
                    routing.outdate();
                }
            }
        }
    }

    /// Health of a target group's targets, including that it could not be read.
    pub fn known_targets(&self, group: &TargetGroupArn) -> Known<&[Target]> {
        let Some(remote) = self.target_health.get(group) else {
            return Known::NotAsked;
        };
        match (remote.value(), remote.failure()) {
            (Some(targets), _) => Known::Known(targets.as_slice()),
            (None, Some(failure)) => Err(failure.error.clone()).into(),
            (None, None) => Known::NotAsked,
        }
    }

    /// Targets of a service over all its groups, once all of them are known.
    pub fn target_count(&self, service: &Service) -> Option<TargetCount> {
        let groups = service.target_groups();
        if groups.is_empty() {
            return None;
        }
        let mut count = TargetCount { healthy: 0, total: 0 };
        for group in groups {
            for target in self.target_health.get(group)?.value()? {
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

    fn assess_users_of(&mut self, group: &TargetGroupArn, now: Timestamp) {
        let users: Vec<ServiceArn> = self
            .services
            .iter()
            .filter(|(_, entry)| entry.remote.value().is_some_and(|service| service.target_groups().contains(&group)))
            .map(|(arn, _)| arn.clone())
            .collect();
        for arn in users {
            self.assess(&arn, now);
        }
    }

    fn assess(&mut self, arn: &ServiceArn, now: Timestamp) {
        let assessment = self.service(arn).map(|service| {
            let groups = service.target_groups();
            health::assess(&Facts {
                service,
                targets: groups.iter().map(|group| (*group, self.known_targets(group))).collect(),
                target_groups: groups
                    .iter()
                    .filter_map(|group| self.target_groups.get(*group).and_then(Remote::value))
                    .collect(),
                tasks: self.tasks.get(arn).and_then(Remote::value).map(Vec::as_slice),
                now,
            })
        });
        if let Some(entry) = self.services.get_mut(arn) {
            entry.assessment = assessment;
        }
    }

    /// Services of the cluster that have been described at least once, and how many there are.
    pub fn described(&self) -> (usize, usize) {
        let described = self.services.values().filter(|entry| entry.remote.value().is_some()).count();
        (described, self.services.len())
    }
}

/// Knowing less than before is a failed refresh: what was there stays, with its age and the error.
fn settle_unless_poorer<T>(remote: &mut Remote<T>, at: Timestamp, value: T, failures: impl Fn(&T) -> Vec<&CallError>) {
    let (before, now) = (remote.value().map(|value| failures(value).len()), failures(&value));
    match now.first() {
        Some(error) if before.is_some_and(|before| before < now.len()) => {
            let error = (*error).clone();
            remote.fail(at, error);
        }
        _ => remote.settle(at, value),
    }
}

fn groups_of(service: &Service) -> Vec<TargetGroupArn> {
    service.target_groups().into_iter().cloned().collect()
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
