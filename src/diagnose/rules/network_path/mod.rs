//! Whether packets get from clients to the load balancer and from there to tasks (catalogue 5B, without 72 and 73).
//!
//! ```text
//!  clients ── clients ──▶ load balancer ── blocked ──▶ targets
//!                └ forwarding: does a rule lead there, is anybody there
//! ```

use super::Family;
use crate::diagnose::finding::Finding;
use crate::diagnose::network::topology::Topology;
use crate::diagnose::scene::Scene;
use crate::model::service::ServiceStatus;

mod blocked;
mod causes;
mod clients;
mod entries;
mod forwarding;
mod front_entries;
mod sentences;

pub use forwarding::wanted_target_groups;

/// The family.
pub const FAMILY: Family = Family {
    name: "Network path",
    entries: &[
        &entries::INGRESS_MISSING,
        &entries::WRONG_SOURCE_GROUP,
        &entries::WRONG_PORT,
        &entries::CHECK_PORT_ONLY,
        &entries::TRAFFIC_PORT_ONLY,
        &entries::LB_EGRESS,
        &entries::PARTIAL_CIDR,
        &entries::IP_FAMILY,
        &entries::STALE_PEER,
        &entries::UDP,
        &entries::DYNAMIC_PORTS,
        &entries::ACL_FORWARD,
        &entries::ACL_RETURN,
        &entries::ROUTE,
        &entries::MIDDLEBOX,
        &front_entries::LISTENER_CLOSED,
        &front_entries::PRIVATE_SUBNET,
        &front_entries::NO_IPV6,
        &front_entries::WEIGHT_ZERO,
        &front_entries::NO_TARGETS,
        &front_entries::PUBLIC_ACCESS_BLOCKED,
        &front_entries::KEEPALIVE,
        &front_entries::CLIENT_ADDRESSES,
    ],
    missing: &[],
    find,
};

fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let service = scene.service;
    let wanted = service.status == ServiceStatus::Active && (service.desired > 0 || service.running > 0);
    if !wanted || scene.groups.is_empty() {
        return;
    }
    let topology = Topology::new(scene);
    if !topology.is_empty() {
        blocked::find(scene, &topology, findings);
        clients::find(scene, &topology, findings);
    }
    forwarding::find(scene, findings);
}

#[cfg(test)]
mod tests;
