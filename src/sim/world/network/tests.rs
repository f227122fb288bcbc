use std::time::Duration;

use super::super::{Answer, Speech, World};
use super::*;

/// A world with interfaces of a load balancer (`sg-lb`) and a task (`sg-task`, which lets it in on 8080): in one subnet, or
/// the first in the public subnet of zone a and the second in the private one of zone c.
fn pair(same_subnet: bool) -> (World, Ipv4Addr, Ipv4Addr) {
    let mut world = World::empty(1);
    world.add_security_group(SecurityGroup::new("sg-lb"));
    world.add_security_group(SecurityGroup::new("sg-task").letting_in(8080..=8080, Peer::group("sg-lb")));
    let target = world.subnet("c", false).unwrap();
    let source = if same_subnet { target.clone() } else { world.subnet("a", true).unwrap() };
    let node = attach(&mut world, &source, "sg-lb");
    let task = attach(&mut world, &target, "sg-task");
    (world, node, task)
}

fn attach(world: &mut World, subnet: &str, group: &str) -> Ipv4Addr {
    world.network.attach_quietly(subnet, &[group.to_owned()], Holder::Nobody).unwrap()
}

fn private(world: &World, zone: &str) -> String {
    world.subnet(zone, false).unwrap()
}

fn denied_by(result: &Result<(), Dropped>) -> Option<(u16, Leg)> {
    if let Err(Dropped::Acl { entry, leg, .. }) = result { Some((*entry, *leg)) } else { None }
}

const NOW: Moment = Moment::MONDAY_NIGHT;
const GET: Request<'_> = Request::Get { path: "/", tls: false };

#[test]
fn a_closed_port_refuses_and_a_filtered_one_is_silent() {
    let (mut world, node, task) = pair(true);
    let network = &mut world.network;
    assert_eq!(network.request(node, (task, 8080), GET, NOW), Reply::Refused);
    assert_eq!(network.request(node, (task, 9090), GET, NOW), Reply::Silence);
    let answers = vec![Answer { path: "/".into(), status: 302, delay: Duration::ZERO }];
    let socket = Socket { opens_at: NOW, loopback_only: false, speech: Speech::Http, answers };
    network.open(task, 8080, socket.clone());
    let answered = Reply::Answered { status: 302, after: Duration::ZERO };
    assert_eq!(network.request(node, (task, 8080), GET, NOW), answered);
    assert_eq!(network.request(node, (task, 8080), Request::Connect, NOW), Reply::Connected);
    let over_tls = Request::Get { path: "/", tls: true };
    assert_eq!(network.request(node, (task, 8080), over_tls, NOW), Reply::Gibberish);
    network.open(task, 8080, Socket { loopback_only: true, ..socket.clone() });
    assert_eq!(network.request(node, (task, 8080), GET, NOW), Reply::Refused);
    assert_eq!(network.request_from_inside((task, 8080), "/", NOW), answered);
    network.open(task, 8080, Socket { opens_at: NOW + Duration::from_secs(1), ..socket });
    assert_eq!(network.request(node, (task, 8080), GET, NOW), Reply::Refused);
}

#[test]
fn security_groups_decide_by_group_cidr_list_port_and_protocol() {
    type Rule = fn(&str) -> SecurityGroup;
    let node_net = |node: Ipv4Addr| format!("{node}/32");
    let group = || SecurityGroup::new("sg-task");
    let cases: [(&str, Rule, bool); 9] = [
        ("another group", |_| SecurityGroup::new("sg-task").letting_in(8080..=8080, Peer::group("sg-old")), false),
        ("its own group", |_| SecurityGroup::new("sg-task").letting_in(8080..=8080, Peer::group("sg-task")), false),
        ("the address", |node| SecurityGroup::new("sg-task").letting_in(8080..=8080, node.parse().unwrap()), true),
        ("a range", |node| SecurityGroup::new("sg-task").letting_in(8000..=8100, node.parse().unwrap()), true),
        ("a range beside", |node| SecurityGroup::new("sg-task").letting_in(8081..=8100, node.parse().unwrap()), false),
        ("IPv6", |_| SecurityGroup::new("sg-task").letting_in(8080..=8080, Peer::anywhere_v6()), false),
        ("a list", |_| SecurityGroup::new("sg-task").letting_in(8080..=8080, "pl-1".parse().unwrap()), true),
        ("UDP", |_| SecurityGroup::new("sg-task").permitting_in(Permission::udp(8080..=8080, Peer::anywhere())), false),
        (
            "everything",
            |_| SecurityGroup::new("sg-task").permitting_in(Permission::everything(Peer::group("sg-lb"))),
            true,
        ),
    ];
    for (what, rule, passes) in cases {
        let (mut world, node, task) = pair(false);
        let net = node_net(node).parse().unwrap();
        world.add_prefix_list(PrefixList { id: "pl-1".into(), name: "nodes".into(), entries: vec![net] });
        world.add_security_group(rule(&node_net(node)));
        assert_eq!(world.connects(node, task, 8080).is_ok(), passes, "{what}");
    }
    let (mut world, node, task) = pair(false);
    world.add_security_group(group());
    assert_eq!(world.connects(node, task, 8080), Err(Dropped::Ingress(vec!["sg-task".into()])));
    // Any of several groups will do.
    world.add_security_group(SecurityGroup::new("sg-more").letting_in(8080..=8080, Peer::group("sg-lb")));
    world.network.interface_mut(task).unwrap().groups.push("sg-more".into());
    assert_eq!(world.connects(node, task, 8080), Ok(()));
    world.add_security_group(SecurityGroup::new("sg-lb").sealed().letting_out(443..=443, Peer::anywhere()));
    assert_eq!(world.connects(node, task, 8080), Err(Dropped::Egress(vec!["sg-lb".into()])));
    // No group at all, as a network load balancer can have: nothing filters what it sends.
    world.network.interface_mut(node).unwrap().groups.clear();
    world.add_security_group(group().letting_in(8080..=8080, "10.0.0.0/16".parse().unwrap()));
    world.network.interface_mut(task).unwrap().groups.pop();
    assert_eq!(world.connects(node, task, 8080), Ok(()));
}

