//! What automatic scaling does and does not (catalogue 5G).

use jiff::SignedDuration;

use super::Family;
use crate::diagnose::catalogue::{Bearing, Effect, Entry, Missing, Rank};
use crate::diagnose::deployment::in_progress;
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::scene::Scene;
use crate::model::scaling::{ScalableTarget, ScalingActivity};

/// The family.
pub const FAMILY: Family = Family {
    name: "Auto scaling",
    entries: &[&AT_MAX, &OUT_OF_BOUNDS, &SUSPENDED, &SCALE_IN_PAUSED, &FAILED_ACTIVITY, &FLAP_GUARD, &NOT_SCALABLE],
    missing: &[Missing {
        id: "manual-scale-will-be-overridden",
        number: 216,
        reason: "It speaks of a change somebody is about to make, not of the state of a service.",
    }],
    find,
};

const SOURCE_TARGETS: &str = "application-autoscaling:DescribeScalableTargets";
const SOURCE_ACTIVITIES: &str = "application-autoscaling:DescribeScalingActivities";
const SERVICE_AUTO_SCALING: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-auto-scaling.html";
const TROUBLESHOOT: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-service-auto-scaling.html";
const NOT_SCALED: &str = "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_NotScaledReason.html";

/// What was decided longer ago says nothing about the present.
const RECENT: SignedDuration = SignedDuration::from_mins(30);
/// From this share of the reserved CPU or memory on, a service at its maximum is short of tasks, in percent.
const BUSY: f64 = 80.0;

static AT_MAX: Entry = Entry {
    id: "autoscaling-at-max",
    number: 210,
    severity: Severity::Warning,
    rank: Rank::Blocker,
    effect: None,
    explains: &[Effect::Clients],
    bearing: Bearing::Present,
    instead_of: &[],
    title: "Automatic scaling has reached its maximum",
    meaning: "The service runs as many tasks as automatic scaling may start, and it is asked for more: an alarm wants to \
              scale out, or its tasks are busy. Load that grows further is met by the same number of tasks.",
    decided: "desiredCount is MaxCapacity, and either a scaling activity of the last 30 minutes says AlreadyAtMaxCapacity or \
              the average CPU or memory of the last 5 minutes is at least 80 %.",
    fix: "Raise the maximum: aws application-autoscaling register-scalable-target --max-capacity N. Check that the cluster has \
          the capacity and that what stands behind the service (databases, quotas) can take more tasks.",
    sources: &[SERVICE_AUTO_SCALING, NOT_SCALED],
};

static OUT_OF_BOUNDS: Entry = Entry {
    id: "autoscaling-out-of-bounds",
    number: 211,
    severity: Severity::Warning,
    rank: Rank::Blocker,
    effect: None,
    explains: &[],
    bearing: Bearing::Present,
    instead_of: &["autoscaling-at-max"],
    title: "The desired count is outside the bounds of automatic scaling",
    meaning: "Somebody set the desired count by hand, or the bounds were changed. The next scaling action takes the count back \
              between the bounds, which may stop tasks that are needed or start tasks that are not.",
    decided: "desiredCount < MinCapacity or desiredCount > MaxCapacity of the scalable target.",
    fix: "Change the bounds together with the count: aws application-autoscaling register-scalable-target --min-capacity N \
          --max-capacity M.",
    sources: &[SERVICE_AUTO_SCALING],
};

static SUSPENDED: Entry = Entry {
    id: "autoscaling-suspended",
    number: 212,
    severity: Severity::Warning,
    rank: Rank::Blocker,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "Automatic scaling is suspended",
    meaning: "Somebody switched scaling in, scaling out or scheduled scaling off. Alarms still go off, and nothing is done \
              about them.",
    decided: "A member of SuspendedState of the scalable target is true.",
    fix: "Resume it: aws application-autoscaling register-scalable-target --suspended-state \
          DynamicScalingInSuspended=false,DynamicScalingOutSuspended=false,ScheduledScalingSuspended=false.",
    sources: &[
        "https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-suspend-resume-scaling.html",
    ],
};

