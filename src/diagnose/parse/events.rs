//! Service events (catalogue 4.1): AWS's sentences as data. Every known shape starts with whose event it is, then
//! perhaps what it is about, then a phrase with a fixed beginning:
//!
//! ```text
//!  (service web, taskSet ecs-svc/1) (task 0a1b) (port 8080) is unhealthy in (target-group …) due to (reason …)
//!  └──────────── origin ──────────┘ └────── subject ──────┘ └ phrase ─────▶
//! ```
//!
//! Phrases are matched at their beginning only: reasons quote text of applications and users, and what they quote must not
//! be taken for AWS's own words. Reading is linear in the length of the message and borrows from it.

mod trouble;

pub use trouble::group_name;

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Everything runs as wanted. ECS repeats it about every six hours.
    SteadyState,
    /// Tasks were started.
    Started {
        /// How many.
        tasks: u32,
        /// The zone, when it was done to balance zones.
        rebalancing_to: Option<&'a str>,
        /// How many of them replace tasks that were unhealthy: the best proof of churn an event gives.
        replaced_unhealthy: u32,
    },
    /// Tasks were stopped.
    Stopped {
        /// How many.
        tasks: u32,
    },
    /// Targets were registered.
    Registered {
        /// How many.
        targets: u32,
        /// Name or resource name of the target group.
        target_group: &'a str,
    },
    /// Targets were deregistered.
    Deregistered {
        /// How many.
        targets: u32,
        /// Name or resource name of the target group.
        target_group: &'a str,
    },
    /// Connections are being drained.
    Draining {
        /// Of how many tasks.
        tasks: u32,
    },
    /// A load balancer finds a target unhealthy.
    Unhealthy {
        /// The task, where the event says.
        task: Option<&'a str>,
        /// The EC2 instance, where the event says.
        instance: Option<&'a str>,
        /// The port, where the event says.
        port: Option<u16>,
        /// Name or resource name of the target group, or name of a classic load balancer.
        target_group: &'a str,
        /// The load balancer's words.
        why: &'a str,
    },
    /// The target group, or the target in it, does not exist (any more).
    TargetMissing {
        /// Name or resource name of the target group.
        target_group: &'a str,
        /// Whether the whole group is missing.
        whole_group: bool,
    },
    /// No container instance can take the task.
    NoInstance {
        /// AWS's reason, if it gives one.
        reason: Option<&'a str>,
        /// What the instance that came closest lacks.
        lacking: Option<Lacking<'a>>,
    },
    /// A task could not be placed; on Fargate also why it could not start.
    NotPlaced {
        /// AWS's reason.
        reason: &'a str,
    },
    /// A task could not be placed in one zone.
    NotPlacedInZone {
        /// The zone.
        zone: &'a str,
    },
    /// Tasks keep failing to start, and ECS waits longer and longer between attempts.
    Impaired,
    /// ECS is throttled while it works on the service.
    Throttled {
        /// The service that throttles, where the event says.
        on: Option<&'a str>,
    },
    /// Minimum and maximum percent leave no room to start or stop a task.
    Deadlock,
    /// The service does not settle.
    NotSteady {
        /// AWS's reason, if it gives one.
        why: Option<&'a str>,
    },
    /// A deployment reached its goal.
    DeploymentCompleted {
        /// `ecs-svc/…`
        deployment: &'a str,
    },
    /// A deployment was given up.
    DeploymentFailed {
        /// `ecs-svc/…`
        deployment: &'a str,
        /// `tasks failed to start` (printed for failed health checks too) or `alarm detected`.
        why: &'a str,
    },
    /// The service returns to an earlier deployment.
    RollingBack {
        /// The deployment it returns to: `ecs-svc/…`
        deployment: &'a str,
    },
    /// Tasks of a deployment could not be launched.
    NotLaunched {
        /// How many.
        tasks: u32,
        /// `ecs-svc/…`
        deployment: &'a str,
    },
    /// The cluster provisions as many tasks at once as it is allowed to.
    ProvisioningLimit,
    /// A task could not be launched.
    LaunchError {
        /// AWS's error.
        error: &'a str,
    },
    /// A call of ECS to the load balancer failed.
    TargetGroupError {
        /// `register targets`, `deregister targets` or `describe target health`.
        operation: &'a str,
        /// Name or resource name of the target group.
        target_group: &'a str,
        /// AWS's error.
        error: &'a str,
    },
    /// Permissions or trust of a role ECS uses were changed.
    IamChanged,
    /// The agent of a container instance did not start.
    AgentTimeout,
    /// Progress of balancing tasks over zones.
    Rebalancing {
        /// Why it cannot, if it cannot.
        blocked: Option<&'a str>,
    },
    /// A shape this version does not know.
    Other,
}

