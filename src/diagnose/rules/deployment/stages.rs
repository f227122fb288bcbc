//! Stages of a deployment and what it waits for there: hooks, bake time; and deployments that ended early on purpose.

use jiff::SignedDuration;

use super::{
    BLUE_GREEN, CONFIGURATION, DESCRIBE_DEPLOYMENTS, DESCRIBE_SERVICES, HISTORY, HOOKS, NOTE, View, shown, subject,
};
use crate::diagnose::catalogue::{Effect, Entry, Rank};
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::stopped::spell;
use crate::model::service_deployment::{LifecycleHook, ServiceDeployment};

/// How long a deployment that was replaced by another is worth a word after it ended.
const LATELY: SignedDuration = SignedDuration::from_hours(1);

pub(super) static PAUSED: Entry = Entry {
    id: "deployment-paused-at-hook",
    number: 191,
    severity: Severity::Warning,
    rank: Rank::AwsText,
    explains: &[Effect::StuckDeployment],
    instead_of: &["deployment-in-progress-normal", "deployment-stuck"],
    title: "The deployment waits for somebody to let it go on",
    meaning: "A lifecycle hook of type PAUSE stops the deployment at a stage until somebody continues it or rolls it back. \
              Nothing is wrong; but when the wait expires, the hook's timeout action happens, which is a rollback unless \
              configured otherwise.",
    decided: "lifecycleHookDetails of the newest service deployment has a hook with status AWAITING_ACTION.",
    fix: "aws ecs continue-service-deployment --service-deployment-arn ARN --hook-id ID --action CONTINUE (or ROLLBACK)",
    sources: &[HOOKS],
    ..NOTE
};

pub(super) static HOOK_FAILED: Entry = Entry {
    id: "deployment-hook-failed",
    number: 192,
    severity: Severity::Critical,
    rank: Rank::AwsText,
    effect: Some(Effect::FailedDeployment),
    explains: &[Effect::FailedDeployment, Effect::StuckDeployment],
    title: "A lifecycle hook failed, and with it the deployment",
    meaning: "A Lambda function that ECS calls at a stage of the deployment said FAILED, answered something ECS cannot \
              read, or could not be called. The deployment ends with it; its tasks may be perfectly healthy.",
    decided: "statusReason of the newest service deployment says that lifecycle hooks failed, or a hook has status FAILED.",
    fix: "Look at the logs of the function; check that the hook's role may call lambda:InvokeFunction and that the answer \
          is {\"hookStatus\": \"SUCCEEDED\"}.",
    sources: &[BLUE_GREEN, HOOKS],
    ..NOTE
};

pub(super) static HOOK_RUNNING: Entry = Entry {
    id: "deployment-hook-running",
    number: 193,
    instead_of: &["deployment-in-progress-normal"],
    title: "The deployment waits for a lifecycle hook",
    meaning: "A Lambda function decides whether the deployment goes on. As long as it answers IN_PROGRESS, ECS asks again, \
              every 30 seconds unless it says otherwise.",
    decided: "lifecycleHookDetails of the newest service deployment has a hook with status IN_PROGRESS.",
    fix: "None; if it takes too long, look at the function's logs.",
    sources: &[HOOKS],
    ..NOTE
};

pub(super) static BAKING: Entry = Entry {
    id: "bluegreen-baking",
    number: 197,
    instead_of: &["deployment-in-progress-normal"],
    title: "Both revisions run during bake time",
    meaning: "Traffic has moved to the new revision, and the old one is kept for a while so that going back is quick. Two \
              revisions running is expected.",
    decided: "lifecycleStage of the newest service deployment is BAKE_TIME.",
    fix: "Nothing has to be done but wait.",
    sources: &[CONFIGURATION, HISTORY],
    ..NOTE
};

