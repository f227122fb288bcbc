//! VPC endpoints of the SDK in our words.

use aws_sdk_ec2::types;

use crate::aws::scalars::{present, spelled};
use crate::model::network::VpcEndpoint;

pub(super) fn endpoint(endpoint: types::VpcEndpoint) -> VpcEndpoint {
    VpcEndpoint {
        id: endpoint.vpc_endpoint_id.unwrap_or_default(),
        service_name: endpoint.service_name.unwrap_or_default(),
        kind: spelled(endpoint.vpc_endpoint_type.as_ref()).unwrap_or_default(),
        // AWS writes it in both ways.
        state: spelled(endpoint.state.as_ref()).unwrap_or_default().to_lowercase(),
        private_dns: endpoint.private_dns_enabled.unwrap_or_default(),
        subnets: endpoint.subnet_ids.unwrap_or_default(),
        security_groups: endpoint
            .groups
            .unwrap_or_default()
            .into_iter()
            .filter_map(|group| present(group.group_id))
            .collect(),
        interfaces: endpoint.network_interface_ids.unwrap_or_default(),
        route_tables: endpoint.route_table_ids.unwrap_or_default(),
        policy: present(endpoint.policy_document),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_keeps_where_it_stands_and_who_may_use_it() {
        for spelling in ["Available", "available"] {
            let converted = endpoint(
                types::VpcEndpoint::builder()
                    .vpc_endpoint_id("vpce-1")
                    .service_name("com.amazonaws.eu-west-1.ecr.api")
                    .vpc_endpoint_type(types::VpcEndpointType::Interface)
                    .state(types::State::from(spelling))
                    .private_dns_enabled(true)
                    .subnet_ids("subnet-1")
                    .groups(types::SecurityGroupIdentifier::builder().group_id("sg-1").build())
                    .network_interface_ids("eni-1")
                    .policy_document("{}")
                    .build(),
            );
            assert_eq!((converted.state.as_str(), converted.kind.as_str()), ("available", "Interface"));
            assert_eq!((converted.security_groups, converted.private_dns), (vec!["sg-1".to_owned()], true));
            assert_eq!(converted.policy.as_deref(), Some("{}"));
        }
    }
}
