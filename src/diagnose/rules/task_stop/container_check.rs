//! Why a container's own health check fails, where its definition, its image's name or its log give it away.

use std::sync::LazyLock;

use jiff::SignedDuration;
use regex::Regex;

use super::batch::{DEFINITION, LOGS, log_of};
use super::health::CONTAINER_HEALTHCHECK_FAILING;
use super::remedy::{describe_definition, in_definition};
use super::{BC_HEALTH, DIED};
use crate::diagnose::catalogue::{Entry, Rank};
use crate::diagnose::finding::{Confidence, Finding, Fix};
use crate::diagnose::scene::{Dead, Scene};
use crate::diagnose::stopped::spell;
use crate::model::task::Task;
use crate::model::task_definition::{ContainerDefinition, ContainerHealthCheck, EnvironmentSource, TaskDefinition};

/// What all of them have in common.
const CHECK: Entry = Entry {
    number: 121,
    rank: Rank::HealthCheck,
    explains: CONTAINER_HEALTHCHECK_FAILING_EXPLAINS,
    instead_of: &["container-healthcheck-failing"],
    sources: &[BC_HEALTH],
    ..DIED
};

const CONTAINER_HEALTHCHECK_FAILING_EXPLAINS: &[crate::diagnose::catalogue::Effect] =
    CONTAINER_HEALTHCHECK_FAILING.explains;

pub(super) static CMD_FORM: Entry = Entry {
    id: "container-hc-cmd-form",
    title: "The health check is a shell line, but CMD runs no shell",
    meaning: "With `CMD` the words are executed directly, the first as the program. A whole command line in one word, \
        with spaces or `||`, is looked for as one program and never found, so the check always fails.",
    decided: "`healthCheck.command` is `CMD` and exactly one more word, which contains a space, `||`, `&&` or `|`.",
    fix: "Use `CMD-SHELL` for a command line, or give every word on its own.",
    ..CHECK
};

pub(super) static NO_SHELL: Entry = Entry {
    id: "container-hc-no-shell",
    title: "The health check needs a shell the image does not have",
    meaning: "`CMD-SHELL` runs the command with the container's `/bin/sh`. Images without a system in them \
        (distroless, scratch, Chainguard) have none, so the check always fails.",
    decided: "`healthCheck.command` begins with `CMD-SHELL` and the name of the image speaks of distroless, scratch or \
        Chainguard.",
    fix: "Use `CMD` with a program that is in the image, for instance the application itself with a flag for checking.",
    ..CHECK
};

pub(super) static TOOL_MISSING: Entry = Entry {
    id: "container-hc-tool-missing",
    title: "The health check uses a program the image does not have",
    meaning: "Alpine has wget (busybox) but no curl; slim variants of Debian have neither. The check then fails with \
        127 whatever the application does.",
    decided: "The command calls curl or wget, and the name of the image speaks of alpine (no curl), slim or distroless \
        (neither).",
    fix: "Install the program in the image, or use one that is there (`wget -q -O- http://127.0.0.1:PORT/` on Alpine).",
    ..CHECK
};

pub(super) static WRONG_PORT: Entry = Entry {
    id: "container-hc-wrong-port",
    title: "The health check asks a port no container declares",
    meaning: "The command asks localhost on a port that is neither a container port of the task definition nor the \
        value of a variable of the container, so most likely nothing listens there.",
    decided: "The command contains localhost, 127.0.0.1, 0.0.0.0 or [::1] with a port that is no `containerPort` of \
        the task definition (which declares at least one) and not the value of an environment variable.",
    fix: "Correct the port in `healthCheck.command`.",
    ..CHECK
};

pub(super) static IPV6_LOCALHOST: Entry = Entry {
    id: "container-hc-ipv6-localhost",
    title: "The health check asks localhost, which may be IPv6, and the application listens on IPv4",
    meaning: "In many images localhost is ::1 first. An application that listens on 0.0.0.0 or 127.0.0.1 only is not \
        there, and not every client tries IPv4 next.",
    decided: "The command uses localhost, and the log of the container says that it listens on 0.0.0.0 or 127.0.0.1 at \
        that port.",
    fix: "Ask 127.0.0.1 in `healthCheck.command`.",
    ..CHECK
};

