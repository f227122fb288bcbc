//! Exit codes of containers (catalogue 4.4), which container of a task is the culprit, and what a 137 means (4.5).

use jiff::SignedDuration;

use super::stop_reason::{StopClass, stop_reason};
use crate::model::task::{Container, Task};

/// What an absent exit code means. It is never printed as a number.
pub const NEVER_STARTED: &str = "never started";

/// Time between SIGTERM and SIGKILL unless the task definition says otherwise.
const DEFAULT_STOP_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

/// What an exit code usually means. Codes from 128 on follow the convention 128 + signal.
pub const fn exit_code(code: i32) -> &'static str {
    match code {
        0 => "finished; a service's process must keep running",
        1 => "application error",
        2 => "wrong usage, or a Go panic",
        3 => "application error (JVM: out of heap)",
        125 => "container runtime could not run it",
        126 => "command found but not executable",
        127 => "command not found",
        130 => "interrupted (SIGINT)",
        132 => "illegal instruction (SIGILL): image built for a newer CPU",
        134 => "aborted (SIGABRT), for instance out of heap",
        135 => "bus error (SIGBUS)",
        136 => "arithmetic error (SIGFPE)",
        137 => "killed (SIGKILL)",
        139 => "crashed (SIGSEGV)",
        143 => "stopped on request (SIGTERM)",
        255 => "exit status out of range, or wrong architecture",
        // Windows NTSTATUS 0xC0000005 and 0xC000013A, which arrive as negative numbers.
        -1_073_741_819 => "access violation",
        -1_073_741_510 => "interrupted (Ctrl-C)",
        129..=192 => "ended by a signal",
        _ => "application's own exit code",
    }
}

/// The container whose end ended the task. DescribeTasks has no stop times by container, so the order is by what the
/// codes tell: who says why, who failed by itself, who finished, who was killed, who was asked to stop. Containers that
/// `essential` denies are looked at only when there is no other.
pub fn culprit(containers: &[Container], essential: impl Fn(&str) -> bool) -> Option<&Container> {
    containers.iter().min_by_key(|container| (!essential(&container.name), suspicion(container)))
}

fn suspicion(container: &Container) -> u8 {
    if container.reason.as_ref().is_some_and(|reason| !reason.is_empty()) {
        return 0;
    }
    match container.exit_code {
        Some(0) => 2,
        Some(137) => 3,
        Some(143) => 4,
        Some(_) => 1,
        None => 5,
    }
}

/// Why a container ended with 137, as far as the task itself tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kill {
    /// The kernel killed it for its memory; AWS says so.
    OutOfMemory,
    /// Its host was taken away.
    HostReclaimed,
    /// It was asked to stop and did not within its stop timeout.
    IgnoredSigterm {
        /// From asking to the end.
        after: SignedDuration,
    },
    /// It was asked to stop; the times do not say how long it took.
    AskedToStop,
    /// Another container ended first, which ended the task.
    Collateral {
        /// That container.
        of: String,
    },
    /// Nothing explains it. Out of memory is one possibility and must not be claimed without proof.
    Unexplained,
}

