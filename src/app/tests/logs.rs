//! The logs of a service: following, reading, and what is on the screen.

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};

use super::world::{START, World, dead_service, options, service};
use crate::app::kept::tasks_of;
use crate::app::message::{Effect, Msg, Size};
use crate::app::remote::RequestId;
use crate::app::screens::Tab;
use crate::diagnose::fixtures::{container, definition, running_task, stopped_task};
use crate::model::arn::TaskArn;
use crate::model::call::{CallError, ErrorKind, Operation};
use crate::model::log::{Followed, Following, LogEvent, TailMode, TailState};
use crate::model::query::{Answer, LogPage, Query};
use crate::model::service::ServiceEvent;
use crate::model::task_definition::{ContainerDefinition, TaskDefinition};

/// The logs of `web` on the full screen, and what follows them.
pub(super) fn opened(size: (u16, u16)) -> (World, RequestId) {
    with_revision(size, definition(30))
}

fn with_revision(size: (u16, u16), revision: TaskDefinition) -> (World, RequestId) {
    let mut web = dead_service("web");
    let text = "(service web) (port 8080) is unhealthy in (target-group web-tg) due to (reason Request timed out)";
    let at = Timestamp::from_second(START - 35).ok();
    web.events.push(ServiceEvent { id: "unhealthy".to_owned(), at, message: text.to_owned() });
    let mut world = World::settled(options(), vec![service("accounts"), web]);
    world.send(Msg::Resize(Size { width: size.0, height: size.1 }));
    let web = world.services[1].clone();
    let arn = web.task_definition.clone().unwrap();
    let moment = world.app.moment();
    let revision = TaskDefinition { arn: arn.clone(), ..revision };
    world.app.store.settle(
        &Query::TaskDefinition { task_definition: arn.clone() },
        moment,
        Ok(Answer::TaskDefinition(Box::new(revision))),
    );
    let started = world.app.aws_now() - SignedDuration::from_secs(45);
    let mut running = running_task("ecs-svc/1", "10.0.0.7", started);
    running.arn = TaskArn::from("arn:aws:ecs:eu-west-1:1:task/shop/0a1b2c3d4e5f60718293a4b5c6d7e8f9");
    running.task_definition = arn.clone();
    let mut dead = stopped_task(
        "EssentialContainerExited",
        "Essential container in task exited",
        vec![container("web", Some(1), None)],
    );
    dead.arn = TaskArn::from("arn:aws:ecs:eu-west-1:1:task/shop/deadbeef4e5f60718293a4b5c6d7e8f9");
    dead.task_definition = arn;
    (dead.created_at, dead.started_at) =
        (Some(started - SignedDuration::from_secs(90)), Some(started - SignedDuration::from_secs(60)));
    (dead.stopping_at, dead.execution_stopped_at) = (None, Some(started + SignedDuration::from_secs(10)));
    dead.stopped_at = dead.execution_stopped_at;
    world.app.store.settle(&tasks_of(&web), moment, Ok(Answer::Tasks(vec![running, dead])));
    assert_eq!(world.app.selected_arn().unwrap().name(), "web");
    world.at += SignedDuration::from_secs(1);
    world.effects.clear();
    world.keys("l");
    let request = world.effects.iter().find_map(|effect| match effect {
        Effect::Follow { request, .. } => Some(*request),
        _ => None,
    });
    let request = request.expect("logs on the screen are followed");
    world.send(Msg::Followed { request, followed: Followed::State(polling(None)) });
    (world, request)
}

fn polling(trouble: Option<CallError>) -> TailState {
    let mode = TailMode::Polling { because: "logs:StartLiveTail is not allowed".to_owned() };
    TailState { source: 0, mode, behind: None, sampled: false, trouble }
}

/// Time passes, and nothing is answered.
fn later(world: &mut World, seconds: i64) {
    world.at += SignedDuration::from_secs(seconds);
    world.send(Msg::Tick);
}

/// The task that runs.
fn task_of(world: &World) -> String {
    let service = world.app.selected_service().unwrap();
    world.app.store().tasks(service).value().unwrap()[0].arn.name().to_owned()
}

fn line(world: &World, seconds_ago: i64, task: &str, message: &str) -> LogEvent {
    let at = world.app.aws_now() - SignedDuration::from_secs(seconds_ago);
    LogEvent { at, ingested: None, source: 0, task: task.to_owned(), message: message.to_owned() }
}

