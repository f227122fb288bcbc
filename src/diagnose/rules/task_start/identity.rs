//! Roles the agent acts as before containers run, and what it reaches or not on the way.

use super::attempts::{Failures, with_definition};
use super::image::{ecr_denied, execution_role, has_secrets, way_words, with_dialled};
use super::{ECS_CONN, ECS_RIE, EXECUTION_ROLE, START};
use crate::diagnose::catalogue::{Effect, Entry, Rank};
use crate::diagnose::finding::{Confidence, Finding, Fix};
use crate::diagnose::parse::start_failure::{Denied, Remote, Unreachable};
use crate::diagnose::rules::task_stop::batch::count_words;
use crate::diagnose::rules::task_stop::remedy::{label, role_name};
use crate::diagnose::scene::Scene;
use crate::model::task_definition::TaskDefinition;

pub(super) static ROLE_NOT_ASSUMABLE: Entry = Entry {
    id: "role-not-assumable",
    number: 102,
    title: "ECS cannot assume a role of the task",
    meaning: "The role does not exist (any more), its resource name is misspelt or of another account, its trust \
        policy does not name ecs-tasks.amazonaws.com (task and execution role) or ecs.amazonaws.com (infrastructure \
        role), or whoever deployed had no iam:PassRole. A role made a moment ago may take minutes to be known \
        everywhere.",
    decided: "An event, a stop reason or the reason of the service deployment says `ECS was unable to assume the \
        role`.",
    fix: "`aws iam get-role --role-name ROLE`; then create it or correct its trust policy with \
          `aws iam update-assume-role-policy`.",
    sources: &[EXECUTION_ROLE, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"],
    ..START
};

pub(super) static ENV_FILE_DOWNLOAD_FAILED: Entry = Entry {
    id: "env-file-download-failed",
    number: 103,
    effect: Some(Effect::StartFailures),
    title: "A file with environment variables cannot be read from S3",
    meaning: "The agent reads `environmentFiles` from S3 before it starts a container. The object or the permission is \
        missing (s3:GetObject on the object, s3:GetBucketLocation on the bucket, for the execution role), or S3 cannot \
        be reached.",
    decided: "The reason of the failed start says `failed to download env files`.",
    fix: "Check that the object exists and the execution role may read it; if the reason speaks of a timeout, give the \
        subnets a way to S3.",
    sources: &[ECS_RIE, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html"],
    ..START
};

pub(super) static TASK_START_NETWORK: Entry = Entry {
    id: "task-start-network",
    number: 114,
    rank: Rank::Symptom,
    effect: Some(Effect::StartFailures),
    title: "The task does not reach a service it needs before it starts",
    meaning: "Before containers run, the agent fetches secrets and parameters and creates log streams. The connection \
        timed out or was refused. As with images this is an effect: security groups, routes, endpoints or DNS are the \
        cause, and findings about them stand above it when they could be checked. It says nothing about whether the \
        secret or the log group exists.",
    decided: "The reason of the failed start is about Secrets Manager, Parameter Store or CloudWatch Logs and says \
        `i/o timeout`, `context deadline exceeded`, `request canceled`, `signal: killed` or that there is a connection \
        issue.",
    fix: "Open the way from the task's subnets to that service: NAT or a public address, or an interface endpoint \
          (secretsmanager, ssm, kms, logs) whose security groups let the tasks in on 443.",
    sources: &[ECS_RIE, ECS_CONN],
    ..START
};

/// IAM said no; which finding it is depends on the action.
pub(super) fn denied<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, denied: &Denied) -> Finding {
    let service = denied.action.as_deref().and_then(|action| action.split(':').next());
    if denied.by_endpoint {
        let way = Unreachable { what: denied.what, dialled: None, certificate: false, refused: true };
        return super::image::unreachable(scene, batch, &way);
    }
    match (service, denied.what) {
        (Some("ecr" | "ecr-public"), _) | (None | Some("sts"), Remote::Registry | Remote::Layers) => {
            let image = batch.image(scene, None);
            ecr_denied(scene, batch, denied.action.as_deref(), denied.role(), image.as_ref())
        }
        (Some("logs"), _) | (None | Some(_), Remote::Logs) => super::logs::denied(scene, batch, denied),
        (Some("s3"), _) | (_, Remote::EnvironmentFiles) => env_file(scene, batch, false, Some(denied)),
        _ => super::secrets::denied(scene, batch, denied),
    }
}

pub(super) fn who<'d>(denied: &'d Denied, definition: Option<&'d TaskDefinition>) -> Option<&'d str> {
    denied.role().or_else(|| execution_role(definition).map(role_name))
}

fn policy(actions: &[&str], resource: &str) -> String {
    let actions = actions.iter().map(|action| format!("\"{action}\"")).collect::<Vec<_>>().join(",");
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":[{actions}],\"Resource\":\"{resource}\"}}]}}"
    )
}

pub(super) fn allow(fix: Fix, role: Option<&str>, name: &str, actions: &[&str], resource: &str) -> Fix {
    let Some(role) = role else { return fix };
    fix.aws([
        "iam",
        "put-role-policy",
        "--role-name",
        role,
        "--policy-name",
        name,
        "--policy-document",
        &policy(actions, resource),
    ])
    .terraform(format!("aws_iam_role_policy.{}_{} → policy", label(role), label(name)))
}

pub(super) fn with_roles(finding: Finding, definition: Option<&TaskDefinition>) -> Finding {
    match definition {
        Some(definition) => {
            let role = definition.execution_role.as_deref().unwrap_or("absent");
            with_definition(finding, definition, "executionRoleArn", role)
        }
        None => finding,
    }
}

