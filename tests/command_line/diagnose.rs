//! `ecsight diagnose`: the public JSON form, what a person reads, and the exit codes.

use std::collections::BTreeSet;

use ecsight::sim::{FaultKind, Simulator, World};
use serde_json::Value;

use crate::program::Program;
use crate::worlds::{shop, still};

/// A world with a service whose load balancer wants 200 and gets 302, and others.
async fn demo() -> Simulator {
    still(World::demo(1)).await
}

async fn document(simulator: &Simulator, arguments: &str) -> Value {
    let ran = Program::on(simulator).run(&format!("diagnose {arguments} --output json")).await;
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err))
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn all<'a>(findings: &'a Value, into: &mut Vec<&'a Value>) {
    for finding in findings.as_array().unwrap() {
        into.push(finding);
        all(&finding["consequences"], into);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_form_has_exactly_the_documented_fields() {
    let simulator = demo().await;
    let document = document(&simulator, "--cluster shop-prod").await;
    assert_eq!(keys(&document), ["account", "cluster", "region", "schema", "services", "taken_at"].into());
    assert_eq!(document["schema"], "ecsight.diagnosis/v1");
    assert_eq!(document["cluster"], "shop-prod");
    assert!(document["taken_at"].as_str().unwrap().ends_with('Z'));
    let mut findings = Vec::new();
    for service in document["services"].as_array().unwrap() {
        assert_eq!(keys(service), ["checks", "findings", "health", "service"].into());
        all(&service["findings"], &mut findings);
        let checks: Vec<&str> =
            service["checks"].as_array().unwrap().iter().map(|check| check["check"].as_str().unwrap()).collect();
        assert_eq!(
            checks,
            [
                "target-health",
                "health-check-settings",
                "security-groups",
                "network-acls",
                "routes",
                "listener-rules",
                "task-egress",
                "stopped-tasks",
                "deployments",
                "placement",
                "autoscaling",
                "metrics",
                "logs"
            ]
        );
        for check in service["checks"].as_array().unwrap() {
            assert_eq!(keys(check), ["check", "detail", "missing_permission", "verdict"].into());
        }
    }
    assert!(!findings.is_empty());
    for finding in findings {
        assert_eq!(
            keys(finding),
            ["confidence", "consequences", "evidence", "explanation", "fix", "id", "scope", "severity", "title"].into()
        );
        for evidence in finding["evidence"].as_array().unwrap() {
            assert_eq!(keys(evidence), ["field", "source", "subject", "value"].into());
            assert!(evidence["value"].is_string(), "{evidence}");
        }
        if !finding["fix"].is_null() {
            assert_eq!(keys(&finding["fix"]), ["commands", "eta_seconds", "summary", "terraform"].into());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_service_ends_with_one_and_a_healthy_one_with_zero() {
    let simulator = demo().await;
    let program = Program::on(&simulator);
    let listed = program.run("services --cluster shop-prod --output json").await.json();
    let with = |health: &str| {
        let services = listed.as_array().unwrap().iter();
        services
            .filter(|service| service["health"] == health)
            .map(|service| service["service"].as_str().unwrap().to_owned())
            .next()
    };
    let failing = program.run(&format!("diagnose {} --cluster shop-prod", with("failing").unwrap())).await;
    assert_eq!(failing.code, Some(1), "{}{}", failing.out, failing.err);
    assert!(failing.out.contains("evidence") && failing.out.contains("fix"), "{}", failing.out);
    let well = program.run(&format!("diagnose {} --cluster shop-prod", with("healthy").unwrap())).await;
    assert_eq!(well.code, Some(0), "{}{}", well.out, well.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_are_told_with_near_ones() {
    let simulator = still(shop()).await;
    let program = Program::on(&simulator);
    let complaint = program.run("diagnose storefrontt --cluster shop").await.refused(2);
    assert!(complaint.contains("there is no service storefrontt") && complaint.contains("storefront?"), "{complaint}");
    let complaint = program.run("diagnose storefront nosuch --cluster shop --output json").await.refused(2);
    assert!(complaint.contains("nosuch"), "{complaint}");
    let complaint = program.run("diagnose --cluster shopp").await.refused(2);
    assert!(complaint.contains("there is no cluster shopp") && complaint.contains("shop"), "{complaint}");
    program.run("diagnose --output yaml").await.refused(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_aws_nothing_can_be_asked() {
    let nowhere = Program::equipped().with("ECSIGHT_ENDPOINT_URL", "http://127.0.0.1:9");
    nowhere.run("diagnose --cluster shop --timeout 5s").await.refused(3);
    let simulator = still(shop()).await;
    simulator.inject("DescribeServices", FaultKind::Deny);
    let complaint = Program::on(&simulator).run("diagnose storefront --cluster shop").await.refused(3);
    assert!(complaint.contains("ecs:DescribeServices"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_service_needs_no_permission_to_list() {
    let simulator = still(shop()).await;
    simulator.inject("ListServices", FaultKind::Deny);
    let document = document(&simulator, "storefront --cluster shop").await;
    assert_eq!(document["services"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_is_unknown_when_the_time_is_up() {
    let simulator = still(shop()).await;
    simulator.inject("DescribeTargetHealth", FaultKind::Hang);
    let document = document(&simulator, "storefront --cluster shop --timeout 2s").await;
    let service = &document["services"][0];
    assert_ne!(service["health"], "healthy", "{service}");
    let target_health = &service["checks"][0];
    assert_eq!((&target_health["check"], &target_health["verdict"]), (&"target-health".into(), &"unknown".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn healthy_services_are_left_out_of_the_text_unless_asked_for() {
    let simulator = still(shop()).await;
    let program = Program::on(&simulator);
    let short = program.run("diagnose --cluster shop").await.done();
    assert!(!short.contains("storefront") && short.contains("3 services"), "{short}");
    let long = program.run("diagnose --cluster shop --all").await.done();
    assert!(long.contains("storefront") && long.contains("mailer"), "{long}");
}
