use super::*;
use crate::diagnose::finding::{Confidence, Finding, Severity};
use crate::diagnose::fixtures::{BALANCER, GROUP, at, stopped_task, target};
use crate::diagnose::network::world::{ALLOW_ALL, World, acl, group, interface, net, route, table};
use crate::diagnose::network::{Verdict, checks, paths, to_target};
use crate::model::arn::{LoadBalancerArn, TargetGroupArn};
use crate::model::known::Known;
use crate::model::load_balancing::{RuleAction, TargetState};
use crate::model::network::{Instance, PrefixList, PublicAccessBlock, RouteTarget};
use crate::model::observation::{Sample, Traffic};
use crate::model::query::{Answer, Query};
use crate::model::task::{NetworkBinding, TaskInterface};

mod front;

fn ids(world: &World) -> Vec<&'static str> {
    world.case().find(&FAMILY).iter().map(Finding::id).collect()
}

fn found(world: &World) -> Vec<Finding> {
    world.case().find(&FAMILY)
}

fn command(finding: &Finding) -> String {
    finding.fix.as_ref().map(|fix| fix.commands.join("\n")).unwrap_or_default()
}

#[test]
fn an_open_world_has_no_findings() {
    assert_eq!(ids(&World::new()), [""; 0]);
    assert_eq!(ids(&World::timing_out()), [""; 0]);
}

#[test]
fn the_nearest_miss_names_the_finding() {
    for (ingress, expected) in [
        (vec![], "sg-task-ingress-missing"),
        (vec!["tcp 8080 sg-old"], "sg-task-ingress-wrong-source-group"),
        (vec!["tcp 80 sg-lb"], "sg-task-ingress-wrong-port"),
        (vec!["tcp 80 sg-lb", "tcp 8080 sg-old"], "sg-task-ingress-wrong-source-group"),
        (vec!["udp 8080 sg-lb"], "sg-udp-instead-of-tcp"),
        (vec!["17 8080 sg-lb"], "sg-udp-instead-of-tcp"),
        (vec!["tcp 8080 sg-old deleted"], "sg-rule-stale-peer"),
        (vec!["tcp 8080 10.0.101.0/24"], "sg-partial-az-cidr"),
        // Rules about something else are no near miss.
        (vec!["-1 * sg-task"], "sg-task-ingress-missing"),
        (vec!["tcp 22 10.0.0.0/8"], "sg-task-ingress-missing"),
        (vec!["tcp 8080 10.9.0.0/16"], "sg-task-ingress-missing"),
        (vec!["tcp 80 sg-old"], "sg-task-ingress-missing"),
        (vec!["icmp * sg-lb"], "sg-task-ingress-missing"),
    ] {
        let mut world = World::timing_out();
        world.task_ingress(&ingress);
        assert_eq!(ids(&world), [expected], "{ingress:?}");
    }
}

#[test]
fn an_open_door_is_no_finding() {
    for ingress in [
        vec!["tcp 8080 sg-old", "tcp 8080 sg-lb"],
        vec!["6 0-65535 sg-lb"],
        vec!["-1 * 10.0.0.0/16"],
        vec!["tcp 8080 10.0.101.0/24", "tcp 8080 10.0.102.0/24", "tcp 8080 10.0.103.0/24"],
        vec!["tcp 8080 pl-vpc"],
        // What cannot be read proves nothing.
        vec!["tcp 8080 pl-denied"],
    ] {
        let mut world = World::timing_out();
        world.task_ingress(&ingress);
        world.prefix_lists.push(PrefixList { id: "pl-vpc".to_owned(), entries: vec![net("10.0.0.0/8")] });
        assert_eq!(ids(&world), [""; 0], "{ingress:?}");
    }
    // A second group of the task lets the load balancer in.
    let mut world = World::timing_out();
    world.task_ingress(&["tcp 8080 sg-old"]);
    world.set_group(group("sg-second", &["tcp 8080 sg-lb"], &[]));
    world.interfaces.iter_mut().for_each(|interface| interface.security_groups.push("sg-second".to_owned()));
    assert_eq!(ids(&world), [""; 0]);
    // So may a group of another account, which cannot be read.
    let mut world = World::timing_out();
    world.task_ingress(&["tcp 8080 sg-old"]);
    world.interfaces.iter_mut().for_each(|interface| interface.security_groups.push("sg-theirs".to_owned()));
    assert_eq!(ids(&world), [""; 0]);
}

