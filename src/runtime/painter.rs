//! From cells to bytes: the new picture is compared with the one on the screen and the difference goes out in one write,
//! inside synchronised output (DEC mode 2026), so that nobody sees half a frame. Where nothing differs nothing is written.

use std::io::{self, Write};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate,
};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::app::message::Size;

/// tmux hands on what stands between these, with every escape character in it doubled (tmux(1), allow-passthrough).
const TMUX_BEGIN: &[u8] = b"\x1bPtmux;";
const TMUX_END: &[u8] = b"\x1b\\";
const ESCAPE: u8 = 0x1b;

/// What has been written so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Painted {
    /// Frames that differed from the one before.
    pub frames: u64,
    /// Bytes of these frames.
    pub bytes: u64,
}

/// Paints frames onto a terminal.
pub struct Painter<W> {
    out: W,
    shown: Buffer,
    next: Buffer,
    cursor: Option<Position>,
    /// What is on the screen is not what we painted.
    spoilt: bool,
    painted: Painted,
    bytes: Vec<u8>,
    inside_tmux: bool,
}

impl<W: Write> Painter<W> {
    /// A painter for a terminal of which nothing is known.
    pub fn new(out: W) -> Self {
        Self {
            out,
            shown: Buffer::empty(Rect::ZERO),
            next: Buffer::empty(Rect::ZERO),
            cursor: None,
            spoilt: true,
            painted: Painted::default(),
            bytes: Vec::new(),
            inside_tmux: false,
        }
    }

    /// The terminal is one of tmux, which keeps what is for the clipboard to itself unless it is wrapped.
    pub const fn inside_tmux(&mut self) {
        self.inside_tmux = true;
    }

