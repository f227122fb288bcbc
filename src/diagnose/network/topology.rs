//! Who stands where: nodes of load balancers and the hosts behind targets, each with addresses, groups and subnet.
//!
//! What EC2 does not tell is made up for where that is sound: a load balancer whose interfaces are not known has a node
//! somewhere in each of its subnets, a task whose interface is not known carries the groups its deployment asks for.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::cover::Addresses;
use super::groups::{Doubt, Groups};
use crate::diagnose::facts::Facts;
use crate::diagnose::scene::{Group, Place, Scene};
use crate::model::arn::LoadBalancerArn;
use crate::model::known::Known;
use crate::model::load_balancing::{Listener, LoadBalancer, LoadBalancerKind, TargetGroup};
use crate::model::network::{Instance, NetworkInterface, Subnet, Vpc};
use crate::model::service::{NetworkConfiguration, Service};
use crate::model::task::Task;

/// An address packets of a load balancer come from, or all of a subnet where only that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::diagnose) struct Node<'a> {
    /// Its address.
    pub(in crate::diagnose) address: IpNet,
    /// Its subnet.
    pub(in crate::diagnose) subnet: Option<&'a str>,
    /// Its zone.
    pub(in crate::diagnose) zone: Option<&'a str>,
}

/// A load balancer.
#[derive(Clone, Debug)]
pub(in crate::diagnose) struct Balancer<'a> {
    /// Its resource name.
    pub(in crate::diagnose) arn: &'a LoadBalancerArn,
    /// Its settings, if they were read.
    pub(in crate::diagnose) settings: Option<&'a LoadBalancer>,
    /// Its listeners, if they were read.
    pub(in crate::diagnose) listeners: Option<&'a [Listener]>,
    /// Whether it is a network load balancer.
    pub(in crate::diagnose) network: bool,
    /// Its security groups.
    pub(in crate::diagnose) groups: Groups<'a>,
    /// Whether it is known to have no security groups, as network load balancers may, so that nothing filters there.
    pub(in crate::diagnose) unfiltered: bool,
    /// Where its packets come from.
    pub(in crate::diagnose) nodes: Vec<Node<'a>>,
    /// Its VPC, if it was read.
    pub(in crate::diagnose) vpc: Option<&'a Vpc>,
}

/// What a target is: an interface of a task or of an instance.
#[derive(Clone, Debug)]
pub(in crate::diagnose) struct Host<'a> {
    /// Its address, or all of a subnet where only that is known.
    pub(in crate::diagnose) address: Option<IpNet>,
    /// Its security groups.
    pub(in crate::diagnose) groups: Groups<'a>,
    /// Its subnet.
    pub(in crate::diagnose) subnet: Option<&'a str>,
    /// Its zone.
    pub(in crate::diagnose) zone: Option<&'a str>,
    /// Its VPC, if it was read.
    pub(in crate::diagnose) vpc: Option<&'a Vpc>,
}

impl Host<'_> {
    /// The addresses it may have.
    pub(in crate::diagnose) fn addresses(&self) -> Addresses {
        self.address.map_or(Addresses::Unknown { ipv6: false }, Addresses::Within)
    }
}

/// Everything around a service, looked up once.
pub(in crate::diagnose) struct Topology<'a> {
    /// The facts.
    pub(in crate::diagnose) facts: Facts<'a>,
    /// Its load balancers.
    pub(in crate::diagnose) balancers: Vec<Balancer<'a>>,
    service: &'a Service,
    tasks_known: bool,
    vpcs: Vec<&'a Vpc>,
    interfaces: HashMap<&'a str, &'a NetworkInterface>,
    by_address: HashMap<IpAddr, &'a NetworkInterface>,
    instances: &'a [Instance],
}

