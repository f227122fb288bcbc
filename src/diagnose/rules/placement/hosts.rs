//! What follows from the container instances and capacity providers that there are.

use std::collections::BTreeSet;

use super::entries::{
    AGENT, ATTRIBUTE_MISSING, CONSTRAINT, IMPAIRED, INSUFFICIENT_CPU, INSUFFICIENT_MEMORY, NO_INSTANCES,
    REGISTRATION_FAILED, SCALING_DISABLED, UPDATE_FAILED,
};
use super::{of_primary, said};
use crate::diagnose::catalogue::Entry;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::scene::Scene;
use crate::model::capacity::{ContainerInstance, Resources};
use crate::model::task_definition::{ContainerDefinition, TaskDefinition};

const INSTANCES: &str = "ecs:DescribeContainerInstances";
const PROVIDERS: &str = "ecs:DescribeCapacityProviders";

/// A figure with its source, its subject and its field.
type Figure = (&'static str, String, &'static str, String);

/// What the instances add to what AWS says.
#[derive(Default)]
pub(super) struct Details {
    /// A title with the figures.
    pub(super) title: Option<String>,
    /// The figures.
    pub(super) evidence: Vec<Figure>,
}

/// CPU units and MiB a task of the revision reserves.
struct Need {
    cpu: u32,
    memory: u32,
}

impl Need {
    fn of(definition: &TaskDefinition) -> Self {
        let number = |text: Option<&str>| text.and_then(|text| text.trim().parse().ok());
        let sum = |of: fn(&ContainerDefinition) -> Option<u32>| {
            definition.containers.iter().filter_map(of).fold(0_u32, u32::saturating_add)
        };
        Self {
            cpu: number(definition.cpu.as_deref()).unwrap_or_else(|| sum(|container| container.cpu)),
            memory: number(definition.memory.as_deref())
                .unwrap_or_else(|| sum(|container| container.memory_reservation.or(container.memory))),
        }
    }
}

/// The cluster's instances, where the service runs on instances at all and they were read.
fn instances<'a>(scene: &Scene<'a>) -> Option<&'a [ContainerInstance]> {
    if scene.service.launch_label().contains("FARGATE") {
        return None;
    }
    scene.facts.container_instances().known().copied()
}

fn usable(instances: &[ContainerInstance]) -> impl Iterator<Item = &ContainerInstance> {
    instances.iter().filter(|instance| instance.status == "ACTIVE" && instance.agent_connected)
}

/// A resource tasks reserve, with what to say about it.
struct Resource {
    entry: &'static Entry,
    unit: &'static str,
    of: fn(&Resources) -> Option<u32>,
    needed: fn(&Need) -> u32,
    field: &'static str,
}

const RESOURCES: [Resource; 2] = [
    Resource {
        entry: &INSUFFICIENT_CPU,
        unit: "CPU units",
        of: |resources| resources.cpu,
        needed: |need| need.cpu,
        field: "derived: most remainingResources CPU of an instance",
    },
    Resource {
        entry: &INSUFFICIENT_MEMORY,
        unit: "MiB",
        of: |resources| resources.memory,
        needed: |need| need.memory,
        field: "derived: most remainingResources MEMORY of an instance",
    },
];

impl Resource {
    /// What is needed, what the emptiest usable instance has left, and what the largest has in all.
    fn figures(&self, scene: &Scene<'_>) -> Option<(u32, u32, u32)> {
        let instances = instances(scene)?;
        let needed = (self.needed)(&Need::of(scene.definition()?));
        let left = usable(instances).filter_map(|instance| (self.of)(&instance.remaining)).max()?;
        let largest = usable(instances).filter_map(|instance| (self.of)(&instance.registered)).max()?;
        Some((needed, left, largest))
    }

    fn details(&self, scene: &Scene<'_>) -> Details {
        let Some((needed, left, largest)) = self.figures(scene) else { return Details::default() };
        // Instances come and go between the event and this reading: figures that do not explain it are left out.
        if needed <= left {
            return Details::default();
        }
        let unit = self.unit;
        let title = if needed > largest {
            format!("A task needs {needed} {unit}, the largest instance has {largest} in all")
        } else {
            format!("A task needs {needed} {unit}, the emptiest instance has {left} left")
        };
        let revision = scene.definition().map(|definition| definition.arn.name().to_owned()).unwrap_or_default();
        let cluster = scene.facts.cluster().as_str().to_owned();
        let field = if unit == "MiB" { "memory" } else { "cpu" };
        let evidence = vec![
            ("ecs:DescribeTaskDefinition", revision, field, needed.to_string()),
            (INSTANCES, cluster, self.field, left.to_string()),
        ];
        Details { title: Some(title), evidence }
    }
}

