use super::*;
use crate::diagnose::diagnosis::diagnose;
use crate::diagnose::fixtures::{Case, ServiceFixture, service, target, target_group};
use crate::model::load_balancing::TargetState;
use crate::model::scaling::{ScalableTarget, Scaling};

fn verdict(case: &Case, name: CheckName) -> (CheckVerdict, String, Option<String>) {
    let checks = diagnose(case.facts()).checks;
    assert_eq!(checks.len(), ALL.len());
    let check = checks.into_iter().find(|check| check.check == name).unwrap();
    (check.verdict, check.detail, check.missing_permission)
}

fn is(case: &Case, name: CheckName, expected: CheckVerdict, detail: &str) {
    let (verdict, found, _) = verdict(case, name);
    assert_eq!((verdict, found.as_str()), (expected, detail), "{}", name.as_str());
}

fn healthy(address: &str) -> crate::model::load_balancing::Target {
    target(address, TargetState::Healthy, "", "")
}

fn scaled(case: &Case, target: Known<Option<ScalableTarget>>) -> Case {
    let query = Query::Scaling { cluster: case.facts().cluster(), service: case.service.arn.clone() };
    case.clone().with(query, Answer::Scaling(Box::new(Scaling { target, activities: Known::Known(Vec::new()) })))
}

#[test]
fn what_was_read_and_is_in_order_passes() {
    let web = Case::new(service("web", 1)).group(target_group(), vec![healthy("10.0.0.1")]).tasks(Vec::new());
    is(&web, CheckName::TargetHealth, CheckVerdict::Passed, "1 of 1 targets healthy");
    is(&web, CheckName::HealthCheckSettings, CheckVerdict::Passed, "nothing speaks against them");
    is(&web, CheckName::StoppedTasks, CheckVerdict::Passed, "no task of the newest deployment failed");
    is(&web, CheckName::Deployments, CheckVerdict::Passed, "the newest deployment is complete");
    is(&web, CheckName::Placement, CheckVerdict::Passed, "all tasks are placed");
    is(&web, CheckName::ListenerRules, CheckVerdict::Skipped, "not asked");
    is(&web, CheckName::Metrics, CheckVerdict::Skipped, "not asked");
    let mut alone = service("web", 1);
    alone.load_balancers.clear();
    is(&Case::new(alone), CheckName::TargetHealth, CheckVerdict::Skipped, "no target group");
    is(&scaled(&web, Known::Known(None)), CheckName::Autoscaling, CheckVerdict::Skipped, "not scaled automatically");
    let bounds = ScalableTarget { minimum: 1, maximum: 4, suspended: Vec::new() };
    is(&scaled(&web, Known::Known(Some(bounds))), CheckName::Autoscaling, CheckVerdict::Passed, "within its bounds");
}

#[test]
fn what_was_denied_is_unknown_and_named() {
    let web = Case::new(service("web", 1)).group(target_group(), vec![healthy("10.0.0.1")]);
    let denied = web.clone().denied(
        Query::TargetHealth { target_group: target_group().arn },
        "elasticloadbalancing",
        "DescribeTargetHealth",
    );
    let action = "elasticloadbalancing:DescribeTargetHealth";
    assert_eq!(
        verdict(&denied, CheckName::TargetHealth),
        (CheckVerdict::Unknown, format!("{action} denied"), Some(action.to_owned()))
    );
    is(&denied, CheckName::HealthCheckSettings, CheckVerdict::Passed, "nothing speaks against them");
    let attributes = Query::TargetGroupAttributes { target_group: target_group().arn };
    // They are asked for where they may explain something.
    let failing = target("10.0.0.1", TargetState::Unhealthy, "Target.Timeout", "Request timed out");
    let partly = web.clone().group(target_group(), vec![failing]).denied(
        attributes,
        "elasticloadbalancing",
        "DescribeTargetGroupAttributes",
    );
    assert_eq!(verdict(&partly, CheckName::HealthCheckSettings).0, CheckVerdict::Partial);
    // Automatic scaling answers in two calls.
    let error = || match denied.facts().target_health(&target_group().arn) {
        Known::Denied(error) => error,
        other => panic!("{other:?}"),
    };
    let scaling = scaled(&web, Known::Denied(error()));
    assert_eq!(verdict(&scaling, CheckName::Autoscaling).0, CheckVerdict::Unknown);
}

#[test]
fn permissions_are_listed_with_the_checks_they_leave_open() {
    let web = Case::new(service("web", 1));
    assert!(!diagnose(web.facts()).findings.iter().any(|finding| finding.id() == "insufficient-permissions"));
    let tasks = Query::Tasks { cluster: web.facts().cluster(), service: web.service.arn.clone() };
    let denied = web.denied(tasks, "ecs", "ListTasks").denied(
        Query::TargetHealth { target_group: target_group().arn },
        "elasticloadbalancing",
        "DescribeTargetHealth",
    );
    let findings = diagnose(denied.facts()).findings;
    let finding = findings.iter().find(|finding| finding.id() == "insufficient-permissions").unwrap();
    assert_eq!(finding.title, "2 IAM actions are denied, so what they would tell is unknown");
    let evidence: Vec<_> =
        finding.evidence.iter().map(|evidence| (evidence.source.as_str(), evidence.subject.as_str())).collect();
    assert_eq!(
        evidence,
        [
            ("ecs:ListTasks", "checks stopped-tasks"),
            ("elasticloadbalancing:DescribeTargetHealth", "checks target-health")
        ]
    );
}

#[test]
fn what_a_finding_says_is_wrong_blocks_its_check() {
    let back = service("web", 2).events(&[(900, "rolling back to deployment ecs-svc/1.")]);
    is(&Case::new(back), CheckName::Deployments, CheckVerdict::Blocked, "rolled back");
    let off = Case::new(service("web", 0));
    is(&off, CheckName::Placement, CheckVerdict::Skipped, "no tasks are wanted");
    is(&off, CheckName::Deployments, CheckVerdict::Passed, "the newest deployment is complete");
}
