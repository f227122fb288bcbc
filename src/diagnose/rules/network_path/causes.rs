//! What is in the way of targets, one finding a cause over all the targets it hits.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::blocked::{Front, Hit, field};
use super::entries;
use super::sentences::Sentences;
use crate::diagnose::catalogue::Entry;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::network::Verdict;
use crate::diagnose::network::crossing::{Crossing, Side};
use crate::diagnose::network::groups::{Direction, Doubt, Fault};
use crate::diagnose::network::remedy::{Source, allow_in_acl, authorize, is_about_far};
use crate::diagnose::network::routes::Way;
use crate::diagnose::network::words;
use crate::diagnose::scene::Place;
use crate::model::network::Peer;

/// Host ports Docker chooses from, wide enough for every AMI.
const DYNAMIC: (u16, u16) = (32_768, 65_535);

/// A cause, told apart from others of its kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cause {
    pub(super) entry: &'static Entry,
    key: String,
}

impl Cause {
    pub(super) fn new(entry: &'static Entry, key: String) -> Self {
        Self { entry, key }
    }
}

/// What is in the way of the checks of a target: ingress first, for that is where most look.
pub(super) fn of(
    front: &Front<'_, '_>,
    place: Option<&Place<'_>>,
    crossing: &Crossing<'_>,
    traffic: Option<&Crossing<'_>>,
) -> Vec<Cause> {
    let mut causes = Vec::new();
    if let Some(entry) = ingress(front, place, crossing, traffic) {
        let nearest = crossing.ingress.nearest.as_ref().map(|miss| words::rule(miss.rule, true)).unwrap_or_default();
        causes.push(Cause::new(entry, nearest));
    }
    if crossing.egress.as_ref().is_some_and(|side| side.verdict.drops()) {
        causes.push(Cause::new(&entries::LB_EGRESS, String::new()));
    }
    if let Some(drop) = crossing.acls.drop.filter(|_| crossing.acls.verdict.drops()) {
        let entry = if drop.leg.is_return() { &entries::ACL_RETURN } else { &entries::ACL_FORWARD };
        causes.push(Cause::new(entry, format!("{} {}", words::leg(drop.leg), words::acl_drop(&drop))));
    }
    match crossing.routes.way {
        Some((_, Way::Blackhole(table, _) | Way::NoRoute(table))) => {
            causes.push(Cause::new(&entries::ROUTE, table.id.clone()));
        }
        Some((_, Way::Middlebox(table, _))) if hangs_on_reference(crossing) => {
            causes.push(Cause::new(&entries::MIDDLEBOX, table.id.clone()));
        }
        _ => {}
    }
    causes
}

fn hangs_on_reference(crossing: &Crossing<'_>) -> bool {
    let by = |side: &Side<'_>| matches!(side.doubt, Some(Doubt::Middlebox(_)));
    by(&crossing.ingress) || crossing.egress.as_ref().is_some_and(by)
}

/// The most specific word for a closed door at the target.
fn ingress(
    front: &Front<'_, '_>,
    place: Option<&Place<'_>>,
    crossing: &Crossing<'_>,
    traffic: Option<&Crossing<'_>>,
) -> Option<&'static Entry> {
    let side = &crossing.ingress;
    if !side.verdict.drops() {
        return None;
    }
    if traffic.is_some_and(|traffic| traffic.ingress.verdict == Verdict::Open) {
        return Some(&entries::CHECK_PORT_ONLY);
    }
    if side.verdict == Verdict::Partial {
        return Some(&entries::PARTIAL_CIDR);
    }
    let Some(miss) = &side.nearest else { return Some(&entries::INGRESS_MISSING) };
    let group = matches!(miss.rule.rule.peer, Peer::Group { .. });
    let udp = matches!(miss.rule.rule.traffic.protocol.as_str(), "udp" | "17" | "UDP");
    Some(match miss.only() {
        Some(Fault::Peering) => &entries::STALE_PEER,
        Some(Fault::Group) => &entries::WRONG_SOURCE_GROUP,
        Some(Fault::Port) if is_dynamic(front, place) && is_high(miss.rule.rule.traffic.ports) => {
            &entries::DYNAMIC_PORTS
        }
        // A rule for addresses on another port is about something else, unless there are no groups to name.
        Some(Fault::Port) if group || front.balancer.unfiltered => &entries::WRONG_PORT,
        Some(Fault::Protocol) if udp => &entries::UDP,
        Some(Fault::Family) => &entries::IP_FAMILY,
        _ => &entries::INGRESS_MISSING,
    })
}

