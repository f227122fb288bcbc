//! CloudWatch Logs: the beginning and the end of what a container wrote.

mod excerpt;
mod reader;

pub(super) use reader::Reader;
