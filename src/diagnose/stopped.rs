//! Why a stopped task died, in one line: what stopped it, which container, with which exit code, and whether that is
//! part of normal operation.

use jiff::SignedDuration;

use super::parse::exit_code::{Kill, NEVER_STARTED, culprit, exit_code, kill};
use super::parse::stop_reason::{StopClass, StopReason, stop_reason};
use crate::model::task::{Container, Task};
use crate::model::task_definition::{ContainerDefinition, TaskDefinition};
use crate::model::text::{visible, visible_short};

/// A task that lived shorter than this ended soon after its start.
const SOON: SignedDuration = SignedDuration::from_secs(120);

/// Texts of AWS can be long; a line for a person is not.
const LINE_LIMIT: usize = 240;

/// Why a task died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// What kind of end.
    pub class: StopClass,
    /// What kind of end stop code and reason of the task tell, whatever its containers say.
    pub stop: StopClass,
    /// Whether it is part of normal operation.
    pub benign: bool,
    /// A few words: `exits with code 1 soon after start`. Safe to show.
    pub short: String,
    /// One line with container and exit code: `web exited with 1 after 4 s: application error`. Safe to show.
    pub line: String,
    /// The container that ended the task, or that ended with it.
    pub container: Option<String>,
    /// Its exit code; absent when it never started.
    pub exit_code: Option<i32>,
    /// From the start of the containers to the order to stop or their end.
    pub lived: Option<SignedDuration>,
    /// Who killed the container, if it ended with 137.
    pub kill: Option<Kill>,
}

/// Tells why a task died, or `None` while nobody wants it gone. The definition of its revision, when at hand, says which
/// containers are essential and how long they may take to stop.
pub fn death(task: &Task, definition: Option<&TaskDefinition>) -> Option<Death> {
    if !task.is_stopped() {
        return None;
    }
    let of = |name: &str| -> Option<&ContainerDefinition> {
        definition.and_then(|definition| definition.containers.iter().find(|container| container.name == name))
    };
    let container = culprit(&task.containers, |name| of(name).is_none_or(|container| container.essential));
    let timeout = container
        .and_then(|container| of(&container.name))
        .and_then(|container| container.stop_timeout_seconds)
        .map(|seconds| SignedDuration::from_secs(i64::from(seconds)));
    let lived = lifetime(task);
    let essential = |name: &str| of(name).is_none_or(|container| container.essential);
    let killed = container.filter(|container| container.exit_code == Some(137));
    let killed = killed.map(|container| kill(task, container, timeout, essential));
    let stop = stop_reason(task.stop_code.as_deref(), task.stopped_reason.as_deref());
    let stop_class = stop.class;
    let (class, short, line) = explain(task, stop, container, killed.as_ref(), lived);
    Some(Death {
        class,
        stop: stop_class,
        benign: class.is_benign(),
        short: visible_short(&short, LINE_LIMIT),
        line: visible_short(&line, LINE_LIMIT),
        container: container.map(|container| visible(&container.name).into_owned()),
        exit_code: container.and_then(|container| container.exit_code),
        lived,
        kill: killed,
    })
}

fn lifetime(task: &Task) -> Option<SignedDuration> {
    let end = task.execution_stopped_at.or(task.stopping_at).or(task.stopped_at)?;
    // A task that was asked to stop lived until then, not until it obeyed.
    let end = task.stopping_at.map_or(end, |stopping| stopping.min(end));
    Some(end.duration_since(task.started_at?).max(SignedDuration::ZERO))
}

fn explain(
    task: &Task,
    stop: StopReason,
    container: Option<&Container>,
    killed: Option<&Kill>,
    lived: Option<SignedDuration>,
) -> (StopClass, String, String) {
    let said = container.and_then(|container| container.reason.as_deref()).filter(|reason| !reason.is_empty());
    // The agent's words about a container are closer to the cause than "a container exited".
    let said = said.map(|reason| stop_reason(None, Some(reason)));
    // A container that ran out of memory fails its checks, too.
    let unhealthy = matches!(stop.class, StopClass::LoadBalancerHealth | StopClass::ContainerHealth);
    if let (Some(container), Some(said)) = (container, &said)
        && unhealthy
        && said.class == StopClass::OutOfMemory
    {
        let short =
            container.exit_code.map_or_else(|| said.short.clone(), |code| format!("{} (exit {code})", said.short));
        let line = format!("{}: {short}", container.name);
        return (said.class, short, line);
    }
    if let (StopClass::EssentialContainerExited | StopClass::Unknown, Some(container)) = (stop.class, container) {
        if let Some(said) = said.filter(|said| said.class != StopClass::Unknown || container.exit_code.is_none()) {
            let short = match container.exit_code {
                Some(code) if said.class == StopClass::OutOfMemory => format!("{} (exit {code})", said.short),
                _ => said.short,
            };
            let line = format!("{}: {short}", container.name);
            return (said.class, short, line);
        }
        if stop.class == StopClass::EssentialContainerExited {
            let (short, line) = exited(container, killed, lived);
            return (stop.class, short, line);
        }
    }
    let line = match container {
        Some(Container { name, exit_code: Some(137), .. }) => match killed {
            Some(Kill::IgnoredSigterm { after }) => {
                format!("{}; {name} exit 137, ignored SIGTERM for {}", stop.short, spell(*after))
            }
            _ => format!("{}; {name} exit 137", stop.short),
        },
        Some(Container { name, exit_code: Some(code), .. }) => format!("{}; {name} exit {code}", stop.short),
        Some(Container { name, exit_code: None, .. }) if !stop.benign && task.started_at.is_none() => {
            format!("{}; {name} {NEVER_STARTED}", stop.short)
        }
        _ => stop.short.clone(),
    };
    (stop.class, stop.short, line)
}

