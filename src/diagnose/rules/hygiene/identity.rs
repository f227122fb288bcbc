//! Roles, namespaces and proxies that are in the way now.

use super::entries::{
    CONNECT_PORT_NAME, CONNECT_PROXY, GUARDDUTY, IAM_MISCONFIGURED, NAMESPACE_MISSING, SERVICE_LINKED_ROLE,
};
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope};
use crate::diagnose::parse::events::Event;
use crate::diagnose::scene::Scene;
use crate::model::task::{Container, ContainerHealth};

const PROXY: &str = "ecs-service-connect-";
const GUARDDUTY_AGENT: &str = "aws-guardduty-agent";

pub(super) fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    roles(scene, findings);
    namespace(scene, findings);
    port_names(scene, findings);
    proxy(scene, findings);
    guardduty(scene, findings);
}

/// Of the primary deployment, as scopes name it.
fn of_primary(scene: &Scene<'_>) -> Scope {
    let deployment = scene.primary.map(|primary| primary.id.clone());
    let task_definition = scene.primary.map(|primary| primary.task_definition.name().to_owned());
    Scope { deployment, task_definition, ..Scope::default() }
}

fn roles(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let linked = |message: &str| {
        message.contains("AWSServiceRoleForECS")
            || message.to_ascii_lowercase().contains("service linked role")
            || message.to_ascii_lowercase().contains("service-linked role")
    };
    // A role that was changed is there.
    let missing = scene.events.iter().find(|heard| heard.event != Event::IamChanged && linked(heard.message));
    if let Some(heard) = missing {
        let words = ["iam", "create-service-linked-role", "--aws-service-name", "ecs.amazonaws.com"];
        let finding = Finding::new(&SERVICE_LINKED_ROLE, Confidence::Certain, "ECS cannot use its service-linked role")
            .explain(format!("AWS says: {}", scene.quote(heard.message)))
            .evidence("ecs:DescribeServices", &scene.service.name, "events[].message", scene.quote(heard.message))
            .fix(
                Fix::new("Create the role")
                    .aws(words)
                    .terraform("aws_iam_service_linked_role → aws_service_name = \"ecs.amazonaws.com\""),
            );
        findings.push(finding);
    }
    if let Some(heard) = scene.events.iter().find(|heard| heard.event == Event::IamChanged) {
        let finding = Finding::new(
            &IAM_MISCONFIGURED,
            Confidence::Certain,
            "A role ECS works with was changed and no longer serves",
        )
        .explain("ECS cannot do its work for the service until the role's permissions and trust are right again.")
        .evidence("ecs:DescribeServices", &scene.service.name, "events[].message", scene.quote(heard.message))
        .fix(Fix::new("Restore the policies of the service's role, or use the service-linked role"));
        findings.push(finding);
    }
}

fn namespace(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let events = scene.events.iter().map(|heard| ("ecs:DescribeServices", "events[].message", heard.message));
    let stops = scene
        .deaths_of_primary()
        .filter_map(|dead| Some(("ecs:DescribeTasks", "stoppedReason", dead.task.stopped_reason.as_deref()?)));
    let Some((source, field, text)) = events.chain(stops).find(|(_, _, text)| text.contains("NamespaceNotFound"))
    else {
        return;
    };
    let namespace = scene.primary.and_then(|primary| primary.service_connect.as_ref()?.namespace.as_deref());
    let title = format!("The Cloud Map namespace {} does not exist", namespace.unwrap_or("of the service"));
    let finding = Finding::new(&NAMESPACE_MISSING, Confidence::Certain, title)
        .explain("Tasks cannot be registered under their names, so they are not put to work.")
        .scope(of_primary(scene))
        .evidence(source, &scene.service.name, field, scene.quote(text))
        .fix(Fix::new("Create the namespace again, or change the service to one that exists"));
    findings.push(finding);
}

