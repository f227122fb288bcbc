//! The pages of the family.

use crate::diagnose::catalogue::{Bearing, Effect, Entry, Missing, NOT_PLACED, Rank, TASKS_DIE};
use crate::diagnose::finding::Severity;

pub(super) const ALL: &[&Entry] = &[
    &INSUFFICIENT_CPU,
    &INSUFFICIENT_MEMORY,
    &PORT_CONFLICT,
    &ENI_LIMIT,
    &ATTRIBUTE_MISSING,
    &CONSTRAINT,
    &NO_INSTANCES,
    &LOCATION,
    &AGENT,
    &GPU,
    &FARGATE_CAPACITY,
    &VCPU_QUOTA,
    &TASK_QUOTA,
    &SIZE_LIMIT,
    &UNSUPPORTED_ZONE,
    &PROVISIONING_LIMIT,
    &THROTTLED,
    &BACKOFF,
    &REBALANCE,
    &SCALING_DISABLED,
    &IMPAIRED,
    &REGISTRATION_FAILED,
    &UPDATE_FAILED,
];

pub(super) const MISSING: &[Missing] = &[
    Missing {
        id: "capacity-provider-asg-maxed",
        number: 168,
        reason: "It is told by the API of EC2 Auto Scaling groups, which is not asked.",
    },
    Missing {
        id: "asg-launch-failing",
        number: 170,
        reason: "It is told by the API of EC2 Auto Scaling groups, which is not asked.",
    },
    Missing {
        id: "instance-not-registering",
        number: 171,
        reason: "It is told by the API of EC2 Auto Scaling groups, which is not asked.",
    },
    Missing {
        id: "instance-draining-stuck",
        number: 172,
        reason: "AWS does not tell since when a container instance drains.",
    },
];

pub(super) static INSUFFICIENT_CPU: Entry = Entry {
    id: "placement-insufficient-cpu",
    number: 150,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "No container instance has enough CPU left",
    meaning: "A task reserves its CPU units on one container instance, and no instance has that many free. If no \
              instance is that large at all, the task can never be placed, however empty the cluster gets.",
    decided: "An event of the present says the closest instance has insufficient CPU units, a task failed with \
              RESOURCE:CPU, or the CPU the revision asks for exceeds remainingResources of every active, connected \
              instance while tasks are missing.",
    fix: "Add instances or larger ones, or ask for less CPU in the task definition.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static INSUFFICIENT_MEMORY: Entry = Entry {
    id: "placement-insufficient-memory",
    number: 151,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "No container instance has enough memory left",
    meaning: "A task reserves its memory on one container instance, and no instance has that much free. If no instance \
              is that large at all, the task can never be placed.",
    decided: "An event of the present says the closest instance has insufficient memory, a task failed with \
              RESOURCE:MEMORY, or the memory the revision asks for exceeds remainingResources of every active, \
              connected instance while tasks are missing.",
    fix: "Add instances or larger ones, or ask for less memory in the task definition.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static PORT_CONFLICT: Entry = Entry {
    id: "placement-port-conflict",
    number: 152,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "The host port is taken on every container instance",
    meaning: "The task definition asks for a fixed host port, and on each instance another task has it. During a \
              deployment that is often the old task of the same service, which may not stop before the new one runs.",
    decided: "An event of the present says the closest instance is already using a port required by the task, or a task \
              failed with RESOURCE:PORTS.",
    fix: "Let the host port be chosen (hostPort 0) behind a load balancer, add an instance, or lower \
              minimumHealthyPercent below 100 so that an old task may stop first.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static ENI_LIMIT: Entry = Entry {
    id: "placement-eni-limit",
    number: 153,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "No container instance can take another network interface",
    meaning: "With network mode awsvpc each task needs a network interface of its own, and instances can carry only a \
              few.",
    decided: "An event or stop reason of the present says RESOURCE:ENI or that there are not enough ENI attachment \
              points.",
    fix: "aws ecs put-account-setting --name awsvpcTrunking --value enabled, then launch instances of a type that \
              supports it anew.",
    sources: &[
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html",
    ],
};

pub(super) static ATTRIBUTE_MISSING: Entry = Entry {
    id: "placement-attribute-missing",
    number: 154,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "No container instance has the attributes the task asks for",
    meaning: "What a task definition uses (log drivers, secrets, GPUs, a processor architecture) turns into attributes \
              an instance must have. No instance has all of them, often because the agent is old or the instance was \
              set up without a feature.",
    decided: "An event of the present says the closest instance is missing an attribute, or a task failed with \
              ATTRIBUTE. The missing names are requiresAttributes of the revision minus the attributes of the \
              instances.",
    fix: "Update the agent, enable the feature on the instances, or run the task where the attributes are.",
    sources: &[
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html",
    ],
};

