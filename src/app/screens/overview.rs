//! Tab Overview: what matters most about a service, the worst first, since on a small screen only the first lines are seen.

use std::mem::discriminant;

use super::aws_text::{event_text, says_nothing, short_names};
use super::deaths::causes;
use super::findings;
use super::load_balancing::{check, counts, health_check, reasons, routes, settings, targets};
use super::services::{bar, is_rolled_back, mark, revisions};
use super::source::Source;
use crate::app::App;
use crate::app::document::{Document, Line, Span, Tone, dim, plain, strong, toned};
use crate::app::freshness::since;
use crate::app::wants::TASKS;
use crate::diagnose::deployment::Bounds;
use crate::diagnose::health::Health;
use crate::diagnose::parse::events::{Event, event};
use crate::model::arn::TargetGroupArn;
use crate::model::service::{Deployment, DeploymentController, RolloutState, Service, ServiceEvent, ServiceStatus};

/// Columns of the labels.
const LABEL: usize = 8;
/// Events shown.
const EVENTS: usize = 6;
/// Causes of death shown.
const CAUSES: usize = 4;

/// The tab: what is wrong and why, what to do, what was checked; then how far the rollout is, what the load balancer does,
/// and what happened.
pub fn document(app: &App, service: &Service, width: usize) -> Document {
    let Some(judgement) = app.store().judgement(&service.arn) else {
        return calm(app, service, width);
    };
    let found = findings::laid(app, judgement, width).document;
    if judgement.wrong() == 0 {
        let mut document = calm(app, service, width);
        if !found.lines.is_empty() {
            document.push(Line::default());
        }
        document.lines.extend(found.lines);
        return document;
    }
    let mut document = found;
    document.push(Line::default());
    let tasks = [plain(format!("{}/{} running", service.running, service.desired)), plain(pending(service))];
    document.field("tasks", LABEL, &tasks, width);
    state(app, service, &Evidence::Found, &mut document, width);
    document
}

/// The line each finding begins with, in the order of [`crate::app::judgement::Judgement::findings`].
pub fn places(app: &App, service: &Service, width: usize) -> Vec<usize> {
    let Some(judgement) = app.store().judgement(&service.arn) else {
        return Vec::new();
    };
    let before = if judgement.wrong() == 0 { calm(app, service, width).lines.len() + 1 } else { 0 };
    findings::laid(app, judgement, width).places.into_iter().map(|place| place + before).collect()
}

/// What there is to say as long as nothing was found that is wrong.
fn calm(app: &App, service: &Service, width: usize) -> Document {
    let mut document = Document::default();
    headline(app, service, &mut document, width);
    let evidence = Evidence::of(app, service);
    match &evidence {
        Evidence::Targets(reasons) => {
            for (index, reason) in reasons.iter().enumerate() {
                document.field(if index == 0 { "why" } else { "" }, LABEL, std::slice::from_ref(reason), width);
            }
        }
        Evidence::Event(story) => {
            let spans = [toned(Tone::Bad, story.text(service)), dim(story.times(app))];
            document.field("why", LABEL, &spans, width);
        }
        Evidence::Deaths => deaths(app, service, &mut document, width),
        Evidence::Found | Evidence::None => {}
    }
    state(app, service, &evidence, &mut document, width);
    document
}

fn state(app: &App, service: &Service, evidence: &Evidence<'_>, document: &mut Document, width: usize) {
    rollout(app, service, document, width);
    for group in service.target_groups() {
        load_balancer(app, group, document, width);
    }
    if !matches!(evidence, Evidence::Deaths) {
        deaths(app, service, document, width);
    }
    events(app, service, evidence, document, width);
    safety(service, document, width);
}

/// What shows that the headline is true. It is told below the headline and nowhere else.
enum Evidence<'a> {
    /// Reasons of failing targets.
    Targets(Vec<Span>),
    /// The newest event that speaks of trouble.
    Event(Story<'a>),
    /// Why tasks died.
    Deaths,
    /// The diagnosis has told it.
    Found,
    /// Nothing is wrong, or nothing that is at hand shows it.
    None,
}

