//! Application Auto Scaling: the bounds of a service and what was decided lately.

mod reader;
mod scaling;

pub(super) use reader::Reader;
