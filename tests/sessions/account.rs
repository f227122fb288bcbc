//! A tiny account in memory that answers any question, rightly or not.

use std::collections::BTreeMap;

use ecsight::model::arn::{
    ClusterArn, ClusterName, ListenerArn, LoadBalancerArn, ServiceArn, TargetGroupArn, TaskArn, TaskDefinitionArn,
};
use ecsight::model::call::{CallError, ErrorKind, Operation};
use ecsight::model::cluster::{CallerIdentity, Cluster, ClusterDetails};
use ecsight::model::insights::{InsightsResults, QueryState, QueryStatistics, Started};
use ecsight::model::known::Known;
use ecsight::model::load_balancing::{
    HealthCheckSettings, Listener, LoadBalancer, LoadBalancerKind, LoadBalancerRouting, Target, TargetGroup,
    TargetState,
};
use ecsight::model::query::{Answer, Mutation, Query};
use ecsight::model::secret::Secret;
use ecsight::model::service::{
    Deployment, DeploymentController, DeploymentStatus, LoadBalancerBinding, RolloutState, SchedulingStrategy, Service,
    ServiceEvent, ServiceStatus,
};
use ecsight::model::task::{Container, ContainerHealth, Task, TaskInterface};
use ecsight::model::task_definition::{
    ContainerDefinition, EnvironmentSource, EnvironmentVariable, LogConfiguration, TaskDefinition,
};
use jiff::Timestamp;

const HOME: &str = "arn:aws:ecs:eu-west-1:111122223333";
const LOAD_BALANCER: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/edge/50dc";

/// Names as people and as attackers choose them.
const NAMES: [&str; 12] = [
    "accounts",
    "billing",
    "catalogue",
    "checkout",
    "evil\u{1b}[2J\u{7}",
    "größe",
    "jobs",
    "roles",
    "search",
    "web",
    "東京",
    "zzz-with-a-name-that-is-much-longer-than-any-column-it-could-ever-be-shown-in",
];

pub(crate) struct Account {
    services: BTreeMap<ServiceArn, Service>,
}

impl Account {
    pub(crate) fn new(now: Timestamp) -> Self {
        let services = NAMES.iter().enumerate().map(|(index, name)| service(index, name, now));
        Self { services: services.map(|service| (service.arn.clone(), service)).collect() }
    }

    /// The right answer.
    pub(crate) fn answer(&self, query: &Query, now: Timestamp) -> Answer {
        match query {
            Query::Identity => Answer::Identity(CallerIdentity {
                account: "111122223333".to_owned(),
                arn: "arn:aws:sts::111122223333:assumed-role/oncall/sam".to_owned(),
            }),
            Query::Clusters => Answer::Clusters(["shop", "stage"].map(cluster).to_vec()),
            Query::ServiceArns { cluster } if cluster.as_str() == "shop" => {
                Answer::ServiceArns(self.services.keys().cloned().collect())
            }
            Query::ServiceArns { .. } => Answer::ServiceArns(Vec::new()),
            Query::Services { services, .. } => {
                Answer::Services(services.iter().filter_map(|arn| self.services.get(arn)).cloned().collect())
            }
            Query::Tasks { service, .. } => {
                let running = self.services.get(service).map_or(0, |service| service.running.min(50));
                Answer::Tasks((0..=running).map(|index| task(index, running, now)).collect())
            }
            Query::TaskDefinition { task_definition } => Answer::TaskDefinition(Box::new(definition(task_definition))),
            Query::ServiceDeployments { .. } => Answer::ServiceDeployments(Vec::new()),
            Query::TargetGroup { target_group } => Answer::TargetGroup(Box::new(group(target_group))),
            Query::TargetHealth { target_group } => Answer::TargetHealth(self.targets(target_group)),
            Query::Routing { load_balancer } => Answer::Routing(Box::new(routing(load_balancer))),
            Query::StartInsights { query } => Answer::StartInsights(Started::Running(format!("q-{}", query.until))),
            Query::InsightsResults { .. } => {
                let row = |name: &str| vec![("@message".to_owned(), format!("{name}\u{1b}[2J"))];
                let rows = NAMES.iter().map(|name| row(name)).collect();
                let state = if now.as_second() % 2 == 0 { QueryState::Complete } else { QueryState::Running };
                let statistics = QueryStatistics { matched: 12.0, scanned: 40.0, bytes: 1e6 };
                Answer::InsightsResults(Box::new(InsightsResults { state, rows, more: false, statistics }))
            }
            Query::StopInsights { .. } => Answer::StopInsights,
            // An answer to another question, which nobody can use.
            other => crate::quiet::answer(other).unwrap_or(Answer::LogGroup(false)),
        }
    }

