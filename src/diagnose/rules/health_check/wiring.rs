//! How service, target group and load balancer are put together: listeners, registration, types (catalogue 24 to 29
//! and 46).

use jiff::SignedDuration;

use super::failing::{Checks, has_place};
use super::pages::wiring::{BALANCER_STATE, BINDING, MISSING, NOT_ATTACHED, NOT_FOUND, REGISTER_FAILED, TYPE_VS_MODE};
use super::report::{BALANCERS, DEFINITIONS, Lot, SERVICES, TARGET_GROUPS, TARGET_HEALTH, TASKS, label, update};
use super::zones;
use crate::diagnose::deployment::is_rolling;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope};
use crate::diagnose::parse::events::{Event, group_name};
use crate::diagnose::scene::{Group, Place, Scene};
use crate::diagnose::target_health::Standing;
use crate::model::call::ErrorKind;
use crate::model::load_balancing::TargetState;
use crate::model::service::LoadBalancerBinding;
use crate::model::task::Task;

/// A task without target for longer than this has lost it.
const REGISTERED: SignedDuration = SignedDuration::from_mins(2);

/// Looks at how a group is wired. What explains that there is no target comes before missing targets.
pub(super) fn find(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    balancer_state(checks, findings);
    zones::find(checks, findings);
    if let Some(finding) = missing(checks) {
        findings.push(finding);
        return;
    }
    not_attached(checks, findings);
    if let Some(finding) = type_vs_mode(checks).or_else(|| register_failed(checks)).or_else(|| not_found(checks)) {
        findings.push(finding);
    }
}

pub(super) fn group_scope(group: &Group<'_>) -> Scope {
    Scope { target_group: Some(group.arn.as_str().to_owned()), ..Scope::default() }
}

fn subject(group: &Group<'_>) -> String {
    format!("target group {}", group.name())
}

fn balancer_state(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    for balancer in checks.balancers() {
        let Some(state) = balancer.state.as_deref() else { continue };
        if !matches!(state, "failed" | "active_impaired" | "provisioning") {
            continue;
        }
        let meaning = match state {
            "provisioning" => {
                "It is still being set up, which takes minutes; until then nothing is checked or forwarded."
            }
            "failed" => "It could not be set up and serves nobody.",
            _ => "It routes traffic, but lacks what it needs to scale, often free addresses in its subnets.",
        };
        findings.push(
            Finding::new(&BALANCER_STATE, Confidence::Certain, format!("Load balancer {} is {state}", balancer.name))
                .scope(group_scope(checks.group))
                .short(format!("load balancer is {state}"))
                .explain(format!("The state of load balancer {} is {state}. {meaning}", balancer.name))
                .evidence(BALANCERS, format!("load balancer {}", balancer.name), "State.Code", state)
                .fix(Fix::new(
                    "Wait while it is being provisioned; otherwise see the AWS Health dashboard and the free addresses of \
                     its subnets",
                )),
        );
    }
}

pub(super) fn says_detached(place: &Place<'_>) -> bool {
    place.target.state == TargetState::Unused
        && place.target.reason.as_deref() == Some("Target.NotInUse")
        && place.target.description.as_deref().is_none_or(|text| text.contains("not configured to receive traffic"))
}

/// Whether some group of the service other than this one is used.
fn has_other_in_use(checks: &Checks<'_, '_>) -> bool {
    let groups = checks.scene.groups.iter();
    groups.filter(|group| group.arn != checks.group.arn).any(|group| {
        group.present().any(|place| matches!(place.standing, Standing::Fine | Standing::Failing | Standing::Waiting))
            || group.settings.known().is_some_and(|settings| !settings.load_balancers.is_empty())
    })
}

