//! Aligned columns for people. Widths are those a terminal shows, text from AWS is made visible, colours are optional and never
//! carry anything that the words do not.

use jiff::{SignedDuration, Timestamp};
use unicode_width::UnicodeWidthStr;

use crate::diagnose::health::Health;
use crate::diagnose::stopped::spell;
use crate::model::text::visible;

/// One of the sixteen ANSI colours, as its SGR parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tint {
    Red = 31,
    Green = 32,
    Yellow = 33,
    Blue = 34,
}

impl Tint {
    /// What stands before and after text in this colour.
    fn around(self) -> (String, &'static str) {
        (format!("\u{1b}[{}m", self as u8), "\u{1b}[0m")
    }
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    text: String,
    tint: Option<Tint>,
}

impl Cell {
    /// A cell with this text, made visible.
    pub(super) fn new(text: impl AsRef<str>) -> Self {
        Self { text: visible(text.as_ref()).into_owned(), tint: None }
    }

    /// A cell for something that may be absent.
    pub(super) fn maybe(text: Option<impl AsRef<str>>) -> Self {
        text.map_or_else(|| Self::new("-"), Self::new)
    }

    /// The cell in a colour.
    pub(super) fn tinted(self, tint: Option<Tint>) -> Self {
        Self { tint, ..self }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

/// Sign and colour of a health; with its word they say it all without the colour.
pub(super) const fn looks(health: Health) -> (&'static str, Option<Tint>) {
    match health {
        Health::Failing => ("✖", Some(Tint::Red)),
        Health::Degraded => ("!", Some(Tint::Yellow)),
        Health::Deploying => ("↻", Some(Tint::Blue)),
        Health::Healthy => ("✔", Some(Tint::Green)),
        Health::Inactive => ("-", None),
        Health::Unknown => ("?", None),
    }
}

/// Text in a colour, where there may be colours.
pub(super) fn painted(text: &str, tint: Option<Tint>, colour: bool) -> String {
    match tint.filter(|_| colour) {
        Some(tint) => {
            let (before, after) = tint.around();
            format!("{before}{text}{after}")
        }
        None => text.to_owned(),
    }
}

/// Writes a header and rows, two spaces between columns, nothing after the last.
pub(super) fn table<const COLUMNS: usize>(header: [&str; COLUMNS], rows: &[[Cell; COLUMNS]], colour: bool) -> String {
    let header = header.map(Cell::new);
    let lines = || std::iter::once(&header).chain(rows);
    let widths: [usize; COLUMNS] =
        std::array::from_fn(|column| lines().filter_map(|line| line.get(column)).map(Cell::width).max().unwrap_or(0));
    let mut text = String::new();
    for line in lines() {
        let mut gap = 0;
        for (cell, width) in line.iter().zip(widths) {
            // Spaces are written only once something follows them, so that no line ends in any.
            if !cell.text.is_empty() {
                text.push_str(&" ".repeat(gap));
                gap = 0;
                let (before, after) = cell.tint.filter(|_| colour).map_or((String::new(), ""), Tint::around);
                text.extend([before.as_str(), cell.text.as_str(), after]);
            }
            gap += width.saturating_sub(cell.width()) + 2;
        }
        text.push('\n');
    }
    text
}

/// How long ago something was; the clocks of AWS's services differ a little, and nothing happens in the future.
pub(super) fn age(since: Timestamp, now: Timestamp) -> String {
    spell(now.duration_since(since).max(SignedDuration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_what_a_terminal_shows() {
        let rows = [
            [Cell::new("東京"), Cell::new("1"), Cell::new("a")],
            [Cell::new("web"), Cell::maybe(None::<&str>), Cell::new("")],
            [Cell::new("\u{1b}x"), Cell::new("100"), Cell::new("b c")],
        ];
        assert_eq!(table(["NAME", "N", "WHY"], &rows, true), "NAME  N    WHY\n東京  1    a\nweb   -\n␛x    100  b c\n");
    }

    #[test]
    fn colours_do_not_count_as_width_and_can_be_left_out() {
        let rows = [[Cell::new("bad").tinted(Some(Tint::Red)), Cell::new("x")]];
        assert_eq!(table(["HEALTH", "Y"], &rows, true), "HEALTH  Y\n\u{1b}[31mbad\u{1b}[0m     x\n");
        assert_eq!(table(["HEALTH", "Y"], &rows, false), "HEALTH  Y\nbad     x\n");
    }

    #[test]
    fn nothing_happens_in_the_future() {
        let now: Timestamp = "2026-01-10T00:00:00Z".parse().unwrap();
        assert_eq!(age("2026-01-09T23:48:00Z".parse().unwrap(), now), "12 min");
        assert_eq!(age("2026-01-10T00:00:07Z".parse().unwrap(), now), "0 s");
    }
}
