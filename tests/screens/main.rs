//! Whole-app screens: a real `App` is driven by messages and answers, painted into a buffer and compared as text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_push_string,
    clippy::unnecessary_wraps,
    clippy::assigning_clones,
    missing_docs,
    unreachable_pub
)]

mod fixtures;
#[path = "../quiet/mod.rs"]
mod quiet;
mod session;

mod following;
mod hostile;
mod insights;
mod main_screen;
mod metrics;
mod overlays;
mod tabs;
mod trouble;
