//! What opens a way: commands and Terraform for rules of security groups and entries of network ACLs.

use ipnet::IpNet;

use super::acl::{Drop, EPHEMERAL, Leg};
use super::groups::Direction;
use crate::diagnose::finding::Fix;

/// The other side of a rule to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Source {
    /// A security group.
    Group(String),
    /// Addresses.
    Cidrs(Vec<IpNet>),
    /// A prefix list.
    PrefixList(String),
}

/// `IpProtocol=tcp,FromPort=8080,ToPort=8080,UserIdGroupPairs=[{GroupId=sg-lb}]`
pub(in crate::diagnose) fn permission((first, last): (u16, u16), source: &Source) -> String {
    let listed = |key: &str, item: &str, ranges: Vec<&IpNet>| {
        let items: Vec<String> = ranges.iter().map(|range| format!("{{{item}={range}}}")).collect();
        format!("{key}=[{}]", items.join(","))
    };
    let peer = match source {
        Source::Group(id) => format!("UserIdGroupPairs=[{{GroupId={id}}}]"),
        Source::PrefixList(id) => format!("PrefixListIds=[{{PrefixListId={id}}}]"),
        Source::Cidrs(ranges) => {
            let (ipv6, ipv4): (Vec<_>, Vec<_>) = ranges.iter().partition(|range| matches!(range, IpNet::V6(_)));
            let mut lists = Vec::new();
            if !ipv4.is_empty() {
                lists.push(listed("IpRanges", "CidrIp", ipv4));
            }
            if !ipv6.is_empty() {
                lists.push(listed("Ipv6Ranges", "CidrIpv6", ipv6));
            }
            lists.join(",")
        }
    };
    format!("IpProtocol=tcp,FromPort={first},ToPort={last},{peer}")
}

/// A fix with the command that opens ports of a group, and the Terraform resource that does.
pub(in crate::diagnose) fn authorize(
    fix: Fix,
    direction: Direction,
    group: &str,
    ports: (u16, u16),
    source: &Source,
) -> Fix {
    let (verb, resource, referenced) = match direction {
        Direction::Ingress => ("authorize-security-group-ingress", "aws_vpc_security_group_ingress_rule", "ingress"),
        Direction::Egress => ("authorize-security-group-egress", "aws_vpc_security_group_egress_rule", "egress"),
    };
    let peer = match source {
        Source::Group(id) => format!("referenced_security_group_id = \"{id}\""),
        Source::PrefixList(id) => format!("prefix_list_id = \"{id}\""),
        Source::Cidrs(ranges) => match ranges.first() {
            Some(range @ IpNet::V6(_)) => format!("cidr_ipv6 = \"{range}\""),
            Some(range) => format!("cidr_ipv4 = \"{range}\""),
            None => "cidr_ipv4 = \"0.0.0.0/0\"".to_owned(),
        },
    };
    let (first, last) = ports;
    fix.aws(["ec2", verb, "--group-id", group, "--ip-permissions", &permission(ports, source)]).terraform(format!(
        "{resource}.{referenced} → security_group_id = \"{group}\", {peer}, ip_protocol = \"tcp\", from_port = {first}, \
         to_port = {last}"
    ))
}

/// A fix with the command that lets packets pass where an ACL drops them, before the entry that denies.
pub(in crate::diagnose) fn allow_in_acl(fix: Fix, drop: &Drop<'_>, port: u16, far: &[IpNet]) -> Fix {
    let ports = if drop.leg.is_return() { EPHEMERAL } else { (port, port) };
    let egress = drop.leg.is_egress();
    let mut taken: Vec<u32> =
        drop.acl.entries.iter().filter(|entry| entry.egress == egress).map(|entry| entry.number).collect();
    let mut fix = fix;
    let direction = if egress { "--egress" } else { "--ingress" };
    let (first, last) = (ports.0.to_string(), ports.1.to_string());
    for range in far {
        let Some(number) = free_number(&taken, drop.entry.map(|entry| entry.number)) else { break };
        taken.push(number);
        let family = if matches!(range, IpNet::V6(_)) { "--ipv6-cidr-block" } else { "--cidr-block" };
        fix = fix.aws([
            "ec2",
            "create-network-acl-entry",
            "--network-acl-id",
            &drop.acl.id,
            direction,
            "--rule-number",
            &number.to_string(),
            "--protocol",
            "tcp",
            "--port-range",
            &format!("From={first},To={last}"),
            family,
            &range.to_string(),
            "--rule-action",
            "allow",
        ]);
    }
    let block = if egress { "egress" } else { "ingress" };
    fix.terraform(format!(
        "aws_network_acl ({}) → {block} {{ action = \"allow\", protocol = \"tcp\", from_port = {first}, to_port = {last} }}",
        drop.acl.id
    ))
}

/// The highest free number before the entry that denies, or one after all others.
fn free_number(taken: &[u32], before: Option<u32>) -> Option<u32> {
    let free = |number: &u32| !taken.contains(number);
    if let Some(denies) = before {
        return (1..denies).rev().find(free);
    }
    let last = taken.iter().copied().filter(|number| *number < 32_767).max().unwrap_or(90);
    (last.saturating_add(10)..32_767).find(free).or_else(|| (1..32_767).rev().find(free))
}

/// What a leg lets in or out: the addresses of its other side.
pub(in crate::diagnose) const fn is_about_far(leg: Leg) -> bool {
    matches!(leg, Leg::Out | Leg::AnswerIn)
}
