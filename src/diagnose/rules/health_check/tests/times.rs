use super::*;

#[test]
fn a_start_longer_than_the_grace_period_is_proven_by_the_log() {
    // Catalogue section 9, example 12.
    let dead = killed(3, 75);
    let case = logged(killing(3, Some(0), refusing()), &dead[0], &[(938, "Started Shop, started in 92 s")]);
    let findings = found(&case, Verdict::Open);
    let finding = findings.iter().find(|finding| finding.id() == "grace-period-too-short").unwrap();
    assert_eq!(finding.confidence, Confidence::High);
    assert!(finding.explanation.contains("92 s") || finding.explanation.contains("93 s"), "{}", finding.explanation);
    assert!(finding.explanation.contains("= 60 s") && finding.explanation.contains("75 s"), "{}", finding.explanation);
    let command = &finding.fix.as_ref().unwrap().commands[0];
    assert!(command.ends_with("--health-check-grace-period-seconds 270"), "{command}");
    assert_eq!(ids(&case, Verdict::Open), ["grace-period-too-short"]);
    assert_eq!(ids(&case, Verdict::Unknown), ["grace-period-too-short"]);
    // Nothing fails at the moment, since the targets are new.
    let waiting = vec![
        target("10.0.0.1", TargetState::Initial, "Elb.InitialHealthChecking", "Initial health checks in progress"),
        target("10.0.0.2", TargetState::Initial, "Elb.InitialHealthChecking", "Initial health checks in progress"),
    ];
    let case = logged(killing(3, None, waiting), &dead[1], &[(838, "started in 92 s")]);
    assert_eq!(ids(&case, Verdict::Open), ["grace-period-too-short"]);
}

#[test]
fn the_grace_period_is_blamed_only_with_proof() {
    let dead = killed(3, 75);
    let early = (870, "Listening on http://0.0.0.0:8080");
    let slow = (938, "started in 92 s");
    let code = |codes: &str| {
        let text = format!("Health checks failed with these codes: [{codes}]");
        vec![unhealthy("10.0.0.1", MISMATCH, &text), unhealthy("10.0.0.2", MISMATCH, &text)]
    };
    let completed = |mut case: Case| {
        case.service = case.service.primary(|primary| primary.rollout_state = Some(RolloutState::Completed));
        case
    };
    let steady_before = |mut case: Case| {
        case.service = case.service.events(&[(500, "has reached a steady state.")]);
        case
    };
    for (what, case, verdict, expected) in [
        (
            "listened early",
            logged(killing(3, None, refusing()), &dead[0], &[early]),
            Verdict::Open,
            "hc-connection-refused",
        ),
        (
            "started early",
            logged(killing(3, None, refusing()), &dead[0], &[(870, "started in 4 s")]),
            Verdict::Open,
            "hc-connection-refused",
        ),
        (
            "redirects do not heal",
            logged(killing(3, None, code("302")), &dead[0], &[slow]),
            Verdict::Open,
            "tg-code-mismatch-redirect",
        ),
        ("answers all the time", killing(3, None, code("503")), Verdict::Open, "tg-code-mismatch-5xx-proxy"),
        ("warms up", logged(killing(3, None, code("503")), &dead[0], &[slow]), Verdict::Open, "grace-period-too-short"),
        ("one death", killing(1, None, refusing()), Verdict::Open, "hc-connection-refused"),
        (
            "the deployment was complete",
            completed(logged(killing(3, None, refusing()), &dead[0], &[slow])),
            Verdict::Open,
            "hc-connection-refused",
        ),
        (
            "the deployment was steady",
            steady_before(logged(killing(3, None, refusing()), &dead[0], &[slow])),
            Verdict::Open,
            "hc-connection-refused",
        ),
        (
            "long enough for the start",
            logged(killing(3, Some(300), refusing()), &killed(1, 375)[0], &[(700, "started in 92 s")]),
            Verdict::Open,
            "hc-connection-refused",
        ),
        (
            "bound to the loopback interface",
            logged(killing(3, None, refusing()), &dead[0], &[(870, "Listening on http://127.0.0.1:8080")]),
            Verdict::Open,
            "app-bound-to-loopback",
        ),
    ] {
        assert_eq!(ids(&case, verdict), [expected], "{what}");
    }
    let silent =
        vec![unhealthy("10.0.0.1", TIMEOUT, "Request timed out"), unhealthy("10.0.0.2", TIMEOUT, "Request timed out")];
    assert_eq!(ids(&killing(3, None, silent.clone()), Verdict::Unknown), ["hc-timeout-network-unverified"]);
    assert_eq!(ids(&killing(3, None, silent), Verdict::Blocked), <[&str; 0]>::default());
}

