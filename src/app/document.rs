//! What a panel says, before anybody decides how it looks: lines of text with a tone. Screens build documents for a width;
//! `update` counts their lines to bound scrolling, `ui` turns tones into colours. All text in a [`Span`] has been
//! neutralised, because there is no other way to make one.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use crate::model::look::{Colour, Tone};
use crate::model::text::visible;

/// Which side text leans to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A piece of text with one tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    text: String,
    tone: Tone,
    colour: Option<Ink>,
}

/// One of the sixteen ANSI colours: which, and whether it is the bright one of its pair. For text whose colour somebody
/// else chose, or that only has to be told from its neighbours.
pub type Ink = (Colour, bool);

impl Span {
    /// Neutralises the text.
    pub fn new(tone: Tone, text: impl AsRef<str>) -> Self {
        Self { text: visible(text.as_ref()).into_owned(), tone, colour: None }
    }

    /// In a colour of its own, where the screen has colours.
    #[must_use]
    pub const fn inked(mut self, colour: Option<Ink>) -> Self {
        self.colour = colour;
        self
    }

    /// Its own colour, if it has one.
    pub const fn colour(&self) -> Option<Ink> {
        self.colour
    }

    /// The text, safe to print.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    pub const fn tone(&self) -> Tone {
        self.tone
    }

    /// Columns it takes.
    pub fn width(&self) -> usize {
        columns(&self.text)
    }
}

/// Text in the ordinary tone.
pub fn plain(text: impl AsRef<str>) -> Span {
    Span::new(Tone::Plain, text)
}

/// Text that steps back.
pub fn dim(text: impl AsRef<str>) -> Span {
    Span::new(Tone::Dim, text)
}

/// Text that stands out.
pub fn strong(text: impl AsRef<str>) -> Span {
    Span::new(Tone::Strong, text)
}

/// Text in a tone.
pub fn toned(tone: Tone, text: impl AsRef<str>) -> Span {
    Span::new(tone, text)
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its pieces from left to right.
    pub spans: Vec<Span>,
}

impl Line {
    /// A line of these pieces.
    pub fn of(spans: impl IntoIterator<Item = Span>) -> Self {
        Self { spans: spans.into_iter().collect() }
    }

    /// Columns it takes.
    pub fn width(&self) -> usize {
        self.spans.iter().map(Span::width).sum()
    }

    /// The text without tones.
    pub fn text(&self) -> String {
        self.spans.iter().map(Span::text).collect()
    }

    /// Cut to `width` columns, with an ellipsis where something was left out.
    #[must_use]
    pub fn fitted(self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut kept = Self::default();
        let mut left = width;
        for span in self.spans {
            let columns = span.width();
            // The ellipsis needs a column of its own, also where the next piece is what does not fit.
            if columns < left {
                left -= columns;
                kept.spans.push(span);
                continue;
            }
            let text = fit(&format!("{}  ", span.text), left);
            kept.spans.push(Span { text, ..span });
            break;
        }
        kept
    }

    /// Cut to `width` columns in the middle of its last piece, for names: what tells them apart is often their end.
    #[must_use]
    pub fn fitted_between(mut self, width: usize) -> Self {
        let excess = self.width().saturating_sub(width);
        if let Some(last) = self.spans.last_mut().filter(|_| excess > 0) {
            last.text = fit_between(&last.text, columns(&last.text).saturating_sub(excess));
        }
        self.fitted(width)
    }

    /// Filled with spaces up to `width` columns, behind the text or before it.
    #[must_use]
    pub fn padded(mut self, width: usize, align: Align) -> Self {
        let missing = " ".repeat(width.saturating_sub(self.width()));
        if !missing.is_empty() {
            let padding = Span { text: missing, tone: Tone::Plain, colour: None };
            match align {
                Align::Left => self.spans.push(padding),
                Align::Right => self.spans.insert(0, padding),
            }
        }
        self
    }

    /// The same line in another tone, e.g. dimmed because it is old.
    #[must_use]
    pub fn toned(mut self, tone: Tone) -> Self {
        for span in &mut self.spans {
            (span.tone, span.colour) = (tone, None);
        }
        self
    }
}

impl From<Span> for Line {
    fn from(span: Span) -> Self {
        Self { spans: vec![span] }
    }
}

/// What a panel says: a line that stays in place, and lines that scroll.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Column headings, if any.
    pub head: Option<Line>,
    /// The lines.
    pub lines: Vec<Line>,
}

impl Document {
    /// Lines it takes, headings included.
    pub fn height(&self) -> usize {
        self.lines.len() + usize::from(self.head.is_some())
    }

    /// All lines in another tone, e.g. dimmed because they are old.
    #[must_use]
    pub fn toned(mut self, tone: Tone) -> Self {
        self.lines = self.lines.into_iter().map(|line| line.toned(tone)).collect();
        self
    }

    /// Adds a sentence, wrapped at `width`.
    pub fn paragraph(&mut self, spans: &[Span], width: usize) {
        self.lines.extend(wrap(spans, width));
    }

    /// Adds a line.
    pub fn push(&mut self, line: impl Into<Line>) {
        self.lines.push(line.into());
    }

    /// Adds `label  text` with the text wrapped at `width` and continued under itself.
    pub fn field(&mut self, label: &str, label_width: usize, spans: &[Span], width: usize) {
        let indent = label_width + 2;
        let wrapped = wrap(spans, width.saturating_sub(indent).max(10));
        for (index, line) in wrapped.into_iter().enumerate() {
            let start = if index == 0 { format!("{label:<label_width$}  ") } else { " ".repeat(indent) };
            let mut spans = vec![dim(start)];
            spans.extend(line.spans);
            self.push(Line { spans });
        }
    }
}

