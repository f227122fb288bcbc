//! What CloudWatch saw: alarms, figures over time, and the output of containers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A CloudWatch alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub state: String,
    /// AWS's sentence about the state.
    pub reason: Option<String>,
    /// Since when it is in this state.
    pub since: Option<Timestamp>,
}

/// A figure at a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The beginning of the period.
    pub at: Timestamp,
    /// The figure.
    pub value: f64,
}

/// CPU and memory of a service in percent of what its tasks reserve, a figure a minute, oldest first (namespace `AWS/ECS`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Utilization {
    /// Average over the tasks.
    pub cpu: Vec<Sample>,
    /// The busiest task.
    pub cpu_maximum: Vec<Sample>,
    /// Average over the tasks.
    pub memory: Vec<Sample>,
    /// The fullest task.
    pub memory_maximum: Vec<Sample>,
}

/// What a load balancer counted for a target group over the last quarter of an hour, a figure a minute, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// 99th percentile of the targets' response time, in seconds.
    pub response_time_p99: Vec<Sample>,
    /// Answers 502 the load balancer itself gave.
    pub elb_502: Vec<Sample>,
    /// Requests.
    pub requests: Vec<Sample>,
}

/// One line a container wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// What, as it came (hostile text; secrets in it are masked before it is shown).
    pub message: String,
}

/// Parts of the log of one container of one task: its beginning, its end, and what load balancers asked it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogExcerpt {
    /// The first lines, oldest first.
    pub head: Vec<LogLine>,
    /// The last lines that are not in `head`, oldest first.
    pub tail: Vec<LogLine>,
    /// The last lines that name the health checker of Elastic Load Balancing, oldest first.
    pub health_checks: Vec<LogLine>,
}

impl LogExcerpt {
    /// All lines at hand, oldest first; lines about health checks may occur twice.
    pub fn lines(&self) -> impl Iterator<Item = &LogLine> {
        self.head.iter().chain(&self.tail)
    }
}
