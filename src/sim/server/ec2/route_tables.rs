//! DescribeRouteTables.

use ipnet::IpNet;

use super::super::protocol::{Form, Xml};
use super::selection::{Kind, paged};
use super::{Answered, no_tags};
use crate::sim::world::{ACCOUNT, Gateways, Route, RouteDestination, RouteTable, RouteTarget, World, id_of};

const KIND: Kind<RouteTable> = Kind {
    parameter: "RouteTableId",
    id: |table| &table.id,
    not_found: "InvalidRouteTableID.NotFound",
    called: "routeTable ID",
    filters: &[
        ("route-table-id", |_, table| vec![table.id.clone()]),
        ("vpc-id", |world, table| vec![vpc_of(world, table)]),
        ("association.main", |world, table| {
            associations(world, table).iter().map(|subnet| subnet.is_none().to_string()).collect()
        }),
        ("association.subnet-id", |world, table| associations(world, table).into_iter().flatten().collect()),
        ("association.route-table-id", |_, table| vec![table.id.clone()]),
        ("association.route-table-association-id", |world, table| {
            associations(world, table).iter().map(|subnet| association(table, subnet.as_deref())).collect()
        }),
        ("owner-id", |_, _| vec![ACCOUNT.to_owned()]),
        ("route.destination-cidr-block", |_, table| fields(table, "destinationCidrBlock")),
        ("route.destination-ipv6-cidr-block", |_, table| fields(table, "destinationIpv6CidrBlock")),
        ("route.destination-prefix-list-id", |_, table| fields(table, "destinationPrefixListId")),
        ("route.gateway-id", |_, table| fields(table, "gatewayId")),
        ("route.nat-gateway-id", |_, table| fields(table, "natGatewayId")),
        ("route.transit-gateway-id", |_, table| fields(table, "transitGatewayId")),
        ("route.vpc-peering-connection-id", |_, table| fields(table, "vpcPeeringConnectionId")),
        ("route.state", |world, table| {
            let states = table.routes.iter().map(|route| state(route, &world.network.gateways).to_owned());
            states.chain(["active".to_owned()]).collect()
        }),
    ],
};

fn vpc_of(world: &World, table: &RouteTable) -> String {
    world.network.vpc_of(table.vpc.as_deref()).to_owned()
}

/// The subnets that use it by name, and nothing in place of a subnet for the main table's own association.
fn associations(world: &World, table: &RouteTable) -> Vec<Option<String>> {
    let subnets = world.network.subnets.iter().filter(|subnet| subnet.route_table.as_ref() == Some(&table.id));
    table.main.then_some(None).into_iter().chain(subnets.map(|subnet| Some(subnet.id.clone()))).collect()
}

fn association(table: &RouteTable, subnet: Option<&str>) -> String {
    id_of("rtbassoc", &[&table.id, subnet.unwrap_or("main")])
}

fn state(route: &Route, gateways: &Gateways) -> &'static str {
    if gateways.is_blackhole(route) { "blackhole" } else { "active" }
}

/// The name of the destination's field with its value, and the same for the target.
fn parts(route: &Route) -> [(&'static str, String); 2] {
    let destination = match &route.destination {
        RouteDestination::Cidr(net @ IpNet::V4(_)) => ("destinationCidrBlock", net.to_string()),
        RouteDestination::Cidr(net @ IpNet::V6(_)) => ("destinationIpv6CidrBlock", net.to_string()),
        RouteDestination::PrefixList(id) => ("destinationPrefixListId", id.clone()),
    };
    let target = match &route.target {
        RouteTarget::Local => ("gatewayId", "local".to_owned()),
        RouteTarget::InternetGateway(id) | RouteTarget::Endpoint(id) => ("gatewayId", id.clone()),
        RouteTarget::NatGateway(id) => ("natGatewayId", id.clone()),
        RouteTarget::TransitGateway(id) => ("transitGatewayId", id.clone()),
        RouteTarget::Peering(id) => ("vpcPeeringConnectionId", id.clone()),
        RouteTarget::Interface(id) => ("networkInterfaceId", id.clone()),
    };
    [destination, target]
}

fn fields(table: &RouteTable, field: &str) -> Vec<String> {
    let all = table.routes.iter().flat_map(parts);
    all.filter(|(name, _)| *name == field).map(|(_, value)| value).collect()
}

pub(super) fn describe(form: &Form, world: &World) -> Answered {
    let found = KIND.select(form, world, world.network.route_tables.values())?;
    paged(form, "routeTableSet", found, |xml, table| {
        let vpc = vpc_of(world, table);
        xml.put("routeTableId", &table.id).put("vpcId", &vpc).put("ownerId", ACCOUNT);
        let own = world.network.vpcs.iter().find(|candidate| candidate.id == vpc).map(|vpc| vpc.net);
        let local = own.map(|net| Route::new(net.into(), RouteTarget::Local));
        xml.items("routeSet", local.iter().chain(&table.routes), |xml, route| write_route(xml, route, world));
        xml.items("associationSet", associations(world, table), |xml, subnet| {
            xml.put("routeTableAssociationId", association(table, subnet.as_deref()))
                .put("routeTableId", &table.id)
                .put_some("subnetId", subnet.as_ref())
                .put("main", subnet.is_none())
                .within("associationState", |xml| {
                    xml.put("state", "associated");
                });
        });
        xml.items("propagatingVgwSet", None::<&str>, |_, _| {});
        no_tags(xml);
    })
}

fn write_route(xml: &mut Xml, route: &Route, world: &World) {
    for (name, value) in parts(route) {
        xml.put(name, value);
    }
    let origin = if route.target == RouteTarget::Local { "CreateRouteTable" } else { "CreateRoute" };
    xml.put("state", state(route, &world.network.gateways)).put("origin", origin);
}
