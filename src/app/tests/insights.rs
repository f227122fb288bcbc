//! Logs Insights: a press of a key starts one query, what takes it off the screen stops it, and failures in between do no
//! harm.

use jiff::SignedDuration;

use super::logs::opened;
use super::world::World;
use crate::app::insights::{EXAMPLES, FIRST, Focus, Stage};
use crate::app::message::{Effect, Mouse, Msg};
use crate::app::remote::RequestId;
use crate::model::arn::ClusterName;
use crate::model::call::{CallError, ErrorKind, Operation};
use crate::model::insights::{InsightsQuery, InsightsResults, Malformed, QueryState, QueryStatistics, Started};
use crate::model::query::{Answer, Query};

/// Logs Insights of `web`, with nothing run yet.
fn insights() -> World {
    let (mut world, _) = opened((100, 30));
    world.keys("i");
    assert!(world.app.shows_insights());
    world.effects.clear();
    world
}

/// What was asked of Logs Insights since the last time.
fn asked(world: &mut World) -> Vec<(RequestId, Query)> {
    let of_insights = |effect| match effect {
        Effect::Ask { request, query, .. } if query.is_of_insights() => Some((request, query)),
        _ => None,
    };
    std::mem::take(&mut world.effects).into_iter().filter_map(of_insights).collect()
}

/// The same, where it is to be one question.
fn only(world: &mut World) -> (RequestId, Query) {
    let mut asked = asked(world);
    assert_eq!(asked.len(), 1, "{asked:?}");
    asked.remove(0)
}

fn answer(world: &mut World, request: RequestId, result: Result<Answer, CallError>) {
    world.send(Msg::Answered { request, result: Box::new(result) });
}

fn later(world: &mut World, milliseconds: i64) {
    world.at += SignedDuration::from_millis(milliseconds);
    world.send(Msg::Tick);
}

fn failure(kind: ErrorKind, operation: &str) -> CallError {
    let operation = Operation::new("logs", operation);
    CallError { kind, operation, message: "not now".to_owned(), request_id: None, hint: None }
}

fn results(state: QueryState, messages: &[&str]) -> Answer {
    let row =
        |message: &&str| vec![("@message".to_owned(), (*message).to_owned()), ("@ptr".to_owned(), "Cn1".to_owned())];
    let statistics = QueryStatistics { matched: 2.0, scanned: 40.0, bytes: 4_096.0 };
    let rows = messages.iter().map(row).collect();
    Answer::InsightsResults(Box::new(InsightsResults { state, rows, more: false, statistics }))
}

fn running(id: &str) -> Answer {
    Answer::StartInsights(Started::Running(id.to_owned()))
}

/// A query that runs under the id `q-1`.
fn started() -> World {
    let mut world = insights();
    world.keys("ctrl-r");
    let (request, _) = only(&mut world);
    answer(&mut world, request, Ok(running("q-1")));
    assert_eq!(asked(&mut world), []);
    world
}

fn stage(world: &World) -> &Stage {
    world.app.insights().run().unwrap().stage()
}

fn stop(id: &str) -> Query {
    Query::StopInsights { id: id.to_owned() }
}

fn screen(world: &World) -> String {
    super::diagnosis::screen(world)
}

#[test]
fn a_press_starts_one_query_over_the_groups_of_the_service() {
    let mut world = insights();
    later(&mut world, 5_000);
    assert_eq!(asked(&mut world), [], "opening costs nothing");
    world.keys("ctrl-r ctrl-r ctrl-r");
    let (_, query) = only(&mut world);
    let Query::StartInsights { query: InsightsQuery { groups, text, from, until } } = query else {
        panic!("{query:?}")
    };
    assert_eq!((groups, text.as_str()), (vec!["/ecs/web".to_owned()], FIRST));
    assert_eq!(until.duration_since(from), SignedDuration::from_hours(1));
    assert!(screen(&world).contains("running already"));
    later(&mut world, 60_000);
    assert_eq!(asked(&mut world), [], "nothing but a key starts one");
}

