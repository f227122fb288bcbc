//! Task definitions of the SDK in our words. Values of environment variables become secrets here, and of the options of a
//! log driver only those that say where the log is are kept: others carry tokens and keys.

use aws_sdk_ecs::types;

use crate::aws::scalars::{count, port, spelled};
use crate::model::arn::TaskDefinitionArn;
use crate::model::secret::{Secret, mask_arguments};
use crate::model::task_definition::{
    ContainerDefinition, ContainerHealthCheck, EnvironmentSource, EnvironmentVariable, LogConfiguration, PortMapping,
    TaskDefinition,
};

/// Options of a log driver that say where the log is.
const LOG_OPTIONS: [&str; 5] =
    ["awslogs-group", "awslogs-region", "awslogs-stream-prefix", "awslogs-create-group", "mode"];

pub(super) fn task_definition(definition: types::TaskDefinition) -> TaskDefinition {
    let platform = definition.runtime_platform;
    TaskDefinition {
        arn: TaskDefinitionArn::new(definition.task_definition_arn.unwrap_or_default()),
        network_mode: spelled(definition.network_mode.as_ref()),
        cpu: definition.cpu,
        memory: definition.memory,
        task_role: definition.task_role_arn,
        execution_role: definition.execution_role_arn,
        cpu_architecture: platform.as_ref().and_then(|platform| spelled(platform.cpu_architecture.as_ref())),
        operating_system: platform.as_ref().and_then(|platform| spelled(platform.operating_system_family.as_ref())),
        containers: definition.container_definitions.unwrap_or_default().into_iter().map(container).collect(),
        status: None,
        requires_compatibilities: Vec::new(),
        requires_attributes: Vec::new(),
        placement_constraints: Vec::new(),
        ephemeral_storage_gib: None,
        efs_volumes: Vec::new(),
        pid_mode: None,
    }
}

fn container(container: types::ContainerDefinition) -> ContainerDefinition {
    ContainerDefinition {
        name: container.name.unwrap_or_default(),
        image: container.image.unwrap_or_default(),
        // A container is essential unless said otherwise.
        essential: container.essential.unwrap_or(true),
        cpu: Some(count(container.cpu)).filter(|units| *units > 0),
        memory: container.memory.map(count),
        memory_reservation: container.memory_reservation.map(count),
        ports: container.port_mappings.unwrap_or_default().into_iter().map(port_mapping).collect(),
        environment: environment(container.environment.unwrap_or_default(), container.secrets.unwrap_or_default()),
        command: mask_arguments(&container.command.unwrap_or_default()),
        entry_point: mask_arguments(&container.entry_point.unwrap_or_default()),
        health_check: container.health_check.as_ref().map(health_check),
        logs: container.log_configuration.map(logs),
        stop_timeout_seconds: container.stop_timeout.map(count),
        depends_on: Vec::new(),
        environment_files: Vec::new(),
        repository_credentials: None,
        read_only_root: false,
    }
}

fn port_mapping(mapping: types::PortMapping) -> PortMapping {
    PortMapping {
        container_port: port(mapping.container_port),
        host_port: port(mapping.host_port),
        protocol: spelled(mapping.protocol.as_ref()),
        name: mapping.name,
        application_protocol: None,
    }
}

fn environment(literals: Vec<types::KeyValuePair>, references: Vec<types::Secret>) -> Vec<EnvironmentVariable> {
    let literals = literals.into_iter().map(|pair| EnvironmentVariable {
        name: pair.name.unwrap_or_default(),
        source: EnvironmentSource::Literal(Secret::new(pair.value.unwrap_or_default())),
    });
    let references = references.into_iter().map(|secret| EnvironmentVariable {
        name: secret.name,
        source: EnvironmentSource::Reference(secret.value_from),
    });
    literals.chain(references).collect()
}

/// The times are 30 s, 5 s and three failures unless said otherwise:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html>
fn health_check(check: &types::HealthCheck) -> ContainerHealthCheck {
    ContainerHealthCheck {
        command: mask_arguments(&check.command),
        interval_seconds: check.interval.map_or(30, count),
        timeout_seconds: check.timeout.map_or(5, count),
        retries: check.retries.map_or(3, count),
        start_period_seconds: check.start_period.map(count),
    }
}

fn logs(logs: types::LogConfiguration) -> LogConfiguration {
    let mut options = logs.options.unwrap_or_default();
    LogConfiguration {
        driver: logs.log_driver.as_str().to_owned(),
        options: LOG_OPTIONS
            .into_iter()
            .filter_map(|name| options.remove(name).map(|value| (name.to_owned(), value)))
            .collect(),
    }
}
