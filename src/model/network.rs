//! The network around load balancers and tasks, as EC2 tells it: VPCs with subnets, security groups, network ACLs, route
//! tables and endpoints, and the network interfaces in them.
//!
//! ```text
//!  Vpc ─┬─ Subnet ◀── NetworkAcl, RouteTable (by association)
//!       ├─ SecurityGroup ◀── NetworkInterface of a load balancer, a task, an endpoint, an instance
//!       └─ VpcEndpoint
//! ```
//!
//! Every part of a VPC is [`Known`] on its own, since each is a call that can be denied.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::call::CallError;
use super::known::Known;

/// What a rule says about protocol and ports, as EC2 spells it: `-1` is everything, names and numbers mean the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// `-1`, `tcp`, `udp`, `icmp`, `icmpv6` or a protocol number.
    pub protocol: String,
    /// First and last port; absent means all of them.
    pub ports: Option<(u16, u16)>,
}

/// The other side of a security group's rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// Addresses, of one family.
    Cidr(IpNet),
    /// The entries of a prefix list: `pl-…`
    PrefixList(String),
    /// Interfaces that carry this group.
    Group {
        /// `sg-…`
        group: String,
        /// State of the VPC peering the reference needs, where it needs one: `active`, `deleted` …
        peering_status: Option<String>,
        /// The account of the group, where it is another one.
        account: Option<String>,
    },
    /// Something this version cannot read, as AWS spells it. It neither allows nor excludes.
    Other(String),
}

/// One rule of a security group with one peer; EC2 groups them, here each stands for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupRule {
    /// Protocol and ports.
    pub traffic: Traffic,
    /// Who may send (ingress) or receive (egress).
    pub peer: Peer,
    /// What somebody wrote to it.
    pub description: Option<String>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// `sg-…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// The VPC.
    pub vpc: Option<String>,
    /// What may come in.
    pub ingress: Vec<SecurityGroupRule>,
    /// What may go out.
    pub egress: Vec<SecurityGroupRule>,
}

/// A managed prefix list with its entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixList {
    /// `pl-…`
    pub id: String,
    /// Its entries.
    pub entries: Vec<IpNet>,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkInterface {
    /// `eni-…`
    pub id: String,
    /// What made it says so: `ELB app/web/50dc6c495c0c9188`.
    pub description: Option<String>,
    /// `subnet-…`
    pub subnet: Option<String>,
    /// The VPC.
    pub vpc: Option<String>,
    /// Availability zone.
    pub availability_zone: Option<String>,
    /// Private IPv4 addresses, the primary one first.
    pub private_ipv4: Vec<Ipv4Addr>,
    /// IPv6 addresses.
    pub ipv6: Vec<Ipv6Addr>,
    /// A public IPv4 address, if it has one.
    pub public_ipv4: Option<Ipv4Addr>,
    /// Its security groups.
    pub security_groups: Vec<String>,
    /// The EC2 instance it is attached to.
    pub instance: Option<String>,
}

impl NetworkInterface {
    /// All its addresses inside the VPC.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let ipv4 = self.private_ipv4.iter().map(|address| IpAddr::V4(*address));
        ipv4.chain(self.ipv6.iter().map(|address| IpAddr::V6(*address)))
    }
}

