//! What we asked of AWS: every call, the rate, the errors. The user can always see what this program does in their name.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::model::call::{CallError, CallRecord, ErrorKind};

/// Calls kept for the activity screen.
const CALLS_KEPT: usize = 2_000;
/// Different errors kept for the errors screen.
const ERRORS_KEPT: usize = 50;
/// An error that was seen and did not happen for this long is news when it happens again. Longer than any operation waits
/// before it is tried again.
const COMES_BACK: SignedDuration = SignedDuration::from_mins(10);
/// The rate is counted over this long.
const RATE_WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// The calls made, newest last.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Activity {
    calls: VecDeque<CallRecord>,
    clock_offset_seconds: i64,
}

impl Activity {
    /// Adds calls that went over the wire.
    pub fn record(&mut self, calls: Vec<CallRecord>) {
        for call in calls {
            if let Some(server_time) = call.server_time {
                let answered =
                    call.at + SignedDuration::from_millis(i64::try_from(call.duration_ms).unwrap_or(i64::MAX / 2));
                let offset = server_time.duration_since(answered).as_secs();
                // The Date of an answer has whole seconds, so a difference of one or two means nothing.
                if (offset - self.clock_offset_seconds).abs() > 2 {
                    self.clock_offset_seconds = offset;
                }
            }
            if self.calls.len() == CALLS_KEPT {
                self.calls.pop_front();
            }
            self.calls.push_back(call);
        }
    }

    /// The calls, newest first.
    pub fn newest_first(&self) -> impl ExactSizeIterator<Item = &CallRecord> + Clone {
        self.calls.iter().rev()
    }

    /// Calls of one service (its IAM prefix) in the last minute.
    pub fn per_minute(&self, service: &str, now: Timestamp) -> usize {
        self.recent(now).filter(|call| call.operation.service == service).count()
    }

    /// Calls AWS throttled in the last minute.
    pub fn throttled(&self, now: Timestamp) -> usize {
        let throttled = |call: &&CallRecord| matches!(call.failure, Some((ErrorKind::Throttled, _)));
        self.recent(now).filter(throttled).count()
    }

    /// How far AWS's clock is ahead of ours.
    pub const fn clock_offset(&self) -> SignedDuration {
        SignedDuration::from_secs(self.clock_offset_seconds)
    }

    fn recent(&self, now: Timestamp) -> impl Iterator<Item = &CallRecord> {
        self.newest_first().take_while(move |call| now.duration_since(call.at) <= RATE_WINDOW)
    }
}

/// An error that the user should get to see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErrorNote {
    /// The latest of its kind.
    pub error: CallError,
    /// When it last happened.
    pub at: Timestamp,
    /// How often it happened.
    pub count: u32,
    /// Whether the user has looked at it, or need not.
    pub seen: bool,
    /// Whether it counts as seen only because it is told where it matters.
    pub told_elsewhere: bool,
}

/// Errors of calls, newest first, those of the same operation and kind as one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Errors {
    notes: Vec<ErrorNote>,
}

impl Errors {
    /// Adds an error. One that was seen and goes on happening is not pinned again; one that comes back is.
    pub fn add(&mut self, at: Timestamp, error: CallError) {
        let known = self.take(&error).filter(|note| !note.seen || at.duration_since(note.at) < COMES_BACK);
        let (count, seen) =
            known.map_or((1, false), |note| (note.count.saturating_add(1), note.seen && !note.told_elsewhere));
        self.put(ErrorNote { error, at, count, seen, told_elsewhere: false });
    }

    /// Adds an error that is told where it matters, so that nobody has to be pointed to it.
    pub fn add_told(&mut self, at: Timestamp, error: CallError) {
        let (count, seen, told_elsewhere) =
            self.take(&error).map_or((0, true, true), |note| (note.count, note.seen, note.told_elsewhere));
        self.put(ErrorNote { error, at, count: count.saturating_add(1), seen, told_elsewhere });
    }

    fn take(&mut self, error: &CallError) -> Option<ErrorNote> {
        let same = |note: &ErrorNote| note.error.kind == error.kind && note.error.operation == error.operation;
        self.notes.iter().position(same).map(|index| self.notes.remove(index))
    }

    fn put(&mut self, note: ErrorNote) {
        self.notes.insert(0, note);
        self.notes.truncate(ERRORS_KEPT);
    }

    /// All of them, newest first.
    pub fn notes(&self) -> &[ErrorNote] {
        &self.notes
    }

    /// Whether there has been none.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// The newest one nobody has looked at.
    pub fn pinned(&self) -> Option<&ErrorNote> {
        self.notes.iter().find(|note| !note.seen)
    }

    /// The user has looked at all of them.
    pub fn mark_seen(&mut self) {
        for note in &mut self.notes {
            note.seen = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::call::Operation;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn call(at: i64, service: &str, failure: Option<ErrorKind>, server_time: Option<i64>) -> CallRecord {
        CallRecord {
            at: second(at),
            operation: Operation::new(service, "DescribeServices"),
            duration_ms: 0,
            failure: failure.map(|kind| (kind, String::new())),
            request_id: None,
            server_time: server_time.map(second),
            mutating: false,
        }
    }

    #[test]
    fn the_rate_counts_the_last_minute_of_one_service() {
        let mut activity = Activity::default();
        activity.record(vec![
            call(0, "ecs", None, None),
            call(50, "ecs", None, None),
            call(55, "elasticloadbalancing", None, None),
            call(60, "ecs", Some(ErrorKind::Throttled), None),
        ]);
        assert_eq!(activity.per_minute("ecs", second(100)), 2);
        assert_eq!(activity.throttled(second(100)), 1);
        assert_eq!(activity.throttled(second(121)), 0);
    }

    #[test]
    fn a_wrong_local_clock_is_noticed_and_rounding_is_not() {
        let mut activity = Activity::default();
        activity.record(vec![call(100, "ecs", None, Some(101))]);
        assert_eq!(activity.clock_offset().as_secs(), 0);
        activity.record(vec![call(100, "ecs", None, Some(4_000))]);
        assert_eq!(activity.clock_offset().as_secs(), 3_900);
    }

    #[test]
    fn repeated_errors_are_one_note_and_stay_seen() {
        let error = |name: &str| CallError {
            kind: ErrorKind::Denied,
            operation: Operation::new("ecs", name),
            message: String::new(),
            request_id: None,
            hint: None,
        };
        let mut errors = Errors::default();
        errors.add(second(1), error("ListTasks"));
        errors.add(second(2), error("ListTasks"));
        assert_eq!(errors.pinned().map(|note| note.count), Some(2));
        errors.mark_seen();
        errors.add(second(3), error("ListTasks"));
        assert_eq!(errors.pinned(), None);
        errors.add(second(610), error("ListTasks"));
        assert_eq!(errors.pinned().map(|note| note.count), Some(1), "it was over and came back");
        errors.add_told(second(611), error("DescribeVpcs"));
        errors.add_told(second(612), error("DescribeVpcs"));
        errors.add_told(second(612), error("ListTasks"));
        let notes: Vec<(&str, bool)> =
            errors.notes().iter().map(|note| (note.error.operation.name.as_str(), note.seen)).collect();
        assert_eq!(notes, [("ListTasks", false), ("DescribeVpcs", true)], "what is pinned stays so");
        errors.add(second(613), error("DescribeVpcs"));
        assert_eq!(errors.pinned().map(|note| note.count), Some(3), "now it matters elsewhere too");
        errors.add(second(613), error("DescribeTasks"));
        assert_eq!(errors.pinned().map(|note| note.error.operation.name.as_str()), Some("DescribeTasks"));
    }
}
