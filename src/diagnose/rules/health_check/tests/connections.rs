use super::*;

#[test]
fn silence_is_judged_by_what_is_known_of_the_network() {
    let silent = failing(TIMEOUT, "Request timed out");
    for (verdict, expected) in [
        (Verdict::Unknown, vec!["hc-timeout-network-unverified"]),
        (Verdict::Blocked, vec![]),
        (Verdict::Partial, vec![]),
        (Verdict::Open, vec!["hc-timeout-app-not-answering"]),
    ] {
        assert_eq!(ids(&silent, verdict), expected, "{verdict:?}");
    }
    let open = found(&silent, Verdict::Open);
    assert!(open[0].explanation.contains("no problem of network rules"));
    assert_eq!(open[0].fix.as_ref().unwrap().commands.len(), 1);
}

#[test]
fn a_request_in_the_log_proves_the_way_is_open() {
    let silent = failing(TIMEOUT, "Request timed out");
    let young = [(980, "10.0.9.9 \"GET / HTTP/1.1\" ELB-HealthChecker/2.0")];
    let old = [(200, "10.0.9.9 \"GET / HTTP/1.1\" ELB-HealthChecker/2.0")];
    let seen = logged(silent.clone(), &first_task(), &young);
    assert_eq!(ids(&seen, Verdict::Unknown), ["hc-timeout-slow-endpoint"]);
    assert_eq!(ids(&seen, Verdict::Open), ["hc-timeout-slow-endpoint"]);
    assert_eq!(ids(&logged(silent, &first_task(), &old), Verdict::Unknown), ["hc-timeout-network-unverified"]);
}

#[test]
fn a_healthy_peer_proves_the_way_is_open() {
    let mut all = tasks(2);
    for task in &mut all {
        task.interface.as_mut().unwrap().subnet = Some("subnet-1".to_owned());
    }
    let case = |tasks: Vec<Task>| {
        let targets = vec![unhealthy("10.0.0.1", TIMEOUT, "Request timed out"), healthy("10.0.0.2")];
        Case::new(service("web", 2)).definition(definition(30)).tasks(tasks).group(target_group(), targets)
    };
    assert_eq!(ids(&case(all.clone()), Verdict::Unknown), ["hc-timeout-app-not-answering"]);
    all[1].interface.as_mut().unwrap().subnet = Some("subnet-2".to_owned());
    assert_eq!(ids(&case(all), Verdict::Unknown), ["hc-timeout-network-unverified"]);
}

#[test]
fn busy_tasks_are_silent() {
    let busy = |percent: f64| {
        let case = failing(TIMEOUT, "Request timed out");
        let cpu = (0..5).map(|minute| Sample { at: at(600 + 60 * minute), value: percent }).collect();
        let query = Query::Utilization { cluster: case.facts().cluster(), service: case.service.arn.clone() };
        let utilization = Utilization { cpu, ..Utilization::default() };
        case.with(query, Answer::Utilization(Box::new(utilization)))
    };
    assert_eq!(ids(&busy(99.0), Verdict::Open), ["hc-timeout-cpu-starved"]);
    assert_eq!(ids(&busy(60.0), Verdict::Open), ["hc-timeout-app-not-answering"]);
    assert_eq!(ids(&busy(99.0), Verdict::Unknown), ["hc-timeout-network-unverified"]);
}

#[test]
fn a_blocking_log_that_is_empty_may_be_why() {
    let mut blocking = definition(30);
    let options = &mut blocking.containers[0].logs.as_mut().unwrap().options;
    options.push(("mode".to_owned(), "blocking".to_owned()));
    let silent = failing(TIMEOUT, "Request timed out").definition(blocking);
    let all = tasks(2);
    let quiet = logged(logged(silent.clone(), &all[0], &[]), &all[1], &[]);
    assert_eq!(ids(&quiet, Verdict::Open), ["hc-timeout-blocking-logs"]);
    let talking = logged(logged(silent.clone(), &all[0], &[(110, "hello")]), &all[1], &[(110, "hello")]);
    assert_eq!(ids(&talking, Verdict::Open), ["hc-timeout-app-not-answering"]);
    assert_eq!(ids(&silent, Verdict::Open), ["hc-timeout-app-not-answering"]);
}

