//! Everything that can happen to the program ([`Msg`]) and everything it can ask of the world ([`Effect`]), as plain data:
//! a session is a list of messages with their times, and replaying it gives the same state.

use serde::{Deserialize, Serialize};

use super::key::KeyPress;
use super::remote::RequestId;
use crate::model::call::{CallError, CallRecord};
use crate::model::log::{Followed, Following};
use crate::model::query::{Answer, Mutation, Query};
use crate::model::service::Service;

/// Size of the screen in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// What the mouse did, in cells from the top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mouse {
    /// The left button went down.
    Click {
        /// Column.
        column: u16,
        /// Row.
        row: u16,
    },
    /// The wheel turned; negative is up.
    Scroll {
        /// Column.
        column: u16,
        /// Row.
        row: u16,
        /// Notches.
        by: i16,
    },
}

/// What the SDK made of the settings, known once the connection is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The region in use.
    pub region: Option<String>,
    /// The profile in use, if one was named.
    pub profile: Option<String>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Msg {
    /// Time has passed.
    Tick,
    /// A key was pressed.
    Key(KeyPress),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(Mouse),
    /// The screen has this size now.
    Resize(Size),
    /// The settings were resolved.
    Connected(Connection),
    /// AWS answered a query, or did not.
    Answered {
        /// Which request.
        request: RequestId,
        /// The answer or the failure.
        result: Box<Result<Answer, CallError>>,
    },
    /// Something came of following logs.
    Followed {
        /// Which request.
        request: RequestId,
        /// What.
        followed: Followed,
    },
    /// AWS took a change, or did not.
    Changed {
        /// Which request.
        request: RequestId,
        /// The service as AWS returned it, or the failure.
        result: Box<Result<Service, CallError>>,
    },
    /// These requests went over the wire.
    Calls(Vec<CallRecord>),
    /// Lines were written to a file: how many and where, or why not.
    Saved(Result<(usize, String), String>),
    /// Text was handed to the clipboard, or not.
    Copied(Result<(), String>),
}

impl Msg {
    /// Whether somebody did something, and waits for what comes of it.
    pub const fn is_of_somebody(&self) -> bool {
        matches!(self, Self::Key(_) | Self::Paste(_) | Self::Mouse(_) | Self::Resize(_))
    }
}

/// How urgent a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Somebody waits for it.
    Interactive,
    /// Keeps the picture fresh.
    Background,
}

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Ask AWS; the answer comes as [`Msg::Answered`].
    Ask {
        /// Names the request.
        request: RequestId,
        /// The question.
        query: Query,
        /// How urgent it is.
        urgency: Urgency,
    },
    /// Follow logs until it is cancelled; what comes of it comes as [`Msg::Followed`].
    Follow {
        /// Names the request.
        request: RequestId,
        /// What to follow.
        following: Following,
    },
    /// Write lines to a new file; the outcome comes as [`Msg::Saved`].
    Save {
        /// What the file is called; it goes to the working directory.
        name: String,
        /// The lines, safe to show.
        lines: Vec<String>,
    },
    /// Nobody waits for this request any more.
    Cancel {
        /// Which request.
        request: RequestId,
    },
    /// Change AWS; the outcome comes as [`Msg::Changed`].
    Change {
        /// Names the request.
        request: RequestId,
        /// The change.
        mutation: Mutation,
    },
    /// Put text on the clipboard; the outcome comes as [`Msg::Copied`].
    Copy(String),
    /// Hand the terminal back to the shell until it continues us.
    Suspend,
    /// End.
    Quit,
}
