//! The `ecsight` binary: from what was typed to what happens.
//!
//! ```text
//!  cli ─▶ config::Layer (flags) ─▶ Settings ─▶ run ─┬▶ headless (services, tasks, redeploy, scale)
//!                                                   ├▶ simulate (simulate, demo) ─▶ sim
//!                                                   └▶ screen ─▶ runtime
//! ```

mod exit;
mod run;
mod screen;
mod simulate;
mod trace;

use std::process::ExitCode;

use clap::Parser as _;
use ecsight::cli::Cli;

fn main() -> ExitCode {
    run::run(Cli::parse()).into()
}
