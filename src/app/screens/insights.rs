//! Overlay Logs Insights: the log groups and the time, the query being written, how it goes and what it costs, and what it
//! found.
//!
//! ```text
//!  log groups  /ecs/web                 ─ head
//!  time        15 m [1 h] 6 h 1 d 7 d
//!  ── query ──────────────────────────
//!  fields @timestamp, @message          ─ editor, a third of the height at most
//!  ── results ────────────────────────
//!  complete in 2s · 120 rows · …        ─ status
//!    @timestamp        @message         ─ table, or the row under the cursor with all its fields
//!  > 2026-03-02 03:00  …
//! ```

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::app::App;
use crate::app::document::{Align, Document, Line, Span, Tone, dim, plain, strong, toned, wrap};
use crate::app::freshness::short_duration;
use crate::app::insights::{Column, Focus, Found, Insights, Run, Stage, on_one_line};
use crate::logs::ansi;
use crate::logs::fields::fields;
use crate::model::insights::{DOLLARS_PER_GB, Malformed, QueryState, QueryStatistics, Span as Time};
use crate::model::text::visible;

/// Lines of the editor, at least.
const EDITOR: usize = 3;
/// Columns of the labels of the head.
const LABEL: usize = 10;
/// Columns before a row, for the cursor.
const BEFORE: usize = 2;
/// Columns between two columns.
const GAP: usize = 2;
/// The narrowest a column of results gets.
const NARROW: usize = 12;
/// Columns of names.
const NAMED: [&str; 2] = ["@logStream", "@log"];
/// Columns of the names of fields of an opened row, at most.
const NAMES: usize = 28;
/// Bytes of a value that are shown; nobody reads on.
const SHOWN: usize = 8 * 1024;

/// What stands above the results, and how many lines are left for them.
struct Parts {
    head: Vec<Line>,
    editor: usize,
    status: Vec<Line>,
    room: usize,
}

fn parts(app: &App, width: usize, height: usize) -> Parts {
    let head = head(app, width);
    let lines = app.insights().editor().lines().len();
    let editor = lines.clamp(EDITOR, (height / 3).max(EDITOR));
    let status = status(app, width);
    let room = height.saturating_sub(head.len() + 1 + editor + 1 + status.len());
    Parts { head, editor, status, room }
}

/// The overlay, as high as there is room for.
pub fn document(app: &App, width: usize, height: usize) -> Document {
    let insights = app.insights();
    let Parts { head, editor, status, room } = parts(app, width, height);
    let mut document = Document::default();
    document.lines.extend(head);
    document.push(rule("query", insights.focus() == Focus::Editor, width));
    document.lines.extend(editor_lines(insights, editor, width).0);
    document.push(rule("results", insights.focus() == Focus::Results, width));
    document.lines.extend(status);
    if let Some(found) = insights.found().filter(|found| !found.rows.is_empty()) {
        match insights.sight().opened {
            Some(offset) => {
                document.lines.extend(row_lines(insights, found, width).into_iter().skip(offset).take(room));
            }
            None => document.lines.extend(table(insights, found, width, room)),
        }
    }
    document.lines.truncate(height);
    document
}

/// Where the cursor is while the query is being written, column and line.
pub fn cursor(app: &App, width: usize, height: usize) -> Option<(usize, usize)> {
    let insights = app.insights();
    let parts = parts(app, width, height);
    let (column, row) = editor_lines(insights, parts.editor, width).1;
    (insights.focus() == Focus::Editor).then_some((column, parts.head.len() + 1 + row))
}

/// Rows that are in sight at once.
pub fn rows_in_sight(app: &App, width: usize, height: usize) -> usize {
    parts(app, width, height).room.saturating_sub(1)
}

/// Lines of the row under the cursor that do not fit, where it is shown with all its fields.
pub fn excess_of_row(app: &App, width: usize, height: usize) -> usize {
    let insights = app.insights();
    let Some(found) = insights.found().filter(|_| insights.sight().opened.is_some()) else { return 0 };
    row_lines(insights, found, width).len().saturating_sub(parts(app, width, height).room)
}

