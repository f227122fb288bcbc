//! The alarms that concern a service: state, since when, why.

use crate::app::App;
use crate::app::document::{Document, Line, Span, Tone, dim, plain, strong, toned};
use crate::app::freshness::since;
use crate::app::table::{Column, table};
use crate::model::metric::{AlarmSubject, WatchedAlarm, WatchedAlarms};

/// What goes off now, in one line at the top; nothing if nothing does.
pub(super) fn summary(app: &App, alarms: &WatchedAlarms, document: &mut Document, width: usize) {
    let off: Vec<&WatchedAlarm> =
        alarms.alarms.iter().filter(|watched| watched.alarm.state == "ALARM" && !watched.is_of_scaling()).collect();
    if off.is_empty() {
        return;
    }
    let mut line = Line::of([toned(Tone::Bad, format!("✖ {} of {} in ALARM:", off.len(), alarms.alarms.len()))]);
    for (place, watched) in off.iter().enumerate() {
        let comma = if place == 0 { " " } else { ", " };
        line.spans.extend([plain(comma), strong(&watched.alarm.name)]);
        line.spans.push(dim(format!(" {}", since(watched.alarm.since, app.aws_now()))));
    }
    document.push(line.fitted(width));
}

/// All of them.
pub(super) fn push(app: &App, alarms: &WatchedAlarms, document: &mut Document, width: usize) {
    let looked_at = alarms.looked_at;
    if alarms.alarms.is_empty() {
        let words = format!("None is on this service, its target groups or its deployments ({looked_at} looked at).");
        document.paragraph(&[strong("Alarms  "), dim(words)], width);
    } else {
        let columns = [
            Column::text("  ALARM", 14, 48, 0).of_names(),
            Column::text("STATE", 5, 17, 0),
            Column::number("SINCE", 5, 0),
            Column::text("ON", 7, 13, 2),
            Column::text("GOES OFF", 10, 60, 1),
        ];
        let rows: Vec<Vec<Line>> = alarms.alarms.iter().map(|watched| cells(app, watched)).collect();
        let table = table(&columns, &rows, width);
        document.lines.extend(table.head);
        for (line, watched) in table.lines.into_iter().zip(&alarms.alarms) {
            document.push(line);
            let says = watched.alarm.reason.as_deref().filter(|_| watched.alarm.state != "OK");
            if let Some(reason) = says {
                document.field("", 2, &[dim(reason)], width);
            }
        }
    }
    if !alarms.complete {
        let words =
            format!("There are more alarms than the {looked_at} that were looked at; others may be on this service.");
        document.paragraph(&[toned(Tone::Warn, words)], width);
    }
}

fn cells(app: &App, watched: &WatchedAlarm) -> Vec<Line> {
    let alarm = &watched.alarm;
    let (sign, tone) = match alarm.state.as_str() {
        // Target tracking lives on its alarms going off.
        _ if watched.is_of_scaling() => ("·", Tone::Dim),
        "ALARM" => ("✖", Tone::Bad),
        "OK" => ("✔", Tone::Good),
        _ => ("?", Tone::Warn),
    };
    let on = match watched.subject {
        AlarmSubject::Deployment => "deployments",
        AlarmSubject::Service => "service",
        AlarmSubject::TargetGroup => "target group",
        AlarmSubject::LoadBalancer => "load balancer",
        AlarmSubject::Composite => "alarms",
    };
    let goes_off: Span = watched.threshold.as_ref().map_or_else(
        || dim("-"),
        |threshold| {
            let (metric, over) = (&threshold.metric, super::charts::over(threshold));
            dim(format!("{metric} {} {}{over}", threshold.comparison, threshold.value))
        },
    );
    let state = alarm.state.replace('_', " ");
    vec![
        Line::of([toned(tone, format!("{sign} ")), plain(&alarm.name)]),
        toned(tone, state).into(),
        plain(since(alarm.since, app.aws_now())).into(),
        dim(on).into(),
        goes_off.into(),
    ]
}