/// A container that ended by itself.
fn exited(container: &Container, killed: Option<&Kill>, lived: Option<SignedDuration>) -> (String, String) {
    let name = &container.name;
    let Some(code) = container.exit_code else {
        return (format!("{name} {NEVER_STARTED}"), format!("{name} {NEVER_STARTED}"));
    };
    let after = lived.map(|lived| format!(" after {}", spell(lived))).unwrap_or_default();
    let soon = match lived {
        Some(lived) if lived < SOON => " soon after start".to_owned(),
        _ => after.clone(),
    };
    let meaning = match (code, killed) {
        (137, Some(Kill::Collateral { of })) => format!("{} after {of} ended", exit_code(code)),
        (137, Some(Kill::Unexplained)) => format!("{}, nothing says by whom", exit_code(code)),
        _ => exit_code(code).to_owned(),
    };
    let short = match code {
        137 => format!("killed (exit 137){soon}"),
        _ => format!("exits with code {code}{soon}"),
    };
    (short, format!("{name} exited with {code}{after}: {meaning}"))
}

/// `4 s`, `12 min`, `3 h`, `9 d`: one unit is enough to tell a crash at start from one after a week.
pub fn spell(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{container, stopped_task};

    #[test]
    fn one_line_says_why() {
        let exited = "EssentialContainerExited";
        let essential = "Essential container in task exited";
        for (code, reason, containers, benign, short, line) in [
            (
                exited,
                essential,
                vec![container("web", Some(1), None)],
                false,
                "exits with code 1 soon after start",
                "web exited with 1 after 100 s: application error",
            ),
            (
                exited,
                essential,
                vec![container("web", Some(137), Some("OutOfMemoryError: Container killed due to memory usage"))],
                false,
                "out of memory (exit 137)",
                "web: out of memory (exit 137)",
            ),
            (
                exited,
                essential,
                vec![container("web", Some(137), None)],
                false,
                "killed (exit 137) soon after start",
                "web exited with 137 after 100 s: killed (SIGKILL), nothing says by whom",
            ),
            (
                exited,
                essential,
                vec![container("web", Some(137), None), container("app", Some(2), None)],
                false,
                "exits with code 2 soon after start",
                "app exited with 2 after 100 s: wrong usage, or a Go panic",
            ),
            (
                "ServiceSchedulerInitiated",
                "Task failed ELB health checks in (target-group \
                    arn:aws:elasticloadbalancing:r:1:targetgroup/web-tg/0a)",
                vec![container("web", Some(137), None)],
                false,
                "killed: failed ELB health checks (web-tg)",
                "killed: failed ELB health checks (web-tg); web exit 137",
            ),
            (
                "ServiceSchedulerInitiated",
                "Scaling activity initiated by (deployment ecs-svc/1)",
                vec![container("web", Some(143), None)],
                true,
                "scaled in or replaced",
                "scaled in or replaced; web exit 143",
            ),
            (
                "UserInitiated",
                "out for a walk",
                vec![container("web", Some(0), None)],
                true,
                "stopped by a user: out for a walk",
                "stopped by a user: out for a walk; web exit 0",
            ),
        ] {
            let death = death(&stopped_task(code, reason, containers), None).unwrap();
            assert_eq!((death.benign, &*death.short, &*death.line), (benign, short, line));
        }
    }

    #[test]
    fn a_container_out_of_memory_is_the_cause_of_its_failed_checks() {
        let reason = "Task failed container health checks";
        let memory = Some("OutOfMemoryError: Container killed due to memory usage");
        for (said, class) in [(memory, StopClass::OutOfMemory), (None, StopClass::ContainerHealth)] {
            let task = stopped_task("ServiceSchedulerInitiated", reason, vec![container("web", Some(137), said)]);
            assert_eq!(death(&task, None).unwrap().class, class);
        }
        let scaled = "Scaling activity initiated by (deployment ecs-svc/1)";
        let task = stopped_task("ServiceSchedulerInitiated", scaled, vec![container("web", Some(137), memory)]);
        assert!(death(&task, None).unwrap().benign, "nobody misses a task that was scaled in");
    }

    #[test]
    fn a_container_that_never_started_has_no_exit_code() {
        let mut task = stopped_task(
            "TaskFailedToStart",
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref \
                docker.io/library/nope:1: docker.io/library/nope:1: not found",
            vec![container("web", None, None)],
        );
        task.started_at = None;
        let death = death(&task, None).unwrap();
        assert_eq!(death.line, "image not found: nope:1; web never started");
        assert_eq!((death.exit_code, death.lived), (None, None));
    }

    #[test]
    fn a_slow_stop_is_told_from_a_kill() {
        let scaling = "Scaling activity initiated by (deployment ecs-svc/1)";
        let mut task = stopped_task("ServiceSchedulerInitiated", scaling, vec![container("web", Some(137), None)]);
        task.execution_stopped_at = task.stopping_at.map(|at| at + SignedDuration::from_secs(30));
        let death = death(&task, None).unwrap();
        assert_eq!(death.line, "scaled in or replaced; web exit 137, ignored SIGTERM for 30 s");
        assert!(death.benign);
    }

    #[test]
    fn a_task_that_runs_has_not_died() {
        let mut task = stopped_task("", "", vec![container("web", None, None)]);
        task.last_status = "RUNNING".to_owned();
        task.desired_status = "RUNNING".to_owned();
        assert_eq!(death(&task, None), None);
    }

    #[test]
    fn hostile_text_is_neutralised() {
        let task = stopped_task("UserInitiated", "\u{1b}[2J", vec![container("\u{202e}web", Some(0), None)]);
        let death = death(&task, None).unwrap();
        assert_eq!(death.line, "stopped by a user: ␛[2J; �web exit 0");
    }
}
