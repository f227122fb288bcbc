//! Automatic scaling of a service, as Application Auto Scaling tells it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::call::CallError;
use super::known::Known;

/// The bounds automatic scaling keeps a service's desired count in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalableTarget {
    /// Fewest tasks.
    pub minimum: u32,
    /// Most tasks.
    pub maximum: u32,
    /// What is suspended: `DynamicScalingIn`, `DynamicScalingOut`, `Scheduled`.
    pub suspended: Vec<String>,
}

/// Why automatic scaling did nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotScaledReason {
    /// `AlreadyAtMaxCapacity` …
    pub code: String,
    /// The bound in force then, where the code speaks of one.
    pub maximum: Option<u32>,
    /// The bound in force then, where the code speaks of one.
    pub minimum: Option<u32>,
    /// The count then.
    pub current: Option<u32>,
}

/// One decision of automatic scaling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingActivity {
    /// What it was about to do.
    pub description: Option<String>,
    /// What led to it.
    pub cause: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// `Successful`, `Failed`, `Unfulfilled` …
    pub status: String,
    /// AWS's sentence.
    pub message: Option<String>,
    /// Why nothing was done.
    pub not_scaled: Vec<NotScaledReason>,
}

/// Automatic scaling of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// Its bounds; nothing inside if nobody scales the service automatically.
    pub target: Known<Option<ScalableTarget>>,
    /// What was decided lately, newest first.
    pub activities: Known<Vec<ScalingActivity>>,
}

impl Scaling {
    /// Why parts of it are missing.
    pub fn failures(&self) -> impl Iterator<Item = &CallError> {
        [self.target.error(), self.activities.error()].into_iter().flatten()
    }
}
