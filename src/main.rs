//! The `ecsight` binary.

fn main() {}
