//! The whole layer against the simulator: large clusters, the demo's world, and every fault in every operation, one at a
//! time.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::{Duration, Instant};

use ecsight::aws::{Aws, Priority};
use ecsight::model::arn::{ClusterName, LoadBalancerArn, ServiceArn, TargetGroupArn};
use ecsight::model::call::{CallError, ErrorKind};
use ecsight::model::known::Known;
use ecsight::model::query::{Answer, Mutation, Query};
use ecsight::model::service::Service;
use ecsight::model::task::Task;
use ecsight::sim::{Blueprint, Clock, Fault, FaultKind, Launch, Simulator, World};

use crate::client::{Client, PATIENCE, SHORT, assert_readable};

const INTERACTIVE: Priority = Priority::Interactive;

async fn simulator(world: World) -> Simulator {
    Simulator::start("127.0.0.1:0".parse().unwrap(), world, Clock::Manual, Duration::ZERO).await.unwrap()
}

/// A cluster with one service of so many tasks, and little else.
fn crowd(tasks: usize) -> World {
    let mut world = World::empty(1);
    world.add_cluster("shop");
    world.add_service("shop", &Blueprint::worker("crowd").tasks(tasks));
    world.add_service("shop", &Blueprint::worker("other").tasks(3));
    world
}

fn calls(simulator: &Simulator) -> BTreeMap<String, usize> {
    simulator.calls()
}

async fn first_cluster(aws: &Aws) -> ClusterName {
    aws.clusters(INTERACTIVE).await.unwrap().first().unwrap().name.clone()
}

async fn all_services(aws: &Aws, cluster: &ClusterName) -> Vec<Service> {
    let arns = aws.service_arns(cluster, INTERACTIVE).await.unwrap();
    aws.services(cluster, &arns, INTERACTIVE).await.unwrap()
}

#[tokio::test]
async fn a_cluster_of_a_hundred_services_opens_with_eleven_calls() {
    let simulator = simulator(World::of_size(1, 100, 1)).await;
    let client = Client::on(&simulator.endpoint()).await;
    let cluster = first_cluster(&client.aws).await;
    simulator.reset_calls();
    let services = all_services(&client.aws, &cluster).await;
    let expected = BTreeMap::from([("ListServices".to_owned(), 1), ("DescribeServices".to_owned(), 10)]);
    assert_eq!((services.len(), calls(&simulator)), (100, expected));
    assert_eq!(client.records().iter().filter(|record| record.failure.is_some()).count(), 0);
}

#[tokio::test]
async fn a_cluster_of_a_thousand_services_is_complete() {
    let simulator = simulator(World::of_size(1, 1000, 1)).await;
    let client = Client::on(&simulator.endpoint()).await;
    let cluster = first_cluster(&client.aws).await;
    let services = all_services(&client.aws, &cluster).await;
    let each: HashSet<_> = services.iter().map(|service| &service.arn).collect();
    assert_eq!((services.len(), each.len()), (1000, 1000));
    assert_eq!((calls(&simulator)["ListServices"], calls(&simulator)["DescribeServices"]), (10, 100));
    assert!(simulator.peak_concurrency() <= 10, "{}", simulator.peak_concurrency());
}

#[tokio::test]
async fn services_of_many_tasks_are_complete() {
    for (count, lists, descriptions) in [(350, 5, 4), (5000, 51, 50)] {
        let simulator = simulator(crowd(count)).await;
        let client = Client::on(&simulator.endpoint()).await;
        let cluster = ClusterName::new("shop");
        let services = client.aws.service_arns(&cluster, INTERACTIVE).await.unwrap();
        let crowd = services.iter().find(|service| service.name() == "crowd").unwrap();
        let tasks = client.aws.tasks(&cluster, crowd, INTERACTIVE).await.unwrap();
        let each: HashSet<_> = tasks.iter().map(|task| &task.arn).collect();
        assert_eq!((tasks.len(), each.len()), (count, count));
        assert!(tasks.iter().all(|task| task.group.as_deref() == Some("service:crowd")));
        assert_eq!((calls(&simulator)["ListTasks"], calls(&simulator)["DescribeTasks"]), (lists, descriptions));
        assert!(simulator.peak_concurrency() <= 8, "{}", simulator.peak_concurrency());
    }
}

