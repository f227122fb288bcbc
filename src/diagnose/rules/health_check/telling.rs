//! What is told about each cause of missing answers: title, explanation, evidence and fix.

use jiff::SignedDuration;

use super::connection::{Cause, expected_ports};
use super::failing::Checks;
use super::lines;
use super::logs::Journal;
use super::pages::connection::{
    BLOCKING_LOGS, CONNECTION_REFUSED, CPU_STARVED, HTTP2, LOOPBACK, NOT_ANSWERING, OTHER_PORT, PROTOCOL,
    SLOW_ENDPOINT, TLS13, UDP, UNVERIFIED, WRONG_PORT,
};
use super::report::{DEFINITIONS, LOGS, Lot, TASKS, label, update};
use crate::diagnose::finding::{Confidence, Finding, Fix};
use crate::diagnose::network::Verdict;
use crate::model::observation::LogLine;
use crate::model::task::ContainerHealth;

const TIMES: &[&str] =
    &["HealthCheckTimeoutSeconds", "HealthCheckIntervalSeconds", "UnhealthyThresholdCount", "HealthyThresholdCount"];

/// The finding about targets with this cause.
pub(super) fn finding(checks: &Checks<'_, '_>, cause: &Cause, lot: &Lot<'_, '_>) -> Finding {
    match cause {
        Cause::Udp => udp(checks, lot),
        Cause::WrongPort { port, dynamic, only_silence } => wrong_port(checks, lot, *port, *dynamic, *only_silence),
        Cause::Protocol { wants_tls } => protocol(checks, lot, *wants_tls),
        Cause::OldTls => old_tls(checks, lot),
        Cause::Loopback { port, by_name } => loopback(checks, lot, *port, *by_name),
        Cause::OtherPort { port } => other_port(checks, lot, *port),
        Cause::Http2 => http2(checks, lot),
        Cause::Refused => refused(checks, lot),
        Cause::Unverified => unverified(checks, lot),
        Cause::Busy { percent } => busy(checks, lot, *percent),
        Cause::Slow => slow(checks, lot),
        Cause::BlockingLog => blocking_log(checks, lot),
        Cause::Silent => silent(checks, lot),
    }
}

fn port_of(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> String {
    let port = lot.places.first().and_then(|place| place.check_port());
    let port = port.or_else(|| checks.group.binding.and_then(|binding| binding.container_port));
    port.map_or_else(|| "its port".to_owned(), |port| format!("port {port}"))
}

fn container<'c>(checks: &'c Checks<'_, '_>) -> &'c str {
    checks.container().unwrap_or("the container")
}

fn with_line(checks: &Checks<'_, '_>, finding: Finding, journal: &Journal<'_>, line: &LogLine) -> Finding {
    let subject = format!("log stream {} at {}", journal.stream.stream, line.at);
    finding.evidence(LOGS, subject, "message", checks.scene.quote(&line.message))
}

/// With the last line of the first log that says this.
fn with_said(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, finding: Finding, says: impl Fn(&str) -> bool) -> Finding {
    let found = checks.journals_like(lot.task()).find_map(|journal| journal.last(&says).map(|line| (journal, line)));
    match found {
        Some((journal, line)) => with_line(checks, finding, journal, line),
        None => finding,
    }
}

fn with_binding(checks: &Checks<'_, '_>, finding: Finding) -> Finding {
    let Some(binding) = checks.group.binding else { return finding };
    let port = binding.container_port.map_or_else(|| "absent".to_owned(), |port| port.to_string());
    let subject = format!("service {}", checks.scene.service.name);
    finding.evidence(super::report::SERVICES, subject, "loadBalancers[].containerPort", port)
}

