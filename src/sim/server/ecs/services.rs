//! ListServices, DescribeServices and UpdateService.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answered, Object, arns, bounded, cluster, cluster_not_found, found_and_missing, service_not_found, time};
use crate::sim::server::protocol::AwsError;
use crate::sim::world::{
    ACCOUNT, ChangeError, CircuitBreaker, Controller, Deployment, DeploymentStatus, Event, Launch, Service,
    ServiceChange, World,
};

/// Services in one DescribeServices.
const SERVICES_A_CALL: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    cluster: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
    launch_type: Option<String>,
}

pub(super) fn list(request: &List, world: &World) -> Answered {
    let cluster = cluster(world, request.cluster.as_deref())?;
    let wanted = |service: &&Service| {
        request.launch_type.as_deref().is_none_or(|wanted| launch_type(service.launch) == Some(wanted))
    };
    let all = cluster.services.iter().filter(wanted).map(|service| service.arn.clone()).collect();
    arns("serviceArns", all, request.next_token.as_deref(), request.max_results, 10)
}

#[derive(Deserialize)]
pub(super) struct Describe {
    cluster: Option<String>,
    services: Vec<String>,
}

pub(super) fn describe(request: &Describe, world: &World) -> Answered {
    bounded(&request.services, "Services", SERVICES_A_CALL)?;
    let cluster = cluster(world, request.cluster.as_deref())?;
    let results = request.services.iter().map(|name| {
        let missing = || {
            if name.starts_with("arn:") {
                name.clone()
            } else {
                cluster.arn.replace(":cluster/", ":service/") + "/" + name
            }
        };
        cluster.service(name).map(|service| written(service, world)).ok_or_else(missing)
    });
    Ok(found_and_missing("services", results))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    cluster: Option<String>,
    service: String,
    desired_count: Option<i64>,
    task_definition: Option<String>,
    #[serde(default)]
    force_new_deployment: bool,
    health_check_grace_period_seconds: Option<u64>,
    deployment_configuration: Option<DeploymentConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeploymentConfiguration {
    minimum_healthy_percent: Option<usize>,
    maximum_percent: Option<usize>,
    deployment_circuit_breaker: Option<DeploymentCircuitBreaker>,
}

#[derive(Deserialize)]
struct DeploymentCircuitBreaker {
    enable: bool,
    rollback: bool,
}

pub(super) fn update(request: &Update, world: &mut World) -> Answered {
    let cluster_name = request.cluster.as_deref().unwrap_or("default");
    let desired = match request.desired_count.map(usize::try_from) {
        Some(Err(_)) => return Err(AwsError::invalid_parameter("desiredCount cannot be negative.")),
        Some(Ok(desired)) => Some(desired),
        None => None,
    };
    let configuration = request.deployment_configuration.as_ref();
    let breaker = configuration.and_then(|configuration| configuration.deployment_circuit_breaker.as_ref());
    let change = ServiceChange {
        desired,
        task_definition: request.task_definition.clone(),
        force_new_deployment: request.force_new_deployment,
        grace: request.health_check_grace_period_seconds.map(Duration::from_secs),
        minimum_healthy_percent: configuration.and_then(|configuration| configuration.minimum_healthy_percent),
        maximum_percent: configuration.and_then(|configuration| configuration.maximum_percent),
        circuit_breaker: breaker.map(|breaker| CircuitBreaker { enable: breaker.enable, rollback: breaker.rollback }),
    };
    world.update_service(cluster_name, &request.service, &change).map_err(|error| match error {
        ChangeError::NoCluster => cluster_not_found(),
        ChangeError::NoService => service_not_found(),
        ChangeError::NoTaskDefinition => AwsError::new("ClientException", error.to_string()),
        other => AwsError::invalid_parameter(other.to_string()),
    })?;
    let service = cluster(world, Some(cluster_name))?.service(&request.service).ok_or_else(service_not_found)?;
    Ok(json!({ "service": written(service, world) }))
}

pub(super) fn launch_type(launch: Launch) -> Option<&'static str> {
    match launch {
        Launch::Fargate => Some("FARGATE"),
        Launch::Ec2 => Some("EC2"),
        Launch::FargateSpot => None,
    }
}