fn come(world: &mut World, request: RequestId, events: Vec<LogEvent>) {
    world.send(Msg::Followed { request, followed: Followed::Events(events) });
}

fn texts(world: &World) -> Vec<String> {
    let logs = world.app.logs().unwrap();
    (0..logs.view().len()).map(|row| logs.line(row).unwrap().text().to_owned()).collect()
}

fn screen(world: &World) -> String {
    super::diagnosis::screen(world)
}

#[test]
fn opening_follows_and_leaving_for_another_service_stops() {
    let (mut world, request) = opened((100, 24));
    assert_eq!((world.app.detail().tab, world.app.is_zoomed()), (Tab::Logs, true));
    let following = world.effects.iter().find_map(|effect| match effect {
        Effect::Follow { following, .. } => Some(following.clone()),
        _ => None,
    });
    let Some(Following { sources, since, .. }) = following else { panic!("nothing is followed") };
    assert_eq!(sources.iter().map(|source| source.group.as_str()).collect::<Vec<_>>(), ["/ecs/web"]);
    assert_eq!(world.app.aws_now().duration_since(since), SignedDuration::from_mins(10));
    world.effects.clear();
    world.keys("1 7");
    assert!(world.effects.is_empty(), "who comes back soon finds what was there");
    world.keys("]");
    later(&mut world, 1);
    assert!(world.effects.contains(&Effect::Cancel { request }));
    assert_ne!(world.app.logs().map(|logs| logs.service().name()), Some("web"));
}

#[test]
fn logs_nobody_looks_at_are_let_go_after_a_while() {
    let (mut world, request) = opened((100, 24));
    world.keys("1");
    world.effects.clear();
    later(&mut world, 100);
    assert!(world.app.logs().is_some());
    later(&mut world, 30);
    assert!(world.app.logs().is_none() && world.effects.contains(&Effect::Cancel { request }));
    // A batch that was on its way does no harm.
    let event = line(&world, 1, "0a", "late");
    come(&mut world, request, vec![event]);
}

#[test]
fn lines_of_other_services_are_left_out_once_the_tasks_are_known() {
    let (mut world, request) = opened((100, 24));
    let own = task_of(&world);
    let events = vec![
        line(&world, 3, &own, "mine"),
        line(&world, 2, "ffff", "of somebody"),
        line(&world, 7_200, "old", "ages ago"),
    ];
    come(&mut world, request, events);
    assert_eq!(texts(&world), ["ages ago", "mine"]);
    assert!(screen(&world).contains("1 of unlisted tasks"));
    world.pass(30);
    world.answer_all();
    let logs = world.app.logs().unwrap();
    assert_eq!((texts(&world).len(), logs.claims().waiting(), logs.claims().foreign()), (2, 0, 1));
}

#[test]
fn reading_pauses_and_the_end_follows_again() {
    let (mut world, request) = opened((100, 24));
    let task = task_of(&world);
    let events = (0..100).map(|number| line(&world, 200 - number, &task, &format!("line {number}"))).collect();
    come(&mut world, request, events);
    let shown = |world: &World, text: &str| screen(world).contains(text);
    assert!(shown(&world, "line 99") && shown(&world, "following"));
    world.keys("k k");
    assert!(shown(&world, "paused, 2 newer"));
    let more = vec![line(&world, 1, &task, "line 100")];
    come(&mut world, request, more);
    let before = screen(&world);
    assert!(!before.contains("line 100"), "nothing moves under who reads");
    world.keys("g");
    assert!(shown(&world, "line 0 ") && !shown(&world, "line 99"));
    world.keys("G");
    assert!(shown(&world, "line 100") && shown(&world, "following"));
    world.keys("space");
    assert!(shown(&world, "paused"));
}