#[test]
fn each_of_the_four_ways_past_the_acls_can_be_shut() {
    let cases = [
        (true, AclEntry::deny(90, 8080..=8080).outbound(), Leg::OutOfSource),
        (false, AclEntry::deny(90, 8080..=8080), Leg::IntoTarget),
        (false, AclEntry::deny(90, 1024..=65535).outbound(), Leg::OutOfTarget),
        (true, AclEntry::deny(90, 1024..=65535), Leg::IntoSource),
    ];
    for (of_source, entry, leg) in cases {
        let (mut world, node, task) = pair(false);
        assert_eq!(world.connects(node, task, 8080), Ok(()));
        let subnet = if of_source { world.subnet("a", true).unwrap() } else { private(&world, "c") };
        let acl = world.add_acl_entry(&subnet, entry).unwrap();
        assert_eq!(denied_by(&world.connects(node, task, 8080)), Some((90, leg)));
        let others: Vec<_> = world.network.subnets.iter().filter(|other| other.acl == acl).collect();
        assert_eq!(others.len(), 1, "the other subnets keep the ACL they shared");
    }
}

#[test]
fn inside_a_subnet_no_acl_filters() {
    let (mut world, node, task) = pair(true);
    let subnet = private(&world, "c");
    world.add_network_acl(NetworkAcl::closed("acl-1"), std::slice::from_ref(&subnet));
    assert_eq!(world.connects(node, task, 8080), Ok(()));
}

#[test]
fn replies_need_all_of_the_ephemeral_ports() {
    let (mut world, node, task) = pair(false);
    let subnet = private(&world, "c");
    let narrow = NetworkAcl::closed("acl-1")
        .with(AclEntry::allow(100, 8080..=8080))
        .with(AclEntry::allow(100, 32768..=60999).outbound());
    world.add_network_acl(narrow, std::slice::from_ref(&subnet));
    let outcomes: Vec<bool> = (0..50)
        .map(|second| world.network.connects(node, task, 8080, NOW + Duration::from_secs(second)).is_ok())
        .collect();
    assert!(outcomes.contains(&true) && outcomes.contains(&false), "{outcomes:?}");
}

#[test]
fn other_vpcs_are_reached_by_an_active_peering_with_routes_both_ways() {
    let (mut world, node, _) = pair(false);
    world.add_vpc("vpc-2", "10.1.0.0/16".parse().unwrap());
    world.add_subnet("subnet-2", "vpc-2", "a", "10.1.0.0/24".parse().unwrap());
    let other = attach(&mut world, "subnet-2", "sg-task");
    assert!(matches!(world.connects(node, other, 8080), Err(Dropped::NoRoute { .. })));
    let peering = Peering { id: "pcx-1".into(), vpcs: (world.vpc(), "vpc-2".into()), status: "active".into() };
    world.add_peering(peering.clone());
    let through = |net: &str| Route::new(net.parse().unwrap(), RouteTarget::Peering("pcx-1".into()));
    let public = world.subnet("a", true).unwrap();
    world.change_routes(&public, |routes| routes.push(through("10.1.0.0/16")));
    assert_eq!(world.connects(node, other, 8080), Err(Dropped::NoRoute { subnet: "subnet-2".into() }));
    world.change_routes("subnet-2", |routes| routes.push(through("10.0.0.0/16")));
    assert_eq!(world.connects(node, other, 8080), Ok(()));
    world.add_peering(Peering { status: "deleted".into(), ..peering });
    assert!(matches!(world.connects(node, other, 8080), Err(Dropped::NoRoute { .. })));
}

