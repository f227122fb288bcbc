//! Roles, secrets and logs: what the agent does in the task's name before its containers run.

use super::attempts::{Failures, with_definition};
use super::image::{ecr_denied, execution_role, has_secrets, way_words, with_dialled};
use super::{ECS_CONN, ECS_RIE, ECS_RNF, EXECUTION_ROLE, START};
use crate::diagnose::catalogue::{Effect, Entry, Rank};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::parse::start_failure::{Denied, Remote, Unreachable};
use crate::diagnose::rules::task_stop::batch::count_words;
use crate::diagnose::rules::task_stop::remedy::{describe_definition, in_definition, label, role_name};
use crate::diagnose::scene::Scene;
use crate::model::known::Known;
use crate::model::task_definition::{EnvironmentSource, TaskDefinition};

pub(super) static SECRET_MISSING: Entry = Entry {
    id: "secret-missing",
    number: 96,
    title: "A secret or parameter the task needs does not exist",
    meaning: "The agent reads every secret and parameter the definition names before it starts a container. One of them is \
              not there: never created, deleted (a secret stays unusable for its recovery window), misspelt, or in another \
              region than the resource name says. A resource name with another region than the task's is looked up there.",
    decided: "The reason of the failed start says `ResourceNotFoundException`, that Secrets Manager can't find the secret, that \
              it is marked for deletion, or `invalid ssm parameters`, without speaking of a connection.",
    fix: "Create it in the task's region (`aws secretsmanager create-secret`, `aws ssm put-parameter`), restore it, or \
          correct `valueFrom` in the task definition.",
    sources: &[
        ECS_RNF,
        ECS_RIE,
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html",
    ],
    ..START
};

pub(super) static SECRET_ACCESS_DENIED: Entry = Entry {
    id: "secret-access-denied",
    number: 97,
    title: "The task may not read a secret or parameter it needs",
    meaning: "Secrets are fetched by the agent with the task execution role, not with the task role the containers act as. \
              That role was denied the secret, the parameter, or the KMS key it is encrypted with.",
    decided: "The reason of the failed start says that somebody is not authorized to perform secretsmanager:…, ssm:… or kms:…, or \
              `AccessDeniedException` about secrets.",
    fix: "Allow secretsmanager:GetSecretValue or ssm:GetParameters on exactly that resource to the execution role, and \
          kms:Decrypt on its key where it is not the default one.",
    sources: &[ECS_RIE, EXECUTION_ROLE],
    ..START
};

pub(super) static SECRET_JSON_KEY_MISSING: Entry = Entry {
    id: "secret-json-key-missing",
    number: 98,
    severity: Severity::Error,
    title: "The secret has no such key",
    meaning: "`valueFrom` ends with a key (`:KEY::`), so the secret has to be a JSON object with that key. It exists and may be \
              read, but it has no such key, or is no JSON.",
    decided: "The reason of the failed start says that the retrieved secret did not contain the JSON key, or that it could not \
              be read as JSON.",
    fix: "Correct the suffix of `valueFrom`, or put a version of the secret that has the key.",
    sources: &[
        ECS_RIE,
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html",
    ],
    ..START
};

