//! Deployments: how a new revision comes in, how it ends, and how the circuit breaker sends it back.

use std::sync::Arc;

use super::events::Happenings;
use super::ids::Ids;
use super::moment::Moment;
use super::service::Service;
use super::task::Surroundings;
use super::task_definition::TaskDefinition;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeploymentStatus {
    Primary,
    Active,
}

impl DeploymentStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::Active => "ACTIVE",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rollout {
    InProgress,
    Completed,
    Failed,
}

impl Rollout {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) status: DeploymentStatus,
    pub(crate) definition: Arc<TaskDefinition>,
    /// The service revision it brings in.
    pub(crate) revision: String,
    pub(crate) rollout: Rollout,
    pub(crate) reason: String,
    /// Failures in a row.
    pub(crate) failed: u32,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

/// A frozen configuration of the service that deployments lead from and to.
#[derive(Clone, Debug)]
pub(crate) struct ServiceRevision {
    pub(crate) arn: String,
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) created_at: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceDeploymentStatus {
    InProgress,
    Successful,
    /// Another one took its place, or it failed and nothing could be restored.
    Stopped,
    RollbackInProgress,
    RollbackSuccessful,
}

impl ServiceDeploymentStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
        }
    }

    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::InProgress | Self::RollbackInProgress)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Rollback {
    pub(crate) started_at: Moment,
    pub(crate) reason: String,
    pub(crate) revision: String,
}

/// A pause that nobody has ended yet.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) hook: String,
    pub(crate) stage: String,
    pub(crate) until: Moment,
    pub(crate) action: String,
}

/// The record of a deployment, kept for ninety days.
#[derive(Clone, Debug)]
pub(crate) struct ServiceDeployment {
    pub(crate) arn: String,
    pub(crate) status: ServiceDeploymentStatus,
    pub(crate) reason: Option<String>,
    pub(crate) sources: Vec<String>,
    pub(crate) target: String,
    pub(crate) failures: u32,
    pub(crate) threshold: u32,
    pub(crate) breaker_triggered: bool,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) triggered_alarms: Vec<String>,
    /// The hook it waits at.
    pub(crate) waiting: Option<Waiting>,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
    pub(crate) finished_at: Option<Moment>,
}

/// What ended a rollout, in AWS's words.
struct Cause {
    who: &'static str,
    event: &'static str,
    state_reason: &'static str,
    because: &'static str,
}

const CIRCUIT_BREAKER: Cause = Cause {
    who: "ECS deployment circuit breaker",
    event: "tasks failed to start.",
    state_reason: "ECS deployment circuit breaker: tasks failed to start.",
    because: "the circuit breaker threshold was exceeded",
};

const ALARM: Cause = Cause {
    who: "ECS deployment alarms",
    event: "alarm detected.",
    state_reason: "ECS deployment alarms: alarm detected.",
    because: "of a CloudWatch alarm",
};

const HOOK: Cause = Cause {
    who: "ECS deployment lifecycle hook",
    event: "lifecycle hook timed out.",
    state_reason: "ECS deployment lifecycle hook timed out.",
    because: "a lifecycle hook timed out",
};

impl Service {
    /// Begins to roll a revision out. With the same definition as before this is a forced new deployment.
    pub(crate) fn deploy(&mut self, definition: Arc<TaskDefinition>, now: Moment, ids: &mut Ids) {
        for deployment in &mut self.deployments {
            deployment.status = DeploymentStatus::Active;
        }
        for record in self.history.iter_mut().filter(|record| record.status.is_open()) {
            record.status = ServiceDeploymentStatus::Stopped;
            record.reason =
                Some("Service deployment was stopped because a new service deployment was created.".to_owned());
            record.finished_at = Some(now);
            record.updated_at = now;
        }
        let place = format!("{}/{}", self.cluster, self.name);
        let number = ids.digits(19);
        let revision = ids.ecs_arn(&format!("service-revision/{place}/{number}"));
        let id = ids.deployment();
        let record = ids.nano();
        // The first deployment has nothing to be careful about.
        let pause = self.options.pause.clone().filter(|_| !self.deployments.is_empty());
        let pause = pause.map(|pause| (pause, ids.uuid()));
        self.history.insert(
            0,
            ServiceDeployment {
                arn: ids.ecs_arn(&format!("service-deployment/{place}/{record}")),
                status: ServiceDeploymentStatus::InProgress,
                reason: None,
                sources: self.deployments.iter().map(|deployment| deployment.revision.clone()).collect(),
                target: revision.clone(),
                failures: 0,
                threshold: self.breaker_threshold(),
                breaker_triggered: false,
                rollback: None,
                triggered_alarms: Vec::new(),
                waiting: pause.map(|(pause, hook)| Waiting {
                    hook,
                    stage: pause.stage,
                    until: now + pause.timeout,
                    action: pause.action,
                }),
                created_at: now,
                updated_at: now,
                finished_at: None,
            },
        );
        self.revisions
            .insert(0, ServiceRevision { arn: revision.clone(), definition: Arc::clone(&definition), created_at: now });
        self.deployments.insert(
            0,
            Deployment {
                reason: format!("ECS deployment {id} in progress."),
                id,
                status: DeploymentStatus::Primary,
                definition,
                revision,
                rollout: Rollout::InProgress,
                failed: 0,
                created_at: now,
                updated_at: now,
            },
        );
        self.schedule.failed_starts = 0;
        self.schedule.starts_after = now;
        self.schedule.deadlock_told = false;
        self.schedule.placement_told = None;
        self.schedule.steady_told = None;
        self.schedule.due = now;
    }

