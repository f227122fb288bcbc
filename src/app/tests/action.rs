//! Changes: planned, shown, confirmed, sent once, followed.

use super::world::{World, arn, error, options, service};
use crate::app::Options;
use crate::app::message::{Effect, Msg, Size};
use crate::app::overlay::{Button, Overlay, Stage};
use crate::model::call::ErrorKind;
use crate::model::query::{Answer, Mutation};
use crate::model::service::{DeploymentController, Service};

fn world() -> World {
    World::settled(options(), vec![service("web")])
}

fn stage(world: &World) -> Option<&Stage> {
    match world.app.overlay() {
        Some(Overlay::Confirm(confirmation)) => Some(&confirmation.stage),
        _ => None,
    }
}

fn redeploy() -> Mutation {
    Mutation::ForceNewDeployment { cluster: options().cluster.unwrap(), service: arn("web") }
}

/// AWS takes the change: a new deployment beside the old one.
fn accepted(world: &mut World) -> Service {
    let mut service = world.services[0].clone();
    let mut primary = service.deployments[0].clone();
    service.deployments[0].status = crate::model::service::DeploymentStatus::Active;
    primary.id = "ecs-svc/new".to_owned();
    primary.running = 0;
    primary.rollout_state = Some(crate::model::service::RolloutState::InProgress);
    primary.created_at = Some(world.at);
    service.deployments.insert(0, primary);
    world.services[0] = service.clone();
    service
}

#[test]
fn redeploy_takes_two_keys_reads_again_and_sends_once() {
    let mut world = world();
    world.keys("R");
    assert!(matches!(stage(&world), Some(Stage::Deciding { focus: Button::Cancel, moved: None })));
    world.effects.clear();
    world.keys("Y");
    assert!(matches!(stage(&world), Some(Stage::Rereading(_))));
    assert_eq!(world.changes, [], "nothing is sent before the state was read again");
    world.answer_all();
    assert!(matches!(stage(&world), Some(Stage::Sending(_))));
    let [(request, mutation)] = world.changes.clone().try_into().unwrap();
    assert_eq!(mutation, redeploy());
    world.keys("Y enter Y R");
    assert_eq!(world.changes.len(), 1, "keys while it is on its way send nothing more");
    let service = accepted(&mut world);
    world.send(Msg::Changed { request, result: Box::new(Ok(service)) });
    assert!(world.app.overlay().is_none());
    assert_eq!(world.app.watches().len(), 1);
    world.pass(3);
    assert_eq!(world.changes.len(), 1);
}

#[test]
fn cancel_is_the_default_and_every_way_out_sends_nothing() {
    for keys in [
        "R enter",
        "R esc",
        "R q",
        "R n",
        "R tab tab enter",
        "R R R R",
        "S esc",
        "S q",
        "S 5 q",
        "S 5 enter enter",
        "S 5 enter esc",
    ] {
        let mut world = world();
        world.keys(keys);
        world.answer_all();
        assert_eq!(world.changes, [], "{keys}");
    }
}

#[test]
fn the_buttons_work_without_upper_case() {
    let mut world = world();
    world.keys("R tab enter");
    world.answer_all();
    assert_eq!(world.changes.len(), 1);
}

#[test]
fn no_lower_case_key_ever_changes_anything() {
    for opening in ["", "enter", ":", "c", "?", "a", "R", "S", "/"] {
        let mut world = world();
        world.keys(opening);
        for key in "abcdefghijklmnoprstuvwxyz0123456789 ,.;-+#!\"$%&()=".chars() {
            world.send(Msg::Key(crate::app::key::KeyPress::plain(crate::app::key::Key::Char(key))));
            world.answer_all();
        }
        assert_eq!(world.changes, [], "after {opening:?}");
    }
}

#[test]
fn scaling_asks_for_a_number_then_shows_the_plan() {
    let mut world = world();
    world.keys("S backspace 5 enter");
    let Some(Overlay::Confirm(confirmation)) = world.app.overlay() else { panic!("{:?}", world.app.overlay()) };
    let expected = Mutation::Scale { cluster: options().cluster.unwrap(), service: arn("web"), desired: 5 };
    assert_eq!(confirmation.plan.mutation, expected);
    world.keys("Y");
    world.answer_all();
    assert_eq!(world.changes.iter().map(|(_, mutation)| mutation).collect::<Vec<_>>(), [&expected]);
}

#[test]
fn the_first_digit_replaces_the_present_count() {
    for (keys, text) in [
        ("S 5", "5"),
        ("S 1 2", "12"),
        ("S backspace 5", "5"),
        ("S end 5", "25"),
        ("S up", "3"),
        ("S up 5", "35"),
        ("S", "2"),
        ("S x", "2"),
        ("S 1 x 0", "10"),
    ] {
        let mut world = world();
        world.keys(keys);
        let Some(Overlay::Scale(entry)) = world.app.overlay() else { panic!("{keys}") };
        assert_eq!(entry.input.text(), text, "{keys}");
    }
    let mut world = world();
    world.keys("S");
    world.send(Msg::Paste("7".to_owned()));
    let Some(Overlay::Scale(entry)) = world.app.overlay() else { panic!() };
    assert_eq!(entry.input.text(), "7");
}

