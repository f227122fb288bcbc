//! A diagnosis as text: what an engineer would paste into an incident channel. The most urgent service comes first, under it
//! its causes with evidence, what follows from them and what to do; commands stay on one line, to be copied.
//!
//! ```text
//!  shop · eu-west-1 · 2 services, 1 failing
//!
//!  ✖ web  failing
//!    error  Health check expects 200, the app answers 302  [tg-code-mismatch-redirect, certain]
//!           The load balancer does not follow redirects …
//!           evidence  target 10.0.12.7:8080  TargetHealth.Description = …
//!           so        tasks are replaced again and again
//!           fix       Point the check at …
//!                     aws elbv2 modify-target-group …
//!    unknown  network ACLs: ec2:DescribeNetworkAcls denied
//! ```

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::table::{Tint, looks, painted};
use crate::diagnose::catalogue::Bearing;
use crate::diagnose::diagnosis::{Check, CheckVerdict, Diagnosis};
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::health::Health;
use crate::model::text::visible;

/// Prose is wrapped at this column; values and commands are not.
const COLUMN: usize = 100;
/// Where the text of a finding begins.
const INDENT: usize = 9;
/// Width of the labels under a finding.
const LABEL: usize = 10;
/// More evidence than this is counted, not shown, unless all is asked for.
const EVIDENCE: usize = 6;

/// How to write a report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Healthy services and infos too.
    pub(super) all: bool,
    /// ANSI colours.
    pub(super) colour: bool,
}

/// Where and when it was looked.
pub(super) struct Heading<'a> {
    pub(super) cluster: &'a str,
    pub(super) region: Option<&'a str>,
    pub(super) account: Option<&'a str>,
    pub(super) taken_at: jiff::Timestamp,
}

/// Writes the whole report. `services` stand in the order they are to be shown.
pub(super) fn report(heading: &Heading<'_>, services: &[Diagnosis], style: Style) -> String {
    let mut text = String::new();
    let place = [Some(heading.cluster), heading.region, heading.account].into_iter().flatten();
    let place: Vec<_> = place.map(|part| visible(part).into_owned()).collect();
    let taken_at = heading.taken_at.strftime("%Y-%m-%d %H:%M:%S UTC");
    let _ = writeln!(text, "{} · {taken_at}", place.join(" · "));
    let _ = writeln!(text, "{}", summary(services));
    let shown = services.iter().filter(|service| style.all || is_worth_showing(service));
    for service in shown {
        text.push('\n');
        write_service(&mut text, service, style);
    }
    text
}

/// `3 services: 1 failing, 2 healthy`
fn summary(services: &[Diagnosis]) -> String {
    let count = |health: Health| services.iter().filter(|service| service.health == health).count();
    let order =
        [Health::Failing, Health::Degraded, Health::Unknown, Health::Deploying, Health::Healthy, Health::Inactive];
    let counts = order.into_iter().map(|health| (count(health), health.as_str())).filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    match services.len() {
        0 => "no services".to_owned(),
        1 => format!("1 service: {}", counts.join(", ")),
        many => format!("{many} services: {}", counts.join(", ")),
    }
}

/// A healthy service is left out, unless something serious is to be said about it: that its last change was rolled back.
fn is_worth_showing(service: &Diagnosis) -> bool {
    !matches!(service.health, Health::Healthy | Health::Inactive)
        || service.findings.iter().any(|finding| finding.severity <= Severity::Error)
}

fn write_service(text: &mut String, service: &Diagnosis, style: Style) {
    let (sign, tint) = looks(service.health);
    let health = painted(service.health.as_str(), tint, style.colour);
    let _ = writeln!(text, "{} {}  {health}", painted(sign, tint, style.colour), visible(&service.service));
    let worth = |finding: &&Finding| {
        style.all || finding.severity < Severity::Warning || finding.severity < Severity::Info && !is_advice(finding)
    };
    let shown: Vec<_> = service.findings.iter().filter(worth).collect();
    for finding in &shown {
        write_finding(text, finding, style);
    }
    for advice in service.findings.iter().filter(|finding| finding.severity < Severity::Info && !worth(finding)) {
        let _ = writeln!(text, "  {:<INDENT$}{}  [{}]", "advice", advice.title, advice.id());
    }
    if shown.is_empty() && service.health == Health::Healthy {
        let _ = writeln!(text, "  nothing is wrong");
    }
    for check in &service.checks {
        write_check(text, check, style);
    }
}