impl<'a> Evidence<'a> {
    fn of(app: &'a App, service: &'a Service) -> Self {
        let judgement = app.store().judgement(&service.arn);
        let Some(judgement) = judgement.filter(|found| matches!(found.health, Health::Failing | Health::Degraded))
        else {
            return Self::None;
        };
        let groups = service.target_groups();
        let reasons: Vec<Span> =
            groups.iter().flat_map(|group| reasons(targets(app, group).0.unwrap_or_default())).collect();
        if !reasons.is_empty() {
            return Self::Targets(reasons);
        }
        let tasks = app.store().tasks(service).value();
        let death = tasks.and_then(|tasks| causes(app, tasks).into_iter().next()).filter(|cause| !cause.death.benign);
        if death.as_ref().is_some_and(|cause| judgement.headline.as_ref() == Some(&cause.death.short)) {
            return Self::Deaths;
        }
        let mut stories = stories(service);
        stories.retain(|story| story.event().trouble().is_some());
        // That tasks are replaced or do not start is what follows from something else.
        let says_why =
            stories.iter().position(|story| !matches!(story.event(), Event::Started { .. } | Event::Impaired));
        match stories.into_iter().nth(says_why.unwrap_or_default()) {
            Some(story) => Self::Event(story),
            None if death.is_some() => Self::Deaths,
            None => Self::None,
        }
    }
}

/// Events that say the same, as one.
struct Story<'a> {
    latest: &'a ServiceEvent,
    count: usize,
}

impl Story<'_> {
    fn event(&self) -> Event<'_> {
        event(&self.latest.message)
    }

    fn says_the_same(&self, message: &str) -> bool {
        let (ours, theirs) = (self.event(), event(message));
        match &ours {
            Event::Other => self.latest.message == message,
            Event::Started { .. } => matches!(theirs, Event::Started { .. }),
            _ => discriminant(&ours) == discriminant(&theirs) && ours.trouble() == theirs.trouble(),
        }
    }

    fn text(&self, service: &Service) -> String {
        event_text(&self.latest.message, &service.name)
    }

    /// ` · 12×, latest 3m ago`
    fn times(&self, app: &App) -> String {
        let age = since(self.latest.at, app.aws_now());
        if self.count == 1 { format!(" · {age} ago") } else { format!(" · {}×, latest {age} ago", self.count) }
    }
}

/// What events tell beside normal life, newest first. That a deployment was completed is told by the rollout.
fn stories(service: &Service) -> Vec<Story<'_>> {
    let mut stories: Vec<Story<'_>> = Vec::new();
    for entry in &service.events {
        let told = event(&entry.message);
        if told.is_noise() || matches!(told, Event::DeploymentCompleted { .. }) {
            continue;
        }
        match stories.iter_mut().find(|story| story.says_the_same(&entry.message)) {
            Some(story) => story.count += 1,
            None => stories.push(Story { latest: entry, count: 1 }),
        }
    }
    stories
}

fn headline(app: &App, service: &Service, document: &mut Document, width: usize) {
    let judgement = app.store().judgement(&service.arn);
    let health = judgement.map_or(Health::Unknown, |judgement| judgement.health);
    let (sign, tone) = mark(health);
    let mut spans = vec![toned(tone, format!("{sign} {}", health.as_str()))];
    let headline = judgement.and_then(|judgement| judgement.headline.as_deref());
    if let Some(headline) = headline {
        spans.push(plain("  "));
        spans.push(strong(headline));
    }
    let counted = headline.is_some_and(|headline| headline.contains("tasks running"));
    if !counted && (service.desired > 0 || service.running > 0 || service.pending > 0) {
        let pending = pending(service);
        spans.push(plain(format!("  {}/{} tasks running{pending}", service.running, service.desired)));
    }
    if service.status != ServiceStatus::Active {
        spans.push(toned(Tone::Warn, format!(" · service is {}", service.status.as_str())));
    }
    document.paragraph(&spans, width);
}

/// ` · 1 pending`
fn pending(service: &Service) -> String {
    if service.pending > 0 { format!(" · {} pending", service.pending) } else { String::new() }
}

