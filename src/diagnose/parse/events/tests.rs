use proptest::prelude::*;

use super::*;

const TG: &str = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-tg/0123456789abcdef";

fn check(message: &str, expected: &Event<'_>) {
    assert_eq!(event(message), *expected, "{message}");
}

#[test]
fn whose_event_it_is_does_not_matter() {
    for origin in [
        "(service web) ",
        "(service web, taskSet ecs-svc/1234567890) ",
        "service (web) ",
        "service web ",
        "(service web) (taskSet ecs-svc/1) ",
        "  (service web)  ",
        "",
    ] {
        check(&format!("{origin}has reached a steady state."), &Event::SteadyState);
        check(&format!("{origin}has begun draining connections on 2 tasks."), &Event::Draining { tasks: 2 });
    }
}

#[test]
fn changes_of_a_normal_life() {
    let started =
        |tasks, rebalancing_to, replaced_unhealthy| Event::Started { tasks, rebalancing_to, replaced_unhealthy };
    for (message, expected) in [
        ("(service web) has started 2 tasks: (task 0a1b) (task 2c3d).", started(2, None, 0)),
        ("(service web) has started 1 tasks: (task 0a1b).", started(1, None, 0)),
        ("(service web) has started 1 task: (task 0a1b).", started(1, None, 0)),
        (
            "(service web) has started 2 tasks: (task 0a) (task 1b). Amazon ECS replaced 2 tasks due to an unhealthy status.",
            started(2, None, 2),
        ),
        ("(service web) has started 1 tasks in use1-az2 to AZ Rebalance: (task 0a).", started(1, Some("use1-az2"), 0)),
        ("(service web) has stopped 1 running tasks: (task 0a).", Event::Stopped { tasks: 1 }),
        ("(service web) has stopped 3 pending tasks.", Event::Stopped { tasks: 3 }),
        ("(service web) stopped 2 pending tasks.", Event::Stopped { tasks: 2 }),
        (
            "(service web) has stopped 1 running tasks in use1-az1 to AZ Rebalance: (task 0).",
            Event::Stopped { tasks: 1 },
        ),
        (
            "(service web) (deployment ecs-svc/42) deployment completed.",
            Event::DeploymentCompleted { deployment: "ecs-svc/42" },
        ),
        ("(service web) is AZ balanced with 2 tasks in use1-az1.", Event::Rebalancing { blocked: None }),
        ("service (web) is not AZ balanced with 4 tasks in use1-az1.", Event::Rebalancing { blocked: None }),
        ("service (web) stopped AZ Rebalancing.", Event::Rebalancing { blocked: None }),
    ] {
        check(message, &expected);
    }
    check(
        &format!("(service web) registered 2 targets in (target-group {TG})"),
        &Event::Registered { targets: 2, target_group: TG },
    );
    check(
        &format!("(service web, taskSet ecs-svc/1) deregistered 1 targets in (target-group {TG})."),
        &Event::Deregistered { targets: 1, target_group: TG },
    );
}

#[test]
fn unhealthy_targets() {
    let unhealthy =
        |task, instance, port, target_group, why| Event::Unhealthy { task, instance, port, target_group, why };
    for (message, expected) in [
        (
            format!("(service web) (task 0a1b) (port 8080) is unhealthy in (target-group {TG}) due to (reason Health checks failed with these codes: [302])."),
            unhealthy(Some("0a1b"), None, Some(8080), TG, "Health checks failed with these codes: [302]"),
        ),
        (
            format!("(service web) (port 8080) is unhealthy in (target-group {TG}) due to (reason Request timed out)"),
            unhealthy(None, None, Some(8080), TG, "Request timed out"),
        ),
        (
            format!("service web (instance i-0abc) (port 32769) is unhealthy in (target-group {TG}) due to (reason Health checks failed)"),
            unhealthy(None, Some("i-0abc"), Some(32769), TG, "Health checks failed"),
        ),
        (
            "service (web) (instance i-0abc) is unhealthy in (elb classic) due to (reason Instance has failed at least the UnhealthyThreshold number of health checks consecutively.)".to_owned(),
            unhealthy(None, Some("i-0abc"), None, "classic", "Instance has failed at least the UnhealthyThreshold number of health checks consecutively."),
        ),
        (
            "(service web) (port 80) is unhealthy in target-group web-tg due to (reason Request timed out).".to_owned(),
            unhealthy(None, None, Some(80), "web-tg", "Request timed out"),
        ),
        (
            "(service web) (task 0) (port 1) is unhealthy in (target-group t) due to (reason has (brackets) inside)".to_owned(),
            unhealthy(Some("0"), None, Some(1), "t", "has (brackets) inside"),
        ),
    ] {
        check(&message, &expected);
    }
    check(
        "(service web) (port 80) is not healthy in target-group web-tg due to TARGET GROUP IS NOT FOUND",
        &Event::TargetMissing { target_group: "web-tg", whole_group: true },
    );
    check(
        "(service web) is not healthy in (target-group web-tg) due to TARGET IS NOT FOUND.",
        &Event::TargetMissing { target_group: "web-tg", whole_group: false },
    );
}

