//! Following what is on the screen: sources join as revisions bring them, lines are taken in, and what nobody looks at any
//! more is let go.

use std::collections::{BTreeMap, HashSet};

use jiff::SignedDuration;

use super::{Follow, Logs};
use crate::app::App;
use crate::app::message::Effect;
use crate::app::remote::{Remote, RequestId};
use crate::app::screens::Tab;
use crate::diagnose::diagnosis::speaks_of_secret;
use crate::logs::claims::Tasks;
use crate::logs::destination::destinations;
use crate::model::call::ErrorKind;
use crate::model::known::Known;
use crate::model::log::{Followed, Following, LogDestination, LogEvent, LogSource};
use crate::model::secret::Secret;
use crate::model::service::Service;
use crate::model::task_definition::TaskDefinition;
use crate::model::text::visible_short;

/// How far back somebody sees who opens the logs.
const RECENT: SignedDuration = SignedDuration::from_mins(10);
/// … and how many lines of each container at most: of a busy service the newest come first.
const LINES: u32 = 2_000;
/// Logs nobody looks at are followed so long, for who comes back.
const KEPT: SignedDuration = SignedDuration::from_mins(2);
/// Characters of what is said about an answer that cannot be read.
const NOTICE: usize = 200;

impl App {
    /// Where the containers of a service write, as far as its revisions are known.
    pub fn destinations(&self, service: &Service) -> Vec<LogDestination> {
        let region = service.arn.as_str().split(':').nth(3).filter(|region| !region.is_empty());
        let mut found: Vec<LogDestination> = Vec::new();
        for destination in self.definitions(service).flat_map(|definition| destinations(definition, region)) {
            if !found.contains(&destination) {
                found.push(destination);
            }
        }
        found
    }

    /// The revisions a service has to do with, newest first as far as it says.
    fn definitions<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a TaskDefinition> {
        let of_deployments = service.deployments.iter().map(|deployment| &deployment.task_definition);
        let of_task_sets = service.task_sets.iter().map(|set| &set.task_definition);
        let tasks = self.store.tasks(service).value().unwrap_or_default();
        let of_tasks = tasks.iter().map(|task| &task.task_definition);
        let mut arns: Vec<_> = Vec::new();
        for arn in of_deployments.chain(service.task_definition.iter()).chain(of_task_sets).chain(of_tasks) {
            if !arns.contains(&arn) {
                arns.push(arn);
            }
        }
        arns.into_iter().filter_map(|arn| self.store.task_definition(arn).value())
    }

    /// Follows the logs that are on the screen, and no others.
    pub(in crate::app) fn follow_logs(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let shown = self.detail.tab == Tab::Logs && crate::app::wants::cursor_rests(self);
        let service = self.selected_service().filter(|_| shown).cloned();
        if let Some(logs) = &mut self.logs {
            let same = self.list.selected.as_ref() == Some(&logs.service);
            if service.is_some() && same {
                logs.shown_at = self.now;
            } else if !same || self.now.duration_since(logs.shown_at) > KEPT {
                effects = self.stop_following();
            }
        }
        let Some(service) = service else { return effects };
        let now = self.now;
        let wanted: Vec<LogSource> = self.destinations(&service).into_iter().filter_map(of_cloudwatch).collect();
        let recent = self.aws_now() - RECENT;
        let logs = self.logs.get_or_insert_with(|| Logs::new(service.arn.clone(), now, recent));
        let since = logs.since;
        // One request for what is new in each group and region: AWS counts them.
        let mut fresh: BTreeMap<(String, Option<String>), Vec<LogSource>> = BTreeMap::new();
        for source in wanted.into_iter().filter(|source| !logs.sources.contains(source)) {
            fresh.entry((source.group.clone(), source.region.clone())).or_default().push(source);
        }
        for sources in fresh.into_values() {
            let request = self.requests.name();
            let first = logs.sources.len();
            logs.sources.extend(sources.iter().cloned());
            logs.begins.resize(logs.sources.len(), since);
            let places = (first..logs.sources.len()).filter_map(|place| u16::try_from(place).ok());
            logs.follows.push(Follow { request, sources: places.map(|place| (place, None)).collect() });
            effects.push(Effect::Follow { request, following: Following { sources, since, recent: Some(LINES) } });
        }
        effects
    }

