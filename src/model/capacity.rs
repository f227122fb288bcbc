//! Where tasks are placed: container instances and capacity providers, as ECS tells them.

use serde::{Deserialize, Serialize};

use super::arn::ContainerInstanceArn;

/// What a container instance offers or has left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// CPU units.
    pub cpu: Option<u32>,
    /// MiB.
    pub memory: Option<u32>,
    /// Host ports in use, of TCP.
    pub ports: Vec<u16>,
    /// GPUs.
    pub gpus: u32,
}

/// A container instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerInstance {
    /// Its resource name.
    pub arn: ContainerInstanceArn,
    /// `i-…`
    pub ec2_instance: Option<String>,
    /// `ACTIVE`, `DRAINING`, `REGISTERING`, `REGISTRATION_FAILED` …
    pub status: String,
    /// AWS's sentence about the status.
    pub status_reason: Option<String>,
    /// Whether the agent talks to ECS.
    pub agent_connected: bool,
    /// Overall health, if AWS tells: `OK`, `IMPAIRED`, `INSUFFICIENT_DATA`, `INITIALIZING`.
    pub health: Option<String>,
    /// Failing parts of its health: kind and reason.
    pub impairments: Vec<(String, Option<String>)>,
    /// What it has in all.
    pub registered: Resources,
    /// What is left.
    pub remaining: Resources,
    /// Names of attributes with their values.
    pub attributes: Vec<(String, Option<String>)>,
    /// Tasks running on it.
    pub running: u32,
    /// Tasks on their way to it.
    pub pending: u32,
    /// The capacity provider it belongs to.
    pub capacity_provider: Option<String>,
}

impl ContainerInstance {
    /// The value of an attribute; an attribute without value has an empty one.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(attribute, _)| attribute == name);
        found.map(|(_, value)| value.as_deref().unwrap_or_default())
    }
}

/// A capacity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityProvider {
    /// `FARGATE`, `FARGATE_SPOT` or its own name.
    pub name: String,
    /// `ACTIVE`, `INACTIVE` …
    pub status: Option<String>,
    /// `UPDATE_FAILED` … of the last change to it.
    pub update_status: Option<String>,
    /// AWS's sentence about that.
    pub update_reason: Option<String>,
    /// Resource name of its Auto Scaling group.
    pub auto_scaling_group: Option<String>,
    /// `ENABLED`, `DISABLED`: whether ECS scales the group.
    pub managed_scaling: Option<String>,
}
