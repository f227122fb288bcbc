//! What can be asked of AWS and what comes back, and what can be changed. The core asks by value: a [`Query`] is data, so
//! sessions can be recorded, compared and replayed; `aws/` turns it into calls and the calls into an [`Answer`].

use serde::{Deserialize, Serialize};

use super::arn::{ClusterName, LoadBalancerArn, ServiceArn, TargetGroupArn, TaskDefinitionArn};
use super::call::{CallError, Operation};
use super::cluster::{CallerIdentity, Cluster};
use super::load_balancing::{LoadBalancerRouting, Target, TargetGroup};
use super::service::Service;
use super::service_deployment::ServiceDeployment;
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
}

impl Answer {
    /// Calls that failed although the answer came, one of each operation: what they would have told is missing in it.
    pub fn failures(&self) -> Vec<&CallError> {
        let mut failures: Vec<&CallError> = match self {
            Self::Clusters(clusters) => clusters.iter().filter_map(|cluster| cluster.details.error()).collect(),
            Self::Tasks(tasks) => tasks.iter().filter_map(|task| task.ec2_instance.error()).collect(),
            Self::Routing(routing) => routing.failures().collect(),
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
