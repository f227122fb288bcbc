//! Titles, explanations and short forms of what is in the way of targets, with the figures of the case.

use std::collections::BTreeSet;

use super::blocked::{Front, Hit};
use crate::diagnose::network::words;
use crate::diagnose::target_health::Standing;

/// The sentences of a case: title, explanation, a few words for a table.
pub(super) struct Sentences {
    balancer: String,
    own: String,
    target: String,
    port: u16,
    checks: &'static str,
}

impl Sentences {
    pub(super) fn new(front: &Front<'_, '_>, hit: &Hit<'_, '_>) -> Self {
        let own =
            if front.balancer.unfiltered { "no security groups".to_owned() } else { front.balancer.groups.names() };
        let checks = if hit.place.is_some_and(|place| place.standing == Standing::Waiting) {
            "Health checks get no answer, so targets will not become healthy."
        } else {
            "Health checks get no answer, so targets are unhealthy."
        };
        Self {
            balancer: front.balancer.arn.balancer_name().to_owned(),
            own,
            target: hit.host.groups.names(),
            port: hit.crossing.port,
            checks,
        }
    }

    pub(super) fn ingress(&self, number: u16, hit: &Hit<'_, '_>) -> (String, String, String) {
        let Self { balancer, own, target, port, checks } = self;
        let nearest = hit.crossing.ingress.nearest.as_ref();
        let peer = nearest.map(|miss| words::peer(&miss.rule.rule.peer)).unwrap_or_default();
        let allowed = nearest.map(|miss| words::traffic(&miss.rule.rule.traffic)).unwrap_or_default();
        let group = nearest.map_or(target.as_str(), |miss| miss.rule.group.id.as_str());
        match number {
            51 => (
                format!("{group} allows port {port} from {peer}, but load balancer {balancer} has {own}"),
                format!(
                    "The rule that should let the load balancer in names {peer}, which is not one of its groups ({own}). That \
                     happens when a load balancer is made anew. {checks}"
                ),
                format!("port {port} open for {peer}, not {own}"),
            ),
            52 => (
                format!("{group} lets load balancer {balancer} in on {allowed}, but not on {port}"),
                format!("The rule from {peer} is for {allowed}; the health check goes to port {port}. {checks}"),
                format!("group allows {allowed}, check uses {port}"),
            ),
            53 => (
                format!(
                    "{target} lets load balancer {balancer} in on the traffic port, but not on health-check port {port}"
                ),
                format!(
                    "The target group checks on port {port}, which is not the port of the traffic. The groups of the targets \
                     ({target}) allow the traffic port only. {checks}"
                ),
                format!("health-check port {port} closed"),
            ),
            54 => (
                format!(
                    "Targets are checked on another port than {port}, where load balancer {balancer} cannot reach them"
                ),
                format!(
                    "Health checks get through, so targets look healthy, but security groups drop what goes to traffic port \
                     {port} ({own} to {target}). Every request times out."
                ),
                format!("traffic port {port} closed, checks open"),
            ),
            56 => {
                let closed: BTreeSet<&str> =
                    hit.crossing.ingress.closed.iter().filter_map(|node| node.zone.or(node.subnet)).collect();
                let closed = closed.into_iter().collect::<Vec<_>>().join(", ");
                (
                    format!("{target} lets in only some of the addresses of load balancer {balancer} on port {port}"),
                    format!(
                        "Rules by address cover some nodes of the load balancer and not those in {closed}. Every node checks for \
                         itself, so targets fail for those."
                    ),
                    format!("rules miss load balancer nodes in {closed}"),
                )
            }
            57 => (
                format!(
                    "{group} allows port {port} for addresses of the other IP family than load balancer {balancer} uses"
                ),
                format!(
                    "Targets are reached over {}, and the rule for port {port} names {peer}. 0.0.0.0/0 does not include IPv6. \
                     {checks}",
                    if hit.host.addresses().ipv6() { "IPv6" } else { "IPv4" }
                ),
                "rule is for the other IP family".to_owned(),
            ),
            58 => (
                format!("{group} allows port {port} from {peer}, which no longer counts"),
                format!(
                    "The rule references a group over a VPC peering that is not active, so it lets nobody in. {checks}"
                ),
                "rule references a dead peering".to_owned(),
            ),
            59 => (
                format!("{group} allows {allowed}, but health checks of load balancer {balancer} use tcp {port}"),
                format!("The only rule for port {port} is for UDP; health checks and HTTP are TCP. {checks}"),
                format!("rule is for udp, check is tcp {port}"),
            ),
            60 => (
                format!("{group} lets load balancer {balancer} in on {allowed}, but Docker chose host port {port}"),
                format!(
                    "Host ports are chosen when a container starts, from 32768 upwards. The rule from {peer} covers {allowed}, so \
                     tasks are reachable or not depending on the port they drew. {checks}"
                ),
                format!("dynamic host port {port} closed"),
            ),
            64 => (String::new(), String::new(), String::new()),
            _ => (
                format!("{target} does not let load balancer {balancer} in on port {port}"),
                format!(
                    "No rule of the targets' groups ({target}) allows tcp {port} from the load balancer ({own}), so its packets \
                     are dropped. {checks}"
                ),
                format!("port {port} closed for the load balancer"),
            ),
        }
    }

