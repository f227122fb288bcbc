//! A small VPC for tests: an application load balancer `edge` (sg-lb) with a node in each of three public subnets, three
//! tasks (sg-task) on 8080 in three private subnets, everything open, everything healthy. Tests break it.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::wanted_endpoint_interfaces;
use crate::diagnose::fixtures::{BALANCER, Case, GROUP, at, definition, running_task, service, target, target_group};
use crate::model::arn::{ListenerArn, LoadBalancerArn, TargetGroupArn, TaskDefinitionArn};
use crate::model::known::Known;
use crate::model::load_balancing::{
    Listener, LoadBalancer, LoadBalancerKind, LoadBalancerRouting, RuleAction, Target, TargetGroup, TargetState,
};
use crate::model::network::{
    Instance, NetworkAcl, NetworkAclEntry, NetworkInterface, Peer, PrefixList, Route, RouteDestination, RouteTable,
    RouteTarget, SecurityGroup, SecurityGroupRule, Subnet, Traffic, Vpc, VpcEndpoint,
};
use crate::model::query::{Answer, Query};
use crate::model::service::{NetworkConfiguration, Service};
use crate::model::task::{Task, TaskInterface};
use crate::model::task_definition::TaskDefinition;

pub(in crate::diagnose) fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

pub(in crate::diagnose) fn traffic(protocol: &str, ports: Option<(u16, u16)>) -> Traffic {
    Traffic { protocol: protocol.to_owned(), ports }
}

/// `tcp 8080 sg-lb`, `udp 53 10.0.0.0/8`, `-1 * pl-s3`, `tcp 32768-60999 sg-lb`
pub(in crate::diagnose) fn rule(text: &str) -> SecurityGroupRule {
    let mut words = text.split(' ');
    let protocol = words.next().unwrap();
    let ports = words.next().unwrap();
    let peer = words.next().unwrap();
    let ports = match ports.split_once('-') {
        _ if ports == "*" => None,
        Some((first, last)) => Some((first.parse().unwrap(), last.parse().unwrap())),
        None => Some((ports.parse().unwrap(), ports.parse().unwrap())),
    };
    let peer = if peer.starts_with("sg-") {
        Peer::Group { group: peer.to_owned(), peering_status: words.next().map(str::to_owned), account: None }
    } else if peer.starts_with("pl-") {
        Peer::PrefixList(peer.to_owned())
    } else {
        Peer::Cidr(net(peer))
    };
    SecurityGroupRule { traffic: traffic(protocol, ports), peer, description: None }
}

pub(in crate::diagnose) fn group(id: &str, ingress: &[&str], egress: &[&str]) -> SecurityGroup {
    SecurityGroup {
        id: id.to_owned(),
        name: id.trim_start_matches("sg-").to_owned(),
        vpc: Some("vpc-1".to_owned()),
        ingress: ingress.iter().map(|text| rule(text)).collect(),
        egress: egress.iter().map(|text| rule(text)).collect(),
    }
}

/// `100 allow in -1 * 0.0.0.0/0`
pub(in crate::diagnose) fn entry(text: &str) -> NetworkAclEntry {
    let words: Vec<&str> = text.split(' ').collect();
    let SecurityGroupRule { traffic, .. } = rule(&words[3..].join(" "));
    NetworkAclEntry {
        number: words[0].parse().unwrap(),
        egress: words[2] == "out",
        traffic,
        cidr: Some(net(words[5])),
        allow: words[1] == "allow",
    }
}

/// An ACL with these entries before the `*` ones.
pub(in crate::diagnose) fn acl(id: &str, subnets: &[&str], entries: &[&str]) -> NetworkAcl {
    let ends = ["32767 deny in -1 * 0.0.0.0/0", "32767 deny out -1 * 0.0.0.0/0"];
    NetworkAcl {
        id: id.to_owned(),
        subnets: subnets.iter().map(|id| (*id).to_owned()).collect(),
        entries: entries.iter().chain(&ends).map(|text| entry(text)).collect(),
    }
}

pub(in crate::diagnose) const ALLOW_ALL: [&str; 2] = ["100 allow in -1 * 0.0.0.0/0", "100 allow out -1 * 0.0.0.0/0"];

pub(in crate::diagnose) fn route(destination: &str, target: RouteTarget) -> Route {
    let destination = if destination.starts_with("pl-") {
        RouteDestination::PrefixList(destination.to_owned())
    } else {
        RouteDestination::Cidr(net(destination))
    };
    Route { destination, target, blackhole: false }
}

