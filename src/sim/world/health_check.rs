//! How targets become healthy and unhealthy. The nodes of the load balancer ask the target at each interval; the worst thing
//! any of them met counts as the result of the round. With cross-zone load balancing all nodes ask, without it only the one
//! in the target's zone. Texts are those of the ELBv2 API reference (`TargetHealth`).
//!
//! ```text
//!  registering ─▶ initial ──one success (ALB)──▶ healthy ◀──threshold── unhealthy
//!                    └────── failures in a row ──▶ unhealthy ◀─threshold─ healthy        any ─▶ draining ─▶ gone
//! ```

use std::net::Ipv4Addr;
use std::time::Duration;

use super::ids::Ids;
use super::load_balancing::{
    CheckProtocol, HealthCheck, LoadBalancer, LoadBalancerKind, LoadBalancing, Target, TargetGroup, TargetType,
};
use super::moment::Moment;
use super::network::{Network, Reply, Request};

/// State of a target, with what AWS tells about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetState {
    Registering,
    Checking,
    Healthy,
    Unhealthy(Failure),
    /// No listener leads to the group.
    NotInUse,
    /// The target's zone is not enabled for the load balancer.
    ZoneNotEnabled,
    Draining,
}

/// Why a round of checks failed, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failure {
    /// An answer with a code outside the matcher.
    Code(u16),
    /// The connection was refused, or the load balancer does not say (network load balancers).
    Refused,
    /// No answer in time.
    Timeout,
}

impl TargetState {
    /// `State`
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Registering | Self::Checking => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy(_) => "unhealthy",
            Self::NotInUse | Self::ZoneNotEnabled => "unused",
            Self::Draining => "draining",
        }
    }

    pub(crate) fn is_unhealthy(self) -> bool {
        matches!(self, Self::Unhealthy(_))
    }

    /// `Reason` and `Description`; a healthy target has neither.
    pub(crate) fn reason(self) -> Option<(&'static str, String)> {
        let (reason, description) = match self {
            Self::Healthy => return None,
            Self::Registering => ("Elb.RegistrationInProgress", "Target registration is in progress"),
            Self::Checking => ("Elb.InitialHealthChecking", "Initial health checks in progress"),
            Self::Unhealthy(failure) => return Some((failure.reason(), failure.description())),
            Self::NotInUse => {
                ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
            }
            Self::ZoneNotEnabled => {
                ("Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer")
            }
            Self::Draining => ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
        };
        Some((reason, description.to_owned()))
    }
}

impl Failure {
    fn reason(self) -> &'static str {
        match self {
            Self::Code(_) => "Target.ResponseCodeMismatch",
            Self::Timeout => "Target.Timeout",
            Self::Refused => "Target.FailedHealthChecks",
        }
    }

    pub(crate) fn description(self) -> String {
        match self {
            Self::Code(code) => format!("Health checks failed with these codes: [{code}]"),
            Self::Timeout => "Request timed out".to_owned(),
            Self::Refused => "Health checks failed".to_owned(),
        }
    }
}

/// Time a new target spends in registration. Network load balancers take notably longer.
fn registration(kind: LoadBalancerKind, ids: &mut Ids) -> Duration {
    match kind {
        LoadBalancerKind::Application => ids.seconds(2, 4),
        LoadBalancerKind::Network => ids.seconds(8, 14),
    }
}

impl LoadBalancing {
    /// Registers a target, as the ECS scheduler does when the containers of a task have started.
    pub(crate) fn register(
        &mut self,
        target_group: &str,
        endpoint: (Ipv4Addr, u16),
        id: String,
        zone: &str,
        now: Moment,
        ids: &mut Ids,
    ) {
        let Some(group) = self.target_groups.get_mut(target_group) else { return };
        let balancer = group.load_balancer.as_ref().and_then(|arn| self.load_balancers.get(arn));
        let (state, due) = match balancer {
            None => (TargetState::NotInUse, Moment::NEVER),
            Some(balancer) if !balancer.covers(zone) => (TargetState::ZoneNotEnabled, Moment::NEVER),
            Some(balancer) => (TargetState::Registering, now + registration(balancer.kind, ids)),
        };
        group.due = group.due.min(due);
        group.changed = true;
        let target = Target { id, zone: zone.to_owned(), state, successes: 0, failures: 0, due };
        group.targets.insert(endpoint, target);
    }

