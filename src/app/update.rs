//! What every message does to the state.

use jiff::{SignedDuration, Timestamp};

use super::App;
use super::command::{Command, Context};
use super::document::Document;
use super::key::{Key, KeyPress};
use super::keymap::Lookup;
use super::layout::{Layout, layout};
use super::message::{Effect, Mouse, Msg};
use super::overlay::{Chooser, Overlay};
use super::remote::RequestId;
use super::screens::{self, Tab};
use crate::model::arn::ServiceArn;
use crate::model::call::{CallError, ErrorKind};
use crate::model::metric::MetricRange;
use crate::model::near::near;
use crate::model::query::{Answer, Query};

/// How long a short message stays.
const NOTICE: SignedDuration = SignedDuration::from_secs(6);
/// Ages and elapsed times on the screen have seconds.
const TICK: SignedDuration = SignedDuration::from_secs(1);
/// Old answers are looked for this often.
const TIDY: SignedDuration = SignedDuration::from_mins(1);
/// Whatever is due, the core is not woken more often than this.
const SOONEST_TICK: SignedDuration = SignedDuration::from_millis(20);
/// Rows a notch of the wheel moves.
const WHEEL: isize = 3;

impl App {
    /// Takes a message that came at this time and says what is to be done about it.
    pub fn update(&mut self, at: Timestamp, msg: Msg) -> Vec<Effect> {
        self.now = self.now.max(at);
        let ticked = msg == Msg::Tick;
        // Lines come by the thousand, and laying out the screen for each batch would make keys wait: who reads stays where
        // he is, and where the newest line is looked for is found when it is painted.
        let only_lines = matches!(msg, Msg::Followed { .. });
        let mut effects = match msg {
            Msg::Tick => Vec::new(),
            Msg::Key(press) => self.key(press),
            Msg::Paste(text) => {
                self.paste(&text);
                Vec::new()
            }
            Msg::Mouse(mouse) => {
                self.mouse(mouse);
                Vec::new()
            }
            Msg::Resize(size) => {
                self.size = size;
                Vec::new()
            }
            Msg::Connected(connection) => {
                self.connection = Some(connection);
                Vec::new()
            }
            Msg::Answered { request, result } => self.answered(request, *result),
            Msg::Changed { request, result } => {
                if let Err(error) = &*result {
                    self.errors.add(self.now, error.clone());
                }
                self.change_answered(request, *result);
                Vec::new()
            }
            Msg::Calls(calls) => {
                self.activity.record(calls);
                Vec::new()
            }
            Msg::Followed { request, followed } => {
                self.followed(request, followed);
                Vec::new()
            }
            Msg::Saved(result) => {
                match result {
                    Ok((count, place)) => self.notify(format!("{count} lines written to {place}")),
                    Err(error) => self.notify(error),
                }
                Vec::new()
            }
            Msg::Copied(result) => {
                let copied = self.copying.take().unwrap_or_default();
                match result {
                    Ok(()) => self.notify(format!("copied: {copied}")),
                    Err(error) => self.notify(format!("could not copy: {error}")),
                }
                Vec::new()
            }
        };
        if self.notice_since().is_some_and(|since| self.now.duration_since(since) > NOTICE) {
            self.notice = None;
        }
        self.update_watches();
        effects.extend(self.follow_logs());
        self.settle_insights(&mut effects);
        self.settle_views();
        self.settle_sight();
        if !only_lines {
            self.settle_lines();
        }
        effects.extend(self.schedule());
        if ticked {
            effects.extend(self.schedule_in_turn());
            if self.now.duration_since(self.tidied_at) >= TIDY {
                self.tidied_at = self.now;
                self.forget();
            }
        }
        effects
    }

