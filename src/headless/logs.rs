//! `ecsight logs`: the lines of all containers of all tasks of a service, merged by time, once or for as long as somebody
//! reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::clock::AwsClock;
use super::console::{Console, Format, Shown};
use super::failure::Failure;
use super::resolve;
use crate::aws::{Aws, Priority};
use crate::diagnose::diagnosis::speaks_of_secret;
use crate::logs::ansi;
use crate::logs::claims::{Claims, Tasks};
use crate::logs::destination::destinations;
use crate::logs::pattern::Pattern;
use crate::logs::when::point;
use crate::model::arn::{ClusterName, TaskDefinitionArn};
use crate::model::log::{Followed, Following, LogDestination, LogEvent, LogSource};
use crate::model::query::{Answer, Query};
use crate::model::secret::Secret;
use crate::model::service::Service;
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;
use crate::model::text::visible;

/// How far back is read where nothing is said.
const RECENT: SignedDuration = SignedDuration::from_mins(10);
/// The first lines of a task may carry a time a little before AWS says that it started.
const BEFORE_START: SignedDuration = SignedDuration::from_mins(1);
/// AWS tells its time in whole seconds, and what was written just now is not to be missed.
const SLACK: SignedDuration = SignedDuration::from_mins(1);
/// While following, tasks are read again so often where lines of unknown ones wait.
const TASKS: Duration = Duration::from_secs(5);
/// Batches of followed events that may wait.
const BATCHES: usize = 16;

/// What to read.
#[derive(Clone, Copy, Debug)]
pub struct Logs<'a> {
    /// The cluster, unless it is the only one.
    pub cluster: Option<&'a str>,
    /// The service.
    pub service: &'a str,
    /// Whether to go on as lines come.
    pub follow: bool,
    /// From when on: `10m`, `13:10`, a date and a time.
    pub since: Option<&'a str>,
    /// Until when.
    pub until: Option<&'a str>,
    /// Only of this task, by the beginning of its id.
    pub task: Option<&'a str>,
    /// Only of this container.
    pub container: Option<&'a str>,
    /// Only lines that match.
    pub grep: Option<&'a str>,
    /// No lines that match.
    pub exclude: Option<&'a str>,
    /// Of the task that stopped last, from its start.
    pub previous: bool,
    /// How lines are written.
    pub format: Format,
}

/// Writes the lines of a service.
pub async fn logs(
    aws: &Aws,
    wanted: Logs<'_>,
    zone: &TimeZone,
    clock: &AwsClock,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let lines = Lines::new(&wanted)?;
    let cluster = resolve::cluster(aws, wanted.cluster, console).await?;
    let service = resolve::service(aws, &cluster, wanted.service).await?;
    let tasks = aws.tasks(&cluster, &service.arn, Priority::Interactive).await?;
    let now = clock.now();
    let time = |typed: Option<&str>| typed.map(|typed| point(typed, now, zone)).transpose().map_err(Failure::Unusable);
    let (since, until) = (time(wanted.since)?, time(wanted.until)?.unwrap_or(now + SLACK));
    let task = chosen(&wanted, &service, &tasks)?;
    let of_task = task.and_then(|task| task.started_at.or(task.created_at)).filter(|_| wanted.previous);
    let from = since.or(of_task.map(|at| at - BEFORE_START)).unwrap_or(now - RECENT);
    let definitions = definitions(aws, &service, &tasks).await?;
    let sources = sources(aws, &wanted, &definitions, console)?;
    let secrets: Vec<&Secret> = definitions
        .iter()
        .flat_map(TaskDefinition::literals)
        .filter(|(name, value)| !value.is_empty() && speaks_of_secret(name))
        .map(|(_, value)| value)
        .collect();
    let reader = Reader { aws, lines, sources, secrets, format: wanted.format };
    let task = task.map(|task| task.arn.name().to_owned());
    if wanted.follow {
        reader.follow(&cluster, &service, tasks, task, from, clock, console).await
    } else {
        reader.once(&tasks, task, (from, until), console).await
    }
}

