//! DescribeNetworkInterfaces.

use super::super::protocol::{Form, Xml};
use super::selection::{Kind, paged};
use super::{Answered, no_tags, write_groups};
use crate::sim::world::{ACCOUNT, Holder, Interface, REGION, Subnet, World, id_of};

const KIND: Kind<Interface> = Kind {
    parameter: "NetworkInterfaceId",
    id: |interface| &interface.id,
    not_found: "InvalidNetworkInterfaceID.NotFound",
    called: "networkInterface ID",
    filters: &[
        ("network-interface-id", |_, interface| vec![interface.id.clone()]),
        ("vpc-id", |world, interface| of_subnet(world, interface, |subnet| &subnet.vpc)),
        ("subnet-id", |_, interface| vec![interface.subnet.clone()]),
        ("availability-zone", |world, interface| of_subnet(world, interface, |subnet| &subnet.zone)),
        ("group-id", |_, interface| interface.groups.clone()),
        ("group-name", |world, interface| {
            let groups = interface.groups.iter().filter_map(|id| world.network.security_groups.get(id));
            groups.map(|group| group.name.clone()).collect()
        }),
        ("description", |_, interface| vec![interface.holder.description()]),
        ("interface-type", |_, interface| vec![interface.holder.kind().to_owned()]),
        ("private-ip-address", |_, interface| vec![interface.address.to_string()]),
        ("addresses.private-ip-address", |_, interface| vec![interface.address.to_string()]),
        ("addresses.association.public-ip", public),
        ("association.public-ip", public),
        ("attachment.instance-id", |_, interface| instance(interface).into_iter().collect()),
        ("attachment.status", |_, _| vec!["attached".to_owned()]),
        ("mac-address", |_, interface| vec![interface.mac.clone()]),
        ("owner-id", |_, _| vec![ACCOUNT.to_owned()]),
        ("requester-id", |_, interface| interface.holder.requester().map(str::to_owned).into_iter().collect()),
        ("requester-managed", |_, interface| vec![interface.holder.requester().is_some().to_string()]),
        ("status", |_, _| vec!["in-use".to_owned()]),
    ],
};

fn of_subnet(world: &World, interface: &Interface, field: fn(&Subnet) -> &String) -> Vec<String> {
    world.network.subnet(&interface.subnet).map(field).cloned().into_iter().collect()
}

fn public(_: &World, interface: &Interface) -> Vec<String> {
    interface.public.map(|address| address.to_string()).into_iter().collect()
}

fn instance(interface: &Interface) -> Option<String> {
    if let Holder::Instance { id } = &interface.holder { Some(id.clone()) } else { None }
}

pub(super) fn describe(form: &Form, world: &World) -> Answered {
    let found = KIND.select(form, world, world.network.interfaces())?;
    paged(form, "networkInterfaceSet", found, |xml, interface| {
        write(xml, interface, world);
        xml.put_some("requesterId", interface.holder.requester())
            .put("requesterManaged", interface.holder.requester().is_some());
        no_tags(xml);
    })
}

/// What instances tell about their interfaces, too.
pub(super) fn write(xml: &mut Xml, interface: &Interface, world: &World) {
    let subnet = world.network.subnet(&interface.subnet);
    xml.put("networkInterfaceId", &interface.id)
        .put("subnetId", &interface.subnet)
        .put_some("vpcId", subnet.map(|subnet| &subnet.vpc))
        .put_some("availabilityZone", subnet.map(|subnet| &subnet.zone))
        .put("description", interface.holder.description())
        .put("ownerId", ACCOUNT)
        .put("status", "in-use")
        .put("macAddress", &interface.mac)
        .put("privateIpAddress", interface.address)
        .put("privateDnsName", private_name(interface))
        .put("sourceDestCheck", !matches!(interface.holder, Holder::NatGateway { .. }))
        .put("interfaceType", interface.holder.kind());
    write_groups(xml, &interface.groups, world);
    xml.within("attachment", |xml| {
        let owner = interface.holder.requester().unwrap_or(ACCOUNT);
        xml.put("attachmentId", id_of("eni-attach", &[&interface.id]))
            .put_some("instanceId", instance(interface))
            .put("instanceOwnerId", owner)
            .put("deviceIndex", u8::from(instance(interface).is_none()))
            .put("status", "attached")
            .put("deleteOnTermination", instance(interface).is_some());
    });
    write_association(xml, interface);
    xml.items("privateIpAddressesSet", [interface], |xml, interface| {
        xml.put("privateIpAddress", interface.address)
            .put("privateDnsName", private_name(interface))
            .put("primary", true);
        write_association(xml, interface);
    });
    xml.items("ipv6AddressesSet", None::<&str>, |_, _| {});
}

fn write_association(xml: &mut Xml, interface: &Interface) {
    if let Some(public) = interface.public {
        let owner = if matches!(interface.holder, Holder::LoadBalancer { .. }) { "amazon-elb" } else { ACCOUNT };
        xml.within("association", |xml| {
            let dashed = public.to_string().replace('.', "-");
            xml.put("publicIp", public)
                .put("publicDnsName", format!("ec2-{dashed}.{REGION}.compute.amazonaws.com"))
                .put("ipOwnerId", owner);
        });
    }
}

/// `ip-10-0-0-4.eu-west-1.compute.internal`
pub(super) fn private_name(interface: &Interface) -> String {
    format!("ip-{}.{REGION}.compute.internal", interface.address.to_string().replace('.', "-"))
}
