//! From what was typed to what happens.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use ecsight::aws::{self, Aws, Credentials};
use ecsight::cli::{Cli, Command, Consent, Diagnose, Logs, Output, ReportOutput};
use ecsight::config::Settings;
use ecsight::headless::{self, AwsClock, Change, Console, Failure, Format, Outcome, Patience, TaskSelection};
use tokio::runtime::{Builder, Runtime};

use crate::exit::Exit;
use crate::{screen, simulate, trace};

/// Runs what the command line asks for.
pub(crate) fn run(cli: Cli) -> Exit {
    if let Some(contradiction) = cli.contradiction() {
        return complain(Exit::Usage, &contradiction, Some("leave --service out"));
    }
    let Cli { mut global, command } = cli;
    let file = global.config.take();
    let typed = simulate::Typed { cluster: global.cluster.clone(), service: global.service.clone() };
    let settings = match Settings::load(global.layer(), file.as_deref(), &|variable| std::env::var_os(variable)) {
        Ok(settings) => settings,
        Err(error) => return complain(Exit::Usage, &error.to_string(), None),
    };
    if let Some(path) = &settings.log_file
        && let Err(error) = trace::start(path)
    {
        return complain(Exit::Usage, &format!("cannot write the log file {}: {error}", path.display()), None);
    }
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(Exit::Usage, &format!("cannot start: {error}"), None),
    };
    let exit = dispatch(command, typed, settings, &runtime);
    // A look-up of a name that hangs must not keep the program from ending.
    runtime.shutdown_background();
    exit
}

fn dispatch(command: Option<Command>, typed: simulate::Typed, settings: Settings, runtime: &Runtime) -> Exit {
    let done = match command {
        None => {
            let mut connection = connection(&settings);
            // What is on the screen is asked for again soon anyway.
            connection.attempts = 1;
            return screen::open(connection, settings, None, runtime.handle());
        }
        Some(Command::Demo(world)) => return simulate::demo(&world, typed, settings, runtime),
        Some(Command::Simulate(arguments)) => return runtime.block_on(simulate::serve(arguments)),
        Some(Command::Services(list)) => headless(runtime, &settings, async |aws, settings, clock, console| {
            let (cluster, service) = (settings.cluster.as_deref(), settings.service.as_deref());
            headless::services(aws, cluster, service, format(list.output), clock, console).await
        }),
        Some(Command::Tasks(tasks)) => {
            let selection = if tasks.stopped { TaskSelection::Stopped } else { TaskSelection::Running };
            headless(runtime, &settings, async |aws, settings, clock, console| {
                let (cluster, service) = (settings.cluster.as_deref(), settings.service.as_deref());
                let format = format(tasks.output);
                headless::tasks(aws, cluster, service, selection, format, clock, console).await
            })
        }
        Some(Command::Diagnose(diagnose)) => return self::diagnose(runtime, &settings, &diagnose),
        Some(Command::Logs(logs)) => self::logs(runtime, &settings, &logs),
        Some(Command::Explain(explain)) => print(|console| headless::explain(explain.id.as_deref(), console)),
        Some(Command::Redeploy(redeploy)) => {
            change(runtime, &settings, &redeploy.name, Change::ForceNewDeployment, &redeploy.consent)
        }
        Some(Command::Scale(scale)) => {
            change(runtime, &settings, &scale.name, Change::Scale(scale.count), &scale.consent)
        }
    };
    match done {
        Ok(()) => Exit::Done,
        Err(failure) => failed(&failure),
    }
}

fn failed(failure: &Failure) -> Exit {
    if failure.reader_is_gone() {
        return Exit::Done;
    }
    complain(Exit::from(failure), &failure.to_string(), failure.advice().as_deref())
}

