//! Keys as data. The terminal's own types stay in `runtime`; the core, the keymap and recordings speak in [`KeyPress`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which key, without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// A character; upper case stands for shift.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key.
    F(u8),
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyPress {
    /// Which key.
    pub key: Key,
    /// Whether Control was held.
    pub ctrl: bool,
    /// Whether Alt was held.
    pub alt: bool,
}

impl KeyPress {
    /// A key without modifiers.
    pub const fn plain(key: Key) -> Self {
        Self { key, ctrl: false, alt: false }
    }
}

/// Names of keys in the keymap file, beside single characters.
const NAMES: [(&str, Key); 17] = [
    ("enter", Key::Enter),
    ("esc", Key::Esc),
    ("tab", Key::Tab),
    ("shift-tab", Key::BackTab),
    ("backspace", Key::Backspace),
    ("delete", Key::Delete),
    ("up", Key::Up),
    ("down", Key::Down),
    ("left", Key::Left),
    ("right", Key::Right),
    ("home", Key::Home),
    ("end", Key::End),
    ("page-up", Key::PageUp),
    ("page-down", Key::PageDown),
    ("space", Key::Char(' ')),
    ("minus", Key::Char('-')),
    ("plus", Key::Char('+')),
];

impl fmt::Display for KeyPress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            formatter.write_str("ctrl-")?;
        }
        if self.alt {
            formatter.write_str("alt-")?;
        }
        match self.key {
            Key::Char(' ') => formatter.write_str("space"),
            Key::Char(character) => write!(formatter, "{character}"),
            Key::F(number) => write!(formatter, "f{number}"),
            named => {
                let name = NAMES.iter().find(|(_, key)| *key == named).map_or("?", |(name, _)| name);
                formatter.write_str(name)
            }
        }
    }
}

/// A key that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a key; write a character, ctrl-x, alt-x, f1 or a name such as enter, page-down, space")]
pub struct KeyError(String);

impl FromStr for KeyPress {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let error = || KeyError(text.to_owned());
        let (mut rest, mut ctrl, mut alt) = (text, false, false);
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-") {
                (rest, ctrl) = (after, true);
            } else if let Some(after) = rest.strip_prefix("alt-") {
                (rest, alt) = (after, true);
            } else {
                break;
            }
        }
        let mut characters = rest.chars();
        let key = match (characters.next(), characters.next()) {
            (Some(character), None) if !character.is_control() => Key::Char(character),
            (Some('f'), Some(_)) if rest.get(1..).is_some_and(|digits| digits.parse::<u8>().is_ok()) => {
                Key::F(rest.get(1..).and_then(|digits| digits.parse().ok()).ok_or_else(error)?)
            }
            _ => NAMES.iter().find(|(name, _)| *name == rest).map(|(_, key)| *key).ok_or_else(error)?,
        };
        Ok(Self { key, ctrl, alt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_reads_back_as_it_is_written() {
        let mut keys: Vec<KeyPress> = NAMES.iter().map(|(_, key)| KeyPress::plain(*key)).collect();
        keys.extend("aZ/?!:é".chars().map(|character| KeyPress::plain(Key::Char(character))));
        keys.push(KeyPress { key: Key::Char('d'), ctrl: true, alt: false });
        keys.push(KeyPress { key: Key::F(12), ctrl: true, alt: true });
        for key in keys {
            assert_eq!(key.to_string().parse(), Ok(key), "{key}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_sentence() {
        for text in ["", "ctrl-", "enterr", "f999", "\u{1b}"] {
            assert!(text.parse::<KeyPress>().is_err(), "{text:?}");
        }
    }
}
