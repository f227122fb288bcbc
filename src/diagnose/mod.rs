//! Facts to findings, without any I/O.
//!
//! ```text
//!  parse/events   parse/stop_reason   parse/exit_code   matcher
//!        │              └───────┬───────────┘              │
//!        │            stopped, failed_start          target_health   targets   deployment
//!        └──────────────────────┴───────────┬──────────────┴───────────┘           │
//!                                     evidence ──────▶ health ◀─────────────────┘
//! ```
//!
//! ```text
//!  facts ─▶ scene ─▶ rules ─▶ rank ─┬─▶ diagnosis: health, findings, checks
//!    ▲                  progress ───┘
//!  needs: what has to be asked for it
//! ```
//!
//! Everything reads `model` and nothing else. Headlines and the lines about dead tasks are safe to show; what `parse` quotes has
//! to go through `model::text` first.

pub mod catalogue;
pub mod checks;
pub mod deployment;
pub mod diagnosis;
mod evidence;
pub mod facts;
pub mod failed_start;
pub mod finding;
pub mod health;
pub mod matcher;
pub mod needs;
pub mod network;
pub mod parse;
pub mod progress;
pub mod rank;
pub mod rules;
pub mod scene;
pub mod stopped;
pub mod target_health;
pub mod targets;

#[cfg(test)]
pub(crate) mod fixtures;
