//! Overlay Help: all commands with their keys, made from the registry. What does not apply right now says why.

use crate::app::App;
use crate::app::command::{self, CommandInfo, Group};
use crate::app::document::{Document, Line, Span, Tone, dim, plain, strong, toned};
use crate::app::keymap;

/// Columns of the keys.
const KEYS: usize = 16;

/// The overlay.
pub fn document(app: &App, width: usize) -> Document {
    let mut document = Document::default();
    // What the keys of the moment mean comes first.
    let (first, others): (Vec<Group>, Vec<Group>) =
        Group::ALL.into_iter().partition(|group| app.is_reading() && *group == Group::Logs);
    for group in first.into_iter().chain(others) {
        if !document.lines.is_empty() {
            document.push(Line::default());
        }
        document.push(strong(group.title()));
        for info in command::all().filter(|info| info.group == group) {
            entry(app, info, &mut document, width);
        }
    }
    document.push(Line::default());
    let signs = [
        ("✖", Tone::Bad, "failing"),
        ("!", Tone::Warn, "degraded"),
        ("↻", Tone::Accent, "deploying"),
        ("✔", Tone::Good, "healthy"),
        ("·", Tone::Dim, "inactive"),
        ("?", Tone::Plain, "unknown"),
    ];
    let mut legend = vec![strong("Signs  ")];
    for (sign, tone, word) in signs {
        legend.extend([toned(tone, sign), plain(format!(" {word}  "))]);
    }
    document.paragraph(&legend, width);
    document
}

fn entry(app: &App, info: &CommandInfo, document: &mut Document, width: usize) {
    let keys: Vec<String> = app.options().keymap.keys_of(info.command).iter().map(|keys| keymap::label(keys)).collect();
    let keys = keys.join(" ");
    let refusal = info.command.available(app).err();
    let (of_keys, of_title) = if refusal.is_some() { (Tone::Dim, Tone::Dim) } else { (Tone::Accent, Tone::Plain) };
    let mut spans: Vec<Span> = vec![toned(of_title, info.title)];
    if let Some(reason) = refusal {
        spans.push(dim(format!(" — {reason}")));
    }
    let first = document.lines.len();
    document.field(&keys, KEYS, &spans, width);
    if let Some(label) = document.lines.get_mut(first).and_then(|line| line.spans.first_mut()) {
        *label = toned(of_keys, label.text());
    }
}
