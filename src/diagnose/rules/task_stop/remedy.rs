//! Words that fixes of tasks have in common: commands with the real names, labels for Terraform.

use crate::diagnose::parse::start_failure::Image;
use crate::diagnose::scene::Scene;
use crate::model::query::LogStream;
use crate::model::task_definition::TaskDefinition;

/// `ecs update-service --cluster … --service … MORE`
pub(in crate::diagnose::rules) fn update_service(scene: &Scene<'_>, more: &[&str]) -> Vec<String> {
    let cluster = scene.facts.cluster();
    let words = ["ecs", "update-service", "--cluster", cluster.as_str(), "--service", &scene.service.name];
    words.iter().chain(more).map(|word| (*word).to_owned()).collect()
}

/// `ecs update-service … --force-new-deployment`
pub(in crate::diagnose::rules) fn deploy_again(scene: &Scene<'_>) -> Vec<String> {
    update_service(scene, &["--force-new-deployment"])
}

/// The command that goes back to the revision of an older deployment which still runs tasks, if there is one.
pub(in crate::diagnose::rules) fn go_back(scene: &Scene<'_>) -> Option<Vec<String>> {
    let wanted = scene.primary.map(|primary| &primary.task_definition)?;
    let old = scene.service.older_deployments().find(|old| old.running > 0 && old.task_definition != *wanted)?;
    Some(update_service(scene, &["--task-definition", old.task_definition.name()]))
}

/// `ecs describe-task-definition --task-definition FAMILY:REVISION`
pub(in crate::diagnose::rules) fn describe_definition(definition: &TaskDefinition) -> Vec<String> {
    let words = ["ecs", "describe-task-definition", "--task-definition", definition.arn.name()];
    words.map(ToOwned::to_owned).to_vec()
}

/// `logs tail GROUP --log-stream-names STREAM`
pub(in crate::diagnose::rules) fn tail_log(stream: &LogStream) -> Vec<String> {
    let words = ["logs", "tail", &stream.group, "--log-stream-names", &stream.stream, "--since", "3h"];
    let region = stream.region.as_deref().map(|region| ["--region", region]);
    words.into_iter().chain(region.into_iter().flatten()).map(ToOwned::to_owned).collect()
}

/// `ecr describe-images …` for an image in ECR.
pub(in crate::diagnose::rules) fn describe_image(image: &Image) -> Option<Vec<String>> {
    let (account, region) = image.account().zip(image.region())?;
    let words = ["ecr", "describe-images", "--registry-id", account, "--repository-name", image.repository()];
    let words = words.into_iter().chain(["--region", region]).map(ToOwned::to_owned);
    let id = match (image.digest(), image.tag()) {
        (Some(digest), _) => format!("imageDigest={digest}"),
        (None, Some(tag)) => format!("imageTag={tag}"),
        (None, None) => "imageTag=latest".to_owned(),
    };
    Some(words.chain(["--image-ids".to_owned(), id]).collect())
}

/// A label Terraform takes, from a name: `my-web` is `my_web`.
pub(in crate::diagnose::rules) fn label(name: &str) -> String {
    name.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '_' }).collect()
}

/// `aws_ecs_task_definition.web → ATTRIBUTE`
pub(in crate::diagnose::rules) fn in_definition(definition: Option<&TaskDefinition>, attribute: &str) -> String {
    let family = definition.map_or("this", |definition| definition.arn.family());
    format!("aws_ecs_task_definition.{} → {attribute}", label(family))
}

/// The name of a role in its resource name.
pub(in crate::diagnose::rules) fn role_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
