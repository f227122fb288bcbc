//! Tables as documents: columns share the width they are given, and the least important ones leave when it is short.

use unicode_width::UnicodeWidthStr;

pub use super::document::Align;
use super::document::{Document, Line, dim, plain, wrap};

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Which side its text leans to.
    pub align: Align,
    /// It never gets narrower than this while it is shown.
    pub min: usize,
    /// It never gets wider than this.
    pub max: usize,
    /// Content known to be this wide in rows that are not laid out now, so that scrolling does not move the columns.
    pub content: usize,
    /// Whether it holds names, which are cut in the middle.
    pub names: bool,
    /// The highest leaves first when the width is short; 0 always stays.
    pub leaves: u8,
}

impl Column {
    /// A column of text.
    pub const fn text(title: &'static str, min: usize, max: usize, leaves: u8) -> Self {
        Self { title, align: Align::Left, min, max, content: 0, names: false, leaves }
    }

    /// The same column, cut in the middle.
    #[must_use]
    pub const fn of_names(self) -> Self {
        Self { names: true, ..self }
    }

    /// The same column with content this wide somewhere.
    #[must_use]
    pub const fn holding(self, content: usize) -> Self {
        Self { content, ..self }
    }

    /// A column of numbers.
    pub const fn number(title: &'static str, min: usize, leaves: u8) -> Self {
        Self { title, align: Align::Right, min, max: 12, content: 0, names: false, leaves }
    }
}

/// Columns between two columns.
pub const GAP: usize = 2;

/// Lays rows out in columns over `width`. Each column takes what its content needs, the remainder of a short width is
/// taken from the widest; a row shorter than the columns leaves the rest empty.
pub fn table(columns: &[Column], rows: &[Vec<Line>], width: usize) -> Document {
    let widths = widths(columns, rows, width);
    let titles: Vec<Line> = columns.iter().map(|column| dim(column.title).into()).collect();
    let lines = rows.iter().map(|row| lay_out(columns, &widths, row).fitted(width)).collect();
    Document { head: Some(lay_out(columns, &widths, &titles).fitted(width)), lines }
}

/// Adds rows of a table to a document. Where the text of a row was cut, it follows in full below the row: once for rows
/// in a row that say the same.
#[derive(Debug, Default)]
pub struct InFull {
    said: Option<String>,
}

impl InFull {
    /// Adds a row, and below it `text` if the row does not show all of it.
    pub fn push(&mut self, document: &mut Document, row: Line, text: Option<String>, width: usize) {
        let cut = text.as_ref().filter(|text| !row.text().contains(plain(text).text()));
        document.push(row);
        if let Some(text) = cut.filter(|_| text != self.said) {
            for line in wrap(&[dim(text)], width.saturating_sub(INDENT.len()).max(10)) {
                let mut indented = Line::of([plain(INDENT)]);
                indented.spans.extend(line.spans);
                document.push(indented);
            }
        }
        self.said = text;
    }
}

/// Before what follows a row.
const INDENT: &str = "    ";

fn lay_out(columns: &[Column], widths: &[Option<usize>], cells: &[Line]) -> Line {
    let shown =
        columns.iter().zip(widths).zip(cells).filter_map(|((column, width), cell)| Some((column, (*width)?, cell)));
    let mut line = Line::default();
    for (column, width, cell) in shown {
        if !line.spans.is_empty() {
            line.spans.push(dim(" ".repeat(GAP)));
        }
        let cell = cell.clone();
        let cell = if column.names { cell.fitted_between(width) } else { cell.fitted(width) };
        line.spans.extend(cell.padded(width, column.align).spans);
    }
    line
}

fn widths(columns: &[Column], rows: &[Vec<Line>], width: usize) -> Vec<Option<usize>> {
    let natural: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let content = rows.iter().filter_map(|row| row.get(index)).map(Line::width).max().unwrap_or(0);
            content.max(column.content).max(column.title.width()).clamp(column.min, column.max.max(column.min))
        })
        .collect();
    let mut shown: Vec<bool> = vec![true; columns.len()];
    loop {
        let least: usize = columns
            .iter()
            .zip(&natural)
            .zip(&shown)
            .filter(|(_, shown)| **shown)
            .map(|((column, natural), _)| column.min.min(*natural) + GAP)
            .sum();
        if least <= width + GAP {
            break;
        }
        let leaving = columns
            .iter()
            .enumerate()
            .filter(|(index, column)| column.leaves > 0 && shown.get(*index) == Some(&true))
            .max_by_key(|(_, column)| column.leaves)
            .map(|(index, _)| index);
        let Some(slot) = leaving.and_then(|index| shown.get_mut(index)) else {
            break;
        };
        *slot = false;
    }
    let mut widths: Vec<Option<usize>> =
        natural.iter().zip(&shown).map(|(natural, shown)| shown.then_some(*natural)).collect();
    loop {
        let total: usize = widths.iter().flatten().map(|width| width + GAP).sum();
        let excess = total.saturating_sub(width + GAP);
        if excess == 0 {
            return widths;
        }
        let widest = widths
            .iter_mut()
            .zip(columns)
            .filter_map(|(width, column)| width.as_mut().map(|width| (width, column)))
            .filter(|(width, column)| **width > column.min)
            .max_by_key(|(width, _)| **width);
        let Some((widest, column)) = widest else {
            return widths;
        };
        *widest -= excess.min(*widest - column.min).clamp(1, 4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn columns() -> Vec<Column> {
        vec![Column::text("NAME", 6, 30, 0), Column::number("CPU", 4, 2), Column::text("REASON", 8, 60, 1)]
    }

    fn cells(texts: [&str; 3]) -> Vec<Line> {
        texts.into_iter().map(|text| plain(text).into()).collect()
    }

    fn render(width: usize) -> Vec<String> {
        let rows =
            vec![cells(["messenger-web", "3%", "health check wants 200, app says 302"]), cells(["api", "100%", ""])];
        let document = table(&columns(), &rows, width);
        document.head.iter().chain(&document.lines).map(|line| line.text().trim_end().to_owned()).collect()
    }

    #[test]
    fn content_decides_when_there_is_room() {
        insta::assert_snapshot!(render(80).join("\n"), @"
        NAME            CPU  REASON
        messenger-web    3%  health check wants 200, app says 302
        api            100%
        ");
    }

    #[test]
    fn the_widest_gives_way_first_then_columns_leave() {
        insta::assert_snapshot!(render(40).join("\n"), @"
        NAME            CPU  REASON
        messenger-web    3%  health check wants…
        api            100%
        ");
        insta::assert_snapshot!(render(20).join("\n"), @"
        NAME       REASON
        messenge…  health c…
        api
        ");
        insta::assert_snapshot!(render(10).join("\n"), @"
        NAME
        messenger…
        api
        ");
    }

    proptest! {
        #[test]
        fn rows_never_exceed_the_width(names in proptest::collection::vec("\\PC{0,40}", 1..5), width in 10_usize..120) {
            let rows: Vec<Vec<Line>> = names.iter().map(|name| cells([name, "12%", name])).collect();
            let document = table(&columns(), &rows, width);
            for line in document.head.iter().chain(&document.lines) {
                prop_assert!(line.width() <= width, "{} > {width}", line.width());
            }
        }
    }
}
