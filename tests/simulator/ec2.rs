//! The EC2 API as the SDK reads it: what is in the world comes out whole, and what is asked for wrongly is refused.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, RouteState, RuleAction, VpcAttributeName};
use ecsight::sim::{
    AclEntry, BlockMode, Blueprint, Front, Launch, Peer, Peering, Permission, PrefixList, PublicAccessBlock, Route,
    RouteTarget, SecurityGroup, VpcEndpoint, World,
};

use crate::clients::{Bench, code_and_message};

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// One service `api` in groups of its own, behind a load balancer in groups of its own.
fn small() -> World {
    let mut world = World::empty(1);
    world.add_cluster("test");
    let front = Front::application("edge", "api.example.com").guarded_by(&["sg-lb"]);
    world.add_service("test", &Blueprint::web("api").tasks(3).guarded_by(&["sg-task"]).with_front(front));
    world
}

#[tokio::test]
async fn subnets_have_zones_and_addresses() {
    let mut world = small();
    let held = world.subnet("c", false).unwrap();
    world.leave_free_addresses(&held, 4);
    let vpc = world.vpc();
    let bench = Bench::with(world).await;
    let all = bench.ec2.describe_subnets().filters(filter("vpc-id", &vpc)).send().await.unwrap();
    let told: BTreeSet<_> = all
        .subnets()
        .iter()
        .map(|subnet| (subnet.availability_zone().unwrap(), subnet.cidr_block().unwrap()))
        .collect();
    let expected = [
        ("eu-west-1a", "10.0.0.0/18"),
        ("eu-west-1a", "10.0.192.0/20"),
        ("eu-west-1b", "10.0.208.0/20"),
        ("eu-west-1b", "10.0.64.0/18"),
        ("eu-west-1c", "10.0.128.0/18"),
        ("eu-west-1c", "10.0.224.0/20"),
    ];
    assert_eq!(told, BTreeSet::from(expected));
    let one = bench.ec2.describe_subnets().subnet_ids(&held).send().await.unwrap();
    assert_eq!(one.subnets()[0].available_ip_address_count(), Some(4));
    assert_eq!(one.subnets()[0].availability_zone_id(), Some("euw1-az3"));
    assert_eq!(one.subnets()[0].vpc_id(), Some(vpc.as_str()));
}

