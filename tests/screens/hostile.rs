//! Whatever is typed, whatever AWS says and however large the screen is: nothing panics and nothing escapes.

use ecsight::app::message::{Mouse, Msg, Size};
use ecsight::model::arn::ServiceArn;
use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::fixtures::{World, event, seconds_ago, shop};
use crate::session::{Session, text_of};

/// A screen clear, a title change, a bell, a bidirectional override, an emoji with a variation selector, a keycap, a
/// family joined by joiners, wide characters and a line break.
const EVIL: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}evil\u{9b}31m ❤\u{fe0f} 1\u{fe0f}\u{20e3} 👨\u{200d}👩 東京\nnext\u{0}";

/// The shop with the text in every field that AWS or a user of AWS fills.
fn poisoned(text: &str) -> World {
    let mut world = shop();
    for service in &mut world.services {
        service.name.push_str(text);
        service.platform_version = Some(text.to_owned());
        service.events.insert(0, event(99, seconds_ago(5), &format!("(service {}) {text}", service.name)));
        service.launch_type = Some(text.to_owned());
        for deployment in &mut service.deployments {
            deployment.rollout_reason = Some(text.to_owned());
        }
        if let Some(network) = &mut service.network {
            network.subnets.push(text.to_owned());
        }
    }
    let old = world.services[2].arn.clone();
    let arn = ServiceArn::new(format!("{}{text}", old.as_str()));
    let tasks = world.tasks.remove(old.name()).unwrap();
    world.services[2].arn = arn.clone();
    world.tasks.insert(arn.name().to_owned(), tasks);
    let history = world.history.remove(old.name()).unwrap();
    world.history.insert(arn.name().to_owned(), history);
    for task in world.tasks.values_mut().flatten() {
        task.availability_zone = Some(text.to_owned());
        task.last_status.push_str(text);
        task.stopped_reason = task.stopped_reason.as_ref().map(|reason| format!("{reason} {text}"));
        for container in &mut task.containers {
            container.name.push_str(text);
            container.reason = Some(text.to_owned());
        }
    }
    for target in world.targets.values_mut().flatten() {
        target.description = Some(text.to_owned());
        target.reason = Some(text.to_owned());
        target.availability_zone = Some(text.to_owned());
    }
    for group in world.groups.values_mut() {
        group.name.push_str(text);
        group.health_check.path = Some(text.to_owned());
        group.health_check.matcher = Some(text.to_owned());
    }
    for definition in world.definitions.values_mut() {
        definition.task_role = Some(text.to_owned());
        for container in &mut definition.containers {
            container.image.push_str(text);
            container.command.push(text.to_owned());
            for variable in &mut container.environment {
                variable.name.push_str(text);
            }
        }
    }
    for deployment in world.history.values_mut().flatten() {
        deployment.status.push_str(text);
        deployment.rollback_reason = Some(text.to_owned());
    }
    world
}

#[test]
fn hostile_text_is_shown_and_obeyed_by_nobody() {
    let mut session = Session::settled(100, 36, poisoned(EVIL));
    for (keys, name) in
        [("1", "overview"), ("2", "tasks"), ("3", "targets"), ("4", "deploys"), ("5", "events"), ("9", "config")]
    {
        session.press(keys);
        assert_snapshot!(format!("hostile_{name}_100x36"), session.screen());
    }
    session.press("R");
    assert_snapshot!("hostile_plan_100x36", session.screen());
}

fn check(session: &Session) {
    let (buffer, cursor) = session.paint();
    for cell in &buffer.content {
        for character in cell.symbol().chars() {
            assert!(
                !character.is_control() && character != '\u{202e}' && character != '\u{fe0f}',
                "{:?}",
                cell.symbol()
            );
        }
    }
    if let Some(cursor) = cursor {
        assert!(buffer.area.contains(cursor));
    }
    // A row is as wide as the screen: wide characters have not pushed anything aside.
    for row in 0..buffer.area.height {
        let mut column = 0;
        while column < buffer.area.width {
            column +=
                u16::try_from(unicode_width::UnicodeWidthStr::width(buffer[(column, row)].symbol()).max(1)).unwrap();
        }
        assert_eq!(column, buffer.area.width, "row {row}: {:?}", text_of(&buffer)[usize::from(row)]);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Keys(String),
    Resize(u16, u16),
    Click(u16, u16),
    Scroll(u16, u16, i16),
    Paste(String),
    Answer,
    Run,
}

fn step() -> impl Strategy<Value = Step> {
    let key = prop::sample::select(vec![
        "j",
        "k",
        "g",
        "G",
        "1",
        "2",
        "3",
        "4",
        "5",
        "9",
        "<tab>",
        "<enter>",
        "<esc>",
        "/",
        "w",
        "e",
        "b",
        "!",
        "s",
        "r",
        "c",
        "a",
        ":",
        "?",
        "R",
        "S",
        "x",
        "y",
        "Y",
        "0",
        "<up>",
        "<down>",
        "<page-down>",
        "<ctrl-d>",
        "<ctrl-u>",
        "<backspace>",
        "]",
        "[",
        "<left>",
        "<right>",
        "東",
    ]);
    prop_oneof![
        6 => prop::collection::vec(key, 1..6).prop_map(|keys| Step::Keys(keys.concat())),
        2 => (0_u16..220, 0_u16..70).prop_map(|(width, height)| Step::Resize(width, height)),
        1 => (0_u16..220, 0_u16..70).prop_map(|(column, row)| Step::Click(column, row)),
        1 => (0_u16..220, 0_u16..70, -3_i16..4).prop_map(|(column, row, by)| Step::Scroll(column, row, by)),
        1 => Just(Step::Paste(EVIL.to_owned())),
        2 => Just(Step::Answer),
        1 => Just(Step::Run),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_panics_and_every_row_keeps_its_width(
        width in 0_u16..220,
        height in 0_u16..70,
        evil in any::<bool>(),
        steps in prop::collection::vec(step(), 0..14),
    ) {
        let world = if evil { poisoned(EVIL) } else { shop() };
        let mut session = Session::settled(width, height, world);
        check(&session);
        for step in steps {
            match step {
                Step::Keys(keys) => session.keys(&keys),
                Step::Resize(width, height) => session.send(Msg::Resize(Size { width, height })),
                Step::Click(column, row) => session.send(Msg::Mouse(Mouse::Click { column, row })),
                Step::Scroll(column, row, by) => session.send(Msg::Mouse(Mouse::Scroll { column, row, by })),
                Step::Paste(text) => session.send(Msg::Paste(text)),
                Step::Answer => session.answer(),
                Step::Run => session.run(3),
            }
            while !session.changes.is_empty() {
                session.accept_change();
            }
            check(&session);
        }
    }

    #[test]
    fn a_screen_of_another_size_than_the_layout_clips(width in 0_u16..220, height in 0_u16..70) {
        let session = Session::settled(100, 30, shop());
        let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, width, height));
        ecsight::ui::view(&session.app, &session.theme, &mut buffer);
    }
}
