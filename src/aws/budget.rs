//! How often we may ask. AWS gives an account and region a bucket of tokens a family of operations, shared with everything
//! else that runs there; we keep to half of it (catalogue section 8).
//!
//! ```text
//!  background ──(one at a time, in order)──▶ take while tokens ≥ 1 ─┐
//!                                                                   ├─▶ bucket: burst, refill, slower after a throttle
//!  interactive ─────────────────────────────▶ may go into debt ─────┘
//! ```
//!
//! [`Bucket`] is pure: time comes in. [`Budget`] is the waiting around it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::operations::Family;

/// Who waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// A person: goes before everything else and may overdraw the budget.
    Interactive,
    /// A poller.
    Background,
}

/// How long after a throttled answer the bucket fills slowly.
const SLOW: Duration = Duration::from_secs(10);
/// Share of the refill that is left in that time.
const SLOW_SHARE: f64 = 0.25;
/// Nobody sleeps longer than this before looking at the bucket again.
const LONGEST_NAP: Duration = Duration::from_secs(1);

/// A token bucket. `now` is the time since it was made.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    burst: f64,
    refill_per_second: f64,
    tokens: f64,
    filled_at: Duration,
    slow_until: Duration,
}

impl Bucket {
    pub(super) fn new(burst: u32, refill_per_second: u32) -> Self {
        Self {
            burst: f64::from(burst),
            refill_per_second: f64::from(refill_per_second),
            tokens: f64::from(burst),
            filled_at: Duration::ZERO,
            slow_until: Duration::ZERO,
        }
    }

    /// Takes a token, or says when to ask again. A person may overdraw by a whole burst: that is the half of AWS's bucket
    /// which the pollers leave alone.
    pub(super) fn take(&mut self, now: Duration, priority: Priority) -> Result<(), Duration> {
        self.fill(now);
        let floor = match priority {
            Priority::Background => 0.0,
            Priority::Interactive => -self.burst,
        };
        let missing = floor + 1.0 - self.tokens;
        // The tolerance keeps rounding from asking for naps of no length.
        if missing <= 1e-9 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let rate = if now < self.slow_until { SLOW_SHARE * self.refill_per_second } else { self.refill_per_second };
        Err(Duration::from_secs_f64(missing / rate).clamp(Duration::from_millis(1), LONGEST_NAP))
    }

    /// Accounts for a request that was sent without asking: a retry of the SDK.
    pub(super) fn spend(&mut self, now: Duration) {
        self.fill(now);
        self.tokens = (self.tokens - 1.0).max(-self.burst);
    }

    /// AWS said we are too fast: whatever we thought was left is not, and for a while we are slower than allowed.
    pub(super) fn throttled(&mut self, now: Duration) {
        self.fill(now);
        self.tokens = self.tokens.min(0.0);
        self.slow_until = now + SLOW;
    }

    fn fill(&mut self, now: Duration) {
        let slow = now.min(self.slow_until).saturating_sub(self.filled_at);
        let whole = now.saturating_sub(self.filled_at.max(self.slow_until));
        let seconds = SLOW_SHARE * slow.as_secs_f64() + whole.as_secs_f64();
        self.tokens = (self.tokens + seconds * self.refill_per_second).min(self.burst);
        self.filled_at = self.filled_at.max(now);
    }
}

/// The bucket of a family with the waiting around it, and how many of its requests may be under way at once.
#[derive(Debug)]
pub(super) struct Budget {
    bucket: Arc<Mutex<Bucket>>,
    made_at: Instant,
    /// Fair, and left behind when a waiting call is dropped: pollers get their tokens in the order they came.
    turn: tokio::sync::Mutex<()>,
    background: Semaphore,
    interactive: Semaphore,
}

impl Budget {
    fn new(burst: u32, refill_per_second: u32, at_once: usize) -> Self {
        Self {
            bucket: Arc::new(Mutex::new(Bucket::new(burst, refill_per_second))),
            made_at: Instant::now(),
            turn: tokio::sync::Mutex::new(()),
            background: Semaphore::new(at_once),
            interactive: Semaphore::new(at_once),
        }
    }

    /// Another queue with places of its own before the same bucket.
    fn beside(&self, at_once: usize) -> Self {
        Self {
            bucket: Arc::clone(&self.bucket),
            made_at: self.made_at,
            turn: tokio::sync::Mutex::new(()),
            background: Semaphore::new(at_once),
            interactive: Semaphore::new(at_once),
        }
    }

