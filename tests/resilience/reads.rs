//! Every read the program uses, broken in every way, from the start and later: the keys work, the screen says what is
//! missing, what was there stays, nothing else suffers, AWS is not pestered, and once it is healed all is well by itself.

use std::time::Duration;

use ecsight::app::message::Msg;
use ecsight::model::call::ErrorKind;
use ecsight::sim::{Application, Blueprint, FaultKind, Launch, World};
use tokio::task::JoinSet;

use crate::shift::{Beginning, Shift};

/// An operation and where on the screen its answers are.
#[derive(Clone, Copy, Debug)]
struct Read {
    /// Its IAM action.
    action: &'static str,
    /// The keys that lead to the place.
    place: &'static str,
    /// What is there when all is well.
    tells: &'static [&'static str],
    /// What stays there when it breaks later.
    keeps: &'static [&'static str],
    /// Something that has to happen in the world before the program has reason to ask again.
    news: Option<fn(&mut World)>,
}

impl Read {
    const fn new(action: &'static str, place: &'static str, tells: &'static [&'static str]) -> Self {
        Self { action, place, tells, keeps: tells, news: None }
    }

    fn operation(&self) -> &'static str {
        self.action.split_once(':').unwrap().1
    }

    /// Asked only while a cluster is being chosen.
    fn is_of_clusters(&self) -> bool {
        self.place == "c"
    }

    /// Without it there are no rows.
    fn is_of_rows(&self) -> bool {
        self.is_of_clusters() || self.operation() == "ListServices"
    }
}

const READS: [Read; 16] = [
    Read::new("ecs:ListClusters", "c", &["• shop", "3 services"]),
    Read::new("ecs:DescribeClusters", "c", &["• shop", "3 services"]),
    Read::new("ecs:ListServices", "1", &["alpha", "beta", "gamma"]),
    Read::new("ecs:DescribeServices", "1", &["✔ alpha", "✔ gamma", "2/2 tasks running"]),
    Read::new("ecs:ListTasks", "2", &["RUNNING", "alpha:5"]),
    Read::new("ecs:DescribeTasks", "2", &["RUNNING", "alpha:5"]),
    Read { news: Some(more_hosts), ..Read::new("ecs:DescribeContainerInstances", "2", &["RUNNING", " i-"]) },
    Read {
        keeps: &["2 replicas", "EC2"],
        news: Some(new_revision),
        ..Read::new("ecs:DescribeTaskDefinition", "9", &["image", "memory 1024 MiB", "2 replicas"])
    },
    Read::new("ecs:ListServiceDeployments", "4", &["History", "successful"]),
    Read::new("ecs:DescribeServiceDeployments", "4", &["History", "successful"]),
    Read::new("elasticloadbalancing:DescribeTargetGroups", "3", &["GET /healthz"]),
    Read::new("elasticloadbalancing:DescribeTargetHealth", "3", &["2/2 healthy"]),
    Read::new("elasticloadbalancing:DescribeLoadBalancers", "3", &["host alpha.example.com"]),
    Read::new("elasticloadbalancing:DescribeListeners", "3", &["host alpha.example.com"]),
    Read::new("elasticloadbalancing:DescribeRules", "3", &["host alpha.example.com"]),
    // Asked once, and what it tells can be had otherwise.
    Read::new("sts:GetCallerIdentity", "1", &["111122223333"]),
];

/// A fault, the kind it is, and after how many seconds at most the program has noticed that it is over.
type Trouble = (FaultKind, ErrorKind, u64);

const FAULTS: [Trouble; 7] = [
    (FaultKind::Throttle, ErrorKind::Throttled, 61),
    (FaultKind::Deny, ErrorKind::Denied, 61),
    (FaultKind::Status(500), ErrorKind::Server, 61),
    (FaultKind::Reset, ErrorKind::Network, 61),
    (FaultKind::ExpiredToken, ErrorKind::ExpiredCredentials, 61),
    (FaultKind::Garbage, ErrorKind::Other, 61),
    (FaultKind::Status(501), ErrorKind::Unavailable, 301),
];
const HANG: Trouble = (FaultKind::Hang, ErrorKind::Timeout, 61);

/// Attempts where no answer comes may take this long: not long, but far longer than an answer takes.
const HANGING: Duration = Duration::from_millis(1_500);
/// One service on hosts and one on Fargate behind a load balancer, and one behind none.
fn world() -> World {
    let mut world = World::empty(1);
    world.add_cluster("shop");
    world.add_container_instance("shop");
    world.add_service("shop", &Blueprint::web("alpha").launched(Launch::Ec2));
    world.add_service("shop", &Blueprint::web("beta"));
    world.add_service("shop", &Blueprint::worker("gamma"));
    world
}

/// A new revision of the service under the cursor.
fn new_revision(world: &mut World) {
    world.deploy("shop", "alpha", &Application::web(8080));
}

