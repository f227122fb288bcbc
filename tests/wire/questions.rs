//! The questions only a diagnosis asks: networks, scaling, alarms, figures, logs and capacity.

use ecsight::aws::Priority;
use ecsight::model::arn::TaskDefinitionArn;
use ecsight::model::call::{CallError, ErrorKind};
use ecsight::model::known::Known;
use ecsight::model::network::{PublicAccessBlock, Vpc};
use ecsight::model::observation::LogExcerpt;
use ecsight::model::query::{Answer, LogStream, Query};
use serde_json::json;

use crate::client::{Client, assert_readable, cluster, service};
use crate::scripted::{Asked, Reply, Scripted, XML};

const INTERACTIVE: Priority = Priority::Interactive;

/// How a service writes errors.
#[derive(Clone, Copy, Debug)]
enum Dialect {
    Json,
    Query,
    Ec2,
}

impl Dialect {
    fn error(self, status: u16, code: &str, message: &str) -> Reply {
        match self {
            Self::Json => Reply::json_error(status, code, message),
            Self::Query => Reply::xml_error(status, code, message),
            Self::Ec2 => {
                let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
                let body = format!("<Response><Errors>{error}</Errors><RequestID>req-1</RequestID></Response>");
                Reply::Answer(status, XML, body)
            }
        }
    }
}

/// An answer of EC2.
fn ec2(operation: &str, inside: &str) -> Reply {
    Reply::Answer(200, XML, format!("<{operation}Response>{inside}</{operation}Response>"))
}

fn stream(region: Option<&str>) -> LogStream {
    LogStream { group: "/ecs/web".to_owned(), stream: "web/web/1".to_owned(), region: region.map(ToOwned::to_owned) }
}

fn logs(region: Option<&str>) -> Query {
    Query::Logs { stream: stream(region), since: "2026-11-21T00:00:00Z".parse().unwrap() }
}

fn ids(id: &str) -> Vec<String> {
    vec![id.to_owned()]
}

/// One question for each operation asked first, but those that put up with failures and those of CloudWatch.
fn questions() -> Vec<(&'static str, Dialect, Query)> {
    let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web-tg/0123456789abcdef".into();
    let balancer = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/edge/50dc6c495c0c9188".into();
    let interfaces = "ec2:DescribeNetworkInterfaces";
    vec![
        ("ecs:DescribeServiceRevisions", Dialect::Json, Query::ServiceRevisions { revisions: vec!["r".into()] }),
        ("ecs:ListTaskDefinitions", Dialect::Json, Query::LatestRevision { family: "web".to_owned() }),
        ("ecs:ListContainerInstances", Dialect::Json, Query::ContainerInstances { cluster: cluster() }),
        ("ecs:DescribeCapacityProviders", Dialect::Json, Query::CapacityProviders { names: ids("workers") }),
        ("ecs:GetTaskProtection", Dialect::Json, Query::TaskProtection { cluster: cluster(), tasks: vec!["t".into()] }),
        (
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            Dialect::Query,
            Query::TargetGroupAttributes { target_group: group },
        ),
        ("ec2:DescribeSubnets", Dialect::Ec2, Query::Subnets { subnets: ids("subnet-1") }),
        (interfaces, Dialect::Ec2, Query::NetworkInterfaces { interfaces: ids("eni-1") }),
        (interfaces, Dialect::Ec2, Query::LoadBalancerInterfaces { load_balancer: balancer }),
        ("ec2:DescribeInstances", Dialect::Ec2, Query::Instances { instances: ids("i-1") }),
        ("ec2:GetManagedPrefixListEntries", Dialect::Ec2, Query::PrefixList { prefix_list: "pl-1".to_owned() }),
        ("logs:FilterLogEvents", Dialect::Json, logs(None)),
        ("logs:DescribeLogGroups", Dialect::Json, Query::LogGroup { name: "/ecs/web".to_owned(), region: None }),
    ]
}

const FAILURES: [(u16, &str, ErrorKind); 8] = [
    (400, "AccessDeniedException", ErrorKind::Denied),
    (403, "UnauthorizedOperation", ErrorKind::Denied),
    (503, "RequestLimitExceeded", ErrorKind::Throttled),
    (400, "ThrottlingException", ErrorKind::Throttled),
    (400, "ExpiredTokenException", ErrorKind::ExpiredCredentials),
    (400, "AuthFailure", ErrorKind::NoCredentials),
    (400, "InvalidAction", ErrorKind::Unavailable),
    (500, "InternalError", ErrorKind::Server),
];

