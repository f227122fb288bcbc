//! Services whose deployments AWS CodeDeploy or somebody else drives by task sets. Their deployments have no rollout
//! state, and what CodeDeploy waits for is not read.

use jiff::SignedDuration;

use super::{DESCRIBE_SERVICES, NOTE, TASK_SET, View, shown, subject};
use crate::diagnose::catalogue::Entry;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::stopped::spell;
use crate::model::service::{DeploymentController, TaskSet};

/// A task set that has not settled by then is worth a warning.
const SETTLES_WITHIN: SignedDuration = SignedDuration::from_mins(15);

pub(super) static CODE_DEPLOY: Entry = Entry {
    id: "codedeploy-waiting",
    number: 200,
    title: "A CodeDeploy deployment is under way",
    meaning: "AWS CodeDeploy replaces one task set by another. While both exist it waits: for the new one to settle, for \
              somebody to reroute traffic, or for the time after which the old one is removed. ECS shows no rollout state \
              for it. A task set that does not settle for long is a warning: look at its target group.",
    decided: "Controller CODE_DEPLOY and more than one task set, or one with stabilityStatus STABILIZING. STABILIZING for \
              more than 15 minutes is a warning.",
    fix: "aws deploy list-deployments and aws deploy get-deployment tell what CodeDeploy waits for; status Ready means \
          rerouting or termination.",
    sources: &[TASK_SET],
    ..NOTE
};

pub(super) static EXTERNAL: Entry = Entry {
    id: "external-controller-no-taskset",
    number: 201,
    title: "No task set serves: whoever deploys the service has not made one primary",
    meaning: "With an EXTERNAL controller ECS starts nothing by itself: whoever drives the service creates task sets and \
              makes one of them primary.",
    decided: "Controller EXTERNAL and no task set, or none with status PRIMARY.",
    fix: "aws ecs create-task-set …, then aws ecs update-service-primary-task-set --primary-task-set ID.",
    sources: &[TASK_SET],
    ..NOTE
};

pub(super) fn find(view: &View<'_, '_>, findings: &mut Vec<Finding>) {
    match view.scene.service.controller {
        DeploymentController::CodeDeploy => findings.extend(code_deploy(view)),
        DeploymentController::External => findings.extend(external(view)),
        DeploymentController::Ecs | DeploymentController::Other(_) => {}
    }
}

fn of_set(view: &View<'_, '_>, finding: Finding, set: &TaskSet) -> Finding {
    let subject = format!("task set {}", set.id);
    let stability = set.stability.as_deref().unwrap_or("absent");
    finding
        .evidence(DESCRIBE_SERVICES, &subject, "status", view.scene.quote(&set.status))
        .evidence(DESCRIBE_SERVICES, &subject, "stabilityStatus", view.scene.quote(stability))
        .evidence(DESCRIBE_SERVICES, &subject, "runningCount", set.running)
        .evidence(DESCRIBE_SERVICES, &subject, "computedDesiredCount", set.desired)
}

fn code_deploy(view: &View<'_, '_>) -> Option<Finding> {
    let scene = view.scene;
    let sets = &scene.service.task_sets;
    let unsettled = sets.iter().filter(|set| set.stability.as_deref() == Some("STABILIZING"));
    let unsettled = unsettled.max_by_key(|set| scene.since(set.created_at));
    if sets.len() < 2 && unsettled.is_none() {
        return None;
    }
    // When the stability was found out (stabilityStatusAt) says nothing about since when it is so.
    let for_how_long = unsettled.and_then(|set| scene.since(set.created_at));
    let long = for_how_long.filter(|age| *age > SETTLES_WITHIN);
    let title = match (unsettled, long) {
        (Some(set), Some(age)) => format!("Task set {} has not settled for {}", shown(&set.id), spell(age)),
        (Some(set), None) => format!("CodeDeploy waits for task set {} to settle", shown(&set.id)),
        (None, _) => {
            format!("{} task sets run; CodeDeploy waits to reroute traffic or to remove the old one", sets.len())
        }
    };
    let text = match unsettled {
        Some(set) => format!(
            "{} of {} tasks of it run. What keeps it from settling shows in its target group and its dead tasks; ECS gives \
             no rollout state with this controller.",
            set.running, set.desired
        ),
        None => "All task sets have settled. Whether somebody has to reroute traffic, or a wait runs, only CodeDeploy tells."
            .to_owned(),
    };
    let mut finding = Finding::new(&CODE_DEPLOY, Confidence::High, title)
        .explain(text)
        .scope(Scope { task_definition: unsettled.map(|set| shown(set.task_definition.name())), ..Scope::default() });
    for set in sets.iter().take(3) {
        finding = of_set(view, finding, set);
    }
    if long.is_some() {
        finding = finding.severity(Severity::Warning);
    }
    let fix = Fix::new("See what CodeDeploy waits for.").aws([
        "deploy",
        "list-deployments",
        "--include-only-statuses",
        "InProgress",
        "Ready",
    ]);
    Some(
        finding
            .short(if long.is_some() { "task set does not settle" } else { "CodeDeploy deployment under way" })
            .fix(fix),
    )
}

fn external(view: &View<'_, '_>) -> Option<Finding> {
    let scene = view.scene;
    let sets = &scene.service.task_sets;
    if sets.iter().any(|set| set.status == "PRIMARY") {
        return None;
    }
    let title = match sets.len() {
        0 => "The service has no task set, so nothing runs".to_owned(),
        some => format!("None of the {some} task sets is primary"),
    };
    let mut finding = Finding::new(&EXTERNAL, Confidence::Certain, title)
        .short("no primary task set")
        .explain(
            "The deployment controller is EXTERNAL: ECS starts nothing by itself until whoever drives the service creates a \
             task set and makes it primary.",
        )
        .evidence(DESCRIBE_SERVICES, subject(scene), "deploymentController.type", "EXTERNAL")
        .evidence(DESCRIBE_SERVICES, subject(scene), "derived: number of taskSets", sets.len());
    for set in sets.iter().take(3) {
        finding = of_set(view, finding, set);
    }
    Some(finding)
}
