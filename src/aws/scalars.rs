//! Numbers, times and texts of the SDK in the types of the model. AWS and what imitates it send anything: what is out of
//! range is clamped or left out, never an error.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// A count; a negative one is none.
pub(super) fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

/// A port; what is no port is absent.
pub(super) fn port(value: Option<i32>) -> Option<u16> {
    value.and_then(|port| u16::try_from(port).ok())
}

/// A point in time; what no calendar has is absent. AWS writes milliseconds, as fractions that binary numbers only come near
/// to, so whatever is finer is noise.
pub(super) fn time(value: Option<&DateTime>) -> Option<Timestamp> {
    let time = value?;
    let milliseconds = (i64::from(time.subsec_nanos()) + 500_000) / 1_000_000;
    Timestamp::from_millisecond(time.secs().checked_mul(1000)?.checked_add(milliseconds)?).ok()
}

/// A text that says something: emulators send empty ones for what AWS leaves out.
pub(super) fn present(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// An enumeration of the SDK as AWS spells it.
pub(super) fn spelled<T: AsRef<str>>(value: Option<&T>) -> Option<String> {
    value.map(|value| value.as_ref().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_numbers_are_clamped_or_left_out() {
        assert_eq!([count(-1), count(i32::MIN), count(0), count(7)], [0, 0, 0, 7]);
        assert_eq!([port(Some(-1)), port(Some(65_536)), port(None)], [None, None, None]);
        assert_eq!([port(Some(0)), port(Some(65_535))], [Some(0), Some(65_535)]);
    }

    #[test]
    fn absurd_times_are_left_out() {
        for (seconds, expected) in [
            (0, Some(Timestamp::UNIX_EPOCH)),
            (1_763_672_084, Timestamp::from_second(1_763_672_084).ok()),
            (i64::MAX, None),
            (i64::MIN, None),
        ] {
            assert_eq!(time(Some(&DateTime::from_secs(seconds))), expected, "{seconds}");
        }
        let fraction = DateTime::from_secs_and_nanos(5, 250_000_000);
        assert_eq!(time(Some(&fraction)), Timestamp::new(5, 250_000_000).ok());
    }

    #[test]
    fn the_noise_of_binary_fractions_is_dropped() {
        for (nanoseconds, expected) in [(960_999_965, 5_961), (822_000_026, 5_822), (999_999_999, 6_000), (0, 5_000)] {
            let noisy = DateTime::from_secs_and_nanos(5, nanoseconds);
            assert_eq!(time(Some(&noisy)), Timestamp::from_millisecond(expected).ok(), "{nanoseconds}");
        }
    }
}
