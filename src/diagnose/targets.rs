//! Which target is which task (catalogue 3.3). Load balancers know addresses and ports, ECS knows tasks; nobody but us
//! puts them side by side.
//!
//! ```text
//!  target type ip        10.0.1.7 : 8080  ◀─▶ address of the task's network interface
//!  target type instance  i-0abc  : 32769  ◀─▶ EC2 instance and host port of one of its containers
//! ```

use std::collections::HashMap;
use std::net::IpAddr;

use crate::model::load_balancing::Target;
use crate::model::task::Task;

/// A target, a task, or both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Joined<'a> {
    /// The task answers at this target.
    Pair {
        /// What the load balancer sees.
        target: &'a Target,
        /// What ECS runs there.
        task: &'a Task,
    },
    /// No task at hand answers there: another service that shares the group, a leftover, or a task that is gone.
    TargetOnly(&'a Target),
    /// A task that is not stopped and has no target (yet).
    TaskOnly(&'a Task),
}

impl<'a> Joined<'a> {
    /// The target, if there is one.
    pub const fn target(&self) -> Option<&'a Target> {
        match self {
            Self::Pair { target, .. } | Self::TargetOnly(target) => Some(target),
            Self::TaskOnly(_) => None,
        }
    }

    /// The task, if there is one.
    pub const fn task(&self) -> Option<&'a Task> {
        match self {
            Self::Pair { task, .. } | Self::TaskOnly(task) => Some(task),
            Self::TargetOnly(_) => None,
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Address(IpAddr),
    Instance(&'a str, u16),
}

/// Puts targets and tasks together: every target once, in the order given, then every task that is wanted and has no
/// target. `target_type` is that of the target group (`ip`, `instance`); without it the look of each target's id decides.
/// Addresses are compared as addresses, so `2001:db8:0::1` is `2001:db8::1`. Where an address was reused, the task that
/// is not stopped has it.
pub fn join<'a>(targets: &'a [Target], target_type: Option<&str>, tasks: &'a [Task]) -> Vec<Joined<'a>> {
    let mut places: HashMap<Key<'_>, usize> = HashMap::new();
    for (index, task) in tasks.iter().enumerate() {
        for key in keys_of(task) {
            let taken_by = places.get(&key).and_then(|index| tasks.get(*index));
            if taken_by.is_none_or(|other| other.is_stopped() && !task.is_stopped()) {
                places.insert(key, index);
            }
        }
    }
    let mut has_target = vec![false; tasks.len()];
    let mut joined = Vec::with_capacity(targets.len());
    for target in targets {
        let index = key_of(target, target_type).and_then(|key| places.get(&key).copied());
        let task = index.and_then(|index| tasks.get(index)).filter(|task| listens_on(task, target.port));
        joined.push(task.map_or(Joined::TargetOnly(target), |task| Joined::Pair { target, task }));
        if let (Some(_), Some(has_target)) = (task, index.and_then(|index| has_target.get_mut(index))) {
            *has_target = true;
        }
    }
    let without = tasks.iter().zip(has_target).filter(|(task, has_target)| !has_target && !task.is_stopped());
    joined.extend(without.map(|(task, _)| Joined::TaskOnly(task)));
    joined
}

fn key_of<'a>(target: &'a Target, target_type: Option<&str>) -> Option<Key<'a>> {
    match target_type {
        Some("ip") => address(&target.id),
        Some("instance") => Some(Key::Instance(&target.id, target.port?)),
        // Functions and load balancers as targets are no tasks.
        Some(_) => None,
        None => address(&target.id).or(Some(Key::Instance(&target.id, target.port?))),
    }
}

fn keys_of(task: &Task) -> Vec<Key<'_>> {
    let interface = task.interface.iter();
    let addresses = interface.flat_map(|interface| [&interface.private_ipv4, &interface.ipv6]).flatten();
    let mut keys: Vec<Key<'_>> = addresses.filter_map(|text| address(text)).collect();
    if let Some(instance) = task.ec2_instance.known() {
        keys.extend(host_ports(task).map(|port| Key::Instance(instance, port)));
    }
    keys
}

fn address(text: &str) -> Option<Key<'_>> {
    text.parse().ok().map(|address: IpAddr| Key::Address(address.to_canonical()))
}

fn host_ports(task: &Task) -> impl Iterator<Item = u16> {
    task.containers.iter().flat_map(|container| &container.bindings).filter_map(|binding| binding.host_port)
}