fn rollout(app: &App, service: &Service, document: &mut Document, width: usize) {
    let Some(new) = service.primary_deployment() else {
        task_sets(app, service, document, width);
        return;
    };
    let now = app.aws_now();
    let age = since(new.created_at, now);
    let older: Vec<&Deployment> = service.older_deployments().collect();
    let old_definition = older.iter().map(|old| &old.task_definition).find(|old| **old != new.task_definition);
    let revision = revisions(&new.task_definition, old_definition);
    if older.is_empty() && new.rollout_state == Some(RolloutState::Completed) {
        let words = if is_rolled_back(service, new) { "restored by a rollback" } else { "steady" };
        let spans = [plain(format!("{revision} {words}, deployed {age} ago"))];
        document.field("rollout", LABEL, &spans, width);
        return;
    }
    let tone = match new.rollout_state {
        Some(RolloutState::Failed) => Tone::Bad,
        _ => Tone::Accent,
    };
    let state = new.rollout_state.as_ref().map_or("", RolloutState::as_str).replace('_', " ").to_lowercase();
    let mut spans = vec![
        bar(new, 8, tone),
        strong(format!(" {revision}")),
        plain(format!(" · new {}/{}", new.running, new.desired)),
    ];
    if new.pending > 0 {
        spans.push(plain(format!(" +{} pending", new.pending)));
    }
    let left: u32 = older.iter().map(|old| old.running).sum();
    if !older.is_empty() {
        spans.push(plain(format!(" · old {left}")));
    }
    if new.failed > 0 {
        spans.push(toned(Tone::Bad, format!(" · {} failed in a row", new.failed)));
    }
    spans.extend(circuit_breaker(app, service));
    spans.push(plain(format!(" · {state} for {age}")));
    document.field("rollout", LABEL, &spans, width);
    if let Some(reason) = new.rollout_reason.as_deref().filter(|reason| !says_nothing(reason)) {
        document.field("", LABEL, &[plain(short_names(reason))], width);
    }
}

/// Progress of the circuit breaker in the deployment under way.
fn circuit_breaker(app: &App, service: &Service) -> Option<Span> {
    let history = app.store().service_deployments(service).value()?;
    let current = history.iter().find(|deployment| deployment.finished_at.is_none())?;
    let breaker = current.circuit_breaker.as_ref()?;
    let enabled = service.deployment_configuration.as_ref().is_some_and(|bounds| bounds.circuit_breaker);
    enabled.then(|| {
        let tone = if breaker.failures > 0 { Tone::Warn } else { Tone::Plain };
        toned(tone, format!(" · circuit breaker {} of {}", breaker.failures, breaker.threshold))
    })
}

fn task_sets(app: &App, service: &Service, document: &mut Document, width: usize) {
    for set in &service.task_sets {
        let age = since(set.created_at, app.aws_now());
        let words = format!(
            "{} task set {} · {}/{} running · {} pending · {age}",
            set.status,
            set.task_definition.name(),
            set.running,
            set.desired,
            set.pending
        );
        document.field("rollout", LABEL, &[plain(words)], width);
    }
}

fn load_balancer(app: &App, group: &TargetGroupArn, document: &mut Document, width: usize) {
    let now = app.now();
    let mut spans = vec![plain(format!("{} ", group.group_name()))];
    let (read, source) = targets(app, group);
    spans.extend(read.map(counts).unwrap_or_default());
    if read.is_none() || source.is_stale(now) {
        let label = source.label(now);
        let gap = if read.is_some() { " · " } else { "" };
        spans.push(Span::new(label.tone(), format!("{gap}{}", label.text())));
    }
    document.field("targets", LABEL, &spans, width);
    let (settings, source) = settings(app, group);
    match settings {
        Some(settings) => {
            check(health_check(&settings.health_check), source, document, LABEL, width, now);
            for route in routes(app, settings) {
                document.field("route", LABEL, &[route], width);
            }
        }
        None => document.field("check", LABEL, &[source.label(now)], width),
    }
}

