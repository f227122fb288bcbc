//! CPU and memory near their limits.

use jiff::SignedDuration;

use super::entries::NEAR_LIMIT;
use crate::diagnose::finding::{Confidence, Finding, Fix};
use crate::diagnose::scene::Scene;
use crate::model::observation::Sample;

/// From this percentage on it is near.
const NEAR: f64 = 90.0;
/// Fewer figures than this are a peak, not a state, unless they are spread over time.
const FEWEST: usize = 10;
/// Three figures over this time are a state.
const SPREAD: SignedDuration = SignedDuration::from_mins(9);

pub(super) fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let utilization = scene.facts.utilization();
    let Some(utilization) = utilization.known() else { return };
    let near = [("CPU", "CPUUtilization", &utilization.cpu), ("memory", "MemoryUtilization", &utilization.memory)];
    let near: Vec<(&str, &str, f64)> = near
        .into_iter()
        .filter_map(|(what, metric, samples)| Some((what, metric, percentile_95(samples)?)))
        .filter(|(_, _, percent)| *percent >= NEAR)
        .collect();
    if near.is_empty() {
        return;
    }
    let listed = near.iter().map(|(what, _, percent)| format!("{what} {percent:.0} %")).collect::<Vec<_>>().join(", ");
    let (cluster, desired) = (scene.facts.cluster(), scene.service.desired);
    let more = desired.saturating_add(desired.div_ceil(2)).max(1).to_string();
    let words = [
        "ecs",
        "update-service",
        "--cluster",
        cluster.as_str(),
        "--service",
        &scene.service.name,
        "--desired-count",
        &more,
    ];
    let mut finding = Finding::new(&NEAR_LIMIT, Confidence::High, format!("Near the limit: {listed}"))
        .short(format!("near the limit: {listed}"))
        .explain("Tasks use almost all they reserve. Without memory they are killed, without CPU they answer late, health checks included.")
        .fix(Fix::new("Run more tasks, or give each more in a new revision").aws(words));
    for (_, metric, percent) in near {
        let field = format!("derived: {metric}, 95th percentile of the last 15 minutes");
        finding = finding.evidence("cloudwatch:GetMetricData", &scene.service.name, field, format!("{percent:.1} %"));
    }
    findings.push(finding);
}

fn percentile_95(samples: &[Sample]) -> Option<f64> {
    let times = || samples.iter().map(|sample| sample.at);
    let spread = times().min().zip(times().max()).map(|(first, last)| last.duration_since(first));
    if samples.len() < FEWEST && (samples.len() < 3 || spread < Some(SPREAD)) {
        return None;
    }
    let mut values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
    values.sort_by(f64::total_cmp);
    values.get((values.len() * 95).div_ceil(100).saturating_sub(1)).copied()
}
