//! A small account, written by hand: the story of the shop whose health check wants 200 while the app answers 302, and
//! neighbours in other states.

use std::collections::BTreeMap;

use ecsight::model::arn::{
    ClusterArn, ListenerArn, ListenerRuleArn, LoadBalancerArn, ServiceArn, ServiceDeploymentArn, TargetGroupArn,
    TaskArn, TaskDefinitionArn,
};
use ecsight::model::call::{CallError, ErrorKind, Operation};
use ecsight::model::cluster::{CallerIdentity, Cluster, ClusterDetails};
use ecsight::model::known::Known;
use ecsight::model::load_balancing::{
    HealthCheckSettings, Listener, ListenerRule, LoadBalancer, LoadBalancerKind, LoadBalancerRouting, RuleAction,
    Target, TargetGroup, TargetState,
};
use ecsight::model::query::{Answer, Mutation, Query};
use ecsight::model::secret::Secret;
use ecsight::model::service::{
    CapacityProviderShare, Deployment, DeploymentConfiguration, DeploymentController, DeploymentStatus,
    DeploymentStrategy, LoadBalancerBinding, NetworkConfiguration, RolloutState, SchedulingStrategy, Service,
    ServiceEvent, ServiceStatus,
};
use ecsight::model::service_deployment::{CircuitBreakerProgress, ServiceDeployment};
use ecsight::model::task::{Container, ContainerHealth, Task, TaskInterface};
use ecsight::model::task_definition::{
    ContainerDefinition, ContainerHealthCheck, EnvironmentSource, EnvironmentVariable, LogConfiguration, PortMapping,
    TaskDefinition,
};
use jiff::{SignedDuration, Timestamp};

pub const ACCOUNT: &str = "111122223333";

/// When every story begins.
pub fn now() -> Timestamp {
    "2026-03-14T03:00:00Z".parse().unwrap()
}

pub fn seconds_ago(seconds: i64) -> Option<Timestamp> {
    Some(now() - SignedDuration::from_secs(seconds))
}

pub fn minutes_ago(minutes: i64) -> Option<Timestamp> {
    seconds_ago(minutes * 60)
}

pub fn days_ago(days: i64) -> Option<Timestamp> {
    seconds_ago(days * 86_400)
}

/// What AWS would answer.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub clusters: Vec<Cluster>,
    pub services: Vec<Service>,
    pub tasks: BTreeMap<String, Vec<Task>>,
    pub definitions: BTreeMap<String, TaskDefinition>,
    pub history: BTreeMap<String, Vec<ServiceDeployment>>,
    pub groups: BTreeMap<String, TargetGroup>,
    pub targets: BTreeMap<String, Vec<Target>>,
    pub routing: BTreeMap<String, LoadBalancerRouting>,
    /// Operations that fail, by name, and how.
    pub failing: BTreeMap<&'static str, ErrorKind>,
    /// What CloudWatch tells; nothing was measured where it is silent.
    pub measured: Option<fn(&Query) -> Option<Answer>>,
}

pub fn error(kind: ErrorKind, service: &str, name: &str) -> CallError {
    let message = match kind {
        ErrorKind::Denied => format!(
            "User: arn:aws:sts::{ACCOUNT}:assumed-role/oncall/sam is not authorized to perform: {service}:{name} because no \
             identity-based policy allows the {service}:{name} action"
        ),
        ErrorKind::Network => "connection refused".to_owned(),
        ErrorKind::Throttled => "Rate exceeded".to_owned(),
        _ => "something went wrong".to_owned(),
    };
    CallError {
        kind,
        operation: Operation::new(service, name),
        message,
        request_id: Some("0b7e1a52-7c1e-4f0e-9d57-3f7a5d1c2b4e".to_owned()),
        hint: None,
    }
}

