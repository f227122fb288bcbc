//! Stopping and going on, under a shell with job control. Commands end with a line feed, which ends a line also where a
//! plain shell has left the line as a stopped program had it.

use rustix::process::{Signal, kill_process};

use crate::pty::{BINARY, Pty, Seen, Start};

/// A shell in which the program runs and shows its services.
fn under_a_shell(command: &str) -> Pty {
    let mut pty = Start::new("/bin/sh", &["-i"]).env("PS1", "shell> ").spawn();
    pty.wait_for_text("shell>");
    pty.send(&format!("{command}\n"));
    drop(pty.wait("the services", in_front));
    pty
}

fn in_front(seen: &Seen) -> bool {
    seen.screen().alternate_screen() && seen.shows("┌ Services")
}

fn stopped(seen: &Seen) -> bool {
    at_the_prompt(seen) && seen.shows("Stopped")
}

fn at_the_prompt(seen: &Seen) -> bool {
    seen.is_restored() && seen.text().trim_end().ends_with("shell>")
}

fn demo() -> String {
    format!("{BINARY} demo --cluster shop-prod")
}

#[test]
fn ctrl_z_and_fg() {
    // The second form has a parent in its process group, which has to stop too.
    for command in [demo(), format!("sh -c '{}; exit $?'", demo())] {
        let mut pty = under_a_shell(&command);
        for size in [(90, 20), (120, 40)] {
            pty.send("\x1a");
            drop(pty.wait("the shell", stopped));
            assert!(pty.line_is_cooked());
            pty.resize(size.0, size.1);
            pty.send("clear; fg\n");
            drop(pty.wait("the services again", |seen| {
                let last_row = seen.screen().rows(0, size.0).nth(usize::from(size.1) - 2);
                in_front(seen) && last_row.is_some_and(|row| row.starts_with('└') && row.ends_with('┘'))
            }));
            assert!(!pty.line_is_cooked());
            assert!(pty.seen().screen().bracketed_paste() && pty.seen().screen().hide_cursor());
        }
        pty.send("q");
        drop(pty.wait("the shell at the end", at_the_prompt));
        pty.send("echo code=$?\n");
        pty.wait_for_text("code=0");
    }
}

#[test]
fn stopped_from_outside() {
    let mut pty = under_a_shell(&demo());
    kill_process(pty.foreground(), Signal::TSTP).unwrap();
    drop(pty.wait("the shell", stopped));
    pty.send("clear; fg\n");
    drop(pty.wait("the services again", in_front));
    // This one cannot be noticed, so the terminal is left as it is; going on repairs it.
    kill_process(pty.foreground(), Signal::STOP).unwrap();
    pty.wait_for_text("Stopped");
    pty.send("clear; fg\n");
    drop(pty.wait("the services again", |seen| in_front(seen) && !seen.shows("Stopped")));
    assert!(!pty.line_is_cooked());
    pty.send("q");
    drop(pty.wait("the shell at the end", at_the_prompt));
}

#[test]
fn ended_while_stopped() {
    let mut pty = under_a_shell(&demo());
    let program = pty.foreground();
    pty.send("\x1a");
    drop(pty.wait("the shell", stopped));
    kill_process(program, Signal::TERM).unwrap();
    pty.send("clear; fg\n");
    drop(pty.wait("the shell without a job", |seen| at_the_prompt(seen) && !seen.shows("Stopped")));
    pty.send("echo code=$?\n");
    pty.wait_for_text("code=143");
    assert!(pty.seen().is_restored() && pty.line_is_cooked());
}

#[test]
fn without_job_control_nothing_stops() {
    let mut pty = Start::demo(&[]).spawn();
    pty.wait_for_text("messenger");
    pty.send("\x1a/checkout");
    drop(pty.wait("the filter at work", |seen| seen.shows("filter: checkout")));
    pty.signal(Signal::TSTP);
    pty.send("\x1b");
    drop(pty.wait("all services", |seen| in_front(seen) && !seen.shows("filter:")));
    pty.send("q");
    assert_eq!(pty.wait_for_exit(), 0);
}
