//! Overlay Confirmation: where, what, how, and the two buttons. Where it happens and the buttons are never hidden. On a low
//! screen the rest moves together; what still does not fit is cut, the cut says so, and nobody can confirm what they could
//! not read ([`is_readable`]).

use crate::actions::plan::Plan;
use crate::app::document::{Document, Line, Span, Tone, dim, plain, strong, toned, wrap};
use crate::app::overlay::{Button, Confirmation, Stage};
use crate::model::query::Mutation;

/// Columns of the labels.
const LABEL: usize = 10;

/// The title.
pub const fn title(confirmation: &Confirmation) -> &'static str {
    match confirmation.plan.mutation {
        Mutation::ForceNewDeployment { .. } => "Force a new deployment?",
        Mutation::Scale { .. } => "Scale?",
    }
}

/// The three parts of the overlay, from top to bottom.
struct Parts {
    place: Vec<Line>,
    plan: Vec<Line>,
    buttons: Vec<Line>,
}

impl Parts {
    fn len(&self) -> usize {
        self.place.len() + self.plan.len() + self.buttons.len()
    }
}

/// How much air there is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    /// Everything on lines of its own.
    Wide,
    /// Without empty lines and without what the API call says as well; `y` still copies it.
    Close,
    /// Only what must be seen before the rest is read.
    Least,
}

/// The overlay, at most `height` lines: the widest setting that fits.
pub fn document(confirmation: &Confirmation, width: usize, height: usize) -> Document {
    let fitting = [Setting::Wide, Setting::Close]
        .into_iter()
        .map(|setting| parts(confirmation, width, setting))
        .find(|parts| parts.len() <= height);
    let Parts { place, mut plan, buttons } = fitting.unwrap_or_else(|| {
        let parts = parts(confirmation, width, Setting::Least);
        cut(parts, confirmation.plan.warnings.len(), width, height)
    });
    let mut lines = place;
    lines.append(&mut plan);
    lines.extend(buttons);
    Document { head: None, lines }
}

/// Lines the overlay would like to have.
pub fn wanted_height(confirmation: &Confirmation, width: usize) -> usize {
    parts(confirmation, width, Setting::Wide).len()
}

/// Whether the whole plan is on the screen. What was not shown cannot be confirmed.
pub fn is_readable(confirmation: &Confirmation, width: usize, height: usize) -> bool {
    parts(confirmation, width, Setting::Close).len() <= height
}

fn parts(confirmation: &Confirmation, width: usize, setting: Setting) -> Parts {
    let plan = &confirmation.plan;
    let mut middle = Document::default();
    stage(&confirmation.stage, &mut middle, width);
    for change in &plan.changes {
        let spans = [plain(&change.before), toned(Tone::Accent, " → "), strong(&change.after)];
        middle.field(&change.what, LABEL, &spans, width);
    }
    for warning in &plan.warnings {
        middle.lines.extend(hanging(toned(Tone::Warn, "! "), plain(warning), width));
    }
    middle.field("API call", LABEL, &[plain(&plan.api_call)], width);
    if setting == Setting::Wide {
        middle.field("same as", LABEL, &[plain(&plan.command)], width);
    }
    let place = if setting == Setting::Wide { place(plan, width) } else { place_in_short(plan, width) };
    Parts { place, plan: middle.lines, buttons: buttons(&confirmation.stage, width, setting) }
}

/// As much as fits, and a line that says how much does not.
fn cut(mut parts: Parts, warnings: usize, width: usize, height: usize) -> Parts {
    let room = height.saturating_sub(parts.place.len() + parts.buttons.len());
    let hidden = parts.plan.len() + 1 - room.min(parts.plan.len());
    parts.plan.truncate(room.saturating_sub(1));
    if room > 0 {
        let warnings = match warnings {
            0 => String::new(),
            1 => ", 1 warning".to_owned(),
            several => format!(", {several} warnings"),
        };
        let words = format!("… {hidden} lines{warnings}: enlarge");
        parts.plan.push(Line::from(toned(Tone::Warn, words)).fitted(width));
    }
    parts
}

