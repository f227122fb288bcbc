//! Amazon CloudWatch (API version 2010-08-01): GetMetricData and DescribeAlarms.

mod shape;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::protocol::{AwsError, BadToken, page};
use crate::sim::world::{ACCOUNT, Alarm, AlarmState, AlarmWatch, Metric, Moment, REGION, World};
pub(crate) use shape::{Shape, from_cbor};

/// Queries in one GetMetricData.
const QUERIES_A_CALL: usize = 500;
/// Alarms a page, at most and where nothing is said.
const ALARMS_A_PAGE: (usize, usize) = (100, 50);

/// Performs an operation; absent if there is none of this name.
pub(crate) fn perform(operation: &str, parameters: &Value, world: &World) -> Result<Option<Shape>, AwsError> {
    Ok(Some(match operation {
        "GetMetricData" => metric_data(parameters, world)?,
        "DescribeAlarms" => alarms(parameters, world)?,
        _ => return Ok(None),
    }))
}

fn metric_data(parameters: &Value, world: &World) -> Result<Shape, AwsError> {
    let required = |name: &str| moment(&parameters[name]).ok_or_else(|| missing(name));
    let (from, to) = (required("StartTime")?, required("EndTime")?);
    if from >= to {
        let message = "The parameter StartTime must be less than the parameter EndTime.";
        return Err(AwsError::new("ValidationError", message));
    }
    let queries = list(&parameters["MetricDataQueries"]);
    if queries.is_empty() || queries.len() > QUERIES_A_CALL {
        return Err(AwsError::new("ValidationError", "MetricDataQueries must have 1 to 500 elements."));
    }
    let oldest_first = parameters["ScanBy"] == "TimestampAscending";
    let results: Result<Vec<Shape>, AwsError> =
        queries.iter().map(|query| of_query(query, from, to, oldest_first, world)).collect();
    Ok(Shape::Record(vec![("MetricDataResults", Shape::List(results?)), ("Messages", Shape::List(Vec::new()))]))
}

fn of_query(query: &Value, from: Moment, to: Moment, oldest_first: bool, world: &World) -> Result<Shape, AwsError> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let id = text(&query["Id"]).ok_or_else(|| missing("MetricDataQueries.member.1.Id"))?;
    let asked = &query["MetricStat"];
    let wanted = &asked["Metric"];
    if asked.is_null() {
        return Err(AwsError::new("ValidationError", "Metric math expressions are not simulated."));
    }
    let dimension = |pair: &Value| Some((text(&pair["Name"])?, text(&pair["Value"])?));
    let metric = Metric {
        namespace: text(&wanted["Namespace"]).ok_or_else(|| missing("Namespace"))?,
        name: text(&wanted["MetricName"]).ok_or_else(|| missing("MetricName"))?,
        dimensions: list(&wanted["Dimensions"]).iter().filter_map(dimension).collect::<BTreeMap<_, _>>(),
        statistic: text(&asked["Stat"]).ok_or_else(|| missing("Stat"))?,
    };
    let period = number(&asked["Period"]).ok_or_else(|| missing("Period"))?;
    let label = text(&query["Label"]).unwrap_or_else(|| metric.name.clone());
    let mut figures = world.measured(&metric, from, to, Duration::from_secs(period));
    if !oldest_first {
        figures.reverse();
    }
    let (times, values): (Vec<Shape>, Vec<Shape>) =
        figures.into_iter().map(|(at, figure)| (Shape::Time(at), Shape::Figure(figure))).unzip();
    Ok(Shape::Record(vec![
        ("Id", Shape::text(id)),
        ("Label", Shape::text(label)),
        ("Timestamps", Shape::List(times)),
        ("Values", Shape::List(values)),
        ("StatusCode", Shape::text("Complete")),
    ]))
}

fn alarms(parameters: &Value, world: &World) -> Result<Shape, AwsError> {
    let names: Vec<&str> = list(&parameters["AlarmNames"]).iter().filter_map(Value::as_str).collect();
    let is = |field: &str, holds: &dyn Fn(&str) -> bool| parameters[field].as_str().is_none_or(holds);
    let found: Vec<_> = world
        .account
        .alarms
        .iter()
        .filter(|alarm| names.is_empty() || names.contains(&alarm.name.as_str()))
        .filter(|alarm| is("AlarmNamePrefix", &|prefix| alarm.name.starts_with(prefix)))
        .map(|alarm| (alarm, world.state_of(alarm)))
        .filter(|(_, (now, _, _))| is("StateValue", &|state| now.name() == state))
        .collect();
    let (most, default) = ALARMS_A_PAGE;
    let size = number(&parameters["MaxRecords"]).and_then(|size| usize::try_from(size).ok()).unwrap_or(default);
    let (found, next) = page(found, parameters["NextToken"].as_str(), size.clamp(1, most))
        .map_err(|BadToken| AwsError::new("InvalidNextToken", "The next token specified is invalid."))?;
    let written = |(alarm, (state, reason, since)): (&Alarm, (AlarmState, String, Moment))| {
        let mut fields = vec![
            ("AlarmName", Shape::text(&alarm.name)),
            ("AlarmArn", Shape::text(format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{}", alarm.name))),
            ("AlarmConfigurationUpdatedTimestamp", Shape::Time(since)),
            ("ActionsEnabled", Shape::Flag(true)),
            ("StateValue", Shape::text(state.name())),
            ("StateReason", Shape::text(reason)),
            ("StateUpdatedTimestamp", Shape::Time(since)),
            ("StateTransitionedTimestamp", Shape::Time(since)),
            ("Period", Shape::Whole(60)),
            ("EvaluationPeriods", Shape::Whole(1)),
            ("ComparisonOperator", Shape::text("GreaterThanThreshold")),
        ];
        fields.extend(match &alarm.watch {
            Some(watch) => watched(watch),
            None => vec![
                ("MetricName", Shape::text("HTTPCode_Target_5XX_Count")),
                ("Namespace", Shape::text("AWS/ApplicationELB")),
                ("Statistic", Shape::text("Sum")),
                ("Threshold", Shape::Figure(10.0)),
            ],
        });
        Shape::Record(fields)
    };
    let mut fields = vec![
        ("CompositeAlarms", Shape::List(Vec::new())),
        ("MetricAlarms", Shape::List(found.into_iter().map(written).collect())),
    ];
    fields.extend(next.map(|next| ("NextToken", Shape::Text(next))));
    Ok(Shape::Record(fields))
}

fn watched(AlarmWatch { metric, threshold }: &AlarmWatch) -> Vec<(&'static str, Shape)> {
    let dimension = |(name, value): (&String, &String)| {
        Shape::Record(vec![("Name", Shape::text(name)), ("Value", Shape::text(value))])
    };
    vec![
        ("MetricName", Shape::text(&metric.name)),
        ("Namespace", Shape::text(&metric.namespace)),
        ("Statistic", Shape::text(&metric.statistic)),
        ("Dimensions", Shape::List(metric.dimensions.iter().map(dimension).collect())),
        ("Threshold", Shape::Figure(*threshold)),
    ]
}

fn missing(name: &str) -> AwsError {
    AwsError::new("MissingParameter", format!("The request must contain the parameter {name}."))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A number, which the query protocol writes as text.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A time: seconds since 1970, or ISO 8601 in the query protocol.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds of this millennium fit in 53 bits")]
fn moment(value: &Value) -> Option<Moment> {
    if let Some(seconds) = value.as_f64() {
        return Some(Moment::at_milliseconds((seconds * 1000.0) as i64));
    }
    value.as_str()?.parse::<Timestamp>().ok().map(Moment::from)
}
