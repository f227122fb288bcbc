//! `ecsight tasks`: the tasks of a cluster or of one service, running or stopped.

use jiff::Timestamp;
use serde::Serialize;

use super::clock::AwsClock;
use super::console::{Console, Format, Shown};
use super::failure::Failure;
use super::resolve;
use super::table::{Cell, age, table};
use crate::aws::{Aws, Priority};
use crate::model::arn::ClusterName;
use crate::model::task::{Container, ContainerHealth, Task};

/// Which tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSelection {
    /// Those the scheduler wants.
    Running,
    /// Those that stopped or are stopping; AWS remembers them for about an hour.
    Stopped,
}

/// Lists the tasks of a cluster, or of one service.
pub async fn tasks(
    aws: &Aws,
    cluster: Option<&str>,
    service: Option<&str>,
    selection: TaskSelection,
    format: Format,
    clock: &AwsClock,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let cluster = resolve::cluster(aws, cluster, console).await?;
    let mut tasks = match service {
        Some(name) => of_service(aws, &cluster, name, selection).await?,
        None => of_cluster(aws, &cluster, selection).await?,
    };
    let now = clock.now();
    match selection {
        TaskSelection::Running => tasks.sort_by(|left, right| running_order(left).cmp(&running_order(right))),
        TaskSelection::Stopped => {
            tasks.sort_by(|left, right| right.stopped_at.cmp(&left.stopped_at).then_with(|| left.arn.cmp(&right.arn)));
        }
    }
    match format {
        Format::Json => console.json(&tasks.iter().map(Entry::new).collect::<Vec<_>>()),
        Format::Table => {
            let text = match selection {
                TaskSelection::Running => {
                    table(RUNNING, &tasks.iter().map(|task| running(task, now)).collect::<Vec<_>>(), console.colour)
                }
                TaskSelection::Stopped => {
                    table(STOPPED, &tasks.iter().map(|task| stopped(task, now)).collect::<Vec<_>>(), console.colour)
                }
            };
            console.result(&text)
        }
    }
}

async fn of_service(
    aws: &Aws,
    cluster: &ClusterName,
    name: &str,
    selection: TaskSelection,
) -> Result<Vec<Task>, Failure> {
    let service = resolve::service(aws, cluster, name).await?;
    let mut tasks = aws.tasks(cluster, &service.arn, Priority::Interactive).await?;
    tasks.retain(|task| task.is_stopped() == (selection == TaskSelection::Stopped));
    Ok(tasks)
}

async fn of_cluster(aws: &Aws, cluster: &ClusterName, selection: TaskSelection) -> Result<Vec<Task>, Failure> {
    match aws.cluster_tasks(cluster, selection == TaskSelection::Stopped, Priority::Interactive).await {
        Ok(tasks) => Ok(tasks),
        Err(error) => Err(resolve::cluster_failure(aws, cluster, error).await),
    }
}

/// The public form of a task in JSON.
#[derive(Serialize)]
struct Entry<'a> {
    task: Shown<'a>,
    service: Option<Shown<'a>>,
    status: Shown<'a>,
    desired_status: Shown<'a>,
    health: &'static str,
    task_definition: Shown<'a>,
    started_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
    stop_code: Option<Shown<'a>>,
    stopped_reason: Option<Shown<'a>>,
    containers: Vec<ContainerEntry<'a>>,
    address: Option<Shown<'a>>,
    availability_zone: Option<Shown<'a>>,
}

#[derive(Serialize)]
struct ContainerEntry<'a> {
    name: Shown<'a>,
    status: Option<Shown<'a>>,
    exit_code: Option<i32>,
    reason: Option<Shown<'a>>,
    health: &'static str,
}