fn port_names(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let Some((primary, definition)) = scene.primary.zip(scene.definition()) else { return };
    let Some(connect) = primary.service_connect.as_ref().filter(|connect| connect.enabled) else { return };
    let ports = || definition.containers.iter().flat_map(|container| &container.ports);
    let known: Vec<&str> = ports().filter_map(|port| port.name.as_deref()).collect();
    for missing in connect.port_names.iter().filter(|name| !known.contains(&name.as_str())) {
        let listed = if known.is_empty() { "absent".to_owned() } else { known.join(", ") };
        let revision = definition.arn.name();
        let finding = Finding::new(
            &CONNECT_PORT_NAME,
            Confidence::Certain,
            format!("Service Connect offers port {missing}, which {revision} does not have"),
        )
        .explain(format!(
            "No port mapping of {revision} has the name {missing}; tasks of the deployment cannot be set up."
        ))
        .scope(of_primary(scene))
        .evidence("ecs:DescribeServices", &primary.id, "serviceConnectConfiguration.services[].portName", missing)
        .evidence("ecs:DescribeTaskDefinition", revision, "portMappings[].name", listed)
        .fix(
            Fix::new(format!(
                "Name a port mapping of the task definition {missing}, or correct portName in the service"
            ))
            .terraform(format!("aws_ecs_task_definition → portMappings = [{{ name = \"{missing}\", … }}]")),
        );
        findings.push(finding);
    }
}

fn proxy(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let dead = scene.deaths_of_primary().find_map(|dead| {
        let of_proxy = |name: &str| name.starts_with(PROXY);
        let container = dead.task.containers.iter().find(|container| of_proxy(&container.name))?;
        let culprit = dead.death.container.as_deref().is_some_and(of_proxy)
            && container.exit_code.is_some_and(|code| !matches!(code, 0 | 137 | 143));
        let named = dead.task.stopped_reason.as_deref().is_some_and(|reason| reason.contains(PROXY));
        (culprit || named).then_some((dead.task, container))
    });
    let unhealthy = || {
        let mut running = scene.tasks.known().copied().unwrap_or_default().iter().filter(|task| !task.is_stopped());
        running.find_map(|task| {
            let unhealthy = |container: &&Container| {
                container.name.starts_with(PROXY) && container.health == ContainerHealth::Unhealthy
            };
            Some((task, task.containers.iter().find(unhealthy)?))
        })
    };
    let Some((task, container)) = dead.or_else(unhealthy) else { return };
    let value = match (&container.reason, container.exit_code) {
        (Some(reason), _) => scene.quote(reason),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "UNHEALTHY".to_owned(),
    };
    let field = if container.reason.is_some() { "containers[].reason" } else { "containers[].exitCode, healthStatus" };
    let finding = Finding::new(&CONNECT_PROXY, Confidence::High, "The Service Connect proxy fails")
        .explain("ECS runs the proxy beside the application; tasks without it are not put to work.")
        .scope(Scope {
            tasks: vec![task.arn.short_id().to_owned()],
            containers: vec![container.name.clone()],
            ..of_primary(scene)
        })
        .evidence(
            "ecs:DescribeTasks",
            format!("task {}, container {}", task.arn.short_id(), container.name),
            field,
            value,
        )
        .fix(Fix::new(
            "Check the way to the ecs-agent endpoint, the namespace and the port names; the proxy's log tells which",
        ));
    findings.push(finding);
}

fn guardduty(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    let failing = tasks.iter().find_map(|task| {
        let container = task.containers.iter().find(|container| container.name.starts_with(GUARDDUTY_AGENT))?;
        let reason = container.reason.as_deref().filter(|reason| reason.starts_with("CannotPull"))?;
        Some((task, container, reason))
    });
    let Some((task, container, reason)) = failing else { return };
    let finding = Finding::new(&GUARDDUTY, Confidence::Medium, "The container GuardDuty adds cannot be pulled")
        .explain("It is not essential: the application runs, runtime monitoring is blind.")
        .scope(Scope { containers: vec![container.name.clone()], ..Scope::default() })
        .evidence(
            "ecs:DescribeTasks",
            format!("task {}", task.arn.short_id()),
            "containers[].reason",
            scene.quote(reason),
        )
        .fix(Fix::new("Let the execution role pull the image, and the subnets reach ECR and S3"));
    findings.push(finding);
}
