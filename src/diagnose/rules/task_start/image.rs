//! Images that cannot be pulled, or do not fit the machine.

use super::attempts::{Failures, with_definition};
use super::{ECS_CONN, ECS_PULL, EXECUTION_ROLE, START};
use crate::diagnose::catalogue::{Effect, Entry, Rank};
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::parse::start_failure::{Dialled, Image, Remote, Unreachable};
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::rules::task_stop::batch::{
    LOGS, SERVICES, as_of, count_words, log_of, scope_of, standing, subject, tasks_of,
};
use crate::diagnose::rules::task_stop::remedy::{deploy_again, describe_image, in_definition, label, role_name};
use crate::diagnose::scene::{Dead, Scene};
use crate::model::task_definition::{EnvironmentSource, TaskDefinition};

pub(super) static ECR_AUTH_IAM: Entry = Entry {
    id: "ecr-auth-iam",
    number: 89,
    title: "The task may not log in to ECR or pull from the repository",
    meaning: "Before it pulls an image from ECR, the agent asks for a token (ecr:GetAuthorizationToken) and then for the \
              layers (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer). IAM denied one of these to the role it acts as: on \
              Fargate the task execution role, on EC2 the execution role or, without one, the role of the instance.\n\n\
              For an image in another account the policy of the repository has to allow it too.",
    decided: "The stop reason, a container's reason or an event says `is not authorized to perform: ecr:…`, or the pull of an \
              image in ECR is refused (`403 Forbidden`, `pull access denied`).",
    fix: "`aws iam attach-role-policy --role-name EXECUTION_ROLE --policy-arn \
          arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy`; across accounts also \
          `aws ecr set-repository-policy`.",
    sources: &[ECS_PULL, EXECUTION_ROLE],
    ..START
};

pub(super) static IMAGE_NOT_FOUND: Entry = Entry {
    id: "image-not-found",
    number: 90,
    title: "The image does not exist in its registry",
    meaning: "The registry answered, and it has no repository or no tag of that name. Usual reasons: the build was never \
              pushed, the tag is misspelt, the image is in another account or region, or a lifecycle policy removed it.",
    decided: "The reason of the failed start says `failed to resolve ref …: not found`, `repository … not found`, `manifest \
              unknown` or `requested access to the resource is denied`.",
    fix: "Push the image under that tag, or register a revision of the task definition with a tag that exists: \
          `aws ecr describe-images --repository-name REPOSITORY --image-ids imageTag=TAG`.",
    sources: &[ECS_PULL],
    ..START
};

