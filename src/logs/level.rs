//! How grave a line is, as it says itself.

use std::sync::LazyLock;

use regex::Regex;

/// How grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Details.
    Debug,
    /// News.
    Info,
    /// Something is odd.
    Warn,
    /// Something is wrong.
    Error,
}

/// Words are looked for only at the beginning: further on they are part of a sentence.
const HEAD: usize = 160;

/// `"level":"error"`, `level=warn`, `severity: ERROR`, and the numbers of bunyan and pino.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:level|lvl|loglevel|severity)\b["']?\s*[=:]\s*["']?([a-z]+|[1-6]0\b)"#).ok()
});
/// A word in capitals, a word in brackets, or glog's letter.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\b(FATAL|CRITICAL|CRIT|EMERG|ALERT|PANIC|SEVERE|ERROR|ERR|WARNING|WARN|NOTICE|INFO|DEBUG|TRACE)\b|\[(?i:(fatal|crit|emerg|alert|error|err|warning|warn|notice|info|debug|trace))\]|^([EWIF])\d{4} |\b(?:([A-Z][A-Za-z]*(?:Error|Exception)): |(panic): |(Traceback) \(most)",
    )
    .ok()
});

/// How grave a line is, if it says so.
pub fn level(text: &str) -> Option<Level> {
    let end = (0..=text.len().min(HEAD)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let head = text.get(..end).unwrap_or_default();
    // In JSON the level may stand anywhere.
    let named = if text.starts_with('{') { text } else { head };
    let by_name =
        NAMED.as_ref().and_then(|named_as| named_as.captures(named)).and_then(|found| of_word(found.get(1)?.as_str()));
    by_name.or_else(|| {
        let found = WORD.as_ref()?.captures(head)?;
        let word = found.iter().skip(1).flatten().next()?.as_str();
        of_word(word).or(Some(Level::Error))
    })
}

fn of_word(word: &str) -> Option<Level> {
    Some(match word.to_ascii_lowercase().as_str() {
        "fatal" | "critical" | "crit" | "emerg" | "emergency" | "alert" | "panic" | "severe" | "error" | "err"
        | "e" | "f" | "50" | "60" => Level::Error,
        "warning" | "warn" | "w" | "40" => Level::Warn,
        "notice" | "info" | "information" | "informational" | "i" | "30" => Level::Info,
        "debug" | "trace" | "verbose" | "10" | "20" => Level::Debug,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_common_shapes() {
        use Level::{Debug, Error, Info, Warn};
        for (text, expected) in [
            ("2026-01-31 13:10:05,123 ERROR [main] o.s.Boot - failed", Some(Error)),
            ("[error] 7#7: *1 connect() failed", Some(Error)),
            ("time=x level=warning msg=\"slow\"", Some(Warn)),
            (r#"{"msg":"no error here","level":"info"}"#, Some(Info)),
            (r#"{"level":50,"msg":"x"}"#, Some(Error)),
            (r#"{"severity": "WARNING"}"#, Some(Warn)),
            ("E0131 13:10:05.123 1 main.go:7] lost", Some(Error)),
            ("I0131 13:10:05.123 1 main.go:7] fine", Some(Info)),
            ("DEBUG: cache miss", Some(Debug)),
            ("Traceback (most recent call last):", Some(Error)),
            ("java.lang.NullPointerException: x", Some(Error)),
            ("panic: runtime error", Some(Error)),
            ("GET /errors 200", None),
            ("informed the user", None),
            ("the level of water: 5", None),
            ("", None),
        ] {
            assert_eq!(level(text), expected, "{text}");
        }
    }
}
