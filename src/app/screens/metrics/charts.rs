//! Metrics on a large screen: charts side by side, with a scale, thresholds of alarms, and marks of what happened below.

use jiff::SignedDuration;

use super::figures::{Figures, tone, under_way, written};
use super::happened::Happened;
use super::rows::{row, spread, top};
use super::{blank, heading, thresholds};
use crate::app::chart::{Curve, Fold, Level, place, plot, resample, times};
use crate::app::document::{Align, Document, Line, Span, Tone, dim, plain, strong, toned};
use crate::app::freshness::short_duration;
use crate::model::metric::{
    BalancerKind, GroupMetrics, Measure, Series, ServiceMetrics, Threshold, Unit, WatchedAlarm, Window,
};

/// Columns of the scale.
const SCALE: usize = 7;
/// From this width on two charts stand side by side.
const TWO: usize = 128;
const GAP: usize = 3;
/// Rows of a chart.
const ROWS: (usize, usize) = (4, 14);
/// Rows of a chart that are not its curves: title, meaning, marks, times.
const AROUND: usize = 4;
/// A threshold so many times as high as everything measured would press the curve to the bottom.
const FAR: f64 = 4.0;

/// A chart: curves that share a scale.
struct Chart<'a> {
    title: String,
    meaning: Vec<Span>,
    figures: Figures,
    /// Which measure the figures are of.
    main: Measure,
    curves: Vec<(&'a Series, Fold, Tone)>,
    group: Option<&'a GroupMetrics>,
}

/// The charts, the rows of what is left, and what the marks mean.
pub(super) fn push(
    metrics: &ServiceMetrics,
    watched: &[WatchedAlarm],
    happened: &Happened,
    document: &mut Document,
    (width, height): (usize, usize),
) {
    let beside = if width >= TWO { 2 } else { 1 };
    let chart_width = if beside == 2 { (width - GAP) / 2 } else { width };
    let window = &metrics.window;
    let of_groups: Vec<(&GroupMetrics, Vec<Chart<'_>>, Vec<&Series>)> = metrics
        .groups
        .iter()
        .filter(|group| !group.series.is_empty())
        .map(|group| {
            let charts = of_group(group, watched, window);
            let drawn = |series: &&Series| {
                !charts.iter().any(|chart| chart.curves.iter().any(|(one, _, _)| one.measure == series.measure))
            };
            let rest = group.series.iter().filter(drawn).collect();
            (group, charts, rest)
        })
        .collect();
    let of_service = of_service(metrics);
    let lines = |charts: usize| charts.div_ceil(beside);
    let rows_of_charts =
        lines(of_service.len()) + of_groups.iter().map(|(_, charts, _)| lines(charts.len())).sum::<usize>();
    let rest: usize = of_groups.iter().map(|(_, _, rest)| 1 + lines(rest.len())).sum();
    let room = height.saturating_sub(rest + 2) / rows_of_charts.max(1);
    let rows = room.saturating_sub(AROUND).clamp(ROWS.0, ROWS.1);
    let draw = |charts: &[Chart<'_>], document: &mut Document| {
        for pair in charts.chunks(beside) {
            let drawn: Vec<Vec<Line>> =
                pair.iter().map(|chart| chart.lines(watched, happened, window, (chart_width, rows))).collect();
            push_beside(&drawn, chart_width, document);
        }
    };
    draw(&of_service, document);
    for (group, charts, rest) in &of_groups {
        document.push(heading(group).fitted(width));
        draw(charts, document);
        for pair in rest.chunks(beside) {
            let drawn = pair.iter().map(|series| vec![row(series, Figures::of(series, window), window, chart_width)]);
            push_beside(&drawn.collect::<Vec<_>>(), chart_width, document);
        }
    }
    document.push(happened.legend().fitted(width));
}

fn push_beside(drawn: &[Vec<Line>], width: usize, document: &mut Document) {
    let height = drawn.iter().map(Vec::len).max().unwrap_or_default();
    for row in 0..height {
        let mut line = Line::default();
        for (place, lines) in drawn.iter().enumerate() {
            if place > 0 {
                line.spans.push(blank(GAP));
            }
            let one = lines.get(row).cloned().unwrap_or_default();
            line.spans.extend(one.fitted(width).padded(width, Align::Left).spans);
        }
        document.push(line);
    }
}

/// CPU and memory: the idlest task, the average and the busiest one, from the lowest curve to the highest.
fn of_service(metrics: &ServiceMetrics) -> Vec<Chart<'_>> {
    let series = |measure| metrics.service.iter().find(|series| series.measure == measure);
    [
        ([Measure::CpuLeast, Measure::Cpu, Measure::CpuMost], "CPU"),
        ([Measure::MemoryLeast, Measure::Memory, Measure::MemoryMost], "Memory"),
    ]
    .into_iter()
    .filter_map(|(measures, title)| {
        let [least, average, most] = measures.map(series);
        let average = average?;
        let curves = [
            (least, Fold::Least, Tone::Dim),
            (most, Fold::Most, Tone::Dim),
            (Some(average), Fold::Average, Tone::Accent),
        ];
        Some(Chart {
            title: title.to_owned(),
            meaning: vec![dim("from below: least, "), toned(Tone::Accent, "average"), dim(", most of any task")],
            figures: spread(average, least, most, &metrics.window),
            main: average.measure,
            curves: curves.into_iter().filter_map(|(series, fold, tone)| Some((series?, fold, tone))).collect(),
            group: None,
        })
    })
    .collect()
}

