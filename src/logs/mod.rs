//! The output of containers as somebody reads it: where it goes, lines held in the order of their times, those of them that
//! pass what is looked for, and what a single line says. Pure: lines come in as data, whoever shows them asks for rows.
//!
//! ```text
//!  destination: where a container writes
//!  events ─▶ claims (whose they are) ─▶ held (in order, bounded) ─▶ view (narrowed, filtered) ─▶ rows, with marks between
//!                 pattern ────────────────────┘
//!  a line ─▶ ansi (colours), level, fields (JSON)        when: times people type
//! ```

pub mod ansi;
pub mod claims;
pub mod destination;
pub mod fields;
pub mod held;
pub mod level;
pub mod pattern;
pub mod seen;
pub mod view;
pub mod when;
