//! CloudWatch: the state of alarms, and figures over time.

mod alarm;
mod alarms_about;
mod charts;
mod metric;
mod reader;

pub(super) use reader::Reader;
