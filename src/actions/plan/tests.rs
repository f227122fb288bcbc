use super::*;
use crate::diagnose::fixtures::{ServiceFixture, at, service};
use crate::model::arn::ServiceArn;
use crate::model::service::{DeploymentController, SchedulingStrategy, ServiceStatus};

fn place() -> Place {
    Place {
        account: Some("111122223333".to_owned()),
        profile: Some("prod".to_owned()),
        region: Some("eu-west-1".to_owned()),
        cluster: ClusterName::new("shop"),
    }
}

fn force(service: &Service) -> Mutation {
    Mutation::ForceNewDeployment { cluster: ClusterName::new("shop"), service: service.arn.clone() }
}

fn scale(service: &Service, desired: u32) -> Mutation {
    Mutation::Scale { cluster: ClusterName::new("shop"), service: service.arn.clone(), desired }
}

fn plan_force(service: &Service) -> Plan {
    Plan::new(force(service), service, place()).unwrap()
}

fn plan_scale(service: &Service, desired: u32) -> Plan {
    Plan::new(scale(service, desired), service, place()).unwrap()
}

#[test]
fn a_plan_shows_the_call_and_the_command() {
    let web = service("web", 4);
    let plan = plan_force(&web);
    assert_eq!(
        plan.api_call,
        "ecs:UpdateService {\"cluster\":\"shop\",\"service\":\"arn:aws:ecs:eu-west-1:1:service/shop/web\",\"forceNewDeployment\":true}"
    );
    assert_eq!(
        plan.command,
        "aws ecs update-service --cluster shop --service web --force-new-deployment --region eu-west-1 --profile prod"
    );
    assert_eq!(
        plan.changes,
        [
            change("deployment", "ecs-svc/1 COMPLETED", "a new one of web:30"),
            change("tasks", "4 running", "4 new ones, then the old ones stop, 4 to 8 at once"),
        ]
    );
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);

    let plan = Plan::new(scale(&web, 6), &web, Place { profile: None, region: None, ..place() }).unwrap();
    assert_eq!(plan.command, "aws ecs update-service --cluster shop --service web --desired-count 6");
    assert!(plan.api_call.contains("\"desiredCount\":6") && !plan.api_call.contains("force"), "{}", plan.api_call);
    assert_eq!(plan.changes, [change("desired count", "4", "6")]);
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
}

#[test]
fn names_are_quoted_and_neutralised() {
    let web = service("web", 4);
    let plan = Plan::new(scale(&web, 5), &web, Place { profile: Some("it's $me".to_owned()), ..place() }).unwrap();
    assert!(plan.command.ends_with(r"--profile 'it'\''s $me'"), "{}", plan.command);
    let hostile = Service { name: "\u{1b}[2J".to_owned(), ..web };
    let plan = plan_scale(&hostile, 5);
    assert_eq!(plan.service_name, "␛[2J");
    assert!(!plan.command.contains('\u{1b}'));
}

#[test]
fn what_aws_would_refuse_is_not_planned() {
    let web = service("web", 4);
    let daemon = Service { scheduling: SchedulingStrategy::Daemon, ..web.clone() };
    let gone = Service { status: ServiceStatus::Inactive, ..web.clone() };
    let deploy = Service { controller: DeploymentController::CodeDeploy, ..web.clone() };
    for (mutation, service, part) in [
        (scale(&daemon, 5), &daemon, "container instance"),
        (scale(&gone, 5), &gone, "deleted"),
        (force(&gone), &gone, "deleted"),
        (force(&deploy), &deploy, "aws deploy create-deployment"),
    ] {
        let refusal = Plan::new(mutation, service, place()).unwrap_err();
        assert!(refusal.to_string().contains(part), "{refusal}");
    }
    assert!(Plan::new(scale(&deploy, 5), &deploy, place()).is_ok());
    let other = Service { arn: ServiceArn::from("arn:aws:ecs:eu-west-1:1:service/shop/api"), ..web.clone() };
    assert!(Plan::new(force(&web), &other, place()).is_err());
}

