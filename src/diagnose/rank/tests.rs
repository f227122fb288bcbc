use proptest::prelude::*;

use super::*;
use crate::diagnose::catalogue::{CHECKS_FAIL, Entry, STARTS_FAIL, TASKS_DIE};
use crate::diagnose::finding::{Confidence, Fix};

const fn entry(id: &'static str, number: u16, severity: Severity, rank: Rank) -> Entry {
    Entry {
        id,
        number,
        severity,
        rank,
        effect: None,
        explains: &[],
        bearing: Bearing::Present,
        instead_of: &[],
        title: "",
        meaning: "",
        decided: "",
        fix: "",
        sources: &[],
    }
}

static BLOCKED: Entry = Entry { explains: CHECKS_FAIL, ..entry("blocked", 50, Severity::Critical, Rank::Blocker) };
static BLOCKED_BY_GROUP: Entry = Entry {
    explains: CHECKS_FAIL,
    instead_of: &["blocked"],
    ..entry("blocked-by-group", 51, Severity::Critical, Rank::Blocker)
};
static MISMATCH: Entry = Entry {
    effect: Some(Effect::UnhealthyTargets),
    explains: CHECKS_FAIL,
    ..entry("mismatch", 1, Severity::Error, Rank::HealthCheck)
};
static CRASH: Entry = Entry {
    effect: Some(Effect::Deaths),
    explains: TASKS_DIE,
    ..entry("crash", 130, Severity::Error, Rank::Application)
};
static NO_IMAGE: Entry = Entry { explains: STARTS_FAIL, ..entry("no-image", 80, Severity::Error, Rank::AwsText) };
static STUCK: Entry =
    Entry { effect: Some(Effect::StuckDeployment), ..entry("stuck", 189, Severity::Error, Rank::Symptom) };
static FAILED: Entry = Entry {
    effect: Some(Effect::FailedDeployment),
    explains: &[Effect::StuckDeployment],
    ..entry("failed", 180, Severity::Critical, Rank::Symptom)
};
static FAIL_OPEN_ENTRY: Entry =
    Entry { effect: Some(Effect::FailOpen), ..entry(FAIL_OPEN, 40, Severity::Warning, Rank::Symptom) };
static BACK: Entry = Entry { bearing: Bearing::Past, ..entry(ROLLED_BACK, 181, Severity::Error, Rank::Symptom) };
static BACK_OVER: Entry = Entry {
    bearing: Bearing::Past,
    explains: &[Effect::FailedDeployment],
    ..entry(ROLLED_BACK, 181, Severity::Error, Rank::Symptom)
};
static HOOK: Entry = Entry {
    effect: Some(Effect::FailedDeployment),
    explains: &[Effect::FailedDeployment],
    ..entry("hook", 192, Severity::Critical, Rank::AwsText)
};
static NORMAL_ENTRY: Entry = entry(NORMAL, 188, Severity::Info, Rank::Symptom);
static ADVICE: Entry = Entry { bearing: Bearing::Hygiene, ..entry("advice", 227, Severity::Warning, Rank::Symptom) };
static NOTE: Entry = Entry { explains: CHECKS_FAIL, ..entry("note", 188, Severity::Info, Rank::Blocker) };
static WARNING: Entry = Entry { explains: CHECKS_FAIL, ..entry("weak", 30, Severity::Warning, Rank::Blocker) };

static ALL: [&Entry; 11] = [
    &BLOCKED,
    &BLOCKED_BY_GROUP,
    &MISMATCH,
    &CRASH,
    &NO_IMAGE,
    &STUCK,
    &FAILED,
    &FAIL_OPEN_ENTRY,
    &BACK,
    &ADVICE,
    &NOTE,
];

fn found(entry: &'static Entry) -> Finding {
    Finding::new(entry, Confidence::Certain, entry.id)
}

fn scoped(entry: &'static Entry, change: impl FnOnce(&mut Scope)) -> Finding {
    let mut finding = found(entry);
    change(&mut finding.scope);
    finding
}

