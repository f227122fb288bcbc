//! DescribeInstances: the hosts of clusters, one a reservation.

use super::super::protocol::Form;
use super::selection::{Kind, paged};
use super::{Answered, interfaces, no_tags, write_groups};
use crate::sim::world::{ACCOUNT, Instance, Interface, World, id_of};

const KIND: Kind<Instance> = Kind {
    parameter: "InstanceId",
    id: |instance| &instance.id,
    not_found: "InvalidInstanceID.NotFound",
    called: "instance ID",
    filters: &[
        ("instance-id", |_, instance| vec![instance.id.clone()]),
        ("instance-type", |_, instance| vec![instance.kind.to_owned()]),
        ("instance-state-name", |_, _| vec!["running".to_owned()]),
        ("instance-state-code", |_, _| vec!["16".to_owned()]),
        ("private-ip-address", |_, instance| vec![instance.address.to_string()]),
        ("network-interface.addresses.private-ip-address", |_, instance| vec![instance.address.to_string()]),
        ("network-interface.network-interface-id", |world, instance| {
            interface(world, instance).map(|interface| interface.id.clone()).into_iter().collect()
        }),
        ("subnet-id", |world, instance| {
            interface(world, instance).map(|interface| interface.subnet.clone()).into_iter().collect()
        }),
        ("vpc-id", |world, instance| subnet(world, instance).map(|(vpc, _)| vpc).into_iter().collect()),
        ("availability-zone", |world, instance| subnet(world, instance).map(|(_, zone)| zone).into_iter().collect()),
        ("instance.group-id", groups),
        ("network-interface.group-id", groups),
        ("owner-id", |_, _| vec![ACCOUNT.to_owned()]),
    ],
};

fn interface<'a>(world: &'a World, instance: &Instance) -> Option<&'a Interface> {
    world.network.interface(instance.address)
}

/// VPC and zone.
fn subnet(world: &World, instance: &Instance) -> Option<(String, String)> {
    let subnet = world.network.subnet(&interface(world, instance)?.subnet)?;
    Some((subnet.vpc.clone(), subnet.zone.clone()))
}

fn groups(world: &World, instance: &Instance) -> Vec<String> {
    interface(world, instance).map(|interface| interface.groups.clone()).unwrap_or_default()
}

pub(super) fn describe(form: &Form, world: &World) -> Answered {
    let found = KIND.select(form, world, &world.network.instances)?;
    paged(form, "reservationSet", found, |xml, instance| {
        xml.put("reservationId", id_of("r", &[&instance.id])).put("ownerId", ACCOUNT);
        xml.items("groupSet", None::<&str>, |_, _| {});
        xml.items("instancesSet", [instance], |xml, instance| {
            let (vpc, zone) = subnet(world, instance).unzip();
            let interface = interface(world, instance);
            xml.put("instanceId", &instance.id)
                .put("imageId", "ami-0c1c30571d2dae5c9")
                .within("instanceState", |xml| {
                    xml.put("code", 16).put("name", "running");
                })
                .put_some("privateDnsName", interface.map(interfaces::private_name))
                .put("amiLaunchIndex", 0)
                .put("instanceType", instance.kind)
                .put("launchTime", world.told(instance.launched_at).iso())
                .within("placement", |xml| {
                    xml.put_some("availabilityZone", zone).put("tenancy", "default");
                })
                .within("monitoring", |xml| {
                    xml.put("state", "disabled");
                })
                .put_some("subnetId", interface.map(|interface| &interface.subnet))
                .put_some("vpcId", vpc)
                .put("privateIpAddress", instance.address)
                .put("sourceDestCheck", true)
                .put("architecture", "x86_64");
            write_groups(xml, &groups(world, instance), world);
            xml.items("networkInterfaceSet", interface, |xml, interface| interfaces::write(xml, interface, world));
            no_tags(xml);
        });
    })
}
