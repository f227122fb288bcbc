//! Health checks that get no answer or no connection: the decision tree of catalogue 3.4 below the codes (10 to 18, 42, 43, 45
//! and 113). What the network drops is reported by the rules of the network, which know the rule that drops it.
//!
//! ```text
//!  silence ─▶ blocked: the network's   unknown: 13   open: busy 11, seen in the log 10, logs block 113, else 12
//!  refusal ─▶ wrong port 15, protocol 16, loopback 17, other port 18, HTTP/2 45, else 14
//! ```

use jiff::SignedDuration;

use super::failing::{Balancer, Checks, Said, runs};
use super::lines::{self, Bind};
use super::logs::Journal;
use super::report::{Lot, subnet};
use super::timing::is_young;
use crate::diagnose::network::Verdict;
use crate::diagnose::scene::Place;
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;

/// Health checks in a log count when they are as young as this, or as two intervals.
const SEEN: i64 = 300;

/// From here on a task is busy, in percent.
const BUSY: f64 = 95.0;

/// A log that is empty this long after the start of its task does not get through.
const SILENT_LOG: SignedDuration = SignedDuration::from_mins(2);

/// Why a check gets no connection or no answer.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(super) enum Cause {
    /// UDP is checked by TCP.
    Udp,
    /// The check goes to a port the task has not.
    WrongPort { port: u16, dynamic: bool, only_silence: bool },
    /// The application wants TLS and gets plain HTTP, or the reverse.
    Protocol { wants_tls: bool },
    /// TLS of another age.
    OldTls,
    /// Bound to the loopback interface, by address or by name.
    Loopback { port: u16, by_name: bool },
    /// It listens elsewhere.
    OtherPort { port: u16 },
    /// HTTP/2 is spoken to it.
    Http2,
    /// Refused, nobody knows why.
    Refused,
    /// The network could not be checked.
    Unverified,
    /// No CPU left.
    Busy { percent: f64 },
    /// Requests arrive and are not answered in time.
    Slow,
    /// Its log may block it.
    BlockingLog,
    /// Nothing answers although packets get through.
    Silent,
}

impl Cause {
    /// Whether time may heal it: nothing is proven against it but that nobody answers yet.
    pub(super) const fn may_be_start(&self) -> bool {
        matches!(self, Self::Http2 | Self::Refused | Self::Unverified | Self::Silent | Self::Slow | Self::BlockingLog)
    }
}

/// Why targets do not answer, targets with the same cause together. What the network drops is not among them. What may only
/// need time is told apart by place, so that each can be excused.
pub(super) fn causes<'s, 'a>(checks: &Checks<'s, 'a>) -> Vec<(Cause, Lot<'s, 'a>)> {
    let mut causes: Vec<(Cause, bool, Lot<'s, 'a>)> = Vec::new();
    for (said, lot) in checks.said() {
        if !matches!(said, Said::Silence | Said::Refusal) {
            continue;
        }
        let place = lot.places.first().copied();
        let Some(cause) = cause(checks, &said, place) else { continue };
        let young = place.is_some_and(|place| is_young(checks, place));
        match causes.iter_mut().find(|(known, of, _)| *known == cause && *of == young) {
            Some((_, _, known)) => {
                known.places.extend(lot.places);
                known.heard.extend(lot.heard);
            }
            None => causes.push((cause, young, lot)),
        }
    }
    causes.into_iter().map(|(cause, _, lot)| (cause, lot)).collect()
}