    /// When something will change or be due by itself, at the latest: the runtime sends a [`Msg::Tick`] no later than that.
    pub fn next_tick(&self) -> SignedDuration {
        let rest = super::wants::REST - self.now.duration_since(self.list.selected_at);
        let rest = (rest > SignedDuration::ZERO).then_some(rest);
        rest.into_iter()
            .chain(self.until_hot_is_due())
            .chain(self.until_insights_are_due())
            .fold(TICK, SignedDuration::min)
            .max(SOONEST_TICK)
    }

    fn answered(&mut self, request: RequestId, result: Result<Answer, CallError>) -> Vec<Effect> {
        // A reply to a question nobody asks any more.
        let Some(query) = self.requests.close(request) else {
            return Vec::new();
        };
        if query.is_of_insights() {
            return self.insights_answered(request, query, result);
        }
        let reread = self.reread_in(request, &result);
        let failures = result.as_ref().map_or_else(|error| vec![error], Answer::failures);
        for error in failures {
            match error.kind {
                // What a diagnosis may not read it tells itself, beside what it therefore does not know. That an emulator
                // lacks an operation is nobody's trouble.
                ErrorKind::Denied if !is_shown(&query) => self.errors.add_told(self.now, error.clone()),
                ErrorKind::Unavailable if !is_shown(&query) => {}
                _ => self.errors.add(self.now, error.clone()),
            }
        }
        if matches!(query, Query::LogEvents { .. }) {
            self.store.answers.remove(&query);
            self.past_answered(&query, result);
            return Vec::new();
        }
        let moved = self.store.settle(&query, self.moment(), result);
        if matches!(query, Query::Tasks { .. }) {
            self.settle_claims();
        }
        for arn in moved {
            // Reading the tasks of everything that churns would cost more calls than all the rest together.
            if self.is_followed_closely(&arn) {
                self.store.outdate_details(&arn);
            }
        }
        self.choose_only_cluster();
        self.choose_instead_of_unknown_cluster();
        reread.map_or_else(Vec::new, |read| self.reread_answered(read))
    }

    /// Whether somebody looks at the single tasks of a service: a change of it is followed, or its tasks or deployments are
    /// on the screen.
    fn is_followed_closely(&self, arn: &ServiceArn) -> bool {
        let looked_at = matches!(self.detail.tab, Tab::Tasks | Tab::Targets | Tab::Deploys);
        (looked_at && self.selected_arn().as_ref() == Some(arn))
            || self.watches.iter().any(|watching| watching.service() == arn)
    }

    fn key(&mut self, press: KeyPress) -> Vec<Effect> {
        if !self.list.filtering {
            self.pin_cursor();
        }
        let quits = press == KeyPress { key: Key::Char('c'), ctrl: true, alt: false };
        if quits {
            return vec![Effect::Quit];
        }
        if self.list.filtering {
            self.filter_key(press);
            return Vec::new();
        }
        if self.is_prompting() {
            self.prompt_key(press);
            return Vec::new();
        }
        match &self.overlay {
            Some(Overlay::Palette(_) | Overlay::Clusters(_) | Overlay::Tasks(_)) => self.chooser_key(press),
            Some(Overlay::Scale(_)) => {
                self.scale_key(press);
                Vec::new()
            }
            Some(Overlay::Confirm(_)) => self.confirmation_key(press),
            Some(Overlay::Insights) => self.insights_key(press),
            Some(Overlay::Help(_) | Overlay::Activity(_) | Overlay::Errors(_) | Overlay::Page { .. }) | None => {
                self.bound_key(press)
            }
        }
    }

    fn bound_key(&mut self, press: KeyPress) -> Vec<Effect> {
        self.pending_keys.push(press);
        match self.options.keymap.lookup(self.context(), &self.pending_keys) {
            Lookup::Pending => Vec::new(),
            Lookup::Unbound => {
                self.pending_keys.clear();
                // Over a slow line Esc and the next key arrive together, which terminals also send for Alt.
                if !press.alt {
                    return Vec::new();
                }
                let mut effects = self.bound_key(KeyPress::plain(Key::Esc));
                effects.extend(self.key(KeyPress { alt: false, ..press }));
                effects
            }
            Lookup::Found(command) => {
                self.pending_keys.clear();
                self.run(command)
            }
        }
    }

