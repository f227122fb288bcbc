//! The service scheduler: looks at a service, compares what is wanted with what there is, and acts, one look at a time.
//!
//! The order of a look is the order of the functions here: notice what tasks did, end a rollout that fails, stop what is
//! unhealthy, stop what is too much, start what is missing, and say so when nothing is left to do.

use std::sync::Arc;
use std::time::Duration;

use super::container_instance::{NoRoom, place};
use super::events::Happenings;
use super::health_check::TargetState;
use super::metrics::Spell;
use super::moment::Moment;
use super::network::Holder;
use super::rollout::{DeploymentStatus, Rollout};
use super::service::{Complaint, Health, Launch, Service};
use super::task::{Container, HostPort, Seat, Status, StopCode, Surroundings, Task};
use super::task_definition::TaskDefinition;

/// Between two looks at a service that is not where it should be.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// AWS repeats the steady state message this often.
const STEADY_STATE_IS_REPEATED: Duration = Duration::from_hours(6);
/// AWS repeats other messages only after this time.
const SENTENCES_ARE_REPEATED: Duration = Duration::from_hours(6);
/// Least and most time until the scheduler acts on what a load balancer found.
const HEARSAY: (Duration, Duration) = (Duration::from_secs(25), Duration::from_secs(50));
/// Starts in one look.
const STARTS_AT_ONCE: usize = 20;
/// Failed starts in a row before the scheduler slows down.
const STARTS_BEFORE_BACKOFF: u32 = 3;
/// The longest wait between two starts. AWS goes up to 27 minutes, which is no use to somebody who watches.
const LONGEST_BACKOFF: Duration = Duration::from_mins(4);

/// Of a service that has crashed for days, CloudWatch's memory here is shorter.
const MOST_PAST: usize = 2_000;

/// A task that could be stopped because there are too many.
struct Candidate {
    /// Where it is in the list of tasks.
    place: usize,
    /// Of a deployment on its way out.
    old: bool,
    healthy: bool,
}

impl Service {
    /// Lets tasks live and looks at the service, if something is due.
    pub(crate) fn step(&mut self, around: &mut Surroundings<'_>) {
        if self.schedule.due > around.now {
            return;
        }
        let mut happenings = Happenings::default();
        for task in &mut self.tasks {
            task.step(&self.bindings, &self.options.blocked, around, &mut happenings);
        }
        let now = around.now;
        let is_stopped = |task: &mut Task| task.status == Status::Stopped;
        self.stopped_tasks.extend(self.tasks.extract_if(.., is_stopped));
        while self.stopped_tasks.front().is_some_and(|task| task.is_forgotten(now)) {
            let forgotten = self.stopped_tasks.pop_front();
            self.past.extend(forgotten.as_ref().and_then(Spell::of));
        }
        while self.past.front().is_some_and(|spell| spell.is_forgotten(now) || self.past.len() > MOST_PAST) {
            self.past.pop_front();
        }
        self.interrupt_spot(around, &mut happenings);
        self.notice(around, &mut happenings);
        self.trip_circuit_breaker(now, around.ids, &mut happenings);
        self.trip_alarms(around, &mut happenings);
        self.end_pause(now, around.ids, &mut happenings);
        self.stop_unhealthy(around, &mut happenings);
        self.stop_surplus(around, &mut happenings);
        self.start_missing(around, &mut happenings);
        let settled = self.conclude(around, &mut happenings);
        if !happenings.is_empty() {
            let subject = self.subject();
            for sentence in happenings.into_sentences(&subject) {
                self.events.add(now, sentence, around.ids);
            }
        }
        if settled && self.schedule.steady_told.is_none_or(|told| told + STEADY_STATE_IS_REPEATED <= now) {
            self.say(now, "has reached a steady state.", around.ids);
            self.schedule.steady_told = Some(now);
        }
        self.schedule.due = self.next_look(settled, now);
    }

