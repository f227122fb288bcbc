//! Changes to AWS as plans: what is legal, what will happen, and whether it worked. Pure: the sending is done elsewhere.
//!
//! ```text
//!  Mutation + Service ──legality──▶ Plan ──confirmed, state read again──▶ moved()? ──▶ sent
//!                                                                                      │
//!                            Verdict ◀── Watch::progress(Service, targets) ◀── Watch ◀─┘
//! ```

pub mod legality;
pub mod plan;
pub mod rollout;
mod shell;
