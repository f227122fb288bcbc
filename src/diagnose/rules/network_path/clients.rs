//! From clients to the load balancer, and what they meet behind it (65 to 67, 70, 74). Quiet wherever somebody may come
//! in: who is meant to, nobody but the owner knows.

use ipnet::IpNet;

use super::front_entries as entries;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::network::clients::{Door, door, weight};
use crate::diagnose::network::cover::{Addresses, Cover, is_private};
use crate::diagnose::network::groups::{Direction, Protocol, is_protocol, ports};
use crate::diagnose::network::remedy::{Source, authorize};
use crate::diagnose::network::routes::{is_public, table_of};
use crate::diagnose::network::topology::{Balancer, Topology};
use crate::diagnose::network::words;
use crate::diagnose::scene::{Group, Scene};
use crate::diagnose::target_health::Standing;
use crate::model::known::Known;
use crate::model::load_balancing::Listener;
use crate::model::network::Peer;

pub(super) fn find<'a>(scene: &Scene<'a>, topology: &Topology<'a>, findings: &mut Vec<Finding>) {
    for balancer in &topology.balancers {
        let leading: Vec<&Listener> = balancer
            .listeners
            .unwrap_or_default()
            .iter()
            .filter(|listener| scene.groups.iter().any(|group| weight(listener, group.arn).is_some()))
            .collect();
        closed_listeners(balancer, &leading, findings);
        if !leading.is_empty() {
            private_subnets(balancer, findings);
            public_access(balancer, findings);
        }
    }
    for group in &scene.groups {
        for balancer in topology.balancers_of(group) {
            client_addresses(topology, group, balancer, findings);
        }
    }
}

fn internet_facing(balancer: &Balancer<'_>) -> bool {
    balancer.settings.is_some_and(|settings| settings.scheme.as_deref() == Some("internet-facing"))
}

/// 65 and 67.
fn closed_listeners(balancer: &Balancer<'_>, leading: &[&Listener], findings: &mut Vec<Finding>) {
    let name = balancer.arn.balancer_name();
    let dualstack = balancer
        .settings
        .and_then(|settings| settings.address_type.as_deref())
        .is_some_and(|kind| kind.starts_with("dualstack"));
    for listener in leading {
        let Some(port) = listener.port else { continue };
        let Some(group) = balancer.groups.ids.as_ref().and_then(|ids| ids.first()) else { continue };
        let door = door(balancer, listener);
        let everybody = |text: &str| Source::Cidrs(text.parse::<IpNet>().into_iter().collect());
        match &door {
            Door::Closed => {
                let own = balancer.vpc.and_then(|vpc| vpc.subnets.known()).into_iter().flatten();
                let inside: Vec<IpNet> = own
                    .flat_map(|subnet| subnet.cidrs.iter().copied())
                    .filter(|range| matches!(range, IpNet::V4(_)))
                    .collect();
                let source = if internet_facing(balancer) { everybody("0.0.0.0/0") } else { Source::Cidrs(inside) };
                let fix = Fix::new("Let the clients in on the listener's port.");
                findings.push(
                    Finding::new(
                        &entries::LISTENER_CLOSED,
                        Confidence::Certain,
                        format!("The security groups of load balancer {name} let nobody in on listener port {port}"),
                    )
                    .explain(format!(
                        "No rule of {} covers port {port}, from anywhere. Clients get no connection, however healthy the \
                         targets are.",
                        balancer.groups.names()
                    ))
                    .short(format!("listener port {port} closed for everybody"))
                    .evidence(
                        "ec2:DescribeSecurityGroups",
                        balancer.groups.names(),
                        "IpPermissions",
                        format!("absent: no rule for port {port}"),
                    )
                    .evidence(
                        "elasticloadbalancing:DescribeListeners",
                        listener.arn.as_str(),
                        "Port",
                        port,
                    )
                    .fix(authorize(fix, Direction::Ingress, group, (port, port), &source)),
                );
            }
            Door::Open(rules) if dualstack && door.for_all(false) && !door.for_all(true) => {
                // Some IPv6 addresses are let in by name: then that is a choice.
                let chosen =
                    rules.iter().any(|of| matches!(&of.rule.peer, Peer::Cidr(IpNet::V6(_)) | Peer::PrefixList(_)));
                if chosen {
                    continue;
                }
                let fix = Fix::new("Let clients in over IPv6 too.");
                findings.push(
                    Finding::new(
                        &entries::NO_IPV6,
                        Confidence::Certain,
                        format!("Load balancer {name} has IPv6 addresses, but port {port} is open for IPv4 only"),
                    )
                    .explain(format!(
                        "Clients that resolve an AAAA record try IPv6 first, and no rule of {} allows port {port} from ::/0. \
                         0.0.0.0/0 does not include IPv6.",
                        balancer.groups.names()
                    ))
                    .short(format!("port {port} closed over IPv6"))
                    .evidence(
                        "elasticloadbalancing:DescribeLoadBalancers",
                        format!("load balancer {name}"),
                        "IpAddressType",
                        balancer.settings.and_then(|s| s.address_type.as_deref()).unwrap_or("absent"),
                    )
                    .evidence(
                        "ec2:DescribeSecurityGroups",
                        balancer.groups.names(),
                        "IpPermissions.Ipv6Ranges",
                        format!("absent for port {port}"),
                    )
                    .fix(authorize(fix, Direction::Ingress, group, (port, port), &everybody("::/0"))),
                );
            }
            _ => {}
        }
    }
}

