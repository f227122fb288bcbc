//! Interfaces, addresses, volumes and the container runtime.

use super::attempts::{Failures, with_definition};
use super::{ECS_F2S, ECS_RIE, ECS_STOP, START};
use crate::diagnose::catalogue::{Bearing, Effect, Entry, Rank};
use crate::diagnose::deployment::Bounds;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::parse::start_failure::{Cause, Efs, Obstacle};
use crate::diagnose::rules::task_stop::batch::{SERVICES, count_words, is_impaired, is_wanted};
use crate::diagnose::rules::task_stop::remedy::{describe_definition, in_definition, label, update_service};
use crate::diagnose::scene::Scene;
use crate::model::network::Subnet;

pub(super) static EFS_MOUNT_FAILED: Entry = Entry {
    id: "efs-mount-failed",
    number: 104,
    title: "An EFS file system cannot be mounted",
    meaning: "The agent mounts EFS volumes before containers start. How it failed tells where to look: no answer means that the \
              mount target's security group does not let the task in on 2049 or that the zone has no mount target; a name that \
              does not resolve means that the zone has no mount target or the VPC no DNS host names; a denial comes from the \
              file system's policy, IAM or required encryption; a missing directory from rootDirectory or the access point.",
    decided: "The reason of the failed start says `failed to invoke EFS utils commands` or speaks of mounting EFS.",
    fix: "Let the task's group into the mount targets' group on 2049 (`aws ec2 authorize-security-group-ingress --group-id \
          MOUNT_TARGET_GROUP --protocol tcp --port 2049 --source-group TASK_GROUP`), make mount targets in every zone, or \
          correct policy and path.",
    sources: &[ECS_RIE, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html"],
    ..START
};

pub(super) static ENI_PROVISIONING_TIMEOUT: Entry = Entry {
    id: "eni-provisioning-timeout",
    number: 105,
    severity: Severity::Error,
    effect: Some(Effect::StartFailures),
    title: "The network interface of a task did not come in time",
    meaning: "Every task with network mode awsvpc gets an interface in one of the service's subnets, which EC2 makes at start. \
              Once is an accident that the next attempt heals. Again and again means that subnets have no free addresses, that \
              the account's quota of interfaces is used up, that EC2 throttles, or that a group or subnet was deleted.",
    decided: "The reason of the failed start says `Timeout waiting for network interface provisioning`, `Network interface \
              provision complete error timeout` or `Rate limit exceeded while preparing network interface`. One task: info; \
              more: error.",
    fix: "Check free addresses (`aws ec2 describe-subnets`), the quota `Network interfaces per Region`, and that all groups and \
          subnets of the service exist.",
    sources: &[ECS_STOP, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html"],
    ..START
};

pub(super) static SUBNET_IP_EXHAUSTED: Entry = Entry {
    id: "subnet-ip-exhausted",
    number: 106,
    rank: Rank::Blocker,
    instead_of: &["task-start-failed", "eni-provisioning-timeout"],
    title: "The service's subnets have no free addresses",
    meaning: "Every task with network mode awsvpc takes an address of a subnet of the service. During a deployment old and new \
              tasks need theirs at the same time, so addresses for one more wave must be free.",
    decided: "Critical: AWS says that it could not create a network interface in a subnet, or tasks are missing and \
              `AvailableIpAddressCount` of all subnets of the service is 0, or too low for the missing tasks while interfaces \
              fail. Warning, as advice: less is free in all subnets together than one wave of a deployment (maximum percent of \
              desired, less what runs), or less than 10 % of their addresses.",
    fix: "Add subnets (with a secondary range of the VPC if need be): `aws ec2 create-subnet`, then `aws ecs update-service \
          --network-configuration`.",
    sources: &[ECS_F2S, "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"],
    ..START
};

pub(super) static TASKDEF_INCOMPATIBLE_COMPUTE: Entry = Entry {
    id: "taskdef-incompatible-compute",
    number: 107,
    title: "The task definition does not fit where its tasks should run",
    meaning: "A task definition is registered for launch types; what it uses (network mode, sizes, platform) decides which it fits. \
              The service wants its tasks on another one.",
    decided: "AWS says `The selected task definition is not compatible with the selected compute strategy`; or \
              `requiresCompatibilities` does not contain the service's launch type and no task of the deployment runs.",
    fix: "Register a revision with the launch type in `requiresCompatibilities` and what it demands, or change the service's \
          launch type or capacity providers.",
    sources: &[ECS_F2S],
    ..START
};

pub(super) static CONTAINER_RUNTIME_TIMEOUT: Entry = Entry {
    id: "container-runtime-timeout",
    number: 108,
    severity: Severity::Error,
    title: "The container runtime of the host takes too long",
    meaning: "Docker or containerd did not create, start or stop a container within the agent's time limit. Usual reasons are an \
              overloaded host, a slow or throttled volume, and many tasks starting at once.",
    decided: "The reason says `ContainerRuntimeTimeoutError` or `DockerTimeoutError`.",
    fix: "Look at CPU and disk of the host, use faster volumes, start fewer tasks at once; drain and replace the host.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-runtime-timeout-error.html"],
    ..START
};

pub(super) static CANNOT_START_CONTAINER: Entry = Entry {
    id: "cannot-start-container",
    number: 109,
    title: "The container runtime cannot start a container",
    meaning: "The image is there, but the runtime could not create or start a container of it: its command is not in the image or \
              not executable, its host port is taken, a device is missing, or its memory limit is too low even to start.",
    decided: "The reason says `CannotStartContainerError`, `CannotCreateContainerError`, `ContainerRuntimeError`, `HostConfigError` \
              or `DockerStateError`; what follows tells which.",
    fix: "Correct entryPoint and command, file permissions, host ports, devices or memory in a new revision.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html"],
    ..START
};

