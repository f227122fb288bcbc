//! Application Auto Scaling (API version 2016-02-06): DescribeScalableTargets and DescribeScalingActivities.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::protocol::{AwsError, BadToken, page};
use crate::sim::world::{ACCOUNT, REGION, ScalableTarget, ScalingActivity, World};

type Answered = Result<Value, AwsError>;

/// Entries in one answer, at most and where nothing is said.
const ENTRIES_A_CALL: usize = 50;
const DIMENSION: &str = "ecs:service:DesiredCount";

/// Performs an operation; absent if there is none of this name.
pub(crate) fn perform(operation: &str, parameters: &Value, world: &World) -> Result<Option<Value>, AwsError> {
    Ok(Some(match operation {
        "DescribeScalableTargets" => targets(&read(parameters)?, world)?,
        "DescribeScalingActivities" => activities(&read(parameters)?, world)?,
        _ => return Ok(None),
    }))
}

fn read<T: DeserializeOwned>(parameters: &Value) -> Result<T, AwsError> {
    T::deserialize(parameters).map_err(|error| AwsError::new("SerializationException", error.to_string()))
}

fn answered(key: &str, items: Vec<Value>, token: Option<&str>, size: Option<usize>) -> Answered {
    let size = size.unwrap_or(ENTRIES_A_CALL).clamp(1, ENTRIES_A_CALL);
    let (items, next) =
        page(items, token, size).map_err(|BadToken| AwsError::new("InvalidNextTokenException", "Invalid token."))?;
    let mut answer = json!({ key: items });
    if let (Some(next), Value::Object(fields)) = (next, &mut answer) {
        fields.insert("NextToken".to_owned(), Value::String(next));
    }
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Targets {
    service_namespace: String,
    #[serde(default)]
    resource_ids: Vec<String>,
    scalable_dimension: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

fn targets(request: &Targets, world: &World) -> Answered {
    let ours = request.service_namespace == "ecs"
        && request.scalable_dimension.as_deref().is_none_or(|dimension| dimension == DIMENSION);
    let wanted = |target: &&ScalableTarget| {
        ours && (request.resource_ids.is_empty() || request.resource_ids.contains(&target.resource_id()))
    };
    let written = |target: &ScalableTarget| {
        let [scaling_in, scaling_out, scheduled] = target.suspended;
        json!({
            "ServiceNamespace": "ecs",
            "ResourceId": target.resource_id(),
            "ScalableDimension": DIMENSION,
            "MinCapacity": target.minimum,
            "MaxCapacity": target.maximum,
            "RoleARN": format!(
                "arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/\
                 AWSServiceRoleForApplicationAutoScaling_ECSService"
            ),
            "CreationTime": world.told(target.registered_at).epoch_seconds(),
            "SuspendedState": {
                "DynamicScalingInSuspended": scaling_in,
                "DynamicScalingOutSuspended": scaling_out,
                "ScheduledScalingSuspended": scheduled,
            },
            "ScalableTargetARN": format!(
                "arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/0ec5{:036x}",
                target.service.len()
            ),
        })
    };
    let found = world.account.scalable_targets.iter().filter(wanted).map(written).collect();
    answered("ScalableTargets", found, request.next_token.as_deref(), request.max_results)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decisions {
    service_namespace: String,
    resource_id: Option<String>,
    scalable_dimension: Option<String>,
    #[serde(default)]
    include_not_scaled_activities: bool,
    next_token: Option<String>,
    max_results: Option<usize>,
}

fn activities(request: &Decisions, world: &World) -> Answered {
    if request.scalable_dimension.is_some() && request.resource_id.is_none() {
        let message = "If you specify a scalable dimension, you must also specify a resource ID.";
        return Err(AwsError::new("ValidationException", message));
    }
    let wanted = |target: &&ScalableTarget| {
        request.service_namespace == "ecs" && request.resource_id.as_ref().is_none_or(|id| *id == target.resource_id())
    };
    let told = |activity: &ScalingActivity| request.include_not_scaled_activities || activity.not_scaled.is_none();
    let mut found: Vec<(&ScalableTarget, ScalingActivity)> = Vec::new();
    for target in world.account.scalable_targets.iter().filter(wanted) {
        found.extend(world.scaling_activities(target).into_iter().filter(told).map(|activity| (target, activity)));
    }
    found.sort_by_key(|(_, activity)| std::cmp::Reverse(activity.at));
    let items = found.iter().map(|(target, activity)| written(target, activity, world)).collect();
    answered("ScalingActivities", items, request.next_token.as_deref(), request.max_results)
}

fn written(target: &ScalableTarget, activity: &ScalingActivity, world: &World) -> Value {
    let started = world.told(activity.at).epoch_seconds();
    let mut value = json!({
        "ActivityId": activity.id,
        "ServiceNamespace": "ecs",
        "ResourceId": target.resource_id(),
        "ScalableDimension": DIMENSION,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": started,
        "StatusCode": activity.status,
    });
    if let Value::Object(fields) = &mut value {
        if let Some(message) = &activity.message {
            fields.insert("StatusMessage".to_owned(), json!(message));
        }
        if activity.status == "Successful" {
            fields.insert("EndTime".to_owned(), json!(started + 33.0));
        }
        if let Some(reason) = &activity.not_scaled {
            let bounds =
                [("MaxCapacity", reason.maximum), ("MinCapacity", reason.minimum), ("CurrentCapacity", reason.current)];
            let mut not_scaled = json!({ "Code": reason.code });
            if let Value::Object(fields) = &mut not_scaled {
                fields.extend(bounds.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?)))));
            }
            fields.insert("NotScaledReasons".to_owned(), json!([not_scaled]));
        }
    }
    value
}
