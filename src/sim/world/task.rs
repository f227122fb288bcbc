//! The life of a task.
//!
//! ```text
//!  PROVISIONING ─▶ PENDING ─▶ ACTIVATING ─▶ RUNNING ─▶ DEACTIVATING ─▶ STOPPING ─▶ DEPROVISIONING ─▶ STOPPED ─1 h─▶ gone
//!   interface      pull        register                 drain            SIGTERM     release
//! ```
//!
//! Each state knows when it ends; a task is only looked at when that time has come.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use super::account::Account;
use super::application::OnSigterm;
use super::container_instance::ContainerInstance;
use super::events::Happenings;
use super::ids::Ids;
use super::load_balancing::LoadBalancing;
use super::logs::HealthVisits;
use super::moment::Moment;
use super::network::{Network, Reply, Socket};
use super::service::{Blocked, LoadBalancerBinding};
use super::task_definition::TaskDefinition;

/// AWS keeps stopped tasks "at least" this long.
const STOPPED_TASKS_ARE_KEPT: Duration = Duration::from_hours(1);

/// `stopTimeout` where the task definition says nothing.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// What a container's own check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ContainerHealth {
    Healthy,
    Unknown,
    Unhealthy,
}

impl ContainerHealth {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Unknown => "UNKNOWN",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

/// Where a task lives.
#[derive(Clone, Debug)]
pub(crate) enum Seat {
    /// Its own network interface.
    Interface { eni: String, attachment: String, mac: String, subnet: String, address: Ipv4Addr },
    /// Ports of a host.
    Host { instance_arn: String, ec2_instance: String, address: Ipv4Addr, ports: Vec<HostPort> },
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct HostPort {
    pub(crate) container: u16,
    pub(crate) host: u16,
}

impl Seat {
    /// Where packets for a container's port go.
    pub(crate) fn endpoint(&self, port: u16) -> (Ipv4Addr, u16) {
        match self {
            Self::Interface { address, .. } => (*address, port),
            Self::Host { address, ports, .. } => {
                (*address, ports.iter().find(|binding| binding.container == port).map_or(port, |found| found.host))
            }
        }
    }
}

/// `stopCode` of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopCode {
    TaskFailedToStart,
    EssentialContainerExited,
    UserInitiated,
    ServiceSchedulerInitiated,
    SpotInterruption,
}

impl StopCode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::UserInitiated => "UserInitiated",
            Self::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
            Self::SpotInterruption => "SpotInterruption",
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Container {
    pub(crate) runtime_id: String,
    pub(crate) digest: String,
    pub(crate) running: bool,
    pub(crate) exit_code: Option<i32>,
    pub(crate) reason: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) definition: Arc<TaskDefinition>,
    /// The deployment or task set that started it.
    pub(crate) started_by: String,
    pub(crate) capacity_provider: Option<&'static str>,
    pub(crate) zone: String,
    pub(crate) seat: Seat,
    pub(crate) status: Status,
    /// When `status` ends by itself.
    pub(crate) due: Moment,
    pub(crate) containers: Vec<Container>,
    /// Target group and endpoint of each registration.
    pub(crate) registrations: Vec<(String, (Ipv4Addr, u16))>,
    pub(crate) stop: Option<(StopCode, String)>,
    /// Whether it counted as healthy at least once.
    pub(crate) was_healthy: bool,
    /// When the scheduler will stop it for failing its checks, unless it recovers.
    pub(crate) condemned_from: Option<Moment>,
    /// Whether the scheduler has seen that it stops.
    pub(crate) failure_noticed: bool,
    /// Who asked after its health while it lived; told once it is on its way down.
    pub(crate) visited: Option<Vec<HealthVisits>>,
    pub(crate) version: u32,
    pub(crate) created_at: Moment,
    pub(crate) pull_started_at: Option<Moment>,
    pub(crate) pull_stopped_at: Option<Moment>,
    pub(crate) started_at: Option<Moment>,
    pub(crate) stopping_at: Option<Moment>,
    pub(crate) execution_stopped_at: Option<Moment>,
    pub(crate) stopped_at: Option<Moment>,
}

