//! What a target's state, reason and description mean (catalogue section 2), and how long verdicts take.

use std::time::Duration;

use super::matcher::failing_codes;
use crate::model::load_balancing::{HealthCheckSettings, Target, TargetState};

/// How to take a target's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Takes traffic.
    Fine,
    /// On its way in: no verdict yet.
    Waiting,
    /// On its way out: normal in every deployment and scale-in.
    Leaving,
    /// Fails its checks.
    Failing,
    /// Gets neither checks nor traffic because of how load balancer and target are set up.
    NotInUse,
    /// The load balancer itself does not know.
    Unknown,
}

impl Standing {
    /// Whether something is wrong.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failing | Self::NotInUse)
    }
}

/// What a target's health means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// How to take it.
    pub standing: Standing,
    /// One plain sentence.
    pub text: &'static str,
}

/// Rows are tried in order; an empty reason or description part matches everything.
const MEANINGS: &[(&str, &str, &str, Standing, &str)] = {
    use Standing::{Failing, Fine, Leaving, NotInUse, Unknown, Waiting};
    &[
        ("healthy", "", "", Fine, "Passes its health checks and takes traffic."),
        (
            "initial",
            "Elb.RegistrationInProgress",
            "",
            Waiting,
            "Is being registered; behind a network load balancer that can take minutes.",
        ),
        ("initial", "", "", Waiting, "Waits for the result of its first health checks."),
        ("draining", "", "", Leaving, "Is being deregistered and finishes its open connections."),
        ("unhealthy.draining", "", "", Failing, "Fails its health checks; open connections are kept for a while."),
        (
            "unhealthy",
            "Target.ResponseCodeMismatch",
            "",
            Failing,
            "Answers the health check, but with a code that does not count as healthy; the network path is open.",
        ),
        (
            "unhealthy",
            "Target.Timeout",
            "",
            Failing,
            "Does not answer the health check in time: packets are dropped on the way, or the application accepts and does not answer.",
        ),
        (
            "unhealthy",
            "Target.FailedHealthChecks",
            "",
            Failing,
            "The connection for the health check is refused, reset or garbled; a network load balancer also says so when it times out.",
        ),
        (
            "unhealthy",
            "Elb.InternalError",
            "",
            Failing,
            "The load balancer could not check it because of an error on AWS's side.",
        ),
        ("unhealthy", "", "", Failing, "Fails its health checks."),
        (
            "unused",
            "Target.NotInUse",
            "Availability Zone",
            NotInUse,
            "Stands in a zone that the load balancer is not enabled for, so it gets no traffic.",
        ),
        (
            "unused",
            "Target.NotInUse",
            "",
            NotInUse,
            "No listener or rule forwards to its target group, so it is neither checked nor given traffic.",
        ),
        ("unused", "Target.InvalidState", "", NotInUse, "Its EC2 instance is stopped or terminated."),
        ("unused", "Target.IpUnusable", "", NotInUse, "Its address belongs to a load balancer and cannot be a target."),
        ("unused", "Target.NotRegistered", "", NotInUse, "Is not registered in the target group."),
        ("unused", "", "", NotInUse, "Is neither checked nor given traffic."),
        (
            "unavailable",
            "Target.HealthCheckDisabled",
            "",
            Unknown,
            "Health checks are switched off, so its health is not known.",
        ),
        ("unavailable", "", "", Unknown, "The load balancer cannot tell its health; that is on AWS's side."),
    ]
};

/// What the health of a target means.
pub fn meaning(target: &Target) -> Meaning {
    let state = target.state.as_str();
    let reason = target.reason.as_deref().unwrap_or_default();
    let description = target.description.as_deref().unwrap_or_default();
    MEANINGS
        .iter()
        .find(|(of_state, of_reason, part, ..)| {
            *of_state == state && (of_reason.is_empty() || *of_reason == reason) && description.contains(part)
        })
        .map_or(Meaning { standing: Standing::Unknown, text: "Is in a state this version does not know." }, |row| {
            Meaning { standing: row.3, text: row.4 }
        })
}

/// A load balancer's words about a failed check, shortened for a table cell: `app answers 302`, `request timed out`.
pub fn short_reason(description: &str) -> String {
    let codes = failing_codes(description);
    if !codes.is_empty() {
        return format!("app answers {}", list(&codes));
    }
    let words = description.trim().trim_end_matches('.');
    let mut characters = words.chars();
    match characters.next() {
        // Abbreviations keep their case.
        Some(first) if !characters.as_str().starts_with(char::is_uppercase) => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => words.to_owned(),
    }
}

