//! Why tasks cannot be placed (catalogue 5E): what AWS says about it, and what follows from the instances that there are.
//!
//! Words about the past say nothing: almost everything here needs a service that is short of tasks now.

use super::Family;
use crate::diagnose::deployment::in_progress;
use crate::diagnose::finding::{Finding, Scope};
use crate::diagnose::scene::Scene;

mod entries;
mod hosts;
mod said;

/// The family.
pub const FAMILY: Family =
    Family { name: "Placement and capacity", entries: entries::ALL, missing: entries::MISSING, find };

fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    said::about_zones(scene, findings);
    let short = is_short(scene);
    if short {
        let first = findings.len();
        said::find(scene, findings);
        let nothing_said = findings.len() == first;
        hosts::find(scene, nothing_said, findings);
    }
    hosts::in_trouble(scene, short, findings);
}

/// Whether tasks are missing that should be there.
fn is_short(scene: &Scene<'_>) -> bool {
    let service = scene.service;
    service.running < service.desired
        || in_progress(service) && scene.primary.is_some_and(|primary| primary.running < primary.desired)
}

/// The primary deployment, as scopes name it.
fn of_primary(scene: &Scene<'_>) -> Scope {
    let deployment = scene.primary.map(|primary| primary.id.clone());
    let task_definition = scene.primary.map(|primary| primary.task_definition.name().to_owned());
    Scope { deployment, task_definition, ..Scope::default() }
}

#[cfg(test)]
mod tests;
