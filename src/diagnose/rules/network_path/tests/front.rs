//! From clients to the load balancer, and what it does with them.

use super::*;

#[test]
fn listeners_that_let_nobody_in() {
    let with = |ingress: &[&str]| {
        let mut world = World::new();
        world.set_group(group("sg-lb", ingress, &["-1 * 0.0.0.0/0"]));
        world
    };
    for (ingress, expected) in [
        (vec![], vec!["lb-listener-sg-ingress-closed"]),
        (vec!["tcp 80 0.0.0.0/0"], vec!["lb-listener-sg-ingress-closed"]),
        (vec!["udp 443 0.0.0.0/0"], vec!["lb-listener-sg-ingress-closed"]),
        (vec!["tcp 443 sg-dead deleted"], vec!["lb-listener-sg-ingress-closed"]),
        // Who is meant to come in, only the owner knows.
        (vec!["tcp 443 198.51.100.7/32"], vec![]),
        (vec!["tcp 443 pl-cloudfront"], vec![]),
        (vec!["6 443 10.0.0.0/8"], vec![]),
    ] {
        assert_eq!(ids(&with(&ingress)), expected, "{ingress:?}");
    }
    let closed = with(&[]);
    assert!(command(&found(&closed)[0]).contains("--group-id sg-lb"));
    let mut elsewhere = closed.clone();
    elsewhere.listeners[0].default_actions = vec![RuleAction::FixedResponse("404".to_owned())];
    assert_eq!(ids(&elsewhere), [""; 0]);
    let mut unread = closed;
    unread.balancer.security_groups.push("sg-theirs".to_owned());
    assert_eq!(ids(&unread), [""; 0]);
}

#[test]
fn dualstack_needs_ipv6_rules() {
    let mut world = World::new();
    world.balancer.address_type = Some("dualstack".to_owned());
    assert_eq!(ids(&world), ["lb-dualstack-sg-no-ipv6"]);
    world.set_group(group("sg-lb", &["tcp 443 0.0.0.0/0", "tcp 443 ::/0"], &["-1 * 0.0.0.0/0"]));
    assert_eq!(ids(&world), [""; 0]);
    world.set_group(group("sg-lb", &["tcp 443 10.0.0.0/8"], &["-1 * 0.0.0.0/0"]));
    assert_eq!(ids(&world), [""; 0]);
}

#[test]
fn internet_facing_load_balancers_need_public_subnets() {
    let mut world = World::new();
    let gateway = || vec![route("0.0.0.0/0", RouteTarget::InternetGateway("igw-1".to_owned()))];
    world.set_table(table("rtb-public", &["subnet-lb-a", "subnet-lb-b"], gateway()));
    let findings = found(&world);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["lb-internet-facing-in-private-subnet"]);
    assert_eq!(findings[0].scope.subnets, ["subnet-lb-c"]);
    assert_eq!(findings[0].severity, Severity::Error);
    world.balancer.scheme = Some("internal".to_owned());
    assert_eq!(ids(&world), [""; 0]);
    world.balancer.scheme = Some("internet-facing".to_owned());
    world.vpc.route_tables = Known::NotAsked;
    assert_eq!(ids(&world), [""; 0]);
}

#[test]
fn block_public_access_stops_clients_unless_excluded() {
    let mut world = World::new();
    let block = |mode: &str, exclusions: &[&str]| {
        Known::Known(PublicAccessBlock {
            internet_gateway_mode: Some(mode.to_owned()),
            exclusions: exclusions.iter().map(|arn| (*arn).to_owned()).collect(),
        })
    };
    world.vpc.public_access_block = block("block-ingress", &[]);
    assert_eq!(ids(&world), ["vpc-block-public-access"]);
    for open in [block("off", &[]), block("block-bidirectional", &["arn:aws:ec2:eu-west-1:1:vpc/vpc-1"])] {
        world.vpc.public_access_block = open;
        assert_eq!(ids(&world), [""; 0]);
    }
}

#[test]
fn weight_zero_on_the_group_that_serves() {
    let other = TargetGroupArn::from("arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/green/1");
    let mut world = World::new();
    let forward =
        |own, green| vec![RuleAction::Forward(vec![(TargetGroupArn::from(GROUP), own), (other.clone(), green)])];
    let query = || Query::TargetHealth { target_group: other.clone() };
    world.listeners[0].default_actions = forward(0, 100);
    // Nobody knows how the other group is.
    assert_eq!(ids(&world), [""; 0]);
    let empty = world.case().with(query(), Answer::TargetHealth(Vec::new()));
    assert_eq!(empty.ids(&FAMILY), ["listener-weight-zero-on-serving-tg"]);
    let green = vec![target("10.0.1.9", TargetState::Healthy, "", "")];
    assert_eq!(world.case().with(query(), Answer::TargetHealth(green)).ids(&FAMILY), [""; 0]);
    world.listeners[0].default_actions = forward(50, 50);
    assert_eq!(world.case().with(query(), Answer::TargetHealth(Vec::new())).ids(&FAMILY), [""; 0]);
}

#[test]
fn answers_502_now_and_then_with_healthy_targets() {
    let with = |world: &World, bad: f64, all: f64| {
        let sample = |value| vec![Sample { at: at(900), value }];
        let traffic = Traffic { response_time_p99: Vec::new(), elb_502: sample(bad), requests: sample(all) };
        let query = Query::Traffic {
            load_balancer: LoadBalancerArn::from(BALANCER),
            target_group: TargetGroupArn::from(GROUP),
        };
        world.case().with(query, Answer::Traffic(Box::new(traffic))).ids(&FAMILY)
    };
    let world = World::new();
    assert_eq!(with(&world, 7.0, 9_000.0), ["target-keepalive-shorter-than-lb"]);
    assert_eq!(with(&world, 0.0, 9_000.0), [""; 0]);
    assert_eq!(with(&world, 9_000.0, 9_000.0), [""; 0]);
    let mut dying = world;
    dying.tasks.push(stopped_task("EssentialContainerExited", "Essential container in task exited", Vec::new()));
    assert_eq!(with(&dying, 7.0, 9_000.0), [""; 0]);
}

#[test]
fn clients_of_a_network_load_balancer_come_with_their_own_addresses() {
    let mut world = World::new();
    world.network_balancer(&[]);
    world.task_ingress(&["tcp 8080 10.0.0.0/16"]);
    assert_eq!(ids(&world), [""; 0]);
    world.attributes.insert("preserve_client_ip.enabled".to_owned(), "true".to_owned());
    let findings = found(&world);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["nlb-target-sg-client-cidr-missing"]);
    assert!(command(&findings[0]).contains("Key=preserve_client_ip.enabled,Value=false"));
    for open in [vec!["tcp 8080 0.0.0.0/0"], vec!["tcp 8080 10.0.0.0/16", "tcp 8080 203.0.113.0/24"]] {
        world.task_ingress(&open);
        assert_eq!(ids(&world), [""; 0], "{open:?}");
    }
    world.network_balancer(&["sg-lb"]);
    world.task_ingress(&["tcp 8080 10.0.0.0/16", "tcp 8080 sg-lb"]);
    assert_eq!(ids(&world), [""; 0]);
}
