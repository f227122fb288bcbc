//! Services that are switched off or deleted: nothing about them is a fault.

use super::{DESCRIBE_SERVICES, NOTE, SERVICE, subject, update_service};
use crate::diagnose::catalogue::Entry;
use crate::diagnose::finding::{Confidence, Finding, Fix};
use crate::diagnose::scene::Scene;
use crate::model::known::Known;
use crate::model::service::{SchedulingStrategy, ServiceStatus};

pub(super) static DESIRED_ZERO: Entry = Entry {
    id: "desired-zero",
    number: 176,
    title: "The service is switched off: no tasks are desired",
    meaning: "The desired count is 0, so ECS runs no task. The service is off, not unhealthy; nothing about missing tasks \
              or empty target groups is a fault while that is so. Somebody, a schedule or automatic scaling with a \
              minimum of 0 has set it.",
    decided: "DescribeServices: desiredCount is 0, status is ACTIVE and the service is scheduled as replicas.",
    fix: "If it should run: aws ecs update-service --cluster CLUSTER --service SERVICE --desired-count N. Where automatic \
          scaling has a minimum of 0, raise the minimum.",
    sources: &[SERVICE],
    ..NOTE
};

pub(super) static DRAINING_OR_INACTIVE: Entry = Entry {
    id: "service-draining-or-inactive",
    number: 177,
    title: "The service was deleted",
    meaning: "A deleted service is DRAINING until its last tasks have stopped, then INACTIVE; AWS still answers questions \
              about it for a while. It starts no tasks any more.",
    decided: "DescribeServices: status is DRAINING or INACTIVE.",
    fix: "None. To run it again, create a service with the same name.",
    sources: &[SERVICE],
    ..NOTE
};

/// Looks for both; says whether there is nothing else to look for.
pub(super) fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) -> bool {
    let service = scene.service;
    let status = service.status.as_str();
    if matches!(service.status, ServiceStatus::Draining | ServiceStatus::Inactive) {
        let left = match (&service.status, service.running) {
            (ServiceStatus::Draining, 0) => "its last tasks are stopping".to_owned(),
            (ServiceStatus::Draining, 1) => "1 task is still running".to_owned(),
            (ServiceStatus::Draining, running) => format!("{running} tasks are still running"),
            _ => "nothing of it runs".to_owned(),
        };
        findings.push(
            Finding::new(&DRAINING_OR_INACTIVE, Confidence::Certain, format!("The service was deleted: {left}"))
                .short(if service.status == ServiceStatus::Draining { "being deleted" } else { "deleted" })
                .explain(format!("ECS says {status}: the service was deleted and starts no tasks any more."))
                .evidence(DESCRIBE_SERVICES, subject(scene), "status", status),
        );
        return true;
    }
    if service.desired > 0 || service.scheduling == SchedulingStrategy::Daemon {
        return false;
    }
    let minimum = match scene.facts.scaling() {
        Known::Known(scaling) => {
            scaling.target.known().and_then(Option::as_ref).map(|target| (target.minimum, target.maximum))
        }
        Known::Denied(_) | Known::Failed(_) | Known::NotAsked => None,
    };
    let leaving = match service.running {
        0 => String::new(),
        1 => " One task is still stopping.".to_owned(),
        running => format!(" {running} tasks are still stopping."),
    };
    let scaled = minimum.map_or_else(String::new, |(minimum, maximum)| {
        format!(" Automatic scaling keeps it between {minimum} and {maximum} tasks.")
    });
    let mut finding =
        Finding::new(&DESIRED_ZERO, Confidence::Certain, "The service is switched off: desired count is 0")
            .short("desired 0")
            .explain(format!("Nobody wants a task of it to run, so it is off and not unhealthy.{leaving}{scaled}"))
            .evidence(DESCRIBE_SERVICES, subject(scene), "desiredCount", 0);
    if let Some((minimum, _)) = minimum {
        finding =
            finding.evidence("application-autoscaling:DescribeScalableTargets", subject(scene), "MinCapacity", minimum);
    }
    let fix = Fix::new("If it should run, set a desired count.").aws(update_service(scene, &["--desired-count", "1"]));
    findings.push(finding.fix(fix));
    true
}
