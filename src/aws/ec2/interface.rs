//! Network interfaces of the SDK in our words, and instances with theirs.

use std::net::{Ipv4Addr, Ipv6Addr};

use aws_sdk_ec2::types;

use crate::aws::scalars::{present, spelled};
use crate::model::network::{Instance, NetworkInterface};

pub(super) fn interface(interface: types::NetworkInterface) -> NetworkInterface {
    let private = interface.private_ip_addresses.unwrap_or_default().into_iter();
    let private = private.map(|address| (address.primary, address.private_ip_address)).collect();
    let ipv6 = interface.ipv6_addresses.unwrap_or_default().into_iter().filter_map(|address| address.ipv6_address);
    NetworkInterface {
        id: interface.network_interface_id.unwrap_or_default(),
        description: present(interface.description),
        subnet: present(interface.subnet_id),
        vpc: present(interface.vpc_id),
        availability_zone: present(interface.availability_zone),
        private_ipv4: primary_first(private, interface.private_ip_address),
        ipv6: parsed(ipv6),
        public_ipv4: interface.association.and_then(|association| association.public_ip?.parse().ok()),
        security_groups: groups(interface.groups),
        instance: interface.attachment.and_then(|attachment| present(attachment.instance_id)),
    }
}

pub(super) fn instance(instance: types::Instance) -> Instance {
    let id = instance.instance_id.unwrap_or_default();
    let zone = instance.placement.and_then(|placement| present(placement.availability_zone));
    // What AWS says of the instance itself is that of its primary interface, and may be all that is said.
    let primary = types::InstanceNetworkInterface::builder()
        .set_subnet_id(instance.subnet_id)
        .set_vpc_id(instance.vpc_id)
        .set_private_ip_address(instance.private_ip_address)
        .set_groups(instance.security_groups)
        .build();
    let listed = instance.network_interfaces.filter(|listed| !listed.is_empty());
    // A terminated instance has neither.
    let told = primary.subnet_id.is_some() && primary.groups.as_ref().is_some_and(|groups| !groups.is_empty());
    let mut interfaces = listed.unwrap_or_else(|| if told { vec![primary] } else { Vec::new() });
    interfaces.sort_by_key(|interface| {
        let attachment = interface.attachment.as_ref();
        attachment.map(|attachment| (attachment.network_card_index, attachment.device_index))
    });
    Instance {
        interfaces: interfaces.into_iter().map(|interface| of_instance(interface, &id, zone.as_ref())).collect(),
        state: instance.state.and_then(|state| spelled(state.name.as_ref())),
        id,
    }
}

fn of_instance(interface: types::InstanceNetworkInterface, instance: &str, zone: Option<&String>) -> NetworkInterface {
    let private = interface.private_ip_addresses.unwrap_or_default().into_iter();
    let private = private.map(|address| (address.primary, address.private_ip_address)).collect();
    let ipv6 = interface.ipv6_addresses.unwrap_or_default().into_iter().filter_map(|address| address.ipv6_address);
    NetworkInterface {
        id: interface.network_interface_id.unwrap_or_default(),
        description: present(interface.description),
        subnet: present(interface.subnet_id),
        vpc: present(interface.vpc_id),
        availability_zone: zone.cloned(),
        private_ipv4: primary_first(private, interface.private_ip_address),
        ipv6: parsed(ipv6),
        public_ipv4: interface.association.and_then(|association| association.public_ip?.parse().ok()),
        security_groups: groups(interface.groups),
        instance: Some(instance.to_owned()),
    }
}

/// Private addresses, each with whether it is the primary one; the field of its own says the primary one again.
fn primary_first(mut listed: Vec<(Option<bool>, Option<String>)>, primary: Option<String>) -> Vec<Ipv4Addr> {
    listed.sort_by_key(|(primary, _)| *primary != Some(true));
    let addresses: Vec<Ipv4Addr> = listed.into_iter().filter_map(|(_, address)| address?.parse().ok()).collect();
    if addresses.is_empty() {
        primary.and_then(|address| address.parse().ok()).into_iter().collect()
    } else {
        addresses
    }
}

