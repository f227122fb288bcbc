//! What somebody looks for in lines: text, or a regular expression between slashes. Capitals count where there are any.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};

/// A compiled expression may take so many bytes; what needs more is a mistake.
const SIZE: usize = 1 << 20;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Pattern {
    typed: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.typed == other.typed
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.typed)
    }
}

impl Pattern {
    /// Reads what was typed; nothing for nothing.
    ///
    /// # Errors
    /// What is wrong with an expression, in a few words.
    pub fn parse(typed: &str) -> Result<Option<Self>, String> {
        if typed.is_empty() {
            return Ok(None);
        }
        let between =
            typed.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|inside| !inside.is_empty());
        Self::compile(typed, &between.map_or_else(|| literal(typed), ToOwned::to_owned)).map(Some)
    }

    /// A regular expression as it is, without slashes.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn regex(typed: &str) -> Result<Self, String> {
        Self::compile(typed, typed)
    }

    fn compile(typed: &str, expression: &str) -> Result<Self, String> {
        let any_case = !typed.chars().any(char::is_uppercase);
        let compiled = RegexBuilder::new(expression).case_insensitive(any_case).size_limit(SIZE).build();
        let regex = compiled.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the expression is too large".to_owned(),
            // The last line says what; the others draw an arrow under the place.
            error => {
                let told = error.to_string();
                let last = told.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                format!("not a regular expression: {last}")
            }
        })?;
        Ok(Self { typed: typed.to_owned(), regex })
    }

    /// As it was typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Whether it is in the text.
    pub fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Where it is in the text, in bytes.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        self.regex.find_iter(text).map(|found| found.range()).filter(|range| !range.is_empty()).collect()
    }
}

/// The expression for text as it stands. A field of a line of JSON is shown as `name=value`, and found by it.
fn literal(typed: &str) -> String {
    let text = regex::escape(typed);
    match typed.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty()) {
        Some((name, value)) => {
            let name = name.rsplit('.').next().unwrap_or(name);
            format!("{text}|\"{}\"\\s*:\\s*\"?{}", regex::escape(name), regex::escape(value))
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(typed: &str, text: &str) -> bool {
        Pattern::parse(typed).unwrap().unwrap().is_in(text)
    }

    #[test]
    fn text_is_text_and_slashes_make_an_expression() {
        for (typed, text, found) in [
            ("error", "An ERROR occurred", true),
            ("Error", "An ERROR occurred", false),
            ("a.b", "axb", false),
            ("/a.b/", "axb", true),
            ("/", "GET / 200", true),
            ("//", "http://", true),
            ("/healthz", "GET /healthz", true),
            ("status=50", r#"{"ms":3,"status": 500}"#, true),
            ("level=error", r#"{"level":"error"}"#, true),
            ("order.id=7", r#"{"order":{"id":7}}"#, true),
            ("status=50", r#"{"status":200,"ms":50}"#, false),
            ("=50", "a=50", true),
            ("/[45]\\d\\d/", "status 503", true),
        ] {
            assert_eq!(finds(typed, text), found, "{typed} in {text}");
        }
        assert_eq!(Pattern::parse("").unwrap(), None);
        assert_eq!(Pattern::parse("é").unwrap().unwrap().places("aéé"), [1..3, 3..5]);
    }

    #[test]
    fn mistakes_are_explained() {
        for typed in ["/[/", "/(a/", "/*/"] {
            assert!(Pattern::parse(typed).unwrap_err().starts_with("not a regular expression: "), "{typed}");
        }
        assert_eq!(Pattern::parse("/(\\w{500}){500}/").unwrap_err(), "the expression is too large");
    }
}
