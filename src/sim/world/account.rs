//! What else there is in the account: what a task may need and not find, alarms, automatic scaling, capacity providers.

use std::collections::BTreeSet;

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
