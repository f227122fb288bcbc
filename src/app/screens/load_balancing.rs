//! What screens say about target groups: how they check, how many targets pass, which rules lead to them.

use jiff::Timestamp;

use super::source::Source;
use crate::app::App;
use crate::app::document::{Document, Span, Tone, dim, plain, toned};
use crate::app::wants::{SETTINGS, TARGETS};
use crate::diagnose::target_health::{Standing, meaning};
use crate::model::arn::TargetGroupArn;
use crate::model::known::Known;
use crate::model::load_balancing::{
    HealthCheckSettings, Listener, ListenerRule, LoadBalancerRouting, RuleAction, Target, TargetGroup, TargetState,
};
use crate::model::task::Task;

/// Targets of a group as last read.
pub fn targets<'a>(app: &'a App, group: &TargetGroupArn) -> (Option<&'a [Target]>, Source<'a>) {
    let targets = app.store().target_health(group);
    (targets.value(), Source::new(targets.remote(), Some(TARGETS)))
}

/// Settings of a group as last read.
pub fn settings<'a>(app: &'a App, group: &TargetGroupArn) -> (Option<&'a TargetGroup>, Source<'a>) {
    let settings = app.store().target_group(group);
    (settings.value(), Source::new(settings.remote(), Some(SETTINGS)))
}

/// How the group checks its targets, and what has to be said if that is old.
pub fn check(words: String, source: Source<'_>, document: &mut Document, label: usize, width: usize, now: Timestamp) {
    let caveat = source.caveat(now);
    let tone = if caveat.is_some() { Tone::Dim } else { Tone::Plain };
    document.field("check", label, &[Span::new(tone, words)], width);
    if let Some(caveat) = caveat {
        document.field("", label, &[caveat], width);
    }
}

/// That it cannot be told which task is which target, since a host could not be looked up.
pub fn unknown_hosts(tasks: &[Task]) -> Option<Span> {
    let error = tasks.iter().find_map(|task| task.ec2_instance.error())?;
    let words = format!("? hosts of tasks, and so their targets, unknown: {} {}", error.kind.label(), error.operation);
    Some(toned(Tone::Warn, words))
}

/// `GET / on traffic-port wants 200 every 30s, 2 failures → unhealthy`.
pub fn health_check(settings: &HealthCheckSettings) -> String {
    let protocol = settings.protocol.as_deref().unwrap_or("?");
    let port = settings.port.as_deref().unwrap_or("?");
    let request = match &settings.path {
        Some(path) if protocol == "HTTP" => format!("GET {path} on {port}"),
        Some(path) => format!("GET {path} over {protocol} on {port}"),
        None => format!("{protocol} connection on {port}"),
    };
    let wants = settings.matcher.as_ref().map(|matcher| format!(" wants {matcher}"));
    let every = settings.interval_seconds.map(|seconds| format!(" every {seconds}s"));
    let until = settings.unhealthy_threshold.map(|failures| format!(", {failures} failures → unhealthy"));
    [Some(request), wants, every, until].into_iter().flatten().collect()
}

/// [`health_check`] with what is left: `· waits 5s, 5 successes → healthy again`.
pub fn health_check_in_full(settings: &HealthCheckSettings) -> String {
    let wait = settings.timeout_seconds.map(|seconds| format!("waits {seconds}s"));
    let back = settings.healthy_threshold.map(|successes| format!("{successes} successes → healthy again"));
    let rest: Vec<String> = wait.into_iter().chain(back).collect();
    if rest.is_empty() { health_check(settings) } else { format!("{} · {}", health_check(settings), rest.join(", ")) }
}

/// `0/4 healthy · 3 unhealthy · 1 initial · 1 draining`.
pub fn counts(targets: &[Target]) -> Vec<Span> {
    let draining = targets.iter().filter(|target| target.state == TargetState::Draining).count();
    let healthy = targets.iter().filter(|target| target.state == TargetState::Healthy).count();
    let total = targets.len() - draining;
    let tone = match (healthy, total) {
        (0, 1..) => Tone::Bad,
        (healthy, total) if healthy < total => Tone::Warn,
        (0, 0) => Tone::Plain,
        _ => Tone::Good,
    };
    let mut spans = vec![toned(tone, format!("{healthy}/{total} healthy"))];
    let mut states: Vec<(&str, usize)> = Vec::new();
    for target in targets.iter().filter(|target| target.state != TargetState::Healthy) {
        match states.iter_mut().find(|(state, _)| *state == target.state.as_str()) {
            Some((_, count)) => *count += 1,
            None => states.push((target.state.as_str(), 1)),
        }
    }
    spans.extend(states.into_iter().map(|(state, count)| plain(format!(" · {count} {state}"))));
    spans
}

/// Why targets are not in service, those with the same words as one: `3 targets: Health checks failed with these codes:
/// [302]`.
pub fn reasons(targets: &[Target]) -> Vec<Span> {
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for target in targets.iter().filter(|target| meaning(target).standing.is_failure()) {
        let words = words(target);
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => groups.push((words, 1)),
        }
    }
    groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let targets = |count: usize| if count == 1 { "1 target".to_owned() } else { format!("{count} targets") };
    groups.into_iter().map(|(words, count)| toned(Tone::Bad, format!("{}: {words}", targets(count)))).collect()
}

