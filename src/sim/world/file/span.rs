//! Lengths of time as people write them: `90s`, `10m`, `1h30m`, `9d`.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

impl Span {
    fn parse(text: &str) -> Option<Self> {
        if let Some(days) = text.strip_suffix('d') {
            return Some(Self(Duration::from_hours(days.trim().parse::<u64>().ok()?.checked_mul(24)?)));
        }
        let parsed = text.parse::<SignedDuration>().ok()?;
        Duration::try_from(parsed).ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Span;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a length of time such as \"90s\", \"10m\" or \"9d\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                Span::parse(text)
                    .ok_or_else(|| E::custom(format!("`{text}` is no length of time such as 90s, 10m or 9d")))
            }
        }

        from.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, seconds) in
            [("90s", Some(90)), ("10m", Some(600)), ("1h30m", Some(5400)), ("9d", Some(777_600)), ("0s", Some(0))]
        {
            assert_eq!(Span::parse(text).map(|span| span.0.as_secs()), seconds, "{text}");
        }
        for text in ["", "soon", "-5m", "d", "10"] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }
}
