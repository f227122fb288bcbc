//! The real binary in a real pseudo-terminal: what a person sees, and what is left of the terminal afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod hostile;
mod job_control;
mod panics;
mod pty;
mod restore;
mod screen;
