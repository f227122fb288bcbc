//! The lines above the footer: changes being followed, newest first, and the error nobody has looked at yet.

use jiff::SignedDuration;

use crate::actions::rollout::{Progress, Verdict};
use crate::app::App;
use crate::app::action::Watching;
use crate::app::command::Command;
use crate::app::document::{Line, Tone, dim, plain, strong, toned};
use crate::app::freshness::short_duration;
use crate::model::query::Mutation;

/// One line for each change being followed.
pub fn strips(app: &App, width: usize) -> Vec<Line> {
    let dismiss = app.options().keymap.label(Command::DismissWatch);
    app.watches()
        .iter()
        .enumerate()
        .map(|(index, watching)| {
            // The key takes the newest away, so it stands there.
            let hint = dismiss.as_deref().filter(|_| index == 0).map(|key| format!("  {key} closes"));
            let hint = Line::from(dim(hint.unwrap_or_default()));
            let mut line = strip(watching).fitted(width.saturating_sub(hint.width()));
            line.spans.extend(hint.spans);
            line
        })
        .collect()
}

/// `↻ redeploy web  new 2/4  old 4  targets 2/4 healthy  failed 0  1m 12s  rolling`
fn strip(watching: &Watching) -> Line {
    let Progress { new, old, targets, failed_tasks, elapsed, verdict, trouble } = &watching.progress;
    let what = match &watching.watch.mutation {
        Mutation::ForceNewDeployment { .. } => "redeploy".to_owned(),
        Mutation::Scale { desired, .. } => format!("scale to {desired}"),
    };
    let (tone, sign) = match verdict {
        Verdict::Rolling => (Tone::Accent, "↻"),
        Verdict::Steady => (Tone::Good, "✔"),
        Verdict::Failing { .. } => (Tone::Bad, "✖"),
    };
    let mut line =
        Line::of([toned(tone, format!(" {sign} ")), plain(format!("{what} ")), strong(&watching.service_name)]);
    let elapsed = exact_duration(*elapsed);
    match verdict {
        Verdict::Steady => {
            line.spans.push(toned(tone, format!("  steady after {elapsed}")));
            return line;
        }
        Verdict::Failing { why } => line.spans.push(toned(tone, format!("  {why}"))),
        Verdict::Rolling => {}
    }
    line.spans.push(plain(format!("  new {}/{}", new.running, new.desired)));
    if old.running > 0 || old.pending > 0 {
        line.spans.push(plain(format!("  old {}", old.running)));
    }
    if let Some(targets) = targets {
        line.spans.push(plain(format!("  targets {}/{} healthy", targets.healthy, targets.total)));
    }
    let failed = if *failed_tasks > 0 { Tone::Bad } else { Tone::Dim };
    line.spans.push(toned(failed, format!("  failed {failed_tasks}")));
    line.spans.push(plain(format!("  {elapsed}")));
    if *verdict == Verdict::Rolling {
        let words =
            trouble.as_deref().map_or_else(|| toned(tone, "  rolling"), |why| toned(Tone::Warn, format!("  ! {why}")));
        line.spans.push(words);
    }
    line
}

/// `1m 12s`: while somebody waits, every second counts.
fn exact_duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes @ ..60, seconds) => format!("{minutes}m {seconds}s"),
        _ => short_duration(duration),
    }
}

/// The newest error nobody has looked at.
pub fn pinned_error(app: &App, width: usize) -> Option<Line> {
    let note = app.errors().pinned()?;
    let hint = app.options().keymap.label(Command::Errors).map(|key| format!("  {key} shows")).unwrap_or_default();
    let times = if note.count > 1 { format!("{}× ", note.count) } else { String::new() };
    let head = format!(" ✖ {times}{} {}", note.error.kind.label(), note.error.operation);
    let line = Line::of([toned(Tone::Bad, head), plain(format!(" — {}", note.error.advice()))]);
    let mut line = line.fitted(width.saturating_sub(hint.chars().count()));
    line.spans.push(dim(hint));
    Some(line)
}
