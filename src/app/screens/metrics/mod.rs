//! Tab Metrics: CPU and memory of the service, what its load balancers count, what happened meanwhile, the alarms on all of
//! that, and what asking for it costs. Large screens show charts, small ones a row of blocks each.

mod alarms;
mod charts;
mod figures;
mod happened;
mod rows;

use jiff::SignedDuration;

use self::happened::Happened;
use super::key;
use super::source::Source;
use crate::app::App;
use crate::app::command::Command;
use crate::app::document::{Document, Line, Span, Tone, dim, plain, strong, toned};
use crate::app::freshness::short_duration;
use crate::app::kept::{Kept, alarms_about, metrics_of};
use crate::app::layout::layout;
use crate::app::wants::{LOADS, METRICS, every_metrics};
use crate::diagnose::finding::{Finding, Severity};
use crate::model::known::Known;
use crate::model::metric::{GroupMetrics, MetricRange, ServiceMetrics, Threshold, WatchedAlarm, WatchedAlarms, wanted};
use crate::model::service::Service;

/// Dollars for a thousand metrics asked with GetMetricData, or for a thousand calls of DescribeAlarms: the list price on
/// <https://aws.amazon.com/cloudwatch/pricing/>, taken from those who cite that page (catalogue section 8; site24x7, "AWS
/// CloudWatch metrics cost calculation"). Each statistic counts as a metric here; AWS is said to take up to five of the
/// same metric for one (prometheus/cloudwatch_exporter#482), so an estimate is rather too high. Prices differ by region.
const DOLLARS_A_THOUSAND: f64 = 0.01;
/// Alarms DescribeAlarms tells in one call.
const ALARMS_A_CALL: usize = 100;
/// Services asked about in one GetMetricData: 500 metrics, two a service.
const LOADS_A_CALL: usize = 250;
/// From this width and height on there are charts.
const CHARTS: (usize, usize) = (96, 28);

/// What the tab is made of.
struct Sources<'a> {
    metrics: Kept<'a, ServiceMetrics>,
    alarms: Kept<'a, WatchedAlarms>,
    /// How many metrics a refresh asks for.
    asked: usize,
    every: SignedDuration,
}

/// The questions of the tab with their answers; nothing while it is not known yet what leads to the service.
fn sources<'a>(app: &'a App, service: &Service) -> Option<Sources<'a>> {
    let range = app.detail().range;
    let groups = app.store().what_leads_to(service)?;
    Some(Sources {
        metrics: app.store().metrics(&metrics_of(service, &groups, range)),
        asked: wanted(&groups).len(),
        alarms: app.store().watched_alarms(&alarms_about(service, groups)),
        every: every_metrics(range),
    })
}

/// Where what the tab shows comes from.
pub fn source<'a>(app: &'a App, service: &Service) -> Source<'a> {
    let Some(sources) = sources(app, service) else {
        return Source::new::<ServiceMetrics>(None, None);
    };
    let of_alarms = Source::new(sources.alarms.remote(), Some(METRICS));
    Source::new(sources.metrics.remote(), Some(sources.every)).or_worse(of_alarms, app.now())
}

