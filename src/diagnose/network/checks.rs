//! What was checked about the network, for the list of checks of a diagnosis.

use super::Verdict;
use super::topology::Topology;
use super::wanted_vpcs;
use crate::diagnose::diagnosis::{Check, CheckName, CheckVerdict};
use crate::diagnose::rules::egress;
use crate::diagnose::scene::{Group, Scene};
use crate::diagnose::target_health::Standing;
use crate::model::call::{CallError, ErrorKind};
use crate::model::known::Known;
use crate::model::network::Vpc;

/// Security groups, network ACLs, routes, and the way of tasks to what they need.
pub fn checks(scene: &Scene<'_>) -> Vec<Check> {
    let topology = Topology::new(scene);
    let crossings = Crossings::new(scene, &topology);
    let mut checks = vec![
        crossings
            .check(CheckName::SecurityGroups, "security groups", crossings.groups, |vpc| vpc.security_groups.error()),
        crossings.check(CheckName::NetworkAcls, "network ACLs", crossings.acls, |vpc| vpc.network_acls.error()),
        crossings.check(CheckName::Routes, "routes", crossings.routes, |vpc| vpc.route_tables.error()),
    ];
    checks.push(task_egress(scene, &topology));
    checks
}

fn of_verdict(verdict: Verdict) -> CheckVerdict {
    match verdict {
        Verdict::Open => CheckVerdict::Open,
        Verdict::Blocked => CheckVerdict::Blocked,
        Verdict::Partial => CheckVerdict::Partial,
        Verdict::Unknown => CheckVerdict::Unknown,
    }
}

fn permission(error: &CallError) -> Option<String> {
    (error.kind == ErrorKind::Denied).then(|| error.operation.to_string())
}

/// What decides between the load balancers and the targets of a service, over all of them.
struct Crossings<'s, 'a> {
    scene: &'s Scene<'a>,
    groups: Option<Verdict>,
    acls: Option<Verdict>,
    routes: Option<Verdict>,
    ports: Vec<u16>,
}

/// Over several targets, some of which may be cut off.
fn over(all: &mut Option<Verdict>, one: Verdict) {
    *all = Some(match (*all, one) {
        (None, one) => one,
        (Some(Verdict::Blocked), Verdict::Open) | (Some(Verdict::Open), Verdict::Blocked) => Verdict::Partial,
        (Some(all), one) => Verdict::worst([all, one]),
    });
}

impl<'s, 'a> Crossings<'s, 'a> {
    fn new(scene: &'s Scene<'a>, topology: &Topology<'a>) -> Self {
        let mut all = Self { scene, groups: None, acls: None, routes: None, ports: Vec::new() };
        if topology.is_empty() {
            return all;
        }
        for group in &scene.groups {
            all.add(topology, group);
        }
        all.ports.sort_unstable();
        all.ports.dedup();
        all
    }

    fn add(&mut self, topology: &Topology<'a>, group: &Group<'a>) {
        let balancers = topology.balancers_of(group);
        for place in group.present() {
            let host = topology.host(group, place);
            let check = place.check_port();
            let traffic = place.target.port.filter(|port| Some(*port) != check);
            for port in check.into_iter().chain(traffic) {
                self.ports.push(port);
                let proven = place.standing == Standing::Fine && check == Some(port);
                let told = |verdict: Verdict| if proven && verdict.drops() { Verdict::Unknown } else { verdict };
                for balancer in &balancers {
                    let crossing = topology.cross(balancer, &host, port);
                    over(&mut self.groups, told(crossing.groups()));
                    over(&mut self.acls, told(crossing.acls.verdict));
                    over(&mut self.routes, told(crossing.routes.verdict));
                }
            }
        }
    }