/// What a task touches while it lives.
pub(crate) struct Surroundings<'a> {
    pub(crate) network: &'a mut Network,
    pub(crate) load_balancing: &'a mut LoadBalancing,
    pub(crate) instances: &'a mut [ContainerInstance],
    pub(crate) account: &'a Account,
    pub(crate) ids: &'a mut Ids,
    pub(crate) now: Moment,
}

impl Task {
    /// Whether the scheduler wants it to run.
    pub(crate) fn is_wanted(&self) -> bool {
        self.stop.is_none()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.status == Status::Running
    }

    pub(crate) fn is_starting(&self) -> bool {
        self.status < Status::Running
    }

    /// Moves on if the time has come.
    pub(crate) fn step(
        &mut self,
        bindings: &[LoadBalancerBinding],
        blocked: &[Blocked],
        around: &mut Surroundings<'_>,
        happenings: &mut Happenings,
    ) {
        while self.due <= around.now {
            self.version += 1;
            match self.status {
                Status::Provisioning => self.begin_pull(around),
                Status::Pending => self.start_containers(bindings, blocked, around),
                Status::Activating => self.run(bindings, around, happenings),
                Status::Running => self.end_by_itself(around, happenings),
                Status::Deactivating => self.send_sigterm(around),
                Status::Stopping => self.end_containers(around),
                Status::Deprovisioning => self.release(around),
                Status::Stopped => return,
            }
        }
    }

    /// Whether it has been stopped for so long that AWS forgot it.
    pub(crate) fn is_forgotten(&self, now: Moment) -> bool {
        self.stopped_at.is_some_and(|at| at + STOPPED_TASKS_ARE_KEPT <= now)
    }

    fn begin_pull(&mut self, around: &mut Surroundings<'_>) {
        self.status = Status::Pending;
        self.pull_started_at = Some(around.now);
        self.due = around.now + around.ids.seconds(3, 7);
    }

    fn start_containers(
        &mut self,
        bindings: &[LoadBalancerBinding],
        blocked: &[Blocked],
        around: &mut Surroundings<'_>,
    ) {
        let definition = Arc::clone(&self.definition);
        let now = around.now;
        if let Some((place, reason)) = self.start_failure(blocked, around) {
            if let Some(container) = place.and_then(|place| self.containers.get_mut(place)) {
                container.reason = Some(reason.clone());
            }
            self.stop = Some((StopCode::TaskFailedToStart, reason));
        }
        if self.stop.is_some() {
            self.stopping_at = Some(now);
            self.execution_stopped_at = Some(now);
            self.status = Status::Deprovisioning;
            self.due = now + around.ids.seconds(2, 4);
            return;
        }
        self.pull_stopped_at = Some(now);
        for (container, defined) in self.containers.iter_mut().zip(&definition.containers) {
            container.running = true;
            container.runtime_id = format!("{}-{}", self.id, around.ids.digits(10));
            container.digest = digest(defined.image());
            for listens in defined.application.sockets() {
                let (address, port) = self.seat.endpoint(listens.port);
                let socket = Socket {
                    // What runs since long ago has opened its port long ago.
                    opens_at: if self.was_healthy { now } else { now + defined.application.startup },
                    loopback_only: listens.loopback_only,
                    speech: defined.application.speech,
                    answers: defined.application.answers.clone(),
                };
                around.network.open(address, port, socket);
            }
        }
        self.status = Status::Activating;
        self.due = if bindings.is_empty() { now } else { now + around.ids.seconds(1, 3) };
    }

