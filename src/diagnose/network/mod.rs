//! Whether packets get through: one evaluator for every path.
//!
//! ```text
//!  client ─▶ listener ─▶ load balancer ─▶ task ─▶ registry, S3, logs, secrets
//!            groups      groups, NACLs     groups, NACLs, routes, endpoints
//! ```

use serde::Serialize;

use super::scene::{Group, Place, Scene};

/// Whether packets get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything on the way was read and lets them through.
    Open,
    /// Something on the way drops them.
    Blocked,
    /// From some places they get through, from others they do not.
    Partial,
    /// What would tell could not be read, or is beyond what can be read.
    Unknown,
}

/// One place on a path that decides about packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// What decides: `security groups of the task, ingress`.
    pub what: String,
    /// What it decides.
    pub verdict: Verdict,
    /// Why, in a sentence. Safe to show.
    pub why: String,
    /// The rule that decides: `sg-0abc: tcp 8080 from sg-0def`. Safe to show.
    pub rule: Option<String>,
    /// The nearest rule that almost allows it, and what is off about it. Safe to show.
    pub near_miss: Option<String>,
}

/// A path with everything that decides on it, in the order packets meet it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Path {
    /// `load balancer web → task 0a1b2c3d:8080 (health check)`. Safe to show.
    pub name: String,
    /// The verdict over all hops.
    pub verdict: Verdict,
    /// The hops.
    pub hops: Vec<Hop>,
}

/// Whether the load balancers of a target group reach a target on a port (TCP).
pub fn to_target(_scene: &Scene<'_>, _group: &Group<'_>, _place: &Place<'_>, _port: u16) -> Verdict {
    Verdict::Unknown
}

/// All paths of a service for the Network tab: clients to each listener, load balancer to tasks (one path for every distinct
/// way, not one a task), tasks to what they need.
pub fn paths(_scene: &Scene<'_>) -> Vec<Path> {
    Vec::new()
}
