//! Route tables, and the gateways that routes lead to. The longest prefix that matches decides.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteTarget {
    /// Inside the VPC.
    Local,
    /// `igw-…`
    InternetGateway(String),
    /// `nat-…`
    NatGateway(String),
    /// `tgw-…`
    TransitGateway(String),
    /// `pcx-…`
    Peering(String),
    /// `vpce-…`, of a gateway endpoint.
    Endpoint(String),
    /// `eni-…` of something that forwards.
    Interface(String),
}

/// Where packets are addressed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteDestination {
    /// Addresses.
    Cidr(IpNet),
    /// The entries of a prefix list.
    PrefixList(String),
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where packets are addressed to.
    pub destination: RouteDestination,
    /// Where they go.
    pub target: RouteTarget,
    /// Whether its target is gone. Gateways of this world that are removed make it so by themselves.
    pub blackhole: bool,
}

impl Route {
    /// A route for addresses.
    pub fn new(destination: IpNet, target: RouteTarget) -> Self {
        Self { destination: RouteDestination::Cidr(destination), target, blackhole: false }
    }

    /// A route for everything that no other route is for.
    pub fn default_to(target: RouteTarget) -> Self {
        Self::new(IpNet::V4(Ipv4Net::default()), target)
    }

    /// The same, but its target is gone.
    #[must_use]
    pub fn into_nothing(mut self) -> Self {
        self.blackhole = true;
        self
    }
}

/// A route table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTable {
    /// `rtb-…`
    pub id: String,
    /// Its VPC; absent means the first one.
    pub vpc: Option<String>,
    /// Whether subnets without a table of their own use it.
    pub main: bool,
    /// Its routes, without the one inside the VPC, which cannot be removed.
    pub routes: Vec<Route>,
}

impl RouteTable {
    /// A table with nothing but the route inside the VPC.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), vpc: None, main: false, routes: Vec::new() }
    }

    /// The same with one route more.
    #[must_use]
    pub fn with(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// The route for an address, unless it is one inside `own`.
    pub(crate) fn route_to(
        &self,
        address: Ipv4Addr,
        own: Ipv4Net,
        entries: impl Fn(&str) -> Option<Vec<IpNet>>,
    ) -> Option<&Route> {
        let address = IpAddr::V4(address);
        let length = |route: &Route| match &route.destination {
            RouteDestination::Cidr(net) => net.contains(&address).then_some(net.prefix_len()),
            RouteDestination::PrefixList(id) => {
                let nets = entries(id)?;
                nets.iter().filter(|net| net.contains(&address)).map(IpNet::prefix_len).max()
            }
        };
        let inside = IpNet::V4(own).contains(&address).then_some(own.prefix_len());
        let found =
            self.routes.iter().filter_map(|route| Some((length(route)?, route))).max_by_key(|(length, _)| *length);
        found.filter(|(length, _)| inside.is_none_or(|inside| *length > inside)).map(|(_, route)| route)
    }
}

/// A NAT gateway: an interface in a public subnet.
#[derive(Clone, Debug)]
pub(crate) struct NatGateway {
    pub(crate) subnet: String,
    pub(crate) address: Ipv4Addr,
}

/// A peering of two VPCs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peering {
    /// `pcx-…`
    pub id: String,
    /// The two VPCs.
    pub vpcs: (String, String),
    /// `active`, `deleted` …
    pub status: String,
}

/// Everything routes can lead to outside the VPC.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gateways {
    /// Internet gateways, each with the VPC it is attached to.
    pub(crate) internet: BTreeMap<String, String>,
    pub(crate) nat: BTreeMap<String, NatGateway>,
    pub(crate) peerings: BTreeMap<String, Peering>,
}

impl Gateways {
    /// Whether a route leads nowhere.
    pub(crate) fn is_blackhole(&self, route: &Route) -> bool {
        route.blackhole
            || match &route.target {
                RouteTarget::InternetGateway(id) => !self.internet.contains_key(id),
                RouteTarget::NatGateway(id) => !self.nat.contains_key(id),
                RouteTarget::Peering(id) => self.peerings.get(id).is_none_or(|peering| peering.status != "active"),
                RouteTarget::Local
                | RouteTarget::TransitGateway(_)
                | RouteTarget::Endpoint(_)
                | RouteTarget::Interface(_) => false,
            }
    }

    /// The peering between two VPCs, if there ever was one.
    pub(crate) fn peering(&self, one: &str, other: &str) -> Option<&Peering> {
        let meant = |(a, b): &(String, String)| (a == one && b == other) || (a == other && b == one);
        self.peerings.values().find(|peering| meant(&peering.vpcs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_decides_and_inside_stays_inside() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let table = RouteTable::new("rtb-1")
            .with(Route::default_to(RouteTarget::NatGateway("nat-1".into())))
            .with(Route::new(net("10.1.0.0/16"), RouteTarget::Peering("pcx-1".into())))
            .with(Route {
                destination: RouteDestination::PrefixList("pl-1".into()),
                target: RouteTarget::Endpoint("vpce-1".into()),
                blackhole: false,
            });
        let list = |id: &str| (id == "pl-1").then(|| vec![net("52.218.0.0/17")]);
        let own: Ipv4Net = "10.0.0.0/16".parse().unwrap();
        let target = |address: [u8; 4]| table.route_to(address.into(), own, list).map(|route| route.target.clone());
        assert_eq!(target([10, 0, 3, 4]), None);
        assert_eq!(target([10, 1, 3, 4]), Some(RouteTarget::Peering("pcx-1".into())));
        assert_eq!(target([52, 218, 3, 4]), Some(RouteTarget::Endpoint("vpce-1".into())));
        assert_eq!(target([8, 8, 8, 8]), Some(RouteTarget::NatGateway("nat-1".into())));
    }

    #[test]
    fn routes_to_what_is_gone_are_blackholes() {
        let gateways = Gateways::default();
        assert!(gateways.is_blackhole(&Route::default_to(RouteTarget::NatGateway("nat-1".into()))));
        assert!(!gateways.is_blackhole(&Route::default_to(RouteTarget::TransitGateway("tgw-1".into()))));
        assert!(gateways.is_blackhole(&Route::default_to(RouteTarget::Local).into_nothing()));
    }
}
