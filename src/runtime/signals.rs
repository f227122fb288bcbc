//! Signals: those that ask the program to end, and those of job control. In raw mode the terminal sends none of them by
//! itself; they come from `kill`, from a closing connection and from the shell.

use std::io;
use std::time::Duration;

use futures_util::FutureExt as _;
use rustix::process;
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

use super::event_loop::LAST_CHANGES;
use super::terminal;

/// An orderly end takes less, changes under way included.
const PATIENCE: Duration = LAST_CHANGES.saturating_add(Duration::from_secs(1));

/// A signal that ends the program, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadly(i32);

impl Deadly {
    /// The line is gone.
    pub(super) const HANGUP: Self = Self(process::Signal::HUP.as_raw());

    /// What a shell reports for a program that ended by this signal: 128 and its number.
    pub const fn exit_code(self) -> u8 {
        // Signals have small numbers.
        128 + (self.0.unsigned_abs() & 0x7f) as u8
    }
}

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// End.
    End(Deadly),
    /// Hand the terminal back and stop.
    Stop,
    /// The program was stopped without being asked and goes on now.
    Continue,
}

/// Listens to the signals.
pub(super) struct Signals {
    ends: Ends,
    stop: Listener,
    resume: Listener,
}

/// Listens to the signals that end the program.
struct Ends {
    hangup: Listener,
    interrupt: Listener,
    quit: Listener,
    terminate: Listener,
}

impl Ends {
    async fn next(&mut self) -> Deadly {
        let kind = tokio::select! {
            _ = self.hangup.recv() => SignalKind::hangup(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.quit.recv() => SignalKind::quit(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        };
        Deadly(kind.as_raw_value())
    }
}

impl Signals {
    /// Starts to listen, instead of what the signals do by default.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            ends: Ends {
                hangup: signal(SignalKind::hangup())?,
                interrupt: signal(SignalKind::interrupt())?,
                quit: signal(SignalKind::quit())?,
                terminate: signal(SignalKind::terminate())?,
            },
            stop: signal(SignalKind::from_raw(process::Signal::TSTP.as_raw()))?,
            resume: signal(SignalKind::from_raw(process::Signal::CONT.as_raw()))?,
        })
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            // A line that hangs up sends SIGCONT as well.
            biased;
            deadly = self.ends.next() => Signal::End(deadly),
            Some(()) = self.stop.recv() => Signal::Stop,
            Some(()) = self.resume.recv() => Signal::Continue,
        }
    }

    /// The next signal that ends the program.
    pub(super) async fn deadly(&mut self) -> Deadly {
        self.ends.next().await
    }

    /// Stops the whole process group, so that the shell takes over, and returns when it is continued or has to end. With
    /// `cargo run` and the like the shell waits for the group's leader, not for us.
    pub(super) async fn stop_until_continued(&mut self) -> io::Result<Option<Deadly>> {
        while self.resume.recv().now_or_never().is_some() || self.stop.recv().now_or_never().is_some() {}
        // SIGSTOP, since SIGTSTP is ours now. It may take a moment to arrive; only SIGCONT proves that it has.
        process::kill_current_process_group(process::Signal::STOP)?;
        tokio::select! {
            biased;
            deadly = self.ends.next() => Ok(Some(deadly)),
            Some(()) = self.resume.recv() => Ok(None),
        }
    }
}

/// Ends the program after a signal even if the loop does not, because it is writing to a line that takes nothing any more: a
/// connection that hangs, which is when people send signals.
pub(super) async fn insist(mut signals: Signals) {
    let deadly = signals.deadly().await;
    tokio::time::sleep(PATIENCE).await;
    terminal::abandon();
    std::process::exit(i32::from(deadly.exit_code()));
}

/// Whether a shell would notice that we stop. A shell with job control puts every job into a process group of its own; in
/// the group of the session's leader (`ssh -t host ecsight`, a container, a new tmux window) nobody could continue us.
pub(super) fn under_job_control() -> bool {
    process::getsid(None).is_ok_and(|session| session != process::getpgrp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_shells() {
        for (kind, code) in
            [(SignalKind::hangup(), 129), (SignalKind::interrupt(), 130), (SignalKind::terminate(), 143)]
        {
            assert_eq!(Deadly(kind.as_raw_value()).exit_code(), code);
        }
    }
}
