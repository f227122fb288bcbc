//! Pages about how service, target group and load balancer are put together.

use super::{ALB_CHECKS, CHECK, ECS_BALANCERS, ECS_EVENTS, REGISTER_TARGETS, UPDATE_SERVICE};
use crate::diagnose::catalogue::{Bearing, Effect, Entry, Rank};
use crate::diagnose::finding::Severity;

const BLOCKER: Entry = Entry { severity: Severity::Critical, rank: Rank::Blocker, ..CHECK };

/// Tasks in a zone without load balancer.
pub(in super::super) static ZONE_NOT_ENABLED: Entry = Entry {
    id: "target-az-not-enabled",
    number: 22,
    instead_of: &["service-subnets-outside-lb-azs"],
    title: "Tasks run in a zone the load balancer is not enabled for",
    meaning: "A load balancer only uses targets in its enabled zones. ECS takes the unused target for a failed health check and kills the task, so a share of all placements dies, which looks like flaky deployments.",
    decided: "TargetHealth.Description says that the target is in an Availability Zone that is not enabled, or the target is unused and its task's zone is not among AvailabilityZones of the load balancer.",
    fix: "Enable the zone (aws elbv2 set-subnets --load-balancer-arn ARN --subnets SUBNET ...) or take the subnet out of the service's network configuration.",
    sources: &[ALB_CHECKS, ECS_BALANCERS],
    ..BLOCKER
};

/// Subnets of the service outside the load balancer's zones.
pub(in super::super) static SUBNETS_OUTSIDE: Entry = Entry {
    id: "service-subnets-outside-lb-azs",
    number: 23,
    severity: Severity::Warning,
    bearing: Bearing::Hygiene,
    explains: &[],
    title: "The service may place tasks where the load balancer is not enabled",
    meaning: "Some subnets of the service lie in zones the load balancer is not enabled for. A task placed there gets no traffic and is killed as unhealthy. Nothing is wrong until one is.",
    decided: "The zones of the subnets in networkConfiguration are not all among AvailabilityZones of the load balancer.",
    fix: "Enable the zone on the load balancer, or take the subnet out of the service.",
    sources: &[ECS_BALANCERS],
    ..BLOCKER
};

/// No listener leads here.
pub(in super::super) static NOT_ATTACHED: Entry = Entry {
    id: "tg-not-attached-to-listener",
    number: 24,
    title: "No listener forwards to the target group",
    meaning: "A target group that no listener or rule of a load balancer forwards to is not health-checked. ECS never sees a healthy target, so a deployment never completes, and no request arrives.",
    decided: "Targets of the service have the reason Target.NotInUse with \"not configured to receive traffic\", or LoadBalancerArns of the target group is empty. The idle group of a blue/green pair is not meant: with deployments other than rolling ones, another group of the service in use excludes it.",
    fix: "aws elbv2 create-rule --listener-arn ARN --priority 10 --conditions Field=path-pattern,Values='/*' --actions Type=forward,TargetGroupArn=ARN",
    sources: &[ALB_CHECKS],
    ..BLOCKER
};

/// The group is gone.
pub(in super::super) static MISSING: Entry = Entry {
    id: "tg-missing",
    number: 25,
    instead_of: &["target-not-found-in-tg"],
    title: "The target group of the service does not exist",
    meaning: "The target group was deleted under the service. ECS can register no task, and tasks never become healthy.",
    decided: "DescribeTargetGroups or DescribeTargetHealth answers TargetGroupNotFound, or an event of the present says TARGET GROUP IS NOT FOUND and the group could not be read.",
    fix: "Point the service at another target group: aws ecs update-service --cluster CLUSTER --service SERVICE --load-balancers targetGroupArn=NEW,containerName=NAME,containerPort=PORT",
    sources: &[ECS_EVENTS, UPDATE_SERVICE],
    ..BLOCKER
};

/// A running task has no target.
pub(in super::super) static NOT_FOUND: Entry = Entry {
    id: "target-not-found-in-tg",
    number: 26,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::UnhealthyTargets),
    title: "A running task is not registered in the target group",
    meaning: "ECS registered the task, and somebody or something has deregistered it since: by hand, by other automation, or through a target group two services share.",
    decided: "A task of the primary deployment that has run for more than two minutes has no target with its address (or instance and host port), or an event of the present says TARGET IS NOT FOUND.",
    fix: "Stop the task and let ECS replace it; look for DeregisterTargets in CloudTrail.",
    sources: &[ECS_EVENTS],
    ..BLOCKER
};

/// Registration fails.
pub(in super::super) static REGISTER_FAILED: Entry = Entry {
    id: "target-register-failed",
    number: 27,
    rank: Rank::AwsText,
    instead_of: &["target-not-found-in-tg"],
    title: "ECS cannot register targets in the target group",
    meaning: "The call RegisterTargets fails, so tasks get neither checks nor traffic. AWS's error says why: the target group is in another VPC or of the wrong type, a permission is missing, or there are too many targets.",
    decided: "An event of the present says \"failed to register targets\", and the service has not recovered.",
    fix: "By AWS's error: a target group in the VPC of the tasks, target type ip for tasks with network mode awsvpc, permissions of the service-linked role, or a higher quota.",
    sources: &[REGISTER_TARGETS, ECS_EVENTS],
    ..BLOCKER
};

/// Target type and network mode disagree.
pub(in super::super) static TYPE_VS_MODE: Entry = Entry {
    id: "tg-type-vs-network-mode",
    number: 28,
    instead_of: &["target-not-found-in-tg"],
    title: "The target group's type does not fit the network mode of the tasks",
    meaning: "Tasks with network mode awsvpc have addresses of their own and need a target group of type ip; tasks in bridge or host mode are reached through their instance and need type instance.",
    decided: "networkMode is awsvpc and TargetType is instance, or networkMode is bridge or host and TargetType is ip.",
    fix: "The type of a target group cannot be changed: create one of the right type, and move listener and service to it.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html"],
    ..BLOCKER
};

/// The binding names what the revision has not.
pub(in super::super) static BINDING: Entry = Entry {
    id: "lb-container-port-not-in-taskdef",
    number: 29,
    title: "The service registers a container or port the task definition does not have",
    meaning: "The service's load balancer settings name a container and a port. The task definition it is heading for has no such container, or the container does not map that port.",
    decided: "loadBalancers[].containerName or containerPort of the service is not in containerDefinitions[].portMappings of the task definition of the primary deployment.",
    fix: "Keep the names, or change loadBalancers of the service together with the task definition.",
    sources: &[ECS_BALANCERS],
    ..BLOCKER
};

/// The load balancer itself.
pub(in super::super) static BALANCER_STATE: Entry = Entry {
    id: "lb-state-not-active",
    number: 46,
    title: "The load balancer is not active",
    meaning: "A load balancer that is being provisioned, impaired or failed does not serve as it should, whatever its targets do.",
    decided: "State.Code of the load balancer is failed, active_impaired or provisioning.",
    fix: "Provisioning takes minutes. For the other states see the AWS Health dashboard and the subnets of the load balancer, which need free addresses.",
    sources: &["https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerState.html"],
    ..BLOCKER
};
