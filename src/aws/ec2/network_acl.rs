//! Network ACLs of the SDK in our words.

use aws_sdk_ec2::types;

use super::security_group::traffic;
use crate::aws::scalars::{count, present};
use crate::model::network::{NetworkAcl, NetworkAclEntry};

pub(super) fn network_acl(acl: types::NetworkAcl) -> NetworkAcl {
    NetworkAcl {
        id: acl.network_acl_id.unwrap_or_default(),
        subnets: acl
            .associations
            .unwrap_or_default()
            .into_iter()
            .filter_map(|association| present(association.subnet_id))
            .collect(),
        entries: acl.entries.unwrap_or_default().into_iter().map(entry).collect(),
    }
}

fn entry(entry: types::NetworkAclEntry) -> NetworkAclEntry {
    let (from, to) = entry.port_range.map_or((None, None), |range| (range.from, range.to));
    let cidr = present(entry.cidr_block).or(present(entry.ipv6_cidr_block));
    NetworkAclEntry {
        number: count(entry.rule_number.unwrap_or_default()),
        egress: entry.egress.unwrap_or_default(),
        traffic: traffic(entry.protocol, from, to),
        cidr: cidr.and_then(|cidr| cidr.parse().ok()),
        allow: entry.rule_action == Some(types::RuleAction::Allow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acl_keeps_its_entries_and_subnets() {
        let range = types::PortRange::builder().from(1024).to(65_535).build();
        let ephemeral = types::NetworkAclEntry::builder()
            .rule_number(100)
            .egress(true)
            .protocol("6")
            .port_range(range)
            .cidr_block("10.0.0.0/16")
            .rule_action(types::RuleAction::Allow);
        let last = types::NetworkAclEntry::builder()
            .rule_number(32_768)
            .egress(false)
            .protocol("-1")
            .ipv6_cidr_block("::/0")
            .rule_action(types::RuleAction::Deny);
        let association = types::NetworkAclAssociation::builder().subnet_id("subnet-1").build();
        let converted = network_acl(
            types::NetworkAcl::builder()
                .network_acl_id("acl-1")
                .associations(association)
                .entries(ephemeral.build())
                .entries(last.build())
                .build(),
        );
        assert_eq!(converted.subnets, ["subnet-1"]);
        let [ephemeral, last] = converted.entries.as_slice() else { panic!("two entries") };
        assert_eq!((ephemeral.number, ephemeral.egress, ephemeral.allow), (100, true, true));
        assert_eq!((ephemeral.traffic.ports, ephemeral.cidr), (Some((1024, 65_535)), "10.0.0.0/16".parse().ok()));
        assert_eq!((last.egress, last.allow, last.traffic.ports), (false, false, None));
        assert_eq!(last.cidr, "::/0".parse().ok());
    }
}
