//! A service: what is wanted, what there is, and what happened.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::events::EventLog;
use super::health_check::TargetState;
use super::ids::Ids;
use super::load_balancing::LoadBalancing;
use super::metrics::Spell;
use super::moment::Moment;
use super::network::Network;
use super::reach::Destination;
use super::rollout::{Deployment, DeploymentStatus, ServiceDeployment, ServiceRevision};
use super::task::{ContainerHealth, Task};

/// A task without load balancer and without container check counts as healthy this long after it started.
const HEALTHY_WITHOUT_CHECKS_AFTER: Duration = Duration::from_secs(40);

/// A target that no load balancer node can reach is noticed this long after its task started.
const UNUSED_TARGET_IS_NOTICED: Duration = Duration::from_secs(10);

/// Who rolls new revisions out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// ECS itself: the service has deployments.
    Ecs,
    /// AWS CodeDeploy: the service has task sets.
    CodeDeploy,
    /// Somebody else: the service has task sets, too.
    External,
}

impl Controller {
    /// `type` of the deployment controller.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ECS",
            Self::CodeDeploy => "CODE_DEPLOY",
            Self::External => "EXTERNAL",
        }
    }
}

/// How deployments of a service go about it, beyond the bounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeploymentOptions {
    /// `ROLLING` where nothing is said; the others are told, but move tasks as a rolling deployment does.
    pub strategy: Option<String>,
    /// How long both revisions run before a deployment counts as completed.
    pub bake_time: Duration,
    /// Where every deployment stops until somebody says go on.
    pub pause: Option<Pause>,
    /// Alarms that end a deployment.
    pub alarms: Vec<String>,
    /// Whether such a deployment is rolled back.
    pub alarm_rollback: bool,
    /// What its tasks do not get through to.
    pub blocked: Vec<Blocked>,
}

/// A destination out of reach, and the address that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// What is out of reach.
    pub destination: Destination,
    /// The address its name resolves to.
    pub address: Ipv4Addr,
}

/// A lifecycle hook of type PAUSE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// `PRE_SCALE_UP`, or a later stage.
    pub stage: String,
    /// Waiting ends after this time.
    pub timeout: Duration,
    /// `ROLLBACK` or `CONTINUE` then.
    pub action: String,
}

/// Where tasks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launch {
    /// Launch type FARGATE, network mode awsvpc.
    Fargate,
    /// Capacity provider strategy FARGATE_SPOT: an interruption now and then.
    FargateSpot,
    /// Launch type EC2, network mode bridge with dynamic host ports.
    Ec2,
}

#[derive(Clone, Debug)]
pub(crate) struct LoadBalancerBinding {
    pub(crate) target_group: String,
    pub(crate) container: String,
    pub(crate) container_port: u16,
}

/// The safety net of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// Whether failures in a row end the rollout.
    pub enable: bool,
    /// Whether an ended rollout goes back to the last one that completed.
    pub rollback: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) cluster: String,
    pub(crate) created_at: Moment,
    pub(crate) controller: Controller,
    pub(crate) launch: Launch,
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) desired: usize,
    pub(crate) minimum_healthy_percent: usize,
    pub(crate) maximum_percent: usize,
    pub(crate) circuit_breaker: CircuitBreaker,
    pub(crate) options: DeploymentOptions,
    /// Whether its tasks are protected from scale-in.
    pub(crate) protected: bool,
    pub(crate) grace: Duration,
    pub(crate) bindings: Vec<LoadBalancerBinding>,
    /// Newest first.
    pub(crate) deployments: Vec<Deployment>,
    /// Newest first.
    pub(crate) history: Vec<ServiceDeployment>,
    /// Newest first.
    pub(crate) revisions: Vec<ServiceRevision>,
    /// Until they are STOPPED.
    pub(crate) tasks: Vec<Task>,
    /// Those that are, the one that stopped first at the front. Kept apart, because the scheduler has no use for them.
    pub(crate) stopped_tasks: VecDeque<Task>,
    /// What CloudWatch remembers of those ECS has forgotten.
    pub(crate) past: VecDeque<Spell>,
    pub(crate) events: EventLog,
    pub(crate) schedule: Schedule,
}

