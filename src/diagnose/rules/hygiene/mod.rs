//! Roles, discovery, ECS Exec, and configuration that works today and will hurt one day (catalogue 5H).
//!
//! Advice never makes a service less than healthy; only roles that fail and proxies that die speak of the present.

use super::Family;
use crate::diagnose::finding::Finding;
use crate::diagnose::scene::Scene;

mod advice;
mod entries;
mod exec;
mod identity;
mod load;

/// The family.
pub const FAMILY: Family =
    Family { name: "Identity, discovery, exec, hygiene", entries: entries::ALL, missing: entries::MISSING, find };

fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    identity::find(scene, findings);
    load::find(scene, findings);
    exec::find(scene, findings);
    advice::find(scene, findings);
}

#[cfg(test)]
mod tests;
