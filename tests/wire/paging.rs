//! Lists are followed to the last page and no further, batches are as large as AWS takes and no larger, and everything is
//! there once.

use std::collections::HashSet;

use ecsight::aws::Priority;
use ecsight::model::call::ErrorKind;
use ecsight::model::known::Known;
use ecsight::model::query::{Answer, Query};
use serde_json::{Value, json};

use crate::client::{Client, cluster, queries, service};
use crate::scripted::{Asked, Reply, Scripted};

const INTERACTIVE: Priority = Priority::Interactive;

/// One page of these items, as ECS pages: the token is where to go on.
fn page(asked: &Value, key: &str, items: &[String]) -> Value {
    let size = usize::try_from(asked["maxResults"].as_u64().unwrap()).unwrap();
    assert!(size <= 100, "the API takes at most 100");
    let start: usize = asked["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let end = items.len().min(start + size);
    let mut answer = json!({ key: &items[start..end] });
    if end < items.len() {
        answer["nextToken"] = json!(end.to_string());
    }
    answer
}

/// What was asked for by name, at most `most` of them.
fn named(asked: &Value, key: &str, most: usize) -> Vec<String> {
    let names: Vec<String> = serde_json::from_value(asked[key].clone()).unwrap();
    assert!(!names.is_empty() && names.len() <= most, "{} {key} in one call", names.len());
    names
}

/// A cluster with this many services, of which `web` has these tasks.
fn shop(services: usize, running: usize, stopped: usize) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let services: Vec<String> = (0..services).map(|n| service(&format!("s{n:04}")).as_str().to_owned()).collect();
    let task = |n: usize| format!("arn:aws:ecs:eu-west-1:111122223333:task/shop/{n:032x}");
    let running: Vec<String> = (0..running).map(task).collect();
    // The last of the running ones is listed as stopped, too: it stops while we look.
    let stopped: Vec<String> = (running.len().saturating_sub(1)..running.len() + stopped).map(task).collect();
    move |asked| {
        let body = asked.json();
        Reply::Json(match asked.operation.as_str() {
            "ListServices" => page(&body, "serviceArns", &services),
            "DescribeServices" => {
                let found: Vec<_> =
                    named(&body, "services", 10).iter().map(|arn| json!({ "serviceArn": arn })).collect();
                json!({ "services": found, "failures": [] })
            }
            "ListTasks" => {
                page(&body, "taskArns", if body["desiredStatus"] == "STOPPED" { &stopped } else { &running })
            }
            "DescribeTasks" => {
                let found: Vec<_> = named(&body, "tasks", 100).iter().map(|arn| json!({ "taskArn": arn })).collect();
                json!({ "tasks": found, "failures": [] })
            }
            other => panic!("nobody should ask {other}"),
        })
    }
}

#[tokio::test]
async fn a_cluster_of_a_hundred_services_is_one_list_and_ten_descriptions() {
    let server = Scripted::start(shop(100, 0, 0)).await;
    let client = Client::on(&server.endpoint()).await;
    let arns = client.aws.service_arns(&cluster(), INTERACTIVE).await.unwrap();
    let services = client.aws.services(&cluster(), &arns, INTERACTIVE).await.unwrap();
    assert_eq!(services.len(), 100);
    assert_eq!((server.count("ListServices"), server.count("DescribeServices"), server.asked().len()), (1, 10, 11));
}

#[tokio::test]
async fn tasks_come_from_all_pages_each_once() {
    for (running, stopped, lists, descriptions) in [(0, 0, 2, 0), (1, 0, 2, 1), (100, 0, 2, 1), (350, 120, 6, 5)] {
        let server = Scripted::start(shop(0, running, stopped)).await;
        let client = Client::on(&server.endpoint()).await;
        let tasks = client.aws.tasks(&cluster(), &service("web"), INTERACTIVE).await.unwrap();
        let each: HashSet<_> = tasks.iter().map(|task| task.arn.as_str()).collect();
        assert_eq!((tasks.len(), each.len()), (running + stopped, running + stopped));
        assert_eq!((server.count("ListTasks"), server.count("DescribeTasks")), (lists, descriptions), "{running}");
        assert_eq!(server.asked().len(), lists + descriptions, "and nothing else");
    }
}

#[tokio::test]
async fn pages_that_never_end_do() {
    for (token, most) in [("always the same", 3), ("", 1)] {
        let server = Scripted::start(move |asked| match asked.operation.as_str() {
            operation @ ("DescribeListeners" | "DescribeRules") => {
                Reply::xml(operation, &format!("<NextMarker>{token}</NextMarker>"))
            }
            "DescribeLoadBalancers" => Reply::xml("DescribeLoadBalancers", "<LoadBalancers><member/></LoadBalancers>"),
            _ => Reply::Json(json!({ "nextToken": token })),
        })
        .await;
        let client = Client::on(&server.endpoint()).await;
        for (operation, query) in queries() {
            let paged = ["ecs:ListClusters", "ecs:ListServices", "ecs:ListTasks"].contains(&operation);
            if !paged && !matches!(query, Query::Routing { .. }) {
                continue;
            }
            let answer = client.aws.answer(&query, INTERACTIVE).await;
            let error = match &answer {
                Ok(Answer::Routing(routing)) => routing.listeners.error(),
                Ok(_) => None,
                Err(error) => Some(error),
            };
            assert_eq!(error.map(|error| error.kind), (!token.is_empty()).then_some(ErrorKind::Other), "{operation}");
        }
        for operation in ["ListClusters", "ListServices", "DescribeListeners"] {
            assert!((1..=most).contains(&server.count(operation)), "{operation}");
        }
    }
}

