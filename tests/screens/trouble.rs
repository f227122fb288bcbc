//! What AWS did not or would not say: nothing disappears, everything admits its age.

use ecsight::model::call::ErrorKind;
use insta::assert_snapshot;

use crate::fixtures::{World, cluster, shop};
use crate::session::{Session, options};

#[test]
fn loading() {
    let mut session = Session::start(80, 24, shop(), options());
    // Only the names of the services have come.
    let answered =
        session.open.iter().position(|(_, query)| matches!(query, ecsight::model::query::Query::ServiceArns { .. }));
    let (request, query) = session.open.remove(answered.unwrap());
    let result = session.world.answer(&query);
    session.send(ecsight::app::message::Msg::Answered { request, result: Box::new(result) });
    assert_snapshot!("loading_80x24", session.screen());
}

#[test]
fn what_is_denied_from_the_start_is_named() {
    let mut world = shop();
    world.failing.insert("ListTasks", ErrorKind::Denied);
    world.failing.insert("DescribeTargetHealth", ErrorKind::Denied);
    world.failing.insert("DescribeListeners", ErrorKind::Denied);
    let mut session = Session::settled(80, 24, world);
    assert_snapshot!("denied_overview_80x24", session.screen());
    session.press("2");
    assert_snapshot!("denied_tasks_80x24", session.screen());
    session.press("3");
    assert_snapshot!("denied_targets_80x24", session.screen());
}

#[test]
fn a_failed_refresh_keeps_what_was_there() {
    let mut session = Session::settled(80, 24, shop());
    session.press("2");
    session.world.failing.insert("ListTasks", ErrorKind::Denied);
    session.run(37);
    assert_snapshot!("stale_tasks_80x24", session.screen());
    session.press("e");
    session.press("<esc>");
    assert!(!session.screen().contains("✖ 1× denied"), "an error that was seen is not pinned");
}

#[test]
fn a_lost_network_keeps_everything_and_says_so() {
    let mut session = Session::settled(80, 24, shop());
    for operation in ["ListServices", "DescribeServices", "ListTasks", "DescribeTargetHealth"] {
        session.world.failing.insert(operation, ErrorKind::Network);
    }
    session.run(100);
    assert_snapshot!("offline_80x24", session.screen());
    session.world.failing.clear();
    session.run(70);
    let screen = session.screen();
    assert!(screen.contains("live") && !screen.contains("offline"), "it recovers by itself:\n{screen}");
}

#[test]
fn answers_that_do_not_come_age() {
    let mut session = Session::settled(80, 24, shop());
    session.hang(37);
    assert_snapshot!("hanging_80x24", session.screen());
}

#[test]
fn a_cluster_that_is_not_there_and_one_that_is_empty() {
    let world = World { clusters: vec![cluster("other", 1, 1)], ..World::default() };
    assert_snapshot!("unknown_cluster_80x24", Session::settled(80, 24, world).screen());
    let world = World { clusters: vec![cluster("shop-prod", 0, 0)], ..World::default() };
    assert_snapshot!("empty_cluster_80x24", Session::settled(80, 24, world).screen());
}

#[test]
fn everything_denied() {
    let mut world = shop();
    world.failing.insert("ListServices", ErrorKind::Denied);
    assert_snapshot!("list_denied_80x24", Session::settled(80, 24, world).screen());
}
