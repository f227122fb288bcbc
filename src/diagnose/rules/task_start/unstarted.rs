//! What definition and tasks tell without a failure: a role that is missing, containers that wait for each other, tasks that
//! are not up for long.

use jiff::SignedDuration;

use super::attempts::{Failures, with_definition};
use super::identity::needs_execution_role;
use super::resource::{DEPENDSON_DEADLOCK, TASKDEF_INCOMPATIBLE_COMPUTE, incompatible_fix};
use super::{EXECUTION_ROLE, START};
use crate::diagnose::catalogue::{Effect, Entry, Rank};
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::parse::start_failure::Cause;
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::rules::task_stop::batch::{
    Standing, TASKS, count_words, is_impaired, is_wanted, scope_of, subject, with_count,
};
use crate::diagnose::rules::task_stop::remedy::{describe_definition, in_definition};
use crate::diagnose::scene::Scene;
use crate::diagnose::stopped::spell;
use crate::model::task::{ContainerHealth, Task};

pub(super) static EXECUTION_ROLE_MISSING: Entry = Entry {
    id: "execution-role-missing",
    number: 101,
    rank: Rank::Blocker,
    title: "The task definition has no execution role, and needs one",
    meaning: "The task execution role is what the agent acts as to pull from ECR, read secrets and write logs. On \
        Fargate there is no instance whose role could serve instead. ECS refuses most such definitions when they are \
        registered.",
    decided: "`executionRoleArn` is absent, the definition needs it (secrets anywhere; on Fargate also images in ECR \
        and awslogs), and tasks of the deployment fail to start for want of permission, or none of them runs.",
    fix: "Register a revision with `executionRoleArn`.",
    sources: &[EXECUTION_ROLE],
    ..START
};

pub(super) static TASK_STUCK_PENDING: Entry = Entry {
    id: "task-stuck-pending",
    number: 112,
    severity: Severity::Warning,
    rank: Rank::Symptom,
    effect: Some(Effect::StartFailures),
    title: "Tasks have not been up for long",
    meaning: "Between creation and RUNNING a task passes PROVISIONING (interface, capacity), PENDING (pull, secrets, \
        containers waiting for each other) and ACTIVATING (load balancer, service discovery). The phase tells where it \
        hangs; a pull that began and has not ended is slow or blocked.",
    decided: "`lastStatus` is PROVISIONING, PENDING or ACTIVATING and the task was created more than 5 minutes ago.",
    fix: "PROVISIONING: capacity and subnets. PENDING: size of the image, way to the registry, dependsOn. ACTIVATING: \
        target group and service discovery.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html"],
    ..START
};

/// A start that takes longer is worth a word.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn find(scene: &Scene<'_>, failures: &[Failures<'_, '_>], findings: &mut Vec<Finding>) {
    if !is_wanted(scene) {
        return;
    }
    find_missing_role(scene, failures, findings);
    find_incompatible(scene, failures, findings);
    find_unmet_health(scene, failures, findings);
    find_stuck(scene, findings);
}

fn none_runs(scene: &Scene<'_>) -> bool {
    is_impaired(scene) && scene.primary.is_some_and(|primary| primary.running == 0)
}

fn on_fargate(scene: &Scene<'_>) -> bool {
    scene.service.launch_label().starts_with("FARGATE")
}

fn find_missing_role(scene: &Scene<'_>, failures: &[Failures<'_, '_>], findings: &mut Vec<Finding>) {
    let Some(definition) = scene.definition().filter(|definition| definition.execution_role.is_none()) else { return };
    let Some(needs) = needs_execution_role(definition, on_fargate(scene)) else { return };
    let concerns = |batch: &&Failures<'_, '_>| {
        let named = batch.failure.words.contains("execution role");
        let needs_it = matches!(batch.failure.class, StopClass::Secret | StopClass::ImagePull | StopClass::Logging);
        batch.standing == Standing::Present
            && (named || needs_it)
            && matches!(
                batch.failure.cause,
                Cause::Denied(_) | Cause::ImageDenied(_) | Cause::Other | Cause::Logging | Cause::ImageOther(_)
            )
    };
    let failing = failures.iter().find(concerns);
    // A failure that says something else is the cause; the role has not been needed yet.
    if failing.is_none() && !(none_runs(scene) && failures.is_empty()) {
        return;
    }
    let tasks: Vec<&Task> = failing.into_iter().flat_map(|batch| &batch.dead).map(|dead| dead.task).collect();
    let mut finding = Finding::new(
        &EXECUTION_ROLE_MISSING,
        Confidence::Certain,
        format!("{} has no execution role and needs one for {needs}", definition.arn.name()),
    )
    .short("task definition has no execution role")
    .explain(format!(
        "The agent has nobody to act as: {needs} in the definition can only be used with a task execution role, so no \
            task starts."
    ))
    .scope(scope_of(scene, &tasks, None));
    finding = with_definition(finding, definition, "executionRoleArn", "absent");
    if let Some(said) = failing.and_then(|batch| batch.said.first()) {
        finding = finding.evidence(said.source, &said.subject, &said.field, scene.quote(&said.text));
    }
    findings.push(
        finding.fix(
            Fix::new("Register a revision with an execution role")
                .aws(describe_definition(definition))
                .terraform(in_definition(Some(definition), "execution_role_arn")),
        ),
    );
}

