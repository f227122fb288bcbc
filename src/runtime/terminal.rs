//! The terminal guard: what is switched on is switched off again in reverse order, whatever ends the program. Its state is
//! one value of the process, because a panic hook has to reach it from any thread.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd as _;
use std::sync::{Mutex, PoisonError};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{Command, queue};

use super::RuntimeError;
use crate::app::message::Size;

/// Taken where the terminal does not know its size (a serial line, a container without one).
const FALLBACK_SIZE: Size = Size { width: 80, height: 24 };

/// The modes that are on, if any.
static MODES: Mutex<Option<Modes>> = Mutex::new(None);

#[derive(Clone, Copy)]
struct Modes {
    mouse: bool,
}

/// Clicks and the wheel, in the encoding without a limit on columns. Unlike crossterm's own command it does not ask for
/// every movement of the mouse, which nobody here reads and which floods a slow line.
struct MouseClicks {
    on: bool,
}

impl Command for MouseClicks {
    fn write_ansi(&self, out: &mut impl std::fmt::Write) -> std::fmt::Result {
        out.write_str(if self.on { "\x1b[?1000h\x1b[?1006h" } else { "\x1b[?1006l\x1b[?1000l" })
    }
}

/// The terminal while it is ours. Dropping it gives it back.
pub(super) struct Terminal {
    modes: Modes,
}

/// Where frames go. What is written after the terminal was given back goes nowhere, so that a frame that is being painted
/// while another thread panics does not land in the shell.
pub(super) struct Output {
    out: File,
}

impl Output {
    /// To the terminal that was taken.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { out: stdout()? })
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let modes = modes();
        if modes.is_some() { self.out.write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Terminal {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When standard input or output is not a terminal, or its modes cannot be set.
    pub(super) fn take(mouse: bool) -> Result<Self, RuntimeError> {
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            return Err(RuntimeError::NotATerminal);
        }
        // Without colours the theme has none; left alone, crossterm would drop bold and reverse too.
        crossterm::style::force_color_output(true);
        let terminal = Self { modes: Modes { mouse } };
        terminal.enter()?;
        Ok(terminal)
    }

    /// Switches everything on, also again after something else may have switched it off.
    pub(super) fn enter(&self) -> io::Result<()> {
        // Setting the modes of a terminal from the background stops the process until it is in the foreground, so this
        // comes before anything is written.
        terminal::disable_raw_mode()?;
        terminal::enable_raw_mode()?;
        let mut on = modes();
        *on = Some(self.modes);
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, Hide, EnableBracketedPaste)?;
        if self.modes.mouse {
            queue!(bytes, MouseClicks { on: true })?;
        }
        stdout()?.write_all(&bytes)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back, once; later calls do nothing. Errors are ignored: a terminal that is gone needs nothing.
pub(super) fn leave() {
    let mut modes = modes();
    let Some(on) = modes.take() else {
        return;
    };
    let mut bytes = Vec::new();
    if on.mouse {
        let _ = queue!(bytes, MouseClicks { on: false });
    }
    let _ = queue!(bytes, DisableBracketedPaste, Show, LeaveAlternateScreen);
    if let Ok(mut out) = stdout() {
        let _ = out.write_all(&bytes);
    }
    let _ = terminal::disable_raw_mode();
}

/// Gives back what can be given back of a terminal that takes no bytes any more.
pub(super) fn abandon() {
    let _ = terminal::disable_raw_mode();
}

/// Size of the screen now.
pub(super) fn size() -> Size {
    match terminal::size() {
        Ok((width, height)) if width > 0 && height > 0 => Size { width, height },
        _ => FALLBACK_SIZE,
    }
}

/// The terminal itself, without std's buffer and lock, which a panicking thread may hold.
fn stdout() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

fn modes() -> std::sync::MutexGuard<'static, Option<Modes>> {
    MODES.lock().unwrap_or_else(PoisonError::into_inner)
}