fn cause(checks: &Checks<'_, '_>, said: &Said, place: Option<&Place<'_>>) -> Option<Cause> {
    let network = checks.balancer() == Balancer::Network;
    let path = place.map_or(Verdict::Unknown, |place| place.check_path);
    let task = place.and_then(|place| place.task);
    // The exit of the container is the cause, and it is reported as such.
    if task.is_some_and(|task| !runs(task, checks.container())) {
        return None;
    }
    let dropped = matches!(path, Verdict::Blocked | Verdict::Partial);
    if dropped && (*said == Said::Silence || network) {
        return None;
    }
    if let Some(proven) = configured(checks, said, place) {
        return Some(proven);
    }
    if *said == Said::Refusal
        && let Some(proven) = logged(checks, place)
    {
        return Some(proven);
    }
    if path == Verdict::Blocked {
        return None;
    }
    if *said == Said::Silence || network {
        let seen = seen(checks, place, path);
        if path == Verdict::Unknown && !seen && !place.is_some_and(|place| has_healthy_peer(checks, place)) {
            return place.map(|_| Cause::Unverified);
        }
        if *said == Said::Silence {
            return Some(no_answer(checks, task, seen));
        }
        let http =
            checks.check().and_then(|check| check.protocol.as_deref()).is_some_and(|one| one.starts_with("HTTP"));
        if seen && http {
            return Some(Cause::Slow);
        }
    }
    let version = checks.settings().and_then(|settings| settings.protocol_version.as_deref());
    Some(if matches!(version, Some("HTTP2" | "GRPC")) { Cause::Http2 } else { Cause::Refused })
}

/// What follows from how target group and task are configured.
fn configured(checks: &Checks<'_, '_>, said: &Said, place: Option<&Place<'_>>) -> Option<Cause> {
    let settings = checks.settings();
    let definition = place
        .and_then(|place| place.task)
        .and_then(|task| checks.definition_of(task))
        .or_else(|| checks.scene.definition());
    let protocol = settings.and_then(|settings| settings.protocol.as_deref()).unwrap_or_default();
    if matches!(protocol, "UDP" | "TCP_UDP" | "QUIC" | "TCP_QUIC")
        && checks.fixed_port().is_none()
        && definition.is_some_and(|definition| is_udp_only(checks, definition))
    {
        return Some(Cause::Udp);
    }
    let place = place?;
    let port = place.check_port()?;
    let fixed = match checks.check() {
        Some(_) => checks.fixed_port().is_some(),
        None => place.target.port.is_some_and(|traffic| traffic != port),
    };
    if !fixed || *said == Said::Silence && checks.balancer() != Balancer::Network && !is_dynamic(checks, definition) {
        return None;
    }
    let ports = ports(definition?, place.task?)?;
    let served = ports.contains(&port)
        || checks
            .journals_like(place.task)
            .any(|journal| journal.listening().any(|(listening, _)| listening.port == Some(port)));
    let (dynamic, only_silence) = (is_dynamic(checks, definition), *said == Said::Silence);
    (!served).then_some(Cause::WrongPort { port, dynamic, only_silence })
}

fn is_udp_only(checks: &Checks<'_, '_>, definition: &TaskDefinition) -> bool {
    let wanted = checks.group.binding.and_then(|binding| binding.container_port);
    let containers = definition.containers.iter();
    let of_group = containers.filter(|one| checks.container().is_none_or(|container| container == one.name));
    let mut mappings = of_group
        .flat_map(|one| &one.ports)
        .filter(|mapping| mapping.container_port.is_some() && mapping.container_port == wanted)
        .peekable();
    mappings.peek().is_some() && mappings.all(|mapping| mapping.protocol.as_deref() == Some("udp"))
}

/// Whether host ports of the container are chosen when it starts.
fn is_dynamic(checks: &Checks<'_, '_>, definition: Option<&TaskDefinition>) -> bool {
    let Some(definition) = definition else { return false };
    let bridge = matches!(definition.network_mode.as_deref(), Some("bridge") | None);
    let containers = definition.containers.iter();
    let of_group = containers.filter(|one| checks.container().is_none_or(|container| container == one.name));
    bridge && of_group.flat_map(|one| &one.ports).any(|mapping| matches!(mapping.host_port, None | Some(0)))
}

/// Ports a task can be reached on, as far as it declares them; `None` if that cannot be told.
fn ports(definition: &TaskDefinition, task: &Task) -> Option<Vec<u16>> {
    let ports: Option<Vec<u16>> = if matches!(definition.network_mode.as_deref(), Some("awsvpc" | "host")) {
        let mappings = definition.containers.iter().flat_map(|container| &container.ports);
        // A range of ports has no single one.
        mappings.map(|mapping| mapping.container_port).collect()
    } else {
        let bindings = task.containers.iter().flat_map(|container| &container.bindings);
        bindings.map(|binding| binding.host_port).collect()
    };
    ports.filter(|ports| !ports.is_empty())
}

