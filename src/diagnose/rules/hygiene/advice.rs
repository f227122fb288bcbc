//! Configuration that works today: secrets in the clear, no logs, tags that move, one task for all.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::entries::{
    DAEMON, EXPRESS, LATEST_TAG, NO_HEALTH_CHECK, NO_LOGS, OLD_PLATFORM, PLAINTEXT_SECRET, SINGLE_TASK,
};
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope};
use crate::diagnose::scene::Scene;
use crate::model::known::Known;
use crate::model::service::SchedulingStrategy;
use crate::model::task_definition::{ContainerDefinition, EnvironmentSource, TaskDefinition};

/// Names that speak of a secret (catalogue 227). A pattern that does not compile would match nothing; a test excludes it.
static SECRET_NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)(passw|secret|token|api_?key|private_?key|credential|conn.*str)").ok());

pub(super) fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    if let Some(definition) = scene.definition() {
        findings.extend(secrets(definition));
        findings.extend(logs(definition));
        findings.extend(tags(definition));
        findings.extend(unchecked(scene, definition));
    }
    findings.extend(single(scene));
    findings.extend(platform(scene));
    let service = scene.service;
    if service.resource_management.as_deref() == Some("ECS") {
        let finding = Finding::new(&EXPRESS, Confidence::Medium, "ECS looks after load balancer and scaling itself")
            .explain(
                "Changes made by hand to its load balancer or target groups are undone or conflict with what ECS does.",
            )
            .evidence("ecs:DescribeServices", &service.name, "resourceManagementType", "ECS")
            .fix(Fix::new("Change it with UpdateExpressGatewayService"));
        findings.push(finding);
    }
    if service.scheduling == SchedulingStrategy::Daemon && service.running < service.desired {
        let title = format!("The daemon runs on {} of {} container instances", service.running, service.desired);
        let finding = Finding::new(&DAEMON, Confidence::Certain, title)
            .explain("The desired count of a daemon is the number of instances; those without it lack room or what it asks for.")
            .evidence("ecs:DescribeServices", &service.name, "desiredCount", service.desired)
            .evidence("ecs:DescribeServices", &service.name, "runningCount", service.running);
        findings.push(finding);
    }
}

/// Of this revision and these containers.
fn of(definition: &TaskDefinition, containers: Vec<String>) -> Scope {
    Scope { task_definition: Some(definition.arn.name().to_owned()), containers, ..Scope::default() }
}

fn secrets(definition: &TaskDefinition) -> Option<Finding> {
    let speaks_of_secret = |name: &str| SECRET_NAME.as_ref().is_some_and(|pattern| pattern.is_match(name));
    let is_open = |source: &EnvironmentSource| match source {
        EnvironmentSource::Literal(value) => !value.is_empty() && !value.is_a_reference(),
        EnvironmentSource::Reference(_) => false,
    };
    let found: Vec<(&ContainerDefinition, &str)> = definition
        .containers
        .iter()
        .flat_map(|container| container.environment.iter().map(move |variable| (container, variable)))
        .filter(|(_, variable)| speaks_of_secret(&variable.name) && is_open(&variable.source))
        .map(|(container, variable)| (container, variable.name.as_str()))
        .collect();
    let (_, first) = found.first()?;
    let title = match found.len() {
        1 => format!("The variable {first} holds what looks like a secret"),
        many => format!("{many} variables hold what looks like secrets"),
    };
    let containers: BTreeSet<String> = found.iter().map(|(container, _)| container.name.clone()).collect();
    let names = found.iter().take(10).map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
    let finding = Finding::new(&PLAINTEXT_SECRET, Confidence::High, title)
        .explain("Everybody who may describe task definitions reads the value, and it appears in audit logs. It is not shown here.")
        .scope(of(definition, containers.into_iter().collect()))
        .evidence("ecs:DescribeTaskDefinition", definition.arn.name(), "environment[].name", names)
        .fix(Fix::new("Move the value to Secrets Manager or Parameter Store, refer to it in secrets[].valueFrom, and change it")
            .terraform("aws_ecs_task_definition → container_definitions: secrets = [{ name = …, valueFrom = … }]"));
    Some(finding)
}

fn logs(definition: &TaskDefinition) -> Option<Finding> {
    let silent = definition.containers.iter().filter(|container| container.essential && container.logs.is_none());
    let silent: Vec<String> = silent.map(|container| container.name.clone()).collect();
    let first = silent.first()?;
    let finding =
        Finding::new(&NO_LOGS, Confidence::Certain, format!("The output of {} goes nowhere", silent.join(", ")))
            .explain("When it fails there is nothing to read, for people and for this diagnosis.")
            .evidence(
                "ecs:DescribeTaskDefinition",
                format!("{}, container {first}", definition.arn.name()),
                "logConfiguration",
                "absent",
            )
            .fix(Fix::new("Add logConfiguration with the driver awslogs to the task definition"))
            .scope(of(definition, silent));
    Some(finding)
}

fn tags(definition: &TaskDefinition) -> Option<Finding> {
    let moving = definition.containers.iter().filter(|container| has_moving_tag(&container.image));
    let moving: Vec<&ContainerDefinition> = moving.collect();
    let first = moving.first()?;
    let finding =
        Finding::new(&LATEST_TAG, Confidence::Certain, format!("{} runs an image whose tag moves", first.name))
            .explain("Two revisions cannot be told apart by it, and a rollback may bring the new image back.")
            .scope(of(definition, moving.iter().map(|container| container.name.clone()).collect()))
            .evidence(
                "ecs:DescribeTaskDefinition",
                format!("{}, container {}", definition.arn.name(), first.name),
                "image",
                &first.image,
            )
            .fix(Fix::new("Give images tags that never move, such as the commit"));
    Some(finding)
}

