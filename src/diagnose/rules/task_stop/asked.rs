//! Tasks that were asked to stop: by ECS for scaling and deployments, by AWS for its hosts, by a person. Exit codes of such
//! tasks come from the stop.

use super::batch::{
    DEFINITION, RECENT, RETAINED, SERVICES, TASKS, count_words, is_wanted, scope_of, subject, tasks_of, with_count,
    with_stop,
};
use super::ends::{Batch, End};
use super::remedy::{in_definition, label, update_service};
use super::{ECS_STV, NOTE};
use crate::diagnose::catalogue::{Bearing, Effect, Entry};
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::parse::exit_code::{Kill, kill};
use crate::diagnose::scene::{Dead, Scene};
use crate::diagnose::stopped::spell;
use crate::model::task::Task;
use jiff::SignedDuration;

pub(super) static SIGTERM_IGNORED: Entry = Entry {
    id: "sigterm-ignored",
    number: 136,
    bearing: Bearing::Hygiene,
    title: "The application does not stop when asked to",
    meaning: "ECS asks containers to stop with SIGTERM and kills them after `stopTimeout` (30 s unless set; on Fargate \
        at most 120). This one did not obey in time, so it ended with 137. Nothing is broken, but every deployment \
        takes longer and connections are cut. Often a shell as the first process swallows the signal.",
    decided: "The task was asked to stop by ECS or a person, the container has exit code 137, and executionStoppedAt - \
        stoppingAt is at least the stop timeout.",
    fix: "Handle SIGTERM; start the process with `exec` or the exec form of ENTRYPOINT; \
        `linuxParameters.initProcessEnabled = true`; raise `stopTimeout` if the work to finish takes longer.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"],
    ..NOTE
};

pub(super) static SPOT_INTERRUPTED: Entry = Entry {
    id: "spot-interrupted",
    number: 140,
    severity: Severity::Warning,
    explains: &[Effect::FewTasks],
    title: "Spot capacity was reclaimed",
    meaning: "AWS took back Spot capacity with two minutes' notice. That is part of using Spot; it is a warning only \
        while tasks are missing for it.",
    decided: "`stopCode` is `SpotInterruption`, or `stoppedReason` says `Your Spot Task was interrupted.`. Warning: \
        within the last 15 minutes, and fewer tasks run than desired.",
    fix: "Keep a base on regular capacity: `--capacity-provider-strategy capacityProvider=FARGATE,base=1,weight=1 \
          capacityProvider=FARGATE_SPOT,weight=3 --force-new-deployment`.",
    sources: &[ECS_STV, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html"],
    ..NOTE
};

pub(super) static FARGATE_TASK_RETIREMENT: Entry = Entry {
    id: "fargate-task-retirement",
    number: 141,
    title: "AWS replaced tasks to maintain the hosts below them",
    meaning: "Fargate retires tasks when their hosts have to be patched. The service starts others; nothing has to be \
        done.",
    decided: "`stoppedReason` says `ECS is performing maintenance on the underlying infrastructure hosting the task`.",
    fix: "Nothing. Announcements come by AWS Health; the account setting fargateTaskRetirementWaitPeriod decides how \
        soon.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-maintenance.html"],
    ..NOTE
};

pub(super) static HOST_TERMINATED: Entry = Entry {
    id: "host-terminated",
    number: 142,
    severity: Severity::Warning,
    explains: &[Effect::FewTasks],
    title: "The EC2 instance below a task went away",
    meaning: "The instance was stopped, terminated or deregistered while it ran tasks. The Auto Scaling group may have \
        scaled in or found it unhealthy, Spot capacity may have been reclaimed, or somebody did it.",
    decided: "`stoppedReason` says `Host EC2 (instance …) terminated` or `stopped`, or that deregistration was forced; \
        or `stopCode` is `TerminationNotice`.",
    fix: "Look at the activities of the Auto Scaling group; managed termination protection and managed draining of the \
        capacity provider keep busy instances.",
    sources: &[ECS_STV, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instance-draining.html"],
    ..NOTE
};

pub(super) static INSTANCE_DRAIN_STOP: Entry = Entry {
    id: "instance-drain-stop",
    number: 143,
    title: "Tasks moved off a container instance that is being drained",
    meaning: "Somebody, or a capacity provider that scales in, set the instance to DRAINING; ECS stops its tasks and \
        starts others elsewhere. Nothing has to be done.",
    decided: "`stoppedReason` says that the container instance is in DRAINING state.",
    fix: "Nothing has to be done.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html"],
    ..NOTE
};

