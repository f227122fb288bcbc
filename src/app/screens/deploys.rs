//! Tab Deploys: the deployments that have tasks now, and the history of the service.

use jiff::Timestamp;

use super::aws_text::{says_nothing, short_names};
use super::services::is_rolled_back;
use super::source::Source;
use crate::app::App;
use crate::app::document::{Document, Line, Tone, dim, plain, strong, toned};
use crate::app::freshness::{short_duration, since};
use crate::app::table::{Column, table};
use crate::app::wants::DEPLOYMENTS;
use crate::model::service::{Deployment, DeploymentStatus, RolloutState, Service};
use crate::model::service_deployment::ServiceDeployment;

/// Where the history comes from.
pub fn source<'a>(app: &'a App, service: &Service) -> Source<'a> {
    Source::new(app.store().service_deployments(service).remote(), Some(DEPLOYMENTS))
}

/// The tab.
pub fn document(app: &App, service: &Service, width: usize) -> Document {
    let mut document = Document::default();
    let now = app.aws_now();
    deployments(service, now, &mut document, width);
    task_sets(service, now, &mut document, width);
    document.push(Line::default());
    document.push(strong("History"));
    match app.store().service_deployments(service).value() {
        Some([]) => document.push(dim("AWS remembers none (it keeps 90 days)")),
        Some(history) => past(history, now, &mut document, width),
        None => source(app, service).absence(app, "history", &mut document, width),
    }
    document
}

fn deployments(service: &Service, now: Timestamp, document: &mut Document, width: usize) {
    if service.deployments.is_empty() {
        return;
    }
    let columns = [
        Column::text("  REVISION", 12, 40, 0),
        Column::text("ROLE", 7, 8, 5),
        Column::number("RUNNING", 7, 0),
        Column::number("PENDING", 7, 3),
        Column::number("FAILED", 6, 2),
        Column::text("STATE", 11, 16, 0),
        Column::number("AGE", 4, 1),
        Column::text("ID", 12, 32, 6),
    ];
    let rows: Vec<Vec<Line>> =
        service.deployments.iter().map(|deployment| deployment_row(service, deployment, now)).collect();
    let table = table(&columns, &rows, width);
    document.lines.extend(table.head);
    for (line, deployment) in table.lines.into_iter().zip(&service.deployments) {
        document.push(line);
        if let Some(reason) = deployment.rollout_reason.as_deref().filter(|reason| !says_nothing(reason)) {
            document.field("", 2, &[dim(short_names(reason))], width);
        }
    }
}

fn deployment_row(service: &Service, deployment: &Deployment, now: Timestamp) -> Vec<Line> {
    let role = match &deployment.status {
        DeploymentStatus::Primary => "PRIMARY",
        DeploymentStatus::Active => "ACTIVE",
        DeploymentStatus::Inactive => "INACTIVE",
        DeploymentStatus::Other(text) => text,
    };
    let (sign, tone, state) = match &deployment.rollout_state {
        Some(RolloutState::Completed) if is_rolled_back(service, deployment) => ("↺", Tone::Warn, "rolled back to"),
        Some(RolloutState::Completed) => ("✔", Tone::Good, "completed"),
        Some(RolloutState::Failed) => ("✖", Tone::Bad, "failed"),
        Some(RolloutState::InProgress) => ("↻", Tone::Accent, "in progress"),
        Some(RolloutState::Other(text)) => ("?", Tone::Plain, text.as_str()),
        None => ("·", Tone::Dim, "-"),
    };
    let failed = if deployment.failed > 0 { Tone::Bad } else { Tone::Dim };
    vec![
        Line::of([toned(tone, format!("{sign} ")), strong(deployment.task_definition.name())]),
        plain(role).into(),
        plain(format!("{}/{}", deployment.running, deployment.desired)).into(),
        plain(deployment.pending.to_string()).into(),
        toned(failed, deployment.failed.to_string()).into(),
        toned(tone, state).into(),
        plain(since(deployment.created_at, now)).into(),
        dim(&deployment.id).into(),
    ]
}

fn task_sets(service: &Service, now: Timestamp, document: &mut Document, width: usize) {
    for set in &service.task_sets {
        let spans = [
            strong(format!("{} ", set.task_definition.name())),
            plain(format!(
                "task set {} · {}/{} running · {} pending · {} · {}",
                set.status,
                set.running,
                set.desired,
                set.pending,
                since(set.created_at, now),
                set.id
            )),
        ];
        document.paragraph(&spans, width);
    }
}

fn past(history: &[ServiceDeployment], now: Timestamp, document: &mut Document, width: usize) {
    let columns = [
        Column::text("  STATUS", 14, 30, 0),
        Column::number("BEGAN", 5, 0),
        Column::number("TOOK", 4, 0),
        Column::text("CIRCUIT BREAKER", 15, 30, 1),
        Column::text("STAGE", 8, 30, 2),
    ];
    let rows: Vec<Vec<Line>> = history.iter().map(|deployment| past_row(deployment, now)).collect();
    let table = table(&columns, &rows, width);
    document.lines.extend(table.head);
    for (line, deployment) in table.lines.into_iter().zip(history) {
        document.push(line);
        for reason in deployment.rollback_reason.iter().chain(&deployment.status_reason) {
            document.field("", 2, &[plain(short_names(reason))], width);
        }
        if !deployment.triggered_alarms.is_empty() {
            let words = format!("alarms: {}", deployment.triggered_alarms.join(", "));
            document.field("", 2, &[toned(Tone::Warn, words)], width);
        }
    }
}

fn past_row(deployment: &ServiceDeployment, now: Timestamp) -> Vec<Line> {
    let status = deployment.status.as_str();
    let (sign, tone) = match status {
        "SUCCESSFUL" => ("✔", Tone::Good),
        _ if status.starts_with("ROLLBACK") => ("↺", Tone::Warn),
        _ if status.contains("STOPPED") => ("!", Tone::Warn),
        "IN_PROGRESS" | "PENDING" => ("↻", Tone::Accent),
        _ => ("?", Tone::Plain),
    };
    let began = deployment.started_at.or(deployment.created_at);
    let took = began.zip(deployment.finished_at).map(|(began, end)| short_duration(end.duration_since(began)));
    let breaker = deployment.circuit_breaker.as_ref().map(|breaker| {
        if breaker.status.as_deref() == Some("DISABLED") {
            return "off".to_owned();
        }
        let status = breaker.status.as_deref().unwrap_or_default().replace('_', " ").to_lowercase();
        format!("{} of {} {status}", breaker.failures, breaker.threshold)
    });
    vec![
        Line::of([toned(tone, format!("{sign} ")), plain(status.replace('_', " ").to_lowercase())]),
        plain(since(began, now)).into(),
        plain(took.unwrap_or_else(|| "…".to_owned())).into(),
        plain(breaker.unwrap_or_else(|| "-".to_owned())).into(),
        dim(deployment.lifecycle_stage.as_deref().unwrap_or("-")).into(),
    ]
}
