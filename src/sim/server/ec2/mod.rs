//! Amazon EC2 (API version 2016-11-15), as far as the network goes. One file a kind of thing; here is what they share:
//! identifiers by parameter, filters, and pages.

mod endpoints;
mod instances;
mod interfaces;
mod network_acls;
mod prefix_lists;
mod public_access;
mod route_tables;
mod security_groups;
mod selection;
mod subnets;
mod vpcs;

use super::protocol::{AwsError, Form, Xml};
use crate::sim::world::World;

type Answered = Result<Xml, AwsError>;

/// Performs an operation; absent if there is none of this name.
pub(crate) fn perform(operation: &str, form: &Form, world: &World) -> Result<Option<Xml>, AwsError> {
    if form.get("DryRun") == Some("true") {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(AwsError { status: 412, ..AwsError::new("DryRunOperation", message) });
    }
    Ok(Some(match operation {
        "DescribeInstances" => instances::describe(form, world)?,
        "DescribeManagedPrefixLists" => prefix_lists::describe(form, world)?,
        "DescribeNetworkAcls" => network_acls::describe(form, world)?,
        "DescribeNetworkInterfaces" => interfaces::describe(form, world)?,
        "DescribeRouteTables" => route_tables::describe(form, world)?,
        "DescribeSecurityGroupRules" => security_groups::describe_rules(form, world)?,
        "DescribeSecurityGroups" => security_groups::describe(form, world)?,
        "DescribeSubnets" => subnets::describe(form, world)?,
        "DescribeVpcAttribute" => vpcs::describe_attribute(form, world)?,
        "DescribeVpcBlockPublicAccessExclusions" => public_access::describe_exclusions(form, world)?,
        "DescribeVpcBlockPublicAccessOptions" => public_access::describe_options(world),
        "DescribeVpcEndpoints" => endpoints::describe(form, world)?,
        "DescribeVpcs" => vpcs::describe(form, world)?,
        "GetManagedPrefixListEntries" => prefix_lists::entries(form, world)?,
        _ => return Ok(None),
    }))
}

fn invalid_value(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterValue", message)
}

/// A parameter without which there is no answer.
fn required<'a>(form: &'a Form, key: &str) -> Result<&'a str, AwsError> {
    form.get(key)
        .ok_or_else(|| AwsError::new("MissingParameter", format!("The request must contain the parameter {key}")))
}

/// Security groups with their names.
fn write_groups(xml: &mut Xml, groups: &[String], world: &World) {
    xml.items("groupSet", groups, |xml, id| {
        let name = world.network.security_groups.get(id).map_or(id.as_str(), |group| group.name.as_str());
        xml.put("groupId", id).put("groupName", name);
    });
}

/// Nothing in this world has tags.
fn no_tags(xml: &mut Xml) {
    xml.items("tagSet", None::<&str>, |_, _| {});
}

/// A list of plain texts.
fn texts(xml: &mut Xml, name: &str, items: &[String]) {
    xml.within(name, |xml| {
        for item in items {
            xml.put("item", item);
        }
    });
}
