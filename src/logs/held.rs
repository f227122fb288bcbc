//! Lines held in the order of their times, however late they come, within bounds: the oldest are let go first.

use std::borrow::Cow;
use std::collections::VecDeque;

use jiff::Timestamp;

use super::ansi;
use crate::model::log::LogEvent;

/// Longer messages are cut: nobody reads on, and a few of them would push everything else out.
const LONGEST: usize = 64 * 1024;
/// What a line costs beside its text: itself, and what an allocation costs.
const OVERHEAD: usize = size_of::<Line>() + 16;

/// How much is held at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Lines.
    pub lines: usize,
    /// Bytes, as far as they can be told.
    pub bytes: usize,
}

/// A million lines, and what a machine shared by several people can spare.
pub const BOUNDS: Bounds = Bounds { lines: 1_000_000, bytes: 200 << 20 };

/// Where a line stands among all: by its time, and among those of the same time by when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Key {
    milliseconds: i64,
    arrival: u64,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    key: Key,
    /// The place of its task among [`Held::tasks`].
    pub task: u16,
    /// The place of its source among those that are followed.
    pub source: u16,
    /// Whether there are sequences in the text; a search asks it of a million lines.
    coloured: bool,
    text: Box<str>,
}

impl Line {
    /// Where it stands.
    pub const fn key(&self) -> Key {
        self.key
    }

    /// When it was written.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.key.milliseconds).unwrap_or_default()
    }

    /// What it says: hostile.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says without its colours, for who looks for something in it: hostile all the same.
    pub fn plain(&self) -> Cow<'_, str> {
        if self.coloured { ansi::plain(&self.text).into() } else { Cow::Borrowed(&self.text) }
    }
}

/// The lines of what is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    bounds: Bounds,
    lines: VecDeque<Line>,
    /// Lines that stood before the first one: what is let go does not change the places of the others.
    before: u64,
    bytes: usize,
    arrivals: u64,
    tasks: Vec<String>,
    let_go: u64,
}

impl Default for Held {
    fn default() -> Self {
        Self::new(BOUNDS)
    }
}

impl Held {
    /// Nothing yet.
    pub fn new(bounds: Bounds) -> Self {
        // Room for older lines to be put before the first.
        let before = 1 << 40;
        Self { bounds, lines: VecDeque::new(), before, bytes: 0, arrivals: 0, tasks: Vec::new(), let_go: 0 }
    }

    /// Puts events where they belong. Returns the first place at which anything is different now.
    pub fn add(&mut self, mut events: Vec<LogEvent>) -> u64 {
        // Stable, so that lines of the same moment stay as they came.
        events.sort_by_key(|event| event.at);
        let Some(first) = events.first().map(|event| event.at.as_millisecond()) else { return self.end() };
        let place = self.lines.partition_point(|line| line.key.milliseconds <= first);
        // Mostly there is nothing behind it.
        let later = self.lines.split_off(place);
        let at_the_front = place == 0 && !later.is_empty();
        let changed = if at_the_front { 0 } else { self.before + place as u64 };
        let mut later = later.into_iter().peekable();
        let mut added = 0_u64;
        for event in events {
            let line = self.line(event);
            while let Some(earlier) = later.next_if(|earlier| earlier.key < line.key) {
                self.lines.push_back(earlier);
            }
            self.bytes += line.text.len() + OVERHEAD;
            self.lines.push_back(line);
            added += 1;
        }
        self.lines.extend(later);
        if at_the_front {
            // What was there keeps its places, so what came stands before it.
            self.before = self.before.saturating_sub(added);
        }
        self.keep_within_bounds();
        changed.max(self.before)
    }

    fn line(&mut self, event: LogEvent) -> Line {
        let known = self.tasks.iter().position(|task| *task == event.task);
        let task = known.unwrap_or_else(|| {
            self.tasks.push(event.task);
            self.tasks.len() - 1
        });
        self.arrivals += 1;
        let text: Box<str> = kept(&event.message).into();
        Line {
            key: Key { milliseconds: event.at.as_millisecond(), arrival: self.arrivals },
            task: u16::try_from(task).unwrap_or(u16::MAX),
            source: event.source,
            coloured: text.contains('\u{1b}'),
            text,
        }
    }

    fn keep_within_bounds(&mut self) {
        while (self.lines.len() > self.bounds.lines || self.bytes > self.bounds.bytes)
            && let Some(line) = self.lines.pop_front()
        {
            self.bytes -= line.text.len() + OVERHEAD;
            self.before += 1;
            self.let_go += 1;
        }
    }

    /// The line at a place.
    pub fn get(&self, place: u64) -> Option<&Line> {
        self.lines.get(usize::try_from(place.checked_sub(self.before)?).ok()?)
    }

    /// The place of the first line.
    pub const fn start(&self) -> u64 {
        self.before
    }

    /// The place behind the last line.
    pub fn end(&self) -> u64 {
        self.before + self.lines.len() as u64
    }

