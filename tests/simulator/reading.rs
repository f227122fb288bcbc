//! What the demo's world looks like through the SDK.

use std::collections::BTreeSet;
use std::time::Duration;

use ecsight::sim::{Blueprint, Clock, Launch, Simulator, World};

use crate::clients::{Bench, primary, said};

#[tokio::test]
async fn clusters_and_caller() {
    let bench = Bench::demo().await;
    let arns = bench.ecs.list_clusters().send().await.unwrap().cluster_arns.unwrap();
    assert_eq!(
        arns,
        [
            "arn:aws:ecs:eu-west-1:111122223333:cluster/shop-prod",
            "arn:aws:ecs:eu-west-1:111122223333:cluster/shop-staging"
        ]
    );
    let described = bench.ecs.describe_clusters().clusters("shop-prod").clusters("nowhere").send().await.unwrap();
    let cluster = &described.clusters()[0];
    assert_eq!((cluster.status(), cluster.registered_container_instances_count()), (Some("ACTIVE"), 3));
    assert!(cluster.active_services_count() >= 12 && cluster.running_tasks_count() > 40);
    let failure = &described.failures()[0];
    assert_eq!(failure.reason(), Some("MISSING"));
    assert_eq!(failure.arn(), Some("arn:aws:ecs:eu-west-1:111122223333:cluster/nowhere"));
    let identity = bench.sts.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some("111122223333"));
    assert_eq!(identity.arn(), Some("arn:aws:sts::111122223333:assumed-role/OnCall/demo"));
}

#[tokio::test]
async fn the_redirect_shows_as_a_code_mismatch() {
    let bench = Bench::demo().await;
    let service = bench.service("shop-prod", "messenger-web").await;
    assert_eq!(primary(&service).task_definition().unwrap().rsplit('/').next(), Some("web:31"));
    assert!(primary(&service).failed_tasks() > 3);
    let mut seen = BTreeSet::new();
    for _ in 0..30 {
        for target in bench.targets(&service).await {
            let health = target.target_health().unwrap().clone();
            let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
            let state = text(health.state().map(aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum::as_str));
            seen.insert((
                state,
                text(health.reason().map(aws_sdk_elasticloadbalancingv2::types::TargetHealthReasonEnum::as_str)),
                text(health.description()),
            ));
        }
        bench.simulator.advance(Duration::from_secs(5));
    }
    let tuple = |state: &str, reason: &str, text: &str| (state.to_owned(), reason.to_owned(), text.to_owned());
    let mismatch = "Health checks failed with these codes: [302]";
    let expected = [
        tuple("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"),
        tuple("initial", "Elb.InitialHealthChecking", "Initial health checks in progress"),
        tuple("initial", "Elb.RegistrationInProgress", "Target registration is in progress"),
        tuple("unhealthy", "Target.ResponseCodeMismatch", mismatch),
    ];
    assert!(seen.iter().all(|one| expected.contains(one)), "{seen:#?}");
    assert!(seen.contains(&expected[3]) && seen.contains(&expected[1]), "{seen:#?}");
    let stopped = bench.stopped_tasks("shop-prod", "messenger-web").await;
    let killed = stopped.iter().filter(|task| {
        task.stopped_reason()
            .is_some_and(|reason| reason.starts_with("Task failed ELB health checks in (target-group arn:"))
    });
    assert!(killed.count() > 3);
}

#[tokio::test]
async fn the_security_group_shows_as_timeouts() {
    let bench = Bench::demo().await;
    let service = bench.service("shop-prod", "roles-api").await;
    assert!(said(&service, "due to (reason Request timed out)"));
    for _ in 0..30 {
        for target in bench.targets(&service).await {
            let health = target.target_health().unwrap();
            assert_ne!(
                health.state().map(aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum::as_str),
                Some("healthy")
            );
            if health.state().is_some_and(|state| state.as_str() == "unhealthy") {
                assert_eq!(
                    health.reason().map(aws_sdk_elasticloadbalancingv2::types::TargetHealthReasonEnum::as_str),
                    Some("Target.Timeout")
                );
                assert_eq!(health.description(), Some("Request timed out"));
                return;
            }
        }
        bench.simulator.advance(Duration::from_secs(5));
    }
    panic!("no target of roles-api ever became unhealthy");
}

#[tokio::test]
async fn dead_tasks_carry_their_reasons() {
    let bench = Bench::demo().await;
    let codes = |name: &'static str| {
        let bench = &bench;
        async move {
            let tasks = bench.stopped_tasks("shop-prod", name).await;
            let of_task = |task: &aws_sdk_ecs::types::Task| {
                let container = &task.containers()[0];
                (
                    task.stop_code().map(|code| code.as_str().to_owned()).unwrap_or_default(),
                    container.exit_code(),
                    container.reason().unwrap_or_default().split(':').next().unwrap_or_default().to_owned(),
                )
            };
            tasks.iter().map(of_task).collect::<BTreeSet<_>>()
        }
    };
    let tuple = |code: &str, exit: Option<i32>, reason: &str| (code.to_owned(), exit, reason.to_owned());
    assert!(codes("notifications").await.contains(&tuple("EssentialContainerExited", Some(1), "")));
    assert!(codes("image-resizer").await.contains(&tuple("EssentialContainerExited", Some(137), "OutOfMemoryError")));
    assert!(codes("payments").await.contains(&tuple("TaskFailedToStart", None, "CannotPullContainerError")));
    assert!(codes("recommendations").await.contains(&tuple("ServiceSchedulerInitiated", Some(137), "")));
    assert!(codes("checkout").await.contains(&tuple("ServiceSchedulerInitiated", Some(0), "")));
}

