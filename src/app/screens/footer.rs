//! The last line: what can be pressed, or what was just said, or the filter being typed.

use super::input::input;
use crate::app::App;
use crate::app::command::{self, Command, CommandInfo};
use crate::app::document::{Line, Span, Tone, dim, plain, strong, toned};
use crate::app::keymap;
use crate::app::overlay::Overlay;

/// The footer for a width, and the column of the cursor while something is typed in it.
pub fn footer(app: &App, width: usize) -> (Line, Option<usize>) {
    if app.list().filtering {
        return filter(app, width);
    }
    if let Some(notice) = app.notice() {
        return (Line::of([plain(" "), toned(Tone::Strong, &notice.text)]).fitted(width), None);
    }
    if !app.pending_keys().is_empty() {
        let keys: Vec<String> = app.pending_keys().iter().map(|press| keymap::label(&press.to_string())).collect();
        let line = Line::of([plain(" "), strong(keys.join(" ")), dim(" … waiting for the next key")]);
        return (line.fitted(width), None);
    }
    let asks = matches!(
        app.overlay(),
        Some(Overlay::Palette(_) | Overlay::Clusters(_) | Overlay::Scale(_) | Overlay::Confirm(_))
    );
    // While a question is open its keys are the only ones that do something.
    if asks {
        let (_, keys) = super::overlay_title(app);
        return (Line::of([plain(" "), dim(keys)]).fitted(width), None);
    }
    (hints(app, width), None)
}

fn filter(app: &App, width: usize) -> (Line, Option<usize>) {
    let help = "  Enter keeps · Esc clears · !word excludes";
    let help = if width >= 70 { help } else { "" };
    let room = width.saturating_sub(3 + help.chars().count());
    let (typed, cursor) = input(&app.list().filter, room);
    let mut line = Line::of([plain(" "), strong("/")]);
    line.spans.extend(typed.padded(room, crate::app::document::Align::Left).spans);
    line.spans.push(dim(help));
    (line, Some(2 + cursor))
}

/// Keys of the commands that apply now, as many as fit; the key that shows all of them always does.
fn hints(app: &App, width: usize) -> Line {
    let keymap = &app.options().keymap;
    let hint_of = |info: &CommandInfo| Some(pair(&keymap.label(info.command)?, info.hint?));
    let columns = |hint: &[Span]| hint.iter().map(Span::width).sum::<usize>();
    let mut reserved = hint_of(Command::Help.info()).map_or(0, |hint| columns(&hint));
    let mut line = Line::of([plain(" ")]);
    for info in command::all().filter(|info| info.command.available(app).is_ok()) {
        let Some(hint) = hint_of(info) else { continue };
        if info.command == Command::Help {
            reserved = 0;
        }
        if line.width() + columns(&hint) + reserved <= width {
            line.spans.extend(hint);
        }
    }
    line
}

/// A key and what it does.
pub fn pair(key: &str, does: &str) -> [Span; 3] {
    [toned(Tone::Accent, key), plain(" "), dim(format!("{does}  "))]
}
