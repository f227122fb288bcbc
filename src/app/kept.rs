//! What AWS answered, by question: typed views of the answers a [`Store`] keeps, each with how it stands, and the same
//! answers as facts for a diagnosis.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use super::remote::Remote;
use super::store::Store;
use crate::diagnose::facts::Answers;
use crate::model::arn::{ClusterName, LoadBalancerArn, ServiceArn, TargetGroupArn, TaskDefinitionArn};
use crate::model::known::Known;
use crate::model::load_balancing::{LoadBalancerRouting, Target, TargetGroup};
use crate::model::metric::{Load, MetricRange, ServiceMetrics, WatchedAlarms};
use crate::model::query::{Answer, Query};
use crate::model::service::Service;
use crate::model::service_deployment::ServiceDeployment;
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;

/// Answers that came within so long of each other were asked for together.
const TOGETHER: SignedDuration = SignedDuration::from_secs(3);

/// A piece of AWS's state, if it was answered, and how the question for it stands.
#[derive(Debug)]
pub struct Kept<'a, T: ?Sized> {
    value: Option<&'a T>,
    remote: Option<&'a Remote<Answer>>,
}

impl<T: ?Sized> Clone for Kept<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Kept<'_, T> {}

impl<'a, T: ?Sized> Kept<'a, T> {
    /// The last value, however old.
    pub const fn value(&self) -> Option<&'a T> {
        self.value
    }

    /// Age, failure and request of the question; nothing if it was never asked.
    pub const fn remote(&self) -> Option<&'a Remote<Answer>> {
        self.remote
    }

    /// The value, or why there is none.
    pub fn known(&self) -> Known<&'a T> {
        match (self.value, self.remote.and_then(Remote::failure)) {
            (Some(value), _) => Known::Known(value),
            (None, Some(failure)) => Err(failure.error.clone()).into(),
            (None, None) => Known::NotAsked,
        }
    }
}

/// The question for the tasks of a service.
pub fn tasks_of(service: &Service) -> Query {
    Query::Tasks { cluster: ClusterName::from(&service.cluster), service: service.arn.clone() }
}

/// The question for the deployments of a service.
pub fn deployments_of(service: &Service) -> Query {
    Query::ServiceDeployments { cluster: ClusterName::from(&service.cluster), service: service.arn.clone() }
}

/// The question for the metrics of a service and of what leads to it.
pub fn metrics_of(service: &Service, groups: &[(LoadBalancerArn, TargetGroupArn)], range: MetricRange) -> Query {
    let (cluster, service) = (ClusterName::from(&service.cluster), service.arn.clone());
    Query::Metrics { cluster, service, target_groups: groups.to_vec(), range }
}

/// The question for the alarms that concern a service.
pub fn alarms_about(service: &Service, target_groups: Vec<(LoadBalancerArn, TargetGroupArn)>) -> Query {
    let watched = service.deployment_configuration.iter().flat_map(|configuration| &configuration.alarms);
    let names: BTreeSet<String> = watched.cloned().collect();
    let (cluster, service) = (ClusterName::from(&service.cluster), service.arn.clone());
    Query::AlarmsAbout { cluster, service, target_groups, names: names.into_iter().collect() }
}

impl Store {
    /// The load balancers and target groups that lead to a service; nothing while some of it is still being asked for.
    pub fn what_leads_to(&self, service: &Service) -> Option<Vec<(LoadBalancerArn, TargetGroupArn)>> {
        let mut pairs = Vec::new();
        for group in service.target_groups() {
            let settings = self.target_group(group);
            match settings.known() {
                Known::NotAsked => return None,
                Known::Known(settings) => {
                    pairs.extend(settings.load_balancers.iter().map(|balancer| (balancer.clone(), group.clone())));
                }
                Known::Denied(_) | Known::Failed(_) => {}
            }
        }
        Some(pairs)
    }

