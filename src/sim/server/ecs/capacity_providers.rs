//! DescribeCapacityProviders.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answered, Object, paged, with_token};
use crate::sim::world::{ACCOUNT, CapacityProvider, REGION, World};

/// Those every account has.
const OF_FARGATE: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Describe {
    #[serde(default)]
    capacity_providers: Vec<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

pub(super) fn describe(request: &Describe, world: &World) -> Answered {
    let fargate = OF_FARGATE.iter().map(|name| ((*name).to_owned(), of_fargate(name)));
    let own = world.account.capacity_providers.iter().map(|provider| (provider.name.clone(), written(provider)));
    let all: Vec<(String, Value)> = fargate.chain(own).collect();
    let names = &request.capacity_providers;
    let is = |name: &str, wanted: &str| name == wanted || arn(name) == wanted;
    let failures: Vec<Value> = names
        .iter()
        .filter(|wanted| !all.iter().any(|(name, _)| is(name, wanted)))
        .map(|wanted| json!({ "arn": if wanted.starts_with("arn:") { wanted.clone() } else { arn(wanted) }, "reason": "MISSING" }))
        .collect();
    let found: Vec<Value> = all
        .into_iter()
        .filter(|(name, _)| names.is_empty() || names.iter().any(|wanted| is(name, wanted)))
        .map(|(_, value)| value)
        .collect();
    let (found, next) = paged(found, request.next_token.as_deref(), request.max_results, 10)?;
    Ok(with_token(json!({ "capacityProviders": found, "failures": failures }), next))
}

fn arn(name: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:capacity-provider/{name}")
}

fn of_fargate(name: &str) -> Value {
    json!({ "capacityProviderArn": arn(name), "name": name, "status": "ACTIVE", "tags": [], "type": name })
}

fn written(provider: &CapacityProvider) -> Value {
    let name = &provider.name;
    let group = format!(
        "arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:0ec50ec5-0000-4000-a000-00000000{:04x}:autoScalingGroupName/{name}",
        name.len()
    );
    let mut object = Object::of(json!({
        "capacityProviderArn": arn(name),
        "name": name,
        "status": provider.status,
        "autoScalingGroupProvider": {
            "autoScalingGroupArn": group,
            "managedScaling": {
                "status": if provider.managed_scaling { "ENABLED" } else { "DISABLED" },
                "targetCapacity": 100,
                "minimumScalingStepSize": 1,
                "maximumScalingStepSize": 10_000,
                "instanceWarmupPeriod": 300,
            },
            "managedTerminationProtection": "DISABLED",
            "managedDraining": "ENABLED",
        },
        "tags": [],
        "type": "EC2_AUTOSCALING",
    }));
    object.put_some("updateStatus", provider.update_status.as_deref());
    object.put_some("updateStatusReason", provider.update_reason.as_deref());
    object.value()
}
