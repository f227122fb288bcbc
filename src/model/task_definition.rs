//! A revision of a task definition. It never changes once registered, so it is fetched once. Values of environment
//! variables are [`Secret`] from the moment they arrive.

use serde::{Deserialize, Serialize};

use super::arn::TaskDefinitionArn;
use super::secret::Secret;
use super::service::PlacementConstraint;

/// A port a container declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortMapping {
    /// Port inside the container.
    pub container_port: Option<u16>,
    /// Port on the host; 0 or absent means chosen at start, in bridge mode.
    pub host_port: Option<u16>,
    /// `tcp` or `udp`.
    pub protocol: Option<String>,
    /// Name, for Service Connect.
    pub name: Option<String>,
    /// `http`, `http2`, `grpc`, where it is declared.
    pub application_protocol: Option<String>,
}

/// Where an environment variable comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentSource {
    /// Written in the task definition.
    Literal(Secret),
    /// Secrets Manager or Parameter Store; this is the reference, not the value.
    Reference(String),
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentVariable {
    /// Its name.
    pub name: String,
    /// Where its value comes from.
    pub source: EnvironmentSource,
}

/// The container's own health check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerHealthCheck {
    /// `CMD-SHELL …` or `CMD …`, word by word.
    pub command: Vec<String>,
    /// Seconds between checks.
    pub interval_seconds: u32,
    /// Seconds to wait for one.
    pub timeout_seconds: u32,
    /// Failures in a row until unhealthy.
    pub retries: u32,
    /// Seconds after start in which failures do not count.
    pub start_period_seconds: Option<u32>,
}

/// Where a container's output goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogConfiguration {
    /// `awslogs`, `awsfirelens` …
    pub driver: String,
    /// Options that say where: group, stream prefix, region and mode. Others may carry credentials and are not kept.
    pub options: Vec<(String, String)>,
}

/// One container of a task definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerDefinition {
    /// Its name.
    pub name: String,
    /// The image.
    pub image: String,
    /// Whether the task ends with it.
    pub essential: bool,
    /// CPU units (1024 = one core).
    pub cpu: Option<u32>,
    /// Hard limit in MiB.
    pub memory: Option<u32>,
    /// Soft limit in MiB.
    pub memory_reservation: Option<u32>,
    /// Ports it declares.
    pub ports: Vec<PortMapping>,
    /// Its environment.
    pub environment: Vec<EnvironmentVariable>,
    /// Command, word by word, when the image's is replaced; what looks like a secret is masked.
    pub command: Vec<String>,
    /// Entry point, word by word, when the image's is replaced; what looks like a secret is masked.
    pub entry_point: Vec<String>,
    /// Its own health check.
    pub health_check: Option<ContainerHealthCheck>,
    /// Where its output goes.
    pub logs: Option<LogConfiguration>,
    /// Seconds between SIGTERM and SIGKILL.
    pub stop_timeout_seconds: Option<u32>,
    /// Containers it waits for, each with the condition: `START`, `COMPLETE`, `SUCCESS`, `HEALTHY`.
    pub depends_on: Vec<(String, String)>,
    /// Resource names of files in S3 with more environment.
    pub environment_files: Vec<String>,
    /// The secret with the registry's credentials.
    pub repository_credentials: Option<String>,
    /// Whether its root file system is read-only.
    pub read_only_root: bool,
}

/// A volume in EFS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EfsVolume {
    /// Its name in the task definition.
    pub name: String,
    /// `fs-…`
    pub file_system: String,
    /// The directory that is mounted.
    pub root_directory: Option<String>,
    /// `fsap-…`
    pub access_point: Option<String>,
}

/// A revision of a task definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDefinition {
    /// Its resource name with family and revision.
    pub arn: TaskDefinitionArn,
    /// `awsvpc`, `bridge`, `host`, `none`.
    pub network_mode: Option<String>,
    /// CPU units of the whole task.
    pub cpu: Option<String>,
    /// Memory of the whole task in MiB.
    pub memory: Option<String>,
    /// Role the containers act as.
    pub task_role: Option<String>,
    /// Role the agent acts as to pull images and write logs.
    pub execution_role: Option<String>,
    /// `X86_64`, `ARM64`.
    pub cpu_architecture: Option<String>,
    /// `LINUX`, `WINDOWS_SERVER_…`
    pub operating_system: Option<String>,
    /// Its containers.
    pub containers: Vec<ContainerDefinition>,
    /// `ACTIVE`, `INACTIVE`, `DELETE_IN_PROGRESS`.
    pub status: Option<String>,
    /// Launch types it was registered for: `FARGATE`, `EC2` …
    pub requires_compatibilities: Vec<String>,
    /// Attributes a container instance must have.
    pub requires_attributes: Vec<String>,
    /// Constraints on placement.
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Ephemeral storage asked for, in GiB.
    pub ephemeral_storage_gib: Option<u32>,
    /// Volumes in EFS.
    pub efs_volumes: Vec<EfsVolume>,
    /// `task` or `host`: whose processes containers see.
    pub pid_mode: Option<String>,
}

impl TaskDefinition {
    /// Variables whose values stand in the definition, by name.
    pub fn literals(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let variables = self.containers.iter().flat_map(|container| &container.environment);
        variables.filter_map(|variable| match &variable.source {
            EnvironmentSource::Literal(value) => Some((variable.name.as_str(), value)),
            EnvironmentSource::Reference(_) => None,
        })
    }
}
