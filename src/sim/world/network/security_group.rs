//! Security groups and prefix lists: what an interface lets in and out. Rules only allow; what none allows is dropped.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::interface::Interface;
use super::naming::id_of;

/// Every port.
pub(crate) const ALL_PORTS: RangeInclusive<u16> = 0..=u16::MAX;

/// What a rule says about the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpProtocol {
    /// Every protocol and every port (`-1`).
    All,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP.
    Icmp,
}

impl IpProtocol {
    /// Whether a TCP packet to this port is meant.
    pub(crate) fn covers_tcp(self, ports: &RangeInclusive<u16>, port: u16) -> bool {
        match self {
            Self::All => true,
            Self::Tcp => ports.contains(&port),
            Self::Udp | Self::Icmp => false,
        }
    }

    /// As rules of security groups spell it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::All => "-1",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
        }
    }

    /// As network ACLs spell it.
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::All => "-1",
            Self::Tcp => "6",
            Self::Udp => "17",
            Self::Icmp => "1",
        }
    }
}

/// A security group: allow rules only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// `sg-…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its VPC; absent means the first one.
    pub vpc: Option<String>,
    /// What lets packets in.
    pub ingress: Vec<Permission>,
    /// What lets packets out.
    pub egress: Vec<Permission>,
}

impl SecurityGroup {
    /// A group that lets nothing in and everything out, as AWS makes them.
    pub fn new(id: &str) -> Self {
        let name = id.strip_prefix("sg-").unwrap_or(id).to_owned();
        let everything_out = Permission::everything(Peer::anywhere());
        Self { id: id.to_owned(), name, vpc: None, ingress: Vec::new(), egress: vec![everything_out] }
    }

    /// The same with this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The same with one more way in, for TCP.
    #[must_use]
    pub fn letting_in(mut self, ports: RangeInclusive<u16>, peer: Peer) -> Self {
        self.ingress.push(Permission::tcp(ports, peer));
        self
    }

    /// The same with one more way out, for TCP.
    #[must_use]
    pub fn letting_out(mut self, ports: RangeInclusive<u16>, peer: Peer) -> Self {
        self.egress.push(Permission::tcp(ports, peer));
        self
    }

    /// The same with any rule more.
    #[must_use]
    pub fn permitting_in(mut self, permission: Permission) -> Self {
        self.ingress.push(permission);
        self
    }

    /// The same without any way out.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.egress.clear();
        self
    }

    /// `sgr-…` of one of its rules.
    pub(crate) fn rule_id(&self, egress: bool, place: usize) -> String {
        id_of("sgr", &[&self.id, if egress { "egress" } else { "ingress" }, &place.to_string()])
    }
}

/// One rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The protocol.
    pub protocol: IpProtocol,
    /// Destination ports.
    pub ports: RangeInclusive<u16>,
    /// The other side.
    pub peer: Peer,
    /// What somebody wrote to it.
    pub description: Option<String>,
}

impl Permission {
    /// These TCP ports.
    pub fn tcp(ports: RangeInclusive<u16>, peer: Peer) -> Self {
        Self { protocol: IpProtocol::Tcp, ports, peer, description: None }
    }

    /// These UDP ports.
    pub fn udp(ports: RangeInclusive<u16>, peer: Peer) -> Self {
        Self { protocol: IpProtocol::Udp, ..Self::tcp(ports, peer) }
    }

    /// Every protocol and port.
    pub fn everything(peer: Peer) -> Self {
        Self { protocol: IpProtocol::All, ..Self::tcp(ALL_PORTS, peer) }
    }

    /// The same with a remark.
    #[must_use]
    pub fn described(mut self, description: &str) -> Self {
        self.description = Some(description.to_owned());
        self
    }
}

/// Who may be at the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Addresses.
    Cidr(IpNet),
    /// The entries of a prefix list.
    PrefixList(String),
    /// Interfaces that carry this security group.
    Group(String),
}

impl Peer {
    /// Every IPv4 address.
    pub fn anywhere() -> Self {
        Self::Cidr(IpNet::V4(Ipv4Net::default()))
    }

    /// Every IPv6 address.
    pub fn anywhere_v6() -> Self {
        Self::Cidr(IpNet::V6(Ipv6Net::default()))
    }

    /// Interfaces that carry this security group.
    pub fn group(id: &str) -> Self {
        Self::Group(id.to_owned())
    }

    /// Whether this address, of this interface if it is one of ours, is meant.
    pub(crate) fn covers(
        &self,
        address: Ipv4Addr,
        interface: Option<&Interface>,
        entries: impl Fn(&str) -> Option<Vec<IpNet>>,
    ) -> bool {
        let address = IpAddr::V4(address);
        match self {
            Self::Cidr(net) => net.contains(&address),
            Self::Group(id) => interface.is_some_and(|interface| interface.groups.contains(id)),
            Self::PrefixList(id) => entries(id).is_some_and(|entries| entries.iter().any(|net| net.contains(&address))),
        }
    }
}

impl FromStr for Peer {
    type Err = ipnet::AddrParseError;

    /// `sg-…`, `pl-…`, or addresses as `10.0.0.0/16` and `2001:db8::/32`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("sg-") {
            Ok(Self::Group(text.to_owned()))
        } else if text.starts_with("pl-") {
            Ok(Self::PrefixList(text.to_owned()))
        } else {
            text.parse().map(Self::Cidr)
        }
    }
}

/// A managed prefix list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixList {
    /// `pl-…`
    pub id: String,
    /// `com.amazonaws.eu-west-1.s3`, or what its owner called it.
    pub name: String,
    /// Its entries.
    pub entries: Vec<IpNet>,
}

impl PrefixList {
    /// Whether AWS keeps it.
    pub(crate) fn is_of_aws(&self) -> bool {
        self.name.starts_with("com.amazonaws.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_read_by_their_shape() {
        assert_eq!("sg-1".parse(), Ok(Peer::group("sg-1")));
        assert_eq!("pl-1".parse(), Ok(Peer::PrefixList("pl-1".into())));
        assert_eq!("0.0.0.0/0".parse(), Ok(Peer::anywhere()));
        assert_eq!("::/0".parse(), Ok(Peer::anywhere_v6()));
        assert!("anybody".parse::<Peer>().is_err());
    }

    #[test]
    fn everything_has_no_ports_and_udp_is_not_tcp() {
        assert!(IpProtocol::All.covers_tcp(&(1..=1), 8080));
        assert!(IpProtocol::Tcp.covers_tcp(&(8000..=8100), 8080));
        assert!(!IpProtocol::Tcp.covers_tcp(&(8000..=8079), 8080));
        assert!(!IpProtocol::Udp.covers_tcp(&ALL_PORTS, 8080));
    }

    #[test]
    fn peers_cover_addresses_lists_and_groups() {
        let address = Ipv4Addr::new(10, 0, 255, 1);
        let list = |id: &str| (id == "pl-1").then(|| vec!["10.0.255.0/24".parse().unwrap()]);
        for (peer, expected) in [
            ("10.0.0.0/16", true),
            ("10.1.0.0/16", false),
            ("0.0.0.0/0", true),
            ("::/0", false),
            ("pl-1", true),
            ("pl-2", false),
            ("sg-1", false),
        ] {
            assert_eq!(peer.parse::<Peer>().unwrap().covers(address, None, list), expected, "{peer}");
        }
    }
}