/// Breaks spans into lines of at most `width` columns: at spaces where it can, inside words where a word is longer than a
/// line.
pub fn wrap(spans: &[Span], width: usize) -> Vec<Line> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = Line::default();
    let mut used = 0;
    for span in spans {
        for piece in span.text.split_inclusive(' ').flat_map(|word| break_word(word, width)) {
            // The space after a word may hang over the edge.
            if used + columns(piece.trim_end()) > width && used > 0 {
                trim_end(&mut line);
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used == 0 && !lines.is_empty() && piece.trim().is_empty() {
                continue;
            }
            let taken = columns(piece);
            let piece = if used + taken > width { piece.trim_end() } else { piece };
            append(&mut line, piece, span);
            // A space that was left out still ends the word.
            used = (used + taken).min(width);
        }
    }
    if !line.spans.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Columns of a text: of each of its characters, as they are put into cells. Some scripts join two into one where a font can.
fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

fn trim_end(line: &mut Line) {
    if let Some(last) = line.spans.last_mut() {
        last.text.truncate(last.text.trim_end().len());
    }
}

fn append(line: &mut Line, text: &str, span: &Span) {
    match line.spans.last_mut() {
        Some(last) if (last.tone, last.colour) == (span.tone, span.colour) => last.text.push_str(text),
        _ => line.spans.push(Span { text: text.to_owned(), ..*span }),
    }
}

/// Pieces of a word, none wider than `width`: the word itself, or else its parts between punctuation marks, or else what
/// fits.
fn break_word(word: &str, width: usize) -> Vec<&str> {
    if columns(word.trim_end()) <= width {
        return vec![word];
    }
    word.split_word_bounds().flat_map(|part| break_anywhere(part, width)).collect()
}

fn break_anywhere(word: &str, width: usize) -> Vec<&str> {
    if columns(word) <= width {
        return vec![word];
    }
    let mut pieces = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (index, grapheme) in word.grapheme_indices(true) {
        let columns = grapheme.width();
        if used + columns > width && index > start {
            pieces.extend(word.get(start..index));
            (start, used) = (index, 0);
        }
        used += columns;
    }
    pieces.extend(word.get(start..));
    pieces
}

/// Cuts text to `width` columns, with an ellipsis where something was left out.
pub fn fit(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let columns = grapheme.width();
        if used + columns + 1 > width {
            break;
        }
        kept.push_str(grapheme);
        used += columns;
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// Cuts text to `width` columns in its middle, with an ellipsis where something was left out.
fn fit_between(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let (mut end, mut used) = (text.len(), 0);
    for (index, grapheme) in text.grapheme_indices(true).rev() {
        used += grapheme.width();
        if used > width.saturating_sub(1) / 2 {
            break;
        }
        end = index;
    }
    let after = text.get(end..).unwrap_or_default();
    format!("{}{after}", fit(text, width.saturating_sub(columns(after))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(lines: &[Line]) -> Vec<String> {
        lines.iter().map(Line::text).collect()
    }

    #[test]
    fn words_move_to_the_next_line_whole_and_long_words_break() {
        assert_eq!(texts(&wrap(&[plain("one two three")], 8)), ["one two", "three"]);
        assert_eq!(texts(&wrap(&[plain("abcdefghij")], 4)), ["abcd", "efgh", "ij"]);
        assert_eq!(texts(&wrap(&[plain("")], 4)), [""]);
        assert_eq!(texts(&wrap(&[plain("東京東京")], 5)), ["東京", "東京"]);
    }

    #[test]
    fn tones_survive_wrapping() {
        let lines = wrap(&[strong("why "), dim("because of this")], 9);
        assert_eq!(texts(&lines), ["why", "because", "of this"]);
        assert_eq!(lines[0].spans[0].tone(), Tone::Strong);
        assert_eq!(lines[2].spans[0].tone(), Tone::Dim);
    }

    #[test]
    fn cut_text_says_so() {
        assert_eq!(fit("messenger-web", 8), "messeng…");
        assert_eq!(fit("web", 8), "web");
        assert_eq!(fit("東京都", 4), "東…");
        assert_eq!(fit("web", 0), "");
    }

    #[test]
    fn names_keep_their_beginning_and_their_end() {
        let cut = |text: &str, width: usize| fit_between(text, width);
        assert_eq!(cut("wishlist-worker-8", 12), "wishli…ker-8");
        assert_eq!(cut("web", 3), "web");
        assert_eq!(cut("東京都東京都", 7), "東京…都");
        assert_eq!([cut("web", 2), cut("web", 1), cut("web", 0)], ["w…", "…", ""]);
        let line = Line::of([plain("✔ "), plain("wishlist-worker-8")]);
        assert_eq!(line.fitted_between(14).text(), "✔ wishli…ker-8");
    }

    #[test]
    fn letters_that_a_font_may_join_have_cells_of_their_own() {
        assert_eq!(plain("\u{644}\u{627}\u{644}\u{627}").width(), 4);
        let lines = wrap(&[plain("\u{644}\u{627}".repeat(4))], 6);
        assert_eq!(lines.iter().map(Line::width).collect::<Vec<_>>(), [6, 2]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(text in "[ a-z-é東🚀\u{301}]{0,80}", width in 2_usize..30) {
            for line in wrap(&[plain(&text)], width) {
                prop_assert!(line.width() <= width, "{:?}", line.text());
            }
        }

        #[test]
        fn cut_text_is_never_too_wide(text in "\\PC{0,40}", width in 0_usize..20) {
            prop_assert!(fit(&text, width).width() <= width);
            prop_assert!(fit_between(&text, width).width() <= width);
        }
    }
}
