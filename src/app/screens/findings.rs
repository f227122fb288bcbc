//! What a diagnosis found, for the tab Overview: the finding that is looked at in full, the others as their titles, then
//! what was checked and what was denied. The lines of all findings are known, so that the cursor can move among them.

use super::key;
use crate::app::App;
use crate::app::command::Command;
use crate::app::document::{Align, Document, Line, Span, Tone, dim, plain, toned, wrap};
use crate::app::judgement::{Judgement, in_short};
use crate::app::layout::layout;
use crate::diagnose::catalogue::{Bearing, Rank};
use crate::diagnose::diagnosis::{Check, CheckName, CheckVerdict, Diagnosis};
use crate::diagnose::finding::{Confidence, Evidence, Finding, Fix, Severity};

/// Columns before the labels.
const INDENT: usize = 3;
/// Columns of the labels, with what stands before them.
const LABEL: usize = INDENT + 8;
/// Columns before the text beside a label.
const TEXT: usize = LABEL + 2;
/// Lines of the lower half from which on nothing is cut.
const ROOMY: u16 = 18;
/// Pieces of evidence where there is little room.
const FEW: usize = 3;
/// From this width on evidence stands in columns.
const WIDE: usize = 110;
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
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
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
    let tag = dim(tag);
    let room = width.saturating_sub(INDENT + tag.width() + 3).max(20);
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
        for line in wrap(&[plain(&finding.explanation)], width.saturating_sub(INDENT).max(10)) {
            let mut indented = Line::of([plain(" ".repeat(INDENT))]);
            indented.spans.extend(line.spans);
            document.push(indented);
        }
    }
    evidence(finding, room, document, width);
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

fn field(label: &str, spans: &[Span], document: &mut Document, width: usize) {
    let indented = if label.is_empty() { String::new() } else { format!("{:INDENT$}{label}", "") };
    document.field(&indented, LABEL, spans, width);
}

/// The beginning of a line with a label before its text.
fn beside(label: &str) -> Line {
    dim(format!("{:INDENT$}{label:<columns$}", "", columns = TEXT - INDENT)).into()
}

/// The same said about several things, as one.
struct Testimony<'a> {
    said: &'a Evidence,
    others: usize,
}

impl Testimony<'_> {
    fn subject(&self) -> String {
        match self.others {
            0 => self.said.subject.clone(),
            others => format!("{} and {others} more", self.said.subject),
        }
    }
}

fn testimonies(evidence: &[Evidence]) -> Vec<Testimony<'_>> {
    let mut testimonies: Vec<Testimony<'_>> = Vec::new();
    for said in evidence {
        let same = |other: &&mut Testimony<'_>| {
            (&other.said.source, &other.said.field, &other.said.value) == (&said.source, &said.field, &said.value)
        };
        match testimonies.iter_mut().find(same) {
            Some(known) => known.others += 1,
            None => testimonies.push(Testimony { said, others: 0 }),
        }
    }
    testimonies
}

fn evidence(finding: &Finding, room: Room, document: &mut Document, width: usize) {
    let testimonies = testimonies(&finding.evidence);
    let shown = if room == Room::Little { FEW } else { usize::MAX };
    // One line says as much as the sentence that one is missing.
    let shown = if testimonies.len() == shown.saturating_add(1) { testimonies.len() } else { shown };
    let columns = Columns::of(&testimonies, width);
    for (index, testimony) in testimonies.iter().take(shown).enumerate() {
        let label = if index == 0 { "evidence" } else { "" };
        match &columns {
            Some(columns) => columns.push(label, testimony, room, document, width),
            None => in_a_sentence(label, testimony, room, document, width),
        }
    }
    if let Some(more) = testimonies.len().checked_sub(shown).filter(|more| *more > 0) {
        field("", &[dim(format!("and {more} more"))], document, width);
    }
}