impl<'a> Entry<'a> {
    fn new(task: &'a Task) -> Self {
        let shown = |text: &'a Option<String>| text.as_deref().map(Shown);
        Self {
            task: Shown(task.arn.name()),
            service: service_of(task).map(Shown),
            status: Shown(&task.last_status),
            desired_status: Shown(&task.desired_status),
            health: health(task.health),
            task_definition: Shown(task.task_definition.as_str()),
            started_at: task.started_at,
            stopped_at: task.stopped_at,
            stop_code: shown(&task.stop_code),
            stopped_reason: shown(&task.stopped_reason),
            containers: task.containers.iter().map(ContainerEntry::new).collect(),
            address: address(task).map(Shown),
            availability_zone: shown(&task.availability_zone),
        }
    }
}

impl<'a> ContainerEntry<'a> {
    fn new(container: &'a Container) -> Self {
        Self {
            name: Shown(&container.name),
            status: container.last_status.as_deref().map(Shown),
            exit_code: container.exit_code,
            reason: container.reason.as_deref().map(Shown),
            health: health(container.health),
        }
    }
}

const RUNNING: [&str; 8] = ["TASK", "SERVICE", "STATUS", "HEALTH", "REVISION", "STARTED", "ADDRESS", "ZONE"];
const STOPPED: [&str; 7] = ["TASK", "SERVICE", "STATUS", "REVISION", "STOPPED", "EXIT", "REASON"];

fn running(task: &Task, now: Timestamp) -> [Cell; 8] {
    [
        Cell::new(task.arn.name()),
        Cell::maybe(service_of(task)),
        Cell::new(task.last_status.to_lowercase()),
        Cell::new(health(task.health)),
        Cell::new(task.task_definition.name()),
        Cell::maybe(task.started_at.map(|started| age(started, now))),
        Cell::maybe(address(task)),
        Cell::maybe(task.availability_zone.as_deref()),
    ]
}

fn stopped(task: &Task, now: Timestamp) -> [Cell; 7] {
    [
        Cell::new(task.arn.name()),
        Cell::maybe(service_of(task)),
        Cell::new(task.last_status.to_lowercase()),
        Cell::new(task.task_definition.name()),
        Cell::maybe(task.stopped_at.map(|stopped| age(stopped, now))),
        Cell::maybe(exits(task)),
        Cell::new(reason(task)),
    ]
}

/// Exit codes with the names of their containers, where there is more than one container.
fn exits(task: &Task) -> Option<String> {
    let codes = task.containers.iter().filter_map(|container| Some((container, container.exit_code?)));
    let texts: Vec<String> = match task.containers.len() {
        1 => codes.map(|(_, code)| code.to_string()).collect(),
        _ => codes.map(|(container, code)| format!("{}:{code}", container.name)).collect(),
    };
    (!texts.is_empty()).then(|| texts.join(" "))
}

/// Why it stopped: AWS's sentence, and what the agent said of containers.
fn reason(task: &Task) -> String {
    let containers = task.containers.iter().filter_map(|container| container.reason.as_deref());
    let mut reasons: Vec<&str> = task.stopped_reason.as_deref().into_iter().chain(containers).collect();
    reasons.retain(|reason| !reason.is_empty());
    reasons.dedup();
    reasons.join("; ")
}

/// The service a task belongs to; tasks that were run by hand belong to none.
fn service_of(task: &Task) -> Option<&str> {
    task.group.as_deref()?.strip_prefix("service:")
}

fn address(task: &Task) -> Option<&str> {
    let interface = task.interface.as_ref()?;
    interface.private_ipv4.as_deref().or(interface.ipv6.as_deref())
}

/// By service, longest running first.
fn running_order(task: &Task) -> (Option<&str>, Option<Timestamp>, &str) {
    (service_of(task), task.started_at, task.arn.as_str())
}

const fn health(health: ContainerHealth) -> &'static str {
    match health {
        ContainerHealth::Healthy => "healthy",
        ContainerHealth::Unhealthy => "unhealthy",
        ContainerHealth::Unknown => "unknown",
    }
}