pub(super) static USER_STOPPED: Entry = Entry {
    id: "user-stopped",
    number: 144,
    title: "Somebody stopped tasks",
    meaning: "A person or a program called StopTask. The text is what they wrote; ECS starts other tasks for a \
        service.",
    decided: "`stopCode` is `UserInitiated`, or `stoppedReason` begins with `Task stopped by user`.",
    fix: "Nothing; CloudTrail (StopTask) tells who.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"],
    ..NOTE
};

pub(super) static SCALING_ACTIVITY_STOP: Entry = Entry {
    id: "scaling-activity-stop",
    number: 145,
    title: "Tasks were stopped by scaling in or by a deployment",
    meaning: "ECS stopped the tasks because fewer were wanted or because a deployment replaced them. That is never a \
        failure, whatever exit codes their containers have.",
    decided: "`stoppedReason` begins with `Scaling activity initiated by`.",
    fix: "Nothing has to be done.",
    sources: &[ECS_STV],
    ..NOTE
};

pub(super) static INFRASTRUCTURE_HEALTH_STOP: Entry = Entry {
    id: "infrastructure-health-stop",
    number: 146,
    severity: Severity::Warning,
    explains: &[Effect::FewTasks],
    title: "AWS replaced infrastructure it found unhealthy",
    meaning: "The host below the task was impaired and ECS replaced it, tasks included. The service starts others.",
    decided: "`stopCode` is `InfrastructureHealth`.",
    fix: "Nothing for the service; `aws ecs describe-container-instances --include CONTAINER_INSTANCE_HEALTH` tells \
        what was impaired.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-health.html"],
    ..NOTE
};

pub(super) fn find(scene: &Scene<'_>, ends: &[Batch<'_, '_>], findings: &mut Vec<Finding>) {
    // Of which deployment they were does not matter for a note: all of one kind are one.
    let ends_of = |wanted: &End| -> Vec<&Dead<'_>> {
        let batches = ends.iter().filter(|batch| batch.end == *wanted);
        let fresh = |dead: &&Dead<'_>| scene.since(dead.at).is_none_or(|age| age <= RETAINED);
        let mut dead: Vec<&Dead<'_>> = batches.flat_map(|batch| batch.dead.iter().copied()).filter(fresh).collect();
        dead.sort_by_key(|dead| std::cmp::Reverse(dead.at));
        dead
    };
    for (end, entry, words) in [
        (End::Spot, &SPOT_INTERRUPTED, "Spot capacity was reclaimed"),
        (End::Retired, &FARGATE_TASK_RETIREMENT, "AWS replaced tasks for maintenance"),
        (End::HostGone, &HOST_TERMINATED, "The host of a task went away"),
        (End::Drained, &INSTANCE_DRAIN_STOP, "Tasks moved off a draining container instance"),
        (End::User, &USER_STOPPED, "Somebody stopped tasks"),
        (End::Scaled, &SCALING_ACTIVITY_STOP, "Tasks were stopped by scaling in or by a deployment"),
        (End::Infrastructure, &INFRASTRUCTURE_HEALTH_STOP, "AWS replaced unhealthy infrastructure"),
    ] {
        let dead = ends_of(&end);
        if let Some(finding) = note(scene, entry, words, &end, &dead) {
            findings.push(finding);
        }
    }
    find_ignored_sigterm(scene, findings);
}

