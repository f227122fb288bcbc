//! Why a task could not start, read from AWS's words (catalogue 4.2 and 4.3): what was asked, what was dialled, who was
//! denied what. The same words stand in a task's stop reason, in a container's reason, in placement events and in the
//! reason of a service deployment.
//!
//! Fargate cuts long messages off at the end, so a failure is recognised by its beginning and by parts that come early.
//! Whatever follows is looked for but never needed.

mod read;

use std::net::IpAddr;

pub(in crate::diagnose) use read::without_ids;
pub use read::{ebs_failure, start_failure};

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
