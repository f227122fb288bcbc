//! What people do to the network: groups, ACLs, routes, endpoints and settings come, change and go. Packets obey from then
//! on; what comes of it is up to the physics.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::super::{REGION, World};
use super::Network;
use super::acl::{AclEntry, NetworkAcl};
use super::endpoint::{EndpointKind, PublicAccessBlock, VpcEndpoint};
use super::filter::Dropped;
use super::interface::Holder;
use super::naming::id_of;
use super::routing::{Peering, Route, RouteDestination, RouteTable, RouteTarget};
use super::security_group::{PrefixList, SecurityGroup};
use super::subnet::{Subnet, Vpc};

impl Network {
    pub(super) fn add_acl(&mut self, acl: NetworkAcl) {
        self.acls.insert(acl.id.clone(), acl);
    }

    pub(super) fn add_route_table(&mut self, table: RouteTable) {
        self.route_tables.insert(table.id.clone(), table);
    }

    /// Adds an endpoint with its interfaces, or with its route in each of its tables.
    fn add_endpoint(&mut self, endpoint: VpcEndpoint) {
        match endpoint.kind {
            EndpointKind::Interface => {
                for subnet in &endpoint.subnets {
                    let holder = Holder::Endpoint { id: endpoint.id.clone() };
                    self.attach_quietly(subnet, &endpoint.security_groups, holder);
                }
            }
            EndpointKind::Gateway => {
                let name = endpoint.service_name();
                let list = self.prefix_lists.values().find(|list| list.name == name).map(|list| list.id.clone());
                let route = list.map(|list| Route {
                    destination: RouteDestination::PrefixList(list),
                    target: RouteTarget::Endpoint(endpoint.id.clone()),
                    blackhole: false,
                });
                for table in &endpoint.route_tables {
                    if let (Some(table), Some(route)) = (self.route_tables.get_mut(table), &route) {
                        table.routes.push(route.clone());
                    }
                }
            }
        }
        self.endpoints.insert(endpoint.id.clone(), endpoint);
    }
}

/// Building and changing the network.
impl World {
    /// The VPC that everything is in unless it says otherwise.
    pub fn vpc(&self) -> String {
        self.network.vpc_of(None).to_owned()
    }

    /// The public or private subnets, one a zone, in the order of their zones.
    pub fn subnets(&self, public: bool) -> Vec<String> {
        let vpc = self.network.vpc_of(None);
        let subnets = self.network.subnets.iter().filter(|subnet| subnet.public == public && subnet.vpc == vpc);
        subnets.map(|subnet| subnet.id.clone()).collect()
    }

    /// The public or private subnet of a zone, `eu-west-1c` or just `c`.
    pub fn subnet(&self, zone: &str, public: bool) -> Option<String> {
        let vpc = self.network.vpc_of(None);
        let mut subnets = self.network.subnets.iter();
        let found = subnets.find(|subnet| subnet.public == public && subnet.vpc == vpc && is_zone(subnet, zone));
        found.map(|subnet| subnet.id.clone())
    }

    /// Adds a security group, or replaces the one with the same id.
    pub fn add_security_group(&mut self, group: SecurityGroup) {
        self.network.security_groups.insert(group.id.clone(), group);
    }

    /// Removes a security group; rules that name it go on naming it.
    pub fn remove_security_group(&mut self, id: &str) {
        self.network.security_groups.remove(id);
    }

    /// Adds a prefix list, or replaces the one with the same id.
    pub fn add_prefix_list(&mut self, list: PrefixList) {
        self.network.prefix_lists.insert(list.id.clone(), list);
    }

    /// Adds a network ACL, or replaces the one with the same id, and puts it around these subnets.
    pub fn add_network_acl(&mut self, acl: NetworkAcl, subnets: &[String]) {
        for subnet in self.network.subnets.iter_mut().filter(|subnet| subnets.contains(&subnet.id)) {
            subnet.acl.clone_from(&acl.id);
        }
        self.network.add_acl(acl);
    }

    /// Adds an entry to the ACL of one subnet. If others share that ACL, the subnet gets a copy of its own first. Gives the
    /// id of the ACL.
    pub fn add_acl_entry(&mut self, subnet: &str, entry: AclEntry) -> Option<String> {
        let current = self.network.subnet(subnet)?.acl.clone();
        let shared = self.network.subnets.iter().filter(|subnet| subnet.acl == current).count() > 1;
        let mut acl = self.network.acls.get(&current)?.clone();
        if shared {
            acl.id = id_of("acl", &[subnet]);
            acl.is_default = false;
        }
        acl.entries.push(entry);
        let id = acl.id.clone();
        self.add_network_acl(acl, &[subnet.to_owned()]);
        Some(id)
    }

    /// Adds a route table, or replaces the one with the same id, and gives it to these subnets.
    pub fn add_route_table(&mut self, table: RouteTable, subnets: &[String]) {
        for subnet in self.network.subnets.iter_mut().filter(|subnet| subnets.contains(&subnet.id)) {
            subnet.route_table = Some(table.id.clone());
        }
        self.network.add_route_table(table);
    }

    /// Lets a subnet use the main route table.
    pub fn use_main_route_table(&mut self, subnet: &str) {
        if let Some(subnet) = self.network.subnets.iter_mut().find(|candidate| candidate.id == subnet) {
            subnet.route_table = None;
        }
    }

