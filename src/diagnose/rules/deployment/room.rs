//! Minimum and maximum percent: whether they leave room to replace a task, and where the room is (catalogue 3.9).

use jiff::SignedDuration;

use super::{CONFIGURATION, DESCRIBE_SERVICES, EVENTS, NOTE, SERVICE, View, label, subject};
use crate::diagnose::catalogue::{Effect, Entry, Rank};
use crate::diagnose::deployment::Bounds;
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::parse::events::Event;
use crate::diagnose::parse::stop_reason::start_failure;
use crate::diagnose::target_health::Standing;
use crate::model::service::{SchedulingStrategy, Service};
use crate::model::task::ContainerHealth;

pub(super) static ABOVE_DESIRED: Entry = Entry {
    id: "running-above-desired",
    number: 178,
    rank: Rank::Symptom,
    title: "More tasks run than desired, which is not a fault",
    meaning: "While ECS replaces or moves tasks, old and new ones run side by side up to maximumPercent. Protection from \
              scale-in and bake time do the same.",
    decided: "DescribeServices: runningCount is above desiredCount, and desiredCount is above 0.",
    fix: "None; it ends when the deployment or the rebalancing does.",
    sources: &[SERVICE, CONFIGURATION],
    ..NOTE
};

pub(super) static STOPS_FIRST: Entry = Entry {
    id: "unhealthy-replacement-stops-first",
    number: 179,
    severity: Severity::Warning,
    rank: Rank::Timing,
    title: "Unhealthy tasks are stopped before their replacements start",
    meaning: "maximumPercent leaves no room for a task beyond the desired count, so ECS has to stop an unhealthy task \
              before it may start another one. Capacity dips each time, as far as minimumHealthyPercent allows.",
    decided: "floor(desired x maximumPercent / 100) is at most the desired count, and at least one task is unhealthy.",
    fix: "aws ecs update-service --cluster CLUSTER --service SERVICE --deployment-configuration maximumPercent=200",
    sources: &[CONFIGURATION],
    ..NOTE
};

pub(super) static DEADLOCK: Entry = Entry {
    id: "deployment-min-max-deadlock",
    number: 185,
    severity: Severity::Critical,
    rank: Rank::Blocker,
    explains: &[Effect::StuckDeployment, Effect::FailedDeployment],
    title: "Minimum and maximum percent leave no room to replace a task",
    meaning: "ECS may not stop an old task, because then fewer than minimumHealthyPercent would be left, and may not start \
              a new one, because then more than maximumPercent would run. The deployment can never finish.",
    decided: "lower = ceil(desired x minimumHealthyPercent / 100), upper = floor(desired x maximumPercent / 100). A \
              deadlock is upper <= desired and lower >= desired while a deployment is under way whose tasks have not \
              come for a minute; or AWS's event \"was unable to stop or start tasks during a deployment\" while the \
              counts still allow neither.",
    fix: "aws ecs update-service --cluster CLUSTER --service SERVICE --deployment-configuration \
          minimumHealthyPercent=100,maximumPercent=200 (this does not start a deployment by itself).",
    sources: &[EVENTS, CONFIGURATION],
    ..NOTE
};

pub(super) static NEEDS_EXTRA: Entry = Entry {
    id: "deployment-needs-extra-capacity",
    number: 186,
    severity: Severity::Error,
    rank: Rank::Timing,
    effect: Some(Effect::StuckDeployment),
    explains: &[Effect::StuckDeployment],
    title: "The deployment needs room for more tasks than run normally, and there is none",
    meaning: "To replace tasks without going below minimumHealthyPercent, ECS starts new ones first. The cluster has room \
              for the tasks that run normally but not for those, so the deployment waits.",
    decided: "A deployment is under way, maximumPercent allows more than the desired count, all desired tasks run, new \
              ones are missing, and a current event says that a task could not be placed.",
    fix: "Add capacity, or allow ECS to stop old tasks first: --deployment-configuration \
          minimumHealthyPercent=50,maximumPercent=200.",
    sources: &[EVENTS, CONFIGURATION],
    ..NOTE
};

