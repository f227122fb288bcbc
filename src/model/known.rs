//! What we know about a thing, including that we were not allowed to know it. A denied read is information: checks that
//! needed it answer "unknown", never "fine".

use serde::{Deserialize, Serialize};

use super::call::{CallError, ErrorKind};

/// A value that came from AWS, or the reason why there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    /// AWS told us.
    Known(T),
    /// IAM said no; the error names the permission that is missing.
    Denied(CallError),
    /// The call was made and failed for another reason.
    Failed(CallError),
    /// Nobody asked yet.
    #[default]
    NotAsked,
}

impl<T> Known<T> {
    /// The value, if AWS told us.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Denied(_) | Self::Failed(_) | Self::NotAsked => None,
        }
    }

    /// The value by reference.
    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Known(value) => Known::Known(value),
            Self::Denied(error) => Known::Denied(error.clone()),
            Self::Failed(error) => Known::Failed(error.clone()),
            Self::NotAsked => Known::NotAsked,
        }
    }

    /// The value changed; where the change has no result, it is as if nobody had asked.
    pub fn and_then<U>(self, change: impl FnOnce(T) -> Option<U>) -> Known<U> {
        match self {
            Self::Known(value) => change(value).map_or(Known::NotAsked, Known::Known),
            Self::Denied(error) => Known::Denied(error),
            Self::Failed(error) => Known::Failed(error),
            Self::NotAsked => Known::NotAsked,
        }
    }

    /// Why there is no value, if a call failed.
    pub const fn error(&self) -> Option<&CallError> {
        match self {
            Self::Denied(error) | Self::Failed(error) => Some(error),
            Self::Known(_) | Self::NotAsked => None,
        }
    }
}

impl<T> From<Result<T, CallError>> for Known<T> {
    fn from(result: Result<T, CallError>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(error) if error.kind == ErrorKind::Denied => Self::Denied(error),
            Err(error) => Self::Failed(error),
        }
    }
}
