//! What all rules look at, derived once from the facts: targets joined with their tasks, events and dead tasks read,
//! what is of the present told from what is over.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::facts::Facts;
use super::failed_start::{FailedStart, failed_start};
use super::network::topology::Topology;
use super::network::{self, Verdict};
use super::parse::events::{Event, event};
use super::parse::stop_reason::StopClass;
use super::stopped::{Death, death};
use super::target_health::{Standing, meaning};
use super::targets::{Joined, join};
use crate::model::arn::{LoadBalancerArn, TargetGroupArn};
use crate::model::known::Known;
use crate::model::load_balancing::{LoadBalancerRouting, Target, TargetGroup};
use crate::model::secret::Secret;
use crate::model::service::{Deployment, LoadBalancerBinding, Service};
use crate::model::task::Task;
use crate::model::task_definition::TaskDefinition;
use crate::model::text::visible_short;

/// The scene of a service.
pub struct Scene<'a> {
    /// The facts behind it.
    pub facts: Facts<'a>,
    /// The service.
    pub service: &'a Service,
    /// The deployment the service is heading for.
    pub primary: Option<&'a Deployment>,
    /// Its tasks, running and stopped.
    pub tasks: Known<&'a [Task]>,
    /// Its target groups with their targets.
    pub groups: Vec<Group<'a>>,
    /// Tasks that stopped or are stopping, newest first.
    pub dead: Vec<Dead<'a>>,
    /// Events since the primary deployment began and since the service was last steady, newest first: those that may
    /// describe the present.
    pub events: Vec<Heard<'a>>,
    /// All events, newest first.
    pub history: Vec<Heard<'a>>,
    /// The present, by AWS's clock.
    pub now: Timestamp,
    /// Values of the environment of its revisions, which must not be shown, each with the name of its variable.
    pub environment: Vec<(&'a str, &'a Secret)>,
}

/// An event that was read.
#[derive(Clone, Debug)]
pub struct Heard<'a> {
    /// When.
    pub at: Option<Timestamp>,
    /// AWS's sentence.
    pub message: &'a str,
    /// What it says.
    pub event: Event<'a>,
}

/// A task that stopped or is stopping.
#[derive(Clone, Debug)]
pub struct Dead<'a> {
    /// The task.
    pub task: &'a Task,
    /// Its revision, if it was read.
    pub definition: Option<&'a TaskDefinition>,
    /// Why it died.
    pub death: Death,
    /// Why it never started, if it did not.
    pub failed_start: Option<FailedStart<'a>>,
    /// When it stopped, or began to.
    pub at: Option<Timestamp>,
    /// Whether the primary deployment started it, as far as can be told.
    pub of_primary: bool,
}

/// A target group of the service.
pub struct Group<'a> {
    /// Its resource name.
    pub arn: &'a TargetGroupArn,
    /// How the service binds it.
    pub binding: Option<&'a LoadBalancerBinding>,
    /// Its settings.
    pub settings: Known<&'a TargetGroup>,
    /// Its attributes.
    pub attributes: Known<&'a BTreeMap<String, String>>,
    /// Its targets as AWS told them, or why they are not known.
    pub targets: Known<&'a [Target]>,
    /// Its targets with their tasks.
    pub places: Vec<Place<'a>>,
    /// Whether the targets were the same already when the tasks were read.
    pub read_together: bool,
    /// Tasks of the service that are not stopped and have no target in it; none while tasks and targets were read at so
    /// different times that this cannot be told.
    pub without_target: Vec<&'a Task>,
    /// Its load balancers.
    pub routing: Vec<(&'a LoadBalancerArn, Known<&'a LoadBalancerRouting>)>,
}

/// A target with its task.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// The target.
    pub target: &'a Target,
    /// The task of this service that answers there.
    pub task: Option<&'a Task>,
    /// How to take its health.
    pub standing: Standing,
    /// Whether the task is one of the primary deployment.
    pub of_primary: bool,
    /// Whether the load balancer reaches its health-check port.
    pub check_path: Verdict,
    /// Whether the load balancer reaches its traffic port.
    pub traffic_path: Verdict,
}

impl Place<'_> {
    /// `10.0.12.7:8080`
    pub fn name(&self) -> String {
        self.target.port.map_or_else(|| self.target.id.clone(), |port| format!("{}:{port}", self.target.id))
    }

    /// The port that is really checked.
    pub fn check_port(&self) -> Option<u16> {
        self.target.health_check_port.as_deref().and_then(|port| port.parse().ok()).or(self.target.port)
    }

    /// Its address, where it is one.
    pub fn address(&self) -> Option<IpAddr> {
        self.target.id.parse().ok()
    }
}

