//! Plays a session and checks after every step what must hold.

use std::collections::{BTreeMap, BTreeSet};

use ecsight::app::key::{Key, KeyPress};
use ecsight::app::keymap::{Bindings, Keymap};
use ecsight::app::message::{Connection, Effect, Msg, Size};
use ecsight::app::overlay::{Button, Confirmation, Overlay, Stage};
use ecsight::app::remote::RequestId;
use ecsight::app::{App, Options};
use ecsight::model::arn::{ClusterName, ServiceArn};
use ecsight::model::call::{CallRecord, ErrorKind, Operation};
use ecsight::model::insights::Started;
use ecsight::model::query::{Answer, Mutation, Query};
use ecsight::runtime::recorder::{Recorder, replay_lines};
use ecsight::ui::{Theme, view};
use jiff::{SignedDuration, Timestamp};
use proptest::sample::Index;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::account::{Account, PASSWORD, error};
use crate::steps::{Reply, Step};

/// More requests than this are never under way at once, for twelve services of which some have two target groups.
const MOST_OPEN: usize = 48;

pub(crate) struct Driver {
    pub(crate) app: App,
    pub(crate) account: Account,
    pub(crate) changes_sent: usize,
    pub(crate) queries_started: usize,
    /// Ids of queries of logs that run for all that is known.
    running: BTreeSet<String>,
    options: Options,
    theme: Theme,
    now: Timestamp,
    open: BTreeMap<RequestId, Query>,
    closed: Vec<(RequestId, Query)>,
    changes: Vec<(RequestId, Mutation)>,
    /// Re-reads that a confirming key led to and that led to nothing yet.
    confirmed: BTreeSet<RequestId>,
    follows: BTreeSet<RequestId>,
    recorder: Recorder<Vec<u8>>,
    messages: Vec<(Timestamp, Msg)>,
}

pub(crate) fn options(read_only: bool) -> Options {
    Options {
        cluster: Some(ClusterName::new("shop")),
        read_only,
        ..Options::new(Keymap::new(&Bindings::new()).unwrap())
    }
}

const SIZE: Size = Size { width: 80, height: 24 };

fn beginning() -> Timestamp {
    "2026-03-14T03:00:00Z".parse().unwrap()
}

impl Driver {
    pub(crate) fn start(options: Options) -> Self {
        let now = beginning();
        let mut driver = Self {
            app: App::new(options.clone(), now, SIZE),
            account: Account::new(now),
            changes_sent: 0,
            queries_started: 0,
            running: BTreeSet::new(),
            options,
            theme: Theme::default(),
            now,
            open: BTreeMap::new(),
            closed: Vec::new(),
            changes: Vec::new(),
            confirmed: BTreeSet::new(),
            follows: BTreeSet::new(),
            recorder: Recorder::new(Vec::new(), now, SIZE).unwrap(),
            messages: Vec::new(),
        };
        driver.send(Msg::Connected(Connection { region: Some("eu-west-1".to_owned()), profile: None }));
        driver
    }

    pub(crate) fn take(&mut self, step: Step) {
        match step {
            Step::Key(press) => self.send(Msg::Key(press)),
            Step::Paste(text) => self.send(Msg::Paste(text)),
            Step::Mouse(mouse) => self.send(Msg::Mouse(mouse)),
            Step::Resize(size) => self.send(Msg::Resize(size)),
            Step::Wait(milliseconds) => {
                self.now += SignedDuration::from_millis(i64::from(milliseconds));
                self.send(Msg::Tick);
            }
            Step::Answer(which, reply) => {
                if !self.open.is_empty() {
                    let request = *which.get(&self.open.keys().collect::<Vec<_>>());
                    self.answer(*request, &reply);
                }
            }
            Step::LateAnswer(which, reply) => self.answer_late(which, &reply),
            Step::Settle => self.settle(),
            Step::Changed(which, reply) => self.answer_change(which, &reply),
            Step::World(index, count) => self.account.happen(index, count),
            Step::Throttled(count) => {
                let at = self.now;
                let call = CallRecord {
                    at,
                    operation: Operation::new("ecs", "DescribeServices"),
                    duration_ms: 12,
                    failure: Some((ErrorKind::Throttled, "Rate exceeded".to_owned())),
                    request_id: None,
                    server_time: Some(at),
                    mutating: false,
                };
                self.send(Msg::Calls(vec![call; usize::from(count)]));
            }
        }
        self.paint();
    }

    /// Lets the cursor rest and answers everything rightly.
    pub(crate) fn settle(&mut self) {
        for _ in 0..3 {
            while let Some(request) = self.open.keys().next().copied() {
                self.answer(request, &Reply::Right);
            }
            self.now += SignedDuration::from_millis(200);
            self.send(Msg::Tick);
        }
    }

