//! Services, tasks and targets as tests need them: healthy unless said otherwise. A [`Case`] puts them together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::facts::Facts;
use super::finding::Finding;
use super::rules::Family;
use super::scene::Scene;
use crate::model::arn::{ClusterArn, LoadBalancerArn, ServiceArn, TargetGroupArn, TaskArn, TaskDefinitionArn};
use crate::model::call::{CallError, ErrorKind, Operation};
use crate::model::known::Known;
use crate::model::load_balancing::{HealthCheckSettings, Target, TargetGroup, TargetState};
use crate::model::query::{Answer, Query};
use crate::model::service::{
    Deployment, DeploymentConfiguration, DeploymentController, DeploymentStatus, DeploymentStrategy,
    LoadBalancerBinding, RolloutState, SchedulingStrategy, Service, ServiceEvent, ServiceStatus,
};
use crate::model::service_deployment::ServiceDeployment;
use crate::model::task::{Container, ContainerHealth, Task, TaskInterface};
use crate::model::task_definition::{ContainerDefinition, LogConfiguration, PortMapping, TaskDefinition};

pub(crate) const GROUP: &str = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-tg/0123456789abcdef";

/// The load balancer of [`target_group`].
pub(crate) const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/edge/50dc6c495c0c9188";

pub(crate) const NO_MEMORY: &str = "was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 5c8d) has insufficient memory available.";

pub(crate) const UNHEALTHY: &str = "(task 0a) (port 8080) is unhealthy in (target-group web-tg) due to (reason Health checks failed with these codes: [503])";

const LATEST: i64 = 40_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub(crate) fn deployment(id: &str, revision: u32, status: DeploymentStatus, running: u32) -> Deployment {
    Deployment {
        id: format!("ecs-svc/{id}"),
        status,
        task_definition: TaskDefinitionArn::new(format!("arn:aws:ecs:eu-west-1:1:task-definition/web:{revision}")),
        desired: running,
        running,
        pending: 0,
        failed: 0,
        rollout_state: Some(RolloutState::Completed),
        rollout_reason: Some(format!("ECS deployment ecs-svc/{id} completed.")),
        created_at: Some(at(0)),
        updated_at: Some(at(60)),
        network: None,
        service_connect: None,
    }
}

