//! Paging, batch sizes and the errors of AWS.

use aws_sdk_ecs::error::SdkError;
use ecsight::sim::{Blueprint, World};

use crate::clients::{Bench, code_and_message};

#[tokio::test]
async fn a_thousand_services_come_in_ten_pages() {
    let bench = Bench::with(World::of_size(1, 1000, 1)).await;
    let mut pages = bench.ecs.list_services().cluster("cluster-1").max_results(100).into_paginator().send();
    let mut arns = Vec::new();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        arns.extend(page.unwrap().service_arns.unwrap());
        count += 1;
    }
    arns.sort();
    arns.dedup();
    assert_eq!((count, arns.len()), (10, 1000));
    assert_eq!(bench.simulator.calls()["ListServices"], 10);
    let default = bench.ecs.list_services().cluster("cluster-1").send().await.unwrap();
    assert_eq!(default.service_arns().len(), 10);
}

#[tokio::test]
async fn a_service_of_five_thousand_tasks() {
    let bench = Bench::with_service(Blueprint::web("crowd").tasks(5000)).await;
    let mut pages = bench.ecs.list_tasks().cluster("test").service_name("crowd").into_paginator().send();
    let mut arns = Vec::new();
    while let Some(page) = pages.next().await {
        arns.extend(page.unwrap().task_arns.unwrap());
    }
    assert_eq!(arns.len(), 5000);
    let batch = arns[..100].to_vec();
    let described = bench.ecs.describe_tasks().cluster("test").set_tasks(Some(batch)).send().await.unwrap();
    assert_eq!(described.tasks().len(), 100);
    let service = bench.service("test", "crowd").await;
    assert_eq!(bench.targets(&service).await.len(), 5000);
    let too_many = arns[..101].to_vec();
    let error = bench.ecs.describe_tasks().cluster("test").set_tasks(Some(too_many)).send().await.unwrap_err();
    assert_eq!(code_and_message(&error).0, "InvalidParameterException");
}

#[tokio::test]
async fn batches_and_pages_have_limits() {
    let bench = Bench::demo().await;
    let names = (0..11).map(|number| format!("service-{number}")).collect();
    let error = bench.ecs.describe_services().cluster("shop-prod").set_services(Some(names)).send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_parameter_exception());
    for size in [0, 101] {
        let error = bench.ecs.list_services().cluster("shop-prod").max_results(size).send().await.unwrap_err();
        assert!(error.into_service_error().is_invalid_parameter_exception());
    }
    let error = bench.ecs.list_services().cluster("shop-prod").next_token("made-up").send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_parameter_exception());
    let error = bench.elb.describe_target_groups().page_size(401).send().await.unwrap_err();
    assert_eq!(code_and_message(&error).0, "ValidationError");
    let mut pages = bench.elb.describe_target_groups().page_size(3).into_paginator().items().send();
    let mut groups = 0;
    while let Some(group) = pages.next().await {
        assert!(group.unwrap().target_group_arn().is_some());
        groups += 1;
    }
    assert!(groups > 12);
    let error =
        bench.ecs.list_tasks().cluster("shop-prod").started_by("ecs-svc/1").family("web").send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_parameter_exception());
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let bench = Bench::demo().await;
    let error = bench.ecs.list_services().cluster("nowhere").send().await.unwrap_err();
    assert!(error.into_service_error().is_cluster_not_found_exception());
    let error = bench.ecs.list_tasks().cluster("shop-prod").service_name("nobody").send().await.unwrap_err();
    assert!(error.into_service_error().is_service_not_found_exception());
    let error = bench.ecs.update_service().cluster("shop-prod").service("nobody").send().await.unwrap_err();
    assert!(error.into_service_error().is_service_not_found_exception());
    let error = bench.ecs.describe_task_definition().task_definition("nothing:1").send().await.unwrap_err();
    assert!(error.into_service_error().is_client_exception());
    let error = bench.elb.describe_target_health().target_group_arn("arn:nothing").send().await.unwrap_err();
    assert!(error.into_service_error().is_target_group_not_found_exception());
    let error = bench.elb.describe_load_balancers().load_balancer_arns("arn:nothing").send().await.unwrap_err();
    assert!(error.into_service_error().is_load_balancer_not_found_exception());
    let missing = bench.ecs.describe_services().cluster("shop-prod").services("nobody").send().await.unwrap();
    assert_eq!(missing.failures()[0].arn(), Some("arn:aws:ecs:eu-west-1:111122223333:service/shop-prod/nobody"));
    assert_eq!(missing.failures()[0].reason(), Some("MISSING"));
}

#[tokio::test]
async fn operations_that_are_not_simulated_are_refused_as_unknown() {
    let bench = Bench::demo().await;
    let error = bench.ecs.list_attributes().target_type("container-instance".into()).send().await.unwrap_err();
    assert_eq!(code_and_message(&error).0, "UnknownOperationException");
    let error = bench.elb.describe_account_limits().send().await.unwrap_err();
    assert_eq!(
        code_and_message(&error),
        ("InvalidAction", "The action DescribeAccountLimits is not valid for this web service.")
    );
    assert!(matches!(error, SdkError::ServiceError(_)));
}
