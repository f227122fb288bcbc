//! What a diagnosis found, for the tab Overview: the finding that is looked at in full, the others as their titles, then
//! what was checked and what was denied. The lines of all findings are known, so that the cursor can move among them.

use super::{evidence, key};
use crate::app::App;
use crate::app::command::Command;
use crate::app::document::{Align, Document, Line, Span, Tone, dim, plain, toned, wrap};
use crate::app::judgement::{Judgement, in_short};
use crate::app::layout::layout;
use crate::diagnose::catalogue::{Bearing, Rank};
use crate::diagnose::diagnosis::{Check, CheckName, CheckVerdict, Diagnosis};
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};

/// Columns before the labels.
const INDENT: usize = 3;
/// Columns of the labels, with what stands before them.
const LABEL: usize = INDENT + 8;
/// Columns before the text beside a label.
pub const TEXT: usize = LABEL + 2;
/// Lines of the lower half from which on nothing is cut.
const ROOMY: u16 = 18;
/// A title has at least so many columns, or nothing stands beside it.
const NARROW: usize = 30;
/// Longest detail of a check in a sentence of all checks.
const SHORT_DETAIL: usize = 40;

/// A diagnosis laid out.
#[derive(Debug, Default)]
pub struct Laid {
    /// The lines.
    pub document: Document,
    /// The line each finding begins with, in the order of [`Judgement::findings`].
    pub places: Vec<usize>,
}

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// A few lines: what is cut is shown when zoomed.
    Little,
    /// Everything, also what is only advice in a line of its own.
    Full,
    /// Everything but advice.
    Enough,
}

impl Room {
    fn of(app: &App) -> Self {
        match layout(app) {
            _ if app.is_zoomed() => Self::Full,
            Some(layout) if layout.detail_body.height >= ROOMY => Self::Enough,
            _ => Self::Little,
        }
    }
}

/// Findings with the one that is looked at in full, and what was checked.
pub fn laid(app: &App, judgement: &Judgement, width: usize) -> Laid {
    let room = Room::of(app);
    let mut laid = Laid::default();
    let findings = judgement.findings();
    let (here, wrong) = (judgement.position(app.detail().finding.as_ref()), judgement.wrong());
    // With nothing wrong, advice is no more than titles until somebody goes there.
    let open = (wrong > 0 || app.detail().finding.is_some() || room == Room::Full).then_some(here);
    let chooses = room == Room::Full && findings.len() > 1;
    let mut folded: Vec<&Finding> = Vec::new();
    for (index, finding) in findings.iter().enumerate() {
        laid.places.push(laid.document.lines.len());
        let is_here = open == Some(index);
        if index >= wrong && room != Room::Full && !is_here {
            folded.push(finding);
            continue;
        }
        let cursor = if chooses && is_here { ">" } else { " " };
        let tag = tag(finding, index == 0 && wrong > 0);
        title(finding, cursor, &tag, is_here, &mut laid.document, width);
        if is_here {
            in_full(app, finding, room, &mut laid.document, width);
        }
    }
    if !folded.is_empty() {
        let words: Vec<String> = folded.iter().map(|finding| in_short(finding)).collect();
        let label = format!("{:INDENT$}notes", "");
        let spans = [dim(words.join(" · "))];
        laid.document.field(&label, LABEL, &spans, width);
    }
    checks(&judgement.diagnosis, room, &mut laid.document, width);
    laid
}

/// The sign of a finding.
pub fn mark(finding: &Finding) -> (&'static str, Tone) {
    match finding.severity {
        _ if finding.bearing == Bearing::Hygiene => ("·", Tone::Dim),
        Severity::Critical | Severity::Error => ("✖", Tone::Bad),
        Severity::Warning => ("!", Tone::Warn),
        Severity::Info => ("·", Tone::Dim),
    }
}

/// `certain · root cause`
fn tag(finding: &Finding, first: bool) -> String {
    let confidence = match finding.confidence {
        Confidence::Certain => "certain",
        Confidence::High => "very likely",
        Confidence::Medium => "likely",
        Confidence::Low => "a guess",
    };
    let role = match (finding.bearing, finding.severity) {
        (Bearing::Hygiene, _) => Some("advice"),
        (Bearing::Past, _) => Some("over"),
        (Bearing::Present, Severity::Info) => Some("note"),
        (Bearing::Present, _) if first && finding.rank() < Rank::Symptom => Some("root cause"),
        (Bearing::Present, _) => None,
    };
    role.map_or_else(|| confidence.to_owned(), |role| format!("{confidence} · {role}"))
}

