//! Tab Tasks: running and stopped, each with the state of its target, and why the stopped ones died.

use std::collections::HashMap;

use super::aws_text::short_names;
use super::deaths::{death_of, ended_at};
use super::load_balancing;
use super::source::Source;
use crate::app::App;
use crate::app::document::{Document, Line, Span, Tone, dim, plain, toned};
use crate::app::freshness::since;
use crate::app::table::{Column, InFull, table};
use crate::app::wants::TASKS;
use crate::diagnose::target_health::Standing;
use crate::diagnose::target_health::meaning;
use crate::diagnose::targets::{Joined, join};
use crate::model::arn::TaskArn;
use crate::model::load_balancing::Target;
use crate::model::service::Service;
use crate::model::task::{ContainerHealth, Task};

/// Where the tab comes from.
pub fn source<'a>(app: &'a App, service: &Service) -> Source<'a> {
    Source::new(app.store().tasks(service).remote(), Some(TASKS))
}

/// The tab.
pub fn document(app: &App, service: &Service, width: usize) -> Document {
    let mut document = Document::default();
    let Some(tasks) = app.store().tasks(service).value() else {
        source(app, service).absence(app, "tasks", &mut document, width);
        return document;
    };
    if tasks.is_empty() {
        document.push(plain("No tasks, neither running nor stopped within the last hour."));
        return document;
    }
    let targets = targets_by_task(app, service, tasks);
    let (mut stopped, mut wanted): (Vec<&Task>, Vec<&Task>) = tasks.iter().partition(|task| task.is_stopped());
    wanted.sort_by_key(|task| {
        let failing = targets.get(&task.arn).is_some_and(|target| meaning(target).standing.is_failure());
        (!failing, std::cmp::Reverse(task.started_at), std::cmp::Reverse(task.created_at))
    });
    stopped.sort_by_key(|task| std::cmp::Reverse(ended_at(task)));
    let rows: Vec<Row> = wanted.iter().chain(&stopped).map(|task| row(app, task, targets.get(&task.arn))).collect();
    let cells: Vec<Vec<Line>> = rows.iter().map(|row| row.cells.clone()).collect();
    let table = table(&columns(width), &cells, width);
    document.head = table.head;
    if let Some(words) = load_balancing::unknown_hosts(tasks) {
        document.paragraph(&[words], width);
    }
    let mut in_full = InFull::default();
    for (index, (line, row)) in table.lines.into_iter().zip(rows).enumerate() {
        if index == wanted.len() && !wanted.is_empty() {
            document.push(dim(format!("── {} stopped (AWS keeps them for about an hour)", stopped.len())));
        }
        in_full.push(&mut document, line, row.why.filter(|_| !row.benign), width);
    }
    document
}

struct Row {
    cells: Vec<Line>,
    why: Option<String>,
    /// Whether it needs nobody's attention.
    benign: bool,
}

fn columns(width: usize) -> Vec<Column> {
    let why = if width < 90 { 28 } else { width / 3 };
    vec![
        Column::text("  TASK", 10, 10, 0),
        Column::text("STATUS", 7, 22, 0),
        Column::text("WHY", why, 100, 1),
        Column::text("TARGET", 9, 18, 2),
        Column::number("AGE", 4, 3),
        Column::text("REVISION", 8, 24, 4),
        Column::text("HEALTH", 7, 9, 7),
        Column::text("ZONE", 10, 14, 8),
        Column::text("ADDRESS", 13, 39, 6),
    ]
}

fn row(app: &App, task: &Task, target: Option<&&Target>) -> Row {
    let now = app.aws_now();
    let death = death_of(app, task);
    let why = match (&death, target) {
        (Some(death), _) => Some(death.line.clone()),
        (None, Some(target)) if meaning(target).standing.is_failure() => Some(load_balancing::words(target).to_owned()),
        (None, _) => task.containers.iter().find_map(|container| container.reason.as_deref()).map(short_names),
    };
    let (sign, tone) = match (&death, target) {
        (Some(death), _) if death.benign => ("·", Tone::Dim),
        (Some(_), _) => ("✖", Tone::Bad),
        (None, Some(target)) if meaning(target).standing != Standing::Fine => load_balancing::mark(target),
        (None, _) if task.health == ContainerHealth::Unhealthy => ("✖", Tone::Bad),
        (None, _) if task.last_status == "RUNNING" => ("✔", Tone::Good),
        (None, _) => ("↻", Tone::Accent),
    };
    let status = if task.last_status == task.desired_status || task.desired_status == "RUNNING" {
        task.last_status.clone()
    } else {
        format!("{}→{}", task.last_status, task.desired_status)
    };
    let at = if task.is_stopped() { ended_at(task) } else { task.started_at.or(task.created_at) };
    let text_tone = if tone == Tone::Dim { Tone::Dim } else { Tone::Plain };
    let target = target.map_or_else(
        || dim(if task.ec2_instance.error().is_some() { "?" } else { "-" }),
        |target| {
            let (_, tone) = load_balancing::mark(target);
            toned(tone, target.state.as_str())
        },
    );
    let health = match task.health {
        ContainerHealth::Healthy => toned(Tone::Good, "healthy"),
        ContainerHealth::Unhealthy => toned(Tone::Bad, "unhealthy"),
        ContainerHealth::Unknown => dim("-"),
    };
    let text = |text: &str| -> Line { toned(text_tone, text).into() };
    let cells = vec![
        Line::of([toned(tone, format!("{sign} ")), toned(text_tone, task.arn.short_id())]),
        text(&status),
        text(why.as_deref().unwrap_or_default()),
        target.into(),
        text(&since(at, now)),
        text(task.task_definition.name()),
        health.into(),
        text(task.availability_zone.as_deref().unwrap_or("-")),
        text(&address(task)),
    ];
    let benign = death.is_some_and(|death| death.benign);
    Row { cells, why, benign }
}

fn address(task: &Task) -> String {
    let interface = task.interface.as_ref();
    let of_interface = interface.and_then(|interface| interface.private_ipv4.as_ref().or(interface.ipv6.as_ref()));
    let unknown = if task.ec2_instance.error().is_some() { "?" } else { "-" };
    of_interface.or(task.ec2_instance.known()).cloned().unwrap_or_else(|| unknown.to_owned())
}

/// The target of each task; of several (in several groups) the one in the worst state.
fn targets_by_task<'a>(app: &'a App, service: &Service, tasks: &'a [Task]) -> HashMap<&'a TaskArn, &'a Target> {
    let mut found: HashMap<&TaskArn, &Target> = HashMap::new();
    for group in service.target_groups() {
        let (Some(targets), _) = load_balancing::targets(app, group) else { continue };
        let (settings, _) = load_balancing::settings(app, group);
        let target_type = settings.and_then(|settings| settings.target_type.as_deref());
        for joined in join(targets, target_type, tasks) {
            let Joined::Pair { target, task } = joined else { continue };
            let better = found.get(&task.arn).is_none_or(|known| severity(known) < severity(target));
            if better {
                found.insert(&task.arn, target);
            }
        }
    }
    found
}

fn severity(target: &Target) -> u8 {
    match meaning(target).standing {
        Standing::Fine => 0,
        Standing::Leaving => 1,
        Standing::Waiting => 2,
        Standing::Unknown => 3,
        Standing::NotInUse => 4,
        Standing::Failing => 5,
    }
}

/// A task for a sentence: `5e4d3c2b (PENDING)`.
pub fn task_label(task: &Task) -> Span {
    plain(format!("{} ({})", task.arn.short_id(), task.last_status))
}