pub(super) static IMAGE_DIGEST_EXPIRED: Entry = Entry {
    id: "image-digest-expired",
    number: 90,
    instead_of: &["image-not-found", "task-start-failed"],
    title: "The digest the deployment is pinned to is gone from the registry",
    meaning: "ECS resolves a tag once, when a deployment begins, and starts every later task of that deployment from the \
              digest. When a lifecycle policy or somebody removes that digest, running tasks go on, but no new one can \
              start: scaling out and replacing tasks fail although nobody deployed anything.",
    decided: "The reason of the failed start says that a reference with `@sha256:` was not found.",
    fix: "Begin a new deployment, which resolves the tag again: `aws ecs update-service --cluster CLUSTER --service SERVICE \
          --force-new-deployment`; keep images in use out of lifecycle policies.",
    sources: &[ECS_PULL, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html"],
    ..START
};

pub(super) static IMAGE_PULL_ACCESS_DENIED: Entry = Entry {
    id: "image-pull-access-denied",
    number: 91,
    title: "The registry wants credentials the task does not have",
    meaning: "A registry other than ECR refused to hand out the image: it is private and the task definition has no \
              `repositoryCredentials`, the credentials are wrong, or the image does not exist, which Docker Hub does not \
              tell apart.",
    decided: "The reason of the failed start says `pull access denied`, `401 Unauthorized` or `403 Forbidden` about an image \
              that is not in ECR.",
    fix: "Store the credentials in Secrets Manager, set `repositoryCredentials.credentialsParameter` in the container \
          definition, and let the execution role read the secret.",
    sources: &[ECS_PULL, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html"],
    ..START
};

pub(super) static IMAGE_RATE_LIMITED: Entry = Entry {
    id: "image-rate-limited",
    number: 92,
    severity: Severity::Error,
    title: "The registry limits how often images are pulled",
    meaning: "Docker Hub counts pulls by source address, or by account where one is used. Many tasks behind one NAT gateway \
              share its address and reach the limit together. Starts succeed again when the window has passed.",
    decided: "The reason of the failed start says `toomanyrequests` or `pull rate limit`.",
    fix: "Pull through ECR (`aws ecr create-pull-through-cache-rule`) or with credentials (`repositoryCredentials`).",
    sources: &[ECS_PULL, "https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html"],
    ..START
};

pub(super) static IMAGE_PLATFORM_MISMATCH: Entry = Entry {
    id: "image-platform-mismatch",
    number: 93,
    instead_of: &["task-start-failed", "cannot-start-container"],
    title: "The image was built for another processor architecture",
    meaning: "The image has no variant for the platform the task runs on, most often an image built on an ARM laptop for \
              tasks on X86_64, or the other way round. Either the registry finds no matching manifest, or the container is \
              started and its first instruction fails with `exec format error`.",
    decided: "The reason of the failed start says `does not contain descriptor matching platform`; or the runtime, or the log \
              of a container that exited with 255 or 1 right after its start, says `exec format error`.",
    fix: "`docker buildx build --platform linux/amd64 --push …` (or `linux/arm64`), or set \
          `runtimePlatform.cpuArchitecture` in the task definition to what the image is built for.",
    sources: &[ECS_PULL, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html"],
    ..START
};

pub(super) static IMAGE_TOO_LARGE_NO_SPACE: Entry = Entry {
    id: "image-too-large-no-space",
    number: 94,
    severity: Severity::Error,
    title: "The disk is too small for the image",
    meaning: "While the image was unpacked the disk became full. On Fargate the task has 20 GiB of ephemeral storage unless \
              its definition asks for more; on EC2 all tasks of an instance share its disk with old images.",
    decided: "The reason of the failed start says `no space left on device`.",
    fix: "Fargate: `ephemeralStorage.sizeInGiB` up to 200. EC2: a larger volume, or let the agent clean up earlier.",
    sources: &[ECS_PULL, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html"],
    ..START
};

pub(super) static IMAGE_PULL_NETWORK: Entry = Entry {
    id: "image-pull-network",
    number: 95,
    rank: Rank::Symptom,
    effect: Some(Effect::StartFailures),
    title: "The task does not reach the registry",
    meaning: "The connection to the registry, or to the bucket it keeps layers in, timed out, was refused, or its name did \
              not resolve. This is an effect: security groups, routes, endpoints or DNS are the cause, and findings about \
              them stand above it when they could be checked.\n\n\
              The address that was dialled tells which way the packets went: a private one means that the name resolved to \
              an interface endpoint in the VPC (look at the endpoint's security groups), a public one that they went to the \
              internet (look at NAT, public address and routes).",
    decided: "The reason of the failed start is about an image or ECR and says `i/o timeout`, `request canceled`, `context \
              canceled`, `connection refused`, `no such host`, or that there is a connection issue between the task and ECR.",
    fix: "Follow the path: subnets and their default route, public address, endpoints ecr.api, ecr.dkr and S3 with their \
          security groups, egress rules of the task.",
    sources: &[ECS_PULL, ECS_CONN],
    ..START
};

fn name_of(image: Option<&Image>) -> String {
    image.map_or_else(|| "The image".to_owned(), |image| format!("Image {}", image.short()))
}

/// The role the agent acts as, by the definition.
pub(super) fn execution_role(definition: Option<&TaskDefinition>) -> Option<&str> {
    definition.and_then(|definition| definition.execution_role.as_deref())
}

pub(super) fn not_found<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, quoted: Option<&Image>) -> Finding {
    let image = batch.image(scene, quoted);
    let tasks = count_words(batch.count());
    if let Some(digest) = image.as_ref().and_then(Image::digest) {
        let repository = image.as_ref().map(Image::repository).unwrap_or_default();
        let running = scene.primary.map_or(scene.service.running, |primary| primary.running);
        let title = format!("The digest of {repository} this deployment is pinned to is gone from the registry{tasks}");
        return Finding::new(&IMAGE_DIGEST_EXPIRED, Confidence::Certain, title)
            .short(format!("pinned digest of {repository} is gone"))
            .explain(format!(
                "ECS resolved the tag to {digest} when the deployment began and starts every task of it from that digest. \
                 The registry no longer has it, so the {running} running tasks go on and no new task can start."
            ))
            .evidence(SERVICES, format!("service {}", scene.service.name), "runningCount", running)
            .fix(Fix::new("Deploy again, so that ECS resolves a tag that exists; exempt images in use from lifecycle policies")
                .aws(deploy_again(scene))
                .terraform(format!("aws_ecr_lifecycle_policy.{} → policy", label(repository))));
    }
    let name = name_of(image.as_ref());
    let mut fix = Fix::new("Push the image under this tag, or deploy a revision that names one that exists");
    if let Some(words) = image.as_ref().and_then(describe_image) {
        fix = fix.aws(words);
    }
    Finding::new(&IMAGE_NOT_FOUND, Confidence::Certain, format!("{name} does not exist in its registry{tasks}"))
        .short(format!("image not found{}", image.as_ref().map(|image| format!(": {}", image.short())).unwrap_or_default()))
        .explain(
            "The registry answered that it has no such repository or tag, so the network and the login are fine. No task of \
             this revision can start until the image is there.",
        )
        .fix(fix.terraform(in_definition(batch.definition(scene), "container_definitions (image)")))
}

pub(super) fn refused<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, quoted: Option<&Image>) -> Finding {
    let image = batch.image(scene, quoted);
    let name = name_of(image.as_ref());
    let tasks = count_words(batch.count());
    if image.as_ref().is_some_and(Image::in_ecr) {
        return ecr_denied(scene, batch, None, None, image.as_ref());
    }
    let credentials = batch
        .definition(scene)
        .and_then(|definition| {
            definition
                .containers
                .iter()
                .find(|one| image.as_ref().is_some_and(|image| one.image.ends_with(image.short())))
        })
        .map(|container| container.repository_credentials.clone().unwrap_or_else(|| "absent".to_owned()));
    let finding = Finding::new(&IMAGE_PULL_ACCESS_DENIED, Confidence::Certain, format!("{name} is refused by its registry{tasks}"))
        .short(format!("registry refuses the image{}", image.as_ref().map(|image| format!(" {}", image.short())).unwrap_or_default()))
        .explain(
            "The registry answered and refused. The image is private and the task has no credentials for it, or wrong ones; \
             Docker Hub gives the same answer for an image that does not exist.",
        )
        .fix(
            Fix::new("Give the container definition repositoryCredentials with a secret the execution role may read, or correct the image's name")
                .terraform(in_definition(batch.definition(scene), "container_definitions (repositoryCredentials.credentialsParameter)")),
        );
    match (credentials, batch.definition(scene)) {
        (Some(value), Some(definition)) => {
            with_definition(finding, definition, "containerDefinitions.repositoryCredentials", &value)
        }
        _ => finding,
    }
}

/// A denial by IAM on the way to ECR.
pub(super) fn ecr_denied<'a>(
    scene: &Scene<'a>,
    batch: &Failures<'_, 'a>,
    action: Option<&str>,
    principal_role: Option<&str>,
    image: Option<&Image>,
) -> Finding {
    let definition = batch.definition(scene);
    let role = principal_role.or_else(|| execution_role(definition).map(role_name));
    let what = action.unwrap_or("pulling from ECR");
    let who = role.map_or_else(|| "The task's role".to_owned(), |role| format!("Role {role}"));
    let foreign = image.and_then(Image::account).filter(|account| Some(*account) != scene.service.arn.account());
    let mut fix = Fix::new("Let the role pull from ECR");
    if let Some(role) = role {
        let policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
        fix = fix
            .aws(["iam", "attach-role-policy", "--role-name", role, "--policy-arn", policy])
            .terraform(format!("aws_iam_role_policy_attachment.{} → policy_arn = \"{policy}\"", label(role)));
    }
    let across = foreign.map_or_else(String::new, |account| {
        format!(" The repository is in account {account}: its policy has to allow this account as well.")
    });
    let confidence = if action.is_some() { Confidence::Certain } else { Confidence::High };
    Finding::new(&ECR_AUTH_IAM, confidence, format!("{who} is denied {what}{}", count_words(batch.count())))
        .short(format!("denied: {what}"))
        .explain(format!(
            "ECR answered and IAM refused, so the network is fine. The agent acts as the task execution role, or on EC2 \
             without one as the role of the instance.{across}"
        ))
        .fix(fix)
}

pub(super) fn rate_limited<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, quoted: Option<&Image>) -> Finding {
    let image = batch.image(scene, quoted);
    let title = format!(
        "The registry limits pulls of {}{}",
        image.as_ref().map_or("the image", Image::short),
        count_words(batch.count())
    );
    Finding::new(&IMAGE_RATE_LIMITED, Confidence::Certain, title)
        .short("image pull rate limit reached")
        .explain(
            "Pulls without credentials are counted by source address, which all tasks behind a NAT gateway share. Starts will \
             succeed again when the window has passed, until the limit is reached the next time.",
        )
        .fix(
            Fix::new("Pull through ECR, or with an account of the registry")
                .aws(["ecr", "create-pull-through-cache-rule", "--ecr-repository-prefix", "docker-hub", "--upstream-registry-url", "registry-1.docker.io", "--credential-arn", "SECRET_ARN"])
                .terraform("aws_ecr_pull_through_cache_rule.docker_hub → upstream_registry_url = \"registry-1.docker.io\""),
        )
}

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
        "The task runs on {wanted}, and the image was built for another architecture. It can never start there, however \
         often ECS tries."
    ))
    .fix(
        Fix::new(format!(
            "Build for it (docker buildx build --platform {wanted} --push -t {named} .), or run the task on {other} if that is what the image is built for"
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

pub(super) fn no_space<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>) -> Finding {
    let definition = batch.definition(scene);
    let on_fargate = batch.dead.first().is_some_and(|dead| dead.task.launch_type.as_deref() == Some("FARGATE"));
    let storage = definition.and_then(|definition| definition.ephemeral_storage_gib);
    let size = storage.map_or_else(|| "absent".to_owned(), |gib| gib.to_string());
    let larger = storage.unwrap_or(20).saturating_mul(2).clamp(50, 200);
    let finding = Finding::new(
        &IMAGE_TOO_LARGE_NO_SPACE,
        Confidence::Certain,
        format!("The disk is full while the image is unpacked{}", count_words(batch.count())),
    )
    .short("no disk space for the image")
    .explain(if on_fargate {
        "A Fargate task has 20 GiB of ephemeral storage unless its definition asks for more, and the image with everything \
         else on it does not fit."
    } else {
        "The disk of the container instance is full: images, layers and writable file systems of all its tasks share it."
    })
    .fix(if on_fargate {
        Fix::new(format!("Ask for more ephemeral storage, for instance {larger} GiB, or make the image smaller"))
            .terraform(in_definition(definition, &format!("ephemeral_storage {{ size_in_gib = {larger} }}")))
    } else {
        Fix::new("Give the instances a larger volume, or let the agent remove unused images earlier (ECS_IMAGE_CLEANUP_INTERVAL)")
    });
    match definition.filter(|_| on_fargate) {
        Some(definition) => with_definition(finding, definition, "ephemeralStorage.sizeInGiB", &size),
        None => finding,
    }
}

/// Whether an address that was dialled tells the way, as a sentence.
pub(super) fn way_words(dialled: Option<&Dialled>) -> String {
    match dialled {
        None => String::new(),
        Some(Dialled::Name(name)) => format!(" The name {name} did not resolve."),
        Some(address) => match address.is_private() {
            Some(true) => format!(
                " {address} is a private address: the name resolved to an interface endpoint in the VPC, so the endpoint's \
                 security groups decide, not NAT."
            ),
            Some(false) => format!(
                " {address} is a public address: the packets went to the internet, so NAT, public address and routes decide."
            ),
            None => format!(" {address} was dialled."),
        },
    }
}

/// Packets that get lost on the way to the registry, or to something else a task needs before it starts.
pub(super) fn unreachable<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, way: &Unreachable) -> Finding {
    let registry = match way.what {
        Remote::Registry | Remote::Layers => true,
        // AWS's sentence covers both; with no secrets in the definition it can only be the registry.
        Remote::SecretsOrRegistry => batch.definition(scene).is_some_and(|definition| !has_secrets(definition)),
        Remote::Secrets | Remote::Parameters | Remote::Logs | Remote::EnvironmentFiles => false,
    };
    if !registry {
        return super::identity::unreachable(batch, way);
    }
    let what = if way.what == Remote::Layers { "the registry's layers in S3" } else { "the image registry" };
    let at = way.dialled.as_ref().map(|dialled| format!(" ({dialled})")).unwrap_or_default();
    let title = if way.refused {
        format!("S3 refuses the layers of the image{}", count_words(batch.count()))
    } else {
        format!("Tasks do not reach {what}{at}{}", count_words(batch.count()))
    };
    let why = if way.refused {
        "The manifest came, but the bucket with the layers answered 403: the policy of an S3 endpoint does not allow it."
    } else if way.certificate {
        "Somebody answered with a certificate that is not trusted: a proxy in between, or a registry with its own authority."
    } else if way.what == Remote::Layers {
        "The manifest came, but the layers, which ECR keeps in S3, did not: the way to S3 is closed, or has no route."
    } else {
        "The connection was never established."
    };
    let finding = Finding::new(&IMAGE_PULL_NETWORK, Confidence::High, title)
        .short(format!("{} unreachable{at}", if way.what == Remote::Layers { "image layers in S3" } else { "image registry" }))
        .explain(format!("{why}{}", way_words(way.dialled.as_ref())))
        .fix(Fix::new("Open the way from the task's subnets to the registry: default route and NAT or public address, or endpoints for ecr.api, ecr.dkr and S3 whose security groups let the tasks in on 443"));
    with_dialled(finding, batch, way.dialled.as_ref())
}

/// With the dialled address as evidence.
pub(super) fn with_dialled(finding: Finding, batch: &Failures<'_, '_>, dialled: Option<&Dialled>) -> Finding {
    match (dialled, batch.said.first()) {
        (Some(dialled), Some(said)) => finding.evidence(
            said.source,
            &said.subject,
            format!("derived: address dialled, from {}", said.field),
            dialled,
        ),
        _ => finding,
    }
}

/// Whether a definition takes anything from Secrets Manager or Parameter Store.
pub(super) fn has_secrets(definition: &TaskDefinition) -> bool {
    definition.containers.iter().any(|container| {
        container.repository_credentials.is_some()
            || container.environment.iter().any(|variable| matches!(variable.source, EnvironmentSource::Reference(_)))
    })
}