pub(super) static SUPERSEDED: Entry = Entry {
    id: "deployment-superseded",
    number: 198,
    bearing: crate::diagnose::catalogue::Bearing::Past,
    title: "A deployment was replaced by a newer one before it was done",
    meaning: "Somebody deployed again while a deployment was under way. ECS stopped the older one; that is not a failure.",
    decided: "A service deployment with status STOPPED or STOP_REQUESTED, younger than an hour, and a newer one.",
    fix: "Nothing has to be done.",
    sources: &[HISTORY],
    ..NOTE
};

pub(super) static EARLY_SUCCESS: Entry = Entry {
    id: "deployment-early-success",
    number: 199,
    instead_of: &["deployment-in-progress-normal"],
    title: "The deployment counts as successful although work is left",
    meaning: "With early success ECS calls a deployment successful before all tasks are there or all old ones are gone; the \
              rest follows. It is neither stuck nor failed.",
    decided: "earlySuccessCriteria is enabled, the newest service deployment is SUCCESSFUL, and tasks are missing or old \
              ones still run.",
    fix: "Nothing has to be done but wait.",
    sources: &[CONFIGURATION],
    ..NOTE
};

pub(super) fn find(view: &View<'_, '_>, findings: &mut Vec<Finding>) {
    findings.extend(paused(view));
    findings.extend(hook_failed(view));
    findings.extend(hook_running(view));
    findings.extend(baking(view));
    findings.extend(superseded(view));
    findings.extend(early_success(view));
}

/// Whether the deployment under way waits for somebody.
pub(super) fn is_paused(view: &View<'_, '_>) -> bool {
    view.running().is_some_and(|running| running.hooks.iter().any(|hook| has_status(hook, "AWAITING_ACTION")))
}

fn has_status(hook: &LifecycleHook, status: &str) -> bool {
    hook.status.as_deref() == Some(status)
}

fn of_deployment(deployment: &ServiceDeployment) -> String {
    format!("service deployment {}", deployment.arn.name())
}

fn stage<'h>(deployment: &'h ServiceDeployment, hook: &'h LifecycleHook) -> Option<&'h str> {
    hook.stage.as_deref().or(deployment.lifecycle_stage.as_deref()).filter(|stage| !stage.is_empty())
}

fn of_hook(view: &View<'_, '_>, finding: Finding, deployment: &ServiceDeployment, hook: &LifecycleHook) -> Finding {
    let subject = of_deployment(deployment);
    let quote = |text: &str| view.scene.quote(text);
    let mut finding = finding.evidence(
        DESCRIBE_DEPLOYMENTS,
        &subject,
        "lifecycleHookDetails.status",
        hook.status.as_deref().map_or_else(|| "absent".to_owned(), quote),
    );
    for (field, value) in [
        ("lifecycleHookDetails.hookId", hook.id.as_deref()),
        ("lifecycleHookDetails.targetType", hook.target_type.as_deref()),
        ("lifecycleHookDetails.targetArn", hook.target.as_deref()),
        ("lifecycleStage", stage(deployment, hook)),
        ("lifecycleHookDetails.timeoutAction", hook.timeout_action.as_deref()),
    ] {
        if let Some(value) = value {
            finding = finding.evidence(DESCRIBE_DEPLOYMENTS, &subject, field, quote(value));
        }
    }
    if let Some(expires) = hook.expires_at {
        finding = finding.evidence(DESCRIBE_DEPLOYMENTS, &subject, "lifecycleHookDetails.expiresAt", expires);
    }
    finding
}

