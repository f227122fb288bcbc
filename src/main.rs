//! The `ecsight` binary.

use std::process::ExitCode;

use clap::Parser as _;
use ecsight::cli::{self, Cli};

fn main() -> ExitCode {
    cli::run(Cli::parse()).into()
}
