//! Where headless commands write and ask. Tests hand in buffers.

use std::io::Write;

use serde::{Serialize, Serializer};

use super::failure::Failure;
use crate::model::text::visible;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for people.
    Table,
    /// One JSON document for programs.
    Json,
}

/// Asks a question that only a clear yes affirms.
pub type Ask<'a> = &'a mut dyn FnMut(&str) -> bool;

/// The two streams and, where somebody sits in front of a terminal, a way to ask.
pub struct Console<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Everything else.
    pub err: &'a mut dyn Write,
    /// Absent when nobody can answer.
    pub ask: Option<Ask<'a>>,
    /// Whether results may have colours.
    pub colour: bool,
}

impl Console<'_> {
    /// Writes a line about how it goes. That stderr is closed is no reason to stop.
    pub fn note(&mut self, text: &str) {
        let _ = writeln!(self.err, "{text}");
        let _ = self.err.flush();
    }

    /// Writes a result that ends with its own newline.
    pub fn result(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).map_err(Failure::Output)
    }

    /// Writes a result as JSON.
    pub fn json<T: Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Failure::Output(error.into()))?;
        self.result(&format!("{text}\n"))
    }
}

/// Text from AWS on its way into JSON, with nothing in it that a terminal obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown<'a>(pub(super) &'a str);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&visible(self.0))
    }
}
