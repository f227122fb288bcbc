//! Wishes of the core to tasks, and their outcomes back as messages. A request is one task; cancelling it drops the call. A
//! change is never cancelled. Everything waits by itself until the connection is set up, so the screen never does. And all of
//! it runs elsewhere than the screen: ten thousand lines of an answer take longer to read than a key may wait.

use std::collections::HashMap;
use std::future::Future;
use std::io::{BufWriter, Write};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::app::message::{Connection, Msg, Urgency};
use crate::app::remote::RequestId;
use crate::aws::{self, Aws, Priority};
use crate::model::call::{CallError, CallRecord};
use crate::model::log::{Followed, Following};
use crate::model::query::{Answer, Mutation, Query};
use crate::model::service::Service;

/// Calls are gathered for so long before the core hears of them: it has better things to do than to take them one by one.
const GATHER_CALLS: Duration = Duration::from_millis(100);
/// At most so many calls in one message.
const MOST_CALLS: usize = 256;

/// Batches of followed events that may wait before whoever reads them has to.
const FOLLOWED_BATCHES: usize = 16;
/// Events in one message, so that keys get their turn between messages.
const MOST_EVENTS: usize = 1_000;

/// What answers questions and carries out changes.
pub trait Answers: Clone + Send + Sync + 'static {
    /// Answers a question.
    fn answer(&self, query: Query, priority: Priority) -> impl Future<Output = Result<Answer, CallError>> + Send;

    /// Carries out a change, once.
    fn change(&self, mutation: Mutation) -> impl Future<Output = Result<Service, CallError>> + Send;

    /// Follows logs until it is dropped or nobody listens any more.
    fn follow(&self, following: Following, out: mpsc::Sender<Followed>) -> impl Future<Output = ()> + Send;

    /// What it is connected to.
    fn connection(&self) -> Connection;
}

impl Answers for Aws {
    async fn answer(&self, query: Query, priority: Priority) -> Result<Answer, CallError> {
        Self::answer(self, &query, priority).await
    }

    async fn change(&self, mutation: Mutation) -> Result<Service, CallError> {
        Self::change(self, &mutation).await
    }

    async fn follow(&self, following: Following, out: mpsc::Sender<Followed>) {
        Self::follow(self, following, out).await;
    }

    fn connection(&self) -> Connection {
        Connection { region: self.region().map(str::to_owned), profile: self.profile().map(str::to_owned) }
    }
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The change.
    pub mutation: Mutation,
    /// What became of it.
    pub result: Result<(), CallError>,
}

/// Requests and changes under way.
pub struct Requests<A> {
    calls: Handle,
    answers: watch::Receiver<Option<A>>,
    outbox: mpsc::Sender<Msg>,
    open: HashMap<RequestId, AbortHandle>,
    changes: JoinSet<Outcome>,
    /// What stops queries at AWS, which go on and cost money otherwise.
    stops: JoinSet<()>,
}

impl<A: Answers> Requests<A> {
    /// Connects in the background; all calls run on `calls`, and outcomes go to `outbox`.
    pub fn new(calls: Handle, connect: impl Future<Output = A> + Send + 'static, outbox: mpsc::Sender<Msg>) -> Self {
        let (connected, answers) = watch::channel(None);
        let told = outbox.clone();
        calls.spawn(async move {
            let answers = connect.await;
            let connection = answers.connection();
            connected.send_replace(Some(answers));
            let _ = told.send(Msg::Connected(connection)).await;
            // Requests made later still have to find the connection.
            connected.closed().await;
        });
        Self { calls, answers, outbox, open: HashMap::new(), changes: JoinSet::new(), stops: JoinSet::new() }
    }

    /// Asks; the answer comes as [`Msg::Answered`].
    pub fn ask(&mut self, request: RequestId, query: Query, urgency: Urgency) {
        let priority = match urgency {
            Urgency::Interactive => Priority::Interactive,
            Urgency::Background => Priority::Background,
        };
        let (connected, outbox) = (self.answers.clone(), self.outbox.clone());
        let stops = matches!(query, Query::StopInsights { .. });
        let task = async move {
            if let Some(answers) = wait(connected).await {
                let result = Box::new(answers.answer(query, priority).await);
                let _ = outbox.send(Msg::Answered { request, result }).await;
            }
        };
        let handle = if stops { self.stops.spawn_on(task, &self.calls) } else { self.calls.spawn(task).abort_handle() };
        self.open.insert(request, handle);
    }

    /// Follows logs; what comes of it comes as [`Msg::Followed`], several batches in one message where they come faster than
    /// they are taken.
    pub fn follow(&mut self, request: RequestId, following: Following) {
        let (connected, outbox) = (self.answers.clone(), self.outbox.clone());
        let task = self.calls.spawn(async move {
            let Some(answers) = wait(connected).await else { return };
            let (out, followed) = mpsc::channel(FOLLOWED_BATCHES);
            tokio::join!(answers.follow(following, out), pass_on(request, followed, outbox));
        });
        self.open.insert(request, task.abort_handle());
    }

    /// Stops a request; no answer comes, unless it is on its way already.
    pub fn cancel(&mut self, request: RequestId) {
        if let Some(task) = self.open.remove(&request) {
            task.abort();
        }
    }

