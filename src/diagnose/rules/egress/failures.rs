//! Starts that failed, or hang, for want of a connection: what was called, and which address was dialled.

use std::net::IpAddr;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use regex::Regex;

use crate::diagnose::network::needs::{Need, needs, region};
use crate::diagnose::parse::events::Event;
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::rules::task_stop::batch::{RECENT, RETAINED, is_impaired};
use crate::diagnose::scene::{Dead, Scene};
use crate::model::task::Task;

/// A task that has been PENDING for longer hangs on something.
const HANGING: SignedDuration = SignedDuration::from_mins(3);

/// A start that failed or hangs.
#[derive(Clone, Debug)]
pub(in crate::diagnose) struct Failure<'a> {
    /// The task; an event may be all that is left.
    pub(in crate::diagnose) task: Option<&'a Task>,
    /// AWS's words, if there are any.
    pub(in crate::diagnose) text: Option<&'a str>,
    /// What may have been called.
    pub(in crate::diagnose) called: Vec<Need>,
    /// The address that was dialled, where AWS tells.
    pub(in crate::diagnose) dialled: Option<IpAddr>,
}

/// What the network does: parts of AWS's words that speak of packets without an answer.
const SILENCE: [&str; 9] = [
    "i/o timeout",
    "connection issue between the task and",
    "httpReaderSeeker",
    "httpReadSeeker",
    "context deadline exceeded",
    "request canceled",
    "context canceled",
    "signal: killed",
    "TLS handshake timeout",
];

/// What somebody answered: then packets get through.
const ANSWERED: [&str; 9] = [
    "toomanyrequests",
    "pull rate limit",
    "AccessDenied",
    "not authorized to perform",
    "no such host",
    "connection refused",
    "x509:",
    "403 Forbidden",
    "401 Unauthorized",
];

fn is_silence(text: &str) -> bool {
    let nil_pointer = text.starts_with("CannotPull") && text.contains("panic: runtime error: invalid memory address");
    (nil_pointer || SILENCE.iter().any(|part| text.contains(part))) && !ANSWERED.iter().any(|part| text.contains(part))
}

static DIALLED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"dial tcp (?:\[([0-9a-fA-F:]+)\]|([0-9]{1,3}(?:\.[0-9]{1,3}){3})):\d+").ok());

fn dialled(text: &str) -> Option<IpAddr> {
    let found = DIALLED.as_ref()?.captures(text)?;
    found.get(1).or_else(|| found.get(2))?.as_str().parse().ok()
}

/// What was called, as far as the words tell.
fn called(class: StopClass, text: &str) -> Vec<Need> {
    let has = |part: &str| text.contains(part);
    let layers = has("httpReaderSeeker")
        || has("httpReadSeeker")
        || has("failed to copy")
        || has("starport")
        || has(".s3.")
        || has("://s3.")
        || has("panic: runtime error");
    match class {
        StopClass::ImagePull if layers => vec![Need::S3],
        StopClass::ImagePull if has("api.ecr") => vec![Need::EcrApi],
        StopClass::ImagePull if has("failed to do request") && has(".dkr.ecr") => vec![Need::EcrDocker],
        StopClass::ImagePull if has(".dkr.ecr") || !has("://") => vec![Need::EcrApi, Need::EcrDocker, Need::S3],
        StopClass::ImagePull => Vec::new(),
        StopClass::Logging => vec![Need::Logs],
        StopClass::Resource if has("env files") || has("environment file") => vec![Need::S3],
        _ if has("Amazon ECR") || has("api.ecr") || has("ecr registry") => vec![Need::EcrApi],
        _ if has("Secrets Manager") || has("secretsmanager") => vec![Need::SecretsManager],
        _ if has("Systems Manager") || has("Parameter Store") || has("ssm.") => vec![Need::Ssm],
        _ if has("CloudWatch") || has("Cloudwatch") || has("logs.") => vec![Need::Logs],
        _ => vec![Need::EcrApi, Need::SecretsManager, Need::Ssm],
    }
}

/// Starts of the present that failed, or hang, for want of a connection.
pub(in crate::diagnose) fn failures<'a>(scene: &Scene<'a>) -> Vec<Failure<'a>> {
    let missing = is_impaired(scene);
    // A death of long ago counts only while tasks are missing.
    let limit = if missing { RETAINED } else { RECENT };
    let fresh = |at: Option<Timestamp>| at.is_none() && missing || scene.since(at).is_some_and(|age| age <= limit);
    let mut failures: Vec<Failure<'a>> = scene
        .deaths_of_primary()
        .filter(|dead| fresh(dead.at))
        .filter_map(|dead| of_dead(scene, dead))
        .take(20)
        .collect();
    if failures.is_empty() && missing {
        failures.extend(scene.events.iter().filter_map(|heard| match heard.event {
            Event::NotPlaced { reason } => of_text(scene, None, reason),
            _ => None,
        }));
        failures.truncate(3);
    }
    if failures.is_empty() && missing {
        failures
            .extend(scene.tasks.known().copied().unwrap_or_default().iter().filter_map(|task| hanging(scene, task)));
        failures.truncate(20);
    }
    failures
}

