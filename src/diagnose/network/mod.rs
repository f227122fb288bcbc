//! Whether packets get through: one evaluator for every path.
//!
//! ```text
//!  client ─▶ listener ─▶ load balancer ─▶ task ─▶ registry, S3, logs, secrets
//!            groups      groups, NACLs     groups, NACLs, routes, endpoints
//!
//!  facts ─▶ topology ─▶ crossing (load balancer to host)   ─▶ verdicts, paths, checks, rules
//!                   └─▶ egress   (task to what it needs)   ─┘
//!             both ask:  groups   acl   routes   (cover: addresses in ranges)
//! ```
//!
//! An input that was not read can only make a verdict [`Verdict::Unknown`], unless another one that was read already decides
//! [`Verdict::Blocked`].

use serde::Serialize;

use super::scene::{Group, Place, Scene};
use super::target_health::Standing;

pub(in crate::diagnose) mod acl;
mod checks;
pub(in crate::diagnose) mod clients;
pub(in crate::diagnose) mod cover;
pub(in crate::diagnose) mod crossing;
pub(in crate::diagnose) mod egress;
pub(in crate::diagnose) mod groups;
pub(in crate::diagnose) mod needs;
mod paths;
pub(in crate::diagnose) mod remedy;
pub(in crate::diagnose) mod routes;
pub(in crate::diagnose) mod topology;
mod wanted;
pub(in crate::diagnose) mod words;

pub use checks::checks;
pub use paths::paths;
pub use wanted::{wanted_endpoint_interfaces, wanted_prefix_lists, wanted_vpcs};

use topology::Topology;

/// Whether packets get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything on the way was read and lets them through.
    Open,
    /// Something on the way drops them.
    Blocked,
    /// From some places they get through, from others they do not.
    Partial,
    /// What would tell could not be read, or is beyond what can be read.
    Unknown,
}

impl Verdict {
    /// The verdict over several things that all have to let a packet through: what drops decides before what is not known.
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let rank = |verdict: &Self| match verdict {
            Self::Open => 0,
            Self::Unknown => 1,
            Self::Partial => 2,
            Self::Blocked => 3,
        };
        verdicts.into_iter().max_by_key(rank).unwrap_or(Self::Open)
    }

    /// Whether some or all packets are dropped.
    pub const fn drops(self) -> bool {
        matches!(self, Self::Blocked | Self::Partial)
    }
}

/// One place on a path that decides about packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// What decides: `security groups of the task, ingress`.
    pub what: String,
    /// What it decides.
    pub verdict: Verdict,
    /// Why, in a sentence. Safe to show.
    pub why: String,
    /// The rule that decides: `sg-0abc: tcp 8080 from sg-0def`. Safe to show.
    pub rule: Option<String>,
    /// The nearest rule that almost allows it, and what is off about it. Safe to show.
    pub near_miss: Option<String>,
}

/// A path with everything that decides on it, in the order packets meet it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Path {
    /// `load balancer web → task 0a1b2c3d:8080 (health check)`. Safe to show.
    pub name: String,
    /// The verdict over all hops.
    pub verdict: Verdict,
    /// The hops.
    pub hops: Vec<Hop>,
}

/// Whether the load balancers of a target group reach a target on a port (TCP).
pub fn to_target(scene: &Scene<'_>, group: &Group<'_>, place: &Place<'_>, port: u16) -> Verdict {
    // The lifetimes of a group and of the scene it is from are the same; only the compiler cannot see it here.
    let Some(group) = scene.groups.iter().find(|own| own.arn == group.arn) else { return Verdict::Unknown };
    let Some(place) = group.places.iter().find(|own| std::ptr::eq(own.target, place.target)) else {
        return Verdict::Unknown;
    };
    verdict(&Topology::new(scene), group, place, port)
}

/// [`to_target`] with everything looked up already.
///
/// A target that passes its checks proves the path of the checks open: where the rules say otherwise, they changed a
/// moment ago or we do not understand them.
pub(in crate::diagnose) fn verdict<'a>(
    topology: &Topology<'a>,
    group: &Group<'a>,
    place: &Place<'a>,
    port: u16,
) -> Verdict {
    if topology.is_empty() {
        return Verdict::Unknown;
    }
    let host = topology.host(group, place);
    let balancers = topology.balancers_of(group);
    let mut verdicts = balancers.iter().map(|balancer| topology.cross(balancer, &host, port).verdict());
    let Some(first) = verdicts.next() else { return Verdict::Unknown };
    let verdict = verdicts.fold(first, |all, one| match (all, one) {
        (Verdict::Blocked, Verdict::Open) | (Verdict::Open, Verdict::Blocked) => Verdict::Partial,
        (all, one) => Verdict::worst([all, one]),
    });
    let proven = place.standing == Standing::Fine && place.check_port() == Some(port);
    if proven && verdict.drops() { Verdict::Unknown } else { verdict }
}

#[cfg(test)]
pub(in crate::diagnose) mod world;

#[cfg(test)]
mod tests;