impl<'a> Topology<'a> {
    /// Looks at what is around the service of a scene.
    pub(in crate::diagnose) fn new(scene: &Scene<'a>) -> Self {
        let facts = scene.facts;
        let vpcs: Vec<&'a Vpc> =
            super::wanted_vpcs(&facts).iter().filter_map(|id| facts.vpc(id).known().copied()).collect();
        let mut topology = Self {
            facts,
            balancers: Vec::new(),
            service: scene.service,
            tasks_known: matches!(scene.tasks, Known::Known(_)),
            vpcs,
            interfaces: HashMap::new(),
            by_address: HashMap::new(),
            instances: &[],
        };
        // Without a VPC there are no groups and no ACLs, and every path is unknown.
        if topology.vpcs.is_empty() {
            return topology;
        }
        if let Known::Known(interfaces) = facts.network_interfaces(&facts.wanted_task_interfaces()) {
            topology.interfaces = interfaces.iter().map(|interface| (interface.id.as_str(), interface)).collect();
            topology.by_address = interfaces
                .iter()
                .flat_map(|interface| interface.addresses().map(move |address| (address, interface)))
                .collect();
        }
        topology.instances = facts.instances(&facts.wanted_instances()).known().copied().unwrap_or_default();
        for group in &scene.groups {
            for (arn, routing) in &group.routing {
                if topology.balancers.iter().all(|balancer| balancer.arn != *arn) {
                    let routing = routing.known().copied();
                    let listeners = routing.and_then(|routing| routing.listeners.known()).map(Vec::as_slice);
                    let balancer =
                        topology.balancer(arn, routing.map(|routing| &routing.load_balancer), listeners, group);
                    topology.balancers.push(balancer);
                }
            }
        }
        topology
    }

    /// Whether nothing about the network was read.
    pub(in crate::diagnose) fn is_empty(&self) -> bool {
        self.vpcs.is_empty()
    }