    fn check(
        &self,
        check: CheckName,
        what: &str,
        verdict: Option<Verdict>,
        of_vpc: fn(&Vpc) -> Option<&CallError>,
    ) -> Check {
        let plain =
            |verdict, detail: &str| Check { check, verdict, detail: detail.to_owned(), missing_permission: None };
        if self.scene.groups.is_empty() {
            return plain(CheckVerdict::Skipped, "the service has no load balancer");
        }
        let ports: Vec<String> = self.ports.iter().take(4).map(ToString::to_string).collect();
        let ports = if ports.is_empty() { String::new() } else { format!(", port {}", ports.join(", ")) };
        let verdict = match verdict {
            Some(verdict) => verdict,
            None if self.nothing_to_check() => return plain(CheckVerdict::Skipped, "no target to check"),
            None if self.is_fine() && self.error(of_vpc).is_none() => {
                return plain(CheckVerdict::Skipped, "not needed: all targets pass their health checks");
            }
            None => Verdict::Unknown,
        };
        let detail = match verdict {
            Verdict::Open => format!("{what} between load balancer and targets are open{ports}"),
            Verdict::Blocked => format!("{what} between load balancer and targets drop packets{ports}"),
            Verdict::Partial => format!("{what} between load balancer and targets drop part of the packets{ports}"),
            Verdict::Unknown => format!("{what} between load balancer and targets could not be judged{ports}"),
        };
        let error = if verdict == Verdict::Unknown { self.error(of_vpc) } else { None };
        let detail = error
            .as_ref()
            .map_or(detail, |error| format!("{what} could not be judged: {} {}", error.operation, error.kind.label()));
        let missing_permission = error.as_ref().and_then(permission);
        Check { check, verdict: of_verdict(verdict), detail, missing_permission }
    }

    fn nothing_to_check(&self) -> bool {
        self.scene
            .groups
            .iter()
            .all(|group| matches!(group.targets, Known::Known(_)) && group.present().next().is_none())
    }

    fn is_fine(&self) -> bool {
        self.scene.groups.iter().all(|group| {
            matches!(group.targets, Known::Known(_)) && group.present().all(|place| place.standing == Standing::Fine)
        })
    }

    /// Which call failed, so that nothing can be told: the one for this part of the VPC first.
    fn error(&self, of_vpc: fn(&Vpc) -> Option<&CallError>) -> Option<CallError> {
        let facts = &self.scene.facts;
        for id in wanted_vpcs(facts) {
            let vpc = facts.vpc(&id);
            let error = vpc.known().and_then(|vpc| of_vpc(vpc).or_else(|| vpc.subnets.error())).or_else(|| vpc.error());
            if let Some(error) = error {
                return Some(error.clone());
            }
        }
        for group in &self.scene.groups {
            let error = group.settings.error().or_else(|| group.targets.error()).cloned();
            let of_routing = || group.routing.iter().find_map(|(_, routing)| routing.error().cloned());
            let of_nodes =
                || group.routing.iter().find_map(|(arn, _)| facts.load_balancer_interfaces(arn).error().cloned());
            if let Some(error) = error.or_else(of_routing).or_else(of_nodes) {
                return Some(error);
            }
        }
        let instances = facts.instances(&facts.wanted_instances());
        let interfaces = facts.network_interfaces(&facts.wanted_task_interfaces());
        instances.error().or_else(|| interfaces.error()).cloned()
    }
}

fn task_egress(scene: &Scene<'_>, topology: &Topology<'_>) -> Check {
    let plain = |verdict, detail: &str| Check {
        check: CheckName::TaskEgress,
        verdict,
        detail: detail.to_owned(),
        missing_permission: None,
    };
    let failures = egress::failures(scene);
    if failures.is_empty() {
        return plain(CheckVerdict::Skipped, "not needed: no task fails to start for want of a network path");
    }
    let verdict = egress::verdict(scene, topology, &failures);
    let detail = match verdict {
        Verdict::Open => "tasks reach what they need to start, as far as the configuration tells",
        Verdict::Blocked => "tasks cannot reach what they need to start",
        Verdict::Partial => "some tasks cannot reach what they need to start",
        Verdict::Unknown => "could not be judged",
    };
    if verdict != Verdict::Unknown {
        return plain(of_verdict(verdict), detail);
    }
    let facts = &scene.facts;
    let error = wanted_vpcs(facts).iter().find_map(|id| {
        let vpc = facts.vpc(id);
        let of_parts = |vpc: &Vpc| {
            let parts = [vpc.endpoints.error(), vpc.route_tables.error(), vpc.security_groups.error()];
            parts.into_iter().chain([vpc.network_acls.error(), vpc.subnets.error()]).flatten().next().cloned()
        };
        vpc.known().and_then(|vpc| of_parts(vpc)).or_else(|| vpc.error().cloned())
    });
    let error = error.or_else(|| facts.subnets().error().cloned());
    Check {
        missing_permission: error.as_ref().and_then(permission),
        detail: error.as_ref().map_or_else(
            || detail.to_owned(),
            |error| format!("could not be judged: {} {}", error.operation, error.kind.label()),
        ),
        ..plain(CheckVerdict::Unknown, "")
    }
}