/// Configuration that works today: a line is enough while something is broken.
fn is_advice(finding: &Finding) -> bool {
    finding.bearing == Bearing::Hygiene
}

const fn word(severity: Severity) -> (&'static str, Option<Tint>) {
    match severity {
        Severity::Critical => ("critical", Some(Tint::Red)),
        Severity::Error => ("error", Some(Tint::Red)),
        Severity::Warning => ("warning", Some(Tint::Yellow)),
        Severity::Info => ("info", Some(Tint::Blue)),
    }
}

fn write_finding(text: &mut String, finding: &Finding, style: Style) {
    let (word, tint) = word(finding.severity);
    let padding = " ".repeat((INDENT + 2).saturating_sub(2 + word.len()));
    let confidence = format!("{:?}", finding.confidence).to_lowercase();
    let word = painted(word, tint, style.colour);
    let _ = writeln!(text, "  {word}{padding}{}  [{}, {confidence}]", finding.title, finding.id());
    let indent = " ".repeat(INDENT + 2);
    for line in wrapped(&finding.explanation, COLUMN - INDENT) {
        let _ = writeln!(text, "{indent}{line}");
    }
    let shown = if style.all { finding.evidence.len() } else { EVIDENCE };
    let mut label = "evidence";
    for evidence in finding.evidence.iter().take(shown) {
        let _ = writeln!(text, "{indent}{label:LABEL$}{}  {} = {}", evidence.subject, evidence.field, evidence.value);
        label = "";
    }
    if finding.evidence.len() > shown {
        let _ = writeln!(text, "{indent}{:LABEL$}… and {} more", "", finding.evidence.len() - shown);
    }
    label = "so";
    for consequence in finding.consequences.iter().flat_map(Finding::all) {
        let _ = writeln!(text, "{indent}{label:LABEL$}{}  [{}]", consequence.title, consequence.id());
        label = "";
    }
    if let Some(fix) = &finding.fix {
        label = "fix";
        for line in wrapped(&fix.summary, COLUMN - INDENT - LABEL) {
            let _ = writeln!(text, "{indent}{label:LABEL$}{line}");
            label = "";
        }
        for command in &fix.commands {
            let _ = writeln!(text, "{indent}{:LABEL$}{command}", "");
        }
        if let Some(terraform) = &fix.terraform {
            let _ = writeln!(text, "{indent}{:LABEL$}terraform: {terraform}", "");
        }
        if let Some(seconds) = fix.eta_seconds {
            let _ = writeln!(text, "{indent}{:LABEL$}shows about {seconds} s after", "");
        }
    }
}

/// What could not be checked; with `all` also what was.
fn write_check(text: &mut String, check: &Check, style: Style) {
    let verdict = match check.verdict {
        CheckVerdict::Unknown => "unknown",
        _ if !style.all => return,
        CheckVerdict::Open => "open",
        CheckVerdict::Blocked => "blocked",
        CheckVerdict::Partial => "partial",
        CheckVerdict::Passed => "passed",
        CheckVerdict::Skipped => "skipped",
    };
    let denied = check.missing_permission.as_deref().filter(|permission| !check.detail.contains(permission));
    let denied = denied.map(|permission| format!(" ({permission})")).unwrap_or_default();
    let _ = writeln!(text, "  {verdict:<INDENT$}{}: {}{denied}", check.check.as_str(), check.detail);
}

/// Words in lines of at most this width; paragraphs are kept apart by an empty line.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, paragraph) in text.split("\n\n").enumerate() {
        if index > 0 {
            lines.push(String::new());
        }
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines
}