#[test]
fn searching_narrowing_and_filters() {
    let (mut world, request) = opened((100, 24));
    let task = task_of(&world);
    let events = vec![
        line(&world, 50, &task, "GET / 200"),
        line(&world, 40, &task, "\u{1b}[31mERR\u{1b}[1mOR\u{1b}[0m lost the database"),
        line(&world, 30, &task, "GET /x 200"),
        line(&world, 20, &task, "all is well"),
    ];
    come(&mut world, request, events);
    let here = |world: &World| {
        let logs = world.app.logs().unwrap();
        logs.line(logs.row().unwrap()).unwrap().text().to_owned()
    };
    world.keys("/ g e t enter");
    assert_eq!(here(&world), "GET /x 200", "the newest first");
    world.keys("N");
    assert_eq!(here(&world), "GET / 200");
    world.keys("n");
    assert_eq!(here(&world), "GET /x 200");
    world.keys("n");
    assert!(here(&world) == "GET / 200" && screen(&world).contains("this is the oldest"), "{}", screen(&world));
    world.keys("N");
    assert!(here(&world) == "GET /x 200" && screen(&world).contains("this is the newest"), "{}", screen(&world));
    world.keys("v g e t enter");
    assert!(texts(&world)[0].contains("lost") && texts(&world)[1..] == ["all is well"]);
    world.keys("f / [ / enter");
    assert!(screen(&world).contains("not a regular expression"), "{}", screen(&world));
    world.keys("esc ?");
    let help = screen(&world);
    assert!(help.contains("find text") && !help.contains("only while logs"), "keys of the moment first: {help}");
    world.keys("esc f e r r o r enter");
    assert!(texts(&world).len() == 1 && texts(&world)[0].contains("lost"), "colours are no part of the text");
    // The first drops what was searched for, the second the filters, the third closes.
    world.keys("esc esc");
    assert_eq!(texts(&world).len(), 4);
    world.keys("f n o n e enter");
    assert!(texts(&world).is_empty() && screen(&world).contains("Esc drops them"));
    world.keys("esc");
    assert!(world.app.is_zoomed() && texts(&world).len() == 4, "also where no line is left");
    world.keys("t");
    assert!(screen(&world).contains(&task));
    world.keys("down enter");
    assert!(screen(&world).contains("· task "));
    world.keys("esc esc");
    assert!(!world.app.is_zoomed());
}

#[test]
fn times_marks_copies_and_files() {
    let (mut world, request) = opened((100, 24));
    let task = task_of(&world);
    let events = vec![
        line(&world, 30, &task, "one"),
        line(&world, 20, &task, "\u{1b}[31mtwo\u{1b}[0m\u{202e}"),
        line(&world, 10, &task, "three"),
    ];
    come(&mut world, request, events);
    world.keys("m k");
    world.effects.clear();
    world.keys("y");
    let copied = world.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.unwrap();
    let lines: Vec<&str> = copied.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].ends_with("two�") && lines[1].ends_with(&format!("{task} web three")), "{lines:?}");
    world.keys("esc");
    world.effects.clear();
    world.keys("ctrl-s");
    assert!(world.effects.iter().any(
        |effect| matches!(effect, Effect::Save { lines, name } if lines.len() == 3 && name.starts_with("ecsight-web-"))
    ));
    world.send(Msg::Saved(Ok((3, "web.log".to_owned()))));
    assert!(screen(&world).contains("3 lines written to web.log"));
    world.keys("z");
    assert!(screen(&world).contains("times are local: UTC (UTC+00:00)"), "{}", screen(&world));
    world.keys("z");
    assert!(screen(&world).contains(" ago "));
    world.keys("@ 1 h enter");
    assert!(screen(&world).contains("not all lines of then are held"));
    world.keys("@ 2 5 s enter");
    let logs = world.app.logs().unwrap();
    assert!(logs.line(logs.row().unwrap()).unwrap().text().contains("two"));
}

#[test]
fn older_lines_come_before_and_a_dead_task_alone() {
    let (mut world, request) = opened((100, 24));
    let task = task_of(&world);
    let events = vec![line(&world, 30, &task, "new")];
    come(&mut world, request, events);
    world.keys("o");
    let asked = world.effects.iter().find_map(|effect| match effect {
        Effect::Ask { request, query: Query::LogEvents { until, most: 1_000, task: None, .. }, .. } => {
            Some((*request, *until))
        }
        _ => None,
    });
    let (asked, until) = asked.expect("older lines are asked for");
    let older = LogEvent { at: until - SignedDuration::from_secs(5), ..line(&world, 0, &task, "old") };
    let page = LogPage { events: vec![older], complete: false };
    world.send(Msg::Answered { request: asked, result: Box::new(Ok(Answer::LogEvents(page))) });
    assert_eq!(texts(&world), ["old", "new"]);
    assert!(screen(&world).contains("and there is more before"));
    world.keys("p");
    let dead = world.app.last_dead_task().unwrap().arn.name().to_owned();
    let of_dead = |effect: &Effect| match effect {
        Effect::Ask { query: Query::LogEvents { task, .. }, .. } => task.as_deref() == Some(dead.as_str()),
        _ => false,
    };
    assert!(world.effects.iter().any(of_dead));
}

