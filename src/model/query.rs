//! What can be asked of AWS and what comes back, and what can be changed. The core asks by value: a [`Query`] is data, so
//! sessions can be recorded, compared and replayed; `aws/` turns it into calls and the calls into an [`Answer`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::arn::{
    ClusterName, LoadBalancerArn, ServiceArn, ServiceRevisionArn, TargetGroupArn, TaskArn, TaskDefinitionArn,
};
use super::call::{CallError, Operation};
use super::capacity::{CapacityProvider, ContainerInstance};
use super::cluster::{CallerIdentity, Cluster};
use super::insights::{InsightsQuery, InsightsResults, Started};
use super::load_balancing::{LoadBalancerRouting, Target, TargetGroup};
use super::log::{LogEvent, LogSource};
use super::metric::{Load, MetricRange, ServiceMetrics, WatchedAlarms};
use super::network::{Instance, NetworkInterface, PrefixList, Subnet, Vpc};
use super::observation::{Alarm, LogExcerpt, Traffic, Utilization};
use super::scaling::Scaling;
use super::service::Service;
use super::service_deployment::{ServiceDeployment, ServiceRevision};
use super::task::Task;
use super::task_definition::TaskDefinition;

/// A question to AWS. One query is one unit of freshness, failure and cancellation; it may take several calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// Who are we?
    Identity,
    /// All clusters of the account and region.
    Clusters,
    /// Which services exist in the cluster (ListServices, every page).
    ServiceArns {
        /// The cluster.
        cluster: ClusterName,
    },
    /// The state of these services: at most ten, which is one DescribeServices call.
    Services {
        /// The cluster.
        cluster: ClusterName,
        /// At most ten.
        services: Vec<ServiceArn>,
    },
    /// Running and stopped tasks of a service, every page.
    Tasks {
        /// The cluster.
        cluster: ClusterName,
        /// The service.
        service: ServiceArn,
    },
    /// A revision of a task definition. Never changes, so it is asked for once.
    TaskDefinition {
        /// The revision.
        task_definition: TaskDefinitionArn,
    },
    /// The newest deployments of a service.
    ServiceDeployments {
        /// The cluster.
        cluster: ClusterName,
        /// The service.
        service: ServiceArn,
    },
    /// Settings of one target group.
    TargetGroup {
        /// The target group.
        target_group: TargetGroupArn,
    },
    /// Health of the targets of one target group.
    TargetHealth {
        /// The target group.
        target_group: TargetGroupArn,
    },
    /// A load balancer with its listeners and rules.
    Routing {
        /// The load balancer.
        load_balancer: LoadBalancerArn,
    },
    /// Attributes of one target group.
    TargetGroupAttributes {
        /// The target group.
        target_group: TargetGroupArn,
    },
    /// Revisions of services, which never change.
    ServiceRevisions {
        /// At most twenty, in order.
        revisions: Vec<ServiceRevisionArn>,
    },
    /// The newest revision of a task definition family that can be used.
    LatestRevision {
        /// The family.
        family: String,
    },
    /// The container instances of a cluster.
    ContainerInstances {
        /// The cluster.
        cluster: ClusterName,
    },
    /// Capacity providers by name.
    CapacityProviders {
        /// Their names, in order.
        names: Vec<String>,
    },
    /// Which of these tasks are protected from scale-in.
    TaskProtection {
        /// The cluster.
        cluster: ClusterName,
        /// At most ten, in order.
        tasks: Vec<TaskArn>,
    },
    /// Subnets by id, for where nothing else tells the VPC.
    Subnets {
        /// Their ids, in order.
        subnets: Vec<String>,
    },
    /// Everything in a VPC that decides about packets.
    Vpc {
        /// `vpc-…`
        vpc: String,
    },
    /// Network interfaces by id. Those that are gone are not in the answer.
    NetworkInterfaces {
        /// Their ids, in order.
        interfaces: Vec<String>,
    },
    /// The network interfaces of a load balancer, found by their description.
    LoadBalancerInterfaces {
        /// The load balancer.
        load_balancer: LoadBalancerArn,
    },
    /// EC2 instances by id.
    Instances {
        /// Their ids, in order.
        instances: Vec<String>,
    },
    /// A managed prefix list with its entries.
    PrefixList {
        /// `pl-…`
        prefix_list: String,
    },
    /// Automatic scaling of a service.
    Scaling {
        /// The cluster.
        cluster: ClusterName,
        /// The service.
        service: ServiceArn,
    },
    /// Alarms by name.
    Alarms {
        /// Their names, in order.
        names: Vec<String>,
    },
    /// CPU and memory of a service over the last quarter of an hour.
    Utilization {
        /// The cluster.
        cluster: ClusterName,
        /// The service.
        service: ServiceArn,
    },
    /// What a load balancer counted for a target group over the last quarter of an hour.
    Traffic {
        /// The load balancer.
        load_balancer: LoadBalancerArn,
        /// The target group.
        target_group: TargetGroupArn,
    },
    /// Metrics of a service and of what leads to it, in one batch.
    Metrics {
        /// The cluster.
        cluster: ClusterName,
        /// The service.
        service: ServiceArn,
        /// What leads to it.
        target_groups: Vec<(LoadBalancerArn, TargetGroupArn)>,
        /// How far back.
        range: MetricRange,
    },
    /// How busy these services are.
    Loads {
        /// The cluster.
        cluster: ClusterName,
        /// The services, in order.
        services: Vec<ServiceArn>,
    },
    /// The alarms on a service, on its target groups and on its deployments, found among all alarms of the account and
    /// region. (DescribeAlarmsForMetric would be one call for each of a dozen metrics, needs a permission of its own, and
    /// knows no alarms on formulas; DescribeAlarms is a call for each hundred alarms.)
    AlarmsAbout {
        /// The cluster.
        cluster: ClusterName,
        /// The service.
        service: ServiceArn,
        /// What leads to it.
        target_groups: Vec<(LoadBalancerArn, TargetGroupArn)>,
        /// Names of the alarms its deployments watch, in order.
        names: Vec<String>,
    },
    /// Parts of the log of one container of one task.
    Logs {
        /// Where.
        stream: LogStream,
        /// The start of the task; nothing older is looked at.
        since: Timestamp,
    },
    /// The newest events of a source within an interval.
    LogEvents {
        /// Where.
        source: LogSource,
        /// Only of this task, by its id.
        task: Option<String>,
        /// From then on.
        from: Timestamp,
        /// Nothing written then or later.
        until: Timestamp,
        /// At most so many.
        most: u32,
    },
    /// Whether a log group exists.
    LogGroup {
        /// Its name.
        name: String,
        /// Its region, where it is another one.
        region: Option<String>,
    },
    /// Starts a query of Logs Insights. It costs money and is not idempotent: asked once for each time somebody wants it.
    StartInsights {
        /// What to ask.
        query: InsightsQuery,
    },
    /// What a query of Logs Insights has found so far.
    InsightsResults {
        /// Its id.
        id: String,
    },
    /// Stops a query of Logs Insights that somebody started here.
    StopInsights {
        /// Its id.
        id: String,
    },
}