fn paused(view: &View<'_, '_>) -> Option<Finding> {
    let running = view.running()?;
    let hook = running.hooks.iter().find(|hook| has_status(hook, "AWAITING_ACTION"))?;
    let id = hook.id.as_deref().unwrap_or("HOOK_ID");
    let at = stage(running, hook).map(|stage| format!(" at stage {}", shown(stage))).unwrap_or_default();
    let action = match hook.timeout_action.as_deref() {
        Some("CONTINUE") => "it goes on by itself",
        _ => "it is rolled back",
    };
    let until = match hook.expires_at {
        Some(expires) if expires > view.scene.now => {
            format!(" In {} ({expires}) the wait ends and {action}.", spell(expires.duration_since(view.scene.now)))
        }
        Some(expires) => format!(" The wait ended at {expires}, after which {action}."),
        None => format!(" When the wait ends (after 24 hours unless configured), {action}."),
    };
    let arn = running.arn.as_str();
    let go_on = |action: &'static str| {
        ["ecs", "continue-service-deployment", "--service-deployment-arn", arn, "--hook-id", id, "--action", action]
    };
    let fix = Fix::new("Let it go on, or roll it back.").aws(go_on("CONTINUE")).aws(go_on("ROLLBACK"));
    let finding =
        Finding::new(&PAUSED, Confidence::Certain, format!("The deployment waits{at} for somebody to let it go on"))
            .short(format!("deployment waits at a hook{at}"))
            .explain(format!(
                "A lifecycle hook holds the deployment until somebody acts; nothing is wrong with its tasks.{until}"
            ))
            .scope(view.scope());
    Some(of_hook(view, finding, running, hook).fix(fix))
}

fn hook_failed(view: &View<'_, '_>) -> Option<Finding> {
    let newest = view.newest().filter(|newest| newest.status != "SUCCESSFUL")?;
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("lifecycle hook") && text.contains("failed")
    };
    let reasons = [newest.status_reason.as_deref(), newest.rollback_reason.as_deref()];
    let reason = reasons.into_iter().flatten().find(|reason| says(reason));
    let hook = newest.hooks.iter().find(|hook| has_status(hook, "FAILED"));
    if reason.is_none() && hook.is_none() {
        return None;
    }
    let text = reason.unwrap_or_default().to_ascii_lowercase();
    let why = [
        ("returned failed", "its function answered FAILED"),
        ("unable to parse", "its function answered something ECS cannot read: hookStatus is missing"),
        ("unable to invoke", "ECS could not call its function"),
        ("lambda:invokefunction", "the hook's role may not call lambda:InvokeFunction"),
        ("assume role", "ECS could not assume the hook's role"),
    ];
    let why = why.iter().find(|(part, _)| text.contains(part)).map_or("AWS says so", |(_, why)| why);
    let fix = match hook.and_then(|hook| hook.target.as_deref()) {
        Some(function) => {
            let name = function.rsplit(':').next().unwrap_or(function);
            Fix::new("Look at what the function wrote, mend it and deploy again.").aws([
                "logs",
                "tail",
                &format!("/aws/lambda/{name}"),
                "--since",
                "1h",
            ])
        }
        None => Fix::new("Look at the hook's function and role, mend them and deploy again."),
    };
    let mut finding = Finding::new(
        &HOOK_FAILED,
        Confidence::Certain,
        format!("A lifecycle hook failed and ended the deployment: {why}"),
    )
    .short(format!("lifecycle hook failed: {why}"))
    .explain(format!(
        "The deployment did not fail for its tasks but for a hook: {why}.{}",
        reason.map(|reason| format!(" AWS says: {}", view.scene.quote(reason))).unwrap_or_default()
    ))
    .fix(fix);
    if let Some(reason) = reason {
        finding =
            finding.evidence(DESCRIBE_DEPLOYMENTS, of_deployment(newest), "statusReason", view.scene.quote(reason));
    }
    if let Some(hook) = hook {
        finding = of_hook(view, finding, newest, hook);
    }
    Some(view.dated(finding))
}

fn hook_running(view: &View<'_, '_>) -> Option<Finding> {
    let running = view.running().filter(|_| view.rollback.is_none())?;
    let hook = running.hooks.iter().find(|hook| has_status(hook, "IN_PROGRESS"))?;
    let at = stage(running, hook).map(|stage| format!(" at stage {}", shown(stage))).unwrap_or_default();
    let finding = Finding::new(&HOOK_RUNNING, Confidence::Certain, format!("The deployment waits for a lifecycle hook{at}"))
        .short(format!("waits for a hook{at}"))
        .explain("A function decides whether the deployment goes on; ECS asks it again every 30 seconds unless it says otherwise.")
        .scope(view.scope());
    Some(of_hook(view, finding, running, hook))
}