    fn run(&mut self, bindings: &[LoadBalancerBinding], around: &mut Surroundings<'_>, happenings: &mut Happenings) {
        self.status = Status::Running;
        self.started_at = Some(around.now);
        self.due = self.fate().map_or(Moment::NEVER, |(_, fate)| around.now + fate.after);
        for binding in bindings {
            let endpoint = self.seat.endpoint(binding.container_port);
            let id = match &self.seat {
                Seat::Interface { address, .. } => address.to_string(),
                Seat::Host { ec2_instance, .. } => ec2_instance.clone(),
            };
            let (group, now) = (&binding.target_group, around.now);
            around.load_balancing.register(group, endpoint, id, &self.zone, now, around.ids);
            self.registrations.push((group.clone(), endpoint));
            happenings.registered(group);
        }
    }

    /// The first end that a container of this task comes to by itself, with the container's place.
    pub(crate) fn fate(&self) -> Option<(usize, super::application::Fate)> {
        let fates = self.definition.containers.iter().enumerate();
        fates
            .filter_map(|(place, defined)| Some((place, defined.application.fate(defined.memory)?)))
            .min_by_key(|(_, fate)| fate.after)
    }

    fn end_by_itself(&mut self, around: &mut Surroundings<'_>, happenings: &mut Happenings) {
        let Some((place, fate)) = self.fate() else {
            self.due = Moment::NEVER;
            return;
        };
        self.remember_visits(around);
        if let Some(container) = self.containers.get_mut(place) {
            container.running = false;
            container.exit_code = Some(fate.exit_code);
            if fate.out_of_memory {
                container.reason = Some("OutOfMemoryError: Container killed due to memory usage".to_owned());
            }
        }
        self.close_sockets(around);
        self.ask_to_stop(StopCode::EssentialContainerExited, "Essential container in task exited", around, happenings);
    }

    /// Begins the way down: deregister, drain, SIGTERM.
    pub(crate) fn ask_to_stop(
        &mut self,
        code: StopCode,
        reason: &str,
        around: &mut Surroundings<'_>,
        happenings: &mut Happenings,
    ) {
        if self.stop.is_some() {
            return;
        }
        self.remember_visits(around);
        self.version += 1;
        self.stop = Some((code, reason.to_owned()));
        self.stopping_at = Some(around.now);
        let mut drained = around.now;
        for (group, endpoint) in &self.registrations {
            if let Some(until) = around.load_balancing.deregister(group, *endpoint, around.now) {
                drained = drained.max(until);
                happenings.deregistered(group);
            }
        }
        if self.is_starting() {
            self.status = Status::Stopping;
            self.due = around.now;
        } else {
            self.status = Status::Deactivating;
            self.due = drained;
        }
    }

    fn send_sigterm(&mut self, around: &mut Surroundings<'_>) {
        let patience = self
            .definition
            .containers
            .iter()
            .zip(&self.containers)
            .filter(|(defined, container)| container.running && defined.application.on_sigterm == OnSigterm::Ignore)
            .map(|(defined, _)| defined.settings.stop_timeout.unwrap_or(STOP_TIMEOUT))
            .max();
        self.status = Status::Stopping;
        self.due = around.now + patience.unwrap_or_else(|| around.ids.seconds(1, 3));
    }

    fn end_containers(&mut self, around: &mut Surroundings<'_>) {
        for (container, defined) in self.containers.iter_mut().zip(&self.definition.containers) {
            if container.running {
                container.running = false;
                container.exit_code = Some(match defined.application.on_sigterm {
                    OnSigterm::Exit(code) => code,
                    OnSigterm::Ignore => 137,
                });
            }
        }
        self.close_sockets(around);
        self.execution_stopped_at = Some(around.now);
        self.status = Status::Deprovisioning;
        self.due = around.now + around.ids.seconds(2, 5);
    }

