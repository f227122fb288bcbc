//! Tab Logs: the lines of all containers of all tasks of a service, merged by time, with marks where a deployment began and
//! where tasks started and stopped.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::deaths::death_of;
use super::source::Source;
use crate::app::App;
use crate::app::command::{Command, Reading};
use crate::app::document::{Document, Ink, Line as Shown, Span, Tone, dim, plain, strong, toned, wrap};
use crate::app::freshness::short_duration;
use crate::app::logs::Logs;
use crate::app::wants::TASKS;
use crate::diagnose::parse::events::{Event, event, group_name};
use crate::logs::ansi::{self, pieces};
use crate::logs::fields::{fields, in_short};
use crate::logs::held::Line;
use crate::logs::level::{Level, level};
use crate::logs::when::Times;
use crate::model::log::{LogDestination, TailMode, TailState};
use crate::model::look::Colour;
use crate::model::service::Service;
use crate::model::text::visible;

/// Lines above the log.
pub const HEAD: usize = 1;
/// Characters of a task's id.
const TASK: usize = 8;
/// Bytes of a line that are shown; nobody reads on, and each frame lays out a screen full of them.
const SHOWN: usize = 8 * 1024;
/// Colours that tell tasks apart.
const INKS: [Ink; 6] = [
    (Colour::Cyan, false),
    (Colour::Magenta, false),
    (Colour::Green, false),
    (Colour::Blue, true),
    (Colour::Red, true),
    (Colour::Yellow, false),
];

/// Where the tab comes from: whose lines they are is known from the tasks.
pub fn source<'a>(app: &'a App, service: &Service) -> Source<'a> {
    Source::new(app.store().tasks(service).remote(), Some(TASKS))
}

/// The tab.
pub fn document(app: &App, service: &Service, width: usize) -> Document {
    let mut document = Document::default();
    let height = crate::app::layout::layout(app).map_or(0, |layout| usize::from(layout.detail_body.height));
    let Some(logs) = app.logs().filter(|logs| *logs.service() == service.arn) else {
        document.push(dim("reading…"));
        return document;
    };
    document.head = Some(head(app, logs).fitted(width));
    let room = height.saturating_sub(HEAD);
    if logs.view().is_empty() {
        nothing(app, service, logs, &mut document, width);
        return document;
    }
    let marks = marks(app, service, logs);
    let (here, marked) = (logs.row(), logs.marked());
    // Who follows the newest line sees the end, wherever it is by now.
    let first = if logs.follows_newest() { top(app, width, room).unwrap_or_default() } else { logs.top() };
    for row in first..logs.view().len() {
        if document.lines.len() >= room {
            break;
        }
        let Some(line) = logs.line(row) else { break };
        let paused = !logs.follows_newest() && app.is_zoomed();
        let sign = match () {
            () if paused && here == Some(row) => Some(toned(Tone::Focus, ">")),
            () if marked.as_ref().is_some_and(|marked| marked.contains(&row)) => Some(toned(Tone::Accent, "┃")),
            () => None,
        };
        document.lines.extend(with_marks(app, logs, &marks, row, line, width, sign));
    }
    // What began and ended after the last line.
    if logs.line(logs.view().len().saturating_sub(1)).is_some() && document.lines.len() < room {
        let last = logs.line(logs.view().len().saturating_sub(1)).map(Line::at);
        let later = marks.iter().filter(|mark| Some(mark.at) > last);
        document.lines.extend(later.map(|mark| mark_line(app, mark, width)));
    }
    document.lines.truncate(room);
    document
}

/// The first row to be shown so that the one somebody reads is in sight, and the screen is full if it can be.
pub fn top(app: &App, width: usize, room: usize) -> Option<usize> {
    let logs = app.logs()?;
    let service = app.store().service(logs.service())?;
    let marks = marks(app, service, logs);
    let row = logs.row()?;
    let height =
        |row: usize| logs.line(row).map_or(0, |line| with_marks(app, logs, &marks, row, line, width, None).len());
    let first_for = |last: usize| {
        let mut used = if last + 1 == logs.view().len() {
            marks.iter().filter(|mark| logs.line(last).is_some_and(|line| mark.at > line.at())).count()
        } else {
            0
        };
        let mut first = last;
        for above in Logs::upwards(last) {
            used += height(above);
            if used > room && above != last {
                break;
            }
            first = above;
        }
        first
    };
    let lowest = first_for(row);
    let full = first_for(logs.view().len().saturating_sub(1));
    let before = logs.top().min(row);
    Some(if logs.follows_newest() { full } else { before.max(lowest).min(full.max(lowest)) })
}

