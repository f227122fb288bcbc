//! The layer that `ECSIGHT_*` variables make. An empty variable says nothing.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use super::error::ConfigError;
use super::layer::Layer;

/// Looks a variable up; the program passes `std::env::var_os`, tests pass a table.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What the variables say.
pub(super) fn layer(environment: Environment<'_>) -> Result<Layer, ConfigError> {
    Ok(Layer {
        cluster: parsed(environment, "ECSIGHT_CLUSTER")?,
        service: parsed(environment, "ECSIGHT_SERVICE")?,
        profile: parsed(environment, "ECSIGHT_PROFILE")?,
        region: parsed(environment, "ECSIGHT_REGION")?,
        endpoint_url: parsed(environment, "ECSIGHT_ENDPOINT_URL")?,
        read_only: parsed::<Switch>(environment, "ECSIGHT_READ_ONLY")?.map(|switch| switch.0),
        refresh_seconds: parsed(environment, "ECSIGHT_REFRESH")?,
        // https://no-color.org: any text that is not empty.
        no_color: given(environment, "NO_COLOR").map(|_| true),
        no_live_tail: parsed::<Switch>(environment, "ECSIGHT_NO_LIVE_TAIL")?.map(|switch| switch.0),
        log_file: path(environment, "ECSIGHT_LOG_FILE"),
        ..Layer::default()
    })
}

/// A variable that holds a path; paths need not be valid text.
pub(super) fn path(environment: Environment<'_>, variable: &str) -> Option<PathBuf> {
    given(environment, variable).map(PathBuf::from)
}

fn given(environment: Environment<'_>, variable: &str) -> Option<OsString> {
    environment(variable).filter(|value| !value.is_empty())
}

fn parsed<T: FromStr<Err: Display>>(
    environment: Environment<'_>,
    variable: &'static str,
) -> Result<Option<T>, ConfigError> {
    let Some(value) = given(environment, variable) else { return Ok(None) };
    let wrong = |rule: String| ConfigError::Variable { variable, value: value.to_string_lossy().into_owned(), rule };
    let text = value.to_str().ok_or_else(|| wrong("must be valid UTF-8".to_owned()))?;
    text.parse().map(Some).map_err(|rule: T::Err| wrong(rule.to_string()))
}

/// A yes or no as people write it in variables.
struct Switch(bool);

impl FromStr for Switch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(Self(true)),
            "0" | "false" | "no" | "off" => Ok(Self(false)),
            _ => Err("must be true or false"),
        }
    }
}
