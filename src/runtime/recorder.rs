//! A session as a file: one line of JSON for the start and one for each message with its time. Since the core is pure, the
//! file and the options of the program give every state of the session again. Secrets are masked by their type; no state
//! but the secrets themselves depends on them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::message::{Msg, Size};
use crate::app::{App, Options};

#[derive(Serialize, Deserialize)]
struct Start {
    version: String,
    at: Timestamp,
    size: Size,
}

#[derive(Deserialize)]
struct Taken {
    at: Timestamp,
    msg: Msg,
}

#[derive(Serialize)]
struct Taking<'a> {
    at: Timestamp,
    msg: &'a Msg,
}

/// A recording that cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("the recording cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// A line is not what a recording consists of.
    #[error("line {line} of the recording: {error}")]
    Malformed {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// There is nothing in it.
    #[error("the recording is empty")]
    Empty,
}

/// Writes a session down.
pub struct Recorder<W: Write = BufWriter<File>> {
    out: W,
}

impl Recorder {
    /// Begins a new file, which only its owner may read.
    pub fn create(path: &Path, at: Timestamp, size: Size) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        Self::new(BufWriter::new(file), at, size)
    }
}

impl<W: Write> Recorder<W> {
    /// Begins a recording of a session that starts now with a screen of this size.
    pub fn new(out: W, at: Timestamp, size: Size) -> io::Result<Self> {
        let mut recorder = Self { out };
        let start = Start { version: env!("CARGO_PKG_VERSION").to_owned(), at, size };
        recorder.line(&start)?;
        Ok(recorder)
    }

    /// Adds a message.
    pub fn record(&mut self, at: Timestamp, msg: &Msg) -> io::Result<()> {
        self.line(&Taking { at, msg })
    }

    /// Makes sure that what was added is in the file.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the recording.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }
}

/// The state at the end of a recorded session of a program that was started with these options.
pub fn replay(path: &Path, options: Options) -> Result<App, ReplayError> {
    replay_lines(BufReader::new(File::open(path)?), options)
}

/// [`replay`] of a recording that is not in a file.
pub fn replay_lines(recording: impl BufRead, options: Options) -> Result<App, ReplayError> {
    let mut lines = recording.lines().enumerate();
    let (_, first) = lines.next().ok_or(ReplayError::Empty)?;
    let start: Start = serde_json::from_str(&first?).map_err(|error| ReplayError::Malformed { line: 1, error })?;
    let mut app = App::new(options, start.at, start.size);
    for (index, line) in lines {
        let Taken { at, msg } =
            serde_json::from_str(&line?).map_err(|error| ReplayError::Malformed { line: index + 1, error })?;
        app.update(at, msg);
    }
    Ok(app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keymap::{Bindings, Keymap};

    fn options() -> Options {
        Options { read_only: true, ..Options::new(Keymap::new(&Bindings::new()).unwrap()) }
    }

    #[test]
    fn a_replayed_session_ends_in_the_same_state() {
        let (start, size) = (Timestamp::UNIX_EPOCH, Size { width: 80, height: 24 });
        let mut app = App::new(options(), start, size);
        let mut recorder = Recorder::new(Vec::new(), start, size).unwrap();
        for (second, msg) in [
            Msg::Tick,
            Msg::Key("?".parse().unwrap()),
            Msg::Resize(Size { width: 50, height: 9 }),
            Msg::Paste("é".into()),
        ]
        .into_iter()
        .enumerate()
        {
            let at = start + jiff::SignedDuration::from_secs(i64::try_from(second).unwrap());
            recorder.record(at, &msg).unwrap();
            app.update(at, msg);
        }
        assert_eq!(replay_lines(recorder.into_inner().as_slice(), options()).unwrap(), app);
    }

    #[test]
    fn what_is_not_a_recording_is_refused_with_its_line() {
        let start = r#"{"version":"1","at":"2026-01-01T00:00:00Z","size":{"width":80,"height":24}}"#;
        for (recording, says) in [
            (String::new(), "the recording is empty"),
            ("hello\n".to_owned(), "line 1 of the recording"),
            (format!("{start}\n{{\"at\":3}}\n"), "line 2 of the recording"),
        ] {
            let error = replay_lines(recording.as_bytes(), options()).err().unwrap().to_string();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
