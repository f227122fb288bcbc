//! Why a task stopped, from `stopCode` and `stoppedReason`, or from the reason of a container (catalogue 4.2). Why it never
//! started is read in `start_failure`.

use std::sync::LazyLock;

use regex::Regex;

use super::events::group_name;
use super::start_failure::start_failure as read_start_failure;

/// What kind of end a task came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopClass {
    /// A container ended by itself; its exit code and reason tell more.
    EssentialContainerExited,
    /// A container was killed for its memory.
    OutOfMemory,
    /// The load balancer found it unhealthy.
    LoadBalancerHealth,
    /// Its own health check failed.
    ContainerHealth,
    /// Scaled in, or replaced by a deployment.
    ScaledInOrReplaced,
    /// AWS retired the host it ran on.
    Maintenance,
    /// Its container instance is being drained.
    InstanceDraining,
    /// Spot capacity was reclaimed.
    SpotInterruption,
    /// The host was stopped, terminated or deregistered.
    HostGone,
    /// AWS found the infrastructure unhealthy.
    InfrastructureHealth,
    /// Somebody stopped it.
    StoppedByUser,
    /// An image could not be pulled.
    ImagePull,
    /// A secret or parameter could not be read.
    Secret,
    /// Logging could not be set up.
    Logging,
    /// A file system or volume could not be mounted.
    Volume,
    /// Another resource could not be prepared.
    Resource,
    /// The container runtime could not create or start it.
    Runtime,
    /// A network interface could not be provided.
    Network,
    /// No host had room for it.
    Placement,
    /// The task definition does not fit where it should run.
    Incompatible,
    /// An error inside AWS.
    Internal,
    /// Nothing known matches.
    Unknown,
}

impl StopClass {
    /// Whether it is part of normal operation, so that nobody has to do anything.
    pub const fn is_benign(self) -> bool {
        matches!(self, Self::ScaledInOrReplaced | Self::Maintenance | Self::InstanceDraining | Self::StoppedByUser)
    }
}

/// Why a task stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopReason {
    /// What kind of end.
    pub class: StopClass,
    /// [`StopClass::is_benign`].
    pub benign: bool,
    /// A few words for a table cell. May quote AWS: to be shown through `model::text`.
    pub short: String,
}

impl StopReason {
    fn new(class: StopClass, short: impl Into<String>) -> Self {
        Self { class, benign: class.is_benign(), short: short.into() }
    }
}

/// Reads the stop code and the reason of a task; either may be missing.
pub fn stop_reason(stop_code: Option<&str>, reason: Option<&str>) -> StopReason {
    let reason = reason.unwrap_or_default().trim();
    // What users write when they stop a task is free text and must not be read as AWS's words.
    if stop_code == Some("UserInitiated") {
        return StopReason::new(StopClass::StoppedByUser, user_words(reason));
    }
    let told = ended(reason);
    // Where the host went, that containers exited is no news.
    let host_went = matches!(stop_code, Some("SpotInterruption" | "TerminationNotice" | "InfrastructureHealth"));
    if host_went && told.as_ref().is_none_or(|told| told.class == StopClass::EssentialContainerExited) {
        return by_code(stop_code, reason);
    }
    told.or_else(|| start_failure(reason)).unwrap_or_else(|| by_code(stop_code, reason))
}

fn user_words(reason: &str) -> String {
    match reason.strip_prefix("Task stopped by user").unwrap_or(reason).trim_start_matches([':', ' ']) {
        "" => "stopped by a user".to_owned(),
        words => format!("stopped by a user: {words}"),
    }
}

