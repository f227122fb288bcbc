//! What tones look like. Only the sixteen ANSI colours, which every terminal maps to something readable on its own
//! background, and none of those that vanish on a light or a dark one (yellow, white, black) for text that matters.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

use crate::app::document::Ink;
use crate::model::look::{Attribute, Colour, Look, Tone};

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
    /// Whether text may have a colour of its own.
    inked: bool,
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
            inked: true,
        }
    }
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
            inked: false,
        }
    }

    /// This theme with other looks for some tones.
    #[must_use]
    pub fn with(mut self, looks: &BTreeMap<Tone, Look>) -> Self {
        for (tone, look) in looks {
            let slot = match tone {
                Tone::Plain => &mut self.plain,
                Tone::Strong => &mut self.strong,
                Tone::Dim => &mut self.dim,
                Tone::Good => &mut self.good,
                Tone::Warn => &mut self.warn,
                Tone::Bad => &mut self.bad,
                Tone::Accent => &mut self.accent,
                Tone::Focus => &mut self.focus,
            };
            *slot = style(look);
        }
        self
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

    /// What a tone looks like for text with a colour of its own.
    pub const fn inked(&self, tone: Tone, ink: Option<Ink>) -> Style {
        match ink {
            Some((colour, bright)) if self.inked => self.style(tone).fg(ansi(colour, bright)),
            _ => self.style(tone),
        }
    }

    /// What the row under the cursor and the button in focus look like, with and without colours.
    pub const fn selected(style: Style) -> Style {
        // A dimmed reversed row is hard to read, and a selected one should be easy.
        style.remove_modifier(Modifier::DIM).add_modifier(Modifier::REVERSED)
    }
}

fn style(look: &Look) -> Style {
    let modifiers = look.attributes.iter().map(|attribute| match attribute {
        Attribute::Bold => Modifier::BOLD,
        Attribute::Dim => Modifier::DIM,
        Attribute::Underline => Modifier::UNDERLINED,
        Attribute::Reverse => Modifier::REVERSED,
    });
    let style = Style::new().add_modifier(modifiers.collect());
    look.colour.map_or(style, |(colour, bright)| style.fg(ansi(colour, bright)))
}

const fn ansi(colour: Colour, bright: bool) -> Color {
    match (colour, bright) {
        (Colour::Black, false) => Color::Black,
        (Colour::Black, true) => Color::DarkGray,
        (Colour::Red, false) => Color::Red,
        (Colour::Red, true) => Color::LightRed,
        (Colour::Green, false) => Color::Green,
        (Colour::Green, true) => Color::LightGreen,
        (Colour::Yellow, false) => Color::Yellow,
        (Colour::Yellow, true) => Color::LightYellow,
        (Colour::Blue, false) => Color::Blue,
        (Colour::Blue, true) => Color::LightBlue,
        (Colour::Magenta, false) => Color::Magenta,
        (Colour::Magenta, true) => Color::LightMagenta,
        (Colour::Cyan, false) => Color::Cyan,
        (Colour::Cyan, true) => Color::LightCyan,
        // What ANSI calls white is gray; only its bright form is white.
        (Colour::White, false) => Color::Gray,
        (Colour::White, true) => Color::White,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_there_are_none() {
        for tone in Tone::ALL {
            let style = Theme::plain().style(tone);
            assert_eq!((style.fg, style.bg), (None, None), "{tone:?}");
        }
    }

    #[test]
    fn no_background_and_no_colour_that_vanishes_on_light_or_dark() {
        for tone in Tone::ALL {
            let style = Theme::default().style(tone);
            assert_eq!(style.bg, None);
            let readable = [None, Some(Color::Red), Some(Color::Green), Some(Color::Magenta), Some(Color::Cyan)];
            assert!(readable.contains(&style.fg), "{tone:?} {:?}", style.fg);
        }
    }

    #[test]
    fn looks_replace_styles() {
        let looks = BTreeMap::from([(Tone::Bad, "bright-red bold underline".parse().unwrap())]);
        let theme = Theme::default().with(&looks);
        let expected = Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        assert_eq!(theme.style(Tone::Bad), expected);
        assert_eq!(theme.style(Tone::Good), Theme::default().style(Tone::Good));
    }
}
