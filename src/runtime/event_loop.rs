//! The loop: messages in, frames out.
//!
//! ```text
//!  inbox ─▶ up to 64 messages ─▶ App::update ─▶ effects ─▶ requests, clipboard
//!                                     └─▶ when the pace says so: view ─▶ painter
//! ```
//!
//! A message makes the picture stale; only a stale picture is drawn again, and only cells that differ are written. Nothing
//! in here waits for anything but the next message or the next moment at which something changes by itself.

use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::clock::Clock;
use super::effects::{Answers, Outcome, Requests};
use super::pace::{Pace, Stale};
use super::painter::{Painted, Painter};
use super::recorder::Recorder;
use crate::app::App;
use crate::app::message::{Effect, Msg, Size};
use crate::model::query::Query;
use crate::model::text;

/// Messages that may wait to be taken; whoever sends more waits.
pub const INBOX: usize = 1_024;
/// Messages taken before it is checked whether a frame is due.
const MOST_BEFORE_A_FRAME: usize = 64;
/// Bytes put on the clipboard at most. As base64 that is about 75 kB, which is where terminals begin to drop the sequence.
const MOST_COPIED: usize = 56_000;
/// How long changes under way are waited for at the end: a little longer than a call may take.
pub(super) const LAST_CHANGES: Duration = Duration::from_secs(6);

/// How long the end of the program waits for queries to be stopped. Those that do not hear of it end by themselves.
const LAST_STOPS: Duration = Duration::from_secs(2);

/// What the loop wants after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next turn.
    Continue,
    /// To hand the terminal back for a while.
    Suspend,
    /// The end.
    Quit,
}

/// Draws the state and says where the cursor is to be shown, if at all.
pub trait View: Fn(&App, &mut Buffer) -> Option<Position> {}

impl<V: Fn(&App, &mut Buffer) -> Option<Position>> View for V {}

/// The loop with everything it drives.
pub struct EventLoop<W, A, V> {
    app: App,
    view: V,
    painter: Painter<W>,
    requests: Requests<A>,
    inbox: mpsc::Receiver<Msg>,
    recorder: Option<Recorder>,
    clock: Clock,
    pace: Pace,
    last_update: Instant,
}

impl<W: Write, A: Answers, V: View> EventLoop<W, A, V> {
    /// A loop that has not painted anything yet.
    pub fn new(app: App, view: V, out: W, requests: Requests<A>, inbox: mpsc::Receiver<Msg>) -> Self {
        Self {
            app,
            view,
            painter: Painter::new(out),
            requests,
            inbox,
            recorder: None,
            clock: Clock::new(),
            pace: Pace::default(),
            last_update: Instant::now(),
        }
    }

    /// Writes everything that happens from now on into a recording.
    pub fn record(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    /// The terminal is one of tmux.
    pub const fn inside_tmux(&mut self) {
        self.painter.inside_tmux();
    }

    /// Paints the first frame and then starts to ask.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn start(&mut self) -> io::Result<Flow> {
        self.paint()?;
        self.take(Msg::Tick)
    }

