use super::*;
use crate::diagnose::catalogue::Bearing;
use crate::diagnose::finding::Severity;
use crate::diagnose::fixtures::{Case, ServiceFixture, at, container, definition, running_task, service, stopped_task};
use crate::model::arn::ClusterName;
use crate::model::observation::{Sample, Utilization};
use crate::model::query::{Answer, Query};
use crate::model::secret::Secret;
use crate::model::service::{SchedulingStrategy, Service, ServiceConnect};
use crate::model::task::{ContainerHealth, ManagedAgent, Task};
use crate::model::task_definition::{ContainerHealthCheck, EnvironmentSource, EnvironmentVariable, TaskDefinition};

/// Four tasks of `web:30` behind a load balancer, nothing to be said about them.
fn calm() -> Case {
    Case::new(service("web", 4)).definition(definition(30))
}

fn with_definition(change: impl FnOnce(&mut TaskDefinition)) -> Case {
    let mut revision = definition(30);
    change(&mut revision);
    Case::new(service("web", 4)).definition(revision)
}

fn with_service(change: impl FnOnce(&mut Service)) -> Case {
    let mut case = calm();
    change(&mut case.service);
    case
}

fn with_variable(name: &str, source: EnvironmentSource) -> Case {
    with_definition(|revision| {
        revision.containers[0].environment = vec![EnvironmentVariable { name: name.to_owned(), source }];
    })
}

fn literal(value: &str) -> EnvironmentSource {
    EnvironmentSource::Literal(Secret::new(value))
}

fn with_task(change: impl FnOnce(&mut Task)) -> Case {
    let mut task = running_task("ecs-svc/1", "10.0.0.1", at(100));
    change(&mut task);
    calm().tasks(vec![task])
}

fn connect(names: &[&str]) -> ServiceConnect {
    let port_names = names.iter().map(|name| (*name).to_owned()).collect();
    ServiceConnect { enabled: true, namespace: Some("shop".to_owned()), port_names }
}

#[test]
fn advice_about_a_revision() {
    let reference = EnvironmentSource::Reference("arn:aws:secretsmanager:r:1:secret:db".to_owned());
    let check = ContainerHealthCheck {
        command: vec!["CMD".to_owned(), "true".to_owned()],
        interval_seconds: 30,
        timeout_seconds: 5,
        retries: 3,
        start_period_seconds: None,
    };
    let alone = |mut case: Case| {
        case.service.load_balancers.clear();
        case
    };
    for (what, case, expected) in [
        ("nothing", calm(), None),
        ("a password", with_variable("DB_PASSWORD", literal("hunter2")), Some("plaintext-secret-in-env")),
        ("an empty password", with_variable("DB_PASSWORD", literal("")), None),
        ("a password elsewhere", with_variable("DB_PASSWORD", reference), None),
        ("where the secret is", with_variable("DB_SECRET", literal("arn:aws:secretsmanager:r:1:secret:db")), None),
        ("an address", with_variable("TOKEN_URL", literal("https://login.example/token")), None),
        (
            "an address with a password",
            with_variable("DB_CONNECTION_STRING", literal("postgres://u:p@db/x")),
            Some("plaintext-secret-in-env"),
        ),
        ("a harmless variable", with_variable("PORT", literal("8080")), None),
        ("no logs", with_definition(|revision| revision.containers[0].logs = None), Some("no-log-configuration")),
        (
            "no logs of a sidecar",
            with_definition(|revision| {
                revision.containers[0].logs = None;
                revision.containers[0].essential = false;
            }),
            None,
        ),
        (
            "latest",
            with_definition(|revision| revision.containers[0].image = "nginx:latest".to_owned()),
            Some("image-latest-tag"),
        ),
        ("no check at all", alone(calm()), Some("no-container-or-lb-healthcheck")),
        (
            "a check of its own",
            alone(with_definition(|revision| revision.containers[0].health_check = Some(check))),
            None,
        ),
    ] {
        assert_eq!(case.ids(&FAMILY), expected.into_iter().collect::<Vec<_>>(), "{what}");
        assert!(case.find(&FAMILY).iter().all(|finding| finding.bearing == Bearing::Hygiene), "{what}");
    }
}

