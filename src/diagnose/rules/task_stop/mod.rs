//! Why tasks stop: crashes, kills, memory, hosts that go away, and what is part of normal operation (catalogue 5D).
//!
//! ```text
//!  dead tasks ─▶ ends (which end, which container) ─┬▶ crash    the container ended by itself
//!                                                   ├▶ killed   somebody killed it: memory, nobody knows
//!                                                   ├▶ health   a load balancer or the agent found it unhealthy
//!                                                   └▶ asked    ECS, a host or a person stopped it
//!  the same end again and again, tasks that run ───▶ pattern
//! ```

mod asked;
pub(in crate::diagnose::rules) mod batch;
mod container_check;
mod crash;
mod ends;
mod health;
mod killed;
mod log;
mod pattern;
pub(in crate::diagnose::rules) mod remedy;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::Family;
use crate::diagnose::catalogue::{Bearing, Entry, Rank, TASKS_DIE};
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::scene::Scene;
use crate::model::query::LogStream;
use crate::model::service::ServiceStatus;

/// The family.
pub const FAMILY: Family = Family {
    name: "Task stop",
    entries: &[
        &health::TASK_KILLED_ELB_HEALTH,
        &health::CONTAINER_HEALTHCHECK_FAILING,
        &container_check::CMD_FORM,
        &container_check::NO_SHELL,
        &container_check::TOOL_MISSING,
        &container_check::WRONG_PORT,
        &container_check::IPV6_LOCALHOST,
        &container_check::START_PERIOD,
        &container_check::TIMEOUT,
        &health::CONTAINER_HEALTH_UNKNOWN,
        &pattern::HEALTH_STALE,
        &killed::OOM_KILLED,
        &killed::OOM_SUSPECTED,
        &crash::APP_CRASH,
        &crash::EXITED_ZERO,
        &crash::COMMAND_NOT_FOUND,
        &crash::SEGFAULT,
        &crash::ILLEGAL_INSTRUCTION,
        &crash::ABORTED,
        &asked::SIGTERM_IGNORED,
        &crash::SIBLING,
        &pattern::SIDECAR_DEAD,
        &asked::SPOT_INTERRUPTED,
        &asked::FARGATE_TASK_RETIREMENT,
        &asked::HOST_TERMINATED,
        &asked::INSTANCE_DRAIN_STOP,
        &asked::USER_STOPPED,
        &asked::SCALING_ACTIVITY_STOP,
        &asked::INFRASTRUCTURE_HEALTH_STOP,
        &pattern::TASK_FLAPPING,
        &pattern::EVIDENCE_EXPIRED,
        &killed::KILLED_WITHOUT_REASON,
    ],
    missing: &[],
    find,
};

/// What most deaths have in common.
const DIED: Entry = Entry {
    id: "",
    number: 0,
    severity: Severity::Error,
    rank: Rank::Application,
    effect: None,
    explains: TASKS_DIE,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "",
    meaning: "",
    decided: "",
    fix: "",
    sources: &[],
};

/// What notes have in common: they explain what is normal.
const NOTE: Entry =
    Entry { severity: Severity::Info, rank: Rank::Symptom, explains: &[], bearing: Bearing::Past, ..DIED };

const ECS_STV: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html";
const ECS_STOP: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html";
const ECS_OOM: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html";
const ECS_THL: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html";
const BC_HEALTH: &str = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html";

fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    if scene.service.status != ServiceStatus::Active {
        return;
    }
    let ends = ends::ends(scene);
    health::find(scene, &ends, findings);
    killed::find(scene, &ends, findings);
    crash::find(scene, &ends, findings);
    asked::find(scene, &ends, findings);
    pattern::find(scene, findings);
}

/// Logs that tell why tasks died, each from its start: of the container that ended the task, for the newest two tasks that
/// ended in different ways.
pub fn wanted_logs(scene: &Scene<'_>) -> Vec<(LogStream, Timestamp)> {
    let mut seen: Vec<String> = Vec::new();
    let mut wanted = Vec::new();
    for dead in scene.dead.iter().filter(|dead| !dead.death.benign && dead.task.started_at.is_some()) {
        let Some(fingerprint) = ends::fingerprint(dead) else { continue };
        if seen.contains(&fingerprint) {
            continue;
        }
        let container = dead.death.container.as_deref();
        let stream = container.and_then(|container| scene.facts.log_stream(dead.task, container));
        if let Some(stream) = stream.zip(batch::log_start(dead.task)) {
            wanted.push(stream);
        }
        seen.push(fingerprint);
        if wanted.len() == 2 {
            break;
        }
    }
    wanted
}