/// Requests and latency, and whatever else somebody set an alarm on.
fn of_group<'a>(group: &'a GroupMetrics, watched: &[WatchedAlarm], window: &Window) -> Vec<Chart<'a>> {
    let series = |measure| group.series.iter().find(|series| series.measure == measure);
    let mut charts = Vec::new();
    let latencies =
        [(Measure::LatencyP50, Tone::Dim), (Measure::LatencyP90, Tone::Plain), (Measure::LatencyP99, Tone::Accent)];
    for one in &group.series {
        let measure = one.measure;
        let kind = BalancerKind::of(&group.load_balancer).unwrap_or(BalancerKind::Application);
        let name = measure.name(kind);
        let is_watched = || {
            thresholds(watched, Some(group), |threshold| {
                threshold.metric == name.metric && threshold.namespace == name.namespace
            })
            .next()
            .is_some()
        };
        let is_latency = latencies.iter().any(|(latency, _)| *latency == measure);
        if measure == Measure::LatencyP99 {
            let curves: Vec<_> =
                latencies.iter().filter_map(|(measure, tone)| Some((series(*measure)?, Fold::Most, *tone))).collect();
            let mut meaning = vec![dim("from below:")];
            for (series, _, tone) in &curves {
                let now = Figures::of(series, window).now;
                let label = series.measure.label().trim_start_matches("latency ");
                meaning.push(toned(*tone, format!(" {label} {}", written(Unit::Seconds, now))));
            }
            let figures = Figures::of(one, window);
            charts.push(Chart {
                title: "Latency p99".to_owned(),
                meaning,
                figures,
                main: measure,
                curves,
                group: Some(group),
            });
        } else if matches!(measure, Measure::Requests | Measure::NewFlows) || (!is_latency && is_watched()) {
            let fold = if measure == Measure::HealthyHosts { Fold::Least } else { Fold::Most };
            let tone = if measure.is_trouble() { Tone::Bad } else { Tone::Accent };
            let period = short_duration(SignedDuration::from_secs(window.period_seconds));
            let meaning =
                if measure.unit() == Unit::Count { vec![dim(format!("in every {period}"))] } else { Vec::new() };
            let mut title = measure.label().to_owned();
            if let Some(first) = title.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            let figures = Figures::of(one, window);
            charts.push(Chart {
                title,
                meaning,
                figures,
                main: measure,
                curves: vec![(one, fold, tone)],
                group: Some(group),
            });
        }
    }
    charts
}

