//! Security groups of the SDK in our words: one rule for each peer of a permission.

use aws_sdk_ec2::types;

use crate::aws::scalars::present;
use crate::model::network::{Peer, SecurityGroup, SecurityGroupRule, Traffic};

pub(super) fn security_group(group: types::SecurityGroup) -> SecurityGroup {
    let owner = group.owner_id.unwrap_or_default();
    let rules = |permissions: Option<Vec<types::IpPermission>>| {
        permissions.unwrap_or_default().into_iter().flat_map(|permission| rules(permission, &owner)).collect()
    };
    SecurityGroup {
        id: group.group_id.unwrap_or_default(),
        name: group.group_name.unwrap_or_default(),
        vpc: present(group.vpc_id),
        ingress: rules(group.ip_permissions),
        egress: rules(group.ip_permissions_egress),
    }
}

/// A permission without peers allows nobody and yields nothing.
fn rules(permission: types::IpPermission, owner: &str) -> Vec<SecurityGroupRule> {
    let traffic = traffic(permission.ip_protocol, permission.from_port, permission.to_port);
    let ipv4 = permission.ip_ranges.unwrap_or_default().into_iter().map(|range| (range.cidr_ip, range.description));
    let ipv6 = permission.ipv6_ranges.unwrap_or_default().into_iter().map(|range| (range.cidr_ipv6, range.description));
    let ranges = ipv4.chain(ipv6).filter_map(|(text, description)| Some((cidr(text?), description)));
    let lists = permission.prefix_list_ids.unwrap_or_default().into_iter();
    let lists = lists.filter_map(|list| Some((Peer::PrefixList(list.prefix_list_id?), list.description)));
    let groups = permission.user_id_group_pairs.unwrap_or_default().into_iter().map(|pair| group(pair, owner));
    let peers = ranges.chain(lists).chain(groups);
    peers
        .map(|(peer, description)| SecurityGroupRule {
            traffic: traffic.clone(),
            peer,
            description: present(description),
        })
        .collect()
}

fn cidr(text: String) -> Peer {
    text.parse().map_or(Peer::Other(text), Peer::Cidr)
}

fn group(pair: types::UserIdGroupPair, owner: &str) -> (Peer, Option<String>) {
    let peer = match present(pair.group_id) {
        Some(group) => Peer::Group {
            group,
            peering_status: present(pair.peering_status),
            account: present(pair.user_id).filter(|account| account != owner),
        },
        None => Peer::Other(pair.group_name.unwrap_or_default()),
    };
    (peer, pair.description)
}

/// Protocol and ports of a rule. Only TCP and UDP have ports: what EC2 calls so with ICMP are a type and a code, and with
/// everything else it ignores them.
pub(super) fn traffic(protocol: Option<String>, from: Option<i32>, to: Option<i32>) -> Traffic {
    let protocol = present(protocol).unwrap_or_else(|| "-1".to_owned());
    let has_ports = ["tcp", "udp", "6", "17"].iter().any(|name| protocol.eq_ignore_ascii_case(name));
    let ports = match (from, to) {
        (Some(from), Some(to)) if has_ports && from >= 0 && to >= 0 => Some((port(from), port(to))),
        _ => None,
    };
    Traffic { protocol, ports }
}

/// A port; what is more than any port is the last one, so that an absurd range never means all of them.
fn port(number: i32) -> u16 {
    u16::try_from(number.max(0)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(protocol: &str, from: Option<i32>, to: Option<i32>) -> types::builders::IpPermissionBuilder {
        types::IpPermission::builder().ip_protocol(protocol).set_from_port(from).set_to_port(to)
    }

    fn ipv4(cidr: &str) -> types::IpRange {
        types::IpRange::builder().cidr_ip(cidr).description("office").build()
    }

    #[test]
    fn every_peer_of_a_permission_is_a_rule() {
        let pair = |id: &str, account: &str| types::UserIdGroupPair::builder().group_id(id).user_id(account);
        let permission = permission("tcp", Some(80), Some(81))
            .ip_ranges(ipv4("10.0.0.0/8"))
            .ip_ranges(ipv4("nonsense"))
            .ipv6_ranges(types::Ipv6Range::builder().cidr_ipv6("::/0").build())
            .prefix_list_ids(types::PrefixListId::builder().prefix_list_id("pl-1").build())
            .user_id_group_pairs(pair("sg-2", "1").build())
            .user_id_group_pairs(pair("sg-3", "2").peering_status("deleted").build())
            .build();
        let group = types::SecurityGroup::builder().group_id("sg-1").owner_id("1").ip_permissions(permission).build();
        let converted = security_group(group);
        let peers: Vec<Peer> = converted.ingress.iter().map(|rule| rule.peer.clone()).collect();
        let reference = |group: &str, peering_status: Option<&str>, account: Option<&str>| Peer::Group {
            group: group.to_owned(),
            peering_status: peering_status.map(ToOwned::to_owned),
            account: account.map(ToOwned::to_owned),
        };
        assert_eq!(
            peers,
            [
                Peer::Cidr("10.0.0.0/8".parse().unwrap()),
                Peer::Other("nonsense".to_owned()),
                Peer::Cidr("::/0".parse().unwrap()),
                Peer::PrefixList("pl-1".to_owned()),
                reference("sg-2", None, None),
                reference("sg-3", Some("deleted"), Some("2")),
            ]
        );
        assert!(converted.ingress.iter().all(|rule| rule.traffic.ports == Some((80, 81))));
        assert_eq!(converted.ingress[0].description.as_deref(), Some("office"));
        assert!(converted.egress.is_empty());
    }

    #[test]
    fn a_permission_without_peers_allows_nobody() {
        assert_eq!(rules(permission("-1", None, None).build(), "1"), []);
    }

    #[test]
    fn only_tcp_and_udp_have_ports() {
        for (protocol, from, to, ports) in [
            ("tcp", Some(0), Some(65_535), Some((0, 65_535))),
            ("6", Some(443), Some(443), Some((443, 443))),
            ("UDP", Some(53), Some(53), Some((53, 53))),
            ("tcp", Some(-1), Some(-1), None),
            ("tcp", None, None, None),
            ("-1", Some(0), Some(0), None),
            ("-1", Some(80), Some(80), None),
            ("icmp", Some(8), Some(0), None),
            ("icmpv6", Some(-1), Some(-1), None),
            ("50", Some(1), Some(2), None),
            ("tcp", Some(70_000), Some(70_001), Some((65_535, 65_535))),
        ] {
            let converted = traffic(Some(protocol.to_owned()), from, to);
            assert_eq!((converted.ports, converted.protocol.as_str()), (ports, protocol), "{protocol} {from:?} {to:?}");
        }
    }
}