/// Every question that can be asked about this world.
async fn every_query(aws: &Aws) -> Vec<Query> {
    let mut queries = vec![Query::Identity, Query::Clusters];
    for cluster in aws.clusters(INTERACTIVE).await.unwrap() {
        let cluster = cluster.name;
        queries.push(Query::ServiceArns { cluster: cluster.clone() });
        for service in all_services(aws, &cluster).await {
            let (cluster, arn) = (cluster.clone(), service.arn.clone());
            queries.push(Query::Services { cluster: cluster.clone(), services: vec![arn.clone()] });
            queries.push(Query::Tasks { cluster: cluster.clone(), service: arn.clone() });
            queries.push(Query::ServiceDeployments { cluster, service: arn });
            queries.extend(
                service.task_definition.clone().map(|task_definition| Query::TaskDefinition { task_definition }),
            );
            for target_group in service.target_groups() {
                queries.push(Query::TargetGroup { target_group: target_group.clone() });
                queries.push(Query::TargetHealth { target_group: target_group.clone() });
            }
        }
    }
    queries
}

#[tokio::test]
async fn every_question_about_the_demos_world_has_an_answer() {
    let simulator = simulator(World::demo(1)).await;
    let client = Client::on(&simulator.endpoint()).await;
    let mut balancers: BTreeSet<LoadBalancerArn> = BTreeSet::new();
    let mut written = Vec::new();
    let (mut addresses, mut hosts, mut stopped, mut deployments) = (0, 0, 0, 0);
    for query in every_query(&client.aws).await {
        let answer = match client.aws.answer(&query, INTERACTIVE).await {
            Ok(answer) => answer,
            // Services with another controller than ECS have no service deployments, and ECS says so.
            Err(error) if error.operation.name == "ListServiceDeployments" && error.kind == ErrorKind::Invalid => {
                continue;
            }
            Err(error) => panic!("{query:?}: {error}"),
        };
        written.push(format!("{answer:?}"));
        match answer {
            Answer::TargetGroup(group) => balancers.extend(group.load_balancers),
            Answer::Services(services) => assert_eq!(services.len(), 1, "{query:?}"),
            Answer::ServiceDeployments(found) => deployments += found.len(),
            Answer::Tasks(tasks) => {
                for task in tasks {
                    addresses += usize::from(task.interface.is_some_and(|interface| interface.private_ipv4.is_some()));
                    hosts += usize::from(task.ec2_instance.known().is_some());
                    stopped += usize::from(task.stopped_reason.is_some());
                    assert_eq!(task.container_instance.is_some(), task.launch_type.as_deref() == Some("EC2"));
                }
            }
            _ => {}
        }
    }
    assert!(
        addresses > 0 && hosts > 0 && stopped > 0 && deployments > 0,
        "{addresses} {hosts} {stopped} {deployments}"
    );
    assert!(!balancers.is_empty());
    for balancer in balancers {
        let routing = client.aws.routing(&balancer, INTERACTIVE).await.unwrap();
        let listeners = routing.listeners.known().expect("listeners");
        assert!(listeners.iter().all(|listener| matches!(&listener.rules, Known::Known(_))), "{listeners:?}");
    }
    written.push(format!("{:?}", client.records()));
    assert!(written.iter().all(|text| !text.contains("demo-token-of")), "environment values stay masked");
}

/// A world with a task on a host, a target group and a load balancer, so that every operation has work.
struct Shop {
    simulator: Simulator,
    cluster: ClusterName,
    service: ServiceArn,
    target_group: TargetGroupArn,
    load_balancer: LoadBalancerArn,
}

impl Shop {
    async fn open() -> Self {
        let mut world = World::empty(1);
        world.add_cluster("shop");
        world.add_container_instance("shop");
        world.add_service("shop", &Blueprint::web("web").behind("edge").launched(Launch::Ec2));
        let simulator = simulator(world).await;
        let client = Client::on(&simulator.endpoint()).await;
        let cluster = ClusterName::new("shop");
        let services = all_services(&client.aws, &cluster).await;
        let target_group = services[0].target_groups()[0].clone();
        let group = client.aws.target_group(&target_group, INTERACTIVE).await.unwrap();
        let load_balancer = group.load_balancers[0].clone();
        Self { simulator, cluster, service: services[0].arn.clone(), target_group, load_balancer }
    }