/// The keys that work, for the footer.
pub fn keys(app: &App) -> String {
    let insights = app.insights();
    let rows = insights.found().is_some_and(|found| !found.rows.is_empty());
    match (insights.focus(), insights.sight().opened) {
        (Focus::Editor, _) if rows => "^r run · Tab results · ^t time · ^p ^n history · Esc back",
        (Focus::Editor, _) => "^r run · ^t time · ^p ^n history and examples · Esc back",
        (Focus::Results, None) => "^r run · Tab query · ←→ columns · Enter opens · y copy · ^s save · Esc back",
        (Focus::Results, Some(_)) => "↓↑ read on, next row · y copy · Enter Esc close",
    }
    .to_owned()
}

fn head(app: &App, width: usize) -> Vec<Line> {
    let groups = app.insights_groups();
    let label = |text: &str| dim(format!("{text:<LABEL$}  "));
    let mut first = vec![label("log groups")];
    if groups.asked.is_empty() {
        let words = if groups.left_out.is_empty() { "reading the task definition…" } else { "none" };
        first.push(toned(Tone::Warn, words));
    }
    for (place, group) in groups.asked.iter().enumerate() {
        first.extend([plain(if place == 0 { "" } else { ", " }), strong(group)]);
    }
    if !groups.left_out.is_empty() {
        let left_out: Vec<String> = groups.left_out.iter().map(|(name, why)| format!("{name} ({why})")).collect();
        first.push(toned(Tone::Warn, format!(" · left out: {}", left_out.join(", "))));
    }
    let span = app.insights().span();
    let mut second = vec![label("time")];
    for time in Time::ALL {
        let text = if time == span { format!("[{}]", time.label()) } else { format!(" {} ", time.label()) };
        second.push(toned(if time == span { Tone::Accent } else { Tone::Dim }, text));
    }
    second.push(dim("  up to now"));
    vec![Line::of(first).fitted(width), Line::of(second).fitted(width)]
}

fn rule(word: &str, focus: bool, width: usize) -> Line {
    let tone = if focus { Tone::Strong } else { Tone::Dim };
    let sign = if focus { "━" } else { "─" };
    let start = format!("{} {word} ", sign.repeat(2));
    let rest = sign.repeat(width.saturating_sub(start.width()));
    Line::of([toned(tone, start), toned(tone, rest)]).fitted(width)
}

/// The lines of the query that are in sight, and where the cursor is among them.
fn editor_lines(insights: &Insights, height: usize, width: usize) -> (Vec<Line>, (usize, usize)) {
    let editor = insights.editor();
    let (row, column) = editor.cursor();
    let first = (row + 1).saturating_sub(height);
    let malformed = insights.malformed().and_then(|malformed| malformed.place);
    let room = width.saturating_sub(BEFORE);
    let mut before: usize = editor.lines().iter().take(first).map(|line| line.chars().count() + 1).sum();
    let mut lines = Vec::new();
    let mut cursor = (BEFORE, row - first.min(row));
    for (place, text) in editor.lines().iter().enumerate().skip(first).take(height) {
        let characters: Vec<char> = text.chars().collect();
        let length = characters.len();
        // Only the line of the cursor is moved, so that the cursor is in sight.
        let start = if place == row { first_in_sight(&characters, column, room) } else { 0 };
        if place == row {
            let shown: String = characters.iter().skip(start).take(column - start.min(column)).collect();
            cursor.0 = BEFORE + visible(&shown).width();
        }
        let marked = malformed.map_or(0..0, |(from, to)| from.saturating_sub(before)..to.saturating_sub(before));
        let here = malformed.is_some_and(|(from, to)| from <= before + length && to >= before);
        let mut line = vec![plain(" ".repeat(BEFORE))];
        line.extend(pieces(&characters, start, if here { marked } else { 0..0 }));
        if malformed.is_some_and(|(from, to)| from == to && (before..=before + length).contains(&from)) {
            line.push(toned(Tone::Bad, "◂"));
        }
        lines.push(Line::of(line).fitted(width));
        before += length + 1;
    }
    lines.resize(height, Line::default());
    (lines, cursor)
}