/// A task with its own interface lists no bindings as a rule: then any port may be its own, since port mappings are no
/// firewall there.
fn listens_on(task: &Task, port: Option<u16>) -> bool {
    let mut ports = host_ports(task).peekable();
    port.is_none_or(|port| ports.peek().is_none() || ports.any(|bound| bound == port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnose::fixtures::{container, stopped_task};
    use crate::model::arn::TaskArn;
    use crate::model::known::Known;
    use crate::model::load_balancing::TargetState;
    use crate::model::task::{NetworkBinding, TaskInterface};

    fn target(id: &str, port: u16) -> Target {
        Target {
            id: id.to_owned(),
            port: Some(port),
            availability_zone: None,
            health_check_port: None,
            state: TargetState::Healthy,
            reason: None,
            description: None,
            anomaly: None,
            anomaly_mitigated: false,
            administrative_override: None,
        }
    }

    fn task(id: &str, running: bool) -> Task {
        let mut task = stopped_task("", "", vec![container("web", None, None)]);
        task.arn = TaskArn::new(format!("arn:aws:ecs:r:1:task/shop/{id}"));
        if running {
            task.last_status = "RUNNING".to_owned();
            task.desired_status = "RUNNING".to_owned();
        }
        task
    }

    fn at(id: &str, running: bool, ipv4: &str, ipv6: &str) -> Task {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let interface = TaskInterface { private_ipv4: some(ipv4), ipv6: some(ipv6), ..TaskInterface::default() };
        Task { interface: Some(interface), ..task(id, running) }
    }

    fn on(id: &str, instance: Option<&str>, host_port: u16) -> Task {
        let mut task = task(id, true);
        task.ec2_instance = instance.map_or(Known::NotAsked, |id| Known::Known(id.to_owned()));
        task.containers[0].bindings = vec![NetworkBinding { container_port: Some(80), host_port: Some(host_port) }];
        task
    }

    fn shape(joined: &[Joined<'_>]) -> Vec<(String, String)> {
        let target = |joined: &Joined<'_>| joined.target().map_or_else(String::new, |target| target.id.clone());
        let task = |joined: &Joined<'_>| joined.task().map_or_else(String::new, |task| task.arn.name().to_owned());
        joined.iter().map(|joined| (target(joined), task(joined))).collect()
    }

    #[test]
    fn targets_meet_their_tasks() {
        for (what, targets, target_type, tasks, expected) in [
            (
                "by IPv4 address, with an orphan and a task without target",
                vec![target("10.0.0.1", 80), target("10.0.0.9", 80)],
                Some("ip"),
                vec![at("a", true, "10.0.0.1", ""), at("b", true, "10.0.0.2", ""), at("c", false, "10.0.0.3", "")],
                vec![("10.0.0.1", "a"), ("10.0.0.9", ""), ("", "b")],
            ),
            (
                "by IPv6 address in another spelling",
                vec![target("2001:DB8:0:0::1", 80)],
                Some("ip"),
                vec![at("a", true, "10.0.0.1", "2001:db8::1")],
                vec![("2001:DB8:0:0::1", "a")],
            ),
            (
                "two ports of one task are two targets",
                vec![target("10.0.0.1", 80), target("10.0.0.1", 9090)],
                Some("ip"),
                vec![at("a", true, "10.0.0.1", "")],
                vec![("10.0.0.1", "a"), ("10.0.0.1", "a")],
            ),
            (
                "a task that just stopped still drains",
                vec![target("10.0.0.1", 80)],
                Some("ip"),
                vec![at("a", false, "10.0.0.1", "")],
                vec![("10.0.0.1", "a")],
            ),
            (
                "an address is used again",
                vec![target("10.0.0.1", 80)],
                Some("ip"),
                vec![at("old", false, "10.0.0.1", ""), at("new", true, "10.0.0.1", ""), at("x", false, "10.0.0.1", "")],
                vec![("10.0.0.1", "new")],
            ),
            (
                "by instance and host port",
                vec![target("i-1", 32769), target("i-2", 32769), target("i-1", 40000)],
                Some("instance"),
                vec![on("a", Some("i-1"), 32769), on("b", Some("i-2"), 32769)],
                vec![("i-1", "a"), ("i-2", "b"), ("i-1", "")],
            ),
            (
                "an instance nobody looked up is not guessed from the port",
                vec![target("i-1", 32769)],
                Some("instance"),
                vec![on("a", None, 32769)],
                vec![("i-1", ""), ("", "a")],
            ),
            (
                "without target type the id decides",
                vec![target("10.0.0.1", 80), target("i-1", 32769)],
                None,
                vec![at("a", true, "10.0.0.1", ""), on("b", Some("i-1"), 32769)],
                vec![("10.0.0.1", "a"), ("i-1", "b")],
            ),
            (
                "a load balancer as target is no task",
                vec![target("10.0.0.1", 80)],
                Some("alb"),
                vec![at("a", true, "10.0.0.1", "")],
                vec![("10.0.0.1", ""), ("", "a")],
            ),
            ("nothing", vec![], None, vec![], vec![]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
            assert_eq!(shape(&join(&targets, target_type, &tasks)), expected, "{what}");
        }
    }

    proptest! {
        #[test]
        fn every_target_and_every_wanted_task_appears(
            addresses in prop::collection::vec((0_u8..6, 80_u16..83), 0..12),
            placed in prop::collection::vec((0_u8..6, any::<bool>(), any::<bool>()), 0..12),
            kind in prop::sample::select(vec![Some("ip"), Some("instance"), Some("lambda"), None]),
        ) {
            let targets: Vec<_> = addresses.iter().map(|(last, port)| target(&format!("10.0.0.{last}"), *port)).collect();
            let tasks: Vec<_> = placed.iter().enumerate().map(|(index, (last, running, own))| {
                if *own {
                    at(&index.to_string(), *running, &format!("10.0.0.{last}"), "")
                } else {
                    on(&index.to_string(), Some(&format!("10.0.0.{last}")), 80)
                }
            }).collect();
            let joined = join(&targets, kind, &tasks);
            let shown: Vec<_> = joined.iter().filter_map(Joined::target).collect();
            prop_assert_eq!(shown.len(), targets.len());
            prop_assert!(shown.iter().zip(&targets).all(|(shown, target)| std::ptr::eq(*shown, target)));
            for task in &tasks {
                let times = joined.iter().filter(|joined| joined.task().is_some_and(|shown| std::ptr::eq(shown, task))).count();
                prop_assert!(task.is_stopped() || times >= 1);
            }
            let alone = joined.iter().filter(|joined| joined.target().is_none());
            prop_assert!(alone.clone().all(|joined| joined.task().is_some_and(|task| !task.is_stopped())));
        }
    }
}
