//! Health of targets, read for many target groups at once. A read that fails is told once and makes counts unknown, nothing
//! more.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde::Serialize;

use super::console::Console;
use crate::aws::{Aws, Priority};
use crate::diagnose::target_health::{Standing, meaning};
use crate::model::arn::TargetGroupArn;
use crate::model::known::Known;
use crate::model::load_balancing::{Target, TargetState};
use crate::model::service::Service;
use crate::model::text::visible;

/// What was read, by target group.
pub(super) struct TargetHealth(BTreeMap<TargetGroupArn, Known<Vec<Target>>>);

/// Targets that count: all but those on their way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct TargetCount {
    pub(super) healthy: usize,
    pub(super) total: usize,
}

impl TargetHealth {
    /// Asks for the targets of all target groups of the services.
    pub(super) async fn read(aws: &Aws, services: &[Service], console: &mut Console<'_>) -> Self {
        let groups: BTreeSet<TargetGroupArn> = services.iter().flat_map(Service::target_groups).cloned().collect();
        // All at once: the budget of the AWS layer decides how many are really under way.
        let answers = join_all(groups.into_iter().map(|group| async move {
            let targets = aws.target_health(&group, Priority::Interactive).await;
            (group, Known::from(targets))
        }));
        let health = Self(answers.await.into_iter().collect());
        health.note_failures(console);
        health
    }

    /// The targets of a service's target groups, each with what is known of it.
    pub(super) fn of<'a>(&'a self, service: &'a Service) -> Vec<(&'a TargetGroupArn, Known<&'a [Target]>)> {
        let known = |group| self.0.get(group).map_or(Known::NotAsked, borrowed);
        service.target_groups().into_iter().map(|group| (group, known(group))).collect()
    }

    /// How many targets of a service are healthy; nothing when it has no target group or one could not be read.
    pub(super) fn count(&self, service: &Service) -> Option<TargetCount> {
        let groups = service.target_groups();
        if groups.is_empty() {
            return None;
        }
        let mut count = TargetCount { healthy: 0, total: 0 };
        for group in groups {
            let targets = self.0.get(group)?.known()?;
            count.healthy += targets.iter().filter(|target| target.state == TargetState::Healthy).count();
            count.total += targets.iter().filter(|target| meaning(target).standing != Standing::Leaving).count();
        }
        Some(count)
    }

    /// One line for each kind of failure, however many target groups met it.
    fn note_failures(&self, console: &mut Console<'_>) {
        let mut kinds = BTreeMap::new();
        for error in self.0.values().filter_map(Known::error) {
            kinds.entry(error.kind).or_insert((error, 0)).1 += 1;
        }
        for (error, times) in kinds.into_values() {
            let groups = if times == 1 { "1 target group".to_owned() } else { format!("{times} target groups") };
            let (text, advice) = (visible(&error.message), error.advice());
            console.note(&format!(
                "note: target health of {groups} is unknown: {} {}: {text}; {}",
                error.operation,
                error.kind.label(),
                visible(&advice)
            ));
        }
    }
}

fn borrowed(targets: &Known<Vec<Target>>) -> Known<&[Target]> {
    match targets {
        Known::Known(targets) => Known::Known(targets.as_slice()),
        Known::Denied(error) => Known::Denied(error.clone()),
        Known::Failed(error) => Known::Failed(error.clone()),
        Known::NotAsked => Known::NotAsked,
    }
}