fn written(service: &Service, world: &World) -> Value {
    let Some(primary) = service.primary() else { return Value::Null };
    let has_task_sets = service.controller != Controller::Ecs;
    let deployments: Vec<Value> =
        service.deployments.iter().map(|deployment| of_deployment(service, deployment, world)).collect();
    let task_sets: Vec<Value> = service.deployments.iter().map(|set| of_task_set(service, set, world)).collect();
    let mut object = Object::of(json!({
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": service.cluster_arn(),
        "loadBalancers": load_balancers(service),
        "serviceRegistries": [],
        "status": "ACTIVE",
        "desiredCount": service.desired,
        "runningCount": service.running(),
        "pendingCount": service.pending(),
        "deploymentConfiguration": deployment_configuration(service),
        "deployments": if has_task_sets { Vec::new() } else { deployments },
        "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
        "events": service.events.iter().map(|event| of_event(event, world)).collect::<Vec<_>>(),
        "createdAt": time(world, service.created_at),
        "placementConstraints": [],
        "placementStrategy": [],
        "schedulingStrategy": "REPLICA",
        "deploymentController": { "type": service.controller.name() },
        "createdBy": format!("arn:aws:iam::{ACCOUNT}:role/Deploy"),
        "enableECSManagedTags": true,
        "propagateTags": "NONE",
        "enableExecuteCommand": false,
        "availabilityZoneRebalancing": "DISABLED",
    }));
    if service.controller != Controller::External {
        object.put("taskDefinition", primary.definition.arn.as_str());
    }
    object.put_some("launchType", launch_type(service.launch));
    if service.launch == Launch::FargateSpot {
        object.put("capacityProviderStrategy", spot());
    }
    if service.launch != Launch::Ec2 {
        object
            .put("platformVersion", "LATEST")
            .put("platformFamily", "Linux")
            .put("networkConfiguration", network(service));
    }
    if !service.bindings.is_empty() {
        object.put("healthCheckGracePeriodSeconds", service.grace.as_secs());
    }
    if has_task_sets {
        object.put("taskSets", task_sets);
    } else {
        let open = service.history.first().filter(|record| record.status.is_open());
        let shown = open.or(service.history.first());
        object.put_some("currentServiceDeployment", shown.map(|record| record.arn.as_str()));
        object.put("currentServiceRevisions", current_revisions(service));
    }
    object.value()
}