/// A line as it is copied and saved: time, task, container and text, safe to print.
pub fn whole(logs: &Logs, line: &Line) -> String {
    let task = logs.held().tasks().get(usize::from(line.task)).map_or("?", String::as_str);
    let container = logs.sources().get(usize::from(line.source)).map_or("?", |source| source.container.as_str());
    let text = ansi::plain(line.text());
    format!(
        "{} {} {} {}",
        line.at().strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
        visible(task),
        visible(container),
        visible(&text)
    )
}

/// What is followed and how, and what is left out.
fn head(app: &App, logs: &Logs) -> Shown {
    let mut spans = Vec::new();
    let trouble = logs.states().find_map(|(_, state)| state?.trouble.as_ref());
    let word = match (logs.follows_newest(), trouble) {
        (_, Some(error)) => toned(Tone::Bad, format!("{} {}", error.kind.label(), error.operation)),
        (false, None) => toned(Tone::Accent, paused(logs)),
        (true, None) if logs.states().all(|(_, state)| state.is_none()) => dim("reading…"),
        (true, None) => toned(Tone::Good, "following"),
    };
    spans.push(word);
    let told: Vec<&TailState> = logs.states().filter_map(|(_, state)| state).collect();
    let polled = told.iter().find_map(|state| match &state.mode {
        TailMode::Polling { because } => Some(because),
        TailMode::CatchingUp | TailMode::LiveTail => None,
    });
    match (polled, told.iter().any(|state| state.mode == TailMode::LiveTail)) {
        (Some(because), _) => spans.push(dim(format!(" · polling ({})", visible(because)))),
        (None, true) => spans.push(dim(" · Live Tail")),
        (None, false) => {}
    }
    if told.iter().any(|state| state.sampled) {
        spans.push(toned(Tone::Warn, " · more than it sends, the rest is read"));
    }
    if let Some(behind) = told.iter().filter_map(|state| state.behind).max() {
        spans.push(toned(Tone::Warn, format!(" · {} behind", short_duration(behind))));
    }
    let (shown, held) = (logs.view().len(), logs.held().len());
    let tasks = logs.held().tasks().len();
    let count = if shown == held { format!("{held} lines") } else { format!("{shown} of {held} lines") };
    spans.push(dim(format!(" · {count} · {tasks} task{}", if tasks == 1 { "" } else { "s" })));
    let filter = logs.view().filter();
    if let Some(task) = &filter.task {
        spans.extend([dim(" · task "), strong(short(task))]);
    }
    if let Some(source) = filter.source.and_then(|place| logs.sources().get(usize::from(place))) {
        spans.extend([dim(" · container "), strong(&source.container)]);
    }
    for (word, pattern) in [("only", &filter.include), ("without", &filter.exclude)] {
        if let Some(pattern) = pattern {
            spans.extend([dim(format!(" · {word} ")), strong(pattern.typed())]);
        }
    }
    if let Some(search) = logs.search() {
        spans.extend([dim(" · search "), strong(search.typed())]);
    }
    if !logs.asked().is_empty() {
        spans.push(toned(Tone::Accent, " · reading older lines…"));
    }
    if logs.held().let_go() > 0 {
        spans.push(dim(format!(" · {} oldest let go", logs.held().let_go())));
    }
    if logs.claims().waiting() > 0 {
        spans.push(dim(format!(" · {} of unlisted tasks", logs.claims().waiting())));
    }
    if logs.claims().foreign() > 0 {
        spans.push(dim(format!(" · {} of other services left out", logs.claims().foreign())));
    }
    let elsewhere = app.selected_service().map(|service| app.destinations(service)).unwrap_or_default();
    let elsewhere = elsewhere.iter().filter(|one| matches!(one, LogDestination::Elsewhere { .. })).count();
    if elsewhere > 0 {
        spans.push(toned(
            Tone::Warn,
            format!(" · {elsewhere} container{} not in CloudWatch", if elsewhere == 1 { "" } else { "s" }),
        ));
    }
    Shown { spans }
}

