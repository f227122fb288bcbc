//! What was told already. Windows of time that are read again overlap, and what CloudWatch sends by itself may be among
//! them; but two equal lines of the same millisecond are two lines. So it is counted how often each was told, and what
//! one way of reading brings is new only as far as it is more than that.
//!
//! ```text
//!  window read again:  a b b c      told before: a b b    → new: c
//!  sent by itself:     b c d                              → new: d
//! ```

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Timestamp};

use crate::model::log::LogEvent;

/// Where an event stands, and what it is: of two different events of the same moment the hashes differ.
type Mark = (Timestamp, u64);

/// How often each event was met.
type Counts = BTreeMap<Mark, u32>;

/// While a window is read nobody takes what is sent: it may be so old when it comes.
const SENT_BEFORE: SignedDuration = SignedDuration::from_secs(60);
/// Windows may begin anew so much earlier …
const LOOK_BACK: SignedDuration = SignedDuration::from_mins(5);
/// … as long as there are not more events to remember.
pub const MOST: usize = 20_000;

/// Events of a source that may come again.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    told: Counts,
    window: Counts,
    sent: Counts,
    /// What is older than this …
    oldest: Option<Timestamp>,
    /// … is remembered only for a while after the sending began.
    earlier: Counts,
    /// Since when events are sent by themselves.
    sending_since: Option<Timestamp>,
}

impl Seen {
    /// Begins to read a window of time again. What was sent meanwhile may come only now, and a later window may look back.
    pub fn begin_window(&mut self, from: Timestamp) {
        let kept = if self.told.len() > MOST { SENT_BEFORE } else { SENT_BEFORE + LOOK_BACK };
        let oldest = from.checked_sub(kept).unwrap_or(from);
        // What was forgotten once does not come back.
        let oldest = self.oldest.map_or(oldest, |before| before.max(oldest));
        let told = self.told.split_off(&(oldest, 0));
        let mut before = std::mem::replace(&mut self.told, told);
        if self.sending_since.is_some_and(|since| oldest < since) {
            self.earlier.append(&mut before);
        } else {
            self.earlier.clear();
        }
        self.sent = self.sent.split_off(&(oldest, 0));
        self.oldest = Some(oldest);
        self.window.clear();
    }

    /// Events that come in from now on are sent by themselves, each once.
    pub fn begin_sending(&mut self, now: Timestamp) {
        self.sent.clear();
        self.sending_since = Some(now);
    }

    /// Whether an event of the window is told for the first time.
    pub fn is_new_in_window(&mut self, event: &LogEvent) -> bool {
        let mark = mark(event);
        more_than_told(mark, &mut self.window, &mut self.told)
    }

    /// Whether an event that was sent is told for the first time. Some emulators send all there ever was: what came in before
    /// the sending began is the windows' to tell.
    pub fn is_new_as_sent(&mut self, event: &LogEvent) -> bool {
        let mark = mark(event);
        if self.oldest.is_none_or(|oldest| event.at >= oldest) {
            return more_than_told(mark, &mut self.sent, &mut self.told);
        }
        let came_before = event.ingested.is_some_and(|at| self.sending_since.is_some_and(|since| at < since));
        !came_before && more_than_told(mark, &mut self.sent, &mut self.earlier)
    }

    /// From when on there are so many events at most.
    pub fn newest(&self, most: usize) -> Option<Timestamp> {
        let mut count = 0;
        let fits = |(_, times): &(&Mark, &u32)| {
            count += **times as usize;
            count <= most
        };
        self.told.iter().rev().take_while(fits).last().map(|((at, _), _)| *at)
    }