/// A steady service: `count` of `count` tasks of `web:30`, deployed at second 0 by `ecs-svc/1`.
pub(crate) fn service(name: &str, count: u32) -> Service {
    Service {
        arn: ServiceArn::new(format!("arn:aws:ecs:eu-west-1:1:service/shop/{name}")),
        name: name.to_owned(),
        cluster: ClusterArn::from("arn:aws:ecs:eu-west-1:1:cluster/shop"),
        status: ServiceStatus::Active,
        desired: count,
        running: count,
        pending: 0,
        launch_type: Some("FARGATE".to_owned()),
        capacity_providers: Vec::new(),
        scheduling: SchedulingStrategy::Replica,
        controller: DeploymentController::Ecs,
        task_definition: Some(TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:1:task-definition/web:30")),
        deployment_configuration: Some(DeploymentConfiguration {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            circuit_breaker: false,
            circuit_breaker_rollback: false,
            strategy: DeploymentStrategy::Rolling,
            alarms: Vec::new(),
            bake_time_minutes: None,
            early_success: false,
        }),
        deployments: vec![deployment("1", 30, DeploymentStatus::Primary, count)],
        task_sets: Vec::new(),
        current_service_deployment: None,
        events: Vec::new(),
        load_balancers: vec![LoadBalancerBinding {
            target_group: Some(TargetGroupArn::from(GROUP)),
            classic_load_balancer: None,
            container: Some("web".to_owned()),
            container_port: Some(8080),
            alternate_target_group: None,
        }],
        network: None,
        health_check_grace_period_seconds: None,
        platform_version: None,
        execute_command: false,
        created_at: Some(at(0)),
        zone_rebalancing: None,
        registries: Vec::new(),
        current_revisions: Vec::new(),
        placement_constraints: Vec::new(),
        resource_management: None,
    }
}

/// Variations of a service.
pub(crate) trait ServiceFixture: Sized {
    fn with_strategy(&self, strategy: DeploymentStrategy) -> Self;
    fn with_percents(self, minimum: u32, maximum: u32) -> Self;
    /// `ecs-svc/2` (`web:31`) is on its way since `since` and has this many tasks; all old ones still run.
    fn rolling(self, running: u32, pending: u32, since: Timestamp) -> Self;
    /// Changes the primary deployment.
    fn primary(self, change: impl FnOnce(&mut Deployment)) -> Self;
    fn counts(self, running: u32, pending: u32) -> Self;
    /// Events, newest first, each with its second.
    fn events(self, events: &[(i64, &str)]) -> Self;
}

impl ServiceFixture for Service {
    fn with_strategy(&self, strategy: DeploymentStrategy) -> Self {
        let mut changed = self.clone();
        if let Some(configuration) = &mut changed.deployment_configuration {
            configuration.strategy = strategy;
        }
        changed
    }

    fn with_percents(mut self, minimum: u32, maximum: u32) -> Self {
        if let Some(configuration) = &mut self.deployment_configuration {
            configuration.minimum_healthy_percent = minimum;
            configuration.maximum_percent = maximum;
        }
        self
    }

    fn rolling(mut self, running: u32, pending: u32, since: Timestamp) -> Self {
        for old in &mut self.deployments {
            old.status = DeploymentStatus::Active;
        }
        let mut new = deployment("2", 31, DeploymentStatus::Primary, running);
        new.desired = self.desired;
        new.pending = pending;
        new.rollout_state = Some(RolloutState::InProgress);
        new.rollout_reason = Some("ECS deployment ecs-svc/2 in progress.".to_owned());
        new.created_at = Some(since);
        self.running += running;
        self.pending += pending;
        self.task_definition = Some(new.task_definition.clone());
        self.deployments.insert(0, new);
        self
    }

    fn primary(mut self, change: impl FnOnce(&mut Deployment)) -> Self {
        change(self.deployments.iter_mut().find(|one| one.status == DeploymentStatus::Primary).unwrap());
        self
    }

    fn counts(mut self, running: u32, pending: u32) -> Self {
        (self.running, self.pending) = (running, pending);
        self.primary(|primary| (primary.running, primary.pending) = (running, pending))
    }

    fn events(mut self, events: &[(i64, &str)]) -> Self {
        self.events = events
            .iter()
            .enumerate()
            .map(|(index, (second, message))| ServiceEvent {
                id: index.to_string(),
                at: Some(at(*second)),
                message: format!("(service {}) {message}", self.name),
            })
            .collect();
        self
    }
}

pub(crate) fn container(name: &str, code: Option<i32>, reason: Option<&str>) -> Container {
    Container {
        name: name.to_owned(),
        last_status: Some("STOPPED".to_owned()),
        exit_code: code,
        reason: reason.map(str::to_owned),
        health: ContainerHealth::Unknown,
        image: None,
        image_digest: None,
        bindings: Vec::new(),
        agents: Vec::new(),
    }
}

/// A task of `ecs-svc/1` that started at 100 s, was asked to stop at 200 s and was gone at 220 s.
pub(crate) fn stopped_task(code: &str, reason: &str, containers: Vec<Container>) -> Task {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Task {
        arn: TaskArn::from("arn:aws:ecs:eu-west-1:1:task/shop/0123456789abcdef"),
        task_definition: TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:1:task-definition/web:31"),
        last_status: "STOPPED".to_owned(),
        desired_status: "STOPPED".to_owned(),
        health: ContainerHealth::Unknown,
        containers,
        interface: None,
        container_instance: None,
        ec2_instance: Known::NotAsked,
        launch_type: Some("FARGATE".to_owned()),
        capacity_provider: None,
        availability_zone: None,
        started_by: Some("ecs-svc/1".to_owned()),
        group: Some("service:web".to_owned()),
        stop_code: some(code),
        stopped_reason: some(reason),
        created_at: Some(at(50)),
        started_at: Some(at(100)),
        stopping_at: Some(at(200)),
        execution_stopped_at: Some(at(210)),
        stopped_at: Some(at(220)),
        pull_started_at: None,
        pull_stopped_at: None,
        platform_version: None,
        execute_command: false,
        attachments: Vec::new(),
    }
}

/// A running task of a deployment at an address.
pub(crate) fn running_task(deployment: &str, address: &str, started: Timestamp) -> Task {
    let mut container = container("web", None, None);
    container.last_status = Some("RUNNING".to_owned());
    Task {
        arn: TaskArn::new(format!("arn:aws:ecs:eu-west-1:1:task/shop/{address}")),
        last_status: "RUNNING".to_owned(),
        desired_status: "RUNNING".to_owned(),
        interface: Some(TaskInterface { private_ipv4: Some(address.to_owned()), ..TaskInterface::default() }),
        started_by: Some(deployment.to_owned()),
        started_at: Some(started),
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: None,
        ..stopped_task("", "", vec![container])
    }
}

pub(crate) fn target(address: &str, state: TargetState, reason: &str, description: &str) -> Target {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Target {
        id: address.to_owned(),
        port: Some(8080),
        availability_zone: None,
        health_check_port: Some("8080".to_owned()),
        state,
        reason: some(reason),
        description: some(description),
        anomaly: None,
        anomaly_mitigated: false,
        administrative_override: None,
    }
}

/// A service with whatever AWS is made to say about it, at second 1,000 by AWS's clock.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) service: Service,
    pub(crate) answers: BTreeMap<Query, Known<Answer>>,
    pub(crate) sharing: Vec<(TargetGroupArn, String)>,
    pub(crate) now: Timestamp,
}

