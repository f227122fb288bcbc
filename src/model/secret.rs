//! Values of environment variables. They are held so that occurrences elsewhere can be masked, but there is no way to
//! print, debug or serialise one: a recording, a log file and a crash report all see the mask.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands in place of a secret.
pub const MASK: &str = "••••••";

/// Values shorter than this are masked only where they stand by themselves.
const WHOLE_WORD: usize = 8;

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

    /// Whether it is this text: to find out where a value is used, not what it is.
    pub fn is(&self, text: &str) -> bool {
        self.0 == text
    }

    /// Whether it only says where something is: a resource name, or an address without a password.
    pub fn is_a_reference(&self) -> bool {
        let authority = self.0.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
        self.0.starts_with("arn:") || authority.is_some_and(|authority| !authority.contains('@'))
    }

    /// Replaces every occurrence of this value in `text` by the mask. Values shorter than four characters, ports and truth
    /// values are left: masking every `1`, `8080` or `true` of a log line would destroy the line and hide nothing.
    pub fn mask_in(&self, text: &mut String) {
        let number = self.0.len() <= 5 && self.0.bytes().all(|byte| byte.is_ascii_digit());
        let truth = ["true", "false"].iter().any(|word| self.0.eq_ignore_ascii_case(word));
        if number || truth || self.0.chars().count() < 4 || !text.contains(&self.0) {
            return;
        }
        *text = if self.0.len() < WHOLE_WORD { self.mask_words_in(text) } else { text.replace(&self.0, MASK) };
    }

    /// A short value such as `info` is also a part of ordinary words; only where it stands by itself is it the value.
    fn mask_words_in(&self, text: &str) -> String {
        let joins = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
        let (mut masked, mut rest) = (String::with_capacity(text.len()), text);
        let mut before = None;
        while let Some((head, tail)) = rest.split_once(&self.0) {
            masked.push_str(head);
            let within = joins(head.chars().next_back().or(before)) || joins(tail.chars().next());
            masked.push_str(if within { &self.0 } else { MASK });
            before = self.0.chars().next_back();
            rest = tail;
        }
        masked.push_str(rest);
        masked
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

/// Words of a command line with what looks like a secret masked: the value of an argument whose name speaks of one
/// (`--db-password=x`, `--token x`, `API_KEY=x`) and the password in an address (`postgres://user:x@host`). A command is not
/// the place for secrets, but people put them there.
pub fn mask_arguments(words: &[String]) -> Vec<String> {
    let mut value_follows = false;
    words
        .iter()
        .map(|word| {
            // What follows `sh -c` is a command line of its own.
            if word.contains(' ') {
                value_follows = false;
                let inner: Vec<String> = word.split(' ').map(str::to_owned).collect();
                return mask_arguments(&inner).join(" ");
            }
            let is_value = std::mem::replace(&mut value_follows, word.starts_with('-') && speaks_of_secret(word));
            match word.split_once('=') {
                Some((name, value)) if speaks_of_secret(name) && !value.is_empty() => {
                    value_follows = false;
                    format!("{name}={MASK}")
                }
                _ if is_value && !word.starts_with('-') => MASK.to_owned(),
                _ => mask_address(word),
            }
        })
        .collect()
}

fn speaks_of_secret(name: &str) -> bool {
    const SIGNS: [&str; 7] = ["passw", "pwd", "secret", "token", "credential", "api-key", "api_key"];
    let name = name.to_lowercase();
    SIGNS.iter().any(|sign| name.contains(sign))
}

/// `scheme://user:password@host` without the password.
fn mask_address(word: &str) -> String {
    let password = word.split_once("://").and_then(|(scheme, rest)| {
        let (login, host) = rest.split_once('@')?;
        let (user, _) = login.split_once(':').filter(|_| !login.contains('/'))?;
        Some(format!("{scheme}://{user}:{MASK}@{host}"))
    });
    password.unwrap_or_else(|| word.to_owned())
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

    fn masked(secret: &Secret, text: &str) -> String {
        let mut text = text.to_owned();
        secret.mask_in(&mut text);
        text
    }

    #[test]
    fn occurrences_elsewhere_are_masked() {
        let secret = Secret::new("hunter2!");
        assert_eq!(masked(&secret, "login with hunter2! failed"), format!("login with {MASK} failed"));
        for (plain, text) in [("1", "1 of 11"), ("8080", "port 8080"), ("65535", "65535"), ("True", "True story")] {
            assert_eq!(masked(&Secret::new(plain), text), text);
        }
        assert_eq!(masked(&Secret::new("123456"), "pin 123456"), format!("pin {MASK}"));
    }

    #[test]
    fn short_values_are_masked_only_where_they_stand_by_themselves() {
        let level = Secret::new("info");
        for (text, expected) in [
            ("level=info; for more information", "level=••••••; for more information"),
            ("info", "••••••"),
            ("infoinfo info", "infoinfo ••••••"),
            ("misinfo", "misinfo"),
        ] {
            assert_eq!(masked(&level, text), expected);
        }
        assert_eq!(masked(&Secret::new("hunter2-x"), "ahunter2-xb"), "a••••••b");
    }

    #[test]
    fn what_looks_like_a_secret_in_a_command_is_masked() {
        let masked =
            |words: &[&str]| mask_arguments(&words.iter().map(ToString::to_string).collect::<Vec<_>>()).join(" ");
        for (words, shown) in [
            (&["server", "--port", "80"][..], "server --port 80".to_owned()),
            (&["--db-password=hunter2", "x"], format!("--db-password={MASK} x")),
            (&["--token", "abc", "--verbose"], format!("--token {MASK} --verbose")),
            (&["--token", "--verbose"], "--token --verbose".to_owned()),
            (&["env", "API_KEY=abc", "run"], format!("env API_KEY={MASK} run")),
            (&["--dsn", "postgres://app:hunter2@db:5432/shop"], format!("--dsn postgres://app:{MASK}@db:5432/shop")),
            (&["http://localhost:80/@me"], "http://localhost:80/@me".to_owned()),
            (&["PASSWORD="], "PASSWORD=".to_owned()),
            (
                &["sh", "-c", "export TOKEN=abc && run --pwd x"],
                format!("sh -c export TOKEN={MASK} && run --pwd {MASK}"),
            ),
        ] {
            assert_eq!(masked(words), shown, "{words:?}");
        }
    }
}
