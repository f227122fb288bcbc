//! placeholder until merge
#![allow(missing_docs)]
use crate::model::{load_balancing::Target, query::Mutation, service::Service};
use jiff::Timestamp;
use serde::Serialize;
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Verdict {
    Rolling,
    Steady,
    Failing { why: String },
}
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    pub verdict: Verdict,
}
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Watch {
    pub mutation: Mutation,
    pub started_at: Timestamp,
}
impl Watch {
    pub fn new(mutation: Mutation, _accepted: &Service, now: Timestamp) -> Watch {
        Watch { mutation, started_at: now }
    }
    pub fn progress(&self, _service: &Service, _targets: &[&[Target]], _now: Timestamp) -> Progress {
        Progress { verdict: Verdict::Rolling }
    }
}
