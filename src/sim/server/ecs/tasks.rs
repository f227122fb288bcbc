//! ListTasks, DescribeTasks and StopTask.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answered, Object, arns, bounded, cluster, cluster_not_found, found_and_missing, maybe_time, service_not_found, time,
};
use crate::sim::server::protocol::AwsError;
use crate::sim::world::{
    ChangeError, Container, ContainerDefinition, ContainerHealth, Launch, Seat, Service, Status, Task, World,
};

/// Tasks in one DescribeTasks.
const TASKS_A_CALL: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    cluster: Option<String>,
    container_instance: Option<String>,
    family: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
    started_by: Option<String>,
    service_name: Option<String>,
    desired_status: Option<String>,
    launch_type: Option<String>,
}

pub(super) fn list(request: &List, world: &World) -> Answered {
    let cluster = cluster(world, request.cluster.as_deref())?;
    let stopped = match request.desired_status.as_deref() {
        None | Some("RUNNING") => Some(false),
        Some("STOPPED") => Some(true),
        // AWS accepts it, and never has any.
        Some("PENDING") => None,
        Some(other) => return Err(AwsError::invalid_parameter(format!("Unknown desiredStatus {other}."))),
    };
    let others = [&request.family, &request.service_name, &request.container_instance, &request.launch_type];
    if request.started_by.is_some() && others.iter().any(|filter| filter.is_some()) {
        return Err(AwsError::invalid_parameter("startedBy must be the only filter."));
    }
    let only =
        request.service_name.as_ref().map(|name| cluster.service(name).ok_or_else(service_not_found)).transpose()?;
    let matches = |(service, task): &(&Service, &Task)| {
        let is = |wanted: &Option<String>, actual: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == actual)
        };
        let host = match &task.seat {
            Seat::Host { instance_arn, .. } => Some(instance_arn.as_str()),
            Seat::Interface { .. } => None,
        };
        let on_host = request
            .container_instance
            .as_deref()
            .is_none_or(|wanted| host.is_some_and(|arn| arn == wanted || arn.rsplit('/').next() == Some(wanted)));
        stopped == Some(!task.is_wanted())
            && only.is_none_or(|only| only.arn == service.arn)
            && is(&request.family, Some(&task.definition.family))
            && is(&request.started_by, Some(&task.started_by))
            && is(&request.launch_type, Some(launch_type(service.launch)))
            && on_host
    };
    let found = cluster.tasks().filter(matches).map(|(_, task)| task.arn.clone()).collect();
    arns("taskArns", found, request.next_token.as_deref(), request.max_results, 100)
}

#[derive(Deserialize)]
pub(super) struct Describe {
    cluster: Option<String>,
    tasks: Vec<String>,
}

pub(super) fn describe(request: &Describe, world: &World) -> Answered {
    bounded(&request.tasks, "Tasks", TASKS_A_CALL)?;
    let cluster = cluster(world, request.cluster.as_deref())?;
    let results = request.tasks.iter().map(|name| {
        let found = cluster.tasks().find(|(_, task)| task.id == *name || task.arn == *name);
        found.map(|(service, task)| written(service, task, world)).ok_or_else(|| {
            if name.starts_with("arn:") {
                name.clone()
            } else {
                cluster.arn.replace(":cluster/", ":task/") + "/" + name
            }
        })
    });
    Ok(found_and_missing("tasks", results))
}

#[derive(Deserialize)]
pub(super) struct Protection {
    cluster: String,
    #[serde(default)]
    tasks: Vec<String>,
}

pub(super) fn protection(request: &Protection, world: &World) -> Answered {
    let cluster = cluster(world, Some(&request.cluster))?;
    let results = request.tasks.iter().map(|name| {
        let found = cluster.tasks().find(|(_, task)| (task.id == *name || task.arn == *name) && task.is_wanted());
        found
            .map(|(service, task)| json!({ "taskArn": task.arn, "protectionEnabled": service.protected }))
            .ok_or_else(|| name.clone())
    });
    Ok(found_and_missing("protectedTasks", results))
}

#[derive(Deserialize)]
pub(super) struct Stop {
    cluster: Option<String>,
    task: String,
    reason: Option<String>,
}

pub(super) fn stop(request: &Stop, world: &mut World) -> Answered {
    let name = request.cluster.as_deref().unwrap_or("default");
    let reason = request.reason.as_deref().unwrap_or("Task stopped by user");
    world.stop_task(name, &request.task, reason).map_err(|error| match error {
        ChangeError::NoCluster => cluster_not_found(),
        other => AwsError::invalid_parameter(other.to_string()),
    })?;
    let cluster = cluster(world, Some(name))?;
    let found = cluster.tasks().find(|(_, task)| task.id == request.task || task.arn == request.task);
    Ok(json!({ "task": found.map(|(service, task)| written(service, task, world)) }))
}

fn launch_type(launch: Launch) -> &'static str {
    if launch == Launch::Ec2 { "EC2" } else { "FARGATE" }
}