    /// Carries a command out, or says why it does not apply.
    pub(super) fn run(&mut self, command: Command) -> Vec<Effect> {
        if let Err(reason) = command.available(self) {
            self.notify(reason);
            return Vec::new();
        }
        if self.read_command(command) {
            return Vec::new();
        }
        match command {
            Command::Logs => self.open_logs(),
            Command::PreviousLogs => return self.open_previous_logs(),
            Command::Read(reading) => return self.read(reading),
            Command::Down => self.step_one(1),
            Command::Up => self.step_one(-1),
            Command::First => self.step(isize::MIN),
            Command::Last => self.step(isize::MAX),
            Command::PageDown => self.step(self.page()),
            Command::PageUp => self.step(-self.page()),
            Command::ScrollDown => self.scroll_document(self.body_height() / 2),
            Command::ScrollUp => self.scroll_document(-(self.body_height() / 2)),
            Command::NextService => self.select_by(1),
            Command::PreviousService => self.select_by(-1),
            Command::NextTab => self.detail.tab = self.detail.tab.step(1),
            Command::PreviousTab => self.detail.tab = self.detail.tab.step(-1),
            Command::OpenTab(tab) => self.detail.tab = tab,
            Command::Zoom if self.detail.zoomed => self.explain(),
            Command::Zoom => self.detail.zoomed = true,
            Command::Explain => self.explain(),
            Command::Back => self.back(),
            Command::Filter => {
                self.detail.zoomed = false;
                self.list.filtering = true;
            }
            Command::Sort => self.list.sort = self.list.sort.next(),
            Command::ProblemsOnly => self.list.problems_only = !self.list.problems_only,
            Command::Loads => self.toggle_loads(),
            Command::ShorterRange => self.change_range(self.detail.range.shorter()),
            Command::LongerRange => self.change_range(self.detail.range.longer()),
            Command::Refresh => {
                let selected = self.selected_arn();
                self.store.outdate_all(selected.as_ref());
            }
            Command::Clusters => self.choose_cluster(),
            Command::Activity => self.overlay = Some(Overlay::Activity(0)),
            Command::Errors => {
                self.errors.mark_seen();
                self.overlay = Some(Overlay::Errors(0));
            }
            Command::Copy => return self.copy_something(),
            Command::Palette => self.overlay = Some(Overlay::Palette(Chooser::default())),
            Command::Help => self.overlay = Some(Overlay::Help(0)),
            Command::Redeploy => self.propose_redeploy(),
            Command::Scale => self.ask_for_count(),
            Command::DismissWatch => {
                self.watches.remove(0);
            }
            Command::Suspend => return vec![Effect::Suspend],
            // Like Esc, so that a q too many closes what is open and does not end the program.
            Command::Quit if self.overlay.is_some() => self.overlay = None,
            Command::Quit => return vec![Effect::Quit],
        }
        Vec::new()
    }

    /// Loads cost money, so switching them on says how much.
    fn toggle_loads(&mut self) {
        self.list.loads = !self.list.loads;
        if self.list.loads {
            let cost = screens::metrics::cost_of_loads(self.store.services.len());
            self.notify(format!("CPU and MEM: {cost}"));
        }
    }

    fn change_range(&mut self, range: Option<MetricRange>) {
        if let Some(range) = range {
            self.detail.range = range;
        }
    }

    fn back(&mut self) {
        if self.overlay.take().is_some() {
        } else if self.detail.zoomed {
            self.detail.zoomed = false;
        } else if !self.list.filter.text().is_empty() {
            self.list.filter = super::line_input::LineInput::default();
        } else {
            self.list.problems_only = false;
        }
    }

