//! VPCs and the subnets in them.

use ipnet::Ipv4Net;

/// AWS keeps the first four addresses and the last one of every subnet.
const KEPT_BY_AWS: u32 = 5;

/// A virtual network of its own.
#[derive(Clone, Debug)]
pub(crate) struct Vpc {
    pub(crate) id: String,
    pub(crate) net: Ipv4Net,
    /// Whether Amazon's resolver answers (`enableDnsSupport`).
    pub(crate) dns_support: bool,
    /// Whether instances get names (`enableDnsHostnames`); private names of endpoints need both.
    pub(crate) dns_hostnames: bool,
}

/// A subnet in one availability zone.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(crate) net: Ipv4Net,
    /// Made for load balancers and NAT: its instances get public addresses.
    pub(crate) public: bool,
    /// The network ACL that filters it.
    pub(crate) acl: String,
    /// The route table it uses by name; without one it is the main table of the VPC.
    pub(crate) route_table: Option<String>,
    /// Addresses taken by interfaces of this world.
    pub(crate) used: u32,
    /// Addresses taken by others, of whom nothing else is told.
    pub(crate) held: u32,
}

impl Subnet {
    /// How many addresses interfaces can have at all.
    pub(crate) fn usable(&self) -> u32 {
        (1_u32 << (32 - u32::from(self.net.prefix_len().max(1)))).saturating_sub(KEPT_BY_AWS)
    }

    /// `AvailableIpAddressCount`
    pub(crate) fn free(&self) -> u32 {
        self.usable().saturating_sub(self.used).saturating_sub(self.held)
    }

    /// The zone's name that is the same in every account: `euw1-az3`.
    pub(crate) fn zone_id(&self) -> String {
        let letter = self.zone.bytes().last().unwrap_or(b'a');
        format!("euw1-az{}", letter.saturating_sub(b'a') + 1)
    }
}
