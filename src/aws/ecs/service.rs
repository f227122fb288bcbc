//! Services of the SDK in our words, with their deployments, task sets and events.

use aws_sdk_ecs::types;

use crate::aws::scalars::{count, port, present, spelled, time};
use crate::model::arn::{
    ClusterArn, ServiceArn, ServiceDeploymentArn, ServiceRevisionArn, TargetGroupArn, TaskDefinitionArn,
};
use crate::model::service::{
    CapacityProviderShare, Deployment, DeploymentConfiguration, DeploymentController, DeploymentStatus,
    DeploymentStrategy, LoadBalancerBinding, NetworkConfiguration, PlacementConstraint, RolloutState,
    SchedulingStrategy, Service, ServiceConnect, ServiceEvent, ServiceRegistry, ServiceRevisionCount, ServiceStatus,
    TaskSet,
};

pub(super) fn service(service: types::Service) -> Service {
    let arn = ServiceArn::new(service.service_arn.unwrap_or_default());
    Service {
        name: service.service_name.unwrap_or_else(|| arn.name().to_owned()),
        arn,
        cluster: ClusterArn::new(service.cluster_arn.unwrap_or_default()),
        status: status(service.status.unwrap_or_default()),
        desired: count(service.desired_count),
        running: count(service.running_count),
        pending: count(service.pending_count),
        launch_type: spelled(service.launch_type.as_ref()),
        capacity_providers: service.capacity_provider_strategy.unwrap_or_default().into_iter().map(share).collect(),
        scheduling: match service.scheduling_strategy {
            Some(types::SchedulingStrategy::Daemon) => SchedulingStrategy::Daemon,
            _ => SchedulingStrategy::Replica,
        },
        controller: service.deployment_controller.map_or(DeploymentController::Ecs, |of| controller(&of.r#type)),
        task_definition: present(service.task_definition).map(TaskDefinitionArn::new),
        deployment_configuration: service.deployment_configuration.map(configuration),
        deployments: service.deployments.unwrap_or_default().into_iter().map(deployment).collect(),
        task_sets: service.task_sets.unwrap_or_default().into_iter().map(task_set).collect(),
        current_service_deployment: present(service.current_service_deployment).map(ServiceDeploymentArn::new),
        events: service.events.unwrap_or_default().into_iter().map(event).collect(),
        load_balancers: service.load_balancers.unwrap_or_default().into_iter().map(binding).collect(),
        network: service.network_configuration.and_then(network),
        health_check_grace_period_seconds: service.health_check_grace_period_seconds.map(count),
        platform_version: service.platform_version,
        execute_command: service.enable_execute_command,
        created_at: time(service.created_at.as_ref()),
        zone_rebalancing: spelled(service.availability_zone_rebalancing.as_ref()),
        registries: service.service_registries.unwrap_or_default().into_iter().map(registry).collect(),
        current_revisions: service.current_service_revisions.unwrap_or_default().into_iter().map(revision).collect(),
        placement_constraints: service.placement_constraints.unwrap_or_default().into_iter().map(constraint).collect(),
        resource_management: spelled(service.resource_management_type.as_ref()),
    }
}

fn status(text: String) -> ServiceStatus {
    match text.as_str() {
        "ACTIVE" => ServiceStatus::Active,
        "DRAINING" => ServiceStatus::Draining,
        "INACTIVE" => ServiceStatus::Inactive,
        _ => ServiceStatus::Other(text),
    }
}

fn controller(kind: &types::DeploymentControllerType) -> DeploymentController {
    match kind {
        types::DeploymentControllerType::Ecs => DeploymentController::Ecs,
        types::DeploymentControllerType::CodeDeploy => DeploymentController::CodeDeploy,
        types::DeploymentControllerType::External => DeploymentController::External,
        other => DeploymentController::Other(other.as_str().to_owned()),
    }
}

fn strategy(strategy: Option<&types::DeploymentStrategy>) -> DeploymentStrategy {
    match strategy {
        None | Some(types::DeploymentStrategy::Rolling) => DeploymentStrategy::Rolling,
        Some(types::DeploymentStrategy::BlueGreen) => DeploymentStrategy::BlueGreen,
        Some(types::DeploymentStrategy::Linear) => DeploymentStrategy::Linear,
        Some(types::DeploymentStrategy::Canary) => DeploymentStrategy::Canary,
        Some(other) => DeploymentStrategy::Other(other.as_str().to_owned()),
    }
}

fn share(share: types::CapacityProviderStrategyItem) -> CapacityProviderShare {
    CapacityProviderShare { provider: share.capacity_provider, base: count(share.base), weight: count(share.weight) }
}

/// The percentages are 100 and 200 unless said otherwise:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>
fn configuration(configuration: types::DeploymentConfiguration) -> DeploymentConfiguration {
    let breaker = configuration.deployment_circuit_breaker;
    DeploymentConfiguration {
        minimum_healthy_percent: configuration.minimum_healthy_percent.map_or(100, count),
        maximum_percent: configuration.maximum_percent.map_or(200, count),
        circuit_breaker: breaker.as_ref().is_some_and(|breaker| breaker.enable),
        circuit_breaker_rollback: breaker.as_ref().is_some_and(|breaker| breaker.rollback),
        strategy: strategy(configuration.strategy.as_ref()),
        alarms: configuration.alarms.filter(|alarms| alarms.enable).map_or_else(Vec::new, |alarms| alarms.alarm_names),
        bake_time_minutes: configuration.bake_time_in_minutes.map(count),
        early_success: configuration.early_success_criteria.is_some_and(|criteria| criteria.enable),
    }
}

fn deployment(deployment: types::Deployment) -> Deployment {
    Deployment {
        id: deployment.id.unwrap_or_default(),
        status: match deployment.status.unwrap_or_default() {
            text if text == "PRIMARY" => DeploymentStatus::Primary,
            text if text == "ACTIVE" => DeploymentStatus::Active,
            text if text == "INACTIVE" => DeploymentStatus::Inactive,
            text => DeploymentStatus::Other(text),
        },
        task_definition: TaskDefinitionArn::new(deployment.task_definition.unwrap_or_default()),
        desired: count(deployment.desired_count),
        running: count(deployment.running_count),
        pending: count(deployment.pending_count),
        failed: count(deployment.failed_tasks),
        rollout_state: deployment.rollout_state.map(|state| match state {
            types::DeploymentRolloutState::Completed => RolloutState::Completed,
            types::DeploymentRolloutState::Failed => RolloutState::Failed,
            types::DeploymentRolloutState::InProgress => RolloutState::InProgress,
            other => RolloutState::Other(other.as_str().to_owned()),
        }),
        rollout_reason: deployment.rollout_state_reason,
        created_at: time(deployment.created_at.as_ref()),
        updated_at: time(deployment.updated_at.as_ref()),
        network: deployment.network_configuration.and_then(network),
        service_connect: deployment.service_connect_configuration.map(service_connect),
    }
}

fn service_connect(connect: types::ServiceConnectConfiguration) -> ServiceConnect {
    ServiceConnect {
        enabled: connect.enabled,
        namespace: present(connect.namespace),
        port_names: connect.services.unwrap_or_default().into_iter().map(|service| service.port_name).collect(),
    }
}

fn task_set(set: types::TaskSet) -> TaskSet {
    TaskSet {
        id: set.id.unwrap_or_default(),
        status: set.status.unwrap_or_default(),
        task_definition: TaskDefinitionArn::new(set.task_definition.unwrap_or_default()),
        desired: count(set.computed_desired_count),
        running: count(set.running_count),
        pending: count(set.pending_count),
        created_at: time(set.created_at.as_ref()),
        load_balancers: set.load_balancers.unwrap_or_default().into_iter().map(binding).collect(),
        stability: spelled(set.stability_status.as_ref()),
        stable_since: time(set.stability_status_at.as_ref()),
    }
}

fn event(event: types::ServiceEvent) -> ServiceEvent {
    ServiceEvent {
        id: event.id.unwrap_or_default(),
        at: time(event.created_at.as_ref()),
        message: event.message.unwrap_or_default(),
    }
}

fn binding(balancer: types::LoadBalancer) -> LoadBalancerBinding {
    LoadBalancerBinding {
        target_group: present(balancer.target_group_arn).map(TargetGroupArn::new),
        classic_load_balancer: present(balancer.load_balancer_name),
        container: balancer.container_name,
        container_port: port(balancer.container_port),
        alternate_target_group: balancer
            .advanced_configuration
            .and_then(|advanced| present(advanced.alternate_target_group_arn))
            .map(TargetGroupArn::new),
    }
}

pub(super) fn network(network: types::NetworkConfiguration) -> Option<NetworkConfiguration> {
    let network = network.awsvpc_configuration?;
    Some(NetworkConfiguration {
        subnets: network.subnets,
        security_groups: network.security_groups.unwrap_or_default(),
        assign_public_ip: network.assign_public_ip == Some(types::AssignPublicIp::Enabled),
    })
}

fn registry(registry: types::ServiceRegistry) -> ServiceRegistry {
    ServiceRegistry {
        arn: registry.registry_arn.unwrap_or_default(),
        container: present(registry.container_name),
        container_port: port(registry.container_port),
    }
}

fn revision(revision: types::ServiceCurrentRevisionSummary) -> ServiceRevisionCount {
    ServiceRevisionCount {
        arn: ServiceRevisionArn::new(revision.arn.unwrap_or_default()),
        requested: count(revision.requested_task_count),
        running: count(revision.running_task_count),
        pending: count(revision.pending_task_count),
    }
}

fn constraint(constraint: types::PlacementConstraint) -> PlacementConstraint {
    PlacementConstraint {
        kind: spelled(constraint.r#type.as_ref()).unwrap_or_default(),
        expression: present(constraint.expression),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_service_keeps_what_placement_and_discovery_need() {
        let converted = service(
            types::Service::builder()
                .service_arn("arn:aws:ecs:eu-west-1:1:service/shop/web")
                .availability_zone_rebalancing(types::AvailabilityZoneRebalancing::Enabled)
                .resource_management_type(types::ResourceManagementType::Ecs)
                .service_registries(
                    types::ServiceRegistry::builder()
                        .registry_arn("arn:aws:servicediscovery:eu-west-1:1:service/srv-1")
                        .container_name("web")
                        .container_port(8080)
                        .build(),
                )
                .current_service_revisions(
                    types::ServiceCurrentRevisionSummary::builder()
                        .arn("r-2")
                        .requested_task_count(3)
                        .running_task_count(1)
                        .pending_task_count(2)
                        .build(),
                )
                .placement_constraints(
                    types::PlacementConstraint::builder()
                        .r#type(types::PlacementConstraintType::MemberOf)
                        .expression("attribute:zone == a")
                        .build(),
                )
                .build(),
        );
        assert_eq!(converted.zone_rebalancing.as_deref(), Some("ENABLED"));
        assert_eq!(converted.resource_management.as_deref(), Some("ECS"));
        let registry = &converted.registries[0];
        assert_eq!((registry.container.as_deref(), registry.container_port), (Some("web"), Some(8080)));
        let revision = &converted.current_revisions[0];
        assert_eq!((revision.requested, revision.running, revision.pending), (3, 1, 2));
        let constraint = &converted.placement_constraints[0];
        assert_eq!(
            (constraint.kind.as_str(), constraint.expression.as_deref()),
            ("memberOf", Some("attribute:zone == a"))
        );
    }

    #[test]
    fn a_deployment_has_a_network_of_its_own() {
        let vpc = types::AwsVpcConfiguration::builder().subnets("subnet-1").security_groups("sg-1").build().unwrap();
        let connect = types::ServiceConnectConfiguration::builder()
            .enabled(true)
            .namespace("shop")
            .services(types::ServiceConnectService::builder().port_name("http").build().unwrap())
            .build();
        let converted = deployment(
            types::Deployment::builder()
                .network_configuration(types::NetworkConfiguration::builder().awsvpc_configuration(vpc).build())
                .service_connect_configuration(connect)
                .build(),
        );
        assert_eq!(converted.network.unwrap().security_groups, ["sg-1"]);
        let connect = converted.service_connect.unwrap();
        assert_eq!((connect.enabled, connect.namespace.as_deref()), (true, Some("shop")));
        assert_eq!(connect.port_names, ["http"]);
    }

    #[test]
    fn alarms_that_are_switched_off_do_not_count() {
        let with = |enable: bool| {
            let alarms = types::DeploymentAlarms::builder().alarm_names("5xx").enable(enable).rollback(true);
            configuration(
                types::DeploymentConfiguration::builder()
                    .alarms(alarms.build().unwrap())
                    .bake_time_in_minutes(15)
                    .early_success_criteria(types::DeploymentEarlySuccessCriteria::builder().enable(enable).build())
                    .build(),
            )
        };
        assert_eq!((with(true).alarms.len(), with(true).early_success), (1, true));
        assert_eq!((with(false).alarms.len(), with(false).early_success), (0, false));
        assert_eq!(with(false).bake_time_minutes, Some(15));
    }

    #[test]
    fn task_sets_tell_whether_they_are_stable() {
        let set = types::TaskSet::builder()
            .stability_status(types::StabilityStatus::SteadyState)
            .stability_status_at(DateTime::from_secs(60))
            .build();
        let set = task_set(set);
        assert_eq!(set.stability.as_deref(), Some("STEADY_STATE"));
        assert_eq!(set.stable_since, Timestamp::from_second(60).ok());
    }
}
