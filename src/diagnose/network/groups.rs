//! Security groups: allow only, stateful, the union of all groups on an interface (catalogue 3.5).
//!
//! What cannot be read never counts as closed: a rule that could match makes the answer "perhaps", unless another one
//! surely allows.

use super::cover::{Addresses, Cover};
use crate::diagnose::facts::Facts;
use crate::model::known::Known;
use crate::model::network::{Peer, SecurityGroup, SecurityGroupRule, Traffic};

/// Which rules of a group count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Direction {
    /// What comes in.
    Ingress,
    /// What goes out.
    Egress,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Protocol {
    /// TCP, which all health checks and nearly everything else is.
    Tcp,
    /// UDP.
    Udp,
}

/// Whether the traffic of a rule is of this protocol: by name, by number, or as part of everything.
pub(in crate::diagnose) fn is_protocol(traffic: &Traffic, protocol: Protocol) -> bool {
    let (name, number) = match protocol {
        Protocol::Tcp => ("tcp", "6"),
        Protocol::Udp => ("udp", "17"),
    };
    let spelled = traffic.protocol.as_str();
    is_everything(traffic) || spelled.eq_ignore_ascii_case(name) || spelled == number
}

fn is_everything(traffic: &Traffic) -> bool {
    traffic.protocol == "-1" || traffic.protocol.eq_ignore_ascii_case("all")
}

/// The ports a rule is about, of a protocol that has some.
pub(in crate::diagnose) fn ports(traffic: &Traffic) -> (u16, u16) {
    // EC2 ignores ports where the protocol is everything; -1 to -1 arrives as no ports.
    if is_everything(traffic) { (0, u16::MAX) } else { traffic.ports.unwrap_or((0, u16::MAX)) }
}

/// The security groups of one side.
#[derive(Clone, Debug, Default)]
pub(in crate::diagnose) struct Groups<'a> {
    /// Their ids; `None` when nobody knows which they are.
    pub(in crate::diagnose) ids: Option<Vec<&'a str>>,
    /// Those that were read.
    pub(in crate::diagnose) read: Vec<&'a SecurityGroup>,
    /// Why some were not.
    pub(in crate::diagnose) unread: Option<Doubt<'a>>,
}

impl Groups<'_> {
    /// `sg-1, sg-2`
    pub(in crate::diagnose) fn names(&self) -> String {
        self.ids.as_ref().map_or_else(|| "unknown".to_owned(), |ids| ids.join(", "))
    }
}

/// A rule with its group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::diagnose) struct RuleOf<'a> {
    /// The group.
    pub(in crate::diagnose) group: &'a SecurityGroup,
    /// The rule.
    pub(in crate::diagnose) rule: &'a SecurityGroupRule,
}

/// Why something cannot be told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::diagnose) enum Doubt<'a> {
    /// This could not be read.
    Unread(&'static str),
    /// The group is not in the VPC's answer: of another account, or just deleted.
    GroupMissing(&'a str),
    /// The entries of the prefix list could not be read.
    PrefixList(&'a str),
    /// A rule covers a part of the addresses one side may have.
    Part(RuleOf<'a>),
    /// Packets go through an appliance, where references to groups do not work.
    Middlebox(RuleOf<'a>),
    /// A rule with a peer this version cannot read, or one whose peer is not known.
    Peer(RuleOf<'a>),
    /// Packets leave what can be read: peering, transit gateway, VPN.
    Away(&'a str),
}

/// What is off about a rule that almost allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::diagnose) enum Fault {
    /// It references a group over a peering that is not active.
    Peering,
    /// It references another group.
    Group,
    /// Its ports are others.
    Port,
    /// Its protocol is another.
    Protocol,
    /// Its addresses are of the other family.
    Family,
    /// Its addresses are others.
    Cidr,
    /// It allows its own group everything, as default groups do, and nobody else.
    Itself,
}

/// A rule that almost allows.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::diagnose) struct Miss<'a> {
    /// The rule.
    pub(in crate::diagnose) rule: RuleOf<'a>,
    /// What is off about it, at least one thing.
    pub(in crate::diagnose) faults: Vec<Fault>,
}

impl Miss<'_> {
    /// The only thing that is off.
    pub(in crate::diagnose) fn only(&self) -> Option<Fault> {
        match self.faults.as_slice() {
            [fault] => Some(*fault),
            _ => None,
        }
    }
}

/// A packet as one side's groups see it.
#[derive(Clone, Copy, Debug)]
pub(in crate::diagnose) struct Packet<'s, 'a> {
    /// In or out.
    pub(in crate::diagnose) direction: Direction,
    /// What it is.
    pub(in crate::diagnose) protocol: Protocol,
    /// The port it is addressed to.
    pub(in crate::diagnose) port: u16,
    /// The addresses the other side may have.
    pub(in crate::diagnose) far: Addresses,
    /// The groups of the other side, if they are known.
    pub(in crate::diagnose) far_groups: Option<&'s [&'a str]>,
    /// The prefix list the addresses of the other side are published in.
    pub(in crate::diagnose) far_list: Option<&'s str>,
    /// Whether an appliance stands between the two.
    pub(in crate::diagnose) middlebox: bool,
}

/// Whether the groups let it through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Permit {
    /// Surely.
    Yes,
    /// Surely not.
    No,
    /// Nobody can tell.
    Perhaps,
}

/// What the groups of one side say about a packet.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::diagnose) struct Answer<'a> {
    /// The answer.
    pub(in crate::diagnose) permit: Permit,
    /// The rule that allows it.
    pub(in crate::diagnose) rule: Option<RuleOf<'a>>,
    /// The rule that comes closest to allowing it.
    pub(in crate::diagnose) nearest: Option<Miss<'a>>,
    /// Why nobody can tell.
    pub(in crate::diagnose) doubt: Option<Doubt<'a>>,
}

