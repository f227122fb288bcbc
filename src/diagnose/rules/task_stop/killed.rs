//! Containers that were killed: for their memory as AWS says, as the figures suggest, or by nobody knows whom.

use jiff::SignedDuration;

use super::batch::{
    DEFINITION, TASKS, as_of, count_words, scope_of, standing, subject, tasks_of, with_count, with_stop,
};
use super::ends::{Batch, End};
use super::log::with_log;
use super::remedy::{describe_definition, in_definition};
use super::{DIED, ECS_OOM, ECS_STOP, ECS_STV};
use crate::diagnose::catalogue::{Effect, Entry, Rank};
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::scene::{Dead, Scene};
use crate::model::known::Known;
use crate::model::observation::Sample;
use crate::model::task_definition::TaskDefinition;

pub(super) static OOM_KILLED: Entry = Entry {
    id: "oom-killed",
    number: 130,
    rank: Rank::AwsText,
    instead_of: &["oom-suspected", "killed-without-reason"],
    title: "A container was killed because it used more memory than it may",
    meaning: "The kernel killed the container when it reached its memory limit, and the agent says so. On Fargate the limit is the \
              memory of the task, or of the container where it sets its own; on EC2 the container's hard limit.",
    decided: "The reason of the container contains `OutOfMemoryError`. An exit code 137 alone proves nothing.",
    fix: "Register a revision with more memory (on Fargate a valid pair of CPU and memory), or cap the heap below the limit \
          (`-XX:MaxRAMPercentage=75`, `--max-old-space-size`), or find the leak.",
    sources: &[ECS_OOM, ECS_STOP],
    ..DIED
};

pub(super) static OOM_SUSPECTED: Entry = Entry {
    id: "oom-suspected",
    number: 131,
    severity: Severity::Warning,
    instead_of: &["killed-without-reason"],
    title: "A container was killed while its memory was nearly full",
    meaning: "The container was killed (exit code 137), nobody asked it to stop and AWS gives no reason, but the fullest task of the \
              service used 95 % of its memory or more just before. That is not proof.",
    decided: "Exit code 137 with `stopCode` `EssentialContainerExited`, no reason, no other essential container that ended first, and \
              the maximum of MemoryUtilization in the five minutes before was at least 95.",
    fix: "As for a container killed for its memory: more memory, or a smaller heap.",
    sources: &[ECS_OOM],
    ..DIED
};

pub(super) static KILLED_WITHOUT_REASON: Entry = Entry {
    id: "killed-without-reason",
    number: 149,
    effect: Some(Effect::Deaths),
    title: "A container was killed and nothing says by whom",
    meaning: "Exit code 137 is SIGKILL. It is often taken for missing memory, which it only is where AWS says so. Here AWS gives no \
              reason, ECS did not ask the task to stop, its host is there, no other container ended first, and memory was not \
              nearly full as far as it could be read. A process inside the container may have killed it, or the kernel of the \
              host for the host's memory.",
    decided: "Exit code 137 with `stopCode` `EssentialContainerExited`, no reason, no other essential container that ended first, and \
              MemoryUtilization below 95 before, or not known.",
    fix: "Look at the last lines of the log, at the kernel log of the host on EC2 (`dmesg`), and at memory with Container Insights.",
    sources: &[ECS_STV],
    ..DIED
};

/// Memory before the end that counts.
const BEFORE: SignedDuration = SignedDuration::from_mins(5);

/// Percent from which on memory counts as nearly full.
const FULL: f64 = 95.0;

pub(super) fn find(scene: &Scene<'_>, ends: &[Batch<'_, '_>], findings: &mut Vec<Finding>) {
    for batch in ends {
        let found = match batch.end {
            End::OutOfMemory => out_of_memory,
            End::Killed => killed,
            _ => continue,
        };
        let Some(standing) = standing(scene, &batch.dead) else { continue };
        findings.extend(found(scene, batch).map(|finding| as_of(standing, finding)));
    }
}

