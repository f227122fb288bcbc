//! The event log of a service, in AWS's exact words: the newest hundred, newest first.

use std::collections::{BTreeMap, VecDeque};

use super::ids::Ids;
use super::moment::Moment;

/// DescribeServices tells at most this many.
const EVENTS_KEPT: usize = 100;

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) at: Moment,
    pub(crate) message: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct EventLog {
    newest_first: VecDeque<Event>,
}

impl EventLog {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Event> {
        self.newest_first.iter()
    }

    pub(crate) fn add(&mut self, at: Moment, message: String, ids: &mut Ids) {
        self.newest_first.push_front(Event { id: ids.uuid(), at, message });
        self.newest_first.truncate(EVENTS_KEPT);
    }
}

impl EventLog {
    /// Adds an event where its time belongs.
    pub(crate) fn remember(&mut self, at: Moment, message: String, ids: &mut Ids) {
        let place = self.newest_first.partition_point(|event| event.at > at);
        self.newest_first.insert(place, Event { id: ids.uuid(), at, message });
        self.newest_first.truncate(EVENTS_KEPT);
    }
}

/// What happened to the tasks of one service within one step. Collected, because AWS counts: "registered 3 targets".
#[derive(Clone, Debug, Default)]
pub(crate) struct Happenings {
    registered: BTreeMap<String, usize>,
    deregistered: BTreeMap<String, usize>,
    pub(crate) started: Vec<String>,
    pub(crate) stopped: Vec<String>,
    /// How many of the started ones replace unhealthy tasks.
    pub(crate) replaced_unhealthy: usize,
    /// Sentences about what led to all that.
    pub(crate) before: Vec<String>,
    /// Sentences about what came of it.
    pub(crate) after: Vec<String>,
}

impl Happenings {
    pub(crate) fn registered(&mut self, target_group: &str) {
        *self.registered.entry(target_group.to_owned()).or_default() += 1;
    }

    pub(crate) fn deregistered(&mut self, target_group: &str) {
        *self.deregistered.entry(target_group.to_owned()).or_default() += 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.registered.is_empty()
            && self.deregistered.is_empty()
            && self.started.is_empty()
            && self.stopped.is_empty()
            && self.before.is_empty()
            && self.after.is_empty()
    }

    /// The sentences of the log, oldest first. `subject` is `(service NAME)` or `(service NAME, taskSet ID)`.
    pub(crate) fn into_sentences(self, subject: &str) -> Vec<String> {
        let told = |sentence: String| format!("{subject} {sentence}");
        let mut sentences: Vec<String> = self.before.into_iter().map(told).collect();
        if !self.stopped.is_empty() {
            let (count, tasks) = (self.stopped.len(), listed(&self.stopped));
            sentences.push(format!("{subject} has stopped {count} running tasks: {tasks}."));
        }
        let draining: usize = self.deregistered.values().sum();
        for (group, count) in self.deregistered {
            sentences.push(format!("{subject} deregistered {count} targets in (target-group {group})"));
        }
        if draining > 0 {
            sentences.push(format!("{subject} has begun draining connections on {draining} tasks."));
        }
        if !self.started.is_empty() {
            let (count, tasks) = (self.started.len(), listed(&self.started));
            let replaced = match self.replaced_unhealthy {
                0 => String::new(),
                count => format!(" Amazon ECS replaced {count} tasks due to an unhealthy status."),
            };
            sentences.push(format!("{subject} has started {count} tasks: {tasks}.{replaced}"));
        }
        for (group, count) in self.registered {
            sentences.push(format!("{subject} registered {count} targets in (target-group {group})"));
        }
        sentences.extend(self.after.into_iter().map(told));
        sentences
    }
}

/// `(task a) (task b)`
fn listed(tasks: &[String]) -> String {
    tasks.iter().map(|task| format!("(task {task})")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_in_the_wire_format() {
        let mut happenings = Happenings::default();
        happenings.started.extend(["aa".to_owned(), "bb".to_owned()]);
        happenings.registered("arn:tg");
        happenings.stopped.push("cc".into());
        happenings.deregistered("arn:tg");
        happenings.before.push("was first.".into());
        happenings.after.push("was last.".into());
        assert_eq!(
            happenings.into_sentences("(service web)"),
            [
                "(service web) was first.",
                "(service web) has stopped 1 running tasks: (task cc).",
                "(service web) deregistered 1 targets in (target-group arn:tg)",
                "(service web) has begun draining connections on 1 tasks.",
                "(service web) has started 2 tasks: (task aa) (task bb).",
                "(service web) registered 1 targets in (target-group arn:tg)",
                "(service web) was last.",
            ]
        );
    }

    #[test]
    fn a_task_set_is_named() {
        let mut happenings = Happenings::default();
        happenings.started.push("aa".into());
        happenings.replaced_unhealthy = 1;
        assert_eq!(
            happenings.into_sentences("(service web, taskSet ecs-svc/1)"),
            ["(service web, taskSet ecs-svc/1) has started 1 tasks: (task aa). Amazon ECS replaced 1 tasks due to an \
                 unhealthy status."]
        );
    }

    #[test]
    fn the_log_keeps_a_hundred() {
        let mut log = EventLog::default();
        let mut ids = Ids::new("1", "r", 1);
        for number in 0..150 {
            log.add(Moment::MONDAY_NIGHT, number.to_string(), &mut ids);
        }
        assert_eq!(log.iter().count(), 100);
        assert_eq!(log.iter().next().map(|event| event.message.as_str()), Some("149"));
    }
}
