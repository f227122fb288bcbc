//! Subnets of the SDK in our words, and which of them Block Public Access leaves alone.

use aws_sdk_ec2::types;

use crate::aws::scalars::{count, present};
use crate::model::network::Subnet;

pub(super) fn subnet(subnet: types::Subnet) -> Subnet {
    let ipv6 = subnet.ipv6_cidr_block_association_set.unwrap_or_default().into_iter().filter(associated);
    let cidrs = subnet.cidr_block.into_iter().chain(ipv6.filter_map(|association| association.ipv6_cidr_block));
    Subnet {
        id: subnet.subnet_id.unwrap_or_default(),
        vpc: present(subnet.vpc_id),
        availability_zone: present(subnet.availability_zone),
        cidrs: cidrs.filter_map(|cidr| cidr.parse().ok()).collect(),
        available_addresses: subnet.available_ip_address_count.map(count),
    }
}

/// Former ranges stay in the list for a while.
fn associated(association: &types::SubnetIpv6CidrBlockAssociation) -> bool {
    let state = association.ipv6_cidr_block_state.as_ref().and_then(|state| state.state.as_ref());
    state.is_none_or(|state| *state == types::SubnetCidrBlockStateCode::Associated)
}

/// The subnet or VPC of an exclusion that is in force.
pub(super) fn excluded(exclusion: types::VpcBlockPublicAccessExclusion) -> Option<String> {
    use types::VpcBlockPublicAccessExclusionState as State;
    let not_in_force = [State::CreateInProgress, State::CreateFailed, State::DeleteComplete, State::DisableComplete];
    if exclusion.state.is_some_and(|state| not_in_force.contains(&state)) {
        return None;
    }
    present(exclusion.resource_arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_has_the_ranges_of_both_families() {
        let ipv6 = |cidr: &str, state: types::SubnetCidrBlockStateCode| {
            types::SubnetIpv6CidrBlockAssociation::builder()
                .ipv6_cidr_block(cidr)
                .ipv6_cidr_block_state(types::SubnetCidrBlockState::builder().state(state).build())
                .build()
        };
        let converted = subnet(
            types::Subnet::builder()
                .subnet_id("subnet-1")
                .vpc_id("vpc-1")
                .availability_zone("eu-west-1a")
                .cidr_block("10.0.1.0/24")
                .available_ip_address_count(3)
                .ipv6_cidr_block_association_set(ipv6("2001:db8::/64", types::SubnetCidrBlockStateCode::Associated))
                .ipv6_cidr_block_association_set(ipv6("2001:db9::/64", types::SubnetCidrBlockStateCode::Disassociated))
                .build(),
        );
        let cidrs: Vec<String> = converted.cidrs.iter().map(ToString::to_string).collect();
        assert_eq!(cidrs, ["10.0.1.0/24", "2001:db8::/64"]);
        assert_eq!((converted.available_addresses, converted.vpc.as_deref()), (Some(3), Some("vpc-1")));
    }

    #[test]
    fn exclusions_count_while_they_are_in_force() {
        use types::VpcBlockPublicAccessExclusionState as State;
        let exclusion = |state: State| {
            types::VpcBlockPublicAccessExclusion::builder().resource_arn("subnet/subnet-1").state(state).build()
        };
        for (state, in_force) in [
            (State::CreateComplete, true),
            (State::UpdateInProgress, true),
            (State::DeleteInProgress, true),
            (State::CreateInProgress, false),
            (State::CreateFailed, false),
            (State::DeleteComplete, false),
            (State::DisableComplete, false),
        ] {
            assert_eq!(excluded(exclusion(state.clone())).is_some(), in_force, "{state:?}");
        }
    }
}
