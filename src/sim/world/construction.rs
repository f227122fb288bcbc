//! Building worlds: clusters, hosts, security groups and services are added one by one, load balancers come with them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::account::Account;
use super::application::Listens;
use super::blueprint::{Blueprint, Front};
use super::container_instance::ContainerInstance;
use super::events::EventLog;
use super::ids::Ids;
use super::load_balancing::{
    Listener, LoadBalancer, LoadBalancerKind, LoadBalancing, Node, Rule, RuleAction, TargetGroup, TargetType,
    TrafficProtocol,
};
use super::moment::Moment;
use super::network::{Holder, Instance, Network, Peer, SecurityGroup, public_address};
use super::service::{DeploymentOptions, Launch, LoadBalancerBinding, Schedule, Service};
use super::task::Surroundings;
use super::task_definition::TaskDefinition;
use super::{ACCOUNT, Cluster, REGION, World};

/// Security group of load balancers made without further wishes.
pub(crate) const LOAD_BALANCER_GROUP: &str = "sg-0c41a7be2d95f3068";
/// Security group of tasks and hosts made without further wishes: lets the load balancers in.
pub(crate) const TASK_GROUP: &str = "sg-0e8f21d6b7a3940c5";

/// Between two steady state messages in the history of a service that begins settled.
const STEADY_STATE_MESSAGES: Duration = Duration::from_hours(6);

/// A pipeline takes about so long from one to the other.
const BETWEEN_REGISTRATION_AND_DEPLOYMENT: Duration = Duration::from_secs(95);

impl World {
    /// A world with a network (three zones, private and public subnets, NAT, two security groups) and nothing in it. Its time
    /// begins at [`Moment::MONDAY_NIGHT`].
    pub fn empty(seed: u64) -> Self {
        Self::starting_at(Moment::MONDAY_NIGHT, seed)
    }

    pub(crate) fn starting_at(now: Moment, seed: u64) -> Self {
        let mut ids = Ids::new(ACCOUNT, REGION, seed);
        let network = Network::standard(&mut ids);
        let mut world = Self {
            now,
            ahead: Duration::ZERO,
            told_later: Duration::ZERO,
            told_earlier: Duration::ZERO,
            ids,
            network,
            load_balancing: LoadBalancing::default(),
            clusters: Vec::new(),
            task_definitions: BTreeMap::new(),
            account: Account::default(),
            queries: Vec::new(),
            logs_cut_off: None,
        };
        let front = SecurityGroup::new(LOAD_BALANCER_GROUP).named("load-balancers");
        let front = front.letting_in(80..=80, Peer::anywhere()).letting_in(443..=443, Peer::anywhere());
        world.add_security_group(front);
        let tasks = SecurityGroup::new(TASK_GROUP).named("tasks");
        world.add_security_group(tasks.letting_in(0..=u16::MAX, Peer::group(LOAD_BALANCER_GROUP)));
        world
    }

    /// Adds an empty cluster.
    pub fn add_cluster(&mut self, name: &str) {
        let arn = self.ids.ecs_arn(&format!("cluster/{name}"));
        self.clusters.push(Cluster { name: name.to_owned(), arn, instances: Vec::new(), services: Vec::new() });
    }

    /// Adds an EC2 host with 2 vCPU and 7,680 MiB for tasks to a cluster, in the next zone.
    pub fn add_container_instance(&mut self, cluster: &str) {
        self.add_guarded_container_instance(cluster, &[TASK_GROUP]);
    }

    /// The same with these security groups around the host, and with it around its tasks in bridge mode.
    pub fn add_guarded_container_instance(&mut self, cluster: &str, security_groups: &[&str]) {
        let Some(place) = self.clusters.iter().position(|candidate| candidate.name == cluster) else { return };
        let private = self.private_subnets();
        let there = self.clusters.get(place).map_or(0, |cluster| cluster.instances.len());
        let Some((subnet, zone)) = private.get(there % private.len().max(1)).cloned() else { return };
        let groups: Vec<String> = security_groups.iter().map(|group| (*group).to_owned()).collect();
        let Some(address) = self.network.attach(&subnet, &groups, &mut self.ids) else { return };
        let id = self.ids.hex(32);
        let instance = ContainerInstance {
            arn: self.ids.ecs_arn(&format!("container-instance/{cluster}/{id}")),
            ec2_instance: format!("i-0{}", self.ids.hex(16)),
            zone,
            subnet,
            address,
            instance_type: "m5.large",
            registered_cpu: 2048,
            registered_memory: 7680,
            free_cpu: 2048,
            free_memory: 7680,
            ports: Vec::new(),
            registered_at: self.now - Duration::from_hours(30 * 24),
            agent_connected: true,
            draining: false,
        };
        if let Some(interface) = self.network.interface_mut(address) {
            interface.holder = Holder::Instance { id: instance.ec2_instance.clone() };
        }
        self.network.instances.push(Instance {
            id: instance.ec2_instance.clone(),
            kind: instance.instance_type,
            address,
            launched_at: instance.registered_at,
        });
        if let Some(cluster) = self.clusters.get_mut(place) {
            cluster.instances.push(instance);
        }
    }