#[test]
fn placement() {
    let none = "was unable to place a task because no container instance met all of its requirements.";
    let more = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
    let no = |reason, lacking| Event::NoInstance { reason, lacking };
    for (tail, expected) in [
        (String::new(), no(None, None)),
        (
            format!(" Reason: No Container Instances were found in your cluster. {more}"),
            no(Some("No Container Instances were found in your cluster"), None),
        ),
        (
            format!(" The closest matching (container-instance 5c8d) has insufficient memory available. {more}"),
            no(None, Some(Lacking::Memory)),
        ),
        (
            " The closest matching container-instance 5c8d has insufficient CPU units available.".to_owned(),
            no(None, Some(Lacking::Cpu)),
        ),
        (
            " The closest matching container-instance 5c8d is already using a port required by your task.".to_owned(),
            no(None, Some(Lacking::Port)),
        ),
        (
            " The closest matching (container-instance 5c8d) is missing an attribute required by your task.".to_owned(),
            no(None, Some(Lacking::Attribute)),
        ),
        (
            format!(" The closest matching (container-instance 5c8d) encountered error \"AGENT\". {more}"),
            no(None, Some(Lacking::Error("AGENT"))),
        ),
    ] {
        check(&format!("(service web) {none}{tail}"), &expected);
        check(&format!("service (web) {none}{tail}"), &expected);
    }
    for (message, expected) in [
        (
            "(service web) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone.",
            Event::NotPlaced {
                reason: "Capacity is unavailable at this time. Please try again later or in a different availability zone",
            },
        ),
        (
            "(service web) is unable to place a task in us-east-1a because of capacity.",
            Event::NotPlacedInZone { zone: "us-east-1a" },
        ),
        ("(service web) is unable to place a task in use1-az1.", Event::NotPlacedInZone { zone: "use1-az1" }),
        (
            "(service web) was unable to place tasks in your cluster because the tasks provisioning capacity limit was exceeded.",
            Event::ProvisioningLimit,
        ),
    ] {
        check(message, &expected);
    }
}

#[test]
fn deployments_and_trouble() {
    let error = "TargetGroupNotFound: Target groups 'x' not found";
    for (message, expected) in [
        (
            "(service web) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.",
            Event::Impaired,
        ),
        ("service (web) operations are being throttled. Will try again later.", Event::Throttled { on: None }),
        (
            "(service web) operations are being throttled on ELB by AWS. Will try again later.",
            Event::Throttled { on: Some("ELB") },
        ),
        (
            "(service web) was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
            Event::Deadlock,
        ),
        (
            "(service web) was unable to reach steady state because (taskSet ecs-svc/1) was unable to scale in due to (reason the number of tasks under protection are more than the desired count of tasks).",
            Event::NotSteady {
                why: Some("the number of tasks under protection are more than the desired count of tasks"),
            },
        ),
        (
            "(service web) was unable to reach steady state. Reason: No Container Instances were found in your capacity provider.",
            Event::NotSteady { why: Some("No Container Instances were found in your capacity provider") },
        ),
        (
            "(service web) (deployment ecs-svc/42) deployment failed: tasks failed to start.",
            Event::DeploymentFailed { deployment: "ecs-svc/42", why: "tasks failed to start" },
        ),
        (
            "(service web) (deployment ecs-svc/42) deployment failed: alarm detected.",
            Event::DeploymentFailed { deployment: "ecs-svc/42", why: "alarm detected" },
        ),
        ("(service web) rolling back to deployment ecs-svc/41.", Event::RollingBack { deployment: "ecs-svc/41" }),
        (
            "(service web) rolling back to deployment (deployment ecs-svc/41)",
            Event::RollingBack { deployment: "ecs-svc/41" },
        ),
        (
            "(service web) could not launch 3 tasks for deployment ecs-svc/7 because of limits.",
            Event::NotLaunched { tasks: 3, deployment: "ecs-svc/7" },
        ),
        (
            "(service web) failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::1:role/x' (missing).).",
            Event::LaunchError { error: "ECS was unable to assume the role 'arn:aws:iam::1:role/x' (missing)." },
        ),
        (
            "(service web) failed to register targets in (target-group web-tg) with (error TargetGroupNotFound: Target groups 'x' not found)",
            Event::TargetGroupError { operation: "register targets", target_group: "web-tg", error },
        ),
        (
            "(service web) failed to describe target health on target-group web-tg with (error TargetGroupNotFound: Target groups 'x' not found)",
            Event::TargetGroupError { operation: "describe target health", target_group: "web-tg", error },
        ),
        ("(service web) IAM permissions policies have been misconfigured or changed.", Event::IamChanged),
        ("(service web) IAM trust relationship has been misconfigured or changed.", Event::IamChanged),
        ("(service web) Timed out waiting for Amazon ECS Agent to start.", Event::AgentTimeout),
        (
            "(service web) was unable to AZ Rebalance because (taskSet ecs-svc/1) was unable to scale in due to task protection.",
            Event::Rebalancing { blocked: Some("task protection") },
        ),
    ] {
        check(message, &expected);
    }
}

