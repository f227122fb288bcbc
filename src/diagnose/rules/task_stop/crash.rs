//! Containers that end by themselves, told apart by their exit code.

use jiff::SignedDuration;

use super::batch::{
    DEFINITION, Standing, TASKS, as_of, count_words, scope_of, standing, subject, tasks_of, with_count, with_stop,
};
use super::ends::{Batch, End};
use super::log::{has, last_words, with_log};
use super::remedy::{go_back, in_definition, tail_log};
use super::{DIED, ECS_STOP, ECS_STV, NOTE};
use crate::diagnose::catalogue::{Bearing, Effect, Entry};
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::parse::exit_code::exit_code;
use crate::diagnose::scene::Scene;
use crate::diagnose::stopped::spell;
use crate::model::task_definition::ContainerDefinition;

/// What ends sooner never got to work: configuration, not load.
const AT_START: SignedDuration = SignedDuration::from_secs(10);

pub(super) static APP_CRASH: Entry = Entry {
    id: "app-crash-exit-nonzero",
    number: 132,
    title: "The application exits with an error",
    meaning: "An essential container ended by itself with an exit code other than 0, which ends the task; ECS starts another. Ended \
              within seconds it is a matter of configuration: a variable, a file or a database that is not there. Ended after \
              minutes or hours it is a fault while working. The last lines it wrote are quoted.",
    decided: "`stopCode` is `EssentialContainerExited` and the container that ended the task (the one with a reason, else an \
              essential one with a code other than 0, 137, 143) has an exit code that no more specific finding knows.",
    fix: "Read the last lines of the log; correct configuration or application; go back to the revision before if it was deployed \
          just now.",
    sources: &[ECS_STV, ECS_STOP],
    ..DIED
};

pub(super) static EXITED_ZERO: Entry = Entry {
    id: "container-exited-zero",
    number: 133,
    title: "The main process finished, as if it had done its work",
    meaning: "A service keeps tasks running; its containers are expected never to end. An essential container exited with 0: its \
              command does one thing and ends, it puts itself into the background as a daemon, or a container that only prepares \
              something is marked essential.",
    decided: "`stopCode` is `EssentialContainerExited` and the container that ended the task has exit code 0.",
    fix: "Run the process in the foreground; set `essential` to false for a container that prepares; run jobs as scheduled tasks.",
    sources: &[ECS_STV, ECS_STOP],
    ..DIED
};

pub(super) static COMMAND_NOT_FOUND: Entry = Entry {
    id: "command-not-found",
    number: 134,
    severity: Severity::Critical,
    title: "The container's command does not exist or cannot be executed",
    meaning: "Exit code 127 means that the command was not found, 126 that it was found and may not be executed. Usual reasons: a wrong \
              entryPoint or command, a shell that is not in the image, a script with Windows line ends, a missing execute bit.",
    decided: "`stopCode` is `EssentialContainerExited` and the container that ended the task has exit code 126 or 127.",
    fix: "Correct entryPoint and command in the task definition, or the image (chmod +x, line ends, shell).",
    sources: &[ECS_STOP],
    ..DIED
};

pub(super) static SEGFAULT: Entry = Entry {
    id: "segfault",
    number: 135,
    title: "The process crashes with a memory access error (SIGSEGV)",
    meaning: "Exit code 139 is 128 + 11: native code read or wrote where it must not. A library built for another C library (Alpine's \
              musl), a bug in a native module or a broken image are usual.",
    decided: "`stopCode` is `EssentialContainerExited` and the container that ended the task has exit code 139.",
    fix: "Go back to the image that worked, compare base image and native modules, take a core dump.",
    sources: &[ECS_STOP],
    ..DIED
};

pub(super) static ILLEGAL_INSTRUCTION: Entry = Entry {
    id: "illegal-instruction",
    number: 135,
    title: "The process uses an instruction the processor does not have (SIGILL)",
    meaning: "Exit code 132 is 128 + 4. The image was built for newer processors (AVX and the like) than the one the task happens to \
              run on; on Fargate and in mixed fleets that may hit some tasks and not others.",
    decided: "`stopCode` is `EssentialContainerExited` and the container that ended the task has exit code 132.",
    fix: "Build for a common baseline (`-march=x86-64-v2`), or place tasks on instance types that have it.",
    sources: &[ECS_STOP],
    ..DIED
};

