//! How the words of a failed start are read.

use std::sync::LazyLock;

use regex::Regex;

use super::{Cause, Denied, Dialled, Efs, Image, Obstacle, Remote, StartFailure, Unreachable};
use crate::diagnose::parse::stop_reason::StopClass;

/// Hexadecimal ids and numbers replaced, so that two texts about two tasks compare equal.
pub(in crate::diagnose) fn without_ids(text: &str) -> String {
    let Some(ids) = IDS.as_ref() else { return text.to_owned() };
    ids.replace_all(text, "#").into_owned()
}

/// A pattern, or nothing if it does not compile, which a test excludes for each.
type Pattern = LazyLock<Option<Regex>>;

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static IDS: Pattern = LazyLock::new(|| pattern(r"[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*|[0-9]+"));
static IMAGE: Pattern = LazyLock::new(|| {
    pattern(
        r#"(?:failed to resolve ref |manifest for |pull access denied for |repository with name |repository |(?:cannot|can't) pull (?:the )?(?:image )?['"])["']?([^\s"',]+)"#,
    )
});
static PLATFORM: Pattern = LazyLock::new(|| {
    pattern(
        r"(?:descriptor matching platform '|no matching manifest for |no match for platform )([A-Za-z0-9]+/[A-Za-z0-9/]+)",
    )
});
static ADDRESS: Pattern = LazyLock::new(|| pattern(r"dial (?:tcp|udp) (?:\[([0-9a-fA-F:]+)\]|([0-9.]+)):(\d+)"));
static LOOKUP: Pattern = LazyLock::new(|| pattern(r"dial (?:tcp|udp):? lookup ([A-Za-z0-9.-]+)"));
static SECRET: Pattern = LazyLock::new(|| {
    pattern(r"(?:secret:|parameter/|invalid (?:ssm )?parameters: |secret ARN: )([A-Za-z0-9/_+=.@-]+)")
});
static SECRET_ARN: Pattern =
    LazyLock::new(|| pattern(r"(arn:aws[a-z-]*:(?:secretsmanager|ssm):[a-z0-9-]+:\d*:[A-Za-z0-9/_+=.@:-]+)"));
