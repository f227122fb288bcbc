//! A service with its deployments, events and load balancer bindings, as DescribeServices tells it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::arn::{ClusterArn, ServiceArn, ServiceDeploymentArn, ServiceRevisionArn, TargetGroupArn, TaskDefinitionArn};

/// Whether the service exists for the scheduler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceStatus {
    /// The scheduler works on it.
    Active,
    /// It was deleted and its tasks are stopping.
    Draining,
    /// It is gone; AWS still answers for a while.
    Inactive,
    /// A state this version does not know, as AWS spells it.
    Other(String),
}

impl ServiceStatus {
    /// The status as AWS spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
            Self::Other(text) => text,
        }
    }
}

/// Who rolls new revisions out; decides which actions are legal (catalogue section 6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeploymentController {
    /// ECS itself.
    Ecs,
    /// AWS CodeDeploy.
    CodeDeploy,
    /// Task sets driven from outside.
    External,
    /// A controller this version does not know.
    Other(String),
}

/// How the ECS controller replaces tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeploymentStrategy {
    /// Task by task within the bounds of minimum and maximum percent.
    Rolling,
    /// A whole new set, then one switch.
    BlueGreen,
    /// Traffic in equal steps.
    Linear,
    /// A small part of the traffic first.
    Canary,
    /// A strategy this version does not know.
    Other(String),
}

/// How many tasks the scheduler keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SchedulingStrategy {
    /// As many as desired.
    Replica,
    /// One on each container instance.
    Daemon,
}

/// Whether a deployment has reached its goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RolloutState {
    /// Steady state reached.
    Completed,
    /// The circuit breaker or an alarm ended it.
    Failed,
    /// Still rolling.
    InProgress,
    /// A state this version does not know.
    Other(String),
}

impl RolloutState {
    /// The state as AWS spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::InProgress => "IN_PROGRESS",
            Self::Other(text) => text,
        }
    }
}

/// Which of the service's deployments this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeploymentStatus {
    /// The newest, where the service wants to be.
    Primary,
    /// An older one that still has tasks.
    Active,
    /// An older one without tasks.
    Inactive,
    /// A state this version does not know.
    Other(String),
}

/// One entry of `deployments[]`: a revision on its way in, or on its way out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// `ecs-svc/…`; tasks carry it as `startedBy`.
    pub id: String,
    /// Which of the deployments this is.
    pub status: DeploymentStatus,
    /// The revision it rolls out.
    pub task_definition: TaskDefinitionArn,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks running.
    pub running: u32,
    /// Tasks on their way.
    pub pending: u32,
    /// Tasks that failed in a row; ECS sets it back when one succeeds.
    pub failed: u32,
    /// Absent with controllers other than ECS and with classic load balancers.
    pub rollout_state: Option<RolloutState>,
    /// AWS's sentence about the state.
    pub rollout_reason: Option<String>,
    /// When it began.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// Subnets and groups of its own tasks, which the service may have left behind.
    pub network: Option<NetworkConfiguration>,
    /// Service Connect, where it is configured.
    pub service_connect: Option<ServiceConnect>,
}

/// Service Connect of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceConnect {
    /// Whether it is on.
    pub enabled: bool,
    /// The Cloud Map namespace.
    pub namespace: Option<String>,
    /// Names of port mappings it offers to others.
    pub port_names: Vec<String>,
}

/// Registration of tasks in service discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRegistry {
    /// Resource name of the registry.
    pub arn: String,
    /// The container that is registered.
    pub container: Option<String>,
    /// Its port.
    pub container_port: Option<u16>,
}

/// A revision of the service that has tasks: task definition, network and load balancers taken together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRevisionCount {
    /// Its resource name.
    pub arn: ServiceRevisionArn,
    /// Tasks asked for.
    pub requested: u32,
    /// Tasks running.
    pub running: u32,
    /// Tasks on their way.
    pub pending: u32,
}

/// A constraint on where tasks may be placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementConstraint {
    /// `distinctInstance` or `memberOf`.
    pub kind: String,
    /// The expression of `memberOf`.
    pub expression: Option<String>,
}

/// One line of the service's event log; AWS keeps the newest hundred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceEvent {
    /// AWS's id of the event.
    pub id: String,
    /// When it happened.
    pub at: Option<Timestamp>,
    /// AWS's sentence.
    pub message: String,
}

/// That a container of the service is registered in a target group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancerBinding {
    /// The target group; absent with a classic load balancer.
    pub target_group: Option<TargetGroupArn>,
    /// Name of a classic load balancer.
    pub classic_load_balancer: Option<String>,
    /// The container that is registered.
    pub container: Option<String>,
    /// The port of that container.
    pub container_port: Option<u16>,
    /// The other target group of the pair that blue/green and similar strategies move traffic between.
    pub alternate_target_group: Option<TargetGroupArn>,
}

/// `awsvpcConfiguration` of the service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkConfiguration {
    /// Subnets tasks are placed in.
    pub subnets: Vec<String>,
    /// Security groups of the tasks' network interfaces.
    pub security_groups: Vec<String>,
    /// Whether tasks get a public address.
    pub assign_public_ip: bool,
}

