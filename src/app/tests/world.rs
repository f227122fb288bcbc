//! A driver that plays the runtime: it delivers keys and time, and a little cluster answers what the core asks.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::app::keymap::{Bindings, Keymap};
use crate::app::message::{Effect, Msg, Size};
use crate::app::remote::RequestId;
use crate::app::{App, Options};
use crate::model::arn::{ClusterArn, ClusterName, ServiceArn, TargetGroupArn, TaskDefinitionArn};
use crate::model::call::{CallError, ErrorKind, Operation};
use crate::model::cluster::{CallerIdentity, Cluster, ClusterDetails};
use crate::model::known::Known;
use crate::model::load_balancing::{HealthCheckSettings, Target, TargetGroup, TargetState};
use crate::model::query::{Answer, Mutation, Query};
use crate::model::service::{
    Deployment, DeploymentController, DeploymentStatus, LoadBalancerBinding, RolloutState, SchedulingStrategy, Service,
    ServiceStatus,
};
use crate::model::task_definition::TaskDefinition;

pub(super) const START: i64 = 1_772_420_400;

pub(super) fn options() -> Options {
    Options { cluster: Some(ClusterName::new("shop")), ..Options::new(Keymap::new(&Bindings::new()).unwrap()) }
}

pub(super) fn arn(name: &str) -> ServiceArn {
    ServiceArn::new(format!("arn:aws:ecs:eu-west-1:111122223333:service/shop/{name}"))
}

pub(super) fn group(name: &str) -> TargetGroupArn {
    TargetGroupArn::new(format!("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/{name}-tg/0a1b"))
}

