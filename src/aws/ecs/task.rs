//! Tasks of the SDK in our words.

use aws_sdk_ecs::types;

use crate::aws::scalars::{port, spelled, time};
use crate::model::arn::{ContainerInstanceArn, TaskArn, TaskDefinitionArn};
use crate::model::known::Known;
use crate::model::task::{Container, ContainerHealth, NetworkBinding, Task, TaskInterface};

pub(super) fn task(task: types::Task) -> Task {
    let containers = task.containers.unwrap_or_default();
    Task {
        arn: TaskArn::new(task.task_arn.unwrap_or_default()),
        task_definition: TaskDefinitionArn::new(task.task_definition_arn.unwrap_or_default()),
        last_status: task.last_status.unwrap_or_default(),
        desired_status: task.desired_status.unwrap_or_default(),
        health: health(task.health_status.as_ref()),
        interface: interface(&task.attachments.unwrap_or_default(), &containers),
        containers: containers.into_iter().map(container).collect(),
        container_instance: task
            .container_instance_arn
            .filter(|instance| !instance.is_empty())
            .map(ContainerInstanceArn::new),
        ec2_instance: Known::NotAsked,
        launch_type: spelled(task.launch_type.as_ref()),
        capacity_provider: task.capacity_provider_name,
        availability_zone: task.availability_zone,
        started_by: task.started_by,
        group: task.group,
        stop_code: spelled(task.stop_code.as_ref()),
        stopped_reason: task.stopped_reason,
        created_at: time(task.created_at.as_ref()),
        started_at: time(task.started_at.as_ref()),
        stopping_at: time(task.stopping_at.as_ref()),
        execution_stopped_at: time(task.execution_stopped_at.as_ref()),
        stopped_at: time(task.stopped_at.as_ref()),
        pull_started_at: None,
        pull_stopped_at: None,
        platform_version: None,
        execute_command: false,
        attachments: Vec::new(),
    }
}

fn health(status: Option<&types::HealthStatus>) -> ContainerHealth {
    match status {
        Some(types::HealthStatus::Healthy) => ContainerHealth::Healthy,
        Some(types::HealthStatus::Unhealthy) => ContainerHealth::Unhealthy,
        _ => ContainerHealth::Unknown,
    }
}

fn container(container: types::Container) -> Container {
    Container {
        name: container.name.unwrap_or_default(),
        last_status: container.last_status,
        exit_code: container.exit_code,
        reason: container.reason,
        health: health(container.health_status.as_ref()),
        image: container.image,
        image_digest: container.image_digest,
        bindings: container.network_bindings.unwrap_or_default().iter().map(binding).collect(),
        agents: Vec::new(),
    }
}

fn binding(binding: &types::NetworkBinding) -> NetworkBinding {
    NetworkBinding { container_port: port(binding.container_port), host_port: port(binding.host_port) }
}

/// The network interface: from its attachment, and the addresses from the containers where the attachment lacks them
/// (catalogue 3.3).
fn interface(attachments: &[types::Attachment], containers: &[types::Container]) -> Option<TaskInterface> {
    let attachment =
        attachments.iter().find(|attachment| attachment.r#type.as_deref() == Some("ElasticNetworkInterface"));
    let detail = |name: &str| {
        attachment?
            .details
            .as_deref()?
            .iter()
            .find(|detail| detail.name.as_deref() == Some(name))
            .and_then(|detail| detail.value.clone())
            .filter(|value| !value.is_empty())
    };
    let in_containers = |address: fn(&types::NetworkInterface) -> Option<&String>| {
        containers
            .iter()
            .flat_map(|container| container.network_interfaces.as_deref().unwrap_or_default())
            .find_map(address)
            .cloned()
    };
    let interface = TaskInterface {
        id: detail("networkInterfaceId"),
        subnet: detail("subnetId"),
        private_ipv4: detail("privateIPv4Address")
            .or_else(|| in_containers(|interface| interface.private_ipv4_address.as_ref())),
        ipv6: detail("ipv6Address").or_else(|| in_containers(|interface| interface.ipv6_address.as_ref())),
    };
    (interface != TaskInterface::default()).then_some(interface)
}
