//! Worlds of any size: services with plausible names, most of them healthy.

use std::time::Duration;

use super::World;
use super::application::Application;
use super::blueprint::Blueprint;
use super::load_balancing::HealthCheck;
use super::moment::Moment;

const SUBJECTS: [&str; 20] = [
    "account",
    "basket",
    "billing",
    "campaign",
    "catalogue",
    "customer",
    "delivery",
    "discount",
    "invoice",
    "loyalty",
    "mailing",
    "order",
    "pricing",
    "product",
    "refund",
    "returns",
    "review",
    "shipping",
    "stock",
    "wishlist",
];
const KINDS: [&str; 6] = ["api", "web", "worker", "admin", "export", "import"];

/// Rules of one listener; above that another load balancer is made.
const SERVICES_BEHIND_A_LOAD_BALANCER: usize = 80;

const ONE_IN_SO_MANY_IS_BROKEN: usize = 15;

impl World {
    /// A world of `services` services spread over `clusters` clusters (`cluster-1` …). About one in fifteen is broken in
    /// one of four ways; the rest is healthy.
    pub fn of_size(seed: u64, services: usize, clusters: usize) -> Self {
        let clusters = clusters.max(1);
        // Two minutes are enough for the broken ones to show what they are.
        let history = Duration::from_secs(150);
        let mut world = Self::starting_at(Moment::MONDAY_NIGHT - history, seed);
        for number in 1..=clusters {
            world.add_cluster(&format!("cluster-{number}"));
        }
        for number in 0..services {
            let cluster = format!("cluster-{}", number % clusters + 1);
            let mut blueprint = world.nth_service(number);
            let broken = (number % ONE_IN_SO_MANY_IS_BROKEN == 7).then(|| broken(&blueprint, number));
            // Without a circuit breaker it stays broken.
            blueprint.circuit_breaker.enable = broken.is_none();
            world.add_service(&cluster, &blueprint);
            if let Some(broken) = broken {
                world.deploy(&cluster, &blueprint.name, &broken);
            }
        }
        world.advance(history);
        world
    }

    /// A world of one cluster with exactly so many healthy services of two tasks each, `service-1` and so on. For tests that
    /// count.
    pub fn healthy(seed: u64, cluster: &str, services: usize) -> Self {
        let mut world = Self::empty(seed);
        world.add_cluster(cluster);
        for number in 1..=services {
            let balancer = format!("shared-{}", number / SERVICES_BEHIND_A_LOAD_BALANCER + 1);
            world.add_service(cluster, &Blueprint::web(&format!("service-{number}")).behind(&balancer));
        }
        world
    }

    fn nth_service(&mut self, number: usize) -> Blueprint {
        let of = |list: &[&'static str], place: usize| list.get(place % list.len()).copied().unwrap_or_default();
        let (subject, kind) = (of(&SUBJECTS, number / KINDS.len()), of(&KINDS, number));
        let round = number / (SUBJECTS.len() * KINDS.len());
        let name = if round == 0 { format!("{subject}-{kind}") } else { format!("{subject}-{kind}-{}", round + 1) };
        let tasks = 1 + self.ids().below(4);
        let days = self.ids().seconds(1, 60) * 24 * 3600;
        let blueprint = match kind {
            "api" | "web" | "admin" => Blueprint::web(&name)
                .behind(&format!("shared-{}", number / SERVICES_BEHIND_A_LOAD_BALANCER + 1))
                .checked(HealthCheck::http("/healthz").every(Duration::from_secs(30))),
            _ => Blueprint::worker(&name),
        };
        blueprint.tasks(tasks).settled(days)
    }
}

/// One of four ways to be broken.
fn broken(blueprint: &Blueprint, number: usize) -> Application {
    let fine = blueprint.application.clone();
    match (number / ONE_IN_SO_MANY_IS_BROKEN) % 4 {
        0 => fine.ending(Duration::from_secs(12), 1),
        1 if fine.listens.is_some() => fine.answering("/healthz", 503),
        2 if fine.listens.is_some() => fine.on_loopback(),
        _ => fine.without_image(&format!(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {}:6: not found",
            blueprint.name
        )),
    }
}
