//! What a query found, as a table: masked, and with the widths its columns would like to have, since measuring ten thousand
//! rows for every frame would cost more than the frame.

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::logs::ansi;
use crate::model::insights::{InsightsResults, POINTER, QueryState, QueryStatistics, Row};
use crate::model::secret::Secret;
use crate::model::text::visible;

/// Bytes of a value that are measured; no column is wider.
const MEASURED: usize = 256;

/// A column of the results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// As the query names it. Hostile.
    pub name: String,
    /// Columns of the screen its widest value takes, at most a few hundred.
    pub width: usize,
    /// Whether there are only numbers in it.
    pub numbers: bool,
}

/// What a query found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// How the query stood then.
    pub state: QueryState,
    /// What it had looked through.
    pub statistics: QueryStatistics,
    /// The columns in the order in which the query names them.
    pub columns: Vec<Column>,
    /// The rows. Hostile.
    pub rows: Vec<Row>,
    /// Whether there are more rows than these.
    pub more: bool,
}

impl Found {
    /// What AWS told, with these secrets masked.
    pub fn new(results: InsightsResults, secrets: &[&Secret]) -> Self {
        let InsightsResults { state, mut rows, more, statistics } = results;
        let mut columns: Vec<Column> = Vec::new();
        for row in &mut rows {
            row.retain(|(name, _)| name != POINTER);
            for (name, value) in row {
                for secret in secrets {
                    secret.mask_in(value);
                }
                let (width, number) = measured(value);
                if let Some(column) = columns.iter_mut().find(|column| column.name == *name) {
                    column.width = column.width.max(width);
                    column.numbers &= number;
                } else {
                    let width = width.max(visible(name).width());
                    columns.push(Column { name: name.clone(), width, numbers: number });
                }
            }
        }
        Self { state, statistics, columns, rows, more }
    }

    /// A row as an object of JSON, its fields in their order.
    pub fn json(&self, row: usize) -> Option<String> {
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        let fields = self.rows.get(row)?.iter().map(|(name, value)| format!("{}:{}", quoted(name), quoted(value)));
        Some(format!("{{{}}}", fields.collect::<Vec<_>>().join(",")))
    }
}

/// A value as one line of the screen, without the colours of its application.
pub fn on_one_line(value: &str) -> String {
    let end = (0..=value.len().min(MEASURED)).rev().find(|end| value.is_char_boundary(*end)).unwrap_or_default();
    let cut = value.get(..end).unwrap_or_default();
    let rest = if end < value.len() { "…" } else { "" };
    format!("{}{rest}", ansi::plain(cut.trim_end()))
}

fn measured(value: &str) -> (usize, bool) {
    let number = value.len() < 32 && value.parse::<f64>().is_ok();
    (visible(&on_one_line(value)).width(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(rows: &[&[(&str, &str)]]) -> InsightsResults {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let rows = rows.iter().map(|row| row.iter().map(owned).collect()).collect();
        InsightsResults { state: QueryState::Complete, rows, more: false, statistics: QueryStatistics::default() }
    }

    #[test]
    fn columns_come_in_their_order_and_are_as_wide_as_what_is_in_them() {
        let found = Found::new(
            results(&[
                &[("minute", "03:00"), ("errors", "7"), ("@ptr", "Cn1")],
                &[("minute", "03:01"), ("errors", "12.5"), ("note", "\u{1b}[31mred\u{1b}[0m\n")],
            ]),
            &[],
        );
        let columns: Vec<_> =
            found.columns.iter().map(|column| (&*column.name, column.width, column.numbers)).collect();
        assert_eq!(columns, [("minute", 6, false), ("errors", 6, true), ("note", 4, false)]);
        assert_eq!(found.json(0).unwrap(), r#"{"minute":"03:00","errors":"7"}"#);
        assert_eq!(found.json(2), None);
    }

    #[test]
    fn secrets_are_masked() {
        let secret = Secret::new("hunter2-hunter2");
        let found = Found::new(results(&[&[("@message", "login with hunter2-hunter2 failed")]]), &[&secret]);
        assert_eq!(found.rows[0][0].1, "login with •••••• failed");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let line = on_one_line(&"é".repeat(1_000));
        assert_eq!(line.chars().count(), 129);
        assert!(line.ends_with('…'));
    }
}
