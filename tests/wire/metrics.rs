//! Metrics and alarms for the screen, against the simulator: how many calls they take, and what comes back.

use std::collections::BTreeMap;
use std::time::Duration;

use ecsight::aws::Priority;
use ecsight::model::arn::{ClusterName, LoadBalancerArn, ServiceArn, TargetGroupArn};
use ecsight::model::call::ErrorKind;
use ecsight::model::metric::{GroupMetrics, Measure, MetricRange, Series, ServiceMetrics};
use ecsight::model::query::{Answer, Query};
use ecsight::sim::{Application, Blueprint, Clock, FaultKind, Simulator, World};

use crate::client::{Client, assert_readable};

const INTERACTIVE: Priority = Priority::Interactive;

async fn simulator(world: World) -> Simulator {
    Simulator::start("127.0.0.1:0".parse().unwrap(), world, Clock::Manual, Duration::ZERO).await.unwrap()
}

/// A service by name, with what leads to it.
async fn service(client: &Client, cluster: &str, name: &str) -> (ServiceArn, Vec<(LoadBalancerArn, TargetGroupArn)>) {
    let cluster = ClusterName::new(cluster);
    let arns = client.aws.service_arns(&cluster, INTERACTIVE).await.unwrap();
    let arn = arns.into_iter().find(|arn| arn.name() == name).unwrap();
    let services = client.aws.services(&cluster, std::slice::from_ref(&arn), INTERACTIVE).await.unwrap();
    let mut groups = Vec::new();
    for group in services[0].target_groups() {
        let settings = client.aws.target_group(group, INTERACTIVE).await.unwrap();
        groups.extend(settings.load_balancers.into_iter().map(|balancer| (balancer, group.clone())));
    }
    (arn, groups)
}

async fn metrics(client: &Client, cluster: &str, name: &str, range: MetricRange) -> ServiceMetrics {
    let (service, target_groups) = service(client, cluster, name).await;
    let query = Query::Metrics { cluster: ClusterName::new(cluster), service, target_groups, range };
    let Answer::Metrics(metrics) = client.aws.answer(&query, INTERACTIVE).await.unwrap() else { panic!("{query:?}") };
    *metrics
}

fn values(series: &[Series], measure: Measure) -> Vec<f64> {
    let found = series.iter().find(|series| series.measure == measure);
    found.unwrap().samples.iter().map(|sample| sample.value).collect()
}

fn only(metrics: &ServiceMetrics) -> &GroupMetrics {
    let [group] = metrics.groups.as_slice() else { panic!("{:?}", metrics.groups) };
    group
}

#[tokio::test]
async fn every_range_is_one_call_and_comes_in_order() {
    let simulator = simulator(World::demo(1)).await;
    let client = Client::on(&simulator.endpoint()).await;
    // A simulator with a clock of its own tells its time with every answer, which sets ours.
    let _ = client.aws.clusters(INTERACTIVE).await.unwrap();
    for range in MetricRange::ALL {
        let (service, target_groups) = service(&client, "shop-prod", "accounts").await;
        simulator.reset_calls();
        let query = Query::Metrics { cluster: ClusterName::new("shop-prod"), service, target_groups, range };
        let Answer::Metrics(metrics) = client.aws.answer(&query, INTERACTIVE).await.unwrap() else { panic!() };
        assert_eq!(simulator.calls(), BTreeMap::from([("GetMetricData".to_owned(), 1)]), "{range:?}");
        let periods = usize::try_from(range.seconds() / range.period_seconds()).unwrap();
        for measure in [Measure::Cpu, Measure::CpuLeast, Measure::CpuMost, Measure::Memory] {
            let count = values(&metrics.service, measure).len();
            assert!((periods - 1..=periods).contains(&count), "{range:?} {measure:?}: {count} of {periods}");
        }
        for series in metrics.service.iter().chain(&only(&metrics).series) {
            assert!(series.samples.is_sorted_by_key(|sample| sample.at), "{:?}", series.measure);
            assert!(
                series.samples.iter().all(|sample| (metrics.window.from..metrics.window.until).contains(&sample.at))
            );
        }
        let of = |measure| values(&only(&metrics).series, measure);
        let latencies = [Measure::LatencyP50, Measure::LatencyP90, Measure::LatencyP99].map(of);
        let [p50, p90, p99] = &latencies;
        assert!(!p50.is_empty() && p50.iter().zip(p90).zip(p99).all(|((p50, p90), p99)| p50 < p90 && p90 < p99));
        assert!(of(Measure::Requests).iter().all(|requests| *requests > 0.0));
        assert!(of(Measure::HealthyHosts).iter().all(|healthy| (*healthy - 2.0).abs() < 0.1), "{range:?}");
        assert!(of(Measure::Target5xx).is_empty() && of(Measure::ConnectionErrors).is_empty());
    }
}

#[tokio::test]
async fn a_network_load_balancer_counts_under_names_of_its_own() {
    let simulator = simulator(World::demo(1)).await;
    let client = Client::on(&simulator.endpoint()).await;
    let _ = client.aws.clusters(INTERACTIVE).await.unwrap();
    let metrics = metrics(&client, "shop-prod", "mqtt-gateway", MetricRange::Hour).await;
    let group = only(&metrics);
    let measures: Vec<Measure> = group.series.iter().map(|series| series.measure).collect();
    assert_eq!(measures.len(), 5);
    assert!(values(&group.series, Measure::NewFlows).len() > 50);
    assert!(values(&group.series, Measure::HealthyHosts).iter().all(|healthy| (*healthy - 3.0).abs() < 0.1));
}

