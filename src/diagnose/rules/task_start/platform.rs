//! Images built for another processor architecture.

use super::attempts::{Failures, with_definition};
use super::image::name_of;
use super::{ECS_PULL, START};
use crate::diagnose::catalogue::Entry;
use crate::diagnose::finding::{Confidence, Finding, Fix};
use crate::diagnose::parse::start_failure::Image;
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::rules::task_stop::batch::{
    LOGS, as_of, count_words, log_of, scope_of, standing, subject, tasks_of,
};
use crate::diagnose::rules::task_stop::remedy::in_definition;
use crate::diagnose::scene::{Dead, Scene};
use crate::model::task_definition::TaskDefinition;

pub(super) static IMAGE_PLATFORM_MISMATCH: Entry = Entry {
    id: "image-platform-mismatch",
    number: 93,
    instead_of: &["task-start-failed", "cannot-start-container"],
    title: "The image was built for another processor architecture",
    meaning: "The image has no variant for the platform the task runs on, most often an image built on an ARM laptop \
        for tasks on X86_64, or the other way round. Either the registry finds no matching manifest, or the container \
        is started and its first instruction fails with `exec format error`.",
    decided: "The reason of the failed start says `does not contain descriptor matching platform`; or the runtime, or \
        the log of a container that exited with 255 or 1 right after its start, says `exec format error`.",
    fix: "`docker buildx build --platform linux/amd64 --push …` (or `linux/arm64`), or set \
          `runtimePlatform.cpuArchitecture` in the task definition to what the image is built for.",
    sources: &[ECS_PULL, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html"],
    ..START
};

pub(super) fn wrong_platform<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, platform: Option<&str>) -> Finding {
    let definition = batch.definition(scene);
    let image = batch.image(scene, None);
    let finding = mismatch(definition, image.as_ref(), platform, batch.count());
    with_architecture(finding, definition)
}

fn with_architecture(finding: Finding, definition: Option<&TaskDefinition>) -> Finding {
    match definition {
        Some(definition) => {
            let architecture = definition.cpu_architecture.as_deref().unwrap_or("absent");
            with_definition(finding, definition, "runtimePlatform.cpuArchitecture", architecture)
        }
        None => finding,
    }
}

fn mismatch(
    definition: Option<&TaskDefinition>,
    image: Option<&Image>,
    platform: Option<&str>,
    count: usize,
) -> Finding {
    let architecture = definition.and_then(|definition| definition.cpu_architecture.as_deref());
    let wanted = match (platform, architecture) {
        (Some(platform), _) => platform,
        (None, Some("ARM64")) => "linux/arm64",
        (None, _) => "linux/amd64",
    };
    let other = if wanted.contains("arm64") { "X86_64" } else { "ARM64" };
    let named = image.map_or_else(|| "IMAGE".to_owned(), |image| image.reference().to_owned());
    Finding::new(
        &IMAGE_PLATFORM_MISMATCH,
        Confidence::Certain,
        format!("{} has no build for {wanted}{}", name_of(image), count_words(count)),
    )
    .short(format!("image has no build for {wanted}"))
    .explain(format!(
        "The task runs on {wanted}, and the image was built for another architecture. It can never start there, \
            however often ECS tries."
    ))
    .fix(
        Fix::new(format!(
            "Build for it (docker buildx build --platform {wanted} --push -t {named} .), or run the task on {other} if \
                that is what the image is built for"
        ))
        .terraform(in_definition(definition, &format!("runtime_platform {{ cpu_architecture = \"{other}\" }}"))),
    )
}

/// Containers that end at once because their log says `exec format error`.
pub(super) fn find_wrong_architecture(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let failing: Vec<(&Dead<'_>, String)> =
        scene.dead.iter().filter_map(|dead| Some((dead, exec_format(scene, dead)?))).collect();
    let Some((newest, line)) = failing.first() else { return };
    // Tasks that ended the same way count, whether or not their log was read.
    let same: Vec<&Dead<'_>> = scene
        .dead
        .iter()
        .filter(|dead| {
            dead.task.task_definition == newest.task.task_definition
                && dead.death.container == newest.death.container
                && dead.death.exit_code == newest.death.exit_code
        })
        .collect();
    let Some(standing) = standing(scene, &same) else { return };
    let container = newest.death.container.as_deref();
    let image = newest
        .definition
        .and_then(|definition| definition.containers.iter().find(|one| Some(one.name.as_str()) == container))
        .map(|container| Image::new(&container.image));
    let finding = mismatch(newest.definition, image.as_ref(), None, same.len())
        .scope(scope_of(scene, &tasks_of(&same), container))
        .evidence(LOGS, subject(newest.task), "message", scene.quote(line));
    findings.push(as_of(standing, with_architecture(finding, newest.definition)));
}

/// The line of a container's log that says that it was built for another architecture.
pub(in crate::diagnose::rules) fn exec_format(scene: &Scene<'_>, dead: &Dead<'_>) -> Option<String> {
    let ended =
        dead.death.class == StopClass::EssentialContainerExited && matches!(dead.death.exit_code, Some(255 | 1));
    let container = dead.death.container.as_deref().filter(|_| ended)?;
    let log = log_of(scene, dead.task, container)?;
    let line = log.lines.iter().find(|line| line.message.to_ascii_lowercase().contains("exec format error"))?;
    Some(line.message.clone())
}