pub(super) static START_PERIOD: Entry = Entry {
    id: "container-hc-start-period",
    rank: Rank::Timing,
    title: "The application takes longer to start than its health check allows",
    meaning: "Failures count from the start of the container unless `startPeriod` says otherwise (it is off by \
        default), so a container may take startPeriod + retries x interval to start, 90 s by default. This one needs \
        longer, and is replaced before it is ready, again and again.",
    decided: "Tasks are killed for container health checks about startPeriod + retries x interval after their start, \
        and the log shows that the application was ready only after that (or a line that says how long it took). \
        Without such a line, with medium confidence: no startPeriod is set, and two or more tasks in a row were killed \
        within 5 s before to 20 s after that time.",
    fix: "Set `startPeriod` (at most 300 s) longer than the start takes.",
    ..CHECK
};

pub(super) static TIMEOUT: Entry = Entry {
    id: "container-hc-timeout",
    rank: Rank::Timing,
    title: "The health check times out before the application answers",
    meaning: "The command is stopped after `timeout` seconds (5 by default) and counts as failed. The load balancer \
        measures that the application takes longer than that to answer.",
    decided: "The 99th percentile of the response time the load balancer measured is at least `healthCheck.timeout`.",
    fix: "Raise `timeout`, or check a path that answers fast.",
    ..CHECK
};

/// A container with its check.
pub(super) struct Check<'d> {
    /// The container.
    pub(super) container: &'d ContainerDefinition,
    /// Its check.
    pub(super) check: &'d ContainerHealthCheck,
}

impl Check<'_> {
    /// The command line without `CMD` or `CMD-SHELL`.
    fn line(&self) -> String {
        let command = &self.check.command;
        let skip = usize::from(matches!(command.first().map(String::as_str), Some("CMD" | "CMD-SHELL")));
        command.iter().skip(skip).cloned().collect::<Vec<_>>().join(" ")
    }

    fn form(&self) -> &str {
        self.check.command.first().map(String::as_str).unwrap_or_default()
    }

    /// How long a container may fail from its start until it is unhealthy.
    fn allowed(&self) -> SignedDuration {
        let seconds = u64::from(self.check.retries) * u64::from(self.check.interval_seconds)
            + u64::from(self.check.start_period_seconds.unwrap_or(0));
        SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    /// With the check's settings as evidence.
    pub(super) fn as_evidence(&self, scene: &Scene<'_>, finding: Finding, definition: &TaskDefinition) -> Finding {
        let field = |name: &str| format!("containerDefinitions[{}].healthCheck.{name}", self.container.name);
        let start = self.check.start_period_seconds.map_or_else(|| "absent".to_owned(), |seconds| seconds.to_string());
        let name = definition.arn.name();
        finding
            .evidence(DEFINITION, name, field("command"), scene.quote(&self.check.command.join(" ")))
            .evidence(DEFINITION, name, field("interval"), self.check.interval_seconds)
            .evidence(DEFINITION, name, field("timeout"), self.check.timeout_seconds)
            .evidence(DEFINITION, name, field("retries"), self.check.retries)
            .evidence(DEFINITION, name, field("startPeriod"), start)
    }
}

static LOCAL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])[: ](\d{1,5})\b").ok());
static TOOL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:^|[\s;&|/(])(curl|wget)\s").ok());
static TOOK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:started|ready|listening|booted|startup)\b[^\n]{0,60}?\bin (\d+(?:\.\d+)?) ?(ms|milliseconds|s|sec|secs|seconds|m|min|minutes)\b").ok()
});
static LISTENS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:listening|running|serving|started|ready|bound)\b[^\n]{0,60}?\b(?:0\.0\.0\.0|127\.0\.0\.1):(\d{1,5})\b",
    )
    .ok()
});
static READY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:listening on|server started|application started|started server|ready to accept|now accepting)\b",
    )
    .ok()
});

fn port_in(pattern: &LazyLock<Option<Regex>>, text: &str) -> Option<u16> {
    pattern.as_ref()?.captures(text)?.get(1)?.as_str().parse().ok()
}

