//! What an application writes may be anything. On the screen, and in files that are saved, it is text: a terminal obeys none
//! of it, no cell outside of its line changes, and nothing of it is counted in other columns than it takes.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use ecsight::sim::{Application, Blueprint, Clock, Simulator, World};
use tokio::runtime::Runtime;

use crate::pty::{BINARY, Pty, Seen, Start};

/// What is written, and what of it can be read.
const LINES: [(&str, &str); 16] = [
    ("clipboard \x1b]52;c;b3duZWQ=\x07.", "clipboard ␛]52;c;b3duZWQ=␇."),
    ("link \x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\.", "link ␛]8;;http://evil.example␛\\here␛]8;;␛\\."),
    ("title \x1b]0;owned\x07.", "title ␛]0;owned␇."),
    ("cleared \x1b[2J\x1b[H\x1b[3J.", "cleared ␛[2J␛[H␛[3J."),
    ("modes \x1b[?1049l\x1b[?1000h\x1b[?25h\x1b[?5h.", "modes ␛[?1049l␛[?1000h␛[?25h␛[?5h."),
    ("device \x1bP1$r0m\x1b\\ \x1b[6n \x1b[c \x1bc.", "device ␛P1$r0m␛\\ ␛[6n ␛[c ␛c."),
    ("eighth bit \u{9b}31m\u{9d}0;owned\u{9c}\u{90}\u{85}.", "eighth bit �31m�0;owned���."),
    ("old tricks \0\x07\x08\x0b\x0c\x0e\x0f\rover\x7f.", "old tricks ␀␇␈␋␌␎␏␍over␡."),
    ("two\nlines\u{2028}three\tand a tab.", "two␤lines␤three and a tab."),
    ("right to left \u{202e}nimda\u{200f}\u{2067}\u{2069}.", "right to left �nimda���."),
    ("letters שלום, عالم.", "letters שלום, عالم."),
    ("wide 東京 ✅ 🚀 👍🏽 🇩🇪 ｆｕｌｌ 한글.", "wide 東京 ✅ 🚀 👍🏽 🇩🇪 ｆｕｌｌ 한글."),
    ("joined 👩\u{200d}👧 ❤\u{fe0f} 1\u{fe0f}\u{20e3}.", "joined 👩👧 ❤ 1."),
    (
        "combined e\u{301}a\u{308} Z\u{351}\u{32b}\u{343} क्षि \u{1112}\u{1161}\u{11ab}.",
        "combined e\u{301}a\u{308} Z\u{351}\u{32b}\u{343} क्षि \u{1112}\u{1161}\u{11ab}.",
    ),
    (
        "colours \x1b[1;31mred\x1b[0m and \x1b[38;5;2mgreen\x1b[48;2;1;2;3m \x1b[7;5;8mhidden\x1b[m.",
        "colours red and green hidden.",
    ),
    ("unfinished \x1b[31", "unfinished ␛[31"),
];
const LONG: usize = 256_000;
const LAST: &str = "the last line";

/// What the program itself has the terminal do meanwhile: move, colour, empty rows that must not be wrapped, show the cursor,
/// and wait for whole frames.
const OWN: [&str; 9] =
    ["CSI m", "CSI H", "CSI K", "CSI ?7h", "CSI ?7l", "CSI ?25h", "CSI ?25l", "CSI ?2026h", "CSI ?2026l"];

