//! The lines above the footer: changes being followed, newest first, and the error nobody has looked at yet.

use jiff::SignedDuration;

use crate::actions::rollout::{Progress, Verdict};
use crate::app::App;
use crate::app::action::Watching;
use crate::app::command::Command;
use crate::app::document::{Line, Span, Tone, dim, plain, toned};
use crate::app::freshness::short_duration;
use crate::app::room::those_that_fit;
use crate::model::query::Mutation;

/// A part of a strip; the highest leaves first, 0 never does.
struct Part {
    leaves: u8,
    span: Span,
}

/// One line for each change being followed.
pub fn strips(app: &App, width: usize) -> Vec<Line> {
    let dismiss = app.options().keymap.label(Command::DismissWatch);
    app.watches()
        .iter()
        .enumerate()
        .map(|(index, watching)| {
            // The key takes the newest away, so it stands there.
            let hint = dismiss.as_deref().filter(|_| index == 0).map(|key| format!("  {key} closes"));
            let mut parts = parts(watching);
            parts.extend(hint.map(|hint| Part { leaves: 9, span: dim(hint) }));
            let kept = those_that_fit(parts, width, |part| part.leaves, |part| part.span.width());
            Line::of(kept.into_iter().map(|part| part.span)).fitted(width)
        })
        .collect()
}

/// `↻ redeploy web  new 2/4  old 4  healthy 2/4  1m 12s`; what went wrong comes before all numbers.
fn parts(watching: &Watching) -> Vec<Part> {
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
    let part = |leaves: u8, tone: Tone, text: String| Part { leaves, span: toned(tone, text) };
    let mut parts = vec![
        part(0, tone, format!(" {sign} ")),
        part(0, Tone::Plain, format!("{what} ")),
        part(0, Tone::Strong, watching.service_name.clone()),
    ];
    let elapsed = exact_duration(*elapsed);
    match (verdict, trouble) {
        (Verdict::Steady, _) => {
            parts.push(part(0, tone, format!("  steady after {elapsed}")));
            return parts;
        }
        (Verdict::Failing { why }, _) => parts.push(part(0, tone, format!("  {why}"))),
        (Verdict::Rolling, Some(trouble)) => parts.push(part(0, Tone::Warn, format!("  ! {trouble}"))),
        (Verdict::Rolling, None) => {}
    }
    let rolling = *verdict == Verdict::Rolling;
    parts.push(part(if rolling { 2 } else { 6 }, Tone::Plain, format!("  new {}/{}", new.running, new.desired)));
    if old.running > 0 || old.pending > 0 {
        parts.push(part(7, Tone::Plain, format!("  old {}", old.running)));
    }
    if let Some(targets) = targets {
        parts.push(part(4, Tone::Plain, format!("  healthy {}/{}", targets.healthy, targets.total)));
    }
    if *failed_tasks > 0 {
        parts.push(part(5, Tone::Bad, format!("  {failed_tasks} failed")));
    }
    parts.push(part(3, Tone::Plain, format!("  {elapsed}")));
    parts
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
    // Half an advice is none, and the key shows all of it.
    let parts = vec![
        Part { leaves: 0, span: toned(Tone::Bad, head) },
        Part { leaves: 2, span: plain(format!(" — {}", note.error.advice())) },
        Part { leaves: 1, span: dim(hint) },
    ];
    let kept = those_that_fit(parts, width, |part| part.leaves, |part| part.span.width());
    Some(Line::of(kept.into_iter().map(|part| part.span)).fitted(width))
}
