//! Tasks of the SDK in our words.

use aws_sdk_ecs::types;

use crate::aws::scalars::{port, present, spelled, time};
use crate::model::arn::{ContainerInstanceArn, TaskArn, TaskDefinitionArn};
use crate::model::known::Known;
use crate::model::task::{Attachment, Container, ContainerHealth, ManagedAgent, NetworkBinding, Task, TaskInterface};

pub(super) fn task(task: types::Task) -> Task {
    let containers = task.containers.unwrap_or_default();
    let attachments = task.attachments.unwrap_or_default();
    Task {
        arn: TaskArn::new(task.task_arn.unwrap_or_default()),
        task_definition: TaskDefinitionArn::new(task.task_definition_arn.unwrap_or_default()),
        last_status: task.last_status.unwrap_or_default(),
        desired_status: task.desired_status.unwrap_or_default(),
        health: health(task.health_status.as_ref()),
        interface: interface(&attachments, &containers),
        attachments: attachments.into_iter().map(attachment).collect(),
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
        pull_started_at: time(task.pull_started_at.as_ref()),
        pull_stopped_at: time(task.pull_stopped_at.as_ref()),
        platform_version: present(task.platform_version),
        execute_command: task.enable_execute_command,
    }
}

fn attachment(attachment: types::Attachment) -> Attachment {
    Attachment {
        kind: attachment.r#type.unwrap_or_default(),
        status: present(attachment.status),
        details: attachment
            .details
            .unwrap_or_default()
            .into_iter()
            .filter_map(|detail| Some((detail.name?, detail.value.unwrap_or_default())))
            .collect(),
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
        agents: container.managed_agents.unwrap_or_default().into_iter().map(agent).collect(),
    }
}

fn agent(agent: types::ManagedAgent) -> ManagedAgent {
    ManagedAgent {
        name: spelled(agent.name.as_ref()).unwrap_or_default(),
        status: present(agent.last_status),
        reason: present(agent.reason),
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

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_task_keeps_what_was_attached_and_who_runs_beside_it() {
        let detail = |name: &str, value: &str| types::KeyValuePair::builder().name(name).value(value).build();
        let interface = types::Attachment::builder()
            .r#type("ElasticNetworkInterface")
            .status("ATTACHED")
            .details(detail("networkInterfaceId", "eni-1"))
            .details(detail("privateIPv4Address", "10.0.0.9"))
            .build();
        let volume = types::Attachment::builder().r#type("AmazonElasticBlockStorage").status("FAILED").build();
        let agent = types::ManagedAgent::builder()
            .name(types::ManagedAgentName::ExecuteCommandAgent)
            .last_status("STOPPED")
            .reason("Received Container Stopped event")
            .build();
        let converted = task(
            types::Task::builder()
                .task_arn("t")
                .attachments(interface)
                .attachments(volume)
                .containers(types::Container::builder().name("web").managed_agents(agent).build())
                .pull_started_at(DateTime::from_secs(10))
                .pull_stopped_at(DateTime::from_secs(40))
                .platform_version("1.4.0")
                .enable_execute_command(true)
                .build(),
        );
        let kinds: Vec<_> =
            converted.attachments.iter().map(|each| (each.kind.as_str(), each.status.as_deref())).collect();
        assert_eq!(
            kinds,
            [("ElasticNetworkInterface", Some("ATTACHED")), ("AmazonElasticBlockStorage", Some("FAILED"))]
        );
        assert_eq!(converted.attachments[0].details[1], ("privateIPv4Address".to_owned(), "10.0.0.9".to_owned()));
        assert_eq!(converted.interface.unwrap().id.as_deref(), Some("eni-1"));
        let agent = &converted.containers[0].agents[0];
        assert_eq!((agent.name.as_str(), agent.status.as_deref()), ("ExecuteCommandAgent", Some("STOPPED")));
        assert_eq!(converted.pull_started_at, Timestamp::from_second(10).ok());
        assert_eq!(converted.pull_stopped_at, Timestamp::from_second(40).ok());
        assert_eq!((converted.platform_version.as_deref(), converted.execute_command), (Some("1.4.0"), true));
    }
}
