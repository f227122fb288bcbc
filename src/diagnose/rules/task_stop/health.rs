//! Tasks that were found unhealthy, by a load balancer or by their own health check.

use super::batch::{
    DEFINITION, SERVICES, Standing, TASKS, as_of, count_words, is_wanted, scope_of, standing, subject, tasks_of,
    was_rolled_back, with_count, with_stop,
};
use super::container_check::{Check, narrow};
use super::ends::{Batch, End, group_words};
use super::remedy::{describe_definition, in_definition};
use super::{BC_HEALTH, DIED, ECS_STV, ECS_THL, NOTE};
use crate::diagnose::catalogue::{Bearing, Effect, Entry, Rank};
use crate::diagnose::finding::{Confidence, Finding, Fix};
use crate::diagnose::parse::events::{Event, group_name};
use crate::diagnose::scene::{Dead, Heard, Scene};
use crate::diagnose::stopped::spell;
use crate::model::task::{ContainerHealth, Task};
use crate::model::task_definition::{ContainerDefinition, TaskDefinition};

pub(super) static TASK_KILLED_ELB_HEALTH: Entry = Entry {
    id: "task-killed-elb-health",
    number: 120,
    rank: Rank::Symptom,
    effect: Some(Effect::HealthKills),
    explains: &[Effect::FewTasks, Effect::StuckDeployment, Effect::FailedDeployment],
    title: "ECS stops tasks because the load balancer finds them unhealthy",
    meaning: "A task whose target fails its health checks after the grace period is stopped and replaced. That is an \
        effect: why the check fails is told by findings about health check and network. Such stops are not slowed down \
        by ECS, so the loop goes on at full speed. Exit codes of these tasks (137, 143) come from the stop and say \
        nothing.",
    decided: "`stoppedReason` begins with `Task failed ELB health checks`, of tasks of the primary deployment, within \
        the last 15 minutes or while tasks are missing.",
    fix: "Find out why the health check fails; a health-check grace period longer than the start helps where tasks \
        start slowly.",
    sources: &[
        ECS_THL,
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-service-load-balancers.html",
    ],
    ..DIED
};

pub(super) static CONTAINER_HEALTHCHECK_FAILING: Entry = Entry {
    id: "container-healthcheck-failing",
    number: 121,
    rank: Rank::HealthCheck,
    explains: &[
        Effect::Deaths,
        Effect::StuckDeployment,
        Effect::FailedDeployment,
        Effect::FewTasks,
        Effect::Clients,
        Effect::FailOpen,
    ],
    title: "The container's own health check fails",
    meaning: "The agent runs the `healthCheck` command of the task definition inside the container. When it fails \
        `retries` times in a row after `startPeriod`, the container is UNHEALTHY, and ECS replaces the task if the \
        container is essential. This is not the health check of the load balancer.",
    decided: "`healthStatus` of a running task is UNHEALTHY, or `stoppedReason` says `Task failed container health \
        checks`.",
    fix: "Run the command inside the container (`aws ecs execute-command`) and look at what it says; correct it in a \
        new revision.",
    sources: &[BC_HEALTH, ECS_STV],
    ..DIED
};

pub(super) static CONTAINER_HEALTH_UNKNOWN: Entry = Entry {
    id: "container-health-unknown-is-normal",
    number: 122,
    bearing: Bearing::Hygiene,
    title: "Health UNKNOWN is normal without a health check in the task definition",
    meaning: "ECS only knows a container's health where its definition has a `healthCheck`. A HEALTHCHECK in the image \
        does not count. UNKNOWN is no fault.",
    decided: "`healthStatus` of a running task is UNKNOWN, no container of its definition has a `healthCheck`, and \
        tasks of the service are missing (otherwise nobody asks).",
    fix: "Nothing; add a `healthCheck` if ECS should watch the container itself.",
    sources: &[BC_HEALTH],
    ..NOTE
};

pub(super) fn find(scene: &Scene<'_>, ends: &[Batch<'_, '_>], findings: &mut Vec<Finding>) {
    for batch in ends {
        if let End::LoadBalancer(group) = &batch.end
            && let Some(standing) = standing(scene, &batch.dead)
            // A symptom that is over says nothing, unless it says why a change was given up.
            && (standing == Standing::Present || was_rolled_back(scene))
            && let Some(finding) = killed_by_balancer(scene, batch, group.as_deref())
        {
            findings.push(as_of(standing, finding));
        }
    }
    find_failing_check(scene, ends, findings);
    findings.extend(unknown_is_normal(scene));
}

