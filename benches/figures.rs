//! The figures the program promises, measured on a large simulated cluster: `cargo bench`. Nothing is asserted; it prints
//! what it measured, with what was promised beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

use std::collections::{BTreeMap, VecDeque};
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use ecsight::app::key::{Key, KeyPress};
use ecsight::app::keymap::{Bindings, Keymap};
use ecsight::app::message::{Effect, Msg, Size};
use ecsight::app::{App, Options};
use ecsight::aws::{Aws, Credentials, Priority, Settings};
use ecsight::diagnose::diagnosis::diagnose;
use ecsight::diagnose::facts::Facts;
use ecsight::diagnose::health::Health;
use ecsight::diagnose::needs::needs;
use ecsight::headless::{self, AwsClock, Console, Diagnose, Format, Outcome};
use ecsight::logs::held::{Held, Line};
use ecsight::logs::pattern::Pattern;
use ecsight::logs::view::View;
use ecsight::model::arn::ClusterName;
use ecsight::model::known::Known;
use ecsight::model::log::LogEvent;
use ecsight::model::query::{Answer, Query};
use ecsight::model::service::Service;
use ecsight::runtime::effects::Requests;
use ecsight::runtime::event_loop::{EventLoop, Flow, INBOX};
use ecsight::sim::{Application, Blueprint, Clock, Simulator, World};
use ecsight::ui;
use ecsight::ui::theme::Theme;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const SIZE: Size = Size { width: 200, height: 50 };

