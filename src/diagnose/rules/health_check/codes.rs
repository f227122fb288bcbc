//! Answers that do not count as healthy: what each code means, and what the target group accepts (catalogue 3.1, 1 to 9, 72
//! and 73).

use std::collections::BTreeMap;

use super::failing::{Checks, Said};
use super::lines;
use super::pages::codes::{
    BAD_REQUEST, CREDENTIALS, GRPC, MISSING_PATH, OTHER_CODE, OTHER_SUCCESS, PROXY, RATE_LIMIT, RECENTLY_FIXED,
    REDIRECT, SERVER_ERROR,
};
use super::report::{DEFINITIONS, LOGS, Lot, TASKS};
use crate::diagnose::catalogue::Entry;
use crate::diagnose::finding::{Confidence, Finding, Fix};
use crate::diagnose::matcher::Matcher;
use crate::diagnose::target_health::list;

/// Codes, what they belong to, and what they say in a few words.
const CLASSES: &[(std::ops::RangeInclusive<u16>, &Entry, &str)] = &[
    (200..=299, &OTHER_SUCCESS, "a success the target group does not list"),
    (300..=399, &REDIRECT, "a redirect, which is not followed"),
    (401..=401, &CREDENTIALS, "credentials are asked for"),
    (403..=403, &CREDENTIALS, "access is refused"),
    (407..=407, &CREDENTIALS, "a proxy asks for credentials"),
    (404..=404, &MISSING_PATH, "the path does not exist"),
    (405..=405, &MISSING_PATH, "the path exists, but not for GET"),
    (410..=410, &MISSING_PATH, "the path is gone"),
    (400..=400, &BAD_REQUEST, "a bad request: the Host header, or plain HTTP to a TLS port"),
    (421..=421, &BAD_REQUEST, "a host the server is not responsible for"),
    (426..=426, &BAD_REQUEST, "another protocol is asked for"),
    (431..=431, &BAD_REQUEST, "headers too large"),
    (429..=429, &RATE_LIMIT, "too many requests"),
    (502..=502, &PROXY, "a proxy in the task gets no valid answer from the application"),
    (503..=503, &PROXY, "the application, or a proxy before it, is not ready"),
    (504..=504, &PROXY, "a proxy in the task waits for the application in vain"),
    (500..=599, &SERVER_ERROR, "the application fails"),
];

fn class(code: u16) -> (&'static Entry, &'static str) {
    let row = CLASSES.iter().find(|(codes, ..)| codes.contains(&code));
    row.map_or((&OTHER_CODE, "no common meaning for a health check"), |(_, entry, words)| (*entry, *words))
}

/// What all the codes belong to.
fn entry(codes: &[u16], grpc: bool) -> &'static Entry {
    if grpc {
        return &GRPC;
    }
    let mut entries: Vec<&'static Entry> = codes.iter().map(|code| class(*code).0).collect();
    entries.sort_by_key(|entry| entry.number);
    entries.dedup();
    match entries.as_slice() {
        [one] => one,
        [one, other] if (*one, *other) == (&PROXY, &SERVER_ERROR) => &SERVER_ERROR,
        _ => &OTHER_CODE,
    }
}

