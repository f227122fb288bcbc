//! What each tab says about the service of the story.

use insta::assert_snapshot;

use crate::fixtures::{minutes_ago, shop, stopped, task};
use crate::session::Session;

fn tab(key: &str, width: u16, height: u16) -> String {
    let mut session = Session::settled(width, height, shop());
    session.press(key);
    session.screen()
}

#[test]
fn tabs_on_a_small_screen_zoomed() {
    for (key, name) in
        [("1", "overview"), ("2", "tasks"), ("3", "targets"), ("4", "deploys"), ("5", "events"), ("9", "config")]
    {
        assert_snapshot!(format!("{name}_80x24"), tab(&format!("{key}<enter>"), 80, 24));
    }
}

#[test]
fn tabs_on_a_large_screen() {
    for (key, name) in [("2", "tasks"), ("3", "targets"), ("4", "deploys"), ("5", "events"), ("9", "config")] {
        assert_snapshot!(format!("{name}_140x36"), tab(key, 140, 36));
    }
}

#[test]
fn many_tasks_are_all_there() {
    let mut world = shop();
    let tasks = world.tasks.get_mut("messenger-web").unwrap();
    tasks.clear();
    for number in 0..350 {
        let task = task(
            &format!("{number:08}aaaa"),
            "web:31",
            31,
            &format!("10.1.{}.{}", number / 250, number % 250),
            minutes_ago(9),
        );
        tasks.push(if number < 340 {
            task
        } else {
            stopped(task, minutes_ago(5), "UserInitiated", "stopped by hand", Some(137))
        });
    }
    let mut session = Session::settled(120, 40, world);
    session.press("2<enter>");
    assert!(session.screen().contains("↓ 316 more"), "{}", session.screen());
    session.press("G");
    assert_snapshot!("many_tasks_end_120x40", session.screen());
}

#[test]
fn a_click_on_a_tab_opens_it() {
    let mut session = Session::settled(140, 36, shop());
    let rows = crate::session::text_of(&session.paint().0);
    let row = rows.iter().position(|row| row.contains("3 Targets")).unwrap();
    let column = rows[row].chars().position(|character| character == '3').unwrap();
    let (column, row) = (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
    session.send(ecsight::app::message::Msg::Mouse(ecsight::app::message::Mouse::Click { column, row }));
    assert!(session.screen().contains("[3 Targets]"), "{}", session.screen());
}