/// Memory in MiB that a task on Fargate may have with this many CPU units (and 1 GiB steps above): the next one.
fn more_memory(definition: &TaskDefinition) -> Option<u32> {
    let memory: u32 = definition.memory.as_deref()?.parse().ok()?;
    let doubled = memory.checked_mul(2)?;
    let most = match definition.cpu.as_deref()? {
        "256" => 2_048,
        "512" => 4_096,
        "1024" => 8_192,
        "2048" => 16_384,
        "4096" => 30_720,
        "8192" => 61_440,
        "16384" => 122_880,
        _ => return None,
    };
    Some(doubled).filter(|doubled| *doubled <= most)
}

fn with_limits(finding: Finding, definition: Option<&TaskDefinition>, container: &str) -> Finding {
    let Some(definition) = definition else { return finding };
    let name = definition.arn.name();
    let finding = match &definition.memory {
        Some(memory) => finding.evidence(DEFINITION, name, "memory", memory),
        None => finding.evidence(DEFINITION, name, "memory", "absent"),
    };
    let Some(container) = definition.containers.iter().find(|one| one.name == container) else { return finding };
    let figure = |mib: Option<u32>| mib.map_or_else(|| "absent".to_owned(), |mib| mib.to_string());
    finding
        .evidence(
            DEFINITION,
            name,
            format!("containerDefinitions[{}].memory", container.name),
            figure(container.memory),
        )
        .evidence(
            DEFINITION,
            name,
            format!("containerDefinitions[{}].memoryReservation", container.name),
            figure(container.memory_reservation),
        )
}

fn memory_fix(definition: Option<&TaskDefinition>, container: &str) -> Fix {
    let of_task = definition.and_then(|definition| definition.containers.iter().find(|one| one.name == container));
    let limit = of_task.and_then(|container| container.memory);
    let (words, attribute) = match (limit, definition.and_then(more_memory)) {
        (Some(limit), _) => (
            format!("Give {container} more than {limit} MiB, or keep its heap below that"),
            format!("container_definitions ({container}.memory = {})", limit.saturating_mul(2)),
        ),
        (None, Some(more)) => (
            format!("Give the task more memory, for instance {more} MiB, or keep the heap below the limit"),
            format!("memory = {more}"),
        ),
        (None, None) => ("Give the task more memory, or keep the heap below the limit".to_owned(), "memory".to_owned()),
    };
    let fix = Fix::new(words).terraform(in_definition(definition, &attribute));
    match definition {
        Some(definition) => fix.aws(describe_definition(definition)),
        None => fix,
    }
}

fn base<'a>(scene: &Scene<'a>, batch: &Batch<'_, 'a>, newest: &Dead<'a>, finding: Finding, container: &str) -> Finding {
    let tasks = tasks_of(&batch.dead);
    let finding = with_stop(scene, finding.scope(scope_of(scene, &tasks, batch.container)), newest.task);
    let finding = match newest.death.exit_code {
        Some(code) => finding.evidence(TASKS, subject(newest.task), format!("containers[{container}].exitCode"), code),
        None => finding,
    };
    let of_task = newest.task.containers.iter().find(|one| one.name == container);
    let reason = of_task.and_then(|container| container.reason.as_deref()).filter(|reason| !reason.is_empty());
    let reason = reason.map_or_else(|| "absent".to_owned(), |reason| scene.quote(reason));
    let finding = finding.evidence(TASKS, subject(newest.task), format!("containers[{container}].reason"), reason);
    with_count(scene, finding, "stopped tasks that ended this way", &tasks)
}

fn out_of_memory<'a>(scene: &Scene<'a>, batch: &Batch<'_, 'a>) -> Option<Finding> {
    let newest = batch.dead.first()?;
    let container = batch.container.unwrap_or("the container");
    let limit = limit_words(newest.definition, container);
    let finding = Finding::new(
        &OOM_KILLED,
        Confidence::Certain,
        format!("{container} is killed for its memory{limit}{}", count_words(batch.dead.len())),
    )
    .short(format!("{container} out of memory"))
    .explain(format!(
        "AWS says that container {container} was killed due to memory usage: it reached its limit{limit}. Raising the limit helps \
         if it is only too small, not if it leaks."
    ))
    .fix(memory_fix(newest.definition, container));
    let finding = with_limits(base(scene, batch, newest, finding, container), newest.definition, container);
    let finding = match memory_before(scene, newest) {
        Known::Known(Some(most)) => with_memory(scene, finding, most),
        _ => finding,
    };
    Some(with_log(scene, finding, &batch.dead, container).0)
}

