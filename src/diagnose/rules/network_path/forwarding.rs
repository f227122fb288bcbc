//! Listeners that lead nowhere, and answers clients should not get (68, 69, 71).

use jiff::SignedDuration;

use super::front_entries as entries;
use crate::diagnose::deployment::{in_progress, is_rolling};
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope};
use crate::diagnose::network::clients::{actions, weight};
use crate::diagnose::scene::{Group, Scene};
use crate::diagnose::target_health::{Standing, meaning};
use crate::model::arn::TargetGroupArn;
use crate::model::known::Known;
use crate::model::load_balancing::{Listener, LoadBalancerRouting, RuleAction};

/// Registration takes about a minute.
const STARTING: SignedDuration = SignedDuration::from_mins(2);

/// Deaths this young explain answers 502 by themselves.
const RECENT: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    for group in &scene.groups {
        for (_, routing) in &group.routing {
            let Known::Known(routing) = routing else { continue };
            weight_zero(scene, group, routing, findings);
            nobody_registered(scene, group, routing, findings);
            keepalive(scene, group, routing, findings);
        }
    }
}

fn listeners(routing: &LoadBalancerRouting) -> &[Listener] {
    routing.listeners.known().map(Vec::as_slice).unwrap_or_default()
}

/// Whether a target group is known to have no healthy target.
fn is_without_healthy(scene: &Scene<'_>, arn: &TargetGroupArn) -> bool {
    let targets = scene.facts.target_health(arn);
    targets.known().is_some_and(|targets| targets.iter().all(|target| meaning(target).standing != Standing::Fine))
}

/// Where a target group goes without traffic for the good of others: the rule, if it is one, and all groups with their weights.
fn starved<'s>(
    listener: &'s Listener,
    group: &TargetGroupArn,
) -> impl Iterator<Item = (Option<&'s str>, &'s [(TargetGroupArn, u32)])> {
    actions(listener).filter_map(move |(rule, action)| match action {
        RuleAction::Forward(groups) if groups.contains(&(group.clone(), 0)) => Some((rule, groups.as_slice())),
        _ => None,
    })
}

/// The groups that get the traffic a group of the service goes without: whether anybody answers there decides.
pub fn wanted_target_groups(scene: &Scene<'_>) -> Vec<TargetGroupArn> {
    let mut wanted = Vec::new();
    for group in &scene.groups {
        let routing = group.routing.iter().filter_map(|(_, routing)| routing.known().copied());
        for listener in routing.flat_map(listeners) {
            let groups = starved(listener, group.arn).flat_map(|(_, groups)| groups);
            wanted.extend(groups.filter(|(arn, weight)| arn != group.arn && *weight > 0).map(|(arn, _)| arn.clone()));
        }
    }
    wanted
}

/// 68.
fn weight_zero(scene: &Scene<'_>, group: &Group<'_>, routing: &LoadBalancerRouting, findings: &mut Vec<Finding>) {
    // Weights move on purpose while another kind of deployment shifts traffic.
    let shifting = !is_rolling(scene.service) && in_progress(scene.service);
    if shifting || group.healthy().next().is_none() {
        return;
    }
    for listener in listeners(routing) {
        for (rule, groups) in starved(listener, group.arn) {
            let mut others = groups.iter().filter(|(arn, weight)| arn != group.arn && *weight > 0);
            if !others.all(|(arn, _)| is_without_healthy(scene, arn)) {
                continue;
            }
            let name = routing.load_balancer.name.as_str();
            let port = listener.port.unwrap_or_default();
            let weights: Vec<String> = groups
                .iter()
                .map(|(arn, weight)| {
                    let weight = if arn == group.arn { 100 } else { *weight };
                    format!("{{TargetGroupArn={},Weight={weight}}}", arn.as_str())
                })
                .collect();
            let forward = format!("Type=forward,ForwardConfig={{TargetGroups=[{}]}}", weights.join(","));
            let fix = Fix::new("Give the serving target group its weight back.");
            let fix = match rule {
                Some(rule) => fix.aws(["elbv2", "modify-rule", "--rule-arn", rule, "--actions", &forward]),
                None => fix.aws([
                    "elbv2",
                    "modify-listener",
                    "--listener-arn",
                    listener.arn.as_str(),
                    "--default-actions",
                    &forward,
                ]),
            };
            let quoted: Vec<String> =
                groups.iter().map(|(arn, weight)| format!("{}: {weight}", arn.group_name())).collect();
            findings.push(
                Finding::new(
                    &entries::WEIGHT_ZERO,
                    Confidence::High,
                    format!(
                        "Listener {port} of load balancer {name} gives the healthy target group {} weight 0",
                        group.name()
                    ),
                )
                .explain(
                    "The rule sends all traffic to target groups that have no healthy targets, and none to the one whose targets \
                     pass their checks. The service looks healthy and clients get 503 or 504.",
                )
                .short("serving target group has weight 0")
                .scope(Scope { target_group: Some(group.arn.as_str().to_owned()), ..Scope::default() })
                .evidence(
                    "elasticloadbalancing:DescribeRules",
                    rule.unwrap_or_else(|| listener.arn.as_str()),
                    "Actions.ForwardConfig.TargetGroups.Weight",
                    quoted.join(", "),
                )
                .fix(fix.terraform("aws_lb_listener_rule → action { forward { target_group { weight } } }")),
            );
            return;
        }
    }
}

