//! The upper half: one row a service, and a sentence where there are none.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::Timestamp;

use super::key;
use super::source::{Source, explain_failure};
use crate::app::App;
use crate::app::command::Command;
use crate::app::document::{Document, Line, Span, Tone, dim, plain, strong, toned};
use crate::app::freshness::{calm_duration, short_duration, since};
use crate::app::service_list;
use crate::app::store::ServiceEntry;
use crate::app::table::{Column, GAP, table};
use crate::app::wants;
use crate::diagnose::deployment::{patience, stuck};
use crate::diagnose::health::Health;
use crate::diagnose::parse::events::{Event, event};
use crate::model::arn::{ServiceArn, TaskDefinitionArn};
use crate::model::service::{Deployment, RolloutState, Service};

/// The title on the upper edge: what is listed, in which order, what is left out.
pub fn title(app: &App) -> Line {
    let mut line = Line::of([strong(" Services "), plain(format!("─ {} ", app.list().sort.title()))]);
    if app.list().problems_only {
        line.spans.push(toned(Tone::Accent, "─ problems only "));
    }
    let filter = app.list().filter.text();
    if !filter.is_empty() {
        line.spans.push(toned(Tone::Accent, format!("─ filter: {filter} ")));
    }
    // A list that is old lacks what came since; the rows have ages of their own.
    let source = Source::new(Some(&app.store().service_arns), Some(wants::COLD));
    if let Some(caveat) = source.caveat(app.now()) {
        line.spans.push(Span::new(caveat.tone(), format!("─ list {} ", caveat.text())));
    }
    line
}

/// The right of the upper edge: which of how many rows are shown, when not all are.
pub fn position(app: &App, visible: usize) -> Line {
    let (shown, all) = (app.rows().len(), app.store().services.len());
    let mut words = Vec::new();
    if shown > visible {
        let first = app.list().offset + 1;
        words.push(format!("{first}-{} of {shown}", (app.list().offset + visible).min(shown)));
    }
    if shown < all {
        words.push(if words.is_empty() { format!("{shown} of {all}") } else { format!("({all} in all)") });
    }
    if words.is_empty() { Line::default() } else { dim(format!(" {} ", words.join(" "))).into() }
}

/// The rows in this range, with headings; or a sentence when there are none at all.
pub fn document(app: &App, width: usize, range: Range<usize>) -> Document {
    let rows = app.rows();
    if rows.is_empty() {
        let mut document = Document::default();
        document.push(nothing(app));
        return document;
    }
    let store = app.store();
    let hot: BTreeSet<ServiceArn> = wants::hot_services(app).into_iter().collect();
    let longest = rows.iter().map(|arn| Line::from(plain(arn.name())).width()).max().unwrap_or_default();
    let scale = Scale::for_width(width);
    let mut old = Vec::new();
    let cells: Vec<Vec<Line>> = rows
        .get(range.start.min(rows.len())..range.end.min(rows.len()))
        .unwrap_or_default()
        .iter()
        .filter_map(|arn| Some((*arn, store.services.get(*arn)?)))
        .map(|(arn, entry)| {
            let every = if hot.contains(arn) { app.options().refresh } else { wants::COLD };
            let source = Source::new(Some(&entry.remote), Some(every));
            old.push(source.is_stale(app.now()));
            let mut cells = row(app, arn, entry, source, scale);
            if app.list().loads {
                cells.splice(LOADS_AT..LOADS_AT, self::loads(app, arn));
            }
            cells
        })
        .collect();
    let loads = app.list().loads;
    let mut document = table(&columns(width, longest, scale, loads, &cells), &cells, width);
    for (line, _) in document.lines.iter_mut().zip(old).filter(|(_, old)| *old) {
        *line = std::mem::take(line).toned(Tone::Dim);
    }
    document
}

/// How much room rollouts get.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// Bar and age; the sign before the name and the colour say the rest.
    Narrow,
    /// A long bar, age and state.
    Wide,
}

impl Scale {
    const fn for_width(width: usize) -> Self {
        if width < 110 { Self::Narrow } else { Self::Wide }
    }

