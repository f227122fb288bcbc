//! The layer that the configuration file makes, and where that file is.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::environment::{self, Environment};
use super::error::{ConfigError, Fault};
use super::layer::Layer;

/// Reads the file that `--config` or `ECSIGHT_CONFIG` names, which must exist, or the one at the usual place, which need not.
pub(super) fn read(flag: Option<&Path>, environment: Environment<'_>) -> Result<Layer, ConfigError> {
    let asked_for = flag.map(Path::to_owned).or_else(|| environment::path(environment, "ECSIGHT_CONFIG"));
    let must_exist = asked_for.is_some();
    let Some(path) = asked_for.or_else(|| usual_place(environment)) else { return Ok(Layer::default()) };
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&text).map_err(|fault| ConfigError::Wrong { path, fault }),
        Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => Ok(Layer::default()),
        Err(source) => Err(ConfigError::Unreadable { path, source }),
    }
}

/// Reads the text of a file.
pub(super) fn parse(text: &str) -> Result<Layer, Fault> {
    toml::from_str(text).map_err(|error| Fault::new(text, &error))
}

/// `ecsight/config.toml` in `XDG_CONFIG_HOME` on every platform, else in the platform's own folder for configuration.
fn usual_place(environment: Environment<'_>) -> Option<PathBuf> {
    let named = environment::path(environment, "XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let folder = named
        .map(|folder| folder.join("ecsight"))
        .or_else(|| directories::ProjectDirs::from("", "", "ecsight").map(|folders| folders.config_dir().to_owned()))?;
    Some(folder.join("config.toml"))
}