/// A service that wrote all that within the last minutes, and the screen on its logs.
fn on_its_logs(width: u16, height: u16) -> (Runtime, Simulator, Pty, usize) {
    let long = format!("long {}", "x".repeat(LONG));
    let lines = std::iter::once(long.as_str()).chain(LINES.iter().map(|(written, _)| *written)).chain([LAST]);
    let application = (10..).zip(lines).fold(Application::worker(), |application, (second, line)| {
        application.writing(Duration::from_secs(second), line)
    });
    let mut world = World::empty(7);
    world.add_cluster("shop");
    world.add_service("shop", &Blueprint::worker("web").tasks(1).running(application).settled(Duration::from_mins(3)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let anywhere = ([127, 0, 0, 1], 0).into();
    let simulator =
        runtime.block_on(Simulator::start(anywhere, world, Clock::Real { speed: 1.0 }, Duration::ZERO)).unwrap();
    let mut pty = Start::new(BINARY, &["--endpoint-url", &simulator.endpoint(), "--cluster", "shop"])
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .size(width, height)
        .spawn();
    pty.wait_for_text("✔ web");
    let before = pty.seen().bytes.len();
    pty.send("l");
    pty.wait_for_text(LAST);
    (runtime, simulator, pty, before)
}

/// Whether the frame is whole and the heading and the footer are there.
fn is_intact(seen: &Seen) -> bool {
    let (rows, columns) = seen.screen().size();
    let (last_row, last) = (rows.get() - 1, columns.get() - 1);
    let cell = |row, column| seen.screen().cell(row, column).unwrap().contents();
    let row_of = |corner| (0..last_row).find(|row| cell(*row, 0) == corner);
    let (Some(top), Some(bottom)) = (row_of("┌"), row_of("└")) else { return false };
    seen.text().lines().next().is_some_and(|line| line.contains("shop"))
        && (cell(top, last), cell(bottom, last)) == ("┐", "┘")
        && (top + 1..bottom).all(|row| (cell(row, 0), cell(row, last)) == ("│", "│"))
}

/// Every kind of thing in there that a terminal obeys.
fn obeyed(bytes: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = BTreeSet::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        // The last one may not be here yet.
        if character == '\x1b' && rest.peek().is_none() {
            break;
        }
        if character == '\x1b' && rest.next_if_eq(&'[').is_some() {
            let mut sequence = String::new();
            while let Some(parameter) = rest.next_if(|c| matches!(c, ' '..='?')) {
                sequence.push(parameter);
            }
            let Some(end) = rest.next() else { break };
            // Numbers matter where they name modes.
            if !matches!(end, 'h' | 'l') {
                sequence.retain(|c| !matches!(c, '0'..='9' | ';' | ':'));
            }
            found.insert(format!("CSI {sequence}{end}"));
        } else if character.is_control() {
            found.insert(format!("{character:?} {:?}", rest.peek()));
        }
    }
    found
}

#[test]
fn lines_are_text_and_the_terminal_obeys_none_of_them() {
    let (_runtime, _simulator, mut pty, before) = on_its_logs(120, 40);
    // This model of a terminal has neither colours of skin nor a sign for what cannot be read.
    let on_screen = LINES.map(|(_, shown)| shown.replace('\u{1f3fd}', "").replace('�', " "));
    let seen = pty.wait("all lines", |seen| on_screen.iter().all(|shown| seen.shows(shown)));
    drop(seen);
    let seen = pty.wait("an intact frame", is_intact);
    // In colours that were asked for, as far as they can be read.
    let row = (0..40).find(|row| seen.screen().rows(0, 120).nth(*row).unwrap().contains("colours red")).unwrap();
    let cells: Vec<_> =
        (0..120).map(|column| seen.screen().cell(u16::try_from(row).unwrap(), column).unwrap()).collect();
    let of = |word: &str| {
        let letters: Vec<&str> = cells.iter().map(|cell| cell.contents()).collect();
        let place = letters.windows(word.len()).position(|window| window.concat() == word).unwrap();
        cells[place]
    };
    assert_eq!((of("red").fgcolor(), of("red").bold()), (vt100::Color::Idx(1), true));
    assert_eq!(of("green").fgcolor(), vt100::Color::Idx(2));
    assert!(!of("hidden").inverse() && of("hidden").bgcolor() == vt100::Color::Default);
    drop(seen);
    // To the line that never ends and back, cut, wrapped and unfolded; and in a narrow window.
    for keys in ["g", "w", "\r", "w", "j", "G", "/owned\r"] {
        pty.send(keys);
    }
    drop(pty.wait("the search", |seen| seen.shows("search owned") && seen.screen().hide_cursor()));
    let obeyed = obeyed(&pty.seen().bytes[before..]);
    assert!(obeyed.is_subset(&OWN.map(str::to_owned).into()), "{obeyed:?}");
    pty.resize(60, 20);
    for keys in ["g", "w", "\r", "G", "/hidden\r"] {
        pty.send(keys);
    }
    drop(pty.wait("the search", |seen| seen.shows("and green hidden") && seen.screen().hide_cursor()));
    drop(pty.wait("an intact frame", is_intact));
    pty.send("q");
    assert_eq!(pty.wait_for_exit(), 0);
    drop(pty.wait("a restored terminal", Seen::is_restored));
}

#[test]
fn what_is_saved_is_text_line_by_line() {
    let (_runtime, _simulator, mut pty, _) = on_its_logs(120, 40);
    pty.send("\x13");
    let saved = || {
        let mut files = fs::read_dir(pty.home()).unwrap().map(|entry| entry.unwrap().path());
        files.find(|file| file.extension().is_some_and(|end| end == "log"))
    };
    pty.wait_outside("the file", || saved().is_some_and(|file| fs::read_to_string(file).unwrap().contains(LAST)));
    let text = fs::read_to_string(saved().unwrap()).unwrap();
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()));
    let lines: Vec<&str> = text.lines().filter_map(|line| line.splitn(4, ' ').nth(3)).collect();
    let shown: Vec<&str> = LINES.iter().map(|(_, shown)| *shown).chain([LAST]).collect();
    assert_eq!(lines[0], "starting web, revision 5");
    assert!(lines[1].starts_with("long xxx") && lines[1].len() > 60_000);
    assert_eq!(lines[2..], shown);
}
