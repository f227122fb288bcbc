//! The last line: what can be pressed, or what was just said, or the filter being typed.

use super::input::input;
use crate::app::App;
use crate::app::command::{self, Command, CommandInfo, Context, Reading};
use crate::app::document::{Line, Span, Tone, dim, plain, strong, toned};
use crate::app::keymap;
use crate::app::logs::{Logs, Prompt};
use crate::app::overlay::Overlay;
use crate::app::room::those_that_fit;
use crate::app::screens::Tab;

/// The footer for a width, and the column of the cursor while something is typed in it.
pub fn footer(app: &App, width: usize) -> (Line, Option<usize>) {
    if app.list().filtering {
        return filter(app, width);
    }
    if let Some(prompt) = app.logs().and_then(Logs::prompt).filter(|_| app.context() == Context::Logs) {
        return prompted(prompt, width);
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
        Some(
            Overlay::Palette(_)
                | Overlay::Clusters(_)
                | Overlay::Tasks(_)
                | Overlay::Insights
                | Overlay::Scale(_)
                | Overlay::Confirm(_)
        )
    );
    // While a question is open its keys are the only ones that do something.
    if asks {
        let keys = if app.shows_insights() { super::insights::keys(app) } else { super::overlay_title(app).1 };
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

/// What is typed about lines of logs.
fn prompted(prompt: &Prompt, width: usize) -> (Line, Option<usize>) {
    let word = match prompt.reading {
        Reading::Include => "only ",
        Reading::Exclude => "without ",
        Reading::Jump => "to ",
        _ => "/",
    };
    let (help, tone) = match &prompt.problem {
        Some(problem) => (format!("  {problem}"), Tone::Bad),
        None if prompt.reading == Reading::Jump => ("  10m, 13:10, 2026-01-31T13:10:00Z".to_owned(), Tone::Dim),
        None => ("  text, or /regex/".to_owned(), Tone::Dim),
    };
    let room = width.saturating_sub(1 + word.chars().count() + help.chars().count()).max(12);
    let (typed, cursor) = input(&prompt.input, room);
    let mut line = Line::of([plain(" "), strong(word)]);
    line.spans.extend(typed.padded(room, crate::app::document::Align::Left).spans);
    line.spans.push(toned(tone, help));
    (line.fitted(width), Some(1 + word.chars().count() + cursor))
}

/// Whether a command is worth a place in the footer of what is on the screen now: what moves the list is of no use while
/// it is hidden, and how to get about a service matters more there.
fn belongs(app: &App, command: Command) -> bool {
    let (open, zoomed) = (app.overlay().is_some(), app.is_zoomed());
    match command {
        Command::Help | Command::Back | Command::Quit => true,
        Command::Copy if matches!(app.overlay(), Some(Overlay::Page { .. })) => true,
        _ if open => false,
        // Reading has keys enough of its own.
        Command::Read(_) => app.context() == Context::Logs,
        Command::Logs => app.detail().tab != Tab::Logs || !zoomed,
        Command::PreviousLogs => matches!(app.detail().tab, Tab::Tasks | Tab::Logs),
        Command::Explain | Command::Copy if app.context() == Context::Logs => false,
        Command::NextService => zoomed,
        Command::Explain => matches!(app.detail().tab, Tab::Overview | Tab::Network),
        Command::ShorterRange | Command::LongerRange => app.detail().tab == Tab::Metrics,
        Command::Zoom | Command::Filter | Command::ProblemsOnly | Command::Sort | Command::Clusters => !zoomed,
        // What was seen already is one of many lists; what was not stands in the line above.
        Command::Errors => app.errors().pinned().is_some(),
        _ => true,
    }
}

/// Leaves first when the line is short.
const LAST: u8 = u8::MAX;

/// Keys of the commands that apply now, as many as fit; the key that shows all of them always does.
fn hints(app: &App, width: usize) -> Line {
    let keymap = &app.options().keymap;
    let fix = app.fix_to_copy().is_some();
    let hint_of = |info: &CommandInfo| {
        let hint = if fix && info.command == Command::Copy { "copy fix" } else { info.hint? };
        Some(pair(&keymap.label(info.command)?, hint))
    };
    let columns = |hint: &[Span]| hint.iter().map(Span::width).sum::<usize>();
    let useful = |info: &&CommandInfo| belongs(app, info.command) && info.command.available(app).is_ok();
    let (mut rank, mut parts) = (1, Vec::new());
    for info in command::all().filter(useful) {
        if let Some(hint) = hint_of(info) {
            let rank_here = match info.command {
                Command::Help => 0,
                // A name can be copied at any time; a fix is what somebody came for.
                Command::Copy if !fix => LAST,
                _ => rank,
            };
            parts.push((rank_here, hint));
            rank += 1;
        }
    }
    // The gap behind the last one may hang over the edge.
    let kept = those_that_fit(parts, width + 1, |(rank, _)| *rank, |(_, hint)| columns(hint));
    let mut line = Line::of([plain(" ")]);
    line.spans.extend(kept.into_iter().flat_map(|(_, hint)| hint));
    line
}

/// A key and what it does.
pub fn pair(key: &str, does: &str) -> [Span; 3] {
    [toned(Tone::Accent, key), plain(" "), dim(format!("{does}  "))]
}
