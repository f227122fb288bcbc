//! What else there is in the account: what a task may need and not find, alarms, automatic scaling, capacity providers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::World;
use super::metrics::Metric;
use super::moment::Moment;
use super::scaling::ScalableTarget;

/// Things beside clusters, network and load balancers. Log groups and secrets exist unless they are listed as missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) missing_log_groups: BTreeSet<String>,
    /// ARNs, or parts of them.
    pub(crate) missing_secrets: BTreeSet<String>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) scalable_targets: Vec<ScalableTarget>,
    /// Beside FARGATE and FARGATE_SPOT.
    pub(crate) capacity_providers: Vec<CapacityProvider>,
}

impl Account {
    pub(crate) fn lacks_secret(&self, reference: &str) -> bool {
        self.missing_secrets.iter().any(|missing| reference.contains(missing.as_str()))
    }

    /// The alarms of these names that went off.
    pub(crate) fn alarming(&self, names: &[String]) -> Vec<String> {
        let alarming =
            |name: &&String| self.alarms.iter().any(|alarm| alarm.name == **name && alarm.state == AlarmState::Alarm);
        names.iter().filter(alarming).cloned().collect()
    }
}

/// State of a CloudWatch alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmState {
    /// All is well.
    Ok,
    /// It went off.
    Alarm,
    /// Nobody can tell.
    InsufficientData,
}

impl AlarmState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// A CloudWatch alarm.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    pub(crate) name: String,
    pub(crate) state: AlarmState,
    pub(crate) reason: String,
    pub(crate) since: Moment,
    /// What it watches. Without that its state is what was said; with it, what the figures say.
    pub(crate) watch: Option<AlarmWatch>,
}

/// When an alarm goes off: as soon as a figure of a minute exceeds the threshold.
#[derive(Clone, Debug)]
pub(crate) struct AlarmWatch {
    pub(crate) metric: Metric,
    pub(crate) threshold: f64,
}

/// How far back an alarm's figures are looked at.
const ALARM_WINDOW: Duration = Duration::from_hours(3);
/// The period of alarms.
const ALARM_PERIOD: Duration = Duration::from_mins(1);

impl World {
    /// State, reason and since when, of an alarm. A minute without a figure is a good one.
    pub(crate) fn state_of(&self, alarm: &Alarm) -> (AlarmState, String, Moment) {
        let Some(AlarmWatch { metric, threshold }) = &alarm.watch else {
            return (alarm.state, alarm.reason.clone(), self.told(alarm.since));
        };
        let now = self.told_now().floor(ALARM_PERIOD);
        let figures: BTreeMap<Moment, f64> =
            self.measured(metric, now - ALARM_WINDOW, now, ALARM_PERIOD).into_iter().collect();
        let is_bad = |minute: &Moment| figures.get(minute).is_some_and(|figure| figure > threshold);
        let newest = now - ALARM_PERIOD;
        let bad = is_bad(&newest);
        let (mut minute, mut since) = (newest, newest);
        while minute > now - ALARM_WINDOW && is_bad(&minute) == bad {
            since = minute;
            minute = minute - ALARM_PERIOD;
        }
        let figure = figures.get(&newest).map_or_else(
            || "no datapoints were received".to_owned(),
            |figure| {
                let (figure, at) = (format!("{figure:?}"), newest.timestamp().strftime("%d/%m/%y %H:%M:%S"));
                let verb = if bad { "was greater than" } else { "was not greater than" };
                format!("1 datapoint [{figure} ({at})] {verb} the threshold ({threshold:?})")
            },
        );
        let state = if bad { AlarmState::Alarm } else { AlarmState::Ok };
        (state, format!("Threshold Crossed: {figure}."), since)
    }

    /// Sets an alarm on a metric of a service or, if it has one of that kind, of its target group or load balancer.
    pub(crate) fn set_alarm(&mut self, name: &str, service: (&str, &str), metric: [&str; 2], threshold: f64) {
        let [metric, statistic] = metric;
        let (cluster, service) = service;
        let bound = self.cluster(cluster).and_then(|cluster| cluster.service(service));
        let group = bound.and_then(|service| service.bindings.first()).map(|binding| binding.target_group.clone());
        let group = group.and_then(|arn| self.load_balancing.target_groups.get(&arn));
        let balancer = group.and_then(|group| group.load_balancer.as_deref()).unwrap_or_default();
        let balancer = balancer.split_once("loadbalancer/").map_or("", |(_, path)| path);
        let group = group.and_then(|group| group.arn.rsplit(':').next()).unwrap_or_default();
        let (namespace, dimensions): (&str, Vec<(&str, &str)>) = match metric {
            "CPUUtilization" | "MemoryUtilization" => {
                ("AWS/ECS", vec![("ClusterName", cluster), ("ServiceName", service)])
            }
            "HTTPCode_ELB_5XX_Count" => ("AWS/ApplicationELB", vec![("LoadBalancer", balancer)]),
            _ => ("AWS/ApplicationELB", vec![("LoadBalancer", balancer), ("TargetGroup", group)]),
        };
        let metric = Metric {
            namespace: namespace.to_owned(),
            name: metric.to_owned(),
            dimensions: dimensions.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            statistic: statistic.to_owned(),
        };
        self.account.alarms.push(Alarm {
            name: name.to_owned(),
            state: AlarmState::Ok,
            reason: String::new(),
            since: Moment::MONDAY_NIGHT,
            watch: Some(AlarmWatch { metric, threshold }),
        });
    }
}

/// A capacity provider with an Auto Scaling group.
#[derive(Clone, Debug)]
pub(crate) struct CapacityProvider {
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) managed_scaling: bool,
    pub(crate) update_status: Option<String>,
    pub(crate) update_reason: Option<String>,
}