    /// Waits for a token and a free place. The place is free again when what is returned is dropped.
    pub(super) async fn enter(&self, priority: Priority) -> Option<tokio::sync::SemaphorePermit<'_>> {
        let places = match priority {
            Priority::Interactive => {
                self.token(priority).await;
                &self.interactive
            }
            Priority::Background => {
                let _turn = self.turn.lock().await;
                self.token(priority).await;
                &self.background
            }
        };
        // Fails only when the semaphore is closed, which nobody does.
        places.acquire().await.ok()
    }

    /// See [`Bucket::spend`].
    pub(super) fn spend(&self) {
        self.bucket().spend(self.made_at.elapsed());
    }

    /// See [`Bucket::throttled`].
    pub(super) fn throttled(&self) {
        self.bucket().throttled(self.made_at.elapsed());
    }

    async fn token(&self, priority: Priority) {
        loop {
            let taken = self.bucket().take(self.made_at.elapsed(), priority);
            match taken {
                Ok(()) => return,
                Err(nap) => tokio::time::sleep(nap).await,
            }
        }
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The budgets of all families.
#[derive(Debug)]
pub(super) struct Budgets {
    service_read: Budget,
    cluster_resource_read: Budget,
    cluster_read: Budget,
    task_definition_read: Budget,
    service_deployment_read: Budget,
    service_revision_read: Budget,
    capacity_provider_read: Budget,
    task_protection_read: Budget,
    service_modify: Budget,
    target_health_read: Budget,
    load_balancer_read: Budget,
    network_read: Budget,
    scaling_read: Budget,
    alarm_read: Budget,
    metric_read: Budget,
    log_search: Budget,
    log_read: Budget,
    log_group_read: Budget,
    live_tail: Budget,
    log_insights: Budget,
    identity: Budget,
}

impl Budgets {
    /// Half of AWS's figures. ELBv2 has one bucket for all its reads; the health of targets, which is polled, and the
    /// rest, which is read now and then, queue for it apart so that neither holds up the other.
    pub(super) fn new() -> Self {
        let load_balancer_read = Budget::new(20, 5, 4);
        Self {
            // Ten at once: the hundred services of a usual cluster are one wave.
            service_read: Budget::new(50, 10, 10),
            cluster_resource_read: Budget::new(50, 10, 8),
            cluster_read: Budget::new(25, 10, 4),
            task_definition_read: Budget::new(25, 10, 4),
            service_deployment_read: Budget::new(25, 10, 4),
            service_revision_read: Budget::new(25, 10, 2),
            capacity_provider_read: Budget::new(25, 10, 2),
            task_protection_read: Budget::new(100, 40, 4),
            service_modify: Budget::new(25, 2, 1),
            target_health_read: load_balancer_read.beside(4),
            load_balancer_read,
            // Eight at once: a VPC is one wave.
            network_read: Budget::new(50, 10, 8),
            // AWS does not say how much Application Auto Scaling takes.
            scaling_read: Budget::new(20, 5, 2),
            alarm_read: Budget::new(5, 4, 2),
            metric_read: Budget::new(25, 25, 4),
            // The scarcest regions allow five a second.
            log_search: Budget::new(5, 2, 3),
            log_read: Budget::new(5, 5, 2),
            log_group_read: Budget::new(5, 5, 2),
            // Sessions are few and long.
            live_tail: Budget::new(3, 1, 3),
            // Each of the three is allowed five a second.
            log_insights: Budget::new(5, 2, 3),
            identity: Budget::new(10, 2, 1),
        }
    }

    pub(super) const fn of(&self, family: Family) -> &Budget {
        match family {
            Family::ServiceRead => &self.service_read,
            Family::ClusterResourceRead => &self.cluster_resource_read,
            Family::ClusterRead => &self.cluster_read,
            Family::TaskDefinitionRead => &self.task_definition_read,
            Family::ServiceDeploymentRead => &self.service_deployment_read,
            Family::ServiceRevisionRead => &self.service_revision_read,
            Family::CapacityProviderRead => &self.capacity_provider_read,
            Family::TaskProtectionRead => &self.task_protection_read,
            Family::ServiceModify => &self.service_modify,
            Family::TargetHealthRead => &self.target_health_read,
            Family::LoadBalancerRead => &self.load_balancer_read,
            Family::NetworkRead => &self.network_read,
            Family::ScalingRead => &self.scaling_read,
            Family::AlarmRead => &self.alarm_read,
            Family::MetricRead => &self.metric_read,
            Family::LogSearch => &self.log_search,
            Family::LogRead => &self.log_read,
            Family::LogGroupRead => &self.log_group_read,
            Family::LiveTail => &self.live_tail,
            Family::LogInsights => &self.log_insights,
            Family::Identity => &self.identity,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const BACKGROUND: Priority = Priority::Background;
    const INTERACTIVE: Priority = Priority::Interactive;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn taken(bucket: &mut Bucket, now: Duration, priority: Priority) -> usize {
        (0..1000).take_while(|_| bucket.take(now, priority).is_ok()).count()
    }

    #[test]
    fn a_burst_is_free_and_then_the_refill_decides() {
        let mut bucket = Bucket::new(50, 10);
        assert_eq!(taken(&mut bucket, seconds(0.0), BACKGROUND), 50);
        assert_eq!(bucket.take(seconds(0.0), BACKGROUND), Err(seconds(0.1)));
        assert_eq!(taken(&mut bucket, seconds(0.5), BACKGROUND), 5);
        assert_eq!(taken(&mut bucket, seconds(3600.0), BACKGROUND), 50, "never more than the burst");
    }

    #[test]
    fn a_person_does_not_wait_for_what_pollers_used_up() {
        let mut bucket = Bucket::new(20, 5);
        assert_eq!(taken(&mut bucket, seconds(0.0), BACKGROUND), 20);
        assert_eq!(taken(&mut bucket, seconds(0.0), INTERACTIVE), 20, "the half AWS has and we do not poll with");
        assert!(bucket.take(seconds(3.0), BACKGROUND).is_err(), "the debt is paid back first");
        assert_eq!(taken(&mut bucket, seconds(4.2), BACKGROUND), 1);
    }

    #[test]
    fn a_throttled_answer_empties_and_slows_it_for_a_while() {
        let mut bucket = Bucket::new(50, 10);
        bucket.throttled(seconds(1.0));
        assert_eq!(bucket.take(seconds(1.0), BACKGROUND), Err(seconds(0.4)));
        assert_eq!(taken(&mut bucket, seconds(5.0), BACKGROUND), 10, "a quarter of the refill");
        assert_eq!(taken(&mut bucket, seconds(12.0), BACKGROUND), 25, "six slow seconds and one whole");
        assert_eq!(taken(&mut bucket, seconds(13.0), BACKGROUND), 10);
    }

    #[test]
    fn retries_are_paid_afterwards() {
        let mut bucket = Bucket::new(2, 1);
        for _ in 0..10 {
            bucket.spend(seconds(0.0));
        }
        assert!(bucket.take(seconds(2.9), BACKGROUND).is_err());
        assert!(bucket.take(seconds(3.0), BACKGROUND).is_ok(), "the debt is bounded by the burst");
    }

    #[test]
    fn a_clock_that_jumps_back_takes_nothing_away() {
        let mut bucket = Bucket::new(2, 1);
        assert_eq!(taken(&mut bucket, seconds(10.0), BACKGROUND), 2);
        assert!(bucket.take(seconds(5.0), BACKGROUND).is_err());
        assert_eq!(taken(&mut bucket, seconds(11.0), BACKGROUND), 1);
    }

    #[test]
    fn a_thousand_services_cost_six_seconds_of_waiting() {
        let mut bucket = Bucket::new(50, 10);
        let mut now = Duration::ZERO;
        for _ in 0..110 {
            while let Err(nap) = bucket.take(now, BACKGROUND) {
                now += nap;
            }
        }
        assert!((seconds(5.9)..seconds(6.2)).contains(&now), "{now:?}");
    }

    #[test]
    fn people_pass_waiting_pollers() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _runtime = runtime.enter();
        let budget = Budget::new(1, 1, 10);
        assert!(budget.enter(BACKGROUND).now_or_never().is_some());
        let mut poller = std::pin::pin!(budget.enter(BACKGROUND));
        assert!(poller.as_mut().now_or_never().is_none(), "no token left");
        assert!(budget.enter(INTERACTIVE).now_or_never().is_some());
        assert!(poller.now_or_never().is_none(), "and the poller still waits");
    }

    #[test]
    fn queues_for_one_bucket_share_tokens_and_not_places() {
        let one = Budget::new(2, 1, 1);
        let other = one.beside(1);
        let held = one.enter(BACKGROUND).now_or_never();
        assert!(held.is_some());
        assert!(other.enter(BACKGROUND).now_or_never().is_some(), "a place of its own");
        drop(held);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _runtime = runtime.enter();
        assert!(one.enter(BACKGROUND).now_or_never().is_none(), "the two tokens are gone");
    }

    #[test]
    fn a_place_is_free_again_when_the_call_ends() {
        let budget = Budget::new(50, 10, 1);
        let held = budget.enter(BACKGROUND).now_or_never();
        assert!(held.is_some());
        assert!(budget.enter(BACKGROUND).now_or_never().is_none(), "one at once");
        assert!(budget.enter(INTERACTIVE).now_or_never().is_some(), "people have places of their own");
        drop(held);
        assert!(budget.enter(BACKGROUND).now_or_never().is_some());
    }
}
