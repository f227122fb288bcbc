//! From a task to what it needs: by an interface endpoint, by the gateway endpoint of S3, or over the internet
//! (catalogue 3.8).
//!
//! ```text
//!  interface endpoint with private DNS?  ─yes▶ groups of the task, groups of the endpoint, ACLs
//!  S3 and a gateway endpoint in the table? ─▶ groups of the task (prefix list), ACLs
//!  default route: igw with public address, NAT ─▶ groups of the task (anywhere), ACLs
//!  otherwise: a dead end
//! ```
//!
//! The address a failed call dialled tells which way it went, whatever the configuration looks like.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Verdict;
use super::acl::{self, End, Filtered};
use super::cover::{Addresses, is_private};
use super::crossing::Side;
use super::groups::{Direction, Doubt, Groups, Packet, Protocol, ask};
use super::needs::Need;
use super::routes::{Internet, internet, table_of};
use super::topology::{Host, Topology};
use crate::diagnose::scene::Scene;
use crate::model::known::Known;
use crate::model::network::{Route, RouteDestination, RouteTable, RouteTarget, Vpc, VpcEndpoint};
use crate::model::service::Service;
use crate::model::task::Task;

/// The port everything needed listens on.
pub(in crate::diagnose) const HTTPS: u16 = 443;

/// Where a task's calls begin.
#[derive(Clone, Debug)]
pub(in crate::diagnose) struct Origin<'a> {
    /// The interface.
    pub(in crate::diagnose) host: Host<'a>,
    /// Whether it has a public IPv4 address, if that is known.
    pub(in crate::diagnose) public: Option<bool>,
}

