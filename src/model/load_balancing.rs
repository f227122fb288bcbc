//! Target groups, the health of their targets, load balancers, listeners and rules, as ELBv2 tells them.

use serde::{Deserialize, Serialize};

use super::arn::{ListenerArn, ListenerRuleArn, LoadBalancerArn, TargetGroupArn};
use super::call::CallError;
use super::known::Known;

/// How a target group checks its targets. Defaults differ by load balancer, so everything is what AWS returned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheckSettings {
    /// `HTTP`, `HTTPS`, `TCP`.
    pub protocol: Option<String>,
    /// `traffic-port` or a number.
    pub port: Option<String>,
    /// Path of the request.
    pub path: Option<String>,
    /// Seconds between checks.
    pub interval_seconds: Option<u32>,
    /// Seconds to wait for an answer.
    pub timeout_seconds: Option<u32>,
    /// Successes in a row until healthy.
    pub healthy_threshold: Option<u32>,
    /// Failures in a row until unhealthy.
    pub unhealthy_threshold: Option<u32>,
    /// Accepted HTTP or gRPC codes: `200`, `200-299,302`.
    pub matcher: Option<String>,
}

/// A target group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// Its resource name.
    pub arn: TargetGroupArn,
    /// Its name.
    pub name: String,
    /// `ip`, `instance`, `lambda`, `alb`.
    pub target_type: Option<String>,
    /// Protocol of the traffic.
    pub protocol: Option<String>,
    /// `HTTP1`, `HTTP2`, `GRPC`.
    pub protocol_version: Option<String>,
    /// Default port, used only where a target is registered without one.
    pub port: Option<u16>,
    /// The VPC.
    pub vpc: Option<String>,
    /// How targets are checked.
    pub health_check: HealthCheckSettings,
    /// Load balancers that forward here; empty when no listener does.
    pub load_balancers: Vec<LoadBalancerArn>,
    /// `ipv4` or `ipv6`.
    pub address_type: Option<String>,
}

/// State of a target (catalogue section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetState {
    /// Being registered or waiting for its first checks.
    Initial,
    /// Passes its checks.
    Healthy,
    /// Fails its checks.
    Unhealthy,
    /// Fails its checks and keeps old connections for a while (network load balancers).
    UnhealthyDraining,
    /// Not checked: no listener leads here, or its zone is not enabled.
    Unused,
    /// Being deregistered.
    Draining,
    /// Health unknown to the load balancer.
    Unavailable,
    /// A state this version does not know.
    Other(String),
}

impl TargetState {
    /// The state as AWS spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Initial => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::UnhealthyDraining => "unhealthy.draining",
            Self::Unused => "unused",
            Self::Draining => "draining",
            Self::Unavailable => "unavailable",
            Self::Other(text) => text,
        }
    }
}

/// A target and its health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// An address or an instance id, by the group's target type.
    pub id: String,
    /// The port traffic goes to.
    pub port: Option<u16>,
    /// Its zone, where AWS tells.
    pub availability_zone: Option<String>,
    /// The port that is really checked.
    pub health_check_port: Option<String>,
    /// Its state.
    pub state: TargetState,
    /// AWS's reason code: `Target.ResponseCodeMismatch` …
    pub reason: Option<String>,
    /// AWS's sentence.
    pub description: Option<String>,
    /// `normal` or `anomalous`, where the load balancer looks for anomalies.
    pub anomaly: Option<String>,
    /// Whether less traffic is sent there because of an anomaly.
    pub anomaly_mitigated: bool,
    /// `no_override`, `zonal_shift_active` …
    pub administrative_override: Option<String>,
}

/// `application`, `network` or `gateway`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoadBalancerKind {
    /// HTTP and HTTPS.
    Application,
    /// TCP, TLS and UDP.
    Network,
    /// Something else, as AWS spells it.
    Other(String),
}

/// A load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// Its resource name.
    pub arn: LoadBalancerArn,
    /// Its name.
    pub name: String,
    /// The name clients resolve.
    pub dns_name: Option<String>,
    /// What it balances.
    pub kind: LoadBalancerKind,
    /// `internet-facing` or `internal`.
    pub scheme: Option<String>,
    /// `active`, `provisioning`, `active_impaired`, `failed`.
    pub state: Option<String>,
    /// The VPC.
    pub vpc: Option<String>,
    /// Its security groups; a network load balancer may have none.
    pub security_groups: Vec<String>,
    /// Enabled zones with their subnets.
    pub zones: Vec<(String, Option<String>)>,
    /// `ipv4`, `dualstack` …
    pub address_type: Option<String>,
}

/// Where a rule sends matching requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleAction {
    /// To target groups, each with its weight.
    Forward(Vec<(TargetGroupArn, u32)>),
    /// To another address.
    Redirect(String),
    /// A fixed answer with this status code.
    FixedResponse(String),
    /// Authentication and others, as AWS spells them.
    Other(String),
}

/// One rule of a listener, in order of priority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerRule {
    /// Its resource name.
    pub arn: ListenerRuleArn,
    /// `1` … `50000` or `default`.
    pub priority: String,
    /// Conditions as `host-header shop.example.com`, all of which must hold.
    pub conditions: Vec<String>,
    /// What happens to a request that matches.
    pub actions: Vec<RuleAction>,
}

/// A listener with its rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listener {
    /// Its resource name.
    pub arn: ListenerArn,
    /// Port clients connect to.
    pub port: Option<u16>,
    /// `HTTP`, `HTTPS`, `TCP` …
    pub protocol: Option<String>,
    /// What happens when no rule matches; all there is on a network load balancer.
    pub default_actions: Vec<RuleAction>,
    /// Its rules, if they could be read.
    pub rules: Known<Vec<ListenerRule>>,
}

/// A load balancer with everything that leads from its front to target groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadBalancerRouting {
    /// The load balancer itself.
    pub load_balancer: LoadBalancer,
    /// Its listeners, if they could be read.
    pub listeners: Known<Vec<Listener>>,
}

impl LoadBalancerRouting {
    /// Why listeners or rules are missing.
    pub fn failures(&self) -> impl Iterator<Item = &CallError> {
        let rules = self.listeners.known().into_iter().flatten().filter_map(|listener| listener.rules.error());
        self.listeners.error().into_iter().chain(rules)
    }
}