    /// Where a window that looks back from a moment may begin, so that all that was told in it is remembered and is not too
    /// much to be read again.
    pub fn back_from(&self, moment: Timestamp) -> Timestamp {
        let back = moment.checked_sub(LOOK_BACK).unwrap_or(moment);
        let bearable = self.newest(MOST).filter(|_| self.told.len() > MOST);
        self.oldest.max(bearable).map_or(back, |earliest| earliest.max(back)).min(moment)
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

/// When CloudWatch took it is left out: not every way of reading tells.
fn mark(event: &LogEvent) -> Mark {
    let mut hasher = DefaultHasher::new();
    (event.source, &event.task, &event.message).hash(&mut hasher);
    (event.at, hasher.finish())
}

fn more_than_told(mark: Mark, met: &mut Counts, told: &mut Counts) -> bool {
    let met = met.entry(mark).or_default();
    *met += 1;
    let told = told.entry(mark).or_default();
    let new = *met > *told;
    *told = (*told).max(*met);
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64, message: &str) -> LogEvent {
        let at = Timestamp::from_second(at).unwrap();
        LogEvent { at, ingested: None, source: 0, task: "a".to_owned(), message: message.to_owned() }
    }

    fn new(seen: &mut Seen, from: i64, events: &[LogEvent]) -> Vec<String> {
        seen.begin_window(Timestamp::from_second(from).unwrap());
        events.iter().filter(|event| seen.is_new_in_window(event)).map(|event| event.message.clone()).collect()
    }

    fn sent(seen: &mut Seen, events: &[LogEvent]) -> Vec<String> {
        events.iter().filter(|event| seen.is_new_as_sent(event)).map(|event| event.message.clone()).collect()
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
    fn what_is_sent_and_what_is_read_are_the_same_events() {
        let mut seen = Seen::default();
        assert_eq!(new(&mut seen, 0, &[event(1, "a"), event(2, "b")]), ["a", "b"]);
        seen.begin_sending(Timestamp::UNIX_EPOCH);
        assert_eq!(sent(&mut seen, &[event(2, "b"), event(3, "c"), event(3, "c")]), ["c", "c"]);
        // The window shows that there are two of b, and an event that was not sent.
        let all = [event(2, "b"), event(2, "b"), event(3, "c"), event(3, "c"), event(3, "unsent")];
        assert_eq!(new(&mut seen, 2, &all), ["b", "unsent"]);
        assert_eq!(sent(&mut seen, &[event(2, "b"), event(4, "d")]), ["d"]);
        // Another session counts anew.
        seen.begin_sending(Timestamp::UNIX_EPOCH);
        assert_eq!(sent(&mut seen, &[event(4, "d"), event(4, "d")]), ["d"]);
    }

    #[test]
    fn what_is_long_before_the_window_is_forgotten() {
        let mut seen = Seen::default();
        new(&mut seen, 0, &[event(1, "a"), event(50, "b")]);
        seen.begin_sending(Timestamp::UNIX_EPOCH);
        new(&mut seen, 350, &[]);
        assert_eq!(sent(&mut seen, &[event(1, "a"), event(2, "late"), event(50, "b")]), ["late"], "sent long ago");
        new(&mut seen, 365, &[]);
        assert_eq!(seen.len(), 1);
    }

    #[test]
    fn windows_look_back_as_far_as_is_remembered() {
        let back = |seen: &Seen, from| seen.back_from(Timestamp::from_second(from).unwrap()).as_second();
        let mut seen = Seen::default();
        assert_eq!(back(&seen, 1_000), 700);
        new(&mut seen, 600, &[event(610, "a"), event(990, "b")]);
        new(&mut seen, 970, &[event(990, "b")]);
        assert_eq!(back(&seen, 970), 670);
        let again = [event(680, "late"), event(990, "b")];
        assert_eq!(new(&mut seen, 670, &again), ["late"], "by minutes, and once");
        assert_eq!(new(&mut seen, 670, &again), [""; 0]);
        assert_eq!(new(&mut seen, 970, &again[1..]), [""; 0]);

        // 50 a second for 500 s are more than are remembered for long, and than are read again for a late one.
        let many: Vec<LogEvent> = (0..25_000).map(|number| event(1_000 + number / 50, &number.to_string())).collect();
        assert_eq!(new(&mut seen, 970, &many).len(), 25_000);
        assert_eq!(back(&seen, 1_500), 1_200);
        assert_eq!(back(&seen, 1_300), 1_100, "no more than can be read again");
        new(&mut seen, 1_470, &[]);
        assert_eq!((back(&seen, 1_470), seen.len()), (1_410, 4_500));
        assert_eq!(new(&mut seen, 1_410, &many[20_500..]), [""; 0]);
    }

    #[test]
    fn of_what_was_forgotten_only_what_has_just_come_in_is_told() {
        let came_in =
            |at, ingested| LogEvent { ingested: Some(Timestamp::from_second(ingested).unwrap()), ..event(at, "a") };
        let mut seen = Seen::default();
        new(&mut seen, 0, &[came_in(1, 2), came_in(500, 500)]);
        new(&mut seen, 470, &[came_in(500, 500)]);
        seen.begin_sending(Timestamp::from_second(510).unwrap());
        assert_eq!(sent(&mut seen, &[came_in(1, 2), came_in(500, 500)]), [""; 0], "everything there ever was");
        assert_eq!(sent(&mut seen, &[came_in(5, 511), came_in(505, 509)]), ["a", "a"], "late, and not yet read");
        // By a clock that is behind, what the first window told seems to have come in only now.
        let mut seen = Seen::default();
        new(&mut seen, 0, &[came_in(1, 509), came_in(509, 509)]);
        seen.begin_sending(Timestamp::from_second(508).unwrap());
        for from in [480, 485] {
            assert_eq!(new(&mut seen, from, &[came_in(509, 509)]), [""; 0]);
        }
        assert_eq!(sent(&mut seen, &[came_in(1, 509), came_in(2, 509), came_in(509, 509)]), ["a"]);
        new(&mut seen, 900, &[]);
        assert_eq!((seen.len(), seen.earlier.len()), (0, 0), "no longer than that");
    }

    #[test]
    fn the_newest_so_many() {
        let mut seen = Seen::default();
        assert_eq!(seen.newest(2), None);
        new(&mut seen, 0, &[event(1, "a"), event(5, "b"), event(5, "b"), event(7, "c")]);
        let newest = |most| seen.newest(most).map(Timestamp::as_second);
        assert_eq!((newest(1), newest(2), newest(3), newest(9)), (Some(7), Some(7), Some(5), Some(1)));
    }
}
