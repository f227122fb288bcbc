//! Choosing from a list by typing part of a name: commands in the palette, clusters of the account.

use super::App;
use super::command::{self, Command};
use super::fuzzy::Filter;
use super::key::{Key, KeyPress};
use super::message::Effect;
use super::overlay::{Chooser, Overlay};
use super::service_list::ServiceListView;
use crate::model::arn::ClusterName;
use crate::model::call::ErrorKind;

impl App {
    /// Without a cluster on the command line: the only one there is, or else the user chooses.
    pub(super) fn choose_only_cluster(&mut self) {
        if self.cluster.is_some() || self.overlay.is_some() {
            return;
        }
        let Some(clusters) = self.store.clusters.value() else {
            return;
        };
        match clusters.as_slice() {
            [only] => self.cluster = Some(only.name.clone()),
            [] => {}
            _ => self.overlay = Some(Overlay::Clusters(Chooser::default())),
        }
    }

    /// The cluster named does not exist: says so and offers those that do, once.
    pub(super) fn choose_instead_of_unknown_cluster(&mut self) {
        let first = self.store.service_arns.failure().is_some_and(|failure| failure.attempts == 1);
        let unknown = self.cluster_is_unknown() && first;
        let never_seen = self.store.service_arns.value().is_none() && self.overlay.is_none();
        if let (true, true, Some(cluster)) = (unknown, never_seen, &self.cluster) {
            let text = format!("there is no cluster \"{}\" in this account and region", cluster.as_str());
            self.notify(text);
            self.overlay = Some(Overlay::Clusters(Chooser::default()));
        }
    }

    /// Whether the cluster asked for does not exist.
    pub fn cluster_is_unknown(&self) -> bool {
        let failure = self.store.service_arns.failure();
        failure.is_some_and(|failure| failure.error.kind == ErrorKind::NotFound)
    }

    /// A key while a list is open.
    pub(super) fn chooser_key(&mut self, press: KeyPress) -> Vec<Effect> {
        let items = self.chooser_items();
        let Some(Overlay::Palette(chooser) | Overlay::Clusters(chooser) | Overlay::Tasks(chooser)) = &mut self.overlay
        else {
            return Vec::new();
        };
        let here = chooser.position(&items);
        let mut choose = |there: usize| {
            if let Some(item) = items.get(there.min(items.len().saturating_sub(1))) {
                chooser.chosen = Some(item.clone());
            }
        };
        match press.key {
            Key::Esc => self.overlay = None,
            Key::Up => choose(here.saturating_sub(1)),
            Key::Char('p') if press.ctrl => choose(here.saturating_sub(1)),
            Key::Down => choose(here + 1),
            Key::Char('n') if press.ctrl => choose(here + 1),
            Key::PageUp => choose(here.saturating_sub(10)),
            Key::PageDown => choose(here + 10),
            Key::Enter => {
                let chosen = items.get(here).cloned();
                let (Some(overlay), Some(chosen)) = (self.overlay.take(), chosen) else { return Vec::new() };
                return match overlay {
                    Overlay::Palette(_) => command::by_id(&chosen).map_or_else(Vec::new, |command| self.run(command)),
                    Overlay::Tasks(_) => {
                        self.narrow_to(&chosen);
                        Vec::new()
                    }
                    _ => self.enter_cluster(ClusterName::new(&chosen)),
                };
            }
            _ => {
                chooser.input.key(press);
                chooser.chosen = None;
            }
        }
        Vec::new()
    }

    /// What the open chooser offers for what was typed: ids of commands, or names of clusters, best first.
    pub fn chooser_items(&self) -> Vec<String> {
        match &self.overlay {
            Some(Overlay::Palette(chooser)) => best(
                chooser,
                command::all().filter(|info| info.command != Command::Palette).map(|info| (info.id, info.title)),
            ),
            Some(Overlay::Clusters(chooser)) => {
                let clusters = self.store.clusters.value().map(Vec::as_slice).unwrap_or_default();
                best(chooser, clusters.iter().map(|cluster| (cluster.name.as_str(), "")))
            }
            Some(Overlay::Tasks(chooser)) => {
                let names = self.narrowings();
                best(chooser, names.iter().map(|name| (name.as_str(), "")))
            }
            _ => Vec::new(),
        }
    }

    /// Opens the list of clusters with the one on the screen chosen.
    pub(super) fn choose_cluster(&mut self) {
        let chosen = self.cluster.as_ref().map(|cluster| cluster.as_str().to_owned());
        self.overlay = Some(Overlay::Clusters(Chooser { chosen, ..Chooser::default() }));
    }

    fn enter_cluster(&mut self, cluster: ClusterName) -> Vec<Effect> {
        if self.cluster.as_ref() == Some(&cluster) {
            return Vec::new();
        }
        let effects = self.cancel_all();
        self.store.leave_cluster();
        self.cluster = Some(cluster);
        self.list = ServiceListView::new(self.now, None);
        self.detail.scroll.clear();
        self.detail.zoomed = false;
        self.watches.clear();
        effects
    }
}

/// Names that fit what was typed, best first; `about` is searched too.
fn best<'a>(chooser: &Chooser, items: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut filter = Filter::new(chooser.input.text());
    let mut scored: Vec<(u32, String)> = items
        .filter_map(|(name, about)| {
            let by_name = filter.score(name).map(|score| score.saturating_mul(2));
            let score = by_name.max(filter.score(about))?;
            Some((score, name.to_owned()))
        })
        .collect();
    if !chooser.input.text().is_empty() {
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    }
    scored.into_iter().map(|(_, name)| name).collect()
}
