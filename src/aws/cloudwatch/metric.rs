//! Which figures are asked for, and the answers in our words.

use std::collections::HashMap;

use aws_sdk_cloudwatch::types;

use crate::aws::error::Failure;
use crate::aws::scalars::time;
use crate::model::call::ErrorKind;
use crate::model::observation::Sample;

/// A figure to ask for: the name it comes back under, the metric, its statistic and its dimensions.
pub(super) struct Figure<'a> {
    pub(super) id: String,
    pub(super) namespace: &'static str,
    pub(super) metric: &'static str,
    pub(super) statistic: &'static str,
    pub(super) dimensions: Vec<(&'static str, &'a str)>,
}

impl Figure<'_> {
    /// The question for it, a figure each `period` seconds.
    pub(super) fn query(&self, period: i64) -> types::MetricDataQuery {
        let dimensions = self.dimensions.iter();
        let dimensions = dimensions.map(|(name, value)| types::Dimension::builder().name(*name).value(*value).build());
        let metric = types::Metric::builder()
            .namespace(self.namespace)
            .metric_name(self.metric)
            .set_dimensions(Some(dimensions.collect()));
        let period = i32::try_from(period).unwrap_or(i32::MAX);
        let stat = types::MetricStat::builder().metric(metric.build()).period(period).stat(self.statistic);
        types::MetricDataQuery::builder().id(&self.id).metric_stat(stat.build()).return_data(true).build()
    }
}

/// Samples by the name their figure was asked for under, oldest first. A figure may come in parts.
pub(super) fn samples(results: Vec<types::MetricDataResult>) -> Result<HashMap<String, Vec<Sample>>, Failure> {
    let mut found: HashMap<String, Vec<Sample>> = HashMap::new();
    for result in results {
        let kind = match result.status_code {
            Some(types::StatusCode::Forbidden) => Some(ErrorKind::Denied),
            Some(types::StatusCode::InternalError) => Some(ErrorKind::Server),
            _ => None,
        };
        let id = result.id.unwrap_or_default();
        if let Some(kind) = kind {
            return Err(Failure::new(kind, format!("CloudWatch gives no figures for {id}")));
        }
        let times = result.timestamps.unwrap_or_default();
        let samples = times.iter().zip(result.values.unwrap_or_default());
        let samples = samples.filter_map(|(at, value)| Some(Sample { at: time(Some(at))?, value }));
        found.entry(id).or_default().extend(samples.filter(|sample| sample.value.is_finite()));
    }
    for samples in found.values_mut() {
        samples.sort_by_key(|sample| sample.at);
        // A period that is told on two pages is told the same on both.
        samples.dedup_by_key(|sample| sample.at);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    fn result(id: &str, figures: &[(i64, f64)], status: types::StatusCode) -> types::MetricDataResult {
        let times = figures.iter().map(|(at, _)| DateTime::from_secs(*at)).collect();
        let values = figures.iter().map(|(_, value)| *value).collect();
        types::MetricDataResult::builder()
            .id(id)
            .set_timestamps(Some(times))
            .set_values(Some(values))
            .status_code(status)
            .build()
    }

    #[test]
    fn figures_come_oldest_first_however_they_arrive() {
        let found = samples(vec![
            result("cpu", &[(180, 3.0), (120, 2.0)], types::StatusCode::PartialData),
            result("cpu", &[(60, 1.0), (0, f64::NAN)], types::StatusCode::Complete),
            result("memory", &[], types::StatusCode::Complete),
        ])
        .unwrap();
        let values: Vec<f64> = found["cpu"].iter().map(|sample| sample.value).collect();
        assert_eq!(values, [1.0, 2.0, 3.0]);
        assert!(found["memory"].is_empty());
    }

    #[test]
    fn figures_that_are_withheld_are_an_error() {
        for (status, kind) in
            [(types::StatusCode::Forbidden, ErrorKind::Denied), (types::StatusCode::InternalError, ErrorKind::Server)]
        {
            assert_eq!(samples(vec![result("cpu", &[], status)]).unwrap_err().kind, kind);
        }
    }

    #[test]
    fn a_figure_names_its_metric_and_dimensions() {
        let figure = Figure {
            id: "cpu".to_owned(),
            namespace: "AWS/ECS",
            metric: "CPUUtilization",
            statistic: "Average",
            dimensions: vec![("ClusterName", "shop"), ("ServiceName", "web")],
        };
        let query = figure.query(60);
        let stat = query.metric_stat.unwrap();
        assert_eq!((stat.period, stat.stat.as_deref()), (Some(60), Some("Average")));
        let dimensions = stat.metric.unwrap().dimensions.unwrap();
        assert_eq!(dimensions[1].value.as_deref(), Some("web"));
    }
}