    /// The VPC of this id, if it was read.
    pub(in crate::diagnose) fn vpc(&self, id: &str) -> Option<&'a Vpc> {
        self.vpcs.iter().find(|vpc| vpc.id == id).copied()
    }

    /// The VPC a subnet is in, if both were read.
    pub(in crate::diagnose) fn vpc_of_subnet(&self, subnet: &str) -> Option<&'a Vpc> {
        self.vpcs.iter().find(|vpc| subnet_in(vpc, subnet).is_some()).copied()
    }

    /// A subnet, if it was read.
    pub(in crate::diagnose) fn subnet(&self, id: &str) -> Option<&'a Subnet> {
        self.vpcs.iter().find_map(|vpc| subnet_in(vpc, id))
    }

    /// The load balancers of a target group.
    pub(in crate::diagnose) fn balancers_of<'t>(&'t self, group: &Group<'a>) -> Vec<&'t Balancer<'a>> {
        let of = |arn: &LoadBalancerArn| self.balancers.iter().find(|balancer| balancer.arn == arn);
        group.routing.iter().filter_map(|(arn, _)| of(arn)).collect()
    }

    /// Security groups by their ids.
    pub(in crate::diagnose) fn groups(&self, ids: Vec<&'a str>) -> Groups<'a> {
        let mut groups = Groups::default();
        for id in &ids {
            let found = self.vpcs.iter().find_map(|vpc| {
                vpc.security_groups.known().and_then(|groups| groups.iter().find(|group| group.id == **id))
            });
            match found {
                Some(group) => groups.read.push(group),
                None if self.vpcs.iter().any(|vpc| vpc.security_groups.known().is_none()) => {
                    groups.unread = Some(Doubt::Unread("security groups"));
                }
                None => groups.unread = Some(Doubt::GroupMissing(id)),
            }
        }
        groups.ids = Some(ids);
        groups
    }

    fn balancer(
        &self,
        arn: &'a LoadBalancerArn,
        settings: Option<&'a LoadBalancer>,
        listeners: Option<&'a [Listener]>,
        group: &Group<'a>,
    ) -> Balancer<'a> {
        let network = settings.map_or_else(
            || is_network(arn, group.settings.known().copied()),
            |settings| settings.kind == LoadBalancerKind::Network,
        );
        let of_group = group.settings.known().and_then(|settings| settings.vpc.as_deref());
        let vpc = settings.and_then(|settings| settings.vpc.as_deref()).or(of_group).and_then(|id| self.vpc(id));
        // An endpoint that does not know the filter returns every interface there is.
        let marked = arn.as_str().split_once("loadbalancer/").map_or("", |(_, marked)| marked);
        let known = self.facts.load_balancer_interfaces(arn);
        let interfaces: Vec<&'a NetworkInterface> = known
            .known()
            .copied()
            .unwrap_or_default()
            .iter()
            .filter(|interface| interface.description.as_deref().is_none_or(|text| text.contains(marked)))
            .collect();
        let mut ids: Vec<&'a str> =
            settings.into_iter().flat_map(|settings| &settings.security_groups).map(String::as_str).collect();
        if ids.is_empty() {
            ids = interfaces.iter().flat_map(|interface| &interface.security_groups).map(String::as_str).collect();
            ids.sort_unstable();
            ids.dedup();
        }
        let unfiltered = ids.is_empty() && network && settings.is_some();
        let groups = if ids.is_empty() && !unfiltered { Groups::default() } else { self.groups(ids) };
        let mut nodes: Vec<Node<'a>> = interfaces.iter().flat_map(|interface| nodes_of(interface)).collect();
        if nodes.is_empty() {
            nodes = settings
                .into_iter()
                .flat_map(|settings| &settings.zones)
                .flat_map(|zone| self.nodes_in(zone))
                .collect();
        }
        Balancer { arn, settings, listeners, network, groups, unfiltered, nodes, vpc }
    }

    fn nodes_in(&self, (zone, subnet): &'a (String, Option<String>)) -> Vec<Node<'a>> {
        let Some(subnet) = subnet.as_deref().and_then(|id| self.subnet(id)) else { return Vec::new() };
        let node = |address: &IpNet| Node { address: *address, subnet: Some(&subnet.id), zone: Some(zone) };
        subnet.cidrs.iter().map(node).collect()
    }

    /// The host behind a target.
    pub(in crate::diagnose) fn host(&self, group: &Group<'a>, place: &Place<'a>) -> Host<'a> {
        let vpc = group.settings.known().and_then(|settings| settings.vpc.as_deref()).and_then(|id| self.vpc(id));
        match place.address() {
            Some(address) => self.task_host(group, place, address, vpc),
            None => self.instance_host(&place.target.id, vpc),
        }
    }

    fn task_host(&self, group: &Group<'a>, place: &Place<'a>, address: IpAddr, vpc: Option<&'a Vpc>) -> Host<'a> {
        let own = place.task.and_then(|task| task.interface.as_ref());
        let by_id = own.and_then(|own| own.id.as_deref()).and_then(|id| self.interfaces.get(id));
        let interface = by_id.or_else(|| self.by_address.get(&address)).copied();
        let block = IpNet::from(address);
        let vpc = interface.and_then(|interface| interface.vpc.as_deref()).and_then(|id| self.vpc(id)).or(vpc);
        let subnet = interface
            .and_then(|interface| interface.subnet.as_deref())
            .or_else(|| own.and_then(|own| own.subnet.as_deref()))
            .or_else(|| vpc.and_then(|vpc| subnet_around(vpc, &block)).map(|subnet| subnet.id.as_str()));
        let carried = interface.map(|interface| ids_of(&interface.security_groups)).filter(|ids| !ids.is_empty());
        let groups = match carried {
            Some(ids) => self.groups(ids),
            // A target of somebody else may carry any groups.
            None if place.task.is_none() && self.tasks_known && group.read_together => Groups::default(),
            None => self.configured_groups(place.task, vpc),
        };
        let zone = self.zone(subnet).or(place.target.availability_zone.as_deref()).filter(|zone| *zone != "all");
        Host { address: Some(block), groups, subnet, zone, vpc }
    }

    fn instance_host(&self, id: &str, vpc: Option<&'a Vpc>) -> Host<'a> {
        let instance = self.instances.iter().find(|instance| instance.id == *id);
        // A load balancer reaches an instance at its primary interface.
        let Some(interface) = instance.and_then(|instance| instance.interfaces.first()) else {
            return Host { address: None, groups: Groups::default(), subnet: None, zone: None, vpc };
        };
        self.interface_host(interface, vpc)
    }

    /// The host an interface belongs to.
    pub(in crate::diagnose) fn interface_host(
        &self,
        interface: &'a NetworkInterface,
        vpc: Option<&'a Vpc>,
    ) -> Host<'a> {
        let vpc = interface.vpc.as_deref().and_then(|id| self.vpc(id)).or(vpc);
        let subnet = interface.subnet.as_deref();
        let ids = ids_of(&interface.security_groups);
        Host {
            address: interface.addresses().next().map(IpNet::from),
            groups: if ids.is_empty() { Groups::default() } else { self.groups(ids) },
            subnet,
            zone: interface.availability_zone.as_deref().or_else(|| self.zone(subnet)),
            vpc,
        }
    }

    /// The first interface of an instance, if it was read.
    pub(in crate::diagnose) fn instance_interface(&self, id: &str) -> Option<&'a NetworkInterface> {
        self.instances.iter().find(|instance| instance.id == id)?.interfaces.first()
    }

    /// Hosts as the next tasks of the service will be: its groups, somewhere in each of its subnets. Empty without network
    /// mode awsvpc.
    pub(in crate::diagnose) fn future_hosts(&self) -> Vec<Host<'a>> {
        let Some(network) = self.network(None) else { return Vec::new() };
        let host = |id: &'a String| {
            let vpc = self.vpc_of_subnet(id);
            let address = self.subnet(id).and_then(|subnet| {
                subnet.cidrs.iter().find(|range| matches!(range, IpNet::V4(_))).or_else(|| subnet.cidrs.first())
            });
            Host {
                address: address.copied(),
                groups: self.configured_groups(None, vpc),
                subnet: Some(id.as_str()),
                zone: self.zone(Some(id)),
                vpc,
            }
        };
        network.subnets.iter().map(host).collect()
    }

    /// The network configuration of a task: its deployment's, or the one the service is heading for.
    pub(in crate::diagnose) fn network(&self, task: Option<&Task>) -> Option<&'a NetworkConfiguration> {
        let started_by = task.and_then(|task| task.started_by.as_deref());
        let own = started_by.and_then(|id| self.service.deployments.iter().find(|deployment| deployment.id == id));
        let deployment = own.or_else(|| self.service.primary_deployment());
        deployment.and_then(|deployment| deployment.network.as_ref()).or(self.service.network.as_ref())
    }

    /// The groups a task is configured with; those of the VPC's default group where none are named.
    pub(in crate::diagnose) fn configured_groups(&self, task: Option<&Task>, vpc: Option<&'a Vpc>) -> Groups<'a> {
        let Some(network) = self.network(task) else { return Groups::default() };
        if !network.security_groups.is_empty() {
            return self.groups(ids_of(&network.security_groups));
        }
        let groups = vpc.and_then(|vpc| vpc.security_groups.known().map(|groups| (vpc, groups)));
        let default = groups.and_then(|(vpc, groups)| {
            let here = |of: &Option<String>| of.as_ref().is_none_or(|of| *of == vpc.id);
            groups.iter().find(|group| group.name == "default" && here(&group.vpc))
        });
        default.map_or_else(Groups::default, |group| self.groups(vec![group.id.as_str()]))
    }

    fn zone(&self, subnet: Option<&str>) -> Option<&'a str> {
        subnet.and_then(|id| self.subnet(id)).and_then(|subnet| subnet.availability_zone.as_deref())
    }
}

