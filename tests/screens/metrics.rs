//! Tab Metrics and the columns CPU and MEM.

use std::collections::BTreeMap;

use ecsight::app::message::{Effect, Msg};
use ecsight::model::arn::{LoadBalancerArn, TargetGroupArn};
use ecsight::model::call::ErrorKind;
use ecsight::model::metric::{
    AlarmSubject, GroupMetrics, Load, Measure, MetricRange, Series, ServiceMetrics, Threshold, WatchedAlarm,
    WatchedAlarms, Window, wanted,
};
use ecsight::model::observation::{Alarm, Sample, Utilization};
use ecsight::model::query::{Answer, Query};
use ecsight::ui::Theme;
use insta::assert_snapshot;
use jiff::SignedDuration;

use crate::fixtures::{World, error, minutes_ago, now, shop};
use crate::session::Session;

/// What CloudWatch tells of the service of the story, if the question is for it.
pub fn answer(query: &Query) -> Option<Answer> {
    Some(match query {
        Query::Metrics { target_groups, range, .. } => Answer::Metrics(Box::new(metrics(*range, target_groups))),
        Query::Loads { services, .. } => {
            let load = |(place, percent): (usize, f64)| match place {
                1 => Load::default(),
                _ => Load { cpu: Some(3.4 + percent * 31.0), memory: Some(41.0 + percent * 7.0) },
            };
            let places = services.iter().enumerate().map(|(place, arn)| (arn.clone(), place));
            let loads = places.map(|(arn, place)| (arn, load((place, f64::from(u32::try_from(place).unwrap())))));
            Answer::Loads(loads.collect::<BTreeMap<_, _>>())
        }
        Query::AlarmsAbout { .. } => Answer::AlarmsAbout(Box::new(alarms())),
        _ => return None,
    })
}

fn metrics(range: MetricRange, groups: &[(LoadBalancerArn, TargetGroupArn)]) -> ServiceMetrics {
    let window = Window::new(range, now());
    let group = |(load_balancer, target_group): &(LoadBalancerArn, TargetGroupArn)| GroupMetrics {
        load_balancer: load_balancer.clone(),
        target_group: target_group.clone(),
        series: Vec::new(),
    };
    let mut metrics = ServiceMetrics { window, service: Vec::new(), groups: groups.iter().map(group).collect() };
    for wanted in wanted(groups) {
        let series = series(wanted.measure, &window);
        match wanted.group {
            None => metrics.service.push(series),
            Some(place) => metrics.groups[place].series.push(series),
        }
    }
    metrics
}

/// A story of an hour, stretched over the window: a gap from the 20th minute to the 27th, more than reserved from the 40th
/// on, a new revision at the 48th.
fn series(measure: Measure, window: &Window) -> Series {
    let length = window.until.duration_since(window.from).as_secs();
    let count = length / window.period_seconds;
    let value = |minute: f64| {
        let wave = (minute / 4.0).sin();
        let late = minute >= 48.0;
        let cpu = if minute < 40.0 { 24.0 + 6.0 * wave } else { 95.0 + 15.0 * wave };
        match measure {
            _ if (20.0..27.0).contains(&minute) && measure != Measure::HealthyHosts => None,
            Measure::Cpu => Some(cpu),
            Measure::CpuLeast => Some(cpu * 0.6),
            Measure::CpuMost => Some(cpu * 1.3),
            Measure::Memory => Some(48.0 + minute * 0.7),
            Measure::MemoryLeast => Some(44.0 + minute * 0.6),
            Measure::MemoryMost => Some(50.0 + minute * 0.8),
            Measure::Requests => Some(if late { 12.0 } else { 480.0 + 90.0 * wave }),
            Measure::LatencyP50 => Some(0.011 + 0.002 * wave),
            Measure::LatencyP90 => Some(0.04 + 0.01 * wave),
            Measure::LatencyP99 => Some(if late { 0.9 } else { 0.12 + 0.05 * wave }),
            Measure::Target4xx => Some(7.0 + 2.0 * wave),
            Measure::Target5xx => late.then_some(31.0),
            Measure::Elb5xx => (minute >= 56.0).then_some(3.0),
            Measure::HealthyHosts => Some(if late { 0.0 } else { 4.0 }),
            Measure::UnhealthyHosts => Some(if late { 4.0 } else { 0.0 }),
            _ => None,
        }
    };
    let sample = |place: i64| {
        let at = window.from + SignedDuration::from_secs(place * window.period_seconds);
        let minute = f64::from(i32::try_from(place * 60 / count).unwrap());
        // The period under way has only begun.
        let share = if place + 1 == count && measure.is_sparse() { 0.3 } else { 1.0 };
        value(minute).map(|value| Sample { at, value: value * share })
    };
    Series { measure, samples: (0..count).filter_map(sample).collect() }
}