    /// The primary deployment has reached its goal.
    pub(crate) fn complete(&mut self, now: Moment, happenings: &mut Happenings) {
        let Some(primary) = self.primary_mut() else { return };
        primary.rollout = Rollout::Completed;
        primary.reason = format!("ECS deployment {} completed.", primary.id);
        primary.updated_at = now;
        happenings.after.push(format!("(deployment {}) deployment completed.", primary.id));
        if let Some(record) = self.history.first_mut().filter(|record| record.status.is_open()) {
            record.status = match record.status {
                ServiceDeploymentStatus::RollbackInProgress => ServiceDeploymentStatus::RollbackSuccessful,
                _ => ServiceDeploymentStatus::Successful,
            };
            record.finished_at = Some(now);
            record.updated_at = now;
        }
    }

    /// Lets the primary deployment have completed at a time in the past, for a world that begins with history.
    pub(crate) fn completed_long_ago(&mut self, at: Moment) {
        self.complete(at, &mut Happenings::default());
        self.deployments.retain(|deployment| deployment.status == DeploymentStatus::Primary);
    }

    /// Counts a task of a deployment that failed before it was healthy.
    pub(crate) fn count_failure(&mut self, deployment: &str, now: Moment) {
        let Some(found) = self.deployments.iter_mut().find(|candidate| candidate.id == deployment) else { return };
        found.failed += 1;
        found.updated_at = now;
        let failed = found.failed;
        if found.status == DeploymentStatus::Primary
            && let Some(record) = self.history.first_mut()
            && record.status == ServiceDeploymentStatus::InProgress
        {
            record.failures = failed;
            record.updated_at = now;
        }
    }

    /// A healthy task ends a row of failures.
    pub(crate) fn reset_failures(&mut self, deployment: &str) {
        let Some(found) = self.deployments.iter_mut().find(|candidate| candidate.id == deployment) else { return };
        found.failed = 0;
        if found.status == DeploymentStatus::Primary
            && let Some(record) = self.history.first_mut()
            && record.status == ServiceDeploymentStatus::InProgress
        {
            record.failures = 0;
        }
    }

    /// Ends the rollout when too many tasks in a row failed, and goes back if told so.
    pub(crate) fn trip_circuit_breaker(&mut self, now: Moment, ids: &mut Ids, happenings: &mut Happenings) {
        let threshold = self.breaker_threshold();
        let breaker = self.circuit_breaker;
        let trips = self.primary().is_some_and(|primary| {
            breaker.enable && primary.rollout == Rollout::InProgress && primary.failed >= threshold
        });
        if !trips {
            return;
        }
        if let Some(record) = self.history.first_mut() {
            record.breaker_triggered = true;
        }
        self.fail(&CIRCUIT_BREAKER, breaker.rollback, now, ids, happenings);
    }

    /// Ends the rollout when one of its alarms went off, and goes back if told so.
    pub(crate) fn trip_alarms(&mut self, around: &mut Surroundings<'_>, happenings: &mut Happenings) {
        let under_way = self.primary().is_some_and(|primary| primary.rollout == Rollout::InProgress)
            && self.history.first().is_some_and(|record| record.status == ServiceDeploymentStatus::InProgress);
        if !under_way || self.options.alarms.is_empty() {
            return;
        }
        let triggered = around.account.alarming(&self.options.alarms);
        if triggered.is_empty() {
            return;
        }
        if let Some(record) = self.history.first_mut() {
            record.triggered_alarms = triggered;
        }
        self.fail(&ALARM, self.options.alarm_rollback, around.now, around.ids, happenings);
    }