    /// Paints what `view` draws; it returns where the cursor is to be shown, if at all.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn paint(&mut self, size: Size, view: impl FnOnce(&mut Buffer) -> Option<Position>) -> io::Result<()> {
        let area = Rect::new(0, 0, size.width, size.height);
        if area != self.next.area {
            self.next.resize(area);
            self.spoilt = true;
        }
        self.next.reset();
        let cursor = view(&mut self.next).filter(|position| area.contains(*position));
        self.bytes.clear();
        if self.spoilt {
            self.shown.resize(area);
            self.shown.reset();
            queue!(self.bytes, Hide, Clear(ClearType::All))?;
            self.cursor = None;
        }
        let changed: Vec<(u16, u16, &Cell)> = self.shown.diff_iter(&self.next).collect();
        let cells_change = !changed.is_empty();
        let mut rows: Vec<u16> = changed.iter().map(|(_, row, _)| *row).collect();
        rows.dedup();
        rows.retain(|row| [&self.shown, &self.next].into_iter().any(|cells| is_doubtful(cells, *row)));
        let mut certain = changed.into_iter().filter(|(_, row, _)| !rows.contains(row)).peekable();
        if certain.peek().is_some() {
            CrosstermBackend::new(&mut self.bytes).draw(certain)?;
        }
        for row in rows {
            paint_row(&mut self.bytes, &self.next, row)?;
        }
        if cells_change || cursor != self.cursor {
            match cursor {
                Some(Position { x, y }) if self.cursor.is_some() => queue!(self.bytes, MoveTo(x, y))?,
                Some(Position { x, y }) => queue!(self.bytes, MoveTo(x, y), Show)?,
                None if self.cursor.is_some() => queue!(self.bytes, Hide)?,
                None => {}
            }
        }
        if !self.bytes.is_empty() {
            self.flush()?;
        }
        std::mem::swap(&mut self.shown, &mut self.next);
        // The buffer the next frame goes into had the old size if there was one.
        self.next.resize(area);
        self.cursor = cursor;
        self.spoilt = false;
        Ok(())
    }

    /// The next frame is painted whole, because something else has written to the screen.
    pub const fn spoil(&mut self) {
        self.spoilt = true;
    }

    /// Puts text on the clipboard of the terminal, wherever that is (OSC 52). Inside tmux it is sent twice: plainly, which
    /// tmux takes where `set-clipboard` is `on`, and wrapped, which it hands on where `allow-passthrough` is. What it does
    /// not take it drops.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        self.bytes.clear();
        queue!(self.bytes, CopyToClipboard::to_clipboard_from(text))?;
        if self.inside_tmux {
            let plain = std::mem::take(&mut self.bytes);
            self.bytes.extend_from_slice(&plain);
            self.bytes.extend_from_slice(TMUX_BEGIN);
            for byte in plain {
                self.bytes.extend_from_slice(if byte == ESCAPE {
                    &[ESCAPE, ESCAPE]
                } else {
                    std::slice::from_ref(&byte)
                });
            }
            self.bytes.extend_from_slice(TMUX_END);
        }
        self.out.write_all(&self.bytes)
    }

    /// What has been written so far.
    pub const fn painted(&self) -> Painted {
        self.painted
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut frame = Vec::with_capacity(self.bytes.len() + 16);
        queue!(frame, BeginSynchronizedUpdate)?;
        frame.append(&mut self.bytes);
        queue!(frame, EndSynchronizedUpdate)?;
        self.out.write_all(&frame)?;
        self.out.flush()?;
        self.painted.frames += 1;
        self.painted.bytes += u64::try_from(frame.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

/// Whether terminals may disagree about the columns it takes: what is wide, what is composed, and what cannot be read.
fn is_doubted(symbol: &str) -> bool {
    let mut characters = symbol.chars();
    let first = characters.next().unwrap_or(' ');
    characters.next().is_some() || first == char::REPLACEMENT_CHARACTER || first.width() != Some(1)
}

fn is_doubtful(cells: &Buffer, row: u16) -> bool {
    (0..cells.area.width).filter_map(|column| cells.cell((column, row))).any(|cell| is_doubted(cell.symbol()))
}

/// Paints a row whole, on nothing, each of its cells where it belongs: whatever a terminal takes a character for, it neither
/// pushes others aside nor leaves anything behind.
fn paint_row(bytes: &mut Vec<u8>, cells: &Buffer, row: u16) -> io::Result<()> {
    let at = |column: u16| Some((column, row, cells.cell((column, row))?));
    let next = |(column, _, cell): &(u16, u16, &Cell)| {
        at(column.saturating_add(u16::try_from(cell.symbol().width()).unwrap_or(1).max(1)))
    };
    let mut all: Vec<(u16, u16, &Cell)> = std::iter::successors(at(0), next).collect();
    while all.pop_if(|(_, _, cell)| **cell == Cell::EMPTY).is_some() {}
    queue!(bytes, DisableLineWrap, MoveTo(0, row), Clear(ClearType::CurrentLine))?;
    for run in all.chunk_by(|(_, _, before), _| !is_doubted(before.symbol())) {
        CrosstermBackend::new(&mut *bytes).draw(run.iter().copied())?;
    }
    queue!(bytes, EnableLineWrap)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use ratatui::style::Style;

    use super::*;

    /// Counts writes, since one frame must be one write.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for &mut Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn text(text: &str) -> impl FnOnce(&mut Buffer) -> Option<Position> {
        move |buffer: &mut Buffer| {
            for (row, line) in (0..buffer.area.height).zip(text.lines()) {
                buffer.set_stringn(0, row, line, usize::from(buffer.area.width), Style::default());
            }
            None
        }
    }

    const SMALL: Size = Size { width: 12, height: 3 };

    #[test]
    fn a_frame_is_one_synchronised_write_and_an_equal_frame_is_none() {
        let mut writes = Writes::default();
        let mut painter = Painter::new(&mut writes);
        painter.paint(SMALL, text("one\ntwo")).unwrap();
        painter.paint(SMALL, text("one\ntwo")).unwrap();
        assert_eq!(painter.painted().frames, 1);
        let bytes = painter.painted().bytes;
        painter.paint(SMALL, text("one\ntwx")).unwrap();
        assert!(painter.painted().bytes - bytes < 60, "one cell costs few bytes");
        drop(painter);
        assert_eq!(writes.0.len(), 2);
        for write in &writes.0 {
            assert!(write.starts_with(b"\x1b[?2026h") && write.ends_with(b"\x1b[?2026l"));
        }
    }

    #[test]
    fn tmux_gets_what_is_for_the_clipboard_plainly_and_wrapped() {
        let mut writes = Writes::default();
        let mut painter = Painter::new(&mut writes);
        painter.inside_tmux();
        painter.copy("aws ecs").unwrap();
        drop(painter);
        let plain = "\x1b]52;c;YXdzIGVjcw==\x1b\\";
        let wrapped = format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b"));
        assert_eq!(String::from_utf8_lossy(&writes.0.concat()), format!("{plain}{wrapped}"));
    }

    #[test]
    fn the_cursor_moves_hides_and_stays_without_needless_bytes() {
        let mut writes = Writes::default();
        let mut painter = Painter::new(&mut writes);
        let at = |x| move |_: &mut Buffer| Some(Position { x, y: 0 });
        painter.paint(SMALL, at(3)).unwrap();
        painter.paint(SMALL, at(3)).unwrap();
        painter.paint(SMALL, at(4)).unwrap();
        painter.paint(SMALL, text("")).unwrap();
        painter.paint(SMALL, text("")).unwrap();
        painter.paint(SMALL, at(99)).unwrap();
        drop(painter);
        assert_eq!(writes.0.len(), 3, "outside of the screen is as good as hidden");
        assert!(String::from_utf8_lossy(&writes.0[0]).contains("\x1b[1;4H\x1b[?25h"));
        assert!(String::from_utf8_lossy(&writes.0[1]).contains("\x1b[1;5H"));
        assert!(String::from_utf8_lossy(&writes.0[2]).contains("\x1b[?25l"));
    }

    #[test]
    fn after_resizes_and_foreign_writes_the_screen_is_right_again() {
        let mut screen = vt100::Parser::new(NonZeroU16::new(3).unwrap(), NonZeroU16::new(12).unwrap(), 0);
        let mut writes = Writes::default();
        let mut painter = Painter::new(&mut writes);
        painter.paint(SMALL, text("first\nframe")).unwrap();
        painter.paint(Size { width: 1, height: 1 }, text("f")).unwrap();
        painter.paint(SMALL, text("東京 x\nback")).unwrap();
        painter.spoil();
        painter.paint(SMALL, text("東京 y\nback")).unwrap();
        drop(painter);
        for (index, write) in writes.0.iter().enumerate() {
            if index == 3 {
                screen.process(b"\x1b[2;2HGARBAGE");
            }
            screen.process(write);
        }
        assert_eq!(screen.screen().contents().trim_end(), "東京 y\nback");
        let everything = writes.0.concat();
        assert!(!String::from_utf8_lossy(&everything).contains("\x1b[6n"), "the terminal is never asked anything");
    }

    #[test]
    fn what_terminals_disagree_about_pushes_nothing_aside_and_leaves_nothing_behind() {
        let mut screen = vt100::Parser::new(NonZeroU16::new(3).unwrap(), NonZeroU16::new(12).unwrap(), 0);
        let mut writes = Writes::default();
        let mut painter = Painter::new(&mut writes);
        // Flags, colours of skin, conjuncts and what cannot be read; this terminal takes them for more or fewer columns.
        let frames = [
            "|\u{fffd}\u{fffd}x क्षि  |\n|      👍🏽🇩🇪|\n|  東京   \u{fffd}|",
            "|क्षि abcd |\n|a         |\n|東京x क्षि |",
            "|a         |\n|b         |\n|c         |",
        ];
        for frame in frames {
            painter.paint(SMALL, text(frame)).unwrap();
        }
        drop(painter);
        for (write, frame) in writes.0.iter().zip(frames) {
            screen.process(write);
            for row in 0..3 {
                let edge = |column| screen.screen().cell(row, column).unwrap().contents();
                let width = frame.lines().nth(usize::from(row)).unwrap().width();
                assert_eq!(
                    (edge(0), edge(u16::try_from(width).unwrap() - 1)),
                    ("|", "|"),
                    "{row} of {frame}:\n{}",
                    screen.screen().contents()
                );
            }
        }
        assert_eq!(screen.screen().contents(), frames[2]);
    }
}