#[tokio::test]
async fn quiet_services_are_quiet() {
    let bench = Bench::demo().await;
    let accounts = bench.service("shop-prod", "accounts").await;
    assert_eq!((accounts.desired_count(), accounts.running_count(), accounts.pending_count()), (2, 2, 0));
    assert_eq!(accounts.deployments().len(), 1);
    assert_eq!(accounts.events()[0].message(), Some("(service accounts) has reached a steady state."));
    assert_eq!(accounts.health_check_grace_period_seconds(), Some(0));
    for target in bench.targets(&accounts).await {
        let health = target.target_health().unwrap();
        assert_eq!(
            health.state().map(aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum::as_str),
            Some("healthy")
        );
        assert_eq!((health.reason(), health.description()), (None, None));
        assert_eq!(target.health_check_port(), Some("8080"));
    }
    let history = bench.ecs.list_service_deployments().cluster("shop-prod").service("accounts").send().await.unwrap();
    let statuses: Vec<_> = history.service_deployments().iter().map(|one| one.status().unwrap().as_str()).collect();
    assert_eq!(statuses, ["SUCCESSFUL"; 3]);
    let banner = bench.service("shop-prod", "seasonal-banner").await;
    assert_eq!((banner.desired_count(), banner.running_count()), (0, 0));
}

#[tokio::test]
async fn other_kinds_of_services_have_their_own_shapes() {
    let bench = Bench::demo().await;
    let invoices = bench.service("shop-prod", "invoices").await;
    assert!(invoices.deployments().is_empty());
    assert_eq!(invoices.task_sets()[0].status(), Some("PRIMARY"));
    assert_eq!(
        invoices.task_sets()[0].stability_status().map(aws_sdk_ecs::types::StabilityStatus::as_str),
        Some("STEADY_STATE")
    );
    assert!(invoices.events()[0].message().unwrap().starts_with("(service invoices, taskSet ecs-svc/"));
    let thumbnails = bench.service("shop-prod", "thumbnails").await;
    assert!(thumbnails.launch_type().is_none());
    assert_eq!(thumbnails.capacity_provider_strategy()[0].capacity_provider(), "FARGATE_SPOT");
    let search = bench.service("shop-prod", "search-index").await;
    assert!(said(&search, "has insufficient memory available."));
    let gateway = bench.service("shop-prod", "mqtt-gateway").await;
    let group = gateway.load_balancers()[0].target_group_arn().unwrap().to_owned();
    let group = bench.elb.describe_target_groups().target_group_arns(group).send().await.unwrap();
    let group = &group.target_groups()[0];
    assert_eq!(group.protocol().map(aws_sdk_elasticloadbalancingv2::types::ProtocolEnum::as_str), Some("TCP"));
    assert_eq!((group.health_check_path(), group.matcher()), (None, None));
}

#[tokio::test]
async fn targets_on_hosts_have_the_ports_of_their_tasks() {
    let bench = Bench::demo().await;
    let service = bench.service("shop-prod", "legacy-cms").await;
    let listed = bench.ecs.list_tasks().cluster("shop-prod").service_name("legacy-cms").send().await.unwrap();
    let described = bench.ecs.describe_tasks().cluster("shop-prod").set_tasks(listed.task_arns).send().await.unwrap();
    let hosts = bench.ecs.list_container_instances().cluster("shop-prod").send().await.unwrap();
    let hosts = bench
        .ecs
        .describe_container_instances()
        .cluster("shop-prod")
        .set_container_instances(hosts.container_instance_arns)
        .send()
        .await
        .unwrap();
    let mut of_tasks = BTreeSet::new();
    for task in described.tasks() {
        let host = hosts
            .container_instances()
            .iter()
            .find(|host| host.container_instance_arn() == task.container_instance_arn())
            .unwrap();
        let binding = &task.containers()[0].network_bindings()[0];
        assert_eq!(binding.container_port(), Some(8080));
        of_tasks.insert((host.ec2_instance_id().unwrap().to_owned(), binding.host_port().unwrap()));
    }
    let of_targets: BTreeSet<_> = bench
        .targets(&service)
        .await
        .iter()
        .map(|target| {
            let target = target.target().unwrap();
            (target.id().unwrap().to_owned(), target.port().unwrap())
        })
        .collect();
    assert_eq!(of_tasks.len(), 4);
    assert_eq!(of_tasks, of_targets);
}

