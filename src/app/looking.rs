//! Looking at findings: which one, its page, and what can be taken from it.

use super::App;
use super::layout::layout;
use super::message::Effect;
use super::overlay::Overlay;
use super::screens::{Tab, findings, overview};
use crate::diagnose::finding::Finding;

impl App {
    /// Moves the cursor of whatever has the keys by one: among findings once the Overview has the whole screen.
    pub(super) fn step_one(&mut self, by: isize) {
        if !self.step_among_findings(by) {
            self.step(by);
        }
    }

    /// Goes to the next or the previous finding, unless there is something to read before it.
    fn step_among_findings(&mut self, by: isize) -> bool {
        if self.overlay.is_some() || !self.detail.zoomed || self.detail.tab != Tab::Overview {
            return false;
        }
        let (Some(judgement), Some(layout)) = (self.judgement(), layout(self)) else {
            return false;
        };
        let here = judgement.position(self.detail.finding.as_ref());
        let there = here.checked_add_signed(by).filter(|there| *there < judgement.findings().len());
        let Some((there, name)) = there.and_then(|there| Some((there, judgement.name(there)?))) else {
            return false;
        };
        let (width, height) = (usize::from(layout.detail_body.width), usize::from(layout.detail_body.height));
        let offset = self.detail.scroll.get(&Tab::Overview).copied().unwrap_or_default();
        let places = self.places_of_findings(width);
        let place = |position: usize| places.get(position).copied().unwrap_or_default();
        let unread = if by > 0 { place(there) >= offset.saturating_add(height) } else { place(here) < offset };
        if unread {
            return false;
        }
        self.detail.finding = Some(name);
        // What was open before it is folded now, so it stands elsewhere.
        let line = self.places_of_findings(width).get(there).copied().unwrap_or_default();
        let offset = offset.min(line).max((line + 1).saturating_sub(height));
        self.detail.scroll.insert(Tab::Overview, offset);
        true
    }

    fn places_of_findings(&self, width: usize) -> Vec<usize> {
        self.selected_service().map(|service| overview::places(self, service, width)).unwrap_or_default()
    }

    /// Opens the page of the finding somebody looks at.
    pub(super) fn explain(&mut self) {
        if let Some(entry) = self.looked_at().map(|finding| finding.entry) {
            self.overlay = Some(Overlay::Page { entry, offset: 0 });
        }
    }

    /// The finding that is looked at, where the screen shows findings.
    fn on_the_screen(&self) -> Option<&Finding> {
        let shows_findings = matches!(self.detail.tab, Tab::Overview | Tab::Network)
            || matches!(self.overlay, Some(Overlay::Page { .. }));
        self.looked_at().filter(|_| shows_findings)
    }

    /// What there is to copy of the fix of the finding on the screen.
    pub fn fix_to_copy(&self) -> Option<String> {
        self.on_the_screen().and_then(|finding| findings::copyable(finding.fix.as_ref()?))
    }

    /// The fix of the finding on the screen, or else the name of the service.
    pub(super) fn copy_something(&mut self) -> Vec<Effect> {
        if let Some(lines) = self.lines_to_copy() {
            return self.copy(lines);
        }
        let Some(finding) = self.on_the_screen() else {
            let arn = self.selected_arn().map(|arn| arn.as_str().to_owned());
            return arn.map(|arn| self.copy(arn)).unwrap_or_default();
        };
        match finding.fix.as_ref().map(|fix| (findings::copyable(fix), fix.summary.clone())) {
            Some((Some(text), _)) => self.copy(text),
            Some((None, summary)) => {
                self.notify(format!("nothing to copy, no command does it: {summary}"));
                Vec::new()
            }
            None => {
                let title = finding.title.clone();
                self.notify(format!("nothing to copy, there is no fix for: {title}"));
                Vec::new()
            }
        }
    }

    /// Hands text to the clipboard; what became of it is said once that is known.
    pub(super) fn copy(&mut self, text: String) -> Vec<Effect> {
        self.copying = Some(text.clone());
        vec![Effect::Copy(text)]
    }
}
