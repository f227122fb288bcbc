//! Faults that can be put into single operations, so that whoever talks to the simulator can be seen coping.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The answer is right but comes later.
    Latency(Duration),
    /// `ThrottlingException`, "Rate exceeded".
    Throttle,
    /// `AccessDeniedException`.
    Deny,
    /// An HTTP status of 500 or above, as from a service in trouble; 501 as from one that lacks the operation.
    Status(u16),
    /// The connection is reset (a real TCP RST) instead of an answer. The call itself has been performed, as happens.
    Reset,
    /// No answer until the fault is healed or the client leaves.
    Hang,
    /// `ExpiredTokenException`.
    ExpiredToken,
    /// Status 200 with a body that is no answer.
    Garbage,
}

/// A fault: what goes wrong, and for how many calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// For so many calls; absent means until it is healed.
    pub calls: Option<u32>,
}

impl Fault {
    /// For the next `calls` calls only.
    #[must_use]
    pub fn times(mut self, calls: u32) -> Self {
        self.calls = Some(calls);
        self
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self { kind, calls: None }
    }
}

/// Why a text is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultSyntaxError {
    /// There is no `=`.
    #[error("`{0}` is not of the form OPERATION=FAULT, as in DescribeServices=throttle")]
    NoOperation(String),
    /// No such fault.
    #[error(
        "`{0}` is no fault; there are throttle, deny, reset, hang, expired, garbage, latency:250ms and the statuses 500 to \
         599, each with an optional count as in throttle:3"
    )]
    UnknownFault(String),
    /// A count or duration that is none.
    #[error("`{0}` is neither a count of calls nor a duration such as 250ms or 2s")]
    NoNumber(String),
}

impl FromStr for Fault {
    type Err = FaultSyntaxError;

    /// `throttle`, `deny:1`, `latency:250ms`, `latency:2s:5`, `503:3` …
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let mut next_is_missing = || parts.next().ok_or_else(|| FaultSyntaxError::UnknownFault(text.to_owned()));
        let kind = match name {
            "throttle" => FaultKind::Throttle,
            "deny" => FaultKind::Deny,
            "reset" => FaultKind::Reset,
            "hang" => FaultKind::Hang,
            "expired" => FaultKind::ExpiredToken,
            "garbage" => FaultKind::Garbage,
            "latency" => FaultKind::Latency(duration(next_is_missing()?)?),
            status => match status.parse() {
                Ok(status @ 500..=599) => FaultKind::Status(status),
                _ => return Err(FaultSyntaxError::UnknownFault(text.to_owned())),
            },
        };
        let count = |count: &str| count.parse().map_err(|_| FaultSyntaxError::NoNumber(count.to_owned()));
        let calls = parts.next().map(count).transpose()?;
        match parts.next() {
            None => Ok(Self { kind, calls }),
            Some(_) => Err(FaultSyntaxError::UnknownFault(text.to_owned())),
        }
    }
}

fn duration(text: &str) -> Result<Duration, FaultSyntaxError> {
    let parsed = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => number.parse().map(Duration::from_millis),
        (None, Some(number)) => number.parse().map(Duration::from_secs),
        (None, None) => text.parse().map(Duration::from_millis),
    };
    parsed.map_err(|_| FaultSyntaxError::NoNumber(text.to_owned()))
}

/// A fault and the operation it goes into: `DescribeServices=throttle`, `*=latency:250ms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// Name of the operation, or `*` for all of them.
    pub operation: String,
    /// The fault.
    pub fault: Fault,
}

impl FromStr for Injection {
    type Err = FaultSyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (operation, fault) = text.split_once('=').ok_or_else(|| FaultSyntaxError::NoOperation(text.to_owned()))?;
        Ok(Self { operation: operation.to_owned(), fault: fault.parse()? })
    }
}

/// The faults in force, by operation.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    by_operation: BTreeMap<String, Vec<Fault>>,
}

