//! The ends tasks came to, taken together: who ended it and which container.

use crate::diagnose::parse::events::group_name;
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::rules::task_start::exec_format;
use crate::diagnose::scene::{Dead, Scene};

/// The end of a task that had started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The load balancer found it unhealthy; the target group as the reason names it.
    LoadBalancer(Option<String>),
    /// Its own health check failed.
    ContainerCheck,
    /// AWS says that it was out of memory.
    OutOfMemory,
    /// A container ended by itself with this code.
    Exit(i32),
    /// A container was killed and nobody asked for it.
    Killed,
    /// Spot capacity was reclaimed.
    Spot,
    /// AWS retired the host.
    Retired,
    /// The host went away.
    HostGone,
    /// The container instance is drained.
    Drained,
    /// Somebody stopped it.
    User,
    /// Scaled in, or replaced by a deployment.
    Scaled,
    /// AWS found the infrastructure unhealthy.
    Infrastructure,
}

/// Tasks that came to the same end.
#[derive(Debug)]
pub(super) struct Batch<'s, 'a> {
    /// The end.
    pub(super) end: End,
    /// The container that ended the task.
    pub(super) container: Option<&'s str>,
    /// The tasks, newest first; never empty.
    pub(super) dead: Vec<&'s Dead<'a>>,
}

/// The end of a task that had started; `None` if it never did, or nothing tells.
pub(super) fn end(dead: &Dead<'_>) -> Option<End> {
    if dead.failed_start.is_some() {
        return None;
    }
    Some(match dead.death.class {
        StopClass::EssentialContainerExited => match dead.death.exit_code? {
            137 => End::Killed,
            code => End::Exit(code),
        },
        StopClass::OutOfMemory => End::OutOfMemory,
        StopClass::LoadBalancerHealth => End::LoadBalancer(target_group(dead).map(ToOwned::to_owned)),
        StopClass::ContainerHealth => End::ContainerCheck,
        StopClass::ScaledInOrReplaced => End::Scaled,
        StopClass::Maintenance => End::Retired,
        StopClass::InstanceDraining => End::Drained,
        StopClass::SpotInterruption => End::Spot,
        StopClass::HostGone => End::HostGone,
        StopClass::InfrastructureHealth => End::Infrastructure,
        StopClass::StoppedByUser => End::User,
        _ => return None,
    })
}

/// The target group in `Task failed ELB health checks in (target-group ARN)`, as it stands there.
fn target_group<'a>(dead: &Dead<'a>) -> Option<&'a str> {
    let (_, rest) = dead.task.stopped_reason.as_deref()?.split_once(" in (")?;
    let group = rest.strip_prefix("target-group ").or_else(|| rest.strip_prefix("elb "))?;
    group.split([')', ' ']).next().filter(|group| !group.is_empty())
}

/// The name of the target group of an end, for a sentence.
pub(super) fn group_words(group: Option<&str>) -> String {
    group.map(|group| format!(" in {}", group_name(group))).unwrap_or_default()
}

/// What two tasks that ended the same way have in common, those that never started included.
pub(super) fn fingerprint(dead: &Dead<'_>) -> Option<String> {
    if let Some(start) = &dead.failed_start {
        return Some(format!("start {}", start.failure.fingerprint()));
    }
    end(dead).map(|end| format!("{end:?} {:?}", dead.death.container))
}

/// All ends of tasks that had started, the newest first.
pub(super) fn ends<'s, 'a>(scene: &'s Scene<'a>) -> Vec<Batch<'s, 'a>> {
    let mut batches: Vec<(bool, Batch<'s, 'a>)> = Vec::new();
    for dead in &scene.dead {
        let Some(end) = end(dead) else { continue };
        // Which container ended matters where it ended by itself; elsewhere all of them were stopped.
        let by_itself = matches!(end, End::Exit(_) | End::Killed | End::OutOfMemory);
        let container = dead.death.container.as_deref().filter(|_| by_itself);
        let same = |(of_primary, batch): &&mut (bool, Batch<'_, '_>)| {
            *of_primary == dead.of_primary && batch.end == end && batch.container == container
        };
        match batches.iter_mut().find(same) {
            Some((_, batch)) => batch.dead.push(dead),
            None => batches.push((dead.of_primary, Batch { end, container, dead: vec![dead] })),
        }
    }
    let wrong_architecture = |batch: &Batch<'_, '_>| batch.dead.iter().any(|dead| exec_format(scene, dead).is_some());
    batches.into_iter().map(|(_, batch)| batch).filter(|batch| !wrong_architecture(batch)).collect()
}