impl<'a> Group<'a> {
    /// Targets whose tasks are this service's, or whose tasks cannot be told, without those on their way out.
    pub fn present(&self) -> impl Iterator<Item = &Place<'a>> {
        self.places
            .iter()
            .filter(|place| place.standing != Standing::Leaving && place.task.is_none_or(|task| !task.is_stopped()))
    }

    /// Those of them that fail their health checks.
    pub fn failing(&self) -> impl Iterator<Item = &Place<'a>> {
        self.present().filter(|place| place.standing == Standing::Failing)
    }

    /// Those of them that are healthy.
    pub fn healthy(&self) -> impl Iterator<Item = &Place<'a>> {
        self.present().filter(|place| place.standing == Standing::Fine)
    }

    /// How many targets of the service's own tasks stand so. Groups can be shared: with the tasks known only targets of the
    /// service's tasks count, unless they cannot be told from the others.
    pub fn own(&self, standing: Standing) -> usize {
        self.own_places().filter(|place| place.standing == standing).count()
    }

    /// How many targets the service's own tasks have, without those on their way out.
    pub fn own_total(&self) -> usize {
        self.own_places().filter(|place| place.standing != Standing::Leaving).count()
    }

    /// Whether it can be told which targets are those of the service's tasks.
    pub fn is_joined(&self) -> bool {
        self.read_together && self.places.iter().any(|place| place.task.is_some())
    }

    fn own_places(&self) -> impl Iterator<Item = &Place<'a>> {
        let joined = self.is_joined();
        self.places.iter().filter(move |place| !joined || place.task.is_some_and(|task| !task.is_stopped()))
    }

    /// An attribute.
    pub fn attribute(&self, key: &str) -> Option<&'a str> {
        self.attributes.known().and_then(|attributes| attributes.get(key)).map(String::as_str)
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        self.arn.group_name()
    }
}

impl<'a> Scene<'a> {
    /// Looks at the facts.
    pub fn new(facts: Facts<'a>) -> Self {
        let service = facts.service;
        let primary = service.primary_deployment();
        let tasks = facts.tasks();
        let slice = tasks.known().copied().unwrap_or_default();
        let mut groups: Vec<Group<'a>> =
            facts.wanted_target_groups().into_iter().map(|arn| group(&facts, arn, slice, primary)).collect();
        // The second group of a pair is empty on purpose until a deployment fills it.
        let idle = |group: &Group<'_>| {
            facts.alternate_target_groups().any(|arn| arn == group.arn)
                && group.targets.known().is_some_and(|targets| targets.is_empty())
        };
        groups.retain(|group| !idle(group));
        let mut dead: Vec<Dead<'a>> = slice.iter().filter_map(|task| one_dead(&facts, task, primary)).collect();
        dead.sort_by(|one, other| (other.at, &other.task.arn).cmp(&(one.at, &one.task.arn)));
        let mut history: Vec<Heard<'a>> = service.events.iter().map(heard).collect();
        // AWS says the newest first, which nobody has promised.
        history.sort_by_key(|heard| std::cmp::Reverse(heard.at));
        let began = primary.and_then(|primary| primary.created_at);
        let events = history
            .iter()
            // Without a time nothing proves that it is new.
            .take_while(|heard| began.is_none() || heard.at >= began)
            .take_while(|heard| heard.event != Event::SteadyState)
            .cloned()
            .collect();
        let (now, environment) = (facts.now, Vec::new());
        let mut scene = Self { facts, service, primary, tasks, groups, dead, events, history, now, environment };
        scene.environment = scene.literals();
        scene.look_at_paths();
        scene
    }

    fn look_at_paths(&mut self) {
        let topology = Topology::new(self);
        if topology.is_empty() {
            return;
        }
        for group in &mut self.groups {
            let of_place = |place: &Place<'a>| {
                let verdict = |port: Option<u16>| {
                    port.map_or(Verdict::Unknown, |port| network::verdict(&topology, group, place, port))
                };
                let (check, traffic) = (place.check_port(), place.target.port);
                let of_check = verdict(check);
                (of_check, if traffic == check { of_check } else { verdict(traffic) })
            };
            let verdicts: Vec<(Verdict, Verdict)> = group.places.iter().map(of_place).collect();
            for (place, (check, traffic)) in group.places.iter_mut().zip(verdicts) {
                (place.check_path, place.traffic_path) = (check, traffic);
            }
        }
    }

    /// Dead tasks that count for the present: of the primary deployment, not stopped in normal operation.
    pub fn deaths_of_primary(&self) -> impl Iterator<Item = &Dead<'a>> {
        self.dead.iter().filter(|dead| dead.of_primary && !dead.death.benign)
    }

    /// Dead tasks of the primary deployment that ended this way.
    pub fn deaths_by(&self, class: StopClass) -> impl Iterator<Item = &Dead<'a>> {
        self.deaths_of_primary().filter(move |dead| dead.death.class == class)
    }

    /// The revision the service is heading for, if it was read.
    pub fn definition(&self) -> Option<&'a TaskDefinition> {
        let arn = self.primary.map(|primary| &primary.task_definition).or(self.service.task_definition.as_ref())?;
        self.facts.task_definition(arn).known().copied()
    }

    /// How long ago something was.
    pub fn since(&self, at: Option<Timestamp>) -> Option<SignedDuration> {
        at.map(|at| self.now.duration_since(at))
    }

    /// Age of the primary deployment.
    pub fn age(&self) -> Option<SignedDuration> {
        self.since(self.primary.and_then(|primary| primary.created_at))
    }

    /// Free text of AWS or of a container, ready to be shown: values of the environment are masked, control characters
    /// are neutralised, what is too long is cut.
    pub fn quote(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        self.environment.iter().for_each(|(_, value)| value.mask_in(&mut masked));
        visible_short(&masked, 1_000)
    }

    fn literals(&self) -> Vec<(&'a str, &'a Secret)> {
        let definitions =
            self.revisions().into_iter().filter_map(|arn| self.facts.task_definition(arn).known().copied());
        let mut literals: Vec<(&'a str, &'a Secret)> = Vec::new();
        for literal in definitions.flat_map(TaskDefinition::literals) {
            if !literals.contains(&literal) {
                literals.push(literal);
            }
        }
        literals
    }

    /// Every revision of a task definition the service has to do with, each once.
    pub fn revisions(&self) -> Vec<&'a crate::model::arn::TaskDefinitionArn> {
        let of_deployments = self.service.deployments.iter().map(|deployment| &deployment.task_definition);
        let of_task_sets = self.service.task_sets.iter().map(|set| &set.task_definition);
        let of_tasks = self.tasks.known().copied().unwrap_or_default().iter().map(|task| &task.task_definition);
        let mut revisions: Vec<_> =
            self.service.task_definition.iter().chain(of_deployments).chain(of_task_sets).chain(of_tasks).collect();
        revisions.sort();
        revisions.dedup();
        revisions
    }
}

