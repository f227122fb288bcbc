//! Deployments: how a new revision comes in, how it ends, and how the circuit breaker sends it back.

use std::sync::Arc;

use super::events::Happenings;
use super::ids::Ids;
use super::moment::Moment;
use super::service::Service;
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
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
    pub(crate) finished_at: Option<Moment>,
}

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
        let Some(primary) = self
            .primary_mut()
            .filter(|primary| breaker.enable && primary.rollout == Rollout::InProgress && primary.failed >= threshold)
        else {
            return;
        };
        "ECS deployment circuit breaker: tasks failed to start.".clone_into(&mut primary.reason);
        primary.rollout = Rollout::Failed;
        primary.updated_at = now;
        happenings.before.push(format!("(deployment {}) deployment failed: tasks failed to start.", primary.id));
        if let Some(record) = self.history.first_mut() {
            record.breaker_triggered = true;
            record.updated_at = now;
        }
        if !breaker.rollback || !self.roll_back(now, ids, happenings) {
            let reason = "Service deployment failed because the circuit breaker threshold was exceeded.";
            if let Some(record) = self.history.first_mut() {
                record.status = ServiceDeploymentStatus::Stopped;
                record.reason = Some(reason.to_owned());
                record.finished_at = Some(now);
            }
        }
    }

    /// Makes the last completed deployment the primary one again, anew if it is gone. Tells whether there was one.
    fn roll_back(&mut self, now: Moment, ids: &mut Ids, happenings: &mut Happenings) -> bool {
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
        restored.reason = format!("ECS deployment circuit breaker: rolling back to deploymentId {}.", restored.id);
        restored.failed = 0;
        restored.updated_at = now;
        happenings.before.push(format!("rolling back to deployment {}.", restored.id));
        if let Some(record) = self.history.first_mut() {
            let reason =
                "Service deployment rolled back because the circuit breaker threshold was exceeded.".to_owned();
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
