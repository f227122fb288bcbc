//! Clusters of the SDK in our words.

use aws_sdk_ecs::types;

use crate::aws::scalars::count;
use crate::model::arn::{ClusterArn, ClusterName};
use crate::model::cluster::Cluster;

pub(super) fn cluster(cluster: types::Cluster) -> Cluster {
    let arn = ClusterArn::new(cluster.cluster_arn.unwrap_or_default());
    Cluster {
        name: cluster.cluster_name.as_deref().map_or_else(|| ClusterName::from(&arn), ClusterName::new),
        arn,
        status: cluster.status.unwrap_or_default(),
        active_services: count(cluster.active_services_count),
        running_tasks: count(cluster.running_tasks_count),
        pending_tasks: count(cluster.pending_tasks_count),
        container_instances: count(cluster.registered_container_instances_count),
    }
}
