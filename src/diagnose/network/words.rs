//! Rules, near misses and doubts in words. What people wrote into descriptions and names never gets in here.

use super::acl::{Drop, Leg};
use super::groups::{Doubt, Fault, Miss, RuleOf};
use super::routes::Way;
use crate::model::network::{NetworkAclEntry, Peer, Route, RouteDestination, RouteTarget, SecurityGroupRule, Traffic};
use crate::model::text::visible_short;

/// `tcp 8080`, `tcp 32768-65535`, `all traffic`
pub(in crate::diagnose) fn traffic(traffic: &Traffic) -> String {
    let name = match traffic.protocol.as_str() {
        "-1" => return "all traffic".to_owned(),
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        "58" => "icmpv6",
        other => other,
    };
    let name = visible_short(name, 20);
    match traffic.ports {
        Some((first, last)) if first == last => format!("{name} {first}"),
        Some((0, u16::MAX)) | None => format!("{name}, all ports"),
        Some((first, last)) => format!("{name} {first}-{last}"),
    }
}

/// `sg-0def`, `10.0.0.0/16`, `pl-0abc`
pub(in crate::diagnose) fn peer(peer: &Peer) -> String {
    match peer {
        Peer::Cidr(range) => range.to_string(),
        Peer::PrefixList(id) => visible_short(id, 80),
        Peer::Group { group, peering_status, .. } => {
            let status = peering_status.as_deref().filter(|status| !status.eq_ignore_ascii_case("active"));
            let status = status.map(|status| format!(" (peering {status})")).unwrap_or_default();
            visible_short(&format!("{group}{status}"), 80)
        }
        Peer::Other(text) => visible_short(text, 80),
    }
}

/// `tcp 8080 from sg-0def`
pub(in crate::diagnose) fn entry(rule: &SecurityGroupRule, ingress: bool) -> String {
    format!("{} {} {}", traffic(&rule.traffic), if ingress { "from" } else { "to" }, peer(&rule.peer))
}

/// `sg-0abc: tcp 8080 from sg-0def`
pub(in crate::diagnose) fn rule(of: RuleOf<'_>, ingress: bool) -> String {
    format!("{}: {}", visible_short(&of.group.id, 80), entry(of.rule, ingress))
}

/// `sg-0abc: tcp 8080 from sg-0def; the source is another group`
pub(in crate::diagnose) fn miss(miss: &Miss<'_>, ingress: bool, port: u16, far: &str) -> String {
    let off = |fault: &Fault| match fault {
        Fault::Peering => "its group is behind a peering that is not active".to_owned(),
        Fault::Group => format!("the other side has {far}"),
        Fault::Port => format!("port {port} is not in it"),
        Fault::Protocol => "the protocol is not tcp".to_owned(),
        Fault::Family => "the addresses are of the other IP family".to_owned(),
        Fault::Cidr => "the addresses of the other side are not in it".to_owned(),
        Fault::Itself => "it lets in only its own group".to_owned(),
    };
    let faults: Vec<String> = miss.faults.iter().map(off).collect();
    format!("{}; {}", rule(miss.rule, ingress), faults.join(", and "))
}

/// Why nobody can tell, as a sentence.
pub(in crate::diagnose) fn doubt(doubt: Doubt<'_>) -> String {
    match doubt {
        Doubt::Unread(what) => format!("Not known: {what}."),
        Doubt::GroupMissing(id) => {
            format!("Security group {} is not among those of the VPC that could be read.", visible_short(id, 80))
        }
        Doubt::PrefixList(id) => format!("The entries of prefix list {} are not known.", visible_short(id, 80)),
        Doubt::Part(of) => {
            format!(
                "A rule of {} covers part of the addresses: {}.",
                visible_short(&of.group.id, 80),
                peer(&of.rule.peer)
            )
        }
        Doubt::Middlebox(of) => format!(
            "Packets pass an appliance on the way, where the reference to {} does not work.",
            peer(&of.rule.peer)
        ),
        Doubt::Peer(of) => format!("Not known whether {} is the other side.", peer(&of.rule.peer)),
        Doubt::Away(by) => {
            format!("Packets leave the VPC by {}, and what is there cannot be read.", visible_short(by, 80))
        }
    }
}

/// `rule 90: deny tcp 8080 from 0.0.0.0/0`
pub(in crate::diagnose) fn acl_entry(entry: Option<&NetworkAclEntry>, egress: bool) -> String {
    let Some(entry) = entry else { return "rule *: deny everything else".to_owned() };
    let cidr = entry.cidr.map_or_else(|| "?".to_owned(), |range| range.to_string());
    let (what, direction) = (if entry.allow { "allow" } else { "deny" }, if egress { "to" } else { "from" });
    format!("rule {}: {what} {} {direction} {cidr}", entry.number, traffic(&entry.traffic))
}

/// `acl-0abc rule 90: deny tcp 8080 from 0.0.0.0/0`
pub(in crate::diagnose) fn acl_drop(drop: &Drop<'_>) -> String {
    format!("{} {}", visible_short(&drop.acl.id, 80), acl_entry(drop.entry, drop.leg.is_egress()))
}

/// What a leg is called between a load balancer and its targets.
pub(in crate::diagnose) const fn leg(leg: Leg) -> &'static str {
    match leg {
        Leg::Out => "load balancer subnet, egress",
        Leg::In => "target subnet, ingress",
        Leg::AnswerOut => "target subnet, egress of answers",
        Leg::AnswerIn => "load balancer subnet, ingress of answers",
    }
}

/// `10.0.0.0/16 → pcx-0abc`
pub(in crate::diagnose) fn route(route: &Route) -> String {
    let destination = match &route.destination {
        RouteDestination::Cidr(range) => range.to_string(),
        RouteDestination::PrefixList(id) => visible_short(id, 80),
    };
    let target = match &route.target {
        RouteTarget::Local => "local".to_owned(),
        RouteTarget::InternetGateway(id)
        | RouteTarget::EgressOnlyInternetGateway(id)
        | RouteTarget::NatGateway(id)
        | RouteTarget::VpcEndpoint(id)
        | RouteTarget::TransitGateway(id)
        | RouteTarget::VpcPeering(id)
        | RouteTarget::VpnGateway(id)
        | RouteTarget::NetworkInterface(id)
        | RouteTarget::Other(id) => visible_short(id, 80),
    };
    format!("{destination} → {target}{}", if route.blackhole { " (blackhole)" } else { "" })
}

/// A way in a sentence, and the rule that decides.
pub(in crate::diagnose) fn way(way: Way<'_>) -> (String, Option<String>) {
    let ruled = |table: &str, of: &Route| Some(format!("{}: {}", visible_short(table, 80), route(of)));
    match way {
        Way::Local => ("The local route of the VPC leads there.".to_owned(), None),
        Way::Middlebox(table, of) => {
            ("A more specific route leads through an appliance.".to_owned(), ruled(&table.id, of))
        }
        Way::Blackhole(table, of) => ("The target of the route is gone.".to_owned(), ruled(&table.id, of)),
        Way::NoRoute(table) => (format!("{} has no route there.", visible_short(&table.id, 80)), None),
        Way::Away(by) => (doubt(Doubt::Away(by)), None),
        Way::Unread => ("Route tables are not known.".to_owned(), None),
    }
}
