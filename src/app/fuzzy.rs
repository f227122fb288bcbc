//! Filters: words in any order, each matched loosely; a word after `!` excludes whatever contains it.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// A filter ready to be applied to many texts.
pub struct Filter {
    /// Nothing to look for makes everything fit; the matcher, which is large, is not made then.
    wanted: Option<(Pattern, Box<Matcher>)>,
    unwanted: Vec<String>,
    scratch: Vec<char>,
}

impl Filter {
    /// Reads what was typed. An empty filter lets everything through.
    pub fn new(text: &str) -> Self {
        let (excluding, wanted): (Vec<&str>, Vec<&str>) =
            text.split_whitespace().partition(|word| word.starts_with('!'));
        let unwanted = excluding
            .iter()
            .map(|word| word.trim_start_matches('!').to_lowercase())
            .filter(|word| !word.is_empty())
            .collect();
        let wanted = (!wanted.is_empty()).then(|| {
            let pattern = Pattern::parse(&wanted.join(" "), CaseMatching::Ignore, Normalization::Smart);
            (pattern, Box::new(Matcher::new(Config::DEFAULT)))
        });
        Self { wanted, unwanted, scratch: Vec::new() }
    }

    /// How well the text fits, or `None` if it does not.
    pub fn score(&mut self, text: &str) -> Option<u32> {
        if !self.unwanted.is_empty() {
            let lower = text.to_lowercase();
            if self.unwanted.iter().any(|word| lower.contains(word)) {
                return None;
            }
        }
        match &mut self.wanted {
            Some((pattern, matcher)) => pattern.score(Utf32Str::new(text, &mut self.scratch), matcher),
            None => Some(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_loosely_and_exclude_exactly() {
        for (filter, text, fits) in [
            ("", "anything", true),
            ("msgweb", "messenger-web", true),
            ("web mess", "messenger-web", true),
            ("api", "messenger-web", false),
            ("!web", "messenger-web", false),
            ("!WEB", "roles-api", true),
            ("api !roles", "roles-api", false),
            ("!", "anything", true),
        ] {
            assert_eq!(Filter::new(filter).score(text).is_some(), fits, "{filter:?} on {text:?}");
        }
    }
}