static SCALE_IN_PAUSED: Entry = Entry {
    id: "autoscaling-scale-in-paused-by-deploy",
    number: 213,
    severity: Severity::Info,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "Automatic scaling does not scale in during a deployment",
    meaning: "While ECS deploys, Application Auto Scaling switches scaling in off; scaling out goes on. More tasks than the \
              load needs are normal until the deployment is over.",
    decided: "A deployment is in progress and the service has a scalable target whose minimum is below the desired count.",
    fix: "Nothing to do.",
    sources: &[TROUBLESHOOT],
};

static FAILED_ACTIVITY: Entry = Entry {
    id: "autoscaling-failed-activity",
    number: 214,
    severity: Severity::Error,
    rank: Rank::AwsText,
    effect: None,
    explains: &[Effect::FewTasks, Effect::Clients],
    bearing: Bearing::Present,
    instead_of: &[],
    title: "Automatic scaling tried to scale and failed",
    meaning: "Application Auto Scaling wanted to change the desired count and could not, for instance because its role lacks a \
              permission or the service is gone.",
    decided: "The newest scaling activity of the last 30 minutes has StatusCode Failed, or Unfulfilled without a reason for not \
              scaling.",
    fix: "Read AWS's message. The service-linked role AWSServiceRoleForApplicationAutoScaling_ECSService must exist and may not \
          be denied ecs:UpdateService.",
    sources: &[
        "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalingActivity.html",
        TROUBLESHOOT,
    ],
};

static FLAP_GUARD: Entry = Entry {
    id: "autoscaling-flap-guard",
    number: 215,
    severity: Severity::Info,
    rank: Rank::Timing,
    effect: None,
    explains: &[],
    bearing: Bearing::Hygiene,
    instead_of: &[],
    title: "Automatic scaling holds back to avoid going up and down",
    meaning: "A scaling action was not taken because it would have led straight to the opposite one.",
    decided: "A scaling activity of the last 30 minutes has the reason AutoScalingAnticipatedFlapping.",
    fix: "Nothing to do. If it lasts, give the policy a wider gap between scaling out and in.",
    sources: &[NOT_SCALED],
};

static NOT_SCALABLE: Entry = Entry {
    id: "autoscaling-not-scalable",
    number: 217,
    severity: Severity::Warning,
    rank: Rank::AwsText,
    effect: None,
    explains: &[],
    bearing: Bearing::Present,
    instead_of: &[],
    title: "ECS does not let automatic scaling scale the service now",
    meaning: "The service is in a state in which its desired count cannot be changed from outside, so automatic scaling skips it.",
    decided: "A scaling activity of the last 30 minutes has the reason TargetServicePutResourceAsUnscalable.",
    fix: "See the deployments of the service: one that is under way or failed may have to end first.",
    sources: &[NOT_SCALED],
};

fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let scaling = scene.facts.scaling();
    let Some(scaling) = scaling.known() else { return };
    let activities = recent(scene, scaling.activities.known().map(Vec::as_slice).unwrap_or_default());
    if let Some(Some(target)) = scaling.target.known() {
        bounds(scene, target, &activities, findings);
        switches(scene, target, findings);
    }
    decisions(scene, &activities, findings);
}

/// What was decided lately, newest first.
fn recent<'a>(scene: &Scene<'_>, activities: &'a [ScalingActivity]) -> Vec<&'a ScalingActivity> {
    let is_recent = |activity: &&ScalingActivity| scene.since(activity.started_at).is_some_and(|age| age <= RECENT);
    activities.iter().filter(is_recent).collect()
}

fn says(activity: &ScalingActivity, code: &str) -> bool {
    activity.not_scaled.iter().any(|reason| reason.code == code)
}