/// The first character that is shown of a line with the cursor after so many.
fn first_in_sight(characters: &[char], column: usize, room: usize) -> usize {
    let mut used = 0;
    let mut start = column.min(characters.len());
    for (place, character) in characters.iter().enumerate().take(column).rev() {
        used += visible(&character.to_string()).width();
        if used >= room {
            break;
        }
        start = place;
    }
    start
}

/// A line of the query: comments step back, what AWS does not understand stands out.
fn pieces(characters: &[char], start: usize, marked: Range<usize>) -> Vec<Span> {
    let comment = characters.iter().find(|character| !character.is_whitespace()) == Some(&'#');
    let tone = if comment { Tone::Dim } else { Tone::Plain };
    let part = |from: usize, to: usize| characters.iter().skip(from).take(to.saturating_sub(from)).collect::<String>();
    let (from, to) = (marked.start.max(start), marked.end.max(start).min(characters.len()));
    if from >= to {
        return vec![toned(tone, part(start, characters.len()))];
    }
    vec![toned(tone, part(start, from)), toned(Tone::Bad, part(from, to)), toned(tone, part(to, characters.len()))]
}

/// How the query goes, what it costs, and what is wrong.
fn status(app: &App, width: usize) -> Vec<Line> {
    let insights = app.insights();
    let Some(run) = insights.run() else {
        let span = insights.span().label();
        let words = format!(
            "Nothing was run yet: ^r runs the query over the last {span}. AWS bills about ${DOLLARS_PER_GB} for each GB it looks \
             through."
        );
        return wrap(&[dim(words)], width);
    };
    let lasted = short_duration(run.lasted(app.now()));
    let found = run.found();
    let mut spans = match run.stage() {
        Stage::Starting(_) => vec![toned(Tone::Accent, "starting…"), dim(format!(" {lasted}"))],
        Stage::Running { .. } => under_way(app, run, &lasted),
        Stage::Refused(malformed) => refused(insights, run, malformed),
        Stage::Failed(error) => vec![
            toned(Tone::Bad, format!("✖ {} {}: ", error.kind.label(), error.operation)),
            plain(format!("{} ", error.message.trim_end())),
            dim(format!("→ {}", error.advice())),
        ],
        Stage::Stopped => {
            let mut spans = vec![toned(Tone::Warn, format!("stopped after {lasted}, when it was left"))];
            spans.extend(found.into_iter().flat_map(figures));
            spans
        }
        Stage::Ended => ended(found, &lasted),
    };
    if run.query().text != insights.editor().text() && !matches!(run.stage(), Stage::Refused(_)) {
        spans.push(dim(" · of the query before it was changed"));
    } else if run.span() != insights.span() {
        spans.push(dim(format!(" · of the last {}", run.span().label())));
    }
    wrap(&spans, width)
}

fn under_way(app: &App, run: &Run, lasted: &str) -> Vec<Span> {
    let word = match run.found().map(|found| &found.state) {
        None | Some(QueryState::Scheduled) => "scheduled".to_owned(),
        Some(QueryState::Other(word)) => format!("state {word}"),
        Some(_) => "running".to_owned(),
    };
    let mut spans = vec![toned(Tone::Accent, format!("{word}…")), dim(format!(" {lasted}"))];
    if let Some(found) = run.found().filter(|found| found.state != QueryState::Scheduled) {
        spans.extend(figures(found));
    }
    if let Stage::Running { due, trouble: Some((error, _)), .. } = run.stage() {
        let again = short_duration(due.duration_since(app.now()).max(jiff::SignedDuration::ZERO));
        let words = format!(" · {} {}, asked again in {again}", error.kind.label(), error.operation);
        spans.push(toned(Tone::Warn, words));
    }
    spans
}

