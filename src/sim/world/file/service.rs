//! A service, in a world file. Keys are those of [`Blueprint`], and what is not said is what a healthy service has.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::Deserialize;
use toml::Spanned;

use super::application::{ApplicationSection, Kind};
use super::network::LoadBalancerSection;
use super::span::Span;
use super::{Complaint, complaint};
use crate::sim::world::application::Application;
use crate::sim::world::blueprint::Blueprint;
use crate::sim::world::ids::Ids;
use crate::sim::world::moment::Moment;
use crate::sim::world::reach::Destination;
use crate::sim::world::scaling::{NotScaled, ScalableTarget, ScalingActivity};
use crate::sim::world::service::{Blocked, CircuitBreaker, Controller, DeploymentOptions, Launch, Pause};
use crate::sim::world::task_definition::ContainerSettings;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LaunchKind {
    Fargate,
    FargateSpot,
    Ec2,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ControllerKind {
    Ecs,
    CodeDeploy,
    External,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceSection {
    pub(super) name: Spanned<String>,
    /// The first one of the file if it is not named.
    pub(super) cluster: Option<Spanned<String>>,
    desired: Option<usize>,
    family: Option<String>,
    revision: Option<u32>,
    launch: Option<LaunchKind>,
    controller: Option<ControllerKind>,
    /// How long it has run without trouble.
    settled: Option<Span>,
    /// Its tasks have yet to start.
    #[serde(default)]
    new: bool,
    cpu: Option<u32>,
    memory: Option<u32>,
    environment: Option<BTreeMap<String, String>>,
    #[serde(default)]
    sidecars: Vec<String>,
    minimum_healthy_percent: Option<usize>,
    maximum_percent: Option<usize>,
    circuit_breaker: Option<CircuitBreakerSection>,
    grace: Option<Span>,
    pub(super) security_groups: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    protected: bool,
    #[serde(default)]
    application: ApplicationSection,
    #[serde(default)]
    container: ContainerSection,
    pub(super) load_balancer: Option<Spanned<LoadBalancerSection>>,
    #[serde(default)]
    deployments: DeploymentsSection,
    #[serde(default)]
    unreachable: Vec<UnreachableSection>,
    scaling: Option<ScalingSection>,
    #[serde(default)]
    pub(super) event: Vec<EventSection>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct CircuitBreakerSection {
    enable: bool,
    #[serde(default)]
    rollback: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContainerSection {
    image: Option<String>,
    log_group: Option<String>,
    stop_timeout: Option<Span>,
    check_path: Option<String>,
    check_interval: Option<Span>,
    check_retries: Option<u32>,
    check_start_period: Option<Span>,
    architecture: Option<String>,
    host_port: Option<u16>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeploymentsSection {
    strategy: Option<String>,
    #[serde(default)]
    bake_time: Span,
    pause: Option<PauseSection>,
    #[serde(default)]
    alarms: Vec<String>,
    #[serde(default)]
    alarm_rollback: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseSection {
    stage: String,
    timeout: Option<Span>,
    action: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DestinationKind {
    EcrApi,
    EcrDocker,
    S3,
    SecretsManager,
    Logs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnreachableSection {
    destination: DestinationKind,
    address: Ipv4Addr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScalingSection {
    minimum: u32,
    maximum: u32,
    cpu_target: Option<u32>,
    #[serde(default)]
    suspended: Vec<Suspended>,
    #[serde(default)]
    activity: Vec<ActivitySection>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Suspended {
    In,
    Out,
    Scheduled,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActivitySection {
    ago: Span,
    description: String,
    cause: String,
    status: String,
    message: Option<String>,
    not_scaled: Option<NotScaledSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NotScaledSection {
    code: String,
    maximum: Option<u32>,
    minimum: Option<u32>,
    current: Option<u32>,
}

/// A line of the event log from before somebody looks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventSection {
    pub(super) ago: Span,
    /// Without `(service NAME)`.
    pub(super) message: String,
}

impl ServiceSection {
    pub(super) fn blueprint(&self) -> Result<Blueprint, Complaint> {
        let name: &str = self.name.as_ref();
        if self.new && self.settled.is_some() {
            return Err(complaint(&self.name, format!("{name} is either new or settled")));
        }
        let base = Blueprint::worker(name);
        let kind = if self.load_balancer.is_some() { Application::web(8080) } else { Application::worker() };
        let application = self.application.over(&kind);
        if let Some(section) = &self.load_balancer
            && (application.listens.is_none() || self.application.kind() == Some(Kind::Worker))
        {
            return Err(complaint(section, format!("{name} is behind a load balancer but listens nowhere")));
        }
        let front = self.load_balancer.as_ref().map(|section| section.as_ref().front(name));
        let defaults = ContainerSettings::default();
        let said = &self.container;
        let container = ContainerSettings {
            image: said.image.clone(),
            log_group: said.log_group.clone(),
            stop_timeout: said.stop_timeout.map(|span| span.0),
            check_interval: said.check_interval.map_or(defaults.check_interval, |span| span.0),
            check_retries: said.check_retries.unwrap_or(defaults.check_retries),
            check_start_period: said.check_start_period.map_or(defaults.check_start_period, |span| span.0),
            architecture: said.architecture.clone().unwrap_or(defaults.architecture),
            host_port: said.host_port,
            secrets: said.secrets.clone().into_iter().collect(),
        };
        let breaker = self.circuit_breaker;
        Ok(Blueprint {
            tasks: self.desired.unwrap_or(base.tasks),
            family: self.family.clone().unwrap_or(base.family),
            revision: self.revision.unwrap_or(base.revision),
            application,
            cpu: self.cpu.unwrap_or(base.cpu),
            memory: self.memory.unwrap_or(base.memory),
            environment: self.environment.clone().map_or(base.environment, |pairs| pairs.into_iter().collect()),
            container_check: said.check_path.clone(),
            container,
            sidecars: self.sidecars.clone(),
            launch: self.launch.map_or(base.launch, |launch| match launch {
                LaunchKind::Fargate => Launch::Fargate,
                LaunchKind::FargateSpot => Launch::FargateSpot,
                LaunchKind::Ec2 => Launch::Ec2,
            }),
            controller: self.controller.map_or(base.controller, |controller| match controller {
                ControllerKind::Ecs => Controller::Ecs,
                ControllerKind::CodeDeploy => Controller::CodeDeploy,
                ControllerKind::External => Controller::External,
            }),
            minimum_healthy_percent: self.minimum_healthy_percent.unwrap_or(base.minimum_healthy_percent),
            maximum_percent: self.maximum_percent.unwrap_or(base.maximum_percent),
            circuit_breaker: breaker.map_or(base.circuit_breaker, |breaker| CircuitBreaker {
                enable: breaker.enable,
                rollback: breaker.rollback,
            }),
            grace: self.grace.map_or(base.grace, |span| span.0),
            security_groups: self
                .security_groups
                .as_ref()
                .map_or(base.security_groups, |groups| groups.as_ref().clone()),
            front,
            settled_for: if self.new { None } else { self.settled.map(|span| span.0).or(base.settled_for) },
            ..base
        })
    }

    pub(super) fn options(&self) -> DeploymentOptions {
        let said = &self.deployments;
        let day = std::time::Duration::from_hours(24);
        DeploymentOptions {
            strategy: said.strategy.clone(),
            bake_time: said.bake_time.0,
            pause: said.pause.as_ref().map(|pause| Pause {
                stage: pause.stage.clone(),
                timeout: pause.timeout.map_or(day, |span| span.0),
                action: pause.action.clone().unwrap_or_else(|| "ROLLBACK".to_owned()),
            }),
            alarms: said.alarms.clone(),
            alarm_rollback: said.alarm_rollback,
            blocked: self.unreachable.iter().map(UnreachableSection::blocked).collect(),
        }
    }

    pub(super) fn is_protected(&self) -> bool {
        self.protected
    }

    pub(super) fn scalable_target(&self, cluster: &str, now: Moment, ids: &mut Ids) -> Option<ScalableTarget> {
        let said = self.scaling.as_ref()?;
        let suspended = |what: Suspended| said.suspended.contains(&what);
        let activities = said.activity.iter().map(|activity| ScalingActivity {
            id: ids.uuid(),
            at: now - activity.ago.0,
            description: activity.description.clone(),
            cause: activity.cause.clone(),
            status: activity.status.clone(),
            message: activity.message.clone(),
            not_scaled: activity.not_scaled.as_ref().map(|reason| NotScaled {
                code: reason.code.clone(),
                maximum: reason.maximum,
                minimum: reason.minimum,
                current: reason.current,
            }),
        });
        Some(ScalableTarget {
            cluster: cluster.to_owned(),
            service: self.name.as_ref().clone(),
            minimum: said.minimum,
            maximum: said.maximum,
            suspended: [suspended(Suspended::In), suspended(Suspended::Out), suspended(Suspended::Scheduled)],
            cpu_target: said.cpu_target,
            registered_at: now - std::time::Duration::from_hours(30 * 24),
            activities: activities.collect(),
        })
    }
}

impl UnreachableSection {
    fn blocked(&self) -> Blocked {
        let destination = match self.destination {
            DestinationKind::EcrApi => Destination::EcrApi,
            DestinationKind::EcrDocker => Destination::EcrDocker,
            DestinationKind::S3 => Destination::S3,
            DestinationKind::SecretsManager => Destination::SecretsManager,
            DestinationKind::Logs => Destination::Logs,
        };
        Blocked { destination, address: self.address }
    }
}
