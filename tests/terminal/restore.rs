//! However the program ends, the terminal is as it was.

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::pty::{BINARY, Pty, Start};

fn running(start: Start) -> Pty {
    let pty = start.spawn();
    pty.wait_for_text("messenger");
    assert!(!pty.line_is_cooked());
    let seen = pty.seen();
    assert!(seen.screen().alternate_screen() && seen.screen().hide_cursor() && seen.screen().bracketed_paste());
    drop(seen);
    pty
}

fn assert_restored(pty: &Pty) {
    drop(pty.wait("all modes off", crate::pty::Seen::is_restored));
    assert!(pty.line_is_cooked());
    assert_eq!(pty.seen().text().trim(), "", "nothing is left behind on the screen of the shell");
}

#[test]
fn after_quitting() {
    for keys in ["q", "\x03"] {
        let mut pty = running(Start::demo(&[]));
        pty.send(keys);
        assert_eq!(pty.wait_for_exit(), 0);
        assert_restored(&pty);
    }
}

#[test]
fn after_signals_that_end_it() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130), (Signal::QUIT, 131)] {
        let pty = running(Start::demo(&[]));
        pty.signal(signal);
        assert_eq!(pty.wait_for_exit(), code, "{signal:?}");
        assert_restored(&pty);
    }
}

#[test]
fn with_and_without_the_mouse() {
    for (arguments, captured) in [(&[][..], true), (&["--no-mouse"][..], false)] {
        let mut pty = running(Start::demo(arguments));
        let mode = pty.seen().screen().mouse_protocol_mode();
        assert_eq!(mode != vt100::MouseProtocolMode::None, captured);
        pty.send("q");
        assert_eq!(pty.wait_for_exit(), 0);
        assert_restored(&pty);
    }
}

#[test]
fn a_line_that_breaks_ends_the_program() {
    let mut pty = running(Start::demo(&[]));
    pty.hang_up();
    assert_eq!(pty.wait_for_exit(), 129);
}

#[test]
fn a_line_that_hangs_does_not_keep_the_program() {
    let mut pty = running(Start::demo(&["--record", "session.jsonl"]));
    pty.stop_reading();
    // Help comes and goes until a frame is stuck.
    let mut keys = 0;
    while pty.happens_within(Duration::from_secs(2), || pty.recorded("key") >= keys) {
        keys += 1;
        pty.send(if keys % 2 == 1 { "?" } else { "q" });
    }
    pty.signal(Signal::TERM);
    assert_eq!(pty.wait_for_exit(), 143);
    assert!(pty.line_is_cooked());
}

#[test]
fn a_change_on_its_way_is_waited_for_and_told() {
    let late = ["--service", "accounts", "--fault", "UpdateService=latency:2s"];
    for (fault, says) in [
        (&[][..], "ecs:UpdateService of accounts was accepted"),
        (&["--fault", "UpdateService=deny"][..], "ecs:UpdateService of accounts failed"),
    ] {
        let mut pty = running(Start::demo(&[&late[..], fault].concat()).size(120, 40));
        pty.wait_for_text(">✔ accounts");
        pty.send("R");
        pty.wait_for_text("update-service");
        pty.send("Y");
        drop(pty.wait("the change on its way", |seen| seen.shows("can no longer be called back")));
        pty.send("\x03");
        assert_eq!(pty.wait_for_exit(), 0);
        pty.wait_for_text(says);
        assert!(pty.seen().is_restored() && pty.line_is_cooked());
    }
}

#[test]
fn without_a_terminal_there_is_one_sentence() {
    for arguments in [&["demo"][..], &["--region", "eu-west-1"][..]] {
        let mut command = Command::new(BINARY);
        command.args(arguments).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(output.stdout, b"");
        let says = String::from_utf8(output.stderr).unwrap();
        assert!(says.contains("ecsight needs a terminal; for scripts use `ecsight services --output json`"), "{says}");
        assert_eq!(says.lines().count(), 1, "{says}");
    }
}

#[test]
fn a_recording_that_cannot_be_begun_is_said_on_a_restored_terminal() {
    let pty = Start::demo(&["--record", "/nonexistent/session.jsonl"]).spawn();
    assert_eq!(pty.wait_for_exit(), 2);
    pty.wait_for_text("cannot record into /nonexistent/session.jsonl");
    assert!(pty.seen().is_restored() && pty.line_is_cooked());
}
