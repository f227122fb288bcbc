//! The same death again and again, deaths nobody can look at any more, and tasks that run with something missing.

use super::batch::{
    DEFINITION, RECENT, SERVICES, TASKS, count_words, is_wanted, scope_of, subject, tasks_of, with_count, with_stop,
};
use super::ends::fingerprint;
use super::{DIED, ECS_STV, ECS_THL, NOTE};
use crate::diagnose::catalogue::{Bearing, Effect, Entry, Rank};
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::parse::events::Event;
use crate::diagnose::scene::{Dead, Scene};
use crate::model::task::Task;
use jiff::SignedDuration;

pub(super) static HEALTH_STALE: Entry = Entry {
    id: "health-stale-agent-disconnected",
    number: 123,
    severity: Severity::Warning,
    bearing: Bearing::Present,
    title: "The agent below a task is not connected, so its health may be old",
    meaning: "State and health of tasks are what the agent of their host said last. While it is not connected to ECS they do not change, \
              whatever happens on the host.",
    decided: "`agentConnected` is false for the container instance of a task that is RUNNING.",
    fix: "Restart the agent (`sudo systemctl restart ecs`), and check the host's way to ecs, ecs-agent and ecs-telemetry.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html"],
    ..NOTE
};

pub(super) static SIDECAR_DEAD: Entry = Entry {
    id: "non-essential-sidecar-dead",
    number: 138,
    severity: Severity::Warning,
    bearing: Bearing::Present,
    title: "A container that is not essential ended, and its task runs on without it",
    meaning: "ECS does not restart a single container, and the task goes on when the container is not essential. What it did (sending \
              logs or metrics, being a proxy) is missing without anybody being told.",
    decided: "A container with `essential` false is STOPPED with an exit code other than 0 in a task that is RUNNING, and no other \
              container waits for it to complete.",
    fix: "Look at its log, repair it, and make it essential if the task is of no use without it.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"],
    ..NOTE
};

pub(super) static TASK_FLAPPING: Entry = Entry {
    id: "task-flapping",
    number: 147,
    rank: Rank::Symptom,
    effect: Some(Effect::FewTasks),
    explains: &[],
    title: "Tasks die again and again of the same thing",
    meaning: "At least three tasks of the present deployment died within a quarter of an hour, all the same way. Tasks that never got to \
              run are tried again with longer and longer pauses, up to 27 minutes; tasks that ran and died are replaced at once, \
              for ever.",
    decided: "Three or more stopped tasks of the primary deployment within 15 minutes with the same end: reason, container and exit \
              code. Stops in normal operation do not count.",
    fix: "Look at the cause, which stands above this finding.",
    sources: &[ECS_THL],
    ..DIED
};

pub(super) static EVIDENCE_EXPIRED: Entry = Entry {
    id: "stopped-evidence-expired",
    number: 148,
    bearing: Bearing::Present,
    title: "Why tasks stopped cannot be told any more",
    meaning: "AWS keeps stopped tasks for about an hour. Tasks failed, and none of those is left to look at.",
    decided: "Fewer tasks run than desired, tasks failed (an event of the present says that tasks cannot be started consistently, or the \
              deployment counts failed tasks), and ListTasks with STOPPED returns none.",
    fix: "Look again right after the next failure; keep task state changes with an EventBridge rule that writes to CloudWatch Logs.",
    sources: &[ECS_STV, "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"],
    ..NOTE
};

/// So many deaths of the same kind are a pattern.
const REPEATED: usize = 3;

pub(super) fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    if !is_wanted(scene) {
        return;
    }
    find_flapping(scene, findings);
    findings.extend(evidence_expired(scene));
    find_dead_sidecars(scene, findings);
    findings.extend(agent_disconnected(scene));
}

fn find_flapping(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let mut kinds: Vec<(String, Vec<&Dead<'_>>)> = Vec::new();
    let recent = scene.deaths_of_primary().filter(|dead| scene.since(dead.at).is_some_and(|age| age <= RECENT));
    for dead in recent {
        let Some(kind) = fingerprint(dead) else { continue };
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, dead_ones)) => dead_ones.push(dead),
            None => kinds.push((kind, vec![dead])),
        }
    }
    for (kind, dead) in kinds.into_iter().filter(|(_, dead)| dead.len() >= REPEATED) {
        let Some(newest) = dead.first() else { continue };
        let tasks = tasks_of(&dead);
        let next = if kind.starts_with("start ") {
            "They never got to run, so ECS waits longer and longer before it tries again, up to 27 minutes."
        } else {
            "They ran and died, so ECS replaces them at once, for ever."
        };
        let finding = Finding::new(
            &TASK_FLAPPING,
            Confidence::Certain,
            format!("{} tasks died within 15 min of the same cause: {}", dead.len(), scene.quote(&newest.death.short)),
        )
        .short(format!("{} tasks died within 15 min", dead.len()))
        .explain(next)
        .scope(scope_of(scene, &tasks, None));
        let finding = with_stop(scene, finding, newest.task);
        findings.push(with_count(
            scene,
            finding,
            "stopped tasks of the deployment within 15 min with the same end",
            &tasks,
        ));
    }
}

