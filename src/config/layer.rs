//! One source of settings, in which everything is optional. Read from TOML it is the schema of the configuration file.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::value::{EndpointUrl, RefreshSeconds};
use crate::model::look::{Look, Tone};

/// What one source says. Text that is empty says nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layer {
    /// Cluster to open.
    #[serde(deserialize_with = "unless_empty")]
    pub cluster: Option<String>,
    /// Service to select, and the one that lists are narrowed to.
    #[serde(deserialize_with = "unless_empty")]
    pub service: Option<String>,
    /// Profile of the AWS configuration files.
    #[serde(deserialize_with = "unless_empty")]
    pub profile: Option<String>,
    /// AWS region.
    #[serde(deserialize_with = "unless_empty")]
    pub region: Option<String>,
    /// Endpoint used in place of AWS's own.
    #[serde(deserialize_with = "unless_empty")]
    pub endpoint_url: Option<EndpointUrl>,
    /// Whether changes are refused.
    pub read_only: Option<bool>,
    /// Seconds between two readings of what is on the screen.
    pub refresh_seconds: Option<RefreshSeconds>,
    /// Whether to do without colours.
    pub no_color: Option<bool>,
    /// Whether to leave the mouse to the terminal.
    pub no_mouse: Option<bool>,
    /// Whether to do without Live Tail.
    pub no_live_tail: Option<bool>,
    /// Where tracing goes.
    #[serde(deserialize_with = "unless_empty")]
    pub log_file: Option<PathBuf>,
    /// Where to record the session. Only a flag, since it is for one session.
    #[serde(skip)]
    pub record: Option<PathBuf>,
    /// Keys by command id.
    pub keys: BTreeMap<String, KeyList>,
    /// Looks by tone.
    pub theme: BTreeMap<Tone, Look>,
}

/// The keys of a command as written: `"R"` or `["R", "ctrl-r"]`. What they mean is for the keymap to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "must be a key like \"R\" or several like [\"R\", \"ctrl-r\"]")]
pub enum KeyList {
    /// One key or sequence.
    One(String),
    /// Any of several; none takes the command off the keyboard.
    Several(Vec<String>),
}

impl KeyList {
    /// The keys.
    pub fn keys(&self) -> &[String] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Several(keys) => keys,
        }
    }
}

/// Reads text and parses it, unless it is empty.
fn unless_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
}