    /// Changes the routes of the table that a subnet uses, and with it those of all subnets that share the table.
    pub fn change_routes(&mut self, subnet: &str, change: impl FnOnce(&mut Vec<Route>)) {
        let table = self.network.subnet(subnet).and_then(|subnet| self.network.route_table_of(subnet));
        if let Some(id) = table.map(|table| table.id.clone())
            && let Some(table) = self.network.route_tables.get_mut(&id)
        {
            change(&mut table.routes);
        }
    }

    /// Removes all NAT gateways; routes to them become blackholes.
    pub fn remove_nat_gateways(&mut self) {
        for (_, nat) in std::mem::take(&mut self.network.gateways.nat) {
            self.network.detach(nat.address);
        }
    }

    /// Adds a VPC endpoint, with interfaces in its subnets or routes in its tables.
    pub fn add_vpc_endpoint(&mut self, endpoint: VpcEndpoint) {
        self.network.add_endpoint(endpoint);
    }

    /// Sets the attributes enableDnsSupport and enableDnsHostnames of the VPC.
    pub fn set_dns(&mut self, support: bool, hostnames: bool) {
        if let Some(vpc) = self.network.vpcs.first_mut() {
            vpc.dns_support = support;
            vpc.dns_hostnames = hostnames;
        }
    }

    /// Sets Block Public Access of the account.
    pub fn block_public_access(&mut self, block: PublicAccessBlock) {
        self.network.public_access_block = block;
    }

    /// Takes addresses of a subnet until only so many are free.
    pub fn leave_free_addresses(&mut self, subnet: &str, free: u32) {
        if let Some(subnet) = self.network.subnets.iter_mut().find(|candidate| candidate.id == subnet) {
            subnet.held = subnet.usable().saturating_sub(subnet.used).saturating_sub(free);
        }
    }

    /// Adds another VPC with an open network ACL and a main route table, and nothing else.
    pub fn add_vpc(&mut self, id: &str, net: Ipv4Net) {
        self.network.vpcs.push(Vpc { id: id.to_owned(), net, dns_support: true, dns_hostnames: true });
        let vpc = Some(id.to_owned());
        let acl = NetworkAcl { is_default: true, vpc: vpc.clone(), ..NetworkAcl::open(&id_of("acl", &[id])) };
        self.network.add_acl(acl);
        self.network.add_route_table(RouteTable { main: true, vpc, ..RouteTable::new(&id_of("rtb", &[id])) });
    }

    /// Adds a private subnet to a VPC; it has the VPC's network ACL and main route table.
    pub fn add_subnet(&mut self, id: &str, vpc: &str, zone: &str, net: Ipv4Net) {
        let mut acls = self.network.acls.values();
        let default = acls.find(|acl| acl.is_default && self.network.vpc_of(acl.vpc.as_deref()) == vpc);
        let acl = default.map(|acl| acl.id.clone()).unwrap_or_default();
        let zone = if zone.len() == 1 { format!("{REGION}{zone}") } else { zone.to_owned() };
        let (id, vpc) = (id.to_owned(), vpc.to_owned());
        self.network.subnets.push(Subnet {
            id,
            vpc,
            zone,
            net,
            public: false,
            acl,
            route_table: None,
            used: 0,
            held: 0,
        });
    }

    /// Adds a peering of two VPCs, or replaces the one with the same id. Routes are another matter.
    pub fn add_peering(&mut self, peering: Peering) {
        self.network.gateways.peerings.insert(peering.id.clone(), peering);
    }

    /// Gives a load balancer other security groups. Tells whether there is such a load balancer.
    pub fn regroup_load_balancer(&mut self, name: &str, groups: &[&str]) -> bool {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        let Some(balancer) = self.load_balancing.load_balancer_named(name) else { return false };
        balancer.security_groups.clone_from(&groups);
        for node in &balancer.nodes {
            if let Some(interface) = self.network.interface_mut(node.address) {
                interface.groups.clone_from(&groups);
            }
        }
        true
    }

    /// Addresses of a load balancer's nodes, each with its zone.
    pub fn load_balancer_nodes(&self, name: &str) -> Vec<(String, Ipv4Addr)> {
        let balancers = self.load_balancing.load_balancers.values().filter(|balancer| balancer.name == name);
        balancers.flat_map(|balancer| &balancer.nodes).map(|node| (node.zone.clone(), node.address)).collect()
    }

    /// Whether a TCP connection from the interface with one address to a port of another comes about, and if not, what
    /// drops its packets.
    pub fn connects(&self, from: Ipv4Addr, to: Ipv4Addr, port: u16) -> Result<(), Dropped> {
        self.network.connects(from, to, port, self.now)
    }

    /// Whether an AWS service (`ecr.api`, `s3`, `logs` …) can be reached over HTTPS from the interface with this address.
    pub fn reaches_service(&self, from: Ipv4Addr, service: &str) -> Result<(), Dropped> {
        self.network.reaches_service(from, service, self.now)
    }
}

fn is_zone(subnet: &Subnet, zone: &str) -> bool {
    subnet.zone == zone || subnet.zone.strip_prefix(REGION) == Some(zone)
}
