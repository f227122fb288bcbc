//! Alarms of the SDK in our words, metric and composite ones alike.

use aws_sdk_cloudwatch::types;
use aws_smithy_types::DateTime;

use crate::aws::scalars::{present, spelled, time};
use crate::model::observation::Alarm;

pub(super) fn of_metric(alarm: types::MetricAlarm) -> Alarm {
    let since = alarm.state_transitioned_timestamp.or(alarm.state_updated_timestamp);
    made_of(alarm.alarm_name, alarm.state_value.as_ref(), alarm.state_reason, since.as_ref())
}

pub(super) fn composite(alarm: types::CompositeAlarm) -> Alarm {
    let since = alarm.state_transitioned_timestamp.or(alarm.state_updated_timestamp);
    made_of(alarm.alarm_name, alarm.state_value.as_ref(), alarm.state_reason, since.as_ref())
}

fn made_of(
    name: Option<String>,
    state: Option<&types::StateValue>,
    reason: Option<String>,
    since: Option<&DateTime>,
) -> Alarm {
    Alarm {
        name: name.unwrap_or_default(),
        state: spelled(state).unwrap_or_default(),
        reason: present(reason),
        since: time(since),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn an_alarm_is_in_a_state_since_it_came_into_it() {
        let alarm = types::MetricAlarm::builder()
            .alarm_name("web-5xx")
            .state_value(types::StateValue::Alarm)
            .state_reason("Threshold Crossed")
            .state_updated_timestamp(DateTime::from_secs(90));
        let converted = of_metric(alarm.clone().build());
        assert_eq!((converted.name.as_str(), converted.state.as_str()), ("web-5xx", "ALARM"));
        assert_eq!(converted.since, Timestamp::from_second(90).ok());
        let converted = of_metric(alarm.state_transitioned_timestamp(DateTime::from_secs(30)).build());
        assert_eq!(converted.since, Timestamp::from_second(30).ok());
        let unknown = types::CompositeAlarm::builder().state_value(types::StateValue::InsufficientData).build();
        assert_eq!(composite(unknown).state, "INSUFFICIENT_DATA");
    }
}
