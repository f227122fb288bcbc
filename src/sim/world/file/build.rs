//! From a file to a world: first what there is, then what is done to it while the world runs ahead.

use std::time::Duration;

use super::service::ServiceSection;
use super::{ClusterSection, Complaint, WorldFile, complaint};
use crate::sim::world::account::{Alarm, CapacityProvider};
use crate::sim::world::moment::Moment;
use crate::sim::world::{Cluster, Service, World};

/// Where services are if the file names no cluster.
const DEFAULT_CLUSTER: &str = "shop";

/// A longer warm-up would take its time on the wall, too.
const LONGEST_WARM_UP: Duration = Duration::from_hours(6);

impl WorldFile {
    pub(super) fn build(mut self, seed: u64) -> Result<World, Complaint> {
        let warm_up = self.run.warm_up.0;
        if warm_up > LONGEST_WARM_UP {
            return Err((0..0, "warm_up is at most 6h".to_owned()));
        }
        let mut world = World::starting_at(Moment::MONDAY_NIGHT - warm_up, seed);
        self.add_account(&mut world);
        for section in &self.security_group {
            world.add_security_group(section.group()?);
        }
        self.network.apply(&mut world);
        for section in &self.acl_entry {
            section.add_to(&mut world)?;
        }
        for section in &self.vpc_endpoint {
            section.add_to(&mut world);
        }
        if self.cluster.is_empty() {
            self.cluster.push(ClusterSection { name: DEFAULT_CLUSTER.to_owned(), container_instance: Vec::new() });
        }
        for section in &self.cluster {
            section.add_to(&mut world);
        }
        for section in &self.service {
            self.add_service(section, &mut world)?;
        }
        self.run_ahead(warm_up, &mut world)?;
        for section in &self.service {
            section.remember_events(&self.cluster_of(section), &mut world);
        }
        Ok(world)
    }

    fn add_account(&self, world: &mut World) {
        let account = &mut world.account;
        account.missing_log_groups = self.account.missing_log_groups.iter().cloned().collect();
        account.missing_secrets = self.account.missing_secrets.iter().cloned().collect();
        account.alarms.extend(self.alarm.iter().map(|alarm| Alarm {
            name: alarm.name.clone(),
            state: alarm.state.into(),
            reason: alarm.reason.clone(),
            since: Moment::MONDAY_NIGHT - alarm.ago.0,
            watch: None,
        }));
        account.capacity_providers.extend(self.capacity_provider.iter().map(|provider| CapacityProvider {
            name: provider.name.clone(),
            status: provider.status.clone(),
            managed_scaling: provider.managed_scaling,
            update_status: provider.update_status.clone(),
            update_reason: provider.update_reason.clone(),
        }));
    }

    /// The cluster a service is in: the first one if it names none.
    fn cluster_of(&self, section: &ServiceSection) -> String {
        let first = || self.cluster.first().map(|cluster| cluster.name.clone()).unwrap_or_default();
        section.cluster.as_ref().map_or_else(first, |name| name.as_ref().clone())
    }

    fn add_service(&self, section: &ServiceSection, world: &mut World) -> Result<(), Complaint> {
        let cluster = self.cluster_of(section);
        let name: &str = section.name.as_ref();
        let Some(there) = world.cluster(&cluster) else {
            let about = section.cluster.as_ref().unwrap_or(&section.name);
            return Err(complaint(about, format!("there is no cluster {cluster}")));
        };
        if there.service(name).is_some() {
            return Err(complaint(&section.name, format!("{cluster} has two services {name}")));
        }
        if let Some(groups) = &section.security_groups
            && let Some(missing) = groups.as_ref().iter().find(|id| !world.network.security_groups.contains_key(*id))
        {
            return Err(complaint(groups, format!("there is no security group {missing}")));
        }
        world.add_service(&cluster, &section.blueprint()?);
        let target = section.scalable_target(&cluster, Moment::MONDAY_NIGHT, &mut world.ids);
        world.account.scalable_targets.extend(target);
        if let Some(service) = find(&mut world.clusters, &cluster, name) {
            service.options = section.options();
            service.protected = section.is_protected();
            let groups = service.bindings.iter().map(|binding| &binding.target_group);
            for (group, said) in groups.zip(&section.load_balancer) {
                if let Some(group) = world.load_balancing.target_groups.get_mut(group) {
                    said.as_ref().apply(group);
                }
            }
        }
        Ok(())
    }

    /// Lets the world run, and does what people do at the time they do it.
    fn run_ahead(&mut self, warm_up: Duration, world: &mut World) -> Result<(), Complaint> {
        self.change.sort_by_key(|change| std::cmp::Reverse(change.ago.as_ref().0));
        let mut left = warm_up;
        for change in &self.change {
            let ago = change.ago.as_ref().0;
            if ago > warm_up {
                return Err(complaint(&change.ago, "the world does not run ahead for so long, see warm_up in [run]"));
            }
            world.advance(left.saturating_sub(ago));
            left = ago;
            change.apply(world)?;
        }
        world.advance(left);
        Ok(())
    }
}

impl ClusterSection {
    fn add_to(&self, world: &mut World) {
        world.add_cluster(&self.name);
        for section in &self.container_instance {
            world.add_container_instance(&self.name);
            let cluster = world.clusters.iter_mut().find(|cluster| cluster.name == self.name);
            let Some(instance) = cluster.and_then(|cluster| cluster.instances.last_mut()) else { continue };
            (instance.registered_cpu, instance.free_cpu) = (section.cpu, section.cpu);
            (instance.registered_memory, instance.free_memory) = (section.memory, section.memory);
            instance.ports.clone_from(&section.ports_in_use);
            instance.draining = section.draining;
            instance.agent_connected = !section.agent_disconnected;
        }
    }
}

impl ServiceSection {
    fn remember_events(&self, cluster: &str, world: &mut World) {
        let World { clusters, ids, now, .. } = world;
        let Some(service) = find(clusters, cluster, self.name.as_ref()) else { return };
        let subject = service.subject();
        for event in &self.event {
            let message = event.message.replace("TARGET_GROUP", &group_of(service));
            service.events.remember(*now - event.ago.0, format!("{subject} {message}"), ids);
        }
    }
}

/// The target group that the text of an event speaks of.
fn group_of(service: &Service) -> String {
    service.bindings.first().map(|binding| binding.target_group.clone()).unwrap_or_default()
}

fn find<'a>(clusters: &'a mut [Cluster], cluster: &str, name: &str) -> Option<&'a mut Service> {
    let cluster = clusters.iter_mut().find(|candidate| candidate.name == cluster)?;
    cluster.services.iter_mut().find(|service| service.name == name)
}