    fn next_look(&self, settled: bool, now: Moment) -> Moment {
        let tasks = self.tasks.iter().chain(self.stopped_tasks.front());
        let of_tasks = tasks.map(|task| task.due).min().unwrap_or(Moment::NEVER);
        let own = match self.schedule.steady_told {
            Some(told) if settled => told + STEADY_STATE_IS_REPEATED,
            _ => now + LOOK_AGAIN,
        };
        of_tasks.min(own).min(self.schedule.next_interruption)
    }

    /// Spot takes a task now and then.
    fn interrupt_spot(&mut self, around: &mut Surroundings<'_>, happenings: &mut Happenings) {
        if self.launch != Launch::FargateSpot || self.schedule.next_interruption > around.now {
            return;
        }
        self.schedule.next_interruption = around.now + around.ids.seconds(600, 1500);
        if let Some(task) = self.tasks.iter_mut().find(|task| task.is_wanted() && task.is_running()) {
            task.ask_to_stop(StopCode::SpotInterruption, "Your Spot Task was interrupted.", around, happenings);
        }
    }

    /// Notices tasks that became healthy, and tasks that failed before they ever were.
    fn notice(&mut self, around: &mut Surroundings<'_>, happenings: &mut Happenings) {
        let (now, load_balancing, network) = (around.now, &*around.load_balancing, &*around.network);
        let healthy: Vec<(usize, String)> = self
            .tasks
            .iter()
            .enumerate()
            .filter(|(_, task)| task.is_wanted() && !task.was_healthy)
            .filter(|(_, task)| self.health(task, load_balancing, network, now) == Health::Healthy)
            .map(|(place, task)| (place, task.started_by.clone()))
            .collect();
        for (place, deployment) in healthy {
            if let Some(task) = self.tasks.get_mut(place) {
                task.was_healthy = true;
            }
            self.reset_failures(&deployment);
            self.schedule.failed_starts = 0;
        }
        let mut failed = Vec::new();
        for task in self.tasks.iter_mut().filter(|task| !task.failure_noticed) {
            let Some((code, reason)) = &task.stop else { continue };
            task.failure_noticed = true;
            let failure = match code {
                StopCode::TaskFailedToStart | StopCode::EssentialContainerExited => true,
                StopCode::ServiceSchedulerInitiated => reason.starts_with("Task failed"),
                StopCode::UserInitiated | StopCode::SpotInterruption => false,
            };
            if failure && !task.was_healthy {
                failed.push((task.started_by.clone(), *code));
            }
        }
        for (deployment, code) in failed {
            self.count_failure(&deployment, now);
            if code == StopCode::TaskFailedToStart {
                self.back_off(around, happenings);
            }
        }
    }

    fn back_off(&mut self, around: &mut Surroundings<'_>, happenings: &mut Happenings) {
        self.schedule.failed_starts = self.schedule.failed_starts.saturating_add(1);
        let beyond = self.schedule.failed_starts.saturating_sub(STARTS_BEFORE_BACKOFF);
        if beyond == 0 {
            return;
        }
        let wait = Duration::from_secs(10).saturating_mul(1 << beyond.min(10)).min(LONGEST_BACKOFF);
        self.schedule.starts_after = around.now + wait;
        if beyond == 1 {
            happenings.after.push(
                "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of \
                 the Amazon ECS Developer Guide."
                    .to_owned(),
            );
        }
    }

