//! What deployments are doing and why they do not finish (catalogue 5F), with the notes about services that are switched
//! off or run more tasks than desired (176 to 179).
//!
//! ```text
//!  off ─▶ failed, rolled back ─▶ progress, room ─▶ stages, hooks, blue/green ─▶ other controllers ─▶ revisions
//! ```

use super::Family;
use crate::diagnose::catalogue::{Bearing, Entry, Rank};
use crate::diagnose::finding::{Finding, Scope, Severity};
use crate::diagnose::progress::Progress;
use crate::diagnose::scene::Scene;
use crate::model::arn::{ServiceRevisionArn, TaskArn, TaskDefinitionArn};
use crate::model::service_deployment::ServiceDeployment;

mod blue_green;
mod controllers;
pub mod coverage;
mod failed;
mod off;
mod old_tasks;
mod revisions;
mod rolled_back;
mod room;
mod stages;
mod stuck;

pub use old_tasks::wanted_protection;

/// The family.
pub const FAMILY: Family = Family {
    name: "Deployments",
    entries: &[
        &off::DESIRED_ZERO,
        &off::DRAINING_OR_INACTIVE,
        &room::ABOVE_DESIRED,
        &room::STOPS_FIRST,
        &failed::CIRCUIT_BREAKER,
        &rolled_back::ROLLED_BACK,
        &failed::ROLLBACK_FAILED,
        &failed::ALARM,
        &failed::ALARM_IGNORED,
        &room::DEADLOCK,
        &room::NEEDS_EXTRA,
        &failed::NO_FAILURE_DETECTION,
        &stuck::NORMAL,
        &stuck::STUCK,
        &old_tasks::NOT_STOPPING,
        &stages::PAUSED,
        &stages::HOOK_FAILED,
        &stages::HOOK_RUNNING,
        &blue_green::LISTENER,
        &blue_green::PERMISSION,
        &blue_green::GREEN_UNHEALTHY,
        &stages::BAKING,
        &stages::SUPERSEDED,
        &stages::EARLY_SUCCESS,
        &controllers::CODE_DEPLOY,
        &controllers::EXTERNAL,
        &stuck::NOT_LAUNCHED,
        &revisions::IMAGE_UNCHANGED,
        &revisions::NOT_LATEST,
        &revisions::INACTIVE,
        &revisions::MIXED,
        &coverage::INSUFFICIENT_PERMISSIONS,
    ],
    missing: &[],
    find,
};

fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    if off::find(scene, findings) {
        return;
    }
    let view = View::new(scene);
    rolled_back::find(&view, findings);
    failed::find(&view, findings);
    room::find(&view, findings);
    stuck::find(&view, findings);
    old_tasks::find(&view, findings);
    stages::find(&view, findings);
    blue_green::find(&view, findings);
    controllers::find(&view, findings);
    revisions::find(&view, findings);
}

/// What most entries of the family have in common: a note about the present that explains nothing.
const NOTE: Entry = Entry {
    id: "",
    number: 0,
    severity: Severity::Info,
    rank: Rank::Symptom,
    effect: None,
    explains: &[],
    bearing: Bearing::Present,
    instead_of: &[],
    title: "",
    meaning: "",
    decided: "",
    fix: "",
    sources: &[],
};

const EVENTS: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html";
const BREAKER: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html";
const ALARMS: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html";
const HISTORY: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html";
const HOOKS: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html";
const THROTTLE: &str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html";
const BLUE_GREEN: &str = "Amazon ECS developer guide, \"Troubleshooting Amazon ECS blue/green deployments\"";
const CONFIGURATION: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html";
const SERVICE: &str = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html";
const TASK_SET: &str = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html";

/// The IAM actions most evidence here is from.
const DESCRIBE_SERVICES: &str = "ecs:DescribeServices";
const DESCRIBE_DEPLOYMENTS: &str = "ecs:DescribeServiceDeployments";
const DESCRIBE_TASKS: &str = "ecs:DescribeTasks";

/// The scene as rules about deployments see it.
struct View<'s, 'a> {
    scene: &'s Scene<'a>,
    progress: Progress<'a>,
    /// Whether the service runs what a failed deployment was rolled back to, or is on its way there.
    rollback: Option<rolled_back::Rollback<'a>>,
}

impl<'s, 'a> View<'s, 'a> {
    fn new(scene: &'s Scene<'a>) -> Self {
        let progress = Progress::of(scene);
        let rollback = rolled_back::rollback(scene, &progress);
        Self { scene, progress, rollback }
    }

    /// The newest service deployment, if the history was read.
    fn newest(&self) -> Option<&'a ServiceDeployment> {
        self.progress.newest_deployment
    }

    /// The service deployment under way.
    fn running(&self) -> Option<&'a ServiceDeployment> {
        self.newest().filter(|newest| crate::diagnose::progress::is_running(newest))
    }

    /// `family:revision` a service revision runs, if it was read.
    fn revision_of(&self, revision: &ServiceRevisionArn) -> Option<&'a TaskDefinitionArn> {
        let revisions = self.scene.facts.service_revisions();
        let revisions = revisions.known().copied().unwrap_or_default();
        revisions.iter().find(|one| one.arn == *revision)?.task_definition.as_ref()
    }

    /// The id of the primary deployment.
    fn primary_id(&self) -> Option<&'a str> {
        self.scene.primary.map(|primary| primary.id.as_str())
    }

    /// A scope that names the primary deployment.
    fn scope(&self) -> Scope {
        Scope { deployment: self.primary_id().map(shown), ..Scope::default() }
    }

    /// `aws ecs update-service` for this service with these words.
    fn update_service(&self, words: &[&str]) -> Vec<String> {
        update_service(self.scene, words)
    }
}

fn update_service(scene: &Scene<'_>, words: &[&str]) -> Vec<String> {
    let cluster = scene.facts.cluster();
    let fixed = ["ecs", "update-service", "--cluster", cluster.as_str(), "--service", &scene.service.name];
    fixed.iter().chain(words).map(ToString::to_string).collect()
}

/// `service web`, as the subject of evidence.
fn subject(scene: &Scene<'_>) -> String {
    format!("service {}", scene.service.name)
}

/// Names in a scope are neutralised like everything else.
fn shown(text: &str) -> String {
    crate::model::text::visible(text).into_owned()
}

/// The first of a number of tasks, as a scope lists them.
fn task_ids<'t>(tasks: impl Iterator<Item = &'t TaskArn>) -> Vec<String> {
    tasks.take(20).map(|task| shown(task.name())).collect()
}

/// The name a resource most likely has in Terraform: AWS's name with what Terraform does not allow replaced.
fn label(name: &str) -> String {
    let allowed = |character: char| if character.is_ascii_alphanumeric() || character == '_' { character } else { '_' };
    name.chars().map(allowed).collect()
}

#[cfg(test)]
mod tests;
