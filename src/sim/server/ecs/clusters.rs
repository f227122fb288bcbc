//! ListClusters and DescribeClusters.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answered, arns, bounded, found_and_missing};
use crate::sim::world::{ACCOUNT, Cluster, REGION, Service, World};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    next_token: Option<String>,
    max_results: Option<i64>,
}

pub(super) fn list(request: &List, world: &World) -> Answered {
    let all = world.clusters.iter().map(|cluster| cluster.arn.clone()).collect();
    arns("clusterArns", all, request.next_token.as_deref(), request.max_results, 100)
}

#[derive(Deserialize)]
pub(super) struct Describe {
    clusters: Option<Vec<String>>,
}

pub(super) fn describe(request: &Describe, world: &World) -> Answered {
    let default = vec!["default".to_owned()];
    let names = request.clusters.as_ref().filter(|names| !names.is_empty()).unwrap_or(&default);
    bounded(names, "Clusters", 100)?;
    Ok(found_and_missing(
        "clusters",
        names.iter().map(|name| {
            world.cluster(name).map(written).ok_or_else(|| {
                if name.starts_with("arn:") {
                    name.clone()
                } else {
                    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}")
                }
            })
        }),
    ))
}

fn written(cluster: &Cluster) -> Value {
    let running: usize = cluster.services.iter().map(Service::running).sum();
    let pending: usize = cluster.services.iter().map(Service::pending).sum();
    json!({
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": cluster.instances.len(),
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "activeServicesCount": cluster.services.len(),
        "statistics": [],
        "tags": [],
        "settings": [],
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [],
    })
}
