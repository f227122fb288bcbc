//! Keys while logs have the full screen: moving, searching, narrowing, marking.

use std::iter::successors;

use super::{Logs, Prompt};
use crate::app::App;
use crate::app::command::{Command, Context, Reading};
use crate::app::key::{Key as Pressed, KeyPress};
use crate::app::layout::layout;
use crate::app::line_input::LineInput;
use crate::app::message::Effect;
use crate::app::overlay::{Chooser, Overlay};
use crate::app::screens::{Tab, logs as screen};
use crate::logs::pattern::Pattern;
use crate::logs::view::Filter;
use crate::logs::when::point;

impl App {
    /// Where keys mean something of their own.
    pub fn context(&self) -> Context {
        if self.is_reading() && self.overlay.is_none() { Context::Logs } else { Context::Everywhere }
    }

    /// Whether logs have the full screen, perhaps under something else.
    pub fn is_reading(&self) -> bool {
        self.detail.zoomed && self.detail.tab == Tab::Logs && self.logs.is_some()
    }

    /// Whether something can be done with the lines there are.
    pub(in crate::app) fn reading_available(&self, reading: Reading) -> Result<(), String> {
        let Some(logs) = &self.logs else { return Err("no logs are open".to_owned()) };
        match reading {
            Reading::NextHit | Reading::PreviousHit if logs.search.is_none() => {
                Err("nothing was searched for".to_owned())
            }
            Reading::Older if !logs.asked.is_empty() => Err("older lines are being read".to_owned()),
            Reading::Mark | Reading::Expand | Reading::Save | Reading::Jump if logs.view.is_empty() => {
                Err("there are no lines".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Does something with lines.
    pub(in crate::app) fn read(&mut self, reading: Reading) -> Vec<Effect> {
        let look = &mut self.look;
        let Some(logs) = &mut self.logs else { return Vec::new() };
        match reading {
            Reading::Search | Reading::Include | Reading::Exclude | Reading::Jump => logs.open_prompt(reading),
            Reading::NextHit => return self.next_hit(true),
            Reading::PreviousHit => return self.next_hit(false),
            Reading::Narrow => self.overlay = Some(Overlay::Tasks(Chooser::default())),
            Reading::Pause if logs.cursor.is_some() => logs.cursor = None,
            Reading::Pause => logs.stay(),
            Reading::Wrap => look.wrap = !look.wrap,
            Reading::Times => {
                look.times = look.times.next();
                let words = look.times.told(self.now, &self.options.zone);
                self.notify(words);
            }
            Reading::Older => self.ask_for_older(),
            Reading::Mark => {
                logs.stay();
                logs.marked = if logs.marked.is_some() { None } else { logs.cursor };
            }
            Reading::Expand => {
                logs.stay();
                if let Some(key) = logs.cursor.filter(|key| !logs.expanded.remove(key)) {
                    logs.expanded.insert(key);
                }
            }
            Reading::Save => return self.save_lines(),
            Reading::Insights => self.open_insights(),
        }
        Vec::new()
    }

    fn next_hit(&mut self, forwards: bool) -> Vec<Effect> {
        let Some(logs) = &mut self.logs else { return Vec::new() };
        let Some((pattern, row)) = logs.search.clone().zip(logs.row()) else { return Vec::new() };
        match logs.view.find(&logs.held, &pattern, row, forwards) {
            Some(there) => {
                logs.go_to(there);
                // Who goes on at the other end wants to know.
                match forwards {
                    true if there < row => self.notify("no newer hit, so this is the oldest"),
                    false if there > row => self.notify("no older hit, so this is the newest"),
                    _ => {}
                }
            }
            None => self.notify(format!("\"{}\" is in none of the lines shown", pattern.typed())),
        }
        Vec::new()
    }

    /// A command that moves, or goes back, means the lines. Whether it did.
    pub(in crate::app) fn read_command(&mut self, command: Command) -> bool {
        if self.context() != Context::Logs {
            return false;
        }
        let page = layout(self).map_or(10, |layout| usize::from(layout.detail_body.height).saturating_sub(2).max(1));
        let Some(logs) = &mut self.logs else { return false };
        if command == Command::Back {
            return logs.step_back();
        }
        let Some(row) = logs.row() else { return matches!(command, Command::Down | Command::Up) };
        let last = logs.view.len().saturating_sub(1);
        match command {
            Command::Down if row == last => logs.cursor = None,
            Command::Down => logs.go_to(row + 1),
            Command::Up => logs.go_to(row.saturating_sub(1)),
            Command::First => logs.go_to(0),
            Command::Last => logs.cursor = None,
            Command::PageDown if row + page >= last => logs.cursor = None,
            Command::PageDown => logs.go_to(row + page),
            Command::PageUp => logs.go_to(row.saturating_sub(page)),
            Command::ScrollDown if row + page / 2 >= last => logs.cursor = None,
            Command::ScrollDown => logs.go_to(row + page / 2),
            Command::ScrollUp => logs.go_to(row.saturating_sub(page / 2)),
            _ => return false,
        }
        true
    }

    /// The wheel moves lines.
    pub(in crate::app) fn scroll_lines(&mut self, by: isize) {
        let Some(logs) = &mut self.logs else { return };
        let Some(row) = logs.row() else { return };
        let there = row.saturating_add_signed(by);
        if there >= logs.view.len() { logs.cursor = None } else { logs.go_to(there) }
    }

    /// The lines that are marked, or the one somebody reads, as they are copied.
    pub(in crate::app) fn lines_to_copy(&self) -> Option<String> {
        let logs = self.logs.as_ref().filter(|_| self.context() == Context::Logs)?;
        let rows = logs.marked().or_else(|| logs.row().map(|row| row..=row))?;
        let lines: Vec<String> = rows.filter_map(|row| Some(screen::whole(logs, logs.line(row)?))).collect();
        Some(lines.join("\n"))
    }

    fn save_lines(&mut self) -> Vec<Effect> {
        let Some(logs) = &self.logs else { return Vec::new() };
        let rows = logs.marked().unwrap_or_else(|| 0..=logs.view.len().saturating_sub(1));
        let lines = rows.filter_map(|row| Some(screen::whole(logs, logs.line(row)?))).collect();
        let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
        let service: String = logs.service.name().chars().map(plain).collect();
        let name = format!("ecsight-{service}-{}.log", self.now.strftime("%Y%m%dT%H%M%SZ"));
        vec![Effect::Save { name, lines }]
    }

    /// A key while something is typed about lines.
    pub(in crate::app) fn prompt_key(&mut self, press: KeyPress) {
        let (now, zone) = (self.aws_now(), self.options.zone.clone());
        let Some(logs) = &mut self.logs else { return };
        let Some(prompt) = &mut logs.prompt else { return };
        match press.key {
            Pressed::Esc => logs.prompt = None,
            Pressed::Enter => {
                let (reading, typed) = (prompt.reading, prompt.input.text().to_owned());
                let all_since = (0_u16..).zip(&logs.sources).map(|(place, _)| logs.begins_at(place)).max();
                let mut too_early = false;
                let done = match reading {
                    Reading::Jump => point(&typed, now, &zone).map(|at| {
                        too_early = all_since.is_some_and(|since| at < since);
                        let row = logs.view.row_at(&logs.held, at);
                        logs.go_to(row.min(logs.view.len().saturating_sub(1)));
                    }),
                    reading => Pattern::parse(&typed).map(|pattern| logs.look_for(reading, pattern)),
                };
                match done {
                    Ok(()) => {
                        logs.prompt = None;
                        let seeks = reading == Reading::Search && logs.search.is_some();
                        // The line somebody is at counts, too.
                        let here = logs.row().and_then(|row| logs.line(row)).map(|line| line.plain().into_owned());
                        let found = logs.search.as_ref().zip(here).is_some_and(|(search, here)| search.is_in(&here));
                        if seeks && found {
                            logs.stay();
                        } else if seeks {
                            // The newest hit matters most, so the search goes up.
                            self.next_hit(false);
                        } else if too_early {
                            self.notify("not all lines of then are held; older ones can be read");
                        }
                    }
                    Err(problem) => {
                        if let Some(prompt) = &mut logs.prompt {
                            prompt.problem = Some(problem);
                        }
                    }
                }
            }
            _ => {
                prompt.problem = None;
                prompt.input.key(press);
            }
        }
    }

    /// Whether something is typed about lines.
    pub(in crate::app) fn is_prompting(&self) -> bool {
        self.context() == Context::Logs && self.logs.as_ref().is_some_and(|logs| logs.prompt.is_some())
    }

    /// Pasted text goes to what is typed about lines.
    pub(in crate::app) fn paste_into_prompt(&mut self, text: &str) -> bool {
        let prompting = self.is_prompting();
        match self.logs.as_mut().and_then(|logs| logs.prompt.as_mut()).filter(|_| prompting) {
            Some(prompt) => {
                prompt.problem = None;
                prompt.input.paste(text);
                true
            }
            None => false,
        }
    }

    /// Tasks and containers lines can be narrowed to: `all`, ids of tasks, names of containers.
    pub fn narrowings(&self) -> Vec<String> {
        let Some(logs) = &self.logs else { return Vec::new() };
        let containers = logs.sources.iter().filter(|_| logs.sources.len() > 1).map(|source| source.container.clone());
        let newest_first = logs.held.tasks().iter().rev().cloned();
        std::iter::once(ALL.to_owned()).chain(containers).chain(newest_first).collect()
    }

    /// Narrows to one of [`App::narrowings`].
    pub(in crate::app) fn narrow_to(&mut self, name: &str) {
        let Some(logs) = &mut self.logs else { return };
        let filter = logs.view.filter().clone();
        let source = logs.sources.iter().position(|source| source.container == name && logs.sources.len() > 1);
        let (task, source) = match source {
            Some(place) => (None, u16::try_from(place).ok()),
            None if name == ALL => (None, None),
            None => (Some(name.to_owned()), None),
        };
        logs.set_filter(Filter { task, source, ..filter });
    }

    /// Keeps the line somebody reads in sight.
    pub(in crate::app) fn settle_lines(&mut self) {
        if self.detail.tab != Tab::Logs {
            return;
        }
        let Some(layout) = layout(self) else { return };
        let (width, height) = (usize::from(layout.detail_body.width), usize::from(layout.detail_body.height));
        let top = screen::top(self, width, height.saturating_sub(screen::HEAD));
        if let Some(logs) = &mut self.logs {
            logs.top = top.and_then(|row| logs.line(row)).map(crate::logs::held::Line::key);
        }
    }
}

/// Not narrowed.
pub(in crate::app) const ALL: &str = "all";

impl Logs {
    fn open_prompt(&mut self, reading: Reading) {
        let typed = match reading {
            Reading::Include => self.view.filter().include.as_ref(),
            Reading::Exclude => self.view.filter().exclude.as_ref(),
            _ => None,
        };
        let input = LineInput::new(typed.map_or("", Pattern::typed));
        self.prompt = Some(Prompt { reading, input, problem: None });
    }

    fn look_for(&mut self, reading: Reading, pattern: Option<Pattern>) {
        let filter = self.view.filter().clone();
        match reading {
            Reading::Include => self.set_filter(Filter { include: pattern, ..filter }),
            Reading::Exclude => self.set_filter(Filter { exclude: pattern, ..filter }),
            _ => self.search = pattern,
        }
    }

    /// Drops what was asked for last: the mark, the search, the filters. Whether there was anything.
    fn step_back(&mut self) -> bool {
        if self.marked.take().is_some() || self.search.take().is_some() {
            return true;
        }
        let filtered = !self.view.filter().is_empty();
        if filtered {
            self.set_filter(Filter::default());
        }
        filtered
    }

    fn set_filter(&mut self, filter: Filter) {
        self.view.set_filter(filter, &self.held);
    }

    /// Stops at the line that is shown last.
    fn stay(&mut self) {
        if self.cursor.is_none() {
            self.cursor = self.row().and_then(|row| self.line(row)).map(crate::logs::held::Line::key);
        }
    }

    fn go_to(&mut self, row: usize) {
        self.cursor = self.line(row).map(crate::logs::held::Line::key);
    }

    /// Rows from this one upwards.
    pub(in crate::app) fn upwards(row: usize) -> impl Iterator<Item = usize> {
        successors(Some(row), |row| row.checked_sub(1))
    }
}
