//! AWS's clock. Questions about the last minutes must mean AWS's minutes: the clock of this machine may be off, and every
//! answer says what time it is there.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How far AWS's clock is ahead of ours, as of the last answer.
#[derive(Debug, Default)]
pub(super) struct Clock {
    ahead: Mutex<SignedDuration>,
}

impl Clock {
    /// An answer that came now says that it was `server_time` when it was sent.
    pub(super) fn heard(&self, server_time: Timestamp, now: Timestamp) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = server_time.duration_since(now);
    }

    /// What time it is at AWS when it is `now` here; the same before any answer came.
    pub(super) fn at(&self, now: Timestamp) -> Timestamp {
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        now.checked_add(ahead).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answer_sets_the_clock() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let clock = Clock::default();
        assert_eq!(clock.at(at(100)), at(100));
        clock.heard(at(400), at(100));
        assert_eq!(clock.at(at(110)), at(410));
        clock.heard(at(100), at(120));
        assert_eq!(clock.at(at(130)), at(110));
    }

    #[test]
    fn absurd_times_do_no_harm() {
        let clock = Clock::default();
        clock.heard(Timestamp::MAX, Timestamp::MIN);
        assert_eq!(clock.at(Timestamp::MAX), Timestamp::MAX);
    }
}
