//! Changes to AWS as plans.
pub mod legality;
pub mod plan;
pub mod rollout;