#[test]
fn a_refusal_is_explained_by_the_log() {
    for (lines, expected) in [
        (vec!["Listening on http://127.0.0.1:8080"], "app-bound-to-loopback"),
        (vec!["Now listening on: http://localhost:8080"], "app-bound-to-loopback"),
        (vec!["  ➜  Local:   http://localhost:8080/", "  ➜  Network: use --host to expose"], "app-bound-to-loopback"),
        (vec!["  ➜  Local:   http://localhost:8080/"], "hc-connection-refused"),
        (vec![" * Running on all addresses (0.0.0.0)", " * Running on http://127.0.0.1:8080"], "hc-connection-refused"),
        (vec!["Listening on http://0.0.0.0:8080", "Listening on http://127.0.0.1:8080"], "hc-connection-refused"),
        (vec!["connected to 127.0.0.1:8080", "redis running on 127.0.0.1:8080"], "hc-connection-refused"),
        (vec!["Example app listening on port 3000!"], "app-listening-on-other-port"),
        (vec!["Tomcat started on port(s): 8081 (http)"], "app-listening-on-other-port"),
        (vec!["Listening on :9999", "Listening on :8080"], "hc-connection-refused"),
        (vec!["Metrics server listening on :9090"], "hc-connection-refused"),
        (vec!["Debugger listening on ws://127.0.0.1:9229/0f2c"], "hc-connection-refused"),
        (
            vec!["http: TLS handshake error from 10.0.1.5:1: tls: first record does not look like a TLS handshake"],
            "hc-protocol-mismatch",
        ),
        (vec![], "hc-connection-refused"),
    ] {
        let mut case = failing(FAILED, "Health checks failed");
        for task in tasks(2) {
            let lines: Vec<_> = lines.iter().map(|line| (105, *line)).collect();
            case = logged(case, &task, &lines);
        }
        assert_eq!(ids(&case, Verdict::Open), [expected], "{lines:?}");
        assert_eq!(ids(&case, Verdict::Unknown), [expected], "{lines:?}");
    }
}

#[test]
fn loopback_never_explains_silence() {
    let silent = failing(TIMEOUT, "Request timed out");
    let case = logged(silent, &first_task(), &[(105, "Listening on http://127.0.0.1:8080")]);
    assert_eq!(ids(&case, Verdict::Open), ["hc-timeout-app-not-answering"]);
}

#[test]
fn a_passing_container_check_makes_loopback_surer() {
    let mut all = tasks(2);
    for task in &mut all {
        task.health = ContainerHealth::Healthy;
    }
    let case = failing(FAILED, "Health checks failed").tasks(all);
    let case = logged(case, &first_task(), &[(105, "Server running at http://localhost:8080")]);
    let finding = &found(&case, Verdict::Open)[0];
    assert_eq!((finding.id(), finding.confidence), ("app-bound-to-loopback", Confidence::High));
    assert!(finding.evidence.iter().any(|one| one.field == "healthStatus" && one.value == "HEALTHY"));
    assert!(finding.evidence.iter().any(|one| one.field == "message"));
}

#[test]
fn the_health_check_port_has_to_be_the_tasks() {
    let fixed = |port: &str, mapping: Option<u16>, reason: &str, description: &str| {
        let mut case = failing(reason, description);
        let group = with_check(|group| group.health_check.port = Some(port.to_owned()));
        let mut targets = vec![unhealthy("10.0.0.1", reason, description), unhealthy("10.0.0.2", reason, description)];
        for target in &mut targets {
            target.health_check_port = Some(port.to_owned());
        }
        let mut definition = definition(30);
        if let Some(mapping) = mapping {
            let mut more = definition.containers[0].ports[0].clone();
            more.container_port = Some(mapping);
            definition.containers[0].ports.push(more);
        }
        case = case.definition(definition);
        case.group(group, targets)
    };
    let failed = "Health checks failed";
    assert_eq!(ids(&fixed("9090", None, FAILED, failed), Verdict::Open), ["hc-wrong-port"]);
    assert_eq!(ids(&fixed("9090", Some(9090), FAILED, failed), Verdict::Open), ["hc-connection-refused"]);
    let silent = fixed("9090", None, TIMEOUT, "Request timed out");
    assert_eq!(ids(&silent, Verdict::Blocked), <[&str; 0]>::default());
    let listens =
        logged(fixed("9090", None, FAILED, failed), &first_task(), &[(105, "probe server listening on :9090")]);
    assert_eq!(ids(&listens, Verdict::Open), ["hc-connection-refused"]);
}

