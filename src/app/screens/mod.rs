//! What each screen says, as documents for a width. `ui` paints them.

pub mod footer;
pub mod header;
pub mod input;
pub mod services;
pub mod source;
pub mod strips;
pub mod title;

use serde::{Deserialize, Serialize};

use self::source::Source;
use super::App;
use super::document::Document;

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
    /// Its task definition.
    Config,
}

impl Tab {
    /// All tabs from left to right.
    pub const ALL: [Self; 6] = [Self::Overview, Self::Tasks, Self::Targets, Self::Deploys, Self::Events, Self::Config];

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Tasks => "Tasks",
            Self::Targets => "Targets",
            Self::Deploys => "Deploys",
            Self::Events => "Events",
            Self::Config => "Config",
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

/// What the tab on the screen says about the selected service.
pub fn tab(app: &App, width: usize) -> Document {
    let Some(service) = app.selected_service() else {
        return services::explain_nothing(app, width);
    };
    let _ = service;
    Document::default()
}

/// Where most of what the open tab shows comes from.
pub fn source_of_tab(app: &App) -> Option<Source<'_>> {
    let entry = app.store().services.get(&app.selected_arn()?)?;
    Some(Source::new(Some(&entry.remote), Some(app.options().refresh)))
}

/// What the overlay on the screen says, for those overlays that are documents.
pub fn overlay(_app: &App, _width: usize) -> Document {
    Document::default()
}
