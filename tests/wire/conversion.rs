//! What AWS may send and what it may leave out: every field absent, every number absurd, every word new.

use ecsight::aws::Priority;
use ecsight::model::load_balancing::{LoadBalancerKind, RuleAction, TargetState};
use ecsight::model::query::{Answer, Query};
use ecsight::model::service::{
    DeploymentController, DeploymentStatus, DeploymentStrategy, RolloutState, SchedulingStrategy, ServiceStatus,
};
use ecsight::model::task::ContainerHealth;
use serde_json::{Value, json};

use crate::client::{Client, cluster, force, queries, service};
use crate::scripted::{Asked, Reply, Scripted};

const INTERACTIVE: Priority = Priority::Interactive;

async fn services(answer: Value) -> Vec<ecsight::model::service::Service> {
    let server = Scripted::start(move |_| Reply::Json(json!({ "services": answer }))).await;
    let client = Client::on(&server.endpoint()).await;
    client.aws.services(&cluster(), &[service("web")], INTERACTIVE).await.unwrap()
}

/// The tasks in this answer, whatever was listed.
async fn tasks(answer: Value) -> Vec<ecsight::model::task::Task> {
    let server = Scripted::start(move |asked| {
        Reply::Json(match asked.operation.as_str() {
            "ListTasks" => json!({ "taskArns": ["t"] }),
            _ => json!({ "tasks": answer }),
        })
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    client.aws.tasks(&cluster(), &service("web"), INTERACTIVE).await.unwrap()
}

/// Answers every operation with things that have no field at all.
fn bare(asked: &Asked) -> Reply {
    let items = |name: &str| Reply::xml(&asked.operation, &format!("<{name}><member/></{name}>"));
    match asked.operation.as_str() {
        "DescribeTargetGroups" => items("TargetGroups"),
        "DescribeTargetHealth" => items("TargetHealthDescriptions"),
        "DescribeLoadBalancers" => items("LoadBalancers"),
        "DescribeListeners" => items("Listeners"),
        "DescribeRules" => items("Rules"),
        "GetCallerIdentity" => Reply::xml("GetCallerIdentity", ""),
        _ => Reply::Json(json!({
            "clusterArns": ["c"], "serviceArns": ["s"], "taskArns": ["t"],
            "clusters": [{}], "services": [{ "deployments": [{}], "events": [{}], "taskSets": [{}],
                "loadBalancers": [{}], "deploymentConfiguration": {}, "networkConfiguration": {} }],
            "tasks": [{ "containers": [{ "networkBindings": [{}], "networkInterfaces": [{}] }],
                "attachments": [{ "type": "ElasticNetworkInterface", "details": [{}] }] }],
            "taskDefinition": { "containerDefinitions": [{ "environment": [{}], "portMappings": [{}] }] },
            "serviceDeployments": [{ "serviceDeploymentArn": "d", "deploymentCircuitBreaker": {}, "alarms": {}, "rollback": {} }],
            "service": {},
        })),
    }
}

#[tokio::test]
async fn everything_may_be_absent() {
    let server = Scripted::start(bare).await;
    let client = Client::on(&server.endpoint()).await;
    for (operation, query) in queries() {
        let answer =
            client.aws.answer(&query, INTERACTIVE).await.unwrap_or_else(|error| panic!("{operation}: {error}"));
        let things = match answer {
            Answer::Clusters(clusters) => clusters.len(),
            Answer::Services(services) => services.len(),
            Answer::Tasks(tasks) => tasks.len(),
            Answer::ServiceDeployments(deployments) => deployments.len(),
            Answer::TargetHealth(targets) => targets.len(),
            Answer::Routing(routing) => routing.listeners.known().unwrap()[0].rules.known().unwrap().len(),
            _ => 1,
        };
        assert_eq!(things, 1, "{operation}");
    }
    assert!(client.aws.change(&force()).await.is_ok());
}

#[tokio::test]
async fn answers_that_are_empty_are_empty_or_say_what_is_missing() {
    let server = Scripted::start(|asked| match asked.operation.as_str() {
        operation if asked.body.starts_with("Action=") => Reply::xml(operation, ""),
        _ => Reply::Json(json!({})),
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    for (operation, query) in queries() {
        let answer = client.aws.answer(&query, INTERACTIVE).await;
        let single = matches!(query, Query::TaskDefinition { .. } | Query::TargetGroup { .. } | Query::Routing { .. });
        assert_eq!(answer.is_err(), single, "{operation}: {answer:?}");
    }
}

#[tokio::test]
async fn a_service_keeps_what_ecs_says() {
    let all = services(json!([{
        "serviceArn": service("web").as_str(), "serviceName": "web",
        "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/shop",
        "status": "ACTIVE", "desiredCount": 4, "runningCount": 3, "pendingCount": 1, "launchType": "FARGATE",
        "taskDefinition": "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:31",
        "schedulingStrategy": "REPLICA", "deploymentController": { "type": "CODE_DEPLOY" },
        "deploymentConfiguration": { "minimumHealthyPercent": 50, "maximumPercent": 150, "strategy": "BLUE_GREEN",
            "deploymentCircuitBreaker": { "enable": true, "rollback": true },
            "alarms": { "alarmNames": ["5xx"], "enable": true, "rollback": false } },
        "deployments": [
            { "id": "ecs-svc/2", "status": "PRIMARY", "rolloutState": "IN_PROGRESS", "rolloutStateReason": "rolling",
              "desiredCount": 4, "runningCount": 1, "pendingCount": 1, "failedTasks": 3, "createdAt": 1_790_000_000.5 },
            { "id": "ecs-svc/1", "status": "ACTIVE", "rolloutState": "COMPLETED" },
        ],
        "events": [{ "id": "e", "createdAt": 1_790_000_000, "message": "(service web) has reached a steady state." }],
        "loadBalancers": [{ "targetGroupArn": "tg", "containerName": "app", "containerPort": 8080 }],
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-1"], "securityGroups": ["sg-1"],
            "assignPublicIp": "ENABLED" } },
        "capacityProviderStrategy": [{ "capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 1 }],
        "healthCheckGracePeriodSeconds": 60, "enableExecuteCommand": true,
    }]))
    .await;
    let service = &all[0];
    assert_eq!((service.desired, service.running, service.pending), (4, 3, 1));
    assert_eq!((&service.status, &service.controller), (&ServiceStatus::Active, &DeploymentController::CodeDeploy));
    assert_eq!(service.task_definition.as_ref().unwrap().revision(), Some(31));
    let configuration = service.deployment_configuration.as_ref().unwrap();
    assert_eq!((configuration.minimum_healthy_percent, configuration.maximum_percent), (50, 150));
    assert_eq!(configuration.strategy, DeploymentStrategy::BlueGreen);
    assert!(configuration.circuit_breaker && configuration.circuit_breaker_rollback);
    assert_eq!(configuration.alarms, ["5xx"]);
    let primary = service.primary_deployment().unwrap();
    assert_eq!((primary.failed, primary.rollout_state.as_ref()), (3, Some(&RolloutState::InProgress)));
    assert_eq!(primary.created_at.unwrap().as_millisecond(), 1_790_000_000_500);
    assert_eq!(service.older_deployments().count(), 1);
    assert_eq!(service.load_balancers[0].container_port, Some(8080));
    assert!(service.network.as_ref().unwrap().assign_public_ip);
    assert_eq!((service.capacity_providers[0].base, service.capacity_providers[0].weight), (1, 3));
    assert_eq!((service.health_check_grace_period_seconds, service.execute_command), (Some(60), true));
}

#[tokio::test]
async fn numbers_no_cluster_has_are_clamped_and_new_words_are_kept() {
    let all = services(json!([{
        "serviceArn": service("odd").as_str(), "status": "HIBERNATING", "desiredCount": -1, "runningCount": i32::MIN,
        "deploymentController": { "type": "MAGIC" }, "schedulingStrategy": "SOMETIMES", "launchType": "MOON",
        "deploymentConfiguration": { "minimumHealthyPercent": -5, "strategy": "SPIRAL" },
        "deployments": [{ "status": "PAUSED", "rolloutState": "DREAMING", "failedTasks": -3, "createdAt": 1e300 }],
        "loadBalancers": [{ "targetGroupArn": "", "loadBalancerName": "classic", "containerPort": 70000 }],
        "currentServiceDeployment": "", "taskDefinition": "",
    }]))
    .await;
    let service = &all[0];
    assert_eq!(service.name, "odd", "the name is in the resource name, too");
    assert_eq!((service.desired, service.running), (0, 0));
    assert_eq!(service.status, ServiceStatus::Other("HIBERNATING".to_owned()));
    assert_eq!(service.controller, DeploymentController::Other("MAGIC".to_owned()));
    assert_eq!((service.scheduling, service.launch_type.as_deref()), (SchedulingStrategy::Replica, Some("MOON")));
    let configuration = service.deployment_configuration.as_ref().unwrap();
    assert_eq!((configuration.minimum_healthy_percent, configuration.maximum_percent), (0, 200));
    assert_eq!(configuration.strategy, DeploymentStrategy::Other("SPIRAL".to_owned()));
    let deployment = &service.deployments[0];
    assert_eq!(deployment.status, DeploymentStatus::Other("PAUSED".to_owned()));
    assert_eq!(deployment.rollout_state, Some(RolloutState::Other("DREAMING".to_owned())));
    assert_eq!((deployment.failed, deployment.created_at), (0, None));
    assert_eq!((&service.load_balancers[0].target_group, service.load_balancers[0].container_port), (&None, None));
    assert_eq!((&service.current_service_deployment, &service.task_definition), (&None, &None));
}

#[tokio::test]
async fn a_task_has_its_address_from_wherever_it_is() {
    let attachment = json!({ "type": "ElasticNetworkInterface", "details": [
        { "name": "subnetId", "value": "subnet-1" }, { "name": "networkInterfaceId", "value": "eni-1" },
        { "name": "privateIPv4Address", "value": "10.0.0.7" } ] });
    let container = json!({ "name": "app", "lastStatus": "STOPPED", "exitCode": 137, "reason": "OutOfMemoryError",
        "healthStatus": "UNHEALTHY", "networkInterfaces": [{ "privateIpv4Address": "10.0.0.8", "ipv6Address": "fd00::8" }],
        "networkBindings": [{ "containerPort": 80, "hostPort": 49153 }] });
    let found = tasks(json!([
        { "taskArn": "a", "attachments": [attachment], "containers": [container], "stopCode": "EssentialContainerExited" },
        { "taskArn": "b", "containers": [container] },
        { "taskArn": "c", "attachments": [{ "type": "ServiceConnect" }], "stopCode": "NewCode", "healthStatus": "NEW" },
    ]))
    .await;
    let addresses: Vec<_> = found
        .iter()
        .map(|task| task.interface.as_ref().and_then(|interface| interface.private_ipv4.as_deref()))
        .collect();
    assert_eq!(addresses, [Some("10.0.0.7"), Some("10.0.0.8"), None]);
    let interface = found[0].interface.as_ref().unwrap();
    assert_eq!((interface.id.as_deref(), interface.subnet.as_deref()), (Some("eni-1"), Some("subnet-1")));
    assert_eq!(interface.ipv6.as_deref(), Some("fd00::8"));
    let container = &found[0].containers[0];
    assert_eq!((container.exit_code, container.health), (Some(137), ContainerHealth::Unhealthy));
    assert_eq!(container.bindings[0].host_port, Some(49153));
    assert_eq!(
        (found[0].stop_code.as_deref(), found[2].stop_code.as_deref()),
        (Some("EssentialContainerExited"), Some("NewCode"))
    );
}

#[tokio::test]
async fn target_groups_and_targets_keep_what_the_load_balancer_says() {
    let server = Scripted::start(|asked| match asked.operation.as_str() {
        "DescribeTargetGroups" => Reply::xml(
            "DescribeTargetGroups",
            "<TargetGroups><member><TargetGroupArn>arn:x:targetgroup/web-tg/01</TargetGroupArn><TargetType>ip</TargetType>\
             <Port>80</Port><Matcher><HttpCode>200-299,302</HttpCode></Matcher><HealthCheckPath>/</HealthCheckPath>\
             <HealthCheckIntervalSeconds>30</HealthCheckIntervalSeconds><UnhealthyThresholdCount>-2</UnhealthyThresholdCount>\
             <LoadBalancerArns><member>lb</member></LoadBalancerArns></member></TargetGroups>",
        ),
        _ => Reply::xml(
            "DescribeTargetHealth",
            "<TargetHealthDescriptions>\
             <member><Target><Id>10.0.0.7</Id><Port>8080</Port></Target><HealthCheckPort>8080</HealthCheckPort>\
             <TargetHealth><State>unhealthy</State><Reason>Target.ResponseCodeMismatch</Reason>\
             <Description>Health checks failed with these codes: [302]</Description></TargetHealth></member>\
             <member><Target><Id>i-1</Id><Port>99999</Port></Target><TargetHealth><State>sleepy</State></TargetHealth></member>\
             <member/></TargetHealthDescriptions>",
        ),
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    let group = client.aws.target_group(&"tg".into(), INTERACTIVE).await.unwrap();
    assert_eq!((group.name.as_str(), group.port, group.target_type.as_deref()), ("web-tg", Some(80), Some("ip")));
    assert_eq!(group.health_check.matcher.as_deref(), Some("200-299,302"));
    assert_eq!((group.health_check.interval_seconds, group.health_check.unhealthy_threshold), (Some(30), Some(0)));
    assert_eq!(group.load_balancers.len(), 1);
    let targets = client.aws.target_health(&"tg".into(), INTERACTIVE).await.unwrap();
    let states: Vec<_> = targets.iter().map(|target| target.state.clone()).collect();
    let other = |text: &str| TargetState::Other(text.to_owned());
    assert_eq!(states, [TargetState::Unhealthy, other("sleepy"), other("")]);
    assert_eq!(targets[0].reason.as_deref(), Some("Target.ResponseCodeMismatch"));
    assert_eq!((targets[0].port, targets[1].port), (Some(8080), None));
}

#[tokio::test]
async fn routing_says_where_a_request_goes() {
    let server = Scripted::start(|asked| match asked.operation.as_str() {
        "DescribeLoadBalancers" => Reply::xml(
            "DescribeLoadBalancers",
            "<LoadBalancers><member><LoadBalancerArn>arn:x:loadbalancer/app/edge/50dc</LoadBalancerArn><Type>application</Type>\
             <State><Code>active</Code></State><AvailabilityZones><member><ZoneName>eu-west-1a</ZoneName>\
             <SubnetId>subnet-1</SubnetId></member></AvailabilityZones></member></LoadBalancers>",
        ),
        "DescribeListeners" => Reply::xml(
            "DescribeListeners",
            "<Listeners><member><ListenerArn>l</ListenerArn><Port>443</Port><DefaultActions><member>\
             <Type>fixed-response</Type><FixedResponseConfig><StatusCode>404</StatusCode></FixedResponseConfig>\
             </member></DefaultActions></member></Listeners>",
        ),
        _ => Reply::xml(
            "DescribeRules",
            "<Rules><member><Priority>1</Priority><Conditions>\
             <member><Field>host-header</Field><Values><member>shop.example.com</member></Values><HostHeaderConfig><Values>\
             <member>shop.example.com</member><member>www.example.com</member></Values></HostHeaderConfig></member>\
             <member><Field>http-header</Field><HttpHeaderConfig><HttpHeaderName>X-Beta</HttpHeaderName><Values>\
             <member>1</member></Values></HttpHeaderConfig></member>\
             <member><Field>query-string</Field><QueryStringConfig><Values><member><Key>a</Key><Value>b</Value></member>\
             </Values></QueryStringConfig></member></Conditions>\
             <Actions><member><Type>forward</Type><TargetGroupArn>old</TargetGroupArn><ForwardConfig><TargetGroups>\
             <member><TargetGroupArn>blue</TargetGroupArn><Weight>90</Weight></member>\
             <member><TargetGroupArn>green</TargetGroupArn><Weight>10</Weight></member></TargetGroups></ForwardConfig></member>\
             </Actions></member>\
             <member><Priority>2</Priority><Actions><member><Type>redirect</Type><RedirectConfig><Protocol>HTTPS</Protocol>\
             <Port>443</Port><StatusCode>HTTP_301</StatusCode></RedirectConfig></member></Actions></member>\
             <member><Priority>3</Priority><Actions><member><Type>forward</Type><TargetGroupArn>plain</TargetGroupArn></member>\
             <member><Type>teleport</Type></member></Actions></member></Rules>",
        ),
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    let routing = client.aws.routing(&"lb".into(), INTERACTIVE).await.unwrap();
    assert_eq!(
        (routing.load_balancer.name.as_str(), &routing.load_balancer.kind),
        ("edge", &LoadBalancerKind::Application)
    );
    assert_eq!(routing.load_balancer.zones, [("eu-west-1a".to_owned(), Some("subnet-1".to_owned()))]);
    let listener = &routing.listeners.known().unwrap()[0];
    assert_eq!(listener.default_actions, [RuleAction::FixedResponse("404".to_owned())]);
    let rules = listener.rules.known().unwrap();
    assert_eq!(
        rules[0].conditions,
        ["host-header shop.example.com or www.example.com", "http-header X-Beta: 1", "query-string a=b"]
    );
    assert_eq!(rules[0].actions, [RuleAction::Forward(vec![("blue".into(), 90), ("green".into(), 10)])]);
    assert_eq!(rules[1].actions, [RuleAction::Redirect("HTTPS://#{host}:443/#{path}".to_owned())]);
    assert_eq!(
        rules[2].actions,
        [RuleAction::Forward(vec![("plain".into(), 1)]), RuleAction::Other("teleport".to_owned())]
    );
}
