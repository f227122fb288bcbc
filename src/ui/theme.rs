//! What tones look like. Only the sixteen ANSI colours, which every terminal maps to something readable on its own
//! background, and none of those that vanish on a light or a dark one (yellow, white, black) for text that matters.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

use crate::app::document::Tone;

/// Styles by tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    plain: Style,
    strong: Style,
    dim: Style,
    good: Style,
    warn: Style,
    bad: Style,
    accent: Style,
    focus: Style,
}

impl Default for Theme {
    fn default() -> Self {
        let colour = |colour: Color| Style::new().fg(colour);
        Self {
            plain: Style::new(),
            strong: Style::new().add_modifier(Modifier::BOLD),
            dim: Style::new().add_modifier(Modifier::DIM),
            good: colour(Color::Green),
            warn: colour(Color::Magenta),
            bad: colour(Color::Red).add_modifier(Modifier::BOLD),
            accent: colour(Color::Cyan),
            focus: Style::new().add_modifier(Modifier::REVERSED),
        }
    }
}

/// A theme that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// There is no such tone.
    #[error("\"{0}\" is not a tone; there are plain, strong, dim, good, warn, bad, accent, focus")]
    UnknownTone(String),
    /// There is no such colour or attribute.
    #[error(
        "\"{word}\" is neither a colour nor an attribute (for {tone}); there are default, the colours black, red, green, \
         yellow, blue, magenta, cyan, gray, white, each of them with bright- before it, and the attributes bold, dim, \
         underline, reverse"
    )]
    UnknownWord {
        /// Of which tone.
        tone: String,
        /// The word.
        word: String,
    },
}

impl Theme {
    /// Without any colour (`NO_COLOR`): attributes only.
    pub fn plain() -> Self {
        let with = |modifier: Modifier| Style::new().add_modifier(modifier);
        Self {
            plain: Style::new(),
            strong: with(Modifier::BOLD),
            dim: with(Modifier::DIM),
            good: Style::new(),
            warn: with(Modifier::BOLD),
            bad: with(Modifier::BOLD),
            accent: with(Modifier::UNDERLINED),
            focus: with(Modifier::REVERSED),
        }
    }

    /// This theme with other styles for some tones: `bad` → `red bold`.
    ///
    /// # Errors
    /// When a tone, a colour or an attribute does not exist.
    pub fn with(mut self, overrides: &BTreeMap<String, String>) -> Result<Self, ThemeError> {
        for (tone, words) in overrides {
            let slot = match tone.as_str() {
                "plain" => &mut self.plain,
                "strong" => &mut self.strong,
                "dim" => &mut self.dim,
                "good" => &mut self.good,
                "warn" => &mut self.warn,
                "bad" => &mut self.bad,
                "accent" => &mut self.accent,
                "focus" => &mut self.focus,
                _ => return Err(ThemeError::UnknownTone(tone.clone())),
            };
            *slot = words.split_whitespace().try_fold(Style::new(), |style, word| {
                apply(style, word).ok_or_else(|| ThemeError::UnknownWord { tone: tone.clone(), word: word.to_owned() })
            })?;
        }
        Ok(self)
    }

    /// What a tone looks like.
    pub const fn style(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => self.plain,
            Tone::Strong => self.strong,
            Tone::Dim => self.dim,
            Tone::Good => self.good,
            Tone::Warn => self.warn,
            Tone::Bad => self.bad,
            Tone::Accent => self.accent,
            Tone::Focus => self.focus,
        }
    }

    /// What the row under the cursor and the button in focus look like, with and without colours.
    pub const fn selected(style: Style) -> Style {
        // A dimmed reversed row is hard to read, and a selected one should be easy.
        style.remove_modifier(Modifier::DIM).add_modifier(Modifier::REVERSED)
    }
}

fn apply(style: Style, word: &str) -> Option<Style> {
    let colour = match word {
        "default" => return Some(style),
        "bold" => return Some(style.add_modifier(Modifier::BOLD)),
        "dim" => return Some(style.add_modifier(Modifier::DIM)),
        "underline" => return Some(style.add_modifier(Modifier::UNDERLINED)),
        "reverse" => return Some(style.add_modifier(Modifier::REVERSED)),
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "gray" | "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-gray" | "bright-white" => Color::White,
        _ => return None,
    };
    Some(style.fg(colour))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TONES: [Tone; 7] = [Tone::Plain, Tone::Strong, Tone::Dim, Tone::Good, Tone::Warn, Tone::Bad, Tone::Accent];

    fn overrides(tone: &str, words: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(tone.to_owned(), words.to_owned())])
    }

    #[test]
    fn without_colours_there_are_none() {
        for tone in TONES {
            let style = Theme::plain().style(tone);
            assert_eq!((style.fg, style.bg), (None, None), "{tone:?}");
        }
    }

    #[test]
    fn no_background_and_no_colour_that_vanishes_on_light_or_dark() {
        for tone in TONES {
            let style = Theme::default().style(tone);
            assert_eq!(style.bg, None);
            let readable = [None, Some(Color::Red), Some(Color::Green), Some(Color::Magenta), Some(Color::Cyan)];
            assert!(readable.contains(&style.fg), "{tone:?} {:?}", style.fg);
        }
    }

    #[test]
    fn styles_can_be_replaced_by_name() {
        let theme = Theme::default().with(&overrides("bad", "bright-red bold underline")).unwrap();
        let expected = Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        assert_eq!(theme.style(Tone::Bad), expected);
        assert_eq!(theme.style(Tone::Good), Theme::default().style(Tone::Good));
    }

    #[test]
    fn mistakes_are_named() {
        let tone = Theme::default().with(&overrides("worse", "red"));
        assert_eq!(tone, Err(ThemeError::UnknownTone("worse".to_owned())));
        let word = Theme::default().with(&overrides("bad", "#ff0000"));
        assert!(matches!(word, Err(ThemeError::UnknownWord { word, .. }) if word == "#ff0000"));
    }
}
