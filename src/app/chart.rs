//! Figures over time as characters: lines of braille dots with room for thresholds, and rows of block characters where there
//! is little room. Pure, and for any width. What was not measured is left empty; nothing is cut off at the top.

use jiff::{SignedDuration, Timestamp};

use super::document::{Line, Span, Tone, dim, plain, toned};
use crate::model::metric::Window;
use crate::model::observation::Sample;

/// What a place on the screen shows where several figures meet there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Their average.
    Average,
    /// The least.
    Least,
    /// The greatest: a peak is never averaged away.
    Most,
}

impl Fold {
    fn of(self, values: &[f64]) -> Option<f64> {
        match self {
            Self::Least => values.iter().copied().reduce(f64::min),
            Self::Most => values.iter().copied().reduce(f64::max),
            Self::Average => {
                let (sum, count) = values.iter().fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
                (count > 0.0).then(|| sum / count)
            }
        }
    }
}

/// Figures for `places` steps of equal length over a window. A step that is shorter than a period shows the figure of the
/// period around its middle, a longer one all that begin in it; nothing where nothing was measured.
pub fn resample(samples: &[Sample], window: &Window, places: usize, fold: Fold) -> Vec<Option<f64>> {
    let finite = samples.iter().filter(|sample| sample.value.is_finite());
    let figures: Vec<(i64, f64)> = finite.map(|sample| (sample.at.as_second(), sample.value)).collect();
    let (from, period) = (window.from.as_second(), window.period_seconds);
    let (length, count) = (window.until.as_second() - from, whole(places).max(1));
    let edge = |place: i64| from + length * place / count;
    // The figures that begin from one moment up to another.
    let between = |begin: i64, end: i64| {
        let place = |moment: i64| figures.partition_point(|(at, _)| *at < moment);
        let found = figures.get(place(begin)..place(end)).unwrap_or_default();
        found.iter().map(|(_, value)| *value).collect::<Vec<f64>>()
    };
    (0..whole(places))
        .map(|place| {
            let (begin, end) = (edge(place), edge(place + 1));
            if end - begin >= period {
                return fold.of(&between(begin, end));
            }
            let middle = begin + (end - begin) / 2;
            fold.of(&between(middle - period + 1, middle + 1))
        })
        .collect()
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The place of a moment among `places` steps over a window; nothing outside.
pub fn place(at: Timestamp, window: &Window, places: usize) -> Option<usize> {
    let length = window.until.duration_since(window.from).as_secs().max(1);
    let after = at.duration_since(window.from).as_secs();
    if at < window.from || at >= window.until {
        return None;
    }
    usize::try_from(after * whole(places) / length).ok()
}

/// The scale whose top is the least round figure not below `greatest`: 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten.
pub fn round_top(greatest: f64) -> f64 {
    if !greatest.is_finite() || greatest <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(greatest.log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    // A hair above for what floating point makes of a figure that is round itself.
    let step = steps.into_iter().find(|step| step * power * (1.0 + 1e-9) >= greatest).unwrap_or(10.0);
    step * power
}

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A row of blocks: the higher the figure the fuller the block, an empty place where nothing was measured. Places from
/// `partial` on are about a period that is not over and step back.
pub fn sparkline(values: &[Option<f64>], top: f64, partial: Option<usize>, tone: Tone) -> Vec<Span> {
    let signs = values.iter().enumerate().map(|(place, value)| {
        let tone = if partial.is_some_and(|partial| place >= partial) { Tone::Dim } else { tone };
        let measured = value.filter(|value| value.is_finite());
        let block = |value: f64| BLOCKS.get(level(value, top, BLOCKS.len())).copied().unwrap_or('█');
        let sign = measured.map_or(' ', block);
        (sign, tone)
    });
    spans(signs)
}

/// Which of `levels` equal steps a figure falls into.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "clamped to a few steps"
)]
fn level(value: f64, top: f64, levels: usize) -> usize {
    let share = if top > 0.0 { value / top } else { 0.0 };
    (share * levels as f64).floor().clamp(0.0, levels.saturating_sub(1) as f64) as usize
}

fn spans(signs: impl Iterator<Item = (char, Tone)>) -> Vec<Span> {
    let mut runs: Vec<(String, Tone)> = Vec::new();
    for (sign, tone) in signs {
        match runs.last_mut() {
            Some((text, last)) if *last == tone || sign == ' ' => text.push(sign),
            _ => runs.push((sign.to_string(), tone)),
        }
    }
    runs.into_iter().map(|(text, tone)| toned(tone, text)).collect()
}

/// A line of a plot.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Two figures a column.
    pub values: Vec<Option<f64>>,
    /// Its tone. Where curves cross, the later one's.
    pub tone: Tone,
}

/// A level drawn across a plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Where.
    pub value: f64,
    /// `╌` for the threshold of an alarm, `┈` for a mark of the scale.
    pub sign: char,
    /// Its tone.
    pub tone: Tone,
}

/// Bits of a braille character from the lowest dot to the highest, of the left column and of the right one.
const DOTS: [[u32; 4]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]];

#[derive(Clone, Copy)]
struct Cell {
    dots: u32,
    tone: Tone,
}