    fn targets(&self, group: &TargetGroupArn) -> Vec<Target> {
        let service = self.services.values().find(|service| service.target_groups().contains(&group));
        let running = service.map_or(0, |service| service.running.min(50));
        (0..running)
            .map(|index| Target {
                id: format!("10.0.0.{index}"),
                port: Some(8080),
                availability_zone: None,
                health_check_port: None,
                state: if index % 3 == 0 { TargetState::Unhealthy } else { TargetState::Healthy },
                reason: (index % 3 == 0).then(|| "Target.ResponseCodeMismatch".to_owned()),
                description: (index % 3 == 0).then(|| "Health checks failed with these codes: [302]".to_owned()),
                anomaly: None,
                anomaly_mitigated: false,
                administrative_override: None,
            })
            .collect()
    }

    /// The answer with some of it missing.
    pub(crate) fn partial_answer(&self, query: &Query, now: Timestamp) -> Answer {
        match self.answer(query, now) {
            Answer::Services(services) => Answer::Services(every_other(services)),
            Answer::ServiceArns(arns) => Answer::ServiceArns(every_other(arns)),
            Answer::Tasks(tasks) => Answer::Tasks(every_other(tasks)),
            Answer::TargetHealth(targets) => Answer::TargetHealth(every_other(targets)),
            Answer::Clusters(_) => Answer::Clusters(Vec::new()),
            other => other,
        }
    }

    /// Carries a change out.
    pub(crate) fn change(&mut self, mutation: &Mutation, now: Timestamp) -> Result<Service, CallError> {
        let Some(service) = self.services.get_mut(mutation.service()) else {
            return Err(error(ErrorKind::NotFound));
        };
        match mutation {
            Mutation::Scale { desired, .. } => service.desired = *desired,
            Mutation::ForceNewDeployment { .. } => {
                let mut new = service.deployments[0].clone();
                for deployment in &mut service.deployments {
                    deployment.status = DeploymentStatus::Active;
                }
                new.id.push('+');
                (new.status, new.running, new.created_at) = (DeploymentStatus::Primary, 0, Some(now));
                new.rollout_state = Some(RolloutState::InProgress);
                service.deployments.insert(0, new);
                service.deployments.truncate(3);
            }
        }
        Ok(service.clone())
    }

    /// Something happens to a service, by itself or by somebody else.
    pub(crate) fn happen(&mut self, index: usize, count: u32) {
        let Some(arn) = self.services.keys().nth(index % NAMES.len()).cloned() else { return };
        match count {
            13 => {
                self.services.remove(&arn);
            }
            0..7 => {
                if let Some(service) = self.services.get_mut(&arn) {
                    service.running = count;
                    service.deployments[0].running = count;
                    service.deployments[0].failed = count;
                    let (id, message) = (format!("e{count}"), format!("(service {arn:?}) happened {count} \u{1b}[31m"));
                    service.events.insert(0, ServiceEvent { id, at: None, message });
                }
            }
            _ => self.scale(&arn, count),
        }
    }

    pub(crate) fn scale(&mut self, arn: &ServiceArn, desired: u32) {
        if let Some(service) = self.services.get_mut(arn) {
            service.desired = desired;
        }
    }
}

