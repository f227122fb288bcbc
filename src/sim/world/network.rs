//! The network of the world: subnets with addresses, network interfaces, security groups, and sockets that applications
//! opened. A request goes through the packet filter first; only then can anybody answer.
//!
//! ```text
//!   node ──[egress of its groups]──▶ ✕ silence        ──[ingress of the target's groups]──▶ socket? answer : refused
//! ```

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::application::Answer;
use super::ids::Ids;
use super::moment::Moment;

/// A subnet in one availability zone.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) zone: String,
    pub(crate) base: Ipv4Addr,
    pub(crate) prefix: u8,
}

/// A security group: allow rules only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// `sg-…`
    pub id: String,
    /// What lets packets in.
    pub ingress: Vec<Permission>,
    /// What lets packets out.
    pub egress: Vec<Permission>,
}

impl SecurityGroup {
    /// A group that lets nothing in and everything out, as AWS makes them.
    pub fn new(id: &str) -> Self {
        let everything_out = Permission { ports: 0..=u16::MAX, peer: Peer::Cidr(Ipv4Addr::UNSPECIFIED, 0) };
        Self { id: id.to_owned(), ingress: Vec::new(), egress: vec![everything_out] }
    }

    /// The same with one more way in.
    #[must_use]
    pub fn letting_in(mut self, ports: RangeInclusive<u16>, peer: Peer) -> Self {
        self.ingress.push(Permission { ports, peer });
        self
    }
}

/// One rule of a security group, for TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Destination ports.
    pub ports: RangeInclusive<u16>,
    /// The other side.
    pub peer: Peer,
}

/// Who may be at the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Addresses: base and prefix length.
    Cidr(Ipv4Addr, u8),
    /// Interfaces that carry this security group.
    Group(String),
}

/// An interface with an address.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    pub(crate) groups: Vec<String>,
}

/// A socket that an application opened.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    pub(crate) opens_at: Moment,
    pub(crate) loopback_only: bool,
    pub(crate) answers: Vec<Answer>,
}

impl Socket {
    fn answer(&self, path: &str) -> Reply {
        let found = self.answers.iter().find(|answer| answer.path == path);
        found.map_or(Reply::Answered { status: 404, after: Duration::from_millis(2) }, |answer| Reply::Answered {
            status: answer.status,
            after: answer.delay,
        })
    }
}

/// What a request met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The packet was dropped: nothing comes back.
    Silence,
    /// Nobody listens there: the kernel says so at once.
    Refused,
    /// An answer.
    Answered { status: u16, after: Duration },
}

/// Everything between load balancers and applications.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    pub(crate) vpc: String,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) security_groups: BTreeMap<String, SecurityGroup>,
    interfaces: BTreeMap<Ipv4Addr, Interface>,
    sockets: BTreeMap<(Ipv4Addr, u16), Socket>,
}

impl Network {
    pub(crate) fn new(vpc: String) -> Self {
        Self { vpc, ..Self::default() }
    }