#[test]
fn warnings_come_when_they_are_due() {
    let web = service("web", 4);
    let rolling = web.clone().rolling(1, 1, at(1_000_000));
    let failed = web.clone().primary(|primary| primary.rollout_state = Some(RolloutState::Failed));
    let crashing = web.clone().primary(|primary| primary.failed = 2);
    let back = web.clone().events(&[
        (900, "rolling back to deployment ecs-svc/1."),
        (899, "(deployment ecs-svc/2) deployment failed: tasks failed to start."),
    ]);
    let worker = Service { load_balancers: Vec::new(), ..web.clone() };
    for (plan, expected) in [
        (plan_force(&web), ""),
        (
            plan_force(&rolling),
            "A deployment of web:31 is running since 1970-01-12 13:46 UTC, 1 of 4 tasks; this one takes its place.",
        ),
        (
            plan_force(&web.clone().with_percents(100, 100)),
            "It cannot finish: at least 4 tasks must stay healthy and at most 4",
        ),
        (plan_force(&web.clone().with_percents(50, 100)), ""),
        (plan_force(&failed), "The last deployment of web:30 failed; the same image will fail again."),
        (plan_force(&crashing), "Tasks of web:30 are failing"),
        (plan_force(&back), "The last change was rolled back; this deploys web:30 again, not the change."),
        (plan_force(&service("web", 0)), "no task will start"),
        (plan_scale(&web, 4), "The service already wants 4 tasks; nothing changes."),
        (plan_scale(&web, 0), "All tasks stop and its traffic gets no answer."),
        (plan_scale(&worker, 0), "All tasks stop and its work stops."),
        (plan_scale(&web, 3), ""),
        (plan_scale(&web, 8), ""),
        // More than twice, but few; and many, but not twice.
        (plan_scale(&web, 14), ""),
        (plan_scale(&service("web", 100), 150), ""),
        (plan_scale(&web, 15), "That is 11 tasks more than now"),
        (plan_scale(&service("web", 0), u32::MAX), "4294967295 tasks more"),
        (plan_scale(&rolling, 6), "it goes on with the new count"),
        (plan_scale(&failed, 6), "ECS starts no tasks for it"),
        (plan_scale(&failed, 3), ""),
    ] {
        if expected.is_empty() {
            assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
        } else {
            assert_eq!(plan.warnings.len(), 1, "{:?}", plan.warnings);
            assert!(plan.warnings[0].contains(expected), "{:?}", plan.warnings);
        }
    }
}

#[test]
fn a_plan_knows_when_its_ground_moved() {
    let web = service("web", 4);
    let plan = plan_scale(&web, 6);
    assert_eq!(plan.moved(&web), None);
    for (current, moved) in [
        (Service { desired: 5, ..web.clone() }, "desired count 4 → 5"),
        (web.clone().counts(3, 1), "running tasks 4 → 3, pending tasks 0 → 1"),
        (Service { status: ServiceStatus::Draining, ..web.clone() }, "status ACTIVE → DRAINING"),
        (
            web.clone().rolling(0, 4, at(0)),
            "deployment ecs-svc/1 → ecs-svc/2, rollout COMPLETED → IN_PROGRESS, task definition web:30 → web:31",
        ),
    ] {
        assert_eq!(plan.moved(&current).as_deref(), Some(moved));
    }
    // Events and times are not what a plan is made on, and counts move while a deployment runs.
    assert_eq!(plan.moved(&web.clone().events(&[(1, "has reached a steady state.")])), None);
    let rolling = web.rolling(0, 4, at(0));
    let progressed = rolling.clone().counts(6, 1);
    assert_eq!(plan_force(&rolling).moved(&progressed), None);
    assert!(plan_force(&rolling).moved(&Service { desired: 9, ..progressed }).is_some());
}
