//! The logs of a service on the screen: which sources are followed, the lines held of them, and where somebody reads.
//!
//! ```text
//!  tasks, definitions ─▶ following ─▶ Effect::Follow ─▶ … ─▶ Msg::Followed ─▶ claims ─▶ held ─▶ view
//!  keys ─▶ reading: cursor, prompt, filters, marks                                               │
//!                                                                        screens::logs ◀─────────┘
//! ```

mod following;
mod past;
mod reading;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::command::Reading;
use super::line_input::LineInput;
use super::remote::RequestId;
use crate::logs::claims::Claims;
use crate::logs::held::{Held, Key, Line};
use crate::logs::pattern::Pattern;
use crate::logs::view::View;
use crate::logs::when::Times;
use crate::model::arn::ServiceArn;
use crate::model::log::{LogSource, TailState};
use crate::model::query::Query;

/// Sources that are followed together.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Follow {
    request: RequestId,
    /// For each of them: its place among all sources of the service, and how it goes.
    sources: Vec<(u16, Option<TailState>)>,
}

/// A line being typed about lines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prompt {
    /// What for.
    pub reading: Reading,
    /// What was typed.
    pub input: LineInput,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// How lines are written; the same for all services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Look {
    /// Whether long lines are wrapped instead of cut.
    pub wrap: bool,
    /// How times are written.
    pub times: Times,
}

/// The logs of a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Logs {
    service: ServiceArn,
    /// From when on somebody wanted to see them.
    since: Timestamp,
    sources: Vec<LogSource>,
    /// For each of them: from when on it was told, or read afterwards.
    begins: Vec<Timestamp>,
    follows: Vec<Follow>,
    claims: Claims,
    #[serde(skip)]
    held: Held,
    #[serde(skip)]
    view: View,
    /// The line somebody reads; nothing while the newest is followed.
    cursor: Option<Key>,
    /// The first line in sight.
    top: Option<Key>,
    prompt: Option<Prompt>,
    search: Option<Pattern>,
    expanded: BTreeSet<Key>,
    marked: Option<Key>,
    /// Parts of the past that are being read.
    asked: Vec<Query>,
    /// When they were last on the screen.
    shown_at: Timestamp,
}

impl Logs {
    fn new(service: ServiceArn, now: Timestamp, since: Timestamp) -> Self {
        Self {
            service,
            since,
            sources: Vec::new(),
            begins: Vec::new(),
            follows: Vec::new(),
            claims: Claims::default(),
            held: Held::default(),
            view: View::default(),
            cursor: None,
            top: None,
            prompt: None,
            search: None,
            expanded: BTreeSet::new(),
            marked: None,
            asked: Vec::new(),
            shown_at: now,
        }
    }

    /// Whose they are.
    pub const fn service(&self) -> &ServiceArn {
        &self.service
    }

    /// Where lines come from; [`Line::source`] is a place in it.
    pub fn sources(&self) -> &[LogSource] {
        &self.sources
    }

    /// Lines held.
    pub const fn held(&self) -> &Held {
        &self.held
    }

    /// Lines shown.
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Whose lines wait or were left out.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// How following goes, source by source.
    pub fn states(&self) -> impl Iterator<Item = (u16, Option<&TailState>)> {
        self.follows.iter().flat_map(|follow| &follow.sources).map(|(place, state)| (*place, state.as_ref()))
    }

    /// The row somebody reads; nothing if there are none.
    pub fn row(&self) -> Option<usize> {
        let last = self.view.len().checked_sub(1)?;
        Some(self.cursor.map_or(last, |key| self.view.row_of(&self.held, key)).min(last))
    }

    /// The first row in sight.
    pub fn top(&self) -> usize {
        self.top.map_or(0, |key| self.view.row_of(&self.held, key))
    }

    /// Whether the newest line is followed.
    pub const fn follows_newest(&self) -> bool {
        self.cursor.is_none()
    }

    /// The line at a row.
    pub fn line(&self, row: usize) -> Option<&Line> {
        self.view.line(&self.held, row)
    }

    /// What is being typed.
    pub const fn prompt(&self) -> Option<&Prompt> {
        self.prompt.as_ref()
    }

    /// What was searched for last.
    pub const fn search(&self) -> Option<&Pattern> {
        self.search.as_ref()
    }

    /// Whether the fields of a line are shown one below the other.
    pub fn is_expanded(&self, line: &Line) -> bool {
        self.expanded.contains(&line.key())
    }

    /// The rows that are marked.
    pub fn marked(&self) -> Option<std::ops::RangeInclusive<usize>> {
        let (marked, here) = (self.view.row_of(&self.held, self.marked?), self.row()?);
        Some(marked.min(here)..=marked.max(here))
    }

    /// Parts of the past that are being read.
    pub fn asked(&self) -> &[Query] {
        &self.asked
    }
}
