//! Values of environment variables and tokens of log drivers leave the aws layer masked or not at all.

use ecsight::aws::Priority;
use ecsight::model::query::{Answer, Query};
use ecsight::model::secret::MASK;
use ecsight::model::task_definition::EnvironmentSource;
use serde_json::json;

use crate::client::Client;
use crate::scripted::{Reply, Scripted};

const PASSWORD: &str = "correct-horse-battery";
const TOKEN: &str = "splunk-token-0123";

fn query() -> Query {
    Query::TaskDefinition { task_definition: "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1".into() }
}

#[tokio::test]
async fn no_value_is_ever_written() {
    let server = Scripted::start(|_| {
        Reply::Json(json!({ "taskDefinition": {
            "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1",
            "containerDefinitions": [{
                "name": "web",
                "environment": [{ "name": "PASSWORD", "value": PASSWORD }, { "name": "EMPTY", "value": "" }, {}],
                "secrets": [{ "name": "KEY", "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/key" }],
                "logConfiguration": { "logDriver": "splunk", "options": {
                    "splunk-token": TOKEN, "awslogs-group": "/ecs/web", "mode": "non-blocking", "awslogs-region": "r",
                } },
            }],
        } }))
    })
    .await;
    let client = Client::on(&server.endpoint()).await;
    let answer = client.aws.answer(&query(), Priority::Interactive).await.unwrap();
    let written = format!("{answer:?} {} {:?}", serde_json::to_string(&answer).unwrap(), client.records());
    for secret in [PASSWORD, TOKEN] {
        assert!(!written.contains(secret), "{written}");
    }
    assert!(written.contains(MASK), "{written}");
    let Answer::TaskDefinition(definition) = answer else { panic!("{answer:?}") };
    let container = &definition.containers[0];
    let names: Vec<_> = container.environment.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["PASSWORD", "EMPTY", "", "KEY"]);
    let mut shown = PASSWORD.to_owned();
    let EnvironmentSource::Literal(value) = &container.environment[0].source else { panic!("a literal value") };
    value.mask_in(&mut shown);
    assert_eq!(shown, MASK);
    assert!(matches!(&container.environment[1].source, EnvironmentSource::Literal(value) if value.is_empty()));
    assert!(
        matches!(&container.environment[3].source, EnvironmentSource::Reference(from) if from.contains("parameter/key"))
    );
    let options: Vec<_> = container.logs.as_ref().unwrap().options.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(options, ["awslogs-group", "awslogs-region", "mode"]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted() {
    for broken in [format!("{{\"taskDefinition\": {{\"family\": \"{PASSWORD}"), format!("[\"{PASSWORD}\"]")] {
        let server = Scripted::start(move |_| Reply::Answer(200, crate::scripted::JSON, broken.clone())).await;
        let client = Client::on(&server.endpoint()).await;
        let result = client.aws.answer(&query(), Priority::Interactive).await;
        let written = format!("{result:?} {:?}", client.records());
        assert!(!written.contains(PASSWORD), "{written}");
    }
}

#[tokio::test]
async fn settings_do_not_show_keys() {
    let client = Client::with("http://127.0.0.1:9", |settings| {
        assert!(!format!("{settings:?}").contains("AKIATEST"), "{settings:?}");
    })
    .await;
    assert!(!format!("{:?}", client.aws).contains("AKIATEST"));
}
