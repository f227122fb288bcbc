//! `ecsight diagnose`: why services are not well, with evidence and a fix, as text or as the public JSON form.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::clock::AwsClock;
use super::collect::Collected;
use super::console::{Console, Format};
use super::failure::Failure;
use super::report::{Heading, Style, report};
use super::resolve;
use crate::aws::{Aws, Priority};
use crate::diagnose::diagnosis::{Diagnosis, Report, diagnose as judge};
use crate::diagnose::finding::Severity;
use crate::model::arn::ClusterName;
use crate::model::service::Service;

/// What to diagnose and how to write it.
#[derive(Clone, Debug)]
pub struct Diagnose<'a> {
    /// The cluster, if one was named.
    pub cluster: Option<&'a str>,
    /// Services by name; all of the cluster if none is named.
    pub services: &'a [String],
    /// Text or JSON.
    pub format: Format,
    /// In text also what is healthy or benign.
    pub all: bool,
    /// How long it may take; what has not come by then is unknown.
    pub timeout: Duration,
}

/// Whether anything of severity error or critical was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing of severity error or critical.
    Well,
    /// Something is.
    Unwell,
}

/// Diagnoses services.
pub async fn diagnose(
    aws: &Aws,
    wanted: Diagnose<'_>,
    clock: &AwsClock,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let deadline = Instant::now() + wanted.timeout;
    let identity = async { aws.identity(Priority::Interactive).await.ok() };
    let found = find(aws, &wanted, console);
    let (identity, found) = tokio::join!(tokio::time::timeout_at(deadline, identity), found);
    let (cluster, services) = found?;
    let account = identity.ok().flatten().map(|identity| identity.account);
    let account = account.or_else(|| services.first().and_then(|service| service.arn.account()).map(str::to_owned));
    let whole_cluster = wanted.services.is_empty();
    let collected = Collected::collect(aws, &cluster, services, whole_cluster, clock, deadline).await;
    let indices = 0..collected.services.len();
    let mut diagnoses: Vec<Diagnosis> = indices.filter_map(|index| collected.facts(index)).map(judge).collect();
    diagnoses.sort_by_cached_key(|diagnosis| (urgency(diagnosis), diagnosis.service.clone()));
    let taken_at = clock.now();
    let worst = diagnoses.iter().flat_map(|diagnosis| &diagnosis.findings).map(|finding| finding.severity).min();
    let style = Style { all: wanted.all, colour: console.colour };
    match wanted.format {
        Format::Json => {
            console.json(&Report::new(cluster.as_str(), aws.region(), account.as_deref(), taken_at, diagnoses))?;
        }
        Format::Table => {
            let (cluster, region) = (cluster.as_str(), aws.region());
            let heading = Heading { cluster, region, account: account.as_deref(), taken_at };
            console.result(&report(&heading, &diagnoses, style))?;
        }
    }
    Ok(if worst.is_some_and(|severity| severity <= Severity::Error) { Outcome::Unwell } else { Outcome::Well })
}

/// Health first, since it speaks of now, then the worst finding.
fn urgency(diagnosis: &Diagnosis) -> impl Ord + use<> {
    let worst = diagnosis.findings.iter().map(|finding| finding.severity).min();
    (diagnosis.health, worst.is_none(), worst)
}

/// The cluster and the services to diagnose.
async fn find(
    aws: &Aws,
    wanted: &Diagnose<'_>,
    console: &mut Console<'_>,
) -> Result<(ClusterName, Vec<Service>), Failure> {
    let cluster = resolve::cluster(aws, wanted.cluster, console).await?;
    if wanted.services.is_empty() {
        let services = resolve::services(aws, &cluster).await?;
        return Ok((cluster, services));
    }
    let named = wanted.services.iter().map(|name| resolve::service(aws, &cluster, name));
    let mut services: Vec<Service> = Vec::new();
    for service in try_join_all(named).await? {
        if !services.iter().any(|known| known.arn == service.arn) {
            services.push(service);
        }
    }
    Ok((cluster, services))
}