#[test]
fn a_moved_load_balancer_is_told_with_its_fix() {
    let mut world = World::timing_out();
    world.task_ingress(&["tcp 8080 sg-old"]);
    let Known::Known(groups) = &mut world.vpc.security_groups else { panic!() };
    let hostile = groups.iter_mut().find(|group| group.id == "sg-task").unwrap();
    hostile.ingress[0].description = Some("\u{1b}[2Jfrom the load balancer".to_owned());
    let findings = found(&world);
    let finding = &findings[0];
    assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Certain));
    assert!(finding.title.contains("sg-old") && finding.title.contains("sg-lb"), "{}", finding.title);
    assert_eq!(finding.scope.targets.len(), 3);
    assert_eq!(finding.scope.target_group.as_deref(), Some(GROUP));
    assert_eq!(finding.scope.availability_zones, [""; 0]);
    assert_eq!(
        command(finding),
        "aws ec2 authorize-security-group-ingress --group-id sg-task --ip-permissions \
         'IpProtocol=tcp,FromPort=8080,ToPort=8080,UserIdGroupPairs=[{GroupId=sg-lb}]'\n\
         aws ec2 revoke-security-group-ingress --group-id sg-task --ip-permissions \
         'IpProtocol=tcp,FromPort=8080,ToPort=8080,UserIdGroupPairs=[{GroupId=sg-old}]'"
    );
    assert_eq!(finding.fix.as_ref().unwrap().eta_seconds, Some(150));
    let values: Vec<&str> = finding.evidence.iter().map(|evidence| evidence.value.as_str()).collect();
    assert!(values.contains(&"Request timed out"), "{values:?}");
    assert!(values.iter().any(|value| value.contains("tcp 8080 from sg-old")), "{values:?}");
    assert!(!format!("{finding:?}").contains('\u{1b}'));
}

#[test]
fn only_silence_speaks_of_the_network() {
    let blocked = |reason: &str, description: &str| {
        let mut world = World::new();
        world.task_ingress(&[]);
        (0..3).for_each(|index| world.fail(index, reason, description));
        world
    };
    // The path is proven by an answer, refused by the host, or not checked at all.
    for (reason, description) in [
        ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [302]"),
        ("Target.FailedHealthChecks", "Health checks failed"),
        ("Elb.InternalError", "Health checks failed due to an internal error"),
    ] {
        assert_eq!(ids(&blocked(reason, description)), [""; 0], "{reason}");
    }
    assert_eq!(ids(&blocked("Target.Timeout", "Request timed out")), ["sg-task-ingress-missing"]);
    let mut behind_nlb = blocked("Target.FailedHealthChecks", "Health checks failed");
    behind_nlb.network_balancer(&["sg-lb"]);
    assert_eq!(ids(&behind_nlb), ["sg-task-ingress-missing"]);
    // Healthy targets prove more than rules that changed a moment ago.
    let mut healthy = World::new();
    healthy.task_ingress(&[]);
    assert_eq!(ids(&healthy), [""; 0]);
    // One that still waits for its first check is cut off as well.
    healthy.targets[0].state = TargetState::Initial;
    assert_eq!(ids(&healthy), ["sg-task-ingress-missing"]);
    assert_eq!(found(&healthy)[0].severity, Severity::Error);
    assert_eq!(found(&healthy)[0].scope.availability_zones, ["eu-west-1a"]);
}

#[test]
fn what_was_not_read_is_not_blocked_unless_something_else_blocks() {
    let mut unread = World::timing_out();
    unread.vpc.security_groups = Known::NotAsked;
    assert_eq!(ids(&unread), [""; 0]);
    let mut by_acl = unread.clone();
    by_acl.set_acl(acl("acl-2", &["subnet-a", "subnet-b", "subnet-c"], &["100 allow out -1 * 0.0.0.0/0"]));
    assert_eq!(ids(&by_acl), ["nacl-blocks-lb-to-task"]);
    let mut by_groups = World::timing_out();
    by_groups.vpc.network_acls = Known::NotAsked;
    by_groups.vpc.route_tables = Known::NotAsked;
    by_groups.task_ingress(&[]);
    assert_eq!(ids(&by_groups), ["sg-task-ingress-missing"]);
}

