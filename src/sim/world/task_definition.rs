//! Task definitions: what a task consists of. They never change once registered.

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
}

impl ContainerDefinition {
    /// Seconds between two of the container's own checks.
    pub(crate) const CHECK_INTERVAL: u64 = 10;
    /// Failures in a row that make it unhealthy.
    pub(crate) const CHECK_RETRIES: u64 = 3;
}

impl TaskDefinition {
    pub(crate) fn family_revision(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }

    pub(crate) fn runs_on_fargate(&self) -> bool {
        self.network_mode == NetworkMode::Awsvpc
    }
}
