//! State to cells. Pure.
#![allow(missing_docs)]
use crate::app::App;
use ratatui::{buffer::Buffer, layout::Position, style::Style};
pub mod theme {
    #[derive(Clone, Debug, Default)]
    pub struct Theme;
}
pub fn view(app: &App, _theme: &theme::Theme, buffer: &mut Buffer) -> Option<Position> {
    let rows = app.rows();
    let width = usize::from(buffer.area.width);
    buffer.set_stringn(0, 0, format!("ecsight Services {}", rows.len()), width, Style::default());
    for (y, arn) in (1..buffer.area.height).zip(rows) {
        let mark = if app.selected_arn().as_ref() == Some(arn) { ">" } else { " " };
        buffer.set_stringn(0, y, format!("{mark}{}", arn.name()), width, Style::default());
    }
    if app.list().filtering { Some(Position { x: 3, y: 0 }) } else { None }
}
