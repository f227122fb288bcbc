//! EC2 hosts of a cluster, and finding room on them.

use std::net::Ipv4Addr;

use super::moment::Moment;
use super::task_definition::TaskDefinition;

#[derive(Clone, Debug)]
pub(crate) struct ContainerInstance {
    pub(crate) arn: String,
    pub(crate) ec2_instance: String,
    pub(crate) zone: String,
    pub(crate) subnet: String,
    pub(crate) address: Ipv4Addr,
    pub(crate) instance_type: &'static str,
    pub(crate) registered_cpu: u32,
    pub(crate) registered_memory: u32,
    pub(crate) free_cpu: u32,
    pub(crate) free_memory: u32,
    /// Host ports in use by tasks.
    pub(crate) ports: Vec<u16>,
    pub(crate) registered_at: Moment,
    /// Whether its agent talks to ECS.
    pub(crate) agent_connected: bool,
    /// Whether somebody takes its tasks away.
    pub(crate) draining: bool,
}

/// Why no host had room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// The cluster has no hosts at all.
    NoInstances,
    /// The closest host and what it lacks, in AWS's words.
    Closest { instance: String, lacks: Lack },
}

/// What a host lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    Cpu,
    Memory,
    /// A port of the host that something else has.
    Port,
    /// An agent that answers.
    Agent,
}

impl Lack {
    /// What AWS says about the closest host.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Cpu => "has insufficient CPU units available",
            Self::Memory => "has insufficient memory available",
            Self::Port => "is already using a port required by your task",
            Self::Agent => "encountered error \"AGENT\"",
        }
    }
}

impl ContainerInstance {
    fn lacks(&self, definition: &TaskDefinition) -> Option<Lack> {
        let mut fixed_ports = definition.containers.iter().filter_map(|container| container.settings.host_port);
        let lacks = [
            (Lack::Agent, !self.agent_connected),
            (Lack::Cpu, self.free_cpu < definition.cpu),
            (Lack::Memory, self.free_memory < definition.memory),
            (Lack::Port, fixed_ports.any(|port| self.ports.contains(&port))),
        ];
        lacks.into_iter().find_map(|(lack, holds)| holds.then_some(lack))
    }

    pub(crate) fn reserve(&mut self, definition: &TaskDefinition) {
        self.free_cpu = self.free_cpu.saturating_sub(definition.cpu);
        self.free_memory = self.free_memory.saturating_sub(definition.memory);
    }

    pub(crate) fn release(&mut self, definition: &TaskDefinition) {
        self.free_cpu = (self.free_cpu + definition.cpu).min(self.registered_cpu);
        self.free_memory = (self.free_memory + definition.memory).min(self.registered_memory);
    }

    /// The port that is asked for, or a free one of the dynamic range, lowest first, as the kernel's range on ECS's images.
    pub(crate) fn take_port(&mut self, fixed: Option<u16>) -> u16 {
        let port = fixed.unwrap_or_else(|| self.free_port());
        self.ports.push(port);
        port
    }

    fn free_port(&self) -> u16 {
        (32768..=60999).find(|port| !self.ports.contains(port)).unwrap_or(60999)
    }
}

/// The host with the most free memory that has room.
pub(crate) fn place<'a>(
    instances: &'a mut [ContainerInstance],
    definition: &TaskDefinition,
) -> Result<&'a mut ContainerInstance, NoRoom> {
    let active = || instances.iter().filter(|instance| !instance.draining);
    let closest = active().max_by_key(|instance| instance.free_memory).ok_or(NoRoom::NoInstances)?;
    let with_room = active().filter(|instance| instance.lacks(definition).is_none());
    let Some(found) = with_room.max_by_key(|instance| instance.free_memory) else {
        let lacks = closest.lacks(definition).unwrap_or(Lack::Memory);
        return Err(NoRoom::Closest { instance: closest.arn.clone(), lacks });
    };
    let arn = found.arn.clone();
    instances.iter_mut().find(|instance| instance.arn == arn).ok_or(NoRoom::NoInstances)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::world::task_definition::NetworkMode;

    fn instance(arn: &str, free_memory: u32) -> ContainerInstance {
        ContainerInstance {
            arn: arn.into(),
            ec2_instance: "i-1".into(),
            zone: "a".into(),
            subnet: "s".into(),
            address: Ipv4Addr::LOCALHOST,
            instance_type: "m5.large",
            registered_cpu: 2048,
            registered_memory: 8192,
            free_cpu: 2048,
            free_memory,
            ports: Vec::new(),
            registered_at: Moment::MONDAY_NIGHT,
            agent_connected: true,
            draining: false,
        }
    }

    fn needing(cpu: u32, memory: u32) -> TaskDefinition {
        TaskDefinition {
            arn: String::new(),
            family: "f".into(),
            revision: 1,
            network_mode: NetworkMode::Bridge,
            cpu,
            memory,
            containers: Vec::new(),
            registered_at: Moment::MONDAY_NIGHT,
        }
    }

    #[test]
    fn tasks_go_where_there_is_room() {
        let mut hosts = [instance("one", 1000), instance("two", 4000)];
        assert_eq!(place(&mut hosts, &needing(256, 2000)).unwrap().arn, "two");
        let lacks = |lacks| NoRoom::Closest { instance: "two".into(), lacks };
        assert_eq!(place(&mut hosts, &needing(256, 5000)).unwrap_err(), lacks(Lack::Memory));
        assert_eq!(place(&mut hosts, &needing(4096, 100)).unwrap_err(), lacks(Lack::Cpu));
        hosts[1].agent_connected = false;
        assert_eq!(place(&mut hosts, &needing(256, 500)).unwrap().arn, "one");
        assert_eq!(place(&mut hosts, &needing(256, 2000)).unwrap_err(), lacks(Lack::Agent));
        hosts[1].draining = true;
        let lacks = NoRoom::Closest { instance: "one".into(), lacks: Lack::Memory };
        assert_eq!(place(&mut hosts, &needing(256, 2000)).unwrap_err(), lacks);
        assert_eq!(place(&mut [], &needing(1, 1)).unwrap_err(), NoRoom::NoInstances);
    }

    #[test]
    fn host_ports_are_dynamic_and_distinct() {
        let mut host = instance("one", 1);
        assert_eq!((host.take_port(None), host.take_port(None), host.take_port(Some(80))), (32768, 32769, 80));
    }
}
