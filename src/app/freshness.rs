//! How old what is shown is, in words. While data is as fresh as promised the words do not change, so that a refresh that
//! changed nothing writes nothing; once it is older, every second counts.

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

/// `12s ago`, or `in 12s` for a time that is still to come.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(at);
    if age < SignedDuration::from_secs(-1) {
        format!("in {}", short_duration(-age))
    } else {
        format!("{} ago", short_duration(age))
    }
}

/// `<10s` while younger than that, then the age itself.
pub fn age_label(at: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(at);
    match age.as_secs() {
        ..10 => "<10s".to_owned(),
        10..60 => "<1m".to_owned(),
        _ => short_duration(age),
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
        let label = |age: i64| age_label(at, Timestamp::from_second(1_000 + age).unwrap());
        assert_eq!(
            (label(0), label(9), label(10), label(59), label(61)),
            ("<10s".into(), "<10s".into(), "<1m".into(), "<1m".into(), "1m".into())
        );
    }
}