#[test]
fn results_are_asked_for_every_second_until_it_is_complete() {
    let mut world = started();
    later(&mut world, 200);
    assert_eq!(asked(&mut world), []);
    assert!(world.app.next_tick() <= SignedDuration::from_millis(300));
    for (state, messages) in [
        (QueryState::Scheduled, vec![]),
        (QueryState::Running, vec!["one"]),
        (QueryState::Complete, vec!["one", "two"]),
    ] {
        later(&mut world, 1_000);
        let (request, query) = only(&mut world);
        assert_eq!(query, Query::InsightsResults { id: "q-1".to_owned() });
        later(&mut world, 3_000);
        assert_eq!(asked(&mut world), [], "one at a time");
        answer(&mut world, request, Ok(results(state.clone(), &messages)));
        let found = world.app.insights().found().unwrap();
        assert_eq!((found.rows.len(), found.columns.len()), (messages.len(), usize::from(!messages.is_empty())));
        assert_eq!(matches!(stage(&world), Stage::Running { .. }), state.goes_on());
    }
    assert_eq!(world.app.insights().focus(), Focus::Results);
    later(&mut world, 60_000);
    assert_eq!(asked(&mut world), []);
    // What has ended has nothing to stop, and what it found is there for who comes back.
    world.keys("esc");
    assert_eq!(asked(&mut world), []);
    world.keys("i");
    assert!(screen(&world).contains("complete in 1") && screen(&world).contains("two"), "{}", screen(&world));
}

#[test]
fn leaving_stops_a_query_that_runs() {
    let leaves: [&[Msg]; 2] =
        [&[Msg::Key("esc".parse().unwrap())], &[Msg::Key("tab".parse().unwrap()), Msg::Key("esc".parse().unwrap())]];
    for leaving in leaves {
        let mut world = started();
        for msg in leaving {
            world.send(msg.clone());
        }
        assert_eq!(only(&mut world).1, stop("q-1"));
        assert_eq!(stage(&world), &Stage::Stopped);
        later(&mut world, 10_000);
        assert_eq!(asked(&mut world), []);
    }
    // A question for results that is under way is of no use any more.
    let mut world = started();
    later(&mut world, 1_000);
    let (looking, _) = only(&mut world);
    world.keys("esc");
    assert!(world.effects.contains(&Effect::Cancel { request: looking }));
    let (request, query) = only(&mut world);
    assert_eq!(query, stop("q-1"));
    answer(&mut world, looking, Ok(results(QueryState::Complete, &["late"])));
    answer(&mut world, request, Err(failure(ErrorKind::Invalid, "StopQuery")));
    assert!(world.app.insights().found().is_none() && world.app.errors().is_empty());
    world.keys("i");
    assert!(screen(&world).contains("stopped after"), "{}", screen(&world));
}

#[test]
fn a_query_that_was_left_before_its_id_was_known_is_stopped_once_it_is() {
    let mut world = insights();
    world.keys("ctrl-r esc");
    let (request, query) = only(&mut world);
    assert!(matches!(query, Query::StartInsights { .. }));
    assert!(!world.effects.contains(&Effect::Cancel { request }), "it may have arrived");
    answer(&mut world, request, Ok(running("q-7")));
    assert_eq!(only(&mut world).1, stop("q-7"));
}

#[test]
fn what_runs_is_stopped_before_the_program_ends_and_before_another_cluster_is_shown() {
    let mut world = started();
    world.keys("ctrl-c");
    let place = |wanted: &dyn Fn(&Effect) -> bool| world.effects.iter().position(wanted).unwrap();
    let stops = place(&|effect| matches!(effect, Effect::Ask { query: Query::StopInsights { .. }, .. }));
    assert!(stops < place(&|effect| *effect == Effect::Quit));

    let mut world = insights();
    world.keys("ctrl-r");
    let (request, _) = only(&mut world);
    world.keys("esc esc c");
    world.answer_all();
    world.keys("s t a g enter");
    assert_eq!(world.app.cluster(), Some(&ClusterName::new("staging")));
    world.effects.clear();
    answer(&mut world, request, Ok(running("q-9")));
    assert_eq!(only(&mut world).1, stop("q-9"));
}