pub(in crate::diagnose) fn table(id: &str, subnets: &[&str], mut routes: Vec<Route>) -> RouteTable {
    routes.insert(0, route("10.0.0.0/16", RouteTarget::Local));
    RouteTable {
        id: id.to_owned(),
        main: subnets.is_empty(),
        subnets: subnets.iter().map(|id| (*id).to_owned()).collect(),
        routes,
    }
}

/// An interface endpoint with private DNS, in subnet-a, with an interface at 10.0.1.200 for everybody.
pub(in crate::diagnose) fn endpoint(name: &str) -> VpcEndpoint {
    VpcEndpoint {
        id: format!("vpce-{name}"),
        service_name: format!("com.amazonaws.eu-west-1.{name}"),
        kind: "Interface".to_owned(),
        state: "available".to_owned(),
        private_dns: true,
        subnets: vec!["subnet-a".to_owned()],
        security_groups: vec!["sg-vpce".to_owned()],
        interfaces: vec![format!("eni-{name}")],
        route_tables: Vec::new(),
        policy: None,
    }
}

pub(in crate::diagnose) fn s3_gateway(tables: &[&str]) -> VpcEndpoint {
    VpcEndpoint {
        kind: "Gateway".to_owned(),
        private_dns: false,
        subnets: Vec::new(),
        security_groups: Vec::new(),
        interfaces: Vec::new(),
        route_tables: tables.iter().map(|id| (*id).to_owned()).collect(),
        ..endpoint("s3")
    }
}

#[derive(Clone)]
pub(in crate::diagnose) struct World {
    pub(in crate::diagnose) service: Service,
    pub(in crate::diagnose) definition: TaskDefinition,
    pub(in crate::diagnose) vpc: Vpc,
    pub(in crate::diagnose) balancer: LoadBalancer,
    pub(in crate::diagnose) listeners: Vec<Listener>,
    pub(in crate::diagnose) nodes: Vec<NetworkInterface>,
    pub(in crate::diagnose) target_group: TargetGroup,
    pub(in crate::diagnose) attributes: BTreeMap<String, String>,
    pub(in crate::diagnose) targets: Vec<Target>,
    pub(in crate::diagnose) tasks: Vec<Task>,
    pub(in crate::diagnose) interfaces: Vec<NetworkInterface>,
    pub(in crate::diagnose) instances: Vec<Instance>,
    pub(in crate::diagnose) prefix_lists: Vec<PrefixList>,
    pub(in crate::diagnose) now: i64,
}

const ZONES: [&str; 3] = ["a", "b", "c"];

pub(in crate::diagnose) fn interface(id: &str, subnet: &str, address: &str, groups: &[&str]) -> NetworkInterface {
    let zone = subnet.chars().last().unwrap();
    let (mut private_ipv4, mut ipv6) = (Vec::new(), Vec::new());
    match address.parse().unwrap() {
        std::net::IpAddr::V4(address) => private_ipv4.push(address),
        std::net::IpAddr::V6(address) => ipv6.push(address),
    }
    NetworkInterface {
        id: id.to_owned(),
        description: None,
        subnet: Some(subnet.to_owned()),
        vpc: Some("vpc-1".to_owned()),
        availability_zone: Some(format!("eu-west-1{zone}")),
        private_ipv4,
        ipv6,
        public_ipv4: None,
        security_groups: groups.iter().map(|id| (*id).to_owned()).collect(),
        instance: None,
    }
}

