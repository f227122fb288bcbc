//! Route tables of the SDK in our words.

use aws_sdk_ec2::types;

use crate::aws::scalars::present;
use crate::model::network::{Route, RouteDestination, RouteTable, RouteTarget};

pub(super) fn route_table(table: types::RouteTable) -> RouteTable {
    let mut associations = table.associations.unwrap_or_default();
    associations.retain(in_force);
    RouteTable {
        id: table.route_table_id.unwrap_or_default(),
        main: associations.iter().any(|association| association.main == Some(true)),
        subnets: associations.into_iter().filter_map(|association| present(association.subnet_id)).collect(),
        routes: table.routes.unwrap_or_default().into_iter().filter_map(route).collect(),
    }
}

/// Former associations stay in the list for a while.
fn in_force(association: &types::RouteTableAssociation) -> bool {
    use types::RouteTableAssociationStateCode as State;
    let state = association.association_state.as_ref().and_then(|state| state.state.as_ref());
    !matches!(state, Some(State::Disassociated | State::Failed))
}

/// A route to nowhere we can read is left out.
fn route(route: types::Route) -> Option<Route> {
    let cidr = present(route.destination_cidr_block.clone()).or(present(route.destination_ipv6_cidr_block.clone()));
    let destination = match cidr {
        Some(cidr) => RouteDestination::Cidr(cidr.parse().ok()?),
        None => RouteDestination::PrefixList(present(route.destination_prefix_list_id.clone())?),
    };
    let blackhole = route.state == Some(types::RouteState::Blackhole);
    Some(Route { destination, target: target(route), blackhole })
}

/// The one target a route has. A route to an instance also names the interface it goes through.
fn target(route: types::Route) -> RouteTarget {
    [
        present(route.gateway_id).map(gateway),
        present(route.nat_gateway_id).map(RouteTarget::NatGateway),
        present(route.transit_gateway_id).map(RouteTarget::TransitGateway),
        present(route.vpc_peering_connection_id).map(RouteTarget::VpcPeering),
        present(route.network_interface_id).map(RouteTarget::NetworkInterface),
        present(route.instance_id).map(RouteTarget::Other),
        present(route.egress_only_internet_gateway_id).map(RouteTarget::EgressOnlyInternetGateway),
        present(route.core_network_arn).map(RouteTarget::Other),
        present(route.carrier_gateway_id).map(RouteTarget::Other),
        present(route.local_gateway_id).map(RouteTarget::Other),
        present(route.odb_network_arn).map(RouteTarget::Other),
        present(route.ip_address).map(RouteTarget::Other),
    ]
    .into_iter()
    .flatten()
    .next()
    .unwrap_or_else(|| RouteTarget::Other(String::new()))
}

type Kind = fn(String) -> RouteTarget;

/// Several kinds of gateway share a field and differ by their prefix.
fn gateway(id: String) -> RouteTarget {
    let kinds: [(&str, Kind); 4] = [
        ("igw-", RouteTarget::InternetGateway),
        ("vgw-", RouteTarget::VpnGateway),
        ("vpce-", RouteTarget::VpcEndpoint),
        ("nat-", RouteTarget::NatGateway),
    ];
    if id == "local" {
        return RouteTarget::Local;
    }
    let kind = kinds.into_iter().find(|(prefix, _)| id.starts_with(prefix));
    kind.map_or(RouteTarget::Other as Kind, |(_, kind)| kind)(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_the_internet() -> types::builders::RouteBuilder {
        types::Route::builder().destination_cidr_block("0.0.0.0/0")
    }

    #[test]
    fn routes_lead_where_they_lead() {
        let id = ToOwned::to_owned;
        for (builder, expected) in [
            (to_the_internet().gateway_id("local"), RouteTarget::Local),
            (to_the_internet().gateway_id("igw-1"), RouteTarget::InternetGateway(id("igw-1"))),
            (to_the_internet().gateway_id("vgw-1"), RouteTarget::VpnGateway(id("vgw-1"))),
            (to_the_internet().gateway_id("vpce-1"), RouteTarget::VpcEndpoint(id("vpce-1"))),
            (to_the_internet().gateway_id("lgw-1"), RouteTarget::Other(id("lgw-1"))),
            (to_the_internet().gateway_id("").nat_gateway_id("nat-1"), RouteTarget::NatGateway(id("nat-1"))),
            (to_the_internet().transit_gateway_id("tgw-1"), RouteTarget::TransitGateway(id("tgw-1"))),
            (to_the_internet().vpc_peering_connection_id("pcx-1"), RouteTarget::VpcPeering(id("pcx-1"))),
            (
                to_the_internet().instance_id("i-1").network_interface_id("eni-1"),
                RouteTarget::NetworkInterface(id("eni-1")),
            ),
            (to_the_internet().instance_id("i-1"), RouteTarget::Other(id("i-1"))),
            (
                to_the_internet().egress_only_internet_gateway_id("eigw-1"),
                RouteTarget::EgressOnlyInternetGateway(id("eigw-1")),
            ),
            (to_the_internet().carrier_gateway_id("cagw-1"), RouteTarget::Other(id("cagw-1"))),
            (to_the_internet(), RouteTarget::Other(String::new())),
        ] {
            let converted = route(builder.build()).unwrap();
            assert_eq!((converted.target, converted.blackhole), (expected, false));
        }
    }

    #[test]
    fn destinations_are_ranges_or_lists() {
        let list = types::Route::builder().destination_prefix_list_id("pl-1").gateway_id("vpce-1");
        assert_eq!(route(list.build()).unwrap().destination, RouteDestination::PrefixList("pl-1".to_owned()));
        let ipv6 = types::Route::builder().destination_ipv6_cidr_block("::/0").state(types::RouteState::Blackhole);
        let ipv6 = route(ipv6.build()).unwrap();
        assert_eq!((ipv6.destination, ipv6.blackhole), (RouteDestination::Cidr("::/0".parse().unwrap()), true));
        assert_eq!(route(types::Route::builder().destination_cidr_block("?").build()), None);
        assert_eq!(route(types::Route::builder().build()), None);
    }

    #[test]
    fn a_table_is_main_or_has_subnets_of_its_own() {
        let main = types::RouteTableAssociation::builder().main(true).build();
        let subnet = types::RouteTableAssociation::builder().main(false).subnet_id("subnet-1").build();
        let gone = types::RouteTableAssociation::builder().subnet_id("subnet-2").association_state(
            types::RouteTableAssociationState::builder()
                .state(types::RouteTableAssociationStateCode::Disassociated)
                .build(),
        );
        let table = types::RouteTable::builder().route_table_id("rtb-1");
        let converted = route_table(table.clone().associations(subnet).associations(gone.build()).build());
        assert_eq!((converted.main, converted.subnets), (false, vec!["subnet-1".to_owned()]));
        assert!(route_table(table.associations(main).build()).main);
    }
}
