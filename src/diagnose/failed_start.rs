//! Why a task never started, as the words of AWS about it tell: its stop reason, the reasons of its containers and of its
//! volumes, and containers that waited for others in vain.

use std::borrow::Cow;

use super::parse::start_failure::{Cause, StartFailure, ebs_failure, start_failure};
use super::parse::stop_reason::StopClass;
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;

/// A start that failed, and the words that tell.
#[derive(Clone, Debug)]
pub struct FailedStart<'a> {
    /// Why.
    pub failure: StartFailure,
    /// The field of the task the words stand in.
    pub field: String,
    /// The words.
    pub text: Cow<'a, str>,
    /// The container, where the words are about one.
    pub container: Option<&'a str>,
}

/// What AWS said about why a task never started; `None` if it did start, or was stopped on purpose. `stop` is what its stop
/// code and reason say by themselves.
pub fn failed_start<'a>(
    task: &'a Task,
    definition: Option<&'a TaskDefinition>,
    stop: StopClass,
) -> Option<FailedStart<'a>> {
    let ended = matches!(
        stop,
        StopClass::LoadBalancerHealth
            | StopClass::ContainerHealth
            | StopClass::SpotInterruption
            | StopClass::HostGone
            | StopClass::InfrastructureHealth
            | StopClass::OutOfMemory
    );
    if stop.is_benign() || ended {
        return None;
    }
    let mut read: Vec<FailedStart<'a>> = texts(task).collect();
    if let Some(index) = read.iter().position(|start| start.failure.cause != Cause::Other) {
        return Some(read.swap_remove(index));
    }
    if let Some(found) = unmet_dependency(task, definition) {
        return Some(found);
    }
    if !read.is_empty() {
        return Some(read.swap_remove(0));
    }
    let never_started = task.started_at.is_none() && task.containers.iter().all(|one| one.exit_code.is_none());
    let reason = task.stopped_reason.as_deref().filter(|reason| !reason.is_empty());
    match (task.stop_code.as_deref(), reason) {
        (Some("TaskFailedToStart"), Some(reason)) if never_started => {
            let failure = StartFailure { class: StopClass::Unknown, cause: Cause::Other, words: reason.to_owned() };
            Some(of_task(failure, reason))
        }
        _ => None,
    }
}

fn of_task(failure: StartFailure, reason: &str) -> FailedStart<'_> {
    FailedStart { failure, field: "stoppedReason".to_owned(), text: reason.into(), container: None }
}

fn texts(task: &Task) -> impl Iterator<Item = FailedStart<'_>> {
    let of_volumes = task.attachments.iter().filter(|one| one.kind == "AmazonElasticBlockStorage");
    let of_volumes = of_volumes.filter_map(|attachment| {
        let (_, reason) = attachment.details.iter().find(|(name, _)| name == "statusReason")?;
        let field = "attachments[AmazonElasticBlockStorage].details.statusReason".to_owned();
        let text = reason.as_str().into();
        (!reason.is_empty()).then(|| FailedStart { failure: ebs_failure(reason), field, text, container: None })
    });
    let reason = task.stopped_reason.as_deref();
    let of_task = reason.and_then(|reason| Some(of_task(start_failure(reason)?, reason)));
    let of_containers = task.containers.iter().filter_map(|container| {
        let reason = container.reason.as_deref()?;
        let failure = start_failure(reason)?;
        let field = format!("containers[{}].reason", container.name);
        Some(FailedStart { failure, field, text: reason.into(), container: Some(&container.name) })
    });
    of_volumes.chain(of_task).chain(of_containers)
}

/// A container that never started since one that had to succeed before it did not.
fn unmet_dependency<'a>(task: &'a Task, definition: Option<&'a TaskDefinition>) -> Option<FailedStart<'a>> {
    let of_task = |name: &str| task.containers.iter().find(|container| container.name == name);
    let waits = definition?.containers.iter().flat_map(|container| {
        container
            .depends_on
            .iter()
            .map(move |(on, condition)| (container.name.as_str(), on.as_str(), condition.as_str()))
    });
    let (waiting, failed, code) =
        waits.filter(|(.., condition)| *condition == "SUCCESS").find_map(|(name, on, _)| {
            let failed = of_task(on).filter(|one| !matches!(one.exit_code, None | Some(0 | 137 | 143)))?;
            let waiting = of_task(name).filter(|one| one.exit_code.is_none())?;
            Some((waiting, failed, failed.exit_code?))
        })?;
    let failure = StartFailure {
        class: StopClass::Runtime,
        cause: Cause::Dependency { on: Some(failed.name.clone()), of: Some(waiting.name.clone()) },
        words: format!("waits for container {}, which did not succeed", failed.name),
    };
    let field = format!("containers[{}].exitCode", failed.name);
    Some(FailedStart { failure, field, text: code.to_string().into(), container: Some(&failed.name) })
}
