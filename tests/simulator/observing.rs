//! Logs, metrics, alarms, automatic scaling, and the deployments and hosts of ECS, through the SDK.

use std::time::Duration;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, StateValue};
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata as _;

use crate::clients::{Bench, primary};

/// The log stream of the first task in the list.
async fn stream(bench: &Bench, service: &str, stopped: bool) -> String {
    let listed = bench.ecs.list_tasks().cluster("shop").service_name(service);
    let listed = listed.desired_status(if stopped { "STOPPED" } else { "RUNNING" }.into()).send().await.unwrap();
    let task = listed.task_arns()[0].rsplit('/').next().unwrap().to_owned();
    format!("ecs/{service}/{task}")
}

fn texts(events: &[aws_sdk_cloudwatchlogs::types::OutputLogEvent]) -> Vec<&str> {
    events.iter().filter_map(|event| event.message()).collect()
}

#[tokio::test]
async fn a_log_is_read_from_both_ends() {
    let bench = Bench::of_file("redirect-accepted").await;
    let stream = stream(&bench, "api", false).await;
    let get = || bench.logs.get_log_events().log_group_name("/ecs/api").log_stream_name(&stream);
    let head = get().start_from_head(true).limit(2).send().await.unwrap();
    assert_eq!(texts(head.events()), ["starting api, revision 5", "Listening on http://0.0.0.0:8080"]);
    let next =
        get().start_from_head(true).limit(1).next_token(head.next_forward_token().unwrap()).send().await.unwrap();
    assert!(texts(next.events())[0].contains("ELB-HealthChecker/2.0"), "{:?}", next.events());
    let tail = get().limit(3).send().await.unwrap();
    assert!(texts(tail.events()).iter().all(|line| line.contains("\"GET / HTTP/1.1\" 302")), "{:?}", tail.events());
    let before = get().limit(3).next_token(tail.next_backward_token().unwrap()).send().await.unwrap();
    assert!(before.events()[2].timestamp() <= tail.events()[0].timestamp());
    let end = get().next_token(tail.next_forward_token().unwrap()).send().await.unwrap();
    assert!(end.events().is_empty() && end.next_forward_token() == tail.next_forward_token());
    let error = get().next_token("made up").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
}

#[tokio::test]
async fn a_log_is_searched() {
    let bench = Bench::of_file("redirect-accepted").await;
    let now = bench.simulator.with_world(|world| world.now()).as_millisecond();
    let search = || bench.logs.filter_log_events().log_group_name("/ecs/api");
    let pattern = "\"ELB-HealthChecker\"";
    let minute = search().filter_pattern(pattern).start_time(now - 60_000).end_time(now).send().await.unwrap();
    assert!(
        (30..=42).contains(&minute.events().len()),
        "two tasks, three nodes, ten seconds: {}",
        minute.events().len()
    );
    let stream = stream(&bench, "api", false).await;
    let one = search().filter_pattern(pattern).log_stream_names(&stream).start_time(now - 60_000).send().await.unwrap();
    assert!(one.events().iter().all(|event| event.log_stream_name() == Some(&stream)));
    assert!(one.events().len() < minute.events().len() && !one.events().is_empty());
    let mut pages = search().filter_pattern("Listening").limit(1).into_paginator().send();
    let mut found = 0;
    while let Some(page) = pages.next().await {
        found += page.unwrap().events().len();
    }
    assert_eq!(found, 2);
    let error = search().log_stream_names("ecs/api/none").send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
    let error = bench.logs.filter_log_events().log_group_name("/ecs/none").send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
    assert_eq!(error.message(), Some("The specified log group does not exist."));
}

#[tokio::test]
async fn groups_and_streams_are_listed() {
    let bench = Bench::demo().await;
    let groups = bench.logs.describe_log_groups().log_group_name_prefix("/ecs/roles").send().await.unwrap();
    let names: Vec<_> = groups.log_groups().iter().filter_map(|group| group.log_group_name()).collect();
    assert_eq!(names, ["/ecs/roles-api"]);
    let streams = bench.logs.describe_log_streams().log_group_name("/ecs/notifications");
    let streams = streams.order_by("LastEventTime".into()).descending(true).limit(2).send().await.unwrap();
    assert_eq!(streams.log_streams().len(), 2);
    let last = |place: usize| streams.log_streams()[place].last_event_timestamp().unwrap();
    assert!(last(0) >= last(1) && streams.next_token().is_some());

    let bench = Bench::of_file("log-group-missing").await;
    let groups = bench.logs.describe_log_groups().send().await.unwrap();
    assert!(groups.log_groups().is_empty());
}