/// The tab.
pub fn document(app: &App, service: &Service, width: usize) -> Document {
    let mut document = Document::default();
    let sources = sources(app, service);
    let metrics = sources.as_ref().and_then(|sources| sources.metrics.value());
    let alarms = sources.as_ref().and_then(|sources| sources.alarms.value());
    range_line(app, metrics, &mut document, width);
    findings(app, &mut document, width);
    if let Some(alarms) = alarms {
        alarms::summary(app, alarms, &mut document, width);
    }
    match (metrics, &sources) {
        (Some(metrics), _) => {
            let happened = Happened::to(app, service, &metrics.window);
            let watched = alarms.map(|alarms| alarms.alarms.as_slice()).unwrap_or_default();
            let height = layout(app).map_or(0, |layout| usize::from(layout.detail_body.height));
            if width >= CHARTS.0 && height >= CHARTS.1 {
                // What else is on the screen: the range, the alarm that goes off, marks and their meaning, the cost.
                let taken = document.lines.len() + 2 + watched.len().min(3);
                charts::push(metrics, watched, &happened, &mut document, (width, height.saturating_sub(taken)));
            } else {
                rows::push(metrics, watched, &happened, &mut document, width);
            }
            what_is_missing(app, service, metrics, &mut document, width);
        }
        (None, Some(sources)) => {
            Source::new(sources.metrics.remote(), Some(sources.every)).absence(app, "metrics", &mut document, width);
        }
        (None, None) => document.push(dim("loading metrics…")),
    }
    if let Some(sources) = &sources {
        document.push(Line::default());
        if let Some(alarms) = alarms {
            alarms::push(app, alarms, &mut document, width);
        } else {
            document.push(strong("Alarms"));
            Source::new(sources.alarms.remote(), Some(METRICS)).absence(app, "alarms", &mut document, width);
        }
        document.field("cost", 5, &[dim(cost(app, sources, alarms))], width);
    }
    document
}

/// Which time is shown, and how to see another.
fn range_line(app: &App, metrics: Option<&ServiceMetrics>, document: &mut Document, width: usize) {
    let range = app.detail().range;
    let mut line = Line::default();
    for one in MetricRange::ALL {
        // The chosen one is in brackets, since a colour alone says nothing.
        line.spans.push(if one == range {
            toned(Tone::Accent, format!("[{}]", one.label()))
        } else {
            dim(format!(" {} ", one.label()))
        });
    }
    line.spans.push(dim(format!("  {} {}", key(app, Command::ShorterRange), key(app, Command::LongerRange))));
    if let Some(window) = metrics.map(|metrics| &metrics.window) {
        let period = short_duration(SignedDuration::from_secs(window.period_seconds));
        let format = if range == MetricRange::ThreeDays { "%d %b %H:%M" } else { "%H:%M" };
        let (from, until) = (window.from.strftime(format), window.until.strftime(format));
        line.spans.push(dim(format!("   {from} to {until} UTC, a figure every {period}")));
    }
    document.push(line.fitted(width));
}

/// What a diagnosis found in the same figures.
fn findings(app: &App, document: &mut Document, width: usize) {
    let Some(judgement) = app.judgement() else { return };
    let mut rest: Vec<&Finding> = judgement.diagnosis.findings.iter().collect();
    rest.reverse();
    while let Some(finding) = rest.pop() {
        rest.extend(finding.consequences.iter().rev());
        if finding.evidence.iter().any(|evidence| evidence.source == "cloudwatch:GetMetricData") {
            let (sign, tone) = match finding.severity {
                Severity::Critical | Severity::Error => ("✖", Tone::Bad),
                Severity::Warning => ("!", Tone::Warn),
                Severity::Info => ("·", Tone::Plain),
            };
            document.paragraph(&[toned(tone, format!("{sign} ")), plain(&finding.title)], width);
        }
    }
}

/// Why there is nothing of load balancers, where there is nothing.
fn what_is_missing(app: &App, service: &Service, metrics: &ServiceMetrics, document: &mut Document, width: usize) {
    if metrics.service.iter().all(|series| series.samples.is_empty()) {
        document.push(dim("CloudWatch has no figures of CPU and memory in this time."));
    }
    let groups = service.target_groups();
    if groups.is_empty() {
        document.push(dim("No load balancer leads to this service."));
    }
    for group in groups {
        let name = group.group_name();
        let told = metrics.groups.iter().any(|told| told.target_group == *group && !told.series.is_empty());
        let why = match app.store().target_group(group).known() {
            _ if told => continue,
            Known::Denied(error) | Known::Failed(error) => format!("{} {}", error.kind.label(), error.operation),
            Known::Known(settings) if settings.load_balancers.is_empty() => "no load balancer leads to it".to_owned(),
            Known::Known(_) => "its load balancer counts nothing that is shown here".to_owned(),
            Known::NotAsked => continue,
        };
        document.paragraph(&[dim(format!("{name}: {why}"))], width);
    }
}

