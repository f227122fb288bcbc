//! Colours an application gives its lines: the sequences that set them are read, everything else that a terminal would
//! obey is left for the usual neutralising (ECMA-48, Select Graphic Rendition).

use crate::model::look::Colour;

/// A colour of the sixteen, and whether it is the bright one of its pair.
type Ink = (Colour, bool);

/// A piece of a line in one colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The text, which may still hold control characters.
    pub text: &'a str,
    /// Its colour, if the application gave it one that is safe on light and dark.
    pub ink: Option<Ink>,
    /// Whether it stands out.
    pub bold: bool,
}

const COLOURS: [Colour; 8] = [
    Colour::Black,
    Colour::Red,
    Colour::Green,
    Colour::Yellow,
    Colour::Blue,
    Colour::Magenta,
    Colour::Cyan,
    Colour::White,
];

/// The pieces of a line, none of them empty.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut ink, mut bold, mut rest) = (None, false, text);
    let mut push = |text, ink, bold| {
        if !str::is_empty(text) {
            pieces.push(Piece { text, ink, bold });
        }
    };
    // The end of what is plain: a start of a sequence that turned out to be none is part of it.
    let mut plain = 0;
    while let Some(found) = rest.get(plain..).and_then(|tail| tail.find("\u{1b}[")) {
        let start = plain + found;
        match rest.get(start + 2..).and_then(rendition) {
            Some((codes, after)) => {
                push(rest.get(..start).unwrap_or_default(), ink, bold);
                (ink, bold) = applied(codes, ink, bold);
                (rest, plain) = (after, 0);
            }
            None => plain = start + 2,
        }
    }
    push(rest, ink, bold);
    pieces
}

/// The text without the sequences that set colours.
pub fn plain(text: &str) -> String {
    pieces(text).iter().map(|piece| piece.text).collect()
}

/// The codes of a sequence up to its `m`, and what follows.
fn rendition(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|character: char| !matches!(character, '0'..='9' | ';' | ':'))?;
    let (codes, rest) = text.split_at_checked(end)?;
    Some((codes, rest.strip_prefix('m')?))
}

fn applied(codes: &str, mut ink: Option<Ink>, mut bold: bool) -> (Option<Ink>, bool) {
    let mut codes = codes.split([';', ':']).map(|code| code.parse::<usize>().unwrap_or_default());
    while let Some(code) = codes.next() {
        match code {
            0 => (ink, bold) = (None, false),
            1 => bold = true,
            22 => bold = false,
            30..=37 => ink = of_number(code - 30, false),
            39 => ink = None,
            90..=97 => ink = of_number(code - 90, true),
            38 => match codes.next() {
                Some(5) => {
                    let number = codes.next().unwrap_or_default();
                    ink = if number < 16 { of_number(number % 8, number >= 8) } else { None };
                }
                // Three numbers of a colour nobody can be sure to be able to read.
                Some(2) => ink = codes.by_ref().take(3).last().and(None),
                _ => {}
            },
            // Backgrounds are left out: with the terminal's own foreground they may be unreadable.
            48 => match codes.next() {
                Some(5) => drop(codes.next()),
                Some(2) => drop(codes.by_ref().take(3).last()),
                _ => {}
            },
            _ => {}
        }
    }
    (ink, bold)
}

/// Black and white are left to the terminal: one of them cannot be read on it.
fn of_number(number: usize, bright: bool) -> Option<Ink> {
    let colour = *COLOURS.get(number)?;
    let unreadable = matches!((colour, bright), (Colour::Black, false) | (Colour::White, _));
    (!unreadable).then_some((colour, bright))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RED: Option<Ink> = Some((Colour::Red, false));

    fn piece(text: &str, ink: Option<Ink>, bold: bool) -> Piece<'_> {
        Piece { text, ink, bold }
    }

    #[test]
    fn colours_are_read_and_nothing_else_is() {
        for (text, expected) in [
            ("plain", vec![piece("plain", None, false)]),
            ("a\u{1b}[31mb\u{1b}[0mc", vec![piece("a", None, false), piece("b", RED, false), piece("c", None, false)]),
            ("\u{1b}[1;31mx\u{1b}[22my", vec![piece("x", RED, true), piece("y", RED, false)]),
            ("\u{1b}[38;5;9mx", vec![piece("x", Some((Colour::Red, true)), false)]),
            ("\u{1b}[38;2;1;2;3;1mx", vec![piece("x", None, true)]),
            ("\u{1b}[48;5;31mx", vec![piece("x", None, false)]),
            ("\u{1b}[30mx\u{1b}[37my", vec![piece("x", None, false), piece("y", None, false)]),
            ("\u{1b}[m\u{1b}[31m", vec![]),
            // Anything that is no colour stays for whoever neutralises.
            ("\u{1b}[2Jx\u{1b}[31my", vec![piece("\u{1b}[2Jx", None, false), piece("y", RED, false)]),
            ("\u{1b}]0;title\u{7}", vec![piece("\u{1b}]0;title\u{7}", None, false)]),
            ("\u{1b}[31", vec![piece("\u{1b}[31", None, false)]),
            ("\u{1b}[?25lx", vec![piece("\u{1b}[?25lx", None, false)]),
        ] {
            assert_eq!(pieces(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_lost(text in "(\u{1b}\\[|[0-9;m]|é|x|\u{1b}){0,30}") {
            let kept: usize = pieces(&text).iter().map(|piece| piece.text.len()).sum();
            prop_assert!(kept <= text.len());
            let letters = |text: &str| text.matches('x').count() + text.matches('é').count();
            prop_assert_eq!(letters(&plain(&text)), letters(&text));
        }
    }
}
