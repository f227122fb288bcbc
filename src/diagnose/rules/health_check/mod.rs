//! What the load balancer's health check asks and what it gets (catalogue 5A, 72, 73 and 113).
//!
//! ```text
//!  group ─▶ failing (own targets, kills, events) ─┬─▶ wiring: no checks at all
//!           logs ─▶ lines                         ├─▶ codes: a wrong answer
//!                                                 ├─▶ connection ─▶ telling: no answer
//!                                                 ├─▶ timing: not yet
//!                                                 └─▶ states: remarks about the group
//! ```

use super::Family;
use crate::diagnose::catalogue::Missing;
use crate::diagnose::finding::Finding;
use crate::diagnose::scene::Scene;
use crate::model::service::ServiceStatus;

mod codes;
mod connection;
mod failing;
mod lines;
mod logs;
mod pages;
mod report;
mod states;
mod telling;
mod timing;
mod wiring;
mod zones;

pub use logs::wanted_logs;

use failing::Checks;
use report::Lot;

/// The family.
pub const FAMILY: Family = Family {
    name: "Load balancer health checks",
    entries: &[
        &pages::codes::REDIRECT,
        &pages::codes::MISSING_PATH,
        &pages::codes::CREDENTIALS,
        &pages::codes::BAD_REQUEST,
        &pages::codes::PROXY,
        &pages::codes::SERVER_ERROR,
        &pages::codes::RATE_LIMIT,
        &pages::codes::GRPC,
        &pages::codes::RECENTLY_FIXED,
        &pages::connection::SLOW_ENDPOINT,
        &pages::connection::CPU_STARVED,
        &pages::connection::NOT_ANSWERING,
        &pages::connection::UNVERIFIED,
        &pages::connection::CONNECTION_REFUSED,
        &pages::connection::WRONG_PORT,
        &pages::connection::PROTOCOL,
        &pages::connection::LOOPBACK,
        &pages::connection::OTHER_PORT,
        &pages::timing::STILL_STARTING,
        &pages::timing::GRACE,
        &pages::timing::AGGRESSIVE,
        &pages::wiring::ZONE_NOT_ENABLED,
        &pages::wiring::SUBNETS_OUTSIDE,
        &pages::wiring::NOT_ATTACHED,
        &pages::wiring::MISSING,
        &pages::wiring::NOT_FOUND,
        &pages::wiring::REGISTER_FAILED,
        &pages::wiring::TYPE_VS_MODE,
        &pages::wiring::BINDING,
        &pages::states::IP_UNUSABLE,
        &pages::states::INSTANCE_STATE,
        &pages::states::INTERNAL,
        &pages::states::DRAINING,
        &pages::states::SLOW_DRAINING,
        &pages::timing::INITIAL_TOO_LONG,
        &pages::timing::SLOW_START,
        &pages::states::ANOMALY,
        &pages::states::ZONAL_SHIFT,
        &pages::states::FAIL_OPEN,
        &pages::states::GROUP_HEALTH,
        &pages::states::EMPTY_ZONE,
        &pages::connection::TLS13,
        &pages::connection::UDP,
        &pages::states::HAIRPIN,
        &pages::connection::HTTP2,
        &pages::wiring::BALANCER_STATE,
        &pages::states::ORPHANS,
        &pages::states::SHARED,
        &pages::codes::OTHER_SUCCESS,
        &pages::codes::OTHER_CODE,
        &pages::connection::BLOCKING_LOGS,
    ],
    missing: &[Missing {
        id: "lb-target-port-note",
        number: 47,
        reason: "The port of a target group is only a default for targets registered without one, and ECS always registers a \
                 port: that it differs from the container's port is never a fault, so nothing is reported.",
    }],
    find,
};

fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let service = scene.service;
    if service.status != ServiceStatus::Active || service.desired == 0 && service.running == 0 {
        return;
    }
    wiring::bindings(scene, findings);
    for group in &scene.groups {
        let checks = Checks::new(scene, group);
        wiring::find(&checks, findings);
        of_answers(&checks, findings);
        timing::aggressive(&checks, findings);
        timing::waits_too_long(&checks, findings);
        timing::slow_start(&checks, findings);
        states::find(&checks, findings);
    }
}

/// What is wrong with the answers, if it is not just too early for them.
fn of_answers(checks: &Checks<'_, '_>, findings: &mut Vec<Finding>) {
    let causes = connection::causes(checks);
    let proven = causes.iter().any(|(cause, _)| !cause.may_be_start());
    let too_short = timing::too_short(checks, proven);
    let early = |lot: &Lot<'_, '_>| {
        too_short.is_some() || !lot.places.is_empty() && lot.places.iter().all(|place| timing::is_young(checks, place))
    };
    let mut excused: Vec<Lot<'_, '_>> = Vec::new();
    let mut generic = Vec::new();
    codes::find(checks, early, &mut excused, findings);
    for (cause, lot) in causes {
        if !cause.may_be_start() || !early(&lot) {
            findings.push(telling::finding(checks, &cause, &lot));
        } else if too_short.is_some() {
            generic.push(telling::finding(checks, &cause, &lot));
        } else {
            excused.push(lot);
        }
    }
    match too_short {
        Some(proof) => {
            let mut finding = timing::grace_finding(checks, &proof);
            // Where no log proves it, what was seen stays in view.
            if !proof.is_told() {
                finding.consequences = generic;
            }
            findings.push(finding);
        }
        None => timing::still_starting(checks, excused, findings),
    }
}

#[cfg(test)]
mod tests;
