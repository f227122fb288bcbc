//! What is wrong with the configuration, said so that it can be put right: the line as written, a caret under the fault
//! and, for a name nobody knows, the one that was probably meant.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use crate::model::near::near;
use crate::model::text::visible;

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {source}", visible(&path.to_string_lossy()))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file says something wrong.
    #[error("in {}, {fault}", visible(&path.to_string_lossy()))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where and what.
        fault: Fault,
    },
    /// An environment variable says something wrong.
    #[error("the environment variable {variable} {}, not {:?}", visible(rule), visible(value))]
    Variable {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: String,
        /// What it may hold, as `must be …`.
        rule: String,
    },
}

/// A fault in the text of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// The line as written.
    pub text: String,
    /// Characters before the fault.
    pub before: usize,
    /// Characters the fault is long, at least 1.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub meant: Option<String>,
}

impl Fault {
    /// Places an error of the TOML reader in the text it read.
    pub(super) fn new(text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        let start = line_start(text, span.start);
        let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        let before = text.get(start..span.start).unwrap_or_default().chars().count();
        let length = text.get(within(&span, start + line.len())).unwrap_or_default().chars().count().max(1);
        let message = error.message().lines().next().unwrap_or_default().to_owned();
        Self {
            line: text.get(..start).unwrap_or_default().matches('\n').count() + 1,
            text: line.to_owned(),
            before,
            length,
            meant: meant(&message),
            message: plain(&message),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, visible(&self.message))?;
        if let Some(meant) = &self.meant {
            write!(formatter, "; did you mean `{}`?", visible(meant))?;
        }
        let gutter = self.line.to_string();
        // Control characters become one sign each, so the caret stays under its character.
        writeln!(formatter, "\n {gutter} | {}", visible(&self.text))?;
        let (margin, before, carets) = (" ".repeat(gutter.len()), " ".repeat(self.before), "^".repeat(self.length));
        write!(formatter, " {margin} | {before}{carets}")
    }
}

/// Where the line begins that holds this byte.
fn line_start(text: &str, position: usize) -> usize {
    text.get(..position).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

/// The part of the span that lies on its first line, which ends at `end`.
fn within(span: &Range<usize>, end: usize) -> Range<usize> {
    span.start..span.end.min(end).max(span.start)
}

/// Reworks what serde says about names it does not know: "unknown field `x`, expected one of `a`, `b`" lists the whole
/// schema, which helps nobody who mistyped one letter.
fn plain(message: &str) -> String {
    match names(message).as_slice() {
        [unknown, ..] if message.starts_with("unknown field") => format!("unknown key `{unknown}`"),
        [unknown, known @ ..] if message.starts_with("unknown variant") => {
            format!("`{unknown}` is none of {}", known.join(", "))
        }
        _ => message.to_owned(),
    }
}

/// The known name nearest to an unknown one, if serde complains about a name.
fn meant(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let names = names(message);
    let (unknown, known) = names.split_first()?;
    near(unknown, known.iter().copied()).first().map(|name| (*name).to_owned())
}

/// What stands between backticks.
fn names(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}
