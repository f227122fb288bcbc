//! Writing documents into cells. Everything is clipped to the buffer, whose size may differ from what the layout was made
//! for while the terminal is being resized.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::theme::Theme;
use crate::app::document::{Document, Line, Span, Tone};

/// A buffer with the styles to fill it.
pub(super) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
}

impl<'a> Canvas<'a> {
    pub(super) const fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buffer, theme }
    }

    /// What can be painted on.
    pub(super) const fn area(&self) -> Rect {
        self.buffer.area
    }

    /// Writes text from a cell on, at most `width` columns; returns the column after it.
    pub(super) fn text(&mut self, column: u16, row: u16, width: u16, text: &str, style: Style) -> u16 {
        if !self.buffer.area.contains((column, row).into()) {
            return column;
        }
        // What lay there before must not shine through, e.g. a dim frame under a title.
        self.buffer.set_stringn(column, row, text, usize::from(width), Style::reset().patch(style)).0
    }

    /// Writes a piece of text in its tone; returns the column after it.
    pub(super) fn span(&mut self, column: u16, row: u16, width: u16, span: &Span) -> u16 {
        self.text(column, row, width, span.text(), self.theme.inked(span.tone(), span.colour()))
    }

    /// Writes a line; returns the column after it.
    pub(super) fn line(&mut self, column: u16, row: u16, width: u16, line: &Line) -> u16 {
        let end = column.saturating_add(width);
        line.spans.iter().fold(column, |column, span| self.span(column, row, end.saturating_sub(column), span))
    }

    /// Writes a document from its line `offset` on; its headings stay.
    pub(super) fn document(&mut self, area: Rect, document: &Document, offset: usize) {
        let lines = document.head.iter().chain(document.lines.iter().skip(offset));
        for (row, line) in (area.y..area.bottom()).zip(lines) {
            self.line(area.x, row, area.width, line);
        }
    }

    /// Turns a row into the one under the cursor.
    pub(super) fn select(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.set_style(Theme::selected(Style::new()));
            }
        }
    }

    /// Empties an area, for something that lies over the rest.
    pub(super) fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        // A wide character cut in half at the left edge would push the edge aside.
        if let Some(before) = area.x.checked_sub(1) {
            for row in area.y..area.bottom() {
                if let Some(cell) = self.buffer.cell_mut((before, row))
                    && unicode_width::UnicodeWidthStr::width(cell.symbol()) > 1
                {
                    cell.set_symbol(" ");
                }
            }
        }
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
    }

    /// Draws a box.
    pub(super) fn frame(&mut self, area: Rect, tone: Tone) {
        if area.width < 2 || area.height < 2 {
            return;
        }
        self.edge(area, area.y, ["┌", "─", "┐"], tone);
        self.edge(area, area.bottom() - 1, ["└", "─", "┘"], tone);
        let style = self.theme.style(tone);
        for row in area.y + 1..area.bottom() - 1 {
            self.text(area.x, row, 1, "│", style);
            self.text(area.right() - 1, row, 1, "│", style);
        }
    }

    /// Draws a horizontal edge of a box: left end, line, right end.
    pub(super) fn edge(&mut self, area: Rect, row: u16, [left, middle, right]: [&str; 3], tone: Tone) {
        let style = self.theme.style(tone);
        for column in area.x..area.right() {
            self.text(column, row, 1, middle, style);
        }
        self.text(area.x, row, 1, left, style);
        self.text(area.right().saturating_sub(1), row, 1, right, style);
    }

    /// Writes on an edge: `left` after its first corner, `right` before its last, which gives way when there is no room.
    pub(super) fn titles(&mut self, area: Rect, row: u16, left: &Line, right: &Line) {
        let room = area.width.saturating_sub(2);
        let end = self.line(area.x.saturating_add(1), row, room, left);
        let free = area.right().saturating_sub(1).saturating_sub(end);
        let wanted = u16::try_from(right.width()).unwrap_or(u16::MAX);
        if wanted > 0 && free > 3 {
            let width = wanted.min(free);
            let column = area.right() - 1 - width;
            self.line(column, row, width, &right.clone().fitted(usize::from(width)));
        }
    }
}
