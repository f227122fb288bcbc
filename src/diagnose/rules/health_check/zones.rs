//! Zones of tasks and zones of their load balancer (catalogue 22 and 23).

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::failing::{Checks, Said};
use super::pages::wiring::{SUBNETS_OUTSIDE, ZONE_NOT_ENABLED};
use super::report::{BALANCERS, Lot, TASKS, label, update};
use super::wiring::{group_scope, says_detached};
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope};
use crate::diagnose::scene::{Heard, Place};
use crate::model::load_balancing::{LoadBalancer, TargetState};

fn zone_names(balancer: &LoadBalancer) -> BTreeSet<&str> {
    balancer.zones.iter().map(|(zone, _)| zone.as_str()).collect()
}

fn says_zone(place: &Place<'_>) -> bool {
    place.target.state == TargetState::Unused
        && place
            .target
            .description
            .as_deref()
            .is_some_and(|text| text.contains("Availability Zone that is not enabled"))
}

/// Looks for targets in zones the load balancer is not enabled for, and for subnets that may bring some.
pub(super) fn find(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    let balancers: Vec<&LoadBalancer> = checks.balancers().filter(|balancer| !balancer.zones.is_empty()).collect();
    let outside = |place: &Place<'_>| {
        let zone = place.task.and_then(|task| task.availability_zone.as_deref());
        place.target.state == TargetState::Unused
            && !says_detached(place)
            && !balancers.is_empty()
            && zone.is_some_and(|zone| balancers.iter().all(|balancer| !zone_names(balancer).contains(zone)))
    };
    let mut lot =
        Lot::of(checks.own.iter().copied().filter(|place| says_zone(place) || outside(place)).collect::<Vec<_>>());
    if lot.is_empty() {
        let recent =
            |heard: &Heard<'_>| checks.scene.since(heard.at).is_some_and(|age| age <= SignedDuration::from_mins(15));
        let told = checks.heard.iter().filter(|(heard, said)| *said == Said::Zone && recent(heard));
        lot.heard = told.map(|(heard, _)| *heard).collect();
        if !checks.is_short() && checks.kills.is_empty() {
            lot.heard.clear();
        }
    }
    if lot.is_empty() {
        preventive(checks, &balancers, findings);
        return;
    }
    findings.push(zone_not_enabled(checks, &lot, &balancers));
}

fn zone_not_enabled(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, balancers: &[&LoadBalancer]) -> Finding {
    let zones: BTreeSet<&str> = lot.tasks().filter_map(|task| task.availability_zone.as_deref()).collect();
    let zones: Vec<&str> = zones.into_iter().collect();
    let there = if zones.is_empty() { "a zone".to_owned() } else { zones.join(", ") };
    let share = if lot.is_hearsay() { "Tasks".to_owned() } else { format!("{} in {there}", checks.tally(lot)) };
    let mut finding = checks
        .finding(
            &ZONE_NOT_ENABLED,
            Confidence::Certain,
            lot,
            format!("Tasks run in {there}, where the load balancer is not enabled"),
        )
        .short(format!("load balancer is not enabled in {there}"))
        .explain(format!(
            "{share}: the load balancer has no node in that zone and does not use targets there. ECS takes them for unhealthy and \
             kills their tasks, so every placement in that zone dies again. Security groups and the application have nothing to \
             do with it."
        ));
    finding.scope.availability_zones = zones.iter().map(|zone| (*zone).to_owned()).collect();
    finding = with_zones(finding, balancers);
    for task in lot.tasks().take(3) {
        let zone = task.availability_zone.as_deref().unwrap_or("absent");
        finding = finding.evidence(TASKS, format!("task {}", task.arn.short_id()), "availabilityZone", zone);
    }
    let subnets: BTreeSet<String> =
        lot.tasks().filter_map(|task| task.interface.as_ref().and_then(|interface| interface.subnet.clone())).collect();
    finding.fix(zone_fix(checks, balancers, &subnets.into_iter().collect::<Vec<_>>()))
}

fn with_zones(mut finding: Finding, balancers: &[&LoadBalancer]) -> Finding {
    for balancer in balancers {
        let zones = zone_names(balancer).into_iter().collect::<Vec<_>>().join(", ");
        let subject = format!("load balancer {}", balancer.name);
        finding = finding.evidence(BALANCERS, subject, "AvailabilityZones[].ZoneName", zones);
    }
    finding
}