/// What the container instance that came closest lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking<'a> {
    /// CPU units.
    Cpu,
    /// Memory.
    Memory,
    /// A host port, which another task uses.
    Port,
    /// An attribute the task asks for.
    Attribute,
    /// Something else, as AWS names it.
    Error(&'a str),
}

impl Event<'_> {
    /// Whether it says nothing beyond that the service lives: steady state, and the starting, stopping and registering that
    /// every normal change consists of. Foldable without losing a cause.
    pub const fn is_noise(&self) -> bool {
        match self {
            Self::SteadyState
            | Self::Stopped { .. }
            | Self::Registered { .. }
            | Self::Deregistered { .. }
            | Self::Draining { .. }
            | Self::Rebalancing { blocked: None } => true,
            Self::Started { replaced_unhealthy, .. } => *replaced_unhealthy == 0,
            _ => false,
        }
    }
}

/// Reads an event's message. Any text is an answer; what is not known is [`Event::Other`].
pub fn event(message: &str) -> Event<'_> {
    let mut subject = Subject::default();
    let phrase = subject.peel(after_origin(message.trim()));
    phrase_of(phrase, &subject).unwrap_or(Event::Other)
}

/// What stands in brackets between origin and phrase.
#[derive(Default)]
struct Subject<'a> {
    task: Option<&'a str>,
    instance: Option<&'a str>,
    port: Option<u16>,
    deployment: Option<&'a str>,
}

impl<'a> Subject<'a> {
    /// Takes leading `(key value)` pairs; gives what follows them.
    fn peel(&mut self, mut text: &'a str) -> &'a str {
        while let Some((inside, rest)) = text.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            let Some((key, value)) = inside.split_once(' ') else { break };
            match key {
                "task" => self.task = Some(value),
                "instance" => self.instance = Some(value),
                "port" => self.port = value.parse().ok(),
                "deployment" => self.deployment = Some(value),
                "taskSet" => {}
                _ => break,
            }
            text = rest.trim_start();
        }
        text
    }
}

/// Cuts off `(service web)`, `(service web, taskSet ecs-svc/1)`, the documentation's `service (web)` and the old consoles'
/// `service web`.
fn after_origin(message: &str) -> &str {
    let rest = if let Some(inner) = message.strip_prefix("(service ") {
        inner.split_once(')').map(|(_, rest)| rest)
    } else if let Some(inner) = message.strip_prefix("service (") {
        inner.split_once(')').map(|(_, rest)| rest)
    } else if let Some(inner) = message.strip_prefix("service ") {
        inner.split_once(' ').map(|(_, rest)| rest)
    } else {
        None
    };
    rest.unwrap_or(message).trim_start()
}

fn phrase_of<'a>(phrase: &'a str, subject: &Subject<'a>) -> Option<Event<'a>> {
    if phrase.starts_with("has reached a steady state") {
        return Some(Event::SteadyState);
    }
    if let Some(rest) = phrase.strip_prefix("has started ") {
        return started(rest);
    }
    if let Some(rest) = phrase.strip_prefix("has stopped ").or_else(|| phrase.strip_prefix("stopped ")) {
        if rest.starts_with("AZ Rebalancing") {
            return Some(Event::Rebalancing { blocked: None });
        }
        let (tasks, rest) = number(rest)?;
        let known = ["running task", "pending task", "task"].iter().any(|kind| rest.starts_with(kind));
        return known.then_some(Event::Stopped { tasks });
    }
    if let Some(rest) = phrase.strip_prefix("registered ") {
        let (targets, target_group) = targets_in(rest)?;
        return Some(Event::Registered { targets, target_group });
    }
    if let Some(rest) = phrase.strip_prefix("deregistered ") {
        let (targets, target_group) = targets_in(rest)?;
        return Some(Event::Deregistered { targets, target_group });
    }
    if let Some(rest) = phrase.strip_prefix("has begun draining connections on ") {
        return number(rest).map(|(tasks, _)| Event::Draining { tasks });
    }
    if let Some(rest) = phrase.strip_prefix("is ") {
        return condition(rest, subject);
    }
    if let Some(rest) = phrase.strip_prefix("was unable to ") {
        return inability(rest);
    }
    if let Some(rest) = phrase.strip_prefix("operations are being throttled") {
        let on = rest.strip_prefix(" on ").and_then(|on| on.split([' ', '.']).next()).filter(|on| !on.is_empty());
        return Some(Event::Throttled { on });
    }
    if let Some(rest) = phrase.strip_prefix("deployment ") {
        let deployment = subject.deployment?;
        if rest.starts_with("completed") {
            return Some(Event::DeploymentCompleted { deployment });
        }
        let why = rest.strip_prefix("failed")?.trim_start_matches(':');
        return Some(Event::DeploymentFailed { deployment, why: sentence(why) });
    }
    if let Some(rest) = phrase.strip_prefix("rolling back to ") {
        return deployment_id(rest).map(|deployment| Event::RollingBack { deployment });
    }
    if let Some(rest) = phrase.strip_prefix("could not launch ") {
        let (tasks, rest) = number(rest)?;
        let (_, rest) = rest.split_once("for ")?;
        return deployment_id(rest).map(|deployment| Event::NotLaunched { tasks, deployment });
    }
    if let Some(rest) = phrase.strip_prefix("failed to ") {
        return failure(rest);
    }
    by_part(phrase)
}