/// `service/CLUSTER/NAME`, as Application Auto Scaling names a service.
fn resource(scene: &Scene<'_>) -> String {
    format!("service/{}/{}", scene.facts.cluster().as_str(), scene.service.name)
}

/// `aws application-autoscaling register-scalable-target …` with these words at the end.
fn register(scene: &Scene<'_>, more: &[String]) -> Vec<String> {
    let words = ["application-autoscaling", "register-scalable-target", "--service-namespace", "ecs", "--resource-id"];
    let mut words: Vec<String> = words.map(ToOwned::to_owned).to_vec();
    words.push(resource(scene));
    words.extend(["--scalable-dimension".to_owned(), "ecs:service:DesiredCount".to_owned()]);
    words.extend(more.iter().cloned());
    words
}

fn bounds(scene: &Scene<'_>, target: &ScalableTarget, activities: &[&ScalingActivity], findings: &mut Vec<Finding>) {
    let ScalableTarget { minimum, maximum, .. } = *target;
    let desired = scene.service.desired;
    let counted = |finding: Finding| {
        finding
            .evidence("ecs:DescribeServices", &scene.service.name, "desiredCount", desired)
            .evidence(SOURCE_TARGETS, resource(scene), "MinCapacity", minimum)
            .evidence(SOURCE_TARGETS, resource(scene), "MaxCapacity", maximum)
    };
    // A service that was switched off by hand is off, whatever the bounds are.
    if desired != 0 && (desired < minimum || desired > maximum) {
        let title = format!("{desired} tasks are wanted, automatic scaling keeps to {minimum} to {maximum}");
        let (low, high) = (minimum.min(desired), maximum.max(desired));
        let fix = Fix::new(format!("To keep {desired} tasks, widen the bounds"))
            .aws(register(
                scene,
                &["--min-capacity".into(), low.to_string(), "--max-capacity".into(), high.to_string()],
            ))
            .terraform(format!("aws_appautoscaling_target → min_capacity = {low}, max_capacity = {high}"));
        let explanation = "The next scaling action takes the desired count back between the bounds.";
        findings.push(counted(Finding::new(&OUT_OF_BOUNDS, Confidence::High, title)).explain(explanation).fix(fix));
        return;
    }
    let at_most = |activity: &&&ScalingActivity| says(activity, "AlreadyAtMaxCapacity");
    let wants_more = activities.iter().find(at_most);
    let busy = busiest(scene).filter(|(_, percent)| *percent >= BUSY);
    if desired != maximum || desired == 0 || (wants_more.is_none() && busy.is_none()) {
        return;
    }
    let higher = maximum.saturating_mul(2);
    let mut finding = counted(Finding::new(
        &AT_MAX,
        Confidence::Certain,
        format!("At its maximum of {maximum} tasks and more are wanted"),
    ))
    .short(format!("autoscaling at its maximum of {maximum}"))
    .explain("Automatic scaling may not start more tasks; more load is met by the same tasks.")
    .fix(
        Fix::new("Raise the maximum, for instance to twice as many")
            .aws(register(scene, &["--max-capacity".into(), higher.to_string()]))
            .terraform(format!("aws_appautoscaling_target → max_capacity = {higher}")),
    );
    if let Some(activity) = wants_more {
        let cause = activity.cause.as_deref().unwrap_or("absent");
        finding = finding.evidence(SOURCE_ACTIVITIES, resource(scene), "NotScaledReasons.Code", "AlreadyAtMaxCapacity");
        finding = finding.evidence(SOURCE_ACTIVITIES, resource(scene), "Cause", scene.quote(cause));
    }
    if let Some((metric, percent)) = busy {
        let field = format!("derived: {metric}, average of 5 minutes");
        finding = finding.evidence("cloudwatch:GetMetricData", &scene.service.name, field, format!("{percent:.0} %"));
    }
    findings.push(finding);
}