    /// Stops what fails its checks. Between the load balancer's verdict and that, the scheduler has to hear of it.
    fn stop_unhealthy(&mut self, around: &mut Surroundings<'_>, happenings: &mut Happenings) {
        let mut verdicts = Vec::new();
        let mut condemned = Vec::new();
        for (place, task) in self.tasks.iter().enumerate().filter(|(_, task)| task.is_wanted()) {
            let Health::Unhealthy(complaint) = self.health(task, around.load_balancing, around.network, around.now)
            else {
                condemned.push((place, None));
                continue;
            };
            let from = task.condemned_from.unwrap_or_else(|| around.now + around.ids.between(HEARSAY.0, HEARSAY.1));
            condemned.push((place, Some(from)));
            if from <= around.now {
                verdicts.push((task.id.clone(), complaint));
            }
        }
        for (place, from) in condemned {
            if let Some(task) = self.tasks.get_mut(place) {
                task.condemned_from = from;
            }
        }
        for (id, complaint) in verdicts {
            let Some(task) = self.tasks.iter_mut().find(|task| task.id == id) else { continue };
            let reason = match complaint {
                Complaint::Container => "Task failed container health checks".to_owned(),
                Complaint::Target { target_group, port, state } => {
                    happenings.before.push(unhealthy_target(task, &target_group, port, state));
                    format!("Task failed ELB health checks in (target-group {target_group})")
                }
            };
            task.ask_to_stop(StopCode::ServiceSchedulerInitiated, &reason, around, happenings);
            happenings.stopped.push(id);
            self.schedule.unhealthy_to_replace += 1;
        }
    }