/// Shapes whose fixed words do not stand at the beginning.
fn by_part(phrase: &str) -> Option<Event<'_>> {
    if phrase.contains("IAM ") && phrase.contains("been misconfigured or changed") {
        return Some(Event::IamChanged);
    }
    phrase.contains("Timed out waiting for Amazon ECS Agent to start").then_some(Event::AgentTimeout)
}

fn started(rest: &str) -> Option<Event<'_>> {
    let (tasks, rest) = number(rest)?;
    let rest = rest.strip_prefix("tasks").or_else(|| rest.strip_prefix("task"))?;
    let head = rest.split_once(':').map_or(rest, |(head, _)| head);
    let rebalancing_to =
        head.strip_prefix(" in ").and_then(|zone| zone.split_once(" to AZ Rebalance")).map(|(zone, _)| zone);
    let replaced_unhealthy = rest
        .split_once("Amazon ECS replaced ")
        .and_then(|(_, rest)| number(rest))
        .filter(|(_, rest)| rest.contains("due to an unhealthy status"))
        .map_or(0, |(count, _)| count);
    Some(Event::Started { tasks, rebalancing_to, replaced_unhealthy })
}

/// `N targets in (target-group TG)`
fn targets_in(rest: &str) -> Option<(u32, &str)> {
    let (count, rest) = number(rest)?;
    let (_, rest) = rest.split_once(" in ")?;
    named(rest, &["target-group", "elb"]).map(|(group, _)| (count, group))
}

/// What follows `is `.
fn condition<'a>(rest: &'a str, subject: &Subject<'a>) -> Option<Event<'a>> {
    if let Some(rest) = rest.strip_prefix("unhealthy in ") {
        let (target_group, rest) = named(rest, &["target-group", "elb"])?;
        let why = rest.trim_start().strip_prefix("due to ")?;
        let why = why.strip_prefix("(reason ").map_or_else(|| sentence(why), |why| sentence(why).trim_end_matches(')'));
        let Subject { task, instance, port, .. } = *subject;
        return Some(Event::Unhealthy { task, instance, port, target_group, why: why.trim() });
    }
    if let Some(rest) = rest.strip_prefix("not healthy in ") {
        let (target_group, rest) = named(rest, &["target-group", "elb"])?;
        let why = rest.trim_start().strip_prefix("due to ")?.trim_start_matches(['(', ' ']);
        let why = why.strip_prefix("reason ").unwrap_or(why);
        let whole_group = why.starts_with("TARGET GROUP IS NOT FOUND");
        return (whole_group || why.starts_with("TARGET IS NOT FOUND"))
            .then_some(Event::TargetMissing { target_group, whole_group });
    }
    if let Some(rest) = rest.strip_prefix("unable to place a task in ") {
        let zone = rest.split(' ').next().unwrap_or(rest).trim_end_matches('.');
        return Some(Event::NotPlacedInZone { zone });
    }
    if rest.starts_with("unable to consistently start tasks successfully") {
        return Some(Event::Impaired);
    }
    (rest.starts_with("AZ balanced") || rest.starts_with("not AZ balanced"))
        .then_some(Event::Rebalancing { blocked: None })
}

