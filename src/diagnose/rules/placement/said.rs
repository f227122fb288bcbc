//! What AWS says about placing tasks: in events, and in the stop reasons of tasks that waited in vain.

use super::entries::{
    AGENT, ATTRIBUTE_MISSING, BACKOFF, CONSTRAINT, ENI_LIMIT, FARGATE_CAPACITY, GPU, INSUFFICIENT_CPU,
    INSUFFICIENT_MEMORY, LOCATION, NO_INSTANCES, PORT_CONFLICT, PROVISIONING_LIMIT, REBALANCE, SIZE_LIMIT, TASK_QUOTA,
    THROTTLED, UNSUPPORTED_ZONE, VCPU_QUOTA,
};
use super::{hosts, of_primary};
use crate::diagnose::catalogue::Entry;
use crate::diagnose::finding::{Confidence, Finding, Fix};
use crate::diagnose::parse::events::{Event, Lacking};
use crate::diagnose::parse::start_failure::{Cause, start_failure};
use crate::diagnose::scene::{Heard, Scene};

/// Words of AWS by which a reason is recognised, in order: the first that occurs decides.
const WORDS: &[(&str, &Entry)] = &[
    ("RESOURCE:CPU", &INSUFFICIENT_CPU),
    ("RESOURCE:MEMORY", &INSUFFICIENT_MEMORY),
    ("RESOURCE:PORTS", &PORT_CONFLICT),
    ("RESOURCE:ENI", &ENI_LIMIT),
    ("ENI attachment point", &ENI_LIMIT),
    ("RESOURCE:GPU", &GPU),
    ("No Container Instances were found", &NO_INSTANCES),
    ("EMPTY CAPACITY PROVIDER", &NO_INSTANCES),
    ("NO ACTIVE INSTANCES", &NO_INSTANCES),
    ("Capacity is unavailable at this time", &FARGATE_CAPACITY),
    ("limit on the number of vCPUs", &VCPU_QUOTA),
    ("limit on the number of tasks", &TASK_QUOTA),
    ("configuration is above your limit", &SIZE_LIMIT),
    ("placement constraint", &CONSTRAINT),
    ("distinctInstance", &CONSTRAINT),
    ("LOCATION", &LOCATION),
    ("ATTRIBUTE", &ATTRIBUTE_MISSING),
    ("AGENT", &AGENT),
];

/// A text about placement.
struct Said<'a> {
    source: &'static str,
    field: &'static str,
    text: &'a str,
    entry: &'static Entry,
}

pub(super) fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let mut heard: Vec<Said<'_>> = Vec::new();
    let events = scene.events.iter().filter_map(|heard| {
        let entry = of_event(scene, heard)?;
        Some(Said { source: "ecs:DescribeServices", field: "events[].message", text: heard.message, entry })
    });
    let stops = scene.deaths_of_primary().filter_map(|dead| {
        let text = dead.task.stopped_reason.as_deref()?;
        let rejected = dead.task.started_at.is_none()
            && start_failure(text).is_some_and(|failure| failure.cause == Cause::Placement);
        let entry = by_words(text.strip_prefix("TaskFailedToStart: ").unwrap_or(text)).filter(|_| rejected)?;
        Some(Said { source: "ecs:DescribeTasks", field: "stoppedReason", text, entry })
    });
    for said in events.chain(stops) {
        if !heard.iter().any(|known| known.entry == said.entry) {
            heard.push(said);
        }
    }
    findings.extend(heard.into_iter().map(|said| finding(scene, &said)));
}

fn by_words(reason: &str) -> Option<&'static Entry> {
    WORDS.iter().find(|(words, _)| reason.contains(words)).map(|(_, entry)| *entry)
}