#[test]
fn the_way_out_is_nat_or_a_public_address() {
    let (mut world, _, task) = pair(false);
    assert_eq!(world.reaches_service(task, "ecr.api"), Ok(()));
    world.block_public_access(PublicAccessBlock { mode: BlockMode::Ingress, exclusions: Vec::new() });
    assert_eq!(world.reaches_service(task, "ecr.api"), Ok(()), "NAT only sends out");
    world.block_public_access(PublicAccessBlock { mode: BlockMode::Bidirectional, exclusions: Vec::new() });
    assert_eq!(world.reaches_service(task, "ecr.api"), Err(Dropped::PublicAccessBlocked));
    let exclusions = vec![world.vpc()];
    world.block_public_access(PublicAccessBlock { mode: BlockMode::Bidirectional, exclusions });
    assert_eq!(world.reaches_service(task, "ecr.api"), Ok(()));
    world.remove_nat_gateways();
    assert_eq!(world.reaches_service(task, "ecr.api"), Err(Dropped::NoRoute { subnet: private(&world, "c") }));
    // In a public subnet it takes a public address.
    let public = world.subnet("b", true).unwrap();
    let outside = attach(&mut world, &public, "sg-task");
    assert!(matches!(world.reaches_service(outside, "ecr.api"), Err(Dropped::NoRoute { .. })));
    world.network.interface_mut(outside).unwrap().public = Some(public_address("x"));
    assert_eq!(world.reaches_service(outside, "ecr.api"), Ok(()));
    world.block_public_access(PublicAccessBlock { mode: BlockMode::Ingress, exclusions: Vec::new() });
    assert_eq!(world.reaches_service(outside, "ecr.api"), Err(Dropped::PublicAccessBlocked));
    world.set_dns(false, false);
    assert!(matches!(world.reaches_service(outside, "ecr.api"), Err(Dropped::NoSuchAddress(_))));
}

#[test]
fn endpoints_are_found_by_name_and_have_groups_of_their_own() {
    let (mut world, _, task) = pair(false);
    world.remove_nat_gateways();
    let subnets = world.subnets(false);
    world.add_security_group(SecurityGroup::new("sg-vpce").letting_in(443..=443, Peer::group("sg-other")));
    world.add_vpc_endpoint(VpcEndpoint::interface("vpce-1", "ecr.api", &subnets, &["sg-vpce"]));
    assert_eq!(world.reaches_service(task, "ecr.api"), Err(Dropped::Ingress(vec!["sg-vpce".into()])));
    let address = world.network.resolve(task, "ecr.api").unwrap();
    assert_eq!(world.network.interface(address).unwrap().subnet, private(&world, "c"));
    world.add_security_group(SecurityGroup::new("sg-vpce").letting_in(443..=443, "10.0.0.0/16".parse().unwrap()));
    assert_eq!(world.reaches_service(task, "ecr.api"), Ok(()));
    world.set_dns(true, false);
    assert!(matches!(world.reaches_service(task, "ecr.api"), Err(Dropped::NoRoute { .. })));
    // S3 by a route, to addresses of its prefix list, which an egress rule can name.
    assert!(matches!(world.reaches_service(task, "s3"), Err(Dropped::NoRoute { .. })));
    let table = world.network.subnet(&private(&world, "c")).unwrap().route_table.clone().unwrap();
    world.add_vpc_endpoint(VpcEndpoint::gateway("vpce-2", "s3", &[table]));
    assert_eq!(world.reaches_service(task, "s3"), Ok(()));
    world.add_security_group(
        SecurityGroup::new("sg-task").sealed().letting_out(443..=443, "10.0.0.0/16".parse().unwrap()),
    );
    assert_eq!(world.reaches_service(task, "s3"), Err(Dropped::Egress(vec!["sg-task".into()])));
    let to_s3 = Peer::PrefixList(standard::S3_PREFIX_LIST.into());
    world.add_security_group(SecurityGroup::new("sg-task").sealed().letting_out(443..=443, to_s3));
    assert_eq!(world.reaches_service(task, "s3"), Ok(()));
}

#[test]
fn a_subnet_runs_out_of_addresses() {
    let mut world = World::empty(1);
    let vpc = world.vpc();
    world.add_subnet("subnet-1", &vpc, "a", "10.0.250.0/28".parse().unwrap());
    let first = attach(&mut world, "subnet-1", "sg-lb");
    assert_eq!(world.network.subnet("subnet-1").unwrap().free(), 16 - 5 - 1);
    world.leave_free_addresses("subnet-1", 2);
    let mut ids = Ids::new("1", "r", 1);
    let taken = std::iter::from_fn(|| world.network.attach("subnet-1", &[], &mut ids)).count();
    assert_eq!(taken, 2);
    world.network.detach(first);
    assert_eq!(world.network.subnet("subnet-1").unwrap().free(), 1);
}
