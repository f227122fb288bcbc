//! The reads of ECS. Lists are followed page by page, which cannot be hurried; the descriptions of what they list are
//! asked for in full batches, all at once as far as the budget lets them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_sdk_ecs::types::{DesiredStatus, Failure as EcsFailure};
use futures_util::future::try_join_all;

use super::{cluster, service, service_deployment, task, task_definition};
use crate::aws::budget::Priority;
use crate::aws::error::Failure;
use crate::aws::operations::{
    DESCRIBE_CLUSTERS, DESCRIBE_CONTAINER_INSTANCES, DESCRIBE_SERVICE_DEPLOYMENTS, DESCRIBE_SERVICES,
    DESCRIBE_TASK_DEFINITION, DESCRIBE_TASKS, LIST_CLUSTERS, LIST_SERVICE_DEPLOYMENTS, LIST_SERVICES, LIST_TASKS,
};
use crate::aws::pages;
use crate::aws::read_only::ReadsOnly;
use crate::aws::shared::Shared;
use crate::model::arn::{ClusterArn, ClusterName, ContainerInstanceArn, ServiceArn, TaskArn, TaskDefinitionArn};
use crate::model::call::{CallError, ErrorKind};
use crate::model::cluster::Cluster;
use crate::model::known::Known;
use crate::model::service::Service;
use crate::model::service_deployment::ServiceDeployment;
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;

// The most the API takes (catalogue section 8).
pub(super) const LIST_PAGE: i32 = 100;
const CLUSTERS_A_CALL: usize = 100;
const SERVICES_A_CALL: usize = 10;
const TASKS_A_CALL: usize = 100;
pub(super) const CONTAINER_INSTANCES_A_CALL: usize = 100;
/// As many as DescribeServiceDeployments takes.
const SERVICE_DEPLOYMENTS: i32 = 20;

pub(in crate::aws) struct Reader {
    pub(super) client: aws_sdk_ecs::Client,
    pub(super) shared: Arc<Shared>,
    /// The EC2 instance of a container instance never changes. External hosts have none.
    ec2_instances: Mutex<HashMap<ContainerInstanceArn, Option<String>>>,
}

impl Reader {
    pub(in crate::aws) fn new(config: &SdkConfig, shared: Arc<Shared>) -> Self {
        let config = aws_sdk_ecs::config::Builder::from(config).interceptor(ReadsOnly).build();
        Self { client: aws_sdk_ecs::Client::from_conf(config), shared, ec2_instances: Mutex::default() }
    }

    pub(in crate::aws) async fn clusters(&self, priority: Priority) -> Result<Vec<Cluster>, CallError> {
        let arns = pages::all(&LIST_CLUSTERS, |token| async move {
            let page = self
                .shared
                .call(LIST_CLUSTERS, priority, |wire| {
                    let request = self.client.list_clusters().max_results(LIST_PAGE).set_next_token(token);
                    request.customize().interceptor(wire).send()
                })
                .await?;
            Ok((page.cluster_arns, page.next_token))
        })
        .await?;
        let described = in_batches(&arns, CLUSTERS_A_CALL, |batch| async move {
            let answer = self
                .shared
                .call(DESCRIBE_CLUSTERS, priority, |wire| {
                    let request = self.client.describe_clusters().set_clusters(Some(batch));
                    request.customize().interceptor(wire).send()
                })
                .await?;
            present(answer.clusters, answer.failures).map_err(|failure| failure.of(&DESCRIBE_CLUSTERS))
        })
        .await;
        let mut clusters: Vec<Cluster> = match described {
            // One that was deleted in between is not in the answer.
            Ok(described) => described
                .into_iter()
                .map(|mut found| {
                    let arn = ClusterArn::new(found.cluster_arn.take().unwrap_or_default());
                    cluster::cluster(arn, Known::Known(cluster::details(found)))
                })
                .collect(),
            // Their names are enough to choose one.
            Err(error) => {
                let unknown = |arn: String| cluster::cluster(ClusterArn::new(arn), Err(error.clone()).into());
                arns.into_iter().map(unknown).collect()
            }
        };
        clusters.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(clusters)
    }

    pub(in crate::aws) async fn service_arns(
        &self,
        cluster: &ClusterName,
        priority: Priority,
    ) -> Result<Vec<ServiceArn>, CallError> {
        let arns = pages::all(&LIST_SERVICES, |token| async move {
            let page = self
                .shared
                .call(LIST_SERVICES, priority, |wire| {
                    let request = self.client.list_services().cluster(cluster.as_str()).max_results(LIST_PAGE);
                    request.set_next_token(token).customize().interceptor(wire).send()
                })
                .await?;
            Ok((page.service_arns, page.next_token))
        })
        .await?;
        let mut services: Vec<ServiceArn> = arns.into_iter().map(ServiceArn::new).collect();
        services.sort_by(|one, other| (one.name(), one).cmp(&(other.name(), other)));
        services.dedup();
        Ok(services)
    }