pub(crate) fn error(kind: ErrorKind) -> CallError {
    CallError {
        kind,
        operation: Operation::new("ecs", "DescribeServices"),
        message: "no\u{1b}]0;title\u{7} \u{202e}way".to_owned(),
        request_id: Some("0b7e".to_owned()),
        hint: None,
    }
}

fn every_other<T>(items: Vec<T>) -> Vec<T> {
    items.into_iter().step_by(2).collect()
}

fn cluster(name: &str) -> Cluster {
    Cluster {
        arn: ClusterArn::new(format!("{HOME}:cluster/{name}")),
        name: ClusterName::new(name),
        details: Known::Known(ClusterDetails {
            status: "ACTIVE".to_owned(),
            active_services: 3,
            running_tasks: 9,
            pending_tasks: 0,
            container_instances: 0,
        }),
    }
}

fn group_arn(name: &str) -> TargetGroupArn {
    TargetGroupArn::new(format!("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/{name}/6d0e"))
}

fn service(index: usize, name: &str, now: Timestamp) -> Service {
    let task_definition = TaskDefinitionArn::new(format!("{HOME}:task-definition/{name}:{index}"));
    let tasks = u32::try_from(index % 5).unwrap();
    let (controller, scheduling) = match index {
        3 => (DeploymentController::CodeDeploy, SchedulingStrategy::Replica),
        5 => (DeploymentController::External, SchedulingStrategy::Replica),
        6 => (DeploymentController::Ecs, SchedulingStrategy::Daemon),
        _ => (DeploymentController::Ecs, SchedulingStrategy::Replica),
    };
    Service {
        arn: ServiceArn::new(format!("{HOME}:service/shop/{name}")),
        name: name.to_owned(),
        cluster: ClusterArn::new(format!("{HOME}:cluster/shop")),
        status: if index == 7 { ServiceStatus::Draining } else { ServiceStatus::Active },
        desired: tasks,
        running: tasks,
        pending: 0,
        launch_type: Some("FARGATE".to_owned()),
        capacity_providers: Vec::new(),
        scheduling,
        controller,
        task_definition: (index != 9).then(|| task_definition.clone()),
        deployment_configuration: None,
        deployments: vec![Deployment {
            id: format!("ecs-svc/{index}"),
            status: DeploymentStatus::Primary,
            task_definition,
            desired: tasks,
            running: tasks,
            pending: 0,
            failed: 0,
            rollout_state: (index != 4).then_some(RolloutState::Completed),
            rollout_reason: None,
            created_at: Some(now),
            updated_at: None,
            network: None,
            service_connect: None,
        }],
        task_sets: Vec::new(),
        current_service_deployment: None,
        events: Vec::new(),
        load_balancers: (0..index % 3)
            .map(|number| LoadBalancerBinding {
                target_group: Some(group_arn(&format!("tg-{index}-{number}"))),
                classic_load_balancer: None,
                container: Some("app".to_owned()),
                container_port: Some(8080),
                alternate_target_group: None,
            })
            .collect(),
        network: None,
        health_check_grace_period_seconds: None,
        platform_version: None,
        execute_command: false,
        created_at: None,
        zone_rebalancing: None,
        registries: Vec::new(),
        current_revisions: Vec::new(),
        placement_constraints: Vec::new(),
        resource_management: None,
    }
}