static REGION: Pattern = LazyLock::new(|| pattern(r"(?:in region |Parameter Store in )([a-z]{2}(?:-[a-z]+)+-\d)"));
static JSON_KEY: Pattern = LazyLock::new(|| pattern(r#"did not contain json key ["']?([^\s"',]+)"#));
static ACTION: Pattern = LazyLock::new(|| pattern(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)"));
static PRINCIPAL: Pattern = LazyLock::new(|| pattern(r"User: (arn:\S+) is not authorized"));
static RESOURCE: Pattern = LazyLock::new(|| pattern(r"not authorized to perform: \S+ on (?:the )?resource: (\S+)"));
static ROLE: Pattern = LazyLock::new(|| pattern(r"unable to assume (?:the )?(?:.{0,40}?[Rr]ole )?'([^']+)'"));
static SUBNET: Pattern = LazyLock::new(|| pattern(r"(subnet-[0-9a-f]{8,17})"));
static DEPENDENCY: Pattern = LazyLock::new(|| {
    pattern(r"ordering dependency \[?([A-Za-z0-9_-]+)\]?(?:.{0,20}?for target \[?([A-Za-z0-9_-]+)\]?)?")
});

/// The first group of the pattern that took part in a match.
fn first<'a>(pattern: &Pattern, text: &'a str) -> Option<&'a str> {
    let found = pattern.as_ref()?.captures(text)?;
    found.iter().skip(1).flatten().next().map(|group| group.as_str())
}

fn owned(pattern: &Pattern, text: &str) -> Option<String> {
    first(pattern, text).map(|found| found.trim_end_matches(['.', ',', ':', ';']).to_owned())
}

/// Reads the words about a task that never started, whether they stand in a stop reason, in the reason of a container, in a
/// placement event or in the reason of a deployment. What users wrote must not come here.
pub fn start_failure(reason: &str) -> Option<StartFailure> {
    let reason = reason.trim();
    let reason = reason.strip_prefix("TaskFailedToStart: ").unwrap_or(reason);
    // AWS prints both apostrophes.
    let plain = reason.replace('’', "'");
    let reason = plain.as_str();
    if let Some(detail) = reason.strip_prefix("CannotPull") {
        return Some(image(detail));
    }
    if reason.starts_with("ResourceInitializationError") {
        return Some(resource(reason));
    }
    let secret =
        reason.split_once(": ").filter(|(name, _)| name.ends_with("Exception")).map_or(reason, |(_, rest)| rest);
    if secret.starts_with("Fetching secret data") {
        return Some(secrets(reason));
    }
    if reason.starts_with("ECS was unable to assume") {
        return Some(role(reason, StopClass::Resource));
    }
    if reason.starts_with("dependency graph: ") || reason.starts_with("Task dependencies cannot be resolved") {
        return Some(dependency(reason));
    }
    if let Some(resource) = reason.strip_prefix("RESOURCE:") {
        let resource = resource.split([' ', ',', '.']).next().unwrap_or(resource);
        let words = format!("no room to place tasks: {}", resource.to_ascii_lowercase());
        return Some(StartFailure::new(StopClass::Placement, Cause::Placement, words));
    }
    let (beginning, class, words) = STARTS.iter().find(|(beginning, ..)| reason.starts_with(beginning))?;
    Some(by_beginning(reason, beginning, *class, words))
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
    ("Capacity is unavailable at this time", StopClass::Placement, "no Fargate capacity at this time"),
    ("You've reached the limit on the number of", StopClass::Placement, "Fargate quota of the account reached"),
    ("The requested CPU configuration is above", StopClass::Placement, "more CPU than Fargate allows"),
    ("The requested MEMORY configuration is above", StopClass::Placement, "more memory than Fargate allows"),
];

fn by_beginning(reason: &str, beginning: &str, class: StopClass, words: &str) -> StartFailure {
    let detail = reason.strip_prefix(beginning).unwrap_or_default();
    let detail = detail.split_once(": ").map_or("", |(_, detail)| detail);
    let has = |part: &str| reason.contains(part);
    let cause = match beginning {
        "CannotStartContainerError" | "CannotCreateContainerError" | "ContainerRuntimeError" => {
            if has("logging driver") || has("Cloudwatch log") || has("logger args") {
                return logs(reason);
            }
            match obstacle(reason) {
                Some(cause) => cause,
                None if has("no space left on device") => Cause::NoSpace,
                None => Cause::CannotStart(Obstacle::Other),
            }
        }
        "HostConfigError" | "DockerStateError" => Cause::CannotStart(Obstacle::Other),
        "ContainerRuntimeTimeoutError" | "DockerTimeoutError" => Cause::RuntimeTimeout,
        "TaskDependencyError" => return dependency(reason),
        "Rate limit exceeded while preparing network interface" => Cause::InterfaceTimeout { throttled: true },
        _ if words == "network interface timed out" => Cause::InterfaceTimeout { throttled: false },
        _ if words.starts_with("no network interface") => Cause::NoAddress { subnet: owned(&SUBNET, reason) },
        _ if class == StopClass::Incompatible => Cause::Incompatible,
        _ if class == StopClass::Placement => Cause::Placement,
        "InternalError" if has("IpAddress") || has("Insufficient") && has("ddress") => {
            Cause::NoAddress { subnet: owned(&SUBNET, reason) }
        }
        _ => Cause::Other,
    };
    let quote = class == StopClass::Runtime && !detail.is_empty();
    StartFailure::new(class, cause, if quote { format!("{words}: {detail}") } else { words.to_owned() })
}

fn obstacle(reason: &str) -> Option<Cause> {
    let has = |part: &str| reason.contains(part);
    Some(Cause::CannotStart(if has("exec format error") {
        return Some(Cause::ImagePlatform { platform: None });
    } else if has("executable file not found in $PATH") {
        Obstacle::CommandNotFound
    } else if has("port is already allocated") || has("address already in use") {
        Obstacle::PortTaken
    } else if has("error gathering device information") || has("could not select device driver") {
        Obstacle::Device
    } else if has("memory limit too low") || has("Minimum memory limit") {
        Obstacle::MemoryTooLow
    } else if has("permission denied") {
        Obstacle::NotExecutable
    } else if has("no such file or directory") {
        Obstacle::CommandNotFound
    } else {
        return None;
    }))
}

fn dependency(reason: &str) -> StartFailure {
    let found = DEPENDENCY.as_ref().and_then(|pattern| pattern.captures(reason));
    let name = |index: usize| found.as_ref().and_then(|found| found.get(index)).map(|name| name.as_str().to_owned());
    let words = match name(1) {
        Some(on) => format!("waits for container {on}, which did not succeed"),
        None => "container dependencies cannot be resolved".to_owned(),
    };
    StartFailure::new(StopClass::Runtime, Cause::Dependency { on: name(1), of: name(2) }, words)
}

fn role(reason: &str, class: StopClass) -> StartFailure {
    let infrastructure = reason.contains("Infrastructure Role") || reason.contains("infrastructure role");
    let cause = Cause::RoleNotAssumable { role: owned(&ROLE, reason), infrastructure };
    StartFailure::new(class, cause, "role cannot be assumed")
}

/// Reads what an attached volume of EBS says about its failure.
pub fn ebs_failure(reason: &str) -> StartFailure {
    let words = if reason.contains("unable to assume") {
        "EBS volume: infrastructure role cannot be assumed"
    } else if reason.contains("IdempotentParameterMismatch") {
        "EBS volume: KMS key cannot be used"
    } else if reason.contains("timed out") || reason.contains("Timed out") || reason.contains("imeout") {
        "EBS volume: configuring it timed out"
    } else {
        "EBS volume cannot be attached"
    };
    StartFailure::new(StopClass::Volume, Cause::Ebs, words)
}

/// What a connection that fails leaves in a text.
fn is_network(text: &str) -> bool {
    NETWORK.iter().any(|part| text.contains(part))
}

const NETWORK: &[&str] = &[
    "i/o timeout",
    "context deadline exceeded",
    "context canceled",
    "request canceled",
    "RequestCanceled",
    "connection issue between the task and",
    "connection refused",
    "connection reset by peer",
    "no such host",
    "no route to host",
    "network is unreachable",
    "TLS handshake timeout",
    "signal: killed",
    "x509:",
];

fn dialled(text: &str) -> Option<Dialled> {
    if let Some(found) = ADDRESS.as_ref().and_then(|pattern| pattern.captures(text)) {
        let address = found.get(1).or_else(|| found.get(2)).and_then(|address| address.as_str().parse().ok());
        let port = found.get(3).and_then(|port| port.as_str().parse().ok());
        if let Some((address, port)) = address.zip(port) {
            return Some(Dialled::Address(address, port));
        }
    }
    first(&LOOKUP, text).map(|name| Dialled::Name(name.trim_end_matches('.').to_owned()))
}

fn unreachable(what: Remote, text: &str) -> Unreachable {
    Unreachable { what, dialled: dialled(text), certificate: text.contains("x509:"), refused: false }
}

/// ` (10.0.3.7:443)`
fn in_brackets(dialled: Option<&Dialled>) -> String {
    dialled.map(|dialled| format!(" ({dialled})")).unwrap_or_default()
}

fn denied(what: Remote, text: &str) -> Denied {
    Denied {
        what,
        action: owned(&ACTION, text),
        principal: owned(&PRINCIPAL, text),
        resource: first(&RESOURCE, text).map(|resource| resource.trim_end_matches([',', '.', ';']).to_owned()),
        by_endpoint: text.contains("VPC endpoint policy"),
    }
}

/// Image pulls, from what follows `CannotPull`. Order matters: later texts also occur inside the earlier ones.
fn image(detail: &str) -> StartFailure {
    let name = first(&IMAGE, detail).map(|reference| Image::new(reference.trim_end_matches([':', '.'])));
    let short = name.as_ref().map(|name| name.short().to_owned());
    let named = |words: &str| short.as_ref().map_or_else(|| words.to_owned(), |name| format!("{words}: {name}"));
    let has = |part: &str| detail.contains(part);
    let any = |parts: &[&str]| parts.iter().any(|part| detail.contains(part));
    let layers = any(&["httpReaderSeeker", "httpReadSeeker", "panic: runtime error: invalid memory address"]);
    let failure = |cause, words: String| StartFailure::new(StopClass::ImagePull, cause, words);
    if any(&["toomanyrequests", "pull rate limit", "429 Too Many"]) {
        failure(Cause::ImageRateLimited(name), "image pull rate limit reached".to_owned())
    } else if let Some(platform) = first(&PLATFORM, detail) {
        let words = format!("image has no build for {platform}");
        failure(Cause::ImagePlatform { platform: Some(platform.to_owned()) }, words)
    } else if any(&["does not contain descriptor matching platform", "no matching manifest", "no match for platform"]) {
        failure(Cause::ImagePlatform { platform: None }, "image has no build for the platform".to_owned())
    } else if has("no space left on device") {
        failure(Cause::NoSpace, "no disk space for the image".to_owned())
    } else if has("not authorized to perform") {
        let words = named("image pull denied");
        failure(Cause::Denied(denied(Remote::Registry, detail)), words)
    } else if layers && any(&["403", "AccessDenied"]) {
        let refused = Unreachable { refused: true, ..unreachable(Remote::Layers, detail) };
        failure(Cause::Unreachable(refused), "S3 refuses the image's layers".to_owned())
    } else if any(&["pull access denied", "AccessDenied", "no basic auth"]) {
        let words = named("image pull denied");
        failure(Cause::ImageDenied(name), words)
    } else if is_network(detail) || layers && !has("not found") {
        let what = if layers || any(&["starport-layer-bucket", ".s3."]) { Remote::Layers } else { Remote::Registry };
        let way = unreachable(what, detail);
        let words = format!("image registry unreachable{}", in_brackets(way.dialled.as_ref()));
        failure(Cause::Unreachable(way), words)
    } else if any(NO_IMAGE) {
        let words = named("image not found");
        failure(Cause::ImageNotFound(name), words)
    } else if any(NO_ENTRY) || detail.starts_with("ContainerAuthError") {
        let words = named("image pull denied");
        failure(Cause::ImageDenied(name), words)
    } else {
        let words = named("image cannot be pulled");
        failure(Cause::ImageOther(name), words)
    }
}

const NO_IMAGE: &[&str] = &[
    "not found",
    "does not exist",
    "manifest unknown",
    "name unknown",
    "RepositoryNotFound",
    "ImageNotFound",
    "requested access to the resource is denied",
    "heck whether the image exists",
];

const NO_ENTRY: &[&str] = &[
    "403 Forbidden",
    "401 Unauthorized",
    "unauthorized: ",
    "insufficient_scope",
    "authentication required",
    "role has the permissions to pull images",
];

fn secret_name(text: &str) -> String {
    first(&SECRET, text).map(|name| format!(": {}", name.trim_end_matches('.'))).unwrap_or_default()
}

/// Secrets, parameters and the login to the registry, which share one sentence; only what follows tells which, and only
/// if it is not cut off.
fn secrets(reason: &str) -> StartFailure {
    let has = |part: &str| reason.contains(part);
    let any = |parts: &[&str]| parts.iter().any(|part| reason.contains(part));
    let registry = any(&["ecr registry", "api.ecr.", "ecr:", "Amazon ECR", "operation error ECR"]);
    let asm = any(&["secretsmanager", "Secrets Manager", "secrets manager", "from asm"]);
    let ssm = any(&["ssm", "SSM", "Parameter Store", "Systems Manager"]);
    let (what, label) = match (registry, asm, ssm) {
        (true, false, false) => (Remote::Registry, "registry login"),
        (false, true, _) => (Remote::Secrets, "secrets"),
        (false, false, true) => (Remote::Parameters, "secrets"),
        _ => (Remote::SecretsOrRegistry, "secrets or registry"),
    };
    let failure = |cause, words: String| StartFailure::new(StopClass::Secret, cause, words);
    if let Some(action) = first(&ACTION, reason) {
        failure(Cause::Denied(denied(what, reason)), format!("denied: {action}"))
    } else if has("json key") || has("looking for beginning of value") {
        let key = owned(&JSON_KEY, reason);
        let words =
            key.as_ref().map_or_else(|| "secret is no JSON".to_owned(), |key| format!("secret has no key {key}"));
        failure(Cause::SecretKeyMissing { key }, words)
    } else if any(&["AccessDenied", "Access to KMS is not allowed", "is not authorized"]) {
        failure(Cause::Denied(denied(what, reason)), format!("{label}: access denied"))
    } else if any(NO_SECRET) && !has("connection issue between the task and") {
        let secret = owned(&SECRET_ARN, reason).or_else(|| owned(&SECRET, reason));
        let words = format!("secret not found{}", secret_name(reason));
        failure(Cause::SecretMissing { secret, region: owned(&REGION, reason) }, words)
    } else if is_network(reason) {
        let way = unreachable(what, reason);
        let words = format!("{label} unreachable{}", in_brackets(way.dialled.as_ref()));
        failure(Cause::Unreachable(way), words)
    } else {
        failure(Cause::Other, format!("{label} cannot be read"))
    }
}

const NO_SECRET: &[&str] = &[
    "ResourceNotFoundException",
    "can't find the specified secret",
    "invalid ssm parameters",
    "invalid parameters: ",
    "ParameterNotFound",
    "marked for deletion",
];

/// Logging that could not be set up.
fn logs(reason: &str) -> StartFailure {
    let has = |part: &str| reason.contains(part);
    let failure = |cause, words: String| StartFailure::new(StopClass::Logging, cause, words);
    if let Some(action) = first(&ACTION, reason) {
        failure(Cause::Denied(denied(Remote::Logs, reason)), format!("denied: {action}"))
    } else if has("log group does not exist") || has("ResourceNotFoundException") {
        failure(Cause::LogGroupMissing { certain: true }, "log group does not exist".to_owned())
    } else if has("AccessDenied") {
        failure(Cause::Denied(denied(Remote::Logs, reason)), "CloudWatch Logs: access denied".to_owned())
    } else if is_network(reason) {
        let way = unreachable(Remote::Logs, reason);
        let words = format!("CloudWatch Logs unreachable{}", in_brackets(way.dialled.as_ref()));
        failure(Cause::Unreachable(way), words)
    } else if has("cannot find the Amazon CloudWatch log group") {
        failure(Cause::LogGroupMissing { certain: false }, "log group does not exist".to_owned())
    } else {
        failure(Cause::Logging, "logging cannot be set up".to_owned())
    }
}

/// `ResourceInitializationError: …`
fn resource(reason: &str) -> StartFailure {
    let has = |part: &str| reason.contains(part);
    if has("download env files") || has("environment file") {
        let cause = Cause::EnvironmentFile { network: is_network(reason) && !has("AccessDenied") };
        return StartFailure::new(StopClass::Resource, cause, "environment file cannot be read");
    }
    if has("pull secrets or registry auth") || has("retrieve secret") || has("registry auth") {
        return secrets(reason);
    }
    if has("logger args") || has("logging driver") || has("Cloudwatch log") || has("CloudWatch log") {
        return logs(reason);
    }
    if has("EFS utils") || has("EFS volume") || has(".efs.") || has("mount.nfs") {
        return StartFailure::new(StopClass::Volume, Cause::Efs(efs(reason)), "EFS volume cannot be mounted");
    }
    if has("unable to assume") {
        return role(reason, StopClass::Resource);
    }
    let words = reason.split_once(": ").map_or("", |(_, words)| words);
    let words = if words.is_empty() { "task resources".to_owned() } else { format!("task resources: {words}") };
    StartFailure::new(StopClass::Resource, Cause::Other, words)
}

fn efs(reason: &str) -> Efs {
    let any = |parts: &[&str]| parts.iter().any(|part| reason.contains(part));
    if any(&["Failed to resolve", "Name or service not known"]) {
        Efs::Unresolved
    } else if any(&["access denied by server", "AccessDenied", "Permission denied"]) {
        Efs::Denied
    } else if any(&["No such file or directory"]) {
        Efs::NoDirectory
    } else if any(&["timed out", "timeout", "Connection reset by peer", "Connection refused"]) {
        Efs::Timeout
    } else {
        Efs::Other
    }
}

#[cfg(test)]
mod tests;