#[test]
fn near_misses_are_not_mistaken() {
    for message in [
        "",
        "(service web)",
        "(service web) ",
        "(service web",
        "(service web) has started many tasks: (task 1).",
        "(service web) has started 99999999999 tasks: (task 1).",
        "(service web) has stopped 2 chickens.",
        "(service web) registered targets in (target-group x)",
        "(service web) is unhealthy in (target-group x)",
        "(service web) is unhealthy in (load-balancer x) due to (reason y)",
        "(service web) is not healthy in target-group x due to boredom",
        "(service web) deployment completed.",
        "(service web) (deployment ecs-svc/1) deployment paused.",
        "(service web) rolling back to deployment ecs-svc/",
        "(service web) rolling back to normal.",
        "(service web) failed to sing in (target-group x) with (error y)",
        "(service web) was unable to sleep",
        "(service web) (task 0a1b) failed container health checks.",
        "(service web) says: has reached a steady state.",
        "steady state",
    ] {
        check(message, &Event::Other);
    }
}

#[test]
fn quoted_text_is_not_taken_for_the_words_of_aws() {
    let quoted = "(service web) failed to launch a task with (error (service web) has reached a steady state.)";
    assert!(matches!(event(quoted), Event::LaunchError { .. }));
    let reason =
        "(service web) (task 0) (port 1) is unhealthy in (target-group t) due to (reason deployment completed)";
    assert!(matches!(event(reason), Event::Unhealthy { why: "deployment completed", .. }));
}

#[test]
fn only_a_normal_life_is_noise_and_only_trouble_is_trouble() {
    for message in [
        "has reached a steady state.",
        "has started 2 tasks: (task 0).",
        "has stopped 2 running tasks: (task 0).",
        "registered 1 targets in (target-group x)",
        "deregistered 1 targets in (target-group x)",
        "has begun draining connections on 1 tasks.",
        "is AZ balanced.",
    ] {
        let event = event(message);
        assert!(event.is_noise(), "{message}");
        assert_eq!(event.trouble(), None, "{message}");
    }
    for (message, trouble) in [
        (
            "has started 1 tasks: (task 0). Amazon ECS replaced 1 tasks due to an unhealthy status.",
            Some("1 unhealthy task replaced"),
        ),
        (
            "(task 0) (port 1) is unhealthy in (target-group t) due to (reason Health checks failed with these codes: [503])",
            Some("app answers 503"),
        ),
        (
            "was unable to place a task. Reason: CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/nope:1: not found",
            Some("image not found: nope:1"),
        ),
        (
            "was unable to place a task. Reason: Capacity is unavailable at this time.",
            Some("no Fargate capacity at this time"),
        ),
        (
            "was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.",
            Some("no container instances in the cluster"),
        ),
        (
            "was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 5) has insufficient memory available.",
            Some("no room to place tasks: memory"),
        ),
        ("is unable to consistently start tasks successfully.", Some("tasks keep failing to start")),
        (
            "(deployment ecs-svc/1) deployment failed: tasks failed to start.",
            Some("deployment failed: tasks failed to start"),
        ),
        ("(deployment ecs-svc/1) deployment completed.", None),
        ("something nobody has seen yet", None),
    ] {
        let event = event(message);
        assert!(!event.is_noise(), "{message}");
        assert_eq!(event.trouble().as_deref(), trouble, "{message}");
    }
}

#[test]
fn long_and_hostile_messages_are_read_without_harm() {
    let filler = "(task 0) ".repeat(2_000);
    check(&format!("(service web) {filler}has reached a steady state."), &Event::SteadyState);
    let brackets = "(".repeat(10_000);
    check(&format!("(service web) {brackets}"), &Event::Other);
    let why = "\u{1b}[31mé\u{202e}".repeat(2_000);
    let message = format!("(service wéb) (port 1) is unhealthy in (target-group t) due to (reason {why})");
    assert!(matches!(event(&message), Event::Unhealthy { why: read, .. } if read == why));
}

proptest! {
    #[test]
    fn any_text_is_an_answer(text in "\\PC{0,200}") {
        event(&text);
        event(&format!("(service web) {text}"));
    }

    #[test]
    fn known_beginnings_survive_any_end(
        beginning in prop::sample::select(vec![
            "has started 1 ", "registered 1 targets in (", "is unhealthy in (target-group ", "was unable to ",
            "was unable to place a task because no container instance met all of its requirements. The closest matching ",
            "(deployment ecs-svc/1) deployment failed", "rolling back to ", "could not launch 1 ", "failed to register targets in ",
        ]),
        end in "[()a-z0-9 :.\u{e9}/-]{0,40}",
    ) {
        event(&format!("(service web) {beginning}{end}")).trouble();
    }
}