fn task(index: u32, running: u32, now: Timestamp) -> Task {
    let stopped = index == running;
    Task {
        arn: TaskArn::new(format!("{HOME}:task/shop/{index:032x}")),
        task_definition: TaskDefinitionArn::new(format!("{HOME}:task-definition/app:1")),
        last_status: if stopped { "STOPPED" } else { "RUNNING" }.to_owned(),
        desired_status: if stopped { "STOPPED" } else { "RUNNING" }.to_owned(),
        health: ContainerHealth::Unknown,
        containers: vec![Container {
            name: "app".to_owned(),
            last_status: None,
            exit_code: stopped.then_some(137),
            reason: stopped.then(|| "OutOfMemoryError: killed\u{1b}[2J".to_owned()),
            health: ContainerHealth::Unknown,
            image: None,
            image_digest: None,
            bindings: Vec::new(),
            agents: Vec::new(),
        }],
        interface: Some(TaskInterface {
            id: Some(format!("eni-{index}")),
            subnet: Some("subnet-0aaa".to_owned()),
            private_ipv4: Some(format!("10.0.0.{index}")),
            ipv6: None,
        }),
        container_instance: None,
        ec2_instance: ecsight::model::known::Known::NotAsked,
        launch_type: None,
        capacity_provider: None,
        availability_zone: None,
        started_by: None,
        group: None,
        stop_code: stopped.then(|| "EssentialContainerExited".to_owned()),
        stopped_reason: stopped.then(|| "Essential container in task exited".to_owned()),
        created_at: None,
        started_at: None,
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: stopped.then_some(now),
        pull_started_at: None,
        pull_stopped_at: None,
        platform_version: None,
        execute_command: false,
        attachments: Vec::new(),
    }
}

fn definition(arn: &TaskDefinitionArn) -> TaskDefinition {
    TaskDefinition {
        arn: arn.clone(),
        network_mode: None,
        cpu: None,
        memory: None,
        task_role: None,
        execution_role: None,
        cpu_architecture: None,
        operating_system: None,
        containers: vec![ContainerDefinition {
            name: "app".to_owned(),
            image: "app:1".to_owned(),
            essential: true,
            cpu: None,
            memory: Some(512),
            memory_reservation: None,
            ports: Vec::new(),
            environment: vec![EnvironmentVariable {
                name: "DATABASE_PASSWORD".to_owned(),
                source: EnvironmentSource::Literal(Secret::new(PASSWORD)),
            }],
            command: vec!["serve".to_owned()],
            entry_point: Vec::new(),
            health_check: None,
            logs: Some(LogConfiguration {
                driver: "awslogs".to_owned(),
                options: [
                    ("awslogs-group", "/ecs/web"),
                    ("awslogs-stream-prefix", "app"),
                    ("awslogs-region", "eu-west-1"),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            }),
            stop_timeout_seconds: None,
            depends_on: Vec::new(),
            environment_files: Vec::new(),
            repository_credentials: None,
            read_only_root: false,
        }],
        status: None,
        requires_compatibilities: Vec::new(),
        requires_attributes: Vec::new(),
        placement_constraints: Vec::new(),
        ephemeral_storage_gib: None,
        efs_volumes: Vec::new(),
        pid_mode: None,
    }
}

/// A value that nobody may ever see.
pub(crate) const PASSWORD: &str = "correct-horse-battery-staple";

fn group(arn: &TargetGroupArn) -> TargetGroup {
    TargetGroup {
        arn: arn.clone(),
        name: arn.group_name().to_owned(),
        target_type: Some("ip".to_owned()),
        protocol: Some("HTTP".to_owned()),
        protocol_version: None,
        port: Some(80),
        vpc: Some("vpc-0f00d".to_owned()),
        health_check: HealthCheckSettings { matcher: Some("200".to_owned()), ..HealthCheckSettings::default() },
        load_balancers: vec![LoadBalancerArn::from(LOAD_BALANCER)],
        address_type: None,
    }
}

fn routing(arn: &LoadBalancerArn) -> LoadBalancerRouting {
    LoadBalancerRouting {
        load_balancer: LoadBalancer {
            arn: arn.clone(),
            name: "edge".to_owned(),
            dns_name: None,
            kind: LoadBalancerKind::Application,
            scheme: None,
            state: None,
            vpc: None,
            security_groups: Vec::new(),
            zones: Vec::new(),
            address_type: None,
        },
        listeners: Known::Known(vec![Listener {
            arn: ListenerArn::from("arn:listener"),
            port: Some(80),
            protocol: Some("HTTP".to_owned()),
            default_actions: Vec::new(),
            rules: Known::NotAsked,
        }]),
    }
}