    pub(super) fn egress(&self) -> (String, String, String) {
        let Self { balancer, own, target, port, checks } = self;
        (
            format!("Load balancer {balancer} is not let out to its targets on port {port}"),
            format!(
                "No egress rule of the load balancer's groups ({own}) allows tcp {port} to the targets ({target}), so its packets \
                 never leave. {checks}"
            ),
            format!("load balancer egress closed on {port}"),
        )
    }

    pub(super) fn acl(&self, hit: &Hit<'_, '_>) -> Option<(String, String, String)> {
        let Self { balancer, port, .. } = self;
        let drop = hit.crossing.acls.drop?;
        let id = &drop.acl.id;
        let number = drop.entry.map_or_else(|| "*".to_owned(), |entry| entry.number.to_string());
        let leg = words::leg(drop.leg);
        let ports = if drop.leg.is_return() { "1024-65535".to_owned() } else { port.to_string() };
        let part = if drop.whole { "" } else { "part of " };
        Some((
            format!(
                "Network ACL {id}, rule {number}, drops {part}port {ports} between load balancer {balancer} and targets"
            ),
            format!(
                "{id} filters {} ({leg}). Entries count from the lowest number, and {} decides for {part}port {ports}. Network \
                 ACLs do not remember connections, so packets and their answers need a rule each.{}",
                drop.subnet,
                words::acl_entry(drop.entry, drop.leg.is_egress()),
                if drop.whole { "" } else { " Some connections work and others hang." }
            ),
            format!("{id} rule {number} drops {part}{ports}"),
        ))
    }

    pub(super) fn route(&self, hit: &Hit<'_, '_>, number: u16) -> Option<(String, String, String)> {
        let Self { balancer, port, .. } = self;
        let (subnet, way) = hit.crossing.routes.way?;
        let (why, rule) = words::way(way);
        let rule = rule.map(|rule| format!(" ({rule})")).unwrap_or_default();
        let from = subnet.unwrap_or("a subnet");
        Some(if number == 64 {
            (
                format!(
                    "An appliance stands between load balancer {balancer} and targets, where references to groups do not work"
                ),
                format!(
                    "A more specific route of {from} leads through an appliance{rule}. Behind it a rule that names a security \
                     group does not match any more; the only rule for port {port} names one."
                ),
                "group reference behind an appliance".to_owned(),
            )
        } else {
            (
                format!("There is no way from {from} between load balancer {balancer} and targets"),
                format!("{why}{rule} Packets of health checks or their answers are dropped."),
                "route between load balancer and targets broken".to_owned(),
            )
        })
    }
}
