//! Which logs tell why health checks fail, and what they tell: whether the load balancer's requests arrive, where the
//! application listens, how long it took to start, and what it says about TLS and host names.

use jiff::{SignedDuration, Timestamp};

use super::lines::{self, Listening};
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::scene::{Group, Scene};
use crate::model::arn::TaskArn;
use crate::model::observation::{LogExcerpt, LogLine};
use crate::model::query::LogStream;
use crate::model::task::Task;

/// Tasks of a target group whose logs are looked at.
const TASKS: usize = 3;

/// Tasks of which logs may be at hand, because somebody asked.
const LOOKED_AT: usize = 60;

/// The logs worth reading to tell why health checks fail, each with the time to start from: of at most three failing tasks a
/// target group, running ones and ones the load balancer had killed in turn, newest first; of the container the group is
/// bound to, or else of the first two essential ones.
pub fn wanted_logs(scene: &Scene<'_>) -> Vec<(LogStream, Timestamp)> {
    let mut wanted: Vec<(LogStream, Timestamp)> = Vec::new();
    for group in &scene.groups {
        for task in failing_tasks(scene, group) {
            let Some(since) = task.created_at.or(task.started_at) else { continue };
            for container in containers(scene, group, task) {
                let Some(stream) = scene.facts.log_stream(task, container) else { continue };
                if !wanted.iter().any(|(known, _)| *known == stream) {
                    wanted.push((stream, since));
                }
            }
        }
    }
    wanted
}

fn failing_tasks<'a>(scene: &Scene<'a>, group: &Group<'a>) -> Vec<&'a Task> {
    let mut running: Vec<&Task> = group.failing().filter_map(|place| place.task).collect();
    running.sort_by(|one, other| (other.started_at, &other.arn).cmp(&(one.started_at, &one.arn)));
    let killed = scene.deaths_by(StopClass::LoadBalancerHealth).map(|dead| dead.task);
    let mut turns = [running.into_iter().collect::<Vec<_>>().into_iter(), killed.collect::<Vec<_>>().into_iter()];
    let mut chosen: Vec<&Task> = Vec::new();
    let mut seen: Vec<&TaskArn> = Vec::new();
    while chosen.len() < TASKS {
        let before = chosen.len();
        for turn in &mut turns {
            if let Some(task) = turn.find(|task| !seen.contains(&&task.arn)) {
                seen.push(&task.arn);
                chosen.push(task);
            }
        }
        if chosen.len() == before {
            break;
        }
    }
    chosen.truncate(TASKS);
    chosen
}

fn containers<'a>(scene: &Scene<'a>, group: &Group<'a>, task: &Task) -> Vec<&'a str> {
    if let Some(container) = group.binding.and_then(|binding| binding.container.as_deref()) {
        return vec![container];
    }
    let definition = scene.facts.task_definition(&task.task_definition);
    let all = definition.known().map(|definition| definition.containers.as_slice()).unwrap_or_default();
    all.iter().filter(|container| container.essential).map(|container| container.name.as_str()).take(2).collect()
}

/// The log of a container of a task.
pub(super) struct Journal<'a> {
    pub(super) task: &'a Task,
    pub(super) container: &'a str,
    pub(super) stream: LogStream,
    excerpt: &'a LogExcerpt,
}

/// All logs of the service's tasks that are at hand and concern the target group.
pub(super) fn journals<'a>(scene: &Scene<'a>, group: &Group<'a>) -> Vec<Journal<'a>> {
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    let mut newest: Vec<&Task> = tasks.iter().collect();
    newest.sort_by(|one, other| (other.created_at, &other.arn).cmp(&(one.created_at, &one.arn)));
    let mut journals = Vec::new();
    for task in newest.into_iter().take(LOOKED_AT) {
        let Some(since) = task.created_at.or(task.started_at) else { continue };
        for container in containers(scene, group, task) {
            let Some(stream) = scene.facts.log_stream(task, container) else { continue };
            if let Some(excerpt) = scene.facts.logs(&stream, since).known() {
                journals.push(Journal { task, container, stream, excerpt });
            }
        }
    }
    journals
}

/// When a log says that its task got ready.
pub(super) struct Ready<'a> {
    /// From the start of the containers.
    pub(super) after: SignedDuration,
    pub(super) line: &'a LogLine,
}

impl<'a> Journal<'a> {
    fn lines(&self) -> impl Iterator<Item = &'a LogLine> {
        self.excerpt.lines()
    }

    /// Whether nothing at all arrived.
    pub(super) fn is_empty(&self) -> bool {
        self.excerpt.head.is_empty() && self.excerpt.tail.is_empty() && self.excerpt.health_checks.is_empty()
    }

    /// The last request of a health check that arrived since this time.
    pub(super) fn health_check(&self, since: Timestamp) -> Option<&'a LogLine> {
        let named = self.excerpt.health_checks.iter().chain(self.lines());
        named.filter(|line| line.at >= since && line.message.contains("ELB-HealthChecker")).max_by_key(|line| line.at)
    }

    /// The last line that says this.
    pub(super) fn last(&self, says: impl Fn(&str) -> bool) -> Option<&'a LogLine> {
        self.lines().filter(|line| says(&line.message)).max_by_key(|line| line.at)
    }

    /// The last lines that speak of errors, oldest first.
    pub(super) fn errors(&self, count: usize) -> Vec<&'a LogLine> {
        let mut found: Vec<_> = self.lines().filter(|line| lines::is_error(&line.message)).collect();
        found.sort_by_key(|line| line.at);
        found.split_off(found.len().saturating_sub(count))
    }

    /// Everything it says about listening.
    pub(super) fn listening(&self) -> impl Iterator<Item = (Listening, &'a LogLine)> {
        self.lines().filter_map(|line| lines::listening(&line.message).map(|listening| (listening, line)))
    }

    /// Whether some line says that only `--host` would open it to others, as Vite does.
    pub(super) fn wants_host_option(&self) -> bool {
        self.lines().any(|line| line.message.contains("use --host to expose"))
    }

    fn after(&self, line: &LogLine) -> Option<SignedDuration> {
        let started = self.task.started_at?;
        Some(line.at.duration_since(started)).filter(|after| *after >= SignedDuration::ZERO)
    }

    /// When it first listened on one of these ports, or on one it does not name.
    pub(super) fn listened(&self, ports: &[u16]) -> Option<Ready<'a>> {
        self.listening()
            .filter(|(listening, _)| listening.port.is_none_or(|port| ports.contains(&port)) && !listening.aside)
            .filter_map(|(_, line)| Some(Ready { after: self.after(line)?, line }))
            .min_by_key(|ready| ready.after)
    }

    /// How long the start took by the application's own words (or later, by the time it said so).
    pub(super) fn start_told(&self) -> Option<Ready<'a>> {
        self.lines()
            .filter_map(|line| {
                let told = lines::start_time(&line.message)?;
                Some(Ready { after: self.after(line).map_or(told, |after| after.max(told)), line })
            })
            .max_by_key(|ready| ready.after)
    }
}