/// AWS's sentence, or its reason code, or what the state means where AWS says nothing.
pub fn words(target: &Target) -> &str {
    target.description.as_deref().or(target.reason.as_deref()).unwrap_or_else(|| meaning(target).text)
}

/// AWS's sentence and reason code, or what the state means where AWS says nothing. The sentence first: it has the codes.
pub fn reason(target: &Target) -> String {
    match (&target.reason, &target.description) {
        (Some(reason), Some(description)) => format!("{description} ({reason})"),
        (Some(text), None) | (None, Some(text)) => text.clone(),
        (None, None) => meaning(target).text.to_owned(),
    }
}

/// The sign and tone of a target's state.
pub fn mark(target: &Target) -> (&'static str, Tone) {
    match meaning(target).standing {
        Standing::Fine => ("✔", Tone::Good),
        Standing::Waiting => ("↻", Tone::Accent),
        Standing::Leaving => ("·", Tone::Dim),
        Standing::Failing => ("✖", Tone::Bad),
        Standing::NotInUse => ("!", Tone::Warn),
        Standing::Unknown => ("?", Tone::Plain),
    }
}

/// Which listeners and rules send requests to the group, one sentence each; what could not be read is said.
pub fn routes(app: &App, group: &TargetGroup) -> Vec<Span> {
    if group.load_balancers.is_empty() {
        return vec![toned(Tone::Warn, "! no load balancer forwards to this group")];
    }
    let now: Timestamp = app.now();
    let mut routes = Vec::new();
    for arn in &group.load_balancers {
        let kept = app.store().routing(arn);
        let source = Source::new(kept.remote(), Some(SETTINGS));
        let Some(routing) = kept.value() else {
            let label = source.label(now);
            routes.push(Span::new(label.tone(), format!("{}: {}", arn.balancer_name(), label.text())));
            continue;
        };
        let before = routes.len();
        match &routing.listeners {
            Known::Known(listeners) => {
                let sentences = listeners.iter().flat_map(|listener| routes_of(routing, listener, &group.arn));
                routes.extend(sentences);
                if routes.len() == before {
                    let words = format!("! no rule of {} forwards to this group", routing.load_balancer.name);
                    routes.push(toned(Tone::Warn, words));
                }
            }
            unread => routes.push(unknown(&routing.load_balancer.name, "listeners", unread)),
        }
        if let Some(caveat) = source.caveat(now) {
            routes.push(Span::new(caveat.tone(), format!("{}: {}", routing.load_balancer.name, caveat.text())));
        }
    }
    routes
}

fn routes_of(routing: &LoadBalancerRouting, listener: &Listener, group: &TargetGroupArn) -> Vec<Span> {
    let protocol = listener.protocol.as_deref().unwrap_or("?");
    let port = listener.port.map_or_else(|| "?".to_owned(), |port| port.to_string());
    let name = format!("{} {protocol}:{port}", routing.load_balancer.name);
    match &listener.rules {
        Known::Known(rules) if !rules.is_empty() => rules
            .iter()
            .filter_map(|rule| Some((rule, share(&rule.actions, group)?)))
            .map(|(rule, share)| plain(format!("{name} {}{share}", conditions(rule))))
            .collect(),
        rules => {
            let by_default = share(&listener.default_actions, group);
            let mut routes: Vec<Span> =
                by_default.into_iter().map(|share| plain(format!("{name} everything{share}"))).collect();
            if rules.error().is_some() {
                routes.push(unknown(&name, "rules", rules));
            }
            routes
        }
    }
}

fn conditions(rule: &ListenerRule) -> String {
    if rule.conditions.is_empty() {
        return "everything else".to_owned();
    }
    let short = |condition: &String| {
        let words = [("host-header ", "host "), ("path-pattern ", "path ")];
        words
            .iter()
            .find_map(|(long, short)| condition.strip_prefix(long).map(|rest| format!("{short}{rest}")))
            .unwrap_or_else(|| condition.clone())
    };
    let conditions: Vec<String> = rule.conditions.iter().map(short).collect();
    format!("rule {}: {}", rule.priority, conditions.join(" and "))
}

/// Whether actions forward to the group, and which share of the requests if not all.
fn share(actions: &[RuleAction], group: &TargetGroupArn) -> Option<String> {
    actions.iter().find_map(|action| {
        let RuleAction::Forward(groups) = action else {
            return None;
        };
        let (_, weight) = groups.iter().find(|(arn, _)| arn == group)?;
        let total: u32 = groups.iter().fold(0, |total, (_, weight)| total.saturating_add(*weight));
        Some(if groups.len() == 1 { String::new() } else { format!(" (weight {weight} of {total})") })
    })
}

fn unknown<T>(whose: &str, what: &str, unread: &Known<T>) -> Span {
    match unread.error() {
        Some(error) => {
            toned(Tone::Warn, format!("? {whose}: {what} unknown, {} {}", error.kind.label(), error.operation))
        }
        None => dim(format!("{whose}: {what} not read yet")),
    }
}
