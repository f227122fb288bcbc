//! What a diagnosis found, on the screen: made by hand, so that the screen is tested and not the rules.

use insta::assert_snapshot;
use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::world::{World, balanced, dead_service, group, options, service, settings};
use crate::app::Options;
use crate::app::judgement::Judgement;
use crate::app::kept::tasks_of;
use crate::app::message::{Effect, Msg, Size};
use crate::app::overlay::Overlay;
use crate::app::screens::Tab;
use crate::app::screens::network::drawn;
use crate::app::store::Moment;
use crate::diagnose::catalogue::{Bearing, CHECKS_FAIL, Effect as Seen, Entry, Rank};
use crate::diagnose::diagnosis::{Check, CheckName, CheckVerdict, Diagnosis};
use crate::diagnose::finding::{Confidence, Finding, Fix, Severity};
use crate::diagnose::fixtures::{definition, running_task};
use crate::diagnose::health::{Assessment, Health};
use crate::diagnose::network::{Hop, Path, Verdict};
use crate::model::call::ErrorKind;
use crate::model::query::{Answer, Query};
use crate::model::task_definition::TaskDefinition;
use crate::ui::{Theme, view};

const fn kind(id: &'static str, severity: Severity, rank: Rank, bearing: Bearing) -> Entry {
    Entry {
        id,
        number: 1,
        severity,
        rank,
        effect: None,
        explains: CHECKS_FAIL,
        bearing,
        instead_of: &[],
        title: "The health check and the application disagree about the status code",
        meaning: "The load balancer asks the application whether it is well. It does not follow redirects: an answer 302 is \
                  an answer that is not 200.\n\nECS kills what the load balancer calls unhealthy and starts it again.",
        decided: "Targets are unhealthy with Target.ResponseCodeMismatch, and the codes in the description are not among \
                  those of Matcher.HttpCode.",
        fix: "Let the check ask a path that answers 200 without a login, or add the code to the matcher.",
        sources: &[
            "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
        ],
    }
}

static MISMATCH: Entry = kind("tg-code-mismatch-redirect", Severity::Critical, Rank::HealthCheck, Bearing::Present);
static STUCK: Entry = Entry {
    effect: Some(Seen::StuckDeployment),
    ..kind("deployment-stuck", Severity::Error, Rank::Symptom, Bearing::Present)
};
static OUT_OF_MEMORY: Entry = kind("oom-container", Severity::Error, Rank::AwsText, Bearing::Present);
static NO_BREAKER: Entry = kind("circuit-breaker-off", Severity::Info, Rank::Timing, Bearing::Hygiene);

fn mismatch() -> Finding {
    let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web-tg/0a1b";
    let mut finding = Finding::new(&MISMATCH, Confidence::Certain, "Health check expects 200, the app answers 302")
        .explain(
            "GET / on 8080 answers 302. The load balancer does not follow redirects; success codes are \"200\". Every \
             task is killed about 75 s after it started.",
        )
        .short("health check wants 200, app says 302")
        .fix(
            Fix::new("Check a path that answers 200: /healthz did in the log of this task")
                .aws(["elbv2", "modify-target-group", "--target-group-arn", group, "--health-check-path", "/healthz"])
                .terraform("aws_lb_target_group.web → health_check { path = \"/healthz\" }")
                .eta(Some(150)),
        );
    for address in ["10.0.12.7:8080", "10.0.12.8:8080", "10.0.12.9:8080", "10.0.12.10:8080"] {
        finding = finding.evidence(
            "elasticloadbalancing:DescribeTargetHealth",
            format!("target {address}"),
            "TargetHealth.Description",
            "Health checks failed with these codes: [302]",
        );
    }
    finding = finding
        .evidence("elasticloadbalancing:DescribeTargetGroups", "target group web-tg", "Matcher.HttpCode", "200")
        .evidence("elasticloadbalancing:DescribeTargetGroups", "target group web-tg", "HealthCheckPath", "/")
        .evidence("elasticloadbalancing:DescribeTargetGroups", "target group web-tg", "HealthCheckPort", "traffic-port")
        .evidence("ecs:DescribeServices", "service web", "healthCheckGracePeriodSeconds", "absent");
    finding.consequences = vec![
        Finding::new(&STUCK, Confidence::Certain, "Deployment web:31 has made no progress for 12 minutes"),
        Finding::new(&STUCK, Confidence::High, "Tasks are replaced about every 75 s"),
    ];
    finding
}

