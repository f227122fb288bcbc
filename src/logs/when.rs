//! Times as people type and read them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde::{Deserialize, Serialize};

/// How the time of a line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// In UTC, as AWS has it.
    #[default]
    Utc,
    /// In the time zone of whoever reads.
    Local,
    /// How long ago.
    Relative,
    /// Not at all.
    None,
}

impl Times {
    /// The next way.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Utc => Self::Local,
            Self::Local => Self::Relative,
            Self::Relative => Self::None,
            Self::None => Self::Utc,
        }
    }

    /// What the times are that are seen now.
    pub fn told(self, now: Timestamp, zone: &TimeZone) -> String {
        match self {
            Self::Utc => "times are in UTC".to_owned(),
            Self::Local => format!("times are local: {}", now.to_zoned(zone.clone()).strftime("%Z (UTC%:z)")),
            Self::Relative => "times tell how long ago".to_owned(),
            Self::None => "no times".to_owned(),
        }
    }
}

/// A point in time: so long ago (`10m`, `2h30m`), a time of the last day (`13:10`, `13:10:05`), or a date and a time. `zone` is
/// the one times without one are in.
///
/// # Errors
/// What can be typed, in a sentence.
pub fn point(typed: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let typed = typed.trim();
    let ago = || {
        let short = !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let span: Span = typed.parse().ok().filter(|_| short && !typed.starts_with(['P', 'p']))?;
        let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        now.checked_sub(duration).ok()
    };
    let of_day = || {
        let time: Time = typed.parse().ok().filter(|_| typed.contains(':') && !typed.contains(['-', 'T']))?;
        let today = now.to_zoned(zone.clone()).date().to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp();
        // Logs are of the past.
        Some(if today > now { today.checked_sub(SignedDuration::from_hours(24)).ok()? } else { today })
    };
    let absolute = || typed.parse::<Timestamp>().ok();
    let of_date = || typed.parse::<DateTime>().ok().and_then(|at| Some(at.to_zoned(zone.clone()).ok()?.timestamp()));
    let date = || typed.parse::<Date>().ok().and_then(|date| Some(date.to_zoned(zone.clone()).ok()?.timestamp()));
    absolute().or_else(of_day).or_else(ago).or_else(of_date).or_else(date).ok_or_else(|| {
        format!("\"{typed}\" is no time; write 10m, 2h30m, 13:10, 2026-01-31T13:10 or 2026-01-31T13:10:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_people_type() {
        let now: Timestamp = "2026-01-31T13:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        for (typed, expected) in [
            ("10m", "2026-01-31T12:50:00Z"),
            ("2h30m", "2026-01-31T10:30:00Z"),
            ("1d", "2026-01-30T13:00:00Z"),
            ("90s", "2026-01-31T12:58:30Z"),
            ("14:10", "2026-01-31T12:10:00Z"),
            ("14:10:05", "2026-01-31T12:10:05Z"),
            ("15:10", "2026-01-30T13:10:00Z"),
            ("2026-01-30", "2026-01-29T22:00:00Z"),
            ("2026-01-30T10:00", "2026-01-30T08:00:00Z"),
            ("2026-01-30 10:00", "2026-01-30T08:00:00Z"),
            ("2026-01-30T10:00:00Z", "2026-01-30T10:00:00Z"),
            ("2026-01-30T10:00:00+01:00", "2026-01-30T09:00:00Z"),
        ] {
            assert_eq!(point(typed, now, &zone).map(|at| at.to_string()), Ok(expected.to_owned()), "{typed}");
        }
        for typed in ["", "soon", "25:00", "10", "-5m", "P1D", "m"] {
            assert!(point(typed, now, &zone).unwrap_err().contains("is no time"), "{typed}");
        }
    }
}
