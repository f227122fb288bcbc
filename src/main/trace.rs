//! Tracing into a file, never to the terminal. Only warnings are taken from other crates: what the SDK traces below that can
//! carry headers of requests.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Mutex;

use ecsight::model::call::CallRecord;
use ecsight::model::text::visible;
use tracing_subscriber::EnvFilter;

const FILTER: &str = "warn,ecsight=info";

/// Starts appending to the file, which only its owner may read.
pub(crate) fn start(path: &Path) -> io::Result<()> {
    let file = open(path)?;
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(FILTER))
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init()
        .map_err(io::Error::other)
}

/// Traces a call to AWS: what a person asks for first who wants to know what the program did.
pub(crate) fn call(record: &CallRecord) {
    let CallRecord { operation, duration_ms, request_id, failure, .. } = record;
    let request_id = request_id.as_deref().unwrap_or("none");
    match failure {
        None => tracing::info!(%operation, duration_ms, request_id, "called"),
        Some((kind, message)) => {
            tracing::warn!(%operation, duration_ms, request_id, kind = kind.label(), message = %visible(message), "failed");
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