fn limit_words(definition: Option<&TaskDefinition>, container: &str) -> String {
    let Some(definition) = definition else { return String::new() };
    let of_container = definition.containers.iter().find(|one| one.name == container).and_then(|one| one.memory);
    match (of_container, &definition.memory) {
        (Some(limit), _) => format!(" (limit {limit} MiB)"),
        (None, Some(limit)) => format!(" (limit {limit} MiB of the task)"),
        (None, None) => String::new(),
    }
}

/// The most memory in use shortly before a task died; nothing inside if there is no figure for that time.
fn memory_before(scene: &Scene<'_>, dead: &Dead<'_>) -> Known<Option<Sample>> {
    let end = dead.task.execution_stopped_at.or(dead.task.stopping_at).or(dead.at);
    scene.facts.utilization().and_then(|utilization| {
        let end = end?;
        let near = utilization.memory_maximum.iter().filter(|sample| {
            let before = end.duration_since(sample.at);
            !before.is_negative() && before <= BEFORE
        });
        Some(near.copied().max_by(|one, other| one.value.total_cmp(&other.value)))
    })
}

fn with_memory(scene: &Scene<'_>, finding: Finding, most: Sample) -> Finding {
    finding.evidence(
        "cloudwatch:GetMetricData",
        format!("service {}", scene.service.name),
        format!("MemoryUtilization (Maximum) at {}", most.at),
        format!("{:.1}", most.value),
    )
}

fn killed<'a>(scene: &Scene<'a>, batch: &Batch<'_, 'a>) -> Option<Finding> {
    let newest = batch.dead.first()?;
    let container = batch.container.unwrap_or("the container");
    // The fullest of the deaths tells most.
    let figures = batch.dead.iter().map(|dead| memory_before(scene, dead));
    let most = figures.filter_map(|figure| figure.known().copied().flatten());
    let most = most.max_by(|one, other| one.value.total_cmp(&other.value));
    let tasks = count_words(batch.dead.len());
    let finding = match most {
        Some(most) if most.value >= FULL => {
            let finding = Finding::new(
                &OOM_SUSPECTED,
                Confidence::Medium,
                format!("{container} is killed (exit code 137) with memory at {:.0} %{tasks}", most.value),
            )
            .short(format!("{container} killed, memory at {:.0} %", most.value))
            .explain(
                "AWS does not say that it was memory, but nobody asked the task to stop and memory was nearly full just before. \
                 The figure is of the fullest task of the service.",
            )
            .fix(memory_fix(newest.definition, container));
            with_memory(
                scene,
                with_limits(base(scene, batch, newest, finding, container), newest.definition, container),
                most,
            )
        }
        _ => {
            let memory = match most {
                Some(most) => format!("memory was at most {:.0} % before", most.value),
                None => "how full memory was could not be read".to_owned(),
            };
            let finding = Finding::new(
                &KILLED_WITHOUT_REASON,
                Confidence::Low,
                format!("{container} is killed (exit code 137) and nothing says by whom{tasks}"),
            )
            .short(format!("{container} killed (exit 137), no reason"))
            .explain(format!(
                "Ruled out: the container has no OutOfMemoryError as its reason; neither ECS, a load balancer nor a person asked the \
                 task to stop; its host was not taken away; no other essential container ended first; {memory}."
            ))
            .fix(Fix::new("Look at the last lines of its log, and on EC2 at the kernel log of the host (dmesg)"));
            let finding = base(scene, batch, newest, finding, container);
            match most {
                Some(most) => with_memory(scene, finding, most),
                None => finding.evidence(
                    "cloudwatch:GetMetricData",
                    format!("service {}", scene.service.name),
                    "MemoryUtilization (Maximum)",
                    "absent",
                ),
            }
        }
    };
    Some(with_log(scene, finding, &batch.dead, container).0)
}
