//! Values of environment variables. They are held so that occurrences elsewhere can be masked, but there is no way to
//! print, debug or serialise one: a recording, a log file and a crash report all see the mask.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands in place of a secret.
pub const MASK: &str = "••••••";

/// A value that must never be shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Hides a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Whether there is nothing to hide: an empty variable is worth knowing and reveals nothing.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Replaces every occurrence of this value in `text` by the mask. Values shorter than four characters are left:
    /// masking every `1` or `on` of a log line would destroy the line and hide nothing.
    pub fn mask_in(&self, text: &str) -> String {
        if self.0.chars().count() < 4 {
            return text.to_owned();
        }
        text.replace(&self.0, MASK)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_way_of_writing_shows_the_value() {
        let secret = Secret::new("hunter2!");
        assert_eq!(format!("{secret:?}"), MASK);
        assert_eq!(serde_json::to_string(&secret).unwrap(), format!("\"{MASK}\""));
    }

    #[test]
    fn occurrences_elsewhere_are_masked() {
        let secret = Secret::new("hunter2!");
        assert_eq!(secret.mask_in("login with hunter2! failed"), format!("login with {MASK} failed"));
        assert_eq!(Secret::new("1").mask_in("1 of 11"), "1 of 11");
    }
}
