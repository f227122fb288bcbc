//! Deployments that were given up, by whom and what became of them; and those nobody would ever give up.

use super::rolled_back::{of_death, victims};
use super::{
    ALARMS, BREAKER, DESCRIBE_DEPLOYMENTS, DESCRIBE_SERVICES, HISTORY, NOTE, THROTTLE, View, shown, subject, task_ids,
};
use crate::diagnose::catalogue::{Effect, Entry};
use crate::diagnose::deployment::{FailureThreshold, is_rolling};
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::parse::events::Event;
use crate::diagnose::progress::Progress;
use crate::diagnose::scene::Dead;
use crate::model::arn::TaskDefinitionArn;
use crate::model::observation::Alarm;
use crate::model::service::{DeploymentController, RolloutState};

/// The history of deployments is read this far back; beyond it nothing is said about what never happened.
const HISTORY_PAGE: usize = 20;

pub(super) static CIRCUIT_BREAKER: Entry = Entry {
    id: "deployment-failed-circuit-breaker",
    number: 180,
    severity: Severity::Critical,
    effect: Some(Effect::FailedDeployment),
    explains: &[Effect::FailedDeployment, Effect::StuckDeployment, Effect::Clients],
    title: "The circuit breaker gave the deployment up",
    meaning: "So many tasks of the deployment failed in a row that ECS ended it. A deployment that has failed starts no \
              more tasks. AWS prints \"tasks failed to start\" also when tasks started and then failed their health \
              checks, so the dead tasks have to be looked at.",
    decided: "rolloutState of the primary deployment is FAILED and its reason speaks of the circuit breaker; or \
              deploymentCircuitBreaker.status of the newest service deployment is TRIGGERED; or an event says that the \
              deployment failed because tasks failed to start. The threshold is clamp(ceil(50% of desired), 3, 200) \
              unless AWS tells another.",
    fix: "Mend what the dead tasks died of, then deploy again.",
    sources: &[BREAKER, HISTORY],
    ..NOTE
};

pub(super) static ROLLBACK_FAILED: Entry = Entry {
    id: "deployment-rollback-failed",
    number: 182,
    severity: Severity::Critical,
    effect: Some(Effect::FailedDeployment),
    explains: &[Effect::FailedDeployment, Effect::StuckDeployment, Effect::Clients],
    title: "The deployment failed and there is nothing that could be restored",
    meaning: "Either going back failed too, or no deployment of the service ever completed, so the circuit breaker has \
              nothing to go back to. It stalls: no more tasks are started until somebody deploys something else.",
    decided: "Status of the newest service deployment is ROLLBACK_FAILED; or rolloutState of the primary deployment is \
              FAILED and no deployment of the service, past or present, ever completed: the history goes back to the first \
              one, or AWS says that no rollback candidate was found, or nothing else is deployed and nothing runs.",
    fix: "Deploy a revision that is known to work: aws ecs update-service --cluster CLUSTER --service SERVICE \
          --task-definition FAMILY:REVISION.",
    sources: &[BREAKER, HISTORY],
    ..NOTE
};

pub(super) static ALARM: Entry = Entry {
    id: "deployment-failed-alarm",
    number: 183,
    severity: Severity::Critical,
    effect: Some(Effect::FailedDeployment),
    explains: &[Effect::FailedDeployment, Effect::StuckDeployment, Effect::Clients],
    title: "A CloudWatch alarm ended the deployment",
    meaning: "The service watches CloudWatch alarms while it deploys; one of them went off and ECS gave the deployment up.",
    decided: "alarms.status of the newest service deployment is TRIGGERED; or an event says that the deployment failed \
              because an alarm was detected; or rolloutStateReason says so.",
    fix: "Find out why the alarm went off (its state reason is in the evidence), mend that, deploy again.",
    sources: &[ALARMS],
    ..NOTE
};

pub(super) static ALARM_IGNORED: Entry = Entry {
    id: "deployment-alarm-ignored",
    number: 184,
    severity: Severity::Warning,
    title: "An alarm the deployment should watch was already on when it began",
    meaning: "ECS does not watch alarms in a deployment that begins while one of them is in state ALARM. The deployment \
              has lost that safety net.",
    decided: "A configured deployment alarm is in state ALARM since before the deployment began, and the deployment is \
              still under way.",
    fix: "Bring the alarm back to OK, then deploy again if the safety net matters.",
    sources: &[ALARMS],
    ..NOTE
};