#[test]
fn a_fixed_check_port_is_judged_apart_from_traffic() {
    let check_on = |world: &mut World, port: &str| {
        world.target_group.health_check.port = Some(port.to_owned());
        world.targets.iter_mut().for_each(|target| target.health_check_port = Some(port.to_owned()));
    };
    let mut closed = World::timing_out();
    check_on(&mut closed, "9090");
    let findings = found(&closed);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["sg-healthcheck-port-closed-only"]);
    assert!(findings[0].title.contains("9090") && command(&findings[0]).contains("FromPort=9090"), "{findings:?}");
    // The other way round everything looks healthy.
    let mut sneaky = World::new();
    check_on(&mut sneaky, "9090");
    sneaky.task_ingress(&["tcp 9090 sg-lb"]);
    let findings = found(&sneaky);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["sg-traffic-port-closed-only"]);
    assert_eq!(findings[0].severity, Severity::Critical);
    assert!(command(&findings[0]).contains("FromPort=8080"));
    sneaky.task_ingress(&["tcp 8080-9090 sg-lb"]);
    assert_eq!(ids(&sneaky), [""; 0]);
}

#[test]
fn load_balancers_are_filtered_on_their_way_out() {
    let mut world = World::timing_out();
    world.lb_egress(&["tcp 443 0.0.0.0/0"]);
    let findings = found(&world);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["sg-lb-egress-blocked"]);
    assert_eq!(
        findings[0].fix.as_ref().unwrap().commands,
        ["aws ec2 authorize-security-group-egress --group-id sg-lb --ip-permissions \
          'IpProtocol=tcp,FromPort=8080,ToPort=8080,UserIdGroupPairs=[{GroupId=sg-task}]'"]
    );
    // Both are facts; the door of the target comes first.
    world.task_ingress(&[]);
    assert_eq!(ids(&world), ["sg-task-ingress-missing", "sg-lb-egress-blocked"]);
    world.task_ingress(&["tcp 8080 sg-lb"]);
    world.lb_egress(&["tcp 8080 sg-task"]);
    assert_eq!(ids(&world), [""; 0]);
    // A network load balancer without groups is not filtered.
    let mut free = World::timing_out();
    free.network_balancer(&[]);
    free.task_ingress(&["tcp 8080 10.0.0.0/16"]);
    assert_eq!(ids(&free), [""; 0]);
    free.task_ingress(&["tcp 8080 sg-lb"]);
    let findings = found(&free);
    assert_eq!(findings[0].id(), "sg-task-ingress-wrong-source-group");
    assert!(command(&findings[0]).contains("IpRanges=[{CidrIp=10.0.101.0/24},{CidrIp=10.0.102.0/24}"), "{findings:?}");
}

#[test]
fn partial_rules_name_the_zones_they_miss() {
    let mut world = World::timing_out();
    world.task_ingress(&["tcp 8080 10.0.101.0/24", "tcp 8080 10.0.102.0/24"]);
    let findings = found(&world);
    assert_eq!(findings[0].id(), "sg-partial-az-cidr");
    assert_eq!(findings[0].scope.availability_zones, ["eu-west-1c"]);
    assert_eq!(findings[0].severity, Severity::Error);
    // Without interfaces, a node may be anywhere in its subnet.
    world.nodes.clear();
    assert_eq!(ids(&world), ["sg-partial-az-cidr"]);
    world.task_ingress(&["tcp 8080 10.0.101.128/25"]);
    assert_eq!(ids(&world), [""; 0]);
    world.task_ingress(&["tcp 8080 10.0.96.0/20"]);
    assert_eq!(ids(&world), [""; 0]);
    world.task_ingress(&[]);
    assert_eq!(ids(&world), ["sg-task-ingress-missing"]);
}

#[test]
fn families_do_not_mix() {
    let mut world = World::timing_out();
    world.target_group.address_type = Some("ipv6".to_owned());
    for index in 0..3 {
        let address = format!("2001:db8:{index}::5");
        world.targets[index].id.clone_from(&address);
        let own = world.tasks[index].interface.as_mut().unwrap();
        own.ipv6 = Some(address.clone());
        world.interfaces[index].ipv6 = vec![address.parse().unwrap()];
        world.nodes[index].ipv6 = vec![format!("2001:db8:{index}::10").parse().unwrap()];
    }
    let six = ["100 allow in -1 * ::/0", "100 allow out -1 * ::/0"];
    world.set_acl(acl(
        "acl-6",
        &["subnet-a", "subnet-b", "subnet-c", "subnet-lb-a", "subnet-lb-b", "subnet-lb-c"],
        &six,
    ));
    world.task_ingress(&["tcp 8080 0.0.0.0/0"]);
    world.lb_egress(&["-1 * ::/0"]);
    assert_eq!(ids(&world), ["sg-ip-family-mismatch"]);
    world.task_ingress(&["tcp 8080 ::/0"]);
    assert_eq!(ids(&world), [""; 0]);
}

