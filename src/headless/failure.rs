//! Why a command could not do what it was asked: one sentence, and what to do about it.

use std::fmt;
use std::io;
use std::time::Duration;

use jiff::SignedDuration;

use crate::model::call::{CallError, ErrorKind};
use crate::model::text::visible;

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// There is no such cluster or service.
    Unknown {
        /// `cluster` or `service`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// Where it was looked for: a region or a cluster.
        place: String,
        /// Names that are near.
        near: Vec<String>,
    },
    /// No cluster was named and there is not exactly one.
    ClusterNeeded {
        /// Those there are.
        clusters: Vec<String>,
    },
    /// What was typed cannot be used, or what it asks for is not there.
    Unusable(String),
    /// The change is not allowed, whoever asks.
    Refused(String),
    /// Nobody agreed to the change.
    NotConfirmed {
        /// Whether there was somebody to ask.
        asked: bool,
    },
    /// The rollout that was waited for fails.
    RolloutFailing(String),
    /// The rollout that was waited for was not over in time.
    RolloutTimeout(Duration),
    /// A call to AWS failed.
    Aws(Box<CallError>),
    /// The result could not be written.
    Output(io::Error),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Aws(Box::new(error))
    }
}

impl Failure {
    /// Whether the reader of stdout has gone, which ends a command but is no error (`ecsight services | head`).
    pub fn reader_is_gone(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What to do about it, where that is not plain from the sentence itself.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Unknown { near, .. } if !near.is_empty() => Some(format!("did you mean {}?", alternatives(near))),
            Self::ClusterNeeded { clusters } if clusters.is_empty() => {
                Some("check the account and the region".to_owned())
            }
            Self::ClusterNeeded { clusters } => {
                Some(format!("pass --cluster with one of {}", visible(&clusters.join(", "))))
            }
            Self::NotConfirmed { asked: false } => Some("pass --yes to go ahead without being asked".to_owned()),
            Self::RolloutTimeout(_) => Some("it goes on in AWS; wait longer with --timeout".to_owned()),
            Self::Aws(error) => Some(visible(&error.advice()).into_owned()),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { what, name, place, .. } => {
                write!(formatter, "there is no {what} {} in {}", visible(name), visible(place))
            }
            Self::ClusterNeeded { clusters } if clusters.is_empty() => formatter.write_str("there is no cluster here"),
            Self::ClusterNeeded { clusters } => {
                write!(formatter, "there are {} clusters here and none was chosen", clusters.len())
            }
            Self::Unusable(reason) => write!(formatter, "{}", visible(reason)),
            Self::Refused(reason) => write!(formatter, "nothing was changed: {}", visible(reason)),
            Self::NotConfirmed { asked: true } => formatter.write_str("nothing was changed: not confirmed"),
            Self::NotConfirmed { asked: false } => {
                formatter.write_str("nothing was changed: there is no terminal to ask for confirmation on")
            }
            Self::RolloutFailing(why) => write!(formatter, "the rollout is failing: {}", visible(why)),
            Self::RolloutTimeout(after) => {
                let after = SignedDuration::try_from(*after).unwrap_or(SignedDuration::MAX);
                write!(formatter, "the rollout was not over after {after:#}")
            }
            Self::Aws(error) => aws(formatter, error),
            Self::Output(error) => write!(formatter, "the result cannot be written: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

/// The sentence for a call that failed.
fn aws(formatter: &mut fmt::Formatter<'_>, error: &CallError) -> fmt::Result {
    let message = visible(&error.message);
    match error.kind {
        ErrorKind::NoRegion => return formatter.write_str("no AWS region is configured"),
        ErrorKind::NoCredentials => write!(formatter, "no usable AWS credentials: {message}")?,
        ErrorKind::ExpiredCredentials => write!(formatter, "the AWS credentials have expired: {message}")?,
        ErrorKind::ReadOnly => return formatter.write_str("nothing was changed: --read-only is in force"),
        ErrorKind::Timeout | ErrorKind::Network => {
            write!(formatter, "AWS cannot be reached for {}: {message}", error.operation)?;
        }
        ErrorKind::Server | ErrorKind::Other => write!(formatter, "{} failed: {message}", error.operation)?,
        _ => write!(formatter, "{} failed ({}): {message}", error.operation, error.kind.label())?,
    }
    match &error.request_id {
        Some(id) => write!(formatter, " (request {})", visible(id)),
        None => Ok(()),
    }
}

/// `a`, `a or b`, `a, b or c`
fn alternatives(names: &[String]) -> String {
    let shown = match names {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        _ => names.concat(),
    };
    visible(&shown).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::call::Operation;

    #[test]
    fn near_names_are_listed_as_people_say_it() {
        let names =
            |count: usize| ["a", "b", "c"].iter().take(count).map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(alternatives(&names(1)), "a");
        assert_eq!(alternatives(&names(2)), "a or b");
        assert_eq!(alternatives(&names(3)), "a, b or c");
    }

    #[test]
    fn hostile_names_do_not_reach_the_terminal() {
        let failure = Failure::Unknown {
            what: "service",
            name: "\u{1b}[2J".to_owned(),
            place: "shop".to_owned(),
            near: vec!["\u{9b}x".to_owned()],
        };
        assert_eq!(failure.to_string(), "there is no service ␛[2J in shop");
        assert_eq!(failure.advice().as_deref(), Some("did you mean �x?"));
    }

    #[test]
    fn a_closed_pipe_is_told_from_a_full_disk() {
        assert!(Failure::Output(io::ErrorKind::BrokenPipe.into()).reader_is_gone());
        assert!(!Failure::Output(io::ErrorKind::StorageFull.into()).reader_is_gone());
    }

    #[test]
    fn calls_that_failed_say_which_and_with_what_request() {
        let error = CallError {
            kind: ErrorKind::Denied,
            operation: Operation::new("ecs", "ListServices"),
            message: "not authorized".to_owned(),
            request_id: Some("4f2a".to_owned()),
            hint: None,
        };
        let failure = Failure::from(error);
        assert_eq!(failure.to_string(), "ecs:ListServices failed (denied): not authorized (request 4f2a)");
        assert_eq!(failure.advice().as_deref(), Some("ask for the IAM permission ecs:ListServices"));
    }
}
