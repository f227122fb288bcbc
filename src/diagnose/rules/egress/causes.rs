//! What is in the way of tasks that cannot start: dead ends, groups, ACLs; one finding for each, over all tasks it hits.

use std::collections::BTreeSet;

use super::dead_ends::dead_end;
use super::entries;
use super::failures::Failure;
use crate::diagnose::catalogue::Entry;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::network::egress::{DeadEnd, HTTPS, Origin, Reach, Via};
use crate::diagnose::network::groups::{Direction, Groups};
use crate::diagnose::network::needs::Need;
use crate::diagnose::network::remedy::{Source, allow_in_acl, authorize};
use crate::diagnose::network::topology::Topology;
use crate::diagnose::network::words;
use crate::diagnose::scene::Scene;
use crate::model::network::{Route, RouteDestination, RouteTarget};

/// Something in the way, with everybody it stops.
pub(super) struct Barrier<'a> {
    kind: Kind,
    /// Tells two of a kind apart: the group, the table, the ACL.
    object: String,
    pub(super) subnets: BTreeSet<&'a str>,
    pub(super) needs: BTreeSet<Need>,
    pub(super) origin: Origin<'a>,
    pub(super) reach: Reach<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    DeadEnd(&'static Entry),
    TaskGroups,
    EndpointGroups,
    Acl,
}

/// What a failed start called, from everywhere the task may have been.
pub(super) fn reaches<'a>(
    scene: &Scene<'a>,
    topology: &Topology<'a>,
    failure: &Failure<'a>,
) -> Vec<(Origin<'a>, Reach<'a>)> {
    let tasks: Vec<_> = failure.task.into_iter().collect();
    let mut reaches = Vec::new();
    for origin in topology.origins(scene, &tasks) {
        for need in &failure.called {
            reaches.push((origin.clone(), topology.reach(&origin, need, failure.dialled)));
        }
    }
    reaches
}

pub(super) fn find<'a>(
    scene: &Scene<'a>,
    topology: &Topology<'a>,
    failures: &[Failure<'a>],
    findings: &mut Vec<Finding>,
) {
    let mut barriers: Vec<Barrier<'a>> = Vec::new();
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    for failure in failures {
        for (origin, reach) in reaches(scene, topology, failure) {
            asked.extend(origin.host.subnet);
            add(&mut barriers, &origin, &reach);
        }
    }
    // Where whole endpoints are missing, that of S3 is one of them.
    if barriers.iter().any(|barrier| barrier.kind == Kind::DeadEnd(&entries::NO_NAT_NO_ENDPOINT)) {
        barriers.retain(|barrier| barrier.kind != Kind::DeadEnd(&entries::S3_GATEWAY));
    }
    for barrier in &barriers {
        let some = asked.len() > barrier.subnets.len();
        let finding = match barrier.kind {
            Kind::DeadEnd(_) => dead_end(scene, barrier, failures),
            Kind::TaskGroups => task_groups(barrier),
            Kind::EndpointGroups => endpoint_groups(barrier),
            Kind::Acl => acl(barrier),
        };
        findings.extend(finding.map(|finding| complete(scene, finding, barrier, failures, some)));
    }
}

fn add<'a>(barriers: &mut Vec<Barrier<'a>>, origin: &Origin<'a>, reach: &Reach<'a>) {
    let Some(subnet) = origin.host.subnet else { return };
    let mut hit: Vec<(Kind, String)> = Vec::new();
    match reach.dead_end {
        Some(DeadEnd::NoPublicAddress(_)) => hit.push((Kind::DeadEnd(&entries::NO_PUBLIC_IP), String::new())),
        Some(DeadEnd::Isolated(_)) => hit.push((Kind::DeadEnd(&entries::NO_NAT_NO_ENDPOINT), String::new())),
        Some(DeadEnd::NoS3Gateway(..)) => hit.push((Kind::DeadEnd(&entries::S3_GATEWAY), String::new())),
        Some(DeadEnd::Blackhole(table, _)) => hit.push((Kind::DeadEnd(&entries::BLACKHOLE), table.id.clone())),
        Some(DeadEnd::PrivateDnsOff(endpoint)) => hit.push((Kind::DeadEnd(&entries::PRIVATE_DNS), endpoint.id.clone())),
        None => {}
    }
    if reach.egress.as_ref().is_some_and(|side| side.verdict.drops()) {
        let to = match reach.via {
            Via::Endpoint(endpoint) => endpoint.security_groups.join(","),
            Via::Gateway(endpoint) => endpoint.id.clone(),
            Via::Internet | Via::Nowhere => String::new(),
        };
        hit.push((Kind::TaskGroups, format!("{} {to}", origin.host.groups.names())));
    }
    if reach.ingress.as_ref().is_some_and(|side| side.verdict.drops()) {
        let groups = reach.endpoint_groups.as_ref().map(Groups::names).unwrap_or_default();
        hit.push((Kind::EndpointGroups, groups));
    }
    if let Some(drop) = reach.acls.and_then(|acls| acls.drop) {
        hit.push((Kind::Acl, words::acl_drop(&drop)));
    }
    for (kind, object) in hit {
        if let Some(known) = barriers.iter_mut().find(|barrier| barrier.kind == kind && barrier.object == object) {
            known.subnets.insert(subnet);
            known.needs.insert(reach.need.clone());
        } else {
            barriers.push(Barrier {
                kind,
                object,
                subnets: [subnet].into(),
                needs: [reach.need.clone()].into(),
                origin: origin.clone(),
                reach: reach.clone(),
            });
        }
    }
}

