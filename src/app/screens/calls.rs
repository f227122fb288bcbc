//! Overlay Activity: every call to AWS. One action, one record; those that change something are marked.

use crate::app::App;
use crate::app::document::{Document, Line, Tone, dim, plain, strong, toned};
use crate::app::table::{Column, table};
use crate::model::call::CallRecord;

/// The overlay.
pub fn document(app: &App, width: usize) -> Document {
    let calls = app.activity().newest_first();
    if calls.len() == 0 {
        return Document { head: None, lines: vec![dim("no call has been made yet").into()] };
    }
    // Which operation it was matters more than the rest of an error, which is told in full where errors are.
    let longest = calls.clone().map(|call| call.operation.to_string().len() + 2).max().unwrap_or_default();
    let columns = [
        Column::text("TIME", 8, 8, 0),
        Column::text("  OPERATION", longest.min(width * 3 / 5), 48, 0),
        Column::number("MS", 5, 2),
        Column::text("RESULT", 10, 80, 0),
        Column::text("REQUEST ID", 36, 40, 3),
    ];
    let rows: Vec<Vec<Line>> = calls.map(row).collect();
    table(&columns, &rows, width)
}

/// Lines of the overlay, told without laying out every call there ever was.
pub fn wanted_height(app: &App) -> usize {
    app.activity().newest_first().len() + 1
}

fn row(call: &CallRecord) -> Vec<Line> {
    let operation = call.operation.to_string();
    let operation = if call.mutating {
        Line::of([toned(Tone::Warn, "! "), strong(operation)])
    } else {
        Line::of([plain("  "), plain(operation)])
    };
    let result = match &call.failure {
        None => plain("ok"),
        Some((kind, message)) => toned(Tone::Bad, format!("✖ {}: {message}", kind.label())),
    };
    vec![
        plain(call.at.strftime("%H:%M:%S").to_string()).into(),
        operation,
        plain(call.duration_ms.to_string()).into(),
        result.into(),
        dim(call.request_id.as_deref().unwrap_or("-")).into(),
    ]
}
