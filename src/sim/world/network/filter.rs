//! The packet filter: whether a TCP connection from one interface to a port of another comes about.
//!
//! ```text
//!   source ─[egress groups]─▶ ╎acl out╎ ──route──▶ ╎acl in╎ ─[ingress groups]─▶ target
//!          ◀──────────────── ╎acl in ╎ ◀──route── ╎acl out╎ ◀──── reply to the ephemeral port
//! ```
//!
//! Security groups are stateful: the reply needs no rule. Network ACLs are not, and they stand between subnets, never
//! inside one. Routes matter only where something is more specific than the VPC itself, or leads to another VPC.

use std::net::Ipv4Addr;

use ipnet::IpNet;

use super::super::moment::Moment;
use super::Network;
use super::interface::Interface;
use super::naming::fingerprint;
use super::routing::{Route, RouteTable, RouteTarget};
use super::security_group::{Permission, SecurityGroup};
use super::subnet::Subnet;

/// A packet that did not arrive, and what dropped it. Whoever sent it sees the same silence in every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// No interface has the address.
    NoSuchAddress(Ipv4Addr),
    /// No rule of the groups around the sender lets it out.
    Egress(Vec<String>),
    /// No rule of the groups around the receiver lets it in.
    Ingress(Vec<String>),
    /// A network ACL denies it.
    Acl {
        /// `acl-…`
        acl: String,
        /// Number of the entry that decided.
        entry: u16,
        /// On which of the four ways.
        leg: Leg,
    },
    /// The subnet's routes lead nowhere for it, or to where it does not belong.
    NoRoute {
        /// `subnet-…`
        subnet: String,
    },
    /// Block Public Access.
    PublicAccessBlocked,
}

/// The four ways past network ACLs that every connection needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// Out of the sender's subnet, to the port.
    OutOfSource,
    /// Into the receiver's subnet, to the port.
    IntoTarget,
    /// Out of the receiver's subnet, back to the ephemeral port.
    OutOfTarget,
    /// Into the sender's subnet, back to the ephemeral port.
    IntoSource,
}

/// The port a connection comes from: load balancers and NAT gateways use 1024 to 65535.
pub(super) fn ephemeral(from: Ipv4Addr, to: Ipv4Addr, now: Moment) -> u16 {
    let number = fingerprint(&[&from.to_string(), &to.to_string(), &now.epoch_seconds().to_string()]);
    1024 + u16::try_from(number % u64::from(u16::MAX - 1023)).unwrap_or(0)
}

impl Network {
    /// Whether a connection from one interface to a port of another comes about.
    pub(crate) fn connects(&self, from: Ipv4Addr, to: Ipv4Addr, port: u16, now: Moment) -> Result<(), Dropped> {
        let source = self.interfaces.get(&from).ok_or(Dropped::NoSuchAddress(from))?;
        let target = self.interfaces.get(&to).ok_or(Dropped::NoSuchAddress(to))?;
        self.lets_out(source, to, Some(target), port)?;
        if source.subnet != target.subnet {
            let (here, there) = self.subnets_of(source, target)?;
            let reply = ephemeral(from, to, now);
            self.passes_acl(here, true, to, port, Leg::OutOfSource)?;
            self.leads_to(here, to, there)?;
            self.passes_acl(there, false, from, port, Leg::IntoTarget)?;
            self.passes_acl(there, true, from, reply, Leg::OutOfTarget)?;
            self.leads_to(there, from, here)?;
            self.passes_acl(here, false, to, reply, Leg::IntoSource)?;
        }
        self.lets_in(target, from, Some(source), port)
    }

    fn subnets_of(&self, source: &Interface, target: &Interface) -> Result<(&Subnet, &Subnet), Dropped> {
        let subnet_of =
            |interface: &Interface| self.subnet(&interface.subnet).ok_or(Dropped::NoSuchAddress(interface.address));
        Ok((subnet_of(source)?, subnet_of(target)?))
    }