/// What all of them have: where they were seen, and whom they hit.
fn complete(
    scene: &Scene<'_>,
    mut finding: Finding,
    barrier: &Barrier<'_>,
    failures: &[Failure<'_>],
    some: bool,
) -> Finding {
    let tasks: Vec<_> = failures.iter().filter_map(|failure| failure.task).collect();
    finding.scope = Scope {
        deployment: scene.primary.map(|primary| primary.id.clone()),
        subnets: if some { barrier.subnets.iter().map(|id| (*id).to_owned()).collect() } else { Vec::new() },
        tasks: tasks.iter().take(20).map(|task| task.arn.name().to_owned()).collect(),
        ..Scope::default()
    };
    if some && scene.service.running > 0 {
        finding.severity = Severity::Error;
    }
    let said = failures.iter().filter_map(|failure| failure.text.map(|text| (failure, text)));
    let mut evidence = Vec::new();
    std::mem::swap(&mut evidence, &mut finding.evidence);
    let mut texts: Vec<&str> = Vec::new();
    for (failure, text) in said {
        if texts.contains(&text) || texts.len() == 3 {
            continue;
        }
        texts.push(text);
        finding = match failure.task {
            Some(task) => finding.evidence(
                "ecs:DescribeTasks",
                format!("task {}", task.arn.short_id()),
                "stoppedReason",
                scene.quote(text),
            ),
            None => finding.evidence(
                "ecs:DescribeServices",
                format!("service {}", scene.service.name),
                "events.message",
                scene.quote(text),
            ),
        };
    }
    if texts.is_empty()
        && let Some(task) = tasks.first()
    {
        let age = scene.since(task.created_at).map_or(0, |age| age.as_secs());
        finding = finding.evidence(
            "ecs:DescribeTasks",
            format!("task {}", task.arn.short_id()),
            "derived: seconds since createdAt while lastStatus is PENDING",
            age,
        );
    }
    finding.evidence.extend(evidence);
    finding
}

pub(super) fn names(needs: &BTreeSet<Need>) -> String {
    needs.iter().map(Need::label).collect::<Vec<_>>().join(", ")
}

pub(super) fn list(subnets: &BTreeSet<&str>) -> String {
    subnets.iter().copied().collect::<Vec<_>>().join(", ")
}

fn endpoint_groups(barrier: &Barrier<'_>) -> Option<Finding> {
    let Via::Endpoint(endpoint) = barrier.reach.via else { return None };
    let needs = names(&barrier.needs);
    let group = endpoint.security_groups.first()?;
    let own = barrier.origin.host.groups.ids.as_ref()?.first()?;
    let side = barrier.reach.ingress.as_ref()?;
    let mut finding = Finding::new(
        &entries::ENDPOINT_GROUP,
        Confidence::Certain,
        format!("The security group of the endpoint for {needs} does not let tasks in on 443"),
    )
    .explain(format!(
        "Names of {needs} resolve to interface endpoint {} whether or not there is a NAT gateway. Its groups ({}) have no \
         rule that lets in tcp 443 from the tasks ({}), so calls time out.",
        endpoint.id,
        endpoint.security_groups.join(", "),
        barrier.origin.host.groups.names()
    ))
    .short("endpoint group closed for tasks")
    .evidence("ec2:DescribeVpcEndpoints", &endpoint.id, "Groups", endpoint.security_groups.join(", "));
    finding = match &side.nearest {
        Some(miss) => finding.evidence(
            "ec2:DescribeSecurityGroups",
            &miss.rule.group.id,
            "IpPermissions",
            words::miss(miss, true, HTTPS, &barrier.origin.host.groups.names()),
        ),
        None => finding.evidence("ec2:DescribeSecurityGroups", group, "IpPermissions", "absent"),
    };
    let fix = Fix::new("Let the tasks in on 443.");
    Some(finding.fix(authorize(fix, Direction::Ingress, group, (HTTPS, HTTPS), &Source::Group(own.to_string()))))
}

fn task_groups(barrier: &Barrier<'_>) -> Option<Finding> {
    let needs = names(&barrier.needs);
    let groups = &barrier.origin.host.groups;
    let group = groups.ids.as_ref()?.first()?;
    let side = barrier.reach.egress.as_ref()?;
    let everywhere = || Source::Cidrs("0.0.0.0/0".parse().into_iter().collect());
    let (by, source) = match barrier.reach.via {
        Via::Endpoint(endpoint) => (
            format!("interface endpoint {}", endpoint.id),
            endpoint.security_groups.first().map_or_else(everywhere, |id| Source::Group(id.clone())),
        ),
        Via::Gateway(endpoint) => {
            let tables = barrier.origin.host.vpc.and_then(|vpc| vpc.route_tables.known()).into_iter().flatten();
            let to_it = |route: &&Route| matches!(&route.target, RouteTarget::VpcEndpoint(id) if *id == endpoint.id);
            let list =
                tables.flat_map(|table| &table.routes).filter(to_it).find_map(|route| match &route.destination {
                    RouteDestination::PrefixList(id) => Some(id.clone()),
                    RouteDestination::Cidr(_) => None,
                });
            (format!("gateway endpoint {}", endpoint.id), list.map_or_else(everywhere, Source::PrefixList))
        }
        Via::Internet | Via::Nowhere => ("the internet".to_owned(), everywhere()),
    };
    let mut finding = Finding::new(
        &entries::TASK_EGRESS,
        Confidence::Certain,
        format!("The security groups of the tasks do not let them out to {needs} on 443"),
    )
    .explain(format!(
        "Tasks reach {needs} by {by}. None of their groups ({}) allows tcp 443 there, so calls time out before the \
         containers start.",
        groups.names()
    ))
    .short("task group has no way out on 443");
    finding = match &side.nearest {
        Some(miss) => finding.evidence(
            "ec2:DescribeSecurityGroups",
            &miss.rule.group.id,
            "IpPermissionsEgress",
            words::miss(miss, false, HTTPS, &by),
        ),
        None => finding.evidence("ec2:DescribeSecurityGroups", group, "IpPermissionsEgress", "absent"),
    };
    Some(finding.fix(authorize(
        Fix::new("Let the tasks out on 443."),
        Direction::Egress,
        group,
        (HTTPS, HTTPS),
        &source,
    )))
}

fn acl(barrier: &Barrier<'_>) -> Option<Finding> {
    let drop = barrier.reach.acls?.drop?;
    let needs = names(&barrier.needs);
    let what = if drop.leg.is_return() { "answers on 1024-65535" } else { "tcp 443" };
    let everywhere: Vec<_> = "0.0.0.0/0".parse().into_iter().collect();
    let fix = Fix::new("Allow it in the network ACL, both the way out and the answers.");
    Some(
        Finding::new(
            &entries::ACL,
            Confidence::Certain,
            format!("Network ACL {} drops {what} between tasks and {needs}", drop.acl.id),
        )
        .explain(format!(
            "{} of subnet {} decides for {what}: {}. Network ACLs do not remember connections, so the way out and the \
             answers need a rule each.",
            drop.acl.id,
            drop.subnet,
            words::acl_entry(drop.entry, drop.leg.is_egress())
        ))
        .short("network ACL drops calls of tasks")
        .evidence(
            "ec2:DescribeNetworkAcls",
            &drop.acl.id,
            format!("Entries ({})", if drop.leg.is_egress() { "egress" } else { "ingress" }),
            words::acl_entry(drop.entry, drop.leg.is_egress()),
        )
        .fix(allow_in_acl(fix, &drop, HTTPS, &everywhere)),
    )
}
