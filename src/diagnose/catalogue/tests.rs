//! The catalogue is complete: every finding it numbers is implemented, or says why it is not, and every page can be read.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// All findings with their numbers. A number is never given twice and an id never changes: other programs rely on them.
const ALL: &[(u16, &[&str])] = &[
    (1, &["tg-code-mismatch-redirect"]),
    (2, &["tg-code-mismatch-404"]),
    (3, &["tg-code-mismatch-auth"]),
    (4, &["tg-code-mismatch-400-host-or-tls"]),
    (5, &["tg-code-mismatch-5xx-proxy"]),
    (6, &["tg-code-mismatch-500"]),
    (7, &["tg-code-mismatch-429"]),
    (8, &["tg-code-mismatch-grpc"]),
    (9, &["tg-matcher-recently-fixed"]),
    (10, &["hc-timeout-slow-endpoint"]),
    (11, &["hc-timeout-cpu-starved"]),
    (12, &["hc-timeout-app-not-answering"]),
    (13, &["hc-timeout-network-unverified"]),
    (14, &["hc-connection-refused"]),
    (15, &["hc-wrong-port"]),
    (16, &["hc-protocol-mismatch"]),
    (17, &["app-bound-to-loopback"]),
    (18, &["app-listening-on-other-port"]),
    (19, &["hc-app-still-starting"]),
    (20, &["grace-period-too-short"]),
    (21, &["hc-thresholds-too-aggressive"]),
    (22, &["target-az-not-enabled"]),
    (23, &["service-subnets-outside-lb-azs"]),
    (24, &["tg-not-attached-to-listener"]),
    (25, &["tg-missing"]),
    (26, &["target-not-found-in-tg"]),
    (27, &["target-register-failed"]),
    (28, &["tg-type-vs-network-mode"]),
    (29, &["lb-container-port-not-in-taskdef"]),
    (30, &["target-ip-unusable"]),
    (31, &["target-instance-invalid-state"]),
    (32, &["elb-internal-error"]),
    (33, &["target-draining-normal"]),
    (34, &["deregistration-delay-slows-deploy"]),
    (35, &["target-initial-too-long"]),
    (36, &["slow-start-in-effect"]),
    (37, &["anomaly-mitigation-active"]),
    (38, &["zonal-shift-active"]),
    (39, &["lb-fail-open"]),
    (40, &["tg-health-threshold-unmet"]),
    (41, &["nlb-cross-zone-off-empty-az"]),
    (42, &["nlb-tls13-only-healthcheck"]),
    (43, &["nlb-udp-healthcheck-port"]),
    (44, &["nlb-hairpin-client-ip"]),
    (45, &["http2-target-mismatch"]),
    (46, &["lb-state-not-active"]),
    (47, &["lb-target-port-note"]),
    (48, &["tg-orphan-targets"]),
    (49, &["tg-shared-between-services"]),
    (50, &["sg-task-ingress-missing"]),
    (51, &["sg-task-ingress-wrong-source-group"]),
    (52, &["sg-task-ingress-wrong-port"]),
    (53, &["sg-healthcheck-port-closed-only"]),
    (54, &["sg-traffic-port-closed-only"]),
    (55, &["sg-lb-egress-blocked"]),
    (56, &["sg-partial-az-cidr"]),
    (57, &["sg-ip-family-mismatch"]),
    (58, &["sg-rule-stale-peer"]),
    (59, &["sg-udp-instead-of-tcp"]),
    (60, &["sg-instance-dynamic-port-range"]),
    (61, &["nacl-blocks-lb-to-task"]),
    (62, &["nacl-ephemeral-return-blocked"]),
    (63, &["route-lb-to-target-broken"]),
    (64, &["middlebox-sg-reference"]),
    (65, &["lb-listener-sg-ingress-closed"]),
    (66, &["lb-internet-facing-in-private-subnet"]),
    (67, &["lb-dualstack-sg-no-ipv6"]),
    (68, &["listener-weight-zero-on-serving-tg"]),
    (69, &["lb-no-registered-targets-503"]),
    (70, &["vpc-block-public-access"]),
    (71, &["target-keepalive-shorter-than-lb"]),
    (72, &["tg-code-mismatch-2xx"]),
    (73, &["tg-code-mismatch-other"]),
    (74, &["nlb-target-sg-client-cidr-missing"]),
    (80, &["egress-public-subnet-no-public-ip"]),
    (81, &["egress-private-subnet-no-nat-no-endpoint"]),
    (82, &["vpce-sg-blocks-443"]),
    (83, &["task-sg-egress-blocks-443"]),
    (84, &["s3-gateway-endpoint-missing-route"]),
    (85, &["vpce-private-dns-off"]),
    (86, &["vpce-policy-denies"]),
    (87, &["nacl-blocks-egress"]),
    (88, &["nat-route-blackhole"]),
    (89, &["ecr-auth-iam"]),
    (90, &["image-digest-expired", "image-not-found"]),
    (91, &["image-pull-access-denied"]),
    (92, &["image-rate-limited"]),
    (93, &["image-platform-mismatch"]),
    (94, &["image-too-large-no-space"]),
    (95, &["image-pull-network"]),
    (96, &["secret-missing"]),
    (97, &["secret-access-denied"]),
    (98, &["secret-json-key-missing"]),
    (99, &["log-group-missing"]),
    (100, &["log-permission-denied"]),
    (101, &["execution-role-missing"]),
    (102, &["role-not-assumable"]),
    (103, &["env-file-download-failed"]),
    (104, &["efs-mount-failed"]),
    (105, &["eni-provisioning-timeout"]),
    (106, &["subnet-ip-exhausted"]),
    (107, &["taskdef-incompatible-compute"]),
    (108, &["container-runtime-timeout"]),
    (109, &["cannot-start-container"]),
    (110, &["dependson-deadlock"]),
    (111, &["ebs-attach-failed"]),
    (112, &["task-stuck-pending"]),
    (113, &["hc-timeout-blocking-logs"]),
    (120, &["task-killed-elb-health"]),
    (
        121,
        &[
            "container-hc-cmd-form",
            "container-hc-ipv6-localhost",
            "container-hc-no-shell",
            "container-hc-start-period",
            "container-hc-timeout",
            "container-hc-tool-missing",
            "container-hc-wrong-port",
            "container-healthcheck-failing",
        ],
    ),
    (122, &["container-health-unknown-is-normal"]),
    (123, &["health-stale-agent-disconnected"]),
    (130, &["oom-killed"]),
    (131, &["oom-suspected"]),
    (132, &["app-crash-exit-nonzero"]),
    (133, &["container-exited-zero"]),
    (134, &["command-not-found"]),
    (135, &["aborted", "illegal-instruction", "segfault"]),
    (136, &["sigterm-ignored"]),
    (137, &["sibling-collateral-exit"]),
    (138, &["non-essential-sidecar-dead"]),
    (140, &["spot-interrupted"]),
    (141, &["fargate-task-retirement"]),
    (142, &["host-terminated"]),
    (143, &["instance-drain-stop"]),
    (144, &["user-stopped"]),
    (145, &["scaling-activity-stop"]),
    (146, &["infrastructure-health-stop"]),
    (147, &["task-flapping"]),
    (148, &["stopped-evidence-expired"]),
    (150, &["placement-insufficient-cpu"]),
    (151, &["placement-insufficient-memory"]),
    (152, &["placement-port-conflict"]),
    (153, &["placement-eni-limit"]),
    (154, &["placement-attribute-missing"]),
    (155, &["placement-constraint-unsatisfied"]),
    (156, &["placement-no-instances"]),
    (157, &["placement-location-mismatch"]),
    (158, &["placement-agent-disconnected"]),
    (159, &["placement-gpu"]),
    (160, &["fargate-capacity-unavailable"]),
    (161, &["fargate-task-quota", "fargate-vcpu-quota"]),
    (162, &["fargate-size-above-limit"]),
    (163, &["fargate-unsupported-az"]),
    (164, &["provisioning-limit-500"]),
    (165, &["scheduler-throttled"]),
    (166, &["start-throttled-backoff"]),
    (167, &["az-rebalance-blocked"]),
    (168, &["capacity-provider-asg-maxed"]),
    (169, &["capacity-provider-scaling-disabled"]),
    (170, &["asg-launch-failing"]),
    (171, &["instance-not-registering"]),
    (172, &["instance-draining-stuck"]),
    (173, &["instance-impaired"]),
    (174, &["eni-trunk-registration-failed"]),
    (175, &["capacity-provider-update-failed"]),
    (176, &["desired-zero"]),
    (177, &["service-draining-or-inactive"]),
    (178, &["running-above-desired"]),
    (179, &["unhealthy-replacement-stops-first"]),
    (180, &["deployment-failed-circuit-breaker"]),
    (181, &["deployment-rolled-back"]),
    (182, &["deployment-rollback-failed"]),
    (183, &["deployment-failed-alarm"]),
    (184, &["deployment-alarm-ignored"]),
    (185, &["deployment-min-max-deadlock"]),
    (186, &["deployment-needs-extra-capacity"]),
    (187, &["deployment-no-failure-detection"]),
    (188, &["deployment-in-progress-normal"]),
    (189, &["deployment-stuck"]),
    (190, &["deployment-old-tasks-not-stopping"]),
    (191, &["deployment-paused-at-hook"]),
    (192, &["deployment-hook-failed"]),
    (193, &["deployment-hook-running"]),
    (194, &["bluegreen-listener-misconfigured"]),
    (195, &["bluegreen-role-missing-permission"]),
    (196, &["bluegreen-green-unhealthy"]),
    (197, &["bluegreen-baking"]),
    (198, &["deployment-superseded"]),
    (199, &["deployment-early-success"]),
    (200, &["codedeploy-waiting"]),
    (201, &["external-controller-no-taskset"]),
    (202, &["deployment-could-not-launch"]),
    (203, &["deployment-image-unchanged"]),
    (204, &["taskdef-not-latest"]),
    (205, &["taskdef-inactive"]),
    (206, &["service-revision-mixed"]),
    (210, &["autoscaling-at-max"]),
    (211, &["autoscaling-out-of-bounds"]),
    (212, &["autoscaling-suspended"]),
    (213, &["autoscaling-scale-in-paused-by-deploy"]),
    (214, &["autoscaling-failed-activity"]),
    (215, &["autoscaling-flap-guard"]),
    (216, &["manual-scale-will-be-overridden"]),
    (217, &["autoscaling-not-scalable"]),
    (220, &["service-linked-role-missing"]),
    (221, &["service-iam-misconfigured"]),
    (222, &["service-discovery-unhealthy"]),
    (223, &["service-connect-proxy-failing"]),
    (224, &["service-connect-portname-missing"]),
    (225, &["namespace-missing"]),
    (226, &["exec-agent-not-running", "exec-not-enabled"]),
    (227, &["plaintext-secret-in-env"]),
    (228, &["no-log-configuration"]),
    (229, &["image-latest-tag"]),
    (230, &["no-container-or-lb-healthcheck"]),
    (231, &["single-task-no-ha"]),
    (232, &["platform-version-old"]),
    (233, &["cpu-memory-near-limit"]),
    (234, &["taskdef-quota-or-size"]),
    (235, &["guardduty-sidecar-failing"]),
    (236, &["insufficient-permissions"]),
    (237, &["lattice-target-unhealthy"]),
    (238, &["express-gateway-managed"]),
    (239, &["daemon-max-percent"]),
];

