//! `ecsight logs`: lines merged over tasks, each once, for people and for programs.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use ecsight::sim::{Application, Blueprint, Simulator, World};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::program::{PATIENCE, Program};
use crate::terminal::Terminal;
use crate::worlds::{hurried, still};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_one_object_a_line_in_time_order_each_once() {
    let simulator = still(World::demo(1)).await;
    let lines = lines(&Program::on(&simulator).run("logs messenger-web -c shop-prod -o json --since 1h").await.done());
    assert!(lines.len() > 100, "{}", lines.len());
    let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
    for line in &lines {
        let keys: BTreeSet<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["container", "message", "stream", "task", "timestamp"].into());
        let (timestamp, stream) = (text(line, "timestamp"), text(line, "stream"));
        assert_eq!(
            (timestamp.len(), timestamp.ends_with('Z')),
            ("2026-01-31T13:10:05.123Z".len(), true),
            "{timestamp}"
        );
        assert_eq!(stream, format!("ecs/messenger-web/{}", text(line, "task")));
    }
    let times: Vec<String> = lines.iter().map(|line| text(line, "timestamp")).collect();
    assert!(times.is_sorted());
    let tasks: BTreeSet<String> = lines.iter().map(|line| text(line, "task")).collect();
    assert!(tasks.len() > 10, "stopped tasks are among them: {}", tasks.len());
    let starts = lines.iter().filter(|line| text(line, "message").starts_with("starting messenger-web")).count();
    assert!(starts <= tasks.len(), "{starts} starts of {} tasks", tasks.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_narrowed_by_task_pattern_and_time() {
    let simulator = still(World::demo(1)).await;
    let program = Program::on(&simulator);
    let all = program.run("logs messenger-web -c shop-prod").await.done();
    let health_checks = program.run("logs messenger-web -c shop-prod --grep elb-healthchecker").await.done();
    let others = program.run("logs messenger-web -c shop-prod --exclude elb-healthchecker").await.done();
    assert!(!health_checks.is_empty() && !others.is_empty());
    assert_eq!(all.lines().count(), health_checks.lines().count() + others.lines().count());
    let task = all.lines().last().unwrap().split(' ').nth(1).unwrap();
    let beginning: String = task.chars().take(8).collect();
    let of_task = program.run(&format!("logs messenger-web -c shop-prod --task {beginning}")).await.done();
    assert!(of_task.lines().all(|line| line.contains(task)) && of_task.lines().count() < all.lines().count());
    let previous = program.run("logs messenger-web -c shop-prod --previous").await.done();
    let of: BTreeSet<&str> = previous.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(of.len(), 1, "{previous}");
    assert!(previous.contains("starting messenger-web"), "from its start: {previous}");
    let earlier = program.run("logs messenger-web -c shop-prod --since 15m --until 10m").await.done();
    let first = all.lines().next().unwrap();
    assert!(!earlier.is_empty() && earlier.lines().all(|line| line < first), "an interval ends where it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_told() {
    let simulator = still(World::demo(1)).await;
    for (arguments, words) in [
        ("--since soon", "\"soon\" is no time"),
        ("--grep (", "not a regular expression"),
        ("--container nope", "there is no container nope in service messenger-web"),
        ("--task ffffffffffff", "there is no task ffffffffffff in service messenger-web"),
        ("--follow --until 1m", "cannot be used with"),
    ] {
        let complaint =
            Program::on(&simulator).run(&format!("logs messenger-web -c shop-prod {arguments}")).await.refused(2);
        assert!(complaint.contains(words), "{complaint}");
    }
}

/// A reader that has seen enough ends it, as with `| head`.
#[tokio::test(flavor = "multi_thread")]
async fn following_goes_on_until_the_reader_is_gone() {
    let simulator = hurried(World::demo(1)).await;
    let program = Program::on(&simulator);
    let mut command = program.command("logs messenger-web -c shop-prod --follow --since 2m -o json");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen: Vec<Value> = Vec::new();
    let newest = |seen: &[Value]| seen.iter().map(|line| line["timestamp"].to_string()).max();
    let reading = async {
        // What is there, and then something newer than all of it.
        while seen.len() < 20 {
            seen.push(serde_json::from_str(&out.next_line().await.unwrap().unwrap()).unwrap());
        }
        let known = newest(&seen);
        while newest(&seen) == known || seen.len() < 60 {
            seen.push(serde_json::from_str(&out.next_line().await.unwrap().unwrap()).unwrap());
        }
        drop(out);
        child.wait().await.unwrap()
    };
    let status = tokio::time::timeout(PATIENCE, reading).await.expect("it goes on and then ends");
    assert!(status.success());
    let each: BTreeSet<String> = seen.iter().map(ToString::to_string).collect();
    assert_eq!(each.len(), seen.len(), "each line once");
}

/// What is written, and what of it can be read.
const HOSTILE: [(&str, &str); 8] = [
    ("\x1b]52;c;b3duZWQ=\x07\x1b]8;;http://evil.example\x1b\\here", "␛]52;c;b3duZWQ=␇␛]8;;http://evil.example␛\\here"),
    ("\x1b[2J\x1b[H\x1b[?1049l\x1bP1$r0m\x1b\\ \x1bc", "␛[2J␛[H␛[?1049l␛P1$r0m␛\\ ␛c"),
    ("\u{9b}31m\u{9d}0;owned\u{9c} \0\x07\x08\rover\x7f", "�31m�0;owned� ␀␇␈␍over␡"),
    ("two\nlines\u{2028}three\tand a tab", "two␤lines␤three and a tab"),
    ("\u{202e}nimda\u{200f}\u{2067}", "�nimda��"),
    ("\"quoted\" \\ back\\slash שלום 東京 🚀 e\u{301}", "\"quoted\" \\ back\\slash שלום 東京 🚀 e\u{301}"),
    ("\x1b[1;31mred\x1b[0m plain\x1b[38;2;1;2;3m", "red plain"),
    ("{\"level\":\"info\",\"message\":\"\\u001b[2J\"}", "{\"level\":\"info\",\"message\":\"\\u001b[2J\"}"),
];
const LONG: usize = 256_000;
const LAST: &str = "the last line";

async fn hostile() -> Simulator {
    let long = "é".repeat(LONG / 2);
    let lines = HOSTILE.iter().map(|(written, _)| *written).chain([long.as_str(), LAST]);
    let application = (10..).zip(lines).fold(Application::worker(), |application, (second, line)| {
        application.writing(Duration::from_secs(second), line)
    });
    let mut world = World::empty(7);
    world.add_cluster("shop");
    world.add_service("shop", &Blueprint::worker("web").tasks(1).running(application).settled(Duration::from_mins(3)));
    still(world).await
}

/// Whether it holds nothing that a terminal obeys, but for the ends of lines.
fn is_text(out: &str) -> bool {
    out.chars().all(|character| character == '\n' || !character.is_control())
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_lines_are_text_and_stay_lines() {
    let simulator = hostile().await;
    let program = Program::on(&simulator);
    let out = program.run("logs web -c shop").await.done();
    assert!(is_text(&out));
    let shown: Vec<&str> = out.lines().map(|line| line.splitn(4, ' ').nth(3).unwrap()).collect();
    let expected: Vec<&str> = HOSTILE.iter().map(|(_, shown)| *shown).collect();
    assert_eq!(shown[1..=HOSTILE.len()], expected);
    assert_eq!(shown[HOSTILE.len() + 1..], ["é".repeat(LONG / 2).as_str(), LAST], "whole, on one line");
    let out = program.run("logs web -c shop -o json").await.done();
    assert!(is_text(&out));
    let messages: Vec<Value> = lines(&out).into_iter().map(|mut line| line["message"].take()).collect();
    assert_eq!(messages, shown, "the same in JSON");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_lines_are_followed_on_a_terminal() {
    let simulator = hostile().await;
    for format in ["text", "json"] {
        let mut terminal = Terminal::start(&Program::on(&simulator), &format!("logs web -c shop --follow -o {format}"));
        terminal.until("starting web");
        let seen = terminal.until(LAST);
        assert!(seen.len() > LONG && is_text(&seen.replace('\r', "")), "{format}: {}", seen.len());
    }
}
