//! Building worlds: clusters, services, load balancers and security groups are added one by one.
//!
//! ```
//! use ecsight::sim::{Blueprint, World};
//! let mut world = World::empty(7);
//! world.add_cluster("test");
//! world.add_service("test", &Blueprint::web("shop").tasks(3));
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use super::application::{Application, Listens};
use super::container_instance::ContainerInstance;
use super::events::EventLog;
use super::ids::Ids;
use super::load_balancing::{
    HealthCheck, Listener, LoadBalancer, LoadBalancerKind, LoadBalancing, Node, Rule, RuleAction, TargetGroup,
    TargetType,
};
use super::moment::Moment;
use super::network::{Network, Peer, SecurityGroup, Subnet};
use super::rollout::{Rollout, ServiceDeploymentStatus};
use super::service::{CircuitBreaker, Controller, Launch, LoadBalancerBinding, Schedule, Service};
use super::task::Surroundings;
use super::task_definition::{ContainerDefinition, NetworkMode, TaskDefinition};
use super::{ACCOUNT, Cluster, REGION, World};

/// Security group of load balancers made without further wishes.
pub(crate) const LOAD_BALANCER_GROUP: &str = "sg-0c41a7be2d95f3068";
/// Security group of tasks and hosts made without further wishes: lets the load balancers in.
pub(crate) const TASK_GROUP: &str = "sg-0e8f21d6b7a3940c5";

/// Between two steady state messages in the history of a service that begins settled.
const STEADY_STATE_MESSAGES: Duration = Duration::from_hours(6);

/// What leads to a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Front {
    /// Name of the load balancer; made when it is not there.
    pub load_balancer: String,
    /// A network load balancer instead of an application load balancer.
    pub network: bool,
    /// Host names of the listener rule.
    pub hosts: Vec<String>,
    /// Path patterns of the listener rule.
    pub paths: Vec<String>,
    /// How targets are checked.
    pub health_check: HealthCheck,
    /// How long targets drain.
    pub deregistration_delay: Duration,
}

/// What a service is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// Name of the service.
    pub name: String,
    /// Desired count.
    pub tasks: usize,
    /// Family of its task definition.
    pub family: String,
    /// Revision it runs.
    pub revision: u32,
    /// What runs in its container.
    pub application: Application,
    /// CPU units of a task.
    pub cpu: u32,
    /// MiB of a task.
    pub memory: u32,
    /// Environment of the container.
    pub environment: Vec<(String, String)>,
    /// Where tasks run.
    pub launch: Launch,
    /// Who rolls new revisions out.
    pub controller: Controller,
    /// Percent of desired that must stay healthy.
    pub minimum_healthy_percent: usize,
    /// Percent of desired that may run at once.
    pub maximum_percent: usize,
    /// The safety net of rollouts.
    pub circuit_breaker: CircuitBreaker,
    /// Health check grace period.
    pub grace: Duration,
    /// Security groups of its tasks.
    pub security_groups: Vec<String>,
    /// What leads to it, if anything.
    pub front: Option<Front>,
    /// How long it has run without trouble; absent for a service that is new and has to start its tasks.
    pub settled_for: Option<Duration>,
}

impl Blueprint {
    /// A healthy service of two tasks behind an application load balancer that it shares, settled for nine days.
    pub fn web(name: &str) -> Self {
        let front = Front {
            load_balancer: "shared".to_owned(),
            network: false,
            hosts: vec![format!("{name}.example.com")],
            paths: Vec::new(),
            health_check: HealthCheck::http("/healthz"),
            deregistration_delay: Duration::from_secs(20),
        };
        Self { application: Application::web(8080), front: Some(front), ..Self::worker(name) }
    }

