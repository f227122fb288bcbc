//! What a diagnosis works on: a service, whatever AWS has been asked about it, and the present.
//!
//! The facts are answers to queries, each [`Known`] or not; where they are kept is not our business. What was never asked
//! and what was denied look alike to a rule: unknown.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::deployment::is_rolling;
use super::progress::is_running;
use crate::model::arn::{ClusterName, LoadBalancerArn, TargetGroupArn, TaskArn, TaskDefinitionArn};
use crate::model::capacity::{CapacityProvider, ContainerInstance};
use crate::model::known::Known;
use crate::model::load_balancing::{LoadBalancerRouting, Target, TargetGroup};
use crate::model::network::{Instance, NetworkInterface, PrefixList, Subnet, Vpc};
use crate::model::observation::{Alarm, LogExcerpt, Traffic, Utilization};
use crate::model::query::{Answer, LogStream, Query};
use crate::model::scaling::Scaling;
use crate::model::service::{Service, ServiceStatus};
use crate::model::service_deployment::{ServiceDeployment, ServiceRevision};
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;

/// Whoever keeps what AWS said.
pub trait Answers {
    /// What AWS said to the query, if it was asked.
    fn answer(&self, query: &Query) -> Known<&Answer>;

    /// Whether the answer to a query was the same already when another one was answered: only then what is in the one and
    /// missing in the other is missing. Answers that were read together speak of one moment.
    fn held_when(&self, _query: &Query, _other: &Query) -> bool {
        true
    }
}

/// Plain answers: what a command read, what a test made up, what was recorded.
impl Answers for BTreeMap<Query, Known<Answer>> {
    fn answer(&self, query: &Query) -> Known<&Answer> {
        self.get(query).map_or(Known::NotAsked, Known::as_ref)
    }
}

/// Which active services use a target group, so that sharing one shows.
#[derive(Debug, Default)]
pub struct Users<'a>(BTreeMap<&'a TargetGroupArn, Vec<&'a Service>>);

impl<'a> Users<'a> {
    /// Looks at the services of a cluster.
    pub fn of(services: impl IntoIterator<Item = &'a Service>) -> Self {
        let mut users: BTreeMap<&TargetGroupArn, Vec<&Service>> = BTreeMap::new();
        for service in services.into_iter().filter(|service| service.status == ServiceStatus::Active) {
            for group in service.target_groups() {
                users.entry(group).or_default().push(service);
            }
        }
        Self(users)
    }

    /// The other services that use a target group of this one, each with the group.
    pub fn sharing(&self, service: &Service) -> Vec<(TargetGroupArn, String)> {
        let groups = service.target_groups().into_iter();
        let users = groups.flat_map(|group| self.0.get(group).into_iter().flatten().map(move |user| (group, *user)));
        let others = users.filter(|(_, user)| user.arn != service.arn);
        others.map(|(group, user)| (group.clone(), user.name.clone())).collect()
    }
}

/// Everything known about a service.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The service.
    pub service: &'a Service,
    /// What else AWS said.
    pub answers: &'a dyn Answers,
    /// Other active services of the cluster that use one of its target groups, each with the group.
    pub sharing: &'a [(TargetGroupArn, String)],
    /// The region, as far as it is known.
    pub region: Option<&'a str>,
    /// The present, by AWS's clock.
    pub now: Timestamp,
}

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $value:ty = $query:expr, $pattern:pat => $result:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self, $($argument: $type),*) -> Known<$value> {
            #[allow(clippy::redundant_closure_call, reason = "the service is in scope of the query only this way")]
            let query = ($query)(self);
            self.answers.answer(&query).and_then(|answer| match answer {
                $pattern => Some($result),
                _ => None,
            })
        }
    )*};
}

impl<'a> Facts<'a> {
    /// The name of the service's cluster.
    pub fn cluster(&self) -> ClusterName {
        ClusterName::from(&self.service.cluster)
    }