/// Which way a call goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::diagnose) enum Via<'a> {
    /// An interface endpoint.
    Endpoint(&'a VpcEndpoint),
    /// The gateway endpoint of S3.
    Gateway(&'a VpcEndpoint),
    /// A NAT gateway or an internet gateway.
    Internet,
    /// Not known, or not at all.
    Nowhere,
}

/// Why there is no way at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::diagnose) enum DeadEnd<'a> {
    /// The default route leads to an internet gateway, and there is no public address.
    NoPublicAddress(&'a RouteTable),
    /// No default route and no endpoint.
    Isolated(&'a RouteTable),
    /// The target of the default route is gone.
    Blackhole(&'a RouteTable, &'a Route),
    /// There is an endpoint, but names do not resolve to it.
    PrivateDnsOff(&'a VpcEndpoint),
    /// The endpoints of ECR are there; the gateway for the layers is not in this table.
    NoS3Gateway(&'a RouteTable, Option<&'a VpcEndpoint>),
}

/// Whether something can be reached, and what decides.
#[derive(Clone, Debug)]
pub(in crate::diagnose) struct Reach<'a> {
    /// What.
    pub(in crate::diagnose) need: Need,
    /// Which way.
    pub(in crate::diagnose) via: Via<'a>,
    /// Why there is no way.
    pub(in crate::diagnose) dead_end: Option<DeadEnd<'a>>,
    /// Groups of the task.
    pub(in crate::diagnose) egress: Option<Side<'a>>,
    /// Groups of the endpoint.
    pub(in crate::diagnose) ingress: Option<Side<'a>>,
    /// Groups of the endpoint themselves.
    pub(in crate::diagnose) endpoint_groups: Option<Groups<'a>>,
    /// Network ACLs.
    pub(in crate::diagnose) acls: Option<Filtered<'a>>,
    /// Why nobody can tell.
    pub(in crate::diagnose) doubt: Option<Doubt<'a>>,
}

impl<'a> Reach<'a> {
    const fn new(need: Need, via: Via<'a>) -> Self {
        Self { need, via, dead_end: None, egress: None, ingress: None, endpoint_groups: None, acls: None, doubt: None }
    }

    /// The verdict over everything.
    pub(in crate::diagnose) fn verdict(&self) -> Verdict {
        if self.dead_end.is_some() {
            return Verdict::Blocked;
        }
        let side = |side: &Option<Side<'_>>| side.as_ref().map_or(Verdict::Open, |side| side.verdict);
        let acls = self.acls.map_or(Verdict::Open, |acls| acls.verdict);
        let doubt = if self.doubt.is_some() { Verdict::Unknown } else { Verdict::Open };
        Verdict::worst([side(&self.egress), side(&self.ingress), acls, doubt])
    }
}

/// Whether tasks of the service run on Fargate.
pub(in crate::diagnose) fn is_fargate(service: &Service, task: Option<&Task>) -> bool {
    let launch = task.and_then(|task| task.launch_type.as_deref()).or(service.launch_type.as_deref());
    let by_provider = || service.capacity_providers.iter().any(|share| share.provider.starts_with("FARGATE"));
    launch.map_or_else(by_provider, |launch| launch == "FARGATE")
}

impl<'a> Topology<'a> {
    /// Where calls of these tasks begin: in their subnets or at their instances. Without tasks, wherever the next one may
    /// be placed.
    pub(in crate::diagnose) fn origins(&self, scene: &Scene<'a>, tasks: &[&'a Task]) -> Vec<Origin<'a>> {
        let first = tasks.first().copied();
        if let Some(network) = self.network(first) {
            let fargate = is_fargate(scene.service, first);
            let used: Vec<&str> = tasks.iter().filter_map(|task| task.interface.as_ref()?.subnet.as_deref()).collect();
            return self
                .future_hosts()
                .into_iter()
                .filter(|host| used.is_empty() || host.subnet.is_some_and(|subnet| used.contains(&subnet)))
                // A task on an instance of one's own never gets a public address for its own interface.
                .map(|host| Origin { host, public: Some(fargate && network.assign_public_ip) })
                .collect();
        }
        let mut instances: Vec<&str> =
            tasks.iter().filter_map(|task| task.ec2_instance.known()).map(String::as_str).collect();
        instances.sort_unstable();
        instances.dedup();
        instances
            .into_iter()
            .filter_map(|id| self.instance_interface(id))
            .map(|interface| Origin {
                host: self.interface_host(interface, None),
                public: Some(interface.public_ipv4.is_some()),
            })
            .collect()
    }

    /// Whether something can be reached from there. `dialled` is the address a failed call was made to.
    pub(in crate::diagnose) fn reach(&self, origin: &Origin<'a>, need: &Need, dialled: Option<IpAddr>) -> Reach<'a> {
        let (Some(vpc), Some(subnet)) = (origin.host.vpc, origin.host.subnet) else {
            return unknown(need, Doubt::Unread("the VPC of the tasks"));
        };
        let private = dialled.map(|address| is_inside(vpc, address));
        let endpoints = vpc.endpoints.known();
        let candidates = || interface_endpoints(vpc, need);
        let dns = vpc.dns_support.known() != Some(&false) && vpc.dns_hostnames.known() != Some(&false);
        let resolving = candidates().find(|endpoint| endpoint.private_dns && dns);
        match (private, resolving) {
            (Some(true), _) => {
                return match resolving.or_else(|| candidates().next()) {
                    Some(endpoint) => self.by_endpoint(origin, need, endpoint, dialled),
                    None => unknown(need, Doubt::Unread("what stands at the private address that was dialled")),
                };
            }
            (None, Some(endpoint)) => return self.by_endpoint(origin, need, endpoint, None),
            // What was dialled is on the internet, so it is not what this endpoint stands for.
            (Some(false), Some(_)) => return unknown(need, Doubt::Unread("why a public address was dialled")),
            (None, None) if endpoints.is_none() => return unknown(need, Doubt::Unread("VPC endpoints")),
            (_, None) => {}
        }
        if *need == Need::S3 {
            match s3_gateway(vpc, subnet) {
                Gateway::There(endpoint, list) => return self.by_gateway(origin, need, endpoint, list, dialled),
                Gateway::Unclear => return unknown(need, Doubt::Unread("VPC endpoints")),
                Gateway::Missing => {}
            }
        }
        self.by_internet(origin, need, vpc, subnet, dialled)
    }

    fn by_endpoint(
        &self,
        origin: &Origin<'a>,
        need: &Need,
        endpoint: &'a VpcEndpoint,
        dialled: Option<IpAddr>,
    ) -> Reach<'a> {
        let mut reach = Reach::new(need.clone(), Via::Endpoint(endpoint));
        let mut nodes: Vec<(Addresses, Option<&'a str>)> = Vec::new();
        if let Known::Known(interfaces) = self.facts.network_interfaces(&super::wanted_endpoint_interfaces(&self.facts))
        {
            let own = interfaces.iter().filter(|interface| endpoint.interfaces.contains(&interface.id));
            nodes.extend(own.flat_map(|interface| {
                let ipv4 = interface.private_ipv4.iter();
                ipv4.map(|address| (Addresses::one(IpAddr::V4(*address)), interface.subnet.as_deref()))
            }));
        }
        if nodes.is_empty() {
            nodes.extend(endpoint.subnets.iter().filter_map(|id| self.subnet(id)).flat_map(|subnet| {
                let ipv4 = subnet.cidrs.iter().filter(|range| matches!(range, IpNet::V4(_)));
                ipv4.map(|range| (Addresses::Within(*range), Some(subnet.id.as_str())))
            }));
        }
        if let Some(dialled) = dialled {
            let hit = |(addresses, _): &&(Addresses, Option<&'a str>)| match addresses {
                Addresses::Within(range) => range.contains(&dialled),
                Addresses::Internet | Addresses::Unknown { .. } => true,
            };
            let subnet = nodes.iter().find(hit).map(|(_, subnet)| *subnet);
            let Some(subnet) = subnet else {
                if nodes.is_empty() {
                    return Reach { doubt: Some(Doubt::Unread("where the endpoint stands")), ..reach };
                }
                return Reach { doubt: Some(Doubt::Unread("what stands at the address that was dialled")), ..reach };
            };
            nodes = vec![(Addresses::one(dialled), subnet)];
        }
        if nodes.is_empty() {
            nodes.push((Addresses::Unknown { ipv6: false }, None));
        }
        let ids: Vec<&'a str> = endpoint.security_groups.iter().map(String::as_str).collect();
        let groups = if ids.is_empty() { Groups::default() } else { self.groups(ids) };
        let host = &origin.host;
        let near = End { vpc: host.vpc, subnet: host.subnet, addresses: host.addresses() };
        let (mut egress, mut ingress, mut acls) = (Vec::new(), Vec::new(), Vec::new());
        for (addresses, subnet) in nodes {
            egress.push(Side::from(ask(
                &self.facts,
                &host.groups,
                &Packet { far: addresses, far_groups: groups.ids.as_deref(), ..out_to_443() },
            )));
            ingress.push(Side::from(ask(
                &self.facts,
                &groups,
                &Packet {
                    direction: Direction::Ingress,
                    far: host.addresses(),
                    far_groups: host.groups.ids.as_deref(),
                    ..out_to_443()
                },
            )));
            acls.push(acl::between(near, Some(End { vpc: host.vpc, subnet, addresses }), addresses, HTTPS));
        }
        reach.egress = over_all(egress);
        reach.ingress = over_all(ingress);
        reach.endpoint_groups = Some(groups);
        reach.acls = worst_of(&acls);
        reach
    }

    fn by_gateway(
        &self,
        origin: &Origin<'a>,
        need: &Need,
        endpoint: &'a VpcEndpoint,
        list: Option<&'a str>,
        dialled: Option<IpAddr>,
    ) -> Reach<'a> {
        let mut reach = Reach::new(need.clone(), Via::Gateway(endpoint));
        let entries = list.and_then(|list| self.facts.prefix_list(list).known().map(|list| list.entries.as_slice()));
        let ipv4 = |range: &&IpNet| matches!(range, IpNet::V4(_));
        let goals: Vec<Addresses> = match (dialled, entries) {
            (Some(address), _) => vec![Addresses::one(address)],
            (None, Some(entries)) if entries.iter().any(|range| ipv4(&range)) => {
                entries.iter().filter(ipv4).map(|range| Addresses::Within(*range)).collect()
            }
            (None, _) => vec![Addresses::Internet],
        };
        let ask_for = |far: Addresses| {
            let packet = Packet { far, far_list: list, ..out_to_443() };
            Side::from(ask(&self.facts, &origin.host.groups, &packet))
        };
        reach.egress = over_all(goals.into_iter().map(ask_for).collect());
        reach.acls = Some(out(&origin.host, dialled));
        reach
    }

    fn by_internet(
        &self,
        origin: &Origin<'a>,
        need: &Need,
        vpc: &'a Vpc,
        subnet: &str,
        dialled: Option<IpAddr>,
    ) -> Reach<'a> {
        let mut reach = Reach::new(need.clone(), Via::Internet);
        let unresolved = interface_endpoints(vpc, need).next();
        let ecr_is_there =
            || [Need::EcrApi, Need::EcrDocker].iter().all(|need| interface_endpoints(vpc, need).any(|e| e.private_dns));
        let layers = *need == Need::S3 && ecr_is_there();
        // A table without the gateway, which may stand in another one.
        let elsewhere = || gateways(vpc).next();
        let cut_off = |table: &'a RouteTable, otherwise: DeadEnd<'a>| match unresolved {
            Some(endpoint) => DeadEnd::PrivateDnsOff(endpoint),
            None if layers => DeadEnd::NoS3Gateway(table, elsewhere()),
            None => otherwise,
        };
        reach.dead_end = match internet(vpc, subnet) {
            Internet::Nat(_) => None,
            Internet::Gateway(table) => match origin.public {
                Some(true) => None,
                Some(false) => Some(cut_off(table, DeadEnd::NoPublicAddress(table))),
                None => return unknown(need, Doubt::Unread("whether the tasks have public addresses")),
            },
            Internet::Blackhole(table, route) => Some(DeadEnd::Blackhole(table, route)),
            Internet::Isolated(table) => Some(cut_off(table, DeadEnd::Isolated(table))),
            Internet::Beyond(_) => return unknown(need, Doubt::Unread("what is behind the default route")),
            Internet::Unread => return unknown(need, Doubt::Unread("route tables")),
        };
        if reach.dead_end.is_some() {
            reach.via = Via::Nowhere;
            return reach;
        }
        let far = dialled.map_or(Addresses::Internet, Addresses::one);
        reach.egress = Some(Side::from(ask(&self.facts, &origin.host.groups, &Packet { far, ..out_to_443() })));
        reach.acls = Some(out(&origin.host, dialled));
        if blocks_everything(vpc, subnet) {
            reach.doubt = Some(Doubt::Unread("what Block Public Access lets through"));
        }
        reach
    }
}

