//! Free addresses in the subnets of a service.

use super::attempts::Failures;
use super::{ECS_F2S, START};
use crate::diagnose::catalogue::{Bearing, Entry, Rank};
use crate::diagnose::deployment::Bounds;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::parse::start_failure::Cause;
use crate::diagnose::rules::task_stop::batch::{SERVICES, count_words, is_impaired, is_wanted};
use crate::diagnose::rules::task_stop::remedy::{label, update_service};
use crate::diagnose::scene::Scene;
use crate::model::network::Subnet;

pub(super) static SUBNET_IP_EXHAUSTED: Entry = Entry {
    id: "subnet-ip-exhausted",
    number: 106,
    rank: Rank::Blocker,
    instead_of: &["task-start-failed", "eni-provisioning-timeout"],
    title: "The service's subnets have no free addresses",
    meaning: "Every task with network mode awsvpc takes an address of a subnet of the service. During a deployment old \
        and new tasks need theirs at the same time, so addresses for one more wave must be free.",
    decided: "Critical: AWS says that it could not create a network interface in a subnet, or tasks are missing and \
              `AvailableIpAddressCount` of all subnets of the service is 0, or too low for the missing tasks while \
              interfaces fail. Warning, as advice: less is free in all subnets together than one wave of a deployment \
              (maximum percent of desired, less what runs), or less than 10 % of their addresses.",
    fix: "Add subnets (with a secondary range of the VPC if need be): `aws ec2 create-subnet`, then `aws ecs \
        update-service --network-configuration`.",
    sources: &[ECS_F2S, "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"],
    ..START
};

pub(super) fn no_address<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, subnet: Option<&str>) -> Finding {
    let of_service = subnets(scene);
    let title = match subnet {
        Some(subnet) => format!("No network interface can be made in {subnet}{}", count_words(batch.count())),
        None => format!("No network interface can be made in the service's subnets{}", count_words(batch.count())),
    };
    let finding = Finding::new(&SUBNET_IP_EXHAUSTED, Confidence::Certain, title)
        .short("no free addresses in the subnets")
        .explain("EC2 refused to make the interface of a task. As a rule the subnet has no free address left.")
        .fix(more_addresses(scene));
    of_service.into_iter().filter(|one| subnet.is_none_or(|subnet| subnet == one.id)).fold(finding, with_available)
}

fn with_available(finding: Finding, subnet: &Subnet) -> Finding {
    match subnet.available_addresses {
        Some(count) => finding.evidence("ec2:DescribeSubnets", &subnet.id, "AvailableIpAddressCount", count),
        None => finding,
    }
}

fn more_addresses(scene: &Scene<'_>) -> Fix {
    let network = scene.primary.and_then(|primary| primary.network.as_ref()).or(scene.service.network.as_ref());
    let mut fix = Fix::new("Add subnets with free addresses to the service");
    if let Some(network) = network {
        let subnets = network.subnets.iter().map(String::as_str).chain(["NEW_SUBNET"]).collect::<Vec<_>>().join(",");
        let public = if network.assign_public_ip { "ENABLED" } else { "DISABLED" };
        let configuration = format!(
            "awsvpcConfiguration={{subnets=[{subnets}],securityGroups=[{}],assignPublicIp={public}}}",
            network.security_groups.join(",")
        );
        fix = fix.aws(update_service(scene, &["--network-configuration", &configuration]));
    }
    fix.terraform(format!("aws_ecs_service.{} → network_configuration {{ subnets }}", label(&scene.service.name)))
}

