//! Why a task could not start, read from AWS's words (catalogue 4.2 and 4.3): what was asked, what was dialled, who was
//! denied what. The same words stand in a task's stop reason, in a container's reason, in placement events and in the
//! reason of a service deployment.
//!
//! Fargate cuts long messages off at the end, so a failure is recognised by its beginning and by parts that come early.
//! Whatever follows is looked for but never needed.

use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;

use super::stop_reason::StopClass;

/// Why a task could not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartFailure {
    /// What kind of end.
    pub class: StopClass,
    /// What was in the way.
    pub cause: Cause,
    /// A few words for a table cell. May quote AWS: to be shown through `model::text`.
    pub words: String,
}

/// What was in the way of a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// IAM, or the policy of a resource, said no.
    Denied(Denied),
    /// Packets did not get there and back.
    Unreachable(Unreachable),
    /// The registry has no such image.
    ImageNotFound(Option<Image>),
    /// The registry wants other credentials, or any.
    ImageDenied(Option<Image>),
    /// The registry answers too many requests.
    ImageRateLimited(Option<Image>),
    /// The image was built for another platform.
    ImagePlatform {
        /// The platform the task asked for: `linux/amd64`.
        platform: Option<String>,
    },
    /// The disk is full.
    NoSpace,
    /// The image could not be pulled for a reason this version does not know.
    ImageOther(Option<Image>),
    /// A secret, a version of it, or a parameter does not exist (any more).
    SecretMissing {
        /// Its resource name or name, as far as AWS names it.
        secret: Option<String>,
        /// The region it was looked for in.
        region: Option<String>,
    },
    /// A secret has no such key, or is no JSON.
    SecretKeyMissing {
        /// The key.
        key: Option<String>,
    },
    /// A log group does not exist.
    LogGroupMissing {
        /// Whether the API said so itself; the agent's own sentence is also printed for other causes.
        certain: bool,
    },
    /// Logging could not be set up for a reason this version does not know.
    Logging,
    /// A role cannot be assumed.
    RoleNotAssumable {
        /// Its resource name.
        role: Option<String>,
        /// Whether it is the infrastructure role, which manages volumes.
        infrastructure: bool,
    },
    /// A file with more environment could not be read from S3.
    EnvironmentFile {
        /// Whether packets got lost, as opposed to S3 saying no.
        network: bool,
    },
    /// A file system could not be mounted.
    Efs(Efs),
    /// No network interface in time.
    InterfaceTimeout {
        /// Whether AWS says that it was throttled.
        throttled: bool,
    },
    /// EC2 could not create a network interface, as a rule because the subnet has no free address.
    NoAddress {
        /// `subnet-…`
        subnet: Option<String>,
    },
    /// The task definition does not fit where it should run.
    Incompatible,
    /// The container runtime took too long.
    RuntimeTimeout,
    /// The container runtime could not create or start a container.
    CannotStart(Obstacle),
    /// A container waits for another that did not do what it is waited for.
    Dependency {
        /// The container waited for.
        on: Option<String>,
        /// The container that waits.
        of: Option<String>,
    },
    /// A volume of EBS could not be attached.
    Ebs,
    /// No host has room for it.
    Placement,
    /// Something else, in AWS's words.
    Other,
}

/// What a task talks to before its containers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remote {
    /// The registry of its images.
    Registry,
    /// The bucket the registry keeps layers in.
    Layers,
    /// Secrets Manager.
    Secrets,
    /// Systems Manager Parameter Store.
    Parameters,
    /// Secrets or registry; AWS's sentence is cut off before it tells.
    SecretsOrRegistry,
    /// CloudWatch Logs.
    Logs,
    /// S3, for environment files.
    EnvironmentFiles,
}

impl Remote {
    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Registry => "the image registry",
            Self::Layers => "the registry's layers in S3",
            Self::Secrets => "Secrets Manager",
            Self::Parameters => "Parameter Store",
            Self::SecretsOrRegistry => "secrets or the image registry",
            Self::Logs => "CloudWatch Logs",
            Self::EnvironmentFiles => "environment files in S3",
        }
    }
}

/// Who was denied what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// What the task talked to.
    pub what: Remote,
    /// `secretsmanager:GetSecretValue`
    pub action: Option<String>,
    /// Resource name of who asked.
    pub principal: Option<String>,
    /// Resource name of what was asked for.
    pub resource: Option<String>,
    /// Whether the policy of a VPC endpoint is what denies.
    pub by_endpoint: bool,
}

impl Denied {
    /// Name of the role in the principal: `arn:aws:sts::1:assumed-role/ROLE/SESSION` or `arn:aws:iam::1:role/PATH/ROLE`.
    pub fn role(&self) -> Option<&str> {
        let principal = self.principal.as_deref()?;
        match principal.split_once(":assumed-role/") {
            Some((_, rest)) => rest.split('/').next(),
            None => principal.split_once(":role/").and_then(|(_, rest)| rest.rsplit('/').next()),
        }
        .filter(|role| !role.is_empty())
    }
}