pub(super) fn role_not_assumable<'a>(
    scene: &Scene<'a>,
    batch: &Failures<'_, 'a>,
    role: Option<&str>,
    infrastructure: bool,
) -> Finding {
    let definition = batch.definition(scene);
    let name = role.map(role_name);
    let principal = if infrastructure { "ecs.amazonaws.com" } else { "ecs-tasks.amazonaws.com" };
    let trust = format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{\"Service\":\"{principal}\"}},\"Action\":\"sts:AssumeRole\"}}]}}"
    );
    let mut fix = Fix::new(format!("Check that the role exists and that its trust policy names {principal}"));
    if let Some(name) = name {
        fix = fix
            .aws(["iam", "get-role", "--role-name", name])
            .aws(["iam", "update-assume-role-policy", "--role-name", name, "--policy-document", &trust])
            .terraform(format!("aws_iam_role.{} → assume_role_policy", label(name)));
    }
    let used = definition.and_then(|definition| match role {
        Some(role) if definition.execution_role.as_deref() == Some(role) => Some((definition, "executionRoleArn")),
        Some(role) if definition.task_role.as_deref() == Some(role) => Some((definition, "taskRoleArn")),
        _ => None,
    });
    let finding = Finding::new(
        &ROLE_NOT_ASSUMABLE,
        Confidence::Certain,
        match name {
            Some(name) => format!("ECS cannot assume role {name}{}", count_words(batch.count())),
            None => format!("ECS cannot assume a role of the task{}", count_words(batch.count())),
        },
    )
    .short(format!("role cannot be assumed{}", name.map(|name| format!(": {name}")).unwrap_or_default()))
    .explain(
        "The role was deleted, its resource name is wrong, its trust policy does not name ECS, or whoever deployed may \
            not pass it. A role made a moment ago can take a few minutes until it is known everywhere.",
    )
    .fix(fix);
    match (used, role) {
        (Some((definition, field)), Some(role)) => with_definition(finding, definition, field, role),
        _ => finding,
    }
}

pub(super) fn env_file<'a>(
    scene: &Scene<'a>,
    batch: &Failures<'_, 'a>,
    network: bool,
    denied: Option<&Denied>,
) -> Finding {
    let definition = batch.definition(scene);
    let files: Vec<&String> = definition
        .into_iter()
        .flat_map(|definition| &definition.containers)
        .flat_map(|one| &one.environment_files)
        .collect();
    let file = files.first().filter(|_| files.len() == 1).map(|file| file.as_str());
    let role = denied.and_then(Denied::role).or_else(|| execution_role(definition).map(role_name));
    let why = if network { "S3 was not reached" } else { "S3 refused, or the object is not there" };
    let mut fix = Fix::new(
        "Check that the object exists, that the execution role may read it, and that the subnets have a way to S3",
    );
    if let (Some(file), Some(role), false) = (file, role, network) {
        fix = allow(fix, Some(role), "ecs-environment-files", &["s3:GetObject"], file);
    }
    let mut finding = Finding::new(
        &ENV_FILE_DOWNLOAD_FAILED,
        Confidence::High,
        format!("An environment file cannot be read: {why}{}", count_words(batch.count())),
    )
    .short("environment file cannot be read")
    .explain("The agent reads environment files from S3 with the task execution role before it starts a container.")
    .fix(fix);
    if let (Some(definition), Some(file)) = (definition, file) {
        finding =
            with_definition(finding, definition, "containerDefinitions.environmentFiles.value", &scene.quote(file));
    }
    finding
}

/// Packets that get lost on the way to anything but the registry.
pub(super) fn unreachable(batch: &Failures<'_, '_>, way: &Unreachable) -> Finding {
    let what = way.what.label();
    let at = way.dialled.as_ref().map(|dialled| format!(" ({dialled})")).unwrap_or_default();
    let why = if way.refused {
        "The policy of a VPC endpoint does not allow it."
    } else if way.what == Remote::Logs {
        "The sentence may speak of the log group; it is the connection that failed, and the group may well exist."
    } else {
        "The connection was never established."
    };
    let title = if way.refused {
        format!("A VPC endpoint policy denies the tasks {what}{}", count_words(batch.count()))
    } else {
        format!("Tasks do not reach {what}{at}{}", count_words(batch.count()))
    };
    let finding = Finding::new(&TASK_START_NETWORK, Confidence::High, title)
        .short(format!("{what} unreachable{at}"))
        .explain(format!("{why}{}", way_words(way.dialled.as_ref())))
        .fix(Fix::new(format!(
            "Open the way from the task's subnets to {what}: NAT or a public address, or an interface endpoint whose \
                security groups let the tasks in on 443"
        )));
    with_dialled(finding, batch, way.dialled.as_ref())
}

/// Whether the agent needs an execution role to start a container of this definition, and for what.
pub(super) fn needs_execution_role(definition: &TaskDefinition, on_fargate: bool) -> Option<&'static str> {
    if has_secrets(definition) {
        return Some("secrets");
    }
    if !on_fargate {
        return None;
    }
    if definition.containers.iter().any(|container| container.image.contains(".dkr.ecr.")) {
        return Some("an image in ECR");
    }
    let writes_logs = |logs: &crate::model::task_definition::LogConfiguration| logs.driver == "awslogs";
    definition.containers.iter().any(|container| container.logs.as_ref().is_some_and(writes_logs)).then_some("awslogs")
}
