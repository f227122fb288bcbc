//! Automatic scaling of services: the bounds, what was decided, and why nothing was. Past decisions are told to the world;
//! that there is no way up follows from the desired count and from what the tasks use.

use super::World;
use super::moment::Moment;

/// Bounds that automatic scaling keeps a service's desired count in.
#[derive(Clone, Debug)]
pub(crate) struct ScalableTarget {
    pub(crate) cluster: String,
    pub(crate) service: String,
    pub(crate) minimum: u32,
    pub(crate) maximum: u32,
    /// Suspended: scaling in, scaling out, scheduled scaling.
    pub(crate) suspended: [bool; 3],
    /// CPU in percent above which it scales out.
    pub(crate) cpu_target: Option<u32>,
    pub(crate) registered_at: Moment,
    pub(crate) activities: Vec<ScalingActivity>,
}

/// A decision of automatic scaling.
#[derive(Clone, Debug)]
pub(crate) struct ScalingActivity {
    pub(crate) id: String,
    pub(crate) at: Moment,
    pub(crate) description: String,
    pub(crate) cause: String,
    pub(crate) status: String,
    pub(crate) message: Option<String>,
    pub(crate) not_scaled: Option<NotScaled>,
}

/// Why nothing was done.
#[derive(Clone, Debug)]
pub(crate) struct NotScaled {
    pub(crate) code: String,
    pub(crate) maximum: Option<u32>,
    pub(crate) minimum: Option<u32>,
    pub(crate) current: Option<u32>,
}

impl ScalableTarget {
    /// `service/CLUSTER/SERVICE`
    pub(crate) fn resource_id(&self) -> String {
        format!("service/{}/{}", self.cluster, self.service)
    }
}

impl World {
    /// What was decided about a scalable target, newest first.
    pub(crate) fn scaling_activities(&self, target: &ScalableTarget) -> Vec<ScalingActivity> {
        let mut activities: Vec<ScalingActivity> = self.stuck_at_maximum(target).into_iter().collect();
        activities.extend(target.activities.iter().cloned());
        activities.sort_by_key(|activity| std::cmp::Reverse(activity.at));
        activities
    }

    /// The attempt that fails because the service already has as many tasks as it may have.
    fn stuck_at_maximum(&self, target: &ScalableTarget) -> Option<ScalingActivity> {
        let service = self.cluster(&target.cluster)?.service(&target.service)?;
        let above = self.cpu_of(service)? > f64::from(target.cpu_target?);
        let desired = u32::try_from(service.desired).ok()?;
        let alarm = format!("TargetTracking-{}-AlarmHigh", target.resource_id());
        (above && desired >= target.maximum).then(|| ScalingActivity {
            id: format!("{:08x}-0000-4000-a000-{:012x}", target.maximum, target.service.len()),
            // Tried again each minute.
            at: self.now.floor(std::time::Duration::from_mins(1)),
            description: "Attempting to scale due to alarm triggered".to_owned(),
            cause: format!("monitor alarm {alarm} in state ALARM triggered policy cpu-target-tracking"),
            status: "Failed".to_owned(),
            message: None,
            not_scaled: Some(NotScaled {
                code: "AlreadyAtMaxCapacity".to_owned(),
                maximum: Some(target.maximum),
                minimum: None,
                current: None,
            }),
        })
    }
}
