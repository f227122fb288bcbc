//! Secrets and parameters that are not there, or may not be read.

use super::attempts::{Failures, with_definition};
use super::identity::{allow, who, with_roles};
use super::{ECS_RIE, ECS_RNF, EXECUTION_ROLE, START};
use crate::diagnose::catalogue::Entry;
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::parse::start_failure::{Denied, Remote};
use crate::diagnose::rules::task_stop::batch::count_words;
use crate::diagnose::rules::task_stop::remedy::{describe_definition, in_definition};
use crate::diagnose::scene::Scene;
use crate::model::task_definition::{EnvironmentSource, TaskDefinition};

pub(super) static SECRET_MISSING: Entry = Entry {
    id: "secret-missing",
    number: 96,
    title: "A secret or parameter the task needs does not exist",
    meaning: "The agent reads every secret and parameter the definition names before it starts a container. One of \
        them is not there: never created, deleted (a secret stays unusable for its recovery window), misspelt, or in \
        another region than the resource name says. A resource name with another region than the task's is looked up \
        there.",
    decided: "The reason of the failed start says `ResourceNotFoundException`, that Secrets Manager can't find the \
        secret, that it is marked for deletion, or `invalid ssm parameters`, without speaking of a connection.",
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
    meaning: "Secrets are fetched by the agent with the task execution role, not with the task role the containers act \
        as. That role was denied the secret, the parameter, or the KMS key it is encrypted with.",
    decided: "The reason of the failed start says that somebody is not authorized to perform secretsmanager:…, ssm:… \
        or kms:…, or `AccessDeniedException` about secrets.",
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
    meaning: "`valueFrom` ends with a key (`:KEY::`), so the secret has to be a JSON object with that key. It exists \
        and may be read, but it has no such key, or is no JSON.",
    decided: "The reason of the failed start says that the retrieved secret did not contain the JSON key, or that it \
        could not be read as JSON.",
    fix: "Correct the suffix of `valueFrom`, or put a version of the secret that has the key.",
    sources: &[
        ECS_RIE,
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html",
    ],
    ..START
};

pub(super) fn denied<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, denied: &Denied) -> Finding {
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

/// The region of a resource name.
fn region_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| arn.starts_with("arn:") && !region.is_empty())
}

pub(super) fn missing<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, secret: Option<&str>) -> Finding {
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
            Some((there, here)) => format!(
                "{name} is looked for in {there}, the tasks run in \
                {here}{}",
                count_words(batch.count())
            ),
            None => format!("{name} does not exist{}", count_words(batch.count())),
        },
    )
    .short(match there {
        Some(there) => format!("secret looked for in {there}"),
        None => format!("secret not found: {name}"),
    })
    .explain(match there {
        Some(there) => format!(
            "The service answered that it has no such secret or parameter. The resource name in the task definition is \
                of region {there}, which is not the region of the tasks; probably it was copied from another region."
        ),
        None => "The service answered that it has no such secret or parameter, so network and permission are fine. It \
            was never created here, was deleted, or its name is misspelt; no task of this revision can start without \
            it."
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
        .explain(
            "The secret exists and may be read; only the key that valueFrom names is not in it. Keys are \
            case-sensitive.",
        )
        .fix(fix);
    match (definition, reference) {
        (Some(definition), Some(reference)) => {
            with_definition(finding, definition, "containerDefinitions.secrets.valueFrom", reference)
        }
        _ => finding,
    }
}
