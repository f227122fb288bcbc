//! The simulator as its clients see it: the official SDK clients against a [`Simulator`] on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod clients;
mod ec2;
mod faults;
mod limits;
mod observing;
mod reading;
mod writing;