#[tokio::test]
async fn targets_that_die_leave_their_mark() {
    let mut world = World::empty(1);
    world.add_cluster("shop");
    world.add_service("shop", &Blueprint::web("web").tasks(2));
    let simulator = simulator(world).await;
    simulator.advance(Duration::from_mins(10));
    simulator.with_world(|world| {
        let dies = Application::web(8080).ending(Duration::from_secs(150), 1);
        world.deploy("shop", "web", &dies);
    });
    simulator.advance(Duration::from_mins(20));
    let client = Client::on(&simulator.endpoint()).await;
    let _ = client.aws.clusters(INTERACTIVE).await.unwrap();
    let metrics = metrics(&client, "shop", "web", MetricRange::Hour).await;
    let of = |measure| values(&only(&metrics).series, measure);
    assert!(of(Measure::Elb5xx).iter().sum::<f64>() > 0.0);
    assert!(of(Measure::ConnectionErrors).iter().sum::<f64>() > 0.0);
    let healthy = of(Measure::HealthyHosts);
    assert!((healthy[0] - 2.0).abs() < 0.1 && healthy.iter().any(|healthy| *healthy < 1.5), "{healthy:?}");
}

#[tokio::test]
async fn loads_of_all_services_take_as_few_calls_as_can_be() {
    for (services, calls) in [(1, 1), (250, 1), (251, 2), (520, 3)] {
        let simulator = simulator(World::healthy(1, "shop", services)).await;
        simulator.advance(Duration::from_mins(12));
        let client = Client::on(&simulator.endpoint()).await;
        let cluster = ClusterName::new("shop");
        let arns = client.aws.service_arns(&cluster, INTERACTIVE).await.unwrap();
        simulator.reset_calls();
        let query = Query::Loads { cluster, services: arns.clone() };
        let Answer::Loads(loads) = client.aws.answer(&query, INTERACTIVE).await.unwrap() else { panic!() };
        assert_eq!(simulator.calls(), BTreeMap::from([("GetMetricData".to_owned(), calls)]));
        assert_eq!(loads.len(), services);
        for (arn, load) in loads {
            let (cpu, memory) = (load.cpu.unwrap(), load.memory.unwrap());
            assert!((11.9..12.1).contains(&cpu) && (9.0..10.0).contains(&memory), "{arn:?}: {cpu} {memory}");
        }
    }
}

#[tokio::test]
async fn alarms_that_concern_a_service_are_found_in_one_call() {
    let simulator = simulator(World::demo(1)).await;
    let client = Client::on(&simulator.endpoint()).await;
    for (name, expected) in [
        ("accounts", &[("accounts-5xx", "OK"), ("accounts-cpu-high", "OK")][..]),
        ("warehouse", &[("warehouse-memory-high", "ALARM")]),
        ("messenger-web", &[("messenger-web-unhealthy-hosts", "ALARM")]),
        ("mailer", &[]),
    ] {
        let (service, target_groups) = service(&client, "shop-prod", name).await;
        simulator.reset_calls();
        let (cluster, names) = (ClusterName::new("shop-prod"), Vec::new());
        let query = Query::AlarmsAbout { cluster, service, target_groups, names };
        let Answer::AlarmsAbout(found) = client.aws.answer(&query, INTERACTIVE).await.unwrap() else { panic!() };
        assert_eq!(simulator.calls(), BTreeMap::from([("DescribeAlarms".to_owned(), 1)]));
        let own = found.alarms.iter().filter(|watched| watched.alarm.name != "shop-elb-5xx");
        let told: Vec<_> = own.map(|watched| (watched.alarm.name.as_str(), watched.alarm.state.as_str())).collect();
        assert_eq!((told.as_slice(), found.looked_at, found.complete), (expected, 5, true), "{name}");
        assert!(found.alarms.iter().all(|watched| watched.threshold.is_some() && watched.alarm.since.is_some()));
    }
}

#[tokio::test]
async fn a_denial_names_the_permission() {
    let simulator = simulator(World::demo(1)).await;
    let client = Client::on(&simulator.endpoint()).await;
    let (service, target_groups) = service(&client, "shop-prod", "accounts").await;
    let cluster = ClusterName::new("shop-prod");
    let (of, range, names) = (target_groups.clone(), MetricRange::Hour, Vec::new());
    for (operation, query) in [
        (
            "GetMetricData",
            Query::Metrics { cluster: cluster.clone(), service: service.clone(), target_groups: of, range },
        ),
        ("GetMetricData", Query::Loads { cluster: cluster.clone(), services: vec![service.clone()] }),
        ("DescribeAlarms", Query::AlarmsAbout { cluster, service, target_groups, names }),
    ] {
        simulator.inject(operation, FaultKind::Deny);
        let error = client.aws.answer(&query, INTERACTIVE).await.unwrap_err();
        assert_eq!((error.kind, error.operation.to_string()), (ErrorKind::Denied, format!("cloudwatch:{operation}")));
        assert_readable(&error);
    }
}