#[test]
fn changing_the_query_or_the_time_stops_the_old_one_and_starts_the_new_one() {
    for change in ["x", "ctrl-t"] {
        let mut world = started();
        world.keys(change);
        assert_eq!(asked(&mut world), [], "nothing runs that was not asked for");
        world.keys("ctrl-r");
        let asked = asked(&mut world);
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert_eq!(asked[0].1, stop("q-1"));
        assert!(matches!(asked[1].1, Query::StartInsights { .. }));
    }
}

#[test]
fn throttled_results_are_asked_for_less_often_and_come_all_the_same() {
    let mut world = started();
    later(&mut world, 1_000);
    let mut pauses = Vec::new();
    for kind in [ErrorKind::Throttled, ErrorKind::Network, ErrorKind::Timeout, ErrorKind::Throttled] {
        let (request, _) = only(&mut world);
        answer(&mut world, request, Err(failure(kind, "GetQueryResults")));
        assert!(screen(&world).contains("asked again in"), "{}", screen(&world));
        let mut pause = 0;
        while world.effects.is_empty() {
            later(&mut world, 1_000);
            pause += 1;
            world.effects.retain(|effect| matches!(effect, Effect::Ask { query, .. } if query.is_of_insights()));
        }
        pauses.push(pause);
    }
    assert_eq!(pauses, [2, 4, 8, 16]);
    let (request, _) = only(&mut world);
    answer(&mut world, request, Ok(results(QueryState::Complete, &["there"])));
    assert!(screen(&world).contains("there") && !screen(&world).contains("asked again"));
}

#[test]
fn results_that_cannot_be_read_stop_the_query_and_say_why() {
    for (kind, stops) in [(ErrorKind::Denied, true), (ErrorKind::NotFound, false)] {
        let mut world = started();
        later(&mut world, 1_000);
        let (request, _) = only(&mut world);
        answer(&mut world, request, Err(failure(kind, "GetQueryResults")));
        let asked: Vec<Query> = asked(&mut world).into_iter().map(|(_, query)| query).collect();
        assert_eq!(asked, if stops { vec![stop("q-1")] } else { Vec::new() });
        assert!(screen(&world).contains("logs:GetQueryResults"), "{}", screen(&world));
    }
}

#[test]
fn a_start_that_failed_is_told_and_not_repeated() {
    for (kind, said) in [
        (ErrorKind::Denied, "ask for the IAM permission logs:StartQuery"),
        (ErrorKind::Throttled, "throttled logs:StartQuery"),
        (ErrorKind::Timeout, "it may run all the same"),
        (ErrorKind::Network, "it may run all the same"),
    ] {
        let mut world = insights();
        world.keys("ctrl-r");
        let (request, _) = only(&mut world);
        answer(&mut world, request, Err(failure(kind, "StartQuery")));
        later(&mut world, 120_000);
        assert_eq!(asked(&mut world), [], "{kind:?}");
        let shown = screen(&world).split_whitespace().collect::<Vec<_>>().join(" ").replace("│ │", "");
        assert!(shown.split_whitespace().collect::<Vec<_>>().join(" ").contains(said), "{kind:?}: {shown}");
        assert!(world.app.errors().pinned().is_none(), "it is told already");
    }
}

#[test]
fn what_is_not_understood_is_marked_until_it_is_changed() {
    let mut world = insights();
    world.keys("tab ctrl-r");
    let (request, _) = only(&mut world);
    let malformed = Malformed { message: "unexpected symbol".to_owned(), place: Some((30, 34)) };
    answer(&mut world, request, Ok(Answer::StartInsights(Started::Malformed(malformed))));
    assert!(screen(&world).contains("not understood: line 2, column 3: unexpected symbol"), "{}", screen(&world));
    assert!(world.app.insights().malformed().is_some());
    world.keys("x");
    assert!(world.app.insights().malformed().is_none());
    assert!(screen(&world).contains("before it was changed"), "{}", screen(&world));
}