#[test]
fn a_plan_that_does_not_fit_the_screen_cannot_be_confirmed() {
    for keys in ["R Y", "R tab enter", "S 5 enter Y"] {
        for (width, height, sent) in [(40, 8, 0), (39, 7, 0), (80, 24, 1)] {
            let mut world = world();
            world.send(Msg::Resize(Size { width, height }));
            world.keys(keys);
            world.answer_all();
            assert_eq!(world.changes.len(), sent, "{keys} at {width}x{height}");
            let told = world.app.notice().is_some_and(|notice| notice.text.contains("enlarge"));
            assert_eq!(told, sent == 0, "{keys} at {width}x{height}");
        }
    }
    let mut world = world();
    world.send(Msg::Resize(Size { width: 40, height: 8 }));
    world.keys("R Y");
    world.send(Msg::Resize(Size { width: 80, height: 24 }));
    world.keys("Y");
    world.answer_all();
    assert_eq!(world.changes.len(), 1, "once it can be read, it can be confirmed");
}

#[test]
fn numbers_that_are_none_are_refused_in_place() {
    let mut world = world();
    world.keys("S backspace x enter");
    let Some(Overlay::Scale(entry)) = world.app.overlay() else { panic!() };
    assert!(entry.problem.is_some());
    world.keys("backspace up up");
    let Some(Overlay::Scale(entry)) = world.app.overlay() else { panic!() };
    assert_eq!(entry.input.text(), "2");
}

#[test]
fn a_state_that_moved_meanwhile_shows_the_plan_again() {
    let mut world = world();
    world.keys("S backspace 5 enter");
    world.services[0].desired = 9;
    world.keys("Y");
    world.answer_all();
    assert_eq!(world.changes, []);
    assert!(
        matches!(stage(&world), Some(Stage::Deciding { focus: Button::Cancel, moved: Some(_) })),
        "{:?}",
        stage(&world)
    );
    world.keys("Y");
    world.answer_all();
    assert_eq!(world.changes.len(), 1, "the second time it is the state that was shown");
}

#[test]
fn a_state_that_cannot_be_read_again_stops_the_change() {
    let mut world = world();
    world.failing.insert("DescribeServices", ErrorKind::Denied);
    world.keys("R Y");
    world.answer_all();
    assert!(matches!(stage(&world), Some(Stage::Failed(error)) if error.kind == ErrorKind::Denied));
    assert_eq!(world.changes, []);
}

#[test]
fn only_the_answer_to_the_question_counts_as_read_again() {
    let mut world = world();
    world.keys("R Y");
    let Some(Stage::Rereading(request)) = stage(&world).cloned() else { panic!("{:?}", stage(&world)) };
    world.send(Msg::Answered { request, result: Box::new(Ok(Answer::Clusters(Vec::new()))) });
    assert_eq!(world.changes, []);
    assert!(matches!(stage(&world), Some(Stage::Deciding { focus: Button::Cancel, .. })), "{:?}", stage(&world));
}

#[test]
fn a_change_without_an_answer_is_not_sent_again_and_the_doubt_is_told() {
    for (kind, doubt) in [
        (ErrorKind::Timeout, true),
        (ErrorKind::Network, true),
        (ErrorKind::Server, true),
        // An answer that says nothing, or nothing that could be read.
        (ErrorKind::Other, true),
        (ErrorKind::Denied, false),
        (ErrorKind::Throttled, false),
    ] {
        let mut world = world();
        world.keys("R Y");
        world.answer_all();
        let (request, _) = world.changes[0];
        let failure = error(kind, "UpdateService");
        world.send(Msg::Changed { request, result: Box::new(Err(failure)) });
        let Some(Stage::Failed(error)) = stage(&world) else { panic!() };
        assert_eq!(error.advice().contains("may or may not"), doubt, "{kind:?}: {}", error.advice());
        world.pass(30);
        assert_eq!(world.changes.len(), 1, "{kind:?}");
    }
}

#[test]
fn read_only_and_foreign_controllers_say_why_not() {
    let mut world = World::settled(Options { read_only: true, ..options() }, vec![service("web")]);
    world.keys("R");
    assert!(world.app.overlay().is_none());
    assert!(world.app.notice().unwrap().text.contains("read-only"));

    let mut foreign = service("web");
    foreign.controller = DeploymentController::CodeDeploy;
    let mut world = World::settled(options(), vec![foreign]);
    world.keys("R");
    assert!(world.app.overlay().is_none());
    assert!(world.app.notice().unwrap().text.contains("CodeDeploy"), "{:?}", world.app.notice());
}

#[test]
fn y_copies_the_command_of_the_plan() {
    let mut world = world();
    world.keys("R");
    world.effects.clear();
    world.keys("y");
    assert!(
        matches!(&world.effects[..], [Effect::Copy(command)] if command.contains("aws ecs update-service")),
        "{:?}",
        world.effects
    );
}

#[test]
fn what_was_changed_is_followed_until_dismissed() {
    let mut world = world();
    world.keys("R Y");
    world.answer_all();
    let (request, _) = world.changes[0];
    let service = accepted(&mut world);
    world.send(Msg::Changed { request, result: Box::new(Ok(service)) });
    world.pass(10);
    assert_eq!(world.app.watches().len(), 1);
    world.keys("x");
    assert!(world.app.watches().is_empty());
}
