use super::*;

#[test]
fn reasons_that_say_it_all() {
    for (state, reason, description, expected) in [
        (
            TargetState::Unused,
            "Target.IpUnusable",
            "The IP address cannot be used as a target, as it is in use by a load balancer",
            "target-ip-unusable",
        ),
        (TargetState::Unused, "Target.InvalidState", "Target is in the stopped state", "target-instance-invalid-state"),
        (
            TargetState::Unhealthy,
            "Elb.InternalError",
            "Health checks failed due to an internal error",
            "elb-internal-error",
        ),
        (
            TargetState::Unavailable,
            "Elb.InternalError",
            "Health checks failed due to an internal error",
            "elb-internal-error",
        ),
    ] {
        let targets = vec![target("10.0.0.1", state, reason, description), healthy("10.0.0.2")];
        let case =
            Case::new(service("web", 2)).definition(definition(30)).tasks(tasks(2)).group(target_group(), targets);
        assert_eq!(ids(&case, Verdict::Open), [expected]);
    }
}

#[test]
fn draining_is_normal() {
    let mut old = tasks(1);
    old[0].desired_status = "STOPPED".to_owned();
    old[0].stopping_at = Some(at(950));
    let mut new = running_task("ecs-svc/2", "10.0.0.2", at(800));
    new.task_definition = definition(31).arn;
    old.push(new);
    let rolling = service("web", 1).rolling(1, 0, at(700));
    let draining = target(
        "10.0.0.1",
        TargetState::Draining,
        "Target.DeregistrationInProgress",
        "Target deregistration is in progress",
    );
    let case = Case::new(rolling)
        .definition(definition(31))
        .tasks(old)
        .group(target_group(), vec![draining, healthy("10.0.0.2")]);
    let findings = found(&case, Verdict::Open);
    assert_eq!(ids(&case, Verdict::Open), ["target-draining-normal"]);
    assert_eq!(findings[0].severity, Severity::Info);
    let slow = attributes(case.clone(), &[("deregistration_delay.timeout_seconds", "300")]);
    assert_eq!(ids(&slow, Verdict::Open), ["deregistration-delay-slows-deploy", "target-draining-normal"]);
    let quick = attributes(case.clone(), &[("deregistration_delay.timeout_seconds", "30")]);
    assert_eq!(ids(&quick, Verdict::Open), ["target-draining-normal"]);
    let sticky = attributes(case, &[("deregistration_delay.timeout_seconds", "300"), ("stickiness.enabled", "true")]);
    assert_eq!(ids(&sticky, Verdict::Open), ["target-draining-normal"]);
}

#[test]
fn attributes_are_explained() {
    let case = |count: u8| {
        let targets = (1..=count).map(|last| healthy(&format!("10.0.0.{last}"))).collect();
        let mut all = tasks(count);
        for task in &mut all {
            task.availability_zone = Some("a".to_owned());
        }
        Case::new(service("web", count.into())).definition(definition(30)).tasks(all).group(target_group(), targets)
    };
    let count = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count";
    for (case, expected) in [
        (attributes(case(1), &[("slow_start.duration_seconds", "900")]).at(500), vec!["slow-start-in-effect"]),
        (attributes(case(1), &[("slow_start.duration_seconds", "30")]), vec![]),
        (attributes(case(2), &[(count, "3")]), vec!["tg-health-threshold-unmet"]),
        (attributes(case(3), &[(count, "3")]), vec![]),
        (attributes(case(1), &[(count, "1")]), vec![]),
        (
            network(attributes(case(1), &[("load_balancing.cross_zone.enabled", "false")])),
            vec!["nlb-cross-zone-off-empty-az"],
        ),
        (network(attributes(case(1), &[("load_balancing.cross_zone.enabled", "true")])), vec![]),
    ] {
        assert_eq!(ids(&case, Verdict::Open), expected);
    }
}

#[test]
fn targets_tell_more_than_their_health() {
    let mut odd = healthy("10.0.0.1");
    odd.anomaly = Some("anomalous".to_owned());
    odd.anomaly_mitigated = true;
    let mut shifted = healthy("10.0.0.2");
    shifted.administrative_override = Some("zonal_shift_active".to_owned());
    let mut late =
        target("10.0.0.3", TargetState::Initial, "Elb.InitialHealthChecking", "Initial health checks in progress");
    late.anomaly = Some("normal".to_owned());
    late.administrative_override = Some("no_override".to_owned());
    let case = Case::new(service("web", 3))
        .definition(definition(30))
        .tasks(tasks(3))
        .group(target_group(), vec![odd, shifted, late]);
    let expected = ["target-initial-too-long", "anomaly-mitigation-active", "zonal-shift-active"];
    assert_eq!(ids(&case, Verdict::Open), expected);
    assert_eq!(ids(&case.at(200), Verdict::Open), ["anomaly-mitigation-active", "zonal-shift-active"]);
}

#[test]
fn tasks_cannot_call_themselves_through_a_network_load_balancer() {
    let case = network(failing(MISMATCH, &codes("503")));
    let lines = [(200, "POST http://edge-1.elb.eu-west-1.amazonaws.com/pay: i/o timeout")];
    let case = logged(attributes(case, &[("preserve_client_ip.enabled", "true")]), &first_task(), &lines);
    assert!(ids(&case, Verdict::Open).contains(&"nlb-hairpin-client-ip"));
    let off = attributes(case, &[("preserve_client_ip.enabled", "false")]);
    assert!(!ids(&off, Verdict::Open).contains(&"nlb-hairpin-client-ip"));
}
