//! The words of headlines: what is wrong, in a table cell.

use crate::diagnose::evidence::Tally;
use crate::diagnose::matcher::Matcher;
use crate::diagnose::target_health::{list, short_reason};
use crate::model::service::Service;

/// What failing targets say, and whether it is already mended and only waits for the next checks.
pub(super) fn failing(tally: &Tally<'_>, in_progress: bool) -> (String, bool) {
    if let Some(words) = wrong_codes(tally, &tally.codes()) {
        return words;
    }
    let (healthy, total, which) = match tally.primary {
        Some(new) if in_progress && new.failing > 0 => (new.healthy, new.total, "new targets"),
        _ => (tally.healthy, tally.total, "targets"),
    };
    let counts = format!("{healthy}/{total} {which} healthy");
    let words = tally.commonest_words().map(short_reason).filter(|words| !words.is_empty());
    // The cause first: it is what a narrow column has to show.
    (words.map_or_else(|| counts.clone(), |words| format!("{words}, {counts}")), false)
}

/// What the health check wants and what the application answers instead, if both are known, and whether the answer is
/// accepted by now.
pub(super) fn wrong_codes(tally: &Tally<'_>, codes: &[u16]) -> Option<(String, bool)> {
    let matcher = tally.settings?.health_check.matcher.as_deref().filter(|_| !codes.is_empty())?;
    let accepted = Matcher::parse(matcher).is_some_and(|parsed| codes.iter().all(|code| parsed.accepts(*code)));
    let words = if accepted {
        format!("health check now accepts {}, waiting for it", list(codes))
    } else {
        format!("app says {}, check wants {matcher}", list(codes))
    };
    Some((words, accepted))
}

pub(super) fn not_in_use(tally: &Tally<'_>) -> String {
    let said = |reason: &str, part: &str| {
        tally.not_in_use.iter().any(|target| {
            target.reason.as_deref() == Some(reason) && target.description.as_deref().unwrap_or_default().contains(part)
        })
    };
    if said("Target.NotInUse", "Availability Zone") {
        let zone = tally.not_in_use.iter().find_map(|target| target.availability_zone.as_deref());
        format!("load balancer not enabled in {}", zone.unwrap_or("the zone of a target"))
    } else if said("Target.NotInUse", "") {
        format!("no listener forwards to {}", tally.group.group_name())
    } else if said("Target.InvalidState", "") {
        "EC2 instance of a target is stopped or terminated".to_owned()
    } else {
        format!("{}/{} targets healthy, others not in use", tally.healthy, tally.total)
    }
}

pub(super) fn waiting(tally: &Tally<'_>) -> String {
    if tally.total == 0 {
        return format!("no targets registered in {}", tally.group.group_name());
    }
    let waiting = if tally.waiting > 0 { format!(", {} without verdict yet", tally.waiting) } else { String::new() };
    format!("{}/{} targets healthy{waiting}", tally.healthy, tally.total)
}

pub(super) fn deadlock_words(service: &Service) -> String {
    match &service.deployment_configuration {
        Some(configuration) => format!(
            "min {}% max {}% of {} leave no room to deploy",
            configuration.minimum_healthy_percent, configuration.maximum_percent, service.desired
        ),
        None => "min/max percent leave no room to deploy".to_owned(),
    }
}

/// `: tasks failed to start` of `ECS deployment circuit breaker: tasks failed to start.`
pub(super) fn after_colon(reason: Option<&str>) -> String {
    let why = reason.map(|reason| reason.rsplit_once(": ").map_or(reason, |(_, why)| why).trim_end_matches('.'));
    why.filter(|why| !why.is_empty()).map(|why| format!(": {why}")).unwrap_or_default()
}
