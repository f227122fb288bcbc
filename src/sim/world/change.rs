//! What people do to the world: they update services, stop tasks, change health checks and applications.

use std::sync::Arc;
use std::time::Duration;

use super::application::Application;
use super::load_balancing::{CheckProtocol, HealthCheck, TargetGroup};
use super::moment::Moment;
use super::service::{CircuitBreaker, Controller, Service};
use super::task::{StopCode, Surroundings, Task};
use super::task_definition::TaskDefinition;
use super::{Cluster, World};

/// What UpdateService may change.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceChange {
    pub(crate) desired: Option<usize>,
    pub(crate) task_definition: Option<String>,
    pub(crate) force_new_deployment: bool,
    pub(crate) grace: Option<Duration>,
    pub(crate) minimum_healthy_percent: Option<usize>,
    pub(crate) maximum_percent: Option<usize>,
    pub(crate) circuit_breaker: Option<CircuitBreaker>,
}

/// Where a health check goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckPort {
    /// To the port that traffic uses.
    Traffic,
    /// Always to this one.
    Fixed(u16),
}

/// What ModifyTargetGroup may change.
#[derive(Clone, Debug, Default)]
pub(crate) struct HealthCheckChange {
    pub(crate) protocol: Option<CheckProtocol>,
    pub(crate) port: Option<CheckPort>,
    pub(crate) path: Option<String>,
    pub(crate) matcher: Option<String>,
    pub(crate) interval: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) healthy_threshold: Option<u32>,
    pub(crate) unhealthy_threshold: Option<u32>,
}

/// Why a change is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChangeError {
    #[error("Cluster not found.")]
    NoCluster,
    #[error("Service not found.")]
    NoService,
    #[error("The referenced task was not found.")]
    NoTask,
    #[error("TaskDefinition not found.")]
    NoTaskDefinition,
    #[error(
        "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger \
         a new deployment."
    )]
    CodeDeployOwnsTaskDefinition,
    #[error(
        "Cannot force a new deployment on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a \
         new deployment."
    )]
    CodeDeployOwnsDeployments,
}

impl World {
    fn find(&mut self, cluster: &str, service: &str) -> Result<(&mut Service, &mut super::Ids, Moment), ChangeError> {
        let Self { clusters, ids, now, .. } = self;
        let cluster = find_cluster(clusters, cluster)?;
        let service =
            cluster.services.iter_mut().find(|candidate| candidate.name == service || candidate.arn == service);
        Ok((service.ok_or(ChangeError::NoService)?, ids, *now))
    }

    /// UpdateService: all of it or nothing.
    pub(crate) fn update_service(
        &mut self,
        cluster: &str,
        service: &str,
        change: &ServiceChange,
    ) -> Result<(), ChangeError> {
        let wanted = match &change.task_definition {
            Some(name) => Some(Arc::clone(self.task_definition(name).ok_or(ChangeError::NoTaskDefinition)?)),
            None => None,
        };
        let (service, ids, now) = self.find(cluster, service)?;
        let current = service.primary().map(|primary| Arc::clone(&primary.definition));
        let new = wanted.filter(|wanted| current.as_ref().is_none_or(|current| current.arn != wanted.arn));
        if service.controller != Controller::Ecs {
            if new.is_some() {
                return Err(ChangeError::CodeDeployOwnsTaskDefinition);
            }
            if change.force_new_deployment {
                return Err(ChangeError::CodeDeployOwnsDeployments);
            }
        }
        service.desired = change.desired.unwrap_or(service.desired);
        service.grace = change.grace.unwrap_or(service.grace);
        service.minimum_healthy_percent = change.minimum_healthy_percent.unwrap_or(service.minimum_healthy_percent);
        service.maximum_percent = change.maximum_percent.unwrap_or(service.maximum_percent);
        service.circuit_breaker = change.circuit_breaker.unwrap_or(service.circuit_breaker);
        service.schedule.due = now;
        service.schedule.steady_told = None;
        if let Some(definition) = new.or_else(|| current.filter(|_| change.force_new_deployment)) {
            service.deploy(definition, now, ids);
        }
        Ok(())
    }

    /// StopTask.
    pub(crate) fn stop_task(&mut self, cluster: &str, task: &str, reason: &str) -> Result<(), ChangeError> {
        let Self { clusters, network, load_balancing, account, ids, now, .. } = self;
        let Cluster { services, instances, .. } = find_cluster(clusters, cluster)?;
        let mut around = Surroundings { network, load_balancing, instances, account, ids, now: *now };
        for service in services {
            let is_it = |candidate: &Task| candidate.id == task || candidate.arn == task;
            if service.stopped_tasks.iter().any(is_it) {
                return Ok(());
            }
            let Some(found) = service.tasks.iter_mut().find(|candidate| is_it(candidate)) else { continue };
            if found.is_wanted() {
                let mut happenings = super::events::Happenings::default();
                found.ask_to_stop(StopCode::UserInitiated, reason, &mut around, &mut happenings);
                let subject = service.subject();
                for sentence in happenings.into_sentences(&subject) {
                    service.events.add(around.now, sentence, around.ids);
                }
                service.schedule.due = around.now;
                service.schedule.steady_told = None;
            }
            return Ok(());
        }
        Err(ChangeError::NoTask)
    }