/// What the scheduler remembers between two looks.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// When it has to look again.
    pub(crate) due: Moment,
    /// When it last said "has reached a steady state", unless that is over.
    pub(crate) steady_told: Option<Moment>,
    /// Starts in a row that failed before RUNNING.
    pub(crate) failed_starts: u32,
    /// No start before this: the back-off.
    pub(crate) starts_after: Moment,
    /// Unhealthy tasks whose replacement has not started yet.
    pub(crate) unhealthy_to_replace: usize,
    /// The last sentence about a placement that failed, and when; AWS does not repeat itself.
    pub(crate) placement_told: Option<(String, Moment)>,
    /// Whether the deadlock of this rollout has been told.
    pub(crate) deadlock_told: bool,
    /// When Spot takes the next task.
    pub(crate) next_interruption: Moment,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            due: Moment::MONDAY_NIGHT - Duration::from_secs(u64::from(u32::MAX)),
            steady_told: None,
            failed_starts: 0,
            starts_after: Moment::MONDAY_NIGHT - Duration::from_secs(u64::from(u32::MAX)),
            unhealthy_to_replace: 0,
            placement_told: None,
            deadlock_told: false,
            next_interruption: Moment::NEVER,
        }
    }
}

/// What the scheduler thinks of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Healthy,
    Undecided,
    Unhealthy(Complaint),
}

/// Who says that a task is unhealthy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// A target group, about one of its targets.
    Target { target_group: String, port: u16, state: TargetState },
    /// A container's own check.
    Container,
}

impl Service {
    /// ARN of the cluster it lives in.
    pub(crate) fn cluster_arn(&self) -> String {
        self.arn_of("cluster", &self.cluster)
    }

    /// ARN of something beside it: same account, same region.
    pub(crate) fn arn_of(&self, kind: &str, path: &str) -> String {
        let (beginning, _) = self.arn.split_once(":service/").unwrap_or_default();
        format!("{beginning}:{kind}/{path}")
    }

    /// `(service NAME)`, or `(service NAME, taskSet ID)` where task sets are in play.
    pub(crate) fn subject(&self) -> String {
        match (self.controller, self.primary()) {
            (Controller::CodeDeploy | Controller::External, Some(set)) => {
                format!("(service {}, taskSet {})", self.name, set.id)
            }
            _ => format!("(service {})", self.name),
        }
    }

    pub(crate) fn say(&mut self, at: Moment, sentence: &str, ids: &mut Ids) {
        let message = format!("{} {sentence}", self.subject());
        self.events.add(at, message, ids);
    }

    pub(crate) fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.status == DeploymentStatus::Primary)
    }

    pub(crate) fn primary_mut(&mut self) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| deployment.status == DeploymentStatus::Primary)
    }

    pub(crate) fn tasks_of<'a>(&'a self, deployment: &'a str) -> impl Iterator<Item = &'a Task> {
        self.tasks.iter().filter(move |task| task.started_by == deployment)
    }

    /// Living and stopped.
    pub(crate) fn all_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().chain(&self.stopped_tasks)
    }

    pub(crate) fn running(&self) -> usize {
        self.tasks.iter().filter(|task| task.is_running()).count()
    }

    pub(crate) fn pending(&self) -> usize {
        self.tasks.iter().filter(|task| task.is_wanted() && task.is_starting()).count()
    }

    /// Least number of healthy tasks during a rollout.
    pub(crate) fn lower_bound(&self) -> usize {
        (self.desired * self.minimum_healthy_percent).div_ceil(100)
    }

    /// Greatest number of tasks during a rollout.
    pub(crate) fn upper_bound(&self) -> usize {
        self.desired * self.maximum_percent / 100
    }

    /// Failures in a row that trip the circuit breaker: half of desired, at least 3, at most 200.
    pub(crate) fn breaker_threshold(&self) -> u32 {
        u32::try_from(self.desired.div_ceil(2).clamp(3, 200)).unwrap_or(200)
    }

    /// What the scheduler may conclude about a task. During the grace period a "no" does not count.
    pub(crate) fn health(&self, task: &Task, load_balancing: &LoadBalancing, network: &Network, now: Moment) -> Health {
        let Some(started) = task.started_at.filter(|_| task.is_running()) else { return Health::Undecided };
        let graceful = now < started + self.grace;
        let mut health = Health::Healthy;
        if task.has_own_checks() {
            match task.own_health(network, now) {
                ContainerHealth::Healthy => {}
                ContainerHealth::Unhealthy if !graceful => return Health::Unhealthy(Complaint::Container),
                ContainerHealth::Unhealthy | ContainerHealth::Unknown => health = Health::Undecided,
            }
        } else if task.registrations.is_empty() && now.since(started) < HEALTHY_WITHOUT_CHECKS_AFTER {
            return Health::Undecided;
        }
        for (group, endpoint) in &task.registrations {
            let state = load_balancing.state(group, *endpoint);
            let noticed = now >= started + UNUSED_TARGET_IS_NOTICED;
            match state {
                Some(TargetState::Healthy) => {}
                Some(state)
                    if !graceful && (state.is_unhealthy() || state == TargetState::ZoneNotEnabled && noticed) =>
                {
                    let target_group = group.clone();
                    return Health::Unhealthy(Complaint::Target { target_group, port: endpoint.1, state });
                }
                _ => health = Health::Undecided,
            }
        }
        health
    }
}
