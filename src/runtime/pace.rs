//! When the picture is drawn again. Frames that answer somebody are 16 ms apart, those nobody asked for come 50 ms after any
//! frame: so a held key does not flood a slow line, and a flood of lines does not delay a key.
//!
//! ```text
//!  lines   ·····································
//!  keys           k           k
//!  frames  │      │  │        │        │
//!          └─ at most 20 a second, and one more for each key
//! ```

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two frames that answer somebody.
pub(super) const ANSWERS: Duration = Duration::from_millis(16);
/// The shortest time before a frame that nobody asked for. Nobody reads faster, and each may be a screen full of bytes.
const UNASKED: Duration = Duration::from_millis(50);

/// Why the picture is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stale {
    /// Something happened.
    Unasked,
    /// Somebody did something, and waits for what comes of it.
    Asked,
}

/// What was painted when, and what has happened since.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    stale: Option<Stale>,
    last: Option<Instant>,
    last_answer: Option<Instant>,
}

impl Pace {
    /// Something makes the picture stale.
    pub(super) fn spoil(&mut self, stale: Stale) {
        self.stale = self.stale.max(Some(stale));
    }

    /// The picture was painted.
    pub(super) fn painted(&mut self, at: Instant) {
        if self.stale.take() == Some(Stale::Asked) {
            self.last_answer = Some(at);
        }
        self.last = Some(at);
    }

    /// When the picture is to be painted, which may be past; never, while nothing happens.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let earliest = match self.stale? {
            Stale::Asked => self.last_answer.map(|last| last + ANSWERS),
            Stale::Unasked => self.last.map(|last| last + UNASKED),
        };
        Some(earliest.unwrap_or(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_wait_only_for_frames_of_keys() {
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut pace = Pace::default();
        assert_eq!(pace.due(start), None);
        pace.spoil(Stale::Unasked);
        assert_eq!(pace.due(start), Some(start), "the first frame waits for nothing");
        pace.painted(start);
        assert_eq!(pace.due(after(500)), None, "nothing happens");

        pace.spoil(Stale::Unasked);
        assert_eq!(pace.due(after(1)), Some(after(50)));
        pace.spoil(Stale::Asked);
        assert_eq!(pace.due(after(2)), Some(after(2)));
        pace.spoil(Stale::Unasked);
        assert_eq!(pace.due(after(2)), Some(after(2)), "what comes later makes it no less urgent");
        pace.painted(after(3));
        pace.spoil(Stale::Asked);
        assert_eq!(pace.due(after(4)), Some(after(19)), "the next key");
        pace.painted(after(19));
        pace.spoil(Stale::Unasked);
        assert_eq!(pace.due(after(20)), Some(after(69)));
        pace.painted(after(69));
        pace.spoil(Stale::Asked);
        assert_eq!(pace.due(after(70)), Some(after(35)), "due at once");
    }
}
