//! Counts calls: how many of each operation, and how many at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[derive(Debug, Default)]
struct Tally {
    made: usize,
    in_flight: usize,
    peak: usize,
}

impl Tally {
    fn begin(&mut self) {
        self.made += 1;
        self.in_flight += 1;
        self.peak = self.peak.max(self.in_flight);
    }

    fn reset(&mut self) {
        self.made = 0;
        self.peak = self.in_flight;
    }
}

#[derive(Debug, Default)]
struct Counts {
    overall: Tally,
    by_operation: BTreeMap<String, Tally>,
}

/// The counts, shared by all connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    counts: Arc<Mutex<Counts>>,
    /// Wakes whoever waits for a call.
    begun: Arc<Notify>,
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, which is in flight until the returned guard goes.
    pub(crate) fn begin(&self, operation: &str) -> InFlight {
        let mut counts = self.lock();
        counts.overall.begin();
        counts.by_operation.entry(operation.to_owned()).or_default().begin();
        drop(counts);
        self.begun.notify_waiters();
        InFlight { calls: self.clone(), operation: operation.to_owned() }
    }

    pub(crate) fn made(&self) -> BTreeMap<String, usize> {
        let counts = self.lock();
        let made = counts.by_operation.iter().filter(|(_, tally)| tally.made > 0);
        made.map(|(operation, tally)| (operation.clone(), tally.made)).collect()
    }

    /// Waits until an operation was called, if it was not yet.
    pub(crate) async fn called(&self, operation: &str) {
        loop {
            // Before it is looked, so that none is missed.
            let begun = self.begun.notified();
            if self.made().contains_key(operation) {
                return;
            }
            begun.await;
        }
    }

    pub(crate) fn reset(&self) {
        let mut counts = self.lock();
        counts.overall.reset();
        counts.by_operation.values_mut().for_each(Tally::reset);
    }

    /// The most calls at once; of one operation if it is named.
    pub(crate) fn peak(&self, operation: Option<&str>) -> usize {
        let counts = self.lock();
        match operation {
            None => counts.overall.peak,
            Some(operation) => counts.by_operation.get(operation).map_or(0, |tally| tally.peak),
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.lock().overall.in_flight
    }
}

/// A call that is being answered.
#[derive(Debug)]
pub(crate) struct InFlight {
    calls: Calls,
    operation: String,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut counts = self.calls.lock();
        counts.overall.in_flight -= 1;
        if let Some(tally) = counts.by_operation.get_mut(&self.operation) {
            tally.in_flight -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_and_counts() {
        let calls = Calls::default();
        let (one, two) = (calls.begin("A"), calls.begin("B"));
        drop((one, two));
        drop(calls.begin("A"));
        assert_eq!(calls.made(), BTreeMap::from([("A".to_owned(), 2), ("B".to_owned(), 1)]));
        assert_eq!((calls.peak(None), calls.peak(Some("A")), calls.peak(Some("C")), calls.in_flight()), (2, 1, 0, 0));
        calls.reset();
        assert_eq!((calls.made().len(), calls.peak(None)), (0, 0));
    }
}