    /// The operations of the program with the question that needs each.
    fn operations(&self) -> Vec<(&'static str, Query)> {
        let (cluster, service) = (self.cluster.clone(), self.service.clone());
        let tasks = Query::Tasks { cluster: cluster.clone(), service: service.clone() };
        let deployments = Query::ServiceDeployments { cluster: cluster.clone(), service: service.clone() };
        let routing = Query::Routing { load_balancer: self.load_balancer.clone() };
        let (one, other) = (self.target_group.clone(), self.target_group.clone());
        vec![
            ("sts:GetCallerIdentity", Query::Identity),
            ("ecs:ListClusters", Query::Clusters),
            ("ecs:DescribeClusters", Query::Clusters),
            ("ecs:ListServices", Query::ServiceArns { cluster: cluster.clone() }),
            ("ecs:DescribeServices", Query::Services { cluster, services: vec![service] }),
            ("ecs:ListTasks", tasks.clone()),
            ("ecs:DescribeTasks", tasks),
            ("ecs:DescribeTaskDefinition", Query::TaskDefinition { task_definition: "web".into() }),
            ("ecs:ListServiceDeployments", deployments.clone()),
            ("ecs:DescribeServiceDeployments", deployments),
            ("elasticloadbalancing:DescribeTargetGroups", Query::TargetGroup { target_group: one }),
            ("elasticloadbalancing:DescribeTargetHealth", Query::TargetHealth { target_group: other }),
            ("elasticloadbalancing:DescribeLoadBalancers", routing.clone()),
            ("elasticloadbalancing:DescribeListeners", routing.clone()),
            ("elasticloadbalancing:DescribeRules", routing),
        ]
    }

    /// A client that waits only briefly where the fault is that no answer comes.
    async fn client(&self, fault: FaultKind) -> Client {
        Client::with(&self.simulator.endpoint(), |settings| {
            if fault == FaultKind::Hang {
                settings.call_timeout = SHORT;
            }
        })
        .await
    }
}

/// The faults, the kind each is, and whether the answer has an id.
const FAULTS: [(FaultKind, ErrorKind, bool); 8] = [
    (FaultKind::Throttle, ErrorKind::Throttled, true),
    (FaultKind::Deny, ErrorKind::Denied, true),
    (FaultKind::ExpiredToken, ErrorKind::ExpiredCredentials, true),
    (FaultKind::Status(500), ErrorKind::Server, true),
    (FaultKind::Status(503), ErrorKind::Server, true),
    (FaultKind::Reset, ErrorKind::Network, false),
    (FaultKind::Hang, ErrorKind::Timeout, false),
    (FaultKind::Garbage, ErrorKind::Other, true),
];

/// The error of an answer, from wherever a question keeps it.
fn error(answer: Result<Answer, CallError>) -> Option<CallError> {
    match answer {
        Err(error) => Some(error),
        Ok(answer) => answer.failures().first().copied().cloned(),
    }
}

