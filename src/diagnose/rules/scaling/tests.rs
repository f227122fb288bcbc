use super::*;
use crate::diagnose::fixtures::{Case, ServiceFixture, at, service};
use crate::model::arn::ClusterName;
use crate::model::known::Known;
use crate::model::observation::{Sample, Utilization};
use crate::model::query::{Answer, Query};
use crate::model::scaling::{NotScaledReason, Scaling};

fn target(minimum: u32, maximum: u32) -> ScalableTarget {
    ScalableTarget { minimum, maximum, suspended: Vec::new() }
}

fn activity(second: i64, status: &str, code: &str) -> ScalingActivity {
    let reason = NotScaledReason { code: code.to_owned(), maximum: None, minimum: None, current: None };
    ScalingActivity {
        description: None,
        cause: Some("alarm high in state ALARM".to_owned()),
        started_at: Some(at(second)),
        status: status.to_owned(),
        message: Some("Unable to assume role\u{1b}[2J".to_owned()),
        not_scaled: if code.is_empty() { Vec::new() } else { vec![reason] },
    }
}

/// A service of four tasks at second 10,000.
fn case(target: ScalableTarget, activities: Vec<ScalingActivity>) -> Case {
    scaled(Case::new(service("web", 4)).at(10_000), target, activities)
}

fn scaled(case: Case, target: ScalableTarget, activities: Vec<ScalingActivity>) -> Case {
    let query = Query::Scaling { cluster: ClusterName::new("shop"), service: case.service.arn.clone() };
    let scaling = Scaling { target: Known::Known(Some(target)), activities: Known::Known(activities) };
    case.with(query, Answer::Scaling(Box::new(scaling)))
}

fn busy(case: Case, percent: f64) -> Case {
    let query = Query::Utilization { cluster: ClusterName::new("shop"), service: case.service.arn.clone() };
    let cpu = (0..5).map(|minute| Sample { at: at(minute * 60), value: percent }).collect();
    case.with(query, Answer::Utilization(Box::new(Utilization { cpu, ..Utilization::default() })))
}

#[test]
fn bounds_are_told_from_their_neighbours() {
    let full = || activity(9_000, "Unfulfilled", "AlreadyAtMaxCapacity");
    for (what, case, expected) in [
        ("below the maximum", case(target(1, 8), Vec::new()), vec![]),
        ("at the maximum and calm", case(target(1, 4), Vec::new()), vec![]),
        ("at the maximum and more is wanted", case(target(1, 4), vec![full()]), vec!["autoscaling-at-max"]),
        ("at the maximum and busy", busy(case(target(1, 4), Vec::new()), 91.0), vec!["autoscaling-at-max"]),
        ("at the maximum, not busy", busy(case(target(1, 4), Vec::new()), 60.0), vec![]),
        (
            "more was wanted long ago",
            case(target(1, 4), vec![activity(1_000, "Unfulfilled", "AlreadyAtMaxCapacity")]),
            vec![],
        ),
        ("the maximum was raised since", case(target(1, 8), vec![full()]), vec![]),
        ("above the maximum", case(target(1, 3), Vec::new()), vec!["autoscaling-out-of-bounds"]),
        ("below the minimum", case(target(5, 9), Vec::new()), vec!["autoscaling-out-of-bounds"]),
        ("switched off by hand", scaled(Case::new(service("web", 0)), target(5, 9), Vec::new()), vec![]),
    ] {
        assert_eq!(case.ids(&FAMILY), expected, "{what}");
    }
}

#[test]
fn decisions_of_the_last_half_hour_count() {
    for (what, activities, expected) in [
        ("failed", vec![activity(9_900, "Failed", "")], vec!["autoscaling-failed-activity"]),
        ("unfulfilled", vec![activity(9_900, "Unfulfilled", "")], vec!["autoscaling-failed-activity"]),
        ("failed, then well", vec![activity(9_950, "Successful", ""), activity(9_900, "Failed", "")], vec![]),
        ("failed long ago", vec![activity(5_000, "Failed", "")], vec![]),
        (
            "held back",
            vec![activity(9_900, "Unfulfilled", "AutoScalingAnticipatedFlapping")],
            vec!["autoscaling-flap-guard"],
        ),
        (
            "not scalable",
            vec![activity(9_900, "Unfulfilled", "TargetServicePutResourceAsUnscalable")],
            vec!["autoscaling-not-scalable"],
        ),
        ("another reason", vec![activity(9_900, "Unfulfilled", "AlreadyAtDesiredCapacity")], vec![]),
    ] {
        assert_eq!(case(target(1, 8), activities).ids(&FAMILY), expected, "{what}");
    }
}

#[test]
fn suspension_and_deployments_are_told() {
    let suspended = ScalableTarget { suspended: vec!["DynamicScalingOut".to_owned()], ..target(1, 8) };
    assert_eq!(case(suspended.clone(), Vec::new()).ids(&FAMILY), ["autoscaling-suspended"]);
    let commands = &case(suspended, Vec::new()).find(&FAMILY)[0].fix.clone().unwrap().commands;
    assert!(
        commands[0].contains("--resource-id service/shop/web")
            && commands[0].ends_with("DynamicScalingOutSuspended=false")
    );
    let rolling = Case::new(service("web", 4).rolling(1, 0, at(9_000))).at(10_000);
    assert_eq!(
        scaled(rolling.clone(), target(1, 8), Vec::new()).ids(&FAMILY),
        ["autoscaling-scale-in-paused-by-deploy"]
    );
    assert_eq!(scaled(rolling, target(4, 8), Vec::new()).ids(&FAMILY), Vec::<&str>::new(), "nothing to scale in");
}

#[test]
fn what_aws_says_is_made_harmless() {
    let finding = case(target(1, 8), vec![activity(9_900, "Failed", "")]).find(&FAMILY).remove(0);
    assert!(finding.explanation.contains("Unable to assume role") && !finding.explanation.contains('\u{1b}'));
}

#[test]
fn what_could_not_be_read_says_nothing() {
    let web = service("web", 4);
    let query = Query::Scaling { cluster: ClusterName::new("shop"), service: web.arn.clone() };
    let case = Case::new(web).denied(query, "application-autoscaling", "DescribeScalableTargets");
    assert_eq!(case.ids(&FAMILY), Vec::<&str>::new());
}
