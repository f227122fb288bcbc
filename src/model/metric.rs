//! Metrics over time, as CloudWatch tells them, and the alarms set on them. A series is plain data: a period in which
//! nothing was measured has no sample, so a gap stays a gap, and which sample is about a period that is not over can be told
//! from the window.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::arn::{LoadBalancerArn, TargetGroupArn};
use super::observation::{Alarm, Sample};

/// How far back metrics go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetricRange {
    /// One hour, a figure a minute.
    #[default]
    Hour,
    /// Three hours, a figure a minute.
    ThreeHours,
    /// Twelve hours, a figure every five minutes.
    TwelveHours,
    /// Three days, a figure every half hour.
    ThreeDays,
}

impl MetricRange {
    /// All ranges, the shortest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::ThreeHours, Self::TwelveHours, Self::ThreeDays];

    /// Its length in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3600,
            Self::ThreeHours => 3 * 3600,
            Self::TwelveHours => 12 * 3600,
            Self::ThreeDays => 3 * 24 * 3600,
        }
    }

    /// Seconds each figure is about. CloudWatch keeps figures of one minute for 15 days (GetMetricData, "retains metric
    /// data as follows"), so these are a matter of how many can be shown.
    pub const fn period_seconds(self) -> i64 {
        match self {
            Self::Hour | Self::ThreeHours => 60,
            Self::TwelveHours => 300,
            Self::ThreeDays => 1800,
        }
    }

    /// Its name on the screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hour => "1 h",
            Self::ThreeHours => "3 h",
            Self::TwelveHours => "12 h",
            Self::ThreeDays => "3 d",
        }
    }

    /// The next longer one.
    pub const fn longer(self) -> Option<Self> {
        match self {
            Self::Hour => Some(Self::ThreeHours),
            Self::ThreeHours => Some(Self::TwelveHours),
            Self::TwelveHours => Some(Self::ThreeDays),
            Self::ThreeDays => None,
        }
    }

    /// The next shorter one.
    pub const fn shorter(self) -> Option<Self> {
        match self {
            Self::Hour => None,
            Self::ThreeHours => Some(Self::Hour),
            Self::TwelveHours => Some(Self::ThreeHours),
            Self::ThreeDays => Some(Self::TwelveHours),
        }
    }
}

/// The time metrics are about: whole periods, the one under way included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The beginning of the first period.
    pub from: Timestamp,
    /// The end of the last period, which is not over yet.
    pub until: Timestamp,
    /// Seconds of each period.
    pub period_seconds: i64,
}

impl Window {
    /// The window of a range that ends with the period under way at `now`.
    pub fn new(range: MetricRange, now: Timestamp) -> Self {
        let period = range.period_seconds();
        let until = (now.as_second().div_euclid(period) + 1) * period;
        let at = |second| Timestamp::from_second(second).unwrap_or(now);
        Self { from: at(until - range.seconds()), until: at(until), period_seconds: period }
    }

    /// The beginning of the period under way: a sample from then on is about a part of a period only.
    pub fn partial_from(&self) -> Timestamp {
        self.until - SignedDuration::from_secs(self.period_seconds)
    }

    /// Whether a sample is about a period that is not over.
    pub fn is_partial(&self, sample: &Sample) -> bool {
        sample.at >= self.partial_from()
    }
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Percent of what tasks reserve; may exceed 100.
    Percent,
    /// Seconds.
    Seconds,
    /// How often something happened in a period.
    Count,
    /// How many there are.
    Hosts,
}

/// Kind of a load balancer, which decides what it counts and under which names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalancerKind {
    /// Application load balancer.
    Application,
    /// Network load balancer.
    Network,
}

impl BalancerKind {
    /// The kind, from the resource name; nothing for those that count neither requests nor connections.
    pub fn of(load_balancer: &LoadBalancerArn) -> Option<Self> {
        let (_, path) = load_balancer.as_str().split_once("loadbalancer/")?;
        match path.split('/').next() {
            Some("app") => Some(Self::Application),
            Some("net") => Some(Self::Network),
            _ => None,
        }
    }

    /// What is shown of it, in the order of the screen.
    pub const fn measures(self) -> &'static [Measure] {
        match self {
            Self::Application => &[
                Measure::Requests,
                Measure::LatencyP50,
                Measure::LatencyP90,
                Measure::LatencyP99,
                Measure::Target4xx,
                Measure::Target5xx,
                Measure::Elb5xx,
                Measure::ConnectionErrors,
                Measure::HealthyHosts,
                Measure::UnhealthyHosts,
            ],
            Self::Network => &[
                Measure::NewFlows,
                Measure::TargetResets,
                Measure::BalancerResets,
                Measure::HealthyHosts,
                Measure::UnhealthyHosts,
            ],
        }
    }
}