    /// Starts to deregister a target; it drains for the group's delay. Tells until when.
    pub(crate) fn deregister(&mut self, target_group: &str, endpoint: (Ipv4Addr, u16), now: Moment) -> Option<Moment> {
        let group = self.target_groups.get_mut(target_group)?;
        let target = group.targets.get_mut(&endpoint)?;
        target.state = TargetState::Draining;
        target.due = now + group.deregistration_delay;
        group.due = group.due.min(target.due);
        Some(target.due)
    }

    /// Puts a target into service at once, for a world that begins with history.
    pub(crate) fn settle(&mut self, target_group: &str, endpoint: (Ipv4Addr, u16), now: Moment, ids: &mut Ids) {
        if let Some(group) = self.target_groups.get_mut(target_group)
            && let Some(target) = group.targets.get_mut(&endpoint)
            && matches!(target.state, TargetState::Registering | TargetState::Checking)
        {
            target.state = TargetState::Healthy;
            target.due = now + ids.between(Duration::from_secs(1), group.health_check.interval);
            group.due = group.due.min(target.due);
        }
    }

    /// Lets all checks happen that are due.
    pub(crate) fn step(&mut self, network: &Network, now: Moment, ids: &mut Ids) {
        for group in self.target_groups.values_mut().filter(|group| group.due <= now) {
            let balancer = group.load_balancer.as_ref().and_then(|arn| self.load_balancers.get(arn));
            group.step(balancer, network, now, ids);
        }
    }
}

impl TargetGroup {
    fn step(&mut self, balancer: Option<&LoadBalancer>, network: &Network, now: Moment, ids: &mut Ids) {
        let before = self.targets.len();
        self.targets.retain(|_, target| target.state != TargetState::Draining || target.due > now);
        self.changed |= self.targets.len() != before;
        if let Some(balancer) = balancer {
            for (endpoint, target) in self.targets.iter_mut().filter(|(_, target)| target.due <= now) {
                let before = target.state;
                if target.state == TargetState::Registering {
                    target.state = TargetState::Checking;
                    target.due = now + ids.seconds(1, 4);
                } else {
                    let result = check(*endpoint, &target.zone, &self.health_check, balancer, network, now);
                    target.count(result, &self.health_check, balancer.kind);
                    target.due = now + self.health_check.interval;
                }
                self.changed |= target.state != before;
            }
        }
        self.due = self.targets.values().map(|target| target.due).min().unwrap_or(Moment::NEVER);
    }

    /// The port that is really checked on a target.
    pub(crate) fn effective_check_port(&self, traffic_port: u16) -> u16 {
        self.health_check.port.unwrap_or(traffic_port)
    }

    /// The word for the type of targets.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.target_type {
            TargetType::Ip => "ip",
            TargetType::Instance => "instance",
        }
    }
}

impl Target {
    fn count(&mut self, result: Result<(), Failure>, settings: &HealthCheck, kind: LoadBalancerKind) {
        (self.successes, self.failures) =
            if result.is_ok() { (self.successes.saturating_add(1), 0) } else { (0, self.failures.saturating_add(1)) };
        let needed = match (self.state, kind) {
            // A new target of an application load balancer needs to pass only once.
            (TargetState::Checking, LoadBalancerKind::Application) => 1,
            _ => settings.healthy_threshold,
        };
        match (self.state, result) {
            (TargetState::Checking | TargetState::Unhealthy(_), Ok(())) if self.successes >= needed => {
                self.state = TargetState::Healthy;
            }
            (TargetState::Checking | TargetState::Healthy, Err(failure))
                if self.failures >= settings.unhealthy_threshold =>
            {
                self.state = TargetState::Unhealthy(failure);
            }
            (TargetState::Unhealthy(_), Err(failure)) => self.state = TargetState::Unhealthy(failure),
            _ => {}
        }
    }
}

