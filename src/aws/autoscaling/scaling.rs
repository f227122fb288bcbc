//! Scalable targets and scaling activities of the SDK in our words.

use aws_sdk_applicationautoscaling::types;

use crate::aws::scalars::{count, present, time};
use crate::model::scaling::{NotScaledReason, ScalableTarget, ScalingActivity};

pub(super) fn target(target: types::ScalableTarget) -> ScalableTarget {
    let suspended = target.suspended_state.map_or_else(Vec::new, |state| {
        vec![
            ("DynamicScalingIn", state.dynamic_scaling_in_suspended),
            ("DynamicScalingOut", state.dynamic_scaling_out_suspended),
            ("Scheduled", state.scheduled_scaling_suspended),
        ]
    });
    ScalableTarget {
        minimum: count(target.min_capacity),
        maximum: count(target.max_capacity),
        suspended: suspended
            .into_iter()
            .filter(|(_, suspended)| *suspended == Some(true))
            .map(|(name, _)| name.to_owned())
            .collect(),
    }
}

pub(super) fn activity(activity: types::ScalingActivity) -> ScalingActivity {
    ScalingActivity {
        description: present(Some(activity.description)),
        cause: present(Some(activity.cause)),
        started_at: time(Some(&activity.start_time)),
        status: activity.status_code.as_str().to_owned(),
        message: present(activity.status_message),
        not_scaled: activity.not_scaled_reasons.unwrap_or_default().into_iter().map(not_scaled).collect(),
    }
}

fn not_scaled(reason: types::NotScaledReason) -> NotScaledReason {
    NotScaledReason {
        code: reason.code,
        maximum: reason.max_capacity.map(count),
        minimum: reason.min_capacity.map(count),
        current: reason.current_capacity.map(count),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_target_has_bounds_and_what_is_suspended() {
        let suspended = types::SuspendedState::builder()
            .dynamic_scaling_in_suspended(false)
            .dynamic_scaling_out_suspended(true)
            .scheduled_scaling_suspended(true)
            .build();
        let builder = types::ScalableTarget::builder()
            .service_namespace(types::ServiceNamespace::Ecs)
            .resource_id("service/shop/web")
            .scalable_dimension(types::ScalableDimension::EcsServiceDesiredCount)
            .min_capacity(2)
            .max_capacity(6)
            .role_arn("r")
            .creation_time(DateTime::from_secs(0));
        let converted = target(builder.clone().suspended_state(suspended).build().unwrap());
        assert_eq!((converted.minimum, converted.maximum), (2, 6));
        assert_eq!(converted.suspended, ["DynamicScalingOut", "Scheduled"]);
        assert!(target(builder.build().unwrap()).suspended.is_empty());
    }

    #[test]
    fn an_activity_says_why_nothing_was_done() {
        let reason = types::NotScaledReason::builder()
            .code("AlreadyAtMaxCapacity")
            .max_capacity(6)
            .current_capacity(6)
            .build()
            .unwrap();
        let converted = activity(
            types::ScalingActivity::builder()
                .activity_id("a")
                .service_namespace(types::ServiceNamespace::Ecs)
                .resource_id("service/shop/web")
                .scalable_dimension(types::ScalableDimension::EcsServiceDesiredCount)
                .description("Attempting to scale due to alarm triggered")
                .cause("")
                .start_time(DateTime::from_secs(90))
                .status_code(types::ScalingActivityStatusCode::Unfulfilled)
                .not_scaled_reasons(reason)
                .build()
                .unwrap(),
        );
        assert_eq!((converted.status.as_str(), converted.cause), ("Unfulfilled", None));
        assert_eq!(converted.started_at, Timestamp::from_second(90).ok());
        let reason = &converted.not_scaled[0];
        assert_eq!((reason.code.as_str(), reason.maximum, reason.minimum), ("AlreadyAtMaxCapacity", Some(6), None));
    }
}
