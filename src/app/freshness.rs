//! How old what is shown is, in words. While data is as fresh as promised the words do not change, so that a refresh that
//! changed nothing writes nothing; once it is older than promised, every second counts.

use jiff::{SignedDuration, Timestamp};

/// `4s`, `12m`, `3h 5m`, `9d`: what fits a table cell.
pub fn short_duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m"),
        3600..36_000 if minutes % 60 != 0 => format!("{hours}h {}m", minutes % 60),
        3600..86_400 => format!("{hours}h"),
        _ => format!("{days}d"),
    }
}

/// [`short_duration`] that does not count seconds: for ages that stand in a table and should not tick.
pub fn calm_duration(duration: SignedDuration) -> String {
    if duration.as_secs() < 60 { "<1m".to_owned() } else { short_duration(duration) }
}

/// How long ago something happened, in words that do not tick: `<1m`, `12m`, `3d`; `-` if AWS does not say when.
pub fn since(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or_else(|| "-".to_owned(), |at| calm_duration(now.duration_since(at)))
}

/// Data counts as old when it is older than this many times the time after which it is asked for again: answers take
/// their time, and one that is late says nothing yet.
const PATIENCE: i32 = 3;

/// Whether data asked for again every so often is older than promised. What never changes (`None`) never is.
pub fn is_stale(at: Timestamp, now: Timestamp, every: Option<SignedDuration>) -> bool {
    every.is_some_and(|every| now.duration_since(at) > every * PATIENCE)
}

/// `<15s old` while data is as fresh as promised, `37s old` once it is not; nothing for what never changes.
pub fn age_label(at: Timestamp, now: Timestamp, every: Option<SignedDuration>) -> String {
    match every {
        None => String::new(),
        Some(_) if is_stale(at, now, every) => format!("{} old", short_duration(now.duration_since(at))),
        Some(every) => format!("<{} old", short_duration(every * PATIENCE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fit_a_cell() {
        for (seconds, text) in
            [(-5, "0s"), (4, "4s"), (61, "1m"), (3600, "1h"), (11_100, "3h 5m"), (80_000, "22h"), (777_600, "9d")]
        {
            assert_eq!(short_duration(SignedDuration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn fresh_data_has_a_label_that_does_not_tick() {
        let at = Timestamp::from_second(1_000).unwrap();
        let label = |age: i64| {
            let now = Timestamp::from_second(1_000 + age).unwrap();
            age_label(at, now, Some(SignedDuration::from_secs(5)))
        };
        assert_eq!(
            [0, 9, 15, 16, 37, 130].map(label),
            ["<15s old", "<15s old", "<15s old", "16s old", "37s old", "2m old"]
        );
        assert_eq!(age_label(at, Timestamp::from_second(9_999_999).unwrap(), None), "");
    }

    #[test]
    fn ages_in_tables_do_not_count_seconds() {
        let at = Timestamp::from_second(1_000).unwrap();
        let words = |age: i64| since(Some(at), Timestamp::from_second(1_000 + age).unwrap());
        assert_eq!([-5, 0, 59, 60, 7_200].map(words), ["<1m", "<1m", "<1m", "1m", "2h"]);
        assert_eq!(since(None, at), "-");
    }
}