fn note<'a>(scene: &Scene<'a>, entry: &'static Entry, words: &str, end: &End, dead: &[&Dead<'a>]) -> Option<Finding> {
    let newest = dead.first()?;
    let tasks = tasks_of(dead);
    let confidence = if *end == End::Infrastructure { Confidence::Medium } else { Confidence::Certain };
    let mut finding = Finding::new(entry, confidence, format!("{words}{}", count_words(dead.len())))
        .severity(Severity::Info)
        .scope(scope_of(scene, &tasks, None))
        .explain(match end {
            End::User => "What was written is the text of whoever stopped them, not AWS's. ECS starts other tasks.",
            End::Spot => {
                "AWS takes Spot capacity back with two minutes' notice; ECS starts other tasks as soon as \
                there is capacity."
            }
            End::HostGone | End::Infrastructure => {
                "The tasks did nothing wrong; what was below them went away, and \
                ECS starts others."
            }
            _ => "This is part of normal operation, whatever exit codes the containers have. Nothing has to be done.",
        });
    finding = with_stop(scene, finding, newest.task);
    if let (Some(name), Some(code)) = (newest.death.container.as_deref(), newest.death.exit_code) {
        finding = finding.evidence(TASKS, subject(newest.task), format!("containers[{name}].exitCode"), code);
    }
    finding = with_count(scene, finding, "stopped tasks with this reason", &tasks);
    let service = scene.service;
    let short_of = is_wanted(scene) && service.running < service.desired;
    let lately = scene.since(newest.at).is_some_and(|age| age <= RECENT);
    if matches!(end, End::Spot | End::HostGone | End::Infrastructure) && short_of && lately {
        finding = finding
            .severity(Severity::Warning)
            .bearing(Bearing::Present)
            .short(words)
            .evidence(SERVICES, format!("service {}", service.name), "runningCount", service.running)
            .evidence(SERVICES, format!("service {}", service.name), "desiredCount", service.desired);
    }
    if *end == End::Spot {
        let more = [
            "--capacity-provider-strategy",
            "capacityProvider=FARGATE,base=1,weight=1",
            "capacityProvider=FARGATE_SPOT,weight=3",
            "--force-new-deployment",
        ];
        let attribute = format!(
            "aws_ecs_service.{} → capacity_provider_strategy {{ capacity_provider = \"FARGATE\", base = 1 }}",
            label(&service.name)
        );
        finding = finding.fix(
            Fix::new("Keep a base of tasks on regular capacity").aws(update_service(scene, &more)).terraform(attribute),
        );
    }
    Some(finding)
}

/// Containers that were asked to stop and had to be killed.
fn find_ignored_sigterm(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let mut found: Vec<(&str, SignedDuration, Vec<&Task>, &Dead<'_>)> = Vec::new();
    for dead in scene.dead.iter().filter(|dead| scene.since(dead.at).is_none_or(|age| age <= RETAINED)) {
        for container in dead.task.containers.iter().filter(|container| container.exit_code == Some(137)) {
            let of_task = dead
                .definition
                .and_then(|definition| definition.containers.iter().find(|one| one.name == container.name));
            let timeout = of_task.and_then(|container| container.stop_timeout_seconds);
            let timeout = timeout.map(|seconds| SignedDuration::from_secs(i64::from(seconds)));
            let Kill::IgnoredSigterm { after } = kill(dead.task, container, timeout, |_| true) else { continue };
            match found.iter_mut().find(|(name, ..)| *name == container.name) {
                Some((_, _, tasks, _)) => tasks.push(dead.task),
                None => found.push((&container.name, after, vec![dead.task], dead)),
            }
        }
    }
    for (name, after, tasks, newest) in found {
        let timeout = newest
            .definition
            .and_then(|definition| definition.containers.iter().find(|one| one.name == name))
            .and_then(|container| container.stop_timeout_seconds);
        let timeout = timeout.map_or_else(|| "absent".to_owned(), |seconds| seconds.to_string());
        let finding = Finding::new(
            &SIGTERM_IGNORED,
            Confidence::Certain,
            format!(
                "{name} did not stop within {} of being asked, and was \
                killed{}",
                spell(after),
                count_words(tasks.len())
            ),
        )
        .short(format!("{name} ignores SIGTERM"))
        .explain(
            "Its exit code 137 comes from that and says nothing about memory. Stops take longer and connections \
            are cut.",
        )
        .scope(scope_of(scene, &tasks, Some(name)))
        .evidence(TASKS, subject(newest.task), format!("containers[{name}].exitCode"), 137)
        .evidence(
            TASKS,
            subject(newest.task),
            "derived: seconds from stoppingAt to \
            executionStoppedAt",
            after.as_secs(),
        )
        .evidence(
            DEFINITION,
            newest.task.task_definition.name(),
            format!("containerDefinitions[{name}].stopTimeout"),
            timeout,
        );
        findings.push(
            with_stop(scene, finding, newest.task).fix(
                Fix::new(
                    "Handle SIGTERM; use the exec form of ENTRYPOINT, or initProcessEnabled, so that the signal \
                    arrives",
                )
                .terraform(in_definition(
                    newest.definition,
                    "container_definitions \
                        (linuxParameters.initProcessEnabled)",
                )),
            ),
        );
    }
}