fn title(finding: &Finding, cursor: &str, tag: &str, open: bool, document: &mut Document, width: usize) {
    let (sign, tone) = mark(finding);
    let narrow = width < INDENT + tag.chars().count() + 3 + NARROW;
    let tag = dim(if narrow { "" } else { tag });
    let room = width.saturating_sub(INDENT + tag.width() + 3).max(10);
    let words = Span::new(if open { Tone::Strong } else { Tone::Plain }, &finding.title);
    for (index, line) in wrap(&[words], room).into_iter().enumerate() {
        if index > 0 {
            let mut continued = Line::of([plain(" ".repeat(INDENT))]);
            continued.spans.extend(line.spans);
            document.push(continued);
            continue;
        }
        let mut first = Line::of([plain(cursor), toned(tone, format!("{sign} "))]);
        first.spans.extend(line.spans);
        document.push(with_end(first, tag.clone(), width));
    }
}

/// A line with something at its right end.
pub fn with_end(line: Line, end: Span, width: usize) -> Line {
    let mut line = line.padded(width.saturating_sub(end.width() + 1), Align::Left);
    line.spans.push(end);
    line.fitted(width)
}

fn in_full(app: &App, finding: &Finding, room: Room, document: &mut Document, width: usize) {
    if !finding.explanation.is_empty() {
        let most = if room == Room::Little { 2 } else { usize::MAX };
        for line in at_most(most, &[plain(&finding.explanation)], width.saturating_sub(INDENT).max(10)) {
            let mut indented = Line::of([plain(" ".repeat(INDENT))]);
            indented.spans.extend(line.spans);
            document.push(indented);
        }
    }
    evidence::add(&finding.evidence, room, document, width);
    // Where not everything is in sight, what to do comes before what else follows.
    if room != Room::Little {
        consequences(finding, document, width);
    }
    if let Some(fix) = &finding.fix {
        remedy(app, fix, room, document, width);
    }
    if room == Room::Little {
        consequences(finding, document, width);
    }
}

fn consequences(finding: &Finding, document: &mut Document, width: usize) {
    let titles: Vec<&str> = finding.all().iter().skip(1).map(|effect| effect.title.as_str()).collect();
    if !titles.is_empty() {
        field("so", &[plain(titles.join(" · "))], document, width);
    }
}

/// `label  text`, wrapped, with the text under itself.
pub fn field(label: &str, spans: &[Span], document: &mut Document, width: usize) {
    let indented = if label.is_empty() { String::new() } else { format!("{:INDENT$}{label}", "") };
    document.field(&indented, LABEL, spans, width);
}

/// The beginning of a line with a label before its text.
pub fn beside(label: &str) -> Line {
    dim(format!("{:INDENT$}{label:<columns$}", "", columns = TEXT - INDENT)).into()
}

/// Text in at most so many lines; the last one shows that there is more.
pub fn at_most(most: usize, spans: &[Span], width: usize) -> Vec<Line> {
    let mut lines = wrap(spans, width);
    if lines.len() > most {
        let rest: Vec<Line> = lines.split_off(most);
        if let Some(last) = lines.last_mut() {
            last.spans.push(plain(" "));
            last.spans.extend(rest.into_iter().flat_map(|line| line.spans));
            *last = std::mem::take(last).fitted(width);
        }
    }
    lines
}

fn remedy(app: &App, fix: &Fix, room: Room, document: &mut Document, width: usize) {
    let mut label = "fix";
    let mut said = |spans: &[Span], document: &mut Document| {
        field(label, spans, document, width);
        label = "";
    };
    // Where there is little room, the command speaks for itself.
    if room != Room::Little || fix.commands.is_empty() && fix.terraform.is_none() {
        said(&[plain(&fix.summary)], document);
    }
    let mut hint = copyable(fix).map(|_| dim(format!("[{}] copies", key(app, Command::Copy))));
    // Beside what is copied, where it fits.
    let mut place_hint = |document: &mut Document| {
        let fits = |line: &Line, hint: &Span| line.width() + hint.width() + 3 <= width;
        if let Some(last) = document.lines.last_mut()
            && let Some(words) = hint.take_if(|hint| fits(last, hint))
        {
            *last = with_end(std::mem::take(last), words, width);
        }
    };
    for command in &fix.commands {
        said(&[toned(Tone::Accent, command)], document);
        place_hint(document);
    }
    if let Some(terraform) = &fix.terraform {
        said(&[dim("terraform: "), plain(terraform)], document);
        if fix.commands.is_empty() {
            place_hint(document);
        }
    }
    let eta = fix.eta_seconds.map(|seconds| dim(format!("healthy about {seconds} s after")));
    match (eta, hint) {
        (Some(eta), Some(hint)) => said(&[eta, plain("  "), hint], document),
        (Some(words), None) | (None, Some(words)) => said(&[words], document),
        (None, None) => {}
    }
}

