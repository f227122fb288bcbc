//! The paths of a service hop by hop, for the Network tab.

use super::acl::Filtered;
use super::clients::{Door, door, weight};
use super::crossing::{Crossing, Routed, Side};
use super::egress::{DeadEnd, Origin, Reach, Via};
use super::needs::{needs, region};
use super::topology::{Balancer, Host, Topology};
use super::words;
use super::{Hop, Path, Verdict};
use crate::diagnose::scene::{Group, Scene};
use crate::diagnose::target_health::Standing;
use crate::model::load_balancing::Listener;
use crate::model::text::visible_short;

/// More than this many paths of a kind tell nobody anything.
const LIMIT: usize = 24;

/// All paths of a service for the Network tab: clients to each listener, load balancer to tasks (one path for every distinct
/// way, not one a task), tasks to what they need.
pub fn paths(scene: &Scene<'_>) -> Vec<Path> {
    let topology = Topology::new(scene);
    if topology.is_empty() {
        return Vec::new();
    }
    let mut paths = from_clients(scene, &topology);
    paths.extend(scene.groups.iter().flat_map(|group| to_targets(&topology, group)).take(LIMIT));
    paths.extend(to_needs(scene, &topology));
    paths
}

fn path(name: &str, hops: Vec<Hop>) -> Path {
    Path { name: visible_short(name, 200), verdict: Verdict::worst(hops.iter().map(|hop| hop.verdict)), hops }
}

fn hop(what: impl Into<String>, verdict: Verdict, why: impl Into<String>) -> Hop {
    Hop { what: what.into(), verdict, why: why.into(), rule: None, near_miss: None }
}

fn from_clients(scene: &Scene<'_>, topology: &Topology<'_>) -> Vec<Path> {
    let leads_here = |listener: &Listener| scene.groups.iter().any(|group| weight(listener, group.arn).is_some());
    let mut paths = Vec::new();
    for balancer in &topology.balancers {
        for listener in balancer.listeners.unwrap_or_default().iter().filter(|listener| leads_here(listener)) {
            let protocol = listener.protocol.as_deref().unwrap_or("?");
            let port = listener.port.map_or_else(|| "?".to_owned(), |port| port.to_string());
            let name = format!("clients → load balancer {} ({protocol} {port})", balancer.arn.balancer_name());
            paths.push(path(&name, vec![door_hop(&door(balancer, listener))]));
        }
    }
    paths.truncate(LIMIT);
    paths
}

fn door_hop(door: &Door<'_>) -> Hop {
    let what = "security groups of the load balancer, ingress";
    match door {
        Door::Unfiltered => hop(what, Verdict::Open, "The load balancer has no security groups."),
        Door::Unknown(doubt) => hop(what, Verdict::Unknown, words::doubt(*doubt)),
        Door::Closed => hop(what, Verdict::Blocked, "No rule lets anybody in at this port."),
        Door::Open(rules) => {
            let peers: Vec<String> = rules.iter().take(4).map(|of| words::peer(&of.rule.peer)).collect();
            let more = if rules.len() > peers.len() { " and others" } else { "" };
            let rule = rules.first().map(|of| words::rule(*of, true));
            Hop { rule, ..hop(what, Verdict::Open, format!("Open for {}{more}.", peers.join(", "))) }
        }
    }
}

/// Targets that are reached in the same way.
struct Way<'a> {
    host: Host<'a>,
    port: u16,
    checks: bool,
    traffic: bool,
    targets: usize,
    first: String,
    /// Whether all of them pass their checks.
    healthy: bool,
}

fn to_targets<'a>(topology: &Topology<'a>, group: &Group<'a>) -> Vec<Path> {
    let mut ways: Vec<Way<'a>> = Vec::new();
    let mut add = |host: &Host<'a>, port: u16, checks: bool, traffic: bool, name: String, healthy: bool| {
        let same = |way: &&mut Way<'a>| {
            way.port == port
                && (way.checks, way.traffic) == (checks, traffic)
                && way.host.subnet == host.subnet
                && way.host.groups.ids == host.groups.ids
        };
        match ways.iter_mut().find(same) {
            Some(way) => {
                way.targets += 1;
                way.healthy &= healthy;
            }
            None => ways.push(Way { host: host.clone(), port, checks, traffic, targets: 1, first: name, healthy }),
        }
    };
    for place in group.present() {
        let host = topology.host(group, place);
        let healthy = place.standing == Standing::Fine;
        match (place.check_port(), place.target.port) {
            (Some(check), Some(traffic)) if check == traffic => add(&host, check, true, true, place.name(), healthy),
            (check, traffic) => {
                if let Some(check) = check {
                    add(&host, check, true, false, place.name(), healthy);
                }
                if let Some(traffic) = traffic {
                    add(&host, traffic, false, true, place.name(), healthy);
                }
            }
        }
    }
    let mut paths = Vec::new();
    for balancer in topology.balancers_of(group) {
        for way in &ways {
            paths.push(to_target(topology, balancer, way));
        }
    }
    paths
}

