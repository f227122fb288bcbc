//! Following logs where CloudWatch sends them by itself, and where it does not or stops: against the simulator, whose world
//! goes on meanwhile. Whatever happens, every line is told once.

use std::collections::BTreeMap;
use std::time::Duration;

use ecsight::aws::Priority;
use ecsight::model::call::ErrorKind;
use ecsight::model::log::{Followed, Following, LogEvent, LogSource, TailMode, TailState};
use ecsight::model::query::{Answer, Query};
use ecsight::sim::{Application, Blueprint, Clock, Fault, FaultKind, Simulator, World};
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::client::Client;

/// In vain if it takes longer, on however busy a machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What hangs is waited for.
fn patience(fault: FaultKind) -> Duration {
    if fault == FaultKind::Hang { Duration::from_millis(1_500) } else { PATIENCE }
}

async fn simulator(per_minute: u32, tasks: usize) -> Simulator {
    let mut world = World::empty(7);
    world.add_cluster("shop");
    let application = Application::worker().chatting(per_minute, true);
    world.add_service("shop", &Blueprint::worker("web").tasks(tasks).running(application));
    let latency = Duration::ZERO;
    Simulator::start(([127, 0, 0, 1], 0).into(), world, Clock::Manual, latency).await.unwrap()
}

/// A client that polls often and waits so long for an answer, and for a session to say something.
async fn client(simulator: &Simulator, patience: Duration) -> Client {
    Client::with(&simulator.endpoint(), |settings| {
        settings.log_polls = Duration::from_millis(5);
        settings.live_tail_silence = patience;
        settings.call_timeout = patience;
    })
    .await
}

fn source() -> LogSource {
    LogSource { container: "web".into(), group: "/ecs/web".into(), prefix: "ecs/web/".into(), region: None }
}

/// What came so far.
#[derive(Default)]
struct Told {
    events: Vec<LogEvent>,
    states: Vec<TailState>,
}

impl Told {
    fn mode(&self) -> Option<&TailMode> {
        self.states.last().map(|state| &state.mode)
    }

    fn is_live(&self) -> bool {
        self.mode() == Some(&TailMode::LiveTail)
    }

    fn reason(&self) -> &str {
        match self.mode() {
            Some(TailMode::Polling { because }) => because,
            _ => "",
        }
    }
}

struct Tail<'a> {
    simulator: &'a Simulator,
    /// A world second passes so often.
    pace: Duration,
    since: Timestamp,
    followed: mpsc::Receiver<Followed>,
    told: Told,
}

impl<'a> Tail<'a> {
    async fn begin(simulator: &'a Simulator) -> Self {
        Self::with_patience(simulator, PATIENCE).await
    }

    async fn with_patience(simulator: &'a Simulator, patience: Duration) -> Self {
        let aws = client(simulator, patience).await.aws;
        let since = simulator.with_world(|world| world.now());
        let (out, followed) = mpsc::channel(4);
        tokio::spawn(async move {
            aws.follow(Following { sources: vec![source()], since, recent: None }, out).await;
        });
        Self { simulator, pace: Duration::from_millis(10), since, followed, told: Told::default() }
    }

    /// Lets the world go on until this is so.
    async fn until(&mut self, done: impl Fn(&Told) -> bool) -> &mut Self {
        self.wait(done, true).await
    }

