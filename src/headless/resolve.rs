//! From what people type to what there is: clusters and services by name, and the names that are near when there is none.

use super::console::Console;
use super::failure::Failure;
use crate::aws::{Aws, Priority};
use crate::model::arn::{ClusterName, ServiceArn};
use crate::model::call::{CallError, ErrorKind};
use crate::model::near::near;
use crate::model::service::Service;
use crate::model::text::visible;

/// The cluster that was asked for, or the only one there is. Whether a cluster that was asked for exists shows at the first
/// call that uses it; [`cluster_failure`] then says what is wrong.
pub(super) async fn cluster(
    aws: &Aws,
    wanted: Option<&str>,
    console: &mut Console<'_>,
) -> Result<ClusterName, Failure> {
    if let Some(wanted) = wanted {
        return Ok(ClusterName::new(wanted));
    }
    let mut clusters = aws.clusters(Priority::Interactive).await?;
    match clusters.pop() {
        Some(only) if clusters.is_empty() => {
            console.note(&format!("using cluster {}, the only one", visible(only.name.as_str())));
            Ok(only.name)
        }
        last => {
            let names = clusters.into_iter().chain(last).map(|cluster| cluster.name.as_str().to_owned()).collect();
            Err(Failure::ClusterNeeded { clusters: names })
        }
    }
}

/// Every service of the cluster, described.
pub(super) async fn services(aws: &Aws, cluster: &ClusterName) -> Result<Vec<Service>, Failure> {
    let arns = service_arns(aws, cluster).await?;
    Ok(aws.services(cluster, &arns, Priority::Interactive).await?)
}

/// One service by its name or resource name.
pub(super) async fn service(aws: &Aws, cluster: &ClusterName, name: &str) -> Result<Service, Failure> {
    let wanted = [ServiceArn::new(name)];
    let failure = match aws.services(cluster, &wanted, Priority::Interactive).await {
        Ok(found) => match found.into_iter().next() {
            Some(service) => return Ok(service),
            None => None,
        },
        Err(error) if may_be_a_wrong_name(&error) => Some(error),
        Err(error) => return Err(error.into()),
    };
    // AWS did not know the name; the list tells whether the cluster is wrong too and which names are near.
    let arns = match (service_arns(aws, cluster).await, failure) {
        (Ok(arns), _) => arns,
        (Err(unknown @ Failure::Unknown { .. }), _) | (Err(unknown), None) => return Err(unknown),
        (Err(_), Some(error)) => return Err(error.into()),
    };
    Err(Failure::Unknown {
        what: "service",
        name: name.to_owned(),
        place: format!("cluster {}", cluster.as_str()),
        near: owned(near(name, arns.iter().map(ServiceArn::name))),
    })
}

async fn service_arns(aws: &Aws, cluster: &ClusterName) -> Result<Vec<ServiceArn>, Failure> {
    match aws.service_arns(cluster, Priority::Interactive).await {
        Ok(arns) => Ok(arns),
        Err(error) => Err(cluster_failure(aws, cluster, error).await),
    }
}

/// What a failed call says when the name of the cluster may be the reason.
pub(super) async fn cluster_failure(aws: &Aws, cluster: &ClusterName, error: CallError) -> Failure {
    if !may_be_a_wrong_name(&error) {
        return error.into();
    }
    // Without permission to list clusters there is nothing to suggest, but the name is as wrong as before.
    let clusters = aws.clusters(Priority::Interactive).await.unwrap_or_default();
    if clusters.iter().any(|known| known.name == *cluster) {
        return error.into();
    }
    Failure::Unknown {
        what: "cluster",
        name: cluster.as_str().to_owned(),
        place: aws.region().unwrap_or("this region").to_owned(),
        near: owned(near(cluster.as_str(), clusters.iter().map(|known| known.name.as_str()))),
    }
}

/// AWS answers "not found" to names it does not know and "invalid" to what cannot be a name.
const fn may_be_a_wrong_name(error: &CallError) -> bool {
    matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid)
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}
