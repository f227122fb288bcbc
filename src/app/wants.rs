//! What should be known, and how fresh, given what is on the screen. Derived anew each time: there is no other place that
//! starts or stops asking. The order is the order of importance.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::App;
use super::kept::{alarms_about, deployments_of, metrics_of, tasks_of};
use super::logs::Logs;
use super::message::Urgency;
use super::overlay::Overlay;
use super::screens::Tab;
use super::store::never_changes;
use crate::diagnose::health::Health;
use crate::diagnose::parse::events::{Event, event};
use crate::model::arn::{ServiceArn, TargetGroupArn};
use crate::model::metric::MetricRange;
use crate::model::query::Query;
use crate::model::service::{DeploymentController, RolloutState, Service, ServiceEvent};

/// The cursor must have rested this long before details of the service are asked for: holding a key down runs over many.
pub const REST: SignedDuration = SignedDuration::from_millis(150);
/// Services that do not matter most right now. A little less than the minute promised, for the time a call takes.
pub const COLD: SignedDuration = SignedDuration::from_secs(55);
/// At most so many services are hot: one DescribeServices call.
const MOST_HOT: usize = 10;

/// Tasks of the selected service. Reading them takes three calls, so they are read a little less often where the screen
/// does not show the single ones.
pub const TASKS: SignedDuration = SignedDuration::from_secs(20);
/// While lines wait for somebody to tell whose they are.
const TASKS_OF_LINES: SignedDuration = SignedDuration::from_secs(5);
const TASKS_BESIDE: SignedDuration = SignedDuration::from_secs(30);
/// Targets of the selected service and of those being watched.
pub const TARGETS: SignedDuration = SignedDuration::from_secs(10);
const TASKS_OF_PROBLEMS: SignedDuration = SignedDuration::from_mins(5);
const TARGETS_OF_PROBLEMS: SignedDuration = SignedDuration::from_secs(30);
/// Deployment history of the selected service.
pub const DEPLOYMENTS: SignedDuration = SignedDuration::from_secs(15);
/// Settings of target groups and load balancers.
pub const SETTINGS: SignedDuration = SignedDuration::from_mins(1);
/// Metrics and alarms of the selected service. CloudWatch has a new figure a minute, or a period for the longer ranges.
pub const METRICS: SignedDuration = SignedDuration::from_mins(1);
/// Metrics over the longer ranges.
const METRICS_AT_LEAST: SignedDuration = SignedDuration::from_mins(5);
/// CPU and memory of all services, where they are switched on.
pub const LOADS: SignedDuration = SignedDuration::from_mins(5);
const CLUSTERS: SignedDuration = SignedDuration::from_mins(1);
/// Output of the selected service's containers.
const LOGS: SignedDuration = SignedDuration::from_secs(30);
/// What only a diagnosis asks of ECS, whose calls are counted most.
const SELDOM: SignedDuration = SignedDuration::from_mins(2);
/// Newer revisions and protection from scale-in explain little and change rarely.
const RARELY: SignedDuration = SignedDuration::from_mins(5);
/// A failing service nobody looks at is examined this often.
pub const EXAMINED: SignedDuration = SignedDuration::from_mins(5);
/// One examination a turn of this length, so that many failing services do not take the calls from what is looked at.
const EXAMINATION: SignedDuration = SignedDuration::from_secs(100);
/// At most so many failing services are examined in turn; what can be told of the others is told from what is cheap.
const MOST_EXAMINED: usize = 50;

/// A service in which tasks were started so often within so long, though it is not being deployed, may be losing them as
/// often. Its counts look well: only its dead tasks tell.
const RESTLESS: usize = 3;
const LATELY: SignedDuration = SignedDuration::from_mins(15);
/// At most of so many of these the tasks are read.
const MOST_RESTLESS: usize = 5;

/// A query and how old its answer may get (`None`: once is enough).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The question.
    pub query: Query,
    /// How old the answer may get.
    pub every: Option<SignedDuration>,
    /// How urgent it is.
    pub urgency: Urgency,
}

/// What should be known now because of what is on the screen, except the states of the services themselves
/// ([`hot_services`]) and what is kept up in the background ([`in_turn`]).
pub fn wants(app: &App) -> Vec<Want> {
    let mut wants = vec![want(Query::Identity, None, Urgency::Background)];
    let choosing = matches!(app.overlay(), Some(Overlay::Clusters(_)));
    if app.cluster().is_none() || choosing {
        wants.push(want(Query::Clusters, Some(CLUSTERS), Urgency::Interactive));
    }
    let Some(cluster) = app.cluster() else {
        return wants;
    };
    wants.push(want(Query::ServiceArns { cluster: cluster.clone() }, Some(COLD), Urgency::Background));
    if let (Some(service), true) = (app.selected_service(), cursor_rests(app)) {
        details(app, service, &mut wants);
    }
    if app.list().loads
        && let Some(query) = app.store().loads_wanted(cluster, app.now())
    {
        wants.push(want(query, Some(LOADS), Urgency::Background));
    }
    for watching in app.watches() {
        if let Some(service) = app.store().service(watching.service()) {
            target_health(service, TARGETS, Urgency::Interactive, &mut wants);
        }
    }
    wants
}