fn killed_by_balancer<'a>(scene: &Scene<'a>, batch: &Batch<'_, 'a>, group: Option<&str>) -> Option<Finding> {
    let newest = batch.dead.first()?;
    let tasks = tasks_of(&batch.dead);
    let when = newest.death.lived.map(|lived| format!(" {} after their start", spell(lived))).unwrap_or_default();
    let named = group_words(group);
    let mut scope = scope_of(scene, &tasks, None);
    scope.target_group = group.filter(|group| group.starts_with("arn:")).map(ToOwned::to_owned);
    let finding = Finding::new(
        &TASK_KILLED_ELB_HEALTH,
        Confidence::Certain,
        format!("Tasks are stopped for failed health checks{named}{when}{}", count_words(batch.dead.len())),
    )
    .short(format!("tasks killed by health checks{named}"))
    .scope(scope);
    let finding = with_stop(scene, finding, newest.task);
    let finding = match newest.death.lived {
        Some(lived) => finding.evidence(
            TASKS,
            subject(newest.task),
            "derived: seconds from startedAt to stoppingAt",
            lived.as_secs(),
        ),
        None => finding,
    };
    let heard = heard_about(scene, &batch.dead, group);
    let why = heard.map(|heard| match &heard.event {
        Event::Unhealthy { why, .. } => format!(" The load balancer said about it: {}.", scene.quote(why)),
        _ => String::new(),
    });
    let finding = match heard {
        Some(heard) => {
            let at = heard.at.map_or_else(|| "service event".to_owned(), |at| format!("service event of {at}"));
            finding.evidence(SERVICES, at, "events.message", scene.quote(heard.message))
        }
        None => finding,
    };
    Some(with_count(scene, finding, "stopped tasks with this reason", &tasks).explain(format!(
        "The load balancer found the tasks unhealthy and ECS replaces them, without ever slowing down.{} Why the check \
            fails is the cause to look for.",
        why.unwrap_or_default()
    )))
}

/// The newest event about one of these tasks being unhealthy, or else about their target group.
fn heard_about<'s, 'a>(scene: &'s Scene<'a>, dead: &[&Dead<'a>], group: Option<&str>) -> Option<&'s Heard<'a>> {
    let name = group.map(group_name);
    let mut of_group = scene.history.iter().filter(|heard| match &heard.event {
        Event::Unhealthy { target_group, .. } => name.is_none_or(|name| group_name(target_group) == name),
        _ => false,
    });
    let of_task = of_group.clone().find(|heard| match &heard.event {
        Event::Unhealthy { task: Some(task), .. } => dead.iter().any(|dead| dead.task.arn.name() == *task),
        _ => false,
    });
    let began = scene.primary.and_then(|primary| primary.created_at);
    of_task.or_else(|| of_group.find(|heard| heard.at >= began))
}

/// Containers that fail their own checks, in tasks that run and in tasks that were killed for it.
fn find_failing_check(scene: &Scene<'_>, ends: &[Batch<'_, '_>], findings: &mut Vec<Finding>) {
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    let is_primary = |task: &&Task| {
        scene.primary.is_none_or(|primary| {
            task.started_by.as_deref().is_none_or(|by| !by.starts_with("ecs-svc/") || by == primary.id)
        })
    };
    let unhealthy: Vec<&Task> = tasks
        .iter()
        .filter(|task| is_wanted(scene) && !task.is_stopped() && task.health == ContainerHealth::Unhealthy)
        .filter(is_primary)
        .collect();
    let killed = ends.iter().filter(|batch| batch.end == End::ContainerCheck);
    let killed = killed.filter_map(|batch| Some((batch, standing(scene, &batch.dead)?)));
    let mut present: Vec<&Dead<'_>> = Vec::new();
    for (batch, standing) in killed {
        if standing == Standing::Present {
            present.extend(&batch.dead);
        } else if unhealthy.is_empty() {
            findings.extend(failing(scene, &[], &batch.dead).map(|finding| as_of(Standing::Past, finding)));
        }
    }
    if !unhealthy.is_empty() || !present.is_empty() {
        findings.extend(failing(scene, &unhealthy, &present));
    }
}

/// The container whose check fails: one that is UNHEALTHY, or the only one that has a check.
fn failing_container<'d>(definition: &'d TaskDefinition, tasks: &[&Task]) -> Option<&'d ContainerDefinition> {
    let checked = || definition.containers.iter().filter(|container| container.health_check.is_some());
    let is_unhealthy = |container: &&ContainerDefinition| {
        tasks
            .iter()
            .flat_map(|task| &task.containers)
            .any(|one| one.name == container.name && one.health == ContainerHealth::Unhealthy)
    };
    let only = || checked().next().filter(|_| checked().count() == 1);
    checked().find(is_unhealthy).or_else(only)
}

