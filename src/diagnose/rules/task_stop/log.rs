//! What a container wrote before it ended: the line that says why, and the last lines as evidence.

use std::sync::LazyLock;

use regex::Regex;

use super::batch::{LOGS, Log, log_of};
use crate::diagnose::finding::Finding;
use crate::diagnose::scene::{Dead, Scene};

/// Lines quoted as evidence.
const QUOTED: usize = 10;

/// Lines at the end that are looked at.
const LAST: usize = 30;

static ERROR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:error|exception|fatal|panic|traceback|cannot|can't|could not|failed|failure|refused|denied|undefined|missing|required|not found|no such|out of memory|killed|aborted|abort)\b|Error:|Exception",
    )
    .ok()
});

/// The last of the last lines that speaks of an error, or the last line at all.
pub(super) fn last_words<'a>(log: &Log<'a>) -> Option<&'a str> {
    let last = log.lines.iter().rev().filter(|line| !line.message.trim().is_empty()).take(LAST);
    let speaks = |text: &str| ERROR.as_ref().is_some_and(|error| error.is_match(text));
    let mut last = last.map(|line| line.message.as_str()).peekable();
    let newest = last.peek().copied();
    last.find(|text| speaks(text)).or(newest)
}

/// Whether any line contains one of the parts.
pub(super) fn has<'a>(log: &Log<'a>, parts: &[&str]) -> Option<&'a str> {
    let mut lines = log.lines.iter().rev().map(|line| line.message.as_str());
    lines.find(|text| parts.iter().any(|part| text.contains(part)))
}

/// With the last lines of the newest of these tasks whose log was read.
pub(super) fn with_log<'a>(
    scene: &Scene<'a>,
    finding: Finding,
    dead: &[&Dead<'a>],
    container: &str,
) -> (Finding, Option<Log<'a>>) {
    let Some(log) = dead.iter().find_map(|dead| log_of(scene, dead.task, container)) else { return (finding, None) };
    let subject = format!("log stream {}", log.stream.stream);
    let mut finding = finding;
    if let Some(words) = last_words(&log) {
        finding = finding.evidence(LOGS, &subject, "message", scene.quote(words));
    }
    let from = log.lines.len().saturating_sub(QUOTED);
    let last = last_words(&log);
    for line in log.lines.iter().skip(from).filter(|line| Some(line.message.as_str()) != last) {
        finding = finding.evidence(LOGS, &subject, "message", scene.quote(&line.message));
    }
    (finding, Some(log))
}
