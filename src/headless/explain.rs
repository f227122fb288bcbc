//! `ecsight explain`: the page of a finding, or the list of all of them. Needs no AWS.

use std::fmt::Write as _;

use super::console::Console;
use super::failure::Failure;
use super::report::wrapped;
use crate::diagnose::catalogue::{Entry, entries, entry, missing};
use crate::diagnose::finding::Severity;
use crate::model::near::near;

const WIDTH: usize = 100;

/// Writes the page of a finding, or the list.
pub fn explain(id: Option<&str>, console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(id) = id else { return console.result(&list()) };
    if let Some(entry) = entry(id) {
        return console.result(&page(entry));
    }
    if let Some(missing) = missing().into_iter().find(|missing| missing.id == id) {
        return console.result(&format!("{}\n\nNot implemented. {}\n", missing.id, missing.reason));
    }
    let ids: Vec<&str> = entries().into_iter().map(|entry| entry.id).collect();
    Err(Failure::Unknown {
        what: "finding",
        name: id.to_owned(),
        place: "the catalogue".to_owned(),
        near: near(id, ids).into_iter().map(ToOwned::to_owned).collect(),
    })
}

fn list() -> String {
    let entries = entries();
    let width = entries.iter().map(|entry| entry.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for entry in entries {
        let _ = writeln!(text, "{:width$}  {:8}  {}", entry.id, word(entry.severity), entry.title);
    }
    let missing = missing();
    if !missing.is_empty() {
        let _ = writeln!(text, "\nKnown and not implemented, with the reason in `ecsight explain ID`:");
        for missing in missing {
            let _ = writeln!(text, "{}", missing.id);
        }
    }
    text
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

fn page(entry: &Entry) -> String {
    let mut text = format!("{}\n{}, usually {}\n", entry.title, entry.id, word(entry.severity));
    for (heading, body) in
        [("Meaning", entry.meaning), ("How it is decided", entry.decided), ("How to fix it", entry.fix)]
    {
        let _ = writeln!(text, "\n{heading}");
        for line in wrapped(body, WIDTH - 2) {
            let _ = writeln!(text, "{}", format!("  {line}").trim_end());
        }
    }
    let _ = writeln!(text, "\nSources");
    for source in entry.sources {
        let _ = writeln!(text, "  {source}");
    }
    text
}
