//! What CloudWatch would have measured. Each task leaves a figure a minute: CPU and memory follow from what its application
//! uses, what load balancers count follows from the requests it gets, from how it answers, and from targets that died.
//! Statistics are made of these.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::World;
use super::application::Application;
use super::load_balancing::TargetGroup;
use super::moment::Moment;
use super::service::Service;
use super::task::{StopCode, Task};
use super::task_definition::TaskDefinition;

const MINUTE: Duration = Duration::from_mins(1);
/// A load balancer goes on sending requests to a target that died for about so many seconds.
const DEATH_IS_NOTICED: u32 = 5;
/// Of a hundred requests to an application whose load swings, so many are the client's mistake.
const MISTAKES: f64 = 1.5;
/// How far back what load balancers saw is remembered, and spells of tasks that ECS has forgotten.
pub(crate) const REMEMBERED: Duration = Duration::from_hours(3 * 24);

/// A metric that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Metric {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) dimensions: BTreeMap<String, String>,
    /// `Average`, `Maximum`, `Sum`, `p99` …
    pub(crate) statistic: String,
}

/// What is left of a task when ECS has forgotten it: what it ran, and when.
#[derive(Clone, Debug)]
pub(crate) struct Spell {
    definition: Arc<TaskDefinition>,
    /// When its containers started, from which on its memory grows.
    began: Moment,
    started: Moment,
    ended: Option<Moment>,
    was_healthy: bool,
    /// Whether it ended by itself.
    died: bool,
}

impl Spell {
    /// Nothing if the task never ran.
    pub(crate) fn of(task: &Task) -> Option<Self> {
        Some(Self {
            definition: Arc::clone(&task.definition),
            began: task.pull_stopped_at.unwrap_or(task.created_at),
            started: task.started_at?,
            ended: task.execution_stopped_at,
            was_healthy: task.was_healthy,
            died: matches!(&task.stop, Some((StopCode::EssentialContainerExited, _))),
        })
    }

    /// Whether this is too long ago to be asked for.
    pub(crate) fn is_forgotten(&self, now: Moment) -> bool {
        self.ended.is_some_and(|ended| ended + REMEMBERED <= now)
    }

    fn runs_between(&self, from: Moment, to: Moment) -> bool {
        (self.started < to || self.started <= from) && self.ended.is_none_or(|ended| ended > from)
    }

    fn application(&self) -> Option<&Application> {
        self.definition.containers.first().map(|defined| &defined.application)
    }

    /// CPU of the main container, which has nearly all of what the task reserves.
    fn cpu(&self, at: Moment) -> f64 {
        self.application().map_or(0.0, |application| f64::from(application.cpu) * application.swung(at))
    }

    fn memory(&self, at: Moment) -> f64 {
        let end = self.ended.map_or(at, |ended| ended.min(at));
        let containers = self.definition.containers.iter();
        let used: u64 = containers
            .map(|defined| defined.application.memory_at(end.since(self.began)).min(u64::from(defined.memory)))
            .sum();
        whole(used) * 100.0 / f64::from(self.definition.memory.max(1))
    }
}

impl Application {
    /// The load at a moment as a multiple of the usual: quiet at three in the morning, busy in the afternoon.
    fn swung(&self, at: Moment) -> f64 {
        if self.swing == 0 {
            return 1.0;
        }
        let minute = at.epoch_milliseconds().div_euclid(60_000);
        let of_day = f64::from(i32::try_from(minute.rem_euclid(24 * 60)).unwrap_or(0)) / (24.0 * 60.0);
        let tide = ((of_day - 0.375) * std::f64::consts::TAU).sin();
        // Any mixing of bits will do; the same minute is always the same.
        let mixed = u64::try_from(minute).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        let ripple = f64::from(u8::try_from(mixed % 200).unwrap_or(0)) / 100.0 - 1.0;
        (1.0 + f64::from(self.swing) / 100.0 * (tide * 0.7 + ripple * 0.3)).max(0.0)
    }
}

