//! The network every world begins with: one VPC in three zones with a private and a public subnet in each.
//!
//! ```text
//!   10.0.0.0/16   private 10.0.{0,64,128}.0/18 ──▶ NAT ──▶ ┐
//!                 public  10.0.{192,208,224}.0/20 ─────────┴▶ internet gateway       one open network ACL around all
//! ```

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use super::super::REGION;
use super::super::ids::Ids;
use super::Network;
use super::acl::NetworkAcl;
use super::interface::{Holder, public_address};
use super::naming::id_of;
use super::routing::{NatGateway, Route, RouteTable, RouteTarget};
use super::security_group::PrefixList;
use super::subnet::{Subnet, Vpc};

/// Prefix lengths of the subnets for tasks and hosts, and of those for load balancers.
const PRIVATE: u8 = 18;
const PUBLIC: u8 = 20;

/// S3's prefix list in this region.
pub(crate) const S3_PREFIX_LIST: &str = "pl-6da54004";
/// DynamoDB's.
const DYNAMODB_PREFIX_LIST: &str = "pl-6fa54006";

impl Network {
    /// The network every world begins with.
    pub(crate) fn standard(ids: &mut Ids) -> Self {
        let vpc = format!("vpc-0{}", ids.hex(16));
        let mut network = Self { vpcs: vec![Vpc::standard(&vpc)], ..Self::default() };
        let acl = id_of("acl", &[&vpc]);
        let [main, private, public] = ["main", "private", "public"].map(|which| id_of("rtb", &[&vpc, which]));
        for (place, letter) in (0_u8..).zip(["a", "b", "c"]) {
            let inside = (Ipv4Addr::new(10, 0, place * 64, 0), PRIVATE, &private, false);
            let outside = (Ipv4Addr::new(10, 0, 192 + place * 16, 0), PUBLIC, &public, true);
            for (base, length, table, public) in [inside, outside] {
                network.subnets.push(Subnet {
                    id: format!("subnet-0{}", ids.hex(16)),
                    vpc: vpc.clone(),
                    zone: format!("{REGION}{letter}"),
                    net: Ipv4Net::new(base, length).unwrap_or_default(),
                    public,
                    acl: acl.clone(),
                    route_table: Some(table.clone()),
                    used: 0,
                    held: 0,
                });
            }
        }
        network.add_acl(NetworkAcl { is_default: true, ..NetworkAcl::open(&acl) });
        let internet = id_of("igw", &[&vpc]);
        network.gateways.internet.insert(internet.clone(), vpc.clone());
        let nat = network.add_nat_gateway();
        network.add_route_table(RouteTable { main: true, ..RouteTable::new(&main) });
        let to_nat = nat.map(|nat| Route::default_to(RouteTarget::NatGateway(nat)));
        network.add_route_table(to_nat.into_iter().fold(RouteTable::new(&private), RouteTable::with));
        let to_internet = Route::default_to(RouteTarget::InternetGateway(internet));
        network.add_route_table(RouteTable::new(&public).with(to_internet));
        for (id, service, entries) in [
            (S3_PREFIX_LIST, "s3", ["52.218.0.0/17", "3.5.64.0/21", "52.92.0.0/17"].as_slice()),
            (DYNAMODB_PREFIX_LIST, "dynamodb", ["52.94.24.0/23", "52.119.240.0/21"].as_slice()),
        ] {
            let entries: Vec<IpNet> = entries.iter().filter_map(|entry| entry.parse().ok()).collect();
            let name = format!("com.amazonaws.{REGION}.{service}");
            network.prefix_lists.insert(id.to_owned(), PrefixList { id: id.to_owned(), name, entries });
        }
        network
    }

    /// Makes a NAT gateway in the first public subnet.
    fn add_nat_gateway(&mut self) -> Option<String> {
        let subnet = self.subnets.iter().find(|subnet| subnet.public)?.id.clone();
        let id = id_of("nat", &[&subnet]);
        let address = self.attach_quietly(&subnet, &[], Holder::NatGateway { id: id.clone() })?;
        if let Some(interface) = self.interfaces.get_mut(&address) {
            interface.public = Some(public_address(&id));
        }
        self.gateways.nat.insert(id.clone(), NatGateway { subnet, address });
        Some(id)
    }
}

impl Vpc {
    fn standard(id: &str) -> Self {
        let net = Ipv4Net::new(Ipv4Addr::new(10, 0, 0, 0), 16).unwrap_or_default();
        Self { id: id.to_owned(), net, dns_support: true, dns_hostnames: true }
    }
}
