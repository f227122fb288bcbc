//! The command line: what can be typed. Flags that say where to look and how are global: they stand before or after the subcommand.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;

use crate::config::{EndpointUrl, Layer, RefreshSeconds};
use crate::model::text::visible;
use crate::sim::Injection;

/// Operate Amazon ECS from a terminal: what is broken, why, and what to do.
///
/// Without a command it opens a screen with every service of the cluster, problems first. Lower-case keys only look; upper-case
/// keys change something, after a plan and a confirmation.
#[derive(Debug, Parser)]
#[command(
    name = "ecsight",
    version,
    max_term_width = 100,
    after_help = "Examples:
  ecsight demo                                   look around on a simulated AWS, no account needed
  ecsight --profile prod --cluster shop-prod     open a cluster
  ecsight services --cluster shop-prod           list its services and exit
  ecsight diagnose --cluster shop-prod           say what is wrong with them, why, and what to do

Settings also come from a file (see config.example.toml) and from ECSIGHT_* variables; flags win.
Credentials and region come from where the AWS CLI finds them.

Exit codes: 0 done, 1 a rollout that was waited for failed or a diagnosis found errors, 2 wrong usage, unknown name or refused, 3 AWS."
)]
pub struct Cli {
    /// Flags that hold for every command.
    #[command(flatten)]
    pub global: GlobalFlags,
    /// What to do; without one the screen opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// What is wrong with the command line although every part of it is right by itself.
    pub fn contradiction(&self) -> Option<String> {
        let name = match self.command.as_ref()? {
            Command::Redeploy(redeploy) => &redeploy.name,
            Command::Scale(scale) => &scale.name,
            Command::Logs(logs) => &logs.name,
            Command::Demo(_)
            | Command::Simulate(_)
            | Command::Services(_)
            | Command::Tasks(_)
            | Command::Diagnose(_)
            | Command::Explain(_) => return None,
        };
        let flag = self.global.service.as_ref().filter(|flag| *flag != name)?;
        Some(format!("two services are named, {} and, with --service, {}", visible(name), visible(flag)))
    }
}

/// Flags that hold for every command.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct GlobalFlags {
    /// Cluster to work on [env: ECSIGHT_CLUSTER]
    #[arg(long, short, global = true, value_name = "CLUSTER")]
    pub cluster: Option<String>,
    /// Service to select on the screen, or to narrow a list to [env: ECSIGHT_SERVICE]
    #[arg(long, short, global = true, value_name = "SERVICE")]
    pub service: Option<String>,
    /// Profile of the AWS configuration files [env: ECSIGHT_PROFILE, AWS_PROFILE]
    #[arg(long, global = true, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// AWS region [env: ECSIGHT_REGION, AWS_REGION]
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Address used in place of AWS's endpoints [env: ECSIGHT_ENDPOINT_URL, AWS_ENDPOINT_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<EndpointUrl>,
    /// Refuse every change [env: ECSIGHT_READ_ONLY]
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Seconds between two readings of what is on the screen [env: ECSIGHT_REFRESH] [default: 5]
    #[arg(long, global = true, value_name = "SECONDS")]
    pub refresh: Option<RefreshSeconds>,
    /// Configuration file [env: ECSIGHT_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// File that gets a trace of what the program did, without secrets [env: ECSIGHT_LOG_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Do without colours [env: NO_COLOR]
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Leave the mouse to the terminal
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// File that the session is recorded into, without secrets, to be replayed
    #[arg(long, global = true, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

