//! What leads to a service and what filters packets, in a world file.

use std::ops::RangeInclusive;

use ipnet::{IpNet, Ipv4Net};
use serde::Deserialize;
use toml::Spanned;

use super::span::Span;
use super::{Complaint, complaint};
use crate::sim::world::World;
use crate::sim::world::blueprint::Front;
use crate::sim::world::change::{CheckPort, HealthCheckChange};
use crate::sim::world::load_balancing::{CheckProtocol, HealthCheck, TargetGroup};
use crate::sim::world::network::{AclEntry, IpProtocol, Peer, Permission, SecurityGroup, VpcEndpoint};

/// A security group: it lets nothing in and everything out, but for what is said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecurityGroupSection {
    pub(super) id: String,
    #[serde(default)]
    ingress: Vec<PermissionSection>,
    egress: Option<Vec<PermissionSection>>,
}

/// What the VPC has beyond the usual.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkSection {
    /// Whether private subnets have a NAT gateway.
    nat: bool,
}

impl Default for NetworkSection {
    fn default() -> Self {
        Self { nat: true }
    }
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Direction {
    Ingress,
    Egress,
}

/// An entry of the network ACL of the private subnet in a zone. Every other subnet keeps the ACL that allows everything.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AclEntrySection {
    zone: Spanned<String>,
    number: u16,
    direction: Direction,
    allow: bool,
    ports: Spanned<String>,
    cidr: Option<Spanned<String>>,
}

/// An interface endpoint in all private subnets, or a gateway endpoint in all route tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VpcEndpointSection {
    id: String,
    /// `ecr.api`, `ecr.dkr`, `s3`, `logs`, `secretsmanager` …
    service: String,
    #[serde(default)]
    gateway: bool,
    #[serde(default)]
    security_groups: Vec<String>,
    private_dns: Option<bool>,
}

impl NetworkSection {
    pub(super) fn apply(&self, world: &mut World) {
        if !self.nat {
            world.remove_nat_gateways();
        }
    }
}

impl AclEntrySection {
    pub(super) fn add_to(&self, world: &mut World) -> Result<(), Complaint> {
        let ports = ports(self.ports.as_ref())
            .ok_or_else(|| complaint(&self.ports, "ports are written like 8080, 8000-8999 or 0-65535"))?;
        let cidr = match &self.cidr {
            None => IpNet::V4(Ipv4Net::default()),
            Some(cidr) => {
                let parsed = cidr.as_ref().parse();
                parsed.map_err(|_| complaint(cidr, "addresses are written like 10.0.0.0/16"))?
            }
        };
        let subnets = world.private_subnets();
        let (subnet, _) = subnets
            .iter()
            .find(|(_, zone)| zone.ends_with(self.zone.as_ref().as_str()))
            .ok_or_else(|| complaint(&self.zone, "zones are a, b and c"))?;
        let egress = self.direction == Direction::Egress;
        let entry = AclEntry { number: self.number, egress, protocol: IpProtocol::Tcp, ports, cidr, allow: self.allow };
        world.add_acl_entry(subnet, entry);
        Ok(())
    }
}

impl VpcEndpointSection {
    pub(super) fn add_to(&self, world: &mut World) {
        let groups: Vec<&str> = self.security_groups.iter().map(String::as_str).collect();
        let endpoint = if self.gateway {
            let tables = world.network.route_tables.keys().cloned().collect::<Vec<_>>();
            VpcEndpoint::gateway(&self.id, &self.service, &tables)
        } else {
            let subnets: Vec<String> = world.private_subnets().into_iter().map(|(id, _)| id).collect();
            VpcEndpoint::interface(&self.id, &self.service, &subnets, &groups)
        };
        let hidden = self.private_dns == Some(false);
        world.add_vpc_endpoint(if hidden { endpoint.without_private_dns() } else { endpoint });
    }
}

/// One rule: ports such as `8080` or `8000-8999`, and the other side, a group or a range of addresses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PermissionSection {
    ports: Spanned<String>,
    peer: Spanned<String>,
}

impl SecurityGroupSection {
    pub(super) fn group(&self) -> Result<SecurityGroup, Complaint> {
        let mut group = SecurityGroup::new(&self.id);
        group.ingress = self.ingress.iter().map(PermissionSection::permission).collect::<Result<_, _>>()?;
        if let Some(egress) = &self.egress {
            group.egress = egress.iter().map(PermissionSection::permission).collect::<Result<_, _>>()?;
        }
        Ok(group)
    }
}

impl PermissionSection {
    fn permission(&self) -> Result<Permission, Complaint> {
        let ports = ports(self.ports.as_ref())
            .ok_or_else(|| complaint(&self.ports, "ports are written like 8080, 8000-8999 or 0-65535"))?;
        let peer = peer(self.peer.as_ref()).ok_or_else(|| {
            complaint(&self.peer, "the other side is a group (sg-…) or addresses such as 10.0.0.0/16")
        })?;
        Ok(Permission::tcp(ports, peer))
    }
}

