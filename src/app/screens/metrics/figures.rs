//! A series in figures: now, least, average, greatest, and how they are written.

use jiff::{SignedDuration, Timestamp};

use crate::app::document::Tone;
use crate::model::metric::{Measure, Series, Unit, Window};
use crate::model::observation::Sample;

/// A figure older than so many periods is not "now".
const RECENT: i64 = 3;
/// From this percentage on a limit is near, as the diagnosis has it.
const NEAR: f64 = 90.0;

/// A series in figures. The period under way does not count: a sum over half a minute is no figure of a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// Of the newest period, if that is not long ago.
    pub(super) now: Option<f64>,
    pub(super) least: Option<f64>,
    pub(super) average: Option<f64>,
    pub(super) greatest: Option<f64>,
}

impl Figures {
    /// Where nothing is written down when there is nothing to count, a period without a figure counts as zero.
    pub(super) fn of(series: &Series, window: &Window) -> Self {
        let over: Vec<&Sample> =
            series.samples.iter().filter(|sample| sample.value.is_finite() && !window.is_partial(sample)).collect();
        let values = || over.iter().map(|sample| sample.value);
        let recent = window.partial_from() - SignedDuration::from_secs(window.period_seconds * RECENT);
        let mut figures = Self {
            now: over.last().filter(|sample| sample.at >= recent).map(|sample| sample.value),
            least: values().reduce(f64::min),
            average: None,
            greatest: values().reduce(f64::max),
        };
        let mut count = over.len();
        if series.measure.is_sparse() {
            let periods = window.partial_from().duration_since(window.from).as_secs() / window.period_seconds.max(1);
            let periods = usize::try_from(periods).unwrap_or_default();
            if periods > count {
                count = periods;
                figures.least = Some(0.0);
                figures.greatest = figures.greatest.or(Some(0.0));
            }
            figures.now = figures.now.or(Some(0.0));
        }
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        figures.average = (count > 0.0).then(|| values().fold(0.0, |sum, value| sum + value) / count);
        figures
    }
}

/// A figure as people read it.
pub(super) fn written(unit: Unit, value: Option<f64>) -> String {
    let Some(value) = value else { return "-".to_owned() };
    match unit {
        Unit::Percent if value < 9.95 => format!("{value:.1} %"),
        Unit::Percent => format!("{value:.0} %"),
        Unit::Seconds if value < 0.00995 => format!("{:.1} ms", value * 1000.0),
        Unit::Seconds if value < 0.9995 => format!("{:.0} ms", value * 1000.0),
        Unit::Seconds if value < 99.5 => format!("{value:.2} s"),
        Unit::Seconds => format!("{value:.0} s"),
        Unit::Count | Unit::Hosts => match value {
            ..9.95 if (value - value.round()).abs() > 0.05 => format!("{value:.1}"),
            ..9_999.5 => format!("{value:.0}"),
            ..999_500.0 => format!("{:.0}k", value / 1e3),
            _ => format!("{:.1}M", value / 1e6),
        },
    }
}

/// What a figure means to the reader.
pub(super) fn tone(measure: Measure, value: Option<f64>) -> Tone {
    match (measure.unit(), value) {
        (_, None) => Tone::Dim,
        (Unit::Percent, Some(NEAR..)) => Tone::Warn,
        (_, Some(value)) if measure.is_trouble() && value > 0.0 => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// When the period under way began, for its mark.
pub(super) fn under_way(window: &Window) -> Timestamp {
    window.partial_from()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metric::MetricRange;

    fn figures(measure: Measure, values: &[(i64, f64)]) -> Figures {
        let window = Window::new(MetricRange::Hour, Timestamp::from_second(7200).unwrap());
        let sample = |(minutes_ago, value): &(i64, f64)| Sample {
            at: window.partial_from() - SignedDuration::from_mins(*minutes_ago),
            value: *value,
        };
        Figures::of(&Series { measure, samples: values.iter().map(sample).collect() }, &window)
    }

    type Case<'a> = (Measure, &'a [(i64, f64)], Figures);

    #[test]
    fn a_series_in_figures() {
        let of = |now, least, average, greatest| Figures { now, least, average, greatest };
        let cases: [Case<'_>; 6] = [
            (Measure::Cpu, &[], Figures::default()),
            (Measure::Cpu, &[(0, 99.0)], Figures::default()),
            (
                Measure::Cpu,
                &[(3, 10.0), (2, 20.0), (1, 60.0), (0, 1.0)],
                of(Some(60.0), Some(10.0), Some(30.0), Some(60.0)),
            ),
            (Measure::Cpu, &[(9, 10.0)], of(None, Some(10.0), Some(10.0), Some(10.0))),
            (Measure::Cpu, &[(1, f64::NAN)], Figures::default()),
            // 59 periods are over; what did not happen is not written down.
            (Measure::Target5xx, &[(9, 59.0)], of(Some(0.0), Some(0.0), Some(1.0), Some(59.0))),
        ];
        for (measure, values, expected) in cases {
            assert_eq!(figures(measure, values), expected, "{measure:?} {values:?}");
        }
        assert_eq!(figures(Measure::Elb5xx, &[]).greatest, Some(0.0));
    }

    #[test]
    fn figures_are_short() {
        for (unit, value, text) in [
            (Unit::Percent, 3.04, "3.0 %"),
            (Unit::Percent, 143.2, "143 %"),
            (Unit::Seconds, 0.004, "4.0 ms"),
            (Unit::Seconds, 0.25, "250 ms"),
            (Unit::Seconds, 1.5, "1.50 s"),
            (Unit::Count, 0.0, "0"),
            (Unit::Count, 2.5, "2.5"),
            (Unit::Count, 360.4, "360"),
            (Unit::Count, 12_345.0, "12k"),
            (Unit::Count, 1.5e6, "1.5M"),
            (Unit::Hosts, 4.0, "4"),
        ] {
            assert_eq!(written(unit, Some(value)), text);
        }
        assert_eq!(written(Unit::Percent, None), "-");
    }
}
