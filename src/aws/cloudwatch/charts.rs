//! Metrics for the screen: everything of one service in one GetMetricData, and how busy all services are, two figures a
//! service and 500 figures a call.

use std::collections::{BTreeMap, HashMap};

use aws_smithy_types::DateTime;
use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::metric::{Figure, samples};
use super::reader::Reader;
use crate::aws::budget::Priority;
use crate::aws::operations::GET_METRIC_DATA;
use crate::model::arn::{ClusterName, LoadBalancerArn, ServiceArn, TargetGroupArn};
use crate::model::call::CallError;
use crate::model::metric::{GroupMetrics, Load, MetricRange, Scope, Series, ServiceMetrics, Wanted, Window, wanted};
use crate::model::observation::Sample;

/// Figures GetMetricData takes in one call (API reference).
const FIGURES_A_CALL: usize = 500;
const MINUTE: i64 = 60;
/// How far back a load is looked for: figures arrive a minute or two late.
const LOAD_MINUTES: i64 = 10;
/// A load is the average of so many of the newest figures.
const LOAD_FIGURES: usize = 5;

impl Reader {
    /// Everything shown of a service, in one call unless AWS pages the answer.
    pub(in crate::aws) async fn metrics(
        &self,
        cluster: &ClusterName,
        service: &ServiceArn,
        target_groups: &[(LoadBalancerArn, TargetGroupArn)],
        range: MetricRange,
        priority: Priority,
    ) -> Result<ServiceMetrics, CallError> {
        let wanted = wanted(target_groups);
        let window = Window::new(range, self.shared.clock.at(Timestamp::now()));
        let figure = |(place, wanted): (usize, &Wanted)| figure(place, wanted, cluster, service, target_groups);
        let queries: Vec<_> =
            wanted.iter().enumerate().map(figure).map(|figure| figure.query(window.period_seconds)).collect();
        let span = (DateTime::from_secs(window.from.as_second()), DateTime::from_secs(window.until.as_second()));
        let mut results = Vec::new();
        for batch in queries.chunks(FIGURES_A_CALL) {
            results.extend(self.metric_data(batch, span, priority).await?);
        }
        let mut found = samples(results).map_err(|failure| failure.of(&GET_METRIC_DATA))?;
        Ok(sorted(&wanted, window, target_groups, &mut found))
    }

    /// How busy services are.
    pub(in crate::aws) async fn loads(
        &self,
        cluster: &ClusterName,
        services: &[ServiceArn],
        priority: Priority,
    ) -> Result<BTreeMap<ServiceArn, Load>, CallError> {
        let minute = self.shared.clock.at(Timestamp::now()).as_second().div_euclid(MINUTE) * MINUTE;
        // Without the minute under way, about which little is known yet.
        let span = (DateTime::from_secs(minute - LOAD_MINUTES * MINUTE), DateTime::from_secs(minute));
        let batches = services.chunks(FIGURES_A_CALL / 2).map(|batch| async move {
            let figure = |id: String, metric, service: &ServiceArn| {
                let dimensions = vec![("ClusterName", cluster.as_str()), ("ServiceName", service.name())];
                Figure { id, namespace: "AWS/ECS", metric, statistic: "Average", dimensions }.query(MINUTE)
            };
            let of_service = |(place, service): (usize, &ServiceArn)| {
                let cpu = figure(format!("c{place}"), "CPUUtilization", service);
                [cpu, figure(format!("m{place}"), "MemoryUtilization", service)]
            };
            let queries: Vec<_> = batch.iter().enumerate().flat_map(of_service).collect();
            let results = self.metric_data(&queries, span, priority).await?;
            let mut found = samples(results).map_err(|failure| failure.of(&GET_METRIC_DATA))?;
            let mut of = |id: String| latest(&found.remove(&id).unwrap_or_default());
            let load = |(place, service): (usize, &ServiceArn)| {
                (service.clone(), Load { cpu: of(format!("c{place}")), memory: of(format!("m{place}")) })
            };
            Ok::<_, CallError>(batch.iter().enumerate().map(load).collect::<Vec<_>>())
        });
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }
}

/// The value of the dimension `LoadBalancer`: `app/edge/50dc6c495c0c9188`.
pub(super) fn balancer_dimension(load_balancer: &LoadBalancerArn) -> &str {
    load_balancer.as_str().split_once("loadbalancer/").map_or("", |(_, path)| path)
}

/// The value of the dimension `TargetGroup`: `targetgroup/web-tg/6d0ecf831eec9f09`.
pub(super) fn group_dimension(target_group: &TargetGroupArn) -> &str {
    target_group.as_str().rsplit(':').next().unwrap_or_default()
}

