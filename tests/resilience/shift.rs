//! A night shift in seconds: the program runs on the simulator as it does in the terminal, but its seconds are virtual, and
//! those of the simulated world pass with them. Nothing waits for anything but answers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ecsight::app::key::{Key, KeyPress};
use ecsight::app::keymap::{Bindings, Keymap};
use ecsight::app::message::{Effect, Msg, Size};
use ecsight::app::remote::RequestId;
use ecsight::app::{App, Options};
use ecsight::aws::{Aws, Credentials, Settings};
use ecsight::model::arn::ClusterName;
use ecsight::model::call::CallRecord;
use ecsight::runtime::effects::Requests;
use ecsight::runtime::event_loop::INBOX;
use ecsight::sim::{Clock, Simulator, World};
use ecsight::ui::{Theme, view};
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// No answer takes that long, however busy the machine; whoever waits longer waits for nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// Messages one moment may lead to; above that the program asks for ever.
const MOST_MESSAGES: usize = 2_000;

pub struct Shift {
    pub app: App,
    pub simulator: Simulator,
    pub now: Timestamp,
    requests: Requests<Aws>,
    inbox: mpsc::Receiver<Msg>,
    calls: Arc<Mutex<Vec<CallRecord>>>,
    open: BTreeSet<RequestId>,
}

/// How a shift begins.
pub struct Beginning {
    pub cluster: Option<&'static str>,
    pub size: Size,
    pub call_timeout: Duration,
}

impl Default for Beginning {
    fn default() -> Self {
        Self {
            cluster: Some("shop"),
            size: Size { width: 140, height: 40 },
            call_timeout: Settings::default().call_timeout,
        }
    }
}

impl Beginning {
    /// The program has just been started in this world; nothing has been asked yet.
    pub async fn shift(self, world: World) -> Shift {
        let listen = "127.0.0.1:0".parse().unwrap();
        let simulator = Simulator::start(listen, world, Clock::Manual, Duration::ZERO).await.unwrap();
        let settings = Settings { call_timeout: self.call_timeout, ..settings(&simulator) };
        let calls: Arc<Mutex<Vec<CallRecord>>> = Arc::default();
        let observed = Arc::clone(&calls);
        let connect = Aws::connect(settings, move |call| observed.lock().unwrap().push(call));
        let (outbox, inbox) = mpsc::channel(INBOX);
        let requests = Requests::new(Handle::current(), connect, outbox);
        let now = simulator.with_world(|world| world.now());
        let app = App::new(options(self.cluster), now, self.size);
        Shift { app, simulator, now, requests, inbox, calls, open: BTreeSet::new() }
    }
}

/// How the program reaches a simulator.
pub fn settings(simulator: &Simulator) -> Settings {
    Settings {
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some(simulator.endpoint()),
        credentials: Credentials::Fixed { access_key: "test".to_owned(), secret_key: "test".to_owned() },
        ..Settings::default()
    }
}

/// How the program is started.
pub fn options(cluster: Option<&str>) -> Options {
    Options { cluster: cluster.map(ClusterName::new), ..Options::new(Keymap::new(&Bindings::new()).unwrap()) }
}

impl Shift {
    /// Started, and everything on the screen has been answered.
    pub async fn settled(world: World) -> Self {
        let mut shift = Beginning::default().shift(world).await;
        shift.pass(2).await;
        shift
    }

    /// Hands the program a message and does what it asks for, without waiting for any of it.
    pub fn send(&mut self, msg: Msg) {
        self.requests.settled(&msg);
        if let Msg::Answered { request, .. } | Msg::Changed { request, .. } = &msg {
            self.open.remove(request);
        }
        for effect in self.app.update(self.now, msg) {
            match effect {
                Effect::Ask { request, query, urgency } => {
                    self.open.insert(request);
                    self.requests.ask(request, query, urgency);
                }
                Effect::Cancel { request } => {
                    self.open.remove(&request);
                    self.requests.cancel(request);
                }
                Effect::Follow { request, following } => self.requests.follow(request, following),
                Effect::Change { request, mutation } => {
                    self.open.insert(request);
                    self.requests.change(request, mutation);
                }
                _ => {}
            }
        }
    }

