//! Typed Amazon Resource Names. Each kind of resource has its own type, so a task can never be asked for by the name of a
//! service; the text inside is exactly what AWS returned. A name is in many queries, so copies share one text.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! arns {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a resource name as AWS returned it.
            pub fn new(arn: impl Into<Arc<str>>) -> Self {
                Self(arn.into())
            }

            /// The whole resource name.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The part after the last `/`: what people call the resource.
            pub fn name(&self) -> &str {
                last_segment(&self.0)
            }

            /// The account id in the resource name, if it has one.
            pub fn account(&self) -> Option<&str> {
                self.0.split(':').nth(4).filter(|account| !account.is_empty())
            }
        }

        impl From<&str> for $name {
            fn from(arn: &str) -> Self {
                Self(arn.into())
            }
        }
    )*};
}

arns! {
    /// `arn:aws:ecs:REGION:ACCOUNT:cluster/NAME`
    ClusterArn;
    /// `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME`, or the old form without the cluster.
    ServiceArn;
    /// `arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID`
    TaskArn;
    /// `arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:REVISION`
    TaskDefinitionArn;
    /// `arn:aws:ecs:REGION:ACCOUNT:container-instance/CLUSTER/ID`
    ContainerInstanceArn;
    /// `arn:aws:ecs:REGION:ACCOUNT:service-deployment/CLUSTER/SERVICE/ID`
    ServiceDeploymentArn;
    /// `arn:aws:ecs:REGION:ACCOUNT:service-revision/CLUSTER/SERVICE/ID`
    ServiceRevisionArn;
    /// `arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID`
    TargetGroupArn;
    /// `arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID` (or `net`).
    LoadBalancerArn;
    /// `arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/app/NAME/LB/ID`
    ListenerArn;
    /// `arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener-rule/app/NAME/LB/LISTENER/ID`
    ListenerRuleArn;
}

impl TaskArn {
    /// The first eight characters of the task id, as people quote it.
    pub fn short_id(&self) -> &str {
        let id = self.name();
        id.char_indices().nth(8).and_then(|(end, _)| id.get(..end)).unwrap_or(id)
    }
}

impl TaskDefinitionArn {
    /// The revision number after the family, if there is one.
    pub fn revision(&self) -> Option<u32> {
        self.0.rsplit_once(':').and_then(|(_, revision)| revision.parse().ok())
    }

    /// The family without the revision.
    pub fn family(&self) -> &str {
        let name = self.name();
        name.split_once(':').map_or(name, |(family, _)| family)
    }
}

impl TargetGroupArn {
    /// The target group's name; the last segment of its resource name is only a hash.
    pub fn group_name(&self) -> &str {
        self.0.rsplit('/').nth(1).unwrap_or(&self.0)
    }
}

impl LoadBalancerArn {
    /// The load balancer's name; the last segment of its resource name is only a hash.
    pub fn balancer_name(&self) -> &str {
        self.0.rsplit('/').nth(1).unwrap_or(&self.0)
    }
}

/// A cluster's short name, which is unique in an account and region and is what every ECS call accepts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClusterName(Arc<str>);

impl ClusterName {
    /// Takes a name or a resource name; keeps the name.
    pub fn new(name_or_arn: &str) -> Self {
        Self(last_segment(name_or_arn).into())
    }

    /// The short name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&ClusterArn> for ClusterName {
    fn from(arn: &ClusterArn) -> Self {
        Self::new(arn.as_str())
    }
}

fn last_segment(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_part_people_use() {
        let service = ServiceArn::from("arn:aws:ecs:eu-west-1:111122223333:service/shop-prod/messenger-web");
        assert_eq!(service.name(), "messenger-web");
        assert_eq!(service.account(), Some("111122223333"));
        let old = ServiceArn::from("arn:aws:ecs:eu-west-1:111122223333:service/legacy");
        assert_eq!(old.name(), "legacy");
        let group =
            TargetGroupArn::from("arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-tg/0123456789abcdef");
        assert_eq!(group.group_name(), "web-tg");
        let balancer = LoadBalancerArn::from("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/edge/50dc");
        assert_eq!(balancer.balancer_name(), "edge");
    }

    #[test]
    fn task_definitions_split_into_family_and_revision() {
        let arn = TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:1:task-definition/web:31");
        assert_eq!((arn.family(), arn.revision(), arn.name()), ("web", Some(31), "web:31"));
    }

    #[test]
    fn short_ids_survive_short_and_wide_text() {
        assert_eq!(TaskArn::from("arn:aws:ecs:r:1:task/c/0123456789abcdef").short_id(), "01234567");
        assert_eq!(TaskArn::from("ab").short_id(), "ab");
        assert_eq!(TaskArn::from("éééééééééé").short_id(), "éééééééé");
    }

    #[test]
    fn clusters_are_known_by_their_short_name() {
        assert_eq!(ClusterName::new("arn:aws:ecs:eu-west-1:1:cluster/shop").as_str(), "shop");
        assert_eq!(ClusterName::new("shop").as_str(), "shop");
    }
}
