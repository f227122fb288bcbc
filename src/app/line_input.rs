//! One line of text being typed. The state is plain data; editing (words, deletion, movement) is the text area's.

use serde::{Deserialize, Serialize};
use tui_textarea::{CursorMove, Input, Key as EditorKey, TextArea};

use super::key::{Key, KeyPress};

/// A line being typed and where the cursor stands, in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineInput {
    text: String,
    cursor: usize,
}

impl LineInput {
    /// A line with the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self { cursor: text.chars().count(), text: text.to_owned() }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Characters before the cursor.
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// Edits the line; keys that mean nothing to an editor change nothing.
    pub fn key(&mut self, press: KeyPress) {
        // As in a shell; the editor would undo.
        if press.ctrl && press.key == Key::Char('u') {
            return self.edit(|editor| {
                editor.delete_line_by_head();
            });
        }
        let Some(key) = editor_key(press.key) else { return };
        self.edit(|editor| {
            editor.input(Input { key, ctrl: press.ctrl, alt: press.alt, shift: false });
        });
    }

    /// Inserts pasted text, line breaks turned into spaces.
    pub fn paste(&mut self, text: &str) {
        let line: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
        self.edit(|editor| {
            editor.insert_str(line.trim());
        });
    }

    fn edit(&mut self, change: impl FnOnce(&mut TextArea<'_>)) {
        let mut editor = TextArea::new(vec![self.text.clone()]);
        editor.move_cursor(CursorMove::Jump(0, u16::try_from(self.cursor).unwrap_or(u16::MAX)));
        change(&mut editor);
        self.text = editor.lines().join(" ");
        self.cursor = editor.cursor().1.min(self.text.chars().count());
    }
}

/// A key as the editor names it, if it means something to an editor of a single line.
pub(super) const fn editor_key(key: Key) -> Option<EditorKey> {
    Some(match key {
        Key::Char(character) => EditorKey::Char(character),
        Key::Backspace => EditorKey::Backspace,
        Key::Delete => EditorKey::Delete,
        Key::Left => EditorKey::Left,
        Key::Right => EditorKey::Right,
        Key::Home => EditorKey::Home,
        Key::End => EditorKey::End,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[&str]) -> LineInput {
        let mut input = LineInput::default();
        for key in keys {
            input.key(key.parse().unwrap());
        }
        input
    }

    #[test]
    fn typing_and_editing() {
        assert_eq!(typed(&["w", "e", "b"]).text(), "web");
        assert_eq!(typed(&["w", "e", "b", "left", "backspace"]).text(), "wb");
        assert_eq!(typed(&["a", "space", "b", "ctrl-w"]).text(), "a ");
        assert_eq!(typed(&["a", "b", "c", "left", "ctrl-u"]).text(), "c");
        assert_eq!(typed(&["é", "x", "home", "delete"]).text(), "x");
    }

    #[test]
    fn pasting_stays_on_one_line() {
        let mut input = LineInput::new("a");
        input.paste("b\nc\u{1b}d\n");
        assert_eq!(input.text(), "ab c d");
        assert_eq!(input.cursor(), 6);
    }
}
