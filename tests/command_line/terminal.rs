//! The program on a pseudo terminal, for what it only does where somebody can answer.

use std::io::{Read as _, Write};
use std::sync::mpsc::{Receiver, channel};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

use crate::program::{PATIENCE, Program};

pub struct Terminal {
    output: Receiver<Vec<u8>>,
    input: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    /// Everything it has shown since the last thing that was waited for.
    pub shown: String,
}

impl Terminal {
    /// Types a command line; arguments are separated by spaces.
    pub fn start(program: &Program, arguments: &str) -> Self {
        let command = program.command(arguments);
        let command = command.as_std();
        let mut typed = CommandBuilder::new(command.get_program());
        typed.env_clear();
        typed.args(command.get_args());
        for (variable, value) in command.get_envs() {
            typed.env(variable, value.unwrap_or_default());
        }
        typed.cwd(program.home());
        let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 200, ..PtySize::default() }).unwrap();
        let child = pair.slave.spawn_command(typed).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let input = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { output, input, child, shown: String::new() }
    }

    pub fn write(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    /// Reads until it shows this text; hands out what was before, and forgets it.
    pub fn until(&mut self, text: &str) -> String {
        while !self.shown.contains(text) {
            assert!(self.read(), "ended before it showed {text:?}: {}", self.shown);
        }
        let (before, after) =
            self.shown.split_once(text).map(|(one, other)| (one.to_owned(), other.to_owned())).unwrap();
        self.shown = after;
        before
    }

    /// Reads to the end; gives the exit code.
    pub fn end(&mut self) -> u32 {
        while self.read() {}
        self.child.wait().unwrap().exit_code()
    }

    /// Reads what comes next; nothing when the program has ended.
    fn read(&mut self) -> bool {
        match self.output.recv_timeout(PATIENCE) {
            Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return false,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("hangs after {}", self.shown),
        }
        true
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Fails when it has ended, as it should have.
        let _ = self.child.kill();
    }
}
