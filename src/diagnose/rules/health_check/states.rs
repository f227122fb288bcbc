//! States of targets that speak for themselves, and what can be said about a group as a whole (catalogue 30 to 34, 37 to 41,
//! 44, 48 and 49).

use std::collections::{BTreeMap, BTreeSet};

use super::failing::Checks;
use super::pages::states::{
    ANOMALY, DRAINING, EMPTY_ZONE, FAIL_OPEN, GROUP_HEALTH, HAIRPIN, INSTANCE_STATE, INTERNAL, IP_UNUSABLE, ORPHANS,
    SHARED, SLOW_DRAINING, ZONAL_SHIFT,
};
use super::report::{ATTRIBUTES, BALANCERS, LOGS, Lot, SERVICES, TARGET_HEALTH, label};
use crate::diagnose::catalogue::{Bearing, Entry};
use crate::diagnose::deployment::{in_progress, is_rolling};
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope};
use crate::diagnose::scene::Place;
use crate::diagnose::target_health::Standing;
use crate::model::load_balancing::{LoadBalancerKind, TargetState};

/// Deregistration delay where the attribute is not set.
const DEFAULT_DELAY: i64 = 300;

/// Looks at states and attributes.
pub(super) fn find(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    by_reason(checks, findings);
    draining(checks, findings);
    anomalies(checks, findings);
    findings.extend(zonal_shift(checks));
    findings.extend(group_health(checks));
    findings.extend(empty_zone(checks));
    findings.extend(hairpin(checks));
    findings.extend(orphans(checks));
    findings.extend(shared(checks));
    findings.extend(fail_open(checks));
}

fn subject(checks: &Checks<'_, '_>) -> String {
    format!("target group {}", checks.group.name())
}

fn group_scope(checks: &Checks<'_, '_>) -> Scope {
    Scope { target_group: Some(checks.group.arn.as_str().to_owned()), ..Scope::default() }
}

/// Reasons that leave nothing to find out: the reason, its finding, title, explanation and fix.
const REASONS: &[(&str, &Entry, &str, &str, &str)] = &[
    (
        "Target.IpUnusable",
        &IP_UNUSABLE,
        "A target has an address that belongs to a load balancer",
        "An address a load balancer uses itself cannot be a target, so it is neither checked nor given traffic.",
        "Deregister the target, and look for somebody who registers addresses by hand",
    ),
    (
        "Target.InvalidState",
        &INSTANCE_STATE,
        "The EC2 instance of a target is stopped or terminated",
        "The target is still listed, but its instance is gone or stopped, and the task on it with it.",
        "See what happened to the instance, and drain container instances before they are stopped",
    ),
    (
        "Elb.InternalError",
        &INTERNAL,
        "The load balancer cannot check targets because of an internal error",
        "The health checks themselves fail inside AWS; nothing in this configuration causes it.",
        "See the AWS Health dashboard and ask AWS support; do not change the configuration",
    ),
];

fn by_reason(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    let settled = checks.interval().map(|interval| 3 * interval);
    for (reason, entry, title, explanation, fix) in REASONS {
        let persists = |place: &Place<'_>| {
            let age = checks.scene.since(place.task.and_then(|task| task.started_at));
            entry.number != 32 || settled.zip(age).is_none_or(|(settled, age)| age.as_secs() > settled)
        };
        let lot = Lot::of(
            checks
                .own
                .iter()
                .chain(&checks.strangers)
                .copied()
                .filter(|place| place.target.reason.as_deref() == Some(*reason) && persists(place))
                .collect(),
        );
        if !lot.is_empty() {
            let finding = checks.finding(entry, Confidence::Certain, &lot, title).explain(explanation);
            findings.push(finding.fix(Fix::new(fix)));
        }
    }
}

fn delay(checks: &Checks<'_, '_>) -> Option<i64> {
    let attributes = checks.group.attributes.known()?;
    let told = attributes.get("deregistration_delay.timeout_seconds").and_then(|value| value.parse().ok());
    Some(told.unwrap_or(DEFAULT_DELAY))
}