/// What the instances add to a finding of this kind.
pub(super) fn details(scene: &Scene<'_>, entry: &Entry) -> Details {
    if let Some(resource) = RESOURCES.iter().find(|resource| resource.entry == entry) {
        return resource.details(scene);
    }
    if *entry == ATTRIBUTE_MISSING {
        return attributes(scene).unwrap_or_default();
    }
    Details::default()
}

/// The attributes that the instance which has most of them still lacks.
fn attributes(scene: &Scene<'_>) -> Option<Details> {
    let (definition, instances) = (scene.definition()?, instances(scene)?);
    let lacks = |instance: &ContainerInstance| -> BTreeSet<&str> {
        let required = definition.requires_attributes.iter().map(String::as_str);
        required.filter(|name| instance.attribute(name).is_none()).collect()
    };
    let nearest = usable(instances).map(lacks).min_by_key(BTreeSet::len).filter(|lacks| !lacks.is_empty())?;
    let listed = nearest.into_iter().collect::<Vec<_>>().join(", ");
    let cluster = scene.facts.cluster().as_str().to_owned();
    let evidence = vec![(INSTANCES, cluster, "derived: requiresAttributes minus attributes", listed.clone())];
    Some(Details { title: Some(format!("No container instance has {listed}")), evidence })
}

pub(super) fn find(scene: &Scene<'_>, nothing_said: bool, findings: &mut Vec<Finding>) {
    if nothing_said {
        findings.extend(computed(scene));
    }
    unscaled(scene, findings);
    unregistered(scene, findings);
}

/// What is wrong with hosts and providers themselves. While no task is missing it is a warning.
pub(super) fn in_trouble(scene: &Scene<'_>, short: bool, findings: &mut Vec<Finding>) {
    if scene.service.desired == 0 {
        return;
    }
    let first = findings.len();
    impaired(scene, findings);
    not_updated(scene, findings);
    for finding in findings.iter_mut().skip(first).filter(|_| !short) {
        finding.severity = Severity::Warning;
    }
}

/// What the figures prove when AWS has not said it (yet). Tasks that are on their way have been placed.
fn computed(scene: &Scene<'_>) -> Option<Finding> {
    let service = scene.service;
    if service.running.saturating_add(service.pending) >= service.desired || is_young(scene) {
        return None;
    }
    let instances = instances(scene)?;
    let cluster = scene.facts.cluster().as_str().to_owned();
    let found = |entry: &'static Entry, title: String| {
        Finding::new(entry, Confidence::High, title)
            .explain(entry.meaning)
            .scope(of_primary(scene))
            .fix(said::fix(scene, entry))
    };
    let active = instances.iter().filter(|instance| instance.status == "ACTIVE").count();
    if active == 0 {
        if service.launch_type.as_deref() != Some("EC2") {
            return None;
        }
        let finding = found(&NO_INSTANCES, "The cluster has no active container instance".to_owned());
        return Some(finding.evidence(INSTANCES, &cluster, "derived: instances with status ACTIVE", 0));
    }
    if usable(instances).next().is_none() {
        let finding = found(&AGENT, format!("None of {active} container instances has a connected agent"));
        return Some(finding.evidence(INSTANCES, &cluster, "agentConnected", false));
    }
    let distinct = service.placement_constraints.iter().any(|constraint| constraint.kind == "distinctInstance");
    let desired = usize::try_from(service.desired).unwrap_or(usize::MAX);
    if distinct && desired > active {
        let finding =
            found(&CONSTRAINT, format!("{desired} tasks on distinct instances are wanted, there are {active}"));
        let finding =
            finding.evidence("ecs:DescribeServices", &service.name, "placementConstraints[].type", "distinctInstance");
        return Some(finding.evidence(INSTANCES, &cluster, "derived: instances with status ACTIVE", active));
    }
    RESOURCES.iter().find_map(|resource| {
        let details = resource.details(scene);
        let finding = found(resource.entry, details.title?);
        let evidence = details.evidence.into_iter();
        Some(
            evidence.fold(finding, |finding, (source, subject, field, value)| {
                finding.evidence(source, subject, field, value)
            }),
        )
    })
}

/// A deployment of a minute ago has not had time to place its tasks.
fn is_young(scene: &Scene<'_>) -> bool {
    scene.age().is_some_and(|age| age < jiff::SignedDuration::from_mins(1))
}

