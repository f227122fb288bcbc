//! The diagnosis of a service: how it is, what is wrong, what was checked.

use jiff::Timestamp;
use serde::Serialize;

use super::catalogue::Bearing;
use super::checks;
use super::facts::Facts;
use super::finding::{Finding, Severity};
use super::health::{Assessment, Health, judge};
use super::needs::needs_of;
use super::network::{self, Path};
use super::rank::rank;
use super::rules;
use super::scene::Scene;
use crate::model::query::Query;
use crate::model::service::{SchedulingStrategy, ServiceStatus};
use crate::model::text::visible;

mod mask;

pub use mask::speaks_of_secret;

/// What was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckName {
    /// Health of targets.
    TargetHealth,
    /// Settings of health checks.
    HealthCheckSettings,
    /// Security groups between load balancer and tasks.
    SecurityGroups,
    /// Network ACLs between load balancer and tasks.
    NetworkAcls,
    /// Routes between load balancer and tasks.
    Routes,
    /// Whether listeners lead to the target groups.
    ListenerRules,
    /// Whether tasks reach what they need.
    TaskEgress,
    /// Why tasks stopped.
    StoppedTasks,
    /// What deployments do.
    Deployments,
    /// Whether tasks can be placed.
    Placement,
    /// Automatic scaling.
    Autoscaling,
    /// CPU and memory.
    Metrics,
    /// Output of containers.
    Logs,
}

impl CheckName {
    /// The name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TargetHealth => "target-health",
            Self::HealthCheckSettings => "health-check-settings",
            Self::SecurityGroups => "security-groups",
            Self::NetworkAcls => "network-acls",
            Self::Routes => "routes",
            Self::ListenerRules => "listener-rules",
            Self::TaskEgress => "task-egress",
            Self::StoppedTasks => "stopped-tasks",
            Self::Deployments => "deployments",
            Self::Placement => "placement",
            Self::Autoscaling => "autoscaling",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckVerdict {
    /// Packets get through.
    Open,
    /// Packets are dropped; or something else is wrong there, and a finding says what.
    Blocked,
    /// Some packets are dropped; or some of it could be checked.
    Partial,
    /// What would tell was denied or failed.
    Unknown,
    /// Nothing is wrong there.
    Passed,
    /// It does not apply, or was not needed.
    Skipped,
}

/// What was checked and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub check: CheckName,
    /// How it ended.
    pub verdict: CheckVerdict,
    /// In a few words. Safe to show.
    pub detail: String,
    /// The IAM action that was denied.
    pub missing_permission: Option<String>,
}

/// The diagnosis of a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// Its name.
    pub service: String,
    /// How it is.
    pub health: Health,
    /// What is wrong, the root causes first, what follows from them folded under them.
    pub findings: Vec<Finding>,
    /// What was checked.
    pub checks: Vec<Check>,
}

/// The name of the JSON form of a diagnosis, which is a public interface.
pub const SCHEMA: &str = "ecsight.diagnosis/v1";

/// The diagnoses of services of one cluster, as `diagnose --output json` prints them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Name of the cluster. Safe to show.
    pub cluster: String,
    /// The region.
    pub region: Option<String>,
    /// The account, if it is known.
    pub account: Option<String>,
    /// The present, by AWS's clock.
    pub taken_at: Timestamp,
    /// One for every service.
    pub services: Vec<Diagnosis>,
}

impl Report {
    /// A report. Names may come from anywhere.
    pub fn new(
        cluster: &str,
        region: Option<&str>,
        account: Option<&str>,
        taken_at: Timestamp,
        services: Vec<Diagnosis>,
    ) -> Self {
        let shown = |text: &str| visible(text).into_owned();
        Self {
            schema: SCHEMA,
            cluster: shown(cluster),
            region: region.map(shown),
            account: account.map(shown),
            taken_at,
            services,
        }
    }

    /// The worst that was found, if anything was.
    pub fn worst(&self) -> Option<Severity> {
        self.services.iter().filter_map(Diagnosis::worst).min()
    }

    /// Whether anything of severity error or critical was found, which is what the exit code says.
    pub fn exit_is_bad(&self) -> bool {
        self.worst().is_some_and(|worst| worst <= Severity::Error)
    }
}

impl Diagnosis {
    /// The worst severity of its findings; causes are as bad as what follows from them.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).min()
    }
}

/// Diagnoses a service. The same facts always give the same diagnosis.
pub fn diagnose(facts: Facts<'_>) -> Diagnosis {
    examine(facts).diagnosis
}

/// All that one look at the facts tells.
pub struct Examination {
    /// What is wrong.
    pub diagnosis: Diagnosis,
    /// How the service is, in a few words.
    pub assessment: Assessment,
    /// What has to be asked to know better: [`super::needs::needs`].
    pub needs: Vec<Query>,
}

/// [`diagnose`], [`assess`] and [`super::needs::needs`] for the price of one.
pub fn examine(facts: Facts<'_>) -> Examination {
    let scene = Scene::new(facts);
    let needs = needs_of(&scene);
    let reads = checks::reads(&scene, &needs);
    let mut findings = found(&scene);
    findings.extend(checks::insufficient_permissions(&scene, &reads));
    let findings = rank(findings);
    let secrets = mask::secrets(&scene);
    let mut assessment = judge(&scene, &findings);
    mask::headline(&secrets, &mut assessment);
    let mut diagnosis = Diagnosis {
        service: visible(&scene.service.name).into_owned(),
        health: assessment.health,
        checks: checks::checks(&scene, &reads, &findings),
        findings,
    };
    mask::diagnosis(&secrets, &mut diagnosis);
    Examination { diagnosis, assessment, needs }
}

/// The health of a service and why, in a few words: [`diagnose`] for a list of thousands.
pub fn assess(facts: Facts<'_>) -> Assessment {
    let scene = Scene::new(facts);
    let mut assessment = judge(&scene, &rank(found(&scene)));
    mask::headline(&mask::secrets(&scene), &mut assessment);
    assessment
}

/// How packets travel to the tasks of a service and from them, for the Network tab.
pub fn paths(facts: Facts<'_>) -> Vec<Path> {
    let scene = Scene::new(facts);
    let mut paths = network::paths(&scene);
    mask::paths(&mask::secrets(&scene), &mut paths);
    paths
}

fn found(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for family in rules::FAMILIES {
        (family.find)(scene, &mut findings);
    }
    // Nothing about a service that is off or deleted is a fault.
    let off = scene.service.desired == 0 && scene.service.scheduling == SchedulingStrategy::Replica;
    if off || matches!(scene.service.status, ServiceStatus::Draining | ServiceStatus::Inactive) {
        findings.retain(|finding| finding.severity == Severity::Info || finding.bearing == Bearing::Hygiene);
    }
    findings
}

#[cfg(test)]
mod tests;