    /// Stops old tasks as far as enough healthy ones remain, and tasks beyond the desired count.
    fn stop_surplus(&mut self, around: &mut Surroundings<'_>, happenings: &mut Happenings) {
        // After a hook behind the scale-up nothing old goes before somebody said so.
        let Some(primary) = self.primary().filter(|_| !self.is_paused()) else { return };
        let primary = primary.id.clone();
        let mut candidates: Vec<Candidate> = self
            .tasks
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, task)| task.is_wanted() && !self.protected)
            .map(|(place, task)| Candidate {
                place,
                old: task.started_by != primary,
                healthy: self.health(task, around.load_balancing, around.network, around.now) == Health::Healthy,
            })
            .collect();
        let healthy = candidates.iter().filter(|candidate| candidate.healthy).count();
        let mut spare = healthy.saturating_sub(self.lower_bound().min(self.desired));
        let mut excess = candidates.iter().filter(|candidate| !candidate.old).count().saturating_sub(self.desired);
        // Old ones go before new ones, those that are of no use yet before those that are, and the newest first.
        candidates.sort_by_key(|candidate| (!candidate.old, candidate.healthy));
        let mut doomed = Vec::new();
        for candidate in candidates {
            if candidate.old {
                if candidate.healthy && spare == 0 {
                    continue;
                }
                spare -= usize::from(candidate.healthy);
            } else if excess > 0 {
                excess -= 1;
            } else {
                continue;
            }
            doomed.push(candidate.place);
        }
        for place in doomed {
            let Some(task) = self.tasks.get_mut(place) else { continue };
            let reason = format!("Scaling activity initiated by (deployment {primary})");
            happenings.stopped.push(task.id.clone());
            task.ask_to_stop(StopCode::ServiceSchedulerInitiated, &reason, around, happenings);
        }
    }

    fn start_missing(&mut self, around: &mut Surroundings<'_>, happenings: &mut Happenings) {
        let Some(primary) = self.primary().filter(|primary| primary.rollout != Rollout::Failed) else { return };
        let (id, definition) = (primary.id.clone(), Arc::clone(&primary.definition));
        if self.schedule.starts_after > around.now || self.is_paused_before_scale_up() {
            return;
        }
        let wanted = self.tasks.iter().filter(|task| task.is_wanted()).count();
        let of_primary = self.tasks_of(&id).filter(|task| task.is_wanted()).count();
        let missing = self.desired.saturating_sub(of_primary);
        let room = self.upper_bound().saturating_sub(wanted);
        if missing > 0 && room == 0 {
            self.tell_deadlock(happenings);
        }
        for _ in 0..missing.min(room).min(STARTS_AT_ONCE) {
            let subnet = self.emptiest_subnet();
            match self.new_task(&id, &definition, subnet, around) {
                Ok(task) => {
                    happenings.started.push(task.id.clone());
                    self.tasks.push(task);
                    self.schedule.placement_told = None;
                }
                Err(sentence) => {
                    self.tell_placement(sentence, around.now, happenings);
                    break;
                }
            }
        }
        let replaced = self.schedule.unhealthy_to_replace.min(happenings.started.len());
        happenings.replaced_unhealthy = replaced;
        self.schedule.unhealthy_to_replace -= replaced;
    }

    fn tell_deadlock(&mut self, happenings: &mut Happenings) {
        let stuck = self.upper_bound() <= self.desired && self.lower_bound() >= self.desired;
        let healthy_all = self.tasks.iter().filter(|task| task.is_wanted()).all(|task| task.was_healthy);
        if stuck && healthy_all && !self.schedule.deadlock_told {
            self.schedule.deadlock_told = true;
            happenings.after.push(
                "was unable to stop or start tasks during a deployment because of the service deployment configuration. \
                 Update the minimumHealthyPercent or maximumPercent value and try again."
                    .to_owned(),
            );
        }
    }

    fn tell_placement(&mut self, sentence: String, now: Moment, happenings: &mut Happenings) {
        let known = self.schedule.placement_told.as_ref();
        if known.is_none_or(|(told, at)| *told != sentence || *at + SENTENCES_ARE_REPEATED <= now) {
            happenings.after.push(sentence.clone());
            self.schedule.placement_told = Some((sentence, now));
        }
    }

    /// The subnet that has the fewest tasks of the service; absent with tasks on hosts.
    fn emptiest_subnet(&self) -> Option<&String> {
        let tasks_in = |wanted: &String| {
            let tasks = self.tasks.iter().filter(|task| task.is_wanted());
            tasks.filter(|task| matches!(&task.seat, Seat::Interface { subnet, .. } if subnet == wanted)).count()
        };
        self.subnets.iter().min_by_key(|subnet| tasks_in(subnet))
    }

    /// Makes a task in the subnet or on a host with room, or says in AWS's words why there is none.
    pub(crate) fn new_task(
        &self,
        deployment: &str,
        definition: &Arc<TaskDefinition>,
        subnet: Option<&String>,
        around: &mut Surroundings<'_>,
    ) -> Result<Task, String> {
        let (seat, zone) = match self.launch {
            Launch::Ec2 => seat_on_host(definition, around)?,
            Launch::Fargate | Launch::FargateSpot => self.seat_on_fargate(subnet, around)?,
        };
        let now = around.now;
        let id = around.ids.hex(32);
        Ok(Task {
            arn: around.ids.ecs_arn(&format!("task/{}/{id}", self.cluster)),
            id,
            containers: vec![Container::default(); definition.containers.len()],
            definition: Arc::clone(definition),
            started_by: deployment.to_owned(),
            capacity_provider: (self.launch == Launch::FargateSpot).then_some("FARGATE_SPOT"),
            zone,
            seat,
            status: Status::Provisioning,
            due: now + around.ids.seconds(2, 4),
            registrations: Vec::new(),
            stop: None,
            was_healthy: false,
            condemned_from: None,
            failure_noticed: false,
            visited: None,
            version: 1,
            created_at: now,
            pull_started_at: None,
            pull_stopped_at: None,
            started_at: None,
            stopping_at: None,
            execution_stopped_at: None,
            stopped_at: None,
        })
    }

    /// An interface in the subnet.
    fn seat_on_fargate(
        &self,
        subnet: Option<&String>,
        around: &mut Surroundings<'_>,
    ) -> Result<(Seat, String), String> {
        let found = subnet.and_then(|subnet| {
            let address = around.network.attach(subnet, &self.security_groups, around.ids)?;
            let zone = around.network.subnet(subnet)?.zone.clone();
            Some((address, subnet.clone(), zone))
        });
        let Some((address, subnet, zone)) = found else {
            return Err("was unable to place a task. Reason: Unexpected EC2 error while attempting to Create Network \
                        Interface: InsufficientFreeAddressesInSubnet."
                .to_owned());
        };
        let hex = around.ids.hex(10);
        let octets: Vec<&str> = (0..5).filter_map(|place| hex.get(place * 2..place * 2 + 2)).collect();
        let seat = Seat::Interface {
            eni: format!("eni-0{}", around.ids.hex(16)),
            attachment: around.ids.uuid(),
            mac: format!("0a:{}", octets.join(":")),
            subnet,
            address,
        };
        if let Seat::Interface { eni, attachment, mac, .. } = &seat {
            around.network.hand_over(address, eni, mac, Holder::Task { attachment: attachment.clone() });
        }
        Ok((seat, zone))
    }

    /// Says what is finished. Tells whether nothing is left to do.
    fn conclude(&mut self, around: &Surroundings<'_>, happenings: &mut Happenings) -> bool {
        let now = around.now;
        let left: Vec<String> = self
            .tasks
            .iter()
            .filter(|task| task.status < Status::Stopping)
            .map(|task| task.started_by.clone())
            .collect();
        self.deployments
            .retain(|deployment| deployment.status == DeploymentStatus::Primary || left.contains(&deployment.id));
        let Some(primary) = self.primary() else { return false };
        let (id, rollout) = (primary.id.clone(), primary.rollout);
        let (mut healthy, mut others) = (0, 0);
        for task in self.tasks.iter().filter(|task| task.is_wanted()) {
            let good = task.started_by == id
                && self.health(task, around.load_balancing, around.network, now) == Health::Healthy;
            if good { healthy += 1 } else { others += 1 }
        }
        // What is on its way out has to be gone: old tasks drain before a deployment counts as completed.
        let alone = self.deployments.len() == 1;
        let arrived = alone && others == 0 && healthy == self.desired;
        if arrived && rollout == Rollout::InProgress && !self.is_paused() && self.has_baked(now) {
            self.complete(now, happenings);
        }
        let settled = arrived && rollout != Rollout::Failed && !self.is_paused() && self.has_baked(now);
        if !settled {
            self.schedule.steady_told = None;
        }
        settled
    }
}

