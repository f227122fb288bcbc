//! `ecsight simulate` serves the simulated AWS for others, `ecsight demo` opens the screen on it.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ecsight::aws::{self, Credentials};
use ecsight::cli::{Simulate, SimulatedWorld};
use ecsight::config::Settings;
use ecsight::sim::{Options, REGION, Simulator, SimulatorError, World, WorldFileError};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Exit;
use crate::run::complain;
use crate::screen;

/// What the simulator is given as access key and secret; it takes anything.
const KEY: &str = "test";

const SERVICES_A_CLUSTER: usize = 12;

/// Why there is no simulator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}, {source}", path.display())]
    Malformed { path: PathBuf, source: WorldFileError },
}

/// Serves until SIGINT or SIGTERM.
pub(crate) async fn serve(arguments: Simulate) -> Exit {
    let Simulate { listen, clusters, latency_ms, world } = arguments;
    match start(listen, &world, clusters, Duration::from_millis(latency_ms)).await {
        Ok(simulator) => match announce(&simulator, listen).and(interrupted().await) {
            Ok(()) => Exit::Done,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Err(error) => complain(Exit::Usage, &format!("cannot serve: {error}"), None),
        },
        Err(error) => complain(Exit::Usage, &error.to_string(), None),
    }
}

/// What was typed about where to look in the demo. The settings may speak of a real AWS, so they do not count here.
pub(crate) struct Typed {
    pub(crate) cluster: Option<String>,
    pub(crate) service: Option<String>,
}

/// Opens the screen on a simulator of its own, on its first cluster unless another was asked for.
pub(crate) fn demo(wanted: &SimulatedWorld, typed: Typed, mut settings: Settings, calls: &Runtime) -> Exit {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulator = match calls.block_on(start(anywhere, wanted, None, Duration::ZERO)) {
        Ok(simulator) => simulator,
        Err(error) => return complain(Exit::Usage, &error.to_string(), None),
    };
    let clusters = simulator.with_world(|world| world.cluster_names());
    settings.cluster = typed.cluster.or_else(|| clusters.into_iter().next());
    settings.service = typed.service;
    let connection = aws::Settings {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(simulator.endpoint()),
        credentials: Credentials::Fixed { access_key: KEY.to_owned(), secret_key: KEY.to_owned() },
        read_only: settings.read_only,
        ..aws::Settings::default()
    };
    screen::open(connection, settings, Some("demo".to_owned()), calls.handle())
}

/// Starts a simulator with the world that was asked for.
pub(crate) async fn start(
    listen: SocketAddr,
    wanted: &SimulatedWorld,
    clusters: Option<u32>,
    latency: Duration,
) -> Result<Simulator, StartError> {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let clusters = clusters.map(count);
    let options = Options {
        seed: wanted.seed,
        // Who asks for clusters gets a generated world, with some services in each unless their number was given.
        services: wanted.services.map(count).or(clusters.map(|clusters| clusters * SERVICES_A_CLUSTER)),
        clusters,
        latency,
        speed: wanted.speed,
    };
    let world = wanted.world.as_deref().map(|path| read_world(path, wanted.seed)).transpose()?;
    let world = world.unwrap_or_else(|| options.world());
    let simulator = Simulator::start(listen, world, options.clock(), options.latency).await?;
    for injection in &wanted.faults {
        simulator.inject(&injection.operation, injection.fault);
    }
    Ok(simulator)
}

fn read_world(path: &Path, seed: u64) -> Result<World, StartError> {
    let path = || path.to_owned();
    let text = std::fs::read_to_string(path()).map_err(|source| StartError::Unreadable { path: path(), source })?;
    World::from_toml(&text, seed).map_err(|source| StartError::Malformed { path: path(), source })
}

/// Says where it listens, first of all and on stdout for programs, then on stderr how people use it.
fn announce(simulator: &Simulator, listen: SocketAddr) -> io::Result<()> {
    let endpoint = simulator.endpoint();
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {endpoint}").and_then(|()| out.flush())?;
    let mut err = io::stderr().lock();
    if !listen.ip().is_loopback() {
        writeln!(err, "warning: anybody who reaches {listen} can use it; there is no authentication")?;
    }
    let keys = format!("AWS_ACCESS_KEY_ID={KEY} AWS_SECRET_ACCESS_KEY={KEY} AWS_REGION={REGION}");
    writeln!(err, "{keys} ecsight --endpoint-url {endpoint}")?;
    let clusters = simulator.with_world(|world| world.cluster_names());
    let cluster = clusters.first().map_or("default", String::as_str);
    writeln!(err, "{keys} aws ecs list-services --cluster {cluster} --endpoint-url {endpoint}")
}

/// Waits until somebody ends the program.
async fn interrupted() -> io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