    /// Whether the groups around an interface let a packet out.
    pub(super) fn lets_out(
        &self,
        source: &Interface,
        to: Ipv4Addr,
        target: Option<&Interface>,
        port: u16,
    ) -> Result<(), Dropped> {
        let out = self.permits(source, |group| &group.egress, port, to, target);
        if out { Ok(()) } else { Err(Dropped::Egress(source.groups.clone())) }
    }

    /// Whether the groups around an interface let a packet in.
    pub(super) fn lets_in(
        &self,
        target: &Interface,
        from: Ipv4Addr,
        source: Option<&Interface>,
        port: u16,
    ) -> Result<(), Dropped> {
        let inwards = self.permits(target, |group| &group.ingress, port, from, source);
        if inwards { Ok(()) } else { Err(Dropped::Ingress(target.groups.clone())) }
    }

    fn permits(
        &self,
        own: &Interface,
        rules: impl Fn(&SecurityGroup) -> &Vec<Permission>,
        port: u16,
        peer_address: Ipv4Addr,
        peer: Option<&Interface>,
    ) -> bool {
        // Network load balancers and NAT gateways can have no group at all, and then nothing is filtered on their side.
        own.groups.is_empty()
            || own.groups.iter().filter_map(|id| self.security_groups.get(id)).flat_map(rules).any(|permission| {
                permission.protocol.covers_tcp(&permission.ports, port)
                    && permission.peer.covers(peer_address, peer, |list| self.entries_of(list))
            })
    }

    pub(super) fn entries_of(&self, prefix_list: &str) -> Option<Vec<IpNet>> {
        self.prefix_lists.get(prefix_list).map(|list| list.entries.clone())
    }

    pub(super) fn passes_acl(
        &self,
        subnet: &Subnet,
        egress: bool,
        peer: Ipv4Addr,
        port: u16,
        leg: Leg,
    ) -> Result<(), Dropped> {
        let Some(acl) = self.acls.get(&subnet.acl) else { return Ok(()) };
        match acl.denies(egress, peer, port) {
            None => Ok(()),
            Some(entry) => Err(Dropped::Acl { acl: acl.id.clone(), entry, leg }),
        }
    }

    /// The table a subnet uses: its own, or the main one.
    pub(crate) fn route_table_of(&self, subnet: &Subnet) -> Option<&RouteTable> {
        match &subnet.route_table {
            Some(id) => self.route_tables.get(id),
            None => {
                self.route_tables.values().find(|table| table.main && self.vpc_of(table.vpc.as_deref()) == subnet.vpc)
            }
        }
    }

    /// The route for an address outside the VPC, or one more specific than the VPC.
    pub(super) fn route(&self, subnet: &Subnet, address: Ipv4Addr) -> Option<&Route> {
        let own = self.vpcs.iter().find(|vpc| vpc.id == subnet.vpc)?.net;
        self.route_table_of(subnet)?.route_to(address, own, |list| self.entries_of(list))
    }

    /// Whether packets from a subnet for an address of another one arrive there.
    fn leads_to(&self, from: &Subnet, address: Ipv4Addr, to: &Subnet) -> Result<(), Dropped> {
        let no_route = || Dropped::NoRoute { subnet: from.id.clone() };
        match self.route(from, address) {
            None if from.vpc == to.vpc => Ok(()),
            None => Err(no_route()),
            Some(route) if self.gateways.is_blackhole(route) => Err(no_route()),
            Some(route) => match &route.target {
                RouteTarget::Local | RouteTarget::Interface(_) | RouteTarget::Endpoint(_) if from.vpc == to.vpc => {
                    Ok(())
                }
                RouteTarget::TransitGateway(_) => Ok(()),
                RouteTarget::Peering(id) => {
                    let right = self.gateways.peering(&from.vpc, &to.vpc).is_some_and(|peering| peering.id == *id);
                    if right { Ok(()) } else { Err(no_route()) }
                }
                _ => Err(no_route()),
            },
        }
    }
}
