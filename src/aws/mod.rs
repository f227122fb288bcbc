//! The only folder that knows the AWS SDK: turns queries into calls and answers into model types.
//!
//! ```text
//!  Query ─▶ answers ─▶ ecs, elb, ec2 … ─▶ shared: region ─▶ credentials ─▶ budget ─▶ SDK ─▶ observe ─▶ AWS
//!  Answer ◀─ conversions ◀─────────────────────── error ◀──────────────────────────────┘ └──▶ CallRecord
//!  Mutation ─▶ ecs::Writer (not there with `--read-only`) ─▶ shared …
//! ```
//!
//! Reads follow every page, ask in the largest batches AWS allows, many at once but bounded, within half of the rate AWS
//! allows. Writes are sent once. Dropping a future cancels what it waits for.

mod answers;
mod autoscaling;
mod budget;
mod clock;
mod cloudwatch;
mod connect;
mod credentials;
mod ec2;
mod ecs;
mod elb;
mod error;
mod gather;
mod logs;
mod observe;
mod operations;
mod pages;
mod read_only;
mod scalars;
mod shared;
mod sts;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::model::arn::{ClusterName, LoadBalancerArn, ServiceArn, TargetGroupArn, TaskDefinitionArn};
use crate::model::call::{CallError, CallRecord, ErrorKind};
use crate::model::cluster::{CallerIdentity, Cluster};
use crate::model::load_balancing::{LoadBalancerRouting, Target, TargetGroup};
use crate::model::log::{Followed, Following};
use crate::model::query::Mutation;
use crate::model::service::Service;
use crate::model::service_deployment::ServiceDeployment;
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;

pub use budget::Priority;

use budget::Budgets;
use clock::Clock;
use error::Failure;
use shared::Shared;

/// Where credentials come from.
#[derive(Clone, Default)]
pub enum Credentials {
    /// The SDK's default chain: environment, profile, SSO, container, instance role.
    #[default]
    Chain,
    /// These keys, for a simulated AWS. Neither environment nor configuration files are read then.
    Fixed {
        /// Access key id.
        access_key: String,
        /// Secret access key.
        secret_key: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Chain => "Chain",
            Self::Fixed { .. } => "Fixed",
        })
    }
}

/// How to reach AWS. What is not given is found by the SDK's default chain.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Profile of the AWS configuration files.
    pub profile: Option<String>,
    /// Region, before environment, profile and instance metadata.
    pub region: Option<String>,
    /// Address of all services instead of AWS's own.
    pub endpoint_url: Option<String>,
    /// Where credentials come from.
    pub credentials: Credentials,
    /// Whether every change is refused here.
    pub read_only: bool,
    /// How often a read is tried, at least once. Writes are always tried once.
    pub attempts: u32,
    /// How long one attempt may take.
    pub call_timeout: Duration,
    /// How often followed logs are asked for what is new.
    pub log_polls: Duration,
    /// Whether Live Tail is used, which AWS charges by the minute.
    pub live_tail: bool,
    /// How long Live Tail may say nothing before it counts as cut off.
    pub live_tail_silence: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: None,
            region: None,
            endpoint_url: None,
            credentials: Credentials::Chain,
            read_only: false,
            attempts: 1,
            call_timeout: Duration::from_secs(5),
            // FilterLogEvents is counted for the whole account and region.
            log_polls: Duration::from_secs(2),
            live_tail: true,
            live_tail_silence: Duration::from_secs(15),
        }
    }
}

/// AWS as this program sees it. Cheap to clone; clones share clients, credentials and budget.
#[derive(Clone)]
pub struct Aws {
    clients: Arc<Clients>,
}

struct Clients {
    shared: Arc<Shared>,
    ecs: ecs::Reader,
    /// Absent with `--read-only`.
    writer: Option<ecs::Writer>,
    elb: elb::Reader,
    ec2: ec2::Reader,
    autoscaling: autoscaling::Reader,
    cloudwatch: cloudwatch::Reader,
    logs: logs::Reader,
    sts: sts::Reader,
}

impl fmt::Debug for Aws {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Aws")
            .field("region", &self.region())
            .field("profile", &self.profile())
            .field("read_only", &self.read_only())
            .finish_non_exhaustive()
    }
}

