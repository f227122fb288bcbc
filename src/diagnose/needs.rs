//! What has to be asked to diagnose a service, given what is known so far. Whoever collects facts asks this again after
//! every answer until nothing new comes: no phase waits for a slower one.
//!
//! ```text
//!  service ─┬─ tasks ──────┬─ revisions, container instances, logs
//!           ├─ deployments ┴─ service revisions, alarms
//!           ├─ target group ─┬─ load balancer ── its interfaces
//!           ├─ target health │
//!           ├─ subnets ──────┴─ VPC ── prefix lists, endpoint interfaces
//!           └─ scaling, metrics
//! ```
//!
//! Cheap and telling reads come first. The network is asked about only where it can matter, since a healthy target proves
//! its own path.

use super::deployment::in_progress;
use super::facts::Facts;
use super::network;
use super::rules::{deployment, health_check, network_path, task_start, task_stop};
use super::scene::Scene;
use super::target_health::{Standing, meaning};
use crate::model::arn::TaskDefinitionArn;
use crate::model::known::Known;
use crate::model::load_balancing::{LoadBalancerKind, Target, TargetGroup};
use crate::model::query::Query;
use crate::model::service::{DeploymentController, ServiceStatus};

/// Revisions of a service that are looked at, besides those it has deployments of.
const MOST_OLD_REVISIONS: usize = 5;

/// Everything a diagnosis of the service asks for, as far as can be told by now: each query once, whether or not it has been
/// answered.
pub fn needs(facts: &Facts<'_>) -> Vec<Query> {
    needs_of(&Scene::new(*facts))
}

/// The same for who has looked at the facts already.
pub(super) fn needs_of(scene: &Scene<'_>) -> Vec<Query> {
    let facts = &scene.facts;
    let mut needs = Needs { facts, queries: Vec::new() };
    needs.of_ecs();
    if facts.service.status == ServiceStatus::Active && !is_off(facts) {
        needs.of_load_balancing();
        needs.of_hosts();
        needs.of_the_network();
        needs.of_cloudwatch();
        needs.of_trouble(scene);
    }
    needs.of_scaling();
    needs.queries
}

/// Whether the attributes of a target group can explain anything: always behind network load balancers, whose packets depend
/// on them, elsewhere only while something moves or fails. A cluster has many groups, and ELB few reads to spare.
fn attributes_matter(facts: &Facts<'_>, group: &TargetGroup) -> bool {
    let of_application = group.protocol.as_deref().is_some_and(|protocol| protocol.starts_with("HTTP"));
    let targets = facts.target_health(&group.arn);
    let fine = |target: &Target| meaning(target).standing == Standing::Fine;
    let quiet = match &targets {
        // Wait and see.
        Known::NotAsked => true,
        Known::Known(targets) => targets.iter().all(fine),
        Known::Denied(_) | Known::Failed(_) => false,
    };
    !of_application || !quiet || in_progress(facts.service)
}

/// Whether nothing is wanted and nothing runs.
fn is_off(facts: &Facts<'_>) -> bool {
    facts.service.desired == 0 && facts.service.running == 0 && facts.service.pending == 0
}

struct Needs<'f, 'a> {
    facts: &'f Facts<'a>,
    queries: Vec<Query>,
}

impl Needs<'_, '_> {
    fn add(&mut self, query: Query) {
        if !self.queries.contains(&query) {
            self.queries.push(query);
        }
    }

    fn of_ecs(&mut self) {
        let facts = self.facts;
        let (cluster, service) = (facts.cluster(), facts.service.arn.clone());
        self.add(Query::Tasks { cluster: cluster.clone(), service: service.clone() });
        // With other controllers AWS knows no service deployments and says that the request is invalid.
        if facts.service.controller == DeploymentController::Ecs {
            self.add(Query::ServiceDeployments { cluster, service });
        }
        for task_definition in revisions(facts) {
            self.add(Query::TaskDefinition { task_definition });
        }
        let family = facts.service.task_definition.as_ref().map(|revision| revision.family().to_owned());
        if let Some(family) = family.filter(|family| !family.is_empty()) {
            self.add(Query::LatestRevision { family });
        }
        // Which revisions matter is known once the deployments are, unless those cannot be read.
        let revisions = facts.wanted_revisions();
        let settled = !matches!(facts.service_deployments(), Known::NotAsked)
            || facts.service.controller != DeploymentController::Ecs;
        if settled && !revisions.is_empty() {
            self.add(Query::ServiceRevisions { revisions });
        }
    }

