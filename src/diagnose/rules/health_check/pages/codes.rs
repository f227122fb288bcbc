//! Pages about answers that do not count as healthy.

use super::{ALB_CHECKS, ALB_TROUBLE, CHECK, NLB_CHECKS, NOTE, TARGET_HEALTH};
use crate::diagnose::catalogue::{Effect, Entry};
use crate::diagnose::finding::Severity;

/// 300 to 399.
pub(in super::super) static REDIRECT: Entry = Entry {
    id: "tg-code-mismatch-redirect",
    number: 1,
    title: "The application answers the health check with a redirect",
    meaning: "A load balancer does not follow redirects: it compares the code it gets with the success codes of the target group, and 301, 302, 303, 307 and 308 are not among them. Applications redirect to https, to a login page, or from / to where the application lives. The network, the port and the protocol work, or there would be no code.",
    decided: "TargetHealth.Reason is Target.ResponseCodeMismatch and every code in TargetHealth.Description is in 300-399 and not accepted by Matcher.HttpCode. Where the targets are gone already, events of the present deployment that name such codes stand in for them, with less confidence.",
    fix: "Point the check at a path that answers 200 without a login:\n\naws elbv2 modify-target-group --target-group-arn ARN --health-check-path /healthz\n\nAccepting redirects works too, but hides a broken login: --matcher HttpCode=200-399. If the redirect goes to https, exempt the user agent ELB-HealthChecker; health checks carry no X-Forwarded-Proto. Targets count as healthy after healthy threshold x interval.",
    sources: &[ALB_CHECKS, ALB_TROUBLE],
    ..CHECK
};

/// 404, 405, 410.
pub(in super::super) static MISSING_PATH: Entry = Entry {
    id: "tg-code-mismatch-404",
    number: 2,
    title: "The health check asks for a path the application does not have",
    meaning: "The application answers 404, 405 or 410: the path of the health check does not exist in this application or revision, lies under a prefix, or is not meant for GET. When only the targets of a new revision fail, that revision dropped or moved the route.",
    decided: "TargetHealth.Reason is Target.ResponseCodeMismatch and every code is 404, 405 or 410 and not accepted by the matcher.",
    fix: "Set the path the application really answers:\n\naws elbv2 modify-target-group --target-group-arn ARN --health-check-path /correct\n\nIf only a new revision fails, bring the route back, or ship the change of the path together with the revision.",
    sources: &[ALB_TROUBLE, ALB_CHECKS],
    ..CHECK
};

/// 401, 403, 407.
pub(in super::super) static CREDENTIALS: Entry = Entry {
    id: "tg-code-mismatch-auth",
    number: 3,
    title: "The application asks the health check for credentials",
    meaning: "The path of the health check is protected by a login or by a list of addresses or hosts. Authentication rules of the load balancer and WAF do not apply to health checks, so this comes from the application or from a proxy in the task.",
    decided: "TargetHealth.Reason is Target.ResponseCodeMismatch and every code is 401, 403 or 407 and not accepted by the matcher.",
    fix: "Offer a path that needs no login and set it with --health-check-path. Accepting 401 is possible, but then a broken login looks healthy.",
    sources: &[ALB_TROUBLE],
    ..CHECK
};

/// 400, 421, 426, 431.
pub(in super::super) static BAD_REQUEST: Entry = Entry {
    id: "tg-code-mismatch-400-host-or-tls",
    number: 4,
    title: "The application calls the health check a bad request",
    meaning: "Two causes are common. Health checks carry an address as Host header (that of the target behind an application load balancer, that of the load balancer's node behind a network load balancer), and frameworks with a list of allowed hosts refuse it. Or the check speaks plain HTTP to a port that wants TLS, which nginx and others answer with 400.",
    decided: "TargetHealth.Reason is Target.ResponseCodeMismatch and every code is 400, 421, 426 or 431. A log line about the host or about TLS tells which cause it is.",
    fix: "Allow addresses of the VPC as hosts, or answer the health check before hosts are checked. For TLS: aws elbv2 modify-target-group --target-group-arn ARN --health-check-protocol HTTPS",
    sources: &[ALB_TROUBLE, NLB_CHECKS],
    ..CHECK
};

