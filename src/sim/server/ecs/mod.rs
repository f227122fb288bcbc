//! Amazon ECS (API version 2014-11-13). One file a family of operations; here is what they share.

mod capacity_providers;
mod clusters;
mod container_instances;
mod service_deployments;
mod services;
mod task_definitions;
mod tasks;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::protocol::{AwsError, BadToken, page};
use crate::sim::world::{Cluster, Moment, World};

type Answered = Result<Value, AwsError>;

/// Performs an operation; absent if there is none of this name.
pub(crate) fn perform(operation: &str, parameters: &Value, world: &mut World) -> Result<Option<Value>, AwsError> {
    Ok(Some(match operation {
        "ListClusters" => clusters::list(&read(parameters)?, world)?,
        "DescribeClusters" => clusters::describe(&read(parameters)?, world)?,
        "ListServices" => services::list(&read(parameters)?, world)?,
        "DescribeServices" => services::describe(&read(parameters)?, world)?,
        "UpdateService" => services::update(&read(parameters)?, world)?,
        "ListTasks" => tasks::list(&read(parameters)?, world)?,
        "DescribeTasks" => tasks::describe(&read(parameters)?, world)?,
        "GetTaskProtection" => tasks::protection(&read(parameters)?, world)?,
        "DescribeCapacityProviders" => capacity_providers::describe(&read(parameters)?, world)?,
        "StopTask" => tasks::stop(&read(parameters)?, world)?,
        "DescribeTaskDefinition" => task_definitions::describe(&read(parameters)?, world)?,
        "ListTaskDefinitions" => task_definitions::list(&read(parameters)?, world)?,
        "ListServiceDeployments" => service_deployments::list(&read(parameters)?, world)?,
        "DescribeServiceDeployments" => service_deployments::describe(&read(parameters)?, world)?,
        "DescribeServiceRevisions" => service_deployments::describe_revisions(&read(parameters)?, world)?,
        "ListContainerInstances" => container_instances::list(&read(parameters)?, world)?,
        "DescribeContainerInstances" => container_instances::describe(&read(parameters)?, world)?,
        _ => return Ok(None),
    }))
}

fn read<T: DeserializeOwned>(parameters: &Value) -> Result<T, AwsError> {
    T::deserialize(parameters).map_err(|error| AwsError::new("SerializationException", error.to_string()))
}

/// The cluster meant; without a name it is the one called `default`.
fn cluster<'a>(world: &'a World, name: Option<&str>) -> Result<&'a Cluster, AwsError> {
    world.cluster(name.unwrap_or("default")).ok_or_else(cluster_not_found)
}

fn cluster_not_found() -> AwsError {
    AwsError::new("ClusterNotFoundException", "Cluster not found.")
}

fn service_not_found() -> AwsError {
    AwsError::new("ServiceNotFoundException", "Service not found.")
}

/// One page of ARNs under `key`, with `nextToken` if there is more.
fn arns(key: &str, arns: Vec<String>, token: Option<&str>, size: Option<i64>, default: usize) -> Answered {
    let (arns, next) = paged(arns, token, size, default)?;
    Ok(with_token(json!({ key: arns }), next))
}

/// Pages hold at most a hundred entries, whatever the operation.
fn paged<T>(
    items: Vec<T>,
    token: Option<&str>,
    size: Option<i64>,
    default: usize,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let size = match size {
        None => default,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=100).contains(size))
            .ok_or_else(|| AwsError::invalid_parameter("maxResults must be between 1 and 100."))?,
    };
    page(items, token, size).map_err(|BadToken| AwsError::invalid_parameter("Invalid token."))
}

fn with_token(mut answer: Value, token: Option<String>) -> Value {
    if let (Some(token), Value::Object(fields)) = (token, &mut answer) {
        fields.insert("nextToken".to_owned(), Value::String(token));
    }
    answer
}

/// Refuses more than `most` names, and none at all.
fn bounded(names: &[String], what: &str, most: usize) -> Result<(), AwsError> {
    match names.len() {
        0 => Err(AwsError::invalid_parameter(format!("{what} cannot be empty."))),
        count if count > most => {
            Err(AwsError::invalid_parameter(format!("{what} can not have more than {most} elements.")))
        }
        _ => Ok(()),
    }
}

/// What DescribeX answers: what was found, and a failure for each name that was not.
fn found_and_missing(key: &str, results: impl IntoIterator<Item = Result<Value, String>>) -> Value {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => found.push(value),
            Err(arn) => failures.push(json!({ "arn": arn, "reason": "MISSING" })),
        }
    }
    json!({ key: found, "failures": failures })
}

/// An object that leaves out what is absent, as AWS does.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn of(value: Value) -> Self {
        if let Value::Object(fields) = value { Self(fields) } else { Self::default() }
    }

    fn put(&mut self, key: &str, value: impl Into<Value>) -> &mut Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    fn put_some(&mut self, key: &str, value: Option<impl Into<Value>>) -> &mut Self {
        if let Some(value) = value {
            self.put(key, value);
        }
        self
    }

    fn value(self) -> Value {
        Value::Object(self.0)
    }
}

/// A time as this protocol writes it.
fn time(world: &World, moment: Moment) -> Value {
    json!(world.told(moment).epoch_seconds())
}

fn maybe_time(world: &World, moment: Option<Moment>) -> Option<Value> {
    moment.map(|moment| time(world, moment))
}
