use super::*;
use crate::diagnose::fixtures::{Case, ServiceFixture, at, container, definition, running_task, service, stopped_task};
use crate::model::arn::ContainerInstanceArn;
use crate::model::capacity::{CapacityProvider, ContainerInstance, Resources};
use crate::model::query::{Answer, Query};
use crate::model::service::{CapacityProviderShare, PlacementConstraint, Service};

const NO_INSTANCE: &str = "was unable to place a task because no container instance met all of its requirements.";

/// A service on instances that wants four tasks and has three, at second 1,000.
fn short() -> Service {
    let mut service = service("web", 4).counts(3, 0);
    service.launch_type = Some("EC2".to_owned());
    service
}

fn said(message: &str) -> Case {
    Case::new(short().events(&[(900, message)]))
}

fn instance(cpu: u32, memory: u32) -> ContainerInstance {
    ContainerInstance {
        arn: ContainerInstanceArn::from("arn:aws:ecs:eu-west-1:1:container-instance/shop/c1"),
        ec2_instance: Some("i-1".to_owned()),
        status: "ACTIVE".to_owned(),
        status_reason: None,
        agent_connected: true,
        health: None,
        impairments: Vec::new(),
        registered: Resources { cpu: Some(2_048), memory: Some(4_096), ..Resources::default() },
        remaining: Resources { cpu: Some(cpu), memory: Some(memory), ..Resources::default() },
        attributes: vec![("ecs.capability.task-eni".to_owned(), None)],
        running: 1,
        pending: 0,
        capacity_provider: None,
    }
}

fn on(case: Case, instances: Vec<ContainerInstance>) -> Case {
    let query = Query::ContainerInstances { cluster: case.facts().cluster() };
    case.definition(definition(30)).with(query, Answer::ContainerInstances(instances))
}

#[test]
fn every_text_of_aws_has_its_finding() {
    let closest = |detail: &str| format!("{NO_INSTANCE} The closest matching (container-instance 5c8d) {detail}.");
    let placed = |reason: &str| format!("was unable to place a task. Reason: {reason}.");
    for (message, expected) in [
        (closest("has insufficient CPU units available"), "placement-insufficient-cpu"),
        (closest("has insufficient memory available"), "placement-insufficient-memory"),
        (closest("is already using a port required by your task"), "placement-port-conflict"),
        (closest("is missing an attribute required by your task"), "placement-attribute-missing"),
        (closest("encountered error \"AGENT\""), "placement-agent-disconnected"),
        (closest("encountered error \"RESOURCE:ENI\""), "placement-eni-limit"),
        (closest("encountered error \"RESOURCE:GPU\""), "placement-gpu"),
        (closest("encountered error \"LOCATION\""), "placement-location-mismatch"),
        (format!("{NO_INSTANCE} Reason: No Container Instances were found in your cluster."), "placement-no-instances"),
        (
            format!("{NO_INSTANCE} Reason: MemberOf placement constraint unsatisfied."),
            "placement-constraint-unsatisfied",
        ),
        (placed("Capacity is unavailable at this time. Please try again later"), "fargate-capacity-unavailable"),
        (placed("You've reached the limit on the number of vCPUs you can run concurrently"), "fargate-vcpu-quota"),
        (placed("You’ve reached the limit on the number of tasks you can run concurrently"), "fargate-task-quota"),
        (placed("The requested CPU configuration is above your limit"), "fargate-size-above-limit"),
        (
            "was unable to place tasks in your cluster because the tasks provisioning capacity limit was exceeded."
                .to_owned(),
            "provisioning-limit-500",
        ),
        ("operations are being throttled on elb. Will try again later.".to_owned(), "scheduler-throttled"),
        ("is unable to consistently start tasks successfully.".to_owned(), "start-throttled-backoff"),
    ] {
        assert_eq!(said(&message).ids(&FAMILY), [expected], "{message}");
        let whole = Case::new(service("web", 4).events(&[(900, &message)]));
        assert_eq!(whole.ids(&FAMILY), Vec::<&str>::new(), "not when all tasks run: {message}");
        let steady = Case::new(short().events(&[(950, "has reached a steady state."), (900, &message)]));
        assert_eq!(steady.ids(&FAMILY), Vec::<&str>::new(), "not when it was steady since: {message}");
    }
}

#[test]
fn an_internal_error_speaks_of_a_zone_only_on_fargate() {
    let message = "was unable to place a task. Reason: Internal error.";
    assert_eq!(said(message).ids(&FAMILY), Vec::<&str>::new());
    let mut fargate = said(message);
    fargate.service.launch_type = Some("FARGATE".to_owned());
    assert_eq!(fargate.ids(&FAMILY), ["fargate-unsupported-az"]);
}

