//! Tasks, running and stopped, with their containers and addresses, as DescribeTasks tells them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::arn::{ContainerInstanceArn, TaskArn, TaskDefinitionArn};
use super::known::Known;

/// Health as the container agent sees it, from the container's own check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerHealth {
    /// The check passes.
    Healthy,
    /// The check fails.
    Unhealthy,
    /// No check, or no result yet.
    #[default]
    Unknown,
}

/// A port of the host that leads to a port of a container (bridge and host network modes).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkBinding {
    /// Port inside the container.
    pub container_port: Option<u16>,
    /// Port on the host, which is what the load balancer talks to.
    pub host_port: Option<u16>,
}

/// One container of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its name in the task definition.
    pub name: String,
    /// `PENDING`, `RUNNING`, `STOPPED`, as AWS spells it.
    pub last_status: Option<String>,
    /// Absent while it runs and when it never started.
    pub exit_code: Option<i32>,
    /// The agent's sentence when it failed.
    pub reason: Option<String>,
    /// The container's own health check.
    pub health: ContainerHealth,
    /// The image asked for.
    pub image: Option<String>,
    /// The image that runs.
    pub image_digest: Option<String>,
    /// Host ports, in bridge and host network modes.
    pub bindings: Vec<NetworkBinding>,
    /// Agents ECS runs beside it, such as the one for ECS Exec.
    pub agents: Vec<ManagedAgent>,
}

/// An agent ECS runs beside a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedAgent {
    /// `ExecuteCommandAgent` …
    pub name: String,
    /// `RUNNING`, `STOPPED` …
    pub status: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Something attached to a task: a network interface, a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// `ElasticNetworkInterface`, `AmazonElasticBlockStorage`, `ServiceConnect` …
    pub kind: String,
    /// `ATTACHED`, `ATTACHING`, `FAILED` …
    pub status: Option<String>,
    /// Its details by name.
    pub details: Vec<(String, String)>,
}

/// The network interface of a task with network mode awsvpc.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskInterface {
    /// `eni-…`
    pub id: Option<String>,
    /// `subnet-…`
    pub subnet: Option<String>,
    /// Private IPv4 address: the id of the task's target.
    pub private_ipv4: Option<String>,
    /// IPv6 address: the id of the task's target in an IPv6 target group.
    pub ipv6: Option<String>,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its resource name.
    pub arn: TaskArn,
    /// The revision it runs.
    pub task_definition: TaskDefinitionArn,
    /// `PROVISIONING` … `RUNNING` … `STOPPED`, as AWS spells it.
    pub last_status: String,
    /// Where the scheduler wants it: `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// Health over its containers' own checks.
    pub health: ContainerHealth,
    /// Its containers.
    pub containers: Vec<Container>,
    /// Its network interface, with network mode awsvpc.
    pub interface: Option<TaskInterface>,
    /// The host, with EC2 and external launch types.
    pub container_instance: Option<ContainerInstanceArn>,
    /// The EC2 instance behind [`Task::container_instance`]: the id of the task's target in a target group of type
    /// `instance`. Not asked for where there is none.
    pub ec2_instance: Known<String>,
    /// `FARGATE`, `EC2`, `EXTERNAL`.
    pub launch_type: Option<String>,
    /// The capacity provider that placed it.
    pub capacity_provider: Option<String>,
    /// Availability zone.
    pub availability_zone: Option<String>,
    /// The deployment that started it (`ecs-svc/…`), or whoever ran it.
    pub started_by: Option<String>,
    /// `service:NAME` for tasks of a service.
    pub group: Option<String>,
    /// Why it stopped, as an enumeration of AWS.
    pub stop_code: Option<String>,
    /// Why it stopped, in AWS's words.
    pub stopped_reason: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When its containers had started.
    pub started_at: Option<Timestamp>,
    /// When it was asked to stop.
    pub stopping_at: Option<Timestamp>,
    /// When its containers had ended.
    pub execution_stopped_at: Option<Timestamp>,
    /// When everything was over.
    pub stopped_at: Option<Timestamp>,
    /// When its images began to be pulled.
    pub pull_started_at: Option<Timestamp>,
    /// When they were there.
    pub pull_stopped_at: Option<Timestamp>,
    /// Fargate platform version.
    pub platform_version: Option<String>,
    /// Whether ECS Exec is enabled.
    pub execute_command: bool,
    /// Interfaces and volumes.
    pub attachments: Vec<Attachment>,
}

impl Task {
    /// Whether the scheduler wants it gone or it is gone.
    pub fn is_stopped(&self) -> bool {
        self.desired_status == "STOPPED" || self.last_status == "STOPPED"
    }
}
