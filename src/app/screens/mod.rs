//! What each screen says, as documents for a width. `ui` paints them.

pub mod aws_text;
pub mod calls;
pub mod choosers;
pub mod config;
pub mod confirmation;
pub mod deaths;
pub mod deploys;
pub mod errors;
pub mod events;
pub mod evidence;
pub mod findings;
pub mod footer;
pub mod header;
pub mod help;
pub mod input;
pub mod insights;
pub mod load_balancing;
pub mod logs;
pub mod metrics;
pub mod network;
pub mod overview;
pub mod page;
pub mod scale;
pub mod services;
pub mod source;
pub mod strips;
pub mod targets;
pub mod tasks;
pub mod title;

use serde::{Deserialize, Serialize};

use self::source::Source;
use super::App;
use super::command::Command;
use super::document::{Document, Tone};
use super::overlay::Overlay;

/// A tab of the lower half. The numbers are the keys; those between belong to tabs of later versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tab {
    /// What matters most about the service.
    #[default]
    Overview,
    /// Its tasks, running and stopped.
    Tasks,
    /// Its target groups and targets.
    Targets,
    /// Its deployments.
    Deploys,
    /// Its events.
    Events,
    /// Its CPU and memory, what its load balancers count, and its alarms.
    Metrics,
    /// What its containers write.
    Logs,
    /// How packets travel to and from its tasks.
    Network,
    /// Its task definition.
    Config,
}

impl Tab {
    /// All tabs from left to right.
    pub const ALL: &[Self] = &[
        Self::Overview,
        Self::Tasks,
        Self::Targets,
        Self::Deploys,
        Self::Events,
        Self::Metrics,
        Self::Logs,
        Self::Network,
        Self::Config,
    ];

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Tasks => "Tasks",
            Self::Targets => "Targets",
            Self::Deploys => "Deploys",
            Self::Events => "Events",
            Self::Metrics => "Metrics",
            Self::Logs => "Logs",
            Self::Network => "Network",
            Self::Config => "Config",
        }
    }

    /// Its title where the line is short.
    pub const fn short_title(self) -> &'static str {
        match self {
            Self::Overview => "Ovw",
            Self::Tasks => "Tasks",
            Self::Targets => "Targ",
            Self::Deploys => "Depl",
            Self::Events => "Evts",
            Self::Metrics => "Metr",
            Self::Logs => "Logs",
            Self::Network => "Net",
            Self::Config => "Conf",
        }
    }

    /// The key that opens it by default, shown beside its title.
    pub const fn number(self) -> u8 {
        match self {
            Self::Overview => 1,
            Self::Tasks => 2,
            Self::Targets => 3,
            Self::Deploys => 4,
            Self::Events => 5,
            Self::Metrics => 6,
            Self::Logs => 7,
            Self::Network => 8,
            Self::Config => 9,
        }
    }

    /// The tab so many steps to the right, around the ends.
    #[must_use]
    pub fn step(self, steps: isize) -> Self {
        let count = Self::ALL.len();
        let here = Self::ALL.iter().position(|tab| *tab == self).unwrap_or_default();
        let there = here.saturating_add(count).saturating_add_signed(steps) % count;
        Self::ALL.get(there).copied().unwrap_or_default()
    }
}

/// What the tab on the screen says about the selected service. What is old steps back as a whole.
pub fn tab(app: &App, width: usize) -> Document {
    let Some(service) = app.selected_service() else {
        return absent(app, width);
    };
    let document = match app.detail().tab {
        Tab::Overview => overview::document(app, service, width),
        Tab::Tasks => tasks::document(app, service, width),
        Tab::Targets => targets::document(app, service, width),
        Tab::Deploys => deploys::document(app, service, width),
        Tab::Events => events::document(app, service, width),
        Tab::Metrics => metrics::document(app, service, width),
        Tab::Logs => logs::document(app, service, width),
        Tab::Network => network::document(app, service, width),
        Tab::Config => config::document(app, service, width),
    };
    let stale = app.detail().tab != Tab::Logs && source_of_tab(app).is_some_and(|source| source.is_stale(app.now()));
    if stale { document.toned(Tone::Dim) } else { document }
}

/// While there is no service to speak of, or nothing but its name is known.
fn absent(app: &App, width: usize) -> Document {
    let entry = app.selected_arn().and_then(|arn| app.store().services.get(&arn));
    let Some(entry) = entry else {
        return services::explain_nothing(app, width);
    };
    let mut document = Document::default();
    Source::new(Some(&entry.remote), Some(app.options().refresh)).absence(app, "service", &mut document, width);
    document
}