    async fn wait(&mut self, done: impl Fn(&Told) -> bool, world_goes_on: bool) -> &mut Self {
        let mut pace = tokio::time::interval(self.pace);
        let wait = async {
            while !done(&self.told) {
                tokio::select! {
                    followed = self.followed.recv() => match followed.expect("following never ends by itself") {
                        Followed::Events(events) => self.told.events.extend(events),
                        Followed::Begins { .. } => panic!("all was asked for"),
                        Followed::State(state) => self.told.states.push(state),
                    },
                    _ = pace.tick(), if world_goes_on => self.simulator.advance(Duration::from_secs(1)),
                }
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, wait).await.is_ok();
        let Told { events, states } = &self.told;
        assert!(in_time, "after {} lines: {:?}; {:?}", events.len(), states.last(), self.simulator.calls());
        self
    }

    async fn seconds(&mut self, seconds: i64) -> &mut Self {
        let now = || self.simulator.with_world(|world| world.now());
        let end = now() + jiff::SignedDuration::from_secs(seconds);
        self.until(|_| now() >= end).await
    }

    /// Every line that was written since the beginning and is a few seconds old was told, once.
    async fn assert_each_once(&mut self) {
        self.seconds(15).await;
        let until = self.simulator.with_world(|world| world.now());
        let query = Query::LogEvents { source: source(), task: None, from: self.since, until, most: u32::MAX };
        // What was written by then is taken in a little later.
        self.seconds(4).await;
        let answer = client(self.simulator, PATIENCE).await.aws.answer(&query, Priority::Interactive).await;
        let Ok(Answer::LogEvents(page)) = answer else { panic!("{answer:?}") };
        assert!(page.complete && page.events.len() >= 15, "{} lines", page.events.len());
        let is_earlier = |event: &&LogEvent| event.at <= until;
        let truth = page.events.iter().filter(is_earlier).count();
        // Who is late catches up while nothing comes.
        self.wait(|told| told.events.iter().filter(is_earlier).count() >= truth, false).await;
        // How often each was written, less how often it was told.
        let mut balance: BTreeMap<(Timestamp, &str, &str), i32> = BTreeMap::new();
        for (events, weight) in [(&page.events, 1), (&self.told.events, -1)] {
            for event in events.iter().filter(is_earlier) {
                *balance.entry((event.at, &event.task, &event.message)).or_default() += weight;
            }
        }
        balance.retain(|_, balance| *balance != 0);
        assert!(balance.is_empty(), "lost, or told too often: {balance:#?}");
    }
}

fn calls(simulator: &Simulator, operation: &str) -> usize {
    simulator.calls().get(operation).copied().unwrap_or_default()
}

#[tokio::test]
async fn cloudwatch_sends_what_comes_in() {
    let simulator = simulator(120, 3).await;
    let mut tail = Tail::begin(&simulator).await;
    tail.until(Told::is_live).await;
    let before = calls(&simulator, "FilterLogEvents");
    tail.until(|told| told.events.len() > 100).await;
    assert_eq!(
        (calls(&simulator, "StartLiveTail"), simulator.live_tails()),
        (1, 1),
        "one session at its named address"
    );
    let updates = tail.told.events.len() / 6;
    let after = calls(&simulator, "FilterLogEvents");
    assert!(
        after - before < updates,
        "compared now and then, not asked all the time: {} in {updates} s",
        after - before
    );
    tail.assert_each_once().await;
    drop(tail);
    while simulator.live_tails() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn where_it_is_refused_lines_are_asked_for() {
    for (fault, because) in [
        (FaultKind::Deny, "logs:StartLiveTail is not allowed"),
        (FaultKind::Throttle, "Live Tail: throttled"),
        (FaultKind::Status(501), "no Live Tail at this endpoint"),
        (FaultKind::Status(500), "Live Tail: AWS error"),
        (FaultKind::Reset, "Live Tail: network"),
        (FaultKind::Hang, "Live Tail: timed out"),
    ] {
        let simulator = simulator(600, 2).await;
        simulator.inject("StartLiveTail", fault);
        let mut tail = Tail::with_patience(&simulator, patience(fault)).await;
        tail.until(|told| told.reason() == because).await.assert_each_once().await;
        if fault == FaultKind::Throttle {
            simulator.heal("StartLiveTail");
            tail.until(Told::is_live).await.assert_each_once().await;
        }
    }
}

#[tokio::test]
async fn a_session_that_breaks_off_loses_nothing_and_another_follows() {
    for fault in [FaultKind::Reset, FaultKind::Garbage, FaultKind::ExpiredToken, FaultKind::Throttle, FaultKind::Hang] {
        let simulator = simulator(600, 2).await;
        let mut tail = Tail::with_patience(&simulator, patience(fault)).await;
        tail.until(|told| told.is_live() && told.events.len() > 40).await;
        // What hangs does so until it is healed.
        let fault = Fault::from(fault);
        simulator.inject("LiveTailUpdate", if fault.kind == FaultKind::Hang { fault } else { fault.times(1) });
        tail.until(|told| calls(&simulator, "StartLiveTail") > 1 || !told.is_live()).await;
        simulator.heal_all();
        tail.until(Told::is_live).await.seconds(5).await.assert_each_once().await;
        assert!(calls(&simulator, "StartLiveTail") >= 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_session_that_is_three_hours_old_is_followed_by_another() {
    let simulator = simulator(60, 1).await;
    let mut tail = Tail::begin(&simulator).await;
    tail.until(Told::is_live).await;
    simulator.advance(Duration::from_hours(3));
    tail.until(|_| calls(&simulator, "StartLiveTail") == 2).await.until(Told::is_live).await.assert_each_once().await;
    let polled = tail.told.states.iter().any(|state| matches!(state.mode, TailMode::Polling { .. }));
    assert!(!polled, "its end was no failure: {:?}", tail.told.states);
}

#[tokio::test]
async fn what_hosts_kept_while_they_did_not_reach_cloudwatch_is_told_when_they_do() {
    for refused in [false, true] {
        let simulator = simulator(60, 2).await;
        if refused {
            simulator.inject("StartLiveTail", FaultKind::Deny);
        }
        let mut tail = Tail::begin(&simulator).await;
        tail.until(|told| told.is_live() || !told.reason().is_empty()).await.seconds(10).await;
        let now = || simulator.with_world(|world| world.now());
        let cut_off = now();
        simulator.with_world(World::cut_off_logs);
        tail.seconds(150).await;
        let connected = now();
        simulator.with_world(World::connect_logs);
        tail.assert_each_once().await;
        let kept: Vec<&LogEvent> =
            tail.told.events.iter().filter(|event| (cut_off..connected).contains(&event.at)).collect();
        assert!(kept.len() > 250, "{}", kept.len());
        assert!(kept.iter().all(|event| event.ingested >= Some(connected)), "they come late");
    }
}

#[tokio::test]
async fn what_cloudwatch_leaves_out_is_read() {
    // 600 lines a second, of which it sends 500; a busy machine reads no more than some thousands.
    let simulator = simulator(36_000, 1).await;
    let mut tail = Tail::begin(&simulator).await;
    tail.pace = Duration::from_millis(200);
    tail.until(|told| told.states.iter().any(|state| state.sampled)).await.seconds(5).await.assert_each_once().await;
}

#[tokio::test]
async fn the_sixteenth_session_of_an_account_is_refused() {
    let simulator = simulator(60, 1).await;
    let mut others = Vec::new();
    for _ in 0..15 {
        others.push(Tail::begin(&simulator).await);
    }
    while simulator.live_tails() < 15 {
        tokio::task::yield_now().await;
    }
    let mut tail = Tail::begin(&simulator).await;
    tail.until(|told| told.reason() == "all Live Tail sessions of the account are in use").await;
    tail.assert_each_once().await;
    drop(others);
    tail.until(Told::is_live).await;
}

#[tokio::test]
async fn where_nothing_may_be_read_the_permission_is_named() {
    let simulator = simulator(60, 1).await;
    simulator.inject("*", FaultKind::Deny);
    let mut tail = Tail::begin(&simulator).await;
    tail.until(|told| told.states.last().is_some_and(|state| state.trouble.is_some())).await;
    let trouble = tail.told.states.last().unwrap().trouble.clone().unwrap();
    assert_eq!((trouble.kind, trouble.operation.to_string().as_str()), (ErrorKind::Denied, "logs:FilterLogEvents"));
    simulator.heal_all();
    tail.until(|told| told.states.last().is_some_and(|state| state.trouble.is_none())).await.assert_each_once().await;
}

#[tokio::test]
async fn a_rollout_replaces_all_tasks_and_no_line_is_lost() {
    let simulator = simulator(300, 4).await;
    let mut tail = Tail::begin(&simulator).await;
    tail.until(|told| told.is_live() && told.events.len() > 100).await;
    let next = Application::worker().chatting(300, false);
    assert!(simulator.with_world(|world| world.deploy("shop", "web", &next)));
    let tasks =
        |told: &Told| told.events.iter().map(|event| event.task.clone()).collect::<std::collections::BTreeSet<_>>();
    let ended = |told: &Told| told.events.iter().filter(|event| event.message.starts_with("SIGTERM")).count();
    tail.until(|told| tasks(told).len() == 8 && ended(told) == 4).await.assert_each_once().await;
}

#[tokio::test]
async fn of_a_busy_past_the_newest_comes_first() {
    let simulator = simulator(1_500, 1).await;
    simulator.advance(Duration::from_mins(10));
    let client = client(&simulator, PATIENCE).await;
    let now = simulator.with_world(|world| world.now());
    let since = now - jiff::SignedDuration::from_mins(10);
    let (out, mut followed) = mpsc::channel(4);
    let aws = client.aws.clone();
    tokio::spawn(async move { aws.follow(Following { sources: vec![source()], since, recent: Some(200) }, out).await });
    let Some(Followed::Begins { source: 0, at: begins }) = followed.recv().await else { panic!("it is not all") };
    let Some(Followed::Events(first)) = followed.recv().await else { panic!("no events") };
    assert_eq!((first.len(), first[0].at), (200, begins));
    assert!(first.iter().all(|event| now.duration_since(event.at).as_secs() < 10), "{:?} at {now}", first[0].at);
    assert!(calls(&simulator, "FilterLogEvents") <= 6, "{:?}", simulator.calls());
}
