//! From the terminal's events to messages. The stream of events lives in its own task and is dropped while the terminal is
//! somebody else's, because it goes on reading standard input for as long as it exists.

use std::io;

use crossterm::event::{
    Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::app::key::{Key, KeyPress};
use crate::app::message::{Mouse, Msg, Size};

/// The task that reads the terminal. Dropping it stops the reading.
pub(super) struct Input {
    task: Option<JoinHandle<io::Error>>,
}

impl Input {
    /// Starts to read.
    pub(super) fn start(outbox: mpsc::Sender<Msg>) -> Self {
        Self { task: Some(tokio::spawn(read(outbox))) }
    }

    /// Waits until the terminal cannot be read any more, and says why.
    pub(super) async fn failed(&mut self) -> io::Error {
        match &mut self.task {
            Some(task) => task.await.unwrap_or_else(io::Error::other),
            None => std::future::pending().await,
        }
    }

    /// Stops reading, and returns when the stream is gone.
    pub(super) async fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            let _ = task.await;
        }
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn read(outbox: mpsc::Sender<Msg>) -> io::Error {
    let mut events = EventStream::new();
    loop {
        match events.next().await {
            Some(Ok(event)) => {
                if let Some(msg) = message(event)
                    && outbox.send(msg).await.is_err()
                {
                    // Nobody listens any more: the program is ending.
                    std::future::pending::<()>().await;
                }
            }
            Some(Err(error)) => return error,
            None => return io::ErrorKind::UnexpectedEof.into(),
        }
    }
}

/// What an event of the terminal means to the program, if anything.
fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(event) => key_press(event).map(Msg::Key),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resize(Size { width: width.max(1), height: height.max(1) })),
        Event::Mouse(event) => {
            let (column, row) = (event.column, event.row);
            let mouse = match event.kind {
                MouseEventKind::Down(MouseButton::Left) => Mouse::Click { column, row },
                MouseEventKind::ScrollUp => Mouse::Scroll { column, row, by: -1 },
                MouseEventKind::ScrollDown => Mouse::Scroll { column, row, by: 1 },
                _ => return None,
            };
            Some(Msg::Mouse(mouse))
        }
        Event::FocusGained | Event::FocusLost => None,
    }
}

fn key_press(event: KeyEvent) -> Option<KeyPress> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let shift = event.modifiers.contains(KeyModifiers::SHIFT);
    let key = match event.code {
        KeyCode::Char(character) if shift => Key::Char(upper(character)),
        KeyCode::Char(character) => Key::Char(character),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab if shift => Key::BackTab,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::F(number) => Key::F(number),
        _ => return None,
    };
    Some(KeyPress {
        key,
        ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
        alt: event.modifiers.contains(KeyModifiers::ALT),
    })
}

/// The upper-case form where it is one character; `ß` and its like stay.
fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyEventState, MouseEvent};

    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers, kind: KeyEventKind) -> Event {
        Event::Key(KeyEvent { code, modifiers, kind, state: KeyEventState::NONE })
    }

    #[test]
    fn keys_become_presses() {
        use KeyCode::{BackTab, Char, Enter, F, Tab};
        let (none, shift) = (KeyModifiers::NONE, KeyModifiers::SHIFT);
        for (code, modifiers, expected) in [
            (Char('r'), none, "r"),
            (Char('R'), shift, "R"),
            (Char('r'), shift, "R"),
            (Char('?'), shift, "?"),
            (Char('ß'), shift, "ß"),
            (Char('c'), KeyModifiers::CONTROL, "ctrl-c"),
            (Char('x'), KeyModifiers::ALT, "alt-x"),
            (BackTab, shift, "shift-tab"),
            (Tab, shift, "shift-tab"),
            (Tab, none, "tab"),
            (Enter, none, "enter"),
            (F(5), none, "f5"),
        ] {
            for kind in [KeyEventKind::Press, KeyEventKind::Repeat] {
                let expected = Some(Msg::Key(expected.parse().unwrap()));
                assert_eq!(message(key(code, modifiers, kind)), expected, "{code:?}");
            }
            assert_eq!(message(key(code, modifiers, KeyEventKind::Release)), None);
        }
        assert_eq!(message(key(KeyCode::CapsLock, none, KeyEventKind::Press)), None);
    }

    #[test]
    fn mouse_paste_and_size() {
        let mouse = |kind| Event::Mouse(MouseEvent { kind, column: 4, row: 2, modifiers: KeyModifiers::NONE });
        let (column, row) = (4, 2);
        for (event, expected) in [
            (mouse(MouseEventKind::Down(MouseButton::Left)), Some(Msg::Mouse(Mouse::Click { column, row }))),
            (mouse(MouseEventKind::ScrollUp), Some(Msg::Mouse(Mouse::Scroll { column, row, by: -1 }))),
            (mouse(MouseEventKind::ScrollDown), Some(Msg::Mouse(Mouse::Scroll { column, row, by: 1 }))),
            (mouse(MouseEventKind::Moved), None),
            (mouse(MouseEventKind::Down(MouseButton::Right)), None),
            (Event::Paste("web\n".to_owned()), Some(Msg::Paste("web\n".to_owned()))),
            (Event::Resize(0, 3), Some(Msg::Resize(Size { width: 1, height: 3 }))),
            (Event::FocusGained, None),
        ] {
            assert_eq!(message(event), expected);
        }
    }
}
