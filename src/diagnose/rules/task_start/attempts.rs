//! Starts that failed: what AWS said about them in stop reasons, container reasons, attachments, events and the reason of
//! the service deployment, taken together by cause.

use jiff::Timestamp;

use crate::diagnose::failed_start::FailedStart;
use crate::diagnose::finding::Finding;
use crate::diagnose::parse::events::Event;
use crate::diagnose::parse::start_failure::{Cause, Image, StartFailure, start_failure};
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::rules::task_stop::batch::{
    DEFINITION, RECENT, RETAINED, SERVICES, Standing, TASKS, as_of, is_impaired, is_wanted, scope_of, standing,
    subject, tasks_of, with_count,
};
use crate::diagnose::scene::{Dead, Scene};
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;

/// Words of AWS about a start that failed, and where they stand.
#[derive(Clone, Debug)]
pub(in crate::diagnose::rules) struct Said<'a> {
    /// The IAM action that told.
    pub(in crate::diagnose::rules) source: &'static str,
    /// What it is about.
    pub(in crate::diagnose::rules) subject: String,
    /// The field.
    pub(in crate::diagnose::rules) field: String,
    /// The words.
    pub(in crate::diagnose::rules) text: std::borrow::Cow<'a, str>,
    /// The container, where the words are about one.
    pub(in crate::diagnose::rules) container: Option<&'a str>,
}

/// Starts that failed for the same reason.
#[derive(Debug)]
pub(in crate::diagnose::rules) struct Failures<'s, 'a> {
    /// The reason.
    pub(in crate::diagnose::rules) failure: StartFailure,
    /// What AWS said, the newest first.
    pub(in crate::diagnose::rules) said: Vec<Said<'a>>,
    /// The tasks, newest first; none if only events or deployments tell.
    pub(in crate::diagnose::rules) dead: Vec<&'s Dead<'a>>,
    /// Whether it matters now.
    pub(in crate::diagnose::rules) standing: Standing,
}

fn said<'a>(task: &Task, start: &FailedStart<'a>) -> Said<'a> {
    Said {
        source: TASKS,
        subject: subject(task),
        field: start.field.clone(),
        text: start.text.clone(),
        container: start.container,
    }
}

/// All starts that failed and still matter, by cause, the newest first.
pub(super) fn failures<'s, 'a>(scene: &'s Scene<'a>) -> Vec<Failures<'s, 'a>> {
    if !is_wanted(scene) {
        return Vec::new();
    }
    let mut batches: Vec<(String, Failures<'s, 'a>)> = Vec::new();
    for dead in &scene.dead {
        // Hosts without room are another family's.
        let Some(start) = dead.failed_start.as_ref().filter(|start| start.failure.cause != Cause::Placement) else {
            continue;
        };
        let (failure, said) = (start.failure.clone(), said(dead.task, start));
        let key = format!("{} {}", dead.of_primary, failure.fingerprint());
        if let Some((_, batch)) = batches.iter_mut().find(|(known, _)| *known == key) {
            batch.said.push(said);
            batch.dead.push(dead);
        } else {
            let batch = Failures { failure, said: vec![said], dead: vec![dead], standing: Standing::Past };
            batches.push((key, batch));
        }
    }
    let mut batches: Vec<Failures<'s, 'a>> = batches
        .into_iter()
        .filter_map(|(_, mut batch)| {
            batch.standing = standing_of(scene, &batch.dead)?;
            Some(batch)
        })
        .collect();
    for (failure, said, standing) in elsewhere(scene) {
        let fingerprint = failure.fingerprint();
        match batches.iter_mut().find(|batch| batch.failure.fingerprint() == fingerprint) {
            // One quotation of an event beside those of the tasks is enough.
            Some(batch) if batch.said.iter().all(|known| known.source != said.source) => batch.said.push(said),
            Some(_) => {}
            None => batches.push(Failures { failure, said: vec![said], dead: Vec::new(), standing }),
        }
    }
    batches
}

/// Whether starts that failed matter now: as long as tasks are missing, or the newest start failed, and nothing started
/// since that proves it over.
fn standing_of(scene: &Scene<'_>, dead: &[&Dead<'_>]) -> Option<Standing> {
    let Some(newest) = dead.iter().find(|dead| dead.of_primary) else { return standing(scene, dead) };
    if scene.since(newest.at).is_some_and(|age| age > RETAINED) {
        return None;
    }
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    let of_same = |task: &&Task| task.started_by == newest.task.started_by;
    let started_since =
        tasks.iter().filter(of_same).any(|task| task.started_at.is_some() && task.created_at > newest.task.created_at);
    let again = dead.iter().filter(|dead| scene.since(dead.at).is_some_and(|age| age <= RECENT)).count() > 1;
    (!started_since || is_impaired(scene) && again).then_some(Standing::Present)
}