fn draining(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    let delay = delay(checks);
    let normal = |place: &&Place<'_>| {
        let age = checks.scene.since(place.task.and_then(|task| task.stopping_at));
        place.target.state == TargetState::Draining
            && age.is_none_or(|age| age.as_secs() < delay.unwrap_or(DEFAULT_DELAY) + 60)
    };
    let lot = Lot::of(checks.group.places.iter().filter(normal).collect());
    if lot.is_empty() {
        return;
    }
    if let Some(finding) = slow_draining(checks, &lot) {
        findings.push(finding);
    }
    let count = lot.places.len();
    let title = if count == 1 {
        "1 target is being deregistered".to_owned()
    } else {
        format!("{count} targets are being deregistered")
    };
    let mut finding = checks.finding(&DRAINING, Confidence::High, &lot, title).short("old targets drain").explain(
        "Targets on their way out finish their open connections. That is part of every deployment and scale-in, and says \
         nothing about their health.",
    );
    // The tally speaks of targets that stay.
    finding.evidence.retain(|evidence| !evidence.field.starts_with("derived"));
    if let Some(delay) = delay {
        finding = finding.evidence(ATTRIBUTES, subject(checks), "deregistration_delay.timeout_seconds", delay);
    }
    findings.push(finding);
}

fn slow_draining(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> Option<Finding> {
    let service = checks.scene.service;
    let delay = delay(checks)?;
    let primary = checks.scene.primary?;
    let ready = primary.running >= service.desired
        && primary.pending == 0
        && checks.own.iter().all(|place| !place.of_primary || place.standing == Standing::Fine);
    let sticky = checks.group.attribute("stickiness.enabled") == Some("true");
    if !is_rolling(service) || !in_progress(service) || !ready || sticky || delay < DEFAULT_DELAY {
        return None;
    }
    let finding = checks
        .finding(
            &SLOW_DRAINING,
            Confidence::Certain,
            lot,
            format!("The deployment only waits for old targets, each for up to {delay} s"),
        )
        .short(format!("waits {delay} s for old targets to drain"))
        .explain(format!(
            "All tasks of the new revision run and are healthy. Every old task waits for the deregistration delay of {delay} s \
             before it stops."
        ))
        .evidence(ATTRIBUTES, subject(checks), "deregistration_delay.timeout_seconds", delay);
    Some(
        finding.fix(
            Fix::new("Let targets drain for 30 s, unless requests take longer")
                .aws([
                    "elbv2",
                    "modify-target-group-attributes",
                    "--target-group-arn",
                    checks.group.arn.as_str(),
                    "--attributes",
                    "Key=deregistration_delay.timeout_seconds,Value=30",
                ])
                .terraform(format!("aws_lb_target_group.{} → deregistration_delay = 30", label(checks.group.name()))),
        ),
    )
}

fn anomalies(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    let anomalous = |place: &&Place<'_>| place.target.anomaly.as_deref() == Some("anomalous");
    let lot = Lot::of(checks.own.iter().copied().filter(anomalous).collect());
    let Some(first) = lot.places.first() else { return };
    let mitigated = lot.places.iter().any(|place| place.target.anomaly_mitigated);
    let effect = if mitigated { "sends less traffic there" } else { "does nothing about it" };
    let fix = Fix::new("Look at the log of the task; stop it to have it replaced");
    let cluster = checks.scene.facts.cluster();
    let fix = match lot.task() {
        Some(task) => fix.aws(["ecs", "stop-task", "--cluster", cluster.as_str(), "--task", task.arn.name()]),
        None => fix,
    };
    findings.push(
        checks
            .finding(&ANOMALY, Confidence::Certain, &lot, format!("{} answers unlike the others", checks.tally(&lot)))
            .short("a target answers unlike the others")
            .explain(format!(
                "The load balancer sees far more errors from this target than from the rest, although it passes its health checks, \
                 and {effect}."
            ))
            .evidence(TARGET_HEALTH, format!("target {}", first.name()), "AnomalyDetection.Result", "anomalous")
            .evidence(
                TARGET_HEALTH,
                format!("target {}", first.name()),
                "AnomalyDetection.MitigationInEffect",
                if first.target.anomaly_mitigated { "yes" } else { "no" },
            )
            .fix(fix),
    );
}

fn zonal_shift(checks: &Checks<'_, '_>) -> Option<Finding> {
    let shifted = |place: &&Place<'_>| place.target.administrative_override.as_deref() == Some("zonal_shift_active");
    let lot = Lot::of(checks.own.iter().copied().filter(shifted).collect());
    let first = lot.places.first()?;
    Some(
        checks
            .finding(&ZONAL_SHIFT, Confidence::Certain, &lot, "A zonal shift keeps traffic away from targets")
            .short("zonal shift active")
            .explain("Somebody, or Application Recovery Controller, moved traffic away from a zone on purpose. The targets are not faulty.")
            .evidence(TARGET_HEALTH, format!("target {}", first.name()), "AdministrativeOverride.State", "zonal_shift_active"),
    )
}

/// Targets of everybody in the group that are not on their way out.
fn everybody<'c>(checks: &'c Checks<'_, '_>) -> impl Iterator<Item = &'c Place<'c>> {
    checks.group.present().filter(|place| place.standing != Standing::NotInUse)
}

