//! Values with rules of their own, checked the same way wherever they come from: file, environment or flag.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Seconds between two readings of what is on the screen: a whole number from 1 to 3600. Anything faster than 5 costs
/// calls that others in the account may need; the budget of the AWS layer holds in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "u16")]
pub struct RefreshSeconds(u16);

impl RefreshSeconds {
    /// As a duration.
    pub const fn interval(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl Default for RefreshSeconds {
    fn default() -> Self {
        Self(5)
    }
}

impl From<RefreshSeconds> for u16 {
    fn from(seconds: RefreshSeconds) -> Self {
        seconds.0
    }
}

const REFRESH_RULE: &str = "must be a whole number of seconds from 1 to 3600";

impl TryFrom<i64> for RefreshSeconds {
    type Error = &'static str;

    fn try_from(seconds: i64) -> Result<Self, Self::Error> {
        u16::try_from(seconds).ok().filter(|seconds| (1..=3600).contains(seconds)).map(Self).ok_or(REFRESH_RULE)
    }
}

impl FromStr for RefreshSeconds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<i64>().map_err(|_| REFRESH_RULE).and_then(Self::try_from)
    }
}

/// An `http://` or `https://` address used in place of AWS's endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndpointUrl(String);

impl EndpointUrl {
    /// The address as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for EndpointUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).unwrap_or_default();
        let unreadable = |character: char| character.is_whitespace() || character.is_control();
        if host.is_empty() || host.starts_with(['/', ':', '?', '#']) || text.contains(unreadable) {
            return Err("must be an address like http://127.0.0.1:4566 or https://ecs.example.com");
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refresh_is_bounded() {
        for (text, good) in [("1", true), ("5", true), ("3600", true), ("0", false), ("3601", false), ("-1", false)] {
            assert_eq!(text.parse::<RefreshSeconds>().is_ok(), good, "{text}");
        }
        for text in ["", "5s", "1.5", "999999999999999999999"] {
            assert!(text.parse::<RefreshSeconds>().is_err(), "{text}");
        }
    }

    #[test]
    fn endpoints_have_a_scheme_and_a_host() {
        for text in ["http://127.0.0.1:4566", "https://ecs.eu-west-1.amazonaws.com/", "http://[::1]:80"] {
            assert!(text.parse::<EndpointUrl>().is_ok(), "{text}");
        }
        for text in ["", "localhost:4566", "ftp://host", "http://", "http:///path", "http://:80", "http://a b"] {
            assert!(text.parse::<EndpointUrl>().is_err(), "{text}");
        }
    }
}
