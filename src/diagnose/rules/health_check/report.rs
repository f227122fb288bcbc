//! How the findings of this family are put together: whom one is about and by what pattern, what AWS said about them, and
//! which settings it rests on.

use std::collections::BTreeSet;

use super::failing::{Checks, Said};
use crate::diagnose::catalogue::Entry;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope};
use crate::diagnose::scene::{Heard, Place};
use crate::model::task::Task;

/// Targets and tasks listed in a scope.
const LISTED: usize = 20;

/// Targets quoted as evidence.
const QUOTED: usize = 3;

/// Where the health of targets is from.
pub(super) const TARGET_HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";
/// Where settings of target groups are from.
pub(super) const TARGET_GROUPS: &str = "elasticloadbalancing:DescribeTargetGroups";
/// Where attributes of target groups are from.
pub(super) const ATTRIBUTES: &str = "elasticloadbalancing:DescribeTargetGroupAttributes";
/// Where load balancers are from.
pub(super) const BALANCERS: &str = "elasticloadbalancing:DescribeLoadBalancers";
/// Where services and their events are from.
pub(super) const SERVICES: &str = "ecs:DescribeServices";
/// Where tasks are from.
pub(super) const TASKS: &str = "ecs:DescribeTasks";
/// Where task definitions are from.
pub(super) const DEFINITIONS: &str = "ecs:DescribeTaskDefinition";
/// Where log lines are from.
pub(super) const LOGS: &str = "logs:FilterLogEvents";

/// What a finding is about: targets that fail now or, where they are gone already, events about them.
#[derive(Clone, Default)]
pub(super) struct Lot<'s, 'a> {
    pub(super) places: Vec<&'s Place<'a>>,
    pub(super) heard: Vec<&'s Heard<'a>>,
}

impl<'s, 'a> Lot<'s, 'a> {
    pub(super) const fn of(places: Vec<&'s Place<'a>>) -> Self {
        Self { places, heard: Vec::new() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.places.is_empty() && self.heard.is_empty()
    }

    /// Whether it is about the present by events only.
    pub(super) const fn is_hearsay(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = &'a Task> {
        self.places.iter().filter_map(|place| place.task)
    }

    /// A task it is about, the newest first.
    pub(super) fn task(&self) -> Option<&'a Task> {
        self.tasks().max_by_key(|task| task.started_at)
    }

    /// The confidence of a finding about it: a step lower on events alone.
    pub(super) const fn sure(&self, confidence: Confidence) -> Confidence {
        match (self.is_hearsay(), confidence) {
            (false, same) => same,
            (true, Confidence::Certain) => Confidence::High,
            (true, Confidence::High) => Confidence::Medium,
            (true, _) => Confidence::Low,
        }
    }
}

/// How failing targets are spread.
#[derive(Default)]
struct Pattern {
    /// Only targets of the primary deployment fail, and those of others are healthy.
    only_new: bool,
    zones: Vec<String>,
    subnets: Vec<String>,
    /// The only one of several.
    single: bool,
}

fn zone(place: &Place<'_>) -> Option<String> {
    let told = place.target.availability_zone.as_deref().filter(|zone| *zone != "all");
    told.or(place.task.and_then(|task| task.availability_zone.as_deref())).map(ToOwned::to_owned)
}

pub(super) fn subnet<'p>(place: &Place<'p>) -> Option<&'p str> {
    place.task?.interface.as_ref()?.subnet.as_deref()
}