    /// A healthy service of two tasks without load balancer, settled for nine days.
    pub fn worker(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            tasks: 2,
            family: name.to_owned(),
            revision: 5,
            application: Application::worker(),
            cpu: 512,
            memory: 1024,
            environment: vec![("LOG_LEVEL".to_owned(), "info".to_owned())],
            launch: Launch::Fargate,
            controller: Controller::Ecs,
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            circuit_breaker: CircuitBreaker { enable: true, rollback: true },
            grace: Duration::ZERO,
            security_groups: vec![TASK_GROUP.to_owned()],
            front: None,
            settled_for: Some(Duration::from_hours(9 * 24)),
        }
    }

    /// The same with this desired count.
    #[must_use]
    pub fn tasks(mut self, tasks: usize) -> Self {
        self.tasks = tasks;
        self
    }

    /// The same at this revision of this family.
    #[must_use]
    pub fn revision(mut self, family: &str, revision: u32) -> Self {
        family.clone_into(&mut self.family);
        self.revision = revision;
        self
    }

    /// The same running this application.
    #[must_use]
    pub fn running(mut self, application: Application) -> Self {
        self.application = application;
        self
    }

    /// The same with tasks of this size.
    #[must_use]
    pub fn sized(mut self, cpu: u32, memory: u32) -> Self {
        self.cpu = cpu;
        self.memory = memory;
        self
    }

    /// The same behind this load balancer.
    #[must_use]
    pub fn behind(mut self, load_balancer: &str) -> Self {
        if let Some(front) = &mut self.front {
            load_balancer.clone_into(&mut front.load_balancer);
        }
        self
    }

    /// The same checked like this.
    #[must_use]
    pub fn checked(mut self, health_check: HealthCheck) -> Self {
        if let Some(front) = &mut self.front {
            front.health_check = health_check;
        }
        self
    }

    /// The same, but new: its tasks have yet to start.
    #[must_use]
    pub fn unsettled(mut self) -> Self {
        self.settled_for = None;
        self
    }

    /// The same, settled since this long.
    #[must_use]
    pub fn settled(mut self, since: Duration) -> Self {
        self.settled_for = Some(since);
        self
    }

    /// The same, launched like this.
    #[must_use]
    pub fn launched(mut self, launch: Launch) -> Self {
        self.launch = launch;
        self
    }

    fn definition(&self, revision: u32, registered_at: Moment, ids: &Ids) -> TaskDefinition {
        let network_mode = if self.launch == Launch::Ec2 { NetworkMode::Bridge } else { NetworkMode::Awsvpc };
        let secret = format!(
            "arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{}/database-url-{}",
            self.name,
            self.name.len() * 1009
        );
        TaskDefinition {
            arn: ids.ecs_arn(&format!("task-definition/{}:{revision}", self.family)),
            family: self.family.clone(),
            revision,
            network_mode,
            cpu: self.cpu,
            memory: self.memory,
            containers: vec![ContainerDefinition {
                name: self.name.clone(),
                image: format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{}:{revision}", self.name),
                memory: self.memory,
                environment: self.environment.clone(),
                secrets: vec![("DATABASE_URL".to_owned(), secret)],
                log_group: format!("/ecs/{}", self.name),
                application: self.application.clone(),
            }],
            registered_at,
        }
    }
}

impl World {
    /// A world with a network (three zones, private and public subnets, two security groups) and nothing in it. Its time
    /// begins at [`Moment::MONDAY_NIGHT`].
    pub fn empty(seed: u64) -> Self {
        Self::starting_at(Moment::MONDAY_NIGHT, seed)
    }

