//! Every operation this program sends, in one table: its name, whom it goes to, and whose tokens it takes. What is not
//! listed here cannot be called.

use crate::model::call;

/// Operations that share one token bucket at AWS (catalogue section 8), and therefore one budget here. A family is also a
/// bulkhead: an operation that hangs holds up its own family only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// DescribeServices, ListServices.
    ServiceRead,
    /// DescribeTasks, ListTasks, DescribeContainerInstances, ListContainerInstances.
    ClusterResourceRead,
    /// DescribeClusters, ListClusters.
    ClusterRead,
    /// DescribeTaskDefinition, ListTaskDefinitions.
    TaskDefinitionRead,
    /// ListServiceDeployments, DescribeServiceDeployments.
    ServiceDeploymentRead,
    /// DescribeServiceRevisions.
    ServiceRevisionRead,
    /// DescribeCapacityProviders.
    CapacityProviderRead,
    /// GetTaskProtection.
    TaskProtectionRead,
    /// UpdateService.
    ServiceModify,
    /// DescribeTargetHealth, one target group a call: the tightest of all.
    TargetHealthRead,
    /// The other reads of ELBv2.
    LoadBalancerRead,
    /// Everything asked of EC2.
    NetworkRead,
    /// Application Auto Scaling.
    ScalingRead,
    /// DescribeAlarms.
    AlarmRead,
    /// GetMetricData.
    MetricRead,
    /// FilterLogEvents, the scarcest read of CloudWatch Logs.
    LogSearch,
    /// GetLogEvents.
    LogRead,
    /// DescribeLogGroups.
    LogGroupRead,
    /// StartLiveTail.
    LiveTail,
    /// StartQuery, GetQueryResults, StopQuery.
    LogInsights,
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
    /// The operation in the words of the model.
    pub(super) fn named(&self) -> call::Operation {
        call::Operation::new(self.service, self.name)
    }
}

/// The table: a constant for each operation, and [`ALL`] of them.
macro_rules! operations {
    ($($constant:ident = $verb:ident $service:literal $name:literal $family:ident;)*) => {
        $(pub(super) const $constant: Operation = Operation {
            service: $service,
            name: $name,
            family: Family::$family,
            mutating: operations!(@$verb),
        };)*

        /// Every operation there is.
        #[cfg(test)]
        const ALL: &[Operation] = &[$($constant),*];
    };
    (@read) => { false };
    (@change) => { true };
}

