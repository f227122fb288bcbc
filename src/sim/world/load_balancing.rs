//! Load balancers with their listeners and rules, and target groups with their targets. This file is about what exists and
//! what leads where; `health_check` says how targets become healthy or not.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use super::health_check::{Failure, TargetState};
use super::metrics::{Census, REMEMBERED};
use super::moment::Moment;

/// What kind of load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoadBalancerKind {
    Application,
    Network,
}

/// The part of a load balancer that lives in one zone and sends the health checks from there.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) zone: String,
    pub(crate) subnet: String,
    pub(crate) address: Ipv4Addr,
}

#[derive(Clone, Debug)]
pub(crate) struct LoadBalancer {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) kind: LoadBalancerKind,
    pub(crate) vpc: String,
    pub(crate) internal: bool,
    /// Whether each node serves and checks the targets of all zones.
    pub(crate) cross_zone: bool,
    pub(crate) security_groups: Vec<String>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) created_at: Moment,
}

#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) arn: String,
    pub(crate) port: u16,
    pub(crate) protocol: &'static str,
    pub(crate) default: RuleAction,
    pub(crate) rules: Vec<Rule>,
    /// Resource name of the default rule.
    pub(crate) default_rule_arn: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    pub(crate) priority: u32,
    pub(crate) hosts: Vec<String>,
    pub(crate) paths: Vec<String>,
    pub(crate) action: RuleAction,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RuleAction {
    /// To this target group.
    Forward(String),
    /// From HTTP to HTTPS.
    RedirectToHttps,
    /// An answer of the load balancer's own.
    Fixed(u16),
}

impl RuleAction {
    fn target_group(&self) -> Option<&str> {
        match self {
            Self::Forward(arn) => Some(arn),
            Self::RedirectToHttps | Self::Fixed(_) => None,
        }
    }
}

impl LoadBalancer {
    /// Whether a listener or a rule leads to the target group.
    pub(crate) fn leads_to(&self, target_group: &str) -> bool {
        self.listeners
            .iter()
            .flat_map(|listener| {
                std::iter::once(&listener.default).chain(listener.rules.iter().map(|rule| &rule.action))
            })
            .any(|action| action.target_group() == Some(target_group))
    }

    /// Drops what leads to these target groups. A listener whose default it was answers 503 instead.
    pub(crate) fn forget(&mut self, target_groups: &[String]) {
        let leads_there = |action: &RuleAction| {
            action.target_group().is_some_and(|arn| target_groups.iter().any(|group| group == arn))
        };
        for listener in &mut self.listeners {
            listener.rules.retain(|rule| !leads_there(&rule.action));
            if leads_there(&listener.default) {
                listener.default = RuleAction::Fixed(503);
            }
        }
    }

    pub(crate) fn covers(&self, zone: &str) -> bool {
        self.nodes.iter().any(|node| node.zone == zone)
    }
}

/// How a target group checks its targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// How the check talks to the target.
    pub protocol: CheckProtocol,
    /// A fixed port; absent means the port that traffic uses.
    pub port: Option<u16>,
    /// Path of the request, with HTTP.
    pub path: String,
    /// Accepted codes, with HTTP: `200`, `200-299,302`.
    pub matcher: String,
    /// Between two checks.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Successes in a row from unhealthy to healthy.
    pub healthy_threshold: u32,
    /// Failures in a row to unhealthy.
    pub unhealthy_threshold: u32,
}

/// How a health check talks to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckProtocol {
    /// GET, and the status code counts.
    Http,
    /// The same over TLS.
    Https,
    /// A connection that is accepted is enough.
    Tcp,
}

impl CheckProtocol {
    /// As AWS spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Tcp => "TCP",
        }
    }
}

/// How traffic reaches targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficProtocol {
    /// HTTP, from application load balancers.
    Http,
    /// HTTP over TLS, from application load balancers.
    Https,
    /// TCP, from network load balancers.
    Tcp,
    /// TLS, from network load balancers.
    Tls,
}

impl TrafficProtocol {
    /// As AWS spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }
}

impl HealthCheck {
    /// GET `path` every ten seconds, two failures to unhealthy, three successes back.
    pub fn http(path: &str) -> Self {
        Self {
            protocol: CheckProtocol::Http,
            port: None,
            path: path.to_owned(),
            matcher: "200".to_owned(),
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            healthy_threshold: 3,
            unhealthy_threshold: 2,
        }
    }

    /// A connection every ten seconds.
    pub fn tcp() -> Self {
        Self { protocol: CheckProtocol::Tcp, matcher: String::new(), path: String::new(), ..Self::http("/") }
    }

    /// The same with this interval.
    #[must_use]
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The same accepting these codes.
    #[must_use]
    pub fn accepting(mut self, matcher: &str) -> Self {
        matcher.clone_into(&mut self.matcher);
        self
    }

    /// The same on a fixed port.
    #[must_use]
    pub fn on_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The same over this protocol.
    #[must_use]
    pub fn over(mut self, protocol: CheckProtocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Whether the status code counts as a success. The grammar is a list of `N` and `A-B`.
    pub(crate) fn accepts(&self, status: u16) -> bool {
        self.matcher.split(',').any(|part| {
            let (low, high) = part.split_once('-').unwrap_or((part, part));
            match (low.trim().parse::<u16>(), high.trim().parse::<u16>()) {
                (Ok(low), Ok(high)) => (low..=high).contains(&status),
                _ => false,
            }
        })
    }
}

/// What targets of a group are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetType {
    Ip,
    Instance,
}

