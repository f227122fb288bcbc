//! Several lines of text being typed. The state is plain data; editing (words, deletion, movement) is the text area's.

use serde::{Deserialize, Serialize};
use tui_textarea::{CursorMove, Input, TextArea};

use super::key::{Key, KeyPress};
use super::line_input::editor_key;

/// Control with these moves and deletes as it does in a shell.
const CONTROLS: [char; 8] = ['a', 'e', 'b', 'f', 'd', 'h', 'k', 'w'];
/// Alt with these moves and deletes by words.
const ALTS: [char; 3] = ['b', 'f', 'd'];

/// Lines being typed and where the cursor stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextInput {
    /// At least one.
    lines: Vec<String>,
    row: usize,
    /// Characters before the cursor in its line.
    column: usize,
    /// Characters there may be.
    most: usize,
}

impl TextInput {
    /// A text of at most so many characters with the cursor at its end.
    pub fn new(text: &str, most: usize) -> Self {
        let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        let row = lines.len().saturating_sub(1);
        let column = lines.last().map_or(0, |line| line.chars().count());
        Self { lines, row, column, most }
    }

    /// What was typed.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// Its lines, at least one.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The line of the cursor, and how many characters are before it there.
    pub const fn cursor(&self) -> (usize, usize) {
        (self.row, self.column)
    }

    /// Whether the cursor is in the first line.
    pub const fn at_top(&self) -> bool {
        self.row == 0
    }

    /// Whether the cursor is in the last line.
    pub const fn at_bottom(&self) -> bool {
        self.row + 1 >= self.lines.len()
    }

    /// Edits the text; keys that mean nothing to an editor change nothing.
    pub fn key(&mut self, press: KeyPress) {
        let KeyPress { key, ctrl, alt } = press;
        match key {
            Key::Char('u') if ctrl => {
                return self.edit(|editor| {
                    editor.delete_line_by_head();
                });
            }
            Key::Char('j') if ctrl => return self.break_line(),
            Key::Char(character) if ctrl && !CONTROLS.contains(&character) => return,
            Key::Char(character) if alt && !ALTS.contains(&character) => return,
            Key::Enter => return self.break_line(),
            Key::Up => return self.go_to(self.row.saturating_sub(1)),
            Key::Down => return self.go_to(self.row + 1),
            _ => {}
        }
        let Some(key) = editor_key(key) else { return };
        self.edit(|editor| {
            editor.input(Input { key, ctrl, alt, shift: false });
        });
    }

    /// Inserts pasted text, its lines kept.
    pub fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "  ");
        let plain: String = text.chars().filter(|character| *character == '\n' || !character.is_control()).collect();
        self.edit(|editor| {
            editor.insert_str(plain);
        });
    }

    fn break_line(&mut self) {
        self.edit(|editor| {
            editor.insert_newline();
        });
    }

    fn go_to(&mut self, row: usize) {
        self.row = row.min(self.lines.len().saturating_sub(1));
        let length = self.lines.get(self.row).map_or(0, |line| line.chars().count());
        self.column = self.column.min(length);
    }

    fn edit(&mut self, change: impl FnOnce(&mut TextArea<'_>)) {
        let mut editor = TextArea::new(self.lines.clone());
        let place = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        editor.move_cursor(CursorMove::Jump(place(self.row), place(self.column)));
        change(&mut editor);
        let (row, column) = (editor.cursor().0, editor.cursor().1);
        let lines = editor.into_lines();
        let length: usize = lines.iter().map(|line| line.chars().count() + 1).sum();
        // What is too long is not taken, neither as a whole nor in part.
        if length.saturating_sub(1) <= self.most {
            (self.lines, self.row, self.column) = (lines, row, column);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str, keys: &[&str]) -> TextInput {
        let mut input = TextInput::new(text, 100);
        for key in keys {
            input.key(key.parse().unwrap());
        }
        input
    }

    #[test]
    fn lines_are_made_left_and_joined() {
        for (text, keys, expected, cursor) in [
            ("", &["a", "enter", "b"][..], "a\nb", (1, 1)),
            ("ab\ncd", &["up", "x"], "abx\ncd", (0, 3)),
            ("abc\nd", &["up", "up", "y"], "aybc\nd", (0, 2)),
            ("ab\ncd", &["home", "backspace"], "abcd", (0, 2)),
            ("ab\ncd", &["up", "end", "delete"], "abcd", (0, 2)),
            ("ab\ncd", &["ctrl-u"], "ab\n", (1, 0)),
            ("ab\ncd", &["down", "down", "ctrl-j"], "ab\ncd\n", (2, 0)),
            ("one two", &["ctrl-w"], "one ", (0, 4)),
            ("one two", &["alt-b", "ctrl-k"], "one ", (0, 4)),
            ("same", &["ctrl-v", "alt-v", "ctrl-r", "ctrl-x", "page-down", "f5", "tab"], "same", (0, 4)),
            ("é東", &["left", "x"], "éx東", (0, 2)),
        ] {
            let input = typed(text, keys);
            assert_eq!((input.text().as_str(), input.cursor()), (expected, cursor), "{text:?} {keys:?}");
        }
    }

    #[test]
    fn pasted_lines_stay_lines_and_too_much_is_refused() {
        let mut input = TextInput::new("a", 12);
        input.paste("b\r\nc\u{1b}\td");
        assert_eq!((input.text().as_str(), input.cursor()), ("ab\nc  d", (1, 4)));
        input.paste("much too long");
        assert_eq!(input.text(), "ab\nc  d");
        assert!(input.at_bottom() && !input.at_top());
    }
}