fn diagnose(runtime: &Runtime, settings: &Settings, arguments: &Diagnose) -> Exit {
    let done = headless(runtime, settings, async |aws, settings, clock, console| {
        let flagged: Vec<String> = settings.service.iter().cloned().collect();
        let wanted = headless::Diagnose {
            cluster: settings.cluster.as_deref(),
            services: if arguments.names.is_empty() { &flagged } else { &arguments.names },
            format: report_format(arguments.output),
            all: arguments.all,
            timeout: arguments.timeout,
        };
        headless::diagnose(aws, wanted, clock, console).await
    });
    match done {
        Ok(Outcome::Well) => Exit::Done,
        Ok(Outcome::Unwell) => Exit::Unwell,
        Err(failure) => failed(&failure),
    }
}

fn logs(runtime: &Runtime, settings: &Settings, arguments: &Logs) -> Result<(), Failure> {
    headless(runtime, settings, async |aws, settings, clock, console| {
        let wanted = headless::Logs {
            cluster: settings.cluster.as_deref(),
            service: &arguments.name,
            follow: arguments.follow,
            since: arguments.since.as_deref(),
            until: arguments.until.as_deref(),
            task: arguments.task.as_deref(),
            container: arguments.container.as_deref(),
            grep: arguments.grep.as_deref(),
            exclude: arguments.exclude.as_deref(),
            previous: arguments.previous,
            format: report_format(arguments.output),
        };
        headless::logs(aws, wanted, &jiff::tz::TimeZone::system(), clock, console).await
    })
}

const fn report_format(output: ReportOutput) -> Format {
    match output {
        ReportOutput::Text => Format::Table,
        ReportOutput::Json => Format::Json,
    }
}

/// Runs a command that only prints, on the real streams.
fn print(command: impl FnOnce(&mut Console<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    command(&mut Console { out: &mut out, err: &mut err, ask: None, colour: false })
}

fn change(
    runtime: &Runtime,
    settings: &Settings,
    name: &str,
    change: Change,
    consent: &Consent,
) -> Result<(), Failure> {
    headless(runtime, settings, async |aws, settings, clock, console| {
        let patience = Patience { timeout: consent.timeout, period: settings.refresh_interval() };
        let consent = headless::Consent { given: consent.yes, wait: consent.wait.then_some(patience) };
        headless::change(aws, settings.cluster.as_deref(), name, change, consent, clock, console).await
    })
}

/// Runs a headless command on the real streams.
fn headless<T>(
    runtime: &Runtime,
    settings: &Settings,
    command: impl AsyncFnOnce(&Aws, &Settings, &AwsClock, &mut Console<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let clock = AwsClock::default();
    let observer = clock.clone();
    let aws = runtime.block_on(Aws::connect(connection(settings), move |record| {
        trace::call(&record);
        observer.observe(&record);
    }));
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let colour = out.is_terminal() && !settings.no_color;
    let mut ask = |question: &str| asked(question);
    let somebody = io::stdin().is_terminal() && err.is_terminal();
    let mut console = Console { out: &mut out, err: &mut err, ask: None, colour };
    if somebody {
        console.ask = Some(&mut ask);
    }
    runtime.block_on(command(&aws, settings, &clock, &mut console))
}

/// How headless commands talk to AWS: they ask once and leave, so every read is tried a few times.
fn connection(settings: &Settings) -> aws::Settings {
    aws::Settings {
        profile: settings.profile.clone(),
        region: settings.region.clone(),
        endpoint_url: settings.endpoint_url.as_ref().map(ToString::to_string),
        credentials: Credentials::Chain,
        read_only: settings.read_only,
        attempts: 3,
        live_tail: !settings.no_live_tail,
        ..aws::Settings::default()
    }
}

/// Asks on the terminal; only `y` and `yes` mean yes.
fn asked(question: &str) -> bool {
    let _ = write!(io::stderr(), "{question}").and_then(|()| io::stderr().flush());
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// Says on stderr what is wrong and what to do about it.
pub(crate) fn complain(exit: Exit, sentence: &str, advice: Option<&str>) -> Exit {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "error: {sentence}");
    if let Some(advice) = advice {
        let _ = writeln!(err, "  {advice}");
    }
    exit
}

fn format(output: Output) -> Format {
    match output {
        Output::Table => Format::Table,
        Output::Json => Format::Json,
    }
}
