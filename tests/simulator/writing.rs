//! Changes: deployments, scaling, stopping, fixing.

use std::time::Duration;

use aws_sdk_ecs::types::{DeploymentConfiguration, ServiceDeploymentStatus};
use ecsight::sim::{Application, Blueprint};

use crate::clients::{Bench, code_and_message, is_completed, primary, said};

#[tokio::test]
async fn a_forced_deployment_replaces_every_task() {
    let bench = Bench::with_service(Blueprint::web("shop").tasks(3)).await;
    let before = bench.ecs.list_tasks().cluster("test").send().await.unwrap().task_arns.unwrap();
    let updated =
        bench.ecs.update_service().cluster("test").service("shop").force_new_deployment(true).send().await.unwrap();
    let service = updated.service.unwrap();
    assert_eq!(service.deployments().len(), 2);
    assert_eq!(
        primary(&service).rollout_state().map(aws_sdk_ecs::types::DeploymentRolloutState::as_str),
        Some("IN_PROGRESS")
    );
    let id = primary(&service).id().unwrap().to_owned();
    assert_eq!(primary(&service).rollout_state_reason(), Some(format!("ECS deployment {id} in progress.").as_str()));
    bench.simulator.advance(Duration::from_secs(8));
    let rolling = bench.service("test", "shop").await;
    assert!(rolling.running_count() + rolling.pending_count() > 3);
    let service = bench.until("test", "shop", is_completed).await;
    assert_eq!(primary(&service).id(), Some(id.as_str()));
    assert_eq!((service.running_count(), service.pending_count()), (3, 0));
    let after = bench.ecs.list_tasks().cluster("test").send().await.unwrap().task_arns.unwrap();
    assert!(after.len() == 3 && after.iter().all(|arn| !before.contains(arn)));
    let started = bench.ecs.list_tasks().cluster("test").started_by(&id).send().await.unwrap();
    assert_eq!(started.task_arns().len(), 3);
    assert!(said(&service, &format!("(service shop) (deployment {id}) deployment completed.")));
    assert!(said(&service, "(service shop) has reached a steady state."));
    assert!(said(&service, "(service shop) has started 3 tasks: (task "));
}

#[tokio::test]
async fn scaling_is_no_deployment() {
    let bench = Bench::with_service(Blueprint::web("shop").tasks(2)).await;
    let deployment = primary(&bench.service("test", "shop").await).id().unwrap().to_owned();
    for count in [5, 1, 0] {
        bench.ecs.update_service().cluster("test").service("shop").desired_count(count).send().await.unwrap();
        let service = bench
            .until("test", "shop", |service| service.running_count() == count && service.pending_count() == 0)
            .await;
        assert_eq!(service.desired_count(), count);
        assert_eq!(primary(&service).id(), Some(deployment.as_str()));
    }
    let stopped = bench.stopped_tasks("test", "shop").await;
    let reason = format!("Scaling activity initiated by (deployment {deployment})");
    assert!(stopped.iter().all(|task| task.stopped_reason() == Some(reason.as_str())));
}

#[tokio::test]
async fn the_circuit_breaker_trips_and_rolls_back() {
    let bench = Bench::demo().await;
    let listed = bench.ecs.list_service_deployments().cluster("shop-prod").service("promotions").send().await.unwrap();
    let brief = &listed.service_deployments()[0];
    assert_eq!(brief.status(), Some(&ServiceDeploymentStatus::InProgress));
    let arn = brief.service_deployment_arn().unwrap();
    let record = || async {
        let answer = bench.ecs.describe_service_deployments().service_deployment_arns(arn).send().await.unwrap();
        answer.service_deployments.unwrap().remove(0)
    };
    let breaker = record().await.deployment_circuit_breaker.unwrap();
    assert_eq!(
        (
            breaker.status().map(aws_sdk_ecs::types::ServiceDeploymentRollbackMonitorsStatus::as_str),
            breaker.threshold()
        ),
        (Some("MONITORING"), 3)
    );
    let service = bench.until("shop-prod", "promotions", |service| said(service, "rolling back to deployment")).await;
    assert!(primary(&service).rollout_state_reason().unwrap().contains("rolling back to deploymentId ecs-svc/"));
    bench.until("shop-prod", "promotions", is_completed).await;
    let record = record().await;
    assert_eq!(record.status(), Some(&ServiceDeploymentStatus::RollbackSuccessful));
    let breaker = record.deployment_circuit_breaker().unwrap();
    assert_eq!(
        breaker.status().map(aws_sdk_ecs::types::ServiceDeploymentRollbackMonitorsStatus::as_str),
        Some("TRIGGERED")
    );
    assert!(breaker.failure_count() >= 3);
    let revision = record.rollback().unwrap().service_revision_arn().unwrap();
    let revisions = bench.ecs.describe_service_revisions().service_revision_arns(revision).send().await.unwrap();
    assert!(revisions.service_revisions()[0].task_definition().unwrap().ends_with("/promo:51"));
}