/// The more specific finding, if anything gives it away; the most certain first.
pub(super) fn narrow(
    scene: &Scene<'_>,
    definition: &TaskDefinition,
    check: &Check<'_>,
    unhealthy: &[&Task],
    killed: &[&Dead<'_>],
) -> Option<Finding> {
    cmd_form(definition, check)
        .or_else(|| wrong_port(definition, check))
        .or_else(|| no_shell(definition, check))
        .or_else(|| tool_missing(definition, check))
        .or_else(|| start_period(scene, definition, check, killed))
        .or_else(|| ipv6_localhost(scene, definition, check, unhealthy, killed))
        .or_else(|| timeout(scene, definition, check))
        .or_else(|| killed_on_time(scene, definition, check, killed))
}

fn fix(definition: &TaskDefinition, summary: impl AsRef<str>, attribute: &str) -> Fix {
    Fix::new(summary).aws(describe_definition(definition)).terraform(in_definition(Some(definition), attribute))
}

fn cmd_form(definition: &TaskDefinition, check: &Check<'_>) -> Option<Finding> {
    let [form, line] = check.check.command.as_slice() else { return None };
    if form != "CMD" || !line.trim().contains([' ', '|', '&']) {
        return None;
    }
    let name = &check.container.name;
    Some(
        Finding::new(
            &CMD_FORM,
            Confidence::Certain,
            format!(
                "The health check of {name} is a shell line, but CMD runs \
            no shell"
            ),
        )
        .short("health check: CMD runs no shell")
        .explain(
            "The whole line is looked for as one program and never found, so the check fails whatever the \
                application does.",
        )
        .fix(fix(
            definition,
            format!("Use CMD-SHELL: \"healthCheck\": {{\"command\": [\"CMD-SHELL\", \"{line}\"]}}"),
            "container_definitions (healthCheck.command)",
        )),
    )
}

/// Whether the image's name speaks of one of these.
fn speaks_of(image: &str, parts: &[&str]) -> bool {
    let image = image.to_ascii_lowercase();
    parts.iter().any(|part| image.contains(part))
}

const BARE: &[&str] = &["distroless", "chainguard", "cgr.dev", "scratch"];

fn no_shell(definition: &TaskDefinition, check: &Check<'_>) -> Option<Finding> {
    let image = &check.container.image;
    if check.form() != "CMD-SHELL" || !speaks_of(image, BARE) {
        return None;
    }
    Some(
        Finding::new(
            &NO_SHELL,
            Confidence::Medium,
            format!(
                "The health check of {} needs a shell, which {image} \
            hardly has",
                check.container.name
            ),
        )
        .short("health check needs a shell")
        .explain(
            "CMD-SHELL runs /bin/sh in the container. By its name the image has no shell, so the check fails \
                whatever the application does.",
        )
        .fix(fix(
            definition,
            "Use CMD with a program that is in the image",
            "container_definitions \
                (healthCheck.command)",
        ))
        .evidence(
            DEFINITION,
            definition.arn.name(),
            format!("containerDefinitions[{}].image", check.container.name),
            image,
        ),
    )
}

fn tool_missing(definition: &TaskDefinition, check: &Check<'_>) -> Option<Finding> {
    let line = check.line();
    let tool = TOOL.as_ref()?.captures(&line)?.get(1)?.as_str().to_owned();
    let image = &check.container.image;
    let lacks = if tool == "curl" { &["alpine", "slim", "distroless"][..] } else { &["slim", "distroless"][..] };
    if !speaks_of(image, lacks) {
        return None;
    }
    Some(
        Finding::new(
            &TOOL_MISSING,
            Confidence::Medium,
            format!(
                "The health check of {} calls {tool}, which {image} \
            hardly has",
                check.container.name
            ),
        )
        .short(format!("health check calls {tool}, not in the image"))
        .explain(format!(
            "By its name the image comes without {tool}, unless it was installed. Then the check fails with 127 \
                    whatever the application does."
        ))
        .fix(fix(
            definition,
            format!(
                "Install {tool} in the image, or use a program that is \
                there"
            ),
            "container_definitions (healthCheck.command)",
        ))
        .evidence(
            DEFINITION,
            definition.arn.name(),
            format!("containerDefinitions[{}].image", check.container.name),
            image,
        ),
    )
}

fn wrong_port(definition: &TaskDefinition, check: &Check<'_>) -> Option<Finding> {
    let port = port_in(&LOCAL, &check.line())?;
    let mut declared: Vec<u16> =
        definition.containers.iter().flat_map(|one| &one.ports).filter_map(|mapping| mapping.container_port).collect();
    declared.sort_unstable();
    declared.dedup();
    if declared.is_empty() || declared.contains(&port) {
        return None;
    }
    let text = port.to_string();
    let mut variables = check.container.environment.iter();
    let taken = variables.any(|variable| match &variable.source {
        EnvironmentSource::Literal(value) => value.is(&text),
        EnvironmentSource::Reference(_) => false,
    });
    if taken {
        return None;
    }
    let declared = declared.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    Some(
        Finding::new(
            &WRONG_PORT,
            Confidence::High,
            format!("The health check of {} asks port {port}, the containers declare {declared}", check.container.name),
        )
        .short(format!("health check asks port {port}, not {declared}"))
        .explain("Nothing in the task definition speaks of that port, so most likely nothing listens there.")
        .fix(fix(
            definition,
            format!("Ask a port the application listens on ({declared}) in healthCheck.command"),
            "container_definitions (healthCheck.command)",
        ))
        .evidence(
            DEFINITION,
            definition.arn.name(),
            "containerDefinitions.portMappings.containerPort",
            declared,
        ),
    )
}

fn seconds(figure: &str, unit: &str) -> Option<SignedDuration> {
    let figure: f64 = figure.parse().ok()?;
    let unit = match unit.to_ascii_lowercase().as_str() {
        "ms" | "milliseconds" => 0.001,
        "m" | "min" | "minutes" => 60.0,
        _ => 1.0,
    };
    SignedDuration::try_from_secs_f64(figure * unit).ok()
}

fn start_period(
    scene: &Scene<'_>,
    definition: &TaskDefinition,
    check: &Check<'_>,
    killed: &[&Dead<'_>],
) -> Option<Finding> {
    let allowed = check.allowed();
    let about = |lived: SignedDuration| {
        let interval = SignedDuration::from_secs(i64::from(check.check.interval_seconds));
        lived >= allowed - interval && lived <= allowed + interval + SignedDuration::from_secs(30)
    };
    let lived = killed.first()?.death.lived?;
    if !killed.iter().all(|dead| dead.death.lived.is_some_and(about)) {
        return None;
    }
    let (task, line, took) = killed.iter().find_map(|dead| {
        let log = log_of(scene, dead.task, &check.container.name)?;
        log.lines.iter().find_map(|line| {
            let took = match TOOK.as_ref()?.captures(&line.message) {
                Some(found) => seconds(found.get(1)?.as_str(), found.get(2)?.as_str())?,
                None if READY.as_ref()?.is_match(&line.message) => line.at.duration_since(dead.task.started_at?),
                None => return None,
            };
            Some((dead.task, line.message.as_str(), took))
        })
    })?;
    if took <= allowed {
        return None;
    }
    let wanted = (took.as_secs() + 30).min(300);
    Some(
        Finding::new(
            &START_PERIOD,
            Confidence::High,
            format!(
                "{} needs {} to start, its health check allows \
                {}",
                check.container.name,
                spell(took),
                spell(allowed)
            ),
        )
        .short(format!("start takes {}, check allows {}", spell(took), spell(allowed)))
        .explain(format!(
            "Tasks were killed {} after their start for failing the container's health check, while the application \
                was still starting.",
            spell(lived)
        ))
        .fix(fix(
            definition,
            format!("Set startPeriod to {wanted}"),
            &format!(
                "container_definitions \
            (healthCheck.startPeriod = {wanted})"
            ),
        ))
        .evidence(
            DEFINITION,
            definition.arn.name(),
            "derived: startPeriod + retries x interval in seconds",
            allowed.as_secs(),
        )
        .evidence(LOGS, format!("task {}", task.arn.name()), "message", scene.quote(line)),
    )
}

/// Without a word in the logs: a check that has no startPeriod, and tasks that are killed at the very moment it gives up,
/// one after the other.
fn killed_on_time(
    scene: &Scene<'_>,
    definition: &TaskDefinition,
    check: &Check<'_>,
    killed: &[&Dead<'_>],
) -> Option<Finding> {
    if check.check.start_period_seconds.unwrap_or(0) > 0 || killed.len() < 2 {
        return None;
    }
    let allowed = check.allowed();
    let around = |lived: SignedDuration| {
        lived >= allowed - SignedDuration::from_secs(5) && lived <= allowed + SignedDuration::from_secs(20)
    };
    let was_ready = killed.iter().filter_map(|dead| log_of(scene, dead.task, &check.container.name)).any(|log| {
        let says = |pattern: &LazyLock<Option<Regex>>, line: &str| {
            pattern.as_ref().is_some_and(|pattern| pattern.is_match(line))
        };
        log.lines.iter().any(|line| says(&TOOK, &line.message) || says(&READY, &line.message))
    });
    if was_ready || !killed.iter().all(|dead| dead.death.lived.is_some_and(around)) {
        return None;
    }
    let name = &check.container.name;
    let allowed = spell(allowed);
    Some(
        Finding::new(
            &START_PERIOD,
            Confidence::Medium,
            format!("The health check of {name} gives it {allowed} to start, and tasks are killed right then"),
        )
        .short(format!("killed when the check gives up, after {allowed}"))
        .explain(format!(
            "The check never passes within the first {allowed} (retries x interval; startPeriod is not set), and the task \
             is replaced. Either the application needs longer to start, or the command fails whatever the application does."
        ))
        .fix(fix(
            definition,
            "Set startPeriod longer than the start takes (at most 300 s), and run the command in the container once",
            "container_definitions (healthCheck.startPeriod)",
        )),
    )
}

fn ipv6_localhost(
    scene: &Scene<'_>,
    definition: &TaskDefinition,
    check: &Check<'_>,
    unhealthy: &[&Task],
    killed: &[&Dead<'_>],
) -> Option<Finding> {
    let line = check.line();
    let port = line.contains("localhost").then(|| port_in(&LOCAL, &line))??;
    let tasks = unhealthy.iter().copied().chain(killed.iter().map(|dead| dead.task));
    let said = tasks.into_iter().find_map(|task| {
        let log = log_of(scene, task, &check.container.name)?;
        let line = log.lines.iter().find(|line| port_in(&LISTENS, &line.message) == Some(port))?;
        Some((task, line.message.as_str()))
    })?;
    Some(
        Finding::new(
            &IPV6_LOCALHOST,
            Confidence::Medium,
            format!(
                "The health check of {} asks localhost, the application listens on IPv4 only",
                check.container.name
            ),
        )
        .short("health check asks localhost, app is IPv4 only")
        .explain(
            "In many images localhost is ::1 first, where nothing listens here, and not every client tries IPv4 next.",
        )
        .fix(fix(definition, "Ask 127.0.0.1 in healthCheck.command", "container_definitions (healthCheck.command)"))
        .evidence(LOGS, format!("task {}", said.0.arn.name()), "message", scene.quote(said.1)),
    )
}

fn timeout(scene: &Scene<'_>, definition: &TaskDefinition, check: &Check<'_>) -> Option<Finding> {
    let limit = f64::from(check.check.timeout_seconds);
    let groups = scene.groups.iter().filter(|group| {
        group.binding.is_some_and(|binding| binding.container.as_deref() == Some(check.container.name.as_str()))
    });
    let measured = groups.flat_map(|group| group.routing.iter().map(move |(balancer, _)| (*balancer, group.arn)));
    let slowest = measured
        .filter_map(|(balancer, group)| scene.facts.traffic(balancer, group).known().copied())
        .flat_map(|traffic| &traffic.response_time_p99)
        .map(|sample| sample.value)
        .max_by(f64::total_cmp)
        .filter(|slowest| *slowest >= limit)?;
    Some(
        Finding::new(
            &TIMEOUT,
            Confidence::Medium,
            format!(
                "The health check of {} ends after {limit:.0} s, answers \
            take up to {slowest:.1} s",
                check.container.name
            ),
        )
        .short(format!("health check ends after {limit:.0} s, app takes {slowest:.1} s"))
        .explain(
            "What the load balancer measures is the time of real requests; the check may ask something \
                faster, so this is only likely.",
        )
        .fix(fix(
            definition,
            "Raise healthCheck.timeout, or check a path that answers \
                fast",
            "container_definitions (healthCheck.timeout)",
        ))
        .evidence(
            "cloudwatch:GetMetricData",
            format!("service {}", scene.service.name),
            "TargetResponseTime \
                (p99)",
            format!("{slowest:.2}"),
        ),
    )
}
