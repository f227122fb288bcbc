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
    pub(crate) application: Application,
}

impl TaskDefinition {
    pub(crate) fn family_revision(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }

    pub(crate) fn runs_on_fargate(&self) -> bool {
        self.network_mode == NetworkMode::Awsvpc
    }
}