fn main() {
    // One of them alone: `cargo bench --bench figures -- flood`
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| named.as_deref().is_none_or(|named| named == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if wanted("table") {
        runtime.block_on(cold_table());
    }
    if wanted("keys") {
        let app = runtime.block_on(loaded(2_000));
        key_to_cells(app.clone());
        quiet_refresh(&app);
    }
    if wanted("diagnosis") {
        let (services, answers) = runtime.block_on(facts());
        diagnosing(&services, &answers);
        runtime.block_on(cold_diagnosis());
    }
    if wanted("lines") {
        log_flood();
        million_lines();
    }
    if wanted("flood") {
        // In vain if something is wrong with it.
        let patience = Duration::from_mins(3);
        // As in the program: the screen has a thread of its own.
        let screen = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let flood = followed_flood(runtime.handle());
        if screen.block_on(async { tokio::time::timeout(patience, flood).await }).is_err() {
            println!("a minute of 5,000 lines a second         was not over after {patience:?}");
        }
    }
}

/// Lines of three tasks, 5,000 a second, about a hundred bytes each.
fn flood(first: i64, count: i64) -> Vec<LogEvent> {
    let line = |number: i64| LogEvent {
        at: Timestamp::from_millisecond(1_795_230_000_000 + number / 5).unwrap(),
        ingested: None,
        source: 0,
        task: format!("{:032x}", number % 3),
        message: format!(
            "level=info request={number:012} path=/api/orders/{} status=200 took={}ms user=someone",
            number % 977,
            number % 211
        ),
    };
    (first..first + count).map(line).collect()
}

/// What taking in a tenth of a second of 5,000 lines a second costs, which keys wait for.
fn log_flood() {
    let (mut held, mut view) = (Held::default(), View::default());
    let mut times = Vec::new();
    for batch in 0..600 {
        let events = flood(batch * 500, 500);
        let began = Instant::now();
        let changed = held.add(events);
        view.update(&held, changed);
        times.push(began.elapsed());
    }
    let (median, worst) = (percentile(&mut times, 50), percentile(&mut times, 99));
    println!(
        "500 log lines taken in, 300,000 held       p50 {median:.1?}, p99 {worst:.1?}; {} lost (promised 0)",
        300_000 - held.len()
    );
}

/// What a million lines weigh, and how long the first hit takes where it is the very last one looked at.
fn million_lines() {
    let before = resident();
    let (mut held, mut view) = (Held::default(), View::default());
    for batch in 0..200 {
        let changed = held.add(flood(batch * 5_000, 5_000));
        view.update(&held, changed);
    }
    let weight = resident().saturating_sub(before) >> 20;
    println!("{} log lines held                     {weight} MB resident (promised 250 MB)", held.len());
    for typed in ["request=000000000007 ", "/request=0{11}7 /"] {
        let pattern = Pattern::parse(typed).unwrap().unwrap();
        let mut times: Vec<Duration> = (0..5)
            .map(|_| {
                let began = Instant::now();
                assert_eq!(black_box(view.find(&held, &pattern, view.len(), false)), Some(7));
                began.elapsed()
            })
            .collect();
        let median = percentile(&mut times, 50);
        println!(
            "searching {} lines for {typed:<22} median {median:.1?} to the farthest hit (promised 100 ms)",
            held.len()
        );
    }
}

/// A minute of a service that writes 5,000 lines a second, followed on the screen over HTTP while somebody keys_sent keys.
async fn followed_flood(calls: &Handle) {
    const MINUTE: Duration = Duration::from_mins(1);
    // CloudWatch takes in events late, and they are read later still.
    const UNSETTLED: Duration = Duration::from_secs(30);
    let mut world = World::empty(1);
    world.add_cluster("shop");
    let application = Application::worker().chatting(30_000, false);
    world.add_service("shop", &Blueprint::worker("web").tasks(10).running(application).unsettled());
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulator = async move { Simulator::start(listen, world, Clock::Real { speed: 1.0 }, Duration::ZERO).await };
    let simulator = calls.spawn(simulator).await.unwrap().unwrap();
    let endpoint = simulator.endpoint();
    let (outbox, inbox) = mpsc::channel(INBOX);
    let requests = Requests::new(calls.clone(), async move { connected(endpoint).await }, outbox.clone());
    let theme = Theme::default();
    let view = |app: &App, buffer: &mut Buffer| ui::view(app, &theme, buffer);
    let mut event_loop = EventLoop::new(app(), view, std::io::sink(), requests, inbox);
    event_loop.start().unwrap();
    let mut keys = tokio::time::interval(Duration::from_millis(50));
    let (mut times, mut keys_sent, mut behind, mut began) = (Vec::new(), 0_usize, None, None);
    // When a key was pressed, what it is to move on from, and how many frames there were before it was taken.
    let mut pressed: Option<(Instant, Option<Line>, u64)> = None;
    while began.is_none_or(|began: Instant| began.elapsed() < MINUTE + UNSETTLED) {
        tokio::select! {
            due = keys.tick(), if pressed.is_none() => {
                // First the logs are opened, then somebody reads up and down in them.
                keys_sent += 1;
                let logs = event_loop.app().logs();
                let key = match (logs.is_some(), keys_sent % 40) {
                    (false, _) => Key::Char('l'),
                    (true, 0) => Key::End,
                    (true, count) => Key::Char(if count < 20 { 'k' } else { 'j' }),
                };
                outbox.send(Msg::Key(KeyPress::plain(key))).await.unwrap();
                let frames = event_loop.painted().frames;
                // Before there are lines, nothing moves.
                let moves = event_loop.app().logs().is_some_and(|logs| !logs.held().is_empty());
                pressed = moves.then(|| (due.into_std(), read(event_loop.app()), frames));
            }
            flow = event_loop.turn() => assert_eq!(flow.unwrap(), Flow::Continue),
        }
        let app = event_loop.app();
        began = began.or_else(|| app.logs().filter(|logs| !logs.held().is_empty()).map(|_| Instant::now()));
        behind = behind.max(app.logs().and_then(|logs| logs.states().filter_map(|(_, state)| state?.behind).max()));
        if let Some((due, before, frames)) = &mut pressed {
            let painted = event_loop.painted().frames;
            if read(app) == *before {
                *frames = painted;
            } else if painted > *frames {
                times.push(due.elapsed());
                pressed = None;
            }
        }
    }
    let end = Timestamp::now() - UNSETTLED;
    let (held, lost, twice) = numbered(event_loop.app(), end);
    let (median, worst) = (percentile(&mut times, 50), percentile(&mut times, 99));
    let painted = event_loop.painted();
    println!(
        "a minute of 5,000 lines a second         {held} lines held, {lost} lost, {twice} twice (promised 0); at \
         most {} behind",
        behind.map_or_else(|| "less than 10 s".to_owned(), |behind| format!("{behind:#}"))
    );
    println!(
        "  key to painted meanwhile               p50 {median:.1?}, p99 {worst:.1?} (promised p99 16 ms), {} keys; {} frames, {} kB; \
         simulator and clients run in the same process",
        times.len(),
        painted.frames,
        painted.bytes / 1_000
    );
    println!("  calls                                  {:?}", simulator.calls());
}

/// The line somebody reads, unless the newest is followed.
fn read(app: &App) -> Option<Line> {
    let logs = app.logs().filter(|logs| !logs.follows_newest())?;
    logs.line(logs.row()?).cloned()
}

/// How many lines are held, and by the numbers their writers gave them how many are missing and how many are there twice.
fn numbered(app: &App, end: Timestamp) -> (usize, u64, usize) {
    let Some(logs) = app.logs() else { return (0, 0, 0) };
    let held = logs.held();
    let mut numbers: BTreeMap<u16, Vec<u64>> = BTreeMap::new();
    for (_, line) in held.from(held.start()).filter(|(_, line)| line.at() < end) {
        let number = line.text().rsplit_once("n=").and_then(|(_, number)| number.parse::<u64>().ok());
        numbers.entry(line.task).or_default().extend(number);
    }
    let (mut count, mut lost, mut twice) = (0, 0, 0);
    for of_task in numbers.values_mut() {
        count += of_task.len();
        of_task.sort_unstable();
        let all = of_task.len();
        of_task.dedup();
        twice += all - of_task.len();
        let span = of_task.last().zip(of_task.first()).map_or(0, |(last, first)| last - first + 1);
        lost += span - u64::try_from(of_task.len()).unwrap();
    }
    (count, lost, twice)
}

/// Bytes of memory this program has, as Linux counts them.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or_default() * 4096
}