fn out_of_memory() -> Finding {
    Finding::new(&OUT_OF_MEMORY, Confidence::High, "Container xray needs more than its 256 MiB")
        .explain("The kernel killed it 3 times in the last hour.")
        .evidence("ecs:DescribeTasks", "task 3c4d5e6f", "containers[xray].reason", "OutOfMemoryError: killed")
        .fix(Fix::new("Raise the container's memory to 512 MiB in the task definition and deploy it"))
}

fn no_breaker() -> Finding {
    Finding::new(&NO_BREAKER, Confidence::Certain, "A failing deployment is retried for ever")
        .short("no circuit breaker")
}

fn check(check: CheckName, verdict: CheckVerdict, detail: &str, missing: Option<&str>) -> Check {
    Check { check, verdict, detail: detail.to_owned(), missing_permission: missing.map(str::to_owned) }
}

fn checks() -> Vec<Check> {
    use CheckVerdict::{Blocked, Open, Partial, Passed, Skipped, Unknown};
    vec![
        check(CheckName::TargetHealth, Blocked, "0 of 4 healthy", None),
        check(CheckName::HealthCheckSettings, Blocked, "302 is not 200", None),
        check(CheckName::SecurityGroups, Open, "8080 open from sg-0edge", None),
        check(CheckName::NetworkAcls, Unknown, "could not be read", Some("ec2:DescribeNetworkAcls")),
        check(CheckName::Routes, Passed, "inside the VPC", None),
        check(CheckName::StoppedTasks, Partial, "3 of 8 explained", None),
        check(CheckName::Placement, Skipped, "", None),
        check(CheckName::Autoscaling, Unknown, "", Some("application-autoscaling:DescribeScalableTargets")),
    ]
}

fn hop(what: &str, verdict: Verdict, why: &str, rule: Option<&str>, near_miss: Option<&str>) -> Hop {
    let (rule, near_miss) = (rule.map(str::to_owned), near_miss.map(str::to_owned));
    Hop { what: what.to_owned(), verdict, why: why.to_owned(), rule, near_miss }
}

fn paths() -> Vec<Path> {
    vec![
        Path {
            name: "clients → edge HTTPS:443".to_owned(),
            verdict: Verdict::Open,
            hops: vec![hop(
                "security groups of the load balancer, ingress",
                Verdict::Open,
                "443 is open to everybody",
                Some("sg-0edge: tcp 443 from 0.0.0.0/0"),
                None,
            )],
        },
        Path {
            name: "edge → tasks on 8080 (health check)".to_owned(),
            verdict: Verdict::Blocked,
            hops: vec![
                hop(
                    "security groups of the load balancer, egress",
                    Verdict::Open,
                    "everything may leave",
                    Some("sg-0edge: all to 0.0.0.0/0"),
                    None,
                ),
                hop(
                    "security groups of the task, ingress",
                    Verdict::Blocked,
                    "no rule lets 8080 in from sg-0edge, the group of the load balancer",
                    None,
                    Some("sg-0b7e: tcp 8080 from sg-0old, which is not attached to the load balancer"),
                ),
                hop("network ACLs", Verdict::Unknown, "denied ec2:DescribeNetworkAcls", None, None),
            ],
        },
    ]
}

fn diagnosis(findings: Vec<Finding>, health: Health) -> Diagnosis {
    Diagnosis { service: "web".to_owned(), health, findings, checks: checks() }
}

/// A cluster whose service `web` was diagnosed like this; nothing is answered any more, so it stays.
fn diagnosed(findings: Vec<Finding>, health: Health, size: (u16, u16)) -> World {
    let broken = if health == Health::Healthy { service("web") } else { dead_service("web") };
    let options = Options { service: Some("web".to_owned()), ..options() };
    let mut world = World::settled(options, vec![service("accounts"), balanced(broken)]);
    world.send(Msg::Resize(Size { width: size.0, height: size.1 }));
    let arn = world.app.selected_arn().unwrap();
    assert_eq!(arn.name(), "web");
    let assessment = Assessment { health, headline: None };
    let judgement = Judgement::new(assessment, diagnosis(findings, health));
    world.app.store.services.get_mut(&arn).unwrap().judgement = Some(judgement);
    world.effects.clear();
    world
}

fn failing(findings: Vec<Finding>, size: (u16, u16)) -> World {
    diagnosed(findings, Health::Failing, size)
}

