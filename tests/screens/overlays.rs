//! What lies over the main screen: help, choosers, calls, errors, questions.

use ecsight::model::call::{CallRecord, ErrorKind, Operation};
use insta::assert_snapshot;
use jiff::SignedDuration;

use crate::fixtures::{World, error, now, shop};
use crate::session::{Session, options};

fn after(keys: &str, width: u16, height: u16) -> Session {
    let mut session = Session::settled(width, height, shop());
    session.press(keys);
    session
}

#[test]
fn help_lists_the_registry() {
    assert_snapshot!("help_80x24", after("?", 80, 24).screen());
    assert_snapshot!("help_end_80x24", after("?G", 80, 24).screen());
}

#[test]
fn palette() {
    assert_snapshot!("palette_80x24", after(":", 80, 24).screen());
    assert_snapshot!("palette_typed_80x24", after(":dep", 80, 24).screen());
    assert_snapshot!("palette_empty_80x24", after(":zzzz", 80, 24).screen());
}

#[test]
fn clusters() {
    assert_snapshot!("clusters_80x24", after("c<down>", 80, 24).screen());
    let mut world = shop();
    world.failing.insert("ListClusters", ErrorKind::Denied);
    let mut session = Session::settled(80, 24, world);
    session.press("c");
    assert_snapshot!("clusters_denied_80x24", session.screen());
}

#[test]
fn without_a_cluster_the_user_chooses() {
    let mut options = options();
    options.cluster = None;
    let mut session = Session::start(80, 24, shop(), options.clone());
    assert_snapshot!("no_cluster_yet_80x24", session.screen());
    session.settle();
    assert_snapshot!("no_cluster_chooses_80x24", session.screen());
    let mut session = Session::start(80, 24, World::default(), options);
    session.settle();
    assert_snapshot!("no_clusters_at_all_80x24", session.screen());
}

fn calls() -> Vec<CallRecord> {
    let call = |seconds: i64, name: &str, failure: Option<ErrorKind>, mutating: bool| CallRecord {
        at: now() - SignedDuration::from_secs(seconds),
        operation: Operation::new("ecs", name),
        duration_ms: 48,
        failure: failure.map(|kind| (kind, "Rate exceeded".to_owned())),
        request_id: Some("0b7e1a52-7c1e-4f0e-9d57-3f7a5d1c2b4e".to_owned()),
        server_time: None,
        mutating,
    };
    vec![
        call(30, "ListServices", None, false),
        call(20, "DescribeServices", Some(ErrorKind::Throttled), false),
        call(10, "UpdateService", None, true),
    ]
}

#[test]
fn calls_to_aws() {
    let mut session = after("", 80, 24);
    session.record(calls());
    session.keys("a");
    assert_snapshot!("calls_80x24", session.screen());
    let mut session = after("", 140, 36);
    session.record(calls());
    session.keys("a");
    assert_snapshot!("calls_140x36", session.screen());
}

#[test]
fn errors_say_what_to_do() {
    let mut world = shop();
    world.failing.insert("ListTasks", ErrorKind::Denied);
    world.failing.insert("DescribeTargetHealth", ErrorKind::Throttled);
    let mut session = Session::settled(80, 24, world);
    session.keys("e");
    assert_snapshot!("errors_80x24", session.screen());
}

#[test]
fn plans() {
    assert_snapshot!("plan_redeploy_80x24", after("R", 80, 24).screen());
    assert_snapshot!("plan_redeploy_140x36", after("R<tab>", 140, 36).screen());
    assert_snapshot!("plan_redeploy_40x8", after("R", 40, 8).screen());
    assert_snapshot!("scale_entry_80x24", after("S", 80, 24).screen());
    assert_snapshot!("scale_entry_wrong_80x24", after("S<backspace>many<enter>", 80, 24).screen());
    assert_snapshot!("plan_scale_to_0_80x24", after("S<backspace>0<enter>", 80, 24).screen());
    assert_snapshot!("plan_scale_far_80x24", after("S00<enter>", 80, 24).screen());
}

#[test]
fn a_plan_whose_ground_moved_is_shown_anew() {
    let mut session = after("R", 80, 24);
    session.world.service("messenger-web").desired = 6;
    session.keys("Y");
    assert_snapshot!("plan_rereading_80x24", session.screen());
    session.answer();
    assert_snapshot!("plan_moved_80x24", session.screen());
    assert!(session.changes.is_empty(), "nothing is sent before the new plan was seen");
}

#[test]
fn a_change_on_its_way_and_refused() {
    let mut session = after("R", 80, 24);
    session.keys("Y");
    session.answer();
    assert_snapshot!("plan_sending_80x24", session.screen());
    session.refuse_change(error(ErrorKind::Denied, "ecs", "UpdateService"));
    assert_snapshot!("plan_failed_80x24", session.screen());
}

#[test]
fn where_a_plan_acts_and_its_buttons_are_never_hidden() {
    for (width, height) in [(40, 8), (60, 10), (80, 12), (80, 14), (80, 24), (200, 50)] {
        let screen = after("R", width, height).screen();
        for part in ["111122223333", "eu-west-1", "shop-prod", "messenger-web", "Cancel ]", "Confirm ]"] {
            assert!(screen.contains(part), "{part} is missing at {width}x{height}:\n{screen}");
        }
    }
}