fn failing(scene: &Scene<'_>, unhealthy: &[&Task], killed: &[&Dead<'_>]) -> Option<Finding> {
    let dead = tasks_of(killed);
    let all: Vec<&Task> = unhealthy.iter().copied().chain(dead.iter().copied()).collect();
    let newest = all.first()?;
    let definition = scene.facts.task_definition(&newest.task_definition).known().copied();
    let container = definition.and_then(|definition| failing_container(definition, &all));
    let check = container.and_then(|container| Some(Check { container, check: container.health_check.as_ref()? }));
    let narrowed = check
        .as_ref()
        .zip(definition)
        .and_then(|(check, definition)| narrow(scene, definition, check, unhealthy, killed));
    let name = container.map_or("a container", |container| container.name.as_str());
    let count = all.len();
    let happens = match (unhealthy.len(), dead.len()) {
        (0, dead) => format!("kills {dead} {}", if dead == 1 { "task" } else { "tasks" }),
        (running, 0) => format!("fails in {running} running {}", if running == 1 { "task" } else { "tasks" }),
        (running, dead) => format!("fails in {running} running tasks and killed {dead}"),
    };
    let mut finding = match narrowed {
        Some(finding) => finding,
        None => Finding::new(
            &CONTAINER_HEALTHCHECK_FAILING,
            Confidence::Certain,
            format!(
                "The health check of \
            container {name} {happens}"
            ),
        )
        .short(format!("health check of container {name} fails"))
        .explain(
            "The agent runs the command of the task definition inside the container and it fails. This is not the \
                    check of the load balancer. Run the command in the container to see what it says.",
        )
        .fix(fix(scene, definition, unhealthy.first().copied(), container)),
    };
    finding = finding.scope(scope_of(scene, &all, container.map(|container| container.name.as_str())));
    if let Some(task) = unhealthy.first() {
        finding = finding.evidence(TASKS, subject(task), "healthStatus", "UNHEALTHY");
    }
    if let Some(dead) = killed.first() {
        finding = with_stop(scene, finding, dead.task);
        if let Some(lived) = dead.death.lived {
            finding = finding.evidence(
                TASKS,
                subject(dead.task),
                "derived: seconds from startedAt to stoppingAt",
                lived.as_secs(),
            );
        }
    }
    if let (Some(definition), Some(check)) = (definition, check) {
        finding = check.as_evidence(scene, finding, definition);
    }
    let what = "tasks whose container health check failed";
    Some(if count > 1 { with_count(scene, finding, what, &all) } else { finding })
}

fn fix(
    scene: &Scene<'_>,
    definition: Option<&TaskDefinition>,
    running: Option<&Task>,
    container: Option<&ContainerDefinition>,
) -> Fix {
    let mut fix = Fix::new("Run the command inside the container, and correct it or the application in a new revision")
        .terraform(in_definition(definition, "container_definitions (healthCheck)"));
    let check = container.and_then(|container| Some((container, container.health_check.as_ref()?)));
    if let (Some(task), Some((container, check))) = (running.filter(|task| task.execute_command), check) {
        let skip = usize::from(matches!(check.command.first().map(String::as_str), Some("CMD" | "CMD-SHELL")));
        let command = check.command.iter().skip(skip).cloned().collect::<Vec<_>>().join(" ");
        let cluster = scene.facts.cluster();
        let words = [
            "ecs",
            "execute-command",
            "--cluster",
            cluster.as_str(),
            "--task",
            task.arn.name(),
            "--container",
            &container.name,
            "--interactive",
            "--command",
            &command,
        ];
        fix = fix.aws(words);
    }
    match definition {
        Some(definition) => fix.aws(describe_definition(definition)),
        None => fix,
    }
}

/// A note for those who take UNKNOWN for a fault, while they look for one.
fn unknown_is_normal(scene: &Scene<'_>) -> Option<Finding> {
    let service = scene.service;
    if !is_wanted(scene) || service.running >= service.desired {
        return None;
    }
    let tasks = scene.tasks.known().copied()?;
    let unknown: Vec<&Task> = tasks
        .iter()
        .filter(|task| !task.is_stopped() && task.last_status == "RUNNING" && task.health == ContainerHealth::Unknown)
        .filter(|task| {
            let definition = scene.facts.task_definition(&task.task_definition);
            definition
                .known()
                .is_some_and(|definition| definition.containers.iter().all(|one| one.health_check.is_none()))
        })
        .collect();
    let first = unknown.first()?;
    Some(
        Finding::new(
            &CONTAINER_HEALTH_UNKNOWN,
            Confidence::Certain,
            "Health UNKNOWN is normal here: no container has \
            a health check",
        )
        .explain(
            "ECS knows the health of a container only where its definition has a healthCheck. A HEALTHCHECK \
                in the image does not count.",
        )
        .scope(scope_of(scene, &unknown, None))
        .evidence(TASKS, subject(first), "healthStatus", "UNKNOWN")
        .evidence(DEFINITION, first.task_definition.name(), "containerDefinitions.healthCheck", "absent"),
    )
}
