//! Queries of CloudWatch Logs Insights: what is asked of which log groups, how it goes, and what comes back. A query runs at
//! AWS on its own: it is started once, its results are read again and again, and it goes on and costs money until it ends or
//! is stopped.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Log groups that one query takes (API reference, StartQuery: `logGroupNames`, at most 50).
pub const MOST_GROUPS: usize = 50;
/// Characters that a query may have (API reference, StartQuery: `queryString`).
pub const LONGEST_QUERY: usize = 10_000;
/// Dollars for each GB of logs that is looked through: <https://aws.amazon.com/cloudwatch/pricing/>, section Logs, "Analyze
/// (Logs Insights queries)", in us-east-1. Some regions ask a little more.
pub const DOLLARS_PER_GB: f64 = 0.005;
/// A GB as AWS bills it.
const BYTES_PER_GB: f64 = 1_073_741_824.0;
/// What leads to the event a row was made of; it says nothing to people.
pub const POINTER: &str = "@ptr";

/// How far back a query looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// A quarter of an hour.
    Quarter,
    /// An hour.
    #[default]
    Hour,
    /// Six hours.
    SixHours,
    /// A day.
    Day,
    /// A week.
    Week,
}

impl Span {
    /// All of them, the shortest first.
    pub const ALL: [Self; 5] = [Self::Quarter, Self::Hour, Self::SixHours, Self::Day, Self::Week];

    /// How long it is.
    pub const fn length(self) -> SignedDuration {
        match self {
            Self::Quarter => SignedDuration::from_mins(15),
            Self::Hour => SignedDuration::from_hours(1),
            Self::SixHours => SignedDuration::from_hours(6),
            Self::Day => SignedDuration::from_hours(24),
            Self::Week => SignedDuration::from_hours(7 * 24),
        }
    }

    /// As the screen names it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Quarter => "15 m",
            Self::Hour => "1 h",
            Self::SixHours => "6 h",
            Self::Day => "1 d",
            Self::Week => "7 d",
        }
    }

    /// The next longer one, if there is one.
    pub fn longer(self) -> Option<Self> {
        Self::ALL.into_iter().find(|other| *other > self)
    }

    /// The next shorter one, if there is one.
    pub fn shorter(self) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|other| *other < self)
    }
}

/// A query to be started.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InsightsQuery {
    /// The log groups, at most [`MOST_GROUPS`].
    pub groups: Vec<String>,
    /// What is asked, in the language of Logs Insights.
    pub text: String,
    /// From then on, to the second.
    pub from: Timestamp,
    /// Until then, to the second.
    pub until: Timestamp,
}

/// What became of starting a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Started {
    /// It runs under this id.
    Running(String),
    /// AWS does not understand the text; nothing runs.
    Malformed(Malformed),
}

/// Why AWS does not understand the text of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Malformed {
    /// What AWS says. Hostile: it quotes the query.
    pub message: String,
    /// Where, in characters of the text: the first of them, and the one after the last.
    pub place: Option<(usize, usize)>,
}

/// How a query stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryState {
    /// It waits for its turn.
    Scheduled,
    /// It looks through the logs; what it found so far is there already.
    Running,
    /// It is done.
    Complete,
    /// It came to nothing.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// It took longer than AWS allows, which is 60 minutes.
    TimedOut,
    /// Something AWS did not say at the time of writing.
    Other(String),
}

impl QueryState {
    /// Whether more may come of it. What is unknown is asked about again.
    pub const fn goes_on(&self) -> bool {
        matches!(self, Self::Scheduled | Self::Running | Self::Other(_))
    }
}

/// What a query has cost so far, and what it has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryStatistics {
    /// Events that matched.
    pub matched: f64,
    /// Events looked at.
    pub scanned: f64,
    /// Bytes of the events looked at.
    pub bytes: f64,
}

impl QueryStatistics {
    /// What the bytes cost, in dollars, as far as the price is known here.
    pub fn dollars(&self) -> f64 {
        self.bytes / BYTES_PER_GB * DOLLARS_PER_GB
    }
}

/// A row of the results: fields in the order in which the query names them, each with its value. Hostile.
pub type Row = Vec<(String, String)>;

/// What a query found, so far or at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InsightsResults {
    /// How it stands.
    pub state: QueryState,
    /// What it found, in its own order.
    pub rows: Vec<Row>,
    /// Whether there are more rows than these.
    pub more: bool,
    /// What it looked through.
    pub statistics: QueryStatistics,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_lead_to_each_other() {
        assert_eq!(Span::default().label(), "1 h");
        let mut spans = vec![Span::Quarter];
        while let Some(longer) = spans.last().unwrap().longer() {
            assert!(longer.length() > spans.last().unwrap().length());
            assert_eq!(longer.shorter(), spans.last().copied());
            spans.push(longer);
        }
        assert_eq!(spans, Span::ALL);
        assert_eq!(Span::Quarter.shorter(), None);
    }

    #[test]
    fn a_gigabyte_costs_half_a_cent() {
        let statistics = QueryStatistics { bytes: 1_073_741_824.0 * 3.0, ..QueryStatistics::default() };
        assert!((statistics.dollars() - 0.015).abs() < 1e-9);
    }

    #[test]
    fn only_what_may_still_change_goes_on() {
        let ended = [QueryState::Complete, QueryState::Failed, QueryState::Cancelled, QueryState::TimedOut];
        assert!(ended.iter().all(|state| !state.goes_on()));
        let not = [QueryState::Scheduled, QueryState::Running, QueryState::Other("Pondering".to_owned())];
        assert!(not.iter().all(QueryState::goes_on));
    }
}