    pub(in crate::aws) async fn services(
        &self,
        cluster: &ClusterName,
        services: &[ServiceArn],
        priority: Priority,
    ) -> Result<Vec<Service>, CallError> {
        let services = in_batches(services, SERVICES_A_CALL, |batch| async move {
            let names = batch.iter().map(|service| service.as_str().to_owned()).collect();
            let answer = self
                .shared
                .call(DESCRIBE_SERVICES, priority, |wire| {
                    let request = self.client.describe_services().cluster(cluster.as_str()).set_services(Some(names));
                    request.customize().interceptor(wire).send()
                })
                .await?;
            present(answer.services, answer.failures).map_err(|failure| failure.of(&DESCRIBE_SERVICES))
        })
        .await?;
        Ok(services.into_iter().map(service::service).collect())
    }

    pub(in crate::aws) async fn tasks(
        &self,
        cluster: &ClusterName,
        service: &ServiceArn,
        priority: Priority,
    ) -> Result<Vec<Task>, CallError> {
        let (running, stopped) = tokio::try_join!(
            self.task_arns(cluster, Some(service), DesiredStatus::Running, priority),
            self.task_arns(cluster, Some(service), DesiredStatus::Stopped, priority),
        )?;
        // A task that stops between the two lists is in both.
        let mut seen = HashSet::new();
        let arns: Vec<String> = running.into_iter().chain(stopped).filter(|arn| seen.insert(arn.clone())).collect();
        self.described_tasks(cluster, &arns, priority).await
    }

    pub(in crate::aws) async fn cluster_tasks(
        &self,
        cluster: &ClusterName,
        stopped: bool,
        priority: Priority,
    ) -> Result<Vec<Task>, CallError> {
        let status = if stopped { DesiredStatus::Stopped } else { DesiredStatus::Running };
        let arns = self.task_arns(cluster, None, status, priority).await?;
        self.described_tasks(cluster, &arns, priority).await
    }

    async fn described_tasks(
        &self,
        cluster: &ClusterName,
        arns: &[String],
        priority: Priority,
    ) -> Result<Vec<Task>, CallError> {
        let tasks = in_batches(arns, TASKS_A_CALL, |batch| async move {
            let answer = self
                .shared
                .call(DESCRIBE_TASKS, priority, |wire| {
                    let request = self.client.describe_tasks().cluster(cluster.as_str()).set_tasks(Some(batch));
                    request.customize().interceptor(wire).send()
                })
                .await?;
            present(answer.tasks, answer.failures).map_err(|failure| failure.of(&DESCRIBE_TASKS))
        })
        .await?;
        let mut tasks: Vec<Task> = tasks.into_iter().map(task::task).collect();
        let mut seen: HashSet<TaskArn> = HashSet::new();
        tasks.retain(|task| seen.insert(task.arn.clone()));
        self.look_up_instances(cluster, &mut tasks, priority).await;
        Ok(tasks)
    }

    async fn task_arns(
        &self,
        cluster: &ClusterName,
        service: Option<&ServiceArn>,
        status: DesiredStatus,
        priority: Priority,
    ) -> Result<Vec<String>, CallError> {
        let status = &status;
        pages::all(&LIST_TASKS, |token| async move {
            let page = self
                .shared
                .call(LIST_TASKS, priority, |wire| {
                    let service = service.map(|service| service.name().to_owned());
                    let request = self.client.list_tasks().cluster(cluster.as_str()).set_service_name(service);
                    let request = request.desired_status(status.clone()).max_results(LIST_PAGE).set_next_token(token);
                    request.customize().interceptor(wire).send()
                })
                .await?;
            Ok((page.task_arns, page.next_token))
        })
        .await
    }

    /// Finds out the EC2 instances of tasks that run on some. They only serve to join tasks with targets of type
    /// `instance`, so a failure does not take the tasks away: they say that their instance is not known, and why.
    async fn look_up_instances(&self, cluster: &ClusterName, tasks: &mut [Task], priority: Priority) {
        let mut unknown: Vec<ContainerInstanceArn> = {
            let known = self.ec2_instances.lock().unwrap_or_else(PoisonError::into_inner);
            tasks
                .iter()
                .filter_map(|task| task.container_instance.clone())
                .filter(|arn| !known.contains_key(arn))
                .collect()
        };
        unknown.sort();
        unknown.dedup();
        let batches = unknown.chunks(CONTAINER_INSTANCES_A_CALL).map(|batch| async move {
            let arns = batch.iter().map(|arn| arn.as_str().to_owned()).collect();
            let answer = self
                .shared
                .call(DESCRIBE_CONTAINER_INSTANCES, priority, |wire| {
                    let request = self.client.describe_container_instances().cluster(cluster.as_str());
                    request.set_container_instances(Some(arns)).customize().interceptor(wire).send()
                })
                .await;
            answer.map(|answer| answer.container_instances.unwrap_or_default()).map_err(|error| (batch, error))
        });
        let found = futures_util::future::join_all(batches).await;
        let mut known = self.ec2_instances.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failed: HashMap<&ContainerInstanceArn, CallError> = HashMap::new();
        for instances in found {
            match instances {
                Ok(instances) => known.extend(instances.into_iter().filter_map(|instance| {
                    Some((ContainerInstanceArn::new(instance.container_instance_arn?), instance.ec2_instance_id))
                })),
                Err((batch, error)) => failed.extend(batch.iter().map(|arn| (arn, error.clone()))),
            }
        }
        for task in tasks {
            let Some(arn) = &task.container_instance else { continue };
            task.ec2_instance = match (known.get(arn), failed.get(arn)) {
                (Some(Some(instance)), _) => Known::Known(instance.clone()),
                (None, Some(error)) => Known::from(Err(error.clone())),
                (Some(None) | None, _) => Known::NotAsked,
            };
        }
    }

