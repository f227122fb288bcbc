//! Log groups that are not there, or may not be written to.

use super::attempts::{Failures, with_definition};
use super::identity::{allow, who, with_roles};
use super::{ECS_RIE, EXECUTION_ROLE, START};
use crate::diagnose::catalogue::Entry;
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Confidence, Finding, Fix};
use crate::diagnose::parse::start_failure::Denied;
use crate::diagnose::rules::task_stop::batch::count_words;
use crate::diagnose::rules::task_stop::remedy::label;
use crate::diagnose::scene::Scene;
use crate::model::known::Known;
use crate::model::task_definition::TaskDefinition;

pub(super) static LOG_GROUP_MISSING: Entry = Entry {
    id: "log-group-missing",
    number: 99,
    title: "The log group of a container does not exist",
    meaning: "The awslogs driver creates the stream but not the group, unless `awslogs-create-group` is set and the \
        execution role may do it. Without the group no container starts.\n\n\
              The agent prints that it cannot find the log group also when it cannot reach CloudWatch Logs at all; \
              then this finding is not reported.",
    decided: "The reason of the failed start says that the log group does not exist, without speaking of a connection \
        or `signal: killed`; DescribeLogGroups confirms it where it may be called.",
    fix: "`aws logs create-log-group --log-group-name GROUP`, or `awslogs-create-group = true` and logs:CreateLogGroup \
        for the execution role (the managed policy does not contain it).",
    sources: &[ECS_RIE, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"],
    ..START
};

pub(super) static LOG_PERMISSION_DENIED: Entry = Entry {
    id: "log-permission-denied",
    number: 100,
    title: "The task may not write to its log group",
    meaning: "The agent creates the log stream with the task execution role (on EC2 without one: with the role of the \
              instance) before it starts a container. IAM denied it.",
    decided: "The reason of the failed start says that somebody is not authorized to perform logs:…, or \
        `AccessDeniedException` about CloudWatch Logs.",
    fix: "Allow logs:CreateLogStream and logs:PutLogEvents on the log group to the execution role, and \
        logs:CreateLogGroup if `awslogs-create-group` is set.",
    sources: &[ECS_RIE, EXECUTION_ROLE],
    ..START
};

pub(super) fn denied<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, denied: &Denied) -> Finding {
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
    .explain(
        "The log stream is created before the container starts, with the task execution role, and without it no \
        container starts.",
    )
    .fix(fix);
    with_roles(finding, definition)
}

/// The log groups a definition's containers write to: container, group, and region where it is another one.
pub(super) fn groups(facts: &Facts<'_>, definition: &TaskDefinition) -> Vec<(String, String, Option<String>)> {
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

pub(super) fn group_missing<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, certain: bool) -> Option<Finding> {
    let definition = batch.definition(scene);
    let groups = definition.map(|definition| groups(&scene.facts, definition)).unwrap_or_default();
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