    const fn bar(self) -> usize {
        match self {
            Self::Narrow => 4,
            Self::Wide => 8,
        }
    }
}

fn columns(width: usize, longest: usize, scale: Scale, loads: bool, cells: &[Vec<Line>]) -> Vec<Column> {
    // A name that is cut can still be told from others, a number that is cut is wrong.
    let of = |column: usize| cells.iter().filter_map(|row| row.get(column)).map(Line::width).max().unwrap_or_default();
    let (tasks, targets) = (of(1).clamp(6, 14), of(2).clamp(7, 11));
    let (rollout, widest_rollout) = match scale {
        Scale::Narrow => (of(3).clamp(9, 11), 11),
        Scale::Wide => (20, 26),
    };
    let name = if width < 90 { 14 } else { width / 5 };
    // Why something fails matters more than its revision, which the lower half tells too.
    let diagnosis = match width {
        ..50 => 14,
        50..70 => 24,
        70..90 => {
            let loads = if loads { 2 * (LOAD + GAP) } else { 0 };
            width.saturating_sub(name + tasks + targets + rollout + loads + 4 * GAP).clamp(20, 31)
        }
        _ => (width * 2 / 5).min(60),
    };
    let mut columns = vec![
        Column::text("  NAME", (longest + 2).min(name), 42, 0).holding(longest + 2).of_names(),
        Column::text("TASKS", tasks, 14, 0),
        Column::text("TARGETS", targets, 11, 5),
        Column::text("ROLLOUT", rollout, widest_rollout, 6).holding(rollout),
        Column::text("REVISION", 15, 26, 8).holding(15),
        Column::text("LAUNCH", 12, 14, 9),
        Column::text("DIAGNOSIS", diagnosis, 90, 0),
    ];
    if loads {
        // Who switches them on wants to see them.
        let of_load = ["CPU", "MEM"].map(|title| Column::number(title, LOAD, 1));
        columns.splice(LOADS_AT..LOADS_AT, of_load);
    }
    columns
}

/// Columns of CPU or memory.
const LOAD: usize = 4;
/// Where they stand among the columns.
const LOADS_AT: usize = 4;

/// CPU and memory in percent of what the tasks reserve.
fn loads(app: &App, arn: &ServiceArn) -> [Line; 2] {
    let kept = app.store().loads();
    let source = Source::new(kept.remote(), Some(wants::LOADS));
    let Some(load) = kept.value().and_then(|loads| loads.get(arn)) else {
        let failed = kept.value().is_none() && kept.remote().is_some_and(|remote| remote.failure().is_some());
        return [0, 1].map(|_| dim(if failed { "?" } else { "…" }).into());
    };
    [load.cpu, load.memory].map(|percent| match percent {
        None => dim("-").into(),
        Some(percent) => {
            let tone = match percent {
                _ if source.is_stale(app.now()) => Tone::Dim,
                NEAR_LIMIT.. => Tone::Warn,
                _ => Tone::Plain,
            };
            toned(tone, format!("{percent:.0}%")).into()
        }
    })
}

/// From this percentage on a limit is near, as the diagnosis has it.
const NEAR_LIMIT: f64 = 90.0;

fn row(app: &App, arn: &ServiceArn, entry: &ServiceEntry, source: Source<'_>, scale: Scale) -> Vec<Line> {
    let Some(service) = entry.remote.value() else {
        let failed = entry.remote.failure().is_some();
        let sign = if failed { "? " } else { "… " };
        let said = if failed { source.label(app.now()) } else { dim("") };
        let unknown = || Line::from(dim(if failed { "?" } else { "…" }));
        let name = Line::of([dim(sign), plain(arn.name())]);
        return vec![name, unknown(), unknown(), unknown(), unknown(), unknown(), said.into()];
    };
    let health = service_list::health(entry);
    let (sign, tone) = mark(health);
    let name_tone = if health == Health::Failing { Tone::Strong } else { Tone::Plain };
    let mut diagnosis = Line::default();
    if source.is_stale(app.now()) {
        diagnosis.spans.push(if scale == Scale::Wide { source.short_label(app.now()) } else { source.age(app.now()) });
    }
    if let Some(headline) = entry.judgement.as_ref().and_then(|judgement| judgement.headline.as_deref()) {
        if !diagnosis.spans.is_empty() {
            diagnosis.spans.push(plain(" · "));
        }
        diagnosis.spans.push(plain(headline));
    }
    vec![
        Line::of([toned(tone, format!("{sign} ")), toned(name_tone, &service.name)]),
        tasks(service),
        targets(app, service),
        rollout(service, health, scale, app.aws_now()),
        revision(service).into(),
        dim(service.launch_label()).into(),
        diagnosis,
    ]
}