/// `cause[consequence consequence] other`
fn tree(findings: &[Finding]) -> String {
    let one = |finding: &Finding| match finding.consequences.as_slice() {
        [] => finding.id().to_owned(),
        some => format!("{}[{}]", finding.id(), tree(some)),
    };
    findings.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn ranked(findings: Vec<Finding>) -> String {
    tree(&rank(findings))
}

#[test]
fn effects_are_folded_under_the_cause_closest_to_the_root() {
    for (findings, expected) in [
        (vec![found(&STUCK), found(&MISMATCH)], "mismatch[stuck]"),
        (vec![found(&STUCK)], "stuck"),
        (vec![found(&STUCK), found(&FAILED), found(&CRASH), found(&NO_IMAGE)], "no-image[failed stuck] crash"),
        (vec![found(&MISMATCH), found(&STUCK), found(&BLOCKED)], "blocked[mismatch stuck]"),
        // A crash is not explained by a blocked path, but it is what leaves the deployment stuck when nothing else does.
        (vec![found(&CRASH), found(&STUCK)], "crash[stuck]"),
        // The application's behaviour is not the cause of what stands closer to the root.
        (vec![found(&CRASH), found(&MISMATCH)], "mismatch crash"),
        (vec![found(&NOTE), found(&STUCK)], "stuck note"),
        (vec![found(&FAIL_OPEN_ENTRY), found(&ADVICE)], "advice"),
        (vec![found(&FAIL_OPEN_ENTRY), found(&MISMATCH)], "mismatch[lb-fail-open]"),
        (vec![found(&FAILED), found(&STUCK)], "failed[stuck]"),
        (vec![found(&ADVICE), found(&NOTE), found(&CRASH), found(&BLOCKED)], "blocked crash advice note"),
    ] {
        assert_eq!(ranked(findings), expected);
    }
}

#[test]
fn only_one_id_a_fact() {
    let of = |entry, group: &str| scoped(entry, |scope| scope.target_group = Some(group.to_owned()));
    assert_eq!(ranked(vec![found(&BLOCKED), found(&BLOCKED_BY_GROUP)]), "blocked-by-group");
    assert_eq!(ranked(vec![of(&BLOCKED, "a"), of(&BLOCKED_BY_GROUP, "b")]), "blocked blocked-by-group");
    // What is over does not replace what is so now.
    assert_eq!(
        ranked(vec![found(&BLOCKED), found(&BLOCKED_BY_GROUP).bearing(Bearing::Past)]),
        "blocked blocked-by-group"
    );
}

#[test]
fn scopes_that_contradict_each_other_do_not_belong_together() {
    let of = |entry, group: &str| scoped(entry, |scope| scope.target_group = Some(group.to_owned()));
    assert_eq!(ranked(vec![of(&BLOCKED, "a"), of(&MISMATCH, "b")]), "blocked mismatch");
    assert_eq!(ranked(vec![found(&BLOCKED), of(&MISMATCH, "b")]), "blocked[mismatch]");
    let at = |entry, target: &str| scoped(entry, |scope| scope.targets = vec![target.to_owned()]);
    assert_eq!(ranked(vec![at(&BLOCKED, "1"), at(&MISMATCH, "2")]), "blocked mismatch");
    assert_eq!(ranked(vec![at(&BLOCKED, "1"), at(&MISMATCH, "1")]), "blocked[mismatch]");
    // Killed tasks are other tasks than those that fail now.
    let with = |entry, task: &str| scoped(entry, |scope| scope.tasks = vec![task.to_owned()]);
    assert_eq!(ranked(vec![with(&MISMATCH, "1"), with(&STUCK, "2")]), "mismatch[stuck]");
    let during = |entry, deployment: &str| scoped(entry, |scope| scope.deployment = Some(deployment.to_owned()));
    assert_eq!(ranked(vec![during(&CRASH, "1"), during(&STUCK, "2")]), "crash stuck");
}

#[test]
fn what_is_over_never_leads() {
    let past = || found(&BLOCKED).bearing(Bearing::Past);
    assert_eq!(ranked(vec![past().severity(Severity::Error), found(&STUCK)]), "stuck blocked");
    assert_eq!(ranked(vec![found(&BLOCKED), found(&FAILED).bearing(Bearing::Past)]), "blocked[failed]");
    assert_eq!(ranked(vec![past(), found(&FAILED).bearing(Bearing::Past)]), "blocked[failed]");
}

#[test]
fn a_rollback_stands_first_until_something_is_wrong_now() {
    assert_eq!(
        ranked(vec![found(&ADVICE), found(&CRASH).bearing(Bearing::Past), found(&BACK)]),
        "deployment-rolled-back crash advice"
    );
    assert_eq!(ranked(vec![found(&BACK), found(&CRASH)]), "crash deployment-rolled-back");
}

#[test]
fn a_rollback_stands_above_the_ways_the_deployment_failed() {
    let past = |entry| found(entry).bearing(Bearing::Past).severity(Severity::Error);
    let back = || Finding { entry: &BACK_OVER, ..found(&BACK) };
    assert_eq!(ranked(vec![past(&FAILED), past(&HOOK), back()]), "deployment-rolled-back[hook[failed]]");
    // While it is on its way, a cause that can be seen explains more than the rollback does.
    let now = || back().bearing(Bearing::Present);
    assert_eq!(
        ranked(vec![found(&NO_IMAGE), found(&FAILED).severity(Severity::Error), now()]),
        "no-image[failed] deployment-rolled-back"
    );
}

#[test]
fn progress_is_normal_only_while_nothing_is_in_its_way() {
    assert_eq!(ranked(vec![found(&NORMAL_ENTRY), found(&ADVICE)]), "advice deployment-in-progress-normal");
    assert_eq!(ranked(vec![found(&NORMAL_ENTRY), found(&CRASH)]), "crash");
    assert_eq!(ranked(vec![found(&NORMAL_ENTRY), found(&WARNING)]), "weak");
    let over = found(&CRASH).bearing(Bearing::Past);
    assert_eq!(ranked(vec![found(&NORMAL_ENTRY), over]), "crash deployment-in-progress-normal");
}

#[test]
fn a_cause_is_as_bad_as_its_worst_consequence() {
    let ranked = rank(vec![found(&WARNING), found(&FAILED), found(&ADVICE)]);
    assert_eq!(tree(&ranked), "weak[failed] advice");
    assert_eq!(
        ranked.iter().map(|finding| finding.severity).collect::<Vec<_>>(),
        [Severity::Critical, Severity::Warning]
    );
    let over = rank(vec![found(&WARNING), found(&FAILED).bearing(Bearing::Past)]);
    assert_eq!((tree(&over).as_str(), over[0].severity), ("weak[failed]", Severity::Warning));
}

#[test]
fn the_same_fact_found_twice_is_one_finding() {
    let of = |target: &str, zone: &[&str]| {
        scoped(&MISMATCH, |scope| {
            scope.target_group = Some("a".to_owned());
            scope.targets = vec![target.to_owned()];
            scope.availability_zones = zone.iter().map(ToString::to_string).collect();
        })
        .evidence("elasticloadbalancing:DescribeTargetHealth", target, "State", "unhealthy")
    };
    let ranked = rank(vec![of("2", &["b"]), of("1", &["a"]), of("1", &["a"])]);
    let [one] = ranked.as_slice() else { panic!("{}", tree(&ranked)) };
    assert_eq!(one.scope.targets, ["1", "2"]);
    assert_eq!(one.scope.availability_zones, ["a", "b"]);
    assert_eq!(one.evidence.len(), 2);
    let everywhere = rank(vec![of("1", &["a"]), of("2", &[])]);
    assert!(everywhere[0].scope.availability_zones.is_empty());
    let many = rank((10..99).map(|target| of(&target.to_string(), &[])).collect());
    assert_eq!((many.len(), many[0].scope.targets.len(), many[0].evidence.len()), (1, LISTED, EVIDENCE));
    let other = scoped(&MISMATCH, |scope| scope.target_group = Some("b".to_owned()));
    assert_eq!(rank(vec![of("1", &[]), other]).len(), 2);
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let some = |texts: &'static [&'static str]| {
        prop::option::of(prop::sample::select(texts)).prop_map(|text| text.map(str::to_owned))
    };
    let list = || prop::collection::vec(prop::sample::select(vec!["1".to_owned(), "2".to_owned()]), 0..3);
    (
        prop::sample::select(&ALL[..]),
        (some(&["a", "b"]), some(&["ecs-svc/1", "ecs-svc/2"]), list(), list()),
        prop::sample::select(vec![Bearing::Present, Bearing::Past, Bearing::Hygiene]),
        prop::sample::select(vec![Confidence::Certain, Confidence::Low]),
        prop::sample::select(vec!["one", "two"]),
    )
        .prop_map(|(entry, (group, deployment, targets, tasks), bearing, confidence, words)| {
            let scope = Scope { target_group: group, deployment, targets, tasks, ..Scope::default() };
            Finding::new(entry, confidence, words)
                .scope(scope)
                .bearing(bearing)
                .evidence("ecs:DescribeServices", words, "field", "value")
                .fix(Fix::new(words))
        })
}