/// Something that is measured of a service or of what leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// CPU, average over the tasks.
    Cpu,
    /// CPU of the idlest task.
    CpuLeast,
    /// CPU of the busiest task.
    CpuMost,
    /// Memory, average over the tasks.
    Memory,
    /// Memory of the emptiest task.
    MemoryLeast,
    /// Memory of the fullest task.
    MemoryMost,
    /// Requests to a target group.
    Requests,
    /// Half of the answers of targets came within this time.
    LatencyP50,
    /// Nine of ten did.
    LatencyP90,
    /// All but one of a hundred did.
    LatencyP99,
    /// Answers 4xx of targets.
    Target4xx,
    /// Answers 5xx of targets.
    Target5xx,
    /// Answers 5xx the load balancer gave itself.
    Elb5xx,
    /// Connections to targets that failed.
    ConnectionErrors,
    /// Targets that pass their checks: the least any node of the load balancer saw.
    HealthyHosts,
    /// Targets that fail them: the most any node saw.
    UnhealthyHosts,
    /// New connections through a network load balancer.
    NewFlows,
    /// Connections that targets of a network load balancer reset.
    TargetResets,
    /// Connections that the network load balancer reset itself.
    BalancerResets,
}

/// What the dimensions of a metric name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Cluster and service.
    Service,
    /// The load balancer alone.
    LoadBalancer,
    /// Target group and load balancer.
    TargetGroup,
}

/// Where CloudWatch keeps a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricName {
    /// `AWS/ECS` …
    pub namespace: &'static str,
    /// `CPUUtilization` …
    pub metric: &'static str,
    /// `Average`, `Sum`, `p99` …
    pub statistic: &'static str,
    /// Its dimensions.
    pub scope: Scope,
}

/// What is shown of a service itself.
pub const OF_SERVICE: [Measure; 6] =
    [Measure::Cpu, Measure::CpuLeast, Measure::CpuMost, Measure::Memory, Measure::MemoryLeast, Measure::MemoryMost];