fn ports(text: &str) -> Option<RangeInclusive<u16>> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low <= high).then_some(low..=high)
}

fn peer(text: &str) -> Option<Peer> {
    if text.starts_with("sg-") {
        return Some(Peer::Group(text.to_owned()));
    }
    text.parse().ok().map(Peer::Cidr)
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum BalancerKind {
    Application,
    Network,
}

/// What leads to a service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadBalancerSection {
    #[serde(default = "LoadBalancerSection::shared")]
    name: String,
    kind: Option<BalancerKind>,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
    deregistration_delay: Option<Span>,
    /// The port the target group has by itself, which targets registered with a port of their own do not use.
    target_group_port: Option<u16>,
    /// In the private subnets instead of the public ones.
    #[serde(default)]
    internal: bool,
    /// Zones (`a`, `b`, `c`) it is enabled in; all of them if none is named.
    #[serde(default)]
    zones: Vec<String>,
    /// Its groups; only a network load balancer can have none.
    security_groups: Option<Vec<String>>,
    cross_zone: Option<bool>,
    /// The container's port that is registered, where it is not the one the application listens on.
    container_port: Option<u16>,
    slow_start: Option<Span>,
    preserve_client_ip: Option<bool>,
    #[serde(default)]
    health_check: HealthCheckSection,
}

impl LoadBalancerSection {
    fn shared() -> String {
        "shared".to_owned()
    }

    /// What is said about the target group of a service that is there.
    pub(super) fn apply(&self, target_group: &mut TargetGroup) {
        target_group.port = self.target_group_port.unwrap_or(target_group.port);
    }

    pub(super) fn front(&self, service: &str) -> Front {
        let network = self.kind == Some(BalancerKind::Network);
        let base = if network {
            Front::network(&self.name)
        } else {
            Front::application(&self.name, &format!("{service}.example.com"))
        };
        Front {
            hosts: if self.hosts.is_empty() { base.hosts } else { self.hosts.clone() },
            paths: self.paths.clone(),
            health_check: self.health_check.over(base.health_check),
            deregistration_delay: self.deregistration_delay.map_or(base.deregistration_delay, |span| span.0),
            internal: self.internal,
            zones: self.zones.clone(),
            security_groups: self.security_groups.clone(),
            cross_zone: self.cross_zone,
            target_group_port: self.target_group_port,
            container_port: self.container_port,
            slow_start: self.slow_start.map_or(base.slow_start, |span| span.0),
            preserve_client_ip: self.preserve_client_ip,
            ..base
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum ProtocolKind {
    Http,
    Tcp,
}

/// How targets are checked.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HealthCheckSection {
    protocol: Option<ProtocolKind>,
    port: Option<u16>,
    path: Option<String>,
    matcher: Option<String>,
    interval: Option<Span>,
    timeout: Option<Span>,
    healthy_threshold: Option<u32>,
    unhealthy_threshold: Option<u32>,
}

impl HealthCheckSection {
    fn protocol(&self) -> Option<CheckProtocol> {
        self.protocol.map(|protocol| match protocol {
            ProtocolKind::Http => CheckProtocol::Http,
            ProtocolKind::Tcp => CheckProtocol::Tcp,
        })
    }

    fn over(&self, base: HealthCheck) -> HealthCheck {
        HealthCheck {
            protocol: self.protocol().unwrap_or(base.protocol),
            port: self.port.or(base.port),
            path: self.path.clone().unwrap_or(base.path),
            matcher: self.matcher.clone().unwrap_or(base.matcher),
            interval: self.interval.map_or(base.interval, |span| span.0),
            timeout: self.timeout.map_or(base.timeout, |span| span.0),
            healthy_threshold: self.healthy_threshold.unwrap_or(base.healthy_threshold),
            unhealthy_threshold: self.unhealthy_threshold.unwrap_or(base.unhealthy_threshold),
        }
    }

    /// The same as a change to a target group that is there.
    pub(super) fn change(&self) -> HealthCheckChange {
        HealthCheckChange {
            protocol: self.protocol(),
            port: self.port.map(CheckPort::Fixed),
            path: self.path.clone(),
            matcher: self.matcher.clone(),
            interval: self.interval.map(|span| span.0),
            timeout: self.timeout.map(|span| span.0),
            healthy_threshold: self.healthy_threshold,
            unhealthy_threshold: self.unhealthy_threshold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read() {
        assert_eq!(ports("8080"), Some(8080..=8080));
        assert_eq!(ports("80-443"), Some(80..=443));
        assert_eq!(ports("443-80"), None);
        assert_eq!(peer("sg-1"), Some(Peer::Group("sg-1".into())));
        assert_eq!(peer("10.0.0.0/8"), Some(Peer::Cidr("10.0.0.0/8".parse().unwrap())));
        assert_eq!(peer("2001:db8::/32"), Some(Peer::Cidr("2001:db8::/32".parse().unwrap())));
        assert_eq!(peer("10.0.0.0/33"), None);
        assert_eq!(peer("anybody"), None);
    }
}
