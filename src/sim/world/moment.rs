//! World time. The world never asks a clock: time is a number that its owner moves.

use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::Timestamp;

/// A point of world time, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    milliseconds: i64,
}

impl Moment {
    /// Where a world with a fixed clock begins: 2026-03-02T03:00:00Z, a Monday at three in the morning.
    pub const MONDAY_NIGHT: Self = Self { milliseconds: 1_772_420_400_000 };

    /// Later than everything that happens.
    pub(crate) const NEVER: Self = Self { milliseconds: i64::MAX };

    /// The same point as a timestamp.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.milliseconds).unwrap_or(Timestamp::MAX)
    }

    /// How much later this is than `earlier`; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.milliseconds.saturating_sub(earlier.milliseconds)).unwrap_or(0))
    }

    /// Seconds since 1970 with three decimals: how the JSON protocol writes a timestamp.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium fit in 53 bits")]
    pub fn epoch_seconds(self) -> f64 {
        self.milliseconds as f64 / 1000.0
    }

    /// Milliseconds since 1970: how CloudWatch Logs writes a timestamp.
    pub(crate) fn epoch_milliseconds(self) -> i64 {
        self.milliseconds
    }

    /// The moment so many milliseconds after 1970 began.
    pub(crate) fn at_milliseconds(milliseconds: i64) -> Self {
        Self { milliseconds }
    }

    /// The last full `step` before or at this moment.
    pub(crate) fn floor(self, step: Duration) -> Self {
        let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1);
        Self { milliseconds: self.milliseconds - self.milliseconds.rem_euclid(step) }
    }

    /// How the query protocol writes a timestamp: `2026-03-02T03:00:00.000Z`.
    pub fn iso(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }

    /// How HTTP headers write a timestamp: `Mon, 02 Mar 2026 03:00:00 GMT`.
    pub fn http_date(self) -> String {
        self.timestamp().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        Self { milliseconds: timestamp.as_millisecond() }
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let more = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self { milliseconds: self.milliseconds.saturating_add(more) }
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        let less = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self { milliseconds: self.milliseconds.saturating_sub(less) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_start_is_what_it_says() {
        assert_eq!(Moment::MONDAY_NIGHT.http_date(), "Mon, 02 Mar 2026 03:00:00 GMT");
        assert_eq!(Moment::MONDAY_NIGHT.iso(), "2026-03-02T03:00:00.000Z");
    }

    #[test]
    fn differences_never_go_below_zero() {
        let later = Moment::MONDAY_NIGHT + Duration::from_millis(1500);
        assert_eq!(later.since(Moment::MONDAY_NIGHT), Duration::from_millis(1500));
        assert_eq!(Moment::MONDAY_NIGHT.since(later), Duration::ZERO);
    }
}
