//! The cursor, filters, orders and scrolling.

use super::world::{World, arn, dead_service, options, service};
use crate::app::Options;
use crate::app::message::{Effect, Mouse, Msg, Size};
use crate::app::screens::Tab;
use crate::model::arn::ServiceArn;
use crate::model::call::ErrorKind;
use crate::model::query::Query;
use crate::model::service::Service;

fn services() -> Vec<Service> {
    vec![service("accounts"), service("checkout"), dead_service("messenger-web"), service("roles-api")]
}

fn names(world: &World) -> Vec<&str> {
    world.app.rows().into_iter().map(ServiceArn::name).collect()
}

fn selected(world: &World) -> String {
    world.app.selected_arn().unwrap().name().to_owned()
}

#[test]
fn problems_come_first_and_the_cursor_starts_on_the_worst() {
    let world = World::settled(options(), services());
    assert_eq!(names(&world), ["messenger-web", "accounts", "checkout", "roles-api"]);
    assert_eq!(selected(&world), "messenger-web");
}

#[test]
fn a_refresh_may_reorder_the_rows_but_never_moves_the_cursor_to_another_service() {
    let mut world = World::settled(options(), services());
    world.keys("j j");
    assert_eq!(selected(&world), "checkout");
    world.services[3] = dead_service("roles-api");
    world.services[0] = dead_service("accounts");
    world.pass(60);
    assert_eq!(names(&world), ["accounts", "messenger-web", "roles-api", "checkout"]);
    assert_eq!(selected(&world), "checkout");
}

#[test]
fn the_cursor_is_pinned_once_everything_is_known_even_if_no_key_was_pressed() {
    let mut world = World::settled(options(), services());
    world.services[0] = dead_service("accounts");
    world.pass(60);
    assert_eq!(selected(&world), "messenger-web");
}

#[test]
fn movement_stays_within_the_rows() {
    for (keys, name) in [
        ("k", "messenger-web"),
        ("j", "accounts"),
        ("G", "roles-api"),
        ("G j", "roles-api"),
        ("G g", "messenger-web"),
        ("page-down", "roles-api"),
        ("] ]", "checkout"),
        ("] [", "messenger-web"),
    ] {
        let mut world = World::settled(options(), services());
        world.keys(keys);
        assert_eq!(selected(&world), name, "{keys}");
    }
}

#[test]
fn the_filter_narrows_while_it_is_typed_and_escape_takes_it_back() {
    let mut world = World::settled(options(), services());
    world.keys("/ r o l e s");
    assert_eq!(names(&world), ["roles-api"]);
    assert_eq!(selected(&world), "roles-api");
    world.keys("enter");
    assert!(!world.app.list().filtering);
    assert_eq!(names(&world), ["roles-api"]);
    world.keys("esc");
    assert_eq!(names(&world).len(), 4);
    world.keys("/ ! w e b enter");
    assert_eq!(names(&world), ["accounts", "checkout", "roles-api"]);
    world.keys("/ esc");
    assert_eq!(names(&world).len(), 4);
}

#[test]
fn the_first_match_of_a_filter_keeps_the_cursor_when_the_matches_reorder() {
    let mut world = World::settled(options(), services());
    world.keys("/ c o enter 2");
    assert_eq!(names(&world), ["accounts", "checkout"]);
    assert_eq!(selected(&world), "accounts");
    world.services[1] = dead_service("checkout");
    world.pass(60);
    assert_eq!(names(&world), ["checkout", "accounts"]);
    assert_eq!(selected(&world), "accounts");
}

#[test]
fn what_recovers_under_the_cursor_stays_on_the_screen() {
    let mut world = World::settled(options(), services());
    world.keys("!");
    assert_eq!(names(&world), ["messenger-web"]);
    world.services[2] = service("messenger-web");
    world.services[3] = dead_service("roles-api");
    world.pass(60);
    assert_eq!(selected(&world), "messenger-web");
    world.keys("k");
    assert_eq!(names(&world), ["roles-api"]);
}

#[test]
fn a_key_before_the_services_are_known_does_not_hold_the_cursor_on_the_first_name() {
    let mut world = World::new(options(), services());
    world.send(Msg::Tick);
    let query = Query::ServiceArns { cluster: options().cluster.unwrap() };
    let answer = world.answer(&query);
    for effect in std::mem::take(&mut world.effects) {
        if let Effect::Ask { request, query: Query::ServiceArns { .. }, .. } = effect {
            world.send(Msg::Answered { request, result: Box::new(answer.clone()) });
        }
    }
    world.keys("2");
    world.answer_all();
    assert_eq!(selected(&world), "messenger-web");
}

