//! The simulated world: a pure state machine. It has no clock, no network and no threads; its owner moves its time, and the
//! same seed always makes the same world.
//!
//! ```text
//!   scheduler ──starts, stops──▶ tasks ──open sockets──▶ network
//!       ▲                          │ register               ▲ requests through the packet filter
//!       └──── healthy? ──── target groups ◀── results ── health checks of load balancers
//! ```
//!
//! Nothing that AWS would report is written down in advance. Applications behave, packets pass or are dropped, and states,
//! reasons and events follow from that.

mod account;
mod application;
mod blueprint;
mod change;
mod chatter;
mod construction;
mod container_instance;
mod demo;
mod events;
mod file;
mod generated;
mod health_check;
mod ids;
mod load_balancing;
mod logs;
mod metrics;
mod moment;
mod network;
#[cfg(test)]
mod network_scenarios;
mod queries;
mod reach;
mod rollout;
mod scaling;
mod scheduler;
mod service;
mod task;
mod task_definition;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use account::AlarmState;
pub(crate) use account::{Account, Alarm, AlarmWatch, CapacityProvider};
pub use application::{Answer, Application, End, Image, Listens, Log, Memory, OnSigterm, Speech};
pub use blueprint::{Blueprint, Front};
pub(crate) use change::{ChangeError, CheckPort, HealthCheckChange, ServiceChange};
pub(crate) use container_instance::ContainerInstance;
pub(crate) use events::Event;
pub use file::WorldFileError;
pub use load_balancing::{CheckProtocol, HealthCheck, TrafficProtocol};
pub(crate) use load_balancing::{
    Listener, LoadBalancer, LoadBalancerKind, LoadBalancing, Rule, RuleAction, TargetGroup,
};
pub(crate) use logs::{KEPT, Line};
pub(crate) use metrics::Metric;
pub use moment::Moment;
pub use network::{
    AclEntry, BlockMode, Dropped, EndpointKind, IpProtocol, Leg, NetworkAcl, Peer, Peering, Permission, PrefixList,
    PublicAccessBlock, Route, RouteDestination, RouteTable, RouteTarget, SecurityGroup, VpcEndpoint,
};
pub(crate) use network::{Gateways, Holder, Instance, Interface, Subnet, Vpc, id_of};
pub(crate) use queries::{LogQuery, Stand};
pub use reach::Destination;
pub(crate) use rollout::{Deployment, DeploymentStatus, ServiceDeployment, ServiceRevision};
pub(crate) use scaling::{ScalableTarget, ScalingActivity};
pub use service::{Blocked, CircuitBreaker, Controller, DeploymentOptions, Launch, Pause};
pub(crate) use service::{LoadBalancerBinding, Service};
pub(crate) use task::{Container, ContainerHealth, Seat, Status, Task};
pub use task_definition::ContainerSettings;
pub(crate) use task_definition::{ContainerDefinition, NetworkMode, TaskDefinition};

use ids::Ids;
use network::Network;
use task::Surroundings;

/// The world moves in ticks of this length.
const TICK: Duration = Duration::from_secs(1);

/// The account everything belongs to.
pub const ACCOUNT: &str = "111122223333";
/// The region everything is in.
pub const REGION: &str = "eu-west-1";

#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) instances: Vec<ContainerInstance>,
    pub(crate) services: Vec<Service>,
}

impl Cluster {
    /// By name or ARN.
    pub(crate) fn service(&self, name_or_arn: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name_or_arn || service.arn == name_or_arn)
    }

    pub(crate) fn tasks(&self) -> impl Iterator<Item = (&Service, &Task)> {
        self.services.iter().flat_map(|service| service.all_tasks().map(move |task| (service, task)))
    }
}

/// The simulated world.
#[derive(Clone, Debug)]
pub struct World {
    now: Moment,
    /// Time that has passed but does not fill a tick yet.
    ahead: Duration,
    /// What to add to world time to get the time that is told.
    told_later: Duration,
    told_earlier: Duration,
    ids: Ids,
    pub(crate) network: Network,
    pub(crate) load_balancing: LoadBalancing,
    pub(crate) clusters: Vec<Cluster>,
    /// By family, oldest revision first.
    pub(crate) task_definitions: BTreeMap<String, Vec<Arc<TaskDefinition>>>,
    pub(crate) account: Account,
    /// Queries of logs, oldest first.
    pub(crate) queries: Vec<LogQuery>,
    /// From when until when hosts did not reach CloudWatch Logs the last time.
    logs_cut_off: Option<(Moment, Moment)>,
}

