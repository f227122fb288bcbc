//! CloudWatch Logs: the beginning and the end of what a container wrote, everything it writes from now on, and what it wrote
//! before; and queries of Logs Insights.

mod events;
mod excerpt;
mod follow;
mod insights;
mod live_tail;
mod readable;
mod reader;

pub(super) use reader::Reader;