/// Targets of a group as load balancers saw them from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) from: Moment,
    pub(crate) healthy: u32,
    pub(crate) unhealthy: u32,
    /// Of those, the ones that do not even answer.
    pub(crate) silent: u32,
}

/// What a load balancer counted for a target group in a minute.
#[derive(Clone, Debug, Default)]
struct Counted {
    requests: f64,
    latencies: Vec<f64>,
    client_errors: f64,
    server_errors: f64,
    bad_gateways: f64,
    /// 502, 503 and 504 of the load balancer's own, `bad_gateways` included.
    of_balancer: f64,
    failed_connections: f64,
}

impl World {
    /// The figures of a metric for each period that has begun between two moments as told, oldest first. Periods without a
    /// figure are left out, as CloudWatch does; the one under way is about what has passed of it.
    pub(crate) fn measured(&self, metric: &Metric, from: Moment, to: Moment, period: Duration) -> Vec<(Moment, f64)> {
        let period = period.max(MINUTE);
        let (now, mut begins) = (self.told(self.now), from.floor(period));
        let subject = self.subject(metric);
        let mut figures = Vec::new();
        while begins < to && begins < now {
            if begins >= from.floor(MINUTE) {
                let figure = self.figure(metric, &subject, self.lived(begins), period);
                figures.extend(figure.map(|figure| (begins, figure)));
            }
            begins = begins + period;
        }
        figures
    }

    /// What the dimensions of a metric name.
    fn subject(&self, metric: &Metric) -> Vec<Subject<'_>> {
        let dimension = |name: &str| metric.dimensions.get(name);
        let of = |service: Option<&'_ Service>| service.map(Service::spells).unwrap_or_default();
        if metric.namespace == "AWS/ECS" {
            let cluster = dimension("ClusterName").and_then(|name| self.cluster(name));
            let service = cluster.zip(dimension("ServiceName")).and_then(|(cluster, name)| cluster.service(name));
            return vec![Subject { service, group: None, spells: of(service) }];
        }
        let is = |name: &str, arn: Option<&String>| {
            dimension(name).is_none_or(|wanted| arn.is_some_and(|arn| arn.ends_with(wanted.as_str())))
        };
        let groups = self.load_balancing.target_groups.values().filter(|_| !metric.dimensions.is_empty());
        groups
            .filter(|group| is("TargetGroup", Some(&group.arn)) && is("LoadBalancer", group.load_balancer.as_ref()))
            .map(|group| {
                let leads_to =
                    |service: &&Service| service.bindings.iter().any(|binding| binding.target_group == group.arn);
                let service = self.clusters.iter().flat_map(|cluster| &cluster.services).find(leads_to);
                Subject { service, group: Some(group), spells: of(service) }
            })
            .collect()
    }

    /// The statistic over the minutes of a period.
    fn figure(&self, metric: &Metric, subject: &[Subject<'_>], begins: Moment, period: Duration) -> Option<f64> {
        let mut values = Vec::new();
        let mut minute = begins;
        while minute < begins + period && minute < self.now {
            let end = (minute + MINUTE).min(self.now);
            for subject in subject {
                values.extend(match metric.namespace.as_str() {
                    "AWS/ECS" => subject.used(&metric.name, minute, end),
                    "AWS/ApplicationELB" | "AWS/NetworkELB" => subject.passed(&metric.name, minute, end),
                    _ => Vec::new(),
                });
            }
            minute = minute + MINUTE;
        }
        statistic(&metric.statistic, values)
    }

    /// CPU of a service right now, in percent of what its tasks reserve.
    pub(crate) fn cpu_of(&self, service: &Service) -> Option<f64> {
        let spells = service.spells();
        let running = spells.iter().filter(|spell| spell.runs_between(self.now, self.now));
        statistic("Average", running.map(|spell| spell.cpu(self.now)).collect())
    }
}