impl Measure {
    /// What it is called on the screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::CpuLeast => "CPU min",
            Self::CpuMost => "CPU max",
            Self::Memory => "memory",
            Self::MemoryLeast => "memory min",
            Self::MemoryMost => "memory max",
            Self::Requests => "requests",
            Self::LatencyP50 => "latency p50",
            Self::LatencyP90 => "latency p90",
            Self::LatencyP99 => "latency p99",
            Self::Target4xx => "target 4xx",
            Self::Target5xx => "target 5xx",
            Self::Elb5xx => "ELB 5xx",
            Self::ConnectionErrors => "conn. errors",
            Self::HealthyHosts => "healthy",
            Self::UnhealthyHosts => "unhealthy",
            Self::NewFlows => "new flows",
            Self::TargetResets => "target resets",
            Self::BalancerResets => "ELB resets",
        }
    }

    /// What it is counted in.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Cpu | Self::CpuLeast | Self::CpuMost | Self::Memory | Self::MemoryLeast | Self::MemoryMost => {
                Unit::Percent
            }
            Self::LatencyP50 | Self::LatencyP90 | Self::LatencyP99 => Unit::Seconds,
            Self::HealthyHosts | Self::UnhealthyHosts => Unit::Hosts,
            _ => Unit::Count,
        }
    }

    /// Whether CloudWatch writes nothing down where there was nothing to count (the reporting criteria of most metrics of
    /// Elastic Load Balancing: a nonzero value): then a period without a figure is one without an event.
    pub const fn is_sparse(self) -> bool {
        matches!(self.unit(), Unit::Count)
    }

    /// Whether it counts failures.
    pub const fn is_trouble(self) -> bool {
        matches!(
            self,
            Self::Target5xx
                | Self::Elb5xx
                | Self::ConnectionErrors
                | Self::UnhealthyHosts
                | Self::TargetResets
                | Self::BalancerResets
        )
    }

    /// Where CloudWatch keeps it. A network load balancer tells flows and resets for itself, not for a target group.
    pub const fn name(self, kind: BalancerKind) -> MetricName {
        const ECS: &str = "AWS/ECS";
        let elb = match kind {
            BalancerKind::Application => "AWS/ApplicationELB",
            BalancerKind::Network => "AWS/NetworkELB",
        };
        let (namespace, metric, statistic, scope) = match self {
            Self::Cpu => (ECS, "CPUUtilization", "Average", Scope::Service),
            Self::CpuLeast => (ECS, "CPUUtilization", "Minimum", Scope::Service),
            Self::CpuMost => (ECS, "CPUUtilization", "Maximum", Scope::Service),
            Self::Memory => (ECS, "MemoryUtilization", "Average", Scope::Service),
            Self::MemoryLeast => (ECS, "MemoryUtilization", "Minimum", Scope::Service),
            Self::MemoryMost => (ECS, "MemoryUtilization", "Maximum", Scope::Service),
            Self::Requests => (elb, "RequestCount", "Sum", Scope::TargetGroup),
            Self::LatencyP50 => (elb, "TargetResponseTime", "p50", Scope::TargetGroup),
            Self::LatencyP90 => (elb, "TargetResponseTime", "p90", Scope::TargetGroup),
            Self::LatencyP99 => (elb, "TargetResponseTime", "p99", Scope::TargetGroup),
            Self::Target4xx => (elb, "HTTPCode_Target_4XX_Count", "Sum", Scope::TargetGroup),
            Self::Target5xx => (elb, "HTTPCode_Target_5XX_Count", "Sum", Scope::TargetGroup),
            Self::Elb5xx => (elb, "HTTPCode_ELB_5XX_Count", "Sum", Scope::LoadBalancer),
            Self::ConnectionErrors => (elb, "TargetConnectionErrorCount", "Sum", Scope::TargetGroup),
            Self::HealthyHosts => (elb, "HealthyHostCount", "Minimum", Scope::TargetGroup),
            Self::UnhealthyHosts => (elb, "UnHealthyHostCount", "Maximum", Scope::TargetGroup),
            Self::NewFlows => (elb, "NewFlowCount", "Sum", Scope::LoadBalancer),
            Self::TargetResets => (elb, "TCP_Target_Reset_Count", "Sum", Scope::LoadBalancer),
            Self::BalancerResets => (elb, "TCP_ELB_Reset_Count", "Sum", Scope::LoadBalancer),
        };
        MetricName { namespace, metric, statistic, scope }
    }
}

/// A measure to ask for: of the service, or of the load balancer and target group at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What.
    pub measure: Measure,
    /// Kind of the load balancer; of no meaning for the service itself.
    pub kind: BalancerKind,
    /// Place among the pairs of load balancer and target group; absent for the service itself.
    pub group: Option<usize>,
}

/// Everything shown of a service and of what leads to it. What a load balancer counts for itself is asked for once, with the
/// first of its target groups.
pub fn wanted(groups: &[(LoadBalancerArn, TargetGroupArn)]) -> Vec<Wanted> {
    let of_service = OF_SERVICE.map(|measure| Wanted { measure, kind: BalancerKind::Application, group: None });
    let mut wanted = of_service.to_vec();
    for (place, (load_balancer, _)) in groups.iter().enumerate() {
        let Some(kind) = BalancerKind::of(load_balancer) else { continue };
        let was_there = groups.iter().take(place).any(|(other, _)| other == load_balancer);
        let measures = kind.measures().iter().copied();
        let new = measures.filter(|measure| !(was_there && measure.name(kind).scope == Scope::LoadBalancer));
        wanted.extend(new.map(|measure| Wanted { measure, kind, group: Some(place) }));
    }
    wanted
}

/// A measure over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What.
    pub measure: Measure,
    /// Its figures, oldest first, at most one a period; a period without one is a gap.
    pub samples: Vec<Sample>,
}

/// What a load balancer counted for a target group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupMetrics {
    /// The load balancer.
    pub load_balancer: LoadBalancerArn,
    /// The target group.
    pub target_group: TargetGroupArn,
    /// Its measures in the order of the screen.
    pub series: Vec<Series>,
}

/// Metrics of a service and of what leads to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceMetrics {
    /// The time they are about.
    pub window: Window,
    /// Of the service itself.
    pub service: Vec<Series>,
    /// By load balancer and target group.
    pub groups: Vec<GroupMetrics>,
}

/// How busy a service is, in percent of what its tasks reserve: the average of the latest minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// CPU, if it was measured lately.
    pub cpu: Option<f64>,
    /// Memory, if it was measured lately.
    pub memory: Option<f64>,
}