/// The task whose lines are wanted, if they are those of one.
fn chosen<'t>(wanted: &Logs<'_>, service: &Service, tasks: &'t [Task]) -> Result<Option<&'t Task>, Failure> {
    let place = || format!("service {}", service.name);
    if wanted.previous {
        let ended = |task: &&Task| task.stopped_at.or(task.execution_stopped_at).or(task.stopping_at);
        let last = tasks.iter().filter(|task| task.is_stopped()).max_by_key(ended);
        return last
            .map(Some)
            .ok_or_else(|| Failure::Unusable(format!("no task of {} stopped within the last hour", place())));
    }
    let Some(id) = wanted.task else { return Ok(None) };
    let id = id.rsplit('/').next().unwrap_or(id);
    tasks
        .iter()
        .find(|task| !id.is_empty() && task.arn.name().starts_with(id))
        .map(Some)
        .ok_or_else(|| Failure::Unknown { what: "task", name: id.to_owned(), place: place(), near: Vec::new() })
}

/// The revisions the service and its tasks have to do with.
async fn definitions(aws: &Aws, service: &Service, tasks: &[Task]) -> Result<Vec<TaskDefinition>, Failure> {
    let of_deployments = service.deployments.iter().map(|deployment| &deployment.task_definition);
    let of_tasks = tasks.iter().map(|task| &task.task_definition);
    let mut arns: Vec<&TaskDefinitionArn> =
        of_deployments.chain(service.task_definition.iter()).chain(of_tasks).collect();
    arns.sort();
    arns.dedup();
    let reads = arns.into_iter().map(|arn| aws.task_definition(arn, Priority::Interactive));
    Ok(futures_util::future::try_join_all(reads).await?)
}

/// Where to read; who writes elsewhere is told on stderr.
fn sources(
    aws: &Aws,
    wanted: &Logs<'_>,
    definitions: &[TaskDefinition],
    console: &mut Console<'_>,
) -> Result<Vec<LogSource>, Failure> {
    let is_wanted = |container: &str| wanted.container.is_none_or(|only| only == container);
    let (mut sources, mut told, mut known) = (Vec::new(), Vec::new(), Vec::new());
    for destination in definitions.iter().flat_map(|definition| destinations(definition, aws.region())) {
        match destination {
            LogDestination::CloudWatch(source) => {
                known.push(source.container.clone());
                if is_wanted(&source.container) && !sources.contains(&source) {
                    sources.push(source);
                }
            }
            LogDestination::Elsewhere { container, why } => {
                known.push(container.clone());
                let words = format!("container {container} {why}");
                if is_wanted(&container) && !told.contains(&words) {
                    console.note(&visible(&words));
                    told.push(words);
                }
            }
        }
    }
    if let Some(container) = wanted.container.filter(|container| known.iter().all(|one| one != container)) {
        known.sort();
        known.dedup();
        let (what, place) = ("container", format!("service {}", wanted.service));
        return Err(Failure::Unknown { what, name: container.to_owned(), place, near: known });
    }
    if sources.is_empty() {
        return Err(Failure::Unusable(
            "none of its containers writes to CloudWatch Logs under a name that can be told".to_owned(),
        ));
    }
    Ok(sources)
}

/// Which lines are wanted.
struct Lines {
    grep: Option<Pattern>,
    exclude: Option<Pattern>,
}

impl Lines {
    fn new(wanted: &Logs<'_>) -> Result<Self, Failure> {
        let read = |typed: Option<&str>| typed.map(Pattern::regex).transpose().map_err(Failure::Unusable);
        Ok(Self { grep: read(wanted.grep)?, exclude: read(wanted.exclude)? })
    }

    fn wants(&self, text: &str) -> bool {
        self.grep.as_ref().is_none_or(|grep| grep.is_in(text))
            && self.exclude.as_ref().is_none_or(|exclude| !exclude.is_in(text))
    }
}

/// The public form of a line in JSON.
#[derive(Serialize)]
struct Entry<'a> {
    timestamp: String,
    task: Shown<'a>,
    container: Shown<'a>,
    stream: Shown<'a>,
    message: Shown<'a>,
}

struct Reader<'a> {
    aws: &'a Aws,
    lines: Lines,
    sources: Vec<LogSource>,
    secrets: Vec<&'a Secret>,
    format: Format,
}

