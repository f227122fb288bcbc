use super::*;
use crate::sim::world::{Service, Task};

/// What there has to be to see in the world of a file.
enum Sign {
    /// An event contains this.
    Event(&'static str),
    /// No event of the last day contains this.
    NoEvent(&'static str),
    /// A stopped task or one of its containers gives a reason that contains this.
    Reason(&'static str),
    /// A container of a stopped task ended with this.
    Exit(i32),
    /// A target is in this state, described like this.
    Target(&'static str, &'static str),
    /// All targets are in this state.
    Targets(&'static str),
    /// So many tasks run.
    Running(usize),
    /// A task wrote a line with this.
    Log(&'static str),
    /// State of the newest service deployment.
    Deployment(&'static str),
}

const SIGNS: &[(&str, &str, &[Sign])] = &[
    ("healthy", "api", &[Sign::Targets("healthy"), Sign::Running(3)]),
    (
        "redirect",
        "api",
        &[Sign::Target("unhealthy", "Health checks failed with these codes: [302]"), Sign::Log("\" 302 ")],
    ),
    (
        "matcher-recently-fixed",
        "api",
        &[Sign::Target("unhealthy", "Health checks failed with these codes: [302]"), Sign::Running(2)],
    ),
    ("redirect-accepted", "api", &[Sign::Targets("healthy"), Sign::Log("\" 302 ")]),
    ("wrong-source-group", "api", &[Sign::Target("unhealthy", "Request timed out")]),
    ("acl-denies-one-subnet", "api", &[Sign::Target("unhealthy", "Request timed out"), Sign::Target("healthy", "")]),
    (
        "endpoint-closed",
        "api",
        &[Sign::Reason("There is a connection issue between the task and Amazon ECR"), Sign::Reason("dial tcp 10.")],
    ),
    ("load-balancer-egress-blocked", "api", &[Sign::Target("unhealthy", "Request timed out")]),
    ("health-check-port-closed", "api", &[Sign::Target("unhealthy", "Request timed out")]),
    (
        "bound-to-loopback",
        "api",
        &[Sign::Target("unhealthy", "Health checks failed"), Sign::Log("Listening on http://127.0.0.1:8080")],
    ),
    ("target-group-port", "api", &[Sign::Targets("healthy")]),
    (
        "zone-not-enabled",
        "api",
        &[Sign::Target("unused", "Target is in an Availability Zone that is not enabled for the load balancer")],
    ),
    (
        "rolling-deployment",
        "api",
        &[
            Sign::Target("draining", "Target deregistration is in progress"),
            Sign::Target("healthy", ""),
            Sign::Deployment("IN_PROGRESS"),
            Sign::NoEvent("is unhealthy"),
        ],
    ),
    ("grace-too-short", "api", &[Sign::Reason("Task failed ELB health checks in"), Sign::Exit(137)]),
    (
        "scaling-activity-stop",
        "api",
        &[Sign::Reason("Scaling activity initiated by (deployment ecs-svc/"), Sign::Exit(137)],
    ),
    (
        "out-of-memory",
        "resizer",
        &[Sign::Reason("OutOfMemoryError: Container killed due to memory usage"), Sign::Exit(137)],
    ),
    ("killed-with-memory-to-spare", "resizer", &[Sign::Reason("Essential container in task exited"), Sign::Exit(137)]),
    (
        "min-max-deadlock",
        "api",
        &[Sign::Event("because of the service deployment configuration"), Sign::Deployment("IN_PROGRESS")],
    ),
    ("paused-at-hook", "api", &[Sign::Deployment("IN_PROGRESS"), Sign::Running(2), Sign::Targets("healthy")]),
    ("registry-unreachable", "api", &[Sign::Reason("dial tcp 10.0.3.7:443: i/o timeout")]),
    ("desired-zero", "seasonal", &[Sign::Running(0)]),
    ("past-trouble", "api", &[Sign::NoEvent("is unhealthy"), Sign::Event("[503]"), Sign::Targets("healthy")]),
    ("image-missing", "api", &[Sign::Reason("CannotPullContainerError"), Sign::Reason(": not found")]),
    ("image-wrong-platform", "api", &[Sign::Reason("does not contain descriptor matching platform 'linux/amd64'")]),
    ("exec-format-error", "worker", &[Sign::Exit(255), Sign::Log("exec format error")]),
    (
        "secret-missing",
        "worker",
        &[Sign::Reason("worker/api-key-a1B2c3 from secrets manager: ResourceNotFoundException")],
    ),
    ("log-group-missing", "worker", &[Sign::Reason("The specified log group does not exist.")]),
    ("crash-loop", "worker", &[Sign::Exit(1), Sign::Log("KeyError: 'QUEUE_URL'")]),
    ("container-check-fails", "worker", &[Sign::Reason("Task failed container health checks")]),
    ("spot-interruption", "thumbnails", &[Sign::Reason("Your Spot Task was interrupted."), Sign::Running(3)]),
    ("no-room-memory", "search", &[Sign::Event("has insufficient memory available"), Sign::Running(2)]),
    ("no-room-port", "proxy", &[Sign::Event("is already using a port required by your task"), Sign::Running(0)]),
    ("agent-disconnected", "search", &[Sign::Event("encountered error \"AGENT\""), Sign::Running(0)]),
    ("scaling-at-maximum", "api", &[Sign::Running(4), Sign::Targets("healthy")]),
    (
        "deployment-alarm",
        "api",
        &[Sign::Event("deployment failed: alarm detected."), Sign::Deployment("ROLLBACK_SUCCESSFUL")],
    ),
    (
        "rolled-back",
        "api",
        &[Sign::Event("deployment failed: tasks failed to start."), Sign::Deployment("ROLLBACK_SUCCESSFUL")],
    ),
    ("code-deploy", "invoices", &[Sign::Running(2), Sign::Event("(service invoices, taskSet ecs-svc/")]),
    ("external-controller", "invoices", &[Sign::Running(2)]),
];

fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/worlds")
}

fn load(name: &str, seed: u64) -> World {
    let text = std::fs::read_to_string(folder().join(format!("{name}.toml"))).unwrap();
    World::from_toml(&text, seed).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn targets(world: &World, service: &Service) -> Vec<(&'static str, String)> {
    let group = &world.load_balancing.target_groups[&service.bindings[0].target_group];
    let told = |target: &crate::sim::world::load_balancing::Target| {
        (target.state.name(), target.state.reason().map(|(_, description)| description).unwrap_or_default())
    };
    group.targets.values().map(told).collect()
}

fn shows(world: &World, service: &Service, sign: &Sign) -> Result<(), String> {
    let events = || service.events.iter().map(|event| event.message.clone()).collect::<Vec<_>>();
    let stopped = || service.all_tasks().filter(|task| !task.is_wanted());
    let check = |holds: bool, seen: String| if holds { Ok(()) } else { Err(seen) };
    match sign {
        Sign::Event(text) => {
            check(events().iter().any(|event| event.contains(text)), format!("{text}: {:#?}", events()))
        }
        Sign::NoEvent(text) => {
            let yesterday = world.now - std::time::Duration::from_hours(24);
            let mut lately = service.events.iter().filter(|event| event.at > yesterday);
            check(!lately.any(|event| event.message.contains(text)), format!("{text}: {:#?}", events()))
        }
        Sign::Reason(text) => {
            let reasons: Vec<_> = stopped()
                .flat_map(|task: &Task| {
                    let of_task = task.stop.as_ref().map(|(_, reason)| reason.clone());
                    of_task.into_iter().chain(task.containers.iter().filter_map(|container| container.reason.clone()))
                })
                .collect();
            check(reasons.iter().any(|reason| reason.contains(text)), format!("{text}: {reasons:#?}"))
        }
        Sign::Exit(code) => {
            let codes: Vec<_> =
                stopped().flat_map(|task| &task.containers).map(|container| container.exit_code).collect();
            check(codes.contains(&Some(*code)), format!("{code}: {codes:?}"))
        }
        Sign::Target(state, description) => {
            let seen = targets(world, service);
            check(seen.contains(&(*state, (*description).to_owned())), format!("{state}: {seen:?}"))
        }
        Sign::Targets(state) => {
            let seen = targets(world, service);
            check(!seen.is_empty() && seen.iter().all(|(seen, _)| seen == state), format!("{state}: {seen:?}"))
        }
        Sign::Running(count) => check(service.running() == *count, format!("{} run", service.running())),
        Sign::Log(text) => {
            let lines: Vec<_> = service.all_tasks().flat_map(|task| world.log(task, 0)).map(|line| line.text).collect();
            check(lines.iter().any(|line| line.contains(text)), format!("{text}: {lines:#?}"))
        }
        Sign::Deployment(status) => {
            let seen = service.history[0].status.name();
            check(seen == *status, seen.to_owned())
        }
    }
}

#[test]
fn every_world_shows_what_it_is_named_after() {
    let mut wrong = Vec::new();
    for (name, service, signs) in SIGNS {
        for seed in 1..=3 {
            let world = load(name, seed);
            let found = world.clusters[0].service(service).unwrap();
            let missing = signs.iter().filter_map(|sign| shows(&world, found, sign).err());
            wrong.extend(missing.map(|seen| format!("{name}, seed {seed}: {seen}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_is_tested() {
    let files = std::fs::read_dir(folder()).unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".toml").map(str::to_owned)
    });
    let untested: Vec<String> = files.filter(|name| !SIGNS.iter().any(|(tested, ..)| tested == name)).collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let service = "[[service]]\nname = \"api\"\n";
    for (text, line, message) in [
        ("colour = 1\n", 1, "unknown field `colour`"),
        ("[run]\nwarm_up = \"soon\"\n", 2, "`soon` is no length of time"),
        ("[run]\nwarm_up = 5\n", 2, "a length of time"),
        ("[[service]]\nname = \"api\"\ngrase = \"5s\"\n", 3, "unknown field `grase`"),
        ("[[service]]\nname = \"api\"\ncluster = \"x\"\n", 3, "there is no cluster x"),
        ("[[service]]\nname = \"api\"\nlaunch = \"moon\"\n", 3, "unknown variant `moon`"),
        ("[[service]]\ndesired = 1\n", 1, "missing field `name`"),
        ("[[service]]\nname = \"a\"\n[[service]]\nname = \"a\"\n", 4, "two services a"),
        ("[[service]]\nname = \"a\"\nsecurity_groups = [\"sg-1\"]\n", 3, "there is no security group sg-1"),
        ("[[security_group]]\nid = \"sg-1\"\ningress = [{ ports = \"x\", peer = \"sg-1\" }]\n", 3, "ports are written"),
        ("[[service]]\nname = \"a\"\napplication.kind = \"worker\"\nload_balancer = {}\n", 4, "listens nowhere"),
        (&format!("{service}[[change]]\nago = \"1m\"\nredeploy.service = \"api\"\n"), 4, "does not run ahead"),
        (&format!("{service}[[change]]\nago = \"0s\"\nredeploy.service = \"web\"\n"), 5, "there is no service web"),
        (&format!("{service}[[change]]\nago = \"0s\"\n"), 4, "exactly one thing"),
    ] {
        let error = World::from_toml(text, 1).unwrap_err();
        assert!(error.message.contains(message), "{text}: {error}");
        assert_eq!(error.line, line, "{text}: {error}");
    }
}

#[test]
fn the_same_file_and_seed_make_the_same_world() {
    let tell = |world: &World| format!("{:?}", world.clusters);
    assert_eq!(tell(&load("grace-too-short", 3)), tell(&load("grace-too-short", 3)));
}