pub(super) static LOG_GROUP_MISSING: Entry = Entry {
    id: "log-group-missing",
    number: 99,
    title: "The log group of a container does not exist",
    meaning: "The awslogs driver creates the stream but not the group, unless `awslogs-create-group` is set and the execution \
              role may do it. Without the group no container starts.\n\n\
              The agent prints that it cannot find the log group also when it cannot reach CloudWatch Logs at all; then this \
              finding is not reported.",
    decided: "The reason of the failed start says that the log group does not exist, without speaking of a connection or \
              `signal: killed`; DescribeLogGroups confirms it where it may be called.",
    fix: "`aws logs create-log-group --log-group-name GROUP`, or `awslogs-create-group = true` and logs:CreateLogGroup for the \
          execution role (the managed policy does not contain it).",
    sources: &[ECS_RIE, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"],
    ..START
};

pub(super) static LOG_PERMISSION_DENIED: Entry = Entry {
    id: "log-permission-denied",
    number: 100,
    title: "The task may not write to its log group",
    meaning: "The agent creates the log stream with the task execution role (on EC2 without one: with the role of the \
              instance) before it starts a container. IAM denied it.",
    decided: "The reason of the failed start says that somebody is not authorized to perform logs:…, or `AccessDeniedException` \
              about CloudWatch Logs.",
    fix: "Allow logs:CreateLogStream and logs:PutLogEvents on the log group to the execution role, and logs:CreateLogGroup if \
          `awslogs-create-group` is set.",
    sources: &[ECS_RIE, EXECUTION_ROLE],
    ..START
};

pub(super) static ROLE_NOT_ASSUMABLE: Entry = Entry {
    id: "role-not-assumable",
    number: 102,
    title: "ECS cannot assume a role of the task",
    meaning: "The role does not exist (any more), its resource name is misspelt or of another account, its trust policy does not \
              name ecs-tasks.amazonaws.com (task and execution role) or ecs.amazonaws.com (infrastructure role), or whoever \
              deployed had no iam:PassRole. A role made a moment ago may take minutes to be known everywhere.",
    decided: "An event, a stop reason or the reason of the service deployment says `ECS was unable to assume the role`.",
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
    meaning: "The agent reads `environmentFiles` from S3 before it starts a container. The object or the permission is missing \
              (s3:GetObject on the object, s3:GetBucketLocation on the bucket, for the execution role), or S3 cannot be reached.",
    decided: "The reason of the failed start says `failed to download env files`.",
    fix: "Check that the object exists and the execution role may read it; if the reason speaks of a timeout, give the subnets \
          a way to S3.",
    sources: &[ECS_RIE, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html"],
    ..START
};

pub(super) static TASK_START_NETWORK: Entry = Entry {
    id: "task-start-network",
    number: 114,
    rank: Rank::Symptom,
    effect: Some(Effect::StartFailures),
    title: "The task does not reach a service it needs before it starts",
    meaning: "Before containers run, the agent fetches secrets and parameters and creates log streams. The connection timed \
              out or was refused. As with images this is an effect: security groups, routes, endpoints or DNS are the cause, \
              and findings about them stand above it when they could be checked. It says nothing about whether the secret or \
              the log group exists.",
    decided: "The reason of the failed start is about Secrets Manager, Parameter Store or CloudWatch Logs and says `i/o timeout`, \
              `context deadline exceeded`, `request canceled`, `signal: killed` or that there is a connection issue.",
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
        (Some("logs"), _) | (None | Some(_), Remote::Logs) => log_denied(scene, batch, denied),
        (Some("s3"), _) | (_, Remote::EnvironmentFiles) => env_file(scene, batch, false, Some(denied)),
        _ => secret_denied(scene, batch, denied),
    }
}

fn who<'d>(denied: &'d Denied, definition: Option<&'d TaskDefinition>) -> Option<&'d str> {
    denied.role().or_else(|| execution_role(definition).map(role_name))
}

fn policy(actions: &[&str], resource: &str) -> String {
    let actions = actions.iter().map(|action| format!("\"{action}\"")).collect::<Vec<_>>().join(",");
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":[{actions}],\"Resource\":\"{resource}\"}}]}}"
    )
}

fn allow(fix: Fix, role: Option<&str>, name: &str, actions: &[&str], resource: &str) -> Fix {
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

fn with_roles(finding: Finding, definition: Option<&TaskDefinition>) -> Finding {
    match definition {
        Some(definition) => {
            let role = definition.execution_role.as_deref().unwrap_or("absent");
            with_definition(finding, definition, "executionRoleArn", role)
        }
        None => finding,
    }
}

fn secret_denied<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, denied: &Denied) -> Finding {
    let definition = batch.definition(scene);
    let role = who(denied, definition);
    let action = denied.action.as_deref().unwrap_or("reading its secrets");
    let resource = denied.resource.as_deref().unwrap_or("*");
    let default = match denied.what {
        Remote::Parameters => "ssm:GetParameters",
        _ => "secretsmanager:GetSecretValue",
    };
    let name = role.map_or_else(|| "The execution role".to_owned(), |role| format!("Role {role}"));
    let key = if denied.action.as_deref().is_some_and(|action| action.starts_with("kms:")) {
        " It is the KMS key of the secret that is denied, not the secret."
    } else {
        ""
    };
    let fix = allow(
        Fix::new(format!("Allow {} on {resource} to the execution role", denied.action.as_deref().unwrap_or(default))),
        role,
        "ecs-secrets",
        &[denied.action.as_deref().unwrap_or(default)],
        resource,
    );
    let finding = Finding::new(
        &SECRET_ACCESS_DENIED,
        Confidence::Certain,
        format!("{name} is denied {action}{}", count_words(batch.count())),
    )
    .short(format!("denied: {action}"))
    .explain(format!(
        "The agent fetches secrets with the task execution role before any container starts; the task role, which the \
         containers act as, does not count here.{key}"
    ))
    .fix(fix);
    with_roles(finding, definition)
}

