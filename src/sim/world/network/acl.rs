//! Network ACLs: numbered entries around a subnet, stateless, the lowest number that matches decides.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use ipnet::{IpNet, Ipv4Net};

use super::security_group::{ALL_PORTS, IpProtocol};

/// A network ACL. What no entry allows is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkAcl {
    /// `acl-…`
    pub id: String,
    /// Its VPC; absent means the first one.
    pub vpc: Option<String>,
    /// Whether subnets of its VPC have it unless they are given another.
    pub is_default: bool,
    /// Its entries, without the last one that denies everything.
    pub entries: Vec<AclEntry>,
}

impl NetworkAcl {
    /// Lets everything through both ways with entry 100, as AWS makes the default one.
    pub fn open(id: &str) -> Self {
        let everything = AclEntry::allow(100, ALL_PORTS).of(IpProtocol::All);
        Self::closed(id).with(everything.clone()).with(everything.outbound())
    }

    /// Lets nothing through, as AWS makes all others.
    pub fn closed(id: &str) -> Self {
        Self { id: id.to_owned(), vpc: None, is_default: false, entries: Vec::new() }
    }

    /// The same with one entry more.
    #[must_use]
    pub fn with(mut self, entry: AclEntry) -> Self {
        self.entries.push(entry);
        self
    }

    /// The number of the entry that denies a TCP packet, 32767 for the last one; absent if it may pass.
    pub(crate) fn denies(&self, egress: bool, peer: Ipv4Addr, port: u16) -> Option<u16> {
        let meant = self.entries.iter().filter(|entry| entry.egress == egress && entry.covers(peer, port));
        match meant.min_by_key(|entry| entry.number) {
            Some(entry) if entry.allow => None,
            Some(entry) => Some(entry.number),
            None => Some(AclEntry::LAST),
        }
    }
}

/// One numbered entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclEntry {
    /// Lower numbers decide first.
    pub number: u16,
    /// Whether it is about what leaves the subnet.
    pub egress: bool,
    /// The protocol.
    pub protocol: IpProtocol,
    /// Destination ports.
    pub ports: RangeInclusive<u16>,
    /// The other side.
    pub cidr: IpNet,
    /// Whether it allows.
    pub allow: bool,
}

impl AclEntry {
    /// The number of the entry at the end of every ACL, which denies.
    pub(crate) const LAST: u16 = 32767;

    /// Allows these TCP ports in, from anywhere.
    pub fn allow(number: u16, ports: RangeInclusive<u16>) -> Self {
        let cidr = IpNet::V4(Ipv4Net::default());
        Self { number, egress: false, protocol: IpProtocol::Tcp, ports, cidr, allow: true }
    }

    /// Denies these TCP ports in, from anywhere.
    pub fn deny(number: u16, ports: RangeInclusive<u16>) -> Self {
        Self { allow: false, ..Self::allow(number, ports) }
    }

    /// The same for what leaves the subnet.
    #[must_use]
    pub fn outbound(mut self) -> Self {
        self.egress = true;
        self
    }

    /// The same for this other side.
    #[must_use]
    pub fn for_peers(mut self, cidr: IpNet) -> Self {
        self.cidr = cidr;
        self
    }

    /// The same for this protocol.
    #[must_use]
    pub fn of(mut self, protocol: IpProtocol) -> Self {
        self.protocol = protocol;
        self
    }

    fn covers(&self, peer: Ipv4Addr, port: u16) -> bool {
        self.protocol.covers_tcp(&self.ports, port) && self.cidr.contains(&IpAddr::V4(peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_number_that_matches_decides() {
        let peer = Ipv4Addr::new(10, 0, 0, 9);
        let acl = NetworkAcl::open("acl-1")
            .with(AclEntry::deny(90, 8080..=8080))
            .with(AclEntry::allow(80, 8080..=8080).for_peers("10.1.0.0/16".parse().unwrap()));
        assert_eq!(acl.denies(false, peer, 8080), Some(90));
        assert_eq!(acl.denies(false, Ipv4Addr::new(10, 1, 0, 9), 8080), None);
        assert_eq!(acl.denies(false, peer, 8081), None);
        assert_eq!(acl.denies(true, peer, 8080), None);
        let late = NetworkAcl::open("acl-1").with(AclEntry::deny(110, 8080..=8080));
        assert_eq!(late.denies(false, peer, 8080), None);
        assert_eq!(NetworkAcl::closed("acl-1").denies(true, peer, 8080), Some(32767));
    }
}