    /// ModifyTargetGroup; absent if there is no such group.
    pub(crate) fn modify_target_group(&mut self, arn: &str, change: &HealthCheckChange) -> Option<&TargetGroup> {
        let group = self.load_balancing.target_groups.get_mut(arn)?;
        let old = group.health_check.clone();
        group.health_check = HealthCheck {
            protocol: change.protocol.unwrap_or(old.protocol),
            port: match change.port {
                None => old.port,
                Some(CheckPort::Traffic) => None,
                Some(CheckPort::Fixed(port)) => Some(port),
            },
            path: change.path.clone().unwrap_or(old.path),
            matcher: change.matcher.clone().unwrap_or(old.matcher),
            interval: change.interval.unwrap_or(old.interval),
            timeout: change.timeout.unwrap_or(old.timeout),
            healthy_threshold: change.healthy_threshold.unwrap_or(old.healthy_threshold),
            unhealthy_threshold: change.unhealthy_threshold.unwrap_or(old.unhealthy_threshold),
        };
        Some(group)
    }

    /// Checks the targets of a service differently from now on. Tells whether there is such a service.
    pub fn check_differently(&mut self, cluster: &str, service: &str, health_check: &HealthCheck) -> bool {
        let Ok((service, _, _)) = self.find(cluster, service) else { return false };
        let groups: Vec<String> = service.bindings.iter().map(|binding| binding.target_group.clone()).collect();
        for group in groups {
            if let Some(group) = self.load_balancing.target_groups.get_mut(&group) {
                group.health_check = health_check.clone();
            }
        }
        true
    }

    /// Registers the next revision of the service's task definition with another application, and gives its
    /// `family:revision`. Nothing is deployed by that.
    pub fn register_revision(&mut self, cluster: &str, service: &str, application: &Application) -> Option<String> {
        let (service, _, now) = self.find(cluster, service).ok()?;
        let family = service.primary()?.definition.family.clone();
        let revisions = self.task_definitions.get_mut(&family)?;
        let last = revisions.last()?;
        let mut next =
            TaskDefinition { revision: last.revision + 1, registered_at: now, ..TaskDefinition::clone(last) };
        next.arn = last.arn.replace(&last.family_revision(), &next.family_revision());
        if let Some(container) = next.containers.first_mut() {
            container.application = application.clone();
            if let Some((repository, _)) = container.image.rsplit_once(':') {
                container.image = format!("{repository}:{}", next.revision);
            }
        }
        let name = next.family_revision();
        revisions.push(Arc::new(next));
        Some(name)
    }

    /// Deploys a new revision that runs this application. Tells whether there is such a service.
    pub fn deploy(&mut self, cluster: &str, service: &str, application: &Application) -> bool {
        let Some(revision) = self.register_revision(cluster, service, application) else { return false };
        let change = ServiceChange { task_definition: Some(revision), ..ServiceChange::default() };
        self.update_service(cluster, service, &change).is_ok()
    }

    /// Changes the desired count. Tells whether there is such a service.
    pub fn scale(&mut self, cluster: &str, service: &str, desired: usize) -> bool {
        let change = ServiceChange { desired: Some(desired), ..ServiceChange::default() };
        self.update_service(cluster, service, &change).is_ok()
    }

    /// Adds an event with any text to a service, for those who want to see what becomes of it. Tells whether there is such
    /// a service.
    pub fn add_event(&mut self, cluster: &str, service: &str, message: &str) -> bool {
        let Ok((service, ids, now)) = self.find(cluster, service) else { return false };
        service.events.add(now, message.to_owned(), ids);
        true
    }

    /// Removes every listener and rule that leads to the service: its target groups are not in use any more, and its tasks
    /// never become healthy. Tells whether there is such a service.
    pub fn cut_off(&mut self, cluster: &str, service: &str) -> bool {
        let Ok((service, _, _)) = self.find(cluster, service) else { return false };
        let groups: Vec<String> = service.bindings.iter().map(|binding| binding.target_group.clone()).collect();
        for balancer in self.load_balancing.load_balancers.values_mut() {
            balancer.forget(&groups);
        }
        self.load_balancing.rewire(self.now);
        true
    }

    /// Takes a zone (`eu-west-1c`) away from a load balancer: targets there are unused from now on.
    pub fn disable_zone(&mut self, load_balancer: &str, zone: &str) -> bool {
        let Some(balancer) = self.load_balancing.load_balancer_named(load_balancer) else { return false };
        let gone: Vec<_> = balancer.nodes.extract_if(.., |node| node.zone == zone).collect();
        for node in gone {
            self.network.detach(node.address);
        }
        self.load_balancing.rewire(self.now);
        true
    }

    /// Lets the applications of a service's tasks answer differently from now on, without a deployment: a database went
    /// away, a flag was switched. Tasks started later behave as their task definition says.
    pub fn answer_differently(&mut self, cluster: &str, service: &str, application: &Application) -> bool {
        let Self { clusters, network, now, .. } = self;
        let Ok(cluster) = find_cluster(clusters, cluster) else { return false };
        let Some(service) = cluster.services.iter_mut().find(|candidate| candidate.name == service) else {
            return false;
        };
        service.schedule.due = *now;
        for task in &service.tasks {
            for (_, (address, port)) in &task.registrations {
                network.reopen(*address, *port, &application.answers);
            }
        }
        true
    }
}

fn find_cluster<'a>(clusters: &'a mut [Cluster], name_or_arn: &str) -> Result<&'a mut Cluster, ChangeError> {
    clusters
        .iter_mut()
        .find(|cluster| cluster.name == name_or_arn || cluster.arn == name_or_arn)
        .ok_or(ChangeError::NoCluster)
}
