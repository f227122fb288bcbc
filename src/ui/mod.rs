//! State to cells. Pure: the same state always gives the same cells. What a panel says is in `app::screens`; here is only
//! how it looks and where it goes.
//!
//! ```text
//!  app::layout (where) ──┐
//!  app::screens (what) ──┼─▶ view ─▶ canvas ─▶ buffer
//!  theme (how)         ──┘
//! ```

mod canvas;
mod overlays;
pub mod theme;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use self::canvas::Canvas;
pub use self::theme::Theme;
use crate::app::App;
use crate::app::document::{Document, Line, Tone, dim, plain, strong, wrap};
use crate::app::layout::{Layout, SMALLEST, layout};
use crate::app::screens::{self, footer, header, services, strips, title};

/// Paints the screen. Returns where the cursor is while something is typed.
pub fn view(app: &App, theme: &Theme, buffer: &mut Buffer) -> Option<Position> {
    let mut canvas = Canvas::new(buffer, theme);
    let Some(layout) = layout(app) else {
        too_small(app, &mut canvas);
        return None;
    };
    canvas.line(0, layout.header.y, layout.header.width, &header::header(app, usize::from(layout.header.width)));
    canvas.frame(layout.frame, Tone::Dim);
    if !app.is_zoomed() {
        list(app, &layout, &mut canvas);
    }
    detail(app, &layout, &mut canvas);
    for (row, strip) in
        (layout.strips.y..layout.strips.bottom()).zip(strips::strips(app, usize::from(layout.strips.width)))
    {
        canvas.line(0, row, layout.strips.width, &strip);
    }
    if layout.error.height > 0
        && let Some(error) = strips::pinned_error(app, usize::from(layout.error.width))
    {
        canvas.line(0, layout.error.y, layout.error.width, &error);
    }
    let (footer, typing) = footer::footer(app, usize::from(layout.footer.width));
    canvas.line(0, layout.footer.y, layout.footer.width, &footer);
    let typing = typing.map(|column| (u16::try_from(column).unwrap_or(u16::MAX), layout.footer.y).into());
    let over = overlays::overlay(app, &mut canvas);
    over.or(typing).filter(|position| canvas.area().contains(*position))
}

/// The upper half.
fn list(app: &App, layout: &Layout, canvas: &mut Canvas<'_>) {
    let visible = usize::from(layout.list_rows.height);
    canvas.titles(layout.frame, layout.frame.y, &services::title(app), &services::position(app, visible));
    let first = app.list().offset;
    let document = services::document(app, usize::from(layout.list_rows.width), first..first + visible);
    if let Some(head) = &document.head {
        canvas.line(layout.list_head.x, layout.list_head.y, layout.list_head.width, head);
    }
    canvas.document(layout.list_rows, &Document { head: None, ..document }, 0);
    let selected = app.selected_arn();
    let here = app.rows().iter().position(|arn| Some(*arn) == selected.as_ref());
    if let Some(row) = here.and_then(|here| here.checked_sub(first)).filter(|row| *row < visible) {
        let row = layout.list_rows.y.saturating_add(u16::try_from(row).unwrap_or(u16::MAX));
        canvas.select(Rect { y: row, height: 1, ..layout.list_rows });
        canvas.line(0, row, 1, &strong(">").into());
    }
}

/// The lower half, or all of the frame.
fn detail(app: &App, layout: &Layout, canvas: &mut Canvas<'_>) {
    let edge = layout.detail_title;
    if edge.height == 0 {
        return;
    }
    if !app.is_zoomed() {
        canvas.edge(edge, edge.y, ["├", "─", "┤"], Tone::Dim);
    }
    let width = usize::from(edge.width);
    canvas.titles(edge, edge.y, &title::line(app, width), &Line::default());
    let body = layout.detail_body;
    let offset = app.detail().scroll.get(&app.detail().tab).copied().unwrap_or_default();
    let document = screens::tab(app, usize::from(body.width));
    canvas.document(body, &document, offset);
    let height = usize::from(body.height).saturating_sub(usize::from(document.head.is_some()));
    let row = layout.frame.bottom().saturating_sub(1);
    canvas.titles(layout.frame, row, &title::freshness(app), &out_of_sight(&document, offset, height));
}

/// For a lower edge: how many lines are out of sight.
fn out_of_sight(document: &Document, offset: usize, height: usize) -> Line {
    let below = document.lines.len().saturating_sub(offset.saturating_add(height));
    match (offset, below) {
        (0, 0) => Line::default(),
        (0, below) => dim(format!(" ↓ {below} more ")).into(),
        (above, 0) => dim(format!(" ↑ {above} ")).into(),
        (above, below) => dim(format!(" ↑ {above} · ↓ {below} more ")).into(),
    }
}

fn too_small(app: &App, canvas: &mut Canvas<'_>) {
    let (width, height) = (app.size().width, app.size().height);
    let sentence = plain(format!("ecsight needs {}x{}, this is {width}x{height}", SMALLEST.0, SMALLEST.1));
    for (row, line) in (0..height).zip(wrap(&[sentence], usize::from(width))) {
        canvas.line(0, row, width, &line);
    }
}