impl Case {
    pub(crate) fn new(service: Service) -> Self {
        Self { service, answers: BTreeMap::new(), sharing: Vec::new(), now: at(1_000) }
    }

    pub(crate) fn at(mut self, second: i64) -> Self {
        self.now = at(second);
        self
    }

    /// AWS says this.
    pub(crate) fn with(mut self, query: Query, answer: Answer) -> Self {
        self.answers.insert(query, Known::Known(answer));
        self
    }

    /// IAM says no to this.
    pub(crate) fn denied(mut self, query: Query, service: &str, operation: &str) -> Self {
        let error = CallError {
            kind: ErrorKind::Denied,
            operation: Operation::new(service, operation),
            message: "not authorized".to_owned(),
            request_id: None,
            hint: None,
        };
        self.answers.insert(query, Known::Denied(error));
        self
    }

    pub(crate) fn tasks(self, tasks: Vec<Task>) -> Self {
        let query = Query::Tasks { cluster: self.facts().cluster(), service: self.service.arn.clone() };
        self.with(query, Answer::Tasks(tasks))
    }

    pub(crate) fn definition(self, definition: TaskDefinition) -> Self {
        let query = Query::TaskDefinition { task_definition: definition.arn.clone() };
        self.with(query, Answer::TaskDefinition(Box::new(definition)))
    }

    pub(crate) fn deployments(self, deployments: Vec<ServiceDeployment>) -> Self {
        let query = Query::ServiceDeployments { cluster: self.facts().cluster(), service: self.service.arn.clone() };
        self.with(query, Answer::ServiceDeployments(deployments))
    }

    /// Settings and targets of a target group.
    pub(crate) fn group(self, settings: TargetGroup, targets: Vec<Target>) -> Self {
        let target_group = settings.arn.clone();
        self.with(Query::TargetHealth { target_group: target_group.clone() }, Answer::TargetHealth(targets))
            .with(Query::TargetGroup { target_group }, Answer::TargetGroup(Box::new(settings)))
    }

    pub(crate) fn facts(&self) -> Facts<'_> {
        let Self { service, answers, sharing, now } = self;
        Facts { service, answers, sharing, region: Some("eu-west-1"), now: *now }
    }

    /// What a family of rules finds, before anything is ranked or folded.
    pub(crate) fn find(&self, family: &Family) -> Vec<Finding> {
        let mut findings = Vec::new();
        (family.find)(&Scene::new(self.facts()), &mut findings);
        findings
    }

    /// The ids of [`Case::find`], in order.
    pub(crate) fn ids(&self, family: &Family) -> Vec<&'static str> {
        let mut ids: Vec<&'static str> = self.find(family).iter().map(Finding::id).collect();
        ids.sort_unstable();
        ids
    }
}

/// The target group `web-tg` behind the load balancer `edge`: type ip, HTTP, port 80, `GET /` every 30 s must answer 200,
/// 2 failures, 5 successes.
pub(crate) fn target_group() -> TargetGroup {
    TargetGroup {
        arn: TargetGroupArn::from(GROUP),
        name: "web-tg".to_owned(),
        target_type: Some("ip".to_owned()),
        protocol: Some("HTTP".to_owned()),
        protocol_version: Some("HTTP1".to_owned()),
        port: Some(80),
        vpc: Some("vpc-1".to_owned()),
        health_check: HealthCheckSettings {
            protocol: Some("HTTP".to_owned()),
            port: Some("traffic-port".to_owned()),
            path: Some("/".to_owned()),
            interval_seconds: Some(30),
            timeout_seconds: Some(5),
            healthy_threshold: Some(5),
            unhealthy_threshold: Some(2),
            matcher: Some("200".to_owned()),
        },
        load_balancers: vec![LoadBalancerArn::from(BALANCER)],
        address_type: Some("ipv4".to_owned()),
    }
}

