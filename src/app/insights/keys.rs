//! Keys while Logs Insights is on the screen. In the editor nearly all of them are text; among the results they mean what
//! they mean elsewhere.

use super::{Focus, Insights};
use crate::app::App;
use crate::app::command::{Command, Context};
use crate::app::key::{Key, KeyPress};
use crate::app::keymap::Lookup;
use crate::app::layout::overlay_body;
use crate::app::message::Effect;
use crate::app::screens::insights as screen;
use crate::app::text_input::TextInput;
use crate::model::insights::{LONGEST_QUERY, Span};

impl App {
    /// A key while Logs Insights is on the screen.
    pub(in crate::app) fn insights_key(&mut self, press: KeyPress) -> Vec<Effect> {
        let KeyPress { key, ctrl, .. } = press;
        match key {
            Key::Char('r') | Key::Enter if ctrl => return self.run_insights(),
            Key::Char('t') if ctrl => {
                let span = self.insights.span;
                self.insights.span = span.longer().unwrap_or(Span::ALL[0]);
            }
            Key::Tab | Key::BackTab => self.change_focus(),
            Key::Esc if self.insights.sight.opened.is_some() => self.insights.sight.opened = None,
            Key::Esc => self.overlay = None,
            _ => match self.insights.focus {
                Focus::Editor => self.insights.editor_key(press),
                Focus::Results => return self.results_key(press),
            },
        }
        Vec::new()
    }

    fn change_focus(&mut self) {
        let rows = self.insights.found().is_some_and(|found| !found.rows.is_empty());
        match self.insights.focus {
            Focus::Editor if rows => self.insights.focus = Focus::Results,
            Focus::Editor if self.insights.found().is_some() => self.notify("nothing was found that one could go to"),
            Focus::Editor => self.notify("there are no results yet: ^r runs the query"),
            Focus::Results => self.insights.focus = Focus::Editor,
        }
    }

    fn results_key(&mut self, press: KeyPress) -> Vec<Effect> {
        match press.key {
            Key::Left | Key::Char('h') => {
                self.insights.sight.column = self.insights.sight.column.saturating_sub(1);
                return Vec::new();
            }
            Key::Right | Key::Char('l') => {
                self.insights.sight.column += 1;
                return Vec::new();
            }
            Key::Char('s') if press.ctrl => return self.save_results(),
            Key::Char('i') => {
                self.insights.focus = Focus::Editor;
                return Vec::new();
            }
            _ => {}
        }
        self.pending_keys.push(press);
        let found = self.options.keymap.lookup(Context::Everywhere, &self.pending_keys);
        if found != Lookup::Pending {
            self.pending_keys.clear();
        }
        let Lookup::Found(command) = found else { return Vec::new() };
        let page = isize::try_from(self.rows_in_sight()).unwrap_or(1).max(1);
        match command {
            Command::Down => self.step_in_results(1),
            Command::Up => self.step_in_results(-1),
            Command::First => self.step_in_results(isize::MIN),
            Command::Last => self.step_in_results(isize::MAX),
            Command::PageDown => self.step_in_results(page),
            Command::PageUp => self.step_in_results(-page),
            Command::ScrollDown => self.step_in_results(page / 2),
            Command::ScrollUp => self.step_in_results(-(page / 2)),
            Command::Zoom => {
                let opened = &mut self.insights.sight.opened;
                *opened = if opened.is_some() { None } else { Some(0) };
            }
            Command::ShorterRange => self.insights.span = self.insights.span.shorter().unwrap_or(self.insights.span),
            Command::LongerRange => self.insights.span = self.insights.span.longer().unwrap_or(self.insights.span),
            Command::Copy => {
                let row = self.insights.found().and_then(|found| found.json(self.insights.sight.row));
                return row.map(|row| self.copy(row)).unwrap_or_default();
            }
            Command::Back | Command::Quit if self.insights.sight.opened.is_some() => self.insights.sight.opened = None,
            Command::Back | Command::Quit => self.overlay = None,
            _ => {}
        }
        Vec::new()
    }