impl World {
    pub(in crate::diagnose) fn new() -> Self {
        let subnet = |id: String, zone: &str, cidr: String| Subnet {
            id,
            vpc: Some("vpc-1".to_owned()),
            availability_zone: Some(format!("eu-west-1{zone}")),
            cidrs: vec![net(&cidr)],
            available_addresses: Some(200),
        };
        let numbered = || ZONES.iter().zip(1..);
        let subnets: Vec<Subnet> = numbered()
            .map(|(zone, number)| subnet(format!("subnet-{zone}"), zone, format!("10.0.{number}.0/24")))
            .chain(numbered().map(|(zone, n)| subnet(format!("subnet-lb-{zone}"), zone, format!("10.0.10{n}.0/24"))))
            .collect();
        let public: Vec<String> = ZONES.iter().map(|zone| format!("subnet-lb-{zone}")).collect();
        let public: Vec<&str> = public.iter().map(String::as_str).collect();
        let all: Vec<String> = subnets.iter().map(|subnet| subnet.id.clone()).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let gateway = route("0.0.0.0/0", RouteTarget::InternetGateway("igw-1".to_owned()));
        let nat = route("0.0.0.0/0", RouteTarget::NatGateway("nat-1".to_owned()));
        let vpc = Vpc {
            id: "vpc-1".to_owned(),
            security_groups: Known::Known(vec![
                group("sg-lb", &["tcp 443 0.0.0.0/0"], &["-1 * 0.0.0.0/0"]),
                group("sg-task", &["tcp 8080 sg-lb"], &["-1 * 0.0.0.0/0"]),
                group("sg-vpce", &["tcp 443 sg-task"], &[]),
            ]),
            network_acls: Known::Known(vec![acl("acl-1", &all, &ALLOW_ALL)]),
            route_tables: Known::Known(vec![
                table("rtb-public", &public, vec![gateway]),
                table("rtb-main", &[], vec![nat]),
            ]),
            subnets: Known::Known(subnets),
            endpoints: Known::Known(Vec::new()),
            dns_support: Known::Known(true),
            dns_hostnames: Known::Known(true),
            public_access_block: Known::NotAsked,
        };
        let balancer = LoadBalancer {
            arn: LoadBalancerArn::from(BALANCER),
            name: "edge".to_owned(),
            dns_name: None,
            kind: LoadBalancerKind::Application,
            scheme: Some("internet-facing".to_owned()),
            state: Some("active".to_owned()),
            vpc: Some("vpc-1".to_owned()),
            security_groups: vec!["sg-lb".to_owned()],
            zones: ZONES.iter().map(|z| (format!("eu-west-1{z}"), Some(format!("subnet-lb-{z}")))).collect(),
            address_type: Some("ipv4".to_owned()),
        };
        let listener = Listener {
            arn: ListenerArn::from("arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/edge/50dc6c495c0c9188/1"),
            port: Some(443),
            protocol: Some("HTTPS".to_owned()),
            default_actions: vec![RuleAction::Forward(vec![(TargetGroupArn::from(GROUP), 1)])],
            rules: Known::NotAsked,
        };
        let nodes = numbered().map(|(zone, n)| NetworkInterface {
            description: Some("ELB app/edge/50dc6c495c0c9188".to_owned()),
            ..interface(&format!("eni-lb-{zone}"), &format!("subnet-lb-{zone}"), &format!("10.0.10{n}.10"), &["sg-lb"])
        });
        let (nodes, mut service) = (nodes.collect(), service("web", 3));
        service.network = Some(NetworkConfiguration {
            subnets: ZONES.iter().map(|zone| format!("subnet-{zone}")).collect(),
            security_groups: vec!["sg-task".to_owned()],
            assign_public_ip: false,
        });
        let addresses: Vec<String> = (1..=3).map(|number| format!("10.0.{number}.5")).collect();
        let interfaces = ZONES
            .iter()
            .zip(&addresses)
            .map(|(zone, address)| interface(&format!("eni-{zone}"), &format!("subnet-{zone}"), address, &["sg-task"]))
            .collect();
        let tasks = ZONES.iter().zip(&addresses).map(|(zone, address)| {
            let mut task = running_task("ecs-svc/1", address, at(0));
            task.task_definition = TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:1:task-definition/web:30");
            task.interface = Some(TaskInterface {
                id: Some(format!("eni-{zone}")),
                subnet: Some(format!("subnet-{zone}")),
                private_ipv4: Some(address.clone()),
                ipv6: None,
            });
            task
        });
        Self {
            service,
            definition: definition(30),
            vpc,
            balancer,
            listeners: vec![listener],
            nodes,
            target_group: target_group(),
            attributes: BTreeMap::new(),
            targets: addresses.iter().map(|address| target(address, TargetState::Healthy, "", "")).collect(),
            tasks: tasks.collect(),
            interfaces,
            instances: Vec::new(),
            prefix_lists: Vec::new(),
            now: 1_000,
        }
    }

    /// The same with all targets timing out.
    pub(in crate::diagnose) fn timing_out() -> Self {
        let mut world = Self::new();
        (0..3).for_each(|index| world.time_out(index));
        world
    }

    pub(in crate::diagnose) fn time_out(&mut self, index: usize) {
        self.fail(index, "Target.Timeout", "Request timed out");
    }

