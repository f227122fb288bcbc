//! What containers write. Nothing of it is kept: each line follows from when the container started, from what its
//! application does, and from who asked after its health.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::World;
use super::application::OnSigterm;
use super::load_balancing::LoadBalancing;
use super::load_balancing::{CheckProtocol, HealthCheck};
use super::moment::Moment;
use super::network::{Network, Reply, Request};
use super::task::{StopCode, Task};
use super::task_definition::ContainerDefinition;

/// A start that takes longer is worth a line.
const SLOW_START: Duration = Duration::from_secs(5);

/// Between the start of a task and the first check of its target.
const UNTIL_THE_FIRST_CHECK: Duration = Duration::from_secs(5);

/// The nodes of a load balancer do not ask at the same moment.
const BETWEEN_NODES: Duration = Duration::from_millis(730);

/// Older checks of one target are not told; nobody reads that far back.
const CHECKS_TOLD: usize = 240;

/// One line of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) at: Moment,
    pub(crate) text: String,
}

/// That a node of a load balancer asked after a task's health, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HealthVisits {
    from: Ipv4Addr,
    path: String,
    status: u16,
    first: Moment,
    every: Duration,
    last: Moment,
}

impl HealthVisits {
    fn lines(&self, told: impl Fn(Moment) -> Moment) -> Vec<Line> {
        let every = self.every.max(Duration::from_secs(1));
        let count = usize::try_from(self.last.since(self.first).as_secs() / every.as_secs()).unwrap_or(0) + 1;
        let skipped = u32::try_from(count.saturating_sub(CHECKS_TOLD)).unwrap_or(u32::MAX);
        let mut at = self.first + every * skipped;
        let mut lines = Vec::new();
        while at <= self.last {
            let when = told(at).timestamp().strftime("%d/%b/%Y:%H:%M:%S +0000").to_string();
            let (from, path, status) = (self.from, &self.path, self.status);
            let text =
                format!("{from} - - [{when}] \"GET {path} HTTP/1.1\" {status} 31 \"-\" \"ELB-HealthChecker/2.0\"");
            lines.push(Line { at, text });
            at = at + every;
        }
        lines
    }
}

impl Task {
    /// Who asks after the health of this task up to now, and is heard by its application.
    pub(crate) fn visits(&self, network: &Network, load_balancing: &LoadBalancing, now: Moment) -> Vec<HealthVisits> {
        let Some(started) = self.started_at else { return Vec::new() };
        let of_registration = |(group, (address, port)): &(String, (Ipv4Addr, u16))| {
            let group = load_balancing.target_groups.get(group)?;
            let balancer = load_balancing.load_balancers.get(group.load_balancer.as_ref()?)?;
            let settings = &group.health_check;
            let to = (*address, settings.port.unwrap_or(*port));
            let of_node = |(place, node): (u32, &super::load_balancing::Node)| {
                let request = Request::Get { path: &settings.path, tls: settings.protocol == CheckProtocol::Https };
                let reply = network.request(node.address, to, request, now);
                let first = self.opened_at().max(started + UNTIL_THE_FIRST_CHECK) + BETWEEN_NODES * place;
                self.visit(node.address, settings, reply, first, now)
            };
            let nodes = balancer.nodes.iter().filter(|_| settings.protocol != CheckProtocol::Tcp);
            Some((0..).zip(nodes).filter_map(of_node).collect::<Vec<_>>())
        };
        self.registrations.iter().filter_map(of_registration).flatten().collect()
    }

    fn visit(
        &self,
        from: Ipv4Addr,
        settings: &HealthCheck,
        reply: Reply,
        first: Moment,
        last: Moment,
    ) -> Option<HealthVisits> {
        let Reply::Answered { status, .. } = reply else { return None };
        let (path, every) = (settings.path.clone(), settings.interval);
        (first <= last && self.pull_stopped_at.is_some()).then_some(HealthVisits {
            from,
            path,
            status,
            first,
            every,
            last,
        })
    }

    /// When the last of its applications opened its port.
    fn opened_at(&self) -> Moment {
        let listening = self.definition.containers.iter().filter(|defined| defined.application.listens.is_some());
        let startup = listening.map(|defined| defined.application.startup).max().unwrap_or_default();
        self.pull_stopped_at.unwrap_or(self.created_at) + startup
    }