#[tokio::test]
async fn dead_containers_have_last_words() {
    let bench = Bench::of_file("crash-loop").await;
    let stream = stream(&bench, "worker", true).await;
    let get = bench.logs.get_log_events().log_group_name("/ecs/worker").log_stream_name(stream);
    let events = get.send().await.unwrap();
    assert_eq!(texts(events.events()).last(), Some(&"KeyError: 'QUEUE_URL'"));
}

fn query(id: &str, namespace: &str, name: &str, statistic: &str, dimensions: &[(&str, &str)]) -> MetricDataQuery {
    let dimension = |(name, value): &(&str, &str)| Dimension::builder().name(*name).value(*value).build();
    let metric = Metric::builder().namespace(namespace).metric_name(name);
    let metric = metric.set_dimensions(Some(dimensions.iter().map(dimension).collect())).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat(statistic).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

#[tokio::test]
async fn memory_grows_until_the_kernel_steps_in() {
    let bench = Bench::of_file("out-of-memory").await;
    let now = bench.simulator.with_world(|world| world.now());
    let seconds = |seconds: i64| aws_sdk_cloudwatch::primitives::DateTime::from_secs(seconds);
    let of_service = [("ClusterName", "shop"), ("ServiceName", "resizer")];
    let of_nobody = [("ClusterName", "shop"), ("ServiceName", "nobody")];
    let answer = bench
        .metrics
        .get_metric_data()
        .metric_data_queries(query("memory", "AWS/ECS", "MemoryUtilization", "Maximum", &of_service))
        .metric_data_queries(query("cpu", "AWS/ECS", "CPUUtilization", "Average", &of_service))
        .metric_data_queries(query("none", "AWS/ECS", "CPUUtilization", "Average", &of_nobody))
        .start_time(seconds(now.as_second() - 1200))
        .end_time(seconds(now.as_second()))
        .scan_by("TimestampAscending".into())
        .send()
        .await
        .unwrap();
    let [memory, cpu, none] = answer.metric_data_results() else { panic!("{answer:?}") };
    assert!(memory.values().len() > 10 && memory.timestamps().len() == memory.values().len());
    assert!(memory.timestamps().is_sorted());
    let most = memory.values().iter().copied().fold(0.0, f64::max);
    assert!((85.0..=100.0).contains(&most), "{:?}", memory.values());
    assert!(cpu.values().iter().all(|value| (11.9..12.1).contains(value)), "{:?}", cpu.values());
    assert!(none.values().is_empty());
    assert_eq!(none.status_code().map(aws_sdk_cloudwatch::types::StatusCode::as_str), Some("Complete"));
}

#[tokio::test]
async fn load_balancers_count_requests() {
    let bench = Bench::of_file("healthy").await;
    bench.simulator.advance(Duration::from_mins(5));
    let now = bench.simulator.with_world(|world| world.now());
    let service = bench.service("shop", "api").await;
    let group = service.load_balancers()[0].target_group_arn().unwrap();
    let group = group.rsplit_once(':').unwrap().1;
    let balancers = bench.elb.describe_load_balancers().names("edge").send().await.unwrap();
    let balancer = balancers.load_balancers()[0].load_balancer_arn().unwrap();
    let balancer = balancer.split_once("loadbalancer/").unwrap().1;
    let dimensions = [("TargetGroup", group), ("LoadBalancer", balancer)];
    let seconds = |seconds: i64| aws_sdk_cloudwatch::primitives::DateTime::from_secs(seconds);
    let answer = bench
        .metrics
        .get_metric_data()
        .metric_data_queries(query("requests", "AWS/ApplicationELB", "RequestCount", "Sum", &dimensions))
        .metric_data_queries(query("time", "AWS/ApplicationELB", "TargetResponseTime", "p99", &dimensions))
        .metric_data_queries(query("bad", "AWS/ApplicationELB", "HTTPCode_ELB_502_Count", "Sum", &dimensions))
        .start_time(seconds(now.as_second() - 300))
        .end_time(seconds(now.as_second()))
        .send()
        .await
        .unwrap();
    let values: Vec<_> = answer.metric_data_results().iter().map(|result| result.values().to_vec()).collect();
    assert_eq!(values, [vec![360.0; 5], vec![0.004; 5], Vec::new()]);
}

#[tokio::test]
async fn alarms_tell_their_state() {
    let bench = Bench::of_file("deployment-alarm").await;
    let all = bench.metrics.describe_alarms().alarm_names("api-5xx").alarm_names("other").send().await.unwrap();
    let [alarm] = all.metric_alarms() else { panic!("{all:?}") };
    assert_eq!(alarm.state_value(), Some(&StateValue::Alarm));
    assert!(alarm.state_reason().unwrap().starts_with("Threshold Crossed"));
    let minutes = (bench.simulator.with_world(|world| world.now()).as_second()
        - alarm.state_transitioned_timestamp().unwrap().secs())
        / 60;
    assert_eq!(minutes, 7);
    let quiet = bench.metrics.describe_alarms().state_value(StateValue::Ok).send().await.unwrap();
    assert!(quiet.metric_alarms().is_empty());

    let listed = bench.ecs.list_service_deployments().cluster("shop").service("api").send().await.unwrap();
    let newest = listed.service_deployments()[0].service_deployment_arn().unwrap();
    let described = bench.ecs.describe_service_deployments().service_deployment_arns(newest).send().await.unwrap();
    let deployment = &described.service_deployments()[0];
    assert_eq!(deployment.status().unwrap().as_str(), "ROLLBACK_SUCCESSFUL");
    let alarms = deployment.alarms().unwrap();
    assert_eq!(
        (alarms.status().unwrap().as_str(), alarms.triggered_alarm_names()),
        ("TRIGGERED", &["api-5xx".to_owned()][..])
    );
    assert!(deployment.rollback().unwrap().reason().unwrap().contains("alarm"));
}

#[tokio::test]
async fn cloudwatch_answers_errors_in_its_own_protocol() {
    let bench = Bench::of_file("healthy").await;
    let seconds = |seconds: i64| aws_sdk_cloudwatch::primitives::DateTime::from_secs(seconds);
    let error = bench.metrics.get_metric_data().start_time(seconds(9)).end_time(seconds(1)).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationError"));
    assert!(error.message().unwrap().contains("StartTime"));
    bench.simulator.inject("DescribeAlarms", ecsight::sim::FaultKind::Deny);
    let error = bench.metrics.describe_alarms().send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    assert!(error.message().unwrap().contains("cloudwatch:DescribeAlarms"));
}

#[tokio::test]
async fn a_service_at_its_maximum_is_told() {
    let bench = Bench::of_file("scaling-at-maximum").await;
    let resource = "service/shop/api";
    let targets = bench.scaling.describe_scalable_targets().service_namespace("ecs".into()).resource_ids(resource);
    let targets = targets.send().await.unwrap();
    let target = &targets.scalable_targets()[0];
    assert_eq!((target.min_capacity(), target.max_capacity()), (2, 4));
    assert_eq!(target.suspended_state().unwrap().dynamic_scaling_out_suspended(), Some(false));
    let activities =
        || bench.scaling.describe_scaling_activities().service_namespace("ecs".into()).resource_id(resource);
    let scaled = activities().send().await.unwrap();
    assert_eq!(scaled.scaling_activities().len(), 1);
    let all = activities().include_not_scaled_activities(true).send().await.unwrap();
    let [stuck, done] = all.scaling_activities() else { panic!("{all:?}") };
    let reason = &stuck.not_scaled_reasons()[0];
    assert_eq!((reason.code(), reason.max_capacity()), ("AlreadyAtMaxCapacity", Some(4)));
    assert_eq!(done.status_code().as_str(), "Successful");
    let nobody =
        bench.scaling.describe_scalable_targets().service_namespace("ecs".into()).resource_ids("service/shop/x");
    assert!(nobody.send().await.unwrap().scalable_targets().is_empty());
}

#[tokio::test]
async fn a_deployment_waits_at_its_hook() {
    let bench = Bench::of_file("paused-at-hook").await;
    let listed = bench.ecs.list_service_deployments().cluster("shop").service("api").send().await.unwrap();
    let newest = listed.service_deployments()[0].service_deployment_arn().unwrap();
    let described = bench.ecs.describe_service_deployments().service_deployment_arns(newest).send().await.unwrap();
    let deployment = &described.service_deployments()[0];
    assert_eq!(deployment.lifecycle_stage().unwrap().as_str(), "PRE_SCALE_UP");
    let hook = &deployment.lifecycle_hook_details()[0];
    assert_eq!(hook.status().unwrap().as_str(), "AWAITING_ACTION");
    assert_eq!(hook.target_type().unwrap().as_str(), "PAUSE");
    assert_eq!(hook.timeout_action().unwrap().as_str(), "ROLLBACK");
    // The hook's day passes, and nobody said go on.
    bench.simulator.advance(Duration::from_hours(24));
    let described = bench.ecs.describe_service_deployments().service_deployment_arns(newest).send().await.unwrap();
    assert_eq!(described.service_deployments()[0].status().unwrap().as_str(), "ROLLBACK_SUCCESSFUL");
    let target = described.service_deployments()[0].source_service_revisions()[0].arn().unwrap();
    let revisions = bench.ecs.describe_service_revisions().service_revision_arns(target).send().await.unwrap();
    let revision = &revisions.service_revisions()[0];
    assert_eq!(revision.task_definition().unwrap().rsplit('/').next(), Some("api:5"));
    assert!(revision.network_configuration().is_some());
}

#[tokio::test]
async fn task_sets_belong_to_their_controller() {
    let bench = Bench::of_file("external-controller").await;
    let service = bench.service("shop", "invoices").await;
    assert_eq!(service.deployment_controller().unwrap().r#type().as_str(), "EXTERNAL");
    assert_eq!((service.task_definition(), service.deployments().len()), (None, 0));
    let set = &service.task_sets()[0];
    assert_eq!((set.status(), set.stability_status().unwrap().as_str()), (Some("PRIMARY"), "STEADY_STATE"));
    assert!(Bench::of_file("healthy").await.service("shop", "api").await.task_sets().is_empty());
}

#[tokio::test]
async fn hosts_and_capacity_providers_are_described() {
    let bench = Bench::of_file("agent-disconnected").await;
    let service = bench.service("shop", "search").await;
    assert_eq!((service.running_count(), primary(&service).running_count()), (0, 0));
    let hosts = bench.ecs.list_container_instances().cluster("shop").send().await.unwrap();
    let hosts =
        bench.ecs.describe_container_instances().cluster("shop").set_container_instances(hosts.container_instance_arns);
    let hosts = hosts.include("CONTAINER_INSTANCE_HEALTH".into()).send().await.unwrap();
    let host = &hosts.container_instances()[0];
    assert!(!host.agent_connected() && host.health_status().is_some());
    let draining = bench.ecs.list_container_instances().cluster("shop").status("DRAINING".into()).send().await.unwrap();
    assert!(draining.container_instance_arns().is_empty());
    let providers = bench.ecs.describe_capacity_providers().capacity_providers("FARGATE").capacity_providers("none");
    let providers = providers.send().await.unwrap();
    assert_eq!((providers.capacity_providers().len(), providers.failures().len()), (1, 1));
    let bench = Bench::of_file("healthy").await;
    let tasks = bench.ecs.list_tasks().cluster("shop").service_name("api").send().await.unwrap();
    let protection = bench.ecs.get_task_protection().cluster("shop").set_tasks(tasks.task_arns).send().await.unwrap();
    assert_eq!(
        protection
            .protected_tasks()
            .iter()
            .map(aws_sdk_ecs::types::ProtectedTask::protection_enabled)
            .collect::<Vec<_>>(),
        [false; 3]
    );
}