fn on_instances(ports: &[u16]) -> World {
    let mut world = World::new();
    world.target_group.target_type = Some("instance".to_owned());
    world.definition.network_mode = Some("bridge".to_owned());
    world.definition.containers[0].ports[0].host_port = Some(0);
    world.service.network = None;
    world.interfaces.clear();
    world.instances = vec![Instance {
        id: "i-1".to_owned(),
        state: Some("running".to_owned()),
        interfaces: vec![interface("eni-i", "subnet-a", "10.0.1.50", &["sg-task"])],
    }];
    world.tasks.truncate(ports.len());
    world.targets.truncate(ports.len());
    for (index, port) in ports.iter().enumerate() {
        world.targets[index].id = "i-1".to_owned();
        world.targets[index].port = Some(*port);
        world.targets[index].health_check_port = Some(port.to_string());
        world.tasks[index].interface = None;
        world.tasks[index].ec2_instance = Known::Known("i-1".to_owned());
        world.tasks[index].containers[0].bindings =
            vec![NetworkBinding { container_port: Some(8080), host_port: Some(*port) }];
    }
    world
}

#[test]
fn dynamic_ports_need_a_wide_range() {
    let mut world = on_instances(&[32_770, 45_000]);
    world.task_ingress(&["tcp 32768-40000 sg-lb"]);
    world.time_out(1);
    let findings = found(&world);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["sg-instance-dynamic-port-range"]);
    assert_eq!(findings[0].scope.targets, ["i-1:45000"]);
    assert!(command(&findings[0]).contains("FromPort=32768,ToPort=65535"));
    world.task_ingress(&["tcp 32768-65535 sg-lb"]);
    assert_eq!(ids(&world), [""; 0]);
    world.task_ingress(&["tcp 32768-65535 sg-old"]);
    assert_eq!(ids(&world), ["sg-task-ingress-wrong-source-group"]);
    // A rule for another port altogether is for the wrong port, and still all that Docker may choose has to be opened.
    world.task_ingress(&["tcp 80 sg-lb"]);
    world.time_out(0);
    let findings = found(&world);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["sg-task-ingress-wrong-port"]);
    assert!(command(&findings[0]).contains("FromPort=32768,ToPort=65535"));
    // A fixed port that is closed is a wrong port.
    let mut fixed = on_instances(&[80]);
    fixed.definition.containers[0].ports[0].host_port = Some(80);
    fixed.time_out(0);
    fixed.task_ingress(&["tcp 8080 sg-lb"]);
    assert_eq!(ids(&fixed), ["sg-task-ingress-wrong-port"]);
}

#[test]
fn acls_are_told_by_leg_and_rule() {
    let mut world = World::new();
    world.time_out(2);
    world.set_acl(acl(
        "acl-c",
        &["subnet-c"],
        &["90 deny in tcp 8080 0.0.0.0/0", "100 allow in -1 * 0.0.0.0/0", "100 allow out -1 * 0.0.0.0/0"],
    ));
    let findings = found(&world);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["nacl-blocks-lb-to-task"]);
    let finding = &findings[0];
    assert!(finding.title.contains("acl-c") && finding.title.contains("rule 90"), "{}", finding.title);
    assert!(finding.explanation.contains("target subnet, ingress"), "{}", finding.explanation);
    assert_eq!((finding.scope.subnets.as_slice(), finding.severity), (&["subnet-c".to_owned()][..], Severity::Error));
    assert_eq!(finding.scope.availability_zones, ["eu-west-1c"]);
    assert!(command(finding).contains("--rule-number 89"), "{}", command(finding));
    // The same list without the denial that comes first.
    world.set_acl(acl("acl-c2", &["subnet-c"], &ALLOW_ALL));
    assert_eq!(ids(&world), [""; 0]);
}

#[test]
fn answers_need_the_ephemeral_ports() {
    for (ports, severity) in [("443", Severity::Critical), ("32768-65535", Severity::Error)] {
        let mut world = World::timing_out();
        let out = format!("100 allow out tcp {ports} 0.0.0.0/0");
        world.set_acl(acl("acl-t", &["subnet-a", "subnet-b", "subnet-c"], &["100 allow in -1 * 0.0.0.0/0", &out]));
        let findings = found(&world);
        assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["nacl-ephemeral-return-blocked"], "{ports}");
        assert_eq!(findings[0].severity, severity, "{ports}");
        assert!(command(&findings[0]).contains("From=1024,To=65535"));
    }
    let mut world = World::timing_out();
    let out = "100 allow out tcp 1024-65535 0.0.0.0/0";
    world.set_acl(acl("acl-t", &["subnet-a", "subnet-b", "subnet-c"], &["100 allow in -1 * 0.0.0.0/0", out]));
    assert_eq!(ids(&world), [""; 0]);
}

