//! What a task's platform has to reach before a container can start, and what it says when it does not.

use std::net::Ipv4Addr;

use super::network::Dropped;
use super::service::Blocked;
use super::task::{Surroundings, Task};
use super::{ACCOUNT, ContainerDefinition, REGION};

/// Where a task's platform has to get through to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The registry's API, which hands out the key to the images.
    EcrApi,
    /// The registry itself, which has the manifests.
    EcrDocker,
    /// Object storage, where the layers are.
    S3,
    /// Where secrets are kept.
    SecretsManager,
    /// Where containers write to.
    Logs,
}

/// How a connection to a destination ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It gets through.
    Reaches,
    /// Nothing comes back from this address: private for an interface endpoint, public for the way through the internet.
    TimesOut(Ipv4Addr),
}

/// Whether a task gets through to a destination: not to what its service is told to lack, and otherwise as the groups, ACLs,
/// routes and endpoints on the way have it.
pub(crate) fn reaches(
    around: &Surroundings<'_>,
    task: &Task,
    blocked: &[Blocked],
    destination: Destination,
) -> Outcome {
    if let Some(blocked) = blocked.iter().find(|blocked| blocked.destination == destination) {
        return Outcome::TimesOut(blocked.address);
    }
    let (from, service) = (task.seat.endpoint(0).0, destination.service());
    match around.network.reaches_service(from, service, around.now) {
        // A seat without an interface of its own is somebody else's to judge.
        Ok(()) | Err(Dropped::NoSuchAddress(_)) => Outcome::Reaches,
        Err(_) => Outcome::TimesOut(around.network.resolve(from, service).unwrap_or(Ipv4Addr::UNSPECIFIED)),
    }
}

impl Task {
    /// Why the containers cannot start, in the order in which a platform finds out: secrets and the registry's key, images,
    /// logs. With the place of the container, where it is about one.
    pub(crate) fn start_failure(
        &self,
        blocked: &[Blocked],
        around: &Surroundings<'_>,
    ) -> Option<(Option<usize>, String)> {
        let fails =
            |destination, secret: &str, image: &str, log_group: &str| match reaches(around, self, blocked, destination)
            {
                Outcome::Reaches => None,
                Outcome::TimesOut(address) => Some(destination.failure(address, image, secret, log_group)),
            };
        if let Some(reason) = fails(Destination::EcrApi, "", "", "") {
            return Some((None, reason));
        }
        for (_, secret) in self.definition.containers.iter().flat_map(ContainerDefinition::secrets) {
            if let Some(reason) = fails(Destination::SecretsManager, secret, "", "") {
                return Some((None, reason));
            }
            if around.account.lacks_secret(secret) {
                let reason = format!(
                    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: \
                     unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret {secret} \
                     from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret."
                );
                return Some((None, reason));
            }
        }
        for (place, defined) in self.definition.containers.iter().enumerate() {
            let image = defined.image();
            let reason = fails(Destination::EcrDocker, "", image, "")
                .or_else(|| defined.application.image.failure(image))
                .or_else(|| fails(Destination::S3, "", image, ""));
            if let Some(reason) = reason {
                return Some((Some(place), reason));
            }
        }
        self.definition.containers.iter().find_map(|defined| {
            let group = defined.log_group();
            let missing = || {
                around.account.missing_log_groups.contains(group).then(|| {
                    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed \
                     to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit \
                     status 1"
                        .to_owned()
                })
            };
            Some((None, fails(Destination::Logs, "", "", group).or_else(missing)?))
        })
    }
}

impl Destination {
    /// As endpoints name it.
    const fn service(self) -> &'static str {
        match self {
            Self::EcrApi => "ecr.api",
            Self::EcrDocker => "ecr.dkr",
            Self::S3 => "s3",
            Self::SecretsManager => "secretsmanager",
            Self::Logs => "logs",
        }
    }

    /// Stopped reason of a task that does not get through, in the words of Fargate platform 1.4.
    pub(crate) fn failure(self, address: Ipv4Addr, image: &str, secret: &str, log_group: &str) -> String {
        let tcp = format!("dial tcp {address}:443: i/o timeout");
        match self {
            Self::EcrApi => format!(
                "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from \
                 Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. \
                 RequestError: send request failed caused by: Post \"https://api.ecr.{REGION}.amazonaws.com/\": {tcp}"
            ),
            Self::SecretsManager => format!(
                "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: There \
                 is a connection issue between the task and AWS Secrets Manager. Check your task network configuration. failed \
                 to fetch secret {secret} from secrets manager: RequestCanceled: request context canceled caused by: Post \
                 \"https://secretsmanager.{REGION}.amazonaws.com/\": {tcp}"
            ),
            Self::EcrDocker => format!(
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {image}: failed \
                 to do request: Head \"https://{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/v2/\": {tcp}"
            ),
            Self::S3 => format!(
                "CannotPullContainerError: The task cannot pull {image} from the registry. There is a connection issue between \
                 the task and the registry. failed to copy: httpReadSeeker: failed open: failed to do request: Get \
                 \"https://prod-{REGION}-starport-layer-bucket.s3.{REGION}.amazonaws.com/\": {tcp}"
            ),
            Self::Logs => format!(
                "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log \
                 group {log_group}. There is a connection issue between the task and Amazon CloudWatch. Check your network \
                 configuration. create stream has been retried 1 times: RequestError: send request failed caused by: Post \
                 \"https://logs.{REGION}.amazonaws.com/\": {tcp}: exit status 1"
            ),
        }
    }
}