    /// Ends waiting at a hook whose time is over.
    pub(crate) fn end_pause(&mut self, now: Moment, ids: &mut Ids, happenings: &mut Happenings) {
        let over = |waiting: &&mut Waiting| waiting.until <= now;
        let record = self.history.first_mut().filter(|record| record.status.is_open());
        let Some(waiting) = record.and_then(|record| record.waiting.as_mut()).filter(over) else { return };
        if waiting.action == "ROLLBACK" {
            self.fail(&HOOK, true, now, ids, happenings);
        } else if let Some(record) = self.history.first_mut() {
            record.waiting = None;
        }
    }

    /// Ends the rollout of the primary deployment.
    fn fail(&mut self, cause: &Cause, rollback: bool, now: Moment, ids: &mut Ids, happenings: &mut Happenings) {
        let Some(primary) = self.primary_mut() else { return };
        cause.state_reason.clone_into(&mut primary.reason);
        primary.rollout = Rollout::Failed;
        primary.updated_at = now;
        happenings.before.push(format!("(deployment {}) deployment failed: {}", primary.id, cause.event));
        if let Some(record) = self.history.first_mut() {
            record.updated_at = now;
            record.waiting = None;
        }
        if !rollback || !self.roll_back(cause, now, ids, happenings) {
            let reason = format!("Service deployment failed because {}.", cause.because);
            if let Some(record) = self.history.first_mut() {
                record.status = ServiceDeploymentStatus::Stopped;
                record.reason = Some(reason);
                record.finished_at = Some(now);
            }
        }
    }

    /// Whether the deployment waits at a hook. Waiting ends with the hook's time.
    pub(crate) fn is_paused(&self) -> bool {
        self.history.first().is_some_and(|record| record.waiting.is_some() && record.status.is_open())
    }

    /// Whether it waits before its first task.
    pub(crate) fn is_paused_before_scale_up(&self) -> bool {
        let early = |stage: &str| matches!(stage, "RECONCILE_SERVICE" | "PRE_SCALE_UP");
        self.is_paused()
            && self.history.first().and_then(|record| record.waiting.as_ref()).is_some_and(|at| early(&at.stage))
    }

    /// Whether the bake time of the primary deployment is over.
    pub(crate) fn has_baked(&self, now: Moment) -> bool {
        let bake_time = self.options.bake_time;
        bake_time.is_zero() || self.primary().is_none_or(|primary| primary.created_at + bake_time <= now)
    }

    /// Makes the last completed deployment the primary one again, anew if it is gone. Tells whether there was one.
    fn roll_back(&mut self, cause: &Cause, now: Moment, ids: &mut Ids, happenings: &mut Happenings) -> bool {
        let still_there = self.deployments.iter().position(|deployment| deployment.rollout == Rollout::Completed);
        let mut restored = if let Some(place) = still_there {
            self.deployments.remove(place)
        } else {
            let failed = self.primary().map(|primary| primary.revision.clone());
            let Some(revision) = self.revisions.iter().find(|revision| Some(&revision.arn) != failed.as_ref()) else {
                return false;
            };
            Deployment {
                id: ids.deployment(),
                status: DeploymentStatus::Primary,
                definition: Arc::clone(&revision.definition),
                revision: revision.arn.clone(),
                rollout: Rollout::InProgress,
                reason: String::new(),
                failed: 0,
                created_at: now,
                updated_at: now,
            }
        };
        restored.status = DeploymentStatus::Primary;
        restored.rollout = Rollout::InProgress;
        restored.reason = format!("{}: rolling back to deploymentId {}.", cause.who, restored.id);
        restored.failed = 0;
        restored.updated_at = now;
        happenings.before.push(format!("rolling back to deployment {}.", restored.id));
        if let Some(record) = self.history.first_mut() {
            let reason = format!("Service deployment rolled back because {}.", cause.because);
            record.status = ServiceDeploymentStatus::RollbackInProgress;
            record.reason = Some(reason.clone());
            record.rollback = Some(Rollback { started_at: now, reason, revision: restored.revision.clone() });
        }
        for deployment in &mut self.deployments {
            deployment.status = DeploymentStatus::Active;
        }
        self.deployments.insert(0, restored);
        self.schedule.failed_starts = 0;
        self.schedule.starts_after = now;
        true
    }
}
