//! A query from its start to its end. It is started by a press of a key and by nothing else, its results are asked for while
//! it runs, and it is stopped as soon as nobody looks at it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Focus, Found, Sight};
use crate::app::App;
use crate::app::message::Effect;
use crate::app::remote::RequestId;
use crate::model::call::{CallError, ErrorKind};
use crate::model::insights::{InsightsQuery, InsightsResults, Malformed, QueryState, Span, Started};
use crate::model::query::{Answer, Query};

/// Small queries are done soon after they were started.
const FIRST_LOOK: SignedDuration = SignedDuration::from_millis(500);
/// Between one look at the results and the next.
const EVERY: SignedDuration = SignedDuration::from_secs(1);
/// The longest pause after failures in a row.
const LONGEST: SignedDuration = SignedDuration::from_secs(30);

/// How a query goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Stage {
    /// It is on its way to AWS.
    Starting(RequestId),
    /// It runs, as far as is known.
    Running {
        /// Its id.
        id: String,
        /// The request for its results that is under way.
        looking: Option<RequestId>,
        /// When they are to be asked for next.
        due: Timestamp,
        /// Why they could not be read the last time, and how often in a row.
        trouble: Option<(CallError, u32)>,
    },
    /// AWS does not understand it.
    Refused(Malformed),
    /// It could not be started, or its results cannot be read.
    Failed(CallError),
    /// It has ended by itself.
    Ended,
    /// It was stopped from here.
    Stopped,
}

/// A query that runs or ran.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    query: InsightsQuery,
    span: Span,
    began: Timestamp,
    ended: Option<Timestamp>,
    stage: Stage,
    found: Option<Found>,
    /// Whether somebody has gone on writing since.
    pub(super) written_on: bool,
}

impl Run {
    /// What was asked.
    pub const fn query(&self) -> &InsightsQuery {
        &self.query
    }

    /// How far back it looks.
    pub const fn span(&self) -> Span {
        self.span
    }

    /// How it goes.
    pub const fn stage(&self) -> &Stage {
        &self.stage
    }

    /// What was found so far.
    pub const fn found(&self) -> Option<&Found> {
        self.found.as_ref()
    }

    /// How long it has been under way, or was.
    pub fn lasted(&self, now: Timestamp) -> SignedDuration {
        self.ended.unwrap_or(now).duration_since(self.began)
    }

    /// Whether it costs money right now, for all that is known.
    pub const fn is_active(&self) -> bool {
        matches!(self.stage, Stage::Starting(_) | Stage::Running { .. })
    }

    fn end(&mut self, at: Timestamp, stage: Stage) {
        self.stage = stage;
        self.ended = Some(at);
    }
}

impl App {
    /// Starts what stands in the editor. The same query that runs already is not started once more: a key that is held down
    /// would start dozens.
    pub(super) fn run_insights(&mut self) -> Vec<Effect> {
        let (text, span) = (self.insights.editor.text(), self.insights.span);
        let groups = self.insights_groups().asked;
        let active = self.insights.run.as_ref().filter(|run| run.is_active());
        let says_something = text.lines().any(|line| !line.trim().is_empty() && !line.trim().starts_with('#'));
        let refusal = match active {
            _ if groups.is_empty() => Some("there is no log group to ask: see above"),
            _ if !says_something => Some("there is nothing to run: write a query, or fetch one with ^p"),
            Some(run) if (&run.query.text, run.span) == (&text, span) => Some("this query is running already"),
            _ => None,
        };
        if let Some(refusal) = refusal {
            self.notify(refusal);
            return Vec::new();
        }
        let mut effects = self.stop_insights();
        let until = self.aws_now();
        let query = InsightsQuery { groups, text: text.clone(), from: until - span.length(), until };
        let (request, effect) = self.ask_aside(Query::StartInsights { query: query.clone() });
        effects.push(effect);
        let now = self.now;
        let insights = &mut self.insights;
        let stage = Stage::Starting(request);
        insights.run = Some(Run { query, span, began: now, ended: None, stage, found: None, written_on: false });
        insights.sight = Sight::default();
        insights.recalled = None;
        if insights.history.last() != Some(&text) {
            insights.history.push(text);
        }
        effects
    }

    /// What stops the query that is under way, at the end of the program.
    pub fn stop_queries(&mut self) -> Vec<Effect> {
        self.stop_insights()
    }

    /// Whether a query is on its way to AWS. What its answer leads to stops it, if it is not wanted any more.
    pub fn is_starting_query(&self) -> bool {
        self.requests.start_insights()
    }

    /// Stops the query that is under way. One whose id is not known yet is stopped as soon as it is.
    fn stop_insights(&mut self) -> Vec<Effect> {
        let now = self.now;
        let Some(run) = self.insights.run.as_mut().filter(|run| run.is_active()) else { return Vec::new() };
        let stage = std::mem::replace(&mut run.stage, Stage::Stopped);
        run.ended = Some(now);
        let Stage::Running { id, looking, .. } = stage else { return Vec::new() };
        let mut effects = Vec::new();
        if let Some(request) = looking.filter(|request| self.requests.close(*request).is_some()) {
            effects.push(Effect::Cancel { request });
        }
        effects.push(self.ask_aside(Query::StopInsights { id }).1);
        effects
    }