/// 66.
fn private_subnets(balancer: &Balancer<'_>, findings: &mut Vec<Finding>) {
    let (Some(settings), Some(vpc), true) = (balancer.settings, balancer.vpc, internet_facing(balancer)) else {
        return;
    };
    let subnets: Vec<&str> = settings.zones.iter().filter_map(|(_, subnet)| subnet.as_deref()).collect();
    let private: Vec<&str> = subnets.iter().copied().filter(|id| is_public(vpc, id) == Some(false)).collect();
    if private.is_empty() {
        return;
    }
    let name = balancer.arn.balancer_name();
    let all_public: Vec<&str> = vpc
        .subnets
        .known()
        .into_iter()
        .flatten()
        .filter(|subnet| is_public(vpc, &subnet.id) == Some(true))
        .map(|subnet| subnet.id.as_str())
        .collect();
    let mut fix = Fix::new("Move the load balancer to subnets whose default route leads to an internet gateway.");
    if all_public.len() > 1 {
        let words = ["elbv2", "set-subnets", "--load-balancer-arn", balancer.arn.as_str(), "--subnets"];
        fix = fix.aws(words.into_iter().chain(all_public.iter().copied()));
    }
    let some = private.len() < subnets.len();
    let zones = settings.zones.iter().filter(|(_, subnet)| subnet.as_deref().is_some_and(|id| private.contains(&id)));
    let mut finding = Finding::new(
        &entries::PRIVATE_SUBNET,
        Confidence::Certain,
        format!("Load balancer {name} is internet-facing, but stands in private subnets: {}", private.join(", ")),
    )
    .explain(
        "The default route of these subnets does not lead to an internet gateway, so answers never get back to clients on the \
         internet. Clients that resolve to these nodes time out.",
    )
    .short("internet-facing in private subnets")
    .severity(if some { Severity::Error } else { Severity::Critical })
    .scope(Scope {
        subnets: private.iter().map(|id| (*id).to_owned()).collect(),
        availability_zones: if some { zones.map(|(zone, _)| zone.clone()).collect() } else { Vec::new() },
        ..Scope::default()
    })
    .evidence("elasticloadbalancing:DescribeLoadBalancers", format!("load balancer {name}"), "Scheme", "internet-facing");
    for id in private.iter().take(3) {
        let table = table_of(vpc, id);
        let default = table.and_then(|table| {
            table.routes.iter().find(|route| {
                matches!(&route.destination, crate::model::network::RouteDestination::Cidr(range) if range.prefix_len() == 0)
            })
        });
        finding = finding.evidence(
            "ec2:DescribeRouteTables",
            format!("{} of {id}", table.map_or("route table", |table| table.id.as_str())),
            "Routes[0.0.0.0/0]",
            default.map_or_else(|| "absent".to_owned(), words::route),
        );
    }
    findings.push(finding.fix(fix.terraform(format!("aws_lb.{name} → subnets"))));
}

/// 70.
fn public_access(balancer: &Balancer<'_>, findings: &mut Vec<Finding>) {
    let (Some(settings), Some(vpc), true) = (balancer.settings, balancer.vpc, internet_facing(balancer)) else {
        return;
    };
    let Known::Known(block) = &vpc.public_access_block else { return };
    let mode = block.internet_gateway_mode.as_deref().unwrap_or("off");
    if !matches!(mode, "block-bidirectional" | "block-ingress") {
        return;
    }
    let excluded = |id: &str| block.exclusions.iter().any(|arn| arn.ends_with(id));
    let subnets: Vec<&str> = settings.zones.iter().filter_map(|(_, subnet)| subnet.as_deref()).collect();
    let blocked: Vec<&str> = subnets.iter().copied().filter(|id| !excluded(id)).collect();
    if excluded(&vpc.id) || blocked.is_empty() {
        return;
    }
    let name = balancer.arn.balancer_name();
    findings.push(
        Finding::new(
            &entries::PUBLIC_ACCESS_BLOCKED,
            Confidence::Medium,
            format!("Block Public Access of VPCs keeps clients on the internet from load balancer {name}"),
        )
        .explain(format!(
            "The account blocks internet gateways in this region ({mode}), and neither VPC {} nor subnets {} are excluded.",
            vpc.id,
            blocked.join(", ")
        ))
        .short("VPC Block Public Access is on")
        .scope(Scope { subnets: blocked.iter().map(|id| (*id).to_owned()).collect(), ..Scope::default() })
        .evidence("ec2:DescribeVpcBlockPublicAccessOptions", &vpc.id, "InternetGatewayBlockMode", mode)
        .evidence("ec2:DescribeVpcBlockPublicAccessExclusions", &vpc.id, "ResourceArn", "absent")
        .fix(
            Fix::new("Exclude the VPC from Block Public Access.")
                .aws([
                    "ec2",
                    "create-vpc-block-public-access-exclusion",
                    "--vpc-id",
                    &vpc.id,
                    "--internet-gateway-exclusion-mode",
                    "allow-bidirectional",
                ])
                .terraform("aws_vpc_block_public_access_exclusion → vpc_id, internet_gateway_exclusion_mode"),
        ),
    );
}

