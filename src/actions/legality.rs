//! What may be done to a service, by its state, its scheduling and who rolls it out (catalogue section 6).

use crate::model::query::Mutation;
use crate::model::service::{DeploymentController, SchedulingStrategy, Service, ServiceStatus};
use crate::model::text::visible;

/// Something that can be done to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// New tasks of the same revision.
    ForceNewDeployment,
    /// Another desired count.
    Scale,
}

impl From<&Mutation> for Action {
    fn from(mutation: &Mutation) -> Self {
        match mutation {
            Mutation::ForceNewDeployment { .. } => Self::ForceNewDeployment,
            Mutation::Scale { .. } => Self::Scale,
        }
    }
}

/// Whether AWS would take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Legality {
    /// It would.
    Legal,
    /// It would not, or it would mean nothing; the text says why and what to do instead.
    Illegal(String),
    /// Nobody here knows; the text says why.
    Unverified(String),
}

/// Tells whether an action makes sense on a service.
pub fn legality(action: Action, service: &Service) -> Legality {
    let illegal = |text: &str| Legality::Illegal(text.to_owned());
    match &service.status {
        ServiceStatus::Active => {}
        ServiceStatus::Draining => return illegal("The service is being deleted; create a new one instead."),
        ServiceStatus::Inactive => return illegal("The service was deleted; create a new one instead."),
        ServiceStatus::Other(status) => {
            let status = visible(status);
            return Legality::Unverified(format!("The service is {status}, a state this version does not know."));
        }
    }
    match (action, service.scheduling, &service.controller) {
        (Action::Scale, SchedulingStrategy::Daemon, _) => illegal(
            "A daemon service runs one task on each container instance and has no desired count; add or drain \
             container instances instead.",
        ),
        (Action::ForceNewDeployment, _, DeploymentController::CodeDeploy) => illegal(
            "CodeDeploy rolls this service out, and ECS refuses to; start a deployment there: aws deploy \
             create-deployment.",
        ),
        (Action::ForceNewDeployment, _, DeploymentController::External) => illegal(
            "An external controller rolls this service out by task sets; create a task set with it instead: aws ecs \
             create-task-set.",
        ),
        (Action::ForceNewDeployment, _, DeploymentController::Other(controller)) => {
            let controller = visible(controller);
            Legality::Unverified(format!(
                "Whether the controller {controller} allows this is not known; AWS may refuse."
            ))
        }
        (Action::ForceNewDeployment, _, DeploymentController::Ecs)
        | (Action::Scale, SchedulingStrategy::Replica, _) => Legality::Legal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::service;

    #[test]
    fn the_controller_decides() {
        use Action::{ForceNewDeployment, Scale};
        use DeploymentController::{CodeDeploy, Ecs, External};
        let daemon = SchedulingStrategy::Daemon;
        let replica = SchedulingStrategy::Replica;
        for (action, controller, scheduling, refused) in [
            (ForceNewDeployment, Ecs, replica, None),
            (ForceNewDeployment, Ecs, daemon, None),
            (ForceNewDeployment, CodeDeploy, replica, Some("aws deploy create-deployment")),
            (ForceNewDeployment, External, replica, Some("aws ecs create-task-set")),
            (Scale, Ecs, replica, None),
            (Scale, CodeDeploy, replica, None),
            (Scale, External, replica, None),
            (Scale, Ecs, daemon, Some("container instances instead")),
        ] {
            let service = Service { controller: controller.clone(), scheduling, ..service("web", 2) };
            match (legality(action, &service), refused) {
                (Legality::Legal, None) => {}
                (Legality::Illegal(text), Some(part)) => assert!(text.contains(part), "{text}"),
                (other, _) => panic!("{action:?} {controller:?} {scheduling:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_gone_cannot_be_changed() {
        for action in [Action::ForceNewDeployment, Action::Scale] {
            for status in [ServiceStatus::Draining, ServiceStatus::Inactive] {
                let service = Service { status, ..service("web", 2) };
                assert!(matches!(legality(action, &service), Legality::Illegal(_)));
            }
        }
    }

    #[test]
    fn what_is_new_is_not_refused_unseen() {
        let status = Service { status: ServiceStatus::Other("PAUSED".to_owned()), ..service("web", 2) };
        assert!(matches!(legality(Action::Scale, &status), Legality::Unverified(text) if text.contains("PAUSED")));
        let controller = Service { controller: DeploymentController::Other("NEW".to_owned()), ..service("web", 2) };
        assert!(matches!(legality(Action::ForceNewDeployment, &controller), Legality::Unverified(_)));
        assert_eq!(legality(Action::Scale, &controller), Legality::Legal);
    }
}
