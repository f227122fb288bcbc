//! Deployments under way: in normal progress with what they wait for, or without any (catalogue 3.11).

use super::{DESCRIBE_SERVICES, EVENTS, HISTORY, NOTE, THROTTLE, View, subject};
use crate::diagnose::catalogue::{Effect, Entry, Rank};
use crate::diagnose::finding::{Confidence, Finding, Severity};
use crate::diagnose::network::Verdict;
use crate::diagnose::parse::events::Event;
use crate::diagnose::stopped::spell;
use crate::diagnose::target_health::Standing;
use crate::model::known::Known;
use crate::model::service::{DeploymentController, RolloutState};

pub(super) static NORMAL: Entry = Entry {
    id: "deployment-in-progress-normal",
    number: 188,
    rank: Rank::AwsText,
    title: "A deployment is in normal progress",
    meaning: "ECS replaces tasks, and nothing is wrong with that. Targets that are draining or in their first health checks \
              belong to it.",
    decided: "The primary deployment is IN_PROGRESS, does not count as stuck (catalogue 3.11), waits for no hook, and \
              nothing else that was found holds it up.",
    fix: "Nothing has to be done but wait.",
    sources: &[HISTORY],
    ..NOTE
};

pub(super) static STUCK: Entry = Entry {
    id: "deployment-stuck",
    number: 189,
    severity: Severity::Error,
    effect: Some(Effect::StuckDeployment),
    title: "The deployment makes no progress",
    meaning: "No task of the new revision became healthy for longer than the settings of the service explain. That is what \
              can be seen from outside; the cause is another finding, or has to be looked for where this one says it was \
              not looked.",
    decided: "The primary deployment of a rolling service is IN_PROGRESS, has fewer healthy tasks than desired, and no new \
              one for more than max(10 min, 2 x (grace period + UnhealthyThreshold x interval + the longest start of a \
              task)). Hooks, bake time and cleaning up are waited for.",
    fix: "Mend the cause. To go back: deploy the revision that worked.",
    sources: &[HISTORY, THROTTLE],
    ..NOTE
};

pub(super) static NOT_LAUNCHED: Entry = Entry {
    id: "deployment-could-not-launch",
    number: 202,
    severity: Severity::Error,
    effect: Some(Effect::FewTasks),
    explains: &[Effect::StuckDeployment],
    title: "ECS could not launch tasks of the deployment",
    meaning: "ECS tried to launch tasks of the deployment and could not. Events next to it, or tasks that stopped, say why.",
    decided: "A current event \"could not launch N tasks for deployment ecs-svc/…\" names the primary deployment, and it \
              still has fewer tasks than desired.",
    fix: "Mend the reason AWS gives; a new deployment tries again.",
    sources: &[EVENTS],
    ..NOTE
};

pub(super) fn find(view: &View<'_, '_>, findings: &mut Vec<Finding>) {
    findings.extend(not_launched(view));
    match view.progress.stuck_for {
        Some(_) => findings.extend(stuck(view)),
        None => findings.extend(normal(view)),
    }
}

fn normal(view: &View<'_, '_>) -> Option<Finding> {
    let scene = view.scene;
    let primary = scene.primary?;
    let by_ecs = scene.service.controller == DeploymentController::Ecs;
    let over = matches!(primary.rollout_state, Some(RolloutState::Failed | RolloutState::Completed));
    if !view.progress.under_way || !by_ecs || over || view.rollback.is_some() || super::stages::is_paused(view) {
        return None;
    }
    let words = view.progress.words(scene);
    let desired = scene.service.desired;
    let healthy = view.progress.healthy;
    let leaving = scene.groups.iter().flat_map(|group| &group.places);
    let draining = leaving.filter(|place| place.standing == Standing::Leaving).count();
    let initial: usize = scene.groups.iter().map(|group| group.own(Standing::Waiting)).sum();
    let old = scene.service.older_deployments().fold(0_u32, |sum, old| sum.saturating_add(old.running));
    let mut awaited = Vec::new();
    if healthy < desired {
        awaited.push(format!("{} more of {desired} new tasks", desired - healthy));
    }
    if initial > 0 {
        awaited.push(format!("the first verdict on {initial} targets"));
    }
    if draining > 0 {
        awaited.push(format!("{draining} targets to finish their connections"));
    }
    if old > 0 {
        awaited.push(format!("{old} old tasks to stop"));
    }
    let awaited = if awaited.is_empty() { "AWS's word that it is complete".to_owned() } else { awaited.join(", ") };
    let breaker = breaker(view);
    let age = scene.age().map(|age| format!(" It began {} ago.", spell(age))).unwrap_or_default();
    let verdict = scene.groups.iter().filter_map(|group| group.settings.known()).filter_map(|settings| {
        let check = &settings.health_check;
        Some(u64::from(check.healthy_threshold?) * u64::from(check.interval_seconds?))
    });
    let eta = verdict.max().filter(|_| healthy < desired);
    let eta = eta.map(|eta| format!(" A target is healthy {eta} s after it answers.")).unwrap_or_default();
    Some(
        Finding::new(&NORMAL, Confidence::Certain, format!("A deployment is in normal progress: {words}"))
            .short(words)
            .explain(format!("What is awaited: {awaited}.{age}{eta}{breaker}"))
            .scope(view.scope())
            .evidence(
                DESCRIBE_SERVICES,
                format!("deployment {}", primary.id),
                "rolloutState",
                primary.rollout_state.as_ref().map_or("absent", RolloutState::as_str),
            )
            .evidence(DESCRIBE_SERVICES, format!("deployment {}", primary.id), "runningCount", primary.running)
            .evidence(DESCRIBE_SERVICES, subject(scene), "desiredCount", desired),
    )
}

