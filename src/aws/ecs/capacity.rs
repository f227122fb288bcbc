//! Where tasks can be placed, and which of them may not be taken away: container instances, capacity providers, protection
//! from scale-in.

use aws_sdk_ecs::types;

use super::reader::{CONTAINER_INSTANCES_A_CALL, LIST_PAGE, Reader, in_batches, present};
use crate::aws::budget::Priority;
use crate::aws::operations::{
    DESCRIBE_CAPACITY_PROVIDERS, DESCRIBE_CONTAINER_INSTANCES, GET_TASK_PROTECTION, LIST_CONTAINER_INSTANCES,
};
use crate::aws::pages;
use crate::aws::scalars::{self, count, spelled};
use crate::model::arn::{ClusterName, ContainerInstanceArn, TaskArn};
use crate::model::call::CallError;
use crate::model::capacity::{CapacityProvider, ContainerInstance, Resources};

const CAPACITY_PROVIDERS_A_CALL: usize = 100;
/// As many as a question holds; AWS would take a hundred.
const PROTECTIONS_A_CALL: usize = 10;

impl Reader {
    pub(in crate::aws) async fn container_instances(
        &self,
        cluster: &ClusterName,
        priority: Priority,
    ) -> Result<Vec<ContainerInstance>, CallError> {
        let arns = pages::all(&LIST_CONTAINER_INSTANCES, |token| async move {
            let page = self
                .shared
                .call(LIST_CONTAINER_INSTANCES, priority, |wire| {
                    let request = self.client.list_container_instances().cluster(cluster.as_str());
                    let request = request.max_results(LIST_PAGE).set_next_token(token);
                    request.customize().interceptor(wire).send()
                })
                .await?;
            Ok((page.container_instance_arns, page.next_token))
        })
        .await?;
        let instances = in_batches(&arns, CONTAINER_INSTANCES_A_CALL, |batch| async move {
            let answer = self
                .shared
                .call(DESCRIBE_CONTAINER_INSTANCES, priority, |wire| {
                    let request = self.client.describe_container_instances().cluster(cluster.as_str());
                    let request = request.set_container_instances(Some(batch));
                    let request = request.include(types::ContainerInstanceField::ContainerInstanceHealth);
                    request.customize().interceptor(wire).send()
                })
                .await?;
            present(answer.container_instances, answer.failures)
                .map_err(|failure| failure.of(&DESCRIBE_CONTAINER_INSTANCES))
        })
        .await?;
        Ok(instances.into_iter().map(container_instance).collect())
    }

    pub(in crate::aws) async fn capacity_providers(
        &self,
        names: &[String],
        priority: Priority,
    ) -> Result<Vec<CapacityProvider>, CallError> {
        let providers = in_batches(names, CAPACITY_PROVIDERS_A_CALL, |batch| async move {
            let answer = self
                .shared
                .call(DESCRIBE_CAPACITY_PROVIDERS, priority, |wire| {
                    let request = self.client.describe_capacity_providers().set_capacity_providers(Some(batch));
                    request.customize().interceptor(wire).send()
                })
                .await?;
            present(answer.capacity_providers, answer.failures)
                .map_err(|failure| failure.of(&DESCRIBE_CAPACITY_PROVIDERS))
        })
        .await?;
        Ok(providers.into_iter().map(capacity_provider).collect())
    }

    /// Those of the tasks that are protected. A task nobody can protect, such as one that has ended, is not.
    pub(in crate::aws) async fn task_protection(
        &self,
        cluster: &ClusterName,
        tasks: &[TaskArn],
        priority: Priority,
    ) -> Result<Vec<TaskArn>, CallError> {
        let tasks = in_batches(tasks, PROTECTIONS_A_CALL, |batch| async move {
            let arns = batch.iter().map(|task| task.as_str().to_owned()).collect();
            let answer = self
                .shared
                .call(GET_TASK_PROTECTION, priority, |wire| {
                    let request = self.client.get_task_protection().cluster(cluster.as_str()).set_tasks(Some(arns));
                    request.customize().interceptor(wire).send()
                })
                .await?;
            let mut failures = answer.failures.unwrap_or_default();
            failures.retain(|failure| failure.reason.as_deref() != Some("TASK_NOT_VALID"));
            present(answer.protected_tasks, Some(failures)).map_err(|failure| failure.of(&GET_TASK_PROTECTION))
        })
        .await?;
        let protected = tasks.into_iter().filter(|task| task.protection_enabled);
        Ok(protected.filter_map(|task| task.task_arn).map(TaskArn::new).collect())
    }
}

