//! What each tab says about the service of the story.

use insta::assert_snapshot;

use crate::fixtures::shop;
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
