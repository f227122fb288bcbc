//! Services of the SDK in our words, with their deployments, task sets and events.

use aws_sdk_ecs::types;

use crate::aws::scalars::{count, port, spelled, time};
use crate::model::arn::{ClusterArn, ServiceArn, ServiceDeploymentArn, TargetGroupArn, TaskDefinitionArn};
use crate::model::service::{
    CapacityProviderShare, Deployment, DeploymentConfiguration, DeploymentController, DeploymentStatus,
    DeploymentStrategy, LoadBalancerBinding, NetworkConfiguration, RolloutState, SchedulingStrategy, Service,
    ServiceEvent, ServiceStatus, TaskSet,
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
        network: service.network_configuration.and_then(|network| network.awsvpc_configuration).map(network),
        health_check_grace_period_seconds: service.health_check_grace_period_seconds.map(count),
        platform_version: service.platform_version,
        execute_command: service.enable_execute_command,
        created_at: time(service.created_at.as_ref()),
        zone_rebalancing: None,
        registries: Vec::new(),
        current_revisions: Vec::new(),
        placement_constraints: Vec::new(),
        resource_management: None,
    }
}

/// Emulators send empty texts for what AWS leaves out.
fn present(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
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
        bake_time_minutes: None,
        early_success: false,
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
        network: None,
        service_connect: None,
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
        stability: None,
        stable_since: None,
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
    }
}

fn network(network: types::AwsVpcConfiguration) -> NetworkConfiguration {
    NetworkConfiguration {
        subnets: network.subnets,
        security_groups: network.security_groups.unwrap_or_default(),
        assign_public_ip: network.assign_public_ip == Some(types::AssignPublicIp::Enabled),
    }
}
