//! The reads of CloudWatch. Figures cost money and are asked for all in one call.

use std::collections::HashMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_cloudwatch::types::{AlarmType, MetricDataQuery, MetricDataResult, ScanBy};
use aws_smithy_types::DateTime;
use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::alarm;
use super::metric::{self, Figure};
use crate::aws::budget::Priority;
use crate::aws::operations::{DESCRIBE_ALARMS, GET_METRIC_DATA};
use crate::aws::pages;
use crate::aws::read_only::ReadsOnly;
use crate::aws::shared::Shared;
use crate::model::arn::{ClusterName, LoadBalancerArn, ServiceArn, TargetGroupArn};
use crate::model::call::CallError;
use crate::model::observation::{Alarm, Sample, Traffic, Utilization};

const ALARMS_A_CALL: usize = 100;
/// How far back figures go, in seconds.
const WINDOW: i64 = 15 * 60;
const MINUTE: i64 = 60;

pub(in crate::aws) struct Reader {
    pub(super) client: aws_sdk_cloudwatch::Client,
    pub(super) shared: Arc<Shared>,
}

impl Reader {
    pub(in crate::aws) fn new(config: &SdkConfig, shared: Arc<Shared>) -> Self {
        let config = aws_sdk_cloudwatch::config::Builder::from(config).interceptor(ReadsOnly).build();
        Self { client: aws_sdk_cloudwatch::Client::from_conf(config), shared }
    }

    /// These alarms, in order of name. Those that do not exist are not in the answer.
    pub(in crate::aws) async fn alarms(&self, names: &[String], priority: Priority) -> Result<Vec<Alarm>, CallError> {
        let batches = names.chunks(ALARMS_A_CALL).map(|batch| {
            pages::all(&DESCRIBE_ALARMS, move |token| async move {
                let page = self
                    .shared
                    .call(DESCRIBE_ALARMS, priority, |wire| {
                        let request = self.client.describe_alarms().set_alarm_names(Some(batch.to_vec()));
                        let request =
                            request.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
                        request.set_next_token(token).customize().interceptor(wire).send()
                    })
                    .await?;
                let of_metrics = page.metric_alarms.unwrap_or_default().into_iter().map(alarm::of_metric);
                let composite = page.composite_alarms.unwrap_or_default().into_iter().map(alarm::composite);
                Ok((Some(of_metrics.chain(composite).collect()), page.next_token))
            })
        });
        let mut alarms: Vec<Alarm> = try_join_all(batches).await?.into_iter().flatten().collect();
        alarms.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(alarms)
    }

    pub(in crate::aws) async fn utilization(
        &self,
        cluster: &ClusterName,
        service: &ServiceArn,
        priority: Priority,
    ) -> Result<Utilization, CallError> {
        let dimensions = vec![("ClusterName", cluster.as_str()), ("ServiceName", service.name())];
        let figure = |id: &str, metric, statistic| Figure {
            id: id.to_owned(),
            namespace: "AWS/ECS",
            metric,
            statistic,
            dimensions: dimensions.clone(),
        };
        let figures = [
            figure("cpu", "CPUUtilization", "Average"),
            figure("cpu_maximum", "CPUUtilization", "Maximum"),
            figure("memory", "MemoryUtilization", "Average"),
            figure("memory_maximum", "MemoryUtilization", "Maximum"),
        ];
        let mut found = self.figures(&figures, priority).await?;
        let mut of = |id: &str| found.remove(id).unwrap_or_default();
        Ok(Utilization {
            cpu: of("cpu"),
            cpu_maximum: of("cpu_maximum"),
            memory: of("memory"),
            memory_maximum: of("memory_maximum"),
        })
    }

    /// Only application load balancers count requests. The answers they give themselves they count for themselves, not for
    /// a target group.
    pub(in crate::aws) async fn traffic(
        &self,
        load_balancer: &LoadBalancerArn,
        target_group: &TargetGroupArn,
        priority: Priority,
    ) -> Result<Traffic, CallError> {
        let balancer = load_balancer.as_str().split_once("loadbalancer/").map_or("", |(_, path)| path);
        if !balancer.starts_with("app/") {
            return Ok(Traffic::default());
        }
        let group = target_group.as_str().rsplit(':').next().unwrap_or_default();
        let (alone, both) =
            (vec![("LoadBalancer", balancer)], vec![("LoadBalancer", balancer), ("TargetGroup", group)]);
        let figure = |id: &str, metric, statistic, dimensions: &Vec<_>| Figure {
            id: id.to_owned(),
            namespace: "AWS/ApplicationELB",
            metric,
            statistic,
            dimensions: dimensions.clone(),
        };
        let figures = [
            figure("response_time", "TargetResponseTime", "p99", &both),
            figure("elb_502", "HTTPCode_ELB_502_Count", "Sum", &alone),
            figure("requests", "RequestCount", "Sum", &both),
        ];
        let mut found = self.figures(&figures, priority).await?;
        let mut of = |id: &str| found.remove(id).unwrap_or_default();
        Ok(Traffic { response_time_p99: of("response_time"), elb_502: of("elb_502"), requests: of("requests") })
    }

    async fn figures(
        &self,
        figures: &[Figure<'_>],
        priority: Priority,
    ) -> Result<HashMap<String, Vec<Sample>>, CallError> {
        let queries: Vec<_> = figures.iter().map(|figure| figure.query(MINUTE)).collect();
        let (start, end) = window(self.shared.clock.at(Timestamp::now()));
        let results = self.metric_data(&queries, (start, end), priority).await?;
        metric::samples(results).map_err(|failure| failure.of(&GET_METRIC_DATA))
    }

    /// GetMetricData for at most 500 queries, every page.
    pub(super) async fn metric_data(
        &self,
        queries: &[MetricDataQuery],
        (start, end): (DateTime, DateTime),
        priority: Priority,
    ) -> Result<Vec<MetricDataResult>, CallError> {
        pages::all(&GET_METRIC_DATA, |token| async move {
            let page = self
                .shared
                .call(GET_METRIC_DATA, priority, |wire| {
                    let request = self.client.get_metric_data().set_metric_data_queries(Some(queries.to_vec()));
                    let request = request.start_time(start).end_time(end).scan_by(ScanBy::TimestampAscending);
                    request.set_next_token(token).customize().interceptor(wire).send()
                })
                .await?;
            Ok((page.metric_data_results, page.next_token))
        })
        .await
    }
}

/// The last quarter of an hour in whole minutes, the one under way included: CloudWatch counts by the minute.
fn window(now: Timestamp) -> (DateTime, DateTime) {
    let minute = now.as_second().div_euclid(MINUTE) * MINUTE;
    (DateTime::from_secs(minute - WINDOW), DateTime::from_secs(minute + MINUTE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_about_whole_minutes() {
        let (start, end) = window(Timestamp::from_second(1_000_019).unwrap());
        assert_eq!((start.secs(), end.secs()), (999_060, 1_000_020));
        let (start, end) = window(Timestamp::from_second(1_000_020).unwrap());
        assert_eq!((start.secs(), end.secs()), (999_120, 1_000_080));
    }
}
