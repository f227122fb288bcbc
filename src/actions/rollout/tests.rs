use proptest::prelude::*;

use super::*;
use crate::diagnose::fixtures::{NO_MEMORY as FULL, ServiceFixture, any_service, at, deployment, service, target};
use crate::model::arn::ClusterName;
use crate::model::load_balancing::TargetState;
use crate::model::service::DeploymentStrategy;

const START: i64 = 10_000;

fn force(service: &Service) -> Mutation {
    Mutation::ForceNewDeployment { cluster: ClusterName::new("shop"), service: service.arn.clone() }
}

/// What UpdateService with force returns: `ecs-svc/2` is primary and has nothing yet.
fn forced() -> Service {
    service("web", 4).rolling(0, 0, at(START))
}

fn rolling(running: u32, pending: u32, old: u32) -> Service {
    let mut service = service("web", 4).rolling(running, pending, at(START));
    service.deployments[1].running = old;
    service.running = running + old;
    service
}

fn follow(service: &Service, seconds: i64) -> Progress {
    let accepted = forced();
    Watch::new(force(&accepted), &accepted, at(START)).progress(service, &[], at(START + seconds))
}

fn scaled(from: &Service, to: u32) -> (Watch, Service) {
    let accepted = Service { desired: to, ..from.clone() };
    let mutation = Mutation::Scale { cluster: ClusterName::new("shop"), service: from.arn.clone(), desired: to };
    (Watch::new(mutation, &accepted, at(START)), accepted)
}

fn healthy(count: u8) -> Vec<Target> {
    (0..count).map(|last| target(&format!("10.0.0.{last}"), TargetState::Healthy, "", "")).collect()
}

fn why(progress: &Progress) -> &str {
    match &progress.verdict {
        Verdict::Failing { why } => why,
        other => panic!("not failing but {other:?}"),
    }
}

#[test]
fn a_forced_deployment_rolls_until_it_is_complete() {
    let mut done = rolling(4, 0, 0).primary(|primary| primary.rollout_state = Some(RolloutState::Completed));
    done.deployments.truncate(1);
    for (seconds, service, new, old, verdict) in [
        (0, forced(), (0, 0), 4, Verdict::Rolling),
        // A read that shows the world before: complete, but it is not ours that is.
        (2, service("web", 4), (0, 0), 4, Verdict::Rolling),
        (20, rolling(0, 4, 4), (0, 4), 4, Verdict::Rolling),
        (60, rolling(2, 2, 4), (2, 2), 4, Verdict::Rolling),
        (90, rolling(4, 0, 2), (4, 0), 2, Verdict::Rolling),
        (120, rolling(4, 0, 0), (4, 0), 0, Verdict::Rolling),
        (150, done, (4, 0), 0, Verdict::Steady),
    ] {
        let progress = follow(&service, seconds);
        assert_eq!((progress.new.running, progress.new.pending), new, "after {seconds} s");
        assert_eq!(progress.old.running, old, "after {seconds} s");
        assert_eq!(progress.elapsed, SignedDuration::from_secs(seconds));
        assert_eq!(progress.verdict, verdict, "after {seconds} s");
    }
}

#[test]
fn without_a_rollout_state_counts_and_targets_tell() {
    let web = |running, old| rolling(running, 0, old).primary(|primary| primary.rollout_state = None);
    let accepted = web(0, 4);
    let watch = Watch::new(force(&accepted), &accepted, at(START));
    let look = |service: &Service, targets: &[&[Target]]| watch.progress(service, targets, at(START + 100)).verdict;
    assert_eq!(look(&web(4, 1), &[]), Verdict::Rolling);
    assert_eq!(look(&web(4, 0), &[&healthy(3)]), Verdict::Rolling);
    assert_eq!(look(&web(4, 0), &[&healthy(4), &healthy(2)]), Verdict::Rolling);
    assert_eq!(look(&web(4, 0), &[&healthy(4)]), Verdict::Steady);
    assert_eq!(look(&web(4, 0), &[]), Verdict::Steady);
}