fn written(service: &Service, task: &Task, world: &World) -> Value {
    let containers: Vec<Value> = task
        .containers
        .iter()
        .zip(&task.definition.containers)
        .enumerate()
        .map(|(place, (container, defined))| {
            of_container(task, container, defined, world.container_health(task, place))
        })
        .collect();
    let names: Vec<Value> = task.definition.containers.iter().map(|defined| json!({ "name": defined.name })).collect();
    let mut object = Object::of(json!({
        "attachments": attachments(task),
        "attributes": [{ "name": "ecs.cpu-architecture", "value": "x86_64" }],
        "availabilityZone": task.zone,
        "clusterArn": service.cluster_arn(),
        "containers": containers,
        "cpu": task.definition.cpu.to_string(),
        "memory": task.definition.memory.to_string(),
        "createdAt": time(world, task.created_at),
        "desiredStatus": if task.is_wanted() { "RUNNING" } else { "STOPPED" },
        "enableExecuteCommand": false,
        "group": format!("service:{}", service.name),
        "healthStatus": world.task_health(task).name(),
        "lastStatus": task.status.name(),
        "launchType": launch_type(service.launch),
        "overrides": { "containerOverrides": names, "inferenceAcceleratorOverrides": [] },
        "startedBy": task.started_by,
        "tags": [],
        "taskArn": task.arn,
        "taskDefinitionArn": task.definition.arn,
        "version": task.version,
    }));
    if let Seat::Host { instance_arn, .. } = &task.seat {
        object.put("containerInstanceArn", instance_arn.as_str());
    } else {
        object.put("platformVersion", "1.4.0").put("platformFamily", "Linux");
        object.put("ephemeralStorage", json!({ "sizeInGiB": 20 }));
    }
    object.put_some("capacityProviderName", task.capacity_provider);
    if task.status > Status::Provisioning {
        object.put("connectivity", "CONNECTED").put_some("connectivityAt", maybe_time(world, task.pull_started_at));
    }
    for (key, moment) in [
        ("pullStartedAt", task.pull_started_at),
        ("pullStoppedAt", task.pull_stopped_at),
        ("startedAt", task.started_at),
        ("stoppingAt", task.stopping_at),
        ("executionStoppedAt", task.execution_stopped_at),
        ("stoppedAt", task.stopped_at),
    ] {
        object.put_some(key, maybe_time(world, moment));
    }
    if let Some((code, reason)) = &task.stop {
        object.put("stopCode", code.name()).put("stoppedReason", reason.as_str());
    }
    object.value()
}

fn attachments(task: &Task) -> Value {
    let Seat::Interface { eni, attachment, mac, subnet, address } = &task.seat else { return json!([]) };
    let status = match task.status {
        Status::Provisioning => "PRECREATED",
        Status::Stopped => "DELETED",
        _ => "ATTACHED",
    };
    let detail = |name: &str, value: String| json!({ "name": name, "value": value });
    let mut details = vec![detail("subnetId", subnet.clone())];
    // Before the interface is made there is nothing to tell.
    if task.status > Status::Provisioning {
        details.extend([
            detail("networkInterfaceId", eni.clone()),
            detail("macAddress", mac.clone()),
            detail(
                "privateDnsName",
                format!("ip-{}.eu-west-1.compute.internal", address.to_string().replace('.', "-")),
            ),
            detail("privateIPv4Address", address.to_string()),
        ]);
    }
    json!([{ "id": attachment, "type": "ElasticNetworkInterface", "status": status, "details": details }])
}

fn of_container(
    task: &Task,
    container: &Container,
    defined: &ContainerDefinition,
    health: Option<ContainerHealth>,
) -> Value {
    let status = match task.status {
        _ if container.running => "RUNNING",
        Status::Provisioning | Status::Pending => "PENDING",
        _ => "STOPPED",
    };
    let interfaces = match &task.seat {
        Seat::Interface { attachment, address, .. } if task.status > Status::Provisioning => {
            json!([{ "attachmentId": attachment, "privateIpv4Address": address.to_string() }])
        }
        _ => json!([]),
    };
    let bindings: Vec<Value> = task
        .host_ports()
        .iter()
        .filter(|_| container.running)
        .map(|port| {
            json!({ "bindIP": "0.0.0.0", "containerPort": port.container, "hostPort": port.host, "protocol": "tcp" })
        })
        .collect();
    let mut object = Object::of(json!({
        "containerArn": format!("{}/{}", task.arn.replace(":task/", ":container/"), container_id(task, defined)),
        "taskArn": task.arn,
        "name": defined.name,
        "image": defined.image(),
        "lastStatus": status,
        "networkBindings": bindings,
        "networkInterfaces": interfaces,
        "healthStatus": health.map_or("UNKNOWN", ContainerHealth::name),
        "cpu": "0",
        "memory": defined.memory.to_string(),
    }));
    if !container.runtime_id.is_empty() {
        object.put("runtimeId", container.runtime_id.as_str()).put("imageDigest", container.digest.as_str());
    }
    object.put_some("exitCode", container.exit_code).put_some("reason", container.reason.as_deref());
    object.value()
}

/// A UUID made of the task's id, which is as good as any.
fn container_id(task: &Task, defined: &ContainerDefinition) -> String {
    let part = |range: std::ops::Range<usize>| task.id.get(range).unwrap_or_default();
    let length = defined.name.len() & 0xf;
    format!("{}-{}-4{}-a{}{length:x}-{}", part(0..8), part(8..12), part(12..15), part(15..17), part(17..29))
}