impl GlobalFlags {
    /// The flags as a source of settings.
    pub fn layer(self) -> Layer {
        Layer {
            cluster: self.cluster,
            service: self.service,
            profile: self.profile,
            region: self.region,
            endpoint_url: self.endpoint_url,
            read_only: self.read_only.then_some(true),
            refresh_seconds: self.refresh,
            no_color: self.no_color.then_some(true),
            no_mouse: self.no_mouse.then_some(true),
            log_file: self.log_file,
            record: self.record,
            ..Layer::default()
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the screen on a simulated AWS: no account, no credentials, no network
    #[command(after_help = "Examples:
  ecsight demo
  ecsight demo --speed 10 --fault DescribeTargetHealth=deny
  ecsight demo --world assets/worlds/redirect.toml")]
    Demo(SimulatedWorld),
    /// Serve the simulated AWS for other programs until interrupted
    #[command(after_help = "Examples:
  ecsight simulate --listen 127.0.0.1:4566
  ecsight simulate --services 1000 --latency-ms 50 --fault DescribeServices=throttle

The first line on stdout is `listening on http://ADDRESS:PORT`.")]
    Simulate(Simulate),
    /// List the services of a cluster, problems first
    #[command(after_help = "Examples:
  ecsight services --cluster shop-prod
  ecsight services -c shop-prod -o json | jq -r '.[] | select(.health == \"failing\").service'")]
    Services(List),
    /// List the tasks of a cluster or of one service
    #[command(after_help = "Examples:
  ecsight tasks --cluster shop-prod --service web
  ecsight tasks --cluster shop-prod --stopped --output json")]
    Tasks(Tasks),
    /// Say why services are not well, with evidence and a fix to paste
    #[command(after_help = "Examples:
  ecsight diagnose --cluster shop-prod
  ecsight diagnose web api -c shop-prod --all
  ecsight diagnose web -c shop-prod -o json | jq '.services[0].findings[0]'

Exit codes: 0 nothing of severity error or critical, 1 something, 2 wrong usage or an unknown name, 3 AWS could not be asked.")]
    Diagnose(Diagnose),
    /// Write what the containers of a service write, merged over its tasks
    #[command(after_help = "Examples:
  ecsight logs web --cluster shop-prod --since 30m
  ecsight logs web -c shop-prod --follow --grep 'error|warn' --exclude healthz
  ecsight logs web -c shop-prod --previous                of the task that stopped last
  ecsight logs web -c shop-prod -o json | jq -r .message

Times: 10m or 2h30m ago, 13:10, 2026-01-31T13:10 (local), 2026-01-31T13:10:00Z. JSON is one object a line.")]
    Logs(Logs),
    /// Show the page of a finding: what it means, how it is decided, how to fix it
    #[command(after_help = "Examples:
  ecsight explain                              list all findings
  ecsight explain tg-code-mismatch-redirect")]
    Explain(Explain),
    /// Force a new deployment of a service: the same revision, new tasks
    #[command(after_help = "Examples:
  ecsight redeploy web --cluster shop-prod
  ecsight redeploy web --cluster shop-prod --yes --wait --timeout 10m

The plan is shown first. Without --yes and without a terminal to ask on, nothing is changed.")]
    Redeploy(Redeploy),
    /// Change how many tasks of a service are wanted
    #[command(after_help = "Examples:
  ecsight scale web 6 --cluster shop-prod
  ecsight scale web 0 --cluster shop-prod --yes --wait

The plan is shown first. Without --yes and without a terminal to ask on, nothing is changed.")]
    Scale(Scale),
}

/// How the simulated world is made.
#[derive(Args, Debug)]
pub struct SimulatedWorld {
    /// Worlds with the same seed are the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many times faster than real time it moves
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// A large world with this many services, in place of the hand-made one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub services: Option<u32>,
    /// A world written down in a TOML file, in place of the hand-made one
    #[arg(long, value_name = "FILE", conflicts_with = "services")]
    pub world: Option<PathBuf>,
    /// Make an operation fail, such as DescribeServices=throttle, UpdateService=500:3, '*=latency:250ms'; can be repeated
    #[arg(long = "fault", value_name = "OPERATION=KIND")]
    pub faults: Vec<Injection>,
}

/// Arguments of `simulate`.
#[derive(Args, Debug)]
pub struct Simulate {
    /// Address to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// How many clusters, in a large world
    #[arg(long, value_name = "M", conflicts_with = "world", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub clusters: Option<u32>,
    /// Milliseconds every answer takes
    #[arg(long, value_name = "L", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub latency_ms: u64,
    /// How the world is made.
    #[command(flatten)]
    pub world: SimulatedWorld,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Columns for people
    #[default]
    Table,
    /// One JSON document for programs
    Json,
}

/// Arguments of `services`.
#[derive(Args, Debug)]
pub struct List {
    /// How to write the result
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    pub output: Output,
}

/// Arguments of `tasks`.
#[derive(Args, Debug)]
pub struct Tasks {
    /// Those that stopped and are still remembered (about an hour), in place of those that run
    #[arg(long)]
    pub stopped: bool,
    /// How to write the result
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    pub output: Output,
}

/// Arguments of `diagnose`.
#[derive(Args, Debug)]
pub struct Diagnose {
    /// Names of services; without any, all services of the cluster
    #[arg(value_name = "SERVICE")]
    pub names: Vec<String>,
    /// How to write the result
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    pub output: ReportOutput,
    /// Show what is healthy and benign too (JSON always has it)
    #[arg(long)]
    pub all: bool,
    /// How long it may take, such as 15s; what has not come by then is unknown
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub timeout: Duration,
}

/// Arguments of `logs`.
#[derive(Args, Debug)]
pub struct Logs {
    /// Name of the service
    #[arg(value_name = "SERVICE")]
    pub name: String,
    /// Go on as lines come
    #[arg(long, short, conflicts_with = "until")]
    pub follow: bool,
    /// From when on [default: 10m, or the start of the task with --previous]
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Until when
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only of this task, by its id or the beginning of it
    #[arg(long, value_name = "ID", conflicts_with = "previous")]
    pub task: Option<String>,
    /// Only of this container
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// Only lines that match this regular expression; without capitals in it case does not matter
    #[arg(long, value_name = "REGEX")]
    pub grep: Option<String>,
    /// No lines that match this regular expression
    #[arg(long, value_name = "REGEX")]
    pub exclude: Option<String>,
    /// Of the task that stopped last, from its start
    #[arg(long)]
    pub previous: bool,
    /// How to write lines
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    pub output: ReportOutput,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportOutput {
    /// For people, to be pasted where they talk
    #[default]
    Text,
    /// For programs: one document
    Json,
}

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// Id of a finding; without one, the list
    #[arg(value_name = "ID")]
    pub id: Option<String>,
}

/// Arguments of `redeploy`.
#[derive(Args, Debug)]
pub struct Redeploy {
    /// Name of the service
    #[arg(value_name = "SERVICE")]
    pub name: String,
    /// How to go about it.
    #[command(flatten)]
    pub consent: Consent,
}

/// Arguments of `scale`.
#[derive(Args, Debug)]
pub struct Scale {
    /// Name of the service
    #[arg(value_name = "SERVICE")]
    pub name: String,
    /// Tasks wanted from now on
    #[arg(value_name = "COUNT", allow_negative_numbers = true, value_parser = count)]
    pub count: u32,
    /// How to go about it.
    #[command(flatten)]
    pub consent: Consent,
}

/// How a change is gone about.
#[derive(Args, Debug)]
pub struct Consent {
    /// Do not ask, do it
    #[arg(long, short)]
    pub yes: bool,
    /// Follow the rollout until it is steady or has plainly failed, looking every --refresh seconds
    #[arg(long)]
    pub wait: bool,
    /// How long to wait for it at most, such as 90s, 15m or 1h30m
    #[arg(long, value_name = "DURATION", default_value = "15m", requires = "wait", value_parser = duration)]
    pub timeout: Duration,
}

/// Reads a duration as people write it.
fn duration(text: &str) -> Result<Duration, &'static str> {
    let duration = text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    duration.filter(|duration| !duration.is_zero()).ok_or("write it like 90s, 15m or 1h30m")
}

/// Reads a number of tasks.
fn count(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "must be a whole number, 0 or more")
}

