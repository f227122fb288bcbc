//! DescribeVpcs and DescribeVpcAttribute.

use super::super::protocol::{AwsError, Form, Xml};
use super::selection::{Kind, paged};
use super::{Answered, invalid_value, no_tags, required};
use crate::sim::world::{ACCOUNT, Vpc, World, id_of};

const KIND: Kind<Vpc> = Kind {
    parameter: "VpcId",
    id: |vpc| &vpc.id,
    not_found: "InvalidVpcID.NotFound",
    called: "vpc ID",
    filters: &[
        ("vpc-id", |_, vpc| vec![vpc.id.clone()]),
        ("cidr", |_, vpc| vec![vpc.net.to_string()]),
        ("cidr-block-association.cidr-block", |_, vpc| vec![vpc.net.to_string()]),
        ("is-default", |_, _| vec!["false".to_owned()]),
        ("isDefault", |_, _| vec!["false".to_owned()]),
        ("owner-id", |_, _| vec![ACCOUNT.to_owned()]),
        ("state", |_, _| vec!["available".to_owned()]),
    ],
};

pub(super) fn describe(form: &Form, world: &World) -> Answered {
    let found = KIND.select(form, world, &world.network.vpcs)?;
    paged(form, "vpcSet", found, |xml, vpc| {
        xml.put("vpcId", &vpc.id)
            .put("ownerId", ACCOUNT)
            .put("state", "available")
            .put("cidrBlock", vpc.net)
            .items("cidrBlockAssociationSet", [vpc.net], |xml, net| {
                xml.put("associationId", id_of("vpc-cidr-assoc", &[&vpc.id])).put("cidrBlock", net);
                xml.within("cidrBlockState", |xml| {
                    xml.put("state", "associated");
                });
            })
            .put("dhcpOptionsId", id_of("dopt", &[&vpc.id]))
            .put("instanceTenancy", "default")
            .put("isDefault", false);
        no_tags(xml);
    })
}

pub(super) fn describe_attribute(form: &Form, world: &World) -> Answered {
    let (id, attribute) = (required(form, "VpcId")?, required(form, "Attribute")?);
    let vpc = world.network.vpcs.iter().find(|vpc| vpc.id == id);
    let vpc = vpc.ok_or_else(|| AwsError::new(KIND.not_found, format!("The vpc ID '{id}' does not exist")))?;
    let value = match attribute {
        "enableDnsSupport" => vpc.dns_support,
        "enableDnsHostnames" => vpc.dns_hostnames,
        "enableNetworkAddressUsageMetrics" => false,
        other => {
            return Err(invalid_value(format!(
                "Value ({other}) for parameter attribute is invalid. Unknown attribute."
            )));
        }
    };
    let mut xml = Xml::default();
    xml.put("vpcId", id).within(attribute, |xml| {
        xml.put("value", value);
    });
    Ok(xml)
}