#[test]
fn waiting_in_vain_shows_in_stop_reasons() {
    let died = |reason: &str, started: bool| {
        let mut task = stopped_task("TaskFailedToStart", reason, vec![container("web", None, None)]);
        task.started_at = task.started_at.filter(|_| started);
        Case::new(short()).tasks(vec![task])
    };
    assert_eq!(died("TaskFailedToStart: RESOURCE:MEMORY", false).ids(&FAMILY), ["placement-insufficient-memory"]);
    assert_eq!(died("TaskFailedToStart: EMPTY CAPACITY PROVIDER", false).ids(&FAMILY), ["placement-no-instances"]);
    assert_eq!(died("CannotPullContainerError: AGENT", false).ids(&FAMILY), Vec::<&str>::new());
    assert_eq!(died("TaskFailedToStart: RESOURCE:MEMORY", true).ids(&FAMILY), Vec::<&str>::new());
}

#[test]
fn figures_prove_what_aws_has_not_said() {
    let off = |mut instance: ContainerInstance| {
        instance.agent_connected = false;
        instance
    };
    let calm = Case::new(short());
    let mut distinct = calm.clone();
    distinct.service.placement_constraints =
        vec![PlacementConstraint { kind: "distinctInstance".to_owned(), expression: None }];
    let mut on_its_way = calm.clone();
    on_its_way.service.pending = 1;
    for (what, case, expected) in [
        ("room", on(calm.clone(), vec![instance(2_000, 4_000)]), None),
        ("too little CPU", on(calm.clone(), vec![instance(100, 4_000)]), Some("placement-insufficient-cpu")),
        ("too little memory", on(calm.clone(), vec![instance(2_000, 100)]), Some("placement-insufficient-memory")),
        ("room on another", on(calm.clone(), vec![instance(100, 100), instance(2_000, 4_000)]), None),
        ("on its way", on(on_its_way, vec![instance(100, 100)]), None),
        ("none", on(calm.clone(), Vec::new()), Some("placement-no-instances")),
        ("agents", on(calm.clone(), vec![off(instance(2_000, 4_000))]), Some("placement-agent-disconnected")),
        ("distinct", on(distinct, vec![instance(2_000, 4_000)]), Some("placement-constraint-unsatisfied")),
        ("nothing read", calm.clone().definition(definition(30)), None),
    ] {
        assert_eq!(case.ids(&FAMILY), expected.into_iter().collect::<Vec<_>>(), "{what}");
    }
}

#[test]
fn figures_are_told_with_what_aws_says() {
    let message =
        format!("{NO_INSTANCE} The closest matching (container-instance 5c8d) has insufficient memory available.");
    let title = |remaining: u32, wanted: &str| {
        let mut case = on(said(&message), vec![instance(2_000, remaining)]);
        let mut revision = definition(30);
        revision.memory = Some(wanted.to_owned());
        case = case.definition(revision);
        case.find(&FAMILY).remove(0).title
    };
    assert_eq!(title(100, "512"), "A task needs 512 MiB, the emptiest instance has 100 left");
    assert_eq!(title(100, "8192"), "A task needs 8192 MiB, the largest instance has 4096 in all");
    assert_eq!(title(4_000, "512"), "No container instance has enough memory left", "room has come since");
}

#[test]
fn the_attributes_that_are_missing_are_named() {
    let message = format!(
        "{NO_INSTANCE} The closest matching (container-instance 5c8d) is missing an attribute required by your task."
    );
    let mut revision = definition(30);
    revision.requires_attributes =
        vec!["ecs.capability.task-eni".to_owned(), "ecs.capability.execution-role-awslogs".to_owned()];
    let case = on(said(&message), vec![instance(2_000, 4_000)]).definition(revision);
    assert_eq!(case.find(&FAMILY)[0].title, "No container instance has ecs.capability.execution-role-awslogs");
}