pub(super) static NO_FAILURE_DETECTION: Entry = Entry {
    id: "deployment-no-failure-detection",
    number: 187,
    severity: Severity::Warning,
    title: "Nothing would end the deployment, however many tasks fail",
    meaning: "Neither the circuit breaker nor alarms watch the deployment. Its tasks fail, ECS replaces them, and that goes \
              on for ever with the deployment IN_PROGRESS.",
    decided: "Controller ECS, strategy ROLLING, deploymentCircuitBreaker.enable false, no alarms, a deployment in \
              progress, and at least two of its tasks failed (or one, and none is healthy).",
    fix: "aws ecs update-service --cluster CLUSTER --service SERVICE --deployment-configuration \
          'deploymentCircuitBreaker={enable=true,rollback=true}'",
    sources: &[THROTTLE, BREAKER],
    ..NOTE
};

pub(super) fn find(view: &View<'_, '_>, findings: &mut Vec<Finding>) {
    findings.extend(circuit_breaker(view));
    findings.extend(rollback_failed(view));
    findings.extend(alarm(view));
    findings.extend(alarm_ignored(view));
    findings.extend(no_failure_detection(view));
}

/// AWS's sentence about why the primary deployment failed.
fn failure_reason<'a>(view: &View<'_, 'a>) -> Option<&'a str> {
    let primary = view.scene.primary.filter(|primary| primary.rollout_state == Some(RolloutState::Failed))?;
    Some(primary.rollout_reason.as_deref().unwrap_or_default())
}

/// What events say about why the deployment at hand failed: the primary one, or the one that was rolled back.
fn told_by_event<'a>(view: &View<'_, 'a>) -> Option<(&'a str, &'a str)> {
    let failed = view.rollback.as_ref().and_then(|rollback| rollback.failed);
    let at_hand = failed.or_else(|| view.primary_id().filter(|_| Progress::failed(view.scene)))?;
    view.scene.history.iter().find_map(|heard| match heard.event {
        Event::DeploymentFailed { deployment, why } if deployment == at_hand => Some((why, heard.message)),
        _ => None,
    })
}

/// Whether the newest service deployment is the one that failed, and not one that went well although its breaker or alarms
/// had something to say.
fn newest_failed(view: &View<'_, '_>) -> bool {
    view.rollback.is_some()
        || Progress::failed(view.scene)
        || view.newest().is_some_and(|newest| newest.status.starts_with("ROLLBACK"))
}

/// How bad a failed deployment is: whoever is going back already has it in hand.
fn weigh(view: &View<'_, '_>, finding: Finding) -> Finding {
    let finding = if view.rollback.is_some() { finding.severity(Severity::Error) } else { finding };
    view.dated(finding)
}

/// The deployment that failed: `ecs-svc/…`
fn failed_id<'a>(view: &View<'_, 'a>) -> Option<&'a str> {
    match &view.rollback {
        Some(rollback) => rollback.failed,
        None => view.primary_id(),
    }
}

fn dead_of_failed<'s, 'a>(view: &'s View<'_, 'a>) -> Vec<&'s Dead<'a>> {
    match &view.rollback {
        Some(rollback) => victims(view, rollback),
        None => view.scene.deaths_of_primary().collect(),
    }
}