/// What a metric is about: a service, or a target group with the service behind it.
struct Subject<'a> {
    service: Option<&'a Service>,
    group: Option<&'a TargetGroup>,
    spells: Vec<Spell>,
}

impl Subject<'_> {
    fn used(&self, name: &str, from: Moment, to: Moment) -> Vec<f64> {
        let share: fn(&Spell, Moment) -> f64 = match name {
            "CPUUtilization" => Spell::cpu,
            "MemoryUtilization" => Spell::memory,
            _ => return Vec::new(),
        };
        self.spells.iter().filter(|spell| spell.runs_between(from, to)).map(|spell| share(spell, to)).collect()
    }

    fn passed(&self, name: &str, from: Moment, to: Moment) -> Vec<f64> {
        let Some(group) = self.group else { return Vec::new() };
        match name {
            "HealthyHostCount" => return group.seen_between(from, to).map(|seen| f64::from(seen.healthy)).collect(),
            "UnHealthyHostCount" => {
                return group.seen_between(from, to).map(|seen| f64::from(seen.unhealthy)).collect();
            }
            _ => {}
        }
        let counted = self.counted(group, from, to);
        let count = match name {
            "TargetResponseTime" => return counted.latencies,
            "RequestCount" | "NewFlowCount" => counted.requests,
            "HTTPCode_Target_4XX_Count" => counted.client_errors,
            "HTTPCode_Target_5XX_Count" => counted.server_errors,
            "HTTPCode_ELB_502_Count" => counted.bad_gateways,
            "HTTPCode_ELB_5XX_Count" => counted.of_balancer,
            "TargetConnectionErrorCount" | "TCP_Target_Reset_Count" => counted.failed_connections,
            _ => return Vec::new(),
        };
        // Counters are sparse: what did not happen is not written down.
        Some(count.round()).filter(|count| *count > 0.0).into_iter().collect()
    }

    fn counted(&self, group: &TargetGroup, from: Moment, to: Moment) -> Counted {
        let Some(service) = self.service else { return Counted::default() };
        let running: Vec<&Spell> = self.spells.iter().filter(|spell| spell.runs_between(from, to)).collect();
        let part = to.since(from).as_secs_f64() / MINUTE.as_secs_f64();
        let mut counted = Counted::default();
        for spell in running.iter().filter(|spell| spell.was_healthy) {
            counted.answered_by(spell, from, part);
        }
        if counted.requests > 0.0 {
            return counted;
        }
        let seen = group.seen(to).filter(|seen| seen.healthy == 0);
        let usual = service.primary().and_then(|primary| primary.definition.containers.first());
        let usual = usual.map_or(0.0, |defined| f64::from(defined.application.requests) * part);
        match seen {
            // Nobody is healthy: requests go to everybody.
            Some(seen) if seen.unhealthy > seen.silent => {
                for spell in &running {
                    counted.answered_by(spell, from, part);
                }
            }
            Some(seen) if seen.unhealthy > 0 => {
                counted.requests = usual * f64::from(seen.unhealthy);
                counted.failed_connections = counted.requests;
                counted.of_balancer = counted.requests;
            }
            // Nobody is there: the load balancer answers 503, which no target group counts.
            Some(_) if service.desired > 0 && service.created_at <= from => {
                counted.of_balancer = usual * whole(u64::try_from(service.desired).unwrap_or(0));
            }
            _ => {}
        }
        counted
    }
}

