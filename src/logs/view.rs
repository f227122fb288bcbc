//! Which of the lines held are shown: those of one task or container, with this in them and without that. Kept up as lines
//! come and go, without looking again at what has not changed.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::held::{Held, Key, Line};
use super::pattern::Pattern;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Filter {
    /// Only lines of this task, by its id.
    pub task: Option<String>,
    /// Only lines of this source.
    pub source: Option<u16>,
    /// Only lines with this in them.
    pub include: Option<Pattern>,
    /// No lines with this in them.
    pub exclude: Option<Pattern>,
}

impl Filter {
    /// Whether all lines pass.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn passes(&self, line: &Line, task: Option<u16>) -> bool {
        (self.task.is_none() || task == Some(line.task))
            && self.source.is_none_or(|source| source == line.source)
            && self.include.as_ref().is_none_or(|include| include.is_in(&line.plain()))
            && self.exclude.as_ref().is_none_or(|exclude| !exclude.is_in(&line.plain()))
    }
}

/// The lines that pass a filter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    filter: Filter,
    places: VecDeque<u64>,
    /// Lines before this place have been looked at.
    seen: u64,
}

impl View {
    /// What is looked for.
    pub const fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Looks for something else from now on.
    pub fn set_filter(&mut self, filter: Filter, held: &Held) {
        *self = Self { filter, ..Self::default() };
        self.update(held, 0);
    }

    /// Takes in what has changed from a place on.
    pub fn update(&mut self, held: &Held, changed: u64) {
        let still_there = self.places.partition_point(|place| *place < held.start());
        self.places.drain(..still_there);
        let from = changed.min(self.seen);
        self.places.truncate(self.places.partition_point(|place| *place < from));
        let task = self.filter.task.as_ref().and_then(|id| held.tasks().iter().position(|task| task == id));
        let task = task.and_then(|task| u16::try_from(task).ok());
        let fresh = held.from(from).filter(|(_, line)| self.filter.passes(line, task)).map(|(place, _)| place);
        self.places.extend(fresh);
        self.seen = held.end();
    }

    /// How many lines pass.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none passes.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The line at a row.
    pub fn line<'h>(&self, held: &'h Held, row: usize) -> Option<&'h Line> {
        held.get(*self.places.get(row)?)
    }

    /// The first row that does not stand before this.
    pub fn row_of(&self, held: &Held, key: Key) -> usize {
        self.places.partition_point(|place| held.get(*place).is_some_and(|line| line.key() < key))
    }

    /// The first row written then or later.
    pub fn row_at(&self, held: &Held, at: Timestamp) -> usize {
        self.places.partition_point(|place| held.get(*place).is_some_and(|line| line.at() < at))
    }

    /// The next row after this one with something in it, or the one before; around the end once.
    pub fn find(&self, held: &Held, pattern: &Pattern, row: usize, forwards: bool) -> Option<usize> {
        let hit = |row: &usize| self.line(held, *row).is_some_and(|line| pattern.is_in(&line.plain()));
        let row = row.min(self.len());
        if forwards {
            (row + 1..self.len()).chain(0..(row + 1).min(self.len())).find(hit)
        } else {
            (0..row).rev().chain((row..self.len()).rev()).find(hit)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logs::held::Bounds;
    use crate::model::log::LogEvent;

    fn event(at: i64, task: &str, message: &str) -> LogEvent {
        let at = Timestamp::from_millisecond(at).unwrap();
        LogEvent { at, ingested: None, source: 0, task: task.to_owned(), message: message.to_owned() }
    }

    fn pattern(typed: &str) -> Option<Pattern> {
        Pattern::parse(typed).unwrap()
    }

    fn texts<'h>(view: &View, held: &'h Held) -> Vec<&'h str> {
        (0..view.len()).map(|row| view.line(held, row).unwrap().text()).collect()
    }

    fn held() -> Held {
        let mut held = Held::default();
        held.add(vec![
            event(1, "a", "GET / 200"),
            event(2, "b", "GET /x 404"),
            event(3, "a", "POST / 500"),
            event(4, "b", "bye"),
        ]);
        held
    }

    #[test]
    fn filters_narrow() {
        let held = held();
        for (filter, expected) in [
            (Filter::default(), &["GET / 200", "GET /x 404", "POST / 500", "bye"][..]),
            (Filter { task: Some("a".to_owned()), ..Filter::default() }, &["GET / 200", "POST / 500"]),
            (Filter { task: Some("c".to_owned()), ..Filter::default() }, &[]),
            (Filter { source: Some(1), ..Filter::default() }, &[]),
            (Filter { include: pattern("get"), ..Filter::default() }, &["GET / 200", "GET /x 404"]),
            (
                Filter { include: pattern("/\\d+$/"), exclude: pattern("200"), ..Filter::default() },
                &["GET /x 404", "POST / 500"],
            ),
        ] {
            let mut view = View::default();
            view.set_filter(filter, &held);
            assert_eq!(texts(&view, &held), expected);
        }
    }

    #[test]
    fn searching_goes_around_the_end_once() {
        let held = held();
        let mut view = View::default();
        view.update(&held, 0);
        let find = |typed: &str, row, forwards| view.find(&held, &pattern(typed).unwrap(), row, forwards);
        assert_eq!([find("get", 0, true), find("get", 1, true), find("get", 9, true)], [Some(1), Some(0), Some(0)]);
        assert_eq!([find("get", 0, false), find("get", 3, false)], [Some(1), Some(1)]);
        assert_eq!(find("nothing", 0, true), None);
        assert_eq!(view.row_at(&held, Timestamp::from_millisecond(3).unwrap()), 2);
    }

    proptest! {
        /// However lines come and go, the view is what a new one would be.
        #[test]
        fn a_view_kept_up_is_a_view_made_anew(batches in prop::collection::vec(prop::collection::vec((0_i64..60, "[a-c]"), 0..6), 1..14)) {
            let mut held = Held::new(Bounds { lines: 12, bytes: usize::MAX });
            let filter = Filter { exclude: pattern("b"), ..Filter::default() };
            let mut kept = View::default();
            kept.set_filter(filter.clone(), &held);
            for batch in batches {
                let changed = held.add(batch.iter().map(|(at, text)| event(*at, text, text)).collect());
                kept.update(&held, changed);
                let mut fresh = View::default();
                fresh.set_filter(filter.clone(), &held);
                prop_assert_eq!(&kept, &fresh);
            }
        }
    }
}