fn not_attached(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    let lot = Lot::of(checks.own.iter().copied().filter(|place| says_detached(place)).collect::<Vec<_>>());
    let detached = checks.settings().is_some_and(|settings| settings.load_balancers.is_empty());
    let used = checks.own.iter().any(|place| matches!(place.standing, Standing::Fine | Standing::Failing));
    if used || lot.is_empty() && !detached {
        return;
    }
    let rolling = is_rolling(checks.scene.service);
    if has_other_in_use(checks) && (!rolling || lot.is_empty()) {
        return;
    }
    let listener = checks
        .scene
        .groups
        .iter()
        .flat_map(|group| &group.routing)
        .filter_map(|(_, routing)| routing.known())
        .filter_map(|routing| routing.listeners.known())
        .find_map(|listeners| listeners.first().map(|listener| listener.arn.as_str()));
    let name = checks.group.name();
    let mut finding = checks
        .finding(&NOT_ATTACHED, Confidence::Certain, &lot, format!("No listener forwards to target group {name}"))
        .short("no listener forwards to the target group")
        .explain(format!(
            "Target group {name} gets traffic from no load balancer, so its targets are not health-checked. ECS never sees a \
             healthy target: a deployment cannot complete, and no request arrives."
        ));
    finding.confidence = Confidence::Certain;
    if let Some(settings) = checks.settings() {
        let balancers: Vec<&str> =
            settings.load_balancers.iter().map(crate::model::arn::LoadBalancerArn::as_str).collect();
        let value = if balancers.is_empty() { "absent".to_owned() } else { balancers.join(", ") };
        finding = finding.evidence(TARGET_GROUPS, subject(checks.group), "LoadBalancerArns", value);
    }
    let action = format!("Type=forward,TargetGroupArn={}", checks.group.arn.as_str());
    findings.push(
        finding.fix(
            Fix::new("Add a listener rule that forwards to it, with the conditions your requests have")
                .aws([
                    "elbv2",
                    "create-rule",
                    "--listener-arn",
                    listener.unwrap_or("LISTENER_ARN"),
                    "--priority",
                    "10",
                    "--conditions",
                    "Field=path-pattern,Values=/*",
                    "--actions",
                    &action,
                ])
                .terraform(format!(
                    "aws_lb_listener_rule → action {{ type = \"forward\", target_group_arn = aws_lb_target_group.{}.arn }}",
                    label(name)
                ))
                .eta(checks.interval().and_then(|interval| u64::try_from(interval).ok())),
        ),
    );
}

fn missing(checks: &Checks<'_, '_>) -> Option<Finding> {
    let gone = |error: Option<&crate::model::call::CallError>| {
        error.filter(|error| error.kind == ErrorKind::NotFound).map(|error| error.message.clone())
    };
    let group = checks.group;
    let error = gone(group.settings.error())
        .map(|message| (TARGET_GROUPS, message))
        .or_else(|| gone(group.targets.error()).map(|message| (TARGET_HEALTH, message)));
    let heard = checks.scene.events.iter().find(|heard| {
        matches!(&heard.event, Event::TargetMissing { target_group, whole_group: true } if group_name(target_group) == group.name())
    });
    let read = group.settings.known().is_some() || group.targets.known().is_some();
    if error.is_none() && (heard.is_none() || read) {
        return None;
    }
    let name = group.name();
    let mut finding = Finding::new(
        &MISSING,
        if error.is_some() { Confidence::Certain } else { Confidence::High },
        format!("Target group {name} of the service does not exist"),
    )
    .scope(group_scope(group))
    .short(format!("target group {name} does not exist"))
    .explain(format!(
        "The service registers its tasks in target group {name}, which was deleted. Tasks cannot be registered and never become \
         healthy."
    ));
    if let Some((source, message)) = error {
        finding = finding.evidence(source, subject(group), "error", checks.scene.quote(&message));
    }
    if let Some(heard) = heard {
        finding = finding.evidence(SERVICES, "event", "events[].message", checks.scene.quote(heard.message));
    }
    let service = checks.scene.service;
    let cluster = checks.scene.facts.cluster();
    let binding = group.binding;
    let container = binding.and_then(|binding| binding.container.as_deref()).unwrap_or("CONTAINER");
    let port = binding.and_then(|binding| binding.container_port).map_or("PORT".to_owned(), |port| port.to_string());
    let change = format!("targetGroupArn=NEW_TARGET_GROUP_ARN,containerName={container},containerPort={port}");
    Some(
        finding.fix(
            Fix::new("Create a target group, let a listener forward to it, and point the service at it")
                .aws(update(cluster.as_str(), &service.name, &["--load-balancers", &change]))
                .terraform(format!(
                    "aws_ecs_service.{} → load_balancer {{ target_group_arn = … }}",
                    label(&service.name)
                )),
        ),
    )
}