/// 69.
fn nobody_registered(scene: &Scene<'_>, group: &Group<'_>, routing: &LoadBalancerRouting, findings: &mut Vec<Finding>) {
    let service = scene.service;
    let Known::Known(targets) = group.targets else { return };
    let began = scene.primary.and_then(|primary| primary.created_at).or(service.created_at);
    let young = scene.since(began).is_none_or(|age| age < STARTING);
    let leading =
        listeners(routing).iter().find(|listener| weight(listener, group.arn).is_some_and(|weight| weight > 0));
    let Some(listener) = leading else { return };
    if !targets.is_empty() || service.desired == 0 || young {
        return;
    }
    let name = routing.load_balancer.name.as_str();
    let port = listener.port.unwrap_or_default();
    findings.push(
        Finding::new(
            &entries::NO_TARGETS,
            Confidence::Certain,
            format!("Target group {} has no targets, and load balancer {name} sends clients there", group.name()),
        )
        .explain(format!(
            "A rule of listener {port} forwards to {}, in which nothing is registered; the service wants {} tasks. Clients get \
             503.",
            group.name(),
            service.desired
        ))
        .short("target group is empty: clients get 503")
        .scope(Scope { target_group: Some(group.arn.as_str().to_owned()), ..Scope::default() })
        .evidence("elasticloadbalancing:DescribeTargetHealth", group.arn.as_str(), "TargetHealthDescriptions", "absent")
        .evidence("elasticloadbalancing:DescribeListeners", listener.arn.as_str(), "Port", port)
        .evidence(
            "ecs:DescribeServices",
            format!("service {}", service.name),
            "desiredCount, runningCount",
            format!("{}, {}", service.desired, service.running),
        )
        .fix(Fix::new("Find out why no task gets as far as being registered; its events and stopped tasks say more.").aws([
            "ecs",
            "describe-services",
            "--cluster",
            scene.facts.cluster().as_str(),
            "--services",
            &service.name,
        ])),
    );
}

/// 71.
fn keepalive(scene: &Scene<'_>, group: &Group<'_>, routing: &LoadBalancerRouting, findings: &mut Vec<Finding>) {
    let Known::Known(traffic) = scene.facts.traffic(&routing.load_balancer.arn, group.arn) else { return };
    let sum = |samples: &[crate::model::observation::Sample]| samples.iter().map(|sample| sample.value).sum::<f64>();
    let (bad, all) = (sum(&traffic.elb_502), sum(&traffic.requests));
    // Every answer 502 is no matter of idle connections, and neither is one in the middle of a replacement.
    let intermittent = bad >= 1.0 && all > bad * 2.0;
    let healthy = group.healthy().next().is_some() && group.failing().next().is_none();
    let dying = scene.dead.iter().any(|dead| scene.since(dead.at).is_none_or(|age| age < RECENT));
    let moving = in_progress(scene.service) || group.places.iter().any(|place| place.standing == Standing::Leaving);
    if !intermittent || !healthy || dying || moving {
        return;
    }
    let name = routing.load_balancer.name.as_str();
    findings.push(
        Finding::new(
            &entries::KEEPALIVE,
            Confidence::Medium,
            format!("Load balancer {name} answers 502 now and then although all targets are healthy"),
        )
        .explain(format!(
            "{bad:.0} of {all:.0} requests of the last quarter of an hour got 502 from the load balancer itself. With healthy \
             targets that mostly means that the application closes idle connections before the load balancer does (after 60 \
             seconds, unless its idle timeout says otherwise)."
        ))
        .short("502 now and then with healthy targets")
        .scope(Scope { target_group: Some(group.arn.as_str().to_owned()), ..Scope::default() })
        .evidence(
            "cloudwatch:GetMetricData",
            format!("load balancer {name}"),
            "derived: sum of HTTPCode_ELB_502_Count over 15 minutes",
            format!("{bad:.0}"),
        )
        .evidence(
            "cloudwatch:GetMetricData",
            format!("target group {}", group.name()),
            "derived: sum of RequestCount over 15 minutes",
            format!("{all:.0}"),
        )
        .fix(Fix::new(
            "Set the keep-alive timeout of the application above the idle timeout of the load balancer \
             (idle_timeout.timeout_seconds, 60 by default), such as 65 seconds.",
        )),
    );
}