/// What events and the newest service deployment say.
fn elsewhere<'a>(scene: &Scene<'a>) -> Vec<(StartFailure, Said<'a>, Standing)> {
    let mut found = Vec::new();
    if is_impaired(scene) {
        for heard in &scene.events {
            let reason: &'a str = match heard.event {
                Event::NotPlaced { reason } => reason,
                Event::LaunchError { error } => error,
                Event::NotSteady { why: Some(why) } => why,
                _ => continue,
            };
            let failure = start_failure(reason).filter(|failure| failure.cause != Cause::Placement);
            let launch = matches!(heard.event, Event::LaunchError { .. }).then(|| StartFailure {
                class: StopClass::Unknown,
                cause: Cause::Other,
                words: reason.to_owned(),
            });
            let Some(failure) = failure.or(launch) else { continue };
            let at: Option<Timestamp> = heard.at;
            let subject = at.map_or_else(|| "service event".to_owned(), |at| format!("service event of {at}"));
            let said = Said {
                source: SERVICES,
                subject,
                field: "events.message".to_owned(),
                text: heard.message.into(),
                container: None,
            };
            found.push((failure, said, Standing::Present));
        }
    }
    let deployments = scene.facts.service_deployments();
    let newest = deployments.known().and_then(|all| all.first()).filter(|newest| newest.status != "SUCCESSFUL");
    let quoted = newest.and_then(|newest| Some((newest, newest.status_reason.as_deref()?)));
    if let Some((deployment, reason)) = quoted
        && let Some(failure) = inside(reason)
    {
        let over = deployment.finished_at.is_some() && !is_impaired(scene);
        let said = Said {
            source: "ecs:DescribeServiceDeployments",
            subject: format!("service deployment {}", deployment.arn.name()),
            field: "statusReason".to_owned(),
            text: reason.into(),
            container: None,
        };
        found.push((failure, said, if over { Standing::Past } else { Standing::Present }));
    }
    found
}

/// A start failure quoted somewhere in a sentence.
fn inside(text: &str) -> Option<StartFailure> {
    let beginnings =
        ["CannotPull", "ResourceInitializationError", "CannotStartContainerError", "ECS was unable to assume"];
    let starts = beginnings.iter().filter_map(|beginning| text.find(beginning));
    starts.min().and_then(|start| text.get(start..)).and_then(start_failure)
}

impl<'a> Failures<'_, 'a> {
    /// The revision of the newest of the tasks, or the one the service is heading for.
    pub(super) fn definition(&self, scene: &Scene<'a>) -> Option<&'a TaskDefinition> {
        self.dead.first().map_or_else(|| scene.definition(), |dead| dead.definition)
    }

    /// The container the words are about, where they are about one.
    pub(super) fn container(&self) -> Option<&'a str> {
        self.said.iter().find_map(|said| said.container)
    }

    /// The image the words are about: as AWS quotes it, or as the definition has it for the container, or for the only one.
    pub(super) fn image(&self, scene: &Scene<'a>, quoted: Option<&Image>) -> Option<Image> {
        if let Some(image) = quoted {
            return Some(image.clone());
        }
        let containers = &self.definition(scene)?.containers;
        let named = self.container().and_then(|name| containers.iter().find(|container| container.name == name));
        let only = containers.first().filter(|_| containers.len() == 1);
        named.or(only).map(|container| Image::new(&container.image))
    }

    /// How many tasks failed like this.
    pub(super) fn count(&self) -> usize {
        self.dead.len()
    }

    /// With scope, quotations and count, and as bad as it is now.
    pub(super) fn finish(&self, scene: &Scene<'a>, finding: Finding) -> Finding {
        let tasks = tasks_of(&self.dead);
        let finding = finding.scope(scope_of(scene, &tasks, self.container()));
        let mut finding = self.said.iter().take(1).chain(self.other_quotations()).fold(finding, |finding, said| {
            finding.evidence(said.source, &said.subject, &said.field, scene.quote(&said.text))
        });
        finding = with_count(scene, finding, "stopped tasks that failed to start for this reason", &tasks);
        as_of(self.standing, finding)
    }

    fn other_quotations(&self) -> impl Iterator<Item = &Said<'a>> {
        self.said.iter().skip(1).filter(|said| said.source != TASKS).take(2)
    }
}

/// The evidence that a definition has, or lacks, something.
pub(super) fn with_definition(finding: Finding, definition: &TaskDefinition, field: &str, value: &str) -> Finding {
    finding.evidence(DEFINITION, definition.arn.name(), field, value)
}
