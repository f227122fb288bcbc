//! The output of containers as it is followed: where a container writes, the events that come from there, and how they come.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::call::CallError;

/// Where a container of a service writes in CloudWatch Logs: all streams of a group that begin alike, one for every task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogSource {
    /// The container.
    pub container: String,
    /// The log group.
    pub group: String,
    /// What its streams begin with, the separator included: `PREFIX/CONTAINER/`. What follows is the id of the task.
    pub prefix: String,
    /// The region, where it is another one.
    pub region: Option<String>,
}

impl LogSource {
    /// The id of the task a stream belongs to, if it is one of this source.
    pub fn task<'a>(&self, stream: &'a str) -> Option<&'a str> {
        stream.strip_prefix(self.prefix.as_str()).filter(|task| !task.is_empty())
    }
}

/// Where the output of a container goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogDestination {
    /// To CloudWatch Logs, under names that can be told.
    CloudWatch(LogSource),
    /// Somewhere else, or nowhere.
    Elsewhere {
        /// The container.
        container: String,
        /// Where, in a sentence.
        why: String,
    },
}

/// One event of a log: mostly a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEvent {
    /// When, as the container's log driver says.
    pub at: Timestamp,
    /// When CloudWatch took it, where it says so.
    pub ingested: Option<Timestamp>,
    /// The place of its source among those asked for.
    pub source: u16,
    /// The id of the task.
    pub task: String,
    /// What, as it came: hostile text that may hold secrets and colours.
    pub message: String,
}

/// What is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Following {
    /// Where to look.
    pub sources: Vec<LogSource>,
    /// From when on.
    pub since: Timestamp,
    /// How many events of what was written before are wanted of each source, the newest; nothing means all.
    pub recent: Option<u32>,
}

/// How events of a source come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TailMode {
    /// What was written before is being read.
    CatchingUp,
    /// AWS sends them as they come.
    LiveTail,
    /// They are asked for again and again.
    Polling {
        /// Why AWS does not send them, in a few words.
        because: String,
    },
}

/// How following a source goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TailState {
    /// The place of the source among those asked for.
    pub source: u16,
    /// How events come.
    pub mode: TailMode,
    /// How long the newest events were on their way.
    pub behind: Option<SignedDuration>,
    /// Whether AWS sends only a sample, because there are too many.
    pub sampled: bool,
    /// The trouble there is; following goes on all the same.
    pub trouble: Option<CallError>,
}

/// What comes while following.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Followed {
    /// New events: each comes once, those of one batch in the order of their times.
    Events(Vec<LogEvent>),
    /// Not all that was asked for of what was written before: of this source nothing older than that.
    Begins {
        /// The place of the source among those asked for.
        source: u16,
        /// What was written in that millisecond may be there only in part.
        at: Timestamp,
    },
    /// How it goes.
    State(TailState),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_task_is_what_follows_the_prefix() {
        let source = LogSource {
            container: "web".to_owned(),
            group: "/ecs/web".to_owned(),
            prefix: "app/web/".to_owned(),
            region: None,
        };
        for (stream, task) in [("app/web/0a1b", Some("0a1b")), ("app/web/", None), ("app/webhook/0a1b", None)] {
            assert_eq!(source.task(stream), task, "{stream}");
        }
    }
}
