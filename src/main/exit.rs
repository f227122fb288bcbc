//! The exit codes, on which scripts rely.

use std::process::ExitCode;

use ecsight::headless::Failure;
use ecsight::model::call::ErrorKind;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done as asked.
    Done,
    /// A rollout that was waited for fails or was not over in time.
    RolloutFailed,
    /// A diagnosis found something of severity error or critical.
    Unwell,
    /// Wrong usage, an unknown name, or a change that was refused.
    Usage,
    /// AWS could not be asked or said no.
    Aws,
    /// Ended by a signal; the code is the one a shell reports for it.
    Signal(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::RolloutFailed | Exit::Unwell => 1,
            Exit::Usage => 2,
            Exit::Aws => 3,
            Exit::Signal(code) => code,
        })
    }
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Self {
        match failure {
            failure if failure.reader_is_gone() => Self::Done,
            Failure::RolloutFailing(_) | Failure::RolloutTimeout(_) => Self::RolloutFailed,
            Failure::Aws(error) if error.kind != ErrorKind::ReadOnly => Self::Aws,
            Failure::Aws(_)
            | Failure::Unknown { .. }
            | Failure::ClusterNeeded { .. }
            | Failure::Unusable(_)
            | Failure::Refused(_)
            | Failure::NotConfirmed { .. }
            | Failure::Output(_) => Self::Usage,
        }
    }
}
