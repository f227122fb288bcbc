use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;

use super::*;
use crate::app::Options;
use crate::app::key::KeyPress;
use crate::app::keymap::{Bindings, Keymap};
use crate::app::message::Connection;
use crate::app::overlay::Overlay;
use crate::aws::Priority;
use crate::model::arn::ClusterName;
use crate::model::call::CallError;
use crate::model::log::{Followed, Following};
use crate::model::query::{Answer, Mutation, Query};
use crate::model::service::Service;
use crate::runtime::pace::ANSWERS;

const SIZE: Size = Size { width: 80, height: 24 };

/// An AWS that never answers.
#[derive(Clone)]
struct Silence;

impl Answers for Silence {
    async fn answer(&self, _: Query, _: Priority) -> Result<Answer, CallError> {
        std::future::pending().await
    }

    async fn change(&self, _: Mutation) -> Result<Service, CallError> {
        std::future::pending().await
    }

    async fn follow(&self, _: Following, _: mpsc::Sender<Followed>) {
        std::future::pending::<()>().await;
    }

    fn connection(&self) -> Connection {
        Connection { region: None, profile: None }
    }
}

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn app() -> App {
    let options =
        Options { cluster: Some(ClusterName::new("shop")), ..Options::new(Keymap::new(&Bindings::new()).unwrap()) };
    App::new(options, Timestamp::now(), SIZE)
}

/// A view that shows whether something lies over the main screen, and nothing else.
fn view(app: &App, buffer: &mut Buffer) -> Option<Position> {
    let text = if app.overlay().is_some() { "overlay" } else { "main" };
    buffer.set_string(0, 0, text, ratatui::style::Style::default());
    None
}

type Loop = EventLoop<Screen, Silence, fn(&App, &mut Buffer) -> Option<Position>>;

fn event_loop(connect: impl Future<Output = Silence> + Send + 'static) -> (Loop, mpsc::Sender<Msg>, Screen) {
    let (outbox, inbox) = mpsc::channel(INBOX);
    let screen = Screen::default();
    let requests = Requests::new(Handle::current(), connect, outbox.clone());
    (EventLoop::new(app(), view as _, screen.clone(), requests, inbox), outbox, screen)
}

fn key(name: &str) -> Msg {
    Msg::Key(name.parse::<KeyPress>().unwrap())
}

#[tokio::test]
async fn the_first_frame_waits_for_nothing() {
    let (mut event_loop, _outbox, screen) = event_loop(std::future::pending());
    assert_eq!(event_loop.start().unwrap(), Flow::Continue);
    assert_eq!(event_loop.painted().frames, 1);
    assert!(String::from_utf8_lossy(&screen.0.lock().unwrap()).contains("main"));
}

#[tokio::test]
async fn keys_work_while_nothing_is_answered() {
    let (mut event_loop, outbox, screen) = event_loop(async { Silence });
    event_loop.start().unwrap();
    outbox.send(key("?")).await.unwrap();
    while event_loop.painted().frames < 2 {
        event_loop.turn().await.unwrap();
    }
    assert!(matches!(event_loop.app().overlay(), Some(Overlay::Help(_))));
    assert!(String::from_utf8_lossy(&screen.0.lock().unwrap()).contains("overlay"));
}

#[tokio::test]
async fn what_changes_nothing_on_the_screen_costs_no_byte() {
    let (mut event_loop, outbox, screen) = event_loop(async { Silence });
    event_loop.start().unwrap();
    let written = screen.0.lock().unwrap().len();
    for _ in 0..100 {
        outbox.send(Msg::Tick).await.unwrap();
        event_loop.turn().await.unwrap();
    }
    // The turn that paints what the last tick left stale.
    while event_loop.pace.due(Instant::now()).is_some() {
        event_loop.turn().await.unwrap();
    }
    assert_eq!(screen.0.lock().unwrap().len(), written);
    assert_eq!(event_loop.painted().frames, 1);
}

#[tokio::test]
async fn a_flood_is_taken_in_portions_with_few_frames() {
    let (mut event_loop, outbox, _screen) = event_loop(async { Silence });
    event_loop.start().unwrap();
    let began = Instant::now();
    for index in 0..INBOX {
        // Every message changes the picture.
        outbox.try_send(key(if index % 2 == 0 { "?" } else { "esc" })).unwrap();
    }
    let mut turns = 0;
    while !event_loop.inbox.is_empty() {
        let before = event_loop.inbox.len();
        event_loop.turn().await.unwrap();
        assert!(before - event_loop.inbox.len() <= MOST_BEFORE_A_FRAME);
        turns += 1;
    }
    assert!(turns >= INBOX / MOST_BEFORE_A_FRAME);
    let most = 2 + began.elapsed().as_millis() / ANSWERS.as_millis();
    assert!(u128::from(event_loop.painted().frames) <= most, "{:?} > {most}", event_loop.painted());
}

#[tokio::test]
async fn keys_end_and_suspend() {
    for (name, flow) in [("q", Flow::Quit), ("ctrl-c", Flow::Quit), ("ctrl-z", Flow::Suspend), ("j", Flow::Continue)] {
        let (mut event_loop, outbox, _screen) = event_loop(async { Silence });
        event_loop.start().unwrap();
        outbox.send(key(name)).await.unwrap();
        let mut reached = event_loop.turn().await.unwrap();
        while reached == Flow::Continue && !event_loop.inbox.is_empty() {
            reached = event_loop.turn().await.unwrap();
        }
        assert_eq!(reached, flow, "{name}");
    }
}

#[tokio::test]
async fn the_clipboard_gets_harmless_text_of_bounded_length() {
    let (mut event_loop, _outbox, screen) = event_loop(async { Silence });
    let mut copied = |copied: &str| {
        screen.0.lock().unwrap().clear();
        assert_eq!(event_loop.copy(copied).unwrap(), Ok(()));
        String::from_utf8(screen.0.lock().unwrap().clone()).unwrap()
    };
    assert_eq!(copied("aws ecs"), "\u{1b}]52;c;YXdzIGVjcw==\u{1b}\\");
    let hostile = "rm -rf /\n\u{1b}[201~";
    assert_eq!(copied(hostile), copied(&text::visible(hostile)));
    assert!(event_loop.copy(&"x".repeat(MOST_COPIED + 1)).unwrap().is_err());
}

#[tokio::test]
async fn after_a_resume_everything_is_painted_again() {
    let (mut event_loop, _outbox, screen) = event_loop(async { Silence });
    event_loop.start().unwrap();
    screen.0.lock().unwrap().clear();
    event_loop.repaint(Size { width: 40, height: 10 }).unwrap();
    assert_eq!(event_loop.app().size(), Size { width: 40, height: 10 });
    let written = String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
    assert!(written.contains("\u{1b}[2J") && written.contains("main"), "{written:?}");
}
