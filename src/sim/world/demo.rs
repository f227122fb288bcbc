//! The world of the demo: a small shop at three in the morning. Two clusters, some twenty services; every kind of trouble
//! has one service, and the rest is as quiet as it should be.
//!
//! The world begins 36 minutes early, everything settled. Then people make their mistakes one after the
//! other, and the physics do the rest.

use std::time::Duration;

use super::World;
use super::application::{Application, OnSigterm};
use super::blueprint::{Blueprint, Front};
use super::construction::LOAD_BALANCER_GROUP;
use super::load_balancing::HealthCheck;
use super::moment::Moment;
use super::network::{Peer, SecurityGroup};
use super::service::{CircuitBreaker, Controller, Launch};

/// How far the load of the shop swings over the day, in percent.
const SWING: u32 = 40;

const PRODUCTION: &str = "shop-prod";
const STAGING: &str = "shop-staging";

/// The security group of roles-api, which trusts a group that no load balancer carries any more.
const ROLES_GROUP: &str = "sg-0b7e5a1c9d3f28e64";
/// The group that the load balancers carried once.
const OLD_LOAD_BALANCER_GROUP: &str = "sg-01d4c8b6f7a2e9053";

/// What people did, and how many seconds before the start.
type Mistake = (u64, fn(&mut World));

const MISTAKES: &[Mistake] = &[
    (34 * 60, deploy_image_resizer),
    (33 * 60, deploy_recommendations),
    (31 * 60, deploy_roles_api),
    (25 * 60, deploy_payments),
    (20 * 60, deploy_notifications),
    (12 * 60, deploy_messenger_web),
    (45, deploy_checkout),
    (20, deploy_promotions),
];

impl World {
    /// The world of the demo at the moment the page comes in.
    pub fn demo(seed: u64) -> Self {
        let history = Duration::from_mins(36);
        let mut world = Self::starting_at(Moment::MONDAY_NIGHT - history, seed);
        world.add_cluster(PRODUCTION);
        world.add_cluster(STAGING);
        let front = [80, 443, 1883].into_iter().fold(SecurityGroup::new(LOAD_BALANCER_GROUP), |group, port| {
            group.letting_in(port..=port, Peer::anywhere())
        });
        world.add_security_group(front.named("load-balancers"));
        for id in [ROLES_GROUP, OLD_LOAD_BALANCER_GROUP] {
            let trusting_today = Peer::Group(LOAD_BALANCER_GROUP.to_owned());
            world.add_security_group(SecurityGroup::new(id).letting_in(8080..=8080, trusting_today));
        }
        for _ in 0..3 {
            world.add_container_instance(PRODUCTION);
        }
        for blueprint in production() {
            world.add_service(PRODUCTION, &blueprint);
        }
        for blueprint in staging() {
            world.add_service(STAGING, &blueprint);
        }
        set_alarms(&mut world);
        let mut left = history;
        for (before, mistake) in MISTAKES {
            let before = Duration::from_secs(*before);
            world.advance(left.saturating_sub(before));
            left = before;
            mistake(&mut world);
        }
        world.advance(left);
        world
    }
}

fn set_alarms(world: &mut World) {
    let mut set = |name: &str, service: &str, metric: [&str; 2], threshold: f64| {
        world.set_alarm(name, (PRODUCTION, service), metric, threshold);
    };
    set("warehouse-memory-high", "warehouse", ["MemoryUtilization", "Average"], 85.0);
    set("messenger-web-unhealthy-hosts", "messenger-web", ["UnHealthyHostCount", "Maximum"], 0.0);
    set("accounts-5xx", "accounts", ["HTTPCode_Target_5XX_Count", "Sum"], 10.0);
    set("accounts-cpu-high", "accounts", ["CPUUtilization", "Average"], 80.0);
    set("shop-elb-5xx", "accounts", ["HTTPCode_ELB_5XX_Count", "Sum"], 50.0);
}

fn days(days: u64) -> Duration {
    Duration::from_hours(days * 24)
}

fn web(name: &str) -> Blueprint {
    let mut blueprint = Blueprint::web(name).behind("shop");
    if let Some(front) = &mut blueprint.front {
        front.hosts = vec![format!("{name}.shop.example.com")];
        front.health_check = HealthCheck::http("/healthz").every(Duration::from_secs(15));
    }
    blueprint.application = blueprint.application.swinging(SWING);
    blueprint.environment.push(("API_TOKEN".to_owned(), format!("demo-token-of-{name}")));
    blueprint
}

/// Behind a path of the shop's own host name.
fn below(name: &str, path: &str) -> Blueprint {
    let mut blueprint = web(name);
    if let Some(front) = &mut blueprint.front {
        front.hosts = vec!["www.shop.example.com".to_owned()];
        front.paths = vec![path.to_owned(), format!("{path}/*")];
    }
    blueprint
}

/// No safety net: a rollout that fails goes on failing.
fn unguarded(mut blueprint: Blueprint) -> Blueprint {
    blueprint.circuit_breaker = CircuitBreaker { enable: false, rollback: false };
    blueprint
}

fn with_minimum(mut blueprint: Blueprint, percent: usize) -> Blueprint {
    blueprint.minimum_healthy_percent = percent;
    blueprint
}

