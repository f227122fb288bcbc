//! Random sessions: keys, time, sizes and answers in any order, late, twice, wrong or never. Nothing panics, nothing is
//! changed that was not confirmed, and what happened can be replayed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod account;
mod driver;
#[path = "../quiet/mod.rs"]
mod quiet;
mod steps;

use ecsight::app::key::{Key, KeyPress};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};

use crate::driver::{Driver, options};
use crate::steps::Step;

/// Enough to find what careless changes break, few enough to run each time, and the same sessions every time, so that a
/// failure is the fault of the change. `PROPTEST_CASES` asks for so many others.
const CASES: u32 = 64;

fn config() -> ProptestConfig {
    let asked_for = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked_for.unwrap_or(CASES),
        rng_seed: if asked_for.is_some() { RngSeed::Random } else { RngSeed::Fixed(1) },
        max_shrink_iters: 4_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

fn sessions() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(steps::anything(), 1..120)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_session_breaks_a_promise(read_only in prop::bool::weighted(0.2), steps in sessions()) {
        let mut driver = Driver::start(options(read_only));
        for step in steps {
            driver.take(step);
        }
        driver.check_that_it_replays();
    }

    /// Sessions that go for changes on purpose: random ones seldom confirm one.
    #[test]
    fn changes_are_confirmed_read_again_and_sent_once(
        read_only in prop::bool::weighted(0.1),
        attempts in prop::collection::vec((steps::towards_a_change(), prop::collection::vec(steps::anything(), 0..4)), 1..8),
    ) {
        let mut driver = Driver::start(options(read_only));
        driver.settle();
        for (towards, between) in attempts {
            for step in towards.into_iter().chain(between) {
                driver.take(step);
            }
        }
        driver.check_that_it_replays();
    }
}

proptest! {
    #![proptest_config(config())]

    /// Sessions that ask Logs Insights: what is started costs, so it is stopped or has ended once nobody looks at it.
    #[test]
    fn queries_of_logs_are_started_by_a_key_and_stopped_when_they_are_left(
        attempts in prop::collection::vec(steps::towards_a_query(), 1..5),
    ) {
        let mut driver = Driver::start(options(true));
        driver.settle();
        for step in attempts.into_iter().flatten() {
            driver.take(step);
        }
        driver.check_that_it_replays();
    }
}

/// The property above would hold in a program that never starts a query.
#[test]
fn a_query_of_logs_is_started() {
    let mut driver = Driver::start(options(true));
    driver.settle();
    driver.take(Step::Key(steps::key_of('l')));
    driver.settle();
    driver.take(Step::Key(steps::key_of('i')));
    driver.take(Step::Key(KeyPress { key: Key::Char('r'), ctrl: true, alt: false }));
    driver.settle();
    assert_eq!(driver.queries_started, 1);
}

/// The properties above would hold in a program that never changes anything.
#[test]
fn a_confirmed_change_is_sent() {
    for (keys, expected) in [("RY", 1), ("R\t\r", 1), ("R\r", 0), ("Ry", 0), ("RRRR", 0), ("S\rY", 1), ("R\x1bY", 0)] {
        for read_only in [false, true] {
            let mut driver = Driver::start(options(read_only));
            driver.settle();
            for key in keys.chars() {
                driver.take(Step::Key(steps::key_of(key)));
            }
            driver.settle();
            let expected = if read_only { 0 } else { expected };
            assert_eq!(driver.changes_sent, expected, "{keys:?}, read-only: {read_only}");
        }
    }
}

#[test]
fn a_service_that_moved_is_shown_again_before_anything_is_sent() {
    let mut driver = Driver::start(options(false));
    driver.settle();
    for key in "RY".chars() {
        driver.take(Step::Key(steps::key_of(key)));
    }
    let selected = driver.app.selected_arn().unwrap();
    driver.account.scale(&selected, 17);
    driver.settle();
    assert_eq!(driver.changes_sent, 0);
    driver.take(Step::Key(steps::key_of('Y')));
    driver.settle();
    assert_eq!(driver.changes_sent, 1, "confirmed a second time, in full knowledge");
}
