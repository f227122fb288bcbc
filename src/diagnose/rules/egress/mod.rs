//! Whether tasks reach what they need to start: registry, S3, logs, secrets (catalogue 5C, 80 to 88).
//!
//! Nothing is said while tasks start: configuration that looks closed may be meant so. Only a task that could not start for
//! want of a connection, or hangs before its start, makes us ask for the way.

use super::Family;
use crate::diagnose::finding::Finding;
use crate::diagnose::network::Verdict;
use crate::diagnose::network::topology::Topology;
use crate::diagnose::scene::Scene;

mod causes;
mod dead_ends;
mod entries;
mod failures;
mod policy;

pub(in crate::diagnose) use failures::{Failure, failures};

/// The family.
pub const FAMILY: Family = Family {
    name: "Network path of tasks",
    entries: &[
        &entries::NO_PUBLIC_IP,
        &entries::NO_NAT_NO_ENDPOINT,
        &entries::ENDPOINT_GROUP,
        &entries::TASK_EGRESS,
        &entries::S3_GATEWAY,
        &entries::PRIVATE_DNS,
        &entries::ENDPOINT_POLICY,
        &entries::ACL,
        &entries::BLACKHOLE,
    ],
    missing: &[],
    find,
};

fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    policy::find(scene, findings);
    let failures = failures(scene);
    if failures.is_empty() {
        return;
    }
    let topology = Topology::new(scene);
    if !topology.is_empty() {
        causes::find(scene, &topology, &failures, findings);
    }
}

/// Whether the tasks that failed could reach what they called.
pub(in crate::diagnose) fn verdict<'a>(
    scene: &Scene<'a>,
    topology: &Topology<'a>,
    failures: &[Failure<'a>],
) -> Verdict {
    let mut all: Option<Verdict> = None;
    for failure in failures {
        let (mut blocked, mut unknown, mut open) = (0_usize, 0_usize, 0_usize);
        for reach in causes::reaches(scene, topology, failure) {
            match reach.1.verdict() {
                Verdict::Open => open += 1,
                Verdict::Unknown => unknown += 1,
                Verdict::Blocked | Verdict::Partial => blocked += 1,
            }
        }
        let one = match (blocked, unknown, open) {
            (0, 0, 0) | (0, 1.., _) => Verdict::Unknown,
            (0, 0, _) => Verdict::Open,
            (_, _, 0) => Verdict::Blocked,
            (_, _, _) => Verdict::Partial,
        };
        all = Some(all.map_or(one, |all| Verdict::worst([all, one])));
    }
    all.unwrap_or(Verdict::Unknown)
}

#[cfg(test)]
mod tests;
