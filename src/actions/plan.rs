//! A plan: everything a person should see before a change is sent, and what the change was planned on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::legality::{Action, Legality, legality};
use super::shell::CommandLine;
use crate::diagnose::deployment::{Bounds, in_progress};
use crate::diagnose::health::rolled_back;
use crate::model::arn::{ClusterName, TaskDefinitionArn};
use crate::model::query::Mutation;
use crate::model::service::{Deployment, RolloutState, Service};
use crate::model::text::visible;

/// Where a change happens, so that nobody takes production for a test account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The account, if it is known.
    pub account: Option<String>,
    /// The profile we were started with.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The cluster.
    pub cluster: ClusterName,
}

/// One thing that will be different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What it is: `desired count`.
    pub what: String,
    /// How it is.
    pub before: String,
    /// How it will be.
    pub after: String,
}

/// Why a change is not even planned, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// Sentences for a person.
    pub reason: String,
}

/// A change that can be confirmed. All its texts are safe to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What will be sent.
    pub mutation: Mutation,
    /// Where.
    pub place: Place,
    /// The service's name.
    pub service_name: String,
    /// What will be different.
    pub changes: Vec<Change>,
    /// The call as it will be sent: `ecs:UpdateService {"cluster":…}`.
    pub api_call: String,
    /// The same as a command line of the AWS CLI.
    pub command: String,
    /// What may go wrong or surprise.
    pub warnings: Vec<String>,
    basis: Basis,
}

/// The state a plan was made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Basis {
    status: String,
    desired: u32,
    running: u32,
    pending: u32,
    deployment: Option<String>,
    rollout: Option<String>,
    task_definition: Option<TaskDefinitionArn>,
    /// While a deployment runs, counts change all the time and mean nothing new.
    rolling: bool,
}

impl Basis {
    fn of(service: &Service) -> Self {
        let primary = service.primary_deployment();
        Self {
            status: service.status.as_str().to_owned(),
            desired: service.desired,
            running: service.running,
            pending: service.pending,
            deployment: primary.map(|primary| primary.id.clone()),
            rollout: primary.and_then(|primary| primary.rollout_state.as_ref()).map(|state| state.as_str().to_owned()),
            task_definition: service.task_definition.clone(),
            rolling: in_progress(service),
        }
    }
}

impl Plan {
    /// Plans a change of a service as it is now, or says why it cannot be done.
    pub fn new(mutation: Mutation, service: &Service, place: Place) -> Result<Self, Refusal> {
        if *mutation.service() != service.arn {
            return Err(Refusal { reason: format!("The change is not for the service {}.", visible(&service.name)) });
        }
        let mut warnings = Vec::new();
        match legality(Action::from(&mutation), service) {
            Legality::Legal => {}
            Legality::Illegal(reason) => return Err(Refusal { reason }),
            Legality::Unverified(text) => warnings.push(text),
        }
        let changes = match &mutation {
            Mutation::ForceNewDeployment { .. } => {
                warnings.extend(force_warnings(service));
                force_changes(service)
            }
            Mutation::Scale { desired, .. } => {
                warnings.extend(scale_warnings(service, *desired));
                vec![change("desired count", service.desired.to_string(), desired.to_string())]
            }
        };
        Ok(Self {
            service_name: visible(&service.name).into_owned(),
            changes,
            api_call: api_call(&mutation),
            command: command(&mutation, service, &place),
            warnings,
            basis: Basis::of(service),
            mutation,
            place,
        })
    }

    /// What has changed since the plan was made, if it matters for the decision: then the plan must be shown again.
    pub fn moved(&self, current: &Service) -> Option<String> {
        let (then, now) = (&self.basis, Basis::of(current));
        let mut moved = Vec::new();
        let mut differs = |what: &str, then: &str, now: &str| {
            if then != now {
                moved.push(format!("{what} {} → {}", visible(then), visible(now)));
            }
        };
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        let name = |arn: &Option<TaskDefinitionArn>| arn.as_ref().map_or("none", TaskDefinitionArn::name).to_owned();
        differs("status", &then.status, &now.status);
        differs("desired count", &then.desired.to_string(), &now.desired.to_string());
        differs("deployment", &or_none(&then.deployment), &or_none(&now.deployment));
        differs("rollout", &or_none(&then.rollout), &or_none(&now.rollout));
        differs("task definition", &name(&then.task_definition), &name(&now.task_definition));
        if !then.rolling && !now.rolling {
            differs("running tasks", &then.running.to_string(), &now.running.to_string());
            differs("pending tasks", &then.pending.to_string(), &now.pending.to_string());
        }
        (!moved.is_empty()).then(|| moved.join(", "))
    }
}

fn change(what: &str, before: impl Into<String>, after: impl Into<String>) -> Change {
    Change { what: what.to_owned(), before: before.into(), after: after.into() }
}