fn evidence_expired(scene: &Scene<'_>) -> Option<Finding> {
    let service = scene.service;
    scene.tasks.known()?;
    let primary = scene.primary?;
    if !scene.dead.is_empty() || service.running >= service.desired {
        return None;
    }
    let impaired = scene.events.iter().find(|heard| heard.event == Event::Impaired);
    if impaired.is_none() && primary.failed == 0 {
        return None;
    }
    let finding = Finding::new(&EVIDENCE_EXPIRED, Confidence::Certain, "Tasks failed, and AWS keeps none of them any more")
        .short("stopped tasks have expired")
        .explain("AWS keeps stopped tasks for about an hour. Look again right after the next attempt; an EventBridge rule keeps them for longer.")
        .scope(scope_of(scene, &[], None))
        .evidence("ecs:ListTasks", format!("service {}", service.name), "taskArns (desiredStatus STOPPED)", "absent")
        .evidence(SERVICES, format!("service {}", service.name), "runningCount", service.running)
        .evidence(SERVICES, format!("service {}", service.name), "desiredCount", service.desired)
        .evidence(SERVICES, format!("deployment {}", primary.id), "failedTasks", primary.failed);
    let finding = match impaired {
        Some(heard) => finding.evidence(SERVICES, "service event", "events.message", scene.quote(heard.message)),
        None => finding,
    };
    let cluster = scene.facts.cluster();
    let words = [
        "ecs",
        "list-tasks",
        "--cluster",
        cluster.as_str(),
        "--service-name",
        &service.name,
        "--desired-status",
        "STOPPED",
    ];
    Some(finding.fix(Fix::new("Look again right after the next failure").aws(words)))
}

fn find_dead_sidecars(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let mut found: Vec<(&str, i32, Vec<&Task>)> = Vec::new();
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    for task in tasks.iter().filter(|task| !task.is_stopped() && task.last_status == "RUNNING") {
        let Some(definition) = scene.facts.task_definition(&task.task_definition).known().copied() else { continue };
        for container in &task.containers {
            let Some(code) = container.exit_code.filter(|code| *code != 0) else { continue };
            let stopped = container.last_status.as_deref() == Some("STOPPED");
            let of_task = definition.containers.iter().find(|one| one.name == container.name);
            // One that others wait for to complete has done its part.
            let prepares =
                definition.containers.iter().flat_map(|one| &one.depends_on).any(|(on, condition)| {
                    *on == container.name && matches!(condition.as_str(), "COMPLETE" | "SUCCESS")
                });
            if !stopped || prepares || of_task.is_none_or(|of_task| of_task.essential) {
                continue;
            }
            match found.iter_mut().find(|(name, known, _)| *name == container.name && *known == code) {
                Some((_, _, tasks)) => tasks.push(task),
                None => found.push((&container.name, code, vec![task])),
            }
        }
    }
    for (name, code, tasks) in found {
        let Some(first) = tasks.first() else { continue };
        let finding = Finding::new(
            &SIDECAR_DEAD,
            Confidence::Certain,
            format!("Container {name} ended with exit code {code} and its task runs on without it{}", count_words(tasks.len())),
        )
        .short(format!("container {name} is dead (exit {code})"))
        .explain("It is not essential, so neither the task ends nor is the container started again; what it did is missing since.")
        .scope(scope_of(scene, &tasks, Some(name)))
        .evidence(TASKS, subject(first), format!("containers[{name}].lastStatus"), "STOPPED")
        .evidence(TASKS, subject(first), format!("containers[{name}].exitCode"), code)
        .evidence(DEFINITION, first.task_definition.name(), format!("containerDefinitions[{name}].essential"), false);
        let cluster = scene.facts.cluster();
        let words = ["ecs", "stop-task", "--cluster", cluster.as_str(), "--task", first.arn.name()];
        findings.push(with_count(scene, finding, "running tasks without this container", &tasks).fix(
            Fix::new("Find out from its log why it ended, then replace the tasks; make it essential if they are of no use without it")
                .aws(words),
        ));
    }
}

fn agent_disconnected(scene: &Scene<'_>) -> Option<Finding> {
    let instances = scene.facts.container_instances();
    let instances = instances.known().copied()?;
    let gone = |task: &&Task| {
        let host = task.container_instance.as_ref();
        let host = instances.iter().find(|instance| Some(&instance.arn) == host);
        host.is_some_and(|host| !host.agent_connected)
    };
    // A task of a few seconds ago may be on a host that is only just coming up.
    let settled = |task: &&Task| scene.since(task.created_at).is_none_or(|age| age > SignedDuration::from_mins(1));
    let tasks = scene.tasks.known().copied()?.iter();
    let tasks: Vec<&Task> =
        tasks.filter(|task| !task.is_stopped() && task.last_status == "RUNNING").filter(gone).filter(settled).collect();
    let first = tasks.first()?;
    let mut hosts: Vec<&str> = tasks.iter().filter_map(|task| Some(task.container_instance.as_ref()?.name())).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let finding = Finding::new(
        &HEALTH_STALE,
        Confidence::Certain,
        format!(
            "The agent of {} is not connected; state and health of its tasks may be old{}",
            hosts.join(", "),
            count_words(tasks.len())
        ),
    )
    .short("ECS agent of a host not connected")
    .explain(
        "What ECS says about these tasks is what the agent said last. It cannot stop or start anything there either.",
    )
    .scope(scope_of(scene, &tasks, None));
    let finding = hosts.iter().take(3).fold(finding, |finding, host| {
        finding.evidence(
            "ecs:DescribeContainerInstances",
            format!("container instance {host}"),
            "agentConnected",
            false,
        )
    });
    Some(
        finding
            .evidence(TASKS, subject(first), "lastStatus", "RUNNING")
            .fix(Fix::new("Restart the agent on the host (sudo systemctl restart ecs) and check its way to ECS")),
    )
}