/// What the application's own log proves.
fn logged(checks: &Checks<'_, '_>, place: Option<&Place<'_>>) -> Option<Cause> {
    let task = place.and_then(|place| place.task);
    let check = checks.check();
    let tls = check.and_then(|check| check.protocol.as_deref());
    let complains = |says: fn(&str) -> bool| checks.journals_like(task).any(|journal| journal.last(says).is_some());
    match tls {
        Some("HTTPS") if checks.balancer() == Balancer::Network && complains(lines::old_tls) => {
            return Some(Cause::OldTls);
        }
        Some("HTTPS") if complains(lines::tls_to_plain) => return Some(Cause::Protocol { wants_tls: false }),
        Some("HTTP") if complains(lines::plain_to_tls) => return Some(Cause::Protocol { wants_tls: true }),
        _ => {}
    }
    let ports = expected_ports(checks, place);
    let container_port = checks.group.binding.and_then(|binding| binding.container_port);
    checks.journals_like(task).find_map(|journal| bound(journal, &ports)).or_else(|| {
        let mut elsewhere: Vec<Option<u16>> = Vec::new();
        for journal in checks.journals_like(task) {
            elsewhere.push(listens_elsewhere(journal, &ports));
        }
        // Bridge mode: the container's port is not that of the target.
        elsewhere
            .into_iter()
            .flatten()
            .next()
            .filter(|port| Some(*port) != container_port && knows_ports(checks, &ports))
            .map(|port| Cause::OtherPort { port })
    })
}

fn knows_ports(checks: &Checks<'_, '_>, ports: &[u16]) -> bool {
    !ports.is_empty() || checks.fixed_port().is_some()
}

/// Ports on which the application should be found: those of target and health check, and the container's, which differs from
/// them where host ports are mapped.
pub(super) fn expected_ports(checks: &Checks<'_, '_>, place: Option<&Place<'_>>) -> Vec<u16> {
    let of_container = checks.group.binding.and_then(|binding| binding.container_port);
    let of_target = place.and_then(|place| place.target.port);
    let of_check = place.and_then(Place::check_port).or_else(|| checks.fixed_port());
    let mut ports: Vec<u16> = [of_container, of_target, of_check].into_iter().flatten().collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Whether a log says that one of these ports is open to the task itself only.
fn bound(journal: &Journal<'_>, ports: &[u16]) -> Option<Cause> {
    let all: Vec<_> = journal.listening().map(|(listening, _)| listening).collect();
    let concerns = |port: Option<u16>| port.is_none_or(|port| ports.contains(&port));
    if all.iter().any(|one| one.bind == Bind::Any && concerns(one.port)) {
        return None;
    }
    let loopback = all.iter().find_map(|one| {
        let port = one.port.filter(|port| ports.contains(port))?;
        match one.bind {
            Bind::Loopback => Some(Cause::Loopback { port, by_name: false }),
            Bind::Localhost => Some(Cause::Loopback { port, by_name: true }),
            Bind::Any | Bind::Untold => None,
        }
    });
    loopback.or_else(|| {
        // Vite and its kin print the address without a verb.
        if !journal.wants_host_option() {
            return None;
        }
        let line = journal.last(|line| line.contains("Local:") && lines::local_port(line).is_some())?;
        let port = lines::local_port(&line.message)?;
        ports.contains(&port).then_some(Cause::Loopback { port, by_name: false })
    })
}

/// The port a log says the application listens on, if none of these is among all it names.
fn listens_elsewhere(journal: &Journal<'_>, ports: &[u16]) -> Option<u16> {
    let all: Vec<_> = journal.listening().map(|(listening, _)| listening).collect();
    if all.iter().any(|one| one.port.is_some_and(|port| ports.contains(&port))) {
        return None;
    }
    all.iter().filter(|one| !one.aside).find_map(|one| one.port)
}

/// Whether the log of this task, or of one that stands for it, shows health checks of late.
fn seen(checks: &Checks<'_, '_>, place: Option<&Place<'_>>, path: Verdict) -> bool {
    let window = SEEN.max(checks.interval().unwrap_or(0) * 2);
    let task = place.and_then(|place| place.task);
    let same_way = |other: &Task| {
        let subnet = |task: &Task| task.interface.as_ref().and_then(|interface| interface.subnet.clone());
        path == Verdict::Open || task.is_none_or(|task| task.arn == other.arn || subnet(task) == subnet(other))
    };
    checks.journals_like(task).filter(|journal| same_way(journal.task)).any(|journal| {
        let until = if journal.task.is_stopped() { journal.task.stopping_at } else { Some(checks.scene.now) };
        let since = until.unwrap_or(checks.scene.now).checked_sub(SignedDuration::from_secs(window));
        since.is_ok_and(|since| journal.health_check(since).is_some())
    })
}

/// Whether a healthy target of the same port, subnet and security groups shows that the way is open.
pub(super) fn has_healthy_peer(checks: &Checks<'_, '_>, place: &Place<'_>) -> bool {
    let Some(own) = subnet(place) else { return false };
    checks.healthy().any(|peer| {
        subnet(peer) == Some(own) && peer.check_port() == place.check_port() && same_groups(checks, peer, place)
    })
}

fn same_groups(checks: &Checks<'_, '_>, one: &Place<'_>, other: &Place<'_>) -> bool {
    let facts = &checks.scene.facts;
    let interfaces = facts.network_interfaces(&facts.wanted_task_interfaces());
    let groups = |place: &Place<'_>| {
        let id = place.task?.interface.as_ref()?.id.as_deref()?;
        let interface = interfaces.known()?.iter().find(|interface| interface.id == id)?;
        let mut groups = interface.security_groups.clone();
        groups.sort();
        Some(groups)
    };
    match (groups(one), groups(other)) {
        (Some(one), Some(other)) => one == other,
        // Tasks of one deployment have the same configuration.
        _ => one.task.map(|task| &task.started_by) == other.task.map(|task| &task.started_by),
    }
}

