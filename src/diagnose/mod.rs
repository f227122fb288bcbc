//! Facts to findings, without any I/O.
//!
//! ```text
//!  parse/events   parse/stop_reason   parse/exit_code   matcher
//!        │              └───────┬───────────┘              │
//!        │                   stopped                 target_health   targets   deployment
//!        └──────────────────────┴───────────┬──────────────┴───────────┘           │
//!                                     evidence ──────▶ health ◀─────────────────┘
//! ```
//!
//! Everything reads `model` and nothing else. Headlines and the lines about dead tasks are safe to show; what `parse` quotes has
//! to go through `model::text` first.

pub mod deployment;
mod evidence;
pub mod health;
pub mod matcher;
pub mod parse;
pub mod stopped;
pub mod target_health;
pub mod targets;

#[cfg(test)]
pub(crate) mod fixtures;