    pub(crate) fn starting_at(now: Moment, seed: u64) -> Self {
        let mut ids = Ids::new(ACCOUNT, REGION, seed);
        let mut network = Network::new(format!("vpc-0{}", ids.hex(16)));
        for (place, letter) in (0_u8..).zip(["a", "b", "c"]) {
            let zone = format!("{REGION}{letter}");
            let private = Ipv4Addr::new(10, 0, place * 64, 0);
            let public = Ipv4Addr::new(10, 0, 192 + place * 16, 0);
            for (base, prefix) in [(private, 18), (public, 20)] {
                network.subnets.push(Subnet {
                    id: format!("subnet-0{}", ids.hex(16)),
                    zone: zone.clone(),
                    base,
                    prefix,
                });
            }
        }
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
        };
        let anyone = Peer::Cidr(Ipv4Addr::UNSPECIFIED, 0);
        let front =
            SecurityGroup::new(LOAD_BALANCER_GROUP).letting_in(80..=80, anyone.clone()).letting_in(443..=443, anyone);
        world.add_security_group(front);
        let from_front = Peer::Group(LOAD_BALANCER_GROUP.to_owned());
        world.add_security_group(SecurityGroup::new(TASK_GROUP).letting_in(0..=u16::MAX, from_front));
        world
    }

    /// Adds a security group, or replaces the one with the same id; packets obey it from now on.
    pub fn add_security_group(&mut self, group: SecurityGroup) {
        self.network.security_groups.insert(group.id.clone(), group);
    }

    /// Adds an empty cluster.
    pub fn add_cluster(&mut self, name: &str) {
        let arn = self.ids.ecs_arn(&format!("cluster/{name}"));
        self.clusters.push(Cluster { name: name.to_owned(), arn, instances: Vec::new(), services: Vec::new() });
    }

    /// Adds an EC2 host with 2 vCPU and 7,680 MiB for tasks to a cluster, in the next zone.
    pub fn add_container_instance(&mut self, cluster: &str) {
        let Some(place) = self.clusters.iter().position(|candidate| candidate.name == cluster) else { return };
        let private = self.private_subnets();
        let there = self.clusters.get(place).map_or(0, |cluster| cluster.instances.len());
        let Some((subnet, zone)) = private.get(there % private.len().max(1)).cloned() else { return };
        let Some(address) = self.network.attach(&subnet, &[TASK_GROUP.to_owned()], &mut self.ids) else { return };
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
        };
        if let Some(cluster) = self.clusters.get_mut(place) {
            cluster.instances.push(instance);
        }
    }

    fn subnets(&self, prefix: u8) -> Vec<(String, String)> {
        let subnets = self.network.subnets.iter().filter(|subnet| subnet.prefix == prefix);
        subnets.map(|subnet| (subnet.id.clone(), subnet.zone.clone())).collect()
    }

    fn private_subnets(&self) -> Vec<(String, String)> {
        self.subnets(18)
    }

    /// Makes the load balancer of this name unless it is there; gives its ARN.
    fn load_balancer(&mut self, name: &str, kind: LoadBalancerKind) -> String {
        if let Some(found) = self.load_balancing.load_balancer_named(name) {
            return found.arn.clone();
        }
        let (letters, groups) = match kind {
            LoadBalancerKind::Application => ("app", vec![LOAD_BALANCER_GROUP.to_owned()]),
            LoadBalancerKind::Network => ("net", vec![LOAD_BALANCER_GROUP.to_owned()]),
        };
        let suffix = format!("{letters}/{name}/{}", self.ids.hex(16));
        let mut nodes = Vec::new();
        for (subnet, zone) in self.subnets(20) {
            if let Some(address) = self.network.attach(&subnet, &groups, &mut self.ids) {
                nodes.push(Node { zone, subnet, address });
            }
        }
        let arn = self.ids.elb_arn(&format!("loadbalancer/{suffix}"));
        let mut balancer = LoadBalancer {
            arn: arn.clone(),
            name: name.to_owned(),
            kind,
            internal: false,
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
        let kind = if front.network { LoadBalancerKind::Network } else { LoadBalancerKind::Application };
        let balancer = self.load_balancer(&front.load_balancer, kind);
        let name = self.target_group_name(&blueprint.name);
        let suffix = self.ids.hex(16);
        let arn = self.ids.elb_arn(&format!("targetgroup/{name}/{suffix}"));
        self.load_balancing.target_groups.insert(
            arn.clone(),
            TargetGroup {
                arn: arn.clone(),
                name,
                target_type: if blueprint.launch == Launch::Ec2 { TargetType::Instance } else { TargetType::Ip },
                protocol: if front.network { "TCP" } else { "HTTP" },
                port: listens.port,
                health_check: front.health_check.clone(),
                deregistration_delay: front.deregistration_delay,
                targets: BTreeMap::new(),
                load_balancer: Some(balancer.clone()),
                due: Moment::NEVER,
                changed: false,
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
            bindings.push(LoadBalancerBinding { target_group, container, container_port: listens.port });
        }
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
            grace: blueprint.grace,
            bindings,
            deployments: Vec::new(),
            history: Vec::new(),
            revisions: Vec::new(),
            tasks: Vec::new(),
            stopped_tasks: VecDeque::new(),
            events: EventLog::default(),
            schedule: Schedule { due: self.now, starts_after: deployed_at, ..Schedule::default() },
        };
        let definition =
            Arc::new(blueprint.definition(blueprint.revision, deployed_at - Duration::from_secs(95), &self.ids));
        self.task_definitions.entry(blueprint.family.clone()).or_default().push(Arc::clone(&definition));
        service.deploy(Arc::clone(&definition), deployed_at, &mut self.ids);
        let Some(cluster) = self.clusters.get_mut(place) else { return };
        if blueprint.settled_for.is_some() {
            let mut around = Surroundings {
                network: &mut self.network,
                load_balancing: &mut self.load_balancing,
                instances: &mut cluster.instances,
                ids: &mut self.ids,
                now: self.now,
            };
            service.settle(&definition, deployed_at, &mut around);
        }
        cluster.services.push(service);
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
        if let Some(primary) = self.primary_mut() {
            primary.rollout = Rollout::Completed;
            primary.reason = format!("ECS deployment {} completed.", primary.id);
            primary.updated_at = completed_at;
        }
        if let Some(record) = self.history.first_mut() {
            record.status = ServiceDeploymentStatus::Successful;
            record.finished_at = Some(completed_at);
            record.updated_at = completed_at;
        }
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