#[test]
fn a_fixed_check_port_and_dynamic_host_ports_never_fit() {
    let mut bridge = definition(30);
    bridge.network_mode = Some("bridge".to_owned());
    bridge.containers[0].ports[0].host_port = Some(0);
    let mut task = first_task();
    task.interface = None;
    task.ec2_instance = Known::Known("i-1".to_owned());
    task.containers[0].bindings = vec![NetworkBinding { container_port: Some(8080), host_port: Some(32_768) }];
    let group = with_check(|group| {
        group.target_type = Some("instance".to_owned());
        group.health_check.port = Some("8080".to_owned());
    });
    let mut failing = unhealthy("i-1", FAILED, "Health checks failed");
    failing.port = Some(32_768);
    let case = Case::new(service("web", 1)).definition(bridge).tasks(vec![task]).group(group, vec![failing]);
    let finding = &found(&case, Verdict::Open)[0];
    assert_eq!((finding.id(), finding.confidence), ("hc-wrong-port", Confidence::Certain));
    assert!(finding.fix.as_ref().unwrap().commands[0].ends_with("--health-check-port traffic-port"));
}

#[test]
fn network_load_balancers_hide_silence() {
    let failed = || network(failing(FAILED, "Health checks failed"));
    assert_eq!(ids(&failed(), Verdict::Blocked), <[&str; 0]>::default());
    assert_eq!(ids(&failed(), Verdict::Unknown), ["hc-timeout-network-unverified"]);
    assert_eq!(ids(&failed(), Verdict::Open), ["hc-connection-refused"]);
    let seen = logged(failed(), &first_task(), &[(990, "GET / ELB-HealthChecker/2.0")]);
    assert_eq!(ids(&seen, Verdict::Open), ["hc-timeout-slow-endpoint"]);
    // An application load balancer tells them apart, so dropped packets are no excuse.
    assert_eq!(ids(&failing(FAILED, "Health checks failed"), Verdict::Unknown), ["hc-connection-refused"]);
}

#[test]
fn network_load_balancers_have_protocols_of_their_own() {
    let udp = |mapped: &str| {
        let mut definition = definition(30);
        definition.containers[0].ports[0].protocol = Some(mapped.to_owned());
        let group = with_check(|group| {
            group.protocol = Some("UDP".to_owned());
            group.health_check.protocol = Some("TCP".to_owned());
        });
        let targets = vec![unhealthy("10.0.0.1", FAILED, "Health checks failed")];
        network(Case::new(service("web", 1)).definition(definition).tasks(tasks(1)).group(group, targets))
    };
    assert_eq!(ids(&udp("udp"), Verdict::Unknown), ["nlb-udp-healthcheck-port"]);
    assert_eq!(ids(&udp("tcp"), Verdict::Open), ["hc-connection-refused"]);
    let https = with_check(|group| group.health_check.protocol = Some("HTTPS".to_owned()));
    let targets = vec![unhealthy("10.0.0.1", FAILED, "Health checks failed")];
    let case = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1)).group(https, targets);
    let lines =
        [(105, "http: TLS handshake error from 10.0.1.5:1: tls: client offered only unsupported versions: [303]")];
    let case = logged(case, &first_task(), &lines);
    assert_eq!(ids(&network(case.clone()), Verdict::Open), ["nlb-tls13-only-healthcheck"]);
    assert_eq!(ids(&case, Verdict::Open), ["hc-connection-refused"]);
}

#[test]
fn http2_is_suspected_only_when_nothing_is_proven() {
    let group = with_check(|group| group.protocol_version = Some("HTTP2".to_owned()));
    let targets = vec![unhealthy("10.0.0.1", FAILED, "Health checks failed")];
    let case = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1)).group(group, targets);
    assert_eq!(ids(&case, Verdict::Open), ["http2-target-mismatch"]);
    let bound = logged(case, &first_task(), &[(105, "Listening on http://127.0.0.1:8080")]);
    assert_eq!(ids(&bound, Verdict::Open), ["app-bound-to-loopback"]);
}

#[test]
fn a_dead_container_is_its_own_cause() {
    let mut all = tasks(2);
    for task in &mut all {
        task.containers[0].last_status = Some("STOPPED".to_owned());
    }
    let case = failing(FAILED, "Health checks failed").tasks(all);
    assert_eq!(ids(&case, Verdict::Open), <[&str; 0]>::default());
}