/// Looks at targets that answered with codes. Those whose codes may heal with time are excused when it is `early` for them:
/// then time is the cause, and it is reported elsewhere.
pub(super) fn find<'s, 'a>(
    checks: &Checks<'s, 'a>,
    early: impl Fn(&Lot<'s, 'a>) -> bool,
    excused: &mut Vec<Lot<'s, 'a>>,
    findings: &mut Vec<Finding>,
) {
    let matcher = checks.check().and_then(|check| check.matcher.as_deref()).and_then(Matcher::parse);
    let accepted = |code: u16| matcher.as_ref().is_some_and(|matcher| matcher.accepts(code));
    let (mut failing, mut mended) = (Lot::default(), Lot::default());
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    for (said, lot) in checks.said() {
        let Said::Codes(codes) = &said else { continue };
        if codes.iter().all(|code| accepted(*code)) {
            mended.places.extend(lot.places);
            continue;
        }
        if said.may_heal() && early(&lot) {
            excused.push(lot);
            continue;
        }
        for code in codes.iter().filter(|code| !accepted(**code)) {
            *counts.entry(*code).or_default() += 1;
        }
        failing.places.extend(lot.places);
        failing.heard.extend(lot.heard);
    }
    if !mended.is_empty() {
        findings.push(recently_fixed(checks, &mended));
    }
    if !failing.is_empty() {
        let mut codes: Vec<(u16, usize)> = counts.into_iter().collect();
        codes.sort_by_key(|(code, count)| (std::cmp::Reverse(*count), *code));
        let codes: Vec<u16> = codes.into_iter().map(|(code, _)| code).collect();
        findings.push(mismatch(checks, &failing, &codes));
    }
}

fn matcher_field(checks: &Checks<'_, '_>) -> &'static str {
    if checks.is_grpc() { "Matcher.GrpcCode" } else { "Matcher.HttpCode" }
}

