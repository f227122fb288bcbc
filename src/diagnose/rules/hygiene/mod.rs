//! Roles, discovery, ECS Exec, and configuration that will hurt one day (catalogue 5H).

use super::Family;
use crate::diagnose::finding::Finding;
use crate::diagnose::scene::Scene;

/// The family.
pub const FAMILY: Family = Family { name: "Identity, discovery, exec, hygiene", entries: &[], missing: &[], find };

fn find(_scene: &Scene<'_>, _findings: &mut Vec<Finding>) {}
