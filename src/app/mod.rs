//! All state of the user interface and everything that changes it. Pure: time, sizes and answers come in as messages,
//! wishes go out as effects, and the same messages always lead to the same state.
//!
//! ```text
//!  Msg ─▶ update ─┬─ store       what AWS told us (remote: value, age, failure, request)
//!                 ├─ views       selection, filter, order, tab, scrolling
//!                 ├─ overlay     help, palette, pickers, plans
//!                 └─ schedule ◀─ wants      what should be fresh, given what is on the screen
//!                        └─▶ Effect
//!  command (registry) ─▶ keymap, palette, footer, help
//!  screens ─▶ document ─▶ ui
//! ```

pub mod action;
pub mod activity;
pub mod chart;
mod choosing;
pub mod command;
pub mod document;
pub mod freshness;
pub mod fuzzy;
pub mod insights;
pub mod judgement;
pub mod kept;
pub mod key;
pub mod keymap;
pub mod layout;
pub mod line_input;
pub mod logs;
mod looking;
pub mod message;
pub mod overlay;
pub mod remote;
pub mod room;
pub mod schedule;
pub mod screens;
pub mod service_list;
pub mod store;
pub mod table;
#[cfg(test)]
mod tests;
pub mod text_input;
mod update;
pub mod wants;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use self::action::Watching;
use self::activity::{Activity, Errors};
use self::insights::Insights;
use self::judgement::{FindingName, Judgement};
use self::key::KeyPress;
use self::keymap::Keymap;
use self::logs::{Logs, Look};
use self::message::{Connection, Size};
use self::overlay::{Confirmation, Overlay};
use self::remote::RequestId;
use self::schedule::Requests;
use self::screens::Tab;
use self::service_list::ServiceListView;
use self::store::Store;
use crate::diagnose::finding::Finding;
use crate::model::arn::{ClusterName, ServiceArn};
use crate::model::metric::MetricRange;
use crate::model::service::Service;

/// What the program was started with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Options {
    /// The cluster to show; without one the user chooses.
    pub cluster: Option<ClusterName>,
    /// The service to select once it is known, by name.
    pub service: Option<String>,
    /// Whether changes are refused.
    pub read_only: bool,
    /// How old the state of what matters may get.
    pub refresh: SignedDuration,
    /// A word for the header when this is not real, e.g. `demo`.
    pub label: Option<String>,
    /// Which keys do what.
    pub keymap: Keymap,
    /// The time zone of whoever reads.
    #[serde(skip)]
    pub zone: TimeZone,
}

impl Options {
    /// Nothing chosen, nothing refused, a refresh every five seconds, times in UTC.
    pub const fn new(keymap: Keymap) -> Self {
        Self {
            cluster: None,
            service: None,
            read_only: false,
            refresh: SignedDuration::from_secs(5),
            label: None,
            keymap,
            zone: TimeZone::UTC,
        }
    }
}

/// The lower half of the screen.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DetailView {
    /// Which tab.
    pub tab: Tab,
    /// Whether it has the whole screen.
    pub zoomed: bool,
    /// Lines scrolled away at the top of each tab, for the service that is selected.
    pub scroll: BTreeMap<Tab, usize>,
    /// The finding of that service that is looked at; until somebody chooses one, the first.
    pub finding: Option<FindingName>,
    /// How far back metrics go.
    pub range: MetricRange,
}

/// A short message that goes away by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// What it says.
    pub text: String,
    /// Since when.
    pub at: Timestamp,
}

/// All state of the user interface.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct App {
    options: Options,
    now: Timestamp,
    size: Size,
    connection: Option<Connection>,
    cluster: Option<ClusterName>,
    store: Store,
    requests: Requests,
    list: ServiceListView,
    detail: DetailView,
    overlay: Option<Overlay>,
    logs: Option<Logs>,
    look: Look,
    insights: Insights,
    watches: Vec<Watching>,
    activity: Activity,
    errors: Errors,
    notice: Option<Notice>,
    /// What was handed to the clipboard and not confirmed yet.
    copying: Option<String>,
    /// When old answers were last looked for.
    tidied_at: Timestamp,
    pending_keys: Vec<KeyPress>,
}

