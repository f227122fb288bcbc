//! Tab Events: newest first, with what every normal change consists of folded.

use super::aws_text::event_text;
use crate::app::App;
use crate::app::document::{Document, Tone, dim, plain, toned};
use crate::app::freshness::since;
use crate::diagnose::parse::events::{Event, event};
use crate::model::service::{Service, ServiceEvent};

/// Columns of the age.
const AGE: usize = 6;

/// The tab.
pub fn document(app: &App, service: &Service, width: usize) -> Document {
    let mut document = Document::default();
    if service.events.is_empty() {
        document.push(plain("AWS has no events of this service (it keeps the newest hundred)."));
        return document;
    }
    let runs = service.events.chunk_by(|left, right| is_noise(left) && is_noise(right));
    for run in runs {
        match run {
            [several, .., _] => fold(app, several, run, &mut document, width),
            [one] => single(app, service, one, &mut document, width),
            [] => {}
        }
    }
    document
}

fn is_noise(entry: &ServiceEvent) -> bool {
    event(&entry.message).is_noise()
}

fn single(app: &App, service: &Service, entry: &ServiceEvent, document: &mut Document, width: usize) {
    let event = event(&entry.message);
    let tone = match event.trouble() {
        Some(_) => Tone::Bad,
        None if event.is_noise() => Tone::Dim,
        None => Tone::Plain,
    };
    let sign = if event.trouble().is_some() { "✖" } else { "·" };
    let label = format!("{:>5}", since(entry.at, app.aws_now()));
    let text = event_text(&entry.message, &service.name);
    document.field(&label, AGE, &[toned(tone, format!("{sign} {text}"))], width);
}

/// `· 12 × steady state`, behind the age of the latest.
fn fold(app: &App, latest: &ServiceEvent, run: &[ServiceEvent], document: &mut Document, width: usize) {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for entry in run {
        let label = words_of(&event(&entry.message));
        match kinds.iter_mut().find(|(known, _)| *known == label) {
            Some((_, count)) => *count += 1,
            None => kinds.push((label, 1)),
        }
    }
    let kinds: Vec<String> = kinds.into_iter().map(|(label, count)| format!("{count} × {label}")).collect();
    let age = since(latest.at, app.aws_now());
    let label = format!("{age:>5}");
    document.field(&label, AGE, &[dim(format!("· {}", kinds.join(", ")))], width);
}

/// What an event of a normal life says, for counting.
const fn words_of(event: &Event<'_>) -> &'static str {
    match event {
        Event::SteadyState => "steady state",
        Event::Started { .. } => "tasks started",
        Event::Stopped { .. } => "tasks stopped",
        Event::Registered { .. } => "targets registered",
        Event::Deregistered { .. } => "targets deregistered",
        Event::Draining { .. } => "connections drained",
        Event::DeploymentCompleted { .. } => "deployment completed",
        Event::Rebalancing { .. } => "rebalancing",
        _ => "other",
    }
}
