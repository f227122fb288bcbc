//! `ecsight services`: the services of a cluster, problems first.

use jiff::Timestamp;
use serde::Serialize;

use super::clock::AwsClock;
use super::console::{Console, Format, Shown};
use super::failure::Failure;
use super::resolve;
use super::table::{Cell, age, looks, table};
use super::targets::{TargetCount, TargetHealth};
use crate::aws::Aws;
use crate::diagnose::health::{Assessment, Facts, Health, assess};
use crate::model::arn::TaskDefinitionArn;
use crate::model::service::Service;
use crate::model::text::visible;

/// Lists the services of a cluster, or only one of them.
pub async fn services(
    aws: &Aws,
    cluster: Option<&str>,
    only: Option<&str>,
    format: Format,
    clock: &AwsClock,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let cluster = resolve::cluster(aws, cluster, console).await?;
    let services = match only {
        Some(name) => vec![resolve::service(aws, &cluster, name).await?],
        None => resolve::services(aws, &cluster).await?,
    };
    let targets = TargetHealth::read(aws, &services, console).await;
    let now = clock.now();
    let mut rows: Vec<Row<'_>> = services.iter().map(|service| Row::new(service, &targets, now)).collect();
    rows.sort_by(|left, right| left.rank().cmp(&right.rank()));
    match format {
        Format::Json => console.json(&rows.iter().map(Row::entry).collect::<Vec<_>>()),
        Format::Table => {
            let lines: Vec<_> = rows.iter().map(|row| row.cells(now)).collect();
            console.result(&table(HEADER, &lines, console.colour))
        }
    }
}

/// A service with what was found out about it.
struct Row<'a> {
    service: &'a Service,
    targets: Option<TargetCount>,
    assessment: Assessment,
}

/// The public form of a service in JSON.
#[derive(Serialize)]
struct Entry<'a> {
    service: Shown<'a>,
    arn: Shown<'a>,
    status: Shown<'a>,
    health: Health,
    desired: u32,
    running: u32,
    pending: u32,
    targets: Option<TargetCount>,
    rollout: Option<Rollout<'a>>,
    task_definition: Option<Shown<'a>>,
    launch_type: Option<String>,
    created_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Rollout<'a> {
    state: Shown<'a>,
    reason: Option<Shown<'a>>,
    started_at: Option<Timestamp>,
}

const HEADER: [&str; 9] = ["", "NAME", "HEALTH", "TASKS", "TARGETS", "ROLLOUT", "REVISION", "LAUNCH", "WHY"];

impl<'a> Row<'a> {
    fn new(service: &'a Service, targets: &'a TargetHealth, now: Timestamp) -> Self {
        let facts = Facts { targets: targets.of(service), ..Facts::new(service, now) };
        Self { service, targets: targets.count(service), assessment: assess(&facts) }
    }

    /// Worst first, then by name.
    fn rank(&self) -> (Health, &str) {
        (self.assessment.health, &self.service.name)
    }

    fn entry(&self) -> Entry<'a> {
        let service = self.service;
        Entry {
            service: Shown(&service.name),
            arn: Shown(service.arn.as_str()),
            status: Shown(service.status.as_str()),
            health: self.assessment.health,
            desired: service.desired,
            running: service.running,
            pending: service.pending,
            targets: self.targets,
            rollout: rollout(service),
            task_definition: service.task_definition.as_ref().map(|revision| Shown(revision.as_str())),
            launch_type: launch_label(service).map(|label| visible(&label).into_owned()),
            created_at: service.created_at,
        }
    }

    fn cells(&self, now: Timestamp) -> [Cell; 9] {
        let service = self.service;
        let health = self.assessment.health;
        let (sign, tint) = looks(health);
        let tasks = match service.pending {
            0 => format!("{}/{}", service.running, service.desired),
            pending => format!("{}/{} +{pending}", service.running, service.desired),
        };
        [
            Cell::new(sign).tinted(tint),
            Cell::new(&service.name),
            Cell::new(health.as_str()).tinted(tint),
            Cell::new(tasks),
            Cell::maybe(self.targets.map(|count| format!("{}/{}", count.healthy, count.total))),
            Cell::maybe(rollout(service).map(|rollout| rollout.label(now))),
            Cell::maybe(service.task_definition.as_ref().map(TaskDefinitionArn::name)),
            Cell::maybe(launch_label(service)),
            Cell::new(self.assessment.headline.as_deref().unwrap_or_default()),
        ]
    }
}

impl Rollout<'_> {
    /// `completed`, `in progress 12m`
    fn label(&self, now: Timestamp) -> String {
        let state = self.state.0.to_lowercase().replace('_', " ");
        match self.started_at {
            Some(started) if self.state.0 == "IN_PROGRESS" => format!("{state} {}", age(started, now)),
            _ => state,
        }
    }
}

/// The rollout of the deployment the service is heading for; nothing with controllers that have none.
fn rollout(service: &Service) -> Option<Rollout<'_>> {
    let deployment = service.primary_deployment()?;
    let state = deployment.rollout_state.as_ref()?;
    Some(Rollout {
        state: Shown(state.as_str()),
        reason: deployment.rollout_reason.as_deref().map(Shown),
        started_at: deployment.created_at,
    })
}

fn launch_label(service: &Service) -> Option<String> {
    Some(service.launch_label()).filter(|label| !label.is_empty())
}
