//! Clusters of the SDK in our words.

use aws_sdk_ecs::types;

use crate::aws::scalars::count;
use crate::model::arn::{ClusterArn, ClusterName};
use crate::model::cluster::{Cluster, ClusterDetails};
use crate::model::known::Known;

pub(super) fn cluster(arn: ClusterArn, details: Known<ClusterDetails>) -> Cluster {
    Cluster { name: ClusterName::from(&arn), arn, details }
}

pub(super) fn details(cluster: types::Cluster) -> ClusterDetails {
    ClusterDetails {
        status: cluster.status.unwrap_or_default(),
        active_services: count(cluster.active_services_count),
        running_tasks: count(cluster.running_tasks_count),
        pending_tasks: count(cluster.pending_tasks_count),
        container_instances: count(cluster.registered_container_instances_count),
    }
}