fn of_event(scene: &Scene<'_>, heard: &Heard<'_>) -> Option<&'static Entry> {
    match &heard.event {
        Event::NoInstance { lacking: Some(lacking), reason } => match lacking {
            Lacking::Cpu => Some(&INSUFFICIENT_CPU),
            Lacking::Memory => Some(&INSUFFICIENT_MEMORY),
            Lacking::Port => Some(&PORT_CONFLICT),
            Lacking::Attribute => Some(&ATTRIBUTE_MISSING),
            Lacking::Error(error) => by_words(error).or_else(|| by_words((*reason)?)),
        },
        Event::NoInstance { reason: Some(reason), lacking: None } => by_words(reason),
        Event::NotPlaced { reason } => by_words(reason).or_else(|| {
            let on_fargate = scene.service.launch_label().contains("FARGATE");
            (on_fargate && reason.starts_with("Internal error")).then_some(&UNSUPPORTED_ZONE)
        }),
        Event::NotLaunched { .. } | Event::LaunchError { .. } => by_words(heard.message),
        Event::ProvisioningLimit => Some(&PROVISIONING_LIMIT),
        Event::Throttled { .. } => Some(&THROTTLED),
        Event::AgentTimeout => Some(&AGENT),
        Event::Impaired => {
            let short = scene.primary.is_some_and(|primary| primary.running < scene.service.desired);
            short.then_some(&BACKOFF)
        }
        _ => None,
    }
}

fn finding(scene: &Scene<'_>, said: &Said<'_>) -> Finding {
    let confidence = if *said.entry == UNSUPPORTED_ZONE { Confidence::Medium } else { Confidence::Certain };
    let details = hosts::details(scene, said.entry);
    let title = details.title.unwrap_or_else(|| said.entry.title.to_owned());
    let finding = Finding::new(said.entry, confidence, title)
        .explain(said.entry.meaning)
        .scope(of_primary(scene))
        .evidence(said.source, &scene.service.name, said.field, scene.quote(said.text));
    let finding = details
        .evidence
        .into_iter()
        .fold(finding, |finding, (source, subject, field, value)| finding.evidence(source, subject, field, value));
    finding.fix(fix(scene, said.entry))
}

/// What to do about it.
pub(super) fn fix(scene: &Scene<'_>, entry: &Entry) -> Fix {
    let (cluster, service) = (scene.facts.cluster(), scene.service.name.as_str());
    let update = |more: &[&str]| -> Vec<String> {
        let words = ["ecs", "update-service", "--cluster", cluster.as_str(), "--service", service];
        words.iter().chain(more).map(|word| (*word).to_owned()).collect()
    };
    let fix = Fix::new(entry.fix);
    match entry.id {
        "placement-port-conflict" => {
            let lower = "minimumHealthyPercent=50,maximumPercent=200";
            Fix::new("Let the host port be chosen (hostPort 0), add an instance, or let an old task stop first")
                .aws(update(&["--deployment-configuration", lower]))
                .terraform("aws_ecs_service → deployment_minimum_healthy_percent = 50")
        }
        "placement-eni-limit" => Fix::new("Give instances more network interfaces, then launch them anew").aws([
            "ecs",
            "put-account-setting",
            "--name",
            "awsvpcTrunking",
            "--value",
            "enabled",
        ]),
        "start-throttled-backoff" => Fix::new("Remove the cause, then force a new deployment, which ends the pause")
            .aws(update(&["--force-new-deployment"])),
        "fargate-capacity-unavailable" => {
            let strategy = ["capacityProvider=FARGATE,base=1,weight=1", "capacityProvider=FARGATE_SPOT,weight=3"];
            let mut more = vec!["--capacity-provider-strategy"];
            more.extend(strategy);
            more.push("--force-new-deployment");
            if scene.service.launch_label().contains("FARGATE_SPOT") {
                Fix::new("Let a part of the tasks run on FARGATE, or add subnets in other zones").aws(update(&more))
            } else {
                fix
            }
        }
        "fargate-vcpu-quota" | "fargate-task-quota" => {
            fix.aws(["service-quotas", "list-service-quotas", "--service-code", "fargate"])
        }
        _ => fix,
    }
}

/// Whether balancing over zones is blocked, by the newest event about it.
pub(super) fn about_zones(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let about = |heard: &&Heard<'_>| matches!(heard.event, Event::Rebalancing { .. } | Event::NotPlacedInZone { .. });
    let Some(newest) = scene.events.iter().find(about) else { return };
    let blocked = match &newest.event {
        Event::Rebalancing { blocked } => blocked.is_some(),
        _ => true,
    };
    if blocked {
        let finding = Finding::new(&REBALANCE, Confidence::Certain, REBALANCE.title)
            .explain(format!("AWS says: {}", scene.quote(newest.message)))
            .evidence("ecs:DescribeServices", &scene.service.name, "events[].message", scene.quote(newest.message))
            .fix(Fix::new(REBALANCE.fix));
        findings.push(finding);
    }
}