#[tokio::test]
async fn security_groups_come_with_all_kinds_of_peers() {
    let mut world = small();
    world.add_prefix_list(PrefixList {
        id: "pl-0123".into(),
        name: "offices".into(),
        entries: vec!["192.0.2.0/24".parse().unwrap(), "198.51.100.0/24".parse().unwrap()],
    });
    world.add_vpc("vpc-other", "10.1.0.0/16".parse().unwrap());
    world.add_security_group(SecurityGroup { vpc: Some("vpc-other".into()), ..SecurityGroup::new("sg-far") });
    let vpcs = (world.vpc(), "vpc-other".to_owned());
    world.add_peering(Peering { id: "pcx-1".into(), vpcs, status: "deleted".into() });
    let group = SecurityGroup::new("sg-task")
        .letting_in(8080..=8080, Peer::group("sg-lb"))
        .letting_in(8080..=8080, Peer::group("sg-far"))
        .letting_in(8080..=8080, Peer::group("sg-task"))
        .letting_in(9000..=9100, "10.0.0.0/16".parse().unwrap())
        .letting_in(9000..=9100, "2001:db8::/32".parse().unwrap())
        .letting_in(22..=22, "pl-0123".parse().unwrap())
        .permitting_in(Permission::udp(53..=53, Peer::anywhere()).described("names"));
    world.add_security_group(group);
    let bench = Bench::with(world).await;
    let answer = bench.ec2.describe_security_groups().group_ids("sg-task").send().await.unwrap();
    let group = &answer.security_groups()[0];
    assert_eq!(group.group_name(), Some("task"));
    let of = |port: i32| group.ip_permissions().iter().find(|one| one.from_port() == Some(port)).unwrap();
    let pairs = of(8080).user_id_group_pairs();
    assert_eq!(pairs.iter().filter_map(|pair| pair.group_id()).collect::<Vec<_>>(), ["sg-lb", "sg-far", "sg-task"]);
    assert_eq!((pairs[0].peering_status(), pairs[1].peering_status()), (None, Some("deleted")));
    assert_eq!(pairs[1].vpc_peering_connection_id(), Some("pcx-1"));
    assert_eq!((of(9000).to_port(), of(9000).ip_protocol()), (Some(9100), Some("tcp")));
    assert_eq!(of(9000).ip_ranges()[0].cidr_ip(), Some("10.0.0.0/16"));
    assert_eq!(of(9000).ipv6_ranges()[0].cidr_ipv6(), Some("2001:db8::/32"));
    assert_eq!(of(22).prefix_list_ids()[0].prefix_list_id(), Some("pl-0123"));
    assert_eq!((of(53).ip_protocol(), of(53).ip_ranges()[0].description()), (Some("udp"), Some("names")));
    let out = &group.ip_permissions_egress()[0];
    assert_eq!((out.ip_protocol(), out.from_port(), out.to_port()), (Some("-1"), None, None));
    assert_eq!(out.ip_ranges()[0].cidr_ip(), Some("0.0.0.0/0"));

    let rules = bench.ec2.describe_security_group_rules().filters(filter("group-id", "sg-task")).send().await.unwrap();
    assert_eq!(rules.security_group_rules().len(), 8);
    let referenced: BTreeSet<_> = rules
        .security_group_rules()
        .iter()
        .filter_map(|rule| rule.referenced_group_info().and_then(|group| group.group_id()))
        .collect();
    assert_eq!(referenced, BTreeSet::from(["sg-far", "sg-lb", "sg-task"]));
    let outward = rules.security_group_rules().iter().find(|rule| rule.is_egress() == Some(true)).unwrap();
    assert_eq!((outward.from_port(), outward.ip_protocol()), (Some(-1), Some("-1")));

    let lists = bench.ec2.describe_managed_prefix_lists().prefix_list_ids("pl-0123").send().await.unwrap();
    assert_eq!(lists.prefix_lists()[0].prefix_list_name(), Some("offices"));
    let mut entries = bench.ec2.get_managed_prefix_list_entries().prefix_list_id("pl-0123").max_results(1).send().await;
    let mut cidrs = Vec::new();
    while let Ok(page) = &entries {
        cidrs.extend(page.entries().iter().filter_map(|entry| entry.cidr().map(str::to_owned)));
        let Some(token) = page.next_token() else { break };
        let next = bench.ec2.get_managed_prefix_list_entries().prefix_list_id("pl-0123").max_results(1);
        entries = next.next_token(token).send().await;
    }
    assert_eq!(cidrs, ["192.0.2.0/24", "198.51.100.0/24"]);
    let s3 = filter("prefix-list-name", "com.amazonaws.*.s3");
    let lists = bench.ec2.describe_managed_prefix_lists().filters(s3).send().await.unwrap();
    assert_eq!(lists.prefix_lists()[0].owner_id(), Some("AWS"));
}

#[tokio::test]
async fn acls_and_route_tables_belong_to_subnets() {
    let mut world = small();
    let (public, private) = (world.subnet("c", true).unwrap(), world.subnet("c", false).unwrap());
    let acl = world.add_acl_entry(&private, AclEntry::deny(90, 8080..=8080)).unwrap();
    world.change_routes(&private, |routes| {
        routes.push(Route::new("10.9.0.0/16".parse().unwrap(), RouteTarget::TransitGateway("tgw-1".into())));
    });
    world.remove_nat_gateways();
    world.use_main_route_table(&public);
    let vpc = world.vpc();
    let bench = Bench::with(world).await;
    let around = filter("association.subnet-id", &private);
    let acls = bench.ec2.describe_network_acls().filters(around.clone()).send().await.unwrap();
    let found = &acls.network_acls()[0];
    assert_eq!((acls.network_acls().len(), found.network_acl_id()), (1, Some(acl.as_str())));
    let entries: Vec<_> = found
        .entries()
        .iter()
        .filter(|entry| entry.egress() == Some(false))
        .map(|entry| (entry.rule_number().unwrap(), entry.rule_action().unwrap().clone(), entry.protocol().unwrap()))
        .collect();
    let expected = [(90, RuleAction::Deny, "6"), (100, RuleAction::Allow, "-1"), (32767, RuleAction::Deny, "-1")];
    assert_eq!(entries, expected);
    assert_eq!(found.entries().iter().find_map(|entry| entry.port_range()).unwrap().from(), Some(8080));
    let default = bench.ec2.describe_network_acls().filters(filter("default", "true")).send().await.unwrap();
    assert_eq!(default.network_acls()[0].associations().len(), 5);

    let tables = bench.ec2.describe_route_tables().filters(around).send().await.unwrap();
    let routes = tables.route_tables()[0].routes();
    assert_eq!(routes[0].gateway_id(), Some("local"));
    let nat = routes.iter().find(|route| route.nat_gateway_id().is_some()).unwrap();
    assert_eq!((nat.destination_cidr_block(), nat.state()), (Some("0.0.0.0/0"), Some(&RouteState::Blackhole)));
    let transit = routes.iter().find(|route| route.transit_gateway_id().is_some()).unwrap();
    assert_eq!(transit.state(), Some(&RouteState::Active));
    let none = bench.ec2.describe_route_tables().filters(filter("association.subnet-id", &public)).send().await;
    assert_eq!(none.unwrap().route_tables().len(), 0, "the main table is associated with no subnet by name");
    let main = bench.ec2.describe_route_tables().filters(filter("association.main", "true"));
    let main = main.filters(filter("vpc-id", &vpc)).send().await.unwrap();
    assert_eq!(main.route_tables().len(), 1);
    assert_eq!(main.route_tables()[0].associations()[0].main(), Some(true));
}