fn unknown<'a>(need: &Need, why: Doubt<'a>) -> Reach<'a> {
    Reach { doubt: Some(why), ..Reach::new(need.clone(), Via::Nowhere) }
}

const fn out_to_443<'s, 'a>() -> Packet<'s, 'a> {
    Packet {
        direction: Direction::Egress,
        protocol: Protocol::Tcp,
        port: HTTPS,
        far: Addresses::Internet,
        far_groups: Some(&[]),
        far_list: None,
        middlebox: false,
    }
}

fn out<'a>(host: &Host<'a>, dialled: Option<IpAddr>) -> Filtered<'a> {
    let near = End { vpc: host.vpc, subnet: host.subnet, addresses: host.addresses() };
    acl::between(near, None, dialled.map_or(Addresses::Internet, Addresses::one), HTTPS)
}

/// Whether an address is in the VPC, or at least not on the internet.
fn is_inside(vpc: &Vpc, address: IpAddr) -> bool {
    let range = IpNet::from(address);
    is_private(&range) || super::topology::subnet_around(vpc, &range).is_some()
}

/// The interface endpoints for a need that work. Those of S3 are of no use for layers of images.
pub(in crate::diagnose) fn interface_endpoints<'a>(
    vpc: &'a Vpc,
    need: &Need,
) -> impl Iterator<Item = &'a VpcEndpoint> + use<'a> {
    let name = need.endpoint().filter(|name| *name != "s3").map(|name| format!(".{name}"));
    vpc.endpoints.known().into_iter().flatten().filter(move |endpoint| {
        endpoint.kind.eq_ignore_ascii_case("interface")
            && is_available(endpoint)
            && name.as_deref().is_some_and(|name| endpoint.service_name.ends_with(name))
    })
}

