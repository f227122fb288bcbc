//! A piece of AWS's state as this program holds it: the last answer with its time, the request under way, and the failure
//! since that answer. All three are independent on purpose: a failed refresh keeps the old value, and asking again does
//! not hide why the last attempt failed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::call::{CallError, ErrorKind};

/// Names a request, so that its answer finds its question, or nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// A value and when it was fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fetched<T> {
    /// What AWS answered.
    pub value: T,
    /// When.
    pub at: Timestamp,
    /// Since when it has answered the same.
    pub since: Timestamp,
}

/// What went wrong since the value was fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The error of the last attempt.
    pub error: CallError,
    /// When that was.
    pub at: Timestamp,
    /// Failures in a row.
    pub attempts: u32,
}

/// Something that AWS knows and we ask for again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remote<T> {
    fetched: Option<Fetched<T>>,
    failure: Option<Failure>,
    request: Option<RequestId>,
    outdated: bool,
}

impl<T> Default for Remote<T> {
    fn default() -> Self {
        Self { fetched: None, failure: None, request: None, outdated: false }
    }
}

impl<T> Remote<T> {
    /// The last value, however old.
    pub fn value(&self) -> Option<&T> {
        self.fetched.as_ref().map(|fetched| &fetched.value)
    }

    /// The last value with its time.
    pub const fn fetched(&self) -> Option<&Fetched<T>> {
        self.fetched.as_ref()
    }

    /// The failure since then.
    pub const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Whether a request is under way.
    pub const fn is_under_way(&self) -> bool {
        self.request.is_some()
    }

    /// When something last came of asking, a value or a failure.
    pub fn touched(&self) -> Option<Timestamp> {
        let answered = self.fetched.as_ref().map(|fetched| fetched.at);
        answered.max(self.failure.as_ref().map(|failure| failure.at))
    }
}

impl<T: PartialEq> Remote<T> {
    /// Takes an answer.
    pub fn settle(&mut self, at: Timestamp, value: T) {
        let since = self.fetched.take().filter(|fetched| fetched.value == value).map_or(at, |fetched| fetched.since);
        *self = Self { fetched: Some(Fetched { value, at, since }), ..Self::default() };
    }
}

/// What can be done with a [`Remote`] without knowing what it holds.
pub trait Slot {
    /// Notes that a request was sent.
    fn asked(&mut self, request: RequestId);

    /// Notes that nobody waits for the request any more.
    fn forget_request(&mut self);

    /// Takes a failure; the old value stays.
    fn fail(&mut self, at: Timestamp, error: CallError);

    /// Says that something changed and the value should be fetched again as soon as possible; one attempt, after which a
    /// failure waits its turn as usual.
    fn outdate(&mut self);

    /// When this should be asked for again, if answers are to be no older than `every` (`None`: once is enough). `None`
    /// while a request is under way or when nothing is to be asked any more.
    fn due(&self, every: Option<SignedDuration>) -> Option<Due>;
}

impl<T> Slot for Remote<T> {
    fn asked(&mut self, request: RequestId) {
        self.request = Some(request);
    }

    fn forget_request(&mut self) {
        self.request = None;
    }

    fn fail(&mut self, at: Timestamp, error: CallError) {
        self.request = None;
        let attempts = self.failure.as_ref().map_or(0, |failure| failure.attempts).saturating_add(1);
        self.failure = Some(Failure { error, at, attempts });
        self.outdated = false;
    }

    fn outdate(&mut self) {
        self.outdated = true;
    }

    fn due(&self, every: Option<SignedDuration>) -> Option<Due> {
        if self.request.is_some() {
            return None;
        }
        if self.outdated {
            return Some(Due::Now);
        }
        if let Some(failure) = &self.failure {
            return Some(Due::At(failure.at + retry_after(failure)));
        }
        match (&self.fetched, every) {
            (None, _) => Some(Due::Now),
            (Some(fetched), Some(every)) => Some(Due::At(fetched.at + every)),
            (Some(_), None) => None,
        }
    }
}

/// When to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// At once.
    Now,
    /// Not before this time.
    At(Timestamp),
}

impl Due {
    /// Whether the time has come.
    pub fn is_due(self, now: Timestamp) -> bool {
        match self {
            Self::Now => true,
            Self::At(at) => at <= now,
        }
    }
}

/// Waiting before the next attempt: doubling from two seconds to one minute where asking again can help, a minute where
/// somebody has to do something first (a permission may be granted, a login renewed), five where the endpoint lacks the
/// operation.
fn retry_after(failure: &Failure) -> SignedDuration {
    if failure.error.kind == ErrorKind::Unavailable {
        return SignedDuration::from_mins(5);
    }
    if !failure.error.kind.may_pass() {
        return SignedDuration::from_mins(1);
    }
    let doublings = failure.attempts.saturating_sub(1).min(5);
    SignedDuration::from_secs((2_i64 << doublings).min(60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::call::Operation;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn error(kind: ErrorKind) -> CallError {
        let operation = Operation::new("ecs", "ListClusters");
        CallError { kind, operation, message: String::new(), request_id: None, hint: None }
    }

    #[test]
    fn a_failed_refresh_keeps_the_old_value_and_its_time() {
        let mut remote = Remote::default();
        remote.asked(RequestId(1));
        remote.settle(second(10), 7);
        remote.asked(RequestId(2));
        remote.fail(second(20), error(ErrorKind::Throttled));
        assert_eq!(remote.value(), Some(&7));
        assert_eq!(remote.fetched().map(|fetched| fetched.at), Some(second(10)));
        assert_eq!(remote.failure().map(|failure| failure.attempts), Some(1));
        remote.asked(RequestId(3));
        assert!(remote.failure().is_some(), "asking again does not hide the failure");
        remote.settle(second(30), 8);
        assert_eq!((remote.value(), remote.failure()), (Some(&8), None));
    }

    #[test]
    fn attempts_back_off_up_to_a_minute() {
        let mut remote: Remote<u8> = Remote::default();
        let mut waits = Vec::new();
        for _ in 0..7 {
            remote.fail(second(0), error(ErrorKind::Server));
            waits.push(remote.due(None));
        }
        let expected = [2, 4, 8, 16, 32, 60, 60].map(|seconds| Some(Due::At(second(seconds))));
        assert_eq!(waits, expected);
    }

    #[test]
    fn what_somebody_must_fix_first_is_asked_rarely_but_is_asked() {
        for (kind, seconds) in
            [(ErrorKind::Denied, 60), (ErrorKind::ExpiredCredentials, 60), (ErrorKind::Unavailable, 300)]
        {
            let mut remote: Remote<u8> = Remote::default();
            remote.fail(second(0), error(kind));
            assert_eq!(remote.due(Some(SignedDuration::from_secs(5))), Some(Due::At(second(seconds))), "{kind:?}");
        }
    }

    #[test]
    fn due_follows_age_requests_and_outdating() {
        let every = Some(SignedDuration::from_secs(5));
        let mut remote = Remote::default();
        assert_eq!(remote.due(every), Some(Due::Now));
        remote.asked(RequestId(1));
        assert_eq!(remote.due(every), None);
        remote.settle(second(100), ());
        assert_eq!(remote.due(every), Some(Due::At(second(105))));
        assert_eq!(remote.due(None), None, "what never changes is asked once");
        remote.outdate();
        assert_eq!(remote.due(None), Some(Due::Now));
    }
}