fn spot() -> Value {
    json!([{ "capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0 }])
}

pub(super) fn network(service: &Service) -> Value {
    json!({
        "awsvpcConfiguration": {
            "subnets": service.subnets,
            "securityGroups": service.security_groups,
            "assignPublicIp": "DISABLED",
        }
    })
}

pub(super) fn load_balancers(service: &Service) -> Vec<Value> {
    let of_binding = |binding: &crate::sim::world::LoadBalancerBinding| {
        json!({
            "targetGroupArn": binding.target_group,
            "containerName": binding.container,
            "containerPort": binding.container_port,
        })
    };
    service.bindings.iter().map(of_binding).collect()
}

pub(super) fn deployment_configuration(service: &Service) -> Value {
    let mut configuration = Object::of(json!({
        "maximumPercent": service.maximum_percent,
        "minimumHealthyPercent": service.minimum_healthy_percent,
    }));
    if service.controller == Controller::Ecs {
        let breaker = service.circuit_breaker;
        configuration
            .put("deploymentCircuitBreaker", json!({ "enable": breaker.enable, "rollback": breaker.rollback }));
        let options = &service.options;
        configuration.put(
            "alarms",
            json!({
                "alarmNames": options.alarms,
                "rollback": options.alarm_rollback,
                "enable": !options.alarms.is_empty(),
            }),
        );
        configuration.put("strategy", options.strategy.as_deref().unwrap_or("ROLLING"));
        configuration.put("bakeTimeInMinutes", options.bake_time.as_secs() / 60);
        if let Some(pause) = &options.pause {
            let hook = json!({
                "targetType": "PAUSE",
                "lifecycleStages": [pause.stage],
                "timeoutConfiguration": { "timeoutInMinutes": pause.timeout.as_secs() / 60, "action": pause.action },
            });
            configuration.put("lifecycleHooks", json!([hook]));
        }
    }
    configuration.value()
}

/// Wanted, running and pending tasks of a deployment.
fn counts(service: &Service, deployment: &Deployment) -> (usize, usize, usize) {
    let running = service.tasks_of(&deployment.id).filter(|task| task.is_running()).count();
    let pending = service.tasks_of(&deployment.id).filter(|task| task.is_wanted() && task.is_starting()).count();
    let desired = match deployment.status {
        DeploymentStatus::Primary => service.desired,
        DeploymentStatus::Active => service.tasks_of(&deployment.id).filter(|task| task.is_wanted()).count(),
    };
    (desired, running, pending)
}

fn of_deployment(service: &Service, deployment: &Deployment, world: &World) -> Value {
    let (desired, running, pending) = counts(service, deployment);
    let mut object = Object::of(json!({
        "id": deployment.id,
        "status": deployment.status.name(),
        "taskDefinition": deployment.definition.arn,
        "desiredCount": desired,
        "pendingCount": pending,
        "runningCount": running,
        "failedTasks": deployment.failed,
        "createdAt": time(world, deployment.created_at),
        "updatedAt": time(world, deployment.updated_at),
        "rolloutState": deployment.rollout.name(),
        "rolloutStateReason": deployment.reason,
    }));
    object.put_some("launchType", launch_type(service.launch));
    if service.launch == Launch::FargateSpot {
        object.put("capacityProviderStrategy", spot());
    }
    if service.launch != Launch::Ec2 {
        object
            .put("platformVersion", "1.4.0")
            .put("platformFamily", "Linux")
            .put("networkConfiguration", network(service));
    }
    object.value()
}

fn of_task_set(service: &Service, set: &Deployment, world: &World) -> Value {
    let (desired, running, pending) = counts(service, set);
    let scale = if set.status == DeploymentStatus::Primary { 100.0 } else { 0.0 };
    let stable = running == desired && pending == 0;
    json!({
        "id": set.id,
        "taskSetArn": service.arn_of("task-set", &format!("{}/{}/{}", service.cluster, service.name, set.id)),
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn(),
        "startedBy": if service.controller == Controller::External { "pipeline" } else { "CODE_DEPLOY" },
        "externalId": if service.controller == Controller::External { "release-1" } else { "d-SIM0000D1" },
        "status": set.status.name(),
        "taskDefinition": set.definition.arn,
        "computedDesiredCount": desired,
        "pendingCount": pending,
        "runningCount": running,
        "createdAt": time(world, set.created_at),
        "updatedAt": time(world, set.updated_at),
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "networkConfiguration": network(service),
        "loadBalancers": load_balancers(service),
        "serviceRegistries": [],
        "scale": { "value": scale, "unit": "PERCENT" },
        "stabilityStatus": if stable { "STEADY_STATE" } else { "STABILIZING" },
        "stabilityStatusAt": time(world, set.updated_at),
        "tags": [],
    })
}

fn of_event(event: &Event, world: &World) -> Value {
    json!({ "id": event.id, "createdAt": time(world, event.at), "message": event.message })
}

fn current_revisions(service: &Service) -> Vec<Value> {
    let of_deployment = |deployment: &Deployment| {
        let (desired, running, pending) = counts(service, deployment);
        json!({
            "arn": deployment.revision,
            "requestedTaskCount": desired,
            "runningTaskCount": running,
            "pendingTaskCount": pending,
        })
    };
    service.deployments.iter().map(of_deployment).collect()
}
