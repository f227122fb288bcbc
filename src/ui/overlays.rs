//! What lies over the main screen.

use ratatui::layout::Position;

use super::canvas::Canvas;
use crate::app::App;
use crate::app::document::{Line, Span, Tone};
use crate::app::layout::{overlay_body, overlay_frame};
use crate::app::screens;

/// Paints the overlay, if there is one.
pub(super) fn overlay(app: &App, canvas: &mut Canvas<'_>) -> Option<Position> {
    let overlay = app.overlay()?;
    let (frame, body) = (overlay_frame(app), overlay_body(app));
    canvas.clear(frame);
    canvas.frame(frame, Tone::Plain);
    let (title, keys) = screens::overlay_title(app);
    let edge =
        |text: &str, tone| if text.is_empty() { Line::default() } else { Span::new(tone, format!(" {text} ")).into() };
    canvas.titles(frame, frame.y, &edge(title, Tone::Strong), &edge(&keys, Tone::Dim));
    let width = usize::from(body.width);
    let document = screens::overlay(app, width);
    let offset = overlay.offset().unwrap_or_default();
    canvas.document(body, &document, offset);
    let height = usize::from(body.height).saturating_sub(usize::from(document.head.is_some()));
    let words = super::out_of_sight(&document, offset, height);
    canvas.titles(frame, frame.bottom().saturating_sub(1), &Line::default(), &words);
    let (column, row) = screens::overlay_cursor(app, width)?;
    let cell = |start: u16, offset: usize| start.saturating_add(u16::try_from(offset).unwrap_or(u16::MAX));
    Some((cell(body.x, column), cell(body.y, row)).into())
}