pub(super) static DEPENDSON_DEADLOCK: Entry = Entry {
    id: "dependson-deadlock",
    number: 110,
    instead_of: &["task-start-failed", "app-crash-exit-nonzero", "task-stuck-pending"],
    title: "A container waits for one that never does what it is waited for",
    meaning: "`dependsOn` holds a container back until another has started, completed, succeeded or become healthy. HEALTHY needs \
              a health check in the task definition of the other container (a HEALTHCHECK in its image does not count); SUCCESS \
              needs it to exit with 0. Otherwise the waiting container never starts.",
    decided: "A condition HEALTHY on a container without healthCheck, or on one that is UNHEALTHY while the task is PENDING; a \
              condition SUCCESS on a container that exited otherwise than with 0; or AWS's sentence about dependencies that \
              cannot be resolved.",
    fix: "Give the container a healthCheck, or use START; or repair the container that has to succeed.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html"],
    ..START
};

pub(super) static EBS_ATTACH_FAILED: Entry = Entry {
    id: "ebs-attach-failed",
    number: 111,
    title: "An EBS volume cannot be attached",
    meaning: "ECS makes a volume for every task, with the infrastructure role, and attaches it before containers start. The role \
              cannot be assumed or lacks permissions, the KMS key is wrong or forbidden (AWS then speaks of \
              IdempotentParameterMismatch), or formatting or mounting timed out.",
    decided: "The attachment AmazonElasticBlockStorage of a stopped task has a `statusReason`.",
    fix: "Attach AmazonECSInfrastructureRolePolicyForVolumes to the infrastructure role, allow the key to it, and check snapshot \
          and file system type.",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-ebs-volumes-scenarios.html"],
    ..START
};

