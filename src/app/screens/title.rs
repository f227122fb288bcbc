//! The line between the halves: the service's name and the tabs. Where each tab stands is said once, for painting and for
//! the mouse.

use super::Tab;
use super::source::Source;
use crate::app::App;
use crate::app::document::{Line, Span, Tone, plain, strong, toned};

/// Columns of the frame before the name.
const START: usize = 1;

/// A piece of the title: a tab, or something else.
pub struct Piece {
    /// What it says.
    pub span: Span,
    /// The tab it opens.
    pub tab: Option<Tab>,
}

/// The pieces of the title from left to right; none while there is no service to speak of. When the width is short, tabs
/// move together, then those not open are abbreviated, and then they keep only their numbers.
pub fn pieces(app: &App, width: usize) -> Vec<Piece> {
    let Some(arn) = app.selected_arn() else {
        return Vec::new();
    };
    let name = plain(arn.name());
    let room = width.saturating_sub(2);
    let style = [(Tabs::Apart, LONG_NAME), (Tabs::Together, SHORT_NAME), (Tabs::Short, SHORT_NAME)]
        .into_iter()
        .find(|(style, longest)| tabs_width(app, *style) + name.width().min(*longest) + 2 <= room)
        .map_or(Tabs::Numbers, |(style, _)| style);
    let name = Line::from(name).fitted(room.saturating_sub(tabs_width(app, style) + 2));
    let mut pieces = vec![Piece { span: strong(format!(" {} ", name.text())), tab: None }];
    for tab in Tab::ALL.iter().copied() {
        let open = tab == app.detail().tab;
        let span = toned(if open { Tone::Accent } else { Tone::Plain }, tab_text(tab, open, style));
        pieces.push(Piece { span, tab: Some(tab) });
    }
    pieces.push(Piece { span: plain(" "), tab: None });
    pieces
}

/// A name is not cut below this many columns while tabs can still move together.
const LONG_NAME: usize = 40;
/// A name is not cut below this many columns while tabs can still give up their words.
const SHORT_NAME: usize = 11;

/// How much room tabs take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tabs {
    Apart,
    Together,
    /// With short titles.
    Short,
    Numbers,
}

fn tab_text(tab: Tab, open: bool, style: Tabs) -> String {
    // The open one is in brackets, since a colour alone says nothing.
    let together = matches!(style, Tabs::Together | Tabs::Short);
    let title = match (open, style) {
        (true, _) if together => format!("[{} {}]", tab.number(), tab.title()),
        (true, _) => return format!("[{} {}]", tab.number(), tab.title()),
        (false, Tabs::Numbers) => tab.number().to_string(),
        (false, Tabs::Short) => format!("{} {}", tab.number(), tab.short_title()),
        (false, _) => format!("{} {}", tab.number(), tab.title()),
    };
    if together { format!(" {title}") } else { format!(" {title} ") }
}

fn tabs_width(app: &App, style: Tabs) -> usize {
    Tab::ALL.iter().map(|tab| tab_text(*tab, *tab == app.detail().tab, style).len()).sum::<usize>() + 1
}

/// The title as a line.
pub fn line(app: &App, width: usize) -> Line {
    Line::of(pieces(app, width).into_iter().map(|piece| piece.span))
}

/// How fresh the open tab is, for the lower edge, where it takes no room from names.
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