#[test]
fn a_deployment_that_fails_says_why() {
    let broken = || rolling(0, 2, 4);
    let failed = broken().primary(|primary| {
        primary.rollout_state = Some(RolloutState::Failed);
        primary.rollout_reason = Some("ECS deployment circuit breaker: tasks failed to start.".to_owned());
    });
    assert_eq!(
        why(&follow(&failed, 300)),
        "the deployment failed: ECS deployment circuit breaker: tasks failed to start"
    );

    let mut two = broken().primary(|primary| primary.failed = 2);
    assert_eq!(follow(&two, 300).verdict, Verdict::Rolling);
    assert_eq!(follow(&two, 300).failed_tasks, 2);
    two = two.primary(|primary| primary.failed = 3);
    assert_eq!(why(&follow(&two, 300)), "3 tasks failed");
    let quoted = "was unable to place a task. Reason: CannotPullContainerError: failed to resolve ref docker.io/library/web:nope: not found.";
    assert_eq!(why(&follow(&two.events(&[(START + 200, quoted)]), 300)), "3 tasks failed: image not found: web:nope");
    // Failures among tasks that work are what the circuit breaker judges, not we.
    assert_eq!(follow(&rolling(2, 1, 4).primary(|primary| primary.failed = 3), 300).verdict, Verdict::Rolling);

    assert_eq!(follow(&broken(), 600).verdict, Verdict::Rolling);
    assert!(why(&follow(&broken(), 660)).starts_with("no healthy task for 11 min"), "{}", why(&follow(&broken(), 660)));
    let mut patient = broken();
    patient.health_check_grace_period_seconds = Some(600);
    assert_eq!(follow(&patient, 660).verdict, Verdict::Rolling);

    let full = || rolling(2, 0, 4).events(&[(START + 100, FULL)]);
    assert_eq!(follow(&full(), 300).verdict, Verdict::Rolling);
    assert_eq!(follow(&full(), 300).trouble.as_deref(), Some("no room to place tasks: memory"));
    assert_eq!(follow(&full(), 700).trouble, None, "the verdict says it");
    assert_eq!(follow(&rolling(2, 2, 4), 300).trouble, None);
    assert_eq!(why(&follow(&full(), 700)), "2 of 4 tasks after 11 min: no room to place tasks: memory");
}

#[test]
fn healthy_targets_of_old_tasks_are_no_success_of_the_new() {
    let accepted = forced();
    let watch = Watch::new(force(&accepted), &accepted, at(START));
    let crashing = rolling(4, 0, 4).primary(|primary| primary.failed = 3);
    let mut targets = healthy(4);
    targets.extend(
        (10..14).map(|last| {
            target(&format!("10.0.0.{last}"), TargetState::Unhealthy, "Target.Timeout", "Request timed out")
        }),
    );
    targets.push(target("10.0.0.99", TargetState::Draining, "Target.DeregistrationInProgress", ""));
    let progress = watch.progress(&crashing, &[&targets], at(START + 300));
    assert_eq!(progress.targets, Some(TargetCounts { healthy: 4, total: 8 }));
    assert!(why(&progress).starts_with("3 tasks failed"));
}

#[test]
fn a_deployment_that_is_no_longer_wanted_is_lost() {
    // Rolled back: the old deployment is primary again, ours has failed or is gone.
    let mut back = rolling(1, 0, 4);
    back.deployments[0].status = DeploymentStatus::Active;
    back.deployments[0].rollout_state = Some(RolloutState::Failed);
    back.deployments[0].rollout_reason = Some("ECS deployment circuit breaker: tasks failed to start.".to_owned());
    back.deployments[1].status = DeploymentStatus::Primary;
    assert_eq!(
        why(&follow(&back, 300)),
        "the deployment failed: ECS deployment circuit breaker: tasks failed to start; rolled back"
    );
    back.deployments.remove(0);
    assert_eq!(follow(&back, 59).verdict, Verdict::Rolling, "an old read");
    assert_eq!(why(&follow(&back, 300)), "rolled back to web:30");

    // Somebody else deployed.
    let mut other = rolling(1, 0, 4);
    other.deployments[0].status = DeploymentStatus::Active;
    let mut theirs = deployment("3", 32, DeploymentStatus::Primary, 0);
    theirs.created_at = Some(at(START + 20));
    other.deployments.insert(0, theirs);
    assert_eq!(why(&follow(&other, 30)), "another deployment took its place (ecs-svc/3)");
    other.deployments.remove(1);
    assert_eq!(why(&follow(&other, 30)), "another deployment took its place (ecs-svc/3)");

    // A rollback that ECS carries out as a deployment of its own.
    other.deployments[0].rollout_reason =
        Some("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/3.".to_owned());
    other.deployments[0].task_definition = "arn:aws:ecs:eu-west-1:1:task-definition/web:30".into();
    assert!(why(&follow(&other, 300)).starts_with("rolled back to web:30"), "{}", why(&follow(&other, 300)));

    let gone = Service { status: ServiceStatus::Draining, ..rolling(1, 0, 4) };
    assert_eq!(why(&follow(&gone, 30)), "the service was deleted");
}

#[test]
fn an_answer_that_does_not_know_the_new_deployment_yet_is_no_success() {
    let before = service("web", 4);
    let watch = Watch::new(force(&before), &before, at(START));
    let look = |service: &Service, seconds| watch.progress(service, &[], at(START + seconds));
    assert_eq!(look(&before, 5).verdict, Verdict::Rolling);
    assert_eq!(look(&rolling(1, 3, 4), 10).new, Counts { desired: 4, running: 1, pending: 3 });
    let done = rolling(4, 0, 0).primary(|primary| primary.rollout_state = Some(RolloutState::Completed));
    assert_eq!(look(&done, 30).verdict, Verdict::Steady);
    // An endpoint that never starts a new deployment.
    assert_eq!(look(&before, 61).verdict, Verdict::Steady);
}