fn refused(insights: &Insights, run: &Run, malformed: &Malformed) -> Vec<Span> {
    // AWS says it itself, mostly.
    let place = malformed.place.filter(|_| !malformed.message.contains(" line ")).map(|(start, _)| {
        let before: String = run.query().text.chars().take(start).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        format!("line {line}, column {column}: ")
    });
    let changed = if insights.malformed().is_some() { "" } else { "before it was changed, " };
    vec![
        toned(Tone::Bad, format!("✖ not understood: {changed}{}", place.unwrap_or_default())),
        plain(malformed.message.trim_end()),
    ]
}

fn ended(found: Option<&Found>, lasted: &str) -> Vec<Span> {
    let Some(found) = found else { return vec![dim("it ended")] };
    let mut spans = vec![match &found.state {
        QueryState::Failed => toned(Tone::Bad, format!("✖ failed after {lasted}: AWS does not say why")),
        QueryState::Cancelled => toned(Tone::Warn, format!("cancelled after {lasted}, not from here")),
        QueryState::TimedOut => {
            toned(Tone::Bad, "✖ timed out: AWS ends a query after 60 minutes; look at less time, or filter first")
        }
        _ => toned(Tone::Good, format!("complete in {lasted}")),
    }];
    spans.extend(figures(found));
    if found.rows.is_empty() && found.state == QueryState::Complete {
        let words = if found.statistics.scanned > 0.0 {
            " · nothing matched"
        } else {
            " · nothing was written in that time: ^t looks further back"
        };
        spans.push(plain(words));
    }
    spans
}

/// What was found and looked through, and what that costs.
fn figures(found: &Found) -> Vec<Span> {
    let QueryStatistics { matched, scanned, bytes } = found.statistics;
    let rows = found.rows.len();
    let rows = match (rows, found.more) {
        (rows, true) => format!("the first {rows} rows"),
        (1, false) => "1 row".to_owned(),
        (rows, false) => format!("{rows} rows"),
    };
    vec![
        plain(format!(" · {rows}")),
        dim(format!(" · {matched:.0} matched of {scanned:.0} scanned, {}, ", size(bytes))),
        plain(price(found.statistics.dollars())),
    ]
}

fn size(bytes: f64) -> String {
    let units = [(1_073_741_824.0, "GB"), (1_048_576.0, "MB"), (1_024.0, "kB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes / unit),
        None => format!("{bytes:.0} B"),
    }
}

fn price(dollars: f64) -> String {
    match dollars {
        ..0.0001 => "<$0.0001".to_owned(),
        ..0.01 => format!("~${dollars:.4}"),
        _ => format!("~${dollars:.2}"),
    }
}

/// The headings, and the rows in sight.
fn table(insights: &Insights, found: &Found, width: usize, room: usize) -> Vec<Line> {
    let sight = insights.sight();
    let columns = shown_columns(found, sight.column, width.saturating_sub(BEFORE));
    let hidden = sight.column + columns.len() < found.columns.len();
    let cells = |cells: Vec<Span>, first: Span| {
        let mut line = vec![first];
        for (place, (cell, (column, columns_wide))) in cells.into_iter().zip(&columns).enumerate() {
            if place > 0 {
                line.push(plain(" ".repeat(GAP)));
            }
            let align = if column.numbers { Align::Right } else { Align::Left };
            let cell = Line::from(cell);
            // What tells streams apart is their end.
            let cell = if NAMED.contains(&column.name.as_str()) {
                cell.fitted_between(*columns_wide)
            } else {
                cell.fitted(*columns_wide)
            };
            line.extend(cell.padded(*columns_wide, align).spans);
        }
        Line::of(line)
    };
    let sign = |text: &str| dim(format!("{text:<BEFORE$}"));
    let names = columns.iter().map(|(column, _)| dim(&column.name)).collect();
    let mut head = cells(names, sign(if sight.column > 0 { "‹" } else { "" })).fitted(width);
    if hidden {
        let room = width.saturating_sub(2);
        head = head.fitted(room).padded(room, Align::Left);
        head.spans.push(dim(" ›"));
    }
    let mut lines = vec![head];
    for (place, row) in found.rows.iter().enumerate().skip(sight.top).take(room.saturating_sub(1)) {
        let here = place == sight.row;
        let value =
            |column: &Column| row.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value.as_str());
        let cell = |column: &Column| plain(on_one_line(value(column).unwrap_or_default()));
        let cursor = if here && insights.focus() == Focus::Results {
            Span::new(Tone::Focus, ">")
        } else {
            plain(if here { ">" } else { " " })
        };
        let mut line = cells(columns.iter().map(|(column, _)| cell(column)).collect(), cursor);
        line.spans.insert(1, plain(" ".repeat(BEFORE - 1)));
        lines.push(line.fitted(width));
    }
    lines
}