    /// Whether the targets of a group were the same already when the tasks were read.
    pub fn targets_held_with_tasks(&self, target_group: &TargetGroupArn) -> bool {
        let tasks = Query::Tasks { cluster: self.cluster(), service: self.service.arn.clone() };
        self.answers.held_when(&Query::TargetHealth { target_group: target_group.clone() }, &tasks)
    }

    answers! {
        /// Running and stopped tasks of the service.
        tasks() -> &'a [Task] = |facts: &Self| Query::Tasks { cluster: facts.cluster(), service: facts.service.arn.clone() },
            Answer::Tasks(tasks) => tasks.as_slice();
        /// A revision of a task definition.
        task_definition(arn: &TaskDefinitionArn) -> &'a TaskDefinition = |_: &Self| Query::TaskDefinition { task_definition: arn.clone() },
            Answer::TaskDefinition(definition) => &**definition;
        /// The newest deployments of the service, newest first.
        service_deployments() -> &'a [ServiceDeployment] = |facts: &Self| Query::ServiceDeployments { cluster: facts.cluster(), service: facts.service.arn.clone() },
            Answer::ServiceDeployments(deployments) => deployments.as_slice();
        /// The service revisions its newest deployments speak of; see [`Facts::wanted_revisions`].
        service_revisions() -> &'a [ServiceRevision] = |facts: &Self| Query::ServiceRevisions { revisions: facts.wanted_revisions() },
            Answer::ServiceRevisions(revisions) => revisions.as_slice();
        /// Settings of a target group.
        target_group(arn: &TargetGroupArn) -> &'a TargetGroup = |_: &Self| Query::TargetGroup { target_group: arn.clone() },
            Answer::TargetGroup(group) => &**group;
        /// Attributes of a target group by key.
        target_group_attributes(arn: &TargetGroupArn) -> &'a BTreeMap<String, String> = |_: &Self| Query::TargetGroupAttributes { target_group: arn.clone() },
            Answer::TargetGroupAttributes(attributes) => attributes;
        /// Health of the targets of a target group.
        target_health(arn: &TargetGroupArn) -> &'a [Target] = |_: &Self| Query::TargetHealth { target_group: arn.clone() },
            Answer::TargetHealth(targets) => targets.as_slice();
        /// A load balancer with its listeners and rules.
        routing(arn: &LoadBalancerArn) -> &'a LoadBalancerRouting = |_: &Self| Query::Routing { load_balancer: arn.clone() },
            Answer::Routing(routing) => &**routing;
        /// The newest usable revision of a family; nothing inside if there is none.
        latest_revision(family: &str) -> Option<&'a TaskDefinitionArn> = |_: &Self| Query::LatestRevision { family: family.to_owned() },
            Answer::LatestRevision(latest) => latest.as_ref();
        /// The container instances of the cluster.
        container_instances() -> &'a [ContainerInstance] = |facts: &Self| Query::ContainerInstances { cluster: facts.cluster() },
            Answer::ContainerInstances(instances) => instances.as_slice();
        /// The capacity providers the service is placed by; see [`Facts::wanted_capacity_providers`].
        capacity_providers() -> &'a [CapacityProvider] = |facts: &Self| Query::CapacityProviders { names: facts.wanted_capacity_providers() },
            Answer::CapacityProviders(providers) => providers.as_slice();
        /// Which of these tasks (at most ten, in order) are protected from scale-in.
        task_protection(tasks: &[TaskArn]) -> &'a [TaskArn] = |facts: &Self| Query::TaskProtection { cluster: facts.cluster(), tasks: tasks.to_vec() },
            Answer::TaskProtection(protected) => protected.as_slice();
        /// The subnets the service is configured with; see [`Facts::wanted_subnets`].
        subnets() -> &'a [Subnet] = |facts: &Self| Query::Subnets { subnets: facts.wanted_subnets() },
            Answer::Subnets(subnets) => subnets.as_slice();
        /// A VPC with everything in it that decides about packets.
        vpc(id: &str) -> &'a Vpc = |_: &Self| Query::Vpc { vpc: id.to_owned() },
            Answer::Vpc(vpc) => &**vpc;
        /// Network interfaces by id (in order).
        network_interfaces(ids: &[String]) -> &'a [NetworkInterface] = |_: &Self| Query::NetworkInterfaces { interfaces: ids.to_vec() },
            Answer::NetworkInterfaces(interfaces) => interfaces.as_slice();
        /// The network interfaces of a load balancer.
        load_balancer_interfaces(arn: &LoadBalancerArn) -> &'a [NetworkInterface] = |_: &Self| Query::LoadBalancerInterfaces { load_balancer: arn.clone() },
            Answer::LoadBalancerInterfaces(interfaces) => interfaces.as_slice();
        /// EC2 instances by id (in order).
        instances(ids: &[String]) -> &'a [Instance] = |_: &Self| Query::Instances { instances: ids.to_vec() },
            Answer::Instances(instances) => instances.as_slice();
        /// A managed prefix list.
        prefix_list(id: &str) -> &'a PrefixList = |_: &Self| Query::PrefixList { prefix_list: id.to_owned() },
            Answer::PrefixList(list) => list;
        /// Automatic scaling of the service.
        scaling() -> &'a Scaling = |facts: &Self| Query::Scaling { cluster: facts.cluster(), service: facts.service.arn.clone() },
            Answer::Scaling(scaling) => &**scaling;
        /// The alarms its deployments watch; see [`Facts::wanted_alarms`].
        alarms() -> &'a [Alarm] = |facts: &Self| Query::Alarms { names: facts.wanted_alarms() },
            Answer::Alarms(alarms) => alarms.as_slice();
        /// CPU and memory of the service.
        utilization() -> &'a Utilization = |facts: &Self| Query::Utilization { cluster: facts.cluster(), service: facts.service.arn.clone() },
            Answer::Utilization(utilization) => &**utilization;
        /// What a load balancer counted for a target group.
        traffic(load_balancer: &LoadBalancerArn, group: &TargetGroupArn) -> &'a Traffic = |_: &Self| Query::Traffic { load_balancer: load_balancer.clone(), target_group: group.clone() },
            Answer::Traffic(traffic) => &**traffic;
        /// Parts of the log of a container of a task; see [`Facts::log_stream`].
        logs(stream: &LogStream, since: Timestamp) -> &'a LogExcerpt = |_: &Self| Query::Logs { stream: stream.clone(), since },
            Answer::Logs(excerpt) => &**excerpt;
        /// Whether a log group exists.
        log_group(name: &str, region: Option<&str>) -> bool = |_: &Self| Query::LogGroup { name: name.to_owned(), region: region.map(ToOwned::to_owned) },
            Answer::LogGroup(exists) => *exists;
    }