/// `(port 8080) is unhealthy in (target-group …) due to (reason …)`
fn unhealthy_target(task: &Task, target_group: &str, port: u16, state: TargetState) -> String {
    let why = match state {
        TargetState::Unhealthy(failure) => failure.description(),
        state => state.reason().map(|(_, description)| description).unwrap_or_default(),
    };
    let host = match &task.seat {
        Seat::Host { ec2_instance, .. } => format!("(instance {ec2_instance}) "),
        Seat::Interface { .. } => String::new(),
    };
    format!("{host}(port {port}) is unhealthy in (target-group {target_group}) due to (reason {why})")
}

/// Ports of the host with most room.
fn seat_on_host(definition: &Arc<TaskDefinition>, around: &mut Surroundings<'_>) -> Result<(Seat, String), String> {
    let guide = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
    let host = place(around.instances, definition).map_err(|no_room| match no_room {
        NoRoom::NoInstances => format!(
            "was unable to place a task because no container instance met all of its requirements. Reason: No Container \
             Instances were found in your cluster. {guide}"
        ),
        NoRoom::Closest { instance, lacks } => format!(
            "was unable to place a task because no container instance met all of its requirements. The closest matching \
             (container-instance {}) {}. {guide}",
            instance.rsplit('/').next().unwrap_or_default(),
            lacks.sentence()
        ),
    })?;
    host.reserve(definition);
    let listening = definition.containers.iter().filter_map(|defined| Some((defined, defined.application.listens?)));
    let ports: Vec<HostPort> = listening
        .map(|(defined, listens)| HostPort {
            container: listens.port,
            host: host.take_port(defined.settings.host_port),
        })
        .collect();
    let seat = Seat::Host {
        instance_arn: host.arn.clone(),
        ec2_instance: host.ec2_instance.clone(),
        address: host.address,
        ports,
    };
    Ok((seat, host.zone.clone()))
}