fn recently_fixed(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> Finding {
    let matcher = checks.check().and_then(|check| check.matcher.as_deref()).unwrap_or_default();
    let eta = checks.recovery_seconds();
    let when = eta.map(|seconds| format!(" within about {seconds} s")).unwrap_or_default();
    let finding = checks.finding(
        &RECENTLY_FIXED,
        Confidence::High,
        lot,
        format!("The health check accepts {matcher} by now, and {} will turn healthy", checks.tally(lot)),
    );
    let finding = finding.short("success codes were changed, waiting").explain(format!(
        "Every code the load balancer names is among the success codes \"{matcher}\". The codes were seen before the target \
         group was changed; unless the answers change, the targets turn healthy{when}."
    ));
    checks
        .settings_of(finding, &[matcher_field(checks), "HealthyThresholdCount", "HealthCheckIntervalSeconds"])
        .fix(Fix::new("Nothing to do but wait").eta(eta))
}

fn confidence(entry: &Entry) -> Confidence {
    match entry.number {
        3 | 5 | 7 => Confidence::High,
        4 => Confidence::Medium,
        _ => Confidence::Certain,
    }
}

fn mismatch(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, codes: &[u16]) -> Finding {
    let grpc = checks.is_grpc();
    let entry = entry(codes, grpc);
    let said = list(codes);
    let matcher = checks.check().and_then(|check| check.matcher.as_deref());
    let status = if grpc { "gRPC status " } else { "" };
    let title = match matcher {
        Some(matcher) => format!("Health check expects {status}{matcher}, the app answers {said}"),
        None => format!("Health check does not accept the app's answer {said}"),
    };
    let short = match matcher {
        Some(matcher) => format!("health check wants {matcher}, app says {said}"),
        None => format!("health check fails, app says {said}"),
    };
    let (detail, sure) = detail(checks, lot, entry, codes);
    let source = if lot.is_hearsay() {
        " The targets are gone already; events of the present deployment name the code."
    } else {
        ""
    };
    let expected = matcher.map(|matcher| format!("; success codes are \"{matcher}\"")).unwrap_or_default();
    let explanation = format!(
        "{} answers {said}{expected}. {detail} The answer proves that network, port and protocol between load balancer and \
         task work.{}{source}",
        checks.request(lot),
        checks.spread(lot)
    );
    let finding = checks.finding(entry, sure, lot, title).short(short).explain(explanation);
    let finding = checks.settings_of(
        finding,
        &[
            "HealthCheckPath",
            matcher_field(checks),
            "HealthCheckIntervalSeconds",
            "UnhealthyThresholdCount",
            "HealthyThresholdCount",
        ],
    );
    let finding = more_evidence(checks, lot, entry, finding);
    finding.fix(fix(checks, lot, entry, codes))
}

/// What the codes mean here, and how sure that is.
fn detail(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, entry: &'static Entry, codes: &[u16]) -> (String, Confidence) {
    let sure = confidence(entry);
    let text = match entry.number {
        1 => "The load balancer does not follow redirects, and the application redirects the check: to https, to a login \
              page, or to where it really lives."
            .to_owned(),
        8 => grpc_detail(checks, codes),
        4 => match complaint(checks, lot) {
            Some(Complaint::Host) => {
                return (
                    "Its log says that it refuses the Host header: health checks carry an address there, not a name."
                        .to_owned(),
                    Confidence::High,
                );
            }
            Some(Complaint::Tls) => {
                return (
                    "Its log says that plain HTTP came to a port that wants TLS.".to_owned(),
                    Confidence::High,
                );
            }
            None => "Most likely it refuses the Host header, in which health checks carry an address; or plain HTTP comes \
                     to a port that wants TLS."
                .to_owned(),
        },
        5 => {
            let containers = lot.task().and_then(|task| checks.definition_of(task)).map_or(0, |all| all.containers.len());
            let words = list_words(codes);
            if containers > 1 {
                format!("{words} The task has {containers} containers; look at the one behind the proxy.")
            } else {
                words
            }
        }
        73 if codes.len() > 1 => format!("Different things are wrong: {}", list_words(codes)),
        _ => list_words(codes),
    };
    (text, sure)
}

/// `302: a redirect, which is not followed. 404: …`
fn list_words(codes: &[u16]) -> String {
    codes.iter().map(|code| format!("{code}: {}.", class(*code).1)).collect::<Vec<_>>().join(" ")
}

fn grpc_detail(checks: &Checks<'_, '_>, codes: &[u16]) -> String {
    let check = checks.check();
    let path = check.and_then(|check| check.path.as_deref()).unwrap_or_default();
    let matcher = check.and_then(|check| check.matcher.as_deref()).unwrap_or_default();
    if codes == [0] && matcher == "12" {
        format!(
            "Status 0 is OK: the server answers {path} well, but the target group still has the default 12 \
             (UNIMPLEMENTED), which expects a server without that method."
        )
    } else if codes == [12] {
        format!("Status 12 is UNIMPLEMENTED: the server has no method {path}.")
    } else {
        "The method answers with another gRPC status than the target group takes for healthy.".to_owned()
    }
}

enum Complaint {
    Host,
    Tls,
}

fn complaint(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> Option<Complaint> {
    let said = |says: fn(&str) -> bool| checks.journals_like(lot.task()).any(|journal| journal.last(says).is_some());
    if said(lines::plain_to_tls) {
        Some(Complaint::Tls)
    } else if said(lines::host_refused) {
        Some(Complaint::Host)
    } else {
        None
    }
}

fn more_evidence(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, entry: &Entry, mut finding: Finding) -> Finding {
    let quote = |finding: Finding, journal: &super::logs::Journal<'_>, message: &str| {
        finding.evidence(LOGS, format!("log stream {}", journal.stream.stream), "message", checks.scene.quote(message))
    };
    match entry.number {
        4 => {
            for journal in checks.journals_like(lot.task()).take(1) {
                let line = journal.last(|line| lines::plain_to_tls(line) || lines::host_refused(line));
                if let Some(line) = line {
                    finding = quote(finding, journal, &line.message);
                }
            }
        }
        6 => {
            for journal in checks.journals_like(lot.task()).take(1) {
                for line in journal.errors(3) {
                    finding = quote(finding, journal, &line.message);
                }
            }
        }
        5 => {
            if let Some((task, definition)) =
                lot.task().and_then(|task| checks.definition_of(task).map(|definition| (task, definition)))
            {
                let names: Vec<&str> = definition.containers.iter().map(|container| container.name.as_str()).collect();
                finding = finding.evidence(
                    DEFINITIONS,
                    definition.arn.name(),
                    "containerDefinitions[].name",
                    names.join(", "),
                );
                for container in task.containers.iter().filter(|_| names.len() > 1) {
                    let status = container.last_status.as_deref().unwrap_or("absent");
                    let subject = format!("container {} of task {}", container.name, task.arn.short_id());
                    finding = finding.evidence(TASKS, subject, "containers[].lastStatus", status);
                }
            }
        }
        _ => {}
    }
    finding
}

/// A path the application is known to answer: the one the container's own health check asks, or a common one.
fn better_path(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>) -> (String, bool) {
    let port = checks.group.binding.and_then(|binding| binding.container_port);
    let current = checks.check().and_then(|check| check.path.as_deref());
    let definition = lot.task().and_then(|task| checks.definition_of(task)).or_else(|| checks.scene.definition());
    let own = definition
        .into_iter()
        .flat_map(|definition| &definition.containers)
        .filter(|container| checks.container().is_none_or(|wanted| wanted == container.name))
        .filter_map(|container| container.health_check.as_ref())
        .find_map(|check| lines::checked_path(&check.command.join(" "), port))
        .filter(|path| Some(path.as_str()) != current);
    match own {
        Some(path) => (path, true),
        None if current == Some("/healthz") => ("/health".to_owned(), false),
        None => ("/healthz".to_owned(), false),
    }
}

fn path_fix(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, what: &str) -> Fix {
    let (path, known) = better_path(checks, lot);
    let why = if known {
        format!("{what}: {path} is what the container's own health check asks")
    } else {
        format!("{what}; {path} stands for the path your application offers")
    };
    checks.group_fix(why, &["--health-check-path", &path], &format!("health_check {{ path = \"{path}\" }}"))
}

fn fix(checks: &Checks<'_, '_>, lot: &Lot<'_, '_>, entry: &Entry, codes: &[u16]) -> Fix {
    match entry.number {
        1 => path_fix(checks, lot, "Check a path that answers 200 without redirect or login"),
        2 if checks.only_new(lot) => {
            path_fix(checks, lot, "Bring the route back in the new revision, or change the path together with it")
        }
        2 => path_fix(checks, lot, "Check a path the application has"),
        3 => path_fix(checks, lot, "Check a path that needs no login"),
        4 => match complaint(checks, lot) {
            Some(Complaint::Host) => Fix::new(
                "Allow addresses of the VPC as Host header (ALLOWED_HOSTS, config.hosts, a default server), or answer the \
                 path of the health check before hosts are checked",
            )
            .eta(checks.recovery_seconds()),
            Some(Complaint::Tls) => checks.group_fix(
                "Check by HTTPS",
                &["--health-check-protocol", "HTTPS"],
                "health_check { protocol = \"HTTPS\" }",
            ),
            None => path_fix(checks, lot, "Accept an address as Host header, or check a path that does not look at it"),
        },
        5 => Fix::new(
            "Look at the log of the container behind the proxy; keep the readiness check free of dependencies; raise the \
             grace period only if it clears by itself after the start",
        )
        .eta(checks.recovery_seconds()),
        6 => Fix::new("Read the log of the task around the checks and mend what fails").eta(checks.recovery_seconds()),
        7 => Fix::new("Exempt the user agent ELB-HealthChecker/2.0 or the path of the health check from the rate limit")
            .eta(checks.recovery_seconds()),
        8 => grpc_fix(checks, codes),
        72 => checks.group_fix(
            "Accept every success",
            &["--matcher", "HttpCode=200-299"],
            "health_check { matcher = \"200-299\" }",
        ),
        _ => path_fix(checks, lot, "Check a path made for it"),
    }
}

fn grpc_fix(checks: &Checks<'_, '_>, codes: &[u16]) -> Fix {
    if codes == [12] {
        return checks.group_fix(
            "Expect UNIMPLEMENTED, or implement the health service",
            &["--matcher", "GrpcCode=12"],
            "health_check { matcher = \"12\" }",
        );
    }
    checks.group_fix(
        "Ask the standard health service and expect 0",
        &["--health-check-path", "/grpc.health.v1.Health/Check", "--matcher", "GrpcCode=0"],
        "health_check { path = \"/grpc.health.v1.Health/Check\", matcher = \"0\" }",
    )
}