    /// Metrics of a service, as a question with its answer.
    pub fn metrics(&self, query: &Query) -> Kept<'_, ServiceMetrics> {
        self.kept(query, |answer| if let Answer::Metrics(metrics) = answer { Some(&**metrics) } else { None })
    }

    /// The alarms that concern a service, as a question with its answer.
    pub fn watched_alarms(&self, query: &Query) -> Kept<'_, WatchedAlarms> {
        self.kept(query, |answer| if let Answer::AlarmsAbout(alarms) = answer { Some(&**alarms) } else { None })
    }

    /// What is kept of the questions how busy the services of the cluster are. The services asked about change as services
    /// come and go.
    fn kept_loads(&self) -> impl Iterator<Item = (&Query, &Remote<Answer>)> {
        let first = Query::Loads { cluster: ClusterName::new(""), services: Vec::new() };
        self.answers.range(first..).take_while(|(query, _)| matches!(query, Query::Loads { .. }))
    }

    /// How busy the services of the cluster are, as of the latest answer, and how the latest question stands.
    pub fn loads(&self) -> Kept<'_, BTreeMap<ServiceArn, Load>> {
        let answered = self.kept_loads().filter(|(_, remote)| remote.value().is_some());
        let newest = answered.max_by_key(|(_, remote)| remote.fetched().map(|fetched| fetched.at));
        let latest = newest.or_else(|| self.kept_loads().max_by_key(|(_, remote)| remote.touched()));
        let remote = latest.map(|(_, remote)| remote);
        let value = remote.and_then(Remote::value);
        Kept {
            value: value.and_then(|answer| if let Answer::Loads(loads) = answer { Some(loads) } else { None }),
            remote,
        }
    }

    /// The question how busy all services of the cluster are. One that was asked lately is still good when a service has
    /// come or gone since: the next one asks about all again.
    pub(super) fn loads_wanted(&self, cluster: &ClusterName, now: Timestamp) -> Option<Query> {
        let lately = |remote: &Remote<Answer>| {
            remote.is_under_way() || remote.touched().is_some_and(|at| now.duration_since(at) < super::wants::LOADS)
        };
        if let Some((query, _)) =
            self.kept_loads().filter(|(_, remote)| lately(remote)).max_by_key(|(_, remote)| remote.touched())
        {
            return Some(query.clone());
        }
        let services: Vec<ServiceArn> = self.services.keys().cloned().collect();
        (!services.is_empty()).then(|| Query::Loads { cluster: cluster.clone(), services })
    }

    /// What is kept of a question, whatever it asks.
    pub fn remote(&self, query: &Query) -> Option<&Remote<Answer>> {
        self.answers.get(query)
    }

    fn kept<'a, T: ?Sized>(&'a self, query: &Query, of: impl FnOnce(&'a Answer) -> Option<&'a T>) -> Kept<'a, T> {
        let remote = self.answers.get(query);
        Kept { value: remote.and_then(Remote::value).and_then(of), remote }
    }

    /// Tasks of a service, running and stopped.
    pub fn tasks(&self, service: &Service) -> Kept<'_, [Task]> {
        self.kept(&tasks_of(service), |answer| if let Answer::Tasks(tasks) = answer { Some(&**tasks) } else { None })
    }

    /// The deployment history of a service.
    pub fn service_deployments(&self, service: &Service) -> Kept<'_, [ServiceDeployment]> {
        self.kept(&deployments_of(service), |answer| match answer {
            Answer::ServiceDeployments(deployments) => Some(&**deployments),
            _ => None,
        })
    }

    /// A revision of a task definition.
    pub fn task_definition(&self, arn: &TaskDefinitionArn) -> Kept<'_, TaskDefinition> {
        self.kept(&Query::TaskDefinition { task_definition: arn.clone() }, |answer| match answer {
            Answer::TaskDefinition(definition) => Some(&**definition),
            _ => None,
        })
    }

    /// Settings of a target group.
    pub fn target_group(&self, arn: &TargetGroupArn) -> Kept<'_, TargetGroup> {
        self.kept(&Query::TargetGroup { target_group: arn.clone() }, |answer| match answer {
            Answer::TargetGroup(group) => Some(&**group),
            _ => None,
        })
    }

    /// Health of the targets of a target group.
    pub fn target_health(&self, arn: &TargetGroupArn) -> Kept<'_, [Target]> {
        self.kept(&Query::TargetHealth { target_group: arn.clone() }, |answer| match answer {
            Answer::TargetHealth(targets) => Some(&**targets),
            _ => None,
        })
    }

    /// A load balancer with its listeners and rules.
    pub fn routing(&self, arn: &LoadBalancerArn) -> Kept<'_, LoadBalancerRouting> {
        self.kept(&Query::Routing { load_balancer: arn.clone() }, |answer| match answer {
            Answer::Routing(routing) => Some(&**routing),
            _ => None,
        })
    }
}