/// Ids beyond the numbered ones.
const OWN: &[&str] = &["killed-without-reason", "task-start-failed", "task-start-network"];

#[test]
fn every_finding_is_implemented_or_says_why_not() {
    let implemented: BTreeMap<&str, u16> = entries().iter().map(|entry| (entry.id, entry.number)).collect();
    let missing: BTreeMap<&str, u16> = missing().iter().map(|missing| (missing.id, missing.number)).collect();
    let numbered: BTreeMap<&str, u16> =
        ALL.iter().flat_map(|(number, ids)| ids.iter().map(move |id| (*id, *number))).collect();
    let nowhere: Vec<&&str> =
        numbered.keys().filter(|id| !implemented.contains_key(**id) && !missing.contains_key(**id)).collect();
    assert!(nowhere.is_empty(), "neither implemented nor explained: {nowhere:?}");
    for (id, number) in implemented.iter().chain(&missing) {
        assert!(OWN.contains(id) || numbered.get(id) == Some(number), "{id} has another number than {number}");
    }
    let both: Vec<&&str> = implemented.keys().filter(|id| missing.contains_key(**id)).collect();
    assert!(both.is_empty(), "implemented and said to be missing: {both:?}");
}

#[test]
fn ids_are_unique_and_pages_are_written() {
    let mut seen = BTreeSet::new();
    for entry in entries() {
        assert!(seen.insert(entry.id), "{} is there twice", entry.id);
        for (what, text) in
            [("title", entry.title), ("meaning", entry.meaning), ("decided", entry.decided), ("fix", entry.fix)]
        {
            assert!(text.len() > 10, "{}: {what}", entry.id);
        }
        assert!(!entry.title.ends_with('.'), "{}: a title has no full stop", entry.id);
        assert!(!entry.sources.is_empty(), "{}: sources", entry.id);
        for general in entry.instead_of {
            assert!(entries().iter().any(|other| other.id == *general), "{}: instead of {general}?", entry.id);
        }
    }
    for missing in missing() {
        assert!(missing.reason.ends_with('.'), "{}: a reason is a sentence", missing.id);
    }
}

#[test]
fn what_is_more_specific_is_never_also_more_general() {
    let general: BTreeMap<&str, &[&str]> = entries().into_iter().map(|entry| (entry.id, entry.instead_of)).collect();
    for entry in entries() {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&str> = entry.instead_of.to_vec();
        while let Some(id) = next.pop() {
            assert_ne!(id, entry.id, "{} replaces itself", entry.id);
            if seen.insert(id) {
                next.extend(general.get(id).copied().unwrap_or_default());
            }
        }
    }
}

#[test]
fn a_benign_note_brings_nothing_about() {
    for entry in entries().into_iter().filter(|entry| entry.severity == Severity::Info) {
        assert!(entry.explains.is_empty(), "{}", entry.id);
    }
}