#[tokio::test]
async fn every_failure_has_its_kind() {
    for (operation, dialect, query) in questions() {
        for (status, code, kind) in FAILURES {
            let server = Scripted::start(move |_| dialect.error(status, code, "Not this time")).await;
            let client = Client::on(&server.endpoint()).await;
            let error = client.aws.answer(&query, INTERACTIVE).await.unwrap_err();
            let found = (error.kind, error.operation.to_string(), error.request_id.as_deref());
            assert_eq!(found, (kind, operation.to_owned(), Some("req-1")), "{code}: {error:?}");
            assert!(error.message.ends_with("Not this time"), "{error:?}");
            assert_readable(&error);
        }
    }
}

#[tokio::test]
async fn who_lacks_an_operation_answers_with_a_page() {
    let page = Reply::Bytes("HTTP/1.1 404 NOT FOUND\r\ncontent-length: 15\r\n\r\n<!doctype html>".to_owned());
    let server = Scripted::start(move |_| page.clone()).await;
    let client = Client::on(&server.endpoint()).await;
    let cloudwatch = [
        ("cloudwatch:DescribeAlarms", Dialect::Query, Query::Alarms { names: ids("5xx") }),
        (
            "cloudwatch:GetMetricData",
            Dialect::Query,
            Query::Utilization { cluster: cluster(), service: service("web") },
        ),
    ];
    for (operation, _, query) in questions().into_iter().chain(cloudwatch) {
        let error = client.aws.answer(&query, INTERACTIVE).await.unwrap_err();
        assert_eq!((error.kind, error.operation.to_string().as_str()), (ErrorKind::Unavailable, operation));
    }
}

