//! Tab Config: the revision the service wants, and the service's own settings. Values of environment variables are never
//! shown.

use super::source::Source;
use crate::app::App;
use crate::app::document::{Document, Line, Span, Tone, dim, plain, strong, toned};
use crate::model::secret::MASK;
use crate::model::service::{SchedulingStrategy, Service};
use crate::model::task_definition::{ContainerDefinition, EnvironmentSource, PortMapping, TaskDefinition};

/// Columns of the labels.
const LABEL: usize = 10;

/// Where the task definition comes from. It never changes, so it never gets old.
pub fn source<'a>(app: &'a App, service: &Service) -> Option<Source<'a>> {
    let arn = service.task_definition.as_ref()?;
    Some(Source::new(app.store().task_definition(arn).remote(), None))
}

/// The tab.
pub fn document(app: &App, service: &Service, width: usize) -> Document {
    let mut document = Document::default();
    match &service.task_definition {
        None => document.push(plain("The service names no task definition; its task sets do (see Deploys).")),
        Some(arn) => {
            let kept = app.store().task_definition(arn);
            if let Some(definition) = kept.value() {
                task_definition(definition, &mut document, width);
            } else {
                document.push(strong(arn.name()));
                Source::new(kept.remote(), None).absence(app, "task definition", &mut document, width);
            }
        }
    }
    document.push(Line::default());
    service_settings(service, &mut document, width);
    document
}

fn task_definition(definition: &TaskDefinition, document: &mut Document, width: usize) {
    let mut facts = vec![strong(format!("{}  ", definition.arn.name()))];
    let size = [
        definition.cpu.as_ref().map(|cpu| format!("cpu {cpu}")),
        definition.memory.as_ref().map(|memory| format!("memory {memory} MiB")),
        definition.network_mode.clone(),
        definition.operating_system.clone(),
        definition.cpu_architecture.clone(),
    ];
    facts.push(plain(size.into_iter().flatten().collect::<Vec<_>>().join(" · ")));
    document.paragraph(&facts, width);
    let role = |role: &Option<String>| role.as_deref().map_or_else(|| dim("none"), plain);
    document.field("task role", LABEL, &[role(&definition.task_role)], width);
    document.field("exec role", LABEL, &[role(&definition.execution_role)], width);
    for definition in &definition.containers {
        document.push(Line::default());
        container(definition, document, width);
    }
}

fn container(container: &ContainerDefinition, document: &mut Document, width: usize) {
    let essential = if container.essential { "essential" } else { "not essential" };
    document.paragraph(&[strong(&container.name), dim(format!("  container · {essential}"))], width);
    let mut field = |label: &str, spans: &[Span]| document.field(label, LABEL, spans, width);
    field("image", &[plain(&container.image)]);
    let limits = [
        container.cpu.map(|cpu| format!("cpu {cpu}")),
        container.memory.map(|memory| format!("memory {memory} MiB hard")),
        container.memory_reservation.map(|memory| format!("{memory} MiB soft")),
        container.stop_timeout_seconds.map(|seconds| format!("killed {seconds}s after SIGTERM")),
    ];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    if !limits.is_empty() {
        field("limits", &[plain(limits.join(" · "))]);
    }
    if !container.ports.is_empty() {
        let ports: Vec<String> = container.ports.iter().map(port).collect();
        field("ports", &[plain(ports.join(", "))]);
    }
    for (label, words) in [("entrypoint", &container.entry_point), ("command", &container.command)] {
        if !words.is_empty() {
            field(label, &[plain(words.join(" "))]);
        }
    }
    if let Some(check) = &container.health_check {
        let grace = check.start_period_seconds.map(|seconds| format!(", not counted for the first {seconds}s"));
        let words = format!(
            "{}  every {}s, waits {}s, {} failures → unhealthy{}",
            check.command.join(" "),
            check.interval_seconds,
            check.timeout_seconds,
            check.retries,
            grace.unwrap_or_default()
        );
        field("health", &[plain(words)]);
    }
    match &container.logs {
        Some(logs) => {
            let options: Vec<String> = logs.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
            field("logs", &[plain(format!("{}  {}", logs.driver, options.join(" ")))]);
        }
        None => field("logs", &[toned(Tone::Warn, "! none configured: what it prints is lost on Fargate")]),
    }
    for variable in &container.environment {
        let value = match &variable.source {
            EnvironmentSource::Literal(secret) if secret.is_empty() => dim("(empty)"),
            EnvironmentSource::Literal(_) => dim(MASK),
            EnvironmentSource::Reference(reference) => plain(format!("from {reference}")),
        };
        field("env", &[plain(format!("{} = ", variable.name)), value]);
    }
}

fn port(mapping: &PortMapping) -> String {
    let container = mapping.container_port.map_or_else(|| "?".to_owned(), |port| port.to_string());
    let host = mapping.host_port.filter(|host| Some(*host) != mapping.container_port && *host != 0);
    let host = host.map(|host| format!(" on host port {host}")).unwrap_or_default();
    let protocol = mapping.protocol.as_deref().unwrap_or("tcp");
    let name = mapping.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{container}/{protocol}{host}{name}")
}

fn service_settings(service: &Service, document: &mut Document, width: usize) {
    document.push(strong("Service"));
    let mut field = |label: &str, text: String| document.field(label, LABEL, &[plain(text)], width);
    let scheduling = match service.scheduling {
        SchedulingStrategy::Replica => format!("{} replicas", service.desired),
        SchedulingStrategy::Daemon => "daemon, one on each container instance".to_owned(),
    };
    field("scheduling", scheduling);
    let shares: Vec<String> = service
        .capacity_providers
        .iter()
        .map(|share| format!("{} (base {}, weight {})", share.provider, share.base, share.weight))
        .collect();
    let launch = if shares.is_empty() { service.launch_label() } else { shares.join(", ") };
    let platform = service.platform_version.as_ref().map(|version| format!(" · platform {version}"));
    field("launch", format!("{launch}{}", platform.unwrap_or_default()));
    if let Some(network) = &service.network {
        field("subnets", network.subnets.join(", "));
        field("security", network.security_groups.join(", "));
        field("public IP", if network.assign_public_ip { "yes" } else { "no" }.to_owned());
    }
    for binding in &service.load_balancers {
        let group = binding.target_group.as_ref().map(crate::model::arn::TargetGroupArn::group_name);
        let whose = group.or(binding.classic_load_balancer.as_deref()).unwrap_or("?");
        let port = binding.container_port.map_or_else(|| "?".to_owned(), |port| port.to_string());
        field("balancer", format!("{whose} ← {}:{port}", binding.container.as_deref().unwrap_or("?")));
    }
    if !service.load_balancers.is_empty() {
        let grace = service.health_check_grace_period_seconds.unwrap_or(0);
        let words = match grace {
            0 => "none: health counts from a task's start".to_owned(),
            seconds => format!("{seconds}s after a task's start its health does not count"),
        };
        field("grace", words);
    }
    field("exec", if service.execute_command { "ECS Exec enabled" } else { "ECS Exec not enabled" }.to_owned());
}