#[test]
fn within_a_subnet_no_acl_counts() {
    let mut world = World::timing_out();
    world.targets.truncate(1);
    world.nodes.truncate(1);
    world.nodes[0].subnet = Some("subnet-a".to_owned());
    world.nodes[0].private_ipv4 = vec!["10.0.1.10".parse().unwrap()];
    world.set_acl(acl("acl-a", &["subnet-a"], &[]));
    assert_eq!(ids(&world), [""; 0]);
    // With nodes in other subnets, too, only those are cut off.
    let mut world = World::timing_out();
    world.targets.truncate(1);
    world.nodes[0].subnet = Some("subnet-a".to_owned());
    world.set_acl(acl("acl-a", &["subnet-a"], &[]));
    assert_eq!(ids(&world), ["nacl-blocks-lb-to-task"]);
}

#[test]
fn routes_in_between() {
    let appliance = |blackhole: bool| {
        let mut world = World::timing_out();
        let mut to = route("10.0.1.0/24", RouteTarget::NetworkInterface("eni-fw".to_owned()));
        to.blackhole = blackhole;
        let gateway = route("0.0.0.0/0", RouteTarget::InternetGateway("igw-1".to_owned()));
        world.set_table(table("rtb-public", &["subnet-lb-a", "subnet-lb-b", "subnet-lb-c"], vec![to, gateway]));
        world.targets.truncate(1);
        world
    };
    assert_eq!(ids(&appliance(true)), ["route-lb-to-target-broken"]);
    let mut world = appliance(false);
    world.lb_egress(&["-1 * 0.0.0.0/0"]);
    let findings = found(&world);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["middlebox-sg-reference"]);
    assert_eq!((findings[0].severity, findings[0].confidence), (Severity::Warning, Confidence::High));
    assert!(command(&findings[0]).contains("CidrIp=10.0.101.0/24"));
    world.task_ingress(&["tcp 8080 10.0.0.0/16"]);
    assert_eq!(ids(&world), [""; 0]);
    // A route elsewhere is in nobody's way.
    let mut world = appliance(true);
    world.targets[0].id = "10.0.2.5".to_owned();
    assert_eq!(ids(&world), [""; 0]);
}

#[test]
fn without_targets_configuration_may_still_be_proven() {
    let mut world = World::new();
    world.task_ingress(&["tcp 8080 sg-old"]);
    world.targets.clear();
    world.tasks.clear();
    world.interfaces.clear();
    let findings = found(&world);
    assert_eq!(
        findings.iter().map(Finding::id).collect::<Vec<_>>(),
        ["sg-task-ingress-wrong-source-group", "lb-no-registered-targets-503"]
    );
    assert_eq!(findings[0].confidence, Confidence::High);
    let mut open = World::new();
    open.targets.clear();
    assert_eq!(ids(&open), ["lb-no-registered-targets-503"]);
    // Health that may not be read is as good.
    let query = Query::TargetHealth { target_group: TargetGroupArn::from(GROUP) };
    let denied = world.case().denied(query, "elasticloadbalancing", "DescribeTargetHealth");
    assert_eq!(denied.ids(&FAMILY), ["sg-task-ingress-wrong-source-group"]);
    // Nothing is wanted, or nothing can be registered yet.
    world.service.desired = 0;
    world.service.running = 0;
    assert_eq!(ids(&world), [""; 0]);
    open.service.deployments[0].created_at = Some(at(950));
    assert_eq!(ids(&open), [""; 0]);
}

#[test]
fn tasks_without_an_interface_carry_what_their_deployment_asks_for() {
    let mut world = World::timing_out();
    world.interfaces.clear();
    assert_eq!(ids(&world), [""; 0]);
    world.task_ingress(&["tcp 8080 sg-old"]);
    assert_eq!(ids(&world), ["sg-task-ingress-wrong-source-group"]);
    // Each deployment has its own.
    let mut network = world.service.network.clone().unwrap();
    network.security_groups = vec!["sg-open".to_owned()];
    world.set_group(group("sg-open", &["tcp 8080 sg-lb"], &[]));
    world.service.deployments[0].network = Some(network);
    assert_eq!(ids(&world), [""; 0]);
    // A target nobody here knows may carry anything.
    world.service.deployments[0].network = None;
    world.tasks.clear();
    assert_eq!(ids(&world), [""; 0]);
}