fn heading(group: &GroupMetrics) -> Line {
    let (name, balancer) = (group.target_group.group_name(), group.load_balancer.balancer_name());
    Line::of([strong(name), dim(format!("  behind {balancer}"))])
}

/// The thresholds of alarms on a metric of a group, or of the service itself. Those of automatic scaling move by themselves.
fn thresholds<'a>(
    watched: &'a [WatchedAlarm],
    group: Option<&'a GroupMetrics>,
    is_about: impl Fn(&Threshold) -> bool + 'a,
) -> impl Iterator<Item = (&'a str, &'a Threshold)> {
    let ends_with = |arn: Option<&str>, dimension: Option<&String>| {
        dimension.is_none_or(|dimension| arn.is_some_and(|arn| arn.ends_with(dimension.as_str())))
    };
    watched
        .iter()
        .filter(|watched| !watched.is_of_scaling())
        .filter_map(|watched| Some((watched.alarm.name.as_str(), watched.threshold.as_ref()?)))
        .filter(move |(_, threshold)| {
            ends_with(group.map(|group| group.target_group.as_str()), threshold.target_group.as_ref())
                && ends_with(group.map(|group| group.load_balancer.as_str()), threshold.load_balancer.as_ref())
                && is_about(threshold)
        })
}

/// What the tab costs while it is open.
fn cost(app: &App, sources: &Sources<'_>, alarms: Option<&WatchedAlarms>) -> String {
    let calls_for_alarms = alarms.map_or(1, |alarms| alarms.looked_at.div_ceil(ALARMS_A_CALL).max(1));
    let dollars = an_hour(sources.asked, sources.every) + an_hour(calls_for_alarms, METRICS);
    let plural = |count: usize| if count == 1 { "call" } else { "calls" };
    let of_loads = app.list().loads.then(|| cost_of_loads(app.store().services.len()));
    let of_loads = of_loads.map_or_else(String::new, |cost| format!("; columns CPU and MEM: {cost}"));
    format!(
        "1 call for {} metrics every {}, {calls_for_alarms} {} for alarms every {}: at most {} an hour at the list price{of_loads}",
        sources.asked,
        short_duration(sources.every),
        plural(calls_for_alarms),
        short_duration(METRICS),
        price(dollars)
    )
}

/// What the columns CPU and MEM of so many services cost.
pub fn cost_of_loads(services: usize) -> String {
    let calls = services.div_ceil(LOADS_A_CALL).max(1);
    let plural = if calls == 1 { "call" } else { "calls" };
    let metrics = 2 * services;
    let dollars = price(an_hour(metrics, LOADS));
    format!("{calls} {plural} for {metrics} metrics every {}, at most {dollars} an hour", short_duration(LOADS))
}

/// Dollars an hour for so many metrics each time.
fn an_hour(metrics: usize, every: SignedDuration) -> f64 {
    let metrics = f64::from(u32::try_from(metrics).unwrap_or(u32::MAX));
    metrics * DOLLARS_A_THOUSAND / 1000.0 * 3600.0 / every.as_secs_f64().max(1.0)
}

fn price(dollars: f64) -> String {
    match dollars {
        ..0.0995 => format!("${dollars:.3}"),
        _ => format!("${dollars:.2}"),
    }
}

/// A span of so many columns.
fn blank(columns: usize) -> Span {
    plain(" ".repeat(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_per_thousand_metrics() {
        // 100 services, 4 metrics each every minute: about 5.8 dollars a day.
        assert_eq!(price(an_hour(400, SignedDuration::from_mins(1)) * 24.0), "$5.76");
        assert_eq!(price(an_hour(16, SignedDuration::from_mins(1))), "$0.010");
        assert_eq!(cost_of_loads(18), "1 call for 36 metrics every 5m, at most $0.004 an hour");
        assert_eq!(cost_of_loads(1000), "4 calls for 2000 metrics every 5m, at most $0.24 an hour");
    }
}
