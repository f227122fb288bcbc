//! Why tasks do not start: images, secrets, logs, volumes, interfaces (catalogue 5C).
//!
//! ```text
//!  stop reasons, container reasons, attachments, events, deployments ─▶ attempts ─┐
//!    image, platform            registry, layers, architecture ◀─────────────────┤
//!    identity, secrets, logs    roles, what they may do and reach ◀──────────────┤
//!    resource, subnets          interfaces, volumes, container runtime ◀─────────┘
//!    unstarted                  what shows without a failure: definition, tasks that hang
//! ```

mod attempts;
mod identity;
mod image;
mod logs;
mod platform;
mod resource;
mod secrets;
mod subnets;
mod unstarted;

#[cfg(test)]
mod tests;

use super::Family;
use crate::diagnose::catalogue::{Bearing, Entry, Rank, STARTS_FAIL};
use crate::diagnose::finding::{Confidence, Finding, Severity};
use crate::diagnose::parse::start_failure::Cause;
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::scene::{Dead, Scene};
use attempts::Failures;

pub(in crate::diagnose::rules) use platform::exec_format;

/// The family.
pub const FAMILY: Family = Family {
    name: "Task start",
    entries: &[
        &image::ECR_AUTH_IAM,
        &image::IMAGE_NOT_FOUND,
        &image::IMAGE_DIGEST_EXPIRED,
        &image::IMAGE_PULL_ACCESS_DENIED,
        &image::IMAGE_RATE_LIMITED,
        &platform::IMAGE_PLATFORM_MISMATCH,
        &image::IMAGE_TOO_LARGE_NO_SPACE,
        &image::IMAGE_PULL_NETWORK,
        &secrets::SECRET_MISSING,
        &secrets::SECRET_ACCESS_DENIED,
        &secrets::SECRET_JSON_KEY_MISSING,
        &logs::LOG_GROUP_MISSING,
        &logs::LOG_PERMISSION_DENIED,
        &unstarted::EXECUTION_ROLE_MISSING,
        &identity::ROLE_NOT_ASSUMABLE,
        &identity::ENV_FILE_DOWNLOAD_FAILED,
        &resource::EFS_MOUNT_FAILED,
        &resource::ENI_PROVISIONING_TIMEOUT,
        &subnets::SUBNET_IP_EXHAUSTED,
        &resource::TASKDEF_INCOMPATIBLE_COMPUTE,
        &resource::CONTAINER_RUNTIME_TIMEOUT,
        &resource::CANNOT_START_CONTAINER,
        &resource::DEPENDSON_DEADLOCK,
        &resource::EBS_ATTACH_FAILED,
        &unstarted::TASK_STUCK_PENDING,
        &identity::TASK_START_NETWORK,
        &TASK_START_FAILED,
    ],
    missing: &[],
    find,
};

/// What most failures to start have in common.
const START: Entry = Entry {
    id: "",
    number: 0,
    severity: Severity::Critical,
    rank: Rank::AwsText,
    effect: None,
    explains: STARTS_FAIL,
    bearing: Bearing::Present,
    instead_of: &["task-start-failed"],
    title: "",
    meaning: "",
    decided: "",
    fix: "",
    sources: &[],
};

const ECS_PULL: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html";
const ECS_RIE: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html";
const ECS_RNF: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-not-found-error.html";
const ECS_STOP: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html";
const ECS_CONN: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/verify-connectivity.html";
const ECS_F2S: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/failed-to-start-error.html";
const EXECUTION_ROLE: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html";

static TASK_START_FAILED: Entry = Entry {
    id: "task-start-failed",
    number: 115,
    severity: Severity::Error,
    effect: Some(crate::diagnose::catalogue::Effect::StartFailures),
    instead_of: &[],
    title: "Tasks fail to start for a reason quoted from AWS",
    meaning: "Tasks of the service stop before their containers ever ran, and AWS's sentence about it is none of those \
        this version can take apart. The sentence is quoted; it is the cause, in AWS's words.",
    decided: "`stopCode` is `TaskFailedToStart` (or an event says that a task could not be launched), no container has \
        an exit code, and `stoppedReason` matches none of the more specific findings.",
    fix: "Read the quoted reason; look it up among the stopped task error messages in the developer guide.",
    sources: &[ECS_STOP, ECS_F2S],
    ..START
};

fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let failures = attempts::failures(scene);
    for batch in &failures {
        if let Some(finding) = explain(scene, batch) {
            findings.push(batch.finish(scene, finding));
        }
    }
    unstarted::find(scene, &failures, findings);
    subnets::find(scene, &failures, findings);
    platform::find_wrong_architecture(scene, findings);
}

fn explain<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>) -> Option<Finding> {
    Some(match &batch.failure.cause {
        Cause::Denied(denied) => identity::denied(scene, batch, denied),
        Cause::Unreachable(way) => image::unreachable(scene, batch, way),
        Cause::ImageNotFound(image) => image::not_found(scene, batch, image.as_ref()),
        Cause::ImageDenied(image) => image::refused(scene, batch, image.as_ref()),
        Cause::ImageRateLimited(image) => image::rate_limited(scene, batch, image.as_ref()),
        Cause::ImagePlatform { platform } => platform::wrong_platform(scene, batch, platform.as_deref()),
        Cause::NoSpace => image::no_space(scene, batch),
        Cause::SecretMissing { secret, .. } => secrets::missing(scene, batch, secret.as_deref()),
        Cause::SecretKeyMissing { key } => secrets::key_missing(scene, batch, key.as_deref()),
        Cause::LogGroupMissing { certain } => return logs::group_missing(scene, batch, *certain),
        Cause::RoleNotAssumable { role, infrastructure } => {
            identity::role_not_assumable(scene, batch, role.as_deref(), *infrastructure)
        }
        Cause::EnvironmentFile { network } => identity::env_file(scene, batch, *network, None),
        Cause::Efs(why) => resource::efs(scene, batch, *why),
        Cause::InterfaceTimeout { throttled } => resource::interface_timeout(batch, *throttled),
        Cause::NoAddress { subnet } => subnets::no_address(scene, batch, subnet.as_deref()),
        Cause::Incompatible => resource::incompatible(scene, batch),
        Cause::RuntimeTimeout => resource::runtime_timeout(batch),
        Cause::CannotStart(obstacle) => resource::cannot_start(scene, batch, *obstacle),
        Cause::Dependency { on, of } => resource::dependency(scene, batch, on.as_deref(), of.as_deref()),
        Cause::Ebs => resource::ebs(scene, batch),
        Cause::ImageOther(_) | Cause::Logging | Cause::Other => failed(scene, batch),
        Cause::Placement => return None,
    })
}

fn failed<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>) -> Finding {
    let words = scene.quote(&batch.failure.words);
    Finding::new(&TASK_START_FAILED, Confidence::Certain, format!("Tasks fail to start: {words}"))
        .short(format!("tasks fail to start: {words}"))
        .explain(
            "AWS stopped the task before its containers ran. The reason quoted below is AWS's own sentence about it; \
                ECS keeps trying, with longer and longer pauses.",
        )
}

/// Log groups whose existence decides about a finding, each with its region where it is another one: those of stopped tasks
/// of which AWS says that their log group was not found.
pub fn wanted_log_groups(scene: &Scene<'_>) -> Vec<(String, Option<String>)> {
    let speaks =
        |dead: &&Dead<'_>| dead.failed_start.as_ref().is_some_and(|start| start.failure.class == StopClass::Logging);
    let definitions = scene.dead.iter().filter(speaks).filter_map(|dead| dead.definition);
    let groups = definitions.flat_map(|definition| logs::groups(&scene.facts, definition));
    let mut wanted: Vec<_> = groups.map(|(_, group, region)| (group, region)).collect();
    wanted.sort();
    wanted.dedup();
    wanted
}