pub(super) static CONSTRAINT: Entry = Entry {
    id: "placement-constraint-unsatisfied",
    number: 155,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "No container instance meets the placement constraints",
    meaning: "A constraint says where tasks may run, and no instance fits. With distinctInstance there can never be \
              more tasks than instances.",
    decided: "An event or stop reason of the present speaks of an unsatisfied constraint, or the service has \
              distinctInstance and wants more tasks than there are active instances.",
    fix: "Change the constraint or add instances that meet it.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"],
};

pub(super) static NO_INSTANCES: Entry = Entry {
    id: "placement-no-instances",
    number: 156,
    severity: Severity::Critical,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "There is no container instance to place tasks on",
    meaning: "The cluster or the capacity provider has no active container instance. A service made with launch type \
              EC2 does not use capacity providers, so nothing starts instances for it.",
    decided: "An event of the present says that no container instances were found, a task failed with NO ACTIVE \
              INSTANCES or EMPTY CAPACITY PROVIDER, or the cluster of a service with launch type EC2 lists none while \
              tasks are missing.",
    fix: "Start instances that join the cluster, or change the service to a capacity provider or Fargate.",
    sources: &[
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html",
    ],
};

pub(super) static LOCATION: Entry = Entry {
    id: "placement-location-mismatch",
    number: 157,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "No container instance stands in the zones of the service's subnets",
    meaning: "A task with its own network interface can only run in the availability zones of the service's subnets, \
              and no instance is there.",
    decided: "An event or stop reason of the present says LOCATION.",
    fix: "Add subnets in the zones of the instances, or instances in the zones of the subnets.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"],
};

pub(super) static AGENT: Entry = Entry {
    id: "placement-agent-disconnected",
    number: 158,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "The agents of the container instances are not connected",
    meaning: "ECS places tasks only where the agent answers. The agent died, or its way to the ECS endpoints is cut.",
    decided: "An event of the present says that the closest instance encountered the error AGENT, or every container \
              instance has agentConnected false while tasks are missing.",
    fix: "On the instance: sudo systemctl restart ecs. Then check the way to the endpoints ecs, ecs-agent and ecs- \
              telemetry, and the instance role.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static GPU: Entry = Entry {
    id: "placement-gpu",
    number: 159,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "No container instance has the GPUs the task asks for",
    meaning: "The task definition asks for GPUs, and no instance has as many free.",
    decided: "An event or stop reason of the present says RESOURCE:GPU.",
    fix: "Add instances with GPUs, or wait until tasks that use them end.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"],
};

pub(super) static FARGATE_CAPACITY: Entry = Entry {
    id: "fargate-capacity-unavailable",
    number: 160,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "Fargate has no capacity at the moment",
    meaning: "AWS has no room for the task in the zones of the service's subnets. With Fargate Spot that is normal from \
              time to time.",
    decided: "An event or stop reason of the present says that capacity is unavailable at this time.",
    fix: "Add subnets in other zones; with FARGATE_SPOT give FARGATE a base or weight; or wait.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static VCPU_QUOTA: Entry = Entry {
    id: "fargate-vcpu-quota",
    number: 161,
    severity: Severity::Critical,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "The quota of vCPUs on Fargate is used up",
    meaning: "The account may run only so many vCPUs on Fargate in this region, and they are in use.",
    decided: "An event or stop reason of the present says that the limit on the number of vCPUs has been reached.",
    fix: "Ask for a higher quota in Service Quotas, or stop what is not needed.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static TASK_QUOTA: Entry = Entry {
    id: "fargate-task-quota",
    number: 161,
    severity: Severity::Critical,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "The quota of tasks on Fargate is used up",
    meaning: "The account may run only so many tasks on Fargate in this region, and they are in use.",
    decided: "An event or stop reason of the present says that the limit on the number of tasks has been reached.",
    fix: "Ask for a higher quota in Service Quotas, or stop what is not needed.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static SIZE_LIMIT: Entry = Entry {
    id: "fargate-size-above-limit",
    number: 162,
    severity: Severity::Critical,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "The task is larger than the account may run on Fargate",
    meaning: "The CPU or memory the revision asks for is above a limit of the account.",
    decided: "An event or stop reason of the present says that the requested CPU or MEMORY configuration is above the \
              limit.",
    fix: "Ask for less, or ask AWS to raise the limit.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static UNSUPPORTED_ZONE: Entry = Entry {
    id: "fargate-unsupported-az",
    number: 163,
    severity: Severity::Critical,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "A subnet may be in a zone without Fargate",
    meaning: "Fargate is not offered in every availability zone. Placing a task in such a subnet fails with nothing but \
              an internal error.",
    decided: "An event of the present says that a task could not be placed with the reason Internal error, for a \
              service on Fargate.",
    fix: "Remove the subnet of that zone from the service; try the zones one by one to find it.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static PROVISIONING_LIMIT: Entry = Entry {
    id: "provisioning-limit-500",
    number: 164,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Unplaced),
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "The cluster provisions as many tasks at once as it may",
    meaning: "A cluster with capacity providers may have 500 tasks in PROVISIONING. Further tasks wait until capacity \
              comes.",
    decided: "An event of the present says that the tasks provisioning capacity limit was exceeded.",
    fix: "Find out why capacity does not come, or lower the desired counts.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static THROTTLED: Entry = Entry {
    id: "scheduler-throttled",
    number: 165,
    severity: Severity::Warning,
    rank: Rank::AwsText,
    effect: None,
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "ECS itself is throttled while it works on the service",
    meaning: "ECS calls other services to start tasks and register targets, and one of them asks it to slow down. \
              Everything takes longer.",
    decided: "An event of the present says that operations are being throttled.",
    fix: "Deploy fewer services at once; ask for a higher quota of the API the event names.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static BACKOFF: Entry = Entry {
    id: "start-throttled-backoff",
    number: 166,
    severity: Severity::Error,
    rank: Rank::Symptom,
    effect: Some(Effect::StartFailures),
    explains: &[],
    bearing: Bearing::Present,
    instead_of: &[],
    title: "ECS waits longer and longer before it tries again",
    meaning: "Tasks that fail before they run are tried again with growing pauses, up to 27 minutes, for ever. That \
              nothing seems to happen is the pause.",
    decided: "An event of the present says that the service is unable to consistently start tasks, and fewer tasks of \
              the primary deployment run than desired.",
    fix: "Remove the cause; then deploy a new revision or force a new deployment, which ends the pause.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html"],
};

