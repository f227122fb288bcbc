//! Clusters of a hundred and a thousand services, a service of hundreds of tasks: counted, and complete on the screen.

use std::collections::BTreeSet;

use ecsight::app::message::{Msg, Size};
use ecsight::sim::{Blueprint, World};

use crate::shift::{Beginning, Shift};

fn described(shift: &Shift) -> bool {
    let (described, listed) = shift.app.store().described();
    listed > 0 && described == listed
}

/// Everything the cluster has, and nothing that only time or a resting cursor asks for.
async fn opened(services: usize, size: Size) -> Shift {
    let mut shift = Beginning { size, ..Beginning::default() }.shift(World::healthy(1, "shop", services)).await;
    shift.send(Msg::Tick);
    shift.answers().await;
    assert!(described(&shift), "{:?}", shift.app.store().described());
    shift
}

#[tokio::test]
async fn a_hundred_services_open_with_one_list_and_ten_describes() {
    let mut shift = opened(100, Size { width: 80, height: 24 }).await;
    assert_eq!((shift.calls_of("ListServices"), shift.calls_of("DescribeServices")), (1, 10));
    shift.assert_shows(&["100 services"], "the header counts them");
    shift.pass(2).await;
    assert_eq!((shift.calls_of("ListServices"), shift.calls_of("DescribeServices")), (1, 10), "and it stays at that");
}

#[tokio::test]
async fn a_thousand_services_are_all_on_the_screen_for_who_pages_down() {
    let mut shift = opened(1_000, Size { width: 80, height: 24 }).await;
    assert_eq!((shift.calls_of("ListServices"), shift.calls_of("DescribeServices")), (10, 100));
    let all: BTreeSet<String> = (1..=1_000).map(|number| format!("service-{number}")).collect();
    let mut shown = BTreeSet::new();
    for _ in 0..1_000 {
        let screen = shift.screen();
        let before = shown.len();
        shown.extend(screen.split_whitespace().filter(|word| all.contains(*word)).map(str::to_owned));
        if shown.len() == before {
            break;
        }
        shift.keys("<page-down>");
    }
    assert_eq!(shown, all);
    shift.keys("g");
    let selected = |shift: &Shift| shift.app.selected_arn().unwrap().name().to_owned();
    assert_eq!(selected(&shift), "service-1");
    shift.assert_shows(&["1-", "of 1000"], "where we are");
    shift.keys("G");
    assert_eq!(selected(&shift), "service-999", "the last by name");
    shift.assert_shows(&["-1000 of 1000", "service-999"], "the last row is in sight");
}

#[tokio::test]
async fn hundreds_of_tasks_are_all_on_the_screen_for_who_scrolls() {
    let mut world = World::empty(1);
    world.add_cluster("shop");
    world.add_service("shop", &Blueprint::worker("crowd").tasks(350));
    world.add_service("shop", &Blueprint::worker("other").tasks(3));
    let mut shift = Shift::settled(world).await;
    assert_eq!(
        (shift.calls_of("ListTasks"), shift.calls_of("DescribeTasks")),
        (5, 4),
        "four pages and one of the stopped"
    );
    shift.press("2<enter>").await;
    let crowd = shift.app.selected_service().unwrap();
    let tasks = shift.app.store().tasks(crowd).value().unwrap();
    let all: BTreeSet<String> = tasks.iter().map(|task| task.arn.short_id().to_owned()).collect();
    assert_eq!((tasks.len(), all.len()), (350, 350));
    let mut shown = BTreeSet::new();
    for _ in 0..350 {
        let screen = shift.screen();
        let before = shown.len();
        shown.extend(screen.split_whitespace().filter(|word| all.contains(*word)).map(str::to_owned));
        if shown.len() == before {
            break;
        }
        shift.keys("<page-down>");
    }
    assert_eq!(shown.len(), 350);
    shift.keys("G");
    shift.assert_hides(&["more"], "the end is the end");
}
