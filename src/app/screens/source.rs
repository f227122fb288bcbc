//! How what a panel shows was come by: fresh, older than promised, being fetched for the first time, or refused. A failed
//! refresh keeps what was there; where nothing was, the panel says why and what to do.

use jiff::{SignedDuration, Timestamp};

use super::key;
use crate::app::App;
use crate::app::command::Command;
use crate::app::document::{Document, Span, Tone, dim, toned};
use crate::app::freshness::{age_label, is_stale, short_duration};
use crate::app::remote::{Failure, Remote};

/// How a piece of AWS's state stands, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// As fresh as promised.
    Fresh,
    /// Asked for, not there yet.
    Loading,
    /// Older than promised, or the last refresh failed.
    Stale,
    /// Never there, since asking failed.
    Failed,
}

/// Where a piece of AWS's state comes from, without the piece.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    at: Option<Timestamp>,
    failure: Option<&'a Failure>,
    every: Option<SignedDuration>,
}

impl<'a> Source<'a> {
    /// Something asked for again every so often (`None`: it never changes).
    pub fn new<T>(remote: Option<&'a Remote<T>>, every: Option<SignedDuration>) -> Self {
        Self {
            at: remote.and_then(Remote::fetched).map(|fetched| fetched.at),
            failure: remote.and_then(Remote::failure),
            every,
        }
    }

    /// How it stands.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match (self.at, self.failure) {
            (None, None) => Standing::Loading,
            (None, Some(_)) => Standing::Failed,
            (Some(_), Some(_)) => Standing::Stale,
            (Some(at), None) if is_stale(at, now, self.every) => Standing::Stale,
            (Some(_), None) => Standing::Fresh,
        }
    }

    /// Whether what is shown should step back.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.standing(now) == Standing::Stale
    }

    /// The worse of two: what a panel made of both has to admit.
    #[must_use]
    pub fn or_worse(self, other: Self, now: Timestamp) -> Self {
        let rank = |source: &Self| (source.standing(now), source.every);
        if rank(&other) > rank(&self) { other } else { self }
    }

    /// A few words: `<15s old`, `loading…`, `37s old · denied ecs:ListTasks`.
    pub fn label(&self, now: Timestamp) -> Span {
        let refused = self.failure.map(|failure| format!("{} {}", failure.error.kind.label(), failure.error.operation));
        match (self.at, refused) {
            (None, None) => dim("loading…"),
            (None, Some(refused)) => toned(Tone::Bad, refused),
            (Some(at), None) => {
                let tone = if is_stale(at, now, self.every) { Tone::Warn } else { Tone::Dim };
                toned(tone, age_label(at, now, self.every))
            }
            (Some(at), Some(refused)) => toned(Tone::Warn, format!("{} · {refused}", exact_age(at, now))),
        }
    }

    /// What has to be said beside something shown although it is old.
    pub fn caveat(&self, now: Timestamp) -> Option<Span> {
        self.is_stale(now).then(|| self.label(now))
    }

    /// [`Source::label`] without the operation, for a narrow cell: `37s old · denied`.
    pub fn short_label(&self, now: Timestamp) -> Span {
        match (self.at, self.failure) {
            (Some(at), Some(failure)) => {
                toned(Tone::Warn, format!("{} · {}", exact_age(at, now), failure.error.kind.label()))
            }
            _ => self.label(now),
        }
    }

    /// How old it is: `37s old`.
    pub fn age(&self, now: Timestamp) -> Span {
        self.at.map_or_else(|| self.label(now), |at| toned(Tone::Warn, exact_age(at, now)))
    }

    /// Says why there is nothing to show; `what` fits after "loading".
    pub fn absence(&self, app: &App, what: &str, document: &mut Document, width: usize) {
        match self.failure {
            None => document.push(dim(format!("loading {what}…"))),
            Some(failure) => explain_failure(app, failure, document, width),
        }
    }
}

/// After a failure the age is told to the second from the beginning.
fn exact_age(at: Timestamp, now: Timestamp) -> String {
    format!("{} old", short_duration(now.duration_since(at)))
}

/// A failed call in full: what AWS said, what to do, and that it is asked again.
pub fn explain_failure(app: &App, failure: &Failure, document: &mut Document, width: usize) {
    let error = &failure.error;
    let head = format!("✖ {} {}", error.operation, error.kind.label());
    let mut spans = vec![toned(Tone::Bad, head)];
    if !error.message.is_empty() {
        spans.push(Span::new(Tone::Plain, format!(": {}", error.message)));
    }
    document.paragraph(&spans, width);
    document.paragraph(&[Span::new(Tone::Plain, format!("  → {}", error.advice()))], width);
    let now = match app.overlay() {
        // There every key is text.
        Some(_) => "  It is asked again by itself.".to_owned(),
        None => format!("  It is asked again by itself; {} asks now.", key(app, Command::Refresh)),
    };
    document.paragraph(&[dim(now)], width);
}
