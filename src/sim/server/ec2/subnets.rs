//! DescribeSubnets.

use super::super::protocol::{Form, Xml};
use super::selection::{Kind, paged};
use super::{Answered, no_tags};
use crate::sim::world::{ACCOUNT, REGION, Subnet, World};

const KIND: Kind<Subnet> = Kind {
    parameter: "SubnetId",
    id: |subnet| &subnet.id,
    not_found: "InvalidSubnetID.NotFound",
    called: "subnet ID",
    filters: &[
        ("subnet-id", |_, subnet| vec![subnet.id.clone()]),
        ("vpc-id", |_, subnet| vec![subnet.vpc.clone()]),
        ("availability-zone", |_, subnet| vec![subnet.zone.clone()]),
        ("availabilityZone", |_, subnet| vec![subnet.zone.clone()]),
        ("availability-zone-id", |_, subnet| vec![subnet.zone_id()]),
        ("available-ip-address-count", |_, subnet| vec![subnet.free().to_string()]),
        ("cidr-block", |_, subnet| vec![subnet.net.to_string()]),
        ("cidr", |_, subnet| vec![subnet.net.to_string()]),
        ("default-for-az", |_, _| vec!["false".to_owned()]),
        ("map-public-ip-on-launch", |_, subnet| vec![subnet.public.to_string()]),
        ("owner-id", |_, _| vec![ACCOUNT.to_owned()]),
        ("state", |_, _| vec!["available".to_owned()]),
        ("subnet-arn", |_, subnet| vec![arn(subnet)]),
    ],
};

fn arn(subnet: &Subnet) -> String {
    format!("arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/{}", subnet.id)
}

pub(super) fn describe(form: &Form, world: &World) -> Answered {
    let found = KIND.select(form, world, &world.network.subnets)?;
    paged(form, "subnetSet", found, |xml, subnet| write(xml, subnet, world))
}

fn write(xml: &mut Xml, subnet: &Subnet, world: &World) {
    xml.put("subnetId", &subnet.id)
        .put("subnetArn", arn(subnet))
        .put("state", "available")
        .put("ownerId", ACCOUNT)
        .put("vpcId", &subnet.vpc)
        .put("cidrBlock", subnet.net)
        .items("ipv6CidrBlockAssociationSet", None::<&str>, |_, _| {})
        .put("availableIpAddressCount", subnet.free())
        .put("availabilityZone", &subnet.zone)
        .put("availabilityZoneId", subnet.zone_id())
        .put("defaultForAz", false)
        .put("mapPublicIpOnLaunch", subnet.public)
        .put("mapCustomerOwnedIpOnLaunch", false)
        .put("assignIpv6AddressOnCreation", false)
        .put("enableDns64", false)
        .put("ipv6Native", false)
        .within("privateDnsNameOptionsOnLaunch", |xml| {
            xml.put("hostnameType", "ip-name")
                .put("enableResourceNameDnsARecord", false)
                .put("enableResourceNameDnsAAAARecord", false);
        })
        .within("blockPublicAccessStates", |xml| {
            let block = &world.network.public_access_block;
            let excluded = block.exclusions.contains(&subnet.id) || block.exclusions.contains(&subnet.vpc);
            let mode = if excluded { "off" } else { block.mode.name() };
            xml.put("internetGatewayBlockMode", mode);
        });
    no_tags(xml);
}
