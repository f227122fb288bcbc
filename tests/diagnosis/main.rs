//! Worlds that are broken by physics, diagnosed as a user would: real SDK clients over HTTP against the simulator, the public
//! JSON form read back. The worlds know nothing of findings; what they must lead to stands here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use ecsight::aws::{Aws, Credentials, Settings};
use ecsight::headless::{self, AwsClock, Console, Diagnose, Format, Outcome};
use ecsight::sim::{Clock, FaultKind, Simulator, World};
use serde_json::Value;

/// World, the id that must come first (or nothing of severity warning or worse), ids or beginnings of ids that must appear
/// nowhere, the health.
const WORLDS: &[(&str, Option<&str>, &[&str], &str)] = &[
    ("healthy", None, &["tg-", "sg-", "hc-"], "healthy"),
    ("redirect", Some("tg-code-mismatch-redirect"), &["sg-", "hc-timeout"], "failing"),
    ("redirect-accepted", None, &["tg-", "sg-", "hc-"], "healthy"),
    ("wrong-source-group", Some("sg-task-ingress-wrong-source-group"), &["hc-timeout-app"], "failing"),
    ("load-balancer-egress-blocked", Some("sg-lb-egress-blocked"), &["hc-timeout-app"], "failing"),
    ("health-check-port-closed", Some("sg-healthcheck-port-closed-only"), &["sg-task-ingress-missing"], "failing"),
    ("bound-to-loopback", Some("app-bound-to-loopback"), &["sg-", "grace-"], "failing"),
    ("target-group-port", None, &["tg-", "lb-target-port"], "healthy"),
    ("zone-not-enabled", Some("target-az-not-enabled"), &["sg-", "grace-"], "failing"),
    ("acl-denies-one-subnet", Some("nacl-blocks-lb-to-task"), &["sg-", "hc-timeout-app"], "failing"),
    (
        "rolling-deployment",
        Some("deployment-in-progress-normal"),
        &["tg-code", "hc-", "deployment-failed"],
        "deploying",
    ),
    ("grace-too-short", Some("grace-period-too-short"), &["oom", "killed-without"], "failing"),
    ("out-of-memory", Some("oom-killed"), &["app-crash", "killed-without"], "failing"),
    ("min-max-deadlock", Some("deployment-min-max-deadlock"), &["placement-"], "failing"),
    ("paused-at-hook", Some("deployment-paused-at-hook"), &["deployment-stuck"], "degraded"),
    ("endpoint-closed", Some("vpce-sg-blocks-443"), &["egress-private", "task-start-network"], "failing"),
    ("image-missing", Some("image-not-found"), &["sg-", "image-pull-network"], "failing"),
    ("secret-missing", Some("secret-missing"), &["sg-", "image-"], "failing"),
    ("crash-loop", Some("app-crash-exit-nonzero"), &["oom", "sg-"], "failing"),
];

async fn serve(world: &str) -> Simulator {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/worlds").join(format!("{world}.toml"));
    let world = World::from_toml(&std::fs::read_to_string(file).unwrap(), 1).unwrap();
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Simulator::start(anywhere, world, Clock::Manual, Duration::ZERO).await.unwrap()
}

async fn diagnose(simulator: &Simulator, format: Format) -> (Outcome, String) {
    let settings = Settings {
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some(simulator.endpoint()),
        credentials: Credentials::Fixed { access_key: "test".to_owned(), secret_key: "test".to_owned() },
        ..Settings::default()
    };
    let clock = AwsClock::default();
    let observer = clock.clone();
    let aws = Aws::connect(settings, move |record| observer.observe(&record)).await;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console { out: &mut out, err: &mut err, ask: None, colour: false };
    let timeout = Duration::from_secs(15);
    let wanted = Diagnose { cluster: Some("shop"), services: &[], format, all: true, timeout };
    let outcome = headless::diagnose(&aws, wanted, &clock, &mut console).await.unwrap();
    (outcome, String::from_utf8(out).unwrap())
}

async fn service(simulator: &Simulator) -> (Outcome, Value) {
    let (outcome, text) = diagnose(simulator, Format::Json).await;
    let document: Value = serde_json::from_str(&text).unwrap();
    (outcome, document["services"][0].clone())
}

fn ids(findings: &Value) -> Vec<(String, String)> {
    let mut ids = Vec::new();
    for finding in findings.as_array().unwrap() {
        let word = |key: &str| finding[key].as_str().unwrap().to_owned();
        ids.push((word("id"), word("severity")));
        ids.extend(self::ids(&finding["consequences"]));
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn every_world_leads_to_its_finding() {
    let mut wrong = Vec::new();
    for (world, first, never, health) in WORLDS {
        let simulator = serve(world).await;
        let (outcome, service) = service(&simulator).await;
        let found = ids(&service["findings"]);
        let serious = found.iter().find(|(_, severity)| severity != "info");
        let top = service["findings"][0]["id"].as_str();
        let as_expected = match first {
            Some(id) => top == Some(id),
            None => serious.is_none_or(|(id, _)| id == "plaintext-secret-in-env"),
        };
        let forbidden = found.iter().find(|(id, _)| never.iter().any(|no| id.starts_with(no)));
        let unwell = service["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| matches!(finding["severity"].as_str(), Some("critical" | "error")));
        let consistent = (outcome == Outcome::Unwell) == unwell;
        if !as_expected || forbidden.is_some() || service["health"] != *health || !consistent {
            wrong.push(format!("{world}: {} {found:?}", service["health"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_read_never_makes_what_is_broken_fine() {
    let reads = [
        ("DescribeSecurityGroups", "ec2:DescribeSecurityGroups"),
        ("DescribeNetworkAcls", "ec2:DescribeNetworkAcls"),
        ("DescribeSubnets", "ec2:DescribeSubnets"),
        ("DescribeRouteTables", "ec2:DescribeRouteTables"),
        ("DescribeNetworkInterfaces", "ec2:DescribeNetworkInterfaces"),
        ("DescribeTargetHealth", "elasticloadbalancing:DescribeTargetHealth"),
        ("DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroups"),
        ("DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancers"),
        ("FilterLogEvents", "logs:FilterLogEvents"),
        ("GetMetricData", "cloudwatch:GetMetricData"),
        ("DescribeScalableTargets", "application-autoscaling:DescribeScalableTargets"),
    ];
    for world in ["wrong-source-group", "acl-denies-one-subnet", "redirect"] {
        for (operation, permission) in reads {
            let simulator = serve(world).await;
            simulator.inject(operation, FaultKind::Deny);
            let (_, service) = service(&simulator).await;
            assert_ne!(service["health"], "healthy", "{world}, {operation} denied: {service}");
            if simulator.calls().get(operation).is_some_and(|calls| *calls > 0) {
                assert!(service.to_string().contains(permission), "{world}: {permission} is not named: {service}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_facts_give_the_same_diagnosis() {
    let simulator = serve("redirect").await;
    let (_, one) = service(&simulator).await;
    let (_, other) = service(&simulator).await;
    assert_eq!(one["findings"], other["findings"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_names_the_fix_with_real_ids() {
    let (_, text) = diagnose(&serve("wrong-source-group").await, Format::Table).await;
    assert!(text.contains("aws ec2 authorize-security-group-ingress --group-id sg-"), "{text}");
    assert!(text.contains("UserIdGroupPairs=[{GroupId=sg-0c41a7be2d95f3068}]"), "{text}");
}