/// A healthy service with two tasks.
pub(super) fn service(name: &str) -> Service {
    let task_definition =
        TaskDefinitionArn::new(format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/{name}:7"));
    let began = Timestamp::from_second(START - 86_400).unwrap();
    Service {
        arn: arn(name),
        name: name.to_owned(),
        cluster: ClusterArn::from("arn:aws:ecs:eu-west-1:111122223333:cluster/shop"),
        status: ServiceStatus::Active,
        desired: 2,
        running: 2,
        pending: 0,
        launch_type: Some("FARGATE".to_owned()),
        capacity_providers: Vec::new(),
        scheduling: SchedulingStrategy::Replica,
        controller: DeploymentController::Ecs,
        task_definition: Some(task_definition.clone()),
        deployment_configuration: None,
        deployments: vec![Deployment {
            id: format!("ecs-svc/{name}"),
            status: DeploymentStatus::Primary,
            task_definition,
            desired: 2,
            running: 2,
            pending: 0,
            failed: 0,
            rollout_state: Some(RolloutState::Completed),
            rollout_reason: None,
            created_at: Some(began),
            updated_at: Some(began),
            network: None,
            service_connect: None,
        }],
        task_sets: Vec::new(),
        current_service_deployment: None,
        events: Vec::new(),
        load_balancers: Vec::new(),
        network: None,
        health_check_grace_period_seconds: None,
        platform_version: None,
        execute_command: false,
        created_at: Some(began),
        zone_rebalancing: None,
        registries: Vec::new(),
        current_revisions: Vec::new(),
        placement_constraints: Vec::new(),
        resource_management: None,
    }
}

/// A service that wants two tasks and has none.
pub(super) fn dead_service(name: &str) -> Service {
    let mut service = service(name);
    service.running = 0;
    for deployment in &mut service.deployments {
        deployment.running = 0;
        deployment.failed = 12;
        deployment.rollout_state = Some(RolloutState::Failed);
        deployment.rollout_reason = Some("ECS deployment circuit breaker: tasks failed to start.".to_owned());
    }
    service
}

/// The service registered in a target group of its own.
pub(super) fn balanced(mut service: Service) -> Service {
    service.load_balancers = vec![LoadBalancerBinding {
        target_group: Some(group(&service.name)),
        classic_load_balancer: None,
        container: Some("app".to_owned()),
        container_port: Some(8080),
        alternate_target_group: None,
    }];
    service
}

pub(super) fn error(kind: ErrorKind, operation: &str) -> CallError {
    let operation = Operation::new("ecs", operation);
    CallError { kind, operation, message: "no".to_owned(), request_id: Some("r-1".to_owned()), hint: None }
}

/// The core with a cluster that answers.
pub(super) struct World {
    pub(super) app: App,
    pub(super) at: Timestamp,
    pub(super) services: Vec<Service>,
    /// Effects that were not answered by [`World::answer_all`].
    pub(super) effects: Vec<Effect>,
    /// Every query the core asked, with its time.
    pub(super) asked: Vec<(Timestamp, Query)>,
    /// Every change the core sent.
    pub(super) changes: Vec<(RequestId, Mutation)>,
    /// Operations that fail.
    pub(super) failing: BTreeMap<&'static str, ErrorKind>,
}

impl World {
    pub(super) fn new(options: Options, services: Vec<Service>) -> Self {
        let at = Timestamp::from_second(START).unwrap();
        let app = App::new(options, at, Size { width: 140, height: 36 });
        let (effects, asked, changes, failing) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
        Self { app, at, services, effects, asked, changes, failing }
    }

    /// The core after everything it wanted at the start was answered and the cursor has come to rest.
    pub(super) fn settled(options: Options, services: Vec<Service>) -> Self {
        let mut world = Self::new(options, services);
        world.send(Msg::Tick);
        world.answer_all();
        world.pass(1);
        world
    }

    pub(super) fn send(&mut self, msg: Msg) {
        let effects = self.app.update(self.at, msg);
        for effect in &effects {
            match effect {
                Effect::Ask { query, .. } => self.asked.push((self.at, query.clone())),
                Effect::Change { request, mutation } => self.changes.push((*request, mutation.clone())),
                _ => {}
            }
        }
        self.effects.extend(effects);
    }

    pub(super) fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.send(Msg::Key(key.parse().unwrap()));
        }
    }

    /// Seconds pass, a tick and all answers each.
    pub(super) fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.at += SignedDuration::from_secs(1);
            self.send(Msg::Tick);
            self.answer_all();
        }
    }

    /// Answers everything that was asked and not cancelled, and what is asked because of that.
    pub(super) fn answer_all(&mut self) {
        for _ in 0..20 {
            let effects = std::mem::take(&mut self.effects);
            if effects.is_empty() {
                return;
            }
            let cancelled: Vec<RequestId> = effects
                .iter()
                .filter_map(|effect| if let Effect::Cancel { request } = effect { Some(*request) } else { None })
                .collect();
            for effect in effects {
                if let Effect::Ask { request, query, .. } = effect
                    && !cancelled.contains(&request)
                {
                    let result = Box::new(self.answer(&query));
                    self.send(Msg::Answered { request, result });
                }
            }
        }
        panic!("the core does not stop asking");
    }

    pub(super) fn answer(&self, query: &Query) -> Result<Answer, CallError> {
        if let Some(kind) = self.failing.get(operation(query)) {
            return Err(error(*kind, operation(query)));
        }
        Ok(match query {
            Query::Identity => Answer::Identity(CallerIdentity {
                account: "111122223333".to_owned(),
                arn: "arn:aws:iam::111122223333:user/oncall".to_owned(),
            }),
            Query::Clusters => Answer::Clusters(["shop", "staging"].map(cluster).to_vec()),
            Query::ServiceArns { .. } => {
                Answer::ServiceArns(self.services.iter().map(|service| service.arn.clone()).collect())
            }
            Query::Services { services, .. } => Answer::Services(
                self.services.iter().filter(|service| services.contains(&service.arn)).cloned().collect(),
            ),
            Query::Tasks { .. } => Answer::Tasks(Vec::new()),
            Query::ServiceDeployments { .. } => Answer::ServiceDeployments(Vec::new()),
            Query::TaskDefinition { task_definition: arn } => Answer::TaskDefinition(Box::new(revision(arn))),
            Query::TargetGroup { target_group } => Answer::TargetGroup(Box::new(settings(target_group))),
            Query::TargetHealth { .. } => Answer::TargetHealth(vec![Target {
                id: "10.0.0.1".to_owned(),
                port: Some(8080),
                availability_zone: None,
                health_check_port: None,
                state: TargetState::Healthy,
                reason: None,
                description: None,
                anomaly: None,
                anomaly_mitigated: false,
                administrative_override: None,
            }]),
            Query::Routing { .. } => return Err(error(ErrorKind::NotFound, "DescribeLoadBalancers")),
            other => return Err(error(ErrorKind::Unavailable, operation(other))),
        })
    }

    /// Queries asked since a time, as the number of ECS calls each costs when nothing is paged.
    pub(super) fn ecs_calls_since(&self, since: Timestamp) -> usize {
        let asked = self.asked.iter().filter(|(at, _)| *at > since);
        asked
            .map(|(_, query)| match query {
                Query::Tasks { .. } => 3,
                Query::ServiceDeployments { .. } | Query::ContainerInstances { .. } => 2,
                Query::Clusters
                | Query::ServiceArns { .. }
                | Query::Services { .. }
                | Query::TaskDefinition { .. }
                | Query::ServiceRevisions { .. }
                | Query::LatestRevision { .. }
                | Query::CapacityProviders { .. }
                | Query::TaskProtection { .. } => 1,
                _ => 0,
            })
            .sum()
    }
}