#[test]
fn escape_and_a_key_that_arrive_as_one_are_two_keys() {
    let mut world = World::settled(options(), services());
    world.keys("enter alt-j");
    assert!(!world.app.is_zoomed());
    assert_eq!(selected(&world), "accounts");
    world.keys("? alt-5");
    assert!(world.app.overlay().is_none());
    assert_eq!(world.app.detail().tab, Tab::Events);
}

#[test]
fn keys_typed_into_the_filter_are_text_and_never_commands() {
    let mut world = World::settled(options(), services());
    world.keys("/ R S q Y");
    assert_eq!(world.app.list().filter.text(), "RSqY");
    assert!(world.app.overlay().is_none());
}

#[test]
fn only_problems_and_other_orders() {
    let mut world = World::settled(options(), services());
    world.keys("!");
    assert_eq!(names(&world), ["messenger-web"]);
    world.keys("! s");
    assert_eq!(names(&world), ["accounts", "checkout", "messenger-web", "roles-api"]);
}

#[test]
fn the_service_named_on_the_command_line_is_selected() {
    let world = World::settled(Options { service: Some("checkout".to_owned()), ..options() }, services());
    assert_eq!(world.app.selected_arn(), Some(arn("checkout")));
}

#[test]
fn a_service_or_cluster_that_does_not_exist_is_told_with_what_does() {
    let world = World::settled(Options { service: Some("chekout".to_owned()), ..options() }, services());
    let notice = world.app.notice().unwrap();
    assert!(notice.text.contains("did you mean \"checkout\""), "{}", notice.text);
    assert_eq!(world.app.selected_arn(), Some(arn("messenger-web")));

    let mut world = World::new(options(), services());
    world.failing.insert("ListServices", ErrorKind::NotFound);
    world.send(Msg::Tick);
    world.answer_all();
    assert_eq!(world.app.chooser_items(), ["shop", "staging"]);
    assert!(world.app.notice().unwrap().text.contains("no cluster \"shop\""));
    world.keys("esc");
    world.pass(70);
    assert!(world.app.overlay().is_none(), "offered once");
}

#[test]
fn tabs_zoom_and_back() {
    let mut world = World::settled(options(), services());
    world.keys("5");
    assert_eq!(world.app.detail().tab, Tab::Events);
    world.keys("tab tab tab tab tab");
    assert_eq!(world.app.detail().tab, Tab::Overview, "around the end");
    world.keys("shift-tab enter");
    assert_eq!((world.app.detail().tab, world.app.is_zoomed()), (Tab::Config, true));
    world.keys("]");
    assert_eq!(selected(&world), "accounts");
    world.keys("esc");
    assert!(!world.app.is_zoomed());
}

#[test]
fn scrolling_cannot_run_away_from_the_text() {
    let mut world = World::settled(options(), services());
    world.keys("5 enter G");
    let most = world.app.detail().scroll.get(&Tab::Events).copied().unwrap_or_default();
    world.keys("j j j j");
    assert_eq!(world.app.detail().scroll.get(&Tab::Events).copied().unwrap_or_default(), most);
    world.keys("? G");
    let before = world.app.clone();
    world.keys("j");
    assert_eq!(world.app.overlay(), before.overlay());
}

#[test]
fn rows_around_the_cursor_are_on_the_screen_whatever_its_size() {
    let services: Vec<Service> = (0..50).map(|index| service(&format!("service-{index:02}"))).collect();
    let mut world = World::settled(options(), services);
    for keys in ["G", "k k k", "g", "page-down", "j"] {
        world.keys(keys);
        for height in [36, 8, 24, 12, 60] {
            world.send(Msg::Resize(Size { width: 80, height }));
            let layout = crate::app::layout::layout(&world.app).unwrap();
            let index = names(&world).iter().position(|name| *name == selected(&world)).unwrap();
            let shown = world.app.list().offset..world.app.list().offset + usize::from(layout.list_rows.height);
            assert!(shown.contains(&index), "{keys} at height {height}: {index} not in {shown:?}");
        }
    }
}

#[test]
fn the_mouse_selects_rows_and_tabs_and_scrolls() {
    let mut world = World::settled(options(), services());
    let layout = crate::app::layout::layout(&world.app).unwrap();
    world.send(Msg::Mouse(Mouse::Click { column: 10, row: layout.list_rows.y + 2 }));
    assert_eq!(selected(&world), "checkout");
    let title: String = {
        let pieces = crate::app::screens::title::pieces(&world.app, usize::from(layout.detail_title.width));
        pieces.iter().map(|piece| piece.span.text().to_owned()).collect()
    };
    let column = u16::try_from(title.find("Deploys").unwrap() + 1).unwrap();
    world.send(Msg::Mouse(Mouse::Click { column, row: layout.detail_title.y }));
    assert_eq!(world.app.detail().tab, Tab::Deploys);
    world.send(Msg::Mouse(Mouse::Scroll { column: 10, row: layout.list_rows.y, by: 1 }));
    assert_eq!(selected(&world), "roles-api");
}
