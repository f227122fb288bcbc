//! Tab Targets: each target group with how it checks, which rules lead to it, and its targets beside the tasks they are.

use super::load_balancing::{
    check, counts, health_check_in_full, mark, reason, routes, settings, targets, unknown_hosts,
};
use super::source::Source;
use super::tasks::task_label;
use crate::app::App;
use crate::app::document::{Document, Line, Tone, dim, plain, strong, toned};
use crate::app::table::{Column, InFull, table};
use crate::diagnose::target_health::{Standing, meaning};
use crate::diagnose::targets::{Joined, join};
use crate::model::arn::TargetGroupArn;
use crate::model::load_balancing::Target;
use crate::model::service::Service;
use crate::model::task::Task;

/// Columns of the labels.
const LABEL: usize = 6;

/// Where the tab comes from: what is worst of its target groups.
pub fn source<'a>(app: &'a App, service: &Service) -> Option<Source<'a>> {
    let sources = service.target_groups().into_iter().map(|group| targets(app, group).1);
    sources.reduce(|worst, source| worst.or_worse(source, app.now()))
}

/// The tab.
pub fn document(app: &App, service: &Service, width: usize) -> Document {
    let mut document = Document::default();
    let groups = service.target_groups();
    for binding in &service.load_balancers {
        if let Some(name) = &binding.classic_load_balancer {
            let words = format!("Classic load balancer {name}: its targets are not shown by this version.");
            document.paragraph(&[plain(words)], width);
        }
    }
    if groups.is_empty() && document.lines.is_empty() {
        document.push(plain("This service is behind no load balancer."));
        return document;
    }
    for (index, group) in groups.into_iter().enumerate() {
        if index > 0 {
            document.push(Line::default());
        }
        target_group(app, service, group, &mut document, width);
    }
    document
}

fn target_group(app: &App, service: &Service, group: &TargetGroupArn, document: &mut Document, width: usize) {
    let now = app.now();
    let (read, source) = targets(app, group);
    let (settings, of_settings) = settings(app, group);
    let mut heading = vec![strong(format!("{}  ", group.group_name()))];
    if let Some(settings) = settings {
        let kinds = [&settings.protocol, &settings.protocol_version, &settings.target_type];
        let kinds: Vec<&str> = kinds.into_iter().flatten().map(String::as_str).collect();
        heading.push(dim(format!("{}  ", kinds.join(" · "))));
    }
    if let Some(read) = read {
        heading.extend(counts(read));
    }
    if let Some(caveat) = source.caveat(now) {
        heading.extend([plain("  "), caveat]);
    }
    document.paragraph(&heading, width);
    match settings {
        Some(settings) => {
            check(health_check_in_full(&settings.health_check), of_settings, document, LABEL, width, now);
            for route in routes(app, settings) {
                document.field("route", LABEL, &[route], width);
            }
        }
        None => of_settings.absence(app, "settings", document, width),
    }
    let Some(read) = read else {
        source.absence(app, "targets", document, width);
        return;
    };
    if read.is_empty() {
        document.push(toned(Tone::Warn, "! no targets are registered"));
        return;
    }
    let tasks = app.store().tasks(service).value();
    let target_type = settings.and_then(|settings| settings.target_type.as_deref());
    let joined = join(read, target_type, tasks.unwrap_or_default());
    let mut listed: Vec<(&Target, Option<&Task>)> =
        joined.iter().filter_map(|joined| Some((joined.target()?, joined.task()))).collect();
    listed.sort_by_key(|(target, _)| order(meaning(target).standing));
    let unknown_hosts = unknown_hosts(tasks.unwrap_or_default());
    let unknown = match (tasks, &unknown_hosts) {
        (None, _) => Some("…"),
        (_, Some(_)) => Some("?"),
        _ => None,
    };
    let rows: Vec<Vec<Line>> = listed.iter().map(|(target, task)| row(target, *task, unknown)).collect();
    let table = table(&columns(), &rows, width);
    document.lines.extend(table.head);
    let mut in_full = InFull::default();
    for (line, (target, _)) in table.lines.into_iter().zip(&listed) {
        let failing = meaning(target).standing.is_failure();
        in_full.push(document, line, failing.then(|| reason(target)), width);
    }
    if let Some(words) = unknown_hosts {
        document.paragraph(&[words], width);
    }
    for task in joined.iter().filter_map(|joined| match joined {
        Joined::TaskOnly(task) if task.ec2_instance.error().is_none() => Some(*task),
        _ => None,
    }) {
        document.push(Line::of([toned(Tone::Warn, "! "), task_label(task), plain(" has no target here (yet)")]));
    }
}

const fn order(standing: Standing) -> u8 {
    match standing {
        Standing::Failing => 0,
        Standing::NotInUse => 1,
        Standing::Unknown => 2,
        Standing::Waiting => 3,
        Standing::Fine => 4,
        Standing::Leaving => 5,
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::text("  TARGET", 12, 48, 0),
        Column::text("STATE", 8, 18, 0),
        Column::text("TASK", 8, 20, 2),
        Column::text("ZONE", 10, 14, 3),
        Column::text("REASON", 12, 100, 1),
    ]
}

/// `unknown` stands where the task would, if it cannot be told which one it is.
fn row(target: &Target, task: Option<&Task>, unknown: Option<&str>) -> Vec<Line> {
    let (sign, tone) = mark(target);
    let standing = meaning(target).standing;
    let port = target.port.map(|port| format!(":{port}")).unwrap_or_default();
    let whose: Line = match task {
        Some(task) => plain(task.arn.short_id()).into(),
        None => match unknown {
            Some(unknown) => dim(unknown).into(),
            None if standing == Standing::Leaving => dim("gone").into(),
            None => toned(Tone::Warn, "! none of ours").into(),
        },
    };
    let said = if standing == Standing::Fine { String::new() } else { reason(target) };
    let text_tone = if standing == Standing::Leaving { Tone::Dim } else { Tone::Plain };
    vec![
        Line::of([toned(tone, format!("{sign} ")), toned(text_tone, format!("{}{port}", target.id))]),
        toned(tone, target.state.as_str()).into(),
        whose,
        dim(target.availability_zone.as_deref().unwrap_or("-")).into(),
        toned(text_tone, said).into(),
    ]
}