/// Whether the reference has no digest and its tag is `latest` or missing. A colon before the last `/` is a registry's port.
fn has_moving_tag(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    !image.is_empty() && !image.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn unchecked(scene: &Scene<'_>, definition: &TaskDefinition) -> Option<Finding> {
    let checked = definition.containers.iter().any(|container| container.health_check.is_some());
    if checked || !scene.service.load_balancers.is_empty() || scene.service.desired == 0 {
        return None;
    }
    let finding = Finding::new(&NO_HEALTH_CHECK, Confidence::Certain, "Nothing checks whether the application works")
        .explain("ECS counts a task as healthy 40 seconds after it runs, so a broken release completes.")
        .scope(of(definition, Vec::new()))
        .evidence("ecs:DescribeServices", &scene.service.name, "loadBalancers", "absent")
        .evidence("ecs:DescribeTaskDefinition", definition.arn.name(), "healthCheck", "absent")
        .fix(Fix::new("Add a healthCheck to the container definition"));
    Some(finding)
}

fn single(scene: &Scene<'_>) -> Option<Finding> {
    let service = scene.service;
    if service.scheduling == SchedulingStrategy::Daemon || service.desired == 0 {
        return None;
    }
    let source = "ecs:DescribeServices";
    if service.desired == 1 {
        let finding = Finding::new(&SINGLE_TASK, Confidence::Certain, "One task carries the whole service")
            .explain("When it is lost, the service is down until a new task runs.")
            .evidence(source, &service.name, "desiredCount", 1)
            .fix(Fix::new("Run at least two tasks in two zones"));
        return Some(finding);
    }
    let Known::Known(subnets) = scene.facts.subnets() else { return None };
    let possible: BTreeSet<&str> = subnets.iter().filter_map(|subnet| subnet.availability_zone.as_deref()).collect();
    let running = scene.tasks.known().copied().unwrap_or_default().iter().filter(|task| !task.is_stopped());
    let zones: Vec<&str> = running.filter_map(|task| task.availability_zone.as_deref()).collect();
    let used: BTreeSet<&str> = zones.iter().copied().collect();
    let only = used.first()?;
    if used.len() != 1 || zones.len() < 2 || possible.len() < 2 {
        return None;
    }
    let finding = Finding::new(&SINGLE_TASK, Confidence::Certain, format!("All {} tasks stand in {only}", zones.len()))
        .explain(format!(
            "The subnets of the service span {}; when {only} is lost, so is the service.",
            possible.iter().copied().collect::<Vec<_>>().join(", ")
        ))
        .scope(Scope { availability_zones: vec![(*only).to_owned()], ..Scope::default() })
        .evidence("ecs:DescribeTasks", &service.name, "derived: distinct availabilityZone of running tasks", only)
        .fix(Fix::new("Start new tasks; ECS spreads them, or let it rebalance zones"));
    Some(finding)
}

fn platform(scene: &Scene<'_>) -> Option<Finding> {
    let running = scene.tasks.known().copied().unwrap_or_default().iter().filter(|task| !task.is_stopped());
    let old = running.into_iter().find_map(|task| {
        let version = task.platform_version.as_deref()?;
        let mut numbers = version.split('.').map(str::parse::<u32>);
        let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return None };
        // Windows has numbers of its own; without a word it is Linux.
        let linux = scene.definition()?.operating_system.as_deref().is_none_or(|system| system == "LINUX");
        (linux && (major, minor) < (1, 4)).then_some((task, version))
    });
    let (task, version) = old?;
    let (cluster, service) = (scene.facts.cluster(), &scene.service.name);
    let words = ["ecs", "update-service", "--cluster", cluster.as_str(), "--service", service];
    let words = words.into_iter().chain(["--platform-version", "LATEST", "--force-new-deployment"]);
    let finding =
        Finding::new(&OLD_PLATFORM, Confidence::Certain, format!("Tasks run on Fargate platform version {version}"))
            .explain("Before 1.4.0 tasks need other endpoints and fail with other texts.")
            .evidence("ecs:DescribeTasks", format!("task {}", task.arn.short_id()), "platformVersion", version)
            .fix(Fix::new("Move to the newest platform version").aws(words));
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_tags_are_told_from_ports_and_digests() {
        for (image, moving) in [
            ("nginx", true),
            ("nginx:latest", true),
            ("registry.example:5000/web", true),
            ("registry.example:5000/web:1.2", false),
            ("nginx@sha256:00", false),
            ("nginx:latest@sha256:00", false),
            ("nginx:1.27", false),
            ("", false),
        ] {
            assert_eq!(has_moving_tag(image), moving, "{image}");
        }
    }

    #[test]
    fn the_pattern_for_secret_names_compiles() {
        let pattern = SECRET_NAME.as_ref().unwrap();
        for (name, speaks) in [
            ("DB_PASSWORD", true),
            ("api_key", true),
            ("APIKEY", true),
            ("CONNECTION_STRING", true),
            ("PORT", false),
            ("TOKENS", true),
            ("MONKEY", false),
        ] {
            assert_eq!(pattern.is_match(name), speaks, "{name}");
        }
    }
}
