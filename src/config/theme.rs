//! Looks by meaning. Only the sixteen ANSI colours, so that the terminal's own palette decides how they look and every
//! terminal can show them. What they become on the screen is for the user interface to say.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::near::near;

/// What a look says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Ordinary text.
    Plain,
    /// A heading, or what matters most in a line.
    Strong,
    /// Labels, old data, noise.
    Dim,
    /// As it should be.
    Good,
    /// Needs attention.
    Warn,
    /// Broken.
    Bad,
    /// On its way, or something to press.
    Accent,
}

impl Tone {
    /// Its name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Strong => "strong",
            Self::Dim => "dim",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Accent => "accent",
        }
    }
}

/// A colour and attributes: `red bold`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Look(String);

const COLOURS: [&str; 9] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "gray", "white"];
const ATTRIBUTES: [&str; 5] = ["default", "bold", "dim", "underline", "reverse"];

impl Look {
    /// The words as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A word that is neither a colour nor an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLook(String);

impl fmt::Display for UnknownLook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is neither a colour nor an attribute", self.0)?;
        match near(&self.0, COLOURS.into_iter().chain(ATTRIBUTES)).first() {
            Some(meant) => write!(formatter, "; did you mean `{meant}`?"),
            None => write!(
                formatter,
                "; there are {}, each also as bright-…, and {}",
                COLOURS.join(", "),
                ATTRIBUTES.join(", ")
            ),
        }
    }
}

impl FromStr for Look {
    type Err = UnknownLook;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        let known =
            |word: &&str| ATTRIBUTES.contains(word) || COLOURS.contains(&word.strip_prefix("bright-").unwrap_or(word));
        match words.split_whitespace().find(|word| !known(word)) {
            Some(unknown) => Err(UnknownLook(unknown.to_owned())),
            None => Ok(Self(words.to_owned())),
        }
    }
}

impl TryFrom<String> for Look {
    type Error = UnknownLook;

    fn try_from(words: String) -> Result<Self, Self::Error> {
        words.parse()
    }
}
