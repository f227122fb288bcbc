use super::*;
use crate::diagnose::finding::Severity;
use crate::diagnose::fixtures::{at, stopped_task};
use crate::diagnose::network::world::{World, acl, endpoint, group, net, route, s3_gateway, table};
use crate::model::network::{PrefixList, RouteTarget};
use crate::model::task::TaskInterface;

const LOGIN: &str = "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post \"https://api.ecr.eu-west-1.amazonaws.com/\": dial tcp";
const LAYERS: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x\": dial tcp 52.218.1.2:443: i/o timeout";
const LOGS: &str = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: RequestError: send request failed caused by: Post \"https://logs.eu-west-1.amazonaws.com/\": dial tcp 52.94.1.1:443: i/o timeout : exit status 1";

/// Nothing runs, and the newest task stopped with these words.
fn failing(text: &str) -> World {
    let mut world = World::new();
    let mut dead = stopped_task("TaskFailedToStart", text, Vec::new());
    dead.task_definition = world.definition.arn.clone();
    dead.started_at = None;
    dead.stopped_at = Some(at(900));
    dead.interface = Some(TaskInterface { subnet: Some("subnet-a".to_owned()), ..TaskInterface::default() });
    world.tasks = vec![dead];
    world.targets.clear();
    world.interfaces.clear();
    world.service.running = 0;
    world.service.deployments[0].running = 0;
    world
}

fn login(address: &str) -> World {
    failing(&format!("{LOGIN} {address}:443: i/o timeout"))
}

fn with_default(mut world: World, target: Option<RouteTarget>) -> World {
    world.set_table(table("rtb-main", &[], target.map(|target| route("0.0.0.0/0", target)).into_iter().collect()));
    world
}

fn isolated(world: World) -> World {
    with_default(world, None)
}

fn public(world: World) -> World {
    with_default(world, Some(RouteTarget::InternetGateway("igw-1".to_owned())))
}

fn ids(world: &World) -> Vec<&'static str> {
    world.case().ids(&FAMILY)
}

