//! From a load balancer to a host: four things decide, each on its own, and the worst of them is the verdict.

use ipnet::IpNet;

use super::Verdict;
use super::acl::{self, End, Filtered};
use super::cover::Addresses;
use super::groups::{Answer, Direction, Doubt, Miss, Packet, Permit, Protocol, RuleOf, ask};
use super::routes::{Way, way};
use super::topology::{Balancer, Host, Node, Topology};

/// What the groups of one side do to a connection.
#[derive(Clone, Debug)]
pub(in crate::diagnose) struct Side<'a> {
    /// The verdict.
    pub(in crate::diagnose) verdict: Verdict,
    /// A rule that allows it.
    pub(in crate::diagnose) rule: Option<RuleOf<'a>>,
    /// The rule that comes closest, where it is not allowed.
    pub(in crate::diagnose) nearest: Option<Miss<'a>>,
    /// Why nobody can tell.
    pub(in crate::diagnose) doubt: Option<Doubt<'a>>,
    /// Nodes of the load balancer it is not allowed for.
    pub(in crate::diagnose) closed: Vec<Node<'a>>,
}

impl<'a> From<Answer<'a>> for Side<'a> {
    fn from(answer: Answer<'a>) -> Self {
        let verdict = match answer.permit {
            Permit::Yes => Verdict::Open,
            Permit::No => Verdict::Blocked,
            Permit::Perhaps => Verdict::Unknown,
        };
        let Answer { rule, nearest, doubt, .. } = answer;
        Self { verdict, rule, nearest, doubt, closed: Vec::new() }
    }
}

/// What routes do to a connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::diagnose) struct Routed<'a> {
    /// The verdict.
    pub(in crate::diagnose) verdict: Verdict,
    /// The way that is not a plain one, with the subnet it begins in.
    pub(in crate::diagnose) way: Option<(Option<&'a str>, Way<'a>)>,
}

/// Everything that decides between a load balancer and a port of a host.
#[derive(Clone, Debug)]
pub(in crate::diagnose) struct Crossing<'a> {
    /// The port.
    pub(in crate::diagnose) port: u16,
    /// Groups of the load balancer; nothing where it has none and so nothing filters.
    pub(in crate::diagnose) egress: Option<Side<'a>>,
    /// Groups of the host.
    pub(in crate::diagnose) ingress: Side<'a>,
    /// Network ACLs.
    pub(in crate::diagnose) acls: Filtered<'a>,
    /// Routes.
    pub(in crate::diagnose) routes: Routed<'a>,
}

impl Crossing<'_> {
    /// The verdict over everything.
    pub(in crate::diagnose) fn verdict(&self) -> Verdict {
        let egress = self.egress.as_ref().map_or(Verdict::Open, |side| side.verdict);
        Verdict::worst([egress, self.ingress.verdict, self.acls.verdict, self.routes.verdict])
    }

    /// The verdict of the groups of both sides.
    pub(in crate::diagnose) fn groups(&self) -> Verdict {
        let egress = self.egress.as_ref().map_or(Verdict::Open, |side| side.verdict);
        Verdict::worst([egress, self.ingress.verdict])
    }
}

impl<'a> Topology<'a> {
    /// Everything that decides between a load balancer and a TCP port of a host.
    pub(in crate::diagnose) fn cross(&self, balancer: &Balancer<'a>, host: &Host<'a>, port: u16) -> Crossing<'a> {
        let ipv6 = host.addresses().ipv6();
        let nodes: Vec<Node<'a>> =
            balancer.nodes.iter().filter(|node| matches!(node.address, IpNet::V6(_)) == ipv6).copied().collect();
        let routes = routes(balancer, host, &nodes);
        let middlebox = matches!(routes.way, Some((_, Way::Middlebox(..))));
        let egress = (!balancer.unfiltered).then(|| {
            let packet = Packet {
                direction: Direction::Egress,
                protocol: Protocol::Tcp,
                port,
                far: host.addresses(),
                far_groups: host.groups.ids.as_deref(),
                far_list: None,
                middlebox,
            };
            Side::from(ask(&self.facts, &balancer.groups, &packet))
        });
        let packet = Packet {
            direction: Direction::Ingress,
            protocol: Protocol::Tcp,
            port,
            far: Addresses::Unknown { ipv6 },
            far_groups: balancer.groups.ids.as_deref(),
            far_list: None,
            middlebox,
        };
        let ingress = self.ingress(host, &nodes, packet);
        let acls = acls(balancer, host, &nodes, port);
        Crossing { port, egress, ingress, acls, routes }
    }

    /// Every node checks for itself, so all of them must be let in.
    fn ingress(&self, host: &Host<'a>, nodes: &[Node<'a>], packet: Packet<'_, 'a>) -> Side<'a> {
        if nodes.is_empty() {
            return Side::from(ask(&self.facts, &host.groups, &packet));
        }
        let mut whole: Option<Side<'a>> = None;
        let (mut open, mut doubt, mut closed) = (0_usize, None, Vec::new());
        for node in nodes {
            let far = Addresses::Within(node.address);
            let side = Side::from(ask(&self.facts, &host.groups, &Packet { far, ..packet }));
            match side.verdict {
                Verdict::Open => open += 1,
                Verdict::Blocked => closed.push(*node),
                Verdict::Partial | Verdict::Unknown => doubt = doubt.or(side.doubt),
            }
            let worse = whole.as_ref().is_none_or(|whole| severity(side.verdict) > severity(whole.verdict));
            if worse {
                whole = Some(Side { rule: side.rule.or(whole.and_then(|whole| whole.rule)), ..side });
            }
        }
        let verdict = match (open, closed.len()) {
            (_, 0) if doubt.is_some() => Verdict::Unknown,
            (_, 0) => Verdict::Open,
            (0, count) if count == nodes.len() => Verdict::Blocked,
            (0, _) => Verdict::Unknown,
            (_, _) => Verdict::Partial,
        };
        let Some(whole) = whole else { return Side::from(ask(&self.facts, &host.groups, &packet)) };
        Side { verdict, doubt, closed, ..whole }
    }
}

const fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Open => 0,
        Verdict::Unknown => 1,
        Verdict::Partial => 2,
        Verdict::Blocked => 3,
    }
}

fn acls<'a>(balancer: &Balancer<'a>, host: &Host<'a>, nodes: &[Node<'a>], port: u16) -> Filtered<'a> {
    let far = End { vpc: host.vpc, subnet: host.subnet, addresses: host.addresses() };
    let ipv6 = host.addresses().ipv6();
    let nowhere = End { vpc: balancer.vpc, subnet: None, addresses: Addresses::Unknown { ipv6 } };
    if nodes.is_empty() {
        return acl::between(nowhere, Some(far), far.addresses, port);
    }
    let mut worst: Option<Filtered<'a>> = None;
    let (mut open, mut blocked, mut unknown) = (0_usize, 0_usize, None);
    let mut dropped = 0_usize;
    for node in nodes {
        let near = End { vpc: balancer.vpc, subnet: node.subnet, addresses: Addresses::Within(node.address) };
        let filtered = acl::between(near, Some(far), far.addresses, port);
        match filtered.verdict {
            Verdict::Open => open += 1,
            Verdict::Blocked => blocked += 1,
            Verdict::Partial => {}
            Verdict::Unknown => unknown = unknown.or(filtered.doubt),
        }
        if filtered.drop.is_some() {
            dropped += 1;
        }
        if worst.is_none_or(|worst| severity(filtered.verdict) > severity(worst.verdict)) {
            worst = Some(filtered);
        }
    }
    let Some(worst) = worst else { return acl::between(nowhere, Some(far), far.addresses, port) };
    let verdict = if blocked == nodes.len() {
        Verdict::Blocked
    } else if dropped > 0 && (open > 0 || dropped > blocked) {
        Verdict::Partial
    } else if let (1.., Some(_)) = (dropped, unknown) {
        // Some drop, of the others nobody knows: at least a part is dropped.
        Verdict::Partial
    } else if unknown.is_some() {
        Verdict::Unknown
    } else {
        worst.verdict
    };
    let same_subnet = worst.same_subnet && nodes.len() == open;
    Filtered { verdict, doubt: worst.doubt.or(unknown), same_subnet, ..worst }
}

fn routes<'a>(balancer: &Balancer<'a>, host: &Host<'a>, nodes: &[Node<'a>]) -> Routed<'a> {
    // Within a subnet nothing is routed.
    let elsewhere = || nodes.iter().filter(|node| node.subnet.is_none() || node.subnet != host.subnet);
    let to_host = elsewhere().map(|node| (balancer.vpc, node.subnet, host.addresses()));
    let back = elsewhere().map(|node| (host.vpc, host.subnet, Addresses::Within(node.address)));
    // Between subnets of one VPC there is a local route always, whatever addresses the answers list.
    let together = host.subnet.is_some() && balancer.vpc.zip(host.vpc).is_some_and(|(one, other)| one.id == other.id);
    let mut found: Option<(u8, Routed<'a>)> = None;
    for (vpc, subnet, far) in to_host.chain(back) {
        let way = match (vpc, subnet) {
            (Some(vpc), Some(subnet)) => way(vpc, subnet, far),
            _ => Way::Unread,
        };
        let (rank, verdict) = match way {
            Way::Local => continue,
            Way::NoRoute(_) if together => continue,
            // An appliance may forward; what it does cannot be read.
            Way::Middlebox(..) => (2, Verdict::Open),
            Way::Unread | Way::Away(_) => (1, Verdict::Unknown),
            Way::Blackhole(..) | Way::NoRoute(_) => (3, Verdict::Blocked),
        };
        if found.as_ref().is_none_or(|(worst, _)| rank > *worst) {
            found = Some((rank, Routed { verdict, way: Some((subnet, way)) }));
        }
    }
    match found {
        Some((_, routed)) => routed,
        None if !nodes.is_empty() => Routed { verdict: Verdict::Open, way: None },
        None => Routed { verdict: Verdict::Unknown, way: Some((None, Way::Unread)) },
    }
}