/// The services whose state is wanted every few seconds: those being watched, the selected one, those that deploy or fail.
pub fn hot_services(app: &App) -> Vec<ServiceArn> {
    let watched = app.watches().iter().map(|watching| watching.service().clone());
    let selected = cursor_rests(app).then(|| app.selected_arn()).flatten();
    let with_health = |health: Health| {
        let entries = app.store().services.iter();
        let matching = entries.filter(move |(_, entry)| super::service_list::health(entry) == health);
        matching.filter(|(_, entry)| entry.remote.value().is_some()).map(|(arn, _)| arn.clone())
    };
    let mut hot: Vec<ServiceArn> = Vec::new();
    for arn in watched.chain(selected).chain(with_health(Health::Deploying)).chain(with_health(Health::Failing)) {
        if hot.len() == MOST_HOT {
            break;
        }
        if !hot.contains(&arn) {
            hot.push(arn);
        }
    }
    hot
}

/// Whether the cursor has stayed on its service long enough to look closer.
pub fn cursor_rests(app: &App) -> bool {
    app.now().duration_since(app.list().selected_at) >= REST
}

fn want(query: Query, every: Option<SignedDuration>, urgency: Urgency) -> Want {
    Want { query, every, urgency }
}

fn details(app: &App, service: &Service, wants: &mut Vec<Want>) {
    target_health(service, TARGETS, Urgency::Interactive, wants);
    let looked_at = matches!(app.detail().tab, Tab::Tasks | Tab::Targets | Tab::Logs);
    let logs = app.logs().filter(|logs| *logs.service() == service.arn);
    let tasks = match logs {
        Some(logs) if logs.claims().waiting() > 0 => TASKS_OF_LINES,
        _ if looked_at => TASKS,
        _ => TASKS_BESIDE,
    };
    let past = logs.into_iter().flat_map(Logs::asked);
    wants.extend(past.map(|query| want(query.clone(), None, Urgency::Interactive)));
    wants.push(want(tasks_of(service), Some(tasks), Urgency::Interactive));
    for group in service.target_groups() {
        wants.push(want(Query::TargetGroup { target_group: group.clone() }, Some(SETTINGS), Urgency::Interactive));
        let settings = app.store().target_group(group).value();
        for load_balancer in settings.into_iter().flat_map(|settings| &settings.load_balancers) {
            let query = Query::Routing { load_balancer: load_balancer.clone() };
            wants.push(want(query, Some(SETTINGS), Urgency::Interactive));
        }
    }
    let rolling = service
        .primary_deployment()
        .is_some_and(|deployment| deployment.rollout_state == Some(RolloutState::InProgress));
    // With other controllers AWS knows no service deployments and says that the request is invalid.
    let has_history = service.controller == DeploymentController::Ecs;
    if has_history && (rolling || matches!(app.detail().tab, Tab::Deploys | Tab::Metrics)) {
        wants.push(want(deployments_of(service), Some(DEPLOYMENTS), Urgency::Interactive));
    }
    if app.detail().tab == Tab::Metrics {
        let range = app.detail().range;
        // Until it is known what leads to the service, half of the figures would be asked for twice.
        let led_to = app.store().what_leads_to(service);
        let metrics = led_to.as_ref().map(|groups| metrics_of(service, groups, range));
        wants.extend(metrics.map(|query| want(query, Some(every_metrics(range)), Urgency::Interactive)));
        let alarms = led_to.map(|groups| alarms_about(service, groups));
        wants.extend(alarms.map(|query| want(query, Some(METRICS), Urgency::Interactive)));
    }
    let needs = app.store().services.get(&service.arn).map(|entry| entry.needs.as_slice()).unwrap_or_default();
    let asked: BTreeSet<&Query> = wants.iter().map(|want| &want.query).collect();
    let others = needs.iter().filter(|query| !asked.contains(query));
    let others: Vec<Want> = others.map(|query| want(query.clone(), freshness(query), Urgency::Interactive)).collect();
    wants.extend(others);
}

/// How often metrics over a range are asked for while they are on the screen.
pub fn every_metrics(range: MetricRange) -> SignedDuration {
    SignedDuration::from_secs(range.period_seconds()).clamp(METRICS, METRICS_AT_LEAST)
}

