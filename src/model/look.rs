//! Tones, which say what a piece of text means to the reader, and looks, which say what it looks like: one of the sixteen
//! ANSI colours, so that the terminal's own palette decides and every terminal can show it, and attributes. Screens speak in
//! tones, the configuration gives looks to them, and the user interface turns both into styles.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::near::near;

/// What a piece of text means to the reader. No meaning is carried by colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Ordinary text.
    #[default]
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
    /// Where the keys go: the button in focus, the item chosen.
    Focus,
}

impl Tone {
    /// All tones.
    pub const ALL: [Self; 8] =
        [Self::Plain, Self::Strong, Self::Dim, Self::Good, Self::Warn, Self::Bad, Self::Accent, Self::Focus];
}

/// One of the eight ANSI colours. `white` is what terminals show as light gray; its bright form is white proper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Color 0.
    Black,
    /// Color 1.
    Red,
    /// Color 2.
    Green,
    /// Color 3.
    Yellow,
    /// Color 4.
    Blue,
    /// Color 5.
    Magenta,
    /// Color 6.
    Cyan,
    /// Color 7.
    White,
}

const COLOURS: [(&str, Colour); 9] = [
    ("black", Colour::Black),
    ("red", Colour::Red),
    ("green", Colour::Green),
    ("yellow", Colour::Yellow),
    ("blue", Colour::Blue),
    ("magenta", Colour::Magenta),
    ("cyan", Colour::Cyan),
    ("gray", Colour::White),
    ("white", Colour::White),
];
/// What can be said of text beside its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// In bold letters.
    Bold,
    /// Stepping back.
    Dim,
    /// Underlined.
    Underline,
    /// Background and foreground exchanged.
    Reverse,
}

const ATTRIBUTES: [(&str, Attribute); 4] = [
    ("bold", Attribute::Bold),
    ("dim", Attribute::Dim),
    ("underline", Attribute::Underline),
    ("reverse", Attribute::Reverse),
];
/// Says that nothing is to be different from ordinary text.
const DEFAULT: &str = "default";

/// What text looks like: `red bold`, `bright-cyan`, `reverse`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Look {
    /// The colour, and whether it is the bright one of its pair; without one, the terminal's own.
    pub colour: Option<(Colour, bool)>,
    /// What else.
    pub attributes: BTreeSet<Attribute>,
}

/// A word that is neither a colour nor an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLook(String);

impl fmt::Display for UnknownLook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colours = || COLOURS.into_iter().map(|(name, _)| name);
        let attributes = || std::iter::once(DEFAULT).chain(ATTRIBUTES.into_iter().map(|(name, _)| name));
        write!(formatter, "`{}` is neither a colour nor an attribute", self.0)?;
        match near(&self.0, colours().chain(attributes())).first() {
            Some(meant) => write!(formatter, "; did you mean `{meant}`?"),
            None => write!(
                formatter,
                "; there are {}, each also as bright-…, and {}",
                colours().collect::<Vec<_>>().join(", "),
                attributes().collect::<Vec<_>>().join(", ")
            ),
        }
    }
}

impl std::error::Error for UnknownLook {}

impl FromStr for Look {
    type Err = UnknownLook;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        let mut look = Self::default();
        for word in words.split_whitespace().filter(|word| *word != DEFAULT) {
            if let Some((_, attribute)) = ATTRIBUTES.into_iter().find(|(name, _)| *name == word) {
                look.attributes.insert(attribute);
            } else {
                let (name, bright) = word.strip_prefix("bright-").map_or((word, false), |name| (name, true));
                let known = COLOURS.into_iter().find(|(known, _)| *known == name);
                let (_, colour) = known.ok_or_else(|| UnknownLook(word.to_owned()))?;
                look.colour = Some((colour, bright));
            }
        }
        Ok(look)
    }
}

impl TryFrom<String> for Look {
    type Error = UnknownLook;

    fn try_from(words: String) -> Result<Self, Self::Error> {
        words.parse()
    }
}

impl fmt::Display for Look {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colour = self.colour.and_then(|(colour, bright)| {
            let (name, _) = COLOURS.into_iter().find(|(_, known)| *known == colour)?;
            Some(if bright { format!("bright-{name}") } else { name.to_owned() })
        });
        let attributes = ATTRIBUTES.into_iter().filter(|(_, attribute)| self.attributes.contains(attribute));
        let words: Vec<String> = colour.into_iter().chain(attributes.map(|(name, _)| name.to_owned())).collect();
        formatter.write_str(if words.is_empty() { DEFAULT } else { "" })?;
        formatter.write_str(&words.join(" "))
    }
}

impl From<Look> for String {
    fn from(look: Look) -> Self {
        look.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_a_colour_and_attributes_in_any_order() {
        let look = |colour, attributes: &[Attribute]| Look { colour, attributes: attributes.iter().copied().collect() };
        for (words, look) in [
            ("", look(None, &[])),
            ("default", look(None, &[])),
            ("red", look(Some((Colour::Red, false)), &[])),
            ("bold red", look(Some((Colour::Red, false)), &[Attribute::Bold])),
            ("bright-red underline", look(Some((Colour::Red, true)), &[Attribute::Underline])),
            ("reverse dim", look(None, &[Attribute::Dim, Attribute::Reverse])),
            ("gray", look(Some((Colour::White, false)), &[])),
        ] {
            assert_eq!(words.parse().as_ref(), Ok(&look), "{words:?}");
            assert_eq!(look.to_string().parse().as_ref(), Ok(&look), "{look}");
        }
    }

    #[test]
    fn mistakes_are_named_with_what_was_meant() {
        let mistake = |words: &str| words.parse::<Look>().unwrap_err().to_string();
        assert!(mistake("bold gren").contains("did you mean `green`?"));
        assert!(mistake("#ff0000").contains("`#ff0000` is neither a colour nor an attribute; there are black, red"));
        assert!(mistake("bright-bold").contains("`bright-bold`"));
    }
}
