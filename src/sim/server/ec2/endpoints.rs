//! DescribeVpcEndpoints.

use super::super::protocol::Form;
use super::selection::{Kind, paged};
use super::{Answered, no_tags, texts, write_groups};
use crate::sim::world::{ACCOUNT, EndpointKind, Interface, REGION, VpcEndpoint, World};

const KIND: Kind<VpcEndpoint> = Kind {
    parameter: "VpcEndpointId",
    id: |endpoint| &endpoint.id,
    not_found: "InvalidVpcEndpointId.NotFound",
    called: "Vpc Endpoint Id",
    filters: &[
        ("vpc-endpoint-id", |_, endpoint| vec![endpoint.id.clone()]),
        ("vpc-id", |world, endpoint| vec![vpc_of(world, endpoint)]),
        ("service-name", |_, endpoint| vec![endpoint.service_name()]),
        ("vpc-endpoint-type", |_, endpoint| vec![endpoint.kind_name().to_owned()]),
        ("vpc-endpoint-state", |_, endpoint| vec![endpoint.state.clone()]),
        ("ip-address-type", |_, _| vec!["ipv4".to_owned()]),
        ("service-region", |_, _| vec![REGION.to_owned()]),
    ],
};

fn vpc_of(world: &World, endpoint: &VpcEndpoint) -> String {
    world.network.vpc_of(endpoint.vpc.as_deref()).to_owned()
}

pub(super) fn describe(form: &Form, world: &World) -> Answered {
    let found = KIND.select(form, world, world.network.endpoints.values())?;
    paged(form, "vpcEndpointSet", found, |xml, endpoint| {
        xml.put("vpcEndpointId", &endpoint.id)
            .put("vpcEndpointType", endpoint.kind_name())
            .put("vpcId", vpc_of(world, endpoint))
            .put("serviceName", endpoint.service_name())
            .put("serviceRegion", REGION)
            .put("state", &endpoint.state)
            .put("policyDocument", endpoint.policy_document());
        texts(xml, "routeTableIdSet", &endpoint.route_tables);
        texts(xml, "subnetIdSet", &endpoint.subnets);
        write_groups(xml, &endpoint.security_groups, world);
        xml.put("privateDnsEnabled", endpoint.private_dns).put("requesterManaged", false);
        let nodes = world.network.interfaces_of_endpoint(&endpoint.id);
        texts(xml, "networkInterfaceIdSet", &nodes.map(|node: &Interface| node.id.clone()).collect::<Vec<_>>());
        let mut names = Vec::new();
        if endpoint.kind == EndpointKind::Interface {
            xml.put("ipAddressType", "ipv4");
            names.push(format!("{}.{}.{REGION}.vpce.amazonaws.com", endpoint.id, endpoint.service));
            if endpoint.private_dns {
                let mut parts: Vec<&str> = endpoint.service.split('.').collect();
                parts.reverse();
                names.push(format!("{}.{REGION}.amazonaws.com", parts.join(".")));
            }
        }
        xml.items("dnsEntrySet", names, |xml, name| {
            xml.put("dnsName", name).put("hostedZoneId", "Z38GZ743OKFT7T");
        });
        xml.put("creationTimestamp", world.told_beginning().iso()).put("ownerId", ACCOUNT);
        no_tags(xml);
    })
}
