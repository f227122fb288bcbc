//! The alarms that concern a service. CloudWatch finds alarms by name or by one exact metric, not by service, so all of them
//! are looked at, a hundred a call.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_sdk_cloudwatch::types::{self, AlarmType, ComparisonOperator};

use super::alarm;
use super::charts::{balancer_dimension, group_dimension};
use super::reader::Reader;
use crate::aws::budget::Priority;
use crate::aws::operations::DESCRIBE_ALARMS;
use crate::aws::pages;
use crate::model::arn::{ClusterName, LoadBalancerArn, ServiceArn, TargetGroupArn};
use crate::model::call::CallError;
use crate::model::metric::{AlarmSubject, Threshold, WatchedAlarm, WatchedAlarms};

/// Alarms DescribeAlarms tells at once (API reference).
const ALARMS_A_PAGE: i32 = 100;
/// Where there are more pages, the rest is not looked at, and the answer says so.
const MOST_PAGES: usize = 20;
/// Seconds of a period where an alarm does not say.
const PERIOD: i64 = 60;

impl Reader {
    /// The alarms on a service, its target groups and their load balancers, and those of these names.
    pub(in crate::aws) async fn alarms_about(
        &self,
        cluster: &ClusterName,
        service: &ServiceArn,
        target_groups: &[(LoadBalancerArn, TargetGroupArn)],
        names: &[String],
        priority: Priority,
    ) -> Result<WatchedAlarms, CallError> {
        let concern = Concern { cluster: cluster.as_str(), service: service.name(), target_groups, names };
        let (pages, complete) = (AtomicUsize::new(0), AtomicBool::new(true));
        let (pages, complete) = (&pages, &complete);
        let found = pages::all(&DESCRIBE_ALARMS, |token| async move {
            let page = self
                .shared
                .call(DESCRIBE_ALARMS, priority, |wire| {
                    let request = self.client.describe_alarms().max_records(ALARMS_A_PAGE);
                    let request = request.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
                    request.set_next_token(token).customize().interceptor(wire).send()
                })
                .await?;
            let of_metrics = page.metric_alarms.unwrap_or_default().into_iter().map(Box::new).map(Found::Metric);
            let composite = page.composite_alarms.unwrap_or_default().into_iter().map(Box::new).map(Found::Composite);
            let last = pages.fetch_add(1, Ordering::Relaxed) + 1 == MOST_PAGES;
            let next = page.next_token.filter(|token| !token.is_empty());
            complete.store(next.is_none(), Ordering::Relaxed);
            Ok((Some(of_metrics.chain(composite).collect()), next.filter(|_| !last)))
        })
        .await?;
        Ok(WatchedAlarms {
            looked_at: found.len(),
            complete: complete.load(Ordering::Relaxed),
            alarms: concern.sift(found),
        })
    }
}

enum Found {
    Metric(Box<types::MetricAlarm>),
    Composite(Box<types::CompositeAlarm>),
}

struct Concern<'a> {
    cluster: &'a str,
    service: &'a str,
    target_groups: &'a [(LoadBalancerArn, TargetGroupArn)],
    names: &'a [String],
}

impl Concern<'_> {
    /// Those that concern the service, what goes off first.
    fn sift(&self, found: Vec<Found>) -> Vec<WatchedAlarm> {
        let mut alarms = Vec::new();
        let mut composite = Vec::new();
        for one in found {
            match one {
                Found::Metric(alarm) => alarms.extend(self.watched(*alarm)),
                Found::Composite(alarm) => composite.push(alarm),
            }
        }
        let known: Vec<String> = alarms.iter().map(|watched| watched.alarm.name.clone()).collect();
        for alarm in composite {
            let rule = alarm.alarm_rule.as_deref().unwrap_or_default();
            // ALARM("name"), OK(name), ALARM(arn:…:alarm:name)
            let speaks_of = |name: &String| {
                let mut named = rule.split(['(', ')']).map(|part| part.trim().trim_matches(['"', '\'']));
                named.any(|part| part == name || part.rsplit_once(":alarm:").is_some_and(|(_, last)| last == name))
            };
            let subject = if self.is_named(alarm.alarm_name.as_deref()) {
                AlarmSubject::Deployment
            } else if known.iter().any(speaks_of) {
                AlarmSubject::Composite
            } else {
                continue;
            };
            alarms.push(WatchedAlarm { alarm: alarm::composite(*alarm), subject, threshold: None });
        }
        alarms.sort_by(|one, other| {
            let rank = |watched: &WatchedAlarm| (watched.alarm.state != "ALARM", watched.alarm.name.clone());
            rank(one).cmp(&rank(other))
        });
        alarms
    }

    fn is_named(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.names.iter().any(|known| known == name))
    }

    fn watched(&self, alarm: types::MetricAlarm) -> Option<WatchedAlarm> {
        let in_formula = alarm.metrics().iter().filter_map(|query| query.metric_stat()?.metric());
        let dimensions = in_formula.map(types::Metric::dimensions).chain(std::iter::once(alarm.dimensions()));
        let subject = dimensions.filter_map(|dimensions| self.subject(dimensions)).min();
        let subject = if self.is_named(alarm.alarm_name()) { Some(AlarmSubject::Deployment) } else { subject }?;
        let threshold = threshold(&alarm);
        Some(WatchedAlarm { alarm: alarm::of_metric(alarm), subject, threshold })
    }

    fn subject(&self, dimensions: &[types::Dimension]) -> Option<AlarmSubject> {
        let of = |name| dimension(dimensions, name);
        if of("ClusterName") == Some(self.cluster) && of("ServiceName") == Some(self.service) {
            return Some(AlarmSubject::Service);
        }
        let group = of("TargetGroup");
        if let Some(group) = group {
            let ours = self.target_groups.iter().any(|(_, arn)| group_dimension(arn) == group);
            return ours.then_some(AlarmSubject::TargetGroup);
        }
        let balancer = of("LoadBalancer")?;
        let ours = self.target_groups.iter().any(|(arn, _)| balancer_dimension(arn) == balancer);
        ours.then_some(AlarmSubject::LoadBalancer)
    }
}