/// The columns that fit, each with what it gets: what it needs, at most a third of the width, and then what is left.
fn shown_columns(found: &Found, first: usize, width: usize) -> Vec<(&Column, usize)> {
    let mut shown: Vec<(&Column, usize)> = Vec::new();
    let mut used = 0;
    for column in found.columns.iter().skip(first) {
        let gap = if shown.is_empty() { 0 } else { GAP };
        let left = width.saturating_sub(used + gap);
        if !shown.is_empty() && left < column.width.min(NARROW) {
            break;
        }
        let wide = column.width.min((width / 3).max(NARROW)).min(left);
        shown.push((column, wide));
        used += gap + wide;
    }
    for (column, wide) in &mut shown {
        let more = column.width.saturating_sub(*wide).min(width.saturating_sub(used));
        *wide += more;
        used += more;
    }
    shown
}

/// The row under the cursor with all its fields, those of lines of JSON one below the other.
fn row_lines(insights: &Insights, found: &Found, width: usize) -> Vec<Line> {
    let place = insights.sight().row;
    let mut document = Document::default();
    document.push(strong(format!("row {} of {}", place + 1, found.rows.len())));
    let Some(row) = found.rows.get(place) else { return document.lines };
    let longest = row.iter().map(|(name, _)| visible(name).width()).max().unwrap_or_default().min(NAMES);
    for (name, value) in row {
        let label = visible(name).into_owned();
        match fields(value) {
            Some(fields) if !fields.is_empty() => {
                document.push(dim(label));
                let longest = fields.iter().map(|(name, _)| visible(name).width()).max().unwrap_or_default().min(NAMES);
                for (name, value) in &fields {
                    field(&mut document, &format!("  {}", visible(name)), longest + 2, value, width);
                }
            }
            _ => field(&mut document, &label, longest, value, width),
        }
    }
    document.lines
}

fn field(document: &mut Document, label: &str, label_width: usize, value: &str, width: usize) {
    let end = (0..=value.len().min(SHOWN)).rev().find(|end| value.is_char_boundary(*end)).unwrap_or_default();
    let value = ansi::plain(value.get(..end).unwrap_or_default());
    for (number, line) in value.trim_end().split('\n').enumerate() {
        let label = if number == 0 { label } else { "" };
        document.field(label, label_width, &[plain(line.trim_end_matches('\r'))], width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_prices() {
        for (bytes, shown) in
            [(0.0, "0 B"), (1_023.0, "1023 B"), (2_048.0, "2.0 kB"), (5.5 * 1_073_741_824.0, "5.5 GB")]
        {
            assert_eq!(size(bytes), shown);
        }
        for (dollars, shown) in [(0.0, "<$0.0001"), (0.00049, "~$0.0005"), (0.0275, "~$0.03"), (12.0, "~$12.00")] {
            assert_eq!(price(dollars), shown);
        }
    }
}
