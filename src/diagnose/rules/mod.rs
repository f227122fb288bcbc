//! The rules, one folder a family. A rule looks at the scene and adds what it finds; it does not know the other rules.
//! Which findings are one and the same, and which follows from which, is decided afterwards.
//!
//! ```text
//!  Scene ─▶ health_check  network_path  task_start  task_stop  placement  deployment  scaling  hygiene ─▶ findings
//! ```

use super::catalogue::{Entry, Missing};
use super::finding::Finding;
use super::scene::Scene;

pub mod deployment;
pub mod egress;
pub mod health_check;
pub mod hygiene;
pub mod network_path;
pub mod placement;
pub mod scaling;
pub mod task_start;
pub mod task_stop;

/// A family of rules.
pub struct Family {
    /// Its heading.
    pub name: &'static str,
    /// What it can find.
    pub entries: &'static [&'static Entry],
    /// What the catalogue has and it cannot find.
    pub missing: &'static [Missing],
    /// Finds it.
    pub find: fn(&Scene<'_>, &mut Vec<Finding>),
}

/// All families, in the order of the catalogue.
pub const FAMILIES: &[Family] = &[
    health_check::FAMILY,
    network_path::FAMILY,
    egress::FAMILY,
    task_start::FAMILY,
    task_stop::FAMILY,
    placement::FAMILY,
    deployment::FAMILY,
    scaling::FAMILY,
    hygiene::FAMILY,
];