    /// When its containers ended, and whether by themselves.
    fn end(&self) -> Option<(Moment, bool)> {
        let by_itself = matches!(&self.stop, Some((StopCode::EssentialContainerExited, _)));
        let at = if by_itself { self.stopping_at } else { self.execution_stopped_at };
        at.map(|at| (at, by_itself))
    }

    fn lines_of(&self, place: usize, defined: &ContainerDefinition) -> Vec<Line> {
        let Some(start) = self.pull_stopped_at else { return Vec::new() };
        let application = &defined.application;
        let mut lines = Vec::new();
        let mut write = |at: Moment, text: String| lines.push(Line { at, text });
        let (name, revision) = (&defined.name, self.definition.revision);
        write(start + Duration::from_millis(200), format!("starting {name}, revision {revision}"));
        if let Some(listens) = application.listens {
            let address = if listens.loopback_only { "127.0.0.1" } else { "0.0.0.0" };
            let open = start + application.startup;
            write(open, format!("Listening on http://{address}:{}", listens.port));
            if application.startup >= SLOW_START {
                write(open, format!("started in {} s", application.startup.as_secs()));
            }
        }
        for (after, text) in &application.log.lines {
            write(start + *after, text.clone());
        }
        let Some((end, by_itself)) = self.end() else { return lines };
        lines.retain(|line| line.at <= end);
        let container = self.containers.get(place);
        let its_own_end = self.fate().filter(|(fated, _)| *fated == place && by_itself);
        let code = container.and_then(|container| container.exit_code);
        match (its_own_end, code) {
            // What the kernel kills has no time for last words.
            (Some((_, fate)), _) if fate.out_of_memory => {}
            (Some(_), Some(code)) if application.log.last_words.is_empty() => {
                lines.push(Line { at: end, text: format!("fatal: exiting with code {code}") });
            }
            (Some(_), Some(_)) => {
                lines.extend(application.log.last_words.iter().map(|text| Line { at: end, text: text.clone() }));
            }
            (None, Some(_)) if matches!(application.on_sigterm, OnSigterm::Exit(_)) => {
                lines.push(Line {
                    at: end - Duration::from_secs(1),
                    text: "SIGTERM received, shutting down".to_owned(),
                });
            }
            _ => {}
        }
        lines
    }
}

impl World {
    /// Whether there is a log group of this name.
    pub(crate) fn has_log_group(&self, name: &str) -> bool {
        self.log_groups().any(|group| group == name)
    }

    /// Names of the log groups, sorted.
    pub(crate) fn log_groups(&self) -> impl Iterator<Item = &str> {
        let definitions = self.task_definitions.values().flatten();
        let groups = definitions.flat_map(|definition| &definition.containers).map(ContainerDefinition::log_group);
        let there = groups.filter(|group| !self.account.missing_log_groups.contains(*group));
        there.collect::<std::collections::BTreeSet<_>>().into_iter()
    }

    /// Names of the streams of a log group with the task and the container that write to them.
    pub(crate) fn log_streams<'a>(&'a self, group: &'a str) -> impl Iterator<Item = (String, &'a Task, usize)> {
        let tasks = self.clusters.iter().flat_map(super::Cluster::tasks).map(|(_, task)| task);
        let started = tasks.filter(|task| task.pull_stopped_at.is_some());
        started.flat_map(move |task| {
            let containers = task.definition.containers.iter().enumerate();
            let here = containers.filter(move |(_, defined)| defined.log_group() == group);
            here.map(move |(place, defined)| (format!("ecs/{}/{}", defined.name, task.id), task, place))
        })
    }

    /// What a container has written up to now, oldest first.
    pub(crate) fn log(&self, task: &Task, place: usize) -> Vec<Line> {
        let Some(defined) = task.definition.containers.get(place) else { return Vec::new() };
        let mut lines = task.lines_of(place, defined);
        if defined.application.log.access && defined.application.listens.is_some() {
            let current = || task.visits(&self.network, &self.load_balancing, self.now);
            let visits = task.visited.clone().unwrap_or_else(current);
            lines.extend(visits.iter().flat_map(|visits| visits.lines(|at| self.told(at))));
        }
        lines.retain(|line| line.at <= self.now);
        lines.sort_by_key(|line| line.at);
        lines
    }
}