fn one(world: &World) -> Finding {
    let mut findings = world.case().find(&FAMILY);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

fn commands(finding: &Finding) -> &[String] {
    &finding.fix.as_ref().unwrap().commands
}

const NONE: [&str; 0] = [];

#[test]
fn nothing_is_said_while_tasks_start_or_fail_otherwise() {
    let mut fine = isolated(World::new());
    assert_eq!(ids(&fine), NONE);
    fine.tasks = failing("CannotPullContainerError: failed to resolve ref web:1: not found").tasks;
    fine.service.running = 0;
    assert_eq!(ids(&fine), NONE);
    for text in [
        "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit",
        "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: not authorized to perform: ecr:GetAuthorizationToken",
        "Essential container in task exited",
    ] {
        assert_eq!(ids(&isolated(failing(text))), NONE, "{text}");
    }
    // With NAT and open groups, it is not the configuration we can read.
    assert_eq!(ids(&login("52.94.1.1")), NONE);
    // Long ago, and all tasks run again.
    let mut past = isolated(login("52.94.1.1"));
    past.now = 10_000;
    past.service.running = 3;
    assert_eq!(ids(&past), NONE);
}

#[test]
fn public_subnets_need_a_public_address() {
    let world = public(login("52.94.1.1"));
    let finding = one(&world);
    assert_eq!((finding.id(), finding.severity), ("egress-public-subnet-no-public-ip", Severity::Critical));
    assert!(
        commands(&finding)[0]
            .contains("subnets=[subnet-a,subnet-b,subnet-c],securityGroups=[sg-task],assignPublicIp=ENABLED")
    );
    let mut assigned = world.clone();
    assigned.service.network.as_mut().unwrap().assign_public_ip = true;
    assert_eq!(ids(&assigned), NONE);
    // On an instance of one's own there is no such address, whatever is configured.
    assigned.service.launch_type = Some("EC2".to_owned());
    assigned.tasks[0].launch_type = Some("EC2".to_owned());
    assert_eq!(ids(&assigned), ["egress-public-subnet-no-public-ip"]);
    // What was dialled is an endpoint: its half is to blame, not this one.
    assert_eq!(ids(&public(login("10.0.1.200"))), NONE);
}

#[test]
fn private_subnets_need_exactly_the_missing_endpoints() {
    let mut world = isolated(login("52.94.1.1"));
    world.service.execute_command = true;
    world.set_endpoints(vec![endpoint("ecr.dkr"), s3_gateway(&["rtb-main"])]);
    let finding = one(&world);
    assert_eq!(finding.id(), "egress-private-subnet-no-nat-no-endpoint");
    let names: Vec<&str> = commands(&finding)
        .iter()
        .map(|line| line.split("com.amazonaws.eu-west-1.").nth(1).unwrap().split(' ').next().unwrap())
        .collect();
    assert_eq!(names, ["ecr.api", "logs", "ssmmessages"]);
    assert!(commands(&finding)[0].contains("--security-group-ids sg-vpce --private-dns-enabled"));
    assert!(finding.title.contains("ecr.api, logs, ssmmessages"), "{}", finding.title);
    // Nothing at all is there.
    world.set_endpoints(Vec::new());
    assert_eq!(commands(&one(&world)).len(), 5);
    assert!(
        commands(&one(&world))
            .iter()
            .any(|line| line.contains("--vpc-endpoint-type Gateway") && line.contains("rtb-main"))
    );
    // A registry on the internet has no endpoint.
    let mut hub = isolated(failing(
        "CannotPullContainerError: failed to do request: Head \"https://registry-1.docker.io/v2/\": dial tcp 44.205.64.79:443: i/o timeout",
    ));
    hub.definition.containers[0].image = "nginx:1".to_owned();
    assert!(commands(&one(&hub))[0].contains("create-route"), "{:?}", one(&hub));
}

#[test]
fn the_group_of_an_endpoint_counts_even_with_nat() {
    let mut world = login("10.0.1.200");
    world.set_endpoints(vec![endpoint("ecr.api")]);
    assert_eq!(ids(&world), NONE);
    world.set_group(group("sg-vpce", &["tcp 443 sg-other"], &[]));
    let finding = one(&world);
    assert_eq!(finding.id(), "vpce-sg-blocks-443");
    assert_eq!(
        commands(&finding),
        ["aws ec2 authorize-security-group-ingress --group-id sg-vpce --ip-permissions \
          'IpProtocol=tcp,FromPort=443,ToPort=443,UserIdGroupPairs=[{GroupId=sg-task}]'"]
    );
    assert!(finding.evidence.iter().any(|evidence| evidence.value.contains("sg-other")), "{finding:?}");
    world.set_group(group("sg-vpce", &["tcp 443 10.0.0.0/16"], &[]));
    assert_eq!(ids(&world), NONE);
    // A public address was dialled, so the call did not go there.
    let mut public = login("52.94.1.1");
    public.set_endpoints(vec![endpoint("ecr.api")]);
    public.set_group(group("sg-vpce", &[], &[]));
    assert_eq!(ids(&public), NONE);
}

#[test]
fn groups_of_tasks_must_let_them_out() {
    let closed = |egress: &[&str]| group("sg-task", &["tcp 8080 sg-lb"], egress);
    for (egress, expected) in [
        (vec![], vec!["task-sg-egress-blocks-443"]),
        (vec!["tcp 80 0.0.0.0/0"], vec!["task-sg-egress-blocks-443"]),
        (vec!["tcp 443 10.0.0.0/8"], vec!["task-sg-egress-blocks-443"]),
        (vec!["tcp 443 0.0.0.0/0"], vec![]),
        (vec!["tcp 443 ::/0"], vec!["task-sg-egress-blocks-443"]),
        (vec!["tcp 443 pl-unread"], vec![]),
    ] {
        let mut world = login("52.94.1.1");
        world.set_group(closed(&egress));
        assert_eq!(ids(&world), expected, "{egress:?}");
    }
    // The endpoint is allowed, the layers are not.
    let mut layers = isolated(failing(LAYERS));
    layers.set_endpoints(vec![endpoint("ecr.api"), endpoint("ecr.dkr"), s3_gateway(&["rtb-main"])]);
    let via = || route("pl-s3", RouteTarget::VpcEndpoint("vpce-s3".to_owned()));
    layers.set_table(table("rtb-main", &[], vec![via()]));
    layers.prefix_lists.push(PrefixList { id: "pl-s3".to_owned(), entries: vec![net("52.218.0.0/17")] });
    layers.set_group(closed(&["tcp 443 sg-vpce"]));
    let finding = one(&layers);
    assert_eq!(finding.id(), "task-sg-egress-blocks-443");
    assert!(commands(&finding)[0].contains("PrefixListIds=[{PrefixListId=pl-s3}]"), "{finding:?}");
    layers.set_group(closed(&["tcp 443 sg-vpce", "tcp 443 pl-s3"]));
    assert_eq!(ids(&layers), NONE);
}

#[test]
fn layers_need_the_gateway_in_the_right_table() {
    let mut world = isolated(failing(LAYERS));
    world.set_endpoints(vec![endpoint("ecr.api"), endpoint("ecr.dkr"), endpoint("logs")]);
    assert_eq!(one(&world).id(), "s3-gateway-endpoint-missing-route");
    // It stands in another table.
    world.set_endpoints(vec![endpoint("ecr.api"), endpoint("ecr.dkr"), s3_gateway(&["rtb-public"])]);
    let finding = one(&world);
    assert_eq!(finding.id(), "s3-gateway-endpoint-missing-route");
    assert!(commands(&finding)[0].contains("--add-route-table-ids rtb-main"), "{finding:?}");
    // An interface endpoint of S3 serves no layers.
    world.set_endpoints(vec![endpoint("ecr.api"), endpoint("ecr.dkr"), endpoint("s3")]);
    assert_eq!(ids(&world), ["s3-gateway-endpoint-missing-route"]);
    world.set_endpoints(vec![endpoint("ecr.api"), endpoint("ecr.dkr"), s3_gateway(&["rtb-main"])]);
    assert_eq!(ids(&world), NONE);
}

#[test]
fn an_endpoint_without_private_dns_serves_nobody() {
    let mut world = isolated(failing(LOGS));
    let mut logs = endpoint("logs");
    logs.private_dns = false;
    world.set_endpoints(vec![logs.clone()]);
    assert_eq!(one(&world).id(), "vpce-private-dns-off");
    let nat = with_default(world.clone(), Some(RouteTarget::NatGateway("nat-1".to_owned())));
    assert_eq!(ids(&nat), NONE);
    logs.private_dns = true;
    world.set_endpoints(vec![logs]);
    world.vpc.dns_hostnames = crate::model::known::Known::Known(false);
    assert!(commands(&one(&world))[0].contains("--enable-dns-hostnames"));
}

#[test]
fn acls_and_dead_gateways() {
    let mut world = login("52.94.1.1");
    world.set_acl(acl("acl-a", &["subnet-a"], &["100 allow in -1 * 0.0.0.0/0", "100 allow out tcp 80 0.0.0.0/0"]));
    let finding = one(&world);
    assert_eq!(finding.id(), "nacl-blocks-egress");
    assert!(commands(&finding)[0].contains("--egress") && commands(&finding)[0].contains("From=443,To=443"));
    let mut answers = login("52.94.1.1");
    answers.set_acl(acl("acl-a", &["subnet-a"], &["100 allow in tcp 443 0.0.0.0/0", "100 allow out -1 * 0.0.0.0/0"]));
    assert!(commands(&one(&answers))[0].contains("From=1024,To=65535"));
    let mut dead = login("52.94.1.1");
    let mut nat = route("0.0.0.0/0", RouteTarget::NatGateway("nat-gone".to_owned()));
    nat.blackhole = true;
    dead.set_table(table("rtb-main", &[], vec![nat]));
    let finding = one(&dead);
    assert_eq!(finding.id(), "nat-route-blackhole");
    assert!(commands(&finding)[0].contains("replace-route --route-table-id rtb-main"));
    dead.set_endpoints(vec![endpoint("ecr.api")]);
    assert_eq!(ids(&dead), NONE);
}

#[test]
fn a_task_that_hangs_is_as_good_as_one_that_failed() {
    let mut world = isolated(World::new());
    world.service.running = 0;
    world.tasks.truncate(1);
    world.tasks[0].last_status = "PENDING".to_owned();
    world.tasks[0].started_at = None;
    world.tasks[0].created_at = Some(at(700));
    assert_eq!(ids(&world), ["egress-private-subnet-no-nat-no-endpoint"]);
    // Images are there: it waits for something else.
    let mut pulled = world.clone();
    pulled.tasks[0].pull_stopped_at = Some(at(720));
    assert_eq!(ids(&pulled), NONE);
    world.tasks[0].created_at = Some(at(900));
    assert_eq!(ids(&world), NONE);
}

#[test]
fn policies_of_endpoints_refuse() {
    let text = "CannotPullContainerError: failed to copy: httpReadSeeker: failed open: unexpected status code https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x: 403 Forbidden";
    let mut world = isolated(failing(text));
    let mut gateway = s3_gateway(&["rtb-main"]);
    let statement = |resource: &str| {
        Some(format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"{resource}"}}]}}"#
        ))
    };
    gateway.policy = statement("arn:aws:s3:::mine/*");
    world.set_endpoints(vec![gateway.clone()]);
    let finding = one(&world);
    assert_eq!(finding.id(), "vpce-policy-denies");
    assert!(commands(&finding)[0].contains("starport-layer-bucket"), "{finding:?}");
    gateway.policy = statement("*");
    world.set_endpoints(vec![gateway]);
    assert_eq!(ids(&world), NONE);
}

#[test]
fn a_new_revision_that_cannot_start_counts_while_the_old_one_runs() {
    let refused = "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User: arn:x is \
        not authorized to perform: secretsmanager:GetSecretValue because no VPC endpoint policy allows the action";
    for (mut world, expected) in [
        (failing(refused), "vpce-policy-denies"),
        (isolated(login("52.94.1.1")), "egress-private-subnet-no-nat-no-endpoint"),
    ] {
        world.service.running = world.service.desired;
        assert_eq!(ids(&world), [expected]);
        world.service.deployments[0].running = world.service.desired;
        world.now = 10_000;
        assert_eq!(ids(&world), NONE, "all tasks run again, long ago");
    }
}