    /// Moves the cursor of whatever has the keys.
    pub(super) fn step(&mut self, by: isize) {
        if self.overlay.is_some() || self.detail.zoomed {
            self.scroll_document(by);
        } else {
            self.select_by(by);
        }
    }

    fn select_by(&mut self, by: isize) {
        let rows = self.rows();
        let here = self.selected_arn().and_then(|selected| rows.iter().position(|arn| **arn == selected));
        let there = here.unwrap_or_default().saturating_add_signed(by).min(rows.len().saturating_sub(1));
        let arn = rows.get(there).map(|arn| (*arn).clone());
        if let Some(arn) = arn {
            self.select(arn);
        }
    }

    fn select(&mut self, arn: ServiceArn) {
        if self.list.selected.as_ref() != Some(&arn) {
            self.list.selected = Some(arn);
            self.list.selected_at = self.now;
            self.detail.scroll.clear();
            self.detail.finding = None;
        }
    }

    /// From now on the cursor stays on the service it is on. While services come in, the first row is merely the first by
    /// name, so it waits until that service is known.
    fn pin_cursor(&mut self) {
        if let Some(arn) = self.selected_arn()
            && (self.list.selected.is_some() || self.store.service(&arn).is_some())
        {
            self.select(arn);
        }
    }

    fn scroll_document(&mut self, by: isize) {
        let by_page = |offset: &mut usize| *offset = offset.saturating_add_signed(by);
        match &mut self.overlay {
            Some(overlay) => overlay.offset_mut().into_iter().for_each(by_page),
            None => by_page(self.detail.scroll.entry(self.detail.tab).or_default()),
        }
    }

    /// Lines or rows in sight.
    fn page(&self) -> isize {
        let Some(layout) = layout(self) else { return 1 };
        let in_sight = |document: &Document, height: u16| height - u16::from(document.head.is_some()).min(height);
        let height = if self.overlay.is_some() {
            let area = super::layout::overlay_body(self);
            in_sight(&screens::overlay(self, usize::from(area.width)), area.height)
        } else if self.detail.zoomed {
            let area = layout.detail_body;
            in_sight(&screens::tab(self, usize::from(area.width)), area.height)
        } else {
            layout.list_rows.height
        };
        isize::try_from(height).unwrap_or(1).max(1)
    }

    fn body_height(&self) -> isize {
        layout(self).and_then(|layout| isize::try_from(layout.detail_body.height).ok()).unwrap_or(2).max(2)
    }

    fn filter_key(&mut self, press: KeyPress) {
        match press.key {
            Key::Enter => self.list.filtering = false,
            Key::Esc => {
                self.list.filtering = false;
                self.list.filter = super::line_input::LineInput::default();
            }
            Key::Up => self.select_by(-1),
            Key::Down => self.select_by(1),
            _ => self.list.filter.key(press),
        }
    }

    fn paste(&mut self, text: &str) {
        if self.paste_into_prompt(text) {
            return;
        }
        match &mut self.overlay {
            Some(Overlay::Palette(chooser) | Overlay::Clusters(chooser) | Overlay::Tasks(chooser)) => {
                chooser.input.paste(text);
            }
            Some(Overlay::Insights) => self.insights.paste(text),
            Some(Overlay::Scale(entry)) => {
                if entry.untouched {
                    entry.replace("");
                }
                entry.input.paste(text);
            }
            _ if self.list.filtering => self.list.filter.paste(text),
            _ => {}
        }
    }

    fn mouse(&mut self, mouse: Mouse) {
        let Some(layout) = layout(self) else {
            return;
        };
        self.pin_cursor();
        match mouse {
            Mouse::Click { column, row } if self.overlay.is_none() => self.click(&layout, column, row),
            Mouse::Click { .. } => {}
            Mouse::Scroll { column, row, by } => {
                let by = isize::from(by).saturating_mul(WHEEL);
                let over_list = layout.list_rows.contains((column, row).into());
                if self.shows_insights() {
                    self.step_in_results(by);
                } else if self.context() == Context::Logs {
                    self.scroll_lines(by);
                } else if over_list && self.overlay.is_none() {
                    self.select_by(by);
                } else {
                    self.scroll_document(by);
                }
            }
        }
    }