impl Reader<'_> {
    /// What was written in an interval by tasks ECS still lists, in the order of time.
    async fn once(
        &self,
        tasks: &[Task],
        task: Option<String>,
        (from, until): (Timestamp, Timestamp),
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let reads = (0_u16..).zip(&self.sources).map(|(place, source)| {
            let query = Query::LogEvents { source: source.clone(), task: task.clone(), from, until, most: u32::MAX };
            async move { (place, self.aws.answer(&query, Priority::Interactive).await) }
        });
        let mut events: Vec<LogEvent> = Vec::new();
        for (place, answer) in futures_util::future::join_all(reads).await {
            if let Answer::LogEvents(page) = answer? {
                events.extend(page.events.into_iter().map(|event| LogEvent { source: place, ..event }));
            }
        }
        events.retain(|event| tasks.iter().any(|task| task.arn.name() == event.task));
        events.sort_by_key(|event| event.at);
        self.write(events, console)
    }

    /// Lines as they come, until nobody reads any more.
    #[allow(clippy::too_many_arguments, reason = "one caller, and each is a thing of its own")]
    async fn follow(
        &self,
        cluster: &ClusterName,
        service: &Service,
        mut tasks: Vec<Task>,
        task: Option<String>,
        since: Timestamp,
        clock: &AwsClock,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let (out, mut followed) = mpsc::channel(BATCHES);
        let following = self.aws.follow(Following { sources: self.sources.clone(), since, recent: None }, out);
        tokio::pin!(following);
        let mut again = tokio::time::interval(TASKS);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut claims, mut read_at) = (Claims::default(), Some(Timestamp::now()));
        let mut told: BTreeMap<u16, String> = BTreeMap::new();
        loop {
            let events = tokio::select! {
                () = &mut following => return Ok(()),
                Some(followed) = followed.recv() => match followed {
                    Followed::Events(events) => events,
                    // All is asked for.
                    Followed::Begins { .. } => continue,
                    Followed::State(state) => {
                        let trouble = state.trouble.map(|error| format!("{} {}: {}", error.kind.label(), error.operation, error.message));
                        if told.get(&state.source) != trouble.as_ref() {
                            if let Some(trouble) = &trouble {
                                console.note(&format!("{}; asking again", visible(trouble)));
                            }
                            told.remove(&state.source);
                            told.extend(trouble.map(|trouble| (state.source, trouble)));
                        }
                        continue;
                    }
                },
                _ = again.tick(), if claims.waiting() > 0 => {
                    if let Ok(read) = self.aws.tasks(cluster, &service.arn, Priority::Background).await {
                        (tasks, read_at) = (read, Some(Timestamp::now()));
                    }
                    Vec::new()
                }
            };
            let is_own = |id: &str| tasks.iter().any(|task| task.arn.name() == id);
            let mut events = claims.settle(events, Tasks { is_own: &is_own, read_at }, Timestamp::now(), clock.now());
            events.retain(|event| task.as_ref().is_none_or(|task| *task == event.task));
            events.sort_by_key(|event| event.at);
            self.write(events, console)?;
        }
    }

    fn write(&self, events: Vec<LogEvent>, console: &mut Console<'_>) -> Result<(), Failure> {
        let mut text = String::new();
        for mut event in events {
            for secret in &self.secrets {
                secret.mask_in(&mut event.message);
            }
            let message = ansi::plain(event.message.trim_end_matches(['\n', '\r']));
            let Some(source) = self.sources.get(usize::from(event.source)).filter(|_| self.lines.wants(&message))
            else {
                continue;
            };
            let timestamp = event.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
            match self.format {
                Format::Table => {
                    let (task, container) = (visible(&event.task), visible(&source.container));
                    let _ = writeln!(text, "{timestamp} {task} {container} {}", visible(&message));
                }
                Format::Json => {
                    let stream = format!("{}{}", source.prefix, event.task);
                    let entry = Entry {
                        timestamp,
                        task: Shown(&event.task),
                        container: Shown(&source.container),
                        stream: Shown(&stream),
                        message: Shown(&message),
                    };
                    let line = serde_json::to_string(&entry).map_err(|error| Failure::Output(error.into()))?;
                    text.push_str(&line);
                    text.push('\n');
                }
            }
        }
        if text.is_empty() { Ok(()) } else { console.result(&text) }
    }
}