fn circuit_breaker(view: &View<'_, '_>) -> Option<Finding> {
    const NOT_STARTED: &str = "tasks failed to start";
    let scene = view.scene;
    let reason = failure_reason(view);
    let by_state = reason.filter(|reason| reason.contains("circuit breaker") || reason.contains(NOT_STARTED));
    let breaker = view.newest().and_then(|newest| newest.circuit_breaker.as_ref());
    let by_history = breaker.filter(|breaker| breaker.status.as_deref() == Some("TRIGGERED") && newest_failed(view));
    let by_event = told_by_event(view).filter(|(why, _)| why.contains(NOT_STARTED));
    if by_state.is_none() && by_history.is_none() && by_event.is_none() {
        return None;
    }
    let dead = dead_of_failed(view);
    let counts = breaker.filter(|breaker| breaker.threshold > 0 && breaker.failures > 0);
    let title = counts.map_or_else(
        || "The circuit breaker gave the deployment up".to_owned(),
        |breaker| format!("The circuit breaker gave the deployment up after {} failed tasks", breaker.failures),
    );
    let started = dead.iter().any(|dead| dead.task.started_at.is_some());
    let mut text =
        vec!["So many tasks of it failed in a row that ECS ended the deployment; it starts no more tasks.".to_owned()];
    if let Some(newest) = dead.first() {
        text.push(format!("The newest of its dead tasks ended so: {}.", newest.death.line));
    }
    if started {
        text.push(
            "AWS's words \"tasks failed to start\" do not mean that: tasks did start and failed afterwards.".to_owned(),
        );
    }
    let mut finding = Finding::new(&CIRCUIT_BREAKER, Confidence::Certain, title)
        .short(dead.first().map_or_else(
            || "deployment failed: circuit breaker".to_owned(),
            |dead| format!("deployment failed: {}", dead.death.short.trim_start_matches("killed: ")),
        ))
        .explain(text.join(" "))
        .scope(Scope {
            deployment: failed_id(view).map(shown),
            tasks: task_ids(dead.iter().map(|dead| &dead.task.arn)),
            ..Scope::default()
        });
    if let (Some(primary), Some(reason)) = (scene.primary, by_state) {
        let subject = format!("deployment {}", primary.id);
        finding = finding.evidence(DESCRIBE_SERVICES, &subject, "rolloutState", "FAILED").evidence(
            DESCRIBE_SERVICES,
            &subject,
            "rolloutStateReason",
            scene.quote(reason),
        );
    }
    if let (Some(newest), Some(breaker)) = (view.newest(), by_history.or(counts)) {
        let subject = format!("service deployment {}", newest.arn.name());
        let status = breaker.status.as_deref().unwrap_or("absent");
        finding = finding
            .evidence(DESCRIBE_DEPLOYMENTS, &subject, "deploymentCircuitBreaker.status", scene.quote(status))
            .evidence(DESCRIBE_DEPLOYMENTS, &subject, "deploymentCircuitBreaker.failureCount", breaker.failures)
            .evidence(DESCRIBE_DEPLOYMENTS, &subject, "deploymentCircuitBreaker.threshold", breaker.threshold);
    }
    if breaker.is_none() {
        let threshold = FailureThreshold::default().failures(scene.service.desired);
        finding = finding.evidence(
            DESCRIBE_SERVICES,
            subject(scene),
            "derived: threshold = clamp(ceil(desiredCount x 50 / 100), 3, 200)",
            threshold,
        );
    }
    if let Some((_, message)) = by_event {
        finding = finding.evidence(DESCRIBE_SERVICES, subject(scene), "events.message", scene.quote(message));
    }
    for dead in dead.iter().take(3) {
        finding = of_death(scene, finding, dead);
    }
    let family = scene.service.task_definition.as_ref().map_or("FAMILY", TaskDefinitionArn::family);
    let fix = Fix::new("Mend what its tasks died of, register a new revision and deploy that.")
        .aws(view.update_service(&["--task-definition", family]));
    Some(weigh(view, finding.fix(fix)))
}

fn rollback_failed(view: &View<'_, '_>) -> Option<Finding> {
    let scene = view.scene;
    let primary = scene.primary?;
    let failed = view.newest().filter(|newest| newest.status == "ROLLBACK_FAILED");
    let family = scene.service.task_definition.as_ref().map_or("FAMILY", TaskDefinitionArn::family);
    let scope = view.scope();
    if let Some(newest) = failed {
        let subject = format!("service deployment {}", newest.arn.name());
        let mut finding = Finding::new(&ROLLBACK_FAILED, Confidence::Certain, "The deployment failed, and going back failed too")
            .short("rollback failed")
            .explain(
                "ECS gave the deployment up and could not restore the revision before it either. It does nothing more until \
                 somebody deploys a revision that works.",
            )
            .scope(scope)
            .evidence(DESCRIBE_DEPLOYMENTS, &subject, "status", "ROLLBACK_FAILED");
        for reason in newest.status_reason.iter().chain(&newest.rollback_reason) {
            finding = finding.evidence(DESCRIBE_DEPLOYMENTS, &subject, "statusReason", scene.quote(reason));
        }
        let fix = Fix::new("Deploy a revision that is known to work.")
            .aws(view.update_service(&["--task-definition", &format!("{family}:REVISION")]));
        return Some(view.dated(finding.fix(fix)));
    }
    failure_reason(view).filter(|_| view.rollback.is_none())?;
    let history = scene.facts.service_deployments();
    let history = history.known().filter(|all| !all.is_empty() && all.len() < HISTORY_PAGE)?;
    let went_well = |status: &str| matches!(status, "SUCCESSFUL" | "ROLLBACK_SUCCESSFUL");
    let ever = history.iter().any(|one| went_well(&one.status))
        || scene.service.deployments.iter().any(|one| one.rollout_state == Some(RolloutState::Completed));
    // What is older than the history could have completed.
    let reaches_back = history.iter().filter_map(|one| one.created_at).min().zip(scene.service.created_at);
    let reaches_back = reaches_back
        .is_some_and(|(oldest, created)| oldest.duration_since(created) <= jiff::SignedDuration::from_mins(10));
    let said = view.newest().and_then(|newest| newest.status_reason.as_deref());
    let no_candidate = said.is_some_and(|said| said.to_ascii_lowercase().contains("no rollback candidate"));
    let alone = scene.service.deployments.len() == 1 && scene.service.running == 0;
    if ever || !(reaches_back || no_candidate || alone) {
        return None;
    }
    let attempts = history.len();
    let title = match attempts {
        1 => "The first deployment of the service failed, so there is nothing to go back to".to_owned(),
        _ => format!(
            "None of the {attempts} deployments of the service ever completed, so there is nothing to go back to"
        ),
    };
    let fix = Fix::new("Mend the cause and deploy a revision that works; ECS does nothing by itself any more.")
        .aws(view.update_service(&["--task-definition", family]));
    Some(
        Finding::new(&ROLLBACK_FAILED, Confidence::Certain, title)
            .short("deployment failed, nothing to go back to")
            .explain(
                "The circuit breaker goes back to the newest deployment that completed. There is none, so it stalls and \
                 starts no more tasks.",
            )
            .scope(scope)
            .evidence(DESCRIBE_SERVICES, format!("deployment {}", primary.id), "rolloutState", "FAILED")
            .evidence(
                "ecs:ListServiceDeployments",
                subject(scene),
                "derived: deployments with status SUCCESSFUL or ROLLBACK_SUCCESSFUL",
                format!("0 of {attempts}"),
            )
            .fix(fix),
    )
}