operations! {
    LIST_CLUSTERS = read "ecs" "ListClusters" ClusterRead;
    DESCRIBE_CLUSTERS = read "ecs" "DescribeClusters" ClusterRead;
    LIST_SERVICES = read "ecs" "ListServices" ServiceRead;
    DESCRIBE_SERVICES = read "ecs" "DescribeServices" ServiceRead;
    LIST_TASKS = read "ecs" "ListTasks" ClusterResourceRead;
    DESCRIBE_TASKS = read "ecs" "DescribeTasks" ClusterResourceRead;
    LIST_CONTAINER_INSTANCES = read "ecs" "ListContainerInstances" ClusterResourceRead;
    DESCRIBE_CONTAINER_INSTANCES = read "ecs" "DescribeContainerInstances" ClusterResourceRead;
    LIST_TASK_DEFINITIONS = read "ecs" "ListTaskDefinitions" TaskDefinitionRead;
    DESCRIBE_TASK_DEFINITION = read "ecs" "DescribeTaskDefinition" TaskDefinitionRead;
    LIST_SERVICE_DEPLOYMENTS = read "ecs" "ListServiceDeployments" ServiceDeploymentRead;
    DESCRIBE_SERVICE_DEPLOYMENTS = read "ecs" "DescribeServiceDeployments" ServiceDeploymentRead;
    DESCRIBE_SERVICE_REVISIONS = read "ecs" "DescribeServiceRevisions" ServiceRevisionRead;
    DESCRIBE_CAPACITY_PROVIDERS = read "ecs" "DescribeCapacityProviders" CapacityProviderRead;
    GET_TASK_PROTECTION = read "ecs" "GetTaskProtection" TaskProtectionRead;
    UPDATE_SERVICE = change "ecs" "UpdateService" ServiceModify;

    DESCRIBE_TARGET_GROUPS = read "elasticloadbalancing" "DescribeTargetGroups" LoadBalancerRead;
    DESCRIBE_TARGET_GROUP_ATTRIBUTES = read "elasticloadbalancing" "DescribeTargetGroupAttributes" LoadBalancerRead;
    DESCRIBE_TARGET_HEALTH = read "elasticloadbalancing" "DescribeTargetHealth" TargetHealthRead;
    DESCRIBE_LOAD_BALANCERS = read "elasticloadbalancing" "DescribeLoadBalancers" LoadBalancerRead;
    DESCRIBE_LISTENERS = read "elasticloadbalancing" "DescribeListeners" LoadBalancerRead;
    DESCRIBE_RULES = read "elasticloadbalancing" "DescribeRules" LoadBalancerRead;

    DESCRIBE_SUBNETS = read "ec2" "DescribeSubnets" NetworkRead;
    DESCRIBE_SECURITY_GROUPS = read "ec2" "DescribeSecurityGroups" NetworkRead;
    DESCRIBE_NETWORK_ACLS = read "ec2" "DescribeNetworkAcls" NetworkRead;
    DESCRIBE_ROUTE_TABLES = read "ec2" "DescribeRouteTables" NetworkRead;
    DESCRIBE_VPC_ENDPOINTS = read "ec2" "DescribeVpcEndpoints" NetworkRead;
    DESCRIBE_VPC_ATTRIBUTE = read "ec2" "DescribeVpcAttribute" NetworkRead;
    DESCRIBE_VPC_BLOCK_PUBLIC_ACCESS_OPTIONS = read "ec2" "DescribeVpcBlockPublicAccessOptions" NetworkRead;
    DESCRIBE_VPC_BLOCK_PUBLIC_ACCESS_EXCLUSIONS = read "ec2" "DescribeVpcBlockPublicAccessExclusions" NetworkRead;
    DESCRIBE_NETWORK_INTERFACES = read "ec2" "DescribeNetworkInterfaces" NetworkRead;
    DESCRIBE_INSTANCES = read "ec2" "DescribeInstances" NetworkRead;
    GET_MANAGED_PREFIX_LIST_ENTRIES = read "ec2" "GetManagedPrefixListEntries" NetworkRead;

    DESCRIBE_SCALABLE_TARGETS = read "application-autoscaling" "DescribeScalableTargets" ScalingRead;
    DESCRIBE_SCALING_ACTIVITIES = read "application-autoscaling" "DescribeScalingActivities" ScalingRead;

    DESCRIBE_ALARMS = read "cloudwatch" "DescribeAlarms" AlarmRead;
    GET_METRIC_DATA = read "cloudwatch" "GetMetricData" MetricRead;

    FILTER_LOG_EVENTS = read "logs" "FilterLogEvents" LogSearch;
    GET_LOG_EVENTS = read "logs" "GetLogEvents" LogRead;
    START_LIVE_TAIL = read "logs" "StartLiveTail" LiveTail;
    DESCRIBE_LOG_GROUPS = read "logs" "DescribeLogGroups" LogGroupRead;
    // These look through logs and change nothing that anybody else sees.
    START_QUERY = read "logs" "StartQuery" LogInsights;
    GET_QUERY_RESULTS = read "logs" "GetQueryResults" LogInsights;
    STOP_QUERY = read "logs" "StopQuery" LogInsights;

    GET_CALLER_IDENTITY = read "sts" "GetCallerIdentity" Identity;
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    /// The actions a policy of `assets/iam` allows.
    fn allowed(policy: &str) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/iam").join(policy);
        let policy: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let statements = policy["Statement"].as_array().unwrap().iter();
        let mut actions: Vec<String> = statements
            .flat_map(|statement| statement["Action"].as_array().unwrap())
            .map(|action| action.as_str().unwrap().to_owned())
            .collect();
        actions.sort();
        actions
    }

    /// Asking who we are needs no permission.
    fn needed(changes: bool) -> Vec<String> {
        let operations = ALL.iter().filter(|operation| operation.service != "sts" && (changes || !operation.mutating));
        let mut actions: Vec<String> = operations.map(|operation| operation.named().to_string()).collect();
        actions.sort();
        actions
    }

    #[test]
    fn the_policies_allow_what_is_called_and_nothing_else() {
        assert_eq!(allowed("read-only.json"), needed(false));
        assert_eq!(allowed("operator.json"), needed(true));
    }
}