fn revision(service: &Service) -> String {
    service
        .task_definition
        .as_ref()
        .map_or_else(|| "the same revision".to_owned(), |arn| visible(arn.name()).into_owned())
}

fn force_changes(service: &Service) -> Vec<Change> {
    let revision = revision(service);
    let current = service.primary_deployment().map_or_else(
        || "none".to_owned(),
        |primary| {
            let state = primary.rollout_state.as_ref().map_or("", RolloutState::as_str);
            visible(&format!("{} {state}", primary.id)).trim().to_owned()
        },
    );
    let at_once =
        Bounds::of(service).map(|bounds| format!(", {} to {} at once", bounds.lower, bounds.upper)).unwrap_or_default();
    vec![
        change("deployment", current, format!("a new one of {revision}")),
        change(
            "tasks",
            format!("{} running", service.running),
            format!("{} new ones, then the old ones stop{at_once}", service.desired),
        ),
    ]
}

fn already_running(service: &Service, consequence: &str) -> Option<String> {
    if !in_progress(service) {
        return None;
    }
    let Some(deployment) = service.primary_deployment() else {
        return Some(format!("A deployment is running; {consequence}."));
    };
    let since = deployment.created_at.map(|at| format!(" since {}", minute(at))).unwrap_or_default();
    let revision = visible(deployment.task_definition.name());
    let Deployment { running, desired, .. } = deployment;
    Some(format!("A deployment of {revision} is running{since}, {running} of {desired} tasks; {consequence}."))
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn force_warnings(service: &Service) -> Vec<String> {
    let mut warnings = Vec::new();
    warnings.extend(already_running(service, "this one takes its place"));
    if let Some(bounds) = Bounds::of(service).filter(|bounds| bounds.is_deadlock(service.desired)) {
        warnings.push(format!(
            "It cannot finish: at least {} tasks must stay healthy and at most {} may run, so no task can be replaced. \
             Raise the maximum percent or lower the minimum healthy percent first.",
            bounds.lower, bounds.upper
        ));
    }
    let primary = service.primary_deployment();
    if primary.is_some_and(|primary| primary.rollout_state == Some(RolloutState::Failed)) {
        warnings.push(format!("The last deployment of {} failed; the same image will fail again.", revision(service)));
    } else if primary.is_some_and(|primary| primary.failed > 0) {
        warnings.push(format!("Tasks of {} are failing; the same image will fail again.", revision(service)));
    } else if rolled_back(service) {
        warnings.push(format!(
            "The last change was rolled back; this deploys {} again, not the change.",
            revision(service)
        ));
    }
    if service.desired == 0 {
        warnings.push("The desired count is 0, so no task will start.".to_owned());
    }
    warnings
}

fn scale_warnings(service: &Service, desired: u32) -> Vec<String> {
    let mut warnings = Vec::new();
    let before = service.desired;
    if desired == before {
        warnings.push(format!("The service already wants {desired} tasks; nothing changes."));
    } else if desired == 0 {
        let traffic = if service.target_groups().is_empty() { "its work stops" } else { "its traffic gets no answer" };
        warnings.push(format!("All tasks stop and {traffic}."));
    } else if u64::from(desired) > 2 * u64::from(before) && desired - before > 10 {
        warnings.push(format!("That is {} tasks more than now; check quotas, capacity and cost.", desired - before));
    }
    if desired != before {
        warnings.extend(already_running(service, "it goes on with the new count"));
    }
    let failed = service.primary_deployment().filter(|primary| primary.rollout_state == Some(RolloutState::Failed));
    if failed.is_some() && desired > before {
        warnings.push("The last deployment failed; ECS starts no tasks for it.".to_owned());
    }
    warnings
}

fn api_call(mutation: &Mutation) -> String {
    let (cluster, service) = (json!(mutation.cluster().as_str()), json!(mutation.service().as_str()));
    let parameter = match mutation {
        Mutation::ForceNewDeployment { .. } => "\"forceNewDeployment\":true".to_owned(),
        Mutation::Scale { desired, .. } => format!("\"desiredCount\":{desired}"),
    };
    let operation = mutation.operation();
    visible(&format!("{operation} {{\"cluster\":{cluster},\"service\":{service},{parameter}}}")).into_owned()
}

fn command(mutation: &Mutation, service: &Service, place: &Place) -> String {
    let line = CommandLine::new("aws ecs update-service")
        .value("--cluster", mutation.cluster().as_str())
        .value("--service", &service.name);
    let line = match mutation {
        Mutation::ForceNewDeployment { .. } => line.option("--force-new-deployment"),
        Mutation::Scale { desired, .. } => line.value("--desired-count", &desired.to_string()),
    };
    let line = line.maybe("--region", place.region.as_deref()).maybe("--profile", place.profile.as_deref());
    visible(&line.into_string()).into_owned()
}

#[cfg(test)]
mod tests;
