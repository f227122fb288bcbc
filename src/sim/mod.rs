//! A simulated AWS. It imports nothing of the rest of the program: it is the other opinion.
//!
//! [`World`] is a small world with physics: applications that answer, crash and leak, load balancers that check them,
//! security groups that drop packets, a scheduler that starts and stops tasks. [`Simulator`] serves a world on loopback in
//! AWS's own protocols, so that every client that speaks to AWS can speak to it.

mod server;
mod world;

use std::time::Duration;

pub use server::{Clock, Fault, FaultKind, FaultSyntaxError, Injection, Simulator, SimulatorError};
pub use world::{
    ACCOUNT, AlarmState, Answer, Application, Blocked, Blueprint, CheckProtocol, CircuitBreaker, ContainerSettings,
    Controller, DeploymentOptions, Destination, End, Front, HealthCheck, Image, Launch, Listens, Log, Memory, Moment,
    OnSigterm, Pause, REGION, Speech, TrafficProtocol, World, WorldFileError,
};
pub use world::{
    AclEntry, BlockMode, Dropped, EndpointKind, IpProtocol, Leg, NetworkAcl, Peer, Peering, Permission, PrefixList,
    PublicAccessBlock, Route, RouteDestination, RouteTable, RouteTarget, SecurityGroup, VpcEndpoint,
};

/// What the command line can ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Seed of everything random.
    pub seed: u64,
    /// A generated world of so many services, instead of the demo's.
    pub services: Option<usize>,
    /// How many clusters they are spread over; one if absent.
    pub clusters: Option<usize>,
    /// Every answer takes at least this long.
    pub latency: Duration,
    /// Seconds of the world in one second on the wall.
    pub speed: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, services: None, clusters: None, latency: Duration::ZERO, speed: 1.0 }
    }
}

impl Options {
    /// The world asked for.
    pub fn world(&self) -> World {
        World::generated(self)
    }

    /// The clock asked for.
    pub fn clock(&self) -> Clock {
        Clock::Real { speed: self.speed }
    }
}

impl World {
    /// The demo's world, or a world of as many services as the options say.
    pub fn generated(options: &Options) -> Self {
        match options.services {
            Some(services) => Self::of_size(options.seed, services, options.clusters.unwrap_or(1)),
            None => Self::demo(options.seed),
        }
    }
}
