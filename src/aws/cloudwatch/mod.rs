//! CloudWatch: the state of alarms, and figures over the last quarter of an hour.

mod alarm;
mod metric;
mod reader;

pub(super) use reader::Reader;