    pub(in crate::diagnose) fn fail(&mut self, index: usize, reason: &str, description: &str) {
        let target = &mut self.targets[index];
        target.state = TargetState::Unhealthy;
        target.reason = Some(reason.to_owned());
        target.description = Some(description.to_owned());
    }

    /// A security group, made if it is not there.
    pub(in crate::diagnose) fn set_group(&mut self, changed: SecurityGroup) {
        let Known::Known(groups) = &mut self.vpc.security_groups else { panic!() };
        groups.retain(|group| group.id != changed.id);
        groups.push(changed);
    }

    pub(in crate::diagnose) fn task_ingress(&mut self, ingress: &[&str]) {
        self.set_group(group("sg-task", ingress, &["-1 * 0.0.0.0/0"]));
    }

    pub(in crate::diagnose) fn lb_egress(&mut self, egress: &[&str]) {
        self.set_group(group("sg-lb", &["tcp 443 0.0.0.0/0"], egress));
    }

    /// These subnets get an ACL of their own.
    pub(in crate::diagnose) fn set_acl(&mut self, changed: NetworkAcl) {
        let Known::Known(acls) = &mut self.vpc.network_acls else { panic!() };
        for acl in acls.iter_mut() {
            acl.subnets.retain(|subnet| !changed.subnets.contains(subnet));
        }
        acls.push(changed);
    }

    pub(in crate::diagnose) fn set_table(&mut self, changed: RouteTable) {
        let Known::Known(tables) = &mut self.vpc.route_tables else { panic!() };
        tables.retain(|table| table.id != changed.id);
        tables.push(changed);
    }

    pub(in crate::diagnose) fn set_endpoints(&mut self, endpoints: Vec<VpcEndpoint>) {
        self.vpc.endpoints = Known::Known(endpoints);
    }

    /// A network load balancer with these groups in place of the application load balancer.
    pub(in crate::diagnose) fn network_balancer(&mut self, groups: &[&str]) {
        self.balancer.kind = LoadBalancerKind::Network;
        self.balancer.security_groups = groups.iter().map(|id| (*id).to_owned()).collect();
        for node in &mut self.nodes {
            node.security_groups = self.balancer.security_groups.clone();
        }
        self.target_group.protocol = Some("TCP".to_owned());
        self.listeners[0].protocol = Some("TCP".to_owned());
    }

    pub(in crate::diagnose) fn case(&self) -> Case {
        let group = TargetGroupArn::from(GROUP);
        let balancer = LoadBalancerArn::from(BALANCER);
        let routing = LoadBalancerRouting {
            load_balancer: self.balancer.clone(),
            listeners: Known::Known(self.listeners.clone()),
        };
        let mut case = Case::new(self.service.clone())
            .at(self.now)
            .tasks(self.tasks.clone())
            .definition(self.definition.clone())
            .group(self.target_group.clone(), self.targets.clone())
            .with(
                Query::TargetGroupAttributes { target_group: group },
                Answer::TargetGroupAttributes(self.attributes.clone()),
            )
            .with(Query::Routing { load_balancer: balancer.clone() }, Answer::Routing(Box::new(routing)))
            .with(
                Query::LoadBalancerInterfaces { load_balancer: balancer },
                Answer::LoadBalancerInterfaces(self.nodes.clone()),
            )
            .with(Query::Vpc { vpc: "vpc-1".to_owned() }, Answer::Vpc(Box::new(self.vpc.clone())));
        let interfaces = case.facts().wanted_task_interfaces();
        case = case.with(Query::NetworkInterfaces { interfaces }, Answer::NetworkInterfaces(self.interfaces.clone()));
        let instances = case.facts().wanted_instances();
        case = case.with(Query::Instances { instances }, Answer::Instances(self.instances.clone()));
        for list in &self.prefix_lists {
            let query = Query::PrefixList { prefix_list: list.id.clone() };
            case = case.with(query, Answer::PrefixList(list.clone()));
        }
        let interfaces = wanted_endpoint_interfaces(&case.facts());
        if !interfaces.is_empty() {
            let of_endpoints =
                interfaces.iter().map(|id| interface(id, "subnet-a", "10.0.1.200", &["sg-vpce"])).collect();
            case = case.with(Query::NetworkInterfaces { interfaces }, Answer::NetworkInterfaces(of_endpoints));
        }
        case
    }
}