pub(super) static ABORTED: Entry = Entry {
    id: "aborted",
    number: 135,
    title: "The process aborts itself (SIGABRT)",
    meaning: "Exit code 134 is 128 + 6: an assertion failed or a runtime gave up. Node does this when its heap is full, which is a \
              limit of the process, not of the container: more container memory alone does not help.",
    decided: "`stopCode` is `EssentialContainerExited` and the container that ended the task has exit code 134.",
    fix: "Read the last lines of the log; for Node raise `--max-old-space-size` and the memory of the task together.",
    sources: &[ECS_STOP],
    ..DIED
};

pub(super) static SIBLING: Entry = Entry {
    id: "sibling-collateral-exit",
    number: 137,
    effect: Some(Effect::Deaths),
    bearing: Bearing::Present,
    title: "Containers ended because another container of their task ended",
    meaning: "When an essential container ends, ECS stops the others of the task: they exit with 143, or with 137 if they did not stop \
              in time. Those codes say nothing about them.",
    decided: "A container has exit code 137 or 143 while another essential container of the task ended by itself.",
    fix: "Nothing here; look at the container that ended first.",
    sources: &[ECS_STV],
    ..NOTE
};

pub(super) fn find(scene: &Scene<'_>, ends: &[Batch<'_, '_>], findings: &mut Vec<Finding>) {
    for batch in ends {
        let End::Exit(code) = batch.end else { continue };
        let Some(standing) = standing(scene, &batch.dead) else { continue };
        findings.push(as_of(standing, crash(scene, batch, code)));
        if standing == Standing::Present {
            findings.extend(siblings(scene, batch));
        }
    }
}

const fn kind(code: i32) -> &'static Entry {
    match code {
        0 => &EXITED_ZERO,
        126 | 127 => &COMMAND_NOT_FOUND,
        132 => &ILLEGAL_INSTRUCTION,
        134 => &ABORTED,
        139 => &SEGFAULT,
        _ => &APP_CRASH,
    }
}

const HEAP: &[&str] = &[
    "JavaScript heap out of memory",
    "java.lang.OutOfMemoryError",
    "Allocation failed - process out of memory",
    "MemoryError",
];

fn crash<'a>(scene: &Scene<'a>, batch: &Batch<'_, 'a>, code: i32) -> Finding {
    let entry = kind(code);
    let container = batch.container.unwrap_or("the container");
    let Some(newest) = batch.dead.first() else { return Finding::new(entry, Confidence::Low, "A container ended") };
    let lived = newest.death.lived;
    let at_start = lived.is_some_and(|lived| lived < AT_START);
    let when = match lived {
        Some(lived) if at_start => format!(" within {} of its start", spell(lived.max(SignedDuration::from_secs(1)))),
        Some(lived) => format!(" {} after its start", spell(lived)),
        None => String::new(),
    };
    let confidence = match code {
        126 | 127 => Confidence::Certain,
        143 => Confidence::Low,
        _ => Confidence::High,
    };
    let title = match code {
        0 => format!("{container} finishes with exit code 0{when}{}", count_words(batch.dead.len())),
        _ => format!("{container} exits with code {code}{when}{}", count_words(batch.dead.len())),
    };
    let tasks = tasks_of(&batch.dead);
    let finding = Finding::new(entry, confidence, title)
        .short(match code {
            0 => format!("{container} finishes (exit 0){}", if at_start { " at once" } else { "" }),
            _ => format!("{container} exits with code {code}{}", if at_start { " at start" } else { "" }),
        })
        .scope(scope_of(scene, &tasks, batch.container));
    let finding = with_stop(scene, finding, newest.task).evidence(
        TASKS,
        subject(newest.task),
        format!("containers[{container}].exitCode"),
        code,
    );
    let finding = match lived {
        Some(lived) => {
            finding.evidence(TASKS, subject(newest.task), "derived: seconds from startedAt to the end", lived.as_secs())
        }
        None => finding,
    };
    let finding = with_count(scene, finding, "stopped tasks with this container and exit code", &tasks);
    let of_task =
        newest.definition.and_then(|definition| definition.containers.iter().find(|one| one.name == container));
    let finding = with_command(scene, finding, newest.task.task_definition.name(), of_task, code);
    let (finding, log) = with_log(scene, finding, &batch.dead, container);
    let words = log.as_ref().and_then(last_words).map(|words| scene.quote(words));
    let heap = log.as_ref().and_then(|log| has(log, HEAP)).is_some();
    let explanation = explanation(code, container, at_start, heap, words.as_deref());
    let mut fix = Fix::new(advice(code, heap));
    if let Some(log) = &log {
        fix = fix.aws(tail_log(&log.stream));
    } else if let Some(stream) = scene.facts.log_stream(newest.task, container) {
        fix = fix.aws(tail_log(&stream));
    }
    if let Some(words) = go_back(scene).filter(|_| newest.of_primary) {
        fix = fix.aws(words);
    }
    if let Some(attribute) = attribute(code, of_task) {
        fix = fix.terraform(in_definition(newest.definition, attribute));
    }
    finding.explain(explanation).fix(fix)
}