/// Reads how many times faster than real time.
fn speed(text: &str) -> Result<f64, &'static str> {
    let speed = text.parse::<f64>().ok();
    speed.filter(|speed| (0.01..=10_000.0).contains(speed)).ok_or("must be a number from 0.01 to 10000")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_and_after_the_command() {
        for line in [
            "ecsight --cluster shop --read-only --refresh 9 services",
            "ecsight services --cluster shop --read-only --refresh 9",
            "ecsight --cluster shop services --read-only --refresh 9",
        ] {
            let layer = Cli::try_parse_from(line.split(' ')).unwrap().global.layer();
            assert_eq!(layer.cluster.as_deref(), Some("shop"), "{line}");
            assert_eq!(layer.read_only, Some(true), "{line}");
            assert_eq!(layer.refresh_seconds, "9".parse().ok(), "{line}");
        }
    }

    #[test]
    fn what_is_not_given_leaves_the_lower_layers_alone() {
        assert_eq!(Cli::try_parse_from(["ecsight"]).unwrap().global.layer(), Layer::default());
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [("15m", Some(900)), ("90s", Some(90)), ("1h30m", Some(5400)), ("1h 30m", Some(5400))] {
            assert_eq!(duration(text).ok().map(|duration| duration.as_secs()), seconds, "{text}");
        }
        for text in ["", "0s", "-5m", "15", "soon", "5m ago"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn senseless_arguments_are_usage_errors() {
        for line in [
            "ecsight scale web -1",
            "ecsight scale web many",
            "ecsight scale web",
            "ecsight redeploy",
            "ecsight redeploy web --timeout 5m",
            "ecsight services --output yaml",
            "ecsight --refresh 0",
            "ecsight --endpoint-url localhost:4566",
            "ecsight simulate --listen nowhere",
            "ecsight demo --speed 0",
            "ecsight demo --speed nan",
        ] {
            let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}: {error}");
        }
    }
}