    /// The lines from a place on, each with its place.
    pub fn from(&self, place: u64) -> impl DoubleEndedIterator<Item = (u64, &Line)> {
        let skipped = usize::try_from(place.saturating_sub(self.before)).unwrap_or(usize::MAX).min(self.lines.len());
        let first = self.before + skipped as u64;
        self.lines.range(skipped..).enumerate().map(move |(index, line)| (first + index as u64, line))
    }

    /// How many lines.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Bytes they take, as far as they can be told.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many were let go.
    pub const fn let_go(&self) -> u64 {
        self.let_go
    }

    /// Ids of the tasks that wrote, in the order in which they were first seen.
    pub fn tasks(&self) -> &[String] {
        &self.tasks
    }

    /// The time of the first line.
    pub fn first_at(&self) -> Option<Timestamp> {
        self.lines.front().map(Line::at)
    }

    /// The time of the first line of a task.
    pub fn first_of(&self, task: &str) -> Option<Timestamp> {
        let task = u16::try_from(self.tasks.iter().position(|known| known == task)?).ok()?;
        self.lines.iter().find(|line| line.task == task).map(Line::at)
    }

    /// The lines of a time, the first and the last moment included.
    pub fn between(&self, first: Timestamp, last: Timestamp) -> impl Iterator<Item = &Line> {
        let start = self.lines.partition_point(|line| line.at() < first);
        self.lines.range(start..).take_while(move |line| line.at() <= last)
    }
}

/// What is kept of a message.
pub fn kept(message: &str) -> Cow<'_, str> {
    let text = message.trim_end_matches(['\n', '\r']);
    let kept = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default();
    if kept.len() < text.len() { format!("{kept}…").into() } else { kept.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn event(at: i64, task: &str, message: &str) -> LogEvent {
        let at = Timestamp::from_millisecond(at).unwrap();
        LogEvent { at, ingested: None, source: 0, task: task.to_owned(), message: message.to_owned() }
    }

    fn texts(held: &Held) -> Vec<&str> {
        held.from(held.start()).map(|(_, line)| line.text()).collect()
    }

    #[test]
    fn late_lines_go_where_they_belong() {
        let mut held = Held::default();
        let start = held.start();
        assert_eq!(held.add(vec![event(10, "a", "10\n"), event(30, "a", "30")]), start);
        assert_eq!(held.add(vec![event(40, "b", "40")]), start + 2);
        // Only what stands behind it has moved.
        assert_eq!(held.add(vec![event(20, "c", "20"), event(35, "c", "35")]), start + 1);
        assert_eq!(texts(&held), ["10", "20", "30", "35", "40"]);
        assert_eq!(held.tasks(), ["a", "b", "c"]);
        assert_eq!(held.get(start + 1).unwrap().task, 2);
    }

    #[test]
    fn older_lines_stand_before_and_move_nothing() {
        let mut held = Held::default();
        held.add(vec![event(100, "a", "100"), event(101, "a", "101")]);
        let place = held.end() - 1;
        held.add(vec![event(1, "a", "1"), event(2, "a", "2")]);
        assert_eq!(texts(&held), ["1", "2", "100", "101"]);
        assert_eq!(held.get(place).unwrap().text(), "101");
    }

    #[test]
    fn the_oldest_are_let_go_by_count_and_by_size() {
        let mut held = Held::new(Bounds { lines: 3, bytes: usize::MAX });
        held.add((0..5).map(|at| event(at, "a", &at.to_string())).collect());
        assert_eq!((texts(&held), held.let_go()), (vec!["2", "3", "4"], 2));
        let mut held = Held::new(Bounds { lines: 1_000, bytes: 2 * LONGEST });
        held.add((0..3).map(|at| event(at, "a", &"x".repeat(256_000))).collect());
        assert_eq!((held.len(), held.let_go()), (1, 2));
        assert_eq!(texts(&held), [format!("{}…", "x".repeat(LONGEST))]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_all_is_in_order(batches in prop::collection::vec(prop::collection::vec((0_i64..50, "[a-c]"), 0..8), 0..12)) {
            let mut held = Held::default();
            let mut expected = Vec::new();
            for (number, batch) in batches.iter().enumerate() {
                let start = held.start();
                let before: Vec<(u64, String)> = held.from(start).map(|(place, line)| (place, line.text().to_owned())).collect();
                let changed = held.add(batch.iter().map(|(at, task)| event(*at, task, &format!("{at} {number}"))).collect());
                // What stands before the first change is where it was.
                for (place, text) in before.iter().filter(|(place, _)| *place < changed) {
                    prop_assert_eq!(held.get(*place).map(Line::text), Some(text.as_str()));
                }
                let mut batch: Vec<i64> = batch.iter().map(|(at, _)| *at).collect();
                batch.sort_unstable();
                expected.extend(batch.into_iter().map(|at| (at, number)));
            }
            expected.sort_unstable();
            let expected: Vec<String> = expected.iter().map(|(at, number)| format!("{at} {number}")).collect();
            prop_assert_eq!(texts(&held), expected);
        }
    }
}
