//! EC2: the network around tasks and load balancers. The conversions are beside the reads, one file a kind of thing.

mod endpoint;
mod interface;
mod network_acl;
mod reader;
mod route;
mod security_group;
mod subnet;

pub(super) use reader::Reader;
