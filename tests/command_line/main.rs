//! The real binary against the simulated AWS, over HTTP: what stands on stdout and stderr, and the exit codes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod change;
mod configuration;
mod diagnose;
mod explain;
mod failing;
mod logs;
mod program;
mod services;
mod simulate;
mod snapshot;
mod tasks;
mod terminal;
mod usage;
mod wait;
mod worlds;