#[tokio::test]
async fn one_load_balancer_leads_to_many_services() {
    let bench = Bench::demo().await;
    let balancers = bench.elb.describe_load_balancers().names("shop").send().await.unwrap();
    let balancer = &balancers.load_balancers()[0];
    assert_eq!(balancer.availability_zones().len(), 3);
    assert!(balancer.created_time().is_some());
    let listeners =
        bench.elb.describe_listeners().load_balancer_arn(balancer.load_balancer_arn().unwrap()).send().await.unwrap();
    let https = listeners.listeners().iter().find(|listener| listener.port() == Some(443)).unwrap();
    let rules = bench.elb.describe_rules().listener_arn(https.listener_arn().unwrap()).send().await.unwrap();
    let fields: BTreeSet<_> = rules
        .rules()
        .iter()
        .flat_map(aws_sdk_elasticloadbalancingv2::types::Rule::conditions)
        .filter_map(|condition| condition.field())
        .collect();
    assert_eq!(fields, BTreeSet::from(["host-header", "path-pattern"]));
    assert!(rules.rules().len() > 8);
    assert_eq!(rules.rules().last().unwrap().priority(), Some("default"));
    let group = rules.rules()[0].actions()[0].target_group_arn().unwrap();
    let attributes = bench.elb.describe_target_group_attributes().target_group_arn(group).send().await.unwrap();
    let delay = attributes.attributes().iter().find(|one| one.key() == Some("deregistration_delay.timeout_seconds"));
    assert_eq!(delay.unwrap().value(), Some("20"));
}

#[tokio::test]
async fn task_definitions_hide_nothing() {
    let bench = Bench::demo().await;
    let answer = bench.ecs.describe_task_definition().task_definition("web:30").send().await.unwrap();
    let definition = answer.task_definition().unwrap();
    assert_eq!((definition.family(), definition.revision(), definition.cpu()), (Some("web"), 30, Some("512")));
    let container = &definition.container_definitions()[0];
    assert!(container.environment().iter().any(|pair| pair.name() == Some("API_TOKEN")));
    assert_eq!(container.secrets()[0].name(), "DATABASE_URL");
    assert_eq!(container.port_mappings()[0].container_port(), Some(8080));
    assert!(container.health_check().is_none());
    let catalogue = bench.ecs.describe_task_definition().task_definition("cat").send().await.unwrap();
    let check = catalogue.task_definition().unwrap().container_definitions()[0].health_check().unwrap();
    assert_eq!(check.command()[1], "curl -fsS http://localhost:8080/healthz || exit 1");
    let newest = bench.ecs.describe_task_definition().task_definition("web").send().await.unwrap();
    assert_eq!(newest.task_definition().unwrap().revision(), 31);
    let listed = bench.ecs.list_task_definitions().family_prefix("web").sort("DESC".into()).send().await.unwrap();
    let names: Vec<_> = listed.task_definition_arns().iter().filter_map(|arn| arn.rsplit('/').next()).collect();
    assert_eq!(names, ["web:31", "web:30", "web:29", "web:28"]);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answers() {
    let (one, two) = (Bench::demo().await, Bench::demo().await);
    for bench in [&one, &two] {
        bench.simulator.advance(Duration::from_secs(77));
    }
    for name in ["messenger-web", "promotions", "thumbnails"] {
        assert_eq!(one.service("shop-prod", name).await, two.service("shop-prod", name).await);
    }
}

#[tokio::test]
async fn manual_time_stands_still_and_is_told() {
    let bench = Bench::with_service(Blueprint::worker("jobs").launched(Launch::FargateSpot)).await;
    let now = |simulator: &ecsight::sim::Simulator| simulator.with_world(|world: &mut World| world.now().to_string());
    assert_eq!(now(&bench.simulator), "2026-03-02T03:00:00Z");
    bench.simulator.advance(Duration::from_hours(1));
    assert_eq!(now(&bench.simulator), "2026-03-02T04:00:00Z");
    let stopped = bench.stopped_tasks("test", "jobs").await;
    assert!(stopped.iter().all(|task| task.stopped_reason() == Some("Your Spot Task was interrupted.")));
    assert!(!stopped.is_empty());
}

#[tokio::test]
async fn real_time_begins_now_and_passes_by_itself() {
    let listen = "127.0.0.1:0".parse().unwrap();
    let clock = Clock::Real { speed: 3600.0 };
    let simulator = Simulator::start(listen, World::demo(1), clock, Duration::ZERO).await.unwrap();
    let began = simulator.with_world(|world| world.now());
    assert!(began.duration_since(jiff::Timestamp::now()).unsigned_abs() < Duration::from_hours(2));
    while simulator.with_world(|world| world.now()).duration_since(began).unsigned_abs() < Duration::from_mins(1) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn any_text_survives_the_wire() {
    let bench = Bench::demo().await;
    let hostile = "\u{1b}[2J<b>&amp; \"quoted\" \u{202e}\u{7}";
    assert!(bench.simulator.with_world(|world| world.add_event("shop-prod", "accounts", hostile)));
    let accounts = bench.service("shop-prod", "accounts").await;
    assert_eq!(accounts.events()[0].message(), Some(hostile));
}