    fn of_load_balancing(&mut self) {
        let facts = self.facts;
        for group in facts.wanted_target_groups() {
            self.add(Query::TargetGroup { target_group: group.clone() });
            self.add(Query::TargetHealth { target_group: group.clone() });
        }
        for group in facts.wanted_target_groups() {
            let settings = facts.target_group(group);
            let Some(settings) = settings.known() else { continue };
            for load_balancer in &settings.load_balancers {
                self.add(Query::Routing { load_balancer: load_balancer.clone() });
            }
            if attributes_matter(facts, settings) {
                self.add(Query::TargetGroupAttributes { target_group: group.clone() });
            }
        }
    }

    /// Container instances and capacity providers, where tasks do not run on Fargate alone.
    fn of_hosts(&mut self) {
        let facts = self.facts;
        let own_providers = facts.wanted_capacity_providers().iter().any(|name| !name.starts_with("FARGATE"));
        let tasks = facts.tasks();
        let on_hosts = tasks.known().is_some_and(|tasks| tasks.iter().any(|task| task.container_instance.is_some()));
        let launched_on_hosts = matches!(facts.service.launch_type.as_deref(), Some("EC2" | "EXTERNAL"));
        if own_providers {
            self.add(Query::CapacityProviders { names: facts.wanted_capacity_providers() });
        }
        if own_providers || on_hosts || launched_on_hosts {
            self.add(Query::ContainerInstances { cluster: facts.cluster() });
        }
    }

    fn of_the_network(&mut self) {
        let facts = self.facts;
        let subnets = facts.wanted_subnets();
        if !subnets.is_empty() {
            self.add(Query::Subnets { subnets });
        }
        let matters = network_matters(facts);
        if facts.wanted_target_groups().is_empty() && !matters {
            return;
        }
        for vpc in network::wanted_vpcs(facts) {
            self.add(Query::Vpc { vpc });
        }
        if !matters {
            return;
        }
        for load_balancer in load_balancers(facts) {
            self.add(load_balancer);
        }
        let interfaces = facts.wanted_task_interfaces();
        if !interfaces.is_empty() {
            self.add(Query::NetworkInterfaces { interfaces });
        }
        let instances = facts.wanted_instances();
        if !instances.is_empty() {
            self.add(Query::Instances { instances });
        }
        for prefix_list in network::wanted_prefix_lists(facts) {
            self.add(Query::PrefixList { prefix_list });
        }
        let interfaces = network::wanted_endpoint_interfaces(facts);
        if !interfaces.is_empty() {
            self.add(Query::NetworkInterfaces { interfaces });
        }
    }

    /// What containers wrote, and what else only the dead and the failing need.
    fn of_trouble(&mut self, scene: &Scene<'_>) {
        let logs = health_check::wanted_logs(scene).into_iter().chain(task_stop::wanted_logs(scene));
        for (stream, since) in logs {
            self.add(Query::Logs { stream, since });
        }
        for (name, region) in task_start::wanted_log_groups(scene) {
            self.add(Query::LogGroup { name, region });
        }
        for target_group in network_path::wanted_target_groups(scene) {
            self.add(Query::TargetHealth { target_group });
        }
        let tasks = deployment::wanted_protection(self.facts);
        if !tasks.is_empty() {
            self.add(Query::TaskProtection { cluster: self.facts.cluster(), tasks });
        }
    }

    fn of_cloudwatch(&mut self) {
        let facts = self.facts;
        self.add(Query::Utilization { cluster: facts.cluster(), service: facts.service.arn.clone() });
        for group in facts.wanted_target_groups() {
            let settings = facts.target_group(group);
            for load_balancer in settings.known().into_iter().flat_map(|settings| &settings.load_balancers) {
                let (load_balancer, target_group) = (load_balancer.clone(), group.clone());
                self.add(Query::Traffic { load_balancer, target_group });
            }
        }
        let names = facts.wanted_alarms();
        if !names.is_empty() {
            self.add(Query::Alarms { names });
        }
    }

    fn of_scaling(&mut self) {
        let facts = self.facts;
        self.add(Query::Scaling { cluster: facts.cluster(), service: facts.service.arn.clone() });
    }
}

