//! Which reads answer which question.

use super::budget::Priority;
use super::{Aws, Clients};
use crate::model::call::CallError;
use crate::model::query::{Answer, Query};

impl Aws {
    /// Asks AWS. Dropping the future cancels the calls under way.
    pub async fn answer(&self, query: &Query, priority: Priority) -> Result<Answer, CallError> {
        let Clients { ecs, elb, ec2, autoscaling, cloudwatch, logs, sts, .. } = &*self.clients;
        match query {
            Query::Identity => sts.identity(priority).await.map(Answer::Identity),
            Query::Clusters => ecs.clusters(priority).await.map(Answer::Clusters),
            Query::ServiceArns { cluster } => ecs.service_arns(cluster, priority).await.map(Answer::ServiceArns),
            Query::Services { cluster, services } => {
                ecs.services(cluster, services, priority).await.map(Answer::Services)
            }
            Query::Tasks { cluster, service } => ecs.tasks(cluster, service, priority).await.map(Answer::Tasks),
            Query::TaskDefinition { task_definition } => {
                ecs.task_definition(task_definition, priority).await.map(Box::new).map(Answer::TaskDefinition)
            }
            Query::ServiceDeployments { cluster, service } => {
                ecs.service_deployments(cluster, service, priority).await.map(Answer::ServiceDeployments)
            }
            Query::ServiceRevisions { revisions } => {
                ecs.service_revisions(revisions, priority).await.map(Answer::ServiceRevisions)
            }
            Query::LatestRevision { family } => ecs.latest_revision(family, priority).await.map(Answer::LatestRevision),
            Query::ContainerInstances { cluster } => {
                ecs.container_instances(cluster, priority).await.map(Answer::ContainerInstances)
            }
            Query::CapacityProviders { names } => {
                ecs.capacity_providers(names, priority).await.map(Answer::CapacityProviders)
            }
            Query::TaskProtection { cluster, tasks } => {
                ecs.task_protection(cluster, tasks, priority).await.map(Answer::TaskProtection)
            }
            Query::TargetGroup { target_group } => {
                elb.target_group(target_group, priority).await.map(Box::new).map(Answer::TargetGroup)
            }
            Query::TargetGroupAttributes { target_group } => {
                elb.target_group_attributes(target_group, priority).await.map(Answer::TargetGroupAttributes)
            }
            Query::TargetHealth { target_group } => {
                elb.target_health(target_group, priority).await.map(Answer::TargetHealth)
            }
            Query::Routing { load_balancer } => {
                elb.routing(load_balancer, priority).await.map(Box::new).map(Answer::Routing)
            }
            Query::Subnets { subnets } => ec2.subnets(subnets, priority).await.map(Answer::Subnets),
            // In a box: ten calls at once are a large future.
            Query::Vpc { vpc } => Ok(Answer::Vpc(Box::new(Box::pin(ec2.vpc(vpc, priority)).await))),
            Query::NetworkInterfaces { interfaces } => {
                ec2.interfaces(interfaces, priority).await.map(Answer::NetworkInterfaces)
            }
            Query::LoadBalancerInterfaces { load_balancer } => {
                ec2.load_balancer_interfaces(load_balancer, priority).await.map(Answer::LoadBalancerInterfaces)
            }
            Query::Instances { instances } => ec2.instances(instances, priority).await.map(Answer::Instances),
            Query::PrefixList { prefix_list } => ec2.prefix_list(prefix_list, priority).await.map(Answer::PrefixList),
            Query::Scaling { cluster, service } => {
                Ok(Answer::Scaling(Box::new(autoscaling.scaling(cluster, service, priority).await)))
            }
            Query::Alarms { names } => cloudwatch.alarms(names, priority).await.map(Answer::Alarms),
            Query::Utilization { cluster, service } => {
                cloudwatch.utilization(cluster, service, priority).await.map(Box::new).map(Answer::Utilization)
            }
            Query::Traffic { load_balancer, target_group } => {
                let traffic = cloudwatch.traffic(load_balancer, target_group, priority).await;
                traffic.map(Box::new).map(Answer::Traffic)
            }
            Query::Metrics { cluster, service, target_groups, range } => {
                let metrics = cloudwatch.metrics(cluster, service, target_groups, *range, priority).await;
                metrics.map(Box::new).map(Answer::Metrics)
            }
            Query::Loads { cluster, services } => {
                cloudwatch.loads(cluster, services, priority).await.map(Answer::Loads)
            }
            Query::AlarmsAbout { cluster, service, target_groups, names } => {
                let alarms = cloudwatch.alarms_about(cluster, service, target_groups, names, priority).await;
                alarms.map(Box::new).map(Answer::AlarmsAbout)
            }
            Query::Logs { stream, since } => {
                logs.excerpt(stream, *since, priority).await.map(Box::new).map(Answer::Logs)
            }
            Query::LogEvents { source, task, from, until, most } => {
                let most = usize::try_from(*most).unwrap_or(usize::MAX);
                logs.newest(source, task.as_deref(), (*from, *until), most, priority).await.map(Answer::LogEvents)
            }
            Query::LogGroup { name, region } => {
                logs.log_group(name, region.as_deref(), priority).await.map(Answer::LogGroup)
            }
            Query::StartInsights { query } => logs.start_query(query, priority).await.map(Answer::StartInsights),
            Query::InsightsResults { id } => {
                logs.query_results(id, priority).await.map(Box::new).map(Answer::InsightsResults)
            }
            Query::StopInsights { id } => logs.stop_query(id, priority).await.map(|()| Answer::StopInsights),
        }
    }
}
