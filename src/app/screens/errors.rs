//! Overlay Errors: what failed, how often, and what to do about it.

use crate::app::App;
use crate::app::document::{Document, Line, Tone, dim, plain, toned};
use crate::app::freshness::since;

/// The overlay.
pub fn document(app: &App, width: usize) -> Document {
    let mut document = Document::default();
    for note in app.errors().notes() {
        if !document.lines.is_empty() {
            document.push(Line::default());
        }
        let age = since(Some(note.at), app.now());
        let head = [
            toned(Tone::Bad, format!("✖ {} {}", note.error.kind.label(), note.error.operation)),
            plain(format!("  {}×, latest {age} ago", note.count)),
        ];
        document.paragraph(&head, width);
        if !note.error.message.is_empty() {
            document.field("", 0, &[plain(&note.error.message)], width);
        }
        document.field("", 0, &[plain(format!("→ {}", note.error.advice()))], width);
        if let Some(request) = &note.error.request_id {
            document.field("", 0, &[dim(format!("request {request}"))], width);
        }
    }
    if document.lines.is_empty() {
        document.push(dim("no errors so far"));
    }
    document
}
