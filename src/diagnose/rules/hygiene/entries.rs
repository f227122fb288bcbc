//! The pages of the family.

use crate::diagnose::catalogue::{Bearing, Effect, Entry, Missing, Rank, STARTS_FAIL, TASKS_DIE};
use crate::diagnose::finding::Severity;

pub(super) const ALL: &[&Entry] = &[
    &SERVICE_LINKED_ROLE,
    &IAM_MISCONFIGURED,
    &CONNECT_PROXY,
    &CONNECT_PORT_NAME,
    &NAMESPACE_MISSING,
    &EXEC_NOT_ENABLED,
    &EXEC_AGENT,
    &PLAINTEXT_SECRET,
    &NO_LOGS,
    &LATEST_TAG,
    &NO_HEALTH_CHECK,
    &SINGLE_TASK,
    &OLD_PLATFORM,
    &NEAR_LIMIT,
    &GUARDDUTY,
    &EXPRESS,
    &DAEMON,
];

pub(super) const MISSING: &[Missing] = &[
    Missing {
        id: "service-discovery-unhealthy",
        number: 222,
        reason: "The health of Cloud Map instances is told by EventBridge and the Cloud Map API, which are not asked.",
    },
    Missing {
        id: "taskdef-quota-or-size",
        number: 234,
        reason: "It shows only as the error of a registration, which this program does not make.",
    },
    Missing {
        id: "lattice-target-unhealthy",
        number: 237,
        reason: "The health of VPC Lattice targets is told by EventBridge and the VPC Lattice API, which are not asked.",
    },
];

pub(super) static SERVICE_LINKED_ROLE: Entry = Entry {
    id: "service-linked-role-missing",
    number: 220,
    severity: Severity::Critical,
    rank: Rank::AwsText,
    effect: None,
    explains: STARTS_FAIL,
    bearing: Bearing::Present,
    instead_of: &["service-iam-misconfigured"],
    title: "ECS cannot use its service-linked role",
    meaning: "ECS registers targets and makes network interfaces with the role AWSServiceRoleForECS. Without it no task can be \
              put to work.",
    decided: "An event of the present says that the service-linked role is missing or cannot be assumed. The role itself is not \
              read, since that needs IAM.",
    fix: "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html"],
};

pub(super) static IAM_MISCONFIGURED: Entry = Entry {
    id: "service-iam-misconfigured",
    number: 221,
    severity: Severity::Critical,
    rank: Rank::AwsText,
    effect: None,
    explains: STARTS_FAIL,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "A role ECS works with was changed and no longer serves",
    meaning: "ECS says that permissions or trust of a role it uses for the service are not right any more. It cannot register \
              targets or start tasks until they are.",
    decided: "An event since the primary deployment began says that IAM permissions or a trust relationship were misconfigured \
              or changed.",
    fix: "Restore the policies of the service's role, or remove the role from the service so that the service-linked role is \
          used.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"],
};

pub(super) static CONNECT_PROXY: Entry = Entry {
    id: "service-connect-proxy-failing",
    number: 223,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: Some(Effect::Deaths),
    explains: TASKS_DIE,
    bearing: Bearing::Present,
    instead_of: &["app-crash-exit-nonzero", "container-healthcheck-failing"],
    title: "The Service Connect proxy fails",
    meaning: "ECS runs a proxy beside the containers of a service with Service Connect. It exits or is unhealthy, and the tasks \
              go with it. Usual causes: no way to the ECS agent endpoint, a deleted namespace, a port name that the task \
              definition does not have, TLS settings.",
    decided: "A container whose name begins with ecs-service-connect- exited in a dead task of the primary deployment, is named \
              by its stop reason, or is unhealthy in a running one.",
    fix: "Check the way from the task's subnets to the ecs-agent endpoint, the namespace, and the port names; the proxy's log \
          tells which.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect.html"],
};