fn alarm(view: &View<'_, '_>) -> Option<Finding> {
    let scene = view.scene;
    let newest =
        view.newest().filter(|newest| newest.alarms_status.as_deref() == Some("TRIGGERED") && newest_failed(view));
    let by_event = told_by_event(view).filter(|(why, _)| why.contains("alarm"));
    let by_state = failure_reason(view).filter(|reason| reason.contains("alarm"));
    if newest.is_none() && by_event.is_none() && by_state.is_none() {
        return None;
    }
    let triggered: &[String] = view.newest().map(|newest| newest.triggered_alarms.as_slice()).unwrap_or_default();
    let names: Vec<String> = triggered.iter().map(|name| shown(name)).collect();
    let title = match names.as_slice() {
        [] => "A CloudWatch alarm ended the deployment".to_owned(),
        [one] => format!("The CloudWatch alarm {one} ended the deployment"),
        several => format!("The CloudWatch alarms {} ended the deployment", several.join(", ")),
    };
    let mut finding = Finding::new(&ALARM, Confidence::Certain, title)
        .short(format!("alarm ended the deployment {}", names.join(", ")).trim_end())
        .explain(
            "The service watches CloudWatch alarms while it deploys. One went off, so ECS gave the deployment up; whether \
             its tasks were healthy does not matter for that.",
        )
        .scope(Scope { deployment: failed_id(view).map(shown), ..Scope::default() });
    if let Some(newest) = newest {
        let subject = format!("service deployment {}", newest.arn.name());
        finding = finding.evidence(DESCRIBE_DEPLOYMENTS, &subject, "alarms.status", "TRIGGERED").evidence(
            DESCRIBE_DEPLOYMENTS,
            &subject,
            "alarms.triggeredAlarmNames",
            if names.is_empty() { "absent".to_owned() } else { names.join(", ") },
        );
    }
    if let Some((_, message)) = by_event {
        finding = finding.evidence(DESCRIBE_SERVICES, subject(scene), "events.message", scene.quote(message));
    }
    if let Some(reason) = by_state {
        let subject = format!("deployment {}", view.primary_id().unwrap_or_default());
        finding = finding.evidence(DESCRIBE_SERVICES, subject, "rolloutStateReason", scene.quote(reason));
    }
    for alarm in alarms(view).iter().filter(|alarm| triggered.contains(&alarm.name)) {
        finding = of_alarm(view, finding, alarm);
    }
    let fix = Fix::new("Mend what the alarm is about, then deploy again.").aws([
        "cloudwatch",
        "describe-alarm-history",
        "--alarm-name",
        names.first().map_or("ALARM", String::as_str),
    ]);
    Some(weigh(view, finding.fix(fix)))
}

