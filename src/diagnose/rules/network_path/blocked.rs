//! From the load balancer to targets (50 to 64): which of the targets that fail or wait are cut off, and by what.
//!
//! Only silence speaks of the network. An answer, even a wrong one, proves the way open; so does a refused connection
//! behind an application load balancer; and a target that passes its checks proves more than the rules we read.

use super::causes::{self, Cause};
use crate::diagnose::deployment::is_rolling;
use crate::diagnose::finding::Finding;
use crate::diagnose::network::Verdict;
use crate::diagnose::network::crossing::Crossing;
use crate::diagnose::network::groups::{Direction, Protocol, is_protocol, ports};
use crate::diagnose::network::topology::{Balancer, Host, Topology};
use crate::diagnose::scene::{Group, Place, Scene};
use crate::diagnose::target_health::Standing;
use crate::model::known::Known;

/// A target with everything that decides on the way to it.
pub(super) struct Hit<'p, 'a> {
    /// The target; nothing for one that is still to come.
    pub(super) place: Option<&'p Place<'a>>,
    /// Where it stands.
    pub(super) host: Host<'a>,
    /// The way to the port that is checked, or to the one that takes traffic.
    pub(super) crossing: Crossing<'a>,
    /// What is in the way.
    pub(super) causes: Vec<Cause>,
}

/// What a finding is about: a target group behind a load balancer.
pub(super) struct Front<'s, 'a> {
    pub(super) scene: &'s Scene<'a>,
    pub(super) group: &'s Group<'a>,
    pub(super) balancer: &'s Balancer<'a>,
    pub(super) topology: &'s Topology<'a>,
}

pub(super) fn find<'a>(scene: &Scene<'a>, topology: &Topology<'a>, findings: &mut Vec<Finding>) {
    for group in &scene.groups {
        for balancer in topology.balancers_of(group) {
            let front = Front { scene, group, balancer, topology };
            let mut hits: Vec<Hit<'_, 'a>> = front.checked();
            if hits.is_empty() {
                hits = front.to_come();
            }
            causes::report(&front, &hits, findings);
            causes::report(&front, &front.traffic_only(), findings);
        }
    }
}

/// Whether the state of a target could be that of one whose packets are dropped.
fn is_silent(place: &Place<'_>, network: bool) -> bool {
    match (place.standing, place.target.reason.as_deref()) {
        (Standing::Waiting, _) | (Standing::Failing, None | Some("Target.Timeout")) => true,
        (Standing::Failing, Some("Target.FailedHealthChecks")) => {
            // The two kinds of load balancers mean different things by it.
            let timeout = place.target.description.as_deref().is_some_and(|text| text.contains("timed out"));
            network || timeout
        }
        _ => false,
    }
}

impl<'a> Front<'_, 'a> {
    /// Targets that fail or wait as if nobody answered, each with what is in the way of its checks.
    fn checked(&self) -> Vec<Hit<'_, 'a>> {
        let suspects = self.group.present().filter(|place| is_silent(place, self.balancer.network));
        suspects
            .filter_map(|place| {
                let port = place.check_port()?;
                let host = self.topology.host(self.group, place);
                let crossing = self.topology.cross(self.balancer, &host, port);
                let traffic = place.target.port.filter(|traffic| *traffic != port);
                let traffic = traffic.map(|traffic| self.topology.cross(self.balancer, &host, traffic));
                let causes = causes::of(self, Some(place), &crossing, traffic.as_ref());
                Some(Hit { place: Some(place), host, crossing, causes })
            })
            .collect()
    }

    /// Where nothing is registered, or health may not be read: the targets that the configuration will bring.
    fn to_come(&self) -> Vec<Hit<'_, 'a>> {
        let nobody = match &self.group.targets {
            Known::Known(targets) => targets.is_empty() && is_rolling(self.scene.service),
            Known::Denied(_) | Known::Failed(_) => true,
            Known::NotAsked => false,
        };
        let settings = self.group.settings.known();
        let by_address = settings.is_some_and(|settings| settings.target_type.as_deref() == Some("ip"));
        if !nobody || !by_address || self.scene.service.desired == 0 {
            return Vec::new();
        }
        let traffic = self.group.binding.and_then(|binding| binding.container_port);
        let fixed = settings.and_then(|settings| settings.health_check.port.as_deref()?.parse::<u16>().ok());
        let Some(port) = fixed.or(traffic) else { return Vec::new() };
        let hosts = self.topology.future_hosts();
        let hits: Vec<Hit<'_, 'a>> = hosts
            .into_iter()
            .map(|host| {
                let crossing = self.topology.cross(self.balancer, &host, port);
                let traffic = traffic.filter(|traffic| *traffic != port);
                let traffic = traffic.map(|traffic| self.topology.cross(self.balancer, &host, traffic));
                let causes = causes::of(self, None, &crossing, traffic.as_ref());
                Hit { place: None, host, crossing, causes }
            })
            .collect();
        // Wherever a task may be placed it must be cut off; otherwise nothing is proven.
        let cut_off = hits.iter().all(|hit| hit.crossing.verdict() == Verdict::Blocked);
        if cut_off { hits } else { Vec::new() }
    }

    /// Targets whose checks get through while their traffic does not (54).
    fn traffic_only(&self) -> Vec<Hit<'_, 'a>> {
        self.group
            .present()
            .filter_map(|place| {
                let (check, port) = (place.check_port()?, place.target.port?);
                if check == port || !matches!(place.standing, Standing::Fine | Standing::Failing | Standing::Waiting) {
                    return None;
                }
                let host = self.topology.host(self.group, place);
                let proven = place.standing == Standing::Fine
                    || self.topology.cross(self.balancer, &host, check).verdict() == Verdict::Open;
                let crossing = self.topology.cross(self.balancer, &host, port);
                let closed = crossing.groups() == Verdict::Blocked && !self.lets_clients_in(&host, port);
                let causes = vec![Cause::new(&super::entries::TRAFFIC_PORT_ONLY, host.groups.names())];
                (proven && closed).then_some(Hit { place: Some(place), host, crossing, causes })
            })
            .collect()
    }

    /// Whether targets see the addresses of clients, and some rule is open for somebody on the port.
    fn lets_clients_in(&self, host: &Host<'_>, port: u16) -> bool {
        let rules = host.groups.read.iter().flat_map(|group| &group.ingress);
        let mut open = rules.filter(|rule| {
            let (first, last) = ports(&rule.traffic);
            is_protocol(&rule.traffic, Protocol::Tcp) && (first..=last).contains(&port)
        });
        self.balancer.network && super::clients::preserves_addresses(self.group) && open.next().is_some()
    }
}

/// The direction a side's rules are of, as AWS names its field.
pub(super) const fn field(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "IpPermissions",
        Direction::Egress => "IpPermissionsEgress",
    }
}
