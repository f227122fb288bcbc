//! DescribeManagedPrefixLists and GetManagedPrefixListEntries.

use std::ops::RangeInclusive;

use ipnet::IpNet;

use super::super::protocol::{AwsError, Form};
use super::selection::{Kind, paged_by};
use super::{Answered, no_tags, required};
use crate::sim::world::{ACCOUNT, PrefixList, REGION, World};

const PAGES: RangeInclusive<usize> = 1..=100;

const KIND: Kind<PrefixList> = Kind {
    parameter: "PrefixListId",
    id: |list| &list.id,
    not_found: "InvalidPrefixListID.NotFound",
    called: "prefix list ID",
    filters: &[
        ("prefix-list-id", |_, list| vec![list.id.clone()]),
        ("prefix-list-name", |_, list| vec![list.name.clone()]),
        ("owner-id", |_, list| vec![owner(list).to_owned()]),
    ],
};

fn owner(list: &PrefixList) -> &'static str {
    if list.is_of_aws() { "AWS" } else { ACCOUNT }
}

pub(super) fn describe(form: &Form, world: &World) -> Answered {
    let found = KIND.select(form, world, world.network.prefix_lists.values())?;
    paged_by(form, "prefixListSet", found, PAGES, |xml, list| {
        let in_arn = if list.is_of_aws() { "aws" } else { ACCOUNT };
        xml.put("prefixListId", &list.id)
            .put(
                "addressFamily",
                if list.entries.iter().any(|net| matches!(net, IpNet::V6(_))) { "IPv6" } else { "IPv4" },
            )
            .put("state", "create-complete")
            .put("prefixListArn", format!("arn:aws:ec2:{REGION}:{in_arn}:prefix-list/{}", list.id))
            .put("prefixListName", &list.name)
            .put("ownerId", owner(list));
        if !list.is_of_aws() {
            xml.put("maxEntries", list.entries.len()).put("version", 1);
        }
        no_tags(xml);
    })
}

pub(super) fn entries(form: &Form, world: &World) -> Answered {
    let id = required(form, "PrefixListId")?;
    let list = world.network.prefix_lists.get(id);
    let list =
        list.ok_or_else(|| AwsError::new(KIND.not_found, format!("The {} '{id}' does not exist", KIND.called)))?;
    paged_by(form, "entrySet", list.entries.iter().collect(), PAGES, |xml, entry| {
        xml.put("cidr", entry);
    })
}
