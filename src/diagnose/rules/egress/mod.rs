//! Whether tasks reach what they need to start: registry, S3, logs, secrets (catalogue 5C, 80 to 88).

use super::Family;
use crate::diagnose::finding::Finding;
use crate::diagnose::scene::Scene;

/// The family.
pub const FAMILY: Family = Family { name: "Network path of tasks", entries: &[], missing: &[], find };

fn find(_scene: &Scene<'_>, _findings: &mut Vec<Finding>) {}
