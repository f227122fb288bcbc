//! Metrics on a small screen: a row of blocks and four figures each.

use super::figures::{Figures, tone, under_way, written};
use super::happened::Happened;
use super::{blank, heading, thresholds};
use crate::app::chart::{Fold, place, resample, round_top, sparkline, times};
use crate::app::document::{Align, Document, Line, Tone, dim, plain, toned};
use crate::model::metric::{BalancerKind, GroupMetrics, Measure, Series, ServiceMetrics, Unit, WatchedAlarm, Window};

/// Columns of the name of a measure.
const NAME: usize = 13;
/// Columns of a figure.
const FIGURE: usize = 7;
const FIGURES: [&str; 4] = ["NOW", "MIN", "AVG", "MAX"];
/// Blocks fewer than this say nothing.
const FEWEST_BLOCKS: usize = 8;

/// The rows, the marks below them and what they mean.
pub(super) fn push(
    metrics: &ServiceMetrics,
    watched: &[WatchedAlarm],
    happened: &Happened,
    document: &mut Document,
    width: usize,
) {
    let blocks = blocks(width);
    let mut head = Line::of([blank(NAME + 1)]);
    head.spans.extend(times(&metrics.window, blocks).padded(blocks, Align::Left).spans);
    head.spans.extend(FIGURES.map(|title| dim(format!("{title:>FIGURE$}"))));
    document.push(head.fitted(width));
    let service = |measure| metrics.service.iter().find(|series| series.measure == measure);
    for trio in [
        [Measure::Cpu, Measure::CpuLeast, Measure::CpuMost],
        [Measure::Memory, Measure::MemoryLeast, Measure::MemoryMost],
    ] {
        let [average, least, most] = trio.map(service);
        if let Some(average) = average {
            let figures = spread(average, least, most, &metrics.window);
            document.push(row(average, figures, &metrics.window, width));
            alarmed(average.measure, None, watched, document, width);
        }
    }
    for group in metrics.groups.iter().filter(|group| !group.series.is_empty()) {
        document.push(heading(group).fitted(width));
        for series in &group.series {
            document.push(row(series, Figures::of(series, &metrics.window), &metrics.window, width));
            alarmed(series.measure, Some(group), watched, document, width);
        }
    }
    let mut marks = Line::of([dim(format!("{:<NAME$} ", "events"))]);
    marks.spans.extend(happened.marks(blocks).spans);
    document.push(marks.fitted(width));
    document.push(happened.legend().fitted(width));
}

/// Columns of blocks in a row.
fn blocks(width: usize) -> usize {
    width.saturating_sub(NAME + 1 + FIGURE * FIGURES.len()).max(FEWEST_BLOCKS)
}

/// Figures of an average over tasks, with the least and the most any task had.
pub(super) fn spread(average: &Series, least: Option<&Series>, most: Option<&Series>, window: &Window) -> Figures {
    let figures = |series: Option<&Series>| series.map(|series| Figures::of(series, window)).unwrap_or_default();
    let of = Figures::of(average, window);
    Figures { least: figures(least).least.or(of.least), greatest: figures(most).greatest.or(of.greatest), ..of }
}

/// A name, blocks and figures.
pub(super) fn row(series: &Series, figures: Figures, window: &Window, width: usize) -> Line {
    let measure = series.measure;
    let blocks = blocks(width);
    // The fewest healthy targets matter, the most of everything else.
    let fold = if measure == Measure::HealthyHosts { Fold::Least } else { Fold::Most };
    let values = resample(&series.samples, window, blocks, fold);
    let greatest = values.iter().flatten().copied().fold(0.0, f64::max);
    let top = top(measure.unit(), greatest);
    let drawn = if measure.is_trouble() { Tone::Bad } else { Tone::Accent };
    let mut line = Line::of([plain(format!("{:<NAME$} ", measure.label()))]);
    let blocks_drawn = sparkline(&values, top, place(under_way(window), window, blocks), drawn);
    line.spans.extend(Line::of(blocks_drawn).padded(blocks, Align::Left).spans);
    let all = [figures.now, figures.least, figures.average, figures.greatest];
    for (index, value) in all.into_iter().enumerate() {
        let tone = if index == 0 { tone(measure, value) } else { Tone::Dim };
        line.spans.push(toned(tone, format!("{:>FIGURE$}", written(measure.unit(), value))));
    }
    line.fitted(width)
}

/// The top of the scale: a hundred percent unless more was used.
pub(super) fn top(unit: Unit, greatest: f64) -> f64 {
    match unit {
        Unit::Percent if greatest <= 100.0 => 100.0,
        _ => round_top(greatest),
    }
}

/// Where there is no room for a line across, thresholds are told.
fn alarmed(
    measure: Measure,
    group: Option<&GroupMetrics>,
    watched: &[WatchedAlarm],
    document: &mut Document,
    width: usize,
) {
    let kind = group.and_then(|group| BalancerKind::of(&group.load_balancer)).unwrap_or(BalancerKind::Application);
    let name = measure.name(kind);
    // One of several statistics of a metric carries its alarms.
    if matches!(measure, Measure::LatencyP50 | Measure::LatencyP90) {
        return;
    }
    for (alarm, threshold) in
        thresholds(watched, group, |threshold| threshold.namespace == name.namespace && threshold.metric == name.metric)
    {
        let words = format!("╌ {} {}  {alarm}", threshold.comparison, written(measure.unit(), Some(threshold.value)));
        let line = Line::of([blank(NAME + 1), toned(Tone::Warn, words), dim(super::charts::over(threshold))]);
        document.push(line.fitted(width));
    }
}
