//! Overlay Scale: how many tasks?

use super::input::input;
use crate::app::App;
use crate::app::document::{Document, Line, Tone, dim, plain, strong, toned};
use crate::app::overlay::ScaleEntry;

const QUESTION: &str = "desired count  ";

/// The overlay.
pub fn document(app: &App, entry: &ScaleEntry, width: usize) -> Document {
    let mut document = Document::default();
    let mut name = vec![strong(entry.service.name())];
    if let Some(service) = app.store().service(&entry.service) {
        name.push(plain(format!("  now {} desired, {} running", service.desired, service.running)));
    }
    document.push(Line::of(name).fitted(width));
    document.push(Line::default());
    let mut question = Line::of([plain(QUESTION)]);
    let typed = input(&entry.input, width.saturating_sub(QUESTION.len())).0;
    question.spans.extend(if entry.untouched { typed.toned(Tone::Focus) } else { typed }.spans);
    document.push(question);
    document.push(match &entry.problem {
        Some(problem) => Line::from(toned(Tone::Bad, format!("✖ {problem}"))).fitted(width),
        None => Line::default(),
    });
    document.push(Line::from(dim("Enter shows the plan · ↑↓ one more, one less · Esc cancels")).fitted(width));
    document
}

/// Where the cursor is.
pub fn cursor(entry: &ScaleEntry, width: usize) -> (usize, usize) {
    (QUESTION.len() + input(&entry.input, width.saturating_sub(QUESTION.len())).1, 2)
}
