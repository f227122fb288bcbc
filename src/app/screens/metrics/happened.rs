//! What happened to a service in a window, for the marks under its charts: deployments that began and tasks that stopped.

use jiff::{SignedDuration, Timestamp};

use super::figures::under_way;
use crate::app::App;
use crate::app::chart::{Mark, marks};
use crate::app::document::{Line, Span, dim, plain, toned};
use crate::diagnose::parse::events::{Event, event};
use crate::model::metric::Window;
use crate::model::service::Service;

/// The same deployment, told by the service and by its history.
const SAME: SignedDuration = SignedDuration::from_mins(1);

/// What happened in a window.
pub(super) struct Happened {
    window: Window,
    all: Vec<(Timestamp, Mark)>,
    deployments: usize,
    stops: usize,
}

impl Happened {
    pub(super) fn to(app: &App, service: &Service, window: &Window) -> Self {
        let inside = |at: &Timestamp| (window.from..window.until).contains(at);
        let history = app.store().service_deployments(service).value().unwrap_or_default().iter();
        let mut deployments: Vec<Timestamp> =
            history.filter_map(|deployment| deployment.created_at.or(deployment.started_at)).collect();
        for at in service.deployments.iter().filter_map(|deployment| deployment.created_at) {
            if deployments.iter().all(|known| known.duration_since(at).abs() > SAME) {
                deployments.push(at);
            }
        }
        deployments.retain(inside);
        let tasks = app.store().tasks(service).value().unwrap_or_default();
        let stopped = tasks.iter().filter(|task| task.is_stopped());
        let exact: Vec<Timestamp> =
            stopped.filter_map(|task| task.execution_stopped_at.or(task.stopping_at).or(task.stopped_at)).collect();
        // ECS forgets stopped tasks after about an hour; events go back further.
        let remembered = exact.iter().min().copied();
        let told = service.events.iter().filter_map(|entry| match event(&entry.message) {
            Event::Stopped { tasks } => Some((entry.at?, usize::try_from(tasks).unwrap_or_default())),
            _ => None,
        });
        let told = told.filter(|(at, _)| remembered.is_none_or(|remembered| *at < remembered));
        let mut stops: Vec<(Timestamp, usize)> = told.chain(exact.into_iter().map(|at| (at, 1))).collect();
        stops.retain(|(at, _)| inside(at));
        let count = stops.iter().map(|(_, count)| count).sum();
        let mut all: Vec<(Timestamp, Mark)> = deployments.iter().map(|at| (*at, Mark::Deployment)).collect();
        all.extend(stops.iter().map(|(at, _)| (*at, Mark::Stop)));
        all.push((under_way(window), Mark::Partial));
        Self { window: *window, all, deployments: deployments.len(), stops: count }
    }

    /// The marks under a chart of so many columns.
    pub(super) fn marks(&self, columns: usize) -> Line {
        marks(&self.all, &self.window, columns)
    }

    /// What the marks mean.
    pub(super) fn legend(&self) -> Line {
        let sign = |mark: Mark| toned(mark.tone(), mark.sign());
        let plural = |count: usize, one: &str, many: &str| format!(" {count} {}", if count == 1 { one } else { many });
        let mut spans: Vec<Span> = Vec::new();
        if self.deployments > 0 {
            let words = plural(self.deployments, "deployment", "deployments");
            spans.extend([sign(Mark::Deployment), plain(words), plain("   ")]);
        }
        if self.stops > 0 {
            spans.extend([sign(Mark::Stop), plain(plural(self.stops, "task stopped", "tasks stopped")), plain("   ")]);
        }
        spans.extend([sign(Mark::Partial), dim(" the newest period is not over")]);
        Line::of(spans)
    }
}