#[test]
fn values_of_the_environment_are_never_shown() {
    let findings = with_variable("API_TOKEN", literal("hunter2-token")).find(&FAMILY);
    let text = serde_json::to_string(&findings).unwrap();
    assert!(text.contains("API_TOKEN") && !text.contains("hunter2"));
}

#[test]
fn advice_about_a_service() {
    let in_zone = |address: &str, zone: &str| {
        let mut task = running_task("ecs-svc/1", address, at(100));
        task.availability_zone = Some(zone.to_owned());
        task
    };
    let zones = |zones: [&str; 2], subnets: &[&str]| {
        let mut case = with_service(|service| {
            let network = crate::model::service::NetworkConfiguration {
                subnets: subnets.iter().map(|zone| format!("subnet-{zone}")).collect(),
                ..Default::default()
            };
            service.network = Some(network);
        });
        let of = |zone: &&str| crate::model::network::Subnet {
            id: format!("subnet-{zone}"),
            vpc: None,
            availability_zone: Some((*zone).to_owned()),
            cidrs: Vec::new(),
            available_addresses: None,
        };
        let query = Query::Subnets { subnets: case.facts().wanted_subnets() };
        case = case.with(query, Answer::Subnets(subnets.iter().map(of).collect()));
        case.tasks(vec![in_zone("10.0.0.1", zones[0]), in_zone("10.0.0.2", zones[1])])
    };
    let one = Case::new(service("web", 1)).definition(definition(30));
    let old = |version: &str| with_task(|task| task.platform_version = Some(version.to_owned()));
    let silent = || {
        let mut revision = definition(30);
        revision.operating_system = None;
        revision
    };
    let managed = with_service(|service| service.resource_management = Some("ECS".to_owned()));
    let daemon = |running| {
        with_service(|service| {
            service.scheduling = SchedulingStrategy::Daemon;
            service.running = running;
        })
    };
    for (what, case, expected) in [
        ("one task", one, Some("single-task-no-ha")),
        ("one zone of two", zones(["a", "a"], &["a", "b"]), Some("single-task-no-ha")),
        ("two zones", zones(["a", "b"], &["a", "b"]), None),
        ("one zone of one", zones(["a", "a"], &["a"]), None),
        ("an old platform", old("1.3.0"), Some("platform-version-old")),
        ("the platform of today", old("1.4.0"), None),
        (
            "an old platform and no word about the system",
            old("1.3.0").definition(silent()),
            Some("platform-version-old"),
        ),
        ("a platform nobody knows", old("LATEST"), None),
        ("managed", managed, Some("express-gateway-managed")),
        ("a daemon that misses an instance", daemon(3), Some("daemon-max-percent")),
        ("a daemon everywhere", daemon(4), None),
    ] {
        assert_eq!(case.ids(&FAMILY), expected.into_iter().collect::<Vec<_>>(), "{what}");
    }
}

#[test]
fn exec_is_judged_only_where_it_is_wanted() {
    let agent = |status: &str| ManagedAgent {
        name: "ExecuteCommandAgent".to_owned(),
        status: Some(status.to_owned()),
        reason: Some("timed out\u{7}".to_owned()),
    };
    let enabled = |service_has: bool, task_has: bool, status: &str| {
        let mut case = with_task(|task| {
            task.execute_command = task_has;
            task.containers[0].agents = vec![agent(status)];
        });
        case.service.execute_command = service_has;
        case
    };
    for (what, case, expected) in [
        ("not wanted", enabled(false, false, "STOPPED"), None),
        ("the task is older", enabled(true, false, "RUNNING"), Some("exec-not-enabled")),
        ("the agent is dead", enabled(true, true, "STOPPED"), Some("exec-agent-not-running")),
        ("all runs", enabled(true, true, "RUNNING"), None),
    ] {
        assert_eq!(case.ids(&FAMILY), expected.into_iter().collect::<Vec<_>>(), "{what}");
    }
}