impl App {
    /// The state before anything has happened.
    pub fn new(options: Options, now: Timestamp, size: Size) -> Self {
        Self {
            cluster: options.cluster.clone(),
            now,
            size,
            connection: None,
            store: Store::default(),
            requests: Requests::default(),
            list: ServiceListView::new(now, options.service.clone()),
            options,
            detail: DetailView::default(),
            overlay: None,
            logs: None,
            look: Look::default(),
            insights: Insights::default(),
            watches: Vec::new(),
            activity: Activity::default(),
            errors: Errors::default(),
            notice: None,
            copying: None,
            tidied_at: now,
            pending_keys: Vec::new(),
        }
    }

    /// What the program was started with.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// The time of the latest message, by the local clock.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The time by AWS's clock, against which times in AWS's answers are measured.
    pub fn aws_now(&self) -> Timestamp {
        self.now + self.activity.clock_offset()
    }

    /// The present by both clocks.
    fn moment(&self) -> store::Moment {
        store::Moment { here: self.now, aws: self.aws_now() }
    }

    /// Size of the screen.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Region and profile in use, once known.
    pub const fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// The cluster on the screen.
    pub const fn cluster(&self) -> Option<&ClusterName> {
        self.cluster.as_ref()
    }

    /// What AWS has told us.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The upper half of the screen.
    pub const fn list(&self) -> &ServiceListView {
        &self.list
    }

    /// The lower half of the screen.
    pub const fn detail(&self) -> &DetailView {
        &self.detail
    }

    /// What lies over the main screen.
    pub const fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// The logs that are followed.
    pub const fn logs(&self) -> Option<&Logs> {
        self.logs.as_ref()
    }

    /// How lines of logs are written.
    pub const fn look(&self) -> Look {
        self.look
    }

    /// Changes being followed, newest first.
    pub fn watches(&self) -> &[Watching] {
        &self.watches
    }

    /// The calls made.
    pub const fn activity(&self) -> &Activity {
        &self.activity
    }

    /// The errors met.
    pub const fn errors(&self) -> &Errors {
        &self.errors
    }

    /// A short message, while there is one.
    pub const fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref()
    }

    /// Keys pressed that so far lead to no command.
    pub fn pending_keys(&self) -> &[KeyPress] {
        &self.pending_keys
    }

    /// The account id, from who we are or else from the names of what we see.
    pub fn account(&self) -> Option<&str> {
        let of_identity = self.store.identity.value().map(|identity| identity.account.as_str());
        of_identity.or_else(|| self.store.services.keys().next().and_then(ServiceArn::account))
    }

    /// Whether the lower half has the whole screen.
    pub const fn is_zoomed(&self) -> bool {
        self.detail.zoomed
    }

    /// The services to show, in order.
    pub fn rows(&self) -> Vec<&ServiceArn> {
        service_list::rows(&self.store, &self.list)
    }

    /// The service the cursor is on, also while only its name is known.
    pub fn selected_arn(&self) -> Option<ServiceArn> {
        service_list::selected(&self.store, &self.list).or_else(|| self.rows().first().copied()).cloned()
    }

    /// The service the cursor is on, once its state is known.
    pub fn selected_service(&self) -> Option<&Service> {
        self.store.service(&self.selected_arn()?)
    }

    /// How the service under the cursor does and why, once it is known.
    pub fn judgement(&self) -> Option<&Judgement> {
        self.store.judgement(&self.selected_arn()?)
    }

    /// The finding somebody looks at: the one chosen, or else the first that says that something is wrong.
    pub fn looked_at(&self) -> Option<&Finding> {
        let judgement = self.judgement()?;
        let chosen = self.detail.finding.is_some() || judgement.wrong() > 0 || self.detail.zoomed;
        judgement.findings().get(judgement.position(self.detail.finding.as_ref())).copied().filter(|_| chosen)
    }

    /// Whether Back has something to do.
    pub fn has_something_to_close(&self) -> bool {
        self.overlay.is_some()
            || self.detail.zoomed
            || self.list.filtering
            || !self.list.filter.text().is_empty()
            || self.list.problems_only
    }

    /// The plan on the screen.
    fn confirmation(&self) -> Option<&Confirmation> {
        match &self.overlay {
            Some(Overlay::Confirm(confirmation)) => Some(confirmation),
            _ => None,
        }
    }

    /// The request that a confirmed plan waits for.
    fn awaited_request(&self) -> Option<RequestId> {
        self.confirmation().and_then(|confirmation| confirmation.stage.awaits())
    }
}
