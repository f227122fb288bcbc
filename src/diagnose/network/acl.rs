//! Network ACLs: stateless, ordered, one a subnet (catalogue 3.6). Between two interfaces of the same subnet none counts.
//!
//! ```text
//!              near subnet                     far subnet
//!   packet    ── out: port ──────────────────▶ in: port
//!   answer    ◀─ in: 1024-65535 ────────────── out: 1024-65535
//! ```

use super::Verdict;
use super::cover::{Addresses, Cover};
use super::groups::{Doubt, Protocol, is_protocol, ports};
use crate::model::known::Known;
use crate::model::network::{NetworkAcl, NetworkAclEntry, Vpc};

/// Ports answers may go to: load balancers use all of them.
pub(in crate::diagnose) const EPHEMERAL: (u16, u16) = (1024, 65_535);

/// A part of the ephemeral ports so small (one in so many) that its loss cannot be told from noise: a rule that closes
/// 3389, say.
const NEGLIGIBLE: u32 = 20;

/// One of the four times a network ACL looks at a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::diagnose) enum Leg {
    /// The packet leaves the near subnet.
    Out,
    /// The packet enters the far subnet.
    In,
    /// The answer leaves the far subnet.
    AnswerOut,
    /// The answer enters the near subnet.
    AnswerIn,
}

impl Leg {
    /// Whether the answer is meant.
    pub(in crate::diagnose) const fn is_return(self) -> bool {
        matches!(self, Self::AnswerOut | Self::AnswerIn)
    }

    /// Whether the entries of the egress side count.
    pub(in crate::diagnose) const fn is_egress(self) -> bool {
        matches!(self, Self::Out | Self::AnswerOut)
    }
}

/// How many of the packets an ACL lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Share {
    /// All.
    All,
    /// Some: part of the ports is closed.
    Some,
    /// None.
    None,
    /// Nobody can tell.
    Unknown,
}

/// Where an ACL drops packets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::diagnose) struct Drop<'a> {
    /// Which of the four looks.
    pub(in crate::diagnose) leg: Leg,
    /// The ACL.
    pub(in crate::diagnose) acl: &'a NetworkAcl,
    /// The subnet it filters.
    pub(in crate::diagnose) subnet: &'a str,
    /// The entry that denies; the end of the list (`*`) where there is none.
    pub(in crate::diagnose) entry: Option<&'a NetworkAclEntry>,
    /// Whether all packets are dropped.
    pub(in crate::diagnose) whole: bool,
}

/// What network ACLs do to a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::diagnose) struct Filtered<'a> {
    /// The verdict.
    pub(in crate::diagnose) verdict: Verdict,
    /// Where packets are dropped.
    pub(in crate::diagnose) drop: Option<Drop<'a>>,
    /// Why nobody can tell.
    pub(in crate::diagnose) doubt: Option<Doubt<'a>>,
    /// Whether no ACL is asked, since both ends are in one subnet.
    pub(in crate::diagnose) same_subnet: bool,
}

impl<'a> Filtered<'a> {
    const fn unknown(why: Doubt<'a>) -> Self {
        Self { verdict: Verdict::Unknown, drop: None, doubt: Some(why), same_subnet: false }
    }
}

/// One end of a connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::diagnose) struct End<'a> {
    /// Its VPC, if it was read.
    pub(in crate::diagnose) vpc: Option<&'a Vpc>,
    /// Its subnet.
    pub(in crate::diagnose) subnet: Option<&'a str>,
    /// The addresses it may have.
    pub(in crate::diagnose) addresses: Addresses,
}

/// What the ACLs do to a TCP connection from one end to a port of the other. A far end beyond the VPC (`None`) has no ACL.
pub(in crate::diagnose) fn between<'a>(
    near: End<'a>,
    far: Option<End<'a>>,
    beyond: Addresses,
    port: u16,
) -> Filtered<'a> {
    if let Some(far) = far
        && near.subnet.is_some()
        && near.subnet == far.subnet
    {
        return Filtered { verdict: Verdict::Open, drop: None, doubt: None, same_subnet: true };
    }
    let far_addresses = far.map_or(beyond, |far| far.addresses);
    let to_port = (port, port);
    let legs = [
        (Leg::Out, Some(near), far_addresses, to_port),
        (Leg::In, far, near.addresses, to_port),
        (Leg::AnswerOut, far, near.addresses, EPHEMERAL),
        (Leg::AnswerIn, Some(near), far_addresses, EPHEMERAL),
    ];
    let mut doubt = None;
    let mut some: Option<Drop<'a>> = None;
    for (leg, end, addresses, ports) in legs {
        let Some(end) = end else { continue };
        let (acl, subnet) = match acl_of(end) {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            Err(why) => {
                doubt = doubt.or(Some(why));
                continue;
            }
        };
        let (share, entry) = judge(acl, leg.is_egress(), addresses, ports);
        let drop = Drop { leg, acl, subnet, entry, whole: share == Share::None };
        match share {
            Share::All => {}
            Share::None => {
                return Filtered { verdict: Verdict::Blocked, drop: Some(drop), doubt: None, same_subnet: false };
            }
            Share::Some => some = some.or(Some(drop)),
            Share::Unknown => doubt = doubt.or(Some(Doubt::Unread("which addresses a network ACL meets"))),
        }
    }
    match (some, doubt) {
        (Some(_), _) => Filtered { verdict: Verdict::Partial, drop: some, doubt: None, same_subnet: false },
        (None, Some(why)) => Filtered::unknown(why),
        (None, None) => Filtered { verdict: Verdict::Open, drop: None, doubt: None, same_subnet: false },
    }
}

