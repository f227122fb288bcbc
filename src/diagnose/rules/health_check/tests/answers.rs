use super::*;

#[test]
fn every_code_has_its_finding() {
    for (said, matcher, expected) in [
        ("302", "200", "tg-code-mismatch-redirect"),
        ("301", "200-299", "tg-code-mismatch-redirect"),
        ("404", "200", "tg-code-mismatch-404"),
        ("405", "200", "tg-code-mismatch-404"),
        ("401", "200", "tg-code-mismatch-auth"),
        ("403", "200", "tg-code-mismatch-auth"),
        ("400", "200", "tg-code-mismatch-400-host-or-tls"),
        ("421", "200", "tg-code-mismatch-400-host-or-tls"),
        ("502", "200", "tg-code-mismatch-5xx-proxy"),
        ("503", "200", "tg-code-mismatch-5xx-proxy"),
        ("502, 504", "200", "tg-code-mismatch-5xx-proxy"),
        ("500", "200", "tg-code-mismatch-500"),
        ("500, 503", "200", "tg-code-mismatch-500"),
        ("520", "200", "tg-code-mismatch-500"),
        ("429", "200", "tg-code-mismatch-429"),
        ("204", "200", "tg-code-mismatch-2xx"),
        ("200", "204", "tg-code-mismatch-2xx"),
        ("418", "200", "tg-code-mismatch-other"),
        ("302, 404", "200", "tg-code-mismatch-other"),
        ("200, 503", "200", "tg-code-mismatch-5xx-proxy"),
        ("302", "200-399", "tg-matcher-recently-fixed"),
        ("302, 204", "200-399", "tg-matcher-recently-fixed"),
    ] {
        let mut case = failing(MISMATCH, &codes(said));
        let group = with_check(|group| group.health_check.matcher = Some(matcher.to_owned()));
        case = case.with(Query::TargetGroup { target_group: group.arn.clone() }, Answer::TargetGroup(Box::new(group)));
        assert_eq!(ids(&case, Verdict::Unknown), [expected], "[{said}] with {matcher}");
    }
}

#[test]
fn a_redirect_is_told_with_its_evidence() {
    let findings = failing(MISMATCH, &codes("302")).find(&FAMILY);
    let redirect = &findings[0];
    assert_eq!(redirect.title, "Health check expects 200, the app answers 302");
    assert_eq!(redirect.short.as_deref(), Some("health check wants 200, app says 302"));
    assert_eq!((redirect.severity, redirect.confidence), (Severity::Error, Confidence::Certain));
    assert_eq!(redirect.scope.targets, ["10.0.0.1:8080", "10.0.0.2:8080"]);
    assert_eq!(redirect.scope.deployment, None);
    let has = |field: &str, value: &str| redirect.evidence.iter().any(|one| one.field == field && one.value == value);
    assert!(has("TargetHealth.Description", &codes("302")) && has("TargetHealth.Reason", MISMATCH));
    assert!(has("HealthCheckPath", "/") && has("Matcher.HttpCode", "200"));
    assert!(redirect.evidence.iter().any(|one| one.value == "2 of 2 targets"));
    let fix = redirect.fix.as_ref().unwrap();
    assert_eq!(
        fix.commands,
        [format!("aws elbv2 modify-target-group --target-group-arn {GROUP} --health-check-path /healthz")]
    );
    assert_eq!(fix.terraform.as_deref(), Some("aws_lb_target_group.web_tg → health_check { path = \"/healthz\" }"));
    assert_eq!(fix.eta_seconds, Some(150));
    assert!(findings.iter().any(|finding| finding.id() == "lb-fail-open"));
}

#[test]
fn the_path_a_container_asks_itself_is_offered() {
    let mut own = definition(30);
    own.containers[0].health_check = Some(ContainerHealthCheck {
        command: vec!["CMD-SHELL".to_owned(), "curl -f http://localhost:8080/up".to_owned()],
        interval_seconds: 30,
        timeout_seconds: 5,
        retries: 3,
        start_period_seconds: None,
    });
    let findings = failing(MISMATCH, &codes("404")).definition(own).find(&FAMILY);
    assert!(findings[0].fix.as_ref().unwrap().commands[0].ends_with("--health-check-path /up"));
}

#[test]
fn grpc_has_statuses_of_its_own() {
    let grpc = |matcher: &str, said: &str| {
        let group = with_check(|group| {
            group.protocol_version = Some("GRPC".to_owned());
            group.health_check.path = Some("/AWS.ALB/healthcheck".to_owned());
            group.health_check.matcher = Some(matcher.to_owned());
        });
        let targets = vec![unhealthy("10.0.0.1", MISMATCH, &codes(said)), healthy("10.0.0.2")];
        Case::new(service("web", 2)).definition(definition(30)).tasks(tasks(2)).group(group, targets)
    };
    assert_eq!(ids(&grpc("12", "0"), Verdict::Open), ["tg-code-mismatch-grpc"]);
    assert_eq!(ids(&grpc("0-99", "12"), Verdict::Open), ["tg-matcher-recently-fixed"]);
    let findings = grpc("12", "0").find(&FAMILY);
    assert!(findings[0].fix.as_ref().unwrap().commands[0].contains("GrpcCode=0"));
}

#[test]
fn bad_requests_are_told_apart_by_the_log() {
    let case = || failing(MISMATCH, &codes("400"));
    let host = logged(case(), &first_task(), &[(110, "Invalid HTTP_HOST header: '10.0.0.1:8080'.")]);
    let tls = logged(case(), &first_task(), &[(110, "400 The plain HTTP request was sent to HTTPS port")]);
    for (case, confidence, part) in [
        (case(), Confidence::Medium, "Most likely"),
        (host, Confidence::High, "Host header"),
        (tls, Confidence::High, "TLS"),
    ] {
        let finding = &found(&case, Verdict::Open)[0];
        assert_eq!((finding.id(), finding.confidence), ("tg-code-mismatch-400-host-or-tls", confidence));
        assert!(finding.explanation.contains(part), "{}", finding.explanation);
    }
}