fn alarms<'a>(view: &View<'_, 'a>) -> &'a [Alarm] {
    view.scene.facts.alarms().known().copied().unwrap_or_default()
}

fn of_alarm(view: &View<'_, '_>, finding: Finding, alarm: &Alarm) -> Finding {
    const SOURCE: &str = "cloudwatch:DescribeAlarms";
    let subject = format!("alarm {}", alarm.name);
    let finding = finding.evidence(SOURCE, &subject, "StateValue", view.scene.quote(&alarm.state));
    let reason = alarm.reason.as_deref().unwrap_or("absent");
    finding.evidence(SOURCE, &subject, "StateReason", view.scene.quote(reason))
}

fn alarm_ignored(view: &View<'_, '_>) -> Option<Finding> {
    if !view.progress.under_way {
        return None;
    }
    let began = view.running().and_then(|running| running.started_at.or(running.created_at));
    let began = began.or_else(|| view.scene.primary?.created_at)?;
    let configured = &view.scene.service.deployment_configuration.as_ref()?.alarms;
    let deaf: Vec<&Alarm> = alarms(view)
        .iter()
        .filter(|alarm| configured.contains(&alarm.name) && alarm.state == "ALARM")
        .filter(|alarm| alarm.since.is_some_and(|since| since < began))
        .collect();
    let first = deaf.first()?;
    let title =
        format!("The alarm {} was on before the deployment began, so ECS does not watch it", shown(&first.name));
    let mut finding = Finding::new(&ALARM_IGNORED, Confidence::Certain, title)
        .short("deployment alarm already on, not watched")
        .explain(
            "ECS watches the alarms of a service only in deployments that begin while all of them are quiet. This deployment \
             would not be ended by them.",
        )
        .scope(view.scope())
        .evidence(DESCRIBE_SERVICES, subject(view.scene), "deploymentConfiguration.alarms.alarmNames", configured.join(", "));
    for alarm in deaf {
        finding = of_alarm(view, finding, alarm).evidence(
            "cloudwatch:DescribeAlarms",
            format!("alarm {}", alarm.name),
            "StateUpdatedTimestamp",
            alarm.since.map_or_else(|| "absent".to_owned(), |since| since.to_string()),
        );
    }
    let fix = Fix::new("Bring the alarm back to OK; deploy again if the safety net matters.")
        .aws(view.update_service(&["--force-new-deployment"]));
    Some(finding.fix(fix))
}

fn no_failure_detection(view: &View<'_, '_>) -> Option<Finding> {
    let scene = view.scene;
    let configuration = scene.service.deployment_configuration.as_ref()?;
    let primary = scene.primary.filter(|_| view.progress.under_way && view.rollback.is_none())?;
    let watched = configuration.circuit_breaker || !configuration.alarms.is_empty();
    if watched || !is_rolling(scene.service) || scene.service.controller != DeploymentController::Ecs {
        return None;
    }
    let dead = u32::try_from(scene.deaths_of_primary().count()).unwrap_or(u32::MAX);
    let failures = primary.failed.max(dead);
    // One that failed and was followed by one that works is an accident.
    if failures == 0 || failures == 1 && view.progress.healthy > 0 {
        return None;
    }
    let counted =
        if failures == 1 { "1 task of it failed".to_owned() } else { format!("{failures} tasks of it failed") };
    let fix = Fix::new("Let the circuit breaker end deployments that fail, and go back by itself.").aws(
        view.update_service(&["--deployment-configuration", "deploymentCircuitBreaker={enable=true,rollback=true}"]),
    );
    let fix = fix.terraform(format!(
        "aws_ecs_service.{} → deployment_circuit_breaker {{ enable = true, rollback = true }}",
        super::label(&scene.service.name)
    ));
    Some(
        Finding::new(
            &NO_FAILURE_DETECTION,
            Confidence::Certain,
            "Nothing would end this deployment, however many tasks fail",
        )
        .short("tasks fail, no circuit breaker")
        .explain(format!(
            "{counted}, and neither the circuit breaker nor alarms watch it: ECS replaces tasks for ever and the \
                 deployment stays IN_PROGRESS."
        ))
        .scope(view.scope())
        .evidence(DESCRIBE_SERVICES, subject(scene), "deploymentConfiguration.deploymentCircuitBreaker.enable", false)
        .evidence(DESCRIBE_SERVICES, subject(scene), "deploymentConfiguration.alarms.alarmNames", "absent")
        .evidence(DESCRIBE_SERVICES, format!("deployment {}", primary.id), "failedTasks", primary.failed)
        .fix(fix),
    )
}
