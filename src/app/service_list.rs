//! The upper half of the screen: which services are shown, in which order, and where the cursor is. The cursor is on a
//! service, never on a row: a refresh may reorder the rows, it never moves the cursor to another service.

use jiff::Timestamp;
use serde::Serialize;

use super::fuzzy::Filter;
use super::line_input::LineInput;
use super::store::{ServiceEntry, Store};
use crate::diagnose::health::Health;
use crate::model::arn::ServiceArn;

/// Order of the services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Sort {
    /// What hurts first.
    #[default]
    Problems,
    /// By name.
    Name,
    /// Most tasks first.
    Tasks,
    /// Latest deployment first.
    Rollout,
}

impl Sort {
    /// The next order.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Problems => Self::Name,
            Self::Name => Self::Tasks,
            Self::Tasks => Self::Rollout,
            Self::Rollout => Self::Problems,
        }
    }

    /// A few words for the title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Problems => "problems first",
            Self::Name => "by name",
            Self::Tasks => "most tasks first",
            Self::Rollout => "latest deployment first",
        }
    }
}

/// The upper half of the screen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceListView {
    /// The service under the cursor; until it is known where the worst one is, the first row.
    pub selected: Option<ServiceArn>,
    /// The service the cursor is to go to as soon as it is known to exist, by name.
    pub sought: Option<String>,
    /// Since when the cursor has been there. Details are asked for once it rests.
    pub selected_at: Timestamp,
    /// Rows scrolled away at the top.
    pub offset: usize,
    /// Only services that match.
    pub filter: LineInput,
    /// Whether the filter is being typed.
    pub filtering: bool,
    /// Their order.
    pub sort: Sort,
    /// Only what is not healthy.
    pub problems_only: bool,
    /// Whether CPU and memory are shown. Asking for them costs money.
    pub loads: bool,
}

impl ServiceListView {
    /// Nothing selected, nothing filtered.
    pub fn new(now: Timestamp, sought: Option<String>) -> Self {
        Self {
            selected: None,
            sought,
            selected_at: now,
            offset: 0,
            filter: LineInput::default(),
            filtering: false,
            sort: Sort::default(),
            problems_only: false,
            loads: false,
        }
    }
}

/// Health as far as it is known; services that were never described come after those with problems.
pub fn health(entry: &ServiceEntry) -> Health {
    entry.judgement.as_ref().map_or(Health::Unknown, |judgement| judgement.health)
}

/// The services to show, in order of name.
pub fn shown<'a>(store: &'a Store, view: &ServiceListView) -> impl Iterator<Item = (&'a ServiceArn, &'a ServiceEntry)> {
    let mut filter = Filter::new(view.filter.text());
    let (problems_only, selected) = (view.problems_only, view.selected.clone());
    store.services.iter().filter(move |(arn, entry)| {
        // What recovers under the cursor stays there: the cursor does not jump to another service.
        let wanted = !problems_only || is_problem(health(entry)) || selected.as_ref() == Some(arn);
        wanted && filter.score(arn.name()).is_some()
    })
}

/// The service under the cursor, if it is among those shown.
pub fn selected<'a>(store: &Store, view: &'a ServiceListView) -> Option<&'a ServiceArn> {
    let arn = view.selected.as_ref().filter(|arn| store.services.contains_key(arn))?;
    Filter::new(view.filter.text()).score(arn.name()).is_some().then_some(arn)
}

/// The services to show, in order.
pub fn rows<'a>(store: &'a Store, view: &ServiceListView) -> Vec<&'a ServiceArn> {
    let mut rows: Vec<(&ServiceArn, &ServiceEntry)> = shown(store, view).collect();
    // The map is in order of name, and the sort is stable, so equals stay in order of name.
    match view.sort {
        Sort::Problems => rows.sort_by_key(|(_, entry)| health(entry)),
        Sort::Name => rows.sort_by(|(left, _), (right, _)| left.name().cmp(right.name())),
        Sort::Tasks => rows.sort_by_key(|(_, entry)| {
            std::cmp::Reverse(entry.remote.value().map_or(0, |service| service.running.max(service.desired)))
        }),
        Sort::Rollout => rows.sort_by_key(|(_, entry)| {
            let primary = entry.remote.value().and_then(|service| service.primary_deployment());
            std::cmp::Reverse(primary.and_then(|deployment| deployment.created_at))
        }),
    }
    rows.into_iter().map(|(arn, _)| arn).collect()
}

/// What `!` leaves on the screen.
pub const fn is_problem(health: Health) -> bool {
    !matches!(health, Health::Healthy | Health::Inactive)
}
