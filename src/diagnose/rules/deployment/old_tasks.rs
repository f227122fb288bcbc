//! Tasks of older deployments that stay although the new ones are all healthy.

use jiff::SignedDuration;

use super::{CONFIGURATION, DESCRIBE_SERVICES, EVENTS, NOTE, View, shown, subject, task_ids};
use crate::diagnose::catalogue::Entry;
use crate::diagnose::deployment::{Bounds, is_rolling};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::parse::events::Event;
use crate::diagnose::stopped::spell;
use crate::model::arn::TaskArn;
use crate::model::known::Known;
use crate::model::task::Task;

/// GetTaskProtection takes so many tasks.
const ASKED: usize = 10;

/// What ECS assumes where nothing is set, in seconds.
const DEREGISTRATION_DELAY: i64 = 300;
const STOP_TIMEOUT: u32 = 30;

pub(super) static NOT_STOPPING: Entry = Entry {
    id: "deployment-old-tasks-not-stopping",
    number: 190,
    severity: Severity::Warning,
    title: "Old tasks do not stop although the new ones are healthy",
    meaning: "The new revision is complete, but tasks of an older deployment keep running, so the deployment does not end \
              and both revisions serve. Most often the old tasks are protected from scale-in; long draining and the lower \
              bound of healthy tasks do it too.",
    decided: "All tasks of the primary deployment are healthy, an older one still has tasks, and that for longer than \
              deregistration_delay.timeout_seconds + stopTimeout + 5 min since the newest of the new tasks started. Not \
              said during bake time and of blue/green deployments.",
    fix: "aws ecs update-task-protection --cluster CLUSTER --tasks TASK --no-protection-enabled",
    sources: &[EVENTS, CONFIGURATION],
    ..NOTE
};

/// Tasks whose protection from scale-in is worth asking for: those of older deployments that still run although the newest
/// has all its tasks; at most ten, in order.
pub fn wanted_protection(facts: &Facts<'_>) -> Vec<TaskArn> {
    let service = facts.service;
    let complete = service.primary_deployment().is_some_and(|primary| primary.running >= service.desired);
    if !complete || service.desired == 0 || service.older_deployments().all(|old| old.running == 0) {
        return Vec::new();
    }
    let tasks = facts.tasks();
    let tasks = tasks.known().copied().unwrap_or_default();
    let mut wanted: Vec<TaskArn> =
        tasks.iter().filter(|task| is_old(facts, task)).map(|task| task.arn.clone()).collect();
    wanted.sort();
    wanted.dedup();
    wanted.truncate(ASKED);
    wanted
}

fn is_old(facts: &Facts<'_>, task: &Task) -> bool {
    let started_by = task.started_by.as_deref();
    !task.is_stopped() && facts.service.older_deployments().any(|old| Some(old.id.as_str()) == started_by)
}

pub(super) fn find(view: &View<'_, '_>, findings: &mut Vec<Finding>) {
    findings.extend(not_stopping(view));
}