    pub(crate) fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.id == id)
    }

    /// Takes a free address of the subnet for an interface with these groups.
    pub(crate) fn attach(&mut self, subnet: &str, groups: &[String], ids: &mut Ids) -> Option<Ipv4Addr> {
        let subnet = self.subnet(subnet)?;
        let size = 1_u32 << (32 - u32::from(subnet.prefix));
        let base = u32::from(subnet.base);
        // AWS keeps the first four addresses and the last one of every subnet.
        let usable = size.checked_sub(5).filter(|usable| *usable > 0)?;
        let first = u32::try_from(ids.below(usize::try_from(usable).ok()?)).ok()?;
        let address = (0..usable)
            .map(|step| Ipv4Addr::from(base + 4 + (first + step) % usable))
            .find(|address| !self.interfaces.contains_key(address))?;
        self.interfaces.insert(address, Interface { groups: groups.to_vec() });
        Some(address)
    }

    pub(crate) fn detach(&mut self, address: Ipv4Addr) {
        self.interfaces.remove(&address);
    }

    pub(crate) fn open(&mut self, address: Ipv4Addr, port: u16, socket: Socket) {
        self.sockets.insert((address, port), socket);
    }

    pub(crate) fn close(&mut self, address: Ipv4Addr, port: u16) {
        self.sockets.remove(&(address, port));
    }

    /// Whether a packet from one interface reaches a port of another.
    pub(crate) fn lets_through(&self, from: Ipv4Addr, to: Ipv4Addr, port: u16) -> bool {
        let (Some(source), Some(destination)) = (self.interfaces.get(&from), self.interfaces.get(&to)) else {
            return false;
        };
        let out = self.permits(source, |group| &group.egress, port, to, destination);
        out && self.permits(destination, |group| &group.ingress, port, from, source)
    }

    fn permits(
        &self,
        own: &Interface,
        rules: impl Fn(&SecurityGroup) -> &Vec<Permission>,
        port: u16,
        peer_address: Ipv4Addr,
        peer: &Interface,
    ) -> bool {
        // Only a network load balancer can have no group at all, and then nothing is filtered on its side.
        own.groups.is_empty()
            || own.groups.iter().filter_map(|id| self.security_groups.get(id)).flat_map(rules).any(|permission| {
                permission.ports.contains(&port)
                    && match &permission.peer {
                        Peer::Cidr(base, prefix) => in_cidr(peer_address, *base, *prefix),
                        Peer::Group(id) => peer.groups.contains(id),
                    }
            })
    }

    /// Sends a request and tells what came of it.
    pub(crate) fn request(&self, from: Ipv4Addr, to: (Ipv4Addr, u16), path: &str, now: Moment) -> Reply {
        if !self.lets_through(from, to.0, to.1) {
            return Reply::Silence;
        }
        match self.sockets.get(&to) {
            Some(socket) if !socket.loopback_only && socket.opens_at <= now => socket.answer(path),
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

fn in_cidr(address: Ipv4Addr, base: Ipv4Addr, prefix: u8) -> bool {
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
    u32::from(address) & mask == u32::from(base) & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> (Network, Ipv4Addr, Ipv4Addr) {
        let mut network = Network {
            vpc: "vpc-1".into(),
            subnets: vec![Subnet {
                id: "subnet-a".into(),
                zone: "eu-west-1a".into(),
                base: Ipv4Addr::new(10, 0, 0, 0),
                prefix: 28,
            }],
            ..Network::default()
        };
        for group in [
            SecurityGroup::new("sg-lb"),
            SecurityGroup::new("sg-task").letting_in(8080..=8080, Peer::Group("sg-lb".into())),
        ] {
            network.security_groups.insert(group.id.clone(), group);
        }
        let mut ids = Ids::new("1", "r", 1);
        let node = network.attach("subnet-a", &["sg-lb".into()], &mut ids).unwrap();
        let task = network.attach("subnet-a", &["sg-task".into()], &mut ids).unwrap();
        (network, node, task)
    }

    #[test]
    fn a_closed_port_refuses_and_a_filtered_one_is_silent() {
        let (mut network, node, task) = network();
        let now = Moment::MONDAY_NIGHT;
        assert_eq!(network.request(node, (task, 8080), "/", now), Reply::Refused);
        assert_eq!(network.request(node, (task, 9090), "/", now), Reply::Silence);
        let answers = vec![Answer { path: "/".into(), status: 302, delay: Duration::ZERO }];
        let socket = Socket { opens_at: now, loopback_only: false, answers };
        network.open(task, 8080, socket.clone());
        assert_eq!(
            network.request(node, (task, 8080), "/", now),
            Reply::Answered { status: 302, after: Duration::ZERO }
        );
        network.open(task, 8080, Socket { loopback_only: true, ..socket });
        assert_eq!(network.request(node, (task, 8080), "/", now), Reply::Refused);
    }

    #[test]
    fn a_rule_for_another_group_lets_nothing_in() {
        let (mut network, node, task) = network();
        let group = SecurityGroup::new("sg-task").letting_in(8080..=8080, Peer::Group("sg-old".into()));
        network.security_groups.insert(group.id.clone(), group);
        assert!(!network.lets_through(node, task, 8080));
    }

    #[test]
    fn a_subnet_runs_out_of_addresses() {
        let (mut network, _, _) = network();
        let mut ids = Ids::new("1", "r", 1);
        let taken = std::iter::from_fn(|| network.attach("subnet-a", &[], &mut ids)).count();
        assert_eq!(taken, 16 - 5 - 2);
    }

    #[test]
    fn cidr_matching() {
        let ten = Ipv4Addr::new(10, 0, 0, 0);
        assert!(in_cidr(Ipv4Addr::new(10, 0, 255, 1), ten, 16));
        assert!(!in_cidr(Ipv4Addr::new(10, 1, 0, 1), ten, 16));
        assert!(in_cidr(Ipv4Addr::new(8, 8, 8, 8), Ipv4Addr::UNSPECIFIED, 0));
    }
}