#[tokio::test]
async fn what_has_parts_says_of_each_why_it_is_missing() {
    let message = format!("No. Encoded authorization failure message: {}", "x".repeat(3000));
    let denied = Dialect::Ec2.error(403, "UnauthorizedOperation", &message);
    let server = Scripted::start(move |asked| match asked.operation.as_str() {
        "DescribeSubnets" => {
            ec2("DescribeSubnets", "<subnetSet><item><subnetId>subnet-1</subnetId></item></subnetSet>")
        }
        operation if operation.starts_with("DescribeScal") => Reply::json_error(400, "AccessDeniedException", "No."),
        _ => denied.clone(),
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    let answer = client.aws.answer(&Query::Vpc { vpc: "vpc-1".to_owned() }, INTERACTIVE).await.unwrap();
    let failed: Vec<&CallError> = answer.failures();
    assert!(failed.iter().all(|error| error.kind == ErrorKind::Denied && error.message == "No."), "{failed:?}");
    assert_eq!(failed.len(), 6, "each operation once: {failed:?}");
    let Answer::Vpc(vpc) = answer else { panic!("{answer:?}") };
    assert_eq!(vpc.subnets.known().map(Vec::len), Some(1));
    assert!(matches!(vpc.dns_support, Known::Denied(_)));

    let scaling = Query::Scaling { cluster: cluster(), service: service("web") };
    assert_eq!(client.aws.answer(&scaling, INTERACTIVE).await.unwrap().failures().len(), 2);
}

#[tokio::test]
async fn networks_are_read_by_filter_and_page_by_page() {
    let server = Scripted::start(|asked| {
        let (id, next) = if asked.body.contains("NextToken=more") {
            ("subnet-2", "")
        } else {
            ("subnet-1", "<nextToken>more</nextToken>")
        };
        ec2(&asked.operation, &format!("<subnetSet><item><subnetId>{id}</subnetId></item></subnetSet>{next}"))
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    let subnets = vec!["subnet-1".to_owned(), "subnet-2".to_owned()];
    let answer = client.aws.answer(&Query::Subnets { subnets }, INTERACTIVE).await.unwrap();
    let Answer::Subnets(subnets) = answer else { panic!("{answer:?}") };
    assert_eq!(subnets.iter().map(|subnet| subnet.id.as_str()).collect::<Vec<_>>(), ["subnet-1", "subnet-2"]);
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    for part in ["Filter.1.Name=subnet-id", "Filter.1.Value.2=subnet-2", "MaxResults=1000"] {
        assert!(asked.iter().all(|asked| asked.body.contains(part)), "{part}: {asked:?}");
    }
    let nothing = client.aws.answer(&Query::Subnets { subnets: Vec::new() }, INTERACTIVE).await;
    assert_eq!(nothing, Ok(Answer::Subnets(Vec::new())));
    assert_eq!(server.asked().len(), 2, "no ids, no call: without a filter everything would come");
}

#[tokio::test]
async fn exclusions_are_asked_for_where_there_is_something_to_be_excluded_from() {
    for (mode, calls) in [("off", 0), ("block-bidirectional", 1)] {
        let server = Scripted::start(move |asked| match asked.operation.as_str() {
            operation @ "DescribeVpcBlockPublicAccessOptions" => {
                let mode = format!("<internetGatewayBlockMode>{mode}</internetGatewayBlockMode>");
                ec2(operation, &format!("<vpcBlockPublicAccessOptions>{mode}</vpcBlockPublicAccessOptions>"))
            }
            operation @ "DescribeVpcBlockPublicAccessExclusions" => ec2(
                operation,
                "<vpcBlockPublicAccessExclusionSet><item><resourceArn>arn:subnet-1</resourceArn></item>\
                 </vpcBlockPublicAccessExclusionSet>",
            ),
            operation => ec2(operation, ""),
        })
        .await;
        let client = Client::on(&server.endpoint()).await;
        let answer = client.aws.answer(&Query::Vpc { vpc: "vpc-1".to_owned() }, INTERACTIVE).await.unwrap();
        let Answer::Vpc(vpc) = answer else { panic!("{answer:?}") };
        let Vpc { public_access_block: Known::Known(PublicAccessBlock { internet_gateway_mode, exclusions }), .. } =
            *vpc
        else {
            panic!("{vpc:?}")
        };
        assert_eq!((internet_gateway_mode.as_deref(), exclusions.len()), (Some(mode), calls));
        assert_eq!(server.count("DescribeVpcBlockPublicAccessExclusions"), calls, "{mode}");
        assert_eq!(vpc.dns_support, Known::NotAsked, "AWS said nothing about it");
    }
}

fn event(milliseconds: u64, message: &str) -> serde_json::Value {
    json!({ "timestamp": milliseconds, "message": message })
}

async fn excerpt(server: &Scripted, region: Option<&str>) -> LogExcerpt {
    let client = Client::on(&server.endpoint()).await;
    match client.aws.answer(&logs(region), INTERACTIVE).await.unwrap() {
        Answer::Logs(excerpt) => *excerpt,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn empty_pages_are_passed_over_but_not_for_ever() {
    let page = |asked: &Asked| asked.json()["nextToken"].as_str().map_or(0, |token| token.parse::<u64>().unwrap());
    let server = Scripted::start(move |asked| match page(asked) {
        5 => Reply::Json(json!({ "events": [event(1_795_000_000_000, "GET / ELB-HealthChecker/2.0")] })),
        page => Reply::Json(json!({ "events": [], "nextToken": (page + 1).to_string() })),
    })
    .await;
    let found = excerpt(&server, None).await;
    assert_eq!((found.head.len(), found.tail.len(), found.health_checks.len()), (1, 0, 1));
    assert_eq!(server.count("FilterLogEvents"), 6);
    let first = server.asked()[0].json();
    assert_eq!(first["startTime"], 1_795_219_200_000_u64);
    assert_eq!((&first["logStreamNames"], &first["limit"]), (&json!(["web/web/1"]), &json!(10_000)));

    let server = Scripted::start(move |asked| match asked.operation.as_str() {
        "GetLogEvents" => Reply::Json(json!({ "events": [event(1_795_000_000_000, "last words")] })),
        _ => Reply::Json(json!({ "nextToken": (page(asked) + 1).to_string() })),
    })
    .await;
    let found = excerpt(&server, None).await;
    assert_eq!((found.tail[0].message.as_str(), server.count("FilterLogEvents")), ("last words", 20));
}

#[tokio::test]
async fn the_end_of_a_long_log_is_read_from_its_end() {
    let server = Scripted::start(|asked| match asked.operation.as_str() {
        "GetLogEvents" => Reply::Json(json!({ "events": [event(9000, "one before"), event(9001, "last words")] })),
        _ => Reply::Json(json!({
            "events": (0..60).map(|line| event(line, "line")).collect::<Vec<_>>(),
            "nextToken": "more",
        })),
    })
    .await;
    let found = excerpt(&server, None).await;
    assert_eq!((found.head.len(), found.tail.len()), (100, 2));
    assert_eq!((server.count("FilterLogEvents"), server.count("GetLogEvents")), (3, 1));
    let last = server.asked().into_iter().find(|asked| asked.operation == "GetLogEvents").unwrap().json();
    assert_eq!((&last["startFromHead"], &last["limit"]), (&json!(false), &json!(100)));
}

#[tokio::test]
async fn a_log_that_is_not_there_is_empty_and_may_be_in_another_region() {
    for what in ["stream", "group"] {
        let message = format!("The specified log {what} does not exist.");
        let server = Scripted::start(move |_| Reply::json_error(400, "ResourceNotFoundException", &message)).await;
        assert_eq!(excerpt(&server, Some("eu-central-1")).await, LogExcerpt::default());
        assert_eq!(server.asked()[0].region, "eu-central-1");
    }
    let server = Scripted::start(|_| Reply::Json(json!({}))).await;
    let client = Client::on(&server.endpoint()).await;
    let error = client.aws.answer(&logs(Some("evil.example/a-b-c")), INTERACTIVE).await.unwrap_err();
    assert_eq!((error.kind, server.connections()), (ErrorKind::Invalid, 0));
}

#[tokio::test]
async fn a_log_group_has_exactly_this_name() {
    let server = Scripted::start(|_| {
        Reply::Json(json!({ "logGroups": [{ "logGroupName": "/ecs/web-admin" }, { "logGroupName": "/ecs/web" }] }))
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    for (name, there) in [("/ecs/web", true), ("/ecs/we", false)] {
        let query = Query::LogGroup { name: name.to_owned(), region: None };
        assert_eq!(client.aws.answer(&query, INTERACTIVE).await, Ok(Answer::LogGroup(there)), "{name}");
    }
}

#[tokio::test]
async fn the_latest_revision_is_one_short_page_unless_the_prefix_is_taken_literally() {
    let arn = |name: &str| format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/{name}");
    let literal = move |asked: &Asked| match asked.json()["maxResults"].as_u64() {
        Some(1) => json!({ "taskDefinitionArns": [arn("web-admin:9")], "nextToken": "more" }),
        _ => json!({ "taskDefinitionArns": [arn("web-admin:9"), arn("web:4"), arn("web:3")] }),
    };
    let server = Scripted::start(move |asked| Reply::Json(literal(asked))).await;
    let client = Client::on(&server.endpoint()).await;
    let latest = |family: &str| Query::LatestRevision { family: family.to_owned() };
    let web = TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:4");
    assert_eq!(client.aws.answer(&latest("web"), INTERACTIVE).await, Ok(Answer::LatestRevision(Some(web))));
    assert_eq!(server.count("ListTaskDefinitions"), 2);
    let first = server.asked()[0].json();
    assert_eq!((&first["sort"], &first["status"]), (&json!("DESC"), &json!("ACTIVE")));
    assert!(matches!(
        client.aws.answer(&latest("web-admin"), INTERACTIVE).await,
        Ok(Answer::LatestRevision(Some(arn))) if arn.revision() == Some(9)
    ));
    assert_eq!(server.count("ListTaskDefinitions"), 3);
}

#[tokio::test]
async fn tasks_that_cannot_be_protected_are_not() {
    let server = Scripted::start(|_| {
        Reply::Json(json!({
            "protectedTasks": [
                { "taskArn": "t-1", "protectionEnabled": true },
                { "taskArn": "t-2", "protectionEnabled": false },
            ],
            "failures": [{ "arn": "t-3", "reason": "TASK_NOT_VALID" }, { "arn": "t-4", "reason": "MISSING" }],
        }))
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    let tasks = ["t-1", "t-2", "t-3", "t-4"].into_iter().map(Into::into).collect();
    let answer = client.aws.answer(&Query::TaskProtection { cluster: cluster(), tasks }, INTERACTIVE).await;
    assert_eq!(answer, Ok(Answer::TaskProtection(vec!["t-1".into()])));
}

#[tokio::test]
async fn network_load_balancers_count_nothing() {
    let server = Scripted::start(|_| Reply::Silence).await;
    let client = Client::on(&server.endpoint()).await;
    let arn = |kind: &str| format!("arn:aws:elasticloadbalancing:eu-west-1:111122223333:{kind}/net/edge/50dc");
    let query = Query::Traffic {
        load_balancer: arn("loadbalancer").as_str().into(),
        target_group: arn("targetgroup").as_str().into(),
    };
    assert_eq!(client.aws.answer(&query, INTERACTIVE).await, Ok(Answer::Traffic(Box::default())));
    assert_eq!(server.connections(), 0);
}
