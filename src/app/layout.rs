//! Where everything is on a screen of a given size. One function for both sides: `ui` paints into these rectangles,
//! `update` takes page sizes and mouse positions from them.
//!
//! ```text
//!  header
//! ┌ Services ────────────┐  list   (title, headings, rows)
//! ├ service ─ tabs ──────┤  detail (title, headings and lines)
//! └──────────────────────┘
//!  strips of watched changes, then the pinned error
//!  footer
//! ```

use ratatui::layout::Rect;

use super::App;
use super::overlay::Overlay;
use super::screens;

/// Below this the screen only says how much it needs.
pub const SMALLEST: (u16, u16) = (40, 8);

/// At most so many watched changes are shown at once.
const MOST_STRIPS: usize = 3;

/// Rectangles of the main screen. Those of parts that are not shown are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Who, where, how many.
    pub header: Rect,
    /// Frame around both halves.
    pub frame: Rect,
    /// Headings of the services table.
    pub list_head: Rect,
    /// Rows of the services table.
    pub list_rows: Rect,
    /// The line with the service's name and the tabs.
    pub detail_title: Rect,
    /// The tab's document, headings included.
    pub detail_body: Rect,
    /// Watched changes.
    pub strips: Rect,
    /// The pinned error.
    pub error: Rect,
    /// Keys, or the filter being typed.
    pub footer: Rect,
}

/// Lays out the screen; `None` when it is too small for anything but a sentence.
pub fn layout(app: &App) -> Option<Layout> {
    let (width, height) = (app.size().width, app.size().height);
    if width < SMALLEST.0 || height < SMALLEST.1 {
        return None;
    }
    let mut layout = Layout { header: Rect::new(0, 0, width, 1), ..Layout::default() };
    let footer_row = height - 1;
    layout.footer = Rect::new(0, footer_row, width, 1);
    let mut bottom = footer_row;
    if app.errors().pinned().is_some() && height > SMALLEST.1 {
        bottom -= 1;
        layout.error = Rect::new(0, bottom, width, 1);
    }
    let room = bottom.saturating_sub(SMALLEST.1 - 1);
    let strips = u16::try_from(app.watches().len().min(MOST_STRIPS)).unwrap_or_default().min(room);
    bottom -= strips;
    layout.strips = Rect::new(0, bottom, width, strips);
    layout.frame = Rect::new(0, 1, width, bottom - 1);
    let (inner_left, inner_width) = (1, width - 2);
    let (first, last) = (2, bottom - 1); // inside the frame: first row, and the row of its lower edge
    if app.is_zoomed() {
        layout.detail_title = Rect::new(0, 1, width, 1);
        layout.detail_body = Rect::new(inner_left, first, inner_width, last.saturating_sub(first));
        return Some(layout);
    }
    let inside = last.saturating_sub(first);
    let rows = list_rows(app, inside);
    layout.list_head = Rect::new(inner_left, first, inner_width, 1.min(inside));
    layout.list_rows = Rect::new(inner_left, first + 1, inner_width, rows);
    let title = first + 1 + rows;
    if title < last {
        layout.detail_title = Rect::new(0, title, width, 1);
        layout.detail_body = Rect::new(inner_left, title + 1, inner_width, last.saturating_sub(title + 1));
    }
    Some(layout)
}

/// Rows of the services table: as many as there are services, but at most two fifths of the room, so that the lower half
/// can say why.
fn list_rows(app: &App, inside: u16) -> u16 {
    let room = inside.saturating_sub(1);
    let most = (room * 2 / 5).max(3).min(room);
    let wanted = u16::try_from(super::service_list::shown(app.store(), app.list()).count()).unwrap_or(u16::MAX).max(1);
    wanted.min(most)
}

/// The frame of the overlay on the screen, centred and as high as what it says, below the header and above the footer.
pub fn overlay_frame(app: &App) -> Rect {
    let (width, height) = (app.size().width, app.size().height);
    let wanted_width = match app.overlay() {
        Some(Overlay::Scale(_)) => 60,
        Some(Overlay::Confirm(_)) => 100,
        // Lines of logs take all the room there is.
        Some(Overlay::Insights) => width,
        _ => 110,
    };
    // Where little would be seen beside it, it takes the whole width.
    let frame_width = if width < wanted_width + 8 { width } else { wanted_width };
    let body = screens::overlay_height(app, usize::from(frame_width.saturating_sub(2)));
    let wanted_height = u16::try_from(body).unwrap_or(u16::MAX).saturating_add(2);
    let frame_height = wanted_height.min(height.saturating_sub(2));
    Rect::new((width - frame_width) / 2, (height - frame_height) / 2, frame_width, frame_height)
}

/// The inside of [`overlay_frame`].
pub fn overlay_body(app: &App) -> Rect {
    let frame = overlay_frame(app);
    Rect::new(frame.x + 1, frame.y + 1, frame.width.saturating_sub(2), frame.height.saturating_sub(2))
}
