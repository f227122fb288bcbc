//! Task definitions: what a task consists of. They never change once registered.

use std::time::Duration;

use super::application::Application;
use super::moment::Moment;

/// How containers reach the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetworkMode {
    /// An interface of its own for each task.
    Awsvpc,
    /// Ports of the host, chosen when the task starts.
    Bridge,
}

#[derive(Clone, Debug)]
pub(crate) struct TaskDefinition {
    pub(crate) arn: String,
    pub(crate) family: String,
    pub(crate) revision: u32,
    pub(crate) network_mode: NetworkMode,
    /// CPU units, 1024 to a core.
    pub(crate) cpu: u32,
    /// MiB
    pub(crate) memory: u32,
    pub(crate) containers: Vec<ContainerDefinition>,
    pub(crate) registered_at: Moment,
}

#[derive(Clone, Debug)]
pub(crate) struct ContainerDefinition {
    pub(crate) name: String,
    pub(crate) image: String,
    /// Memory limit in MiB; the kernel kills what goes above.
    pub(crate) memory: u32,
    pub(crate) environment: Vec<(String, String)>,
    /// Name and the ARN the value comes from.
    pub(crate) secrets: Vec<(String, String)>,
    pub(crate) log_group: String,
    /// Path that the container's own check asks for on localhost.
    pub(crate) check_path: Option<String>,
    pub(crate) application: Application,
    pub(crate) settings: ContainerSettings,
}

/// What a container definition says beside what every one has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerSettings {
    /// The image, where it is not the one named after the service and the revision.
    pub image: Option<String>,
    /// The log group, where it is not the one named after the service.
    pub log_group: Option<String>,
    /// Between SIGTERM and SIGKILL; AWS takes thirty seconds where nothing is said.
    pub stop_timeout: Option<Duration>,
    /// Between two of the container's own checks.
    pub check_interval: Duration,
    /// Failures in a row that make it unhealthy.
    pub check_retries: u32,
    /// After the start, failures do not count for so long.
    pub check_start_period: Duration,
    /// `X86_64` or `ARM64`.
    pub architecture: String,
    /// The port of the host on EC2, where it is not chosen when the task starts.
    pub host_port: Option<u16>,
    /// Names and references of secrets beside `DATABASE_URL`.
    pub secrets: Vec<(String, String)>,
}

impl Default for ContainerSettings {
    fn default() -> Self {
        Self {
            image: None,
            log_group: None,
            stop_timeout: None,
            check_interval: Duration::from_secs(10),
            check_retries: 3,
            check_start_period: Duration::ZERO,
            architecture: "X86_64".to_owned(),
            host_port: None,
            secrets: Vec::new(),
        }
    }
}

impl ContainerDefinition {
    /// The log group it writes to.
    pub(crate) fn log_group(&self) -> &str {
        self.settings.log_group.as_deref().unwrap_or(&self.log_group)
    }

    /// The image it runs.
    pub(crate) fn image(&self) -> &str {
        self.settings.image.as_deref().unwrap_or(&self.image)
    }

    /// All its secrets: name and reference.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &(String, String)> {
        self.secrets.iter().chain(&self.settings.secrets)
    }
}

impl TaskDefinition {
    pub(crate) fn family_revision(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }

    pub(crate) fn runs_on_fargate(&self) -> bool {
        self.network_mode == NetworkMode::Awsvpc
    }
}