/// Tells what a 137 of `container` means. `stop_timeout` is that of its definition, when known; only a container that
/// `essential` confirms can have ended the task.
pub fn kill(
    task: &Task,
    container: &Container,
    stop_timeout: Option<SignedDuration>,
    essential: impl Fn(&str) -> bool,
) -> Kill {
    if container.reason.as_ref().is_some_and(|reason| reason.contains("OutOfMemoryError")) {
        return Kill::OutOfMemory;
    }
    let asked = match task.stop_code.as_deref() {
        Some("SpotInterruption" | "TerminationNotice") => return Kill::HostReclaimed,
        Some("ServiceSchedulerInitiated" | "UserInitiated") => true,
        // Old answers carry no code; then the reason decides.
        None => !matches!(
            stop_reason(None, task.stopped_reason.as_deref()).class,
            StopClass::EssentialContainerExited | StopClass::Unknown
        ),
        Some(_) => false,
    };
    if asked {
        let taken = task.stopping_at.zip(task.execution_stopped_at).map(|(from, to)| to.duration_since(from));
        return match taken {
            Some(after) if after >= stop_timeout.unwrap_or(DEFAULT_STOP_TIMEOUT) => Kill::IgnoredSigterm { after },
            Some(_) | None => Kill::AskedToStop,
        };
    }
    let other = task.containers.iter().find(|other| {
        other.name != container.name && essential(&other.name) && !matches!(other.exit_code, None | Some(137 | 143))
    });
    match other {
        Some(other) => Kill::Collateral { of: other.name.clone() },
        None => Kill::Unexplained,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{container, stopped_task};

    #[test]
    fn codes_have_a_meaning() {
        for (code, part) in [
            (0, "must keep running"),
            (1, "application error"),
            (127, "not found"),
            (137, "SIGKILL"),
            (140, "signal"),
            (143, "on request"),
            (-1_073_741_819, "access violation"),
            (64, "own exit code"),
            (-1, "own exit code"),
        ] {
            assert!(exit_code(code).contains(part), "{code}: {}", exit_code(code));
        }
        assert!(!exit_code(137).contains("memory"), "137 is not proof of missing memory");
    }

    #[test]
    fn the_culprit_is_who_failed_by_itself() {
        let all = |_: &str| true;
        for (codes, expected) in [
            (vec![("web", Some(137)), ("db-proxy", Some(1))], "db-proxy"),
            (vec![("web", Some(143)), ("worker", Some(0))], "worker"),
            (vec![("web", Some(143)), ("worker", Some(137))], "worker"),
            (vec![("web", None), ("worker", Some(143))], "worker"),
            (vec![("web", Some(2)), ("worker", Some(1))], "web"),
        ] {
            let containers: Vec<_> = codes.into_iter().map(|(name, code)| container(name, code, None)).collect();
            assert_eq!(culprit(&containers, all).unwrap().name, expected);
        }
        let said = [container("web", Some(1), None), container("init", None, Some("CannotPullContainerError: x"))];
        assert_eq!(culprit(&said, all).unwrap().name, "init");
        assert_eq!(culprit(&[], all), None);
    }

    #[test]
    fn a_sidecar_that_is_not_essential_is_no_culprit() {
        let containers = [container("web", Some(137), None), container("metrics", Some(1), None)];
        assert_eq!(culprit(&containers, |name| name == "web").unwrap().name, "web");
    }

    #[test]
    fn a_finished_init_container_killed_nobody() {
        let containers = vec![container("web", Some(137), None), container("init", Some(0), None)];
        let task = stopped_task("EssentialContainerExited", "", containers);
        assert_eq!(kill(&task, &task.containers[0], None, |name| name == "web"), Kill::Unexplained);
    }

    #[test]
    fn a_137_is_told_apart() {
        let oom = "OutOfMemoryError: Container killed due to memory usage";
        for (code, reason, containers, seconds, expected) in [
            ("EssentialContainerExited", "", vec![container("web", Some(137), Some(oom))], 0, Kill::OutOfMemory),
            ("SpotInterruption", "", vec![container("web", Some(137), None)], 31, Kill::HostReclaimed),
            (
                "ServiceSchedulerInitiated",
                "",
                vec![container("web", Some(137), None)],
                30,
                Kill::IgnoredSigterm { after: SignedDuration::from_secs(30) },
            ),
            ("ServiceSchedulerInitiated", "", vec![container("web", Some(137), None)], 29, Kill::AskedToStop),
            (
                "EssentialContainerExited",
                "",
                vec![container("web", Some(137), None), container("app", Some(1), None)],
                31,
                Kill::Collateral { of: "app".to_owned() },
            ),
            (
                "EssentialContainerExited",
                "",
                vec![container("web", Some(137), None), container("app", Some(143), None)],
                0,
                Kill::Unexplained,
            ),
            (
                "",
                "Scaling activity initiated by (deployment ecs-svc/1)",
                vec![container("web", Some(137), None)],
                3,
                Kill::AskedToStop,
            ),
        ] {
            let mut task = stopped_task(code, reason, containers);
            task.execution_stopped_at = task.stopping_at.map(|at| at + SignedDuration::from_secs(seconds));
            assert_eq!(kill(&task, &task.containers[0], None, |_| true), expected, "{code} {reason}");
        }
    }
}