/// A revision with an application and a proxy beside it.
fn two_containers() -> TaskDefinition {
    let mut revision = definition(30);
    let app = revision.containers.remove(0);
    revision.containers =
        ["app", "proxy"].map(|name| ContainerDefinition { name: name.to_owned(), ..app.clone() }).into();
    revision
}

/// What was asked of the past: by which request, of which container, until when.
fn asked_of_past(world: &mut World) -> Vec<(RequestId, String, Timestamp)> {
    let asked = std::mem::take(&mut world.effects).into_iter().filter_map(|effect| match effect {
        Effect::Ask { request, query: Query::LogEvents { source, until, .. }, .. } => {
            Some((request, source.container, until))
        }
        _ => None,
    });
    asked.collect()
}

#[test]
fn of_a_chatty_container_what_is_not_held_is_told_and_read() {
    let (mut world, request) = with_revision((100, 24), two_containers());
    let task = task_of(&world);
    let of = |world: &World, source, seconds_ago, message: &str| LogEvent {
        source,
        ..line(world, seconds_ago, &task, message)
    };
    let begins = line(&world, 60, &task, "").at;
    world.send(Msg::Followed { request, followed: Followed::Begins { source: 1, at: begins } });
    let quiet = vec![of(&world, 0, 500, "app one"), of(&world, 0, 30, "app two")];
    let chatty = [of(&world, 1, 60, "proxy b"), of(&world, 1, 60, "proxy b"), of(&world, 1, 20, "proxy c")];
    come(&mut world, request, quiet.into_iter().chain(chatty.clone()).collect());
    world.keys("g");
    assert_snapshot!("logs_of_a_chatty_container_100x24", screen(&world));
    world.effects.clear();
    world.keys("o");
    let asked = asked_of_past(&mut world);
    let since = world.app.logs().unwrap().begins_at(0);
    let until = |container: &str| asked.iter().find(|(_, of, _)| of == container).map(|(_, _, until)| *until);
    assert_eq!((asked.len(), until("app"), until("proxy")), (2, Some(since), Some(begins)));
    // Three equal lines of that moment, two of which are held, and one that is older.
    let [held, again, _] = chatty;
    let events = vec![of(&world, 0, 100, "proxy a"), held.clone(), again, held];
    let older = events[0].at;
    for (asked, container, _) in asked {
        let events = if container == "proxy" { events.clone() } else { Vec::new() };
        let complete = container == "app";
        let page =
            LogPage { events: events.into_iter().map(|event| LogEvent { source: 0, ..event }).collect(), complete };
        world.send(Msg::Answered { request: asked, result: Box::new(Ok(Answer::LogEvents(page))) });
    }
    assert_eq!(texts(&world), ["app one", "proxy a", "proxy b", "proxy b", "proxy b", "app two", "proxy c"]);
    assert_eq!(world.app.logs().unwrap().begins_at(1), older);
    world.keys("o");
    let asked = asked_of_past(&mut world);
    assert!(asked.iter().any(|(_, of, until)| of == "proxy" && *until == older), "{asked:?}");
}