    /// The service revisions worth knowing: those of its newest deployments and those that have tasks, in order.
    pub fn wanted_revisions(&self) -> Vec<crate::model::arn::ServiceRevisionArn> {
        let deployments = self.service_deployments();
        let newest = deployments.known().into_iter().flat_map(|all| all.iter().take(3));
        let of_deployments = newest.flat_map(|deployment| {
            deployment.target_revision.iter().chain(&deployment.source_revisions).chain(&deployment.rollback_to)
        });
        let current = self.service.current_revisions.iter().map(|revision| &revision.arn);
        let mut wanted: Vec<_> = of_deployments.chain(current).cloned().collect();
        wanted.sort();
        wanted.dedup();
        wanted.truncate(20);
        wanted
    }

    /// The target groups to look at: those the service names, and those of the revision a deployment under way brings,
    /// which with blue/green is the other group of the pair. After each deployment the other one of the pair serves.
    pub fn wanted_target_groups(&self) -> Vec<&'a TargetGroupArn> {
        let mut groups = self.service.target_groups();
        for group in self.alternate_target_groups() {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        let (deployments, revisions) = (self.service_deployments(), self.service_revisions());
        let newest = deployments.known().and_then(|all| all.first()).filter(|newest| is_running(newest));
        let brings = newest.and_then(|newest| newest.target_revision.as_ref());
        let revisions = revisions.known().copied().unwrap_or_default();
        for group in revisions.iter().filter(|one| Some(&one.arn) == brings).flat_map(|one| &one.target_groups) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }

    /// The second groups of pairs, where the strategy makes use of them.
    pub fn alternate_target_groups(&self) -> impl Iterator<Item = &'a TargetGroupArn> {
        let service = self.service;
        let pairs = service.load_balancers.iter().filter(|_| !is_rolling(service));
        pairs.filter_map(|binding| binding.alternate_target_group.as_ref())
    }

    /// The capacity providers the service is placed by, in order.
    pub fn wanted_capacity_providers(&self) -> Vec<String> {
        let mut names: Vec<_> = self.service.capacity_providers.iter().map(|share| share.provider.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The subnets the service and its deployments are configured with, in order.
    pub fn wanted_subnets(&self) -> Vec<String> {
        let of_deployments = self.service.deployments.iter().filter_map(|deployment| deployment.network.as_ref());
        let networks = self.service.network.iter().chain(of_deployments);
        let mut subnets: Vec<_> = networks.flat_map(|network| &network.subnets).cloned().collect();
        subnets.sort();
        subnets.dedup();
        subnets
    }

    /// The alarms its deployments watch, in order.
    pub fn wanted_alarms(&self) -> Vec<String> {
        let configured = self.service.deployment_configuration.iter().flat_map(|configuration| &configuration.alarms);
        let deployments = self.service_deployments();
        let newest = deployments.known().and_then(|all| all.first());
        let triggered = newest.into_iter().flat_map(|deployment| &deployment.triggered_alarms);
        let mut names: Vec<_> = configured.chain(triggered).cloned().collect();
        names.sort();
        names.dedup();
        names
    }

    /// Ids of the network interfaces of the service's tasks that are not stopped, in order, at most two hundred.
    pub fn wanted_task_interfaces(&self) -> Vec<String> {
        let tasks = self.tasks();
        let present = tasks.known().into_iter().flat_map(|tasks| tasks.iter()).filter(|task| !task.is_stopped());
        let mut ids: Vec<_> =
            present.filter_map(|task| task.interface.as_ref()?.id.clone()).filter(|id| !id.is_empty()).collect();
        ids.sort();
        ids.dedup();
        ids.truncate(200);
        ids
    }

    /// Ids of the EC2 instances the service's tasks that are not stopped run on, in order.
    pub fn wanted_instances(&self) -> Vec<String> {
        let tasks = self.tasks();
        let present = tasks.known().into_iter().flat_map(|tasks| tasks.iter()).filter(|task| !task.is_stopped());
        let mut ids: Vec<_> = present.filter_map(|task| task.ec2_instance.known().cloned()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// The log stream of a container of a task, if it writes to CloudWatch Logs under a name that can be told
    /// (`awslogs-stream-prefix/CONTAINER/TASK`).
    pub fn log_stream(&self, task: &Task, container: &str) -> Option<LogStream> {
        let definition = self.task_definition(&task.task_definition);
        let containers = &definition.known()?.containers;
        let logs = containers.iter().find(|definition| definition.name == container)?.logs.as_ref()?;
        if logs.driver != "awslogs" {
            return None;
        }
        let option = |name: &str| logs.options.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let group = option("awslogs-group")?;
        let prefix = option("awslogs-stream-prefix")?;
        let region = option("awslogs-region").filter(|region| self.region.is_some_and(|here| here != region));
        Some(LogStream { group, stream: format!("{prefix}/{container}/{}", task.arn.name()), region })
    }
}
