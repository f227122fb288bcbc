//! Deployments that were rolled back. Once that is done everything is green, and yet the last change does not run; only
//! the history of deployments and dead tasks tell why.

use jiff::Timestamp;

use super::{
    BREAKER, DESCRIBE_DEPLOYMENTS, DESCRIBE_SERVICES, DESCRIBE_TASKS, HISTORY, NOTE, View, shown, subject, task_ids,
};
use crate::diagnose::catalogue::{Bearing, Effect, Entry};
use crate::diagnose::evidence;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::parse::events::Event;
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::progress::Progress;
use crate::diagnose::scene::{Dead, Scene};
use crate::model::arn::TaskDefinitionArn;
use crate::model::service::RolloutState;
use crate::model::service_deployment::ServiceDeployment;

pub(super) static ROLLED_BACK: Entry = Entry {
    id: "deployment-rolled-back",
    number: 181,
    severity: Severity::Error,
    bearing: Bearing::Past,
    explains: &[Effect::FailedDeployment],
    title: "The last change was rolled back and does not run",
    meaning: "A deployment failed, and ECS went back to the revision that ran before. Once that is done the service is \
              steady and every check is green, but the change somebody wanted is not live. It stays so until the cause \
              is mended and the change is deployed again.",
    decided: "The newest service deployment has status ROLLBACK_SUCCESSFUL or ROLLBACK_IN_PROGRESS. Where the history \
              cannot be read: an event \"rolling back to deployment ecs-svc/…\" that is younger than the primary \
              deployment or names it, or rolloutStateReason says so. The cause is that of the dead tasks the failed \
              deployment started (startedBy). A newer deployment makes it history.",
    fix: "Mend the cause, register a new revision and deploy it: aws ecs update-service --cluster CLUSTER --service \
          SERVICE --task-definition FAMILY.",
    sources: &[BREAKER, HISTORY],
    ..NOTE
};

/// A rollback, complete or on its way.
pub(super) struct Rollback<'a> {
    /// Whether the restored revision runs.
    pub(super) complete: bool,
    /// The service deployment that failed, if the history was read.
    pub(super) deployment: Option<&'a ServiceDeployment>,
    /// The deployment that failed: `ecs-svc/…`
    pub(super) failed: Option<&'a str>,
    /// AWS's words about why, from events.
    pub(super) why: Option<&'a str>,
}

/// Whether the newest deployment was rolled back. The history decides where it was read.
pub(super) fn rollback<'a>(scene: &Scene<'a>, progress: &Progress<'a>) -> Option<Rollback<'a>> {
    let primary = scene.primary?;
    let by_events = evidence::rollback(scene.service, primary);
    let (failed, why) = by_events.as_ref().map(|rollback| (rollback.failed, rollback.why)).unwrap_or_default();
    if let Some(newest) = progress.newest_deployment {
        let complete = match newest.status.as_str() {
            "ROLLBACK_SUCCESSFUL" => true,
            "ROLLBACK_IN_PROGRESS" | "ROLLBACK_REQUESTED" => false,
            _ => return None,
        };
        return Some(Rollback { complete, deployment: Some(newest), failed, why });
    }
    by_events.as_ref()?;
    let complete = matches!(primary.rollout_state, Some(RolloutState::Completed) | None);
    Some(Rollback { complete, deployment: None, failed, why })
}

impl Rollback<'_> {
    /// What findings about the failed deployment say about the present.
    pub(super) const fn bearing(&self) -> Bearing {
        if self.complete { Bearing::Past } else { Bearing::Present }
    }

    fn began(&self) -> Option<Timestamp> {
        self.deployment.and_then(|deployment| deployment.started_at.or(deployment.created_at))
    }
}

