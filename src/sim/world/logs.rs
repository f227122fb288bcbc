//! What containers write. Nothing of it is kept: each line follows from when the container started, from what its
//! application does, and from who asked after its health.

use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
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

/// Log groups keep what was written for so long.
pub(crate) const KEPT: Duration = Duration::from_hours(24 * 365);

/// What is written all day is told so far back; nobody reads millions of lines.
const CHATTER_KEPT: Duration = Duration::from_hours(24);

/// The nodes of a load balancer do not ask at the same moment.
const BETWEEN_NODES: Duration = Duration::from_millis(730);

/// Older checks of one target are not told; nobody reads that far back.
const CHECKS_TOLD: usize = 240;

/// The driver of a container gathers lines for so long at most before it sends them.
const GATHERED: Duration = Duration::from_millis(1_500);

/// One line of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) at: Moment,
    pub(crate) text: String,
    /// When CloudWatch took it.
    pub(crate) taken_in: Moment,
}

/// What a container wrote, and when.
type Written = (Moment, String);

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
    fn lines(&self, told: impl Fn(Moment) -> Moment) -> Vec<Written> {
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
            lines.push((at, text));
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

    /// Between the writing of a line and its being taken in; each task has its own pace.
    fn gathers(&self) -> Duration {
        let longest = u64::try_from(GATHERED.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(300 + self.voice() % (longest - 300))
    }

    fn voice(&self) -> u64 {
        self.id
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    fn lines_of(&self, place: usize, defined: &ContainerDefinition, chatter: RangeInclusive<Moment>) -> Vec<Written> {
        let Some(start) = self.pull_stopped_at else { return Vec::new() };
        let application = &defined.application;
        let mut lines = Vec::new();
        let mut write = |at: Moment, text: String| lines.push((at, text));
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
        if let Some(all_day) = application.log.chatter {
            lines.extend(all_day.lines(start + application.startup, chatter, self.voice()));
        }
        let Some((end, by_itself)) = self.end() else { return lines };
        lines.retain(|(at, _)| *at <= end);
        let container = self.containers.get(place);
        let its_own_end = self.fate().filter(|(fated, _)| *fated == place && by_itself);
        let code = container.and_then(|container| container.exit_code);
        match (its_own_end, code) {
            // What the kernel kills has no time for last words.
            (Some((_, fate)), _) if fate.out_of_memory => {}
            (Some(_), Some(code)) if application.log.last_words.is_empty() => {
                lines.push((end, format!("fatal: exiting with code {code}")));
            }
            (Some(_), Some(_)) => {
                lines.extend(application.log.last_words.iter().map(|text| (end, text.clone())));
            }
            (None, Some(_)) if matches!(application.on_sigterm, OnSigterm::Exit(_)) => {
                lines.push((end - Duration::from_secs(1), "SIGTERM received, shutting down".to_owned()));
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

    /// What is there of a container's log, oldest first.
    pub(crate) fn log(&self, task: &Task, place: usize) -> Vec<Line> {
        self.log_of(task, place, self.now - KEPT..=self.now)
    }

    /// When the first and the last line were written that are there.
    pub(crate) fn ends_of_log(&self, task: &Task, place: usize) -> (Option<Moment>, Option<Moment>) {
        let start = task.pull_stopped_at.unwrap_or(self.now);
        let near = Duration::from_mins(5);
        let at = |lines: Vec<Line>, last: bool| {
            let line = if last { lines.into_iter().next_back() } else { lines.into_iter().next() };
            line.map(|line| line.at)
        };
        let part = |period: RangeInclusive<Moment>| self.log_of(task, place, period);
        let first = at(part(start..=start + near), false).or_else(|| at(self.log(task, place), false));
        let last = at(part(self.now - near..=self.now), true).or_else(|| at(self.log(task, place), true));
        (first, last)
    }

    /// From now on no host reaches CloudWatch Logs: what containers write is kept until [`World::connect_logs`].
    pub fn cut_off_logs(&mut self) {
        self.logs_cut_off = Some((self.now, Moment::NEVER));
    }

    /// Hosts reach CloudWatch Logs again, and send what they kept.
    pub fn connect_logs(&mut self) {
        self.logs_cut_off = self.logs_cut_off.map(|(from, until)| (from, until.min(self.now)));
    }

    /// What CloudWatch took in of a container's log after one moment and up to another, oldest first.
    pub(crate) fn taken_in(&self, task: &Task, place: usize, after: Moment, until: Moment) -> Vec<Line> {
        let kept_since =
            self.logs_cut_off.filter(|(_, again)| *again >= after).map_or(after, |(from, _)| from.min(after));
        let mut lines = self.log_of(task, place, kept_since - GATHERED..=until);
        lines.retain(|line| line.taken_in > after && line.taken_in <= until);
        lines
    }

    /// What a container wrote in a stretch of time, as far as CloudWatch has taken it in, oldest first.
    pub(crate) fn log_of(&self, task: &Task, place: usize, period: RangeInclusive<Moment>) -> Vec<Line> {
        let Some(defined) = task.definition.containers.get(place) else { return Vec::new() };
        let of_day = (self.now - CHATTER_KEPT).max(*period.start())..=*period.end();
        let mut lines = task.lines_of(place, defined, of_day);
        if defined.application.log.access && defined.application.listens.is_some() {
            let current = || task.visits(&self.network, &self.load_balancing, self.now);
            let visits = task.visited.clone().unwrap_or_else(current);
            lines.extend(visits.iter().flat_map(|visits| visits.lines(|at| self.told(at))));
        }
        // What it gathered goes out when it ends.
        let end = task.end().map_or(Moment::NEVER, |(end, _)| end);
        let gathers = task.gathers();
        let taken_in = |at: Moment| {
            let sent = (at + gathers).min(end.max(at));
            let cut_off = self.logs_cut_off.filter(|(from, until)| (*from..*until).contains(&sent));
            cut_off.map_or(sent, |(_, until)| until)
        };
        lines.retain(|(at, _)| period.contains(at) && taken_in(*at) <= self.now);
        lines.sort_by_key(|(at, _)| *at);
        lines.into_iter().map(|(at, text)| Line { at, text, taken_in: taken_in(at) }).collect()
    }
}
