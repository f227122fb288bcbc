//! A panic anywhere gives the terminal back, leaves a report and ends the program. The product has no key for panicking, so
//! this test program runs the user interface itself, in a second process of its own, beside something that panics.

use std::{env, fs};

use ecsight::app::keymap::{Bindings, Keymap};
use ecsight::runtime::{self, Session};
use ecsight::{app, aws, ui};
use rustix::process::Signal;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::pty::Start;

const WHERE: &str = "ECSIGHT_TEST_PANIC";

/// Not a test by itself: what the second process runs.
#[test]
fn panicking() {
    let Ok(place) = env::var(WHERE) else {
        return;
    };
    let session = Session {
        app: app::Options::new(Keymap::new(&Bindings::new()).unwrap()),
        aws: aws::Settings { region: Some("eu-west-1".to_owned()), ..aws::Settings::default() },
        theme: ui::theme::Theme::default(),
        mouse: true,
        record: None,
    };
    // As in the binary: the screen on this thread, its calls on others.
    let calls = Builder::new_multi_thread().enable_all().build().unwrap();
    let screen = Builder::new_current_thread().enable_all().build().unwrap();
    let run = runtime::run(session, calls.handle().clone());
    screen.block_on(async {
        let mut now = signal(SignalKind::user_defined1()).unwrap();
        let panics = async move {
            now.recv().await;
            panic!("boom \u{1b}[31m");
        };
        if place == "task" {
            calls.spawn(panics);
            run.await.unwrap();
        } else {
            // On the thread of the loop, between two of its turns.
            let _ = tokio::join!(panics, run);
        }
    });
}

#[test]
fn a_panic_anywhere_restores_the_terminal_and_leaves_a_report() {
    for place in ["task", "loop"] {
        let arguments = ["--exact", "panics::panicking", "--nocapture"];
        let pty = Start::new(env::current_exe().unwrap(), &arguments)
            .env(WHERE, place)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .spawn();
        drop(pty.wait("the screen", |seen| seen.screen().alternate_screen() && seen.shows("ecsight")));
        pty.signal(Signal::USR1);
        assert_eq!(pty.wait_for_exit(), 101, "{place}");
        drop(pty.wait("the sentence", |seen| seen.is_restored() && seen.shows("A report is in")));
        assert!(pty.line_is_cooked());
        pty.wait_for_text("ecsight crashed: boom ␛[31m (tests/terminal/panics.rs:");
        let state = pty.home().join(".local/state/ecsight");
        let reports: Vec<_> = fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(reports.len(), 1);
        let report = fs::read_to_string(&reports[0]).unwrap();
        assert!(report.contains("boom ␛[31m") && report.contains(env!("CARGO_PKG_VERSION")), "{report}");
        assert!(report.contains("panicking"), "a backtrace: {report}");
    }
}