impl Query {
    /// Whether it belongs to a query of Logs Insights, which goes its own way: asked when somebody presses a key or while one
    /// runs, and never again because an answer failed or grew old.
    pub const fn is_of_insights(&self) -> bool {
        matches!(self, Self::StartInsights { .. } | Self::InsightsResults { .. } | Self::StopInsights { .. })
    }

    /// The operation that answers it, or the first of several.
    pub fn operation(&self) -> Operation {
        const ELB: &str = "elasticloadbalancing";
        let (service, name) = match self {
            Self::Identity => ("sts", "GetCallerIdentity"),
            Self::Clusters => ("ecs", "ListClusters"),
            Self::ServiceArns { .. } => ("ecs", "ListServices"),
            Self::Services { .. } => ("ecs", "DescribeServices"),
            Self::Tasks { .. } => ("ecs", "ListTasks"),
            Self::TaskDefinition { .. } => ("ecs", "DescribeTaskDefinition"),
            Self::ServiceDeployments { .. } => ("ecs", "ListServiceDeployments"),
            Self::ServiceRevisions { .. } => ("ecs", "DescribeServiceRevisions"),
            Self::LatestRevision { .. } => ("ecs", "ListTaskDefinitions"),
            Self::ContainerInstances { .. } => ("ecs", "ListContainerInstances"),
            Self::CapacityProviders { .. } => ("ecs", "DescribeCapacityProviders"),
            Self::TaskProtection { .. } => ("ecs", "GetTaskProtection"),
            Self::TargetGroup { .. } => (ELB, "DescribeTargetGroups"),
            Self::TargetHealth { .. } => (ELB, "DescribeTargetHealth"),
            Self::TargetGroupAttributes { .. } => (ELB, "DescribeTargetGroupAttributes"),
            Self::Routing { .. } => (ELB, "DescribeLoadBalancers"),
            Self::Subnets { .. } => ("ec2", "DescribeSubnets"),
            Self::Vpc { .. } => ("ec2", "DescribeSecurityGroups"),
            Self::NetworkInterfaces { .. } | Self::LoadBalancerInterfaces { .. } => {
                ("ec2", "DescribeNetworkInterfaces")
            }
            Self::Instances { .. } => ("ec2", "DescribeInstances"),
            Self::PrefixList { .. } => ("ec2", "GetManagedPrefixListEntries"),
            Self::Scaling { .. } => ("application-autoscaling", "DescribeScalableTargets"),
            Self::Alarms { .. } | Self::AlarmsAbout { .. } => ("cloudwatch", "DescribeAlarms"),
            Self::Utilization { .. } | Self::Traffic { .. } | Self::Metrics { .. } | Self::Loads { .. } => {
                ("cloudwatch", "GetMetricData")
            }
            Self::Logs { .. } | Self::LogEvents { .. } => ("logs", "FilterLogEvents"),
            Self::LogGroup { .. } => ("logs", "DescribeLogGroups"),
            Self::StartInsights { .. } => ("logs", "StartQuery"),
            Self::InsightsResults { .. } => ("logs", "GetQueryResults"),
            Self::StopInsights { .. } => ("logs", "StopQuery"),
        };
        Operation::new(service, name)
    }
}

