//! What the load balancer's health check asks and what it gets (catalogue 5A).

use super::Family;
use crate::diagnose::finding::Finding;
use crate::diagnose::scene::Scene;

/// The family.
pub const FAMILY: Family = Family { name: "Load balancer health checks", entries: &[], missing: &[], find };

fn find(_scene: &Scene<'_>, _findings: &mut Vec<Finding>) {}
