//! Block Public Access: DescribeVpcBlockPublicAccessOptions and DescribeVpcBlockPublicAccessExclusions.

use super::super::protocol::{Form, Xml};
use super::selection::{Kind, paged};
use super::{Answered, no_tags};
use crate::sim::world::{ACCOUNT, BlockMode, REGION, World, id_of};

/// An exclusion: its identifier and the VPC or subnet.
struct Exclusion {
    id: String,
    resource: String,
}

const KIND: Kind<Exclusion> = Kind {
    parameter: "ExclusionId",
    id: |exclusion| &exclusion.id,
    not_found: "InvalidVpcBlockPublicAccessExclusionId.NotFound",
    called: "exclusion ID",
    filters: &[
        ("resource-arn", |_, exclusion| vec![arn(exclusion)]),
        ("internet-gateway-exclusion-mode", |_, _| vec!["allow-bidirectional".to_owned()]),
        ("state", |_, _| vec!["create-complete".to_owned()]),
    ],
};

fn arn(exclusion: &Exclusion) -> String {
    let kind = exclusion.resource.split('-').next().unwrap_or_default();
    format!("arn:aws:ec2:{REGION}:{ACCOUNT}:{kind}/{}", exclusion.resource)
}

pub(super) fn describe_options(world: &World) -> Xml {
    let mode = world.network.public_access_block.mode;
    let mut xml = Xml::default();
    xml.within("vpcBlockPublicAccessOptions", |xml| {
        xml.put("awsAccountId", ACCOUNT)
            .put("awsRegion", REGION)
            .put("state", if mode == BlockMode::Off { "default-state" } else { "update-complete" })
            .put("internetGatewayBlockMode", mode.name())
            .put("lastUpdateTimestamp", world.told_beginning().iso())
            .put("managedBy", "account")
            .put("exclusionsAllowed", "allowed");
    });
    xml
}

pub(super) fn describe_exclusions(form: &Form, world: &World) -> Answered {
    let resources = world.network.public_access_block.exclusions.iter();
    let all: Vec<Exclusion> = resources
        .map(|resource| Exclusion { id: id_of("vpcbpa-exclude", &[resource]), resource: resource.clone() })
        .collect();
    let found = KIND.select(form, world, &all)?;
    paged(form, "vpcBlockPublicAccessExclusionSet", found, |xml, exclusion| {
        let then = world.told_beginning().iso();
        xml.put("exclusionId", &exclusion.id)
            .put("internetGatewayExclusionMode", "allow-bidirectional")
            .put("resourceArn", arn(exclusion))
            .put("state", "create-complete")
            .put("creationTimestamp", &then)
            .put("lastUpdateTimestamp", &then);
        no_tags(xml);
    })
}
