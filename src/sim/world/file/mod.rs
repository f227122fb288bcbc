//! Worlds written down as TOML files. A file says what there is and what people did to it, and how long the world runs
//! ahead before somebody looks; what AWS would report follows from that, as in every other world. The format is described in
//! `assets/worlds/README.md`; a key that is not described there is an error.

mod application;
mod build;
mod change;
mod network;
mod service;
mod span;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::World;
use super::account::AlarmState;
use change::Change;
use network::{AclEntrySection, NetworkSection, SecurityGroupSection, VpcEndpointSection};
use service::ServiceSection;
use span::Span;

/// What is wrong with a world file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct WorldFileError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl WorldFileError {
    fn at(text: &str, span: Option<Range<usize>>, message: impl Into<String>) -> Self {
        let start = span.map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or(text);
        Self { line: before.matches('\n').count() + 1, message: message.into() }
    }
}

/// A complaint about a place in the file.
type Complaint = (Range<usize>, String);

fn complaint<T>(about: &Spanned<T>, message: impl Into<String>) -> Complaint {
    (about.span(), message.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorldFile {
    #[serde(default)]
    run: Run,
    #[serde(default)]
    account: AccountSection,
    #[serde(default)]
    cluster: Vec<ClusterSection>,
    #[serde(default)]
    security_group: Vec<SecurityGroupSection>,
    #[serde(default)]
    network: NetworkSection,
    #[serde(default)]
    acl_entry: Vec<AclEntrySection>,
    #[serde(default)]
    vpc_endpoint: Vec<VpcEndpointSection>,
    #[serde(default)]
    service: Vec<ServiceSection>,
    #[serde(default)]
    alarm: Vec<AlarmSection>,
    #[serde(default)]
    capacity_provider: Vec<CapacityProviderSection>,
    #[serde(default)]
    change: Vec<Change>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    /// How long the world runs before somebody looks.
    #[serde(default)]
    warm_up: Span,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountSection {
    #[serde(default)]
    missing_log_groups: Vec<String>,
    #[serde(default)]
    missing_secrets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterSection {
    name: String,
    #[serde(default)]
    container_instance: Vec<ContainerInstanceSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContainerInstanceSection {
    #[serde(default = "ContainerInstanceSection::cpu")]
    cpu: u32,
    #[serde(default = "ContainerInstanceSection::memory")]
    memory: u32,
    #[serde(default)]
    ports_in_use: Vec<u16>,
    #[serde(default)]
    draining: bool,
    #[serde(default)]
    agent_disconnected: bool,
}

impl ContainerInstanceSection {
    fn cpu() -> u32 {
        2048
    }

    fn memory() -> u32 {
        7680
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    Ok,
    Alarm,
    InsufficientData,
}

impl From<State> for AlarmState {
    fn from(state: State) -> Self {
        match state {
            State::Ok => Self::Ok,
            State::Alarm => Self::Alarm,
            State::InsufficientData => Self::InsufficientData,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlarmSection {
    name: String,
    state: State,
    #[serde(default)]
    reason: String,
    /// Since when it is in this state.
    #[serde(default)]
    ago: Span,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CapacityProviderSection {
    name: String,
    #[serde(default = "CapacityProviderSection::active")]
    status: String,
    #[serde(default)]
    managed_scaling: bool,
    update_status: Option<String>,
    update_reason: Option<String>,
}

impl CapacityProviderSection {
    fn active() -> String {
        "ACTIVE".to_owned()
    }
}

impl World {
    /// The world that a file describes, at the moment somebody looks at it.
    pub fn from_toml(text: &str, seed: u64) -> Result<Self, WorldFileError> {
        let file: WorldFile = toml::from_str(text)
            .map_err(|error| WorldFileError::at(text, error.span(), error.message().trim().replace('\n', " ")))?;
        file.build(seed).map_err(|(span, message)| WorldFileError::at(text, Some(span), message))
    }
}
