//! Queries of Logs Insights that somebody started. What they find follows from the lines there are; only that they were
//! asked is kept.

use std::time::Duration;

use super::World;
use super::moment::Moment;

/// A query waits so long for its turn.
const WAITS: Duration = Duration::from_millis(400);
/// A query is done so long after it was started.
const TAKES: Duration = Duration::from_millis(1_600);
/// The oldest are forgotten, as AWS forgets them after a week.
const MOST: usize = 1_000;

/// A query.
#[derive(Clone, Debug)]
pub(crate) struct LogQuery {
    pub(crate) id: String,
    pub(crate) groups: Vec<String>,
    pub(crate) text: String,
    /// The first and the last millisecond it looks at, as told.
    pub(crate) span: (i64, i64),
    /// When it was started, as told.
    pub(crate) started: Moment,
    pub(crate) stopped: bool,
}

/// How far a query has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    Scheduled,
    /// So many thousandths of the lines have been looked at.
    Running(u64),
    Complete,
    Cancelled,
}

impl Stand {
    /// Whether it takes one of the places there are.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, Self::Scheduled | Self::Running(_))
    }
}

impl World {
    /// Starts a query and returns its id.
    pub(crate) fn start_query(&mut self, groups: Vec<String>, text: String, span: (i64, i64)) -> String {
        let id = self.ids.uuid();
        let started = self.told_now();
        self.queries.push(LogQuery { id: id.clone(), groups, text, span, started, stopped: false });
        let surplus = self.queries.len().saturating_sub(MOST);
        self.queries.drain(..surplus);
        id
    }

    /// How far a query has come.
    pub(crate) fn stand(&self, query: &LogQuery) -> Stand {
        let passed = self.told_now().since(query.started);
        match passed {
            _ if query.stopped => Stand::Cancelled,
            _ if passed < WAITS => Stand::Scheduled,
            _ if passed < TAKES => {
                let done = passed.as_millis() * 1_000 / TAKES.as_millis();
                Stand::Running(u64::try_from(done).unwrap_or_default())
            }
            _ => Stand::Complete,
        }
    }
}
