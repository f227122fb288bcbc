//! Why tasks do not start: images, secrets, logs, volumes, interfaces (catalogue 5C).

use super::Family;
use crate::diagnose::finding::Finding;
use crate::diagnose::scene::Scene;

/// The family.
pub const FAMILY: Family = Family { name: "Task start", entries: &[], missing: &[], find };

fn find(_scene: &Scene<'_>, _findings: &mut Vec<Finding>) {}