impl Chart<'_> {
    fn lines(
        &self,
        watched: &[WatchedAlarm],
        happened: &Happened,
        window: &Window,
        (width, rows): (usize, usize),
    ) -> Vec<Line> {
        let columns = width.saturating_sub(SCALE + 1);
        let unit = self.main.unit();
        let curves: Vec<Curve> = self
            .curves
            .iter()
            .map(|(series, fold, tone)| Curve {
                values: resample(&series.samples, window, columns * 2, *fold),
                tone: *tone,
            })
            .collect();
        let measured = curves.iter().flat_map(|curve| &curve.values).flatten().copied().fold(0.0, f64::max);
        let kind =
            self.group.and_then(|group| BalancerKind::of(&group.load_balancer)).unwrap_or(BalancerKind::Application);
        let name = self.main.name(kind);
        let alarms: Vec<(&str, &Threshold)> = thresholds(watched, self.group, |threshold| {
            threshold.namespace == name.namespace && threshold.metric == name.metric
        })
        .collect();
        // A sum over five minutes is no level of a chart of sums over one.
        let comparable =
            |threshold: &Threshold| threshold.statistic != "Sum" || threshold.period_seconds == window.period_seconds;
        let near = |value: f64| unit == Unit::Percent || measured <= 0.0 || value <= measured * FAR;
        let drawn: Vec<f64> = alarms
            .iter()
            .filter(|(_, threshold)| comparable(threshold) && near(threshold.value))
            .map(|(_, threshold)| threshold.value)
            .collect();
        let top = top(unit, drawn.iter().copied().fold(measured, f64::max));
        let mut levels: Vec<Level> =
            drawn.iter().map(|value| Level { value: *value, sign: '╌', tone: Tone::Warn }).collect();
        let hundred = unit == Unit::Percent && top > 100.0;
        if hundred {
            levels.push(Level { value: 100.0, sign: '┈', tone: Tone::Dim });
        }
        let partial = place(under_way(window), window, columns);
        let plotted = plot(&curves, &levels, top, (columns, rows), partial);
        let mut lines = vec![self.title().fitted(width), self.meaning(&alarms, &drawn).fitted(width)];
        for (row, line) in plotted.into_iter().enumerate() {
            let label = match row {
                0 => written(unit, Some(top)),
                _ if row + 1 == rows => "0".to_owned(),
                _ if hundred && is_row_of(100.0, top, row, rows) => written(unit, Some(100.0)),
                _ => String::new(),
            };
            let mut whole = Line::of([dim(format!("{label:>SCALE$}│"))]);
            whole.spans.extend(line.spans);
            lines.push(whole);
        }
        let mut marks = Line::of([blank(SCALE + 1)]);
        marks.spans.extend(happened.marks(columns).spans);
        let mut below = Line::of([blank(SCALE + 1)]);
        below.spans.extend(times(window, columns).spans);
        lines.extend([marks, below]);
        lines
    }

    fn title(&self) -> Line {
        let unit = self.main.unit();
        let Figures { now, least, average, greatest } = self.figures;
        let mut line = Line::of([strong(&self.title), dim("  now "), toned(tone(self.main, now), written(unit, now))]);
        for (word, value) in [("min", least), ("avg", average), ("max", greatest)] {
            line.spans.extend([dim(format!("  {word} ")), plain(written(unit, value))]);
        }
        line
    }

    fn meaning(&self, alarms: &[(&str, &Threshold)], drawn: &[f64]) -> Line {
        let unit = self.main.unit();
        let mut spans = Vec::new();
        for (alarm, threshold) in alarms {
            let sign = if drawn.contains(&threshold.value) { "╌" } else { "not drawn:" };
            let words = format!("{sign} {} {} {alarm}", threshold.comparison, written(unit, Some(threshold.value)));
            spans.extend([toned(Tone::Warn, words), dim(over(threshold)), plain("  ")]);
        }
        spans.extend(self.meaning.iter().cloned());
        Line::of(spans)
    }
}

/// What a threshold is compared with: `, Sum of 5m`.
pub(super) fn over(threshold: &Threshold) -> String {
    let period = short_duration(SignedDuration::from_secs(threshold.period_seconds));
    format!(", {} of {period}", threshold.statistic)
}

/// Whether a figure lies in a row of a chart.
fn is_row_of(value: f64, top: f64, row: usize, rows: usize) -> bool {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let dots = number(rows * 4 - 1);
    let below = ((value / top * dots).round() / 4.0).floor();
    (number(rows - 1) - below - number(row)).abs() < 0.5
}