/// Tasks the failed deployment started that died otherwise than in normal operation, newest first.
pub(super) fn victims<'s, 'a>(view: &'s View<'_, 'a>, rollback: &Rollback<'a>) -> Vec<&'s Dead<'a>> {
    let wanted = wanted(view, rollback);
    let of_failed = |dead: &&Dead<'_>| match (dead.task.started_by.as_deref(), rollback.failed) {
        (Some(started_by), Some(failed)) => started_by == failed,
        (Some(started_by), None) => {
            Some(started_by) != view.primary_id()
                && wanted.is_none_or(|wanted| dead.task.task_definition == *wanted)
                && rollback.began().is_some_and(|began| dead.task.created_at >= Some(began))
        }
        (None, _) => false,
    };
    view.scene.dead.iter().filter(|dead| !dead.death.benign).filter(of_failed).collect()
}

/// The revision that was wanted.
fn wanted<'a>(view: &View<'_, 'a>, rollback: &Rollback<'a>) -> Option<&'a TaskDefinitionArn> {
    let by_history = rollback.deployment.and_then(|deployment| deployment.target_revision.as_ref());
    let by_history = by_history.and_then(|revision| view.revision_of(revision));
    let of_failed = |id: &str| view.scene.service.deployments.iter().find(|one| one.id == id);
    let by_service = || Some(&of_failed(rollback.failed?)?.task_definition);
    let by_task = || {
        let mut of_failed = view.scene.dead.iter().filter(|dead| dead.task.started_by.as_deref() == rollback.failed);
        rollback.failed.and_then(|_| of_failed.next()).map(|dead| &dead.task.task_definition)
    };
    by_history.or_else(by_service).or_else(by_task)
}

/// What the load balancer said about targets of the failed deployment, newest first.
fn complaint<'a>(view: &View<'_, 'a>, rollback: &Rollback<'a>) -> Option<(&'a str, &'a str)> {
    let began = rollback.began()?;
    view.scene.history.iter().take_while(|heard| heard.at >= Some(began)).find_map(|heard| match heard.event {
        Event::Unhealthy { why, .. } => Some((why, heard.message)),
        _ => None,
    })
}

pub(super) fn find(view: &View<'_, '_>, findings: &mut Vec<Finding>) {
    let Some(rollback) = &view.rollback else { return };
    let scene = view.scene;
    let victims = victims(view, rollback);
    let newest = victims.first();
    let killed_by_checks = newest.is_some_and(|dead| dead.death.class == StopClass::LoadBalancerHealth);
    let complaint = complaint(view, rollback).filter(|_| killed_by_checks || victims.is_empty());
    let reason = rollback.deployment.and_then(|deployment| {
        let reasons = [&deployment.rollback_reason, &deployment.status_reason];
        reasons.into_iter().flatten().find(|reason| !reason.is_empty())
    });
    // Who rolls back has killed them.
    let cause = newest.map(|dead| dead.death.short.trim_start_matches("killed: ").to_owned());
    let cause = match (cause, complaint) {
        (Some(cause), Some((why, _))) => Some(format!("{cause} ({})", scene.quote(why))),
        (cause, _) => cause,
    };
    let said = reason.map(String::as_str).or(rollback.why).map(|said| scene.quote(said.trim_end_matches('.')));

    let wanted = wanted(view, rollback).map(|wanted| shown(wanted.name()));
    let running = scene.service.task_definition.as_ref().map(|running| shown(running.name()));
    let fate = if rollback.complete { "was rolled back" } else { "is being rolled back" };
    let what = match (&wanted, &running) {
        (Some(wanted), Some(running)) if wanted != running => {
            let runs = if rollback.complete { "runs" } else { "returns" };
            format!("{wanted} {fate}, {running} {runs}")
        }
        _ => format!("The last change {fate}"),
    };
    let why = cause.as_ref().or(said.as_ref());
    let title = why.map_or_else(|| what.clone(), |why| format!("{what}: {why}"));
    let beginning = if rollback.complete { "rolled back" } else { "rolling back" };
    let short = why.map_or_else(|| beginning.to_owned(), |why| format!("{beginning}: {why}"));

    let mut finding = Finding::new(&ROLLED_BACK, Confidence::Certain, title)
        .short(short)
        .bearing(rollback.bearing())
        .explain(explanation(view, rollback, cause.as_deref(), said.as_deref(), victims.len()))
        .scope(Scope {
            deployment: rollback.failed.map(shown),
            task_definition: wanted,
            tasks: task_ids(victims.iter().map(|dead| &dead.task.arn)),
            ..Scope::default()
        });
    if let Some(deployment) = rollback.deployment {
        let subject = format!("service deployment {}", deployment.arn.name());
        finding = finding.evidence(DESCRIBE_DEPLOYMENTS, &subject, "status", scene.quote(&deployment.status));
        for (field, text) in
            [("rollback.reason", &deployment.rollback_reason), ("statusReason", &deployment.status_reason)]
        {
            if let Some(text) = text {
                finding = finding.evidence(DESCRIBE_DEPLOYMENTS, &subject, field, scene.quote(text));
            }
        }
    }
    for heard in scene.history.iter().filter(|heard| matches!(heard.event, Event::RollingBack { .. })).take(1) {
        finding = finding.evidence(DESCRIBE_SERVICES, subject(scene), "events.message", scene.quote(heard.message));
    }
    if let Some((_, message)) = complaint {
        finding = finding.evidence(DESCRIBE_SERVICES, subject(scene), "events.message", scene.quote(message));
    }
    if let Some(running) = &scene.service.task_definition {
        finding = finding.evidence(DESCRIBE_SERVICES, subject(scene), "taskDefinition", running.name());
    }
    for dead in victims.iter().take(3) {
        finding = of_death(scene, finding, dead);
    }
    let family = scene.service.task_definition.as_ref().map_or("FAMILY", |running| running.family());
    let fix =
        Fix::new("Mend the cause, register a new revision and deploy that; until then the old one keeps running.")
            .aws(view.update_service(&["--task-definition", family]));
    findings.push(finding.fix(fix));
}

