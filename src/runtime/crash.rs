//! What happens when the program panics, on whatever thread: the terminal is given back, a report is left in a file, one
//! sentence says where, and the program ends. Without this a panic in a task would be caught by tokio and the loop would go
//! on drawing, waiting for an answer that never comes.

use std::backtrace::Backtrace;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::terminal;
use crate::model::text;

/// The exit code of a Rust program that panicked.
const EXIT_CODE: i32 = 101;
/// Characters of a panic message that are kept. Messages may quote what was being worked on.
const MESSAGE: usize = 2_000;

static INSTALL: Once = Once::new();
static SCREEN_IS_UP: AtomicBool = AtomicBool::new(false);
static CRASHING: AtomicBool = AtomicBool::new(false);

/// While this exists, a panic anywhere ends the program in an orderly way.
pub(super) struct Guard(());

impl Guard {
    /// From now on.
    pub(super) fn new() -> Self {
        INSTALL.call_once(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(
                move |info| {
                    if SCREEN_IS_UP.load(Ordering::SeqCst) { crash(info) } else { usual(info) }
                },
            ));
        });
        SCREEN_IS_UP.store(true, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        SCREEN_IS_UP.store(false, Ordering::SeqCst);
    }
}

fn crash(info: &PanicHookInfo<'_>) {
    if CRASHING.swap(true, Ordering::SeqCst) {
        // Another thread is at it and will end the process; a panic in here would otherwise end it half done.
        std::thread::park();
    }
    terminal::leave();
    let message = message(info);
    let report = format!(
        "ecsight {} crashed at {}\n{message}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        Timestamp::now(),
        Backtrace::force_capture(),
    );
    let sentence = match write_report(&report) {
        Ok(path) => format!("ecsight crashed: {message}\nA report is in {}\n", path.display()),
        Err(error) => format!("ecsight crashed: {message}\nNo report could be written: {error}\n"),
    };
    // Standard error may be gone or closed; that changes nothing.
    let _ = io::stderr().write_all(sentence.as_bytes());
    process::exit(EXIT_CODE);
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload_as_str().unwrap_or("a panic without a message");
    let message = text::visible_short(payload, MESSAGE);
    match info.location() {
        Some(location) => format!("{message} ({}:{})", location.file(), location.line()),
        None => message,
    }
}

/// Leaves the report in the state directory, or in the directory for temporary files where that is not possible.
fn write_report(report: &str) -> io::Result<PathBuf> {
    let name = format!("crash-{}-{}.txt", Timestamp::now().as_second(), process::id());
    let state = directories::ProjectDirs::from("", "", "ecsight")
        .map(|directories| directories.state_dir().unwrap_or_else(|| directories.data_local_dir()).to_owned());
    if let Some(state) = state
        && let Ok(path) = write_into(&state, &name, report)
    {
        return Ok(path);
    }
    write_into(&std::env::temp_dir(), &format!("ecsight-{name}"), report)
}

/// Only the owner may read it, and an existing file is never written to.
fn write_into(directory: &Path, name: &str, report: &str) -> io::Result<PathBuf> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let path = directory.join(name);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?.write_all(report.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_report_is_private_and_replaces_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state/ecsight");
        let path = write_into(&state, "crash.txt", "why").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "why");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(write_into(&state, "crash.txt", "again").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "why");
    }
}