/// How old an answer may get while somebody looks at what is made of it (`None`: it never changes).
pub const fn freshness(query: &Query) -> Option<SignedDuration> {
    if never_changes(query) {
        return None;
    }
    Some(match query {
        Query::Tasks { .. } => TASKS,
        Query::TargetHealth { .. } => TARGETS,
        Query::ServiceDeployments { .. } | Query::ContainerInstances { .. } | Query::CapacityProviders { .. } => SELDOM,
        Query::LatestRevision { .. } | Query::TaskProtection { .. } => RARELY,
        Query::Logs { .. } => LOGS,
        _ => SETTINGS,
    })
}

/// Failing services nobody looks at, the worst first, each with what it takes to tell why it fails: for the words in the
/// list. How often depends on how many there are. Then services that only look well.
pub fn examinations(app: &App) -> Vec<Vec<Want>> {
    let selected = app.selected_arn();
    let failing: Vec<&[Query]> = app
        .rows()
        .into_iter()
        .filter(|arn| Some(*arn) != selected.as_ref())
        .filter_map(|arn| app.store().services.get(arn))
        .filter(|entry| super::service_list::health(entry) == Health::Failing)
        .map(|entry| entry.needs.as_slice())
        .take(MOST_EXAMINED)
        .collect();
    let every = EXAMINED.max(EXAMINATION * i32::try_from(failing.len()).unwrap_or(i32::MAX));
    let in_background = |query: &Query| {
        let every = if never_changes(query) { None } else { Some(every) };
        want(query.clone(), every, Urgency::Background)
    };
    let restless = app
        .store()
        .services
        .values()
        .filter(|entry| super::service_list::health(entry) == Health::Healthy)
        .filter_map(|entry| entry.remote.value())
        .filter(|service| is_restless(service, app.aws_now()) && Some(&service.arn) != selected.as_ref())
        .map(|service| vec![want(tasks_of(service), Some(EXAMINED), Urgency::Background)])
        .take(MOST_RESTLESS);
    failing.into_iter().map(|needs| needs.iter().map(in_background).collect()).chain(restless).collect()
}

fn is_restless(service: &Service, now: Timestamp) -> bool {
    let lately = |entry: &&ServiceEvent| entry.at.is_some_and(|at| now.duration_since(at) <= LATELY);
    let started = |entry: &&ServiceEvent| matches!(event(&entry.message), Event::Started { rebalancing_to: None, .. });
    // The newest come first.
    service.events.iter().take_while(lately).filter(started).count() >= RESTLESS
}

fn target_health(service: &Service, every: SignedDuration, urgency: Urgency, wants: &mut Vec<Want>) {
    for group in service.target_groups() {
        wants.push(want(Query::TargetHealth { target_group: group.clone() }, Some(every), urgency));
    }
}

/// What is kept up of all services, most wanted first; with thousands of them this is long, so it is looked at once a
/// tick and not with every message.
///
/// Why a service fails shows in its dead tasks and in what its target group expects, so these are read for the few that
/// are hot. Target health costs one call a group out of the account's scarcest budget, so it is asked most often where
/// something is wrong, and of all others in turn: with many groups at most one a second.
pub fn in_turn(app: &App) -> Vec<Want> {
    let mut wants = Vec::new();
    for arn in hot_services(app) {
        let Some(service) = app.store().service(&arn) else { continue };
        wants.push(want(tasks_of(service), Some(TASKS_OF_PROBLEMS), Urgency::Background));
        for group in service.target_groups() {
            let query = Query::TargetGroup { target_group: group.clone() };
            wants.push(want(query, Some(TASKS_OF_PROBLEMS), Urgency::Background));
        }
    }
    let mut problems: Vec<&TargetGroupArn> = Vec::new();
    let mut others: Vec<&TargetGroupArn> = Vec::new();
    for entry in app.store().services.values() {
        let Some(service) = entry.remote.value() else { continue };
        match super::service_list::health(entry) {
            Health::Failing | Health::Degraded | Health::Deploying => problems.extend(service.target_groups()),
            Health::Healthy | Health::Unknown => others.extend(service.target_groups()),
            Health::Inactive => {}
        }
    }
    let turn = |count: usize, least: SignedDuration| {
        least.max(SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX)))
    };
    let (of_problems, of_others) =
        (turn(problems.len(), TARGETS_OF_PROBLEMS), turn(problems.len() + others.len(), SETTINGS));
    let health = |group: &TargetGroupArn, every| {
        want(Query::TargetHealth { target_group: group.clone() }, Some(every), Urgency::Background)
    };
    wants.extend(problems.into_iter().map(|group| health(group, of_problems)));
    wants.extend(others.into_iter().map(|group| health(group, of_others)));
    wants
}
