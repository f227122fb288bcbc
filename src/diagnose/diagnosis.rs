//! The diagnosis of a service: how it is, what is wrong, what was checked.

use serde::Serialize;

use super::facts::Facts;
use super::finding::Finding;
use super::health::Health;
use super::network::{self, Path};
use super::rank::rank;
use super::rules;
use super::scene::Scene;
use crate::model::text::visible;

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
    /// The name as in JSON.
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
    /// How packets travel; for the screen.
    #[serde(skip)]
    pub paths: Vec<Path>,
}

/// Diagnoses a service. The same facts always give the same diagnosis.
pub fn diagnose(facts: Facts<'_>) -> Diagnosis {
    let scene = Scene::new(facts);
    let mut findings = Vec::new();
    for family in rules::FAMILIES {
        (family.find)(&scene, &mut findings);
    }
    Diagnosis {
        service: visible(&scene.service.name).into_owned(),
        health: Health::Unknown,
        findings: rank(findings),
        checks: Vec::new(),
        paths: network::paths(&scene),
    }
}
