//! Whose time the world lives in.

use std::time::{Duration, Instant};

/// What moves the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clock {
    /// Nothing but [`Simulator::advance`](super::Simulator::advance): times are the same in every run.
    Manual,
    /// The clock on the wall. World time begins now and passes `speed` times as fast.
    Real {
        /// Seconds of the world in one second.
        speed: f64,
    },
}

/// Tells how much world time has passed since it was last asked.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    clock: Clock,
    last: Instant,
}

impl Stopwatch {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, last: Instant::now() }
    }

    pub(crate) fn lap(&mut self) -> Duration {
        let Clock::Real { speed } = self.clock else { return Duration::ZERO };
        let now = Instant::now();
        let passed = now.saturating_duration_since(self.last);
        self.last = now;
        Duration::try_from_secs_f64(passed.as_secs_f64() * speed).unwrap_or(Duration::ZERO)
    }
}