pub(super) fn find(view: &View<'_, '_>, findings: &mut Vec<Finding>) {
    findings.extend(above_desired(view));
    if let Some(bounds) = Bounds::of(view.scene.service) {
        findings.extend(stops_first(view, bounds));
        findings.extend(deadlock(view, bounds));
        findings.extend(needs_extra(view, bounds));
    }
}

fn above_desired(view: &View<'_, '_>) -> Option<Finding> {
    let service = view.scene.service;
    if service.running <= service.desired || service.scheduling == SchedulingStrategy::Daemon {
        return None;
    }
    let why = if view.progress.under_way {
        "old and new tasks run side by side while the deployment replaces them"
    } else {
        "ECS is scaling in or moving tasks, or tasks are protected from scale-in"
    };
    Some(
        Finding::new(
            &ABOVE_DESIRED,
            Confidence::Certain,
            format!("{} tasks run although {} are desired", service.running, service.desired),
        )
        .explain(format!("That is not a fault: {why}."))
        .evidence(DESCRIBE_SERVICES, subject(view.scene), "runningCount", service.running)
        .evidence(DESCRIBE_SERVICES, subject(view.scene), "desiredCount", service.desired),
    )
}

/// The percents and what follows from them.
fn figures(view: &View<'_, '_>, finding: Finding, bounds: Bounds) -> Finding {
    let service = view.scene.service;
    let subject = subject(view.scene);
    let Some(configuration) = &service.deployment_configuration else { return finding };
    finding
        .evidence(DESCRIBE_SERVICES, &subject, "desiredCount", service.desired)
        .evidence(
            DESCRIBE_SERVICES,
            &subject,
            "deploymentConfiguration.minimumHealthyPercent",
            configuration.minimum_healthy_percent,
        )
        .evidence(DESCRIBE_SERVICES, &subject, "deploymentConfiguration.maximumPercent", configuration.maximum_percent)
        .evidence(
            DESCRIBE_SERVICES,
            &subject,
            "derived: lower = ceil(desiredCount x minimumHealthyPercent / 100)",
            format!("lower={}", bounds.lower),
        )
        .evidence(
            DESCRIBE_SERVICES,
            &subject,
            "derived: upper = floor(desiredCount x maximumPercent / 100)",
            format!("upper={}", bounds.upper),
        )
}

fn more_room(view: &View<'_, '_>, summary: &str) -> Fix {
    Fix::new(summary)
        .aws(view.update_service(&["--deployment-configuration", "minimumHealthyPercent=100,maximumPercent=200"]))
        .terraform(format!(
            "aws_ecs_service.{} → deployment_minimum_healthy_percent = 100, deployment_maximum_percent = 200",
            label(&view.scene.service.name)
        ))
}

fn stops_first(view: &View<'_, '_>, bounds: Bounds) -> Option<Finding> {
    let service = view.scene.service;
    if service.desired == 0 || bounds.upper > service.desired {
        return None;
    }
    let of_groups = view.scene.groups.iter().map(|group| group.own(Standing::Failing)).max().unwrap_or(0);
    let tasks = view.scene.tasks.known().copied().unwrap_or_default();
    let of_containers =
        tasks.iter().filter(|task| !task.is_stopped() && task.health == ContainerHealth::Unhealthy).count();
    let unhealthy = of_groups.max(of_containers);
    if unhealthy == 0 {
        return None;
    }
    let percent = service.deployment_configuration.as_ref()?.maximum_percent;
    let finding = Finding::new(
        &STOPS_FIRST,
        Confidence::Certain,
        format!("maximumPercent {percent} makes ECS stop unhealthy tasks before it starts new ones"),
    )
    .short(format!("max {percent}% stops unhealthy tasks first"))
    .explain(format!(
        "At most {} tasks may run and {} are desired, so each of the {unhealthy} unhealthy tasks has to go before its \
         replacement may come, and capacity dips each time.",
        bounds.upper, service.desired
    ));
    let fix = more_room(view, "Let ECS start the replacement first.");
    Some(figures(view, finding, bounds).fix(fix))
}