/// The sign before a service's name and its tone.
pub const fn mark(health: Health) -> (&'static str, Tone) {
    match health {
        Health::Failing => ("✖", Tone::Bad),
        Health::Degraded => ("!", Tone::Warn),
        Health::Deploying => ("↻", Tone::Accent),
        Health::Healthy => ("✔", Tone::Good),
        Health::Inactive => ("·", Tone::Dim),
        Health::Unknown => ("?", Tone::Plain),
    }
}

/// Running of desired tasks, and those on their way.
fn tasks(service: &Service) -> Line {
    let tone = if service.running < service.desired { Tone::Warn } else { Tone::Plain };
    let mut line = Line::of([toned(tone, format!("{}/{}", service.running, service.desired))]);
    if service.pending > 0 {
        line.spans.push(toned(Tone::Accent, format!(" +{}", service.pending)));
    }
    line
}

fn targets(app: &App, service: &Service) -> Line {
    let store = app.store();
    let groups = service.target_groups();
    if groups.is_empty() {
        return dim("-").into();
    }
    let Some(count) = store.target_count(service) else {
        let refused = groups.iter().any(|group| store.known_targets(group).error().is_some());
        return dim(if refused { "?" } else { "…" }).into();
    };
    let old =
        groups.iter().filter_map(|group| store.target_health(group).remote()).any(|remote| remote.failure().is_some());
    let tone = match (count.healthy, count.total) {
        _ if old => Tone::Dim,
        (0, 1..) => Tone::Bad,
        (healthy, total) if healthy < total => Tone::Warn,
        _ => Tone::Plain,
    };
    toned(tone, format!("{}/{}", count.healthy, count.total)).into()
}

/// How far the newest deployment has come: bar, age, state.
fn rollout(service: &Service, health: Health, scale: Scale, now: Timestamp) -> Line {
    let Some(deployment) = service.primary_deployment() else {
        return dim("-").into();
    };
    let age = since(deployment.created_at, now);
    match &deployment.rollout_state {
        // Its age is that of what was restored, which may be months.
        Some(RolloutState::Completed) if is_rolled_back(service, deployment) => toned(Tone::Warn, "rolled back").into(),
        Some(RolloutState::Completed) => dim(format!("steady {age}")).into(),
        Some(RolloutState::Failed) => toned(Tone::Bad, format!("failed {age}")).into(),
        Some(RolloutState::InProgress) => {
            let idle = stuck(service, deployment.running, None, patience(service, &[], None), now);
            let (tone, words) = match (idle, health) {
                (Some(idle), _) => (Tone::Bad, (calm_duration(idle), " stuck")),
                (None, Health::Failing) => (Tone::Bad, (age, " failing")),
                (None, _) => (Tone::Accent, (age, " rolling")),
            };
            let (age, state) = words;
            let state = if scale == Scale::Wide { state } else { "" };
            Line::of([bar(deployment, scale.bar(), tone), toned(tone, format!(" {age}{state}"))])
        }
        Some(RolloutState::Other(state)) => plain(format!("{} {age}", state.to_lowercase())).into(),
        None => dim(format!("since {age}")).into(),
    }
}

/// A bar of the share of new tasks that run. It is only full once AWS calls the deployment done.
pub fn bar(deployment: &Deployment, cells: usize, tone: Tone) -> Span {
    let cells_wide = u64::try_from(cells).unwrap_or_default();
    let done = u64::from(deployment.running) * cells_wide / u64::from(deployment.desired.max(1));
    let complete = deployment.rollout_state == Some(RolloutState::Completed);
    let most = if complete { cells } else { cells.saturating_sub(1) };
    let done = usize::try_from(done).unwrap_or(cells).min(most);
    toned(tone, format!("{}{}", "▰".repeat(done), "▱".repeat(cells - done)))
}