fn is_high(ports: Option<(u16, u16)>) -> bool {
    ports.is_some_and(|(_, last)| last >= DYNAMIC.0)
}

/// Whether the target is an instance with a host port Docker chose.
fn is_dynamic(front: &Front<'_, '_>, place: Option<&Place<'_>>) -> bool {
    let Some(place) = place else { return false };
    if place.address().is_some() {
        return false;
    }
    let revision = place.task.map(|task| &task.task_definition);
    let definition = revision.and_then(|arn| front.scene.facts.task_definition(arn).known().copied());
    let definition = definition.or_else(|| front.scene.definition());
    let binding = front.group.binding;
    let mapping = definition.and_then(|definition| {
        let containers = definition.containers.iter().filter(|container| {
            binding.and_then(|binding| binding.container.as_ref()).is_none_or(|name| *name == container.name)
        });
        let port = binding.and_then(|binding| binding.container_port);
        containers
            .flat_map(|container| &container.ports)
            .find(|mapping| port.is_none() || mapping.container_port == port)
    });
    match mapping {
        Some(mapping) => mapping.host_port.is_none_or(|port| port == 0),
        None => place.target.port.is_some_and(|port| port >= DYNAMIC.0),
    }
}

/// One finding for every cause of these targets.
pub(super) fn report(front: &Front<'_, '_>, hits: &[Hit<'_, '_>], findings: &mut Vec<Finding>) {
    let mut causes: Vec<&Cause> = Vec::new();
    for cause in hits.iter().flat_map(|hit| &hit.causes) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    // Those closest to the target lead; within one kind, the order targets come in.
    causes.sort_by_key(|cause| (cause.entry.number == entries::LB_EGRESS.number, cause.entry.number >= 61));
    for cause in causes {
        let hit: Vec<&Hit<'_, '_>> = hits.iter().filter(|hit| hit.causes.contains(cause)).collect();
        findings.extend(finding(front, cause, &hit));
    }
}

fn finding(front: &Front<'_, '_>, cause: &Cause, hits: &[&Hit<'_, '_>]) -> Option<Finding> {
    let first = hits.first()?;
    let port = first.crossing.port;
    let words = Sentences::new(front, first);
    let number = cause.entry.number;
    let (title, explanation, short) = match number {
        61 | 62 => words.acl(first)?,
        63 | 64 => words.route(first, number)?,
        55 => words.egress(),
        _ => words.ingress(number, first),
    };
    let to_come = hits.iter().all(|hit| hit.place.is_none());
    let confidence = if to_come { Confidence::High } else { cause.entry_confidence() };
    let mut finding = Finding::new(cause.entry, confidence, title)
        .explain(explanation)
        .short(short)
        .severity(severity(front, cause, hits))
        .scope(scope(front, cause, hits));
    finding = targets_said(front, finding, hits);
    finding = seen(front, finding, first, number);
    let eta = front.group.settings.known().and_then(|settings| {
        let check = &settings.health_check;
        Some(u64::from(check.healthy_threshold?) * u64::from(check.interval_seconds?))
    });
    let fix = match number {
        61 | 62 => acl_fix(front, hits, port),
        63 => Fix::new("Repair the route between the load balancer's and the targets' subnets."),
        55 => egress_fix(front, first, port),
        _ => ingress_fix(front, first, number, port)?,
    };
    Some(finding.fix(fix.eta(eta)))
}