fn stuck(view: &View<'_, '_>) -> Option<Finding> {
    let scene = view.scene;
    let idle = view.progress.stuck_for?;
    let primary = scene.primary?;
    let desired = scene.service.desired;
    let healthy = view.progress.healthy;
    let looked = excluded(view);
    let breaker = breaker(view);
    let looked = if looked.is_empty() { String::new() } else { format!(" What was looked at: {}.", looked.join("; ")) };
    Some(
        Finding::new(
            &STUCK,
            Confidence::Certain,
            format!(
                "The deployment has made no progress for {}: {healthy} of {desired} new tasks are healthy",
                spell(idle)
            ),
        )
        .short(format!("stuck for {}: {healthy} of {desired} new tasks healthy", spell(idle)))
        .explain(format!(
            "No new task became healthy for {}, and {} would be normal with the settings of this service.{looked}{breaker}",
            spell(idle),
            spell(view.progress.patience)
        ))
        .scope(view.scope())
        .evidence(DESCRIBE_SERVICES, format!("deployment {}", primary.id), "rolloutState", "IN_PROGRESS")
        .evidence(
            DESCRIBE_SERVICES,
            format!("deployment {}", primary.id),
            "createdAt",
            primary.created_at.map_or_else(|| "absent".to_owned(), |at| at.to_string()),
        )
        .evidence(DESCRIBE_SERVICES, format!("deployment {}", primary.id), "runningCount", primary.running)
        .evidence(DESCRIBE_SERVICES, format!("deployment {}", primary.id), "pendingCount", primary.pending)
        .evidence(DESCRIBE_SERVICES, format!("deployment {}", primary.id), "failedTasks", primary.failed)
        .evidence(DESCRIBE_SERVICES, subject(scene), "derived: healthy tasks of the new deployment", healthy),
    )
}

/// How close the circuit breaker is to ending the deployment, once tasks failed.
fn breaker(view: &View<'_, '_>) -> String {
    let breaker = view.running().and_then(|running| running.circuit_breaker.as_ref());
    match breaker.filter(|breaker| breaker.failures > 0 && breaker.threshold > 0) {
        Some(breaker) => {
            format!(" The circuit breaker has counted {} of {} failures.", breaker.failures, breaker.threshold)
        }
        None => String::new(),
    }
}

/// What was looked at and does not explain it, and what could not be looked at.
fn excluded(view: &View<'_, '_>) -> Vec<String> {
    let scene = view.scene;
    let mut looked = Vec::new();
    match scene.tasks {
        Known::Known(_) => {
            let dead = scene.deaths_of_primary().count();
            looked.push(if dead == 0 {
                "none of its tasks died".to_owned()
            } else {
                format!("{dead} of its tasks died")
            });
        }
        Known::Denied(_) | Known::Failed(_) => looked.push("its tasks could not be read".to_owned()),
        Known::NotAsked => {}
    }
    for group in &scene.groups {
        match group.targets {
            Known::Known(_) => looked.push(format!(
                "{} of {} targets in {} fail, {} wait for a verdict",
                group.own(Standing::Failing),
                group.own_total(),
                group.name(),
                group.own(Standing::Waiting)
            )),
            Known::Denied(_) | Known::Failed(_) => {
                looked.push(format!("the health of targets in {} could not be read", group.name()));
            }
            Known::NotAsked => {}
        }
        let mut paths = group.places.iter().filter(|place| place.of_primary).map(|place| place.check_path).peekable();
        if paths.peek().is_some() && paths.all(|verdict| verdict == Verdict::Open) {
            looked.push(format!("the network path to {} is open", group.name()));
        }
    }
    let unplaced = scene.events.iter().any(|heard| {
        matches!(heard.event, Event::NoInstance { .. } | Event::NotPlaced { .. } | Event::NotPlacedInZone { .. })
    });
    if !unplaced {
        looked.push("no event speaks of tasks that cannot be placed".to_owned());
    }
    looked
}

fn not_launched(view: &View<'_, '_>) -> Option<Finding> {
    let scene = view.scene;
    let primary = scene.primary?;
    if primary.running.saturating_add(primary.pending) >= scene.service.desired {
        return None;
    }
    let (tasks, message) = scene.events.iter().find_map(|heard| match heard.event {
        Event::NotLaunched { tasks, deployment } if deployment == primary.id => Some((tasks, heard.message)),
        _ => None,
    })?;
    let mut why = scene.events.iter().filter(|heard| !matches!(heard.event, Event::NotLaunched { .. }));
    let why = why.find_map(|heard| Some((heard.event.trouble()?, heard.message)));
    let reason = why.as_ref().map(|(words, _)| format!(" The event beside it says: {}.", scene.quote(words)));
    let mut finding = Finding::new(
        &NOT_LAUNCHED,
        Confidence::Certain,
        format!("ECS could not launch {tasks} tasks of the deployment"),
    )
    .short(format!("{tasks} tasks could not be launched"))
    .explain(format!(
        "The deployment has {} of {} tasks, and ECS says that it could not launch {tasks} of them.{}",
        primary.running,
        scene.service.desired,
        reason.unwrap_or_default()
    ))
    .scope(view.scope())
    .evidence(DESCRIBE_SERVICES, subject(scene), "events.message", scene.quote(message));
    if let Some((_, message)) = why {
        finding = finding.evidence(DESCRIBE_SERVICES, subject(scene), "events.message", scene.quote(message));
    }
    Some(finding)
}
