//! Routes: the longest prefix in the table of the subnet, which is the VPC's main one where it has none of its own
//! (catalogue 3.7).

use super::cover::{Addresses, Cover};
use crate::model::known::Known;
use crate::model::network::{Route, RouteDestination, RouteTable, RouteTarget, Vpc};

/// The route table of a subnet: its own, or the VPC's main one. Nothing where tables could not be read.
pub(in crate::diagnose) fn table_of<'a>(vpc: &'a Vpc, subnet: &str) -> Option<&'a RouteTable> {
    let tables = vpc.route_tables.known()?;
    let own = tables.iter().find(|table| table.subnets.iter().any(|using| using == subnet));
    own.or_else(|| tables.iter().find(|table| table.main))
}

/// Where a packet inside a VPC, or out of it to a peer, goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::diagnose) enum Way<'a> {
    /// Straight to its goal.
    Local,
    /// Through an appliance or a firewall first.
    Middlebox(&'a RouteTable, &'a Route),
    /// Nowhere: the target of its route is gone.
    Blackhole(&'a RouteTable, &'a Route),
    /// Nowhere: there is no route.
    NoRoute(&'a RouteTable),
    /// Out of the VPC: peering, transit gateway, VPN.
    Away(&'a str),
    /// Route tables could not be read.
    Unread,
}

/// The way from a subnet to addresses, mostly of the same VPC.
///
/// Inside a VPC there is a local route always, listed or not; only a more specific route can be in the way.
pub(in crate::diagnose) fn way<'a>(vpc: &'a Vpc, subnet: &str, far: Addresses) -> Way<'a> {
    let inside = || {
        vpc.subnets.known().is_some_and(|subnets| {
            subnets.iter().any(|s| s.cidrs.iter().any(|range| far.covered_by(range) == Cover::All))
        })
    };
    let Known::Known(tables) = &vpc.route_tables else { return Way::Unread };
    let Some(table) = table_of(vpc, subnet) else {
        return if tables.is_empty() && inside() { Way::Local } else { Way::Unread };
    };
    let to = |route: &'a Route| match &route.destination {
        RouteDestination::Cidr(range) if far.covered_by(range) == Cover::All => Some((range.prefix_len(), route)),
        _ => None,
    };
    // A route somebody set goes before the local one with the same destination.
    let best =
        table.routes.iter().filter_map(to).max_by_key(|(length, route)| (*length, route.target != RouteTarget::Local));
    let Some((length, route)) = best else { return if inside() { Way::Local } else { Way::NoRoute(table) } };
    if inside() && length == 0 {
        return Way::Local;
    }
    if route.blackhole {
        return Way::Blackhole(table, route);
    }
    match &route.target {
        RouteTarget::Local => Way::Local,
        RouteTarget::NetworkInterface(_) | RouteTarget::VpcEndpoint(_) => Way::Middlebox(table, route),
        RouteTarget::InternetGateway(id)
        | RouteTarget::EgressOnlyInternetGateway(id)
        | RouteTarget::NatGateway(id)
        | RouteTarget::TransitGateway(id)
        | RouteTarget::VpcPeering(id)
        | RouteTarget::VpnGateway(id)
        | RouteTarget::Other(id) => Way::Away(id),
    }
}

/// How a subnet gets to the internet over IPv4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::diagnose) enum Internet<'a> {
    /// Through an internet gateway, which needs a public address.
    Gateway(&'a RouteTable),
    /// Through a NAT gateway.
    Nat(&'a RouteTable),
    /// Not any more: the target of the default route is gone.
    Blackhole(&'a RouteTable, &'a Route),
    /// Not at all: no default route.
    Isolated(&'a RouteTable),
    /// Through something that cannot be seen from here.
    Beyond(&'a RouteTable),
    /// Route tables could not be read.
    Unread,
}

/// How a subnet gets to the internet over IPv4.
pub(in crate::diagnose) fn internet<'a>(vpc: &'a Vpc, subnet: &str) -> Internet<'a> {
    let Some(table) = table_of(vpc, subnet) else { return Internet::Unread };
    let ranges = || {
        table.routes.iter().filter_map(|route| match &route.destination {
            RouteDestination::Cidr(range) => Some((range, route)),
            RouteDestination::PrefixList(_) => None,
        })
    };
    let Some(route) = ranges().find(|(range, _)| Addresses::Internet.covered_by(range) == Cover::All).map(|(_, r)| r)
    else {
        // Routes to parts of the internet (0.0.0.0/1, a region's ranges) may be enough.
        let parts = ranges().any(|(range, route)| {
            Addresses::Internet.covered_by(range) == Cover::Part
                && route.target != RouteTarget::Local
                && !route.blackhole
        });
        return if parts { Internet::Beyond(table) } else { Internet::Isolated(table) };
    };
    if route.blackhole {
        return Internet::Blackhole(table, route);
    }
    match &route.target {
        RouteTarget::InternetGateway(_) => Internet::Gateway(table),
        RouteTarget::NatGateway(_) => Internet::Nat(table),
        _ => Internet::Beyond(table),
    }
}

/// Whether the default route of a subnet, of either family, leads to a working internet gateway; nothing if unknown.
pub(in crate::diagnose) fn is_public(vpc: &Vpc, subnet: &str) -> Option<bool> {
    let table = table_of(vpc, subnet)?;
    Some(table.routes.iter().any(|route| {
        let everything = matches!(&route.destination, RouteDestination::Cidr(range) if range.prefix_len() == 0);
        everything && !route.blackhole && matches!(route.target, RouteTarget::InternetGateway(_))
    }))
}