async fn simulator(services: usize, latency: Duration) -> Simulator {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Simulator::start(listen, World::healthy(1, "shop", services), Clock::Manual, latency).await.unwrap()
}

async fn aws(simulator: &Simulator) -> Aws {
    connected(simulator.endpoint()).await
}

async fn connected(endpoint: String) -> Aws {
    let settings = Settings {
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some(endpoint),
        credentials: Credentials::Fixed { access_key: "test".to_owned(), secret_key: "test".to_owned() },
        ..Settings::default()
    };
    Aws::connect(settings, |_| ()).await
}

fn app() -> App {
    let options =
        Options { cluster: Some(ClusterName::new("shop")), ..Options::new(Keymap::new(&Bindings::new()).unwrap()) };
    App::new(options, Timestamp::now(), SIZE)
}

/// Plays the runtime until `done`.
async fn drive(app: &mut App, aws: &Aws, done: impl Fn(&App) -> bool) {
    let mut effects: VecDeque<Effect> = app.update(Timestamp::now(), Msg::Tick).into();
    let mut asking = JoinSet::new();
    while !done(app) {
        while let Some(effect) = effects.pop_front() {
            if let Effect::Ask { request, query, .. } = effect {
                let aws = aws.clone();
                asking.spawn(async move {
                    let result = Box::new(aws.answer(&query, Priority::Background).await);
                    Msg::Answered { request, result }
                });
            }
        }
        let msg = asking.join_next().await.map_or(Msg::Tick, Result::unwrap);
        effects.extend(app.update(Timestamp::now(), msg));
    }
}

fn all_described(app: &App) -> bool {
    let (described, listed) = app.store().described();
    listed > 0 && described == listed
}

async fn loaded(services: usize) -> App {
    let simulator = simulator(services, Duration::ZERO).await;
    let aws = aws(&simulator).await;
    let mut app = app();
    drive(&mut app, &aws, all_described).await;
    app
}

/// The whole table of 100 services when every call takes 50 ms: one list and one wave of describes cannot be avoided.
async fn cold_table() {
    let latency = Duration::from_millis(50);
    let simulator = simulator(100, latency).await;
    let mut times = Vec::new();
    for _ in 0..10 {
        let aws = aws(&simulator).await;
        let mut app = app();
        let began = Instant::now();
        drive(&mut app, &aws, all_described).await;
        times.push(began.elapsed());
    }
    let median = percentile(&mut times, 50);
    let factor = median.as_secs_f64() / (2 * latency).as_secs_f64();
    println!(
        "full table, 100 services, 50 ms a call   median {median:.1?}, {factor:.2} of two round trips (promised 1.2)"
    );
}

fn paint(app: &App) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.width, SIZE.height));
    ui::view(app, &Theme::default(), &mut buffer);
    buffer
}

fn key_to_cells(mut app: App) {
    let mut shown = paint(&app);
    let mut times = Vec::new();
    for index in 0..2_000 {
        let key = if index % 100 < 50 { 'j' } else { 'k' };
        let began = Instant::now();
        black_box(app.update(Timestamp::now(), Msg::Key(KeyPress::plain(Key::Char(key)))));
        let painted = paint(&app);
        black_box(shown.diff(&painted).len());
        times.push(began.elapsed());
        shown = painted;
    }
    let (median, worst) = (percentile(&mut times, 50), percentile(&mut times, 99));
    println!("key to changed cells, 2,000 services     p50 {median:.1?}, p99 {worst:.1?} (promised p99 16 ms)");
}