#[test]
fn one_deployment_is_told_from_another() {
    let mut world = World::timing_out();
    world.set_group(group("sg-new", &[], &["-1 * 0.0.0.0/0"]));
    world.targets[0].state = TargetState::Healthy;
    world
        .service
        .deployments
        .insert(0, crate::diagnose::fixtures::deployment("2", 31, crate::model::service::DeploymentStatus::Primary, 2));
    world.service.deployments[1].status = crate::model::service::DeploymentStatus::Active;
    for index in 1..3 {
        world.tasks[index].started_by = Some("ecs-svc/2".to_owned());
        world.interfaces[index].security_groups = vec!["sg-new".to_owned()];
    }
    let findings = found(&world);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["sg-task-ingress-missing"]);
    assert_eq!(findings[0].scope.deployment.as_deref(), Some("ecs-svc/2"));
    assert_eq!(findings[0].severity, Severity::Error);
}

#[test]
fn verdicts_of_places_paths_and_checks_agree() {
    let mut world = World::timing_out();
    world.task_ingress(&["tcp 8080 sg-old"]);
    world.targets[0].state = TargetState::Healthy;
    let case = world.case();
    let scene = Scene::new(case.facts());
    let verdicts: Vec<Verdict> = scene.groups[0].places.iter().map(|place| place.check_path).collect();
    // The healthy one proves that we do not know everything.
    assert_eq!(verdicts, [Verdict::Unknown, Verdict::Blocked, Verdict::Blocked]);
    for place in &scene.groups[0].places {
        assert_eq!(to_target(&scene, &scene.groups[0], place, 8080), place.check_path);
    }
    let all = paths(&scene);
    let to_c = all.iter().find(|path| path.name.contains("10.0.3.5")).unwrap();
    assert_eq!(to_c.verdict, Verdict::Blocked);
    let hop = to_c.hops.iter().find(|hop| hop.verdict == Verdict::Blocked).unwrap();
    assert!(hop.near_miss.as_ref().unwrap().contains("sg-old"), "{hop:?}");
    assert!(
        all.iter().any(|path| path.name.starts_with("clients → load balancer edge") && path.verdict == Verdict::Open)
    );
    assert!(all.iter().any(|path| path.name.ends_with("→ ECR (api)") && path.verdict == Verdict::Open), "{all:#?}");
    let told: Vec<String> =
        checks(&scene).iter().map(|check| format!("{:?} {:?}", check.check, check.verdict)).collect();
    assert_eq!(told, ["SecurityGroups Blocked", "NetworkAcls Open", "Routes Open", "TaskEgress Skipped"]);
}

#[test]
fn a_denied_call_is_named_in_the_check() {
    let world = World::timing_out();
    let case = world.case().denied(Query::Vpc { vpc: "vpc-1".to_owned() }, "ec2", "DescribeSecurityGroups");
    assert_eq!(case.ids(&FAMILY), [""; 0]);
    let scene = Scene::new(case.facts());
    let check = &checks(&scene)[0];
    assert_eq!(check.missing_permission.as_deref(), Some("ec2:DescribeSecurityGroups"));
    assert_eq!(scene.groups[0].places[0].check_path, Verdict::Unknown);
    let mut partly = world;
    let denied = case.answers.get(&Query::Vpc { vpc: "vpc-1".to_owned() }).unwrap().error().unwrap().clone();
    partly.vpc.security_groups = Known::Denied(denied);
    let case = partly.case();
    let told = checks(&Scene::new(case.facts()));
    assert_eq!(told[0].missing_permission.as_deref(), Some("ec2:DescribeSecurityGroups"));
    assert_eq!(
        (told[1].missing_permission.as_deref(), told[1].verdict),
        (None, crate::diagnose::diagnosis::CheckVerdict::Open)
    );
}

#[test]
fn an_interface_of_nobody_is_no_trouble() {
    let mut world = World::timing_out();
    world.tasks.iter_mut().for_each(|task| task.interface = Some(TaskInterface::default()));
    world.interfaces.clear();
    world.nodes.clear();
    world.balancer.zones.clear();
    world.vpc.subnets = Known::Known(Vec::new());
    assert_eq!(ids(&world), [""; 0]);
}
