use super::*;

#[test]
fn zones_without_load_balancer() {
    let description = "Target is in an Availability Zone that is not enabled for the load balancer";
    let mut all = tasks(2);
    for (task, zone) in all.iter_mut().zip(["us-east-1a", "us-east-1c"]) {
        task.availability_zone = Some(zone.to_owned());
        task.interface.as_mut().unwrap().subnet = Some(format!("subnet-{zone}"));
    }
    let unused = target("10.0.0.2", TargetState::Unused, "Target.NotInUse", description);
    let case = Case::new(service("web", 2))
        .definition(definition(30))
        .tasks(all)
        .group(target_group(), vec![healthy("10.0.0.1"), unused]);
    let case = balanced(case, LoadBalancerKind::Application, &["us-east-1a", "us-east-1b"], "active");
    let findings = found(&case, Verdict::Open);
    assert_eq!(ids(&case, Verdict::Open), ["target-az-not-enabled"]);
    assert_eq!(findings[0].severity, Severity::Critical);
    assert_eq!(findings[0].scope.availability_zones, ["us-east-1c"]);
    assert!(findings[0].fix.as_ref().unwrap().commands[0].contains("set-subnets"));
}

#[test]
fn subnets_outside_the_zones_are_advice() {
    let mut service = service("web", 1);
    let subnets = vec!["subnet-a".to_owned(), "subnet-c".to_owned()];
    service.network = Some(NetworkConfiguration { subnets: subnets.clone(), ..NetworkConfiguration::default() });
    let subnet = |id: &str, zone: &str| Subnet {
        id: id.to_owned(),
        vpc: None,
        availability_zone: Some(zone.to_owned()),
        cidrs: Vec::new(),
        available_addresses: None,
    };
    let case = Case::new(service)
        .definition(definition(30))
        .tasks(tasks(1))
        .group(target_group(), vec![healthy("10.0.0.1")])
        .with(Query::Subnets { subnets }, Answer::Subnets(vec![subnet("subnet-a", "a"), subnet("subnet-c", "c")]));
    let outside = balanced(case.clone(), LoadBalancerKind::Application, &["a", "b"], "active");
    let findings = outside.find(&FAMILY);
    assert_eq!((findings[0].id(), findings[0].bearing), ("service-subnets-outside-lb-azs", Bearing::Hygiene));
    let inside = balanced(case, LoadBalancerKind::Application, &["a", "c"], "active");
    assert!(inside.find(&FAMILY).is_empty());
}

#[test]
fn a_group_nobody_forwards_to() {
    let description = "Target group is not configured to receive traffic from the load balancer";
    let unused = || vec![target("10.0.0.1", TargetState::Unused, "Target.NotInUse", description)];
    let group = with_check(|group| group.load_balancers.clear());
    let case = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1)).group(group.clone(), unused());
    let finding = &found(&case, Verdict::Open)[0];
    assert_eq!((finding.id(), finding.confidence), ("tg-not-attached-to-listener", Confidence::Certain));
    // The idle group of a blue/green pair.
    let other = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-blue/1123456789abcdef";
    let mut blue_green = service("web", 1).with_strategy(DeploymentStrategy::BlueGreen);
    let mut binding = blue_green.load_balancers[0].clone();
    binding.target_group = Some(TargetGroupArn::from(other));
    blue_green.load_balancers.push(binding);
    let blue = with_check(|group| group.arn = TargetGroupArn::from(other));
    let case = Case::new(blue_green)
        .definition(definition(30))
        .tasks(tasks(1))
        .group(group, Vec::new())
        .group(blue, vec![healthy("10.0.0.1")]);
    assert_eq!(ids(&case, Verdict::Open), <[&str; 0]>::default());
}

#[test]
fn a_group_that_is_gone() {
    let mut case = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1));
    let error = crate::model::call::CallError {
        kind: crate::model::call::ErrorKind::NotFound,
        operation: crate::model::call::Operation::new("elasticloadbalancing", "DescribeTargetGroups"),
        message: "One or more target groups not found".to_owned(),
        request_id: None,
        hint: None,
    };
    case.answers.insert(Query::TargetGroup { target_group: TargetGroupArn::from(GROUP) }, Known::Failed(error));
    assert_eq!(ids(&case, Verdict::Open), ["tg-missing"]);
    let denied = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1)).denied(
        Query::TargetGroup { target_group: TargetGroupArn::from(GROUP) },
        "elasticloadbalancing",
        "DescribeTargetGroups",
    );
    assert_eq!(ids(&denied, Verdict::Open), <[&str; 0]>::default());
}

#[test]
fn a_task_without_target() {
    let case = |targets: Vec<Target>, now: i64| {
        Case::new(service("web", 2)).definition(definition(30)).tasks(tasks(2)).group(target_group(), targets).at(now)
    };
    assert_eq!(ids(&case(vec![healthy("10.0.0.1")], 1_000), Verdict::Open), ["target-not-found-in-tg"]);
    assert_eq!(ids(&case(vec![healthy("10.0.0.1")], 200), Verdict::Open), <[&str; 0]>::default());
    let refused = "failed to register targets in (target-group web-tg) with (error The following targets are not in the target group VPC 'vpc-1': '10.0.0.2')";
    let mut refusing = case(vec![healthy("10.0.0.1")], 1_000);
    refusing.service = refusing.service.events(&[(900, refused)]);
    assert_eq!(ids(&refusing, Verdict::Open), ["target-register-failed"]);
}

#[test]
fn types_and_bindings_have_to_fit() {
    let instance = with_check(|group| group.target_type = Some("instance".to_owned()));
    let case = Case::new(service("web", 1)).definition(definition(30)).tasks(tasks(1)).group(instance, Vec::new());
    assert_eq!(ids(&case, Verdict::Open), ["tg-type-vs-network-mode"]);
    let mut other = service("web", 1);
    other.load_balancers[0].container_port = Some(9090);
    let case = Case::new(other).definition(definition(30));
    assert_eq!(ids(&case, Verdict::Open), ["lb-container-port-not-in-taskdef"]);
    let mut range = definition(30);
    range.containers[0].ports[0].container_port = None;
    assert_eq!(ids(&case.definition(range), Verdict::Open), <[&str; 0]>::default());
}

#[test]
fn load_balancers_have_states() {
    let case = || {
        Case::new(service("web", 1))
            .definition(definition(30))
            .tasks(tasks(1))
            .group(target_group(), vec![healthy("10.0.0.1")])
    };
    let impaired = balanced(case(), LoadBalancerKind::Application, &["a"], "active_impaired");
    assert_eq!(ids(&impaired, Verdict::Open), ["lb-state-not-active"]);
    assert_eq!(
        ids(&balanced(case(), LoadBalancerKind::Application, &["a"], "active"), Verdict::Open),
        <[&str; 0]>::default()
    );
}