pub(super) fn efs<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, why: Efs) -> Finding {
    let definition = batch.definition(scene);
    let volumes = definition.map(|definition| definition.efs_volumes.as_slice()).unwrap_or_default();
    let volume = volumes.first().filter(|_| volumes.len() == 1);
    let name = volume.map_or_else(|| "An EFS volume".to_owned(), |volume| format!("EFS volume {}", volume.file_system));
    let (words, explanation, advice) = match why {
        Efs::Timeout => (
            "no answer on port 2049",
            "The mount target did not answer: its security group does not let the tasks in on TCP 2049, or the zone has none.",
            "Let the tasks' security group into that of the mount targets on TCP 2049, and make a mount target in every zone",
        ),
        Efs::Unresolved => (
            "its name does not resolve",
            "The name of a mount target only resolves in zones that have one, and only where the VPC has DNS host names.",
            "Make a mount target in every zone of the service, and enable DNS support and DNS host names in the VPC",
        ),
        Efs::Denied => (
            "access denied",
            "The file system answered and refused: its policy or IAM does not allow the task, or it demands encryption in transit.",
            "Allow elasticfilesystem:ClientMount to the task role, and turn transit encryption and IAM authorization on in the volume",
        ),
        Efs::NoDirectory => (
            "the directory does not exist",
            "The file system is reachable, but rootDirectory, or the path of the access point, is not in it.",
            "Create the directory, or correct rootDirectory or the access point",
        ),
        Efs::Other => (
            "AWS does not say why",
            "AWS's sentence ends before it tells the reason. Group, mount targets, policy and path are the usual ones.",
            "Check that the zone has a mount target, that its group lets the tasks in on TCP 2049, policy and path",
        ),
    };
    let mut fix = Fix::new(advice);
    if let Some(volume) = volume {
        fix = fix.aws(["efs", "describe-mount-targets", "--file-system-id", &volume.file_system]);
    }
    let finding = Finding::new(
        &EFS_MOUNT_FAILED,
        Confidence::Certain,
        format!("{name} cannot be mounted: {words}{}", count_words(batch.count())),
    )
    .short(format!("EFS cannot be mounted: {words}"))
    .explain(explanation)
    .fix(fix);
    match (definition, volume) {
        (Some(definition), Some(volume)) => {
            let path = volume.root_directory.as_deref().or(volume.access_point.as_deref()).unwrap_or("/");
            with_definition(
                finding,
                definition,
                "volumes.efsVolumeConfiguration",
                &format!("{} {path}", volume.file_system),
            )
        }
        _ => finding,
    }
}

pub(super) fn interface_timeout(batch: &Failures<'_, '_>, throttled: bool) -> Finding {
    let count = batch.count();
    let finding = Finding::new(
        &ENI_PROVISIONING_TIMEOUT,
        Confidence::High,
        if throttled {
            format!("EC2 throttles the making of network interfaces{}", count_words(count))
        } else {
            format!("The network interface of a task did not come in time{}", count_words(count))
        },
    )
    .short("network interface timed out")
    .explain(if count > 1 {
        "It happened more than once: look for subnets without free addresses, the account's quota of network interfaces, \
         throttling by EC2, and security groups or subnets that were deleted."
    } else {
        "It happened once, which the next attempt heals as a rule."
    });
    if count > 1 {
        finding.fix(Fix::new("Check free addresses, quota and existence of the service's subnets and groups").aws([
            "ec2",
            "describe-subnets",
            "--query",
            "Subnets[].[SubnetId,AvailableIpAddressCount]",
        ]))
    } else {
        finding.severity(Severity::Info).bearing(Bearing::Past)
    }
}

pub(super) fn no_address<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, subnet: Option<&str>) -> Finding {
    let of_service = subnets(scene);
    let title = match subnet {
        Some(subnet) => format!("No network interface can be made in {subnet}{}", count_words(batch.count())),
        None => format!("No network interface can be made in the service's subnets{}", count_words(batch.count())),
    };
    let finding = Finding::new(&SUBNET_IP_EXHAUSTED, Confidence::Certain, title)
        .short("no free addresses in the subnets")
        .explain("EC2 refused to make the interface of a task. As a rule the subnet has no free address left.")
        .fix(more_addresses(scene));
    of_service
        .into_iter()
        .filter(|one| subnet.is_none_or(|subnet| subnet == one.id))
        .fold(finding, |finding, subnet| with_available(finding, subnet))
}

fn with_available(finding: Finding, subnet: &Subnet) -> Finding {
    match subnet.available_addresses {
        Some(count) => finding.evidence("ec2:DescribeSubnets", &subnet.id, "AvailableIpAddressCount", count),
        None => finding,
    }
}

