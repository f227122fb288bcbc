//! DescribeSecurityGroups and DescribeSecurityGroupRules: the same rules, once by group and once each for itself.

use ipnet::IpNet;

use super::super::protocol::{Form, Xml};
use super::selection::{Kind, paged};
use super::{Answered, no_tags};
use crate::sim::world::{ACCOUNT, IpProtocol, Peer, Permission, REGION, SecurityGroup, World};

const GROUPS: Kind<SecurityGroup> = Kind {
    parameter: "GroupId",
    id: |group| &group.id,
    not_found: "InvalidGroup.NotFound",
    called: "security group",
    filters: &[
        ("group-id", |_, group| vec![group.id.clone()]),
        ("group-name", |_, group| vec![group.name.clone()]),
        ("vpc-id", |world, group| vec![vpc_of(world, group)]),
        ("description", |_, group| vec![group.name.clone()]),
        ("owner-id", |_, _| vec![ACCOUNT.to_owned()]),
        ("ip-permission.cidr", |_, group| peers(&group.ingress, cidr)),
        ("ip-permission.group-id", |_, group| peers(&group.ingress, group_id)),
        ("ip-permission.prefix-list-id", |_, group| peers(&group.ingress, prefix_list)),
        ("ip-permission.from-port", |_, group| ports(&group.ingress, false)),
        ("ip-permission.to-port", |_, group| ports(&group.ingress, true)),
        ("ip-permission.protocol", |_, group| protocols(&group.ingress)),
        ("egress.ip-permission.cidr", |_, group| peers(&group.egress, cidr)),
        ("egress.ip-permission.group-id", |_, group| peers(&group.egress, group_id)),
        ("egress.ip-permission.prefix-list-id", |_, group| peers(&group.egress, prefix_list)),
        ("egress.ip-permission.from-port", |_, group| ports(&group.egress, false)),
        ("egress.ip-permission.to-port", |_, group| ports(&group.egress, true)),
        ("egress.ip-permission.protocol", |_, group| protocols(&group.egress)),
    ],
};

/// A rule for itself.
struct Rule {
    id: String,
    group: String,
    egress: bool,
    permission: Permission,
}

const RULES: Kind<Rule> = Kind {
    parameter: "SecurityGroupRuleId",
    id: |rule| &rule.id,
    not_found: "InvalidSecurityGroupRuleId.NotFound",
    called: "security group rule ID",
    filters: &[
        ("group-id", |_, rule| vec![rule.group.clone()]),
        ("security-group-rule-id", |_, rule| vec![rule.id.clone()]),
    ],
};

fn vpc_of(world: &World, group: &SecurityGroup) -> String {
    world.network.vpc_of(group.vpc.as_deref()).to_owned()
}

fn cidr(peer: &Peer) -> Option<String> {
    if let Peer::Cidr(net @ IpNet::V4(_)) = peer { Some(net.to_string()) } else { None }
}

fn cidr_v6(peer: &Peer) -> Option<String> {
    if let Peer::Cidr(net @ IpNet::V6(_)) = peer { Some(net.to_string()) } else { None }
}

fn group_id(peer: &Peer) -> Option<String> {
    if let Peer::Group(id) = peer { Some(id.clone()) } else { None }
}

fn prefix_list(peer: &Peer) -> Option<String> {
    if let Peer::PrefixList(id) = peer { Some(id.clone()) } else { None }
}

fn peers(permissions: &[Permission], what: fn(&Peer) -> Option<String>) -> Vec<String> {
    permissions.iter().filter_map(|permission| what(&permission.peer)).collect()
}

fn ports(permissions: &[Permission], last: bool) -> Vec<String> {
    let pairs = permissions.iter().filter_map(port_range);
    pairs.map(|(from, to)| if last { to } else { from }.to_string()).collect()
}

fn protocols(permissions: &[Permission]) -> Vec<String> {
    permissions.iter().map(|permission| permission.protocol.name().to_owned()).collect()
}

/// First and last port as rules tell them; absent where every protocol is meant.
fn port_range(permission: &Permission) -> Option<(i32, i32)> {
    match permission.protocol {
        IpProtocol::All => None,
        IpProtocol::Icmp => Some((-1, -1)),
        IpProtocol::Tcp | IpProtocol::Udp => {
            Some((i32::from(*permission.ports.start()), i32::from(*permission.ports.end())))
        }
    }
}

