//! Task definitions of the SDK in our words. Values of environment variables become secrets here, and of the options of a
//! log driver only those that say where the log is are kept: others carry tokens and keys.

use aws_sdk_ecs::types;

use crate::aws::scalars::{count, port, present, spelled};
use crate::model::arn::TaskDefinitionArn;
use crate::model::secret::{Secret, mask_arguments};
use crate::model::service::PlacementConstraint;
use crate::model::task_definition::{
    ContainerDefinition, ContainerHealthCheck, EfsVolume, EnvironmentSource, EnvironmentVariable, LogConfiguration,
    PortMapping, TaskDefinition,
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
        status: spelled(definition.status.as_ref()),
        requires_compatibilities: definition
            .requires_compatibilities
            .unwrap_or_default()
            .iter()
            .map(|compatibility| compatibility.as_str().to_owned())
            .collect(),
        requires_attributes: definition
            .requires_attributes
            .unwrap_or_default()
            .into_iter()
            .map(|attribute| attribute.name)
            .collect(),
        placement_constraints: definition
            .placement_constraints
            .unwrap_or_default()
            .into_iter()
            .map(|constraint| PlacementConstraint {
                kind: spelled(constraint.r#type.as_ref()).unwrap_or_default(),
                expression: present(constraint.expression),
            })
            .collect(),
        ephemeral_storage_gib: definition.ephemeral_storage.map(|storage| count(storage.size_in_gib)),
        efs_volumes: definition.volumes.unwrap_or_default().into_iter().filter_map(efs_volume).collect(),
        pid_mode: spelled(definition.pid_mode.as_ref()),
    }
}

fn efs_volume(volume: types::Volume) -> Option<EfsVolume> {
    let efs = volume.efs_volume_configuration?;
    Some(EfsVolume {
        name: volume.name.unwrap_or_default(),
        file_system: efs.file_system_id,
        root_directory: present(efs.root_directory),
        access_point: efs.authorization_config.and_then(|authorization| present(authorization.access_point_id)),
    })
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
        depends_on: container
            .depends_on
            .unwrap_or_default()
            .into_iter()
            .map(|dependency| (dependency.container_name, dependency.condition.as_str().to_owned()))
            .collect(),
        environment_files: container.environment_files.unwrap_or_default().into_iter().map(|file| file.value).collect(),
        repository_credentials: container
            .repository_credentials
            .and_then(|credentials| present(Some(credentials.credentials_parameter))),
        read_only_root: container.readonly_root_filesystem.unwrap_or_default(),
    }
}

fn port_mapping(mapping: types::PortMapping) -> PortMapping {
    PortMapping {
        container_port: port(mapping.container_port),
        host_port: port(mapping.host_port),
        protocol: spelled(mapping.protocol.as_ref()),
        name: mapping.name,
        application_protocol: spelled(mapping.app_protocol.as_ref()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_definition_keeps_what_placement_and_start_need() {
        let dependency = types::ContainerDependency::builder()
            .container_name("migrate")
            .condition(types::ContainerCondition::Success)
            .build()
            .unwrap();
        let file = types::EnvironmentFile::builder()
            .value("arn:aws:s3:::shop/web.env")
            .r#type(types::EnvironmentFileType::S3)
            .build()
            .unwrap();
        let credentials =
            types::RepositoryCredentials::builder().credentials_parameter("arn:aws:secretsmanager:x").build().unwrap();
        let port =
            types::PortMapping::builder().container_port(80).app_protocol(types::ApplicationProtocol::Grpc).build();
        let container = types::ContainerDefinition::builder()
            .name("web")
            .depends_on(dependency)
            .environment_files(file)
            .repository_credentials(credentials)
            .readonly_root_filesystem(true)
            .port_mappings(port);
        let efs = types::EfsVolumeConfiguration::builder()
            .file_system_id("fs-1")
            .root_directory("/data")
            .authorization_config(types::EfsAuthorizationConfig::builder().access_point_id("fsap-1").build())
            .build()
            .unwrap();
        let attribute = types::Attribute::builder().name("com.amazonaws.ecs.capability.task-eni").build().unwrap();
        let converted = task_definition(
            types::TaskDefinition::builder()
                .container_definitions(container.build())
                .status(types::TaskDefinitionStatus::Inactive)
                .requires_compatibilities(types::Compatibility::Fargate)
                .requires_attributes(attribute)
                .placement_constraints(
                    types::TaskDefinitionPlacementConstraint::builder()
                        .r#type(types::TaskDefinitionPlacementConstraintType::MemberOf)
                        .expression("attribute:ecs.os-type == linux")
                        .build(),
                )
                .ephemeral_storage(types::EphemeralStorage::builder().size_in_gib(40).build())
                .volumes(types::Volume::builder().name("data").efs_volume_configuration(efs).build())
                .volumes(types::Volume::builder().name("scratch").build())
                .pid_mode(types::PidMode::Task)
                .build(),
        );
        assert_eq!(converted.status.as_deref(), Some("INACTIVE"));
        assert_eq!(converted.requires_compatibilities, ["FARGATE"]);
        assert_eq!(converted.requires_attributes, ["com.amazonaws.ecs.capability.task-eni"]);
        assert_eq!(converted.placement_constraints[0].kind, "memberOf");
        assert_eq!((converted.ephemeral_storage_gib, converted.pid_mode.as_deref()), (Some(40), Some("task")));
        let [volume] = converted.efs_volumes.as_slice() else { panic!("one volume in EFS") };
        assert_eq!((volume.file_system.as_str(), volume.access_point.as_deref()), ("fs-1", Some("fsap-1")));
        let container = &converted.containers[0];
        assert_eq!(container.depends_on, [("migrate".to_owned(), "SUCCESS".to_owned())]);
        assert_eq!(container.environment_files, ["arn:aws:s3:::shop/web.env"]);
        assert_eq!(container.repository_credentials.as_deref(), Some("arn:aws:secretsmanager:x"));
        assert_eq!(
            (container.read_only_root, container.ports[0].application_protocol.as_deref()),
            (true, Some("grpc"))
        );
    }
}