fn revision(arn: &TaskDefinitionArn) -> TaskDefinition {
    TaskDefinition {
        arn: arn.clone(),
        network_mode: None,
        cpu: None,
        memory: None,
        task_role: None,
        execution_role: None,
        cpu_architecture: None,
        operating_system: None,
        containers: Vec::new(),
        status: None,
        requires_compatibilities: Vec::new(),
        requires_attributes: Vec::new(),
        placement_constraints: Vec::new(),
        ephemeral_storage_gib: None,
        efs_volumes: Vec::new(),
        pid_mode: None,
    }
}

pub(super) fn settings(arn: &TargetGroupArn) -> TargetGroup {
    TargetGroup {
        arn: arn.clone(),
        name: arn.group_name().to_owned(),
        target_type: Some("ip".to_owned()),
        protocol: Some("HTTP".to_owned()),
        protocol_version: None,
        port: Some(80),
        vpc: None,
        health_check: HealthCheckSettings::default(),
        load_balancers: Vec::new(),
        address_type: None,
    }
}

fn cluster(name: &str) -> Cluster {
    Cluster {
        arn: ClusterArn::new(format!("arn:aws:ecs:eu-west-1:111122223333:cluster/{name}")),
        name: ClusterName::new(name),
        details: Known::Known(ClusterDetails {
            status: "ACTIVE".to_owned(),
            active_services: 2,
            running_tasks: 4,
            pending_tasks: 0,
            container_instances: 0,
        }),
    }
}

fn operation(query: &Query) -> &'static str {
    match query {
        Query::Identity => "GetCallerIdentity",
        Query::Clusters => "ListClusters",
        Query::ServiceArns { .. } => "ListServices",
        Query::Services { .. } => "DescribeServices",
        Query::Tasks { .. } => "ListTasks",
        Query::ServiceDeployments { .. } => "ListServiceDeployments",
        Query::TaskDefinition { .. } => "DescribeTaskDefinition",
        Query::TargetGroup { .. } => "DescribeTargetGroups",
        Query::TargetHealth { .. } => "DescribeTargetHealth",
        Query::Routing { .. } => "DescribeLoadBalancers",
        Query::TargetGroupAttributes { .. } => "DescribeTargetGroupAttributes",
        Query::ServiceRevisions { .. } => "DescribeServiceRevisions",
        Query::LatestRevision { .. } => "ListTaskDefinitions",
        Query::ContainerInstances { .. } => "ListContainerInstances",
        Query::CapacityProviders { .. } => "DescribeCapacityProviders",
        Query::TaskProtection { .. } => "GetTaskProtection",
        Query::Subnets { .. } => "DescribeSubnets",
        Query::Vpc { .. } => "DescribeSecurityGroups",
        Query::NetworkInterfaces { .. } | Query::LoadBalancerInterfaces { .. } => "DescribeNetworkInterfaces",
        Query::Instances { .. } => "DescribeInstances",
        Query::PrefixList { .. } => "GetManagedPrefixListEntries",
        Query::Scaling { .. } => "DescribeScalableTargets",
        Query::Alarms { .. } | Query::AlarmsAbout { .. } => "DescribeAlarms",
        Query::Utilization { .. } | Query::Traffic { .. } | Query::Metrics { .. } | Query::Loads { .. } => {
            "GetMetricData"
        }
        Query::Logs { .. } | Query::LogEvents { .. } => "FilterLogEvents",
        Query::LogGroup { .. } => "DescribeLogGroups",
        Query::StartInsights { .. } => "StartQuery",
        Query::InsightsResults { .. } => "GetQueryResults",
        Query::StopInsights { .. } => "StopQuery",
    }
}