/// Enable the zone, or keep tasks out of it.
fn zone_fix(checks: &Checks<'_, '_>, balancers: &[&LoadBalancer], outside: &[String]) -> Fix {
    let mut fix = Fix::new("Enable the zone on the load balancer, or take its subnet out of the service");
    if let Some(balancer) = balancers.first() {
        let mut subnets: Vec<&str> = balancer.zones.iter().filter_map(|(_, subnet)| subnet.as_deref()).collect();
        if outside.is_empty() {
            subnets.push("SUBNET");
        }
        subnets.extend(outside.iter().map(String::as_str).take(1));
        let mut words = vec!["elbv2", "set-subnets", "--load-balancer-arn", balancer.arn.as_str(), "--subnets"];
        words.extend(&subnets);
        let list = subnets.iter().map(|subnet| format!("\"{subnet}\"")).collect::<Vec<_>>().join(", ");
        fix = fix.aws(words).terraform(format!("aws_lb.{} → subnets = [{list}]", label(&balancer.name)));
    }
    let service = checks.scene.service;
    if let Some(network) = &service.network {
        let kept: Vec<&str> =
            network.subnets.iter().filter(|subnet| !outside.contains(subnet)).map(String::as_str).collect();
        if !kept.is_empty() && kept.len() < network.subnets.len() {
            let public = if network.assign_public_ip { "ENABLED" } else { "DISABLED" };
            let configuration = format!(
                "awsvpcConfiguration={{subnets=[{}],securityGroups=[{}],assignPublicIp={public}}}",
                kept.join(","),
                network.security_groups.join(",")
            );
            let cluster = checks.scene.facts.cluster();
            fix = fix.aws(update(cluster.as_str(), &service.name, &["--network-configuration", &configuration]));
        }
    }
    fix
}

/// Subnets of the service in zones the load balancer is not enabled for: nothing fails yet.
fn preventive(checks: &Checks<'_, '_>, balancers: &[&LoadBalancer], findings: &mut Vec<Finding>) {
    let Some(network) = &checks.scene.service.network else { return };
    let subnets = checks.scene.facts.subnets();
    let vpc = checks.settings().and_then(|settings| settings.vpc.as_deref());
    let vpc = vpc.and_then(|vpc| checks.scene.facts.vpc(vpc).known().copied());
    let known = subnets.known().copied().or_else(|| vpc.and_then(|vpc| vpc.subnets.known().map(Vec::as_slice)));
    let Some(known) = known else { return };
    for balancer in balancers {
        let enabled = zone_names(balancer);
        let mut outside: Vec<(String, String)> = Vec::new();
        for subnet in known.iter().filter(|subnet| network.subnets.contains(&subnet.id)) {
            if let Some(zone) = subnet.availability_zone.as_deref().filter(|zone| !enabled.contains(zone)) {
                outside.push((subnet.id.clone(), zone.to_owned()));
            }
        }
        if outside.is_empty() {
            continue;
        }
        let zones: BTreeSet<&str> = outside.iter().map(|(_, zone)| zone.as_str()).collect();
        let zones = zones.into_iter().collect::<Vec<_>>().join(", ");
        let ids: Vec<String> = outside.iter().map(|(subnet, _)| subnet.clone()).collect();
        let mut finding = Finding::new(
            &SUBNETS_OUTSIDE,
            Confidence::Certain,
            format!("Tasks may be placed in {zones}, where load balancer {} is not enabled", balancer.name),
        )
        .scope(Scope {
            availability_zones: zones.split(", ").map(ToOwned::to_owned).collect(),
            subnets: ids.clone(),
            ..group_scope(checks.group)
        })
        .short(format!("load balancer is not enabled in {zones}"))
        .explain(format!(
            "The service has subnets in {zones}; load balancer {} is not enabled there. A task placed there would get no traffic \
             and be killed as unhealthy.",
            balancer.name
        ));
        for (subnet, zone) in &outside {
            finding = finding.evidence("ec2:DescribeSubnets", subnet, "AvailabilityZone", zone);
        }
        finding = with_zones(finding, &[balancer]);
        findings.push(finding.fix(zone_fix(checks, &[balancer], &ids)));
        return;
    }
}