fn deaths(app: &App, service: &Service, document: &mut Document, width: usize) {
    let kept = app.store().tasks(service);
    let source = Source::new(kept.remote(), Some(TASKS));
    let now = app.now();
    let Some(tasks) = kept.value() else {
        document.field("stopped", LABEL, &[source.label(now)], width);
        return;
    };
    let causes = causes(app, tasks);
    let serious = causes.iter().filter(|cause| !cause.death.benign);
    for (index, cause) in serious.clone().take(CAUSES).enumerate() {
        let label = if index == 0 { "stopped" } else { "" };
        let age = since(cause.at, app.aws_now());
        let spans = [
            toned(Tone::Bad, format!("{}× ", cause.count)),
            plain(&cause.death.line),
            dim(format!(" · {} latest {age} ago", cause.latest.arn.short_id())),
        ];
        document.field(label, LABEL, &spans, width);
    }
    let benign: usize = causes.iter().filter(|cause| cause.death.benign).map(|cause| cause.count).sum();
    let more = serious.count().saturating_sub(CAUSES);
    let mut rest = Vec::new();
    if more > 0 {
        rest.push(format!("{more} other causes, see Tasks"));
    }
    if benign > 0 {
        rest.push(format!("{benign}× by scaling, deployments or maintenance"));
    }
    if !rest.is_empty() {
        let label = if causes.iter().all(|cause| cause.death.benign) { "stopped" } else { "" };
        document.field(label, LABEL, &[dim(rest.join(" · "))], width);
    }
    if let Some(caveat) = source.caveat(now) {
        document.field("", LABEL, &[Span::new(caveat.tone(), format!("tasks {}", caveat.text()))], width);
    }
}

fn events(app: &App, service: &Service, evidence: &Evidence<'_>, document: &mut Document, width: usize) {
    let tasks_are_known = app.store().tasks(service).value().is_some();
    let told = |story: &Story<'_>| match (story.event(), evidence) {
        (Event::Unhealthy { .. }, Evidence::Targets(_)) => true,
        (_, Evidence::Event(evidence)) if evidence.says_the_same(&story.latest.message) => true,
        // That unhealthy tasks are replaced is told by those that were stopped.
        (Event::Started { .. }, _) => tasks_are_known,
        _ => false,
    };
    let stories = stories(service);
    let mut label = "events";
    for story in stories.iter().filter(|story| !told(story)).take(EVENTS) {
        let tone = if story.event().trouble().is_some() { Tone::Bad } else { Tone::Plain };
        let spans = [toned(tone, story.text(service)), dim(story.times(app))];
        document.field(label, LABEL, &spans, width);
        label = "";
    }
    if label.is_empty() || !stories.is_empty() {
        return;
    }
    let words = match service.events.first() {
        Some(newest) => format!("nothing unusual, latest {} ago", since(newest.at, app.aws_now())),
        None => "none".to_owned(),
    };
    document.field(label, LABEL, &[dim(words)], width);
}

fn safety(service: &Service, document: &mut Document, width: usize) {
    let mut words = Vec::new();
    match &service.controller {
        DeploymentController::Ecs => {}
        DeploymentController::CodeDeploy => words.push("deployed by CodeDeploy".to_owned()),
        DeploymentController::External => words.push("deployed by an external controller".to_owned()),
        DeploymentController::Other(name) => words.push(format!("deployed by {name}")),
    }
    if let Some(configuration) = &service.deployment_configuration {
        let (minimum, maximum) = (configuration.minimum_healthy_percent, configuration.maximum_percent);
        let bounds = Bounds::of(service).map(|bounds| format!(" ({} to {} tasks)", bounds.lower, bounds.upper));
        words.push(format!("keeps {minimum}% to {maximum}%{}", bounds.unwrap_or_default()));
        words.push(
            match (configuration.circuit_breaker, configuration.circuit_breaker_rollback) {
                (true, true) => "circuit breaker with rollback",
                (true, false) => "circuit breaker without rollback",
                (false, _) => "no circuit breaker",
            }
            .to_owned(),
        );
        if !configuration.alarms.is_empty() {
            words.push(format!("alarms {}", configuration.alarms.join(", ")));
        }
    }
    if !service.load_balancers.is_empty() {
        words.push(format!("grace period {}s", service.health_check_grace_period_seconds.unwrap_or(0)));
    }
    let launch = service.launch_label();
    if !launch.is_empty() {
        words.push(launch);
    }
    document.field("deploys", LABEL, &[plain(words.join(" · "))], width);
}
