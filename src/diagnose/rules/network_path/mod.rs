//! Whether packets get from clients to the load balancer and from there to tasks (catalogue 5B).

use super::Family;
use crate::diagnose::finding::Finding;
use crate::diagnose::scene::Scene;

/// The family.
pub const FAMILY: Family = Family { name: "Network path", entries: &[], missing: &[], find };

fn find(_scene: &Scene<'_>, _findings: &mut Vec<Finding>) {}