fn alarms() -> WatchedAlarms {
    let alarm = |name: &str, state: &str, minutes: i64, reason: &str| Alarm {
        name: name.to_owned(),
        state: state.to_owned(),
        reason: Some(reason.to_owned()),
        since: minutes_ago(minutes),
    };
    let threshold = |metric: &str, statistic: &str, value: f64| {
        let elb = metric.starts_with("HTTP");
        Some(Threshold {
            namespace: if elb { "AWS/ApplicationELB" } else { "AWS/ECS" }.to_owned(),
            metric: metric.to_owned(),
            target_group: elb.then(|| "targetgroup/web-tg/6d0ecf831eec9f09".to_owned()),
            load_balancer: elb.then(|| "app/edge/50dc6c495c0c9188".to_owned()),
            statistic: statistic.to_owned(),
            period_seconds: 60,
            comparison: ">".to_owned(),
            value,
        })
    };
    let crossed = "Threshold Crossed: 1 datapoint [31.0 (14/03/26 02:59:00)] was greater than the threshold (10.0).";
    let alarms = vec![
        WatchedAlarm {
            alarm: alarm("web-5xx", "ALARM", 11, crossed),
            subject: AlarmSubject::Deployment,
            threshold: threshold("HTTPCode_Target_5XX_Count", "Sum", 10.0),
        },
        WatchedAlarm {
            alarm: alarm("TargetTracking-service/shop-prod/messenger-web-AlarmLow-0b", "ALARM", 3000, "as ever"),
            subject: AlarmSubject::Service,
            threshold: threshold("CPUUtilization", "Average", 54.0),
        },
        WatchedAlarm {
            alarm: alarm("page-oncall", "INSUFFICIENT_DATA", 90, "unknown"),
            subject: AlarmSubject::Composite,
            threshold: None,
        },
        WatchedAlarm {
            alarm: alarm("web-cpu", "OK", 4000, "fine"),
            subject: AlarmSubject::Service,
            threshold: threshold("CPUUtilization", "Average", 120.0),
        },
    ];
    WatchedAlarms { alarms, looked_at: 214, complete: true }
}

fn busy() -> World {
    World { measured: Some(answer), ..shop() }
}

fn tab(width: u16, height: u16, keys: &str) -> String {
    let mut session = Session::settled(width, height, busy());
    session.press(keys);
    session.screen()
}

#[test]
fn metrics_on_every_screen() {
    for (width, height) in [(80, 24), (140, 36), (200, 50)] {
        assert_snapshot!(format!("metrics_{width}x{height}"), tab(width, height, "6<enter>"));
    }
    let mut session = Session::settled(80, 24, busy());
    session.press("6<enter>");
    session.press("G");
    assert_snapshot!("metrics_80x24_end", session.screen());
    assert_snapshot!("metrics_beside_the_list_140x36", tab(140, 36, "6"));
    assert_snapshot!("metrics_three_days_200x50", tab(200, 50, "6<enter>>>>"));
}

#[test]
fn nothing_measured_is_told_apart_from_nothing_known() {
    let mut session = Session::settled(80, 24, shop());
    session.press("6<enter>");
    assert_snapshot!("metrics_of_nothing_80x24", session.screen());
    let mut world = busy();
    world.failing.insert("GetMetricData", ErrorKind::Denied);
    world.failing.insert("DescribeAlarms", ErrorKind::Denied);
    let mut session = Session::settled(80, 24, world);
    session.press("6<enter>");
    let screen = session.screen();
    for permission in ["cloudwatch:GetMetricData", "cloudwatch:DescribeAlarms"] {
        assert!(screen.contains(permission), "{screen}");
    }
    assert_eq!(
        error(ErrorKind::Denied, "cloudwatch", "GetMetricData").operation.to_string(),
        "cloudwatch:GetMetricData"
    );
}

fn asked(session: &mut Session, seconds: i64) -> Vec<Query> {
    let mut asked = Vec::new();
    for _ in 0..seconds {
        session.now += SignedDuration::from_secs(1);
        session.send(Msg::Tick);
        asked.extend(session.open.iter().map(|(_, query)| query.clone()).filter(|query| answer(query).is_some()));
        session.answer();
    }
    asked
}

