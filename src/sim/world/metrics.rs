//! What CloudWatch would have measured. CPU and memory follow from what applications use, a figure a period; what load
//! balancers count follows from the requests each task gets.

use std::collections::BTreeMap;
use std::time::Duration;

use super::World;
use super::moment::Moment;
use super::service::Service;
use super::task::Task;

/// A metric that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Metric {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) dimensions: BTreeMap<String, String>,
    /// `Average`, `Maximum`, `Sum`, `p99` …
    pub(crate) statistic: String,
}

impl World {
    /// The figures of a metric for each whole period between two moments as told, oldest first. Periods without a figure
    /// are left out, as CloudWatch does.
    pub(crate) fn measured(&self, metric: &Metric, from: Moment, to: Moment, period: Duration) -> Vec<(Moment, f64)> {
        let period = period.max(Duration::from_mins(1));
        let last = to.min(self.told(self.now));
        let mut begins = from.floor(period);
        let mut figures = Vec::new();
        while begins + period <= last {
            if begins >= from
                && let Some(figure) = self.figure(metric, self.lived(begins), period)
            {
                figures.push((begins, figure));
            }
            begins = begins + period;
        }
        figures
    }

    fn figure(&self, metric: &Metric, at: Moment, period: Duration) -> Option<f64> {
        match metric.namespace.as_str() {
            "AWS/ECS" => self.of_service(metric, at, period),
            "AWS/ApplicationELB" => self.of_target_group(metric, at, period),
            _ => None,
        }
    }

    fn of_service(&self, metric: &Metric, at: Moment, period: Duration) -> Option<f64> {
        let service =
            self.cluster(metric.dimensions.get("ClusterName")?)?.service(metric.dimensions.get("ServiceName")?)?;
        let share: fn(&Task, Moment) -> f64 = match metric.name.as_str() {
            "CPUUtilization" => |task, _| task.cpu_percent(),
            "MemoryUtilization" => Task::memory_percent,
            _ => return None,
        };
        let ends = at + period;
        let percents: Vec<f64> = service.running_between(at, ends).map(|task| share(task, ends)).collect();
        statistic(&metric.statistic, &percents)
    }

    fn of_target_group(&self, metric: &Metric, at: Moment, period: Duration) -> Option<f64> {
        let wanted = metric.dimensions.get("TargetGroup")?;
        let led_to = |service: &&Service| {
            service.bindings.iter().any(|binding| {
                let balancer = self
                    .load_balancing
                    .target_groups
                    .get(&binding.target_group)
                    .and_then(|group| group.load_balancer.as_ref());
                let through = metric.dimensions.get("LoadBalancer");
                binding.target_group.ends_with(wanted.as_str())
                    && through.is_none_or(|wanted| balancer.is_some_and(|arn| arn.ends_with(wanted.as_str())))
            })
        };
        let service = self.clusters.iter().flat_map(|cluster| &cluster.services).find(led_to)?;
        let minutes = whole(period.as_secs() / 60);
        let in_service = service.running_between(at, at + period).filter(|task| task.was_healthy);
        let applications: Vec<_> =
            in_service.filter_map(|task| Some(&task.definition.containers.first()?.application)).collect();
        if applications.is_empty() {
            return None;
        }
        let a_minute = |of: fn(&super::Application) -> u32| -> f64 {
            applications.iter().map(|application| f64::from(of(application)) * minutes).sum()
        };
        let counted = match metric.name.as_str() {
            "RequestCount" => a_minute(|application| application.requests),
            "HTTPCode_ELB_502_Count" => a_minute(|application| application.bad_gateways),
            "TargetResponseTime" => {
                let delays: Vec<f64> = applications
                    .iter()
                    .filter_map(|application| Some(application.answers.first()?.delay.as_secs_f64()))
                    .collect();
                return statistic(&metric.statistic, &delays);
            }
            _ => return None,
        };
        // Counters are sparse: what did not happen is not written down.
        (counted > 0.0).then_some(counted)
    }

    /// CPU of a service right now, in percent of what its tasks reserve.
    pub(crate) fn cpu_of(&self, service: &Service) -> Option<f64> {
        let percents: Vec<f64> = service.running_between(self.now, self.now).map(Task::cpu_percent).collect();
        statistic("Average", &percents)
    }
}

impl Service {
    fn running_between(&self, from: Moment, to: Moment) -> impl Iterator<Item = &Task> {
        self.all_tasks().filter(move |task| {
            task.started_at.is_some_and(|started| started < to || started <= from)
                && task.execution_stopped_at.is_none_or(|ended| ended > from)
        })
    }
}

impl Task {
    /// CPU of the main container, which has nearly all of what the task reserves.
    fn cpu_percent(&self) -> f64 {
        self.definition.containers.first().map_or(0.0, |defined| f64::from(defined.application.cpu))
    }

    fn memory_percent(&self, at: Moment) -> f64 {
        let start = self.pull_stopped_at.unwrap_or(self.created_at);
        let end = self.execution_stopped_at.map_or(at, |ended| ended.min(at));
        let containers = self.definition.containers.iter();
        let used: u64 = containers
            .map(|defined| defined.application.memory_at(end.since(start)).min(u64::from(defined.memory)))
            .sum();
        whole(used) * 100.0 / f64::from(self.definition.memory.max(1))
    }
}

fn statistic(name: &str, figures: &[f64]) -> Option<f64> {
    let most = figures.iter().copied().reduce(f64::max)?;
    let count = whole(u64::try_from(figures.len()).unwrap_or(0));
    Some(match name {
        "Minimum" => figures.iter().copied().reduce(f64::min)?,
        "Sum" => figures.iter().sum(),
        "SampleCount" => count,
        "Average" => figures.iter().sum::<f64>() / count,
        _ => most,
    })
}

fn whole(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