/// What an alarm that concerns a service watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmSubject {
    /// It ends deployments of the service.
    Deployment,
    /// Metrics of the service.
    Service,
    /// Metrics of one of its target groups.
    TargetGroup,
    /// Metrics of a load balancer, which others may share.
    LoadBalancer,
    /// Alarms that concern the service.
    Composite,
}

/// Where an alarm goes off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// `AWS/ECS` …
    pub namespace: String,
    /// `CPUUtilization` …
    pub metric: String,
    /// The value of the dimension `TargetGroup`, if it has one.
    pub target_group: Option<String>,
    /// The value of the dimension `LoadBalancer`, if it has one.
    pub load_balancer: Option<String>,
    /// `Average`, `Sum`, `p99` …
    pub statistic: String,
    /// Seconds of the periods it looks at.
    pub period_seconds: i64,
    /// `>`, `≥`, `<`, `≤`; `?` for a comparison this version does not know.
    pub comparison: String,
    /// The figure.
    pub value: f64,
}

/// An alarm that concerns a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchedAlarm {
    /// Its state.
    pub alarm: Alarm,
    /// What it watches.
    pub subject: AlarmSubject,
    /// Where it goes off; absent for composite alarms, formulas and anomaly bands.
    pub threshold: Option<Threshold>,
}

impl WatchedAlarm {
    /// Whether automatic scaling made it for itself (target tracking): such an alarm going off is no news.
    pub fn is_of_scaling(&self) -> bool {
        self.alarm.name.starts_with("TargetTracking-")
    }
}

/// The alarms that concern a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WatchedAlarms {
    /// Those in state ALARM first, then in order of name.
    pub alarms: Vec<WatchedAlarm>,
    /// Alarms of the account and region that were looked at.
    pub looked_at: usize,
    /// Whether these were all of them.
    pub complete: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balancer(kind: &str) -> LoadBalancerArn {
        LoadBalancerArn::new(format!("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/{kind}/edge/50dc"))
    }

    #[test]
    fn windows_are_whole_periods_and_end_with_the_one_under_way() {
        let now: Timestamp = "2026-03-02T03:17:42Z".parse().unwrap();
        for (range, from, until) in [
            (MetricRange::Hour, "2026-03-02T02:18:00Z", "2026-03-02T03:18:00Z"),
            (MetricRange::ThreeHours, "2026-03-02T00:18:00Z", "2026-03-02T03:18:00Z"),
            (MetricRange::TwelveHours, "2026-03-01T15:20:00Z", "2026-03-02T03:20:00Z"),
            (MetricRange::ThreeDays, "2026-02-27T03:30:00Z", "2026-03-02T03:30:00Z"),
        ] {
            let window = Window::new(range, now);
            assert_eq!((window.from.to_string().as_str(), window.until.to_string().as_str()), (from, until));
            assert!(window.partial_from() <= now && now < window.until);
            let sample = |at| Sample { at, value: 1.0 };
            assert!(window.is_partial(&sample(window.partial_from())));
            assert!(!window.is_partial(&sample(window.partial_from() - SignedDuration::from_secs(1))));
        }
    }

    #[test]
    fn ranges_are_a_ladder() {
        for pair in MetricRange::ALL.windows(2) {
            assert_eq!((pair[0].longer(), pair[1].shorter()), (Some(pair[1]), Some(pair[0])));
            assert!(pair[0].seconds() < pair[1].seconds());
        }
        assert_eq!((MetricRange::Hour.shorter(), MetricRange::ThreeDays.longer()), (None, None));
        // GetMetricData returns at most 100,800 figures of at most 500 metrics.
        assert!(MetricRange::ALL.iter().all(|range| 500 * range.seconds() / range.period_seconds() <= 100_800));
    }

    #[test]
    fn what_a_load_balancer_counts_for_itself_is_asked_once() {
        let group = |name: &str| TargetGroupArn::new(format!("targetgroup/{name}/1"));
        let count = |groups: &[(LoadBalancerArn, TargetGroupArn)]| wanted(groups).len();
        assert_eq!(count(&[]), 6);
        assert_eq!(count(&[(balancer("app"), group("a"))]), 16);
        assert_eq!(count(&[(balancer("app"), group("a")), (balancer("app"), group("b"))]), 25);
        assert_eq!(count(&[(balancer("net"), group("a"))]), 11);
        assert_eq!(count(&[(balancer("gwy"), group("a"))]), 6);
    }
}