#[test]
fn the_history_begins_with_examples_and_keeps_what_was_run_and_what_was_being_written() {
    let mut world = insights();
    let text = |world: &World| world.app.insights().editor().text();
    world.keys("x ctrl-p");
    assert_eq!(text(&world), EXAMPLES[3]);
    world.keys("ctrl-p ctrl-p ctrl-p ctrl-p ctrl-p");
    assert_eq!(text(&world), EXAMPLES[0]);
    world.keys("ctrl-n ctrl-n ctrl-n ctrl-n");
    assert_eq!(text(&world), format!("{FIRST}x"));
    world.keys("ctrl-r y");
    world.keys("ctrl-p");
    assert_eq!(text(&world), format!("{FIRST}x"));
    world.keys("ctrl-p ctrl-n down down down down");
    assert_eq!(text(&world), format!("{FIRST}xy"));
    // At the edges of the text the arrows do the same.
    world.keys("up up up");
    assert_eq!(text(&world), format!("{FIRST}x"));
}

#[test]
fn nothing_is_started_that_says_nothing_or_has_nowhere_to_look() {
    let mut world = insights();
    for _ in 0..80 {
        world.keys("backspace");
    }
    world.keys("# space x ctrl-r");
    assert_eq!(asked(&mut world), []);
    assert!(screen(&world).contains("there is nothing to run"));
    world.keys("esc ] l i ctrl-r");
    assert_eq!(asked(&mut world), [], "the other service has no task definition yet");
    assert!(screen(&world).contains("no log group to ask"), "{}", screen(&world));
}

#[test]
fn rows_are_looked_at_copied_and_saved() {
    let mut world = started();
    later(&mut world, 1_000);
    let (request, _) = only(&mut world);
    let long = "word ".repeat(600);
    let json = r#"{"level":"error","msg":"payment refused","order":{"id":7}}"#;
    answer(&mut world, request, Ok(results(QueryState::Complete, &["one", json, &long, "\u{1b}[31mred\u{202e}"])));
    let row = |world: &World| world.app.insights().sight().row;
    world.keys("j enter");
    assert!(screen(&world).contains("row 2 of 4") && screen(&world).contains("order.id"), "{}", screen(&world));
    world.keys("y");
    let copied =
        |effect: &Effect| matches!(effect, Effect::Copy(text) if text.starts_with(r#"{"@message":"{\"level\""#));
    assert!(world.effects.iter().any(copied), "{:?}", world.effects);
    // A row that does not fit is read to its end before the next one comes.
    world.keys("j j j");
    assert_eq!((row(&world), world.app.insights().sight().opened), (2, Some(2)));
    world.keys("G G");
    assert_eq!(row(&world), 3);
    let shown = screen(&world);
    assert!(shown.contains("red") && !shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
    world.keys("esc");
    assert!(world.app.shows_insights());
    world.effects.clear();
    world.keys("g ctrl-s");
    assert_eq!(row(&world), 0);
    let saved = |effect: &Effect| match effect {
        Effect::Save { lines, name } => lines.len() == 4 && name.starts_with("ecsight-insights-web-"),
        _ => false,
    };
    assert!(world.effects.iter().any(saved));
    world.send(Msg::Mouse(Mouse::Scroll { column: 5, row: 20, by: 1 }));
    assert_eq!(row(&world), 3);
    world.send(Msg::Paste("a\nb".to_owned()));
    assert!(world.app.insights().editor().text().ends_with("a\nb"));
}

#[test]
fn who_writes_on_while_a_query_runs_is_not_taken_to_its_rows() {
    for (keys, focus) in [("", Focus::Results), ("x backspace", Focus::Editor), ("ctrl-t", Focus::Results)] {
        let mut world = started();
        world.keys(keys);
        later(&mut world, 1_000);
        let (request, _) = only(&mut world);
        answer(&mut world, request, Ok(results(QueryState::Complete, &["one"])));
        assert_eq!(world.app.insights().focus(), focus, "{keys}");
    }
}