fn find_incompatible(scene: &Scene<'_>, failures: &[Failures<'_, '_>], findings: &mut Vec<Finding>) {
    let said = failures.iter().any(|batch| batch.failure.cause == Cause::Incompatible);
    let Some(definition) = scene.definition().filter(|_| none_runs(scene) && !said) else { return };
    let Some(launch) = scene.service.launch_type.as_deref() else { return };
    let fits = &definition.requires_compatibilities;
    let attempted = failures.iter().any(|batch| !batch.dead.is_empty());
    if fits.is_empty() || fits.iter().any(|kind| kind == launch) || attempted {
        return;
    }
    findings.push(
        with_definition(
            Finding::new(
                &TASKDEF_INCOMPATIBLE_COMPUTE,
                Confidence::High,
                format!("{} is registered for {}, the service wants {launch}", definition.arn.name(), fits.join(", ")),
            )
            .short(format!("task definition does not fit {launch}")),
            definition,
            "requiresCompatibilities",
            &fits.join(", "),
        )
        .explain("A task definition only starts on launch types it was registered for.")
        .evidence("ecs:DescribeServices", format!("service {}", scene.service.name), "launchType", launch)
        .scope(scope_of(scene, &[], None))
        .fix(incompatible_fix(scene)),
    );
}

/// A container that waits for the health of one that has no health check, or that fails it.
fn find_unmet_health(scene: &Scene<'_>, failures: &[Failures<'_, '_>], findings: &mut Vec<Finding>) {
    let said = failures.iter().any(|batch| matches!(batch.failure.cause, Cause::Dependency { .. }));
    let Some(definition) = scene.definition().filter(|_| !said && none_runs(scene)) else { return };
    let waits = definition.containers.iter().flat_map(|container| {
        container
            .depends_on
            .iter()
            .filter(|(_, condition)| condition == "HEALTHY")
            .map(move |(on, _)| (&container.name, on))
    });
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    let pending: Vec<&Task> =
        tasks.iter().filter(|task| task.last_status == "PENDING" && task.task_definition == definition.arn).collect();
    for (waiting, on) in waits {
        let Some(container) = definition.containers.iter().find(|container| container.name == *on) else { continue };
        let unhealthy = pending
            .iter()
            .find(|task| task.containers.iter().any(|one| one.name == *on && one.health == ContainerHealth::Unhealthy));
        let without_check = container.health_check.is_none();
        if !without_check && unhealthy.is_none() {
            continue;
        }
        let why = if without_check { "has no health check" } else { "is unhealthy" };
        let mut finding = with_definition(
            Finding::new(
                &DEPENDSON_DEADLOCK,
                Confidence::Certain,
                format!("Container {waiting} waits until {on} is healthy, which {why}"),
            ),
            definition,
            "containerDefinitions.dependsOn",
            &format!("{waiting} waits for {on}: HEALTHY"),
        );
        finding = if without_check {
            with_definition(finding, definition, &format!("containerDefinitions[{on}].healthCheck"), "absent")
        } else {
            let task = unhealthy.map(|task| subject(task)).unwrap_or_default();
            finding.evidence(TASKS, task, format!("containers[{on}].healthStatus"), "UNHEALTHY")
        };
        findings.push(
            finding
                .short(format!("{waiting} waits for {on}, which {why}"))
                .explain(if without_check {
                    "Without a healthCheck in the task definition the container's health stays UNKNOWN for ever (a \
                        HEALTHCHECK in its image does not count), so the waiting container never starts."
                } else {
                    "The other container's own health check fails, so the waiting container never starts."
                })
                .scope(scope_of(scene, &pending, Some(waiting)))
                .fix(
                    Fix::new(format!("Give {on} a health check that passes, or let {waiting} wait for START only"))
                        .aws(describe_definition(definition))
                        .terraform(in_definition(Some(definition), "container_definitions (healthCheck, dependsOn)")),
                ),
        );
    }
}

fn find_stuck(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    for phase in ["PROVISIONING", "PENDING", "ACTIVATING"] {
        let mut stuck: Vec<&Task> = tasks
            .iter()
            .filter(|task| !task.is_stopped() && task.last_status == phase)
            .filter(|task| scene.since(task.created_at).is_some_and(|age| age > PATIENCE))
            .collect();
        stuck.sort_by_key(|task| task.created_at);
        let Some(oldest) = stuck.first() else { continue };
        let age = scene.since(oldest.created_at).map(spell).unwrap_or_default();
        let pulling = oldest.pull_started_at.is_some() && oldest.pull_stopped_at.is_none();
        let (doing, explanation) = match phase {
            "PROVISIONING" => (
                "waiting for a network interface or capacity",
                "In this phase ECS makes the network interface, or waits for a capacity provider to bring a host.",
            ),
            "PENDING" if pulling => (
                "pulling its image",
                "The pull has begun and not ended: the image is large, the disk slow, or the way to the registry is \
                    blocked.",
            ),
            "PENDING" => (
                "preparing its containers",
                "In this phase the agent pulls images, fetches secrets and starts containers in the order of \
                    dependsOn.",
            ),
            _ => (
                "being registered",
                "The containers run; the task waits to be registered with load balancer or service discovery.",
            ),
        };
        let mut finding = Finding::new(
            &TASK_STUCK_PENDING,
            Confidence::High,
            format!("A task has been {phase} for {age}, {doing}{}", count_words(stuck.len())),
        )
        .short(format!("task {phase} for {age}"))
        .explain(explanation)
        .scope(scope_of(scene, &stuck, None))
        .evidence(TASKS, subject(oldest), "lastStatus", phase);
        if let Some(at) = oldest.created_at {
            finding = finding.evidence(TASKS, subject(oldest), "createdAt", at);
        }
        if let Some(at) = oldest.pull_started_at.filter(|_| pulling) {
            finding = finding.evidence(TASKS, subject(oldest), "pullStartedAt", at).evidence(
                TASKS,
                subject(oldest),
                "pullStoppedAt",
                "absent",
            );
        }
        findings.push(with_count(scene, finding, &format!("tasks {phase} for more than 5 min"), &stuck));
    }
}
