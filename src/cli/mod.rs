//! The command line: what can be typed ([`Cli`]), and what then happens ([`run`]).
//!
//! ```text
//!  arguments ─▶ config::Layer (flags) ─▶ Settings ─▶ run ─┬▶ headless (services, tasks, redeploy, scale)
//!                                                         ├▶ sim (simulate, demo)
//!                                                         └▶ runtime (the screen)
//! ```

mod arguments;
mod exit;
mod run;
mod screen;
mod simulate;
mod trace;

pub use arguments::Cli;
pub use exit::Exit;
pub use run::run;