fn figure<'a>(
    place: usize,
    wanted: &Wanted,
    cluster: &'a ClusterName,
    service: &'a ServiceArn,
    target_groups: &'a [(LoadBalancerArn, TargetGroupArn)],
) -> Figure<'a> {
    let name = wanted.measure.name(wanted.kind);
    let (balancer, group) = wanted
        .group
        .and_then(|place| target_groups.get(place))
        .map_or(("", ""), |(balancer, group)| (balancer_dimension(balancer), group_dimension(group)));
    let dimensions = match name.scope {
        Scope::Service => vec![("ClusterName", cluster.as_str()), ("ServiceName", service.name())],
        Scope::LoadBalancer => vec![("LoadBalancer", balancer)],
        Scope::TargetGroup => vec![("LoadBalancer", balancer), ("TargetGroup", group)],
    };
    let (namespace, metric, statistic) = (name.namespace, name.metric, name.statistic);
    Figure { id: id(place), namespace, metric, statistic, dimensions }
}

/// Ids begin with a lower-case letter.
fn id(place: usize) -> String {
    format!("f{place}")
}

fn sorted(
    wanted: &[Wanted],
    window: Window,
    target_groups: &[(LoadBalancerArn, TargetGroupArn)],
    found: &mut HashMap<String, Vec<Sample>>,
) -> ServiceMetrics {
    let empty = |(load_balancer, target_group): &(LoadBalancerArn, TargetGroupArn)| GroupMetrics {
        load_balancer: load_balancer.clone(),
        target_group: target_group.clone(),
        series: Vec::new(),
    };
    let groups = target_groups.iter().map(empty).collect();
    let mut metrics = ServiceMetrics { window, service: Vec::new(), groups };
    for (place, wanted) in wanted.iter().enumerate() {
        let mut samples = found.remove(&id(place)).unwrap_or_default();
        samples.retain(|sample| (window.from..window.until).contains(&sample.at));
        let series = Series { measure: wanted.measure, samples };
        match wanted.group.map(|place| metrics.groups.get_mut(place)) {
            None => metrics.service.push(series),
            Some(Some(group)) => group.series.push(series),
            Some(None) => {}
        }
    }
    metrics
}

/// The average of the newest figures.
fn latest(samples: &[Sample]) -> Option<f64> {
    let newest = samples.iter().rev().take(LOAD_FIGURES);
    let (sum, count) = newest.fold((0.0, 0.0), |(sum, count), sample| (sum + sample.value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metric::Measure;

    fn at(minute: i64, value: f64) -> Sample {
        Sample { at: Timestamp::from_second(minute * MINUTE).unwrap(), value }
    }

    #[test]
    fn a_load_is_about_the_latest_minutes() {
        assert_eq!(latest(&[]), None);
        assert_eq!(latest(&[at(1, 7.0)]), Some(7.0));
        let samples: Vec<Sample> = [90.0, 90.0, 10.0, 20.0, 30.0, 40.0, 50.0]
            .into_iter()
            .zip(1..)
            .map(|(value, minute)| at(minute, value))
            .collect();
        assert_eq!(latest(&samples), Some(30.0));
    }

    #[test]
    fn figures_find_their_series_and_dimensions() {
        let (cluster, service) =
            (ClusterName::new("shop"), ServiceArn::from("arn:aws:ecs:eu-west-1:1:service/shop/web"));
        let balancer = LoadBalancerArn::from("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/net/edge/50dc");
        let group = TargetGroupArn::from("arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-tg/6d0e");
        let groups = [(balancer, group)];
        let wanted = wanted(&groups);
        let place = |measure| wanted.iter().position(|wanted| wanted.measure == measure).unwrap();
        let asked = |measure| {
            let place = place(measure);
            let figure = figure(place, &wanted[place], &cluster, &service, &groups);
            (figure.namespace, figure.metric, figure.dimensions)
        };
        assert_eq!(asked(Measure::Cpu).2, [("ClusterName", "shop"), ("ServiceName", "web")]);
        assert_eq!(
            asked(Measure::NewFlows),
            ("AWS/NetworkELB", "NewFlowCount", vec![("LoadBalancer", "net/edge/50dc")])
        );
        let hosts = vec![("LoadBalancer", "net/edge/50dc"), ("TargetGroup", "targetgroup/web-tg/6d0e")];
        assert_eq!(asked(Measure::HealthyHosts), ("AWS/NetworkELB", "HealthyHostCount", hosts));

        let window = Window::new(MetricRange::Hour, Timestamp::from_second(7200).unwrap());
        let mut found = HashMap::from([(id(place(Measure::NewFlows)), vec![at(1, 5.0), at(100, 6.0), at(500, 7.0)])]);
        let metrics = sorted(&wanted, window, &groups, &mut found);
        assert_eq!((metrics.service.len(), metrics.groups[0].series.len()), (6, 5));
        assert_eq!(metrics.groups[0].series[0].samples, [at(100, 6.0)], "what is outside is left out");
    }
}
