//! Overlay Confirmation: where, what, how, and the two buttons. Where it happens and the buttons are never hidden; what
//! does not fit between them is cut, and the cut says so.

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

/// The overlay, at most `height` lines.
pub fn document(confirmation: &Confirmation, width: usize, height: usize) -> Document {
    let plan = &confirmation.plan;
    let low = height < 12;
    let top = if low { place_in_short(plan, width) } else { place(plan, width) };
    let bottom = buttons(&confirmation.stage, width, height);
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
    middle.field("same as", LABEL, &[plain(&plan.command)], width);
    let room = height.saturating_sub(top.len() + bottom.len());
    let mut lines = top;
    if middle.lines.len() > room {
        let hidden = middle.lines.len() + 1 - room.min(middle.lines.len());
        middle.lines.truncate(room.saturating_sub(1));
        lines.append(&mut middle.lines);
        if room > 0 {
            let warnings = match plan.warnings.len() {
                0 => String::new(),
                1 => ", 1 warning".to_owned(),
                several => format!(", {several} warnings"),
            };
            let words = format!("… {hidden} lines{warnings}: enlarge to read");
            lines.push(Line::from(toned(Tone::Warn, words)).fitted(width));
        }
    } else {
        lines.append(&mut middle.lines);
        let missing = height.saturating_sub(lines.len() + bottom.len());
        lines.extend(std::iter::repeat_n(Line::default(), missing));
    }
    lines.extend(bottom);
    Document { head: None, lines }
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

fn buttons(stage: &Stage, width: usize, height: usize) -> Vec<Line> {
    let (line, keys) = match stage {
        Stage::Deciding { focus, .. } => {
            let button = |name: &str, of: Button| {
                if of == *focus { toned(Tone::Focus, format!(">[ {name} ]<")) } else { plain(format!(" [ {name} ] ")) }
            };
            let line = Line::of([button("Cancel", Button::Cancel), plain("  "), button("Confirm", Button::Confirm)]);
            (line, "Enter presses the button · Tab switches · Y confirms · y copies · Esc cancels")
        }
        Stage::Rereading(_) => (toned(Tone::Accent, "↻ reading the state again before sending…").into(), "Esc cancels"),
        Stage::Sending(_) => (toned(Tone::Accent, "↻ sending… it can no longer be called back").into(), ""),
        Stage::Failed(_) => (toned(Tone::Focus, ">[ Close ]<").into(), "Enter or Esc closes · y copies the command"),
    };
    let mut lines = Vec::new();
    if height >= 8 {
        lines.push(Line::default());
    }
    lines.push(line.fitted(width));
    if height >= 6 {
        lines.push(Line::from(dim(keys)).fitted(width));
    }
    lines
}
