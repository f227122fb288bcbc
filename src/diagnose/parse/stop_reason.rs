//! Why a task stopped, from `stopCode` and `stoppedReason`, or from the reason of a container (catalogue 4.2 and 4.3).
//!
//! Fargate cuts long messages off at the end, so a reason is recognised by its beginning and by parts that come early.
//! Whatever follows is looked for but never needed.

use std::sync::LazyLock;

use regex::Regex;

use super::events::group_name;

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
    if stop_code == Some("UserInitiated") && !reason.starts_with("Container instance deregistration forced") {
        return StopReason::new(StopClass::StoppedByUser, user_words(reason));
    }
    ended(reason).or_else(|| start_failure(reason)).unwrap_or_else(|| by_code(stop_code, reason))
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
    let reason = reason.strip_prefix("TaskFailedToStart: ").unwrap_or(reason);
    if let Some(detail) = reason.strip_prefix("CannotPull") {
        return Some(StopReason::new(StopClass::ImagePull, image(detail)));
    }
    if reason.starts_with("ResourceInitializationError") {
        return Some(resource(reason));
    }
    if reason.starts_with("ResourceNotFoundException: Fetching secret") {
        return Some(StopReason::new(StopClass::Secret, format!("secret not found{}", secret_name(reason))));
    }
    if let Some(resource) = reason.strip_prefix("RESOURCE:") {
        let resource = resource.split([' ', ',', '.']).next().unwrap_or(resource);
        return Some(StopReason::new(
            StopClass::Placement,
            format!("no room to place tasks: {}", resource.to_ascii_lowercase()),
        ));
    }
    STARTS.iter().find(|(beginning, ..)| reason.starts_with(beginning)).map(|(beginning, class, words)| {
        let detail = reason.strip_prefix(beginning).unwrap_or_default();
        let detail = detail.split_once(": ").map_or("", |(_, detail)| detail);
        let quote = *class == StopClass::Runtime && !detail.is_empty();
        StopReason::new(*class, if quote { format!("{words}: {detail}") } else { (*words).to_owned() })
    })
}

/// Beginnings that say it all. Where the class is the runtime's, what follows is quoted.
const STARTS: &[(&str, StopClass, &str)] = &[
    ("CannotStartContainerError", StopClass::Runtime, "container cannot start"),
    ("CannotCreateContainerError", StopClass::Runtime, "container cannot be created"),
    ("ContainerRuntimeTimeoutError", StopClass::Runtime, "container runtime timed out"),
    ("DockerTimeoutError", StopClass::Runtime, "container runtime timed out"),
    ("ContainerRuntimeError", StopClass::Runtime, "container runtime failed"),
    ("CannotInspectContainerError", StopClass::Runtime, "container cannot be inspected"),
    ("CannotStopContainerError", StopClass::Runtime, "container cannot be stopped"),
    ("DockerStateError", StopClass::Runtime, "container runtime failed"),
    ("HostConfigError", StopClass::Runtime, "container settings are invalid"),
    ("TaskDependencyError", StopClass::Runtime, "container dependencies cannot be resolved"),
    ("CannotCreateVolumeError", StopClass::Volume, "volume cannot be created"),
    ("InvalidVolumeError", StopClass::Volume, "volume is invalid"),
    ("Timeout waiting for EphemeralStorage", StopClass::Volume, "ephemeral storage timed out"),
    ("ContainerNetworkingError", StopClass::Network, "container network failed"),
    ("Timeout waiting for network interface", StopClass::Network, "network interface timed out"),
    ("Network interface provision complete error timeout", StopClass::Network, "network interface timed out"),
    ("Rate limit exceeded while preparing network interface", StopClass::Network, "network interface: rate limited"),
    (
        "Unexpected EC2 error while attempting to Create Network Interface",
        StopClass::Network,
        "no network interface: subnet out of addresses?",
    ),
    ("Unable to attach network interface", StopClass::Network, "host has no free network interface"),
    (
        "The selected task definition is not compatible",
        StopClass::Incompatible,
        "task definition does not fit the launch type",
    ),
    ("InternalError", StopClass::Internal, "internal error of AWS"),
    ("AGENT", StopClass::Placement, "ECS agent of the host not connected"),
    ("ATTRIBUTE", StopClass::Placement, "no host has the attributes asked for"),
    ("LOCATION", StopClass::Placement, "no host in the zones asked for"),
    ("MemberOf placement constraint unsatisfied", StopClass::Placement, "no host meets the placement constraint"),
    ("NO ACTIVE INSTANCES", StopClass::Placement, "no container instances in the cluster"),
    ("EMPTY CAPACITY PROVIDER", StopClass::Placement, "capacity provider has no instances"),
];