/// Whether targets see the addresses of clients instead of those of the load balancer's nodes.
pub(super) fn preserves_addresses(group: &Group<'_>) -> bool {
    let Known::Known(settings) = &group.settings else { return false };
    let udp = matches!(settings.protocol.as_deref(), Some("UDP" | "TCP_UDP" | "QUIC" | "TCP_QUIC"));
    // What is always so is not in the attributes.
    udp || group.attribute("preserve_client_ip.enabled") == Some("true")
}

/// 74: health checks come from the nodes and pass, clients come with their own addresses and do not.
fn client_addresses<'a>(
    topology: &Topology<'a>,
    group: &Group<'a>,
    balancer: &Balancer<'a>,
    findings: &mut Vec<Finding>,
) {
    if !balancer.network || !internet_facing(balancer) || !preserves_addresses(group) {
        return;
    }
    let udp = group.settings.known().is_some_and(|settings| settings.protocol.as_deref() == Some("UDP"));
    let protocol = if udp { Protocol::Udp } else { Protocol::Tcp };
    let own = balancer.groups.ids.as_deref().unwrap_or_default();
    let shut: Vec<_> = group
        .present()
        .filter(|place| place.standing == Standing::Fine)
        .filter_map(|place| {
            let port = place.target.port?;
            let host = topology.host(group, place);
            if host.groups.unread.is_some() || host.groups.ids.is_none() || balancer.nodes.is_empty() {
                return None;
            }
            let rules: Vec<_> = host
                .groups
                .read
                .iter()
                .flat_map(|group| &group.ingress)
                .filter(|rule| {
                    let (first, last) = ports(&rule.traffic);
                    is_protocol(&rule.traffic, protocol) && (first..=last).contains(&port)
                })
                .collect();
            // Anybody from outside, or whoever comes through the load balancer by its group.
            let outsiders = rules.iter().any(|rule| match &rule.peer {
                Peer::Cidr(range) => !is_private(range) && !covers_only_nodes(range, balancer),
                Peer::PrefixList(_) | Peer::Other(_) => true,
                Peer::Group { group, .. } => own.contains(&group.as_str()),
            });
            let nodes = balancer.nodes.iter().all(|node| {
                rules.iter().any(|rule| match &rule.peer {
                    Peer::Cidr(range) => Addresses::Within(node.address).covered_by(range) == Cover::All,
                    _ => false,
                })
            });
            (nodes && !outsiders).then_some((place, host, port))
        })
        .collect();
    let Some((_, host, port)) = shut.first() else { return };
    let Some(id) = host.groups.ids.as_ref().and_then(|ids| ids.first()) else { return };
    let name = balancer.arn.balancer_name();
    let source = own.first().map_or_else(
        || Source::Cidrs("0.0.0.0/0".parse::<IpNet>().into_iter().collect()),
        |id| Source::Group((*id).to_owned()),
    );
    let fix = authorize(
        Fix::new("Let in the clients, or the load balancer's group; or let targets see the nodes' addresses instead."),
        Direction::Ingress,
        id,
        (*port, *port),
        &source,
    );
    let fix = if udp {
        fix
    } else {
        fix.aws([
            "elbv2",
            "modify-target-group-attributes",
            "--target-group-arn",
            group.arn.as_str(),
            "--attributes",
            "Key=preserve_client_ip.enabled,Value=false",
        ])
    };
    let kept = group.attribute("preserve_client_ip.enabled").unwrap_or("absent (always on for UDP)");
    findings.push(
        Finding::new(
            &entries::CLIENT_ADDRESSES,
            Confidence::Certain,
            format!("Targets let in the nodes of load balancer {name} on port {port}, but not its clients"),
        )
        .explain(format!(
            "The target group preserves the addresses of clients. Health checks come from the load balancer's nodes and pass; \
             clients come with their own addresses, which no rule of {} allows. They time out while everything is green.",
            host.groups.names()
        ))
        .short(format!("port {port} closed for client addresses"))
        .scope(Scope {
            target_group: Some(group.arn.as_str().to_owned()),
            targets: shut.iter().map(|(place, ..)| place.name()).take(20).collect(),
            ..Scope::default()
        })
        .evidence(
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            group.name(),
            "preserve_client_ip.enabled",
            kept,
        )
        .evidence(
            "ec2:DescribeSecurityGroups",
            host.groups.names(),
            "IpPermissions",
            format!("absent: no rule for port {port} from outside the VPC"),
        )
        .fix(fix),
    );
}

/// Whether a public range is only there for the nodes, whose subnets may have public ranges.
fn covers_only_nodes(range: &IpNet, balancer: &Balancer<'_>) -> bool {
    balancer.nodes.iter().any(|node| node.address.contains(range))
}
