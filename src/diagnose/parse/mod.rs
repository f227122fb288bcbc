//! What AWS says in prose, read back into data: service events, stop reasons, exit codes.

pub mod events;
pub mod exit_code;
pub mod start_failure;
pub mod stop_reason;