fn fail_open(checks: &Checks<'_, '_>) -> Option<Finding> {
    let all: Vec<&Place<'_>> = everybody(checks).collect();
    if all.is_empty() || all.iter().any(|place| place.standing != Standing::Failing) {
        return None;
    }
    let lot = Lot::of(checks.failing().collect());
    if lot.is_empty() {
        return None;
    }
    let mut finding = Finding::new(
        &FAIL_OPEN,
        Confidence::Certain,
        format!("All {} targets are unhealthy, so the load balancer sends requests to all of them", all.len()),
    )
    .scope(group_scope(checks))
    .short("all targets unhealthy, load balancer fails open")
    .explain("With no healthy target left, the load balancer fails open: clients may get answers although every check fails.");
    finding = finding.evidence(
        TARGET_HEALTH,
        subject(checks),
        "derived: targets with State unhealthy, of all that are not draining",
        format!("{} of {}", all.len(), all.len()),
    );
    Some(finding)
}

/// The zone of a target, where it is known.
fn zone<'p>(place: &Place<'p>) -> Option<&'p str> {
    let told = place.target.availability_zone.as_deref().filter(|zone| *zone != "all");
    place.task.and_then(|task| task.availability_zone.as_deref()).or(told)
}

fn group_health(checks: &Checks<'_, '_>) -> Option<Finding> {
    const PARTS: &[&str] = &["unhealthy_state_routing", "dns_failover"];
    let attributes = checks.group.attributes.known()?;
    let all: Vec<&Place<'_>> = everybody(checks).collect();
    let mut zones: BTreeMap<&str, Vec<&Place<'_>>> = BTreeMap::new();
    if attributes.get("load_balancing.cross_zone.enabled").map(String::as_str) == Some("false") {
        for place in &all {
            zones.entry(zone(place)?).or_default().push(place);
        }
    } else {
        zones.insert("", all);
    }
    for part in PARTS {
        for measure in ["count", "percentage"] {
            let key = format!("target_group_health.{part}.minimum_healthy_targets.{measure}");
            let Some(asked) = attributes.get(&key).and_then(|value| value.parse::<usize>().ok()) else { continue };
            for (zone, places) in &zones {
                let healthy = places.iter().filter(|place| place.standing == Standing::Fine).count();
                let met = match measure {
                    "count" => asked <= 1 || healthy >= asked,
                    _ => healthy * 100 >= asked * places.len(),
                };
                if healthy > 0 && !met {
                    return Some(unmet(checks, &key, asked, zone, healthy, places.len()));
                }
            }
        }
    }
    None
}

