//! The lines above the footer: changes being followed, newest first, and the error nobody has looked at yet.

use crate::actions::rollout::Verdict;
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
            let mut line = strip(app, watching).fitted(width.saturating_sub(hint.width()));
            line.spans.extend(hint.spans);
            line
        })
        .collect()
}

fn strip(app: &App, watching: &Watching) -> Line {
    let what = match &watching.watch.mutation {
        Mutation::ForceNewDeployment { .. } => "redeploy".to_owned(),
        Mutation::Scale { desired, .. } => format!("scale to {desired}"),
    };
    let elapsed = short_duration(app.now().duration_since(watching.watch.started_at));
    let (tone, sign) = match watching.progress.verdict {
        Verdict::Rolling => (Tone::Accent, "↻"),
        Verdict::Steady => (Tone::Good, "✔"),
        Verdict::Failing { .. } => (Tone::Bad, "✖"),
    };
    let mut line =
        Line::of([toned(tone, format!(" {sign} ")), plain(format!("{what} ")), strong(&watching.service_name)]);
    line.spans.push(plain(format!("  {elapsed}")));
    line
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
