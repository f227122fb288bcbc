//! The main screen: services above, the selected one below.

use ecsight::model::call::{CallRecord, Operation};
use ecsight::ui::Theme;
use insta::assert_snapshot;
use ratatui::style::Color;

use crate::fixtures::{World, shop, steady};
use crate::session::{Session, options, text_of};

#[test]
fn before_any_answer() {
    assert_snapshot!(Session::start(80, 24, World::default(), options()).screen());
}

#[test]
fn the_shop() {
    assert_snapshot!("shop_80x24", Session::settled(80, 24, shop()).screen());
    assert_snapshot!("shop_140x36", Session::settled(140, 36, shop()).screen());
    assert_snapshot!("shop_200x50", Session::settled(200, 50, shop()).screen());
    assert_snapshot!("shop_40x8", Session::settled(40, 8, shop()).screen());
}

#[test]
fn filtering() {
    let mut session = Session::settled(80, 24, shop());
    session.keys("/web");
    assert_snapshot!("filter_typing_80x24", session.screen());
    session.press("<enter>");
    assert_snapshot!("filter_kept_80x24", session.screen());
    session.press("<esc>/nothing-like-it");
    assert_snapshot!("filter_without_match_80x24", session.screen());
}

#[test]
fn order_and_problems_only() {
    let mut session = Session::settled(80, 24, shop());
    session.press("!s");
    assert_snapshot!("problems_by_name_80x24", session.screen());
}

#[test]
fn the_cursor_moves_and_zooms() {
    let mut session = Session::settled(80, 24, shop());
    session.press("jj<enter>2");
    assert_eq!(session.app.selected_arn().unwrap().name(), "checkout");
    assert_snapshot!("zoomed_empty_tasks_80x24", session.screen());
}

#[test]
fn many_services_scroll() {
    let mut world = shop();
    for number in 0..300 {
        world.services.push(steady(&format!("worker-{number:03}"), "worker:1", 2, 12));
    }
    let mut session = Session::settled(80, 24, world);
    session.press("<page-down><page-down>");
    assert_snapshot!("many_80x24", session.screen());
}

#[test]
fn labels_and_read_only() {
    let mut options = options();
    options.read_only = true;
    options.label = Some("demo".to_owned());
    let mut session = Session::start(100, 24, shop(), options);
    session.settle();
    session.keys("R");
    assert_snapshot!("read_only_100x24", session.screen());
}

#[test]
fn tiny_and_too_small() {
    for (width, height) in [(0, 0), (1, 1), (20, 5), (39, 8), (40, 7)] {
        let session = Session::settled(width, height, shop());
        assert_snapshot!(format!("too_small_{width}x{height}"), session.screen());
    }
    assert_snapshot!("small_40x12", Session::settled(40, 12, shop()).screen());
    assert_snapshot!("small_60x16", Session::settled(60, 16, shop()).screen());
}

#[test]
fn without_colours_everything_is_still_said() {
    let mut session = Session::settled(80, 24, shop());
    session.theme = Theme::plain();
    let (buffer, _) = session.paint();
    for cell in &buffer.content {
        assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
    }
    assert_snapshot!("no_color_80x24", session.screen());
    let coloured = Session::settled(80, 24, shop());
    assert_eq!(text_of(&buffer), text_of(&coloured.paint().0), "colours add nothing to the text");
}

#[test]
fn a_refresh_that_changes_nothing_changes_no_cell() {
    for keys in ["", "2", "3", "4", "5", "9", "2<enter>", "?", ":", "c", "R"] {
        let mut session = Session::settled(140, 36, shop());
        session.press(keys);
        let calls = |session: &Session| CallRecord {
            at: session.now,
            operation: Operation::new("ecs", "DescribeServices"),
            duration_ms: 40,
            failure: None,
            request_id: None,
            server_time: Some(session.now),
            mutating: false,
        };
        session.run(2);
        session.record(vec![calls(&session)]);
        let before = session.paint();
        for second in 0..7 {
            session.run(1);
            session.record(vec![calls(&session)]);
            assert_eq!(text_of(&before.0), text_of(&session.paint().0), "{keys:?} after {second} more seconds");
            assert_eq!(before, session.paint(), "{keys:?} after {second} more seconds");
        }
    }
}
