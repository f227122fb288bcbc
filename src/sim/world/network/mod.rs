//! The network of the world: VPCs with subnets, network interfaces, and what filters packets between them. A request goes
//! through the packet filter first; only then can anybody answer.
//!
//! ```text
//!   node ──▶ filter: groups, ACLs, routes ──▶ ✕ silence
//!                        └──▶ socket? answer : refused
//! ```
//!
//! `filter` is the way between two interfaces, `outside` the way to the internet and to AWS; the other files are what they
//! look at. `changes` is what people do to it all.

mod acl;
mod changes;
mod endpoint;
mod filter;
mod interface;
mod naming;
mod outside;
mod routing;
mod security_group;
mod socket;
mod standard;
mod subnet;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::application::Answer;
use super::ids::Ids;
use super::moment::Moment;

pub use acl::{AclEntry, NetworkAcl};
pub use endpoint::{BlockMode, EndpointKind, PublicAccessBlock, VpcEndpoint};
pub use filter::{Dropped, Leg};
pub(crate) use interface::{Holder, Instance, Interface, public_address};
pub(crate) use naming::id_of;
pub(crate) use routing::Gateways;
pub use routing::{Peering, Route, RouteDestination, RouteTable, RouteTarget};
pub use security_group::{IpProtocol, Peer, Permission, PrefixList, SecurityGroup};
pub(crate) use socket::{Reply, Request, Socket};
pub(crate) use subnet::{Subnet, Vpc};

use interface::mac_of;

/// Everything between load balancers and applications.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    /// The first one is where everything is unless it says otherwise.
    pub(crate) vpcs: Vec<Vpc>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) security_groups: BTreeMap<String, SecurityGroup>,
    pub(crate) prefix_lists: BTreeMap<String, PrefixList>,
    pub(crate) acls: BTreeMap<String, NetworkAcl>,
    pub(crate) route_tables: BTreeMap<String, RouteTable>,
    pub(crate) gateways: Gateways,
    pub(crate) endpoints: BTreeMap<String, VpcEndpoint>,
    pub(crate) public_access_block: PublicAccessBlock,
    pub(crate) instances: Vec<Instance>,
    interfaces: BTreeMap<Ipv4Addr, Interface>,
    sockets: BTreeMap<(Ipv4Addr, u16), Socket>,
    /// Interfaces made so far; their identifiers follow from it.
    made: u64,
}

impl Network {
    /// The VPC meant; without a name it is the first one.
    pub(crate) fn vpc_of<'a>(&'a self, id: Option<&'a str>) -> &'a str {
        id.or_else(|| self.vpcs.first().map(|vpc| vpc.id.as_str())).unwrap_or_default()
    }

    pub(crate) fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.id == id)
    }

    pub(crate) fn interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces.values()
    }

    pub(crate) fn interfaces_of_endpoint<'a>(&'a self, endpoint: &'a str) -> impl Iterator<Item = &'a Interface> {
        self.interfaces.values().filter(move |interface| match &interface.holder {
            Holder::Endpoint { id } => id == endpoint,
            _ => false,
        })
    }

    pub(crate) fn interface(&self, address: Ipv4Addr) -> Option<&Interface> {
        self.interfaces.get(&address)
    }

    pub(crate) fn interface_mut(&mut self, address: Ipv4Addr) -> Option<&mut Interface> {
        self.interfaces.get_mut(&address)
    }

    /// Takes a free address of the subnet for an interface with these groups.
    pub(crate) fn attach(&mut self, subnet: &str, groups: &[String], ids: &mut Ids) -> Option<Ipv4Addr> {
        let usable = self.subnet(subnet)?.usable();
        let first = u32::try_from(ids.below(usize::try_from(usable).ok()?)).ok()?;
        self.take(subnet, first, groups, Holder::Nobody)
    }

    /// The same from the end of the subnet, without any throw of the dice.
    pub(crate) fn attach_quietly(&mut self, subnet: &str, groups: &[String], holder: Holder) -> Option<Ipv4Addr> {
        let last = self.subnet(subnet)?.usable().checked_sub(1)?;
        self.take(subnet, last, groups, holder)
    }

    fn take(&mut self, subnet: &str, first: u32, groups: &[String], holder: Holder) -> Option<Ipv4Addr> {
        let found = self.subnets.iter_mut().find(|candidate| candidate.id == subnet)?;
        let (base, usable) = (u32::from(found.net.network()), found.usable());
        if found.free() == 0 {
            return None;
        }
        let address = (0..usable)
            .map(|step| Ipv4Addr::from(base + 4 + (first + step) % usable))
            .find(|address| !self.interfaces.contains_key(address))?;
        found.used += 1;
        self.made += 1;
        let id = id_of("eni", &[subnet, &self.made.to_string()]);
        let mac = mac_of(&id);
        let (subnet, groups) = (subnet.to_owned(), groups.to_vec());
        self.interfaces.insert(address, Interface { id, address, subnet, groups, mac, public: None, holder });
        Some(address)
    }

    /// Says whose an interface is, under the name and hardware address that its holder tells.
    pub(crate) fn hand_over(&mut self, address: Ipv4Addr, id: &str, mac: &str, holder: Holder) {
        if let Some(interface) = self.interfaces.get_mut(&address) {
            id.clone_into(&mut interface.id);
            mac.clone_into(&mut interface.mac);
            interface.holder = holder;
        }
    }

    pub(crate) fn detach(&mut self, address: Ipv4Addr) {
        if let Some(interface) = self.interfaces.remove(&address)
            && let Some(subnet) = self.subnets.iter_mut().find(|subnet| subnet.id == interface.subnet)
        {
            subnet.used = subnet.used.saturating_sub(1);
        }
    }

    pub(crate) fn open(&mut self, address: Ipv4Addr, port: u16, socket: Socket) {
        self.sockets.insert((address, port), socket);
    }

    pub(crate) fn close(&mut self, address: Ipv4Addr, port: u16) {
        self.sockets.remove(&(address, port));
    }

    /// Sends a request and tells what came of it.
    pub(crate) fn request(&self, from: Ipv4Addr, to: (Ipv4Addr, u16), request: Request<'_>, now: Moment) -> Reply {
        if self.connects(from, to.0, to.1, now).is_err() {
            return Reply::Silence;
        }
        match self.sockets.get(&to) {
            Some(socket) if !socket.loopback_only && socket.opens_at <= now => socket.reply(request),
            _ => Reply::Refused,
        }
    }

    /// What a program on the same host gets: no packet filter, and the loopback address will do.
    pub(crate) fn request_from_inside(&self, to: (Ipv4Addr, u16), path: &str, now: Moment) -> Reply {
        match self.sockets.get(&to) {
            Some(socket) if socket.opens_at <= now => socket.answer(path),
            _ => Reply::Refused,
        }
    }

    /// Lets every socket whose address and port are given answer as told from now on.
    pub(crate) fn reopen(&mut self, address: Ipv4Addr, port: u16, answers: &[Answer]) {
        if let Some(socket) = self.sockets.get_mut(&(address, port)) {
            socket.answers = answers.to_vec();
        }
    }
}