fn log_denied<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, denied: &Denied) -> Finding {
    let definition = batch.definition(scene);
    let role = who(denied, definition);
    let action = denied.action.as_deref().unwrap_or("writing to CloudWatch Logs");
    // The stream is another one for every task; what has to be allowed is the group.
    let resource = denied.resource.as_deref().and_then(|resource| resource.split(":log-stream:").next()).unwrap_or("*");
    let resource = if resource == "*" { resource.to_owned() } else { format!("{}:*", resource.trim_end_matches(":*")) };
    let mut actions = vec!["logs:CreateLogStream", "logs:PutLogEvents"];
    if action == "logs:CreateLogGroup" {
        actions.push(action);
    }
    let name = role.map_or_else(|| "The execution role".to_owned(), |role| format!("Role {role}"));
    let fix =
        allow(Fix::new(format!("Allow {} to the role", actions.join(", "))), role, "ecs-logs", &actions, &resource);
    let finding = Finding::new(
        &LOG_PERMISSION_DENIED,
        Confidence::Certain,
        format!("{name} is denied {action}{}", count_words(batch.count())),
    )
    .short(format!("denied: {action}"))
    .explain("The log stream is created before the container starts, with the task execution role, and without it no container starts.")
    .fix(fix);
    with_roles(finding, definition)
}

/// The region of a resource name.
fn region_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| arn.starts_with("arn:") && !region.is_empty())
}

pub(super) fn secret_missing<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, secret: Option<&str>) -> Finding {
    let definition = batch.definition(scene);
    let here = region_of(scene.service.arn.as_str());
    // Where AWS's sentence is cut off, a reference into another region still stands out.
    let elsewhere = || {
        references(definition)
            .into_iter()
            .find(|reference| region_of(reference).is_some_and(|region| Some(region) != here))
    };
    let only = || Some(references(definition)).filter(|all| all.len() == 1).and_then(|all| all.into_iter().next());
    let secret = secret.or_else(elsewhere).or_else(only);
    let there = secret.and_then(region_of).filter(|region| Some(*region) != here);
    let name = secret.map_or("A secret", |secret| secret.split(":secret:").nth(1).unwrap_or(secret));
    let parameter = secret
        .is_some_and(|secret| secret.starts_with('/') || secret.contains(":ssm:") || secret.contains(":parameter/"));
    let mut finding = Finding::new(
        &SECRET_MISSING,
        Confidence::Certain,
        match there.zip(here) {
            Some((there, here)) => format!("{name} is looked for in {there}, the tasks run in {here}{}", count_words(batch.count())),
            None => format!("{name} does not exist{}", count_words(batch.count())),
        },
    )
    .short(match there {
        Some(there) => format!("secret looked for in {there}"),
        None => format!("secret not found: {name}"),
    })
    .explain(match there {
        Some(there) => format!(
            "The service answered that it has no such secret or parameter. The resource name in the task definition is of \
             region {there}, which is not the region of the tasks; probably it was copied from another region."
        ),
        None => "The service answered that it has no such secret or parameter, so network and permission are fine. It was never \
                 created here, was deleted, or its name is misspelt; no task of this revision can start without it."
            .to_owned(),
    });
    let region = here.unwrap_or("REGION");
    let fix = Fix::new("Create it in the region of the tasks, restore it, or correct valueFrom in the task definition")
        .terraform(in_definition(definition, "container_definitions (secrets[].valueFrom)"));
    let id = if secret.is_some() { name } else { "NAME" };
    let fix = if parameter {
        let name = id.split_once("parameter").map_or(id, |(_, name)| name);
        fix.aws(["ssm", "get-parameter", "--name", name, "--region", region])
    } else {
        fix.aws([
            "secretsmanager",
            "describe-secret",
            "--secret-id",
            secret.unwrap_or("NAME"),
            "--region",
            there.unwrap_or(region),
        ])
    };
    if let (Some(definition), Some(secret)) = (definition, secret) {
        finding = with_definition(finding, definition, "containerDefinitions.secrets.valueFrom", &scene.quote(secret));
    }
    finding.fix(fix)
}

