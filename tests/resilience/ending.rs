//! What is still on its way when the program ends. Here the event loop itself runs, in real time.

use std::time::Duration;

use ecsight::app::App;
use ecsight::app::message::{Msg, Size};
use ecsight::aws::Aws;
use ecsight::runtime::effects::Requests;
use ecsight::runtime::event_loop::{EventLoop, Flow, INBOX};
use ecsight::sim::{Blueprint, Clock, FaultKind, Simulator, World};
use ecsight::ui::{Theme, view};
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::shift::{options, settings};

/// Whether a key may be pressed.
type Ready = fn(&App) -> bool;

#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_logs_whose_id_is_not_known_yet_is_stopped_all_the_same() {
    let mut world = World::empty(1);
    world.add_cluster("shop");
    world.add_service("shop", &Blueprint::worker("mailer"));
    let listen = "127.0.0.1:0".parse().unwrap();
    let simulator = Simulator::start(listen, world, Clock::Real { speed: 1.0 }, Duration::ZERO).await.unwrap();
    simulator.inject("StartQuery", FaultKind::Hang);

    let (outbox, inbox) = mpsc::channel(INBOX);
    let connect = Aws::connect(settings(&simulator), |_| ());
    let requests = Requests::new(Handle::current(), connect, outbox.clone());
    let app = App::new(options(Some("shop")), Timestamp::now(), Size { width: 140, height: 40 });
    let theme = Theme::default();
    let mut event_loop = EventLoop::new(app, |app, buffer| view(app, &theme, buffer), std::io::sink(), requests, inbox);
    event_loop.start().unwrap();
    let key = |name: &str| Msg::Key(name.parse().unwrap());
    // Each key once what it needs is there: a service, its logs, and where it writes.
    let steps: [(&str, Ready); 3] = [
        ("l", |app| app.selected_service().is_some()),
        ("i", |app| app.logs().is_some()),
        ("ctrl-r", |app| app.shows_insights() && !app.insights_groups().asked.is_empty()),
    ];
    for (name, is_ready) in steps {
        while !is_ready(event_loop.app()) {
            event_loop.turn().await.unwrap();
        }
        outbox.send(key(name)).await.unwrap();
    }
    while !event_loop.app().is_starting_query() {
        event_loop.turn().await.unwrap();
    }
    simulator.called("StartQuery").await;
    outbox.send(key("ctrl-c")).await.unwrap();
    while event_loop.turn().await.unwrap() != Flow::Quit {}

    let ends = event_loop.finish_stops();
    tokio::join!(ends, async { simulator.heal_all() });
    assert!(!event_loop.app().is_starting_query());
    assert_eq!(simulator.calls().get("StopQuery"), Some(&1), "{:?}", simulator.calls());
}