/// Where what the open tab shows comes from: of several sources the one that stands worst.
pub fn source_of_tab(app: &App) -> Option<Source<'_>> {
    let now = app.now();
    let entry = app.store().services.get(&app.selected_arn()?)?;
    let of_service = Source::new(Some(&entry.remote), Some(app.options().refresh));
    let Some(service) = entry.remote.value() else {
        return Some(of_service);
    };
    Some(match app.detail().tab {
        Tab::Overview | Tab::Events => of_service,
        Tab::Tasks => tasks::source(app, service),
        Tab::Targets => targets::source(app, service).unwrap_or(of_service),
        Tab::Deploys => of_service.or_worse(deploys::source(app, service), now),
        Tab::Metrics => metrics::source(app, service),
        Tab::Logs => logs::source(app, service),
        Tab::Network => network::source(app, service).unwrap_or(of_service),
        Tab::Config => config::source(app, service).unwrap_or(of_service),
    })
}

/// What the overlay on the screen says.
pub fn overlay(app: &App, width: usize) -> Document {
    let height = usize::from(super::layout::overlay_body(app).height);
    match app.overlay() {
        None => Document::default(),
        Some(Overlay::Help(_)) => help::document(app, width),
        Some(Overlay::Activity(_)) => calls::document(app, width),
        Some(Overlay::Errors(_)) => errors::document(app, width),
        Some(Overlay::Page { entry, .. }) => page::document(entry, width),
        Some(Overlay::Palette(chooser)) => choosers::palette(app, chooser, width, height),
        Some(Overlay::Clusters(chooser)) => choosers::clusters(app, chooser, width, height),
        Some(Overlay::Tasks(chooser)) => choosers::tasks(app, chooser, width, height),
        Some(Overlay::Insights) => insights::document(app, width, height),
        Some(Overlay::Scale(entry)) => scale::document(app, entry, width),
        Some(Overlay::Confirm(confirmation)) => confirmation::document(confirmation, width, height),
    }
}

/// Lines that the overlay on the screen would like to have. Lists ask for all that can be chosen from, so that the frame
/// stays where it is while somebody types.
pub fn overlay_height(app: &App, width: usize) -> usize {
    match app.overlay() {
        None => 0,
        Some(Overlay::Help(_)) => help::document(app, width).height(),
        Some(Overlay::Activity(_)) => calls::wanted_height(app),
        Some(Overlay::Errors(_)) => errors::document(app, width).height(),
        Some(Overlay::Page { entry, .. }) => page::document(entry, width).height(),
        Some(Overlay::Palette(_)) => choosers::palette_height(),
        Some(Overlay::Clusters(_)) => choosers::clusters_height(app, width),
        Some(Overlay::Tasks(_)) => choosers::tasks_height(app),
        Some(Overlay::Insights) => usize::from(app.size().height),
        Some(Overlay::Scale(entry)) => scale::document(app, entry, width).height(),
        Some(Overlay::Confirm(confirmation)) => confirmation::wanted_height(confirmation, width),
    }
}

/// The title of the overlay, and the keys that work in it.
pub fn overlay_title(app: &App) -> (&'static str, String) {
    let scrolls = || {
        let (down, up, back) = (key(app, Command::Down), key(app, Command::Up), key(app, Command::Back));
        format!("{down} {up} scroll · {back} closes")
    };
    match app.overlay() {
        None => ("", String::new()),
        Some(Overlay::Help(_)) => ("Keys", scrolls()),
        Some(Overlay::Activity(_)) => ("AWS calls, newest first (UTC)", scrolls()),
        Some(Overlay::Errors(_)) => ("Errors, newest first", scrolls()),
        Some(Overlay::Page { entry, .. }) => (entry.title, scrolls()),
        Some(Overlay::Palette(_)) => ("Commands", "↑↓ choose · Enter runs · Esc closes".to_owned()),
        Some(Overlay::Tasks(_)) => ("Show the lines of", "↑↓ choose · Enter shows · Esc closes".to_owned()),
        Some(Overlay::Insights) => {
            ("Logs Insights", app.selected_arn().map(|arn| arn.name().to_owned()).unwrap_or_default())
        }
        Some(Overlay::Clusters(_)) => ("Clusters", "↑↓ choose · Enter opens · Esc closes".to_owned()),
        Some(Overlay::Scale(_)) => ("Scale", String::new()),
        Some(Overlay::Confirm(confirmation)) => (confirmation::title(confirmation), String::new()),
    }
}

/// The key of a command as sentences name it.
fn key(app: &App, command: Command) -> String {
    app.options().keymap.label(command).unwrap_or_else(|| format!(":{}", command.info().id))
}

/// Where the cursor is in the overlay, column and line, while something is typed.
pub fn overlay_cursor(app: &App, width: usize) -> Option<(usize, usize)> {
    match app.overlay()? {
        Overlay::Palette(chooser) | Overlay::Clusters(chooser) | Overlay::Tasks(chooser) => {
            Some(choosers::cursor(chooser, width))
        }
        Overlay::Insights => insights::cursor(app, width, usize::from(super::layout::overlay_body(app).height)),
        Overlay::Scale(entry) => Some(scale::cursor(entry, width)),
        _ => None,
    }
}
