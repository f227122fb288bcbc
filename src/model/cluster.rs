//! Clusters, and who we are when we look at them.

use serde::{Deserialize, Serialize};

use super::arn::{ClusterArn, ClusterName};
use super::known::Known;

/// A cluster. That it exists is told by ListClusters, the rest by DescribeClusters, which may be denied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its resource name.
    pub arn: ClusterArn,
    /// Its short name.
    pub name: ClusterName,
    /// What ECS says about it, if it could be asked.
    pub details: Known<ClusterDetails>,
}

/// State of a cluster with the counts ECS keeps for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterDetails {
    /// `ACTIVE`, `PROVISIONING`, `INACTIVE` … as AWS spells it.
    pub status: String,
    /// Services in state ACTIVE.
    pub active_services: u32,
    /// Tasks running, of services and others.
    pub running_tasks: u32,
    /// Tasks on their way to running.
    pub pending_tasks: u32,
    /// EC2 and external hosts registered.
    pub container_instances: u32,
}

/// Who AWS says we are (STS GetCallerIdentity, which needs no permission).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerIdentity {
    /// The account id.
    pub account: String,
    /// The user or the assumed role.
    pub arn: String,
}