const fn operation_of(query: &Query) -> (&'static str, &'static str) {
    match query {
        Query::Identity => ("sts", "GetCallerIdentity"),
        Query::Clusters => ("ecs", "ListClusters"),
        Query::ServiceArns { .. } => ("ecs", "ListServices"),
        Query::Services { .. } => ("ecs", "DescribeServices"),
        Query::Tasks { .. } => ("ecs", "ListTasks"),
        Query::TaskDefinition { .. } => ("ecs", "DescribeTaskDefinition"),
        Query::ServiceDeployments { .. } => ("ecs", "ListServiceDeployments"),
        Query::TargetGroup { .. } => ("elasticloadbalancing", "DescribeTargetGroups"),
        Query::TargetHealth { .. } => ("elasticloadbalancing", "DescribeTargetHealth"),
        Query::Routing { .. } => ("elasticloadbalancing", "DescribeListeners"),
        Query::Vpc { .. } => ("ec2", "DescribeSecurityGroups"),
        Query::Metrics { .. } | Query::Loads { .. } => ("cloudwatch", "GetMetricData"),
        Query::AlarmsAbout { .. } => ("cloudwatch", "DescribeAlarms"),
        Query::Scaling { .. } => ("application-autoscaling", "DescribeScalableTargets"),
        _ => ("ec2", "DescribeNetworkInterfaces"),
    }
}

impl World {
    pub fn answer(&self, query: &Query) -> Result<Answer, CallError> {
        let (service, name) = operation_of(query);
        if let Some(kind) = self.failing.get(name) {
            return Err(error(*kind, service, name));
        }
        let missing = || error(ErrorKind::NotFound, service, name);
        Ok(match query {
            Query::Identity => Answer::Identity(CallerIdentity {
                account: ACCOUNT.to_owned(),
                arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/oncall/sam"),
            }),
            Query::Clusters => Answer::Clusters(self.clusters.clone()),
            Query::ServiceArns { cluster } => {
                if !self.clusters.iter().any(|known| known.name == *cluster) {
                    return Err(missing());
                }
                let mut arns: Vec<ServiceArn> = self.services.iter().map(|service| service.arn.clone()).collect();
                arns.sort();
                Answer::ServiceArns(arns)
            }
            Query::Services { services, .. } => Answer::Services(
                self.services.iter().filter(|service| services.contains(&service.arn)).cloned().collect(),
            ),
            Query::Tasks { service, .. } => Answer::Tasks(self.tasks.get(service.name()).cloned().unwrap_or_default()),
            Query::TaskDefinition { task_definition } => Answer::TaskDefinition(Box::new(
                self.definitions.get(task_definition.name()).cloned().ok_or_else(missing)?,
            )),
            Query::ServiceDeployments { service, .. } => {
                Answer::ServiceDeployments(self.history.get(service.name()).cloned().unwrap_or_default())
            }
            Query::TargetGroup { target_group } => {
                Answer::TargetGroup(Box::new(self.groups.get(target_group.group_name()).cloned().ok_or_else(missing)?))
            }
            Query::TargetHealth { target_group } => {
                Answer::TargetHealth(self.targets.get(target_group.group_name()).cloned().unwrap_or_default())
            }
            Query::Routing { load_balancer } => {
                Answer::Routing(Box::new(self.routing.get(load_balancer.balancer_name()).cloned().ok_or_else(missing)?))
            }
            other => {
                let measured = self.measured.and_then(|measured| measured(other));
                return measured.or_else(|| crate::quiet::answer(other)).ok_or_else(missing);
            }
        })
    }

    pub fn service(&mut self, name: &str) -> &mut Service {
        self.services.iter_mut().find(|service| service.name == name).unwrap()
    }

    /// Carries a change out as ECS would in the first moment.
    pub fn change(&mut self, mutation: &Mutation) -> Service {
        let service = self.services.iter_mut().find(|service| service.arn == *mutation.service()).unwrap();
        match mutation {
            Mutation::Scale { desired, .. } => {
                service.desired = *desired;
                service.deployments[0].desired = *desired;
                service.deployments[0].rollout_state = Some(RolloutState::InProgress);
            }
            Mutation::ForceNewDeployment { .. } => {
                let mut new = service.deployments[0].clone();
                for old in &mut service.deployments {
                    old.status = DeploymentStatus::Active;
                }
                new.id = "ecs-svc/7000000000000000001".to_owned();
                new.status = DeploymentStatus::Primary;
                (new.running, new.pending, new.failed) = (0, 0, 0);
                new.rollout_state = Some(RolloutState::InProgress);
                new.created_at = Some(now());
                service.deployments.insert(0, new);
            }
        }
        service.clone()
    }
}