fn is_available(endpoint: &VpcEndpoint) -> bool {
    endpoint.state.is_empty() || endpoint.state.eq_ignore_ascii_case("available")
}

/// Gateway endpoints of S3, in whatever route table.
pub(in crate::diagnose) fn gateways(vpc: &Vpc) -> impl Iterator<Item = &VpcEndpoint> {
    vpc.endpoints.known().into_iter().flatten().filter(|endpoint| {
        endpoint.kind.eq_ignore_ascii_case("gateway")
            && is_available(endpoint)
            && endpoint.service_name.rsplit('.').next() == Some("s3")
    })
}

enum Gateway<'a> {
    There(&'a VpcEndpoint, Option<&'a str>),
    Missing,
    Unclear,
}

/// The gateway endpoint of S3 in the table of a subnet, with its prefix list.
fn s3_gateway<'a>(vpc: &'a Vpc, subnet: &str) -> Gateway<'a> {
    let table = table_of(vpc, subnet);
    let routes = || table.into_iter().flat_map(|table| &table.routes);
    let leads_to = |route: &Route, id: &str| matches!(&route.target, RouteTarget::VpcEndpoint(to) if to == id);
    if vpc.endpoints.known().is_none() {
        let any = routes().any(|route| {
            matches!(
                (&route.destination, &route.target),
                (RouteDestination::PrefixList(_), RouteTarget::VpcEndpoint(_))
            )
        });
        return if any || table.is_none() { Gateway::Unclear } else { Gateway::Missing };
    }
    let here = gateways(vpc).find(|endpoint| {
        table.is_some_and(|table| endpoint.route_tables.contains(&table.id))
            || routes().any(|route| leads_to(route, &endpoint.id))
    });
    let Some(endpoint) = here else {
        return if table.is_none() && gateways(vpc).next().is_some() { Gateway::Unclear } else { Gateway::Missing };
    };
    let list = routes().filter(|route| leads_to(route, &endpoint.id)).find_map(|route| match &route.destination {
        RouteDestination::PrefixList(id) => Some(id.as_str()),
        RouteDestination::Cidr(_) => None,
    });
    Gateway::There(endpoint, list)
}

