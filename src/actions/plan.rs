//! placeholder until merge
#![allow(missing_docs)]
use crate::model::{arn::ClusterName, query::Mutation, service::Service};
use serde::Serialize;
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    pub account: Option<String>,
    pub profile: Option<String>,
    pub region: Option<String>,
    pub cluster: ClusterName,
}
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub what: String,
    pub before: String,
    pub after: String,
}
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    pub mutation: Mutation,
    pub place: Place,
    pub service_name: String,
    pub changes: Vec<Change>,
    pub api_call: String,
    pub command: String,
    pub warnings: Vec<String>,
}
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);
impl Plan {
    pub fn new(mutation: Mutation, service: &Service, place: Place) -> Result<Plan, Refusal> {
        Ok(Plan {
            mutation,
            place,
            service_name: service.name.clone(),
            changes: vec![],
            api_call: String::new(),
            command: String::new(),
            warnings: vec![],
        })
    }
    pub fn moved(&self, _current: &Service) -> Option<String> {
        None
    }
}