fn register_failed(checks: &Checks<'_, '_>) -> Option<Finding> {
    let group = checks.group;
    let (heard, error) = checks.scene.events.iter().find_map(|heard| match &heard.event {
        Event::TargetGroupError { operation: "register targets", target_group, error }
            if group_name(target_group) == group.name() =>
        {
            Some((heard, *error))
        }
        _ => None,
    })?;
    if !checks.is_short() {
        return None;
    }
    let said = checks.scene.quote(error);
    let summary = if error.contains("VPC") {
        "Use a target group in the VPC of the tasks"
    } else if error.contains("AccessDenied") || error.contains("not authorized") {
        "Give the service-linked role AWSServiceRoleForECS, or the role of the service, elasticloadbalancing:RegisterTargets"
    } else if error.contains("TooMany") {
        "Ask for a higher quota of targets, or run fewer tasks"
    } else if error.contains("type") || error.contains("not valid IP") || error.contains("not a valid") {
        "Use a target group of the type that fits the network mode: ip for awsvpc, instance for bridge and host"
    } else {
        "Mend what AWS's error names"
    };
    Some(
        Finding::new(
            &REGISTER_FAILED,
            Confidence::Certain,
            format!("ECS cannot register targets in {}: {said}", group.name()),
        )
        .scope(group_scope(group))
        .short("targets cannot be registered")
        .explain(format!(
            "RegisterTargets fails for target group {}, so new tasks get neither health checks nor traffic. AWS says: {said}",
            group.name()
        ))
        .evidence(SERVICES, "event", "events[].message", checks.scene.quote(heard.message))
        .fix(Fix::new(summary)),
    )
}

fn not_found(checks: &Checks<'_, '_>) -> Option<Finding> {
    let (scene, group) = (checks.scene, checks.group);
    let kind = checks.settings().and_then(|settings| settings.target_type.as_deref());
    let by_address = match kind {
        Some("ip") => true,
        Some("instance") => false,
        _ => return None,
    };
    if group.targets.known().is_none() || !is_rolling(scene.service) {
        return None;
    }
    let primary = scene.primary?;
    // With a fresh binding, tasks of older deployments are registered elsewhere.
    let lost = |task: &&&Task| {
        task.started_by.as_deref() == Some(primary.id.as_str())
            && task.last_status == "RUNNING"
            && has_place(task, by_address)
            && (!by_address || is_of_family(checks, task))
            && scene.since(task.started_at).is_some_and(|age| age > REGISTERED)
    };
    let tasks: Vec<&Task> = group.without_target.iter().filter(lost).copied().collect();
    let heard = scene.events.iter().find(|heard| {
        matches!(&heard.event, Event::TargetMissing { target_group, whole_group: false } if group_name(target_group) == group.name())
    });
    if tasks.is_empty() && (heard.is_none() || !checks.is_short()) {
        return None;
    }
    let count = tasks.len();
    let title = match count {
        0 => format!("A task was not found in target group {}", group.name()),
        1 => format!("1 running task is not registered in target group {}", group.name()),
        _ => format!("{count} running tasks are not registered in target group {}", group.name()),
    };
    let mut finding = Finding::new(&NOT_FOUND, Confidence::High, title)
        .scope(Scope {
            tasks: tasks.iter().take(20).map(|task| task.arn.name().to_owned()).collect(),
            ..group_scope(group)
        })
        .short("running task is not in the target group")
        .explain(
            "ECS registers every task when it starts. These run for minutes and are not in the target group: somebody or \
             something deregistered them, by hand, by other automation, or because two services share the group.",
        );
    for task in tasks.iter().take(3) {
        let address = task
            .interface
            .as_ref()
            .and_then(|interface| interface.private_ipv4.as_deref().or(interface.ipv6.as_deref()))
            .unwrap_or("absent");
        finding = finding.evidence(TASKS, format!("task {}", task.arn.short_id()), "privateIPv4Address", address);
        finding = finding.evidence(TARGET_HEALTH, subject(group), format!("target {address}"), "absent");
    }
    if let Some(heard) = heard {
        finding = finding.evidence(SERVICES, "event", "events[].message", scene.quote(heard.message));
    }
    let cluster = scene.facts.cluster();
    let mut fix = Fix::new("Stop the task and let ECS replace it; look for DeregisterTargets in CloudTrail");
    if let Some(task) = tasks.first() {
        fix = fix.aws(["ecs", "stop-task", "--cluster", cluster.as_str(), "--task", task.arn.name()]);
    }
    Some(finding.fix(fix))
}

