//! Drives an `App` as the runtime would: keys and ticks go in, questions are answered out of a `World`, and the screen is
//! painted whenever somebody looks.

use std::collections::BTreeMap;

use ecsight::app::key::{Key, KeyPress};
use ecsight::app::keymap::{Bindings, Keymap};
use ecsight::app::message::{Connection, Effect, Msg, Size};
use ecsight::app::remote::RequestId;
use ecsight::app::{App, Options};
use ecsight::model::arn::ClusterName;
use ecsight::model::call::{CallError, CallRecord};
use ecsight::model::query::{Mutation, Query};
use ecsight::ui::{Theme, view};
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};

use crate::fixtures::{World, now};

pub struct Session {
    pub app: App,
    pub world: World,
    pub theme: Theme,
    pub now: Timestamp,
    /// Questions nobody has answered yet.
    pub open: Vec<(RequestId, Query)>,
    /// Changes nobody has answered yet.
    pub changes: Vec<(RequestId, Mutation)>,
    /// Everything else the app asked for.
    pub effects: Vec<Effect>,
}

pub fn options() -> Options {
    Options { cluster: Some(ClusterName::new("shop-prod")), ..Options::new(Keymap::new(&Bindings::new()).unwrap()) }
}

impl Session {
    /// Just started; nothing has been answered.
    pub fn start(width: u16, height: u16, world: World, mut options: Options) -> Self {
        // The story is that of this service, whichever the diagnosis holds for the worst.
        let story = world.services.iter().find(|service| service.name == "messenger-web");
        if let (Some(service), Some(_)) = (story, &options.cluster) {
            options.service = Some(service.name.clone());
        }
        let mut session = Self {
            app: App::new(options, now(), Size { width, height }),
            world,
            theme: Theme::default(),
            now: now(),
            open: Vec::new(),
            changes: Vec::new(),
            effects: Vec::new(),
        };
        let connection = Connection { region: Some("eu-west-1".to_owned()), profile: Some("prod".to_owned()) };
        session.send(Msg::Connected(connection));
        session
    }

    /// Started, and everything on the screen has been answered.
    pub fn settled(width: u16, height: u16, world: World) -> Self {
        let mut session = Self::start(width, height, world, options());
        session.settle();
        session
    }

    pub fn send(&mut self, msg: Msg) {
        for effect in self.app.update(self.now, msg) {
            match effect {
                Effect::Ask { request, query, .. } => self.open.push((request, query)),
                Effect::Cancel { request } => self.open.retain(|(open, _)| *open != request),
                Effect::Change { request, mutation } => self.changes.push((request, mutation)),
                other => self.effects.push(other),
            }
        }
    }

    /// Answers what is open, and what is asked because of that, until nothing is.
    pub fn answer(&mut self) {
        while !self.open.is_empty() {
            let (request, query) = self.open.remove(0);
            let result = self.world.answer(&query);
            self.send(Msg::Answered { request, result: Box::new(result) });
        }
    }

    /// Lets the cursor rest and answers everything.
    pub fn settle(&mut self) {
        self.answer();
        for _ in 0..3 {
            self.now += SignedDuration::from_millis(200);
            self.send(Msg::Tick);
            self.answer();
        }
    }

    /// Time passes; questions are asked and answered.
    pub fn run(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.now += SignedDuration::from_secs(1);
            self.send(Msg::Tick);
            self.answer();
        }
    }

    /// Time passes and nothing is answered.
    pub fn hang(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.now += SignedDuration::from_secs(1);
            self.send(Msg::Tick);
        }
    }

    /// Presses keys: characters, and names in `<>`, e.g. `jj<enter>2` or `<ctrl-d>`.
    pub fn keys(&mut self, script: &str) {
        for press in parse_keys(script) {
            self.send(Msg::Key(press));
        }
    }

    /// Keys, then everything they lead to is answered.
    pub fn press(&mut self, script: &str) {
        self.keys(script);
        self.settle();
    }

    pub fn accept_change(&mut self) {
        let (request, mutation) = self.changes.pop().expect("a change was sent");
        let service = self.world.change(&mutation);
        self.send(Msg::Changed { request, result: Box::new(Ok(service)) });
    }

    pub fn refuse_change(&mut self, error: CallError) {
        let (request, _) = self.changes.pop().expect("a change was sent");
        self.send(Msg::Changed { request, result: Box::new(Err(error)) });
    }

    pub fn record(&mut self, calls: Vec<CallRecord>) {
        self.send(Msg::Calls(calls));
    }

    pub fn paint(&self) -> (Buffer, Option<Position>) {
        let Size { width, height } = self.app.size();
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let cursor = view(&self.app, &self.theme, &mut buffer);
        (buffer, cursor)
    }

    /// The screen as text, with a line about the cursor and the styles below it.
    pub fn screen(&self) -> String {
        let (buffer, cursor) = self.paint();
        let mut text = text_of(&buffer).join("\n");
        if let Some(cursor) = cursor {
            text.push_str(&format!("\ncursor: {},{}", cursor.x, cursor.y));
        }
        text.push_str(&format!("\nstyles: {}", styles_of(&buffer)));
        text
    }
}

/// The rows of a buffer as text, ends trimmed.
pub fn text_of(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    (area.top()..area.bottom())
        .map(|row| {
            let mut text = String::new();
            let mut column = area.left();
            while column < area.right() {
                let symbol = buffer[(column, row)].symbol();
                text.push_str(symbol);
                column += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol).max(1)).unwrap();
            }
            text.trim_end().to_owned()
        })
        .collect()
}

/// How many cells have which style, and a fingerprint of where.
fn styles_of(buffer: &Buffer) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut fingerprint: u32 = 0x811c_9dc5;
    for cell in &buffer.content {
        let mut name = match cell.fg {
            Color::Reset => String::new(),
            colour => format!("{colour:?} "),
        };
        if cell.bg != Color::Reset {
            name.push_str(&format!("on {:?} ", cell.bg));
        }
        if cell.modifier != Modifier::empty() {
            name.push_str(&format!("{:?} ", cell.modifier));
        }
        for byte in name.bytes() {
            fingerprint = (fingerprint ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        fingerprint = fingerprint.wrapping_mul(0x0100_0193) ^ 1;
        if !name.is_empty() {
            *counts.entry(name.trim().to_owned()).or_default() += 1;
        }
    }
    let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    format!("{} #{fingerprint:08x}", counts.join(", "))
}

pub fn parse_keys(script: &str) -> Vec<KeyPress> {
    let mut presses = Vec::new();
    let mut rest = script;
    while let Some(character) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        if let Some((press, after)) = named.and_then(|(name, after)| Some((name.parse().ok()?, after))) {
            presses.push(press);
            rest = after;
        } else {
            presses.push(KeyPress::plain(Key::Char(character)));
            rest = &rest[character.len_utf8()..];
        }
    }
    presses
}

#[test]
fn key_scripts_mix_characters_and_names() {
    let press = |key| KeyPress::plain(key);
    let expected = vec![press(Key::Char('j')), press(Key::Enter), press(Key::Char('2')), press(Key::Char('<'))];
    assert_eq!(parse_keys("j<enter>2<"), expected);
    assert_eq!(parse_keys("<ctrl-d>"), vec![KeyPress { key: Key::Char('d'), ctrl: true, alt: false }]);
}
