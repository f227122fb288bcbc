//! What lies over the main screen.

use ratatui::layout::Position;

use super::canvas::Canvas;
use crate::app::App;
use crate::app::document::{Line, Tone};
use crate::app::layout::{overlay_body, overlay_frame};
use crate::app::overlay::Overlay;
use crate::app::screens;

/// Paints the overlay, if there is one.
pub(super) fn overlay(app: &App, canvas: &mut Canvas<'_>) -> Option<Position> {
    let overlay = app.overlay()?;
    let (frame, body) = (overlay_frame(app), overlay_body(app));
    canvas.clear(frame);
    canvas.frame(frame, Tone::Plain);
    let document = screens::overlay(app, usize::from(body.width));
    let offset = match overlay {
        Overlay::Help(offset) | Overlay::Activity(offset) | Overlay::Errors(offset) => *offset,
        _ => 0,
    };
    canvas.titles(frame, frame.y, &Line::default(), &Line::default());
    canvas.document(body, &document, offset);
    None
}