/// What follows `was unable to `.
fn inability(rest: &str) -> Option<Event<'_>> {
    if let Some(rest) = rest.strip_prefix("place a task because no container instance met all of its requirements") {
        let reason = rest.split_once("Reason: ").map(|(_, reason)| first_sentence(reason));
        let lacking = rest.split_once("closest matching ").and_then(|(_, closest)| lacking(closest));
        return Some(Event::NoInstance { reason, lacking });
    }
    if let Some(reason) = rest.strip_prefix("place a task. Reason: ") {
        return Some(Event::NotPlaced { reason: sentence(reason) });
    }
    if rest.starts_with("place tasks in your cluster because the tasks provisioning capacity limit was exceeded") {
        return Some(Event::ProvisioningLimit);
    }
    if rest.starts_with("stop or start tasks during a deployment because of the service deployment configuration") {
        return Some(Event::Deadlock);
    }
    if let Some(rest) = rest.strip_prefix("reach steady state") {
        let why = rest
            .split_once("due to ")
            .map(|(_, why)| sentence(why.strip_prefix("(reason ").unwrap_or(why)).trim_end_matches(')'))
            .or_else(|| rest.strip_prefix(". Reason: ").map(sentence));
        return Some(Event::NotSteady { why });
    }
    let rest = rest.strip_prefix("AZ Rebalance")?;
    let why = rest.split_once("due to ").map_or(rest, |(_, why)| why);
    Some(Event::Rebalancing { blocked: Some(sentence(why)) })
}

/// What the closest container instance is short of, from what follows `closest matching `.
fn lacking(closest: &str) -> Option<Lacking<'_>> {
    let (_, rest) = named(closest, &["container-instance"])?;
    let rest = rest.trim_start();
    if rest.starts_with("has insufficient CPU units available") {
        Some(Lacking::Cpu)
    } else if rest.starts_with("has insufficient memory available") {
        Some(Lacking::Memory)
    } else if rest.starts_with("is already using a port required by your task") {
        Some(Lacking::Port)
    } else if rest.starts_with("is missing an attribute required by your task") {
        Some(Lacking::Attribute)
    } else {
        let error = rest.strip_prefix("encountered error ")?.trim_start_matches(['"', '“']);
        Some(Lacking::Error(error.split(['"', '”']).next().unwrap_or(error)))
    }
}

/// What follows `failed to `.
fn failure(rest: &str) -> Option<Event<'_>> {
    if let Some(error) = rest.strip_prefix("launch a task with ") {
        return Some(Event::LaunchError { error: error_in(error) });
    }
    let operation = ["register targets", "deregister targets", "describe target health"]
        .into_iter()
        .find(|operation| rest.starts_with(operation))?;
    let rest = rest.strip_prefix(operation)?.trim_start();
    let rest = rest.strip_prefix("in ").or_else(|| rest.strip_prefix("on "))?;
    let (target_group, rest) = named(rest, &["target-group"])?;
    let error = rest.trim_start().strip_prefix("with ")?;
    Some(Event::TargetGroupError { operation, target_group, error: error_in(error) })
}

fn error_in(text: &str) -> &str {
    text.strip_prefix("(error ").map_or_else(|| sentence(text), |error| sentence(error).trim_end_matches(')'))
}

/// A leading number and what follows the space behind it.
fn number(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_once(' ')?;
    Some((digits.parse().ok()?, rest))
}

/// `(key VALUE)` or `key VALUE`; gives the value and what follows.
fn named<'a>(text: &'a str, keys: &[&str]) -> Option<(&'a str, &'a str)> {
    let (inner, bracketed) = text.strip_prefix('(').map_or((text, false), |inner| (inner, true));
    let inner = keys.iter().find_map(|key| inner.strip_prefix(key))?.strip_prefix(' ')?;
    if bracketed {
        inner.split_once(')')
    } else if let Some(value) = inner.strip_prefix('(') {
        value.split_once(')')
    } else {
        let end = inner.find(' ').unwrap_or(inner.len());
        inner.split_at_checked(end).map(|(value, rest)| (value.trim_end_matches('.'), rest))
    }
}

/// `deployment ecs-svc/1`, `deployment (ecs-svc/1)`, `(deployment ecs-svc/1)` or `deploymentId …`.
pub(in crate::diagnose) fn deployment_id(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("ecs-svc/")?;
    let digits = rest.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let start = text.len() - rest.len() - "ecs-svc/".len();
    text.get(start..start + "ecs-svc/".len() + digits).filter(|_| digits > 0)
}

/// Without the full stop and without AWS's pointer to its manual.
fn sentence(text: &str) -> &str {
    let text = text.split_once(" For more information").map_or(text, |(before, _)| before);
    text.trim().trim_end_matches('.')
}

fn first_sentence(text: &str) -> &str {
    sentence(text.split_once(". ").map_or(text, |(first, _)| first))
}

#[cfg(test)]
mod tests;