    /// Takes answers until nothing is under way.
    pub async fn answers(&mut self) {
        for _ in 0..MOST_MESSAGES {
            if self.open.is_empty() {
                // What is followed comes by itself.
                while let Ok(msg) = self.inbox.try_recv() {
                    self.send(msg);
                }
                return;
            }
            let msg = tokio::time::timeout(PATIENCE, self.inbox.recv()).await;
            let msg = msg.unwrap_or_else(|_| panic!("{:?} get no answer", self.open)).unwrap();
            self.tell_calls();
            self.send(msg);
        }
        panic!("the program does not stop asking: {:?}", self.simulator.calls());
    }

    /// Takes what comes by itself, while no time passes, until it is so.
    pub async fn hear_until(&mut self, so: impl Fn(&Self) -> bool) {
        while !so(self) {
            let msg = tokio::time::timeout(PATIENCE, self.inbox.recv()).await;
            self.send(msg.unwrap_or_else(|_| panic!("nothing more comes\n{}", self.screen())).unwrap());
        }
    }

    /// The calls made, as if they had been made in virtual time.
    fn tell_calls(&mut self) {
        let mut calls = std::mem::take(&mut *self.calls.lock().unwrap());
        for call in &mut calls {
            call.at = self.now;
            call.duration_ms = 0;
        }
        if !calls.is_empty() {
            self.send(Msg::Calls(calls));
        }
    }

    /// A moment passes, and nothing is answered yet.
    pub fn tick(&mut self, by: Duration) {
        self.now += SignedDuration::try_from(by).unwrap();
        self.simulator.advance(by);
        self.send(Msg::Tick);
    }

    /// Seconds pass, and everything asked is answered.
    pub async fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.tick(Duration::from_secs(1));
            self.answers().await;
        }
    }

    /// Seconds pass until it is so.
    pub async fn pass_until(&mut self, most: u64, so: impl Fn(&Self) -> bool) -> bool {
        for _ in 0..most {
            if so(self) {
                return true;
            }
            self.pass(1).await;
        }
        so(self)
    }

    /// Seconds pass until all of `texts` are on the screen and nothing speaks of `trouble` any more.
    pub async fn until_told(&mut self, texts: &[&str], trouble: &str, most: u64, why: &str) {
        // Painting is most of the work here.
        for second in 0..=most {
            if second % 6 == 0 || second == most {
                let screen = self.screen();
                if texts.iter().all(|text| screen.contains(text)) && !screen.contains(trouble) {
                    return;
                }
            }
            self.pass(1).await;
        }
        panic!("{why}: not well after {most} seconds\n{}", self.screen());
    }

    /// Presses keys: characters, and names in `<>`, as in `jj<enter>2`. Nothing is waited for.
    pub fn keys(&mut self, script: &str) {
        let mut rest = script;
        while let Some(character) = rest.chars().next() {
            let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
            let (press, after) = match named {
                Some((name, after)) => (name.parse().unwrap(), after),
                None => (KeyPress::plain(Key::Char(character)), &rest[character.len_utf8()..]),
            };
            self.send(Msg::Key(press));
            rest = after;
        }
    }

    /// Presses keys and takes the answers to what they lead to.
    pub async fn press(&mut self, script: &str) {
        self.keys(script);
        self.answers().await;
        self.pass(1).await;
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        let Size { width, height } = self.app.size();
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        view(&self.app, &Theme::default(), &mut buffer);
        let rows = buffer.content.chunks(usize::from(width));
        rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned() + "\n")
            .collect()
    }

    /// Whether all of these are on the screen.
    pub fn shows(&self, texts: &[&str]) -> bool {
        let screen = self.screen();
        texts.iter().all(|text| screen.contains(text))
    }

    /// That all of these are on the screen.
    #[track_caller]
    pub fn assert_shows(&self, texts: &[&str], why: &str) {
        let screen = self.screen();
        for text in texts {
            assert!(screen.contains(text), "{why}: \"{text}\" is not on the screen\n{screen}");
        }
    }

    /// That none of these is on the screen.
    #[track_caller]
    pub fn assert_hides(&self, texts: &[&str], why: &str) {
        let screen = self.screen();
        for text in texts {
            assert!(!screen.contains(text), "{why}: \"{text}\" is on the screen\n{screen}");
        }
    }

    /// Calls of an operation since they were last counted from zero.
    pub fn calls_of(&self, operation: &str) -> usize {
        self.simulator.calls().get(operation).copied().unwrap_or_default()
    }
}