impl Aws {
    /// Finds out region, profile and endpoint and makes the clients. Never fails: what is missing shows at the first call.
    /// `observer` is called with every attempt that went over the wire, from whatever task made it; it must not block.
    pub async fn connect(settings: Settings, observer: impl Fn(CallRecord) + Send + Sync + 'static) -> Self {
        let connection = connect::connect(&settings).await;
        let shared = Arc::new(Shared {
            region: connection.region,
            profile: connection.profile,
            call_timeout: settings.call_timeout,
            log_polls: settings.log_polls,
            live_tail: settings.live_tail,
            live_tail_silence: settings.live_tail_silence,
            credentials: connection.credentials,
            budgets: Budgets::new(),
            clock: Clock::default(),
            observer: Arc::new(observer),
        });
        let config = &connection.config;
        let clients = Clients {
            ecs: ecs::Reader::new(config, Arc::clone(&shared)),
            writer: (!settings.read_only).then(|| ecs::Writer::new(config, Arc::clone(&shared))),
            elb: elb::Reader::new(config, Arc::clone(&shared)),
            ec2: ec2::Reader::new(config, Arc::clone(&shared)),
            autoscaling: autoscaling::Reader::new(config, Arc::clone(&shared)),
            cloudwatch: cloudwatch::Reader::new(config, Arc::clone(&shared)),
            logs: logs::Reader::new(config, Arc::clone(&shared)),
            sts: sts::Reader::new(config, Arc::clone(&shared)),
            shared,
        };
        Self { clients: Arc::new(clients) }
    }

    /// The region calls go to.
    pub fn region(&self) -> Option<&str> {
        self.clients.shared.region.as_deref()
    }

    /// The profile in use: the one asked for, or the one the AWS configuration files select.
    pub fn profile(&self) -> Option<&str> {
        self.clients.shared.profile.as_deref()
    }

    /// Whether every change is refused.
    pub fn read_only(&self) -> bool {
        self.clients.writer.is_none()
    }

    /// Changes AWS: exactly one request, whatever happens to it. Returns the service as AWS accepted it.
    pub async fn change(&self, mutation: &Mutation) -> Result<Service, CallError> {
        let Some(writer) = &self.clients.writer else {
            let refused = Failure::new(ErrorKind::ReadOnly, "refused before it was sent, because of --read-only");
            return Err(refused.of(&operations::UPDATE_SERVICE));
        };
        writer.update_service(mutation).await
    }

    /// Who AWS says we are.
    pub async fn identity(&self, priority: Priority) -> Result<CallerIdentity, CallError> {
        self.clients.sts.identity(priority).await
    }

    /// All clusters, in order of name.
    pub async fn clusters(&self, priority: Priority) -> Result<Vec<Cluster>, CallError> {
        self.clients.ecs.clusters(priority).await
    }

    /// Which services the cluster has, in order of name.
    pub async fn service_arns(&self, cluster: &ClusterName, priority: Priority) -> Result<Vec<ServiceArn>, CallError> {
        self.clients.ecs.service_arns(cluster, priority).await
    }

    /// These services, however many: ten a call. Those that do not exist are not in the answer.
    pub async fn services(
        &self,
        cluster: &ClusterName,
        services: &[ServiceArn],
        priority: Priority,
    ) -> Result<Vec<Service>, CallError> {
        self.clients.ecs.services(cluster, services, priority).await
    }

    /// Running and stopped tasks of a service, each once.
    pub async fn tasks(
        &self,
        cluster: &ClusterName,
        service: &ServiceArn,
        priority: Priority,
    ) -> Result<Vec<Task>, CallError> {
        self.clients.ecs.tasks(cluster, service, priority).await
    }

    /// Follows logs until nobody listens any more. Trouble ends nothing; it is told.
    pub async fn follow(&self, following: Following, out: mpsc::Sender<Followed>) {
        self.clients.logs.follow(following, out).await;
    }

    /// Running or stopped tasks of a whole cluster, those that belong to no service included, each once.
    pub async fn cluster_tasks(
        &self,
        cluster: &ClusterName,
        stopped: bool,
        priority: Priority,
    ) -> Result<Vec<Task>, CallError> {
        self.clients.ecs.cluster_tasks(cluster, stopped, priority).await
    }

    /// A revision of a task definition.
    pub async fn task_definition(
        &self,
        task_definition: &TaskDefinitionArn,
        priority: Priority,
    ) -> Result<TaskDefinition, CallError> {
        self.clients.ecs.task_definition(task_definition, priority).await
    }

    /// The newest twenty deployments of a service, newest first.
    pub async fn service_deployments(
        &self,
        cluster: &ClusterName,
        service: &ServiceArn,
        priority: Priority,
    ) -> Result<Vec<ServiceDeployment>, CallError> {
        self.clients.ecs.service_deployments(cluster, service, priority).await
    }

    /// Settings of a target group.
    pub async fn target_group(
        &self,
        target_group: &TargetGroupArn,
        priority: Priority,
    ) -> Result<TargetGroup, CallError> {
        self.clients.elb.target_group(target_group, priority).await
    }

    /// Health of the targets of a target group.
    pub async fn target_health(
        &self,
        target_group: &TargetGroupArn,
        priority: Priority,
    ) -> Result<Vec<Target>, CallError> {
        self.clients.elb.target_health(target_group, priority).await
    }

    /// A load balancer with its listeners and rules; what of these could not be read says so.
    pub async fn routing(
        &self,
        load_balancer: &LoadBalancerArn,
        priority: Priority,
    ) -> Result<LoadBalancerRouting, CallError> {
        self.clients.elb.routing(load_balancer, priority).await
    }
}