fn more_addresses(scene: &Scene<'_>) -> Fix {
    let network = scene.primary.and_then(|primary| primary.network.as_ref()).or(scene.service.network.as_ref());
    let mut fix = Fix::new("Add subnets with free addresses to the service");
    if let Some(network) = network {
        let subnets = network.subnets.iter().map(String::as_str).chain(["NEW_SUBNET"]).collect::<Vec<_>>().join(",");
        let public = if network.assign_public_ip { "ENABLED" } else { "DISABLED" };
        let configuration = format!(
            "awsvpcConfiguration={{subnets=[{subnets}],securityGroups=[{}],assignPublicIp={public}}}",
            network.security_groups.join(",")
        );
        fix = fix.aws(update_service(scene, &["--network-configuration", &configuration]));
    }
    fix.terraform(format!("aws_ecs_service.{} → network_configuration {{ subnets }}", label(&scene.service.name)))
}

/// The subnets new tasks are placed in, as far as they were read.
fn subnets<'a>(scene: &Scene<'a>) -> Vec<&'a Subnet> {
    let network = scene.primary.and_then(|primary| primary.network.as_ref()).or(scene.service.network.as_ref());
    let wanted = network.map(|network| network.subnets.as_slice()).unwrap_or_default();
    let read = scene.facts.subnets();
    let mut found: Vec<&'a Subnet> =
        read.known().copied().unwrap_or_default().iter().filter(|subnet| wanted.contains(&subnet.id)).collect();
    if found.is_empty() {
        let vpcs = scene.groups.iter().filter_map(|group| group.settings.known()?.vpc.as_deref());
        let vpc = vpcs.into_iter().find_map(|vpc| scene.facts.vpc(vpc).known().copied());
        let all = vpc.and_then(|vpc| vpc.subnets.known());
        found = all.into_iter().flatten().filter(|subnet| wanted.contains(&subnet.id)).collect();
    }
    // Nothing follows from some of them.
    if found.len() == wanted.len() { found } else { Vec::new() }
}

/// Addresses that tasks can take: AWS keeps five of every subnet.
fn capacity(subnet: &Subnet) -> u64 {
    let range = subnet.cidrs.iter().find_map(|range| match range {
        ipnet::IpNet::V4(range) => Some(range.prefix_len()),
        ipnet::IpNet::V6(_) => None,
    });
    range.map_or(0, |length| (1_u64 << (32 - length.min(32))).saturating_sub(5))
}

/// Subnets without room, whether or not it hurts yet.
pub(super) fn find_exhausted_subnets(scene: &Scene<'_>, failures: &[Failures<'_, '_>], findings: &mut Vec<Finding>) {
    let said = failures.iter().any(|batch| matches!(batch.failure.cause, Cause::NoAddress { .. }));
    if said || !is_wanted(scene) {
        return;
    }
    let subnets = subnets(scene);
    let available: Option<Vec<u32>> = subnets.iter().map(|subnet| subnet.available_addresses).collect();
    let Some(available) = available.filter(|available| !available.is_empty()) else { return };
    let service = scene.service;
    let free: u64 = available.iter().copied().map(u64::from).sum();
    let upper = Bounds::of(service).map_or(service.desired, |bounds| bounds.upper);
    let wave = u64::from(upper.saturating_sub(service.running).max(1));
    let total: u64 = subnets.iter().map(|subnet| capacity(subnet)).sum();
    let running = scene.primary.map_or(service.running, |primary| primary.running);
    let missing = u64::from(service.desired.saturating_sub(running.min(service.running)));
    let interfaces = failures.iter().any(|batch| matches!(batch.failure.cause, Cause::InterfaceTimeout { .. }));
    let hurts = is_impaired(scene) && missing > 0 && (free == 0 || interfaces && free < missing.max(wave.min(missing)));
    let names: Vec<String> = subnets.iter().map(|subnet| subnet.id.clone()).collect();
    let scope = Scope {
        deployment: scene.primary.filter(|_| hurts).map(|primary| primary.id.clone()),
        subnets: names.iter().take(20).cloned().collect(),
        ..Scope::default()
    };
    let finding = if hurts {
        Finding::new(
            &SUBNET_IP_EXHAUSTED,
            Confidence::Certain,
            format!("The service's subnets have {free} free addresses, {missing} tasks are missing"),
        )
        .short(format!("{free} free addresses in the subnets"))
        .explain("Every task takes an address of one of these subnets. Until some are free or subnets are added, no task can start.")
        .evidence(SERVICES, format!("service {}", service.name), "runningCount", service.running)
    } else if free < wave || free.saturating_mul(10) < total {
        Finding::new(
            &SUBNET_IP_EXHAUSTED,
            Confidence::Certain,
            format!("The service's subnets have {free} free addresses left, a deployment may need {wave}"),
        )
        .severity(Severity::Warning)
        .bearing(Bearing::Hygiene)
        .short(format!("{free} free addresses in the subnets"))
        .explain(
            "Tasks start today. During a deployment old and new tasks need addresses at the same time, and other users of the \
             subnets take theirs too.",
        )
    } else {
        return;
    };
    let finding = subnets.iter().take(6).fold(finding.scope(scope), |finding, subnet| with_available(finding, subnet));
    findings.push(
        finding
            .evidence(
                SERVICES,
                format!("service {}", service.name),
                "derived: tasks a deployment may start at once, from desiredCount, maximumPercent and runningCount",
                wave,
            )
            .fix(more_addresses(scene)),
    );
}