/// The higher of CPU and memory, averaged over the last five minutes known.
fn busiest(scene: &Scene<'_>) -> Option<(&'static str, f64)> {
    let utilization = scene.facts.utilization();
    let utilization = utilization.known()?;
    let average = |samples: &[crate::model::observation::Sample]| {
        let last = samples.get(samples.len().saturating_sub(5)..).filter(|last| !last.is_empty())?;
        let count = u32::try_from(last.len()).ok()?;
        Some(last.iter().map(|sample| sample.value).sum::<f64>() / f64::from(count))
    };
    let cpu = average(&utilization.cpu).map(|percent| ("CPUUtilization", percent));
    let memory = average(&utilization.memory).map(|percent| ("MemoryUtilization", percent));
    cpu.into_iter().chain(memory).max_by(|one, other| one.1.total_cmp(&other.1))
}

fn switches(scene: &Scene<'_>, target: &ScalableTarget, findings: &mut Vec<Finding>) {
    if !target.suspended.is_empty() {
        let what = target.suspended.join(", ");
        let states =
            target.suspended.iter().map(|state| format!("{state}Suspended=false")).collect::<Vec<_>>().join(",");
        let finding = Finding::new(&SUSPENDED, Confidence::Certain, format!("Automatic scaling is suspended: {what}"))
            .explain("Alarms still go off, and nothing is done about them.")
            .evidence(SOURCE_TARGETS, resource(scene), "SuspendedState", what)
            .fix(Fix::new("Resume it").aws(register(scene, &["--suspended-state".into(), states])));
        findings.push(finding);
    }
    if in_progress(scene.service) && target.minimum < scene.service.desired {
        let finding =
            Finding::new(&SCALE_IN_PAUSED, Confidence::Certain, "No scaling in while the deployment is under way")
                .explain("Application Auto Scaling switches scaling in off during a deployment; scaling out goes on.")
                .evidence(SOURCE_TARGETS, resource(scene), "MinCapacity", target.minimum)
                .evidence("ecs:DescribeServices", &scene.service.name, "desiredCount", scene.service.desired);
        findings.push(finding);
    }
}

fn decisions(scene: &Scene<'_>, activities: &[&ScalingActivity], findings: &mut Vec<Finding>) {
    let newest = activities.first();
    if let Some(failed) = newest.filter(|newest| is_failure(newest)) {
        let message = failed.message.as_deref().or(failed.description.as_deref()).unwrap_or("absent");
        let finding =
            Finding::new(&FAILED_ACTIVITY, Confidence::Certain, "Automatic scaling could not change the desired count")
                .explain(format!("AWS says: {}", scene.quote(message)))
                .evidence(SOURCE_ACTIVITIES, resource(scene), "StatusCode", &failed.status)
                .evidence(SOURCE_ACTIVITIES, resource(scene), "StatusMessage", scene.quote(message))
                .fix(Fix::new("Remove what AWS's message names, then let the alarm go off again"));
        findings.push(finding);
    }
    for (code, entry, title) in [
        ("AutoScalingAnticipatedFlapping", &FLAP_GUARD, "Automatic scaling holds back to avoid going up and down"),
        (
            "TargetServicePutResourceAsUnscalable",
            &NOT_SCALABLE,
            "ECS does not let automatic scaling scale the service now",
        ),
    ] {
        if newest.is_some_and(|newest| says(newest, code)) {
            let finding = Finding::new(entry, Confidence::Certain, title)
                .explain("The newest decision of Application Auto Scaling says so.")
                .evidence(SOURCE_ACTIVITIES, resource(scene), "NotScaledReasons.Code", code);
            findings.push(finding);
        }
    }
}

fn is_failure(activity: &ScalingActivity) -> bool {
    activity.status == "Failed" || (activity.status == "Unfulfilled" && activity.not_scaled.is_empty())
}

#[cfg(test)]
mod tests;
