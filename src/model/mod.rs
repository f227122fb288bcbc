//! Our words for ECS: plain data without any type of the SDK. Everything else in the program speaks in these.
//!
//! ```text
//!  arn   call (errors, records)   known   secret   text   near
//!    └──────┬───────────────────────┴───────┘
//!  cluster  service  task  task_definition  load_balancing  service_deployment  network  capacity  scaling  observation  metric  log
//!  insights
//!    └──────┴────────┴─────────┬─────────────────┴────────────────┘
//!                            query (questions, answers, changes)
//! ```

pub mod arn;
pub mod call;
pub mod capacity;
pub mod cluster;
pub mod insights;
pub mod known;
pub mod load_balancing;
pub mod log;
pub mod look;
pub mod metric;
pub mod near;
pub mod network;
pub mod observation;
pub mod query;
pub mod scaling;
pub mod secret;
pub mod service;
pub mod service_deployment;
pub mod task;
pub mod task_definition;
pub mod text;