/// One round: every node that serves the zone asks, the worst result counts.
fn check(
    endpoint: (Ipv4Addr, u16),
    zone: &str,
    settings: &HealthCheck,
    balancer: &LoadBalancer,
    network: &Network,
    now: Moment,
) -> Result<(), Failure> {
    let address = (endpoint.0, settings.port.unwrap_or(endpoint.1));
    let request = match settings.protocol {
        CheckProtocol::Tcp => Request::Connect,
        protocol => Request::Get { path: &settings.path, tls: protocol == CheckProtocol::Https },
    };
    let worst = balancer
        .nodes
        .iter()
        .filter(|node| balancer.cross_zone || node.zone == zone)
        .filter_map(|node| judge(network.request(node.address, address, request, now), settings).err())
        .max();
    match (worst, balancer.kind) {
        (None, _) => Ok(()),
        // A network load balancer has one word for all of them.
        (Some(_), LoadBalancerKind::Network) => Err(Failure::Refused),
        (Some(failure), LoadBalancerKind::Application) => Err(failure),
    }
}

fn judge(reply: Reply, settings: &HealthCheck) -> Result<(), Failure> {
    match reply {
        Reply::Silence => Err(Failure::Timeout),
        Reply::Refused | Reply::Gibberish => Err(Failure::Refused),
        Reply::Connected => Ok(()),
        Reply::Answered { after, .. } if after > settings.timeout => Err(Failure::Timeout),
        Reply::Answered { status, .. } if settings.accepts(status) => Ok(()),
        Reply::Answered { status, .. } => Err(Failure::Code(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(state: TargetState) -> Target {
        Target { id: "10.0.0.1".into(), zone: "a".into(), state, successes: 0, failures: 0, due: Moment::MONDAY_NIGHT }
    }

    fn after(state: TargetState, kind: LoadBalancerKind, results: &[Result<(), Failure>]) -> TargetState {
        let mut target = target(state);
        for result in results {
            target.count(*result, &HealthCheck::http("/"), kind);
        }
        target.state
    }

    #[test]
    fn thresholds() {
        use LoadBalancerKind::{Application, Network};
        let code = Failure::Code(302);
        let cases = [
            (TargetState::Checking, Application, vec![Ok(())], TargetState::Healthy),
            (TargetState::Checking, Network, vec![Ok(()), Ok(())], TargetState::Checking),
            (TargetState::Checking, Network, vec![Ok(()); 3], TargetState::Healthy),
            (TargetState::Checking, Application, vec![Err(code)], TargetState::Checking),
            (TargetState::Checking, Application, vec![Err(code); 2], TargetState::Unhealthy(code)),
            (TargetState::Healthy, Application, vec![Err(code), Ok(()), Err(code)], TargetState::Healthy),
            (TargetState::Unhealthy(code), Application, vec![Ok(()); 2], TargetState::Unhealthy(code)),
            (TargetState::Unhealthy(code), Application, vec![Ok(()); 3], TargetState::Healthy),
            (TargetState::Unhealthy(code), Application, vec![Err(Failure::Timeout)], {
                TargetState::Unhealthy(Failure::Timeout)
            }),
        ];
        for (state, kind, results, expected) in cases {
            assert_eq!(after(state, kind, &results), expected, "{state:?} {kind:?} {results:?}");
        }
    }

    #[test]
    fn replies_are_judged_by_the_settings() {
        let answered = |status, after| Reply::Answered { status, after: Duration::from_secs(after) };
        let http = HealthCheck::http("/");
        for (reply, settings, expected) in [
            (answered(200, 0), &http, Ok(())),
            (answered(302, 0), &http, Err(Failure::Code(302))),
            (answered(200, 9), &http, Err(Failure::Timeout)),
            (Reply::Connected, &HealthCheck::tcp(), Ok(())),
            (Reply::Gibberish, &http, Err(Failure::Refused)),
            (Reply::Silence, &http, Err(Failure::Timeout)),
            (Reply::Refused, &HealthCheck::tcp(), Err(Failure::Refused)),
        ] {
            assert_eq!(judge(reply, settings), expected, "{reply:?}");
        }
    }

    #[test]
    fn a_healthy_target_carries_no_reason() {
        assert_eq!(TargetState::Healthy.reason(), None);
        let (reason, description) = TargetState::Unhealthy(Failure::Code(302)).reason().unwrap();
        assert_eq!(
            (reason, description.as_str()),
            ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [302]")
        );
    }
}
