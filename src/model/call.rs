//! A call to AWS as the rest of the program sees it: which operation, how it ended, how long it took. Errors of the SDK
//! become [`CallError`] here, so that every layer above can tell a user what happened, where, and what to do.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An AWS API operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Operation {
    /// The IAM prefix of the service: `ecs`, `elasticloadbalancing`, `sts`.
    pub service: String,
    /// The operation as AWS spells it: `DescribeServices`.
    pub name: String,
}

impl Operation {
    /// Names an operation by its IAM prefix and its name.
    pub fn new(service: impl Into<String>, name: impl Into<String>) -> Self {
        Self { service: service.into(), name: name.into() }
    }
}

impl fmt::Display for Operation {
    /// The IAM action: `ecs:DescribeServices`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.service, self.name)
    }
}

/// What kind of failure a call met; decides what the user is told and whether asking again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// AWS asked us to slow down.
    Throttled,
    /// IAM does not allow the operation.
    Denied,
    /// There were credentials, but they are no longer valid.
    ExpiredCredentials,
    /// No credentials were found, or AWS does not know them.
    NoCredentials,
    /// No region was configured.
    NoRegion,
    /// The thing asked for does not exist.
    NotFound,
    /// AWS rejected the request as wrong.
    Invalid,
    /// What the account may have at once of something is used up.
    Quota,
    /// No answer within the time allowed.
    Timeout,
    /// No connection, or it broke.
    Network,
    /// The endpoint does not offer this operation (an emulator, or a partition without it).
    Unavailable,
    /// We refused to send it because of `--read-only`.
    ReadOnly,
    /// Nobody waited for the answer any more.
    Cancelled,
    /// AWS answered that something is wrong on its side (5xx).
    Server,
    /// Anything else, such as an answer that could not be read.
    Other,
}

impl ErrorKind {
    /// Whether the same call may succeed later without anybody doing something.
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::Throttled | Self::Timeout | Self::Network | Self::Cancelled | Self::Server | Self::Other)
    }

    /// Whether a change that failed so may have been carried out all the same: nobody refused it, only its answer is missing
    /// or says nothing.
    pub const fn leaves_change_open(self) -> bool {
        matches!(self, Self::Timeout | Self::Network | Self::Cancelled | Self::Server | Self::Other)
    }

    /// A word or two for a narrow column.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::ExpiredCredentials => "credentials expired",
            Self::NoCredentials => "no credentials",
            Self::NoRegion => "no region",
            Self::NotFound => "not found",
            Self::Invalid => "invalid",
            Self::Quota => "quota used up",
            Self::Timeout => "timed out",
            Self::Network => "network",
            Self::Unavailable => "unavailable",
            Self::ReadOnly => "read-only",
            Self::Cancelled => "cancelled",
            Self::Server => "AWS error",
            Self::Other => "error",
        }
    }
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// Which operation failed.
    pub operation: Operation,
    /// The message of AWS or of the layer that failed, as it came (hostile text; sanitise before showing).
    pub message: String,
    /// AWS's id of the request, which its support asks for.
    pub request_id: Option<String>,
    /// What the user can do about it, when we know more than [`CallError::advice`] says (e.g. the SSO login command).
    pub hint: Option<String>,
}

impl CallError {
    /// What to do about it, in one sentence.
    pub fn advice(&self) -> String {
        if let Some(hint) = &self.hint {
            return hint.clone();
        }
        match self.kind {
            ErrorKind::Throttled => {
                "AWS limits the rate of calls: wait a little, or ask less often with --refresh".to_owned()
            }
            ErrorKind::Denied => format!("ask for the IAM permission {}", self.operation),
            ErrorKind::ExpiredCredentials => "log in again (for SSO: aws sso login) and retry".to_owned(),
            ErrorKind::NoCredentials => {
                "set AWS_PROFILE or AWS_ACCESS_KEY_ID, pass --profile, or run on a machine with a role".to_owned()
            }
            ErrorKind::NoRegion => "pass --region or set AWS_REGION".to_owned(),
            ErrorKind::NotFound => "check the name, the account and the region".to_owned(),
            ErrorKind::Invalid => "check the arguments".to_owned(),
            ErrorKind::Quota => "wait until others are done, or have the quota raised".to_owned(),
            ErrorKind::Timeout => "check that the endpoint can be reached from here".to_owned(),
            ErrorKind::Network => "check the network, the proxy and the endpoint".to_owned(),
            ErrorKind::Unavailable => {
                "this endpoint does not offer the operation; what needs it stays unknown".to_owned()
            }
            ErrorKind::ReadOnly => "start without --read-only to change things".to_owned(),
            ErrorKind::Cancelled => "nothing to do: something else was looked at before the answer came".to_owned(),
            ErrorKind::Server | ErrorKind::Other => "if it persists, see the AWS Health dashboard".to_owned(),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.operation, self.kind.label(), self.message)
    }
}

impl std::error::Error for CallError {}

/// One request that went over the wire, for the activity log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// When it was sent.
    pub at: Timestamp,
    /// Which operation.
    pub operation: Operation,
    /// From sending to the whole answer, in milliseconds.
    pub duration_ms: u64,
    /// How it ended: nothing, or the kind of failure with its message.
    pub failure: Option<(ErrorKind, String)>,
    /// AWS's id of the request.
    pub request_id: Option<String>,
    /// The Date of the answer: AWS's clock, against which durations are measured when the local one is wrong.
    pub server_time: Option<Timestamp>,
    /// Whether the operation changes something.
    pub mutating: bool,
}
