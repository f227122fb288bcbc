//! Runs the binary in an environment of its own.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use ecsight::sim::Simulator;
use tempfile::TempDir;
use tokio::process::Command;

/// Longer than any command may take; a test that gets here has found a hang.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The binary, with nothing of the environment of whoever runs the tests.
pub struct Program {
    home: TempDir,
    variables: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Program {
    /// Without region, credentials and endpoint.
    pub fn bare() -> Self {
        Self { home: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// With region and credentials.
    pub fn equipped() -> Self {
        Self::bare()
            .with("AWS_REGION", "eu-west-1")
            .with("AWS_ACCESS_KEY_ID", "test")
            .with("AWS_SECRET_ACCESS_KEY", "test")
    }

    /// On a simulated AWS.
    pub fn on(simulator: &Simulator) -> Self {
        Self::equipped().with("ECSIGHT_ENDPOINT_URL", &simulator.endpoint())
    }

    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != variable);
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, variable: &str) -> Self {
        self.variables.retain(|(known, _)| known != variable);
        self
    }

    /// Its home folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes the configuration file at its usual place.
    pub fn configured(self, text: &str) -> Self {
        let folder = self.home().join("config/ecsight");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
        self
    }

    /// The command, ready to be run; standard input is empty.
    pub fn command(&self, arguments: &str) -> Command {
        self.command_of(arguments.split_whitespace())
    }

    fn command_of(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ecsight"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home())
            .env("XDG_CONFIG_HOME", self.home().join("config"))
            .envs(self.variables.iter().map(|(variable, value)| (variable, value)))
            .current_dir(self.home())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs to the end. Arguments are separated by spaces.
    pub async fn run(&self, arguments: &str) -> Ran {
        self.run_of(&arguments.split_whitespace().collect::<Vec<_>>()).await
    }

    /// Runs to the end.
    pub async fn run_of(&self, arguments: &[&str]) -> Ran {
        let output = self.command_of(arguments).output();
        let output =
            tokio::time::timeout(PATIENCE, output).await.unwrap_or_else(|_| panic!("{arguments:?} hangs")).unwrap();
        Ran::from(output)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Ended well; hands out what it printed.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out
    }

    /// Ended well; hands out the JSON it printed.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.done()).unwrap()
    }

    /// Ended with this code and nothing on stdout; hands out what it complained about.
    #[track_caller]
    pub fn refused(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.out, self.err);
        assert_eq!(self.out, "", "a failure prints nothing on stdout");
        self.err
    }
}