impl Counted {
    /// Adds what a task answers in a part of a minute.
    fn answered_by(&mut self, spell: &Spell, from: Moment, part: f64) {
        let Some(application) = spell.application() else { return };
        let swung = application.swung(from);
        let requests = f64::from(application.requests) * swung * part;
        self.requests += requests;
        self.bad_gateways += f64::from(application.bad_gateways) * part;
        self.of_balancer += f64::from(application.bad_gateways) * part;
        if let Some(answer) = application.answers.first() {
            // The slowest of a hundred wait for the whole delay, most of them much less.
            let delay = answer.delay.as_secs_f64() * swung;
            self.latencies.extend((1..=20).map(|place| delay * (0.4 + 0.6 * (f64::from(place) / 20.0).powi(3))));
            match answer.status {
                500.. => self.server_errors += requests,
                400..500 => self.client_errors += requests,
                _ if application.swing > 0 => self.client_errors += requests * MISTAKES / 100.0,
                _ => {}
            }
        }
        let died_now = spell.ended.is_some_and(|ended| ended < from + MINUTE) && spell.died;
        if died_now {
            let lost = f64::from((application.requests * DEATH_IS_NOTICED).div_ceil(60).min(application.requests));
            self.failed_connections += lost;
            self.of_balancer += lost;
        }
    }
}

impl TargetGroup {
    /// What load balancers saw at a moment. What was there at the beginning is taken to have been there before.
    fn seen(&self, at: Moment) -> Option<Census> {
        let after = self.censuses.partition_point(|census| census.from <= at);
        self.censuses.get(after.saturating_sub(1)).copied()
    }

    /// All that load balancers saw in a minute.
    fn seen_between(&self, from: Moment, to: Moment) -> impl Iterator<Item = Census> {
        let first = self.censuses.partition_point(|census| census.from <= from);
        let later = self.censuses.iter().skip(first.max(1)).take_while(move |census| census.from < to);
        self.seen(from).into_iter().chain(later.copied())
    }
}

impl Service {
    /// All that has run in it lately.
    fn spells(&self) -> Vec<Spell> {
        self.all_tasks().filter_map(Spell::of).chain(self.past.iter().cloned()).collect()
    }
}

/// A statistic of figures; nothing of none.
fn statistic(name: &str, mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let (least, most) = (*figures.first()?, *figures.last()?);
    let sum: f64 = figures.iter().sum();
    let count = figures.len();
    Some(match name {
        "Minimum" => least,
        "Sum" => sum,
        "SampleCount" => whole(u64::try_from(count).unwrap_or(0)),
        "Average" => sum / whole(u64::try_from(count).unwrap_or(0)),
        _ => match name.strip_prefix('p').and_then(|percent| percent.parse::<f64>().ok()) {
            Some(percent) => percentile(&figures, percent).unwrap_or(most),
            None => most,
        },
    })
}

/// The least figure that so many percent of all do not exceed.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "clamped to the figures there are"
)]
fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil().clamp(1.0, sorted.len() as f64) as usize;
    sorted.get(rank - 1).copied()
}

fn whole(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_made_of_figures() {
        let figures: Vec<f64> = (1_u8..=100).rev().map(f64::from).collect();
        for (name, expected) in [
            ("Minimum", 1.0),
            ("Maximum", 100.0),
            ("Sum", 5050.0),
            ("Average", 50.5),
            ("SampleCount", 100.0),
            ("p50", 50.0),
            ("p90", 90.0),
            ("p99", 99.0),
            ("p99.9", 100.0),
        ] {
            assert_eq!(statistic(name, figures.clone()), Some(expected), "{name}");
        }
        assert_eq!(statistic("Average", Vec::new()), None);
    }

    #[test]
    fn load_swings_with_the_day_and_not_by_itself() {
        let steady = Application::web(80);
        let swinging = Application::web(80).swinging(30);
        let night = Moment::MONDAY_NIGHT;
        let afternoon = night + Duration::from_hours(12);
        assert!((steady.swung(night) - 1.0).abs() < f64::EPSILON);
        assert!(swinging.swung(night) < 0.95 && swinging.swung(afternoon) > 1.05);
        assert!((swinging.swung(night) - swinging.swung(night)).abs() < f64::EPSILON);
    }
}
