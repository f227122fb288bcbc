//! The aws layer over real HTTP on loopback: against servers that answer what the test says, and against the simulator.
//!
//! ```text
//!  scripted    a server that answers as told, remembers what it was asked and sees who hangs up
//!  client      an `Aws` on such a server, with what its observer saw
//!  failures    every way to fail has its kind        writes     one request, and none with --read-only
//!  paging      pages, batches, each thing once       waiting    cancellation, bounds, who goes first
//!  conversion  what AWS may send and leave out       secrets    never written anywhere
//!  following   logs followed: each event once
//!  live_tail   the same where CloudWatch sends them, and where it stops
//!  insights    queries of logs: started once, read while they run
//!  questions   networks, scaling, logs and capacity: what only a diagnosis asks
//!  surroundings  region, profile, endpoint and credentials from environment and files
//!  simulated   the whole layer against the simulator: large clusters, the demo's world, every fault in every operation
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

mod client;
mod conversion;
mod failures;
mod following;
mod insights;
mod live_tail;
mod metrics;
mod paging;
mod questions;
mod scripted;
mod secrets;
mod simulated;
mod surroundings;
mod waiting;
mod writes;