impl World {
    /// Names of the clusters, the one that shows most first.
    pub fn cluster_names(&self) -> Vec<String> {
        self.clusters.iter().map(|cluster| cluster.name.clone()).collect()
    }

    /// The time it is in the world, as told.
    pub fn now(&self) -> Timestamp {
        self.told(self.now).timestamp()
    }

    /// World time as the world tells it: moved so that it fits the clock on the wall, see [`World::set_wall_clock`].
    pub(crate) fn told(&self, moment: Moment) -> Moment {
        moment + self.told_later - self.told_earlier
    }

    /// The other way round: the moment of the world that is told as this one.
    pub(crate) fn lived(&self, told: Moment) -> Moment {
        told + self.told_earlier - self.told_later
    }

    /// The present, as lived.
    pub(crate) fn lived_now(&self) -> Moment {
        self.now
    }

    /// The present, as told.
    pub(crate) fn told_now(&self) -> Moment {
        self.told(self.now + self.ahead)
    }

    /// When things were made of which no more is known, as told.
    pub(crate) fn told_beginning(&self) -> Moment {
        self.told(Moment::MONDAY_NIGHT - Duration::from_hours(365 * 24))
    }

    /// What the check of a task's container says; absent where the task definition has none.
    pub(crate) fn container_health(&self, task: &Task, place: usize) -> Option<ContainerHealth> {
        task.container_health(place, &self.network, self.now)
    }

    /// The worst of a task's containers' checks; unknown if it has none.
    pub(crate) fn task_health(&self, task: &Task) -> ContainerHealth {
        task.own_health(&self.network, self.now)
    }

    /// From now on tells times as if the present were `now`. What happens and when does not depend on it.
    pub fn set_wall_clock(&mut self, now: Timestamp) {
        let wall = Moment::from(now);
        self.told_later = wall.since(self.now);
        self.told_earlier = self.now.since(wall);
    }

    /// Lets time pass.
    pub fn advance(&mut self, by: Duration) {
        self.ahead += by;
        while self.ahead >= TICK {
            self.ahead -= TICK;
            self.tick();
        }
    }

    fn tick(&mut self) {
        self.now = self.now + TICK;
        let now = self.now;
        self.load_balancing.step(&self.network, now, &mut self.ids);
        let mut changed = BTreeSet::new();
        for group in self.load_balancing.target_groups.values_mut().filter(|group| group.changed) {
            group.changed = false;
            group.count(now);
            changed.insert(group.arn.clone());
        }
        for cluster in &mut self.clusters {
            let mut around = Surroundings {
                network: &mut self.network,
                load_balancing: &mut self.load_balancing,
                instances: &mut cluster.instances,
                account: &self.account,
                ids: &mut self.ids,
                now,
            };
            for service in &mut cluster.services {
                if !changed.is_empty() && service.bindings.iter().any(|binding| changed.contains(&binding.target_group))
                {
                    service.schedule.due = now;
                }
                service.step(&mut around);
            }
        }
    }

    /// By name or ARN.
    pub(crate) fn cluster(&self, name_or_arn: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name == name_or_arn || cluster.arn == name_or_arn)
    }

    /// By ARN, `family:revision`, or `family` for the newest.
    pub(crate) fn task_definition(&self, name_or_arn: &str) -> Option<&Arc<TaskDefinition>> {
        let name = name_or_arn.rsplit_once("task-definition/").map_or(name_or_arn, |(_, name)| name);
        match name.split_once(':') {
            None => self.task_definitions.get(name)?.last(),
            Some((family, revision)) => {
                let revision: u32 = revision.parse().ok()?;
                self.task_definitions.get(family)?.iter().find(|definition| definition.revision == revision)
            }
        }
    }
}