fn heard(entry: &crate::model::service::ServiceEvent) -> Heard<'_> {
    Heard { at: entry.at, message: &entry.message, event: event(&entry.message) }
}

/// A task that does not say which deployment started it counts for the primary one if it is younger than that.
fn is_of(task: &Task, primary: Option<&Deployment>) -> bool {
    match (primary, task.started_by.as_deref()) {
        (None, _) => true,
        (Some(primary), Some(started_by)) if started_by.starts_with("ecs-svc/") => started_by == primary.id,
        (Some(primary), _) => task.created_at >= primary.created_at,
    }
}

fn one_dead<'a>(facts: &Facts<'a>, task: &'a Task, primary: Option<&Deployment>) -> Option<Dead<'a>> {
    let definition = facts.task_definition(&task.task_definition).known().copied();
    let death = death(task, definition)?;
    let failed_start = failed_start(task, definition, death.stop);
    let at = task.stopped_at.or(task.execution_stopped_at).or(task.stopping_at);
    Some(Dead { task, definition, death, failed_start, at, of_primary: is_of(task, primary) })
}

fn group<'a>(facts: &Facts<'a>, arn: &'a TargetGroupArn, tasks: &'a [Task], primary: Option<&Deployment>) -> Group<'a> {
    let service = facts.service;
    let settings = facts.target_group(arn);
    let targets = facts.target_health(arn);
    let target_type = settings.known().and_then(|settings| settings.target_type.as_deref());
    let read_together = facts.targets_held_with_tasks(arn);
    let (mut places, mut without_target) = (Vec::new(), Vec::new());
    for joined in join(targets.known().copied().unwrap_or_default(), target_type, tasks) {
        match joined {
            Joined::TaskOnly(task) => without_target.extend(read_together.then_some(task)),
            Joined::Pair { target, .. } | Joined::TargetOnly(target) => {
                let task = joined.task();
                places.push(Place {
                    target,
                    task,
                    standing: meaning(target).standing,
                    of_primary: task.is_some_and(|task| is_of(task, primary)),
                    check_path: Verdict::Unknown,
                    traffic_path: Verdict::Unknown,
                });
            }
        }
    }
    let of_task_sets = service.task_sets.iter().flat_map(|set| &set.load_balancers);
    let bindings = || service.load_balancers.iter().chain(of_task_sets.clone());
    let binding = bindings().find(|binding| binding.target_group.as_ref() == Some(arn));
    // The other group of a blue/green deployment is bound to the same container.
    let binding = binding.or_else(|| bindings().next().filter(|_| bindings().count() == 1));
    let balancers = settings.known().into_iter().flat_map(|settings| &settings.load_balancers);
    let routing = balancers.map(|balancer| (balancer, facts.routing(balancer))).collect();
    Group {
        arn,
        binding,
        attributes: facts.target_group_attributes(arn),
        targets,
        places,
        read_together,
        without_target,
        routing,
        settings,
    }
}