fn references(definition: Option<&TaskDefinition>) -> Vec<&str> {
    let containers = definition.into_iter().flat_map(|definition| &definition.containers);
    let mut all: Vec<&str> = containers
        .flat_map(|container| &container.environment)
        .filter_map(|variable| match &variable.source {
            EnvironmentSource::Reference(reference) => Some(reference.as_str()),
            EnvironmentSource::Literal(_) => None,
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

pub(super) fn key_missing<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, key: Option<&str>) -> Finding {
    let definition = batch.definition(scene);
    let suffix = key.map(|key| format!(":{key}::"));
    let reference =
        suffix.and_then(|suffix| references(definition).into_iter().find(|reference| reference.ends_with(&suffix)));
    let title = match key {
        Some(key) => format!("The secret has no key {key}{}", count_words(batch.count())),
        None => format!("The secret is no JSON, but a key of it is asked for{}", count_words(batch.count())),
    };
    let mut fix = Fix::new("Correct the suffix of valueFrom (:KEY::), or put a version of the secret that has the key")
        .terraform(in_definition(definition, "container_definitions (secrets[].valueFrom)"));
    if let Some(definition) = definition {
        fix = fix.aws(describe_definition(definition));
    }
    let finding = Finding::new(&SECRET_JSON_KEY_MISSING, Confidence::Certain, title)
        .short(key.map_or_else(|| "secret is no JSON".to_owned(), |key| format!("secret has no key {key}")))
        .explain("The secret exists and may be read; only the key that valueFrom names is not in it. Keys are case-sensitive.")
        .fix(fix);
    match (definition, reference) {
        (Some(definition), Some(reference)) => {
            with_definition(finding, definition, "containerDefinitions.secrets.valueFrom", reference)
        }
        _ => finding,
    }
}

/// The log groups a definition's containers write to: container, group, and region where it is another one.
pub(super) fn log_groups(facts: &Facts<'_>, definition: &TaskDefinition) -> Vec<(String, String, Option<String>)> {
    let containers = definition.containers.iter();
    containers
        .filter_map(|container| {
            let logs = container.logs.as_ref().filter(|logs| logs.driver == "awslogs")?;
            let option = |name: &str| logs.options.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            let region = option("awslogs-region").filter(|region| facts.region.is_some_and(|here| here != region));
            Some((container.name.clone(), option("awslogs-group")?, region))
        })
        .collect()
}

pub(super) fn log_group_missing<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, certain: bool) -> Option<Finding> {
    let definition = batch.definition(scene);
    let groups = definition.map(|definition| log_groups(&scene.facts, definition)).unwrap_or_default();
    let concerned = groups.iter().filter(|(name, ..)| batch.container().is_none_or(|container| container == name));
    let mut checked: Vec<(&String, Option<&String>, Known<bool>)> = concerned
        .map(|(_, group, region)| (group, region.as_ref(), scene.facts.log_group(group, region.as_deref())))
        .collect();
    checked.dedup_by(|one, other| one.0 == other.0 && one.1 == other.1);
    let missing = checked.iter().find(|(.., exists)| *exists == Known::Known(false));
    let all_exist = !checked.is_empty() && checked.iter().all(|(.., exists)| *exists == Known::Known(true));
    // It was made since, and the next start will find it; or the sentence stands for something else.
    if all_exist {
        return None;
    }
    let named =
        missing.or_else(|| checked.first().filter(|_| checked.len() == 1)).map(|(group, region, _)| (*group, *region));
    let confidence = match (missing, certain) {
        (Some(_), _) => Confidence::Certain,
        (None, true) => Confidence::High,
        (None, false) => Confidence::Medium,
    };
    let name = named.map_or_else(|| "The log group".to_owned(), |(group, _)| format!("Log group {group}"));
    let group = named.map_or("GROUP", |(group, _)| group.as_str());
    let mut words = vec!["logs", "create-log-group", "--log-group-name", group];
    if let Some((_, Some(region))) = named {
        words.extend(["--region", region.as_str()]);
    }
    let mut finding = Finding::new(
        &LOG_GROUP_MISSING,
        confidence,
        format!("{name} does not exist{}", count_words(batch.count())),
    )
    .short(format!("log group does not exist{}", named.map(|(group, _)| format!(": {group}")).unwrap_or_default()))
    .explain(
        "The awslogs driver creates the stream of a container before the container starts, but not the group, so \
                 nothing starts until somebody creates it.",
    )
    .fix(
        Fix::new(
            "Create the log group, or set awslogs-create-group and allow logs:CreateLogGroup to the execution role",
        )
        .aws(words)
        .terraform(format!("aws_cloudwatch_log_group.{} → name = \"{group}\"", label(group.trim_start_matches('/')))),
    );
    if let (Some((group, _)), Some(definition)) = (named, definition) {
        finding = with_definition(finding, definition, "logConfiguration.options.awslogs-group", group);
    }
    if missing.is_some() {
        finding = finding.evidence("logs:DescribeLogGroups", format!("log group {group}"), "logGroups", "absent");
    }
    Some(finding)
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
        "The role was deleted, its resource name is wrong, its trust policy does not name ECS, or whoever deployed may not \
         pass it. A role made a moment ago can take a few minutes until it is known everywhere.",
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
            "Open the way from the task's subnets to {what}: NAT or a public address, or an interface endpoint whose security groups let the tasks in on 443"
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
