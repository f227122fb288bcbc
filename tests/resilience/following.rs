//! Logs followed on the screen while a rollout replaces every task: each line of each task is held once and in order, and
//! the marks tell what happened in between.

use ecsight::actions::rollout::Verdict;
use ecsight::aws::{Aws, Credentials, Priority, Settings};
use ecsight::model::log::LogSource;
use ecsight::model::query::{Answer, Query};
use ecsight::sim::{Application, Blueprint, FaultKind, World};
use jiff::Timestamp;

use crate::shift::Shift;

type Line = (Timestamp, String, String);

fn world() -> World {
    let mut world = World::empty(3);
    world.add_cluster("shop");
    world.add_service("shop", &Blueprint::web("web").tasks(3).running(Application::web(8080).chatting(300, true)));
    world
}

/// What the screen holds of the time between two moments.
fn held(shift: &Shift, from: Timestamp, until: Timestamp) -> Vec<Line> {
    let Some(logs) = shift.app.logs() else { return Vec::new() };
    let held = logs.held();
    let lines = held
        .from(held.start())
        .map(|(_, line)| (line.at(), held.tasks()[usize::from(line.task)].clone(), line.text().to_owned()));
    lines.filter(|(at, ..)| (from..=until).contains(at)).collect()
}

/// What the tasks wrote between two moments, as CloudWatch has it.
async fn written(shift: &Shift, from: Timestamp, until: Timestamp) -> Vec<Line> {
    let settings = Settings {
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some(shift.simulator.endpoint()),
        credentials: Credentials::Fixed { access_key: "test".to_owned(), secret_key: "test".to_owned() },
        ..Settings::default()
    };
    let aws = Aws::connect(settings, |_| ()).await;
    let source =
        LogSource { container: "web".into(), group: "/ecs/web".into(), prefix: "ecs/web/".into(), region: None };
    let query = Query::LogEvents { source, task: None, from, until, most: u32::MAX };
    let Ok(Answer::LogEvents(page)) = aws.answer(&query, Priority::Interactive).await else { panic!("no logs") };
    page.events.into_iter().map(|event| (event.at, event.task, event.message)).collect()
}

/// Follows through a rollout.
async fn rolled_out(mut shift: Shift) {
    shift.press("l").await;
    shift.hear_until(|shift| shift.shows(&["following"])).await;
    let from = shift.now;
    shift.press("R").await;
    shift.press("Y").await;
    let steady =
        |shift: &Shift| shift.app.watches().first().is_some_and(|watch| watch.progress.verdict == Verdict::Steady);
    assert!(shift.pass_until(600, steady).await, "{}", shift.screen());
    let until = shift.now;
    // What was written by then is taken in and read a little later.
    shift.pass(10).await;
    let mut truth = written(&shift, from, until).await;
    shift.hear_until(|shift| held(shift, from, until).len() >= truth.len()).await;
    let mut held = held(&shift, from, until);
    assert!(held.is_sorted_by_key(|(at, ..)| *at), "in the order of their times");
    truth.sort();
    held.sort();
    assert_eq!(held, truth);
    let tasks: std::collections::BTreeSet<&String> = held.iter().map(|(_, task, _)| task).collect();
    assert_eq!(tasks.len(), 6, "three old ones and three new ones");
    // Only their last words, with everything that happened between them.
    shift.press("fSIGTERM<enter>").await;
    let told = |shift: &Shift| {
        let screen = shift.screen();
        let count = |text: &str| screen.matches(text).count();
        (
            count("deployment of web:5 began"),
            count("(web:5) started"),
            count("(web:5) stopped"),
            count("SIGTERM received"),
        )
    };
    assert!(shift.pass_until(120, |shift| told(shift) == (1, 3, 3, 3)).await, "{:?}\n{}", told(&shift), shift.screen());
}

#[tokio::test]
async fn a_rollout_is_followed_line_by_line() {
    Box::pin(rolled_out(Shift::settled(world()).await)).await;
}

#[tokio::test]
async fn a_rollout_is_followed_where_live_tail_is_refused() {
    let shift = Shift::settled(world()).await;
    shift.simulator.inject("StartLiveTail", FaultKind::Deny);
    Box::pin(rolled_out(shift)).await;
}
