//! Facts to findings, without any I/O.
pub mod health;