fn container_instance(instance: types::ContainerInstance) -> ContainerInstance {
    let (health, details) =
        instance.health_status.map_or((None, None), |health| (spelled(health.overall_status.as_ref()), health.details));
    ContainerInstance {
        arn: ContainerInstanceArn::new(instance.container_instance_arn.unwrap_or_default()),
        ec2_instance: scalars::present(instance.ec2_instance_id),
        status: instance.status.unwrap_or_default(),
        status_reason: scalars::present(instance.status_reason),
        agent_connected: instance.agent_connected,
        health,
        impairments: details
            .unwrap_or_default()
            .into_iter()
            .filter(|result| result.status == Some(types::InstanceHealthCheckState::Impaired))
            .map(|result| (spelled(result.r#type.as_ref()).unwrap_or_default(), scalars::present(result.status_reason)))
            .collect(),
        registered: resources(&instance.registered_resources.unwrap_or_default()),
        remaining: resources(&instance.remaining_resources.unwrap_or_default()),
        attributes: instance
            .attributes
            .unwrap_or_default()
            .into_iter()
            .map(|attribute| (attribute.name, scalars::present(attribute.value)))
            .collect(),
        running: count(instance.running_tasks_count),
        pending: count(instance.pending_tasks_count),
        capacity_provider: scalars::present(instance.capacity_provider_name),
    }
}

/// Each resource has one of four kinds of value; CPU and memory are integers, ports and GPUs sets of texts.
fn resources(resources: &[types::Resource]) -> Resources {
    let named = |name: &str| resources.iter().find(|resource| resource.name.as_deref() == Some(name));
    let texts = |name: &str| named(name).and_then(|resource| resource.string_set_value.as_deref()).unwrap_or_default();
    Resources {
        cpu: named("CPU").map(|resource| count(resource.integer_value)),
        memory: named("MEMORY").map(|resource| count(resource.integer_value)),
        ports: texts("PORTS").iter().filter_map(|port| port.parse().ok()).collect(),
        gpus: u32::try_from(texts("GPU").len()).unwrap_or(u32::MAX),
    }
}

fn capacity_provider(provider: types::CapacityProvider) -> CapacityProvider {
    let (group, scaling) = provider
        .auto_scaling_group_provider
        .map_or((None, None), |group| (Some(group.auto_scaling_group_arn), group.managed_scaling));
    CapacityProvider {
        name: provider.name.unwrap_or_default(),
        status: spelled(provider.status.as_ref()),
        update_status: spelled(provider.update_status.as_ref()),
        update_reason: scalars::present(provider.update_status_reason),
        auto_scaling_group: scalars::present(group),
        managed_scaling: scaling.and_then(|scaling| spelled(scaling.status.as_ref())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_instance_keeps_what_it_has_and_what_ails_it() {
        let number = |name: &str, value| types::Resource::builder().name(name).r#type("INTEGER").integer_value(value);
        let set = |name: &str, values: &[&str]| {
            let values = values.iter().map(ToString::to_string).collect();
            types::Resource::builder().name(name).r#type("STRINGSET").set_string_set_value(Some(values)).build()
        };
        let check = |kind: types::InstanceHealthCheckType, state: types::InstanceHealthCheckState| {
            types::InstanceHealthCheckResult::builder().r#type(kind).status(state).status_reason("why").build()
        };
        let health = types::ContainerInstanceHealthStatus::builder()
            .overall_status(types::InstanceHealthCheckState::Impaired)
            .details(check(types::InstanceHealthCheckType::ContainerRuntime, types::InstanceHealthCheckState::Impaired))
            .details(check("SOMETHING_NEW".into(), types::InstanceHealthCheckState::Ok))
            .build();
        let converted = container_instance(
            types::ContainerInstance::builder()
                .container_instance_arn("ci")
                .ec2_instance_id("i-1")
                .status("ACTIVE")
                .agent_connected(false)
                .registered_resources(number("CPU", 2048).build())
                .registered_resources(number("MEMORY", 3904).build())
                .registered_resources(set("GPU", &["gpu-1", "gpu-2"]))
                .remaining_resources(number("CPU", 0).build())
                .remaining_resources(set("PORTS", &["22", "8080", "odd", "70000"]))
                .remaining_resources(set("PORTS_UDP", &["53"]))
                .attributes(types::Attribute::builder().name("ecs.os-type").value("linux").build().unwrap())
                .health_status(health)
                .running_tasks_count(3)
                .build(),
        );
        assert_eq!((converted.registered.cpu, converted.registered.memory), (Some(2048), Some(3904)));
        assert_eq!(
            (converted.registered.gpus, converted.remaining.cpu, converted.remaining.memory),
            (2, Some(0), None)
        );
        assert_eq!(converted.remaining.ports, [22, 8080]);
        assert_eq!(converted.attribute("ecs.os-type"), Some("linux"));
        assert_eq!(converted.health.as_deref(), Some("IMPAIRED"));
        assert_eq!(converted.impairments, [("CONTAINER_RUNTIME".to_owned(), Some("why".to_owned()))]);
        assert_eq!((converted.running, converted.pending, converted.agent_connected), (3, 0, false));
    }

    #[test]
    fn a_capacity_provider_keeps_its_group_and_the_last_change_to_it() {
        let scaling = types::ManagedScaling::builder().status(types::ManagedScalingStatus::Disabled).build();
        let group = types::AutoScalingGroupProvider::builder().auto_scaling_group_arn("asg").managed_scaling(scaling);
        let converted = capacity_provider(
            types::CapacityProvider::builder()
                .name("workers")
                .status(types::CapacityProviderStatus::Active)
                .update_status(types::CapacityProviderUpdateStatus::UpdateFailed)
                .update_status_reason("no such group")
                .auto_scaling_group_provider(group.build().unwrap())
                .build(),
        );
        assert_eq!((converted.name.as_str(), converted.status.as_deref()), ("workers", Some("ACTIVE")));
        assert_eq!(converted.update_status.as_deref(), Some("UPDATE_FAILED"));
        assert_eq!(converted.auto_scaling_group.as_deref(), Some("asg"));
        assert_eq!(converted.managed_scaling.as_deref(), Some("DISABLED"));
        let fargate = capacity_provider(types::CapacityProvider::builder().name("FARGATE").build());
        assert_eq!((fargate.auto_scaling_group, fargate.managed_scaling), (None, None));
    }
}