fn baking(view: &View<'_, '_>) -> Option<Finding> {
    let running = view.running().filter(|running| running.lifecycle_stage.as_deref() == Some("BAKE_TIME"))?;
    let minutes =
        view.scene.service.deployment_configuration.as_ref().and_then(|configuration| configuration.bake_time_minutes);
    let (title, text) = match minutes {
        Some(minutes) => (
            format!("Both revisions run during {minutes} minutes of bake time"),
            format!("Traffic has moved; the old revision is kept for {minutes} minutes so that going back is quick."),
        ),
        None => (
            "Both revisions run during bake time".to_owned(),
            "Traffic has moved; the old revision is kept for a while so that going back is quick.".to_owned(),
        ),
    };
    let mut finding = Finding::new(&BAKING, Confidence::Certain, title)
        .short("both revisions run, bake time")
        .explain(text)
        .scope(view.scope())
        .evidence(DESCRIBE_DEPLOYMENTS, of_deployment(running), "lifecycleStage", "BAKE_TIME");
    if let Some(minutes) = minutes {
        finding = finding.evidence(
            DESCRIBE_SERVICES,
            subject(view.scene),
            "deploymentConfiguration.bakeTimeInMinutes",
            minutes,
        );
    }
    Some(finding)
}

fn superseded(view: &View<'_, '_>) -> Option<Finding> {
    let history = view.scene.facts.service_deployments();
    let history = history.known().copied().unwrap_or_default();
    let lately = |one: &ServiceDeployment| {
        let end = one.finished_at.or(one.started_at).or(one.created_at);
        view.scene.since(end).is_some_and(|ago| ago <= LATELY)
    };
    let stopped = |one: &&ServiceDeployment| matches!(one.status.as_str(), "STOPPED" | "STOP_REQUESTED") && lately(one);
    let one = history.iter().skip(1).find(stopped)?;
    Some(
        Finding::new(
            &SUPERSEDED,
            Confidence::Certain,
            "An earlier deployment was replaced by a newer one before it was done",
        )
        .explain("That is not a failure: somebody deployed again while it was under way.")
        .evidence(DESCRIBE_DEPLOYMENTS, of_deployment(one), "status", view.scene.quote(&one.status)),
    )
}

fn early_success(view: &View<'_, '_>) -> Option<Finding> {
    let service = view.scene.service;
    let primary = view.scene.primary?;
    service.deployment_configuration.as_ref().filter(|configuration| configuration.early_success)?;
    let newest = view.newest().filter(|newest| newest.status == "SUCCESSFUL")?;
    let old = service.older_deployments().fold(0_u32, |sum, old| sum.saturating_add(old.running));
    let missing = service.desired.saturating_sub(primary.running);
    if old == 0 && missing == 0 {
        return None;
    }
    let left = match (missing, old) {
        (0, old) => format!("{old} old tasks still run"),
        (missing, 0) => format!("{missing} new tasks are still missing"),
        (missing, old) => format!("{missing} new tasks are missing and {old} old ones still run"),
    };
    Some(
        Finding::new(
            &EARLY_SUCCESS,
            Confidence::Certain,
            format!("The deployment counts as successful although {left}"),
        )
        .explain("Early success is switched on for the service; the rest follows. It is neither stuck nor failed.")
        .scope(view.scope())
        .evidence(DESCRIBE_SERVICES, subject(view.scene), "deploymentConfiguration.earlySuccessCriteria.enable", true)
        .evidence(DESCRIBE_DEPLOYMENTS, of_deployment(newest), "status", "SUCCESSFUL"),
    )
}
