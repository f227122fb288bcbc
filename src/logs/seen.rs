//! What was told already. Windows of time that are read again overlap, and two equal lines of the same millisecond are two
//! lines: so it is counted how often each was told, and when a window is read again only what is more than that is new.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;

use crate::model::log::LogEvent;

/// Where an event stands, and what it is: of two different events of the same moment the hashes differ.
type Mark = (Timestamp, u64);

/// Events of a source that may come again.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    told: BTreeMap<Mark, u32>,
    now: BTreeMap<Mark, u32>,
}

impl Seen {
    /// Begins to read a window of time again. Nothing before it will come again.
    pub fn begin(&mut self, from: Timestamp) {
        self.told = self.told.split_off(&(from, 0));
        self.now.clear();
    }

    /// Whether an event of the window is told for the first time.
    pub fn is_new(&mut self, event: &LogEvent) -> bool {
        let mut hasher = DefaultHasher::new();
        (event.ingested, event.source, &event.task, &event.message).hash(&mut hasher);
        let mark = (event.at, hasher.finish());
        let now = self.now.entry(mark).or_default();
        *now += 1;
        let told = self.told.entry(mark).or_default();
        let new = *now > *told;
        *told = (*told).max(*now);
        new
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.told.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64, message: &str) -> LogEvent {
        let at = Timestamp::from_second(at).unwrap();
        LogEvent { at, ingested: None, source: 0, task: "a".to_owned(), message: message.to_owned() }
    }

    fn new(seen: &mut Seen, from: i64, events: &[LogEvent]) -> Vec<String> {
        seen.begin(Timestamp::from_second(from).unwrap());
        events.iter().filter(|event| seen.is_new(event)).map(|event| event.message.clone()).collect()
    }

    #[test]
    fn each_event_is_told_once_however_often_it_is_read() {
        let mut seen = Seen::default();
        let first = [event(1, "a"), event(2, "b"), event(2, "b")];
        assert_eq!(new(&mut seen, 0, &first), ["a", "b", "b"]);
        assert_eq!(new(&mut seen, 0, &first), [""; 0]);
        // A third equal one, and one that comes late.
        let second = [event(1, "late"), event(2, "b"), event(2, "b"), event(2, "b"), event(3, "c")];
        assert_eq!(new(&mut seen, 1, &second), ["late", "b", "c"]);
        assert_eq!(new(&mut seen, 2, &second[1..]), [""; 0]);
    }

    #[test]
    fn what_is_before_the_window_is_forgotten() {
        let mut seen = Seen::default();
        new(&mut seen, 0, &[event(1, "a"), event(5, "b")]);
        new(&mut seen, 5, &[event(5, "b")]);
        assert_eq!(seen.len(), 1);
    }
}