/// That nothing moves, and how much there is to catch up with.
fn paused(logs: &Logs) -> String {
    match logs.row().map_or(0, |row| logs.view().len().saturating_sub(row + 1)) {
        0 => "paused".to_owned(),
        newer => format!("paused, {newer} newer"),
    }
}

/// Why there is nothing to see.
fn nothing(app: &App, service: &Service, logs: &Logs, document: &mut Document, width: usize) {
    let destinations = app.destinations(service);
    for destination in &destinations {
        match destination {
            LogDestination::Elsewhere { container, why } => {
                document.paragraph(&[toned(Tone::Warn, "! "), strong(container), plain(format!(" {why}."))], width);
            }
            LogDestination::CloudWatch(source) => {
                let streams = format!(" writes to {}, streams {}TASK", source.group, source.prefix);
                document.paragraph(&[plain("  "), strong(&source.container), dim(streams)], width);
            }
        }
    }
    for error in logs.states().filter_map(|(_, state)| state?.trouble.as_ref()) {
        let words = format!("{} {}: {}", error.kind.label(), error.operation, error.message);
        document.paragraph(&[toned(Tone::Bad, words)], width);
    }
    let unread = logs.states().any(|(_, state)| state.is_some_and(|state| state.trouble.is_some()));
    let words = if unread {
        "What was written cannot be told until that is mended; it is asked again and again."
    } else if destinations.is_empty() {
        "reading the task definition…"
    } else if logs.held().is_empty() {
        "Nothing was written within the last 10 minutes. Lines appear as they come; o reads what was written before."
    } else {
        "No line passes the filters; Esc drops them."
    };
    document.paragraph(&[dim(words)], width);
}

/// Something that happened between lines.
struct Mark {
    at: Timestamp,
    tone: Tone,
    text: String,
    /// What is older than the first line held is history nobody reads here, except that there is more of it.
    history: bool,
}

impl Mark {
    fn new(at: Timestamp, tone: Tone, text: impl Into<String>) -> Self {
        Self { at, tone, text: text.into(), history: true }
    }
}

/// What happened to the service and its tasks, oldest first.
fn marks(app: &App, service: &Service, logs: &Logs) -> Vec<Mark> {
    let filter = logs.view().filter();
    let mut marks = Vec::new();
    for deployment in &service.deployments {
        if let Some(at) = deployment.created_at {
            let revision = deployment.task_definition.name();
            marks.push(Mark::new(at, Tone::Accent, format!("deployment of {revision} began")));
        }
    }
    let tasks = app.store().tasks(service).value().unwrap_or_default();
    for task in tasks.iter().filter(|task| filter.task.as_ref().is_none_or(|id| id == task.arn.name())) {
        let name = format!("{} ({})", short(task.arn.name()), task.task_definition.name());
        if let Some(at) = task.started_at {
            marks.push(Mark::new(at, Tone::Good, format!("task {name} started")));
        }
        // Not while it is stopping: it still writes.
        if let (Some(at), Some(death)) = (task.execution_stopped_at.or(task.stopped_at), death_of(app, task)) {
            let tone = if death.benign { Tone::Dim } else { Tone::Bad };
            marks.push(Mark::new(at, tone, format!("task {name} stopped: {}", death.line)));
        }
    }
    marks.extend(service.events.iter().filter_map(|entry| {
        let (tone, text) = told(&event(&entry.message))?;
        Some(Mark::new(entry.at?, tone, text))
    }));
    marks.extend(edges(app, logs));
    marks.sort_by(|one, other| (one.at, &one.text).cmp(&(other.at, &other.text)));
    marks
}

