//! placeholder until merge
#![allow(missing_docs)]
use crate::model::{
    arn::TargetGroupArn,
    known::Known,
    load_balancing::{Target, TargetGroup},
    service::Service,
    task::Task,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Health {
    Failing,
    Degraded,
    Deploying,
    Unknown,
    Healthy,
    Inactive,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    pub health: Health,
    pub headline: Option<String>,
}
pub struct Facts<'a> {
    pub service: &'a Service,
    pub targets: Vec<(&'a TargetGroupArn, Known<&'a [Target]>)>,
    pub tasks: Option<&'a [Task]>,
    pub settings: Vec<&'a TargetGroup>,
    pub now: Timestamp,
}
pub fn assess(facts: &Facts<'_>) -> Assessment {
    let health = if facts.service.running < facts.service.desired { Health::Failing } else { Health::Healthy };
    Assessment { health, headline: None }
}