fn udp(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> Finding {
    let protocol = checks.settings().and_then(|settings| settings.protocol.as_deref()).unwrap_or("UDP");
    let finding = checks
        .finding(&UDP, Confidence::High, lot, format!("A {protocol} service is health-checked on a port without TCP"))
        .short("UDP port is health-checked by TCP")
        .explain(format!(
            "{} connects by TCP, but the task definition maps this port for udp only, so nobody can answer. UDP itself cannot \
             be health-checked.",
            checks.request(lot)
        ));
    let finding = checks.settings_of(finding, &["Protocol", "HealthCheckProtocol", "HealthCheckPort"]);
    finding.fix(checks.group_fix(
        "Let the container answer HTTP on another port and check that one",
        &["--health-check-protocol", "HTTP", "--health-check-port", "8080", "--health-check-path", "/"],
        "health_check { protocol = \"HTTP\", port = \"8080\", path = \"/\" }",
    ))
}

fn wrong_port(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, port: u16, dynamic: bool, only_silence: bool) -> Finding {
    let definition = lot.task().and_then(|task| checks.definition_of(task));
    let own_interface = definition.and_then(|definition| definition.network_mode.as_deref()) == Some("awsvpc");
    let sure = match (dynamic, own_interface && only_silence) {
        (true, _) => Confidence::Certain,
        (false, true) => Confidence::Medium,
        (false, false) => Confidence::High,
    };
    let why = if dynamic {
        "The host port of each task is chosen when it starts, so a fixed port for health checks reaches nobody."
    } else {
        "That port is none of the task's."
    };
    let traffic = lot
        .places
        .first()
        .and_then(|place| place.target.port)
        .map_or_else(String::new, |traffic| format!(" Traffic goes to {traffic}."));
    let mut finding = checks
        .finding(&WRONG_PORT, sure, lot, format!("Health check goes to port {port}, which the task does not serve"))
        .short(format!("health check goes to port {port}, not served"))
        .explain(format!("The target group checks the fixed port {port}. {why}{traffic}{}", checks.spread(lot)));
    finding = checks.settings_of(finding, &["HealthCheckPort", "HealthCheckProtocol"]);
    if let Some(definition) = definition {
        let mappings = definition.containers.iter().flat_map(|container| &container.ports);
        let ports: Vec<String> =
            mappings.filter_map(|mapping| mapping.container_port).map(|port| port.to_string()).collect();
        finding = finding.evidence(
            DEFINITIONS,
            definition.arn.name(),
            "containerDefinitions[].portMappings[].containerPort",
            ports.join(", "),
        );
    }
    finding.fix(checks.group_fix(
        "Check the port that gets the traffic",
        &["--health-check-port", "traffic-port"],
        "health_check { port = \"traffic-port\" }",
    ))
}

fn protocol(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, wants_tls: bool) -> Finding {
    let (spoken, wanted) = if wants_tls { ("HTTP", "HTTPS") } else { ("HTTPS", "HTTP") };
    let finding = checks
        .finding(
            &PROTOCOL,
            Confidence::High,
            lot,
            format!("Health check speaks {spoken}, the app on {} wants {wanted}", port_of(checks, lot)),
        )
        .short(format!("health check speaks {spoken}, app wants {wanted}"))
        .explain(format!(
            "{} is broken off by the application, whose log complains about the protocol.{}",
            checks.request(lot),
            checks.spread(lot)
        ));
    let finding = checks.settings_of(finding, &["HealthCheckProtocol", "HealthCheckPort"]);
    let says = if wants_tls { lines::plain_to_tls } else { lines::tls_to_plain };
    with_said(checks, lot, finding, says).fix(checks.group_fix(
        format!("Check by {wanted}"),
        &["--health-check-protocol", wanted],
        &format!("health_check {{ protocol = \"{wanted}\" }}"),
    ))
}

fn old_tls(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> Finding {
    let finding = checks
        .finding(&TLS13, Confidence::Medium, lot, "HTTPS health check of the network load balancer cannot speak TLS 1.3")
        .short("HTTPS health check cannot speak TLS 1.3")
        .explain(format!(
            "{} fails in the handshake: the application's log complains about versions of TLS, and health checks of network \
             load balancers do not know TLS 1.3.",
            checks.request(lot)
        ));
    let finding = checks.settings_of(finding, &["HealthCheckProtocol"]);
    with_said(checks, lot, finding, lines::old_tls).fix(checks.group_fix(
        "Accept TLS 1.2 as well, or check by TCP",
        &["--health-check-protocol", "TCP"],
        "health_check { protocol = \"TCP\" }",
    ))
}

fn loopback(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, port: u16, by_name: bool) -> Finding {
    let passing = lot
        .tasks()
        .find(|task| task.health == ContainerHealth::Healthy)
        .map(|task| format!("task {}", task.arn.short_id()));
    let sure = if by_name && passing.is_none() { Confidence::Medium } else { Confidence::High };
    let misleading = if passing.is_some() {
        " The container's own health check passes because it connects from inside, where the loopback interface works."
    } else {
        ""
    };
    let mut finding = checks
        .finding(&LOOPBACK, sure, lot, format!("The app listens on 127.0.0.1:{port} only, so the load balancer is refused"))
        .short(format!("app listens on 127.0.0.1:{port} only"))
        .explain(format!(
            "The log of {} says that it listens on the loopback interface. Only processes inside the task can connect there; \
             the load balancer comes from outside and is refused.{misleading}{}",
            container(checks),
            checks.spread(lot)
        ));
    finding = with_said(checks, lot, finding, |line| {
        let listens = lines::listening(line).is_some_and(|one| one.port == Some(port));
        listens || line.contains("Local:") && lines::local_port(line) == Some(port)
    });
    if let Some(task) = passing {
        finding = finding.evidence(TASKS, task, "healthStatus", "HEALTHY");
    }
    finding.fix(
        Fix::new(
            "Bind to 0.0.0.0 in a new revision: HOST=0.0.0.0, --host 0.0.0.0, server.address=0.0.0.0, or what the framework \
             calls it",
        )
        .terraform("aws_ecs_task_definition → container_definitions: environment HOST = \"0.0.0.0\" (or the option of your framework)")
        .eta(checks.recovery_seconds()),
    )
}

fn other_port(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, port: u16) -> Finding {
    let expected = port_of(checks, lot);
    let finding = checks
        .finding(&OTHER_PORT, Confidence::High, lot, format!("The app listens on port {port}, the load balancer uses {expected}"))
        .short(format!("app listens on {port}, load balancer uses {expected}"))
        .explain(format!(
            "The log of {} says that it listens on port {port}. The target group sends traffic and health checks to {expected}, \
             where nobody listens, so connections are refused.{}",
            container(checks),
            checks.spread(lot)
        ));
    let finding =
        with_said(checks, lot, finding, |line| lines::listening(line).is_some_and(|one| one.port == Some(port)));
    let ports = expected_ports(checks, lot.places.first().copied());
    let container_port = checks.group.binding.and_then(|binding| binding.container_port);
    let goal = container_port.or_else(|| ports.first().copied()).map_or_else(String::new, |port| format!(" {port}"));
    with_binding(checks, finding).fix(
        Fix::new(format!(
            "Make the application listen on{goal} (often the variable PORT), or map {port} in a new revision and register it: \
             loadBalancers.containerPort"
        ))
        .terraform(format!(
            "aws_ecs_service.{} → load_balancer {{ container_port = {port} }}",
            label(&checks.scene.service.name)
        ))
        .eta(checks.recovery_seconds()),
    )
}

fn http2(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> Finding {
    let version =
        checks.settings().and_then(|settings| settings.protocol_version.as_deref()).unwrap_or("HTTP2").to_owned();
    let finding = checks
        .finding(&HTTP2, Confidence::Medium, lot, format!("The target group speaks {version}, and the app breaks the connection"))
        .short(format!("target group speaks {version}, app refuses"))
        .explain(format!(
            "{} is broken off. A target group of version {version} talks HTTP/2 without upgrade; an application that only knows \
             HTTP/1.1 takes that for garbage. It may also simply not listen.{}",
            checks.request(lot),
            checks.spread(lot)
        ));
    checks.settings_of(finding, &["ProtocolVersion", "HealthCheckProtocol", "HealthCheckPath"]).fix(Fix::new(
        "Serve HTTP/2 in clear text, or create a target group with protocol version HTTP1 and move listener and service to it",
    ))
}

fn refused(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> Finding {
    let grace = checks.kills.len() >= 2;
    let slow = if grace { "needs more time to start than ECS gives it, " } else { "" };
    let finding = checks
        .finding(
            &CONNECTION_REFUSED,
            Confidence::Medium,
            lot,
            format!("The app refuses or breaks the health check's connection to {}", port_of(checks, lot)),
        )
        .short(format!("connection to {} is refused", port_of(checks, lot)))
        .explain(format!(
            "{} fails at once, while dropped packets would time out, so security groups hardly explain it. Most likely the \
             process does not listen: it {slow}listens on another port, on 127.0.0.1 only, or speaks another protocol than the \
             check. No log line tells which.{}",
            checks.request(lot),
            checks.spread(lot)
        ));
    let finding = checks.settings_of(finding, &["HealthCheckProtocol", "HealthCheckPort", "HealthCheckPath"]);
    with_binding(checks, finding).fix(look_inside(
        checks,
        lot,
        "Compare the port and address in the application's log with the target's port",
        "netstat -tln || ss -tln",
    ))
}

fn look_inside(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, summary: &str, command: &str) -> Fix {
    let fix = Fix::new(summary);
    let (Some(task), Some(container)) = (lot.task(), checks.container()) else { return fix };
    let cluster = checks.scene.facts.cluster();
    fix.aws([
        "ecs",
        "execute-command",
        "--cluster",
        cluster.as_str(),
        "--task",
        task.arn.name(),
        "--container",
        container,
        "--interactive",
        "--command",
        &format!("sh -c '{command}'"),
    ])
}

fn unverified(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> Finding {
    let finding = checks
        .finding(
            &UNVERIFIED,
            Confidence::Medium,
            lot,
            format!("Health checks of {} get no answer, and the network could not be checked", port_of(checks, lot)),
        )
        .short("health check times out, network not verified")
        .explain(format!(
            "{} is not answered in time. Most often something on the way drops the packets, but what decides about them could \
             not all be read, so neither the network nor the application is ruled out.{}",
            checks.request(lot),
            checks.spread(lot)
        ));
    checks.settings_of(finding, &["HealthCheckTimeoutSeconds", "HealthCheckPort"]).fix(Fix::new(
        "Allow ec2:DescribeSecurityGroups, ec2:DescribeNetworkInterfaces, ec2:DescribeNetworkAcls, ec2:DescribeSubnets and \
         ec2:DescribeRouteTables, and diagnose again; or run the Reachability Analyzer",
    ))
}

fn busy(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, percent: f64) -> Finding {
    let service = checks.scene.service;
    let more = service.desired.saturating_add(service.desired.div_ceil(2).max(1)).to_string();
    let cluster = checks.scene.facts.cluster();
    let finding = checks
        .finding(
            &CPU_STARVED,
            Confidence::Medium,
            lot,
            format!("Tasks use {percent:.0} % CPU and answer health checks too late"),
        )
        .short(format!("CPU at {percent:.0} %, health checks time out"))
        .explain(format!(
            "{} is not answered in time. Nothing is known to drop packets, and the tasks use all the CPU they have.{}",
            checks.request(lot),
            checks.spread(lot)
        ))
        .evidence(
            "cloudwatch:GetMetricData",
            format!("service {}", service.name),
            "derived: CPUUtilization over the last five minutes",
            format!("{percent:.1} %"),
        );
    checks.settings_of(finding, TIMES).fix(
        Fix::new("Run more tasks, or give them more CPU in a new revision")
            .aws(update(cluster.as_str(), &service.name, &["--desired-count", &more]))
            .terraform(format!("aws_ecs_service.{} → desired_count = {more}", label(&service.name)))
            .eta(checks.recovery_seconds()),
    )
}

fn slow(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> Finding {
    let check = checks.check();
    let timeout = check.and_then(|check| check.timeout_seconds);
    let within = timeout.map(|timeout| format!(" within {timeout} s")).unwrap_or_default();
    let longer = timeout.unwrap_or(5).saturating_mul(2).clamp(10, 60);
    let interval = check.and_then(|check| check.interval_seconds).unwrap_or(30).max(longer + 5);
    let finding = checks
        .finding(
            &SLOW_ENDPOINT,
            Confidence::High,
            lot,
            format!("The app receives the health check, but does not answer{within}"),
        )
        .short(format!("app answers the health check too slowly{within}"))
        .explain(format!(
            "{} arrives, as the log of {} shows, so no rule of the network is in the way. The answer does not come{within}.{}",
            checks.request(lot),
            container(checks),
            checks.spread(lot)
        ));
    let mut finding = checks.settings_of(finding, &["HealthCheckPath", "HealthCheckTimeoutSeconds"]);
    let start = checks.scene.now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(checks.scene.now);
    let line =
        checks.journals_like(lot.task()).find_map(|journal| journal.health_check(start).map(|line| (journal, line)));
    if let Some((journal, line)) = line {
        finding = with_line(checks, finding, journal, line);
    }
    let (longer, interval) = (longer.to_string(), interval.to_string());
    finding.fix(checks.group_fix(
        "Give the check a cheaper path, or more time",
        &["--health-check-timeout-seconds", &longer, "--health-check-interval-seconds", &interval],
        &format!("health_check {{ timeout = {longer}, interval = {interval} }}"),
    ))
}

fn blocking_log(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> Finding {
    let finding = checks
        .finding(&BLOCKING_LOGS, Confidence::Low, lot, "Health checks time out, and a blocking log driver delivers nothing")
        .short("log driver may block the app")
        .explain(format!(
            "{} is not answered although packets get through. {} logs with mode=blocking, and nothing of its log has arrived: \
             while logs cannot be delivered, writing to standard output blocks the application.",
            checks.request(lot),
            container(checks)
        ));
    let subject = lot.task().map_or("task definition", |task| task.task_definition.name());
    finding
        .evidence(DEFINITIONS, subject, "containerDefinitions[].logConfiguration.options.mode", "blocking")
        .fix(
            Fix::new("Log without blocking, in a new revision or by the account's default")
                .aws([
                    "ecs",
                    "put-account-setting-default",
                    "--name",
                    "defaultLogDriverMode",
                    "--value",
                    "non-blocking",
                ])
                .terraform(
                    "aws_ecs_task_definition → logConfiguration.options: mode = \"non-blocking\", max-buffer-size = \"25m\"",
                ),
        )
}

fn silent(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> Finding {
    let open = lot.places.iter().all(|place| place.check_path == Verdict::Open);
    let shown = if open {
        "Security groups, network ACLs and routes were checked and let the health check through"
    } else {
        "A healthy target in the same subnet with the same security groups shows that packets get through"
    };
    let port = lot.places.first().and_then(|place| place.check_port());
    let path = checks.check().and_then(|check| check.path.as_deref()).unwrap_or_default();
    let address = port.map_or_else(|| "localhost".to_owned(), |port| format!("localhost:{port}"));
    let finding = checks
        .finding(
            &NOT_ANSWERING,
            Confidence::Medium,
            lot,
            format!("Packets reach {}, but the app does not answer", port_of(checks, lot)),
        )
        .short("app does not answer health checks, network open")
        .explain(format!(
            "{} is not answered in time. {shown}: this is no problem of network rules. The application accepts connections and \
             hangs, its backlog is full, a firewall inside drops packets, or the process is stopped.{}",
            checks.request(lot),
            checks.spread(lot)
        ));
    let finding = checks.settings_of(finding, TIMES);
    let command = format!("curl -sv -m 5 {address}{path}");
    // What goes into a shell inside a shell has to be plain.
    let plain =
        command.chars().all(|character| character.is_ascii_alphanumeric() || " -_.:/?=&%~+,".contains(character));
    let command = if plain { command } else { format!("curl -sv -m 5 {address}") };
    finding.fix(look_inside(checks, lot, "Ask the application from inside the task", &command))
}