#[test]
fn a_revision_that_never_was_healthy_is_suspected_with_what_was_seen() {
    let findings = found(&killing(3, None, refusing()), Verdict::Open);
    let grace = findings.iter().find(|finding| finding.id() == "grace-period-too-short").unwrap();
    assert_eq!(grace.confidence, Confidence::Medium);
    assert_eq!(grace.consequences.iter().map(Finding::id).collect::<Vec<_>>(), ["hc-connection-refused"]);
    // A target of it that is healthy disproves that.
    let targets = vec![unhealthy("10.0.0.1", FAILED, "Health checks failed"), healthy("10.0.0.2")];
    assert_eq!(ids(&killing(3, None, targets), Verdict::Open), ["hc-connection-refused"]);
}

#[test]
fn young_tasks_are_left_in_peace() {
    let young = |reason: &str, description: &str, grace: u32| {
        let mut case = deploying(reason, description).at(140);
        case.service.health_check_grace_period_seconds = Some(grace);
        case
    };
    assert_eq!(ids(&young(FAILED, "Health checks failed", 120), Verdict::Open), ["hc-app-still-starting"]);
    assert_eq!(ids(&young(TIMEOUT, "Request timed out", 120), Verdict::Unknown), ["hc-app-still-starting"]);
    assert_eq!(ids(&young(MISMATCH, &codes("503"), 120), Verdict::Open), ["hc-app-still-starting"]);
    // These do not heal with time, or the time is over.
    assert_eq!(ids(&young(MISMATCH, &codes("302"), 120), Verdict::Open), ["tg-code-mismatch-redirect"]);
    assert_eq!(ids(&young(FAILED, "Health checks failed", 30), Verdict::Open), ["hc-connection-refused"]);
    let bound = logged(
        young(FAILED, "Health checks failed", 120),
        &first_task(),
        &[(105, "Listening on http://127.0.0.1:8080")],
    );
    assert_eq!(ids(&bound, Verdict::Open), ["app-bound-to-loopback"]);
}

#[test]
fn strict_thresholds_need_slow_answers() {
    let silent = "(port 8080) is unhealthy in (target-group web-tg) due to (reason Request timed out)";
    let case = |p99: f64| {
        let mut case = killing(2, None, vec![healthy("10.0.0.1"), healthy("10.0.0.2")]);
        let group = with_check(|group| {
            group.health_check.interval_seconds = Some(5);
            group.health_check.timeout_seconds = Some(4);
        });
        case = case.group(group, vec![healthy("10.0.0.1"), healthy("10.0.0.2")]);
        case.service = case.service.events(&[(930, silent), (830, silent)]);
        let traffic = crate::model::observation::Traffic {
            response_time_p99: vec![Sample { at: at(900), value: p99 }],
            ..crate::model::observation::Traffic::default()
        };
        let query = Query::Traffic {
            load_balancer: LoadBalancerArn::from(BALANCER),
            target_group: TargetGroupArn::from(GROUP),
        };
        case.with(query, Answer::Traffic(Box::new(traffic)))
    };
    assert_eq!(ids(&case(3.0), Verdict::Open), ["hc-thresholds-too-aggressive"]);
    assert_eq!(ids(&case(0.1), Verdict::Open), <[&str; 0]>::default());
}

#[test]
fn nothing_is_found_about_a_deployment_that_ended_long_ago() {
    let mut case = killing(3, None, vec![healthy("10.0.0.1"), healthy("10.0.0.2")]);
    case.service.deployments = vec![deployment("1", 30, DeploymentStatus::Primary, 2)];
    let later = case.now + SignedDuration::from_hours(2);
    case.now = later;
    assert_eq!(ids(&case, Verdict::Open), <[&str; 0]>::default());
}