#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// What AWS calls it: an address or an instance id.
    pub(crate) id: String,
    pub(crate) zone: String,
    pub(crate) state: TargetState,
    pub(crate) successes: u32,
    pub(crate) failures: u32,
    /// When its next change or check is due.
    pub(crate) due: Moment,
}

#[derive(Clone, Debug)]
pub(crate) struct TargetGroup {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) target_type: TargetType,
    pub(crate) vpc: String,
    pub(crate) protocol: TrafficProtocol,
    /// What targets get that are registered without a port; those of ECS never are.
    pub(crate) port: u16,
    pub(crate) health_check: HealthCheck,
    pub(crate) deregistration_delay: Duration,
    pub(crate) slow_start: Duration,
    /// Whether targets see the addresses of clients; absent means the default of the protocol and target type.
    pub(crate) preserve_client_ip: Option<bool>,
    /// By the address and port packets go to.
    pub(crate) targets: BTreeMap<(Ipv4Addr, u16), Target>,
    /// The load balancer whose listeners lead here. Kept, because each check asks; see [`LoadBalancing::rewire`].
    pub(crate) load_balancer: Option<String>,
    /// When the first of its targets is due.
    pub(crate) due: Moment,
    /// Whether the state of a target changed since the scheduler last looked.
    pub(crate) changed: bool,
    /// How many were healthy, oldest first.
    pub(crate) censuses: VecDeque<Census>,
}

/// Changes of state that are remembered of a target group.
const MOST_CENSUSES: usize = 4_096;

impl TargetGroup {
    /// Counts its targets, for CloudWatch.
    pub(crate) fn count(&mut self, now: Moment) {
        let number = |is: fn(&Target) -> bool| {
            u32::try_from(self.targets.values().filter(|target| is(target)).count()).unwrap_or(u32::MAX)
        };
        let census = Census {
            from: now,
            healthy: number(|target| target.state == TargetState::Healthy),
            unhealthy: number(|target| target.state.is_unhealthy()),
            silent: number(|target| {
                matches!(target.state, TargetState::Unhealthy(Failure::Timeout | Failure::Refused))
            }),
        };
        let last = self.censuses.back();
        if last.is_some_and(|last| Census { from: now, ..*last } == census) {
            return;
        }
        self.censuses.push_back(census);
        // The one before the first that can be asked for tells what was there then.
        while self.censuses.get(1).is_some_and(|second| second.from + REMEMBERED <= now)
            || self.censuses.len() > MOST_CENSUSES
        {
            self.censuses.pop_front();
        }
    }
}

/// All load balancers and target groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoadBalancing {
    pub(crate) load_balancers: BTreeMap<String, LoadBalancer>,
    pub(crate) target_groups: BTreeMap<String, TargetGroup>,
}

impl LoadBalancing {
    pub(crate) fn load_balancer_named(&mut self, name: &str) -> Option<&mut LoadBalancer> {
        self.load_balancers.values_mut().find(|balancer| balancer.name == name)
    }

    pub(crate) fn target_group_named(&self, name: &str) -> Option<&TargetGroup> {
        self.target_groups.values().find(|group| group.name == name)
    }

    /// Notes for each target group which load balancer leads to it, and for each target whether it is in use. To be called
    /// when listeners, rules or nodes changed.
    pub(crate) fn rewire(&mut self, now: Moment) {
        for group in self.target_groups.values_mut() {
            let balancer = self.load_balancers.values().find(|balancer| balancer.leads_to(&group.arn));
            group.load_balancer = balancer.map(|balancer| balancer.arn.clone());
            for target in group.targets.values_mut().filter(|target| target.state != TargetState::Draining) {
                let unused = match balancer {
                    None => Some(TargetState::NotInUse),
                    Some(balancer) if !balancer.covers(&target.zone) => Some(TargetState::ZoneNotEnabled),
                    Some(_) => None,
                };
                let was_unused = matches!(target.state, TargetState::NotInUse | TargetState::ZoneNotEnabled);
                (target.state, target.due) = match unused {
                    Some(state) => (state, Moment::NEVER),
                    None if was_unused => (TargetState::Registering, now),
                    None => continue,
                };
                group.changed = true;
                group.due = group.due.min(target.due);
            }
        }
    }

    /// The state of one target.
    pub(crate) fn state(&self, target_group: &str, endpoint: (Ipv4Addr, u16)) -> Option<TargetState> {
        self.target_groups.get(target_group)?.targets.get(&endpoint).map(|target| target.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers() {
        let check = |matcher: &str| HealthCheck { matcher: matcher.to_owned(), ..HealthCheck::http("/") };
        for (matcher, status, expected) in [
            ("200", 200, true),
            ("200", 302, false),
            ("200-399", 302, true),
            ("200-299,302", 302, true),
            ("200-299,302", 301, false),
            ("200,302", 302, true),
            ("nonsense", 200, false),
            ("", 200, false),
        ] {
            assert_eq!(check(matcher).accepts(status), expected, "{matcher} {status}");
        }
    }
}