impl Answers for Store {
    fn answer(&self, query: &Query) -> Known<&Answer> {
        self.kept(query, Some).known()
    }

    fn held_when(&self, query: &Query, other: &Query) -> bool {
        let fetched = |query| self.answers.get(query).and_then(Remote::fetched);
        match (fetched(query), fetched(other)) {
            (Some(answer), Some(other)) => answer.since.duration_since(other.at) <= TOGETHER,
            _ => true,
        }
    }
}

/// Whether an answer is one to this kind of question. The AWS layer answers by the name of the question; anything else
/// cannot be used.
pub(super) const fn answers(query: &Query, answer: &Answer) -> bool {
    matches!(
        (query, answer),
        (Query::Identity, Answer::Identity(_))
            | (Query::Clusters, Answer::Clusters(_))
            | (Query::ServiceArns { .. }, Answer::ServiceArns(_))
            | (Query::Services { .. }, Answer::Services(_))
            | (Query::Tasks { .. }, Answer::Tasks(_))
            | (Query::TaskDefinition { .. }, Answer::TaskDefinition(_))
            | (Query::ServiceDeployments { .. }, Answer::ServiceDeployments(_))
            | (Query::TargetGroup { .. }, Answer::TargetGroup(_))
            | (Query::TargetHealth { .. }, Answer::TargetHealth(_))
            | (Query::Routing { .. }, Answer::Routing(_))
            | (Query::TargetGroupAttributes { .. }, Answer::TargetGroupAttributes(_))
            | (Query::ServiceRevisions { .. }, Answer::ServiceRevisions(_))
            | (Query::LatestRevision { .. }, Answer::LatestRevision(_))
            | (Query::ContainerInstances { .. }, Answer::ContainerInstances(_))
            | (Query::CapacityProviders { .. }, Answer::CapacityProviders(_))
            | (Query::TaskProtection { .. }, Answer::TaskProtection(_))
            | (Query::Subnets { .. }, Answer::Subnets(_))
            | (Query::Vpc { .. }, Answer::Vpc(_))
            | (Query::NetworkInterfaces { .. }, Answer::NetworkInterfaces(_))
            | (Query::LoadBalancerInterfaces { .. }, Answer::LoadBalancerInterfaces(_))
            | (Query::Instances { .. }, Answer::Instances(_))
            | (Query::PrefixList { .. }, Answer::PrefixList(_))
            | (Query::Scaling { .. }, Answer::Scaling(_))
            | (Query::Alarms { .. }, Answer::Alarms(_))
            | (Query::Utilization { .. }, Answer::Utilization(_))
            | (Query::Traffic { .. }, Answer::Traffic(_))
            | (Query::Metrics { .. }, Answer::Metrics(_))
            | (Query::Loads { .. }, Answer::Loads(_))
            | (Query::AlarmsAbout { .. }, Answer::AlarmsAbout(_))
            | (Query::Logs { .. }, Answer::Logs(_))
            | (Query::LogEvents { .. }, Answer::LogEvents(_))
            | (Query::LogGroup { .. }, Answer::LogGroup(_))
            | (Query::StartInsights { .. }, Answer::StartInsights(_))
            | (Query::InsightsResults { .. }, Answer::InsightsResults(_))
            | (Query::StopInsights { .. }, Answer::StopInsights)
    )
}

/// JSON has no maps from questions: pairs of question and answer.
pub(super) fn as_pairs<S: Serializer>(
    answers: &BTreeMap<Query, Remote<Answer>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    answers.iter().collect::<Vec<_>>().serialize(serializer)
}