pub(super) fn incompatible<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>) -> Finding {
    let definition = batch.definition(scene);
    let finding = Finding::new(
        &TASKDEF_INCOMPATIBLE_COMPUTE,
        Confidence::Certain,
        format!("The task definition does not fit {}{}", scene.service.launch_label(), count_words(batch.count())),
    )
    .short("task definition does not fit the launch type")
    .explain("AWS refuses to start the task where the service wants it: network mode, size or platform do not fit.")
    .fix(incompatible_fix(scene));
    match definition {
        Some(definition) => with_definition(
            finding,
            definition,
            "requiresCompatibilities",
            &definition.requires_compatibilities.join(", "),
        ),
        None => finding,
    }
}

pub(super) fn incompatible_fix(scene: &Scene<'_>) -> Fix {
    let definition = scene.definition();
    let wanted = scene.service.launch_label();
    let fix = Fix::new(format!("Register a revision that fits {wanted}, or change where the service places its tasks"))
        .terraform(in_definition(definition, &format!("requires_compatibilities = [\"{wanted}\"]")));
    match definition {
        Some(definition) => fix.aws(describe_definition(definition)),
        None => fix,
    }
}

pub(super) fn runtime_timeout(batch: &Failures<'_, '_>) -> Finding {
    let on = batch.dead.first().and_then(|dead| dead.task.container_instance.as_ref());
    let same = on.is_some() && batch.dead.iter().all(|dead| dead.task.container_instance.as_ref() == on);
    let place = on.filter(|_| same).map(|arn| format!(" on container instance {}", arn.name())).unwrap_or_default();
    Finding::new(
        &CONTAINER_RUNTIME_TIMEOUT,
        Confidence::High,
        format!("The container runtime takes too long{place}{}", count_words(batch.count())),
    )
    .short("container runtime timed out")
    .explain("The host did not create, start or stop a container in time: it is overloaded, its volume is slow, or too many tasks start at once.")
    .fix(Fix::new("Look at CPU and disk of the host; drain and replace it if it stays slow"))
}