pub(super) static REBALANCE: Entry = Entry {
    id: "az-rebalance-blocked",
    number: 167,
    severity: Severity::Warning,
    rank: Rank::AwsText,
    effect: None,
    explains: &[],
    bearing: Bearing::Present,
    instead_of: &[],
    title: "Tasks cannot be balanced over zones",
    meaning: "ECS wants to move tasks between availability zones and cannot place or stop one.",
    decided: "The newest event about balancing zones, in the present, says that a task could not be placed in a zone or \
              that ECS was unable to rebalance.",
    fix: "Read the reason: capacity in that zone, or tasks protected from scale-in.",
    sources: &[
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing-event-messages-list.html",
    ],
};

pub(super) static SCALING_DISABLED: Entry = Entry {
    id: "capacity-provider-scaling-disabled",
    number: 169,
    severity: Severity::Error,
    rank: Rank::Blocker,
    effect: None,
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "Nobody scales the capacity provider the tasks wait for",
    meaning: "Tasks wait in PROVISIONING for an instance. Managed scaling of their capacity provider is off, so ECS \
              does not start one.",
    decided: "A task of the service is PROVISIONING, and managedScaling.status of a capacity provider of its strategy \
              is DISABLED.",
    fix: "Enable managed scaling: aws ecs update-capacity-provider, or start instances yourself.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html"],
};

pub(super) static IMPAIRED: Entry = Entry {
    id: "instance-impaired",
    number: 173,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: None,
    explains: TASKS_DIE,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "AWS finds a container instance impaired",
    meaning: "A health check of the container instance itself fails: its container runtime, its accelerators, a daemon, \
              or its connection.",
    decided: "healthStatus.overallStatus of a container instance that runs tasks of the service is IMPAIRED.",
    fix: "Drain the instance and replace it.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-health.html"],
};

pub(super) static REGISTRATION_FAILED: Entry = Entry {
    id: "eni-trunk-registration-failed",
    number: 174,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: None,
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "A container instance could not be registered",
    meaning: "An instance that should take tasks failed to register, for instance because its trunk interface could not \
              be made.",
    decided: "A container instance has the status REGISTRATION_FAILED while tasks of the service are missing.",
    fix: "Read statusReason, then launch the instance anew.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html"],
};

pub(super) static UPDATE_FAILED: Entry = Entry {
    id: "capacity-provider-update-failed",
    number: 175,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: None,
    explains: NOT_PLACED,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "The last change to the capacity provider failed",
    meaning: "The capacity provider could not be changed as asked; it may not bring capacity until it is.",
    decided: "updateStatus of a capacity provider of the service's strategy ends with _FAILED while tasks are missing.",
    fix: "Read updateStatusReason, remove the cause and change it again.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html"],
};