/// A part of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPage {
    /// The events, oldest first.
    pub events: Vec<LogEvent>,
    /// Whether nothing of the interval was left out.
    pub complete: bool,
}

/// A stream of log lines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogStream {
    /// The log group.
    pub group: String,
    /// The stream: `PREFIX/CONTAINER/TASK`.
    pub stream: String,
    /// The region, where it is another one.
    pub region: Option<String>,
}

/// What AWS said to a [`Query`]; the variants correspond by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To [`Query::Identity`].
    Identity(CallerIdentity),
    /// To [`Query::Clusters`], in order of name.
    Clusters(Vec<Cluster>),
    /// To [`Query::ServiceArns`], in order of name.
    ServiceArns(Vec<ServiceArn>),
    /// To [`Query::Services`]. A service asked for and not in here does not exist (any more).
    Services(Vec<Service>),
    /// To [`Query::Tasks`].
    Tasks(Vec<Task>),
    /// To [`Query::TaskDefinition`].
    TaskDefinition(Box<TaskDefinition>),
    /// To [`Query::ServiceDeployments`], newest first.
    ServiceDeployments(Vec<ServiceDeployment>),
    /// To [`Query::TargetGroup`].
    TargetGroup(Box<TargetGroup>),
    /// To [`Query::TargetHealth`].
    TargetHealth(Vec<Target>),
    /// To [`Query::Routing`].
    Routing(Box<LoadBalancerRouting>),
    /// To [`Query::TargetGroupAttributes`], by key.
    TargetGroupAttributes(BTreeMap<String, String>),
    /// To [`Query::ServiceRevisions`].
    ServiceRevisions(Vec<ServiceRevision>),
    /// To [`Query::LatestRevision`].
    LatestRevision(Option<TaskDefinitionArn>),
    /// To [`Query::ContainerInstances`].
    ContainerInstances(Vec<ContainerInstance>),
    /// To [`Query::CapacityProviders`].
    CapacityProviders(Vec<CapacityProvider>),
    /// To [`Query::TaskProtection`]: those that are protected.
    TaskProtection(Vec<TaskArn>),
    /// To [`Query::Subnets`].
    Subnets(Vec<Subnet>),
    /// To [`Query::Vpc`].
    Vpc(Box<Vpc>),
    /// To [`Query::NetworkInterfaces`].
    NetworkInterfaces(Vec<NetworkInterface>),
    /// To [`Query::LoadBalancerInterfaces`].
    LoadBalancerInterfaces(Vec<NetworkInterface>),
    /// To [`Query::Instances`].
    Instances(Vec<Instance>),
    /// To [`Query::PrefixList`].
    PrefixList(PrefixList),
    /// To [`Query::Scaling`].
    Scaling(Box<Scaling>),
    /// To [`Query::Alarms`].
    Alarms(Vec<Alarm>),
    /// To [`Query::Utilization`].
    Utilization(Box<Utilization>),
    /// To [`Query::Traffic`].
    Traffic(Box<Traffic>),
    /// To [`Query::Metrics`].
    Metrics(Box<ServiceMetrics>),
    /// To [`Query::Loads`]; a service of which nothing was measured has a load of nothing.
    Loads(BTreeMap<ServiceArn, Load>),
    /// To [`Query::AlarmsAbout`].
    AlarmsAbout(Box<WatchedAlarms>),
    /// To [`Query::Logs`]; a stream that does not exist is an empty excerpt.
    Logs(Box<LogExcerpt>),
    /// To [`Query::LogEvents`].
    LogEvents(LogPage),
    /// To [`Query::LogGroup`].
    LogGroup(bool),
    /// To [`Query::StartInsights`].
    StartInsights(Started),
    /// To [`Query::InsightsResults`].
    InsightsResults(Box<InsightsResults>),
    /// To [`Query::StopInsights`].
    StopInsights,
}