/// `web:REVISION` for Fargate with one essential container `web` that listens on 8080 and logs to `/ecs/web`.
pub(crate) fn definition(revision: u32) -> TaskDefinition {
    TaskDefinition {
        arn: TaskDefinitionArn::new(format!("arn:aws:ecs:eu-west-1:1:task-definition/web:{revision}")),
        network_mode: Some("awsvpc".to_owned()),
        cpu: Some("256".to_owned()),
        memory: Some("512".to_owned()),
        task_role: None,
        execution_role: Some("arn:aws:iam::1:role/ecsTaskExecutionRole".to_owned()),
        cpu_architecture: Some("X86_64".to_owned()),
        operating_system: Some("LINUX".to_owned()),
        containers: vec![ContainerDefinition {
            name: "web".to_owned(),
            image: "1.dkr.ecr.eu-west-1.amazonaws.com/web:1".to_owned(),
            essential: true,
            cpu: None,
            memory: None,
            memory_reservation: None,
            ports: vec![PortMapping {
                container_port: Some(8080),
                host_port: Some(8080),
                protocol: Some("tcp".to_owned()),
                name: None,
                application_protocol: None,
            }],
            environment: Vec::new(),
            command: Vec::new(),
            entry_point: Vec::new(),
            health_check: None,
            logs: Some(LogConfiguration {
                driver: "awslogs".to_owned(),
                options: vec![
                    ("awslogs-group".to_owned(), "/ecs/web".to_owned()),
                    ("awslogs-region".to_owned(), "eu-west-1".to_owned()),
                    ("awslogs-stream-prefix".to_owned(), "ecs".to_owned()),
                ],
            }),
            stop_timeout_seconds: None,
            depends_on: Vec::new(),
            environment_files: Vec::new(),
            repository_credentials: None,
            read_only_root: false,
        }],
        status: Some("ACTIVE".to_owned()),
        requires_compatibilities: vec!["FARGATE".to_owned()],
        requires_attributes: Vec::new(),
        placement_constraints: Vec::new(),
        ephemeral_storage_gib: None,
        efs_volumes: Vec::new(),
        pid_mode: None,
    }
}

/// Any service, its deployments and events before second 40,000, with counts that may be absurd.
pub(crate) fn any_service() -> impl Strategy<Value = Service> {
    let count = || prop_oneof![0_u32..5, Just(u32::MAX)];
    let message = prop::sample::select(vec![
        "has reached a steady state.",
        "has started 4294967295 tasks: (task 0). Amazon ECS replaced 4294967295 tasks due to an unhealthy status.",
        "rolling back to deployment ecs-svc/1.",
        "(deployment ecs-svc/2) deployment failed: tasks failed to start.",
        "is unable to consistently start tasks successfully.",
        "something new",
        NO_MEMORY,
        UNHEALTHY,
    ]);
    let events = prop::collection::vec((0..LATEST, message), 0..6);
    let state = prop::sample::select(vec![
        None,
        Some(RolloutState::Completed),
        Some(RolloutState::InProgress),
        Some(RolloutState::Failed),
        Some(RolloutState::Other("PAUSED".to_owned())),
    ]);
    let counts = (count(), count(), count(), count(), count(), count());
    (counts, events, state, any::<bool>(), 0..LATEST, prop::option::of(count())).prop_map(
        |((desired, running, pending, new, failed, percent), mut events, state, rolling, since, grace)| {
            events.sort_by_key(|(second, _)| std::cmp::Reverse(*second));
            let mut service = service("web", desired).with_percents(percent, percent).events(&events);
            if rolling {
                service = service.counts(running.min(9), 0).rolling(0, 0, at(since));
            }
            (service.running, service.pending) = (running, pending);
            service.health_check_grace_period_seconds = grace;
            service.primary(|primary| {
                (primary.running, primary.pending, primary.failed) = (new, pending, failed);
                primary.rollout_state = state;
            })
        },
    )
}