pub(super) fn cannot_start<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>, obstacle: Obstacle) -> Finding {
    let definition = batch.definition(scene);
    let container = batch.container().map_or_else(|| "a container".to_owned(), |name| format!("container {name}"));
    let (words, advice) = match obstacle {
        Obstacle::CommandNotFound => (
            "its command is not in the image",
            "Correct entryPoint or command, or put the program (or its interpreter) into the image",
        ),
        Obstacle::NotExecutable => (
            "its command may not be executed",
            "Make the file executable in the image (chmod +x), and check the user it runs as",
        ),
        Obstacle::PortTaken => (
            "its host port is taken",
            "Let the host port be chosen (hostPort 0) behind a target group, or place one such task an instance",
        ),
        Obstacle::Device => (
            "a device is missing on the host",
            "Place the task on an instance type with the device, or do not ask for it",
        ),
        Obstacle::MemoryTooLow => {
            ("its memory limit is too low to start", "Raise the memory of the container or the task")
        }
        Obstacle::Other => {
            ("the container runtime refuses", "Read the quoted reason and correct the container definition")
        }
    };
    let mut fix = Fix::new(advice).terraform(in_definition(definition, "container_definitions"));
    if let Some(definition) = definition {
        fix = fix.aws(describe_definition(definition));
    }
    let mut finding = Finding::new(
        &CANNOT_START_CONTAINER,
        Confidence::Certain,
        format!("The runtime cannot start {container}: {words}{}", count_words(batch.count())),
    )
    .short(format!("cannot start {container}: {words}"))
    .explain(
        "The image was pulled and the runtime tried; its words are quoted below. Every attempt will end the same way.",
    )
    .fix(fix);
    let named = batch.container().and_then(|name| definition?.containers.iter().find(|one| one.name == name));
    if let (Some(definition), Some(container), Obstacle::CommandNotFound | Obstacle::NotExecutable) =
        (definition, named, obstacle)
    {
        let command = container.entry_point.iter().chain(&container.command).cloned().collect::<Vec<_>>().join(" ");
        let command = if command.is_empty() { "absent".to_owned() } else { scene.quote(&command) };
        finding = with_definition(finding, definition, "containerDefinitions.entryPoint and command", &command);
    }
    finding
}

pub(super) fn dependency<'a>(
    scene: &Scene<'a>,
    batch: &Failures<'_, 'a>,
    on: Option<&str>,
    of: Option<&str>,
) -> Finding {
    let definition = batch.definition(scene);
    let title = match (on, of) {
        (Some(on), Some(of)) => format!("Container {of} waits for {on}, which did not succeed"),
        (Some(on), None) => format!("A container waits for {on}, which did not succeed"),
        _ => "Dependencies between the containers cannot be resolved".to_owned(),
    };
    let mut fix = Fix::new("Repair the container that has to succeed, or relax the condition of dependsOn")
        .terraform(in_definition(definition, "container_definitions (dependsOn)"));
    if let Some(definition) = definition {
        fix = fix.aws(describe_definition(definition));
    }
    let finding = Finding::new(&DEPENDSON_DEADLOCK, Confidence::Certain, format!("{title}{}", count_words(batch.count())))
        .short(match on {
            Some(on) => format!("waits for container {on}, which failed"),
            None => "container dependencies cannot be resolved".to_owned(),
        })
        .explain("The waiting container never starts, so the task never runs. What the other container wrote tells why it failed.")
        .fix(fix);
    let conditions = definition.into_iter().flat_map(|definition| &definition.containers).find_map(|container| {
        let (name, condition) = container.depends_on.iter().find(|(name, _)| on.is_none_or(|on| on == name))?;
        Some(format!("{} waits for {name}: {condition}", container.name))
    });
    match (definition, conditions) {
        (Some(definition), Some(conditions)) => {
            with_definition(finding, definition, "containerDefinitions.dependsOn", &conditions)
        }
        _ => finding,
    }
}

pub(super) fn ebs<'a>(scene: &Scene<'a>, batch: &Failures<'_, 'a>) -> Finding {
    let words = scene.quote(&batch.failure.words);
    let text = batch.said.first().map(|said| said.text.as_ref()).unwrap_or_default();
    let advice = if text.contains("assume") {
        "Check that the infrastructure role exists and trusts ecs.amazonaws.com"
    } else if text.contains("IdempotentParameterMismatch") {
        "Check that the KMS key exists and that its policy allows it to the infrastructure role"
    } else {
        "Check file system type and snapshot of the volume, and the permissions of the infrastructure role"
    };
    Finding::new(&EBS_ATTACH_FAILED, Confidence::Certain, format!("{words}{}", count_words(batch.count())))
        .short(words)
        .explain("ECS makes and attaches a volume for every task before its containers start; without it the task never runs.")
        .fix(Fix::new(advice).terraform(format!(
            "aws_ecs_service.{} → volume_configuration {{ managed_ebs_volume }}",
            label(&scene.service.name)
        )))
}