pub fn service_arn(name: &str) -> ServiceArn {
    ServiceArn::new(format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:service/shop-prod/{name}"))
}

pub fn definition_arn(name: &str) -> TaskDefinitionArn {
    TaskDefinitionArn::new(format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/{name}"))
}

pub fn group_arn(name: &str) -> TargetGroupArn {
    TargetGroupArn::new(format!("arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:targetgroup/{name}/6d0ecf831eec9f09"))
}

pub fn edge_arn() -> LoadBalancerArn {
    LoadBalancerArn::new(format!(
        "arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/app/edge/50dc6c495c0c9188"
    ))
}

pub fn cluster(name: &str, services: u32, running: u32) -> Cluster {
    let arn = ClusterArn::new(format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/{name}"));
    Cluster {
        name: (&arn).into(),
        arn,
        details: Known::Known(ClusterDetails {
            status: "ACTIVE".to_owned(),
            active_services: services,
            running_tasks: running,
            pending_tasks: 0,
            container_instances: 0,
        }),
    }
}

/// A deployment that is done.
pub fn deployment(id: u32, definition: &str, tasks: u32, created_at: Option<Timestamp>) -> Deployment {
    Deployment {
        id: format!("ecs-svc/{id:019}"),
        status: DeploymentStatus::Primary,
        task_definition: definition_arn(definition),
        desired: tasks,
        running: tasks,
        pending: 0,
        failed: 0,
        rollout_state: Some(RolloutState::Completed),
        rollout_reason: Some(format!("ECS deployment ecs-svc/{id:019} completed.")),
        created_at,
        updated_at: created_at,
        network: None,
        service_connect: None,
    }
}

/// A steady service on Fargate, without a load balancer.
pub fn steady(name: &str, definition: &str, tasks: u32, days: i64) -> Service {
    Service {
        arn: service_arn(name),
        name: name.to_owned(),
        cluster: ClusterArn::new(format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/shop-prod")),
        status: ServiceStatus::Active,
        desired: tasks,
        running: tasks,
        pending: 0,
        launch_type: Some("FARGATE".to_owned()),
        capacity_providers: Vec::new(),
        scheduling: SchedulingStrategy::Replica,
        controller: DeploymentController::Ecs,
        task_definition: Some(definition_arn(definition)),
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
        deployments: vec![deployment(1, definition, tasks, days_ago(days))],
        task_sets: Vec::new(),
        current_service_deployment: None,
        events: vec![event(1, minutes_ago(95), &format!("(service {name}) has reached a steady state."))],
        load_balancers: Vec::new(),
        network: Some(NetworkConfiguration {
            subnets: vec!["subnet-0aaa".to_owned(), "subnet-0bbb".to_owned()],
            security_groups: vec!["sg-0c0ffee".to_owned()],
            assign_public_ip: false,
        }),
        health_check_grace_period_seconds: None,
        platform_version: Some("1.4.0".to_owned()),
        execute_command: false,
        created_at: days_ago(400),
        zone_rebalancing: None,
        registries: Vec::new(),
        current_revisions: Vec::new(),
        placement_constraints: Vec::new(),
        resource_management: None,
    }
}

pub fn event(id: u32, at: Option<Timestamp>, message: &str) -> ServiceEvent {
    ServiceEvent { id: format!("event-{id}"), at, message: message.to_owned() }
}

pub fn bound_to(mut service: Service, group: &str) -> Service {
    service.load_balancers.push(LoadBalancerBinding {
        target_group: Some(group_arn(group)),
        classic_load_balancer: None,
        container: Some("app".to_owned()),
        container_port: Some(8080),
        alternate_target_group: None,
    });
    service
}

pub fn group(name: &str, path: &str, matcher: &str) -> TargetGroup {
    TargetGroup {
        arn: group_arn(name),
        name: name.to_owned(),
        target_type: Some("ip".to_owned()),
        protocol: Some("HTTP".to_owned()),
        protocol_version: Some("HTTP1".to_owned()),
        port: Some(80),
        vpc: Some("vpc-0f00d".to_owned()),
        health_check: HealthCheckSettings {
            protocol: Some("HTTP".to_owned()),
            port: Some("traffic-port".to_owned()),
            path: Some(path.to_owned()),
            interval_seconds: Some(30),
            timeout_seconds: Some(5),
            healthy_threshold: Some(5),
            unhealthy_threshold: Some(2),
            matcher: Some(matcher.to_owned()),
        },
        load_balancers: vec![edge_arn()],
        address_type: None,
    }
}

pub fn target(id: &str, state: TargetState, reason: Option<&str>, description: Option<&str>) -> Target {
    Target {
        id: id.to_owned(),
        port: Some(8080),
        availability_zone: Some("eu-west-1a".to_owned()),
        health_check_port: Some("8080".to_owned()),
        state,
        reason: reason.map(str::to_owned),
        description: description.map(str::to_owned),
        anomaly: None,
        anomaly_mitigated: false,
        administrative_override: None,
    }
}

pub fn task(id: &str, definition: &str, deployment: u32, address: &str, started_at: Option<Timestamp>) -> Task {
    Task {
        arn: TaskArn::new(format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:task/shop-prod/{id}")),
        task_definition: definition_arn(definition),
        last_status: "RUNNING".to_owned(),
        desired_status: "RUNNING".to_owned(),
        health: ContainerHealth::Unknown,
        containers: vec![Container {
            name: "app".to_owned(),
            last_status: Some("RUNNING".to_owned()),
            exit_code: None,
            reason: None,
            health: ContainerHealth::Unknown,
            image: Some("111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:7f3c1d9".to_owned()),
            image_digest: None,
            bindings: Vec::new(),
            agents: Vec::new(),
        }],
        interface: Some(TaskInterface {
            id: Some("eni-0123".to_owned()),
            subnet: Some("subnet-0aaa".to_owned()),
            private_ipv4: Some(address.to_owned()),
            ipv6: None,
        }),
        container_instance: None,
        ec2_instance: Known::NotAsked,
        launch_type: Some("FARGATE".to_owned()),
        capacity_provider: None,
        availability_zone: Some("eu-west-1a".to_owned()),
        started_by: Some(format!("ecs-svc/{deployment:019}")),
        group: Some("service:messenger-web".to_owned()),
        stop_code: None,
        stopped_reason: None,
        created_at: started_at,
        started_at,
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: None,
        pull_started_at: None,
        pull_stopped_at: None,
        platform_version: None,
        execute_command: false,
        attachments: Vec::new(),
    }
}

pub fn stopped(mut task: Task, at: Option<Timestamp>, code: &str, reason: &str, exit: Option<i32>) -> Task {
    "STOPPED".clone_into(&mut task.last_status);
    "STOPPED".clone_into(&mut task.desired_status);
    task.stop_code = Some(code.to_owned());
    task.stopped_reason = Some(reason.to_owned());
    (task.stopping_at, task.execution_stopped_at, task.stopped_at) = (at, at, at);
    for container in &mut task.containers {
        container.last_status = Some("STOPPED".to_owned());
        container.exit_code = exit;
    }
    task
}

fn web_definition(name: &str) -> TaskDefinition {
    let literal = |name: &str, value: &str| EnvironmentVariable {
        name: name.to_owned(),
        source: EnvironmentSource::Literal(Secret::new(value)),
    };
    TaskDefinition {
        arn: definition_arn(name),
        network_mode: Some("awsvpc".to_owned()),
        cpu: Some("512".to_owned()),
        memory: Some("1024".to_owned()),
        task_role: Some(format!("arn:aws:iam::{ACCOUNT}:role/web-task")),
        execution_role: Some(format!("arn:aws:iam::{ACCOUNT}:role/ecs-execution")),
        cpu_architecture: Some("X86_64".to_owned()),
        operating_system: Some("LINUX".to_owned()),
        containers: vec![
            ContainerDefinition {
                name: "app".to_owned(),
                image: format!("{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/web:7f3c1d9"),
                essential: true,
                cpu: Some(384),
                memory: Some(768),
                memory_reservation: Some(512),
                ports: vec![PortMapping {
                    container_port: Some(8080),
                    host_port: None,
                    protocol: Some("tcp".to_owned()),
                    name: Some("http".to_owned()),
                    application_protocol: None,
                }],
                environment: vec![
                    literal("DATABASE_URL", "postgres://web:hunter2@db.internal/web"),
                    literal("EMPTY", ""),
                    EnvironmentVariable {
                        name: "API_KEY".to_owned(),
                        source: EnvironmentSource::Reference(format!(
                            "arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:web/api-key-AbCdEf"
                        )),
                    },
                ],
                command: vec!["serve".to_owned(), "--port".to_owned(), "8080".to_owned()],
                entry_point: Vec::new(),
                health_check: Some(ContainerHealthCheck {
                    command: vec!["CMD-SHELL".to_owned(), "curl -f http://localhost:8080/healthz || exit 1".to_owned()],
                    interval_seconds: 30,
                    timeout_seconds: 5,
                    retries: 3,
                    start_period_seconds: Some(10),
                }),
                logs: Some(LogConfiguration {
                    driver: "awslogs".to_owned(),
                    options: vec![
                        ("awslogs-group".to_owned(), "/ecs/web".to_owned()),
                        ("awslogs-stream-prefix".to_owned(), "app".to_owned()),
                    ],
                }),
                stop_timeout_seconds: Some(60),
                depends_on: Vec::new(),
                environment_files: Vec::new(),
                repository_credentials: None,
                read_only_root: false,
            },
            ContainerDefinition {
                name: "xray".to_owned(),
                image: "public.ecr.aws/xray/aws-xray-daemon:3.x".to_owned(),
                essential: false,
                cpu: Some(32),
                memory: Some(256),
                memory_reservation: None,
                ports: Vec::new(),
                environment: Vec::new(),
                command: Vec::new(),
                entry_point: Vec::new(),
                health_check: None,
                logs: None,
                stop_timeout_seconds: None,
                depends_on: Vec::new(),
                environment_files: Vec::new(),
                repository_credentials: None,
                read_only_root: false,
            },
        ],
        status: None,
        requires_compatibilities: Vec::new(),
        requires_attributes: Vec::new(),
        placement_constraints: Vec::new(),
        ephemeral_storage_gib: None,
        efs_volumes: Vec::new(),
        pid_mode: None,
    }
}

fn messenger_web() -> Service {
    let mut service = bound_to(steady("messenger-web", "web:31", 4, 0), "web-tg");
    service.health_check_grace_period_seconds = Some(30);
    service.deployment_configuration = Some(DeploymentConfiguration {
        minimum_healthy_percent: 50,
        maximum_percent: 200,
        circuit_breaker: true,
        circuit_breaker_rollback: false,
        strategy: DeploymentStrategy::Rolling,
        alarms: Vec::new(),
        bake_time_minutes: None,
        early_success: false,
    });
    let new = Deployment {
        desired: 4,
        running: 2,
        pending: 1,
        failed: 3,
        rollout_state: Some(RolloutState::InProgress),
        rollout_reason: Some("ECS deployment ecs-svc/0000000000000000031 in progress.".to_owned()),
        ..deployment(31, "web:31", 4, minutes_ago(12))
    };
    let old = Deployment {
        status: DeploymentStatus::Active,
        running: 2,
        desired: 2,
        ..deployment(30, "web:30", 2, days_ago(6))
    };
    service.deployments = vec![new, old];
    (service.running, service.pending) = (4, 1);
    let group = group_arn("web-tg");
    let unhealthy = format!(
        "(service messenger-web) (port 8080) is unhealthy in (target-group {}) due to (reason Health checks failed with these \
         codes: [302]).",
        group.as_str()
    );
    service.events = vec![
        event(9, seconds_ago(15), &unhealthy),
        event(
            8,
            seconds_ago(20),
            "(service messenger-web) has started 1 tasks: (task 5e4d3c2b1a0f4e5d8c7b6a5948372615).",
        ),
        event(7, minutes_ago(3), &unhealthy),
        event(
            6,
            minutes_ago(5),
            "(service messenger-web) has stopped 1 running tasks: (task 1a2b3c4d5e6f47a8b9c0d1e2f3a4b5c6).",
        ),
        event(5, minutes_ago(11), "(service messenger-web) registered 1 targets in (target-group web-tg)"),
        event(4, minutes_ago(400), "(service messenger-web) has reached a steady state."),
        event(3, minutes_ago(760), "(service messenger-web) has reached a steady state."),
    ];
    service
}

/// The story of the shop.
pub fn shop() -> World {
    let mut roles = bound_to(steady("roles-api", "roles:8", 2, 0), "roles-tg");
    roles.running = 0;
    roles.pending = 1;
    roles.deployments = vec![Deployment {
        desired: 2,
        running: 0,
        pending: 1,
        failed: 14,
        rollout_state: Some(RolloutState::InProgress),
        rollout_reason: Some("ECS deployment ecs-svc/0000000000000000008 in progress.".to_owned()),
        ..deployment(8, "roles:8", 2, minutes_ago(31))
    }];
    roles.events = vec![event(
        21,
        minutes_ago(2),
        "(service roles-api) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.",
    )];
    let mut checkout = bound_to(steady("checkout", "co:77", 8, 0), "checkout-tg");
    checkout.running = 9;
    checkout.deployments = vec![
        Deployment {
            running: 6,
            pending: 2,
            rollout_state: Some(RolloutState::InProgress),
            rollout_reason: Some("ECS deployment ecs-svc/0000000000000000077 in progress.".to_owned()),
            ..deployment(77, "co:77", 8, minutes_ago(2))
        },
        Deployment { status: DeploymentStatus::Active, running: 3, ..deployment(76, "co:76", 3, days_ago(2)) },
    ];
    checkout.pending = 2;
    let mut batch = steady("nightly-report", "report:3", 0, 30);
    batch.launch_type = None;
    batch.capacity_providers = vec![
        CapacityProviderShare { provider: "FARGATE_SPOT".to_owned(), base: 0, weight: 3 },
        CapacityProviderShare { provider: "FARGATE".to_owned(), base: 1, weight: 1 },
    ];
    let services = vec![
        bound_to(steady("accounts", "acc:5", 2, 9), "accounts-tg"),
        checkout,
        messenger_web(),
        batch,
        roles,
        steady("warehouse", "wh:112", 6, 3),
    ];
    let healthy = |ids: &[&str]| ids.iter().map(|id| target(id, TargetState::Healthy, None, None)).collect::<Vec<_>>();
    let mismatch = |id: &str| {
        target(
            id,
            TargetState::Unhealthy,
            Some("Target.ResponseCodeMismatch"),
            Some("Health checks failed with these codes: [302]"),
        )
    };
    let mut checkout_targets =
        healthy(&["10.0.11.1", "10.0.11.2", "10.0.11.3", "10.0.11.4", "10.0.11.5", "10.0.11.6", "10.0.11.7"]);
    checkout_targets.push(target("10.0.11.8", TargetState::Initial, Some("Elb.InitialHealthChecking"), None));
    let targets = BTreeMap::from([
        ("accounts-tg".to_owned(), healthy(&["10.0.10.1", "10.0.10.2"])),
        ("checkout-tg".to_owned(), checkout_targets),
        (
            "web-tg".to_owned(),
            vec![
                mismatch("10.0.12.7"),
                mismatch("10.0.12.8"),
                mismatch("10.0.12.9"),
                target("10.0.12.99", TargetState::Draining, Some("Target.DeregistrationInProgress"), None),
                target("10.0.12.10", TargetState::Initial, Some("Elb.InitialHealthChecking"), None),
            ],
        ),
        ("roles-tg".to_owned(), Vec::new()),
    ]);
    let groups = BTreeMap::from([
        ("accounts-tg".to_owned(), group("accounts-tg", "/healthz", "200")),
        ("checkout-tg".to_owned(), group("checkout-tg", "/healthz", "200-299")),
        ("web-tg".to_owned(), group("web-tg", "/", "200")),
        ("roles-tg".to_owned(), group("roles-tg", "/health", "200")),
    ]);
    let tasks = BTreeMap::from([("messenger-web".to_owned(), web_tasks())]);
    let names = ["web:31", "web:30", "roles:8", "co:77", "co:76", "acc:5", "wh:112", "report:3", "worker:1"];
    let definitions = names.into_iter().map(|name| (name.to_owned(), web_definition(name))).collect();
    World {
        clusters: vec![cluster("batch", 0, 3), cluster("shop-prod", 6, 21), cluster("shop-staging", 4, 6)],
        services,
        tasks,
        definitions,
        history: BTreeMap::from([("messenger-web".to_owned(), web_history())]),
        groups,
        targets,
        routing: BTreeMap::from([("edge".to_owned(), routing())]),
        failing: BTreeMap::new(),
        measured: None,
    }
}

fn web_tasks() -> Vec<Task> {
    let killed = "Task failed ELB health checks in (target-group \
                  arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web-tg/6d0ecf831eec9f09)";
    let mut young = task("5e4d3c2b1a0f4e5d8c7b6a5948372615", "web:31", 31, "10.0.12.10", None);
    "PENDING".clone_into(&mut young.last_status);
    young.created_at = seconds_ago(20);
    let mut healthy = task("0a1b2c3d4e5f46a7b8c9d0e1f2a3b4c5", "web:30", 30, "10.0.12.9", days_ago(6));
    healthy.health = ContainerHealth::Healthy;
    vec![
        task("b7c6d5e4f3a2410b9c8d7e6f5a4b3c2d", "web:31", 31, "10.0.12.7", minutes_ago(3)),
        task("c8d7e6f5a4b3421c0d9e8f7a6b5c4d3e", "web:31", 31, "10.0.12.8", minutes_ago(2)),
        young,
        healthy,
        stopped(
            task("1a2b3c4d5e6f47a8b9c0d1e2f3a4b5c6", "web:31", 31, "10.0.12.20", minutes_ago(8)),
            minutes_ago(5),
            "ServiceSchedulerInitiated",
            killed,
            Some(143),
        ),
        stopped(
            task("2b3c4d5e6f7a48b9c0d1e2f3a4b5c6d7", "web:31", 31, "10.0.12.21", minutes_ago(11)),
            minutes_ago(8),
            "ServiceSchedulerInitiated",
            killed,
            Some(143),
        ),
        stopped(
            task("3c4d5e6f7a8b49c0d1e2f3a4b5c6d7e8", "web:31", 31, "10.0.12.22", minutes_ago(12)),
            minutes_ago(12),
            "EssentialContainerExited",
            "Essential container in task exited",
            Some(1),
        ),
        stopped(
            task("4d5e6f7a8b9c4ad1e2f3a4b5c6d7e8f9", "web:30", 30, "10.0.12.23", days_ago(6)),
            minutes_ago(12),
            "ServiceSchedulerInitiated",
            "Scaling activity initiated by (deployment ecs-svc/0000000000000000030)",
            Some(0),
        ),
    ]
}

fn web_history() -> Vec<ServiceDeployment> {
    let past = |id: &str, status: &str| ServiceDeployment {
        arn: ServiceDeploymentArn::new(format!(
            "arn:aws:ecs:eu-west-1:{ACCOUNT}:service-deployment/shop-prod/messenger-web/{id}"
        )),
        status: status.to_owned(),
        status_reason: None,
        lifecycle_stage: None,
        created_at: None,
        started_at: None,
        finished_at: None,
        circuit_breaker: None,
        triggered_alarms: Vec::new(),
        rollback_reason: None,
        alarms_status: None,
        rollback_to: None,
        source_revisions: Vec::new(),
        target_revision: None,
        hooks: Vec::new(),
    };
    vec![
        ServiceDeployment {
            created_at: minutes_ago(12),
            started_at: minutes_ago(12),
            circuit_breaker: Some(CircuitBreakerProgress {
                status: Some("MONITORING".to_owned()),
                failures: 3,
                threshold: 4,
            }),
            ..past("NCWGC2ZR31", "IN_PROGRESS")
        },
        ServiceDeployment {
            created_at: days_ago(6),
            started_at: days_ago(6),
            finished_at: days_ago(6).map(|at| at + SignedDuration::from_secs(214)),
            circuit_breaker: Some(CircuitBreakerProgress {
                status: Some("MONITORING_COMPLETE".to_owned()),
                failures: 0,
                threshold: 4,
            }),
            ..past("NCWGC2ZR30", "SUCCESSFUL")
        },
        ServiceDeployment {
            status_reason: Some(
                "Service deployment rolled back because the circuit breaker threshold was exceeded.".to_owned(),
            ),
            created_at: days_ago(7),
            started_at: days_ago(7),
            finished_at: days_ago(7).map(|at| at + SignedDuration::from_secs(1_320)),
            circuit_breaker: Some(CircuitBreakerProgress {
                status: Some("TRIGGERED".to_owned()),
                failures: 4,
                threshold: 4,
            }),
            triggered_alarms: vec!["web-5xx".to_owned()],
            rollback_reason: Some("Circuit breaker threshold exceeded".to_owned()),
            ..past("NCWGC2ZR29", "ROLLBACK_SUCCESSFUL")
        },
    ]
}

fn routing() -> LoadBalancerRouting {
    let rule = |priority: &str, conditions: &[&str], actions: Vec<RuleAction>| ListenerRule {
        arn: ListenerRuleArn::new(format!(
            "arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:listener-rule/app/edge/1/2/{priority}"
        )),
        priority: priority.to_owned(),
        conditions: conditions.iter().map(|condition| (*condition).to_owned()).collect(),
        actions,
    };
    let forward = |group: &str| vec![RuleAction::Forward(vec![(group_arn(group), 1)])];
    let listener = |port: u16, protocol: &str, rules: Vec<ListenerRule>, default: Vec<RuleAction>| Listener {
        arn: ListenerArn::new(format!("arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:listener/app/edge/1/{port}")),
        port: Some(port),
        protocol: Some(protocol.to_owned()),
        default_actions: default,
        rules: Known::Known(rules),
    };
    LoadBalancerRouting {
        load_balancer: LoadBalancer {
            arn: edge_arn(),
            name: "edge".to_owned(),
            dns_name: Some("edge-1234567890.eu-west-1.elb.amazonaws.com".to_owned()),
            kind: LoadBalancerKind::Application,
            scheme: Some("internet-facing".to_owned()),
            state: Some("active".to_owned()),
            vpc: Some("vpc-0f00d".to_owned()),
            security_groups: vec!["sg-0edge".to_owned()],
            zones: vec![("eu-west-1a".to_owned(), Some("subnet-0edge".to_owned()))],
            address_type: None,
        },
        listeners: Known::Known(vec![
            listener(80, "HTTP", Vec::new(), vec![RuleAction::Redirect("https://#{host}:443/".to_owned())]),
            listener(
                443,
                "HTTPS",
                vec![
                    rule("10", &["host-header chat.example.com"], forward("web-tg")),
                    rule("12", &["host-header accounts.example.com"], forward("accounts-tg")),
                    rule("14", &["path-pattern /roles/*"], forward("roles-tg")),
                    rule("20", &["host-header shop.example.com", "path-pattern /checkout/*"], forward("checkout-tg")),
                    rule("default", &[], vec![RuleAction::FixedResponse("404".to_owned())]),
                ],
                vec![RuleAction::FixedResponse("404".to_owned())],
            ),
        ]),
    }
}