    /// Changes AWS; the outcome comes as [`Msg::Changed`].
    pub fn change(&mut self, request: RequestId, mutation: Mutation) {
        let (connected, outbox) = (self.answers.clone(), self.outbox.clone());
        let task = async move {
            let Some(answers) = wait(connected).await else {
                // The connection is made once and lasts as long as the program.
                std::future::pending().await
            };
            let result = answers.change(mutation.clone()).await;
            let outcome = Outcome { mutation, result: result.as_ref().map(|_| ()).map_err(Clone::clone) };
            let _ = outbox.try_send(Msg::Changed { request, result: Box::new(result) }).map_err(|refused| {
                // Full: it gets its turn, while the end of the program need not wait for that.
                let (outbox, msg) = (outbox.clone(), refused.into_inner());
                tokio::spawn(async move { outbox.send(msg).await });
            });
            outcome
        };
        self.changes.spawn_on(task, &self.calls);
    }

    /// Writes lines to a new file of the working directory; the outcome comes as [`Msg::Saved`].
    pub fn save(&mut self, name: String, lines: Vec<String>) {
        let outbox = self.outbox.clone();
        self.calls.spawn(async move {
            let saved = tokio::task::spawn_blocking(move || save(&name, &lines)).await;
            let result = saved.unwrap_or_else(|_| Err("writing was interrupted".to_owned()));
            let _ = outbox.send(Msg::Saved(result)).await;
        });
    }

    /// Forgets what a message shows to be over.
    pub fn settled(&mut self, msg: &Msg) {
        match msg {
            Msg::Answered { request, .. } => {
                self.open.remove(request);
                while self.stops.try_join_next().is_some() {}
            }
            Msg::Changed { .. } => while self.changes.try_join_next().is_some() {},
            _ => {}
        }
    }

    /// Whether a change is under way.
    pub fn is_changing(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Waits for queries at AWS to be stopped, at most so long.
    pub async fn finish_stops(&mut self, patience: Duration) {
        let all = async { while self.stops.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(patience, all).await;
    }

    /// Waits for the changes that are under way, at most so long; those that did not end are not among the outcomes.
    pub async fn finish_changes(&mut self, patience: Duration) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let all = async {
            while let Some(outcome) = self.changes.join_next().await {
                outcomes.extend(outcome);
            }
        };
        let _ = tokio::time::timeout(patience, all).await;
        outcomes
    }
}

impl<A> Drop for Requests<A> {
    fn drop(&mut self) {
        for task in self.open.values() {
            task.abort();
        }
    }
}

/// Never over what is there already: what somebody saved is evidence. Only the owner may read it, since logs hold secrets.
fn save(name: &str, lines: &[String]) -> Result<(usize, String), String> {
    let failed = |error: std::io::Error| format!("cannot write {name}: {error}");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = BufWriter::new(options.open(name).map_err(failed)?);
    for line in lines {
        writeln!(file, "{line}").map_err(failed)?;
    }
    file.flush().map_err(failed)?;
    let full = std::path::absolute(name).map_or_else(|_| name.to_owned(), |path| path.display().to_string());
    Ok((lines.len(), full))
}

/// Passes on what comes of following logs. While a message waits to be taken, batches gather.
async fn pass_on(request: RequestId, mut followed: mpsc::Receiver<Followed>, outbox: mpsc::Sender<Msg>) {
    let mut next = followed.recv().await;
    while let Some(mut first) = next.take() {
        // A page of AWS may hold ten times as many.
        while let Followed::Events(events) = &mut first
            && events.len() > MOST_EVENTS
        {
            let rest = events.split_off(MOST_EVENTS);
            let followed = std::mem::replace(&mut first, Followed::Events(rest));
            if outbox.send(Msg::Followed { request, followed }).await.is_err() {
                return;
            }
        }
        let Ok(place) = outbox.reserve().await else { return };
        let mut held_back = None;
        while let Followed::Events(events) = &mut first
            && events.len() < MOST_EVENTS
            && let Ok(more) = followed.try_recv()
        {
            match more {
                Followed::Events(more) => events.extend(more),
                other => {
                    held_back = Some(other);
                    break;
                }
            }
        }
        place.send(Msg::Followed { request, followed: first });
        next = match held_back {
            Some(other) => Some(other),
            None => followed.recv().await,
        };
    }
}

async fn wait<A: Clone>(mut connected: watch::Receiver<Option<A>>) -> Option<A> {
    connected.wait_for(Option::is_some).await.ok().and_then(|answers| answers.clone())
}

/// Connects to AWS and reports its calls in batches.
pub(super) async fn connect(settings: aws::Settings, outbox: mpsc::Sender<Msg>) -> Aws {
    let (calls, gathered) = mpsc::unbounded_channel();
    tokio::spawn(report_calls(gathered, outbox));
    Aws::connect(settings, move |call| {
        let _ = calls.send(call);
    })
    .await
}

async fn report_calls(mut calls: mpsc::UnboundedReceiver<CallRecord>, outbox: mpsc::Sender<Msg>) {
    while let Some(first) = calls.recv().await {
        tokio::time::sleep(GATHER_CALLS).await;
        let mut batch = vec![first];
        while batch.len() < MOST_CALLS
            && let Ok(call) = calls.try_recv()
        {
            batch.push(call);
        }
        if outbox.send(Msg::Calls(batch)).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
