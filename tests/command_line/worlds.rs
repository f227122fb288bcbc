//! Small worlds to look at.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ecsight::sim::{Application, Blueprint, Clock, Controller, Simulator, World};

pub const DAY: Duration = Duration::from_hours(24);

/// Two clusters; `shop` has a service behind a load balancer, one without, and one that AWS CodeDeploy rolls out.
pub fn shop() -> World {
    let mut world = World::empty(7);
    world.add_cluster("shop");
    world.add_cluster("shop-staging");
    let mut invoices = Blueprint::worker("invoices").tasks(1).settled(5 * DAY);
    invoices.controller = Controller::CodeDeploy;
    for service in [
        Blueprint::web("storefront").behind("edge").tasks(2).settled(9 * DAY),
        Blueprint::worker("mailer").tasks(1).settled(3 * DAY),
        invoices,
    ] {
        world.add_service("shop", &service);
    }
    world
}

/// One cluster with one service whose application ends after a few seconds, every time.
pub fn crashing() -> World {
    let mut world = World::empty(7);
    world.add_cluster("shop");
    let crashes = Application::worker().ending(Duration::from_secs(5), 1);
    world.add_service("shop", &Blueprint::worker("crasher").tasks(2).running(crashes));
    world
}

/// Serves a world in which time stands still unless the test moves it.
pub async fn still(world: World) -> Simulator {
    serve(world, Clock::Manual).await
}

/// Serves a world in which a minute passes in less than half a second.
pub async fn hurried(world: World) -> Simulator {
    serve(world, Clock::Real { speed: 150.0 }).await
}

async fn serve(world: World, clock: Clock) -> Simulator {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Simulator::start(anywhere, world, clock, Duration::ZERO).await.unwrap()
}
