//! DescribeTaskDefinition and ListTaskDefinitions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answered, Object, arns, time};
use crate::sim::server::protocol::AwsError;
use crate::sim::world::{ACCOUNT, ContainerDefinition, NetworkMode, REGION, TaskDefinition, World};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Describe {
    task_definition: String,
}

pub(super) fn describe(request: &Describe, world: &World) -> Answered {
    let found = world.task_definition(&request.task_definition);
    let definition = found.ok_or_else(|| AwsError::new("ClientException", "Unable to describe task definition."))?;
    Ok(json!({ "taskDefinition": written(definition, world), "tags": [] }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    family_prefix: Option<String>,
    sort: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

pub(super) fn list(request: &List, world: &World) -> Answered {
    let families = world.task_definitions.iter();
    let wanted = families.filter(|(family, _)| request.family_prefix.as_ref().is_none_or(|prefix| prefix == *family));
    let mut found: Vec<String> =
        wanted.flat_map(|(_, revisions)| revisions).map(|definition| definition.arn.clone()).collect();
    if request.sort.as_deref() == Some("DESC") {
        found.reverse();
    }
    arns("taskDefinitionArns", found, request.next_token.as_deref(), request.max_results, 100)
}

fn written(definition: &TaskDefinition, world: &World) -> Value {
    let fargate = definition.runs_on_fargate();
    let role = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{}-{name}", definition.family);
    let compatibilities = if fargate { json!(["EC2", "FARGATE"]) } else { json!(["EXTERNAL", "EC2"]) };
    let containers: Vec<Value> =
        definition.containers.iter().map(|container| of_container(container, definition)).collect();
    let mut object = Object::of(json!({
        "taskDefinitionArn": definition.arn,
        "containerDefinitions": containers,
        "family": definition.family,
        "taskRoleArn": role("task"),
        "executionRoleArn": role("execution"),
        "networkMode": if fargate { "awsvpc" } else { "bridge" },
        "revision": definition.revision,
        "volumes": [],
        "status": "ACTIVE",
        "requiresAttributes": [{ "name": "com.amazonaws.ecs.capability.logging-driver.awslogs" }],
        "placementConstraints": [],
        "compatibilities": compatibilities,
        "requiresCompatibilities": [if fargate { "FARGATE" } else { "EC2" }],
        "cpu": definition.cpu.to_string(),
        "memory": definition.memory.to_string(),
        "registeredAt": time(world, definition.registered_at),
        "registeredBy": format!("arn:aws:iam::{ACCOUNT}:role/Deploy"),
    }));
    let main = definition.containers.first();
    if let Some(architecture) = main.filter(|_| fargate).map(|main| &main.settings.architecture) {
        object.put("runtimePlatform", json!({ "cpuArchitecture": architecture, "operatingSystemFamily": "LINUX" }));
    }
    object.value()
}

fn of_container(container: &ContainerDefinition, definition: &TaskDefinition) -> Value {
    let pairs = |list: &[(String, String)], second: &str| -> Vec<Value> {
        list.iter().map(|(name, value)| json!({ "name": name, second: value })).collect()
    };
    let on_host = container.settings.host_port.unwrap_or(0);
    let host_port = |port: u16| if definition.network_mode == NetworkMode::Awsvpc { port } else { on_host };
    let ports: Vec<Value> = container
        .application
        .listens
        .iter()
        .map(|listens| json!({ "containerPort": listens.port, "hostPort": host_port(listens.port), "protocol": "tcp" }))
        .collect();
    let mut object = Object::of(json!({
        "name": container.name,
        "image": container.image(),
        "cpu": 0,
        "memory": container.memory,
        "portMappings": ports,
        "essential": true,
        "environment": pairs(&container.environment, "value"),
        "secrets": pairs(&container.secrets().cloned().collect::<Vec<_>>(), "valueFrom"),
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": container.log_group(),
                "awslogs-region": REGION,
                "awslogs-stream-prefix": "ecs",
            },
        },
    }));
    if let Some(path) = &container.check_path {
        let port = container.application.listens.map_or(80, |listens| listens.port);
        object.put(
            "healthCheck",
            json!({
                "command": ["CMD-SHELL", format!("curl -fsS http://localhost:{port}{path} || exit 1")],
                "interval": container.settings.check_interval.as_secs(),
                "timeout": 5,
                "retries": container.settings.check_retries,
                "startPeriod": container.settings.check_start_period.as_secs(),
            }),
        );
    }
    object.put_some("stopTimeout", container.settings.stop_timeout.map(|timeout| timeout.as_secs()));
    object.value()
}