#[test]
fn lines_of_a_task_that_died_leave_no_hole_before_the_others() {
    let (mut world, request) = opened((100, 24));
    let task = task_of(&world);
    let events = vec![line(&world, 30, &task, "new")];
    come(&mut world, request, events);
    let since = world.app.logs().unwrap().begins_at(0);
    world.keys("p");
    let dead = world.app.last_dead_task().unwrap().arn.name().to_owned();
    let [(asked, _, _)] = asked_of_past(&mut world).try_into().unwrap();
    let events = vec![line(&world, 3_000, &dead, "its first"), line(&world, 2_900, &dead, "its last")];
    let page = LogPage { events, complete: true };
    world.send(Msg::Answered { request: asked, result: Box::new(Ok(Answer::LogEvents(page))) });
    assert_eq!(texts(&world), ["its first", "its last"]);
    assert!(screen(&world).contains("that is all this task wrote"), "{}", screen(&world));
    world.keys("o");
    let first = line(&world, 3_000, &dead, "").at;
    assert_eq!(asked_of_past(&mut world).iter().map(|(_, _, until)| *until).collect::<Vec<_>>(), [first]);
    // Of all the others what was written meanwhile is still missing.
    world.send(Msg::Tick);
    world.keys("esc g");
    assert!(screen(&world).contains("lines before this are not all read; o reads older ones"), "{}", screen(&world));
    assert_eq!(world.app.logs().unwrap().begins_at(0), since);
}

#[test]
fn days_are_told_where_they_change() {
    let (mut world, request) = opened((100, 24));
    let task = task_of(&world);
    let day = 24 * 3_600;
    let events = vec![
        line(&world, 3 * day, &task, "long ago"),
        line(&world, day, &task, "yesterday"),
        line(&world, day - 1, &task, "a second later"),
        line(&world, 10, &task, "now"),
    ];
    come(&mut world, request, events);
    world.keys("g");
    let days = |world: &World| {
        let shown = screen(world);
        shown
            .lines()
            .filter_map(|line| Some(line.split("── ").nth(1)?.split(" UTC").next()?.to_owned()))
            .collect::<Vec<_>>()
    };
    let told = days(&world);
    let told: Vec<&str> = told.iter().map(String::as_str).filter(|text| text.contains("day, ")).collect();
    assert_eq!(told, ["Friday, 2026-02-27", "Sunday, 2026-03-01", "Monday, 2026-03-02"], "{}", screen(&world));
    world.keys("z z");
    assert!(!screen(&world).contains("day, "), "ages tell");
}

#[test]
fn hostile_lines_stay_lines() {
    let (mut world, request) = opened((80, 24));
    let task = task_of(&world);
    let long = "x".repeat(256_000);
    let hostile =
        ["\u{1b}[2J\u{1b}]0;owned\u{7}", "\0\0nul", "\u{202e}rtl", "👩‍👩‍👧 1️⃣ é東", "�invalid", long.as_str(), "a\nb\rc"];
    let events = hostile.iter().map(|text| line(&world, 5, &task, text)).collect();
    come(&mut world, request, events);
    for keys in ["", "w", "k k", "enter", "w", "z z z"] {
        if !keys.is_empty() {
            world.keys(keys);
        }
        let shown = screen(&world);
        assert!(!shown.chars().any(|character| character != '\n' && character.is_control()), "{keys}");
        assert!(!shown.contains('\u{202e}'), "{keys}");
    }
}

#[test]
fn trouble_and_silence_are_told() {
    let (mut world, request) = opened((80, 24));
    assert_snapshot!("logs_silent_80x24", screen(&world));
    let error = CallError {
        kind: ErrorKind::Denied,
        operation: Operation::new("logs", "FilterLogEvents"),
        message: "not authorized to perform: logs:FilterLogEvents".to_owned(),
        request_id: None,
        hint: None,
    };
    world.send(Msg::Followed { request, followed: Followed::State(polling(Some(error))) });
    assert_snapshot!("logs_denied_80x24", screen(&world));
}

#[test]
fn the_logs_on_screens_of_several_sizes() {
    for size in [(80, 24), (140, 36)] {
        let (mut world, request) = opened(size);
        let task = task_of(&world);
        let json = r#"{"level":"error","msg":"payment refused","order":{"id":7},"user":"ada"}"#;
        let events = vec![
            line(&world, 60, &task, "starting web, revision 30"),
            line(&world, 50, &task, "\u{1b}[33mWARN\u{1b}[0m slow query: 1203 ms"),
            line(&world, 40, &task, json),
            line(&world, 30, &task, &format!("GET /healthz 200 {}", "agent ".repeat(40))),
        ];
        come(&mut world, request, events);
        world.keys("k enter");
        assert_snapshot!(format!("logs_{}x{}", size.0, size.1), screen(&world));
        world.keys("enter w");
        assert_snapshot!(format!("logs_wrapped_{}x{}", size.0, size.1), screen(&world));
    }
}
