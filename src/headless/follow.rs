//! `--wait`: reads the service again and again until the rollout is steady, has plainly failed, or time is up.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::clock::AwsClock;
use super::console::Console;
use super::failure::Failure;
use crate::actions::rollout::{Progress, Verdict, Watch};
use crate::aws::{Aws, Priority};
use crate::diagnose::stopped::spell;
use crate::model::call::{CallError, ErrorKind, Operation};
use crate::model::load_balancing::Target;
use crate::model::query::Mutation;
use crate::model::service::Service;
use crate::model::text::visible;

/// How long to wait, and how often to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// At most this long.
    pub timeout: Duration,
    /// Between two looks.
    pub period: Duration,
}

/// Readings that may fail in a row, each for a reason that can pass, before the wait is given up.
const FAILURES_IN_A_ROW: u32 = 5;

/// Follows what came of a change.
pub(super) async fn follow(
    aws: &Aws,
    mutation: Mutation,
    accepted: &Service,
    patience: Patience,
    clock: &AwsClock,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let watch = Watch::new(mutation, accepted, clock.now());
    let deadline = Instant::now() + patience.timeout;
    match timeout_at(deadline, until_plain(aws, &watch, patience.period, clock, console)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::RolloutTimeout(patience.timeout)),
    }
}

async fn until_plain(
    aws: &Aws,
    watch: &Watch,
    period: Duration,
    clock: &AwsClock,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let mut looks = interval(period);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shown = String::new();
    let mut failures = 0;
    loop {
        looks.tick().await;
        let progress = match look(aws, watch, clock.now()).await {
            Ok(progress) => progress,
            Err(error) => {
                failures += 1;
                if !error.kind.may_pass() || failures == FAILURES_IN_A_ROW {
                    return Err(error.into());
                }
                console.note(&format!("note: {}; looking again", visible(&error.to_string())));
                continue;
            }
        };
        failures = 0;
        let line = describe(&progress);
        if line != shown {
            console.note(&format!("{:>7}  {line}", spell(progress.elapsed)));
            shown = line;
        }
        match progress.verdict {
            Verdict::Rolling => {}
            Verdict::Steady => return Ok(()),
            Verdict::Failing { why } => return Err(Failure::RolloutFailing(why)),
        }
    }
}

/// Reads the service and the targets of its target groups once.
async fn look(aws: &Aws, watch: &Watch, now: Timestamp) -> Result<Progress, CallError> {
    let wanted = [watch.mutation.service().clone()];
    let services = aws.services(watch.mutation.cluster(), &wanted, Priority::Interactive).await?;
    let Some(service) = services.first() else {
        return Err(CallError {
            kind: ErrorKind::NotFound,
            operation: Operation::new("ecs", "DescribeServices"),
            message: "the service does not exist any more".to_owned(),
            request_id: None,
            hint: None,
        });
    };
    let groups = service.target_groups();
    let reads = join_all(groups.iter().map(|group| aws.target_health(group, Priority::Interactive))).await;
    let mut targets = Vec::new();
    for read in reads {
        match read {
            Ok(known) => targets.push(known),
            Err(error) if error.kind.may_pass() => return Err(error),
            // Without the permission to look at targets the tasks alone must do.
            Err(_) => {}
        }
    }
    let targets: Vec<&[Target]> = targets.iter().map(Vec::as_slice).collect();
    Ok(watch.progress(service, &targets, now))
}

/// How far it got, in one line.
fn describe(progress: &Progress) -> String {
    let Progress { new, old, targets, failed_tasks, .. } = progress;
    let mut line = format!("{}/{} tasks running", new.running, new.desired);
    let mut add = |text: String| line.push_str(&text);
    if new.pending > 0 {
        add(format!(", {} starting", new.pending));
    }
    if old.running + old.pending > 0 {
        add(format!(", {} of the old ones left", old.running + old.pending));
    }
    if let Some(targets) = targets {
        add(format!(", {}/{} targets healthy", targets.healthy, targets.total));
    }
    if *failed_tasks > 0 {
        add(format!(", {failed_tasks} failed"));
    }
    line
}