/// Whether this deployment is where an unsuccessful one was rolled back to.
pub fn is_rolled_back(service: &Service, deployment: &Deployment) -> bool {
    service
        .events
        .iter()
        .filter(|entry| entry.message.contains("rolling back"))
        .any(|entry| matches!(event(&entry.message), Event::RollingBack { deployment: to } if to == deployment.id))
}

/// `web:31`, or `web:31←30` while an older revision still has tasks.
fn revision(service: &Service) -> Span {
    let Some(new) = service.task_definition.as_ref() else {
        return dim("-");
    };
    let old = service.older_deployments().map(|deployment| &deployment.task_definition).find(|old| *old != new);
    plain(revisions(new, old))
}

/// `web:31`, `web:31←30`, `web:31←site:4`.
pub fn revisions(new: &TaskDefinitionArn, old: Option<&TaskDefinitionArn>) -> String {
    match old {
        None => new.name().to_owned(),
        Some(old) => match old.revision().filter(|_| old.family() == new.family()) {
            Some(revision) => format!("{}←{revision}", new.name()),
            None => format!("{}←{}", new.name(), old.name()),
        },
    }
}

/// Why there is no row, in a few words; the lower half says more.
fn nothing(app: &App) -> Span {
    let store = app.store();
    if app.cluster().is_none() {
        return match (store.clusters.value(), store.clusters.failure()) {
            (None, None) => dim("looking for clusters…"),
            (None, Some(failure)) => {
                toned(Tone::Bad, format!("✖ {} {}", failure.error.operation, failure.error.kind.label()))
            }
            (Some(clusters), _) if clusters.is_empty() => plain("no clusters in this account and region"),
            (Some(_), _) => plain(format!("choose a cluster with {}", key(app, Command::Clusters))),
        };
    }
    if !store.services.is_empty() {
        let list = app.list();
        return plain(match (list.filter.text().is_empty(), list.problems_only) {
            (true, _) => format!("no problems; {} shows all services", key(app, Command::ProblemsOnly)),
            (false, false) => format!("no service matches the filter; {} clears it", key(app, Command::Back)),
            (false, true) => format!(
                "no service with problems matches the filter; {} shows all that match, {} clears it",
                key(app, Command::ProblemsOnly),
                key(app, Command::Back)
            ),
        });
    }
    match (store.service_arns.value(), store.service_arns.failure()) {
        (Some(_), _) => plain("this cluster has no services"),
        (None, Some(failure)) => {
            toned(Tone::Bad, format!("✖ {} {}", failure.error.operation, failure.error.kind.label()))
        }
        (None, None) => dim("loading services…"),
    }
}

/// What the lower half says while there is no service to speak of.
pub fn explain_nothing(app: &App, width: usize) -> Document {
    let mut document = Document::default();
    let store = app.store();
    let failure = if app.cluster().is_some() { store.service_arns.failure() } else { store.clusters.failure() };
    if app.cluster_is_unknown() {
        let name = app.cluster().map(|cluster| cluster.as_str().to_owned()).unwrap_or_default();
        document.paragraph(&[toned(Tone::Bad, format!("✖ There is no cluster \"{name}\" here."))], width);
        let choose = key(app, Command::Clusters);
        let advice = format!("  → press {choose} to choose one, or check region, account and profile");
        document.paragraph(&[plain(advice)], width);
    } else if let Some(failure) = failure {
        explain_failure(app, failure, &mut document, width);
        let age = short_duration(app.now().duration_since(failure.at));
        if failure.attempts > 1 {
            document.push(dim(format!("  {} attempts failed, the last {age} ago.", failure.attempts)));
        }
    } else if app.cluster().is_none() && store.clusters.value().is_some_and(Vec::is_empty) {
        let advice = "No clusters in this account and region. Another region: --region; another account: --profile.";
        document.paragraph(&[plain(advice)], width);
    }
    document
}