    /// Waits for what comes next, takes it, and paints if that is due. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub async fn turn(&mut self) -> io::Result<Flow> {
        let tick = self.last_update + self.app.next_tick().unsigned_abs();
        let frame = self.pace.due(self.last_update);
        tokio::select! {
            Some(msg) = self.inbox.recv() => {
                let flow = self.take_several(msg)?;
                if flow != Flow::Continue {
                    return Ok(flow);
                }
            }
            () = tokio::time::sleep_until(frame.unwrap_or(tick)), if frame.is_some() => {}
            () = tokio::time::sleep_until(tick) => return self.take(Msg::Tick),
        }
        if self.is_due() {
            self.paint()?;
        }
        Ok(Flow::Continue)
    }

    /// The screen has this size now, and nothing of what was painted is on it any more.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn repaint(&mut self, size: Size) -> io::Result<Flow> {
        self.painter.spoil();
        let flow = self.take(Msg::Resize(size))?;
        self.paint()?;
        Ok(flow)
    }

    /// Waits, for a short time, for changes that are under way when the program ends. Whoever sent one wants to know.
    pub async fn finish(&mut self) -> Vec<Outcome> {
        self.requests.finish_changes(LAST_CHANGES).await
    }

    /// Stops the query of logs that is under way, which goes on and costs money otherwise, and waits a moment for that.
    pub async fn finish_stops(&mut self) {
        let end = Instant::now() + LAST_STOPS;
        let effects = self.app.stop_queries();
        self.stop(effects);
        // One that is on its way to AWS can be stopped once the answer tells its id.
        while self.app.is_starting_query()
            && let Ok(Some(msg)) = tokio::time::timeout_at(end, self.inbox.recv()).await
        {
            self.requests.settled(&msg);
            let effects = self.app.update(self.clock.now(), msg);
            self.stop(effects);
        }
        self.requests.finish_stops(end.saturating_duration_since(Instant::now())).await;
    }

    fn stop(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Ask { request, query: query @ Query::StopInsights { .. }, urgency } = effect {
                self.requests.ask(request, query, urgency);
            }
        }
    }

    /// Whether a change is under way.
    pub fn is_changing(&self) -> bool {
        self.requests.is_changing()
    }

    /// What has been painted.
    pub const fn painted(&self) -> Painted {
        self.painter.painted()
    }

    /// The state.
    pub const fn app(&self) -> &App {
        &self.app
    }

    fn take_several(&mut self, first: Msg) -> io::Result<Flow> {
        let mut next = Some(first);
        let mut taken = 0;
        while let Some(msg) = next {
            let flow = self.take(msg)?;
            if flow != Flow::Continue {
                return Ok(flow);
            }
            taken += 1;
            let enough = taken == MOST_BEFORE_A_FRAME || self.is_due();
            next = if enough { None } else { self.inbox.try_recv().ok() };
        }
        Ok(Flow::Continue)
    }

    fn is_due(&self) -> bool {
        let now = Instant::now();
        self.pace.due(now).is_some_and(|due| due <= now)
    }

    fn take(&mut self, mut msg: Msg) -> io::Result<Flow> {
        let at = self.clock.now();
        if let Msg::Calls(calls) = &mut msg {
            for call in calls {
                call.at = self.clock.corrected(call.at);
            }
        }
        self.write_down(at, &msg);
        self.requests.settled(&msg);
        self.pace.spoil(if msg.is_of_somebody() { Stale::Asked } else { Stale::Unasked });
        let effects = self.app.update(at, msg);
        self.last_update = Instant::now();
        let mut flow = Flow::Continue;
        for effect in effects {
            match effect {
                Effect::Ask { request, query, urgency } => self.requests.ask(request, query, urgency),
                Effect::Follow { request, following } => self.requests.follow(request, following),
                Effect::Save { name, lines } => self.requests.save(name, lines),
                Effect::Cancel { request } => self.requests.cancel(request),
                Effect::Change { request, mutation } => {
                    tracing::info!(operation = %mutation.operation(), service = mutation.service().as_str(), "changing");
                    self.requests.change(request, mutation);
                }
                Effect::Copy(text) => {
                    let copied = self.copy(&text)?;
                    flow = flow.and(self.take(Msg::Copied(copied))?);
                }
                Effect::Suspend => flow = flow.and(Flow::Suspend),
                Effect::Quit => flow = flow.and(Flow::Quit),
            }
        }
        Ok(flow)
    }

    fn copy(&mut self, copied: &str) -> io::Result<Result<(), String>> {
        // What is copied is pasted into a shell: nothing in it may end a line or speak to a terminal.
        let copied = text::visible(copied);
        if copied.len() > MOST_COPIED {
            return Ok(Err(format!("{} kB are more than terminals take", copied.len() / 1_000)));
        }
        self.painter.copy(&copied).map(Ok)
    }

    fn paint(&mut self) -> io::Result<()> {
        let Self { app, view, painter, .. } = self;
        painter.paint(app.size(), |buffer| view(app, buffer))?;
        self.pace.painted(Instant::now());
        if let Some(recorder) = &mut self.recorder {
            let flushed = recorder.flush();
            self.keep_recording_if(flushed);
        }
        Ok(())
    }

    fn write_down(&mut self, at: Timestamp, msg: &Msg) {
        if let Some(recorder) = &mut self.recorder {
            let written = recorder.record(at, msg);
            self.keep_recording_if(written);
        }
    }

    /// A full disk must not end the session, and half a recording is of no use.
    fn keep_recording_if(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            tracing::warn!(%error, "the recording ends here");
            self.recorder = None;
        }
    }
}

impl Flow {
    /// The more decisive of two.
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Quit, _) | (_, Self::Quit) => Self::Quit,
            (Self::Suspend, _) | (_, Self::Suspend) => Self::Suspend,
            (Self::Continue, Self::Continue) => Self::Continue,
        }
    }
}

#[cfg(test)]
mod tests;
