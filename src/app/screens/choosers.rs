//! Overlays with a line to type in and a list below it: commands and clusters.

use unicode_width::UnicodeWidthStr;

use super::input::input;
use super::source::explain_failure;
use crate::app::App;
use crate::app::command::{self, Command, CommandInfo};
use crate::app::document::{Align, Document, Line, Span, Tone, dim, plain, strong, toned};
use crate::app::overlay::Chooser;
use crate::model::cluster::Cluster;

/// Lines above the list: what is typed, and a rule.
const HEAD: usize = 2;
/// Columns before what is typed.
const PROMPT: usize = 2;

/// Commands by name.
pub fn palette(app: &App, chooser: &Chooser, width: usize, height: usize) -> Document {
    let items = app.chooser_items();
    let lines = visible(chooser, &items, height)
        .map(|(id, chosen)| (command::all().find(|info| info.id == *id), chosen))
        .filter_map(|(info, chosen)| Some((command_line(app, info?), chosen)));
    let mut document = list(chooser, lines, width);
    if items.is_empty() {
        document.push(plain("no command matches"));
    }
    document
}

fn command_line(app: &App, info: &CommandInfo) -> Line {
    let key = app.options().keymap.label(info.command).unwrap_or_default();
    let refusal = info.command.available(app).err();
    let tone = if refusal.is_some() { Tone::Dim } else { Tone::Plain };
    let mut line = Line::of([toned(Tone::Accent, key)]).padded(8, Align::Left);
    line.spans.push(toned(tone, info.title));
    match refusal {
        Some(reason) => line.spans.push(dim(format!(" — {reason}"))),
        None => line.spans.push(dim(format!("  {}", info.id))),
    }
    line
}

/// Tasks and containers whose lines can be shown alone.
pub fn tasks(app: &App, chooser: &Chooser, width: usize, height: usize) -> Document {
    let items = app.chooser_items();
    let known = app.selected_service().and_then(|service| app.store().tasks(service).value()).unwrap_or_default();
    let lines = visible(chooser, &items, height).map(|(name, chosen)| {
        let mut line = Line::from(plain(name));
        if let Some(task) = known.iter().find(|task| task.arn.name() == name.as_str()) {
            let revision = task.task_definition.name();
            line.spans.push(dim(format!("  {revision}  {}", task.last_status)));
        }
        (line, chosen)
    });
    list(chooser, lines, width)
}

/// Lines that list would like to have.
pub fn tasks_height(app: &App) -> usize {
    HEAD + app.narrowings().len()
}

/// Clusters with their counts.
pub fn clusters(app: &App, chooser: &Chooser, width: usize, height: usize) -> Document {
    let items = app.chooser_items();
    let known = app.store().clusters.value().map(Vec::as_slice).unwrap_or_default();
    let longest = items.iter().map(|name| name.width()).max().unwrap_or_default().min(width / 2);
    let lines = visible(chooser, &items, height).map(|(name, chosen)| {
        let here = app.cluster().is_some_and(|cluster| cluster.as_str() == name.as_str());
        let name_cell = Line::from(if here { strong(name) } else { plain(name) });
        let mut line = Line::of([plain(if here { "• " } else { "  " })]);
        line.spans.extend(name_cell.fitted(longest).padded(longest + 2, Align::Left).spans);
        if let Some(cluster) = known.iter().find(|cluster| cluster.name.as_str() == name.as_str()) {
            line.spans.extend(details(cluster));
        }
        (line, chosen)
    });
    let mut document = list(chooser, lines, width);
    let remote = &app.store().clusters;
    if let Some(failure) = remote.failure() {
        explain_failure(app, failure, &mut document, width);
    } else if let Some(words) = without_details(known) {
        document.paragraph(&[words], width);
    } else if remote.value().is_none() {
        document.push(dim("loading clusters…"));
    } else if known.is_empty() {
        document.paragraph(&[plain("No clusters in this account and region.")], width);
    } else if items.is_empty() {
        document.push(plain("no cluster matches"));
    }
    document
}

/// Counts of a cluster, and its state unless that is the usual one.
fn details(cluster: &Cluster) -> Vec<Span> {
    let Some(details) = cluster.details.known() else {
        return vec![dim("?")];
    };
    let some = |count: u32, what: &str| (count > 0).then(|| format!(" · {count} {what}"));
    let words = [
        Some(format!("{} services · {} tasks running", details.active_services, details.running_tasks)),
        some(details.pending_tasks, "pending"),
        some(details.container_instances, "instances"),
    ];
    let mut spans = vec![dim(words.into_iter().flatten().collect::<String>())];
    if details.status != "ACTIVE" && !details.status.is_empty() {
        spans.push(toned(Tone::Warn, format!(" · {}", details.status)));
    }
    spans
}

/// Why there are no counts, if they could not be read.
fn without_details(clusters: &[Cluster]) -> Option<Span> {
    let error = clusters.iter().find_map(|cluster| cluster.details.error())?;
    Some(toned(Tone::Warn, format!("no counts: {} {}", error.kind.label(), error.operation)))
}

/// Lines of the palette when nothing has been typed.
pub fn palette_height() -> usize {
    command::all().filter(|info| info.command != Command::Palette).count() + HEAD
}

/// Lines of the clusters when nothing has been typed.
pub fn clusters_height(app: &App, width: usize) -> usize {
    let remote = &app.store().clusters;
    let mut said = Document::default();
    if let Some(failure) = remote.failure() {
        explain_failure(app, failure, &mut said, width);
    } else if let Some(words) = remote.value().and_then(|clusters| without_details(clusters)) {
        said.paragraph(&[words], width);
    }
    // One line at least, for the sentence that there is none.
    (remote.value().map_or(0, Vec::len) + said.height()).max(1) + HEAD
}

/// The items in sight, around the chosen one.
fn visible<'a>(chooser: &Chooser, items: &'a [String], height: usize) -> impl Iterator<Item = (&'a String, bool)> {
    let here = chooser.position(items);
    let room = height.saturating_sub(HEAD).max(1);
    let first = (here + 1).saturating_sub(room);
    items.iter().enumerate().skip(first).take(room).map(move |(index, item)| (item, index == here))
}

fn list(chooser: &Chooser, lines: impl Iterator<Item = (Line, bool)>, width: usize) -> Document {
    let mut document = Document::default();
    let mut prompt = Line::of([toned(Tone::Accent, "> ")]);
    prompt.spans.extend(input(&chooser.input, width.saturating_sub(PROMPT)).0.spans);
    document.push(prompt);
    document.push(dim("─".repeat(width)));
    for (line, chosen) in lines {
        let mut shown = Line::of([plain(if chosen { "> " } else { "  " })]);
        shown.spans.extend(line.spans);
        let shown = shown.fitted(width);
        document.push(if chosen { shown.padded(width, Align::Left).toned(Tone::Focus) } else { shown });
    }
    document
}

/// Where the cursor is.
pub fn cursor(chooser: &Chooser, width: usize) -> (usize, usize) {
    (PROMPT + input(&chooser.input, width.saturating_sub(PROMPT)).1, 0)
}