/// Whether a load balancer is a network load balancer, as far as its name or its target group tell.
pub(in crate::diagnose) fn is_network(arn: &LoadBalancerArn, group: Option<&TargetGroup>) -> bool {
    let by_protocol = || {
        let protocol = group.and_then(|group| group.protocol.as_deref()).unwrap_or_default();
        matches!(protocol, "TCP" | "TLS" | "UDP" | "TCP_UDP" | "QUIC" | "TCP_QUIC")
    };
    arn.as_str().contains(":loadbalancer/net/") || (!arn.as_str().contains(":loadbalancer/app/") && by_protocol())
}

/// The subnet whose addresses these are.
pub(in crate::diagnose) fn subnet_around<'a>(vpc: &'a Vpc, block: &IpNet) -> Option<&'a Subnet> {
    vpc.subnets.known()?.iter().find(|subnet| subnet.cidrs.iter().any(|range| range.contains(block)))
}

fn subnet_in<'a>(vpc: &'a Vpc, id: &str) -> Option<&'a Subnet> {
    vpc.subnets.known()?.iter().find(|subnet| subnet.id == id)
}

fn nodes_of(interface: &NetworkInterface) -> impl Iterator<Item = Node<'_>> {
    let subnet = interface.subnet.as_deref();
    let zone = interface.availability_zone.as_deref();
    interface.addresses().map(move |address| Node { address: IpNet::from(address), subnet, zone })
}

fn ids_of(groups: &[String]) -> Vec<&str> {
    groups.iter().map(String::as_str).collect()
}