    /// Moves the cursor among the rows. In a row that is shown with all its fields, first through what does not fit.
    pub(in crate::app) fn step_in_results(&mut self, by: isize) {
        let rows = self.insights.found().map_or(0, |found| found.rows.len());
        let excess = self.excess_of_row();
        let sight = &mut self.insights.sight;
        if let Some(offset) = sight.opened {
            let there = offset.saturating_add_signed(by).min(excess);
            if there != offset {
                sight.opened = Some(there);
                return;
            }
            sight.opened = Some(0);
        }
        sight.row = sight.row.saturating_add_signed(by).min(rows.saturating_sub(1));
    }

    /// Lines of the row under the cursor that do not fit, where it is shown with all its fields.
    fn excess_of_row(&self) -> usize {
        let body = overlay_body(self);
        screen::excess_of_row(self, usize::from(body.width), usize::from(body.height))
    }

    fn rows_in_sight(&self) -> usize {
        let body = overlay_body(self);
        screen::rows_in_sight(self, usize::from(body.width), usize::from(body.height))
    }

    /// Keeps what somebody looks at within what there is.
    pub(in crate::app) fn settle_sight(&mut self) {
        if !self.shows_insights() {
            return;
        }
        let (room, excess) = (self.rows_in_sight().max(1), self.excess_of_row());
        let (rows, columns) = self.insights.found().map_or((0, 0), |found| (found.rows.len(), found.columns.len()));
        if rows == 0 {
            self.insights.focus = Focus::Editor;
        }
        let sight = &mut self.insights.sight;
        sight.row = sight.row.min(rows.saturating_sub(1));
        sight.column = sight.column.min(columns.saturating_sub(1));
        sight.top = sight.top.clamp((sight.row + 1).saturating_sub(room), sight.row).min(rows.saturating_sub(room));
        sight.opened = sight.opened.filter(|_| rows > 0).map(|offset| offset.min(excess));
    }

    fn save_results(&mut self) -> Vec<Effect> {
        let Some(found) = self.insights.found() else { return Vec::new() };
        let lines: Vec<String> = (0..found.rows.len()).filter_map(|row| found.json(row)).collect();
        let name = self.selected_arn().map(|arn| arn.name().to_owned()).unwrap_or_default();
        let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
        let service: String = name.chars().map(plain).collect();
        let name = format!("ecsight-insights-{service}-{}.jsonl", self.now.strftime("%Y%m%dT%H%M%SZ"));
        vec![Effect::Save { name, lines }]
    }
}

impl Insights {
    fn editor_key(&mut self, press: KeyPress) {
        if let Some(run) = &mut self.run {
            run.written_on = true;
        }
        match press.key {
            Key::Char('p') if press.ctrl => self.recall(-1),
            Key::Char('n') if press.ctrl => self.recall(1),
            Key::Up if self.editor.at_top() => self.recall(-1),
            Key::Down if self.editor.at_bottom() => self.recall(1),
            _ => self.editor.key(press),
        }
    }

    /// Goes back or forth in the history. What stood there before comes after the newest.
    fn recall(&mut self, by: isize) {
        let newest = self.history.len();
        let (here, draft) = match &self.recalled {
            Some((here, draft)) => (*here, draft.clone()),
            None => (newest, self.editor.text()),
        };
        // What was just run stands there already.
        let back = by < 0 && here == newest && self.history.last() == Some(&draft);
        let there = here.saturating_add_signed(if back { by - 1 } else { by });
        if there >= newest {
            if self.recalled.take().is_some() {
                self.editor = TextInput::new(&draft, LONGEST_QUERY);
            }
        } else if let Some(text) = self.history.get(there) {
            self.editor = TextInput::new(text, LONGEST_QUERY);
            self.recalled = Some((there, draft));
        }
    }

    /// Pasted text is text of the query.
    pub(in crate::app) fn paste(&mut self, text: &str) {
        if let Some(run) = &mut self.run {
            run.written_on = true;
        }
        self.focus = Focus::Editor;
        self.editor.paste(text);
    }
}