#[test]
fn scaling_is_done_when_the_count_is_reached_and_healthy() {
    let before = service("web", 4);
    let (watch, accepted) = scaled(&before, 6);
    let look = |service: &Service, targets: &[&[Target]], seconds| {
        watch.progress(service, targets, at(START + seconds)).verdict
    };
    let with = |running, pending| accepted.clone().counts(running, pending);
    assert_eq!(look(&accepted, &[], 0), Verdict::Rolling);
    assert_eq!(look(&before, &[], 2), Verdict::Rolling, "an old read, steady at the old count");
    assert_eq!(look(&with(4, 2), &[], 20), Verdict::Rolling);
    assert_eq!(look(&with(6, 0), &[&healthy(4)], 40), Verdict::Rolling);
    assert_eq!(look(&with(6, 0), &[&healthy(6)], 50), Verdict::Steady);
    assert_eq!(look(&with(6, 0), &[], 50), Verdict::Steady);
    assert_eq!(watch.progress(&with(5, 1), &[], at(START + 30)).new, Counts { desired: 4, running: 5, pending: 1 });

    let (watch, accepted) = scaled(&before, 0);
    assert_eq!(watch.progress(&accepted, &[], at(START)).verdict, Verdict::Rolling);
    assert_eq!(watch.progress(&accepted.clone().counts(0, 0), &[&[]], at(START + 60)).verdict, Verdict::Steady);
    let (watch, accepted) = scaled(&before, 2);
    assert_eq!(watch.progress(&accepted, &[&healthy(4)], at(START + 20)).verdict, Verdict::Rolling);
    assert_eq!(watch.progress(&accepted.counts(2, 0), &[&healthy(4)], at(START + 60)).verdict, Verdict::Steady);
}

#[test]
fn scaling_that_does_not_get_there_says_why() {
    let before = service("web", 4).primary(|primary| primary.failed = 2);
    let (watch, accepted) = scaled(&before, 6);
    let look = |service: &Service, seconds| watch.progress(service, &[], at(START + seconds));
    let short = || accepted.clone().counts(4, 0);
    let changed = Service { desired: 9, ..short() };
    assert_eq!(look(&changed, 30).verdict, Verdict::Rolling);
    assert!(why(&look(&changed, 90)).starts_with("the desired count is now 9"));
    assert_eq!(
        look(&short().primary(|primary| primary.failed = 4), 90).verdict,
        Verdict::Rolling,
        "two of them are old"
    );
    let crashing = look(&short().primary(|primary| primary.failed = 5), 90);
    assert!(why(&crashing).starts_with("3 tasks failed"));
    let stopped = short().primary(|primary| {
        primary.rollout_state = Some(RolloutState::Failed);
        primary.rollout_reason = None;
    });
    assert!(why(&look(&stopped, 30)).starts_with("the deployment failed, so ECS starts no tasks"));
    assert_eq!(look(&short(), 600).verdict, Verdict::Rolling);
    let full = short().events(&[(START + 30, FULL)]);
    assert_eq!(look(&full, 300).verdict, Verdict::Rolling, "more hosts may come");
    assert_eq!(why(&look(&full, 660)), "after 11 min 4 of 6 tasks run: no room to place tasks: memory");
}

#[test]
fn an_idle_group_of_a_blue_green_service_does_not_count() {
    let before = service("web", 2).with_strategy(DeploymentStrategy::BlueGreen);
    let (watch, accepted) = scaled(&before, 4);
    let progress = watch.progress(&accepted.counts(4, 0), &[&healthy(4), &[]], at(START + 60));
    assert_eq!(progress.verdict, Verdict::Steady);
}

proptest! {
    #[test]
    fn whatever_aws_says_done_means_done(
        accepted in any_service(),
        seen in any_service(),
        wanted in 0_u32..5,
        seconds in 0_i64..5_000,
    ) {
        let (watch, _) = scaled(&accepted, wanted);
        let progress = watch.progress(&seen, &[], at(START + seconds));
        if progress.verdict == Verdict::Steady {
            prop_assert_eq!((seen.desired, seen.running, seen.pending), (wanted, wanted, 0));
        }
        let watch = Watch::new(force(&accepted), &accepted, at(START));
        let progress = watch.progress(&seen, &[], at(START + seconds));
        if progress.verdict == Verdict::Steady {
            let primary = seen.primary_deployment().unwrap();
            prop_assert!(matches!(primary.rollout_state, None | Some(RolloutState::Completed)));
        }
    }
}
