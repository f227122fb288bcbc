//! DescribeNetworkAcls.

use ipnet::IpNet;

use super::super::protocol::{Form, Xml};
use super::selection::{Kind, paged};
use super::{Answered, no_tags};
use crate::sim::world::{ACCOUNT, AclEntry, IpProtocol, NetworkAcl, World, id_of};

const KIND: Kind<NetworkAcl> = Kind {
    parameter: "NetworkAclId",
    id: |acl| &acl.id,
    not_found: "InvalidNetworkAclID.NotFound",
    called: "networkAcl ID",
    filters: &[
        ("network-acl-id", |_, acl| vec![acl.id.clone()]),
        ("vpc-id", |world, acl| vec![world.network.vpc_of(acl.vpc.as_deref()).to_owned()]),
        ("default", |_, acl| vec![acl.is_default.to_string()]),
        ("association.association-id", |world, acl| {
            subnets(world, acl).iter().map(|subnet| association(acl, subnet)).collect()
        }),
        ("association.network-acl-id", |_, acl| vec![acl.id.clone()]),
        ("association.subnet-id", subnets),
        ("entry.cidr", |_, acl| acl.entries.iter().map(|entry| entry.cidr.to_string()).collect()),
        ("entry.egress", |_, acl| acl.entries.iter().map(|entry| entry.egress.to_string()).collect()),
        ("entry.protocol", |_, acl| acl.entries.iter().map(|entry| entry.protocol.number().to_owned()).collect()),
        ("entry.rule-action", |_, acl| acl.entries.iter().map(|entry| action(entry).to_owned()).collect()),
        ("entry.rule-number", |_, acl| acl.entries.iter().map(|entry| entry.number.to_string()).collect()),
        ("owner-id", |_, _| vec![ACCOUNT.to_owned()]),
    ],
};

fn subnets(world: &World, acl: &NetworkAcl) -> Vec<String> {
    let around = world.network.subnets.iter().filter(|subnet| subnet.acl == acl.id);
    around.map(|subnet| subnet.id.clone()).collect()
}

fn association(acl: &NetworkAcl, subnet: &str) -> String {
    id_of("aclassoc", &[&acl.id, subnet])
}

fn action(entry: &AclEntry) -> &'static str {
    if entry.allow { "allow" } else { "deny" }
}

pub(super) fn describe(form: &Form, world: &World) -> Answered {
    let found = KIND.select(form, world, world.network.acls.values())?;
    paged(form, "networkAclSet", found, |xml, acl| {
        xml.put("networkAclId", &acl.id)
            .put("vpcId", world.network.vpc_of(acl.vpc.as_deref()))
            .put("default", acl.is_default)
            .put("ownerId", ACCOUNT);
        let last = AclEntry::deny(AclEntry::LAST, 0..=0).of(IpProtocol::All);
        let both = [last.clone().outbound(), last];
        let mut entries: Vec<&AclEntry> = acl.entries.iter().chain(&both).collect();
        entries.sort_by_key(|entry| (!entry.egress, entry.number));
        xml.items("entrySet", entries, write_entry);
        xml.items("associationSet", subnets(world, acl), |xml, subnet| {
            xml.put("networkAclAssociationId", association(acl, &subnet))
                .put("networkAclId", &acl.id)
                .put("subnetId", subnet);
        });
        no_tags(xml);
    })
}

fn write_entry(xml: &mut Xml, entry: &AclEntry) {
    xml.put("ruleNumber", entry.number)
        .put("protocol", entry.protocol.number())
        .put("ruleAction", action(entry))
        .put("egress", entry.egress)
        .put(if matches!(entry.cidr, IpNet::V4(_)) { "cidrBlock" } else { "ipv6CidrBlock" }, entry.cidr);
    match entry.protocol {
        IpProtocol::Tcp | IpProtocol::Udp => {
            xml.within("portRange", |xml| {
                xml.put("from", entry.ports.start()).put("to", entry.ports.end());
            });
        }
        IpProtocol::Icmp => {
            xml.within("icmpTypeCode", |xml| {
                xml.put("type", -1).put("code", -1);
            });
        }
        IpProtocol::All => {}
    }
}
