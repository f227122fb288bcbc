//! ListContainerInstances and DescribeContainerInstances.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answered, Object, arns, bounded, cluster, found_and_missing, time};
use crate::sim::world::{Cluster, ContainerInstance, REGION, Seat, World};

/// Hosts in one DescribeContainerInstances.
const INSTANCES_A_CALL: usize = 100;

/// Ports no task can have: SSH, Docker and the agent.
const RESERVED_PORTS: [&str; 5] = ["22", "2375", "2376", "51678", "51679"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    cluster: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
    status: Option<String>,
}

pub(super) fn list(request: &List, world: &World) -> Answered {
    let cluster = cluster(world, request.cluster.as_deref())?;
    let wanted =
        |instance: &&ContainerInstance| request.status.as_deref().is_none_or(|wanted| wanted == status(instance));
    let all = cluster.instances.iter().filter(wanted).map(|instance| instance.arn.clone()).collect();
    arns("containerInstanceArns", all, request.next_token.as_deref(), request.max_results, 100)
}

fn status(instance: &ContainerInstance) -> &'static str {
    if instance.draining { "DRAINING" } else { "ACTIVE" }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Describe {
    cluster: Option<String>,
    container_instances: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

pub(super) fn describe(request: &Describe, world: &World) -> Answered {
    bounded(&request.container_instances, "Container instances", INSTANCES_A_CALL)?;
    let cluster = cluster(world, request.cluster.as_deref())?;
    let with_health = request.include.iter().any(|part| part == "CONTAINER_INSTANCE_HEALTH");
    let results = request.container_instances.iter().map(|name| {
        let named =
            |instance: &&ContainerInstance| instance.arn == *name || instance.arn.rsplit('/').next() == Some(name);
        cluster
            .instances
            .iter()
            .find(named)
            .map(|instance| written(instance, cluster, with_health, world))
            .ok_or_else(|| name.clone())
    });
    Ok(found_and_missing("containerInstances", results))
}

fn written(instance: &ContainerInstance, cluster: &Cluster, with_health: bool, world: &World) -> Value {
    let here = || {
        let on_host = |seat: &Seat| matches!(seat, Seat::Host { instance_arn, .. } if *instance_arn == instance.arn);
        cluster.tasks().map(|(_, task)| task).filter(move |task| on_host(&task.seat))
    };
    let whole = |name: &str, value: u32| json!({ "name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value });
    let ports = |ports: Vec<String>| {
        json!({
            "name": "PORTS",
            "type": "STRINGSET",
            "doubleValue": 0.0,
            "longValue": 0,
            "integerValue": 0,
            "stringSetValue": ports,
        })
    };
    let reserved: Vec<String> = RESERVED_PORTS.iter().map(|port| (*port).to_owned()).collect();
    let used: Vec<String> = reserved.iter().cloned().chain(instance.ports.iter().map(u16::to_string)).collect();
    let attribute = |name: &str, value: &str| json!({ "name": name, "value": value });
    let mut object = Object::of(json!({
        "containerInstanceArn": instance.arn,
        "ec2InstanceId": instance.ec2_instance,
        "version": 12,
        "versionInfo": { "agentVersion": "1.95.0", "agentHash": "3c57d8b1", "dockerVersion": "DockerVersion: 25.0.8" },
        "remainingResources": [
            whole("CPU", instance.free_cpu),
            whole("MEMORY", instance.free_memory),
            ports(used),
        ],
        "registeredResources": [
            whole("CPU", instance.registered_cpu),
            whole("MEMORY", instance.registered_memory),
            ports(reserved),
        ],
        "status": status(instance),
        "agentConnected": instance.agent_connected,
        "runningTasksCount": here().filter(|task| task.is_running()).count(),
        "pendingTasksCount": here().filter(|task| task.is_wanted() && task.is_starting()).count(),
        "attributes": [
            attribute("ecs.availability-zone", &instance.zone),
            attribute("ecs.instance-type", instance.instance_type),
            attribute("ecs.subnet-id", &instance.subnet),
            attribute("ecs.awsvpc-trunk-id", ""),
            attribute("ecs.region", REGION),
        ],
        "registeredAt": time(world, instance.registered_at),
        "attachments": [],
        "tags": [],
    }));
    if with_health {
        let check = json!({
            "type": "CONTAINER_RUNTIME",
            "status": "OK",
            "lastUpdated": time(world, instance.registered_at),
            "lastStatusChange": time(world, instance.registered_at),
        });
        object.put("healthStatus", json!({ "overallStatus": "OK", "details": [check] }));
    }
    object.value()
}