    fn release(&mut self, around: &mut Surroundings<'_>) {
        match &self.seat {
            Seat::Interface { address, .. } => around.network.detach(*address),
            Seat::Host { instance_arn, ports, .. } => {
                if let Some(host) = around.instances.iter_mut().find(|instance| instance.arn == *instance_arn) {
                    host.release(&self.definition);
                    host.ports.retain(|port| !ports.iter().any(|binding| binding.host == *port));
                }
            }
        }
        self.status = Status::Stopped;
        self.stopped_at = Some(around.now);
        self.due = around.now + STOPPED_TASKS_ARE_KEPT;
    }

    fn close_sockets(&self, around: &mut Surroundings<'_>) {
        for listens in self.definition.containers.iter().flat_map(|defined| defined.application.sockets()) {
            let (address, port) = self.seat.endpoint(listens.port);
            around.network.close(address, port);
        }
    }

    fn remember_visits(&mut self, around: &Surroundings<'_>) {
        if self.visited.is_none() {
            self.visited = Some(self.visits(around.network, around.load_balancing, around.now));
        }
    }

    /// Starts it in the past, as if it had run since then without trouble.
    pub(crate) fn settle(&mut self, bindings: &[LoadBalancerBinding], around: &mut Surroundings<'_>) {
        let mut unheard = Happenings::default();
        self.was_healthy = true;
        while self.status < Status::Running {
            self.due = around.now;
            match self.status {
                Status::Provisioning => self.begin_pull(around),
                Status::Pending => self.start_containers(bindings, &[], around),
                _ => self.run(bindings, around, &mut unheard),
            }
        }
        for (group, endpoint) in &self.registrations {
            around.load_balancing.settle(group, *endpoint, around.now, around.ids);
        }
    }

    /// What the check of the container at this place says; absent where the task definition has none.
    pub(crate) fn container_health(&self, place: usize, network: &Network, now: Moment) -> Option<ContainerHealth> {
        let defined = self.definition.containers.get(place)?;
        let path = defined.check_path.as_ref()?;
        let began =
            self.pull_stopped_at.filter(|_| self.containers.get(place).is_some_and(|container| container.running));
        let Some(began) = began else { return Some(ContainerHealth::Unknown) };
        let settings = &defined.settings;
        let checks = now.since(began).as_secs() / settings.check_interval.as_secs().max(1);
        let counts = now.since(began) >= settings.check_start_period;
        let passes = defined.application.listens.is_some_and(|listens| {
            let reply = network.request_from_inside(self.seat.endpoint(listens.port), path, now);
            matches!(reply, Reply::Answered { status: 200..=399, .. })
        });
        Some(match (passes, checks) {
            (_, 0) => ContainerHealth::Unknown,
            (true, _) => ContainerHealth::Healthy,
            (false, failed) if counts && failed >= u64::from(settings.check_retries) => ContainerHealth::Unhealthy,
            (false, _) => ContainerHealth::Unknown,
        })
    }

    /// The worst of its containers' checks; unknown if there is none.
    pub(crate) fn own_health(&self, network: &Network, now: Moment) -> ContainerHealth {
        let checks = (0..self.containers.len()).filter_map(|place| self.container_health(place, network, now));
        checks.max().unwrap_or(ContainerHealth::Unknown)
    }

    /// Whether any of its containers has a check of its own.
    pub(crate) fn has_own_checks(&self) -> bool {
        self.definition.containers.iter().any(|defined| defined.check_path.is_some())
    }

    pub(crate) fn host_ports(&self) -> &[HostPort] {
        match &self.seat {
            Seat::Interface { .. } => &[],
            Seat::Host { ports, .. } => ports,
        }
    }
}

/// A digest that is always the same for the same image, in the usual shape.
fn digest(image: &str) -> String {
    let mut value: u64 = 0xcbf2_9ce4_8422_2325;
    let parts = (0..4_u8).map(|round| {
        for byte in image.bytes().chain([round]) {
            value = (value ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        format!("{value:016x}")
    });
    format!("sha256:{}", parts.collect::<String>())
}