fn deadlock(view: &View<'_, '_>, bounds: Bounds) -> Option<Finding> {
    let service = view.scene.service;
    let primary = view.scene.primary.filter(|_| view.progress.under_way)?;
    let told = view.scene.events.iter().find(|heard| heard.event == Event::Deadlock);
    let old = old_running(service);
    let settled = view.scene.age().is_none_or(|age| age > SignedDuration::from_secs(60));
    let by_figures = bounds.is_deadlock(service.desired)
        && primary.running == 0
        && primary.pending == 0
        && old >= service.desired
        && settled;
    let on_their_way = service.running.saturating_add(service.pending);
    // The percents may have been changed since the event.
    let still =
        primary.running < service.desired && !bounds.can_start(on_their_way) && !bounds.can_stop(service.running);
    if !by_figures && (told.is_none() || !still) {
        return None;
    }
    let configuration = service.deployment_configuration.as_ref()?;
    let (minimum, maximum) = (configuration.minimum_healthy_percent, configuration.maximum_percent);
    let finding = Finding::new(
        &DEADLOCK,
        Confidence::Certain,
        format!("minimumHealthyPercent {minimum} and maximumPercent {maximum} leave no room to deploy {} tasks", service.desired),
    )
    .short(format!("min {minimum}% max {maximum}% of {} leave no room to deploy", service.desired))
    .explain(format!(
        "At least {} tasks must stay healthy (lower={}) and at most {} may run (upper={}), with {} desired: ECS may neither \
         stop an old task nor start a new one, so this deployment can never finish.",
        bounds.lower, bounds.lower, bounds.upper, bounds.upper, service.desired
    ))
    .scope(view.scope());
    let mut finding = figures(view, finding, bounds);
    if let Some(heard) = told {
        let message = view.scene.quote(heard.message);
        finding = finding.evidence(DESCRIBE_SERVICES, subject(view.scene), "events.message", message);
    }
    let fix =
        more_room(view, "Let one more task run while tasks are replaced; this does not start a deployment by itself.");
    Some(finding.fix(fix))
}

fn old_running(service: &Service) -> u32 {
    service.older_deployments().fold(0_u32, |sum, old| sum.saturating_add(old.running))
}

fn needs_extra(view: &View<'_, '_>, bounds: Bounds) -> Option<Finding> {
    let service = view.scene.service;
    let primary = view.scene.primary.filter(|_| view.progress.under_way)?;
    let waits = primary.running.saturating_add(primary.pending) < service.desired;
    let full = service.running.saturating_add(service.pending) >= service.desired;
    if bounds.upper <= service.desired || !waits || !full || old_running(service) == 0 {
        return None;
    }
    let unplaced = |event: &Event<'_>| match event {
        Event::NoInstance { .. } => true,
        // A task that could not start is told as one that could not be placed.
        Event::NotPlaced { reason } => start_failure(reason).is_none(),
        _ => false,
    };
    let told = view.scene.events.iter().find(|heard| unplaced(&heard.event))?;
    let why = told.event.trouble().unwrap_or_default();
    let finding = Finding::new(
        &NEEDS_EXTRA,
        Confidence::Certain,
        format!("The deployment needs room for tasks beyond the {} that run, and there is none", service.desired),
    )
    .short("no room for the extra tasks of the deployment")
    .explain(format!(
        "All {} desired tasks run and up to {} may, but no further task can be placed ({}). ECS may stop old tasks only down \
         to {}, so the deployment waits.",
        service.desired,
        bounds.upper,
        view.scene.quote(&why),
        bounds.lower
    ))
    .scope(view.scope());
    let finding = figures(view, finding, bounds).evidence(
        DESCRIBE_SERVICES,
        subject(view.scene),
        "events.message",
        view.scene.quote(told.message),
    );
    let fix = Fix::new("Add capacity, or let ECS stop old tasks before new ones start.")
        .aws(view.update_service(&["--deployment-configuration", "minimumHealthyPercent=50,maximumPercent=200"]));
    Some(finding.fix(fix))
}
