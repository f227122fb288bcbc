//! Tables of figures to characters.

use proptest::prelude::*;

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_772_420_400 + minute * 60).unwrap()
}

/// So many minutes, a figure each.
fn window(minutes: i64) -> Window {
    Window { from: at(0), until: at(minutes), period_seconds: 60 }
}

fn samples(values: &[(i64, f64)]) -> Vec<Sample> {
    values.iter().map(|(minute, value)| Sample { at: at(*minute), value: *value }).collect()
}

fn text(spans: &[Span]) -> String {
    spans.iter().map(Span::text).collect()
}

fn drawn(values: &[Option<f64>], top: f64, size: (usize, usize)) -> Vec<String> {
    let curve = Curve { values: values.to_vec(), tone: Tone::Plain };
    plot(&[curve], &[], top, size, None).iter().map(Line::text).collect()
}

type Case<'a> = (&'a [(i64, f64)], usize, Fold, Vec<Option<f64>>);

#[test]
fn steps_of_any_length_keep_gaps_and_peaks() {
    let (none, some) = (None, Some);
    let hour = [(0, 1.0), (1, 2.0), (3, 4.0)];
    let cases: [Case<'_>; 9] = [
        (&hour, 4, Fold::Average, vec![some(1.0), some(2.0), none, some(4.0)]),
        // Wider than the figures: each takes its share.
        (&hour, 8, Fold::Most, vec![some(1.0), some(1.0), some(2.0), some(2.0), none, none, some(4.0), some(4.0)]),
        (&hour, 2, Fold::Average, vec![some(1.5), some(4.0)]),
        (&hour, 2, Fold::Most, vec![some(2.0), some(4.0)]),
        (&hour, 1, Fold::Least, vec![some(1.0)]),
        (&[], 3, Fold::Most, vec![none, none, none]),
        (&[(2, 7.0)], 4, Fold::Average, vec![none, none, some(7.0), none]),
        (&[(0, f64::NAN), (1, f64::INFINITY), (2, 1.0)], 4, Fold::Most, vec![none, none, some(1.0), none]),
        (&hour, 0, Fold::Most, vec![]),
    ];
    for (figures, places, fold, expected) in cases {
        assert_eq!(resample(&samples(figures), &window(4), places, fold), expected, "{figures:?} in {places}");
    }
    // Steps that are no multiple of a period lose nothing.
    let many: Vec<(i64, f64)> = (0_i32..60).map(|minute| (i64::from(minute), f64::from(minute))).collect();
    for places in [7, 50, 59, 61, 90] {
        let drawn = resample(&samples(&many), &window(60), places, Fold::Most);
        assert!(drawn.iter().all(Option::is_some), "{places}");
        assert_eq!(drawn.last(), Some(&Some(59.0)));
    }
}

#[test]
fn scales_end_at_round_figures() {
    let nan = f64::NAN;
    let cases = [
        (0.0, 1.0),
        (nan, 1.0),
        (0.004, 0.004),
        (0.9, 1.0),
        (1.2, 1.5),
        (7.0, 8.0),
        (99.0, 100.0),
        (101.0, 150.0),
        (360.0, 400.0),
    ];
    for (greatest, top) in cases {
        assert!((round_top(greatest) - top).abs() < 1e-9, "{greatest}: {}", round_top(greatest));
    }
}

#[test]
fn rows_of_blocks() {
    let cases: [(&[Option<f64>], &str); 6] = [
        (&[Some(0.0), Some(50.0), Some(100.0)], "▁▅█"),
        (&[Some(10.0), None, Some(10.0)], "▁ ▁"),
        (&[None, None], "  "),
        (&[], ""),
        (&[Some(99.0)], "█"),
        (&[Some(f64::NAN), Some(240.0)], " █"),
    ];
    for (values, expected) in cases {
        assert_eq!(text(&sparkline(values, 100.0, None, Tone::Plain)), expected, "{values:?}");
    }
    let spans = sparkline(&[Some(1.0), Some(1.0), Some(1.0)], 1.0, Some(2), Tone::Good);
    let tones: Vec<(usize, Tone)> = spans.iter().map(|span| (span.width(), span.tone())).collect();
    assert_eq!(tones, [(2, Tone::Good), (1, Tone::Dim)], "what is not over steps back");
}

