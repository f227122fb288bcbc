//! What was written before: older lines, and those of a task that died. Each source is followed from a moment of its own on,
//! since of a busy one only the newest lines are read at first; so it is remembered of each from when on all of it is held.
//!
//! ```text
//!  app          ░░░░░░░░░░░│▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▶ now      ▓ held
//!  proxy        ░░░░░░░░░░░░░░░░░░░░░░░░░│▓▓▓▓▓▓▓▓▓▓▓▶          ░ read when older lines are asked for
//!                          └─ begins ────┘
//! ```

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

use super::Logs;
use crate::app::App;
use crate::app::message::Effect;
use crate::app::screens::deaths::{death_of, ended_at};
use crate::logs::held::kept;
use crate::logs::view::Filter;
use crate::model::call::CallError;
use crate::model::log::LogEvent;
use crate::model::query::{Answer, LogPage, Query};
use crate::model::task::Task;

/// Lines read at once of what was written before.
const OLDER: u32 = 1_000;
/// Lines read of a task that died.
const OF_DEAD: u32 = 5_000;
/// How far back is looked for older lines.
const OLDEST: SignedDuration = SignedDuration::from_hours(72);
/// The first lines of a task may carry a time a little before AWS says that it started.
const BEFORE_START: SignedDuration = SignedDuration::from_mins(1);

impl App {
    /// The task of the selected service that died last; if all did as they were told, the one that stopped last.
    pub fn last_dead_task(&self) -> Option<&Task> {
        let tasks = self.store.tasks(self.selected_service()?).value()?;
        let dead = tasks.iter().filter(|task| task.is_stopped());
        dead.max_by_key(|task| (death_of(self, task).is_some_and(|death| !death.benign), ended_at(task)))
    }

    /// Asks for what was written before the lines held, of the task the view is narrowed to or of all.
    pub(super) fn ask_for_older(&mut self) {
        let Some(logs) = &mut self.logs else { return };
        let task = logs.view.filter().task.clone();
        // A task that died may have been read alone, from before the others.
        let of_task = task.as_ref().and_then(|task| logs.held.first_of(task));
        for place in logs.places() {
            let begins = logs.begins_at(place);
            let until = of_task.map_or(begins, |of_task| of_task.min(begins));
            logs.ask(place, task.as_deref(), until.checked_sub(OLDEST).unwrap_or(until), until, OLDER);
        }
    }

    /// Shows the log of the task that died last, all of it.
    pub(in crate::app) fn open_previous_logs(&mut self) -> Vec<Effect> {
        let Some(task) = self.last_dead_task() else { return Vec::new() };
        let started = task.started_at.or(task.created_at).unwrap_or_default();
        let (id, from) = (task.arn.name().to_owned(), started.checked_sub(BEFORE_START).unwrap_or(started));
        self.open_logs();
        let effects = self.follow_logs();
        let present = self.aws_now();
        if let Some(logs) = &mut self.logs {
            for place in logs.places() {
                // What was written just now is not to be missed, whatever the clocks say.
                logs.ask(place, Some(&id), from, present + BEFORE_START, OF_DEAD);
            }
            let filter = Filter { task: Some(id), ..Filter::default() };
            logs.view.set_filter(filter, &logs.held);
            (logs.cursor, logs.top) = (None, None);
        }
        effects
    }

    /// A part of the past came, or did not.
    pub(in crate::app) fn past_answered(&mut self, query: &Query, result: Result<Answer, CallError>) {
        let Query::LogEvents { source, task, from, .. } = query else { return };
        let Some(logs) = &mut self.logs else { return };
        logs.asked.retain(|asked| asked != query);
        let place = logs.sources.iter().position(|known| known == source).and_then(|place| u16::try_from(place).ok());
        let Some(place) = place else { return };
        match result {
            Ok(Answer::LogEvents(LogPage { mut events, complete })) => {
                let first = events.first().map(|event| event.at).filter(|_| !complete);
                if let (None, Some(begins)) = (task, logs.begins.get_mut(usize::from(place))) {
                    *begins = first.unwrap_or(*from).min(*begins);
                }
                let service = logs.service.clone();
                if let Some(service) = self.store.service(&service) {
                    self.mask(service, &mut events);
                }
                for event in &mut events {
                    event.source = place;
                }
                let fresh = self.logs.as_ref().map(|logs| logs.not_held(events)).unwrap_or_default();
                self.take_lines(fresh);
                match (complete, task) {
                    (true, None) => self.notify("that is all within three days before"),
                    (true, Some(_)) => self.notify("that is all this task wrote"),
                    (false, _) => self.notify(format!("read from {} UTC on, and there is more before", clock(first))),
                }
            }
            Ok(_) => {}
            Err(error) => {
                self.notify(format!("older lines cannot be read: {} {}", error.kind.label(), error.operation));
            }
        }
    }
}

fn clock(at: Option<Timestamp>) -> String {
    at.unwrap_or_default().strftime("%H:%M:%S").to_string()
}

impl Logs {
    /// From when on all of a source is held, as far as there was anything.
    pub fn begins_at(&self, place: u16) -> Timestamp {
        let told = self.begins.get(usize::from(place)).copied().unwrap_or_default();
        // What was let go is no longer held.
        let let_go = self.held.first_at().filter(|_| self.held.let_go() > 0);
        let_go.map_or(told, |first| first.max(told))
    }

    fn places(&self) -> Range<u16> {
        0..u16::try_from(self.sources.len()).unwrap_or(u16::MAX)
    }

    fn ask(&mut self, place: u16, task: Option<&str>, from: Timestamp, until: Timestamp, most: u32) {
        let Some(source) = self.sources.get(usize::from(place)).cloned() else { return };
        let query = Query::LogEvents { source, task: task.map(ToOwned::to_owned), from, until, most };
        if !self.asked.contains(&query) {
            self.asked.push(query);
        }
    }

    /// Events of a part of the past that are not held yet: two equal ones of the same moment are two.
    fn not_held(&self, mut events: Vec<LogEvent>) -> Vec<LogEvent> {
        let Some((first, last)) = events.first().map(|event| event.at).zip(events.last().map(|event| event.at)) else {
            return events;
        };
        let mut held: HashMap<u64, usize> = HashMap::new();
        for line in self.held.between(first, last) {
            let task = self.held.tasks().get(usize::from(line.task)).map_or("", String::as_str);
            *held.entry(hash(line.at(), line.source, task, line.text())).or_default() += 1;
        }
        events.retain(|event| {
            let Some(count) = held.get_mut(&hash(event.at, event.source, &event.task, &kept(&event.message))) else {
                return true;
            };
            let is_new = *count == 0;
            *count = count.saturating_sub(1);
            is_new
        });
        events
    }
}

fn hash(at: Timestamp, source: u16, task: &str, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (at, source, task, text).hash(&mut hasher);
    hasher.finish()
}
