//! Which revision runs, and whether that is what somebody thinks runs.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{DESCRIBE_SERVICES, HISTORY, NOTE, SERVICE, View, shown, subject};
use crate::diagnose::catalogue::{Bearing, Entry};
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::progress::is_running;
use crate::model::known::Known;
use crate::model::service_deployment::ServiceRevision;

/// A deployment older than this surprises nobody any more.
const RECENT: SignedDuration = SignedDuration::from_hours(24 * 7);

pub(super) static IMAGE_UNCHANGED: Entry = Entry {
    id: "deployment-image-unchanged",
    number: 203,
    bearing: Bearing::Hygiene,
    title: "The newest deployment brought the same image",
    meaning: "The deployment started new tasks, but the image behind the tag is the one that ran before, byte for byte. Who \
              wonders why a fix does not show finds the answer here: it was not pushed, or pushed under another tag.",
    decided: "Service revisions before and after the newest deployment (of the last week) have the same image digests.",
    fix: "Push the image under the tag the task definition names, then: aws ecs update-service --cluster CLUSTER --service \
          SERVICE --force-new-deployment.",
    sources: &[HISTORY],
    ..NOTE
};

pub(super) static NOT_LATEST: Entry = Entry {
    id: "taskdef-not-latest",
    number: 204,
    bearing: Bearing::Hygiene,
    title: "A newer revision of the task definition exists",
    meaning: "The service runs a revision that is not the newest of its family. That can be on purpose, after a rollback for \
              one; it matters to whoever expects the newest to run.",
    decided: "ListTaskDefinitions names an ACTIVE revision of the family with a higher number than the service's.",
    fix: "To deploy it: aws ecs update-service --cluster CLUSTER --service SERVICE --task-definition FAMILY.",
    sources: &[SERVICE],
    ..NOTE
};

pub(super) static INACTIVE: Entry = Entry {
    id: "taskdef-inactive",
    number: 205,
    severity: Severity::Warning,
    bearing: Bearing::Hygiene,
    title: "The task definition the service uses was deregistered",
    meaning: "Tasks of a deregistered revision keep running and are replaced, but the revision cannot be chosen for a change \
              any more, and it can be deleted for good.",
    decided: "status of the task definition is INACTIVE or DELETE_IN_PROGRESS.",
    fix: "Register the revision again and deploy that.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html"],
    ..NOTE
};

pub(super) static MIXED: Entry = Entry {
    id: "service-revision-mixed",
    number: 206,
    bearing: Bearing::Hygiene,
    title: "Tasks of several service revisions run, and no deployment is under way",
    meaning: "A service revision is task definition, network and load balancers taken together. Several have tasks although \
              nothing is being deployed; the next deployment reconciles them.",
    decided: "currentServiceRevisions has more than one entry with tasks, and no service deployment is in progress.",
    fix: "None needed; a new deployment brings all tasks to one revision.",
    sources: &[SERVICE, HISTORY],
    ..NOTE
};

pub(super) fn find(view: &View<'_, '_>, findings: &mut Vec<Finding>) {
    findings.extend(image_unchanged(view));
    findings.extend(not_latest(view));
    findings.extend(inactive(view));
    findings.extend(mixed(view));
}

/// Digest by container, if every image has one.
fn digests(revision: &ServiceRevision) -> Option<BTreeMap<&str, &str>> {
    let digest = |image: &'_ crate::model::service_deployment::RevisionImage| image.digest.is_some();
    let complete = !revision.images.is_empty() && revision.images.iter().all(digest);
    let of_images =
        || revision.images.iter().filter_map(|image| Some((image.container.as_str(), image.digest.as_deref()?)));
    complete.then(|| of_images().collect())
}

