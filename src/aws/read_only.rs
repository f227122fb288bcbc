//! The guard at the bottom. The clients that read refuse everything that is not a read, before it is signed, let alone
//! sent; the one client that writes exists only inside [`super::ecs::Writer`], which is not made with `--read-only`. So a
//! forgotten check higher up cannot change anything.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Lets through what reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadsOnly;

impl Intercept for ReadsOnly {
    fn name(&self) -> &'static str {
        "ReadsOnly"
    }

    // The name of the operation is not known to a client's interceptors any earlier.
    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match config.load::<Metadata>().map(Metadata::name) {
            Some(operation) if reads(operation) => Ok(()),
            operation => Err(format!("{} does not only read", operation.unwrap_or("an unnamed operation")).into()),
        }
    }
}

/// What reads although its name does not say so. A query of Logs Insights looks through logs; starting and stopping one
/// changes nothing of the account but the bill.
const READS: [&str; 4] = ["FilterLogEvents", "StartLiveTail", "StartQuery", "StopQuery"];

fn reads(operation: &str) -> bool {
    ["Describe", "List", "Get"].iter().any(|verb| operation.starts_with(verb)) || READS.contains(&operation)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use aws_config::BehaviorVersion;
    use aws_sdk_ecs::config::{Credentials, Region};

    use super::*;

    #[tokio::test]
    async fn a_client_with_the_guard_does_not_even_connect_to_change_something() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let config = aws_sdk_ecs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(Credentials::from_keys("id", "key", None))
            .endpoint_url(format!("http://{}", listener.local_addr().unwrap()))
            .interceptor(ReadsOnly)
            .build();
        let client = aws_sdk_ecs::Client::from_conf(config);
        let update = client.update_service().service("web").desired_count(0).send().await;
        assert!(format!("{update:?}").contains("UpdateService does not only read"), "{update:?}");
        let stop = client.stop_task().task("t").send().await;
        assert!(format!("{stop:?}").contains("StopTask does not only read"), "{stop:?}");
        assert!(listener.accept().is_err(), "nobody connected");
    }

    #[test]
    fn what_changes_something_is_no_read() {
        for operation in [
            "DescribeServices",
            "ListTasks",
            "GetCallerIdentity",
            "FilterLogEvents",
            "StartLiveTail",
            "StartQuery",
            "StopQuery",
        ] {
            assert!(reads(operation), "{operation}");
        }
        for operation in [
            "UpdateService",
            "StopTask",
            "StartTask",
            "StartQueryX",
            "ExecuteCommand",
            "DeleteService",
            "RegisterTargets",
            "",
            "list",
        ] {
            assert!(!reads(operation), "{operation}");
        }
    }
}