    /// Identifiers and zones of the subnets of one kind.
    fn zoned_subnets(&self, public: bool) -> Vec<(String, String)> {
        let subnets = self.subnets(public).into_iter();
        subnets
            .filter_map(|id| Some((self.network.subnet(&id)?.zone.clone(), id)))
            .map(|(zone, id)| (id, zone))
            .collect()
    }

    pub(crate) fn private_subnets(&self) -> Vec<(String, String)> {
        self.zoned_subnets(false)
    }

    /// Makes the load balancer that leads to a service unless it is there; gives its ARN.
    fn load_balancer(&mut self, front: &Front, port: u16) -> String {
        let name = &front.load_balancer;
        if let Some(found) = self.load_balancing.load_balancer_named(name) {
            return found.arn.clone();
        }
        let (kind, letters) =
            if front.network { (LoadBalancerKind::Network, "net") } else { (LoadBalancerKind::Application, "app") };
        let groups = front.security_groups.clone().unwrap_or_else(|| vec![LOAD_BALANCER_GROUP.to_owned()]);
        let ports = if front.network { vec![port] } else { vec![80, 443] };
        for group in &groups {
            self.make_security_group(group, &ports, &[Peer::anywhere()]);
        }
        let suffix = format!("{letters}/{name}/{}", self.ids.hex(16));
        let mut nodes = Vec::new();
        let enabled = |zone: &String| {
            front.zones.is_empty()
                || front.zones.iter().any(|wanted| zone == wanted || zone.strip_prefix(REGION) == Some(wanted))
        };
        for (subnet, zone) in self.zoned_subnets(!front.internal).into_iter().filter(|(_, zone)| enabled(zone)) {
            let Some(address) = self.network.attach(&subnet, &groups, &mut self.ids) else { continue };
            if let Some(interface) = self.network.interface_mut(address) {
                interface.holder = Holder::LoadBalancer { suffix: suffix.clone(), kind };
                interface.public = (!front.internal).then(|| public_address(&interface.id));
            }
            nodes.push(Node { zone, subnet, address });
        }
        let arn = self.ids.elb_arn(&format!("loadbalancer/{suffix}"));
        let mut balancer = LoadBalancer {
            arn: arn.clone(),
            name: name.to_owned(),
            kind,
            vpc: self.vpc(),
            internal: front.internal,
            cross_zone: front.cross_zone.unwrap_or(!front.network),
            security_groups: groups,
            nodes,
            listeners: Vec::new(),
            created_at: self.now - Duration::from_hours(200 * 24),
        };
        if kind == LoadBalancerKind::Application {
            let http = listener(&suffix, 80, "HTTP", RuleAction::RedirectToHttps, &mut self.ids);
            let https = listener(&suffix, 443, "HTTPS", RuleAction::Fixed(404), &mut self.ids);
            balancer.listeners.extend([http, https]);
        }
        self.load_balancing.load_balancers.insert(arn.clone(), balancer);
        arn
    }

    /// Makes a security group that lets these peers in, unless there is one of this id.
    fn make_security_group(&mut self, id: &str, ports: &[u16], peers: &[Peer]) {
        if self.network.security_groups.contains_key(id) {
            return;
        }
        let ways = ports.iter().flat_map(|port| peers.iter().map(move |peer| (*port, peer.clone())));
        let group = ways.fold(SecurityGroup::new(id), |group, (port, peer)| group.letting_in(port..=port, peer));
        self.add_security_group(group);
    }