    fn click(&mut self, layout: &Layout, column: u16, row: u16) {
        let position = (column, row).into();
        if layout.list_rows.contains(position) {
            let index = self.list.offset + usize::from(row - layout.list_rows.y);
            let arn = self.rows().get(index).map(|arn| (*arn).clone());
            if let Some(arn) = arn {
                self.select(arn);
            }
        } else if layout.detail_title.contains(position)
            && let Some(tab) = screens::title::tab_at(self, usize::from(column), usize::from(layout.detail_title.width))
        {
            self.detail.tab = tab;
        }
    }

    /// Keeps the cursor, the rows around it and all scrolling within what there is.
    fn settle_views(&mut self) {
        if self.list.selected.is_none() {
            self.find_first_selection();
        }
        let Some(layout) = layout(self) else {
            return;
        };
        let rows = self.rows();
        let height = usize::from(layout.list_rows.height).max(1);
        let here = self.selected_arn().and_then(|selected| rows.iter().position(|arn| **arn == selected));
        let (here, last) = (here.unwrap_or_default(), rows.len().saturating_sub(height));
        self.list.offset = self.list.offset.clamp((here + 1).saturating_sub(height), here).min(last);
        let body = layout.detail_body;
        let (width, height) = (usize::from(body.width), usize::from(body.height));
        let tab = self.detail.tab;
        if self.detail.scroll.get(&tab).is_some_and(|offset| *offset > 0) {
            let most = excess(&screens::tab(self, width), height);
            self.detail.scroll.entry(tab).and_modify(|offset| *offset = (*offset).min(most));
        }
        let area = super::layout::overlay_body(self);
        if self.overlay.as_ref().and_then(Overlay::offset).is_some_and(|offset| offset > 0) {
            let most = excess(&screens::overlay(self, usize::from(area.width)), usize::from(area.height));
            if let Some(offset) = self.overlay.as_mut().and_then(Overlay::offset_mut) {
                *offset = (*offset).min(most);
            }
        }
    }

    /// The cursor goes to the service asked for on the command line, or stays on the worst one once all are known.
    fn find_first_selection(&mut self) {
        let sought = self
            .list
            .sought
            .as_deref()
            .and_then(|name| self.store.services.keys().find(|arn| arn.name() == name).cloned());
        let (described, listed) = self.store.described();
        let settled = listed > 0
            && self
                .store
                .services
                .values()
                .all(|entry| entry.remote.value().is_some() || entry.remote.failure().is_some());
        if sought.is_some() {
            self.list.selected = sought;
        } else if settled && described > 0 {
            self.pin_cursor();
            if let Some(name) = self.list.sought.take() {
                let near = near(&name, self.store.services.keys().map(ServiceArn::name));
                let hint = near.first().map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
                self.notify(format!("there is no service \"{name}\" in this cluster{hint}"));
            }
        }
    }
}

/// Whether screens show the answer itself, not only what a diagnosis makes of it.
const fn is_shown(query: &Query) -> bool {
    matches!(
        query,
        Query::Identity
            | Query::Clusters
            | Query::ServiceArns { .. }
            | Query::Services { .. }
            | Query::Tasks { .. }
            | Query::TaskDefinition { .. }
            | Query::ServiceDeployments { .. }
            | Query::TargetGroup { .. }
            | Query::TargetHealth { .. }
            | Query::Routing { .. }
            | Query::Metrics { .. }
            | Query::Loads { .. }
            | Query::AlarmsAbout { .. }
    )
}

/// Lines that do not fit.
fn excess(document: &Document, height: usize) -> usize {
    let height = height.saturating_sub(usize::from(document.head.is_some()));
    document.lines.len().saturating_sub(height)
}
