//! Tasks that ended the same way, taken together: whether that matters now, what it is about, what AWS said. Tasks that
//! never started are counted the same way.

use jiff::SignedDuration;

use crate::diagnose::catalogue::Bearing;
use crate::diagnose::deployment::in_progress;
use crate::diagnose::finding::{Finding, Scope, Severity};
use crate::diagnose::parse::events::Event;
use crate::diagnose::scene::{Dead, Scene};
use crate::model::known::Known;
use crate::model::query::LogStream;
use crate::model::service::{RolloutState, ServiceStatus};
use crate::model::task::Task;
use crate::model::text::visible_short;

/// What happened within this time belongs to the present.
pub(in crate::diagnose::rules) const RECENT: SignedDuration = SignedDuration::from_mins(15);

/// AWS keeps stopped tasks for about this long.
pub(in crate::diagnose::rules) const RETAINED: SignedDuration = SignedDuration::from_hours(1);

/// Most tasks a scope names.
const NAMED: usize = 20;

/// Whether something matters now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose::rules) enum Standing {
    /// It goes on, or tasks are missing for it.
    Present,
    /// It is over, and worth a note.
    Past,
}

/// Whether the service is meant to run tasks at all.
pub(in crate::diagnose::rules) fn is_wanted(scene: &Scene<'_>) -> bool {
    scene.service.status == ServiceStatus::Active && scene.service.desired > 0
}

/// Whether tasks are missing, or a deployment is under way or was given up.
pub(in crate::diagnose::rules) fn is_impaired(scene: &Scene<'_>) -> bool {
    let service = scene.service;
    let primary_lacks = scene.primary.is_some_and(|primary| {
        primary.running < service.desired || primary.rollout_state == Some(RolloutState::Failed)
    });
    is_wanted(scene) && (service.running < service.desired || primary_lacks || in_progress(service))
}

/// Whether the service runs what it ran before because the newest deployment failed. Then the deaths of that deployment say
/// why, although they are of no present one.
pub(in crate::diagnose::rules) fn was_rolled_back(scene: &Scene<'_>) -> bool {
    let deployments = scene.facts.service_deployments();
    let newest = deployments.known().and_then(|all| all.first());
    let by_status = newest.is_some_and(|newest| newest.status.starts_with("ROLLBACK"));
    let by_reason = scene
        .primary
        .and_then(|primary| primary.rollout_reason.as_deref())
        .is_some_and(|reason| reason.contains("rolling back to deployment"));
    let by_event = || {
        let recent = scene.history.iter().take_while(|heard| scene.since(heard.at).is_some_and(|age| age <= RETAINED));
        recent.into_iter().any(|heard| matches!(heard.event, Event::RollingBack { .. }))
    };
    by_status || by_reason || by_event()
}

/// Whether a dead task is of the deployment that was rolled back.
fn is_of_failed(scene: &Scene<'_>, dead: &Dead<'_>) -> bool {
    let Some(primary) = scene.primary else { return false };
    !dead.of_primary && dead.task.task_definition != primary.task_definition
}

/// Whether tasks that died the same way matter now; `None` if it is better not to speak of them. `dead` are newest first.
pub(in crate::diagnose::rules) fn standing(scene: &Scene<'_>, dead: &[&Dead<'_>]) -> Option<Standing> {
    if !is_wanted(scene) {
        return None;
    }
    let age = |dead: &&&Dead<'_>| scene.since(dead.at).is_none_or(|age| age <= RETAINED);
    let newest = dead.iter().filter(|dead| dead.of_primary).find(age);
    if let Some(newest) = newest {
        let recent = scene.since(newest.at).is_some_and(|age| age <= RECENT);
        return Some(if recent || is_impaired(scene) { Standing::Present } else { Standing::Past });
    }
    let explains = dead.iter().filter(age).any(|dead| is_of_failed(scene, dead));
    (explains && was_rolled_back(scene)).then_some(Standing::Past)
}

/// A finding about what is over is a note.
pub(in crate::diagnose::rules) fn as_of(standing: Standing, finding: Finding) -> Finding {
    match standing {
        Standing::Present => finding,
        Standing::Past => finding.severity(Severity::Info).bearing(Bearing::Past),
    }
}