/// 502, 503, 504.
pub(in super::super) static PROXY: Entry = Entry {
    id: "tg-code-mismatch-5xx-proxy",
    number: 5,
    effect: Some(Effect::UnhealthyTargets),
    title: "Something in the task answers for an application that is not ready",
    meaning: "502 and 504 come from a proxy inside the task (nginx, Envoy of Service Connect, an application server) that does not reach the application behind it. 503 is what readiness endpoints answer while a dependency is missing. The network between load balancer and task works. Success codes of an application load balancer cannot contain 5xx.",
    decided: "TargetHealth.Reason is Target.ResponseCodeMismatch and every code is 502, 503 or 504.",
    fix: "Look at the container behind the proxy and at its log. Keep readiness shallow: a check that fails with the database takes every task out at once. Only when it clears by itself after the start, raise the grace period.",
    sources: &[ALB_CHECKS, TARGET_HEALTH],
    ..CHECK
};

/// 500 and other 5xx.
pub(in super::super) static SERVER_ERROR: Entry = Entry {
    id: "tg-code-mismatch-500",
    number: 6,
    title: "The application fails while it answers the health check",
    meaning: "The application throws while it serves the health check. Network, port and protocol work; the reason stands in the application's log.",
    decided: "TargetHealth.Reason is Target.ResponseCodeMismatch and the codes are 5xx with others than 502, 503 and 504 among them.",
    fix: "Read the log of the task around the checks; the finding quotes its last errors.",
    sources: &[ALB_CHECKS],
    ..CHECK
};

/// 429.
pub(in super::super) static RATE_LIMIT: Entry = Entry {
    id: "tg-code-mismatch-429",
    number: 7,
    severity: Severity::Warning,
    title: "A rate limiter counts the health checks",
    meaning: "Every node of the load balancer checks on its own, and network load balancers send more checks than the interval suggests. A rate limiter in the application answers them with 429.",
    decided: "TargetHealth.Reason is Target.ResponseCodeMismatch and every code is 429.",
    fix: "Exempt the user agent ELB-HealthChecker/2.0, or the path of the health check, from the limit.",
    sources: &[NLB_CHECKS, ALB_TROUBLE],
    ..CHECK
};

/// gRPC.
pub(in super::super) static GRPC: Entry = Entry {
    id: "tg-code-mismatch-grpc",
    number: 8,
    title: "The gRPC health check gets another status than it expects",
    meaning: "The default of a gRPC target group asks for /AWS.ALB/healthcheck and expects 12 (UNIMPLEMENTED), which is what a server without that method answers. A server with a real health service answers 0.",
    decided: "ProtocolVersion is GRPC, TargetHealth.Reason is Target.ResponseCodeMismatch and Matcher.GrpcCode does not accept the codes.",
    fix: "aws elbv2 modify-target-group --target-group-arn ARN --health-check-path /grpc.health.v1.Health/Check --matcher GrpcCode=0",
    sources: &[ALB_CHECKS],
    ..CHECK
};

/// The matcher accepts what the target is unhealthy for.
pub(in super::super) static RECENTLY_FIXED: Entry = Entry {
    id: "tg-matcher-recently-fixed",
    number: 9,
    title: "The success codes were changed, and the targets are on their way to healthy",
    meaning: "The load balancer calls a target unhealthy for a code that its target group accepts by now. The description is from before the change; the next checks succeed.",
    decided: "TargetHealth.Reason is Target.ResponseCodeMismatch and Matcher accepts every code in TargetHealth.Description.",
    fix: "Nothing: targets are healthy after healthy threshold x interval.",
    ..NOTE
};

/// 200 to 299.
pub(in super::super) static OTHER_SUCCESS: Entry = Entry {
    id: "tg-code-mismatch-2xx",
    number: 72,
    title: "The application is fine, the success codes are too narrow",
    meaning: "The application answers the health check with a success, but another one than the target group lists, such as 204 where 200 is expected.",
    decided: "TargetHealth.Reason is Target.ResponseCodeMismatch and every code is in 200-299 and not accepted by the matcher.",
    fix: "aws elbv2 modify-target-group --target-group-arn ARN --matcher HttpCode=200-299",
    ..CHECK
};

/// The rest, and mixtures.
pub(in super::super) static OTHER_CODE: Entry = Entry {
    id: "tg-code-mismatch-other",
    number: 73,
    title: "The health check gets codes that do not count as healthy",
    meaning: "Either the code is a rare one, or targets answer with codes of different kinds. The finding leads with the most frequent and says what each of them means.",
    decided: "TargetHealth.Reason is Target.ResponseCodeMismatch, and the codes that Matcher does not accept belong to no other finding or to several.",
    fix: "Ask the application on the path of the health check what it means by the code, or point the check at a path made for it.",
    ..CHECK
};