fn unscaled(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let providers = scene.facts.capacity_providers();
    let Some(providers) = providers.known() else { return };
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    let waiting = tasks.iter().filter(|task| task.last_status == "PROVISIONING").count();
    for provider in *providers {
        if waiting > 0 && provider.managed_scaling.as_deref() == Some("DISABLED") {
            let title = format!("{waiting} tasks wait for capacity provider {}, which nobody scales", provider.name);
            let finding = Finding::new(&SCALING_DISABLED, Confidence::Certain, title)
                .explain(SCALING_DISABLED.meaning)
                .scope(of_primary(scene))
                .evidence(PROVIDERS, &provider.name, "managedScaling.status", "DISABLED")
                .evidence("ecs:DescribeTasks", &scene.service.name, "derived: tasks in PROVISIONING", waiting)
                .fix(Fix::new("Enable managed scaling, or start instances yourself").aws([
                    "ecs",
                    "update-capacity-provider",
                    "--name",
                    &provider.name,
                    "--auto-scaling-group-provider",
                    "managedScaling={status=ENABLED}",
                ]));
            findings.push(finding);
        }
    }
}

fn not_updated(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let providers = scene.facts.capacity_providers();
    let Some(providers) = providers.known() else { return };
    for provider in *providers {
        if let Some(status) = provider.update_status.as_deref().filter(|status| status.ends_with("_FAILED")) {
            let reason = quoted(scene, provider.update_reason.as_ref());
            let finding = Finding::new(
                &UPDATE_FAILED,
                Confidence::Certain,
                format!("The last change to capacity provider {} failed", provider.name),
            )
            .explain(UPDATE_FAILED.meaning)
            .evidence(PROVIDERS, &provider.name, "updateStatus", status)
            .evidence(PROVIDERS, &provider.name, "updateStatusReason", reason)
            .fix(Fix::new(UPDATE_FAILED.fix));
            findings.push(finding);
        }
    }
}

fn impaired(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let instances = scene.facts.container_instances();
    let Some(instances) = instances.known() else { return };
    let tasks = scene.tasks.known().copied().unwrap_or_default();
    for instance in *instances {
        let name = name_of(instance);
        let here: Vec<String> = tasks
            .iter()
            .filter(|task| task.container_instance.as_ref() == Some(&instance.arn))
            .map(|task| task.arn.short_id().to_owned())
            .take(20)
            .collect();
        if instance.health.as_deref() == Some("IMPAIRED") && !here.is_empty() {
            let cluster = scene.facts.cluster();
            let arn = instance.arn.as_str();
            let words = [
                "ecs",
                "update-container-instances-state",
                "--cluster",
                cluster.as_str(),
                "--container-instances",
                arn,
            ];
            let mut finding =
                Finding::new(&IMPAIRED, Confidence::Certain, format!("AWS finds container instance {name} impaired"))
                    .explain(IMPAIRED.meaning)
                    .scope(Scope { tasks: here, ..Scope::default() })
                    .evidence(INSTANCES, &name, "healthStatus.overallStatus", "IMPAIRED")
                    .fix(
                        Fix::new("Drain the instance and replace it")
                            .aws(words.into_iter().chain(["--status", "DRAINING"])),
                    );
            for (kind, why) in &instance.impairments {
                finding = finding.evidence(
                    INSTANCES,
                    &name,
                    format!("healthStatus.details {kind}"),
                    quoted(scene, why.as_ref()),
                );
            }
            findings.push(finding);
        }
    }
}

fn unregistered(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let instances = scene.facts.container_instances();
    let Some(instances) = instances.known() else { return };
    for instance in *instances {
        let name = name_of(instance);
        if instance.status == "REGISTRATION_FAILED" {
            let finding = Finding::new(
                &REGISTRATION_FAILED,
                Confidence::Certain,
                format!("Container instance {name} could not be registered"),
            )
            .explain(REGISTRATION_FAILED.meaning)
            .evidence(INSTANCES, &name, "status", &instance.status)
            .evidence(INSTANCES, &name, "statusReason", quoted(scene, instance.status_reason.as_ref()))
            .fix(Fix::new(REGISTRATION_FAILED.fix));
            findings.push(finding);
        }
    }
}

/// Its EC2 instance, or its own id.
fn name_of(instance: &ContainerInstance) -> String {
    instance.ec2_instance.clone().unwrap_or_else(|| instance.arn.name().to_owned())
}

fn quoted(scene: &Scene<'_>, reason: Option<&String>) -> String {
    reason.map_or_else(|| "absent".to_owned(), |reason| scene.quote(reason))
}