#[tokio::test]
async fn code_deploy_keeps_its_services() {
    let bench = Bench::demo().await;
    let update = || bench.ecs.update_service().cluster("shop-prod").service("invoices");
    let error = update().force_new_deployment(true).send().await.unwrap_err();
    let expected = "Cannot force a new deployment on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to \
                    trigger a new deployment.";
    assert_eq!(code_and_message(&error), ("InvalidParameterException", expected));
    let error = update().task_definition("acc:5").send().await.unwrap_err();
    assert!(code_and_message(&error).1.starts_with("Unable to update task definition on services with a CODE_DEPLOY"));
    assert_eq!(update().desired_count(3).send().await.unwrap().service().unwrap().desired_count(), 3);
}

#[tokio::test]
async fn a_stopped_task_is_replaced() {
    let bench = Bench::with_service(Blueprint::web("shop").tasks(2)).await;
    let task = bench.ecs.list_tasks().cluster("test").send().await.unwrap().task_arns.unwrap().remove(0);
    let stopped = bench.ecs.stop_task().cluster("test").task(&task).reason("looked odd").send().await.unwrap();
    let stopped = stopped.task.unwrap();
    assert_eq!((stopped.desired_status(), stopped.stopped_reason()), (Some("STOPPED"), Some("looked odd")));
    assert_eq!(stopped.stop_code().map(aws_sdk_ecs::types::TaskStopCode::as_str), Some("UserInitiated"));
    bench.simulator.advance(Duration::from_mins(2));
    let service = bench.service("test", "shop").await;
    assert_eq!(service.running_count(), 2);
    let dead = bench.stopped_tasks("test", "shop").await;
    assert_eq!((dead.len(), dead[0].last_status()), (1, Some("STOPPED")));
    assert!(dead[0].stopped_at().is_some() && dead[0].execution_stopped_at() <= dead[0].stopped_at());
}

#[tokio::test]
async fn a_corrected_health_check_heals_the_service() {
    let bench = Bench::demo().await;
    let service = bench.service("shop-prod", "messenger-web").await;
    let group = service.load_balancers()[0].target_group_arn().unwrap();
    let modified =
        bench.elb.modify_target_group().target_group_arn(group).health_check_path("/healthz").send().await.unwrap();
    assert_eq!(modified.target_groups()[0].health_check_path(), Some("/healthz"));
    let service = bench.until("shop-prod", "messenger-web", is_completed).await;
    assert_eq!(service.running_count(), 4);
    let error =
        bench.elb.modify_target_group().target_group_arn(group).unhealthy_threshold_count(1).send().await.unwrap_err();
    assert_eq!(code_and_message(&error).0, "ValidationError");
}

#[tokio::test]
async fn a_grace_period_and_bounds_can_be_changed() {
    let bench = Bench::with_service(Blueprint::web("shop").tasks(4)).await;
    let configuration = DeploymentConfiguration::builder().minimum_healthy_percent(50).maximum_percent(100).build();
    let updated = bench
        .ecs
        .update_service()
        .cluster("test")
        .service("shop")
        .health_check_grace_period_seconds(120)
        .deployment_configuration(configuration)
        .send()
        .await
        .unwrap();
    let service = updated.service.unwrap();
    assert_eq!(service.health_check_grace_period_seconds(), Some(120));
    let bounds = service.deployment_configuration().unwrap();
    assert_eq!((bounds.minimum_healthy_percent(), bounds.maximum_percent()), (Some(50), Some(100)));
    assert!(is_completed(&service));
    bench.simulator.with_world(|world| world.deploy("test", "shop", &Application::web(8080)));
    for _ in 0..60 {
        bench.simulator.advance(Duration::from_secs(2));
        let service = bench.service("test", "shop").await;
        assert!(
            service.pending_count() <= 4
                && service.deployments().iter().map(aws_sdk_ecs::types::Deployment::desired_count).sum::<i32>() <= 8
        );
    }
    bench.until("test", "shop", is_completed).await;
}