#[tokio::test]
async fn services_that_are_gone_are_absent_and_other_failures_are_errors() {
    let server = Scripted::start(|asked| {
        let reason = if asked.body.contains("odd") { "ODD" } else { "MISSING" };
        Reply::Json(json!({
            "services": [{ "serviceArn": service("web").as_str() }],
            "failures": [{ "arn": service("gone").as_str(), "reason": reason }],
        }))
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    let found = client.aws.services(&cluster(), &[service("web"), service("gone")], INTERACTIVE).await.unwrap();
    assert_eq!(found.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["web"]);
    let error = client.aws.services(&cluster(), &[service("odd")], INTERACTIVE).await.unwrap_err();
    assert_eq!(error.operation.to_string(), "ecs:DescribeServices");
    assert!(error.message.contains("ODD"), "{error}");
}

#[tokio::test]
async fn hosts_are_looked_up_once_and_only_where_there_are_some() {
    let instance = |n: usize| format!("arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/{n}");
    let server = Scripted::start(move |asked| {
        Reply::Json(match asked.operation.as_str() {
            "ListTasks" if asked.body.contains("STOPPED") => json!({ "taskArns": [] }),
            "ListTasks" => json!({ "taskArns": ["t0", "t1", "t2", "t3"] }),
            "DescribeTasks" => json!({ "tasks": [
                { "taskArn": "t0", "containerInstanceArn": instance(0) },
                { "taskArn": "t1", "containerInstanceArn": instance(1) },
                { "taskArn": "t2", "containerInstanceArn": instance(0) },
                { "taskArn": "t3" },
            ] }),
            "DescribeContainerInstances" => {
                assert_eq!(named(&asked.json(), "containerInstances", 100).len(), 2, "each host once");
                json!({ "containerInstances": [
                    { "containerInstanceArn": instance(0), "ec2InstanceId": "i-0" },
                    { "containerInstanceArn": instance(1) },
                ] })
            }
            other => panic!("nobody should ask {other}"),
        })
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    for _ in 0..2 {
        let tasks = client.aws.tasks(&cluster(), &service("web"), INTERACTIVE).await.unwrap();
        let hosts: Vec<_> = tasks.iter().map(|task| task.ec2_instance.known().map(String::as_str)).collect();
        assert_eq!(hosts, [Some("i-0"), None, Some("i-0"), None]);
    }
    assert_eq!(server.count("DescribeContainerInstances"), 1);
}

#[tokio::test]
async fn tasks_do_not_depend_on_their_hosts() {
    let server = Scripted::start(|asked| match asked.operation.as_str() {
        "ListTasks" => Reply::Json(json!({ "taskArns": ["t0"] })),
        "DescribeTasks" => Reply::Json(json!({ "tasks": [{ "taskArn": "t0", "containerInstanceArn": "ci" }] })),
        _ => Reply::json_error(400, "AccessDeniedException", "not authorized"),
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    let tasks = client.aws.tasks(&cluster(), &service("web"), INTERACTIVE).await.unwrap();
    assert_eq!(tasks.iter().map(|task| task.ec2_instance.known().cloned()).collect::<Vec<_>>(), [None]);
}

#[tokio::test]
async fn listeners_and_rules_are_known_or_denied_each_on_its_own() {
    let listeners = "<Listeners><member><ListenerArn>l1</ListenerArn><Port>443</Port></member>\
                     <member><ListenerArn>l2</ListenerArn><Port>80</Port></member></Listeners>";
    let denied = Reply::xml_error(403, "AccessDenied", "not authorized");
    for deny in ["nothing", "DescribeListeners", "DescribeRules", "DescribeLoadBalancers"] {
        let denied = denied.clone();
        let server = Scripted::start(move |asked| match asked.operation.as_str() {
            operation if operation == deny => denied.clone(),
            "DescribeListeners" => Reply::xml("DescribeListeners", listeners),
            "DescribeRules" => Reply::xml(
                "DescribeRules",
                "<Rules><member><Priority>default</Priority></member><member><Priority>10</Priority></member>\
                 <member><Priority>9</Priority></member></Rules>",
            ),
            operation => Reply::xml(operation, "<LoadBalancers><member/></LoadBalancers>"),
        })
        .await;
        let client = Client::on(&server.endpoint()).await;
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/edge/50dc".into();
        let routing = match client.aws.routing(&arn, INTERACTIVE).await {
            Ok(routing) => routing,
            Err(error) => {
                assert_eq!((deny, error.kind), ("DescribeLoadBalancers", ErrorKind::Denied));
                continue;
            }
        };
        let Known::Known(listeners) = &routing.listeners else {
            assert!(matches!(&routing.listeners, Known::Denied(_)), "{routing:?}");
            assert_eq!(deny, "DescribeListeners");
            continue;
        };
        assert_eq!(listeners.iter().map(|listener| listener.port).collect::<Vec<_>>(), [Some(80), Some(443)]);
        for listener in listeners {
            match &listener.rules {
                Known::Known(rules) => {
                    let order: Vec<_> = rules.iter().map(|rule| rule.priority.as_str()).collect();
                    assert_eq!(order, ["9", "10", "default"]);
                }
                Known::Denied(error) => {
                    assert_eq!((deny, error.operation.name.as_str()), ("DescribeRules", "DescribeRules"));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