#[test]
fn capacity_providers_and_instances_that_fail() {
    let provider = |scaling: &str, update: &str| CapacityProvider {
        name: "spot".to_owned(),
        status: Some("ACTIVE".to_owned()),
        update_status: Some(update.to_owned()),
        update_reason: Some("no such group\u{1b}".to_owned()),
        auto_scaling_group: None,
        managed_scaling: Some(scaling.to_owned()),
    };
    let waits_for = |provider: CapacityProvider, waiting: bool| {
        let mut service = short();
        service.launch_type = None;
        service.capacity_providers = vec![CapacityProviderShare { provider: "spot".to_owned(), base: 0, weight: 1 }];
        service.pending = 1;
        let mut task = running_task("ecs-svc/1", "10.0.0.1", at(100));
        task.last_status = if waiting { "PROVISIONING" } else { "RUNNING" }.to_owned();
        let query = Query::CapacityProviders { names: vec!["spot".to_owned()] };
        Case::new(service).tasks(vec![task]).with(query, Answer::CapacityProviders(vec![provider]))
    };
    let hosted = |health: &str, status: &str| {
        let mut host = instance(2_000, 4_000);
        host.health = Some(health.to_owned());
        host.status = status.to_owned();
        let mut task = running_task("ecs-svc/1", "10.0.0.1", at(100));
        task.container_instance = Some(host.arn.clone());
        let mut case = on(Case::new(short()), vec![host]).tasks(vec![task]);
        case.service.pending = 1;
        case
    };
    for (what, case, expected) in [
        ("disabled", waits_for(provider("DISABLED", ""), true), Some("capacity-provider-scaling-disabled")),
        ("disabled, nothing waits", waits_for(provider("DISABLED", ""), false), None),
        ("enabled", waits_for(provider("ENABLED", "UPDATE_COMPLETE"), true), None),
        ("failed", waits_for(provider("ENABLED", "UPDATE_FAILED"), false), Some("capacity-provider-update-failed")),
        ("impaired", hosted("IMPAIRED", "ACTIVE"), Some("instance-impaired")),
        ("healthy", hosted("OK", "ACTIVE"), None),
        ("not registered", hosted("OK", "REGISTRATION_FAILED"), Some("eni-trunk-registration-failed")),
    ] {
        assert_eq!(case.ids(&FAMILY), expected.into_iter().collect::<Vec<_>>(), "{what}");
    }
}

#[test]
fn the_newest_word_about_zones_counts() {
    let blocked = "is unable to place a task in eu-west-1a because no capacity.";
    let going = "is not AZ balanced with 3 tasks in eu-west-1a, 1 tasks in eu-west-1b. AZ Rebalancing in progress.";
    let balanced = "is AZ balanced with 2 tasks in eu-west-1a, 2 tasks in eu-west-1b.";
    let case = |messages: &[(i64, &str)]| Case::new(service("web", 4).events(messages));
    assert_eq!(case(&[(900, blocked), (800, going)]).ids(&FAMILY), ["az-rebalance-blocked"]);
    assert_eq!(case(&[(950, balanced), (900, blocked)]).ids(&FAMILY), Vec::<&str>::new());
    assert_eq!(case(&[(900, going)]).ids(&FAMILY), Vec::<&str>::new());
}

#[test]
fn tasks_that_waited_in_vain_tell_why_with_or_without_a_prefix() {
    let waited = |reason: &str, started: bool| {
        let mut task = stopped_task("TaskFailedToStart", reason, vec![container("web", None, None)]);
        (task.created_at, task.stopped_at) = (Some(at(800)), Some(at(900)));
        task.started_at = started.then(|| at(850));
        Case::new(short()).tasks(vec![task])
    };
    for (reason, expected) in [
        ("TaskFailedToStart: RESOURCE:MEMORY", Some("placement-insufficient-memory")),
        ("RESOURCE:MEMORY", Some("placement-insufficient-memory")),
        ("NO ACTIVE INSTANCES", Some("placement-no-instances")),
        ("Capacity is unavailable at this time. Please try again later", Some("fargate-capacity-unavailable")),
        ("You’ve reached the limit on the number of vCPUs you can run concurrently", Some("fargate-vcpu-quota")),
        ("the word AGENT in what somebody wrote", None),
    ] {
        assert_eq!(waited(reason, false).ids(&FAMILY), expected.into_iter().collect::<Vec<_>>(), "{reason}");
        assert_eq!(waited(reason, true).ids(&FAMILY), [""; 0], "it ran: {reason}");
    }
}

#[test]
fn an_impaired_host_is_a_warning_while_no_task_is_missing() {
    let mut host = instance(2_000, 4_000);
    host.health = Some("IMPAIRED".to_owned());
    let mut task = running_task("ecs-svc/1", "10.0.0.1", at(100));
    let mut calm = service("web", 4);
    calm.launch_type = Some("EC2".to_owned());
    let elsewhere = on(Case::new(calm.clone()), vec![host.clone()]).tasks(vec![task.clone()]);
    assert_eq!(elsewhere.ids(&FAMILY), [""; 0]);
    task.container_instance = Some(host.arn.clone());
    let found = on(Case::new(calm), vec![host]).tasks(vec![task]).find(&FAMILY);
    let found: Vec<_> = found.iter().map(|finding| (finding.id(), finding.severity)).collect();
    assert_eq!(found, [("instance-impaired", crate::diagnose::finding::Severity::Warning)]);
}