fn to_target<'a>(topology: &Topology<'a>, balancer: &Balancer<'a>, way: &Way<'a>) -> Path {
    let crossing = topology.cross(balancer, &way.host, way.port);
    let purpose = match (way.checks, way.traffic) {
        (true, true) => "health checks and traffic",
        (true, false) => "health checks",
        _ => "traffic",
    };
    let targets = if way.targets == 1 { way.first.clone() } else { format!("{} targets", way.targets) };
    let place = way.host.zone.or(way.host.subnet).map(|place| format!(" in {place}")).unwrap_or_default();
    let name =
        format!("load balancer {} → {targets}{place}, port {} ({purpose})", balancer.arn.balancer_name(), way.port);
    let mut path = path(&name, hops(balancer, &way.host, &crossing));
    if way.healthy && way.checks && path.verdict.drops() {
        path.verdict = Verdict::Unknown;
        let why = "The target passes its health checks, so packets get through although the rules read say otherwise.";
        path.hops.push(hop("health checks", Verdict::Open, why));
    }
    path
}

/// What decides between a load balancer and a host, in the order packets meet it.
fn hops(balancer: &Balancer<'_>, host: &Host<'_>, crossing: &Crossing<'_>) -> Vec<Hop> {
    let egress = match &crossing.egress {
        None => hop(
            "security groups of the load balancer, egress",
            Verdict::Open,
            "The load balancer has no security groups, so nothing filters there.",
        ),
        Some(side) => {
            side_hop("security groups of the load balancer, egress", side, false, crossing.port, &host.groups.names())
        }
    };
    let far = if balancer.unfiltered { "no security groups".to_owned() } else { balancer.groups.names() };
    let ingress = side_hop("security groups of the target, ingress", &crossing.ingress, true, crossing.port, &far);
    vec![egress, acl_hop(&crossing.acls), route_hop(&crossing.routes), ingress]
}

fn side_hop(what: &str, side: &Side<'_>, ingress: bool, port: u16, far: &str) -> Hop {
    let why = match (side.verdict, side.doubt) {
        (Verdict::Open, _) => format!("A rule allows tcp {port}."),
        (Verdict::Unknown, Some(doubt)) => words::doubt(doubt),
        (Verdict::Unknown, None) => "Not known.".to_owned(),
        (Verdict::Partial, _) => format!("Rules allow tcp {port} for some addresses of the load balancer only."),
        (Verdict::Blocked, _) => format!("No rule allows tcp {port}."),
    };
    Hop {
        what: what.to_owned(),
        verdict: side.verdict,
        why,
        rule: side.rule.map(|rule| words::rule(rule, ingress)),
        near_miss: side.nearest.as_ref().map(|miss| words::miss(miss, ingress, port, far)),
    }
}

fn acl_hop(filtered: &Filtered<'_>) -> Hop {
    let why = match (filtered.drop, filtered.doubt) {
        (Some(drop), _) => {
            let what = if drop.whole { "All packets" } else { "Packets to part of the ports" };
            format!("{what} are dropped: {}, {}.", words::leg(drop.leg), visible_short(drop.subnet, 80))
        }
        (None, Some(doubt)) => words::doubt(doubt),
        (None, None) if filtered.same_subnet => "Both ends are in one subnet, where no ACL counts.".to_owned(),
        (None, None) => "Packets and answers are allowed.".to_owned(),
    };
    Hop { rule: filtered.drop.as_ref().map(words::acl_drop), ..hop("network ACLs", filtered.verdict, why) }
}