    fn answer(&mut self, request: RequestId, reply: &Reply) {
        if let Some(query) = self.open.remove(&request) {
            let mut result = self.result(&query, reply);
            if let Ok(Answer::StartInsights(Started::Running(id))) = &mut result {
                *id = format!("q-{}", request.0);
            }
            match (&query, &result) {
                (_, Ok(Answer::StartInsights(Started::Running(id)))) => {
                    self.running.insert(id.clone());
                }
                (Query::InsightsResults { id }, Ok(Answer::InsightsResults(results))) if !results.state.goes_on() => {
                    self.running.remove(id);
                }
                (Query::InsightsResults { id }, Err(error)) if error.kind == ErrorKind::NotFound => {
                    self.running.remove(id);
                }
                _ => {}
            }
            self.closed.push((request, query));
            self.send(Msg::Answered { request, result: Box::new(result) });
        }
    }

    /// What nobody asks any more is as good as nothing.
    fn answer_late(&mut self, which: Index, reply: &Reply) {
        if self.closed.is_empty() {
            return;
        }
        let (request, query) = which.get(&self.closed).clone();
        let mut without = self.app.clone();
        let nothing = without.update(self.now, Msg::Calls(Vec::new()));
        let result = Box::new(self.result(&query, reply));
        let effects = self.send_and_return(Msg::Answered { request, result });
        assert_eq!(effects, nothing);
        assert_eq!(debug(&self.app), debug(&without), "a late answer to {query:?} changed something");
    }

    fn result(&self, query: &Query, reply: &Reply) -> Result<Answer, ecsight::model::call::CallError> {
        match reply {
            Reply::Right => Ok(self.account.answer(query, self.now)),
            Reply::Partial => Ok(self.account.partial_answer(query, self.now)),
            Reply::Beside if matches!(query, Query::Identity) => Ok(Answer::Clusters(Vec::new())),
            Reply::Beside => Ok(self.account.answer(&Query::Identity, self.now)),
            Reply::Failure(kind) => Err(error(*kind)),
        }
    }

    fn answer_change(&mut self, which: Index, reply: &Reply) {
        if self.changes.is_empty() {
            return;
        }
        let (request, mutation) = self.changes.remove(which.index(self.changes.len()));
        let result = match reply {
            Reply::Failure(kind) => Err(error(*kind)),
            _ => self.account.change(&mutation, self.now),
        };
        self.send(Msg::Changed { request, result: Box::new(result) });
    }

    fn send(&mut self, msg: Msg) {
        self.send_and_return(msg);
    }

    fn send_and_return(&mut self, msg: Msg) -> Vec<Effect> {
        let before = Before::of(&self.app);
        self.recorder.record(self.now, &msg).unwrap();
        let effects = self.app.update(self.now, msg.clone());
        for effect in &effects {
            match effect {
                Effect::Ask { request, query, .. } => {
                    match query {
                        Query::StartInsights { .. } => {
                            assert!(runs_a_query(&msg), "{msg:?} started a query, which costs");
                            self.queries_started += 1;
                        }
                        Query::StopInsights { id } => {
                            assert!(self.running.remove(id), "{id} does not run");
                        }
                        _ => {}
                    }
                    if before.confirms(&msg) && before.is_reread(query) {
                        self.confirmed.insert(*request);
                    }
                    assert!(self.open.insert(*request, query.clone()).is_none(), "{request:?} names two questions");
                    let same = self.open.values().filter(|open| *open == query).count();
                    // A confirmed plan reads again even if that is being read already.
                    // So does somebody who starts a query of logs, leaves, and starts it again.
                    assert!(same <= 2 || query.is_of_insights(), "{query:?} is asked {same} times at once");
                }
                Effect::Follow { request, .. } => {
                    assert!(self.follows.insert(*request), "{request:?} names two things that are followed");
                }
                Effect::Cancel { request } if self.follows.remove(request) => {}
                Effect::Cancel { request } => {
                    let query = self.open.remove(request).expect("only what is open is cancelled");
                    self.confirmed.remove(request);
                    self.closed.push((*request, query));
                }
                Effect::Change { request, mutation } => {
                    self.check_change(&before, &msg, mutation);
                    self.changes.push((*request, mutation.clone()));
                    self.changes_sent += 1;
                }
                Effect::Copy(_) | Effect::Save { .. } | Effect::Suspend | Effect::Quit => {}
            }
        }
        assert!(self.open.len() <= MOST_OPEN, "{} requests at once", self.open.len());
        let most = usize::from(self.app.shows_insights());
        assert!(self.running.len() <= most, "{:?} run and cost, and nobody looks at them", self.running);
        before.check_cursor(&msg, &self.app);
        before.check_nothing_is_lost(&msg, &self.app);
        self.messages.push((self.now, msg));
        effects
    }

    fn check_change(&mut self, before: &Before, msg: &Msg, mutation: &Mutation) {
        assert!(!self.options.read_only, "read-only");
        let Msg::Answered { request, result } = msg else { panic!("{mutation:?} was not read again") };
        let Ok(Answer::Services(services)) = &**result else { panic!("{mutation:?} was read again in vain") };
        assert!(self.confirmed.remove(request), "{mutation:?} was not confirmed, or sent twice");
        let plan = &before.confirmation().expect("a plan on the screen").plan;
        assert_eq!(plan.mutation, *mutation, "what was confirmed is what is sent");
        let current = services.iter().find(|service| service.arn == *mutation.service()).expect("it still exists");
        assert_eq!(plan.moved(current), None, "the plan still holds");
    }