impl Cause {
    fn entry_confidence(&self) -> Confidence {
        if matches!(self.entry.number, 63 | 64) { Confidence::High } else { Confidence::Certain }
    }
}

fn severity(front: &Front<'_, '_>, cause: &Cause, hits: &[&Hit<'_, '_>]) -> Severity {
    if cause.entry.severity == Severity::Warning {
        return Severity::Warning;
    }
    let whole = |hit: &&Hit<'_, '_>| match cause.entry.number {
        56 => false,
        61 | 62 => hit.crossing.acls.verdict == Verdict::Blocked,
        _ => true,
    };
    let all = hits.iter().all(|hit| hit.place.is_none()) || hits.len() >= front.group.present().count();
    if all && hits.iter().all(whole) { Severity::Critical } else { Severity::Error }
}

fn scope(front: &Front<'_, '_>, cause: &Cause, hits: &[&Hit<'_, '_>]) -> Scope {
    let targets: Vec<String> = hits.iter().filter_map(|hit| hit.place).map(Place::name).take(20).collect();
    let mut subnets: BTreeSet<&str> = BTreeSet::new();
    let mut zones: BTreeSet<&str> = BTreeSet::new();
    let everywhere = hits.len() >= front.group.present().count();
    match cause.entry.number {
        56 => {
            zones.extend(hits.iter().flat_map(|hit| &hit.crossing.ingress.closed).filter_map(|node| node.zone));
        }
        61 | 62 => {
            let drops = hits.iter().filter_map(|hit| hit.crossing.acls.drop.map(|drop| drop.subnet));
            subnets.extend(drops);
            let zone = |subnet: &&str| front.topology.subnet(subnet)?.availability_zone.as_deref();
            zones.extend(subnets.iter().filter_map(zone));
        }
        _ if !everywhere => {
            let concerned = |hit: &&&Hit<'_, '_>| hit.place.is_some();
            let hosts = || hits.iter().filter(concerned).map(|hit| &hit.host);
            let zones_of_all: BTreeSet<&str> =
                front.group.present().filter_map(|place| front.topology.host(front.group, place).zone).collect();
            zones.extend(hosts().filter_map(|host| host.zone));
            if zones.len() >= zones_of_all.len() {
                zones.clear();
            }
        }
        _ => {}
    }
    let new = |place: &Place<'_>| place.of_primary;
    let others = front.group.present().any(|place| !new(place) && place.task.is_some());
    let only_new = others && hits.iter().all(|hit| hit.place.is_some_and(new));
    let owned = |names: BTreeSet<&str>| names.into_iter().map(ToOwned::to_owned).collect();
    Scope {
        deployment: front.scene.primary.filter(|_| only_new).map(|primary| primary.id.clone()),
        target_group: Some(front.group.arn.as_str().to_owned()),
        availability_zones: owned(zones),
        subnets: owned(subnets),
        targets,
        ..Scope::default()
    }
}

fn targets_said(front: &Front<'_, '_>, mut finding: Finding, hits: &[&Hit<'_, '_>]) -> Finding {
    const SOURCE: &str = "elasticloadbalancing:DescribeTargetHealth";
    let places: Vec<&Place<'_>> = hits.iter().filter_map(|hit| hit.place).collect();
    for place in places.iter().take(3) {
        let subject = format!("target {}", place.name());
        finding = match (&place.target.description, &place.target.reason) {
            (Some(text), _) => finding.evidence(SOURCE, subject, "TargetHealth.Description", front.scene.quote(text)),
            (None, Some(reason)) => finding.evidence(SOURCE, subject, "TargetHealth.Reason", reason),
            (None, None) => finding.evidence(SOURCE, subject, "TargetHealth.State", place.target.state.as_str()),
        };
    }
    if places.len() > 3 {
        let count = format!("{} of {}", places.len(), front.group.present().count());
        finding = finding.evidence(SOURCE, front.group.arn.as_str(), "derived: targets concerned", count);
    }
    finding
}

