//! `ecsight simulate` serves the simulated AWS for others, `ecsight demo` opens the screen on it.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::arguments::{Simulate, SimulatedWorld};
use super::exit::Exit;
use super::run::complain;
use crate::sim::{Clock, Simulator, SimulatorError, World};

/// What the simulator takes as credentials: anything.
pub(super) const ACCESS_KEY: &str = "test";
/// Where the simulated world is.
pub(super) const REGION: &str = "eu-west-1";

/// Clusters of a large world when nobody says how many.
const CLUSTERS: usize = 2;

/// Serves until SIGINT or SIGTERM.
pub(super) async fn serve(arguments: Simulate) -> Exit {
    let Simulate { listen, clusters, latency_ms, world } = arguments;
    match start(listen, &world, clusters, Duration::from_millis(latency_ms)).await {
        Ok(simulator) => match announce(&simulator, listen).and(interrupted().await) {
            Ok(()) => Exit::Done,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Err(error) => complain(Exit::Usage, &format!("cannot serve: {error}"), None),
        },
        Err(error) => complain(Exit::Usage, &format!("cannot listen on {listen}: {error}"), None),
    }
}

/// Starts a simulator with the world that was asked for.
pub(super) async fn start(
    listen: SocketAddr,
    wanted: &SimulatedWorld,
    clusters: Option<u32>,
    latency: Duration,
) -> Result<Simulator, SimulatorError> {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let world = match (wanted.services, clusters) {
        (None, None) => World::demo(wanted.seed),
        (services, clusters) => {
            let clusters = clusters.map_or(CLUSTERS, count);
            World::of_size(wanted.seed, services.map_or(clusters * 10, count), clusters)
        }
    };
    let simulator = Simulator::start(listen, world, Clock::Real { speed: wanted.speed }, latency).await?;
    for injection in &wanted.faults {
        simulator.inject(&injection.operation, injection.fault);
    }
    Ok(simulator)
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
    let keys = format!("AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={ACCESS_KEY} AWS_REGION={REGION}");
    writeln!(err, "{keys} ecsight --endpoint-url {endpoint}")?;
    writeln!(err, "{keys} aws ecs list-services --cluster shop-prod --endpoint-url {endpoint}")
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