/// Packets get through: why is there no answer?
fn no_answer(checks: &Checks<'_, '_>, task: Option<&Task>, seen: bool) -> Cause {
    if let Some(percent) = busy(checks) {
        Cause::Busy { percent }
    } else if seen {
        Cause::Slow
    } else if task.is_some_and(|task| log_blocks(checks, task)) {
        Cause::BlockingLog
    } else {
        Cause::Silent
    }
}

/// CPU use of the last five minutes, if there is none left.
fn busy(checks: &Checks<'_, '_>) -> Option<f64> {
    let utilization = checks.scene.facts.utilization();
    let utilization = utilization.known()?;
    let recent = |samples: &[crate::model::observation::Sample]| {
        // A figure stands for the minute after its time, and the last minutes are not there yet.
        let window = SignedDuration::from_mins(8);
        let mut values: Vec<f64> = samples
            .iter()
            .filter(|sample| checks.scene.now.duration_since(sample.at) <= window)
            .map(|sample| sample.value)
            .collect();
        values.sort_by(f64::total_cmp);
        values.split_off(values.len().saturating_sub(5).min(values.len()))
    };
    let average = recent(&utilization.cpu).last().copied();
    let busiest = recent(&utilization.cpu_maximum);
    let busiest = busiest.get(busiest.len() / 2).copied();
    [average, busiest].into_iter().flatten().filter(|percent| *percent >= BUSY).reduce(f64::max)
}

/// Whether a container of the task waits for its log, and nothing of that log arrives.
fn log_blocks(checks: &Checks<'_, '_>, task: &Task) -> bool {
    let Some(definition) = checks.definition_of(task) else { return false };
    let runs_long = checks.scene.since(task.started_at).is_some_and(|age| age >= SILENT_LOG);
    let blocking = |name: &str| {
        let logs = definition.containers.iter().find(|container| container.name == name)?.logs.as_ref()?;
        Some(logs.options.iter().any(|(key, value)| key == "mode" && value == "blocking"))
    };
    let mut journals = checks.journals_like(Some(task)).filter(|journal| journal.task.arn == task.arn).peekable();
    runs_long
        && journals.peek().is_some()
        && journals.all(|journal| journal.is_empty() && blocking(journal.container) == Some(true))
}