fn dimension<'a>(dimensions: &'a [types::Dimension], name: &str) -> Option<&'a str> {
    dimensions.iter().find(|dimension| dimension.name() == Some(name)).and_then(types::Dimension::value)
}

fn threshold(alarm: &types::MetricAlarm) -> Option<Threshold> {
    let comparison = match alarm.comparison_operator()? {
        ComparisonOperator::GreaterThanThreshold => ">",
        ComparisonOperator::GreaterThanOrEqualToThreshold => "≥",
        ComparisonOperator::LessThanThreshold => "<",
        ComparisonOperator::LessThanOrEqualToThreshold => "≤",
        _ => return None,
    };
    let text = |text: Option<&str>| text.map(ToOwned::to_owned);
    let statistic = alarm.statistic().map(types::Statistic::as_str).or(alarm.extended_statistic());
    let value = alarm.threshold().filter(|value| value.is_finite())?;
    Some(Threshold {
        namespace: text(alarm.namespace())?,
        metric: text(alarm.metric_name())?,
        target_group: text(dimension(alarm.dimensions(), "TargetGroup")),
        load_balancer: text(dimension(alarm.dimensions(), "LoadBalancer")),
        statistic: statistic.unwrap_or_default().to_owned(),
        period_seconds: alarm.period().map_or(PERIOD, i64::from),
        comparison: comparison.to_owned(),
        value,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::{
        CompositeAlarm, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat, StateValue,
    };

    use super::*;

    fn dimensions(pairs: &[(&str, &str)]) -> Vec<Dimension> {
        pairs.iter().map(|(name, value)| Dimension::builder().name(*name).value(*value).build()).collect()
    }

    fn alarm(name: &str, pairs: &[(&str, &str)]) -> MetricAlarm {
        MetricAlarm::builder()
            .alarm_name(name)
            .namespace("AWS/ECS")
            .metric_name("CPUUtilization")
            .statistic(types::Statistic::Average)
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
            .threshold(80.0)
            .set_dimensions(Some(dimensions(pairs)))
            .state_value(StateValue::Ok)
            .build()
    }

    #[test]
    fn alarms_are_sifted_by_what_they_watch() {
        let web = [("ClusterName", "shop"), ("ServiceName", "web")];
        let formula = MetricDataQuery::builder().id("m").metric_stat(
            MetricStat::builder()
                .metric(Metric::builder().set_dimensions(Some(dimensions(&web))).build())
                .period(60)
                .stat("Sum")
                .build(),
        );
        let metric = [
            alarm("cpu", &web),
            alarm("other-service", &[("ClusterName", "shop"), ("ServiceName", "web-2")]),
            alarm("other-cluster", &[("ClusterName", "stage"), ("ServiceName", "web")]),
            alarm("whole-cluster", &[("ClusterName", "shop")]),
            alarm("hosts", &[("TargetGroup", "targetgroup/web-tg/1"), ("LoadBalancer", "app/edge/2")]),
            alarm("hosts-of-others", &[("TargetGroup", "targetgroup/api-tg/1"), ("LoadBalancer", "app/edge/2")]),
            alarm("elb", &[("LoadBalancer", "app/edge/2")]),
            alarm("named", &[]),
            MetricAlarm::builder()
                .alarm_name("formula")
                .metrics(formula.build())
                .state_value(StateValue::Alarm)
                .build(),
        ];
        let composite = |name: &str, rule: &str| {
            CompositeAlarm::builder().alarm_name(name).alarm_rule(rule).state_value(StateValue::Ok).build()
        };
        let found = metric.into_iter().map(Box::new).map(Found::Metric).chain([
            Found::Composite(Box::new(composite("page", "ALARM(\"cpu\") OR ALARM(other)"))),
            Found::Composite(Box::new(composite("by-arn", "ALARM(arn:aws:cloudwatch:eu-west-1:1:alarm:hosts)"))),
            Found::Composite(Box::new(composite("unrelated", "ALARM(cpu-of-others)"))),
        ]);
        let groups = [(
            LoadBalancerArn::from("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/edge/2"),
            TargetGroupArn::from("arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-tg/1"),
        )];
        let names = ["named".to_owned()];
        let concern = Concern { cluster: "shop", service: "web", target_groups: &groups, names: &names };
        let sifted = concern.sift(found.collect());
        let told: Vec<_> = sifted.iter().map(|watched| (watched.alarm.name.as_str(), watched.subject)).collect();
        let expected = [
            ("formula", AlarmSubject::Service),
            ("by-arn", AlarmSubject::Composite),
            ("cpu", AlarmSubject::Service),
            ("elb", AlarmSubject::LoadBalancer),
            ("hosts", AlarmSubject::TargetGroup),
            ("named", AlarmSubject::Deployment),
            ("page", AlarmSubject::Composite),
        ];
        assert_eq!(told, expected);
        assert_eq!(sifted[0].threshold, None);
        let threshold = sifted[2].threshold.as_ref().unwrap();
        assert_eq!((threshold.comparison.as_str(), threshold.value, threshold.period_seconds), (">", 80.0, 60));
    }
}
