//! Blue/green, linear and canary deployments: what AWS says about listeners and roles, and the health of the other target
//! group.

use super::{BLUE_GREEN, DESCRIBE_DEPLOYMENTS, DESCRIBE_SERVICES, HISTORY, NOTE, View, shown, subject};
use crate::diagnose::catalogue::{Effect, Entry, Rank};
use crate::diagnose::deployment::is_rolling;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::scene::{Group, Place};
use crate::diagnose::target_health::Standing;
use crate::model::service::RolloutState;

pub(super) static LISTENER: Entry = Entry {
    id: "bluegreen-listener-misconfigured",
    number: 194,
    severity: Severity::Critical,
    rank: Rank::Blocker,
    effect: Some(Effect::FailedDeployment),
    explains: &[Effect::FailedDeployment, Effect::StuckDeployment, Effect::Clients],
    title: "Listener rules do not fit the two target groups of the service",
    meaning: "ECS moves traffic between the two target groups by changing listener rules, and refuses when they are not as \
              it expects: a group no rule knows, both groups with traffic at once, or a production rule that leads \
              somewhere else.",
    decided: "statusReason of the newest service deployment (or rolloutStateReason, or a current event) speaks of an \
              invalid networking configuration.",
    fix: "Let the production rule forward to the group that serves now with all its weight, and the test rule to the \
          other; then deploy again.",
    sources: &[BLUE_GREEN],
    ..NOTE
};

pub(super) static PERMISSION: Entry = Entry {
    id: "bluegreen-role-missing-permission",
    number: 195,
    severity: Severity::Critical,
    rank: Rank::AwsText,
    effect: Some(Effect::FailedDeployment),
    explains: &[Effect::FailedDeployment, Effect::StuckDeployment],
    title: "The infrastructure role may not change the load balancer",
    meaning: "ECS changes listener rules and registers targets with a role of yours, and that role lacks a permission.",
    decided: "statusReason of the newest service deployment (or rolloutStateReason, or a current event) says \"not \
              authorized to perform: elasticloadbalancing:…\" or \"missing permissions on ECS Infrastructure Role\".",
    fix: "Attach the managed policy AmazonECSInfrastructureRolePolicyForLoadBalancers to the role.",
    sources: &[BLUE_GREEN],
    ..NOTE
};

pub(super) static GREEN_UNHEALTHY: Entry = Entry {
    id: "bluegreen-green-unhealthy",
    number: 196,
    severity: Severity::Critical,
    effect: Some(Effect::UnhealthyTargets),
    explains: &[Effect::StuckDeployment, Effect::FailedDeployment],
    title: "Targets of the new revision fail their health checks before they get traffic",
    meaning: "The deployment has started the new tasks and waits for them to become healthy in the other target group. They \
              do not. That group has its own settings and may let in other ports than the one that serves.",
    decided: "lifecycleStage is SCALE_UP and targets fail in a target group of the revision the deployment brings \
              (DescribeServiceRevisions, resolvedConfiguration.loadBalancers) that the revision before it does not use.",
    fix: "Look at the findings about that target group; compare its health check and its security groups with those of the \
          group that serves.",
    sources: &[BLUE_GREEN, HISTORY],
    ..NOTE
};

pub(super) fn find(view: &View<'_, '_>, findings: &mut Vec<Finding>) {
    if is_rolling(view.scene.service) {
        return;
    }
    findings.extend(listener(view));
    findings.extend(permission(view));
    findings.extend(green_unhealthy(view));
}

/// Where AWS says something about the deployment at hand: source, subject, field, text.
fn statements<'a>(view: &View<'_, 'a>) -> Vec<(&'static str, String, &'static str, &'a str)> {
    let mut said = Vec::new();
    if let Some(newest) = view.newest().filter(|newest| newest.status != "SUCCESSFUL") {
        let subject = format!("service deployment {}", newest.arn.name());
        for reason in newest.status_reason.iter().chain(&newest.rollback_reason) {
            said.push((DESCRIBE_DEPLOYMENTS, subject.clone(), "statusReason", reason.as_str()));
        }
    }
    let primary = view.scene.primary.filter(|primary| primary.rollout_state != Some(RolloutState::Completed));
    if let Some((id, reason)) = primary.and_then(|primary| Some((&primary.id, primary.rollout_reason.as_ref()?))) {
        said.push((DESCRIBE_SERVICES, format!("deployment {id}"), "rolloutStateReason", reason.as_str()));
    }
    if view.progress.under_way {
        for heard in view.scene.events.iter().take(20) {
            said.push((DESCRIBE_SERVICES, subject(view.scene), "events.message", heard.message));
        }
    }
    said
}

