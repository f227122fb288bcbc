//! What services are made from. A [`Blueprint`] says how a service is meant to be; the world builds it.
//!
//! ```
//! use ecsight::sim::{Blueprint, World};
//! let mut world = World::empty(7);
//! world.add_cluster("test");
//! world.add_service("test", &Blueprint::web("shop").tasks(3));
//! ```

use std::time::Duration;

use super::application::Application;
use super::construction::TASK_GROUP;
use super::ids::Ids;
use super::load_balancing::{HealthCheck, TrafficProtocol};
use super::moment::Moment;
use super::service::{CircuitBreaker, Controller, Launch};
use super::task_definition::{ContainerDefinition, ContainerSettings, NetworkMode, TaskDefinition};
use super::{ACCOUNT, REGION};

/// MiB of a container beside the main one.
const SIDECAR_MEMORY: u32 = 128;

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
    /// Whether the load balancer stands in the private subnets instead of the public ones.
    pub internal: bool,
    /// Zones (`a` or `eu-west-1a`) the load balancer is enabled in; empty means all of them.
    pub zones: Vec<String>,
    /// Security groups of the load balancer; absent means the usual one, and only a network load balancer can have none.
    /// Groups that are not there are made, and let in what clients need.
    pub security_groups: Option<Vec<String>>,
    /// Whether each node serves all zones; absent means as AWS has it: yes with application load balancers only.
    pub cross_zone: Option<bool>,
    /// How traffic reaches targets; absent means HTTP or TCP, as the load balancer is.
    pub protocol: Option<TrafficProtocol>,
    /// `Port` of the target group, where it is not the container's. Nothing ECS registers uses it.
    pub target_group_port: Option<u16>,
    /// Port of the container that the service registers, where it is not the one the application listens on.
    pub container_port: Option<u16>,
    /// How long new targets get less traffic.
    pub slow_start: Duration,
    /// Whether targets see the addresses of clients; absent means the default of the protocol and target type.
    pub preserve_client_ip: Option<bool>,
}

impl Front {
    /// An application load balancer that sends a host name's requests here and checks `/healthz`.
    pub fn application(load_balancer: &str, host: &str) -> Self {
        Self {
            load_balancer: load_balancer.to_owned(),
            network: false,
            hosts: vec![host.to_owned()],
            paths: Vec::new(),
            health_check: HealthCheck::http("/healthz"),
            deregistration_delay: Duration::from_secs(20),
            internal: false,
            zones: Vec::new(),
            security_groups: None,
            cross_zone: None,
            protocol: None,
            target_group_port: None,
            container_port: None,
            slow_start: Duration::ZERO,
            preserve_client_ip: None,
        }
    }

    /// A network load balancer that looks whether the port is open.
    pub fn network(load_balancer: &str) -> Self {
        Self {
            network: true,
            hosts: Vec::new(),
            health_check: HealthCheck::tcp(),
            deregistration_delay: Duration::from_secs(30),
            ..Self::application(load_balancer, "")
        }
    }

    /// The same with these security groups around the load balancer.
    #[must_use]
    pub fn guarded_by(mut self, groups: &[&str]) -> Self {
        self.security_groups = Some(groups.iter().map(|group| (*group).to_owned()).collect());
        self
    }
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
    /// Path that the container's own health check asks for on localhost, if it has one.
    pub container_check: Option<String>,
    /// What else its container definition says.
    pub container: ContainerSettings,
    /// Names of containers beside the main one, such as a log router.
    pub sidecars: Vec<String>,
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
        let front = Front::application("shared", &format!("{name}.example.com"));
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
            container_check: None,
            container: ContainerSettings::default(),
            sidecars: Vec::new(),
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

    /// The same behind what this makes of its front, if it has one.
    #[must_use]
    pub fn fronted(mut self, change: impl FnOnce(&mut Front)) -> Self {
        if let Some(front) = &mut self.front {
            change(front);
        }
        self
    }

    /// The same behind this.
    #[must_use]
    pub fn with_front(mut self, front: Front) -> Self {
        self.front = Some(front);
        self
    }

    /// The same with these security groups around its tasks. Groups that are not there are made, and let in what the load
    /// balancer sends.
    #[must_use]
    pub fn guarded_by(mut self, groups: &[&str]) -> Self {
        self.security_groups = groups.iter().map(|group| (*group).to_owned()).collect();
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

    /// The two revisions before, and when they were deployed.
    pub(crate) fn predecessors(&self, deployed_at: Moment) -> Vec<(u32, Moment)> {
        let day = Duration::from_hours(24);
        let deployed = [(2, day * 9 + day / 5), (1, day * 4 + day / 7)];
        let older = deployed.into_iter().filter_map(|(back, earlier)| {
            let revision = self.revision.checked_sub(back).filter(|revision| *revision > 0)?;
            Some((revision, deployed_at - earlier))
        });
        older.collect()
    }

    /// The same with a container health check of its own.
    #[must_use]
    pub fn checking_itself(mut self, path: &str) -> Self {
        self.container_check = Some(path.to_owned());
        self
    }

    /// The same with one more container.
    #[must_use]
    pub fn with_sidecar(mut self, name: &str) -> Self {
        self.sidecars.push(name.to_owned());
        self
    }

    pub(crate) fn definition(&self, revision: u32, registered_at: Moment, ids: &Ids) -> TaskDefinition {
        let network_mode = if self.launch == Launch::Ec2 { NetworkMode::Bridge } else { NetworkMode::Awsvpc };
        let secret = format!(
            "arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{}/database-url-{}",
            self.name,
            self.name.len() * 1009
        );
        let beside = u32::try_from(self.sidecars.len()).unwrap_or(0) * SIDECAR_MEMORY;
        let mut containers = vec![ContainerDefinition {
            name: self.name.clone(),
            image: format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{}:{revision}", self.name),
            memory: self.memory.saturating_sub(beside),
            environment: self.environment.clone(),
            secrets: vec![("DATABASE_URL".to_owned(), secret)],
            log_group: format!("/ecs/{}", self.name),
            check_path: self.container_check.clone(),
            application: self.application.clone(),
            settings: self.container.clone(),
        }];
        containers.extend(self.sidecars.iter().map(|name| ContainerDefinition {
            name: name.clone(),
            image: format!("public.ecr.aws/aws-observability/{name}:stable"),
            memory: SIDECAR_MEMORY,
            environment: Vec::new(),
            secrets: Vec::new(),
            log_group: format!("/ecs/{}", self.name),
            check_path: None,
            application: Application::worker(),
            settings: ContainerSettings::default(),
        }));
        TaskDefinition {
            arn: ids.ecs_arn(&format!("task-definition/{}:{revision}", self.family)),
            family: self.family.clone(),
            revision,
            network_mode,
            cpu: self.cpu,
            memory: self.memory,
            containers,
            registered_at,
        }
    }
}
