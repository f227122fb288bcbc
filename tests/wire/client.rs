//! An `Aws` on a server of the test, with what its observer saw.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ecsight::aws::{Aws, Credentials, Settings};
use ecsight::model::arn::{ClusterName, ServiceArn};
use ecsight::model::call::{CallError, CallRecord};
use ecsight::model::query::{Mutation, Query};

/// How long one attempt may take where a test waits for it.
pub const SHORT: Duration = Duration::from_millis(200);

/// What a call that is given [`SHORT`] must never take, on however busy a machine.
pub const PATIENCE: Duration = Duration::from_secs(4);

pub struct Client {
    pub aws: Aws,
    records: Arc<Mutex<Vec<CallRecord>>>,
}

impl Client {
    /// On this endpoint, with nothing of the surroundings.
    pub async fn on(endpoint: &str) -> Self {
        Self::with(endpoint, |_| {}).await
    }

    /// The same with other settings.
    pub async fn with(endpoint: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            region: Some("eu-west-1".to_owned()),
            endpoint_url: Some(endpoint.to_owned()),
            credentials: Credentials::Fixed { access_key: "AKIATEST".to_owned(), secret_key: "test".to_owned() },
            ..Settings::default()
        };
        change(&mut settings);
        let records: Arc<Mutex<Vec<CallRecord>>> = Arc::default();
        let observed = Arc::clone(&records);
        let aws = Aws::connect(settings, move |record| observed.lock().unwrap().push(record)).await;
        Self { aws, records }
    }

    /// What the observer saw so far.
    pub fn records(&self) -> Vec<CallRecord> {
        self.records.lock().unwrap().clone()
    }
}

pub fn cluster() -> ClusterName {
    ClusterName::new("shop")
}

pub fn service(name: &str) -> ServiceArn {
    ServiceArn::new(format!("arn:aws:ecs:eu-west-1:111122223333:service/shop/{name}"))
}

pub fn force() -> Mutation {
    Mutation::ForceNewDeployment { cluster: cluster(), service: service("web") }
}

/// One query for each operation a read may send first, with that operation.
pub fn queries() -> Vec<(&'static str, Query)> {
    let (cluster, service) = (cluster(), service("web"));
    let arn = |kind: &str| format!("arn:aws:elasticloadbalancing:eu-west-1:111122223333:{kind}");
    vec![
        ("sts:GetCallerIdentity", Query::Identity),
        ("ecs:ListClusters", Query::Clusters),
        ("ecs:ListServices", Query::ServiceArns { cluster: cluster.clone() }),
        ("ecs:DescribeServices", Query::Services { cluster: cluster.clone(), services: vec![service.clone()] }),
        ("ecs:ListTasks", Query::Tasks { cluster: cluster.clone(), service: service.clone() }),
        (
            "ecs:DescribeTaskDefinition",
            Query::TaskDefinition {
                task_definition: "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1".into(),
            },
        ),
        ("ecs:ListServiceDeployments", Query::ServiceDeployments { cluster, service }),
        (
            "elasticloadbalancing:DescribeTargetGroups",
            Query::TargetGroup { target_group: arn("targetgroup/web-tg/0123456789abcdef").as_str().into() },
        ),
        (
            "elasticloadbalancing:DescribeTargetHealth",
            Query::TargetHealth { target_group: arn("targetgroup/web-tg/0123456789abcdef").as_str().into() },
        ),
        (
            "elasticloadbalancing:DescribeLoadBalancers",
            Query::Routing { load_balancer: arn("loadbalancer/app/edge/50dc6c495c0c9188").as_str().into() },
        ),
    ]
}

/// That the error is this kind of failure of this operation and can be shown to people.
pub fn assert_readable(error: &CallError) {
    let text = format!("{error} {}", error.advice());
    for sign in ["Some(", "None", "SdkError", "DispatchFailure", "Unhandled", "{", "\"", "SdkBody"] {
        assert!(!text.contains(sign), "{text}");
    }
    assert!(error.message.len() > 4, "{text}");
}
