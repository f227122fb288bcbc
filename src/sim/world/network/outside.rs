//! The way out of a VPC: to the internet, and to AWS services by the endpoints or by the internet.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::super::moment::Moment;
use super::Network;
use super::endpoint::{BlockMode, EndpointKind};
use super::filter::{Dropped, Leg, ephemeral};
use super::interface::{Interface, public_address};
use super::routing::RouteTarget;
use super::subnet::Subnet;

/// AWS's services speak HTTPS.
const HTTPS: u16 = 443;

impl Network {
    /// Where the name of an AWS service leads to from an interface: to an interface of an endpoint with private DNS, in the
    /// same zone if it has one there, or to a public address.
    pub(crate) fn resolve(&self, from: Ipv4Addr, service: &str) -> Option<Ipv4Addr> {
        let subnet = self.subnet(&self.interfaces.get(&from)?.subnet)?;
        let vpc = self.vpcs.iter().find(|vpc| vpc.id == subnet.vpc)?;
        if !vpc.dns_support {
            return None;
        }
        let endpoint = self.endpoints.values().find(|endpoint| {
            endpoint.kind == EndpointKind::Interface
                && endpoint.service == service
                && endpoint.private_dns
                && endpoint.state == "available"
                && vpc.dns_hostnames
                && self.vpc_of(endpoint.vpc.as_deref()) == subnet.vpc
        });
        let private = endpoint.and_then(|endpoint| {
            let nodes: Vec<&Interface> = self.interfaces_of_endpoint(&endpoint.id).collect();
            let in_zone = |node: &&&Interface| self.subnet(&node.subnet).is_some_and(|own| own.zone == subnet.zone);
            nodes.iter().find(in_zone).or(nodes.first()).map(|node| node.address)
        });
        Some(private.unwrap_or_else(|| self.public_address_of(service)))
    }

    fn public_address_of(&self, service: &str) -> Ipv4Addr {
        let list =
            self.prefix_lists.values().find(|list| list.is_of_aws() && list.name.ends_with(&format!(".{service}")));
        let listed = list.and_then(|list| list.entries.iter().find_map(first_address));
        listed.unwrap_or_else(|| public_address(service))
    }

    /// Whether an AWS service answers an interface: `ecr.api`, `s3`, `logs` …
    pub(crate) fn reaches_service(&self, from: Ipv4Addr, service: &str, now: Moment) -> Result<(), Dropped> {
        let to = self.resolve(from, service).ok_or(Dropped::NoSuchAddress(Ipv4Addr::UNSPECIFIED))?;
        if self.interfaces.contains_key(&to) {
            return self.connects(from, to, HTTPS, now);
        }
        self.reaches(from, to, HTTPS, now)
    }

    /// Whether a connection from an interface to an address outside comes about.
    pub(crate) fn reaches(&self, from: Ipv4Addr, to: Ipv4Addr, port: u16, now: Moment) -> Result<(), Dropped> {
        let source = self.interfaces.get(&from).ok_or(Dropped::NoSuchAddress(from))?;
        let subnet = self.subnet(&source.subnet).ok_or(Dropped::NoSuchAddress(from))?;
        self.lets_out(source, to, None, port)?;
        let reply = ephemeral(from, to, now);
        self.passes_acl(subnet, true, to, port, Leg::OutOfSource)?;
        self.passes_acl(subnet, false, to, reply, Leg::IntoSource)?;
        let no_route = || Dropped::NoRoute { subnet: subnet.id.clone() };
        let route = self.route(subnet, to).ok_or_else(no_route)?;
        if self.gateways.is_blackhole(route) {
            return Err(no_route());
        }
        match &route.target {
            RouteTarget::InternetGateway(_) if source.public.is_none() => Err(no_route()),
            RouteTarget::InternetGateway(_) => self.public_access(subnet, false),
            RouteTarget::NatGateway(id) => self.through_nat(id, subnet, source, to, port, now),
            // What is behind these is not of this world; it answers.
            RouteTarget::TransitGateway(_) | RouteTarget::Endpoint(_) | RouteTarget::Interface(_) => Ok(()),
            RouteTarget::Local | RouteTarget::Peering(_) => Err(no_route()),
        }
    }

    fn through_nat(
        &self,
        id: &str,
        subnet: &Subnet,
        source: &Interface,
        to: Ipv4Addr,
        port: u16,
        now: Moment,
    ) -> Result<(), Dropped> {
        let nat = self.gateways.nat.get(id).ok_or_else(|| Dropped::NoRoute { subnet: subnet.id.clone() })?;
        let outer = self.subnet(&nat.subnet).ok_or(Dropped::NoSuchAddress(nat.address))?;
        let reply = ephemeral(source.address, to, now);
        if outer.id != subnet.id {
            self.passes_acl(outer, false, source.address, port, Leg::IntoTarget)?;
            self.passes_acl(outer, true, source.address, reply, Leg::OutOfTarget)?;
        }
        self.passes_acl(outer, true, to, port, Leg::OutOfSource)?;
        self.passes_acl(outer, false, to, ephemeral(nat.address, to, now), Leg::IntoSource)?;
        let no_route = || Dropped::NoRoute { subnet: outer.id.clone() };
        let route = self.route(outer, to).filter(|route| !self.gateways.is_blackhole(route)).ok_or_else(no_route)?;
        match route.target {
            RouteTarget::InternetGateway(_) => self.public_access(outer, true),
            _ => Err(no_route()),
        }
    }

    /// Whether Block Public Access lets a subnet speak to the internet, through NAT or directly.
    fn public_access(&self, subnet: &Subnet, through_nat: bool) -> Result<(), Dropped> {
        let excluded = &self.public_access_block.exclusions;
        let passes = match self.public_access_block.mode {
            BlockMode::Off => true,
            BlockMode::Ingress if through_nat => true,
            BlockMode::Ingress | BlockMode::Bidirectional => {
                excluded.iter().any(|resource| *resource == subnet.id || *resource == subnet.vpc)
            }
        };
        if passes { Ok(()) } else { Err(Dropped::PublicAccessBlocked) }
    }
}

/// The first address of a block of IPv4 addresses.
fn first_address(net: &IpNet) -> Option<Ipv4Addr> {
    match net.hosts().next() {
        Some(IpAddr::V4(address)) => Some(address),
        _ => None,
    }
}
