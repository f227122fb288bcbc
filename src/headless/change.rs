//! `ecsight redeploy` and `ecsight scale`: one way for every change. Read, plan, show, agree, read again, send once, and on
//! request follow what comes of it.

use super::clock::AwsClock;
use super::console::Console;
use super::failure::Failure;
use super::follow::{Patience, follow};
use super::resolve;
use crate::actions::plan::{Place, Plan};
use crate::aws::Aws;
use crate::model::arn::ClusterName;
use crate::model::call::CallError;
use crate::model::query::Mutation;
use crate::model::service::Service;
use crate::model::text::visible;

/// What to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// New tasks of the same revision.
    ForceNewDeployment,
    /// Another number of tasks.
    Scale(u32),
}

/// How to go about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Do not ask.
    pub given: bool,
    /// Follow the rollout.
    pub wait: Option<Patience>,
}

/// Changes a service.
pub async fn change(
    aws: &Aws,
    cluster: Option<&str>,
    name: &str,
    change: Change,
    consent: Consent,
    clock: &AwsClock,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let cluster = resolve::cluster(aws, cluster, console).await?;
    let plan = agreed(aws, &cluster, name, change, consent.given, console).await?;
    let accepted = match aws.change(&plan.mutation).await {
        Ok(service) => service,
        Err(error) => {
            warn_if_open(&error, console);
            return Err(error.into());
        }
    };
    match console.result(&format!("{}\n", visible(&outcome(&plan.mutation, &accepted)))) {
        // Who does not read the result may still rely on the exit code.
        Err(failure) if !failure.reader_is_gone() => return Err(failure),
        _ => {}
    }
    match consent.wait {
        Some(patience) => follow(aws, plan.mutation, &accepted, patience, clock, console).await,
        None => Ok(()),
    }
}

/// The plan that was agreed to and still fits the service.
async fn agreed(
    aws: &Aws,
    cluster: &ClusterName,
    name: &str,
    change: Change,
    consent: bool,
    console: &mut Console<'_>,
) -> Result<Plan, Failure> {
    let mut plan = plan(aws, cluster, change, &resolve::service(aws, cluster, name).await?)?;
    loop {
        show(&plan, console);
        // With --read-only nobody is asked: the AWS layer refuses whatever is agreed to.
        if aws.read_only() {
            return Ok(plan);
        }
        if !consent {
            ask(console)?;
        }
        let current = resolve::service(aws, cluster, name).await?;
        let Some(moved) = plan.moved(&current) else { return Ok(plan) };
        console.note(&format!("the service moved since the plan was made: {}", visible(&moved)));
        plan = self::plan(aws, cluster, change, &current)?;
        if consent {
            return Ok(plan);
        }
    }
}

fn plan(aws: &Aws, cluster: &ClusterName, change: Change, service: &Service) -> Result<Plan, Failure> {
    let (cluster, service_arn) = (cluster.clone(), service.arn.clone());
    let mutation = match change {
        Change::ForceNewDeployment => Mutation::ForceNewDeployment { cluster, service: service_arn },
        Change::Scale(desired) => Mutation::Scale { cluster, service: service_arn, desired },
    };
    let place = Place {
        account: service.arn.account().map(str::to_owned),
        profile: aws.profile().map(str::to_owned),
        region: aws.region().map(str::to_owned),
        cluster: mutation.cluster().clone(),
    };
    Plan::new(mutation, service, place).map_err(|refusal| Failure::Refused(refusal.to_string()))
}

/// Shows the plan on stderr.
fn show(plan: &Plan, console: &mut Console<'_>) {
    let place = &plan.place;
    let account = match (&place.account, &place.profile) {
        (Some(account), Some(profile)) => format!("{account} ({profile})"),
        (account, profile) => account.as_ref().or(profile.as_ref()).cloned().unwrap_or_else(|| "unknown".to_owned()),
    };
    console.note("plan");
    let mut line = |name: &str, text: &str| console.note(&format!("  {name:<9}{}", visible(text)));
    line("account", &account);
    line("region", place.region.as_deref().unwrap_or("unknown"));
    line("cluster", place.cluster.as_str());
    line("service", &plan.service_name);
    for change in &plan.changes {
        line("change", &format!("{}: {} -> {}", change.what, change.before, change.after));
    }
    line("call", &plan.api_call);
    line("same as", &plan.command);
    for warning in &plan.warnings {
        line("warning", warning);
    }
}

/// Asks whether to go on; without anybody to ask the answer is no.
fn ask(console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(ask) = console.ask.as_mut() else { return Err(Failure::NotConfirmed { asked: false }) };
    if ask("go ahead? [y/N] ") { Ok(()) } else { Err(Failure::NotConfirmed { asked: true }) }
}

/// A change is sent once. When its answer is lost, only reading tells whether it arrived.
fn warn_if_open(error: &CallError, console: &mut Console<'_>) {
    if error.kind.leaves_change_open() {
        console.note("note: the change may have been accepted all the same; look before sending it again");
    }
}

/// One line about what AWS accepted.
fn outcome(mutation: &Mutation, accepted: &Service) -> String {
    match mutation {
        Mutation::Scale { .. } => format!("{}: desired count {}", accepted.name, accepted.desired),
        Mutation::ForceNewDeployment { .. } => match accepted.primary_deployment() {
            Some(deployment) => format!("{}: new deployment {}", accepted.name, deployment.id),
            None => format!("{}: new deployment", accepted.name),
        },
    }
}