    /// Makes the security groups of a service's tasks unless they are there; they let in what its load balancer sends.
    fn make_task_groups(&mut self, blueprint: &Blueprint) {
        let mut ports: Vec<u16> = blueprint.application.sockets().map(|listens| listens.port).collect();
        let mut peers = Vec::new();
        if let Some(front) = &blueprint.front {
            ports.extend(front.health_check.port.into_iter().chain(front.container_port));
            let balancer = self.load_balancing.load_balancer_named(&front.load_balancer);
            peers
                .extend(balancer.iter().flat_map(|balancer| &balancer.security_groups).map(|group| Peer::group(group)));
            if peers.is_empty() {
                peers.extend(self.network.vpcs.first().map(|vpc| Peer::Cidr(vpc.net.into())));
            }
        }
        ports.sort_unstable();
        ports.dedup();
        for group in &blueprint.security_groups {
            self.make_security_group(group, &ports, &peers);
        }
    }

    /// A name that no other target group has, of the 32 characters AWS allows.
    fn target_group_name(&self, service: &str) -> String {
        let mut number = 1;
        loop {
            let ending = if number == 1 { "-tg".to_owned() } else { format!("-tg-{number}") };
            let name: String = service.chars().take(32 - ending.len()).chain(ending.chars()).collect();
            if self.load_balancing.target_group_named(&name).is_none() {
                return name;
            }
            number += 1;
        }
    }

    fn add_target_group(&mut self, blueprint: &Blueprint, front: &Front, listens: Listens) -> String {
        let balancer = self.load_balancer(front, listens.port);
        let usual = if front.network { TrafficProtocol::Tcp } else { TrafficProtocol::Http };
        let name = self.target_group_name(&blueprint.name);
        let suffix = self.ids.hex(16);
        let arn = self.ids.elb_arn(&format!("targetgroup/{name}/{suffix}"));
        self.load_balancing.target_groups.insert(
            arn.clone(),
            TargetGroup {
                arn: arn.clone(),
                name,
                target_type: if blueprint.launch == Launch::Ec2 { TargetType::Instance } else { TargetType::Ip },
                vpc: self.network.vpc_of(None).to_owned(),
                protocol: front.protocol.unwrap_or(usual),
                port: front.target_group_port.unwrap_or(listens.port),
                health_check: front.health_check.clone(),
                deregistration_delay: front.deregistration_delay,
                slow_start: front.slow_start,
                preserve_client_ip: front.preserve_client_ip,
                targets: BTreeMap::new(),
                load_balancer: Some(balancer.clone()),
                due: Moment::NEVER,
                changed: false,
                censuses: VecDeque::new(),
            },
        );
        if let Some(balancer) = self.load_balancing.load_balancers.get_mut(&balancer) {
            let suffix = balancer.arn.rsplit_once("loadbalancer/").map_or("", |(_, suffix)| suffix).to_owned();
            let forward = RuleAction::Forward(arn.clone());
            if front.network {
                balancer.listeners.push(listener(&suffix, listens.port, "TCP", forward, &mut self.ids));
            } else if let Some(https) = balancer.listeners.iter_mut().find(|listener| listener.port == 443) {
                https.rules.push(Rule {
                    arn: format!("{}/{}", https.arn.replace(":listener/", ":listener-rule/"), self.ids.hex(16)),
                    priority: u32::try_from(https.rules.len() + 1).unwrap_or(u32::MAX),
                    hosts: front.hosts.clone(),
                    paths: front.paths.clone(),
                    action: forward,
                });
            }
        }
        arn
    }