/// What all of the failing have and none of the healthy has, if there are such.
fn apart(
    failing: &[&Place<'_>],
    healthy: &[&Place<'_>],
    of: impl Fn(&Place<'_>) -> Option<String>,
) -> Option<Vec<String>> {
    let all = |places: &[&Place<'_>]| places.iter().map(|place| of(place)).collect::<Option<BTreeSet<_>>>();
    let (failing, healthy) = (all(failing)?, all(healthy)?);
    let told = !failing.is_empty() && !healthy.is_empty() && failing.is_disjoint(&healthy);
    told.then(|| failing.into_iter().collect())
}

impl<'s, 'a> Checks<'s, 'a> {
    fn pattern(&self, lot: &Lot<'s, 'a>) -> Pattern {
        let healthy: Vec<_> = self.healthy().collect();
        if lot.places.is_empty() || healthy.is_empty() {
            return Pattern::default();
        }
        let only_new = lot.places.iter().all(|place| place.of_primary)
            && healthy.iter().all(|place| !place.of_primary && place.task.is_some());
        let same: Vec<_> = healthy.into_iter().filter(|place| only_new || place.task.is_some()).collect();
        let spread = |of: &dyn Fn(&Place<'_>) -> Option<String>| {
            if only_new { Vec::new() } else { apart(&lot.places, &same, of).unwrap_or_default() }
        };
        let zones = spread(&zone);
        let subnets = spread(&|place| subnet(place).map(ToOwned::to_owned));
        let single = !only_new && lot.places.len() == 1 && same.len() >= 2;
        Pattern { only_new, zones, subnets, single }
    }

    /// The scope of a finding about these targets.
    pub(super) fn scope(&self, lot: &Lot<'s, 'a>) -> Scope {
        let pattern = self.pattern(lot);
        let primary = self.scene.primary.filter(|_| pattern.only_new || lot.is_hearsay() && !lot.heard.is_empty());
        Scope {
            deployment: primary.map(|primary| primary.id.clone()),
            task_definition: primary.map(|primary| primary.task_definition.name().to_owned()),
            target_group: Some(self.group.arn.as_str().to_owned()),
            availability_zones: pattern.zones,
            subnets: pattern.subnets,
            targets: lot.places.iter().take(LISTED).map(|place| place.name()).collect(),
            tasks: lot.tasks().take(LISTED).map(|task| task.arn.name().to_owned()).collect(),
            containers: self.container().map(ToOwned::to_owned).into_iter().collect(),
        }
    }

    /// A sentence about how the failing targets are spread; empty where there is no pattern.
    pub(super) fn spread(&self, lot: &Lot<'s, 'a>) -> String {
        let pattern = self.pattern(lot);
        let revision = self.scene.primary.map_or("", |primary| primary.task_definition.name());
        if pattern.only_new {
            return format!(
                " Only targets of the new revision {revision} fail; those of the revision before are healthy in the same \
                 target group, so the cause came with the new revision."
            );
        }
        let places = match (pattern.zones.is_empty(), pattern.subnets.is_empty()) {
            (false, _) => format!(" Only targets in {} fail; the other zones are healthy.", pattern.zones.join(", ")),
            (true, false) => {
                format!(" Only targets in {} fail; the other subnets are healthy.", pattern.subnets.join(", "))
            }
            (true, true) => String::new(),
        };
        if pattern.single && places.is_empty() {
            " Only this one of the service's targets fails.".to_owned()
        } else {
            places
        }
    }

    /// Whether only targets of the new revision fail.
    pub(super) fn only_new(&self, lot: &Lot<'s, 'a>) -> bool {
        self.pattern(lot).only_new
    }

    /// How many of how many: `4 of 4 targets`.
    pub(super) fn tally(&self, lot: &Lot<'s, 'a>) -> String {
        match (lot.places.len(), self.own.len()) {
            (0, _) => format!("{} events", lot.heard.len()),
            (1, 1) => "1 of 1 target".to_owned(),
            (some, all) => format!("{some} of {all} targets"),
        }
    }

    /// A finding about these targets, with what AWS said about them.
    pub(super) fn finding(
        &self,
        entry: &'static Entry,
        confidence: Confidence,
        lot: &Lot<'s, 'a>,
        title: impl AsRef<str>,
    ) -> Finding {
        let finding = Finding::new(entry, lot.sure(confidence), title).scope(self.scope(lot));
        self.quoting(finding, lot)
    }

    /// With what AWS says about these targets.
    pub(super) fn quoting(&self, mut finding: Finding, lot: &Lot<'s, 'a>) -> Finding {
        for (index, place) in lot.places.iter().take(QUOTED).enumerate() {
            let subject = format!("target {}", place.name());
            if index == 0 {
                finding = finding.evidence(TARGET_HEALTH, &subject, "TargetHealth.State", place.target.state.as_str());
                let reason = place.target.reason.as_deref().unwrap_or("absent");
                finding = finding.evidence(TARGET_HEALTH, &subject, "TargetHealth.Reason", self.scene.quote(reason));
            }
            let description = place.target.description.as_deref().unwrap_or("absent");
            let quoted = self.scene.quote(description);
            finding = finding.evidence(TARGET_HEALTH, &subject, "TargetHealth.Description", quoted);
        }
        for heard in lot.heard.iter().take(QUOTED) {
            let at = heard.at.map_or_else(|| "event".to_owned(), |at| format!("event of {at}"));
            let quoted = self.scene.quote(heard.message);
            finding = finding.evidence(SERVICES, at, "events[].message", quoted);
        }
        if !lot.is_empty() {
            let group = self.subject();
            let field = if lot.is_hearsay() {
                "derived: events about unhealthy targets since the deployment began"
            } else {
                "derived: targets concerned, of the service's targets that are not draining"
            };
            finding = finding.evidence(TARGET_HEALTH, group, field, self.tally(lot));
        }
        finding
    }

    fn subject(&self) -> String {
        format!("target group {}", self.group.name())
    }

    /// With settings of the target group by AWS's names.
    pub(super) fn settings_of(&self, mut finding: Finding, fields: &[&str]) -> Finding {
        let Some(settings) = self.settings() else { return finding };
        let check = &settings.health_check;
        let number = |number: Option<u32>| number.map(|number| number.to_string());
        for field in fields {
            let value = match *field {
                "HealthCheckPath" => check.path.clone(),
                "HealthCheckProtocol" => check.protocol.clone(),
                "HealthCheckPort" => check.port.clone(),
                "HealthCheckIntervalSeconds" => number(check.interval_seconds),
                "HealthCheckTimeoutSeconds" => number(check.timeout_seconds),
                "HealthyThresholdCount" => number(check.healthy_threshold),
                "UnhealthyThresholdCount" => number(check.unhealthy_threshold),
                "Matcher.HttpCode" | "Matcher.GrpcCode" => check.matcher.clone(),
                "Protocol" => settings.protocol.clone(),
                "ProtocolVersion" => settings.protocol_version.clone(),
                "TargetType" => settings.target_type.clone(),
                _ => None,
            };
            let value = value.unwrap_or_else(|| "absent".to_owned());
            finding = finding.evidence(TARGET_GROUPS, self.subject(), *field, self.scene.quote(&value));
        }
        finding
    }

    /// Words of a command that changes the target group.
    pub(super) fn modify<'w>(&'w self, change: &[&'w str]) -> Vec<&'w str> {
        let mut words = vec!["elbv2", "modify-target-group", "--target-group-arn", self.group.arn.as_str()];
        words.extend(change);
        words
    }

    /// A fix that changes the target group, with the Terraform attribute that has to follow.
    pub(super) fn group_fix(&self, summary: impl AsRef<str>, change: &[&str], attribute: &str) -> Fix {
        Fix::new(summary)
            .aws(self.modify(change))
            .terraform(format!("aws_lb_target_group.{} → {attribute}", label(self.group.name())))
            .eta(self.recovery_seconds())
    }

    /// Failing targets, or events in their place, each with what was said.
    pub(super) fn said(&self) -> Vec<(Said, Lot<'s, 'a>)> {
        let mut said: Vec<(Said, Lot<'s, 'a>)> =
            self.failing().map(|place| (Said::of(place), Lot::of(vec![place]))).collect();
        said.extend(
            self.stand_ins()
                .iter()
                .map(|(heard, said)| (said.clone(), Lot { places: Vec::new(), heard: vec![*heard] })),
        );
        said
    }

    /// What the check asks for: `GET /healthz on port 8080`, `TCP on port 5432`.
    pub(super) fn request(&self, lot: &Lot<'s, 'a>) -> String {
        let port = lot
            .places
            .first()
            .and_then(|place| place.check_port())
            .or_else(|| self.fixed_port())
            .or_else(|| self.group.binding.and_then(|binding| binding.container_port));
        let on = port.map(|port| format!(" on port {port}")).unwrap_or_default();
        let Some(check) = self.check() else { return format!("The health check{on}") };
        match (check.protocol.as_deref(), check.path.as_deref()) {
            (Some("HTTPS"), Some(path)) => format!("GET {path}{on} by HTTPS"),
            (Some("HTTP") | None, Some(path)) => format!("GET {path}{on}"),
            (Some(protocol), _) => format!("The {protocol} check{on}"),
            (None, None) => format!("The health check{on}"),
        }
    }
}

/// Words of a command that changes the service.
pub(super) fn update<'w>(cluster: &'w str, service: &'w str, change: &[&'w str]) -> Vec<&'w str> {
    let mut words = vec!["ecs", "update-service", "--cluster", cluster, "--service", service];
    words.extend(change);
    words
}

/// A resource's name as a Terraform label: `web-tg` is `web_tg`.
pub(super) fn label(name: &str) -> String {
    name.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '_' }).collect()
}