fn production() -> Vec<Blueprint> {
    let mut roles_api = unguarded(with_minimum(below("roles-api", "/api/roles"), 0)).revision("roles", 7);
    roles_api.security_groups = vec![ROLES_GROUP.to_owned()];
    let mut recommendations = unguarded(with_minimum(below("recommendations", "/api/recommendations"), 50));
    recommendations.grace = Duration::from_secs(30);
    let mut invoices = below("invoices", "/invoices").revision("invoices", 12).settled(days(6));
    invoices.controller = Controller::CodeDeploy;
    // Two more than desired at once: a rollout takes its time.
    let mut checkout = below("checkout", "/checkout").tasks(8).revision("co", 76).settled(days(2));
    checkout.maximum_percent = 125;
    checkout.application = checkout.application.chatting(40, true);
    let mut accounts = below("accounts", "/accounts").with_sidecar("aws-for-fluent-bit").revision("acc", 5);
    accounts.application = accounts.application.chatting(60, true);
    let mut catalogue = below("catalogue", "/api/catalogue").checking_itself("/healthz").tasks(5).revision("cat", 88);
    catalogue.application = catalogue.application.chatting(30, false);
    vec![
        unguarded(with_minimum(web("messenger-web"), 0))
            .tasks(4)
            .revision("web", 30)
            .checked(HealthCheck::http("/").every(Duration::from_secs(30)))
            .settled(days(5)),
        roles_api.settled(days(40)),
        below("warehouse", "/api/stock")
            .tasks(6)
            .revision("wh", 112)
            .sized(1024, 2048)
            .running(Application::web(8080).using_memory(1803, 0).swinging(SWING))
            .settled(days(3)),
        checkout,
        accounts.settled(days(9)),
        unguarded(below("payments", "/api/payments")).tasks(3).revision("pay", 41).settled(days(11)),
        unguarded(with_minimum(Blueprint::worker("notifications"), 0)).revision("notify", 18).settled(days(1)),
        unguarded(Blueprint::worker("image-resizer")).sized(512, 512).revision("resizer", 7).settled(days(4)),
        recommendations.revision("recommend", 22).settled(days(8)),
        Blueprint::worker("search-index")
            .tasks(5)
            .sized(512, 4096)
            .revision("search", 3)
            .launched(Launch::Ec2)
            .unsettled(),
        Blueprint::worker("mailer").tasks(3).revision("mailer", 64).settled(days(17)),
        Blueprint::worker("seasonal-banner").tasks(0).revision("banner", 2).settled(days(70)),
        network_gateway(),
        below("legacy-cms", "/cms").tasks(4).sized(256, 512).revision("cms", 9).launched(Launch::Ec2).settled(days(30)),
        invoices,
        Blueprint::worker("thumbnails").tasks(4).revision("thumbs", 15).launched(Launch::FargateSpot).settled(days(2)),
        below("promotions", "/api/promotions").tasks(3).revision("promo", 51).settled(days(7)),
        catalogue.settled(days(13)),
    ]
}

/// Devices talk MQTT to it, through a network load balancer that only looks whether the port is open.
fn network_gateway() -> Blueprint {
    let mut gateway = Blueprint::worker("mqtt-gateway").tasks(3).revision("mqtt", 4).settled(days(21));
    gateway.application = Application::web(1883);
    gateway.front = Some(Front::network("devices"));
    gateway
}

fn staging() -> Vec<Blueprint> {
    let staged = |name: &str| web(name).behind("shop-staging").tasks(1);
    vec![
        staged("messenger-web").revision("staging-web", 44).settled(days(1)),
        staged("checkout").revision("staging-co", 102).settled(days(1)),
        staged("accounts").revision("staging-acc", 9).settled(days(15)),
        staged("catalogue").revision("staging-cat", 131).settled(days(4)),
        // Starts, but listens where nobody can hear it.
        unguarded(staged("feature-preview"))
            .checking_itself("/healthz")
            .revision("preview", 3)
            .running(Application::web(8080).on_loopback())
            .unsettled(),
    ]
}

/// The image grows its cache until the kernel steps in.
fn deploy_image_resizer(world: &mut World) {
    world.deploy(PRODUCTION, "image-resizer", &Application::worker().using_memory(300, 150));
}

/// The model is loaded before the port is opened, which takes longer than the grace period allows.
fn deploy_recommendations(world: &mut World) {
    let application =
        Application::web(8080).swinging(SWING).starting_for(Duration::from_secs(92)).on_sigterm(OnSigterm::Ignore);
    world.deploy(PRODUCTION, "recommendations", &application);
}

/// Somebody tidied up: the tasks' security group now trusts the load balancers' old group.
fn deploy_roles_api(world: &mut World) {
    let trusting_yesterday = Peer::Group(OLD_LOAD_BALANCER_GROUP.to_owned());
    world.add_security_group(SecurityGroup::new(ROLES_GROUP).letting_in(8080..=8080, trusting_yesterday));
    world.deploy(PRODUCTION, "roles-api", &Application::web(8080).swinging(SWING));
}

/// The pipeline deployed before it pushed.
fn deploy_payments(world: &mut World) {
    let image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/payments:42";
    world.deploy(
        PRODUCTION,
        "payments",
        &Application::web(8080).without_image(&format!(
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {image}: {image}: \
             not found"
        )),
    );
}

/// A setting is missing, the program says so and ends.
fn deploy_notifications(world: &mut World) {
    world.deploy(PRODUCTION, "notifications", &Application::worker().ending(Duration::from_secs(18), 1));
}

/// The front page now redirects to the login page.
fn deploy_messenger_web(world: &mut World) {
    world.deploy(PRODUCTION, "messenger-web", &Application::web(8080).swinging(SWING).answering("/", 302));
}

/// Nothing wrong with this one.
fn deploy_checkout(world: &mut World) {
    world.deploy(PRODUCTION, "checkout", &Application::web(8080).swinging(SWING).chatting(40, true));
}

/// Cannot reach its new database; the circuit breaker will take care of it.
fn deploy_promotions(world: &mut World) {
    world.deploy(PRODUCTION, "promotions", &Application::web(8080).swinging(SWING).answering("/healthz", 500));
}
