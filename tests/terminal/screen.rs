//! What a person sees and does.

use crate::pty::{Pty, Seen, Start};

fn demo(arguments: &[&str]) -> Pty {
    let pty = Start::demo(arguments).spawn();
    pty.wait_for_text("messenger");
    pty
}

/// The row that shows a text, from the top.
fn row_of(seen: &Seen, text: &str) -> Option<u16> {
    let (_, width) = seen.screen().size();
    let row = seen.screen().rows(0, width.get()).position(|row| row.contains(text))?;
    u16::try_from(row).ok()
}

#[test]
fn services_appear_and_the_terminal_is_never_asked_anything() {
    let pty = demo(&[]);
    // The name of the program gives way where the line is short.
    for text in ["shop-prod", "demo", "Services"] {
        pty.wait_for_text(text);
    }
    let seen = pty.seen();
    for question in [&b"\x1b[6n"[..], b"\x1b[c", b"\x1b[?u"] {
        assert!(!seen.bytes.windows(question.len()).any(|bytes| bytes == question));
    }
}

#[test]
fn pasted_text_goes_into_the_filter_and_runs_nothing() {
    let mut pty = demo(&[]);
    pty.send("/");
    drop(pty.wait("the cursor in the filter", |seen| !seen.screen().hide_cursor()));
    pty.send("\x1b[200~check\nout\x1b[201~");
    drop(pty.wait("no service with that name", |seen| seen.shows("check out") && !seen.shows("messenger")));
    pty.send("\x1b");
    drop(pty.wait("all services again", |seen| seen.shows("messenger") && seen.screen().hide_cursor()));
}

#[test]
fn any_size_is_survived() {
    let mut pty = demo(&[]);
    for (width, height) in [(1, 1), (200, 50), (39, 7), (3, 60), (80, 24)] {
        pty.resize(width, height);
        if width >= 80 {
            pty.wait_for_text("messenger");
        }
    }
    drop(pty.wait("the frame's corner", |seen| row_of(seen, "┘").is_some_and(|row| row <= 23)));
    pty.send("q");
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn a_click_selects() {
    let mut pty = demo(&[]);
    let seen = pty.wait("a healthy service", |seen| row_of(seen, "accounts").is_some());
    let row = row_of(&seen, "accounts").unwrap() + 1;
    drop(seen);
    pty.send(&format!("\x1b[<0;10;{row}M\x1b[<0;10;{row}m"));
    drop(pty.wait("its title", |seen| row_of(seen, "├ accounts").is_some()));
}

#[test]
fn without_colours_attributes_stay() {
    let pty = Start::demo(&[]).env("NO_COLOR", "1").spawn();
    pty.wait_for_text("messenger");
    let seen = pty.seen();
    let (rows, columns) = seen.screen().size();
    let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
    let cells: Vec<&vt100::Cell> = cells.filter_map(|(row, column)| seen.screen().cell(row, column)).collect();
    assert!(cells.iter().all(|cell| cell.fgcolor() == vt100::Color::Default));
    assert!(cells.iter().any(|cell| cell.inverse()), "the selected row still stands out");
    assert!(cells.iter().any(|cell| cell.bold()));
}

#[test]
fn keys_work_while_aws_hangs() {
    let mut pty = Start::demo(&["--fault", "ListServices=hang"]).spawn();
    pty.wait_for_text("shop-prod");
    pty.send("/checkout");
    drop(pty.wait("the filter", |seen| seen.shows("checkout") && !seen.screen().hide_cursor()));
    pty.send("\x1b");
    drop(pty.wait("no filter", |seen| !seen.shows("checkout") && seen.screen().hide_cursor()));
    pty.send("q");
    assert_eq!(pty.wait_for_exit(), 0);
}

#[test]
fn refreshes_that_change_nothing_write_nothing() {
    // The world stands nearly still.
    let pty = Start::demo(&["--speed", "0.01", "--refresh", "1", "--record", "session.jsonl"]).size(80, 24).spawn();
    pty.wait_for_text("messenger");
    let (mut since, mut written) = (0, 0);
    // Whenever something did change, such as an age in minutes, it begins anew.
    pty.wait_outside("five answers in a row without a byte", || {
        let (answers, bytes) = (pty.recorded("answered"), pty.seen().bytes.len());
        if bytes != written {
            (since, written) = (answers, bytes);
        }
        answers >= since + 5
    });
}

#[test]
fn the_first_frame_does_not_wait_for_aws() {
    let start = Start::demo(&["--fault", "*=hang"]);
    let pty = start.spawn();
    drop(pty.wait("a frame", |seen| seen.screen().alternate_screen() && seen.shows("ecsight")));
}