impl Answer {
    /// Calls that failed although the answer came, one of each operation: what they would have told is missing in it.
    pub fn failures(&self) -> Vec<&CallError> {
        let mut failures: Vec<&CallError> = match self {
            Self::Clusters(clusters) => clusters.iter().filter_map(|cluster| cluster.details.error()).collect(),
            Self::Tasks(tasks) => tasks.iter().filter_map(|task| task.ec2_instance.error()).collect(),
            Self::Routing(routing) => routing.failures().collect(),
            Self::Vpc(vpc) => vpc.failures().collect(),
            Self::Scaling(scaling) => scaling.failures().collect(),
            _ => Vec::new(),
        };
        failures.sort_by_key(|error| &error.operation);
        failures.dedup_by_key(|error| &error.operation);
        failures
    }
}

/// A change to AWS. Sent once, never retried: whether it arrived is found out by reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mutation {
    /// UpdateService with `forceNewDeployment`: the same revision, new tasks.
    ForceNewDeployment {
        /// The cluster.
        cluster: ClusterName,
        /// The service.
        service: ServiceArn,
    },
    /// UpdateService with `desiredCount`.
    Scale {
        /// The cluster.
        cluster: ClusterName,
        /// The service.
        service: ServiceArn,
        /// Tasks wanted from now on.
        desired: u32,
    },
}

impl Mutation {
    /// The service it changes.
    pub const fn service(&self) -> &ServiceArn {
        match self {
            Self::ForceNewDeployment { service, .. } | Self::Scale { service, .. } => service,
        }
    }

    /// The cluster of that service.
    pub const fn cluster(&self) -> &ClusterName {
        match self {
            Self::ForceNewDeployment { cluster, .. } | Self::Scale { cluster, .. } => cluster,
        }
    }

    /// The operation it sends.
    pub fn operation(&self) -> Operation {
        Operation::new("ecs", "UpdateService")
    }
}