/// Whether the task has an address of the group's family.
fn is_of_family(checks: &Checks<'_, '_>, task: &Task) -> bool {
    let six = checks.settings().and_then(|settings| settings.address_type.as_deref()) == Some("ipv6");
    task.interface.as_ref().is_some_and(
        |interface| {
            if six { interface.ipv6.is_some() } else { interface.private_ipv4.is_some() }
        },
    )
}

fn type_vs_mode(checks: &Checks<'_, '_>) -> Option<Finding> {
    let definition = checks.scene.definition()?;
    let mode = definition.network_mode.as_deref()?;
    let kind = checks.settings()?.target_type.as_deref()?;
    let wanted = match (mode, kind) {
        ("awsvpc", "instance") => "ip",
        ("bridge" | "host", "ip") => "instance",
        _ => return None,
    };
    if checks.healthy().any(|place| place.of_primary) {
        return None;
    }
    let name = checks.group.name();
    Some(
        Finding::new(
            &TYPE_VS_MODE,
            Confidence::Certain,
            format!("Target group {name} has type {kind}, tasks with network mode {mode} need type {wanted}"),
        )
        .scope(Scope { task_definition: Some(definition.arn.name().to_owned()), ..group_scope(checks.group) })
        .short(format!("target group of type {kind}, {mode} needs {wanted}"))
        .explain(format!(
            "Tasks of {} have network mode {mode}, for which ECS can only register targets in a group of type {wanted}. {name} has \
             type {kind}, and that cannot be changed.",
            definition.arn.name()
        ))
        .evidence(DEFINITIONS, definition.arn.name(), "networkMode", mode)
        .evidence(TARGET_GROUPS, subject(checks.group), "TargetType", kind)
        .fix(
            Fix::new(format!("Create a target group of type {wanted}, and move listener and service to it"))
                .terraform(format!("aws_lb_target_group.{} → target_type = \"{wanted}\" (replaces the group)", label(name))),
        ),
    )
}

/// Bindings of the service its task definition knows nothing of.
pub(super) fn bindings(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let Some(definition) = scene.definition() else { return };
    for binding in &scene.service.load_balancers {
        let Some(name) = binding.container.as_deref() else { continue };
        let Some(port) = binding.container_port else { continue };
        let container = definition.containers.iter().find(|container| container.name == name);
        let lacks = match container {
            None => format!("has no container {name}"),
            // A range of ports has no single one.
            Some(container) if container.ports.iter().any(|mapping| mapping.container_port.is_none()) => continue,
            Some(container) if container.ports.iter().any(|mapping| mapping.container_port == Some(port)) => continue,
            Some(_) => format!("does not map port {port} of container {name}"),
        };
        findings.push(unbound(scene, binding, definition.arn.name(), &lacks, name, port).evidence(
            DEFINITIONS,
            definition.arn.name(),
            "containerDefinitions[].portMappings[].containerPort",
            container.map_or_else(
                || "absent".to_owned(),
                |container| {
                    let ports = container.ports.iter().filter_map(|mapping| mapping.container_port);
                    let ports: Vec<String> = ports.map(|port| port.to_string()).collect();
                    if ports.is_empty() { "absent".to_owned() } else { ports.join(", ") }
                },
            ),
        ));
    }
}

fn unbound(
    scene: &Scene<'_>,
    binding: &LoadBalancerBinding,
    revision: &str,
    lacks: &str,
    name: &str,
    port: u16,
) -> Finding {
    let subject = format!("service {}", scene.service.name);
    Finding::new(&BINDING, Confidence::Certain, format!("The service registers {name}:{port}, but {revision} {lacks}"))
        .scope(Scope {
            task_definition: Some(revision.to_owned()),
            target_group: binding.target_group.as_ref().map(|group| group.as_str().to_owned()),
            containers: vec![name.to_owned()],
            ..Scope::default()
        })
        .short(format!("{name}:{port} is not in the task definition"))
        .explain(format!(
            "The load balancer settings of the service name container {name} and port {port}. {revision} {lacks}, so its tasks \
             cannot be registered."
        ))
        .evidence(SERVICES, &subject, "loadBalancers[].containerName", name)
        .evidence(SERVICES, &subject, "loadBalancers[].containerPort", port)
        .fix(
            Fix::new("Keep container name and port in the task definition, or change loadBalancers together with it")
                .terraform(format!(
                    "aws_ecs_service.{} → load_balancer {{ container_name, container_port }}",
                    label(&scene.service.name)
                )),
        )
}
