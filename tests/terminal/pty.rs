//! A pseudo-terminal with a program in it. A thread feeds what the program writes to a model of a screen and wakes whoever
//! waits for something to appear; nobody sleeps.

use std::fs;
use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{ChildKiller, CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Far longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_ecsight");

/// What has been seen so far.
pub(crate) struct Seen {
    parser: vt100::Parser,
    /// Everything that was written, byte by byte.
    pub(crate) bytes: Vec<u8>,
    exit: Option<ExitStatus>,
    /// Nobody is to read any more.
    closing: bool,
}

impl Seen {
    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub(crate) fn text(&self) -> String {
        self.screen().contents()
    }

    pub(crate) fn shows(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// Whether every mode the program may have switched on is off.
    pub(crate) fn is_restored(&self) -> bool {
        let screen = self.screen();
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    }
}

type Shared = Arc<(Mutex<Seen>, Condvar)>;

pub(crate) struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    // Kept open, so that the modes of the line can be looked at after the program has ended.
    _slave: Box<dyn SlavePty + Send>,
    writer: Option<Box<dyn Write + Send>>,
    killer: Box<dyn ChildKiller + Send + Sync>,
    pid: Pid,
    shared: Shared,
    home: TempDir,
}

/// How to start a program in a terminal of its own.
pub(crate) struct Start {
    command: CommandBuilder,
    size: (u16, u16),
    home: TempDir,
}

impl Start {
    /// With a pinned environment and an empty home.
    pub(crate) fn new(program: impl AsRef<Path>, arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(program.as_ref());
        command.args(arguments);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("HOME", home.path());
        command.cwd(home.path());
        Self { command, size: (100, 30), home }
    }

    pub(crate) fn demo(arguments: &[&str]) -> Self {
        let mut all = vec!["demo", "--cluster", "shop-prod"];
        all.extend(arguments);
        Self::new(BINARY, &all)
    }

    pub(crate) fn size(mut self, width: u16, height: u16) -> Self {
        self.size = (width, height);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn spawn(self) -> Pty {
        let (width, height) = self.size;
        let pair = native_pty_system().openpty(pty_size(width, height)).unwrap();
        let mut child = pair.slave.spawn_command(self.command).unwrap();
        let pid = Pid::from_raw(i32::try_from(child.process_id().unwrap()).unwrap()).unwrap();
        let (rows, columns) = (NonZeroU16::new(height).unwrap(), NonZeroU16::new(width).unwrap());
        let seen = Seen { parser: vt100::Parser::new(rows, columns, 0), bytes: Vec::new(), exit: None, closing: false };
        let shared: Shared = Arc::new((Mutex::new(seen), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let of_reader = Arc::clone(&shared);
        thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let mut seen = of_reader.0.lock().unwrap();
                seen.parser.process(&buffer[..count]);
                seen.bytes.extend_from_slice(&buffer[..count]);
                of_reader.1.notify_all();
                if seen.closing {
                    break;
                }
            }
        });
        let killer = child.clone_killer();
        let of_waiter = Arc::clone(&shared);
        thread::spawn(move || {
            let exit = child.wait().unwrap();
            of_waiter.0.lock().unwrap().exit = Some(exit);
            of_waiter.1.notify_all();
        });
        let writer = pair.master.take_writer().unwrap();
        Pty {
            master: Some(pair.master),
            _slave: pair.slave,
            writer: Some(writer),
            killer,
            pid,
            shared,
            home: self.home,
        }
    }
}

impl Pty {
    /// Waits until something is so, and says what is there instead when it does not happen.
    pub(crate) fn wait(&self, what: &str, condition: impl Fn(&Seen) -> bool) -> MutexGuard<'_, Seen> {
        let (seen, changed) = &*self.shared;
        let (seen, timeout) =
            changed.wait_timeout_while(seen.lock().unwrap(), PATIENCE, |seen| !condition(seen)).unwrap();
        assert!(!timeout.timed_out(), "waited for: {what}\nthe screen shows:\n{}\nexit: {:?}", seen.text(), seen.exit);
        seen
    }

    pub(crate) fn wait_for_text(&self, text: &str) {
        drop(self.wait(text, |seen| seen.shows(text)));
    }

    /// Waits until something outside of the terminal is so, such as the content of a file.
    pub(crate) fn wait_outside(&self, what: &str, condition: impl FnMut() -> bool) {
        assert!(self.happens_within(PATIENCE, condition), "waited for: {what}");
    }

    /// Whether something outside of the terminal is so in time.
    pub(crate) fn happens_within(&self, patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
        let began = Instant::now();
        let (seen, changed) = &*self.shared;
        while !condition() {
            if began.elapsed() > patience {
                return false;
            }
            // Nobody tells about files, so this looks again after a moment or when the screen changes.
            drop(changed.wait_timeout(seen.lock().unwrap(), Duration::from_millis(20)).unwrap());
        }
        true
    }

    /// Messages of a kind that are in the recording `session.jsonl` so far. It is written after each frame.
    pub(crate) fn recorded(&self, kind: &str) -> usize {
        let recording = fs::read_to_string(self.home().join("session.jsonl")).unwrap_or_default();
        recording.matches(&format!("\"{kind}\":")).count()
    }

    /// Waits until the program has ended, and returns its exit code.
    pub(crate) fn wait_for_exit(&self) -> u32 {
        self.wait("the end of the program", |seen| seen.exit.is_some()).exit.as_ref().unwrap().exit_code()
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.0.lock().unwrap()
    }

    /// Types. `\r` is Enter and `\x1b` is Esc.
    pub(crate) fn send(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    pub(crate) fn resize(&self, width: u16, height: u16) {
        let (rows, columns) = (NonZeroU16::new(height).unwrap(), NonZeroU16::new(width).unwrap());
        self.seen().parser.screen_mut().set_size(rows, columns);
        self.master.as_ref().unwrap().resize(pty_size(width, height)).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// The leader of the process group in the foreground, which is whatever a shell in here runs.
    pub(crate) fn foreground(&self) -> Pid {
        Pid::from_raw(self.master.as_ref().unwrap().process_group_leader().unwrap()).unwrap()
    }

    /// Whether the line is as a shell leaves it: edited by the kernel and echoed.
    pub(crate) fn line_is_cooked(&self) -> bool {
        let modes = format!("{:?}", self.master.as_ref().unwrap().get_termios().unwrap().local_flags);
        modes.contains("ICANON") && modes.contains("ECHO")
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// What the program writes is not taken any more, like on a connection that hangs.
    pub(crate) fn stop_reading(&self) {
        self.seen().closing = true;
    }

    /// The other end of the line goes away, like a connection that breaks. The line hangs up once nobody has it open, so the
    /// reader has to be woken by something to read.
    pub(crate) fn hang_up(&mut self) {
        self.stop_reading();
        self.send("/");
        self.writer = None;
        self.master = None;
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.killer.kill();
    }
}

fn pty_size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}