proptest! {
    #[test]
    fn the_order_of_finding_does_not_matter(
        (findings, shuffled) in prop::collection::vec(any_finding(), 0..12)
            .prop_flat_map(|findings| (Just(findings.clone()), Just(findings).prop_shuffle()))
    ) {
        let ranked = rank(findings.clone());
        prop_assert_eq!(&ranked, &rank(shuffled));
        // Nothing is lost but duplicates, general forms and what cannot stand alone, and nothing appears twice.
        let of_findings: std::collections::BTreeSet<_> = findings.iter().map(Finding::id).collect();
        let of_ranked: std::collections::BTreeSet<_> =
            ranked.iter().flat_map(Finding::all).map(Finding::id).collect();
        let may_go = |id: &&&str| **id == "blocked" || **id == FAIL_OPEN;
        prop_assert!(of_findings.difference(&of_ranked).all(|id| may_go(&id)));
        prop_assert!(of_ranked.is_subset(&of_findings));
        for cause in ranked.iter().flat_map(Finding::all) {
            prop_assert!(cause.consequences.is_empty() || cause.severity != Severity::Info);
            for consequence in &cause.consequences {
                prop_assert!(consequence.bearing >= cause.bearing || cause.bearing == consequence.bearing);
                prop_assert!(consequence.bearing != cause.bearing || cause.severity <= consequence.severity);
            }
        }
    }
}