fn image_unchanged(view: &View<'_, '_>) -> Option<Finding> {
    let newest =
        view.newest().filter(|newest| matches!(newest.status.as_str(), "PENDING" | "IN_PROGRESS" | "SUCCESSFUL"))?;
    let recent = view.scene.since(newest.created_at).is_some_and(|age| age <= RECENT);
    let brings = newest.target_revision.as_ref().filter(|_| recent)?;
    let revisions = view.scene.facts.service_revisions();
    let revisions = revisions.known().copied().unwrap_or_default();
    let read = |arn: &crate::model::arn::ServiceRevisionArn| revisions.iter().find(|one| one.arn == *arn);
    // With several sources there is no one image that ran before.
    let [source] = newest.source_revisions.as_slice() else { return None };
    let (before, after) = (read(source).filter(|_| source != brings)?, read(brings)?);
    let (old, new) = (digests(before)?, digests(after)?);
    if old != new {
        return None;
    }
    let mut finding = Finding::new(&IMAGE_UNCHANGED, Confidence::Certain, "The newest deployment brought the same image as before")
        .short("same image as before the deployment")
        .explain(
            "The image digests before and after the deployment are the same, so no code changed. If a fix was expected, it was \
             not pushed under the tag the task definition names.",
        );
    for (container, digest) in new.iter().take(4) {
        finding = finding.evidence(
            "ecs:DescribeServiceRevisions",
            format!("container {container}"),
            "containerImages.imageDigest",
            view.scene.quote(digest),
        );
    }
    let fix = Fix::new("Push the image, then start new tasks.").aws(view.update_service(&["--force-new-deployment"]));
    Some(finding.fix(fix))
}

fn not_latest(view: &View<'_, '_>) -> Option<Finding> {
    let runs = view.scene.service.task_definition.as_ref()?;
    let Known::Known(Some(latest)) = view.scene.facts.latest_revision(runs.family()) else { return None };
    let (number, newest) = (runs.revision()?, latest.revision()?);
    if latest.family() != runs.family() || newest <= number {
        return None;
    }
    let (runs, latest) = (shown(runs.name()), shown(latest.name()));
    let fix =
        Fix::new("If the newest should run, deploy it.").aws(view.update_service(&["--task-definition", &latest]));
    Some(
        Finding::new(&NOT_LATEST, Confidence::Certain, format!("The service runs {runs}, and {latest} exists"))
            .short(format!("runs {runs}, {latest} exists"))
            .explain("That is not an error by itself; it matters to whoever expects the newest revision to run.")
            .scope(Scope { task_definition: Some(runs.clone()), ..Scope::default() })
            .evidence(DESCRIBE_SERVICES, subject(view.scene), "taskDefinition", &runs)
            .evidence("ecs:ListTaskDefinitions", subject(view.scene), "derived: newest ACTIVE revision", &latest)
            .fix(fix),
    )
}

fn inactive(view: &View<'_, '_>) -> Option<Finding> {
    let definition = view.scene.definition()?;
    let status = definition.status.as_deref().filter(|status| matches!(*status, "INACTIVE" | "DELETE_IN_PROGRESS"))?;
    let name = shown(definition.arn.name());
    Some(
        Finding::new(&INACTIVE, Confidence::Certain, format!("{name}, which the service uses, was deregistered"))
            .short(format!("{name} was deregistered"))
            .explain(format!(
                "Its status is {status}. Tasks keep running and are replaced, but the revision cannot be deployed again, and \
                 once it is deleted no task of it starts."
            ))
            .scope(Scope { task_definition: Some(name.clone()), ..Scope::default() })
            .evidence("ecs:DescribeTaskDefinition", format!("task definition {name}"), "status", status)
            .fix(
                Fix::new("Register the same content as a new revision and deploy that.")
                    .aws(["ecs", "describe-task-definition", "--task-definition", &name])
                    .aws(view.update_service(&["--task-definition", definition.arn.family()])),
            ),
    )
}

fn mixed(view: &View<'_, '_>) -> Option<Finding> {
    let service = view.scene.service;
    let with_tasks =
        service.current_revisions.iter().filter(|one| one.running > 0 || one.pending > 0 || one.requested > 0);
    let revisions: Vec<_> = with_tasks.collect();
    let idle = view.newest().is_some_and(|newest| !is_running(newest)) && service.current_service_deployment.is_none();
    if revisions.len() < 2 || !idle || view.progress.under_way {
        return None;
    }
    let mut finding = Finding::new(
        &MIXED,
        Confidence::Medium,
        format!("Tasks of {} service revisions run, and no deployment is under way", revisions.len()),
    )
    .explain("The next deployment reconciles them.");
    for revision in revisions.iter().take(4) {
        finding = finding.evidence(
            DESCRIBE_SERVICES,
            format!("service revision {}", revision.arn.name()),
            "currentServiceRevisions.runningTaskCount",
            revision.running,
        );
    }
    Some(finding)
}