fn route_hop(routed: &Routed<'_>) -> Hop {
    let (why, rule) = routed
        .way
        .map_or_else(|| ("The local route of the VPC leads there.".to_owned(), None), |(_, way)| words::way(way));
    Hop { rule, ..hop("routes", routed.verdict, why) }
}

fn to_needs(scene: &Scene<'_>, topology: &Topology<'_>) -> Vec<Path> {
    let Some(definition) = scene.definition() else { return Vec::new() };
    let present: Vec<_> =
        scene.tasks.known().copied().unwrap_or_default().iter().filter(|task| !task.is_stopped()).collect();
    let origins = topology.origins(scene, &present);
    let mut paths: Vec<(String, Vec<String>, Path)> = Vec::new();
    for need in needs(definition, scene.service, region(&topology.facts)) {
        for origin in &origins {
            let one = path("", reach_hops(origin, &topology.reach(origin, &need, None)));
            let subnet = visible_short(origin.host.subnet.unwrap_or("?"), 80);
            match paths.iter_mut().find(|(label, _, path)| *label == need.label() && path.hops == one.hops) {
                Some((_, subnets, _)) => subnets.push(subnet),
                None => paths.push((need.label(), vec![subnet], one)),
            }
        }
    }
    paths.truncate(LIMIT);
    let named = |(need, subnets, path): (String, Vec<String>, Path)| {
        let name = visible_short(&format!("tasks in {} → {need}", subnets.join(", ")), 200);
        Path { name, ..path }
    };
    paths.into_iter().map(named).collect()
}

fn reach_hops(origin: &Origin<'_>, reach: &Reach<'_>) -> Vec<Hop> {
    let far = reach.endpoint_groups.as_ref().map_or_else(|| "the internet".to_owned(), super::groups::Groups::names);
    let mut hops = vec![way_hop(reach)];
    if let Some(side) = &reach.egress {
        hops.push(side_hop("security groups of the task, egress", side, false, super::egress::HTTPS, &far));
    }
    if let Some(acls) = &reach.acls {
        hops.push(acl_hop(acls));
    }
    if let Some(side) = &reach.ingress {
        let own = origin.host.groups.names();
        hops.push(side_hop("security groups of the endpoint, ingress", side, true, super::egress::HTTPS, &own));
    }
    hops
}

fn way_hop(reach: &Reach<'_>) -> Hop {
    if let Some(dead_end) = reach.dead_end {
        return Hop { rule: Some(dead_end_rule(dead_end)), ..hop("way", Verdict::Blocked, dead_end_words(dead_end)) };
    }
    if let Some(doubt) = reach.doubt {
        return hop("way", Verdict::Unknown, words::doubt(doubt));
    }
    let why = match reach.via {
        Via::Endpoint(endpoint) => format!("Names resolve to interface endpoint {}.", visible_short(&endpoint.id, 80)),
        Via::Gateway(endpoint) => {
            format!("Gateway endpoint {} is in the route table.", visible_short(&endpoint.id, 80))
        }
        Via::Internet | Via::Nowhere => "The default route leads to the internet.".to_owned(),
    };
    hop("way", Verdict::Open, why)
}

fn dead_end_words(dead_end: DeadEnd<'_>) -> &'static str {
    match dead_end {
        DeadEnd::NoPublicAddress(_) => {
            "The default route leads to an internet gateway, and tasks have no public address."
        }
        DeadEnd::Isolated(_) => "There is no default route and no endpoint.",
        DeadEnd::Blackhole(..) => "The target of the default route is gone.",
        DeadEnd::PrivateDnsOff(_) => {
            "There is an endpoint, but names do not resolve to it, and no way to the internet."
        }
        DeadEnd::NoS3Gateway(..) => {
            "There is no gateway endpoint of S3 in the route table, and no way to the internet."
        }
    }
}

fn dead_end_rule(dead_end: DeadEnd<'_>) -> String {
    match dead_end {
        DeadEnd::Blackhole(table, route) => format!("{}: {}", visible_short(&table.id, 80), words::route(route)),
        DeadEnd::NoPublicAddress(table) | DeadEnd::Isolated(table) | DeadEnd::NoS3Gateway(table, _) => {
            visible_short(&table.id, 80)
        }
        DeadEnd::PrivateDnsOff(endpoint) => visible_short(&endpoint.id, 80),
    }
}