pub(super) static CONNECT_PORT_NAME: Entry = Entry {
    id: "service-connect-portname-missing",
    number: 224,
    severity: Severity::Critical,
    rank: Rank::Blocker,
    effect: None,
    explains: STARTS_FAIL,
    bearing: Bearing::Present,
    instead_of: &["service-connect-proxy-failing"],
    title: "Service Connect offers a port name the task definition does not have",
    meaning: "A Service Connect service refers to a port mapping by its name, and no port mapping of the revision has that name, \
              so tasks of the deployment cannot be set up.",
    decided: "serviceConnectConfiguration.services[].portName of the primary deployment is not among portMappings[].name of its \
              task definition.",
    fix: "Name the port mapping in the task definition, or correct portName in the service.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectService.html"],
};

pub(super) static NAMESPACE_MISSING: Entry = Entry {
    id: "namespace-missing",
    number: 225,
    severity: Severity::Critical,
    rank: Rank::AwsText,
    effect: None,
    explains: STARTS_FAIL,
    bearing: Bearing::Present,
    instead_of: &["service-connect-proxy-failing"],
    title: "The Cloud Map namespace does not exist",
    meaning: "The service registers in a Cloud Map namespace that was deleted or never made in this region.",
    decided: "An event or stop reason of the present says NamespaceNotFoundException.",
    fix: "Create the namespace again or change the service to one that exists.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html"],
};

pub(super) static EXEC_NOT_ENABLED: Entry = Entry {
    id: "exec-not-enabled",
    number: 226,
    severity: Severity::Info,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "ECS Exec is on for the service and off in its tasks",
    meaning: "ECS Exec was switched on after these tasks had started. Only tasks started since then can be entered.",
    decided: "enableExecuteCommand of the service is true and of a running task false.",
    fix: "Start new tasks: aws ecs update-service --force-new-deployment.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-troubleshooting.html"],
};

pub(super) static EXEC_AGENT: Entry = Entry {
    id: "exec-agent-not-running",
    number: 226,
    severity: Severity::Info,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "The agent of ECS Exec does not run",
    meaning: "ECS Exec is on, but the agent it needs in the container is not running, so a shell cannot be opened. Usual causes: \
              the task role lacks ssmmessages permissions, there is no way to the ssmmessages endpoint, or the root file system \
              is read-only.",
    decided: "A managed agent ExecuteCommandAgent of a running task with ECS Exec has another lastStatus than RUNNING.",
    fix: "Grant the task role ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel and OpenDataChannel, and \
          check the way to the endpoint; then start new tasks.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-troubleshooting.html"],
};

pub(super) static PLAINTEXT_SECRET: Entry = Entry {
    id: "plaintext-secret-in-env",
    number: 227,
    severity: Severity::Warning,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "An environment variable holds what looks like a secret",
    meaning: "Values of environment variables stand in the task definition in the clear. Everybody who may describe task \
              definitions reads them, and they appear in audit logs.",
    decided: "The name of a variable with a literal value contains passw, secret, token, api key, private key, credential or \
              connection string. Its value is neither read nor shown.",
    fix: "Move it to Secrets Manager or Parameter Store and refer to it in secrets[].valueFrom; then change the secret, since it \
          has been seen.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html"],
};

pub(super) static NO_LOGS: Entry = Entry {
    id: "no-log-configuration",
    number: 228,
    severity: Severity::Warning,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "A container's output goes nowhere",
    meaning: "An essential container has no log configuration. When it fails there is nothing to read, for people and for this \
              program.",
    decided: "An essential container of the revision has no logConfiguration.",
    fix: "Add logConfiguration with the driver awslogs to the task definition.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"],
};

pub(super) static LATEST_TAG: Entry = Entry {
    id: "image-latest-tag",
    number: 229,
    severity: Severity::Info,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "An image has the tag latest, or none",
    meaning: "What latest means changes with every push. Two revisions cannot be told apart, and a rollback may bring the new \
              image back.",
    decided: "The image of a container has no digest, and its tag is latest or missing.",
    fix: "Give images tags that never move, such as the commit.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/bestpracticesguide/container-considerations.html"],
};