pub(super) fn screen(world: &World) -> String {
    let Size { width, height } = world.app.size();
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view(&world.app, &Theme::default(), &mut buffer);
    let row = |row: u16| (0..width).map(|column| buffer[(column, row)].symbol()).collect::<String>();
    (0..height).map(|y| row(y).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

const SIZES: [(u16, u16); 3] = [(80, 24), (140, 36), (200, 50)];

#[test]
fn a_finding_on_the_overview() {
    for (width, height) in SIZES {
        let mut world = failing(vec![mismatch()], (width, height));
        assert_snapshot!(format!("finding_{width}x{height}"), screen(&world));
        world.keys("enter");
        assert_snapshot!(format!("finding_zoomed_{width}x{height}"), screen(&world));
    }
}

#[test]
fn two_findings_and_advice_on_the_overview() {
    for (width, height) in SIZES {
        let mut world = failing(vec![mismatch(), no_breaker(), out_of_memory()], (width, height));
        assert_snapshot!(format!("two_findings_{width}x{height}"), screen(&world));
        world.keys("enter j");
        while world.app.looked_at().unwrap().id() != OUT_OF_MEMORY.id {
            world.keys("j");
        }
        assert_snapshot!(format!("second_finding_{width}x{height}"), screen(&world));
    }
}

#[test]
fn advice_alone_leaves_the_overview_calm() {
    let mut world = diagnosed(vec![no_breaker()], Health::Healthy, (80, 24));
    assert_snapshot!("advice_80x24", screen(&world));
    world.keys("enter");
    assert_snapshot!("advice_zoomed_80x24", screen(&world));
}

#[test]
fn the_page_of_a_finding() {
    for (width, height) in SIZES {
        let mut world = failing(vec![mismatch()], (width, height));
        world.keys("enter enter");
        assert_snapshot!(format!("page_{width}x{height}"), screen(&world));
    }
}

#[test]
fn the_network_hop_by_hop() {
    for (width, _) in SIZES {
        let lines = drawn(&paths(), usize::from(width)).lines;
        let lines: Vec<String> = lines.iter().map(|line| line.text().trim_end().to_owned()).collect();
        assert_snapshot!(format!("network_{width}"), lines.join("\n"));
    }
}

#[test]
fn a_network_that_cannot_be_told_says_what_is_read_and_what_was_denied() {
    let mut world = failing(Vec::new(), (80, 24));
    world.keys("8 enter");
    let arn = world.app.selected_arn().unwrap();
    let entry = world.app.store.services.get_mut(&arn).unwrap();
    let vpc = |id: &str| Query::Vpc { vpc: id.to_owned() };
    entry.needs = vec![vpc("vpc-1"), vpc("vpc-2")];
    let mut denied = super::world::error(ErrorKind::Denied, "DescribeSecurityGroups");
    denied.operation.service = "ec2".to_owned();
    let at = world.at;
    crate::app::remote::Slot::fail(world.app.store.answers.entry(vpc("vpc-2")).or_default(), at, denied);
    assert_snapshot!("network_unread_80x24", screen(&world));
}

#[test]
fn no_line_is_wider_than_the_screen_whatever_its_size() {
    for width in (40..=220).step_by(9) {
        for (keys, tab) in [("1", Tab::Overview), ("8", Tab::Network), ("1 enter j", Tab::Overview)] {
            let mut world = failing(vec![mismatch(), no_breaker(), out_of_memory()], (width, 24));
            world.keys(keys);
            assert_eq!(world.app.detail().tab, tab);
            let inside = usize::from(width) - 2;
            for line in crate::app::screens::tab(&world.app, inside).lines {
                assert!(line.width() <= inside, "{width}, {keys}: {}", line.text());
            }
            screen(&world);
        }
    }
}

/// Keys, where they lead, and which of two findings and an advice is looked at then.
#[test]
fn keys_move_among_findings_once_the_overview_is_zoomed() {
    for (keys, id) in [
        ("", MISMATCH.id),
        ("enter", MISMATCH.id),
        ("enter j", OUT_OF_MEMORY.id),
        ("enter down", OUT_OF_MEMORY.id),
        ("enter j j", NO_BREAKER.id),
        ("enter j j j", NO_BREAKER.id),
        ("enter j j k", OUT_OF_MEMORY.id),
        ("enter k", MISMATCH.id),
        ("enter j esc", OUT_OF_MEMORY.id),
        ("enter 2 j 1", MISMATCH.id),
        ("enter j ] [", MISMATCH.id),
    ] {
        let mut world = failing(vec![mismatch(), no_breaker(), out_of_memory()], (140, 36));
        world.keys(keys);
        // The cursor moved to the other service and back, where another first finding waits.
        let looked_at = world.app.looked_at().map(Finding::id);
        assert_eq!(looked_at, Some(id), "{keys}");
        assert!(screen(&world).contains(&world.app.looked_at().unwrap().title), "{keys}: its title is on the screen");
    }
}

#[test]
fn a_finding_longer_than_the_screen_is_read_before_the_next_one() {
    let mut world = failing(vec![mismatch(), out_of_memory()], (60, 12));
    world.keys("enter j");
    assert_eq!(world.app.looked_at().unwrap().id(), MISMATCH.id, "it scrolls first");
    for _ in 0..40 {
        world.keys("j");
    }
    assert_eq!(world.app.looked_at().unwrap().id(), OUT_OF_MEMORY.id);
    for _ in 0..60 {
        world.keys("k");
    }
    assert_eq!(world.app.looked_at().unwrap().id(), MISMATCH.id);
    assert!(screen(&world).contains("Health check expects 200"));
}

#[test]
fn the_finding_looked_at_stays_when_findings_change_places() {
    let mut world = failing(vec![mismatch(), out_of_memory()], (140, 36));
    world.keys("enter j");
    let arn = world.app.selected_arn().unwrap();
    let put = |world: &mut World, findings: Vec<Finding>| {
        let assessment = Assessment { health: Health::Failing, headline: None };
        let judgement = Judgement::new(assessment, diagnosis(findings, Health::Failing));
        world.app.store.services.get_mut(&arn).unwrap().judgement = Some(judgement);
    };
    put(&mut world, vec![out_of_memory(), mismatch()]);
    assert_eq!(world.app.looked_at().unwrap().id(), OUT_OF_MEMORY.id);
    put(&mut world, vec![mismatch()]);
    assert_eq!(world.app.looked_at().unwrap().id(), MISMATCH.id, "it is gone, so the first");
}

#[test]
fn enter_goes_in_and_further_in_and_esc_comes_back() {
    let mut world = failing(vec![mismatch(), out_of_memory()], (140, 36));
    let page = |world: &World| match world.app.overlay() {
        Some(Overlay::Page { entry, .. }) => Some(entry.id),
        _ => None,
    };
    world.keys("enter j enter");
    assert_eq!(page(&world), Some(OUT_OF_MEMORY.id));
    world.keys("esc");
    assert_eq!((page(&world), world.app.is_zoomed()), (None, true));
    world.keys("esc w");
    assert_eq!((page(&world), world.app.is_zoomed()), (Some(OUT_OF_MEMORY.id), false));
    world.keys("esc 2 enter enter");
    assert_eq!(page(&world), None);
    assert_eq!(world.app.notice().unwrap().text, "already zoomed");

    let mut world = World::settled(options(), vec![service("web")]);
    world.keys("w");
    assert_eq!(world.app.notice().unwrap().text, "nothing was found that there is a page about");
}

#[test]
fn y_copies_the_fix_and_says_so() {
    let command = "aws elbv2 modify-target-group --target-group-arn \
                   arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web-tg/0a1b --health-check-path /healthz";
    for keys in ["y", "enter y", "8 y", "w y"] {
        let mut world = failing(vec![mismatch()], (80, 24));
        world.keys(keys);
        assert_eq!(world.effects, [Effect::Copy(command.to_owned())], "{keys}");
        world.send(Msg::Copied(Ok(())));
        assert_eq!(world.app.notice().unwrap().text, format!("copied: {command}"), "{keys}");
    }
    let mut world = failing(vec![mismatch()], (80, 24));
    world.keys("y");
    world.send(Msg::Copied(Ok(())));
    assert_snapshot!("copied_80x24", screen(&world));
    world.keys("y");
    world.send(Msg::Copied(Err("99 kB are more than terminals take".to_owned())));
    assert_eq!(world.app.notice().unwrap().text, "could not copy: 99 kB are more than terminals take");
}

#[test]
fn without_a_command_y_says_why_and_elsewhere_it_copies_the_name() {
    let mut world = failing(vec![out_of_memory()], (80, 24));
    world.keys("y");
    assert_eq!(world.effects, []);
    let said = world.app.notice().unwrap().text.clone();
    assert_eq!(
        said,
        "nothing to copy, no command does it: Raise the container's memory to 512 MiB in the task definition and deploy it"
    );
    world.keys("9 y");
    let arn = world.app.selected_arn().unwrap();
    assert_eq!(world.effects, [Effect::Copy(arn.as_str().to_owned())]);
    let terraform = Fix::new("Set it").terraform("aws_ecs_service.web → desired_count = 2");
    let mut world = failing(vec![Finding::new(&MISMATCH, Confidence::Low, "x").fix(terraform)], (80, 24));
    world.keys("y");
    assert_eq!(world.effects, [Effect::Copy("aws_ecs_service.web → desired_count = 2".to_owned())]);
}

#[test]
fn the_list_names_the_finding_in_short() {
    let world = failing(vec![no_breaker(), mismatch()], (140, 36));
    let judgement = world.app.judgement().unwrap();
    assert_eq!(judgement.headline.as_deref(), Some("health check wants 200, app says 302"));
    let healthy = |findings| diagnosed(findings, Health::Healthy, (140, 36)).app.judgement().unwrap().headline.clone();
    assert_eq!(healthy(vec![no_breaker()]), None, "advice is no problem");
    assert_eq!(healthy(vec![out_of_memory().severity(Severity::Warning)]), None);
    let rolled_back = out_of_memory().bearing(Bearing::Past);
    assert_eq!(healthy(vec![rolled_back]).as_deref(), Some("Container xray needs more than its 256 MiB"));
}

#[test]
fn every_tab_has_its_key() {
    for tab in Tab::ALL.iter().copied() {
        let mut world = World::settled(options(), vec![service("web")]);
        world.keys(&tab.number().to_string());
        assert_eq!(world.app.detail().tab, tab);
    }
}

#[test]
fn tasks_read_before_the_targets_changed_are_not_missing_among_them() {
    let mut web = balanced(service("web"));
    web.load_balancers[0].container = Some("web".to_owned());
    (web.desired, web.running) = (1, 1);
    let mut world = World::settled(options(), vec![web.clone()]);
    let group = group("web");
    let moment = |world: &World, seconds: i64| {
        let moment = world.app.moment();
        let later = SignedDuration::from_secs(seconds);
        Moment { here: moment.here + later, aws: moment.aws + later }
    };
    let started = world.app.aws_now() - SignedDuration::from_mins(10);
    let settle_tasks = |world: &mut World, seconds: i64, address: &str| {
        let task = running_task("ecs-svc/web", address, started);
        let at = moment(world, seconds);
        world.app.store.settle(&tasks_of(&web), at, Ok(Answer::Tasks(vec![task])));
    };
    let settle_targets = |world: &mut World, seconds: i64, id: &str| {
        let Ok(Answer::TargetHealth(mut targets)) = world.answer(&Query::TargetHealth { target_group: group.clone() })
        else {
            panic!("there are targets")
        };
        targets[0].id = id.to_owned();
        let at = moment(world, seconds);
        let query = Query::TargetHealth { target_group: group.clone() };
        world.app.store.settle(&query, at, Ok(Answer::TargetHealth(targets)));
        // As a new description of the service does.
        world.app.store.settle_service(web.clone(), moment(world, seconds + 20));
    };
    let mut settings = settings(&group);
    settings.load_balancers.push("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/shop/1".into());
    let at = moment(&world, 0);
    let query = Query::TargetGroup { target_group: group.clone() };
    world.app.store.settle(&query, at, Ok(Answer::TargetGroup(Box::new(settings))));
    let arn = web.task_definition.clone().unwrap();
    let revision = TaskDefinition { arn: arn.clone(), ..definition(30) };
    let query = Query::TaskDefinition { task_definition: arn };
    world.app.store.settle(&query, at, Ok(Answer::TaskDefinition(Box::new(revision))));
    let says_missing = |world: &World| {
        let findings = &world.app.store.judgement(&web.arn).unwrap().diagnosis.findings;
        let all = findings.iter().flat_map(|finding| std::iter::once(finding).chain(&finding.consequences));
        all.map(Finding::id).any(|id| id == "target-not-found-in-tg")
    };
    settle_tasks(&mut world, 0, "10.0.0.7");
    settle_targets(&mut world, 1, "10.0.0.7");
    assert!(!says_missing(&world));
    // The task was replaced, which its group shows first.
    settle_targets(&mut world, 30, "10.0.0.8");
    assert!(!says_missing(&world));
    let health = world.app.store.judgement(&web.arn).unwrap().health;
    assert_eq!(health, Health::Healthy, "the new target is taken for one of the service");
    // Now it is known that it still runs, and that the target is that of somebody else.
    settle_tasks(&mut world, 40, "10.0.0.7");
    settle_targets(&mut world, 70, "10.0.0.8");
    assert!(says_missing(&world));
}
