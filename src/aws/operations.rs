//! Every operation this program sends, in one table: its name, whom it goes to, and whose tokens it takes. What is not
//! listed here cannot be called.

use crate::model::call;

/// Operations that share one token bucket at AWS (catalogue section 8), and therefore one budget here. A family is also a
/// bulkhead: an operation that hangs holds up its own family only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// DescribeServices, ListServices.
    ServiceRead,
    /// DescribeTasks, ListTasks, DescribeContainerInstances.
    ClusterResourceRead,
    /// DescribeClusters, ListClusters.
    ClusterRead,
    /// DescribeTaskDefinition.
    TaskDefinitionRead,
    /// ListServiceDeployments, DescribeServiceDeployments.
    ServiceDeploymentRead,
    /// UpdateService.
    ServiceModify,
    /// DescribeTargetHealth, one target group a call: the tightest of all.
    TargetHealthRead,
    /// The other reads of ELBv2.
    LoadBalancerRead,
    /// STS.
    Identity,
}

/// An operation with what has to be known before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    /// IAM prefix.
    pub(super) service: &'static str,
    /// As AWS spells it.
    pub(super) name: &'static str,
    /// Whose tokens it takes.
    pub(super) family: Family,
    /// Whether it changes something.
    pub(super) mutating: bool,
}

impl Operation {
    const fn read(service: &'static str, name: &'static str, family: Family) -> Self {
        Self { service, name, family, mutating: false }
    }

    /// The operation in the words of the model.
    pub(super) fn named(&self) -> call::Operation {
        call::Operation::new(self.service, self.name)
    }
}

const ECS: &str = "ecs";
const ELB: &str = "elasticloadbalancing";

pub(super) const LIST_CLUSTERS: Operation = Operation::read(ECS, "ListClusters", Family::ClusterRead);
pub(super) const DESCRIBE_CLUSTERS: Operation = Operation::read(ECS, "DescribeClusters", Family::ClusterRead);
pub(super) const LIST_SERVICES: Operation = Operation::read(ECS, "ListServices", Family::ServiceRead);
pub(super) const DESCRIBE_SERVICES: Operation = Operation::read(ECS, "DescribeServices", Family::ServiceRead);
pub(super) const LIST_TASKS: Operation = Operation::read(ECS, "ListTasks", Family::ClusterResourceRead);
pub(super) const DESCRIBE_TASKS: Operation = Operation::read(ECS, "DescribeTasks", Family::ClusterResourceRead);
pub(super) const DESCRIBE_CONTAINER_INSTANCES: Operation =
    Operation::read(ECS, "DescribeContainerInstances", Family::ClusterResourceRead);
pub(super) const DESCRIBE_TASK_DEFINITION: Operation =
    Operation::read(ECS, "DescribeTaskDefinition", Family::TaskDefinitionRead);
pub(super) const LIST_SERVICE_DEPLOYMENTS: Operation =
    Operation::read(ECS, "ListServiceDeployments", Family::ServiceDeploymentRead);
pub(super) const DESCRIBE_SERVICE_DEPLOYMENTS: Operation =
    Operation::read(ECS, "DescribeServiceDeployments", Family::ServiceDeploymentRead);
pub(super) const UPDATE_SERVICE: Operation =
    Operation { service: ECS, name: "UpdateService", family: Family::ServiceModify, mutating: true };
pub(super) const DESCRIBE_TARGET_GROUPS: Operation =
    Operation::read(ELB, "DescribeTargetGroups", Family::LoadBalancerRead);
pub(super) const DESCRIBE_TARGET_HEALTH: Operation =
    Operation::read(ELB, "DescribeTargetHealth", Family::TargetHealthRead);
pub(super) const DESCRIBE_LOAD_BALANCERS: Operation =
    Operation::read(ELB, "DescribeLoadBalancers", Family::LoadBalancerRead);
pub(super) const DESCRIBE_LISTENERS: Operation = Operation::read(ELB, "DescribeListeners", Family::LoadBalancerRead);
pub(super) const DESCRIBE_RULES: Operation = Operation::read(ELB, "DescribeRules", Family::LoadBalancerRead);
pub(super) const GET_CALLER_IDENTITY: Operation = Operation::read("sts", "GetCallerIdentity", Family::Identity);