pub(super) static NO_HEALTH_CHECK: Entry = Entry {
    id: "no-container-or-lb-healthcheck",
    number: 230,
    severity: Severity::Info,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "Nothing checks whether the application works",
    meaning: "Without load balancer and without a container health check ECS counts a task as healthy 40 seconds after it runs. \
              A broken release completes.",
    decided: "The service has no load balancer, and no essential container has a healthCheck.",
    fix: "Add a healthCheck to the container definition.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html"],
};

pub(super) static SINGLE_TASK: Entry = Entry {
    id: "single-task-no-ha",
    number: 231,
    severity: Severity::Info,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "One task, or one zone, carries the whole service",
    meaning: "When that task or zone is lost, the service is down until a new task runs.",
    decided: "The desired count is 1, or all running tasks of two or more stand in one availability zone although the service's \
              subnets span several.",
    fix: "Run at least two tasks in two zones.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html"],
};

pub(super) static OLD_PLATFORM: Entry = Entry {
    id: "platform-version-old",
    number: 232,
    severity: Severity::Info,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "Tasks run on an old Fargate platform version",
    meaning: "Before platform version 1.4.0 tasks need other endpoints and fail with other texts, and some features are missing.",
    decided: "platformVersion of a running Fargate task is below 1.4.0.",
    fix: "aws ecs update-service --platform-version LATEST --force-new-deployment",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-linux-fargate.html"],
};

pub(super) static NEAR_LIMIT: Entry = Entry {
    id: "cpu-memory-near-limit",
    number: 233,
    severity: Severity::Warning,
    rank: Rank::Application,
    effect: None,
    explains: &[],
    bearing: Bearing::Present,
    instead_of: &[],
    title: "CPU or memory is near its limit",
    meaning: "Tasks use almost all of the CPU or memory they reserve. Without memory they are killed, without CPU they answer \
              late, health checks included.",
    decided: "The 95th percentile over the last 15 minutes (at least 10 figures) of average CPU or memory is 90 % or more.",
    fix: "Run more tasks, or give each more: a revision with a larger cpu or memory.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-metrics.html"],
};

pub(super) static GUARDDUTY: Entry = Entry {
    id: "guardduty-sidecar-failing",
    number: 235,
    severity: Severity::Warning,
    rank: Rank::AwsText,
    effect: None,
    explains: &[],
    bearing: Bearing::Present,
    instead_of: &[],
    title: "The container GuardDuty adds cannot start",
    meaning: "GuardDuty Runtime Monitoring adds a container to Fargate tasks. Its image cannot be pulled, mostly for want of a way \
              to the registry or S3, or of permission of the execution role. It is not essential; runtime monitoring is blind.",
    decided: "A container whose name begins with aws-guardduty-agent has a reason that speaks of a failed pull.",
    fix: "Let the execution role pull the image and the subnets reach ECR and S3.",
    sources: &["https://docs.aws.amazon.com/guardduty/latest/ug/prereq-runtime-monitoring-ecs-support.html"],
};

pub(super) static EXPRESS: Entry = Entry {
    id: "express-gateway-managed",
    number: 238,
    severity: Severity::Info,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "ECS looks after load balancer and scaling of this service itself",
    meaning: "It is an Express service. Changes made by hand to its load balancer or target groups are undone or conflict with \
              what ECS does.",
    decided: "resourceManagementType of the service is ECS.",
    fix: "Change it with UpdateExpressGatewayService.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html"],
};

pub(super) static DAEMON: Entry = Entry {
    id: "daemon-max-percent",
    number: 239,
    severity: Severity::Info,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "A daemon runs one task on each container instance",
    meaning: "The desired count of a daemon is the number of instances that meet its constraints. A shortfall means an instance \
              without room for it or without what it asks for.",
    decided: "schedulingStrategy is DAEMON and fewer tasks run than desired.",
    fix: "Look for the container instance without the task and what it lacks.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_scheduler.html"],
};