#[tokio::test]
async fn every_fault_of_every_operation_is_told_and_passes() {
    let shop = Shop::open().await;
    for (fault, kind, answered) in FAULTS {
        for (operation, query) in shop.operations() {
            // Clients of their own: the budget of those before may have been throttled.
            let client = shop.client(fault).await;
            let (_, name) = operation.split_once(':').unwrap();
            shop.simulator.inject(name, fault);
            let start = Instant::now();
            let failed = error(client.aws.answer(&query, INTERACTIVE).await);
            shop.simulator.heal_all();
            let failed = failed.unwrap_or_else(|| panic!("{operation} with {fault:?} succeeded"));
            assert_eq!((failed.kind, failed.operation.to_string().as_str()), (kind, operation), "{fault:?} {failed:?}");
            assert_eq!(failed.request_id.is_some(), answered, "{fault:?} {failed:?}");
            assert!(start.elapsed() < PATIENCE, "{operation} {fault:?}");
            assert_readable(&failed);
            let steady = Client::on(&shop.simulator.endpoint()).await;
            let again = error(steady.aws.answer(&query, INTERACTIVE).await);
            assert_eq!(again, None, "{operation} after {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_host_that_cannot_be_looked_up_leaves_its_tasks() {
    let shop = Shop::open().await;
    for (fault, kind, _) in FAULTS {
        let client = shop.client(fault).await;
        shop.simulator.inject("DescribeContainerInstances", fault);
        let tasks = client.aws.tasks(&shop.cluster, &shop.service, INTERACTIVE).await.unwrap();
        let failed = |task: &Task| task.ec2_instance.error().map(|error| error.kind);
        assert!(!tasks.is_empty() && tasks.iter().all(|task| failed(task) == Some(kind)), "{fault:?}");
        shop.simulator.heal_all();
        let tasks = client.aws.tasks(&shop.cluster, &shop.service, INTERACTIVE).await.unwrap();
        assert!(!tasks.is_empty() && tasks.iter().all(|task| task.ec2_instance.known().is_some()), "{fault:?}");
    }
}

#[tokio::test]
async fn reads_get_over_a_bad_answer_when_told_to_try_again() {
    let shop = Shop::open().await;
    let client = Client::with(&shop.simulator.endpoint(), |settings| settings.attempts = 3).await;
    for (operation, fault) in [
        ("ListServices", FaultKind::Status(500)),
        ("ListClusters", FaultKind::Throttle),
        ("DescribeTargetHealth", FaultKind::Reset),
    ] {
        shop.simulator.inject(operation, Fault::from(fault).times(1));
    }
    let (services, clusters, targets) = tokio::join!(
        client.aws.service_arns(&shop.cluster, INTERACTIVE),
        client.aws.clusters(INTERACTIVE),
        client.aws.target_health(&shop.target_group, INTERACTIVE),
    );
    assert_eq!((services.unwrap().len(), clusters.unwrap().len()), (1, 1));
    assert!(!targets.unwrap().is_empty());
    let attempts = ["ListServices", "ListClusters", "DescribeTargetHealth", "DescribeClusters"]
        .map(|name| client.records().iter().filter(|record| record.operation.name == name).count());
    assert_eq!(attempts, [2, 2, 2, 1]);
}

#[tokio::test]
async fn a_change_arrives_and_is_never_sent_twice() {
    let shop = Shop::open().await;
    let (cluster, service) = (shop.cluster.clone(), shop.service.clone());
    let scale = Mutation::Scale { cluster: cluster.clone(), service: service.clone(), desired: 5 };
    let force = Mutation::ForceNewDeployment { cluster: cluster.clone(), service: service.clone() };
    let client = Client::with(&shop.simulator.endpoint(), |settings| {
        settings.attempts = 3;
        settings.call_timeout = PATIENCE / 4;
    })
    .await;
    let before = client.aws.services(&cluster, std::slice::from_ref(&service), INTERACTIVE).await.unwrap().remove(0);
    for (fault, kind, _) in FAULTS {
        for mutation in [&scale, &force] {
            shop.simulator.reset_calls();
            shop.simulator.inject("UpdateService", fault);
            let failed = client.aws.change(mutation).await.unwrap_err();
            shop.simulator.heal_all();
            assert_eq!((failed.kind, calls(&shop.simulator)["UpdateService"]), (kind, 1), "{fault:?}");
            assert_readable(&failed);
        }
    }
    assert_eq!(client.aws.change(&scale).await.unwrap().desired, 5);
    let after = client.aws.change(&force).await.unwrap();
    assert_eq!((after.desired, after.execute_command), (5, before.execute_command), "and nothing else");
    assert_ne!(after.primary_deployment().unwrap().id, before.primary_deployment().unwrap().id);
}

#[tokio::test]
async fn read_only_reads_and_changes_nothing() {
    let shop = Shop::open().await;
    let client = Client::with(&shop.simulator.endpoint(), |settings| settings.read_only = true).await;
    shop.simulator.reset_calls();
    let scale = Mutation::Scale { cluster: shop.cluster.clone(), service: shop.service.clone(), desired: 5 };
    assert_eq!(client.aws.change(&scale).await.unwrap_err().kind, ErrorKind::ReadOnly);
    assert_eq!(calls(&shop.simulator), BTreeMap::new());
    assert!(client.aws.service_arns(&shop.cluster, INTERACTIVE).await.is_ok());
}
