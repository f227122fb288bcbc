//! What lies over the main screen and takes the keys while it is there.

use serde::{Serialize, Serializer};

use super::line_input::LineInput;
use super::remote::RequestId;
use crate::actions::plan::Plan;
use crate::diagnose::catalogue::Entry;
use crate::model::arn::ServiceArn;
use crate::model::call::CallError;

/// A list with a filter above it; the choice is by name, so that a refresh does not move it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Chooser {
    /// What was typed.
    pub input: LineInput,
    /// The item chosen; the first one if it is none of those shown.
    pub chosen: Option<String>,
}

/// The buttons under a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Button {
    /// The default.
    Cancel,
    /// Do it.
    Confirm,
}

/// How far a confirmed plan has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Stage {
    /// The user reads it. `moved` says what changed since it was first shown.
    Deciding {
        /// Which button is in focus.
        focus: Button,
        /// What changed in AWS since the plan was made, if it had to be made anew.
        moved: Option<String>,
    },
    /// The state is read again.
    Rereading(RequestId),
    /// The change is on its way.
    Sending(RequestId),
    /// It did not happen, or nobody knows whether it did.
    Failed(CallError),
}

/// A plan waiting for a decision, or being carried out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Confirmation {
    /// What will happen.
    pub plan: Plan,
    /// How far it has come.
    pub stage: Stage,
}

/// The number of tasks being typed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScaleEntry {
    /// Which service.
    pub service: ServiceArn,
    /// What was typed.
    pub input: LineInput,
    /// Whether it still is the present count, which the first digit replaces: `S` `5` means 5 and never 35.
    pub untouched: bool,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// What lies over the main screen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Overlay {
    /// All keys; scrolled by so many lines.
    Help(usize),
    /// Every AWS call; scrolled by so many lines.
    Activity(usize),
    /// The latest errors; scrolled by so many lines.
    Errors(usize),
    /// What a kind of finding means, how it is decided and how it is fixed.
    Page {
        /// Which kind.
        #[serde(serialize_with = "id_only")]
        entry: &'static Entry,
        /// Scrolled by so many lines.
        offset: usize,
    },
    /// Commands by name.
    Palette(Chooser),
    /// Clusters of the account and region.
    Clusters(Chooser),
    /// Tasks and containers whose lines are shown alone.
    Tasks(Chooser),
    /// Logs Insights.
    Insights,
    /// How many tasks?
    Scale(ScaleEntry),
    /// A plan.
    Confirm(Box<Confirmation>),
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
fn id_only<S: Serializer>(entry: &&'static Entry, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(entry.id)
}

impl Overlay {
    /// By how many lines it is scrolled, if it is something to read.
    pub const fn offset(&self) -> Option<usize> {
        match self {
            Self::Help(offset) | Self::Activity(offset) | Self::Errors(offset) | Self::Page { offset, .. } => {
                Some(*offset)
            }
            Self::Palette(_)
            | Self::Clusters(_)
            | Self::Tasks(_)
            | Self::Insights
            | Self::Scale(_)
            | Self::Confirm(_) => None,
        }
    }

    /// The same, to be changed.
    pub const fn offset_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Help(offset) | Self::Activity(offset) | Self::Errors(offset) | Self::Page { offset, .. } => {
                Some(offset)
            }
            Self::Palette(_)
            | Self::Clusters(_)
            | Self::Tasks(_)
            | Self::Insights
            | Self::Scale(_)
            | Self::Confirm(_) => None,
        }
    }
}

impl ScaleEntry {
    /// What was there gives way to this.
    pub fn replace(&mut self, text: &str) {
        self.input = LineInput::new(text);
        self.untouched = false;
        self.problem = None;
    }
}

impl Stage {
    /// The request whose answer this stage waits for.
    pub const fn awaits(&self) -> Option<RequestId> {
        match self {
            Self::Rereading(request) | Self::Sending(request) => Some(*request),
            Self::Deciding { .. } | Self::Failed(_) => None,
        }
    }
}

impl Chooser {
    /// Where the chosen item stands among those offered; the first if it is not among them.
    pub fn position(&self, items: &[String]) -> usize {
        let chosen = self.chosen.as_ref();
        chosen.and_then(|chosen| items.iter().position(|item| item == chosen)).unwrap_or_default()
    }
}