/// Whether Block Public Access stops what leaves by an internet gateway.
fn blocks_everything(vpc: &Vpc, subnet: &str) -> bool {
    vpc.public_access_block.known().is_some_and(|block| {
        let excluded = block.exclusions.iter().any(|arn| arn.contains(vpc.id.as_str()) || arn.contains(subnet));
        block.internet_gateway_mode.as_deref() == Some("block-bidirectional") && !excluded
    })
}

/// One verdict over several places a call may end up at.
fn over_all(sides: Vec<Side<'_>>) -> Option<Side<'_>> {
    let count = |verdict| sides.iter().filter(|side| side.verdict == verdict).count();
    let (open, blocked) = (count(Verdict::Open), count(Verdict::Blocked));
    let verdict = if blocked == sides.len() {
        Verdict::Blocked
    } else if blocked > 0 && open > 0 {
        Verdict::Partial
    } else if open == sides.len() {
        Verdict::Open
    } else {
        Verdict::Unknown
    };
    let shown = match verdict {
        Verdict::Blocked | Verdict::Partial => Verdict::Blocked,
        other => other,
    };
    let side = sides.into_iter().find(|side| side.verdict == shown)?;
    Some(Side { verdict, ..side })
}

fn worst_of<'a>(all: &[Filtered<'a>]) -> Option<Filtered<'a>> {
    let verdict = match all.iter().filter(|one| one.verdict == Verdict::Blocked).count() {
        0 => Verdict::worst(all.iter().map(|one| one.verdict)),
        count if count == all.len() => Verdict::Blocked,
        _ => Verdict::Partial,
    };
    let shown = all.iter().find(|one| one.drop.is_some()).or_else(|| all.iter().find(|one| one.verdict == verdict))?;
    Some(Filtered { verdict, ..*shown })
}

/// What the tasks need and no endpoint of the VPC offers, in order.
pub(in crate::diagnose) fn missing_endpoints(vpc: &Vpc, subnet: &str, needs: &[Need]) -> Vec<Need> {
    let offered = |need: &Need| match need {
        Need::S3 => !matches!(s3_gateway(vpc, subnet), Gateway::Missing),
        Need::Registry(_) => true,
        _ => interface_endpoints(vpc, need).next().is_some(),
    };
    needs.iter().filter(|need| !offered(need)).cloned().collect()
}