/// The ACL of a subnet. Whoever sees a subnet sees its ACL, also in a VPC another account shares; where AWS lists the subnet
/// and no ACL for it, as emulators do, nothing filters. A subnet that is not listed is not known, and neither is its ACL.
fn acl_of(end: End<'_>) -> Result<Option<(&NetworkAcl, &str)>, Doubt<'_>> {
    let Some(subnet) = end.subnet else { return Err(Doubt::Unread("which subnet it is in")) };
    let Some(Known::Known(acls)) = end.vpc.map(|vpc| &vpc.network_acls) else {
        return Err(Doubt::Unread("network ACLs"));
    };
    let acl = acls.iter().find(|acl| acl.subnets.iter().any(|filtered| filtered == subnet));
    let listed = end.vpc.and_then(|vpc| vpc.subnets.known()).is_some_and(|all| all.iter().any(|one| one.id == subnet));
    match acl {
        Some(acl) => Ok(Some((acl, subnet))),
        None if listed => Ok(None),
        None => Err(Doubt::Unread("the network ACL of a subnet")),
    }
}

/// Ports that no entry has decided about yet, and what entries said that are about a part of the addresses only.
#[derive(Clone, Copy)]
struct Open {
    ports: (u16, u16),
    some_allowed: bool,
    some_denied: bool,
}

/// How much an ACL lets through, and the entry that closes most.
pub(in crate::diagnose) fn judge(
    acl: &NetworkAcl,
    egress: bool,
    far: Addresses,
    asked: (u16, u16),
) -> (Share, Option<&NetworkAclEntry>) {
    let mut entries: Vec<&NetworkAclEntry> = acl.entries.iter().filter(|entry| entry.egress == egress).collect();
    entries.sort_by_key(|entry| entry.number);
    let mut undecided = vec![Open { ports: asked, some_allowed: false, some_denied: false }];
    let (mut allowed, mut unclear) = (0_u32, 0_u32);
    let mut denials: Vec<(u32, Option<&NetworkAclEntry>)> = Vec::new();
    let mut decide = |open: Open, ports: (u16, u16), entry: Option<&'_ NetworkAclEntry>| {
        let count = u32::from(ports.1) - u32::from(ports.0) + 1;
        match entry.is_some_and(|entry| entry.allow) {
            true if open.some_denied => unclear += count,
            false if open.some_allowed => unclear += count,
            true => allowed += count,
            false => return Some(count),
        }
        None
    };
    for entry in entries {
        if !is_protocol(&entry.traffic, Protocol::Tcp) {
            continue;
        }
        let cover = entry.cidr.as_ref().map_or(Cover::Part, |range| far.covered_by(range));
        // A list of unwanted addresses says nothing about AWS's own.
        let unwanted = far == Addresses::Internet && cover == Cover::Part && !entry.allow;
        if unwanted || matches!(cover, Cover::None | Cover::OtherFamily) {
            continue;
        }
        let (first, last) = ports(&entry.traffic);
        let mut rest = Vec::with_capacity(undecided.len() + 1);
        for open in undecided {
            let hit = (open.ports.0.max(first), open.ports.1.min(last));
            if hit.0 > hit.1 {
                rest.push(open);
                continue;
            }
            if hit.0 > open.ports.0 {
                rest.push(Open { ports: (open.ports.0, hit.0 - 1), ..open });
            }
            if hit.1 < open.ports.1 {
                rest.push(Open { ports: (hit.1 + 1, open.ports.1), ..open });
            }
            if cover == Cover::All {
                if let Some(count) = decide(open, hit, Some(entry)) {
                    denials.push((count, Some(entry)));
                }
            } else {
                rest.push(Open {
                    ports: hit,
                    some_allowed: open.some_allowed || entry.allow,
                    some_denied: open.some_denied || !entry.allow,
                });
            }
        }
        undecided = rest;
    }
    for open in undecided {
        if let Some(count) = decide(open, open.ports, None) {
            denials.push((count, None));
        }
    }
    let denied: u32 = denials.iter().map(|(count, _)| count).sum();
    let total = allowed + unclear + denied;
    let most = denials.iter().max_by_key(|(count, _)| *count).and_then(|(_, entry)| *entry);
    // The `*` entry is spelled out by EC2; it is the end of the list all the same.
    let most = most.filter(|entry| entry.number < 32_767);
    let share = if denied == total {
        Share::None
    } else if denied.saturating_mul(NEGLIGIBLE) > total {
        Share::Some
    } else if unclear > 0 {
        Share::Unknown
    } else {
        Share::All
    };
    (share, most.filter(|_| matches!(share, Share::None | Share::Some)))
}

#[cfg(test)]
mod tests;