/// The revisions of the service's deployments and of its dead tasks.
fn revisions(facts: &Facts<'_>) -> Vec<TaskDefinitionArn> {
    let service = facts.service;
    let of_deployments = service.deployments.iter().map(|deployment| &deployment.task_definition);
    let of_task_sets = service.task_sets.iter().map(|set| &set.task_definition);
    let mut revisions: Vec<TaskDefinitionArn> = Vec::new();
    for revision in service.task_definition.iter().chain(of_deployments).chain(of_task_sets) {
        if !revisions.contains(revision) {
            revisions.push(revision.clone());
        }
    }
    let limit = revisions.len() + MOST_OLD_REVISIONS;
    let tasks = facts.tasks();
    for task in tasks.known().into_iter().flat_map(|tasks| tasks.iter()) {
        if revisions.len() < limit && !revisions.contains(&task.task_definition) {
            revisions.push(task.task_definition.clone());
        }
    }
    revisions
}

fn settings<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a TargetGroup> {
    let groups = facts.wanted_target_groups().into_iter();
    groups.filter_map(|group| facts.target_group(group).known().copied()).collect::<Vec<_>>().into_iter()
}

fn load_balancers(facts: &Facts<'_>) -> Vec<Query> {
    let balancers = settings(facts).flat_map(|group| &group.load_balancers);
    balancers.map(|balancer| Query::LoadBalancerInterfaces { load_balancer: balancer.clone() }).collect()
}

/// Whether the network between load balancer, tasks and what they need can be the reason for anything.
fn network_matters(facts: &Facts<'_>) -> bool {
    let service = facts.service;
    if service.running < service.desired || service.pending > 0 || in_progress(service) {
        return true;
    }
    facts.wanted_target_groups().into_iter().any(|group| match facts.target_health(group) {
        Known::Known(targets) => {
            let quiet = |standing| matches!(standing, Standing::Fine | Standing::Leaving);
            targets.iter().any(|target| !quiet(meaning(target).standing)) || targets.is_empty()
        }
        Known::Denied(_) | Known::Failed(_) => true,
        Known::NotAsked => false,
    }) || settings(facts).any(|group| is_sneaky(facts, group))
}

/// Whether traffic can be cut although checks pass: the check goes to another port, or the source of traffic is not the
/// load balancer.
fn is_sneaky(facts: &Facts<'_>, group: &TargetGroup) -> bool {
    let another_port = group.health_check.port.as_deref().is_some_and(|port| port != "traffic-port");
    let behind_network_balancer = group.load_balancers.iter().any(|balancer| {
        let routing = facts.routing(balancer);
        routing.known().is_some_and(|routing| routing.load_balancer.kind == LoadBalancerKind::Network)
    });
    another_port || behind_network_balancer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Case, service, target, target_group};
    use crate::model::load_balancing::TargetState;

    fn names(case: &Case) -> Vec<String> {
        needs(&case.facts()).iter().map(|query| query.operation().name).collect()
    }

    #[test]
    fn nothing_is_asked_twice_and_the_network_only_where_it_can_matter() {
        let fine = target("10.0.0.1", TargetState::Healthy, "", "");
        let failing = target("10.0.0.1", TargetState::Unhealthy, "Target.Timeout", "Request timed out");
        for (targets, matters) in [(vec![fine], false), (vec![failing], true), (Vec::new(), true)] {
            let case = Case::new(service("web", 1)).group(target_group(), targets);
            let asked = needs(&case.facts());
            for (index, query) in asked.iter().enumerate() {
                assert!(!asked.iter().take(index).any(|other| other == query), "{query:?}");
            }
            assert_eq!(names(&case).contains(&"DescribeNetworkInterfaces".to_owned()), matters);
            assert!(
                names(&case).contains(&"DescribeSecurityGroups".to_owned()),
                "clients need the load balancer's groups"
            );
        }
    }

    #[test]
    fn a_check_on_another_port_needs_the_network_although_targets_are_healthy() {
        let mut group = target_group();
        group.health_check.port = Some("9090".to_owned());
        let case = Case::new(service("web", 1)).group(group, vec![target("10.0.0.1", TargetState::Healthy, "", "")]);
        assert!(names(&case).contains(&"DescribeNetworkInterfaces".to_owned()));
    }

    #[test]
    fn a_service_that_is_off_needs_little() {
        let case = Case::new(service("web", 0));
        assert_eq!(
            names(&case),
            [
                "ListTasks",
                "ListServiceDeployments",
                "DescribeTaskDefinition",
                "ListTaskDefinitions",
                "DescribeScalableTargets"
            ]
        );
    }
}
