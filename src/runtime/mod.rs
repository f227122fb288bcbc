//! The only impure middle: terminal, timers, signals, requests. All but the requests run on one thread with timers of its
//! own: shared with those who read long answers, keys and frames were measured to be some 20 ms late in a flood of lines.
//!
//! ```text
//!  terminal ─▶ input ──Msg──┐                     ┌─▶ painter ─▶ terminal (a guard gives it back, come what may)
//!                           ├─▶ event_loop ─▶ App ┤
//!  AWS ─▶ effects ───Msg────┘         │           └─▶ effects ─▶ AWS
//!  signals ─▶ run                     └─▶ recorder
//! ```

mod clock;
mod crash;
pub mod effects;
pub mod event_loop;
mod input;
mod pace;
pub mod painter;
pub mod recorder;
mod signals;
mod terminal;

use std::io::{self, Write as _};
use std::path::PathBuf;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use rustix::io::Errno;
use rustix::termios::{QueueSelector, tcflush};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use self::crash::Guard;
use self::effects::{Answers, Outcome, Requests};
use self::event_loop::{EventLoop, Flow, INBOX, View};
use self::input::Input;
use self::recorder::Recorder;
pub use self::signals::Deadly;
use self::signals::{Signal, Signals};
use self::terminal::{Output, Terminal};
use crate::app::message::Msg;
use crate::app::{self, App};
use crate::aws;
use crate::ui::{self, theme::Theme};

/// What the user interface is started with.
#[derive(Clone, Debug)]
pub struct Session {
    /// Options of the core.
    pub app: app::Options,
    /// How to reach AWS.
    pub aws: aws::Settings,
    /// How it looks.
    pub theme: Theme,
    /// Whether clicks and the wheel are asked for; the terminal's own selection then needs Shift.
    pub mouse: bool,
    /// Where to record the session, if at all.
    pub record: Option<PathBuf>,
}

/// Why the user interface ended, and what it leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// The signal that ended it; otherwise the user did.
    pub signal: Option<Deadly>,
    /// Changes that were on their way when it ended and have an outcome by now.
    pub last_changes: Vec<Outcome>,
}

/// The user interface could not run, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// Standard input or output is a file, a pipe or nothing.
    #[error("ecsight needs a terminal; for scripts use `ecsight services --output json`")]
    NotATerminal,
    /// The terminal does not do what it is told, most likely because it is gone.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
    /// The terminal cannot be read.
    #[error("the terminal cannot be read: {0}")]
    Input(io::Error),
    /// The recording cannot be begun.
    #[error("cannot record into {}: {error}", path.display())]
    Record {
        /// Where to.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// Runs the user interface until somebody ends it, and its calls of AWS on `calls`. The terminal is given back in any case.
///
/// It wants a thread of its own: on that of the calls, keys and frames would wait until a long answer is read.
///
/// # Errors
/// When there is no terminal or it cannot be used.
pub async fn run(session: Session, calls: Handle) -> Result<End, RuntimeError> {
    let started = Instant::now();
    let Session { app, aws, theme, mouse, record } = session;
    // Before the terminal is taken, so that there is no moment in which a panic or a signal leaves it as it is.
    let _guard = Guard::new();
    let mut signals = Signals::listen()?;
    // Elsewhere, since it is there for when this thread hangs.
    let _insistence = AbortOnDropHandle::new(calls.spawn(signals::insist(Signals::listen()?)));
    let terminal = Terminal::take(mouse)?;
    let (at, size) = (Timestamp::now(), terminal::size());
    let (outbox, inbox) = mpsc::channel(INBOX);
    let requests = Requests::new(calls, effects::connect(aws, outbox.clone()), outbox.clone());
    let view = move |app: &App, buffer: &mut Buffer| ui::view(app, &theme, buffer);
    let mut event_loop = EventLoop::new(App::new(app, at, size), view, Output::new()?, requests, inbox);
    if std::env::var_os("TMUX").is_some_and(|socket| !socket.is_empty()) {
        event_loop.inside_tmux();
    }
    if let Some(path) = record {
        let recorder = Recorder::create(&path, at, size);
        event_loop.record(recorder.map_err(|error| RuntimeError::Record { path, error })?);
    }
    let driven = drive(&mut event_loop, &terminal, &mut signals, &outbox, started).await;
    let painted = event_loop.painted();
    tracing::info!(frames = painted.frames, bytes = painted.bytes, "end");
    drop(terminal);
    let signal = match driven {
        // The signal that says so is on its way.
        Err(RuntimeError::Terminal(error) | RuntimeError::Input(error)) if line_is_gone(&error) => Some(Deadly::HANGUP),
        driven => driven?,
    };
    Ok(End { signal, last_changes: last_changes(&mut event_loop, &mut signals).await })
}

/// Waits for the changes under way, unless there are none or somebody is tired of it.
async fn last_changes<W: io::Write, A: Answers, V: View>(
    event_loop: &mut EventLoop<W, A, V>,
    signals: &mut Signals,
) -> Vec<Outcome> {
    event_loop.finish_stops().await;
    if !event_loop.is_changing() {
        return Vec::new();
    }
    // Without standard error there is nobody to tell.
    let _ = writeln!(io::stderr(), "a change is on its way to AWS; waiting for the answer, Ctrl-C stops waiting");
    tokio::select! {
        outcomes = event_loop.finish() => outcomes,
        _ = signals.deadly() => Vec::new(),
    }
}

/// Turns the loop until somebody or a signal ends it.
async fn drive<W: io::Write, A: Answers, V: View>(
    event_loop: &mut EventLoop<W, A, V>,
    terminal: &Terminal,
    signals: &mut Signals,
    outbox: &mpsc::Sender<Msg>,
    started: Instant,
) -> Result<Option<Deadly>, RuntimeError> {
    let mut flow = event_loop.start()?;
    tracing::info!(milliseconds = started.elapsed().as_secs_f64() * 1_000.0, "first frame");
    let mut input = Input::start(outbox.clone());
    loop {
        flow = match flow {
            Flow::Quit => return Ok(None),
            Flow::Suspend if signals::under_job_control() => {
                input.stop().await;
                terminal::leave();
                if let Some(deadly) = signals.stop_until_continued().await? {
                    return Ok(Some(deadly));
                }
                terminal.enter()?;
                // What was typed meanwhile was meant for the shell.
                let _ = tcflush(io::stdin(), QueueSelector::IFlush);
                input = Input::start(outbox.clone());
                event_loop.repaint(terminal::size())?
            }
            Flow::Continue | Flow::Suspend => tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    Signal::End(deadly) => return Ok(Some(deadly)),
                    Signal::Stop => Flow::Suspend,
                    // Stopped and continued behind our back: the shell has had the terminal.
                    Signal::Continue => {
                        terminal.enter()?;
                        event_loop.repaint(terminal::size())?
                    }
                },
                error = input.failed() => return Err(RuntimeError::Input(error)),
                flow = event_loop.turn() => flow?,
            },
        };
    }
}

fn line_is_gone(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::IO | Errno::NXIO))
}
