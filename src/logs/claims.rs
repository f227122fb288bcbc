//! Whose lines they are. Several services may write to one log group under the same prefix, so a line is shown only once its
//! task is known to be one of the service. Lines of tasks nobody has heard of yet wait until the tasks were read again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::model::log::LogEvent;

/// Lines that wait, at most: more than that is not a task that has just started.
const MOST_WAITING: usize = 20_000;
/// So long after its first line AWS lists a task, if it is one of the service.
const LISTED: SignedDuration = SignedDuration::from_secs(5);
/// Tasks of other services that are remembered, at most.
const MOST_FOREIGN: usize = 10_000;
/// AWS tells of stopped tasks for about an hour; of older ones it cannot be told whose they were.
const TOLD: SignedDuration = SignedDuration::from_mins(55);

/// Lines whose task is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Claims {
    /// By task: since when it is unknown, by our clock, and its lines.
    waiting: BTreeMap<String, (Timestamp, Vec<LogEvent>)>,
    /// Tasks of other services.
    foreign_tasks: BTreeSet<String>,
    /// Lines of theirs that were left out.
    foreign: u64,
}

/// What is known of the tasks of a service.
#[derive(Clone, Copy)]
pub struct Tasks<'a> {
    /// Whether a task is one of them.
    pub is_own: &'a dyn Fn(&str) -> bool,
    /// When they were last read, by our clock; nothing if they cannot be read.
    pub read_at: Option<Timestamp>,
}

impl Claims {
    /// Lines that may be shown, of those that came now and of those that waited.
    pub fn settle(
        &mut self,
        events: Vec<LogEvent>,
        tasks: Tasks<'_>,
        here: Timestamp,
        present: Timestamp,
    ) -> Vec<LogEvent> {
        let mut own = Vec::with_capacity(events.len());
        for event in events {
            let settled = (tasks.is_own)(&event.task) || present.duration_since(event.at) > TOLD;
            if settled || self.waiting() >= MOST_WAITING {
                own.push(event);
            } else if self.foreign_tasks.contains(&event.task) {
                self.foreign += 1;
            } else {
                self.waiting.entry(event.task.clone()).or_insert((here, Vec::new())).1.push(event);
            }
        }
        let mut claimed = Vec::new();
        let Self { foreign_tasks, foreign, .. } = self;
        self.waiting.retain(|task, (since, lines)| {
            if (tasks.is_own)(task) {
                claimed.append(lines);
                return false;
            }
            let is_foreign = tasks.read_at.is_some_and(|read| read.duration_since(*since) > LISTED);
            if is_foreign {
                *foreign += lines.len() as u64;
                if foreign_tasks.len() < MOST_FOREIGN {
                    foreign_tasks.insert(task.clone());
                }
            }
            !is_foreign
        });
        own.extend(claimed);
        own
    }

    /// How many lines wait.
    pub fn waiting(&self) -> usize {
        self.waiting.values().map(|(_, lines)| lines.len()).sum()
    }

    /// How many lines of other services were left out.
    pub const fn foreign(&self) -> u64 {
        self.foreign
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(10_000 + seconds).unwrap()
    }

    fn line(task: &str, seconds: i64) -> LogEvent {
        LogEvent { at: at(seconds), ingested: None, source: 0, task: task.to_owned(), message: String::new() }
    }

    fn tasks_of(events: &[LogEvent]) -> Vec<&str> {
        events.iter().map(|event| event.task.as_str()).collect()
    }

    #[test]
    fn a_new_task_waits_until_the_tasks_were_read_again() {
        let mut claims = Claims::default();
        let knows = |known: &'static [&'static str]| move |task: &str| known.contains(&task);
        let (old, new) = (knows(&["a"]), knows(&["a", "b"]));
        let before = Tasks { is_own: &old, read_at: Some(at(0)) };
        let shown = claims.settle(vec![line("a", 1), line("b", 1), line("c", 1)], before, at(1), at(1));
        assert_eq!((tasks_of(&shown), claims.waiting()), (vec!["a"], 2));
        assert_eq!(claims.settle(Vec::new(), before, at(5), at(5)), []);
        // What is listed is shown at once; what is not may be listed a moment later.
        let soon = Tasks { is_own: &new, read_at: Some(at(3)) };
        assert_eq!(
            (tasks_of(&claims.settle(vec![line("b", 2)], soon, at(4), at(4))), claims.waiting()),
            (vec!["b", "b"], 1)
        );
        let after = Tasks { is_own: &new, read_at: Some(at(7)) };
        assert_eq!(claims.settle(Vec::new(), after, at(7), at(7)), []);
        assert_eq!((claims.waiting(), claims.foreign()), (0, 1));
        // Nobody waits again for a task that is known to be of another service …
        assert_eq!(claims.settle(vec![line("c", 8)], after, at(8), at(8)), []);
        assert_eq!((claims.waiting(), claims.foreign()), (0, 2));
        // … unless AWS was late in listing it.
        let late = knows(&["a", "b", "c"]);
        let listed = Tasks { is_own: &late, read_at: Some(at(20)) };
        assert_eq!(tasks_of(&claims.settle(vec![line("c", 9)], listed, at(20), at(20))), ["c"]);
    }

    #[test]
    fn what_nobody_can_tell_any_more_is_shown() {
        let mut claims = Claims::default();
        let nobody = |_: &str| false;
        let tasks = Tasks { is_own: &nobody, read_at: Some(at(0)) };
        let old = vec![line("gone", -3_600), line("other", -60)];
        assert_eq!(tasks_of(&claims.settle(old, tasks, at(1), at(1))), ["gone"]);
    }
}
