//! A finding: a cause or an effect, with its evidence and what to do about it. What kinds there are stands in the
//! catalogue; a finding cannot be made without its [`Entry`].

use std::fmt::Display;

use serde::{Serialize, Serializer};

use super::catalogue::{Bearing, Effect, Entry, Rank};
use crate::model::text::{visible, visible_short};

/// Longest quotation of AWS or of a log line, in characters. AWS's own reasons have at most 1,024.
const QUOTE_LIMIT: usize = 1_100;

/// How bad it is; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Traffic is down, or a deployment can never finish.
    Critical,
    /// Tasks die, or capacity is short.
    Error,
    /// It works now and will break, or works in part.
    Warning,
    /// Benign; there to explain.
    Info,
}

/// How sure we are; the surest first (catalogue section 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// AWS says so itself, or it follows from configuration that was read completely.
    Certain,
    /// One explanation fits all evidence, the others were excluded.
    High,
    /// The most likely of a short list.
    Medium,
    /// A hint.
    Low,
}

/// What a finding is about; only what applies is there. Two findings whose scopes contradict each other are not about the
/// same thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Scope {
    /// `ecs-svc/…`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// `family:revision`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// Resource name of the target group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group: Option<String>,
    /// Zones, when not all are concerned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub availability_zones: Vec<String>,
    /// Subnets, when not all are concerned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subnets: Vec<String>,
    /// `10.0.1.7:8080`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Task ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// Names of containers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<String>,
}

/// A piece of evidence: what AWS returned, where it is from, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Evidence {
    /// The IAM action that returned it: `elasticloadbalancing:DescribeTargetHealth`.
    pub source: String,
    /// What it is about: `target 10.0.12.7:8080`.
    pub subject: String,
    /// The field as AWS names it; a derived figure says so.
    pub field: String,
    /// What it is, quoted; `absent` when it is missing.
    pub value: String,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fix {
    /// In one sentence.
    pub summary: String,
    /// Commands to paste, with real ids.
    pub commands: Vec<String>,
    /// The Terraform attribute to set, where infrastructure is changed.
    pub terraform: Option<String>,
    /// Seconds until it shows.
    pub eta_seconds: Option<u64>,
}

impl Fix {
    /// A fix in one sentence.
    pub fn new(summary: impl AsRef<str>) -> Self {
        let summary = visible(summary.as_ref()).into_owned();
        Self { summary, commands: Vec::new(), terraform: None, eta_seconds: None }
    }

    /// With a command of the AWS CLI, given word by word; every word is quoted for the shell as it needs.
    #[must_use]
    pub fn aws(mut self, words: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let words = words.into_iter().map(|word| quoted(&visible(word.as_ref())));
        let words: Vec<String> = std::iter::once("aws".to_owned()).chain(words).collect();
        self.commands.push(words.join(" "));
        self
    }

    /// With a Terraform line: `aws_lb_target_group.web → health_check { path = "/healthz" }`.
    #[must_use]
    pub fn terraform(mut self, line: impl AsRef<str>) -> Self {
        self.terraform = Some(visible(line.as_ref()).into_owned());
        self
    }

    /// With the seconds until it shows.
    #[must_use]
    pub const fn eta(mut self, seconds: Option<u64>) -> Self {
        self.eta_seconds = seconds;
        self
    }
}

/// A word as a shell reads it back: quoted only where it has to be, so that `HttpCode=200-399` stays readable.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) { word.to_owned() } else { shell_words::quote(word).into_owned() }
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Which of the catalogue; in JSON its id.
    #[serde(rename = "id", serialize_with = "id_only")]
    pub entry: &'static Entry,
    /// How bad it is here.
    pub severity: Severity,
    /// How sure we are here.
    pub confidence: Confidence,
    /// A sentence without the full stop, with the figures of this case.
    pub title: String,
    /// What happens and why, in a few sentences.
    pub explanation: String,
    /// What it is about.
    pub scope: Scope,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub fix: Option<Fix>,
    /// What follows from it.
    pub consequences: Vec<Finding>,
    /// Whether it speaks of the present; in this case perhaps otherwise than its entry.
    #[serde(skip)]
    pub bearing: Bearing,
    /// A few words for a table cell; the title if absent.
    #[serde(skip)]
    pub short: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn id_only<S: Serializer>(entry: &&'static Entry, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(entry.id)
}

impl Finding {
    /// A finding of this kind, as bad as usual. `title` is a sentence without the full stop.
    pub fn new(entry: &'static Entry, confidence: Confidence, title: impl AsRef<str>) -> Self {
        Self {
            entry,
            severity: entry.severity,
            confidence,
            title: visible_short(title.as_ref(), 200),
            explanation: String::new(),
            scope: Scope::default(),
            evidence: Vec::new(),
            fix: None,
            consequences: Vec::new(),
            bearing: entry.bearing,
            short: None,
        }
    }

    /// Its id.
    pub const fn id(&self) -> &'static str {
        self.entry.id
    }

    /// How close to the root it is.
    pub const fn rank(&self) -> Rank {
        self.entry.rank
    }

    /// What it is an instance of.
    pub const fn effect(&self) -> Option<Effect> {
        self.entry.effect
    }

    /// As bad as this.
    #[must_use]
    pub const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// With what it says about the present.
    #[must_use]
    pub const fn bearing(mut self, bearing: Bearing) -> Self {
        self.bearing = bearing;
        self
    }

    /// With a few sentences.
    #[must_use]
    pub fn explain(mut self, explanation: impl AsRef<str>) -> Self {
        self.explanation = visible(explanation.as_ref()).into_owned();
        self
    }

    /// With a few words for a table cell, at most sixty characters.
    #[must_use]
    pub fn short(mut self, words: impl AsRef<str>) -> Self {
        self.short = Some(visible_short(words.as_ref(), 60));
        self
    }

    /// With what it is about.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// With a piece of evidence. Free text of AWS or of containers goes through `Scene::quote` first, which masks what the
    /// environment hides.
    #[must_use]
    pub fn evidence(
        mut self,
        source: impl AsRef<str>,
        subject: impl AsRef<str>,
        field: impl AsRef<str>,
        value: impl Display,
    ) -> Self {
        self.evidence.push(Evidence {
            source: source.as_ref().to_owned(),
            subject: visible_short(subject.as_ref(), QUOTE_LIMIT),
            field: visible_short(field.as_ref(), QUOTE_LIMIT),
            value: visible_short(&value.to_string(), QUOTE_LIMIT),
        });
        self
    }

    /// With what to do.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// The finding and everything folded under it, however deep.
    pub fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        all.extend(self.consequences.iter().flat_map(Self::all));
        all
    }
}