/// What was not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// What the task wanted to talk to.
    pub what: Remote,
    /// Where it tried.
    pub dialled: Option<Dialled>,
    /// Whether somebody answered but was not trusted (`x509:`).
    pub certificate: bool,
    /// Whether S3 answered 403 for a layer, which is how the policy of its endpoint shows.
    pub refused: bool,
}

/// Where a connection was tried. The address tells which way the packets went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialled {
    /// An address and port.
    Address(IpAddr, u16),
    /// A name that did not resolve.
    Name(String),
}

impl Dialled {
    /// Whether the packets stayed in private networks: then the name resolved to an interface endpoint. IPv6 addresses of
    /// VPCs are global, so these tell nothing.
    pub fn is_private(&self) -> Option<bool> {
        match self {
            Self::Address(IpAddr::V4(address), _) => {
                let shared = address.octets().first() == Some(&100)
                    && address.octets().get(1).is_some_and(|second| (64..128).contains(second));
                Some(address.is_private() || shared)
            }
            Self::Address(IpAddr::V6(_), _) | Self::Name(_) => None,
        }
    }
}

impl std::fmt::Display for Dialled {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(IpAddr::V4(address), port) => write!(formatter, "{address}:{port}"),
            Self::Address(IpAddr::V6(address), port) => write!(formatter, "[{address}]:{port}"),
            Self::Name(name) => formatter.write_str(name),
        }
    }
}

/// A reference to an image as AWS quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image(String);

impl Image {
    /// Takes a reference: `1.dkr.ecr.eu-west-1.amazonaws.com/web:1`, `nginx`, `docker.io/library/nginx@sha256:…`.
    pub fn new(reference: &str) -> Self {
        Self(reference.to_owned())
    }

    /// The whole reference.
    pub fn reference(&self) -> &str {
        &self.0
    }

    /// The registry's host, if the reference names one.
    pub fn registry(&self) -> Option<&str> {
        self.0.split_once('/').map(|(host, _)| host).filter(|host| host.contains(['.', ':']))
    }

    /// Whether it is in a private registry of ECR.
    pub fn in_ecr(&self) -> bool {
        self.registry().is_some_and(|host| host.contains(".dkr.ecr"))
    }

    /// The account of its private registry of ECR.
    pub fn account(&self) -> Option<&str> {
        self.registry().filter(|_| self.in_ecr()).and_then(|host| host.split('.').next())
    }

    /// The region of its private registry of ECR.
    pub fn region(&self) -> Option<&str> {
        self.registry().filter(|_| self.in_ecr()).and_then(|host| host.split('.').nth(3))
    }

    /// The digest it is pinned to.
    pub fn digest(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, digest)| digest)
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        let name = self.0.split_once('@').map_or(self.0.as_str(), |(name, _)| name);
        name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'))
    }

    /// Repository without registry, tag and digest.
    pub fn repository(&self) -> &str {
        let name = self.short();
        let name = name.split_once('@').map_or(name, |(name, _)| name);
        name.rsplit_once(':').map_or(name, |(name, _)| name)
    }

    /// Without the registry, which in ECR is long and always the same.
    pub fn short(&self) -> &str {
        match self.0.split_once('/') {
            Some((registry, rest)) if registry.contains(['.', ':']) => rest.strip_prefix("library/").unwrap_or(rest),
            Some(_) | None => &self.0,
        }
    }
}

/// Why EFS was not mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Efs {
    /// No answer on port 2049.
    Timeout,
    /// Its name does not resolve in this zone.
    Unresolved,
    /// The file system's policy, or transit encryption it insists on.
    Denied,
    /// The directory does not exist.
    NoDirectory,
    /// The sentence ends before it tells.
    Other,
}

/// Why the runtime could not start a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Obstacle {
    /// The command is in no directory of `$PATH`, or the file is not there.
    CommandNotFound,
    /// The file is there and must not be executed.
    NotExecutable,
    /// The host port is taken.
    PortTaken,
    /// A device is missing.
    Device,
    /// The memory limit is too low even to start.
    MemoryTooLow,
    /// Something else, in the runtime's words.
    Other,
}

impl StartFailure {
    fn new(class: StopClass, cause: Cause, words: impl Into<String>) -> Self {
        Self { class, cause, words: words.into() }
    }

    /// What two failures with the same cause have in common: no addresses, no ids of tasks.
    pub fn fingerprint(&self) -> String {
        match &self.cause {
            Cause::Denied(denied) => format!("{:?} {:?} {:?}", denied.what, denied.action, denied.role()),
            Cause::Unreachable(way) => format!("{:?} {:?} {:?}", way.what, way.certificate, way.refused),
            Cause::Other | Cause::Placement => format!("{:?} {}", self.class, without_ids(&self.words)),
            cause => format!("{cause:?}"),
        }
    }
}

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
