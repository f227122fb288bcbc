//! The evidence of a finding: in columns where there is room for them, else everything about one thing in one sentence.

use super::aws_text::short_names;
use super::findings::{Room, TEXT, at_most, beside, field};
use crate::app::document::{Align, Document, Line, Span, dim, plain, wrap};
use crate::diagnose::finding::Evidence;

/// Pieces of evidence in columns where there is little room.
const FEW: usize = 3;
/// Things spoken of where there is little room, and lines about each.
const FEW_THINGS: usize = 2;
/// From this width on evidence stands in columns.
const WIDE: usize = 110;

/// Adds the evidence.
pub fn add(evidence: &[Evidence], room: Room, document: &mut Document, width: usize) {
    let testimonies = testimonies(evidence);
    let little = room == Room::Little;
    if let Some(columns) = Columns::of(&testimonies, width) {
        let most = if little { FEW } else { usize::MAX };
        in_turn(&testimonies, most, document, width, |label, testimony, document| {
            columns.push(label, testimony, room, document, width);
        });
    } else {
        let most = if little { FEW_THINGS } else { usize::MAX };
        in_turn(&by_subject(testimonies), most, document, width, |label, about, document| {
            in_a_sentence(label, about, room, document, width);
        });
    }
}

fn in_turn<T>(
    items: &[T],
    most: usize,
    document: &mut Document,
    width: usize,
    mut show: impl FnMut(&str, &T, &mut Document),
) {
    // One more takes no more room than the words that one is missing.
    let shown = if items.len() == most.saturating_add(1) { items.len() } else { most };
    for (index, item) in items.iter().take(shown).enumerate() {
        show(if index == 0 { "evidence" } else { "" }, item, document);
    }
    if let Some(more) = items.len().checked_sub(shown).filter(|more| *more > 0) {
        field("", &[dim(format!("and {more} more"))], document, width);
    }
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

/// What is said about one thing, in the order in which things are first spoken of.
fn by_subject(testimonies: Vec<Testimony<'_>>) -> Vec<Vec<Testimony<'_>>> {
    let mut things: Vec<Vec<Testimony<'_>>> = Vec::new();
    for testimony in testimonies {
        let same = |thing: &&mut Vec<Testimony<'_>>| {
            thing.first().is_some_and(|first| first.said.subject == testimony.said.subject)
        };
        match things.iter_mut().find(same) {
            Some(thing) => thing.push(testimony),
            None => things.push(vec![testimony]),
        }
    }
    things
}

/// `target 10.0.12.7:8080 and 2 more  State unhealthy · Health checks failed with these codes: [302]`
fn in_a_sentence(label: &str, about: &[Testimony<'_>], room: Room, document: &mut Document, width: usize) {
    let Some(widest) = about.iter().max_by_key(|testimony| testimony.others) else { return };
    let mut spans = vec![plain(format!("{} ", widest.subject()))];
    let mut said: Vec<&Evidence> = about.iter().map(|testimony| testimony.said).collect();
    // What is cut at the end should not be AWS's own sentence.
    if room == Room::Little {
        said.sort_by_key(|said| !said.value.contains(' '));
    }
    for (index, Evidence { field, value, .. }) in said.into_iter().enumerate() {
        spans.push(dim(if index == 0 { " " } else { " · " }));
        let (name, value) = match room {
            Room::Little => (field.rsplit('.').next().unwrap_or(field), short_names(value)),
            Room::Enough | Room::Full => (field.as_str(), value.clone()),
        };
        // Where there is little room, a sentence says itself what it is about.
        if room != Room::Little || !value.contains(' ') {
            spans.push(dim(format!("{name} ")));
        }
        spans.push(plain(value));
    }
    let most = if room == Room::Little { FEW_THINGS } else { usize::MAX };
    for (index, line) in at_most(most, &spans, width.saturating_sub(TEXT).max(10)).into_iter().enumerate() {
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