/// From when on lines are held: what is before that is missing, of one container or of all.
fn edges(app: &App, logs: &Logs) -> Vec<Mark> {
    // A task that died may be read from its start.
    if logs.view().filter().task.is_some() {
        return Vec::new();
    }
    let mut begins: BTreeMap<Timestamp, Vec<&str>> = BTreeMap::new();
    let only = logs.view().filter().source;
    for (place, source) in (0_u16..).zip(logs.sources()).filter(|(place, _)| only.is_none_or(|only| only == *place)) {
        begins.entry(logs.begins_at(place)).or_default().push(&source.container);
    }
    let of_all = begins.len() == 1;
    let key = app.options().keymap.label(Command::Read(Reading::Older)).unwrap_or_default();
    let edge = |(at, containers): (Timestamp, Vec<&str>)| {
        let whose = if of_all { String::new() } else { format!(" of {}", containers.join(", ")) };
        let text = format!("lines{whose} before this are not all read; {key} reads older ones");
        Mark { history: false, ..Mark::new(at, Tone::Dim, text) }
    };
    begins.into_iter().map(edge).collect()
}

/// What an event of the service tells that nothing else does.
fn told(event: &Event<'_>) -> Option<(Tone, String)> {
    Some(match event {
        Event::Unhealthy { task, instance, port, target_group, .. } => {
            let whose = task.map(short).or(*instance).map(|whose| format!(" of {whose}")).unwrap_or_default();
            let port = port.map(|port| format!(" on port {port}")).unwrap_or_default();
            let why = event.trouble().unwrap_or_default();
            (Tone::Bad, format!("target{whose}{port} is unhealthy in {}: {why}", group_name(target_group)))
        }
        Event::DeploymentCompleted { .. } => (Tone::Good, "deployment completed".to_owned()),
        Event::DeploymentFailed { .. } => (Tone::Bad, event.trouble()?),
        Event::RollingBack { .. } => (Tone::Warn, event.trouble()?),
        _ => return None,
    })
}

fn mark_line(app: &App, mark: &Mark, width: usize) -> Shown {
    dashed(mark.tone, format!("── {} {} ", time(app, mark.at), visible(&mark.text)), width)
}

fn dashed(tone: Tone, text: String, width: usize) -> Shown {
    let rest = width.saturating_sub(plain(&text).width());
    Shown::of([toned(tone, text), toned(tone, "─".repeat(rest))]).fitted(width)
}

/// A line with what happened before it.
fn with_marks(
    app: &App,
    logs: &Logs,
    marks: &[Mark],
    row: usize,
    line: &Line,
    width: usize,
    sign: Option<Span>,
) -> Vec<Shown> {
    let before = row.checked_sub(1).and_then(|row| logs.line(row)).map(Line::at);
    let first = before.map_or(0, |before| marks.partition_point(|mark| mark.at <= before));
    let until = marks.partition_point(|mark| mark.at <= line.at());
    let between = marks.get(first..until).unwrap_or_default().iter();
    let held = |mark: &&Mark| !mark.history || Some(mark.at) >= logs.held().first_at();
    let (mut shown, mut last) = (Vec::new(), before.unwrap_or_else(|| app.aws_now()));
    let mut passed_to = |at: Timestamp, shown: &mut Vec<Shown>| {
        let day = new_day(app, std::mem::replace(&mut last, at), at);
        shown.extend(day.map(|day| dashed(Tone::Dim, format!("── {day} "), width)));
    };
    for mark in between.filter(held) {
        passed_to(mark.at, &mut shown);
        shown.push(mark_line(app, mark, width));
    }
    passed_to(line.at(), &mut shown);
    shown.extend(lines(app, logs, line, width, sign));
    shown
}

/// The day lines are of from here on, where times do not tell it.
fn new_day(app: &App, before: Timestamp, at: Timestamp) -> Option<String> {
    let zone = match app.look().times {
        Times::Utc => TimeZone::UTC,
        Times::Local => app.options().zone.clone(),
        Times::Relative | Times::None => return None,
    };
    let (before, here) = (before.to_zoned(zone.clone()), at.to_zoned(zone));
    (before.date() != here.date()).then(|| here.strftime("%A, %Y-%m-%d %Z").to_string())
}

fn short(task: &str) -> &str {
    task.get(..TASK).unwrap_or(task)
}