/// What is copied of a fix: its commands as one line, or else its Terraform line.
pub fn copyable(fix: &Fix) -> Option<String> {
    if fix.commands.is_empty() { fix.terraform.clone() } else { Some(fix.commands.join(" && ")) }
}

/// The words for a check.
const fn name(check: CheckName) -> &'static str {
    match check {
        CheckName::TargetHealth => "target health",
        CheckName::HealthCheckSettings => "health-check settings",
        CheckName::SecurityGroups => "security groups",
        CheckName::NetworkAcls => "network ACLs",
        CheckName::Routes => "routes",
        CheckName::ListenerRules => "listener rules",
        CheckName::TaskEgress => "what tasks need",
        CheckName::StoppedTasks => "stopped tasks",
        CheckName::Deployments => "deployments",
        CheckName::Placement => "placement",
        CheckName::Autoscaling => "autoscaling",
        CheckName::Metrics => "metrics",
        CheckName::Logs => "logs",
    }
}

const fn mark_of(verdict: CheckVerdict) -> (&'static str, Tone) {
    match verdict {
        CheckVerdict::Open | CheckVerdict::Passed => ("✔", Tone::Good),
        CheckVerdict::Blocked => ("✖", Tone::Bad),
        CheckVerdict::Partial => ("!", Tone::Warn),
        CheckVerdict::Unknown => ("?", Tone::Plain),
        CheckVerdict::Skipped => ("·", Tone::Dim),
    }
}

/// What was checked, and which permissions were missing.
fn checks(diagnosis: &Diagnosis, room: Room, document: &mut Document, width: usize) {
    let (skipped, done): (Vec<&Check>, Vec<&Check>) =
        diagnosis.checks.iter().partition(|check| check.verdict == CheckVerdict::Skipped);
    if room == Room::Full {
        for (index, check) in done.iter().enumerate() {
            let (sign, tone) = mark_of(check.verdict);
            let columns = done.iter().map(|check| name(check.check).len()).max().unwrap_or_default();
            let words = format!("{:<columns$}  ", name(check.check));
            let spans = [toned(tone, format!("{sign} ")), plain(words), plain(&check.detail)];
            field(if index == 0 { "checked" } else { "" }, &spans, document, width);
        }
        let words: Vec<&str> = skipped.iter().map(|check| name(check.check)).collect();
        if !words.is_empty() {
            field("skipped", &[dim(words.join(", "))], document, width);
        }
    } else if !done.is_empty() {
        let said = done.into_iter().map(|check| in_short_form(check, room == Room::Enough));
        for (index, line) in packed(said, width.saturating_sub(TEXT)).into_iter().enumerate() {
            let label = if index == 0 { "checked" } else { "" };
            let mut labelled = beside(label);
            labelled.spans.extend(line.spans);
            document.push(labelled);
        }
    }
    let mut denied: Vec<&str> =
        diagnosis.checks.iter().filter_map(|check| check.missing_permission.as_deref()).collect();
    denied.sort_unstable();
    denied.dedup();
    if !denied.is_empty() {
        field("denied", &[toned(Tone::Warn, denied.join(", "))], document, width);
    }
}

/// `✖ security groups (8080 blocked)`
fn in_short_form(check: &Check, at_length: bool) -> Line {
    let (sign, tone) = mark_of(check.verdict);
    let mut line = Line::of([toned(tone, format!("{sign} ")), plain(name(check.check))]);
    let short = !check.detail.is_empty() && check.detail.chars().count() <= SHORT_DETAIL;
    let good = matches!(check.verdict, CheckVerdict::Passed | CheckVerdict::Open);
    // What was denied is told below, by name.
    if short && check.missing_permission.is_none() && (at_length || !good) {
        line.spans.push(dim(format!(" ({})", check.detail)));
    }
    line
}

/// Pieces one after the other, none torn apart at the end of a line.
fn packed(pieces: impl Iterator<Item = Line>, width: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if line.width() + 2 + piece.width() <= width => {
                line.spans.push(plain("  "));
                line.spans.extend(piece.spans);
            }
            _ => lines.push(piece.fitted(width)),
        }
    }
    lines
}