fn with_command(
    scene: &Scene<'_>,
    finding: Finding,
    revision: &str,
    container: Option<&ContainerDefinition>,
    code: i32,
) -> Finding {
    let Some(container) = container.filter(|_| matches!(code, 0 | 126 | 127)) else { return finding };
    let words = |words: &[String]| if words.is_empty() { "absent".to_owned() } else { scene.quote(&words.join(" ")) };
    finding
        .evidence(
            DEFINITION,
            revision,
            format!("containerDefinitions[{}].entryPoint", container.name),
            words(&container.entry_point),
        )
        .evidence(
            DEFINITION,
            revision,
            format!("containerDefinitions[{}].command", container.name),
            words(&container.command),
        )
}

fn explanation(code: i32, container: &str, at_start: bool, heap: bool, words: Option<&str>) -> String {
    let meaning = match code {
        0 => "The main process of the container ended without an error. A service expects it to run for ever, so ECS replaces the task again and again.".to_owned(),
        126 => "The command was found and may not be executed: the execute bit is missing, it is a directory, or its interpreter is not there.".to_owned(),
        127 => "The command was not found in the image: a wrong entryPoint or command, a shell that is not there, or a script with Windows line ends.".to_owned(),
        143 => "The process ended as if asked to stop, but neither ECS nor a person stopped the task; something inside it sent the signal.".to_owned(),
        _ if at_start => format!("It ended before it could do any work ({}), so look at its configuration: variables, files, addresses it needs at start.", exit_code(code)),
        _ => format!("Container {container} ended by itself: {}.", exit_code(code)),
    };
    let heap =
        if heap { " Its own heap was full, which is a limit of the process and not of the container." } else { "" };
    let said = words.map(|words| format!(" It wrote: {words}")).unwrap_or_default();
    format!("{meaning}{heap}{said}")
}

fn advice(code: i32, heap: bool) -> &'static str {
    match code {
        _ if heap => "Raise the heap limit of the process together with the memory of the task, or find the leak",
        0 => {
            "Run the process in the foreground, set essential to false if it only prepares, or run it as a scheduled task"
        }
        126 | 127 => "Correct entryPoint and command, or the image",
        132 => "Build the image for a common processor baseline",
        139 => "Go back to the image that worked and compare base image and native modules",
        _ => "Read the last lines of its log and correct configuration or application",
    }
}

const fn attribute(code: i32, container: Option<&ContainerDefinition>) -> Option<&'static str> {
    match (code, container) {
        (0, Some(_)) => Some("container_definitions (command, essential)"),
        (126 | 127, _) => Some("container_definitions (entryPoint, command)"),
        _ => None,
    }
}

/// Other containers of the newest task that were stopped because this one ended.
fn siblings(scene: &Scene<'_>, batch: &Batch<'_, '_>) -> Option<Finding> {
    let newest = batch.dead.first()?;
    let first = batch.container?;
    let others: Vec<_> = newest
        .task
        .containers
        .iter()
        .filter(|other| other.name != first && matches!(other.exit_code, Some(137 | 143)))
        .collect();
    let names = others.iter().map(|other| other.name.as_str()).collect::<Vec<_>>().join(", ");
    if others.is_empty() {
        return None;
    }
    let finding = Finding::new(&SIBLING, Confidence::Certain, format!("{names} ended because {first} ended"))
        .short(format!("ended because {first} ended"))
        .explain("ECS stops the other containers of a task when an essential one ends. Their exit codes say nothing about them.")
        .scope(scope_of(scene, &tasks_of(&batch.dead), None));
    Some(others.into_iter().filter_map(|other| Some((other, other.exit_code?))).fold(
        finding,
        |finding, (other, code)| {
            finding.evidence(TASKS, subject(newest.task), format!("containers[{}].exitCode", other.name), code)
        },
    ))
}