#[tokio::test]
async fn interfaces_tell_whose_they_are() {
    let mut world = small();
    world.add_guarded_container_instance("test", &["sg-host"]);
    world.add_security_group(SecurityGroup::new("sg-host"));
    world.add_service("test", &Blueprint::worker("batch").tasks(1).launched(Launch::Ec2));
    let subnets = world.subnets(false);
    world.add_vpc_endpoint(VpcEndpoint::interface("vpce-1", "ecr.api", &subnets, &["sg-host"]));
    let bench = Bench::with(world).await;
    let balancers = bench.elb.describe_load_balancers().names("edge").send().await.unwrap();
    let arn = balancers.load_balancers()[0].load_balancer_arn().unwrap();
    let (_, suffix) = arn.split_once("loadbalancer/").unwrap();
    let nodes = bench.ec2.describe_network_interfaces().filters(filter("description", &format!("ELB {suffix}")));
    let nodes = nodes.send().await.unwrap();
    assert_eq!(nodes.network_interfaces().len(), 3);
    assert!(nodes.network_interfaces().iter().all(|node| node.groups()[0].group_id() == Some("sg-lb")));
    assert!(nodes.network_interfaces().iter().all(|node| node.association().is_some()));

    let tasks = bench.ecs.list_tasks().cluster("test").service_name("api").send().await.unwrap();
    let tasks = bench.ecs.describe_tasks().cluster("test").set_tasks(tasks.task_arns).send().await.unwrap();
    for task in tasks.tasks() {
        let details = task.attachments()[0].details();
        let detail = |name: &str| details.iter().find(|one| one.name() == Some(name)).unwrap().value().unwrap();
        let id = filter("network-interface-id", detail("networkInterfaceId"));
        let found = bench.ec2.describe_network_interfaces().filters(id).send().await.unwrap();
        let found = &found.network_interfaces()[0];
        assert_eq!(found.private_ip_address(), Some(detail("privateIPv4Address")));
        assert_eq!(found.subnet_id(), Some(detail("subnetId")));
        assert_eq!(found.mac_address(), Some(detail("macAddress")));
        assert_eq!(found.groups()[0].group_id(), Some("sg-task"));
        let attachment = task.attachments()[0].id().unwrap();
        assert!(found.description().unwrap().ends_with(attachment), "{found:?}");
    }

    let endpoints = bench.ec2.describe_vpc_endpoints().vpc_endpoint_ids("vpce-1").send().await.unwrap();
    let endpoint = &endpoints.vpc_endpoints()[0];
    assert_eq!(endpoint.service_name(), Some("com.amazonaws.eu-west-1.ecr.api"));
    assert_eq!((endpoint.private_dns_enabled(), endpoint.subnet_ids().len()), (Some(true), 3));
    assert_eq!(endpoint.dns_entries()[1].dns_name(), Some("api.ecr.eu-west-1.amazonaws.com"));
    let ids = endpoint.network_interface_ids().to_vec();
    let found = bench.ec2.describe_network_interfaces().set_network_interface_ids(Some(ids)).send().await.unwrap();
    assert_eq!(found.network_interfaces().len(), 3);

    let hosts = bench.ec2.describe_instances().send().await.unwrap();
    let host = &hosts.reservations()[0].instances()[0];
    assert_eq!(host.network_interfaces()[0].groups()[0].group_id(), Some("sg-host"));
    let again = bench.ec2.describe_instances().instance_ids(host.instance_id().unwrap()).send().await.unwrap();
    assert_eq!(again.reservations().len(), 1);
    let own = filter("attachment.instance-id", host.instance_id().unwrap());
    let own = bench.ec2.describe_network_interfaces().filters(own).send().await.unwrap();
    assert_eq!(own.network_interfaces()[0].private_ip_address(), host.private_ip_address());
}