/// Curves over `columns` × `rows` characters, the highest row first. Columns from `partial` on step back.
pub fn plot(
    curves: &[Curve],
    levels: &[Level],
    top: f64,
    (columns, rows): (usize, usize),
    partial: Option<usize>,
) -> Vec<Line> {
    let mut cells = vec![vec![Cell { dots: 0, tone: Tone::Plain }; columns]; rows];
    for curve in curves {
        let mut before: Option<usize> = None;
        for (place, value) in curve.values.iter().take(columns * 2).enumerate() {
            let here = value.and_then(|value| height(value, top, rows * 4));
            if let Some(here) = here {
                // Steps are joined, gaps are not.
                let joined = match before {
                    Some(before) if before < here => before + 1..=here,
                    Some(before) if before > here => here..=before - 1,
                    _ => here..=here,
                };
                joined.for_each(|height| dot(&mut cells, place, height, curve.tone));
            }
            before = here;
        }
    }
    let row_of = |value: f64| height(value, top, rows * 4).map(|height| rows - 1 - height / 4);
    cells
        .iter()
        .enumerate()
        .map(|(row, cells)| {
            let level = levels.iter().find(|level| row_of(level.value) == Some(row));
            let signs = cells.iter().enumerate().map(|(column, cell)| {
                let late = partial.is_some_and(|partial| column >= partial);
                match (char::from_u32(0x2800 + cell.dots), level) {
                    (Some(sign), _) if cell.dots > 0 => (sign, if late { Tone::Dim } else { cell.tone }),
                    (_, Some(level)) => (level.sign, level.tone),
                    _ => (' ', Tone::Plain),
                }
            });
            Line::of(spans(signs))
        })
        .collect()
}

/// The dot of a figure above the bottom, of so many.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "clamped to a few dots"
)]
fn height(value: f64, top: f64, dots: usize) -> Option<usize> {
    let most = dots.checked_sub(1)? as f64;
    if !value.is_finite() || top <= 0.0 {
        return None;
    }
    Some((value / top * most).round().clamp(0.0, most) as usize)
}

fn dot(cells: &mut [Vec<Cell>], place: usize, height: usize, tone: Tone) {
    let row = cells.len().checked_sub(1 + height / 4);
    let cell = row.and_then(|row| cells.get_mut(row)).and_then(|row| row.get_mut(place / 2));
    let bit = DOTS.get(place % 2).and_then(|column| column.get(height % 4));
    if let (Some(cell), Some(bit)) = (cell, bit) {
        cell.dots |= bit;
        cell.tone = tone;
    }
}

/// Something that happened, for the row of marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A period under way begins.
    Partial,
    /// A deployment began.
    Deployment,
    /// A task stopped.
    Stop,
}

impl Mark {
    /// Its sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Partial => "┊",
            Self::Deployment => "▲",
            Self::Stop => "✖",
        }
    }

    /// Its tone.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Partial => Tone::Dim,
            Self::Deployment => Tone::Accent,
            Self::Stop => Tone::Bad,
        }
    }
}

/// The row of marks under `columns` of a chart. Where several things happened in one column, the stop of a task is shown
/// rather than the deployment that caused it, in the column before if that is free.
pub fn marks(happened: &[(Timestamp, Mark)], window: &Window, columns: usize) -> Line {
    let mut row: Vec<Option<Mark>> = vec![None; columns];
    for wanted in [Mark::Deployment, Mark::Stop, Mark::Partial] {
        for (at, _) in happened.iter().filter(|(_, mark)| *mark == wanted) {
            let Some(column) = place(*at, window, columns) else { continue };
            let before = column.checked_sub(1).filter(|before| row.get(*before) == Some(&None));
            let taken = row.get(column).copied().flatten();
            let free = match (taken, wanted) {
                (None, _) => Some(column),
                (Some(Mark::Deployment), Mark::Stop) => {
                    if let Some(slot) = before.and_then(|before| row.get_mut(before)) {
                        *slot = taken;
                    }
                    Some(column)
                }
                _ => None,
            };
            if let Some(slot) = free.and_then(|column| row.get_mut(column)) {
                *slot = Some(wanted);
            }
        }
    }
    let signs = row
        .into_iter()
        .map(|mark| mark.map_or((' ', Tone::Plain), |mark| (mark.sign().chars().next().unwrap_or(' '), mark.tone())));
    Line::of(spans(signs))
}

/// The times under a chart: at its beginning, in its middle and at its end (UTC).
pub fn times(window: &Window, columns: usize) -> Line {
    let long = window.until.duration_since(window.from) > SignedDuration::from_hours(24);
    let format = if long { "%d %b %H:%M" } else { "%H:%M" };
    let length = window.until.duration_since(window.from);
    let middle = window.from + SignedDuration::from_secs(length.as_secs() / 2);
    let [from, middle, until] = [window.from, middle, window.until].map(|at| at.strftime(format).to_string());
    let used = from.len() + until.len();
    if columns < used + 1 {
        return dim(from).into();
    }
    let gap = columns - used;
    if gap < middle.len() + 2 {
        return dim(format!("{from}{}{until}", " ".repeat(gap))).into();
    }
    let left =
        (columns / 2).saturating_sub(middle.len() / 2).saturating_sub(from.len()).clamp(1, gap - middle.len() - 1);
    let right = gap - middle.len() - left;
    Line::of([plain(""), dim(format!("{from}{}{middle}{}{until}", " ".repeat(left), " ".repeat(right)))])
}

#[cfg(test)]
mod tests;