    fn paint(&self) {
        let Size { width, height } = self.app.size();
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        if let Some(cursor) = view(&self.app, &self.theme, &mut buffer) {
            assert!(buffer.area.contains(cursor), "the cursor is outside of the screen: {cursor:?}");
        }
        let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(!text.chars().any(char::is_control), "control characters on the screen: {text:?}");
        assert!(!text.contains(PASSWORD), "a secret on the screen");
    }

    /// The same messages lead to the same state, also when they went through a file.
    pub(crate) fn check_that_it_replays(mut self) {
        let mut again = App::new(self.options.clone(), beginning(), SIZE);
        for (at, msg) in std::mem::take(&mut self.messages) {
            again.update(at, msg);
        }
        assert_eq!(again, self.app);
        let recording = self.recorder.into_inner();
        assert!(!String::from_utf8_lossy(&recording).contains(PASSWORD), "a secret in the recording");
        let replayed = replay_lines(recording.as_slice(), self.options).unwrap();
        assert_eq!(serde_json::to_value(&replayed).unwrap(), serde_json::to_value(&self.app).unwrap());
    }
}

/// Whether it is the key that starts a query of logs.
fn runs_a_query(msg: &Msg) -> bool {
    matches!(msg, Msg::Key(KeyPress { key: Key::Char('r') | Key::Enter, ctrl: true, .. }))
}

/// What secrets do not show up in, so that states with and without them compare as equal.
fn debug(app: &App) -> String {
    format!("{app:?}")
}

/// What a step is compared with.
struct Before {
    overlay: Option<Overlay>,
    pinned: Option<ServiceArn>,
    shown: BTreeSet<ServiceArn>,
    described: BTreeSet<ServiceArn>,
    tasks: BTreeSet<ServiceArn>,
}

impl Before {
    fn of(app: &App) -> Self {
        Self {
            overlay: app.overlay().cloned(),
            pinned: app.list().selected.clone().filter(|selected| app.selected_arn().as_ref() == Some(selected)),
            shown: app.rows().into_iter().cloned().collect(),
            described: described(app),
            tasks: tasks(app),
        }
    }

    fn confirmation(&self) -> Option<&Confirmation> {
        match &self.overlay {
            Some(Overlay::Confirm(confirmation)) => Some(confirmation),
            _ => None,
        }
    }

    /// Whether a message says yes to the plan on the screen.
    fn confirms(&self, msg: &Msg) -> bool {
        match (self.confirmation().map(|confirmation| &confirmation.stage), msg) {
            (Some(Stage::Deciding { .. }), Msg::Key(KeyPress { key: Key::Char('Y'), .. })) => true,
            (Some(Stage::Deciding { focus, .. }), Msg::Key(KeyPress { key: Key::Enter, .. })) => {
                *focus == Button::Confirm
            }
            _ => false,
        }
    }

    fn is_reread(&self, query: &Query) -> bool {
        let service = self.confirmation().map(|confirmation| confirmation.plan.mutation.service());
        matches!(query, Query::Services { services, .. } if services.iter().collect::<Vec<_>>() == Vec::from_iter(service))
    }

    /// Nothing but a person moves the cursor to another service that is on the screen.
    fn check_cursor(&self, msg: &Msg, app: &App) {
        if matches!(msg, Msg::Key(_) | Msg::Mouse(_) | Msg::Paste(_)) {
            return;
        }
        if let Some(pinned) = &self.pinned
            && app.rows().contains(&pinned)
        {
            assert_eq!(app.selected_arn().as_ref(), Some(pinned), "moved by {msg:?}");
        }
    }

    /// A failure takes nothing away that was known.
    fn check_nothing_is_lost(&self, msg: &Msg, app: &App) {
        if let Msg::Answered { result, .. } = msg
            && result.is_err()
        {
            assert!(described(app).is_superset(&self.described));
            assert!(tasks(app).is_superset(&self.tasks));
            if !app.list().problems_only {
                assert!(app.rows().into_iter().cloned().collect::<BTreeSet<_>>().is_superset(&self.shown));
            }
        }
    }
}

fn described(app: &App) -> BTreeSet<ServiceArn> {
    let services = app.store().services.iter();
    services.filter(|(_, entry)| entry.remote.value().is_some()).map(|(arn, _)| arn.clone()).collect()
}

fn tasks(app: &App) -> BTreeSet<ServiceArn> {
    let answered = app.store().answers.iter().filter(|(_, remote)| remote.value().is_some());
    answered
        .filter_map(|(query, _)| if let Query::Tasks { service, .. } = query { Some(service.clone()) } else { None })
        .collect()
}
