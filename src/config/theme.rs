//! Colours by meaning. Only the sixteen ANSI colours, so that the terminal's own palette decides how they look and every
//! terminal can show them.

use serde::{Deserialize, Serialize};

/// One of the sixteen ANSI colours, or the terminal's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Colour {
    /// The terminal's foreground.
    Default,
    Black,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
    White,
    BrightBlack,
    BrightRed,
    BrightGreen,
    BrightYellow,
    BrightBlue,
    BrightMagenta,
    BrightCyan,
    BrightWhite,
}

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Healthy, allowed, passed.
    Good,
    /// Degraded, needs a look.
    Warn,
    /// Failing, denied, gone.
    Bad,
    /// In progress.
    Busy,
    /// Titles, the selection, keys in hints.
    Accent,
    /// Old, secondary, quiet.
    Dim,
}

impl Tone {
    /// Every tone.
    pub const ALL: [Self; 6] = [Self::Good, Self::Warn, Self::Bad, Self::Busy, Self::Accent, Self::Dim];

    /// Its colour when the configuration says nothing.
    pub const fn default_colour(self) -> Colour {
        match self {
            Self::Good => Colour::Green,
            Self::Warn => Colour::Yellow,
            Self::Bad => Colour::Red,
            Self::Busy => Colour::Blue,
            Self::Accent => Colour::Cyan,
            Self::Dim => Colour::BrightBlack,
        }
    }
}