fn in_a_sentence(label: &str, testimony: &Testimony<'_>, room: Room, document: &mut Document, width: usize) {
    let Evidence { field: name, value, .. } = testimony.said;
    let mut spans = vec![plain(testimony.subject()), dim(format!("  {name} ")), plain(value)];
    let columns: usize = spans.iter().map(Span::width).sum();
    // A sentence says itself what it is about.
    if room == Room::Little && columns + TEXT > width && value.contains(' ') {
        spans = vec![plain(testimony.subject()), dim(": "), plain(value)];
    }
    let lines = wrap(&spans, width.saturating_sub(TEXT).max(10));
    let most = if room == Room::Little { FEW - 1 } else { usize::MAX };
    for (index, line) in lines.into_iter().take(most).enumerate() {
        let mut whole = beside(if index == 0 { label } else { "" });
        whole.spans.extend(line.spans);
        document.push(whole);
    }
}

/// Where evidence stands in columns.
struct Columns {
    subject: usize,
    name: usize,
    value: usize,
    /// Where it is from, where there is room for that.
    source: Option<usize>,
}

impl Columns {
    fn of(testimonies: &[Testimony<'_>], width: usize) -> Option<Self> {
        let room = width.checked_sub(TEXT + 1).filter(|_| width >= WIDE)?;
        let widest = |of: &dyn Fn(&Testimony<'_>) -> String, most: usize| {
            testimonies.iter().map(|one| plain(of(one)).width()).max().unwrap_or_default().min(most)
        };
        let subject = widest(&|one| one.subject(), room / 3);
        let name = widest(&|one| one.said.field.clone(), room / 4);
        let source = widest(&|one| one.said.source.clone(), 60);
        let value = room.saturating_sub(subject + name + 4);
        let with_source = value.checked_sub(source + 2).filter(|left| *left >= room / 3);
        Some(Self { subject, name, value: with_source.unwrap_or(value), source: with_source.map(|_| source) })
    }

    fn push(&self, label: &str, testimony: &Testimony<'_>, room: Room, document: &mut Document, width: usize) {
        let Evidence { field: name, value, source, .. } = testimony.said;
        let cell =
            |span: Span, columns: usize| Line::from(span).fitted_between(columns).padded(columns + 2, Align::Left);
        let values = match room {
            Room::Little => vec![Line::from(plain(value)).fitted(self.value)],
            _ => wrap(&[plain(value)], self.value.max(10)),
        };
        for (index, value) in values.into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let mut line = beside(label);
            if index == 0 {
                line.spans.extend(cell(plain(testimony.subject()), self.subject).spans);
                line.spans.extend(cell(dim(name), self.name).spans);
            } else {
                line.spans.push(plain(" ".repeat(self.subject + self.name + 4)));
            }
            line.spans.extend(value.padded(self.value, Align::Left).spans);
            if let Some(columns) = self.source.filter(|_| index == 0) {
                line.spans.push(plain("  "));
                line.spans.extend(Line::from(dim(source)).padded(columns, Align::Right).spans);
            }
            document.push(trimmed(line).fitted(width));
        }
    }
}

/// Without the spaces that would only fill the line.
fn trimmed(mut line: Line) -> Line {
    while line.spans.last().is_some_and(|last| last.text().trim().is_empty()) {
        line.spans.pop();
    }
    line
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
    let mut hint = Some(dim(format!("[{}] copies", key(app, Command::Copy))));
    for command in &fix.commands {
        said(&[toned(Tone::Accent, command)], document);
        let fits = |line: &Line, hint: &Span| line.width() + hint.width() + 3 <= width;
        if let Some(last) = document.lines.last_mut()
            && let Some(words) = hint.take_if(|hint| fits(last, hint))
        {
            *last = with_end(std::mem::take(last), words, width);
        }
    }
    if let Some(terraform) = &fix.terraform {
        said(&[dim("terraform: "), plain(terraform)], document);
    }
    let eta = fix.eta_seconds.map(|seconds| dim(format!("healthy about {seconds} s after")));
    let hint = hint.filter(|_| copyable(fix).is_some());
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