    pub(in crate::aws) async fn task_definition(
        &self,
        definition: &TaskDefinitionArn,
        priority: Priority,
    ) -> Result<TaskDefinition, CallError> {
        let answer = self
            .shared
            .call(DESCRIBE_TASK_DEFINITION, priority, |wire| {
                let request = self.client.describe_task_definition().task_definition(definition.as_str());
                request.customize().interceptor(wire).send()
            })
            .await?;
        answer.task_definition.map(task_definition::task_definition).ok_or_else(|| {
            Failure::new(ErrorKind::NotFound, format!("AWS has no task definition {}", definition.name()))
                .of(&DESCRIBE_TASK_DEFINITION)
        })
    }

    pub(in crate::aws) async fn service_deployments(
        &self,
        cluster: &ClusterName,
        service: &ServiceArn,
        priority: Priority,
    ) -> Result<Vec<ServiceDeployment>, CallError> {
        let list = self
            .shared
            .call(LIST_SERVICE_DEPLOYMENTS, priority, |wire| {
                let request =
                    self.client.list_service_deployments().cluster(cluster.as_str()).service(service.as_str());
                request.max_results(SERVICE_DEPLOYMENTS).customize().interceptor(wire).send()
            })
            .await?;
        let most = usize::try_from(SERVICE_DEPLOYMENTS).unwrap_or_default();
        let briefs = list.service_deployments.unwrap_or_default();
        let arns: Vec<String> =
            briefs.into_iter().filter_map(|brief| brief.service_deployment_arn).take(most).collect();
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self
            .shared
            .call(DESCRIBE_SERVICE_DEPLOYMENTS, priority, |wire| {
                let request = self.client.describe_service_deployments().set_service_deployment_arns(Some(arns));
                request.customize().interceptor(wire).send()
            })
            .await?;
        let mut deployments: Vec<ServiceDeployment> = present(answer.service_deployments, answer.failures)
            .map_err(|failure| failure.of(&DESCRIBE_SERVICE_DEPLOYMENTS))?
            .into_iter()
            .map(service_deployment::service_deployment)
            .collect();
        deployments.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
        Ok(deployments)
    }
}

/// Asks for everything in batches of this size, all at once as far as the budget lets them.
pub(super) async fn in_batches<I: Clone, T, F>(
    items: &[I],
    size: usize,
    ask: impl Fn(Vec<I>) -> F,
) -> Result<Vec<T>, CallError>
where
    F: Future<Output = Result<Vec<T>, CallError>>,
{
    let batches = items.chunks(size).map(|batch| ask(batch.to_vec()));
    Ok(try_join_all(batches).await?.into_iter().flatten().collect())
}

/// What is there of what was asked for. The batch reads of ECS answer with failures beside the successes: what is missing
/// does not exist (any more), which the caller sees from its absence; everything else is an error.
pub(super) fn present<T>(found: Option<Vec<T>>, failures: Option<Vec<EcsFailure>>) -> Result<Vec<T>, Failure> {
    let failures = failures.unwrap_or_default();
    let Some(failure) = failures.into_iter().find(|failure| failure.reason.as_deref() != Some("MISSING")) else {
        return Ok(found.unwrap_or_default());
    };
    let reason = failure.reason.as_deref().unwrap_or("no reason given");
    let what = failure.arn.as_deref().unwrap_or("one of them");
    let message = match failure.detail.as_deref() {
        Some(detail) => format!("{what}: {reason} ({detail})"),
        None => format!("{what}: {reason}"),
    };
    let kind = if reason.contains("ACCESS_DENIED") { ErrorKind::Denied } else { ErrorKind::Other };
    Err(Failure::new(kind, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(reason: &str) -> EcsFailure {
        EcsFailure::builder().arn("arn:aws:ecs:eu-west-1:1:service/shop/web").reason(reason).build()
    }

    #[test]
    fn what_is_missing_is_no_error_and_everything_else_is() {
        let ask = |failures: Vec<EcsFailure>| present(Some(vec![1]), Some(failures));
        assert_eq!(ask(vec![]), Ok(vec![1]));
        assert_eq!(ask(vec![failure("MISSING"), failure("MISSING")]), Ok(vec![1]));
        let error = ask(vec![failure("MISSING"), failure("ODD")]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Other);
        assert_eq!(error.message, "arn:aws:ecs:eu-west-1:1:service/shop/web: ODD");
        assert!(ask(vec![EcsFailure::builder().build()]).is_err());
        assert_eq!(present::<u8>(None, None), Ok(vec![]));
    }
}