#[tokio::test]
async fn vpcs_have_attributes_and_block_public_access() {
    let mut world = small();
    world.set_dns(true, false);
    let subnet = world.subnet("a", true).unwrap();
    let exclusions = vec![subnet.clone()];
    world.block_public_access(PublicAccessBlock { mode: BlockMode::Bidirectional, exclusions });
    let vpc = world.vpc();
    let bench = Bench::with(world).await;
    let vpcs = bench.ec2.describe_vpcs().vpc_ids(&vpc).send().await.unwrap();
    assert_eq!(vpcs.vpcs()[0].cidr_block(), Some("10.0.0.0/16"));
    let ask = |attribute| bench.ec2.describe_vpc_attribute().vpc_id(&vpc).attribute(attribute).send();
    let support = ask(VpcAttributeName::EnableDnsSupport).await.unwrap();
    assert_eq!(support.enable_dns_support().unwrap().value(), Some(true));
    let hostnames = ask(VpcAttributeName::EnableDnsHostnames).await.unwrap();
    assert_eq!(hostnames.enable_dns_hostnames().unwrap().value(), Some(false));
    let options = bench.ec2.describe_vpc_block_public_access_options().send().await.unwrap();
    let mode = options.vpc_block_public_access_options().unwrap().internet_gateway_block_mode().unwrap();
    assert_eq!(mode.as_str(), "block-bidirectional");
    let exclusions = bench.ec2.describe_vpc_block_public_access_exclusions().send().await.unwrap();
    let arn = exclusions.vpc_block_public_access_exclusions()[0].resource_arn().unwrap();
    assert!(arn.ends_with(&format!(":subnet/{subnet}")), "{arn}");
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused() {
    let bench = Bench::with(small()).await;
    macro_rules! refused {
        ($call:expr) => {{
            let error = $call.send().await.unwrap_err();
            let (code, message) = code_and_message(&error);
            (code.to_owned(), message.to_owned())
        }};
    }
    let ec2 = &bench.ec2;
    let cases = [
        (refused!(ec2.describe_subnets().subnet_ids("subnet-x")), "InvalidSubnetID.NotFound", "'subnet-x'"),
        (refused!(ec2.describe_security_groups().group_ids("sg-x")), "InvalidGroup.NotFound", "group 'sg-x' does not"),
        (refused!(ec2.describe_network_acls().network_acl_ids("acl-x")), "InvalidNetworkAclID.NotFound", "'acl-x'"),
        (refused!(ec2.describe_route_tables().route_table_ids("rtb-x")), "InvalidRouteTableID.NotFound", "'rtb-x'"),
        (refused!(ec2.describe_vpc_endpoints().vpc_endpoint_ids("e")), "InvalidVpcEndpointId.NotFound", "'e'"),
        (refused!(ec2.describe_vpcs().vpc_ids("vpc-x")), "InvalidVpcID.NotFound", "'vpc-x'"),
        (refused!(ec2.describe_instances().instance_ids("i-x")), "InvalidInstanceID.NotFound", "'i-x'"),
        (
            refused!(ec2.describe_network_interfaces().network_interface_ids("eni-x")),
            "InvalidNetworkInterfaceID.NotFound",
            "'eni-x'",
        ),
        (
            refused!(ec2.get_managed_prefix_list_entries().prefix_list_id("pl-x")),
            "InvalidPrefixListID.NotFound",
            "'pl-x'",
        ),
        (refused!(ec2.describe_subnets().filters(filter("colour", "red"))), "InvalidParameterValue", "'colour'"),
        (refused!(ec2.describe_subnets().max_results(2)), "InvalidParameterValue", "maxResults"),
        (refused!(ec2.describe_subnets().next_token("made up")), "InvalidPaginationToken", "token"),
        (refused!(ec2.describe_vpc_attribute().vpc_id("vpc-x")), "MissingParameter", "Attribute"),
        (refused!(ec2.describe_key_pairs()), "InvalidAction", "DescribeKeyPairs"),
    ];
    for ((code, message), expected, part) in cases {
        assert!(code == expected && message.contains(part), "{expected}: {code}: {message}");
    }
}

#[tokio::test]
async fn pages_lead_to_each_other() {
    let bench = Bench::with(small()).await;
    let mut seen = BTreeSet::new();
    let mut pages = bench.ec2.describe_network_interfaces().into_paginator().page_size(5).send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.network_interfaces().len());
        seen.extend(page.network_interfaces().iter().map(|one| one.network_interface_id().unwrap().to_owned()));
    }
    // Three nodes, three tasks, one NAT gateway.
    assert_eq!((sizes, seen.len()), (vec![5, 2], 7));
}
