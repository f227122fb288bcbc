//! Logs Insights on screens of all sizes.

use ecsight::model::call::ErrorKind;
use ecsight::model::insights::{InsightsQuery, InsightsResults, Malformed, QueryState, QueryStatistics, Row, Started};
use ecsight::model::query::{Answer, Query};
use ecsight::ui::Theme;
use insta::assert_snapshot;

use crate::fixtures::{World, error, shop};
use crate::session::Session;

/// What Logs Insights tells of the service of the story: figures to one query, lines to all others.
fn answer(query: &Query) -> Option<Answer> {
    Some(match query {
        Query::StartInsights { query: InsightsQuery { text, .. } } if text.contains("dedup") => {
            let start = text.find("dedup").map_or(0, |byte| text[..byte].chars().count());
            let message = format!("unexpected symbol found dedup at line 4 and position 3 ([{start},{}])", start + 5);
            Answer::StartInsights(Started::Malformed(Malformed { message, place: Some((start, start + 5)) }))
        }
        Query::StartInsights { query } => {
            let id = if query.text.contains("stats") { "figures" } else { "lines" };
            Answer::StartInsights(Started::Running(id.to_owned()))
        }
        Query::InsightsResults { id } => {
            let rows = if id == "figures" { figures() } else { lines() };
            Answer::InsightsResults(Box::new(complete(rows)))
        }
        Query::StopInsights { .. } => Answer::StopInsights,
        _ => return None,
    })
}

fn complete(rows: Vec<Row>) -> InsightsResults {
    let statistics = QueryStatistics { matched: 12_481.0, scanned: 1_204_118.0, bytes: 3.2e8 };
    InsightsResults { state: QueryState::Complete, rows, more: false, statistics }
}

fn row(fields: &[(&str, String)]) -> Row {
    fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn lines() -> Vec<Row> {
    let messages = [
        "10.0.192.7 - - [14/Mar/2026:02:59:58 +0000] \"GET / HTTP/1.1\" 302 31 \"-\" \"ELB-HealthChecker/2.0\"",
        r#"{"level":"error","msg":"payment refused","order":{"id":7,"total":12.5},"user":"ada","trace":"at pay (/app/pay.js:12)\n    at handle (/app/http.js:88)"}"#,
        "\u{1b}[33mWARN\u{1b}[0m slow query: 1203 ms\u{202e}",
        "東京 größe 🚀 \0 done",
    ];
    (0..40)
        .map(|number| {
            row(&[
                ("@timestamp", format!("2026-03-14 02:{:02}:58.123", 59 - number)),
                ("@logStream", "app/web/0a1b2c3d4e5f60718293a4b5c6d7e8f9".to_owned()),
                ("@message", format!("{}\n", messages[number % messages.len()])),
                ("@ptr", "CnQKOwo4".to_owned()),
            ])
        })
        .collect()
}

fn figures() -> Vec<Row> {
    (0..9)
        .map(|number| {
            row(&[
                ("bin(1m)", format!("2026-03-14 02:{:02}:00.000", 59 - number)),
                ("errors", (97 - number * 11).to_string()),
                ("avg(ms)", format!("{}.25", 1_000 / (number + 1))),
            ])
        })
        .collect()
}

fn opened(width: u16, height: u16) -> Session {
    let mut session = Session::settled(width, height, World { measured: Some(answer), ..shop() });
    session.press("l");
    session.press("i");
    session
}

#[test]
fn what_was_found_on_every_screen() {
    for (width, height) in [(80, 24), (140, 36), (200, 50)] {
        let mut session = opened(width, height);
        assert_snapshot!(format!("insights_{width}x{height}"), session.screen());
        session.press("<ctrl-r>");
        session.run(3);
        session.press("jj");
        assert_snapshot!(format!("insights_lines_{width}x{height}"), session.screen());
        session.press("k<enter>");
        assert_snapshot!(format!("insights_row_{width}x{height}"), session.screen());
        session.press("<esc>i<ctrl-p><ctrl-p><ctrl-t><ctrl-r>");
        session.run(3);
        assert_snapshot!(format!("insights_figures_{width}x{height}"), session.screen());
    }
}

#[test]
fn columns_move_and_the_end_is_in_sight() {
    let mut session = opened(80, 24);
    session.press("<ctrl-r>");
    session.run(3);
    session.press("G<right><right><right>");
    assert_snapshot!("insights_moved_80x24", session.screen());
}

#[test]
fn trouble_says_what_it_is() {
    let mut session = opened(80, 24);
    session.press("<enter>| dedup user<ctrl-r>");
    session.run(1);
    assert_snapshot!("insights_malformed_80x24", session.screen());

    let mut session = opened(80, 24);
    session.keys("<ctrl-r>");
    let denied = error(ErrorKind::Denied, "logs", "StartQuery");
    let (request, _) = session.open.pop().unwrap();
    session.send(ecsight::app::message::Msg::Answered { request, result: Box::new(Err(denied)) });
    assert_snapshot!("insights_denied_80x24", session.screen());

    let mut session = opened(80, 24);
    session.keys("<ctrl-r>");
    session.hang(2);
    session.answer();
    let throttled = error(ErrorKind::Throttled, "logs", "GetQueryResults");
    session.hang(1);
    let at = session.open.iter().position(|(_, query)| matches!(query, Query::InsightsResults { .. })).unwrap();
    let (request, _) = session.open.remove(at);
    session.send(ecsight::app::message::Msg::Answered { request, result: Box::new(Err(throttled)) });
    assert_snapshot!("insights_throttled_80x24", session.screen());
}

#[test]
fn a_service_that_writes_elsewhere_has_nothing_to_ask() {
    let mut world = World { measured: Some(answer), ..shop() };
    for definition in world.definitions.values_mut() {
        for logs in definition.containers.iter_mut().filter_map(|container| container.logs.as_mut()) {
            logs.options.push(("awslogs-region".to_owned(), "us-east-1".to_owned()));
        }
    }
    let mut session = Session::settled(80, 24, world);
    session.press("l");
    session.press("i<ctrl-r>");
    assert_snapshot!("insights_elsewhere_80x24", session.screen());
}

#[test]
fn without_colours_and_on_small_screens_it_says_the_same() {
    for (width, height) in [(40, 8), (40, 12), (60, 16), (100, 36)] {
        let mut session = opened(width, height);
        session.press("<ctrl-r>");
        session.run(3);
        for keys in ["", "G", "<enter>", "j", "<tab>", "<ctrl-p>", "<end>xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] {
            session.press(keys);
            let (buffer, cursor) = session.paint();
            let text = crate::session::text_of(&buffer);
            assert!(!text.iter().any(|line| line.contains(['\u{1b}', '\u{202e}', '\0'])), "{text:#?}");
            assert!(cursor.is_none_or(|cursor| buffer.area.contains(cursor)));
            session.theme = Theme::plain();
            assert_eq!(crate::session::text_of(&session.paint().0), text);
            session.theme = Theme::default();
        }
    }
}