/// Tasks of the service under the cursor on a host nobody has looked up yet.
fn more_hosts(world: &mut World) {
    world.add_container_instance("shop");
    world.scale("shop", "alpha", 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_read_may_fail_in_any_way() {
    let mut shifts = JoinSet::new();
    for (place, fault) in FAULTS.into_iter().enumerate() {
        // Throttled, one spends most of the time waiting for the budget: once is enough.
        let throttled = fault.0 == FaultKind::Throttle;
        let then = if throttled { fault } else { FAULTS.get(place + 1).copied().unwrap_or(FAULTS[1]) };
        for read in READS {
            shifts.spawn(BrokenRead::meets(read, fault, then, Duration::from_secs(20)));
        }
    }
    all_well(shifts).await;
}

/// Apart from the others, which would keep this one from noticing in time that answers did come.
#[tokio::test]
async fn any_read_may_hang() {
    let mut shifts = JoinSet::new();
    for read in READS {
        shifts.spawn(BrokenRead::meets(read, HANG, HANG, HANGING));
    }
    all_well(shifts).await;
}

/// Where somebody has to do something first it is asked again after a minute; who has done it need not wait.
#[tokio::test]
async fn who_has_mended_it_asks_at_once() {
    for read in READS.into_iter().filter(|read| !read.is_of_clusters() && read.operation() != "GetCallerIdentity") {
        let why = format!("{} denied and granted", read.action);
        let mut shift = Beginning::default().shift(world()).await;
        shift.simulator.inject(read.operation(), FaultKind::Deny);
        shift.pass(2).await;
        shift.press(read.place).await;
        shift.pass(2).await;
        shift.keys("e<esc>");
        shift.assert_shows(&[read.action], &why);
        shift.simulator.heal_all();
        shift.keys("r");
        shift.answers().await;
        shift.press(read.place).await;
        shift.until_told(read.tells, read.action, 0, &why).await;
    }
}

async fn all_well(mut shifts: JoinSet<()>) {
    let mut failed = 0;
    while let Some(ended) = shifts.join_next().await {
        failed += usize::from(ended.is_err());
    }
    assert_eq!(failed, 0, "what went wrong is above");
}

fn beginning(read: Read, call_timeout: Duration) -> Beginning {
    let cluster = if read.is_of_clusters() { None } else { Some("shop") };
    Beginning { cluster, call_timeout, ..Beginning::default() }
}

struct BrokenRead {
    read: Read,
    shift: Shift,
}

impl BrokenRead {
    async fn meets(read: Read, first: Trouble, then: Trouble, call_timeout: Duration) {
        let mut broken = Self { read, shift: beginning(read, call_timeout).shift(world()).await };
        broken.starts_broken(first).await;
        broken.breaks_later(then).await;
    }

    async fn starts_broken(&mut self, (fault, kind, most): Trouble) {
        let (read, shift) = (self.read, &mut self.shift);
        let why = format!("{} {fault:?} from the start", read.action);
        shift.simulator.inject(read.operation(), fault);
        shift.send(Msg::Tick);
        shift.keys("?");
        shift.assert_shows(&["force a new deployment"], &why);
        shift.keys("<esc>");
        shift.answers().await;
        // Without a cluster the place where clusters are chosen cannot be left for one; with one it is open only while
        // somebody chooses.
        let (chooses, counts) = (read.operation() == "ListClusters", read.operation() == "DescribeClusters");
        shift.keys("s");
        shift.press(if chooses || counts { "" } else { read.place }).await;
        shift.pass(4).await;
        self.is_pinned_until_seen(kind, &why).await;
        if counts {
            self.shift.press(read.place).await;
        }
        self.says_so(kind, &why);
        if !read.is_of_rows() {
            for (key, cursor) in [("j", "beta"), ("k", "alpha")] {
                self.shift.keys(key);
                assert_eq!(self.shift.app.selected_arn().unwrap().name(), cursor, "{why}: {key}");
            }
        }
        let shift = &mut self.shift;
        shift.simulator.heal_all();
        let tells = if chooses { &["alpha", "beta", "gamma"] } else { read.tells };
        shift.until_told(tells, read.action, most, &why).await;
        if counts {
            shift.press("<esc>").await;
        }
        assert!(shift.app.store().identity.value().is_some() || read.operation() == "GetCallerIdentity");
    }

    async fn breaks_later(&mut self, (fault, kind, most): Trouble) {
        let (read, shift) = (self.read, &mut self.shift);
        let why = format!("{} {fault:?} later", read.action);
        shift.press(read.place).await;
        shift.assert_shows(read.tells, &why);
        if read.operation() == "GetCallerIdentity" {
            let is_known = |shift: &Shift| shift.app.store().identity.value().is_some();
            assert!(shift.pass_until(301, is_known).await, "{why}: asked again until it was answered");
            shift.simulator.reset_calls();
            shift.pass(120).await;
            assert_eq!(shift.calls_of(read.operation()), 0, "{why}: never asked again");
            return;
        }
        shift.simulator.inject(read.operation(), fault);
        if let Some(news) = read.news {
            shift.simulator.with_world(news);
        }
        shift.simulator.reset_calls();
        shift.pass(66).await;
        self.is_not_pestered(1, &why);
        self.keeps_what_it_had(&why);
        if read.is_of_clusters() {
            self.shift.press("<esc>").await;
        }
        // What was seen before and is the same again is not pinned again.
        if self.shift.app.errors().notes().iter().any(|note| !note.seen) {
            self.is_pinned_until_seen(kind, &why).await;
        }
        self.shift.press(read.place).await;
        self.keeps_what_it_had(&why);
        self.says_so(kind, &why);
        if !read.is_of_clusters() {
            self.shift.keys("r");
            self.keys_work(&why).await;
            self.shift.answers().await;
            self.shift.press(read.place).await;
            self.keeps_what_it_had(&why);
        }
        // The longer it takes, the less it is asked; one fault may stand for all of them.
        if kind == ErrorKind::Server {
            self.shift.simulator.reset_calls();
            self.shift.pass(180).await;
            self.is_not_pestered(3, &why);
            self.keeps_what_it_had(&why);
        }
        let shift = &mut self.shift;
        shift.simulator.heal_all();
        shift.until_told(read.tells, read.action, most, &why).await;
        shift.assert_hides(&[" old ·", "offline"], &why);
    }

    /// The error stays on the screen, whatever happens, until somebody looks at all errors. No other operation has failed.
    async fn is_pinned_until_seen(&mut self, kind: ErrorKind, why: &str) {
        let (read, shift) = (self.read, &mut self.shift);
        let pinned = format!("{} {}", kind.label(), read.action);
        shift.assert_shows(&[&pinned, "e shows"], why);
        shift.pass(3).await;
        shift.assert_shows(&[&pinned, "e shows"], why);
        for note in shift.app.errors().notes() {
            assert_eq!(note.error.operation.to_string(), read.action, "{why}: nothing else is affected");
        }
        shift.keys("e");
        shift.assert_shows(&[&format!("✖ {pinned}"), "Errors, newest first"], why);
        shift.press("<esc>").await;
        shift.pass(3).await;
        shift.assert_hides(&["e shows"], why);
    }

    /// The place where it belongs says what could not be got, also to who has seen the error.
    fn says_so(&self, kind: ErrorKind, why: &str) {
        if self.read.operation() != "GetCallerIdentity" {
            self.shift.assert_shows(&[self.read.action, kind.label()], why);
        }
    }

    fn keeps_what_it_had(&self, why: &str) {
        self.shift.assert_shows(self.read.keeps, why);
        if !self.read.is_of_clusters() {
            self.shift.assert_shows(&["alpha", "beta", "gamma", "3 services", "111122223333"], why);
        }
    }

    /// Every key does what it does at once, while requests are on their way.
    async fn keys_work(&mut self, why: &str) {
        let shift = &mut self.shift;
        shift.keys("g");
        for (key, name) in [("j", "beta"), ("j", "gamma"), ("k", "beta"), ("g", "alpha")] {
            shift.keys(key);
            let cursor = |line: &str| line.starts_with('>') && line.contains(name);
            let moved = shift.screen().lines().any(cursor);
            assert!(moved, "{why}: {key} leads to {name}\n{}", shift.screen());
            tokio::task::yield_now().await;
        }
        for (key, text) in [
            ("1", "[1 Overview]"),
            ("2", "[2 Tasks]"),
            ("3", "[3 Targets]"),
            ("4", "[4 Deploys]"),
            ("5", "[5 Events]"),
            ("9", "[9 Config]"),
            ("?", "force a new deployment"),
            ("<esc>", "[9 Config]"),
            ("a", "AWS calls, newest first"),
            ("<esc>/bet", "filter: bet"),
            ("<esc>", "gamma"),
        ] {
            shift.keys(key);
            let open = shift.app.selected_service().is_some() || !text.starts_with('[');
            assert!(!open || shift.shows(&[text]), "{why}: {key} shows {text}\n{}", shift.screen());
            tokio::task::yield_now().await;
        }
    }

    /// In so many minutes it was not asked more often than now and then, and neither was anything else.
    fn is_not_pestered(&self, minutes: usize, why: &str) {
        let calls = self.shift.simulator.calls();
        let (of_it, all) = (self.shift.calls_of(self.read.operation()), calls.values().sum::<usize>());
        assert!(
            of_it <= 14 * minutes && all <= 90 * minutes,
            "{why}: {of_it} of {all} in {minutes} minutes, {calls:?}"
        );
    }
}
