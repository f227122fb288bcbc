//! The trouble an event tells of, in a few words.

use super::{Event, Lacking};
use crate::diagnose::parse::stop_reason::start_failure;
use crate::diagnose::target_health;

impl Event<'_> {
    /// The trouble it tells of in a few words, or `None` for events of a normal life. The words may quote AWS: they must
    /// pass `model::text` before they are shown.
    pub fn trouble(&self) -> Option<String> {
        Some(match self {
            Self::Unhealthy { why, .. } => target_health::short_reason(why),
            Self::Started { replaced_unhealthy: 1, .. } => "1 unhealthy task replaced".to_owned(),
            Self::Started { replaced_unhealthy, .. } if *replaced_unhealthy > 0 => {
                format!("{replaced_unhealthy} unhealthy tasks replaced")
            }
            Self::TargetMissing { target_group, whole_group: true } => {
                format!("target group {} does not exist", group_name(target_group))
            }
            Self::TargetMissing { target_group, whole_group: false } => {
                format!("target missing in {}", group_name(target_group))
            }
            Self::NoInstance { lacking: Some(lacking), .. } => format!("no room to place tasks: {}", lacking.label()),
            Self::NoInstance { reason: Some(reason), lacking: None } | Self::NotPlaced { reason } => {
                placement_words(reason)
            }
            Self::NoInstance { .. } => "no room to place tasks".to_owned(),
            Self::NotPlacedInZone { zone } => format!("no room to place tasks in {zone}"),
            Self::Impaired => "tasks keep failing to start".to_owned(),
            Self::Throttled { on: Some(on) } => format!("ECS is throttled on {on}"),
            Self::Throttled { on: None } => "ECS is throttled".to_owned(),
            Self::Deadlock => "min/max percent leave no room to deploy".to_owned(),
            Self::NotSteady { why: Some(why) } => format!("cannot settle: {why}"),
            Self::NotSteady { why: None } => "cannot settle".to_owned(),
            Self::DeploymentFailed { why, .. } => format!("deployment failed: {why}"),
            Self::RollingBack { .. } => "rolling back".to_owned(),
            Self::NotLaunched { tasks, .. } => format!("{tasks} tasks could not be launched"),
            Self::ProvisioningLimit => "too many tasks provisioning in the cluster".to_owned(),
            Self::LaunchError { error } => format!("cannot launch tasks: {error}"),
            Self::TargetGroupError { operation, error, .. } => format!("cannot {operation}: {error}"),
            Self::IamChanged => "IAM role of the service was changed".to_owned(),
            Self::AgentTimeout => "ECS agent does not start".to_owned(),
            Self::Rebalancing { blocked: Some(why) } => format!("cannot balance zones: {why}"),
            Self::Started { .. }
            | Self::SteadyState
            | Self::Stopped { .. }
            | Self::Registered { .. }
            | Self::Deregistered { .. }
            | Self::Draining { .. }
            | Self::DeploymentCompleted { .. }
            | Self::Rebalancing { blocked: None }
            | Self::Other => return None,
        })
    }
}

impl Lacking<'_> {
    /// A word for it.
    pub const fn label(&self) -> &str {
        match self {
            Self::Cpu => "CPU",
            Self::Memory => "memory",
            Self::Port => "host port in use",
            Self::Attribute => "attribute missing",
            Self::Error(error) => error,
        }
    }
}

/// A placement reason in a few words. On Fargate the reason is that of a task that could not start, word for word.
fn placement_words(reason: &str) -> String {
    if let Some(start) = start_failure(reason) {
        return start.short;
    }
    if reason.starts_with("No Container Instances were found") {
        "no container instances in the cluster".to_owned()
    } else if reason.starts_with("Capacity is unavailable") {
        "no Fargate capacity at this time".to_owned()
    } else if reason.contains("concurrent tasks") || reason.contains("vCPU") {
        "Fargate quota of the account reached".to_owned()
    } else if let Some((_, resource)) = reason.split_once("RESOURCE:") {
        format!("no room to place tasks: {}", resource.to_ascii_lowercase())
    } else {
        format!("cannot place tasks: {reason}")
    }
}

/// The name in a target group's resource name, or the name as it stands.
pub fn group_name(target_group: &str) -> &str {
    match target_group.split_once("targetgroup/") {
        Some((_, name)) => name.split('/').next().unwrap_or(name),
        None => target_group,
    }
}