#[test]
fn curves() {
    let some = |values: &[f64]| values.iter().map(|value| Some(*value)).collect::<Vec<_>>();
    assert_eq!(drawn(&some(&[0.0, 0.0, 0.0, 0.0]), 100.0, (2, 2)), ["  ", "⣀⣀"]);
    assert_eq!(drawn(&some(&[100.0, 100.0]), 100.0, (1, 2)), ["⠉", " "]);
    // A step is joined, a gap is not.
    assert_eq!(drawn(&some(&[0.0, 100.0]), 100.0, (1, 2)), ["⢸", "⡸"]);
    assert_eq!(drawn(&[Some(0.0), None, Some(100.0), None], 100.0, (2, 2)), [" ⠁", "⡀ "]);
    assert_eq!(drawn(&[None, Some(100.0)], 100.0, (1, 1)), ["⠈"]);
    assert_eq!(drawn(&[None, None], 100.0, (1, 1)), [" "]);
    assert_eq!(drawn(&[Some(f64::NAN), Some(5.0)], 0.0, (1, 1)), [" "]);
    assert!(drawn(&[], 1.0, (0, 0)).is_empty());
    // The caller's scale holds everything; what would not fit is drawn at the edge, never left out.
    assert_eq!(drawn(&some(&[140.0, 140.0]), 100.0, (1, 1)), ["⠉"]);
}

#[test]
fn thresholds_lie_behind_curves() {
    let level = Level { value: 100.0, sign: '╌', tone: Tone::Warn };
    let curve = Curve { values: vec![Some(100.0), Some(100.0), None, None, Some(0.0), Some(0.0)], tone: Tone::Plain };
    let lines = plot(&[curve], &[level], 100.0, (3, 2), Some(2));
    let texts: Vec<String> = lines.iter().map(Line::text).collect();
    assert_eq!(texts, ["⠉╌╌", "  ⣀"]);
    assert_eq!(lines[0].spans.last().map(Span::tone), Some(Tone::Warn));
    assert_eq!(lines[1].spans.last().map(Span::tone), Some(Tone::Dim), "a period under way steps back");
}

#[test]
fn marks_stand_where_things_happened() {
    let row = |happened: &[(i64, Mark)]| {
        let happened: Vec<(Timestamp, Mark)> = happened.iter().map(|(minute, mark)| (at(*minute), *mark)).collect();
        marks(&happened, &window(10), 10).text()
    };
    assert_eq!(row(&[]), "          ");
    assert_eq!(row(&[(2, Mark::Deployment), (5, Mark::Stop), (9, Mark::Partial)]), "  ▲  ✖   ┊");
    assert_eq!(row(&[(2, Mark::Stop), (2, Mark::Deployment)]), " ▲✖       ");
    assert_eq!(row(&[(0, Mark::Stop), (0, Mark::Deployment)]), "✖         ");
    assert_eq!(row(&[(-1, Mark::Stop), (10, Mark::Stop)]), "          ", "what is outside is not shown");
    assert_eq!(row(&[(9, Mark::Stop), (9, Mark::Partial)]), "         ✖");
}

#[test]
fn times_fit_below() {
    let line = |columns| times(&window(60), columns).text();
    assert_eq!(line(30), "03:00        03:30       04:00");
    assert_eq!(line(12), "03:00  04:00");
    assert_eq!(line(5), "03:00");
    let days = Window { from: at(-3 * 24 * 60), until: at(0), period_seconds: 1800 };
    assert_eq!(times(&days, 50).text(), "27 Feb 03:00       28 Feb 15:00       02 Mar 03:00");
}

proptest! {
    #[test]
    fn every_row_is_as_wide_as_asked(
        values in proptest::collection::vec(proptest::option::of(-1e3_f64..1e6), 0..200),
        columns in 0_usize..80,
        rows in 0_usize..12,
    ) {
        let top = round_top(values.iter().flatten().copied().fold(0.0, f64::max));
        let curve = Curve { values: values.clone(), tone: Tone::Accent };
        let lines = plot(&[curve], &[Level { value: top, sign: '╌', tone: Tone::Warn }], top, (columns, rows), Some(3));
        prop_assert_eq!(lines.len(), rows);
        for line in lines {
            prop_assert_eq!(line.width(), columns);
        }
        let spans = sparkline(&values, top, None, Tone::Plain);
        prop_assert_eq!(spans.iter().map(Span::width).sum::<usize>(), values.len());
        // A gap is empty, and only a gap is.
        let signs: Vec<char> = text(&spans).chars().collect();
        for (sign, value) in signs.iter().zip(&values) {
            prop_assert_eq!(*sign == ' ', value.is_none());
        }
    }

    #[test]
    fn times_are_never_wider_than_the_chart(columns in 0_usize..120) {
        prop_assert!(times(&window(60), columns).width() <= columns.max(5));
    }
}
