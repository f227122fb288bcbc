//! SDK clients and small worlds.

use std::time::Duration;

use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::config::timeout::TimeoutConfig;
use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{Deployment, Service, Task};
use aws_sdk_elasticloadbalancingv2::types::TargetHealthDescription;
use ecsight::sim::{Blueprint, Clock, Simulator, World};

/// A simulator with clients that do not retry, so that each call is one call.
pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) elb: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) sts: aws_sdk_sts::Client,
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) metrics: aws_sdk_cloudwatch::Client,
    pub(crate) scaling: aws_sdk_applicationautoscaling::Client,
}

macro_rules! client {
    ($sdk:ident, $endpoint:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-west-1"))
                .credentials_provider(Credentials::new("AKIASIMULATED", "secret", None, None, "test"))
                .endpoint_url($endpoint)
                .retry_config(RetryConfig::disabled())
                .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build())
                .build(),
        )
    };
}

impl Bench {
    pub(crate) async fn with(world: World) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let simulator = Simulator::start(listen, world, Clock::Manual, Duration::ZERO).await.unwrap();
        let endpoint = simulator.endpoint();
        Self {
            ecs: client!(aws_sdk_ecs, &endpoint),
            elb: client!(aws_sdk_elasticloadbalancingv2, &endpoint),
            sts: client!(aws_sdk_sts, &endpoint),
            ec2: client!(aws_sdk_ec2, &endpoint),
            logs: client!(aws_sdk_cloudwatchlogs, &endpoint),
            metrics: client!(aws_sdk_cloudwatch, &endpoint),
            scaling: client!(aws_sdk_applicationautoscaling, &endpoint),
            simulator,
        }
    }

    pub(crate) async fn demo() -> Self {
        Self::with(World::demo(1)).await
    }

    /// A world of `assets/worlds`.
    pub(crate) async fn of_file(name: &str) -> Self {
        let path = format!("{}/assets/worlds/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        Self::with(World::from_toml(&std::fs::read_to_string(path).unwrap(), 1).unwrap()).await
    }

    /// One cluster `test` with this service.
    pub(crate) async fn with_service(blueprint: Blueprint) -> Self {
        let mut world = World::empty(1);
        world.add_cluster("test");
        world.add_service("test", &blueprint);
        Self::with(world).await
    }

    pub(crate) async fn service(&self, cluster: &str, name: &str) -> Service {
        let answer = self.ecs.describe_services().cluster(cluster).services(name).send().await.unwrap();
        answer.services.unwrap().remove(0)
    }

    pub(crate) async fn stopped_tasks(&self, cluster: &str, service: &str) -> Vec<Task> {
        let listed = self.ecs.list_tasks().cluster(cluster).service_name(service).desired_status("STOPPED".into());
        let arns = listed.send().await.unwrap().task_arns.unwrap();
        if arns.is_empty() {
            return Vec::new();
        }
        let described = self.ecs.describe_tasks().cluster(cluster).set_tasks(Some(arns)).send().await.unwrap();
        described.tasks.unwrap()
    }

    pub(crate) async fn targets(&self, service: &Service) -> Vec<TargetHealthDescription> {
        let group = service.load_balancers()[0].target_group_arn().unwrap();
        let answer = self.elb.describe_target_health().target_group_arn(group).send().await.unwrap();
        answer.target_health_descriptions.unwrap()
    }

    /// Lets time pass in steps of five seconds until `done` likes the service, at most half an hour.
    pub(crate) async fn until(&self, cluster: &str, name: &str, done: impl Fn(&Service) -> bool) -> Service {
        for _ in 0..360 {
            let service = self.service(cluster, name).await;
            if done(&service) {
                return service;
            }
            self.simulator.advance(Duration::from_secs(5));
        }
        panic!("{name} did not get there within half an hour");
    }
}

pub(crate) fn primary(service: &Service) -> &Deployment {
    service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY")).unwrap()
}

pub(crate) fn is_completed(service: &Service) -> bool {
    service.deployments().len() == 1
        && primary(service).rollout_state().is_some_and(|state| state.as_str() == "COMPLETED")
}

pub(crate) fn said(service: &Service, text: &str) -> bool {
    service.events().iter().any(|event| event.message().is_some_and(|message| message.contains(text)))
}

/// Code and message of an error that AWS sent.
pub(crate) fn code_and_message(error: &impl ProvideErrorMetadata) -> (&str, &str) {
    (error.code().unwrap_or_default(), error.message().unwrap_or_default())
}