fn parsed(addresses: impl Iterator<Item = String>) -> Vec<Ipv6Addr> {
    addresses.filter_map(|address| address.parse().ok()).collect()
}

fn groups(groups: Option<Vec<types::GroupIdentifier>>) -> Vec<String> {
    groups.unwrap_or_default().into_iter().filter_map(|group| present(group.group_id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: &str) -> types::GroupIdentifier {
        types::GroupIdentifier::builder().group_id(id).build()
    }

    #[test]
    fn an_interface_has_its_primary_address_first() {
        let address = |text: &str, primary| {
            types::NetworkInterfacePrivateIpAddress::builder().private_ip_address(text).primary(primary).build()
        };
        let converted = interface(
            types::NetworkInterface::builder()
                .network_interface_id("eni-1")
                .description("ELB app/web/50dc6c495c0c9188")
                .private_ip_address("10.0.0.7")
                .private_ip_addresses(address("10.0.0.8", false))
                .private_ip_addresses(address("10.0.0.7", true))
                .ipv6_addresses(types::NetworkInterfaceIpv6Address::builder().ipv6_address("2001:db8::7").build())
                .association(types::NetworkInterfaceAssociation::builder().public_ip("203.0.113.7").build())
                .groups(group("sg-1"))
                .attachment(types::NetworkInterfaceAttachment::builder().instance_id("").build())
                .build(),
        );
        let addresses: Vec<String> = converted.addresses().map(|address| address.to_string()).collect();
        assert_eq!(addresses, ["10.0.0.7", "10.0.0.8", "2001:db8::7"]);
        assert_eq!(converted.public_ipv4, Some(Ipv4Addr::new(203, 0, 113, 7)));
        assert_eq!((converted.security_groups, converted.instance), (vec!["sg-1".to_owned()], None));
        let brief = interface(types::NetworkInterface::builder().private_ip_address("10.0.0.7").build());
        assert_eq!(brief.private_ipv4, [Ipv4Addr::new(10, 0, 0, 7)]);
    }

    #[test]
    fn an_instance_has_its_primary_interface_first() {
        let interface = |id: &str, device| {
            let attachment = types::InstanceNetworkInterfaceAttachment::builder().device_index(device).build();
            types::InstanceNetworkInterface::builder()
                .network_interface_id(id)
                .private_ip_address("10.0.0.7")
                .attachment(attachment)
                .groups(group("sg-1"))
                .build()
        };
        let converted = instance(
            types::Instance::builder()
                .instance_id("i-1")
                .state(types::InstanceState::builder().name(types::InstanceStateName::Running).build())
                .placement(types::Placement::builder().availability_zone("eu-west-1a").build())
                .network_interfaces(interface("eni-2", 1))
                .network_interfaces(interface("eni-1", 0))
                .build(),
        );
        let ids: Vec<&str> = converted.interfaces.iter().map(|interface| interface.id.as_str()).collect();
        assert_eq!((ids, converted.state.as_deref()), (vec!["eni-1", "eni-2"], Some("running")));
        let first = &converted.interfaces[0];
        assert_eq!((first.instance.as_deref(), first.availability_zone.as_deref()), (Some("i-1"), Some("eu-west-1a")));
        assert_eq!(first.security_groups, ["sg-1"]);
    }

    #[test]
    fn an_instance_that_lists_no_interface_has_its_own_groups_and_address() {
        let brief = types::Instance::builder()
            .instance_id("i-1")
            .subnet_id("subnet-a")
            .private_ip_address("10.0.0.7")
            .security_groups(group("sg-1"));
        let converted = instance(brief.build());
        let [only] = converted.interfaces.as_slice() else { panic!("{converted:?}") };
        assert_eq!(
            (only.subnet.as_deref(), only.security_groups.as_slice()),
            (Some("subnet-a"), &["sg-1".to_owned()][..])
        );
        assert_eq!(only.private_ipv4, [Ipv4Addr::new(10, 0, 0, 7)]);
    }
}