/// The subnets new tasks are placed in, as far as they were read.
fn subnets<'a>(scene: &Scene<'a>) -> Vec<&'a Subnet> {
    let network = scene.primary.and_then(|primary| primary.network.as_ref()).or(scene.service.network.as_ref());
    let wanted = network.map(|network| network.subnets.as_slice()).unwrap_or_default();
    let read = scene.facts.subnets();
    let mut found: Vec<&'a Subnet> =
        read.known().copied().unwrap_or_default().iter().filter(|subnet| wanted.contains(&subnet.id)).collect();
    if found.is_empty() {
        let vpcs = scene.groups.iter().filter_map(|group| group.settings.known()?.vpc.as_deref());
        let vpc = vpcs.into_iter().find_map(|vpc| scene.facts.vpc(vpc).known().copied());
        let all = vpc.and_then(|vpc| vpc.subnets.known());
        found = all.into_iter().flatten().filter(|subnet| wanted.contains(&subnet.id)).collect();
    }
    // Nothing follows from some of them.
    if found.len() == wanted.len() { found } else { Vec::new() }
}

/// Addresses that tasks can take: AWS keeps five of every subnet.
fn capacity(subnet: &Subnet) -> u64 {
    let range = subnet.cidrs.iter().find_map(|range| match range {
        ipnet::IpNet::V4(range) => Some(range.prefix_len()),
        ipnet::IpNet::V6(_) => None,
    });
    range.map_or(0, |length| (1_u64 << (32 - length.min(32))).saturating_sub(5))
}

/// Subnets without room, whether or not it hurts yet.
pub(super) fn find(scene: &Scene<'_>, failures: &[Failures<'_, '_>], findings: &mut Vec<Finding>) {
    let said = failures.iter().any(|batch| matches!(batch.failure.cause, Cause::NoAddress { .. }));
    if said || !is_wanted(scene) {
        return;
    }
    let subnets = subnets(scene);
    let available: Option<Vec<u32>> = subnets.iter().map(|subnet| subnet.available_addresses).collect();
    let Some(available) = available.filter(|available| !available.is_empty()) else { return };
    let service = scene.service;
    let free: u64 = available.iter().copied().map(u64::from).sum();
    let upper = Bounds::of(service).map_or(service.desired, |bounds| bounds.upper);
    let wave = u64::from(upper.saturating_sub(service.running).max(1));
    let total: u64 = subnets.iter().map(|subnet| capacity(subnet)).sum();
    let running = scene.primary.map_or(service.running, |primary| primary.running);
    let missing = u64::from(service.desired.saturating_sub(running.min(service.running)));
    let interfaces = failures.iter().any(|batch| matches!(batch.failure.cause, Cause::InterfaceTimeout { .. }));
    let hurts = is_impaired(scene) && missing > 0 && (free == 0 || interfaces && free < missing);
    let names: Vec<String> = subnets.iter().map(|subnet| subnet.id.clone()).collect();
    let scope = Scope {
        deployment: scene.primary.filter(|_| hurts).map(|primary| primary.id.clone()),
        subnets: names.iter().take(20).cloned().collect(),
        ..Scope::default()
    };
    let finding = if hurts {
        Finding::new(
            &SUBNET_IP_EXHAUSTED,
            Confidence::Certain,
            format!("The service's subnets have {free} free addresses, {missing} tasks are missing"),
        )
        .short(format!("{free} free addresses in the subnets"))
        .explain(
            "Every task takes an address of one of these subnets. Until some are free or subnets are added, no \
            task can start.",
        )
        .evidence(SERVICES, format!("service {}", service.name), "runningCount", service.running)
    } else if free < wave || free.saturating_mul(10) < total {
        Finding::new(
            &SUBNET_IP_EXHAUSTED,
            Confidence::Certain,
            format!("The service's subnets have {free} free addresses left, a deployment may need {wave}"),
        )
        .severity(Severity::Warning)
        .bearing(Bearing::Hygiene)
        .short(format!("{free} free addresses in the subnets"))
        .explain(
            "Tasks start today. During a deployment old and new tasks need addresses at the same time, and other users \
                of the subnets take theirs too.",
        )
    } else {
        return;
    };
    let finding = subnets.iter().take(6).fold(finding.scope(scope), |finding, subnet| with_available(finding, subnet));
    findings.push(
        finding
            .evidence(
                SERVICES,
                format!("service {}", service.name),
                "derived: tasks a deployment may start at once, from desiredCount, maximumPercent and runningCount",
                wave,
            )
            .fix(more_addresses(scene)),
    );
}