fn unmet(checks: &Checks<'_, '_>, key: &str, asked: usize, zone: &str, healthy: usize, all: usize) -> Finding {
    let percent = if key.ends_with("percentage") { " %" } else { "" };
    let there = if zone.is_empty() { String::new() } else { format!(" in {zone}") };
    let effect = if key.contains("dns_failover") {
        "takes the zone out of DNS"
    } else {
        "sends requests to all targets, unhealthy ones included"
    };
    let finding = Finding::new(
        &GROUP_HEALTH,
        Confidence::Certain,
        format!("{healthy} of {all} targets{there} are healthy, the target group asks for {asked}{percent}"),
    )
    .scope(Scope {
        availability_zones: if zone.is_empty() { Vec::new() } else { vec![zone.to_owned()] },
        ..group_scope(checks)
    })
    .short(format!("{healthy} of {all} healthy, {asked}{percent} asked for"))
    .explain(format!(
        "{key} is {asked}{percent}, and {healthy} of {all} targets{there} are healthy. Below the threshold the load balancer {effect}."
    ))
    .evidence(ATTRIBUTES, subject(checks), key, asked)
    .evidence(
        TARGET_HEALTH,
        subject(checks),
        "derived: healthy targets, of all that are not draining",
        format!("{healthy} of {all}"),
    );
    finding.fix(Fix::new("Run more healthy targets, or lower the threshold").aws([
        "elbv2".to_owned(),
        "modify-target-group-attributes".to_owned(),
        "--target-group-arn".to_owned(),
        checks.group.arn.as_str().to_owned(),
        "--attributes".to_owned(),
        format!("Key={key},Value={}", if percent.is_empty() { "1" } else { "off" }),
    ]))
}

fn empty_zone(checks: &Checks<'_, '_>) -> Option<Finding> {
    let balancer = checks.balancers().find(|balancer| balancer.kind == LoadBalancerKind::Network)?;
    if checks.group.attribute("load_balancing.cross_zone.enabled") != Some("false") {
        return None;
    }
    let healthy: Option<BTreeSet<&str>> =
        everybody(checks).filter(|place| place.standing == Standing::Fine).map(zone).collect();
    let healthy = healthy.filter(|zones| !zones.is_empty())?;
    let empty: Vec<String> = balancer
        .zones
        .iter()
        .map(|(zone, _)| zone.as_str())
        .filter(|zone| !healthy.contains(zone))
        .map(ToOwned::to_owned)
        .collect();
    if empty.is_empty() {
        return None;
    }
    let names = empty.join(", ");
    Some(
        Finding::new(&EMPTY_ZONE, Confidence::Certain, format!("No healthy target in {names}, and cross-zone balancing is off"))
            .scope(Scope { availability_zones: empty, ..group_scope(checks) })
            .short(format!("no healthy target in {names}"))
            .explain(format!(
                "Load balancer {} has a node in {names}, which only uses targets of its own zone and finds none that is healthy. \
                 Its address leaves DNS; clients that remember it time out.",
                balancer.name
            ))
            .evidence(ATTRIBUTES, subject(checks), "load_balancing.cross_zone.enabled", "false")
            .evidence(
                BALANCERS,
                format!("load balancer {}", balancer.name),
                "AvailabilityZones[].ZoneName",
                balancer.zones.iter().map(|(zone, _)| zone.as_str()).collect::<Vec<_>>().join(", "),
            )
            .evidence(
                TARGET_HEALTH,
                subject(checks),
                "derived: zones of healthy targets",
                healthy.into_iter().collect::<Vec<_>>().join(", "),
            )
            .fix(
                Fix::new("Balance across zones, or spread the tasks over all of them")
                    .aws([
                        "elbv2",
                        "modify-target-group-attributes",
                        "--target-group-arn",
                        checks.group.arn.as_str(),
                        "--attributes",
                        "Key=load_balancing.cross_zone.enabled,Value=true",
                    ])
                    .terraform(format!(
                        "aws_lb_target_group.{} → load_balancing_cross_zone_enabled = true",
                        label(checks.group.name())
                    )),
            ),
    )
}