fn of_dead<'a>(scene: &Scene<'a>, dead: &Dead<'a>) -> Option<Failure<'a>> {
    let network =
        matches!(dead.death.class, StopClass::ImagePull | StopClass::Secret | StopClass::Logging | StopClass::Resource);
    if !network {
        return None;
    }
    let task = dead.task;
    let reasons = task.containers.iter().filter_map(|container| container.reason.as_deref());
    let text = task.stopped_reason.as_deref().into_iter().chain(reasons).find(|text| is_silence(text))?;
    let mut failure = of_text(scene, Some(task), text)?;
    if failure.called.is_empty() {
        failure.called = called(dead.death.class, text);
    }
    Some(failure)
}

fn of_text<'a>(scene: &Scene<'a>, task: Option<&'a Task>, text: &'a str) -> Option<Failure<'a>> {
    if !is_silence(text) {
        return None;
    }
    let class = crate::diagnose::parse::stop_reason::stop_reason(None, Some(text)).class;
    let called = called(class, text);
    let needed = needed(scene, task);
    // What was called was needed, whatever words AWS has for it.
    let meant: Vec<Need> = called.iter().filter(|need| needed.is_empty() || needed.contains(need)).cloned().collect();
    let registries = || needed.iter().filter(|need| matches!(need, Need::Registry(_))).cloned().collect();
    let called = match class {
        StopClass::ImagePull if meant.is_empty() => registries(),
        _ if meant.is_empty() => called,
        _ => meant,
    };
    Some(Failure { task, text: Some(text), called, dialled: dialled(text) })
}

/// What the tasks need, as their revision says; empty when it was not read.
pub(in crate::diagnose) fn needed(scene: &Scene<'_>, task: Option<&Task>) -> Vec<Need> {
    let of_task = task.and_then(|task| scene.facts.task_definition(&task.task_definition).known().copied());
    let definition = of_task.or_else(|| scene.definition());
    definition.map(|definition| needs(definition, scene.service, region(&scene.facts))).unwrap_or_default()
}

/// A task that is PENDING for long while its images are not there yet.
fn hanging<'a>(scene: &Scene<'a>, task: &'a Task) -> Option<Failure<'a>> {
    let long = scene.since(task.created_at).is_some_and(|age| age > HANGING);
    let of_primary = match (scene.primary, task.started_by.as_deref()) {
        (Some(primary), Some(started_by)) if started_by.starts_with("ecs-svc/") => started_by == primary.id,
        _ => true,
    };
    let pending = task.last_status == "PENDING" && !task.is_stopped() && task.started_at.is_none();
    if !(long && of_primary && pending && task.pull_stopped_at.is_none()) {
        return None;
    }
    let called: Vec<Need> = needed(scene, Some(task)).into_iter().filter(|need| *need != Need::SsmMessages).collect();
    (!called.is_empty()).then_some(Failure { task: Some(task), text: None, called, dialled: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_aws_tell_what_was_called_and_where() {
        let login = "ResourceInitializationError: unable to pull secrets or registry auth: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post \"https://api.ecr.eu-west-1.amazonaws.com/\": dial tcp 10.0.3.7:443: i/o timeout";
        let layers = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to copy: httpReaderSeeker: failed open: failed to do request: Get \"https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/1\": dial tcp 52.218.1.2:443: i/o timeout";
        let hub = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/library/nginx:1: failed to do request: Head \"https://registry-1.docker.io/v2/library/nginx/manifests/1\": dial tcp 44.205.64.79:443: i/o timeout";
        for (class, text, expected, address) in [
            (StopClass::Secret, login, vec![Need::EcrApi], Some("10.0.3.7")),
            (StopClass::ImagePull, layers, vec![Need::S3], Some("52.218.1.2")),
            (StopClass::ImagePull, hub, vec![], Some("44.205.64.79")),
            (
                StopClass::Logging,
                "ResourceInitializationError: failed to validate logger args: signal: killed",
                vec![Need::Logs],
                None,
            ),
        ] {
            assert!(is_silence(text), "{text}");
            assert_eq!(called(class, text), expected, "{text}");
            assert_eq!(dialled(text), address.map(|address| address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn answers_are_no_silence() {
        for text in [
            "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit: context canceled",
            "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: context canceled",
            "CannotPullContainerError: dial tcp: lookup api.ecr.eu-west-1.amazonaws.com: no such host: i/o timeout",
            "CannotPullContainerError: image not found",
        ] {
            assert!(!is_silence(text), "{text}");
        }
    }
}
