//! The whole core over real HTTP: `App`, the runtime's effect runner and `Aws` on the simulator, painted into a buffer. One
//! operation at a time is throttled, denied, failing, resetting, hanging or answering nonsense, and the program has to stay
//! usable, say what it could not get, keep what it had and recover by itself.
//!
//! ```text
//!  shift      plays the event loop in virtual time: keys and seconds in, screens out
//!  reads      every read × every fault, broken from the start and breaking later
//!  changes    UpdateService under every fault, by keys
//!  rollouts   changes followed to their end
//!  following  logs on the screen through a rollout
//!  ending     what is still on its way when the program ends, by the event loop itself
//!  sizes      calls at opening, a thousand services, hundreds of tasks
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    unreachable_pub
)]

mod changes;
mod ending;
mod following;
mod reads;
mod rollouts;
mod shift;
mod sizes;
