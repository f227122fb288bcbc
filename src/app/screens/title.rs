//! The line between the halves: the service's name and the tabs. Where each tab stands is said once, for painting and for
//! the mouse.

use super::Tab;
use super::source::Source;
use crate::app::App;
use crate::app::document::{Line, Span, Tone, fit};

/// Columns of the frame before the name.
const START: usize = 1;

/// A piece of the title: a tab, or something else.
pub struct Piece {
    /// What it says.
    pub span: Span,
    /// The tab it opens.
    pub tab: Option<Tab>,
}

/// The pieces of the title from left to right. When the width is short, tabs not open keep only their numbers.
pub fn pieces(app: &App, width: usize) -> Vec<Piece> {
    let name = app.selected_arn().map(|arn| arn.name().to_owned()).unwrap_or_default();
    let room = width.saturating_sub(2);
    let full: usize = Tab::ALL.iter().map(|tab| tab.title().len() + 4).sum();
    let short: usize =
        Tab::ALL.iter().map(|tab| if *tab == app.detail().tab { tab.title().len() + 4 } else { 3 }).sum();
    let long_titles = full + 12 <= room;
    let name = fit(&name, room.saturating_sub(if long_titles { full } else { short } + 4));
    let mut pieces = vec![Piece { span: Span::new(Tone::Strong, format!(" {name} ")), tab: None }];
    for tab in Tab::ALL {
        let open = tab == app.detail().tab;
        let tone = if open { Tone::Accent } else { Tone::Plain };
        let text = if open || long_titles {
            format!(" {} {} ", tab.number(), tab.title())
        } else {
            format!(" {} ", tab.number())
        };
        pieces.push(Piece { span: Span::new(tone, text), tab: Some(tab) });
    }
    pieces
}

/// The title as a line.
pub fn line(app: &App, width: usize) -> Line {
    Line::of(pieces(app, width).into_iter().map(|piece| piece.span))
}

/// How fresh the open tab is, for the right of the line.
pub fn freshness(app: &App) -> Line {
    let label = super::source_of_tab(app).map(|source: Source<'_>| source.label(app.now()));
    label.filter(|label| !label.text().is_empty()).map_or_else(Line::default, |label| {
        let tone = label.tone();
        Span::new(tone, format!(" {} ", label.text())).into()
    })
}

/// The tab at a column of the title line.
pub fn tab_at(app: &App, column: usize, width: usize) -> Option<Tab> {
    let mut start = START;
    for piece in pieces(app, width) {
        let end = start + piece.span.width();
        if (start..end).contains(&column) {
            return piece.tab;
        }
        start = end;
    }
    None
}
