//! A line being typed, cut so that the cursor is always in sight.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::app::document::{Line, plain};
use crate::app::line_input::LineInput;
use crate::model::text::visible;

/// The part of the input that fits, and the column of the cursor in it.
pub fn input(input: &LineInput, width: usize) -> (Line, usize) {
    let before: String = input.text().chars().take(input.cursor()).collect();
    let after: String = input.text().chars().skip(input.cursor()).collect();
    let (before, after) = (visible(&before), visible(&after));
    // One column for the cursor at the end.
    let room = width.saturating_sub(1);
    let mut start = before.len();
    let mut used = 0;
    for (index, grapheme) in before.grapheme_indices(true).rev() {
        if used + grapheme.width() > room {
            break;
        }
        used += grapheme.width();
        start = index;
    }
    let shown = format!("{}{after}", before.get(start..).unwrap_or_default());
    (Line::from(plain(shown)).fitted(width), used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::key::{Key, KeyPress};

    #[test]
    fn the_cursor_stays_in_sight() {
        let shown = |text: &str, width: usize| {
            let (line, cursor) = input(&LineInput::new(text), width);
            (line.text(), cursor)
        };
        assert_eq!(shown("web", 10), ("web".to_owned(), 3));
        assert_eq!(shown("abcdefghij", 5), ("ghij".to_owned(), 4));
        assert_eq!(shown("東京都", 5), ("京都".to_owned(), 4));
        assert_eq!(shown("\u{1b}[2J", 10), ("␛[2J".to_owned(), 4));
        assert_eq!(shown("web", 0), (String::new(), 0));
    }

    #[test]
    fn text_behind_the_cursor_is_shown_as_far_as_it_fits() {
        let mut typed = LineInput::new("abcdef");
        typed.key(KeyPress::plain(Key::Home));
        let (line, cursor) = input(&typed, 4);
        assert_eq!((line.text().as_str(), cursor), ("abc…", 0));
    }
}
