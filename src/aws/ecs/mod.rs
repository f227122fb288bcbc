//! ECS: what is asked, in which batches, and how the answers come together. The conversions are beside it, one file a
//! kind of thing.

mod capacity;
mod cluster;
mod reader;
mod revisions;
mod service;
mod service_deployment;
mod task;
mod task_definition;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::Writer;
