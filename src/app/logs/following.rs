//! Following what is on the screen: sources join as revisions bring them, lines are taken in, and what nobody looks at any
//! more is let go.

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::{Follow, Logs};
use crate::app::App;
use crate::app::message::Effect;
use crate::app::remote::{Remote, RequestId};
use crate::app::screens::Tab;
use crate::app::screens::deaths::{death_of, ended_at};
use crate::diagnose::diagnosis::speaks_of_secret;
use crate::logs::claims::Tasks;
use crate::logs::destination::destinations;
use crate::logs::view::Filter;
use crate::model::call::{CallError, ErrorKind};
use crate::model::known::Known;
use crate::model::log::{Followed, Following, LogDestination, LogEvent, LogSource};
use crate::model::query::{Answer, LogPage, Query};
use crate::model::secret::Secret;
use crate::model::service::Service;
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;
use crate::model::text::visible_short;

/// How far back somebody sees who opens the logs.
const RECENT: SignedDuration = SignedDuration::from_mins(10);
/// … and how many lines of each container at most: of a busy service the newest come first.
const LINES: u32 = 2_000;
/// Logs nobody looks at are followed so long, for who comes back.
const KEPT: SignedDuration = SignedDuration::from_mins(2);
/// Lines read at once of what was written before.
const OLDER: u32 = 1_000;
/// Lines read of a task that died.
const OF_DEAD: u32 = 5_000;
/// Characters of what is said about an answer that cannot be read.
const NOTICE: usize = 200;
/// How far back is looked for older lines.
const OLDEST: SignedDuration = SignedDuration::from_hours(72);
/// The first lines of a task may carry a time a little before AWS says that it started.
const BEFORE_START: SignedDuration = SignedDuration::from_mins(1);

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

    /// The task of the selected service that died last; if all did as they were told, the one that stopped last.
    pub fn last_dead_task(&self) -> Option<&Task> {
        let tasks = self.store.tasks(self.selected_service()?).value()?;
        let dead = tasks.iter().filter(|task| task.is_stopped());
        dead.max_by_key(|task| (death_of(self, task).is_some_and(|death| !death.benign), ended_at(task)))
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
        let since = self.aws_now() - RECENT;
        let logs = self.logs.get_or_insert_with(|| Logs::new(service.arn.clone(), now));
        // One request for what is new in each group and region: AWS counts them.
        let mut fresh: BTreeMap<(String, Option<String>), Vec<LogSource>> = BTreeMap::new();
        for source in wanted.into_iter().filter(|source| !logs.sources.contains(source)) {
            fresh.entry((source.group.clone(), source.region.clone())).or_default().push(source);
        }
        for sources in fresh.into_values() {
            let request = self.requests.name();
            let first = logs.sources.len();
            logs.sources.extend(sources.iter().cloned());
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

    fn take_lines(&mut self, events: Vec<LogEvent>) {
        let (here, present) = (self.now, self.aws_now());
        let Some(mut logs) = self.logs.take() else { return };
        if let Some(service) = self.store.service(&logs.service) {
            let tasks = self.store.tasks(service);
            let read_at = tasks.remote().and_then(Remote::fetched).map(|fetched| fetched.at);
            let failed = matches!(tasks.known(), Known::Denied(_) | Known::Failed(_));
            let own: HashSet<&str> = tasks.value().unwrap_or_default().iter().map(|task| task.arn.name()).collect();
            // Where tasks cannot be read nobody can tell whose lines they are.
            let is_own = |id: &str| failed || own.contains(id);
            let secrets = self.secrets(service);
            let mut events = logs.claims.settle(events, Tasks { is_own: &is_own, read_at }, here, present);
            for event in &mut events {
                for secret in &secrets {
                    secret.mask_in(&mut event.message);
                }
            }
            let changed = logs.held.add(events);
            logs.view.update(&logs.held, changed);
        }
        self.logs = Some(logs);
    }

    /// Values of variables whose names speak of secrets.
    pub(in crate::app) fn secrets<'a>(&'a self, service: &'a Service) -> Vec<&'a Secret> {
        let literals = self.definitions(service).flat_map(TaskDefinition::literals);
        literals.filter(|(name, value)| !value.is_empty() && speaks_of_secret(name)).map(|(_, value)| value).collect()
    }

    /// Asks for what was written before the first line held.
    pub(super) fn ask_for_older(&mut self) {
        let present = self.aws_now();
        let Some(logs) = &mut self.logs else { return };
        let until = logs.held.first_at().unwrap_or(present);
        let task = logs.view.filter().task.clone();
        logs.ask(task.as_deref(), until.checked_sub(OLDEST).unwrap_or(until), until, OLDER);
    }

    /// Shows the log of the task that died last, all of it.
    pub(in crate::app) fn open_previous_logs(&mut self) -> Vec<Effect> {
        let Some((id, from)) = self.last_dead_task().map(|task| {
            let started = task.started_at.or(task.created_at).unwrap_or_default();
            (task.arn.name().to_owned(), started.checked_sub(BEFORE_START).unwrap_or(started))
        }) else {
            return Vec::new();
        };
        self.open_logs();
        let effects = self.follow_logs();
        let present = self.aws_now();
        if let Some(logs) = &mut self.logs {
            // What was written just now is not to be missed, whatever the clocks say.
            logs.ask(Some(&id), from, present + BEFORE_START, OF_DEAD);
            let filter = Filter { task: Some(id), ..Filter::default() };
            logs.view.set_filter(filter, &logs.held);
            (logs.cursor, logs.top) = (None, None);
        }
        effects
    }

    /// The logs of the selected service on the full screen.
    pub(in crate::app) fn open_logs(&mut self) {
        self.detail.tab = Tab::Logs;
        self.detail.zoomed = true;
        // Who asks for logs by name has stopped moving.
        self.list.selected_at = self.list.selected_at.min(self.now - crate::app::wants::REST);
    }

    /// A part of the past came, or did not.
    pub(in crate::app) fn past_answered(&mut self, query: &Query, result: Result<Answer, CallError>) {
        let Query::LogEvents { source, .. } = query else { return };
        let Some(logs) = &mut self.logs else { return };
        logs.asked.retain(|asked| asked != query);
        let place = logs.sources.iter().position(|known| known == source).and_then(|place| u16::try_from(place).ok());
        let Some(place) = place else { return };
        match result {
            Ok(Answer::LogEvents(LogPage { events, complete })) => {
                // What following brought already is not older, and of one task it may be among it.
                let before = logs.held.first_at();
                let held: HashSet<(Timestamp, &str)> = match logs.view.filter().task {
                    Some(_) => logs.held.from(logs.held.start()).map(|(_, line)| (line.at(), line.text())).collect(),
                    None => HashSet::new(),
                };
                let is_new = |event: &LogEvent| {
                    let text = event.message.trim_end_matches(['\n', '\r']);
                    before.is_none_or(|first| event.at < first) || !held.is_empty() && !held.contains(&(event.at, text))
                };
                let count = events.len();
                let events: Vec<LogEvent> =
                    events.into_iter().filter(is_new).map(|event| LogEvent { source: place, ..event }).collect();
                self.take_lines(events);
                match (count, complete) {
                    (0, _) => self.notify("nothing was written before"),
                    (_, true) => self.notify("that is all there is"),
                    (_, false) => self.notify("older lines were read, and there are more"),
                }
            }
            Ok(_) => {}
            Err(error) => {
                self.notify(format!("older lines cannot be read: {} {}", error.kind.label(), error.operation));
            }
        }
    }
}

impl Logs {
    fn ask(&mut self, task: Option<&str>, from: Timestamp, until: Timestamp, most: u32) {
        let queries = self.sources.iter().map(|source| Query::LogEvents {
            source: source.clone(),
            task: task.map(ToOwned::to_owned),
            from,
            until,
            most,
        });
        let queries: Vec<Query> = queries.filter(|query| !self.asked.contains(query)).collect();
        self.asked.extend(queries);
    }
}

fn of_cloudwatch(destination: LogDestination) -> Option<LogSource> {
    match destination {
        LogDestination::CloudWatch(source) => Some(source),
        LogDestination::Elsewhere { .. } => None,
    }
}
