//! Settings: defaults, then the file, then the environment, then flags. Each source is a [`Layer`] in which everything is
//! optional; [`Settings::with`] lays one over what is below and is the only place where they meet.
//!
//! ```text
//!  defaults ◀─ file (config.toml) ◀─ environment (ECSIGHT_*) ◀─ flags
//! ```
//!
//! The `AWS_*` variables are the SDK's business and are not read here. A configuration file is never written.

mod environment;
mod error;
mod file;
mod layer;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use environment::Environment;
pub use error::{ConfigError, Fault};
pub use layer::{KeyList, Layer};
pub use value::{EndpointUrl, RefreshSeconds};

use crate::model::look::{Look, Tone};

/// What the program runs with, after all layers.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    /// Cluster to open.
    pub cluster: Option<String>,
    /// Service to select, and the one that lists are narrowed to.
    pub service: Option<String>,
    /// Profile of the AWS configuration files.
    pub profile: Option<String>,
    /// AWS region.
    pub region: Option<String>,
    /// Endpoint used in place of AWS's own, for every AWS service.
    pub endpoint_url: Option<EndpointUrl>,
    /// Whether changes are refused.
    pub read_only: bool,
    /// How often what is on the screen is asked for again.
    pub refresh: RefreshSeconds,
    /// Whether to do without colours.
    pub no_color: bool,
    /// Whether to leave the mouse to the terminal, so that text can be selected as usual.
    pub no_mouse: bool,
    /// Whether to ask for new log lines again and again instead of having them sent by Live Tail.
    pub no_live_tail: bool,
    /// Where tracing goes, if anywhere.
    pub log_file: Option<PathBuf>,
    /// Where to record the session, if anywhere.
    pub record: Option<PathBuf>,
    /// Keys of commands that differ from the default keymap, by command id, as written.
    pub keys: BTreeMap<String, KeyList>,
    /// Looks that differ from the default theme.
    pub theme: BTreeMap<Tone, Look>,
}

impl Settings {
    /// Defaults, file, environment and flags in this order. `file` is what the `--config` flag says; without it and
    /// without `ECSIGHT_CONFIG` the file at the usual place is read if there is one.
    pub fn load(flags: Layer, file: Option<&Path>, environment: Environment<'_>) -> Result<Self, ConfigError> {
        let written = file::read(file, environment)?;
        let set = environment::layer(environment)?;
        Ok(Self::default().with(written).with(set).with(flags))
    }

    /// The settings with a layer laid over them.
    #[must_use]
    pub fn with(mut self, layer: Layer) -> Self {
        self.keys.extend(layer.keys);
        self.theme.extend(layer.theme);
        Self {
            cluster: layer.cluster.or(self.cluster),
            service: layer.service.or(self.service),
            profile: layer.profile.or(self.profile),
            region: layer.region.or(self.region),
            endpoint_url: layer.endpoint_url.or(self.endpoint_url),
            read_only: layer.read_only.unwrap_or(self.read_only),
            refresh: layer.refresh_seconds.unwrap_or(self.refresh),
            no_color: layer.no_color.unwrap_or(self.no_color),
            no_mouse: layer.no_mouse.unwrap_or(self.no_mouse),
            no_live_tail: layer.no_live_tail.unwrap_or(self.no_live_tail),
            log_file: layer.log_file.or(self.log_file),
            record: layer.record.or(self.record),
            keys: self.keys,
            theme: self.theme,
        }
    }

    /// How often what is on the screen is asked for again.
    pub fn refresh_interval(&self) -> Duration {
        self.refresh.interval()
    }
}

#[cfg(test)]
mod tests;