    /// Stops a query nobody looks at any more, and asks for the results of the one that runs.
    pub(in crate::app) fn settle_insights(&mut self, effects: &mut Vec<Effect>) {
        let ends = effects.iter().position(|effect| *effect == Effect::Quit);
        if !self.shows_insights() || self.insights.service != self.selected_arn() || ends.is_some() {
            let stops = self.stop_insights();
            // It has to be on its way before the program ends.
            let place = ends.unwrap_or(effects.len());
            effects.splice(place..place, stops);
            return;
        }
        let now = self.now;
        let Some(Stage::Running { id, looking: None, due, .. }) = self.insights.run.as_ref().map(Run::stage) else {
            return;
        };
        if *due > now {
            return;
        }
        let (request, effect) = self.ask_aside(Query::InsightsResults { id: id.clone() });
        effects.push(effect);
        if let Some(Stage::Running { looking, .. }) = self.insights.run.as_mut().map(|run| &mut run.stage) {
            *looking = Some(request);
        }
    }

    /// How long until the results of the query that runs are asked for again.
    pub(in crate::app) fn until_insights_are_due(&self) -> Option<SignedDuration> {
        match self.insights.run.as_ref()?.stage() {
            Stage::Running { looking: None, due, .. } => Some(due.duration_since(self.now).max(SignedDuration::ZERO)),
            _ => None,
        }
    }

    /// Something came of a query, or did not.
    pub(in crate::app) fn insights_answered(
        &mut self,
        request: RequestId,
        query: Query,
        result: Result<Answer, CallError>,
    ) -> Vec<Effect> {
        if let Err(error) = &result {
            match &query {
                // That it has ended by itself meanwhile is what was wanted.
                Query::StopInsights { .. } if matches!(error.kind, ErrorKind::Invalid | ErrorKind::NotFound) => {}
                Query::StopInsights { .. } => self.errors.add(self.now, error.clone()),
                _ => self.errors.add_told(self.now, error.clone()),
            }
        }
        match query {
            Query::StartInsights { query } => self.insights_started(request, &query, result),
            Query::InsightsResults { id } => self.insights_found(request, id, result),
            _ => Vec::new(),
        }
    }

    fn insights_started(
        &mut self,
        request: RequestId,
        query: &InsightsQuery,
        result: Result<Answer, CallError>,
    ) -> Vec<Effect> {
        let now = self.now;
        let run = self.insights.run.as_mut().filter(|run| run.stage == Stage::Starting(request));
        match (run, result) {
            (Some(run), Ok(Answer::StartInsights(Started::Running(id)))) => {
                run.stage = Stage::Running { id, looking: None, due: now + FIRST_LOOK, trouble: None };
            }
            (Some(run), Ok(Answer::StartInsights(Started::Malformed(malformed)))) => {
                run.end(now, Stage::Refused(malformed));
                self.insights.focus = Focus::Editor;
            }
            (Some(run), Ok(_)) => {
                run.end(now, Stage::Failed(no_answer(&Query::StartInsights { query: query.clone() })));
            }
            (Some(run), Err(error)) => {
                // Nobody knows whether it arrived; starting it again blindly could cost twice.
                let open = error.kind.leaves_change_open().then(|| MAY_RUN.to_owned());
                run.end(now, Stage::Failed(CallError { hint: error.hint.clone().or(open), ..error }));
            }
            // Nobody waits for it any more.
            (None, Ok(Answer::StartInsights(Started::Running(id)))) => {
                return vec![self.ask_aside(Query::StopInsights { id }).1];
            }
            (None, _) => {}
        }
        Vec::new()
    }

    fn insights_found(&mut self, request: RequestId, of: String, result: Result<Answer, CallError>) -> Vec<Effect> {
        let now = self.now;
        let waits = matches!(
            self.insights.run.as_ref().map(Run::stage),
            Some(Stage::Running { id, looking: Some(looking), .. }) if *looking == request && *id == of
        );
        if !waits {
            return Vec::new();
        }
        let error = match result {
            Ok(Answer::InsightsResults(results)) => {
                self.take_results(*results);
                return Vec::new();
            }
            Ok(_) => no_answer(&Query::InsightsResults { id: of.clone() }),
            Err(error) => error,
        };
        let Some(run) = self.insights.run.as_mut() else { return Vec::new() };
        if let (true, Stage::Running { looking, due, trouble, .. }) = (error.kind.may_pass(), &mut run.stage) {
            let failures = trouble.as_ref().map_or(0, |(_, failures)| *failures).saturating_add(1);
            *looking = None;
            *due = now + (EVERY * (1 << failures.min(5))).min(LONGEST);
            *trouble = Some((error, failures));
            return Vec::new();
        }
        // What cannot be read need not go on.
        let stops = error.kind != ErrorKind::NotFound;
        run.end(now, Stage::Failed(error));
        if stops { vec![self.ask_aside(Query::StopInsights { id: of }).1] } else { Vec::new() }
    }

    fn take_results(&mut self, results: InsightsResults) {
        let now = self.now;
        let service = self.insights.service.as_ref().and_then(|arn| self.store.service(arn));
        let secrets = service.map(|service| self.secrets(service)).unwrap_or_default();
        let found = Found::new(results, &secrets);
        let insights = &mut self.insights;
        let Some(run) = insights.run.as_mut() else { return };
        match &mut run.stage {
            Stage::Running { looking, due, trouble, .. } if found.state.goes_on() => {
                (*looking, *due, *trouble) = (None, now + EVERY, None);
            }
            _ => run.end(now, Stage::Ended),
        }
        // Who has asked and waits wants to see the rows; whoever writes on keeps writing.
        if found.state == QueryState::Complete && !found.rows.is_empty() && !run.written_on {
            insights.focus = Focus::Results;
        }
        run.found = Some(found);
    }
}

/// What to know about a query whose start was not answered.
const MAY_RUN: &str = "it may run all the same, and then ends by itself: look at the queries of the account in the console \
                       before you start it again";

/// An answer to another question.
fn no_answer(query: &Query) -> CallError {
    CallError {
        kind: ErrorKind::Other,
        operation: query.operation(),
        message: "the answer could not be read".to_owned(),
        request_id: None,
        hint: None,
    }
}
