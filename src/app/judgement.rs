//! How a service does and why, as the list and the Overview show it.

use serde::Serialize;

use crate::diagnose::catalogue::Bearing;
use crate::diagnose::diagnosis::Diagnosis;
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::health::{Assessment, Health};

/// How a service does and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// In one word.
    pub health: Health,
    /// A few words for the list; nothing when all is well. Safe to show.
    pub headline: Option<String>,
    /// What was found and what was checked.
    pub diagnosis: Diagnosis,
}

/// Which finding somebody looks at. Findings come and go with the facts and change places, so it is named by what it is, not
/// by where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingName {
    /// Its id in the catalogue.
    pub id: &'static str,
    /// Its place among the findings with this id.
    pub place: usize,
}

impl Judgement {
    /// What the diagnosis found leads; where it found nothing that needs anybody, calm words speak.
    pub fn new(assessment: Assessment, diagnosis: Diagnosis) -> Self {
        let health = assessment.health;
        let needs_words = matches!(health, Health::Failing | Health::Degraded);
        let found = leading(&diagnosis).next().filter(|lead| needs_words || lead.severity <= Severity::Error);
        let headline = found.map(in_short).or(assessment.headline);
        Self { health, headline, diagnosis }
    }

    /// Findings in the order of the screen: what is wrong, then advice and notes.
    pub fn findings(&self) -> Vec<&Finding> {
        leading(&self.diagnosis).chain(asides(&self.diagnosis)).collect()
    }

    /// How many of [`Judgement::findings`] say that something is wrong.
    pub fn wrong(&self) -> usize {
        leading(&self.diagnosis).count()
    }

    /// Where the finding somebody looks at stands among [`Judgement::findings`]; the first if it is gone.
    pub fn position(&self, name: Option<&FindingName>) -> usize {
        let findings = self.findings();
        let of_id =
            |id: &str| findings.iter().enumerate().filter(|(_, finding)| finding.id() == id).collect::<Vec<_>>();
        name.and_then(|name| of_id(name.id).get(name.place).map(|(index, _)| *index)).unwrap_or_default()
    }

    /// The name of the finding at a place.
    pub fn name(&self, position: usize) -> Option<FindingName> {
        let findings = self.findings();
        let id = findings.get(position)?.id();
        let place = findings.iter().take(position).filter(|finding| finding.id() == id).count();
        Some(FindingName { id, place })
    }
}

/// Findings that say that something is wrong, the root causes first.
fn leading(diagnosis: &Diagnosis) -> impl Iterator<Item = &Finding> {
    diagnosis.findings.iter().filter(|finding| !is_aside(finding))
}

/// Advice and notes.
fn asides(diagnosis: &Diagnosis) -> impl Iterator<Item = &Finding> {
    diagnosis.findings.iter().filter(|finding| is_aside(finding))
}

fn is_aside(finding: &Finding) -> bool {
    finding.severity == Severity::Info || finding.bearing == Bearing::Hygiene
}

/// A few words for a table cell.
pub fn in_short(finding: &Finding) -> String {
    finding.short.clone().unwrap_or_else(|| finding.title.clone())
}