/// The bounds and safety nets of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentConfiguration {
    /// Percent of desired that must stay healthy.
    pub minimum_healthy_percent: u32,
    /// Percent of desired that may run at once.
    pub maximum_percent: u32,
    /// Whether repeated failures end the rollout.
    pub circuit_breaker: bool,
    /// Whether an ended rollout goes back by itself.
    pub circuit_breaker_rollback: bool,
    /// How tasks are replaced.
    pub strategy: DeploymentStrategy,
    /// CloudWatch alarms that end the rollout; empty when they are switched off.
    pub alarms: Vec<String>,
    /// Minutes both revisions run after the switch.
    pub bake_time_minutes: Option<u32>,
    /// Whether a deployment may count as successful before all is done.
    pub early_success: bool,
}

/// Share of a capacity provider in placing tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityProviderShare {
    /// `FARGATE`, `FARGATE_SPOT` or a provider's name.
    pub provider: String,
    /// Tasks placed here before weights count.
    pub base: u32,
    /// Relative weight.
    pub weight: u32,
}

/// A task set of a service with an EXTERNAL or CODE_DEPLOY controller, which have these instead of deployments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskSet {
    /// `ecs-svc/…`
    pub id: String,
    /// `PRIMARY`, `ACTIVE` or `DRAINING`, as AWS spells it.
    pub status: String,
    /// The revision it runs.
    pub task_definition: TaskDefinitionArn,
    /// Tasks wanted after scaling.
    pub desired: u32,
    /// Tasks running.
    pub running: u32,
    /// Tasks on their way.
    pub pending: u32,
    /// `STEADY_STATE` or `STABILIZING`.
    pub stability: Option<String>,
    /// When that was found out.
    pub stable_since: Option<Timestamp>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Its own load balancer bindings.
    pub load_balancers: Vec<LoadBalancerBinding>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Its resource name, by which everything here refers to it.
    pub arn: ServiceArn,
    /// Its name in the cluster.
    pub name: String,
    /// The cluster it lives in.
    pub cluster: ClusterArn,
    /// Whether it exists for the scheduler.
    pub status: ServiceStatus,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks running.
    pub running: u32,
    /// Tasks on their way.
    pub pending: u32,
    /// `FARGATE`, `EC2` or `EXTERNAL`; absent with a capacity provider strategy.
    pub launch_type: Option<String>,
    /// Where tasks are placed, when not by launch type.
    pub capacity_providers: Vec<CapacityProviderShare>,
    /// How many tasks the scheduler keeps.
    pub scheduling: SchedulingStrategy,
    /// Who rolls new revisions out.
    pub controller: DeploymentController,
    /// The revision wanted; absent with an EXTERNAL controller.
    pub task_definition: Option<TaskDefinitionArn>,
    /// Bounds and safety nets of a rollout.
    pub deployment_configuration: Option<DeploymentConfiguration>,
    /// Newest first.
    pub deployments: Vec<Deployment>,
    /// With an EXTERNAL or CODE_DEPLOY controller.
    pub task_sets: Vec<TaskSet>,
    /// The service deployment under way, if the API tells.
    pub current_service_deployment: Option<ServiceDeploymentArn>,
    /// Newest first, at most a hundred.
    pub events: Vec<ServiceEvent>,
    /// Where its containers are registered.
    pub load_balancers: Vec<LoadBalancerBinding>,
    /// Subnets and security groups, with network mode awsvpc.
    pub network: Option<NetworkConfiguration>,
    /// Seconds after a task's start during which ECS ignores its health; absent means 0 and only counts with a load balancer.
    pub health_check_grace_period_seconds: Option<u32>,
    /// Fargate platform version.
    pub platform_version: Option<String>,
    /// Whether ECS Exec is enabled for new tasks.
    pub execute_command: bool,
    /// `ENABLED` if ECS moves tasks to balance zones.
    pub zone_rebalancing: Option<String>,
    /// Registration in service discovery.
    pub registries: Vec<ServiceRegistry>,
    /// Service revisions that have tasks.
    pub current_revisions: Vec<ServiceRevisionCount>,
    /// Constraints on placement.
    pub placement_constraints: Vec<PlacementConstraint>,
    /// `ECS` when ECS itself looks after load balancers and scaling (Express services).
    pub resource_management: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
}

impl Service {
    /// The deployment the service is heading for.
    pub fn primary_deployment(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.status == DeploymentStatus::Primary)
    }

    /// Older deployments that still have tasks.
    pub fn older_deployments(&self) -> impl Iterator<Item = &Deployment> {
        self.deployments.iter().filter(|deployment| deployment.status == DeploymentStatus::Active)
    }

    /// The target groups its containers are registered in, those of its task sets included, each once.
    pub fn target_groups(&self) -> Vec<&TargetGroupArn> {
        let mut groups: Vec<&TargetGroupArn> = Vec::new();
        let of_task_sets = self.task_sets.iter().flat_map(|set| &set.load_balancers);
        for group in self.load_balancers.iter().chain(of_task_sets).filter_map(|binding| binding.target_group.as_ref())
        {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }

    /// `FARGATE`, `EC2`, `EXTERNAL`, or the capacity providers joined by `+`.
    pub fn launch_label(&self) -> String {
        if let Some(launch_type) = &self.launch_type {
            return launch_type.clone();
        }
        self.capacity_providers.iter().map(|share| share.provider.as_str()).collect::<Vec<_>>().join("+")
    }
}