/// A pattern, or nothing if it does not compile, which a test excludes for each.
type Pattern = LazyLock<Option<Regex>>;

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static LOAD_BALANCER: Pattern = LazyLock::new(|| pattern(r"^ in \((?:target-group|elb) ([^)\s]+)"));
static INSTANCE: Pattern = LazyLock::new(|| pattern(r"(i-[0-9a-f]{8,17})"));
static IMAGE: Pattern = LazyLock::new(|| {
    pattern(r#"(?:failed to resolve ref |manifest for |pull access denied for |repository )["']?([^\s"',]+)"#)
});
static PLATFORM: Pattern = LazyLock::new(|| pattern(r"descriptor matching platform '([^']+)"));
static DIALLED: Pattern =
    LazyLock::new(|| pattern(r"dial tcp (?:lookup (\S+?)[:\s]|(\[[0-9a-fA-F:]+\]:\d+|[0-9.]+:\d+))"));
static SECRET: Pattern =
    LazyLock::new(|| pattern(r"(?:secret:|parameter/|invalid ssm parameters: |secret ARN: )([A-Za-z0-9/_+=.@-]+)"));
static ACTION: Pattern = LazyLock::new(|| pattern(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)"));

/// The first group of the pattern that took part in a match.
fn first<'a>(pattern: &Pattern, text: &'a str) -> Option<&'a str> {
    let found = pattern.as_ref()?.captures(text)?;
    found.iter().skip(1).flatten().next().map(|group| group.as_str())
}

/// Image pulls, from what follows `CannotPull`. Order matters: later texts also occur inside the earlier ones.
fn image(detail: &str) -> String {
    let name = first(&IMAGE, detail).map(|reference| image_name(reference.trim_end_matches([':', '.'])));
    let named = |words: &str| name.map_or_else(|| words.to_owned(), |name| format!("{words}: {name}"));
    let has = |part: &str| detail.contains(part);
    if has("toomanyrequests") || has("pull rate limit") {
        "image pull rate limit reached".to_owned()
    } else if let Some(platform) = first(&PLATFORM, detail) {
        format!("image has no build for {platform}")
    } else if has("no space left on device") {
        "no disk space for the image".to_owned()
    } else if has("not authorized to perform")
        || has("pull access denied")
        || has("AccessDenied")
        || has("no basic auth")
    {
        named("image pull denied")
    } else if has("i/o timeout")
        || has("context deadline exceeded")
        || has("request canceled")
        || has("connection refused")
        || has("no such host")
        || has("httpReaderSeeker")
        || has("httpReadSeeker")
        || has("x509:")
    {
        format!("image registry unreachable{}", dialled(detail))
    } else if has("not found") || has("does not exist") || has("manifest unknown") {
        named("image not found")
    } else if has("403 Forbidden") || has("401 Unauthorized") || detail.starts_with("ContainerAuthError") {
        named("image pull denied")
    } else {
        named("image cannot be pulled")
    }
}

/// Without the registry, which in ECR is long and always the same.
fn image_name(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((registry, rest)) if registry.contains(['.', ':']) => rest.strip_prefix("library/").unwrap_or(rest),
        Some(_) | None => reference,
    }
}

/// ` (10.0.3.7:443)`: the address that was dialled tells which way the packets went, a private one to an interface
/// endpoint, a public one to the internet.
fn dialled(text: &str) -> String {
    first(&DIALLED, text).map(|address| format!(" ({})", address.trim_end_matches(':'))).unwrap_or_default()
}

fn secret_name(text: &str) -> String {
    first(&SECRET, text).map(|name| format!(": {}", name.trim_end_matches('.'))).unwrap_or_default()
}

/// `ResourceInitializationError: …`
fn resource(reason: &str) -> StopReason {
    let has = |part: &str| reason.contains(part);
    let network = has("i/o timeout")
        || has("context deadline exceeded")
        || has("request canceled")
        || has("signal: killed")
        || has("connection issue between the task and")
        || has("connection refused")
        || has("no such host");
    let action = first(&ACTION, reason);
    if has("pull secrets or registry auth") || has("retrieve secret") || has("registry auth") {
        // One sentence covers secrets and registry; only what follows tells which, and only if it is not cut off.
        let registry = has("ecr registry") || has("api.ecr.") || has("ecr:") || has("Amazon ECR");
        let what =
            match (registry, has("secretsmanager") || has("Secrets Manager") || has("ssm") || has("Parameter Store")) {
                (true, false) => "registry login",
                (false, true) => "secrets",
                _ => "secrets or registry",
            };
        let short = if let Some(action) = action {
            format!("denied: {action}")
        } else if has("AccessDenied") {
            format!("{what}: access denied")
        } else if network {
            format!("{what} unreachable{}", dialled(reason))
        } else if has("ResourceNotFoundException")
            || has("can't find the specified secret")
            || has("invalid ssm parameters")
        {
            format!("secret not found{}", secret_name(reason))
        } else {
            format!("{what} cannot be read")
        };
        return StopReason::new(StopClass::Secret, short);
    }
    if has("logger args") || has("logging driver") || has("Cloudwatch log") || has("CloudWatch log") {
        let short = match action {
            Some(action) => format!("denied: {action}"),
            None if network => format!("CloudWatch Logs unreachable{}", dialled(reason)),
            None if has("log group does not exist") || has("ResourceNotFoundException") => {
                "log group does not exist".to_owned()
            }
            None => "logging cannot be set up".to_owned(),
        };
        return StopReason::new(StopClass::Logging, short);
    }
    if has("EFS utils") || has("efs") {
        return StopReason::new(StopClass::Volume, "EFS volume cannot be mounted");
    }
    if has("download env files") || has("environment file") {
        return StopReason::new(StopClass::Resource, "environment file cannot be read");
    }
    if has("unable to assume") {
        return StopReason::new(StopClass::Resource, "role cannot be assumed");
    }
    let words = reason.split_once(": ").map_or("", |(_, words)| words);
    StopReason::new(StopClass::Resource, or_words("task resources", words))
}

#[cfg(test)]
mod tests;