/// What was read about the network.
fn seen(front: &Front<'_, '_>, mut finding: Finding, hit: &Hit<'_, '_>, number: u16) -> Finding {
    let crossing = &hit.crossing;
    let port = crossing.port;
    let balancer = front.balancer;
    let own = if balancer.unfiltered { "absent".to_owned() } else { balancer.groups.names() };
    finding = match number {
        61 | 62 => match crossing.acls.drop {
            Some(drop) => {
                let side = if drop.leg.is_egress() { "egress" } else { "ingress" };
                finding.evidence(
                    "ec2:DescribeNetworkAcls",
                    &drop.acl.id,
                    format!("Entries ({side}) of subnet {}", drop.subnet),
                    words::acl_entry(drop.entry, drop.leg.is_egress()),
                )
            }
            None => finding,
        },
        63 | 64 => match crossing.routes.way {
            Some((_, way)) => {
                let (why, rule) = words::way(way);
                finding.evidence("ec2:DescribeRouteTables", "route table", "Routes", rule.unwrap_or(why))
            }
            None => finding,
        },
        _ => {
            let direction = if number == 55 { Direction::Egress } else { Direction::Ingress };
            let blocked = |side: &&Side<'_>| side.verdict.drops();
            let ingress = direction == Direction::Ingress && (number != 54 || blocked(&&crossing.ingress));
            let (side, groups, far) = if ingress {
                (Some(&crossing.ingress), &hit.host.groups, own.clone())
            } else {
                (crossing.egress.as_ref(), &balancer.groups, hit.host.groups.names())
            };
            let field = field(if ingress { Direction::Ingress } else { Direction::Egress });
            match side.and_then(|side| side.nearest.as_ref()) {
                Some(miss) => finding.evidence(
                    "ec2:DescribeSecurityGroups",
                    &miss.rule.group.id,
                    field,
                    words::miss(miss, ingress, port, &far),
                ),
                None => {
                    finding.evidence("ec2:DescribeSecurityGroups", groups.names(), field, "absent: no rule comes close")
                }
            }
        }
    };
    let name = format!("load balancer {}", balancer.arn.balancer_name());
    finding = finding.evidence("elasticloadbalancing:DescribeLoadBalancers", name, "SecurityGroups", own);
    if matches!(number, 53 | 54)
        && let Some(place) = hit.place
    {
        let (check, traffic) = (place.check_port().unwrap_or_default(), place.target.port.unwrap_or_default());
        let subject = format!("target {}", place.name());
        finding = finding
            .evidence("elasticloadbalancing:DescribeTargetHealth", &subject, "HealthCheckPort", check)
            .evidence("elasticloadbalancing:DescribeTargetHealth", subject, "Target.Port", traffic);
    }
    finding
}

/// Who the load balancer is, as a rule would name it: its group, or the addresses of its subnets.
fn source(front: &Front<'_, '_>, ipv6: bool) -> Option<Source> {
    if let Some(id) = front.balancer.groups.ids.as_ref().and_then(|ids| ids.first()) {
        return Some(Source::Group((*id).to_owned()));
    }
    let ranges = subnet_ranges(front, ipv6);
    (!ranges.is_empty()).then_some(Source::Cidrs(ranges))
}

/// The addresses of the load balancer's subnets.
fn subnet_ranges(front: &Front<'_, '_>, ipv6: bool) -> Vec<IpNet> {
    let mut ranges: Vec<IpNet> = Vec::new();
    let subnets = front.balancer.nodes.iter().filter_map(|node| front.topology.subnet(node.subnet?));
    for range in subnets.flat_map(|subnet| &subnet.cidrs).filter(|range| matches!(range, IpNet::V6(_)) == ipv6) {
        if !ranges.contains(range) {
            ranges.push(*range);
        }
    }
    if ranges.is_empty() {
        ranges
            .extend(front.balancer.nodes.iter().map(|node| node.address).filter(|a| matches!(a, IpNet::V6(_)) == ipv6));
    }
    ranges
}