/// A tick while nothing changes: what it costs, and that it changes no cell.
fn quiet_refresh(app: &App) {
    let mut app = app.clone();
    // The cursor has come to rest and its service is being read.
    let at = Timestamp::now() + SignedDuration::from_secs(1);
    app.update(at, Msg::Tick);
    let before = paint(&app);
    let mut times = Vec::new();
    let mut changed = 0;
    for _ in 0..200 {
        let began = Instant::now();
        black_box(app.update(at, Msg::Tick));
        let painted = paint(&app);
        changed = changed.max(before.diff(&painted).len());
        times.push(began.elapsed());
    }
    let (median, worst) = (percentile(&mut times, 50), percentile(&mut times, 99));
    println!(
        "quiet tick, 2,000 services               p50 {median:.1?}, p99 {worst:.1?}, {changed} cells changed (promised 0)"
    );
}

/// Everything a diagnosis of the demo's services asks for, collected once.
async fn facts() -> (Vec<Service>, BTreeMap<Query, Known<Answer>>) {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulator = Simulator::start(listen, World::demo(1), Clock::Manual, Duration::ZERO).await.unwrap();
    let aws = aws(&simulator).await;
    let cluster = ClusterName::new("shop-prod");
    let arns = aws.service_arns(&cluster, Priority::Interactive).await.unwrap();
    let services = aws.services(&cluster, &arns, Priority::Interactive).await.unwrap();
    let mut answers: BTreeMap<Query, Known<Answer>> = BTreeMap::new();
    for service in &services {
        loop {
            let asked = needs(&of(service, &answers));
            let new: Vec<Query> = asked.into_iter().filter(|query| !answers.contains_key(query)).collect();
            if new.is_empty() {
                break;
            }
            for query in new {
                let answer = aws.answer(&query, Priority::Interactive).await;
                answers.insert(query, answer.into());
            }
        }
    }
    (services, answers)
}

fn of<'a>(service: &'a Service, answers: &'a BTreeMap<Query, Known<Answer>>) -> Facts<'a> {
    Facts { service, answers, sharing: &[], region: Some("eu-west-1"), now: Timestamp::now() }
}

/// The demo's services one after the other, broken ones and healthy ones, with all their facts.
/// Two clusters of 1,000: one in which every service is one of the demo's, most of them in trouble and full of dead tasks, and one in
/// which 1 in 20 is and the others are well.
fn diagnosing(services: &[Service], answers: &BTreeMap<Query, Known<Answer>>) {
    let (well, troubled): (Vec<&Service>, Vec<&Service>) =
        services.iter().partition(|service| diagnose(of(service, answers)).health == Health::Healthy);
    let all = services.iter().cycle().take(1_000).collect();
    let mixed = well.iter().cycle().take(950).chain(troubled.iter().cycle().take(50)).copied().collect();
    for (what, cluster) in [("all as in the demo", all), ("1 in 20 in trouble", mixed)] {
        let cluster: Vec<&Service> = cluster;
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..20 {
            let began = Instant::now();
            found = cluster.iter().map(|service| black_box(diagnose(of(service, answers))).findings.len()).sum();
            times.push(began.elapsed());
        }
        let median = percentile(&mut times, 50);
        println!("diagnosing 1,000 services, {what:<19} median {median:.1?}, {found} findings (promised 50 ms)");
    }
}

/// One service cold, over calls of 50 ms. The longest chain of calls that wait for each other is DescribeServices,
/// DescribeTargetGroups, DescribeListeners, DescribeRules (or ListTasks, DescribeTasks, FilterLogEvents instead of the last three).
async fn cold_diagnosis() {
    const CHAIN: u32 = 4;
    let latency = Duration::from_millis(50);
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulator = Simulator::start(listen, World::demo(1), Clock::Manual, latency).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..9 {
        let aws = aws(&simulator).await;
        let services = ["messenger-web".to_owned()];
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console { out: &mut out, err: &mut err, ask: None, colour: false };
        let wanted = Diagnose {
            cluster: Some("shop-prod"),
            services: &services,
            format: Format::Json,
            all: false,
            timeout: Duration::from_secs(15),
        };
        let began = Instant::now();
        let outcome = headless::diagnose(&aws, wanted, &AwsClock::default(), &mut console).await.unwrap();
        times.push(began.elapsed());
        assert_eq!(outcome, Outcome::Unwell);
    }
    let median = percentile(&mut times, 50);
    let chain = latency * CHAIN;
    let factor = median.as_secs_f64() / chain.as_secs_f64();
    println!(
        "one service cold, 50 ms a call           median {median:.0?}, factor {factor:.2} of its chain of {CHAIN} calls"
    );
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times.get((times.len().saturating_sub(1)) * percent / 100).copied().unwrap_or_default()
}
