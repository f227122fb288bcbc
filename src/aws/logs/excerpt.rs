//! An excerpt made of lines as they stream in: nothing but what the excerpt keeps is held.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::model::observation::{LogExcerpt, LogLine};

/// Lines at each end.
pub(super) const LINES: usize = 100;
/// Lines about health checks.
const HEALTH_CHECKS: usize = 5;
/// Characters of a line.
const LONGEST_LINE: usize = 2000;
/// How health checks of Elastic Load Balancing name themselves in the `User-Agent`.
const HEALTH_CHECKER: &str = "ELB-HealthChecker";

/// Lines so far.
#[derive(Default)]
pub(super) struct Collected {
    head: Vec<LogLine>,
    tail: VecDeque<LogLine>,
    health_checks: VecDeque<LogLine>,
}

impl Collected {
    /// Takes lines, oldest first, that follow those before.
    pub(super) fn extend(&mut self, lines: impl Iterator<Item = LogLine>) {
        for line in lines {
            self.check(&line);
            if self.head.len() < LINES {
                self.head.push(line);
            } else {
                last(&mut self.tail, line, LINES);
            }
        }
    }

    /// The very last lines, read from the other end because there are too many in between. Some may be known already.
    pub(super) fn end_with(&mut self, lines: Vec<LogLine>) {
        let newest = self.tail.back().or(self.head.last()).map(|line| line.at);
        for line in lines.iter().filter(|line| newest.is_none_or(|newest| line.at > newest)) {
            self.check(line);
        }
        self.tail = lines.into_iter().filter(|line| !self.head.contains(line)).collect();
    }

    pub(super) fn excerpt(self) -> LogExcerpt {
        LogExcerpt { head: self.head, tail: self.tail.into(), health_checks: self.health_checks.into() }
    }

    fn check(&mut self, line: &LogLine) {
        if line.message.contains(HEALTH_CHECKER) {
            last(&mut self.health_checks, line.clone(), HEALTH_CHECKS);
        }
    }
}

/// Keeps the last so many.
fn last(lines: &mut VecDeque<LogLine>, line: LogLine, most: usize) {
    if lines.len() == most {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// A line of the SDK in our words, cut where nobody reads on. Without a time it is no line.
pub(super) fn line(milliseconds: Option<i64>, message: Option<String>) -> Option<LogLine> {
    let at = Timestamp::from_millisecond(milliseconds?).ok()?;
    let mut message = message.unwrap_or_default();
    if let Some((end, _)) = message.char_indices().nth(LONGEST_LINE) {
        message.truncate(end);
        message.shrink_to_fit();
    }
    Some(LogLine { at, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(numbers: std::ops::Range<i64>) -> impl Iterator<Item = LogLine> {
        numbers.map(|number| line(Some(number), Some(format!("line {number}"))).unwrap())
    }

    fn ends(lines: &[LogLine]) -> Option<(&str, &str)> {
        Some((lines.first()?.message.as_str(), lines.last()?.message.as_str()))
    }

    #[test]
    fn a_short_log_is_all_head() {
        let mut collected = Collected::default();
        collected.extend(lines(0..100));
        let excerpt = collected.excerpt();
        assert_eq!((excerpt.head.len(), excerpt.tail.len(), excerpt.health_checks.len()), (100, 0, 0));
    }

    #[test]
    fn a_long_log_loses_its_middle_only() {
        for (count, tail) in [(101, ("line 100", "line 100")), (250, ("line 150", "line 249"))] {
            let mut collected = Collected::default();
            collected.extend(lines(0..60));
            collected.extend(lines(60..count));
            let excerpt = collected.excerpt();
            assert_eq!(ends(&excerpt.head), Some(("line 0", "line 99")), "{count}");
            assert_eq!(ends(&excerpt.tail), Some(tail), "{count}");
        }
    }

    #[test]
    fn the_end_may_be_read_from_the_other_side() {
        let mut collected = Collected::default();
        collected.extend(lines(0..300));
        collected.end_with(lines(900..1000).collect());
        assert_eq!(ends(&collected.excerpt().tail), Some(("line 900", "line 999")));
        let mut short = Collected::default();
        short.extend(lines(0..120));
        short.end_with(lines(80..130).collect());
        assert_eq!(ends(&short.excerpt().tail), Some(("line 100", "line 129")));
    }

    #[test]
    fn the_last_health_checks_are_kept_each_once() {
        let check = |number| line(Some(number), Some(format!("{number} GET / ELB-HealthChecker/2.0"))).unwrap();
        let mut collected = Collected::default();
        collected.extend((0..200).map(check));
        collected.end_with((150..202).map(check).collect());
        let numbers: Vec<i64> = collected.excerpt().health_checks.iter().map(|line| line.at.as_millisecond()).collect();
        assert_eq!(numbers, [197, 198, 199, 200, 201]);
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let cut = line(Some(0), Some("é".repeat(2001))).unwrap();
        assert_eq!(cut.message.chars().count(), 2000);
        assert_eq!(line(Some(0), Some("é".repeat(2000))).unwrap().message.len(), 4000);
        assert_eq!(line(None, Some("x".to_owned())), None);
        assert_eq!(line(Some(i64::MAX), Some("x".to_owned())), None);
    }
}