#[test]
fn load_needs_a_quarter_of_an_hour() {
    let loaded = |percent: f64, figures: i64| {
        let query = Query::Utilization { cluster: ClusterName::new("shop"), service: calm().service.arn };
        let memory = (0..figures).map(|minute| Sample { at: at(minute * 60), value: percent }).collect();
        calm().with(query, Answer::Utilization(Box::new(Utilization { memory, ..Utilization::default() })))
    };
    for (percent, figures, expected) in [
        (93.0, 15, Some("cpu-memory-near-limit")),
        (93.0, 4, None),
        (70.0, 15, None),
        (90.0, 10, Some("cpu-memory-near-limit")),
    ] {
        assert_eq!(
            loaded(percent, figures).ids(&FAMILY),
            expected.into_iter().collect::<Vec<_>>(),
            "{percent} {figures}"
        );
    }
    assert_eq!(loaded(93.0, 15).find(&FAMILY)[0].bearing, Bearing::Present);
}

#[test]
fn roles_and_namespaces_count_while_they_are_of_the_present() {
    let changed = "IAM trust relationship has been misconfigured or changed.";
    let linked = "was unable to assume the service linked role.";
    let namespace = "NamespaceNotFoundException: no namespace shop";
    let steady = "has reached a steady state.";
    let event = |messages: &[(i64, &str)]| {
        let mut case = calm();
        case.service = case.service.events(messages);
        case
    };
    for (what, case, expected) in [
        ("the linked role", event(&[(900, linked)]), Some("service-linked-role-missing")),
        ("steady since", event(&[(950, steady), (900, linked)]), None),
        ("a namespace", event(&[(900, namespace)]), Some("namespace-missing")),
        ("a namespace, long ago", event(&[(950, steady), (900, namespace)]), None),
        ("a role", event(&[(900, changed)]), Some("service-iam-misconfigured")),
        ("a role, steady since", event(&[(950, steady), (900, changed)]), None),
    ] {
        assert_eq!(case.ids(&FAMILY), expected.into_iter().collect::<Vec<_>>(), "{what}");
        assert!(case.find(&FAMILY).iter().all(|finding| finding.severity == Severity::Critical), "{what}");
    }
}

#[test]
fn service_connect_is_compared_with_the_revision() {
    let connected = |offered: &[&str], named: Option<&str>| {
        let mut case = with_definition(|revision| {
            revision.containers[0].ports[0].name = named.map(ToOwned::to_owned);
        });
        case.service = case.service.primary(|primary| primary.service_connect = Some(connect(offered)));
        case
    };
    assert_eq!(connected(&["web"], Some("web")).ids(&FAMILY), Vec::<&str>::new());
    assert_eq!(connected(&[], None).ids(&FAMILY), Vec::<&str>::new(), "a client offers nothing");
    assert_eq!(connected(&["web"], Some("http")).ids(&FAMILY), ["service-connect-portname-missing"]);
    assert_eq!(connected(&["web"], None).ids(&FAMILY), ["service-connect-portname-missing"]);
}

#[test]
fn proxies_and_added_containers_that_fail() {
    let died = |name: &str, code: i32| {
        let stopped = stopped_task(
            "EssentialContainerExited",
            "Essential container in task exited",
            vec![container(name, Some(code), None), container("web", Some(143), None)],
        );
        calm().tasks(vec![stopped])
    };
    let unhealthy = with_task(|task| {
        let mut proxy = container("ecs-service-connect-x1", None, None);
        proxy.health = ContainerHealth::Unhealthy;
        task.containers.push(proxy);
    });
    let guardduty = with_task(|task| {
        task.containers.push(container("aws-guardduty-agent-x1", None, Some("CannotPullContainerError: timeout")));
    });
    for (what, case, expected) in [
        ("the proxy exits", died("ecs-service-connect-x1", 1), Some("service-connect-proxy-failing")),
        ("the application exits", died("web-main", 1), None),
        ("the proxy is asked to stop", died("ecs-service-connect-x1", 143), None),
        ("the proxy is unhealthy", unhealthy, Some("service-connect-proxy-failing")),
        ("GuardDuty's container cannot be pulled", guardduty, Some("guardduty-sidecar-failing")),
    ] {
        assert_eq!(case.ids(&FAMILY), expected.into_iter().collect::<Vec<_>>(), "{what}");
    }
}