enum Match<'a> {
    Yes,
    No(Fault),
    Perhaps(Doubt<'a>),
}

/// Asks the groups of one side.
pub(in crate::diagnose) fn ask<'a>(facts: &Facts<'a>, groups: &Groups<'a>, packet: &Packet<'_, 'a>) -> Answer<'a> {
    let mut doubt = groups.unread;
    if groups.ids.is_none() {
        doubt = doubt.or(Some(Doubt::Unread("which security groups it has")));
    }
    let mut nearest: Option<(usize, Fault, RuleOf<'a>, Faults)> = None;
    for group in &groups.read {
        let rules = match packet.direction {
            Direction::Ingress => &group.ingress,
            Direction::Egress => &group.egress,
        };
        for rule in rules {
            let of = RuleOf { group, rule };
            let (first, last) = ports(&rule.traffic);
            let protocol = is_protocol(&rule.traffic, packet.protocol);
            let port = (first..=last).contains(&packet.port);
            let peer = match peer(facts, of, packet) {
                Match::Yes if protocol && port => {
                    return Answer { permit: Permit::Yes, rule: Some(of), nearest: None, doubt: None };
                }
                Match::Yes => None,
                Match::Perhaps(why) => {
                    if protocol && port {
                        doubt = doubt.or(Some(why));
                        continue;
                    }
                    None
                }
                Match::No(fault) => Some(fault),
            };
            let faults: Faults = [peer, (!port).then_some(Fault::Port), (!protocol).then_some(Fault::Protocol)];
            let count = faults.iter().flatten().count();
            let Some(worst) = faults.iter().flatten().max().copied() else { continue };
            let distance = (count, worst);
            if nearest.as_ref().is_none_or(|(count, worst, ..)| distance < (*count, *worst)) {
                nearest = Some((count, worst, of, faults));
            }
        }
    }
    let nearest = nearest.map(|(_, _, rule, faults)| {
        let mut faults: Vec<Fault> = faults.into_iter().flatten().collect();
        faults.sort_unstable();
        Miss { rule, faults }
    });
    Answer { permit: if doubt.is_some() { Permit::Perhaps } else { Permit::No }, rule: None, nearest, doubt }
}

type Faults = [Option<Fault>; 3];

fn peer<'a>(facts: &Facts<'a>, of: RuleOf<'a>, packet: &Packet<'_, 'a>) -> Match<'a> {
    match &of.rule.peer {
        Peer::Cidr(range) => match packet.far.covered_by(range) {
            Cover::All => Match::Yes,
            Cover::Part => Match::Perhaps(Doubt::Part(of)),
            Cover::None => Match::No(Fault::Cidr),
            Cover::OtherFamily => Match::No(Fault::Family),
        },
        Peer::PrefixList(id) => prefix_list(facts, id, of, packet),
        Peer::Group { group, peering_status, .. } => {
            let Some(far) = packet.far_groups else { return Match::Perhaps(Doubt::Peer(of)) };
            let active = peering_status.as_deref().is_none_or(|status| status.eq_ignore_ascii_case("active"));
            if !active {
                Match::No(Fault::Peering)
            } else if far.contains(&group.as_str()) {
                if packet.middlebox { Match::Perhaps(Doubt::Middlebox(of)) } else { Match::Yes }
            } else if *group == of.group.id && ports(&of.rule.traffic) == (0, u16::MAX) {
                Match::No(Fault::Itself)
            } else {
                Match::No(Fault::Group)
            }
        }
        Peer::Other(_) => Match::Perhaps(Doubt::Peer(of)),
    }
}

fn prefix_list<'a>(facts: &Facts<'a>, id: &'a str, of: RuleOf<'a>, packet: &Packet<'_, 'a>) -> Match<'a> {
    if packet.far_list == Some(id) {
        return Match::Yes;
    }
    let Known::Known(list) = facts.prefix_list(id) else { return Match::Perhaps(Doubt::PrefixList(id)) };
    let covers = || list.entries.iter().map(|entry| packet.far.covered_by(entry));
    if covers().any(|cover| cover == Cover::All) {
        Match::Yes
    } else if covers().any(|cover| cover == Cover::Part) {
        Match::Perhaps(Doubt::Part(of))
    } else if !list.entries.is_empty() && covers().all(|cover| cover == Cover::OtherFamily) {
        Match::No(Fault::Family)
    } else {
        Match::No(Fault::Cidr)
    }
}

#[cfg(test)]
mod tests;