fn not_stopping(view: &View<'_, '_>) -> Option<Finding> {
    let scene = view.scene;
    let service = scene.service;
    let baking = service.deployment_configuration.as_ref().is_some_and(|configuration| {
        configuration.bake_time_minutes.is_some_and(|minutes| minutes > 0) || !configuration.alarms.is_empty()
    });
    let staged = view.running().is_some_and(|running| running.lifecycle_stage.as_deref() == Some("BAKE_TIME"));
    if !is_rolling(service) || baking || staged || service.desired == 0 || view.progress.healthy < service.desired {
        return None;
    }
    let old = service.older_deployments().fold(0_u32, |sum, old| sum.saturating_add(old.running));
    if old == 0 {
        return None;
    }
    let delay =
        scene.groups.iter().filter_map(|group| group.attribute("deregistration_delay.timeout_seconds")?.parse().ok());
    let delay = delay.max().unwrap_or(if scene.groups.is_empty() { 0 } else { DEREGISTRATION_DELAY });
    let timeouts = scene.revisions().into_iter().filter_map(|arn| scene.facts.task_definition(arn).known().copied());
    let timeouts = timeouts.flat_map(|definition| &definition.containers);
    let timeout = timeouts.filter_map(|container| container.stop_timeout_seconds).max().unwrap_or(STOP_TIMEOUT);
    let allowed = SignedDuration::from_secs(delay.saturating_add(i64::from(timeout))) + SignedDuration::from_mins(5);
    let complete_for = scene.since(view.progress.newest)?;
    if complete_for <= allowed {
        return None;
    }
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    let old_tasks: Vec<&Task> = tasks.iter().filter(|task| is_old(&scene.facts, task)).collect();
    let wanted = wanted_protection(&scene.facts);
    let protected: Vec<TaskArn> = match scene.facts.task_protection(&wanted) {
        Known::Known(protected) => protected.to_vec(),
        Known::Denied(_) | Known::Failed(_) | Known::NotAsked => Vec::new(),
    };
    let told = scene.events.iter().find(|heard| match heard.event {
        Event::NotSteady { why } => why.is_some_and(|why| why.contains("protection")),
        _ => false,
    });
    let at_bound = Bounds::of(service).is_some_and(|bounds| !bounds.can_stop(service.running));
    let (confidence, why) = match protected.len() {
        0 if told.is_some() => {
            (Confidence::Certain, "ECS says that tasks under protection keep it from going on".to_owned())
        }
        0 if at_bound => (Confidence::High, "stopping one would go below the lower bound of healthy tasks".to_owned()),
        0 => (Confidence::Medium, "they may be protected from scale-in, or drain long connections".to_owned()),
        1 => (Confidence::Certain, "1 of them is protected from scale-in".to_owned()),
        some => (Confidence::Certain, format!("{some} of them are protected from scale-in")),
    };
    let title = match old {
        1 => "1 old task still runs although all new ones are healthy".to_owned(),
        _ => format!("{old} old tasks still run although all new ones are healthy"),
    };
    let mut finding = Finding::new(&NOT_STOPPING, confidence, title)
        .short(format!("{old} old tasks do not stop"))
        .explain(format!(
            "All {} new tasks have been healthy for {}, and the old ones should have left within {}: {why}.",
            service.desired,
            spell(complete_for),
            spell(allowed)
        ))
        .scope(Scope {
            deployment: service.older_deployments().find(|old| old.running > 0).map(|old| shown(&old.id)),
            tasks: task_ids(old_tasks.iter().map(|task| &task.arn)),
            ..Scope::default()
        });
    for old in service.older_deployments().filter(|old| old.running > 0).take(3) {
        finding = finding.evidence(DESCRIBE_SERVICES, format!("deployment {}", old.id), "runningCount", old.running);
    }
    finding = finding.evidence(
        DESCRIBE_SERVICES,
        subject(scene),
        "derived: deregistration_delay.timeout_seconds + stopTimeout + 300",
        format!("{delay} + {timeout} + 300 s"),
    );
    for task in protected.iter().take(3) {
        finding = finding.evidence("ecs:GetTaskProtection", format!("task {}", task.name()), "protectionEnabled", true);
    }
    if let Some(heard) = told {
        finding = finding.evidence(DESCRIBE_SERVICES, subject(scene), "events.message", scene.quote(heard.message));
    }
    let cluster = scene.facts.cluster();
    let named: Vec<&str> = if protected.is_empty() { &wanted } else { &protected }.iter().map(TaskArn::name).collect();
    let mut fix = Fix::new("Take the protection off the old tasks once their work is done.");
    if !named.is_empty() {
        let words = ["ecs", "update-task-protection", "--cluster", cluster.as_str(), "--tasks"];
        fix = fix.aws(words.iter().chain(&named).chain(&["--no-protection-enabled"]));
    }
    Some(finding.fix(fix))
}