fn time(app: &App, at: Timestamp) -> String {
    match app.look().times {
        Times::Utc => at.strftime("%H:%M:%S%.3f").to_string(),
        Times::Local => at.to_zoned(app.options().zone.clone()).strftime("%H:%M:%S%.3f").to_string(),
        Times::Relative => format!("{:>4} ago", short_duration(app.aws_now().duration_since(at))),
        Times::None => String::new(),
    }
}

/// A line of the log on as many lines of the screen as it takes.
fn lines(app: &App, logs: &Logs, line: &Line, width: usize, sign: Option<Span>) -> Vec<Shown> {
    let mut before = vec![sign.unwrap_or_else(|| plain(" "))];
    let at = time(app, line.at());
    if !at.is_empty() {
        before.push(dim(format!("{at} ")));
    }
    let task = logs.held().tasks().get(usize::from(line.task)).map_or("?", String::as_str);
    let ink = INKS.get(usize::from(line.task) % INKS.len()).copied();
    before.push(plain(format!("{} ", short(task))).inked(ink));
    if logs.sources().len() > 1
        && let Some(source) = logs.sources().get(usize::from(line.source))
    {
        before.push(dim(format!("{} ", source.container)));
    }
    let indent: usize = before.iter().map(Span::width).sum();
    let room = width.saturating_sub(indent).max(10);
    let fields = fields(line.text());
    let said = fields.as_ref().map(|fields| in_short(fields));
    let text = said.as_deref().unwrap_or_else(|| line.text());
    let mut spans = spans(logs, cut(text), level(line.text()));
    let more = text.len() - cut(text).len();
    if more > 0 {
        spans.push(dim(format!("… and {} kB more", more.div_ceil(1024))));
    }
    let body = if app.look().wrap { wrap(&spans, room) } else { vec![Shown::of(spans).fitted(room)] };
    let mut shown: Vec<Shown> = Vec::new();
    for part in body {
        let start = if shown.is_empty() { std::mem::take(&mut before) } else { vec![plain(" ".repeat(indent))] };
        shown.push(Shown::of(start.into_iter().chain(part.spans)));
    }
    if logs.is_expanded(line) {
        let detail: Vec<(String, String)> =
            fields.unwrap_or_else(|| vec![("message".to_owned(), ansi::plain(line.text()))]);
        let label = detail.iter().map(|(name, _)| plain(name).width()).max().unwrap_or_default().min(room / 3);
        for (name, value) in detail {
            let mut field = Document::default();
            field.field(&visible(&name), label, &[plain(cut(&value))], room.saturating_sub(2));
            let indented = |line: Shown| Shown::of(std::iter::once(plain(" ".repeat(indent + 2))).chain(line.spans));
            shown.extend(field.lines.into_iter().map(indented));
        }
    }
    shown
}

fn cut(text: &str) -> &str {
    let end = (0..=text.len().min(SHOWN)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

/// The text in the colours its application gave it, or in that of how grave it is, with what was searched for standing out.
fn spans(logs: &Logs, text: &str, level: Option<Level>) -> Vec<Span> {
    let tone = match level {
        Some(Level::Error) => Tone::Bad,
        Some(Level::Warn) => Tone::Warn,
        Some(Level::Debug) => Tone::Dim,
        Some(Level::Info) | None => Tone::Plain,
    };
    let pieces = pieces(text);
    let whole: String = pieces.iter().map(|piece| piece.text).collect();
    let hits = logs.search().map(|search| search.places(&whole)).unwrap_or_default();
    let mut spans = Vec::new();
    let mut start = 0;
    for piece in pieces {
        let end = start + piece.text.len();
        let of_piece = if piece.bold { Tone::Strong } else { tone };
        let mut here = start;
        for hit in hits.iter().filter(|hit| hit.start < end && hit.end > start) {
            let (from, to) = (hit.start.max(start), hit.end.min(end));
            spans.extend(whole.get(here..from).map(|text| toned(of_piece, text).inked(piece.ink)));
            spans.extend(whole.get(from..to).map(|text| toned(Tone::Focus, text)));
            here = to;
        }
        spans.extend(whole.get(here..end).map(|text| toned(of_piece, text).inked(piece.ink)));
        start = end;
    }
    spans.retain(|span| !span.text().is_empty());
    spans
}