pub(super) fn describe(form: &Form, world: &World) -> Answered {
    let names = form.counted("GroupName");
    let mut found = GROUPS.select(form, world, world.network.security_groups.values())?;
    found.retain(|group| names.is_empty() || names.contains(&group.name.as_str()));
    paged(form, "securityGroupInfo", found, |xml, group| {
        xml.put("ownerId", ACCOUNT)
            .put("groupId", &group.id)
            .put("groupName", &group.name)
            .put("groupDescription", &group.name)
            .put("vpcId", vpc_of(world, group))
            .put("securityGroupArn", format!("arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{}", group.id));
        write_permissions(xml, "ipPermissions", group, &group.ingress, world);
        write_permissions(xml, "ipPermissionsEgress", group, &group.egress, world);
        no_tags(xml);
    })
}

/// Rules with the same protocol and ports are one permission with several peers.
fn write_permissions(xml: &mut Xml, name: &str, group: &SecurityGroup, permissions: &[Permission], world: &World) {
    let key = |permission: &Permission| (permission.protocol.name(), port_range(permission));
    let mut keys: Vec<_> = permissions.iter().map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    xml.items(name, keys, |xml, (protocol, ports)| {
        let alike: Vec<&Permission> =
            permissions.iter().filter(|permission| key(permission) == (protocol, ports)).collect();
        xml.put("ipProtocol", protocol)
            .put_some("fromPort", ports.map(|(from, _)| from))
            .put_some("toPort", ports.map(|(_, to)| to));
        let having = |what: fn(&Peer) -> Option<String>| {
            alike.iter().filter_map(move |permission| Some((what(&permission.peer)?, &permission.description)))
        };
        xml.items("groups", having(group_id), |xml, (id, description)| {
            xml.put("userId", ACCOUNT).put("groupId", &id);
            write_peering(xml, group, &id, world);
            xml.put_some("description", description.as_ref());
        });
        for (set, field, what) in [
            ("ipRanges", "cidrIp", cidr as fn(&Peer) -> Option<String>),
            ("ipv6Ranges", "cidrIpv6", cidr_v6),
            ("prefixListIds", "prefixListId", prefix_list),
        ] {
            xml.items(set, having(what), |xml, (value, description)| {
                xml.put(field, value).put_some("description", description.as_ref());
            });
        }
    });
}

/// What a reference to a group of another VPC tells about the peering it needs.
fn write_peering(xml: &mut Xml, group: &SecurityGroup, referenced: &str, world: &World) {
    let Some(other) = world.network.security_groups.get(referenced) else { return };
    let (own, its) = (vpc_of(world, group), vpc_of(world, other));
    if own != its {
        xml.put("vpcId", &its);
        if let Some(peering) = world.network.gateways.peering(&own, &its) {
            xml.put("vpcPeeringConnectionId", &peering.id).put("peeringStatus", &peering.status);
        }
    }
}

pub(super) fn describe_rules(form: &Form, world: &World) -> Answered {
    let mut all = Vec::new();
    for group in world.network.security_groups.values() {
        for (egress, permissions) in [(false, &group.ingress), (true, &group.egress)] {
            for (place, permission) in permissions.iter().enumerate() {
                let (id, permission) = (group.rule_id(egress, place), permission.clone());
                all.push(Rule { id, group: group.id.clone(), egress, permission });
            }
        }
    }
    let found = RULES.select(form, world, &all)?;
    paged(form, "securityGroupRuleSet", found, |xml, rule| {
        let permission = &rule.permission;
        let (from, to) = port_range(permission).unwrap_or((-1, -1));
        xml.put("securityGroupRuleId", &rule.id)
            .put("groupId", &rule.group)
            .put("groupOwnerId", ACCOUNT)
            .put("isEgress", rule.egress)
            .put("ipProtocol", permission.protocol.name())
            .put("fromPort", from)
            .put("toPort", to)
            .put_some("cidrIpv4", cidr(&permission.peer))
            .put_some("cidrIpv6", cidr_v6(&permission.peer))
            .put_some("prefixListId", prefix_list(&permission.peer));
        if let (Peer::Group(id), Some(group)) = (&permission.peer, world.network.security_groups.get(&rule.group)) {
            xml.within("referencedGroupInfo", |xml| {
                xml.put("groupId", id).put("userId", ACCOUNT);
                write_peering(xml, group, id, world);
            });
        }
        xml.put_some("description", permission.description.as_ref())
            .put("securityGroupRuleArn", format!("arn:aws:ec2:{REGION}:{ACCOUNT}:security-group-rule/{}", rule.id));
        no_tags(xml);
    })
}