    /// Lets go of the logs held.
    pub(in crate::app) fn stop_following(&mut self) -> Vec<Effect> {
        let follows = self.logs.take().map(|logs| logs.follows).unwrap_or_default();
        follows.into_iter().map(|follow| Effect::Cancel { request: follow.request }).collect()
    }

    /// Something came of following logs.
    pub(in crate::app) fn followed(&mut self, request: RequestId, followed: Followed) {
        let Some(logs) = &mut self.logs else { return };
        let Some(follow) = logs.follows.iter_mut().find(|follow| follow.request == request) else { return };
        match followed {
            Followed::State(state) => {
                let Some((_, known)) = follow.sources.get_mut(usize::from(state.source)) else { return };
                let trouble = state.trouble.clone().filter(|error| error.kind == ErrorKind::Other);
                *known = Some(state);
                // It may be over soon, and something may be left out because of it.
                if let Some(error) = trouble {
                    self.notify(format!("{}: {}", error.operation, visible_short(&error.message, NOTICE)));
                }
            }
            Followed::Begins { source, at } => {
                let place = follow.sources.get(usize::from(source)).map(|(place, _)| *place);
                if let Some(begins) = place.and_then(|place| logs.begins.get_mut(usize::from(place))) {
                    *begins = at;
                }
            }
            Followed::Events(events) => {
                let places: Vec<u16> = follow.sources.iter().map(|(place, _)| *place).collect();
                let of_all =
                    |event: LogEvent| Some(LogEvent { source: *places.get(usize::from(event.source))?, ..event });
                self.take_lines(events.into_iter().filter_map(of_all).collect());
            }
        }
    }

    /// Tasks were read anew, so lines that waited for that may be shown now.
    pub(in crate::app) fn settle_claims(&mut self) {
        if self.logs.as_ref().is_some_and(|logs| logs.claims.waiting() > 0) {
            self.take_lines(Vec::new());
        }
    }

    pub(super) fn take_lines(&mut self, events: Vec<LogEvent>) {
        let (here, present) = (self.now, self.aws_now());
        let Some(mut logs) = self.logs.take() else { return };
        if let Some(service) = self.store.service(&logs.service) {
            let tasks = self.store.tasks(service);
            let read_at = tasks.remote().and_then(Remote::fetched).map(|fetched| fetched.at);
            let failed = matches!(tasks.known(), Known::Denied(_) | Known::Failed(_));
            let own: HashSet<&str> = tasks.value().unwrap_or_default().iter().map(|task| task.arn.name()).collect();
            // Where tasks cannot be read nobody can tell whose lines they are.
            let is_own = |id: &str| failed || own.contains(id);
            let mut events = logs.claims.settle(events, Tasks { is_own: &is_own, read_at }, here, present);
            self.mask(service, &mut events);
            let changed = logs.held.add(events);
            logs.view.update(&logs.held, changed);
        }
        self.logs = Some(logs);
    }

    /// Masks the secrets of a service in what it wrote.
    pub(super) fn mask(&self, service: &Service, events: &mut [LogEvent]) {
        let secrets = self.secrets(service);
        for event in events {
            for secret in &secrets {
                secret.mask_in(&mut event.message);
            }
        }
    }

    /// Values of variables whose names speak of secrets.
    pub(in crate::app) fn secrets<'a>(&'a self, service: &'a Service) -> Vec<&'a Secret> {
        let literals = self.definitions(service).flat_map(TaskDefinition::literals);
        literals.filter(|(name, value)| !value.is_empty() && speaks_of_secret(name)).map(|(_, value)| value).collect()
    }

    /// The logs of the selected service on the full screen.
    pub(in crate::app) fn open_logs(&mut self) {
        self.detail.tab = Tab::Logs;
        self.detail.zoomed = true;
        // Who asks for logs by name has stopped moving.
        self.list.selected_at = self.list.selected_at.min(self.now - crate::app::wants::REST);
    }
}

fn of_cloudwatch(destination: LogDestination) -> Option<LogSource> {
    match destination {
        LogDestination::CloudWatch(source) => Some(source),
        LogDestination::Elsewhere { .. } => None,
    }
}