fn ingress_fix(front: &Front<'_, '_>, hit: &Hit<'_, '_>, number: u16, port: u16) -> Option<Fix> {
    let side = &hit.crossing.ingress;
    if number == 54 && !side.verdict.drops() {
        return Some(egress_fix(front, hit, port));
    }
    let near = side.nearest.as_ref().map(|miss| miss.rule.group.id.as_str());
    let group = near.or_else(|| hit.host.groups.ids.as_ref()?.first().copied())?;
    let ipv6 = hit.host.addresses().ipv6();
    let summary = match number {
        51 => "Let the load balancer's own group in; then drop the rule for the other group if nothing else uses it.",
        53 => {
            "Let the load balancer in on the health-check port, or check the traffic port (--health-check-port traffic-port)."
        }
        54 => "Let the load balancer in on the traffic port.",
        56 => "Name the load balancer's group instead of addresses, or the addresses of all its subnets.",
        57 => "Let the load balancer in over IPv6 too.",
        60 => "Let the load balancer in on all ports Docker may choose.",
        64 => "Allow the addresses of the load balancer's subnets: behind an appliance only addresses work.",
        _ => "Let the load balancer in on the port.",
    };
    // Opening the port Docker chose this time would not help the next task.
    let ports = if is_dynamic(front, hit.place) { DYNAMIC } else { (port, port) };
    let source = match number {
        64 => Source::Cidrs(subnet_ranges(front, ipv6)),
        _ => source(front, ipv6)?,
    };
    let mut fix = authorize(Fix::new(summary), Direction::Ingress, group, ports, &source);
    if let (51, Some(miss)) = (number, &side.nearest)
        && let (Peer::Group { group: old, .. }, (first, last)) =
            (&miss.rule.rule.peer, miss.rule.rule.traffic.ports.unwrap_or((port, port)))
        && miss.rule.rule.traffic.protocol == "tcp"
        && !front.balancer.unfiltered
        && *old != miss.rule.group.id
    {
        let rule = crate::diagnose::network::remedy::permission((first, last), &Source::Group(old.clone()));
        fix = fix.aws(["ec2", "revoke-security-group-ingress", "--group-id", group, "--ip-permissions", &rule]);
    }
    Some(fix)
}

fn egress_fix(front: &Front<'_, '_>, hit: &Hit<'_, '_>, port: u16) -> Fix {
    let fix = Fix::new("Let the load balancer out to the targets on the port.");
    let side = hit.crossing.egress.as_ref();
    let near = side.and_then(|side| side.nearest.as_ref()).map(|miss| miss.rule.group.id.as_str());
    let group = near.or_else(|| front.balancer.groups.ids.as_ref()?.first().copied());
    let target = hit.host.groups.ids.as_ref().and_then(|ids| ids.first());
    let goal = target
        .map_or_else(|| Source::Cidrs(hit.host.address.into_iter().collect()), |id| Source::Group((*id).to_owned()));
    match group {
        Some(group) => authorize(fix, Direction::Egress, group, (port, port), &goal),
        None => fix,
    }
}

fn acl_fix(front: &Front<'_, '_>, hits: &[&Hit<'_, '_>], port: u16) -> Fix {
    let fix =
        Fix::new("Allow it in the network ACL before the entry that denies; packets and answers need an entry each.");
    let Some(drop) = hits.first().and_then(|hit| hit.crossing.acls.drop) else { return fix };
    let far: Vec<IpNet> = if is_about_far(drop.leg) {
        let subnets: BTreeSet<&str> = hits.iter().filter_map(|hit| hit.host.subnet).collect();
        let ipv4 = |range: &&IpNet| matches!(range, IpNet::V4(_));
        subnets
            .into_iter()
            .filter_map(|id| front.topology.subnet(id))
            .flat_map(|s| &s.cidrs)
            .filter(ipv4)
            .copied()
            .collect()
    } else {
        let ipv6 = hits.first().is_some_and(|hit| hit.host.addresses().ipv6());
        subnet_ranges(front, ipv6)
    };
    allow_in_acl(fix, &drop, port, &far)
}