/// An EC2 instance with its interfaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// `i-…`
    pub id: String,
    /// `running`, `stopped`, `terminated` …
    pub state: Option<String>,
    /// Its network interfaces, the primary one first.
    pub interfaces: Vec<NetworkInterface>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`
    pub id: String,
    /// The VPC.
    pub vpc: Option<String>,
    /// Its zone.
    pub availability_zone: Option<String>,
    /// Its addresses, of both families.
    pub cidrs: Vec<IpNet>,
    /// IPv4 addresses nobody uses.
    pub available_addresses: Option<u32>,
}

/// One entry of a network ACL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAclEntry {
    /// Lower numbers decide first; 32767 (`*`) is the deny at the end.
    pub number: u32,
    /// Whether it is about what leaves the subnet.
    pub egress: bool,
    /// Protocol and ports.
    pub traffic: Traffic,
    /// The other side.
    pub cidr: Option<IpNet>,
    /// Whether it allows.
    pub allow: bool,
}

/// A network ACL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAcl {
    /// `acl-…`
    pub id: String,
    /// Subnets it filters.
    pub subnets: Vec<String>,
    /// Its entries, in no particular order.
    pub entries: Vec<NetworkAclEntry>,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteTarget {
    /// Inside the VPC.
    Local,
    /// `igw-…`
    InternetGateway(String),
    /// `eigw-…`: IPv6, outwards only.
    EgressOnlyInternetGateway(String),
    /// `nat-…`
    NatGateway(String),
    /// `vpce-…`, of a gateway endpoint or a gateway load balancer.
    VpcEndpoint(String),
    /// `tgw-…`
    TransitGateway(String),
    /// `pcx-…`
    VpcPeering(String),
    /// `vgw-…`
    VpnGateway(String),
    /// `eni-…`, perhaps of an instance that forwards.
    NetworkInterface(String),
    /// Something else, as AWS spells it.
    Other(String),
}

/// Where packets are addressed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteDestination {
    /// Addresses.
    Cidr(IpNet),
    /// The entries of a prefix list.
    PrefixList(String),
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Where packets are addressed to.
    pub destination: RouteDestination,
    /// Where they go.
    pub target: RouteTarget,
    /// Whether its target is gone (`State` is `blackhole`).
    pub blackhole: bool,
}

/// A route table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    /// `rtb-…`
    pub id: String,
    /// Whether it is the VPC's main table, which subnets without one of their own use.
    pub main: bool,
    /// Subnets that use it by name.
    pub subnets: Vec<String>,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// A VPC endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcEndpoint {
    /// `vpce-…`
    pub id: String,
    /// `com.amazonaws.REGION.ecr.api`
    pub service_name: String,
    /// `Interface`, `Gateway` …
    pub kind: String,
    /// `available`, `pending` …, in lower case.
    pub state: String,
    /// Whether the service's usual name resolves to it.
    pub private_dns: bool,
    /// Subnets it stands in (interface endpoints).
    pub subnets: Vec<String>,
    /// Its security groups (interface endpoints).
    pub security_groups: Vec<String>,
    /// Its interfaces.
    pub interfaces: Vec<String>,
    /// Route tables it is in (gateway endpoints).
    pub route_tables: Vec<String>,
    /// Its policy document, as JSON text.
    pub policy: Option<String>,
}

/// Block Public Access of VPCs, a setting of the account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicAccessBlock {
    /// `off`, `block-bidirectional`, `block-ingress`.
    pub internet_gateway_mode: Option<String>,
    /// Resource names of subnets and VPCs that are excluded from it.
    pub exclusions: Vec<String>,
}

/// Everything in a VPC that decides about packets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`
    pub id: String,
    /// Its subnets.
    pub subnets: Known<Vec<Subnet>>,
    /// Its security groups.
    pub security_groups: Known<Vec<SecurityGroup>>,
    /// Its network ACLs.
    pub network_acls: Known<Vec<NetworkAcl>>,
    /// Its route tables.
    pub route_tables: Known<Vec<RouteTable>>,
    /// Its endpoints.
    pub endpoints: Known<Vec<VpcEndpoint>>,
    /// Attribute enableDnsSupport.
    pub dns_support: Known<bool>,
    /// Attribute enableDnsHostnames.
    pub dns_hostnames: Known<bool>,
    /// Block Public Access.
    pub public_access_block: Known<PublicAccessBlock>,
}

impl Vpc {
    /// Why parts of it are missing.
    pub fn failures(&self) -> impl Iterator<Item = &CallError> {
        [
            self.subnets.error(),
            self.security_groups.error(),
            self.network_acls.error(),
            self.route_tables.error(),
            self.endpoints.error(),
            self.dns_support.error(),
            self.dns_hostnames.error(),
            self.public_access_block.error(),
        ]
        .into_iter()
        .flatten()
    }
}