#[test]
fn metrics_are_asked_for_once_a_minute_and_only_while_they_are_shown() {
    let mut session = Session::settled(140, 36, busy());
    assert_eq!(asked(&mut session, 120).len(), 0, "not shown, not asked");
    session.press("6");
    let minute = asked(&mut session, 180);
    let metrics = minute.iter().filter(|query| matches!(query, Query::Metrics { .. })).count();
    let alarms = minute.iter().filter(|query| matches!(query, Query::AlarmsAbout { .. })).count();
    assert!((2..=3).contains(&metrics) && (2..=3).contains(&alarms), "{metrics} {alarms}");
    session.press("1");
    assert_eq!(asked(&mut session, 120).len(), 0);
    // A figure each half hour is not worth a question each minute.
    session.press("6>>>");
    let days = asked(&mut session, 600).iter().filter(|query| matches!(query, Query::Metrics { .. })).count();
    assert!((1..=2).contains(&days), "{days}");
    assert!(session.effects.iter().all(|effect| !matches!(effect, Effect::Quit)));
}

#[test]
fn ranges_end_and_belong_to_their_tab() {
    let mut session = Session::settled(140, 36, busy());
    session.press(">");
    assert!(session.screen().contains("only on tab Metrics"), "{}", session.screen());
    session.press("6<");
    assert!(session.screen().contains("1 h is all there is"), "{}", session.screen());
    session.press(">");
    assert!(session.screen().contains("[3 h]"), "{}", session.screen());
    session.press("<");
    assert!(session.screen().contains("[1 h]"), "{}", session.screen());
}

#[test]
fn cpu_and_memory_in_the_list_are_switched_on_by_a_key_and_say_what_they_cost() {
    for (width, height) in [(80, 24), (140, 36)] {
        let mut session = Session::settled(width, height, busy());
        assert!(!session.screen().contains("MEM"));
        session.press("m");
        assert_snapshot!(format!("loads_{width}x{height}"), session.screen());
        let loads = asked(&mut session, 601).iter().filter(|query| matches!(query, Query::Loads { .. })).count();
        assert!((1..=2).contains(&loads), "every five minutes: {loads}");
        session.press("m");
        assert!(!session.screen().contains("MEM"));
        assert_eq!(asked(&mut session, 400).len(), 0);
    }
}

#[test]
fn a_service_that_comes_does_not_ask_for_all_loads_at_once() {
    let mut session = Session::settled(140, 36, busy());
    session.press("m");
    let _ = asked(&mut session, 20);
    let mut new = session.world.services[0].clone();
    new.arn = crate::fixtures::service_arn("newcomer");
    new.name = "newcomer".to_owned();
    session.world.services.push(new);
    session.press("r");
    let _ = asked(&mut session, 10);
    let loads: Vec<Query> =
        asked(&mut session, 120).into_iter().filter(|query| matches!(query, Query::Loads { .. })).collect();
    assert!(loads.is_empty(), "{loads:?}");
    assert!(session.screen().contains('%'), "{}", session.screen());
}

#[test]
fn without_colours_charts_say_the_same() {
    let mut session = Session::settled(200, 50, busy());
    session.press("6<enter>");
    let with = crate::session::text_of(&session.paint().0);
    session.theme = Theme::plain();
    let (buffer, _) = session.paint();
    assert_eq!(crate::session::text_of(&buffer), with);
    assert!(buffer.content.iter().all(|cell| cell.fg == ratatui::style::Color::Reset));
}

/// Memory of a quarter of an hour near its limit, for the diagnosis and for the tab alike.
fn near_the_limit(query: &Query) -> Option<Answer> {
    let Query::Utilization { .. } = query else { return answer(query) };
    let sample = |minute: i64| Sample { at: minutes_ago(15 - minute).unwrap(), value: 93.0 };
    let memory = (0..15).map(sample).collect();
    Some(Answer::Utilization(Box::new(Utilization { memory, ..Utilization::default() })))
}

#[test]
fn what_a_diagnosis_finds_in_the_figures_stands_above_them() {
    let mut session = Session::settled(80, 24, World { measured: Some(near_the_limit), ..shop() });
    session.press("]]]");
    session.press("6<enter>");
    let screen = session.screen();
    assert!(screen.contains("! Near the limit: memory 93 %"), "{screen}");
}
