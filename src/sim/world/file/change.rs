//! What people do to a world while it runs ahead, in a world file.

use serde::Deserialize;
use toml::Spanned;

use super::application::ApplicationSection;
use super::network::{HealthCheckSection, SecurityGroupSection};
use super::span::Span;
use super::{Complaint, State, complaint};
use crate::sim::world::World;

/// Something done so long before somebody looks: exactly one of the keys below.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub(super) ago: Spanned<Span>,
    deploy: Option<DeploySection>,
    redeploy: Option<ServiceName>,
    answer: Option<DeploySection>,
    scale: Option<ScaleSection>,
    modify_target_group: Option<TargetGroupSection>,
    stop_a_task: Option<StopSection>,
    cut_off: Option<ServiceName>,
    disable_zone: Option<ZoneSection>,
    security_group: Option<SecurityGroupSection>,
    alarm: Option<AlarmChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceName {
    service: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeploySection {
    service: Spanned<String>,
    #[serde(default)]
    application: ApplicationSection,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleSection {
    service: Spanned<String>,
    desired: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetGroupSection {
    service: Spanned<String>,
    health_check: HealthCheckSection,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StopSection {
    service: Spanned<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneSection {
    load_balancer: Spanned<String>,
    zone: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlarmChange {
    name: Spanned<String>,
    state: State,
    #[serde(default)]
    reason: String,
}

impl Change {
    /// Does it, or says why it cannot be done.
    pub(super) fn apply(&self, world: &mut World) -> Result<(), Complaint> {
        let said = [
            self.deploy.is_some(),
            self.redeploy.is_some(),
            self.answer.is_some(),
            self.scale.is_some(),
            self.modify_target_group.is_some(),
            self.stop_a_task.is_some(),
            self.cut_off.is_some(),
            self.disable_zone.is_some(),
            self.security_group.is_some(),
            self.alarm.is_some(),
        ];
        if said.iter().filter(|said| **said).count() != 1 {
            return Err(complaint(&self.ago, "a change says exactly one thing that is done"));
        }
        if let Some(section) = &self.security_group {
            world.add_security_group(section.group()?);
        }
        if let Some(zone) = &self.disable_zone
            && !world.disable_zone(zone.load_balancer.as_ref(), &zone.zone)
        {
            return Err(complaint(&zone.load_balancer, "there is no load balancer of this name"));
        }
        if let Some(change) = &self.alarm {
            let now = world.now;
            let found = world.account.alarms.iter_mut().find(|alarm| alarm.name == *change.name.as_ref());
            let alarm = found.ok_or_else(|| complaint(&change.name, "there is no alarm of this name"))?;
            alarm.state = change.state.into();
            alarm.reason.clone_from(&change.reason);
            alarm.since = now;
        }
        self.apply_to_service(world)
    }

    fn apply_to_service(&self, world: &mut World) -> Result<(), Complaint> {
        let named = [
            self.deploy.as_ref().map(|section| &section.service),
            self.redeploy.as_ref().map(|section| &section.service),
            self.answer.as_ref().map(|section| &section.service),
            self.scale.as_ref().map(|section| &section.service),
            self.modify_target_group.as_ref().map(|section| &section.service),
            self.stop_a_task.as_ref().map(|section| &section.service),
            self.cut_off.as_ref().map(|section| &section.service),
        ];
        let Some(named) = named.into_iter().flatten().next() else { return Ok(()) };
        let service = named.as_ref().as_str();
        let refused = |what: String| complaint(named, what);
        let found = world.clusters.iter().find_map(|cluster| Some((cluster.name.clone(), cluster.service(service)?)));
        let (cluster, there) = found.ok_or_else(|| refused(format!("there is no service {service}")))?;
        let current = there.primary().and_then(|primary| primary.definition.containers.first());
        let current = current.map(|container| container.application.clone());
        let group = there.bindings.first().map(|binding| binding.target_group.clone());
        let task = there.tasks.iter().find(|task| task.is_wanted()).map(|task| task.id.clone());
        let run = |section: &DeploySection| current.as_ref().map(|current| section.application.over(current));
        if let Some(application) = self.deploy.as_ref().and_then(run) {
            world.deploy(&cluster, service, &application);
        }
        if let Some(application) = self.answer.as_ref().and_then(run) {
            world.answer_differently(&cluster, service, &application);
        }
        if self.redeploy.is_some() {
            let change = crate::sim::world::ServiceChange {
                force_new_deployment: true,
                ..crate::sim::world::ServiceChange::default()
            };
            world.update_service(&cluster, service, &change).map_err(|error| refused(error.to_string()))?;
        }
        if let Some(scale) = &self.scale {
            world.scale(&cluster, service, scale.desired);
        }
        if let Some(section) = &self.modify_target_group {
            let group = group.ok_or_else(|| refused(format!("{service} has no target group")))?;
            world.modify_target_group(&group, &section.health_check.change());
        }
        if let Some(section) = &self.stop_a_task {
            let task = task.ok_or_else(|| refused(format!("{service} has no task")))?;
            let reason = section.reason.as_deref().unwrap_or("Task stopped by user");
            world.stop_task(&cluster, &task, reason).map_err(|error| refused(error.to_string()))?;
        }
        if self.cut_off.is_some() {
            world.cut_off(&cluster, service);
        }
        Ok(())
    }
}
