//! The present by AWS's clock. Ages and durations are measured against the Date of its answers, so a wrong local clock changes
//! nothing.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::model::call::CallRecord;

/// Learns from every call how far the local clock is off. Clones share what they learn.
#[derive(Clone, Debug, Default)]
pub struct AwsClock {
    ahead: Arc<Mutex<SignedDuration>>,
}

/// The Date of an answer has whole seconds and is as old as the answer; only more than that is a wrong clock.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

impl AwsClock {
    /// Takes note of the time in an answer.
    pub fn observe(&self, record: &CallRecord) {
        let Some(theirs) = record.server_time else { return };
        let duration = SignedDuration::from_millis(i64::try_from(record.duration_ms).unwrap_or_default());
        let ours = record.at.saturating_add(duration).unwrap_or(record.at);
        let ahead = theirs.duration_since(ours);
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) =
            if ahead.abs() > TOLERANCE { ahead } else { SignedDuration::ZERO };
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        Timestamp::now().saturating_add(ahead).unwrap_or_else(|_| Timestamp::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::call::Operation;

    fn answered(server_time: Timestamp) -> CallRecord {
        CallRecord {
            at: Timestamp::now(),
            operation: Operation::new("ecs", "ListServices"),
            duration_ms: 40,
            failure: None,
            request_id: None,
            server_time: Some(server_time),
            mutating: false,
        }
    }

    #[test]
    fn a_wrong_local_clock_is_put_right_by_the_first_answer() {
        let clock = AwsClock::default();
        let shared = clock.clone();
        let theirs = Timestamp::now() + SignedDuration::from_hours(3);
        clock.observe(&answered(theirs));
        let off = shared.now().duration_since(theirs).abs();
        assert!(off < SignedDuration::from_mins(1), "{off}");
    }

    #[test]
    fn seconds_are_no_difference() {
        let clock = AwsClock::default();
        clock.observe(&answered(Timestamp::now() - SignedDuration::from_secs(3)));
        assert_eq!(*clock.ahead.lock().unwrap(), SignedDuration::ZERO);
    }
}