/// `302` or `502, 503`.
pub fn list(codes: &[u16]) -> String {
    codes.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether a failing target answered with codes, and which.
pub fn answered_codes(target: &Target) -> Vec<u16> {
    match (&target.state, target.reason.as_deref()) {
        (TargetState::Unhealthy | TargetState::UnhealthyDraining, Some("Target.ResponseCodeMismatch")) => {
            target.description.as_deref().map(failing_codes).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Earliest time after registration at which a target that fails is called unhealthy: unhealthy threshold × interval.
/// `None` if the settings are not known.
pub fn time_to_unhealthy(settings: &HealthCheckSettings) -> Option<Duration> {
    checks(settings.unhealthy_threshold?, settings)
}

/// Time a target that was unhealthy takes to be called healthy once it is: healthy threshold × interval.
pub fn time_to_recover(settings: &HealthCheckSettings) -> Option<Duration> {
    checks(settings.healthy_threshold?, settings)
}

/// Longest time until the first check of a new target has its result: interval + timeout. An application load balancer
/// calls a new target healthy after one success.
pub fn time_to_first_verdict(settings: &HealthCheckSettings) -> Option<Duration> {
    Some(checks(1, settings)? + Duration::from_secs(settings.timeout_seconds?.into()))
}

fn checks(count: u32, settings: &HealthCheckSettings) -> Option<Duration> {
    Some(Duration::from_secs(u64::from(count) * u64::from(settings.interval_seconds?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(state: TargetState, reason: &str, description: &str) -> Target {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Target {
            id: "10.0.0.1".to_owned(),
            port: Some(8080),
            availability_zone: None,
            health_check_port: None,
            state,
            reason: some(reason),
            description: some(description),
            anomaly: None,
            anomaly_mitigated: false,
            administrative_override: None,
        }
    }

    #[test]
    fn every_documented_combination_has_its_meaning() {
        use TargetState::{Draining, Healthy, Initial, Other, Unavailable, Unhealthy, UnhealthyDraining, Unused};
        let unattached = "Target group is not configured to receive traffic from the load balancer";
        let zone = "Target is in an Availability Zone that is not enabled for the load balancer";
        for (state, reason, description, standing, part) in [
            (Healthy, "", "", Standing::Fine, "takes traffic"),
            (Initial, "Elb.RegistrationInProgress", "", Standing::Waiting, "being registered"),
            (Initial, "Elb.InitialHealthChecking", "", Standing::Waiting, "first health checks"),
            (Unhealthy, "Target.ResponseCodeMismatch", "", Standing::Failing, "path is open"),
            (Unhealthy, "Target.Timeout", "Request timed out", Standing::Failing, "in time"),
            (Unhealthy, "Target.FailedHealthChecks", "", Standing::Failing, "refused"),
            (Unhealthy, "Elb.InternalError", "", Standing::Failing, "AWS's side"),
            (Unhealthy, "", "", Standing::Failing, "Fails"),
            (UnhealthyDraining, "Target.FailedHealthChecks", "", Standing::Failing, "kept for a while"),
            (Unused, "Target.NotInUse", unattached, Standing::NotInUse, "No listener"),
            (Unused, "Target.NotInUse", zone, Standing::NotInUse, "zone"),
            (Unused, "Target.InvalidState", "", Standing::NotInUse, "EC2 instance"),
            (Unused, "Target.IpUnusable", "", Standing::NotInUse, "load balancer"),
            (Unused, "Target.NotRegistered", "", Standing::NotInUse, "not registered"),
            (Draining, "Target.DeregistrationInProgress", "", Standing::Leaving, "deregistered"),
            (Unavailable, "Target.HealthCheckDisabled", "", Standing::Unknown, "switched off"),
            (Unavailable, "Elb.InternalError", "", Standing::Unknown, "AWS's side"),
            (Other("quarantined".to_owned()), "", "", Standing::Unknown, "does not know"),
        ] {
            let found = meaning(&target(state, reason, description));
            assert_eq!(found.standing, standing, "{reason}");
            assert!(found.text.contains(part), "{reason}: {}", found.text);
        }
    }

    #[test]
    fn only_failures_are_failures() {
        assert!(Standing::Failing.is_failure() && Standing::NotInUse.is_failure());
        for standing in [Standing::Fine, Standing::Waiting, Standing::Leaving, Standing::Unknown] {
            assert!(!standing.is_failure(), "{standing:?}");
        }
    }

    #[test]
    fn words_of_the_load_balancer_are_shortened() {
        for (description, short) in [
            ("Health checks failed with these codes: [302]", "app answers 302"),
            ("Health checks failed with these codes: [502, 503]", "app answers 502, 503"),
            ("Request timed out", "request timed out"),
            ("ELB is out.", "ELB is out"),
            ("", ""),
        ] {
            assert_eq!(short_reason(description), short);
        }
    }

    #[test]
    fn codes_are_believed_only_with_their_reason() {
        let codes = "Health checks failed with these codes: [302]";
        assert_eq!(answered_codes(&target(TargetState::Unhealthy, "Target.ResponseCodeMismatch", codes)), [302]);
        assert!(answered_codes(&target(TargetState::Unhealthy, "Target.Timeout", codes)).is_empty());
        assert!(answered_codes(&target(TargetState::Draining, "Target.ResponseCodeMismatch", codes)).is_empty());
    }

    #[test]
    fn times_follow_from_the_settings() {
        let settings = HealthCheckSettings {
            interval_seconds: Some(30),
            timeout_seconds: Some(5),
            healthy_threshold: Some(5),
            unhealthy_threshold: Some(2),
            ..HealthCheckSettings::default()
        };
        assert_eq!(time_to_unhealthy(&settings), Some(Duration::from_mins(1)));
        assert_eq!(time_to_recover(&settings), Some(Duration::from_secs(150)));
        assert_eq!(time_to_first_verdict(&settings), Some(Duration::from_secs(35)));
        assert_eq!(time_to_recover(&HealthCheckSettings::default()), None);
    }
}