    /// Adds a service to a cluster that is there.
    pub fn add_service(&mut self, cluster: &str, blueprint: &Blueprint) {
        let Some(place) = self.clusters.iter().position(|candidate| candidate.name == cluster) else { return };
        let settled_for = blueprint.settled_for.unwrap_or_default();
        let deployed_at = self.now - settled_for;
        let mut bindings = Vec::new();
        if let (Some(front), Some(listens)) = (&blueprint.front, blueprint.application.listens) {
            let target_group = self.add_target_group(blueprint, front, listens);
            let container = blueprint.name.clone();
            let container_port = front.container_port.unwrap_or(listens.port);
            bindings.push(LoadBalancerBinding { target_group, container, container_port });
        }
        self.make_task_groups(blueprint);
        let on_fargate = blueprint.launch != Launch::Ec2;
        let private = self.private_subnets();
        let mut service = Service {
            name: blueprint.name.clone(),
            arn: self.ids.ecs_arn(&format!("service/{cluster}/{}", blueprint.name)),
            cluster: cluster.to_owned(),
            created_at: deployed_at - Duration::from_hours(120 * 24),
            controller: blueprint.controller,
            launch: blueprint.launch,
            subnets: if on_fargate { private.into_iter().map(|(id, _)| id).collect() } else { Vec::new() },
            security_groups: if on_fargate { blueprint.security_groups.clone() } else { Vec::new() },
            desired: blueprint.tasks,
            minimum_healthy_percent: blueprint.minimum_healthy_percent,
            maximum_percent: blueprint.maximum_percent,
            circuit_breaker: blueprint.circuit_breaker,
            options: DeploymentOptions::default(),
            protected: false,
            grace: blueprint.grace,
            bindings,
            deployments: Vec::new(),
            history: Vec::new(),
            revisions: Vec::new(),
            tasks: Vec::new(),
            stopped_tasks: VecDeque::new(),
            past: VecDeque::new(),
            events: EventLog::default(),
            schedule: Schedule { due: self.now, starts_after: deployed_at, ..Schedule::default() },
        };
        if blueprint.settled_for.is_some() {
            for (revision, deployed_at) in blueprint.predecessors(deployed_at) {
                self.deploy_blueprint(blueprint, revision, deployed_at, &mut service);
                service.completed_long_ago(deployed_at + Duration::from_mins(3));
            }
        }
        let definition = self.deploy_blueprint(blueprint, blueprint.revision, deployed_at, &mut service);
        let Some(cluster) = self.clusters.get_mut(place) else { return };
        if blueprint.settled_for.is_some() {
            let mut around = Surroundings {
                network: &mut self.network,
                load_balancing: &mut self.load_balancing,
                instances: &mut cluster.instances,
                account: &self.account,
                ids: &mut self.ids,
                now: self.now,
            };
            service.settle(&definition, deployed_at, &mut around);
        }
        cluster.services.push(service);
    }

    /// Registers a revision of the blueprint's task definition unless it is there, and deploys it.
    fn deploy_blueprint(
        &mut self,
        blueprint: &Blueprint,
        revision: u32,
        at: Moment,
        service: &mut Service,
    ) -> Arc<TaskDefinition> {
        let revisions = self.task_definitions.entry(blueprint.family.clone()).or_default();
        let known = revisions.iter().find(|definition| definition.revision == revision).cloned();
        let definition = known.unwrap_or_else(|| {
            let new = Arc::new(blueprint.definition(revision, at - BETWEEN_REGISTRATION_AND_DEPLOYMENT, &self.ids));
            revisions.push(Arc::clone(&new));
            new
        });
        service.deploy(Arc::clone(&definition), at, &mut self.ids);
        definition
    }

    pub(crate) fn ids(&mut self) -> &mut Ids {
        &mut self.ids
    }
}

impl Service {
    /// Makes the service what it would be if its deployment had come in at `deployed_at` and nothing had happened since.
    fn settle(&mut self, definition: &Arc<TaskDefinition>, deployed_at: Moment, around: &mut Surroundings<'_>) {
        let Some(primary) = self.primary().map(|primary| primary.id.clone()) else { return };
        for place in 0..self.desired {
            let subnet = self.subnets.get(place % self.subnets.len().max(1));
            let Ok(mut task) = self.new_task(&primary, definition, subnet, around) else { break };
            task.settle(&self.bindings, around);
            let created = deployed_at + around.ids.seconds(1, 40);
            task.created_at = created;
            task.pull_started_at = Some(created + Duration::from_secs(3));
            task.pull_stopped_at = Some(created + Duration::from_secs(8));
            task.started_at = Some(created + Duration::from_secs(11));
            self.tasks.push(task);
        }
        let completed_at = deployed_at + around.ids.seconds(90, 240);
        self.completed_long_ago(completed_at);
        self.say(completed_at, &format!("(deployment {primary}) deployment completed."), around.ids);
        // Older ones would fall out of the log again.
        let mut steady = completed_at.max(around.now - STEADY_STATE_MESSAGES * 100);
        loop {
            self.say(steady, "has reached a steady state.", around.ids);
            self.schedule.steady_told = Some(steady);
            steady = steady + STEADY_STATE_MESSAGES + around.ids.seconds(0, 40);
            if steady >= around.now {
                break;
            }
        }
        if self.launch == Launch::FargateSpot {
            self.schedule.next_interruption = around.now + around.ids.seconds(300, 900);
        }
    }
}

fn listener(balancer: &str, port: u16, protocol: &'static str, default: RuleAction, ids: &mut Ids) -> Listener {
    let id = ids.hex(16);
    let default_rule = ids.hex(16);
    Listener {
        arn: ids.elb_arn(&format!("listener/{balancer}/{id}")),
        port,
        protocol,
        default,
        rules: Vec::new(),
        default_rule_arn: ids.elb_arn(&format!("listener-rule/{balancer}/{id}/{default_rule}")),
    }
}