fn told(view: &View<'_, '_>, entry: &'static Entry, parts: &[&str], title: &str, text: &str) -> Option<Finding> {
    let statements = statements(view);
    let matches = |text: &str| {
        let text = text.to_ascii_lowercase();
        parts.iter().any(|part| text.contains(part))
    };
    let (source, subject, field, said) = statements.into_iter().find(|(_, _, _, said)| matches(said))?;
    let quoted = view.scene.quote(said);
    let finding = Finding::new(entry, Confidence::Certain, title)
        .explain(format!("{text} AWS says: {quoted}"))
        .evidence(source, subject, field, quoted);
    Some(view.dated(finding))
}

fn listener(view: &View<'_, '_>) -> Option<Finding> {
    let groups: Vec<&str> = view.scene.groups.iter().map(|group| group.arn.as_str()).collect();
    let mut fix = Fix::new(
        "Let the production rule forward to the group that serves now with all its weight and the test rule to the other, \
         then deploy again.",
    );
    let settings = view.scene.groups.iter().filter_map(|group| group.settings.known());
    if let Some(balancer) = settings.flat_map(|settings| &settings.load_balancers).next() {
        fix = fix.aws(["elbv2", "describe-listeners", "--load-balancer-arn", balancer.as_str()]);
    } else if let Some(group) = groups.first() {
        fix = fix.aws(["elbv2", "describe-target-groups", "--target-group-arns", group]);
    }
    let finding = told(
        view,
        &LISTENER,
        &["invalid networking configuration"],
        "Listener rules do not fit the target groups of the deployment",
        "ECS moves traffic by changing listener rules, and refuses because they are not as it expects.",
    )?;
    Some(finding.short("listener rules do not fit blue/green").fix(fix))
}

fn permission(view: &View<'_, '_>) -> Option<Finding> {
    let finding = told(
        view,
        &PERMISSION,
        &["not authorized to perform: elasticloadbalancing", "missing permissions on ecs infrastructure role"],
        "The infrastructure role may not change the load balancer",
        "ECS changes listener rules with a role of yours, and that role lacks a permission.",
    )?;
    let fix = Fix::new("Give the infrastructure role the managed policy for load balancers, then deploy again.").aws([
        "iam",
        "attach-role-policy",
        "--role-name",
        "INFRASTRUCTURE_ROLE",
        "--policy-arn",
        "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers",
    ]);
    Some(finding.short("infrastructure role lacks a permission").fix(fix))
}

fn green_unhealthy(view: &View<'_, '_>) -> Option<Finding> {
    let running = view.running().filter(|running| running.lifecycle_stage.as_deref() == Some("SCALE_UP"))?;
    let revisions = view.scene.facts.service_revisions();
    let revisions = revisions.known().copied().unwrap_or_default();
    let brings = revisions.iter().find(|one| Some(&one.arn) == running.target_revision.as_ref());
    let replaced = |group: &Group<'_>| {
        let sources = revisions.iter().filter(|one| running.source_revisions.contains(&one.arn));
        sources.flat_map(|one| &one.target_groups).any(|used| used == group.arn)
    };
    let by_revision =
        |group: &Group<'_>| brings.is_some_and(|brings| brings.target_groups.contains(group.arn)) && !replaced(group);
    // Where revisions were not read, the green group is the one with nothing but new tasks in it.
    let by_tasks = |group: &Group<'_>| brings.is_none() && group.present().all(|place| place.of_primary);
    let green = view
        .scene
        .groups
        .iter()
        .find(|group| (by_revision(group) || by_tasks(group)) && group.own(Standing::Failing) > 0)?;
    let failing: Vec<&Place<'_>> = green.failing().collect();
    let (bad, all) = (green.own(Standing::Failing), green.own_total());
    let mut finding = Finding::new(
        &GREEN_UNHEALTHY,
        Confidence::Certain,
        format!("{bad} of {all} targets of the new revision fail their health checks in {}", shown(green.name())),
    )
    .short(format!("green targets unhealthy in {}", shown(green.name())))
    .explain(
        "The new tasks run and get no traffic yet; the deployment waits until they are healthy in the other target group. \
         Its health check and what lets its ports in may differ from those of the group that serves.",
    )
    .scope(Scope {
        target_group: Some(shown(green.arn.as_str())),
        targets: failing.iter().take(20).map(|place| shown(&place.name())).collect(),
        ..view.scope()
    })
    .evidence(DESCRIBE_DEPLOYMENTS, format!("service deployment {}", running.arn.name()), "lifecycleStage", "SCALE_UP");
    for place in failing.iter().take(3) {
        let said = place.target.description.as_deref().or(place.target.reason.as_deref()).unwrap_or("absent");
        finding = finding.evidence(
            "elasticloadbalancing:DescribeTargetHealth",
            format!("target {}", place.name()),
            "TargetHealth.Description",
            view.scene.quote(said),
        );
    }
    let fix = Fix::new("Compare the group's health check with that of the group that serves.").aws([
        "elbv2",
        "describe-target-groups",
        "--target-group-arns",
        green.arn.as_str(),
    ]);
    Some(finding.fix(fix))
}
