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
    let columns = [
        Column::text("TIME", 8, 8, 0),
        Column::text("  OPERATION", 20, 48, 0),
        Column::number("MS", 5, 2),
        Column::text("RESULT", 10, 80, 0),
        Column::text("REQUEST ID", 12, 40, 3),
    ];
    let rows: Vec<Vec<Line>> = calls.map(row).collect();
    table(&columns, &rows, width)
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