fn by_code(stop_code: Option<&str>, reason: &str) -> StopReason {
    match stop_code {
        Some("EssentialContainerExited") => StopReason::new(StopClass::EssentialContainerExited, "a container exited"),
        Some("SpotInterruption") => StopReason::new(StopClass::SpotInterruption, "Spot capacity reclaimed"),
        Some("TerminationNotice") => StopReason::new(StopClass::HostGone, "host reclaimed"),
        Some("InfrastructureHealth") => {
            StopReason::new(StopClass::InfrastructureHealth, "AWS replaced unhealthy infrastructure")
        }
        Some("TaskFailedToStart") => StopReason::new(StopClass::Unknown, or_words("failed to start", reason)),
        Some(_) | None => StopReason::new(StopClass::Unknown, or_words("stopped", reason)),
    }
}

fn or_words(words: &str, reason: &str) -> String {
    if reason.is_empty() { words.to_owned() } else { format!("{words}: {reason}") }
}

/// Ends of tasks that had started.
fn ended(reason: &str) -> Option<StopReason> {
    // Some of them are addressed: `Service web: ECS is performing maintenance …`.
    let told =
        if reason.starts_with("Service ") { reason.split_once(": ").map_or(reason, |(_, told)| told) } else { reason };
    Some(if reason.starts_with("Essential container in task exited") {
        StopReason::new(StopClass::EssentialContainerExited, "a container exited")
    } else if let Some(rest) = told.strip_prefix("Task failed ELB health checks") {
        let group = first(&LOAD_BALANCER, rest).map(group_name);
        let short = match group {
            Some(group) => format!("killed: failed ELB health checks ({group})"),
            None => "killed: failed ELB health checks".to_owned(),
        };
        StopReason::new(StopClass::LoadBalancerHealth, short)
    } else if told.starts_with("Task failed container health checks") {
        StopReason::new(StopClass::ContainerHealth, "killed: failed container health checks")
    } else if told.starts_with("Scaling activity initiated by") {
        StopReason::new(StopClass::ScaledInOrReplaced, "scaled in or replaced")
    } else if told.contains("ECS is performing maintenance on the underlying infrastructure") {
        StopReason::new(StopClass::Maintenance, "replaced for AWS maintenance")
    } else if reason.contains("is in DRAINING state") {
        StopReason::new(StopClass::InstanceDraining, "container instance draining")
    } else if told.starts_with("Your Spot Task was interrupted") {
        StopReason::new(StopClass::SpotInterruption, "Spot capacity reclaimed")
    } else if let Some(rest) = told.strip_prefix("Host EC2") {
        let what = if rest.contains("stopped") { "host stopped" } else { "host terminated" };
        let short = first(&INSTANCE, rest).map_or_else(|| what.to_owned(), |id| format!("{what} ({id})"));
        StopReason::new(StopClass::HostGone, short)
    } else if told.starts_with("Container instance deregistration forced by user") {
        StopReason::new(StopClass::HostGone, "container instance deregistered by force")
    } else if told.starts_with("Task stopped by user") {
        StopReason::new(StopClass::StoppedByUser, user_words(told))
    } else if told.starts_with("OutOfMemoryError") {
        StopReason::new(StopClass::OutOfMemory, "out of memory")
    } else {
        return None;
    })
}

/// Tasks that never started, by the error's name. Placement events on Fargate quote the same texts.
pub(in crate::diagnose) fn start_failure(reason: &str) -> Option<StopReason> {
    read_start_failure(reason).map(|failure| StopReason::new(failure.class, failure.words))
}

/// A pattern, or nothing if it does not compile, which a test excludes for each.
type Pattern = LazyLock<Option<Regex>>;

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static LOAD_BALANCER: Pattern = LazyLock::new(|| pattern(r"^ in \((?:target-group|elb) ([^)\s]+)"));
static INSTANCE: Pattern = LazyLock::new(|| pattern(r"(i-[0-9a-f]{8,17})"));
/// The first group of the pattern that took part in a match.
fn first<'a>(pattern: &Pattern, text: &'a str) -> Option<&'a str> {
    let found = pattern.as_ref()?.captures(text)?;
    found.iter().skip(1).flatten().next().map(|group| group.as_str())
}

#[cfg(test)]
mod tests;
