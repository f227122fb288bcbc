//! ListServiceDeployments, DescribeServiceDeployments and DescribeServiceRevisions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::services::{deployment_configuration, launch_type, load_balancers, network};
use super::{
    Answered, Object, bounded, cluster, found_and_missing, maybe_time, paged, service_not_found, time, with_token,
};
use crate::sim::server::protocol::AwsError;
use crate::sim::world::{Controller, Launch, Service, ServiceDeployment, ServiceRevision, World};

/// Records or revisions in one call.
const RECORDS_A_CALL: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    service: String,
    cluster: Option<String>,
    #[serde(default)]
    status: Vec<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

pub(super) fn list(request: &List, world: &World) -> Answered {
    let cluster = cluster(world, request.cluster.as_deref())?;
    let service = cluster.service(&request.service).ok_or_else(service_not_found)?;
    if service.controller != Controller::Ecs {
        let message = "Service deployments are only supported for services with the ECS deployment controller.";
        return Err(AwsError::new("UnsupportedFeatureException", message));
    }
    let wanted = |record: &&ServiceDeployment| {
        request.status.is_empty() || request.status.iter().any(|status| status == record.status.name())
    };
    let records: Vec<&ServiceDeployment> = service.history.iter().filter(wanted).collect();
    let (records, next) = paged(records, request.next_token.as_deref(), request.max_results, 20)?;
    let brief = |record: &ServiceDeployment| {
        let mut object = Object::of(json!({
            "serviceDeploymentArn": record.arn,
            "serviceArn": service.arn,
            "clusterArn": cluster.arn,
            "startedAt": time(world, record.created_at),
            "createdAt": time(world, record.created_at),
            "targetServiceRevisionArn": record.target,
            "status": record.status.name(),
        }));
        object.put_some("finishedAt", maybe_time(world, record.finished_at));
        object.put_some("statusReason", record.reason.as_deref());
        object.value()
    };
    let records: Vec<Value> = records.into_iter().map(brief).collect();
    Ok(with_token(json!({ "serviceDeployments": records }), next))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Describe {
    service_deployment_arns: Vec<String>,
}

pub(super) fn describe(request: &Describe, world: &World) -> Answered {
    bounded(&request.service_deployment_arns, "Service deployment ARNs", RECORDS_A_CALL)?;
    let results = request.service_deployment_arns.iter().map(|arn| {
        let found = named_in(world, arn)
            .and_then(|service| Some((service, service.history.iter().find(|record| record.arn == *arn)?)));
        found.map(|(service, record)| written(service, record, world)).ok_or_else(|| arn.clone())
    });
    Ok(found_and_missing("serviceDeployments", results))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeRevisions {
    service_revision_arns: Vec<String>,
}

pub(super) fn describe_revisions(request: &DescribeRevisions, world: &World) -> Answered {
    bounded(&request.service_revision_arns, "Service revision ARNs", RECORDS_A_CALL)?;
    let results = request.service_revision_arns.iter().map(|arn| {
        let found = named_in(world, arn)
            .and_then(|service| Some((service, service.revisions.iter().find(|revision| revision.arn == *arn)?)));
        found.map(|(service, revision)| of_revision(service, revision, world)).ok_or_else(|| arn.clone())
    });
    Ok(found_and_missing("serviceRevisions", results))
}

/// The service that an ARN of the form `…/CLUSTER/SERVICE/ID` speaks of.
fn named_in<'a>(world: &'a World, arn: &str) -> Option<&'a Service> {
    let mut parts = arn.split('/').skip(1);
    world.cluster(parts.next()?)?.service(parts.next()?)
}

fn written(service: &Service, record: &ServiceDeployment, world: &World) -> Value {
    let counts = |revision: &str| {
        let deployment = service.deployments.iter().find(|deployment| deployment.revision == revision);
        let tasks = || deployment.into_iter().flat_map(|deployment| service.tasks_of(&deployment.id));
        let requested = tasks().filter(|task| task.is_wanted()).count();
        let running = tasks().filter(|task| task.is_running()).count();
        let pending = tasks().filter(|task| task.is_wanted() && task.is_starting()).count();
        json!({
            "arn": revision,
            "requestedTaskCount": requested,
            "runningTaskCount": running,
            "pendingTaskCount": pending,
        })
    };
    let monitor = match (service.circuit_breaker.enable, record.breaker_triggered, record.finished_at) {
        (false, _, _) => "DISABLED",
        (true, true, _) => "TRIGGERED",
        (true, false, None) => "MONITORING",
        (true, false, Some(_)) => "MONITORING_COMPLETE",
    };
    let mut object = Object::of(json!({
        "serviceDeploymentArn": record.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn(),
        "createdAt": time(world, record.created_at),
        "startedAt": time(world, record.created_at),
        "updatedAt": time(world, record.updated_at),
        "sourceServiceRevisions": record.sources.iter().map(|revision| counts(revision)).collect::<Vec<_>>(),
        "targetServiceRevision": counts(&record.target),
        "status": record.status.name(),
        "deploymentConfiguration": deployment_configuration(service),
        "deploymentCircuitBreaker": {
            "status": monitor,
            "failureCount": record.failures,
            "threshold": record.threshold,
        },
        "alarms": alarms(service, record),
    }));
    if let Some(waiting) = &record.waiting {
        let hook = json!({
            "hookId": waiting.hook,
            "targetType": "PAUSE",
            "status": "AWAITING_ACTION",
            "expiresAt": time(world, waiting.until),
            "timeoutAction": waiting.action,
        });
        object.put("lifecycleHookDetails", json!([hook]));
    }
    object.put_some("finishedAt", maybe_time(world, record.finished_at));
    object.put_some("statusReason", record.reason.as_deref());
    if record.status.is_open() {
        let stage = record.waiting.as_ref().map_or("SCALE_UP", |waiting| waiting.stage.as_str());
        object.put("lifecycleStage", stage);
    }
    if let Some(rollback) = &record.rollback {
        object.put(
            "rollback",
            json!({
                "reason": rollback.reason,
                "startedAt": time(world, rollback.started_at),
                "serviceRevisionArn": rollback.revision,
            }),
        );
    }
    object.value()
}

fn alarms(service: &Service, record: &ServiceDeployment) -> Value {
    let names = &service.options.alarms;
    if names.is_empty() {
        return json!({ "status": "DISABLED" });
    }
    let status = match record.finished_at {
        _ if !record.triggered_alarms.is_empty() => "TRIGGERED",
        None => "MONITORING",
        Some(_) => "MONITORING_COMPLETE",
    };
    json!({ "status": status, "alarmNames": names, "triggeredAlarmNames": record.triggered_alarms })
}

fn of_revision(service: &Service, revision: &ServiceRevision, world: &World) -> Value {
    let images: Vec<Value> = revision
        .definition
        .containers
        .iter()
        .map(|container| json!({ "containerName": container.name, "image": container.image() }))
        .collect();
    let mut object = Object::of(json!({
        "serviceRevisionArn": revision.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn(),
        "taskDefinition": revision.definition.arn,
        "loadBalancers": load_balancers(service),
        "serviceRegistries": [],
        "containerImages": images,
        "guardDutyEnabled": false,
        "createdAt": time(world, revision.created_at),
    }));
    if service.launch != Launch::Ec2 {
        object
            .put("platformVersion", "1.4.0")
            .put("platformFamily", "Linux")
            .put("networkConfiguration", network(service));
    }
    object.put_some("launchType", launch_type(service.launch));
    object.value()
}
