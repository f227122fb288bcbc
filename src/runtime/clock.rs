//! The time that messages carry: the wall clock, which counts while a laptop sleeps, but one that never goes back. When
//! somebody sets the wall clock back, everything would be too young to be asked for again until it has caught up; so from
//! then on its new time is taken as that much too early.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Tells the time.
pub(super) struct Clock {
    wall: Timestamp,
    read: Instant,
    set_back: SignedDuration,
}

impl Clock {
    /// A clock that begins to tick now.
    pub(super) fn new() -> Self {
        Self { wall: Timestamp::now(), read: Instant::now(), set_back: SignedDuration::ZERO }
    }

    /// The time.
    pub(super) fn now(&mut self) -> Timestamp {
        let (wall, read) = (Timestamp::now(), Instant::now());
        self.advance(wall, read.saturating_duration_since(self.read));
        self.read = read;
        self.corrected(wall)
    }

    /// What this clock showed when the wall clock, as it is set now, showed this.
    pub(super) fn corrected(&self, wall: Timestamp) -> Timestamp {
        wall.checked_add(self.set_back).unwrap_or(wall)
    }

    fn advance(&mut self, wall: Timestamp, elapsed: Duration) {
        if wall < self.wall {
            let elapsed = SignedDuration::try_from(elapsed).unwrap_or_default();
            let back = self.wall.duration_since(wall).saturating_add(elapsed);
            self.set_back = self.set_back.saturating_add(back);
        }
        self.wall = wall;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_follows_the_wall_clock_but_never_goes_back() {
        let second = |second: i64| Timestamp::from_second(second).unwrap();
        let mut clock = Clock { wall: second(10_000), read: Instant::now(), set_back: SignedDuration::ZERO };
        for (wall, elapsed, shown) in [
            (10_001, 1, 10_001),
            // Asleep: the wall clock goes on.
            (13_000, 0, 13_000),
            // Set back by an hour, two seconds after the last look.
            (9_402, 2, 13_002),
            (9_403, 1, 13_003),
            // Set right again: a jump forward, like waking up.
            (13_004, 1, 16_604),
        ] {
            clock.advance(second(wall), Duration::from_secs(elapsed));
            assert_eq!(clock.corrected(second(wall)), second(shown), "wall clock {wall}");
        }
    }
}
