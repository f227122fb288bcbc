//! Elastic Load Balancing, version 2: target groups and what leads to them.

mod reader;
mod routing;
mod target_group;

pub(super) use reader::Reader;