/// Deployment, revision, tasks and container of tasks that died.
pub(in crate::diagnose::rules) fn scope_of(scene: &Scene<'_>, tasks: &[&Task], container: Option<&str>) -> Scope {
    let newest = tasks.first();
    let started_by = newest.and_then(|task| task.started_by.as_deref()).filter(|by| by.starts_with("ecs-svc/"));
    let primary = || scene.primary.map(|primary| primary.id.as_str());
    let revision = newest.map(|task| &task.task_definition);
    let revision = revision.or_else(|| scene.primary.map(|primary| &primary.task_definition));
    Scope {
        deployment: started_by.or_else(primary).map(ToOwned::to_owned),
        task_definition: revision.map(|arn| visible_short(arn.name(), 300)),
        tasks: tasks.iter().take(NAMED).map(|task| task.arn.name().to_owned()).collect(),
        containers: container.map(|name| visible_short(name, 300)).into_iter().collect(),
        ..Scope::default()
    }
}

/// The tasks behind dead ones.
pub(in crate::diagnose::rules) fn tasks_of<'a>(dead: &[&Dead<'a>]) -> Vec<&'a Task> {
    dead.iter().map(|dead| dead.task).collect()
}

/// With the stop code and stop reason of a task as evidence.
pub(in crate::diagnose::rules) fn with_stop(scene: &Scene<'_>, finding: Finding, task: &Task) -> Finding {
    let subject = subject(task);
    let said = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| scene.quote(text));
    let (code, reason) = (said(task.stop_code.as_deref()), said(task.stopped_reason.as_deref()));
    let finding = match code {
        Some(code) => finding.evidence(TASKS, &subject, "stopCode", code),
        None => finding,
    };
    finding.evidence(TASKS, &subject, "stoppedReason", reason.unwrap_or_else(|| "absent".to_owned()))
}

/// With the number of tasks as evidence, when there are more than one.
pub(in crate::diagnose::rules) fn with_count(
    scene: &Scene<'_>,
    finding: Finding,
    what: &str,
    tasks: &[&Task],
) -> Finding {
    if tasks.len() < 2 {
        return finding;
    }
    let subject = scope_of(scene, tasks, None).deployment.unwrap_or_else(|| format!("service {}", scene.service.name));
    finding.evidence(TASKS, subject, format!("derived: {what}"), tasks.len())
}

/// The IAM action that tells of tasks.
pub(in crate::diagnose::rules) const TASKS: &str = "ecs:DescribeTasks";

/// The IAM action that tells of task definitions.
pub(in crate::diagnose::rules) const DEFINITION: &str = "ecs:DescribeTaskDefinition";

/// The IAM action that tells of services.
pub(in crate::diagnose::rules) const SERVICES: &str = "ecs:DescribeServices";

/// The IAM action that tells what containers wrote.
pub(in crate::diagnose::rules) const LOGS: &str = "logs:FilterLogEvents";

/// `task 0123456789abcdef`
pub(in crate::diagnose::rules) fn subject(task: &Task) -> String {
    format!("task {}", task.arn.name())
}

/// ` (5 tasks)`, or nothing for one.
pub(in crate::diagnose::rules) fn count_words(count: usize) -> String {
    if count < 2 { String::new() } else { format!(" ({count} tasks)") }
}

/// Lines of a container's log, oldest first.
pub(in crate::diagnose::rules) struct Log<'a> {
    /// Where they are from.
    pub(in crate::diagnose::rules) stream: LogStream,
    /// What was written.
    pub(in crate::diagnose::rules) lines: Vec<&'a crate::model::observation::LogLine>,
}

/// The log of a container of a task, if it was read. No lines means that it wrote none.
pub(in crate::diagnose::rules) fn log_of<'a>(scene: &Scene<'a>, task: &Task, container: &str) -> Option<Log<'a>> {
    let stream = scene.facts.log_stream(task, container)?;
    let excerpt = scene.facts.logs(&stream, log_start(task)?);
    let Known::Known(excerpt) = excerpt else { return None };
    Some(Log { stream, lines: excerpt.lines().collect() })
}

/// From when on the log of a task is worth reading.
pub(in crate::diagnose::rules) fn log_start(task: &Task) -> Option<jiff::Timestamp> {
    task.created_at.or(task.started_at)
}