impl Faults {
    /// Puts a fault in; one of the same kind for the same operation is replaced.
    pub(crate) fn inject(&mut self, operation: &str, fault: Fault) {
        let faults = self.by_operation.entry(operation.to_owned()).or_default();
        faults.retain(|known| std::mem::discriminant(&known.kind) != std::mem::discriminant(&fault.kind));
        faults.push(fault);
    }

    pub(crate) fn heal(&mut self, operation: &str) {
        self.by_operation.remove(operation);
    }

    pub(crate) fn heal_all(&mut self) {
        self.by_operation.clear();
    }

    /// What this call meets: all latency, and the first of the other faults. Uses up their counts.
    pub(crate) fn meet(&mut self, operation: &str) -> (Duration, Option<FaultKind>) {
        let mut latency = Duration::ZERO;
        let mut trouble = None;
        for key in [operation, "*"] {
            let Some(faults) = self.by_operation.get_mut(key) else { continue };
            for fault in faults.iter_mut() {
                match fault.kind {
                    FaultKind::Latency(more) => latency += more,
                    _ if trouble.is_some() => continue,
                    kind => trouble = Some(kind),
                }
                fault.calls = fault.calls.map(|calls| calls.saturating_sub(1));
            }
            faults.retain(|fault| fault.calls != Some(0));
        }
        (latency, trouble)
    }

    /// Whether calls of the operation hang.
    pub(crate) fn hangs(&self, operation: &str) -> bool {
        let faults = [operation, "*"].into_iter().filter_map(|key| self.by_operation.get(key)).flatten();
        faults.into_iter().any(|fault| fault.kind == FaultKind::Hang)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_can_be_written_down() {
        let fault = |kind: FaultKind, calls| Ok(Fault { kind, calls });
        for (text, expected) in [
            ("throttle", fault(FaultKind::Throttle, None)),
            ("deny:1", fault(FaultKind::Deny, Some(1))),
            ("500:3", fault(FaultKind::Status(500), Some(3))),
            ("latency:250ms", fault(FaultKind::Latency(Duration::from_millis(250)), None)),
            ("latency:2s:5", fault(FaultKind::Latency(Duration::from_secs(2)), Some(5))),
            ("hang", fault(FaultKind::Hang, None)),
            ("latency", Err(FaultSyntaxError::UnknownFault("latency".into()))),
            ("latency:soon", Err(FaultSyntaxError::NoNumber("soon".into()))),
            ("404", Err(FaultSyntaxError::UnknownFault("404".into()))),
            ("throttle:x", Err(FaultSyntaxError::NoNumber("x".into()))),
            ("throttle:1:1", Err(FaultSyntaxError::UnknownFault("throttle:1:1".into()))),
        ] {
            assert_eq!(text.parse::<Fault>(), expected, "{text}");
        }
    }

    #[test]
    fn injections_name_their_operation() {
        let injection: Injection = "*=latency:1s".parse().unwrap();
        assert_eq!((injection.operation.as_str(), injection.fault.calls), ("*", None));
        assert_eq!("throttle".parse::<Injection>(), Err(FaultSyntaxError::NoOperation("throttle".into())));
    }

    #[test]
    fn counted_faults_wear_off_and_latency_adds_up() {
        let mut faults = Faults::default();
        faults.inject("A", Fault::from(FaultKind::Throttle).times(2));
        faults.inject("A", FaultKind::Latency(Duration::from_millis(5)).into());
        faults.inject("*", FaultKind::Latency(Duration::from_millis(7)).into());
        let met: Vec<_> = (0..3).map(|_| faults.meet("A")).collect();
        let both = Duration::from_millis(12);
        assert_eq!(met, [(both, Some(FaultKind::Throttle)), (both, Some(FaultKind::Throttle)), (both, None)]);
        faults.heal("*");
        assert_eq!(faults.meet("B"), (Duration::ZERO, None));
    }
}