fn place(plan: &Plan, width: usize) -> Vec<Line> {
    let place = &plan.place;
    let account = match (&place.account, &place.profile) {
        (Some(account), Some(profile)) => strong(format!("{account} ({profile})")),
        (Some(account), None) => strong(account),
        (None, Some(profile)) => toned(Tone::Warn, format!("unknown (profile {profile})")),
        (None, None) => toned(Tone::Warn, "unknown"),
    };
    let region = place.region.as_ref().map_or_else(|| toned(Tone::Warn, "unknown"), strong);
    let rows = [
        ("account", account),
        ("region", region),
        ("cluster", strong(place.cluster.as_str())),
        ("service", strong(&plan.service_name)),
    ];
    let mut lines: Vec<Line> = rows
        .into_iter()
        .map(|(label, value)| Line::of([dim(format!("{label:<LABEL$}  ")), value]).fitted(width))
        .collect();
    lines.push(Line::default());
    lines
}

fn place_in_short(plan: &Plan, width: usize) -> Vec<Line> {
    let place = &plan.place;
    let account = place.account.as_deref().unwrap_or("unknown account");
    let region = place.region.as_deref().unwrap_or("unknown region");
    vec![
        Line::from(strong(format!("{account} · {region}"))).fitted(width),
        Line::from(strong(format!("{} · {}", place.cluster.as_str(), plan.service_name))).fitted(width),
    ]
}

fn stage(stage: &Stage, document: &mut Document, width: usize) {
    match stage {
        Stage::Deciding { moved: Some(moved), .. } => {
            let words = format!("The state moved since this was shown: {moved}. Look again.");
            document.lines.extend(hanging(toned(Tone::Warn, "! "), strong(words), width));
        }
        Stage::Failed(error) => {
            let words = format!("{} {}: {}", error.operation, error.kind.label(), error.message);
            document.lines.extend(hanging(toned(Tone::Bad, "✖ "), strong(words), width));
            document.lines.extend(hanging(plain("→ "), plain(error.advice()), width));
        }
        Stage::Deciding { .. } | Stage::Rereading(_) | Stage::Sending(_) => {}
    }
}

/// Text continued under itself, behind a sign.
fn hanging(sign: Span, text: Span, width: usize) -> Vec<Line> {
    let indent = " ".repeat(sign.width());
    let mut sign = Some(sign);
    wrap(&[text], width.saturating_sub(indent.len()).max(10))
        .into_iter()
        .map(|line| {
            let mut shown = Line::of([sign.take().unwrap_or_else(|| plain(&indent))]);
            shown.spans.extend(line.spans);
            shown
        })
        .collect()
}

fn buttons(stage: &Stage, width: usize, setting: Setting) -> Vec<Line> {
    let (line, keys) = match stage {
        Stage::Deciding { focus, .. } => {
            let button = |name: &str, of: Button| {
                // What cannot be confirmed steps back.
                let other = if setting == Setting::Least { Tone::Dim } else { Tone::Plain };
                if of == *focus {
                    toned(Tone::Focus, format!(">[ {name} ]<"))
                } else {
                    toned(other, format!(" [ {name} ] "))
                }
            };
            let line = Line::of([button("Cancel", Button::Cancel), plain("  "), button("Confirm", Button::Confirm)]);
            (line, "Enter presses the button · Tab switches · Y confirms · y copies · Esc cancels")
        }
        Stage::Rereading(_) => (toned(Tone::Accent, "↻ reading the state again before sending…").into(), "Esc cancels"),
        Stage::Sending(_) => (toned(Tone::Accent, "↻ sending… it can no longer be called back").into(), ""),
        Stage::Failed(_) => (toned(Tone::Focus, ">[ Close ]<").into(), "Enter or Esc closes · y copies the command"),
    };
    let mut lines = Vec::new();
    if setting == Setting::Wide {
        lines.push(Line::default());
    }
    lines.push(line.fitted(width));
    if setting != Setting::Least && !keys.is_empty() {
        lines.push(Line::from(dim(keys)).fitted(width));
    }
    lines
}