/// What AWS says about a dead task, as evidence.
pub(super) fn of_death(scene: &Scene<'_>, finding: Finding, dead: &Dead<'_>) -> Finding {
    let subject = format!("task {}", dead.task.arn.name());
    let reason = dead.task.stopped_reason.as_deref().unwrap_or("absent");
    let mut finding = finding.evidence(DESCRIBE_TASKS, &subject, "stoppedReason", scene.quote(reason));
    let culprit = dead.task.containers.iter().find(|container| Some(&container.name) == dead.death.container.as_ref());
    if let Some(container) = culprit {
        if let Some(reason) = &container.reason {
            finding = finding.evidence(DESCRIBE_TASKS, &subject, "containers.reason", scene.quote(reason));
        }
        if let Some(code) = container.exit_code {
            finding = finding.evidence(DESCRIBE_TASKS, &subject, "containers.exitCode", code);
        }
    }
    finding
}

fn explanation(
    view: &View<'_, '_>,
    rollback: &Rollback<'_>,
    cause: Option<&str>,
    said: Option<&str>,
    victims: usize,
) -> String {
    let fate = if rollback.complete {
        "Everything is green because the service runs the old revision again; the change itself is not live."
    } else {
        "ECS gave the deployment up and is going back to the revision that ran before."
    };
    let said = said.map(|said| format!("AWS says: {said}."));
    let why = match (cause, victims) {
        (Some(cause), 1) => format!("The task of the failed deployment that can still be read ended so: {cause}."),
        (Some(cause), _) => {
            format!("{victims} dead tasks of the failed deployment can still be read; the newest ended so: {cause}.")
        }
        (None, _) if view.scene.tasks.known().is_none() => {
            "Why its tasks failed is not known, since the tasks could not be read.".to_owned()
        }
        (None, _) => {
            "None of its dead tasks can be read any more (AWS keeps them for about an hour), so the cause has to \
                      be found in its logs."
                .to_owned()
        }
    };
    [Some(fate.to_owned()), said, Some(why)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
