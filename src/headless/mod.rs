//! Subcommands for scripts: the same AWS layer and the same judgement as the screen, no terminal needed.
//!
//! Results go to stdout and nothing else does; notes, plans, questions, progress and errors go to stderr. What went wrong is a
//! [`Failure`]; which exit code it becomes is decided in one place, by the command line.
//!
//! ```text
//!  resolve (names) ─▶ services ─▶ table | JSON
//!        │            tasks    ─▶ table | JSON
//!        ├──────────▶ collect (facts) ─▶ diagnose ─▶ report | JSON
//!        └──────────▶ change (plan, consent, send) ─▶ follow (--wait)
//!  explain (pages of findings; needs no AWS)
//! ```

mod change;
mod clock;
mod collect;
mod console;
mod diagnose;
mod explain;
mod failure;
mod follow;
mod logs;
mod report;
mod resolve;
mod services;
mod table;
mod targets;
mod tasks;

pub use change::{Change, Consent, change};
pub use clock::AwsClock;
pub use console::{Ask, Console, Format};
pub use diagnose::{Diagnose, Outcome, diagnose};
pub use explain::explain;
pub use failure::Failure;
pub use follow::Patience;
pub use logs::{Logs, logs};
pub use services::services;
pub use tasks::{TaskSelection, tasks};