fn hairpin(checks: &Checks<'_, '_>) -> Option<Finding> {
    if checks.group.attribute("preserve_client_ip.enabled") != Some("true") {
        return None;
    }
    let balancer = checks.balancers().find(|balancer| balancer.kind == LoadBalancerKind::Network)?;
    let name = balancer.dns_name.as_deref().filter(|name| !name.is_empty())?;
    let complains = |line: &str| {
        let lower = line.to_ascii_lowercase();
        lower.contains(&name.to_ascii_lowercase())
            && (lower.contains("timeout") || lower.contains("timed out") || lower.contains("etimedout"))
    };
    let (journal, line) =
        checks.journals.iter().find_map(|journal| journal.last(complains).map(|line| (journal, line)))?;
    Some(
        Finding::new(
            &HAIRPIN,
            Confidence::Medium,
            "Tasks time out when they call their own network load balancer, which preserves client addresses",
        )
        .scope(group_scope(checks))
        .short("tasks cannot call their own load balancer")
        .explain(
            "A task that calls its own network load balancer and is sent back to itself sees its own address as the client's and \
             never gets an answer.",
        )
        .evidence(ATTRIBUTES, subject(checks), "preserve_client_ip.enabled", "true")
        .evidence(LOGS, format!("log stream {}", journal.stream.stream), "message", checks.scene.quote(&line.message))
        .fix(
            Fix::new("Do not preserve client addresses, or call the other service by another name")
                .aws([
                    "elbv2",
                    "modify-target-group-attributes",
                    "--target-group-arn",
                    checks.group.arn.as_str(),
                    "--attributes",
                    "Key=preserve_client_ip.enabled,Value=false",
                ])
                .terraform(format!("aws_lb_target_group.{} → preserve_client_ip = false", label(checks.group.name()))),
        ),
    )
}

fn is_shared(checks: &Checks<'_, '_>) -> bool {
    checks.scene.facts.sharing.iter().any(|(group, _)| group == checks.group.arn)
}

fn orphans(checks: &Checks<'_, '_>) -> Option<Finding> {
    if is_shared(checks) {
        return None;
    }
    let unhealthy = |place: &&Place<'_>| place.standing == Standing::Failing;
    let lot = Lot::of(checks.strangers.iter().copied().filter(unhealthy).collect());
    if lot.is_empty() {
        return None;
    }
    let count = lot.places.len();
    let what =
        if count == 1 { "1 unhealthy target belongs".to_owned() } else { format!("{count} unhealthy targets belong") };
    let mut finding = checks
        .finding(&ORPHANS, Confidence::High, &lot, format!("{what} to no task of the service"))
        .short("unhealthy targets without a task")
        .explain(
            "No running task of the service has these addresses, and no other service of the cluster uses the target group. They are \
             leftovers or were registered by hand; they count in the health of the group.",
        );
    finding.evidence.retain(|evidence| !evidence.field.starts_with("derived"));
    finding.scope.containers.clear();
    let mut words = vec![
        "elbv2".to_owned(),
        "deregister-targets".to_owned(),
        "--target-group-arn".to_owned(),
        checks.group.arn.as_str().to_owned(),
        "--targets".to_owned(),
    ];
    words.extend(lot.places.iter().take(20).map(|place| {
        let port = place.target.port.map(|port| format!(",Port={port}")).unwrap_or_default();
        format!("Id={}{port}", place.target.id)
    }));
    Some(finding.fix(Fix::new("Deregister them if nothing else answers there").aws(words)))
}

fn shared(checks: &Checks<'_, '_>) -> Option<Finding> {
    let sharing = checks.scene.facts.sharing.iter().filter(|(group, _)| group == checks.group.arn);
    let mut others: Vec<&str> = sharing.map(|(_, service)| service.as_str()).collect();
    others.sort_unstable();
    others.dedup();
    if others.is_empty() {
        return None;
    }
    let names = others.join(", ");
    let own = &checks.scene.service.name;
    let trouble = everybody(checks).any(|place| place.standing == Standing::Failing);
    let bearing = if trouble { Bearing::Present } else { Bearing::Hygiene };
    Some(
        Finding::new(
            &SHARED,
            Confidence::High,
            format!("Target group {} is also used by {names}", checks.group.name()),
        )
        .bearing(bearing)
        .scope(group_scope(checks))
        .short(format!("target group is shared with {names}"))
        .explain(format!(
            "Tasks of {own} and of {names} are registered in the same target group. Requests go to either, and a fault of one looks \
             like a fault of the other."
        ))
        .evidence(SERVICES, format!("service {own}"), "loadBalancers[].targetGroupArn", checks.group.arn.as_str())
        .evidence(SERVICES, format!("service {names}"), "loadBalancers[].targetGroupArn", checks.group.arn.as_str())
        .fix(Fix::new("Give each service a target group and a listener rule of its own")),
    )
}
